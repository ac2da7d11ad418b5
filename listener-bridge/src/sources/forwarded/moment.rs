//! Times as phones write them.
//!
//! Invariants: a number is milliseconds with 13 digits or seconds with 10, which may have a
//! fraction, and nothing else; a date
//! without an offset is China's time, as the apps run there; what is not a time is not guessed.
//! Deliberately not here: any conclusion from a time, which is data and not truth.

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use duizhang_core::time::Timestamp;

/// How many digits a time in milliseconds has, from 2001 to 2286.
const MILLIS_DIGITS: usize = 13;
/// How many digits a time in seconds has in the same years.
const SECS_DIGITS: usize = 10;
/// Seconds by which China's clocks are ahead of UTC, in all of the country, all year.
const CHINA_SECS: i32 = 8 * 60 * 60;
/// Longest text that is looked at: a date with nanoseconds and an offset has 35 characters.
const MOMENT_BYTES_MAX: usize = 40;

/// How apps write a date without an offset.
const LOCAL_FORMS: [&str; 4] =
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y%m%d%H%M%S"];

/// The moment that a text names.
pub(in crate::sources) fn read_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > MOMENT_BYTES_MAX {
        return None;
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        MILLIS_DIGITS if digits => text.parse().ok().map(Timestamp::from_millis),
        SECS_DIGITS if digits => text.parse().ok().map(Timestamp::from_secs),
        _ => read_fraction(text).or_else(|| read_date(text)),
    }
}

/// Seconds with a fraction, as Automate and Python write them; less than a millisecond is cut off.
fn read_fraction(text: &str) -> Option<Timestamp> {
    let (secs, fraction) = text.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = secs.len() == SECS_DIGITS && digits(secs) && !fraction.is_empty();
    let millis: String = secs.chars().chain(fraction.chars().chain("00".chars()).take(3)).collect();
    millis.parse().ok().filter(|_| sound && digits(fraction)).map(Timestamp::from_millis)
}

fn read_date(text: &str) -> Option<Timestamp> {
    let millis = match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => moment.timestamp_millis(),
        Err(_) => {
            let china = FixedOffset::east_opt(CHINA_SECS)?;
            let local = LOCAL_FORMS
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
            local.and_local_timezone(china).single()?.timestamp_millis()
        }
    };
    // The same years as a number of 13 digits: what lies outside was not meant as a time.
    (1_000_000_000_000..10_000_000_000_000)
        .contains(&millis)
        .then(|| Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_read_in_every_writing() {
        let cases = [
            ("1700000000000", 1_700_000_000_000),
            ("1700000000", 1_700_000_000_000),
            (" 1700000000 ", 1_700_000_000_000),
            ("1700000000.5", 1_700_000_000_500),
            ("1700000000.123456789", 1_700_000_000_123),
            ("2023-11-15 06:13:20", 1_700_000_000_000),
            ("2023-11-15 06:13:20.250", 1_700_000_000_250),
            ("2023/11/15 06:13:20", 1_700_000_000_000),
            ("20231115061320", 1_700_000_000_000),
            ("2023-11-15T06:13:20", 1_700_000_000_000),
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("2023-11-14T23:13:20.000+01:00", 1_700_000_000_000),
        ];
        for (text, millis) in cases {
            assert_eq!(read_moment(text).map(Timestamp::millis), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_guessed() {
        let others = [
            "",
            "0",
            "170000000000",
            "1700000000.",
            "1700000000.x",
            "170000000.5",
            "1700000000000.5",
            "17000000000000",
            "-1700000000",
            "1.7E9",
            "１７０００００００００００",
            "2023-11-15",
            "06:13:20",
            "2023-13-15 06:13:20",
            "2023-11-15 25:13:20",
            "0001-01-01 00:00:00",
            "2023-11-15 06:13:20 CST",
            "yesterday",
        ];
        for text in others {
            assert_eq!(read_moment(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in "[0-9TZ:+./ -]{0,40}") {
            let _ = read_moment(&text);
        }
    }
}
