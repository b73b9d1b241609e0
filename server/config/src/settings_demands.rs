//! What is demanded of every task, and what its agent and its commit are told: each in a table of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an agent's session is told of the work before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ContextRecovery {
    /// Whether a session that takes the place of another one is told so, and is told where the work stands. Without it, a new
    /// session is told of the task, its criteria, and what came of the last iteration.
    pub enabled: bool,
    /// Whether the agent is shown what `git status` says.
    pub include_git_status: bool,
    /// Whether a new session is shown the last entries of the progress log.
    pub include_recent_progress: bool,
    /// The share of the model's context, in percent, from which a fresh session takes over in the same iteration, after the next
    /// result of a tool. It needs an agent that tells what its requests hold, as Claude Code does, and a model whose window is
    /// known; else say it with `agents.<name>.context_window`. What a session cost that is ended so is known by its tokens
    /// alone, with `agents.<name>.price`. Off unless it is set.
    #[schemars(range(min = 10, max = 99), example = 90)]
    pub auto_handoff: Option<u32>,
}

impl Default for ContextRecovery {
    fn default() -> Self {
        Self { enabled: true, include_git_status: true, include_recent_progress: true, auto_handoff: None }
    }
}

/// What is demanded of the acceptance criteria of every task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AcceptanceCriteria {
    /// Whether the settings of this table count.
    pub enabled: bool,
    /// Whether a task does not start while a criterion of it has neither a command nor a judge, or while it has no criterion
    /// and no check. `--anyway` starts it all the same.
    pub require_verifiable: bool,
    /// Checks that every task gets beside those that it names.
    pub auto_append_standard: Vec<StandardCheck>,
}

impl Default for AcceptanceCriteria {
    fn default() -> Self {
        Self { enabled: true, require_verifiable: false, auto_append_standard: Vec::new() }
    }
}

impl AcceptanceCriteria {
    /// The checks that every task gets.
    pub fn standard(&self) -> &[StandardCheck] {
        if self.enabled { &self.auto_append_standard } else { &[] }
    }
}

/// A check that every task can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandardCheck {
    /// Nothing is left uncommitted, once Alfine has committed the work.
    NoUncommittedChanges,
    /// The tests pass: `quality_gates.test_command`, else what the repository has for tests.
    TestsPass,
    /// What the repository has for linters and type checkers passes.
    LintPasses,
}

/// What is demanded of finished work before it is committed, and how its commit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CommitDiscipline {
    /// Whether the settings of this table count.
    pub enabled: bool,
    /// Whether work is committed only once a check ran a test, as `quality_gates.require_tests` has it.
    pub require_tests: bool,
    /// Whether work is committed only once a linter or a type checker among the checks has passed.
    pub require_lint: bool,
    /// How the first line of the commit of a task reads.
    pub message_format: MessageFormat,
    /// Whether the commit names the agent in a trailer, `Co-authored-by`.
    pub co_author: bool,
}

impl Default for CommitDiscipline {
    fn default() -> Self {
        Self {
            enabled: true,
            require_tests: false,
            require_lint: false,
            message_format: MessageFormat::default(),
            co_author: false,
        }
    }
}

impl CommitDiscipline {
    /// What counts of it.
    pub fn that_counts(self) -> Self {
        if self.enabled { self } else { Self::default() }
    }
}

/// How the first line of a commit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageFormat {
    /// The type that the title's words tell (feat, fix, refactor, test, docs or chore), the task's id and its title:
    /// `fix: [US-001] Round totals`.
    #[default]
    Conventional,
    /// The task's id and its title: `[US-001] Round totals`.
    Simple,
}

/// How a plan is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Execution {
    /// Whether a plan that is run as a whole stops after one task, and each agent is told to keep to its task, as
    /// `--single-task` has it.
    pub single_task_mode: bool,
}

/// What the checks of every task must do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QualityGates {
    /// Whether a task is done only once a check has run a test, by the words of its test runner.
    pub require_tests: bool,
    /// A shell command that runs the tests, at the repository's root: a check of every task, in place of what is detected for
    /// tests.
    #[schemars(length(min = 1), example = &"npm test")]
    pub test_command: Option<String>,
    /// How many seconds this command may run.
    #[schemars(range(min = 1, max = 86_400))]
    pub test_timeout_secs: u32,
}

impl Default for QualityGates {
    fn default() -> Self {
        Self { require_tests: false, test_command: None, test_timeout_secs: 300 }
    }
}

/// A look at the pages in a headless browser, as a check of the tasks that concern them. More can be said with a verifier of
/// the kind `browser`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BrowserVerify {
    /// Whether pages are looked at.
    pub enabled: bool,
    /// Whether that is done only for a task with a word of `lint.ui_words` in its title or its criteria; else for every task.
    pub auto_detect_ui_tasks: bool,
    /// The shell command that serves the pages, as `serve` of a verifier of the kind `browser`.
    #[schemars(length(min = 1), example = &"npm run dev -- --port {port}")]
    pub dev_server_command: Option<String>,
    /// The page that is opened, with `{port}` for the port that the command gets.
    #[schemars(length(min = 1))]
    pub base_url: String,
}

impl Default for BrowserVerify {
    fn default() -> Self {
        Self {
            enabled: false,
            auto_detect_ui_tasks: true,
            dev_server_command: None,
            base_url: "http://localhost:{port}/".to_owned(),
        }
    }
}
