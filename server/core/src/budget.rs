//! What a plan, a day and the time of a plan may cost, and whether the next run of an agent may begin.
//!
//! A budget is kept by refusing a run before it begins, and not by ending one that works: what a run will cost is taken to be
//! what such runs cost before.

use crate::breaker::{self, dollars};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// What may be spent, beside the limits of one loop; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budgets {
    /// US dollars that one run of the plan may cost.
    pub plan_usd: Option<f64>,
    /// US dollars that everything of the user may cost on one day.
    pub day_usd: Option<f64>,
    /// The time in which agents work for one run of the plan.
    pub plan_time: Option<Duration>,
}

impl Budgets {
    /// Whether any of them is a sum of money.
    pub fn of_money(&self) -> bool {
        self.plan_usd.is_some() || self.day_usd.is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.of_money() && self.plan_time.is_none()
    }
}

/// Which budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// `budget.plan_usd`
    PlanUsd,
    /// `budget.day_usd`
    DayUsd,
    /// `budget.plan_time`
    PlanTime,
}

impl Budget {
    /// The path of its setting.
    pub fn setting(self) -> &'static str {
        match self {
            Self::PlanUsd => "budget.plan_usd",
            Self::DayUsd => "budget.day_usd",
            Self::PlanTime => "budget.plan_time",
        }
    }
}

/// What was spent of one budget, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// By runs of agents, so far.
    pub usd: f64,
    /// What runs that go on may cost besides.
    pub reserved: f64,
}

/// What the ledger has for one decision.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Books {
    /// For the run of the plan.
    pub plan: Spent,
    /// On this day.
    pub day: Spent,
    /// How long agents have worked for the run of the plan.
    pub plan_time: Duration,
    /// The largest of the means that are known: of a run for this task, for this plan, by this agent in this repository.
    pub mean: Option<f64>,
}

/// A run of an agent would not stay within a budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Short {
    /// Which budget.
    pub budget: Budget,
    /// Its limit, in US dollars; of a budget of time, in seconds.
    pub limit: f64,
    /// What was spent of it, in the same unit.
    pub spent: f64,
    /// What the next run is taken to cost, in US dollars; missing if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<f64>,
}

impl Short {
    /// A limit that lets the run begin, and some more like it: the double, or what the next run needs. In the unit of the limit.
    pub fn raised(&self) -> f64 {
        let needed = self.spent + self.next.unwrap_or_default();
        (self.limit * 2.0).max(needed * 1.5)
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.budget {
            Budget::PlanUsd => "the plan's budget",
            Budget::DayUsd => "the day's budget",
            Budget::PlanTime => {
                let [limit, spent] =
                    [self.limit, self.spent].map(|s| breaker::span(Duration::from_secs_f64(s)));
                return write!(f, "agents have worked {spent} for this plan, and its budget is {limit}");
            }
        };
        let (limit, spent) = (dollars(self.limit), dollars(self.spent));
        match self.next.filter(|next| *next > 0.0) {
            Some(next) => {
                let next = dollars(next);
                write!(
                    f,
                    "{what} of {limit} is not enough for another run: {spent} is spent, and a run costs about {next}"
                )
            }
            None => write!(f, "{what} of {limit} is spent"),
        }
    }
}

/// Whether a run of an agent may begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Afford {
    /// It may.
    Yes {
        /// What is kept back for it, in US dollars.
        reserve: f64,
        /// What it may cost at most, in US dollars; `None` if there is no budget.
        most: Option<f64>,
    },
    /// What runs that go on will cost decides about it.
    Wait,
    /// It may not.
    No(Short),
}

/// Sums of cents that were added up are not compared to the last bit.
const TOLERANCE: f64 = 1e-9;

/// Decides whether a run of an agent may begin.
pub fn afford(budgets: &Budgets, books: &Books) -> Afford {
    if let Some(limit) = budgets.plan_time.filter(|limit| books.plan_time >= *limit) {
        return Afford::No(Short {
            budget: Budget::PlanTime,
            limit: limit.as_secs_f64(),
            spent: books.plan_time.as_secs_f64(),
            next: None,
        });
    }
    let sums =
        [(Budget::PlanUsd, budgets.plan_usd, books.plan), (Budget::DayUsd, budgets.day_usd, books.day)];
    let next = books.mean.unwrap_or_default();
    let mut most: Option<f64> = None;
    let mut waits = false;
    for (budget, limit, spent) in sums {
        let Some(limit) = limit else { continue };
        let is_over = spent.usd + next > limit + TOLERANCE;
        // The first run shows what one costs; but where all is spent, there is nothing to find out.
        if is_over || books.mean.is_none() && spent.usd >= limit - TOLERANCE {
            return Afford::No(Short { budget, limit, spent: spent.usd, next: books.mean });
        }
        let left = limit - spent.usd - spent.reserved;
        // A run of which nothing is known may take all that is left, so it goes alone.
        waits |= left + TOLERANCE < next || books.mean.is_none() && spent.reserved > TOLERANCE;
        most = Some(most.map_or(left, |most| most.min(left)));
    }
    if waits {
        return Afford::Wait;
    }
    Afford::Yes { reserve: books.mean.or(most).unwrap_or_default(), most }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_DOLLAR: Budgets = Budgets { plan_usd: Some(1.0), day_usd: None, plan_time: None };

    fn plan(usd: f64, reserved: f64, mean: Option<f64>) -> Books {
        Books { plan: Spent { usd, reserved }, mean, ..Books::default() }
    }

    #[test]
    fn the_fourth_run_of_thirty_cents_is_refused_by_a_dollar() {
        let mean = Some(0.3);
        for before in [0.0, 0.3, 0.6] {
            let afford = afford(&A_DOLLAR, &plan(before, 0.0, mean));
            assert_eq!(afford, Afford::Yes { reserve: 0.3, most: Some(1.0 - before) }, "{before}");
        }
        let short = Short { budget: Budget::PlanUsd, limit: 1.0, spent: 0.3 + 0.3 + 0.3, next: mean };
        assert_eq!(afford(&A_DOLLAR, &plan(0.3 + 0.3 + 0.3, 0.0, mean)), Afford::No(short));
        assert_eq!(short.raised(), 2.0);
    }

    #[test]
    fn what_others_may_still_cost_is_waited_for_and_not_refused() {
        let mean = Some(0.3);
        assert_eq!(
            afford(&A_DOLLAR, &plan(0.3, 0.3, mean)),
            Afford::Yes { reserve: 0.3, most: Some(1.0 - 0.3 - 0.3) }
        );
        assert_eq!(afford(&A_DOLLAR, &plan(0.3, 0.6, mean)), Afford::Wait);
        assert!(matches!(afford(&A_DOLLAR, &plan(0.9, 0.3, mean)), Afford::No(_)));
    }

    #[test]
    fn a_run_of_which_nothing_is_known_goes_alone() {
        assert_eq!(afford(&A_DOLLAR, &plan(0.0, 0.0, None)), Afford::Yes { reserve: 1.0, most: Some(1.0) });
        assert_eq!(afford(&A_DOLLAR, &plan(0.0, 0.5, None)), Afford::Wait);
        assert!(matches!(afford(&A_DOLLAR, &plan(1.0, 0.0, None)), Afford::No(_)));
        // Three tens of cents are not exactly thirty.
        assert_eq!(
            afford(&A_DOLLAR, &plan(0.1 + 0.2, 0.0, Some(0.7))),
            Afford::Yes { reserve: 0.7, most: Some(1.0 - (0.1 + 0.2)) }
        );
    }

    #[test]
    fn each_budget_holds_by_itself_and_without_one_all_may_begin() {
        let day = Budgets { day_usd: Some(0.5), ..A_DOLLAR };
        let books = Books { day: Spent { usd: 0.4, reserved: 0.0 }, ..plan(0.0, 0.0, Some(0.3)) };
        assert!(
            matches!(afford(&day, &books), Afford::No(Short { budget: Budget::DayUsd, limit: 0.5, .. })),
            "{books:?}"
        );
        let time = Budgets { plan_time: Some(Duration::from_secs(60)), ..Budgets::default() };
        let worked = |seconds| Books { plan_time: Duration::from_secs(seconds), ..Books::default() };
        assert_eq!(afford(&time, &worked(59)), Afford::Yes { reserve: 0.0, most: None });
        assert!(matches!(afford(&time, &worked(60)), Afford::No(Short { budget: Budget::PlanTime, .. })));
        let none = afford(&Budgets::default(), &plan(1000.0, 1000.0, Some(5.0)));
        assert_eq!(none, Afford::Yes { reserve: 5.0, most: None });
    }
}
