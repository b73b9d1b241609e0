//! The machine's steps, and what is done for each of their effects.

use super::{clocks::now, owner::Runner};
use crate::{Result, progress, proof_report};
use alfine_core::{
    machine::{self, CheckpointKind, Effect, Input, Judgement},
    news::News,
    plan::Isolation,
};
use alfine_git::Commit;
use alfine_words::Reader;

impl Runner<'_> {
    /// Feeds what is queued to the machine, and performs what it says, until there is nothing left.
    pub(super) fn work_off(&mut self) -> Result<()> {
        while let Some(input) = self.inputs.pop_front() {
            self.take(input)?;
        }
        Ok(())
    }

    pub(super) fn take(&mut self, input: Input) -> Result<()> {
        // A jump of the clock is fed first, so that moments noted before and after it are not compared.
        self.look_at_clocks()?;
        self.step(input)
    }

    pub(super) fn look_at_clocks(&mut self) -> Result<()> {
        match self.clocks.look() {
            Some(jump) => self.step(jump),
            None => Ok(()),
        }
    }

    fn step(&mut self, input: Input) -> Result<()> {
        let (state, effects) = machine::step(self.state.clone(), now(), input);
        self.state = state;
        if effects.is_empty() {
            return Ok(());
        }
        for effect in &effects {
            // The saved row and the news need the number of files, so it is counted before both.
            if let Effect::IterationEnded(judgement) = effect {
                self.count_files(judgement);
            }
            self.tell_effect(effect);
        }
        // Saved before the first effect is performed. After a crash, `Recovered` orders the same effects again. An
        // effect performed before the save would have happened without anybody knowing.
        self.save_with(&effects)?;
        for effect in effects {
            if let Err(error) = self.perform(effect) {
                let whole = error.with_hint();
                let hint = error.hint_for(Reader::Terminal);
                self.tell(&News::Error { message: error.message, hint });
                self.inputs.push_back(Input::Failed(whole));
                // The effects after this one were decided on the assumption that it works.
                break;
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::TakeCheckpoint(CheckpointKind::Timer) => {
                // This checkpoint is only a precaution, so the agent goes on working without it.
                if let Err(error) = self.take_checkpoint(CheckpointKind::Timer) {
                    let hint = error.hint_for(Reader::Terminal);
                    self.tell(&News::CheckpointFailed { message: error.message, hint });
                }
                Ok(())
            }
            Effect::TakeCheckpoint(kind) => self.take_checkpoint(kind),
            Effect::Afford => self.afford(),
            Effect::SpawnAgent(spawn) => self.spawn_agent(&spawn),
            Effect::KillAgent(_) => {
                match &self.agent {
                    Some(agent) => agent.ender.end(),
                    // The agent died together with an earlier runner; only the state still says that it works.
                    None => self.inputs.push_back(Input::AgentExited {
                        outcome: alfine_core::agent::Outcome::Interrupted,
                        message: String::new(),
                    }),
                }
                Ok(())
            }
            Effect::RunControls => self.run_base(),
            Effect::RunVerifiers => self.run_verifiers(),
            Effect::CancelVerifiers => {
                // The cancelled checks may still send their results. With a new number, these are ignored.
                self.verify_round += 1;
                self.verifiers = None;
                Ok(())
            }
            Effect::Commit => self.commit(),
            Effect::Land(landing) => self.run_landing(&landing),
            Effect::BringUp { from } => self.bring_up(&from),
            Effect::IterationEnded(judgement) => {
                self.learn_of_commands(judgement.iteration);
                self.log_progress(&judgement)
            }
            // Saved with the state.
            Effect::Finish => {
                self.base = None;
                self.learn_of_proven_work()
            }
            Effect::Sleep(_)
            | Effect::AskHuman(_)
            | Effect::WithdrawAsk
            | Effect::Refuse(_)
            | Effect::Note(_) => Ok(()),
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.checkpoint_is_of_now = false;
        if self.spec.isolation == Isolation::Worktree && self.spec.machine.commit {
            // What is committed must be the tree that the checks saw, not what was written since.
            self.set_back_to_proven()?;
            let gate = self.state.gate().gate.clone().unwrap_or_default();
            let body = [gate.progress, gate.reason]
                .into_iter()
                .flatten()
                .map(|text| self.masker.mask(&text).into_owned());
            let surroundings = self.surroundings();
            let commit = Commit {
                branch: self.row.branch.as_deref(),
                surroundings: &surroundings,
                subject: self.spec.subject(),
                body: body.collect::<Vec<_>>().join("\n\n"),
                trailers: [
                    (alfine_git::TASK_TRAILER.to_owned(), self.key.to_string()),
                    ("Alfine-Iterations".to_owned(), self.state.judged.to_string()),
                ]
                .into_iter()
                .chain(proof_report::trailer(&self.project.store, &self.row)?)
                .chain(self.spec.co_author())
                .collect(),
            };
            let made = self.project.repository.commit_all(&self.worktree(), &commit)?;
            self.tell(&News::Committed { commit: made });
        }
        self.inputs.push_back(Input::Committed);
        Ok(())
    }

    fn log_progress(&mut self, judgement: &Judgement) -> Result<()> {
        if !self.spec.progress_log.enabled {
            return Ok(());
        }
        let gate = judgement.reading.gate.as_ref();
        let progress = gate.and_then(|gate| gate.progress.clone()).unwrap_or_default();
        let entry = progress::Entry {
            at: jiff::Timestamp::now(),
            task: self.key.to_string(),
            status: self.state.status(),
            iteration: judgement.iteration,
            files_changed: self.iteration_files.iter().map(|file| file.path.display().to_string()).collect(),
            summary: self.masker.mask(&format!("{progress}\n{}", judgement.verdict)).trim().to_owned(),
        };
        // The log only helps the next iteration. If it cannot be written, that is no reason to end the loop.
        let most = self.spec.progress_log.consolidation_threshold;
        if let Err(error) = progress::append(&self.worktree(), &entry, most) {
            self.tell(&News::ProgressNotLogged { message: error.to_string() });
        }
        Ok(())
    }
}
