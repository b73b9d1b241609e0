//! What a task's title says of its loop.

use super::builder::{Builder, LONGEST, MOST_RELATED, title_range};
use crate::protocol::lsp_types::{Diagnostic, DiagnosticSeverity, Location, Position, Range};
use crate::{
    client::ClientView,
    picture::{Picture, PlanView, SeenTask},
    snapshot::{LoopPicture, MarkKind, TaskPicture},
    wording,
};
use alfine_config::trust::TrustItem;
use alfine_core::printable::printable;
use alfine_core::{
    gate::{Reading, Verdict},
    machine::AskKind,
    plan::Task,
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::Span,
    time::Moment,
};
use alfine_store::{CheckoutChangeRow, VerificationRow};
use alfine_words::About;
use serde_json::json;
use std::{borrow::Cow, collections::HashSet};

/// The most commands that are listed.
const MOST_COMMANDS: usize = 20;

pub(super) fn of_plan(picture: &Picture, plan: &PlanView<'_>, is_open: bool) -> Vec<Diagnostic> {
    let encoding = picture.client.encoding;
    let tasks = plan.known_tasks();
    let mut found = Vec::new();
    for gone in plan.gone() {
        found.push(of_gone(picture, plan, gone));
    }
    for seen in &tasks {
        for diagnostic in of_task(picture, seen) {
            let diagnostic = diagnostic.data(json!({ "task": seen.key, "uri": plan.document.uri }));
            found.push(diagnostic.at(title_range(plan, seen.task, encoding), &picture.client));
        }
    }
    let untrusted = plan.checkout.and_then(|checkout| checkout.untrusted.get(&plan.name));
    if let Some(items) = untrusted.filter(|items| is_open && !items.is_empty())
        && let Some((task, key)) = first_that_needs(plan, &tasks, items)
    {
        let diagnostic = of_untrusted(items).data(json!({ "task": key, "uri": plan.document.uri }));
        found.push(diagnostic.at(title_range(plan, task, encoding), &picture.client));
    }
    found
}

/// The first task whose work is not over and that names one of these commands; the first one, where some are named by
/// no task and so are for all.
fn first_that_needs<'p>(
    plan: &PlanView<'p>,
    known: &[SeenTask<'p>],
    items: &[TrustItem],
) -> Option<(&'p Task, TaskKey)> {
    let mut open = open_tasks(plan, known);
    let first = open.next()?;
    let named: HashSet<&String> = plan.plan().tasks.iter().flat_map(commands_of).collect();
    let wanted: HashSet<&String> = items.iter().map(|item| &item.command).collect();
    let needs = |(task, _): &(&'p Task, TaskKey)| commands_of(task).any(|command| wanted.contains(command));
    if needs(&first) || !wanted.is_subset(&named) { Some(first) } else { open.find(needs).or(Some(first)) }
}

/// The commands that a task names itself.
fn commands_of(task: &Task) -> impl Iterator<Item = &String> {
    let criteria = task.criteria.iter().filter_map(|criterion| criterion.command.as_ref());
    criteria.chain(task.fields.verify.iter().chain(&task.runs).map(|named| &named.value))
}

/// The tasks whose work is not over, `known` being those that were written down.
fn open_tasks<'p>(plan: &PlanView<'p>, known: &[SeenTask<'p>]) -> impl Iterator<Item = (&'p Task, TaskKey)> {
    let mut known = known.iter().peekable();
    plan.plan().tasks.iter().filter_map(move |task| {
        match known.next_if(|seen| std::ptr::eq(seen.task, task)) {
            Some(seen) => (!is_over(seen.status)).then(|| (task, seen.key.clone())),
            None => (!task.done).then(|| (task, TaskKey::new(plan.name.clone(), task.id.0.clone()))),
        }
    })
}

fn is_over(status: TaskStatus) -> bool {
    status.satisfies_dependents() || status == TaskStatus::Discarded
}

fn of_gone(picture: &Picture, plan: &PlanView<'_>, gone: &TaskPicture) -> Diagnostic {
    let row = &gone.row;
    let message = format!(
        "The heading of {} (“{}”) is not in this plan any more, but the task still has a loop, which is {}. Put the heading \
         back, or stop or discard the loop.",
        row.key.id,
        wording::line(&row.title, 200),
        wording::status(row.status)
    );
    let first_line = Span::new(0, plan.document.lines.line(&plan.document.text, 0).len());
    let data = json!({ "task": row.key, "uri": plan.document.uri });
    Builder::new("task-gone", DiagnosticSeverity::WARNING, message)
        .data(data)
        .at(plan.document.range(first_line, picture.client.encoding), &picture.client)
}

fn of_untrusted(items: &[TrustItem]) -> Builder {
    let mut message = match items.len() {
        1 => "A loop that needs this command cannot start before you allow it on this machine:".to_owned(),
        n => format!(
            "A loop that needs one of these {n} commands cannot start before you allow it on this machine:"
        ),
    };
    for item in items.iter().take(MOST_COMMANDS) {
        message.push_str(&format!("\n  {}  ({})", printable(&item.command), printable(&item.origin)));
    }
    if items.len() > MOST_COMMANDS {
        message.push_str(&format!("\n  and {} more", items.len() - MOST_COMMANDS));
    }
    message.push_str("\nRead first, then allow with the code action on this line, or with `alfine trust`.");
    Builder::new("config-untrusted", DiagnosticSeverity::INFORMATION, message)
}

/// All that is to be said of a task that was started.
fn of_task(picture: &Picture, seen: &SeenTask<'_>) -> Vec<Builder> {
    let Some(known) = seen.known else { return Vec::new() };
    let status = known.row.status;
    let looped = known.last.as_ref();
    let changes = looped.iter().flat_map(|last| &last.checkout);
    let mut found: Vec<Builder> = changes.map(|change| of_checkout(&known.row.key, change)).collect();
    if is_over(status) {
        return found;
    }
    found.extend(of_status(picture, known, looped));
    if let Some(live) = known.live() {
        found.extend(of_verifiers(picture, live));
        // While it asks something, the question says what there is to do.
        let live = Some(live).filter(|_| status != TaskStatus::NeedsInput);
        let last = live.and_then(|live| live.state.as_ref()?.last.as_ref());
        let reading = last.map(|last| &last.reading);
        found.extend(reading.and_then(|reading| of_gate(reading, status, &picture.client)));
    }
    found
}

/// What changed in the user's checkout while the agent ran.
fn of_checkout(task: &TaskKey, found: &CheckoutChangeRow) -> Builder {
    let message = alfine_words::checkout::told(task, &found.changes, &found.tasks, found.named);
    // Most changes of a checkout are its user's, who works beside the agent.
    let severity = if found.named { DiagnosticSeverity::WARNING } else { DiagnosticSeverity::INFORMATION };
    Builder::new("checkout-changed", severity, printable(&message))
}

fn of_status(picture: &Picture, known: &TaskPicture, looped: Option<&LoopPicture>) -> Option<Builder> {
    let shown = |at| picture.clock(at);
    let waits_until = || looped.and_then(|looped| looped.row.summary.waiting_until);
    let (reason, moment) = match known.row.status {
        TaskStatus::Waiting => (known.reason()?.into_owned(), shown(Moment(waits_until()?.0))),
        TaskStatus::Interrupted => (Reason::RunnerDied, shown(Moment(known.row.since.0))),
        TaskStatus::NeedsInput => (asked(known, looped), String::new()),
        TaskStatus::Failed => (failed(known), String::new()),
        TaskStatus::Stopped => {
            (known.reason().map_or(Reason::Told { text: String::new() }, Cow::into_owned), String::new())
        }
        _ => return None,
    };
    let agent = looped.map(|looped| looped.row.agent.as_str()).unwrap_or_default();
    let about = About { agent, moment: &moment, verdict: verdict(looped) };
    let message = match &reason {
        // The state cannot be read, or is older: these words are what is left.
        Reason::Told { text } => alfine_words::explanation_of_told(text),
        reason => alfine_words::explanation(reason, &about, picture.client.reader())?,
    };
    let (code, severity) = kind(&reason);
    Some(Builder::new(code, severity, message))
}

/// What is asked: the question that is open, which has no kind of its own where an older version wrote it down.
fn asked(known: &TaskPicture, looped: Option<&LoopPicture>) -> Reason {
    let (ask, text) = match known.reason().map(Cow::into_owned) {
        Some(Reason::Asks { ask, text }) => (Some(ask), text),
        Some(other) => (None, alfine_words::reason(&other)),
        None => (None, String::new()),
    };
    match looped.and_then(|looped| looped.asks.as_ref()) {
        Some(open) => {
            let ask = ask.filter(|_| open.kind != AskKind::Trust).unwrap_or(open.kind);
            Reason::Asks { ask, text: open.text.clone() }
        }
        None => Reason::Asks { ask: ask.unwrap_or(AskKind::Question), text },
    }
}

fn failed(known: &TaskPicture) -> Reason {
    match known.reason().map(Cow::into_owned) {
        Some(Reason::Told { text: message }) => Reason::Failed { message },
        Some(reason) => reason,
        None => Reason::Failed { message: String::new() },
    }
}

/// Why the last iteration was not enough; empty if that is not known.
pub(crate) fn verdict(looped: Option<&LoopPicture>) -> &str {
    let last = looped.and_then(|looped| looped.state.as_ref()?.last.as_ref());
    last.map(|last| last.verdict.as_str()).unwrap_or_default()
}

/// The code of a diagnostic about a reason, and how much it matters.
fn kind(reason: &Reason) -> (String, DiagnosticSeverity) {
    let (code, severity) = match reason {
        Reason::Breaker { trip } => return (format!("breaker-{}", trip.rule), DiagnosticSeverity::WARNING),
        Reason::UsageLimit { .. } => ("rate-limited", DiagnosticSeverity::INFORMATION),
        Reason::RunnerDied | Reason::Unrun => ("interrupted", DiagnosticSeverity::WARNING),
        Reason::Failed { .. } => ("failed", DiagnosticSeverity::ERROR),
        Reason::Asks { ask, .. } => match ask {
            AskKind::Trust => ("config-untrusted", DiagnosticSeverity::WARNING),
            AskKind::Approval => ("approval-needed", DiagnosticSeverity::WARNING),
            AskKind::Login | AskKind::Billing => ("agent-auth", DiagnosticSeverity::ERROR),
            AskKind::Check => ("check-unable", DiagnosticSeverity::ERROR),
            AskKind::Config => ("question", DiagnosticSeverity::ERROR),
            AskKind::Refusal | AskKind::Blocked | AskKind::Question => {
                ("question", DiagnosticSeverity::WARNING)
            }
        },
        _ => ("breaker-iterations", DiagnosticSeverity::WARNING),
    };
    (code.to_owned(), severity)
}

fn of_verifiers(picture: &Picture, live: &LoopPicture) -> Option<Builder> {
    let failed: Vec<&VerificationRow> =
        live.evidence.iter().filter(|row| !row.passed && row.required).collect();
    let first = failed.first()?;
    let names: Vec<String> = failed
        .iter()
        .map(|row| {
            let name = wording::line(&row.verifier, 120);
            match row.exit {
                Some(exit) => format!("“{name}” (exit status {exit})"),
                None => format!("“{name}” (it did not end by itself)"),
            }
        })
        .collect();
    let said = match wording::plain(last_lines(&first.output), LONGEST) {
        said if said.is_empty() => String::new(),
        said => format!(" It says:\n{said}\n"),
    };
    let checks = if failed.len() == 1 { "this check fails" } else { "these checks fail" };
    let next = match live.row.status.needs_runner() {
        true => "The agent is told what was found and works on it next; you need not do anything.",
        false => "Look at what was found, then continue the loop: the agent is told to fix it.",
    };
    let message = format!(
        "The agent's work of iteration {} is not done: {checks}: {}.{said} {next}",
        first.iteration,
        wording::listed(&names)
    );
    let mut diagnostic =
        Builder::new("verify-failed", DiagnosticSeverity::WARNING, message.replace("\n ", "\n"));
    let findings = live.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Finding { .. }));
    for mark in findings.take(MOST_RELATED) {
        let line = u32::try_from(mark.line).unwrap_or(u32::MAX);
        let width = u32::try_from(picture.client.encoding.units(&mark.text)).unwrap_or(u32::MAX);
        let range = Range::new(Position::new(line, 0), Position::new(line, width));
        diagnostic.related(Location::new(mark.uri.clone(), range), &mark.message);
    }
    Some(diagnostic)
}

/// The end of an output, where tools say what counts.
fn last_lines(output: &str) -> &str {
    const LINES: usize = 6;
    let output = output.trim_end();
    let start = output.rmatch_indices('\n').nth(LINES - 1).map_or(0, |(at, _)| at + 1);
    output.get(start..).unwrap_or(output)
}

fn of_gate(reading: &Reading, status: TaskStatus, client: &ClientView) -> Option<Builder> {
    let why = wording::sentence(&wording::plain(&reading.why, LONGEST));
    let next = match status.needs_runner() {
        true => "The agent is told so in its next prompt; you need not do anything.",
        false => "When the loop goes on, the agent is told so in its next prompt.",
    };
    let gate = reading.gate.as_ref();
    let (code, severity, message) = match reading.verdict {
        Verdict::Ready => return None,
        Verdict::Missing => (
            "gate-missing",
            DiagnosticSeverity::WARNING,
            format!(
                "The agent did not say whether the work is done at the end of the last iteration: {why} {next}"
            ),
        ),
        Verdict::Malformed => (
            "gate-malformed",
            DiagnosticSeverity::WARNING,
            format!(
                "The agent's answer to whether the work is done (its completion gate) cannot be read: {why} {next}"
            ),
        ),
        Verdict::Contradictory => (
            "gate-contradictory",
            DiagnosticSeverity::WARNING,
            format!(
                "The agent's answer to whether the work is done (its completion gate) contradicts itself, so it counts as no: {why} {next}"
            ),
        ),
        Verdict::NotReady => {
            let blockers: Vec<String> = gate
                .map(|gate| &gate.blockers[..])
                .unwrap_or_default()
                .iter()
                .take(5)
                .map(|blocker| format!("“{}”", wording::line(blocker, 300)))
                .collect();
            // That work is not done yet is how loops go.
            if blockers.is_empty() && status.needs_runner() {
                return None;
            }
            let reason =
                gate.and_then(|gate| gate.reason.as_deref()).map(|reason| wording::plain(reason, LONGEST));
            let reason = reason
                .filter(|reason| !reason.is_empty())
                .map_or_else(|| ".".to_owned(), |reason| format!(": {}", wording::sentence(&reason)));
            let blocked = match blockers.is_empty() {
                true => String::new(),
                false => format!(" In its way: {}.", wording::listed(&blockers)),
            };
            let tell = alfine_words::how_to_tell(client.reader());
            let next = match status.needs_runner() {
                true => format!("The loop goes on by itself. If you know a way, {tell}."),
                false => format!("If you know a way, {tell}. Then continue."),
            };
            (
                "gate-not-ready",
                DiagnosticSeverity::INFORMATION,
                format!("The agent says that the work is not done yet{reason}{blocked} {next}"),
            )
        }
    };
    Some(Builder::new(code, severity, message))
}
