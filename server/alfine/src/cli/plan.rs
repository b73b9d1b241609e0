//! The commands that write plans.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What is done with plans as documents.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Convert a plan of any format that is read into another one. The plan stays as it is.
    #[command(
        after_help = "Examples:\n  alfine plan to md .taskmaster/tasks/tasks.json\n  alfine plan to prd.json PLAN.md --out scripts/ralph/prd.json\n  alfine plan to md prd.json --out -"
    )]
    To(ToArgs),
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
