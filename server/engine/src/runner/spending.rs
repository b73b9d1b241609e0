//! Money: whether the next run of the agent stays within the budgets, and what the loop used, for the ledger.

use super::owner::Runner;
use crate::{
    Result,
    budget::{self, Purse},
    ledger,
};
use alfine_core::{
    budget::Afford,
    machine::{Input, Phase},
};
use alfine_store::{LoopUse, NewEntry};

impl Runner<'_> {
    /// Looks whether the next run of the agent stays within the budgets, and writes it down in the ledger if so.
    pub(super) fn afford(&mut self) -> Result<()> {
        let purse = budget::of_loop(self.project, &self.key.plan, &self.spec)?;
        self.spec.agent.price = purse.price;
        let input = match self.reserve(&purse) {
            Ok(input) => input,
            Err(error) if purse.budgets.is_empty() => {
                tracing::warn!("{}", error.message);
                Input::Afforded
            }
            // Without a ledger, no budget would hold.
            Err(error) => Input::Unaffordable(error.with_hint()),
        };
        self.inputs.push_back(input);
        Ok(())
    }

    fn reserve(&mut self, purse: &Purse) -> Result<Input> {
        let mut ledger = ledger::open(&self.project.user.state)?;
        let used = self.used();
        let agent = &self.spec.agent;
        if purse.budgets.of_money()
            && agent.price.is_none()
            && (used.unpriced && used.cost_usd.is_none() || ledger.tells_no_cost(&agent.name)?)
        {
            return Ok(Input::Unaffordable(budget::tells_no_cost(&agent.name)));
        }
        let last = self.project.store.last_run(&self.row.id)?;
        let new = NewEntry {
            repository: self.project.repository.common_dir(),
            loop_id: &self.row.id,
            run: last.map_or(0, |run| run.n) + 1,
            task: &self.key,
            agent: &agent.name,
            model: agent.model.as_deref(),
            used,
            plan_since: purse.since,
        };
        self.may_cost = None;
        Ok(match ledger.reserve(&new, &purse.budgets)? {
            Afford::Yes { most, .. } => {
                self.may_cost = most;
                self.in_ledger = None;
                Input::Afforded
            }
            Afford::Wait => Input::AffordLater,
            Afford::No(short) => Input::Unaffordable(short.to_string()),
        })
    }

    /// What the loop used so far.
    fn used(&self) -> LoopUse {
        let used = &self.state.used;
        LoopUse { cost_usd: used.cost_usd, tokens: used.tokens(), unpriced: self.state.cost_unknown }
    }

    /// Writes down what the loop used, if that is not in the ledger yet. While the agent works, the ledger has what is kept back for
    /// it.
    pub(super) fn settle_ledger(&mut self) {
        let used = self.used();
        if self.agent.is_some() || matches!(self.state.phase, Phase::Agent(_)) || self.in_ledger == Some(used)
        {
            return;
        }
        let repository = self.project.repository.common_dir().to_owned();
        let settled = ledger::open(&self.project.user.state)
            .and_then(|mut ledger| Ok(ledger.settle(&repository, &self.row.id, used)?));
        if let Err(error) = settled {
            tracing::warn!("{}", error.message);
        }
        // What could not be written is written with the next run, or by who finds the loop.
        self.in_ledger = Some(used);
    }
}
