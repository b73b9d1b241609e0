//! `merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{asking, opening};
use crate::{
    cli::{DiscardArgs, IterationArgs, MergeArgs},
    output::{print_json, say},
    report::exit,
};
use alfine_core::task::TaskStatus;
use alfine_engine::{
    Error, ErrorKind, Result, finish, finish::MergeOptions, loops, start, task_spec::TaskSpec,
};
use alfine_words::Reader;
use serde_json::json;
use std::{io::IsTerminal, path::Path};

/// Merges a done task.
pub fn merge(directory: &Path, args: &MergeArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let key = project.key(&args.task.task)?;
    let options = MergeOptions { into: args.into.as_deref(), ..MergeOptions::default() };
    match finish::merge(&mut project, &key, &options) {
        Ok(merged) => {
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
                    say(format_args!("  ticked in {}", plan.display()));
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

/// Throws a task's work away.
pub fn discard(directory: &Path, args: &DiscardArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let key = project.key(&args.task.task)?;
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            return Err(Error::user(format!("discarding {key} removes its worktree and its branch"))
                .hint("its checkpoints stay under refs/alfine; to do it: give --yes"));
        }
        if !asking::yes(&format!("Remove the worktree and the branch of {key}? Its checkpoints stay."))? {
            say(format_args!("nothing was removed"));
            return Ok(exit::DONE);
        }
    }
    finish::discard(&mut project, &key)?;
    say(format_args!("{key} is discarded; its checkpoints are kept: git for-each-ref refs/alfine"));
    Ok(exit::DONE)
}

/// Sets a tree back.
pub fn rewind(directory: &Path, args: &IterationArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let key = project.key(&args.task.task)?;
    finish::rewind(&mut project, &key, args.iteration, opening::program()?)?;
    say(format_args!(
        "{key} is what it was after iteration {}; go on: alfine continue {key}",
        args.iteration
    ));
    Ok(exit::DONE)
}

/// Begins again from an earlier tree.
pub fn fork(directory: &Path, args: &IterationArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let key = project.key(&args.task.task)?;
    let spec = TaskSpec::of(&loops::live_loop(&project, &key)?)?;
    asking::trust(&project, &key.plan, &spec.commands, false, false)?;
    let lock = finish::fork(&mut project, &key, args.iteration)?;
    start::detach(&project, lock, &opening::program()?)?;
    say(format_args!(
        "{key} began again from iteration {}, in the background; follow it: alfine log {key} --follow",
        args.iteration
    ));
    Ok(exit::DONE)
}
