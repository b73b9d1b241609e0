//! What every agent says, whichever CLI it is: the one model that adapters decode into.

use serde::{Deserialize, Serialize};

/// An agent's own name for a conversation that can be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

/// What one run of an agent used. Tokens; cost in USD where the agent says one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read that no cache had.
    pub input: u64,
    /// Tokens written, thinking included.
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache.
    pub cache_write: u64,
    /// US dollars of this run alone; `None` if the agent does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// All tokens, of any kind.
    pub fn tokens(&self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
    }

    /// Adds the tokens of another run, and not its cost.
    pub fn add_tokens(&mut self, other: &Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
    }
}

/// How a run of an agent ended, whoever made the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Outcome {
    /// By itself; its work is judged.
    Ok,
    /// Not logged in, or a bad key.
    Auth {
        /// The login is a cloud provider's: it is renewed outside of the agent, which then goes on as it is.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cloud: bool,
    },
    /// The account has no credit.
    Billing,
    /// A usage limit was reached.
    RateLimit {
        /// When it passes, in seconds since the epoch, if the agent said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset_at: Option<i64>,
    },
    /// The model's service failed, or could not be reached.
    Server,
    /// The CLI crashed, or ended in a way that is not known.
    Crashed,
    /// Wrong model, wrong option.
    Config,
    /// The conversation no longer fits the model.
    Context,
    /// The service does not take the conversation, and never will.
    Rejected,
    /// The CLI's own limit of turns.
    TurnLimit,
    /// The CLI's own limit of cost.
    Budget,
    /// The model refused.
    Refusal,
    /// The session to resume is gone.
    SessionNotFound,
    /// The run was ended from outside, for example by a signal.
    Interrupted,
}

impl Outcome {
    /// Says whether a run that ended like this may have done its work before.
    pub(crate) fn may_follow_work(&self) -> bool {
        match self {
            Self::Ok
            | Self::RateLimit { .. }
            | Self::Server
            | Self::Crashed
            | Self::Context
            | Self::TurnLimit
            | Self::Budget
            | Self::Interrupted => true,
            Self::Auth { .. }
            | Self::Billing
            | Self::Config
            | Self::Rejected
            | Self::Refusal
            | Self::SessionNotFound => false,
        }
    }

    /// The word for the class in the database and in logs.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Auth { .. } => "auth",
            Self::Billing => "billing",
            Self::RateLimit { .. } => "rate_limit",
            Self::Server => "server",
            Self::Crashed => "crashed",
            Self::Config => "config",
            Self::Context => "context",
            Self::Rejected => "rejected",
            Self::TurnLimit => "turn_limit",
            Self::Budget => "budget",
            Self::Refusal => "refusal",
            Self::SessionNotFound => "session_not_found",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What an agent asked with a tool that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The question; or the plan, if it asks for leave to carry one out.
    pub text: String,
    /// The answers that it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Whether the text is a plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plan: bool,
}

/// One piece of news from a running agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The agent runs, in this session.
    SessionStarted {
        /// The id with which the session can be resumed.
        id: SessionId,
        /// The model's name, if the agent says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// One whole message of the assistant (deltas already joined). The only text in which a gate is looked for.
    Text {
        /// The message.
        text: String,
    },
    /// The model thinks. Never read for a gate.
    Thinking {
        /// What it thinks, cut.
        text: String,
    },
    /// A tool starts.
    ToolStarted {
        /// The tool's name, such as `Bash`.
        name: String,
        /// Its input in one short line, such as the command.
        summary: String,
    },
    /// A tool ended.
    ToolFinished {
        /// Whether the tool worked.
        ok: bool,
    },
    /// A command of the shell ended that the agent ran to its end.
    CommandEnded {
        /// The command, whole.
        command: String,
        /// Whether its status was 0.
        ok: bool,
    },
    /// A tool changed a file.
    FileTouched {
        /// Its path as the agent said it.
        path: String,
    },
    /// What this run used so far; the last one of a run counts.
    Usage(Usage),
    /// How full the conversation is.
    Context {
        /// The tokens of the last request and its answer.
        tokens: u64,
        /// How many the model's window holds, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<u64>,
    },
    /// A tool was denied.
    PermissionDenied {
        /// The tool's name, with its command where known.
        tool: String,
    },
    /// A tool asked something of a person, and nobody was there to answer.
    Asked(Question),
    /// The conversation was cut down to a summary: what it began with is forgotten.
    Compacted,
    /// The agent has given its result. It ends now, unless it waits for work of its own in the background.
    Concluded {
        /// Whether such work goes on.
        #[serde(default)]
        waits: bool,
    },
    /// Work that the agent had put into the background ended with it.
    WorkLost {
        /// What it was, each in one short line.
        what: Vec<String>,
    },
    /// The CLI tries again by itself.
    Retrying {
        /// Why the agent retries, in its own words.
        reason: String,
    },
    /// A usage limit comes near.
    LimitWarning {
        /// Share used, 0 to 1.
        utilization: f64,
    },
    /// The run is over, or (for `auth`) can only end this way: the runner ends the process.
    Ended {
        /// How the run ended.
        outcome: Outcome,
        /// The agent's own words for it, cut; empty if it ended well.
        #[serde(default)]
        message: String,
    },
}
