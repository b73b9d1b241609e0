//! When a usage limit passes, read from the words of CLIs that do not say it in any other way.
//!
//! The current time comes in as data.

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// `resets 10am (UTC)`, `resets Mar 17, 2030, 5:46pm (UTC)`, `resets Oct 6, 1pm`.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bresets? (?:at )?(?:(?<month>[a-z]{3})[a-z]* (?<day>\d{1,2})(?:, (?<year>\d{4}))?(?:,| at) )?(?<hour>\d{1,2})(?::(?<minute>\d\d))? ?(?<half>am|pm)(?: \((?<zone>[^)]+)\))?",
    )
    .ok()
});

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Returns the time that `text` names, in seconds since the epoch. A time without a date, or a date without a year,
/// is the next one after `now`; a time without a zone is in the system's.
pub(crate) fn reset_time(text: &str, now: Timestamp) -> Option<i64> {
    // The oldest wording: `Claude AI usage limit reached|1751234567`.
    if let Some(seconds) = text.rsplit_once('|').and_then(|(_, end)| end.trim().parse::<i64>().ok()) {
        return Some(seconds);
    }
    let words = WORDS.as_ref()?.captures(text)?;
    let zone = match words.name("zone") {
        Some(name) => TimeZone::get(name.as_str()).ok()?,
        None => TimeZone::system(),
    };
    let now = now.to_zoned(zone.clone());
    let at = |date: civil::Date| date.to_datetime(time_of(&words)?).to_zoned(zone.clone()).ok();
    let Some(month) = words.name("month") else {
        let today = at(now.date())?;
        let next = if today > now { today } else { at(now.date().tomorrow().ok()?)? };
        return Some(next.timestamp().as_second());
    };
    let month = MONTHS.iter().position(|name| month.as_str().eq_ignore_ascii_case(name))?;
    let month = i8::try_from(month + 1).ok()?;
    let day = words.name("day")?.as_str().parse().ok()?;
    if let Some(year) = words.name("year") {
        let date = civil::Date::new(year.as_str().parse().ok()?, month, day).ok()?;
        return Some(at(date)?.timestamp().as_second());
    }
    let this_year = at(civil::Date::new(now.year(), month, day).ok()?)?;
    // Less than a day ago is a limit that just passed, not one of the next year.
    let just_now = now.checked_sub(1.day()).ok()?;
    let next = if this_year > just_now { this_year } else { this_year.checked_add(1.year()).ok()? };
    Some(next.timestamp().as_second())
}

fn time_of(words: &Captures<'_>) -> Option<civil::Time> {
    let hour: i8 = words.name("hour")?.as_str().parse().ok()?;
    let minute = words.name("minute").map_or(Some(0), |minute| minute.as_str().parse().ok())?;
    let afternoon = words.name("half")?.as_str().eq_ignore_ascii_case("pm");
    let hour = match (hour, afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, false) => hour,
        (1..=11, true) => hour + 12,
        _ => return None,
    };
    civil::Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:16:09 UTC.
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
            ("limit reached, resets 13pm (UTC)", None),
            ("limit reached, resets Foo 1, 1pm (UTC)", None),
            ("limit reached, resets Feb 31, 2030, 1pm (UTC)", None),
            ("limit reached, resets 1pm (Nowhere/Land)", None),
            ("the test resets 429 counters", None),
            ("", None),
        ] {
            assert_eq!(reset_time(text, Timestamp::from_second(NOW).unwrap()), expected, "{text}");
        }
    }
}
