//! `alfine diff`: what a loop, or one of its iterations, changed.

use super::{run, say};
use crate::{cli::DiffArgs, report::exit};
use alfine_engine::{
    Error, ErrorKind, Result,
    finish::checkpoint_after,
    project::Project,
    runner,
    store::{CheckpointKind, LoopRow},
    trust::printable,
};
use std::{io::Write, path::Path};

/// Prints a patch, or its files.
pub fn perform(directory: &Path, args: &DiffArgs) -> Result<u8> {
    let project = run::open(directory, false)?;
    let key = project.key(&args.task.task)?;
    let Some(row) = runner::loop_of(&project.store, &key)? else {
        return Err(
            Error::user(format!("{key} was never started")).hint(format!("start it: alfine run {key}"))
        );
    };
    let (from, to) = ends(&project, &row, args.iteration)?;
    let own: Vec<std::path::PathBuf> = runner::OWN_FILES.iter().map(Into::into).collect();
    if args.stat {
        for file in project.repository.diff(&from, &to, &own, 0)?.files {
            let path = printable(&file.path.display().to_string());
            say(format_args!("{:>5} + {:>5} -  {path}", file.added, file.removed));
        }
        return Ok(exit::DONE);
    }
    let diff = project.repository.diff(&from, &to, &own, usize::MAX)?;
    let mut out = std::io::stdout().lock();
    match out.write_all(&diff.patch).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Internal, format!("the patch cannot be printed: {error}")))
        }
        _ => Ok(exit::DONE),
    }
}

fn ends(project: &Project, row: &LoopRow, iteration: Option<u32>) -> Result<(String, String)> {
    let checkpoints = project.store.checkpoints(&row.id)?;
    if let Some(n) = iteration {
        let own = checkpoints
            .iter()
            .find(|checkpoint| checkpoint.iteration == Some(n) && checkpoint.kind == CheckpointKind::Before);
        // Where nothing happened in between, the checkpoint after the iteration before is the one before this one.
        let before =
            own.or_else(|| checkpoints.iter().rev().find(|checkpoint| checkpoint.iteration < Some(n)));
        let after = checkpoint_after(project, row, n)?;
        let before =
            before.map_or_else(|| row.base_commit.clone().unwrap_or_default(), |row| row.commit_id.clone());
        return Ok((before, after.commit_id));
    }
    let base = row.base_commit.clone().unwrap_or_default();
    let last = checkpoints.last().map_or_else(|| base.clone(), |row| row.commit_id.clone());
    // In the user's own tree, what was uncommitted before is not the loop's.
    let first = checkpoints.iter().find(|checkpoint| checkpoint.kind == CheckpointKind::Before);
    let from = match (&row.branch, first) {
        (None, Some(first)) => first.commit_id.clone(),
        _ => base,
    };
    Ok((from, last))
}
