//! The commands that write plans.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What is done with plans as documents.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Have your agent write a plan of an idea, after it asked you a few questions. Nothing of it is begun.
    #[command(
        after_help = "Examples:\n  alfine plan new \"let shoppers pay with coupons\"\n  alfine plan new \"a dark theme\" --no-questions --out docs/dark.plan.md\n  alfine plan new \"a dark theme\" --answers \"1A 2C keep the logo\""
    )]
    New(NewArgs),
    /// Have your agent make a plan of notes, a transcript, a page or an issue; each task says where it comes from.
    #[command(
        after_help = "Examples:\n  alfine plan from notes/meeting.md\n  alfine plan from '#42'\n  pbpaste | alfine plan from -\n  alfine plan from https://example.org/proposal.txt --out -"
    )]
    From(FromArgs),
    /// Have your agent split a task that is too large into several. You see what changes before it is written.
    #[command(
        after_help = "Examples:\n  alfine plan split PLAN.md#US-004\n  alfine plan split PLAN.md#US-004 \"one for each page\" --yes"
    )]
    Split(SplitArgs),
    /// Convert a plan of any format that is read into another one. The plan stays as it is.
    #[command(
        after_help = "Examples:\n  alfine plan to md .taskmaster/tasks/tasks.json\n  alfine plan to prd.json PLAN.md --out scripts/ralph/prd.json\n  alfine plan to md prd.json --out -"
    )]
    To(ToArgs),
}

/// Who writes, and within which bounds.
#[derive(Debug, Clone, Args)]
pub(crate) struct WriterArgs {
    /// The agent that writes: claude (Claude Code), command (any program).
    #[arg(long)]
    pub agent: Option<String>,
    /// The agent's model.
    #[arg(long)]
    pub model: Option<String>,
    /// What it may cost in all, in US dollars.
    #[arg(long, value_name = "USD", value_parser = super::money::usd)]
    pub max_cost: Option<f64>,
    /// How long the agent may take to answer once, such as 5m. 15m unless you say otherwise.
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<alfine_config::HumanDuration>,
    /// Allow what the repository says of the agent, without asking.
    #[arg(long)]
    pub trust: bool,
}

/// Where a plan is written.
#[derive(Debug, Clone, Args)]
pub(crate) struct WrittenArgs {
    /// The file that is written; `-` prints.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// An idea that becomes a plan.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What is to be there, in words.
    pub idea: String,
    /// Have no questions asked.
    #[arg(long, conflicts_with = "answers")]
    pub no_questions: bool,
    /// The answers to the questions, where nobody can be asked: "1A 2C", or words.
    #[arg(long, value_name = "ANSWERS")]
    pub answers: Option<String>,
    /// Where it is written: plans/NAME.plan.md unless you say otherwise.
    #[command(flatten)]
    pub written: WrittenArgs,
    /// Who writes it.
    #[command(flatten)]
    pub writer: WriterArgs,
}

/// What becomes a plan.
#[derive(Debug, Args)]
pub(crate) struct FromArgs {
    /// A file, `-` for standard input, an address, or an issue on GitHub: #42, OWNER/NAME#42.
    #[arg(value_name = "FILE|-|URL|#N")]
    pub source: String,
    /// Where it is written: plans/NAME.plan.md unless you say otherwise.
    #[command(flatten)]
    pub written: WrittenArgs,
    /// Who writes it.
    #[command(flatten)]
    pub writer: WriterArgs,
}

/// What is split.
#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    /// The task: PLAN.md#US-001.
    #[arg(value_name = "PLAN#TASK")]
    pub task: String,
    /// Why, or how: a note for the agent.
    pub note: Option<String>,
    /// Write it without asking.
    #[arg(short, long)]
    pub yes: bool,
    /// Who splits it.
    #[command(flatten)]
    pub writer: WriterArgs,
}

/// What is converted into what.
#[derive(Debug, Args)]
pub(crate) struct ToArgs {
    /// The format.
    #[arg(value_enum)]
    pub format: Format,
    /// The plan.
    pub plan: String,
    /// Where it is written.
    #[command(flatten)]
    pub written: WrittenArgs,
}

/// A format that plans are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Alfine's own: Markdown with a heading for each task.
    Md,
    /// The stories of snarktank's Ralph.
    #[value(name = "prd.json")]
    PrdJson,
}
