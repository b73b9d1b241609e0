//! What a loop is at a moment. Serialisable whole: this is what survives a dead runner.

use super::{
    ask::Ask,
    messages::{CHECKPOINT_EVERY, CONCLUSION_GRACE, KillReason, Recovery, Tree},
};
use crate::{
    agent::{Question, SessionId, Usage},
    breaker::{self, Breaker, HARD_LIMIT, Limits, Rule, Trip},
    gate::{Dialects, GateReader, Reading, Verdict},
    landing::{Landing, ProvenLanding},
    plan::{Autonomy, ContextMode},
    proof::{Answer, BaseAnswer, BaseKnown},
    reason::{self, Reason},
    task::TaskStatus,
    time::Moment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When verifiers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerifyWhen {
    /// When the agent says that it is done.
    #[default]
    Ready,
    /// After each iteration.
    Always,
}

/// What happens where all checks are green and none of them proves the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unproven {
    /// The user is asked.
    #[default]
    Ask,
    /// The work is taken, and says so for ever after.
    Take,
}

/// What a loop was started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The breaker's limits.
    pub limits: Limits,
    /// Resume, or start fresh each time.
    pub context: ContextMode,
    /// When the verifiers run.
    pub verify: VerifyWhen,
    /// How much is decided without the user.
    pub autonomy: Autonomy,
    /// What happens where nothing proves the work.
    pub unproven: Unproven,
    /// How long the agent waits for what the checks answer before any work; `None` if they are not run then.
    pub await_base: Option<Duration>,
    /// Other tools' ways to say done.
    pub dialects: Dialects,
    /// Whether it is looked before each run of the agent whether that stays within the budgets of the plan and of the day.
    pub asks_budgets: bool,
    /// When a fresh session takes over from one that grew too long; `None` if none does.
    pub handoff: Option<HandOff>,
    /// Whether the finished work is committed on the branch.
    pub commit: bool,
    /// The first pause after a failure of the service; doubles up to 5 minutes.
    pub retry_backoff: Duration,
    /// The first pause after a usage limit whose end is unknown; doubles up to 30 minutes.
    pub rate_limit_backoff: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            context: ContextMode::default(),
            verify: VerifyWhen::default(),
            autonomy: Autonomy::default(),
            unproven: Unproven::default(),
            await_base: None,
            dialects: Dialects::default(),
            asks_budgets: false,
            handoff: None,
            commit: true,
            retry_backoff: Duration::from_secs(10),
            rate_limit_backoff: Duration::from_secs(60),
        }
    }
}

/// When a fresh session takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    /// The share of the model's window that the conversation fills then, in percent.
    pub percent: u32,
    /// The tokens that the window holds, where the user says it.
    #[serde(default)]
    pub window: Option<u64>,
}

impl HandOff {
    fn is_reached(self, tokens: u64, window: Option<u64>) -> bool {
        let window = self.window.or(window).filter(|window| *window > 0);
        window.is_some_and(|window| tokens.saturating_mul(100) >= window.saturating_mul(self.percent.into()))
    }
}

/// Why a loop stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum StopReason {
    /// A rule of the breaker.
    Breaker(Trip),
    /// The user stopped it.
    User,
    /// No loop may judge more iterations.
    HardLimit,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum WaitReason {
    /// A usage limit passes.
    RateLimit {
        /// Whether the agent said when the limit ends.
        known: bool,
        /// The agent's words.
        message: String,
    },
    /// The agent failed and is tried again.
    Retry {
        /// How the agent failed.
        message: String,
    },
    /// The agent's service fails, or cannot be reached.
    Outage {
        /// When it first failed.
        since: Moment,
        /// How it failed.
        message: String,
    },
}

/// A run of the agent that goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AgentRun {
    pub(super) spawned_at: Moment,
    pub(super) last_output: Moment,
    pub(super) kept_at: Moment,
    pub(super) spoke: bool,
    pub(super) warned: bool,
    pub(super) usage: Usage,
    pub(super) kill: Option<KillReason>,
    pub(super) ended: Option<(crate::agent::Outcome, String)>,
    /// It gave its result then, and said nothing since.
    #[serde(default)]
    pub(super) concluded: Option<Conclusion>,
    /// It said something of its own, or used a tool: its service works, and its session is worth something.
    #[serde(default)]
    pub(super) worked: bool,
    /// Its last words came after its last tool.
    #[serde(default)]
    pub(super) said_last: bool,
    #[serde(default)]
    pub(super) compacted: bool,
    #[serde(default)]
    pub(super) lost_work: Vec<String>,
    #[serde(default)]
    pub(super) fullness: Fullness,
}

/// How full the conversation of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Fullness {
    /// It began with nothing.
    pub(super) is_fresh: bool,
    /// Its size was told.
    is_told: bool,
    /// It was past the share from its beginning: another fresh one would be, too.
    always: bool,
    is_past: bool,
    /// Tools that work.
    tools: u32,
}

impl Fullness {
    pub(super) fn tell(&mut self, tokens: u64, window: Option<u64>, handoff: Option<HandOff>) {
        self.is_past = handoff.is_some_and(|handoff| handoff.is_reached(tokens, window));
        self.always |= self.is_fresh && !std::mem::replace(&mut self.is_told, true) && self.is_past;
    }

    pub(super) fn tool_started(&mut self) {
        self.tools = self.tools.saturating_add(1);
    }

    /// Whether the agent pauses now, and its session is to be handed over.
    pub(super) fn tool_finished(&mut self) -> bool {
        self.tools = self.tools.saturating_sub(1);
        self.tools == 0 && self.is_past && !self.always
    }
}

/// A result that an agent gave without ending.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Conclusion {
    pub(super) at: Moment,
    /// Work in its background may wake it again.
    pub(super) waits: bool,
}

impl AgentRun {
    pub(super) fn new(now: Moment) -> Self {
        Self { spawned_at: now, last_output: now, kept_at: now, ..Self::default() }
    }

    /// How the agent said that it ends; `None` if it did not say so before it ended.
    pub fn decided(&self) -> Option<&crate::agent::Outcome> {
        self.ended.as_ref().map(|(outcome, _)| outcome)
    }
}

/// Where in its course a loop is. The status follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The loop was not started yet.
    Idle,
    /// The tree is kept before the agent works.
    Before,
    /// The checks run on the tree before any work, and the agent waits for that, though not for ever.
    Controls {
        /// Since when.
        since: Moment,
    },
    /// It is looked whether a run of the agent stays within all budgets.
    Affording {
        /// When it is looked again, if that depends on what the runs of others cost.
        again: Option<Moment>,
    },
    /// The agent works.
    Agent(AgentRun),
    /// The tree is kept after the agent worked.
    After {
        /// What follows instead of a judgement, if the user ended the agent.
        rest: Option<Box<Phase>>,
    },
    /// The verifiers run.
    Verifying {
        /// The tree they look at.
        tree: Tree,
    },
    /// The work is committed.
    Committing,
    /// The checks run on what the finished work makes of a branch that has moved.
    Landing {
        /// What lands, and where.
        landing: Landing,
    },
    /// That branch is merged into the work.
    BringingUp {
        /// The branch.
        from: String,
    },
    /// The loop waits until a moment.
    Waiting {
        /// The moment until which it waits.
        until: Moment,
        /// What it waits for.
        why: WaitReason,
    },
    /// Held by the user.
    Paused,
    /// A user must answer.
    NeedsInput {
        /// The question.
        ask: Ask,
    },
    /// It ended before it was done.
    Stopped {
        /// Why it stopped.
        reason: StopReason,
    },
    /// It cannot go on.
    Failed {
        /// What went wrong.
        message: String,
    },
    /// The work is proven, and committed if that was wanted.
    Done,
}

/// The iteration that goes on, or the last one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct CurrentIteration {
    pub(super) started_at: Moment,
    pub(super) is_over: bool,
    pub(super) agent_done: bool,
    pub(super) started: bool,
    pub(super) resumed: bool,
    pub(super) context_full: bool,
    /// How often it was handed over to a fresh session.
    #[serde(default)]
    pub(super) handoffs: u32,
    /// A conversation was refused, and a fresh one was begun in its place.
    pub(super) rejected: bool,
    pub(super) before: Option<Tree>,
    pub(super) gate: GateReader,
    pub(super) denials: Vec<String>,
    pub(super) asked: Vec<Question>,
    pub(super) login_tried: bool,
    pub(super) error: Option<(String, String)>,
    pub(super) used: Usage,
    pub(super) notes_told: usize,
}

impl CurrentIteration {
    pub(super) fn new(dialects: Dialects, now: Moment) -> Self {
        Self { started_at: now, gate: GateReader::new(dialects), ..Self::default() }
    }
}

/// What the next prompt says of the iteration before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastIteration {
    /// The iteration's number.
    pub iteration: u32,
    /// How its gate was read.
    pub reading: Reading,
    /// Whether it changed anything.
    pub changed: bool,
    /// How many files it changed, once that was counted.
    #[serde(default)]
    pub files_changed: Option<u32>,
    /// Why it was not enough.
    pub verdict: String,
    /// Tools that were denied.
    pub denials: Vec<String>,
}

/// Everything that a loop is between two steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoopState {
    /// What it was started with, limits as raised since.
    pub settings: Settings,
    /// Where in its course the loop is.
    pub phase: Phase,
    /// The number of the iteration that goes on, or the last one; 0 before the first.
    pub iteration: u32,
    /// Iterations judged in the whole loop, whatever was reset since.
    pub judged: u32,
    /// The breaker's counters.
    pub breaker: Breaker,
    /// What the whole loop used.
    pub used: Usage,
    /// Some run worked and did not say what it cost.
    pub cost_unknown: bool,
    /// The agent's session.
    pub session: Option<SessionId>,
    /// The model's name as the agent said it.
    pub model: Option<String>,
    /// What the next prompt says of the iteration before.
    pub last: Option<LastIteration>,
    /// Notes and answers of the user for the next prompt.
    pub notes: Vec<String>,
    /// Why its work counts as done, once it does.
    #[serde(default, deserialize_with = "reason::saved")]
    pub outcome: Option<Reason>,
    /// Where the work lands as soon as it is done, if the user said so when they approved it.
    #[serde(default)]
    pub lands_when_done: Option<Landing>,
    /// The landing that its checks hold on, until it is made.
    #[serde(default)]
    pub landing: Option<ProvenLanding>,
    /// Why it did not land, once it is done.
    #[serde(default)]
    pub not_landed: Option<Reason>,
    pub(super) base: Option<Tree>,
    pub(super) current: CurrentIteration,
    pub(super) active_since: Option<Moment>,
    pub(super) recovery: Option<Recovery>,
    pub(super) pause_asked: bool,
    /// Why the loop holds or will hold; means nothing while it does not.
    #[serde(default, deserialize_with = "reason::saved")]
    pub(super) pause_reason: Option<Reason>,
    pub(super) limit_waits: u32,
    pub(super) last_blocker: Option<String>,
    pub(super) reworking: bool,
    #[serde(default)]
    pub(super) commit_failed: bool,
    /// The agent's session forgot what the task is.
    #[serde(default)]
    pub(super) compacted: bool,
    /// What the agent's last run had put into the background, and lost when it ended.
    #[serde(default)]
    pub(super) lost_work: Vec<String>,
    /// Some run of the agent has worked.
    #[serde(default)]
    pub(super) worked: bool,
    /// What the checks answered before any work, once that is known.
    #[serde(default)]
    pub(super) base_known: BaseKnown,
    /// Whether the agent has waited for that.
    #[serde(default)]
    pub(super) base_awaited: bool,
    /// Checks that failed before any work, about which the user is asked.
    #[serde(default)]
    pub(super) failed_before: Vec<String>,
    /// Checks that the user lets the loop go on without.
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// Whether a judge was asked that has not said yet what it used.
    #[serde(default)]
    pub(super) judging: bool,
}

impl LoopState {
    /// What the check of a criterion answered before any work; `None` if that is not known.
    pub fn criterion_before(&self, criterion: usize) -> Option<Answer> {
        let mut answers = self.base_known.answers.iter();
        answers.find(|answer| answer.criterion == Some(criterion)).map(|answer| answer.answer)
    }

    /// What a check that belongs to no criterion answered before any work; `None` if that is not known.
    pub fn verifier_before(&self, check: &str) -> Option<Answer> {
        let mut answers = self.base_known.answers.iter();
        let is_it = |answer: &&BaseAnswer| answer.criterion.is_none() && answer.check == check;
        answers.find(is_it).map(|answer| answer.answer)
    }

    /// The checks that the user lets the loop go on without.
    pub fn without(&self) -> &[String] {
        &self.without
    }

    /// What the tree was before the whole loop; `None` before its first checkpoint.
    pub fn base(&self) -> Option<&Tree> {
        self.base.as_ref()
    }

    /// Makes a loop that was not started.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Idle,
            iteration: 0,
            judged: 0,
            breaker: Breaker::default(),
            used: Usage::default(),
            cost_unknown: false,
            session: None,
            model: None,
            last: None,
            notes: Vec::new(),
            outcome: None,
            lands_when_done: None,
            landing: None,
            not_landed: None,
            base: None,
            current: CurrentIteration { is_over: true, ..CurrentIteration::default() },
            active_since: None,
            recovery: None,
            pause_asked: false,
            pause_reason: None,
            limit_waits: 0,
            last_blocker: None,
            reworking: false,
            commit_failed: false,
            compacted: false,
            lost_work: Vec::new(),
            worked: false,
            base_known: BaseKnown::default(),
            base_awaited: false,
            failed_before: Vec::new(),
            without: Vec::new(),
            judging: false,
        }
    }

    /// Creates a loop that goes on from an earlier tree of another loop. Its counters and costs continue those of that
    /// loop, or a fork would be a way around every limit.
    pub fn forked(from: &Self) -> Self {
        let mut fork = Self {
            iteration: from.judged,
            judged: from.judged,
            breaker: from.breaker.clone(),
            used: from.used,
            cost_unknown: from.cost_unknown,
            notes: from.notes.clone(),
            base: from.base.clone(),
            recovery: Some(Recovery::Rewound),
            base_known: from.base_known.clone(),
            base_awaited: from.base.is_some(),
            without: from.without.clone(),
            ..Self::new(from.settings.clone())
        };
        // The fork goes on where its loop may have been stopped: one iteration on trial, as with `continue`.
        fork.breaker.half_open();
        fork
    }

    /// Where the task is.
    pub fn status(&self) -> TaskStatus {
        match &self.phase {
            Phase::Idle => TaskStatus::Ready,
            Phase::Affording { again: Some(_) } => TaskStatus::Waiting,
            Phase::Before | Phase::Affording { .. } | Phase::Agent(_) if self.reworking => TaskStatus::Rework,
            Phase::Before | Phase::Controls { .. } | Phase::Affording { .. } | Phase::Agent(_) => {
                TaskStatus::Running
            }
            Phase::After { .. } | Phase::Verifying { .. } | Phase::Committing | Phase::Landing { .. } => {
                TaskStatus::Evaluating
            }
            Phase::BringingUp { .. } => TaskStatus::Rework,
            Phase::Waiting { .. } => TaskStatus::Waiting,
            Phase::Paused => TaskStatus::Paused,
            Phase::NeedsInput { .. } => TaskStatus::NeedsInput,
            Phase::Stopped { .. } => TaskStatus::Stopped,
            Phase::Failed { .. } => TaskStatus::Failed,
            Phase::Done => TaskStatus::Done,
        }
    }

    /// Why the loop is where it is; `None` if the status alone says it.
    pub fn reason(&self) -> Option<Reason> {
        Some(match &self.phase {
            Phase::Stopped { reason: StopReason::Breaker(trip) } => Reason::Breaker { trip: trip.clone() },
            Phase::Stopped { reason: StopReason::User } => Reason::StoppedByUser,
            Phase::Stopped { reason: StopReason::HardLimit } => Reason::HardLimit,
            Phase::Waiting { why: WaitReason::RateLimit { known, message }, .. } => {
                Reason::UsageLimit { known: *known, message: message.clone() }
            }
            Phase::Waiting { why: WaitReason::Retry { message }, .. } => {
                Reason::Retry { message: message.clone() }
            }
            Phase::Waiting { why: WaitReason::Outage { since, message }, .. } => {
                Reason::Outage { since: *since, message: message.clone() }
            }
            Phase::Affording { again: Some(_) } => Reason::AwaitsSums,
            Phase::NeedsInput { ask } => Reason::Asks { ask: ask.kind, text: ask.text.clone() },
            Phase::Failed { message } => Reason::Failed { message: message.clone() },
            Phase::Landing { landing } => Reason::Lands { into: landing.into.clone() },
            Phase::BringingUp { from } => Reason::BroughtUp { from: from.clone() },
            Phase::Done => self.not_landed.clone().or(self.outcome.clone())?,
            Phase::Committing => self.outcome.clone()?,
            Phase::Paused => self.pause_reason.clone()?,
            _ if self.pauses() => Reason::Pauses { why: self.pause_reason.clone().map(Box::new) },
            _ => return None,
        })
    }

    /// Says whether the loop holds when what goes on is over.
    pub fn pauses(&self) -> bool {
        let goes_on = matches!(
            self.phase,
            Phase::Agent(_) | Phase::Before | Phase::After { .. } | Phase::Verifying { .. }
        );
        goes_on && self.pause_asked
    }

    /// Why the loop holds, or will hold; `None` if that is the user's own wish.
    pub fn held_by(&self) -> Option<&Reason> {
        let holds = matches!(self.phase, Phase::Paused) || self.pauses();
        self.pause_reason.as_ref().filter(|_| holds)
    }

    /// The most iterations this loop can come to, as shown: `iteration 3 of 10`.
    pub fn max_iterations(&self) -> u32 {
        let limits = &self.settings.limits;
        let left = limits.count(Rule::Iterations).min(limits.hard).saturating_sub(self.breaker.iterations());
        self.judged.saturating_add(left).min(HARD_LIMIT).max(self.iteration)
    }

    /// How the gate of the iteration that goes on, or of the last one, is read.
    pub fn gate(&self) -> &Reading {
        self.current.gate.reading()
    }

    /// The tree before the present iteration; `None` until its checkpoint was taken.
    pub fn tree_before(&self) -> Option<&str> {
        self.current.before.as_ref().map(|tree| tree.tree.as_str())
    }

    /// When the runner has to feed [`super::Input::TimerFired`]; `None` while nothing is timed.
    pub fn deadline(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Waiting { until, .. } => Some(*until),
            Phase::Affording { again } => *again,
            Phase::Controls { since } => Some(since.after(self.settings.await_base.unwrap_or_default())),
            Phase::Agent(agent) if agent.kill.is_none() => {
                let limits = &self.settings.limits;
                let start = (!agent.spoke).then(|| {
                    let limit = limits.time(Rule::Startup);
                    let limit = if agent.warned { limit } else { limit.min(limits.startup_warning) };
                    agent.spawned_at.after(limit)
                });
                [
                    Some(agent.last_output.after(limits.time(Rule::Stall))),
                    self.concluded_at(agent),
                    Some(agent.kept_at.after(CHECKPOINT_EVERY)),
                    start,
                    self.out_of_time_at(),
                ]
                .into_iter()
                .flatten()
                .min()
            }
            _ => None,
        }
    }

    /// When an agent that gave its result is ended if it says nothing more; `None` if there is reason to wait longer.
    pub(super) fn concluded_at(&self, agent: &AgentRun) -> Option<Moment> {
        let conclusion = agent.concluded?;
        // Work in the background may wake it again; but not if it says itself that it is done.
        let awaited = conclusion.waits && self.gate().verdict != Verdict::Ready;
        (!awaited).then(|| conclusion.at.after(CONCLUSION_GRACE))
    }

    /// What the agent's last run had put into the background, and lost when it ended.
    pub fn lost_work(&self) -> &[String] {
        &self.lost_work
    }

    /// When the running time is up; `None` while the user lets the loop run one iteration beyond it.
    pub(super) fn out_of_time_at(&self) -> Option<Moment> {
        if self.breaker.on_trial() == Some(Rule::WallTime) {
            return None;
        }
        self.active_since.map(|since| breaker::out_of_time_at(&self.breaker, &self.settings.limits, since))
    }

    /// The US dollars that the next run of the agent may cost; `None` if there is no limit.
    pub fn budget_left(&self) -> Option<f64> {
        self.breaker.budget_left(&self.settings.limits)
    }

    pub(super) fn enter(&mut self, now: Moment, phase: Phase) {
        // The time until now belongs to the old phase. Only phases in which something works count as running time.
        self.count_time(now);
        self.phase = phase;
        self.active_since = matches!(
            self.phase,
            Phase::Before
                | Phase::Controls { .. }
                | Phase::Agent(_)
                | Phase::After { .. }
                | Phase::Verifying { .. }
        )
        .then_some(now);
    }

    pub(super) fn count_time(&mut self, now: Moment) {
        if let Some(since) = self.active_since.replace(now) {
            self.breaker.ran(now.since(since));
        }
    }

    /// Adds what the agent's run used. A run that printed something, but not what it cost, did cost something. A run
    /// that was ended early may report a cost of zero although it spent money, so that zero counts as unknown.
    pub(super) fn account_run(&mut self) {
        let Phase::Agent(run) = &self.phase else { return };
        let (mut usage, worked) = (run.usage, run.spoke);
        let cut_off =
            run.kill.is_some_and(|kill| !matches!(kill, KillReason::Decided | KillReason::Concluded));
        if cut_off && usage.tokens() == 0 && usage.cost_usd == Some(0.0) {
            usage.cost_usd = None;
        }
        self.account(&usage, worked);
    }

    pub(super) fn judge_asked(&mut self) {
        self.forget_judge();
        self.judging = true;
    }

    /// Adds what a judge used to what the loop did.
    pub(super) fn judge_ended(&mut self, usage: &Usage) {
        self.judging = false;
        self.account(usage, true);
    }

    /// Whoever asked a judge died before it could say what that used. It did use something.
    pub(super) fn forget_judge(&mut self) {
        if std::mem::take(&mut self.judging) {
            self.account(&Usage::default(), true);
        }
    }

    fn account(&mut self, usage: &Usage, worked: bool) {
        self.breaker.used(usage, worked);
        for total in [&mut self.used, &mut self.current.used] {
            total.add_tokens(usage);
            if let Some(cost) = usage.cost_usd.filter(|cost| cost.is_finite() && *cost >= 0.0) {
                total.cost_usd = Some(total.cost_usd.unwrap_or(0.0) + cost);
            }
        }
        self.cost_unknown |= usage.cost_usd.is_none() && (worked || usage.tokens() > 0);
    }
}
