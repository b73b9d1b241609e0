//! What tells whether all this is worth it: how much of the work is proven without anybody's help, and what it takes.

use crate::{Result, loops, project::Project};
use alfine_core::{reason::Reason, task::TaskStatus};
use alfine_store::{ApprovalRow, LoopRow};
use serde::Serialize;

/// An answer that came sooner was hardly thought about; in milliseconds.
const HASTY: i64 = 5000;

/// The figures of a repository.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Tasks that were begun.
    pub begun: u32,
    /// Tasks whose work is done, merged ones included.
    pub done: u32,
    /// Tasks whose work was merged.
    pub merged: u32,
    /// Of those that are done, tasks that checks prove and about which nobody was asked.
    pub proven_unaided: u32,
    /// Iterations of the tasks that were merged.
    pub iterations_of_merged: u32,
    /// US dollars that the merged tasks cost; missing if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_of_merged_usd: Option<f64>,
    /// Questions that were answered with yes.
    pub approvals: u32,
    /// Of these, those that were given within five seconds.
    pub hasty_approvals: u32,
}

/// Counts what happened in a repository, by the last loop of each task.
pub fn of(project: &Project) -> Result<Stats> {
    let mut stats = Stats::default();
    for row in project.store.last_loops()? {
        let approvals = project.store.approvals(&row.id)?;
        count(&mut stats, &row, &approvals);
    }
    Ok(stats)
}

fn count(stats: &mut Stats, row: &LoopRow, approvals: &[ApprovalRow]) {
    stats.begun += 1;
    let yes = || approvals.iter().filter(|asked| asked.approved == Some(true));
    let was_hasty = |asked: &&ApprovalRow| {
        asked.answered_at.is_some_and(|answered| answered.0 - asked.asked_at.0 <= HASTY)
    };
    stats.approvals += u32::try_from(yes().count()).unwrap_or(u32::MAX);
    stats.hasty_approvals += u32::try_from(yes().filter(was_hasty).count()).unwrap_or(u32::MAX);
    let is_merged = row.status == TaskStatus::Merged;
    if !is_merged && row.status != TaskStatus::Done {
        return;
    }
    stats.done += 1;
    let state = loops::state_of(row).ok();
    let proven = state.as_ref().and_then(|state| match &state.outcome {
        Some(Reason::Proven { proof }) => proof.proven,
        _ => None,
    });
    if proven.is_some_and(|proven| proven > 0) && approvals.iter().all(|asked| asked.answered_at.is_none()) {
        stats.proven_unaided += 1;
    }
    if is_merged {
        stats.merged += 1;
        stats.iterations_of_merged += row.summary.iteration;
        if let Some(cost) = row.cost_usd {
            *stats.cost_of_merged_usd.get_or_insert_default() += cost;
        }
    }
}
