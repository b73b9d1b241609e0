//! Why a task is where it is, and why a loop refuses a command.

use crate::{Reader, text};
use alfine_core::{
    breaker::{HARD_LIMIT, Line, Rule, Scope},
    machine::AskKind,
    reason::{Reason, Refusal},
};

/// The longest text of somebody else in a message, in characters.
const LONGEST: usize = 600;

/// Says a reason as a part of a sentence, whole: texts of others are as they are in the data.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Breaker { trip } => tripped(trip),
        Reason::HardLimit => {
            format!(
                "{HARD_LIMIT} iterations are the most one loop may take: split the task, or start it again"
            )
        }
        Reason::StoppedByUser => "stopped by the user".to_owned(),
        Reason::UsageLimit { message, .. } => format!("usage limit: {message}"),
        Reason::Asks { text, .. } | Reason::Told { text } => text.clone(),
        Reason::Retry { message } | Reason::Failed { message } => message.clone(),
        Reason::Proven { proof } => proof.to_string(),
        Reason::Unsaved { file } => format!("{file} is not saved in an editor"),
        Reason::Pauses { why } => match why {
            Some(why) => format!("pauses after this iteration: {}", self::reason(why)),
            None => "pauses after this iteration".to_owned(),
        },
        Reason::Unrun => "nobody runs it".to_owned(),
        Reason::RunnerDied => "its runner died".to_owned(),
        Reason::Merged { into } => format!("into {into}"),
        Reason::Forked => "forked".to_owned(),
    }
}

/// Says what happened when a rule tripped, with what fed it where the rule's own words do not say that.
fn tripped(trip: &Line) -> String {
    let happened = trip.happened();
    match (trip.rule, trip.evidence.as_str()) {
        (_, "") => happened,
        (Rule::SameError, evidence) => match evidence.find('“').and_then(|at| evidence.get(at..)) {
            Some(error) => format!("{happened}: {error}"),
            None => happened,
        },
        (Rule::AgentFailing, evidence) => format!("{happened}: {evidence}"),
        (Rule::Permission, evidence) => evidence.to_owned(),
        _ => happened,
    }
}

/// Says why a loop stopped in a few words, as on a code lens.
pub fn stopped(reason: Option<&Reason>) -> String {
    match reason {
        None => "stopped".to_owned(),
        Some(Reason::Breaker { trip }) if trip.rule == Rule::Iterations => {
            format!("stopped: limit of {} iterations", trip.limit_shown())
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
    /// Why the last iteration was not enough.
    pub verdict: &'a str,
}

/// Explains to somebody with an editor, in sentences, why a loop does not go on and what to do; `None` if there is
/// nothing to do. Texts of others are cut.
pub fn explanation(reason: &Reason, about: &About<'_>, reader: Reader) -> Option<String> {
    Some(match reason {
        Reason::Breaker { trip } => {
            format!("{} {}", why_stopped(trip, about.verdict), remedy(trip.rule, reader))
        }
        Reason::HardLimit => format!(
            "The loop stopped after {HARD_LIMIT} iterations, the most that one loop may take, and the work is not done. Split \
             the task into smaller ones, or discard the loop and start again."
        ),
        Reason::UsageLimit { known, message } => usage_limit(*known, message, about),
        Reason::Asks { ask, text } => asked(*ask, text, reader),
        Reason::Failed { message } => {
            let why = match text::plain(message, LONGEST) {
                why if why.is_empty() => "the reason was not written down".to_owned(),
                why => why,
            };
            format!(
                "The loop failed and cannot go on by itself: {} Fix that, then continue it, or discard it and start again.",
                text::sentence(&why)
            )
        }
        Reason::RunnerDied | Reason::Unrun => format!(
            "The loop was interrupted at {}: the process that ran it ended without a word, perhaps because the machine was \
             shut down. Nothing runs now, and nothing is lost. Continue it: it goes on where it was.",
            about.moment
        ),
        Reason::StoppedByUser
        | Reason::Retry { .. }
        | Reason::Proven { .. }
        | Reason::Unsaved { .. }
        | Reason::Pauses { .. }
        | Reason::Merged { .. }
        | Reason::Forked
        | Reason::Told { .. } => return None,
    })
}

/// Explains why a loop stopped of which only an older version's words are left.
pub fn explanation_of_told(words: &str) -> String {
    format!("The loop stopped: {} Continue it, or discard it.", text::sentence(&text::plain(words, LONGEST)))
}

/// Says what a tripped rule means, and what fed it: one sentence. `verdict` is why the last iteration was not enough.
pub fn why_stopped(trip: &Line, verdict: &str) -> String {
    let after = |words: &str| match text::plain(words, LONGEST) {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    let evidence = after(&trip.evidence);
    let happened = trip.happened();
    let what = match trip.rule.info() {
        _ if trip.rule == Rule::Iterations => {
            format!("after {} iterations, and the work is not done{}", trip.shown(), after(verdict))
        }
        // Their words name the limit.
        rule if rule.scope == Scope::Budget => format!("because {happened}{evidence}"),
        _ => format!("because {happened} (limit {}){evidence}", trip.limit_shown()),
    };
    format!("The loop stopped {}", text::sentence(&what))
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

fn usage_limit(known: bool, message: &str, about: &About<'_>) -> String {
    let agent = text::line(about.agent, 80);
    let said = match text::plain(message, LONGEST) {
        said if said.is_empty() => String::new(),
        said => format!(" (“{said}”)"),
    };
    let moment = about.moment;
    if known {
        format!(
            "The usage limit of the agent {agent} is reached{said}. It passes at {moment}, and the loop then goes on by itself."
        )
    } else {
        format!(
            "The usage limit of the agent {agent} is reached{said}, and it did not say until when. The loop tries again by \
             itself at {moment}."
        )
    }
}

fn asked(ask: AskKind, words: &str, reader: Reader) -> String {
    let words = text::sentence(&text::plain(words, 2 * LONGEST));
    let has_box = reader != Reader::Editor { has_plugin: false };
    match ask {
        AskKind::Trust => format!(
            "The loop waits until you allow what it would run: {words} Choose “Allow the commands”, read them, and then “Continue”."
        ),
        AskKind::Approval => format!(
            "The loop waits for your decision: {words} Look at the diff, then choose “Approve”, or “Reject”{}.",
            if has_box {
                " and say what is missing"
            } else {
                ". To say what is missing, select your words in any file and choose “Reject with the selected text”"
            }
        ),
        AskKind::Login => {
            format!(
                "The loop waits for you: {words} Log the agent in, in a terminal, then continue the loop."
            )
        }
        AskKind::Billing => {
            format!(
                "The loop waits for you: {words} Fix that in the agent's account, then continue the loop."
            )
        }
        AskKind::Config => format!(
            "The loop waits for you: {words} Fix the agent's settings, such as its model, then continue the loop."
        ),
        AskKind::Check => format!(
            "A check cannot run: {words} That is no fault of the work. Install what is missing, or mend the check where it is \
             written, then continue the loop: the checks run again."
        ),
        AskKind::Refusal => format!(
            "The loop waits for you: {words} Write the task in other words, or choose “Answer”, then continue the loop."
        ),
        AskKind::Blocked => format!(
            "The agent said twice that only a person can help with this: {words} Help, then choose “Continue”; or choose \
             “Answer” to tell the agent what to do."
        ),
        AskKind::Question => format!(
            "The agent asks: {words} Choose “Answer”{}.",
            if has_box {
                "; the agent then goes on with it"
            } else {
                ", or select your words in any file and choose “Answer with the selected text”; the agent then goes on with them"
            }
        ),
    }
}

/// Says why a loop refused a command, as a part of a sentence about the loop.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Started { status } => format!("it is {status} already"),
        Refusal::NothingToPause { status } => format!("it is {status}: nothing runs that could pause"),
        Refusal::NothingToStop { status } => format!("it is {status}: nothing runs that could stop"),
        Refusal::NothingToContinue { status } => format!("it is {status}: there is nothing to continue"),
        Refusal::NothingAsked { status } => format!("it is {status}: nothing is asked"),
        Refusal::AsksFirst { ask: AskKind::Approval } => "it asks for your approval first".to_owned(),
        Refusal::AsksFirst { .. } => "it asks something first: answer, approve or reject".to_owned(),
        Refusal::Works => "it is running: pause it before a rewind".to_owned(),
        Refusal::Iterations { bad } => bad.to_string(),
        Refusal::NotMoney => "a limit of cost must be a positive number of US dollars".to_owned(),
        Refusal::Unreadable { error } => format!("it cannot be read: {error}"),
        Refusal::RunnerEnded => "its runner ended before it took the command".to_owned(),
        Refusal::Told { text } => text.clone(),
    }
}

#[cfg(test)]
mod tests;
