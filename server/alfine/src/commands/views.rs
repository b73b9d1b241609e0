//! Tasks as they are shown: made of plans and the store, with what the user can do next.

use alfine_config::Partial;
use alfine_core::{
    hint::Hint,
    offer::{Action, Continuing, Offer, Step},
    task::{TaskKey, TaskStatus},
    text::{LineIndex, Span},
};
use alfine_engine::{
    Error, ErrorKind, Result, evidence,
    known::Known,
    project::{PlanFile, Project},
    view::{self, OfferView, PlannedTask, Seen, TaskView, ViewPlace, ViewRange, task_views},
};
use alfine_store::LoopRow;
use alfine_words::offer as words;
use jiff::Zoned;
use std::collections::HashSet;
use url::Url;

/// The views of every task of these plans, and of loops whose task is in none.
pub(crate) fn of_plans(project: &Project, plans: &[PlanFile]) -> Result<Vec<Seen>> {
    // Settings that are invalid are still shown; `doctor` and `run` say what is wrong.
    let config =
        project.settings(Partial::default(), Vec::new()).map(|loaded| loaded.config).unwrap_or_default();
    let mut planned = Vec::new();
    for file in plans {
        let lines = LineIndex::new(&file.text);
        let known = Known::here(project, file)?.detecting(file, &config);
        let uri = Url::from_file_path(&file.path).ok().map(String::from);
        for task in &file.plan.tasks {
            let key = file.key(task);
            let in_doubt = known
                .perhaps(task)
                .map(|row| alfine_words::same_task(&key, &task.title, &row.key, &row.title, row.status));
            planned.push(PlannedTask {
                row: known.row(task).map(|row| row.key.clone()),
                has_open_box: file.has_open_box(task),
                in_doubt,
                depends_on: known.depends_on(task),
                detected: known.detected(task).to_vec(),
                uri: uri.clone(),
                range: Some(range_of(&file.text, &lines, task.title_span)),
                ..PlannedTask::new(key, task, &file.plan, &config, known.waits_for(task))
            });
        }
    }
    let is_changed =
        |row: &LoopRow, tree: &str| evidence::is_changed(&project.repository, &project.layout, row, tree);
    task_views(&project.store, &planned, &is_changed)
}

/// The view of one task.
pub(crate) fn of_task(project: &Project, key: &TaskKey) -> Result<Seen> {
    let plans: Vec<PlanFile> = project.plan_named(&key.plan).into_iter().collect();
    let found = of_plans(project, &plans)?.into_iter().find(|seen| seen.view.task == *key);
    found.ok_or_else(|| Error::new(ErrorKind::User, format!("there is no task {key}")).hint(Hint::ListTasks))
}

/// The tasks that were in a plan before, or in any: their work is over, and no plan has them any more.
pub(crate) fn former(project: &Project, shown: &[Seen], plan: Option<&str>) -> Result<Vec<TaskView>> {
    // A row has the id of its task now, except where only the user can say which that is.
    let shown: HashSet<&TaskKey> = shown.iter().map(|seen| &seen.view.task).collect();
    let mut former = view::former_views(&project.store, &shown)?;
    former.retain(|view| plan.is_none_or(|plan| view.plan == plan));
    Ok(former)
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

/// What the user can do next with a task, as command lines, each with what it is for.
///
/// The list leaves out what a user asks for by name, such as each iteration that they can go back to.
pub(crate) fn next_steps(seen: &Seen) -> Vec<String> {
    let is_done = seen.view.status == TaskStatus::Done;
    let is_told = |offer: &&Offer| match offer.action.step() {
        Step::ResetAndContinue | Step::Discard => true,
        Step::ShowTranscript => !is_done,
        Step::Continue => matches!(offer.action, Action::Continue(Continuing::OnTrial)) || offer.is_next,
        _ => offer.is_next,
    };
    let possible = seen.offers.iter().filter(|offer| offer.refused.is_none()).filter(is_told);
    // Who decides looks first.
    let looks = |offer: &&Offer| matches!(offer.action.step(), Step::ShowDiff | Step::ShowTranscript);
    let (first, then): (Vec<&Offer>, Vec<&Offer>) = possible.partition(looks);
    let steps: Vec<&Action> = first.into_iter().chain(then).map(|offer| &offer.action).collect();
    let width =
        steps.iter().map(|action| words::purpose(action).chars().count()).max().unwrap_or_default() + 1;
    let line = |action: &&Action| {
        format!("{:width$} {}", words::purpose(action) + ":", words::command_line(action, &seen.view.task))
    };
    steps.iter().map(line).collect()
}

/// The likeliest next step, as a command line with what it is for; `None` if nothing is to be done.
pub(crate) fn next_step(seen: &Seen) -> Option<String> {
    let action = &seen.offers.iter().find(|offer| offer.is_next && offer.refused.is_none())?.action;
    Some(format!("{}: {}", words::purpose(action), words::command_line(action, &seen.view.task)))
}

/// A task's view with all that is shown of it, for a program that reads it.
pub(crate) fn shown(seen: Seen) -> TaskView {
    let now = Zoned::now();
    let offer =
        |offer: &Offer| OfferView::new(offer, words::command_line(&offer.action, &seen.view.task), None);
    let offers = seen.offers.iter().map(offer).collect();
    seen.view.with_shown(seen.needs_you, |moment| alfine_words::clock(moment, &now), offers)
}
