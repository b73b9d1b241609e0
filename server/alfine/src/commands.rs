//! What each command does: one file per command, named after it.

mod asking;
mod check;
mod control;
mod cost;
mod demo;
mod diff;
mod doctor;
mod finish;
mod gate;
mod gc;
mod init;
mod learnings;
mod lint;
mod log;
mod lsp;
mod opening;
mod plan;
mod proof;
mod restore;
mod run;
mod settings;
mod signals;
mod skills;
mod stats;
mod status;
mod trust;
pub(crate) mod views;

use crate::{
    cli::{Cli, Command},
    report::exit,
};
use alfine_agents::rehearsal;
use alfine_engine::{Error, Result, project::Project};
use alfine_store::LoopId;
use clap::CommandFactory;
use std::path::{Path, PathBuf};

/// Performs one command line and returns the exit status.
pub(crate) fn perform(cli: Cli) -> Result<u8> {
    let directory = working_directory(cli.directory.as_deref())?;
    if cli.command.is_the_users() {
        refuse_an_agent(&directory)?;
    }
    match cli.command {
        Command::Run(args) => run::perform(&directory, &args),
        Command::Start(args) => run::in_background(&directory, &args),
        Command::Runner { loop_id } => run::runner(&directory, &loop_id),
        Command::Status(args) => status::perform(&directory, &args),
        Command::Log(args) => log::perform(&directory, &args),
        Command::Diff(args) => diff::perform(&directory, &args),
        Command::Proof(args) => proof::perform(&directory, &args),
        Command::Check(args) => check::perform(&directory, &args),
        Command::Pause(args) => control::pause(&directory, &args),
        Command::Continue(args) => control::go_on(&directory, &args),
        Command::Stop(args) => control::stop(&directory, &args),
        Command::Steer(args) => control::steer(&directory, &args),
        Command::Answer(args) => control::answer(&directory, &args),
        Command::Merge(args) => finish::merge(&directory, &args),
        Command::Rework(args) => finish::rework(&directory, &args),
        Command::Discard(args) => finish::discard(&directory, &args),
        Command::Restore(args) => restore::perform(&directory, &args),
        Command::Rewind(args) => finish::rewind(&directory, &args),
        Command::Fork(args) => finish::fork(&directory, &args),
        Command::Trust(args) => trust::perform(&directory, &args),
        Command::Init(args) => init::perform(&directory, &args),
        Command::Doctor(args) => doctor::perform(&directory, &args),
        Command::Learnings(args) => learnings::perform(&directory, &args),
        Command::Lint(args) => lint::perform(&directory, &args),
        Command::Plan(command) => plan::perform(&directory, &command),
        Command::Skills(args) => skills::perform(&directory, &args),
        Command::Gate(args) => gate::perform(&args),
        Command::Gc(args) => gc::perform(&directory, &args),
        Command::Cost(args) => cost::perform(&directory, &args),
        Command::Stats(args) => stats::perform(&directory, args.json),
        Command::Demo(args) => demo::perform(&args),
        Command::Settings(args) => settings::perform(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "alfine", &mut std::io::stdout());
            Ok(exit::DONE)
        }
        Command::Rehearsal { session } => {
            let exit =
                rehearsal::play_from_env(session, std::io::stdin().lock(), &mut std::io::stdout().lock())?;
            Ok(exit.code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::FAILED))
        }
        Command::Lsp { stdio: _ } => lsp::perform(),
    }
}

/// Refuses what an agent, or a check, of a loop of this repository asks for: it would watch over itself.
fn refuse_an_agent(directory: &Path) -> Result<()> {
    let marker = std::env::var(alfine_process::MARKER_VARIABLE).unwrap_or_default();
    if alfine_engine::planner::is_of_planner(&marker) {
        return Err(Error::user(
            "this shell is that of an agent that writes a plan, which may begin nothing",
        )
        .hint("a person runs this command in a terminal of their own"));
    }
    let Some(id) = LoopId::of_marker(&marker) else { return Ok(()) };
    match Project::open(directory)?.store.loop_(&id)? {
        None => Ok(()),
        Some(row) => Err(Error::user(format!(
            "this shell is that of the agent of {}, which may not steer its own or another loop",
            row.task
        ))
        .hint("say in the completion gate what is needed; a person runs this command in a terminal of their own")),
    }
}

fn working_directory(given: Option<&Path>) -> Result<PathBuf> {
    let current = std::env::current_dir().map_err(|error| {
        Error::user(format!("the current folder cannot be read: {error}"))
            .hint("change to a folder that exists")
    })?;
    let Some(given) = given else { return Ok(current) };
    let directory = current.join(given);
    if !directory.is_dir() {
        return Err(Error::user(format!("{} is not a folder", directory.display()))
            .hint("give the folder of a repository, or one in it"));
    }
    Ok(directory)
}
