//! Business days: calendar days in the book's time zone, and times as people read them.

use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveTime, Offset, SecondsFormat, TimeZone, Utc,
};
use chrono_tz::Tz;
use duizhang_core::closing::Day;
use duizhang_core::time::Timestamp;

/// The years whose days may be asked for: what the log can hold lies within, and a year has four
/// digits in every format.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The zone whose calendar days are business days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

/// The name is not one of the IANA zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone(pub String);

impl std::fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown time zone {}", self.0)
    }
}

impl std::error::Error for UnknownZone {}

/// A text names no day that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDay(pub String);

impl std::fmt::Display for NoDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, last) = (YEARS.start(), YEARS.end());
        write!(f, "{:?} is not a day like 2026-11-21, of the years {first} to {last}", self.0)
    }
}

impl std::error::Error for NoDay {}

/// The day that somebody asks for.
///
/// # Errors
/// [`NoDay`] where the text is no date, or one outside of the years 1970 to 9999.
pub fn day_asked(text: &str) -> Result<NaiveDate, NoDay> {
    let day = text.parse().ok().filter(|day: &NaiveDate| YEARS.contains(&day.year()));
    day.ok_or_else(|| NoDay(text.to_owned()))
}

impl Zone {
    /// A zone by its IANA name.
    ///
    /// # Errors
    /// [`UnknownZone`].
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        // A device may claim any time at all. The ends of the calendar are drawn in by two days, so
        // that no zone's offset leads beyond them.
        let margin = chrono::TimeDelta::days(2);
        let first = (DateTime::<Utc>::MIN_UTC + margin).timestamp_micros();
        let last = (DateTime::<Utc>::MAX_UTC - margin).timestamp_micros();
        DateTime::<Utc>::from_timestamp_micros(at.micros().clamp(first, last))
            .expect("the calendar holds every instant between its ends")
            .with_timezone(&self.0)
    }

    /// The business day that an instant belongs to.
    #[must_use]
    pub fn day_of(self, at: Timestamp) -> NaiveDate {
        self.local(at).date_naive()
    }

    /// RFC 3339 with the zone's offset, to the second.
    #[must_use]
    pub fn rfc3339(self, at: Timestamp) -> String {
        self.local(at).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// RFC 3339 with the zone's offset, to the microsecond where there are any.
    #[must_use]
    pub fn rfc3339_exact(self, at: Timestamp) -> String {
        self.local(at).to_rfc3339_opts(SecondsFormat::AutoSi, false)
    }

    /// How far the zone is east of UTC at an instant, in seconds.
    #[must_use]
    pub fn offset_secs(self, at: Timestamp) -> i32 {
        self.local(at).offset().fix().local_minus_utc()
    }

    /// Hours, minutes and seconds of the day.
    #[must_use]
    pub fn clock_text(self, at: Timestamp) -> String {
        self.local(at).format("%H:%M:%S").to_string()
    }

    /// The first instant of a business day. Where the clock was put forward over midnight the day
    /// begins later, and where midnight came twice it begins with the first.
    #[must_use]
    pub fn start_of(self, day: NaiveDate) -> Timestamp {
        for minutes in 0..=180 {
            let local = day.and_time(NaiveTime::MIN) + chrono::TimeDelta::minutes(minutes);
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                    return Timestamp::from_micros(at.timestamp_micros());
                }
                LocalResult::None => {}
            }
        }
        unreachable!("no zone skips three hours at midnight")
    }

    /// The instant just beyond a business day.
    #[must_use]
    pub fn end_of(self, day: NaiveDate) -> Timestamp {
        day.succ_opt().map_or(Timestamp::MAX, |next| self.start_of(next))
    }
}

/// Days from the calendar's first one to 1970-01-01.
const DAYS_TO_1970: i32 = 719_163;

/// A day by its date.
#[must_use]
pub fn day_of_date(date: NaiveDate) -> Day {
    Day::new(date.num_days_from_ce().saturating_sub(DAYS_TO_1970))
}

/// The date of a day; the nearest end of the calendar where it has none.
#[must_use]
pub fn date_of(day: Day) -> NaiveDate {
    let end = if day.number() < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    let days = day.number().checked_add(DAYS_TO_1970);
    days.and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_their_dates_go_both_ways() {
        for (date, number) in [("1970-01-01", 0), ("2026-11-21", 20_778), ("1969-12-31", -1)] {
            let date: NaiveDate = date.parse().unwrap();
            assert_eq!((day_of_date(date), date_of(Day::new(number))), (Day::new(number), date));
        }
        assert_eq!(date_of(Day::new(i32::MAX)), NaiveDate::MAX);
        assert_eq!(date_of(Day::new(i32::MIN)), NaiveDate::MIN);
    }

    #[test]
    fn days_that_no_log_holds_are_refused() {
        for day in ["1970-01-01", "2026-11-21", "9999-12-31"] {
            assert_eq!(day_asked(day).map(|day| day.to_string()), Ok(day.to_owned()));
        }
        for day in ["1969-12-31", "+10000-01-01", "+262142-12-31", "-0001-01-01", "", "today"] {
            assert_eq!(day_asked(day), Err(NoDay(day.to_owned())));
        }
    }

    #[test]
    fn the_day_turns_at_midnight_of_the_zone() {
        let shanghai = Zone::new("Asia/Shanghai").unwrap();
        let evening = Timestamp::from_secs(1_795_192_200); // 2026-11-20T16:30:00Z
        assert_eq!(shanghai.day_of(evening).to_string(), "2026-11-21");
        assert_eq!(shanghai.rfc3339(evening), "2026-11-21T00:30:00+08:00");
        let day = shanghai.day_of(evening);
        assert_eq!(shanghai.rfc3339(shanghai.start_of(day)), "2026-11-21T00:00:00+08:00");
        assert_eq!(shanghai.rfc3339(shanghai.end_of(day)), "2026-11-22T00:00:00+08:00");
    }

    #[test]
    fn a_skipped_or_doubled_midnight_still_begins_a_day() {
        let beirut = Zone::new("Asia/Beirut").unwrap();
        let spring = NaiveDate::from_ymd_opt(2021, 3, 28).unwrap();
        assert_eq!(beirut.rfc3339(beirut.start_of(spring)), "2021-03-28T01:00:00+03:00");
        let havana = Zone::new("America/Havana").unwrap();
        let autumn = NaiveDate::from_ymd_opt(2021, 11, 7).unwrap();
        assert_eq!(havana.rfc3339(havana.start_of(autumn)), "2021-11-07T00:00:00-04:00");
    }

    #[test]
    fn times_beyond_the_calendar_are_printed_as_its_ends() {
        let shanghai = Zone::new("Asia/Shanghai").unwrap();
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(!shanghai.rfc3339(at).is_empty());
            assert!(!shanghai.clock_text(at).is_empty());
            let _ = shanghai.end_of(shanghai.day_of(at));
        }
    }

    #[test]
    fn an_unknown_zone_is_named() {
        assert_eq!(Zone::new("Mars/Base"), Err(UnknownZone("Mars/Base".into())));
    }
}
