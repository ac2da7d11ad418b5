//! The book of a stopped server, for the verbs that declare.
//!
//! Invariant: a running server's book is never touched: its lock tells.
//! Deliberately not here: what each verb changes.

use anyhow::bail;
use duizhang_api::secrets::{Secret, SecretOf};
use duizhang_core::fact::Fact;
use duizhang_core::time::Span;
use duizhang_eventlog::Error as LogError;

use super::output::Bar;
use super::program::Setting;
use crate::compose::{Absent, OpenBook};
use crate::config::Config;

/// An open book, and the configuration that may declare the same things.
pub(super) struct Stopped {
    pub(super) book: OpenBook,
    pub(super) config: Config,
}

/// Who else may change a declaration.
pub(super) enum Declared<'a> {
    Merchant(&'a str),
    Wallet(&'a str),
    Device(&'a str),
}

impl Stopped {
    /// Opens the book.
    pub(super) fn open(setting: &Setting) -> anyhow::Result<Self> {
        let config = setting.config()?;
        let mut bar = Bar::default();
        let data = &config.server.data;
        let book =
            OpenBook::open(data, Absent::Refuse, &mut |what, at, end| bar.show(what, at, end))
                .map_err(in_use)?;
        Ok(Self { book, config })
    }

    /// Records facts and closes the book.
    pub(super) fn record(mut self, facts: Vec<Fact>) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.book.submit(facts))?;
        self.close()
    }

    /// Closes the book.
    pub(super) fn close(self) -> anyhow::Result<()> {
        self.book.close()
    }

    /// Refuses what the next start would undo.
    pub(super) fn refuse_if_configured(&self, what: &Declared<'_>) -> anyhow::Result<()> {
        let config = &self.config;
        let (kind, id, declared) = match what {
            Declared::Merchant(id) => {
                ("merchant", id, config.merchants.iter().any(|m| m.declared.id.as_str() == *id))
            }
            Declared::Wallet(id) => {
                ("wallet", id, config.wallets.iter().any(|w| w.id.as_str() == *id))
            }
            Declared::Device(id) => {
                ("device", id, config.devices.iter().any(|d| d.declared.id.as_str() == *id))
            }
        };
        if declared {
            bail!(
                "{kind} {id} is declared by the configuration, which would undo this at the next \
                 start: change it there"
            );
        }
        Ok(())
    }

    /// Draws a new secret of an owner and lets the old one live for a time of grace.
    pub(super) fn rotate(
        &self,
        of: &SecretOf,
        secret: Secret,
        grace: Span,
    ) -> anyhow::Result<Secret> {
        if self.config.secrets().iter().any(|(other, _)| other == of) {
            bail!(
                "the {of} is written in the configuration, which would undo this at the next \
                 start: change it there"
            );
        }
        self.book.secrets.rotate(of, &secret, grace, &*self.book.clock)?;
        Ok(secret)
    }

    /// A new secret.
    pub(super) fn draw(&self) -> Secret {
        Secret::drawn(&*self.book.clock)
    }
}

fn in_use(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<LogError>() {
        Some(LogError::InUse { .. }) => anyhow::anyhow!(
            "the data directory is in use by a running server; stop it, or edit the configuration \
             file and restart"
        ),
        _ => error,
    }
}

/// A secret as text, to be shown once.
pub(super) fn shown(secret: &Secret) -> String {
    String::from_utf8_lossy(secret.expose()).into_owned()
}
