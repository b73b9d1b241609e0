//! `alfine gc`: what merged, discarded and unknown tasks left behind, and trees for checks that nobody uses.

use super::opening;
use crate::{
    cli::GcArgs,
    output::say,
    report::{self, exit},
};
use alfine_core::task::TaskStatus;
use alfine_engine::{Result, bench, records, surroundings};
use alfine_git::{CheckpointSpec, LeftoverKind};
use alfine_store::Millis;
use alfine_words::text::count;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, SystemTime},
};

/// News older than this are not needed to explain a loop that is over; in days.
const KEEP_EVENTS_DAYS: i64 = 90;
/// How long what was in the user's checkout before an agent ran can be brought back; in days. git keeps what no ref
/// names as long.
const KEEP_CHECKOUTS_DAYS: i64 = 14;
/// How long a tree that checks ran on is kept for the next ones, which then need not set one up; in days.
const KEEP_BENCHES_DAYS: u64 = 14;

/// Lists leftovers, or removes worktrees, branches and old transcripts. Checkpoints are only listed.
pub(super) fn perform(directory: &Path, args: &GcArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let mut known: BTreeMap<String, TaskStatus> = BTreeMap::new();
    let is_over = |status: &TaskStatus| matches!(status, TaskStatus::Merged | TaskStatus::Discarded);
    let mut note = |branch: &str, status| {
        let Some(name) = alfine_git::task_of_branch(branch) else { return };
        // Of two tasks that had the same id one after the other, what is left may belong to the one that can go on.
        let before = known.get(name);
        if before.is_none_or(is_over) {
            known.insert(name.to_owned(), status);
        }
    };
    for task in project.store.tasks()? {
        note(&alfine_git::branch_name(&task.key.plan, &task.key.id.0), task.status);
    }
    for last in project.store.last_loops()? {
        if let Some(branch) = &last.branch {
            note(branch, last.status);
        }
    }
    let leftovers = project.repository.leftovers(&project.user.data, |name| known.get(name).copied())?;
    let finished = records::of_loops_over(&project.store, &project.layout, days_ago(records::KEEP_DAYS))?;
    let kept_until = days_ago(KEEP_CHECKOUTS_DAYS);
    let checkouts = project.repository.checkouts_kept_before(kept_until.0 / 1000)?;
    let benches = SystemTime::now() - Duration::from_hours(24 * KEEP_BENCHES_DAYS);
    let benches = bench::unused_since(&project, benches)?;
    if leftovers.is_empty() && finished.is_empty() && checkouts.is_empty() && benches.is_empty() {
        say(format_args!("nothing is left behind"));
    }
    let mut failed = false;
    let mut stayed = BTreeSet::new();
    for leftover in &leftovers {
        let status = leftover.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        let what = match &leftover.kind {
            LeftoverKind::Worktree { path } => format!("worktree {}", path.display()),
            LeftoverKind::Branch { name } => format!("branch {name}"),
            LeftoverKind::Checkpoints { refs } => format!("{}, kept", count(refs.len() as u64, "checkpoint")),
        };
        // A branch stays with the worktree that has it checked out.
        let remove = args.remove
            && !stayed.contains(&leftover.task)
            && !matches!(leftover.kind, LeftoverKind::Checkpoints { .. });
        if remove {
            let surroundings = surroundings::of_no_loop(&project.layout, "gc");
            let last = CheckpointSpec {
                ref_name: format!("refs/alfine/checkpoints/{}/gc-{}", leftover.task, Millis::now().0),
                message: format!("{} before it was removed", leftover.task),
                surroundings: &surroundings,
                unless_still: None,
            };
            if let Err(error) = project.repository.remove_leftover(leftover, &last) {
                // The rest can go all the same.
                failed = true;
                stayed.insert(&leftover.task);
                say(format_args!("could not remove {} ({status}): {what}", leftover.task));
                report::print(&error.into());
                continue;
            }
        }
        say(format_args!(
            "{} {} ({status}): {what}",
            if remove { "removed" } else { "found" },
            leftover.task
        ));
    }
    let mut removable = !finished.is_empty();
    removable |= leftovers.iter().any(|leftover| !matches!(leftover.kind, LeftoverKind::Checkpoints { .. }));
    for records in &finished {
        // Somebody may look after the loop this very moment; then it is left for the next time.
        let removed = args.remove && or_reported(records::remove(&project.layout, records), &mut failed);
        say(format_args!(
            "{} {} (over for {} days): transcripts of {} MiB",
            if removed { "removed" } else { "found" },
            records.task,
            records::KEEP_DAYS,
            records.bytes.div_ceil(1 << 20),
        ));
    }
    for n in benches {
        removable = true;
        // A loop may take it this very moment; then it is left for the next time.
        let removed = args.remove && or_reported(bench::remove(&project, n), &mut failed);
        say(format_args!(
            "{} bench {n}, a tree for checks that none used for {KEEP_BENCHES_DAYS} days",
            if removed { "removed" } else { "found" },
        ));
    }
    if !checkouts.is_empty() {
        removable = true;
        if args.remove {
            for name in &checkouts {
                project.repository.forget_checkout(name)?;
            }
            project.store.write(|tx| tx.forget_checkouts(kept_until))?;
        }
        say(format_args!(
            "{} {} of your own checkout from before agents ran, older than {KEEP_CHECKOUTS_DAYS} days",
            if args.remove { "removed" } else { "found" },
            count(checkouts.len() as u64, "state"),
        ));
    }
    if args.remove {
        let before = days_ago(KEEP_EVENTS_DAYS);
        let forgotten = project.store.write(|tx| tx.forget_events_before(before))?;
        if forgotten > 0 {
            let events = count(forgotten as u64, "event");
            say(format_args!("forgot {events} older than {KEEP_EVENTS_DAYS} days"));
        }
    } else if removable {
        say(format_args!("to remove worktrees, branches, transcripts and benches: alfine gc --remove"));
    }
    Ok(if failed { exit::FAILED } else { exit::DONE })
}

/// Whether something is gone. What could not be removed is told, and the rest can go all the same.
fn or_reported(removed: Result<bool>, failed: &mut bool) -> bool {
    removed.unwrap_or_else(|error| {
        *failed = true;
        report::print(&error);
        false
    })
}

fn days_ago(days: i64) -> Millis {
    Millis(Millis::now().0 - days * 24 * 3600 * 1000)
}
