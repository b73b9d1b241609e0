//! `textDocument/codeLens`: above each task, where it is, and what can be done next.

use crate::protocol::lsp_types::{CodeLens, Command, Range, Url};
use crate::{
    commands::{
        EditorCommand,
        arguments::{ContinuePlan, OfDocument, Start},
    },
    offers::{self, TaskOffers},
    picture::{Picture, PlanView, SeenTask},
    snapshot::{LoopPicture, TaskPicture},
    to_proto::one_line,
    wording,
};
use alfine_core::{
    breaker::dollars,
    budget::Short,
    plan_run::{RunProgress, RunState},
    reason::Reason,
    task::TaskStatus,
    time::Moment,
};
use alfine_engine::offers::needs_you;

/// The longest part of somebody's words in a lens, in characters.
const LONGEST: usize = 60;

/// The lenses of a plan; none for any other document.
pub(crate) fn code_lens(picture: &Picture, uri: &Url) -> Vec<CodeLens> {
    let Some(plan) = picture.plan(uri) else { return Vec::new() };
    if plan.checkout.is_none() {
        return Vec::new();
    }
    let tasks = plan.tasks();
    let mut lenses: Vec<CodeLens> =
        of_plan(&plan, &tasks).into_iter().map(|command| lens(Range::default(), command)).collect();
    for gone in plan.gone() {
        let id = &gone.row.key.id;
        let status = offers::look(
            &plan,
            gone,
            format!("{id} left this plan: {}", status_line(picture, gone.row.status, Some(gone))),
        );
        let offers = TaskOffers::of_gone(&plan, gone);
        let steps = offers.lenses().map(|step| Command { title: format!("{id}: {}", step.title), ..step });
        lenses.extend(status.into_iter().chain(steps).map(|command| lens(Range::default(), command)));
    }
    for seen in &tasks {
        let range = one_line(plan.document.range(seen.task.title_span, picture.client.encoding));
        let status = of_status(picture, &plan, seen);
        // A task that the user ticked, and that no loop ever worked on, is nobody's business any more.
        let is_ticked = seen.known.is_none() && seen.task.is_over();
        let offers = (!is_ticked).then(|| TaskOffers::of_task(&plan, seen));
        let steps = offers.iter().flat_map(TaskOffers::lenses);
        lenses.extend(status.into_iter().chain(steps).map(|command| lens(range, command)));
    }
    lenses
}

fn lens(range: Range, command: Command) -> CodeLens {
    CodeLens { range, command: Some(command), data: None }
}

/// How far the whole plan is, with what starts, holds or continues the rest of it.
fn of_plan(plan: &PlanView<'_>, tasks: &[SeenTask<'_>]) -> Vec<Command> {
    if tasks.len() < 2 {
        return Vec::new();
    }
    let uri = || plan.document.uri.clone();
    let works = || tasks.iter().filter_map(|seen| seen.known).filter(|known| known.row.status.needs_runner());
    let start =
        |title: String| EditorCommand::Start(Start { uri: uri(), task: None, options: None }).titled(title);
    let of = || OfDocument { uri: uri() };
    let has_ready = tasks.iter().any(|seen| seen.status == TaskStatus::Ready);
    let first = || tasks.iter().filter_map(|seen| seen.known).find(|known| known.last.is_some());
    let run = progress(plan, tasks);
    // Once all is done the whole can be merged.
    if let Some(run) =
        run.as_ref().filter(|run| run.branch.is_some() && run.state == RunState::Over && !has_ready)
    {
        let status = first().and_then(|known| offers::look(plan, known, alfine_words::run_progress(run)));
        return status.into_iter().chain([EditorCommand::MergePlan(of()).titled("Merge the plan")]).collect();
    }
    let Some(run) = run.filter(|run| run.state != RunState::Over) else {
        let done = tasks.iter().filter(|seen| seen.status.satisfies_dependents()).count();
        let progress = format!("{done} of {} done", tasks.len());
        if has_ready {
            return vec![start(format!("Start all · {progress}"))];
        }
        return works().next().and_then(|known| offers::look(plan, known, progress)).into_iter().collect();
    };
    let pause = || EditorCommand::PausePlan(of()).titled("Pause all");
    let stop = || EditorCommand::StopPlan(of()).titled("Stop all");
    let go_on =
        || EditorCommand::ContinuePlan(ContinuePlan { uri: uri(), budget: None }).titled("Continue all");
    let raise = |short: &Short| offers::raise_budget(uri(), short);
    let steps = match run.state {
        RunState::NeedsInput if run.short.is_some() => {
            run.short.as_ref().and_then(raise).into_iter().chain([stop()]).collect()
        }
        RunState::Active => vec![pause(), stop()],
        RunState::Paused => vec![go_on(), stop()],
        RunState::NeedsInput if run.waiting > 0 => vec![go_on()],
        RunState::NeedsInput | RunState::Stopping | RunState::Over => Vec::new(),
    };
    let shown = alfine_words::run_progress(&run);
    let status = works().next().or_else(first).and_then(|known| offers::look(plan, known, shown));
    status.into_iter().chain(steps).collect()
}

/// How far the run of a plan is; `None` if it was never run as a whole.
fn progress(plan: &PlanView<'_>, tasks: &[SeenTask<'_>]) -> Option<RunProgress> {
    let run = plan.checkout?.store.runs.get(&plan.name)?;
    let counted = tasks.iter().map(|seen| {
        let state = seen.known.and_then(|known| known.last.as_ref()).and_then(|last| last.state.as_ref());
        (seen.status, needs_you(seen.status, state))
    });
    Some(RunProgress::new(&plan.name, run.state, counted, run.money).on(run.branch.clone()))
}

fn of_status(picture: &Picture, plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Option<Command> {
    if seen.status == TaskStatus::Pending && !seen.waits_for.is_empty() {
        let names: Vec<&str> = seen.waits_for.iter().take(3).map(|id| id.0.as_str()).collect();
        let more = if seen.waits_for.len() > names.len() { ", …" } else { "" };
        let title = format!("pending: waits for {}{more}", cut(&names.join(", ")));
        // Offered all the same: starting it too early gives an explanation, or turns out to be possible.
        let argument =
            Start { uri: plan.document.uri.clone(), task: Some(seen.key.to_string()), options: None };
        return Some(EditorCommand::Start(argument).titled(title));
    }
    let known = seen.known?;
    offers::look(plan, known, status_line(picture, seen.status, Some(known)))
}

/// Where a task is, on one short line.
fn status_line(picture: &Picture, status: TaskStatus, known: Option<&TaskPicture>) -> String {
    let last = known.and_then(|known| known.last.as_ref());
    let reason = known.and_then(TaskPicture::reason);
    let why =
        reason.as_deref().map(|reason| cut(&alfine_words::reason(reason))).filter(|why| !why.is_empty());
    let proof = last.and_then(|last| last.proof().task(status));
    let word = match status {
        TaskStatus::Running | TaskStatus::Rework | TaskStatus::Evaluating
            if last.is_some_and(|last| last.row.summary.pauses) =>
        {
            format!("{status}, pauses after it{}", held(last))
        }
        TaskStatus::Paused => format!("paused{}", held(last)),
        TaskStatus::Waiting => waiting(picture, last),
        TaskStatus::Stopped => wording::line(&alfine_words::stopped(reason.as_deref()), 2 * LONGEST),
        TaskStatus::NeedsInput | TaskStatus::Failed => {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("{}{why}", wording::status(status))
        }
        TaskStatus::Merged => {
            let merged = why.map_or_else(|| status.to_string(), |into| format!("merged {into}"));
            alfine_words::done(&merged, proof)
        }
        status => alfine_words::done(&status.to_string(), proof),
    };
    let Some(last) = last else { return word };
    let mut parts = Vec::new();
    let goes_on = status.needs_runner() || matches!(status, TaskStatus::Paused | TaskStatus::Interrupted);
    if goes_on && last.row.summary.iteration > 0 {
        let summary = &last.row.summary;
        parts.push(format!("iteration {} of {}", summary.iteration, summary.max_iterations));
    }
    parts.push(word);
    match last.row.summary.files_changed {
        _ if matches!(status, TaskStatus::Merged | TaskStatus::Discarded) => {}
        0 => {}
        files => parts.push(wording::count(files.into(), "file")),
    }
    parts.extend(last.row.cost_usd.filter(|cost| *cost > 0.0).map(dollars));
    parts.join(" · ")
}

/// Why a loop holds, if nobody asked for that.
fn held(last: Option<&LoopPicture>) -> String {
    let why = last.and_then(|last| last.row.summary.held_by.as_ref());
    why.map(|why| format!(": {}", cut(&alfine_words::reason(why)))).unwrap_or_default()
}

fn waiting(picture: &Picture, last: Option<&LoopPicture>) -> String {
    match last.and_then(|last| last.row.summary.waiting_until) {
        Some(until) => {
            let until = picture.clock(Moment(until.0));
            match last.and_then(|last| last.row.reason.as_ref()) {
                Some(Reason::Outage { since, .. }) => {
                    format!("waiting since {}, until {until}", picture.clock(*since))
                }
                _ => format!("waiting until {until}"),
            }
        }
        None => "waiting".to_owned(),
    }
}

/// Somebody's words on one line, cut.
fn cut(text: &str) -> String {
    wording::line(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{PLAN, World, situation, situations, uri};
    use crate::snapshot::RunPicture;
    use alfine_core::plan_run::RunMoney;
    use alfine_store::LoopSummary;

    fn shown(lenses: &[CodeLens]) -> String {
        let line = |lens: &CodeLens| {
            let command = lens.command.as_ref().unwrap();
            format!("{:>2}  {}  ({})\n", lens.range.start.line, command.title, command.command)
        };
        lenses.iter().map(line).collect()
    }

    fn titles(world: World) -> Vec<String> {
        let lenses = code_lens(&world.picture(), &uri("PLAN.md"));
        lenses.into_iter().map(|lens| lens.command.unwrap().title).collect()
    }

    #[test]
    fn each_situation_says_where_the_task_is_and_what_comes_next() {
        let all: String = situations()
            .iter()
            .map(|situation| {
                let picture = World::of(situation).picture();
                format!("{}\n{}\n", situation.name, shown(&code_lens(&picture, &uri("PLAN.md"))))
            })
            .collect();
        insta::assert_snapshot!(all);
    }

    #[test]
    fn a_lens_stands_on_the_title_s_line_and_carries_its_argument() {
        let picture = World::of(&situation("done")).picture();
        let lenses = code_lens(&picture, &uri("PLAN.md"));
        let merge = lenses.iter().find(|lens| lens.command.as_ref().unwrap().title == "Merge").unwrap();
        assert_eq!(
            serde_json::to_value(merge).unwrap(),
            serde_json::json!({
                "range": { "start": { "line": 4, "character": 0 }, "end": { "line": 4, "character": 28 } },
                "command": { "title": "Merge", "command": "alfine.merge", "arguments": [{ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md" }] },
            })
        );
    }

    #[test]
    fn a_ticked_task_without_a_loop_has_no_lens() {
        assert_eq!(titles(World::new().open("PLAN.md", "- [x] one\n")), [""; 0]);
        assert_eq!(
            titles(World::new().open("PLAN.md", "- [x] one\n- [ ] two\n")),
            ["Start all · 1 of 2 done", "Start loop"]
        );
    }

    #[test]
    fn a_task_that_left_its_plan_is_shown_on_the_first_line() {
        let world = World::new().open("PLAN.md", "# Coupons\n").with(situation("running").task);
        assert_eq!(
            titles(world),
            ["US-001 left this plan: iteration 4 of 10 · running · 4 files · $0.42", "US-001: Pause"]
        );
    }

    #[test]
    fn what_lies_in_no_repository_or_is_no_plan_has_no_lenses() {
        let outside = World::new().open_outside("file:///elsewhere/PLAN.md", PLAN).picture();
        assert_eq!(code_lens(&outside, &Url::parse("file:///elsewhere/PLAN.md").unwrap()), []);
        let readme = World::new().open("README.md", PLAN).picture();
        assert_eq!(code_lens(&readme, &uri("README.md")), []);
        assert_eq!(code_lens(&readme, &Url::parse("untitled:Untitled-1").unwrap()), []);
        assert_eq!(code_lens(&World::new().open("PLAN.md", "").picture(), &uri("PLAN.md")), []);
    }

    #[test]
    fn a_loop_of_which_little_is_known_is_shown_as_far_as_it_is() {
        for one in situations() {
            let Some(mut task) = one.task else { continue };
            task.row.reason = None;
            if let Some(last) = &mut task.last {
                (last.state, last.asks, last.last_run) = (None, None, None);
                last.row.reason = None;
                last.row.summary = LoopSummary::default();
                last.iterations.clear();
            }
            for title in titles(World::new().open("PLAN.md", PLAN).with(task)) {
                assert!(!title.is_empty() && !title.ends_with(": "), "{}: {title:?}", one.name);
            }
        }
    }

    #[test]
    fn the_run_of_a_plan_is_held_stopped_and_continued_on_the_first_line() {
        let text = format!("{PLAN}\n### US-009: Something else\n\n- [ ] it is there\n");
        for (name, state, first) in [
            ("running", None, vec!["Start all · 0 of 3 done"]),
            (
                "running",
                Some(RunState::Active),
                vec!["0 of 3 done · 1 running · $0.42", "Pause all", "Stop all"],
            ),
            (
                "running",
                Some(RunState::Paused),
                vec!["0 of 3 done · 1 running · paused · $0.42", "Continue all"],
            ),
            ("running", Some(RunState::Over), vec!["Start all · 0 of 3 done"]),
            ("paused", Some(RunState::Active), vec!["0 of 3 done · 1 task waits · $0.42", "Continue all"]),
        ] {
            let mut world = World::new().open("PLAN.md", &text).with(situation(name).task.unwrap());
            if let Some(state) = state {
                world = world.run_of(
                    "PLAN.md",
                    RunPicture {
                        state,
                        money: RunMoney { cost_usd: Some(0.42), ..RunMoney::default() },
                        branch: None,
                    },
                );
            }
            let titles = titles(world);
            assert_eq!(titles[..first.len()], first, "{name} {state:?}");
        }
    }

    #[test]
    fn a_loop_that_is_held_says_so_and_why() {
        let why = Reason::Unsaved { file: "src/x.rs".to_owned() };
        for (name, held_by, shown, next) in [
            ("running", None, "running, pauses after it", "Do not pause"),
            (
                "running",
                Some(why.clone()),
                "running, pauses after it: src/x.rs is not saved in an editor",
                "Do not pause",
            ),
            ("paused", None, "paused", "Continue"),
            ("paused", Some(why.clone()), "paused: src/x.rs is not saved in an editor", "Continue"),
        ] {
            let mut task = situation(name).task.unwrap();
            let summary = &mut task.last.as_mut().unwrap().row.summary;
            summary.pauses = name == "running";
            summary.held_by = held_by.clone();
            let titles = titles(World::new().open("PLAN.md", PLAN).with(task));
            assert!(titles.iter().any(|title| title.split(" · ").any(|part| part == shown)), "{titles:?}");
            assert!(titles.iter().any(|title| title == next), "{titles:?}");
        }
    }
}
