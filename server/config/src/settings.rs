//! Every setting: its name, its type, its bounds, its default, and in its doc comment its documentation.

use super::{
    duration::{HumanDuration, amount},
    settings_demands::{
        AcceptanceCriteria, BrowserVerify, CommitDiscipline, ContextRecovery, Execution, QualityGates,
    },
};
use alfine_agents::{KNOWN, Permissions};
use alfine_core::{
    agent::Usage,
    breaker::{self, Rule},
    budget,
    gate::Dialects,
    lint::LintOptions,
    machine::{self, VerifyWhen},
    plan::{Autonomy, ContextMode, Isolation, Lands},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How Alfine runs loops. Settings come from the user's `config.toml`, the repository's `alfine.toml`, the editor, the
/// task and the command line. Each setting is taken from the last of these places that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(title = "alfine.toml")]
pub struct Config {
    /// The agent that does the work.
    #[schemars(schema_with = "agent_name")]
    pub agent: String,
    /// The model that the agent is asked to use. Defaults to the agent's own model. If the same place also sets
    /// `agents.<name>.model`, that value wins.
    #[schemars(extend("format" = "argument"), example = &"sonnet")]
    pub model: Option<String>,
    /// Whether later iterations resume the agent's session (`resume`), or each iteration starts a new session
    /// (`fresh`).
    #[schemars(schema_with = "context_mode")]
    pub context: ContextMode,
    /// Where the agent works: in a git worktree of its own (`worktree`), or in your own working tree (`in-place`).
    #[schemars(schema_with = "isolation")]
    pub isolation: Isolation,
    /// What happens to the work of a task that is done.
    pub on_done: OnDone,
    /// Which branch the finished work of a plan that is run as a whole lands on: the one that was checked out when it began, as
    /// `on_done` says (`target`), or one of the run's own, each task as soon as it is done (`branch`), until `alfine merge PLAN`
    /// merges the whole.
    #[schemars(schema_with = "lands")]
    pub lands: Lands,
    /// How many tasks of a plan that is run as a whole are worked on at a time, each in a worktree of its own.
    #[schemars(range(min = 1, max = 16))]
    pub max_parallel: u32,
    /// Which tasks of a plan that is run as a whole come first.
    pub dependencies: Dependencies,
    /// When verifiers run.
    pub verify: VerifyWhen,
    /// How much a loop decides by itself when the agent says that it is done: `guarded` asks you if the result of the
    /// verifiers is yellow, `full_auto` treats yellow as done, `manual` asks you even if the result is green.
    #[schemars(schema_with = "autonomy")]
    pub autonomy: Autonomy,
    /// What the agent may do without asking.
    pub permissions: Permissions,
    /// More files that are plans, as globs from the repository's root, such as `notes/work/*.md`. Files that are called
    /// `PLAN.md`, `plan.md`, `*.plan.md`, `IMPLEMENTATION_PLAN.md`, `TODO.md`, `PRD.md`, `tasks.md` or `fix_plan.md` are
    /// plans wherever git does not ignore them, and so are the plans of other tools in their places and every Markdown
    /// file in `.alfine/plans/`.
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub plans: Vec<String>,
    /// When a loop is stopped.
    pub limits: Limits,
    /// What may be spent beyond a single loop.
    pub budget: Budget,
    /// What is learned in a repository, and told to later tasks.
    pub learning: Learning,
    /// The progress log: what each iteration did, for those after it.
    pub progress_log: ProgressLog,
    /// Whether a plan that is over is put into an archive: the plan, its `progress.md`, a `summary.md` (tasks, proofs, cost) and
    /// its `final-diff.patch` go to `.alfine/archive/<day>-<name>/` of your working tree, as files that you commit or not. Of a
    /// plan that is over nothing is archived twice, and nothing is overwritten.
    pub archive: bool,
    /// What a new worktree gets of the files that git ignores.
    pub worktree: Worktree,
    /// Checks that Alfine runs itself, in addition to those that it detects and those that criteria name.
    pub verifiers: Vec<Verifier>,
    /// Where verifiers run, and how their results are judged.
    pub verification: Verification,
    /// When a check proves the work, and what is done where none does.
    pub proof: Proof,
    /// Who judges what no command decides.
    pub judge: Judge,
    /// What is demanded of the acceptance criteria of every task.
    pub acceptance_criteria: AcceptanceCriteria,
    /// What the checks of every task must do.
    pub quality_gates: QualityGates,
    /// A look at the pages in a headless browser.
    pub browser_verify: BrowserVerify,
    /// What is demanded of finished work before it is committed, and how its commit reads.
    pub commit_discipline: CommitDiscipline,
    /// How a plan is gone through.
    pub execution: Execution,
    /// What an agent's session is told of the work before it.
    pub context_recovery: ContextRecovery,
    /// Settings of one agent, under its name.
    #[schemars(schema_with = "agents")]
    pub agents: BTreeMap<String, Agent>,
    /// Thresholds and word lists of the lints, which check plans.
    pub lint: LintOptions,
    /// Other ways for an agent to say that it is done, in addition to the completion gate.
    pub gate: Dialects,
    /// What is kept from the agent, and what is kept out of the logs.
    pub safety: Safety,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            agent: "claude".to_owned(),
            model: None,
            context: ContextMode::default(),
            isolation: Isolation::default(),
            on_done: OnDone::default(),
            lands: Lands::default(),
            max_parallel: 1,
            dependencies: Dependencies::default(),
            verify: VerifyWhen::default(),
            autonomy: Autonomy::default(),
            permissions: Permissions::default(),
            plans: Vec::new(),
            limits: Limits::default(),
            budget: Budget::default(),
            learning: Learning::default(),
            progress_log: ProgressLog::default(),
            archive: false,
            worktree: Worktree::default(),
            verifiers: Vec::new(),
            verification: Verification::default(),
            proof: Proof::default(),
            judge: Judge::default(),
            acceptance_criteria: AcceptanceCriteria::default(),
            quality_gates: QualityGates::default(),
            browser_verify: BrowserVerify::default(),
            commit_discipline: CommitDiscipline::default(),
            execution: Execution::default(),
            context_recovery: ContextRecovery::default(),
            agents: BTreeMap::new(),
            lint: LintOptions::default(),
            gate: Dialects::default(),
            safety: Safety::default(),
        }
    }
}

/// What happens to the work of a task that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDone {
    /// It stays on its branch until you merge or discard it.
    #[default]
    Ask,
    /// It is merged into the branch that it was based on.
    Merge,
    /// Its branch is pushed, and a pull request is opened with the `gh` CLI.
    Pr,
}

/// Which tasks of a plan that is run as a whole come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Dependencies {
    /// Whether a task of which the plan says nothing waits for the one that makes what it names: a table before the code that
    /// names it, a type before its consumers, an endpoint before the page that calls it. Only names that one task alone makes
    /// count: files, endpoints, and what stands in backticks. It orders the tasks of a plan that is run as a whole, and never
    /// keeps back one that you start by itself. `Depends on: none` says that a task waits for nothing.
    pub detect: bool,
}

impl Default for Dependencies {
    fn default() -> Self {
        Self { detect: true }
    }
}

/// When a loop is stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// How many iterations a loop may have. Only iterations that are judged count. The hard limit is 50.
    #[schemars(range(min = 1, max = 50))]
    pub iterations: u32,
    /// The most iterations that a task may say for itself, or that a loop is given when it is started or goes on; 50 at most.
    #[schemars(range(min = 1, max = 50))]
    pub hard_limit: u32,
    /// Consecutive iterations without a change.
    #[schemars(range(min = 1, max = 50))]
    pub no_change: u32,
    /// Consecutive iterations with the same error.
    #[schemars(range(min = 1, max = 50))]
    pub same_error: u32,
    /// How many times the agent may say that it is done while the verifiers say no.
    #[schemars(range(min = 1, max = 50))]
    pub rework: u32,
    /// US dollars that the loop may cost. No limit unless it is set.
    #[schemars(range(min = 0.01, max = 1_000_000.0), example = 5.0)]
    pub cost_usd: Option<f64>,
    /// Tokens that the loop may use. No limit unless it is set.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64), example = 2_000_000)]
    pub tokens: Option<u64>,
    /// Running time of the loop, not counting the time that it waits.
    pub wall_time: HumanDuration,
    /// Time without output after which the agent is ended. The iteration then counts as an error.
    pub stall: HumanDuration,
    /// Time without a first sign of life from the agent after which a warning is shown.
    pub startup_warning: HumanDuration,
    /// Time without a first sign of life from the agent after which it is ended.
    pub startup: HumanDuration,
    /// How long the loop waits for an agent's service that fails or cannot be reached, trying again and again, before it
    /// stops.
    pub outage: HumanDuration,
    /// The first pause after a run that crashed, or whose service failed. Each further pause is twice as long, up to 5
    /// minutes.
    pub retry_backoff: HumanDuration,
    /// The first pause after a usage limit whose end is not known. Each further pause is twice as long, up to 30
    /// minutes.
    pub rate_limit_backoff: HumanDuration,
    /// Consecutive runs of the agent that crashed, or ended in a way that is not known.
    #[schemars(range(min = 1, max = 50))]
    pub agent_failing: u32,
    /// Consecutive iterations in which the same tool was denied.
    #[schemars(range(min = 1, max = 50))]
    pub permission: u32,
    /// How many times the tree may go back to an earlier state (A, B, A, B).
    #[schemars(range(min = 1, max = 50))]
    pub oscillation: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = breaker::Limits::default();
        let machine = machine::Settings::default();
        let length = |duration: Duration| HumanDuration::from_secs(duration.as_secs());
        Self {
            iterations: limits.count(Rule::Iterations),
            hard_limit: limits.hard,
            no_change: limits.count(Rule::NoChange),
            same_error: limits.count(Rule::SameError),
            rework: limits.count(Rule::Rework),
            cost_usd: limits[Rule::Cost],
            tokens: limits[Rule::Tokens].map(|limit| limit as u64),
            wall_time: length(limits.time(Rule::WallTime)),
            stall: length(limits.time(Rule::Stall)),
            startup_warning: length(limits.startup_warning),
            startup: length(limits.time(Rule::Startup)),
            outage: length(limits.time(Rule::Outage)),
            retry_backoff: length(machine.retry_backoff),
            rate_limit_backoff: length(machine.rate_limit_backoff),
            agent_failing: limits.count(Rule::AgentFailing),
            permission: limits.count(Rule::Permission),
            oscillation: limits.count(Rule::Oscillation),
        }
    }
}

impl Limits {
    /// Returns the breaker's limits. The table of rules names the setting of each rule; a rule without a setting has
    /// its default.
    pub fn of_rules(&self) -> breaker::Limits {
        let mut limits = breaker::Limits::default();
        limits.startup_warning = self.startup_warning.get();
        limits.hard = self.hard_limit;
        // Numbers and texts can always be written as JSON.
        let said = serde_json::to_value(self).unwrap_or_default();
        for rule in Rule::ALL {
            if let Some(value) = said.get(rule.info().setting) {
                limits[rule] = amount(value);
            }
        }
        limits
    }
}

/// What may be spent beyond a single loop. Before each run of an agent, what such runs cost before is taken for what the next
/// one will cost, and kept back for it, so that loops side by side cannot pass a budget together. A run that would pass
/// one is not begun: you are asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Budget {
    /// US dollars that one run of a plan may cost, from its start until it is over.
    #[schemars(range(min = 0.01, max = 1_000_000.0), example = 10.0)]
    pub plan_usd: Option<f64>,
    /// US dollars that all loops of all your repositories may cost on one day.
    #[schemars(range(min = 0.01, max = 1_000_000.0), example = 50.0)]
    pub day_usd: Option<f64>,
    /// The time for which agents may work for one run of a plan. What runs side by side counts once.
    #[schemars(example = &"8h")]
    pub plan_time: Option<HumanDuration>,
}

impl Budget {
    /// As the rules of the product have it.
    pub fn of_rules(&self) -> budget::Budgets {
        let plan_time = self.plan_time.map(HumanDuration::get);
        budget::Budgets { plan_usd: self.plan_usd, day_usd: self.day_usd, plan_time }
    }
}

/// What is learned in a repository, and told to later tasks. Alfine itself observes it, in the answers of checks, in trees and in
/// how the agent's commands ended; what an agent says is never learned. It is kept in the repository's database, 500
/// learnings at most, is forgotten when it was not seen for long (each 30 days halve its weight), and is shown by
/// `alfine learnings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Learning {
    /// Whether anything is learned, and told. `alfine run --learn` says so for one run.
    pub enabled: bool,
    /// Whether it is learned which files are changed together in work that is proven or merged.
    pub extract_file_patterns: bool,
    /// Whether it is learned which commands failed and then passed, with what was changed in between or what set them up.
    pub extract_command_patterns: bool,
    /// How many learnings a prompt has at most: those that fit the task best.
    #[schemars(range(min = 0, max = 100))]
    pub max_learnings_injected: u32,
}

impl Default for Learning {
    fn default() -> Self {
        Self {
            enabled: false,
            extract_file_patterns: true,
            extract_command_patterns: true,
            max_learnings_injected: 10,
        }
    }
}

/// The progress log: `.alfine/progress.md` in a loop's working tree, an entry for each iteration. It is in no commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProgressLog {
    /// Whether it is written, and told to the agent.
    pub enabled: bool,
    /// How many of its last entries a prompt has.
    #[schemars(range(min = 0, max = 200))]
    pub max_entries_injected: u32,
    /// After how many entries a log is put away as `progress-<n>.md` and a new one begun, and after how many iterations in the
    /// repository it is said that `alfine learnings propose` has something for `AGENTS.md`.
    #[schemars(range(min = 1, max = 10_000))]
    pub consolidation_threshold: u32,
}

impl Default for ProgressLog {
    fn default() -> Self {
        Self { enabled: true, max_entries_injected: 20, consolidation_threshold: 50 }
    }
}

/// What a new worktree gets of the files that git ignores.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Worktree {
    /// Files to copy, as globs from the repository's root, such as `.env`. A path that is there is taken as it is written:
    /// `app/[id]/.env` names a folder that is called `[id]`.
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub copy: Vec<String>,
    /// Paths to link to, relative to the repository's root, such as `node_modules`. A path such as `../lib` names what lies
    /// beside the repository, so that a manifest finds it from the worktree, too; the agent can then change it, and nothing
    /// watches that. A repository that names such a path needs your approval.
    #[schemars(extend("items" = {"type": "string", "format": "near-path"}))]
    pub link: Vec<String>,
    /// A shell command that is run once in each new worktree, such as `npm ci`.
    #[schemars(length(min = 1), example = &"npm ci")]
    pub setup: Option<String>,
}

/// A check that Alfine runs itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verifier {
    /// The name of the verifier. Each verifier needs a different one.
    #[schemars(length(min = 1, max = 80), example = &"test")]
    pub name: String,
    /// What the verifier checks.
    #[serde(default)]
    pub kind: VerifierKind,
    /// The shell command of a verifier of the kind `command`. It passes if its exit status is 0.
    #[serde(default)]
    #[schemars(length(min = 1), example = &"npm test")]
    pub command: Option<String>,
    /// What has to hold for a verifier of the kind `llm`, in words: the judge (`judge.agent`) is asked.
    #[serde(default)]
    #[schemars(length(min = 1, max = 4000), example = &"No function of the public API lost its documentation.")]
    pub question: Option<String>,
    /// The command line of the language server of a verifier of the kind `diagnostics`, such as `rust-analyzer` or
    /// `pyright-langserver --stdio`. It speaks over its standard input and output, and is not run through a shell. It is
    /// shown the files that the work changed; errors that it does not have on the tree before the work are findings.
    #[serde(default)]
    #[schemars(length(min = 1), example = &"rust-analyzer")]
    pub server: Option<String>,
    /// Globs of the changed files that a language server is shown, from the repository's root. By default those of its
    /// languages, and of a server that Alfine does not know, all of a known language.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub files: Vec<String>,
    /// The shell command that serves the pages of a verifier of the kind `browser`. It has to listen on the port that it gets
    /// as `{port}` and in the variable `PORT`, and is ended when all was looked at.
    #[serde(default)]
    #[schemars(length(min = 1), example = &"npm run dev -- --port {port}")]
    pub serve: Option<String>,
    /// The page that a headless Chromium opens, with `{port}` for the port.
    #[serde(default)]
    #[schemars(length(min = 1), example = &"http://localhost:{port}/")]
    pub url: Option<String>,
    /// More pages, as paths below `url`, such as `about`. Each has to be as expected, and a picture is kept of each.
    #[serde(default)]
    pub pages: Vec<String>,
    /// How long a page may take to show all that is expected.
    #[serde(default = "Verifier::default_wait")]
    pub wait: HumanDuration,
    /// What each page has to show.
    #[serde(default)]
    pub expect: Expect,
    /// Whether an error in the console of a page is a failure.
    #[serde(default = "Verifier::default_required")]
    pub no_console_errors: bool,
    /// The verifier's share of the score.
    #[serde(default = "Verifier::default_weight")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub weight: f64,
    /// How long the verifier may run.
    #[serde(default = "Verifier::default_timeout")]
    pub timeout: HumanDuration,
    /// Whether the result is red while this verifier fails, so that the agent has to go on working.
    #[serde(default = "Verifier::default_required")]
    pub required: bool,
    /// What the verifier uses that only one check can use at a time, in a word of your own: `["db"]`. Checks that share a
    /// word, in whatever loops of the repository, wait for each other.
    #[serde(default)]
    pub uses: Vec<String>,
}

impl Verifier {
    /// One that opens a page, with the defaults.
    pub fn of_pages(name: &str, serve: String, url: String) -> Self {
        Self {
            name: name.to_owned(),
            kind: VerifierKind::Browser,
            command: None,
            question: None,
            server: None,
            files: Vec::new(),
            serve: Some(serve),
            url: Some(url),
            pages: Vec::new(),
            wait: Self::default_wait(),
            expect: Expect::default(),
            no_console_errors: Self::default_required(),
            weight: Self::default_weight(),
            timeout: Self::default_timeout(),
            required: Self::default_required(),
            uses: Vec::new(),
        }
    }

    fn default_weight() -> f64 {
        1.0
    }

    fn default_timeout() -> HumanDuration {
        HumanDuration::from_secs(300)
    }

    fn default_wait() -> HumanDuration {
        HumanDuration::from_secs(10)
    }

    fn default_required() -> bool {
        true
    }
}

/// What a page has to show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Expect {
    /// Texts that are to be seen.
    pub texts: Vec<String>,
    /// CSS selectors of elements that are to be there.
    pub selectors: Vec<String>,
}

/// What a verifier checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerifierKind {
    /// That a command passes.
    #[default]
    Command,
    /// That nothing but the work, which Alfine commits itself, is left uncommitted.
    CleanTree,
    /// That the judge finds that something holds.
    Llm,
    /// That pages show in a browser what they are to show.
    Browser,
    /// That a language server has no new errors in the files that the work changed.
    Diagnostics,
}

/// Where verifiers run, and how their results are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Verification {
    /// The lowest score at which a result is green, provided that every required verifier passed.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub green: f64,
    /// The lowest score at which a result is yellow. Below it, the result is red.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub yellow: f64,
    /// Whether verifiers are detected from what the repository contains, such as `cargo test`: in the folder that the
    /// plan's checks run in, or else in the nearest one above it, and above the files that a task names or changes.
    pub auto: bool,
    /// The folder that a plan's commands run in and that verifiers are detected in, as a path from the repository's root;
    /// `.` is the root. By default it is the folder of the plan; for a plan in a folder of documents such as `docs`,
    /// `plans`, `specs` or `.alfine`, it is the folder that holds this one. A task, or a plan's front matter, can say
    /// another one with `Checks run in`. The commands of `verifiers` always run at the root.
    #[schemars(extend("format" = "inner-path"), example = &".")]
    pub folder: Option<String>,
    /// Whether verifiers run with `CI=true`, so that test runners neither wait for changes nor ask. A `CI` of your own
    /// environment is passed on as it is. Agents and the setup of a worktree run without it.
    pub ci: bool,
}

impl Default for Verification {
    fn default() -> Self {
        Self { green: 0.9, yellow: 0.6, auto: true, folder: None, ci: true }
    }
}

/// When a check proves the work, and what is done where none does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Proof {
    /// Whether a check that passes is compared with its controls (`auto`): the same check on the tree that the loop started
    /// from, there with the loop's tests, and on the loop's work with the tests of before. `off` takes each check that
    /// passes for a proof. The first of these runs is made when the loop begins, before the agent for a minute at most
    /// (`before` waits for all of it), so that the agent is told what passed and failed before it.
    pub control: Control,
    /// What happens where all checks pass and none of them proves the work: you are asked (`ask`), or the work is taken
    /// (`take`). With `autonomy = "full_auto"` it is always taken. Checks that were weakened are never taken.
    pub unproven: machine::Unproven,
    /// Globs of files, from the repository's root, that decide what checks say and are not the work, in addition to tests,
    /// snapshots, configuration of tools, manifests, build files and pipelines as their tools name them.
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub material: Vec<String>,
    /// Globs of files, from the repository's root, that are the work, however they are called.
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub work: Vec<String>,
    /// How many working trees of Alfine's own a repository has at once for its checks. A loop whose checks are due waits
    /// for a free one.
    #[schemars(range(min = 1, max = 16))]
    pub benches: u32,
    /// A shell command that is run on a tree of Alfine's own before each run of a check there, to give the check the same
    /// services each time, such as an empty database. It gets the number of that tree in `ALFINE_BENCH`, as checks do, so that
    /// two at once can each have their own: `shop_test_$ALFINE_BENCH`. If it fails, the check is not run.
    #[schemars(length(min = 1), example = &"sh scripts/reset-db.sh")]
    pub before: Option<String>,
    /// What every check of this repository uses that only one can use at a time, in a word of your own, such as a port or a
    /// database: `["db"]`. Checks that share a word wait for each other. A verifier has such a list of its own, too.
    pub uses: Vec<String>,
    /// What is run before finished work lands on a branch that has moved, on what it makes of that branch: all checks of the task
    /// (`full`), or only those of its criteria (`criteria`). What the checks saw lands without another run.
    pub landing: LandingChecks,
}

/// Which checks decide whether work lands on a branch that has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LandingChecks {
    /// All of the task's.
    #[default]
    Full,
    /// Those of its criteria.
    Criteria,
}

impl Default for Proof {
    fn default() -> Self {
        Self {
            control: Control::default(),
            unproven: machine::Unproven::default(),
            material: Vec::new(),
            work: Vec::new(),
            benches: 2,
            before: None,
            uses: Vec::new(),
            landing: LandingChecks::default(),
        }
    }
}

/// Whether checks are compared with their controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// They are; before the agent's first run for a minute at most, and what takes longer goes on beside it.
    #[default]
    Auto,
    /// They are, and the agent waits until all is known of the tree before its work.
    Before,
    /// They are not.
    Off,
}

/// Who judges what no command decides: an agent in a session of its own, which reads the work on a tree of Alfine's own, the
/// plan, the diff and the results of the checks, and never the words of the agent that worked. It runs once all other checks
/// pass. For each answer it has to quote a line, which is looked up; and asked the same about the tree before the work, it
/// must not say the same, else its answer counts for nothing. What it refutes is reworked, what it cannot tell is asked of
/// you. What it costs is the loop's. It needs `proof.control`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Judge {
    /// The agent that judges. Without it nobody does. One that is not the agent that works sees more of its mistakes.
    /// A repository that names one needs your approval: it costs you something.
    #[schemars(schema_with = "agent_name")]
    pub agent: Option<String>,
    /// The model that it is asked to use. Defaults to `agents.<name>.model`, and then to the agent's own model.
    #[schemars(length(min = 1), extend("format" = "argument"), example = &"opus")]
    pub model: Option<String>,
    /// Which criteria it judges: those that have no command (`prose`), or none, so that it answers only verifiers of the kind
    /// `llm` (`off`).
    pub criteria: JudgedCriteria,
    /// US dollars that it may cost to be asked once: about the work, and again about the tree before it.
    #[schemars(range(min = 0.01, max = 1_000_000.0))]
    pub budget_usd: f64,
    /// How long it may take to answer.
    pub timeout: HumanDuration,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            agent: None,
            model: None,
            criteria: JudgedCriteria::default(),
            budget_usd: 1.0,
            timeout: HumanDuration::from_secs(10 * 60),
        }
    }
}

/// Which criteria a judge looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JudgedCriteria {
    /// Those that have no command.
    #[default]
    Prose,
    /// None.
    Off,
}

/// Settings of one agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agent {
    /// The program: a name on `PATH` or in a usual folder of programs such as `~/.local/bin`, or a path. It is never run
    /// through a shell.
    #[schemars(length(min = 1), extend("format" = "argument"), example = &"claude")]
    pub command: Option<String>,
    /// More arguments, one text each. They come before the arguments that Alfine passes.
    pub args: Vec<String>,
    /// Environment variables to set for the agent. A `~` at the beginning of a value is your home.
    pub env: BTreeMap<String, String>,
    /// The model that this agent is asked to use.
    #[schemars(length(min = 1), extend("format" = "argument"), example = &"sonnet")]
    pub model: Option<String>,
    /// What this agent may do without asking. Defaults to the setting `permissions`.
    pub permissions: Option<Permissions>,
    /// How the agent `command` gets its prompt.
    pub prompt: PromptVia,
    /// What this agent's tokens cost, for an agent that says how many it used and not what they cost. Zeros say that it costs
    /// nothing.
    pub price: Option<Price>,
    /// How many tokens its model's context holds, for a model that Alfine does not know.
    #[schemars(range(min = 1_000, max = 100_000_000), example = 200_000)]
    pub context_window: Option<u64>,
}

/// What tokens cost, in US dollars for each million.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Price {
    /// Tokens that it reads.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub input: f64,
    /// Tokens that it reads from a cache.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub cached_input: f64,
    /// Tokens that it writes.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub output: f64,
}

impl Price {
    /// What a run costs, in US dollars.
    pub fn of(self, used: &Usage) -> f64 {
        let of = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        of(used.input, self.input)
            + of(used.cache_write, self.input)
            + of(used.cache_read, self.cached_input)
            + of(used.output, self.output)
    }
}

/// How a command gets its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PromptVia {
    /// On its standard input.
    #[default]
    Stdin,
    /// As its last argument.
    Argument,
}

/// What is kept from the agent, and what is kept out of the logs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Safety {
    /// Environment variables that are passed to the agent although they look like secrets.
    #[schemars(inner(length(min = 1)))]
    pub pass_env: Vec<String>,
    /// Regular expressions for what is masked in logs and transcripts, in addition to the known shapes of secrets. The
    /// lists of all settings files are added together.
    #[schemars(length(max = 100), extend("items" = {"type": "string", "format": "regex"}))]
    pub mask: Vec<String>,
    /// Files that a task may commit although they look like keys, dependencies or leftovers of a build, or are very
    /// large, as globs from the repository's root, such as `tests/fixtures/*.pem`.
    #[schemars(extend("items" = {"type": "string", "format": "inner-glob"}))]
    pub may_commit: Vec<String>,
    /// Whether `permissions = "all"` is allowed. Agents do not run in a sandbox, so a repository cannot set this for
    /// you.
    pub allow_unsandboxed_all: bool,
}

fn agent_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": KNOWN })
}

fn agents(generator: &mut SchemaGenerator) -> Schema {
    let agent = generator.subschema_for::<Agent>();
    json_schema!({ "type": "object", "propertyNames": { "enum": KNOWN }, "additionalProperties": agent })
}

fn context_mode(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["resume", "fresh"] })
}

fn isolation(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["worktree", "in-place"] })
}

fn lands(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["target", "branch"] })
}

fn autonomy(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["full_auto", "guarded", "manual"] })
}
