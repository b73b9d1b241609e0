//! Why a task is where it is, and why a loop refuses a command: data, until somebody reads it.
//!
//! A database and a saved state keep a reason as JSON. What an older version kept is a text, which is read as
//! [`Reason::Told`].

use crate::{
    breaker::{BadLimit, Line},
    landing::NotLanded,
    machine::AskKind,
    task::TaskStatus,
    time::Moment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Why a task is where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A rule of the breaker stopped the loop.
    Breaker {
        /// The rule, its count, its limit, and what fed it.
        trip: Line,
    },
    /// The loop judged as many iterations as any loop may.
    HardLimit,
    /// The user stopped the loop.
    StoppedByUser,
    /// The agent's usage limit is reached.
    UsageLimit {
        /// Whether the agent said when the limit ends.
        known: bool,
        /// The agent's own words.
        message: String,
    },
    /// The agent failed and is tried again.
    Retry {
        /// How the agent failed.
        message: String,
    },
    /// The agent's service fails, or cannot be reached; it is tried again.
    Outage {
        /// When it first failed.
        since: Moment,
        /// How it failed, in the agent's words.
        message: String,
    },
    /// What the runs of others cost decides whether its next run stays within a budget.
    AwaitsSums,
    /// The user must answer.
    Asks {
        /// What kind of answer is needed.
        ask: AskKind,
        /// The whole question.
        text: String,
    },
    /// The loop cannot go on.
    Failed {
        /// What went wrong, and what helps.
        message: String,
    },
    /// The work is done.
    Proven {
        /// The proof: what the checks said.
        proof: Proof,
    },
    /// An editor holds changes of a file that are not saved, and the agent works in the same files.
    Unsaved {
        /// The file's path.
        file: String,
    },
    /// The loop holds when this iteration is over.
    Pauses {
        /// Why, if that is not simply the user's wish.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Box<Reason>>,
    },
    /// A command changed the loop in the middle of an iteration, and no runner goes on with it.
    Unrun,
    /// The process that ran the loop died.
    RunnerDied,
    /// The work was merged.
    Merged {
        /// The branch that has it now.
        into: String,
        /// The branch's commit then, as hex; missing where an older version merged it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// The work is done, and its checks run on what it makes of a branch that has moved.
    Lands {
        /// The branch.
        into: String,
    },
    /// The work is done, and did not land on a branch that has moved.
    NotLanded {
        /// The branch.
        into: String,
        /// Why.
        because: NotLanded,
    },
    /// The branch that it is to land on is merged into the work, which goes on from there.
    BroughtUp {
        /// The branch.
        from: String,
    },
    /// Another loop of the task began from one of this loop's iterations.
    Forked,
    /// What an older version wrote down, in its own words.
    Told {
        /// The words of the older version.
        text: String,
    },
}

/// Why a task that was merged is not ticked in its plan, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unticked {
    /// The plan is not here any more.
    NoPlan,
    /// The plan has no such task, or another one in its place.
    NoSuchTask {
        /// The title of the task that was merged.
        title: String,
    },
    /// The task has no box.
    NoBox,
    /// The branch that was merged into has another text of the plan.
    Elsewhere,
    /// Criteria came into the plan after the work was checked.
    Later {
        /// Their texts.
        criteria: Vec<String>,
    },
}

/// What proves that the work is done: the checks that ran when the agent claimed so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// Their composite score.
    pub color: Color,
    /// How many checks ran.
    pub checks: u32,
    /// The names of those that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// New files that are rarely committed, each with what is unusual about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusual: Vec<String>,
    /// How many of the checks prove the work: they failed before it, and pass by it alone. `None` where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<u32>,
    /// Whether the task says of itself that all only has to stay as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guard: bool,
}

/// The verdict on the claim, which goes into the iteration's record and the agent's prompts, too.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.color, self.checks) {
            (Color::Yellow, _) if self.failed.is_empty() => {
                f.write_str("claimed ready; not every check passed")
            }
            (Color::Yellow, _) => {
                write!(f, "claimed ready; {} failed, the other checks passed", self.failed.join(", "))
            }
            (_, 0) => f.write_str("claimed ready; no check is set up that could prove it"),
            (_, 1) => f.write_str("claimed ready, and its one check passed"),
            (_, checks) => write!(f, "claimed ready, and all {checks} checks passed"),
        }?;
        match (self.proven, self.checks) {
            (None, _) | (_, 0) => Ok(()),
            (Some(0), 1) => f.write_str(", which proves nothing"),
            (Some(0), _) => f.write_str(", none of which proves the work"),
            (Some(_), 1) => f.write_str(", which failed before the work"),
            (Some(proven), checks) if proven == checks => {
                f.write_str(", all of which failed before the work")
            }
            (Some(proven), _) => write!(f, ", {proven} of which failed before the work"),
        }?;
        match self.unusual.as_slice() {
            [] => Ok(()),
            unusual => {
                write!(f, "; among the new files are some that are rarely committed: {}", unusual.join(", "))
            }
        }
    }
}

/// What the composite score of the verifiers says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ProofColor")]
pub enum Color {
    /// Good enough to be done.
    Green,
    /// Good enough if the user says so.
    Yellow,
    /// A required check failed, or the score is too low: the work is not done.
    Red,
}

impl Reason {
    /// Returns what an older version wrote down; `None` if that is nothing.
    pub fn told(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::Told { text: text.to_owned() })
    }

    /// Lets `rewrite` change every text that Alfine did not write itself.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Breaker { trip } => rewrite(&mut trip.evidence),
            Self::UsageLimit { message: text, .. }
            | Self::Retry { message: text }
            | Self::Outage { message: text, .. }
            | Self::Asks { text, .. }
            | Self::Failed { message: text }
            | Self::Unsaved { file: text }
            | Self::Merged { into: text, .. }
            | Self::Lands { into: text }
            | Self::BroughtUp { from: text }
            | Self::Told { text } => rewrite(text),
            Self::NotLanded { into, because } => {
                rewrite(into);
                match because {
                    NotLanded::Red { failed: texts } | NotLanded::Conflicts { files: texts } => {
                        texts.iter_mut().for_each(rewrite);
                    }
                    NotLanded::Unknown { message } => rewrite(message),
                    NotLanded::Stopped => {}
                }
            }
            Self::Proven { proof } => proof.failed.iter_mut().chain(&mut proof.unusual).for_each(rewrite),
            Self::Pauses { why: Some(why) } => why.rewrite_texts(rewrite),
            Self::AwaitsSums
            | Self::HardLimit
            | Self::StoppedByUser
            | Self::Pauses { why: None }
            | Self::Unrun
            | Self::RunnerDied
            | Self::Forked => {}
        }
    }
}

/// Reads a field of what was saved: a reason, or the text that an older version saved in its place.
pub fn saved<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reason>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Saved {
        Text(String),
        Data(Reason),
    }
    Ok(Option::<Saved>::deserialize(deserializer)?.and_then(|saved| match saved {
        Saved::Text(text) => Reason::told(&text),
        Saved::Data(reason) => Some(reason),
    }))
}

/// Why a loop does not take a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// It was started already.
    Started {
        /// Where it is.
        status: TaskStatus,
    },
    /// Nothing goes on that could pause.
    NothingToPause {
        /// Where it is.
        status: TaskStatus,
    },
    /// Nothing goes on that could stop.
    NothingToStop {
        /// Where it is.
        status: TaskStatus,
    },
    /// The loop is done, so there is nothing to continue.
    NothingToContinue {
        /// Where it is.
        status: TaskStatus,
    },
    /// The loop asks nothing, so there is nothing to answer.
    NothingAsked {
        /// Where it is.
        status: TaskStatus,
    },
    /// It goes on only with an answer.
    AsksFirst {
        /// What kind of answer is needed.
        ask: AskKind,
    },
    /// The loop is not done, so there is nothing that could land or be worked on again.
    NotDone {
        /// Where it is.
        status: TaskStatus,
    },
    /// The agent works in the tree that was to be set back.
    Works,
    /// A limit of iterations that it cannot have.
    Iterations {
        /// What is wrong with the limit.
        bad: BadLimit,
    },
    /// A limit of cost that is not an amount of money.
    NotMoney,
    /// The command cannot be read.
    Unreadable {
        /// The error of reading it.
        error: String,
    },
    /// Its runner ended before it took the command.
    RunnerEnded,
    /// What an older version wrote down, in its own words.
    Told {
        /// The words of the older version.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "saved")]
        reason: Option<Reason>,
    }

    fn read(json: &str) -> Option<Reason> {
        serde_json::from_str::<Holder>(json).unwrap().reason
    }

    #[test]
    fn a_text_of_an_older_version_is_what_was_told() {
        let told = Reason::Told { text: "stopped by the user".to_owned() };
        assert_eq!(read(r#"{"reason":"stopped by the user"}"#), Some(told));
        for nothing in [r#"{"reason":""}"#, r#"{"reason":null}"#, "{}"] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn a_reason_is_kept_as_data() {
        let why = Some(Box::new(Reason::Unsaved { file: "src/x.rs".to_owned() }));
        let holder = Holder { reason: Some(Reason::Pauses { why }) };
        let json = serde_json::to_string(&holder).unwrap();
        assert_eq!(json, r#"{"reason":{"kind":"pauses","why":{"kind":"unsaved","file":"src/x.rs"}}}"#);
        assert_eq!(read(&json), holder.reason);
    }
}
