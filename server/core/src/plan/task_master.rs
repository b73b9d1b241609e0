//! Task Master's `tasks.json`: tasks with parts, at the top or below a tag.

use super::json::{Dialect, Done, Json, has_key};

/// Tasks and subtasks with a `status`.
pub(super) static TASK_MASTER: Json = Json(Dialect {
    name: "task-master",
    folders: &[".taskmaster/tasks/tasks.json", "tasks/tasks.json"],
    is_plan_path: |path| path == "tasks/tasks.json" || path.ends_with("/tasks/tasks.json"),
    recognises: |text| {
        has_key(text, &["\"tasks\""])
            && ["\"id\"", "\"title\""].iter().all(|key| has_key(text, &[key]))
            && has_key(text, &["\"status\"", "\"dependencies\"", "\"subtasks\""])
    },
    own_folders: &[".taskmaster"],
    done: Done::Status,
    criteria: &["testStrategy", "acceptanceCriteria"],
    waits: &["dependencies", "dependsOn"],
});
