//! Tasks as they are shown: made of plans and the store, with what the user can do next.

use alfine_config::Partial;
use alfine_core::{
    hint::Hint,
    machine::AskKind,
    plan::Task,
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::{LineIndex, Span},
};
use alfine_engine::{
    Error, ErrorKind, Result, project::PlanFile, project::Project, start, view::PlannedTask, view::TaskView,
    view::ViewPlace, view::ViewRange, view::task_views,
};
use alfine_store::LoopRow;
use url::Url;

/// The views of every task of these plans, and of loops whose task is in none.
pub fn of_plans(project: &Project, plans: &[PlanFile]) -> Result<Vec<TaskView>> {
    let mut planned = Vec::new();
    for file in plans {
        let lines = LineIndex::new(&file.text);
        for task in &file.plan.tasks {
            let range = range_of(&file.text, &lines, task.title_span);
            planned.push(planned_task(project, file, task, range)?);
        }
    }
    Ok(task_views(&project.store, &planned)?)
}

/// The view of one task.
pub fn of_task(project: &Project, key: &TaskKey) -> Result<TaskView> {
    let plans: Vec<PlanFile> = project.plan_named(&key.plan).into_iter().collect();
    let found = of_plans(project, &plans)?.into_iter().find(|view| view.task == *key);
    found.ok_or_else(|| Error::new(ErrorKind::User, format!("there is no task {key}")).hint(Hint::ListTasks))
}

/// A span as the protocol of editors counts by default: lines from 0, UTF-16 units from 0.
fn range_of(text: &str, lines: &LineIndex, span: Span) -> ViewRange {
    let place = |offset: usize| {
        let (line, column) = lines.line_column(text, offset);
        let before = text.get(..offset).unwrap_or(text).chars().rev().take(column - 1);
        let units: usize = before.map(char::len_utf16).sum();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        ViewPlace { line: number(line - 1), character: number(units) }
    };
    ViewRange { start: place(span.start), end: place(span.end) }
}

fn planned_task(project: &Project, file: &PlanFile, task: &Task, range: ViewRange) -> Result<PlannedTask> {
    let fields = [&file.plan.defaults, &task.fields].map(Partial::from);
    // A plan with a field that cannot be is still shown; `lint` and `run` say what is wrong.
    let config =
        project.settings(Partial::default(), fields.to_vec()).map(|loaded| loaded.config).unwrap_or_default();
    let waits = !start::open_dependencies(&project.store, file, task)?.is_empty();
    Ok(PlannedTask {
        key: file.key(task),
        title: task.title.clone(),
        uri: Url::from_file_path(&file.path).ok().map(String::from),
        range: Some(range),
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

/// What the user can do next with a task, as command lines.
/// `asks` is what the loop still waits for the user's word on.
pub fn next_steps(key: &TaskKey, status: TaskStatus, row: &LoopRow, asks: Option<AskKind>) -> Vec<String> {
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
            let asked = match &row.reason {
                Some(Reason::Asks { ask, .. }) => Some(*ask),
                _ => asks,
            };
            if let Some(AskKind::Login | AskKind::Billing | AskKind::Config) = asked {
                return vec![format!("once that is fixed: alfine continue {key}")];
            }
            match asks {
                Some(AskKind::Approval) => vec![
                    format!("look at it: alfine diff {key}"),
                    format!("answer:     alfine answer {key} --approve   (or --reject \"what is missing\")"),
                ],
                None => vec![format!("it has your answer; go on: alfine continue {key}")],
                Some(_) => vec![
                    format!("answer it: alfine answer {key} \"...\""),
                    format!("or, once fixed: alfine continue {key}"),
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
