//! The user's checkout around one run of the agent: kept before it, compared after it.
//!
//! A run whose runner died is compared by whoever goes on with the loop, before the next run begins: what the agent did is
//! found out late, but it is found. A checkout that cannot be kept or compared is said, and ends nothing.

use super::{owner::Runner, reach::Reach};
use crate::{Result, surroundings};
use alfine_core::{checkout::CheckoutChange, news::News, plan::Isolation, task::TaskKey};
use alfine_git::{CheckoutState, OwnWrite, Surroundings, Watched};
use alfine_store::{CheckoutChangeNew, CheckoutRow, Millis, OwnWriteRow};
use std::path::{Path, PathBuf};

impl Runner<'_> {
    /// Keeps what is in the user's checkout, before the agent is started.
    pub(super) fn keep_checkout(&mut self) -> Result<()> {
        self.compare_checkout(Reach::default())?;
        let last = self.project.store.checkout(&self.row.id)?;
        if last.as_ref().is_some_and(|last| !last.compared) {
            return Ok(());
        }
        let kept_at = Millis::now();
        let last = last.and_then(|last| CheckoutState::of_text(&last.state));
        match self.look_at_checkout(last.as_ref()) {
            Ok(state) => {
                let lock = &self.lock;
                self.project.store.write(|tx| tx.keep_checkout(lock, &state.to_text(), kept_at))?;
            }
            Err(error) => self.tell(&News::CheckoutNotWatched { message: error.message }),
        }
        Ok(())
    }

    /// Compares the user's checkout with what it was before the run that is over, and says what changed. `seen` is what
    /// the agent was seen to reach for.
    pub(super) fn compare_checkout(&mut self, seen: Reach) -> Result<()> {
        let Some(kept) = self.project.store.checkout(&self.row.id)?.filter(|kept| !kept.compared) else {
            return Ok(());
        };
        self.name_what_is_told(&kept, seen)?;
        let found_at = Millis::now();
        let lock = &self.lock;
        match self.changes_since(&kept) {
            Ok(Some(found)) => {
                let named = found.changes.iter().any(|change| seen.explains(change));
                let new = CheckoutChangeNew {
                    iteration: self.state.iteration,
                    changes: &found.changes,
                    tasks: &found.tasks,
                    named,
                    before: &found.before,
                    after: &found.after,
                    found_at,
                };
                self.project.store.write(|tx| tx.compare_checkout(lock, Some(&new)))?;
                let Found { changes, tasks, .. } = found;
                self.tell(&News::CheckoutChanged { changes, tasks, named });
            }
            Ok(None) => drop(self.project.store.write(|tx| tx.compare_checkout(lock, None))?),
            // What was kept stays what the checkout is compared with, once that can be read again.
            Err(error) => self.tell(&News::CheckoutNotWatched { message: error.message }),
        }
        Ok(())
    }

    /// A loop that ended earlier may have told of what this loop's agent did, and not known whose it was.
    fn name_what_is_told(&mut self, kept: &CheckoutRow, seen: Reach) -> Result<()> {
        for told in self.project.store.checkout_changes_since(kept.kept_at)? {
            if !told.named
                && told.settled_at.is_none()
                && told.changes.iter().any(|change| seen.explains(change))
            {
                self.project.store.write(|tx| tx.name_checkout_change(told.id))?;
                self.tell(&News::CheckoutChanged { changes: told.changes, tasks: told.tasks, named: true });
            }
        }
        Ok(())
    }

    /// The user's other working trees, as they were when the checkout was kept.
    pub(super) fn other_trees(&self) -> Result<Vec<PathBuf>> {
        let kept = self.project.store.checkout(&self.row.id)?;
        let state = kept.and_then(|kept| CheckoutState::of_text(&kept.state));
        Ok(state.iter().flat_map(CheckoutState::other_trees).map(Path::to_owned).collect())
    }

    fn look_at_checkout(&self, last: Option<&CheckoutState>) -> Result<CheckoutState> {
        let watched = match self.spec.isolation {
            Isolation::Worktree => Watched::Everything,
            Isolation::InPlace => Watched::AroundTheTree,
        };
        Ok(self.project.repository.keep_checkout(watched, &self.checkout_surroundings(), last)?)
    }

    fn checkout_surroundings(&self) -> Surroundings {
        surroundings::of_checkout(&self.project.layout, self.row.id.as_str())
    }

    fn changes_since(&self, kept: &CheckoutRow) -> Result<Option<Found>> {
        let Some((before, since)) = self.compared_with(kept)? else { return Ok(None) };
        let ran = self.project.store.loops_that_ran_since(kept.kept_at)?;
        // What the agent of a loop in place does to the tree is its work.
        let in_place = ran.iter().any(|row| row.isolation == Isolation::InPlace);
        let before = if in_place { before.around_the_tree() } else { before };
        let now = self.look_at_checkout(Some(&before))?;
        let own: Vec<OwnWrite> =
            self.project.store.own_writes_since(since)?.into_iter().map(own_write).collect();
        let repository = &self.project.repository;
        let before = repository.expected_checkout(&before, &now, &own)?;
        let mut changes = repository.checkout_changes(&before, &now)?;
        // A worktree of another loop whose agent left its branch is no worktree that an agent made.
        let loops: Vec<PathBuf> = self
            .project
            .store
            .live_loops()?
            .into_iter()
            .filter_map(|row| row.worktree.map(PathBuf::from))
            .collect();
        // In one of them the agent of a loop in place works.
        changes.retain(|change| match change {
            CheckoutChange::Worktree { path } | CheckoutChange::InWorktree { path, .. } => {
                !loops.contains(&PathBuf::from(path))
            }
            _ => true,
        });
        if changes.is_empty() {
            return Ok(None);
        }
        let tasks = ran.into_iter().map(|row| row.task).collect();
        Ok(Some(Found { changes, tasks, before: before.to_text(), after: now.to_text() }))
    }

    /// The state that the checkout is compared with: what another loop has told of since is not told again.
    fn compared_with(&self, kept: &CheckoutRow) -> Result<Option<(CheckoutState, Millis)>> {
        let Some(own) = CheckoutState::of_text(&kept.state) else { return Ok(None) };
        let told = self.project.store.checkout_changes_since(kept.kept_at)?;
        let mut told =
            told.into_iter().filter_map(|told| Some((CheckoutState::of_text(&told.after)?, told.found_at)));
        Ok(Some(told.find(|(state, _)| state.covers(&own)).unwrap_or((own, kept.kept_at))))
    }
}

struct Found {
    changes: Vec<CheckoutChange>,
    tasks: Vec<TaskKey>,
    before: String,
    after: String,
}

fn own_write(row: OwnWriteRow) -> OwnWrite {
    OwnWrite {
        reference: row.reference,
        from: row.from_id,
        commit: row.commit_id,
        file: row.file.map(PathBuf::from),
    }
}
