//! `merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{
    asking::{self, Said},
    control::{goes_on, said, tell_changes},
    opening, run,
};
use crate::{
    cli::{DiscardArgs, IterationArgs, MergeArgs, ReworkArgs},
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{task::TaskStatus, text::shell_word};
use alfine_engine::{
    ErrorKind, Result,
    requests::{self, How, Merging, Reworking},
};
use alfine_words::Reader;
use serde_json::json;
use std::path::Path;

/// Merges a done task.
pub(super) fn merge(directory: &Path, args: &MergeArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, args.json)?;
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
