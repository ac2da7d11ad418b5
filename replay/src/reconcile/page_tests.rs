//! The pages of the report: the numbers of a whole day, the same bytes each time, hostile texts,
//! days without anything and with too much of it.

use std::path::PathBuf;

use duizhang_core::amount::Amount;
use duizhang_core::position::Position;
use duizhang_core::statement::{Line, LineKind, LineStatus};
use duizhang_core::testing::BOOKS_DAY_START;
use duizhang_core::time::Span;
use duizhang_eventlog::{EventLog, MemoryLog};
use proptest::prelude::*;

use super::fixture::{EVER, shop_date, shop_files, shop_log, shop_report};
use super::*;

pub(super) fn shop() -> DayReport {
    shop_report(&shop_log(), EVER)
}

fn report_of(files: Vec<StatementLines>) -> DayReport {
    let log = shop_log();
    compare_day(&log, shop_date(), files, EVER, &mut |_, _| {}).expect("readable").report()
}

fn pair(both: Both) -> [(u64, i128); 2] {
    [both.channel, both.ours].map(|count| (count.count, count.minor))
}

#[test]
fn the_day_of_the_shop_has_the_numbers_that_finance_expects() {
    let report = shop();
    let [alipay, wechat] = &report.wallets[..] else { panic!("{}", report.text()) };
    let [total] = &report.totals[..] else { panic!("{}", report.text()) };
    let expected = [
        (alipay, (100_000, [(8, 30_364), (7, 29_164)], [(7, 29_164); 2], 130_238)),
        (wechat, (50_000, [(3, 19_500), (4, 22_000)], [(3, 19_500); 2], 24_460)),
        (total, (150_000, [(11, 49_864), (11, 51_164)], [(10, 48_664); 2], 154_698)),
    ];
    for (day, (opening, received, agreed, closing)) in expected {
        let text = report.text();
        assert_eq!((day.opening_channel, day.opening_ours), (Some(opening), opening), "{text}");
        assert_eq!((day.closing_channel, day.closing_ours), (Some(closing), closing), "{text}");
        assert_eq!((pair(day.receipts.received), pair(day.receipts.agreed)), (received, agreed));
        assert_eq!((day.difference(), day.covered), (Some(0), true));
    }
    let none = (0, 0);
    assert_eq!(pair(alipay.receipts.only_channel), [(1, 1_200), none]);
    assert_eq!(pair(wechat.receipts.only_ours), [none, (1, 2_500)]);
    assert_eq!(pair(alipay.receipts.cross_day), [(1, 1_500); 2]);
    assert_eq!(pair(wechat.refunds), [(2, 5_000); 2]);
    assert_eq!((pair(alipay.fees), pair(wechat.fees)), ([(1, 126); 2], [(1, 40); 2]));
    assert_eq!(pair(total.withdrawals), [(1, 40_000); 2]);
    let [standing] = &report.standing[..] else { panic!("one currency") };
    assert_eq!(standing.unclaimed, Count { count: 2, minor: 11_665 });
    assert_eq!(standing.paid_twice, Count { count: 1, minor: 4_999 });
    assert_eq!((standing.receivable, standing.refunds_due), (0, 1_000));
    assert_eq!((standing.long, standing.short, standing.in_transit), (1_200, 2_500, 40_000));
    assert!(report.checks.iter().all(|check| check.verdict == Verdict::Holds), "{}", report.text());
    let codes: Vec<&str> = report.breaks.iter().map(|line| line.code.as_str()).collect();
    assert_eq!((codes.as_slice(), report.waiting), (&["D02", "U02", "T03", "L01"][..], 3));
    assert_eq!((report.pairs.len(), report.pool.len(), report.unclaimed.len()), (13, 1, 2));
}

#[test]
fn before_the_next_morning_the_orphan_is_a_break_too() {
    let log = shop_log();
    let evening = shop_report(
        &log,
        shop().pool[0].ours.as_ref().map_or(EVER, |item| {
            let number = item.place.rsplit(' ').next().expect("a position");
            Position::new(number.parse().expect("a number"))
        }),
    );
    assert_eq!(evening.waiting, 4, "{}", evening.text());
    assert!(evening.position < log.head().position && evening.root != log.head().root.to_string());
    assert!(evening.text().contains("不平 (4 项待处理)"));
}

fn formats(report: &DayReport) -> [(&'static str, Vec<u8>); 5] {
    [
        ("report.txt", report.text().into_bytes()),
        ("report.html", report.html().into_bytes()),
        ("report.csv", report.csv().into_bytes()),
        ("report.json", report.json().into_bytes()),
        ("report.xlsx", report.xlsx().expect("a workbook")),
    ]
}

#[test]
fn each_format_has_its_word() {
    let report = shop();
    let words = ReportFormat::ALL.map(ReportFormat::word);
    for (format, (name, bytes)) in ReportFormat::ALL
        .into_iter()
        .zip([0, 1, 4, 2, 3].map(|place| formats(&report)[place].clone()))
    {
        assert_eq!(format.word().parse(), Ok(format));
        assert_eq!(format.is_binary(), name.ends_with("xlsx"));
        assert!(report.written(format).expect("it is written") == bytes, "{name}");
    }
    assert_eq!("pdf".parse::<ReportFormat>(), Err(UnknownReportFormat));
    assert_eq!(UnknownReportFormat.to_string(), format!("not one of {}", words.join(", ")));
}

#[test]
fn the_same_report_has_the_same_bytes() {
    let (one, other) = (formats(&shop()), formats(&shop()));
    for ((name, one), (_, other)) in one.into_iter().zip(other) {
        assert!(one == other, "{name} differs");
    }
}

/// `REPORT_GOLDEN=1` writes the files anew; their list of sums is written by hand.
#[test]
fn the_pages_are_as_they_were() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/day-report");
    for (name, bytes) in formats(&shop()).into_iter().filter(|(name, _)| *name != "report.xlsx") {
        let path = folder.join(name);
        if std::env::var_os("REPORT_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &bytes).expect("a file");
        }
        let kept = std::fs::read(&path).unwrap_or_default();
        assert!(kept == bytes, "{} is not what the report is now", path.display());
    }
}

#[test]
fn what_a_payer_wrote_is_a_text_everywhere() {
    let report = shop();
    let (page, csv) = (report.html(), report.csv());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"));
    assert!(!page.contains("style=\"") && !page.contains("http://") && !page.contains("https://"));
    assert!(csv.starts_with('\u{feff}') && csv.ends_with("\r\n"));
    let widths = csv.lines().map(|record| record.matches("\",\"").count());
    assert_eq!(widths.collect::<std::collections::BTreeSet<_>>().len(), 1, "{csv}");
    for record in csv.lines() {
        assert!(!record.contains("\"=") && !record.contains("\"@"), "{record}");
    }
    assert!(csv.contains("<script>alert(1)</script>"));
    let said: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
    assert_eq!(said["breaks"][1]["channel"][0]["party"], "=cmd()|'/c calc'!A1");
}

#[test]
fn ten_thousand_breaks_and_one_are_all_counted() {
    let mut files = shop_files(&shop_log());
    let model = files[0].lines[0].clone();
    let more = BREAKS_MAX + 1 - 3;
    for number in 0..u32::try_from(more).expect("few") {
        files[0].lines.push(Line {
            number: 1_000 + number,
            serial: format!("S{number:08}"),
            serial_base: format!("S{number:08}"),
            merchant_no: None,
            gross: Amount::fen(1),
            balance: None,
            time: BOOKS_DAY_START.plus(Span::from_secs(43_200 + u64::from(number))),
            ..model.clone()
        });
    }
    let report = report_of(files);
    assert_eq!((report.breaks.len(), report.breaks_unlisted), (BREAKS_MAX, 2));
    assert_eq!(report.waiting, BREAKS_MAX + 1);
    let total = &report.wallets[0].receipts.only_channel.channel;
    assert_eq!((total.count, total.minor), (u64::try_from(more + 1).expect("few"), 1_200 + 9_998));
    assert!(report.html().contains("另有 2 条未列出") && report.text().contains("and 2 more"));
    assert!(report.csv().contains("\"breaks\",\"unlisted\",\"2\""));
    assert!(!report.xlsx().expect("a workbook").is_empty());
}

#[test]
fn an_empty_day_has_every_page() {
    let report = compare_day(&MemoryLog::new(), shop_date(), Vec::new(), EVER, &mut |_, _| {});
    let report = report.expect("readable").report();
    assert!(report.agrees && report.wallets.is_empty() && report.policy.is_none());
    assert_eq!(report.known_until, "");
    assert!(report.text().contains("0 (before the first event)"), "{}", report.text());
    for (name, bytes) in formats(&report) {
        assert!(bytes.len() > 200, "{name}");
    }
    // A file that covers the day and has nothing of it is told with its zeros.
    let mut files = shop_files(&shop_log());
    files.iter_mut().for_each(|file| file.lines.clear());
    let day = compare_day(&MemoryLog::new(), shop_date(), files, EVER, &mut |_, _| {});
    let report = day.expect("readable").report();
    assert_eq!((report.wallets.len(), report.agrees), (2, true), "{}", report.text());
}

#[test]
fn a_broken_balance_fails_its_check_and_an_absent_one_is_not_checked() {
    let mut files = shop_files(&shop_log());
    files[0].lines[3].fee = Amount::fen(7);
    let broken = report_of(files);
    let failed: Vec<&StatementCheck> =
        broken.checks.iter().filter(|check| !check.holds()).collect();
    let [check] = &failed[..] else { panic!("{}", broken.text()) };
    assert!(check.numbers.contains("off by -0.07"), "{}", check.numbers);
    assert!(!broken.agrees && broken.text().contains("✗ FAILS"));

    let mut files = shop_files(&shop_log());
    files[0].lines[3].balance = None;
    let absent = report_of(files);
    assert_eq!(absent.wallets[0].opening_channel, None);
    assert_eq!(absent.totals[0].closing_channel, None, "a sum with an unknown part is unknown");
    let unknown = absent.checks.iter().filter(|check| check.verdict == Verdict::Unknown).count();
    assert_eq!(unknown, 1, "{}", absent.text());
}

#[test]
fn balances_are_found_in_files_that_begin_with_the_latest_line() {
    let mut files = shop_files(&shop_log());
    files.iter_mut().for_each(|file| file.lines.reverse());
    let report = report_of(files);
    let closing: Vec<_> = report.wallets.iter().map(|day| day.closing_channel).collect();
    assert_eq!(closing, [Some(130_238), Some(24_460)], "{}", report.text());
    assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
}

#[test]
fn money_that_moved_without_a_direction_is_read_from_the_balances() {
    let mut files = shop_files(&shop_log());
    let last = files[0].lines.last().expect("it has lines").clone();
    let balance = last.balance.expect("it has balances").minor() - 10_000;
    files[0].lines.push(Line {
        number: last.number + 1,
        serial: "neutral".into(),
        serial_base: "neutral".into(),
        merchant_no: None,
        kind: LineKind::Neutral,
        gross: Amount::fen(10_000),
        balance: Some(Amount::fen(balance)),
        time: last.time.plus(Span::from_secs(1)),
        ..last
    });
    let report = report_of(files);
    let alipay = &report.wallets[0];
    assert_eq!(alipay.other.channel, Count { count: 1, minor: -10_000 });
    assert_eq!(alipay.difference(), Some(-10_000));
    assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
    assert!(report.excluded.iter().any(|kind| kind.kind == "neutral" && kind.minor == 10_000));
}

#[test]
fn a_line_that_is_there_twice_and_one_that_was_called_off_do_not_count() {
    let mut files = shop_files(&shop_log());
    let twice = Line { number: 90, ..files[0].lines[0].clone() };
    let off = Line {
        number: 91,
        serial: "off".into(),
        serial_base: "off".into(),
        merchant_no: None,
        status: LineStatus::Closed,
        ..twice.clone()
    };
    for line in [twice, off] {
        files[0].lines.push(Line { balance: None, ..line });
    }
    let report = report_of(files);
    let receipts = &report.wallets[0].receipts;
    assert_eq!(pair(receipts.received), [(8, 30_364), (7, 29_164)], "{}", report.text());
    assert_eq!(receipts.repeated.channel.count, 1);
    assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
}

fn kinds() -> impl Strategy<Value = (LineKind, LineStatus, i64, i64, u64)> {
    let status = prop_oneof![
        4 => Just(LineStatus::Ok),
        1 => Just(LineStatus::Closed),
        1 => Just(LineStatus::Pending),
        1 => Just(LineStatus::RefundedFull),
    ];
    (prop::sample::select(&LineKind::ALL[..]), status, 1_i64..9_999, 0_i64..3, 0_u64..86_400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a statement shows, the checks that can be made hold, and no format fails.
    #[test]
    fn every_statement_adds_up(
        mut moves in prop::collection::vec(kinds(), 0..12),
        opening in 0_i64..9,
    ) {
        moves.sort_by_key(|(.., second)| *second);
        let mut files = shop_files(&shop_log());
        let model = files[0].lines[0].clone();
        let mut balance = opening;
        let lines = (1..).zip(moves).map(|(number, (kind, status, gross, fee, second))| {
            let sign = match kind {
                LineKind::PayIn | LineKind::RefundIn | LineKind::FeeBack | LineKind::Neutral => 1,
                _ => -1,
            };
            if !matches!(status, LineStatus::Closed | LineStatus::Pending) {
                let apart = if kind == LineKind::Withdrawal { 0 } else { fee };
                balance += sign * gross - apart;
            }
            Line {
                number,
                serial: format!("N{number}"),
                serial_base: format!("N{number}"),
                merchant_no: None,
                kind,
                gross: Amount::fen(gross),
                fee: Amount::fen(fee),
                balance: Some(Amount::fen(balance)),
                time: BOOKS_DAY_START.plus(Span::from_secs(second)),
                status,
                ..model.clone()
            }
        });
        files[0].lines = lines.collect();
        let report = report_of(files);
        prop_assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
        for (name, bytes) in formats(&report) {
            prop_assert!(!bytes.is_empty(), "{}", name);
        }
    }
}
