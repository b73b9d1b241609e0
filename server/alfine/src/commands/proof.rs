//! `alfine proof`: what proves a task.

use super::opening;
use crate::{
    cli::ProofArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::printable::printable;
use alfine_engine::{Result, evidence, loops, proof_report::ProofReport};
use alfine_words::{done, proof_in_lines};
use std::path::Path;

/// Prints the table of criteria, checks and trees.
pub(super) fn perform(directory: &Path, args: &ProofArgs) -> Result<u8> {
    let (project, key) = opening::task(directory, &args.task, args.json || args.markdown)?;
    let row = loops::begun(&project.store, &key)?;
    let report = ProofReport::of(&project.store, &row, &|row, tree| {
        evidence::is_changed(&project.repository, &project.layout, row, tree)
    })?;
    if args.json {
        print_json(&report)?;
        return Ok(exit::DONE);
    }
    if args.markdown {
        say(format_args!("{}", report.markdown().trim_end()));
        return Ok(exit::DONE);
    }
    let status = done(&report.status.to_string(), report.proof);
    say(format_args!("{key} {}: {status}, {}", printable(&report.title), report.tally()));
    let display = Display::new();
    for (mark, line) in proof_in_lines(&report.shown(), report.shown_landing()) {
        say(format_args!("  {}", display.painted(mark, &line)));
    }
    Ok(exit::DONE)
}
