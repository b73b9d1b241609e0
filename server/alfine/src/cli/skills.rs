//! The skills of coding agents that Alfine brings.

use clap::{Args, Subcommand};

/// Which skills are listed, or what is done with them.
#[derive(Debug, Args)]
pub(crate) struct SkillsArgs {
    /// Without one: list where they are.
    #[command(subcommand)]
    pub command: Option<SkillsCommand>,
}

/// What is done with them.
#[derive(Debug, Subcommand)]
pub(crate) enum SkillsCommand {
    /// Write them, after showing what is written where.
    Install(InstallArgs),
    /// Remove those that nobody changed.
    Uninstall(PlacesArgs),
}

/// For whom, and where.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PlacesArgs {
    /// For Claude Code; for it and Codex if you name neither.
    #[arg(long)]
    pub claude: bool,
    /// For Codex, and other agents that read .agents/skills.
    #[arg(long)]
    pub codex: bool,
    /// In this repository, for all who work in it.
    #[arg(long, conflicts_with = "user")]
    pub here: bool,
    /// In your home, for all repositories. This is what happens if you say neither.
    #[arg(long)]
    pub user: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
}

/// What is written.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// For whom, and where.
    #[command(flatten)]
    pub places: PlacesArgs,
    /// Write over one that was changed.
    #[arg(long)]
    pub force: bool,
}
