//! UnionPay's file of payments (ZM): fixed width, GBK, one blank between the fields.
//!
//! Facts (formats.md of the project's research): the widths are bytes and not characters; amounts
//! are fen with leading zeros; the time has no year, which the settlement day beside it decides.
//! Invariants: bytes are cut first and decoded afterwards, so that a name in Chinese cannot shift
//! the fields behind it; a line of another length is rejected.
//! Deliberately not here: the file of errors (ZME), and the base64 and deflate around the answer of
//! the interface.

use chrono::{Datelike, NaiveDate};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, Precision};
use encoding_rs::GB18030;

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Moment, in_china};
use super::statement::Outcome;

/// The file has neither totals nor balances: there is nothing to prove but its rows.
pub(super) static PAYMENTS: Layout = Layout {
    id: "unionpay-payments",
    channel: Some(Channel::Unionpay),
    totals: Outcome::Warn,
    others: Outcome::Fail,
};

/// The widths of the 42 fields in bytes.
const WIDTHS: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
const CODE: usize = 0;
const SENT: usize = 4;
const CARD: usize = 5;
const AMOUNT: usize = 6;
const QUERY: usize = 9;
const ORDER: usize = 11;
const FIRST_TAIL: usize = 41;

/// Whether the first line looks like one of this file's.
pub(super) fn fits(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    fields(first).is_some_and(|fields| {
        let digits = |at: usize| fields[at].iter().all(u8::is_ascii_digit);
        digits(SENT) && digits(AMOUNT) && digits(QUERY)
    })
}

pub(super) fn read(bytes: &[u8]) -> Draft {
    let mut draft = Draft::new(&PAYMENTS);
    for (raw, number) in bytes.split(|byte| *byte == b'\n').zip(1_u32..) {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        if raw.is_empty() {
            continue;
        }
        match read_line(raw, number, &mut draft) {
            Ok((line, code)) => draft.accept_raw(raw.to_vec(), line, &code),
            Err(reason) => draft.reject_raw(number, raw.to_vec(), &reason),
        }
    }
    draft
}

fn read_line(raw: &[u8], number: u32, draft: &mut Draft) -> Result<(Line, String), RowError> {
    let fields = fields(raw).ok_or(RowError::Short)?;
    let text = |at: usize| {
        let field = fields.get(at).copied().unwrap_or_default();
        GB18030.decode_without_bom_handling(field).0.trim().to_owned()
    };
    let fen: i64 = text(AMOUNT).parse().map_err(|_| RowError::Incomplete)?;
    let query = text(QUERY);
    let moment = moment(&query, &text(SENT)).ok_or(RowError::Time)?;
    let mut line = bare_line(number, &query, Amount::from_minor(fen, Currency::Cny), moment);
    line.merchant_no = Some(text(ORDER)).filter(|order| !order.is_empty());
    line.counterparty = text(CARD);
    let code = text(CODE);
    line.raw_status.clone_from(&code);
    line.kind = match code.as_str() {
        // Consumption. The other codes have not been seen in a file, and a guess could turn a
        // refund into a payment.
        "S22" => LineKind::PayIn,
        _ => {
            draft.unknown_word("交易代码", &code);
            LineKind::Unknown
        }
    };
    line.note = kept(&text(FIRST_TAIL));
    Ok((line, code))
}

/// The query number begins with the year, month and day that it was given on; the time of sending
/// has only month and day. They differ by a day at most, and over New Year by a year.
fn moment(query: &str, sent: &str) -> Option<Moment> {
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(part(query, 0, 4)?).ok()?;
    let given = NaiveDate::from_ymd_opt(year, part(query, 4, 6)?, part(query, 6, 8)?)?;
    let (month, day) = (part(sent, 0, 2)?, part(sent, 2, 4)?);
    let near = [0, -1, 1]
        .into_iter()
        .filter_map(|shift| NaiveDate::from_ymd_opt(given.year() + shift, month, day));
    let day = near.min_by_key(|day| day.signed_duration_since(given).num_days().abs())?;
    let local = day.and_hms_opt(part(sent, 4, 6)?, part(sent, 6, 8)?, part(sent, 8, 10)?)?;
    Some(Moment { time: in_china(local), precision: Precision::Second })
}

/// The fields of a line, where its length is right and blanks stand between them.
fn fields(line: &[u8]) -> Option<[&[u8]; 42]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut fields: [&[u8]; 42] = [&[]; 42];
    let mut at = 0_usize;
    for (field, width) in fields.iter_mut().zip(WIDTHS) {
        // The reserved field at the end may be cut by whoever trims lines.
        let end = (at + width).min(line.len());
        *field = line.get(at..end)?;
        if at > 0 && line.get(at - 1) != Some(&b' ') {
            return None;
        }
        at += width + 1;
    }
    let whole: usize = WIDTHS.iter().sum::<usize>() + WIDTHS.len() - 1;
    (line.len() <= whole).then_some(fields)
}
