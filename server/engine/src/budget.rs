//! The budgets that hold for a loop beyond its own limits, the ledger in which they are kept, and its sums.

use crate::{Result, project::Project, start_options::RunOptions, task_settings, task_spec::TaskSpec};
use alfine_config::{Layers, Price, trust::items_of_config};
use alfine_core::{
    budget::{Afford, Budgets, Short},
    task::TaskKey,
    time::Moment,
};
use alfine_store::{Ledger, LedgerRow, LoopId, LoopUse, Millis, NewEntry, PlanRunRow};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// What may be spent for a plan, and since when its cost counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Purse {
    /// The budgets.
    pub budgets: Budgets,
    /// The beginning of the plan's last run as a whole, or of time.
    pub since: Millis,
    /// What the agent's tokens cost, if it does not say that itself.
    pub price: Option<Price>,
}

/// What may be spent for a loop of a plan as the settings have it now: raising a budget is to reach loops that run. What cannot be
/// read now is as the loop began with it.
pub(crate) fn of_loop(project: &Project, plan: &str, spec: &TaskSpec) -> Result<Purse> {
    let run = project.store.last_plan_run(plan)?;
    let since = run.as_ref().map_or(Millis(0), |run| run.started_at);
    let options = run.as_ref().map(RunOptions::of).transpose()?.unwrap_or_default();
    let known = &spec.budget;
    let (now, price) = written(project, plan, &options, &spec.agent.name)
        .unwrap_or_else(|_| (known.clone(), spec.agent.price));
    let budget = alfine_config::Budget {
        plan_usd: now.plan_usd.or(known.plan_usd),
        day_usd: now.day_usd.or(known.day_usd),
        plan_time: now.plan_time.or(known.plan_time),
    };
    Ok(Purse { budgets: budget.of_rules(), since, price })
}

fn written(
    project: &Project,
    plan: &str,
    options: &RunOptions,
    agent: &str,
) -> Result<(alfine_config::Budget, Option<Price>)> {
    let layers = Layers { editor: options.editor.clone(), ..project.layers() };
    let file = project.plan_named(plan)?;
    let loaded = task_settings::of_plan(&layers, &file, &options.options)?;
    let price = loaded.config.agents.get(agent).and_then(|agent| agent.price);
    // A repository's price holds if the user allowed it.
    let mut items = items_of_config(&loaded);
    items.retain(|item| item.origin.ends_with(&format!("agents.{agent}.price")));
    let price = if project.untrusted(&items)?.is_empty() { price } else { None };
    Ok((loaded.config.budget, price))
}

/// The budget that no other run of an agent would stay within, for the run of a plan.
pub(crate) fn shortage(
    project: &Project,
    run: &PlanRunRow,
    budgets: &Budgets,
    agent: &str,
) -> Result<Option<Short>> {
    let looked = Ledger::look(&project.user.state)?.map(|mut ledger| {
        let new = NewEntry {
            repository: project.repository.common_dir(),
            // No loop has this name: what all that there are use counts.
            loop_id: &LoopId::generate(),
            run: 1,
            task: &TaskKey::new(run.plan.clone(), String::new()),
            agent,
            model: None,
            used: LoopUse::default(),
            plan_since: run.started_at,
        };
        ledger.affords(&new, budgets)
    });
    Ok(match looked.transpose()? {
        Some(Afford::No(short)) => Some(short),
        Some(Afford::Yes { .. } | Afford::Wait) | None => None,
    })
}

/// Why no budget would hold for an agent that does not say what it costs, and what to do.
pub(crate) fn tells_no_cost(agent: &str) -> String {
    format!(
        "{agent} does not say what it costs, so no budget would hold: set what its tokens cost (`agents.{agent}.price`; \
         zeros say that it costs nothing), or remove the budget"
    )
}

/// By what the ledger is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The day of the user's calendar.
    Day,
    /// The plan.
    Plan,
    /// The agent.
    Agent,
    /// The task.
    Task,
    /// The repository.
    Repository,
}

/// What was spent on one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sum {
    /// A day as `2026-01-31`, a plan's path, an agent's name, a task's key, or a repository's folder.
    pub name: String,
    /// The repository's folder, for a plan or a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<PathBuf>,
    /// How many runs of agents.
    pub runs: u32,
    /// US dollars; missing if none of them said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How many of the runs worked and did not say what they cost.
    pub unpriced: u32,
    /// Tokens of all kinds.
    pub tokens: u64,
}

/// Sums entries of the ledger up: days in their order, anything else by what it cost, the most first.
pub fn sums(rows: &[LedgerRow], by: By) -> Vec<Sum> {
    let mut all: BTreeMap<(Option<PathBuf>, String), Sum> = BTreeMap::new();
    for row in rows {
        let folder = || match row.repository.file_name() {
            Some(name) if name == ".git" => row.repository.parent().unwrap_or(&row.repository).to_owned(),
            _ => row.repository.clone(),
        };
        let (repository, name) = match by {
            By::Day => (None, alfine_words::day(Moment(row.at.0))),
            By::Agent => (None, row.agent.clone()),
            By::Repository => (None, folder().to_string_lossy().into_owned()),
            By::Plan => (Some(folder()), row.task.plan.clone()),
            By::Task => (Some(folder()), row.task.to_string()),
        };
        let sum = all.entry((repository.clone(), name.clone())).or_insert_with(|| Sum {
            name,
            repository,
            runs: 0,
            cost_usd: None,
            unpriced: 0,
            tokens: 0,
        });
        sum.runs += 1;
        sum.unpriced += u32::from(row.unpriced);
        sum.tokens = sum.tokens.saturating_add(row.tokens);
        if let Some(cost) = row.cost_usd {
            *sum.cost_usd.get_or_insert_default() += cost;
        }
    }
    let mut sums: Vec<Sum> = all.into_values().collect();
    if by != By::Day {
        sums.sort_by(|one, other| {
            other.cost_usd.unwrap_or_default().total_cmp(&one.cost_usd.unwrap_or_default())
        });
    }
    sums
}
