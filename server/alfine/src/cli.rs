//! The command line as data: what clap reads, with help and an example for every command.

mod money;
mod plan;
mod skills;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use plan::{Format, FromArgs, NewArgs, PlanCommand, SplitArgs, ToArgs, WriterArgs, WrittenArgs};
pub(crate) use skills::{PlacesArgs, SkillsArgs, SkillsCommand};
use std::path::PathBuf;

/// Runs your coding agent on your repository, again and again, until the work is provably done.
#[derive(Debug, Parser)]
#[command(
    name = "alfine",
    version,
    about,
    after_help = "Begin with `alfine init`, then `alfine run PLAN.md`. To watch it work without a key: `alfine demo`.\n\
                  Exit status: 0 done, 1 failed, 2 could not start (usage, settings, trust, git), 3 stopped (by a breaker or by\n\
                  you), 4 needs you."
)]
pub(crate) struct Cli {
    /// Work on the repository in this folder instead of the current one.
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Everything `alfine` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a task in the foreground until it is done, stopped, or needs you; of a plan, every open task in turn.
    #[command(
        after_help = "Examples:\n  alfine run PLAN.md#US-001\n  alfine run PLAN.md --agent claude -i 5 --max-cost 2\n  alfine run PLAN.md#US-001 --json | jq ."
    )]
    Run(RunArgs),
    /// Run a task in the background, or a plan's tasks one after another. It lives on when the terminal closes.
    #[command(after_help = "Example:\n  alfine start PLAN.md#US-001 && alfine log PLAN.md#US-001 --follow")]
    Start(RunArgs),
    /// Show every task with its status, iteration, cost and what to do next.
    #[command(
        after_help = "Examples:\n  alfine status\n  alfine status PLAN.md#US-001\n  alfine status --json"
    )]
    Status(StatusArgs),
    /// Show what happened in a task's loop.
    #[command(
        after_help = "Examples:\n  alfine log PLAN.md#US-001\n  alfine log PLAN.md#US-001 --follow\n  alfine log PLAN.md#US-001 --transcript --iteration 2"
    )]
    Log(LogArgs),
    /// Show what a task's loop changed.
    #[command(
        after_help = "Examples:\n  alfine diff PLAN.md#US-001\n  alfine diff PLAN.md#US-001 --iteration 2\n  alfine diff PLAN.md#US-001 --stat\n  alfine diff PLAN.md#US-001 --json"
    )]
    Diff(DiffArgs),
    /// Show what proves a task: its criteria, their checks, and the trees on which these were run.
    #[command(
        after_help = "Examples:\n  alfine proof PLAN.md#US-001\n  alfine proof PLAN.md#US-001 --json\n  alfine proof PLAN.md#US-001 --markdown | gh pr edit --body-file -"
    )]
    Proof(ProofArgs),
    /// Run the commands of a plan's criteria now, on a tree of their own. What passes already proves no work.
    #[command(after_help = "Examples:\n  alfine check PLAN.md\n  alfine check PLAN.md#US-001 --base")]
    Check(CheckArgs),
    /// Pause a loop, or all of a plan, when its iteration is over, or, with --now, at once.
    #[command(after_help = "Examples:\n  alfine pause PLAN.md#US-001 --now\n  alfine pause PLAN.md")]
    Pause(PauseArgs),
    /// Go on with a paused, stopped, interrupted or failed loop, or with a plan that was started as a whole.
    #[command(
        after_help = "Examples:\n  alfine continue PLAN.md#US-001\n  alfine continue PLAN.md\n  alfine continue PLAN.md#US-001 -i 15\n  alfine continue PLAN.md#US-001 --reset-breaker --background"
    )]
    Continue(ContinueArgs),
    /// Stop a loop, or all of a plan, and end the agents. The work is kept, and the loops can go on later.
    #[command(after_help = "Examples:\n  alfine stop PLAN.md#US-001\n  alfine stop PLAN.md")]
    Stop(TargetArg),
    /// Give a loop's agent a note, which is added to the agent's next prompt.
    #[command(after_help = "Example:\n  alfine steer PLAN.md#US-001 \"use the existing Money type\"")]
    Steer(SteerArgs),
    /// Answer what a loop asks: a text, --approve or --reject.
    #[command(
        after_help = "Examples:\n  alfine answer PLAN.md#US-001 \"SQLite\"\n  alfine answer PLAN.md#US-001 --approve"
    )]
    Answer(AnswerArgs),
    /// Merge a done task into the branch it was based on, or a whole plan that was run on a branch of its own.
    #[command(after_help = "Examples:\n  alfine merge PLAN.md#US-001\n  alfine merge PLAN.md")]
    Merge(MergeArgs),
    /// Merge the branch that a done task was based on into its work, and let its agent go on from there.
    #[command(
        after_help = "Examples:\n  alfine rework PLAN.md#US-001\n  alfine rework PLAN.md#US-001 \"keep both menus\""
    )]
    Rework(ReworkArgs),
    /// Throw a task's worktree and branch away. Its checkpoints are kept.
    #[command(after_help = "Example:\n  alfine discard PLAN.md#US-001")]
    Discard(DiscardArgs),
    /// Set a loop's working tree back to what it was after an iteration.
    #[command(
        after_help = "Example:\n  alfine rewind PLAN.md#US-001 2   # then: alfine continue PLAN.md#US-001"
    )]
    Rewind(IterationArgs),
    /// End a loop and start a new one of the same task in the background, from what the tree was after an iteration.
    #[command(after_help = "Example:\n  alfine fork PLAN.md#US-001 2")]
    Fork(IterationArgs),
    /// Bring back what changed in your own checkout while a task's agent ran.
    #[command(
        after_help = "Examples:\n  alfine restore PLAN.md#US-001          # shows what it brings back, and asks\n  alfine restore PLAN.md#US-001 --mine   # the changes are yours: keep them"
    )]
    Restore(RestoreArgs),
    /// Allow what this repository and its plans want to run on this machine.
    #[command(
        after_help = "Examples:\n  alfine trust PLAN.md\n  alfine trust --list\n  alfine trust --revoke"
    )]
    Trust(TrustArgs),
    /// Write an `alfine.toml` and a first plan.
    #[command(after_help = "Example:\n  alfine init")]
    Init(InitArgs),
    /// Check agents, git, database and settings, and say how to fix what is wrong.
    #[command(after_help = "Examples:\n  alfine doctor\n  alfine doctor --json")]
    Doctor(JsonArg),
    /// Check a plan before it is run. The exit status is 1 if the plan has an error.
    #[command(
        after_help = "Examples:\n  alfine lint PLAN.md\n  alfine lint PLAN.md --json\n  alfine lint PLAN.md --fix"
    )]
    Lint(LintArgs),
    /// Write a plan from an idea, an issue or notes, split a task, or convert a plan to another format.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// List the skills for Claude Code and Codex that Alfine brings, write or remove them: how to write plans that can be proven.
    #[command(
        after_help = "Examples:\n  alfine skills\n  alfine skills install                  # in your home, after showing it\n  alfine skills install --claude --here  # in this repository\n  alfine skills uninstall"
    )]
    Skills(SkillsArgs),
    /// Show how Alfine reads the completion gate in an agent's message, and why.
    #[command(after_help = "Examples:\n  alfine gate message.txt\n  pbpaste | alfine gate --json")]
    Gate(GateArgs),
    /// Show what agents cost, in all repositories of yours or in this one.
    #[command(
        after_help = "Examples:\n  alfine cost\n  alfine cost --by plan --here\n  alfine cost --by agent --days 7 --json"
    )]
    Cost(CostArgs),
    /// Show how much work is proven without your help in this repository, and what it takes.
    #[command(after_help = "Examples:\n  alfine stats\n  alfine stats --json")]
    Stats(JsonArg),
    /// Show what Alfine learned in this repository, forget it, or propose it for `AGENTS.md`.
    #[command(
        after_help = "Examples:\n  alfine learnings\n  alfine learnings --forget 12\n  alfine learnings --json\n  alfine learnings propose\n\nLearned is what Alfine observed while `learning.enabled` (or `alfine run --learn`) was on, never what an agent says."
    )]
    Learnings(LearningsArgs),
    /// List worktrees, branches, transcripts and benches that nobody needs any more, or, with --remove, remove them.
    #[command(after_help = "Examples:\n  alfine gc            # lists\n  alfine gc --remove")]
    Gc(GcArgs),
    /// Play a whole loop in a throw-away repository, with a built-in agent: no key, no network.
    #[command(after_help = "Example:\n  alfine demo --keep")]
    Demo(DemoArgs),
    /// Print a shell's completion script.
    #[command(
        after_help = "Example:\n  alfine completions bash > ~/.local/share/bash-completion/completions/alfine"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print all settings, or one of them, with default and meaning; or the JSON schema of `alfine.toml`.
    #[command(
        after_help = "Examples:\n  alfine settings\n  alfine settings limits.iterations\n  alfine settings limits --json\n  alfine settings --schema > alfine.schema.json"
    )]
    Settings(SettingsArgs),
    /// Serve an editor: the language server, on standard input and output. Editors start it themselves.
    ///
    /// Logs go to standard error and to lsp.<day>.log in $XDG_STATE_HOME/alfine (~/.local/state/alfine).
    #[command(
        after_help = "Example, for Neovim 0.11:\n  vim.lsp.config.alfine = { cmd = { 'alfine', 'lsp' }, \
                            filetypes = { 'markdown', 'toml' }, root_markers = { '.git' } }\n  \
                            vim.lsp.enable('alfine')"
    )]
    Lsp {
        /// Some clients pass this. The server has no other transport.
        #[arg(long, hide = true)]
        stdio: bool,
    },
    /// The built-in agent: plays the script that ALFINE_REHEARSAL names.
    #[command(hide = true)]
    Rehearsal {
        /// The session that is resumed.
        #[arg(long)]
        session: Option<String>,
    },
    /// A runner of one loop, in the background.
    #[command(hide = true)]
    Runner {
        /// The loop's id.
        loop_id: String,
    },
}

impl Command {
    /// Whether the command steers loops, or decides for the user: an agent may not run it.
    pub(crate) fn is_the_users(&self) -> bool {
        match self {
            Self::Run(_) | Self::Start(_) | Self::Pause(_) | Self::Continue(_) | Self::Stop(_) => true,
            Self::Steer(_) | Self::Answer(_) | Self::Merge(_) | Self::Discard(_) | Self::Rewind(_) => true,
            Self::Fork(_) | Self::Restore(_) | Self::Rework(_) => true,
            Self::Plan(command) => !matches!(command, PlanCommand::To(_)),
            Self::Skills(args) => args.command.is_some(),
            Self::Trust(args) => !args.list,
            Self::Gc(args) => args.remove,
            Self::Learnings(args) => args.forget.is_some() || args.forget_all || args.action.is_some(),
            _ => false,
        }
    }
}

/// Which task, and how it is run.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// A plan, or one task of it: PLAN.md, PLAN.md#US-001; or a goal in words: "Add a coupon field".
    #[arg(value_name = "PLAN[#TASK]|GOAL")]
    pub target: String,
    /// A command that passes when the goal is reached. Can be given several times.
    #[arg(long, value_name = "COMMAND")]
    pub check: Vec<String>,
    /// What becomes of work that is done: ask, merge or pr. A goal is merged unless your settings say otherwise.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub on_done: Option<Becomes>,
    /// The most iterations, 1 to 50.
    #[arg(short = 'i', long, value_name = "N")]
    pub max_iterations: Option<u32>,
    /// How many tasks of a plan are worked on at a time, 1 to 16.
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub max_parallel: Option<u32>,
    /// Let the tasks of the plan land on a branch of the run's own, whatever happens to finished work otherwise; `alfine merge
    /// PLAN` merges the whole.
    #[arg(long)]
    pub branch: bool,
    /// Tell the agent to do this task only; for a plan, run only the first task that is ready.
    #[arg(short = '1', long)]
    pub single_task: bool,
    /// The agent: claude (Claude Code), command (any program), rehearsal (built in, plays a script).
    #[arg(long)]
    pub agent: Option<String>,
    /// The agent's model.
    #[arg(long)]
    pub model: Option<String>,
    /// Work in your own tree instead of a worktree.
    #[arg(long)]
    pub in_place: bool,
    /// Resume the agent's session in later iterations, or start each one fresh.
    #[arg(long, value_enum)]
    pub context: Option<Context>,
    /// Stop a task before its next iteration once its loop has cost this much, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = money::usd)]
    pub max_cost: Option<f64>,
    /// What the whole run of the plan may cost, in US dollars. A run of an agent that would pass it is not begun.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = money::usd)]
    pub budget: Option<f64>,
    /// What the agent may do without asking: edits (files), commands (and the shell), all (its own checks off).
    #[arg(long, value_name = "WHAT")]
    pub permissions: Option<String>,
    /// Learn from this run, and tell its agents what was learned in this repository.
    #[arg(short = 'l', long)]
    pub learn: bool,
    /// Put what is over of the plan into `.alfine/archive` now, and the plan when it is over.
    #[arg(long, visible_alias = "archive")]
    pub archive_previous: bool,
    /// Start from the working tree as it is, uncommitted changes included.
    #[arg(long)]
    pub include_uncommitted: bool,
    /// A task is done only once a check has run a test.
    #[arg(long, visible_alias = "tests")]
    pub require_tests: bool,
    /// Look at the pages in a headless browser, for every task; browser_verify.dev_server_command serves them.
    #[arg(long, visible_alias = "ui")]
    pub browser_verify: bool,
    /// Let a fresh session take over in the same iteration once the agent's context is so full, in percent.
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "90")]
    pub auto_handoff: Option<u32>,
    /// Start although a criterion has neither a command nor a judge (acceptance_criteria.require_verifiable).
    #[arg(long)]
    pub anyway: bool,
    /// Begin the task anew: one that was merged and whose box is open, or one that may be another one in other words.
    #[arg(long)]
    pub again: bool,
    /// Allow the commands that the repository and the plan name, without asking.
    #[arg(long)]
    pub trust: bool,
    /// Print each event as a line of JSON; the last line has the task.
    #[arg(long)]
    pub json: bool,
}

/// What a later iteration remembers.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Context {
    /// The session of the one before.
    Resume,
    /// Only the tree and the progress log.
    Fresh,
}

/// One task.
#[derive(Debug, Clone, Args)]
pub(crate) struct TaskArg {
    /// The task: PLAN.md#US-001.
    #[arg(value_name = "PLAN#TASK")]
    pub task: String,
}

/// One task, or a plan as a whole.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArg {
    /// The plan, or one task of it: PLAN.md, PLAN.md#US-001.
    #[arg(value_name = "PLAN[#TASK]")]
    pub target: String,
}

/// What is shown of all tasks.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Only this plan or task.
    #[arg(value_name = "PLAN[#TASK]")]
    pub target: Option<String>,
    /// Print JSON: `{"tasks": [TaskView], "runs": [RunProgress]}`.
    #[arg(long)]
    pub json: bool,
}

/// Which checks are run, and on what.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The plan, or one task.
    #[arg(value_name = "PLAN[#TASK]")]
    pub target: String,
    /// On the last commit alone, which is what a loop would start from, without what is not committed.
    #[arg(long)]
    pub base: bool,
    /// Print JSON: `{"checks": [...]}`.
    #[arg(long)]
    pub json: bool,
}

/// What is shown of a proof.
#[derive(Debug, Args)]
pub(crate) struct ProofArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// Print JSON.
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown, as it goes into a pull request.
    #[arg(long)]
    pub markdown: bool,
}

/// What is shown of a loop.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// Keep showing what happens until the loop rests.
    #[arg(short, long)]
    pub follow: bool,
    /// Show what the agent printed, instead of what happened.
    #[arg(long)]
    pub transcript: bool,
    /// Show only this iteration.
    #[arg(long, value_name = "N")]
    pub iteration: Option<u32>,
    /// Print JSON, one event on each line.
    #[arg(long)]
    pub json: bool,
}

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// Show what this iteration changed, instead of the whole loop.
    #[arg(long, value_name = "N")]
    pub iteration: Option<u32>,
    /// Show only the files and their counts.
    #[arg(long)]
    pub stat: bool,
    /// Print JSON: the commits that are compared, and the files.
    #[arg(long, conflicts_with = "stat")]
    pub json: bool,
}

/// What is shown of the ledger.
#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// By what it is summed up.
    #[arg(long, value_enum, default_value = "day")]
    pub by: CostBy,
    /// Only this repository.
    #[arg(long)]
    pub here: bool,
    /// How many days back, today included.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// Print JSON: `{"sums": [{"name", "repository", "runs", "costUsd", "unpriced", "tokens"}], "costUsd"}`.
    #[arg(long)]
    pub json: bool,
}

/// What is done with learnings.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LearningsArgs {
    /// What is done with them beyond that.
    #[command(subcommand)]
    pub action: Option<LearningsAction>,
    /// Forget this one. It is learned again if it is observed again.
    #[arg(long, value_name = "ID", conflicts_with = "forget_all")]
    pub forget: Option<i64>,
    /// Forget all.
    #[arg(long)]
    pub forget_all: bool,
    /// Print JSON: `{"learnings": [...], "proposalDue": true}`, or `{"forgotten": <count>}`.
    #[arg(long)]
    pub json: bool,
}

/// What is done with learnings beyond showing and forgetting them.
#[derive(Debug, Subcommand)]
pub(crate) enum LearningsAction {
    /// Show what would be written into `AGENTS.md`, which every later agent obeys, and write it after your yes.
    ///
    /// Proposed is what was observed at least twice, and, marked as such, what agents said of work that was merged. Only the part
    /// between the marks `alfine:learned` changes. It stays uncommitted.
    Propose(ProposeArgs),
}

/// What is answered to the proposal.
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// Write it without asking.
    #[arg(long, conflicts_with = "reject")]
    pub yes: bool,
    /// Do not write it. It is due again once there is something new.
    #[arg(long)]
    pub reject: bool,
}

/// By what costs are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CostBy {
    /// The day.
    Day,
    /// The plan.
    Plan,
    /// The agent.
    Agent,
    /// The task.
    Task,
    /// The repository.
    Repository,
}

/// What becomes of work that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Becomes {
    /// It stays on its branch.
    Ask,
    /// It is merged.
    Merge,
    /// A pull request is opened.
    Pr,
}

/// How a loop or a plan is held.
#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// What is held.
    #[command(flatten)]
    pub target: TargetArg,
    /// End the agent now instead of waiting for its iteration.
    #[arg(long)]
    pub now: bool,
}

/// How a loop goes on.
#[derive(Debug, Args)]
pub(crate) struct ContinueArgs {
    /// What goes on.
    #[command(flatten)]
    pub target: TargetArg,
    /// The new limit of iterations, up to 50.
    #[arg(short = 'i', long, value_name = "N")]
    pub max_iterations: Option<u32>,
    /// The new limit of cost, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = money::usd)]
    pub max_cost: Option<f64>,
    /// The new budget of the whole plan, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = money::usd)]
    pub budget: Option<f64>,
    /// Set the breaker's counters to zero.
    #[arg(long)]
    pub reset_breaker: bool,
    /// How it goes on.
    #[command(flatten)]
    pub how: GoOnArgs,
}

/// How a loop goes on that rested.
#[derive(Debug, Args)]
pub(crate) struct GoOnArgs {
    /// Go on with the plan's text as it was when the loop began, although it was edited since.
    #[arg(long)]
    pub keep_plan: bool,
    /// Return at once; the loop runs in the background.
    #[arg(short, long)]
    pub background: bool,
    /// Allow the commands that the repository and the plan name, without asking.
    #[arg(long)]
    pub trust: bool,
    /// Print each event as a line of JSON; the last line has the task.
    #[arg(long)]
    pub json: bool,
}

/// A note for the agent.
#[derive(Debug, Args)]
pub(crate) struct SteerArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// The note.
    pub text: String,
}

/// An answer.
#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// The answer in words; with --reject, what is missing.
    pub text: Option<String>,
    /// Answer yes.
    #[arg(long, conflicts_with = "reject")]
    pub approve: bool,
    /// Answer no.
    #[arg(long)]
    pub reject: bool,
    /// With --approve: merge the work as soon as it is done.
    #[arg(long, requires = "approve")]
    pub merge: bool,
    /// Only answer; do not continue the loop in the background.
    #[arg(long)]
    pub hold: bool,
}

/// How a task is merged, or a plan that was run on a branch of its own.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The task or the plan.
    #[command(flatten)]
    pub target: TargetArg,
    /// Merge into this branch instead of the one that it was based on.
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,
    /// Land the unmerged work of other tasks as well that this one was built on.
    #[arg(long)]
    pub with_dependencies: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is worked on again.
#[derive(Debug, Args)]
pub(crate) struct ReworkArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// A note for the agent, beside what failed.
    pub note: Option<String>,
    /// How it goes on.
    #[command(flatten)]
    pub how: GoOnArgs,
}

/// What is thrown away.
#[derive(Debug, Args)]
pub(crate) struct DiscardArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
}

/// What is brought back.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// Do not ask.
    #[arg(short, long, conflicts_with = "mine")]
    pub yes: bool,
    /// One change alone, by its number: of several that were noted, the latest is brought back without it.
    #[arg(long, value_name = "N")]
    pub change: Option<i64>,
    /// The changes are your own: bring nothing back, and say no more of them.
    #[arg(long)]
    pub mine: bool,
}

/// An iteration of a task.
#[derive(Debug, Args)]
pub(crate) struct IterationArgs {
    /// The task.
    #[command(flatten)]
    pub task: TaskArg,
    /// The iteration; 0 is before the first.
    pub iteration: u32,
    /// Keep the plan's text as it was when the loop began, although it was edited since.
    #[arg(long)]
    pub keep_plan: bool,
}

/// What is trusted.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// The plan whose commands are allowed, together with the repository's own; all plans if it is left out.
    pub plan: Option<String>,
    /// Only list the commands and whether each is allowed.
    #[arg(long)]
    pub list: bool,
    /// Take back every approval for this repository.
    #[arg(long, conflicts_with = "list")]
    pub revoke: bool,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
}

/// Which settings are shown, and how.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Print only this setting, or the settings of this table: limits.iterations, limits.
    pub name: Option<String>,
    /// Print JSON: `{"settings": [{"name", "meaning", "takes", "default", "examples", "words"}]}`.
    #[arg(long)]
    pub json: bool,
    /// Print the JSON schema.
    #[arg(long, conflicts_with_all = ["name", "json"])]
    pub schema: bool,
}

/// What is set up.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The agent to write into the settings.
    #[arg(long)]
    pub agent: Option<String>,
}

/// How it is printed.
#[derive(Debug, Args)]
pub(crate) struct JsonArg {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The plan.
    pub plan: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Apply the first fix of each finding that leaves you nothing to decide.
    #[arg(long, conflicts_with = "json")]
    pub fix: bool,
}

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// A file with one message of the assistant; standard input if it is left out.
    pub file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is removed.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Remove what is listed.
    #[arg(long)]
    pub remove: bool,
}

/// How the demo is played.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the throw-away repository, and say where it is.
    #[arg(long)]
    pub keep: bool,
}
