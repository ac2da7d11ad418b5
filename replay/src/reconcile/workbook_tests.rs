//! The workbook read back: its sheets, its texts, and its formulas calculated again.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use rust_decimal::Decimal;

use super::page_tests::shop;

/// The parts of a workbook as texts.
fn parts(workbook: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).expect("a zip file");
    let names: Vec<String> =
        archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    let read = names.into_iter().map(|name| {
        let mut text = String::new();
        archive.by_name(&name).expect("it is named").read_to_string(&mut text).expect("XML");
        (name, text)
    });
    read.collect()
}

fn part<'a>(parts: &'a [(String, String)], name: &str) -> &'a str {
    parts.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
}

#[test]
fn the_workbook_has_its_sheets_and_only_totals_are_formulas() {
    let parts = parts(&shop().xlsx().expect("a workbook"));
    let book = part(&parts, "xl/workbook.xml");
    let sheets = [
        "概览",
        "差错明细",
        "一致明细",
        "跨日·缓冲池",
        "未认领",
        "排除项",
        "文件与自证",
        "凭证",
        "变更记录",
    ];
    for name in sheets {
        assert!(book.contains(&format!("name=\"{name}\"")), "{name}: {book}");
    }
    assert!(part(&parts, "docProps/core.xml").contains("2026-11-20T00:00:00Z"));
    let texts = part(&parts, "xl/sharedStrings.xml");
    assert!(texts.contains("=cmd()|'/c calc'!A1") && texts.contains("&lt;script&gt;"), "{texts}");
    assert!(texts.contains("20261120001900000000000001"), "a serial is a text");
    for place in 1..=sheets.len() {
        let sheet = part(&parts, &format!("xl/worksheets/sheet{place}.xml"));
        for formula in sheet.split("<f>").skip(1) {
            let formula = formula.split("</f>").next().expect("it ends");
            let is_total = formula.starts_with("SUM(") || formula.contains('+');
            assert!(is_total && !formula.contains('!'), "{formula}");
        }
    }
    let overview = part(&parts, "xl/worksheets/sheet1.xml");
    let total = overview.split("<f>").find(|part| part.contains("<v>1546.98</v>"));
    assert!(total.is_some(), "the total bears its result: {overview}");
    let details = part(&parts, "xl/worksheets/sheet2.xml");
    assert!(details.contains("<pane") && details.contains("<autoFilter"), "{details}");
}

#[test]
fn a_text_that_no_cell_holds_is_cut_with_a_mark() {
    // A cell counts UTF-16 units, of which signs outside of the first plane take two.
    for sign in ["长", "𠮷"] {
        let mut report = shop();
        report.breaks[0].meaning = sign.repeat(32_767);
        let parts = parts(&report.xlsx().expect("a workbook"));
        let texts = part(&parts, "xl/sharedStrings.xml");
        let long = texts.split("<t").find(|text| text.contains(&sign.repeat(99))).expect("it");
        assert!(long.contains("… (cut here: csv and json have the whole)"), "{sign}");
        let units = long.encode_utf16().filter(|unit| *unit > 0x3000).count();
        assert!((32_000..=32_767).contains(&units), "{units}");
    }
}

/// The number and the formula of each cell of a sheet that is no text.
fn cells(sheet: &str) -> BTreeMap<String, (Decimal, Option<String>)> {
    let between = |text: &str, from: &str, to: &str| {
        let rest = text.split_once(from)?.1;
        Some(rest.split_once(to)?.0.to_owned())
    };
    let cells = sheet.split("<c r=\"").skip(1).filter_map(|cell| {
        let cell = cell.split("</c>").next()?;
        let (name, rest) = cell.split_once('"')?;
        let is_text = rest.split('>').next()?.contains("t=\"s\"");
        let number = between(rest, "<v>", "</v>").filter(|_| !is_text)?.parse().ok()?;
        Some((name.to_owned(), (number, between(rest, "<f>", "</f>"))))
    });
    cells.collect()
}

#[test]
fn a_spreadsheet_that_calculates_again_finds_the_same_totals() {
    let parts = parts(&shop().xlsx().expect("a workbook"));
    let mut formulas = 0;
    for place in 1..=9 {
        let cells = cells(part(&parts, &format!("xl/worksheets/sheet{place}.xml")));
        let value = |name: &str| cells.get(name).map_or(Decimal::ZERO, |(value, _)| *value);
        for (name, (result, formula)) in &cells {
            let Some(formula) = formula else { continue };
            formulas += 1;
            let range = formula.strip_prefix("SUM(").and_then(|rest| rest.strip_suffix(')'));
            let sum: Decimal = match range.and_then(|range| range.split_once(':')) {
                None => formula.split('+').map(value).sum(),
                Some((first, last)) => {
                    let column: String = first.chars().filter(char::is_ascii_uppercase).collect();
                    let row = |cell: &str| cell[column.len()..].parse::<u32>().expect("a row");
                    (row(first)..=row(last)).map(|row| value(&format!("{column}{row}"))).sum()
                }
            };
            assert_eq!(sum, *result, "{name} of sheet {place}: {formula}");
        }
    }
    assert!(formulas > 50, "{formulas}");
}
