//! What the repository would run is asked about once, and what the user allowed is remembered.

use super::{Question, Reply};
use crate::{Result, project::Project, task_spec::TaskSpec};
use alfine_core::task::TaskKey;

/// The question whether what a loop would run may run; `None` if all of it was allowed.
pub(super) fn trust(project: &Project, task: &TaskKey, spec: &TaskSpec) -> Result<Option<Question>> {
    let items = project.untrusted(&spec.commands)?;
    Ok((!items.is_empty()).then(|| Question::Trust { plan: task.plan.clone(), items }))
}

/// Remembers what the user allowed.
pub(super) fn allow(project: &Project, asked: Option<Question>, reply: Option<Reply>) -> Result<()> {
    if let (Some(Question::Trust { items, .. }), Some(Reply::Yes)) = (asked, reply) {
        project.trust()?.approve(&items)?;
    }
    Ok(())
}
