//! Posting a million transactions and their trial balance, beside `ledger bal` on the same books.
//!
//! Run with `cargo bench --bench ledger`; as a test it posts a thousand. The chapters are made in
//! batches outside of the measured time and are those of plain orders: requested, and paid. What
//! `ledger` does is measured where it is installed: it reads the exported journal, as its users do.
//! Deliberately not here: reading and decoding a log (`replay`), and criterion: one run of `ledger`
//! takes as long as a whole bench.
#![expect(clippy::print_stdout, reason = "a bench reports to a person")]
#![expect(clippy::disallowed_methods, reason = "benches measure real time")]

use std::fs::{self, File};
use std::io::{BufWriter, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{OrderId, PaymentId, WalletId};
use duizhang_core::matcher::{Grade, Rule, Standing};
use duizhang_core::position::Position;
use duizhang_core::testing::{drawn_bits, money, order, wallet};
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;
use duizhang_projections::ledger::{Books, Export, Format, Head, Selection, Survey, decimal};
use duizhang_projections::projection::Projection;

/// Orders made at once: 1,000 chapters stay in the processor's cache, as those do that a reader of
/// the log has just decoded.
const BATCH: u64 = 500;
/// Orders that come in a second.
const PER_SECOND: u64 = 10;

/// A wallet, and so many orders that are requested and paid, in batches.
fn chapters(orders: u64, visit: &mut dyn FnMut(&[Chapter])) {
    let (at, name) = (Timestamp::from_secs(1_700_000_000), "wx");
    let mut position = Position::START.next();
    let mut push = |batch: &mut Vec<Chapter>, at, fact, decisions| {
        let chapter = Chapter { position, at, fact, decisions };
        position = chapter.last_position().next();
        batch.push(chapter);
    };
    let mut batch = Vec::new();
    let declared = Fact::WalletDeclared(wallet(name, Channel::Wechat));
    push(&mut batch, at, declared, Vec::new());
    let name = WalletId::new(name).expect("a good name");
    for number in 0..orders {
        let at = at.plus(Span::from_secs(number / PER_SECOND));
        let mut request = order("shop", &number.to_string(), 1_000);
        request.order = OrderId::from_bits(drawn_bits("order", number));
        let (order, payable) = (request.order, request.requested);
        let expires_at = at.plus(Span::from_mins(5));
        let accepted = Decision::OrderAccepted { order, wallet: name.clone(), payable, expires_at };
        push(&mut batch, at, Fact::OrderRequested(request), vec![accepted]);
        let notice = money("phone", number, payable.minor());
        let payment = PaymentId::of(notice.notification);
        let (grade, rule, candidates) = (Grade::Isolated, Rule::Slot, vec![order]);
        let (wallets, amount) = (vec![name.clone()], payable);
        let paid = vec![
            Decision::PaymentObserved { payment, wallets, amount, paid_at: at },
            Decision::PaymentMatched { payment, order, grade, rule, candidates },
            Decision::OrderPaid {
                order,
                payment,
                received: payable,
                standing: Standing::Exact,
                quarantined_until: expires_at,
            },
        ];
        push(&mut batch, at, Fact::NotificationReceived(notice), paid);
        if (number + 1).is_multiple_of(BATCH) {
            visit(&batch);
            batch.clear();
        }
    }
    visit(&batch);
}

/// A line of `/proc/PID/status` in KiB.
fn kib(process: &str, line: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|text| text.starts_with(line))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("it exists")
}

/// Posts and sums; returns the time that it took.
fn ours(orders: u64) -> Duration {
    let before = kib("self", "VmRSS").unwrap_or_default();
    let (mut books, mut spent) = (Books::new(zone()), Duration::ZERO);
    chapters(orders, &mut |batch| {
        let start = Instant::now();
        batch.iter().for_each(|chapter| books.fold(chapter));
        spent += start.elapsed();
    });
    let start = Instant::now();
    let balance = books.trial_balance();
    spent += start.elapsed();
    let grown = kib("self", "VmRSS").unwrap_or_default().saturating_sub(before);
    println!("ours: {} transactions in {spent:.3?}, {} MiB", books.entries(), grown / 1_024);
    for (account, currency, sums) in balance.iter() {
        let path = books.chart().path(account);
        println!("  {path}: {} {currency}", decimal(sums.balance(), currency));
    }
    spent
}

fn export(orders: u64, path: &Path) {
    let mut survey = Survey::new(zone(), Selection::Whole);
    chapters(orders, &mut |batch| batch.iter().for_each(|chapter| survey.fold(chapter)));
    let plan = survey.finish(Head { position: Position::START, root: "none".to_owned() });
    let mut out = BufWriter::new(File::create(path).expect("the folder takes it"));
    let mut export = Export::begin(&plan, Format::Ledger, &mut out).expect("the disk has room");
    let mut spent = Duration::ZERO;
    chapters(orders, &mut |batch| {
        let start = Instant::now();
        batch.iter().for_each(|chapter| export.fold(chapter).expect("the disk has room"));
        spent += start.elapsed();
    });
    export.finish().expect("the disk has room");
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    println!("export for ledger: {} MB in {spent:.3?}", bytes / 1_000_000);
}

/// Time and peak memory of `ledger bal`; nothing where it is not installed.
fn theirs(path: &Path) -> Option<Duration> {
    let start = Instant::now();
    let mut command = Command::new("ledger");
    command.arg("-f").arg(path).arg("bal").stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("ledger: not installed");
        return None;
    };
    let (process, mut peak) = (child.id().to_string(), 0);
    while child.try_wait().expect("it is ours").is_none() {
        peak = kib(&process, "VmHWM").unwrap_or_default().max(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
    let spent = start.elapsed();
    let mut said = String::new();
    let _ = child.stdout.take().map(|mut out| out.read_to_string(&mut said));
    println!("ledger bal: {spent:.3?}, {} MiB\n{said}", peak / 1_024);
    Some(spent)
}

fn main() {
    // Cargo says so where it measures, and nothing where it tests.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let orders = if quick { 500 } else { 500_000 };
    let spent = ours(orders);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.ledger");
    export(orders, &path);
    if let Some(theirs) = theirs(&path) {
        let times = theirs.as_micros() / spent.as_micros().max(1);
        println!("ours is {times} times as fast");
    }
}
