//! What to do next: as command lines for a terminal, as the names of actions for an editor.

use crate::Reader;
use alfine_core::{budget::Budget, hint::Hint, task::TaskKey, text::shell_word};

/// Says what to do next: phrases without a full stop. For a terminal there can be several lines.
pub fn hint(hint: &Hint, reader: Reader) -> String {
    match hint {
        Hint::Advice(text) => text.trim().to_owned(),
        Hint::AnyOf(hints) => {
            let said = hints.iter().map(|one| self::hint(one, reader)).filter(|said| !said.is_empty());
            said.collect::<Vec<_>>().join("; ")
        }
        hint => match reader {
            Reader::Terminal => in_a_terminal(hint),
            Reader::Editor { .. } => in_an_editor(hint),
        },
    }
}

fn in_a_terminal(hint: &Hint) -> String {
    match hint {
        Hint::Advice(_) | Hint::AnyOf(_) => String::new(),
        Hint::Start { task } => format!("start it: alfine run {task}", task = shell_word(task)),
        Hint::BeginAnew { task } => {
            format!(
                "if it is a new one: alfine run {task} --again; if it is the same, give it its title back",
                task = shell_word(task)
            )
        }
        Hint::StartAnyway { task } => {
            format!("to run it all the same: alfine run {task} --anyway", task = shell_word(task))
        }
        Hint::RunAgain { task } => {
            format!("to run it again: alfine run {task} --again", task = shell_word(task))
        }
        Hint::StartAll { plan } => format!("run the whole plan: alfine run {plan}", plan = shell_word(plan)),
        Hint::Continue { task } => format!("go on with it: alfine continue {task}", task = shell_word(task)),
        Hint::KeepPlan { task } => {
            format!("with the plan as it was: alfine continue {task} --keep-plan", task = shell_word(task))
        }
        Hint::RaiseIterations { from, to } => {
            format!("give a limit of {from} to {to}, or --reset-breaker")
        }
        Hint::RaiseCost => "give a higher limit, or --reset-breaker".to_owned(),
        Hint::RaiseBudget { plan, short } => {
            let plan = shell_word(plan);
            match short.budget {
                Budget::PlanUsd => format!("raise it: alfine continue {plan} --budget {}", short.raised()),
                Budget::DayUsd | Budget::PlanTime => {
                    format!(
                        "raise `{}` in your settings, then: alfine continue {plan}",
                        short.budget.setting()
                    )
                }
            }
        }
        Hint::Watch { task } => format!("watch it: alfine log {task} --follow", task = shell_word(task)),
        Hint::Transcript { task } => {
            format!("look at what its agent said: alfine log {task} --transcript", task = shell_word(task))
        }
        Hint::Diff { task } => {
            format!("look at what it changed: alfine diff {task}", task = shell_word(task))
        }
        Hint::Status { task } => format!("see `alfine status {task}`", task = shell_word(task)),
        Hint::ListTasks => "`alfine status` lists what there is".to_owned(),
        Hint::AwaitRunner => "watch it with `alfine status`, or stop it first".to_owned(),
        Hint::PauseFirst { task } => format!("first: alfine pause {task} --now", task = shell_word(task)),
        Hint::Stop { task } => format!("stop it: alfine stop {task}", task = shell_word(task)),
        Hint::StopFirst { task } => format!("first: alfine stop {task}", task = shell_word(task)),
        Hint::Steer { task } => {
            format!("to tell its agent something: alfine steer {task} \"...\"", task = shell_word(task))
        }
        Hint::Approve { task } => {
            format!(
                "answer: alfine answer {task} --approve, or --reject \"what is missing\"",
                task = shell_word(task)
            )
        }
        Hint::Merge { task } => format!("merge it: alfine merge {task}", task = shell_word(task)),
        Hint::MergeFirst { tasks } => tasks
            .iter()
            .map(|task| format!("alfine merge {}", shell_word(task)))
            .collect::<Vec<_>>()
            .join("\n"),
        Hint::MergeWithOthers { task } => {
            format!("to have it all: alfine merge {task} --with-dependencies", task = shell_word(task))
        }
        Hint::MergeInto { task } => format!("name the branch: {}", merge_into(task)),
        Hint::ResolveConflicts { task, branch, into } => format!(
            "have the agent resolve them: alfine rework {task}; or resolve them by hand: git switch {to} && git merge {from}, \
             then alfine merge {task}",
            to = shell_word(into),
            from = shell_word(branch),
            task = shell_word(task),
        ),
        Hint::Discard { task } => format!("discard it: alfine discard {task}", task = shell_word(task)),
        Hint::Rewind { task, iteration } => {
            format!("set it back instead: alfine rewind {task} {iteration}", task = shell_word(task))
        }
        Hint::LeaveOwnTree { to } => format!(
            "wait for it, or end it: alfine stop {}; or run this one in a worktree, without --in-place",
            shell_word(to)
        ),
        Hint::Trust { plan } => format!(
            "read them; then allow them: alfine trust {}, or give --trust to run, start or continue",
            shell_word(plan.as_deref().unwrap_or("PLAN"))
        ),
        Hint::NameTask { plan: Some(plan) } => {
            format!("write {plan}#TASK; `alfine status {}` lists the tasks", shell_word(plan))
        }
        Hint::NameTask { plan: None } => {
            "write PLAN or PLAN#TASK, such as PLAN.md#US-001; `alfine status` lists the tasks".to_owned()
        }
        Hint::FindPlan => {
            "`alfine init` writes a first plan; `alfine status` lists the known ones".to_owned()
        }
    }
}

fn in_an_editor(hint: &Hint) -> String {
    match hint {
        Hint::Advice(_) | Hint::AnyOf(_) => String::new(),
        Hint::Start { task } => format!("start it: “Start loop” on {task}"),
        Hint::BeginAnew { task } => format!("“Start loop” on {task} asks which one it is"),
        Hint::StartAnyway { task } => {
            format!("to run it all the same, in a terminal: alfine run {} --anyway", shell_word(task))
        }
        Hint::RunAgain { task } => format!("to run it again: “Run again, although it is merged” on {task}"),
        Hint::StartAll { plan } => format!("run the whole plan: “Start all” on {plan}"),
        Hint::Continue { task } => format!("go on with it: “Continue” on {task}"),
        // An editor's “Continue” always takes the plan as it is.
        Hint::KeepPlan { task } => {
            format!(
                "with the plan as it was, in a terminal: alfine continue {} --keep-plan",
                shell_word(task)
            )
        }
        Hint::RaiseIterations { from, to } => format!("give a limit of {from} to {to}, or reset the breaker"),
        Hint::RaiseCost => "give a higher limit, or reset the breaker".to_owned(),
        Hint::RaiseBudget { plan, short } => match short.budget {
            Budget::PlanUsd => format!("raise it: “Raise the budget” on {plan}"),
            Budget::DayUsd | Budget::PlanTime => {
                format!("raise `{}` in your settings, then “Continue all” on {plan}", short.budget.setting())
            }
        },
        Hint::Watch { task } => format!("watch it: “Show transcript” on {task}"),
        Hint::Transcript { task } => format!("look at what its agent said: “Show transcript” on {task}"),
        Hint::Diff { task } => format!("look at what it changed: “Show diff” on {task}"),
        Hint::Status { .. } => "see the hover on the task".to_owned(),
        Hint::ListTasks => "the plans show what there is: see the hover on each task".to_owned(),
        Hint::AwaitRunner => "watch it with the hover on the task, or stop it first".to_owned(),
        Hint::PauseFirst { task } => format!("first: “Pause” on {task}"),
        Hint::Stop { task } => format!("stop it: “Stop” on {task}"),
        Hint::StopFirst { task } => format!("first: “Stop” on {task}"),
        Hint::Steer { task } => format!("to tell its agent something: “Steer” on {task}"),
        Hint::Approve { .. } => "answer it with “Approve” or “Reject”".to_owned(),
        Hint::Merge { task } => format!("merge it: “Merge” on {task}"),
        Hint::MergeFirst { tasks } => {
            tasks.iter().map(|task| format!("“Merge” on {task}")).collect::<Vec<_>>().join("; ")
        }
        Hint::MergeWithOthers { task } => {
            format!("to have it all: “Merge” on {task}, and then “Merge all of it”")
        }
        // An editor's “Merge” takes no branch.
        Hint::MergeInto { task } => {
            format!("name the branch in a terminal: {}", merge_into(task))
        }
        Hint::ResolveConflicts { task, branch, into } => format!(
            "have the agent resolve them: “Rework” on {task}; or resolve them by hand: git switch {to} && git merge {from}, \
             then “Merge” on {task}",
            to = shell_word(into),
            from = shell_word(branch)
        ),
        Hint::Discard { task } => format!("discard it: “Discard” on {task}"),
        Hint::Rewind { task, .. } => format!("set it back instead: “Rewind” on {task}"),
        Hint::LeaveOwnTree { to } => format!(
            "wait for it, or end it: “Stop” on {to}; or run this one in a worktree, without `inPlace`"
        ),
        Hint::Trust { plan } => format!(
            "read them; to allow them later, use “Allow the commands” (alfine.trust) on {}, or start again and choose \
             Allow",
            plan.as_deref().unwrap_or("the plan")
        ),
        Hint::NameTask { plan: Some(plan) } => format!("name one of its tasks, as in {plan}#TASK"),
        Hint::NameTask { plan: None } => "name a plan or a task, such as PLAN.md#US-001".to_owned(),
        Hint::FindPlan => "name a plan that is there, or write a first one: PLAN.md".to_owned(),
    }
}

fn merge_into(task: &TaskKey) -> String {
    format!("alfine merge {} --into BRANCH; `git branch` lists the branches", shell_word(task))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odd;
    use alfine_core::budget::Short;

    /// Each kind of hint; the compiler asks for those to come.
    fn all() -> Vec<Hint> {
        let task = TaskKey::new("PLAN.md", "US-001");
        let all = vec![
            Hint::advice("install git"),
            Hint::AnyOf(vec![Hint::Watch { task: task.clone() }, Hint::Stop { task: task.clone() }]),
            Hint::Start { task: task.clone() },
            Hint::BeginAnew { task: task.clone() },
            Hint::StartAnyway { task: task.clone() },
            Hint::RunAgain { task: task.clone() },
            Hint::StartAll { plan: task.plan.clone() },
            Hint::Continue { task: task.clone() },
            Hint::KeepPlan { task: task.clone() },
            Hint::RaiseIterations { from: 4, to: 50 },
            Hint::RaiseCost,
            Hint::RaiseBudget { plan: task.plan.clone(), short: short(Budget::PlanUsd) },
            Hint::RaiseBudget { plan: task.plan.clone(), short: short(Budget::DayUsd) },
            Hint::Watch { task: task.clone() },
            Hint::Transcript { task: task.clone() },
            Hint::Diff { task: task.clone() },
            Hint::Status { task: task.clone() },
            Hint::ListTasks,
            Hint::AwaitRunner,
            Hint::PauseFirst { task: task.clone() },
            Hint::Stop { task: task.clone() },
            Hint::StopFirst { task: task.clone() },
            Hint::Steer { task: task.clone() },
            Hint::Approve { task: task.clone() },
            Hint::Merge { task: task.clone() },
            Hint::MergeFirst { tasks: vec![task.clone(), TaskKey::new("PLAN.md", "US-002")] },
            Hint::MergeWithOthers { task: task.clone() },
            Hint::MergeInto { task: task.clone() },
            Hint::ResolveConflicts {
                task: task.clone(),
                branch: "alfine/plan/us-001".to_owned(),
                into: "main".to_owned(),
            },
            Hint::Discard { task: task.clone() },
            Hint::Rewind { task: task.clone(), iteration: 2 },
            Hint::LeaveOwnTree { to: task.clone() },
            Hint::Trust { plan: Some(task.plan.clone()) },
            Hint::Trust { plan: None },
            Hint::NameTask { plan: Some(task.plan.clone()) },
            Hint::NameTask { plan: None },
            Hint::FindPlan,
        ];
        let kinds: std::collections::BTreeSet<u8> = all.iter().map(kind).collect();
        assert_eq!(kinds, (0..KINDS).collect(), "a kind of hint has no words here");
        all
    }

    fn short(budget: Budget) -> Short {
        Short { budget, limit: 1.0, spent: 0.9, next: Some(0.3) }
    }

    const KINDS: u8 = 34;

    fn kind(hint: &Hint) -> u8 {
        match hint {
            Hint::Advice(_) => 0,
            Hint::AnyOf(_) => 1,
            Hint::Start { .. } => 2,
            Hint::StartAll { .. } => 3,
            Hint::Continue { .. } => 4,
            Hint::RaiseIterations { .. } => 5,
            Hint::RaiseCost => 6,
            Hint::RaiseBudget { .. } => 32,
            Hint::Watch { .. } => 7,
            Hint::Transcript { .. } => 8,
            Hint::Diff { .. } => 9,
            Hint::Status { .. } => 10,
            Hint::ListTasks => 11,
            Hint::AwaitRunner => 12,
            Hint::PauseFirst { .. } => 13,
            Hint::Stop { .. } => 14,
            Hint::Steer { .. } => 15,
            Hint::Approve { .. } => 16,
            Hint::Merge { .. } => 17,
            Hint::MergeFirst { .. } => 18,
            Hint::MergeInto { .. } => 19,
            Hint::ResolveConflicts { .. } => 20,
            Hint::Discard { .. } => 21,
            Hint::Rewind { .. } => 22,
            Hint::LeaveOwnTree { .. } => 23,
            Hint::Trust { .. } => 24,
            Hint::NameTask { .. } => 25,
            Hint::FindPlan => 26,
            Hint::StopFirst { .. } => 27,
            Hint::BeginAnew { .. } => 28,
            Hint::RunAgain { .. } => 29,
            Hint::MergeWithOthers { .. } => 30,
            Hint::KeepPlan { .. } => 31,
            Hint::StartAnyway { .. } => 33,
        }
    }

    #[test]
    fn every_hint_reads_well_however_odd_it_is() {
        let readers =
            [Reader::Terminal, Reader::Editor { has_plugin: true }, Reader::Editor { has_plugin: false }];
        // The names of tasks, plans and branches are never empty.
        let said = all().into_iter().filter(|one| matches!(one, Hint::Advice(_) | Hint::AnyOf(_)));
        for one in said.collect::<Vec<_>>().iter().flat_map(odd::variants) {
            for said in
                readers.map(|reader| hint(&one, reader)).iter().filter(|said| !said.ends_with("it is:"))
            {
                odd::assert_reads_well(said, &one);
            }
        }
    }

    fn worded(reader: Reader) -> String {
        all().iter().map(|one| hint(one, reader)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_terminal_reads_command_lines() {
        insta::assert_snapshot!(worded(Reader::Terminal), @r#"
        install git
        watch it: alfine log PLAN.md#US-001 --follow; stop it: alfine stop PLAN.md#US-001
        start it: alfine run PLAN.md#US-001
        if it is a new one: alfine run PLAN.md#US-001 --again; if it is the same, give it its title back
        to run it all the same: alfine run PLAN.md#US-001 --anyway
        to run it again: alfine run PLAN.md#US-001 --again
        run the whole plan: alfine run PLAN.md
        go on with it: alfine continue PLAN.md#US-001
        with the plan as it was: alfine continue PLAN.md#US-001 --keep-plan
        give a limit of 4 to 50, or --reset-breaker
        give a higher limit, or --reset-breaker
        raise it: alfine continue PLAN.md --budget 2
        raise `budget.day_usd` in your settings, then: alfine continue PLAN.md
        watch it: alfine log PLAN.md#US-001 --follow
        look at what its agent said: alfine log PLAN.md#US-001 --transcript
        look at what it changed: alfine diff PLAN.md#US-001
        see `alfine status PLAN.md#US-001`
        `alfine status` lists what there is
        watch it with `alfine status`, or stop it first
        first: alfine pause PLAN.md#US-001 --now
        stop it: alfine stop PLAN.md#US-001
        first: alfine stop PLAN.md#US-001
        to tell its agent something: alfine steer PLAN.md#US-001 "..."
        answer: alfine answer PLAN.md#US-001 --approve, or --reject "what is missing"
        merge it: alfine merge PLAN.md#US-001
        alfine merge PLAN.md#US-001
        alfine merge PLAN.md#US-002
        to have it all: alfine merge PLAN.md#US-001 --with-dependencies
        name the branch: alfine merge PLAN.md#US-001 --into BRANCH; `git branch` lists the branches
        have the agent resolve them: alfine rework PLAN.md#US-001; or resolve them by hand: git switch main && git merge alfine/plan/us-001, then alfine merge PLAN.md#US-001
        discard it: alfine discard PLAN.md#US-001
        set it back instead: alfine rewind PLAN.md#US-001 2
        wait for it, or end it: alfine stop PLAN.md#US-001; or run this one in a worktree, without --in-place
        read them; then allow them: alfine trust PLAN.md, or give --trust to run, start or continue
        read them; then allow them: alfine trust PLAN, or give --trust to run, start or continue
        write PLAN.md#TASK; `alfine status PLAN.md` lists the tasks
        write PLAN or PLAN#TASK, such as PLAN.md#US-001; `alfine status` lists the tasks
        `alfine init` writes a first plan; `alfine status` lists the known ones
        "#);
    }

    #[test]
    fn an_editor_reads_the_names_of_actions() {
        let words = worded(Reader::Editor { has_plugin: true });
        insta::assert_snapshot!(words, @r#"
        install git
        watch it: “Show transcript” on PLAN.md#US-001; stop it: “Stop” on PLAN.md#US-001
        start it: “Start loop” on PLAN.md#US-001
        “Start loop” on PLAN.md#US-001 asks which one it is
        to run it all the same, in a terminal: alfine run PLAN.md#US-001 --anyway
        to run it again: “Run again, although it is merged” on PLAN.md#US-001
        run the whole plan: “Start all” on PLAN.md
        go on with it: “Continue” on PLAN.md#US-001
        with the plan as it was, in a terminal: alfine continue PLAN.md#US-001 --keep-plan
        give a limit of 4 to 50, or reset the breaker
        give a higher limit, or reset the breaker
        raise it: “Raise the budget” on PLAN.md
        raise `budget.day_usd` in your settings, then “Continue all” on PLAN.md
        watch it: “Show transcript” on PLAN.md#US-001
        look at what its agent said: “Show transcript” on PLAN.md#US-001
        look at what it changed: “Show diff” on PLAN.md#US-001
        see the hover on the task
        the plans show what there is: see the hover on each task
        watch it with the hover on the task, or stop it first
        first: “Pause” on PLAN.md#US-001
        stop it: “Stop” on PLAN.md#US-001
        first: “Stop” on PLAN.md#US-001
        to tell its agent something: “Steer” on PLAN.md#US-001
        answer it with “Approve” or “Reject”
        merge it: “Merge” on PLAN.md#US-001
        “Merge” on PLAN.md#US-001; “Merge” on PLAN.md#US-002
        to have it all: “Merge” on PLAN.md#US-001, and then “Merge all of it”
        name the branch in a terminal: alfine merge PLAN.md#US-001 --into BRANCH; `git branch` lists the branches
        have the agent resolve them: “Rework” on PLAN.md#US-001; or resolve them by hand: git switch main && git merge alfine/plan/us-001, then “Merge” on PLAN.md#US-001
        discard it: “Discard” on PLAN.md#US-001
        set it back instead: “Rewind” on PLAN.md#US-001
        wait for it, or end it: “Stop” on PLAN.md#US-001; or run this one in a worktree, without `inPlace`
        read them; to allow them later, use “Allow the commands” (alfine.trust) on PLAN.md, or start again and choose Allow
        read them; to allow them later, use “Allow the commands” (alfine.trust) on the plan, or start again and choose Allow
        name one of its tasks, as in PLAN.md#TASK
        name a plan or a task, such as PLAN.md#US-001
        name a plan that is there, or write a first one: PLAN.md
        "#);
        assert_eq!(words, worded(Reader::Editor { has_plugin: false }));
    }
}
