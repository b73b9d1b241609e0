//! How the user wants loops to be run.

use crate::{Error, ErrorKind, Result};
use alfine_config::{OnDone, Partial};
use alfine_core::{
    machine::Command,
    plan::{ContextMode, Lands},
};
use alfine_store::PlanRunRow;
use serde::{Deserialize, Serialize};

/// How the user wants a loop to be run. These options override the settings and the plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartOptions {
    /// The most iterations of the loop.
    pub max_iterations: Option<u32>,
    /// Whether the agent is told to do this task alone.
    pub single_task: bool,
    /// The agent's name.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Whether the agent works in the user's own tree.
    pub in_place: bool,
    /// What a later iteration remembers.
    pub context: Option<ContextMode>,
    /// The most US dollars.
    pub max_cost: Option<f64>,
    /// The most US dollars of the run of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_budget: Option<f64>,
    /// What becomes of work that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_done: Option<OnDone>,
    /// The branch that it begins from and lands on as soon as it is done, instead of the one that is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onto: Option<String>,
    /// Which branch the work of the plan lands on when it is run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lands: Option<Lands>,
    /// What the agent may do without asking.
    pub permissions: Option<String>,
    /// Whether it is learned from, and told what was learned, whatever the settings say.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub learn: bool,
    /// Whether the plan is put into an archive when it is over, and what is over of it already when it begins.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archive: bool,
    /// What is demanded of the loop beyond what the settings demand.
    #[serde(flatten)]
    pub demands: Demands,
    /// Whether a task that was merged already is begun again. Said of one task, and never kept for the next.
    #[serde(skip)]
    pub again: bool,
}

/// What is demanded of a loop when it is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Demands {
    /// Whether the task is done only once a check has run a test.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_tests: bool,
    /// Whether the pages are looked at in a browser, whatever the task's words are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub browser_verify: bool,
    /// The share of the model's context from which a fresh session takes over, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_handoff: Option<u32>,
    /// Whether a criterion that nothing can decide is no reason not to start.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anyway: bool,
}

/// What a loop gets when it is continued.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct More {
    /// The new limit of iterations.
    pub max_iterations: Option<u32>,
    /// Whether all counters start at zero.
    pub reset_breaker: bool,
    /// The new limit of cost, in US dollars.
    pub max_cost_usd: Option<f64>,
}

impl More {
    /// The command that says it.
    pub fn command(self) -> Command {
        Command::Continue {
            max_iterations: self.max_iterations,
            reset_breaker: self.reset_breaker,
            max_cost_usd: self.max_cost_usd,
        }
    }
}

/// How the tasks of a plan that is run as a whole begin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// How the user wanted them to be run.
    pub options: StartOptions,
    /// What the user's editor said of the settings.
    pub editor: Partial,
    /// Whether what is uncommitted then becomes their base.
    pub include_uncommitted: bool,
    /// The branch that was checked out when the run began to land on one of its own: the whole is merged there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How many tasks are worked on at a time, if it was said when the plan was started.
    pub max_parallel: Option<u32>,
}

impl RunOptions {
    /// The branch of its own that a run lands on; `None` if there is none, or if it was merged as a whole.
    pub fn branch_of(run: &PlanRunRow) -> Option<String> {
        Self::of(run).ok()?.options.onto
    }

    /// How the tasks of a run are begun that was written down.
    pub(crate) fn of(run: &PlanRunRow) -> Result<Self> {
        serde_json::from_value(run.how.clone()).map_err(|error| {
            let message = format!("how {} is run cannot be read: {error}", run.plan);
            Error::new(ErrorKind::Store, message).hint("start the plan again")
        })
    }
}
