//! Why a task is where it is, and why a loop refuses a command.

use crate::{
    Reader,
    text::{self, count as counted, detailed, is, or, told},
};
use alfine_core::{
    breaker::{HARD_LIMIT, Line, Rule, Scope},
    landing::NotLanded,
    machine::AskKind,
    printable::{enumerated, printable},
    reason::{Reason, Refusal},
    task::TaskKey,
};
use std::fmt;

/// The longest text of somebody else in a message, in characters.
const LONGEST: usize = 600;

/// Says a reason as a part of a sentence, whole: texts of others are as they are in the data. Never empty.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Breaker { trip } => tripped(trip),
        Reason::HardLimit => {
            format!(
                "{HARD_LIMIT} iterations are the most one loop may take: split the task, or start it again"
            )
        }
        Reason::StoppedByUser => "stopped by the user".to_owned(),
        Reason::UsageLimit { message, .. } => detailed("usage limit", message),
        Reason::Asks { ask, text } => or(text, nothing_said(*ask)).to_owned(),
        Reason::Told { text } | Reason::Failed { message: text } => {
            or(text, "the reason was not written down").to_owned()
        }
        Reason::Retry { message } => or(message, "the agent failed").to_owned(),
        Reason::Outage { message, .. } => or(message, "the agent could not work").to_owned(),
        Reason::AwaitsSums => "waits for what other runs cost, to stay within the budget".to_owned(),
        Reason::Proven { proof } => proof.to_string(),
        Reason::Unsaved { file } => format!("{} is not saved in an editor", or(file, "a file")),
        Reason::Pauses { why } => match why {
            Some(why) => format!("pauses after this iteration: {}", self::reason(why)),
            None => "pauses after this iteration".to_owned(),
        },
        Reason::Unrun => "nobody runs it".to_owned(),
        Reason::RunnerDied => "its runner died".to_owned(),
        Reason::Merged { into, commit } => {
            let into = or(into, "its base");
            match commit.as_deref().filter(|commit| !commit.trim().is_empty()) {
                Some(commit) => format!("into {into} as {}", commit.get(..7).unwrap_or(commit)),
                None => format!("into {into}"),
            }
        }
        Reason::Lands { into } => {
            format!(
                "lands on {}, which has moved: its checks run on what it makes of that",
                or(into, "its base")
            )
        }
        Reason::NotLanded { into, because } => {
            detailed(&format!("not merged into {}", or(into, "its base")), &why_not_landed(because))
        }
        Reason::BroughtUp { from } => format!("{} is merged into the work", or(from, "its base")),
        Reason::Forked => "forked".to_owned(),
    }
}

/// Says that work landed.
pub fn landed(task: &TaskKey, into: &str) -> String {
    format!("{} is merged into {}.", printable(&task.to_string()), or(&printable(into), "its base"))
}

/// Says that work that is done did not land, and why.
pub fn not_landed(task: &TaskKey, into: &str, because: &NotLanded) -> String {
    let into = printable(into);
    let what = format!("{} was not merged into {}", printable(&task.to_string()), or(&into, "its base"));
    format!("{}. Nothing was changed there.", detailed(&what, &why_not_landed(because)))
}

/// Why work that is done did not land, as a part of a sentence.
fn why_not_landed(because: &NotLanded) -> String {
    let named = |names: &[String]| enumerated(names.iter().map(|name| printable(name)));
    match because {
        NotLanded::Red { failed } => {
            let these = if failed.len() > 1 { "these checks fail" } else { "this check fails" };
            detailed(&format!("it has moved, and together with it {these}"), &named(failed))
        }
        NotLanded::Conflicts { files } => {
            format!("both sides changed the same places in {}", or(&named(files), "some files"))
        }
        NotLanded::Stopped => "you stopped that before its checks were through".to_owned(),
        NotLanded::Unknown { message } => or(message, "its checks could not run").to_owned(),
    }
}

/// What is said of a question whose words are lost.
fn nothing_said(ask: AskKind) -> &'static str {
    match ask {
        AskKind::Question => "the agent asks something",
        AskKind::Blocked => "only a person can help",
        AskKind::Approval | AskKind::Unproven => "is it done?",
        AskKind::ChecksChanged => "is what was changed in the checks right?",
        AskKind::Baseline => "a check fails before the work",
        AskKind::AlreadyGreen => "every criterion holds before any work",
        AskKind::Login => "the agent is not logged in",
        AskKind::Billing => "the agent's account has no credit",
        AskKind::Budget => "the budget is not enough for another run",
        AskKind::Config => "the agent cannot run as it is configured",
        AskKind::Context => "the agent's context is full",
        AskKind::Check => "a check cannot run",
        AskKind::Refusal => "the model refused",
        AskKind::Trust => "commands must be allowed",
    }
}

/// Says what happened when a rule tripped, with what fed it where the rule's own words do not say that.
fn tripped(trip: &Line) -> String {
    let happened = trip.happened();
    match (trip.rule, trip.evidence.trim()) {
        (_, "") => happened,
        (Rule::SameError, evidence) => match evidence.find('“').and_then(|at| evidence.get(at..)) {
            Some(error) => format!("{happened}: {error}"),
            None => happened,
        },
        (Rule::AgentFailing | Rule::Outage, evidence) => format!("{happened}: {evidence}"),
        (Rule::Permission, evidence) => evidence.to_owned(),
        _ => happened,
    }
}

/// Says why a loop stopped in a few words, as on a code lens.
pub fn stopped(reason: Option<&Reason>) -> String {
    match reason {
        None => "stopped".to_owned(),
        Some(Reason::Breaker { trip }) if trip.rule == Rule::Iterations => {
            let of = trip.limit.map(|limit| counted(limit as u64, "iteration"));
            detailed("stopped", &of.map_or_else(String::new, |of| format!("limit of {of}")))
        }
        Some(Reason::Breaker { trip }) => format!("stopped: {}", trip.rule.info().name.replace('-', " ")),
        Some(Reason::StoppedByUser) => "stopped by you".to_owned(),
        Some(Reason::HardLimit) => format!("stopped: hard limit of {HARD_LIMIT} iterations"),
        Some(other) => format!("stopped: {}", self::reason(other)),
    }
}

/// What is known of a loop beside the reason, to explain it.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The agent's name.
    pub agent: &'a str,
    /// The moment that the reason is about, as it is shown: until when the loop waits, or since when it is interrupted.
    pub moment: &'a str,
    /// Since when it waits, as it is shown.
    pub since: &'a str,
    /// Why the last iteration was not enough.
    pub verdict: &'a str,
}

/// Why a loop does not go on and what to do, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened, and why.
    pub why: String,
    /// What the user can do, or that there is nothing to be done.
    pub remedy: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = if self.why.ends_with('\n') { "" } else { " " };
        write!(f, "{}{joint}{}", self.why, self.remedy)
    }
}

/// Explains to somebody with an editor why a loop does not go on and what to do; `None` if there is nothing to do.
/// Texts of others are cut.
pub fn explanation(reason: &Reason, about: &About<'_>, reader: Reader) -> Option<Explanation> {
    let (why, remedy) = match reason {
        Reason::Breaker { trip } => (why_stopped(trip, about.verdict), remedy(trip.rule, reader)),
        Reason::HardLimit => (
            format!(
                "The loop stopped after {HARD_LIMIT} iterations, the most that one loop may take, and the work is not done."
            ),
            "Split the task into smaller ones, or discard the loop and start again.".to_owned(),
        ),
        Reason::UsageLimit { known, message } => usage_limit(*known, message, about),
        Reason::Outage { message, .. } => outage(message, about),
        Reason::Asks { ask, text } => asked(*ask, text, reader),
        Reason::Failed { message } => {
            let why = text::plain(message, LONGEST);
            (
                told(
                    "The loop failed and cannot go on by itself",
                    or(&why, "the reason was not written down"),
                ),
                "Fix that, then continue it, or discard it and start again.".to_owned(),
            )
        }
        Reason::RunnerDied | Reason::Unrun => (
            format!(
                "The loop was interrupted{}: the process that ran it ended without a word, perhaps because the machine was \
                 shut down. Nothing runs now, and nothing is lost.",
                since(" at ", about.moment)
            ),
            "Continue it: it goes on where it was.".to_owned(),
        ),
        // These words of an older version are what is left.
        Reason::Told { text } => {
            (told("The loop stopped", &text::plain(text, LONGEST)), "Continue it, or discard it.".to_owned())
        }
        Reason::NotLanded { into, because } if *because != NotLanded::Stopped => (
            format!(
                "{} Nothing was changed there.",
                told(
                    &format!("The task is done, and was not merged into {}", or(into, "its base")),
                    &why_not_landed(because)
                )
            ),
            match because {
                NotLanded::Red { .. } | NotLanded::Conflicts { .. } => {
                    "Rework it: that branch is merged into the work, and the agent goes on from there."
                        .to_owned()
                }
                NotLanded::Unknown { .. } | NotLanded::Stopped => {
                    "Merge it again once that is mended.".to_owned()
                }
            },
        ),
        Reason::NotLanded { .. }
        | Reason::Lands { .. }
        | Reason::BroughtUp { .. }
        | Reason::StoppedByUser
        | Reason::Retry { .. }
        | Reason::Proven { .. }
        | Reason::Unsaved { .. }
        | Reason::Pauses { .. }
        | Reason::Merged { .. }
        | Reason::AwaitsSums
        | Reason::Forked => return None,
    };
    Some(Explanation { why, remedy })
}

/// A moment as a part of a sentence; nothing if it is not known.
fn since(joint: &str, moment: &str) -> String {
    if moment.is_empty() { String::new() } else { format!("{joint}{moment}") }
}

/// Says what a tripped rule means, and what fed it: one sentence. `verdict` is why the last iteration was not enough.
fn why_stopped(trip: &Line, verdict: &str) -> String {
    let evidence = text::plain(&trip.evidence, LONGEST);
    let happened = trip.happened();
    match trip.rule.info() {
        _ if trip.rule == Rule::Iterations => {
            let after = match trip.limit {
                Some(limit) => format!("{} of {}", trip.count_shown(), counted(limit as u64, "iteration")),
                None => counted(trip.count as u64, "iteration"),
            };
            let stopped = format!("The loop stopped after {after}, and the work is not done");
            told(&stopped, &text::plain(verdict, LONGEST))
        }
        // Their words name the limit.
        rule if rule.scope == Scope::Budget => {
            told(&format!("The loop stopped because {happened}"), &evidence)
        }
        _ => told(&format!("The loop stopped because {happened} (limit {})", trip.limit_shown()), &evidence),
    }
}

/// Says what the user can do after a rule tripped.
fn remedy(rule: Rule, reader: Reader) -> String {
    let reset = match reader {
        Reader::Terminal => "continue with `--reset-breaker`",
        Reader::Editor { .. } => "choose “Reset the breaker and continue”",
    };
    rule.info().remedy.replace("{tell}", how_to_tell(reader)).replace("{reset}", reset)
}

/// Says how a user tells an agent something. An editor without the plugin has no box for text.
pub fn how_to_tell(reader: Reader) -> &'static str {
    match reader {
        Reader::Terminal => "send it a note with `alfine steer`",
        Reader::Editor { has_plugin: true } => "send it a note",
        Reader::Editor { has_plugin: false } => {
            "select your words in any file and choose the code action “Tell the agent the selected text”"
        }
    }
}

fn usage_limit(known: bool, message: &str, about: &About<'_>) -> (String, String) {
    let (agent, said, moment) = (text::line(about.agent, 80), in_brackets(message), about.moment);
    match known {
        true => (
            format!("The usage limit of the agent {agent} is reached{said}."),
            format!("It passes at {moment}, and the loop then goes on by itself."),
        ),
        false => (
            format!("The usage limit of the agent {agent} is reached{said}, and it did not say until when."),
            format!("The loop tries again by itself at {moment}."),
        ),
    }
}

fn outage(message: &str, about: &About<'_>) -> (String, String) {
    let (agent, said) = (text::line(about.agent, 80), in_brackets(message));
    (
        format!("The agent {agent} could not work{}{said}.", since(" since ", about.since)),
        format!("The loop tries again by itself at {}, and goes on once that works.", about.moment),
    )
}

/// What somebody else said, behind a part of a sentence; nothing if they said nothing.
fn in_brackets(message: &str) -> String {
    match text::plain(message, LONGEST) {
        said if said.is_empty() => said,
        said => format!(" (“{said}”)"),
    }
}

fn asked(ask: AskKind, words: &str, reader: Reader) -> (String, String) {
    let words = text::plain(words, 2 * LONGEST);
    let has_box = reader != Reader::Editor { has_plugin: false };
    let waits = || told("The loop waits for you", or(&words, nothing_said(ask)));
    match ask {
        AskKind::Trust => (
            told("The loop waits until you allow what it would run", &words),
            "Choose “Allow the commands”, read them, and then “Continue”.".to_owned(),
        ),
        AskKind::Baseline => (
            told("A check that must pass fails before any work", or(&words, nothing_said(ask))),
            "Choose “Approve” to go on without it, or “Reject” to have the agent mend it first.".to_owned(),
        ),
        AskKind::AlreadyGreen => (
            told("There may be nothing to do", or(&words, nothing_said(ask))),
            "Choose “Approve” if it is done, or “Reject” to have the agent work all the same. To have it done by other \
             checks, edit the criteria and continue."
                .to_owned(),
        ),
        AskKind::Approval | AskKind::Unproven | AskKind::ChecksChanged => (
            told("The loop waits for your decision", or(&words, nothing_said(ask))),
            match has_box {
                true => "Look at the diff, then choose “Approve”, or “Reject” and say what is missing.",
                false => {
                    "Look at the diff, then choose “Approve”, or “Reject”. To say what is missing, select your words in any \
                     file and choose “Reject with the selected text”."
                }
            }
            .to_owned(),
        ),
        AskKind::Login => {
            (waits(), "Log the agent in, in a terminal, then continue the loop.".to_owned())
        }
        AskKind::Billing => {
            (waits(), "Fix that in the agent's account, then continue the loop.".to_owned())
        }
        AskKind::Budget => (
            told("Nothing more is begun", or(&words, nothing_said(ask))),
            "Raise the budget, then continue; or leave it here.".to_owned(),
        ),
        AskKind::Config => (
            waits(),
            "Fix the agent's settings, such as its model, then continue the loop.".to_owned(),
        ),
        AskKind::Context => (
            waits(),
            "Make that smaller, or choose a model with more room, then continue the loop.".to_owned(),
        ),
        AskKind::Check => (
            format!("{} That is no fault of the work.", told("A check cannot run", &words)),
            "Install what is missing, or mend the check where it is written, then continue the loop: the checks run again."
                .to_owned(),
        ),
        AskKind::Refusal => (
            waits(),
            "Write the task in other words, or choose “Answer”, then continue the loop.".to_owned(),
        ),
        AskKind::Blocked => (
            told("The agent said twice that only a person can help with this", &words),
            "Help, then choose “Continue”; or choose “Answer” to tell the agent what to do.".to_owned(),
        ),
        AskKind::Question => (
            told("The agent asks", or(&words, "something")),
            match has_box {
                true => "Choose “Answer”; the agent then goes on with it.",
                false => {
                    "Choose “Answer”, or select your words in any file and choose “Answer with the selected text”; the agent \
                     then goes on with them."
                }
            }
            .to_owned(),
        ),
    }
}

/// Says why a loop refused a command, as a part of a sentence about the loop.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Started { status } => format!("it {} already", is(*status)),
        Refusal::NothingToPause { status } => {
            format!("it {}, and nothing runs that could pause", is(*status))
        }
        Refusal::NothingToStop { status } => format!("it {}, and nothing runs that could stop", is(*status)),
        Refusal::NothingToContinue { status } => {
            format!("it {}, and there is nothing to continue", is(*status))
        }
        Refusal::NothingAsked { status } => format!("it {}, and nothing is asked", is(*status)),
        Refusal::AsksFirst { ask } if ask.is_yes_or_no() => "it asks for your approval first".to_owned(),
        Refusal::AsksFirst { .. } => "it asks something first: answer, approve or reject".to_owned(),
        Refusal::NotDone { status } => format!("it {}, and not done", is(*status)),
        Refusal::Works => "it is running: pause it before a rewind".to_owned(),
        Refusal::Iterations { bad } => bad.to_string(),
        Refusal::NotMoney => "a limit of cost must be a positive number of US dollars".to_owned(),
        Refusal::Unreadable { error } => detailed("it cannot be read", error),
        Refusal::RunnerEnded => "its runner ended before it took the command".to_owned(),
        Refusal::Told { text } => or(text, "that cannot be done now").to_owned(),
    }
}

#[cfg(test)]
mod tests;
