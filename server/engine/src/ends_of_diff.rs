//! Between which two commits the changes of a loop lie.

use crate::{Error, Result, project::Project};
use alfine_store::{CheckpointKind, CheckpointRow, LoopRow};

/// The checkpoint after an iteration; for 0, the checkpoint before the first iteration.
pub(crate) fn checkpoint_after(project: &Project, row: &LoopRow, iteration: u32) -> Result<CheckpointRow> {
    let checkpoints = project.store.checkpoints(&row.id)?;
    let found = match iteration {
        0 => checkpoints.iter().find(|checkpoint| checkpoint.kind == CheckpointKind::Before),
        n => checkpoints
            .iter()
            .rev()
            .find(|checkpoint| checkpoint.iteration == Some(n) && checkpoint.kind == CheckpointKind::After),
    };
    found.cloned().ok_or_else(|| {
        let known: Vec<String> = checkpoints
            .iter()
            .filter(|checkpoint| checkpoint.kind == CheckpointKind::After)
            .filter_map(|checkpoint| checkpoint.iteration.map(|n| n.to_string()))
            .collect();
        Error::user(format!("there is no checkpoint after iteration {iteration}")).hint(
            match known.as_slice() {
                [] => "no iteration has ended yet".to_owned(),
                known => format!("there is one after each of: 0, {}", known.join(", ")),
            },
        )
    })
}

/// The two commits between which a loop's changes lie, or those of one iteration. If `against` is given, the first
/// commit is the one after that iteration.
pub fn ends_of_diff(
    project: &Project,
    row: &LoopRow,
    iteration: Option<u32>,
    against: Option<u32>,
) -> Result<(String, String)> {
    let checkpoints = project.store.checkpoints(&row.id)?;
    let base = row.base_commit.clone().unwrap_or_default();
    let to = match iteration {
        Some(n) => checkpoint_after(project, row, n)?.commit_id,
        None => checkpoints.last().map_or_else(|| base.clone(), |last| last.commit_id.clone()),
    };
    if let Some(against) = against {
        return Ok((checkpoint_after(project, row, against)?.commit_id, to));
    }
    if let Some(n) = iteration {
        let own = checkpoints
            .iter()
            .find(|checkpoint| checkpoint.iteration == Some(n) && checkpoint.kind == CheckpointKind::Before);
        // If nothing changed between two iterations, no `Before` checkpoint was taken: use the previous iteration's
        // `After`.
        let before =
            own.or_else(|| checkpoints.iter().rev().find(|checkpoint| checkpoint.iteration < Some(n)));
        return Ok((before.map_or(base, |before| before.commit_id.clone()), to));
    }
    // In the user's own tree, changes that were uncommitted before the loop are not the loop's work.
    let first = checkpoints.iter().find(|checkpoint| checkpoint.kind == CheckpointKind::Before);
    let from = match (&row.branch, first) {
        (None, Some(first)) => first.commit_id.clone(),
        _ => base,
    };
    Ok((from, to))
}
