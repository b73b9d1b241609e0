//! A task as every watcher shows it: an editor, a terminal, the tree.
//!
//! Made of the database's rows and of what the plan's document says. Never reads a document itself.

pub use crate::evidence::CriterionProof;
use crate::{
    Result,
    evidence::{self, Evidence},
    loops,
    offers::{self, CheckoutSuspect, LastLoop, Situation},
};
use alfine_config::Config;
pub use alfine_core::prompt::CriterionState;
use alfine_core::{
    breaker::{Line, Rule},
    detect::Detected,
    machine::LoopState,
    offer::Offer,
    plan::{Isolation, Mark, Plan, Task},
    proof::TaskProof,
    reason::Reason,
    task::{TaskId, TaskKey, TaskStatus},
    time::Moment,
};
use alfine_store::{LoopId, LoopRow, Millis, Reader, TaskRow};
use alfine_words::{Standing, offer as words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// One task, to be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// The task's key.
    pub task: TaskKey,
    /// Its plan's path from the repository's root.
    pub plan: String,
    /// Its id in the plan.
    pub id: String,
    /// The task's title.
    pub title: String,
    /// The format of its plan, such as `markdown`, `prd` or `kiro`; missing if the task is only in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The heading, or the task that it is a part of, below which it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The ids of the tasks that it depends on, done or not, as its plan says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// What it was found to depend on by the tasks' words, where its plan does not say it. In a run of the plan it comes
    /// after these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detected_depends_on: Vec<DetectedView>,
    /// Whether it never blocks others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The plan's document; missing if the task is only in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Where it stands in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<ViewRange>,
    /// The task's status.
    pub status: TaskStatus,
    /// Why the task has this status, in words, if there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason as data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Reason>,
    /// What it rests on that the task is done; missing as long as it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<TaskProof>,
    /// The live or last loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_id: Option<LoopId>,
    /// The iteration at work, or the last one; 0 before the first.
    pub iteration: u32,
    /// The limit of iterations; 0 if neither a loop nor the plan has one.
    pub max_iterations: u32,
    /// The breaker's rules, counted.
    pub breaker: Vec<Line>,
    /// The last completion gate, as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Value>,
    /// The acceptance criteria, in the plan's order.
    pub criteria: Vec<CriterionView>,
    /// The agent's name; empty if none is chosen yet.
    pub agent: String,
    /// US dollars so far; missing if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Files that differ from the base.
    pub files_changed: u32,
    /// The loop's branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The folder the agent works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// Until when it waits, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_until: Option<Millis>,
    /// The last change, in milliseconds since the epoch; missing if nothing was ever written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Millis>,
    /// What is shown of it, made for the reader; `None` for an editor that asked for the first version of a view.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TaskShown")]
    pub shown: Option<TaskShown>,
}

/// A task that another one was found to depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Detected")]
pub struct DetectedView {
    /// Its id.
    pub id: String,
    /// What says so, in words: a part of a sentence.
    pub reason: String,
}

impl From<&Detected> for DetectedView {
    fn from(detected: &Detected) -> Self {
        Self { id: detected.on.0.clone(), reason: alfine_words::shared(&detected.by) }
    }
}

/// What a reader is shown of a task, and what they can do with it: front ends draw it, and decide nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskShown {
    /// Where it is, on one short line.
    pub summary: String,
    /// Whether it stands still until the user does something.
    pub needs_you: bool,
    /// The breaker's counters that count something, in words.
    pub counters: Vec<CounterView>,
    /// What can be done with it, in the order in which it is shown.
    pub offers: Vec<OfferView>,
}

/// A counter of the breaker, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Counter")]
pub struct CounterView {
    /// The name of what is counted.
    pub label: String,
    /// How far it is, and what fed it: `3 of 3 (iterations 1, 2 and 3 left tree 2f9d1c0…)`.
    pub shown: String,
}

/// Something that the user can do with a task, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Offer")]
pub struct OfferView {
    /// The command that does it: of an editor `alfine.continue`, of a terminal the whole command line.
    pub command: String,
    /// The command's argument, as it is to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<Value>,
    /// As a menu shows it.
    pub title: String,
    /// As a button shows it.
    pub short: String,
    /// Whether it is one of the likely next steps.
    pub next: bool,
    /// Why it is not possible now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl OfferView {
    /// Words an offer. `command` and `argument` are what does it for the reader at hand.
    pub fn new(offer: &Offer, command: String, argument: Option<Value>) -> Self {
        Self {
            command,
            argument,
            title: words::title(&offer.action),
            short: words::short(&offer.action),
            next: offer.is_next,
            refused: offer.refused.as_ref().map(words::refusal),
        }
    }
}

impl TaskView {
    /// Since when the agent's service fails that the task waits for.
    fn fails_since(&self) -> Option<Moment> {
        match &self.cause {
            Some(Reason::Outage { since, .. }) => Some(*since),
            _ => None,
        }
    }

    /// Adds what is shown of the task. `clock` shows a moment.
    pub fn with_shown(
        mut self,
        needs_you: bool,
        clock: impl Fn(Moment) -> String,
        offers: Vec<OfferView>,
    ) -> Self {
        let waits = self.status == TaskStatus::Waiting;
        let since = self.fails_since().filter(|_| waits).map(&clock);
        let until = self.waiting_until.filter(|_| waits).map(|until| clock(Moment(until.0)));
        let is_partial = self.breaker.iter().any(|line| line.partial);
        let cost = alfine_words::cost(self.cost_usd.filter(|cost| *cost > 0.0), is_partial);
        let standing = Standing {
            status: self.status,
            proof: self.proof,
            iteration: self.iteration,
            max_iterations: self.max_iterations,
            files_changed: self.files_changed,
            cost: cost.as_deref(),
            since: since.as_deref(),
            until: until.as_deref(),
        };
        let summary = alfine_words::summary(&standing);
        let counts = |line: &&Line| line.count > 0.0 && line.rule != Rule::Iterations;
        let counters = self.breaker.iter().filter(counts).map(counter).collect();
        self.shown = Some(TaskShown { summary, needs_you, counters, offers });
        self
    }
}

fn counter(line: &Line) -> CounterView {
    let evidence = if line.evidence.is_empty() { String::new() } else { format!(" ({})", line.evidence) };
    CounterView { label: line.rule.info().name.to_owned(), shown: line.shown() + &evidence }
}

/// A range in a document, as the asking client counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewRange {
    /// Where it begins.
    pub start: ViewPlace,
    /// The place after the last one.
    pub end: ViewPlace,
}

/// A place in a document, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewPlace {
    /// The line, counted from 0.
    pub line: u32,
    /// The unit in the line.
    pub character: u32,
}

/// One acceptance criterion, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CriterionView {
    /// As the plan has it.
    pub text: String,
    /// How far it is proven.
    pub state: CriterionState,
    /// What that rests on; missing if nothing says anything of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<CriterionProof>,
}

/// A task as its plan has it; the caller's part of a view.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedTask {
    /// Its key.
    pub key: TaskKey,
    /// Its title.
    pub title: String,
    /// The name of its plan's format.
    pub format: Option<String>,
    /// What it stands below.
    pub group: Option<String>,
    /// The tasks that it depends on, done or not.
    pub depends_on: Vec<TaskId>,
    /// What it was found to depend on, although the plan does not say it.
    pub detected: Vec<Detected>,
    /// Whether it never blocks others.
    pub optional: bool,
    /// The plan's document.
    pub uri: Option<String>,
    /// Where it stands in the document.
    pub range: Option<ViewRange>,
    /// Where it is as long as the database has nothing on it.
    pub status: TaskStatus,
    /// The texts of its criteria, and whether their boxes are ticked.
    pub criteria: Vec<(String, bool)>,
    /// The agent it would be started with.
    pub agent: String,
    /// The limit it would be started with.
    pub max_iterations: u32,
    /// The tasks that have to be done first, as long as the database has nothing on it.
    pub waits_for: Vec<TaskId>,
    /// The key that its row has; another one than its own, if the plan was renumbered since.
    pub row: Option<TaskKey>,
    /// Whether it has a box that is not ticked.
    pub has_open_box: bool,
    /// The question whether it is another task in other words, if only the user can say.
    pub in_doubt: Option<String>,
}

impl PlannedTask {
    /// A task as its plan has it; what the plan leaves open is as the settings say.
    pub fn new(key: TaskKey, task: &Task, plan: &Plan, config: &Config, waits_for: Vec<TaskId>) -> Self {
        let fields = task.fields.over(&plan.defaults);
        Self {
            key,
            title: task.title.clone(),
            format: Some(plan.format.name().to_owned()),
            group: task.group.as_ref().map(|group| group.value.clone()),
            depends_on: Vec::new(),
            detected: Vec::new(),
            optional: task.optional,
            uri: None,
            range: None,
            status: match task.mark {
                Mark::Done => TaskStatus::Done,
                Mark::Dropped => TaskStatus::Skipped,
                Mark::Open | Mark::Begun | Mark::Blocked if waits_for.is_empty() => TaskStatus::Ready,
                Mark::Open | Mark::Begun | Mark::Blocked => TaskStatus::Pending,
            },
            criteria: task.criteria.iter().map(|one| (one.text.clone(), one.checked)).collect(),
            agent: fields.agent.map_or_else(|| config.agent.clone(), |agent| agent.value),
            max_iterations: fields.max_iterations.map_or(config.limits.iterations, |limit| limit.value),
            waits_for,
            row: None,
            has_open_box: false,
            in_doubt: None,
        }
    }
}

/// A task's view, with what can be done with it as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The view; nothing of it is worded yet.
    pub view: TaskView,
    /// Whether it stands still until the user does something.
    pub needs_you: bool,
    /// What can be done with it.
    pub offers: Vec<Offer>,
}

/// Makes the views of the planned tasks in their order, and behind them of those that are in no plan any more but
/// have a loop that can go on.
///
/// `is_changed` says whether a loop's work was changed since its last checkpoint, which has this tree.
pub fn task_views(
    reader: &Reader,
    planned: &[PlannedTask],
    is_changed: &dyn Fn(&LoopRow, &str) -> bool,
) -> Result<Vec<Seen>> {
    reader.read(|reader| {
        let mut rows: HashMap<TaskKey, _> =
            reader.tasks()?.into_iter().map(|row| (row.key.clone(), row)).collect();
        let mut loops: HashMap<LoopId, LoopRow> =
            reader.last_loops()?.into_iter().map(|row| (row.id.clone(), row)).collect();

        let mut views = Vec::with_capacity(planned.len());
        for task in planned {
            let row = task.row.as_ref().and_then(|key| rows.remove(key));
            let of = row.as_ref().and_then(|row| loops.remove(row.loop_id.as_ref()?));
            let (rows, tree, approval) = match &of {
                Some(of) => (
                    reader.latest_verifications(&of.id)?,
                    reader.last_checkpoint(&of.id)?.map(|checkpoint| checkpoint.tree),
                    evidence::approval(reader, &of.id)?,
                ),
                None => (Vec::new(), None, None),
            };
            let state = of.as_ref().and_then(|of| loops::state_of(of).ok());
            let evidence = Evidence {
                rows: &rows,
                tree: tree.as_deref(),
                changed: of.as_ref().zip(tree.as_deref()).is_some_and(|(of, tree)| is_changed(of, tree)),
                approval: approval.as_ref(),
                outcome: state.as_ref().and_then(|state| state.outcome.as_ref()),
            };
            let view = task_view(task, row.as_ref(), of.as_ref(), &evidence);
            views.push(seen(reader, view, of.as_ref(), state.as_ref(), Some(task))?);
        }

        let shown: HashSet<&TaskKey> = planned.iter().map(|task| &task.key).collect();
        let mut orphans: Vec<LoopRow> = loops.into_values().filter(|of| of.ended_at.is_none()).collect();
        orphans.sort_by(|a, b| a.id.cmp(&b.id));
        for of in orphans.iter().filter(|of| !shown.contains(&of.task)) {
            if let Some(row) = rows.remove(&of.task) {
                let state = loops::state_of(of).ok();
                views.push(seen(reader, unplanned_view(&row, of), Some(of), state.as_ref(), None)?);
            }
        }
        Ok(views)
    })
}

/// The views of the tasks that are history: in no plan any more, and with no loop that can go on. `shown` are those that are
/// shown elsewhere.
pub fn former_views(reader: &Reader, shown: &HashSet<&TaskKey>) -> Result<Vec<TaskView>> {
    reader.read(|reader| {
        let loops: HashMap<LoopId, LoopRow> =
            reader.last_loops()?.into_iter().map(|row| (row.id.clone(), row)).collect();
        let former = reader.tasks()?.into_iter().filter(|row| !shown.contains(&row.key));
        Ok(former.filter_map(|row| Some(unplanned_view(&row, loops.get(row.loop_id.as_ref()?)?))).collect())
    })
}

/// Finds out what can be done with a task, of what the database has on its loop.
fn seen(
    reader: &Reader,
    view: TaskView,
    of: Option<&LoopRow>,
    state: Option<&LoopState>,
    planned: Option<&PlannedTask>,
) -> Result<Seen> {
    let (iterations, asks, checkout) = match of {
        Some(of) => (
            reader.iterations(&of.id)?,
            loops::open_question(reader, &of.id)?,
            CheckoutSuspect::of(&reader.open_checkout_changes(&of.id)?),
        ),
        None => (Vec::new(), None, None),
    };
    let last = of.map(|row| LastLoop {
        row,
        state,
        iterations: &iterations,
        asks: asks.as_ref(),
        checkout,
        asks_to_merge: offers::asks_to_merge(row),
    });
    let situation = Situation {
        status: view.status,
        waits_for: planned.map_or(&[], |task| &task.waits_for),
        has_repository: true,
        is_planned: planned.is_some(),
        has_open_box: planned.is_some_and(|task| task.has_open_box),
        is_untrusted: false,
        default_limit: planned.map_or(view.max_iterations, |task| task.max_iterations),
        last,
    };
    let needs_you = offers::needs_you(view.status, state);
    Ok(Seen { offers: offers::offers(&situation), view, needs_you })
}

/// Makes the view of a planned task: of its row and its last loop, if it has them, with what proves its work.
pub fn task_view(
    task: &PlannedTask,
    row: Option<&TaskRow>,
    of: Option<&LoopRow>,
    evidence: &Evidence<'_>,
) -> TaskView {
    let mut view = planned_view(task);
    view.reason.clone_from(&task.in_doubt);
    let Some(row) = row else { return view };
    view.status = row.status;
    view.reason = row.reason.as_ref().map(alfine_words::reason);
    view.cause.clone_from(&row.reason);
    view.updated_at = Some(row.updated_at);
    if let Some(of) = of {
        // What proved work that was thrown away proves nothing of what is there.
        if row.status != TaskStatus::Discarded {
            add_evidence(evidence, &mut view.criteria);
            view.proof = evidence.task(row.status);
        }
        add_loop(&mut view, of);
    }
    view
}

/// Makes the view of a task that is in no plan any more.
pub fn unplanned_view(row: &TaskRow, of: &LoopRow) -> TaskView {
    let planned = PlannedTask {
        key: row.key.clone(),
        title: row.title.clone(),
        format: None,
        group: None,
        depends_on: Vec::new(),
        detected: Vec::new(),
        optional: false,
        uri: None,
        range: None,
        status: row.status,
        criteria: Vec::new(),
        agent: String::new(),
        max_iterations: 0,
        waits_for: Vec::new(),
        row: Some(row.key.clone()),
        has_open_box: false,
        in_doubt: None,
    };
    task_view(&planned, Some(row), Some(of), &Evidence::default())
}

fn planned_view(task: &PlannedTask) -> TaskView {
    let criteria = task
        .criteria
        .iter()
        .map(|(text, ticked)| CriterionView {
            text: text.clone(),
            state: if *ticked { CriterionState::Checked } else { CriterionState::Open },
            proof: None,
        })
        .collect();
    TaskView {
        task: task.key.clone(),
        plan: task.key.plan.clone(),
        id: task.key.id.0.clone(),
        title: task.title.clone(),
        format: task.format.clone(),
        group: task.group.clone(),
        depends_on: task.depends_on.iter().map(|id| id.0.clone()).collect(),
        detected_depends_on: task.detected.iter().map(DetectedView::from).collect(),
        optional: task.optional,
        uri: task.uri.clone(),
        range: task.range,
        status: task.status,
        reason: None,
        cause: None,
        proof: None,
        loop_id: None,
        iteration: 0,
        max_iterations: task.max_iterations,
        breaker: Vec::new(),
        gate: None,
        criteria,
        agent: task.agent.clone(),
        cost_usd: None,
        files_changed: 0,
        branch: None,
        worktree: None,
        waiting_until: None,
        updated_at: None,
        shown: None,
    }
}

fn add_loop(view: &mut TaskView, of: &LoopRow) {
    view.loop_id = Some(of.id.clone());
    view.iteration = of.summary.iteration;
    if of.summary.max_iterations > 0 {
        view.max_iterations = of.summary.max_iterations;
    }
    view.breaker.clone_from(&of.summary.breaker);
    view.gate.clone_from(&of.summary.gate);
    view.agent.clone_from(&of.agent);
    view.cost_usd = of.cost_usd;
    view.files_changed = of.summary.files_changed;
    view.branch.clone_from(&of.branch);
    view.worktree = of.worktree.clone().filter(|_| of.isolation == Isolation::Worktree);
    view.waiting_until = of.summary.waiting_until;
    view.updated_at = view.updated_at.max(Some(of.updated_at));
}

fn add_evidence(evidence: &Evidence<'_>, criteria: &mut [CriterionView]) {
    for (index, criterion) in criteria.iter_mut().enumerate() {
        if let Some(state) = evidence.criterion(index, &criterion.text) {
            criterion.state = state;
            criterion.proof = evidence.proof(index, &criterion.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{
        plan::Isolation,
        proof::{Answer, ChangedMaterial, CheckProof, CheckRun, Control, ControlKind, Standing},
    };
    use alfine_files::Layout;
    use alfine_store::{
        CheckpointKind, CheckpointNew, LoopLock, LoopNew, LoopSummary, LoopUpdate, Store, StoreError, Tx,
        VerificationNew,
    };
    use serde_json::json;

    fn planned(id: &str, criteria: &[&str]) -> PlannedTask {
        PlannedTask {
            key: TaskKey::new("PLAN.md", id),
            title: format!("Title of {id}"),
            format: Some("markdown".to_owned()),
            group: None,
            depends_on: Vec::new(),
            detected: Vec::new(),
            optional: false,
            uri: Some("file:///r/PLAN.md".to_owned()),
            range: None,
            status: TaskStatus::Pending,
            criteria: criteria.iter().map(|text| ((*text).to_owned(), *text == "ticked")).collect(),
            agent: "codex".to_owned(),
            max_iterations: 10,
            waits_for: Vec::new(),
            row: Some(TaskKey::new("PLAN.md", id)),
            has_open_box: false,
            in_doubt: None,
        }
    }

    /// The views alone, as they are before anything is worded.
    fn viewed(store: &Store, planned: &[PlannedTask]) -> Vec<TaskView> {
        task_views(store, planned, &|_, _| false).unwrap().into_iter().map(|seen| seen.view).collect()
    }

    fn start(tx: &Tx<'_>, lock: &LoopLock, task: &TaskKey) -> Result<(), StoreError> {
        tx.put_task(task, "Title in the database", 1, TaskStatus::Ready)?;
        let new = LoopNew {
            task,
            agent: "claude",
            model: None,
            isolation: Isolation::Worktree,
            settings: &json!({}),
            state: "{}",
            summary: &LoopSummary::default(),
            forked_from: None,
            plan_run: None,
        };
        tx.create_loop(lock, &new)
    }

    #[test]
    fn a_task_without_a_loop_shows_what_its_plan_says() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Layout::of_common_dir(folder.path())).unwrap().store;
        let views = viewed(&store, &[planned("US-001", &["open", "ticked"])]);
        assert_eq!(
            serde_json::to_value(&views).unwrap(),
            json!([{
                "task": "PLAN.md#US-001",
                "plan": "PLAN.md",
                "id": "US-001",
                "title": "Title of US-001",
                "format": "markdown",
                "uri": "file:///r/PLAN.md",
                "status": "pending",
                "iteration": 0,
                "maxIterations": 10,
                "breaker": [],
                "criteria": [{ "text": "open", "state": "open" }, { "text": "ticked", "state": "checked" }],
                "agent": "codex",
                "filesChanged": 0,
            }])
        );
    }

    #[test]
    fn a_task_with_a_loop_shows_the_loop_and_the_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of_common_dir(folder.path());
        let mut store = Store::open(&layout).unwrap().store;
        let lock = LoopLock::acquire(&layout, &LoopId::generate()).unwrap();
        let task = TaskKey::new("PLAN.md", "US-001");
        let summary = LoopSummary {
            iteration: 3,
            max_iterations: 20,
            waiting_until: Some(Millis(9)),
            files_changed: 2,
            ..LoopSummary::default()
        };
        let limited = Reason::UsageLimit { known: true, message: "resets at 5".to_owned() };
        let update = LoopUpdate {
            status: TaskStatus::Waiting,
            reason: Some(&limited),
            state: "{}",
            summary: &summary,
            cost_usd: Some(0.5),
            tokens: 1,
            ended: false,
        };
        let run = |tree: &str, answer, exit, tests| CheckRun {
            tree: tree.to_owned(),
            answer,
            exit: Some(exit),
            tests,
            millis: None,
        };
        let proof = CheckProof {
            check: "command".to_owned(),
            standing: Standing::Proven,
            work: Some(run("now", Answer::Passed, 0, Some(14))),
            controls: vec![Control {
                control: ControlKind::Base,
                run: run("base", Answer::Failed, 101, None),
            }],
            material: vec![ChangedMaterial { path: "tests/a.rs".to_owned(), was_there: false }],
            opinion: None,
            pictures: Vec::new(),
        };
        let evidence = |text, passed, tree| VerificationNew {
            iteration: 1,
            verifier: "command",
            criterion: Some((7, text)),
            passed,
            required: true,
            weight: 1.0,
            exit: Some(0),
            output: "",
            tree,
            started_at: Millis(1),
            duration_ms: 1,
            answer: if passed { Answer::Passed } else { Answer::Failed },
            tests: None,
            proof: (text == "proven").then_some(&proof),
            findings: &[],
        };
        store
            .write_at(Millis(1000), |tx| {
                start(tx, &lock, &task)?;
                tx.begin_iteration(&lock, 1, None)?;
                tx.add_checkpoint(
                    &lock,
                    &CheckpointNew {
                        n: 1,
                        iteration: Some(1),
                        kind: CheckpointKind::After,
                        commit_id: "c",
                        tree: "now",
                        head: None,
                        reference: "r",
                    },
                )?;
                tx.add_verification(&lock, &evidence("proven", true, "now"))?;
                tx.add_verification(&lock, &evidence("unproven", true, "now"))?;
                tx.add_verification(&lock, &evidence("stale", true, "before"))?;
                tx.add_verification(&lock, &evidence("failed", false, "before"))?;
                tx.save_loop(&lock, &update)
            })
            .unwrap();

        let views = viewed(&store, &[planned("US-001", &["failed", "new", "proven", "stale", "unproven"])]);
        assert_eq!(
            serde_json::to_value(&views).unwrap(),
            json!([{
                "task": "PLAN.md#US-001",
                "plan": "PLAN.md",
                "id": "US-001",
                "title": "Title of US-001",
                "format": "markdown",
                "uri": "file:///r/PLAN.md",
                "status": "waiting",
                "reason": "usage limit: resets at 5",
                "cause": { "kind": "usage_limit", "known": true, "message": "resets at 5" },
                "loopId": lock.loop_id(),
                "iteration": 3,
                "maxIterations": 20,
                "breaker": [],
                "criteria": [
                    { "text": "failed", "state": "failed", "proof": {
                        "green": { "tree": "before", "answer": "failed", "exit": 0, "millis": 1 },
                        "why": "failed: exit status 0 in before",
                    } },
                    { "text": "new", "state": "open" },
                    { "text": "proven", "state": "proven", "proof": {
                        "red": { "tree": "base", "answer": "failed", "exit": 101 },
                        "green": { "tree": "now", "answer": "passed", "exit": 0, "tests": 14 },
                        "material": ["tests/a.rs"],
                        "why": "proven: red at the base, green in now, 14 tests",
                    } },
                    { "text": "stale", "state": "stale", "proof": {
                        "green": { "tree": "before", "answer": "passed", "exit": 0, "millis": 1 },
                        "why": "stale: green in before, and the files have changed since",
                    } },
                    { "text": "unproven", "state": "unproven", "proof": {
                        "green": { "tree": "now", "answer": "passed", "exit": 0, "millis": 1 },
                        "why": "unproven: no control was made, green in now",
                    } },
                ],
                "agent": "claude",
                "costUsd": 0.5,
                "filesChanged": 2,
                "waitingUntil": 9,
                "updatedAt": 1000,
            }])
        );

        store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Discarded, None, true)).unwrap();
        let views = viewed(&store, &[planned("US-001", &["failed", "proven"])]);
        assert!(views[0].criteria.iter().all(|criterion| criterion.state == CriterionState::Open));
    }

    #[test]
    fn a_live_loop_of_a_task_that_left_its_plan_is_still_shown() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of_common_dir(folder.path());
        let mut store = Store::open(&layout).unwrap().store;
        let locks = [(); 2].map(|()| LoopLock::acquire(&layout, &LoopId::generate()).unwrap());
        store
            .write(|tx| {
                start(tx, &locks[0], &TaskKey::new("PLAN.md", "gone"))?;
                start(tx, &locks[1], &TaskKey::new("PLAN.md", "gone and done"))?;
                tx.set_loop_status(&locks[1], TaskStatus::Done, None, true)
            })
            .unwrap();
        let views = viewed(&store, &[planned("US-001", &[])]);
        let shown: Vec<_> = views.iter().map(|view| (view.id.as_str(), view.uri.is_some())).collect();
        assert_eq!(shown, [("US-001", true), ("gone", false)]);
    }
}
