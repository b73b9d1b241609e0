//! What goes into the machine and what comes out of it.

use super::ask::{Answer, Ask};
use crate::{
    agent::{AgentEvent, Outcome, SessionId, Usage},
    breaker::{self, Trip},
    gate::Reading,
    landing::{CheckedTree, Landing, NotLanded},
    plan::ProvenBy,
    proof::{BaseKnown, CheckProof},
    reason::{Color, Reason, Refusal},
    signature::Signature,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often the tree is kept while an agent works.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(5 * 60);

/// How long an agent that gave its result may take to end.
pub(crate) const CONCLUSION_GRACE: Duration = Duration::from_secs(10);

/// Which checkpoint of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckpointKind {
    /// Before the agent works.
    Before,
    /// While the agent works.
    Timer,
    /// After the agent worked.
    After,
}

/// A checkpoint as the machine needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tree {
    /// Id of the tree, Alfine's own files left out.
    pub tree: String,
    /// Id of the commit that HEAD named.
    pub head: String,
}

/// Something a user asked of a loop while it runs or rests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Hold after this iteration; at once if `now`.
    Pause {
        /// End the agent instead of waiting for it.
        #[serde(default)]
        now: bool,
        /// Why, if it is not simply the user's wish.
        #[serde(default, deserialize_with = "crate::reason::saved", skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Let the loop go on.
    Continue {
        /// The new limit of iterations.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_iterations: Option<u32>,
        /// Sets the breaker's counters to zero.
        #[serde(default)]
        reset_breaker: bool,
        /// The new limit of cost, in USD.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_cost_usd: Option<f64>,
    },
    /// End the agent and stop.
    Stop,
    /// A note for the agent's next prompt.
    Steer {
        /// The note.
        text: String,
    },
    /// A new limit while the loop goes on.
    RaiseLimit {
        /// The new limit of iterations.
        max_iterations: u32,
    },
    /// The working tree was set back to what it was after an iteration.
    Rewound {
        /// The iteration whose tree it was set back to.
        iteration: u32,
    },
    /// Find out whether finished work holds on a branch that has moved.
    Land(Landing),
    /// Merge a branch into finished work, and let the agent go on from there.
    Rework {
        /// The branch.
        from: String,
    },
}

impl Command {
    /// Ends the agent and holds, because the user wants it.
    pub fn pause_now() -> Self {
        Self::Pause { now: true, reason: None }
    }
}

/// What happens to a loop.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The user starts it.
    Start,
    /// A runner has taken over a loop whose runner died; no agent lives.
    Recovered,
    /// A checkpoint was taken.
    CheckpointTaken(CheckpointKind, Tree),
    /// A run of the agent stays within all budgets.
    Afforded,
    /// What the runs of others will cost decides whether it does.
    AffordLater,
    /// It does not, and why.
    Unaffordable(String),
    /// The agent's process runs.
    AgentStarted,
    /// The agent printed something, whatever it was.
    AgentOutput,
    /// The agent said something.
    AgentEvent(AgentEvent),
    /// The agent's process and all its children are gone.
    AgentExited {
        /// How it ended.
        outcome: Outcome,
        /// The agent's own words for it.
        message: String,
    },
    /// What the checks answer before any work is known.
    BaseKnown(BaseKnown),
    /// A judge is asked, which costs something.
    JudgeAsked,
    /// It is gone, and used this.
    JudgeEnded(Usage),
    /// The verifiers ran.
    Verified(VerifyOutcome),
    /// The work is committed on the branch (or there was nothing to commit).
    Committed,
    /// What the checks of a landing came to: the tree that they hold on, or why the work does not land.
    Landed(Result<CheckedTree, NotLanded>),
    /// A branch is merged into the work: the tree that the work is compared with from now on, and the files in which both
    /// sides changed the same places.
    BroughtUp {
        /// The tree of that branch.
        base: Tree,
        /// Those files.
        conflicts: Vec<String>,
    },
    /// A user's command.
    CommandReceived(Command),
    /// The moment of [`LoopState::deadline`] has come.
    TimerFired,
    /// The computer slept, or its clock was set forward: nobody could work in that time.
    Slept(Duration),
    /// The clock was set back by so much: what was noted before is in the future now.
    ClockBack(Duration),
    /// A user's answer.
    ApprovalGiven(Answer),
    /// An effect could not be performed; the loop cannot go on.
    Failed(String),
}

/// What the runner has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Keep the tree.
    TakeCheckpoint(CheckpointKind),
    /// Look whether a run of the agent stays within all budgets; [`Input::Afforded`], [`Input::AffordLater`] or
    /// [`Input::Unaffordable`] follows.
    Afford,
    /// Start the agent.
    SpawnAgent(Spawn),
    /// End the agent with all its children; then [`Input::AgentExited`] follows.
    KillAgent(KillReason),
    /// Run the checks on the tree before any work; [`Input::BaseKnown`] follows, perhaps while the agent works.
    RunControls,
    /// Run the verifiers.
    RunVerifiers,
    /// End the verifiers, or those of a landing; nothing follows.
    CancelVerifiers,
    /// Commit the work on the branch.
    Commit,
    /// Run the checks on what finished work makes of a branch; [`Input::Landed`] follows.
    Land(Landing),
    /// Merge this branch into the work; [`Input::BroughtUp`] follows.
    BringUp {
        /// The branch.
        from: String,
    },
    /// Show the time and wait for [`LoopState::deadline`].
    Sleep(Moment),
    /// Ask the user.
    AskHuman(Ask),
    /// An open question no longer needs an answer.
    WithdrawAsk,
    /// One iteration is over.
    IterationEnded(Box<Judgement>),
    /// A command was not taken, and why.
    Refuse(Refusal),
    /// Something a watcher wants to know.
    Note(Note),
    /// The runner can end; the status is [`LoopState::status`].
    Finish,
}

/// Why an agent is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillReason {
    /// The user wants the loop to stop.
    Stop,
    /// The user wants the loop to pause.
    Pause,
    /// It was silent for too long.
    Stall,
    /// It never said anything.
    Startup,
    /// The loop's running time is up.
    WallTime,
    /// It said how it ends before it ended.
    Decided,
    /// It gave its result, and did not end.
    Concluded,
    /// Its session grew too long, and a fresh one takes over.
    HandOff,
}

/// How the agent is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawn {
    /// The iteration it works for.
    pub iteration: u32,
    /// The session it resumes.
    pub session: Option<SessionId>,
    /// Why the session is not the one that would have been resumed.
    pub recovery: Option<Recovery>,
}

/// Why an agent begins without the memory it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// The agent no longer knows its session.
    SessionLost,
    /// The session no longer fits the model.
    ContextFull,
    /// The service does not take the session, and never will.
    SessionRejected,
    /// The session failed again and again.
    SessionFailing,
    /// The session was cut down to a summary. It goes on, but is told its task again.
    Compacted,
    /// The runner died while the agent worked.
    RunnerDied,
    /// The tree was set back to an earlier iteration.
    Rewound,
    /// The session grew too long, and was ended at a pause.
    HandedOff,
}

/// Something a watcher wants to know and that changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// The next run waits until it is known what the runs of others cost.
    AwaitsSums,
    /// The agent has not said anything yet.
    SlowStart {
        /// Seconds since its start.
        seconds: u64,
    },
    /// The agent was silent for too long, or never spoke, and is ended.
    AgentSilent {
        /// The limit that was exceeded.
        rule: breaker::Rule,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The session could not be resumed; a fresh one follows.
    FreshSession {
        /// Why the session is not resumed.
        recovery: Recovery,
    },
    /// The agent failed and is tried again.
    Retry {
        /// The outcome's class.
        class: String,
        /// The agent's words.
        message: String,
        /// When the agent is started again.
        at: Moment,
    },
    /// The breaker tripped.
    Tripped(Trip),
    /// The user let a tripped loop go on.
    HalfOpened {
        /// The rule that is on trial.
        rule: breaker::Rule,
    },
    /// The user set the counters to zero.
    BreakerReset,
    /// The limit of iterations is another one.
    LimitRaised {
        /// The new limit.
        max_iterations: u32,
    },
    /// A note for the agent was taken.
    Steered {
        /// The note.
        text: String,
    },
    /// The loop holds when this iteration is over.
    PauseAsked,
    /// The tree is what it was after this iteration.
    Rewound {
        /// The iteration whose tree it was set back to.
        iteration: u32,
    },
}

/// What the verifiers said, as the machine needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifyOutcome {
    /// Their composite score.
    pub color: Color,
    /// How many verifiers ran.
    pub ran: u32,
    /// Names of those that failed.
    pub failed: Vec<String>,
    /// Those that cannot run here, each with why, if they alone stand in the way: nothing that an agent does lets them
    /// pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unable: Vec<String>,
    /// The signature of what they found, with words a user knows it by.
    pub error: Option<(Signature, String)>,
    /// New files that are rarely committed, which the agent keeps although it was told of them; nothing else is wrong
    /// with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusual: Vec<String>,
    /// What the answers of the checks that passed are worth; `None` where no control was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controls: Option<Vec<CheckProof>>,
    /// Checks that fail as they did before any work, as far as can be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_before: Vec<String>,
    /// What proves the task, where that is not that its work turns a check green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_by: Option<ProvenBy>,
}

impl VerifyOutcome {
    /// The checks that say less than before, or pass without the work, by what was there before.
    pub(super) fn refused(&self) -> impl Iterator<Item = &CheckProof> {
        self.controls.iter().flatten().filter(|check| check.is_refused())
    }
}

/// One iteration, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The iteration's number.
    pub iteration: u32,
    /// When the iteration began.
    pub started_at: Moment,
    /// The tree before the iteration.
    pub before: Tree,
    /// The tree after the iteration.
    pub after: Tree,
    /// Whether the tree differs or HEAD moved.
    pub changed: bool,
    /// How its gate was read.
    pub reading: Reading,
    /// What the verifiers said, if they ran.
    pub verified: Option<VerifyOutcome>,
    /// Why it is, or is not, enough: one sentence.
    pub verdict: String,
    /// Its error, with words a user knows it by.
    pub error: Option<(Signature, String)>,
    /// What the iteration's runs of the agent used.
    pub used: Usage,
}
