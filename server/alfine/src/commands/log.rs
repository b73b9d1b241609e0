//! `alfine log`: what happened in a task's loop, so far or as it happens; or what its agent printed.

use super::opening;
use crate::{
    cli::LogArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    news::{News, Told},
    printable::printable,
    task::TaskKey,
    time::Moment,
};
use alfine_engine::{Error, ErrorKind, Result, loops, project::Project, transcript::runs_of};
use alfine_store::{Changes, Event, Feed, LoopRow};
use alfine_words::{Line, Mark};
use jiff::Zoned;
use serde_json::json;
use std::{io::Write, path::Path, time::Duration};

/// How many events are read at once.
const PAGE: usize = 1000;

/// Prints a loop's events or its transcript.
pub(super) fn perform(directory: &Path, args: &LogArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, args.json)?;
    let row = loops::begun(&project.store, &key)?;
    if args.transcript {
        return transcript(&project, &row, args.iteration);
    }
    let mut shown = Shown {
        display: Display::new(),
        key,
        row,
        iteration: 0,
        only: args.iteration,
        json: args.json,
        asked: false,
    };
    // What comes later is followed from here.
    let end = project.store.last_seq()?;
    let mut after = 0;
    loop {
        let events = project.store.events_of_loop_after(&shown.row.id, after, PAGE)?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        for event in &events {
            shown.show(event)?;
        }
    }
    if args.follow {
        follow(&mut project, &mut shown, after.max(end))?;
    }
    Ok(exit::DONE)
}

/// Goes on until the loop rests.
fn follow(project: &mut Project, shown: &mut Shown, after: i64) -> Result<()> {
    const LOOK: Duration = Duration::from_secs(2);
    let mut feed = Feed::new(&project.layout, after);
    loop {
        project.end_leftovers()?;
        let running = loops::is_running(&project.layout, &shown.row.id)?;
        let wait = if running { LOOK } else { Duration::ZERO };
        match feed.wait(Some(wait))? {
            Changes::Events(events) => {
                for event in &events {
                    shown.show(event)?;
                }
            }
            Changes::Quiet if !running => return Ok(()),
            Changes::Quiet => {}
            Changes::Replaced | Changes::Stopped => return Ok(()),
        }
    }
}

struct Shown {
    display: Display,
    key: TaskKey,
    row: LoopRow,
    iteration: u32,
    only: Option<u32>,
    json: bool,
    /// Whether the last news was a question.
    asked: bool,
}

impl Shown {
    fn show(&mut self, event: &Event) -> Result<()> {
        if event.loop_id.as_ref() != Some(&self.row.id) {
            return Ok(());
        }
        let news = event.news();
        if let Some(n) = news.as_ref().and_then(News::iteration) {
            self.iteration = n;
        }
        if self.only.is_some_and(|only| only != self.iteration) {
            return Ok(());
        }
        if self.json {
            return print_json(&json!({
                "seq": event.seq, "at": event.at, "task": event.task, "loop": event.loop_id,
                "kind": event.kind, "payload": event.payload,
            }));
        }
        let Some(news) = news else { return Ok(()) };
        let told = Told { at: Moment(event.at.0), task: self.key.clone(), status: self.row.status, news };
        let now = Zoned::now();
        let line = match &told.news {
            // What is asked was said just before.
            News::Rests { reason, .. } if !self.asked && !reason.is_empty() => {
                Some(Line { mark: Mark::Notice, text: format!("rests: {}", printable(reason)) })
            }
            _ => alfine_words::news(&told, &now),
        };
        self.asked = matches!(told.news, News::Asks { .. });
        if let Some(line) = line {
            self.display.line(line.mark, &format!("{} {}", alfine_words::clock(told.at, &now), line.text));
        }
        Ok(())
    }
}

fn transcript(project: &Project, row: &LoopRow, iteration: Option<u32>) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    for run in runs_of(project, row, iteration)? {
        let path = project.layout.transcript(row.id.as_str(), run.n);
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) => {
                say(format_args!("{}: {error}", path.display()));
                continue;
            }
        };
        let copied = std::io::copy(&mut file, &mut out).and_then(|_| out.flush());
        match copied {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(exit::DONE),
            Err(error) => {
                return Err(Error::new(
                    ErrorKind::Store,
                    format!("cannot print {}: {error}", path.display()),
                ));
            }
            Ok(()) => {}
        }
    }
    Ok(exit::DONE)
}
