//! Where each rule trips.

use super::{Rule, Unit};
use crate::text::count;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ops::{Index, IndexMut},
    time::Duration,
};

/// No loop judges more iterations than this, whatever its settings say.
pub const HARD_LIMIT: u32 = 50;

/// The limit of every rule, in the rule's unit; `None` if the rule is off.
///
/// Saved by the names of the settings, lengths of time as [`Duration`]s. A limit that is not in what was saved is the
/// default, and a name that is no rule's is ignored, so that limits saved by another version can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Saved>", into = "BTreeMap<String, Saved>")]
pub struct Limits {
    of_rules: [Option<f64>; Rule::ALL.len()],
    /// Silence at the start that is worth a warning.
    pub startup_warning: Duration,
    /// The most iterations that a loop may be given; [`HARD_LIMIT`] at most.
    pub hard: u32,
}

/// The name under which the warning's limit is saved.
const STARTUP_WARNING: &str = "startup_warning";
/// The name under which the most iterations that a loop may be given are saved.
const HARD: &str = "hard_limit";

/// A limit as it is saved.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Off,
    Whole(u64),
    Number(f64),
    Length(Duration),
}

impl Limits {
    /// Returns where a rule trips. No loop judges more iterations than [`HARD_LIMIT`].
    pub(super) fn most(&self, rule: Rule) -> Option<f64> {
        match rule {
            Rule::Iterations => Some(f64::from(self.count(rule).min(self.hard).min(HARD_LIMIT))),
            _ => self[rule],
        }
    }

    /// Checks a limit of iterations against the hard limit, and against the one that the settings have.
    pub fn check_iterations(&self, limit: u32) -> Result<u32, BadLimit> {
        match check_iteration_limit(limit)? {
            limit if limit > self.hard => Err(BadLimit::AboveSetting { limit, most: self.hard }),
            limit => Ok(limit),
        }
    }

    /// Returns the limit of a rule that counts; [`u32::MAX`] if the rule is off.
    pub fn count(&self, rule: Rule) -> u32 {
        self[rule].map_or(u32::MAX, |limit| limit as u32)
    }

    /// Returns the limit of a rule that measures time, in whole milliseconds; [`Duration::MAX`] if the rule is off.
    pub fn time(&self, rule: Rule) -> Duration {
        self[rule].map_or(Duration::MAX, |seconds| Duration::from_millis((seconds * 1000.0).round() as u64))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            of_rules: Rule::ALL.map(|rule| rule.info().default),
            startup_warning: Duration::from_secs(30),
            hard: HARD_LIMIT,
        }
    }
}

impl Index<Rule> for Limits {
    type Output = Option<f64>;

    fn index(&self, rule: Rule) -> &Option<f64> {
        &self.of_rules[rule as usize]
    }
}

impl IndexMut<Rule> for Limits {
    fn index_mut(&mut self, rule: Rule) -> &mut Option<f64> {
        &mut self.of_rules[rule as usize]
    }
}

impl From<BTreeMap<String, Saved>> for Limits {
    fn from(saved: BTreeMap<String, Saved>) -> Self {
        let mut limits = Self::default();
        if let Some(Saved::Length(length)) = saved.get(STARTUP_WARNING) {
            limits.startup_warning = *length;
        }
        if let Some(Saved::Whole(most)) = saved.get(HARD) {
            limits.hard = u32::try_from(*most).unwrap_or(HARD_LIMIT).min(HARD_LIMIT);
        }
        for rule in Rule::ALL {
            match saved.get(rule.info().setting) {
                Some(Saved::Off) => limits[rule] = None,
                Some(Saved::Whole(number)) => limits[rule] = Some(*number as f64),
                Some(Saved::Number(number)) => limits[rule] = Some(*number),
                Some(Saved::Length(length)) => limits[rule] = Some(length.as_secs_f64()),
                None => {}
            }
        }
        limits
    }
}

impl From<Limits> for BTreeMap<String, Saved> {
    fn from(limits: Limits) -> Self {
        let saved = |rule: Rule| match (rule.info().unit, limits[rule]) {
            (_, None) => Saved::Off,
            (Unit::Time, Some(_)) => Saved::Length(limits.time(rule)),
            (Unit::Dollars, Some(limit)) => Saved::Number(limit),
            (Unit::Count | Unit::Tokens, Some(limit)) => Saved::Whole(limit as u64),
        };
        let warning = (STARTUP_WARNING.to_owned(), Saved::Length(limits.startup_warning));
        let of_rules = Rule::ALL.into_iter().map(|rule| (rule.info().setting.to_owned(), saved(rule)));
        of_rules.chain([warning, (HARD.to_owned(), Saved::Whole(limits.hard.into()))]).collect()
    }
}

/// A limit of iterations that no loop may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadLimit {
    /// Above the hard limit.
    #[error(
        "a limit of {} is above the hard limit of {HARD_LIMIT}: give {HARD_LIMIT} or less, or split the task",
        count((*.0).into(), "iteration")
    )]
    AboveHardLimit(u32),
    /// Above what the settings allow.
    #[error(
        "a limit of {} is above the {most} of `limits.hard_limit` that hold for this loop: give {most} or less, or split the task",
        count((*.limit).into(), "iteration")
    )]
    AboveSetting {
        /// The limit asked for.
        limit: u32,
        /// What the settings allow.
        most: u32,
    },
    /// A limit of zero iterations.
    #[error("a limit of 0 iterations would never run the agent: give 1 to {HARD_LIMIT}")]
    Zero,
    /// Not above what was judged already.
    #[error(
        "a limit of {} is already reached: {judged} {} judged; give {} to {HARD_LIMIT}, or reset the counters",
        count((*.limit).into(), "iteration"),
        if *.judged == 1 { "was" } else { "were" },
        .judged + 1
    )]
    AlreadyReached {
        /// The limit asked for.
        limit: u32,
        /// How many iterations were judged.
        judged: u32,
    },
}

/// Checks a limit of iterations against the hard limit.
pub fn check_iteration_limit(limit: u32) -> Result<u32, BadLimit> {
    match limit {
        0 => Err(BadLimit::Zero),
        1..=HARD_LIMIT => Ok(limit),
        _ => Err(BadLimit::AboveHardLimit(limit)),
    }
}
