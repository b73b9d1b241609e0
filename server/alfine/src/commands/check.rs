//! `alfine check`: what the checks of tasks say now.

use super::{lint, opening, signals};
use crate::{
    cli::CheckArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    lint::{LintCode, lint},
    plan::Task,
    printable::printable,
    proof::Answer,
    text::LineIndex,
};
use alfine_engine::{
    Result,
    check::{self, Checked, Step},
    checks, project,
};
use alfine_verify::CancelToken;
use alfine_words::Mark;
use std::path::Path;

/// Runs the checks and prints what each answered, as it comes.
pub(super) fn perform(directory: &Path, args: &CheckArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let target = project.target(&args.target)?;
    let file = project.plan(&target.plan)?;
    let is_meant = |task: &&Task| match &target.task {
        Some(id) => task.id.0 == *id,
        None => !task.is_over(),
    };
    let tasks: Vec<&Task> = file.plan.tasks.iter().filter(is_meant).collect();
    if let (Some(id), []) = (&target.task, tasks.as_slice()) {
        return Err(project::no_such_task(&file, id));
    }
    let (display, program, cancel) = (Display::new(), opening::program()?, CancelToken::default());
    let all = check::count(&project, &file, &tasks)?;
    let interrupted = cancel.clone();
    let listening = signals::forward(move || interrupted.cancel())?;
    let mut checked = Vec::new();
    let mut tell = |step: Step| match step {
        Step::News(news) if !args.json => display.moves(&news),
        Step::News(_) => {}
        Step::Checked(one) => {
            if !args.json {
                show(&display, &one);
            }
            checked.push(one);
        }
    };
    let done = check::tasks(&mut project, &file, &tasks, (args.base, &program), &cancel, &mut tell);
    listening.close();
    display.all_rest();
    done?;
    // What is known now is a finding, too.
    let around = checks::Repository::look(project.repository.workdir());
    let (config, _) = project::settings_around(directory)?;
    let findings =
        lint(&file.text, &file.plan, &config.lint, &around.checks(&config, &file.name, &file.plan));
    let is_of_them = |span| tasks.iter().any(|task| task.span.start <= span && span <= task.span.end);
    let findings: Vec<_> = (findings.into_iter())
        .filter(|finding| finding.code == LintCode::CriterionGreenAlready && is_of_them(finding.span.start))
        .collect();
    let status = if cancel.is_cancelled() { exit::STOPPED } else { exit::DONE };
    let index = LineIndex::new(&file.text);
    if args.json {
        let views: Vec<_> = findings.iter().map(|finding| lint::view(finding, &index, &file.text)).collect();
        print_json(&serde_json::json!({ "checks": checked, "findings": views }))?;
        return Ok(status);
    }
    for finding in &findings {
        lint::print(&display, Path::new(&file.name), finding, &index, &file.text);
    }
    if cancel.is_cancelled() {
        let ran = checked.iter().filter(|one| one.run.is_some()).count();
        say(format_args!("{}", alfine_words::checks_cut_off(ran, all)));
        return Ok(status);
    }
    let of_criteria: Vec<&Checked> = checked.iter().filter(|one| one.criterion.is_some()).collect();
    let is_green = |one: &&&Checked| one.run.as_ref().is_some_and(|run| run.answer == Answer::Passed);
    let green = of_criteria.iter().filter(is_green).count();
    say(format_args!("{}", alfine_words::green_already(green, of_criteria.len())));
    Ok(status)
}

fn show(display: &Display, one: &Checked) {
    let Some(run) = &one.run else { return };
    let mark = match run.answer {
        Answer::Passed => Mark::Good,
        Answer::Failed | Answer::Empty => Mark::Step,
        Answer::NotRun => Mark::Bad,
    };
    let what = printable(one.criterion.as_ref().unwrap_or(&one.check));
    display.line(mark, &format!("{} {}  {what}", one.task.id, alfine_words::answer(run.answer)));
    display.line(Mark::Detail, &alfine_words::run_said(run));
}
