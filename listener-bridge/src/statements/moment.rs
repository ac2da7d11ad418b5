//! Times as statements write them: China's time without a zone, in many spellings.
//!
//! Invariants: a time without seconds is known to the minute, a date alone to the day; a time that
//! no calendar has (the 30th of February) is refused; a workbook's number of days is rounded to the
//! second.
//! Deliberately not here: business days, which are the book's.

use std::sync::LazyLock;

use chrono::{Days, NaiveDate, NaiveDateTime};
use duizhang_core::statement::Precision;
use duizhang_core::time::Timestamp;
use regex::{Captures, Regex};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// China's time is eight hours ahead, without summer time since 1991.
pub(super) const CHINA_SECONDS: i64 = 8 * 3_600;

/// From which day a workbook counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Epoch {
    /// 1899-12-30, which makes the days after February 1900 right.
    #[default]
    Year1900,
    /// 1904-01-01, of workbooks that once were a Mac's.
    Year1904,
}

/// A time and how exactly it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Timestamp,
    pub(super) precision: Precision,
}

static SPELLING: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r"^(\d{4})(?:[-/年](\d{1,2})[-/月](\d{1,2})日?|(\d{2})(\d{2}))",
        r"(?:[ T]*(\d{1,2})[:：](\d{2})(?:[:：](\d{2})(?:\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$",
    );
    Regex::new(pattern).expect("the pattern is a constant that the tests run")
});

/// Reads a time. `number` of days is understood too, for cells of a workbook.
pub(super) fn read_moment(text: &str, epoch: Epoch) -> Option<Moment> {
    let text = text.trim();
    if let Some(found) = SPELLING.captures(text) {
        return spelled(&found);
    }
    serial(text, epoch)
}

/// A local time of China as an instant.
pub(super) fn in_china(local: NaiveDateTime) -> Timestamp {
    Timestamp::from_secs(local.and_utc().timestamp() - CHINA_SECONDS)
}

/// The beginning of a day in China.
pub(super) fn day_in_china(day: NaiveDate) -> Moment {
    let local = day.and_hms_opt(0, 0, 0).unwrap_or_default();
    Moment { time: in_china(local), precision: Precision::Day }
}

fn spelled(found: &Captures<'_>) -> Option<Moment> {
    let number = |at: usize| -> Option<u32> { found.get(at)?.as_str().parse().ok() };
    let year = found.get(1)?.as_str().parse().ok()?;
    let month = number(2).or_else(|| number(4))?;
    let day = NaiveDate::from_ymd_opt(year, month, number(3).or_else(|| number(5))?)?;
    let precision = match (found.get(6), found.get(8)) {
        (None, _) => Precision::Day,
        (Some(_), None) => Precision::Minute,
        (Some(_), Some(_)) => Precision::Second,
    };
    let part = |at: usize| number(at).unwrap_or(0);
    let local = day.and_hms_opt(part(6), part(7), part(8))?;
    let offset = match found.get(9) {
        None => CHINA_SECONDS,
        Some(zone) => offset_seconds(zone.as_str())?,
    };
    let time = Timestamp::from_secs(local.and_utc().timestamp() - offset);
    Some(Moment { time, precision })
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4)?.parse().ok()?;
    let ahead = hours * 3_600 + minutes * 60;
    Some(if zone.starts_with('-') { -ahead } else { ahead })
}

fn serial(text: &str, epoch: Epoch) -> Option<Moment> {
    let days = Decimal::from_str_exact(text).ok()?;
    // 1954 to 2119: outside it is a number, not a day.
    if days < Decimal::from(20_000) || days > Decimal::from(80_000) {
        return None;
    }
    let seconds = (days * Decimal::from(86_400)).round().to_i64()?;
    let (first, whole) = match epoch {
        Epoch::Year1900 => (NaiveDate::from_ymd_opt(1899, 12, 30)?, days.is_integer()),
        Epoch::Year1904 => (NaiveDate::from_ymd_opt(1904, 1, 1)?, days.is_integer()),
    };
    let day = first.checked_add_days(Days::new(u64::try_from(seconds / 86_400).ok()?))?;
    let local = day.and_hms_opt(0, 0, 0)?;
    let time = Timestamp::from_secs(local.and_utc().timestamp() + seconds % 86_400 - CHINA_SECONDS);
    Some(Moment { time, precision: if whole { Precision::Day } else { Precision::Second } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Option<(i64, Precision)> {
        read_moment(text, Epoch::Year1900).map(|moment| (moment.time.secs(), moment.precision))
    }

    #[test]
    fn times_are_read_in_every_spelling() {
        use Precision::{Day, Minute, Second};
        let cases = [
            ("2026-09-30 20:11:06", 1_790_770_266, Second),
            ("46295.84104166667", 1_790_770_266, Second),
            ("2026-09-30T20:11:06+08:00", 1_790_770_266, Second),
            ("2026-09-30T12:11:06Z", 1_790_770_266, Second),
            ("2026-09-30T12:11:06.123+0000", 1_790_770_266, Second),
            ("2026/9/30 20:11", 1_790_770_260, Minute),
            ("2014-11-10 16：33：45", 1_415_608_425, Second),
            ("2019年09月16日 00:00:00", 1_568_563_200, Second),
            ("2026-09-30", 1_790_697_600, Day),
            ("20260930", 1_790_697_600, Day),
            ("46295", 1_790_697_600, Day),
        ];
        for (text, secs, precision) in cases {
            assert_eq!(at(text), Some((secs, precision)), "{text}");
        }
        let mac = read_moment("44833.84104166667", Epoch::Year1904);
        assert_eq!(mac.map(|moment| moment.time.secs()), Some(1_790_770_266));
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        for text in ["", "/", "2026-02-30 00:00:00", "2026-13-01", "2026-01-01 24:00:00", "12.5"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9:：/年月日 TZ+.-]{0,30}") {
            let _ = at(&text);
        }
    }
}
