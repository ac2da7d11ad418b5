//! Events, orders and breaks: what each row says, which rows are selected, and that every format
//! says the same.

use duizhang_core::position::Position;
use duizhang_core::testing::{Book, books_day, history};
use duizhang_projections::calendar::date_of;
use duizhang_projections::export::{ListFormat, Listed};
use duizhang_projections::ledger::Selection;
use proptest::prelude::*;

use crate::books::{
    DAY, NASTY, SERIAL, Sums, add, break_of, chapters, findings, list, standing, worked,
};
use crate::records::{Record, Told, read};

/// The formats that are read by rows.
const FORMATS: [ListFormat; 3] = [ListFormat::Csv, ListFormat::Json, ListFormat::Xlsx];

fn told(book: &Book, selection: Selection, listed: Listed, format: ListFormat) -> Told {
    read(&list(&chapters(book), selection, listed, format).0, format)
}

#[test]
fn an_order_is_told_as_it_stands_at_the_end_of_the_selection() {
    let mut book = Book::default();
    let order = book.open("shop", SERIAL, 1_000);
    let asked = book.log.last().expect("it was asked").position;
    let (payment, _) = book.pay(1_000);
    for format in FORMATS {
        let told = told(&book, Selection::Whole, Listed::Orders, format);
        let row = &told.rows[0];
        let expected = [
            ("order", order.to_string()),
            ("number", SERIAL.to_owned()),
            ("status", "paid".to_owned()),
            ("paid", "10.00".to_owned()),
            ("paid_minor", "1000".to_owned()),
            ("currency", "CNY".to_owned()),
            ("payments", payment.to_string()),
            ("biz_date", date_of(DAY).succ_opt().expect("a day").to_string()),
            ("callback", "pending".to_owned()),
        ];
        for (column, value) in expected {
            assert_eq!(row[column], value, "{} {column}", format.word());
        }
        let early = Selection::Positions(asked, asked);
        let early = self::told(&book, early, Listed::Orders, format);
        assert_eq!(
            (early.rows[0]["status"].as_str(), early.rows[0].get("payments")),
            ("open", None)
        );
        let behind = Selection::Positions(asked.next(), Position::new(9_999));
        assert!(self::told(&book, behind, Listed::Orders, format).rows.is_empty());
    }
}

#[test]
fn breaks_are_told_with_everything_that_was_done_to_them() {
    let book = worked();
    for format in FORMATS {
        let told = told(&book, Selection::Whole, Listed::Breaks, format);
        assert_eq!(told.heading["breaks"], "4");
        assert_eq!((told.heading["open"].as_str(), told.heading["over"].as_str()), ("3", "1"));
        let row = |serial: &str| {
            let id = break_of(serial).to_string();
            told.rows.iter().find(|row| row["break"] == id).expect("it is listed")
        };
        let owned = row(&format!("{SERIAL}0"));
        assert_eq!(owned["subject"], format!("line {SERIAL}0"));
        assert_eq!(owned["owner"].trim_start_matches('\''), NASTY);
        assert_eq!(owned["related"], "line =1+1");
        assert_eq!((owned["code"].as_str(), owned["chinese"].as_str()), ("M01", "多付"));
        assert_eq!((owned["amount"].as_str(), owned["direction"].as_str()), ("0.05", "in"));
        assert_eq!(row(&format!("{SERIAL}1"))["state"], "waiting for payer");
        let over = row(&format!("{SERIAL}2"));
        assert_eq!((over["ending"].as_str(), over["cause"].as_str()), ("claimed", "provider"));
        let late = row("LATE");
        assert_eq!(late["code"], "U02 P01");
        assert_eq!(late["biz_date"], date_of(DAY.next()).to_string(), "booked where it is open");
        assert_eq!(late["day"], date_of(DAY).to_string());
    }
    let json = told(&book, Selection::Whole, Listed::Breaks, ListFormat::Json);
    let history = |row: &Record| -> Vec<serde_json::Value> {
        serde_json::from_str(&row["history"]).expect("a list")
    };
    for row in &json.rows {
        assert_eq!(row["history_count"], history(row).len().to_string());
    }
    let over = json.rows.iter().find(|row| row.contains_key("ending")).expect("one is over");
    let words: Vec<String> = history(over).iter().map(|one| one["what"].to_string()).collect();
    assert_eq!(words, ["\"opened\"", "\"step\"", "\"ended\""]);
    let booked = Selection::Day(date_of(DAY.next()));
    assert_eq!(told(&book, booked, Listed::Breaks, ListFormat::Csv).rows.len(), 1);
}

#[test]
fn an_event_names_its_things_and_says_all_of_its_content() {
    let chapters = chapters(&books_day());
    let (bytes, heading) = list(&chapters, Selection::Whole, Listed::Events, ListFormat::Json);
    let rows = read(&bytes, ListFormat::Json).rows;
    assert_eq!(heading["events"], rows.len().to_string());
    let positions = rows.iter().map(|row| row["position"].parse::<usize>().expect("a number"));
    assert!(positions.eq(1..=rows.len()), "one row for each event, in the order of the log");
    let of = |event: &str| rows.iter().find(|row| row["event"] == event).expect("it happened");
    let matched = of("payment_matched");
    let content: serde_json::Value = serde_json::from_str(&matched["content"]).expect("JSON");
    assert_eq!(matched["what"], "decision");
    assert_eq!(matched["order"], content["order"].as_str().expect("an id"));
    assert_eq!(matched["payment"], content["payment"].as_str().expect("an id"));
    let asked = of("order_requested");
    let content: serde_json::Value = serde_json::from_str(&asked["content"]).expect("JSON");
    assert_eq!(content["requested"]["amount"], asked["amount"].as_str());
    assert_eq!((asked["merchant"].as_str(), asked["currency"].as_str()), ("shop", "CNY"));
    assert!(of("movement_recorded").contains_key("movement"));
    assert!(of("refund_step_taken").contains_key("refund"));
}

/// A content longer than a cell is cut there, with a word about it, and whole elsewhere.
#[test]
fn what_no_cell_holds_is_cut_and_says_so() {
    let mut book = Book::default();
    let mut received = book.money(100);
    // JSON has six signs for one such byte.
    received.raw = vec![1; 7_000];
    book.notify(received);
    let cell = |format| {
        let rows = told(&book, Selection::Whole, Listed::Events, format).rows;
        let row = rows.into_iter().find(|row| row["event"] == "notification_received");
        row.expect("it came")["content"].clone()
    };
    assert!(cell(ListFormat::Xlsx).ends_with("(cut here: csv and json have the whole)"));
    assert!(cell(ListFormat::Xlsx).encode_utf16().count() <= 32_767);
    assert!(cell(ListFormat::Json).contains(&"\\u0001".repeat(7_000)));
    assert_eq!(cell(ListFormat::Csv), cell(ListFormat::Json));
}

#[test]
fn bytes_that_are_no_text_are_told_in_hexadecimal() {
    let mut book = Book::default();
    let mut received = book.money(100);
    received.raw = vec![0xff, 0x00];
    book.notify(received);
    let bytes = list(&chapters(&book), Selection::Whole, Listed::Events, ListFormat::Json).0;
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.contains("\"raw\":{\"hex\":\"ff00\"}"), "{text}");
}

#[test]
fn a_list_of_nothing_is_a_file_all_the_same() {
    for (listed, format) in Listed::ALL.into_iter().flat_map(|one| FORMATS.map(|of| (one, of))) {
        let nothing = read(&list(&[], Selection::Whole, listed, format).0, format);
        assert!(nothing.rows.is_empty());
        assert_eq!(nothing.heading[listed.word()], "0");
        let never = Selection::Day(date_of(DAY).pred_opt().expect("a day"));
        assert!(told(&worked(), never, listed, format).rows.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every format says the same of any history, and its sums are those of its heading.
    #[test]
    fn any_history_reads_back_with_the_same_sums(
        steps in history(80),
        amounts in prop::collection::vec(0_i64..100_000_000, 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut book = Book::default();
        book.play(&steps);
        let kept = duizhang_core::testing::reckoning::statement(1, DAY);
        book.must(duizhang_core::fact::Fact::StatementKept(kept));
        let run = duizhang_core::testing::reckoning::run(1, DAY, &[1], findings(&amounts));
        book.must(duizhang_core::fact::Fact::DayReconciled(run));
        let chapters = chapters(&book);
        let at = chapters[cut.index(chapters.len())].position;
        let selections = [Selection::Whole, Selection::Positions(Position::START, at)];
        for (listed, selection) in
            Listed::ALL.into_iter().flat_map(|listed| selections.map(|one| (listed, one)))
        {
            let all = FORMATS.map(|format| {
                let (bytes, heading) = list(&chapters, selection, listed, format);
                assert_eq!(bytes, list(&chapters, selection, listed, format).0);
                (read(&bytes, format), heading)
            });
            for (told, heading) in &all {
                prop_assert_eq!(&heading["log root"], &told.heading["log root"]);
                prop_assert_eq!(&told.heading[listed.word()], &told.rows.len().to_string());
                prop_assert_eq!(sums(listed, &told.rows), totals(listed, heading));
            }
            let [csv, _, xlsx] = &all;
            prop_assert_eq!(&csv.0.rows, &xlsx.0.rows);
        }
    }
}

/// The columns of money of a list, and how a heading calls their sums.
fn columns(listed: Listed) -> &'static [&'static str] {
    match listed {
        Listed::Events | Listed::Breaks => &["amount"],
        Listed::Orders => &["requested", "payable", "paid", "refunded"],
    }
}

/// The sums of a list's rows, over all columns of money.
fn sums(listed: Listed, rows: &[Record]) -> Sums {
    let (mut decimals, mut units) = (Sums::new(), Sums::new());
    for (row, column) in
        rows.iter().flat_map(|row| columns(listed).iter().map(move |column| (row, *column)))
    {
        let Some(cell) = row.get(column) else { continue };
        add(&mut decimals, cell, &row["currency"]);
        let minor: i128 = row[&format!("{column}_minor")].parse().expect("whole");
        *units.entry(row["currency"].clone()).or_default() += minor;
    }
    assert_eq!(decimals, units);
    standing(units)
}

/// The sums of a heading.
fn totals(listed: Listed, heading: &Record) -> Sums {
    let names: &[&str] = match listed {
        Listed::Breaks => &["in", "out", "neutral", "control"],
        Listed::Events | Listed::Orders => columns(listed),
    };
    let mut sums = Sums::new();
    for (name, value) in heading {
        match name.rsplit_once(' ') {
            Some((name, currency)) if names.contains(&name) => add(&mut sums, value, currency),
            _ => {}
        }
    }
    standing(sums)
}
