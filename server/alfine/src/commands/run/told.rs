//! What is told of loops that are run here: their news, and how they ended.

use crate::{commands::views, display::Display, output::print_json};
use alfine_core::{
    news::{News, Told},
    printable::printable,
    reason::Reason,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{Result, foreground::Ended, loops, project::Project};
use alfine_words::{
    Mark, Reader,
    text::{self, count, detailed},
};

/// Shows news, or prints them as JSON.
pub(super) fn show(told: &Told, display: Option<&Display>) {
    match display {
        // What is asked is said as a whole when the loop rests.
        Some(_) if matches!(told.news, News::Asks { .. }) => {}
        Some(display) => display.show(told),
        None => {
            // A reader of the stream that went away does not end the loop.
            let _ = print_json(told);
        }
    }
}

/// Tells how a loop that was run in the foreground ended.
pub(super) fn tell_ended(project: &Project, ended: &Ended, display: Option<&Display>) -> Result<()> {
    tell_unfinished(ended, display);
    match display {
        None => print_task(project, &ended.task),
        Some(display) => tell_end(project, &ended.task, display, true, ended.done.clone()),
    }
}

/// Tells why the work of a task that is done did not go where the settings say.
pub(super) fn tell_unfinished(ended: &Ended, display: Option<&Display>) {
    let Some(error) = &ended.unfinished else { return };
    let hint = error.hint_for(Reader::Terminal).map(|hint| format!(" ({hint})")).unwrap_or_default();
    let words = detailed("done, but `on_done` failed", &error.message) + &hint;
    match display {
        Some(display) => display.line(Mark::Bad, &words),
        None => tracing::warn!("{words}"),
    }
}

/// Tells how a loop rests, and what to do then. `just_ran`: what happened in it was shown.
pub(super) fn tell_end(
    project: &Project,
    key: &TaskKey,
    display: &Display,
    just_ran: bool,
    done: Option<String>,
) -> Result<()> {
    let Some(row) = loops::loop_of(&project.store, key)? else {
        display.line(Mark::Good, &format!("{key} is done already"));
        return Ok(());
    };
    let mark = match row.status {
        TaskStatus::Done if matches!(row.reason, Some(Reason::NotLanded { .. })) => Mark::Notice,
        TaskStatus::Done | TaskStatus::Merged => Mark::Good,
        TaskStatus::Failed => Mark::Bad,
        _ => Mark::Notice,
    };
    // Who stopped it knows that, and the line before says what proves what was just done.
    let is_known = |reason: &&Reason| match reason {
        Reason::StoppedByUser => true,
        Reason::Proven { .. } => just_ran,
        _ => false,
    };
    let reason = row.reason.as_ref().filter(|reason| !is_known(reason));
    let reason = reason.map(|reason| printable(&alfine_words::reason(reason))).unwrap_or_default();
    display.line(mark, &detailed(&format!("{key} {}", text::is(row.status)), &reason));
    let cost = match alfine_words::cost(row.cost_usd, row.summary.cost_is_partial()) {
        Some(cost) if row.cost_usd.is_none() && row.tokens > 0 => {
            format!("{cost}, {} · ", count(row.tokens, "token"))
        }
        Some(cost) => format!("{cost} · "),
        None => String::new(),
    };
    let summary = &row.summary;
    display.line(
        Mark::Detail,
        &format!(
            "{} of {} · {cost}{} changed",
            summary.iteration,
            count(summary.max_iterations.into(), "iteration"),
            count(summary.files_changed.into(), "file")
        ),
    );
    if let Some(done) = done {
        display.line(Mark::Good, &done);
    }
    for next in views::next_steps(&views::of_task(project, key)?) {
        display.line(Mark::Detail, &next);
    }
    Ok(())
}

/// Prints a task as JSON.
pub(super) fn print_task(project: &Project, key: &TaskKey) -> Result<()> {
    let view = views::shown(views::of_task(project, key)?);
    print_json(&serde_json::json!({ "task": view }))
}
