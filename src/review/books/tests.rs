//! What the verbs say of a known day, and of one that was closed.
//!
//! Deliberately not here: stopped data and running servers, which give the same (`tests/it`).

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakStep, ResolutionKind};
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{MovementId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::testing::reckoning::{close, resolution, work};
use duizhang_core::testing::{BOOKS_DAY, BOOKS_DAY_START, Book, Entry, books_day};
use duizhang_eventlog::{EventLog, Group, MemoryLog, history};
use duizhang_projections::ledger::{Head, Survey};
use duizhang_replay::book_zone;
use serde_json::Value;

use super::question::tell_books;
use super::{BooksQuestion, account};
use crate::review::question::Told;

fn chapters(book: &Book) -> Vec<Chapter> {
    let chapter = |entry: &Entry| Chapter {
        position: entry.position,
        at: entry.at,
        fact: entry.fact.clone(),
        decisions: entry.decisions.clone(),
    };
    book.log.iter().map(chapter).collect()
}

fn log_of(book: &Book) -> MemoryLog {
    let log = MemoryLog::new();
    for chapter in chapters(book) {
        let mut group = Group::new(chapter.at);
        history::write(&chapter, &mut group).expect("it fits");
        log.append(&group).expect("memory takes all");
    }
    log
}

fn asked(book: &Book, question: &BooksQuestion) -> anyhow::Result<Told> {
    tell_books(&log_of(book), question, &mut |_, _, _| {})
}

fn balance(book: &Book, day: Option<&str>, at: Option<u64>) -> Told {
    let question = BooksQuestion::Balance { day: day.map(str::to_owned), at };
    asked(book, &question).expect("it makes sense")
}

fn statement(book: &Book, path: &str, days: Option<(&str, &str)>) -> anyhow::Result<Told> {
    let days = days.map(|(from, to)| (from.to_owned(), to.to_owned()));
    asked(book, &BooksQuestion::Account { path: path.to_owned(), days, at: None })
}

fn json(told: &Told) -> Value {
    serde_json::from_str(&told.json).expect("one document")
}

/// The line of a table that holds a word, with single blanks.
fn line(text: &str, word: &str) -> String {
    let line = text.lines().find(|line| line.contains(word)).expect("it is there");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_trial_balance_shows_what_stood_moved_and_stands() {
    let book = books_day();
    let told = balance(&book, Some("2026-11-20"), None);
    assert!(told.clean);
    let row = line(&told.text, "WeChat:Main");
    let name = "其他货币资金-微信-main";
    assert_eq!(
        row,
        format!("10120102 Assets:Channel:WeChat:Main CNY 500.00 220.00 475.40 244.60 {name}")
    );
    let total = line(&told.text, "合计");
    assert!(total.starts_with("total CNY 0.00 ") && total.ends_with(" 0.00 合计"), "{total}");
    assert!(told.text.contains("Debits equal credits"), "{}", told.text);
    let json = json(&told);
    assert_eq!(json["totals"][0]["debit"], json["totals"][0]["credit"]);
    let long = json["accounts"].as_array().expect("a list").iter();
    let long = long.clone().find(|one| one["account"] == "Liabilities:Suspense:Long");
    assert_eq!(long.expect("it is there")["balance"], "-12.00");
}

#[test]
fn a_trial_balance_of_a_position_knows_nothing_of_what_comes_after() {
    let book = books_day();
    let nothing = balance(&book, None, Some(3));
    assert!(nothing.text.contains("Nothing was posted."), "{}", nothing.text);
    let end = book.state.position().number();
    let (at, now) = (json(&balance(&book, None, Some(end))), json(&balance(&book, None, None)));
    assert_eq!(at["accounts"], now["accounts"]);
    let beyond = BooksQuestion::Balance { day: None, at: Some(end + 1) };
    assert!(asked(&book, &beyond).is_err());
}

#[test]
fn a_statement_leads_from_opening_to_closing_line_by_line() {
    let book = books_day();
    let days = Some(("2026-11-20", "2026-11-20"));
    let told = statement(&book, "Assets:Channel:WeChat:Main", days).expect("it is there");
    let json = json(&told);
    assert_eq!(json["opening"][0]["balance"], "500.00");
    assert_eq!(json["closing"][0]["balance"], "244.60");
    let lines = json["lines"].as_array().expect("a list");
    assert_eq!(lines.last().expect("there are")["balance"], "244.60");
    let short = lines.iter().find(|one| one["narration"] == "break-suspended");
    let short = short.expect("the break is there");
    assert_eq!(short["credit"], "25.00");
    assert_eq!(short["counter"][0], "Assets:Suspense:Short");
    let about = short["about"].as_object().expect("it names what it is about");
    assert_eq!(about.keys().collect::<Vec<_>>(), ["break", "payment"]);
    assert!(told.text.contains("closing 期末 244.60 CNY"), "{}", told.text);
    let by_code = statement(&book, "10120102", days).expect("a code is a name too");
    assert_eq!(by_code, told);
    let unknown = statement(&book, "Assets:Nowhere", None).expect_err("there is none");
    assert!(unknown.to_string().contains("ledger chart"), "{unknown}");
    let empty = statement(&book, "Income:Unclaimed", None).expect("it is in the chart");
    assert!(empty.text.contains("no lines"), "{}", empty.text);
}

#[test]
fn a_line_that_a_closed_day_did_not_take_says_which_day_it_is_of() {
    let mut book = books_day();
    let breaks: Vec<_> = book.state.open_breaks_booked(BOOKS_DAY).collect();
    book.must(close(BOOKS_DAY, "ann", &breaks));
    let before = balance(&book, Some("2026-11-20"), None);
    for id in breaks {
        let end = BreakStep::Propose(resolution(ResolutionKind::WrittenOff));
        book.must(work(id, "ann", end));
        book.must(work(id, "bob", BreakStep::Approve));
    }
    let wallet = WalletId::new("Main").expect("a good name");
    book.must(Fact::MovementRecorded(MovementRecorded {
        id: MovementId::from_bits(4),
        movement: Movement::ChannelFee { wallet, fee: Amount::fen(9) },
        moved_at: BOOKS_DAY_START,
        by: "ann".into(),
        evidence: "line 9".into(),
    }));
    let after = balance(&book, Some("2026-11-20"), None);
    assert_eq!(json(&after)["accounts"], json(&before)["accounts"], "a closed day stays");
    let next = Some(("2026-11-20", "2026-11-21"));
    let told = statement(&book, "Expenses:Fees:Channel", next).expect("it is there");
    let row = line(&told.text, "line 9");
    assert!(row.starts_with("2026-11-21 "), "{row}");
    assert!(row.contains("(of 2026-11-20)"), "{row}");
    let loss = statement(&book, "Expenses:ReconLoss", None).expect("it is there");
    assert_eq!(json(&loss)["closing"][0]["balance"], "25.00");
}

#[test]
fn a_chart_lists_wallets_banks_and_what_people_may_adjust() {
    let told = asked(&books_day(), &BooksQuestion::Chart).expect("it makes sense");
    let row = line(&told.text, "Liabilities:Suspense:Long");
    assert_eq!(row, "190102 Liabilities:Suspense:Long liability no 待处理财产损溢-长款挂账 (负债)");
    let accounts = json(&told)["accounts"].as_array().expect("a list").len();
    assert_eq!(accounts, 22, "two wallets, one bank, and those of every book");
    let bank = line(&told.text, "Assets:Bank:CMB");
    assert!(bank.starts_with("100201 Assets:Bank:CMB asset yes "), "{bank}");
}

#[test]
fn a_statement_beyond_its_limit_is_refused() {
    let book = books_day();
    let zone = book_zone(&log_of(&book)).expect("it has one");
    let selection = BooksQuestion::Chart.selection().expect("it makes sense");
    let mut survey = Survey::new(zone, selection);
    let chapters = chapters(&book);
    chapters.iter().for_each(|chapter| survey.fold(chapter));
    let plan = survey.finish(Head { position: book.state.position(), root: String::new() });
    // The wallets, and then the same fee so often that no answer holds it.
    let declared = chapters.iter().filter(|one| matches!(one.fact, Fact::WalletDeclared(_)));
    let is_fee = |one: &&Chapter| {
        matches!(&one.fact, Fact::MovementRecorded(moved)
            if matches!(moved.movement, Movement::ChannelFee { .. }))
    };
    let fee = chapters.iter().find(is_fee).expect("there is one");
    let told = account::told(&plan, "Expenses:Fees:Channel", &mut |visit| {
        declared.clone().try_for_each(&mut *visit)?;
        (0..=account::LINES_MAX).try_for_each(|_| visit(fee))
    });
    assert!(told.expect_err("too many").to_string().contains("fewer days"));
}
