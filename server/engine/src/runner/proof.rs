//! Makes sure that the tree that lands is the tree that was checked. A check must not depend on files that are not part
//! of the work.

use super::owner::Runner;
use crate::Result;
use alfine_core::{
    finding::{Finding, Severity},
    plan::Isolation,
    task::TaskKey,
};
use alfine_git::{Checkpoint, CheckpointSpec, Repository, RewindSpec, SkipReason, Skipped, Surroundings};
use alfine_verify::{VerifierExit, VerifierResult, VerifierSpec, VerifyContext};
use std::{path::PathBuf, time::Duration};

/// The most files that a message names.
const NAMED: usize = 20;

/// A worktree with the checkpoint whose tree is checked.
pub(super) struct Proof {
    repository: Repository,
    worktree: PathBuf,
    surroundings: Surroundings,
    key: TaskKey,
    proven: Checkpoint,
    /// The number of the last checkpoint.
    pub(super) checkpoints: u32,
}

/// What was removed from the tree, or undone in it.
pub(super) struct SetBack {
    /// Its files, as far as they are named.
    pub(super) files: Vec<String>,
    /// The checkpoint that keeps it.
    pub(super) kept: String,
}

impl Proof {
    /// Sets the worktree back to the checked tree if it has changed since. The changes stay in a checkpoint of their
    /// own.
    pub(super) fn set_back(&mut self) -> Result<Option<SetBack>> {
        let present = self.repository.checkpoint(
            &self.worktree,
            &CheckpointSpec {
                ref_name: alfine_git::checkpoint_ref(&self.key.plan, &self.key.id.0, self.checkpoints + 1),
                message: format!("{} when it was done, with what was not checked", self.key),
                surroundings: &self.surroundings,
                unless_still: Some(&self.proven),
            },
        )?;
        // The same tree and HEAD as the checked ones: there is nothing to set back.
        if !present.taken {
            return Ok(None);
        }
        self.checkpoints += 1;
        let unchecked = self.repository.files_changed(&self.proven.tree, &present.tree, &[])?;
        self.repository.rewind(
            &self.worktree,
            &RewindSpec { to: &self.proven, present: &present, surroundings: &self.surroundings },
        )?;
        let files = unchecked.iter().take(NAMED).map(|file| file.path.display().to_string()).collect();
        Ok(Some(SetBack { files, kept: present.ref_name }))
    }

    /// Runs the checks that passed again, each on the tree that lands: files that one check leaves behind must not help
    /// the next one to pass.
    pub(super) fn check_one_by_one(
        &mut self,
        specs: &[VerifierSpec],
        results: &mut [VerifierResult],
        left_behind: &[String],
        context: &VerifyContext<'_>,
        observe: &mut dyn FnMut(&VerifierResult),
    ) -> Result<()> {
        for (spec, result) in specs.iter().zip(results).filter(|(_, result)| result.passed) {
            let Some(mut again) = alfine_verify::run(std::slice::from_ref(spec), context, observe).pop()
            else {
                break;
            };
            self.set_back()?;
            if !again.passed {
                let words = format!(
                    "it passed only together with files that the checks themselves had left in {}, which are not part of the work",
                    left_behind.join(", ")
                );
                again.output = format!("{words}\n{}", again.output);
                again.findings.insert(0, error(words));
            }
            *result = again;
        }
        Ok(())
    }
}

impl Runner<'_> {
    /// The tree that is checked; `None` if it is the user's own tree, or if no checkpoint was taken of it.
    pub(super) fn proof(&self) -> Option<Proof> {
        let proven = self.checkpoint.clone().filter(|_| self.spec.isolation == Isolation::Worktree)?;
        Some(Proof {
            repository: self.project.repository.clone(),
            worktree: self.worktree(),
            surroundings: self.surroundings(),
            key: self.key.clone(),
            proven,
            checkpoints: self.checkpoints,
        })
    }

    /// Paths that the checks would see although no commit can have them, if they were not there when the loop began.
    pub(super) fn not_kept(&self) -> Vec<Skipped> {
        let skipped = self.checkpoint.iter().flat_map(|checkpoint| &checkpoint.skipped);
        let is_new = |skipped: &&Skipped| {
            !skipped.reason.keeps_content() && !self.spec.never_kept.contains(&skipped.path)
        };
        match self.spec.isolation {
            Isolation::Worktree => skipped.filter(is_new).cloned().collect(),
            Isolation::InPlace => Vec::new(),
        }
    }
}

/// The failed check that says what of the work cannot be committed.
pub(super) fn kept_check(not_kept: &[Skipped]) -> VerifierResult {
    let remedies: Vec<String> = not_kept.iter().take(NAMED).map(remedy).collect();
    VerifierResult {
        name: "all of the work can be committed".to_owned(),
        criterion: None,
        passed: false,
        exit: VerifierExit::Uncommitted { count: not_kept.len() },
        duration: Duration::ZERO,
        output: remedies.join("\n"),
        tests: None,
        findings: remedies.into_iter().map(error).collect(),
        weight: 1.0,
        required: true,
    }
}

/// The failed check that says why it is unknown whether the tree that lands is the one that was checked.
pub(super) fn unproven(why: &crate::Error) -> VerifierResult {
    let reason = format!("whether the checks changed the tree could not be found out: {}", why.message);
    VerifierResult {
        name: "the tree is the one that was checked".to_owned(),
        exit: VerifierExit::NotRun { reason: reason.clone() },
        output: reason.clone(),
        findings: vec![error(reason)],
        ..kept_check(&[])
    }
}

fn remedy(skipped: &Skipped) -> String {
    let Skipped { path, reason } = skipped;
    let path = path.display();
    match reason {
        SkipReason::NestedRepository => format!(
            "{path} is a git repository of its own, so its files are in no commit: remove {path}/.git, or have git ignore \
             {path} if it is not part of the work"
        ),
        SkipReason::SubmoduleFiles => {
            format!("{path} is a submodule with uncommitted files, which are in no commit: commit them there")
        }
        SkipReason::Unreadable => {
            format!("{path} cannot be read, so it is in no commit: let it be read, or remove it")
        }
        SkipReason::Name => {
            format!("{path} is in no commit, since git reserves that name: rename it")
        }
        SkipReason::Filter(_) => skipped.to_string(),
        SkipReason::TooLarge { bytes } => format!(
            "{path} has {} MiB, too much for a commit: make it smaller, or have git ignore it if it is not part of the work",
            bytes >> 20
        ),
    }
}

fn error(message: String) -> Finding {
    Finding { severity: Severity::Error, file: None, line: None, column: None, code: None, message }
}
