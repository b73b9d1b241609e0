//! What can be done with the task at a place, and with the task that a diagnostic is about.

use super::proposed::{ALFINE, Asked, Proposed};
use crate::protocol::lsp_types::{CodeActionKind, Diagnostic};
use crate::{
    commands::{EditorCommand, arguments::Start},
    offers::{self, TaskOffers},
    picture::PlanView,
};
use alfine_core::{
    lint::LintCode,
    task::{TaskKey, TaskStatus},
};

/// The longest text that is given to an agent by selecting it, in bytes.
const LONGEST_NOTE: usize = 4000;
/// The most loops that are offered the same text.
const MOST_HEARERS: usize = 5;

pub(super) fn propose(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    for (diagnostic, code) in asked.ours() {
        if is_about_a_document(code) {
            continue;
        }
        quick_fixes(asked, diagnostic, code, out);
    }
    let Some(plan) = asked.picture.plan(&asked.params.text_document.uri) else {
        return of_selection(asked, out);
    };
    let offset = asked.document.offset(asked.params.range.start, asked.client().encoding);
    let Some(seen) = plan.task_at(offset) else {
        of_plan(&plan, out);
        return of_selection(asked, out);
    };
    for item in TaskOffers::of_task(&plan, &seen).menu() {
        out.push(Proposed::command(ALFINE, item.command, item.refused));
    }
    out.extend(offers::check(&plan, &seen).map(|check| Proposed::command(ALFINE, check, None)));
    // In a task's own text it is clear who is meant.
    if let (Some(known), Some(text)) = (seen.known, note(asked)) {
        let own = Some(plan.document.uri.clone());
        out.extend(offers::of_text(own, known, text).map(|command| Proposed::command(ALFINE, command, None)));
    }
}

fn is_about_a_document(code: &str) -> bool {
    LintCode::ALL.iter().any(|lint| lint.as_str() == code)
}

fn quick_fixes(asked: &Asked<'_>, diagnostic: &Diagnostic, code: &str, out: &mut Vec<Proposed>) {
    let items: Vec<_> = offers_for(asked, diagnostic).iter().flat_map(TaskOffers::menu).collect();
    let (steps, is_sure) = offers::steps_for(code);
    let mut preferred = steps.first().filter(|_| is_sure);
    for step in steps {
        for item in items.iter().filter(|item| item.step == *step) {
            let action =
                Proposed::command(CodeActionKind::QUICKFIX, item.command.clone(), item.refused.clone());
            let is_right = item.refused.is_none() && preferred.take_if(|first| *first == step).is_some();
            out.push(action.mends(Some(diagnostic)).preferred(is_right));
        }
    }
}

/// The offers for the task that a diagnostic is about: the one that its data names, the one whose loop marks the line,
/// or the one at its place.
fn offers_for(asked: &Asked<'_>, diagnostic: &Diagnostic) -> Vec<TaskOffers> {
    let uri = &asked.params.text_document.uri;
    if let Some(key) = key_of(diagnostic).or_else(|| marking(asked, diagnostic)) {
        return offers_for_key(asked, &key).into_iter().collect();
    }
    let Some(plan) = asked.picture.plan(uri) else { return Vec::new() };
    let offset = asked.document.offset(diagnostic.range.start, asked.client().encoding);
    if let Some(seen) = plan.task_at(offset) {
        return vec![TaskOffers::of_task(&plan, &seen)];
    }
    plan.gone().into_iter().map(|task| TaskOffers::of_gone(&plan, task)).collect()
}

fn key_of(diagnostic: &Diagnostic) -> Option<TaskKey> {
    diagnostic.data.as_ref()?.get("task")?.as_str()?.parse().ok()
}

fn marking(asked: &Asked<'_>, diagnostic: &Diagnostic) -> Option<TaskKey> {
    let uri = &asked.params.text_document.uri;
    let line = usize::try_from(diagnostic.range.start.line).ok()?;
    let checkouts = &asked.picture.snapshot.checkouts;
    let tasks = checkouts.iter().flat_map(|checkout| checkout.store.all());
    let marks = tasks.filter(|task| {
        let marks = task.last.iter().flat_map(|last| &last.marks);
        marks.filter(|mark| mark.uri == *uri).any(|mark| {
            mark.line == line && (mark.message.is_empty() || diagnostic.message.contains(&mark.message))
        })
    });
    marks.map(|task| task.row.key.clone()).min()
}

fn offers_for_key(asked: &Asked<'_>, key: &TaskKey) -> Option<TaskOffers> {
    // The document's own plan first: several working trees may have one of this name. Of another repository it is
    // another.
    let uri = &asked.params.text_document.uri;
    let own = asked.picture.plan(uri);
    let of = asked.picture.snapshot.place(uri).map(|(checkout, _)| checkout.place.common_dir.as_path());
    let plans = own
        .into_iter()
        .chain(std::iter::once_with(|| asked.picture.plans()).flatten())
        .filter(|plan| plan.name == key.plan)
        .filter(|plan| {
            of.is_none() || plan.checkout.map(|checkout| checkout.place.common_dir.as_path()) == of
        });
    for plan in plans {
        if let Some(seen) = plan.tasks().into_iter().find(|seen| seen.key == *key) {
            return Some(TaskOffers::of_task(&plan, &seen));
        }
        if let Some(gone) = plan.gone().into_iter().find(|gone| gone.row.key == *key) {
            return Some(TaskOffers::of_gone(&plan, gone));
        }
    }
    None
}

/// Between the tasks: what can be done with all of them.
fn of_plan(plan: &PlanView<'_>, out: &mut Vec<Proposed>) {
    for gone in plan.gone() {
        for item in TaskOffers::of_gone(plan, gone).menu() {
            let mut command = item.command;
            command.title = format!("{}: {}", gone.row.key.id, command.title);
            out.push(Proposed::command(ALFINE, command, item.refused));
        }
    }
    let can_start = plan.tasks().iter().any(|seen| seen.status == TaskStatus::Ready);
    if plan.checkout.is_none() || !can_start {
        return;
    }
    let argument = Start { uri: plan.document.uri.clone(), task: None, options: None };
    let start = EditorCommand::Start(argument).titled("Start all tasks of this plan");
    out.push(Proposed::command(ALFINE, start, None));
}

/// If no client has a box for text, what the user selects is what is said: in any file, to any loop that would hear it.
fn of_selection(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    let Some(text) = note(asked) else { return };
    let Some((checkout, _)) = asked.picture.snapshot.place(&asked.params.text_document.uri) else { return };
    let heard = checkout.store.all().filter_map(|task| {
        let plan = checkout.uri_of(&task.row.key.plan);
        Some((&task.row.key, offers::of_text(plan, task, text)?))
    });
    let mut heard: Vec<_> = heard.collect();
    heard.sort_by_key(|(key, _)| *key);
    for (key, mut command) in heard.into_iter().take(MOST_HEARERS) {
        command.title = format!("{}: {}", key.id, command.title);
        out.push(Proposed::command(ALFINE, command, None));
    }
}

/// What is selected, where it is short enough to be said to an agent.
fn note<'a>(asked: &Asked<'a>) -> Option<&'a str> {
    Some(asked.selected().trim()).filter(|text| !text.is_empty() && text.len() <= LONGEST_NOTE)
}
