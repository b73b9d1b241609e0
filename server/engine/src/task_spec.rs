//! What one loop is run with: the task as its plan had it, the agent, the verifiers, the limits.
//!
//! Fixed when a loop starts, and kept with the loop: a plan or a configuration that is edited meanwhile changes
//! nothing that was not approved.

use crate::{
    Error, ErrorKind, Result, checks,
    gates::{self, Gates},
    loops::unreadable,
    start_options::{Demands, RunOptions, StartOptions},
};
use alfine_agents::Permissions;
use alfine_config::{Config, JudgedCriteria, Layer, Loaded, MessageFormat, trust::TrustItem};
use alfine_core::{
    breaker,
    commit_type::commit_type,
    machine::{HandOff, Settings},
    plan::{self, Criterion, FieldName, Fields, Isolation, Plan, ProvenBy, Task},
    task::{TaskId, TaskKey},
    text::one_line,
};
use alfine_files::programs::at_home;
use alfine_store::{LoopId, LoopLock, LoopRow, Store};
use alfine_verify::{VerifierKind, VerifierSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long an agent waits for what the checks answer before its work.
const AWAIT_BASE: Duration = Duration::from_secs(60);

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
    /// The folder that the plan's checks run in, from the root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// Whether checks are detected from what the repository contains, also for files that only the work shows.
    #[serde(default)]
    pub detects: bool,
    /// Commands among the checks that the work showed while the loop ran. They were no part of what the user was asked
    /// at the start, so it is looked up each time whether they are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<TrustItem>,
    /// Whether checks run with `CI=true`.
    #[serde(default)]
    pub ci: bool,
    /// When a check proves the work.
    #[serde(default)]
    pub proof: alfine_config::Proof,
    /// Who judges what no command decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeSpec>,
    /// What proves the task, where that is not that its work turns a check green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_by: Option<ProvenBy>,
    /// The material that the task is meant to change: globs, from the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_change: Vec<String>,
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
    /// What may be spent beyond this loop, as its settings had it when it began.
    #[serde(default)]
    pub budget: alfine_config::Budget,
    /// What is learned of it, and told to it.
    #[serde(default)]
    pub learning: alfine_config::Learning,
    /// Its progress log.
    #[serde(default)]
    pub progress_log: alfine_config::ProgressLog,
    /// Whether its plan is put into an archive when it is over.
    #[serde(default)]
    pub archive: bool,
    /// What happens when it is done.
    pub on_done: alfine_config::OnDone,
    /// Whether the agent is told to keep to this task.
    pub single_task: bool,
    /// What was demanded when the loop was started.
    #[serde(default)]
    pub demands: Demands,
    /// What is demanded of its checks beyond that they pass.
    #[serde(default)]
    pub gates: Gates,
    /// How its commit reads.
    #[serde(default)]
    pub commit: alfine_config::CommitDiscipline,
    /// What a session is told of the work before it.
    #[serde(default)]
    pub context: alfine_config::ContextRecovery,
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
    /// The tasks after which it was begun in a run of its plan, although the plan does not say that it depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_after: Vec<TaskId>,
    /// The unmerged work of other tasks that its branch begins with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub built_on: Vec<BuiltOn>,
    /// What was in the worktree from its beginning and can be in no commit, such as a repository that the setup
    /// fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_kept: Vec<PathBuf>,
    /// The iteration in which its runner died and the run of its plan went on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_on_at: Option<u32>,
    /// Whether its finished work was tried to be merged, as `on_done` says. Without it a runner died before that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub landing_tried: bool,
    /// How the plan's other tasks are started when this task is over, where an older version began the loop.
    #[serde(default, skip_serializing)]
    pub chain: Option<RunOptions>,
}

/// Unmerged work of another task that a loop began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltOn {
    /// The task, as it was called then.
    pub task: TaskKey,
    /// The loop that made the work.
    pub loop_id: LoopId,
    /// The commit that the work began from, as hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The work's commit, as hex.
    pub commit: String,
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
    /// What its tokens cost, where it does not say that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<alfine_config::Price>,
}

/// The judge of a loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeSpec {
    /// The agent.
    pub agent: AgentSpec,
    /// US dollars that it may cost to be asked once.
    pub budget_usd: f64,
    /// How long it may take to answer.
    pub timeout: Duration,
}

impl TaskSpec {
    /// Fixes what a task of a plan is run with in a repository.
    pub fn new(
        key: &TaskKey,
        plan: &Plan,
        task: &Task,
        loaded: &Loaded,
        options: &StartOptions,
        repository: &mut checks::Repository,
    ) -> Result<Self> {
        let config = &loaded.config;
        let mut fields = task.fields.over(&plan.defaults);
        let agent = agent_of(loaded, &config.agent, loaded.model(), loaded.permissions())?;
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
        let task = settled(key, task, &mut fields, config, repository);
        let verifiers = verifiers(key, config, &task, &fields, repository);
        Ok(Self {
            plan_title: plan.title.clone(),
            goal: plan.goal.clone(),
            detects: detects(config),
            folder: checks::folder(config, &key.plan),
            agent,
            isolation: config.isolation,
            commands: commands(key, &verifiers, &fields, loaded),
            verifiers,
            task,
            found: Vec::new(),
            ci: config.verification.ci,
            proof: config.proof.clone(),
            judge: judge_of(loaded)?,
            proven_by: fields.proof.as_ref().map(|field| field.value),
            may_change: fields.may_change.iter().map(|field| field.value.clone()).collect(),
            green: config.verification.green,
            yellow: config.verification.yellow,
            copy: config.worktree.copy.clone(),
            link: config.worktree.link.clone(),
            setup: config.worktree.setup.clone(),
            budget: config.budget.clone(),
            learning: config.learning.clone(),
            progress_log: config.progress_log.clone(),
            archive: config.archive,
            on_done: config.on_done,
            single_task: options.single_task
                || config.execution.single_task_mode
                || fields.single_task.is_some_and(|field| field.value),
            demands: options.demands,
            gates: Gates::of(config),
            commit: config.commit_discipline.that_counts(),
            context: config.context_recovery,
            pass_env: config.safety.pass_env.clone(),
            mask: config.safety.mask.clone(),
            may_commit: config.safety.may_commit.clone(),
            machine: machine_settings(config),
            prepared: false,
            brought: Vec::new(),
            never_kept: Vec::new(),
            also_after: Vec::new(),
            built_on: Vec::new(),
            gone_on_at: None,
            landing_tried: false,
            chain: None,
        })
    }

    /// The first line of the task's commit.
    pub(crate) fn subject(&self) -> String {
        let (id, title) = (&self.task.id.0, &self.task.title);
        match self.commit.message_format {
            MessageFormat::Simple => alfine_git::subject(id, title),
            MessageFormat::Conventional => {
                let (kind, rest) = commit_type(title);
                alfine_git::subject_of(kind.as_str(), id, rest)
            }
        }
    }

    /// The trailer of its commit that names its agent.
    pub(crate) fn co_author(&self) -> Option<(String, String)> {
        let agent = alfine_agents::adapter(&self.agent.name).ok().filter(|_| self.commit.co_author)?;
        Some(("Co-authored-by".to_owned(), agent.author()))
    }

    /// What a loop was begun with.
    pub fn of(row: &LoopRow) -> Result<Self> {
        let mut spec: Self = serde_json::from_value(row.settings.clone())
            .map_err(|error| unreadable("settings", row, &error))?;
        // The plan may have been renumbered since.
        spec.task.id.clone_from(&row.task.id);
        Ok(spec)
    }

    /// Keeps it with its loop, whose lock this is.
    pub(crate) fn save(&self, store: &mut Store, lock: &LoopLock) -> Result<()> {
        let settings = self.to_settings()?;
        Ok(store.write(|tx| tx.set_loop_settings(lock, &settings))?)
    }

    /// The settings that are kept with a loop.
    pub(crate) fn to_settings(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("a loop's settings cannot be saved: {error}"))
        })
    }
}

/// What the loop of a task would run that the user must have allowed: the same as in its [`TaskSpec`].
pub fn commands_of(
    key: &TaskKey,
    plan: &Plan,
    task: &Task,
    loaded: &Loaded,
    repository: &mut checks::Repository,
) -> Vec<TrustItem> {
    let mut fields = task.fields.over(&plan.defaults);
    let task = settled(key, task, &mut fields, &loaded.config, repository);
    commands(key, &verifiers(key, &loaded.config, &task, &fields, repository), &fields, loaded)
}

/// A task without the code that reads like no command: its criteria are then judged by their words, and what `Verify`
/// names in words is one of them.
fn settled(
    key: &TaskKey,
    task: &Task,
    fields: &mut Fields,
    config: &Config,
    repository: &checks::Repository,
) -> Task {
    let folder = checks::folder(config, &key.plan);
    let here = repository.here_for(task, fields, &folder);
    let is_check = |code: &str, said| plan::reads(code, said, &folder, &here).is_check();
    let mut task = task.clone();
    for criterion in &mut task.criteria {
        criterion.command.take_if(|code| !is_check(code, criterion.said));
    }
    task.runs.retain(|run| is_check(&run.value, run.said));
    for words in fields.verify.extract_if(.., |named| !is_check(&named.value, named.said)) {
        task.criteria.push(Criterion {
            text: format!("`{}`", words.value),
            span: words.span,
            command: None,
            said: false,
            loose: None,
            checked: false,
            checkbox: None,
        });
    }
    task
}

/// Whether checks are detected: only where none are configured.
fn detects(config: &Config) -> bool {
    config.verifiers.is_empty() && config.verification.auto
}

/// What runs on this machine because the repository or the plan says so.
fn commands(key: &TaskKey, verifiers: &[VerifierSpec], fields: &Fields, loaded: &Loaded) -> Vec<TrustItem> {
    let mut items = alfine_config::trust::items_of_config(loaded);
    let raised = loaded.raised_limits().into_iter().filter(|raised| raised.by == Layer::Task);
    items.extend(raised.map(|raised| TrustItem::new(format!("{key}: {}", raised.key), raised.text)));
    // The repository's own checks in the configuration are among these items; the user's own checks need no approval.
    let configured = |command: &str| {
        let config = &loaded.config;
        let own = config.verifiers.iter().map(|verifier| verifier.command.as_deref());
        own.chain([config.quality_gates.test_command.as_deref()]).any(|own| own == Some(command))
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
    // What a task says of itself lets less prove it. An agent can write a plan, too.
    let says = |name: FieldName, value: &str| {
        let name = name.as_str();
        TrustItem::new(format!("{key}: {name}"), format!("{name}: {value} ({key})"))
    };
    items.extend(fields.proof.as_ref().map(|field| says(FieldName::Proof, field.value.as_str())));
    items.extend(fields.may_change.iter().map(|field| says(FieldName::MayChange, &field.value)));
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.command.clone()));
    items
}

/// The judge, if one is named. It only reads, so it needs no more than the least permissions.
fn judge_of(loaded: &Loaded) -> Result<Option<JudgeSpec>> {
    let judge = &loaded.config.judge;
    let Some(name) = &judge.agent else { return Ok(None) };
    let own = loaded.config.agents.get(name).and_then(|agent| agent.model.as_deref());
    let agent = agent_of(loaded, name, judge.model.as_deref().or(own), Permissions::Edits)?;
    Ok(Some(JudgeSpec { agent, budget_usd: judge.budget_usd, timeout: judge.timeout.get() }))
}

/// The agent that does the work, where it is to read only. It needs no more than the least permissions for that.
pub(crate) fn reader_of(loaded: &Loaded) -> Result<AgentSpec> {
    agent_of(loaded, &loaded.config.agent, loaded.model(), Permissions::Edits)
}

fn agent_of(loaded: &Loaded, name: &str, model: Option<&str>, permissions: Permissions) -> Result<AgentSpec> {
    let adapter = alfine_agents::adapter(name)?;
    let own = loaded.config.agents.get(name).cloned().unwrap_or_default();
    Ok(AgentSpec {
        name: adapter.name().to_owned(),
        command: match (own.command.map(quoted_path), own.prompt) {
            (Some(command), alfine_config::PromptVia::Argument) if !command.contains("{prompt}") => {
                Some(format!("{command} {{prompt}}"))
            }
            (command, _) => command,
        },
        args: own.args,
        env: own.env,
        model: model.map(str::to_owned),
        permissions,
        price: own.price,
    })
}

/// A path with blanks in it is one word of the command line, if there is such a file.
fn quoted_path(command: String) -> String {
    let path = at_home(OsStr::new(&command));
    match command.contains(char::is_whitespace) && Path::new(&path).is_file() {
        true => shell_words::quote(&path.to_string_lossy()).into_owned(),
        false => command,
    }
}

/// What must pass: what the criteria and the plan name, then the configuration's checks, or, where it names none, what
/// the repository itself shows.
fn verifiers(
    key: &TaskKey,
    config: &Config,
    task: &Task,
    fields: &Fields,
    repository: &mut checks::Repository,
) -> Vec<VerifierSpec> {
    let folder = checks::folder(config, &key.plan);
    let bound = task.criteria.iter().enumerate().filter_map(|(n, criterion)| {
        let command = criterion.command.as_deref()?;
        Some(VerifierSpec { criterion: Some(n), ..VerifierSpec::command(command).within(&folder) })
    });
    let of_task =
        |command: &str| VerifierSpec { of_task: true, ..VerifierSpec::command(command).within(&folder) };
    let named = fields.verify.iter().map(|field| of_task(&field.value));
    let runs = task.runs.iter().map(|run| of_task(&run.value));
    let configured = config.verifiers.iter().map(|verifier| VerifierSpec {
        name: verifier.name.clone(),
        kind: gates::kind_of(verifier),
        weight: verifier.weight,
        timeout: verifier.timeout.get(),
        required: verifier.required,
        folder: String::new(),
        criterion: None,
        of_task: false,
        uses: verifier.uses.clone(),
    });
    // Where nothing compares its answers, a judge's word is none.
    let judges = config.judge.agent.is_some() && config.proof.control != alfine_config::Control::Off;
    let is_prose = |criterion: &&Criterion| criterion.command.is_none() && !criterion.checked;
    let judged =
        task.criteria.iter().enumerate().filter(|_| judges && config.judge.criteria == JudgedCriteria::Prose);
    let judged = judged.filter(|(_, criterion)| is_prose(criterion)).map(|(n, criterion)| VerifierSpec {
        criterion: Some(n),
        of_task: true,
        ..VerifierSpec::new(
            format!("judge: {}", one_line(&criterion.text)),
            VerifierKind::Llm { question: criterion.text.clone() },
        )
    });
    let mut all: Vec<VerifierSpec> = bound.chain(named).chain(configured).chain(judged).collect();
    all.extend(unknown(&all, runs.collect()));
    let mut detect = || repository.detector.detect(&folder, &checks::named_files(task, &folder));
    let demanded = gates::verifiers(config, task, &all, &mut detect);
    all.extend(unknown(&all, demanded));
    if detects(config) {
        let detected = gates::detected(config.quality_gates.test_command.is_some(), detect());
        all.extend(unknown(&all, detected));
    }
    all
}

/// Those of `more` that run something else than `known`, each once.
pub(crate) fn unknown(known: &[VerifierSpec], more: Vec<VerifierSpec>) -> Vec<VerifierSpec> {
    let mut added: Vec<VerifierSpec> = Vec::new();
    for spec in more {
        if !known.iter().chain(&added).any(|other| other.does_as(&spec)) {
            added.push(spec);
        }
    }
    added
}

fn machine_settings(config: &Config) -> Settings {
    let limits = &config.limits;
    Settings {
        limits: limits.of_rules(),
        context: config.context,
        verify: config.verify,
        autonomy: config.autonomy,
        unproven: config.proof.unproven,
        await_base: match config.proof.control {
            alfine_config::Control::Off => None,
            alfine_config::Control::Auto => Some(AWAIT_BASE),
            alfine_config::Control::Before => Some(Duration::from_secs(7 * 24 * 3600)),
        },
        dialects: config.gate.clone(),
        asks_budgets: true,
        handoff: handoff(config),
        commit: config.isolation == Isolation::Worktree,
        retry_backoff: limits.retry_backoff.get(),
        rate_limit_backoff: limits.rate_limit_backoff.get(),
    }
}

fn handoff(config: &Config) -> Option<HandOff> {
    let own = config.agents.get(&config.agent);
    let percent = config.context_recovery.auto_handoff?;
    Some(HandOff { percent, window: own.and_then(|agent| agent.context_window) })
}

/// Checks a limit of iterations as a user gave it.
pub(crate) fn check_iterations(limit: Option<u32>) -> Result<Option<u32>> {
    limit.map(breaker::check_iteration_limit).transpose().map_err(|bad| Error::user(bad.to_string()))
}
