//! The end of an iteration: read the gate, run the verifiers, decide.

use super::{
    ask::{Ask, AskKind},
    messages::{Effect, Judgement, Tree, VerifyOutcome},
    state::{LastIteration, LoopState, Phase, VerifyWhen},
};
use crate::{
    agent::{Outcome, Question},
    breaker::{Feed, Rule, Scope, Trip},
    gate::{Reading, Verdict},
    plan::{Autonomy, ProvenBy},
    proof::{CheckProof, Standing},
    reason::{Color, Proof, Reason},
    signature::{self, Signature},
    text::detailed,
    time::Moment,
};

/// What a claim of ready comes to.
enum Claim {
    /// Not claimed, or not in a way that counts.
    None,
    /// Proven, in these words.
    Proven(String),
    /// The user decides.
    Asks(Ask),
    /// The checks, or the empty tree, say no.
    Refused(String),
    /// Nothing but checks that were changed say no, and why.
    ChecksChanged(String),
}

/// The class of the error that the context was full.
pub(super) const CONTEXT: &str = "context";

impl LoopState {
    /// The checkpoint after the agent's work is there: read the gate, verify or judge.
    pub(super) fn read_gate(&mut self, now: Moment, tree: Tree, out: &mut Vec<Effect>) {
        if let Phase::After { rest: Some(rest) } = &mut self.phase {
            let rest = std::mem::replace(&mut **rest, Phase::Paused);
            self.pause_asked = false;
            return self.rest(now, rest, out);
        }
        // After an error a claim does not count: the run was cut off, and the claim may be older than the error.
        let claimed = self.gate().verdict == Verdict::Ready;
        if self.current.error.is_none() && (claimed || self.settings.verify == VerifyWhen::Always) {
            self.enter(now, Phase::Verifying { tree });
            return out.push(Effect::RunVerifiers);
        }
        self.judge(now, tree, None, out);
    }

    pub(super) fn verified(&mut self, now: Moment, outcome: VerifyOutcome, out: &mut Vec<Effect>) {
        let Phase::Verifying { tree } = &self.phase else { return };
        let tree = tree.clone();
        let claims = self.current.error.is_none() && self.gate().verdict == Verdict::Ready;
        if claims && outcome.color == Color::Red && !outcome.unable.is_empty() {
            // Not judged: the agent is done, and once this is mended the checks run again.
            return self.ask(now, Ask { kind: AskKind::Check, text: outcome.unable.join("; ") }, out);
        }
        let is_old = |name: &String| outcome.failed_before.contains(name);
        if claims
            && self.asks()
            && outcome.color == Color::Red
            && !outcome.failed.is_empty()
            && outcome.failed.iter().all(is_old)
        {
            // Not judged: what fails is no fault of the work, as far as anybody can tell.
            return self.ask_for_baseline(now, outcome.failed_before, out);
        }
        self.judge(now, tree, Some(outcome), out);
    }

    fn judge(&mut self, now: Moment, after: Tree, verified: Option<VerifyOutcome>, out: &mut Vec<Effect>) {
        self.count_time(now);
        self.judged = self.judged.saturating_add(1);
        // An iteration came through, so the next usage limit begins with a short pause again.
        self.limit_waits = 0;
        let reading = self.gate().clone();
        let before = self.current.before.take().unwrap_or_default();
        // HEAD counts as well: an agent that commits its own work may end with the tree that it began with.
        let changed = before != after;
        let claim = self.claim(&reading, &after, verified.as_ref());
        let error = self.error_of(&reading, verified.as_ref());
        let feed = Feed {
            iteration: self.iteration,
            tree: after.tree.clone(),
            changed,
            error: error.clone(),
            refused: matches!(claim, Claim::Refused(_) | Claim::ChecksChanged(_)),
            denials: self.current.denials.clone(),
        };
        let trip = self.breaker.judge(&feed, &self.settings.limits);
        let verdict = match &claim {
            Claim::Proven(why) | Claim::Refused(why) | Claim::ChecksChanged(why) => why.clone(),
            Claim::Asks(ask) => ask.text.clone(),
            Claim::None => self
                .current
                .error
                .as_ref()
                .map_or_else(|| reading.why.clone(), |(_, message)| message.clone()),
        };
        self.reworking = feed.refused;
        self.last = Some(LastIteration {
            iteration: self.iteration,
            reading: reading.clone(),
            changed,
            files_changed: None,
            verdict: verdict.clone(),
            denials: self.current.denials.clone(),
        });
        // The agent has read these notes. Later ones are for the next prompt.
        self.notes.drain(..self.current.notes_told.min(self.notes.len()));
        self.current.is_over = true;
        out.push(Effect::IterationEnded(Box::new(Judgement {
            iteration: self.iteration,
            started_at: self.current.started_at,
            before,
            after,
            changed,
            reading: reading.clone(),
            verified,
            verdict,
            error,
            used: self.current.used,
        })));
        self.decide(now, claim, &reading, trip, out);
    }

    fn decide(
        &mut self,
        now: Moment,
        claim: Claim,
        reading: &Reading,
        trip: Option<Trip>,
        out: &mut Vec<Effect>,
    ) {
        let question = self.question_of(reading).or_else(|| self.full_context());
        // In this order: a proof ends the loop whatever else the gate says, an answer helps more than a stop, and the
        // breaker comes before the user's pause, since it says more.
        match claim {
            Claim::Proven(_) => {
                self.pause_asked = false;
                self.enter(now, Phase::Committing);
                return out.push(Effect::Commit);
            }
            Claim::Asks(ask) => return self.ask(now, ask, out),
            // The agent has had its tries to take it back. What remains is for the user to look at.
            Claim::ChecksChanged(why) if trip.as_ref().is_some_and(|trip| gives_up(trip.rule)) => {
                let text = format!("{why}. The agent neither took that back nor explained it. Is it right?");
                return self.ask(now, Ask { kind: AskKind::ChecksChanged, text }, out);
            }
            Claim::None | Claim::Refused(_) | Claim::ChecksChanged(_) => {}
        }
        if let Some(ask) = question {
            return self.ask(now, ask, out);
        }
        match trip {
            Some(trip) => self.trip(now, trip, out),
            None if self.pause_asked => self.hold(now, out),
            None => self.next_iteration(now, out),
        }
    }

    /// What is asked of the user after a fresh session was full, too, and brought nothing.
    fn full_context(&self) -> Option<Ask> {
        let changed = self.last.as_ref().is_some_and(|last| last.changed);
        let (_, message) = self.current.error.as_ref().filter(|(class, _)| class == CONTEXT && !changed)?;
        Some(Ask::about_outcome(&Outcome::Context, message))
    }

    fn claim(&mut self, reading: &Reading, after: &Tree, verified: Option<&VerifyOutcome>) -> Claim {
        if reading.verdict != Verdict::Ready {
            return Claim::None;
        }
        let Some(verified) = verified else { return Claim::None };
        let failed = verified.failed.join(", ");
        let worked = self.base.as_ref().is_some_and(|base| base != after);
        let gate = reading.gate.as_ref();
        let explained = gate.is_some_and(|gate| {
            [&gate.reason, &gate.progress].into_iter().flatten().any(|text| !text.trim().is_empty())
        });
        let controls = verified.controls.as_deref();
        let refused = in_words(verified.refused());
        let proof = Proof {
            color: verified.color,
            checks: verified.ran,
            failed: verified.failed.clone(),
            unusual: verified.unusual.clone(),
            guard: verified.proven_by == Some(ProvenBy::Guard),
            proven: controls.map(|controls| {
                let proven = controls.iter().filter(|check| check.standing == Standing::Proven);
                u32::try_from(proven.count()).unwrap_or(u32::MAX)
            }),
        };
        if !refused.is_empty() {
            let why = format!("claimed ready, but {}", refused.join("; "));
            let fails_besides = |name: &String| verified.refused().all(|check| check.check != *name);
            let others = verified.color == Color::Red && verified.failed.iter().any(fails_besides);
            let said = gate.and_then(|gate| gate.checks_changed.as_deref()).map(str::trim);
            return match said.filter(|said| !said.is_empty() && verified.color != Color::Red) {
                Some(said) => {
                    self.outcome = Some(Reason::Proven { proof });
                    let text = format!("{}. The agent says of it: {said}\nIs it right?", refused.join("; "));
                    Claim::Asks(Ask { kind: AskKind::ChecksChanged, text })
                }
                None if others => Claim::Refused(why),
                None => {
                    self.outcome = Some(Reason::Proven { proof });
                    Claim::ChecksChanged(why)
                }
            };
        }
        if verified.color == Color::Red {
            let these = match verified.failed.as_slice() {
                [] => "the checks fail",
                [_] => "this check fails",
                _ => "these checks fail",
            };
            return Claim::Refused(detailed(&format!("claimed ready, and {these}"), &failed));
        }
        // The work may have been there before the loop. Then the agent has to say so, and at least one check to show
        // it.
        if !worked && (!explained || verified.ran == 0) {
            return Claim::Refused(match verified.ran {
                0 => "claimed ready, and nothing was changed and no check could prove it".to_owned(),
                _ => "claimed ready, and nothing was changed and no reason given".to_owned(),
            });
        }
        let said = proof.to_string();
        if let Some(question) = self.to_be_seen(verified, &said) {
            self.outcome = Some(Reason::Proven { proof });
            return Claim::Asks(question);
        }
        match (verified.color, self.settings.autonomy) {
            (_, Autonomy::Manual) | (Color::Yellow, Autonomy::Guarded) => {
                Claim::Asks(Ask { kind: AskKind::Approval, text: format!("{said}. Is it done?") })
            }
            _ => {
                self.outcome = Some(Reason::Proven { proof });
                Claim::Proven(said)
            }
        }
    }

    /// What the user is asked although the checks, as `said`, prove nothing to the contrary; `None` if the loop may decide.
    fn to_be_seen(&self, verified: &VerifyOutcome, said: &str) -> Option<Ask> {
        let approval = |text| Some(Ask { kind: AskKind::Approval, text });
        // Whatever the loop may decide by itself, what it was not asked to commit is the user's to decide.
        if !verified.unusual.is_empty() {
            return approval(format!("{said}. Are they to be committed?"));
        }
        let unanswered: Vec<Question> =
            self.current.asked.iter().filter(|question| !question.plan).cloned().collect();
        if let Some(asked) = Ask::about_questions(&unanswered) {
            return approval(format!(
                "{said}; on the way it asked, and had no answer:\n{}\nIs it done?",
                asked.text
            ));
        }
        let controls = verified.controls.as_deref()?;
        let is_proven = controls.iter().any(|check| check.standing == Standing::Proven);
        let is_weak = |check: &CheckProof| !is_proven && check.standing == Standing::Weak;
        let to_see = in_words(controls.iter().filter(|check| check.is_to_be_seen() || is_weak(check)));
        if !to_see.is_empty() {
            let text = format!("{said}, but {}. Is it done?", to_see.join("; "));
            return Some(Ask { kind: AskKind::ChecksChanged, text });
        }
        let undecided = in_words(controls.iter().filter(|check| check.standing == Standing::Undecided));
        if self.asks() && !undecided.is_empty() {
            let text = format!("{said}, but {}. Is it done?", undecided.join("; "));
            return Some(Ask { kind: AskKind::Unproven, text });
        }
        if verified.proven_by == Some(ProvenBy::Guard) {
            return None;
        }
        (self.asks() && !is_proven).then(|| {
            let why = in_words(controls.iter()).join("; ");
            Ask { kind: AskKind::Unproven, text: format!("{}. Is it done?", detailed(said, &why)) }
        })
    }

    /// The error of this iteration, from the first source that has one: verifiers, agent, blockers.
    fn error_of(&self, reading: &Reading, verified: Option<&VerifyOutcome>) -> Option<(Signature, String)> {
        if let Some(error) = verified.and_then(|verified| verified.error.clone()) {
            return Some(error);
        }
        if let Some((class, message)) = &self.current.error {
            return Some((signature::of_error(class, message), message.chars().take(120).collect()));
        }
        let blockers = &reading.gate.as_ref()?.blockers;
        let words: String = blockers.first()?.chars().take(120).collect();
        signature::of_blockers(blockers).map(|signature| (signature, words))
    }

    /// What the gate wants of the user: its question, or a blocker that named a human twice.
    fn question_of(&mut self, reading: &Reading) -> Option<Ask> {
        let gate = reading.gate.as_ref();
        let blocker =
            gate.and_then(|gate| gate.blockers.first()).map(|blocker| signature::normalise(blocker));
        // Said once, it may be an excuse. The same blocker in two iterations in a row is believed.
        let repeated = blocker.is_some() && blocker == self.last_blocker;
        self.last_blocker = blocker;
        let in_gate = gate.filter(|_| reading.verdict != Verdict::Malformed);
        if let Some(text) = in_gate.and_then(|gate| gate.question.clone()) {
            return Some(Ask { kind: AskKind::Question, text });
        }
        // An agent that says it is done has found an answer by itself.
        if reading.verdict != Verdict::Ready
            && let Some(ask) = Ask::about_questions(&self.current.asked)
        {
            return Some(ask);
        }
        let gate = in_gate;
        let first = gate?.blockers.first()?;
        (repeated && names_a_human(first)).then(|| Ask { kind: AskKind::Blocked, text: first.clone() })
    }
}

/// What is said of those checks that are meant.
fn in_words<'a>(controls: impl Iterator<Item = &'a CheckProof>) -> Vec<String> {
    controls.map(ToString::to_string).collect()
}

/// Says whether a rule trips because the agent gets nowhere, and not because something is used up that the user set.
fn gives_up(rule: Rule) -> bool {
    rule == Rule::Iterations || rule.info().scope == Scope::Course
}

/// Says whether a blocker is something that only a person can take away.
fn names_a_human(blocker: &str) -> bool {
    const WORDS: &str = "human user you your someone somebody person maintainer owner admin administrator developer team \
         reviewer approval approve credential credentials password permission clarification decision";
    blocker
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| WORDS.split(' ').any(|known| word.eq_ignore_ascii_case(known)))
}
