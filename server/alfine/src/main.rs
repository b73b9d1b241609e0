//! The one binary: reads the command line, calls the engine, prints, and maps the end to an exit status.

mod cli;
mod commands;
mod display;
mod output;
mod report;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The guard and the detaching process come before anything that starts a thread.
    if let Some(code) = alfine_process::hidden_subcommand(std::env::args_os().skip(1)) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    // Remember our own binary's path now, before an update can replace the file. An error surfaces where the path is
    // needed.
    let _ = alfine_process::own_program();
    let cli = cli::Cli::parse();
    // The language server sets up its own log, which also goes to a file.
    if !matches!(cli.command, cli::Command::Lsp { .. }) {
        report::log_to_stderr();
    }
    match commands::perform(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => report::print(&error),
    }
}
