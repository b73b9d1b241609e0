//! `alfine learnings`: what was learned in this repository, and forgetting it.

use super::{asking, opening};
use crate::{
    cli::{LearningsAction, LearningsArgs, ProposeArgs},
    output::{print_json, say},
    report::exit,
};
use alfine_core::{learning::Learning, printable::printable, text::count, time::Moment};
use alfine_engine::{
    Error, Result,
    learnings::{self, FILE},
    project::Project,
};
use alfine_store::Millis;
use alfine_words::{self as words, text::ago};
use serde_json::{Value, json};
use std::path::Path;

/// Lists learnings, or forgets them.
pub(super) fn perform(directory: &Path, args: &LearningsArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    if let Some(LearningsAction::Propose(args)) = &args.action {
        return propose(&mut project, args);
    }
    if args.forget.is_some() || args.forget_all {
        let forgotten = project.store.write(|tx| tx.forget_learnings(args.forget))?;
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
        print_json(&json!({ "learnings": all, "proposalDue": learnings::is_due(&project)? }))?;
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
            words::learned(learning),
            ago(learning.last_at, now)
        ));
    }
    tell_due(&project)?;
    Ok(exit::DONE)
}

/// Says that there is something to propose, if it is time for that.
pub(super) fn tell_due(project: &Project) -> Result<()> {
    if learnings::is_due(project)? {
        say(format_args!("There is something for {FILE}: `alfine learnings propose` shows it"));
    }
    Ok(())
}

fn propose(project: &mut Project, args: &ProposeArgs) -> Result<u8> {
    let Some(proposal) = learnings::proposal(project)? else {
        say(format_args!("there is nothing to propose for {FILE}"));
        return Ok(exit::DONE);
    };
    say(format_args!("{}", printable_lines(&proposal.patch()?)));
    let accepted = match (args.yes, args.reject) {
        (false, false) if !asking::can_ask() => {
            say(format_args!("nothing is written: `--yes` writes it, `--reject` does not"));
            return Ok(exit::NEEDS_YOU);
        }
        (false, false) => asking::yes(&format!("Write this into {FILE}?"))?,
        (yes, _) => yes,
    };
    learnings::answer(project, &proposal, accepted)?;
    match accepted {
        true => say(format_args!("written into {FILE}, uncommitted")),
        false => say(format_args!("nothing is written; it is proposed again once there is something new")),
    }
    Ok(exit::DONE)
}

/// A text of several lines without what terminals obey.
fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn as_json(learning: &Learning, now: Moment) -> Value {
    let mut json = json!(learning);
    json["line"] = words::learned(learning).into();
    json["weight"] = learning.weight(now).into();
    json
}
