//! Every rule of the breaker, in one table: what a rule is called, what it counts in, where it trips by default, what
//! happened when it tripped, and what helps then.
//!
//! A new rule is an entry here, a counter in [`super::Breaker`], and a setting where its limit can be chosen. Whoever
//! shows rules asks this table.

use super::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a rule looks at, and so what it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What a loop uses up: every iteration feeds the rule.
    Budget,
    /// How a loop goes: only iterations of one kind feed the rule.
    Course,
    /// The agent's runs themselves: most end one run, and the loop goes on.
    Agent,
    /// The plannings of a directive's chain.
    Chain,
}

/// What is known of a rule beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleInfo {
    /// The rule's name in the protocol, in the database and in messages.
    pub name: &'static str,
    /// The name of its limit, in the settings' `[limits]` and in a saved loop.
    pub setting: &'static str,
    /// What its count and its limit are in.
    pub unit: Unit,
    /// What it looks at.
    pub scope: Scope,
    /// Its limit if nobody chose another; `None` if the rule is off then.
    pub default: Option<f64>,
    /// What the user can do, in sentences. `{tell}` stands for how to tell the agent something, `{reset}` for how to
    /// reset the breaker and continue.
    pub remedy: &'static str,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident { name: $name:literal, $($field:ident: $value:expr,)* })*) => {
        /// A rule of the breaker.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[schemars(rename = "BreakerRule")]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $name)] $rule,)*
        }

        impl Rule {
            /// All rules, in the order in which they are shown.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$rule),*];

            /// Returns what is known of the rule beforehand.
            pub fn info(self) -> &'static RuleInfo {
                match self {
                    $(Self::$rule => &RuleInfo { name: $name, $($field: $value,)* },)*
                }
            }
        }
    };
}

rules! {
    /// Judged iterations.
    Iterations {
        name: "iterations", setting: "iterations", unit: Unit::Count, scope: Scope::Budget, default: Some(10.0),
        remedy: "Choose “Continue with … more iterations”, or split the task.",
    }
    /// Consecutive iterations without a change.
    NoChange {
        name: "no-change", setting: "no_change", unit: Unit::Count, scope: Scope::Course, default: Some(3.0),
        remedy: "Look at the transcript and tell the agent what to do differently: {tell}. Then continue, or discard the \
                 loop.",
    }
    /// Consecutive iterations with the same error signature.
    SameError {
        name: "same-error", setting: "same_error", unit: Unit::Count, scope: Scope::Course, default: Some(5.0),
        remedy: "Look at the error and tell the agent how to get past it: {tell}. Then {reset}.",
    }
    /// Claims of ready that the verifiers refused.
    Rework {
        name: "rework", setting: "rework", unit: Unit::Count, scope: Scope::Course, default: Some(3.0),
        remedy: "Look at what fails. Fix the check if it is wrong, or tell the agent what it misses: {tell}. Then {reset}.",
    }
    /// US dollars over the loop.
    Cost {
        name: "cost", setting: "cost_usd", unit: Unit::Dollars, scope: Scope::Budget, default: None,
        remedy: "Choose “Continue with … more” to let it spend more, or discard the loop.",
    }
    /// Tokens of any kind over the loop.
    Tokens {
        name: "tokens", setting: "tokens", unit: Unit::Tokens, scope: Scope::Budget, default: None,
        remedy: "To let it use as many again, {reset}; or discard the loop.",
    }
    /// Running time, waits left out.
    WallTime {
        name: "wall-time", setting: "wall_time", unit: Unit::Time, scope: Scope::Budget, default: Some(4.0 * 3600.0),
        remedy: "To let it run as long again, {reset}; or split the task.",
    }
    /// Silence of the agent.
    Stall {
        name: "stall", setting: "stall", unit: Unit::Time, scope: Scope::Agent, default: Some(15.0 * 60.0),
        remedy: "Try the agent in a terminal, and continue once it works there.",
    }
    /// No first event of the agent.
    Startup {
        name: "startup", setting: "startup", unit: Unit::Time, scope: Scope::Agent, default: Some(120.0),
        remedy: "Try the agent in a terminal, and continue once it works there.",
    }
    /// Consecutive runs in which the agent crashed.
    AgentFailing {
        name: "agent-failing", setting: "agent_failing", unit: Unit::Count, scope: Scope::Course, default: Some(3.0),
        remedy: "Look at the transcript, try the agent in a terminal, and continue once it works there.",
    }
    /// How long the agent's service fails, or cannot be reached.
    Outage {
        name: "outage", setting: "outage", unit: Unit::Time, scope: Scope::Agent, default: Some(3600.0),
        remedy: "Continue once the agent can work again: the loop goes on where it was.",
    }
    /// Consecutive iterations with denials of the same tool.
    Permission {
        name: "permission", setting: "permission", unit: Unit::Count, scope: Scope::Course, default: Some(2.0),
        remedy: "Allow that tool in the agent's own settings, or tell the agent to do without it: {tell}. Then continue.",
    }
    /// Plannings of a directive's chain.
    Regenerations {
        name: "regenerations", setting: "regenerations", unit: Unit::Count, scope: Scope::Chain, default: Some(3.0),
        remedy: "Look at the directive, whose goal may be unclear. Then {reset}.",
    }
    /// Returns of the tree to an id that it had before.
    Oscillation {
        name: "oscillation", setting: "oscillation", unit: Unit::Count, scope: Scope::Course, default: Some(2.0),
        remedy: "Look at the diffs of the last iterations and tell the agent which way to go: {tell}. Then {reset}.",
    }
}

impl Rule {
    /// Returns the rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.info().name == name)
    }

    /// Says whether a loop that the rule stopped can be continued with a higher limit.
    pub fn is_raisable(self) -> bool {
        matches!(self, Self::Iterations | Self::Cost)
    }

    /// Says what happened when the rule tripped, as a part of a sentence, of a count and a limit as they are shown:
    /// `3 iterations in a row changed nothing`.
    pub fn happened(self, count: &str, limit: &str) -> String {
        let in_a_row = match count {
            "1" => "the last iteration".to_owned(),
            _ => format!("{count} iterations in a row"),
        };
        let times = match count {
            "1" => "once".to_owned(),
            "2" => "twice".to_owned(),
            _ => format!("{count} times"),
        };
        let tokens = if count == "1" { "token" } else { "tokens" };
        match self {
            Self::Iterations if limit == "1" => "its only iteration is used".to_owned(),
            Self::Iterations => format!("all {limit} iterations are used"),
            Self::NoChange => format!("{in_a_row} changed nothing"),
            Self::SameError => format!("{in_a_row} ended with the same error"),
            Self::Rework => format!("the agent said {times} that it is done, and the checks said no"),
            Self::Cost => format!("it cost {count}, and its limit is {limit}"),
            Self::Tokens => format!("it used {count} {tokens}, and its limit is {limit}"),
            Self::WallTime => format!("it ran for {count}, and its limit is {limit}"),
            Self::Stall | Self::Startup => format!("the agent said nothing for {count}"),
            Self::AgentFailing if count == "1" => "the agent failed".to_owned(),
            Self::AgentFailing => format!("the agent failed {times} in a row"),
            Self::Outage => format!("the agent could not work for {count}"),
            Self::Permission => format!("the agent was denied a tool in {in_a_row}"),
            Self::Regenerations => format!("its chain was planned {times}"),
            Self::Oscillation => format!("the work went back to an earlier state {times}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}
