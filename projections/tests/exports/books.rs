//! Books to export, and exports of them.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    BreakCode, BreakStep, FoundBreak, ResolutionKind, Subject, WaitingFor,
};
use duizhang_core::closing::Day;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::position::Position;
use duizhang_core::testing::reckoning::{close, end_of, found, resolution, run, statement, work};
use duizhang_core::testing::{Book, Entry};
use duizhang_projections::calendar::Zone;
use duizhang_projections::export::{ListExport, ListFormat, ListSurvey, Listed};
use duizhang_projections::ledger::{Export, Format, Head, Selection, Survey};

/// The day of the test book's first instant, 2023-11-14.
pub(crate) const DAY: Day = Day::new(19_675);

/// A channel's number of a trade: more digits than a spreadsheet keeps of a number.
pub(crate) const SERIAL: &str = "4200002023111412345678901234";

/// What a payer may write.
pub(crate) const NASTY: &str = "=HYPERLINK(\"http://evil\",\"x\")";

pub(crate) fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("it exists")
}

pub(crate) fn chapters(book: &Book) -> Vec<Chapter> {
    let chapter = |entry: &Entry| Chapter {
        position: entry.position,
        at: entry.at,
        fact: entry.fact.clone(),
        decisions: entry.decisions.clone(),
    };
    book.log.iter().map(chapter).collect()
}

fn head(chapters: &[Chapter]) -> Head {
    let position = chapters.last().map_or(Position::START, Chapter::last_position);
    Head { position, root: "ab".repeat(32) }
}

/// A list as bytes, with its heading.
pub(crate) fn list(
    chapters: &[Chapter],
    selection: Selection,
    listed: Listed,
    format: ListFormat,
) -> (Vec<u8>, BTreeMap<String, String>) {
    let mut survey = ListSurvey::new(listed, zone(), selection);
    chapters.iter().for_each(|chapter| survey.fold(chapter));
    let plan = survey.finish(&head(chapters));
    let heading = plan.heading().iter().cloned().collect();
    let mut out = Vec::new();
    let mut export = ListExport::begin(plan, format, &mut out).expect("a vector takes all");
    chapters.iter().for_each(|chapter| export.fold(chapter).expect("a vector takes all"));
    export.finish().expect("a vector takes all");
    (out, heading)
}

/// The ledger as bytes, with what its plan debits.
pub(crate) fn ledger(
    chapters: &[Chapter],
    selection: Selection,
    format: Format,
) -> (Vec<u8>, Sums) {
    let mut survey = Survey::new(zone(), selection);
    chapters.iter().for_each(|chapter| survey.fold(chapter));
    let plan = survey.finish(head(chapters));
    let mut out = Vec::new();
    let mut export = Export::begin(&plan, format, &mut out).expect("a vector takes all");
    chapters.iter().for_each(|chapter| export.fold(chapter).expect("a vector takes all"));
    export.finish().expect("a vector takes all");
    let debit =
        plan.moved.totals().into_iter().map(|(of, total)| (of.code().to_owned(), total.debit));
    (out, standing(debit.collect()))
}

pub(crate) fn break_of(serial: &str) -> BreakId {
    let wallet = WalletId::new("wx").expect("a name");
    BreakId::about(&wallet, DAY, &Subject::Line { serial: serial.to_owned() })
}

/// What a run finds in a list of fen: breaks of several kinds, told apart by serial numbers.
pub(crate) fn findings(amounts: &[i64]) -> Vec<FoundBreak> {
    let codes = [BreakCode::AmountOver, BreakCode::AmountUnder, BreakCode::OrphanPayment];
    let codes = codes.into_iter().cycle();
    let breaks = (0..).zip(amounts).zip(codes);
    breaks.map(|((number, fen), code)| found(&format!("{SERIAL}{number}"), code, *fen)).collect()
}

/// An order, its money, and a day with breaks on which people worked; one came after the close.
pub(crate) fn worked() -> Book {
    let mut book = Book::default();
    book.open("shop", SERIAL, 1_000);
    book.pay(1_000);
    book.must(Fact::StatementKept(statement(1, DAY)));
    let mut breaks = findings(&[5, 7, 11]);
    breaks[0].related.push(Subject::Line { serial: "=1+1".to_owned() });
    book.must(Fact::DayReconciled(run(1, DAY, &[1], breaks.clone())));
    let id = |number: u8| break_of(&format!("{SERIAL}{number}"));
    book.must(work(id(0), "ann", BreakStep::Assign { to: NASTY.to_owned() }));
    book.must(work(id(1), "ann", BreakStep::Wait { on: WaitingFor::Payer }));
    book.must(work(id(2), "ann", BreakStep::Resolve(resolution(ResolutionKind::Claimed))));
    book.at = end_of(DAY);
    book.reconcile_rest(DAY);
    book.must(close(DAY, "ann", &[id(0), id(1)]));
    breaks.push(found("LATE", BreakCode::OrphanPayment, 13));
    book.must(Fact::DayReconciled(run(2, DAY, &[1], breaks)));
    book
}

/// Sums of minor units by the code of their currency.
pub(crate) type Sums = BTreeMap<String, i128>;

/// Adds the minor units of an amount's text.
pub(crate) fn add(sums: &mut Sums, text: &str, currency: &str) {
    let amount = Amount::parse(text, currency.parse().expect("a currency")).expect("an amount");
    *sums.entry(currency.to_owned()).or_default() += i128::from(amount.minor());
}

/// The sums that are not zero.
pub(crate) fn standing(sums: Sums) -> Sums {
    sums.into_iter().filter(|(_, sum)| *sum != 0).collect()
}
