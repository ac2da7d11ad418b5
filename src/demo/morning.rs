//! Finance's morning after the day: the channels' files are handed in, what differs is compared
//! with what the town knows that must differ, worked on, and the day is closed.
//!
//! Invariants: a planted difference that is not found, one that is found and was not planted, and
//! one that does not end as it must are each told in words; after the close nothing moves the day.
//! Deliberately not here: what differs ([`super::finds`]), and how it is printed
//! ([`super::minutes`]).

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;

use super::bank::{self, Export};
use super::desk::{Break, Desk, Reconciled};
use super::finds::{Account, Bank, Fate, Find, Noted};
use super::pace::Pace;
use super::phones::Phones;
use super::town::PHONES;
use crate::finance::Given;

/// Where the files and the report lie, in the data directory.
pub(super) const FOLDER: &str = "bank";

/// The report of the closed day, as a page.
pub(super) const PAGE: &str = "report.html";

/// The break that a closed day's late row becomes, booked in the open day.
const LATE_CODES: [&str; 2] = ["U02", "P01"];

/// Who is there in the morning, and with what.
pub(super) struct Office<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) phones: Phones<'a>,
    pub(super) pace: &'a Pace,
    pub(super) bank: &'a Bank,
    pub(super) zone: Zone,
    pub(super) folder: &'a Path,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Morning {
    /// The day's report as it stood before anybody worked on it.
    pub(super) report: String,
    /// The breaks that were found, each beside what was planted.
    pub(super) found: Vec<(Find, Break)>,
    /// The rows that the later files tell otherwise.
    pub(super) changes: Vec<String>,
    /// What ended by itself.
    pub(super) ended: Vec<&'static str>,
    pub(super) accepted: usize,
    /// The files, in the order in which they were handed in.
    pub(super) files: Vec<PathBuf>,
    /// Where town and engine differ.
    pub(super) wrong: Vec<String>,
}

impl Morning {
    fn must(&mut self, holds: bool, words: impl Into<String>) {
        if !holds {
            self.wrong.push(words.into());
        }
    }
}

impl Office<'_> {
    /// The whole morning, and the afternoon in which a file comes late.
    pub(super) async fn keep(&self) -> anyhow::Result<Morning> {
        let mut morning = Morning::default();
        let day = self.zone.day_of(self.bank.day);
        self.pace.go_to(self.at(8, 0)).await?;
        self.beat().await?;
        self.pace.go_to(self.at(8, 30)).await?;
        self.first_look(day, &mut morning).await?;
        self.work(&morning).await?;
        self.pace.go_to(self.at(10, 30)).await?;
        self.look_again(day, &mut morning).await?;
        self.pace.go_to(self.at(10, 45)).await?;
        self.close(day, &mut morning).await?;
        self.pace.go_to(self.at(15, 0)).await?;
        self.too_late(day, &mut morning).await?;
        self.beat().await?;
        Ok(morning)
    }

    /// A time of the day after.
    fn at(&self, hour: u64, minute: u64) -> Timestamp {
        super::day::clock(self.bank.day, 24 + hour, minute, 0)
    }

    async fn beat(&self) -> anyhow::Result<()> {
        for phone in PHONES {
            self.phones.beat(phone, self.pace.clock_now()).await?;
        }
        Ok(())
    }

    /// Writes an account's file and has it at hand.
    fn file(
        &self,
        account: &Account,
        later: &str,
        entries: &[bank::Entry],
        morning: &mut Morning,
    ) -> anyhow::Result<Given> {
        // Whoever hands in a file has downloaded it half an hour ago.
        let made = self.pace.clock_now().minus(Span::from_mins(30));
        let export = Export { zone: self.zone, day: self.bank.day, made };
        let bytes = bank::file(&account.wallet, account.channel, entries, export);
        let name = format!("{}{later}.csv", account.wallet);
        let path = self.folder.join(&name);
        std::fs::write(&path, &bytes).with_context(|| format!("write {}", path.display()))?;
        morning.files.push(path);
        Ok(Given { name, wallet: Some(account.wallet.to_string()), bytes })
    }

    async fn hand_in(&self, day: NaiveDate, files: Vec<Given>) -> anyhow::Result<Reconciled> {
        let done = self.desk.reconcile(day, files).await?;
        self.pace.settle().await?;
        Ok(done)
    }

    /// All files of the morning: what differs must be what was planted.
    async fn first_look(&self, day: NaiveDate, morning: &mut Morning) -> anyhow::Result<()> {
        let mut files = Vec::new();
        for account in &self.bank.accounts {
            files.push(self.file(account, "", &account.first, morning)?);
        }
        let open = self.hand_in(day, files).await?.recorded.open;
        morning.report = String::from_utf8(self.desk.report(day, "text").await?)?;
        let (found, differences) = paired(&self.bank.finds, self.desk.breaks().await?);
        (morning.found, morning.wrong) = (found, differences);
        let planted = self.bank.finds.len();
        morning.must(open == planted, format!("{open} breaks ask a person instead of {planted}"));
        Ok(())
    }

    /// One line becomes a payment, and what was forgotten is recorded.
    async fn work(&self, morning: &Morning) -> anyhow::Result<()> {
        for (find, found) in &morning.found {
            let Some(entry) = self.entry(find) else { continue };
            let bank::Entry { at, amount, serial, what, .. } = entry;
            match (find.fate, what) {
                (Fate::Taken, _) => {
                    let paid_at = self.zone.rfc3339(*at);
                    let reason = "the guest showed the receipt, and no notice tells of it";
                    self.desk.take(&found.id, &paid_at, reason).await?;
                }
                (Fate::Recorded, bank::What::Withdrawal { fee }) => {
                    let arrives = amount.checked_sub(*fee).unwrap_or(*amount);
                    let (wallet, serial) = (find.wallet.clone(), serial.clone());
                    self.desk.withdraw(&Noted { wallet, arrives, at: *at, serial }, *fee).await?;
                }
                (Fate::Adjusted, _) => self.desk.adjust(find, found, entry).await?,
                _ => {}
            }
        }
        self.pace.settle().await
    }

    /// The line that a difference is about, or the withdrawal whose fee was forgotten.
    fn entry(&self, find: &Find) -> Option<&bank::Entry> {
        let account = self.bank.accounts.iter().find(|account| account.wallet == find.wallet)?;
        let withdrawn = |entry: &bank::Entry| matches!(entry.what, bank::What::Withdrawal { .. });
        account.first.iter().find(|entry| match &find.line {
            Some(line) => entry.serial == *line,
            None => find.fate == Fate::Adjusted && withdrawn(entry),
        })
    }

    /// The later files: what waited for them or for the book ends by itself.
    async fn look_again(&self, day: NaiveDate, morning: &mut Morning) -> anyhow::Result<()> {
        let mut files = Vec::new();
        for account in &self.bank.accounts {
            if let Some(later) = &account.later {
                files.push(self.file(account, "-later", later, morning)?);
            }
        }
        let done = self.hand_in(day, files).await?;
        let told = done.changes.into_iter();
        morning.changes =
            told.map(|one| format!("{} on {}", one.differs.join(", "), one.wallet)).collect();
        let breaks = self.desk.breaks().await?;
        for (find, known) in &morning.found {
            let state = breaks.iter().find(|one| one.id == known.id).map(|one| one.state.as_str());
            let over = state == Some("resolved");
            if over != (find.fate != Fate::Accepted) {
                let state = state.unwrap_or("gone");
                morning.wrong.push(format!("{}: it must not be {state} now", find.words));
            }
            if over && matches!(find.fate, Fate::Recorded | Fate::Later) {
                morning.ended.push(find.words);
            }
        }
        let left = self.bank.finds.iter().filter(|find| find.fate == Fate::Accepted).count();
        let open = done.recorded.open;
        morning.must(open == left, format!("{open} breaks are left instead of {left}"));
        morning.must(!morning.changes.is_empty(), "no row of the later files is a change");
        Ok(())
    }

    /// The rest is accepted by name.
    async fn close(&self, day: NaiveDate, morning: &mut Morning) -> anyhow::Result<()> {
        let breaks = self.desk.breaks().await?;
        let open = breaks.into_iter().filter(|one| one.state != "resolved");
        let open: Vec<String> = open.map(|one| one.id).collect();
        morning.accepted = open.len();
        self.desk.close(day, &open, "the houses know of each of them").await?;
        let page = self.desk.report(day, "html").await?;
        let path = self.folder.join(PAGE);
        std::fs::write(&path, page).with_context(|| format!("write {}", path.display()))
    }

    /// A file that comes after the close: its row is booked in the open day.
    async fn too_late(&self, day: NaiveDate, morning: &mut Morning) -> anyhow::Result<()> {
        let before = (self.desk.report(day, "json").await?, self.booked(day).await?);
        let account = self.bank.found_later(self.zone);
        let file = self.file(&account, "-late", &account.first, morning)?;
        self.hand_in(day, vec![file]).await?;
        let after = (self.desk.report(day, "json").await?, self.booked(day).await?);
        morning.must(before.0 == after.0, "the report of the closed day has changed");
        morning.must(before.1 == after.1, "the breaks of the closed day have changed");
        let state = self.desk.day(day).await?["state"].clone();
        morning.must(state == "closed", format!("the day is {state}"));
        let breaks = self.desk.breaks().await?;
        let next: Vec<&Break> = breaks.iter().filter(|one| one.booked != day.to_string()).collect();
        let row = account.first.last().map(|entry| entry.serial.as_str());
        let is_row = |one: &Break| one.codes == LATE_CODES && one.subject.id.as_deref() == row;
        let late = matches!(next.as_slice(), [one] if is_row(one));
        morning.must(late, format!("the late row became {next:?}"));
        Ok(())
    }

    /// What is booked in a day: each break and its state.
    async fn booked(&self, day: NaiveDate) -> anyhow::Result<Vec<(String, String)>> {
        let day = day.to_string();
        let breaks = self.desk.breaks().await?.into_iter().filter(|one| one.booked == day);
        Ok(breaks.map(|one| (one.id, one.state)).collect())
    }
}

/// Each planted difference beside its break, and in words what is on one side only.
pub(super) fn paired(finds: &[Find], mut breaks: Vec<Break>) -> (Vec<(Find, Break)>, Vec<String>) {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for find in finds {
        match breaks.iter().position(|one| is_it(find, one)) {
            Some(place) => found.push((find.clone(), breaks.remove(place))),
            None => wrong.push(format!("planted and not found: {find:?}")),
        }
    }
    wrong.extend(breaks.iter().map(|one| format!("found and not planted: {one:?}")));
    (found, wrong)
}

fn is_it(find: &Find, one: &Break) -> bool {
    let line = (one.subject.kind == "line").then_some(one.subject.id.as_deref()).flatten();
    one.wallet == find.wallet.as_str()
        && one.codes == [find.code]
        && one.amount == find.amount.decimal_text()
        && line == find.line.as_deref()
}
