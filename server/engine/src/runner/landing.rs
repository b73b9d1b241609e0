//! The checks of a landing: on the tree that finished work makes of the branch that it goes into; and that branch, merged into
//! the work, where it has to be worked on again.

use super::{
    controls::{Decider, Watcher, said},
    live::LiveVerifiers,
    message::{Decided, Landed, Message},
    owner::Runner,
    verifying::{mask, news_of, not_allowed},
};
use crate::{
    Result,
    landing::{Turn, merge_spec},
    surroundings,
};
use alfine_config::LandingChecks;
use alfine_core::{
    landing::{CheckedTree, Landing, LandingCheck, NotLanded},
    machine::{Color, Input, Tree},
    news::News,
};
use alfine_files::Layout;
use alfine_git::{Commit, GitError, MergeSpec, Repository};
use alfine_store::LoopPlace;
use alfine_verify::{VerifierResult, VerifierSpec, VerifyContext};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// What finds out whether work may land.
struct Attempt {
    repository: Repository,
    layout: Layout,
    merge: MergeSpec,
    plan: String,
    decider: Decider,
    specs: Vec<VerifierSpec>,
    /// Checks that nobody allowed.
    refused: Vec<VerifierSpec>,
    /// From which scores on the checks are green, and yellow.
    scores: (f64, f64),
}

impl Attempt {
    /// Waits for its turn, then runs the checks on what the merge would make. `None` if that was cancelled.
    fn find_out(
        self,
        context: &VerifyContext<'_>,
        watcher: &mut Watcher<'_>,
    ) -> Result<Option<(Turn, Decided, std::result::Result<String, NotLanded>)>> {
        let into = self.merge.target_branch.clone();
        let mut waits = || (watcher.tell)(News::LandingAwaited { into: into.clone() });
        let is_cancelled = || context.cancel.is_cancelled();
        let Some(turn) = Turn::take(&self.layout, &into, &mut waits, &is_cancelled)? else {
            return Ok(None);
        };
        // Looked at only now: it lands on what landed before it.
        let onto = self.repository.branch_commit(&into)?.unwrap_or_default();
        let tree = match self.repository.merged_tree(&self.merge, &[Path::new(&self.plan)]) {
            Ok(Some(tree)) => tree,
            Ok(None) => return Ok(Some((turn, Decided::default(), Ok(onto)))),
            Err(GitError::Conflicts { files, .. }) => {
                let files = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
                return Ok(Some((turn, Decided::default(), Err(NotLanded::Conflicts { files }))));
            }
            Err(error) => return Err(error.into()),
        };
        let decider = self.decider.of_landing(onto, tree.clone());
        let context = VerifyContext { claimed: Some(&tree), ..*context };
        let decided = decider.decide(&self.specs, self.scores, Vec::new(), &context, watcher)?;
        let Some(mut decided) = decided.filter(|_| !context.cancel.is_cancelled()) else { return Ok(None) };
        decided.results.extend(self.refused.iter().map(not_allowed));
        let landed = match alfine_verify::score(&decided.results, self.scores.0, self.scores.1) {
            Color::Green | Color::Yellow => Ok(tree),
            Color::Red => {
                let failed = decided.results.iter().filter(|result| !result.passed);
                Err(NotLanded::Red { failed: failed.map(|result| result.name.clone()).collect() })
            }
        };
        Ok(Some((turn, decided, landed)))
    }
}

impl Runner<'_> {
    /// Finds out in another thread whether the work may land.
    pub(super) fn run_landing(&mut self, landing: &Landing) -> Result<()> {
        self.verify_round += 1;
        let round = self.verify_round;
        let place = self.place();
        let branch = self.row.branch.clone().unwrap_or_default();
        let (mut specs, refused) = self.allowed_specs()?;
        if self.spec.proof.landing == LandingChecks::Criteria {
            specs.retain(|spec| spec.criterion.is_some());
        }
        let attempt = Attempt {
            repository: self.project.repository.clone(),
            layout: self.project.layout.clone(),
            merge: merge_spec(self.project, &self.row, (&branch, &landing.into), String::new())?,
            plan: self.key.plan.clone(),
            decider: Decider::new(
                self.project,
                &self.spec,
                (String::new(), String::new()),
                String::new(),
                &self.key.plan,
                self.worktree(),
                self.environments.setup.clone(),
            ),
            specs,
            refused,
            scores: (self.spec.green, self.spec.yellow),
        };
        self.verifiers = Some(LiveVerifiers(place.cancel.clone()));
        let (outbox, masker) = (self.outbox.clone(), Arc::clone(&self.masker));
        std::thread::spawn(move || {
            let started_at = SystemTime::now();
            let tell = |news: News| drop(outbox.send(Message::VerifyNews(round, Box::new(news))));
            let mut watcher =
                Watcher { observe: &mut |result| tell(news_of(result)), tell: &mut |news| tell(news) };
            let found = attempt.find_out(&place.context(None), &mut watcher);
            let (turn, mut decided, landed) = match found {
                // Nobody waits for it any more.
                Ok(None) => return,
                Ok(Some((turn, decided, landed))) => (Some(turn), decided, landed),
                Err(error) => {
                    let message = masker.mask(&error.with_hint()).into_owned();
                    (None, Decided::default(), Err(NotLanded::Unknown { message }))
                }
            };
            mask(&masker, &mut decided.results);
            let landed = Landed { turn, decided, landed, started_at };
            let _ = outbox.send(Message::Landed(round, Box::new(landed)));
        });
        Ok(())
    }

    pub(super) fn landed(&mut self, found: Landed) -> Result<()> {
        let Landed { turn, decided, landed, started_at } = found;
        self.verifiers = None;
        self.save_answers(&decided.said)?;
        let checks = match &landed {
            Ok(tree) => checks_on(tree, &decided.results),
            Err(_) => Vec::new(),
        };
        if landed.is_err() {
            // What holds is known of the work alone, too. What fails is what the agent has to see.
            let failed: Vec<VerifierResult> =
                decided.results.into_iter().filter(|result| !result.passed).collect();
            self.save_verifications(&failed, &[], started_at)?;
        }
        self.turn = turn.filter(|_| landed.is_ok());
        let landed = landed.map(|tree| CheckedTree { checks, tree });
        self.inputs.push_back(Input::Landed(landed));
        Ok(())
    }

    /// Merges a branch that has moved into the work.
    pub(super) fn bring_up(&mut self, from: &str) -> Result<()> {
        self.checkpoint_is_of_now = false;
        let own = surroundings::own_files(&self.row);
        let surroundings = self.surroundings();
        let commit = Commit {
            branch: self.row.branch.as_deref(),
            subject: format!("Merge {from} into {}", self.key.id),
            body: String::new(),
            trailers: vec![(alfine_git::TASK_TRAILER.to_owned(), self.key.to_string())],
            surroundings: &surroundings,
        };
        let repository = &self.project.repository;
        let made = repository.bring_up(&self.worktree(), from, &own, &commit)?;
        let base = Tree { tree: repository.without_files(&made.from, &own)?, head: made.from.clone() };
        self.row.base_commit = Some(made.from);
        let (lock, row) = (&self.lock, &self.row);
        let place = LoopPlace {
            branch: row.branch.as_deref(),
            base_branch: row.base_branch.as_deref(),
            base_commit: row.base_commit.as_deref(),
            worktree: row.worktree.as_deref(),
        };
        self.project.store.write(|tx| tx.set_loop_place(lock, &place))?;
        let conflicts: Vec<String> =
            made.conflicts.iter().map(|file: &PathBuf| file.to_string_lossy().into_owned()).collect();
        self.tell(&News::BroughtUp { from: from.to_owned(), conflicts: conflicts.clone() });
        self.inputs.push_back(Input::BroughtUp { base, conflicts });
        Ok(())
    }
}

/// What each check answered on a tree: once, however many criteria it proves.
fn checks_on(tree: &str, results: &[VerifierResult]) -> Vec<LandingCheck> {
    let mut checks: Vec<LandingCheck> = Vec::new();
    for result in results {
        if checks.iter().all(|made| made.check != result.name) {
            checks.push(LandingCheck { check: result.name.clone(), run: said(result).on(tree) });
        }
    }
    checks
}
