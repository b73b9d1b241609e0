//! What every command on loops begins with: the project, and the path of Alfine's own program.

use crate::{
    cli::{TargetArg, TaskArg},
    display::Display,
};
use alfine_core::task::TaskKey;
use alfine_engine::{
    Error, ErrorKind, Result,
    project::{Project, Target},
};
use alfine_words::Mark;
use std::path::{Path, PathBuf};

/// Alfine's own binary: the guard of every agent, and what runs in the background.
pub(super) fn program() -> Result<PathBuf> {
    alfine_process::own_program().map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the path of alfine's own program is not known: {error}"))
    })
}

/// Opens the project and prints the warnings of the opening.
pub(super) fn open(directory: &Path, json: bool) -> Result<Project> {
    let project = Project::open(directory)?;
    for notice in &project.notices {
        if json {
            tracing::warn!("{notice}");
        } else {
            Display::new().line(Mark::Notice, notice);
        }
    }
    Ok(project)
}

/// Opens the repository of a folder for a command on one of its tasks.
pub(super) fn task(directory: &Path, task: &TaskArg, json: bool) -> Result<(Project, TaskKey)> {
    let mut project = open(directory, json)?;
    let key = project.key(&task.task)?;
    Ok((project, key))
}

/// What a command is about.
pub(super) enum Either {
    /// One task.
    Task(TaskKey),
    /// A plan as a whole, by its path from the root.
    Plan(String),
}

/// The task or the plan that a command names.
pub(super) fn target(project: &mut Project, given: &TargetArg) -> Result<Either> {
    match project.target(&given.target)? {
        Target { plan, task: None } => Ok(Either::Plan(project.plan(&plan)?.name)),
        Target { task: Some(_), .. } => project.key(&given.target).map(Either::Task),
    }
}
