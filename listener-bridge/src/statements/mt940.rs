//! SWIFT statements: MT940 and its like of the running day, MT942.
//!
//! Facts (formats.md of the project's research): the comma is the decimal point; years have two
//! digits; the day of entry has no year, and the second of January may stand beside the
//! thirty-first of December; `RC` takes back a credit; banks set wrong days (the 30th of February)
//! as days of value.
//! Invariants: each message is proved on its own, because a file holds many.
//! Deliberately not here: the dialects of field 86, which stay the note.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::statement::Line;
use regex::Regex;

use super::banks::{Reversal, Sign, Tie, bank, currency, kind, signed};
use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::day_in_china;
use super::money::read_money;
use super::statement::Declared;

static MT940: Layout = bank("mt940");

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^:(\d{2}[A-Z]?|NS):(.*)$").expect("a constant that the tests run")
});
static BALANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([CD])(\d{6})([A-Z]{3})(\d+,\d*)").expect("a constant that the tests run")
});
static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{6})(\d{4})?(R?[CD])([A-Z])?(\d+,\d*)(.{0,4})([^/]*)(?://(.*))?")
        .expect("a constant that the tests run")
});
static SUM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d+)([A-Z]{3})(\d+,\d*)").expect("a constant that the tests run")
});

pub(super) fn fits(text: &str) -> bool {
    let tags: Vec<&str> = text
        .lines()
        .take(200)
        .filter_map(|line| TAG.captures(line.trim_end()).and_then(|found| found.get(1)))
        .map(|tag| tag.as_str())
        .collect();
    let has = |tag: &str| tags.contains(&tag);
    (has("20") && has("25")) || has("60F") || has("60M")
}

/// A field with the lines that continue it.
struct Field<'a> {
    tag: &'a str,
    value: Vec<&'a str>,
    number: u32,
    raw: Vec<u8>,
}

/// Declared sums of the running day: the word, how many, how much.
type Sums = BTreeMap<String, (u32, Option<Amount>)>;

pub(super) fn read(text: &str, bytes: &[u8]) -> Draft {
    let mut draft = Draft::new(&MT940);
    let mut message: Vec<Field<'_>> = Vec::new();
    let mut sums = Sums::new();
    for field in fields(text, bytes) {
        if field.tag == "20" {
            read_message(&message, &mut sums, &mut draft);
            message.clear();
        }
        message.push(field);
    }
    read_message(&message, &mut sums, &mut draft);
    for (word, (count, sum)) in sums {
        draft.declare(Declared { word, count: Some(count), sum });
    }
    draft
}

fn fields<'a>(text: &'a str, bytes: &[u8]) -> Vec<Field<'a>> {
    let mut fields: Vec<Field<'a>> = Vec::new();
    let lines = text.split('\n').zip(bytes.split(|byte| *byte == b'\n')).zip(1_u32..);
    for ((line, raw), number) in lines {
        let line = line.trim_end();
        if line == "-" || line.starts_with("-}") {
            continue;
        }
        if let Some(found) = TAG.captures(line) {
            let tag = found.get(1).map_or("", |tag| tag.as_str());
            let value = vec![found.get(2).map_or("", |value| value.as_str())];
            fields.push(Field { tag, value, number, raw: raw.to_vec() });
        } else if let Some(field) = fields.last_mut() {
            field.value.push(line);
            field.raw.push(b'\n');
            field.raw.extend_from_slice(raw);
        }
    }
    fields
}

fn read_message(message: &[Field<'_>], sums: &mut Sums, draft: &mut Draft) {
    if message.is_empty() {
        return;
    }
    let first = |field: &Field<'_>| field.value.first().copied().unwrap_or_default().to_owned();
    let valued = |tag: &str| message.iter().find(|field| field.tag == tag).map(first);
    draft.name_account(&valued("25").unwrap_or_default());
    let balance =
        |tags: [&str; 2]| tags.into_iter().find_map(valued).and_then(|text| read_balance(&text));
    let name = valued("28C").or_else(|| valued("28")).or_else(|| valued("20"));
    let mut tie = Tie {
        name: name.unwrap_or_default(),
        opening: balance(["60F", "60M"]),
        closing: balance(["62F", "62M"]),
        ..Tie::default()
    };
    let floor = valued("34F").and_then(|text| text.get(..3).map(str::to_owned));
    let code = ["60F", "60M"].into_iter().find_map(valued);
    let code = code.and_then(|text| text.get(7..10).map(str::to_owned)).or(floor);
    for (at, field) in message.iter().enumerate() {
        match field.tag {
            "61" => {
                let next = message.get(at + 1);
                let detail = next.filter(|next| matches!(next.tag, "86" | "NS"));
                read_entry(field, detail, code.as_deref(), &mut tie, draft);
            }
            "90C" | "90D" => add_sum(field, sums),
            _ => {}
        }
    }
    let is_running_day = valued("34F").is_some() || valued("90C").is_some();
    if !is_running_day {
        tie.prove(draft);
    }
}

fn read_balance(text: &str) -> Option<Amount> {
    let found = BALANCE.captures(text)?;
    let amount = decimal_comma(&found[4], found[3].parse().ok()?).ok()?;
    Some(signed(amount, if &found[1] == "D" { Sign::Debit } else { Sign::Credit }))
}

fn add_sum(field: &Field<'_>, sums: &mut Sums) {
    let text = field.value.first().copied().unwrap_or_default();
    let Some(found) = SUM.captures(text) else { return };
    let count = found[1].parse().unwrap_or(0);
    let amount = found[2].parse().ok().and_then(|currency| decimal_comma(&found[3], currency).ok());
    match sums.get_mut(field.tag) {
        None => {
            sums.insert(field.tag.to_owned(), (count, amount));
        }
        Some((rows, sum)) => {
            *rows = rows.saturating_add(count);
            *sum = sum.zip(amount).and_then(|(a, b)| a.checked_add(b).ok());
        }
    }
}

fn read_entry(
    field: &Field<'_>,
    detail: Option<&Field<'_>>,
    code: Option<&str>,
    tie: &mut Tie,
    draft: &mut Draft,
) {
    let mut raw = field.raw.clone();
    if let Some(detail) = detail {
        raw.push(b'\n');
        raw.extend_from_slice(&detail.raw);
    }
    match entry(field, detail, code) {
        Ok((line, movement, word)) => {
            tie.moved.push(movement);
            draft.tally(if movement.minor() < 0 { "90D" } else { "90C" }, line.gross);
            draft.accept_raw(raw, line, &word);
        }
        Err(reason) => {
            tie.rejected += 1;
            draft.reject_raw(field.number, raw, &reason);
        }
    }
}

fn entry(
    field: &Field<'_>,
    detail: Option<&Field<'_>>,
    code: Option<&str>,
) -> Result<(Line, Amount, String), RowError> {
    let text = field.value.first().copied().unwrap_or_default();
    let found = ENTRY.captures(text).ok_or(RowError::Incomplete)?;
    let currency = currency(code.unwrap_or_default())?;
    let amount = decimal_comma(&found[5], currency)?;
    // To take back a credit is to take money.
    let (sign, reversal) = match &found[3] {
        "C" => (Sign::Credit, Reversal::No),
        "RD" => (Sign::Credit, Reversal::Yes),
        "RC" => (Sign::Debit, Reversal::Yes),
        _ => (Sign::Debit, Reversal::No),
    };
    let movement = signed(amount, sign);
    let booked = found.get(2).map(|entered| entered.as_str());
    let day = day(&found[1], booked).ok_or(RowError::Time)?;
    let serial = found.get(8).map_or("", |reference| reference.as_str().trim());
    let ours = found[7].trim();
    let mut line = bare_line(field.number, serial, movement, day_in_china(day));
    line.serial_base = kept(serial);
    line.merchant_no = (!ours.is_empty() && ours != "NONREF").then(|| kept(ours));
    line.kind = kind(movement, reversal);
    line.note = kept(&detail.map(|detail| detail.value.concat()).unwrap_or_default());
    line.raw_status = found[3].to_owned();
    Ok((line, movement, found[6].trim().to_owned()))
}

/// The day of entry, in the year that is nearest to the day of value; the day of value where there
/// is none.
fn day(value: &str, entered: Option<&str>) -> Option<NaiveDate> {
    let part = |text: &str, from: usize| text.get(from..from + 2)?.parse::<u32>().ok();
    let short = i32::try_from(part(value, 0)?).ok()?;
    // Two digits before 80 are of this century: the format is younger than 1980.
    let year = if short < 80 { 2000 + short } else { 1900 + short };
    let valued = NaiveDate::from_ymd_opt(year, part(value, 2)?, part(value, 4)?);
    let Some(entered) = entered else { return valued };
    let (month, day) = (part(entered, 0)?, part(entered, 2)?);
    let near = [0, -1, 1].map(|shift| NaiveDate::from_ymd_opt(year + shift, month, day));
    match valued {
        None => near[0],
        Some(valued) => near
            .into_iter()
            .flatten()
            .min_by_key(|day| (day.num_days_from_ce() - valued.num_days_from_ce()).abs()),
    }
}

fn decimal_comma(text: &str, currency: Currency) -> Result<Amount, RowError> {
    let point = text.replace(',', ".");
    Ok(read_money(point.trim_end_matches('.'), currency)?)
}
