//! The prompt of one iteration, filled from what the loop knows.

use super::{clocks::now, owner::Runner};
use crate::{
    Result,
    evidence::{self, Evidence},
    learnings, progress,
};
use alfine_core::{
    machine::{Recovery, Spawn},
    plan::{self, Isolation},
    printable::printable,
    prompt::{self, CriterionLine, Failure, LastIteration, Loss, PromptInput, Session, VerifierLine},
};
use alfine_verify::VerifierKind;

/// How many lines of `git status` go into a prompt.
const STATUS_LINES: usize = 40;

impl Runner<'_> {
    pub(super) fn prompt(&mut self, spawn: &Spawn) -> Result<String> {
        let worktree = self.worktree();
        let folder = worktree.to_string_lossy();
        let session = session_of(spawn);
        let context = self.spec.context;
        // A session that lives on has seen for itself what it did.
        let is_told = context.enabled || matches!(session, Session::Resumed | Session::Summarised);
        let git_status = (is_told && context.include_git_status).then(|| self.git_status(&worktree));
        let log = &self.spec.progress_log;
        let progress = match is_told && context.include_recent_progress && log.enabled {
            true => {
                let most = usize::try_from(log.max_entries_injected).unwrap_or(0);
                progress::last(&worktree, most).unwrap_or_default()
            }
            false => Vec::new(),
        };
        let progress: Vec<&str> = progress.iter().map(String::as_str).collect();
        let learned = learnings::for_prompt(&self.project.store, &self.spec).unwrap_or_else(|error| {
            tracing::warn!("what was learned cannot be told: {}", error.message);
            Vec::new()
        });
        let learned: Vec<&str> = learned.iter().map(String::as_str).collect();
        let told = self.project.store.latest_verifications(&self.row.id)?;
        let tree = self.checkpoint.as_ref().map(|checkpoint| checkpoint.tree.as_str());
        let approval = evidence::approval(&self.project.store, &self.row.id)?;
        let evidence = Evidence { rows: &told, tree, approval: approval.as_ref(), ..Evidence::default() };
        let task = &self.spec.task;
        let companions = plan::companions(&self.row.task.plan);
        let companions: Vec<&str> =
            companions.iter().map(String::as_str).filter(|path| worktree.join(path).exists()).collect();
        let criteria: Vec<CriterionLine<'_>> = task
            .criteria
            .iter()
            .enumerate()
            .map(|(n, criterion)| CriterionLine {
                text: &criterion.text,
                judged: self.spec.verifiers.iter().any(|verifier| {
                    verifier.criterion == Some(n) && matches!(verifier.kind, VerifierKind::Llm { .. })
                }),
                command: criterion.command.as_deref(),
                state: evidence.criterion(n, &criterion.text).unwrap_or_default(),
                before: self.state.criterion_before(n),
            })
            .collect();
        let verifiers: Vec<VerifierLine<'_>> = self
            .spec
            .verifiers
            .iter()
            .filter(|verifier| verifier.criterion.is_none() && !self.state.without().contains(&verifier.name))
            .map(|verifier| VerifierLine {
                name: &verifier.name,
                command: verifier.kind.command(),
                folder: &verifier.folder,
                required: verifier.required,
                before: self.state.verifier_before(&verifier.name),
            })
            .collect();
        let last_number = self.state.last.as_ref().map_or(0, |last| last.iteration);
        let failures: Vec<Failure<'_>> = told
            .iter()
            .filter(|row| !row.passed && row.iteration == last_number)
            .map(|row| Failure {
                name: &row.verifier,
                command: command_of(&self.spec.verifiers, &row.verifier),
                exit: row.exit.map_or_else(|| first_line(&row.output), |exit| format!("exit status {exit}")),
                output: &row.output,
            })
            .collect();
        let outcome = self.state.last.as_ref().map(|last| outcome_words(last, spawn.recovery));
        let harm = self.harm_done(last_number)?;
        let outcome = outcome.map(|words| words + &harm);
        let lost_work: Vec<&str> = self.state.lost_work().iter().map(String::as_str).collect();
        let alongside = self.alongside()?;
        let steering: Vec<&str> = self.state.notes.iter().map(String::as_str).collect();
        let checkpoint = self.checkpoint.as_ref().map(|checkpoint| checkpoint.commit.as_str());
        let input = PromptInput {
            session: if is_told { session } else { Session::Fresh },
            plan_title: &self.spec.plan_title,
            goal: &self.spec.goal,
            task_id: if task.explicit_id { &task.id.0 } else { "" },
            task_title: &task.title,
            details: &task.details,
            companions: &companions,
            iteration: self.state.iteration,
            max_iterations: self.state.max_iterations(),
            branch: self.row.branch.as_deref(),
            folder: Some(&folder),
            git_status: git_status.as_deref(),
            checkpoint,
            progress: &progress,
            learned: &learned,
            last: self.state.last.as_ref().zip(outcome.as_deref()).map(|(last, outcome)| LastIteration {
                outcome,
                reading: &last.reading,
                // A commit without other changes counts as a change, too.
                files_changed: if last.changed { last.files_changed.unwrap_or(1).max(1) as usize } else { 0 },
            }),
            lost_work: &lost_work,
            criteria: &criteria,
            checks_in: &self.spec.folder,
            verifiers: &verifiers,
            failures: &failures,
            alongside: &alongside,
            steering: &steering,
            single_task: self.spec.single_task,
        };
        tracing::debug!("building the prompt of iteration {} at {}", spawn.iteration, now().0);
        // The agent may have read a secret in a file. It would come back here in the words of the agent or of a check.
        Ok(self.masker.mask(&prompt::build(&input)).into_owned())
    }
}

impl Runner<'_> {
    /// What the agent is told of the user's checkout, if that changed in an iteration; empty if not.
    fn harm_done(&self, iteration: u32) -> Result<String> {
        let found = self.project.store.checkout_changes(&self.row.id)?;
        let Some(last) = found.last().filter(|found| found.iteration == iteration && found.named) else {
            return Ok(String::new());
        };
        let (theirs, yours) = (self.project.repository.workdir(), self.worktree());
        let changes = printable(&alfine_words::checkout::listed(&last.changes));
        Ok(match self.spec.isolation {
            Isolation::Worktree => format!(
                "; in it you changed the user's own checkout, {} ({changes}): that is not yours to change, work only in {}",
                theirs.display(),
                yours.display()
            ),
            Isolation::InPlace => format!(
                "; in it you changed the repository around your working tree ({changes}): that is not yours to change"
            ),
        })
    }

    /// What is uncommitted. If a checkpoint was taken just now, it has the answer, and the tree need not be walked
    /// again.
    fn git_status(&self, worktree: &std::path::Path) -> String {
        let of_now = self.checkpoint.as_ref().filter(|_| self.checkpoint_is_of_now);
        let known = of_now.and_then(|now| self.project.repository.status_of(now, STATUS_LINES).ok());
        known.unwrap_or_else(|| {
            self.project.repository.status_short(worktree, STATUS_LINES).unwrap_or_default()
        })
    }
}

fn session_of(spawn: &Spawn) -> Session {
    match (spawn.recovery, &spawn.session) {
        (Some(Recovery::SessionLost), _) => Session::Recovered(Loss::NotFound),
        (Some(Recovery::ContextFull), _) => Session::Recovered(Loss::ContextFull),
        (Some(Recovery::SessionRejected), _) => Session::Recovered(Loss::Rejected),
        (Some(Recovery::SessionFailing), _) => Session::Recovered(Loss::Failing),
        (Some(Recovery::HandedOff), _) => Session::Recovered(Loss::HandedOff),
        (Some(Recovery::Rewound), _) => Session::Recovered(Loss::Rewound),
        (Some(Recovery::Compacted), Some(_)) => Session::Summarised,
        (_, Some(_)) => Session::Resumed,
        (Some(Recovery::RunnerDied | Recovery::Compacted), None) => Session::Recovered(Loss::NotFound),
        (None, None) => Session::Fresh,
    }
}

fn outcome_words(last: &alfine_core::machine::LastIteration, recovery: Option<Recovery>) -> String {
    let mut words = last.verdict.clone();
    if !last.denials.is_empty() {
        words.push_str(&format!("; denied to you: {}", last.denials.join(", ")));
    }
    if recovery == Some(Recovery::RunnerDied) {
        words.push_str("; after that, your last run was cut off before it ended");
    }
    words
}

fn command_of<'a>(verifiers: &'a [alfine_verify::VerifierSpec], name: &str) -> Option<&'a str> {
    verifiers.iter().find(|verifier| verifier.name == name)?.kind.command()
}

/// How a check without an exit status ended: the first line of its output says it.
fn first_line(output: &str) -> String {
    output.lines().next().unwrap_or("did not end by itself").to_owned()
}
