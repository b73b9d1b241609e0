//! What is saved, and when: the new state and its news in one transaction, before any effect is performed.

use super::{clocks::now, owner::Runner};
use crate::Result;
use alfine_core::{
    breaker::Line,
    gate::Reading,
    machine::{CheckpointKind, Effect, Judgement, Phase},
    news::{News, Told},
    plan::ContextMode,
    reason::Reason,
};
use alfine_secrets::Masker;
use alfine_store::{
    Ask, CommandResult, IterationEnd, LoopSummary, LoopUpdate, Millis, NewEvent, StoreError, Tx,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

impl Runner<'_> {
    pub(super) fn save_spec(&mut self) -> Result<()> {
        self.spec.save(&mut self.project.store, &self.lock)
    }

    /// Saves the state with the rows that these effects make, and all news so far.
    pub(super) fn save_with(&mut self, effects: &[Effect]) -> Result<()> {
        let summary = self.summary();
        let state = self.masked_state()?;
        let reason = self.state.reason().map(|reason| self.masked_reason(reason));
        let update = LoopUpdate {
            status: self.state.status(),
            reason: reason.as_ref(),
            state: &state,
            summary: &summary,
            cost_usd: self.state.used.cost_usd,
            tokens: self.state.used.tokens(),
            ended: false,
        };
        let news = std::mem::take(&mut self.unsaved);
        self.unsaved_since = None;
        let answered = std::mem::take(&mut self.commands);
        let (lock, key, id) = (&self.lock, &self.key, &self.row.id);
        let (iteration, session) =
            (self.state.iteration, self.state.session.as_ref().map(|id| id.0.as_str()));
        let masker = &self.masker;
        let files_changed = u32::try_from(self.iteration_files.len()).unwrap_or(u32::MAX);
        let tree_before = self.state.tree_before();
        self.project.store.write(|tx| -> Result<(), StoreError> {
            tx.save_loop(lock, &update)?;
            // The plan may have been renumbered since this runner began.
            let key = &tx.loop_(id)?.map_or_else(|| key.clone(), |row| row.task);
            for effect in effects {
                match effect {
                    Effect::SpawnAgent(_) => begin_iteration(tx, lock, iteration, tree_before)?,
                    Effect::IterationEnded(judgement) => {
                        end_iteration(tx, lock, judgement, session, files_changed, masker)?;
                    }
                    Effect::AskHuman(ask) => {
                        // A loop asks one thing at a time. An older open question could otherwise be answered instead.
                        tx.withdraw_questions(id)?;
                        let text = masker.mask(&ask.text);
                        let tree = self.checkpoint.as_ref().map(|checkpoint| checkpoint.tree.as_str());
                        tx.ask(&Ask {
                            loop_id: Some(id),
                            task: Some(key),
                            kind: ask.kind,
                            text: &text,
                            tree,
                        })?;
                    }
                    Effect::WithdrawAsk => tx.withdraw_questions(id)?,
                    _ => {}
                }
            }
            let events = news.iter().map(|news| NewEvent { loop_id: Some(id), task: Some(key), news });
            tx.append_events(events)?;
            for (seq, result) in &answered {
                tx.finish_command(*seq, result.as_ref().unwrap_or(&CommandResult::Done))?;
            }
            Ok(())
        })?;
        self.settle_ledger();
        Ok(())
    }

    /// Saves the state and all news so far.
    pub(super) fn save(&mut self) -> Result<()> {
        self.save_with(&[])
    }

    /// Tells the observer now, and the change feed with the next save.
    pub(super) fn tell(&mut self, news: &News) {
        let news = match masked(&self.masker, news) {
            Ok(news) => news,
            // News that cannot be masked is dropped: better no news than a secret in it.
            Err(error) => return tracing::error!("a piece of news cannot be told: {error}"),
        };
        let told = Told { at: now(), task: self.key.clone(), status: self.state.status(), news };
        (self.observe)(&told);
        self.unsaved.push(told.news);
        self.unsaved_since.get_or_insert_with(std::time::Instant::now);
    }

    /// Tells what an effect means to whoever watches.
    pub(super) fn tell_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::TakeCheckpoint(CheckpointKind::Before) => {
                let (iteration, max_iterations) = (self.state.iteration, self.state.max_iterations());
                self.tell(&News::IterationStarted { iteration, max_iterations });
            }
            Effect::SpawnAgent(spawn) => self.tell(&News::AgentStarted {
                iteration: spawn.iteration,
                agent: self.spec.agent.name.clone(),
                resumes: spawn.session.is_some(),
                fresh: self.spec.machine.context == ContextMode::Fresh,
                recovery: spawn.recovery,
            }),
            Effect::KillAgent(reason) => self.tell(&News::AgentEnding { reason: *reason }),
            Effect::RunVerifiers => {
                let checks = self.spec.verifiers.iter().map(|verifier| verifier.name.clone()).collect();
                self.tell(&News::Verifying { checks });
            }
            Effect::Land(landing) => {
                let checks = self.spec.verifiers.iter().map(|verifier| verifier.name.clone()).collect();
                self.tell(&News::Lands { into: landing.into.clone(), checks });
            }
            Effect::Sleep(until) => {
                let since = match self.state.reason() {
                    Some(Reason::Outage { since, .. }) => Some(since),
                    _ => None,
                };
                self.tell(&News::Waiting { until: *until, reason: self.reason_in_words(), since });
            }
            Effect::AskHuman(ask) => self.tell(&News::Asks { kind: ask.kind, text: ask.text.clone() }),
            Effect::IterationEnded(judgement) => self.tell(&News::IterationJudged {
                iteration: judgement.iteration,
                changed: judgement.changed,
                gate: Box::new(judgement.reading.clone()),
                verdict: judgement.verdict.clone(),
                failed: judgement.verified.as_ref().map(|verified| verified.failed.clone()),
                cost_usd: judgement.used.cost_usd,
                tokens: judgement.used.tokens(),
            }),
            Effect::Refuse(why) => {
                self.last_refusal = Some(why.clone());
                if let Some((_, result)) = self.commands.last_mut() {
                    *result = Some(CommandResult::Refused(why.clone()));
                }
                self.tell(&News::Refused { why: alfine_words::refusal(why) });
            }
            Effect::Note(note) => self.tell(&News::Note(note.clone())),
            Effect::Finish => {
                let (reason, cost_usd) = (self.reason_in_words(), self.state.used.cost_usd);
                self.tell(&News::Rests { reason, cost_usd });
            }
            Effect::TakeCheckpoint(_)
            | Effect::Afford
            | Effect::RunControls
            | Effect::CancelVerifiers
            | Effect::Commit
            | Effect::BringUp { .. }
            | Effect::WithdrawAsk => {}
        }
    }

    fn summary(&self) -> LoopSummary {
        let limits = &self.state.settings.limits;
        LoopSummary {
            iteration: self.state.iteration,
            max_iterations: self.state.max_iterations(),
            breaker: self
                .state
                .breaker
                .lines(limits)
                .into_iter()
                .map(|line| Line { evidence: self.masker.mask(&line.evidence).into_owned(), ..line })
                .collect(),
            gate: masked_reading(&self.masker, self.state.gate()),
            waiting_until: match &self.state.phase {
                Phase::Waiting { until, .. } => Some(Millis(until.0)),
                _ => None,
            },
            files_changed: self.files_changed,
            pauses: self.state.pauses(),
            chained: self.row.plan_run.is_some(),
            held_by: self.state.held_by().map(|why| self.masked_reason(why.clone())),
        }
    }

    /// The state as it is saved. Only the texts that others wrote are masked, since the state must be readable again.
    fn masked_state(&self) -> Result<String> {
        let mut state = self.state.clone();
        state.rewrite_texts(&mut |text| self.mask_text(text));
        to_json(&state)
    }

    fn masked_reason(&self, mut reason: Reason) -> Reason {
        reason.rewrite_texts(&mut |text| self.mask_text(text));
        reason
    }

    fn mask_text(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.masker.mask(text) {
            *text = masked;
        }
    }

    fn reason_in_words(&self) -> String {
        self.state.reason().as_ref().map(alfine_words::reason).unwrap_or_default()
    }
}

/// The news without secrets. If a mask matches one of the words that the news is read by, its payload stays unread.
fn masked(masker: &Masker, news: &News) -> serde_json::Result<News> {
    let mut row = serde_json::to_value(news)?;
    // The kind is a word of Alfine's own, never a secret.
    if let Some(payload) = row.get_mut("payload") {
        masker.mask_strings(payload);
    }
    News::deserialize(row)
}

fn masked_reading(masker: &Masker, reading: &Reading) -> Option<Value> {
    let mut reading = serde_json::to_value(reading).ok()?;
    masker.mask_strings(&mut reading);
    Some(reading)
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        crate::Error::new(crate::ErrorKind::Internal, format!("a state cannot be saved: {error}"))
    })
}

fn begin_iteration(
    tx: &Tx<'_>,
    lock: &alfine_store::LoopLock,
    n: u32,
    tree_before: Option<&str>,
) -> Result<(), StoreError> {
    // A run that is repeated in its iteration keeps the iteration's row.
    let known = tx.iterations(lock.loop_id())?.iter().any(|row| row.n == n);
    if known { Ok(()) } else { tx.begin_iteration(lock, n, tree_before) }
}

fn end_iteration(
    tx: &Tx<'_>,
    lock: &alfine_store::LoopLock,
    judgement: &Judgement,
    session: Option<&str>,
    files_changed: u32,
    masker: &Masker,
) -> Result<(), StoreError> {
    let gate = masked_reading(masker, &judgement.reading);
    tx.end_iteration(
        lock,
        judgement.iteration,
        &IterationEnd {
            verdict: judgement.reading.verdict.as_str(),
            gate: gate.as_ref(),
            tree_after: Some(&judgement.after.tree),
            changed: judgement.changed,
            files_changed,
            signature: judgement.error.as_ref().map(|(signature, _)| signature.as_str()),
            cost_usd: judgement.used.cost_usd,
            tokens: judgement.used.tokens(),
            session,
            summary: Some(&masker.mask(&judgement.verdict)),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::agent::AgentEvent;

    fn masked_by(pattern: &str, news: &News) -> News {
        let masker = Masker::new(std::iter::empty(), &[pattern.to_owned()]).unwrap();
        masked(&masker, news).unwrap()
    }

    #[test]
    fn secrets_in_news_are_masked_wherever_they_stand() {
        let said = |text: &str| News::Agent(AgentEvent::Text { text: text.to_owned() });
        assert_eq!(masked_by("hunter2", &said("it is hunter2")), said("it is [masked]"));
        let set_back =
            |file: &str| News::SetBack { files: vec![file.to_owned()], kept: "refs/alfine/x".to_owned() };
        assert_eq!(masked_by("hunter2", &set_back("hunter2.txt")), set_back("[masked].txt"));
        let checked =
            News::Verifier { name: "tests".to_owned(), passed: true, exit: "0".to_owned(), seconds: 0.1 };
        assert_eq!(masked_by("hunter2", &checked), checked);
    }

    #[test]
    fn news_whose_own_words_are_masked_are_told_unread() {
        let news = News::Agent(AgentEvent::Text { text: "hello".to_owned() });
        let expected = serde_json::json!({ "event": "[masked]", "text": "hello" });
        assert_eq!(masked_by("^text$", &news), News::Other { kind: "agent".to_owned(), payload: expected });
    }
}
