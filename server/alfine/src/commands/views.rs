//! Tasks as they are shown: made of plans and the store, with what the user can do next.

use alfine_core::{
    plan::Task,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Error, ErrorKind, Result,
    config::Partial,
    project::{PlanFile, Project},
    store::LoopRow,
    view::{PlannedTask, TaskView, task_views},
};

/// The views of every task of these plans, and of loops whose task is in none.
pub fn of_plans(project: &Project, plans: &[PlanFile]) -> Result<Vec<TaskView>> {
    let mut planned = Vec::new();
    for file in plans {
        for task in &file.plan.tasks {
            planned.push(planned_task(project, file, task)?);
        }
    }
    Ok(task_views(&project.store, &planned)?)
}

/// The view of one task.
pub fn of_task(project: &Project, key: &TaskKey) -> Result<TaskView> {
    let plans: Vec<PlanFile> = project.plan_named(&key.plan).into_iter().collect();
    let found = of_plans(project, &plans)?.into_iter().find(|view| view.task == *key);
    found.ok_or_else(|| {
        Error::new(ErrorKind::User, format!("there is no task {key}")).hint("`alfine status` lists them")
    })
}

fn planned_task(project: &Project, file: &PlanFile, task: &Task) -> Result<PlannedTask> {
    let fields = [&file.plan.defaults, &task.fields].map(Partial::from);
    // A plan with a field that cannot be is still shown; `lint` and `run` say what is wrong.
    let config =
        project.settings(Partial::default(), fields.to_vec()).map(|loaded| loaded.config).unwrap_or_default();
    let waits = !alfine_engine::runner::open_dependencies(&project.store, file, task)?.is_empty();
    Ok(PlannedTask {
        key: file.key(task),
        title: task.title.clone(),
        uri: Some(uri(&file.path)),
        range: None,
        status: match (task.done, waits) {
            (true, _) => TaskStatus::Done,
            (false, true) => TaskStatus::Pending,
            (false, false) => TaskStatus::Ready,
        },
        criteria: task.criteria.iter().map(|criterion| (criterion.text.clone(), criterion.checked)).collect(),
        agent: config.agent,
        max_iterations: config.limits.iterations,
    })
}

/// A file's URI, percent-encoded.
fn uri(path: &std::path::Path) -> String {
    use std::fmt::Write;
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(*byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

/// What the user can do next with a task, as command lines.
pub fn next_steps(key: &TaskKey, status: TaskStatus, row: &LoopRow) -> Vec<String> {
    let in_place = row.branch.is_none();
    match status {
        TaskStatus::Done if in_place => {
            vec![format!("look at it: alfine diff {key}, then commit it with git")]
        }
        TaskStatus::Done => vec![
            format!("look at it: alfine diff {key}"),
            format!("merge it:   alfine merge {key}"),
            format!("or not:     alfine discard {key}"),
        ],
        TaskStatus::Stopped => vec![
            format!("see why:    alfine log {key}"),
            format!(
                "go on:      alfine continue {key}  (-i N raises the limit, --reset-breaker sets all counters to zero)"
            ),
            format!("or not:     alfine discard {key}"),
        ],
        TaskStatus::Paused | TaskStatus::Interrupted => vec![format!("go on: alfine continue {key}")],
        TaskStatus::Failed => {
            vec![format!("see why: alfine log {key}"), format!("try again: alfine continue {key}")]
        }
        TaskStatus::NeedsInput => {
            let asks_approval = row.reason.as_deref().is_some_and(|reason| reason.ends_with("Is it done?"));
            match asks_approval {
                true => vec![
                    format!("look at it: alfine diff {key}"),
                    format!("answer:     alfine answer {key} --approve   (or --reject \"what is missing\")"),
                ],
                false => vec![
                    format!("answer it: alfine answer {key} \"...\""),
                    format!("or, once mended: alfine continue {key}"),
                ],
            }
        }
        TaskStatus::Running | TaskStatus::Evaluating | TaskStatus::Waiting | TaskStatus::Rework => {
            vec![format!("watch it: alfine log {key} --follow")]
        }
        TaskStatus::Pending
        | TaskStatus::Ready
        | TaskStatus::Skipped
        | TaskStatus::Merged
        | TaskStatus::Discarded => Vec::new(),
    }
}
