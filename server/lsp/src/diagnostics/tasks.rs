//! What a task's title says of its loop.

use super::builder::{Builder, LONGEST, MOST_RELATED, title_range};
use crate::protocol::lsp_types::{Diagnostic, DiagnosticSeverity, Location, Position, Range};
use crate::{
    client::ClientView,
    clock,
    picture::{Picture, PlanView, SeenTask},
    snapshot::{LoopPicture, MarkKind, TaskPicture},
    wording,
};
use alfine_config::trust::TrustItem;
use alfine_core::printable::printable;
use alfine_core::{
    breaker::{HARD_LIMIT, Line, Rule, Scope},
    gate::{Reading, Verdict},
    machine::{AskKind, Phase, StopReason, WaitReason},
    plan::Task,
    task::{TaskKey, TaskStatus},
    text::Span,
    time::Moment,
};
use alfine_engine::reason::in_words;
use alfine_store::{ApprovalKind, VerificationRow};
use serde_json::json;
use std::collections::HashSet;

/// How a user tells an agent something. Who asks for tasks has a box for text.
fn how_to_tell(client: &ClientView) -> &'static str {
    match client.tasks {
        true => "send it a note",
        false => {
            "select your words in any file and choose the code action “Tell the agent the selected text”"
        }
    }
}

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
        let said = of_task(picture, seen);
        if said.is_empty() {
            continue;
        }
        let range = title_range(plan, seen.task, encoding);
        for mut diagnostic in said {
            diagnostic.data(json!({ "task": seen.key, "uri": plan.document.uri }));
            found.push(diagnostic.at(range, &picture.client));
        }
    }
    let untrusted = plan.checkout.and_then(|checkout| checkout.untrusted.get(&plan.name));
    if let Some(items) = untrusted.filter(|items| is_open && !items.is_empty())
        && let Some((task, key)) = first_that_needs(plan, &tasks, items)
    {
        let mut diagnostic = of_untrusted(items);
        diagnostic.data(json!({ "task": key, "uri": plan.document.uri }));
        found.push(diagnostic.at(title_range(plan, task, encoding), &picture.client));
    }
    found
}

/// The first task whose work is not over and that names one of these commands; the first one, where some are named by no
/// task and so are for all.
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
    criteria.chain(task.fields.verify.iter().map(|verify| &verify.value))
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
    let mut diagnostic = Builder::new("task-gone", DiagnosticSeverity::WARNING, message);
    diagnostic.data(json!({ "task": row.key, "uri": plan.document.uri }));
    diagnostic.at(plan.document.range(first_line, picture.client.encoding), &picture.client)
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
    if is_over(status) {
        return Vec::new();
    }
    let looped = known.last.as_ref();
    let mut found = Vec::new();
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

fn of_status(picture: &Picture, known: &TaskPicture, looped: Option<&LoopPicture>) -> Option<Builder> {
    let phase = looped.and_then(|looped| looped.state.as_ref()).map(|state| &state.phase);
    let reason = known.row.reason.as_deref().unwrap_or_default();
    match known.row.status {
        TaskStatus::Waiting => of_wait(picture, phase, looped?),
        TaskStatus::NeedsInput => Some(of_ask(phase, looped, reason, &picture.client)),
        TaskStatus::Interrupted => Some(interrupted(picture, known)),
        TaskStatus::Stopped => of_stop(phase, looped, reason, &picture.client),
        TaskStatus::Failed => {
            let why = match wording::plain(reason, LONGEST) {
                why if why.is_empty() => "the reason was not written down".to_owned(),
                why => why,
            };
            let message = format!(
                "The loop failed and cannot go on by itself: {} Mend that, then continue it, or discard it and start again.",
                wording::sentence(&why)
            );
            Some(Builder::new("failed", DiagnosticSeverity::ERROR, message))
        }
        _ => None,
    }
}

fn interrupted(picture: &Picture, known: &TaskPicture) -> Builder {
    let since = Moment(known.row.since.0);
    let message = format!(
        "The loop was interrupted at {}: the process that ran it ended without a word, perhaps because the machine was \
         shut down. Nothing runs now, and nothing is lost. Continue it: it goes on where it was.",
        clock::shown(since, picture.now, picture.client.zone.as_ref())
    );
    Builder::new("interrupted", DiagnosticSeverity::WARNING, message)
}

fn of_wait(picture: &Picture, phase: Option<&Phase>, looped: &LoopPicture) -> Option<Builder> {
    let Some(Phase::Waiting { until, why: WaitReason::RateLimit { known, message } }) = phase else {
        return None;
    };
    let until = clock::shown(*until, picture.now, picture.client.zone.as_ref());
    let agent = wording::line(&looped.row.agent, 80);
    let said = match wording::plain(message, LONGEST) {
        said if said.is_empty() => String::new(),
        said => format!(" (“{said}”)"),
    };
    let message = match known {
        true => format!(
            "The usage limit of the agent {agent} is reached{said}. It passes at {until}, and the loop then goes on by itself."
        ),
        false => format!(
            "The usage limit of the agent {agent} is reached{said}, and it did not say until when. The loop tries again by \
             itself at {until}."
        ),
    };
    Some(Builder::new("rate-limited", DiagnosticSeverity::INFORMATION, message))
}

fn of_ask(phase: Option<&Phase>, looped: Option<&LoopPicture>, reason: &str, client: &ClientView) -> Builder {
    let asks = looped.and_then(|looped| looped.asks.as_ref());
    let ask = match phase {
        Some(Phase::NeedsInput { ask }) => Some(ask),
        _ => None,
    };
    let text = asks.map(|asks| asks.text.as_str()).or(ask.map(|ask| ask.text.as_str())).unwrap_or(reason);
    let text = wording::sentence(&wording::plain(text, 2 * LONGEST));
    let kind = match asks.map(|asks| asks.kind) {
        Some(ApprovalKind::Trust) => None,
        Some(ApprovalKind::Approval) => Some(AskKind::Approval),
        Some(ApprovalKind::Login) => Some(ask.map_or(AskKind::Login, |ask| ask.kind)),
        Some(ApprovalKind::Question) | None => Some(ask.map_or(AskKind::Question, |ask| ask.kind)),
    };
    let (code, severity, message) = match kind {
        None => (
            "config-untrusted",
            DiagnosticSeverity::WARNING,
            format!(
                "The loop waits until you allow what it would run: {text} Choose “Allow the commands”, read them, and then “Continue”."
            ),
        ),
        Some(AskKind::Approval) => (
            "approval-needed",
            DiagnosticSeverity::WARNING,
            format!(
                "The loop waits for your decision: {text} Look at the diff, then choose “Approve”, or “Reject”{}.",
                match client.tasks {
                    true => " and say what is missing",
                    false =>
                        ". To say what is missing, select your words in any file and choose “Reject with the selected text”",
                }
            ),
        ),
        Some(AskKind::Login) => (
            "agent-auth",
            DiagnosticSeverity::ERROR,
            format!(
                "The loop waits for you: {text} Log the agent in, in a terminal, then continue the loop."
            ),
        ),
        Some(AskKind::Billing) => (
            "agent-auth",
            DiagnosticSeverity::ERROR,
            format!(
                "The loop waits for you: {text} Mend that in the agent's account, then continue the loop."
            ),
        ),
        Some(AskKind::Config) => (
            "question",
            DiagnosticSeverity::ERROR,
            format!(
                "The loop waits for you: {text} Mend the agent's settings, such as its model, then continue the loop."
            ),
        ),
        Some(AskKind::Refusal) => (
            "question",
            DiagnosticSeverity::WARNING,
            format!(
                "The loop waits for you: {text} Write the task in other words, or choose “Answer”, then continue the loop."
            ),
        ),
        Some(AskKind::Blocked) => (
            "question",
            DiagnosticSeverity::WARNING,
            format!(
                "The agent said twice that only a person can help with this: {text} Help, then choose “Continue”; or choose “Answer” \
                 to tell the agent what to do."
            ),
        ),
        Some(AskKind::Question) => (
            "question",
            DiagnosticSeverity::WARNING,
            format!(
                "The agent asks: {text} Choose “Answer”{}.",
                match client.tasks {
                    true => "; the agent then goes on with it",
                    false => {
                        ", or select your words in any file and choose “Answer with the selected text”; the agent then goes on \
                         with them"
                    }
                }
            ),
        ),
    };
    Builder::new(code, severity, message)
}

fn of_stop(
    phase: Option<&Phase>,
    looped: Option<&LoopPicture>,
    reason: &str,
    client: &ClientView,
) -> Option<Builder> {
    let (rule, message) = match phase {
        Some(Phase::Stopped { reason: StopReason::User }) => return None,
        Some(Phase::Stopped { reason: StopReason::HardLimit }) => (
            Rule::Iterations,
            format!(
                "The loop stopped after {HARD_LIMIT} iterations, the most that one loop may take, and the work is not done. \
                 Split the task into smaller ones, or discard the loop and start again."
            ),
        ),
        Some(Phase::Stopped { reason: StopReason::Breaker(trip) }) => {
            (trip.rule, of_trip(trip, looped, client))
        }
        // The state cannot be read, or is older: the reason is what is left.
        _ if reason == "stopped by the user" => return None,
        _ => {
            let rule = reason.split(' ').next().and_then(Rule::named).unwrap_or(Rule::Iterations);
            let why = wording::sentence(&wording::plain(&in_words(reason), LONGEST));
            (rule, format!("The loop stopped: {why} Continue it, or discard it."))
        }
    };
    Some(Builder::new(format!("breaker-{rule}"), DiagnosticSeverity::WARNING, message))
}

/// What a tripped rule means, what fed it, and what to do.
fn of_trip(trip: &Line, looped: Option<&LoopPicture>, client: &ClientView) -> String {
    format!("{} {}", why_stopped(trip, looped), next_after(trip.rule, client))
}

/// What a tripped rule means, and what fed it.
pub(crate) fn why_stopped(trip: &Line, looped: Option<&LoopPicture>) -> String {
    let after = |words: &str| match wording::plain(words, LONGEST) {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    let evidence = after(&trip.evidence);
    let verdict = looped
        .and_then(|looped| looped.state.as_ref()?.last.as_ref())
        .map_or_else(String::new, |last| after(&last.verdict));
    let happened = trip.happened();
    let what = match trip.rule.info() {
        _ if trip.rule == Rule::Iterations => {
            format!("after {} iterations, and the work is not done{verdict}", trip.shown())
        }
        // Their words name the limit.
        rule if rule.scope == Scope::Budget => format!("because {happened}{evidence}"),
        _ => format!("because {happened} (limit {}){evidence}", trip.limit_shown()),
    };
    format!("The loop stopped {}", wording::sentence(&what))
}

/// What the user can do after a rule tripped.
fn next_after(rule: Rule, client: &ClientView) -> String {
    let remedy = rule.info().remedy.replace("{tell}", how_to_tell(client));
    remedy.replace("{reset}", "choose “Reset the breaker and continue”")
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
        false => "Look at what was found, then continue the loop: the agent is told to mend it.",
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
            let tell = how_to_tell(client);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_a_box_for_text_is_not_sent_to_select_some() {
        for rule in Rule::ALL {
            let trip = Line { rule, count: 3.0, limit: Some(3.0), evidence: String::new() };
            let says = |tasks| of_trip(&trip, None, &ClientView { tasks, ..ClientView::default() });
            assert!(!says(true).contains("select"), "{}", says(true));
            assert_eq!(says(false).contains("select"), says(true).contains("send it a note"));
        }
    }

    #[test]
    fn one_iteration_is_not_told_as_several() {
        let trip =
            |count: f64| Line { rule: Rule::NoChange, count, limit: Some(count), evidence: String::new() };
        let begins = |count: f64, words: &str| {
            let told = of_trip(&trip(count), None, &ClientView::default());
            assert!(told.contains(words), "{told}");
        };
        begins(1.0, "because the last iteration changed nothing (limit 1)");
        begins(3.0, "because 3 iterations in a row changed nothing (limit 3)");
    }
}
