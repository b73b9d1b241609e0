//! A loop's news, as lines for somebody who watches a terminal.

use crate::{
    checkout,
    text::{count, detailed, or},
};
use alfine_core::printable::{enumerated, printable};
use alfine_core::{
    agent::{AgentEvent, Outcome},
    breaker::{dollars, span},
    gate::{Reading, Verdict},
    machine::{KillReason, Note, Recovery},
    news::{News, Told},
    proof::ControlKind,
    time::Moment,
};
use jiff::{Timestamp, Zoned};
use std::time::Duration;

/// A line, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub mark: Mark,
    /// What it says.
    pub text: String,
}

/// What a line is about, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A step of the loop begins.
    Step,
    /// A part of a step.
    Detail,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Something to look at.
    Notice,
}

/// The line for a piece of news; `None` if the news is not worth a line of its own. `now` and its time zone are the
/// reader's.
pub fn news(told: &Told, now: &Zoned) -> Option<Line> {
    let (mark, text) = match &told.news {
        News::IterationStarted { iteration, max_iterations } => {
            (Mark::Step, format!("{} · iteration {iteration} of {max_iterations}", told.task))
        }
        News::AgentStarted { agent, resumes, recovery, .. } => {
            let how = match recovery {
                Some(Recovery::SessionLost) => "a fresh session: the agent no longer knows the old one",
                Some(Recovery::ContextFull) => "a fresh session: the old one no longer fits the model",
                Some(Recovery::SessionRejected) => {
                    "a fresh session: the service refuses the old one for good"
                }
                Some(Recovery::SessionFailing) => "a fresh session: the old one failed again and again",
                Some(Recovery::Compacted) => {
                    "in its session, which was cut down to a summary: its task is told again"
                }
                Some(Recovery::Rewound) => "a fresh session: the tree was set back",
                Some(Recovery::HandedOff) => "a fresh session: it takes over from one that grew too long",
                Some(Recovery::RunnerDied) => "again: its runner died while it worked",
                None if *resumes => "in its session",
                None => "in a fresh session",
            };
            (Mark::Detail, format!("{} works, {how}", or(agent, "the agent")))
        }
        News::Agent(event) => agent(event)?,
        News::AgentEnded { outcome: Outcome::Ok, .. } => return None,
        News::AgentEnded { outcome, message, login, usage: _ } => {
            let mut line = format!("the agent ended: {}", outcome.class());
            let message = shown(message);
            if !message.is_empty() {
                line.push_str(&format!(" · {message}"));
            }
            if let Some(login) = login.as_deref().filter(|login| !login.trim().is_empty()) {
                line.push_str(&format!(" · to log in: {login}"));
            }
            (Mark::Notice, line)
        }
        News::AgentEnding { reason } => (Mark::Detail, format!("ending the agent: {}", ending(*reason))),
        News::Verifier { name, passed: true, .. } => (Mark::Good, or(&shown(name), "a check").to_owned()),
        News::Verifier { name, exit, .. } => (Mark::Bad, detailed(or(&shown(name), "a check"), &shown(exit))),
        News::IterationJudged { gate: reading, verdict, changed, cost_usd, .. } => {
            let gate = format!("gate {}", reading.verdict.as_str().replace('_', " "));
            let why = shown(verdict_of(reading, verdict));
            // What comes of a claim says that it was claimed.
            let mut line = match reading.verdict {
                Verdict::Ready => or(&why, &gate).to_owned(),
                Verdict::NotReady | Verdict::Missing | Verdict::Malformed | Verdict::Contradictory => {
                    detailed(&gate, &why)
                }
            };
            if !changed {
                line.push_str(" · nothing changed");
            }
            if let Some(cost) = cost_usd {
                line.push_str(&format!(" · {}", dollars(*cost)));
            }
            (Mark::Detail, line)
        }
        News::Waiting { until, reason, since } => {
            let since = since.map_or_else(String::new, |since| format!(" (since {})", clock(since, now)));
            let left = until.since(Moment(now.timestamp().as_millisecond())).as_secs().max(1);
            let left = span(Duration::from_secs(left));
            let waits = format!("waiting {left}, until {}{since}", clock(*until, now));
            (Mark::Notice, detailed(&waits, &shown(reason)))
        }
        News::Asks { text, .. } => (Mark::Notice, detailed("needs you", &shown(text))),
        News::Committed { commit } => {
            let commit = commit.as_deref().filter(|commit| !commit.trim().is_empty())?;
            (Mark::Detail, format!("committed {}", commit.get(..10).unwrap_or(commit)))
        }
        News::Setup { command } => (Mark::Step, detailed("setting the worktree up", &shown(command))),
        News::Lands { into, checks } => {
            let into = or(&shown(into), "its base").to_owned();
            let checks = count(checks.len() as u64, "check");
            (Mark::Step, format!("{into} has moved: {checks} on what the work makes of it, before it lands"))
        }
        News::LandingAwaited { into } => (
            Mark::Step,
            format!("waiting for other work that lands on {}", or(&shown(into), "the same branch")),
        ),
        News::BroughtUp { from, conflicts } => {
            let merged = format!("{} is merged into the work", or(&shown(from), "its base"));
            let files = enumerated(conflicts.iter().map(|file| shown(file)));
            match conflicts.as_slice() {
                [] => (Mark::Step, merged),
                _ => (Mark::Notice, format!("{merged}; both sides changed the same places in {files}")),
            }
        }
        News::BenchAwaited {} => (
            Mark::Step,
            "waiting for other loops whose checks run: proof.benches says how many may".to_owned(),
        ),
        News::BenchSetup { command } => {
            (Mark::Step, detailed("setting a tree for the checks up", &shown(command)))
        }
        News::JudgeAsked { by, questions, control } => {
            (Mark::Detail, judge_asked(&shown(by), *questions, *control))
        }
        News::TriedAgain { check, tests } => (
            Mark::Detail,
            format!(
                "trying {} of {} again, since {} passed before the work",
                count(tests.len() as u64, "failing test"),
                or(&shown(check), "a check"),
                if tests.len() == 1 { "it" } else { "they" },
            ),
        ),
        News::Control { control, check } => {
            (Mark::Detail, format!("control: {} {}", or(&shown(check), "a check"), control_words(*control)))
        }
        News::SetupOutput { line } => (Mark::Detail, Some(shown(line)).filter(|line| !line.is_empty())?),
        News::Provisioned { copied, linked } => (Mark::Detail, provisioned(*copied as u64, *linked as u64)?),
        News::Beside { manifest, path } => {
            let (manifest, path) = (shown(manifest), shown(path));
            (
                Mark::Notice,
                format!(
                    "{} names {}, which lies beside the repository and not beside the worktree: name it in the setting \
                     worktree.link to have it linked there",
                    or(&manifest, "a manifest"),
                    or(&path, "something")
                ),
            )
        }
        News::WorktreeRestored { .. } => {
            (Mark::Notice, "the worktree was gone; made again from its last checkpoint".to_owned())
        }
        News::PlanChanged { changes } => (Mark::Notice, crate::plan::plan_changed(changes)?),
        News::Note(note) => self::note(note)?,
        News::Refused { why } => (Mark::Notice, or(why, "that cannot be done now").to_owned()),
        News::CheckpointFailed { message, .. } => (
            Mark::Notice,
            detailed("no checkpoint could be taken while the agent works, which goes on", &shown(message)),
        ),
        News::CheckpointSkipped { what } => {
            (Mark::Notice, detailed("left out of the checkpoint", &shown(what)))
        }
        News::CheckoutChanged { changes, tasks, named } => {
            let mark = if *named { Mark::Bad } else { Mark::Notice };
            (mark, printable(&checkout::changed(&told.task, changes, tasks, *named)))
        }
        News::CheckoutNotWatched { message } => {
            (Mark::Notice, detailed("your checkout is not watched while the agent works", &shown(message)))
        }
        News::SetBack { files, kept } => (Mark::Notice, set_back(files, kept)),
        News::ProgressNotLogged { message } => {
            (Mark::Notice, detailed("the progress log", or(&shown(message), "it is not written")))
        }
        News::Error { message, .. } => {
            (Mark::Bad, or(&shown(message), "an error without a message").to_owned())
        }
        // The checks say their results; how the loop rests is said by whoever ran it.
        News::Verifying { .. } | News::Rests { .. } | News::Other { .. } => return None,
    };
    Some(Line { mark, text })
}

/// What the moving line says from this piece of news on; `None` if it stays as it is.
pub fn moving(news: &News) -> Option<String> {
    match news {
        News::AgentStarted { .. } => Some("the agent works".to_owned()),
        News::Agent(AgentEvent::ToolStarted { name, summary }) => Some(tool(name, summary)),
        News::Agent(AgentEvent::Thinking { .. }) => Some("thinking".to_owned()),
        News::Agent(AgentEvent::Text { text }) => {
            Some(shown(before_gate(text))).filter(|said| !said.is_empty())
        }
        News::Verifying { .. } => Some("running the checks".to_owned()),
        News::Lands { .. } => Some("running the checks before it lands".to_owned()),
        News::LandingAwaited { .. } => Some("waiting for other work that lands".to_owned()),
        News::BenchAwaited {} => Some("waiting for a tree to run the checks in".to_owned()),
        News::BenchSetup { command } => Some(detailed("setting a tree for the checks up", &shown(command))),
        News::TriedAgain { .. } => Some("running failing tests again".to_owned()),
        News::JudgeAsked { by, questions, control } => Some(judge_asked(&shown(by), *questions, *control)),
        News::Control { control, check } => {
            Some(format!("control: {} {}", or(&shown(check), "a check"), control_words(*control)))
        }
        News::Waiting { .. } => Some("waiting".to_owned()),
        _ => None,
    }
}

/// Who is asked what.
fn judge_asked(by: &str, questions: u32, control: bool) -> String {
    let questions = count(u64::from(questions), "question");
    let by = or(by, "the judge");
    match control {
        true => format!("control: {by} judges {questions} on what was there before the work"),
        false => format!("{by} judges {questions}"),
    }
}

/// Where a check is asked again.
fn control_words(control: ControlKind) -> &'static str {
    match control {
        ControlKind::Base => "on what was there before the work",
        ControlKind::MaterialAlone => "with the new tests, without the work",
        ControlKind::WorkAlone => "with the tests of before",
    }
}

/// A moment as a clock on the reader's wall shows it, with the date if it is on another day.
pub fn clock(at: Moment, now: &Zoned) -> String {
    on_a_clock(at, now, "%H:%M:%S")
}

/// A moment as a clock without seconds shows it.
pub fn clock_to_the_minute(at: Moment, now: &Zoned) -> String {
    on_a_clock(at, now, "%H:%M")
}

fn on_a_clock(at: Moment, now: &Zoned, today: &str) -> String {
    let Ok(at) = Timestamp::from_millisecond(at.0) else { return String::from("an unknown time") };
    let at = at.to_zoned(now.time_zone().clone());
    at.strftime(if at.date() == now.date() { today } else { "%Y-%m-%d %H:%M" }).to_string()
}

fn agent(event: &AgentEvent) -> Option<(Mark, String)> {
    let line = match event {
        // How the gate was read is shown when the iteration is judged.
        AgentEvent::Text { text } => (Mark::Detail, shown(before_gate(text))),
        AgentEvent::ToolStarted { name, summary } => (Mark::Detail, tool(name, summary)),
        AgentEvent::PermissionDenied { tool } => (Mark::Notice, detailed("denied", &shown(tool))),
        AgentEvent::Asked(question) => (Mark::Notice, detailed("asks", &shown(&question.text))),
        AgentEvent::Compacted => {
            (Mark::Notice, "the agent's conversation was cut down to a summary".to_owned())
        }
        AgentEvent::WorkLost { what } => (Mark::Notice, work_lost(what)),
        AgentEvent::Retrying { reason } => (Mark::Notice, detailed("the agent retries", &shown(reason))),
        AgentEvent::LimitWarning { utilization } => {
            (Mark::Notice, format!("{:.0} % of the usage limit is used", utilization * 100.0))
        }
        AgentEvent::SessionStarted { .. }
        | AgentEvent::Thinking { .. }
        | AgentEvent::Concluded { .. }
        | AgentEvent::ToolFinished { .. }
        | AgentEvent::CommandEnded { .. }
        | AgentEvent::Context { .. }
        | AgentEvent::FileTouched { .. }
        | AgentEvent::Usage(_)
        | AgentEvent::Ended { .. } => return None,
    };
    (!line.1.is_empty()).then_some(line)
}

fn before_gate(text: &str) -> &str {
    text.split("<COMPLETION_GATE>").next().unwrap_or_default()
}

/// Says that work in the background ended with the run of the agent that had begun it.
pub fn work_lost(what: &[String]) -> String {
    let what: Vec<String> = what.iter().map(|what| shown(what)).filter(|what| !what.is_empty()).collect();
    match what.as_slice() {
        [] => "work was lost with the agent's run, which had put it into the background".to_owned(),
        what => {
            format!("lost with the agent's run, which had put it into the background: {}", what.join(", "))
        }
    }
}

fn note(note: &Note) -> Option<(Mark, String)> {
    let line = match note {
        Note::AwaitsSums => {
            (Mark::Notice, "waits for what other runs cost, to stay within the budget".to_owned())
        }
        Note::SlowStart { seconds } => (Mark::Notice, format!("the agent said nothing for {seconds} s")),
        Note::AgentSilent { rule, seconds } => {
            (Mark::Notice, format!("{rule}: the agent said nothing for {seconds} s"))
        }
        Note::HalfOpened { rule } => (Mark::Detail, format!("{rule} let one iteration through")),
        Note::BreakerReset => (Mark::Detail, "every counter of the breaker is zero again".to_owned()),
        Note::LimitRaised { max_iterations } => {
            (Mark::Detail, format!("the limit is {}", count((*max_iterations).into(), "iteration")))
        }
        Note::Steered { text } => (Mark::Detail, detailed("noted for the next prompt", &shown(text))),
        Note::PauseAsked => (Mark::Detail, "pauses after this iteration".to_owned()),
        Note::Rewound { iteration } => {
            (Mark::Detail, format!("the tree is what it was after iteration {iteration}"))
        }
        // The loop rests, waits or starts the agent at once, and that is what is said.
        Note::Tripped(_) | Note::Retry { .. } | Note::FreshSession { .. } => return None,
    };
    Some(line)
}

fn ending(reason: KillReason) -> &'static str {
    match reason {
        KillReason::Stop => "the loop is to stop",
        KillReason::Pause => "the loop is to pause",
        KillReason::Stall => "it was silent for too long",
        KillReason::Startup => "it never said anything",
        KillReason::WallTime => "the loop's time is up",
        KillReason::Decided => "it said how it ends",
        KillReason::Concluded => "it gave its result and did not end",
        KillReason::HandOff => "its session grew too long: a fresh one takes over",
    }
}

/// Why an iteration was not enough, in the words that say the most. That a gate is not ready is how it was read itself, so
/// there the agent's own reason counts.
pub fn verdict_of<'a>(reading: &'a Reading, verdict: &'a str) -> &'a str {
    let is_reading = reading.verdict == Verdict::NotReady && verdict == reading.why;
    if is_reading { reading.reason().unwrap_or_default() } else { verdict }
}

fn tool(name: &str, summary: &str) -> String {
    format!("{} {}", or(name, "a tool"), shown(summary)).trim_end().to_owned()
}

/// What was brought into a new worktree; `None` if that is nothing.
fn provisioned(copied: u64, linked: u64) -> Option<String> {
    match (copied, linked) {
        (0, 0) => None,
        (copied, 0) => Some(format!("{} copied into the worktree", count(copied, "file"))),
        (0, linked) => Some(format!("{} linked into the worktree", count(linked, "file"))),
        (copied, linked) => {
            Some(format!("{} copied, {linked} linked into the worktree", count(copied, "file")))
        }
    }
}

fn set_back(files: &[String], kept: &str) -> String {
    const NAMED: usize = 3;
    let mut line = "set back to what the checks saw".to_owned();
    let named: Vec<String> =
        files.iter().take(NAMED).map(|file| shown(file)).filter(|file| !file.is_empty()).collect();
    if !named.is_empty() {
        line.push_str(&format!(": {}", named.join(", ")));
    }
    if files.len() > NAMED {
        line.push_str(" and others");
    }
    let kept = shown(kept);
    if !kept.is_empty() {
        line.push_str(&format!(" (kept as {kept})"));
    }
    line
}

/// One line of a text from outside: its first one with words, cut to a terminal's width or so, with nothing hidden in
/// it.
fn shown(text: &str) -> String {
    const WIDTH: usize = 160;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut line: String = first.chars().take(WIDTH).collect();
    if line.len() < first.len() {
        line.push('…');
    }
    printable(&line)
}

#[cfg(test)]
mod tests;
