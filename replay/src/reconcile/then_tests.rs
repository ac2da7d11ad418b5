//! A day at two positions: every difference has its event, equal positions have none, and a closed
//! day's report stays as it was whatever comes after.

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, BreakStep, FoundBreak, ResolutionKind, Subject};
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Fact, OrderRequested, Reading};
use duizhang_core::id::{BreakId, MovementId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::testing::{Book, order, reckoning};
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::{EventLog, MemoryLog};
use duizhang_projections::calendar::{Zone, date_of, day_of_date};
use proptest::prelude::*;

use super::*;
use crate::error::ReplayError;
use crate::story_book::log_of_book;

const WALLET: &str = "wx";

fn today() -> NaiveDate {
    "2026-11-21".parse().expect("a day")
}

fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("a zone")
}

/// A book, and the statements that its log says were kept, by their number.
struct Office {
    book: Book,
    files: Vec<StatementLines>,
    lines: u32,
    runs: u8,
}

fn hash(number: usize) -> Hash {
    Hash::from_bytes([u8::try_from(number).expect("few files"); 32])
}

impl Office {
    fn new() -> Self {
        let mut book = Book::default();
        book.at = zone().start_of(today()).plus(Span::from_hours(12));
        Self { book, files: Vec::new(), lines: 0, runs: 0 }
    }

    /// An order, its payment, and when that came.
    fn pay(&mut self, number: &str, minor: i64) -> Timestamp {
        let channels = vec![Channel::Wechat];
        self.book.request(OrderRequested { channels, ..order("shop", number, minor) });
        self.book.at = self.book.at.plus(Span::from_mins(1));
        self.book.pay(minor);
        self.book.at
    }

    fn line(&mut self, minor: i64, time: Timestamp) -> Line {
        self.lines += 1;
        let serial = format!("4200{:08}", self.lines);
        Line {
            number: self.lines,
            serial_base: serial.clone(),
            serial,
            merchant_no: None,
            kind: LineKind::PayIn,
            gross: Amount::fen(minor),
            fee: Amount::fen(0),
            balance: None,
            time,
            precision: Precision::Second,
            counterparty: String::new(),
            note: String::new(),
            status: LineStatus::Ok,
            raw_status: String::new(),
        }
    }

    /// Keeps a file of the day.
    fn keep(&mut self, lines: Vec<Line>) {
        let number = self.files.len() + 1;
        let mut kept =
            reckoning::statement(u8::try_from(number).expect("few files"), day_of_date(today()));
        kept.lines = u32::try_from(lines.len()).expect("few lines");
        self.book.must(Fact::StatementKept(kept));
        self.files.push(StatementLines {
            wallet: WalletId::new(WALLET).expect("a name"),
            channel: Channel::Wechat,
            file: FileLine {
                name: format!("wx{number}.csv"),
                sha256: hash(number).to_string(),
                wallet: WALLET.into(),
                layout: "test".into(),
                lines: lines.len(),
                rejected: 0,
                proof: "hold".into(),
                findings: Vec::new(),
            },
            from: zone().start_of(today()),
            to: zone().end_of(today()),
            whole: true,
            lines,
        });
    }

    /// Records a run over the files that are kept.
    fn run(&mut self, found: Vec<FoundBreak>) {
        self.runs += 1;
        let files: Vec<u8> = (1..=u8::try_from(self.files.len()).expect("few files")).collect();
        let run = reckoning::run(self.runs, day_of_date(today()), &files, found);
        self.book.must(Fact::DayReconciled(run));
    }

    fn log(&self) -> MemoryLog {
        log_of_book(&self.book)
    }

    /// Where each file was kept.
    fn kept_at(&self) -> Vec<Position> {
        let kept = |fact: &Fact| matches!(fact, Fact::StatementKept(_));
        let entries = self.book.log.iter().filter(|entry| kept(&entry.fact));
        entries.map(|entry| entry.position).collect()
    }

    fn report(&self, log: &MemoryLog, at: Position) -> Result<DayReport, ReplayError> {
        let kept = self.kept_at();
        let files = self.files.iter().zip(kept).filter(|(_, place)| *place <= at);
        let files = files.map(|(file, _)| file.clone()).collect();
        Ok(compare_day(log, today(), files, at, &mut |_, _| {})?.report())
    }

    fn compare(&self, then: Position, now: Position) -> ThenAndNow {
        let log = self.log();
        then_and_now(&log, (then, now), &mut |at| self.report(&log, at)).expect("readable")
    }

    fn head(&self) -> Position {
        self.log().head().position
    }
}

fn stray(number: u32, minor: i64) -> FoundBreak {
    reckoning::found(&format!("4200{number:08}"), BreakCode::OrphanPayment, minor)
}

#[test]
fn each_difference_is_told_with_its_event() {
    let mut office = Office::new();
    let paid = office.pay("A1", 1_000);
    office.pay("A2", 2_000);
    let first = office.line(1_000, paid);
    office.keep(vec![first]);
    let then = office.head();
    // A later file has the missing line, and one that nobody knows.
    let (late, unknown) =
        (office.line(2_000, office.book.at), office.line(777, paid.plus(Span::from_hours(1))));
    office.keep(vec![late, unknown]);
    office.run(vec![stray(3, 777)]);
    let id = BreakId::about(
        &WalletId::new(WALLET).expect("a name"),
        day_of_date(today()),
        &Subject::Line { serial: "420000000003".into() },
    );
    office.book.must(reckoning::work(id, "ann", BreakStep::Assign { to: "bob".into() }));
    let told = office.compare(then, office.head());
    let text = told.text();
    let found = |about, what: &str| {
        let fits = |one: &&Difference| one.about == about && one.what.contains(what);
        told.differences.iter().find(fits).unwrap_or_else(|| panic!("{what}: {text}"))
    };
    let cause = |one: &Difference| one.cause.clone().unwrap_or_else(|| panic!("{text}")).text;
    let received = found(About::Number, "收款 笔/额 received wx 渠道");
    assert_eq!(received.then.as_deref(), Some("1 / 10.00"), "{text}");
    assert_eq!(received.now.as_deref(), Some("3 / 37.77"), "{text}");
    assert!(cause(received).contains("imported statement"), "{text}");
    let class = found(About::Item, "20.00 CNY p");
    assert_eq!(
        (class.then.as_deref(), class.now.as_deref()),
        (Some("T03 only_ours"), Some("matched"))
    );
    let states: Vec<_> =
        told.differences.iter().filter(|one| one.what == format!("break {id}")).collect();
    let causes: Vec<String> = states.iter().map(|one| cause(one)).collect();
    let [kept, run, work] = &causes[..] else { panic!("{text}") };
    assert!(kept.contains("imported") && run.contains("reconciled") && work.contains("bob"));
    assert!(found(About::Day, "运行").now.as_deref() == Some("#1"), "{text}");
    assert!(told.json().contains("\"cause\""));
    assert!(told.differences.iter().all(|one| one.among == 1), "{text}");
}

#[test]
fn equal_positions_and_idle_time_make_no_difference() {
    let mut office = Office::new();
    office.pay("A1", 1_000);
    let then = office.head();
    assert!(office.compare(then, then).is_clean());
    // Ages grow with the time of other days, and are no difference.
    office.book.at = office.book.at.plus(Span::from_hours(72));
    office.book.request(order("mall", "later", 300));
    let told = office.compare(then, office.head());
    assert!(told.is_clean(), "{}", told.text());
    assert!(told.text().contains(": 0 differences"));
}

#[test]
fn what_changed_and_changed_back_is_no_difference() {
    let mut office = Office::new();
    office.pay("A1", 1_000);
    // Of a code that books nothing, for entries stay.
    office.run(vec![reckoning::found("420000000009", BreakCode::Data, 5)]);
    let id = BreakId::about(
        &WalletId::new(WALLET).expect("a name"),
        day_of_date(today()),
        &Subject::Line { serial: "420000000009".into() },
    );
    let resolution = reckoning::resolution(ResolutionKind::NotABreak);
    office.book.must(reckoning::work(id, "ann", BreakStep::Resolve(resolution)));
    let resolved = office.head();
    let reason = "it was one".to_owned();
    office.book.must(reckoning::work(id, "ann", BreakStep::Reopen { reason }));
    let reopened = office.head();
    let resolution = reckoning::resolution(ResolutionKind::NotABreak);
    office.book.must(reckoning::work(id, "ann", BreakStep::Resolve(resolution)));
    assert!(office.compare(resolved, office.head()).is_clean());
    let between = office.compare(resolved, reopened);
    assert!(between.differences.iter().any(|one| one.about == About::Break), "{}", between.text());
}

/// What comes after a closing counts on the first open day in the books, and a report counts with
/// them: neither the closed day nor the open one has a check that fails.
#[test]
fn what_comes_after_the_closing_breaks_no_report() {
    let mut office = Office::new();
    office.pay("A1", 1_000);
    let paid_at = office.book.at.plus(Span::from_mins(5));
    let day = day_of_date(today());
    office.book.at = zone().end_of(today()).plus(Span::from_hours(12));
    office.book.reconcile_rest(day);
    office.book.must(reckoning::close(day, "ann", &[]));
    let (wx, channels) = (WALLET, vec![Channel::Wechat]);
    let mut late = office.book.money_with(300, Some(paid_at), &[]);
    if let Reading::Money { channel, .. } = &mut late.reading {
        *channel = Some(Channel::Wechat);
    }
    office.book.notify(late);
    let fee =
        Movement::ChannelFee { wallet: WalletId::new(wx).expect("a name"), fee: Amount::fen(7) };
    let (id, by, evidence) = (MovementId::from_bits(1), "ann".into(), "line 9".into());
    let recorded = MovementRecorded { id, movement: fee, moved_at: paid_at, by, evidence };
    office.book.must(Fact::MovementRecorded(recorded));
    office.book.request(OrderRequested { channels, ..order("shop", "A2", 900) });
    let (log, ever) = (office.log(), Position::new(u64::MAX));
    let tomorrow = today().succ_opt().expect("a day");
    for date in [today(), tomorrow] {
        let files = Vec::new();
        let compared = compare_day(&log, date, files, ever, &mut |_, _| {});
        let report = compared.expect("readable").report();
        let failed: Vec<_> =
            report.checks.iter().filter(|check| check.verdict == Verdict::Fails).collect();
        assert!(failed.is_empty(), "{date}: {failed:#?}");
    }
    let moved = |date: NaiveDate| {
        let files = Vec::new();
        let compared = compare_day(&log, date, files, ever, &mut |_, _| {});
        let report = compared.expect("readable").report();
        report.vouchers.iter().map(|line| line.amount.minor()).collect::<Vec<_>>()
    };
    assert!(moved(today()).iter().all(|minor| minor.abs() == 1_000), "{:?}", moved(today()));
    assert!(moved(tomorrow).contains(&300), "{:?}", moved(tomorrow));
}

/// What may come after.
#[derive(Clone, Debug)]
enum Later {
    Pay(i64),
    Keep(Vec<i64>),
    Run(Vec<u32>),
    Comment,
    Wait(u64),
}

fn later() -> impl Strategy<Value = Later> {
    prop_oneof![
        (1_i64..4).prop_map(|yuan| Later::Pay(yuan * 100)),
        prop::collection::vec(1_i64..4, 0..3).prop_map(Later::Keep),
        prop::collection::vec(1_u32..6, 0..3).prop_map(Later::Run),
        Just(Later::Comment),
        (1_u64..30).prop_map(Later::Wait),
    ]
}

impl Office {
    fn play(&mut self, step: &Later, number: usize) {
        match step {
            Later::Pay(minor) => {
                let _ = self.pay(&format!("N{number}"), *minor);
            }
            Later::Keep(yuan) => {
                let noon = zone().start_of(today()).plus(Span::from_hours(12));
                let at = noon.plus(Span::from_mins(1));
                let lines = yuan.iter().map(|yuan| self.line(yuan * 100, at)).collect();
                self.keep(lines);
            }
            Later::Run(serials) => {
                let mut serials = serials.clone();
                serials.sort_unstable();
                serials.dedup();
                self.run(serials.into_iter().map(|serial| stray(serial, 100)).collect());
            }
            Later::Comment => {
                let open = self.book.state.open_breaks_booked(day_of_date(today())).next();
                if let Some(id) = open {
                    let text = "asked".to_owned();
                    self.book.must(reckoning::work(id, "ann", BreakStep::Comment { text }));
                }
            }
            Later::Wait(hours) => {
                self.book.at = self.book.at.plus(Span::from_hours(*hours));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever happens between two positions, each difference names one event between them.
    #[test]
    fn no_difference_is_without_an_event_between(
        steps in prop::collection::vec(later(), 1..10),
        cut in 0_usize..10,
    ) {
        let mut office = Office::new();
        let mut then = office.head();
        for (number, step) in steps.iter().enumerate() {
            office.play(step, number);
            if number == cut {
                then = office.head();
            }
        }
        let now = office.head();
        let told = office.compare(then, now);
        for one in &told.differences {
            let cause = one.cause.as_ref();
            let place = cause.map(|cause| cause.position);
            prop_assert!(place.is_some_and(|at| then < at && at <= now), "{}", told.text());
            prop_assert!(one.then != one.now && one.among == 1, "{}", told.text());
        }
        prop_assert_eq!(office.compare(then, now), told);
        prop_assert!(office.compare(now, now).is_clean());
    }

    /// The report of a closed day is the one at its closing, byte for byte, whatever came after.
    #[test]
    fn a_closed_day_keeps_its_report(steps in prop::collection::vec(later(), 0..8)) {
        let mut office = Office::new();
        let paid = office.pay("A1", 1_000);
        let lines = vec![office.line(1_000, paid), office.line(777, paid)];
        office.keep(lines);
        office.run(vec![stray(2, 777)]);
        let day = day_of_date(today());
        office.book.at = zone().end_of(today()).plus(Span::from_hours(12));
        let open: Vec<BreakId> = office.book.state.open_breaks_booked(day).collect();
        office.book.reconcile_rest(day);
        office.book.must(reckoning::close(day, "ann", &open));
        let closed_at_first = office.head();
        let pages = |office: &Office| {
            let log = office.log();
            let report = office.report(&log, closed_at_first).expect("readable");
            assert!(report.closed.as_ref().is_some_and(|closed| closed.by == "ann"));
            assert_eq!(report.day, date_of(day).to_string());
            let xlsx = report.xlsx().expect("a workbook");
            (report.text(), report.html(), report.csv(), report.json(), xlsx)
        };
        let then = pages(&office);
        for (number, step) in steps.iter().enumerate() {
            office.play(step, number);
        }
        prop_assert!(pages(&office) == then);
        let log = office.log();
        let ever = Position::new(u64::MAX);
        let found = closed_at(&log, today(), ever, &mut |_, _| {}).expect("readable");
        prop_assert_eq!(found, Some(closed_at_first));
        for by in ["ann", "bob"] {
            office.book.must(reckoning::reopen(day, by));
        }
        let found = closed_at(&office.log(), today(), ever, &mut |_, _| {}).expect("readable");
        prop_assert_eq!(found, None);
        prop_assert!(pages(&office) == then);
    }
}
