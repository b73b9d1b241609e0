//! `prd.json` as snarktank's Ralph keeps it, ralph-tui, and what else is written like it: stories that pass or do not.

use super::json::{Dialect, Done, Json, has_key};

/// Stories with `passes`, and `dependsOn` or `dependencies`.
pub(super) static PRD: Json = Json(Dialect {
    name: "prd",
    folders: &["scripts/ralph/prd.json", ".ralph/prd.json", ".ralph-tui/prd.json", "tasks/prd.json"],
    is_plan_path: |path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name == "prd.json" || name.ends_with(".prd.json")
    },
    recognises: |text| has_key(text, &["\"userStories\"", "\"user_stories\"", "\"passes\""]),
    own_folders: &[".ralph", ".ralph-tui"],
    done: Done::Passes,
    criteria: &["acceptanceCriteria", "acceptance", "acceptance_criteria", "criteria", "steps"],
    waits: &["dependsOn", "dependencies", "depends_on"],
});
