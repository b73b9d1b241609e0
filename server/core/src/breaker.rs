//! The circuit breaker: what stops a loop that no longer makes sense.
//!
//! Each rule has a counter, a limit, and the evidence of what fed it. A rule trips only on what feeds it, so an open
//! breaker that the user half-opens closes by one iteration that does not feed the rule again. Nothing here resets a
//! counter but [`Breaker::reset`], which only the user's word calls; streaks end where their definition says.

use crate::{signature::Signature, time::Moment};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// No loop judges more iterations than this, whatever its settings say.
pub const HARD_LIMIT: u32 = 50;

/// No run begins with less left of the limit of cost, in US dollars: what sums of fractions leave is nothing.
const LEAST_BUDGET: f64 = 1e-6;

/// A rule of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Judged iterations.
    Iterations,
    /// Consecutive iterations without a change.
    NoChange,
    /// Consecutive iterations with the same error signature.
    SameError,
    /// Claims of ready that the verifiers refused.
    Rework,
    /// US dollars over the loop.
    Cost,
    /// Tokens over the loop.
    Tokens,
    /// Running time, waits left out.
    WallTime,
    /// Silence of the agent. Ends the agent, not the loop.
    Stall,
    /// No first event of the agent. Ends the agent, not the loop.
    Startup,
    /// Consecutive runs that the service or a crash ended.
    AgentFailing,
    /// Consecutive iterations with denials of the same tool.
    Permission,
    /// Plannings of a directive's chain.
    Regenerations,
    /// Returns of the tree to an id it had before.
    Oscillation,
}

impl Rule {
    /// All rules, in the order they are shown.
    pub const ALL: [Self; 13] = [
        Self::Iterations,
        Self::NoChange,
        Self::SameError,
        Self::Rework,
        Self::Cost,
        Self::Tokens,
        Self::WallTime,
        Self::Stall,
        Self::Startup,
        Self::AgentFailing,
        Self::Permission,
        Self::Regenerations,
        Self::Oscillation,
    ];

    /// The rule's word in the protocol and in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iterations => "iterations",
            Self::NoChange => "no-change",
            Self::SameError => "same-error",
            Self::Rework => "rework",
            Self::Cost => "cost",
            Self::Tokens => "tokens",
            Self::WallTime => "wall-time",
            Self::Stall => "stall",
            Self::Startup => "startup",
            Self::AgentFailing => "agent-failing",
            Self::Permission => "permission",
            Self::Regenerations => "regenerations",
            Self::Oscillation => "oscillation",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The limit of every rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Judged iterations; at most [`HARD_LIMIT`].
    pub iterations: u32,
    /// Consecutive iterations without a change.
    pub no_change: u32,
    /// Consecutive iterations with the same error signature.
    pub same_error: u32,
    /// Refused claims of ready.
    pub rework: u32,
    /// US dollars; none: off.
    pub cost_usd: Option<f64>,
    /// Tokens of any kind; none: off.
    pub tokens: Option<u64>,
    /// Running time.
    pub wall_time: Duration,
    /// Silence after which an agent is ended.
    pub stall: Duration,
    /// Silence at the start that is worth a warning.
    pub startup_warning: Duration,
    /// Silence at the start after which an agent is ended.
    pub startup: Duration,
    /// Consecutive failing runs.
    pub agent_failing: u32,
    /// Consecutive iterations with a denial of the same tool.
    pub permission: u32,
    /// Plannings of a chain.
    pub regenerations: u32,
    /// Returns to an earlier tree.
    pub oscillation: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            iterations: 10,
            no_change: 3,
            same_error: 5,
            rework: 3,
            cost_usd: None,
            tokens: None,
            wall_time: Duration::from_secs(4 * 3600),
            stall: Duration::from_secs(15 * 60),
            startup_warning: Duration::from_secs(30),
            startup: Duration::from_secs(120),
            agent_failing: 3,
            permission: 2,
            regenerations: 3,
            oscillation: 2,
        }
    }
}

/// A limit of iterations that no loop may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLimit {
    /// Above the hard limit.
    #[error(
        "a limit of {0} iterations is above the hard limit of {HARD_LIMIT}: give {HARD_LIMIT} or less, or split the task"
    )]
    AboveHardLimit(u32),
    /// Zero.
    #[error("a limit of 0 iterations would never run the agent: give 1 to {HARD_LIMIT}")]
    Zero,
    /// Not above what was judged already.
    #[error("a limit of {limit} iterations is already reached: {judged} were judged; give {} to {HARD_LIMIT}, or reset the counters", .judged + 1)]
    AlreadyReached {
        /// The limit asked for.
        limit: u32,
        /// What was judged.
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

/// What one judged iteration feeds to the breaker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Feed {
    /// The iteration's number.
    pub iteration: u32,
    /// Id of the tree after it.
    pub tree: String,
    /// Whether the tree differs or HEAD moved.
    pub changed: bool,
    /// Its error, where it had one, with words a user knows it by.
    pub error: Option<(Signature, String)>,
    /// The verifiers refused its claim of ready.
    pub refused: bool,
    /// Tools that were denied.
    pub denials: Vec<String>,
}

/// A streak: how often, and which iterations fed it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Streak {
    count: u32,
    iterations: Vec<u32>,
}

impl Streak {
    fn feed(&mut self, iteration: u32) {
        self.count = self.count.saturating_add(1);
        self.iterations.push(iteration);
        let excess = self.iterations.len().saturating_sub(HARD_LIMIT as usize);
        self.iterations.drain(..excess);
    }
}

/// One line of the breaker: a rule with its counter, limit and evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The rule.
    pub rule: Rule,
    /// Its counter, in the rule's unit: a count, US dollars, tokens, or seconds.
    pub count: f64,
    /// Its limit, in the same unit; none where it is off.
    pub limit: Option<f64>,
    /// What fed it; empty where nothing did.
    pub evidence: String,
}

/// The line of a rule that tripped.
pub type Trip = Line;

impl Rule {
    /// Shows a value in the rule's unit: `3`, `$1.02`, `4h`.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Cost => dollars(value),
            Self::WallTime | Self::Stall | Self::Startup => {
                span(Duration::try_from_secs_f64(value).unwrap_or_default())
            }
            _ => value.to_string(),
        }
    }
}

impl Line {
    /// Shows the limit, `off` where there is none.
    pub fn limit_shown(&self) -> String {
        self.limit.map_or_else(|| "off".to_owned(), |limit| self.rule.show(limit))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.rule.show(self.count);
        match self.limit {
            Some(limit) => write!(f, "{} {count} of {}", self.rule, self.rule.show(limit))?,
            None => write!(f, "{} {count}", self.rule)?,
        }
        if !self.evidence.is_empty() {
            write!(f, ": {}", self.evidence)?;
        }
        Ok(())
    }
}

/// The counters of one loop.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    iterations: u32,
    no_change: Streak,
    unchanged_tree: String,
    same_error: Streak,
    error: Option<(Signature, String)>,
    rework: Streak,
    cost_usd: f64,
    cost_unknown: bool,
    tokens: u64,
    running: Duration,
    failing: u32,
    failures: Vec<String>,
    permission: BTreeMap<String, Streak>,
    regenerations: u32,
    trees: Vec<(u32, String)>,
    oscillation: Streak,
    open: Option<Trip>,
    half_open: Option<Rule>,
    /// What was spent when the user let the loop go on in spite of what it had spent.
    let_through: Option<(f64, u64)>,
}

impl Breaker {
    /// Lets `rewrite` change every text that may be an agent's or a check's.
    pub(crate) fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        self.failures.iter_mut().for_each(&mut *rewrite);
        if let Some((_, words)) = &mut self.error {
            rewrite(words);
        }
        for (mut tool, streak) in std::mem::take(&mut self.permission) {
            rewrite(&mut tool);
            self.permission.insert(tool, streak);
        }
        if let Some(trip) = &mut self.open {
            rewrite(&mut trip.evidence);
        }
    }

    /// Records the tree that the loop starts from.
    pub fn starts_from(&mut self, tree: &str) {
        if self.trees.is_empty() {
            self.trees.push((0, tree.to_owned()));
        }
    }

    /// Feeds one judged iteration and returns what trips, the most telling rule first.
    pub fn judge(&mut self, feed: &Feed, limits: &Limits) -> Option<Trip> {
        self.iterations = self.iterations.saturating_add(1);
        self.failing = 0;
        self.failures.clear();
        let mut fed = Vec::new();

        if feed.denials.is_empty() {
            self.permission.clear();
        } else {
            self.permission.retain(|tool, _| feed.denials.contains(tool));
            for tool in &feed.denials {
                let streak = self.permission.entry(tool.clone()).or_default();
                if streak.iterations.last() != Some(&feed.iteration) {
                    streak.feed(feed.iteration);
                }
            }
            fed.push(Rule::Permission);
        }

        match &feed.error {
            None => (self.same_error, self.error) = (Streak::default(), None),
            Some(error) => {
                if self.error.as_ref().is_none_or(|known| known.0 != error.0) {
                    self.same_error = Streak::default();
                }
                self.error = Some(error.clone());
                self.same_error.feed(feed.iteration);
                fed.push(Rule::SameError);
            }
        }

        if feed.refused {
            self.rework.feed(feed.iteration);
            fed.push(Rule::Rework);
        }

        if feed.changed {
            self.no_change = Streak::default();
            if self.trees.iter().any(|(_, tree)| *tree == feed.tree)
                && self.trees.last().is_none_or(|(_, tree)| *tree != feed.tree)
            {
                self.oscillation.feed(feed.iteration);
                fed.push(Rule::Oscillation);
            }
        } else {
            self.no_change.feed(feed.iteration);
            self.unchanged_tree.clone_from(&feed.tree);
            fed.push(Rule::NoChange);
        }
        if self.trees.last().is_none_or(|(_, tree)| *tree != feed.tree) {
            self.trees.push((feed.iteration, feed.tree.clone()));
        }

        fed.extend([Rule::Cost, Rule::Tokens, Rule::WallTime, Rule::Iterations]);
        self.trip_first(&fed, limits)
    }

    /// Adds what one run of the agent used, judged or not. `worked`: it said something, so it cost something.
    pub fn used(&mut self, usage: &crate::agent::Usage, worked: bool) {
        match usage.cost_usd {
            Some(cost) if cost.is_finite() && cost >= 0.0 => self.cost_usd += cost,
            _ => self.cost_unknown |= worked || usage.tokens() > 0,
        }
        self.tokens = self.tokens.saturating_add(usage.tokens());
    }

    /// Adds running time.
    pub fn ran(&mut self, time: Duration) {
        self.running = self.running.saturating_add(time);
    }

    /// Counts a run that the service or a crash ended.
    pub fn agent_failed(&mut self, why: &str, limits: &Limits) -> Option<Trip> {
        self.failing = self.failing.saturating_add(1);
        self.failures.push(why.chars().take(200).collect());
        let excess = self.failures.len().saturating_sub(3);
        self.failures.drain(..excess);
        self.trip_first(&[Rule::AgentFailing, Rule::Cost, Rule::Tokens], limits)
    }

    /// Trips the rules of cost and tokens before a run of the agent. In the iteration that the user let through although
    /// they had tripped, they trip where as much again was spent.
    pub fn overspent(&mut self, limits: &Limits) -> Option<Trip> {
        let no_tokens_left = self.may_use(limits).is_some_and(|most| self.tokens >= most);
        let rule = match self.budget_left(limits) {
            Some(left) if left < LEAST_BUDGET => Rule::Cost,
            _ if no_tokens_left => Rule::Tokens,
            _ => return None,
        };
        (self.half_open, self.let_through) = (None, None);
        self.open = Some(self.line(rule, limits));
        self.open.clone()
    }

    /// The US dollars that the next run of the agent may cost; none where there is no limit.
    pub fn budget_left(&self, limits: &Limits) -> Option<f64> {
        let limit = limits.cost_usd?;
        let most = match self.let_through {
            Some((spent, _)) if spent >= limit => spent + limit,
            _ => limit,
        };
        Some((most - self.cost_usd).max(0.0))
    }

    fn may_use(&self, limits: &Limits) -> Option<u64> {
        let limit = limits.tokens?;
        Some(match self.let_through {
            Some((_, used)) if used >= limit => used.saturating_add(limit),
            _ => limit,
        })
    }

    /// Counts a planning of the chain.
    pub fn regenerated(&mut self, limits: &Limits) -> Option<Trip> {
        self.regenerations = self.regenerations.saturating_add(1);
        self.trip_first(&[Rule::Regenerations], limits)
    }

    /// Trips the rule of running time, where `total` reached it.
    pub fn out_of_time(&mut self, limits: &Limits) -> Option<Trip> {
        self.trip_first(&[Rule::WallTime], limits)
    }

    /// What holds the breaker open.
    pub fn open(&self) -> Option<&Trip> {
        self.open.as_ref()
    }

    /// Lets one iteration through by the user's word. Counters are kept.
    pub fn half_open(&mut self) {
        if let Some(trip) = self.open.take() {
            self.half_open = Some(trip.rule);
            self.let_through =
                matches!(trip.rule, Rule::Cost | Rule::Tokens).then_some((self.cost_usd, self.tokens));
        }
    }

    /// The rule for which the next iteration is a trial.
    pub fn on_trial(&self) -> Option<Rule> {
        self.half_open
    }

    /// Sets every counter to zero, by the user's word. What was spent stays known to the loop, not to the rules.
    pub fn reset(&mut self) {
        let trees = self.trees.last().cloned().into_iter().collect();
        *self = Self { trees, ..Self::default() };
    }

    /// Iterations counted since the start or the last reset.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Running time so far, without the part that is still running.
    pub fn running(&self) -> Duration {
        self.running
    }

    /// Refused claims of ready so far.
    pub fn rework(&self) -> u32 {
        self.rework.count
    }

    /// Consecutive failing runs so far.
    pub fn failing(&self) -> u32 {
        self.failing
    }

    /// Every rule with its counter, limit and evidence, as shown to the user.
    pub fn lines(&self, limits: &Limits) -> Vec<Line> {
        Rule::ALL.into_iter().map(|rule| self.line(rule, limits)).collect()
    }

    fn trip_first(&mut self, fed: &[Rule], limits: &Limits) -> Option<Trip> {
        let tripped = fed.iter().copied().find(|&rule| self.reached(rule, limits));
        (self.half_open, self.let_through) = (None, None);
        let rule = tripped?;
        self.open = Some(self.line(rule, limits));
        self.open.clone()
    }

    fn reached(&self, rule: Rule, limits: &Limits) -> bool {
        match rule {
            Rule::Iterations => self.iterations >= limits.iterations.min(HARD_LIMIT),
            Rule::NoChange => self.no_change.count >= limits.no_change,
            Rule::SameError => self.same_error.count >= limits.same_error,
            Rule::Rework => self.rework.count >= limits.rework,
            Rule::Cost => limits.cost_usd.is_some_and(|limit| self.cost_usd >= limit),
            Rule::Tokens => limits.tokens.is_some_and(|limit| self.tokens >= limit),
            Rule::WallTime => self.running >= limits.wall_time,
            Rule::AgentFailing => self.failing >= limits.agent_failing,
            Rule::Permission => {
                self.worst_denial().is_some_and(|(_, streak)| streak.count >= limits.permission)
            }
            Rule::Regenerations => self.regenerations >= limits.regenerations,
            Rule::Oscillation => self.oscillation.count >= limits.oscillation,
            Rule::Stall | Rule::Startup => false,
        }
    }

    fn worst_denial(&self) -> Option<(&String, &Streak)> {
        self.permission.iter().max_by_key(|(_, streak)| streak.count)
    }

    fn line(&self, rule: Rule, limits: &Limits) -> Line {
        let streak = |streak: &Streak, what: String| match streak.count {
            0 => String::new(),
            _ => format!("{} {what}", named(&streak.iterations)),
        };
        let counted = |count: u32, limit: u32| (f64::from(count), Some(f64::from(limit)));
        let ((count, limit), evidence) = match rule {
            Rule::Iterations => (counted(self.iterations, limits.iterations.min(HARD_LIMIT)), String::new()),
            Rule::NoChange => (
                counted(self.no_change.count, limits.no_change),
                streak(&self.no_change, format!("left tree {}", short(&self.unchanged_tree))),
            ),
            Rule::SameError => (
                counted(self.same_error.count, limits.same_error),
                self.error.as_ref().map_or_else(String::new, |(_, words)| {
                    streak(&self.same_error, format!("ended with “{words}”"))
                }),
            ),
            Rule::Rework => (
                counted(self.rework.count, limits.rework),
                streak(&self.rework, "claimed ready and failed its checks".to_owned()),
            ),
            Rule::Cost => (
                (self.cost_usd, limits.cost_usd),
                match self.cost_unknown {
                    true => "unknown in part: not every run said what it cost".to_owned(),
                    false => String::new(),
                },
            ),
            Rule::Tokens => ((self.tokens as f64, limits.tokens.map(|limit| limit as f64)), String::new()),
            Rule::WallTime => {
                ((self.running.as_secs_f64(), Some(limits.wall_time.as_secs_f64())), String::new())
            }
            Rule::Stall => ((0.0, Some(limits.stall.as_secs_f64())), String::new()),
            Rule::Startup => ((0.0, Some(limits.startup.as_secs_f64())), String::new()),
            Rule::AgentFailing => (counted(self.failing, limits.agent_failing), self.failures.join(" · ")),
            Rule::Permission => {
                let worst = self.worst_denial();
                (
                    counted(worst.map_or(0, |(_, streak)| streak.count), limits.permission),
                    worst.map_or_else(String::new, |(tool, streak)| {
                        format!("{tool} was denied in {}", named(&streak.iterations))
                    }),
                )
            }
            Rule::Regenerations => (counted(self.regenerations, limits.regenerations), String::new()),
            Rule::Oscillation => (
                counted(self.oscillation.count, limits.oscillation),
                streak(&self.oscillation, format!("went back to an earlier tree: {}", self.trail())),
            ),
        };
        Line { rule, count, limit, evidence }
    }

    fn trail(&self) -> String {
        let from = self.trees.len().saturating_sub(5);
        self.trees[from..].iter().map(|(_, tree)| short(tree)).collect::<Vec<_>>().join(" → ")
    }
}

/// Says when running time is up, were the loop to run on from `active_since`.
pub(crate) fn out_of_time_at(breaker: &Breaker, limits: &Limits, active_since: Moment) -> Moment {
    active_since.after(limits.wall_time.saturating_sub(breaker.running))
}

fn short(tree: &str) -> String {
    match tree.char_indices().nth(7) {
        Some((at, _)) => format!("{}…", &tree[..at]),
        None => tree.to_owned(),
    }
}

fn named(iterations: &[u32]) -> String {
    let numbers: Vec<String> = iterations.iter().map(u32::to_string).collect();
    match numbers.as_slice() {
        [] => "no iteration".to_owned(),
        [one] => format!("iteration {one}"),
        [first @ .., last] => format!("iterations {} and {last}", first.join(", ")),
    }
}

/// US dollars as shown: cents, or four digits below one cent.
pub fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

/// A duration as shown: `45s`, `15m`, `4h`, `1h 5m`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) if !duration.is_zero() => format!("{}ms", duration.as_millis()),
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, 0, _) => format!("{h}h"),
        (h, m, _) => format!("{h}h {m}m"),
    }
}
