//! The tasks of a run that are worked on at the same time and touch the same files: their agents are told of each other.

use super::owner::Runner;
use crate::{Result, finish::ends_of_diff, task_spec::TaskSpec};
use alfine_core::{lint::files_named, plan::Task, prompt::Alongside, task::TaskStatus};
use alfine_store::LoopRow;
use std::collections::BTreeSet;

impl Runner<'_> {
    /// Those that this loop's agent is told of now, in the order of their ids. Empty where no run of the plan began this loop.
    pub(super) fn alongside(&self) -> Result<Vec<Alongside>> {
        let Some(run) = self.row.plan_run else { return Ok(Vec::new()) };
        let is_beside = |row: &LoopRow| {
            let works =
                matches!(row.status, TaskStatus::Running | TaskStatus::Rework | TaskStatus::Evaluating);
            row.plan_run == Some(run) && row.id != self.row.id && works
        };
        let others: Vec<LoopRow> = self.project.store.live_loops()?.into_iter().filter(is_beside).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let mine = self.touched(&self.row, &self.spec.task);
        let mut found = Vec::new();
        for row in others {
            let task = TaskSpec::of(&row)?.task;
            let files: Vec<String> = self.touched(&row, &task).intersection(&mine).cloned().collect();
            if !files.is_empty() {
                found.push(Alongside { id: row.task.id.0, title: task.title, files });
            }
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// The files that a loop changed so far, and those that its task names, from the root.
    fn touched(&self, row: &LoopRow, task: &Task) -> BTreeSet<String> {
        let words = task.criteria.iter().map(|criterion| criterion.text.as_str());
        let named =
            [task.title.as_str(), task.details.as_str()].into_iter().chain(words).flat_map(files_named);
        let mut files: BTreeSet<String> =
            named.map(|file| file.strip_prefix("./").unwrap_or(file).to_owned()).collect();
        // Without a checkpoint it has changed nothing yet.
        let changed = ends_of_diff(self.project, row, None, None).ok().filter(|(from, to)| from != to);
        let changed = changed.and_then(|(from, to)| self.project.repository.diff(&from, &to, &[], 0).ok());
        let paths = changed.iter().flat_map(|diff| &diff.files);
        files.extend(paths.map(|file| file.path.to_string_lossy().into_owned()));
        files
    }
}
