//! Work that the agent put into the background. The CLI waits for it as long as it lives; what is left then is lost.

use crate::{lenient::Object, shown::one_line};
use std::collections::VecDeque;

/// Tasks that are followed, at most.
const MOST: usize = 32;

#[derive(Default)]
pub(super) struct Background(VecDeque<Task>);

struct Task {
    /// The id of the tool that began it.
    tool: String,
    /// The CLI's own id of it; empty in versions that say none.
    id: String,
    what: String,
}

impl Background {
    /// A tool put something into the background.
    pub(super) fn started(&mut self, tool: String, what: String) {
        self.add(Task { tool, id: String::new(), what });
    }

    /// A tool did not work, so what it was to begin never ran.
    pub(super) fn failed(&mut self, tool: &str) {
        self.0.retain(|task| task.tool != tool);
    }

    /// Takes what newer versions tell of such work.
    pub(super) fn told(&mut self, subtype: &str, said: &Object<'_>) {
        let (id, tool) = (said.text("task_id"), said.text("tool_use_id"));
        match subtype {
            "task_started" => match self.0.iter_mut().find(|task| !tool.is_empty() && task.tool == tool) {
                Some(task) => task.id = id,
                // Begun by something else than a tool's own wish, such as a command that took too long.
                None if said.is_true("is_backgrounded") => {
                    self.add(Task { tool, id, what: one_line(&said.text("description")) });
                }
                None => {}
            },
            "task_notification" => self.ended(&id, &tool),
            "task_updated" => {
                let status = said.object("patch").map(|patch| patch.text("status")).unwrap_or_default();
                if !matches!(status.as_str(), "" | "pending" | "running") {
                    self.ended(&id, &tool);
                }
            }
            "background_tasks_changed" => {
                let live: Vec<String> =
                    said.items::<Object<'_>>("tasks").map(|task| task.text("task_id")).collect();
                self.0.retain(|task| live.contains(&task.id) || (task.id.is_empty() && !live.is_empty()));
            }
            _ => {}
        }
    }

    pub(super) fn goes_on(&self) -> bool {
        !self.0.is_empty()
    }

    /// What goes on, each in one line.
    pub(super) fn take(&mut self) -> Vec<String> {
        self.0.drain(..).map(|task| task.what).filter(|what| !what.is_empty()).collect()
    }

    fn add(&mut self, task: Task) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(task);
    }

    fn ended(&mut self, id: &str, tool: &str) {
        let is_it = |known: &str, told: &str| !told.is_empty() && known == told;
        self.0.retain(|task| !is_it(&task.id, id) && !is_it(&task.tool, tool));
    }
}
