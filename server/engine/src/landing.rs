//! The landing of finished work: which trees may land as they are, and which are checked first because the branch that they
//! go into has moved. One landing for a branch at a time, so that each is checked on top of the last.

use crate::{
    Result,
    bench::{failed, try_lock, until_there},
    loops,
    project::Project,
    surroundings,
    task_spec::TaskSpec,
};
use alfine_config::Control;
use alfine_files::Layout;
use alfine_git::{MergeSpec, ProvenTree};
use alfine_store::{LoopId, LoopRow};
use std::{
    fs::{self, File},
    path::PathBuf,
};

/// The one landing on a branch that goes on.
#[derive(Debug)]
pub(crate) struct Turn {
    _lock: File,
}

impl Turn {
    /// The turn, if no other landing on this branch goes on now.
    pub(crate) fn at_once(layout: &Layout, branch: &str) -> Result<Option<Self>> {
        Ok(try_lock(&Self::lock_of(layout, branch)?)?.map(|lock| Self { _lock: lock }))
    }

    fn lock_of(layout: &Layout, branch: &str) -> Result<PathBuf> {
        let path = layout.landing_lock(branch);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .map_err(|error| failed("make a folder for", &path, &error))?;
        Ok(path)
    }

    /// Waits until no other landing on this branch goes on; calls `waits` once if one does. `None` if that was cancelled.
    pub(crate) fn take(
        layout: &Layout,
        branch: &str,
        waits: &mut dyn FnMut(),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let path = Self::lock_of(layout, branch)?;
        let lock = until_there(|| try_lock(&path), waits, is_cancelled)?;
        Ok(lock.map(|lock| Self { _lock: lock }))
    }
}

/// Held by the process that runs a loop until the finished work is where it goes: the loop's own lock is free in between.
#[derive(Debug)]
pub(crate) struct Care {
    _lock: File,
}

impl Care {
    /// Takes care of a loop.
    pub(crate) fn of(layout: &Layout, id: &LoopId) -> Result<Self> {
        let path = Turn::lock_of(layout, &care_of(id))?;
        // Somebody else has it only to look whether it is free.
        let lock = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let lock = lock.and_then(|file| file.lock().map(|()| file));
        lock.map(|lock| Self { _lock: lock }).map_err(|error| failed("lock", &path, &error))
    }

    /// Waits until no process takes care of a loop; calls `waits` once if one does. Says whether that was so before it was cancelled.
    pub(crate) fn until_free(
        layout: &Layout,
        id: &LoopId,
        waits: &mut dyn FnMut(),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<bool> {
        Ok(Turn::take(layout, &care_of(id), waits, is_cancelled)?.is_some())
    }

    /// Whether a living process takes care of a loop.
    pub(crate) fn is_taken(layout: &Layout, id: &LoopId) -> Result<bool> {
        Ok(Turn::at_once(layout, &care_of(id))?.is_none())
    }
}

/// No branch can have this name.
fn care_of(id: &LoopId) -> String {
    format!("loop:{}", id.as_str())
}

/// What a merge of a loop's branch makes.
pub(crate) fn merge_spec(
    project: &Project,
    row: &LoopRow,
    (branch, into): (&str, &str),
    message: String,
) -> Result<MergeSpec> {
    Ok(MergeSpec {
        branch: branch.to_owned(),
        target_branch: into.to_owned(),
        task_id: row.task.id.0.clone(),
        message,
        proven: proven(project, row, into)?,
    })
}

/// The tree of a loop's work that its checks hold on, and that may land without being checked again; `None` if any may, since
/// no check decides.
fn proven(project: &Project, row: &LoopRow, into: &str) -> Result<Option<ProvenTree>> {
    let spec = TaskSpec::of(row)?;
    if spec.proof.control == Control::Off || spec.verifiers.is_empty() {
        return Ok(None);
    }
    let landing = loops::state_of(row)?.landing.filter(|proven| proven.landing.into == into);
    let tree = match landing {
        Some(proven) => Some(proven.tree),
        None => project.store.last_checkpoint(&row.id)?.map(|last| last.tree),
    };
    Ok(tree.map(|tree| ProvenTree { tree, except: surroundings::own_files(row) }))
}
