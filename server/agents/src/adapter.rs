//! What every agent's CLI is asked for, and what is asked of it.

use super::{Exit, Invocation, InvocationError};
use alfine_core::agent::{AgentEvent, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How one CLI is called and understood.
pub trait Adapter: Send + Sync {
    /// Returns its name, as in the configuration.
    fn name(&self) -> &'static str;

    /// Returns the name and the address by which a commit names it: `Claude <noreply@anthropic.com>`. Where the agent has no
    /// address of its own, it is one that there cannot be.
    fn author(&self) -> String {
        format!("{name} <{name}@agent.invalid>", name = self.name())
    }

    /// Returns the command line of one run.
    fn invocation(&self, request: &Request) -> Result<Invocation, InvocationError>;

    /// Makes a decoder for the output of one run.
    fn decoder(&self, prior: &PriorSession) -> Box<dyn Decoder>;

    /// Returns how to log in; `None` where there is no login. `env` reads the agent's environment; `said` is what was
    /// said of a login that failed.
    fn login(&self, _env: &dyn Fn(&str) -> Option<String>, _said: &str) -> Option<Login> {
        None
    }

    /// Returns the files that the CLI reads into every session by itself, from the folder that it works in; from the
    /// home, where they begin with `~/`.
    fn standing_context(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the environment variables that are the agent's own, and so are passed on even if they look like
    /// secrets. A trailing `*` stands for any ending.
    fn own_env(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns variables that are the agent's own only while another variable is set: (that variable, its dependents).
    fn own_env_when(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    /// Returns the invocation that prints the CLI's version and asks no model; `None` if the CLI has none.
    fn probe(&self, _command: Option<&str>) -> Option<Result<Invocation, InvocationError>> {
        None
    }

    /// Returns the command that installs the CLI; empty where there is nothing to install.
    fn install_hint(&self) -> &'static str {
        ""
    }
}

/// How to log in to what an agent uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// What to do: a command, or a few words.
    pub remedy: String,
    /// Whether it is a cloud provider's login, which is renewed outside of the agent.
    pub cloud: bool,
}

/// What is asked of an agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The prompt. On stdin, except where the user's command wants it as an argument.
    pub prompt: String,
    /// The session to resume.
    pub session: Option<SessionId>,
    /// The model, in the CLI's words.
    pub model: Option<String>,
    /// What the agent may do without asking.
    pub permissions: Permissions,
    /// Whether it is to read only, whatever the permissions say.
    pub reads_only: bool,
    /// The folder that the agent works in.
    pub cwd: PathBuf,
    /// More arguments, from the user.
    pub extra_args: Vec<String>,
    /// Runs instead of the CLI's usual program; split into words as a shell does.
    pub command: Option<String>,
    /// The CLI's own limit of cost, in US dollars.
    pub max_budget_usd: Option<f64>,
}

/// What the agent may do without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Permissions {
    /// Edit files of the worktree.
    Edits,
    /// Edit files and run commands.
    #[default]
    Commands,
    /// Everything: the agent's own checks are switched off. Needs `safety.allow_unsandboxed_all` in your own settings.
    All,
}

/// What is known of the session that a run resumes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PriorSession {
    /// What [`Decoder::session_total_cost`] said at the end of its previous run, in US dollars.
    pub total_cost_usd: Option<f64>,
}

/// Turns the output of one run into events.
pub trait Decoder: Send {
    /// Takes the next bytes of stdout.
    fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(AgentEvent));

    /// Takes the end of the process and the end of its stderr. The last event is the run's only `Ended`; nothing comes
    /// at all where an early one (a bad key) was handed on by [`Decoder::push`].
    fn finish(&mut self, exit: Exit, stderr_tail: &str, sink: &mut dyn FnMut(AgentEvent));

    /// Returns the CLI's own total for the session so far, in US dollars. Only good as the next run's
    /// [`PriorSession`]: whether it covers one run or all of them depends on the CLI's version.
    fn session_total_cost(&self) -> Option<f64> {
        None
    }
}
