//! The planner: the user's agent, asked to write plans. Each time it is asked is a session of its own that only reads, in
//! bounded time and for bounded money, which stands in the ledger as a loop's does. Nothing that it says begins anything.

mod drafting;
mod source;

pub use drafting::{Drafted, checks_lost, lints, words_lost};
pub use source::Source;

use crate::{
    Error, ErrorKind, Result, budget, ledger,
    project::Project,
    runner::{Around, Ended, Session, masker},
    start_options::StartOptions,
    surroundings, task_settings, task_spec,
};
use alfine_config::{Config, Loaded, trust::TrustItem};
use alfine_core::{
    agent::{Outcome, Usage},
    breaker::dollars,
    budget::Afford,
    checkout::CheckoutChange,
    hint::Hint,
    prompt::{Mending, Planning},
    task::TaskKey,
};
use alfine_git::{CheckoutState, Surroundings, Watched};
use alfine_store::{Ledger, LoopId, LoopLock, LoopUse, Millis, NewEntry};
use alfine_verify::CancelToken;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long the agent may take to answer, unless the user says otherwise.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// How long it has to end itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// What the markers of its processes end with.
const MARK: &str = "planner";

/// How the user wants to be helped with a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// The agent's name.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The most US dollars for all that it is asked.
    pub max_cost: Option<f64>,
    /// How long it may take to answer once.
    pub timeout: Option<Duration>,
}

/// What is told while a plan is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The agent is asked, by this name, for the so manieth time to mend its answer.
    Asked {
        /// The agent and its model.
        by: String,
        /// 0 for the first time.
        mending: u32,
    },
    /// It has answered, or ended without that.
    Answered {
        /// US dollars, if it says so.
        cost_usd: Option<f64>,
        /// Tokens of all kinds.
        tokens: u64,
    },
    /// The user's checkout changed meanwhile.
    Changed {
        /// What of it.
        changes: Vec<CheckoutChange>,
        /// The ref that keeps it as it was before.
        kept: String,
    },
}

/// The agent that writes plans of one repository.
pub struct Planner<'p> {
    project: &'p Project,
    config: Config,
    session: Session,
    /// What stands in the ledger for it: the plan, and no task.
    key: TaskKey,
    id: LoopId,
    runs: u32,
    used: LoopUse,
    max_cost: Option<f64>,
    guard: PathBuf,
    cancel: CancelToken,
    tell: Box<dyn FnMut(Told) + 'p>,
}

/// Whether a process is one of an agent that writes plans, by the marker in its environment.
pub fn is_of_planner(marker: &str) -> bool {
    marker.split('-').nth(1) == Some(MARK)
}

/// What the user must have allowed before an agent is asked: what the repository says of it and of all else.
///
/// # Errors
///
/// The settings cannot be read.
pub(crate) fn needs_leave(project: &Project, wishes: &Wishes) -> Result<Vec<TrustItem>> {
    project.untrusted(&alfine_config::trust::items_of_config(&settings(project, wishes)?))
}

fn settings(project: &Project, wishes: &Wishes) -> Result<Loaded> {
    let options = StartOptions {
        agent: wishes.agent.clone(),
        model: wishes.model.clone(),
        max_cost: wishes.max_cost,
        ..StartOptions::default()
    };
    project.settings(task_settings::flags(&options), Vec::new())
}

impl<'p> Planner<'p> {
    /// Makes the planner of a plan, by the plan's path from the root. `guard` is Alfine's own program; `cancel` ends what
    /// runs.
    ///
    /// # Errors
    ///
    /// The user did not allow what the repository says, or there is no such agent.
    pub fn new(
        project: &'p Project,
        plan: &str,
        wishes: &Wishes,
        (guard, cancel): (PathBuf, CancelToken),
        tell: impl FnMut(Told) + 'p,
    ) -> Result<Self> {
        let loaded = settings(project, wishes)?;
        let items = needs_leave(project, wishes)?;
        if !items.is_empty() {
            let message = alfine_words::not_allowed(items.len() as u64);
            return Err(Error::new(ErrorKind::Untrusted { items }, message).hint(Hint::Trust { plan: None }));
        }
        let agent = task_spec::reader_of(&loaded)?;
        let Loaded { config, .. } = loaded;
        let masker = masker(&config.safety.mask)?;
        let timeout = wishes.timeout.unwrap_or(TIMEOUT);
        Ok(Self {
            session: Session::new(agent, &config.safety.pass_env, masker, timeout)?,
            project,
            key: TaskKey::new(plan, MARK),
            id: LoopId::generate(),
            runs: 0,
            used: LoopUse::default(),
            max_cost: config.limits.cost_usd,
            config,
            guard,
            cancel,
            tell: Box::new(tell),
        })
    }

    /// What it cost so far, in US dollars.
    pub fn cost_usd(&self) -> Option<f64> {
        self.used.cost_usd
    }

    /// Asks once. Returns what the agent said.
    ///
    /// # Errors
    ///
    /// It did not answer: why, and what to do.
    pub(super) fn ask(
        &mut self,
        planning: &Planning<'_>,
        mending: Option<(u32, Mending<'_>)>,
    ) -> Result<String> {
        let left = self.max_cost.map(|most| most - self.used.cost_usd.unwrap_or_default());
        if left.is_some_and(|left| left <= 0.0) {
            return Err(self.too_dear());
        }
        // Whoever looks into the ledger meanwhile sees by it that the run lives.
        let _lock = LoopLock::acquire(&self.project.layout, &self.id)?;
        self.runs += 1;
        self.reserve()?;
        (self.tell)(Told::Asked {
            by: self.session.name(),
            mending: mending.as_ref().map_or(0, |(round, _)| *round),
        });
        let before = self.look_at_checkout();
        let layout = &self.project.layout;
        let transcript = layout.transcripts(self.id.as_str()).join(format!("plan-{:04}.jsonl", self.runs));
        let around = Around {
            guard: &self.guard,
            root: self.project.repository.workdir(),
            marker: &self.id.marker(MARK),
            grace: GRACE,
            cancel: &self.cancel,
            transcript: transcript.clone(),
        };
        let ran = self.session.ask(planning.prompt(mending.map(|(_, mending)| mending)), left, &around);
        self.settle(ran.as_ref().map(|ended| ended.usage).ok());
        self.compare_checkout(before);
        if self.cancel.is_cancelled() {
            return Err(Error::user("stopped: nothing was written"));
        }
        let failed = |why: String| {
            let message = format!("{} {why}", self.session.name());
            let hint = format!("what it printed is kept in {}", transcript.display());
            Error::new(ErrorKind::Agent, message).hint(hint)
        };
        let ended = ran.map_err(|error| failed(self.session.does_not_start(error)))?;
        if let Some(why) = self.session.unable(&ended) {
            return Err(failed(why));
        }
        match ended {
            Ended { over_budget: true, .. } | Ended { outcome: Outcome::Budget, .. } => Err(self.too_dear()),
            Ended { outcome: Outcome::Interrupted, .. } => Err(failed(format!(
                "did not answer within {} s: give it more time with --timeout",
                self.session.timeout.as_secs_f64()
            ))),
            Ended { outcome: Outcome::Context, .. } => {
                Err(failed("has not enough room for what it would have to read".to_owned()))
            }
            Ended { outcome: Outcome::Refusal, .. } => Err(failed("refuses to answer".to_owned())),
            Ended { said, .. } => Ok(said),
        }
    }

    fn too_dear(&self) -> Error {
        let most = self.max_cost.unwrap_or_default();
        Error::user(format!("the plan would cost more than {}: nothing was written", dollars(most)))
            .hint("allow more with --max-cost")
    }

    /// Writes the run down in the ledger before it begins, if the budgets allow it.
    fn reserve(&self) -> Result<()> {
        let budgets = self.config.budget.of_rules();
        let agent = &self.session.agent();
        let reserved = || -> Result<Afford> {
            let mut ledger = ledger::open(&self.project.user.state)?;
            let tells_nothing = self.used.unpriced || ledger.tells_no_cost(&agent.name)?;
            if budgets.of_money() && agent.price.is_none() && tells_nothing {
                return Err(Error::user(budget::tells_no_cost(&agent.name)));
            }
            let new = NewEntry {
                repository: self.project.repository.common_dir(),
                loop_id: &self.id,
                run: self.runs,
                task: &self.key,
                agent: &agent.name,
                model: agent.model.as_deref(),
                used: self.used,
                plan_since: Millis(0),
            };
            Ok(ledger.reserve(&new, &budgets)?)
        };
        match reserved() {
            Ok(Afford::Yes { .. }) => Ok(()),
            Ok(Afford::Wait) => Err(Error::user(
                "another run of an agent is under way, and the budget lets only one go first",
            )
            .hint("try again when it is over: alfine status")),
            Ok(Afford::No(short)) => Err(Error::user(format!("the agent is not asked: {short}"))
                .hint(format!("raise `{}`", short.budget.setting()))),
            // Without budgets, a ledger that cannot be written stops nothing.
            Err(error) if budgets.is_empty() => {
                tracing::warn!("{}", error.message);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down what a run has used; one that never began used nothing.
    fn settle(&mut self, usage: Option<Usage>) {
        let used = usage.unwrap_or(Usage { cost_usd: Some(0.0), ..Usage::default() });
        let cost = used.cost_usd.filter(|cost| cost.is_finite() && *cost >= 0.0);
        self.used.tokens = self.used.tokens.saturating_add(used.tokens());
        self.used.unpriced |= cost.is_none();
        if let Some(cost) = cost {
            *self.used.cost_usd.get_or_insert_default() += cost;
        }
        let settled = Ledger::look(&self.project.user.state).and_then(|ledger| match ledger {
            Some(mut ledger) => ledger.settle(self.project.repository.common_dir(), &self.id, self.used),
            None => Ok(()),
        });
        if let Err(error) = settled {
            tracing::warn!("what the agent cost is not in the ledger: {error}");
        }
        (self.tell)(Told::Answered { cost_usd: cost, tokens: used.tokens() });
    }

    fn checkout_surroundings(&self) -> Surroundings {
        surroundings::of_checkout(&self.project.layout, MARK)
    }

    /// Keeps what is in the user's checkout: not every agent can be kept from writing. A repository without a commit is
    /// not watched.
    fn look_at_checkout(&self) -> Option<CheckoutState> {
        let looked =
            self.project.repository.keep_checkout(Watched::Everything, &self.checkout_surroundings(), None);
        looked.map_err(|error| tracing::debug!("the checkout is not watched: {error}")).ok()
    }

    fn compare_checkout(&mut self, before: Option<CheckoutState>) {
        let Some((before, now)) = before.and_then(|before| Some((before, self.look_at_checkout()?))) else {
            return;
        };
        let changes = self.project.repository.checkout_changes(&before, &now).unwrap_or_default();
        if !changes.is_empty() {
            (self.tell)(Told::Changed { changes, kept: before.ref_name() });
        }
    }

    /// The plan that it writes, by its path from the root.
    fn plan(&self) -> &str {
        &self.key.plan
    }

    fn root(&self) -> &Path {
        self.project.repository.workdir()
    }
}
