//! Files on their way in: every sample becomes a fact that the rules take, and is read again alike.

use std::path::{Path, PathBuf};

use duizhang_core::breaks::{BreakCode, StatementKept};
use duizhang_core::channel::Channel;
use duizhang_core::fact::Fact;
use duizhang_core::id::WalletId;
use duizhang_core::testing::Book;
use duizhang_core::time::Timestamp;
use duizhang_projections::calendar::Zone;

use super::crash_tests::{FUNDS, Machine};
use super::file::Document;
use super::report::{Archive, Files, ReportQuestion, report};
use super::vault::Vault;

fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("a zone")
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_sample_is_kept_and_read_again_as_it_was() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    files_below(&root.join("listener-bridge/tests/statements/data"), &mut files);
    files.sort();
    let wallet = WalletId::new("wx").expect("a name");
    let mut book = Book::default();
    // Later than every sample.
    book.at = Timestamp::from_secs(1_900_000_000);
    let mut kept = 0;
    for path in files {
        let bytes = std::fs::read(&path).expect("it is there");
        let Ok(document) = Document::read(&bytes, None) else { continue };
        let name = path.display().to_string();
        let fact = document.fact(&wallet, zone(), "ann");
        if document.statement.lines.is_empty() && document.statement.period.is_none() {
            assert!(fact.is_err(), "{name} says nothing and has no days");
            continue;
        }
        let fact = fact.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert!(fact.first <= fact.last, "{name}");
        if let Err(refusal) = book.submit(Fact::StatementKept(fact.clone())) {
            panic!("{name}: {refusal}");
        }
        let lines = document.statement.lines.len();
        let sides = document.sides("short", Channel::Wechat, &fact, zone());
        let (sides, paper) = sides.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(sides.lines.len(), lines, "{name}");
        assert_ne!(paper.wrong, Some(BreakCode::ParserChanged), "{name}");
        kept += 1;
    }
    assert!(kept > 20, "only {kept} samples were read");
}

/// A personal file of WeChat over two days, made at some time of the second.
fn made_at(time: &str) -> Document {
    let text = format!(
        "微信支付账单明细,,,,,,,,,,\n起始时间：[2026-11-20 00:00:00] 终止时间：[2026-11-21 23:59:59],,,,,,,,,,\n\
         导出时间：[{time}],,,,,,,,,,\n共1笔记录,,,,,,,,,,\n\
         交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n\
         2026-11-20 10:00:00,二维码收款,*三,/,收入,¥1.00,零钱,已收钱,\"1\t\",/,/\n"
    );
    Document::read(text.as_bytes(), None).expect("a statement")
}

#[test]
fn a_file_tells_of_no_time_after_it_was_made() {
    let wallet = WalletId::new("wx").expect("a name");
    let days = |made: &str| {
        let fact = made_at(made).fact(&wallet, zone(), "ann").expect("it has days");
        let document = made_at(made).sides("short", Channel::Wechat, &fact, zone());
        let to = document.expect("it is read again").0.to;
        (fact.last.number() - fact.first.number(), zone().rfc3339(to))
    };
    assert_eq!(days("2026-11-22 08:00:00"), (1, "2026-11-22T00:00:00+08:00".into()));
    assert_eq!(days("2026-11-21 12:00:00"), (1, "2026-11-21T12:00:00+08:00".into()));
    assert_eq!(days("2026-11-20 23:00:00"), (0, "2026-11-20T23:00:00+08:00".into()));
    let early = made_at("2026-11-19 23:00:00").fact(&wallet, zone(), "ann");
    assert!(early.expect_err("nothing can be in it").to_string().contains("was made before"));
}

#[test]
fn a_parser_that_reads_otherwise_is_told_and_totals_that_fail() {
    let wallet = WalletId::new("wx").expect("a name");
    let document = made_at("2026-11-22 08:00:00");
    let fact = document.fact(&wallet, zone(), "ann").expect("it has days");
    let wrong = |fact| {
        let sides = document.clone().sides("short", Channel::Wechat, fact, zone());
        sides.expect("it is read").1.wrong
    };
    assert_eq!(wrong(&fact), None);
    let other = StatementKept { lines: 2, ..fact.clone() };
    assert_eq!(wrong(&other), Some(BreakCode::ParserChanged));
    let findings = |fact| {
        let sides = document.clone().sides("short", Channel::Wechat, fact, zone());
        sides.expect("it is read").0.file.findings
    };
    assert_eq!(findings(&fact), [""; 0]);
    let says = findings(&other).pop().expect("a finding");
    assert!(says.contains("read otherwise than when it was kept: then 2 lines"), "{says}");
    assert!(says.contains("; now 1 lines"), "{says}");
    let mut cut = document.clone();
    for finding in &mut cut.statement.proof {
        finding.outcome = duizhang_listener_bridge::statements::Outcome::Fail;
    }
    let fact = cut.fact(&wallet, zone(), "ann").expect("it has days");
    let sides = cut.sides("short", Channel::Wechat, &fact, zone()).expect("it is read");
    assert_eq!(sides.1.wrong, Some(BreakCode::FileTotals));
}

#[test]
fn a_report_tells_of_a_file_that_is_read_otherwise_and_records_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    let machine = Machine::new();
    let wallet = WalletId::new("wx").expect("a name");
    let document = Document::read(FUNDS.as_bytes(), None).expect("a statement");
    let fact = document.fact(&wallet, zone(), "ann").expect("it has days");
    Vault::new(data.path()).keep(FUNDS.as_bytes()).expect("room");
    let then = StatementKept { lines: fact.lines + 1, ..fact };
    machine.submit(Fact::StatementKept(then));
    let head = machine.book.log().head().position;
    for format in ["text", "json", "html", "csv"] {
        let (day, format) = ("2026-11-20".to_owned(), format.to_owned());
        let question =
            ReportQuestion { day, at: Some(head.number()), since: None, now: false, format };
        let files = Files::of(&machine.book.views(), &question).expect("a day");
        let archive = Archive { log: machine.book.log(), data: data.path(), zone: zone() };
        let made = report(&archive, files, &question, &mut |_, _, _| {}).expect("a report");
        let text = String::from_utf8(made.bytes).expect("a text");
        assert!(text.contains("read otherwise than when it was kept"), "{text}");
    }
    assert_eq!(machine.book.log().head().position, head);
}
