//! The loop as a pure state machine: `step(state, now, input) -> (state, effects)`.
//!
//! The runner performs effects and feeds their results back; it persists the state before it performs anything.
//! Knows no process, clock, database or file. Recovery is the same code as running: load the state, feed
//! [`Input::Recovered`].

mod ask;
mod judge;
mod landing;
mod messages;
mod state;
mod texts;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use crate::reason::Color;
pub use ask::{Answer, Ask, AskKind};
pub use messages::{
    CheckpointKind, Command, Effect, Input, Judgement, KillReason, Note, Recovery, Spawn, Tree, VerifyOutcome,
};
pub use state::{
    HandOff, LastIteration, LoopState, Phase, Settings, StopReason, Unproven, VerifyWhen, WaitReason,
};

use judge::CONTEXT;
use messages::CHECKPOINT_EVERY;

use crate::{
    agent::{AgentEvent, Outcome, SessionId},
    breaker::{self, BadLimit, Rule, Trip},
    gate::Verdict,
    landing::NotLanded,
    plan::Autonomy,
    printable::enumerated,
    proof::BaseKnown,
    reason::Refusal,
    text::detailed,
    time::Moment,
};
use std::time::Duration;

/// The longest pause between two tries after a usage limit whose end is unknown.
const LONGEST_RATE_LIMIT_BACKOFF: Duration = Duration::from_secs(30 * 60);
/// The longest usage limits are those of a week; a day for clocks that differ.
const LONGEST_USAGE_LIMIT: Duration = Duration::from_secs(8 * 24 * 3600);
/// The longest pause between two tries after a failure of the agent or of its service. A run that worked longer than this
/// shows that the service works.
const LONGEST_RETRY_BACKOFF: Duration = Duration::from_secs(5 * 60);

/// How often it is looked whether other runs have left enough of a budget.
const AFFORD_EVERY: Duration = Duration::from_secs(2);

/// How often one iteration is handed over to a fresh session.
const MOST_HANDOFFS: u32 = 20;

/// How many things of one kind are kept that an agent did in a run, to be named later.
const MOST_NAMED: usize = 32;

/// Feeds one input to a loop and returns what it is then and what has to be done.
///
/// Total: an input that makes no sense in a state (a late event of an agent that is gone) changes nothing.
pub fn step(mut state: LoopState, now: Moment, input: Input) -> (LoopState, Vec<Effect>) {
    let mut effects = Vec::new();
    state.take(now, input, &mut effects);
    (state, effects)
}

impl LoopState {
    fn take(&mut self, now: Moment, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Start => self.start(now, out),
            Input::Recovered => self.recover(now, out),
            Input::CheckpointTaken(kind, tree) => self.checkpoint_taken(now, kind, tree, out),
            Input::Afforded => self.afforded(now, out),
            Input::AffordLater => self.afford_later(now, out),
            Input::Unaffordable(text) => self.unaffordable(now, text, out),
            Input::AgentStarted | Input::AgentOutput => self.agent_lives(now),
            Input::AgentEvent(event) => self.agent_event(now, event, out),
            Input::AgentExited { outcome, message } => self.agent_exited(now, outcome, message, out),
            Input::BaseKnown(known) => self.base_is_known(now, known, out),
            Input::JudgeAsked => self.judge_asked(),
            Input::JudgeEnded(usage) => self.judge_ended(&usage),
            Input::Verified(outcome) => self.verified(now, outcome, out),
            Input::Committed => self.committed(now, out),
            Input::Landed(landed) => self.landed(now, landed, out),
            Input::BroughtUp { base, conflicts } => self.brought_up(now, base, &conflicts, out),
            Input::CommandReceived(command) => self.command(now, command, out),
            Input::TimerFired => self.timer(now, out),
            Input::Slept(time) => self.slept(time),
            Input::ClockBack(time) => self.clock_back(time, out),
            Input::ApprovalGiven(answer) => self.answered(now, &answer, out),
            Input::Failed(message) => self.fail(now, message, out),
        }
    }

    fn start(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Idle) {
            return out.push(Effect::Refuse(Refusal::Started { status: self.status() }));
        }
        let limits = &self.settings.limits;
        if let Err(bad) = limits.check_iterations(limits.count(Rule::Iterations)) {
            return out.push(Effect::Refuse(Refusal::Iterations { bad }));
        }
        self.next_iteration(now, out);
    }

    /// Goes on where a dead runner stopped. What the agent had begun is not judged: it runs again, unless it had claimed
    /// ready and given its result.
    fn recover(&mut self, now: Moment, out: &mut Vec<Effect>) {
        // Between the runner's death and now nobody worked, so that time does not count.
        self.active_since = self.active_since.map(|_| now);
        self.forget_judge();
        match &self.phase {
            Phase::Idle => self.start(now, out),
            Phase::Before => out.push(Effect::TakeCheckpoint(CheckpointKind::Before)),
            Phase::Controls { .. } => {
                self.phase = Phase::Controls { since: now };
                out.push(Effect::RunControls);
            }
            Phase::Agent(agent) => {
                let kill = agent.kill;
                let concluded = agent.concluded.is_some() && self.claims_with_last_words(agent.said_last);
                self.account_run();
                self.note_run();
                if let Some(rest) = rest_of_user(kill) {
                    return self.keep_after(now, Some(rest), out);
                }
                if concluded {
                    return self.work_is_over(now, None, out);
                }
                match kill {
                    Some(KillReason::HandOff) => self.forget_session(Recovery::HandedOff),
                    _ => self.recovery = Some(Recovery::RunnerDied),
                }
                self.spawn(now, out);
            }
            Phase::Affording { .. } => self.spawn(now, out),
            Phase::After { .. } => out.push(Effect::TakeCheckpoint(CheckpointKind::After)),
            Phase::Verifying { .. } => out.push(Effect::RunVerifiers),
            Phase::Committing => out.push(Effect::Commit),
            Phase::Landing { landing } => out.push(Effect::Land(landing.clone())),
            Phase::BringingUp { from } => out.push(Effect::BringUp { from: from.clone() }),
            Phase::Waiting { .. } => self.wait_on(now, out),
            Phase::Paused
            | Phase::NeedsInput { .. }
            | Phase::Stopped { .. }
            | Phase::Failed { .. }
            | Phase::Done => {
                out.push(Effect::Finish);
            }
        }
    }

    /// Goes on waiting, but no longer than such a wait can last: the clock may have been set back while nobody ran the
    /// loop.
    fn wait_on(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let Phase::Waiting { until, why } = &mut self.phase else { return };
        let (first, longest) = match why {
            WaitReason::RateLimit { known: true, .. } => (Duration::ZERO, LONGEST_USAGE_LIMIT),
            WaitReason::RateLimit { .. } => (self.settings.rate_limit_backoff, LONGEST_RATE_LIMIT_BACKOFF),
            WaitReason::Retry { .. } | WaitReason::Outage { .. } => {
                (self.settings.retry_backoff, LONGEST_RETRY_BACKOFF)
            }
        };
        *until = (*until).min(now.after(first.max(longest)));
        out.push(Effect::Sleep(*until));
    }

    fn checkpoint_taken(&mut self, now: Moment, kind: CheckpointKind, tree: Tree, out: &mut Vec<Effect>) {
        match (kind, &self.phase) {
            (CheckpointKind::Before, Phase::Before) => {
                self.breaker.starts_from(&tree.tree);
                // The base is the tree before the whole loop: a claim of ready is about all of its work, not only about
                // the last iteration's.
                self.base.get_or_insert_with(|| tree.clone());
                // A run that is repeated in its iteration must not hide what the first run changed.
                self.current.before.get_or_insert(tree);
                if self.settings.await_base.is_some() && !std::mem::replace(&mut self.base_awaited, true) {
                    self.enter(now, Phase::Controls { since: now });
                    return out.push(Effect::RunControls);
                }
                self.spawn(now, out);
            }
            (CheckpointKind::After, Phase::After { .. }) => self.read_gate(now, tree, out),
            _ => {}
        }
    }

    fn agent_lives(&mut self, now: Moment) {
        if let Phase::Agent(agent) = &mut self.phase {
            agent.last_output = now;
        }
    }

    fn agent_event(&mut self, now: Moment, event: AgentEvent, out: &mut Vec<Effect>) {
        let Phase::Agent(agent) = &mut self.phase else { return };
        agent.last_output = now;
        agent.spoke = true;
        if goes_on(&event) {
            agent.concluded = None;
        }
        match event {
            AgentEvent::SessionStarted { id, model } => {
                self.session = Some(id);
                self.model = model.or_else(|| self.model.take());
            }
            AgentEvent::Text { text } => {
                (agent.worked, agent.said_last) = (true, true);
                self.worked = true;
                self.current.gate.observe(&text);
            }
            AgentEvent::ToolStarted { .. } => {
                agent.fullness.tool_started();
                (agent.worked, agent.said_last) = (true, false);
                self.worked = true;
            }
            AgentEvent::Asked(question) => {
                let asked = &mut self.current.asked;
                if !asked.contains(&question) && asked.len() < MOST_NAMED {
                    asked.push(question);
                }
            }
            AgentEvent::Compacted => agent.compacted = true,
            AgentEvent::Concluded { waits } => agent.concluded = Some(state::Conclusion { at: now, waits }),
            AgentEvent::WorkLost { what } => {
                agent.lost_work.extend(what);
                agent.lost_work.truncate(MOST_NAMED);
            }
            AgentEvent::PermissionDenied { tool } => {
                if !self.current.denials.contains(&tool) && self.current.denials.len() < MOST_NAMED {
                    self.current.denials.push(tool);
                }
            }
            AgentEvent::Usage(usage) => agent.usage = usage,
            AgentEvent::Ended { outcome, message } => {
                // The agent has said its last word. Some CLIs do not exit after it, so the process is ended. What comes
                // of being ended does not replace what the agent said.
                agent.ended.get_or_insert((outcome, message));
                if agent.kill.is_none() {
                    agent.kill = Some(KillReason::Decided);
                    out.push(Effect::KillAgent(KillReason::Decided));
                }
            }
            AgentEvent::Context { tokens, window } => {
                agent.fullness.tell(tokens, window, self.settings.handoff);
            }
            AgentEvent::ToolFinished { .. } => {
                if agent.fullness.tool_finished()
                    && agent.kill.is_none()
                    && self.current.handoffs < MOST_HANDOFFS
                {
                    self.current.handoffs += 1;
                    agent.kill = Some(KillReason::HandOff);
                    out.push(Effect::KillAgent(KillReason::HandOff));
                }
            }
            AgentEvent::Thinking { .. }
            | AgentEvent::CommandEnded { .. }
            | AgentEvent::FileTouched { .. }
            | AgentEvent::Retrying { .. }
            | AgentEvent::LimitWarning { .. } => {}
        }
    }

    fn agent_exited(&mut self, now: Moment, outcome: Outcome, message: String, out: &mut Vec<Effect>) {
        let Phase::Agent(agent) = &self.phase else { return };
        let run = agent.clone();
        let kill = run.kill;
        // What the agent said of its end is more precise than its exit status.
        let (outcome, message) = run.ended.unwrap_or((outcome, message));
        self.account_run();
        self.note_run();
        self.recovery = None;
        if let Some(rest) = rest_of_user(kill) {
            return self.keep_after(now, Some(rest), out);
        }
        match kill {
            // It had given its result before.
            Some(KillReason::Stall) if run.concluded.is_some() => {}
            Some(KillReason::Stall) if self.claims_with_last_words(run.said_last) => {
                return self.work_is_over(now, None, out);
            }
            Some(KillReason::Stall) => {
                let silence = breaker::span(self.settings.limits.time(Rule::Stall));
                return self.work_is_over(now, Some(("stall", format!("no output for {silence}"))), out);
            }
            // The work until now may be enough, so it is judged. The breaker stops the loop after that.
            Some(KillReason::WallTime) => return self.work_is_over(now, None, out),
            Some(KillReason::Startup) => {
                let silence = breaker::span(self.settings.limits.time(Rule::Startup));
                return self.retry_agent(now, "startup", &format!("no first event within {silence}"), out);
            }
            // What it said while it was being ended may be that it is done.
            Some(KillReason::HandOff)
                if run.concluded.is_none() && !self.claims_with_last_words(run.said_last) =>
            {
                return self.start_afresh(now, Recovery::HandedOff, out);
            }
            Some(
                KillReason::Decided
                | KillReason::Concluded
                | KillReason::HandOff
                | KillReason::Stop
                | KillReason::Pause,
            )
            | None => {}
        }
        // What the agent said last is that it is done. However its process ended then, the checks can tell.
        if outcome.may_follow_work() && self.claims_with_last_words(run.said_last) {
            return self.work_is_over(now, None, out);
        }
        // A run that worked for longer than any pause shows that the service works, unless it is the system that ends it.
        if outcome != Outcome::Interrupted && run.worked && now.since(run.spawned_at) > LONGEST_RETRY_BACKOFF
        {
            self.breaker.service_answered();
        }
        // Waiting for the limit to end is pointless if the budget forbids the next run.
        if matches!(outcome, Outcome::RateLimit { .. })
            && let Some(trip) = self.breaker.overspent(&self.settings.limits)
        {
            return self.trip(now, trip, out);
        }
        match outcome {
            Outcome::Ok | Outcome::TurnLimit | Outcome::Budget => self.work_is_over(now, None, out),
            Outcome::RateLimit { reset_at } => self.wait_for_limit(now, reset_at, &message, out),
            Outcome::Server | Outcome::Interrupted => {
                if let Err(trip) = self.wait_for_service(now, &outcome, &message, out) {
                    self.trip(now, trip, out);
                }
            }
            Outcome::Crashed => self.retry_agent(now, outcome.class(), &message, out),
            Outcome::SessionNotFound if self.current.resumed => {
                self.start_afresh(now, Recovery::SessionLost, out);
            }
            Outcome::SessionNotFound => self.retry_agent(now, outcome.class(), &message, out),
            // Also what a conversation grew to in one run may be refused, such as an image that is too large.
            Outcome::Rejected if self.current.resumed || run.worked && !self.current.rejected => {
                self.current.rejected = true;
                self.start_afresh(now, Recovery::SessionRejected, out);
            }
            Outcome::Context if !self.current.context_full => {
                self.current.context_full = true;
                self.start_afresh(now, Recovery::ContextFull, out);
            }
            Outcome::Context => {
                self.forget_session(Recovery::ContextFull);
                if run.worked {
                    // What it did until then may be enough, or bring it further.
                    return self.work_is_over(now, Some((CONTEXT, message)), out);
                }
                self.ask(now, Ask::about_outcome(&outcome, &message), out);
            }
            Outcome::Auth { cloud } if cloud || self.heals() => {
                self.current.login_tried = true;
                match self.wait_for_service(now, &outcome, &message, out) {
                    Ok(()) => {}
                    // In the end this needs a person, so it is asked and not stopped.
                    Err(trip) if trip.rule == Rule::Outage => {
                        self.breaker.half_open();
                        self.ask(now, Ask::about_outcome(&outcome, &message), out);
                    }
                    Err(trip) => self.trip(now, trip, out),
                }
            }
            Outcome::Rejected => {
                // The user may change what the next session begins with; this one stays refused.
                self.forget_session(Recovery::SessionRejected);
                self.ask(now, Ask::about_outcome(&outcome, &message), out);
            }
            Outcome::Auth { .. } | Outcome::Billing | Outcome::Config | Outcome::Refusal => {
                self.ask(now, Ask::about_outcome(&outcome, &message), out);
            }
        }
    }

    /// Says whether a login that is refused may be taken the next time: in a loop whose agent has worked, and once.
    fn heals(&self) -> bool {
        self.worked && !self.current.login_tried
    }

    /// Says whether the agent claimed ready in this iteration, and did nothing after it.
    fn claims_with_last_words(&self, said_last: bool) -> bool {
        said_last && self.gate().verdict == Verdict::Ready
    }

    /// Notes what a run leaves for the next prompt.
    fn note_run(&mut self) {
        let Phase::Agent(run) = &mut self.phase else { return };
        // What an earlier run left was told to this one, if it got as far as listening.
        if run.worked || !run.lost_work.is_empty() {
            self.lost_work = std::mem::take(&mut run.lost_work);
        }
        self.compacted = run.compacted || (self.compacted && !run.worked);
    }

    /// The agent did what it could in this iteration: keep the tree, then judge.
    fn work_is_over(&mut self, now: Moment, error: Option<(&str, String)>, out: &mut Vec<Effect>) {
        if let Some((class, message)) = error {
            self.current.error = Some((class.to_owned(), message));
        }
        self.current.agent_done = true;
        self.keep_after(now, None, out);
    }

    /// Keeps the tree, then judges it; or, where the user ended the agent, judges nothing and rests.
    fn keep_after(&mut self, now: Moment, rest: Option<Phase>, out: &mut Vec<Effect>) {
        self.enter(now, Phase::After { rest: rest.map(Box::new) });
        out.push(Effect::TakeCheckpoint(CheckpointKind::After));
    }

    fn wait_for_limit(&mut self, now: Moment, reset_at: Option<i64>, message: &str, out: &mut Vec<Effect>) {
        let told = reset_at.and_then(|told| reset(now, told));
        // If the limit is back right after its announced reset, that time was wrong: back off longer instead of
        // trusting it.
        let again = if told.is_some() { self.limit_waits.checked_sub(1) } else { Some(self.limit_waits) };
        let backoff = again.map(|times| {
            now.after(doubled(self.settings.rate_limit_backoff, times, LONGEST_RATE_LIMIT_BACKOFF))
        });
        // The service answered, though not as one would like.
        self.breaker.service_answered();
        let until = told.max(backoff).unwrap_or(now);
        self.limit_waits = self.limit_waits.saturating_add(1);
        let known = told == Some(until);
        self.wait(now, until, WaitReason::RateLimit { known, message: cut(message) }, out);
    }

    /// Waits for the agent's service, or for what the system did to the agent, in pauses that grow.
    fn wait_for_service(
        &mut self,
        now: Moment,
        outcome: &Outcome,
        message: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), Trip> {
        let words = described(outcome.class(), message);
        let limits = &self.settings.limits;
        let (since, tries) = self.breaker.service_failed(now, &words, limits)?;
        let pause = doubled(self.settings.retry_backoff, tries, LONGEST_RETRY_BACKOFF);
        // The last try is made when the time is up, not before.
        let until = now.after(pause).min(since.after(limits.time(Rule::Outage)));
        let (class, message) = (outcome.class().to_owned(), cut(message));
        out.push(Effect::Note(Note::Retry { class, message, at: until }));
        self.wait(now, until, WaitReason::Outage { since, message: words }, out);
        Ok(())
    }

    /// Tries again after a crash.
    fn retry_agent(&mut self, now: Moment, class: &str, message: &str, out: &mut Vec<Effect>) {
        let words = described(class, message);
        let trip = self.breaker.agent_failed(&words, &self.settings.limits);
        // It may be the session itself: no session gets a third try.
        if self.breaker.failing().is_multiple_of(2) && self.session.is_some() {
            self.forget_session(Recovery::SessionFailing);
            out.push(Effect::Note(Note::FreshSession { recovery: Recovery::SessionFailing }));
        }
        if let Some(trip) = trip {
            return self.trip(now, trip, out);
        }
        // The breaker has counted this failure already; the first pause is not doubled.
        let tries = self.breaker.failing().saturating_sub(1);
        let until = now.after(doubled(self.settings.retry_backoff, tries, LONGEST_RETRY_BACKOFF));
        out.push(Effect::Note(Note::Retry { class: class.to_owned(), message: cut(message), at: until }));
        self.wait(now, until, WaitReason::Retry { message: words }, out);
    }

    fn forget_session(&mut self, recovery: Recovery) {
        self.session = None;
        self.recovery = Some(recovery);
    }

    fn start_afresh(&mut self, now: Moment, recovery: Recovery, out: &mut Vec<Effect>) {
        // A service that looks at a session works. One that is gone never came to it.
        if recovery != Recovery::SessionLost {
            self.breaker.service_answered();
        }
        self.forget_session(recovery);
        out.push(Effect::Note(Note::FreshSession { recovery }));
        self.go_on_or_hold(now, out);
    }

    fn wait(&mut self, now: Moment, until: Moment, why: WaitReason, out: &mut Vec<Effect>) {
        if self.pause_asked {
            return self.hold(now, out);
        }
        self.enter(now, Phase::Waiting { until, why });
        out.push(Effect::Sleep(until));
    }

    /// Runs the agent again in the same iteration, unless the user asked to hold.
    fn go_on_or_hold(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if self.pause_asked { self.hold(now, out) } else { self.spawn(now, out) }
    }

    fn hold(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.pause_asked = false;
        self.rest(now, Phase::Paused, out);
    }

    /// Enters a phase in which no runner is needed.
    pub(super) fn rest(&mut self, now: Moment, phase: Phase, out: &mut Vec<Effect>) {
        self.enter(now, phase);
        out.push(Effect::Finish);
    }

    /// Begins a run of the agent: the one place where money begins to be spent.
    fn spawn(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if let Some(trip) = self.breaker.overspent(&self.settings.limits) {
            return self.trip(now, trip, out);
        }
        if !self.settings.asks_budgets {
            return self.spawn_agent(now, out);
        }
        self.enter(now, Phase::Affording { again: None });
        out.push(Effect::Afford);
    }

    fn afforded(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Affording { .. }) {
            self.spawn_agent(now, out);
        }
    }

    /// Waits until it is known what the runs of others cost.
    fn afford_later(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let Phase::Affording { again } = self.phase else { return };
        if self.pause_asked {
            return self.hold(now, out);
        }
        let until = now.after(AFFORD_EVERY);
        self.enter(now, Phase::Affording { again: Some(until) });
        if again.is_none() {
            out.push(Effect::Note(Note::AwaitsSums));
        }
    }

    fn unaffordable(&mut self, now: Moment, text: String, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Affording { .. }) {
            self.ask(now, Ask { kind: AskKind::Budget, text }, out);
        }
    }

    fn spawn_agent(&mut self, now: Moment, out: &mut Vec<Effect>) {
        // A fresh context begins with each iteration. A run that is repeated within its iteration goes on in the
        // session of the first run.
        let fresh = self.settings.context == crate::plan::ContextMode::Fresh && !self.current.started;
        let session = if fresh { None } else { self.session.clone() };
        self.current.resumed = session.is_some();
        self.current.started = true;
        // Only these notes are dropped after the judgement. A note that arrives from now on is for the next prompt.
        self.current.notes_told = self.notes.len();
        let mut run = state::AgentRun::new(now);
        run.fullness.is_fresh = session.is_none();
        self.enter(now, Phase::Agent(run));
        let spawn =
            Spawn { iteration: self.iteration, recovery: self.recovery_of(session.as_ref()), session };
        out.push(Effect::SpawnAgent(spawn));
    }

    /// Why a run begins without the memory it should have.
    fn recovery_of(&self, session: Option<&SessionId>) -> Option<Recovery> {
        let forgot = self.compacted && session.is_some();
        self.recovery.or_else(|| forgot.then_some(Recovery::Compacted))
    }

    fn next_iteration(&mut self, now: Moment, out: &mut Vec<Effect>) {
        // What was said of the work before holds for no other.
        self.lands_when_done = None;
        if !self.current.is_over && self.current.agent_done {
            // The agent had finished and only the judgement was cut short, so no agent has to run again.
            return self.keep_after(now, None, out);
        }
        if self.judged >= breaker::HARD_LIMIT {
            return self.rest(now, Phase::Stopped { reason: StopReason::HardLimit }, out);
        }
        if self.current.is_over {
            self.iteration = self.iteration.saturating_add(1);
            self.current = state::CurrentIteration::new(self.settings.dialects.clone(), now);
        }
        self.enter(now, Phase::Before);
        out.push(Effect::TakeCheckpoint(CheckpointKind::Before));
    }

    fn trip(&mut self, now: Moment, trip: Trip, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Tripped(trip.clone())));
        self.pause_asked = false;
        let stopped = Phase::Stopped { reason: StopReason::Breaker(trip) };
        match self.phase {
            // Also a run that failed may have left work.
            Phase::Agent(_) => self.keep_after(now, Some(stopped), out),
            _ => self.rest(now, stopped, out),
        }
    }

    fn ask(&mut self, now: Moment, ask: Ask, out: &mut Vec<Effect>) {
        self.pause_asked = false;
        self.enter(now, Phase::NeedsInput { ask: ask.clone() });
        out.push(Effect::AskHuman(ask));
        out.push(Effect::Finish);
    }

    fn fail(&mut self, now: Moment, message: String, out: &mut Vec<Effect>) {
        match &self.phase {
            // The work is done all the same.
            Phase::Landing { .. } | Phase::BringingUp { .. } => {
                return self.not_landed(now, NotLanded::Unknown { message }, out);
            }
            Phase::Agent(_) => {
                self.account_run();
                out.push(Effect::KillAgent(KillReason::Stop));
            }
            Phase::Verifying { .. } => out.push(Effect::CancelVerifiers),
            // The work is proven. Continuing tries the commit again and needs no agent for it.
            Phase::Committing => self.commit_failed = true,
            _ => {}
        }
        self.rest(now, Phase::Failed { message }, out);
    }

    fn timer(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let limits = &self.settings.limits;
        let (startup, stall) = (limits.time(Rule::Startup), limits.time(Rule::Stall));
        let running_out = self.out_of_time_at();
        let concluded = match &self.phase {
            Phase::Agent(agent) => self.concluded_at(agent),
            _ => None,
        };
        match &mut self.phase {
            Phase::Waiting { until, .. } if *until <= now => self.resume_work(now, out),
            Phase::Affording { again: Some(again) } if *again <= now => {
                *again = now.after(AFFORD_EVERY);
                out.push(Effect::Afford);
            }
            // What takes longer goes on beside the agent.
            Phase::Controls { since } if since.after(self.settings.await_base.unwrap_or_default()) <= now => {
                self.spawn(now, out);
            }
            Phase::Agent(agent) if agent.kill.is_none() => {
                // The user's own limit comes first, so that it is given as the reason and not a silence.
                let kill = if concluded.is_some_and(|at| at <= now) {
                    Some((KillReason::Concluded, None))
                } else if running_out.is_some_and(|at| at <= now) {
                    Some((KillReason::WallTime, None))
                } else if !agent.spoke && agent.spawned_at.after(startup) <= now {
                    Some((KillReason::Startup, Some((Rule::Startup, startup))))
                } else if agent.last_output.after(stall) <= now {
                    Some((KillReason::Stall, Some((Rule::Stall, stall))))
                } else {
                    None
                };
                if let Some((reason, silence)) = kill {
                    agent.kill = Some(reason);
                    let silence = silence.filter(|_| agent.concluded.is_none());
                    out.extend(silence.map(|(rule, limit)| {
                        Effect::Note(Note::AgentSilent { rule, seconds: limit.as_secs() })
                    }));
                    return out.push(Effect::KillAgent(reason));
                }
                if !agent.spoke && !agent.warned && agent.spawned_at.after(limits.startup_warning) <= now {
                    agent.warned = true;
                    out.push(Effect::Note(Note::SlowStart { seconds: limits.startup_warning.as_secs() }));
                }
                if agent.kept_at.after(CHECKPOINT_EVERY) <= now {
                    agent.kept_at = now;
                    out.push(Effect::TakeCheckpoint(CheckpointKind::Timer));
                }
            }
            _ => {}
        }
    }

    /// Takes sleep out of every count of time. The moment that is waited for stays: a usage limit passes in sleep, too.
    fn slept(&mut self, time: Duration) {
        self.move_counts(|moment| moment.after(time));
    }

    /// Moves every moment that was noted by the old clock. The end of a usage limit stays where the agent reported it:
    /// that moment never came from our clock.
    fn clock_back(&mut self, time: Duration, out: &mut Vec<Effect>) {
        self.move_counts(|moment| moment.before(time));
        match &mut self.phase {
            Phase::Waiting { why: WaitReason::RateLimit { known: true, .. }, .. } => {}
            Phase::Waiting { until, why } => {
                if let WaitReason::Outage { since, .. } = why {
                    *since = since.before(time);
                }
                *until = until.before(time);
                out.push(Effect::Sleep(*until));
            }
            Phase::Affording { again: Some(again) } => *again = again.before(time),
            _ => {}
        }
    }

    fn move_counts(&mut self, to: impl Fn(Moment) -> Moment) {
        if let Some(since) = &mut self.active_since {
            *since = to(*since);
        }
        if let Phase::Agent(agent) = &mut self.phase {
            let concluded = agent.concluded.as_mut().map(|conclusion| &mut conclusion.at);
            let known = [&mut agent.spawned_at, &mut agent.last_output, &mut agent.kept_at];
            for moment in known.into_iter().chain(concluded) {
                *moment = to(*moment);
            }
        }
        if let Phase::Controls { since } = &mut self.phase {
            *since = to(*since);
        }
        self.breaker.move_counts(to);
    }

    /// What the checks answer before any work is known: in time for the user to be asked about it, or beside the agent.
    fn base_is_known(&mut self, now: Moment, known: BaseKnown, out: &mut Vec<Effect>) {
        self.base_known = known;
        if !matches!(self.phase, Phase::Controls { .. }) {
            return;
        }
        if self.asks() && self.base_known.all_hold {
            let text = "every criterion holds before any work. Is it done?".to_owned();
            return self.ask(now, Ask { kind: AskKind::AlreadyGreen, text }, out);
        }
        let incomparable = self.base_known.incomparable.clone();
        if self.asks() && !incomparable.is_empty() {
            return self.ask_for_baseline(now, incomparable, out);
        }
        self.spawn(now, out);
    }

    /// Whether the user wants to be asked where checks alone do not settle it.
    fn asks(&self) -> bool {
        self.settings.unproven == Unproven::Ask && self.settings.autonomy != Autonomy::FullAuto
    }

    /// Asks about checks that failed before any work, and whose output does not say what of it is new.
    fn ask_for_baseline(&mut self, now: Moment, checks: Vec<String>, out: &mut Vec<Effect>) {
        let named = enumerated(checks.iter().map(|check| format!("`{check}`")));
        let (fails, it) = if checks.len() == 1 { ("fails", "it") } else { ("fail", "them") };
        let text = format!(
            "{named} {fails} before any work, and the output does not say what of it is new. Go on without {it}?"
        );
        self.failed_before = checks;
        self.ask(now, Ask { kind: AskKind::Baseline, text }, out);
    }

    /// Goes on after a wait or a rest: in the iteration that was begun, or in the next one.
    fn resume_work(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if self.current.is_over || self.current.before.is_none() {
            self.next_iteration(now, out);
        } else {
            self.spawn(now, out);
        }
    }

    fn command(&mut self, now: Moment, command: Command, out: &mut Vec<Effect>) {
        match command {
            Command::Pause { now: at_once, reason } => {
                let holds = self.pause_asked || matches!(self.phase, Phase::Paused);
                // A pause that the user asked for stays the user's, whoever else wants the loop to pause: only the user
                // may lift it.
                if !(holds && self.pause_reason.is_none()) {
                    self.pause_reason = reason;
                }
                self.pause(now, at_once, out);
            }
            Command::Continue { max_iterations, reset_breaker, max_cost_usd } => {
                self.go_on(now, max_iterations, reset_breaker, max_cost_usd, out);
            }
            Command::Stop => self.stop(now, out),
            Command::Steer { text } => {
                out.push(Effect::Note(Note::Steered { text: text.clone() }));
                self.notes.push(text);
            }
            Command::RaiseLimit { max_iterations } => {
                if let Err(bad) = self.set_limit(max_iterations, out) {
                    out.push(Effect::Refuse(Refusal::Iterations { bad }));
                }
            }
            Command::Rewound { iteration } => self.rewound(iteration, out),
            Command::Land(landing) => self.land(now, landing, out),
            Command::Rework { from } => self.rework(now, from, out),
        }
    }

    fn pause(&mut self, now: Moment, at_once: bool, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Agent(agent) if at_once => {
                // An agent that is being ended already keeps its reason, and the loop pauses after that.
                self.pause_asked = agent.kill.is_some();
                let reason = *agent.kill.get_or_insert(KillReason::Pause);
                out.push(Effect::KillAgent(reason));
            }
            Phase::Before if at_once => self.hold(now, out),
            Phase::After { rest } if at_once => {
                rest.get_or_insert_with(|| Box::new(Phase::Paused));
            }
            Phase::Verifying { .. } if at_once => {
                out.push(Effect::CancelVerifiers);
                self.hold(now, out);
            }
            Phase::Before | Phase::Agent(_) | Phase::After { .. } | Phase::Verifying { .. } => {
                self.pause_asked = true;
                out.push(Effect::Note(Note::PauseAsked));
            }
            Phase::Idle | Phase::Waiting { .. } | Phase::Affording { .. } | Phase::Controls { .. } => {
                self.hold(now, out);
            }
            Phase::Paused => {}
            // The work is done. It lands when the user wants it again.
            Phase::Landing { .. } => self.give_landing_up(now, out),
            _ => out.push(Effect::Refuse(Refusal::NothingToPause { status: self.status() })),
        }
    }

    fn stop(&mut self, now: Moment, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Agent(agent) => {
                agent.kill = Some(KillReason::Stop);
                out.push(Effect::KillAgent(KillReason::Stop));
            }
            Phase::After { rest } => *rest = Some(Box::new(Phase::Stopped { reason: StopReason::User })),
            Phase::Idle
            | Phase::Verifying { .. }
            | Phase::Before
            | Phase::Controls { .. }
            | Phase::Affording { .. }
            | Phase::Waiting { .. }
            | Phase::Paused
            | Phase::NeedsInput { .. } => {
                match self.phase {
                    Phase::Verifying { .. } => out.push(Effect::CancelVerifiers),
                    Phase::NeedsInput { .. } => out.push(Effect::WithdrawAsk),
                    _ => {}
                }
                self.pause_asked = false;
                self.rest(now, Phase::Stopped { reason: StopReason::User }, out);
            }
            Phase::Landing { .. } => self.give_landing_up(now, out),
            Phase::BringingUp { .. } => self.not_landed(now, NotLanded::Stopped, out),
            Phase::Committing | Phase::Stopped { .. } | Phase::Failed { .. } | Phase::Done => {
                out.push(Effect::Refuse(Refusal::NothingToStop { status: self.status() }));
            }
        }
    }

    fn go_on(
        &mut self,
        now: Moment,
        limit: Option<u32>,
        reset: bool,
        cost: Option<f64>,
        out: &mut Vec<Effect>,
    ) {
        let is_over = matches!(
            self.phase,
            Phase::Done | Phase::Committing | Phase::Landing { .. } | Phase::BringingUp { .. }
        );
        if is_over {
            return out.push(Effect::Refuse(Refusal::NothingToContinue { status: self.status() }));
        }
        if cost.is_some_and(|cost| !cost.is_finite() || cost <= 0.0) {
            return out.push(Effect::Refuse(Refusal::NotMoney));
        }
        if let Phase::NeedsInput { ask } = &self.phase
            && ask.kind.must_be_answered()
        {
            return out.push(Effect::Refuse(Refusal::AsksFirst { ask: ask.kind }));
        }
        // The reset comes first, since the new limit is checked against the counters. A limit that will be refused must
        // not leave the counters at zero.
        if reset && limit.is_none_or(|limit| self.settings.limits.check_iterations(limit).is_ok()) {
            self.breaker.reset();
            out.push(Effect::Note(Note::BreakerReset));
        }
        if let Some(limit) = limit
            && let Err(bad) = self.set_limit(limit, out)
        {
            return out.push(Effect::Refuse(Refusal::Iterations { bad }));
        }
        if cost.is_some() {
            self.settings.limits[Rule::Cost] = cost;
        }
        self.pause_reason = None;
        match &self.phase {
            Phase::Paused | Phase::Failed { .. } | Phase::Stopped { .. } => self.go_on_from_rest(now, out),
            Phase::NeedsInput { .. } => {
                out.push(Effect::WithdrawAsk);
                self.go_on_from_rest(now, out);
            }
            // The user may know better than the agent when the limit ends.
            Phase::Waiting { .. } => self.resume_work(now, out),
            _ => self.pause_asked = false,
        }
    }

    fn go_on_from_rest(&mut self, now: Moment, out: &mut Vec<Effect>) {
        // Continuing is no reset: the rule that tripped lets one iteration through and then judges again.
        if let Some(trip) = self.breaker.open().cloned() {
            self.breaker.half_open();
            out.push(Effect::Note(Note::HalfOpened { rule: trip.rule }));
        }
        if std::mem::take(&mut self.commit_failed) {
            self.enter(now, Phase::Committing);
            return out.push(Effect::Commit);
        }
        self.next_iteration(now, out);
    }

    fn set_limit(&mut self, limit: u32, out: &mut Vec<Effect>) -> Result<(), BadLimit> {
        self.settings.limits.check_iterations(limit)?;
        let judged = self.breaker.iterations();
        if limit <= judged {
            return Err(BadLimit::AlreadyReached { limit, judged });
        }
        self.settings.limits[Rule::Iterations] = Some(limit.into());
        out.push(Effect::Note(Note::LimitRaised { max_iterations: limit }));
        Ok(())
    }

    fn rewound(&mut self, iteration: u32, out: &mut Vec<Effect>) {
        if self.status().needs_runner() {
            return out.push(Effect::Refuse(Refusal::Works));
        }
        // The session and the last verdict are about a tree that is no longer there.
        self.session = None;
        self.recovery = Some(Recovery::Rewound);
        self.last = None;
        self.commit_failed = false;
        if matches!(self.phase, Phase::Done) {
            (self.landing, self.not_landed) = (None, None);
            self.pause_reason = None;
            self.phase = Phase::Paused;
        }
        if !self.current.is_over {
            let started_at = self.current.started_at;
            self.current = state::CurrentIteration::new(self.settings.dialects.clone(), started_at);
        }
        out.push(Effect::Note(Note::Rewound { iteration }));
    }

    fn committed(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Committing) {
            self.rest(now, Phase::Done, out);
        }
    }

    fn answered(&mut self, now: Moment, answer: &Answer, out: &mut Vec<Effect>) {
        let Phase::NeedsInput { ask } = &self.phase else {
            return out.push(Effect::Refuse(Refusal::NothingAsked { status: self.status() }));
        };
        let ask = ask.clone();
        out.push(Effect::WithdrawAsk);
        if ask.kind.settles_a_claim() && answer.approved == Some(true) {
            self.lands_when_done = answer.landing.clone().filter(|_| ask.kind.takes_work());
            self.enter(now, Phase::Committing);
            return out.push(Effect::Commit);
        }
        let of_checks = matches!(ask.kind, AskKind::Check | AskKind::Baseline);
        if ask.kind == AskKind::Baseline && answer.approved == Some(true) {
            self.without.append(&mut self.failed_before);
        }
        if let Some(note) = ask.note_for_agent(answer) {
            self.notes.push(note);
            // The agent is to hear it, in the same iteration, rather than the checks to run again.
            self.current.agent_done &= !of_checks;
        }
        // The question came before the stop, but an answer is no permission to go on past a limit.
        if let Some(trip) = self.breaker.open().cloned() {
            return self.rest(now, Phase::Stopped { reason: StopReason::Breaker(trip) }, out);
        }
        match of_checks && !self.current.agent_done {
            true => self.resume_work(now, out),
            false => self.next_iteration(now, out),
        }
    }
}

/// When a usage limit ends that an agent reported in seconds since the epoch, or by mistake in milliseconds. `None` if
/// that moment has passed, or is farther away than any limit.
fn reset(now: Moment, told: i64) -> Option<Moment> {
    let is_near = |reset: &Moment| *reset > now && *reset <= now.after(LONGEST_USAGE_LIMIT);
    [Moment(told.saturating_mul(1000)), Moment(told)].into_iter().find(is_near)
}

/// Says whether an agent that gave its result has begun something new.
fn goes_on(event: &AgentEvent) -> bool {
    match event {
        AgentEvent::SessionStarted { .. }
        | AgentEvent::Text { .. }
        | AgentEvent::Thinking { .. }
        | AgentEvent::ToolStarted { .. }
        | AgentEvent::ToolFinished { .. }
        | AgentEvent::CommandEnded { .. }
        | AgentEvent::FileTouched { .. }
        | AgentEvent::Asked(_)
        | AgentEvent::Compacted
        | AgentEvent::Retrying { .. } => true,
        AgentEvent::Usage(_)
        | AgentEvent::Context { .. }
        | AgentEvent::PermissionDenied { .. }
        | AgentEvent::Concluded { .. }
        | AgentEvent::WorkLost { .. }
        | AgentEvent::LimitWarning { .. }
        | AgentEvent::Ended { .. } => false,
    }
}

fn described(class: &str, message: &str) -> String {
    detailed(class, &cut(message))
}

/// How a loop rests whose agent was ended by the user's word.
fn rest_of_user(kill: Option<KillReason>) -> Option<Phase> {
    match kill? {
        KillReason::Stop => Some(Phase::Stopped { reason: StopReason::User }),
        KillReason::Pause => Some(Phase::Paused),
        _ => None,
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times.min(16))).min(longest.max(first))
}

fn cut(message: &str) -> String {
    message.chars().take(500).collect()
}
