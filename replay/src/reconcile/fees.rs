//! The channel's fees of a day, as its files tell them, beside what the books have of them.
//!
//! A file tells a fee in a row of its own, or in the row of the payment that it was taken for. Both
//! bear the channel's number of that payment, and by it the same fee is known in every file: its
//! movement's id follows from wallet, currency and number. Rows of their own speak before what a
//! payment's row states. More rows under one number are more fees, each by its own serial.
//!
//! Invariants: what the books have under these ids is never booked again, whatever the files say
//! later; a fee that a person typed for the day stands for one row of the same amount; the order
//! and the repetition of files change nothing.
//! Deliberately not here: fees of withdrawals, which go with what a person records, and money back
//! from fees, for which there is no movement: it is counted and told.

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::digest::Digest;
use duizhang_core::id::{MovementId, WalletId};
use duizhang_core::ledger::{FeeName, Movement, MovementRecorded};
use duizhang_core::statement::{Line, LineKind, LineStatus};
use duizhang_core::time::Timestamp;
use duizhang_projections::recorded::Recorded;
use serde::Serialize;

use super::run::Compared;
use super::sides::StatementLines;
use crate::spelling;

/// Most fees of a wallet that are told one by one because the books have another amount; all are
/// counted.
pub const FEES_TOLD_MAX: usize = 20;
/// How many digits of a hash name a file, as everywhere where files are told.
const FILE_DIGITS: usize = 12;

/// What the files of a day tell of fees.
pub struct Fees<'a> {
    compared: &'a Compared,
    groups: BTreeMap<Group<'a>, Vec<Row<'a>>>,
    given_back: BTreeMap<&'a WalletId, FeeSum>,
}

/// What of it is to be booked, in the order of time, and how the rest stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeesDue {
    /// The movements.
    pub movements: Vec<MovementRecorded>,
    /// What is told, by wallet.
    pub wallets: BTreeMap<WalletId, FeesTold>,
}

/// How the fees of a wallet's day stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FeesTold {
    /// In the books since an earlier run.
    pub again: FeeSum,
    /// Typed by a person before.
    pub by_hand: FeeSum,
    /// Given back by the channel, which a person records.
    pub given_back: FeeSum,
    /// Where the books have another amount than the files, the first of them.
    pub differing: Vec<String>,
    /// How many more there are than are listed.
    pub differing_unlisted: usize,
}

/// Some fees, and their sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FeeSum {
    /// How many.
    pub count: usize,
    /// One sum for each currency.
    pub sums: Vec<Money>,
}

/// An amount, as reports spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Money(#[serde(serialize_with = "spelling::money")] pub Amount);

impl FeeSum {
    /// Adds a fee.
    pub fn add(&mut self, fee: Amount) {
        self.count = self.count.saturating_add(1);
        let same = self.sums.iter_mut().find(|sum| sum.0.currency() == fee.currency());
        match same {
            Some(Money(sum)) => *sum = sum.checked_add(fee).unwrap_or(*sum),
            None => self.sums.push(Money(fee)),
        }
    }
}

/// What makes fees of several rows the same or each other's neighbours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    wallet: &'a WalletId,
    currency: Currency,
    name: Name<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name<'a> {
    Number(&'a str),
    /// By all that the row says.
    Nameless(Digest),
}

impl<'a> Name<'a> {
    fn of(line: &'a Line) -> Self {
        let numbers = [line.serial_base.as_str(), line.serial.as_str()];
        if let Some(number) = numbers.into_iter().find(|number| !number.is_empty()) {
            return Self::Number(number);
        }
        let texts = [&line.counterparty, &line.note, &line.raw_status].map(|text| text.as_bytes());
        let [who, note, status] = texts;
        let numbers = [line.gross.minor(), line.fee.minor(), line.time.micros()];
        let [gross, fee, time] = numbers.map(i64::to_be_bytes);
        let kind = line.kind.word().as_bytes();
        Self::Nameless(Digest::of(&[kind, &gross, &fee, &time, who, note, status]))
    }
}

/// A fee as a row tells it. The order is that in which rows of one number are counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row<'a> {
    time: Timestamp,
    serial: &'a str,
    fee: Amount,
    /// The file and the row's place in it.
    place: (usize, u32),
    own: Own,
}

/// Whether a fee has a row of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Own {
    Row,
    Stated,
}

/// The fee that a row tells of, where it was taken.
fn fee_of(line: &Line) -> Option<(Amount, Own)> {
    let told = match (line.kind, line.status) {
        (LineKind::Fee, LineStatus::Ok) => (line.gross, Own::Row),
        // What is given back later was paid, and its fee was taken.
        (
            LineKind::PayIn,
            LineStatus::Ok | LineStatus::RefundedFull | LineStatus::RefundedPart(_),
        ) => (line.fee, Own::Stated),
        _ => return None,
    };
    told.0.is_positive().then_some(told)
}

impl Compared {
    /// What the files tell of fees.
    #[must_use]
    pub fn fees(&self) -> Fees<'_> {
        let mut groups: BTreeMap<Group<'_>, Vec<Row<'_>>> = BTreeMap::new();
        for (file, statement) in self.statements.iter().enumerate() {
            for line in &statement.lines {
                let Some((fee, own)) = fee_of(line) else { continue };
                let (wallet, currency) = (&statement.wallet, fee.currency());
                let group = Group { wallet, currency, name: Name::of(line) };
                let (time, serial, place) = (line.time, line.serial.as_str(), (file, line.number));
                groups.entry(group).or_default().push(Row { time, serial, fee, place, own });
            }
        }
        for (group, rows) in &mut groups {
            if rows.iter().any(|row| row.own == Own::Row) {
                rows.retain(|row| row.own == Own::Row);
            }
            rows.sort_unstable();
            if let Name::Number(_) = group.name {
                rows.dedup_by_key(|row| (row.time, row.serial, row.fee));
            }
        }
        Fees { compared: self, groups, given_back: self.given_back() }
    }

    /// The day's money back from fees: rows of their own, and what refunds state.
    fn given_back(&self) -> BTreeMap<&WalletId, FeeSum> {
        let rows = || self.statements.iter().flat_map(rows_of);
        let own = rows().filter(|(_, line)| line.kind == LineKind::FeeBack);
        let named: BTreeSet<(&WalletId, &str)> =
            own.map(|(wallet, line)| (wallet, line.serial_base.as_str())).collect();
        let mut sums: BTreeMap<&WalletId, FeeSum> = BTreeMap::new();
        for (wallet, line) in rows().filter(|(_, line)| self.within(line.time)) {
            let numbers = [line.serial.as_str(), line.serial_base.as_str()];
            let back = match (line.kind, line.status) {
                (LineKind::FeeBack, LineStatus::Ok) => line.gross,
                (LineKind::RefundOut, LineStatus::Ok)
                    if !numbers.iter().any(|number| named.contains(&(wallet, *number))) =>
                {
                    line.fee
                }
                _ => continue,
            };
            if back.is_positive() {
                sums.entry(wallet).or_default().add(back);
            }
        }
        sums
    }
}

/// The rows of a file, each with its wallet.
fn rows_of(statement: &StatementLines) -> impl Iterator<Item = (&WalletId, &Line)> {
    statement.lines.iter().map(|line| (&statement.wallet, line))
}

/// What becomes of the rows of a group.
enum Verdict<'a> {
    /// The books have them, with this sum.
    Known,
    /// The books have another sum.
    Differs(Amount, Amount),
    /// These are not in the books; the others are.
    Due(BTreeMap<Row<'a>, MovementId>),
}

impl<'a> Fees<'a> {
    /// What of it the books do not have.
    #[must_use]
    pub fn due(&self, recorded: &Recorded, by: &str) -> FeesDue {
        let mut due: Vec<(Row<'a>, MovementRecorded)> = Vec::new();
        let mut wallets: BTreeMap<WalletId, FeesTold> = BTreeMap::new();
        for (wallet, sum) in &self.given_back {
            wallets.entry((*wallet).clone()).or_default().given_back = sum.clone();
        }
        let mut by_hand = self.by_hand(recorded);
        for (group, rows) in &self.groups {
            let today = rows.iter().filter(|row| self.compared.within(row.time));
            let today: Vec<&Row<'_>> = today.collect();
            let Some(first) = today.first() else { continue };
            if !wallets.contains_key(group.wallet) {
                wallets.insert(group.wallet.clone(), FeesTold::default());
            }
            let told = wallets.get_mut(group.wallet).expect("it was put there");
            let new = match group.verdict(rows, recorded) {
                Verdict::Known => BTreeMap::new(),
                Verdict::Due(new) => new,
                Verdict::Differs(books, files) => {
                    let place = self.evidence(first);
                    told.differ(format!("the books have {books}, the files {files}: {place}"));
                    continue;
                }
            };
            for row in &today {
                match new.get(row) {
                    None => told.again.add(row.fee),
                    Some(_) if taken(&mut by_hand, group.wallet, row.fee) => {
                        told.by_hand.add(row.fee);
                    }
                    Some(id) => {
                        due.push((**row, self.movement(*id, group.wallet, row, by)));
                    }
                }
            }
        }
        due.sort_unstable_by_key(|(row, _)| (row.time, row.place));
        FeesDue { movements: due.into_iter().map(|(_, movement)| movement).collect(), wallets }
    }

    /// What people typed for the day.
    fn by_hand<'r>(&self, recorded: &'r Recorded) -> Typed<'r> {
        let mut typed = Typed::new();
        for view in recorded.fees_by_hand() {
            if let Movement::ChannelFee { wallet, fee } = &view.recorded.movement
                && self.compared.within(view.recorded.moved_at)
            {
                let count = typed.entry((wallet, *fee)).or_default();
                *count = count.saturating_add(1);
            }
        }
        typed
    }

    fn movement(
        &self,
        id: MovementId,
        wallet: &WalletId,
        row: &Row<'_>,
        by: &str,
    ) -> MovementRecorded {
        MovementRecorded {
            id,
            movement: Movement::ChannelFee { wallet: wallet.clone(), fee: row.fee },
            moved_at: row.time,
            by: by.to_owned(),
            evidence: self.evidence(row),
        }
    }

    fn evidence(&self, row: &Row<'_>) -> String {
        let (file, number) = row.place;
        let digits = &self.compared.statements[file].file.sha256;
        let digits = digits.get(..FILE_DIGITS).unwrap_or(digits);
        format!("statement {digits} row {number}")
    }
}

impl FeesTold {
    fn differ(&mut self, what: String) {
        if self.differing.len() < FEES_TOLD_MAX {
            self.differing.push(what);
        } else {
            self.differing_unlisted = self.differing_unlisted.saturating_add(1);
        }
    }
}

/// How many fees of a day people typed, by wallet and amount.
type Typed<'a> = BTreeMap<(&'a WalletId, Amount), usize>;

/// Whether a typed fee stands for a row; it stands for no other one then. Rows that it stood for in
/// an earlier run are still not booked, so only their number counts.
fn taken<'a>(typed: &mut Typed<'a>, wallet: &'a WalletId, fee: Amount) -> bool {
    let Some(left) = typed.get_mut(&(wallet, fee)).filter(|left| **left > 0) else { return false };
    *left = left.saturating_sub(1);
    true
}

/// The fee of a movement that the books have.
fn booked(recorded: &Recorded, id: MovementId) -> Option<(Amount, Timestamp)> {
    let known = &recorded.movement(id)?.recorded;
    match &known.movement {
        Movement::ChannelFee { fee, .. } => Some((*fee, known.moved_at)),
        _ => None,
    }
}

fn sum_of(fees: impl Iterator<Item = Amount>, currency: Currency) -> Amount {
    let minor = fees.fold(0_i64, |sum, fee| sum.saturating_add(fee.minor()));
    Amount::from_minor(minor, currency)
}

impl Group<'_> {
    fn id(&self, name: FeeName<'_>) -> MovementId {
        MovementId::of_fee(self.wallet, self.currency, name)
    }

    /// Compares rows with what the books have under their ids.
    fn verdict<'a>(&self, rows: &[Row<'a>], recorded: &Recorded) -> Verdict<'a> {
        let number = match self.name {
            Name::Number(number) => number,
            Name::Nameless(content) => {
                let ids = (0..).map(|rank| self.id(FeeName::Nameless(content, rank)));
                let rows = rows.iter().copied().zip(ids);
                let new = rows.filter(|(_, id)| booked(recorded, *id).is_none());
                return Verdict::Due(new.collect());
            }
        };
        let first_id = self.id(FeeName::Number(number));
        let first = booked(recorded, first_id);
        let further = self.further(number, rows);
        let known: Vec<Option<Amount>> =
            further.iter().map(|id| booked(recorded, *id).map(|(fee, _)| fee)).collect();
        let in_books = || first.iter().map(|(fee, _)| *fee).chain(known.iter().flatten().copied());
        let books = sum_of(in_books(), self.currency);
        let files = sum_of(rows.iter().map(|row| row.fee), self.currency);
        if books == files {
            return Verdict::Known;
        }
        let open = || rows.iter().enumerate().filter(|(place, _)| known[*place].is_none());
        // Which row the first id is, or is to be.
        let holder = match first {
            None => open().next(),
            Some(told) => open()
                .find(|(_, row)| (row.fee, row.time) == told)
                .or_else(|| open().find(|(_, row)| row.fee == told.0)),
        };
        let Some((holder, _)) = holder.filter(|_| in_books().count() < rows.len()) else {
            return Verdict::Differs(books, files);
        };
        let own = |place: usize| if place == holder { first_id } else { further[place] };
        let is_new = |place: usize| place != holder || first.is_none();
        let new = open().filter(|(place, _)| is_new(*place));
        Verdict::Due(new.map(|(place, row)| (*row, own(place))).collect())
    }

    /// The id that each row has if it is not the first of its number.
    fn further(&self, number: &str, rows: &[Row<'_>]) -> Vec<MovementId> {
        let mut ranks: BTreeMap<&str, u32> = BTreeMap::new();
        let mut ids = Vec::new();
        for row in rows {
            let rank = ranks.entry(row.serial).or_default();
            ids.push(self.id(FeeName::Further(number, row.serial, *rank)));
            *rank = rank.saturating_add(1);
        }
        ids
    }
}
