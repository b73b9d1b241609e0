//! The picture that handlers read: what the database, git and the disk said when somebody last looked.
//!
//! Immutable. Only the keeper makes one, on a thread of its own, whenever something changed; a handler takes
//! the newest and never waits. Never knows what is shown of it.

use crate::document::Document;
use crate::protocol::lsp_types::Url;
use alfine_config::{Config, ConfigProblem, trust::TrustItem};
use alfine_core::{
    at_head::AtHead,
    finding::Severity,
    identity::Written,
    lint::{Checks, LintOptions},
    machine::LoopState,
    plan::{self, Here},
    plan_run::{RunMoney, RunState},
    reason::Reason,
    task::{TaskId, TaskKey},
};
use alfine_engine::{checks, evidence::Evidence, project::plan_files};
use alfine_store::{ApprovalRow, CheckoutChangeRow, IterationRow, LoopRow, RunRow, TaskRow, VerificationRow};
use globset::GlobSet;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// All that is known at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The working trees of the client's folders and open files, those further inside first.
    pub checkouts: Vec<Arc<Checkout>>,
    /// Where open documents lie whose names lead there by links; the others are found by their path.
    pub linked: HashMap<Url, PathBuf>,
}

impl Snapshot {
    /// Every task whose loop is live, with the loop and where it is.
    pub fn live(&self) -> impl Iterator<Item = (&Arc<Checkout>, &TaskPicture, &LoopPicture)> {
        self.checkouts.iter().flat_map(|checkout| {
            checkout.store.all().filter_map(move |task| Some((checkout, task.as_ref(), task.live()?)))
        })
    }

    /// The working tree that a file lies in, and the file's name there: its path from the root, `/` separated.
    pub fn place(&self, uri: &Url) -> Option<(&Arc<Checkout>, String)> {
        let path = match self.linked.get(uri) {
            Some(path) => path.clone(),
            None => uri.to_file_path().ok()?,
        };
        self.checkouts.iter().find_map(|checkout| Some((checkout, checkout.place.name_of(&path)?)))
    }
}

/// Where a working tree is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its root, as the client names it.
    pub root: PathBuf,
    /// The root without links; the same as `root` where there are none.
    pub real_root: PathBuf,
    /// The git folder that all worktrees of the repository share; says which database it is.
    pub common_dir: PathBuf,
}

impl Place {
    /// A file's name here; none outside.
    pub(crate) fn name_of(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.root).or_else(|_| path.strip_prefix(&self.real_root)).ok()?;
        plan_files::name_of(inside)
    }

    /// The name of the file that a name leads to, through links; none if that lies outside.
    pub(crate) fn real_name_of(&self, name: String) -> Option<String> {
        match self.real_root.join(&name).canonicalize() {
            Ok(real) => self.name_of(&real),
            Err(_) => Some(name),
        }
    }

    /// Says whether it is the repository's main one.
    pub(crate) fn is_main(&self) -> bool {
        self.common_dir.parent() == Some(self.real_root.as_path())
    }
}

/// One working tree: of a repository, or of one of its linked worktrees.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// Where it is.
    pub place: Place,
    /// A workspace folder of the client is in it.
    pub is_folder: bool,
    /// Alfine made it, for a loop to work in.
    pub is_loops: bool,
    /// The settings that hold here, as far as they are valid.
    pub config: Arc<Config>,
    /// The options of the lints, of the same settings.
    pub lint_options: Arc<LintOptions>,
    /// What is there to run for checks.
    pub here: Here,
    /// What is wrong with the settings.
    pub problems: Vec<ConfigProblem>,
    /// The globs of `plans`.
    pub globs: GlobSet,
    /// The plans as they lie on the disk, by their names.
    pub plans: BTreeMap<String, Arc<Document>>,
    /// Why plans on the disk are not among them, by their names: a part of a sentence.
    pub unreadable: BTreeMap<String, String>,
    /// `alfine.toml` as it lies on the disk.
    pub settings_file: Option<Arc<Document>>,
    /// What the tasks of a plan would run that nobody allowed yet, by the plan's name; nothing if all is allowed.
    pub untrusted: HashMap<String, Vec<TrustItem>>,
    /// What the database says.
    pub store: Arc<StorePicture>,
    /// Warnings from opening the database, such as one that was set aside or cannot be read.
    pub notices: Vec<String>,
}

impl Checkout {
    /// The URI of any plan here: it tells a command which repository is meant.
    pub(crate) fn uri_of(&self, plan: &str) -> Option<Url> {
        Url::from_file_path(self.place.root.join(plan)).ok()
    }

    /// Its rank among the working trees of its repository: the lowest is the tree that the user works in.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        (self.is_loops, !self.is_folder, !self.place.is_main())
    }

    /// What the checks of a plan would be run with.
    pub(crate) fn checks(&self, plan: &str) -> Checks {
        Checks {
            folder: checks::folder(&self.config, plan),
            plan: plan.to_owned(),
            here: self.here.clone(),
            at_head: self.at_head(plan),
        }
    }

    /// What the checks of a plan are known to answer on the last commit here.
    fn at_head(&self, plan: &str) -> Arc<AtHead> {
        let of_plans = self.store.at_head.get(&self.place.root);
        of_plans.and_then(|plans| plans.get(plan)).cloned().unwrap_or_default()
    }

    /// Says whether a file with this text is a plan.
    pub fn is_plan(&self, name: &str, text: &str) -> bool {
        self.globs.is_match(name) || self.plans.contains_key(name) || plan::is_plan(name, text)
    }
}

/// What a repository's database says.
#[derive(Debug, Clone, Default)]
pub struct StorePicture {
    /// The place of the last change that is in it.
    pub seq: i64,
    /// The tasks that have a row, by plan and id: in a working tree the id that the task has in its document there.
    pub tasks: HashMap<String, HashMap<TaskId, Arc<TaskPicture>>>,
    /// The tasks of the documents as they were when they were last noted down, by plan.
    pub outlines: HashMap<String, Arc<Vec<Written>>>,
    /// The last run of each plan that was run as a whole, by plan.
    pub runs: HashMap<String, RunPicture>,
    /// The plans some of whose tasks have another id in the database than here.
    pub renamed: HashSet<String>,
    /// What the checks of plans are known to answer on the last commit, by working tree and plan.
    pub at_head: HashMap<PathBuf, HashMap<String, Arc<AtHead>>>,
    /// The rows of tasks that may be another one, in other words, by the key of that one here.
    pub in_doubt: HashMap<TaskKey, Arc<TaskPicture>>,
}

/// The run of a plan as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPicture {
    /// How far it is, as it was last written down.
    pub state: RunState,
    /// What it costs, and may cost.
    pub money: RunMoney,
    /// The branch of its own that its tasks land on.
    pub branch: Option<String>,
}

impl StorePicture {
    /// A task, if it was ever written down.
    pub fn task(&self, key: &TaskKey) -> Option<&Arc<TaskPicture>> {
        self.tasks.get(&key.plan)?.get(&key.id)
    }

    /// The tasks of a document as they were when they were last noted down.
    pub(crate) fn outline(&self, plan: &str) -> &[Written] {
        self.outlines.get(plan).map(|outline| outline.as_slice()).unwrap_or_default()
    }

    /// All tasks, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<TaskPicture>> {
        self.tasks.values().flat_map(HashMap::values)
    }
}

/// A task that was written down.
#[derive(Debug, Clone)]
pub struct TaskPicture {
    /// Its row.
    pub row: TaskRow,
    /// Its live loop, or its last one.
    pub last: Option<LoopPicture>,
}

impl TaskPicture {
    /// The loop, if it runs or can go on.
    pub fn live(&self) -> Option<&LoopPicture> {
        self.last.as_ref().filter(|last| last.row.ended_at.is_none())
    }

    /// Why the task has its status. If the row has only an older version's words for that, or none, the loop's state
    /// says it.
    pub fn reason(&self) -> Option<Cow<'_, Reason>> {
        let row = self.row.reason.as_ref();
        let state = self.last.as_ref().and_then(|last| last.state.as_ref());
        match (row, state) {
            (None | Some(Reason::Told { .. }), Some(state)) if state.status() == self.row.status => {
                state.reason().map(Cow::Owned).or(row.map(Cow::Borrowed))
            }
            _ => row.map(Cow::Borrowed),
        }
    }
}

/// A loop, with what is shown of it.
#[derive(Debug, Clone)]
pub struct LoopPicture {
    /// Its row; `state` and `settings` are left out.
    pub row: LoopRow,
    /// The state of the loop's machine; `None` if it cannot be read.
    pub state: Option<LoopState>,
    /// Its iterations, in order.
    pub iterations: Vec<IterationRow>,
    /// The latest result of each verifier, for each criterion that it proves.
    pub evidence: Vec<VerificationRow>,
    /// The tree of its last checkpoint; evidence of another tree is stale.
    pub tree: Option<String>,
    /// Whether its work was changed since.
    pub changed: bool,
    /// The last time that the user took its work as it was.
    pub approval: Option<ApprovalRow>,
    /// The question that nobody has answered yet.
    pub asks: Option<ApprovalRow>,
    /// Whether it is the user who merges its work, once they have taken it.
    pub asks_to_merge: bool,
    /// What changed in the user's checkout while its agent ran, as long as the user has not settled it; without the
    /// states before and after.
    pub checkout: Vec<CheckoutChangeRow>,
    /// The last process of its agent.
    pub last_run: Option<RunRow>,
    /// The source lines that its blockers and findings name.
    pub marks: Vec<Mark>,
}

impl LoopPicture {
    /// What proves its work.
    pub fn proof(&self) -> Evidence<'_> {
        Evidence {
            rows: &self.evidence,
            tree: self.tree.as_deref(),
            changed: self.changed,
            approval: self.approval.as_ref(),
            outcome: self.state.as_ref().and_then(|state| state.outcome.as_ref()),
        }
    }
}

/// A source line that a blocker or a finding names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What names it.
    pub kind: MarkKind,
    /// The file to show it in: the user's own where its content is the same as the agent's, otherwise the worktree's.
    pub uri: Url,
    /// The line, from 0.
    pub line: usize,
    /// The line's text, without its end.
    pub text: String,
    /// The column in characters, from 0; `None` if only the line is named.
    pub column: Option<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// The tool's name for this kind of problem.
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// What names a source line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkKind {
    /// The agent, in its gate.
    Blocker,
    /// A verifier.
    Finding {
        /// Its name.
        verifier: String,
    },
}
