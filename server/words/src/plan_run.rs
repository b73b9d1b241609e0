//! How far the run of a plan is, on one line.

use crate::text::count;
use alfine_core::{
    breaker::dollars,
    plan_run::{RunProgress, RunState},
};

/// How far the run of a plan is: `3 of 9 done · 2 running · 1 needs you · $1.84`.
pub fn run_progress(run: &RunProgress) -> String {
    let mut parts = vec![format!("{} of {} done", run.done, run.total)];
    if run.running > 0 {
        parts.push(format!("{} running", run.running));
    }
    match run.needs_you {
        0 => {}
        1 => parts.push("1 needs you".to_owned()),
        more => parts.push(format!("{more} need you")),
    }
    match run.state {
        RunState::Paused => parts.push("paused".to_owned()),
        RunState::Stopping => parts.push("stopping".to_owned()),
        RunState::NeedsInput if run.waiting > 0 => {
            let wait = if run.waiting == 1 { "waits" } else { "wait" };
            parts.push(format!("{} {wait}", count(run.waiting.into(), "task")));
        }
        RunState::Active | RunState::NeedsInput | RunState::Over => {}
    }
    parts.extend(run.cost_usd.filter(|cost| *cost > 0.0).map(dollars));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::task::TaskStatus::{Done, NeedsInput, Ready, Running};

    #[test]
    fn a_run_says_what_there_is_of_it() {
        for (state, tasks, said) in [
            (
                RunState::Active,
                vec![Done, Running, Running, NeedsInput],
                "1 of 4 done · 2 running · 1 needs you · $1.84",
            ),
            (RunState::Active, vec![Done, Ready], "1 of 2 done · 1 task waits · $1.84"),
            (RunState::Paused, vec![Ready, Ready], "0 of 2 done · paused · $1.84"),
            (RunState::Over, vec![Done], "1 of 1 done · $1.84"),
        ] {
            let tasks = tasks.into_iter().map(|status| (status, status == NeedsInput));
            assert_eq!(run_progress(&RunProgress::new("P.md", state, tasks, Some(1.84))), said);
        }
    }
}
