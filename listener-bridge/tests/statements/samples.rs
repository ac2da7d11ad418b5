//! Public samples (see SOURCES.tsv beside them): what each must be read as.
//!
//! Most of them were cut down by hand, so that their own totals disagree: they show that a proof
//! fails as much as that rows are read.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use duizhang_core::amount::Currency;
use duizhang_core::statement::LineKind;
use duizhang_listener_bridge::statements::{
    Check, Mapping, NotAStatement, Outcome, Statement, preview, read_statement,
};

use super::{outcome_of, sum_of};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/statements/data")
}

/// Every sample's name and bytes.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let sources = fs::read_to_string(root().join("SOURCES.tsv")).unwrap();
    let names = sources.lines().skip(1).filter_map(|line| line.split('\t').next());
    names.map(|name| (name.to_owned(), fs::read(root().join(name)).unwrap())).collect()
}

pub(crate) fn mapping(name: &str) -> Mapping {
    let text = fs::read_to_string(root().join(format!("mappings/{name}.toml"))).unwrap();
    Mapping::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

struct Expected {
    file: &'static str,
    layout: &'static str,
    lines: usize,
    rejected: usize,
    paid_in: (usize, i64),
    paid_out: (usize, i64),
    outcome: Outcome,
}

const fn sample(
    file: &'static str,
    layout: &'static str,
    (lines, rejected): (usize, usize),
    paid_in: (usize, i64),
    paid_out: (usize, i64),
    outcome: Outcome,
) -> Expected {
    Expected { file, layout, lines, rejected, paid_in, paid_out, outcome }
}

const SAMPLES: &[Expected] = &[
    sample(
        "camt/camt053.v2.all-balance-types.xml",
        "camt",
        (1, 0),
        (1, 885),
        (0, 0),
        Outcome::Fail,
    ),
    sample("camt/camt053.v2.minimal.xml", "camt", (1, 0), (1, 885), (0, 0), Outcome::Warn),
    sample("camt/camt053.v2.multi.statement.xml", "camt", (2, 0), (1, 885), (1, 700), Outcome::Ok),
    sample("camt/camt053.v2.wrong.xml", "camt", (0, 0), (0, 0), (0, 0), Outcome::Fail),
    sample("camt/camt053.v4.xml", "camt", (1, 0), (1, 885), (0, 0), Outcome::Warn),
    sample("camt/camt053.v8.xml", "camt", (1, 0), (1, 885), (0, 0), Outcome::Warn),
    sample(
        "deg/alipay_gen1_web_2019.csv",
        "alipay-personal-1",
        (2, 0),
        (1, 1),
        (1, 2700),
        Outcome::Warn,
    ),
    sample(
        "deg/alipay_gen2_app_2021_gbk.csv",
        "alipay-personal-2",
        (13, 0),
        (2, 5200),
        (6, 32181),
        Outcome::Warn,
    ),
    sample(
        "deg/alipay_gen3_app_2023_gbk.csv",
        "alipay-personal-3",
        (10, 0),
        (1, 22_222_850),
        (5, 21164),
        Outcome::Warn,
    ),
    sample(
        "deg/wechat_personal_2019.csv",
        "wechat-personal",
        (27, 0),
        (5, 2849),
        (11, 290_453),
        Outcome::Fail,
    ),
    sample(
        "deg/wechat_personal_2025.xlsx",
        "wechat-personal",
        (27, 0),
        (5, 2849),
        (11, 290_453),
        Outcome::Fail,
    ),
    sample(
        "deg/wechat_personal_2026_two_layouts.xlsx",
        "wechat-personal",
        (27, 0),
        (5, 2849),
        (11, 290_453),
        Outcome::Fail,
    ),
    sample("mt940/betterplace__amount_formats.sta", "mt940", (0, 0), (0, 0), (0, 0), Outcome::Warn),
    sample(
        "mt940/betterplace__sepa_mt9401.sta",
        "mt940",
        (97, 0),
        (41, 518_847_494),
        (54, 1_445_720_108),
        Outcome::Fail,
    ),
    // Marks and zloty are no currencies of the books: their rows are shown as rejected.
    sample("mt940/cmxl__mt940.sta", "mt940", (2, 14), (1, 300_000), (1, 80_000), Outcome::Fail),
    sample("mt940/mBank__mt940.sta", "mt940", (0, 3), (0, 0), (0, 0), Outcome::Fail),
    sample("mt940/sberbank__171011_01234945.sta", "mt940", (0, 3), (0, 0), (0, 0), Outcome::Fail),
    sample("mt940/self-provided__february_30.sta", "mt940", (1, 0), (0, 0), (1, 600), Outcome::Ok),
    sample(
        "mt940/self-provided__malformed_details.sta",
        "mt940",
        (1, 0),
        (0, 0),
        (1, 23315),
        Outcome::Fail,
    ),
    sample("ofx/anzcc.ofx", "ofx", (0, 1), (0, 0), (0, 0), Outcome::Fail),
    sample("ofx/bank_small.ofx", "ofx", (0, 0), (0, 0), (0, 0), Outcome::Warn),
    sample("ofx/suncorp.ofx", "ofx", (0, 1), (0, 0), (0, 0), Outcome::Fail),
    sample(
        "wechatpay-php/bill.ALL.csv",
        "wechat-merchant-all",
        (45, 0),
        (31, 47),
        (0, 0),
        Outcome::Fail,
    ),
    sample(
        "wxjava/merchant_bill_1_PAY_BILL_RESULT_ALL_CONTENT.csv",
        "wechat-merchant-all",
        (1, 0),
        (1, 600),
        (0, 0),
        Outcome::Fail,
    ),
    sample(
        "wxjava/merchant_bill_2_PAY_BILL_RESULT_ALL_CONTENT_1.csv",
        "wechat-merchant-2014",
        (2, 0),
        (2, 2),
        (0, 0),
        Outcome::Ok,
    ),
    sample(
        "wxjava/merchant_bill_3_PAY_BILL_RESULT_SUCCESS_CONTENT.csv",
        "wechat-merchant-success",
        (1, 0),
        (1, 1),
        (0, 0),
        Outcome::Fail,
    ),
    sample(
        "wxjava/merchant_bill_4_PAY_BILL_RESULT_REFUND_CONTENT.csv",
        "wechat-merchant-refund",
        (1, 0),
        (0, 0),
        (0, 0),
        Outcome::Fail,
    ),
];

/// How many, and their sum in minor units.
type Sum = (usize, i64);

/// The sample, the mapping that reads it, rows read and rejected, what came and what went.
type Mapped = (&'static str, &'static str, (usize, usize), Sum, Sum);

const MAPPED: &[Mapped] = &[
    ("deg/bank_abc_debit.csv", "bank_abc", (5, 0), (3, 1_000_001), (2, 1_235_589)),
    ("deg/bank_boc_credit.csv", "bank_boc_credit", (14, 0), (6, 98_984), (8, 123_181)),
    ("deg/bank_boc_debit.csv", "bank_boc_debit", (17, 0), (3, 977_100), (13, 939_430)),
    ("deg/bank_bocom_debit.csv", "bank_bocom", (6, 0), (3, 1125), (3, 11_400)),
    ("deg/bank_cmb_debit.csv", "bank_cmb", (5, 0), (1, 123_400), (4, 201_314)),
    ("deg/bank_hsbchk_debit.csv", "bank_hsbc", (10, 0), (4, 2_550_545), (6, 352_650)),
    ("deg/bank_icbc_debit_v1.csv", "bank_icbc", (11, 0), (5, 284_174), (6, 424_108)),
    ("deg/bank_icbc_debit_v2.csv", "bank_icbc", (11, 0), (5, 284_174), (6, 424_108)),
    ("deg/jd_personal.csv", "jd", (26, 0), (0, 0), (16, 227_770)),
    ("deg/meituan_personal.csv", "meituan", (29, 0), (0, 0), (23, 122_380)),
];

/// Samples that have no reader, with what is said about them.
const REFUSED: &[(&str, NotAStatement)] = &[
    ("deg/bank_ccb_debit.xls", NotAStatement::OldWorkbook),
    ("deg/bank_spdb_debit.xls", NotAStatement::OldWorkbook),
    // Its days have no year.
    ("deg/bank_cmb_credit.csv", NotAStatement::UnknownLayout),
];

fn read(name: &str, wanted: Option<&Mapping>) -> Statement {
    let bytes = fs::read(root().join(name)).unwrap();
    read_statement(&bytes, wanted).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_sample_is_read_as_expected() {
    for expected in SAMPLES {
        let name = expected.file;
        let statement = read(name, None);
        assert_eq!(statement.layout, expected.layout, "{name}");
        let rows = (statement.lines.len(), statement.rejected.len());
        assert_eq!(rows, (expected.lines, expected.rejected), "{name}");
        assert_eq!(sum_of(&statement, LineKind::PayIn), expected.paid_in, "{name}");
        assert_eq!(sum_of(&statement, LineKind::PayOut), expected.paid_out, "{name}");
        assert_eq!(statement.outcome(), expected.outcome, "{name}: {:#?}", statement.proof);
    }
}

#[test]
fn every_mapped_sample_is_read_as_expected() {
    for (name, by, rows, paid_in, paid_out) in MAPPED {
        let statement = read(name, Some(&mapping(by)));
        let seen = (statement.lines.len(), statement.rejected.len());
        let sums = (sum_of(&statement, LineKind::PayIn), sum_of(&statement, LineKind::PayOut));
        assert_eq!((seen, sums), (*rows, (*paid_in, *paid_out)), "{name}: {:#?}", statement.proof);
        assert_eq!(statement.layout, "mapped", "{name}");
    }
}

#[test]
fn no_sample_is_forgotten() {
    let tested = SAMPLES.iter().map(|expected| expected.file);
    let mapped = MAPPED.iter().map(|(name, ..)| *name);
    let refused = REFUSED.iter().map(|(name, _)| *name);
    let known: BTreeSet<&str> = tested.chain(mapped).chain(refused).collect();
    let all = all();
    let there: BTreeSet<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(known, there);
    for (name, refusal) in REFUSED {
        let bytes = fs::read(root().join(name)).unwrap();
        assert_eq!(read_statement(&bytes, None).unwrap_err(), *refusal, "{name}");
    }
}

#[test]
fn what_adds_up_is_proved_and_what_does_not_is_found() {
    let bill = read("wechatpay-php/bill.ALL.csv", None);
    assert_eq!(outcome_of(&bill, Check::Totals), Some(Outcome::Ok));
    assert_eq!(sum_of(&bill, LineKind::RefundOut), (14, 14));
    // Its serials were made up by hand, and two stand twice.
    assert_eq!(outcome_of(&bill, Check::Serials), Some(Outcome::Fail));
    let sepa = read("mt940/betterplace__sepa_mt9401.sta", None);
    assert_eq!(outcome_of(&sepa, Check::Balances), Some(Outcome::Ok));
    // It fails for one thing alone: a file of many accounts belongs to no wallet.
    assert_eq!(outcome_of(&sepa, Check::Complete), Some(Outcome::Fail));
    let web = read("deg/alipay_gen1_web_2019.csv", None);
    assert_eq!(outcome_of(&web, Check::Totals), Some(Outcome::Ok));
}

#[test]
fn each_line_keeps_the_bytes_of_its_row() {
    for expected in SAMPLES.iter().filter(|expected| expected.file.ends_with(".csv")) {
        let bytes = fs::read(root().join(expected.file)).unwrap();
        let rows: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        for recorded in read(expected.file, None).lines {
            let at = usize::try_from(recorded.line.number).unwrap() - 1;
            let row = rows[at].strip_suffix(b"\r").unwrap_or(rows[at]);
            assert_eq!(row, recorded.raw, "{}", expected.file);
        }
    }
}

#[test]
fn a_preview_shows_cells_and_lines() {
    let bytes = fs::read(root().join("deg/bank_cmb_debit.csv")).unwrap();
    let shown = preview(&bytes, &mapping("bank_cmb")).unwrap();
    assert_eq!(shown.rows[0][2], "交易金额");
    assert_eq!(shown.read.unwrap().lines.len(), 5);
    let missing = preview(&bytes, &mapping("bank_abc")).unwrap();
    assert!(matches!(missing.read, Err(NotAStatement::Mapping(_))));
    let saved = Mapping::parse(&mapping("bank_cmb").to_toml().unwrap());
    assert_eq!(saved, Ok(mapping("bank_cmb")));
}

#[test]
fn rows_say_their_own_currency() {
    let statement = read("deg/bank_hsbchk_debit.csv", Some(&mapping("bank_hsbc")));
    let currencies: BTreeSet<Currency> =
        statement.lines.iter().map(|recorded| recorded.line.gross.currency()).collect();
    assert_eq!(currencies, BTreeSet::from([Currency::Cny, Currency::Hkd]));
}
