//! The checks of many tasks on what their work makes of a branch together.

use super::{Decider, GRACE, Watcher};
use crate::{Result, project::Project, runner::environments::environments, task_spec::TaskSpec};
use alfine_core::{machine::Color, news::News};
use alfine_store::LoopId;
use alfine_verify::{CancelToken, VerifierSpec, VerifyContext};
use std::path::Path;

/// Runs checks on the tree (a commit or tree, as hex) that a merge makes of a commit, `onto`, and returns the names of those that fail, if these
/// decide. What the checks are run with is as in `spec`. `None` if it was cancelled.
pub(crate) fn failing_together(
    project: &mut Project,
    plan: &str,
    (spec, checks): (&TaskSpec, &[VerifierSpec]),
    (onto, tree): (&str, &str),
    (guard, cancel): (&Path, &CancelToken),
    tell: &mut dyn FnMut(News),
) -> Result<Option<Vec<String>>> {
    let (environments, _) = environments(&*alfine_agents::adapter(&spec.agent.name)?, spec)?;
    let worktree = project.repository.workdir().to_owned();
    let nothing = (String::new(), String::new());
    let decider =
        Decider::new(project, spec, nothing, String::new(), plan, worktree, environments.setup.clone())
            .of_landing(onto.to_owned(), tree.to_owned());
    let marker = LoopId::generate().marker("check");
    let context = VerifyContext {
        root: project.repository.workdir(),
        claimed: Some(tree),
        not_work: &[],
        guard,
        env: &environments.checks,
        marker: &marker,
        grace: GRACE,
        cancel,
    };
    let mut watcher = Watcher { observe: &mut |_| {}, tell };
    let decided = decider.decide(checks, (spec.green, spec.yellow), Vec::new(), &context, &mut watcher)?;
    let Some(decided) = decided.filter(|_| !cancel.is_cancelled()) else { return Ok(None) };
    project.store.write(|tx| tx.put_check_answers(&decided.said))?;
    Ok(Some(match alfine_verify::score(&decided.results, spec.green, spec.yellow) {
        Color::Green | Color::Yellow => Vec::new(),
        Color::Red => {
            decided.results.into_iter().filter(|result| !result.passed).map(|result| result.name).collect()
        }
    }))
}
