//! What a task was built on: the unmerged work of others that its branch began with, and that lands with it.

use crate::{
    Error, ErrorKind, Result,
    project::Project,
    task_spec::{BuiltOn, TaskSpec},
};
use alfine_core::{
    hint::Hint,
    printable::{printable, printable_paths},
    task::{TaskKey, TaskStatus},
};
use alfine_git::Work;
use alfine_store::LoopRow;
use std::path::PathBuf;

/// Work of another task that lands with a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandsToo {
    /// That task.
    pub task: TaskKey,
    /// Where it is now.
    pub status: TaskStatus,
    /// The files that land because of it, from the root.
    pub files: Vec<PathBuf>,
    /// Whether it can be merged by itself first: it is done, and its branch still has this work.
    pub can_go_first: bool,
}

/// What a loop that begins at a commit of another loop's branch is built on: that one, and what that one is built on.
pub(crate) fn of_dependency(row: &LoopRow, commit: String) -> Result<Vec<BuiltOn>> {
    let mut all = TaskSpec::of(row)?.built_on;
    all.push(BuiltOn {
        task: row.task.clone(),
        loop_id: row.id.clone(),
        base: row.base_commit.clone(),
        commit,
    });
    Ok(all)
}

/// The work of others that a merge of a task's branch would bring into a branch that has not got it.
pub(crate) fn lands_too(project: &Project, row: &LoopRow, into: &str) -> Result<Vec<LandsToo>> {
    let repository = &project.repository;
    let mut found = Vec::new();
    let branch = row.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
    let (Some(branch), Some(target)) = (branch, repository.branch_commit(into)?) else { return Ok(found) };
    for on in TaskSpec::of(row)?.built_on {
        // Where its commit is gone, the branch was written anew without it.
        let brings = repository.contains(&branch, &on.commit).unwrap_or(false);
        if !brings || repository.contains(&target, &on.commit)? {
            continue;
        }
        let work = Work { base: on.base.as_deref(), commit: &on.commit, landed: false };
        let files = repository.files_lacking(&target, work)?;
        if files.is_empty() {
            continue;
        }
        let of = project.store.loop_(&on.loop_id)?;
        let status = of.as_ref().map_or(TaskStatus::Discarded, |of| of.status);
        let tip =
            of.as_ref().and_then(|of| of.branch.as_deref()).map(|branch| repository.branch_commit(branch));
        let tip = tip.transpose()?.flatten().filter(|_| status == TaskStatus::Done);
        let can_go_first = match tip {
            Some(tip) => repository.contains(&tip, &on.commit)?,
            None => false,
        };
        let task = of.map_or(on.task, |of| of.task);
        found.push(LandsToo { task, status, files, can_go_first });
    }
    Ok(found)
}

/// Why a task is not merged that nobody asked about: the work of others would land with it.
pub fn would_land(task: &TaskKey, with: &[LandsToo]) -> Error {
    let unmerged: Vec<TaskKey> =
        with.iter().filter(|one| one.can_go_first).map(|one| one.task.clone()).collect();
    let mut ways = Vec::new();
    if unmerged.len() == with.len() {
        ways.push(Hint::MergeFirst { tasks: unmerged });
    } else {
        ways.push(Hint::Advice(format!(
            "to have it without that, discard {} and start it again",
            printable(&task.to_string())
        )));
    }
    ways.push(Hint::MergeWithOthers { task: task.clone() });
    Error::new(ErrorKind::User, said(task, with)).hint(Hint::AnyOf(ways))
}

/// Says what would land with a task.
fn said(task: &TaskKey, with: &[LandsToo]) -> String {
    let each: Vec<String> = with
        .iter()
        .map(|one| {
            let is = match one.status {
                TaskStatus::Done => "done and not merged".to_owned(),
                status => status.to_string(),
            };
            format!("{} ({is}): {}", one.task, printable_paths(&one.files))
        })
        .collect();
    format!("{task} was built on work that would land with it: {}", each.join("; "))
}
