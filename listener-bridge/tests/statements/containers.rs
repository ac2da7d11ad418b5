//! What a file is packed in, and files that are no statement: each refusal is a sentence that says
//! what to do.

use std::io::Write;

use duizhang_core::statement::STATEMENT_LINES_MAX;
use duizhang_listener_bridge::statements::{
    ARCHIVE_ENTRIES_MAX, Encoding, NotAStatement, Outcome, STATEMENT_BYTES_MAX, read_statement,
};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::layouts::{SUMMARY, TRADES, WECHAT_CSV};
use super::{gbk, zip_of};

fn refusal(bytes: &[u8]) -> NotAStatement {
    read_statement(bytes, None).expect_err("this is no statement")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Sets a bit in the flags of every header of an archive: bit 0 says encrypted.
fn encrypted(mut archive: Vec<u8>) -> Vec<u8> {
    for (mark, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> =
            archive.windows(4).enumerate().filter(|(_, w)| w == mark).map(|(at, _)| at).collect();
        for at in places {
            archive[at + flags] |= 1;
        }
    }
    archive
}

/// Replaces a name of an archive by another of the same length, as an archiver without the flag
/// for UTF-8 writes it.
fn renamed(mut archive: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    while let Some(at) = archive.windows(from.len()).position(|window| window == from) {
        archive[at..at + to.len()].copy_from_slice(to);
    }
    archive
}

#[test]
fn the_summary_may_come_first_and_names_are_gbk() {
    let name = gbk("20260605_业务明细.csv");
    let stand_in = "x".repeat(name.len());
    let archive = zip_of(&[("summary.csv", &gbk(SUMMARY)), (&stand_in, &gbk(TRADES))]);
    let statement = read_statement(&renamed(archive, stand_in.as_bytes(), &name), None).unwrap();
    assert_eq!(statement.layout, "alipay-merchant-trades");
    assert_eq!(statement.outcome(), Outcome::Ok, "{:#?}", statement.proof);
}

#[test]
fn a_summary_that_differs_fails_the_proof() {
    let other = SUMMARY.replace("合计,,2,1,", "合计,,3,1,");
    assert_ne!(other, SUMMARY);
    let archive = zip_of(&[("a.csv", &gbk(TRADES)), ("b.csv", &gbk(&other))]);
    assert_eq!(read_statement(&archive, None).unwrap().outcome(), Outcome::Fail);
    assert_eq!(refusal(&gbk(SUMMARY)), NotAStatement::Summary);
}

#[test]
fn gzip_is_opened_and_the_digest_is_of_the_file_itself() {
    let packed = gzip(WECHAT_CSV.as_bytes());
    let plain = read_statement(WECHAT_CSV.as_bytes(), None).unwrap();
    let opened = read_statement(&packed, None).unwrap();
    assert_eq!(opened.lines, plain.lines);
    assert_eq!(opened.encoding, Encoding::Utf8);
    assert_ne!(opened.sha256, plain.sha256);
    assert_eq!(read_statement(&packed, None), Ok(opened));
}

#[test]
fn what_is_no_statement_is_told_what_it_is() {
    use NotAStatement::{
        DamagedArchive, Empty, NothingInside, OldWorkbook, OtherArchive, Pdf, Picture,
        UnknownLayout, UnsafeName, Utf16, WebPage,
    };
    let page = "\u{feff}\r\n<!DOCTYPE html><html><body>请登录</body></html>";
    let cases: Vec<(&str, Vec<u8>, NotAStatement)> = vec![
        ("nothing", Vec::new(), Empty),
        ("pdf", b"%PDF-1.7 ...".to_vec(), Pdf),
        ("screenshot", b"\x89PNG\r\n\x1a\n...".to_vec(), Picture),
        ("photo", b"\xff\xd8\xff\xe0...".to_vec(), Picture),
        ("page named xls", page.as_bytes().to_vec(), WebPage),
        ("table named xls", b"<table><tr><td>1</td></tr></table>".to_vec(), WebPage),
        ("old workbook named csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..".to_vec(), OldWorkbook),
        ("rar", b"Rar!\x1a\x07\x01\x00".to_vec(), OtherArchive),
        ("utf-16", b"\xff\xfea\0".to_vec(), Utf16),
        ("other text", "你好，世界\n".as_bytes().to_vec(), UnknownLayout),
        ("half an archive", b"PK\x03\x04 and no more".to_vec(), DamagedArchive),
        ("archive of others", zip_of(&[("a.txt", b"hi"), ("b.txt", b"ho")]), NothingInside),
        ("page in an archive", zip_of(&[("a.xls", page.as_bytes())]), WebPage),
        ("climbing name", zip_of(&[("../a.csv", WECHAT_CSV.as_bytes())]), UnsafeName),
        ("absolute name", zip_of(&[("/a.csv", WECHAT_CSV.as_bytes())]), UnsafeName),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(refusal(&bytes), expected, "{name}");
    }
    let answer = b"<xml><return_msg><![CDATA[No Bill Exist]]></return_msg></xml>";
    assert_eq!(refusal(answer), NotAStatement::Answer("the day is empty".to_owned()));
}

#[test]
fn an_encrypted_archive_asks_for_its_password() {
    let archive = encrypted(zip_of(&[("微信支付账单.csv", WECHAT_CSV.as_bytes())]));
    let refusal = refusal(&archive);
    assert_eq!(refusal, NotAStatement::Encrypted);
    assert!(refusal.to_string().contains("password"));
}

#[test]
fn two_statements_in_one_archive_are_not_chosen_from() {
    let csv = WECHAT_CSV.as_bytes();
    assert_eq!(refusal(&zip_of(&[("a.csv", csv), ("b.csv", csv)])), NotAStatement::Several);
    let beside = zip_of(&[("read me.txt", b"hello"), ("a.csv", csv)]);
    assert_eq!(read_statement(&beside, None).map(|read| read.lines.len()), Ok(4));
    let nested = zip_of(&[("a.zip", &beside)]);
    assert_eq!(refusal(&nested), NotAStatement::NothingInside);
}

#[test]
fn bombs_are_cut_off() {
    let room = usize::try_from(STATEMENT_BYTES_MAX).unwrap();
    let zeros = vec![b'0'; room + 1];
    assert_eq!(refusal(&zeros), NotAStatement::TooLarge);
    let packed = gzip(&zeros);
    assert!(packed.len() < 100_000);
    assert_eq!(refusal(&packed), NotAStatement::TooMuchPacked);
    let half = &zeros[..room / 2 + 1];
    assert_eq!(refusal(&zip_of(&[("a", half), ("b", half)])), NotAStatement::TooMuchPacked);
    let names: Vec<String> = (0..=ARCHIVE_ENTRIES_MAX).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refusal(&zip_of(&many)), NotAStatement::TooManyEntries);
}

#[test]
fn one_text_named_a_million_times_is_cut_off() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(100_000));
    let cell = "<row><c t=\"s\"><v>0</v></c></row>";
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", cell.repeat(5_000));
    let bomb = zip_of(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    assert!(bomb.len() < 10_000);
    assert_eq!(refusal(&bomb), NotAStatement::TooMuchPacked);
    let wide = "<row><c r=\"IV1\"/></row>".repeat(100_000);
    let sheet = format!("<worksheet><sheetData>{wide}</sheetData></worksheet>");
    let bomb =
        zip_of(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/s.xml", sheet.as_bytes())]);
    assert_eq!(refusal(&bomb), NotAStatement::TooMuchPacked);
}

#[test]
fn more_lines_than_a_statement_may_have_are_refused() {
    let lines = "\n".repeat(STATEMENT_LINES_MAX + 2);
    assert_eq!(refusal(lines.as_bytes()), NotAStatement::TooManyLines);
    // A line without an end is one row that cannot be read, and takes no time.
    let endless = format!("{WECHAT_CSV}2026-11-20{}\n", ",\"x".repeat(1_000_000));
    let statement = read_statement(endless.as_bytes(), None).unwrap();
    assert_eq!((statement.lines.len(), statement.rejected.len()), (4, 1));
}
