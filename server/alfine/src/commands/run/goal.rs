//! `alfine run "goal" --check 'cmd'`: a goal in words, from nothing to a first loop.

use crate::{
    cli::RunArgs,
    commands::asking::{self, Said},
};
use alfine_engine::{
    Error, Result,
    inbox::Goal,
    project::Project,
    requests::{Begun, RunGoal},
    start::StartOptions,
};
use std::path::Path;

/// Whether the command line names a goal and no plan: it has checks, or blanks in it and no such file.
pub(super) fn is_goal(project: &Project, args: &RunArgs) -> Result<bool> {
    let target = project.target(&args.target);
    let is_file = target.is_ok_and(|target| project.plan(&target.plan).is_ok());
    if is_file {
        return match args.check.as_slice() {
            [] => Ok(false),
            _ => {
                Err(Error::user(format!("--check belongs to a goal in words, and {} is a plan", args.target))
                    .hint("write the command into the plan as a criterion of the task"))
            }
        };
    }
    let named = args.target.split('#').next().unwrap_or_default();
    let looks_like_file = Path::new(named).extension().is_some_and(|ending| {
        ["md", "markdown", "json", "yml", "yaml"].iter().any(|known| ending.eq_ignore_ascii_case(known))
    });
    Ok(!args.check.is_empty() || args.target.trim().contains(char::is_whitespace) && !looks_like_file)
}

/// Asks what is to be asked about a goal, and begins its loop.
pub(super) fn begin(
    project: &mut Project,
    args: &RunArgs,
    options: StartOptions,
    in_background: bool,
) -> Result<Begun> {
    let of_plans = [
        ("--budget", args.budget.is_some()),
        ("--max-parallel", args.max_parallel.is_some()),
        ("--branch", args.branch),
        ("--again", args.again),
    ];
    if let Some((flag, _)) = of_plans.iter().find(|(_, given)| *given) {
        return Err(Error::user(format!("{flag} is about plans, and “{}” is a goal in words", args.target))
            .hint("leave it out, or name a plan"));
    }
    let goal = Goal { words: args.target.clone(), checks: args.check.clone() };
    let mut request = RunGoal::new(goal, options);
    request.include_uncommitted = args.include_uncommitted.then_some(true);
    request.in_background = in_background;
    asking::drive(project, request, Said { trust: args.trust, json: args.json, again: false })
}
