//! The runs of plans that this server's user started or continued here: they go on should the runners die that would have
//! begun the next tasks. A run that was only looked at is left alone.

use crate::{
    lock::lock,
    snapshot::{Place, Snapshot, TaskPicture},
};
use alfine_core::{
    plan_run::RunState,
    task::{TaskKey, TaskStatus},
};
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// A loop that stands still because its runner died, by its task, and the iteration in which that was.
type Dead = (TaskKey, u32);

/// The runs that are looked after, by the root of their tree and their plan, each with the loops that were gone on with already.
#[derive(Debug, Default)]
pub(super) struct Tended(Mutex<HashMap<(PathBuf, String), HashSet<Dead>>>);

impl Tended {
    /// Looks after the run of a plan from now on.
    pub(super) fn begin(&self, place: &Place, plan: &str) {
        lock(&self.0).entry((place.root.clone(), plan.to_owned())).or_default();
    }

    /// The runs that stand still now and did not when this was last asked.
    pub(super) fn stands_still(&self, snapshot: &Snapshot) -> Vec<(Place, String)> {
        let mut tended = lock(&self.0);
        let mut found = Vec::new();
        for checkout in &snapshot.checkouts {
            for (plan, run) in &checkout.store.runs {
                let Some(tried) = tended.get_mut(&(checkout.place.root.clone(), plan.clone())) else {
                    continue;
                };
                if run.state == RunState::Active
                    && let Some(tasks) = checkout.store.tasks.get(plan)
                    && is_new(tried, tasks.values().map(Arc::as_ref))
                {
                    found.push((checkout.place.clone(), plan.clone()));
                }
            }
        }
        found
    }
}

/// Whether nobody works for a run any more, or loops of it are cut off, and nobody went on with these yet.
fn is_new<'t>(tried: &mut HashSet<Dead>, tasks: impl Iterator<Item = &'t TaskPicture>) -> bool {
    let (mut works, mut dead) = (false, HashSet::new());
    for task in tasks {
        works |= task.row.status.needs_runner();
        if task.row.status == TaskStatus::Interrupted {
            let iteration = task.last.as_ref().map_or(0, |last| last.row.summary.iteration);
            dead.insert((task.row.key.clone(), iteration));
        }
    }
    let is_new = dead.iter().any(|one| !tried.contains(one));
    tried.extend(dead);
    // What its runner could not begin any more. Once that was tried the run is not active any more, or somebody works.
    is_new || !works
}
