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
        RunState::NeedsInput if run.waiting > 0 && run.short.is_none() => {
            let wait = if run.waiting == 1 { "waits" } else { "wait" };
            parts.push(format!("{} {wait}", count(run.waiting.into(), "task")));
        }
        RunState::Active | RunState::NeedsInput | RunState::Over => {}
    }
    let cost = run.cost_usd.filter(|cost| *cost > 0.0);
    parts.extend(match run.budget_usd {
        Some(budget) => Some(format!("{} of {}", dollars(cost.unwrap_or_default()), dollars(budget))),
        None => cost.map(dollars),
    });
    if run.short.is_some() {
        parts.push("out of budget".to_owned());
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::budget::{Budget, Short};
    use alfine_core::plan_run::RunMoney;
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
            let money = RunMoney { cost_usd: Some(1.84), ..RunMoney::default() };
            assert_eq!(run_progress(&RunProgress::new("P.md", state, tasks, money)), said);
        }
    }

    #[test]
    fn a_run_says_what_it_may_cost_and_that_nothing_more_is_begun() {
        let short = Short { budget: Budget::PlanUsd, limit: 2.0, spent: 1.84, next: Some(0.3) };
        let money = RunMoney { cost_usd: Some(1.84), budget_usd: Some(2.0), short: Some(short) };
        let said = |tasks: &[_]| {
            let tasks = tasks.iter().map(|status| (*status, *status == NeedsInput));
            run_progress(&RunProgress::new("P.md", RunState::Active, tasks, money))
        };
        assert_eq!(said(&[Done, Running]), "1 of 2 done · 1 running · $1.84 of $2.00");
        assert_eq!(
            said(&[Done, NeedsInput, Ready]),
            "1 of 3 done · 1 needs you · $1.84 of $2.00 · out of budget"
        );
    }
}
