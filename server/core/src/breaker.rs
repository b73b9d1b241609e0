//! The circuit breaker: what stops a loop that no longer makes sense.
//!
//! Each rule has a counter, a limit, and the evidence of what fed it. A rule trips only on what feeds it, so an open
//! breaker that the user half-opens closes by one iteration that does not feed the rule again. Nothing here resets a
//! counter but [`Breaker::reset`], which is called only when the user asks for it; streaks end as they are defined.

mod limits;
mod rules;
mod unit;

use crate::{signature::Signature, time::Moment};
pub use limits::{BadLimit, HARD_LIMIT, Limits, check_iteration_limit};
pub use rules::{Rule, RuleInfo, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
pub use unit::{Unit, dollars, span};

/// No run begins with less left of the limit of cost, in US dollars: what sums of fractions leave is nothing.
const LEAST_BUDGET: f64 = 1e-6;

/// How much of a failure's words is kept as evidence, in characters.
const FAILURE_LENGTH: usize = 200;

/// What one judged iteration feeds to the breaker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Feed {
    /// The iteration's number.
    pub iteration: u32,
    /// Id of the tree after it.
    pub tree: String,
    /// Whether the tree differs or HEAD moved.
    pub changed: bool,
    /// Its error, if it had one, with words a user knows it by.
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

    /// The iterations that fed the rule, and what they did; empty if there is none.
    fn told(&self, did: &str) -> String {
        if self.count == 0 { String::new() } else { format!("{} {did}", named(&self.iterations)) }
    }
}

/// One line of the breaker: a rule with its counter, limit and evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BreakerLine")]
pub struct Line {
    /// The rule.
    pub rule: Rule,
    /// Its counter, in the rule's unit.
    pub count: f64,
    /// Its limit, in the same unit; `None` if the rule is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What fed it; empty if nothing did.
    #[serde(default)]
    pub evidence: String,
    /// Whether the count leaves something out: a run of the agent that did not say what it cost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// The line of a rule that tripped.
pub type Trip = Line;

impl Line {
    /// The count as it is shown, with its unit.
    pub fn count_shown(&self) -> String {
        self.rule.info().unit.show(self.count)
    }

    /// Shows the limit; `off` if there is none.
    pub fn limit_shown(&self) -> String {
        self.limit.map_or_else(|| "off".to_owned(), |limit| self.rule.info().unit.show(limit))
    }

    /// Shows how far the rule is: `3 of 10`, or the count alone if there is no limit.
    pub fn shown(&self) -> String {
        match self.limit {
            Some(_) => format!("{} of {}", self.count_shown(), self.limit_shown()),
            None => self.count_shown(),
        }
    }

    /// Says what happened when the rule tripped, as a part of a sentence.
    pub fn happened(&self) -> String {
        self.rule.happened(&self.count_shown(), &self.limit_shown())
    }
}

/// A time in which the agent's service fails, or cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Outage {
    since: Moment,
    lasted: Duration,
    tries: u32,
    words: String,
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
    outage: Option<Outage>,
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
        if let Some(outage) = &mut self.outage {
            rewrite(&mut outage.words);
        }
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
    pub(crate) fn starts_from(&mut self, tree: &str) {
        if self.trees.is_empty() {
            self.trees.push((0, tree.to_owned()));
        }
    }

    /// Feeds one judged iteration and returns what trips, the most telling rule first.
    pub fn judge(&mut self, feed: &Feed, limits: &Limits) -> Option<Trip> {
        self.iterations = self.iterations.saturating_add(1);
        self.failing = 0;
        self.failures.clear();
        self.outage = None;
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

    /// Adds time that the loop was running.
    pub(crate) fn ran(&mut self, time: Duration) {
        self.running = self.running.saturating_add(time);
    }

    /// Counts a run that the agent's service ended. Returns since when it fails and how often it did before, or what
    /// trips.
    pub(crate) fn service_failed(
        &mut self,
        now: Moment,
        why: &str,
        limits: &Limits,
    ) -> Result<(Moment, u32), Trip> {
        let outage = self.outage.get_or_insert_with(|| Outage { since: now, ..Outage::default() });
        outage.lasted = now.since(outage.since);
        outage.words = why.chars().take(FAILURE_LENGTH).collect();
        let (since, tries) = (outage.since, outage.tries);
        outage.tries = outage.tries.saturating_add(1);
        match self.trip_first(&[Rule::Outage, Rule::Cost, Rule::Tokens], limits) {
            Some(trip) => Err(trip),
            None => Ok((since, tries)),
        }
    }

    /// The service answered: the next failure is another one.
    pub(crate) fn service_answered(&mut self) {
        self.outage = None;
    }

    /// Moves what was noted by another clock.
    pub(crate) fn move_counts(&mut self, to: impl Fn(Moment) -> Moment) {
        if let Some(outage) = &mut self.outage {
            outage.since = to(outage.since);
        }
    }

    /// Counts a run in which the agent crashed.
    pub(crate) fn agent_failed(&mut self, why: &str, limits: &Limits) -> Option<Trip> {
        self.failing = self.failing.saturating_add(1);
        self.failures.push(why.chars().take(FAILURE_LENGTH).collect());
        let excess = self.failures.len().saturating_sub(3);
        self.failures.drain(..excess);
        self.trip_first(&[Rule::AgentFailing, Rule::Cost, Rule::Tokens], limits)
    }

    /// Trips the rules of cost and tokens before a run of the agent. In the iteration that the user let through
    /// although they had tripped, they trip where as much again was spent.
    pub(crate) fn overspent(&mut self, limits: &Limits) -> Option<Trip> {
        let no_tokens_left =
            self.spendable(Rule::Tokens, limits).is_some_and(|most| self.count(Rule::Tokens) >= most);
        let rule = match self.budget_left(limits) {
            Some(left) if left < LEAST_BUDGET => Rule::Cost,
            _ if no_tokens_left => Rule::Tokens,
            _ => return None,
        };
        (self.half_open, self.let_through) = (None, None);
        self.open = Some(self.line(rule, limits));
        self.open.clone()
    }

    /// The US dollars that the next run of the agent may cost; `None` if there is no limit.
    pub fn budget_left(&self, limits: &Limits) -> Option<f64> {
        Some((self.spendable(Rule::Cost, limits)? - self.cost_usd).max(0.0))
    }

    /// How much the loop may come to have spent. Let through although it had spent its limit, it may spend as much
    /// again.
    fn spendable(&self, rule: Rule, limits: &Limits) -> Option<f64> {
        let limit = limits[rule]?;
        let spent =
            self.let_through.map(|(cost, tokens)| if rule == Rule::Cost { cost } else { tokens as f64 });
        Some(limit + spent.filter(|spent| *spent >= limit).unwrap_or_default())
    }

    /// What holds the breaker open.
    pub fn open(&self) -> Option<&Trip> {
        self.open.as_ref()
    }

    /// Lets one iteration through because the user asked for it. Counters are kept.
    pub(crate) fn half_open(&mut self) {
        if let Some(trip) = self.open.take() {
            // The user says that the service works again. If not, that is waited for as long as the first time.
            self.outage = None;
            self.half_open = Some(trip.rule);
            self.let_through =
                matches!(trip.rule, Rule::Cost | Rule::Tokens).then_some((self.cost_usd, self.tokens));
        }
    }

    /// The rule for which the next iteration is a trial.
    pub fn on_trial(&self) -> Option<Rule> {
        self.half_open
    }

    /// Sets every counter to zero, because the user asked for it. What was spent stays known to the loop, not to the
    /// rules.
    pub(crate) fn reset(&mut self) {
        let trees = self.trees.last().cloned().into_iter().collect();
        *self = Self { trees, ..Self::default() };
    }

    /// Iterations counted since the start or the last reset.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    #[cfg(test)]
    pub(crate) fn running(&self) -> Duration {
        self.running
    }

    #[cfg(test)]
    pub(crate) fn rework(&self) -> u32 {
        self.rework.count
    }

    /// Consecutive failing runs so far.
    pub(crate) fn failing(&self) -> u32 {
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
        limits.most(rule).is_some_and(|limit| self.count(rule) >= limit)
    }

    fn worst_denial(&self) -> Option<(&String, &Streak)> {
        self.permission.iter().max_by_key(|(_, streak)| streak.count)
    }

    fn line(&self, rule: Rule, limits: &Limits) -> Line {
        Line {
            rule,
            count: self.count(rule),
            limit: limits.most(rule),
            evidence: self.evidence(rule),
            partial: rule == Rule::Cost && self.cost_unknown,
        }
    }

    /// A rule's counter, in the rule's unit. What ends a run of the agent is timed, not counted.
    fn count(&self, rule: Rule) -> f64 {
        match rule {
            Rule::Iterations => self.iterations.into(),
            Rule::NoChange => self.no_change.count.into(),
            Rule::SameError => self.same_error.count.into(),
            Rule::Rework => self.rework.count.into(),
            Rule::Cost => self.cost_usd,
            Rule::Tokens => self.tokens as f64,
            Rule::WallTime => self.running.as_secs_f64(),
            Rule::Stall | Rule::Startup => 0.0,
            Rule::AgentFailing => self.failing.into(),
            Rule::Outage => self.outage.as_ref().map_or(0.0, |outage| outage.lasted.as_secs_f64()),
            Rule::Permission => self.worst_denial().map_or(0, |(_, streak)| streak.count).into(),
            Rule::Regenerations => self.regenerations.into(),
            Rule::Oscillation => self.oscillation.count.into(),
        }
    }

    /// What fed a rule; empty if nothing did, or if the count says it all.
    fn evidence(&self, rule: Rule) -> String {
        match rule {
            Rule::NoChange => self.no_change.told(&format!("left tree {}", short(&self.unchanged_tree))),
            Rule::SameError => match &self.error {
                Some((_, words)) => {
                    // Quotes in quotes are single ones.
                    let words = words.replace('“', "‘").replace('”', "’");
                    self.same_error.told(&format!("ended with “{words}”"))
                }
                None => String::new(),
            },
            Rule::Rework => self.rework.told("claimed ready and failed its checks"),
            Rule::Cost if self.cost_unknown => "unknown in part: not every run said what it cost".to_owned(),
            Rule::AgentFailing => {
                let mut failures = self.failures.clone();
                failures.dedup();
                failures.join(" · ")
            }
            Rule::Outage => self.outage.as_ref().map_or_else(String::new, |outage| outage.words.clone()),
            Rule::Permission => self.worst_denial().map_or_else(String::new, |(tool, streak)| {
                format!("{tool} was denied in {}", named(&streak.iterations))
            }),
            Rule::Oscillation => {
                self.oscillation.told(&format!("went back to an earlier tree: {}", self.trail()))
            }
            _ => String::new(),
        }
    }

    fn trail(&self) -> String {
        let from = self.trees.len().saturating_sub(5);
        self.trees[from..].iter().map(|(_, tree)| short(tree)).collect::<Vec<_>>().join(" → ")
    }
}

/// Says when running time is up, were the loop to run on from `active_since`.
pub(crate) fn out_of_time_at(breaker: &Breaker, limits: &Limits, active_since: Moment) -> Moment {
    active_since.after(limits.time(Rule::WallTime).saturating_sub(breaker.running))
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
