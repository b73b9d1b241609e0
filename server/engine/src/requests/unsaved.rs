//! Unsaved text in an editor: agents and git work on the files on the disk, so it has to be saved first.

use super::FrontEnd;
use crate::{Error, Result, project::PlanFile, project::Project, task_spec::TaskSpec};
use alfine_core::plan::Isolation;
use alfine_core::printable::printable;

/// Refuses a plan whose document is open and differs from its file: the loop is started from the file.
pub(super) fn refuse_plan(front_end: &dyn FrontEnd, file: &PlanFile) -> Result<()> {
    if !front_end.is_unsaved(&file.path) {
        return Ok(());
    }
    Err(Error::user(format!("{} is not saved, and a loop is started from the file on the disk", file.name))
        .hint("save it first, then start again"))
}

/// Refuses a loop in the user's own tree while a file there is not saved: saving it would undo the agent's work, or be
/// taken for the agent's.
pub(super) fn refuse_in_place(project: &Project, front_end: &dyn FrontEnd, spec: &TaskSpec) -> Result<()> {
    if spec.isolation != Isolation::InPlace {
        return Ok(());
    }
    match front_end.unsaved_in(project)? {
        None => Ok(()),
        Some(file) => Err(Error::user(format!(
            "{} is not saved, and the loop would change the same tree",
            printable(&file.display().to_string())
        ))
        .hint("save it or close it first, then try again")),
    }
}
