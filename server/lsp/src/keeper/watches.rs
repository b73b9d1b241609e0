//! Which folders are watched, and which paths in them changed. Knows nothing of what lies there.
//!
//! A folder that does not exist yet is awaited in the nearest folder above it that exists. Nothing is watched below a
//! folder, so a large repository costs no more than a small one.

use crate::lock::lock;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// The most changed paths that are kept; beyond, everything is looked at.
const MOST_PATHS: usize = 4096;
/// How many times watching is tried again while folders come and go.
const MOST_ROUNDS: usize = 4;

/// What changed since it was last taken.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The paths.
    pub(super) paths: HashSet<PathBuf>,
    /// Some changes were lost.
    pub(super) lost: bool,
}

/// The watched folders.
#[derive(Debug)]
pub(super) struct Watches {
    watcher: Option<RecommendedWatcher>,
    heard: Arc<Mutex<Heard>>,
    watched: HashMap<PathBuf, Option<(u64, u64)>>,
    /// Folders that should be watched and cannot be.
    deaf: BTreeSet<PathBuf>,
}

#[derive(Debug, Default)]
struct Heard {
    wanted: BTreeSet<PathBuf>,
    changes: Changes,
}

impl Heard {
    /// A path in a wanted folder, such a folder itself, or one on the way to it.
    fn concerns(&self, path: &Path) -> bool {
        path.parent().is_some_and(|parent| self.wanted.contains(parent))
            || self
                .wanted
                .range::<Path, _>((std::ops::Bound::Included(path), std::ops::Bound::Unbounded))
                .next()
                .is_some_and(|wanted| wanted.starts_with(path))
    }
}

impl Watches {
    /// Watches nothing yet; `tell` is called when there are changes to be taken.
    pub(super) fn new(tell: impl Fn() + Send + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = heard.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Being opened or read is not a change.
            if matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                return;
            }
            let mut heard = lock(&hears);
            let was_quiet = heard.changes.paths.is_empty() && !heard.changes.lost;
            match event {
                Ok(event) => {
                    heard.changes.lost |= event.need_rescan();
                    for path in event.paths {
                        if heard.changes.paths.len() >= MOST_PATHS {
                            heard.changes.lost = true;
                        } else if heard.concerns(&path) {
                            heard.changes.paths.insert(path);
                        }
                    }
                }
                Err(_) => heard.changes.lost = true,
            }
            if was_quiet && (heard.changes.lost || !heard.changes.paths.is_empty()) {
                tell();
            }
        });
        let watcher = watcher
            .inspect_err(|error| {
                tracing::warn!("no folder can be watched, so they are looked at now and then: {error}");
            })
            .ok();
        Self { watcher, heard, watched: HashMap::new(), deaf: BTreeSet::new() }
    }

    /// Whether the system will miss some changes, so that the folders must be looked at from time to time.
    pub(super) fn is_deaf(&self) -> bool {
        self.watcher.is_none() || !self.deaf.is_empty()
    }

    /// Takes what changed.
    pub(super) fn take(&self) -> Changes {
        std::mem::take(&mut lock(&self.heard).changes)
    }

    /// Watches these folders and no others. Says whether one of them was not watched before: what changed in it until
    /// now is not among the changes.
    pub(super) fn set(&mut self, wanted: &BTreeSet<PathBuf>) -> bool {
        lock(&self.heard).wanted.clone_from(wanted);
        let mut is_new = false;
        // A folder may be created between our check and our watch. Its parent is already watched, or the next round
        // finds it.
        for _ in 0..MOST_ROUNDS {
            let there: HashMap<PathBuf, Option<(u64, u64)>> = wanted
                .iter()
                .filter_map(|folder| folder.ancestors().find(|above| above.is_dir()))
                .map(|folder| (folder.to_owned(), identity(folder)))
                .collect();
            if there == self.watched {
                break;
            }
            is_new = true;
            self.follow(&there);
            self.watched = there;
        }
        is_new
    }

    fn follow(&mut self, there: &HashMap<PathBuf, Option<(u64, u64)>>) {
        let Some(watcher) = &mut self.watcher else { return };
        for (folder, _) in self.watched.iter().filter(|(folder, id)| there.get(*folder) != Some(*id)) {
            // The watch on a folder that is gone ended with the folder.
            let _ = watcher.unwatch(folder);
            self.deaf.remove(folder);
        }
        for (folder, _) in there.iter().filter(|(folder, id)| self.watched.get(*folder) != Some(*id)) {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(
                    "{} cannot be watched, so it is looked at now and then: {error}",
                    folder.display()
                );
                self.deaf.insert(folder.clone());
            }
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
