//! `alfine stats`: how much is proven without anybody's help, and what it takes.

use super::opening;
use crate::{
    output::{print_json, say},
    report::exit,
};
use alfine_core::breaker::dollars;
use alfine_engine::{Result, stats};
use alfine_words::text::count;
use std::path::Path;

/// Shows the figures of this repository.
pub(super) fn perform(directory: &Path, json: bool) -> Result<u8> {
    let project = opening::open(directory, json)?;
    let stats = stats::of(&project)?;
    if json {
        print_json(&stats)?;
        return Ok(exit::DONE);
    }
    if stats.begun == 0 {
        say(format_args!("no task was begun here yet"));
        return Ok(exit::DONE);
    }
    say(format_args!(
        "{} begun, {} done, {} merged",
        count(stats.begun.into(), "task"),
        stats.done,
        stats.merged
    ));
    if stats.done > 0 {
        say(format_args!(
            "{} of {} that are done are proven by checks, and nobody was asked ({} %)",
            stats.proven_unaided,
            stats.done,
            stats.proven_unaided * 100 / stats.done
        ));
    }
    if stats.merged > 0 {
        let each = f64::from(stats.iterations_of_merged) / f64::from(stats.merged);
        let cost =
            stats.cost_of_merged_usd.map(|cost| format!(", {}", dollars(cost / f64::from(stats.merged))));
        say(format_args!("a merged task took {each:.1} iterations{}", cost.unwrap_or_default()));
    }
    if stats.approvals > 0 {
        say(format_args!(
            "{} given, {} of them within five seconds",
            count(stats.approvals.into(), "approval"),
            stats.hasty_approvals
        ));
    }
    Ok(exit::DONE)
}
