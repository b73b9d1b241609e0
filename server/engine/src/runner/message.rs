//! What the runner's helper threads send to it.

use super::reach::Reach;
use crate::landing::Turn;
use alfine_core::{
    agent::{AgentEvent, Outcome, Usage},
    landing::NotLanded,
    news::News,
    proof::{BaseKnown, CheckProof, Said},
};
use alfine_store::AnswerKey;
use alfine_verify::VerifierResult;
use std::{sync::mpsc::SyncSender, time::SystemTime};

/// What the helper threads send to the owner of the state.
#[derive(Debug)]
pub(super) enum Message {
    /// The agent printed something that is no event.
    Output(u32),
    /// The agent said something.
    Event(u32, AgentEvent),
    /// The agent and all its children are gone.
    AgentGone(u32, AgentEnded),
    /// The verifiers are through.
    Verified(u32, Answers),
    /// A judge is asked, which costs something.
    JudgeAsked,
    /// It is gone, and used this.
    JudgeEnded(Usage),
    /// What the checks of a landing came to.
    Landed(u32, Box<Landed>),
    /// A verifier's own news.
    VerifyNews(u32, Box<News>),
    /// What the checks answer before any work.
    BaseKnown(Base),
    /// That control's own news.
    BaseNews(Box<News>),
    /// A worktree's setup printed a line.
    SetupSaid(String),
    /// A worktree's setup and all its children are gone.
    SetupOver,
    /// There may be commands.
    Mail,
    /// Somebody wants this process to end.
    Interrupted,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct AgentEnded {
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) session_total_cost: Option<f64>,
    /// What it was seen to reach for.
    pub(super) reach: Reach,
}

/// What the verifiers said, all of them.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) results: Vec<VerifierResult>,
    pub(super) started_at: SystemTime,
    /// The number of the last checkpoint, if the checks took any.
    pub(super) checkpoints: Option<u32>,
    /// What the checks that passed are worth; `None` where no control was made.
    pub(super) controls: Option<Vec<CheckProof>>,
    /// Answers to be kept, under the hash of what each depends on.
    pub(super) said: Vec<(AnswerKey, Said)>,
    /// Checks that fail as they did before any work, as far as can be told.
    pub(super) failed_before: Vec<String>,
}

/// What checks on a bench came to.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// The answers on the claimed tree.
    pub(super) results: Vec<VerifierResult>,
    /// What they are worth; `None` where the claim does not hold anyway.
    pub(super) controls: Option<Vec<CheckProof>>,
    /// Answers to be kept, under the hash of what each depends on.
    pub(super) said: Vec<(AnswerKey, Said)>,
    /// Checks that fail as they did before any work, as far as can be told.
    pub(super) failed_before: Vec<String>,
}

/// What the checks of a landing came to.
#[derive(Debug)]
pub(super) struct Landed {
    /// The right to land before others.
    pub(super) turn: Option<Turn>,
    pub(super) decided: Decided,
    /// The tree that they hold on.
    pub(super) landed: Result<String, NotLanded>,
    pub(super) started_at: SystemTime,
}

/// What the checks answer before any work.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) known: BaseKnown,
    /// Answers to be kept, under the hash of what each depends on.
    pub(super) said: Vec<(AnswerKey, Said)>,
}

/// Lets another thread ask a runner to hold its loop and end.
#[derive(Debug, Clone)]
pub struct Interrupter(pub(super) SyncSender<Message>);

impl Interrupter {
    /// Ends the agent and pauses the loop.
    pub fn interrupt(&self) {
        let _ = self.0.send(Message::Interrupted);
    }
}
