//! Moments as a clock on the user's wall shows them.

use alfine_core::time::Moment;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// Shows a moment: `14:20`, with the date where that is another day than `now`. `zone` none: this machine's.
pub fn shown(at: Moment, now: Moment, zone: Option<&TimeZone>) -> String {
    let zoned = |moment: Moment| -> Option<Zoned> {
        let at = Timestamp::from_millisecond(moment.0).ok()?;
        Some(at.to_zoned(zone.cloned().unwrap_or_else(TimeZone::system)))
    };
    let Some(there) = zoned(at) else { return "an unknown time".to_owned() };
    let is_today = zoned(now).is_some_and(|now| now.date() == there.date());
    there.strftime(if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_shown_where_it_is_another_days() {
        let now = Moment(1_777_888_800_000);
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        for (minutes, expected) in
            [(0, "12:00"), (5, "12:05"), (13 * 60, "2026-05-05 01:00"), (-13 * 60, "2026-05-03 23:00")]
        {
            assert_eq!(shown(Moment(now.0 + minutes * 60_000), now, Some(&zone)), expected);
        }
        assert_eq!(shown(Moment(i64::MAX), now, Some(&zone)), "an unknown time");
    }
}
