//! From a host name to the addresses behind it.
//!
//! Deliberately not here: judging the addresses (`policy.rs`), time limits (`send.rs`), and any
//! cache: one attempt asks once and connects to what it was told, so an answer that changes in
//! between changes nothing.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// The most addresses that one name may have; round-robin names of large services have about ten.
pub const ANSWERS_MAX: usize = 64;

/// An answer on its way.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who knows the addresses of names.
pub trait Resolver: Send + Sync {
    /// All addresses of a name, in the order in which they should be tried.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// The machine's own resolver. A look-up that is given up still occupies one of the runtime's
/// blocking threads until the system gives up too.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let answers = tokio::net::lookup_host((name, 0)).await?;
            Ok(answers.map(|socket| socket.ip()).collect())
        })
    }
}

/// A table of names for tests and simulations. Each name has its answers in turn, and the last one
/// stays.
#[derive(Debug, Default)]
pub struct FixedResolver {
    names: Mutex<BTreeMap<String, Turns>>,
}

#[derive(Debug)]
struct Turns {
    answers: Vec<Vec<IpAddr>>,
    asked: usize,
}

impl FixedResolver {
    /// Gives a name its answers in turn.
    #[must_use]
    pub fn with(self, name: &str, answers: &[&[IpAddr]]) -> Self {
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        self.names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Turns { answers, asked: 0 });
        self
    }

    /// How often a name has been asked for.
    #[must_use]
    pub fn asked(&self, name: &str) -> usize {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(name).map_or(0, |turns| turns.asked)
    }
}

impl Resolver for FixedResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = names.get_mut(name).and_then(|turns| {
            let turn = turns.asked;
            turns.asked += 1;
            turns.answers.get(turn).or(turns.answers.last()).cloned()
        });
        let unknown = || io::Error::new(io::ErrorKind::NotFound, "the name is not in the table");
        Box::pin(ready(answer.ok_or_else(unknown)))
    }
}
