//! What only a user can answer.

use crate::agent::Outcome;
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
    /// The agent is not logged in.
    Login,
    /// The agent's account has no credit.
    Billing,
    /// The agent cannot run as it is configured.
    Config,
    /// The work is claimed, and checks cannot run here.
    Check,
    /// The model refused.
    Refusal,
    /// Commands of the repository must be allowed first.
    Trust,
}

impl AskKind {
    /// Says whether continuing without an answer makes no sense.
    pub(crate) fn must_be_answered(self) -> bool {
        matches!(self, Self::Question | Self::Approval)
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

/// A user's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Approve or reject, if that was asked.
    #[serde(default)]
    pub approved: Option<bool>,
    /// Words for the agent.
    #[serde(default)]
    pub text: Option<String>,
}

impl Ask {
    pub(super) fn about_outcome(outcome: &Outcome, message: &str) -> Self {
        let (kind, what) = match outcome {
            Outcome::Auth => (AskKind::Login, "the agent is not logged in"),
            Outcome::Billing => (AskKind::Billing, "the agent's account has no credit"),
            Outcome::Refusal => (AskKind::Refusal, "the model refused"),
            _ => (AskKind::Config, "the agent cannot run as it is configured"),
        };
        let message: String = message.trim().chars().take(500).collect();
        let text = if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") };
        Self { kind, text }
    }

    pub(super) fn note_for_agent(&self, answer: &Answer) -> Option<String> {
        let text = answer.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match (self.kind, answer.approved, text) {
            (AskKind::Approval, Some(false), None) => Some(
                "Your claim of ready was rejected by the user. Look again at every criterion.".to_owned(),
            ),
            (AskKind::Approval, _, Some(text)) => {
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
