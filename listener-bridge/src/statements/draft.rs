//! A statement while it is read, and the proof that is made of it at the end.
//!
//! Invariants: a row is accepted or rejected; a rejected row fails the proof; a total that is
//! declared is compared whatever it says, and a layout that always declares totals is not whole
//! without them.
//! Deliberately not here: what one layout's words mean.

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::amount::{Amount, AmountError, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::Timestamp;

use super::moment::Moment;
use super::money::zero;
use super::statement::{
    Check, Declared, Encoding, Finding, LeftOut, Outcome, Period, Recorded, Rejected, Statement,
};
use super::table::Row;

/// How many words or serials a finding names before it only counts: a sentence, no list.
const NAMED_MAX: usize = 5;
/// The longest text that is kept of a cell, in characters: the longest note that a channel takes
/// has 200.
const TEXT_CHARS_MAX: usize = 1_000;

/// What is said of a layout as a whole.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) id: &'static str,
    pub(super) channel: Option<Channel>,
    /// How bad it is that no totals are declared, or that rows differ from them. `Ok` is for
    /// layouts that need not declare any.
    pub(super) totals: Outcome,
    /// How bad the other differences are.
    pub(super) others: Outcome,
}

/// Why a row is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowError {
    #[error("the row has fewer cells than the header")]
    Short,
    #[error("the row has more cells than the header: a cell holds a separator")]
    Long,
    #[error("the time cannot be read")]
    Time,
    #[error("the amount cannot be read: {0}")]
    Amount(#[from] AmountError),
    #[error("neither income nor expense has an amount, or both have one")]
    Sides,
    #[error("the currency {0} is not one that the books know")]
    Currency(String),
    #[error("the record is not complete")]
    Incomplete,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u32,
    /// `None` as soon as two currencies met.
    sum: Option<Amount>,
}

/// The statement so far.
#[derive(Debug)]
pub(super) struct Draft {
    layout: &'static Layout,
    account: Option<String>,
    several_accounts: bool,
    pub(super) period: Option<Period>,
    pub(super) exported_at: Option<Timestamp>,
    declared: Vec<Declared>,
    lines: Vec<Recorded>,
    rejected: Vec<Rejected>,
    left_out: BTreeMap<(String, Currency), (u32, Amount)>,
    tallies: BTreeMap<String, Tally>,
    unknown: BTreeMap<String, u32>,
    chain: Vec<(Amount, Amount)>,
    findings: Vec<Finding>,
}

/// A line that has only what every line has.
pub(super) fn bare_line(number: u32, serial: &str, gross: Amount, moment: Moment) -> Line {
    Line {
        number,
        serial: kept(serial),
        serial_base: kept(Line::base_of(serial)),
        merchant_no: None,
        kind: LineKind::Unknown,
        gross: super::money::magnitude(gross),
        fee: zero(gross.currency()),
        balance: None,
        time: moment.time,
        precision: moment.precision,
        counterparty: String::new(),
        note: String::new(),
        status: LineStatus::Ok,
        raw_status: String::new(),
    }
}

/// A cell's text within the limit.
pub(super) fn kept(text: &str) -> String {
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}

impl Draft {
    pub(super) fn new(layout: &'static Layout) -> Self {
        Self {
            layout,
            account: None,
            several_accounts: false,
            period: None,
            exported_at: None,
            declared: Vec::new(),
            lines: Vec::new(),
            rejected: Vec::new(),
            left_out: BTreeMap::new(),
            tallies: BTreeMap::new(),
            unknown: BTreeMap::new(),
            chain: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Notes whose statement it is. Lines of two accounts in one file would end in one wallet.
    pub(super) fn name_account(&mut self, account: &str) {
        let account = kept(account);
        if account.is_empty() {
            return;
        }
        match &self.account {
            None => self.account = Some(account),
            Some(known) if *known == account => {}
            Some(_) if self.several_accounts => {}
            Some(_) => {
                self.several_accounts = true;
                let detail = "the file holds statements of several accounts: export one at a time";
                self.find(Check::Complete, Outcome::Fail, detail);
            }
        }
    }

    /// Takes a line. `kind_word` is the channel's own word for its kind.
    pub(super) fn accept(&mut self, row: &Row, line: Line, kind_word: &str) {
        self.accept_raw(row.raw.clone(), line, kind_word);
    }

    pub(super) fn accept_raw(&mut self, raw: Vec<u8>, line: Line, kind_word: &str) {
        if line.kind != LineKind::PayIn {
            let key = (kept(kind_word), line.gross.currency());
            let (count, sum) =
                self.left_out.entry(key).or_insert_with(|| (0, zero(line.gross.currency())));
            *count = count.saturating_add(1);
            *sum = sum.checked_add(line.gross).unwrap_or(*sum);
        }
        self.lines.push(Recorded { line, raw });
    }

    pub(super) fn reject(&mut self, row: &Row, reason: &RowError) {
        self.reject_raw(row.number, row.raw.clone(), reason);
    }

    pub(super) fn reject_raw(&mut self, number: u32, raw: Vec<u8>, reason: &RowError) {
        self.rejected.push(Rejected { number, reason: reason.to_string(), raw });
    }

    /// Counts an amount below a word that the file may declare a total of.
    pub(super) fn tally(&mut self, word: &str, amount: Amount) {
        let tally = self
            .tallies
            .entry(word.to_owned())
            .or_insert(Tally { count: 0, sum: Some(zero(amount.currency())) });
        tally.count = tally.count.saturating_add(1);
        tally.sum = tally.sum.and_then(|sum| sum.checked_add(amount).ok());
    }

    pub(super) fn declare(&mut self, declared: Declared) {
        self.declared.push(declared);
    }

    /// Notes a word that no reader knows; the line that has it is kept.
    pub(super) fn unknown_word(&mut self, what: &str, word: &str) {
        let times = self.unknown.entry(kept(&format!("{what} {word}"))).or_insert(0);
        *times = times.saturating_add(1);
    }

    /// A movement with its sign and the balance behind it, in the order of the file.
    pub(super) fn link(&mut self, movement: Amount, balance: Amount) {
        self.chain.push((movement, balance));
    }

    pub(super) fn find(&mut self, check: Check, outcome: Outcome, detail: impl Into<String>) {
        self.findings.push(Finding { check, outcome, detail: detail.into() });
    }

    /// Proves what can be proved and closes the statement.
    pub(super) fn finish(mut self, sha256: [u8; 32], encoding: Encoding) -> Statement {
        self.prove_rows();
        self.prove_totals();
        self.prove_balances();
        self.prove_serials();
        self.prove_times();
        self.prove_words();
        let left_out = self.left_out.into_iter();
        Statement {
            layout: self.layout.id,
            channel: self.layout.channel,
            sha256,
            encoding,
            account: self.account,
            period: self.period,
            exported_at: self.exported_at,
            declared: self.declared,
            proof: self.findings,
            lines: self.lines,
            rejected: self.rejected,
            left_out: left_out
                .map(|((word, _), (count, sum))| LeftOut { word, count, sum })
                .collect(),
        }
    }

    fn prove_rows(&mut self) {
        match self.rejected.len() {
            0 => {
                let detail = format!("all {} rows were read", self.lines.len());
                self.find(Check::Rows, Outcome::Ok, detail);
            }
            count => {
                let detail = format!("{count} rows could not be read");
                self.find(Check::Rows, Outcome::Fail, detail);
            }
        }
    }

    fn prove_totals(&mut self) {
        if self.declared.is_empty() && self.layout.totals != Outcome::Ok {
            let detail = "the file declares no totals: it may have been cut off";
            self.find(Check::Complete, self.layout.totals, detail);
        }
        for declared in self.declared.clone() {
            let seen = self.tallies.get(&declared.word).copied().unwrap_or_default();
            let (outcome, detail) = self.compare(&declared, seen);
            self.find(Check::Totals, outcome, detail);
        }
    }

    fn compare(&self, declared: &Declared, seen: Tally) -> (Outcome, String) {
        let word = &declared.word;
        if declared.count.is_none() && declared.sum.is_none() {
            return (Outcome::Warn, format!("{word}: the declared total cannot be read"));
        }
        let nothing = seen.count == 0;
        let same_count = declared.count.is_none_or(|count| count == seen.count);
        let same_sum =
            declared.sum.is_none_or(|sum| seen.sum == Some(sum) || (nothing && sum.minor() == 0));
        let said = |count: Option<u32>, sum: Option<Amount>| match (count, sum) {
            (Some(count), Some(sum)) => format!("{count} rows and {sum}"),
            (Some(count), None) => format!("{count} rows"),
            (None, Some(sum)) => sum.to_string(),
            (None, None) => "nothing".to_owned(),
        };
        let declares = said(declared.count, declared.sum);
        if same_count && same_sum {
            return (Outcome::Ok, format!("{word}: {declares}, as declared"));
        }
        let has = said(declared.count.map(|_| seen.count), declared.sum.and(seen.sum));
        // A layout that owes no totals means those that it gives.
        let outcome = match self.layout.totals {
            Outcome::Ok | Outcome::Fail => Outcome::Fail,
            Outcome::Warn => Outcome::Warn,
        };
        (outcome, format!("{word}: the file declares {declares} and has {has}"))
    }

    /// Rows may be newest first or oldest first; one of the two has to hold throughout.
    fn prove_balances(&mut self) {
        let pairs = || self.chain.windows(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
        let breaks = |newest_first: bool| {
            let follows = |earlier: &(Amount, Amount), later: &(Amount, Amount)| {
                earlier.1.checked_add(later.0).is_ok_and(|balance| balance == later.1)
            };
            let ordered = pairs().map(|(a, b)| if newest_first { (b, a) } else { (a, b) });
            ordered.filter(|(earlier, later)| !follows(earlier, later)).count()
        };
        if self.chain.len() < 2 {
            return;
        }
        let broken = breaks(false).min(breaks(true));
        let links = self.chain.len().saturating_sub(1);
        if broken == 0 {
            let detail = format!("each of {links} balances follows from the one before");
            self.find(Check::Balances, Outcome::Ok, detail);
        } else {
            let detail = format!("{broken} of {links} balances do not follow from the one before");
            self.find(Check::Balances, self.layout.others, detail);
        }
    }

    fn prove_serials(&mut self) {
        let mut seen = BTreeSet::new();
        let mut twice = BTreeSet::new();
        let mut cut = 0_usize;
        for serial in self.lines.iter().map(|recorded| recorded.line.serial.as_str()) {
            if !serial.is_empty() && !seen.insert(serial) {
                twice.insert(serial);
            }
            cut += usize::from(lost_digits(serial));
        }
        let named = listed(twice.iter().copied());
        let count = twice.len();
        if count > 0 {
            let detail = format!("{count} serials stand more than once: {named}");
            self.find(Check::Serials, self.layout.others, detail);
        }
        if cut > 0 {
            let detail = format!(
                "{cut} serials were cut to 15 digits by a spreadsheet: hand in the original file"
            );
            self.find(Check::Serials, Outcome::Fail, detail);
        }
    }

    fn prove_times(&mut self) {
        let lines = || self.lines.iter().map(|recorded| &recorded.line);
        let outside = self.period.map_or(0, |period| {
            lines()
                .filter(|line| line.precision != Precision::Day && !period.holds(line.time))
                .count()
        });
        let minutes = lines().filter(|line| line.precision == Precision::Minute).count();
        if outside > 0 {
            let detail = format!("{outside} rows lie outside of the period that the file names");
            self.find(Check::Period, self.layout.others, detail);
        }
        if minutes > 0 {
            let detail = format!(
                "{minutes} times have no seconds: a spreadsheet has saved the file again, the \
                 original matches better"
            );
            self.find(Check::Precision, Outcome::Warn, detail);
        }
    }

    fn prove_words(&mut self) {
        if self.unknown.is_empty() {
            return;
        }
        let named = listed(self.unknown.keys().map(String::as_str));
        let detail = format!("{} words are not known: {named}", self.unknown.len());
        self.find(Check::Words, Outcome::Warn, detail);
    }
}

/// `2.02106E+27`: a spreadsheet took the serial for a number.
fn lost_digits(serial: &str) -> bool {
    serial.split_once(['E', 'e']).is_some_and(|(digits, exponent)| {
        digits.contains('.')
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && exponent.strip_prefix('+').is_some_and(|e| e.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    let named = words.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if words.len() > NAMED_MAX { format!("{named}, …") } else { named }
}
