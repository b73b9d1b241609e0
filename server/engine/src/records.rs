//! What loops wrote down of themselves outside of the database: transcripts, a runner's log, a cache. Kept for a while
//! after a loop is over, to look into; never touched while it can go on.

use crate::{Error, ErrorKind, Result, surroundings};
use alfine_core::task::TaskKey;
use alfine_files::Layout;
use alfine_store::{LoopId, LoopLock, Millis, Store};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// For how long the records of a loop that is over are kept; in days.
pub const KEEP_DAYS: i64 = 30;

/// The records of one loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The loop.
    pub loop_id: LoopId,
    /// Its task.
    pub task: TaskKey,
    /// What they take on the disk, in bytes.
    pub bytes: u64,
    paths: Vec<PathBuf>,
}

/// Lists the records of loops that were merged or discarded before a moment, oldest first.
pub fn of_loops_over(store: &Store, layout: &Layout, before: Millis) -> Result<Vec<Records>> {
    let mut found = Vec::new();
    for row in store.loops_ended_before(before)? {
        let id = row.id.as_str();
        let checkout = layout.checkpoint_index(&surroundings::of_checkout_name(id));
        let paths = [layout.transcripts(id), layout.runner_log(id), layout.checkpoint_index(id)];
        let paths = paths.into_iter().filter(|path| path.symlink_metadata().is_ok());
        let paths: Vec<PathBuf> = paths.chain(named_after(&checkout)).collect();
        if !paths.is_empty() {
            let bytes = paths.iter().map(|path| size(path)).sum();
            found.push(Records { loop_id: row.id, task: row.task, bytes, paths });
        }
    }
    Ok(found)
}

/// A file, and those beside it whose names begin with its name.
fn named_after(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let items = folder.read_dir().into_iter().flatten().flatten();
    let begins =
        |item: &fs::DirEntry| item.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes());
    items.filter(begins).map(|item| item.path()).collect()
}

/// Removes the records of a loop. Not while a process holds the loop's lock; returns whether they are gone.
pub fn remove(layout: &Layout, records: &Records) -> Result<bool> {
    let Some(_proof) = LoopLock::keep_unheld(layout, &records.loop_id)? else { return Ok(false) };
    for path in &records.paths {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let message = format!("cannot remove {}: {error}", path.display());
                return Err(Error::new(ErrorKind::Store, message).hint("remove it by hand, or try again"));
            }
            _ => {}
        }
    }
    Ok(true)
}

/// The size of a file, or of the files of a folder.
fn size(path: &Path) -> u64 {
    let own = path.symlink_metadata().ok().filter(fs::Metadata::is_file).map_or(0, |file| file.len());
    own + path
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|item| item.metadata().ok())
        .map(|file| file.len())
        .sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{plan::Isolation, task::TaskStatus};
    use alfine_store::{LoopNew, LoopSummary};
    use serde_json::json;

    fn begin(store: &mut Store, layout: &Layout, task: &str) -> LoopLock {
        let lock = LoopLock::acquire(layout, &LoopId::generate()).unwrap();
        let task = TaskKey::new("PLAN.md", task);
        let new = LoopNew {
            task: &task,
            agent: "claude",
            model: None,
            isolation: Isolation::Worktree,
            settings: &json!({}),
            state: "{}",
            summary: &LoopSummary::default(),
            forked_from: None,
            plan_run: None,
        };
        store
            .write(|tx| {
                tx.put_task(&task, "Title", 1, TaskStatus::Ready)?;
                tx.create_loop(&lock, &new)
            })
            .unwrap();
        let transcript = layout.transcript(lock.loop_id().as_str(), 1);
        fs::create_dir_all(transcript.parent().unwrap()).unwrap();
        fs::write(&transcript, "12345").unwrap();
        fs::create_dir_all(layout.runner_log("x").parent().unwrap()).unwrap();
        fs::write(layout.runner_log(lock.loop_id().as_str()), "123").unwrap();
        lock
    }

    #[test]
    fn only_loops_that_are_over_for_long_and_that_nobody_holds_lose_their_records() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of_common_dir(folder.path());
        let mut store = Store::open(&layout).unwrap().store;
        let live = begin(&mut store, &layout, "T1");
        let stopped = begin(&mut store, &layout, "T2");
        let over = begin(&mut store, &layout, "T3");
        let earlier = Millis(Millis::now().0 - 1000);
        store.write(|tx| tx.set_loop_status(&stopped, TaskStatus::Stopped, None, false)).unwrap();
        store.write(|tx| tx.set_loop_status(&over, TaskStatus::Merged, None, true)).unwrap();
        assert_eq!(of_loops_over(&store, &layout, earlier).unwrap(), []);

        let later = Millis(Millis::now().0 + 1000);
        let found = of_loops_over(&store, &layout, later).unwrap();
        let [records] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((&records.loop_id, records.bytes), (over.loop_id(), 8));
        assert!(!remove(&layout, records).unwrap(), "its lock is held");
        drop(over);
        assert!(remove(&layout, records).unwrap());
        assert!(remove(&layout, records).unwrap(), "what is gone already is gone");
        assert_eq!(of_loops_over(&store, &layout, later).unwrap(), []);
        for kept in [&live, &stopped] {
            assert!(layout.transcript(kept.loop_id().as_str(), 1).is_file());
        }
    }
}
