//! OFX: version 1 (SGML whose leaves are not closed) and version 2 (XML).
//!
//! Facts (formats.md of the project's research): amounts are signed; `FITID` is unique within an
//! account; a time without a zone is UTC, and midnight without a zone is a day; there is a closing
//! balance and no opening one, so that nothing ties.
//! Invariants: one reader takes both versions, because banks send the second unclosed as well; the
//! time is linear in the text.
//! Deliberately not here: investments, and everything else but movements of an account.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::statement::{Line, Precision};
use duizhang_core::time::Timestamp;

use super::banks::{Reversal, bank, currency, kind};
use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Moment, day_in_china};
use super::money::read_money;
use super::statement::{Check, Outcome, Period};

static OFX: Layout = bank("ofx");

pub(super) fn fits(text: &str) -> bool {
    let start: String = text.chars().take(2_000).collect::<String>().to_uppercase();
    start.contains("OFXHEADER") || start.contains("<OFX>")
}

/// A movement while it is read: the leaves that matter.
#[derive(Default)]
struct Movement {
    word: String,
    posted: String,
    amount: String,
    id: String,
    name: String,
    memo: String,
    start: usize,
}

/// What stands around the movements.
#[derive(Default)]
struct Around {
    code: String,
    from: Option<Moment>,
    to: Option<Moment>,
    closing: bool,
}

pub(super) fn read(text: &str) -> Draft {
    let mut draft = Draft::new(&OFX);
    let mut around = Around::default();
    let mut now: Option<Movement> = None;
    let mut number = 0_u32;
    for tag in tags(text) {
        if tag.name == "STMTTRN" {
            now = Some(Movement { start: tag.start, ..Movement::default() });
        } else if tag.name == "/STMTTRN" {
            if let Some(movement) = now.take() {
                number = number.saturating_add(1);
                let raw = text.get(movement.start..tag.end).unwrap_or_default();
                take(&movement, &around.code, number, raw, &mut draft);
            }
        } else if let Some(movement) = &mut now {
            movement.note(tag);
        } else {
            around.note(tag, &mut draft);
        }
    }
    if let (Some(from), Some(to)) = (around.from, around.to) {
        draft.period = Some(Period { from: from.time, to: behind(to) });
    }
    if now.is_some() {
        draft.find(Check::Complete, Outcome::Fail, "the file ends inside of a movement");
    }
    let detail = if around.closing {
        "a closing balance without an opening one: nothing can be tied"
    } else {
        "no balance at all: nothing can be tied"
    };
    draft.find(Check::Balances, Outcome::Warn, detail);
    draft
}

impl Movement {
    fn note(&mut self, tag: Tag) {
        match tag.name.as_str() {
            "TRNTYPE" => self.word = tag.text,
            "DTPOSTED" => self.posted = tag.text,
            "TRNAMT" => self.amount = tag.text,
            "FITID" => self.id = tag.text,
            "NAME" => self.name = tag.text,
            "MEMO" => self.memo = tag.text,
            _ => {}
        }
    }
}

impl Around {
    fn note(&mut self, tag: Tag, draft: &mut Draft) {
        match tag.name.as_str() {
            "CURDEF" => self.code = tag.text,
            "ACCTID" => draft.name_account(&tag.text),
            "DTSTART" => self.from = moment(&tag.text),
            "DTEND" => self.to = moment(&tag.text),
            "DTSERVER" => draft.exported_at = moment(&tag.text).map(|moment| moment.time),
            "LEDGERBAL" => self.closing = true,
            _ => {}
        }
    }
}

/// The end of a period is its last day or second.
fn behind(last: Moment) -> Timestamp {
    let longer = match last.precision {
        Precision::Day => TimeDelta::days(1),
        Precision::Minute | Precision::Second => TimeDelta::seconds(1),
    };
    Timestamp::from_secs(last.time.secs() + longer.num_seconds())
}

fn take(movement: &Movement, code: &str, number: u32, raw: &str, draft: &mut Draft) {
    let raw = raw.as_bytes().to_vec();
    match line(movement, code, number) {
        Ok(line) => draft.accept_raw(raw, line, &movement.word),
        Err(reason) => draft.reject_raw(number, raw, &reason),
    }
}

fn line(movement: &Movement, code: &str, number: u32) -> Result<Line, RowError> {
    let amount = read_amount(&movement.amount, currency(code)?)?;
    let moment = moment(&movement.posted).ok_or(RowError::Time)?;
    let mut line = bare_line(number, &movement.id, amount, moment);
    line.serial_base = kept(&movement.id);
    line.kind = kind(amount, Reversal::No);
    line.counterparty = kept(&movement.name);
    line.note = kept(&movement.memo);
    line.raw_status = kept(&movement.word);
    Ok(line)
}

/// Some banks write a decimal comma.
fn read_amount(text: &str, currency: Currency) -> Result<Amount, RowError> {
    let point = match text.rsplit_once(',') {
        Some((whole, cents)) if !text.contains('.') && cents.len() <= 2 => {
            format!("{whole}.{cents}")
        }
        Some(_) | None => text.to_owned(),
    };
    Ok(read_money(&point, currency)?)
}

/// `20131215`, `20170510192849`, `20170510192849.123[-5:EST]`.
fn moment(text: &str) -> Option<Moment> {
    let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.get(..length)?;
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let year = digits.get(..4)?.parse().ok()?;
    let day = NaiveDate::from_ymd_opt(year, part(4, 6)?, part(6, 8)?)?;
    if digits.len() < 14 {
        return Some(day_in_china(day));
    }
    let clock = NaiveTime::from_hms_opt(part(8, 10)?, part(10, 12)?, part(12, 14)?)?;
    let zone = text.split_once('[').map(|(_, zone)| zone.trim_end_matches(']'));
    if zone.is_none() && clock == NaiveTime::MIN {
        return Some(day_in_china(day));
    }
    let ahead = zone.map_or(Some(0), zone_seconds)?;
    let utc = day.and_time(clock).and_utc().timestamp() - ahead;
    Some(Moment { time: Timestamp::from_secs(utc), precision: Precision::Second })
}

/// `-5:EST` or `5.5:IST`, hours with a fraction.
fn zone_seconds(zone: &str) -> Option<i64> {
    let hours = zone.split(':').next().unwrap_or(zone);
    let (whole, fraction) = hours.split_once('.').unwrap_or((hours, "0"));
    let whole: i64 = whole.parse().ok().filter(|hours: &i64| hours.abs() <= 14)?;
    let minutes = match fraction {
        "0" | "00" => 0,
        "5" | "50" => 30,
        "75" => 45,
        _ => return None,
    };
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some(whole * 3_600 + sign * minutes * 60)
}

/// A tag and the text right behind it.
struct Tag {
    name: String,
    text: String,
    start: usize,
    end: usize,
}

fn tags(text: &str) -> impl Iterator<Item = Tag> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find('<')?;
        let close = start + text.get(start..)?.find('>')?;
        let name = text.get(start + 1..close)?.trim().to_uppercase();
        let end = close + 1;
        let rest = text.get(end..)?;
        let marked = rest.trim_start().strip_prefix("<![CDATA[");
        let (value, next) = match marked.and_then(|inside| Some((inside, inside.find("]]>")?))) {
            Some((inside, length)) => {
                let before = rest.len() - inside.len();
                (inside.get(..length)?.to_owned(), end + before + length + 3)
            }
            None => {
                let length = rest.find('<').unwrap_or(rest.len());
                (unescape(rest.get(..length)?), end + length)
            }
        };
        at = next;
        Some(Tag { name, text: value.trim().to_owned(), start, end })
    })
}

fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&nbsp;", " ").replace("&amp;", "&")
}
