//! How far the run of a plan is, on one line.

use crate::{Reader, text::count};
use alfine_core::{
    breaker::dollars,
    plan_run::{RunProgress, RunState},
    printable::enumerated,
    task::{TaskKey, TaskStatus},
    text::shell_word,
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
    parts.extend(run.branch.as_ref().map(|branch| format!("on {branch}")));
    parts.join(" · ")
}

/// Says that the work of a plan is on a branch of its own, and how the whole is merged.
pub fn waits_on_branch(plan: &str, branch: &str, reader: Reader) -> String {
    let merge = match reader {
        Reader::Terminal => format!("`alfine merge {}` merges it", shell_word(plan)),
        Reader::Editor { .. } => "*Merge the plan* merges it".to_owned(),
    };
    format!("the work is on {branch} until the whole is merged: {merge}")
}

/// Says that a plan was merged as a whole, and what of it was not: `PLAN.md is merged into main: 3 tasks; without T4 (failed)`.
pub fn plan_merged(plan: &str, into: &str, tasks: usize, without: &[(TaskKey, TaskStatus)]) -> String {
    let merged = format!("{plan} is merged into {into}: {}", count(tasks as u64, "task"));
    if without.is_empty() {
        return merged;
    }
    let without = enumerated(without.iter().map(|(key, status)| format!("{} ({status})", key.id)));
    format!("{merged}; not among them: {without}")
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
    fn a_run_says_which_branch_of_its_own_it_lands_on() {
        let run = RunProgress::new("P.md", RunState::Over, [(Done, false)], RunMoney::default());
        let said = run_progress(&run.on(Some("alfine-runs/P".to_owned())));
        assert_eq!(said, "1 of 1 done · on alfine-runs/P");
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
