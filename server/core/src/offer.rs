//! What can be done next with a task, as data: words and commands are made of it where it is shown.

use crate::task::TaskId;

/// Something that the user can do with a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What the offer does.
    pub action: Action,
    /// Whether it is one of the likely next steps, which are shown without being asked for.
    pub is_next: bool,
    /// Why it is not possible now; `None` if it is.
    pub refused: Option<Refusal>,
}

/// What an offer does, with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Starts the task's loop.
    Start {
        /// Whether the work of an earlier loop was thrown away.
        again: bool,
    },
    /// Starts a loop of a task that was merged.
    RunAgain,
    /// Holds the loop.
    Pause {
        /// Whether the loop waits for something now, and no iteration has to end first.
        waits: bool,
    },
    /// Ends the loop.
    Stop,
    /// Lets the loop go on.
    Continue(Continuing),
    /// Says yes to what is claimed.
    Approve {
        /// The number of the question.
        question: Option<i64>,
    },
    /// Says yes to what is claimed, and merges it.
    ApproveAndMerge {
        /// The number of the question.
        question: Option<i64>,
        /// The branch that it is merged into.
        into: String,
    },
    /// Says no to what is claimed.
    Reject {
        /// The number of the question.
        question: Option<i64>,
    },
    /// Answers a question.
    Answer {
        /// The number of the question.
        question: Option<i64>,
        /// Yes or no; `None` if the answer is given in words.
        reply: Option<bool>,
    },
    /// Sends a note to the agent. The user has to write it first.
    Steer,
    /// Allows the commands of the task's plan.
    Allow,
    /// Shows what changed.
    ShowDiff {
        /// The iteration that changed it; `None` for the whole loop.
        iteration: Option<u32>,
        /// Whether the changes lie in the user's own tree, and nothing is left to do but to commit them.
        to_commit: bool,
    },
    /// Shows what the agent said.
    ShowTranscript {
        /// Whether the agent still works.
        live: bool,
    },
    /// Opens the loop's worktree.
    OpenWorktree,
    /// Sets the tree back to where it was after an iteration.
    Rewind {
        /// The iteration; 0 is before the first.
        iteration: u32,
    },
    /// Begins a new loop from where this loop was after an iteration.
    Fork {
        /// The iteration whose tree it goes back to.
        iteration: u32,
    },
    /// Brings back what changed in the user's checkout while the agent ran.
    RestoreCheckout,
    /// Says that what changed there is the user's own.
    KeepCheckout,
    /// Merges the work.
    Merge {
        /// The branch that it is merged into; `None` if its name is not known.
        into: Option<String>,
    },
    /// Merges a branch that has moved into finished work, and lets the agent go on from there.
    Rework {
        /// The branch; `None` if its name is not known.
        from: Option<String>,
    },
    /// Throws the work away.
    Discard {
        /// Whether the loop worked in the user's own tree, where its changes stay.
        in_place: bool,
    },
}

/// How a loop goes on, and why it can.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Continuing {
    /// From where it is.
    AsItIs,
    /// Without the pause that was asked for.
    WithoutPause,
    /// Without waiting any longer.
    Now,
    /// With the answer that the user gave before.
    Answered,
    /// After the user has fixed what the agent lacks, such as its login.
    Mended,
    /// For one iteration, although a rule of the breaker tripped.
    OnTrial,
    /// With a higher limit of iterations.
    WithIterations {
        /// How many more iterations than the present limit.
        more: u32,
        /// The new limit.
        limit: u32,
    },
    /// With a higher limit of cost.
    WithCost {
        /// How many US dollars more.
        more: f64,
        /// The new limit in US dollars.
        limit: f64,
    },
    /// With all counters of the breaker at zero.
    Afresh,
}

/// Why an offer is not possible now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The plan lies in no git repository.
    NoRepository,
    /// Other tasks come first.
    WaitsFor(Vec<TaskId>),
    /// The loop took as many iterations as any loop may take.
    HardLimit,
    /// The loop may already take as many iterations as any loop may take.
    HighestLimit,
}

/// What an action is for, whatever its arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Starts the loop.
    Start,
    /// Holds the loop.
    Pause,
    /// Ends the loop.
    Stop,
    /// Lets the loop go on within its limits.
    Continue,
    /// Lets the loop go on with a higher limit.
    ContinueWithMore,
    /// Lets the loop go on with all counters at zero.
    ResetAndContinue,
    /// Says yes to what is claimed.
    Approve,
    /// Says no to what is claimed.
    Reject,
    /// Answers a question.
    Answer,
    /// Sends a note to the agent.
    Steer,
    /// Allows commands.
    Allow,
    /// Shows what changed.
    ShowDiff,
    /// Shows what the agent said.
    ShowTranscript,
    /// Opens the worktree.
    OpenWorktree,
    /// Sets the tree back.
    Rewind,
    /// Ends the loop and starts a new one from what the tree was after an iteration.
    Fork,
    /// Brings the user's checkout back.
    RestoreCheckout,
    /// Takes what changed there for the user's own.
    KeepCheckout,
    /// Merges the work.
    Merge,
    /// Has finished work worked on again, on top of a branch that has moved.
    Rework,
    /// Throws the work away.
    Discard,
}

impl Action {
    /// What the action is for.
    pub fn step(&self) -> Step {
        match self {
            Self::Start { .. } | Self::RunAgain => Step::Start,
            Self::Pause { .. } => Step::Pause,
            Self::Stop => Step::Stop,
            Self::Continue(Continuing::WithIterations { .. } | Continuing::WithCost { .. }) => {
                Step::ContinueWithMore
            }
            Self::Continue(Continuing::Afresh) => Step::ResetAndContinue,
            Self::Continue(_) => Step::Continue,
            Self::Approve { .. } | Self::ApproveAndMerge { .. } => Step::Approve,
            Self::Reject { .. } => Step::Reject,
            Self::Answer { .. } => Step::Answer,
            Self::Steer => Step::Steer,
            Self::Allow => Step::Allow,
            Self::ShowDiff { .. } => Step::ShowDiff,
            Self::ShowTranscript { .. } => Step::ShowTranscript,
            Self::OpenWorktree => Step::OpenWorktree,
            Self::Rewind { .. } => Step::Rewind,
            Self::Fork { .. } => Step::Fork,
            Self::RestoreCheckout => Step::RestoreCheckout,
            Self::KeepCheckout => Step::KeepCheckout,
            Self::Merge { .. } => Step::Merge,
            Self::Rework { .. } => Step::Rework,
            Self::Discard { .. } => Step::Discard,
        }
    }
}
