//! What only a user can answer.

use crate::{
    agent::{Outcome, Question},
    landing::Landing,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of answer is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// The agent asks something.
    Question,
    /// The agent said twice that only a human can remove what blocks it.
    Blocked,
    /// The work is claimed, and the checks alone do not settle it: approve or reject.
    Approval,
    /// The work is claimed and all is green, but no check shows that it is the work that made it so: approve or reject.
    Unproven,
    /// The work is claimed, and checks say less than before by what was changed in them: approve or reject.
    ChecksChanged,
    /// A required check fails before the work, and what it says cannot be compared: approve to go on without it.
    Baseline,
    /// Every criterion holds before any work: approve if it is done, reject to have the agent work all the same.
    AlreadyGreen,
    /// The agent is not logged in.
    Login,
    /// The agent's account has no credit.
    Billing,
    /// The next run would not stay within a budget of the plan or of the day.
    Budget,
    /// The agent cannot run as it is configured.
    Config,
    /// What the agent is given at its start is too much for the model.
    Context,
    /// The work is claimed, and checks cannot run here.
    Check,
    /// The model refused.
    Refusal,
    /// Commands of the repository must be allowed first.
    Trust,
}

impl AskKind {
    /// Says whether continuing without an answer makes no sense.
    pub fn must_be_answered(self) -> bool {
        matches!(self, Self::Question | Self::Baseline) || self.settles_a_claim()
    }

    /// Says whether the plan's other tasks would come to ask the same.
    pub fn concerns_others(self) -> bool {
        match self {
            Self::Login
            | Self::Billing
            | Self::Budget
            | Self::Config
            | Self::Context
            | Self::Check
            | Self::Baseline
            | Self::Trust => true,
            Self::Question
            | Self::Blocked
            | Self::Approval
            | Self::Unproven
            | Self::ChecksChanged
            | Self::AlreadyGreen
            | Self::Refusal => false,
        }
    }

    /// Says whether approving it makes the claimed work done.
    pub fn settles_a_claim(self) -> bool {
        matches!(self, Self::Approval | Self::Unproven | Self::ChecksChanged | Self::AlreadyGreen)
    }

    /// Says whether approving it takes work that may be merged at once.
    pub fn takes_work(self) -> bool {
        self.settles_a_claim() && self != Self::AlreadyGreen
    }

    /// Says whether the answer is yes or no, perhaps with words.
    pub fn is_yes_or_no(self) -> bool {
        self.settles_a_claim() || self == Self::Baseline
    }
}

/// A question to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What kind of answer is needed.
    pub kind: AskKind,
    /// The whole question.
    pub text: String,
}

/// How much of an agent's own words for its end is part of the question, in characters.
const LONGEST: usize = 1000;

/// A question with the answers that it offers, each on a line of its own.
fn in_words(question: &Question) -> String {
    let text = question.text.trim();
    if question.plan {
        return format!("May the agent carry out its plan?\n{text}");
    }
    let options = question.options.iter().map(|option| format!("\n- {}", option.trim()));
    std::iter::once(text.to_owned()).chain(options).collect()
}

/// A user's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Approve or reject, if that was asked.
    #[serde(default)]
    pub approved: Option<bool>,
    /// Words for the agent.
    #[serde(default)]
    pub text: Option<String>,
    /// Where approved work lands as soon as it is done; `None` if the answer says nothing of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing: Option<Landing>,
}

impl Ask {
    pub(super) fn about_outcome(outcome: &Outcome, message: &str) -> Self {
        let (kind, what) = match outcome {
            Outcome::Auth { .. } => (AskKind::Login, "the agent is not logged in"),
            Outcome::Context => (AskKind::Context, "the agent's context is full even in a fresh session"),
            Outcome::Rejected => (AskKind::Config, "the agent's service refuses the request"),
            Outcome::Billing => (AskKind::Billing, "the agent's account has no credit"),
            Outcome::Refusal => (AskKind::Refusal, "the model refused"),
            _ => (AskKind::Config, "the agent cannot run as it is configured"),
        };
        let message: String = message.trim().chars().take(LONGEST).collect();
        let text = if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") };
        Self { kind, text }
    }

    /// What the agent asked with a tool; `None` if it asked nothing.
    pub(super) fn about_questions(questions: &[Question]) -> Option<Self> {
        let texts: Vec<String> = questions.iter().map(in_words).collect();
        (!texts.is_empty()).then(|| Self { kind: AskKind::Question, text: texts.join("\n\n") })
    }

    pub(super) fn note_for_agent(&self, answer: &Answer) -> Option<String> {
        let text = answer.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match (self.kind, answer.approved, text) {
            // Nothing was claimed.
            (AskKind::AlreadyGreen, _, text) => text.map(|text| format!("The user says: {text}")),
            (AskKind::Baseline, Some(false), None) => {
                Some(format!("{}. The user says: mend that first.", self.text))
            }
            (AskKind::Baseline, _, Some(text)) => Some(format!("{}. The user says: {text}", self.text)),
            (AskKind::Baseline, ..) => None,
            (kind, Some(false), None) if kind.settles_a_claim() => Some(
                "Your claim of ready was rejected by the user. Look again at every criterion.".to_owned(),
            ),
            (kind, _, Some(text)) if kind.settles_a_claim() => {
                Some(format!("Your claim of ready was rejected by the user: {text}"))
            }
            (AskKind::Check, _, Some(text)) => {
                Some(format!("A check could not run: {}. The user says: {text}", self.text))
            }
            (_, Some(true), None) => Some(format!("You asked: “{}”. The user says: yes.", self.text)),
            (_, Some(false), None) => Some(format!("You asked: “{}”. The user says: no.", self.text)),
            (_, _, Some(text)) => Some(format!("You asked: “{}”. The user answers: {text}", self.text)),
            (_, None, None) => None,
        }
    }
}
