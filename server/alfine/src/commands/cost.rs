//! `alfine cost`: the user's ledger, summed up.

use super::opening;
use crate::{
    cli::{CostArgs, CostBy},
    output::{print_json, say},
    report::exit,
};
use alfine_core::{breaker::dollars, printable::printable};
use alfine_engine::{
    Result,
    budget::{self, By, Sum},
};
use alfine_files::UserDirs;
use alfine_store::{Ledger, LedgerRow, Millis};
use alfine_words::text::count;
use std::{collections::BTreeSet, path::Path};

const DAY: i64 = 24 * 3600 * 1000;

/// Shows what agents cost.
pub(super) fn perform(directory: &Path, args: &CostArgs) -> Result<u8> {
    let here = match args.here {
        true => Some(opening::open(directory, args.json)?.repository.common_dir().to_owned()),
        false => None,
    };
    let since = Millis(Ledger::start_of_day(Millis::now()).0 - DAY * i64::from(args.days - 1));
    let mut rows: Vec<LedgerRow> = match Ledger::look(&UserDirs::from_env()?.state)? {
        Some(ledger) => ledger.entries(since)?,
        None => Vec::new(),
    };
    rows.retain(|row| here.as_ref().is_none_or(|here| row.repository == *here));
    let by = match args.by {
        CostBy::Day => By::Day,
        CostBy::Plan => By::Plan,
        CostBy::Agent => By::Agent,
        CostBy::Task => By::Task,
        CostBy::Repository => By::Repository,
    };
    let sums = budget::sums(&rows, by);
    let total = rows.iter().filter_map(|row| row.cost_usd).fold(0.0, |sum: f64, cost| sum + cost);
    if args.json {
        print_json(&serde_json::json!({ "sums": sums, "costUsd": total }))?;
        return Ok(exit::DONE);
    }
    if sums.is_empty() {
        let place = if args.here { " here" } else { "" };
        say(format_args!("no agent ran{place} in the last {}", count(args.days.into(), "day")));
        return Ok(exit::DONE);
    }
    let repositories: BTreeSet<_> = sums.iter().filter_map(|sum| sum.repository.as_ref()).collect();
    let widest =
        sums.iter().map(|sum| cost(sum).len()).chain([dollars(total).len()]).max().unwrap_or_default();
    for sum in &sums {
        let place = match &sum.repository {
            Some(repository) if repositories.len() > 1 => {
                format!(" in {}", printable(&repository.to_string_lossy()))
            }
            _ => String::new(),
        };
        let unpriced = match sum.unpriced {
            0 => String::new(),
            some => format!(" · {some} of them did not say what they cost"),
        };
        say(format_args!(
            "{:>widest$}  {}{place} · {} · {}{unpriced}",
            cost(sum),
            printable(&sum.name),
            count(sum.runs.into(), "run"),
            count(sum.tokens, "token")
        ));
    }
    say(format_args!("{:>widest$}  in {}", dollars(total), count(args.days.into(), "day")));
    Ok(exit::DONE)
}

fn cost(sum: &Sum) -> String {
    sum.cost_usd.map_or_else(|| "?".to_owned(), dollars)
}
