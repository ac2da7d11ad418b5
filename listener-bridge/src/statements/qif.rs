//! QIF, the weakest of the neutral formats: no currency, no serial, no balance, and a day whose
//! parts may stand in any order.
//!
//! Invariants: the order of the parts of a day is taken from the mapping, or from the file where
//! the file leaves no doubt; a file that leaves one is refused, for a guess would move payments by
//! months.
//! Deliberately not here: investments and splits.

use chrono::NaiveDate;
use duizhang_core::amount::Currency;
use duizhang_core::statement::Line;

use super::banks::{Reversal, bank, kind};
use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::mapping::{DateOrder, Mapping};
use super::moment::day_in_china;
use super::money::read_money;
use super::refusal::NotAStatement;
use super::statement::{Check, Outcome};

static QIF: Layout = bank("qif");

pub(super) fn fits(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| line.to_lowercase().starts_with("!type:"))
}

pub(super) fn read(
    text: &str,
    bytes: &[u8],
    wanted: Option<&Mapping>,
) -> Result<Draft, NotAStatement> {
    let order = match wanted.and_then(Mapping::date_order) {
        Some(order) => order,
        None => order_in(text).ok_or(NotAStatement::DateOrder)?,
    };
    let currency = wanted.map_or(Currency::Cny, Mapping::currency);
    let mut draft = Draft::new(&QIF);
    let mut record = Vec::new();
    let (mut raw, mut number) = (Vec::new(), 0_u32);
    for (line, bytes) in text.split('\n').zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim();
        if line.starts_with('!') || line.is_empty() {
            continue;
        }
        raw.extend_from_slice(bytes);
        raw.push(b'\n');
        if line != "^" {
            record.push(line);
            continue;
        }
        number = number.saturating_add(1);
        let raw = std::mem::take(&mut raw);
        match read_record(&record, number, order, currency) {
            Ok(line) => draft.accept_raw(raw, line, "QIF"),
            Err(reason) => draft.reject_raw(number, raw, &reason),
        }
        record.clear();
    }
    if !record.is_empty() {
        draft.find(Check::Complete, Outcome::Fail, "the file ends inside of a record");
    }
    let detail = "neither serials nor balances: nothing in this file can be proved";
    draft.find(Check::Balances, Outcome::Warn, detail);
    Ok(draft)
}

fn read_record(
    record: &[&str],
    number: u32,
    order: DateOrder,
    currency: Currency,
) -> Result<Line, RowError> {
    let field = |mark: char| record.iter().find_map(|line| line.strip_prefix(mark)).unwrap_or("");
    let amount = read_money(field('T'), currency)?;
    let day = parts(field('D')).and_then(|parts| order.day(parts)).ok_or(RowError::Time)?;
    let mut line = bare_line(number, "", amount, day_in_china(day));
    line.kind = kind(amount, Reversal::No);
    line.merchant_no = Some(field('N')).filter(|no| !no.is_empty()).map(kept);
    line.counterparty = kept(field('P'));
    line.note = kept(field('M'));
    line.raw_status = kept(field('C'));
    Ok(line)
}

/// The order that every day of the file allows, if it is one alone, or if all of them mean the
/// same days.
fn order_in(text: &str) -> Option<DateOrder> {
    let days = text.lines().filter_map(|line| line.trim().strip_prefix('D')).filter_map(parts);
    let days: Vec<[u32; 3]> = days.collect();
    let read = |order: DateOrder| -> Option<Vec<NaiveDate>> {
        days.iter().map(|parts| order.day(*parts)).collect()
    };
    let mut fitting = [DateOrder::Ymd, DateOrder::Dmy, DateOrder::Mdy]
        .into_iter()
        .filter_map(|order| Some((order, read(order)?)));
    let (order, meant) = fitting.next()?;
    fitting.all(|(_, other)| other == meant).then_some(order)
}

/// `8/12/13`, `2013-12-08`, `12/ 8'13`.
fn parts(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split(['/', '-', '.', '\'']).map(|part| part.trim().parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}
