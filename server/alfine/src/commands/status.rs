//! `alfine status`: every task, where it is, and what to do next.

use super::{learnings, opening, views};
use crate::{
    cli::StatusArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    gate::Reading,
    hint::Hint,
    lint, plan,
    plan_run::{RunProgress, RunState},
    printable::printable,
    task::TaskStatus,
    text::{one_line, shell_word},
};
use alfine_engine::{
    Result, plan_run,
    project::{self, Project},
    view::{Seen, TaskView},
};
use alfine_words::{Mark, Reader};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Prints the tasks of all plans, of one, or one task.
pub(super) fn perform(directory: &Path, args: &StatusArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let target = args.target.as_deref().map(|target| project.target(target)).transpose()?;
    let plans = match &target {
        Some(target) => {
            let file = project.plan(&target.plan)?;
            project.align(&file)?;
            vec![file]
        }
        None => project.aligned_plans()?,
    };
    let mut tasks = views::of_plans(&project, &plans)?;
    let runs = runs_of(&project, &tasks)?;
    let mut former =
        views::former(&project, &tasks, target.as_ref().and(plans.first()).map(|file| file.name.as_str()))?;
    if let (Some(target), [file]) = (&target, plans.as_slice()) {
        tasks.retain(|Seen { view, .. }| {
            view.plan == file.name && target.task.as_ref().is_none_or(|id| view.id == *id)
        });
        former.retain(|view| target.task.as_ref().is_none_or(|id| view.id == *id));
        if let (Some(id), [], []) = (&target.task, tasks.as_slice(), former.as_slice()) {
            return Err(project::no_such_task(file, id));
        }
    }
    if args.json {
        let tasks: Vec<_> = tasks.into_iter().map(views::shown).collect();
        print_json(&serde_json::json!({ "tasks": tasks, "runs": runs, "former": former }))?;
        return Ok(exit::DONE);
    }
    if plans.is_empty() && tasks.is_empty() {
        no_plan(&project);
    }
    for (file, why) in plans.iter().filter_map(|file| Some((file, lint::why_no_task(&file.plan)?))) {
        say(format_args!("{}\n  {}", printable(&file.name), printable(&why)));
    }
    let named = target.as_ref().is_some_and(|target| target.task.is_some());
    let plain = plan::Plan::default().format.name();
    let mut seen = BTreeSet::new();
    let display = Display::new();
    for task in tasks {
        if seen.insert(task.view.plan.clone()) {
            // Of a plan in the usual format nobody asks.
            let format = task.view.format.as_deref().filter(|format| *format != plain);
            let format = format.map(|format| format!("  ({format})")).unwrap_or_default();
            say(format_args!("{}{format}", printable(&task.view.plan)));
            if let Some(run) = runs.iter().find(|run| run.plan == task.view.plan) {
                tell_run(run);
            }
        }
        print(&display, task, named);
    }
    // Of every plan it would be a list without an end.
    for view in former.iter().filter(|_| target.is_some()) {
        tell_former(view);
    }
    if target.is_none() {
        learnings::tell_due(&project)?;
    }
    Ok(exit::DONE)
}

/// Says what became of a task that is in its plan no more.
fn tell_former(view: &TaskView) {
    let why = view.reason.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
    say(format_args!(
        "  · {}  {} · no longer in the plan, {}{why}",
        view.id,
        printable(&view.title),
        view.status
    ));
    say(format_args!("      → what happened: alfine log {}", shell_word(&view.task.to_string())));
}

/// How far each plan is that was run as a whole.
fn runs_of(project: &Project, tasks: &[Seen]) -> Result<Vec<RunProgress>> {
    let mut of_plan: BTreeMap<&str, Vec<(TaskStatus, bool)>> = BTreeMap::new();
    for seen in tasks {
        of_plan.entry(&seen.view.plan).or_default().push((seen.view.status, seen.needs_you));
    }
    let of_plan = of_plan.into_iter();
    of_plan.filter_map(|(plan, tasks)| plan_run::progress(&project.store, plan, tasks).transpose()).collect()
}

/// Says how far a run is, unless it is over and nothing of it is left to merge, and what can be done with it.
fn tell_run(run: &RunProgress) {
    let next = match run.state {
        RunState::Over if run.branch.is_some() => "merge the whole: alfine merge",
        RunState::Over => return,
        RunState::Active => "hold it: alfine pause",
        RunState::Paused => "go on: alfine continue",
        RunState::NeedsInput if run.waiting > 0 || run.short.is_some() => "go on: alfine continue",
        RunState::Stopping | RunState::NeedsInput => {
            return say(format_args!("  run as a whole · {}", alfine_words::run_progress(run)));
        }
    };
    say(format_args!("  run as a whole · {}", alfine_words::run_progress(run)));
    match run.short {
        Some(short) => {
            let raise = Hint::RaiseBudget { plan: run.plan.clone(), short };
            say(format_args!("      → {}", alfine_words::hint(&raise, Reader::Terminal)));
        }
        None => say(format_args!("      → {next} {}", shell_word(&run.plan))),
    }
}

/// Says that there is no plan, and which files look like one.
fn no_plan(project: &Project) {
    let likely = project.likely_plans();
    let Some(first) = likely.first() else {
        return say(format_args!("no plan here yet: `alfine init` writes a first one"));
    };
    say(format_args!("no plan is known here yet, but these look like one:"));
    for name in &likely {
        say(format_args!("  {}", printable(name)));
    }
    let quoted = shell_word(first);
    say(format_args!("see what is read of one:    alfine lint {quoted}"));
    say(format_args!("have it known from now on:  plans = [{:?}] in alfine.toml", printable(first)));
}

fn print(display: &Display, task: Seen, whole: bool) {
    let next = if whole { views::next_steps(&task) } else { views::next_step(&task).into_iter().collect() };
    let has_loop = task.view.loop_id.is_some();
    let view = views::shown(task);
    let summary = view.shown.as_ref().map(|shown| shown.summary.as_str()).unwrap_or_default();
    let (mark, sign) = sign(view.status);
    let sign = display.painted(mark, sign);
    say(format_args!("  {sign} {}  {} · {summary}", view.id, printable(&view.title)));
    if let Some(reason) = &view.reason {
        say(format_args!("      {}", printable(reason)));
    }
    for on in view.detected_depends_on.iter().filter(|_| !has_loop) {
        say(format_args!("      after {} in a run of the plan: {}", printable(&on.id), on.reason));
    }
    if whole {
        for criterion in &view.criteria {
            let state = alfine_words::criterion(criterion.state);
            say(format_args!("      [{state}] {}", printable(&criterion.text)));
        }
        let reading: Option<Reading> =
            view.gate.clone().and_then(|reading| serde_json::from_value(reading).ok());
        for (name, text) in reading.and_then(|read| read.gate).iter().flat_map(alfine_words::gate_items) {
            if matches!(name, "confidence" | "milestone") {
                say(format_args!("      the agent says: {name} {}", printable(&one_line(&text))));
            }
        }
        for line in view.breaker.iter().filter(|line| line.count > 0.0 || !line.evidence.is_empty()) {
            let evidence = match printable(&line.evidence) {
                evidence if evidence.is_empty() => evidence,
                evidence => format!(" ({evidence})"),
            };
            say(format_args!("      {} {}{evidence}", line.rule, line.shown()));
        }
        if let Some(worktree) = &view.worktree {
            say(format_args!("      worktree {}", printable(worktree)));
        }
        if let Some(branch) = &view.branch {
            say(format_args!("      branch {branch}"));
        }
    }
    // How a task is started is said once, and not at each of many.
    for step in next.iter().filter(|_| whole || has_loop) {
        say(format_args!("      → {step}"));
    }
}

fn sign(status: TaskStatus) -> (Mark, &'static str) {
    match status {
        TaskStatus::Done | TaskStatus::Merged => (Mark::Good, "✓"),
        TaskStatus::Failed => (Mark::Bad, "✗"),
        TaskStatus::Running | TaskStatus::Evaluating | TaskStatus::Rework => (Mark::Step, "●"),
        TaskStatus::Waiting => (Mark::Notice, "◷"),
        TaskStatus::Stopped | TaskStatus::NeedsInput | TaskStatus::Interrupted | TaskStatus::Paused => {
            (Mark::Notice, "!")
        }
        TaskStatus::Pending | TaskStatus::Ready | TaskStatus::Skipped | TaskStatus::Discarded => {
            (Mark::Detail, "·")
        }
    }
}
