//! The files that a comparison looks at, read again from custody, and the comparison itself.
//!
//! Invariants: a kept file is read with the mapping that its fact names; a file that is damaged or
//! gone ends the comparison by name, because a day without it would be another day.
//! Deliberately not here: what is kept and recorded (`reconcile`), and at which position a report
//! stands (`report`).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use anyhow::Context;
use chrono::NaiveDate;
use duizhang_core::breaks::StatementKept;
use duizhang_core::channel::Channel;
use duizhang_core::closing::Day;
use duizhang_core::id::WalletId;
use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_eventlog::EventLog;
use duizhang_listener_bridge::statements::Mapping;
use duizhang_projections::book::Book;
use duizhang_projections::calendar::{Zone, day_of_date};
use duizhang_replay::reconcile::{Compared, Paper, StatementLines, compare_day, merge};

use super::file::{Columns, Document, hash_of_mapping};
use super::vault::Vault;

/// How many digits of a hash stand for a kept file in reports.
const SHORT_DIGITS: usize = 12;

/// A file that a comparison looks at.
pub(super) struct Wanted {
    pub(super) kept: StatementKept,
    pub(super) channel: Channel,
    /// What reports call it.
    pub(super) name: String,
}

impl Wanted {
    /// A file with the channel of its wallet.
    pub(super) fn of(book: &Book, kept: StatementKept, name: String) -> anyhow::Result<Self> {
        let wallet = book.wallet(&kept.wallet);
        let channel = wallet.context("a statement is of a declared wallet")?.channel;
        Ok(Self { kept, channel, name })
    }
}

/// A day and its neighbours, whose files a comparison of the day looks at.
pub(super) fn around(day: NaiveDate) -> RangeInclusive<Day> {
    let [before, behind] = [day.pred_opt(), day.succ_opt()];
    day_of_date(before.unwrap_or(day))..=day_of_date(behind.unwrap_or(day))
}

/// Several exports made into one, and compared with the log as it stands at a position.
pub(super) fn compare(
    log: &dyn EventLog,
    (zone, day): (Zone, NaiveDate),
    statements: Vec<StatementLines>,
    at: Position,
    progress: &mut dyn FnMut(Position, Position),
) -> anyhow::Result<Compared> {
    let merged = merge(statements, &(zone.start_of(day)..zone.end_of(day)), zone);
    let compared = compare_day(log, day, merged.statements, at, progress)?;
    Ok(compared.telling(merged.changes, merged.changes_unlisted))
}

/// What reports call a kept file.
pub(super) fn short(statement: Hash) -> String {
    let digits = statement.to_string();
    digits.get(..SHORT_DIGITS).unwrap_or(&digits).to_owned()
}

/// The hash of the mapping that a layout names, where it names one.
pub(super) fn mapping_of(layout: &str) -> Option<anyhow::Result<Hash>> {
    let (_, digits) = layout.split_once(':')?;
    Some(digits.parse().context("the layout names the hash of a mapping"))
}

/// Reads kept files, but for those that were read just now.
pub(super) struct Shelf<'a> {
    pub(super) vault: &'a Vault,
    pub(super) zone: Zone,
    pub(super) at_hand: BTreeMap<Hash, Document>,
}

impl Shelf<'_> {
    /// The lines of these files, and what is known of each.
    pub(super) fn take(
        &mut self,
        wanted: Vec<Wanted>,
    ) -> anyhow::Result<(Vec<StatementLines>, Vec<Paper>)> {
        let (mut lines, mut papers) = (Vec::new(), Vec::new());
        let mut accounts = Accounts::default();
        for Wanted { kept, channel, name } in wanted {
            let document = match self.at_hand.remove(&kept.statement) {
                Some(document) => document,
                None => self.read(&kept)?,
            };
            let doubt = accounts.doubt(&kept, document.statement.account.as_deref());
            let sides = document.sides(&name, channel, &kept, self.zone);
            let (mut statement, paper) = sides.with_context(|| format!("the kept file {name}"))?;
            statement.file.findings.extend(doubt);
            lines.push(statement);
            papers.push(paper);
        }
        mark_superseded(&lines, &mut papers);
        Ok((lines, papers))
    }

    fn read(&self, kept: &StatementKept) -> anyhow::Result<Document> {
        let bytes = self.vault.read(kept.statement)?;
        let columns = self.columns_of(&kept.layout)?;
        Document::read(&bytes, columns.as_ref())
            .with_context(|| format!("read the kept file {} again", kept.statement))
    }

    fn columns_of(&self, layout: &str) -> anyhow::Result<Option<Columns>> {
        let Some(hash) = mapping_of(layout).transpose()? else { return Ok(None) };
        let bytes = self.vault.read(hash).context("read the column mapping of a kept file")?;
        let text = String::from_utf8(bytes).context("a mapping is text")?;
        let mapping = Mapping::parse(&text).with_context(|| format!("the mapping {hash}"))?;
        Ok(Some(Columns { hash: hash_of_mapping(&text), mapping }))
    }
}

/// The accounts that the files of each wallet name. Layouts name them in different ways, and people
/// rename theirs, so another one is a doubt and no refusal.
#[derive(Default)]
struct Accounts(BTreeMap<(WalletId, String), String>);

impl Accounts {
    fn doubt(&mut self, kept: &StatementKept, account: Option<&str>) -> Option<String> {
        let account = account?;
        let key = (kept.wallet.clone(), kept.layout.clone());
        let first = self.0.entry(key).or_insert_with(|| account.to_owned());
        (first != account).then(|| {
            format!("it is of the account {account}, and another file of the wallet of {first}")
        })
    }
}

/// A later file of the same wallet and layout that covers all of an earlier one takes its place.
fn mark_superseded(lines: &[StatementLines], papers: &mut [Paper]) {
    for (place, paper) in papers.iter_mut().enumerate() {
        let earlier = &lines[place];
        paper.superseded = lines.iter().skip(place.saturating_add(1)).any(|later| {
            later.wallet == earlier.wallet
                && later.file.layout == earlier.file.layout
                && later.from <= earlier.from
                && earlier.to <= later.to
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::testing::reckoning::statement;

    #[test]
    fn files_of_one_wallet_that_name_different_accounts_are_pointed_out() {
        let mut accounts = Accounts::default();
        let day = Day::new(1);
        let other = WalletId::new("wx-2").expect("a good name");
        let elsewhere = StatementKept { wallet: other, ..statement(2, day) };
        let merchant = StatementKept { layout: "other".into(), ..statement(3, day) };
        let cases = [
            (statement(1, day), None, false),
            (statement(1, day), Some("店"), false),
            (statement(4, day), Some("店"), false),
            (elsewhere, Some("张三"), false),
            (merchant, Some("1600000000"), false),
            (statement(5, day), Some("张三"), true),
        ];
        for (kept, account, doubted) in cases {
            let doubt = accounts.doubt(&kept, account);
            assert_eq!(doubt.is_some(), doubted, "{account:?}: {doubt:?}");
        }
    }
}
