//! `alfine/tasksChanged`, for clients that asked for it.

use crate::{handlers, picture::Picture};
use alfine_core::task::TaskKey;
use alfine_engine::view::TaskView;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use tower_lsp::{Client, lsp_types::notification::Notification};

enum TasksChanged {}

impl Notification for TasksChanged {
    type Params = Changes;
    const METHOD: &'static str = "alfine/tasksChanged";
}

#[derive(Debug, Serialize, Deserialize)]
struct Changes {
    tasks: Vec<TaskView>,
    removed: Vec<TaskKey>,
}

/// What the client knows of the tasks.
#[derive(Debug)]
pub(super) struct Tasks {
    client: Client,
    told: BTreeMap<(TaskKey, Option<String>), TaskView>,
}

impl Tasks {
    pub(super) fn new(client: Client) -> Self {
        Self { client, told: BTreeMap::new() }
    }

    /// Tells what differs from what was told.
    pub(super) async fn tell(&mut self, picture: &Picture) {
        if !picture.client.tasks {
            return;
        }
        let views = handlers::tasks::tasks(picture).tasks;
        let now: BTreeMap<_, TaskView> =
            views.into_iter().map(|view| ((view.task.clone(), view.uri.clone()), view)).collect();
        let tasks: Vec<TaskView> = now
            .iter()
            .filter(|(key, view)| self.told.get(key) != Some(view))
            .map(|(_, view)| view.clone())
            .collect();
        let here: HashSet<&TaskKey> = now.keys().map(|(key, _)| key).collect();
        let gone = self.told.keys().map(|(key, _)| key);
        let mut removed: Vec<TaskKey> = gone.filter(|key| !here.contains(key)).cloned().collect();
        removed.dedup();
        self.told = now;
        if !tasks.is_empty() || !removed.is_empty() {
            self.client.send_notification::<TasksChanged>(Changes { tasks, removed }).await;
        }
    }
}
