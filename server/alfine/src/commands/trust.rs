//! `alfine trust`: allow what a repository and its plan want to run on this machine.

use super::{asking, opening};
use crate::{cli::TrustArgs, output::say, report::exit};
use alfine_engine::{Error, Result, start, start::StartOptions};
use alfine_words::text::count;
use std::{io::IsTerminal, path::Path};

/// Shows the commands, and allows them, or takes every approval back.
pub(super) fn perform(directory: &Path, args: &TrustArgs) -> Result<u8> {
    let project = opening::open(directory, false)?;
    if args.revoke {
        project.trust()?.revoke_all()?;
        say(format_args!("nothing of this repository is allowed any more"));
        return Ok(exit::DONE);
    }
    let plans = match &args.plan {
        Some(plan) => vec![project.plan(&project.target(plan)?.plan)?],
        None => project.plans()?,
    };
    let tasks = plans.iter().flat_map(|file| file.plan.tasks.iter().map(move |task| (file, task)));
    let items = start::commands_of(&project, tasks, &StartOptions::default());
    let trust = project.trust()?;
    if let Some(warning) = trust.warning() {
        tracing::warn!("{warning}");
    }
    let untrusted = trust.untrusted(&items);
    if args.list {
        for item in &items {
            let word = if untrusted.contains(item) { "not allowed" } else { "allowed    " };
            say(format_args!("{word}  {}", asking::line(item)));
        }
        return Ok(exit::DONE);
    }
    if untrusted.is_empty() {
        say(format_args!(
            "nothing to allow: {}",
            match items.len() {
                0 => "no command is named here".to_owned(),
                1 => "the one command is allowed already".to_owned(),
                all => format!("all {all} commands are allowed already"),
            }
        ));
        return Ok(exit::DONE);
    }
    for item in &untrusted {
        say(format_args!("  {}", asking::line(item)));
    }
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(Error::user("nobody is there to read these commands, so nothing was allowed")
            .hint("read them; to allow them: give --yes"));
    }
    if !args.yes && !asking::yes("Allow these commands on this machine, now and from now on?")? {
        return Err(Error::user("nothing was allowed").hint("loops with these commands will not start"));
    }
    project.trust()?.approve(&untrusted)?;
    let are = if untrusted.len() == 1 { "is" } else { "are" };
    say(format_args!(
        "{} {are} allowed; take it back with: alfine trust --revoke",
        count(untrusted.len() as u64, "command")
    ));
    Ok(exit::DONE)
}
