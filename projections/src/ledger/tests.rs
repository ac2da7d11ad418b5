//! The books of a known day and of random histories: sums at any position and day, the order of the
//! journal, and what every export must have.
//!
//! Deliberately not here: what other programs say to the exports (`tests/plain_text_books.rs`).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, BreakId, MovementId, WalletId};
use duizhang_core::ledger::{
    Account, AdjustmentProposed, Movement, MovementRecorded, Numbered, Poster,
};
use duizhang_core::position::Position;
use duizhang_core::testing::{BOOKS_DAY, BOOKS_DAY_START, Book, books_day, history, reckoning};
use duizhang_core::time::Span;
use proptest::prelude::*;

use super::{
    AccountStatement, Balances, Books, Export, Format, Head, Journal, Plan, Selection, Survey,
};
use crate::calendar::{Zone, date_of};
use crate::projection::Projection;

fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("it exists")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn chapters(book: &Book) -> Vec<Chapter> {
    let chapter = |entry: &duizhang_core::testing::Entry| Chapter {
        position: entry.position,
        at: entry.at,
        fact: entry.fact.clone(),
        decisions: entry.decisions.clone(),
    };
    book.log.iter().map(chapter).collect()
}

fn plan(chapters: &[Chapter], selection: Selection) -> Plan {
    plan_in(zone(), chapters, selection)
}

fn plan_in(zone: Zone, chapters: &[Chapter], selection: Selection) -> Plan {
    let mut survey = Survey::new(zone, selection);
    chapters.iter().for_each(|chapter| survey.fold(chapter));
    let position = chapters.last().map_or(Position::START, Chapter::last_position);
    survey.finish(Head { position, root: "ab".repeat(32) })
}

fn export(chapters: &[Chapter], selection: Selection, format: Format) -> Vec<u8> {
    let plan = plan(chapters, selection);
    let mut out = Vec::new();
    let mut export = Export::begin(&plan, format, &mut out).expect("a vector takes all");
    chapters.iter().for_each(|chapter| export.fold(chapter).expect("a vector takes all"));
    export.finish().expect("a vector takes all");
    out
}

fn text(chapters: &[Chapter], selection: Selection, format: Format) -> String {
    String::from_utf8(export(chapters, selection, format)).expect("it is text")
}

/// Those that this build writes.
fn formats() -> impl Iterator<Item = Format> {
    let built = |format: &Format| cfg!(feature = "parquet") || *format != Format::Parquet;
    Format::ALL.into_iter().filter(built)
}

fn books(chapters: &[Chapter]) -> Books {
    let mut books = Books::new(zone());
    chapters.iter().for_each(|chapter| books.fold(chapter));
    books
}

/// Fen by path, of accounts that have a balance.
fn fen(books: &Books, balances: &Balances) -> BTreeMap<String, i128> {
    let all = balances.iter().filter(|(.., sums)| sums.balance() != 0);
    all.map(|(account, _, sums)| (books.chart().path(account).to_owned(), sums.balance())).collect()
}

#[test]
fn balances_of_a_day_and_of_a_position_are_what_finance_expects() {
    let chapters = chapters(&books_day());
    let books = books(&chapters);
    let evening = fen(&books, &books.trial_balance_on(day("2026-11-20")));
    assert_eq!(evening["Assets:Channel:Alipay:Main"], 130_238);
    assert_eq!(evening["Assets:Channel:WeChat:Main"], 24_460);
    assert_eq!(evening["Assets:Channel:InTransit"], 40_000);
    assert_eq!(evening["Liabilities:Suspense:Unidentified"], -11_665);
    assert_eq!(evening["Income:Orders"], -33_500);
    assert!(!evening.contains_key("Assets:Receivable:Orders"));
    let before = fen(&books, &books.trial_balance_on(day("2026-11-19")));
    assert_eq!(before["Equity:Opening"], -150_000);
    assert_eq!(before.len(), 3);
    assert_eq!(books.trial_balance_on(day("2026-11-21")), books.trial_balance());
    assert_eq!(fen(&books, &books.moved_on(day("2026-11-21")))["Assets:Bank:CMB"], 40_000);
}

/// The payment of 23:59:58 that was seen after midnight is in the day before, behind its entries.
#[test]
fn the_journal_is_in_the_order_of_its_days() {
    let chapters = chapters(&books_day());
    let plan = plan(&chapters, Selection::Whole);
    let mut journal = Journal::new(&plan);
    let mut seen: Vec<(NaiveDate, Position)> = Vec::new();
    let mut note = |_: &Plan, dated: super::Dated<'_>| {
        seen.push((dated.day, dated.entry.position()));
        Ok::<(), std::convert::Infallible>(())
    };
    for chapter in &chapters {
        journal.fold(chapter, &mut note).expect("it cannot fail");
    }
    journal.finish(&mut note).expect("it cannot fail");
    assert!(seen.is_sorted());
    assert_eq!(u64::try_from(seen.len()), Ok(plan.entries));
    let midnight = chapters.iter().find(|one| zone().day_of(one.at) == day("2026-11-21"));
    let midnight = midnight.expect("there is a next day").position;
    let late = seen.iter().any(|(of, at)| *of == day("2026-11-20") && *at > midnight);
    assert!(late, "{seen:?}");
}

fn statement(chapters: &[Chapter], plan: &Plan, account: Numbered) -> Vec<i128> {
    let mut statement = AccountStatement::new(plan, account);
    let mut balances = vec![statement.balance(Currency::Cny)];
    let mut journal = Journal::new(plan);
    let mut take = |_: &Plan, dated: super::Dated<'_>| {
        balances.extend(statement.take(dated).iter().map(|line| line.balance));
        Ok::<(), std::convert::Infallible>(())
    };
    for chapter in chapters {
        journal.fold(chapter, &mut take).expect("it cannot fail");
    }
    journal.finish(&mut take).expect("it cannot fail");
    balances
}

#[test]
fn a_statement_leads_from_the_opening_to_the_closing_balance() {
    let chapters = chapters(&books_day());
    let plan = plan(&chapters, Selection::Day(day("2026-11-20")));
    let balances = statement(&chapters, &plan, Account::InTransit);
    assert_eq!(balances, vec![0, 40_000]);
    let wechat = statement(&chapters, &plan, Account::Wallet(1));
    assert_eq!((wechat[0], wechat.last()), (50_000, Some(&24_460)));
}

#[test]
fn every_export_names_the_log_it_was_made_of_and_its_totals() {
    let chapters = chapters(&books_day());
    let selection = Selection::Day(day("2026-11-20"));
    let plan = plan(&chapters, selection);
    let total = plan.moved.totals()[&Currency::Cny];
    assert_eq!(total.debit, total.credit);
    let total = super::decimal(total.debit, Currency::Cny);
    for format in formats().filter(|format| !format.is_binary()) {
        let text = text(&chapters, selection, format);
        let head: String = text.lines().take(14).collect();
        for part in [&plan.head.root, &plan.head.position.to_string(), "2026-11-20", &total] {
            assert!(head.contains(part), "{} without {part}: {head}", format.word());
        }
    }
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let chapters = chapters(&books_day());
    for format in formats() {
        let first = export(&chapters, Selection::Whole, format);
        assert_eq!(first, export(&chapters, Selection::Whole, format), "{}", format.word());
        assert_eq!(format.word().parse(), Ok(format));
        let magic = first.starts_with(b"PK") || first.starts_with(b"PAR1");
        assert_eq!(magic, format.is_binary());
    }
    assert!("docx".parse::<Format>().is_err());
}

#[test]
fn an_empty_selection_is_a_file_all_the_same() {
    let chapters = chapters(&books_day());
    for format in formats() {
        let nothing = Selection::Positions(Position::new(9_000), Position::new(9_001));
        assert!(!export(&chapters, nothing, format).is_empty(), "{}", format.word());
        assert!(!export(&[], Selection::Whole, format).is_empty(), "{}", format.word());
    }
}

/// The day of `books_day`, closed on the next morning, and then a fee of it that nobody knew.
fn closed_day() -> Book {
    let mut book = books_day();
    let accepted: Vec<BreakId> = book.state.open_breaks_booked(BOOKS_DAY).collect();
    assert_eq!(accepted.len(), 2);
    book.must(reckoning::close(BOOKS_DAY, "ann", &accepted));
    late_fee(&mut book, 7);
    book
}

fn late_fee(book: &mut Book, fen: i64) {
    let wallet = WalletId::new("main").expect("a good name");
    let id = MovementId::from_bits(book.draw_bits("movement"));
    book.must(Fact::MovementRecorded(MovementRecorded {
        id,
        movement: Movement::ChannelFee { wallet, fee: Amount::fen(fen) },
        moved_at: BOOKS_DAY_START.plus(Span::from_hours(20)),
        by: "ann".into(),
        evidence: "line 9".into(),
    }));
}

#[test]
fn what_comes_after_the_close_counts_on_the_open_day_and_says_so() {
    let mut book = closed_day();
    let fees = |book: &Book, on| {
        let books = books(&chapters(book));
        fen(&books, &books.trial_balance_on(day(on)))["Expenses:Fees:Channel"]
    };
    assert_eq!((fees(&book, "2026-11-20"), fees(&book, "2026-11-21")), (126, 133));
    let chapters = chapters(&book);
    let said = |format| text(&chapters, Selection::Day(day("2026-11-21")), format);
    for (format, words) in [
        (Format::Beancount, &[" ^of-2026-11-20", "\n  natural-day: 2026-11-20\n"][..]),
        (Format::Hledger, &["\n    ; natural-day: 2026-11-20\n"]),
        (Format::Ledger, &["\n    ; natural-day: 2026-11-20\n"]),
        (Format::Csv, &[",2026-11-20\r\n"]),
        (Format::Json, &["\"date\":\"2026-11-21\"", "\"natural_date\":\"2026-11-20\""]),
        (Format::VoucherCsv, &["\"渠道手续费 补记2026-11-20 line 9\""]),
    ] {
        let said = said(format);
        for words in words {
            assert!(said.contains(words), "{} without {words}: {said}", format.word());
        }
        let before = text(&chapters, Selection::Day(day("2026-11-20")), format);
        assert!(!before.contains("line 9"), "{}", format.word());
    }
    // After two people opened it again, the next one counts on its own day.
    book.must(reckoning::reopen(BOOKS_DAY, "ann"));
    late_fee(&mut book, 10);
    assert_eq!((fees(&book, "2026-11-20"), fees(&book, "2026-11-21")), (126, 143));
    book.must(reckoning::reopen(BOOKS_DAY, "bob"));
    late_fee(&mut book, 100);
    assert_eq!((fees(&book, "2026-11-20"), fees(&book, "2026-11-21")), (226, 243));
}

/// A balance is the sum of the days before it: an open day before a closed one takes nothing.
#[test]
fn an_open_day_before_a_closed_one_takes_nothing() {
    let mut book = books_day();
    book.at = BOOKS_DAY_START.plus(Span::from_hours(58));
    book.reconcile_rest(BOOKS_DAY.next());
    book.must(reckoning::close(BOOKS_DAY.next(), "ann", &[]));
    late_fee(&mut book, 7);
    let books = books(&chapters(&book));
    let fees = |on| fen(&books, &books.trial_balance_on(day(on)))["Expenses:Fees:Channel"];
    assert_eq!([fees("2026-11-20"), fees("2026-11-21"), fees("2026-11-22")], [126, 126, 133]);
}

/// Everything that the books tell of a day, but for the end of the log that they were made of.
fn told_of(chapters: &[Chapter], on: NaiveDate) -> (Balances, Balances, Balances, String) {
    let (books, plan) = (books(chapters), plan(chapters, Selection::Day(on)));
    let text = text(chapters, Selection::Day(on), Format::Beancount);
    let text = text.lines().filter(|line| !line.starts_with(";; log ")).collect::<Vec<_>>();
    (books.trial_balance_on(on), books.moved_on(on), plan.opening, text.join("\n"))
}

/// Fields of a record as RFC 4180 has them.
fn fields(record: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut signs = record.chars().peekable();
    while let Some(sign) = signs.next() {
        let last = fields.last_mut().expect("there is one");
        match sign {
            '"' if quoted && signs.next_if_eq(&'"').is_some() => last.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => last.push(other),
        }
    }
    fields
}

/// What an operator writes never becomes a formula, a record, a line or a directive.
#[test]
fn what_people_write_stays_text() {
    let nasty = [
        "=HYPERLINK(\"http://evil\",\"x\")",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "  =1",
        "＝1",
        "a\"b,c;d:e [2026-01-01] date:never",
        "\\ #tag ^link | bar",
    ];
    for note in nasty {
        let mut book = books_day();
        let line = |account, fen| (account, Amount::fen(fen));
        book.must(Fact::AdjustmentProposed(AdjustmentProposed {
            id: AdjustmentId::from_bits(77),
            lines: vec![line(Account::Tolerance, 1), line(Account::Unclaimed, -1)],
            value_at: book.at,
            by: "ann".into(),
            reason: note.into(),
        }));
        let chapters = chapters(&book);
        let csv = text(&chapters, Selection::Whole, Format::Csv);
        let csv = csv.strip_prefix('\u{feff}').expect("it begins with the mark");
        let mut found = false;
        for record in csv.split_terminator("\r\n") {
            let fields = fields(record);
            assert_eq!(fields.len(), 22, "{record}");
            let formula = fields
                .iter()
                .any(|field| field.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋']));
            assert!(!formula, "{record}");
            found |= fields[19].trim_start_matches('\'') == note;
        }
        assert!(found, "{note}");
        let plain = text(&chapters, Selection::Whole, Format::Ledger);
        let line = plain.lines().find(|line| line.contains("note: ") && line.contains("；d："));
        assert_eq!(line.is_some(), note.contains(";d:"));
        let json = text(&chapters, Selection::Whole, Format::Json);
        let notes = json.lines().map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("a document each")["note"]
                .clone()
        });
        assert!(notes.into_iter().any(|told| told == note));
    }
}

#[test]
fn a_voucher_proves_its_debits_and_credits() {
    let chapters = chapters(&books_day());
    let voucher = text(&chapters, Selection::Day(day("2026-11-20")), Format::VoucherCsv);
    let records: Vec<Vec<String>> = voucher.split_terminator("\r\n").map(fields).collect();
    assert!(records.iter().all(|fields| fields.len() == 13));
    assert_eq!(records[1][6], "科目名称");
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or_default();
    let (proof, lines) = records[2..].split_last().expect("there are lines");
    assert_eq!((proof[0].as_str(), &proof[7]), ("合计", &proof[8]));
    for column in [7, 8] {
        let sum: i64 = lines.iter().map(|fields| cents(&fields[column])).sum();
        assert_eq!(sum, cents(&proof[column]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Until it is opened again, a closed day stays as it was when it was closed.
    #[test]
    fn a_closed_day_never_changes(steps in history(200)) {
        let mut book = Book::default();
        book.play(&steps);
        let chapters = chapters(&book);
        for (index, chapter) in chapters.iter().enumerate() {
            let Some(Decision::DayClosed { day }) = chapter.decisions.first() else { continue };
            let opened = Decision::DayReopened { day: *day };
            let later = &chapters[index..];
            let end = later.iter().position(|one| one.decisions.contains(&opened));
            let end = end.map_or(chapters.len(), |after| index + after);
            let on = date_of(*day);
            prop_assert_eq!(told_of(&chapters[..=index], on), told_of(&chapters[..end], on));
        }
    }

    /// Wherever the book is, and whatever was closed: each entry once, by day and then by position.
    #[test]
    fn journals_are_in_order_in_every_zone(steps in history(150), name in prop::sample::select(
        vec!["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"],
    )) {
        let mut book = Book::default();
        book.play(&steps);
        let chapters = chapters(&book);
        let plan = plan_in(Zone::new(name).expect("it exists"), &chapters, Selection::Whole);
        let mut seen: Vec<(NaiveDate, Position)> = Vec::new();
        let mut note = |_: &Plan, dated: super::Dated<'_>| {
            seen.push((dated.day, dated.entry.position()));
            Ok::<(), std::convert::Infallible>(())
        };
        let mut journal = Journal::new(&plan);
        for chapter in &chapters {
            journal.fold(chapter, &mut note).expect("it cannot fail");
        }
        journal.finish(&mut note).expect("it cannot fail");
        prop_assert!(seen.is_sorted(), "{:?}", seen);
        prop_assert_eq!(u64::try_from(seen.len()), Ok(plan.entries));
    }

    /// Sums by position, by day, by walk and by hand agree in every history.
    #[test]
    fn sums_agree_however_they_are_made(steps in history(100), cut in any::<prop::sample::Index>()) {
        let mut book = Book::default();
        book.play(&steps);
        let chapters = chapters(&book);
        let folded = books(&chapters);
        let mut plain = Balances::default();
        let mut poster = Poster::new();
        for entry in chapters.iter().flat_map(|chapter| poster.post(chapter)) {
            entry.lines().iter().for_each(|line| plain.add(line));
        }
        prop_assert_eq!(folded.trial_balance(), plain.clone());
        for (currency, total) in plain.totals() {
            prop_assert_eq!(total.debit, total.credit, "{}", currency);
        }
        let whole = plan(&chapters, Selection::Whole);
        prop_assert_eq!(whole.closing(), plain.clone());
        let at = chapters[cut.index(chapters.len())].last_position();
        let early: Vec<Chapter> =
            chapters.iter().filter(|chapter| chapter.position <= at).cloned().collect();
        let first = plan(&chapters, Selection::Positions(Position::START, at));
        prop_assert_eq!(first.closing(), books(&early).trial_balance());
        let rest = plan(&chapters, Selection::Positions(at.next(), Position::new(u64::MAX)));
        prop_assert_eq!(&rest.opening, &first.moved);
        prop_assert_eq!(rest.closing(), plain);
    }
}
