//! `merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{
    asking::{self, Said},
    control::{goes_on, said, tell_changes},
    opening::{self, Either},
    run, signals,
};
use crate::{
    cli::{DiscardArgs, IterationArgs, MergeArgs, ReworkArgs},
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{news::News, task::TaskStatus, text::shell_word};
use alfine_engine::{
    Error, ErrorKind, Result,
    project::Project,
    requests::{self, How, Merging, Reworking},
    run_branch::{self, Conditions, MergedPlan},
};
use alfine_git::WorkingCopies;
use alfine_verify::CancelToken;
use alfine_words::Reader;
use serde_json::json;
use std::path::Path;

/// Merges a done task, or a plan that was run on a branch of its own.
pub(super) fn merge(directory: &Path, args: &MergeArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let key = match opening::target(&mut project, &args.target)? {
        Either::Task(key) => key,
        Either::Plan(plan) => return merge_plan(&mut project, &plan, args),
    };
    let request = requests::Merge {
        task: key.clone(),
        into: args.into.clone(),
        with_others: args.with_dependencies,
        in_background: false,
    };
    match asking::drive(&mut project, request, Said { json: args.json, ..Said::default() }) {
        Ok(Merging::Lands(How::Here(lock))) => {
            let display = if args.json { None } else { Some(Display::new()) };
            let status = run::alone(&mut project, lock, display.as_ref())?;
            Ok(if status == TaskStatus::Merged { exit::DONE } else { exit::NEEDS_YOU })
        }
        // Nobody asked for that here.
        Ok(Merging::Lands(How::InBackground | How::Settled)) => Ok(exit::DONE),
        Ok(Merging::Merged(merged)) => {
            if args.json {
                print_json(&json!({
                    "task": key, "status": TaskStatus::Merged, "commit": merged.merged.commit,
                    "committed_tick": merged.committed_tick, "ticked": merged.ticked,
                }))?;
            } else {
                let how = if merged.merged.fast_forward { "fast-forward" } else { "merge commit" };
                let commit = merged.merged.commit.get(..10).unwrap_or(&merged.merged.commit);
                say(format_args!("{key} is merged into {} ({how}, {commit})", merged.into));
                if let Some(plan) = merged.ticked {
                    let uncommitted = if merged.committed_tick { "" } else { ", uncommitted" };
                    say(format_args!("  ticked in {}{uncommitted}", plan.display()));
                }
                if let Some(why) = merged.unticked {
                    say(format_args!("  {}", alfine_words::unticked(&why, &key.plan)));
                }
                if let Some(plan) = merged.plan_moved {
                    say(format_args!("  the plan is {plan} now"));
                }
                if let Some(folder) = merged.archived {
                    say(format_args!("  the plan is over, and archived in {folder}"));
                }
            }
            Ok(exit::DONE)
        }
        Err(error) if args.json => {
            let conflicts = match &error.kind {
                ErrorKind::Conflict { files } => files.as_slice(),
                _ => &[],
            };
            let hint = error.hint_for(Reader::Terminal);
            print_json(&json!({
                "task": key, "error": error.message, "hint": hint, "conflicts": conflicts,
            }))?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Merges the branch that a plan was run on, once the checks of its tasks hold together.
fn merge_plan(project: &mut Project, plan: &str, args: &MergeArgs) -> Result<u8> {
    if args.with_dependencies {
        return Err(Error::user(format!(
            "{plan} is merged as a whole, with all that its tasks were built on"
        ))
        .hint("leave --with-dependencies out"));
    }
    let (display, program, cancel) = (Display::new(), opening::program()?, CancelToken::default());
    let interrupted = cancel.clone();
    let listening = signals::forward(move || interrupted.cancel())?;
    let with = Conditions {
        into: args.into.as_deref(),
        tick: WorkingCopies::Unmodified,
        is_unsaved: &|_| false,
        guard: &program,
        cancel: &cancel,
    };
    let mut tell = |news: News| {
        if !args.json {
            display.moves(&news);
        }
    };
    let merged = run_branch::merge(project, plan, with, &mut tell);
    listening.close();
    display.all_rest();
    if let (Err(error), true) = (&merged, args.json) {
        print_json(
            &json!({ "plan": plan, "error": error.message, "hint": error.hint_for(Reader::Terminal) }),
        )?;
    }
    let Some(MergedPlan { from, into, commit, tasks, without, left, unticked, archived }) = merged? else {
        match args.json {
            true => print_json(&json!({ "plan": plan, "cancelled": true }))?,
            false => say(format_args!("{plan} is not merged: you ended its checks")),
        }
        return Ok(exit::STOPPED);
    };
    if args.json {
        let tasks: Vec<_> = tasks.iter().map(|(key, _)| key).collect();
        let without: Vec<_> =
            without.iter().map(|(task, status)| json!({ "task": task, "status": status })).collect();
        print_json(&json!({
            "plan": plan, "from": from, "into": into, "commit": commit, "tasks": tasks, "without": without,
        }))?;
        return Ok(exit::DONE);
    }
    say(format_args!("{}", alfine_words::plan_merged(plan, &into, tasks.len(), &without)));
    for path in left {
        say(format_args!(
            "  tick them yourself where the plan is not committed as it stands: {}",
            path.display()
        ));
    }
    for (key, why) in unticked {
        say(format_args!("  {}: {}", key.id, alfine_words::unticked(&why, plan)));
    }
    if let Some(folder) = archived {
        say(format_args!("  it is archived in {folder}"));
    }
    if without.is_empty() {
        say(format_args!("  {from} is not needed any more: git branch -d {}", shell_word(&from)));
    } else {
        say(format_args!("  {from} stays for these: merge the plan again when they are done"));
    }
    Ok(exit::DONE)
}

/// Has finished work worked on again, on top of the branch that it is to land on.
pub(super) fn rework(directory: &Path, args: &ReworkArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, args.how.json)?;
    let (in_background, keep_plan) = (args.how.background, args.how.keep_plan);
    let request = requests::Rework { task: key.clone(), note: args.note.clone(), in_background, keep_plan };
    let Reworking { how, changes } = asking::drive(&mut project, request, said(&args.how))?;
    goes_on(&mut project, &key, how, &changes, args.how.json, "is worked on again,")
}

/// Throws a task's work away.
pub(super) fn discard(directory: &Path, args: &DiscardArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, false)?;
    let request = requests::Discard { task: key.clone(), confirmed: args.yes };
    asking::drive(&mut project, request, Said::default())?;
    say(format_args!("{key} is discarded; its checkpoints are kept: git for-each-ref refs/alfine"));
    Ok(exit::DONE)
}

/// Sets a tree back.
pub(super) fn rewind(directory: &Path, args: &IterationArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, false)?;
    let (iteration, keep_plan) = (args.iteration, args.keep_plan);
    let request = requests::Rewind { task: key.clone(), iteration, keep_plan };
    let changes = asking::drive(&mut project, request, Said::default())?;
    tell_changes(&key, &changes);
    say(format_args!(
        "{key} is what it was after iteration {}; go on: alfine continue {}",
        args.iteration,
        shell_word(&key)
    ));
    Ok(exit::DONE)
}

/// Begins again from an earlier tree.
pub(super) fn fork(directory: &Path, args: &IterationArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, false)?;
    let (iteration, keep_plan) = (args.iteration, args.keep_plan);
    let request = requests::ForkRequest { task: key.clone(), iteration, keep_plan };
    let changes = asking::drive(&mut project, request, Said::default())?;
    tell_changes(&key, &changes);
    say(format_args!(
        "{key} began again from iteration {}, in the background; follow it: alfine log {} --follow",
        args.iteration,
        shell_word(&key)
    ));
    Ok(exit::DONE)
}
