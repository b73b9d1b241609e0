//! `alfine learnings`: what was learned in this repository, and forgetting it.

use super::opening;
use crate::{
    cli::LearningsArgs,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{learning::Learning, text::count, time::Moment};
use alfine_engine::{Error, Result, learnings};
use alfine_store::Millis;
use alfine_words::text::ago;
use serde_json::{Value, json};
use std::path::Path;

/// Lists learnings, or forgets them.
pub(super) fn perform(directory: &Path, args: &LearningsArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    if args.forget.is_some() || args.forget_all {
        let forgotten = match args.forget {
            Some(id) => usize::from(project.store.write(|tx| tx.forget_learning(id))?),
            None => project.store.write(|tx| tx.forget_learnings())?,
        };
        if let Some(id) = args.forget.filter(|_| forgotten == 0) {
            return Err(
                Error::user(format!("there is no learning {id}")).hint("`alfine learnings` lists them")
            );
        }
        match args.json {
            true => print_json(&json!({ "forgotten": forgotten }))?,
            false => {
                say(format_args!(
                    "forgot {}",
                    count(u64::try_from(forgotten).unwrap_or_default(), "learning")
                ));
            }
        }
        return Ok(exit::DONE);
    }
    let all = project.store.learnings()?;
    let now = Moment(Millis::now().0);
    if args.json {
        let all: Vec<Value> = all.iter().map(|learning| as_json(learning, now)).collect();
        print_json(&json!({ "learnings": all }))?;
        return Ok(exit::DONE);
    }
    if all.is_empty() {
        say(format_args!(
            "nothing was learned here yet; it is with `alfine run --learn`, or `enabled = true` under `[learning]` in alfine.toml"
        ));
    }
    for learning in &all {
        say(format_args!(
            "{:>4}  {}, {} ago",
            learning.id,
            learnings::line(learning),
            ago(learning.last_at, now)
        ));
    }
    Ok(exit::DONE)
}

fn as_json(learning: &Learning, now: Moment) -> Value {
    let mut json = json!(learning);
    json["line"] = learnings::line(learning).into();
    json["weight"] = learning.weight(now).into();
    json
}
