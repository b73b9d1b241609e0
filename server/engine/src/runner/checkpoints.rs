//! The checkpoints that a runner takes of its loop's working tree, and what changed between them.

use super::{owner::Runner, proof::SetBack};
use crate::Result;
use alfine_core::{
    machine::{CheckpointKind, Input, Judgement, Tree},
    news::News,
};
use alfine_git::{Checkpoint, CheckpointSpec};
use alfine_store::CheckpointNew;

impl Runner<'_> {
    pub(super) fn take_checkpoint(&mut self, kind: CheckpointKind) -> Result<()> {
        // Nothing runs between the checkpoint after one iteration and the one before the next, so it is the same tree.
        if let (CheckpointKind::Before, true, Some(last)) =
            (kind, self.checkpoint_is_of_now, &self.checkpoint)
        {
            let tree = tree_of(last);
            self.inputs.push_back(Input::CheckpointTaken(kind, tree));
            return Ok(());
        }
        let n = self.checkpoints + 1;
        let ref_name = alfine_git::checkpoint_ref(&self.key.plan, &self.key.id.0, n);
        let surroundings = self.surroundings();
        // Only the timer's checkpoints may be left out. The others mark the borders of an iteration, so that each has
        // one to rewind to.
        let still = if kind == CheckpointKind::Timer { self.checkpoint.as_ref() } else { None };
        let spec = CheckpointSpec {
            ref_name,
            message: format!("{} {} iteration {}", self.key, kind_word(kind), self.state.iteration),
            surroundings: &surroundings,
            unless_still: still,
        };
        let checkpoint = self.project.repository.checkpoint(&self.worktree(), &spec)?;
        // Not taken means that nothing changed since the last one, whose ref and row are there already.
        if checkpoint.taken {
            self.checkpoints = n;
            let row = CheckpointNew {
                n,
                iteration: Some(self.state.iteration),
                kind: match kind {
                    CheckpointKind::Before => alfine_store::CheckpointKind::Before,
                    CheckpointKind::Timer => alfine_store::CheckpointKind::Timer,
                    CheckpointKind::After => alfine_store::CheckpointKind::After,
                },
                commit_id: &checkpoint.commit,
                tree: &checkpoint.tree,
                head: checkpoint.head.as_deref(),
                reference: &checkpoint.ref_name,
            };
            let lock = &self.lock;
            self.project.store.write(|tx| tx.add_checkpoint(lock, &row))?;
        }
        // What cannot be kept before the agent first works was there already, and is not held against the work.
        if kind == CheckpointKind::Before && self.state.iteration <= 1 && !checkpoint.skipped.is_empty() {
            self.spec.never_kept = checkpoint.skipped.iter().map(|skipped| skipped.path.clone()).collect();
            self.save_spec()?;
        }
        for skipped in &checkpoint.skipped {
            self.tell(&News::CheckpointSkipped { what: skipped.to_string() });
        }
        if kind == CheckpointKind::After
            && let Some(base) = &self.row.base_commit
        {
            let changed =
                self.project.repository.files_changed(base, &checkpoint.commit, &surroundings.own)?;
            self.files_changed = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        }
        let tree = tree_of(&checkpoint);
        self.checkpoint = Some(checkpoint);
        self.checkpoint_is_of_now = true;
        self.inputs.push_back(Input::CheckpointTaken(kind, tree));
        Ok(())
    }

    /// Sets the tree back to what the checks saw if it has changed since: by the checks themselves, or by hand while
    /// the loop waited for an approval.
    pub(super) fn set_back_to_proven(&mut self) -> Result<()> {
        let Some(mut proof) = self.proof() else { return Ok(()) };
        let set_back = proof.set_back()?;
        self.checkpoints = proof.checkpoints;
        if let Some(SetBack { files, kept }) = set_back {
            self.tell(&News::SetBack { files, kept });
        }
        Ok(())
    }

    /// Counts what an iteration changed, for the next prompt, the progress log and whoever watches.
    pub(super) fn count_files(&mut self, judgement: &Judgement) {
        let (before, after) = (&judgement.before.tree, &judgement.after.tree);
        self.iteration_files = match before.is_empty() || before == after {
            true => Vec::new(),
            false => self.project.repository.files_changed(before, after, &[]).unwrap_or_default(),
        };
        if let Some(last) = &mut self.state.last {
            last.files_changed = Some(u32::try_from(self.iteration_files.len()).unwrap_or(u32::MAX));
        }
    }
}

fn tree_of(checkpoint: &Checkpoint) -> Tree {
    Tree { tree: checkpoint.tree.clone(), head: checkpoint.head.clone().unwrap_or_default() }
}

fn kind_word(kind: CheckpointKind) -> &'static str {
    match kind {
        CheckpointKind::Before => "before",
        CheckpointKind::Timer => "during",
        CheckpointKind::After => "after",
    }
}
