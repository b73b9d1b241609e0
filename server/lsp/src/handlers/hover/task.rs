//! All that is known of a task, and of one of its criteria.

use super::page::Page;
use crate::{
    diagnostics::explained,
    evidence::Evidence,
    offers::TaskOffers,
    picture::{Picture, PlanView, SeenTask},
    snapshot::LoopPicture,
    wording,
};
use alfine_core::{
    breaker::{Line, Rule, Scope},
    gate::{Reading, Verdict},
    plan::{Criterion, Isolation, Reads, reads},
    reason::Reason,
    task::TaskStatus,
    time::Moment,
};
use alfine_engine::view::CriterionState;
use alfine_store::VerificationRow;
use alfine_words::Explanation;

pub(super) fn write(picture: &Picture, plan: &PlanView<'_>, seen: &SeenTask<'_>, page: &mut Page) {
    let told = explained(picture, seen);
    // What a diagnostic at this place says, the editor shows above.
    let is_shown = told.is_some() && picture.client.hovers_diagnostics;
    page.paragraph(&next(picture, plan, seen, told.as_ref().filter(|_| !is_shown), page));
    let reason = seen.known.and_then(|known| known.reason());
    let status = match reason.as_deref() {
        Some(reason @ Reason::StoppedByUser) => alfine_words::stopped(Some(reason)),
        Some(reason @ Reason::Merged { .. }) if seen.status == TaskStatus::Merged => {
            format!("{} {}", wording::status(seen.status), alfine_words::reason(reason))
        }
        _ => wording::status(seen.status),
    };
    let since = seen.known.map(|known| Moment(known.row.since.0)).map_or_else(String::new, |since| {
        let clock = picture.clock(since);
        // What is over happened once; the rest lasts.
        let happened =
            matches!(seen.status, TaskStatus::Merged | TaskStatus::Discarded | TaskStatus::Skipped);
        format!(" {} {clock}", if happened { "at" } else { "since" })
    });
    page.paragraph(&format!("{} — {}{since}", page.strong(&seen.title()), page.strong(&status)));
    let looped = seen.known.and_then(|known| known.last.as_ref());
    let why = match (&told, reason.as_deref()) {
        (Some(told), _) => told.why.clone(),
        (None, None | Some(Reason::StoppedByUser | Reason::Merged { .. })) => String::new(),
        (None, Some(reason)) => wording::sentence(&wording::capitalized(&alfine_words::reason(reason))),
    };
    if !is_shown {
        page.paragraph(&page.said(&why));
    }
    if !seen.waits_for.is_empty() {
        let ids: Vec<_> = seen.waits_for.iter().map(|id| page.said(&id.0)).collect();
        page.paragraph(&format!("It waits for {}.", wording::listed(&ids)));
    }
    for on in plan.detection().of(&seen.task.id).iter().filter(|_| looped.is_none()) {
        let shared = page.said(&alfine_words::shared(&on.by));
        page.paragraph(&format!("In a run of the plan it comes after {}: {shared}.", page.said(&on.on.0)));
    }
    match looped {
        Some(looped) => write_loop(looped, &why, page),
        None => {
            let planned = seen.planned(plan, picture.client.encoding);
            let agent = page.said(&planned.agent);
            let most = wording::count(u64::from(planned.max_iterations), "iteration");
            page.paragraph(&format!("Its loop would run {agent}, for {most} at most."));
        }
    }
    write_criteria(picture, plan, seen, page);
}

/// What to do now: as it was told, or as the names of what can be chosen.
fn next(
    picture: &Picture,
    plan: &PlanView<'_>,
    seen: &SeenTask<'_>,
    told: Option<&Explanation>,
    page: &Page,
) -> String {
    let summary = seen.known.and_then(|known| Some(&known.last.as_ref()?.row.summary));
    let next = match told {
        Some(told) => page.said(&told.remedy),
        None if seen.status.needs_runner() => match summary.and_then(|summary| summary.waiting_until) {
            Some(until) => format!("it goes on by itself at {}", picture.clock(Moment(until.0))),
            None => "it goes on by itself".to_owned(),
        },
        // A task that the user ticked, and that no loop ever worked on, is nobody's business any more.
        None if seen.known.is_none() && seen.task.is_over() => String::new(),
        None => {
            let offers = TaskOffers::of_task(plan, seen);
            let named: Vec<String> = offers.lenses().map(|offer| format!("“{}”", offer.title)).collect();
            wording::alternatives(&named)
        }
    };
    if next.is_empty() { next } else { format!("{}: {next}", page.strong("Next")) }
}

/// Writes what is known of a loop; `why` was said already of why it is where it is.
fn write_loop(looped: &LoopPicture, why: &str, page: &mut Page) {
    let row = &looped.row;
    let summary = &row.summary;
    let model = looped.state.as_ref().and_then(|state| state.model.as_deref()).or(row.model.as_deref());
    let unknown = looped.state.as_ref().is_some_and(|state| state.cost_unknown);
    let facts = [
        format!("iteration {} of {}", summary.iteration, summary.max_iterations),
        format!("{} changed", wording::count(u64::from(summary.files_changed), "file")),
        // Tokens cost something even if nobody said how much.
        alfine_words::cost(row.cost_usd, unknown || (row.cost_usd.is_none() && row.tokens > 0))
            .unwrap_or_else(|| "no cost yet".to_owned()),
        wording::count(row.tokens, "token"),
        match model {
            Some(model) => format!("{} with {}", page.said(&row.agent), page.said(model)),
            None => page.said(&row.agent),
        },
    ];
    page.paragraph(&facts.join(" · "));
    page.paragraph(&place(looped, page));
    if let Some(last) = looped.state.as_ref().and_then(|state| state.last.as_ref()) {
        write_gate(last.iteration, &last.reading, why, page);
    }
    write_breaker(looped, why, page);
}

/// Where the agent works.
fn place(looped: &LoopPicture, page: &Page) -> String {
    let row = &looped.row;
    if row.isolation == Isolation::InPlace {
        return "The agent works in your own files, not in a worktree of its own.".to_owned();
    }
    let base = row.base_branch.as_ref().map_or_else(String::new, |base| format!(" from {}", page.code(base)));
    let branch = row.branch.as_ref().map(|branch| format!("branch {}{base}", page.code(branch)));
    let worktree = row.worktree.as_ref().map(|worktree| format!("worktree {}", page.code(worktree)));
    [branch, worktree].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Whether a text that is shown says this, too.
fn says(shown: &str, text: &str) -> bool {
    wording::line(shown, usize::MAX / 8).contains(&wording::line(text, LONGEST_SAID))
}

/// How much of somebody's text is looked for in what was said already, in characters.
const LONGEST_SAID: usize = 300;

/// Writes the gate of the last iteration that was judged, without what was said already.
fn write_gate(iteration: u32, reading: &Reading, told: &str, page: &mut Page) {
    let verdict = reading.verdict.as_str().replace('_', " ");
    // That it is not ready is all that was read there.
    let is_plain = reading.verdict == Verdict::NotReady;
    let why = if is_plain { String::new() } else { wording::sentence(&page.said(&reading.why)) };
    let gate = page.strong("Completion gate");
    let line =
        format!("{gate} of iteration {iteration} (whether the agent says that it is done): {verdict}. {why}");
    page.paragraph(line.trim_end());
    let Some(gate) = &reading.gate else { return };
    let capital = |name: &str| -> String {
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect()
    };
    let items: Vec<String> = alfine_words::gate_items(gate)
        .into_iter()
        .filter(|(_, text)| !says(told, text))
        .map(|(name, text)| format!("{}: {}", capital(name), page.said(&text)))
        .collect();
    page.list(&items);
}

fn write_breaker(looped: &LoopPicture, told: &str, page: &mut Page) {
    let state = looped.state.as_ref();
    let on_trial = state.and_then(|state| state.breaker.on_trial());
    // What ends an agent, or counts a chain's plannings, says nothing of a loop while nothing feeds it.
    let applies =
        |line: &&Line| !matches!(line.rule.info().scope, Scope::Agent | Scope::Chain) || line.count > 0.0;
    let row = |line: &Line| {
        let is_unknown = line.rule == Rule::Cost
            && line.count == 0.0
            && (line.partial || (looped.row.cost_usd.is_none() && looped.row.tokens > 0));
        let count = if is_unknown { "unknown".to_owned() } else { line.count_shown() };
        let count = match line.limit {
            Some(_) => format!("{count} of {}", line.limit_shown()),
            None => format!("{count} (no limit)"),
        };
        let mut evidence = if says(told, &line.evidence) { String::new() } else { page.said(&line.evidence) };
        if on_trial == Some(line.rule) {
            let joint = if evidence.is_empty() { "" } else { "; " };
            evidence.push_str(&format!("{joint}on trial for one iteration"));
        }
        [page.said(line.rule.info().name), count, evidence]
    };
    let rows: Vec<[String; 3]> = looped.row.summary.breaker.iter().filter(applies).map(row).collect();
    if rows.is_empty() {
        return;
    }
    page.paragraph(&format!("{} (a count that reaches its limit stops the loop)", page.strong("Breaker")));
    page.table(["rule", "count", "evidence"], &rows);
}

fn write_criteria(picture: &Picture, plan: &PlanView<'_>, seen: &SeenTask<'_>, page: &mut Page) {
    if seen.task.criteria.is_empty() {
        return;
    }
    let item = |(index, criterion): (usize, &Criterion)| {
        let told = told(picture, plan, seen, index, criterion, page).join("; ");
        format!("{} — {told}", page.said(&criterion.text))
    };
    let items: Vec<String> = seen.task.criteria.iter().enumerate().map(item).collect();
    page.paragraph(&page.strong("Criteria"));
    page.list(&items);
}

/// Writes all that is known of one criterion, with what a verifier printed that said no.
pub(super) fn write_criterion(
    picture: &Picture,
    plan: &PlanView<'_>,
    seen: &SeenTask<'_>,
    index: usize,
    criterion: &Criterion,
    page: &mut Page,
) {
    page.paragraph(&page.strong(&criterion.text));
    for told in told(picture, plan, seen, index, criterion, page) {
        page.paragraph(&told);
    }
    let looped = seen.known.and_then(|known| known.last.as_ref());
    let evidence = looped.and_then(|looped| Evidence::of(looped, index, &criterion.text));
    for answer in evidence.iter().flat_map(|evidence| &evidence.rows) {
        if answer.state == CriterionState::Failed {
            page.block(&answer.row.output);
        }
    }
}

/// What is known of one criterion: a line for each verifier that looked at it.
fn told(
    picture: &Picture,
    plan: &PlanView<'_>,
    seen: &SeenTask<'_>,
    index: usize,
    criterion: &Criterion,
    page: &Page,
) -> Vec<String> {
    let looped = seen.known.and_then(|known| known.last.as_ref());
    if let Some(evidence) = looped.and_then(|looped| Evidence::of(looped, index, &criterion.text)) {
        let is_named = |row: &VerificationRow| says(&criterion.text, &row.verifier);
        return evidence.told(picture, is_named, page.markdown);
    }
    let ticked = if criterion.checked { "ticked in the plan; " } else { "" };
    let command = criterion.command.as_deref();
    let checks = plan.checks();
    let folder = seen.task.folder(plan.plan(), &checks.folder);
    let reading = command.map_or(Reads::Words, |code| reads(code, criterion.said, folder, &checks.here));
    let known = command.and_then(|code| checks.at_head.of(code, folder));
    // The criterion itself names its command.
    vec![match reading {
        Reads::Command => {
            let known = known.map_or_else(|| "not run yet".to_owned(), alfine_words::at_head);
            format!("{ticked}open: {known}")
        }
        Reads::Missing { program } => {
            format!("{ticked}open: it cannot run, since “{}” is not on this machine", page.said(program))
        }
        Reads::Harmful { program } => format!(
            "{ticked}open: it is never run, since “{program}” changes what is there; the agent alone judges it"
        ),
        Reads::Words => {
            format!("{ticked}open: it names no command that could check it, so the agent alone judges it")
        }
    }]
}
