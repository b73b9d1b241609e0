//! `alfine status`: every task, where it is, and what to do next.

use super::{opening, views};
use crate::{
    cli::StatusArgs,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{printable::printable, task::TaskStatus, time::Moment};
use alfine_engine::{Result, loops, project, project::Project, project::Target, start, view::TaskView};
use alfine_words::{clock, text::count};
use jiff::Zoned;
use std::{collections::BTreeSet, path::Path};

/// Prints the tasks of all plans, of one, or one task.
pub fn perform(directory: &Path, args: &StatusArgs) -> Result<u8> {
    let project = opening::open(directory, args.json)?;
    let target = args.target.as_deref().map(Target::parse).transpose()?;
    let plans = match &target {
        Some(target) => vec![project.plan(&target.plan)?],
        None => project.plans()?,
    };
    let mut tasks = views::of_plans(&project, &plans)?;
    if let (Some(target), [file]) = (&target, plans.as_slice()) {
        tasks.retain(|view| view.plan == file.name && target.task.as_ref().is_none_or(|id| view.id == *id));
        if let (Some(id), []) = (&target.task, tasks.as_slice()) {
            return Err(project::no_such_task(file, id));
        }
    }
    if args.json {
        print_json(&serde_json::json!({ "tasks": tasks }))?;
        return Ok(exit::DONE);
    }
    if tasks.is_empty() {
        say(format_args!("no plan here yet: `alfine init` writes a first one"));
    }
    let named = target.is_some_and(|target| target.task.is_some());
    let mut seen = BTreeSet::new();
    for view in &tasks {
        if seen.insert(view.plan.clone()) {
            say(format_args!("{}", printable(&view.plan)));
        }
        print(&project, view, named)?;
    }
    Ok(exit::DONE)
}

fn print(project: &Project, view: &TaskView, whole: bool) -> Result<()> {
    let mut parts = vec![view.status.as_str().replace('_', " ")];
    if view.iteration > 0 {
        parts.push(format!("iteration {} of {}", view.iteration, view.max_iterations));
    }
    if view.files_changed > 0 {
        parts.push(count(view.files_changed.into(), "file"));
    }
    parts.extend(alfine_words::cost(view.cost_usd, view.breaker.iter().any(|line| line.partial)));
    if let Some(until) = view.waiting_until {
        parts.push(format!("until {}", clock(Moment(until.0), &Zoned::now())));
    }
    say(format_args!(
        "  {} {}  {} · {}",
        sign(view.status),
        view.id,
        printable(&view.title),
        parts.join(" · ")
    ));
    if let Some(reason) = &view.reason {
        say(format_args!("      {}", printable(reason)));
    }
    let row = loops::loop_of(&project.store, &view.task)?;
    if whole {
        for criterion in &view.criteria {
            let state = alfine_words::criterion(criterion.state);
            say(format_args!("      [{state}] {}", printable(&criterion.text)));
        }
        for line in view.breaker.iter().filter(|line| line.count > 0.0 || !line.evidence.is_empty()) {
            let (count, limit) = (line.count_shown(), line.limit_shown());
            say(format_args!("      {} {count} of {limit} {}", line.rule, printable(&line.evidence)));
        }
        if let Some(worktree) = &view.worktree {
            say(format_args!("      worktree {}", printable(worktree)));
        }
        if let Some(branch) = &view.branch {
            say(format_args!("      branch {branch}"));
        }
    }
    if let Some(row) = &row {
        let asks = start::open_question(project, &row.id)?.map(|asked| asked.kind);
        let next = views::next_steps(&view.task, view.status, row, asks);
        let shown = if whole { next.len() } else { 1 };
        for step in next.iter().take(shown) {
            say(format_args!("      → {step}"));
        }
    }
    Ok(())
}

fn sign(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Done | TaskStatus::Merged => "✓",
        TaskStatus::Failed => "✗",
        TaskStatus::Running | TaskStatus::Evaluating | TaskStatus::Rework => "●",
        TaskStatus::Waiting => "◷",
        TaskStatus::Stopped | TaskStatus::NeedsInput | TaskStatus::Interrupted | TaskStatus::Paused => "!",
        TaskStatus::Pending | TaskStatus::Ready | TaskStatus::Skipped | TaskStatus::Discarded => "·",
    }
}
