//! What a task's title says of its loop.

use super::builder::{Builder, LONGEST, MOST_RELATED, place, title_range};
use crate::protocol::lsp_types::{Diagnostic, DiagnosticSeverity, Location, NumberOrString, Position, Range};
use crate::{
    client::ClientView,
    picture::{Picture, PlanView, SeenTask},
    snapshot::{LoopPicture, Mark, MarkKind, TaskPicture},
    wording,
};
use alfine_config::trust::TrustItem;
use alfine_core::printable::printable;
use alfine_core::{
    gate::{Reading, Verdict},
    machine::AskKind,
    plan::Task,
    proof::TaskProof,
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::Span,
    time::Moment,
};
use alfine_store::{CheckoutChangeRow, VerificationRow};
use alfine_words::{About, Explanation};
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
        if plan.short().is_some() && asks_for_budget(seen) {
            // The plan's first line says it once for all tasks.
            continue;
        }
        for diagnostic in of_task(picture, plan, seen) {
            let diagnostic = diagnostic.data(json!({ "task": seen.key, "uri": plan.document.uri }));
            found.push(diagnostic.at(title_range(plan, seen.task, encoding), &picture.client));
        }
    }
    let untrusted = plan.checkout.and_then(|checkout| checkout.untrusted.get(&plan.name));
    if let Some(items) = untrusted.filter(|items| is_open && !items.is_empty())
        && let Some((task, key)) = first_that_needs(plan, &tasks, items)
    {
        let range = title_range(plan, task, encoding);
        match found.iter_mut().find(|found| found.range == range && is_untrusted(found)) {
            // The loop asks for it already; what it would run is all there is to add.
            Some(asks) => asks.message.push_str(&commands_listed(items)),
            None => {
                let diagnostic = of_untrusted(items).data(json!({ "task": key, "uri": plan.document.uri }));
                found.push(diagnostic.at(range, &picture.client));
            }
        }
    }
    found
}

fn asks_for_budget(seen: &SeenTask<'_>) -> bool {
    let reason = seen.known.and_then(|known| known.reason());
    matches!(reason.as_deref(), Some(Reason::Asks { ask: AskKind::Budget, .. }))
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
            None => (!task.is_over()).then(|| (task, TaskKey::new(plan.name.clone(), task.id.0.clone()))),
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

const UNTRUSTED: &str = "config-untrusted";

fn is_untrusted(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == Some(NumberOrString::String(UNTRUSTED.to_owned()))
}

fn of_untrusted(items: &[TrustItem]) -> Builder {
    let what = match items.len() {
        1 => "A loop that needs this command cannot start before you allow it on this machine:".to_owned(),
        n => format!(
            "A loop that needs one of these {n} commands cannot start before you allow it on this machine:"
        ),
    };
    let message = format!(
        "{what}{}\nRead first, then allow with the code action on this line, or with `alfine trust`.",
        commands_listed(items)
    );
    Builder::new(UNTRUSTED, DiagnosticSeverity::INFORMATION, message)
}

/// Commands with where they are named, each on a line of its own.
fn commands_listed(items: &[TrustItem]) -> String {
    let mut listed = String::new();
    for item in items.iter().take(MOST_COMMANDS) {
        listed.push_str(&format!("\n  {}  ({})", printable(&item.command), printable(&item.origin)));
    }
    if items.len() > MOST_COMMANDS {
        listed.push_str(&format!("\n  and {} more", items.len() - MOST_COMMANDS));
    }
    listed
}

/// What stands in a task's way: one of the things that a diagnostic says.
struct Cause {
    code: String,
    severity: DiagnosticSeverity,
    /// What happened, and why.
    why: Vec<Sentence>,
    /// What to do.
    remedy: String,
    /// What of the document it is about, if not the task's title.
    span: Option<Span>,
    /// Other places that belong to it.
    places: Vec<(Location, String)>,
}

/// A sentence of why something stands in the way.
struct Sentence {
    text: String,
    /// What it says beyond what every sentence of its kind says. Where others said all of this, it says nothing new.
    news: Vec<String>,
}

impl Sentence {
    fn is_new_after(&self, words: &str) -> bool {
        !self.news.iter().all(|news| words.contains(news.as_str()))
    }
}

impl Cause {
    fn new(code: impl Into<String>, severity: DiagnosticSeverity, told: Explanation) -> Self {
        let why = vec![Sentence { news: vec![told.why.clone()], text: told.why }];
        Self::of(code, severity, why, told.remedy)
    }

    fn of(code: impl Into<String>, severity: DiagnosticSeverity, why: Vec<Sentence>, remedy: String) -> Self {
        Self { code: code.into(), severity, why, remedy, span: None, places: Vec::new() }
    }

    /// Its sentences, one after another.
    fn told(&self) -> Explanation {
        let texts: Vec<&str> = self.why.iter().map(|said| said.text.as_str()).collect();
        Explanation { why: texts.join(" "), remedy: self.remedy.clone() }
    }

    /// What it says beyond these words.
    fn beyond(&self, words: &str) -> String {
        let new = self.why.iter().filter(|said| said.is_new_after(words));
        new.map(|said| said.text.trim_end()).collect::<Vec<_>>().join(" ")
    }
}

/// All that is to be said of a task that was started: what changed in the user's checkout, and what stands in the task's
/// way.
fn of_task(picture: &Picture, plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Vec<Builder> {
    let Some(known) = seen.known else { return Vec::new() };
    let title = || place(plan.document, seen.task.title_span, picture.client.encoding);
    let changes = known.last.iter().flat_map(|last| &last.checkout);
    let mut changes: Vec<Cause> = changes.map(|change| of_checkout(&known.row.key, change)).collect();
    changes.sort_by_key(|change| change.severity);
    let not_landed = of_status(picture, seen).filter(|_| known.row.status == TaskStatus::Done);
    let unproven = known.last.as_ref().and_then(|last| of_proof(known, last));
    let of_done = not_landed.into_iter().chain(unproven).collect();
    let all = [changes, causes(picture, seen), of_done];
    all.into_iter().filter_map(|causes| joined(picture, plan, causes, &title)).collect()
}

/// One diagnostic of what all these causes say: the first one is what it is about, and the others explain it.
fn joined(
    picture: &Picture,
    plan: &PlanView<'_>,
    causes: Vec<Cause>,
    title: &impl Fn() -> Location,
) -> Option<Builder> {
    let mut causes = causes.into_iter();
    let first = causes.next()?;
    let told = first.told();
    let (mut message, mut said) = (told.to_string(), told.why);
    let mut related = Vec::new();
    for cause in causes {
        let beyond = cause.beyond(&said);
        match picture.client.related_information {
            _ if beyond.is_empty() => {}
            true => {
                let location = match cause.span {
                    Some(span) => place(plan.document, span, picture.client.encoding),
                    None => title(),
                };
                related.push((location, wording::line(&beyond, LONGEST)));
            }
            false => message.push_str(&format!("\n{beyond}")),
        }
        said.push_str(&beyond);
        related.extend(cause.places);
    }
    let mut diagnostic = Builder::new(first.code, first.severity, message);
    for (location, message) in first.places.into_iter().chain(related).take(MOST_RELATED) {
        diagnostic.related(location, &message);
    }
    Some(diagnostic)
}

/// What stands in the way of a task whose work is not over, what matters most first.
fn causes(picture: &Picture, seen: &SeenTask<'_>) -> Vec<Cause> {
    let Some(known) = seen.known.filter(|known| !is_over(known.row.status)) else { return Vec::new() };
    let live = known.live();
    // While it asks something, the question says what there is to do.
    let judged = live.filter(|_| known.row.status != TaskStatus::NeedsInput);
    let last = judged.and_then(|live| live.state.as_ref()?.last.as_ref());
    [
        of_status(picture, seen),
        live.and_then(|live| of_verifiers(picture, seen.task, live)),
        last.and_then(|last| of_gate(&last.reading, known.row.status, &picture.client)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is missing from the proof of a task that is done and not merged yet.
fn of_proof(known: &TaskPicture, last: &LoopPicture) -> Option<Cause> {
    let proof = last.proof().task(known.row.status).filter(|_| known.row.status == TaskStatus::Done)?;
    let is_stale = proof == TaskProof::Stale;
    let severity = if is_stale { DiagnosticSeverity::WARNING } else { DiagnosticSeverity::INFORMATION };
    Some(Cause::new("unproven", severity, alfine_words::unproven(proof)?))
}

/// What changed in the user's checkout while the agent ran.
fn of_checkout(task: &TaskKey, found: &CheckoutChangeRow) -> Cause {
    let mut told = alfine_words::checkout::told(task, &found.changes, &found.tasks, found.named);
    told.why = printable(&told.why);
    // Most changes of a checkout are its user's, who works beside the agent.
    let severity = if found.named { DiagnosticSeverity::WARNING } else { DiagnosticSeverity::INFORMATION };
    Cause::new("checkout-changed", severity, told)
}

/// Why a task that was started does not go on by itself, and what to do; `None` if there is nothing to do.
pub(crate) fn explained(picture: &Picture, seen: &SeenTask<'_>) -> Option<Explanation> {
    Some(of_status(picture, seen)?.told())
}

fn of_status(picture: &Picture, seen: &SeenTask<'_>) -> Option<Cause> {
    let known = seen.known?;
    let looped = known.last.as_ref();
    let shown = |at| picture.clock(at);
    let waits_until = || looped.and_then(|looped| looped.row.summary.waiting_until);
    let (reason, moment) = match known.row.status {
        TaskStatus::Waiting => (known.reason()?.into_owned(), shown(Moment(waits_until()?.0))),
        TaskStatus::Interrupted => (Reason::RunnerDied, shown(Moment(known.row.since.0))),
        TaskStatus::NeedsInput => (asked(known, looped), String::new()),
        TaskStatus::Failed => (failed(known), String::new()),
        // Only what did not land is explained.
        TaskStatus::Done => (known.reason()?.into_owned(), String::new()),
        TaskStatus::Stopped => {
            (known.reason().map_or(Reason::Told { text: String::new() }, Cow::into_owned), String::new())
        }
        _ => return None,
    };
    let agent = looped.map(|looped| looped.row.agent.as_str()).unwrap_or_default();
    let since = match &reason {
        Reason::Outage { since, .. } => shown(*since),
        _ => String::new(),
    };
    let about = About { agent, moment: &moment, since: &since, verdict: verdict(looped) };
    let told = alfine_words::explanation(&reason, &about, picture.client.reader())?;
    let (code, severity) = kind(&reason);
    Some(Cause::new(code, severity, told))
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
fn verdict(looped: Option<&LoopPicture>) -> &str {
    let last = looped.and_then(|looped| looped.state.as_ref()?.last.as_ref());
    last.map(|last| alfine_words::verdict_of(&last.reading, &last.verdict)).unwrap_or_default()
}

/// The code of a diagnostic about a reason, and how much it matters.
fn kind(reason: &Reason) -> (String, DiagnosticSeverity) {
    let (code, severity) = match reason {
        Reason::Breaker { trip } => return (format!("breaker-{}", trip.rule), DiagnosticSeverity::WARNING),
        Reason::UsageLimit { .. } => ("rate-limited", DiagnosticSeverity::INFORMATION),
        Reason::Outage { .. } => ("outage", DiagnosticSeverity::INFORMATION),
        Reason::RunnerDied | Reason::Unrun => ("interrupted", DiagnosticSeverity::WARNING),
        Reason::Failed { .. } => ("failed", DiagnosticSeverity::ERROR),
        Reason::NotLanded { .. } => ("not-landed", DiagnosticSeverity::WARNING),
        Reason::Asks { ask, .. } => match ask {
            AskKind::Trust => (UNTRUSTED, DiagnosticSeverity::WARNING),
            AskKind::Approval
            | AskKind::Unproven
            | AskKind::ChecksChanged
            | AskKind::Baseline
            | AskKind::AlreadyGreen => ("approval-needed", DiagnosticSeverity::WARNING),
            AskKind::Login | AskKind::Billing => ("agent-auth", DiagnosticSeverity::ERROR),
            AskKind::Budget => ("budget", DiagnosticSeverity::WARNING),
            AskKind::Check => ("check-unable", DiagnosticSeverity::ERROR),
            AskKind::Config | AskKind::Context => ("question", DiagnosticSeverity::ERROR),
            AskKind::Refusal | AskKind::Blocked | AskKind::Question => {
                ("question", DiagnosticSeverity::WARNING)
            }
        },
        _ => ("breaker-iterations", DiagnosticSeverity::WARNING),
    };
    (code.to_owned(), severity)
}

fn of_verifiers(picture: &Picture, task: &Task, live: &LoopPicture) -> Option<Cause> {
    let failed: Vec<&VerificationRow> =
        live.evidence.iter().filter(|row| !row.passed && row.required).collect();
    let first = failed.first()?;
    let named = |row: &&VerificationRow| wording::line(&row.verifier, 120);
    let shown = |row: &&VerificationRow| match row.exit {
        Some(exit) => format!("“{}” (exit status {exit})", named(row)),
        None => format!("“{}” (it did not end by itself)", named(row)),
    };
    let output = wording::plain(last_lines(&first.output), LONGEST);
    let what = if failed.len() == 1 { "A check fails" } else { "These checks fail" };
    let remedy = match live.row.status.needs_runner() {
        true => "The agent is told what was found and works on it next; you need not do anything.",
        false => "Look at what was found, then continue the loop: the agent is told to fix it.",
    };
    let listed = wording::listed(&failed.iter().map(shown).collect::<Vec<_>>());
    let text = format!("{what} on the work of iteration {}: {listed}.", first.iteration);
    let mut why = vec![Sentence { text, news: failed.iter().map(named).collect() }];
    if !output.is_empty() {
        why.push(Sentence { text: format!("It says:\n{output}\n"), news: vec![output] });
    }
    let findings = live.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Finding { .. }));
    let place = |mark: &Mark| {
        let line = u32::try_from(mark.line).unwrap_or(u32::MAX);
        let width = u32::try_from(picture.client.encoding.units(&mark.text)).unwrap_or(u32::MAX);
        let range = Range::new(Position::new(line, 0), Position::new(line, width));
        (Location::new(mark.uri.clone(), range), mark.message.clone())
    };
    let criterion = first.criterion.and_then(|at| task.criteria.get(usize::try_from(at).ok()?));
    Some(Cause {
        span: criterion.map(|criterion| criterion.span),
        places: findings.map(place).collect(),
        ..Cause::of("verify-failed", DiagnosticSeverity::WARNING, why, remedy.to_owned())
    })
}

/// The end of an output, where tools say what counts.
fn last_lines(output: &str) -> &str {
    const LINES: usize = 6;
    let output = output.trim_end();
    let start = output.rmatch_indices('\n').nth(LINES - 1).map_or(0, |(at, _)| at + 1);
    output.get(start..).unwrap_or(output)
}

fn of_gate(reading: &Reading, status: TaskStatus, client: &ClientView) -> Option<Cause> {
    let read = wording::plain(&reading.why, LONGEST);
    let told_so = match status.needs_runner() {
        true => "The agent is told so in its next prompt; you need not do anything.",
        false => "When the loop goes on, the agent is told so in its next prompt.",
    };
    let misread = |code: &str, what: &str| {
        let why = vec![Sentence { text: wording::told(what, &read), news: vec![read.clone()] }];
        Some(Cause::of(code, DiagnosticSeverity::WARNING, why, told_so.to_owned()))
    };
    match reading.verdict {
        Verdict::Ready => None,
        Verdict::Missing => misread(
            "gate-missing",
            "The agent did not say whether the work is done at the end of the last iteration",
        ),
        Verdict::Malformed => misread(
            "gate-malformed",
            "The agent's answer to whether the work is done (its completion gate) cannot be read",
        ),
        Verdict::Contradictory => misread(
            "gate-contradictory",
            "The agent's answer to whether the work is done (its completion gate) contradicts itself, so it counts as no",
        ),
        Verdict::NotReady => not_ready(reading, status, client),
    }
}

fn not_ready(reading: &Reading, status: TaskStatus, client: &ClientView) -> Option<Cause> {
    let gate = reading.gate.as_ref();
    let said = |text: &String| Some(wording::line(text, 300)).filter(|said| !said.is_empty());
    let blockers: Vec<String> =
        gate.iter().flat_map(|gate| &gate.blockers).filter_map(said).take(5).collect();
    // That work is not done yet is how loops go.
    if blockers.is_empty() && status.needs_runner() {
        return None;
    }
    let reason = gate.and_then(|gate| gate.reason.as_deref()).map(|reason| wording::plain(reason, LONGEST));
    let reason = reason.unwrap_or_default();
    let blockers: Vec<String> = blockers.into_iter().filter(|blocker| !reason.contains(blocker)).collect();
    let text = wording::told("The agent says that the work is not done yet", &reason);
    let mut why = vec![Sentence { text, news: vec![reason] }];
    if !blockers.is_empty() {
        let quoted: Vec<String> = blockers.iter().map(|blocker| format!("“{blocker}”")).collect();
        let text = format!("In the agent's way: {}.", wording::listed(&quoted));
        why.push(Sentence { text, news: blockers });
    }
    let tell = alfine_words::how_to_tell(client.reader());
    let remedy = match status.needs_runner() {
        true => format!("The loop goes on by itself. If you know a way, {tell}."),
        false => format!("If you know a way, {tell}. Then continue."),
    };
    Some(Cause::of("gate-not-ready", DiagnosticSeverity::INFORMATION, why, remedy))
}
