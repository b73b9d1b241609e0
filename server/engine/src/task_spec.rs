//! What one loop is run with: the task as its plan had it, the agent, the verifiers, the limits.
//!
//! Fixed when a loop starts, and kept with the loop: a plan or a configuration that is edited meanwhile changes
//! nothing that was not approved.

use crate::{Error, ErrorKind, Result, loops::unreadable, start_options::Chain};
use alfine_agents::Permissions;
use alfine_config::{Config, Layer, Loaded, trust::TrustItem};
use alfine_core::{
    breaker,
    machine::Settings,
    plan::{Fields, Isolation, Plan, Task},
    task::TaskKey,
};
use alfine_store::LoopRow;
use alfine_verify::{VerifierKind, VerifierSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What one loop is run with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The plan's title.
    pub plan_title: String,
    /// What the whole plan is for.
    pub goal: String,
    /// The task as it is in the plan.
    pub task: Task,
    /// The agent.
    pub agent: AgentSpec,
    /// Where the agent works.
    pub isolation: Isolation,
    /// What the user must have allowed before any of this runs.
    pub commands: Vec<TrustItem>,
    /// The checks that the work must pass.
    pub verifiers: Vec<VerifierSpec>,
    /// The score from which the work is good enough.
    pub green: f64,
    /// The score from which the user is asked.
    pub yellow: f64,
    /// Globs of ignored files that a worktree gets a copy of.
    pub copy: Vec<String>,
    /// Ignored paths that a worktree gets a link to.
    pub link: Vec<String>,
    /// A command that is run once in a new worktree.
    pub setup: Option<String>,
    /// What happens when it is done.
    pub on_done: alfine_config::OnDone,
    /// Whether the agent is told to keep to this task.
    pub single_task: bool,
    /// Environment variables that are passed on although they look like secrets.
    pub pass_env: Vec<String>,
    /// Regular expressions for what is masked in logs, in addition to the known shapes of secrets.
    pub mask: Vec<String>,
    /// Globs of files that may be committed however unusual they look.
    #[serde(default)]
    pub may_commit: Vec<String>,
    /// The machine's settings.
    pub machine: Settings,
    /// Whether the worktree is set up.
    pub prepared: bool,
    /// The paths that were copied or linked into the worktree, from its root. They are not the agent's work.
    pub brought: Vec<PathBuf>,
    /// What was in the worktree from its beginning and can be in no commit, such as a repository that the setup
    /// fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_kept: Vec<PathBuf>,
    /// How the plan's other tasks are started when this task is over; `None` if it was started alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

/// The agent of a loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentSpec {
    /// The name of the agent's adapter.
    pub name: String,
    /// Runs instead of the CLI's usual program.
    pub command: Option<String>,
    /// More arguments for the agent's program.
    pub args: Vec<String>,
    /// More environment variables for the agent.
    pub env: BTreeMap<String, String>,
    /// The model.
    pub model: Option<String>,
    /// What it may do without asking.
    pub permissions: Permissions,
}

impl TaskSpec {
    /// Fixes what a task of a plan is run with. `folder` is where checks are detected.
    pub fn new(
        key: &TaskKey,
        plan: &Plan,
        task: &Task,
        loaded: &Loaded,
        single_task: bool,
        folder: &Path,
    ) -> Result<Self> {
        let config = &loaded.config;
        let fields = task.fields.over(&plan.defaults);
        let agent = agent_of(loaded)?;
        if agent.permissions == Permissions::All && !config.safety.allow_unsandboxed_all {
            return Err(Error::new(ErrorKind::Config, "permissions = \"all\" switches the agent's own checks off")
                .hint("use permissions = \"commands\", or set safety.allow_unsandboxed_all = true in your own config.toml"));
        }
        if agent.permissions == Permissions::All
            && matches!(loaded.origin("safety.allow_unsandboxed_all"), Layer::Repository | Layer::Editor)
        {
            return Err(Error::new(
                ErrorKind::Config,
                "a repository or an editor may not switch the agent's own checks off",
            )
            .hint("set safety.allow_unsandboxed_all in your own config.toml"));
        }
        let verifiers = verifiers(config, task, &fields, || alfine_verify::detect(folder, &[]));
        Ok(Self {
            plan_title: plan.title.clone(),
            goal: plan.goal.clone(),
            task: task.clone(),
            agent,
            isolation: config.isolation,
            commands: commands(key, &verifiers, loaded),
            verifiers,
            green: config.verification.green,
            yellow: config.verification.yellow,
            copy: config.worktree.copy.clone(),
            link: config.worktree.link.clone(),
            setup: config.worktree.setup.clone(),
            on_done: config.on_done,
            single_task: single_task || fields.single_task.is_some_and(|field| field.value),
            pass_env: config.safety.pass_env.clone(),
            mask: config.safety.mask.clone(),
            may_commit: config.safety.may_commit.clone(),
            machine: machine_settings(config),
            prepared: false,
            brought: Vec::new(),
            never_kept: Vec::new(),
            chain: None,
        })
    }

    /// What a loop was begun with.
    pub fn of(row: &LoopRow) -> Result<Self> {
        let mut spec: Self = serde_json::from_value(row.settings.clone())
            .map_err(|error| unreadable("settings", row, &error))?;
        // The plan may have been renumbered since.
        spec.task.id.clone_from(&row.task.id);
        Ok(spec)
    }

    /// The settings that are kept with a loop.
    pub(crate) fn to_settings(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("a loop's settings cannot be saved: {error}"))
        })
    }
}

/// What the loop of a task would run that the user must have allowed: the same as in its [`TaskSpec`]. `detected` are
/// the checks that the repository itself shows.
pub fn commands_of(
    key: &TaskKey,
    plan: &Plan,
    task: &Task,
    loaded: &Loaded,
    detected: &[VerifierSpec],
) -> Vec<TrustItem> {
    let fields = task.fields.over(&plan.defaults);
    commands(key, &verifiers(&loaded.config, task, &fields, || detected.to_vec()), loaded)
}

/// What runs on this machine because the repository or the plan says so.
fn commands(key: &TaskKey, verifiers: &[VerifierSpec], loaded: &Loaded) -> Vec<TrustItem> {
    let mut items = alfine_config::trust::items_of_config(loaded);
    let raised = loaded.raised_limits().into_iter().filter(|raised| raised.by == Layer::Task);
    items.extend(raised.map(|raised| TrustItem::new(format!("{key}: {}", raised.key), raised.text)));
    // The repository's own checks in the configuration are among these items; the user's own checks need no approval.
    let configured = |command: &str| {
        loaded.config.verifiers.iter().any(|verifier| verifier.command.as_deref() == Some(command))
    };
    for verifier in verifiers {
        if let VerifierKind::Command { command } = &verifier.kind
            && !configured(command)
        {
            let origin = match verifier.criterion {
                Some(n) => format!("{key}: criterion {}", n + 1),
                None => format!("{key}: check {}", verifier.name),
            };
            items.push(TrustItem::new(origin, command));
        }
    }
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.command.clone()));
    items
}

fn agent_of(loaded: &Loaded) -> Result<AgentSpec> {
    let config = &loaded.config;
    let adapter = alfine_agents::adapter(&config.agent)?;
    let own = config.agents.get(&config.agent).cloned().unwrap_or_default();
    Ok(AgentSpec {
        name: adapter.name().to_owned(),
        command: match (own.command, own.prompt) {
            (Some(command), alfine_config::PromptVia::Argument) if !command.contains("{prompt}") => {
                Some(format!("{command} {{prompt}}"))
            }
            (command, _) => command,
        },
        args: own.args,
        env: own.env,
        model: loaded.model().map(str::to_owned),
        permissions: loaded.permissions(),
    })
}

/// What must pass: what the criteria and the plan name, then the configuration's checks, or, where it names none, what
/// the repository itself shows.
fn verifiers(
    config: &Config,
    task: &Task,
    fields: &Fields,
    detect: impl FnOnce() -> Vec<VerifierSpec>,
) -> Vec<VerifierSpec> {
    let bound = task.criteria.iter().enumerate().filter_map(|(n, criterion)| {
        let command = criterion.command.as_deref()?;
        Some(VerifierSpec { criterion: Some(n), ..VerifierSpec::command(command) })
    });
    let named = fields.verify.iter().map(|field| VerifierSpec::command(&field.value));
    let configured = config.verifiers.iter().map(|verifier| VerifierSpec {
        name: verifier.name.clone(),
        kind: match (&verifier.kind, &verifier.command) {
            (alfine_config::VerifierKind::Command, Some(command)) => {
                VerifierKind::Command { command: command.clone() }
            }
            _ => VerifierKind::CleanTree { paths: Vec::new() },
        },
        weight: verifier.weight,
        timeout: verifier.timeout.get(),
        required: verifier.required,
        criterion: None,
    });
    let mut all: Vec<VerifierSpec> = bound.chain(named).chain(configured).collect();
    if config.verifiers.is_empty() && config.verification.auto {
        for detected in detect() {
            if all.iter().all(|known| known.kind != detected.kind) {
                all.push(detected);
            }
        }
    }
    all
}

fn machine_settings(config: &Config) -> Settings {
    let limits = &config.limits;
    Settings {
        limits: limits.of_rules(),
        context: config.context,
        verify: config.verify,
        autonomy: config.autonomy,
        dialects: config.gate.clone(),
        commit: config.isolation == Isolation::Worktree,
        retry_backoff: limits.retry_backoff.get(),
        rate_limit_backoff: limits.rate_limit_backoff.get(),
    }
}

/// Checks a limit of iterations as a user gave it.
pub(crate) fn check_iterations(limit: Option<u32>) -> Result<Option<u32>> {
    limit.map(breaker::check_iteration_limit).transpose().map_err(|bad| Error::user(bad.to_string()))
}
