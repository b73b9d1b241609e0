//! Work that the agent put into the background. The CLI waits for it as long as it lives; what is left then is lost.

use crate::{lenient::Object, shown::one_line};
use std::collections::VecDeque;

/// How much of an answer is kept, in characters.
const LONGEST_ANSWER: usize = 400;
/// Tasks that are followed, at most.
const MOST: usize = 32;

#[derive(Default)]
pub(super) struct Background {
    tasks: VecDeque<Task>,
    /// The tools that ask about a task, or end one, and were not answered yet.
    asked: VecDeque<Asked>,
}

struct Asked {
    /// The tool's id.
    tool: String,
    /// The task's id, as the tool has it.
    task: String,
    /// Whether the tool ends the task.
    ends: bool,
}

struct Task {
    /// The id of the tool that began it.
    tool: String,
    /// The CLI's own id of it; empty in versions that say none.
    id: String,
    what: String,
    /// What the tool that began it was answered: in versions that say no ids, it is in there.
    answer: String,
}

impl Background {
    /// A tool put something into the background.
    pub(super) fn started(&mut self, tool: String, what: String) {
        self.add(Task { tool, id: String::new(), what, answer: String::new() });
    }

    /// A tool did not work, so what it was to begin never ran.
    pub(super) fn failed(&mut self, tool: &str) {
        self.tasks.retain(|task| task.tool != tool);
    }

    /// A tool asks how far a task is, or ends it.
    pub(super) fn asked(&mut self, tool: String, task: String, ends: bool) {
        if self.asked.len() == MOST {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { tool, task, ends });
    }

    /// A tool was answered. That tells of a task's end in versions that have no word of their own for it.
    pub(super) fn answered(&mut self, tool: &str, answer: &str) {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.tool == tool) {
            task.answer = answer.chars().take(LONGEST_ANSWER).collect();
        }
        let Some(asked) = self.asked.iter().position(|asked| asked.tool == tool) else { return };
        let Some(asked) = self.asked.remove(asked) else { return };
        let status = answer.split_once("<status>").and_then(|(_, rest)| rest.split_once("</status>"));
        let is_over = status.is_some_and(|(status, _)| !matches!(status.trim(), "running" | "pending"));
        if !(asked.ends || is_over) {
            return;
        }
        let id = asked.task.as_str();
        let names = |text: &str| {
            text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).any(|word| word == id)
        };
        let is_it = |task: &Task| [&task.id, &task.tool].contains(&&asked.task) || names(&task.answer);
        match self.tasks.iter().position(is_it) {
            Some(at) => drop(self.tasks.remove(at)),
            // There is nothing else that it could be.
            None if self.tasks.len() == 1 => self.tasks.clear(),
            None => {}
        }
    }

    /// Takes what newer versions tell of such work.
    pub(super) fn told(&mut self, subtype: &str, said: &Object<'_>) {
        let (id, tool) = (said.text("task_id"), said.text("tool_use_id"));
        match subtype {
            "task_started" => {
                match self.tasks.iter_mut().find(|task| !tool.is_empty() && task.tool == tool) {
                    Some(task) => task.id = id,
                    // Begun by something else than a tool's own wish, such as a command that took too long.
                    None if said.is_true("is_backgrounded") => {
                        let what = one_line(&said.text("description"));
                        self.add(Task { tool, id, what, answer: String::new() });
                    }
                    None => {}
                }
            }
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
                self.tasks.retain(|task| live.contains(&task.id) || (task.id.is_empty() && !live.is_empty()));
            }
            _ => {}
        }
    }

    pub(super) fn goes_on(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// What goes on, each in one line.
    pub(super) fn take(&mut self) -> Vec<String> {
        self.tasks.drain(..).map(|task| task.what).filter(|what| !what.is_empty()).collect()
    }

    fn add(&mut self, task: Task) {
        if self.tasks.len() == MOST {
            self.tasks.pop_front();
        }
        self.tasks.push_back(task);
    }

    fn ended(&mut self, id: &str, tool: &str) {
        let is_it = |known: &str, told: &str| !told.is_empty() && known == told;
        self.tasks.retain(|task| !is_it(&task.id, id) && !is_it(&task.tool, tool));
    }
}
