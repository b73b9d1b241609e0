//! What one request sees: the newest snapshot, the open documents, the client, and the time.
//!
//! Handlers are functions of it. An open document overrides the file on the disk.

use crate::protocol::lsp_types::{Position, Url};
use crate::{
    client::ClientView,
    document::{Document, Documents},
    position::Encoding,
    snapshot::{Checkout, Snapshot, TaskPicture},
};
use alfine_core::{
    budget::Short,
    chain::{self, OpenStages},
    detect::Detection,
    identity::{self, Identities, Was, Written},
    lint::Checks,
    plan::{self, Mark, Names, Plan, Task},
    plan_run::RunState,
    task::{TaskId, TaskKey, TaskStatus},
    time::Moment,
};
use alfine_engine::view::{PlannedTask, ViewPlace, ViewRange};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// What one request sees.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    /// What was last known.
    pub snapshot: Arc<Snapshot>,
    /// The open documents.
    pub documents: Arc<Documents>,
    /// The client.
    pub client: Arc<ClientView>,
    /// The time of the request.
    pub now: Moment,
}

impl Picture {
    /// A moment as a clock on the user's wall shows it; with the date if that is another day.
    pub(crate) fn clock(&self, at: Moment) -> String {
        let zone = self.client.zone.clone().unwrap_or_else(TimeZone::system);
        let now = Timestamp::from_millisecond(self.now.0).unwrap_or_default();
        alfine_words::clock_to_the_minute(at, &now.to_zoned(zone))
    }

    /// An open document. One file has many URIs: clients escape different characters, and paths lead by links.
    pub(crate) fn open(&self, uri: &Url) -> Option<&Arc<Document>> {
        self.documents.get(uri).or_else(|| self.open_at(&uri.to_file_path().ok()?))
    }

    /// The open document of a file.
    pub(crate) fn open_at(&self, path: &Path) -> Option<&Arc<Document>> {
        self.documents.values().find(|document| {
            let linked = || self.snapshot.linked.get(&document.uri).is_some_and(|linked| linked == path);
            document.path.as_deref() == Some(path) || linked()
        })
    }

    /// A document, as it is open or, where it is a plan or `alfine.toml`, as it lies on the disk.
    pub(crate) fn document(&self, uri: &Url) -> Option<&Arc<Document>> {
        if let Some(open) = self.open(uri) {
            return Some(open);
        }
        let (checkout, name) = self.snapshot.place(uri)?;
        if name == "alfine.toml" {
            return checkout.settings_file.as_ref();
        }
        checkout.plans.get(&name)
    }

    /// The plan with this URI; `None` if the document is not a plan.
    pub(crate) fn plan(&self, uri: &Url) -> Option<PlanView<'_>> {
        let document = self.document(uri)?;
        let Some((checkout, name)) = self.snapshot.place(uri) else {
            let name = document.path.as_ref()?.file_name()?.to_str()?.to_owned();
            let outside = PlanView { document, checkout: None, name };
            return plan::is_plan(&outside.name, &document.text).then_some(outside);
        };
        checkout.is_plan(&name, &document.text).then_some(PlanView {
            document,
            checkout: Some(checkout),
            name,
        })
    }

    /// Says whether a document is a repository's settings file, or an open one outside of any repository.
    pub(crate) fn is_settings(&self, uri: &Url) -> bool {
        match self.snapshot.place(uri) {
            Some((_, name)) => name == "alfine.toml",
            None => uri.path_segments().and_then(Iterator::last) == Some("alfine.toml"),
        }
    }

    /// Says whether a plan is a loop's copy of one that the user has in another working tree.
    pub(crate) fn is_copy(&self, plan: &PlanView<'_>) -> bool {
        plan.checkout.is_some_and(|own| {
            let is_users =
                |other: &Arc<Checkout>| !other.is_loops && other.place.common_dir == own.place.common_dir;
            own.is_loops && self.snapshot.checkouts.iter().any(is_users)
        })
    }

    /// All plans: those that are open, and those on the disk that are not. Of several working trees of a repository,
    /// the tree that the user works in comes first.
    pub(crate) fn plans(&self) -> Vec<PlanView<'_>> {
        let mut plans: BTreeMap<(&Path, String), PlanView<'_>> = BTreeMap::new();
        let open = self.documents.keys().filter_map(|uri| self.plan(uri));
        let closed = self.snapshot.checkouts.iter().flat_map(|checkout| {
            checkout.plans.iter().map(move |(name, document)| PlanView {
                document,
                checkout: Some(checkout),
                name: name.clone(),
            })
        });
        for plan in open.chain(closed) {
            let root = plan.checkout.map_or(Path::new(""), |checkout| checkout.place.root.as_path());
            plans.entry((root, plan.name.clone())).or_insert(plan);
        }
        let mut plans: Vec<PlanView<'_>> = plans.into_values().collect();
        plans.sort_by_key(|plan| plan.checkout.map(|checkout| checkout.rank()));
        plans
    }
}

/// A plan, as it is seen now.
#[derive(Debug, Clone)]
pub(crate) struct PlanView<'p> {
    /// Its document.
    pub document: &'p Arc<Document>,
    /// The working tree that it is in; `None` outside any repository.
    pub checkout: Option<&'p Arc<Checkout>>,
    /// Its path from the repository's root, `/` separated.
    pub name: String,
}

impl PlanView<'_> {
    /// What its tasks were found to depend on, where the settings want that.
    pub(crate) fn detection(&self) -> Arc<Detection> {
        match self.checkout {
            Some(checkout) if checkout.config.dependencies.detect => {
                self.document.detection(&checkout.lint_options)
            }
            Some(_) | None => Arc::default(),
        }
    }

    /// What its checks would be run with.
    pub(crate) fn checks(&self) -> Checks {
        self.checkout.map_or_else(Checks::default, |checkout| checkout.checks(&self.name))
    }
}

/// A task of a plan, as it is seen now.
#[derive(Debug, Clone)]
pub(crate) struct SeenTask<'p> {
    /// As the plan has it.
    pub task: &'p Task,
    /// The task's key. If the plan was edited since the task was started, the key with which it was started.
    pub key: TaskKey,
    /// What the database knows of it.
    pub known: Option<&'p Arc<TaskPicture>>,
    /// Where it is.
    pub status: TaskStatus,
    /// What it still waits for; nothing once it was started.
    pub waits_for: Vec<TaskId>,
    /// What it depends on, done or not.
    pub depends_on: Vec<TaskId>,
}

impl<'p> PlanView<'p> {
    /// What the document says.
    pub(crate) fn plan(&self) -> &'p Plan {
        self.document.plan()
    }

    /// The budget that holds its run up; `None` if none does.
    pub(crate) fn short(&self) -> Option<Short> {
        let run = self.checkout?.store.runs.get(&self.name)?;
        run.money.short.filter(|_| run.state == RunState::NeedsInput)
    }

    /// Whether a task has a box that is not ticked.
    pub(crate) fn has_open_box(&self, task: &Task) -> bool {
        !self.plan().tick(&self.document.text, task).is_empty()
    }

    /// The tasks, in the order of the document.
    pub(crate) fn tasks(&self) -> Vec<SeenTask<'p>> {
        self.seen(&self.plan().tasks, |_| true)
    }

    /// The tasks that have a row, in the order of the document. Cheaper than all tasks, since these wait for nothing.
    pub(crate) fn known_tasks(&self) -> Vec<SeenTask<'p>> {
        self.seen(&self.plan().tasks, |known| known.is_some())
    }

    fn seen(
        &self,
        tasks: &'p [Task],
        is_wanted: impl Fn(Option<&'p Arc<TaskPicture>>) -> bool,
    ) -> Vec<SeenTask<'p>> {
        let plan = self.plan();
        let (known, identities) = (self.rows(), self.identities());
        let row = |task: &Task| match identities.of(&task.id) {
            Was::Same(old) => known.and_then(|known| known.get(old)),
            Was::Perhaps(_) | Was::New => None,
        };
        let settled: HashSet<&TaskId> = plan
            .tasks
            .iter()
            .filter(|task| row(task).is_some_and(|known| known.row.status.satisfies_dependents()))
            .map(|task| &task.id)
            .collect();
        let names = Names::new(plan);
        let stages = OpenStages::told(plan, |id| settled.contains(id));
        let seen = |task: &'p Task| {
            let known = Some(row(task)).filter(|known| is_wanted(*known))?;
            let mut waits_for = Vec::new();
            let status = match known {
                Some(known) => known.row.status,
                None if task.mark == Mark::Done => TaskStatus::Done,
                None if task.mark == Mark::Dropped => TaskStatus::Skipped,
                None => {
                    waits_for =
                        chain::open_dependencies(plan, &names, &stages, task, |id| settled.contains(id));
                    if waits_for.is_empty() { TaskStatus::Ready } else { TaskStatus::Pending }
                }
            };
            let key = known.map_or_else(
                || TaskKey::new(self.name.clone(), task.id.0.clone()),
                |known| known.row.key.clone(),
            );
            let depends_on = chain::dependencies(plan, &names, task);
            Some(SeenTask { task, key, known, status, waits_for, depends_on })
        };
        tasks.iter().filter_map(seen).collect()
    }

    /// The task at a byte of the document.
    pub(crate) fn task_at(&self, offset: usize) -> Option<SeenTask<'p>> {
        let tasks = &self.plan().tasks;
        let at = tasks.iter().rposition(|task| {
            task.span.start.min(task.title_span.start) <= offset
                && offset <= task.span.end.max(task.title_span.end)
        })?;
        self.seen(tasks.get(at..=at)?, |_| true).pop()
    }

    /// The tasks with a loop that can go on whose heading is no longer in the document, not even under another name.
    pub(crate) fn gone(&self) -> Vec<&'p Arc<TaskPicture>> {
        let identities = self.identities();
        let live = self.rows().into_iter().flatten().filter(|(_, task)| task.live().is_some());
        let mut gone: Vec<_> =
            live.filter(|(id, _)| identities.now(id).is_none()).map(|(_, task)| task).collect();
        gone.sort_by(|one, other| one.row.key.cmp(&other.row.key));
        gone
    }

    fn rows(&self) -> Option<&'p HashMap<TaskId, Arc<TaskPicture>>> {
        self.checkout?.store.tasks.get(&self.name)
    }

    /// Which task of the document each row is. The rows have the ids of the file on the disk; what is open may be another
    /// text.
    fn identities(&self) -> Identities {
        let (Some(checkout), Some(known)) = (self.checkout, self.rows()) else {
            return Identities::default();
        };
        let mut rows: Vec<Written> = known.values().map(|task| task.row.written()).collect();
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        let on_disk = checkout.plans.get(&self.name).filter(|there| !Arc::ptr_eq(there, self.document));
        match on_disk {
            Some(there) => identity::identify(self.plan(), &identity::outline(there.plan()), &rows),
            None => identity::identify(self.plan(), checkout.store.outline(&self.name), &rows),
        }
    }
}

impl SeenTask<'_> {
    /// The task's title, behind its id if the plan gives the task one.
    pub(crate) fn title(&self) -> String {
        match self.task.title.trim() {
            "" => self.task.id.0.clone(),
            title if self.task.explicit_id => format!("{}: {title}", self.task.id),
            title => title.to_owned(),
        }
    }

    /// The task's part of what every watcher shows, settings of its fields included.
    pub(crate) fn planned(&self, plan: &PlanView<'_>, encoding: Encoding) -> PlannedTask {
        let range = plan.document.range(self.task.title_span, encoding);
        let place = |at: Position| ViewPlace { line: at.line, character: at.character };
        let config = plan.checkout.map(|checkout| checkout.config.clone()).unwrap_or_default();
        let (key, waits_for) = (self.key.clone(), self.waits_for.clone());
        let doubtful = plan.checkout.and_then(|checkout| checkout.store.in_doubt.get(&key));
        PlannedTask {
            has_open_box: plan.has_open_box(self.task),
            depends_on: self.depends_on.clone(),
            detected: plan.detection().of(&self.task.id).to_vec(),
            in_doubt: doubtful.map(|before| {
                let row = &before.row;
                alfine_words::same_task(&key, &self.task.title, &row.key, &row.title, row.status)
            }),
            uri: Some(plan.document.uri.to_string()),
            range: Some(ViewRange { start: place(range.start), end: place(range.end) }),
            ..PlannedTask::new(key, self.task, plan.plan(), &config, waits_for)
        }
    }
}
