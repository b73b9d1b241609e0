//! What is wrong, or waits for the user, said at its line: on tasks, on the source lines that blockers and findings
//! name, and in `alfine.toml`.
//!
//! A loop that runs as it should says nothing here. Each message alone says what happened, why, and what to do next.

mod builder;
mod settings;
mod tasks;

pub(crate) use tasks::explained;

use crate::protocol::lsp_types::{Diagnostic, DiagnosticSeverity, Location, Position, Range, Url};
use crate::{
    document::Document,
    picture::{Picture, PlanView},
    position::Encoding,
    snapshot::{Checkout, LoopPicture, Mark, MarkKind},
    wording,
};
use alfine_core::{
    budget::Budget,
    finding::{OF_CONTROLS, Severity},
    lint::LintOptions,
    task::{TaskId, TaskKey, TaskStatus},
    text::Span,
};
use builder::{Builder, LONGEST, MOST_RELATED, Said, place};
use serde_json::json;
use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// Finds everything that is to be said, by document. A document that is not among them has nothing.
pub(crate) fn all(picture: &Picture) -> BTreeMap<Url, Vec<Diagnostic>> {
    let mut said = Said::default();
    let mut all = settings::all(picture, &mut said);
    for checkout in &picture.snapshot.checkouts {
        for (name, why) in &checkout.unreadable {
            let Ok(uri) = Url::from_file_path(checkout.place.root.join(name)) else { continue };
            let diagnostic = unreadable(picture, why);
            if said.is_new(&uri, &diagnostic) {
                all.entry(uri).or_default().push(diagnostic);
            }
        }
    }
    let plans = picture.plans();
    for plan in &plans {
        if picture.is_copy(plan) && picture.open(&plan.document.uri).is_none() {
            continue;
        }
        all.entry(plan.document.uri.clone()).or_default().extend(of_plan(picture, plan));
    }
    let titles = Titles::of(&plans);
    for (checkout, looped) in loops(picture) {
        let title = titles.find(checkout, &looped.row.task, picture.client.encoding);
        for mark in &looped.marks {
            let Some(diagnostic) = of_mark(picture, checkout, looped, mark, title.as_ref()) else { continue };
            if said.is_new(&mark.uri, &diagnostic) {
                all.entry(mark.uri.clone()).or_default().push(diagnostic);
            }
        }
    }
    all.retain(|_, found| !found.is_empty());
    all
}

/// The loops whose marks still hold, with the working tree they are seen from.
fn loops(picture: &Picture) -> impl Iterator<Item = (&Checkout, &LoopPicture)> {
    let open = picture
        .snapshot
        .live()
        .filter(|(_, task, looped)| task.row.status != TaskStatus::Done && !looped.marks.is_empty());
    open.map(|(checkout, _, looped)| (checkout.as_ref(), looped))
}

/// Reports on the first line of a plan's file why it cannot be read as a plan.
fn unreadable(picture: &Picture, why: &str) -> Diagnostic {
    let message = format!(
        "This plan cannot be read, so none of its tasks can start: {}.",
        wording::plain(why, LONGEST)
    );
    Builder::new("plan-unreadable", DiagnosticSeverity::ERROR, message).at(Range::default(), &picture.client)
}

fn of_plan(picture: &Picture, plan: &PlanView<'_>) -> Vec<Diagnostic> {
    let is_open = picture.documents.contains_key(&plan.document.uri);
    let mut found = tasks::of_plan(picture, plan, is_open);
    found.extend(of_budget(picture, plan));
    if is_open {
        found.extend(lints(picture, plan));
    }
    found
}

/// Says on the first line of a plan which budget holds its run up.
fn of_budget(picture: &Picture, plan: &PlanView<'_>) -> Option<Diagnostic> {
    let short = plan.short()?;
    let remedy = match short.budget {
        Budget::PlanUsd => "Raise it, or stop the plan".to_owned(),
        Budget::DayUsd | Budget::PlanTime => {
            format!(
                "Raise `{}` in your settings, then continue all; or stop the plan",
                short.budget.setting()
            )
        }
    };
    let message = format!("Nothing more is begun: {short}. {remedy}.");
    let document = plan.document;
    let first_line = Span::new(0, document.lines.line(&document.text, 0).len());
    let range = document.range(first_line, picture.client.encoding);
    let diagnostic = Builder::new("budget", DiagnosticSeverity::WARNING, message);
    Some(diagnostic.data(json!({ "uri": document.uri })).at(range, &picture.client))
}

fn lints(picture: &Picture, plan: &PlanView<'_>) -> Vec<Diagnostic> {
    let standard = LintOptions::default();
    let options = plan.checkout.map_or(&standard, |checkout| &checkout.lint_options);
    let document = plan.document;
    let tasks = &plan.plan().tasks;
    let lints = document.lints(options, &plan.checks());
    let to_diagnostic = |lint: &alfine_core::lint::Lint| {
        let at = tasks.partition_point(|task| task.title_span.start <= lint.span.start).checked_sub(1);
        let task = at.and_then(|at| tasks.get(at)).filter(|task| lint.span.start <= task.span.end);
        let key = task.map(|task| TaskKey::new(plan.name.clone(), task.id.0.clone()));
        let mut diagnostic = Builder::new(
            lint.code.as_str(),
            severity(lint.severity),
            wording::plain(&lint.message, 2 * LONGEST),
        );
        for (span, message) in lint.related.iter().take(MOST_RELATED) {
            diagnostic.related(place(document, *span, picture.client.encoding), message);
        }
        let diagnostic = diagnostic.data(json!({ "task": key, "fixes": lint.fixes.len() }));
        diagnostic.at(document.range(lint.span, picture.client.encoding), &picture.client)
    };
    lints.iter().map(to_diagnostic).collect()
}

/// Says on a source line what a blocker or a verifier says of it; nothing if the open buffer has no such line.
fn of_mark(
    picture: &Picture,
    checkout: &Checkout,
    looped: &LoopPicture,
    mark: &Mark,
    title: Option<&Location>,
) -> Option<Diagnostic> {
    let line = match picture.documents.get(&mark.uri) {
        Some(document) => nearest_line(document, mark)?,
        None => mark.line,
    };
    let encoding = picture.client.encoding;
    let indent = mark.text.len() - mark.text.trim_start().len();
    let end = mark.text.trim_end().len();
    let named = mark.column.and_then(|column| mark.text.char_indices().nth(column)).map(|(at, _)| at);
    let start = named.unwrap_or(indent).min(end);
    let position = |byte: usize| {
        let units = encoding.units(mark.text.get(..byte).unwrap_or_default());
        Position::new(u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(units).unwrap_or(u32::MAX))
    };
    let said = wording::sentence(&wording::plain(&mark.message, LONGEST));
    let key = &looped.row.task;
    let iteration = looped.row.summary.iteration;
    let (code, message) = match &mark.kind {
        MarkKind::Blocker => (
            "blocker",
            format!("{said} The agent says that this stands in the way of {key} (iteration {iteration})."),
        ),
        MarkKind::Finding { verifier } => {
            let own = OF_CONTROLS.iter().copied().find(|own| mark.code.as_deref() == Some(*own));
            let kind = mark.code.as_deref().filter(|_| own.is_none());
            let kind = kind.map(|code| format!(" [{}]", wording::line(code, 80))).unwrap_or_default();
            let verifier = wording::line(verifier, 120);
            let next = match looped.row.status.needs_runner() {
                true => "the agent is told to fix it",
                false => "once its loop continues, the agent is told to fix it",
            };
            let code = own.unwrap_or("finding");
            (code, format!("{said}{kind} The check “{verifier}” of {key} found this; {next}."))
        }
    };
    let mut diagnostic = Builder::new(code, severity(mark.severity), message);
    if let Some(title) = title {
        diagnostic.related(title.clone(), &format!("The task {key}."));
    }
    let diagnostic = diagnostic.data(json!({ "task": key, "uri": checkout.uri_of(&key.plan) }));
    Some(diagnostic.at(Range::new(position(start), position(end)), &picture.client))
}

/// The line of an open buffer that a mark is about: edits above it move it.
fn nearest_line(document: &Document, mark: &Mark) -> Option<usize> {
    const REACH: usize = 2000;
    let is_it = |line: usize| document.lines.line(&document.text, line) == mark.text;
    let count = document.lines.count();
    (0..REACH).find_map(|away| {
        let before = mark.line.checked_sub(away).filter(|&line| line < count && is_it(line));
        before.or_else(|| mark.line.checked_add(away).filter(|&line| line < count && is_it(line)))
    })
}

/// Where the tasks stand in their plans, by working tree and plan.
struct Titles<'p>(HashMap<(&'p Path, &'p str), TitlesOfPlan<'p>>);

/// The tasks of a plan by their ids, put together when the first one is looked for.
struct TitlesOfPlan<'p> {
    plan: &'p PlanView<'p>,
    by_id: OnceCell<HashMap<&'p TaskId, Span>>,
}

impl<'p> Titles<'p> {
    fn of(plans: &'p [PlanView<'p>]) -> Self {
        let of_plan = |plan: &'p PlanView<'p>| {
            let place = (plan.checkout?.place.root.as_path(), plan.name.as_str());
            Some((place, TitlesOfPlan { plan, by_id: OnceCell::new() }))
        };
        Self(plans.iter().filter_map(of_plan).collect())
    }

    fn find(&self, checkout: &Checkout, key: &TaskKey, encoding: Encoding) -> Option<Location> {
        let TitlesOfPlan { plan, by_id } = self.0.get(&(checkout.place.root.as_path(), key.plan.as_str()))?;
        let ids = || plan.plan().tasks.iter().rev().map(|task| (&task.id, task.title_span)).collect();
        let span = by_id.get_or_init(ids).get(&key.id)?;
        Some(place(plan.document, *span, encoding))
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Error => DiagnosticSeverity::ERROR,
    }
}

#[cfg(test)]
mod tests;
