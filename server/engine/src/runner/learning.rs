//! What a runner observes that a later task may profit from. It ends nothing if that cannot be written down.

use super::{
    owner::Runner,
    verifying::{SaidBy, error_of},
};
use crate::{Result, learnings, surroundings};
use alfine_core::{
    agent::AgentEvent,
    finding::{Finding, Severity},
    learning::Observation,
    proof::Answer,
    reason::Reason,
    task::TaskStatus,
};
use alfine_store::VerificationRow;
use alfine_verify::VerifierResult;
use std::path::Path;

impl Runner<'_> {
    /// Watches how the commands of the agent end.
    pub(super) fn watch_command(&mut self, event: &AgentEvent) {
        if self.spec.learning.enabled && self.spec.learning.extract_command_patterns {
            let root = self.worktree();
            self.commands_seen.observe(event, &root.to_string_lossy());
        }
    }

    /// Learns of the commands that the agent ran in the iteration that is over.
    pub(super) fn learn_of_commands(&mut self, iteration: u32) {
        let own = surroundings::own_files(&self.row);
        let is_own = |path: &String| own.iter().any(|own| Path::new(path).starts_with(own));
        let mut observations = self.commands_seen.take();
        for observation in &mut observations {
            observation.companions.retain(|name| !is_own(name));
        }
        observations.retain(|observation| !observation.companions.is_empty());
        self.note_learned(iteration, Ok(observations));
    }

    /// The last answers of the checks, from before they answered again, if anything is learned of them.
    pub(super) fn answers_before(&self) -> Result<Vec<VerificationRow>> {
        match self.spec.learning.enabled {
            true => Ok(self.project.store.latest_verifications(&self.row.id)?),
            false => Ok(Vec::new()),
        }
    }

    /// Learns of checks that answer otherwise than before.
    pub(super) fn learn_of_checks(&mut self, before: &[VerificationRow], now: &[VerifierResult]) {
        let observations = self.observed_of_checks(before, now);
        self.note_learned(self.state.iteration, observations);
    }

    fn observed_of_checks(
        &self,
        before: &[VerificationRow],
        now: &[VerifierResult],
    ) -> Result<Vec<Observation>> {
        let passed = |row: &VerificationRow| {
            now.iter().find(|result| result.name == row.verifier && result.answer() == Answer::Passed)
        };
        let mended: Vec<_> =
            before.iter().filter(|row| !row.passed).filter_map(|row| Some((row, passed(row)?))).collect();
        let Some((first, _)) = mended.first() else { return Ok(Vec::new()) };
        let tree = self.checkpoint.as_ref().map_or("", |checkpoint| checkpoint.tree.as_str());
        let changed =
            self.project.repository.files_changed(&first.tree, tree, &surroundings::own_files(&self.row))?;
        let files = learnings::paths(changed);
        let of_commands = mended.iter().filter(|_| self.spec.learning.extract_command_patterns);
        let mut observations: Vec<Observation> = of_commands
            .filter_map(|(row, _)| {
                let spec = self.spec.verifiers.iter().find(|spec| spec.name == row.verifier)?;
                match row.answer {
                    Some(Answer::NotRun) => Observation::setup(spec.kind.command()?, &[]),
                    Some(Answer::Failed) => Observation::command(spec.kind.command()?, &files),
                    Some(Answer::Passed | Answer::Empty) | None => None,
                }
            })
            .collect();
        // An error has ended once all that had it pass.
        let failed: Vec<&VerificationRow> =
            before.iter().filter(|row| row.answer == Some(Answer::Failed) && !row.passed).collect();
        if failed.iter().all(|row| passed(row).is_some()) {
            let said = failed.iter().map(|row| (&*row.verifier, &*row.output, &*row.findings));
            let said: Vec<_> = said.collect();
            let ended =
                error_of(&said).and_then(|(error, _)| Observation::error(&error, words_of(&said)?, &files));
            observations.extend(ended);
        }
        Ok(observations)
    }

    /// Learns which files the work changed, once it is done and checks prove it.
    pub(super) fn learn_of_proven_work(&mut self) -> Result<()> {
        let is_proven =
            matches!(&self.state.outcome, Some(Reason::Proven { proof }) if proof.proven > Some(0));
        if self.state.status() == TaskStatus::Done
            && is_proven
            && let Some(row) = self.project.store.loop_(&self.row.id)?
            && let Err(error) = learnings::learn_of_work(self.project, &row)
        {
            tracing::warn!("which files were changed is not learned: {}", error.message);
        }
        Ok(())
    }

    fn note_learned(&mut self, iteration: u32, observations: Result<Vec<Observation>>) {
        let learned = observations.and_then(|observations| {
            let Self { project, row, masker, .. } = self;
            learnings::learn(&mut project.store, row, iteration, observations, masker)
        });
        if let Err(error) = learned {
            tracing::warn!("what was observed is not learned: {}", error.message);
        }
    }
}

/// An error in words: the first one that has a place, or else the last line that a check printed.
fn words_of<'a>(said: &[SaidBy<'a>]) -> Option<&'a str> {
    let mut findings = said.iter().flat_map(|(.., findings)| *findings);
    let is_error = |it: &&Finding| it.file.is_some() && it.severity == Severity::Error;
    let last_line = || {
        let (_, output, _) = said.first()?;
        output.lines().rfind(|line| !line.trim().is_empty())
    };
    findings.find(is_error).map(|finding| finding.message.as_str()).or_else(last_line)
}
