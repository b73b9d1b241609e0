//! Compares two clocks: the wall clock, which people can set, and the clock that counts only while the computer is
//! awake. If they differ, the wall clock jumped or the computer slept.

use alfine_core::{machine::Input, time::Moment};
use alfine_store::Millis;
use std::time::{Duration, Instant};

/// A difference between the two clocks that is more than their usual drift.
const JUMP: Duration = Duration::from_secs(10);

/// What both clocks said when they were last looked at.
pub(super) struct Clocks {
    wall: Moment,
    awake: Instant,
}

impl Clocks {
    /// Looks for the first time.
    pub(super) fn now() -> Self {
        Self { wall: now(), awake: Instant::now() }
    }

    /// Says whether the clock on the wall jumped since the last look.
    pub(super) fn look(&mut self) -> Option<Input> {
        let before = std::mem::replace(self, Self::now());
        jump(before.wall, self.wall, self.awake.saturating_duration_since(before.awake))
    }
}

fn jump(before: Moment, after: Moment, awake: Duration) -> Option<Input> {
    let expected = before.after(awake);
    let (ahead, behind) = (after.since(expected), expected.since(after));
    if ahead >= JUMP {
        return Some(Input::Slept(ahead));
    }
    (behind >= JUMP).then_some(Input::ClockBack(behind))
}

/// The moment of the call, as the machine counts it.
pub(super) fn now() -> Moment {
    Moment(Millis::now().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_and_a_clock_set_back_are_seen_and_drift_is_not() {
        let second = Duration::from_secs(1);
        let after = |ms: i64| jump(Moment(1_000_000), Moment(1_000_000 + ms), second);
        assert_eq!(after(1_000), None);
        assert_eq!(after(10_999), None);
        assert_eq!(after(-8_999), None);
        assert_eq!(after(11_000), Some(Input::Slept(10 * second)));
        assert_eq!(after(-9_000), Some(Input::ClockBack(10 * second)));
        assert_eq!(after(-3_599_000), Some(Input::ClockBack(3_600 * second)));
    }

    #[test]
    fn clocks_that_go_on_as_they_should_say_nothing() {
        assert_eq!(Clocks::now().look(), None);
    }
}
