//! `alfine/tasksChanged`, for clients that asked for it.

use crate::handlers;
use crate::protocol::{Client, lsp_types::notification::Notification};
use alfine_core::task::TaskKey;
use alfine_engine::view::TaskView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

enum TasksChanged {}

impl Notification for TasksChanged {
    type Params = Changes;
    const METHOD: &'static str = "alfine/tasksChanged";
}

/// The content of `alfine/tasksChanged`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TasksChanged")]
pub(crate) struct Changes {
    /// The tasks that are new or have changed.
    tasks: Vec<TaskView>,
    /// The keys that no task has any more.
    removed: Vec<TaskKey>,
    /// All tasks that are gone, including those whose key another task still has.
    removed_tasks: Vec<Removed>,
}

/// Which task: two folders may have a task of the same key, so its plan belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TaskName")]
pub(crate) struct Removed {
    /// The task's key.
    task: TaskKey,
    /// The plan that the task was in; missing if it was in no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

/// The tasks as they were last reported to the client, by key and plan.
type Told = BTreeMap<(TaskKey, Option<String>), TaskView>;

/// What the client knows of the tasks.
#[derive(Debug)]
pub(super) struct Tasks {
    client: Client,
    told: Told,
}

impl Tasks {
    pub(super) fn new(client: Client) -> Self {
        Self { client, told: Told::new() }
    }

    /// Reports what differs from what was reported before.
    pub(super) async fn tell(&mut self, tasks: handlers::tasks::Tasks) {
        let changes = changes(&mut self.told, tasks.tasks);
        if changes != Changes::default() {
            self.client.send_notification::<TasksChanged>(changes).await;
        }
    }
}

/// What differs from the last report. From now on, the given tasks are the last report.
fn changes(told: &mut Told, views: Vec<TaskView>) -> Changes {
    let now: Told = views.into_iter().map(|view| ((view.task.clone(), view.uri.clone()), view)).collect();
    let is_new = |(key, view): &(&_, &TaskView)| told.get(*key) != Some(*view);
    let tasks = now.iter().filter(is_new).map(|(_, view)| view.clone()).collect();
    let gone: Vec<&(TaskKey, Option<String>)> = told.keys().filter(|key| !now.contains_key(*key)).collect();
    let here: HashSet<&TaskKey> = now.keys().map(|(key, _)| key).collect();
    let mut removed: Vec<TaskKey> =
        gone.iter().map(|(key, _)| key).filter(|key| !here.contains(key)).cloned().collect();
    removed.dedup();
    let removed_tasks =
        gone.into_iter().map(|(task, uri)| Removed { task: task.clone(), uri: uri.clone() }).collect();
    *told = now;
    Changes { tasks, removed, removed_tasks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{PLAN, World};

    /// The tasks of a plan of two, as they are told from a folder.
    fn tasks_in(folder: &str) -> Vec<TaskView> {
        let mut views = handlers::tasks::tasks(&World::new().plan("PLAN.md", PLAN).picture()).tasks;
        for view in &mut views {
            view.uri = Some(format!("file://{folder}/PLAN.md"));
        }
        views
    }

    fn removed(changes: &Changes) -> (Vec<String>, Vec<String>) {
        let plans = changes.removed_tasks.iter().map(|it| format!("{} of {:?}", it.task, it.uri));
        (changes.removed.iter().map(ToString::to_string).collect(), plans.collect())
    }

    #[test]
    fn what_leaves_with_one_of_two_folders_is_told_with_its_plan() {
        let mut told = Told::new();
        let first = changes(&mut told, [tasks_in("/a"), tasks_in("/b")].concat());
        assert_eq!((first.tasks.len(), removed(&first)), (4, (vec![], vec![])));
        let left = changes(&mut told, tasks_in("/b"));
        let of = |folder: &str, n: u32| format!("PLAN.md#US-00{n} of Some(\"file://{folder}/PLAN.md\")");
        assert_eq!((left.tasks.len(), removed(&left)), (0, (vec![], vec![of("/a", 1), of("/a", 2)])));
        let last = changes(&mut told, Vec::new());
        let keys = ["PLAN.md#US-001", "PLAN.md#US-002"].map(str::to_owned).to_vec();
        assert_eq!(removed(&last), (keys, vec![of("/b", 1), of("/b", 2)]));
        assert_eq!(changes(&mut told, Vec::new()), Changes::default());
    }

    #[test]
    fn a_task_that_moves_leaves_its_place_and_comes_to_another() {
        let mut told = Told::new();
        changes(&mut told, tasks_in("/a"));
        let mut moved = tasks_in("/b");
        moved[1].uri = None;
        let changes = changes(&mut told, moved);
        assert_eq!((changes.tasks.len(), changes.removed.len(), changes.removed_tasks.len()), (2, 0, 2));
    }

    #[test]
    fn a_task_without_a_plan_is_removed_by_its_key_alone() {
        let removed = Removed { task: "PLAN.md#T1".parse().unwrap(), uri: None };
        let changes = Changes { removed_tasks: vec![removed], ..Changes::default() };
        assert_eq!(
            serde_json::to_value(&changes).unwrap(),
            serde_json::json!({ "tasks": [], "removed": [], "removedTasks": [{ "task": "PLAN.md#T1" }] })
        );
    }
}
