//! What beancount, hledger and ledger say to the exports: they accept them in their strict modes,
//! and their trial balances are ours.
//!
//! The programs are installed by `scripts/test`; where one is missing its test says so by name.
//! Deliberately not here: the other formats (the crate's own tests).

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakStep, Direction, ResolutionKind};
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, BreakId, MovementId, WalletId};
use duizhang_core::ledger::{Account, AdjustmentProposed, Movement, MovementRecorded};
use duizhang_core::position::Position;
use duizhang_core::testing::{
    BOOKS_DAY, BOOKS_DAY_START, Book, Entry, Step, books_day, history, reckoning,
};
use duizhang_core::time::Span;
use duizhang_projections::calendar::Zone;
use duizhang_projections::ledger::{Export, Format, Head, Plan, Selection, Survey, decimal};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Random histories for each program; one costs a second or two of beancount's start.
const HISTORIES: u32 = 4;

/// Each try of a smaller history starts the program again.
const SHRINKS_MAX: u32 = 100;

/// Signs that one of the programs might take for its own.
const NASTY: &str = "a\"b\\c; d: e, date:never [2026-02-31] #x ^y | {z} ${@} =1 :tag:";

/// Balances by path and currency, as texts with all places.
type Told = BTreeMap<(String, String), String>;

fn chapters(book: &Book) -> Vec<Chapter> {
    let chapter = |entry: &Entry| Chapter {
        position: entry.position,
        at: entry.at,
        fact: entry.fact.clone(),
        decisions: entry.decisions.clone(),
    };
    book.log.iter().map(chapter).collect()
}

/// An export in a folder, with what our own balances are.
struct Exported {
    path: PathBuf,
    ours: Told,
    _folder: tempfile::TempDir,
}

fn export(chapters: &[Chapter], selection: Selection, format: Format) -> Exported {
    let mut survey = Survey::new(Zone::new("Asia/Shanghai").expect("it exists"), selection);
    chapters.iter().for_each(|chapter| survey.fold(chapter));
    let position = chapters.last().map_or(Position::START, Chapter::last_position);
    let plan = survey.finish(Head { position, root: "0".repeat(64) });
    let mut out = Vec::new();
    let mut export = Export::begin(&plan, format, &mut out).expect("a vector takes all");
    chapters.iter().for_each(|chapter| export.fold(chapter).expect("a vector takes all"));
    export.finish().expect("a vector takes all");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("books.{}", format.word()));
    std::fs::write(&path, out).expect("the folder can be written");
    Exported { path, ours: ours(&plan), _folder: folder }
}

fn ours(plan: &Plan) -> Told {
    let closing = plan.closing();
    let standing = closing.iter().filter(|(.., sums)| sums.balance() != 0);
    let told = standing.map(|(account, currency, sums)| {
        let key = (plan.chart.path(account).to_owned(), currency.code().to_owned());
        (key, decimal(sums.balance(), currency))
    });
    told.collect()
}

/// Whether a program is there; one that is missing is a skip that everybody sees.
#[expect(clippy::print_stdout, reason = "a person who runs one test sees it too")]
fn is_there(program: &str) -> bool {
    if Command::new(program).arg("--version").output().is_ok() {
        return true;
    }
    let line = format!("SKIPPED: exports before {program}: it is not installed\n");
    print!("{line}");
    if let Some(path) = std::env::var_os("DUIZHANG_SKIPS") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        file.write_all(line.as_bytes()).expect("the line is kept");
    }
    false
}

/// How one program is asked.
#[derive(Clone, Copy)]
struct Judge {
    format: Format,
    check: &'static [&'static str],
    sums: &'static [&'static str],
    read: fn(&str) -> Told,
}

/// `FILE` stands for the export; the first word is the program.
const JUDGES: [Judge; 3] = [
    Judge {
        format: Format::Beancount,
        check: &["bean-check", "-C", "FILE"],
        sums: &[
            "bean-query",
            "-f",
            "csv",
            "FILE",
            "select account, currency, sum(number) group by account, currency",
        ],
        read: read_query,
    },
    Judge {
        format: Format::Hledger,
        check: &["hledger", "-f", "FILE", "check", "--strict", "payees", "ordereddates"],
        sums: &["hledger", "-f", "FILE", "bal", "-N", "--flat", "-O", "csv"],
        read: read_hledger,
    },
    Judge {
        format: Format::Ledger,
        check: &["ledger", "--pedantic", "--check-payees", "-f", "FILE", "bal"],
        sums: &[
            "ledger",
            "--pedantic",
            "-f",
            "FILE",
            "bal",
            "--flat",
            "--no-total",
            "--balance-format",
            "%(account)\t%(join(display_total))\n%/",
        ],
        read: read_ledger,
    },
];

fn asked(words: &[&str], path: &Path) -> Output {
    let mut command = Command::new(words[0]);
    for word in &words[1..] {
        if *word == "FILE" {
            command.arg(path)
        } else {
            command.arg(word)
        };
    }
    command.output().expect("the program is there")
}

fn said(words: &[&str], path: &Path) -> String {
    let Output { status, stdout, stderr } = asked(words, path);
    let (out, wrong) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{words:?} {}:\n{out}\n{wrong}", path.display());
    out.into_owned()
}

fn read_query(said: &str) -> Told {
    let rows = said.lines().skip(1).map(|row| {
        let fields: Vec<&str> = row.split(',').map(str::trim).collect();
        ((fields[0].to_owned(), fields[1].to_owned()), fields[2].to_owned())
    });
    rows.filter(|(_, amount)| !amount.trim_matches(['0', '.', '-']).is_empty()).collect()
}

fn read_hledger(said: &str) -> Told {
    let rows = said.lines().skip(1).filter_map(|row| row.split_once("\",\""));
    let amounts = |(path, rest): (&str, &str)| {
        read_amounts(path.trim_matches('"'), rest.trim_end_matches('"'), ", ")
    };
    rows.flat_map(amounts).collect()
}

fn read_ledger(said: &str) -> Told {
    let rows = said.lines().filter_map(|row| row.split_once('\t'));
    rows.flat_map(|(path, rest)| read_amounts(path.trim(), rest, "\\n")).collect()
}

/// `1.00 CNY`, or several of them with something between.
fn read_amounts(path: &str, text: &str, between: &str) -> Vec<((String, String), String)> {
    let parts = text.split(between).map(str::trim).filter(|part| !matches!(*part, "" | "0"));
    let parts = parts.map(|part| {
        let (amount, currency) = part.rsplit_once(' ').expect("an amount has a currency");
        let amount = amount.trim().trim_end_matches('.').to_owned();
        ((path.to_owned(), currency.to_owned()), amount)
    });
    parts.collect()
}

fn judge(judge: Judge, chapters: &[Chapter], selection: Selection) {
    let exported = export(chapters, selection, judge.format);
    said(judge.check, &exported.path);
    let told = (judge.read)(&said(judge.sums, &exported.path));
    assert_eq!(told, exported.ours, "{}", judge.check[0]);
}

/// The known day, each of its days, a range, a note that holds every sign, and nothing at all.
fn judge_known(of: Judge) {
    let mut book = books_day();
    let line = |account, fen| (account, Amount::fen(fen));
    book.must(Fact::AdjustmentProposed(AdjustmentProposed {
        id: AdjustmentId::from_bits(77),
        lines: vec![line(Account::Tolerance, 1), line(Account::Unclaimed, -1)],
        value_at: book.at,
        by: "ann".into(),
        reason: NASTY.into(),
    }));
    let chapters = chapters(&book);
    judge(of, &chapters, Selection::Whole);
    for day in ["2026-11-19", "2026-11-20", "2026-11-25"] {
        judge(of, &chapters, Selection::Day(day.parse().expect("a day")));
    }
    judge(of, &chapters, Selection::Positions(Position::new(30), Position::new(60)));
    judge(of, &[], Selection::Whole);
    judge_closed(of);
}

/// The known day closed, and a fee of it that came later: it counts on the next day. Then its short
/// money is claimed from the channel, and its long money written off.
fn judge_closed(of: Judge) {
    let mut book = books_day();
    let breaks: Vec<BreakId> = book.state.open_breaks_booked(BOOKS_DAY).collect();
    book.must(reckoning::close(BOOKS_DAY, "ann", &breaks));
    let id = MovementId::from_bits(book.draw_bits("movement"));
    let wallet = WalletId::new("main").expect("a good name");
    book.must(Fact::MovementRecorded(MovementRecorded {
        id,
        movement: Movement::ChannelFee { wallet, fee: Amount::fen(7) },
        moved_at: BOOKS_DAY_START.plus(Span::from_hours(20)),
        by: "ann".into(),
        evidence: "line 9".into(),
    }));
    for id in breaks {
        let found = &book.state.find_break(id).expect("it is open").found;
        let kind = match found.direction {
            Direction::Out => ResolutionKind::Claimed,
            _ => ResolutionKind::WrittenOff,
        };
        let end = reckoning::resolution(kind);
        book.must(reckoning::work(id, "ann", BreakStep::Propose(end)));
        book.must(reckoning::work(id, "bob", BreakStep::Approve));
    }
    let chapters = chapters(&book);
    let exported = export(&chapters, Selection::Whole, of.format);
    let text = std::fs::read_to_string(&exported.path).expect("it was just written");
    for words in ["natural-day: 2026-11-20", "Assets:ProviderClaim", "break-written-off"] {
        assert!(text.contains(words), "{} without {words}", of.check[0]);
    }
    judge(of, &chapters, Selection::Whole);
    let (first, last) = ("2026-11-20".parse(), "2026-11-21".parse());
    judge(of, &chapters, Selection::Day(last.expect("a day")));
    judge(of, &chapters, Selection::Days(first.expect("a day"), last.expect("a day")));
}

fn judge_histories(of: Judge) {
    let config = ProptestConfig {
        cases: HISTORIES,
        max_shrink_iters: SHRINKS_MAX,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let judged = runner.run(&history(150), |steps: Vec<Step>| {
        let mut book = Book::default();
        book.play(&steps);
        judge(of, &chapters(&book), Selection::Whole);
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{}: {error}", of.check[0]));
}

fn accepts_and_sums_as_we_do(of: Judge) {
    if is_there(of.check[0]) {
        judge_known(of);
        judge_histories(of);
    }
}

#[test]
fn beancount_accepts_the_books_and_sums_them_as_we_do() {
    accepts_and_sums_as_we_do(JUDGES[0]);
}

#[test]
fn hledger_accepts_the_books_and_sums_them_as_we_do() {
    accepts_and_sums_as_we_do(JUDGES[1]);
}

#[test]
fn ledger_accepts_the_books_and_sums_them_as_we_do() {
    accepts_and_sums_as_we_do(JUDGES[2]);
}

/// The programs do look: one fen more on a line, or an assertion that is one fen off, is refused.
#[test]
fn one_fen_too_much_is_refused() {
    let chapters = chapters(&books_day());
    for of in JUDGES.iter().filter(|of| is_there(of.check[0])) {
        for (right, wrong) in [("  30.01 CNY", "  30.02 CNY"), ("1302.38", "1302.39")] {
            let selection = Selection::Day("2026-11-20".parse().expect("a day"));
            let exported = export(&chapters, selection, of.format);
            let text = std::fs::read_to_string(&exported.path).expect("it was just written");
            assert!(text.contains(right), "{right}");
            std::fs::write(&exported.path, text.replacen(right, wrong, 1)).expect("it can be");
            let refused = !asked(of.check, &exported.path).status.success();
            assert!(refused, "{} took {wrong}", of.check[0]);
        }
    }
}
