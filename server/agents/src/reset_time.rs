//! When a usage limit passes, read from the words of CLIs that do not say it in any other way.
//!
//! The current time comes in as data.

use jiff::{
    Timestamp, ToSpan, Zoned, civil,
    tz::{Offset, TimeZone},
};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// What stands before the moment at which a limit passes.
const LEAD: &str = r"(?i)\b(?:resets?|renews?|refreshes|access|again|retry|until)\b[\s:]*";

/// `resets 10am (UTC)`, `resets at 15:00`, `resets Mar 17, 2030, 5:46pm (UTC)`, `try again on Thursday at 9 a.m.`
static CLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let day = r"(?:(?<tomorrow>tomorrow)|(?<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?<month>[a-z]{3})[a-z]*\.? (?<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?<year>\d{4}))?)(?:,| at)* ";
    let time = r"(?<hour>\d{1,2})(?::(?<minute>\d\d))?(?::\d\d)? ?(?<half>[ap]\.?m\b)?";
    let zone = r"(?:\.? ?\((?<zone>[^)]+)\)| ?(?:utc|gmt)?(?<offset>[+-]\d{1,2}(?::?\d\d)?)\b| ?(?<utc>utc|gmt|z)\b)?";
    Regex::new(&format!(r"{LEAD}(?:(?:at|on|after)\s+)?(?:{day})?{time}{zone}")).ok()
});

/// `resets 2026-12-01T15:00:00Z`, `regain access on 2026-12-01 at 00:00 UTC`
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let date = r"(?<date>\d{4}-\d\d-\d\d)(?:T|,? at |,? )";
    let time = r"(?<time>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?";
    let zone = r" ?(?:(?:utc|gmt)?(?<offset>[+-]\d{1,2}(?::?\d\d)?)\b|(?<utc>z|utc|gmt)\b)?";
    Regex::new(&format!(r"{LEAD}(?:(?:at|on|after)\s+)?{date}{time}{zone}")).ok()
});

/// `resets in 2h 5m`, `try again in about 3 days 4 hours`, `retry-after: 120`
static SPAN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:resets?|renews?|refreshes|access|again|retry|available|wait)[\s:-]+(?:in|after|for)\b[\s:]*(?:about |approximately |~ ?)?")
        .ok()
});

/// What a limit that passes is said to do, whether or not it is said when.
static PASSES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:resets?|renews|try again|retry[ -]after)\b").ok());

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Says whether `text` is about something that passes.
pub(crate) fn passes(text: &str) -> bool {
    PASSES.as_ref().is_some_and(|passes| passes.is_match(text))
}

/// Returns the time that `text` names, in seconds since the epoch. A time without a date, or a date without a year,
/// is the next one after `now`; a time without a zone is in the system's.
pub(crate) fn reset_time(text: &str, now: Timestamp) -> Option<i64> {
    // The oldest wording: `Claude AI usage limit reached|1751234567`.
    if let Some(seconds) = text.rsplit_once('|').and_then(|(_, end)| end.trim().parse::<i64>().ok()) {
        return Some(seconds);
    }
    if let Some(after) = SPAN.as_ref()?.find_iter(text).find_map(|lead| span(text.get(lead.end()..)?)) {
        return now.as_second().checked_add(after);
    }
    if let Some(words) = DATE.as_ref()?.captures(text) {
        return date(&words);
    }
    CLOCK.as_ref()?.captures_iter(text).find_map(|words| clock(&words, now))
}

/// Reads a length of time at the start of a text, in seconds: `2h5m`, `3 days, 4 hours and 5 minutes`, `120`.
fn span(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut all: Option<i64> = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let Ok(number) = number.parse::<i64>() else { return all };
        let after = after.trim_start_matches([' ', '-']);
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let seconds = match unit.to_lowercase().as_str() {
            "d" | "day" | "days" => 86_400,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
            _ => return all,
        };
        all = all.unwrap_or_default().checked_add(number.checked_mul(seconds)?);
        rest = after.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
}

fn date(words: &Captures<'_>) -> Option<i64> {
    let date: civil::Date = words.name("date")?.as_str().parse().ok()?;
    let time: civil::Time = words.name("time")?.as_str().parse().ok()?;
    let zone = match (words.name("utc"), words.name("offset")) {
        (Some(_), _) => TimeZone::UTC,
        (None, Some(offset)) => TimeZone::fixed(seconds_of_offset(offset.as_str())?),
        (None, None) => TimeZone::system(),
    };
    Some(date.to_datetime(time).to_zoned(zone).ok()?.timestamp().as_second())
}

/// A zone by its name, or by what it is before or after UTC: `Asia/Tokyo`, `UTC+2`, `GMT-05:30`.
fn zone_of(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let sign = name.find(['+', '-']).unwrap_or(name.len());
    let (before, offset) = name.split_at_checked(sign)?;
    let is_offset = matches!(before.trim().to_lowercase().as_str(), "" | "utc" | "gmt") && !offset.is_empty();
    match is_offset {
        true => Some(TimeZone::fixed(seconds_of_offset(offset)?)),
        false => TimeZone::get(name).ok(),
    }
}

fn seconds_of_offset(offset: &str) -> Option<Offset> {
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    // Without minutes there are one or two digits.
    let (hours, minutes) = match digits.len() {
        0..=2 => (digits.as_str(), "0"),
        length => digits.split_at_checked(length - 2)?,
    };
    let minutes = minutes.parse::<i32>().ok()?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes * 60;
    Offset::from_seconds(if offset.starts_with('-') { -seconds } else { seconds }).ok()
}

fn clock(words: &Captures<'_>, now: Timestamp) -> Option<i64> {
    let zone = match (words.name("zone"), words.name("offset"), words.name("utc")) {
        (Some(name), ..) => zone_of(name.as_str())?,
        (None, Some(offset), _) => TimeZone::fixed(seconds_of_offset(offset.as_str())?),
        (None, None, Some(_)) => TimeZone::UTC,
        (None, None, None) => TimeZone::system(),
    };
    let now = now.to_zoned(zone.clone());
    let time = time_of(words)?;
    let at = |date: civil::Date| date.to_datetime(time).to_zoned(zone.clone()).ok();
    let next = match (words.name("month"), words.name("weekday"), words.name("tomorrow")) {
        (Some(month), _, _) => on_a_date(month.as_str(), words, &now, at)?,
        (None, Some(day), _) => {
            let day = WEEKDAYS.iter().position(|name| day.as_str().eq_ignore_ascii_case(name))?;
            let day = i8::try_from(day).ok()?;
            next_of(&now, at, |date| date.weekday().to_monday_zero_offset() == day)?
        }
        (None, None, Some(_)) => at(now.date().tomorrow().ok()?)?,
        (None, None, None) => next_of(&now, at, |_| true)?,
    };
    Some(next.timestamp().as_second())
}

/// The next moment from `now` on a date of this kind, within a week.
fn next_of(
    now: &Zoned,
    at: impl Fn(civil::Date) -> Option<Zoned>,
    is_one: impl Fn(civil::Date) -> bool,
) -> Option<Zoned> {
    let today = now.date();
    let dates = today.series(1.day()).take(8).filter(|date| is_one(*date));
    dates.filter_map(at).find(|moment| moment > now)
}

fn on_a_date(
    month: &str,
    words: &Captures<'_>,
    now: &Zoned,
    at: impl Fn(civil::Date) -> Option<Zoned>,
) -> Option<Zoned> {
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))?;
    let month = i8::try_from(month + 1).ok()?;
    let day = words.name("day")?.as_str().parse().ok()?;
    if let Some(year) = words.name("year") {
        return at(civil::Date::new(year.as_str().parse().ok()?, month, day).ok()?);
    }
    let this_year = at(civil::Date::new(now.year(), month, day).ok()?)?;
    // Less than a day ago is a limit that just passed, not one of the next year.
    let just_now = now.checked_sub(1.day()).ok()?;
    if this_year > just_now { Some(this_year) } else { this_year.checked_add(1.year()).ok() }
}

/// A number alone is no time: it has minutes, or says which half of the day it is in.
fn time_of(words: &Captures<'_>) -> Option<civil::Time> {
    let hour: i8 = words.name("hour")?.as_str().parse().ok()?;
    let minute: Option<i8> = words.name("minute").and_then(|minute| minute.as_str().parse().ok());
    let Some(half) = words.name("half") else { return civil::Time::new(hour, minute?, 0, 0).ok() };
    let afternoon = half.as_str().starts_with(['p', 'P']);
    let hour = match (hour, afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, false) => hour,
        (1..=11, true) => hour + 12,
        _ => return None,
    };
    civil::Time::new(hour, minute.unwrap_or_default(), 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:16:09 UTC, a Saturday.
    const NOW: i64 = 1_795_252_569;

    #[test]
    fn a_reset_time_is_read_from_every_known_wording() {
        for (text, expected) in [
            ("You've hit your session limit · resets 10am (UTC)", Some(1_795_255_200)),
            ("You've hit your session limit · resets 9am (UTC)", Some(1_795_251_600 + 86_400)),
            ("You've hit your 5-hour limit · resets Mar 17, 2030, 5:46pm (UTC)", Some(1_899_999_960)),
            ("You've hit your weekly limit · resets Nov 25, 12am (UTC)", Some(1_795_564_800)),
            ("You've hit your weekly limit · resets Jan 1 at 12pm (UTC)", Some(1_798_804_800)),
            ("Claude AI usage limit reached|1751234567", Some(1_751_234_567)),
            ("limit reached, resets 10:00 (UTC)", Some(1_795_255_200)),
            ("limit reached; it resets at 10:00 UTC.", Some(1_795_255_200)),
            ("Quota used up: try again at 10:00 AM (UTC).", Some(1_795_255_200)),
            ("usage limit: try again at 10 a.m. (UTC)", Some(1_795_255_200)),
            ("Your limit will reset at 14:30 UTC+2", Some(1_795_264_200)),
            ("limit, resets at 14:30 GMT+02:00", Some(1_795_264_200)),
            ("limit, resets at 2:30 pm UTC+2.", Some(1_795_264_200)),
            ("limit, resets 7:00 (UTC-5:30)", Some(1_795_264_200)),
            ("limit, resets 14:30+02", Some(1_795_264_200)),
            ("limit, resets 2026-11-21 14:30 UTC+2", Some(1_795_264_200)),
            ("limit, resets at 12:30 GMT", Some(1_795_264_200)),
            ("limit, resets tomorrow at 10am (UTC)", Some(1_795_255_200 + 86_400)),
            ("limit, resets Mon 10am (UTC)", Some(1_795_255_200 + 2 * 86_400)),
            ("limit, resets on Saturday at 9:00 (UTC)", Some(1_795_251_600 + 7 * 86_400)),
            ("limit, resets in 2h 5m", Some(NOW + 7500)),
            ("limit, resets in 2h5m", Some(NOW + 7500)),
            ("limit, try again in 3 days, 4 hours and 5 minutes.", Some(NOW + 273_900)),
            ("limit, please wait for 90 seconds", Some(NOW + 90)),
            ("429 Too Many Requests, retry-after: 120", Some(NOW + 120)),
            ("limit, resets 2026-11-21T10:00:00Z", Some(1_795_255_200)),
            ("limit, resets at 2026-11-21 12:00:00+02:00", Some(1_795_255_200)),
            ("usage limits. You will regain access on 2026-11-21 at 10:00 UTC.", Some(1_795_255_200)),
            ("limit reached, resets 13pm (UTC)", None),
            ("limit reached, resets 25:00 (UTC)", None),
            ("limit reached, resets Foo 1, 1pm (UTC)", None),
            ("limit reached, resets Feb 31, 2030, 1pm (UTC)", None),
            ("limit reached, resets 1pm (Nowhere/Land)", None),
            ("limit reached, resets in 3 months", None),
            ("limit reached, retry after 3 attempts", None),
            ("the test resets 429 counters", None),
            ("resets in 99999999999999999999h", None),
            ("", None),
        ] {
            assert_eq!(reset_time(text, Timestamp::from_second(NOW).unwrap()), expected, "{text}");
        }
    }
}
