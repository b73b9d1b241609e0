//! What a person sees of a running loop: a line for each thing that happened, and one that moves.

use crate::output::say;
use alfine_core::breaker::{dollars, span};
use alfine_engine::runner::News;
use alfine_store::Millis;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{cell::RefCell, io::IsTerminal, time::Duration};

/// Shows news to a person.
pub struct Display {
    /// Moves while a loop does: before and after, questions may be asked.
    moving: RefCell<Option<ProgressBar>>,
    color: bool,
}

impl Display {
    /// Makes a display on this terminal; plain lines where there is none.
    pub fn new() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let color = terminal && std::env::var_os("NO_COLOR").is_none();
        Self { moving: RefCell::default(), color }
    }

    /// Shows one piece of news.
    pub fn show(&self, news: &News) {
        if let Some((mark, line)) = line_of(news) {
            self.line(mark, &line);
        }
        if news.kind == "rests" {
            self.rest();
        } else if let Some(message) = moving_of(news) {
            let mut moving = self.moving.borrow_mut();
            if moving.is_none() {
                *moving = spinner();
            }
            if let Some(bar) = moving.as_ref() {
                bar.set_message(message);
            }
        }
    }

    /// Prints a line above the moving one.
    pub fn line(&self, mark: Mark, text: &str) {
        let (on, off) = if self.color { (mark.color(), "\x1b[0m") } else { ("", "") };
        let print = || say(format_args!("{on}{}{off} {text}", mark.sign()));
        match self.moving.borrow().as_ref() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the moving line away.
    fn rest(&self) {
        if let Some(bar) = self.moving.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.rest();
    }
}

fn spinner() -> Option<ProgressBar> {
    if !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}

/// What a line is about, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A step.
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

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Step => "●",
            Self::Detail => "  │",
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Notice => "!",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Self::Step => "\x1b[36m",
            Self::Detail => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
            Self::Notice => "\x1b[33m",
        }
    }
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// One line of text from outside: control characters shown, cut to a terminal's width or so.
fn shown(text: &str) -> String {
    const WIDTH: usize = 160;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut line: String = first.chars().take(WIDTH).collect();
    if line.len() < first.len() {
        line.push('…');
    }
    alfine_core::printable::printable(&line)
}

fn moving_of(news: &News) -> Option<String> {
    let payload = &news.payload;
    match (news.kind.as_str(), text(payload, "/event")) {
        ("agent", "tool_started") => {
            Some(format!("{} {}", text(payload, "/name"), shown(text(payload, "/summary"))))
        }
        ("agent", "thinking") => Some("thinking".to_owned()),
        ("agent", "text") => Some(shown(text(payload, "/text"))),
        ("verifying", _) => Some("running the checks".to_owned()),
        ("waiting", _) => Some("waiting".to_owned()),
        ("agent_started", _) => Some("the agent works".to_owned()),
        _ => None,
    }
}

/// The line that tells a piece of news; none for what only moves.
pub fn line_of(news: &News) -> Option<(Mark, String)> {
    let payload = &news.payload;
    let number = |path: &str| payload.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let line = match news.kind.as_str() {
        "iteration_started" => (
            Mark::Step,
            format!("{} · iteration {} of {}", news.task, number("/iteration"), number("/maxIterations")),
        ),
        "agent_started" => {
            let how = match (text(payload, "/recovery"), payload["resumes"].as_bool()) {
                ("session_lost", _) => "a fresh session: the agent no longer knows the old one",
                ("context_full", _) => "a fresh session: the old one no longer fits the model",
                ("rewound", _) => "a fresh session: the tree was set back",
                ("runner_died", _) => "again: its runner died while it worked",
                (_, Some(true)) => "in its session",
                _ => "in a fresh session",
            };
            (Mark::Detail, format!("{} works, {how}", text(payload, "/agent")))
        }
        "agent" => return agent_line(payload),
        "agent_ended" => {
            let class = text(payload, "/outcome/class");
            if class == "ok" {
                return None;
            }
            let mut line = format!("the agent ended: {class}");
            if !text(payload, "/message").is_empty() {
                line.push_str(&format!(" · {}", shown(text(payload, "/message"))));
            }
            if !text(payload, "/login").is_empty() {
                line.push_str(&format!(" · to log in: {}", text(payload, "/login")));
            }
            (Mark::Notice, line)
        }
        "agent_ending" => (Mark::Detail, format!("ending the agent: {}", text(payload, "/reason"))),
        "verifier" => verifier_line(payload)?,
        "iteration_judged" => {
            let mut line = format!(
                "gate {}: {}",
                text(payload, "/gate/verdict").replace('_', " "),
                shown(text(payload, "/verdict"))
            );
            if payload["changed"].as_bool() == Some(false) {
                line.push_str(" · nothing changed");
            }
            if let Some(cost) = payload["costUsd"].as_f64() {
                line.push_str(&format!(" · {}", dollars(cost)));
            }
            (Mark::Detail, line)
        }
        "waiting" => {
            let until = payload["until"].as_i64().unwrap_or(0);
            let left =
                Duration::from_millis(u64::try_from(until.saturating_sub(Millis::now().0)).unwrap_or(0));
            let left = span(Duration::from_secs(left.as_secs().max(1)));
            (
                Mark::Notice,
                format!("waiting {left}, until {}: {}", clock(until), shown(text(payload, "/reason"))),
            )
        }
        "asks" => (Mark::Notice, format!("needs you: {}", shown(text(payload, "/text")))),
        "committed" => match text(payload, "/commit") {
            "" => return None,
            commit => (Mark::Detail, format!("committed {}", commit.get(..10).unwrap_or(commit))),
        },
        "setup" => (Mark::Step, format!("setting the worktree up: {}", shown(text(payload, "/command")))),
        "setup_output" => (Mark::Detail, shown(text(payload, "/line"))),
        "provisioned" => (
            Mark::Detail,
            format!("{} files copied, {} linked into the worktree", number("/copied"), number("/linked")),
        ),
        "worktree_restored" => {
            (Mark::Notice, "the worktree was gone; made again from its last checkpoint".to_owned())
        }
        "note" => note_line(payload)?,
        "refused" => (Mark::Notice, text(payload, "/why").to_owned()),
        "checkpoint_skipped" => {
            (Mark::Notice, format!("left out of the checkpoint: {}", shown(text(payload, "/what"))))
        }
        "progress_not_logged" => {
            (Mark::Notice, format!("the progress log: {}", shown(text(payload, "/message"))))
        }
        "error" => (Mark::Bad, shown(text(payload, "/message"))),
        _ => return None,
    };
    Some(line)
}

fn agent_line(payload: &Value) -> Option<(Mark, String)> {
    let line = match text(payload, "/event") {
        // How the gate is read is told when the iteration is judged.
        "text" => shown(text(payload, "/text").split("<COMPLETION_GATE>").next().unwrap_or_default()),
        "tool_started" => format!("{} {}", text(payload, "/name"), shown(text(payload, "/summary"))),
        "permission_denied" => {
            return Some((Mark::Notice, format!("denied: {}", shown(text(payload, "/tool")))));
        }
        "retrying" => {
            return Some((Mark::Notice, format!("the agent retries: {}", shown(text(payload, "/reason")))));
        }
        "limit_warning" => {
            let share = payload["utilization"].as_f64().unwrap_or(0.0) * 100.0;
            return Some((Mark::Notice, format!("{share:.0} % of the usage limit is used")));
        }
        _ => return None,
    };
    (!line.is_empty()).then_some((Mark::Detail, line))
}

fn verifier_line(payload: &Value) -> Option<(Mark, String)> {
    let name = shown(text(payload, "/name"));
    match payload["passed"].as_bool()? {
        true => Some((Mark::Good, name)),
        false => Some((Mark::Bad, format!("{name}: {}", shown(text(payload, "/exit"))))),
    }
}

fn note_line(payload: &Value) -> Option<(Mark, String)> {
    let line = match text(payload, "/note") {
        "slow_start" => (Mark::Notice, format!("the agent said nothing for {} s", payload["seconds"])),
        "agent_silent" => (
            Mark::Notice,
            format!("{}: the agent said nothing for {} s", text(payload, "/rule"), payload["seconds"]),
        ),
        "fresh_session" => (Mark::Notice, "starting the agent afresh".to_owned()),
        "retry" => (Mark::Notice, format!("the agent failed ({}), trying again", text(payload, "/class"))),
        "half_opened" => (Mark::Detail, format!("{} let one iteration through", text(payload, "/rule"))),
        "breaker_reset" => (Mark::Detail, "every counter of the breaker is zero again".to_owned()),
        "limit_raised" => (Mark::Detail, format!("the limit is {} iterations", payload["max_iterations"])),
        "steered" => (Mark::Detail, format!("noted for the next prompt: {}", shown(text(payload, "/text")))),
        "pause_asked" => (Mark::Detail, "pauses after this iteration".to_owned()),
        "rewound" => {
            (Mark::Detail, format!("the tree is what it was after iteration {}", payload["iteration"]))
        }
        _ => return None,
    };
    Some(line)
}

/// A number of things: `1 file`, `2 files`.
pub fn count(number: impl Into<u64>, thing: &str) -> String {
    let number = number.into();
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// A moment as a clock on the wall shows it, with the date where it is another day.
pub fn clock(millis: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(millis) else { return String::from("an unknown time") };
    let at = at.to_zoned(jiff::tz::TimeZone::system());
    let today = jiff::Zoned::now().date();
    if at.date() == today {
        at.strftime("%H:%M:%S").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}
