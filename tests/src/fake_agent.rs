//! The scenario that the program `fake-agent` plays, as tests write it: in Rust, or as JSON.

use alfine_agents::rehearsal::Gate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// Names the scenario's file.
pub const SCENARIO_VARIABLE: &str = "FAKE_AGENT_SCENARIO";
/// Names the file to which every invocation adds a line, an [`Invocation`]. Without it: the scenario's, with `.log`.
pub const LOG_VARIABLE: &str = "FAKE_AGENT_LOG";

/// All that the fake agent does, in every run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The runs of a prompt that no part fits, in order; after the last one it is played again and again.
    pub runs: Vec<Run>,
    /// Runs of their own for some prompts.
    pub parts: Vec<Part>,
    /// Which sessions `--resume` finds.
    pub sessions: Sessions,
    /// The model it claims to be.
    pub model: Option<String>,
    /// The version it claims to have.
    pub version: Option<String>,
    /// More environment variables whose values are recorded.
    pub record_env: Vec<String>,
}

/// The steps of one run. A run that no step ends, ends well.
pub type Run = Vec<Step>;

/// What is played for some prompts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// A text in the prompt.
    pub prompt: String,
    /// The runs, in order.
    pub runs: Vec<Run>,
}

/// Which sessions `--resume` finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sessions {
    /// Any.
    #[default]
    Any,
    /// Those that an earlier run had.
    Known,
    /// None.
    Gone,
}

/// One thing that the fake agent does. Paths are taken from its working folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Says a text.
    Text(String),
    /// Says a completion gate.
    Gate(Gate),
    /// Thinks.
    Thinking(String),
    /// Lets a sub-agent say a text.
    SubAgentText(String),
    /// Writes a file with its tool.
    Write {
        /// The file.
        path: PathBuf,
        /// All of it.
        content: String,
    },
    /// Runs a shell command with its tool, in a session of its own as the real one does.
    Shell(String),
    /// Tries the request again.
    ApiRetry {
        /// The HTTP status.
        status: u16,
        /// Its kind.
        #[serde(default)]
        error: String,
        /// Which attempt failed.
        #[serde(default)]
        attempt: u32,
        /// How many there are.
        #[serde(default)]
        max_retries: u32,
    },
    /// Tells where a usage limit stands.
    RateLimit {
        /// `rejected`, `allowed_warning` or `allowed`.
        status: String,
        /// When it passes.
        #[serde(default)]
        resets_at: Option<ResetsAt>,
        /// The share used.
        #[serde(default)]
        utilization: Option<f64>,
    },
    /// Lets a tool be denied; told by the result.
    PermissionDenied {
        /// The tool.
        tool: String,
        /// Its input.
        #[serde(default)]
        input: Value,
    },
    /// Ends the run's stream.
    Result(RunResult),
    /// Prints a line of the stream, with the session's id.
    Line(Value),
    /// Prints a text as it is, without a line break.
    Raw(String),
    /// Prints bytes as they are.
    Bytes(Vec<u8>),
    /// Writes a line to stderr.
    Stderr(String),
    /// Prints one very long line.
    Flood {
        /// Its length.
        megabytes: usize,
        /// Whether it is a tool's result in JSON, or no JSON at all.
        #[serde(default)]
        tool_result: bool,
    },
    /// Says so many short texts a second until a file exists, for two minutes at most.
    Chatter {
        /// How many.
        each_second: u32,
        /// The file.
        until: PathBuf,
    },
    /// Says and does nothing any more.
    Hang,
    /// Starts a child in a session of its own that outlives the agent, for two minutes at most.
    Background {
        /// Where it writes its process id, once it runs.
        pid_file: PathBuf,
        /// Whether it ignores SIGTERM.
        #[serde(default)]
        ignore_sigterm: bool,
    },
    /// Ignores SIGTERM from here on.
    IgnoreSigterm,
    /// Ends itself by this signal.
    Signal(i32),
    /// Ends itself with this exit status, without a result.
    Exit(i32),
    /// Waits until this file exists, for two minutes at most.
    WaitFor(PathBuf),
    /// Makes an empty file: a sign for the test.
    Touch(PathBuf),
}

/// When a limit passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResetsAt {
    /// In seconds since the epoch.
    At(i64),
    /// `now+N`, in seconds.
    Text(String),
}

/// The result at the end of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunResult {
    /// The kind of a failed request, such as `rate_limit`, `authentication_failed`, `server_error`.
    pub error: Option<String>,
    /// The HTTP status of a failed request.
    pub status: Option<u16>,
    /// What the failed request is said to be, or what the last text was.
    pub text: String,
    /// `success` if not given; `error_max_turns`, `error_max_budget_usd`, `error_during_execution` are failures.
    pub subtype: Option<String>,
    /// As the real one has it for that subtype, if not given.
    pub terminal_reason: Option<String>,
    /// `end_turn` if not given; `refusal` is a failure.
    pub stop_reason: Option<String>,
    /// Tokens.
    pub input: u64,
    /// Tokens.
    pub output: u64,
    /// Tokens.
    pub cache_read: u64,
    /// Tokens.
    pub cache_write: u64,
    /// US dollars of this run alone.
    pub cost: f64,
    /// It failed, though neither a kind nor a status says so.
    pub failed: bool,
    /// The process lives on after it.
    pub stays: bool,
    /// Says nothing of what it cost.
    pub no_cost: bool,
    /// Prints only the session's total, as versions did that had no `model_usage_since_last_result`.
    pub total_only: bool,
}

impl RunResult {
    /// Says whether the real one would call it an error.
    pub fn is_error(&self) -> bool {
        self.failed
            || self.error.is_some()
            || self.status.is_some()
            || self.subtype.as_deref().is_some_and(|subtype| subtype != "success")
            || self.stop_reason.as_deref() == Some("refusal")
    }
}

/// What is recorded of one invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// The scenario's file.
    pub scenario: PathBuf,
    /// The place of the part that was played; none for the scenario's own runs.
    pub part: Option<usize>,
    /// Which run of the script was played, from 0; `None` if the session to resume was not found.
    pub run: Option<usize>,
    /// The session.
    pub session: String,
    /// Whether it was resumed.
    pub resumed: bool,
    /// The arguments.
    pub args: Vec<String>,
    /// What came on stdin.
    pub prompt: String,
    /// The recorded environment variables that were set.
    pub env: std::collections::BTreeMap<String, String>,
    /// The names of all environment variables.
    pub env_names: Vec<String>,
    /// The working folder.
    pub cwd: PathBuf,
    /// The process id.
    pub pid: u32,
}
