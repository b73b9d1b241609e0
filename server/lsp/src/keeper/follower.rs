//! The thread that follows one repository's database: makes a [`StorePicture`] and reads again what changed in it.
//!
//! Never creates a database.

use super::{board::Board, marks::marks, ticket::Ticket};
use crate::client::EDITOR;
use crate::lock::lock;
use crate::snapshot::{LoopPicture, RunPicture, StorePicture, TaskPicture};
use alfine_core::{
    at_head::AtHead,
    identity::Written,
    machine::LoopState,
    plan_run::RunState,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{Error, at_head, evidence, loops, offers, plan_run, project::Project};
use alfine_files::Layout;
use alfine_git::Repository;
use alfine_store::{
    Change, Changes, CheckoutChangeRow, Event, EventKind, Feed, LoopId, LoopLock, LoopRow, Millis,
    PlanRunRow, Reader, StoreError, TaskRow, VerificationRow, Waker,
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::{Duration, Instant},
};

/// The kinds of changes that can be seen in the editor. What an agent prints is not among them.
const SHOWN: &[Change] = &[
    Change::Plan,
    Change::PlanRun,
    Change::Task,
    Change::LoopCreated,
    Change::Loop,
    Change::LoopInterrupted,
    Change::LoopForgotten,
    Change::IterationBegan,
    Change::IterationEnded,
    Change::RunBegan,
    Change::RunEnded,
    Change::Checkpoint,
    Change::Checkout,
    Change::Verified,
    Change::Asked,
    Change::Answered,
    Change::CheckAnswered,
];
/// How long changes are gathered after one was published.
const GATHER: Duration = Duration::from_millis(60);
/// How long costs and the like are gathered: what changes with every word of an agent.
const GATHER_SMALL: Duration = Duration::from_millis(500);
/// How often the runners of loops are looked for.
const RUNNERS: Duration = Duration::from_secs(1);
/// How long after a failure the database is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How much of a verifier's output is kept, in bytes from its end.
const OUTPUT: usize = 8 << 10;

/// A handle of the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Follower {
    waker: Waker,
    told: Arc<Mutex<Told>>,
}

/// What the thread receives.
#[derive(Debug, Default)]
struct Told {
    tickets: Vec<Ticket>,
    roots: Vec<PathBuf>,
    /// Files that marks are in may have changed.
    sources_changed: bool,
    /// Files that were saved, made or removed.
    touched: Vec<PathBuf>,
    /// What came of ending a dead runner's leftovers.
    buried: Option<Result<Vec<String>, ()>>,
}

impl Follower {
    /// Follows the database of a git folder. `roots` are its working trees that the client has open.
    pub(super) fn start(
        common_dir: &Path,
        roots: Vec<PathBuf>,
        board: Arc<Board>,
        alive: Sender<()>,
    ) -> io::Result<Self> {
        let layout = Layout::of_common_dir(common_dir);
        // No change has such a high number. So the feed takes the database for a replaced one, and the thread begins by
        // reading everything.
        let feed = Feed::new(&layout, i64::MAX).patient().only(SHOWN);
        let told = Arc::new(Mutex::new(Told { roots, ..Told::default() }));
        let follower = Self { waker: feed.waker(), told: told.clone() };
        let thread = Thread {
            common_dir: common_dir.to_owned(),
            waker: feed.waker(),
            layout,
            roots: Vec::new(),
            feed,
            told,
            board,
            picture: StorePicture::default(),
            notices: Vec::new(),
            failure: None,
            stale: false,
            change: Extent::None,
            published: None,
            runners_seen: None,
            buries: Arc::new(AtomicBool::new(false)),
            bury_after: None,
            work_seen: HashMap::new(),
            touched: Vec::new(),
            heads_seen: HashMap::new(),
            answers_changed: true,
            held: Vec::new(),
        };
        thread::Builder::new().name("alfine-store".to_owned()).spawn(move || {
            let _alive = alive;
            thread.run();
        })?;
        Ok(follower)
    }

    /// Looks now. The ticket is dropped when what is there has been published.
    pub(super) fn look(&self, ticket: Ticket) {
        lock(&self.told).tickets.push(ticket);
        self.waker.ask();
    }

    /// The client has these working trees open now.
    pub(super) fn set_roots(&self, roots: Vec<PathBuf>) {
        let mut told = lock(&self.told);
        if told.roots != roots {
            told.roots = roots;
            told.sources_changed = true;
            self.waker.ask();
        }
    }

    /// There may be another last commit in one of its working trees.
    pub(super) fn head_moved(&self) {
        self.waker.ask();
    }

    /// Some files changed, perhaps of its working trees.
    pub(super) fn touched(&self, paths: &[PathBuf]) {
        let mut told = lock(&self.told);
        told.sources_changed = true;
        told.touched.extend_from_slice(paths);
        drop(told);
        self.waker.ask();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.waker.stop();
    }
}

/// How much changed since the last picture was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    None,
    /// Times, costs, tokens, the machine's own counters.
    Small,
    Large,
}

/// The thread's state.
#[derive(Debug)]
struct Thread {
    common_dir: PathBuf,
    layout: Layout,
    roots: Vec<PathBuf>,
    feed: Feed,
    waker: Waker,
    told: Arc<Mutex<Told>>,
    board: Arc<Board>,
    picture: StorePicture,
    notices: Vec<String>,
    failure: Option<String>,
    /// Everything has to be read again.
    stale: bool,
    change: Extent,
    published: Option<Instant>,
    runners_seen: Option<Instant>,
    /// Leftovers are being ended.
    buries: Arc<AtomicBool>,
    /// When it may be tried again.
    bury_after: Option<Instant>,
    /// With which last tree the work of a loop that is done was looked at.
    work_seen: HashMap<LoopId, Option<String>>,
    touched: Vec<PathBuf>,
    /// The last commit of each working tree for which it was looked up what checks answer.
    heads_seen: HashMap<PathBuf, String>,
    /// Checks answered since.
    answers_changed: bool,
    held: Vec<Ticket>,
}

/// Which parts of a loop have to be read again. Its row always is.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    iterations: bool,
    evidence: bool,
    tree: bool,
    asks: bool,
    checkout: bool,
    last_run: bool,
}

impl Parts {
    const ALL: Self =
        Self { iterations: true, evidence: true, tree: true, asks: true, checkout: true, last_run: true };

    fn add(&mut self, kind: &EventKind) {
        let EventKind::Change(change) = kind else { return };
        match change {
            Change::IterationBegan | Change::IterationEnded => self.iterations = true,
            Change::Verified => self.evidence = true,
            Change::Checkpoint => self.tree = true,
            Change::Checkout => self.checkout = true,
            Change::Asked | Change::Answered => self.asks = true,
            Change::RunBegan | Change::RunEnded => self.last_run = true,
            _ => {}
        }
    }
}

impl Thread {
    fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => {
                    tracing::error!(
                        "following {} failed by a defect of Alfine; it is tried again",
                        self.layout.root().display()
                    );
                    self.held.clear();
                    self.stale = true;
                    self.feed.rest(RETRY);
                }
            }
        }
    }

    /// Waits for changes and publishes them; false at the end.
    fn turn(&mut self) -> bool {
        self.listen();
        let news = self.feed.wait(self.longest());
        let (is_quiet, has_events) =
            (matches!(news, Ok(Changes::Quiet) | Err(_)), matches!(news, Ok(Changes::Events(_))));
        let done = match news {
            Ok(Changes::Stopped) => return false,
            Err(error) => Err(error),
            Ok(Changes::Events(events)) if !self.stale => self.read_some(&events),
            Ok(Changes::Quiet) if !self.stale => Ok(()),
            Ok(_) => self.read_all(),
        };
        let failed = done.is_err();
        self.note(done);
        self.look_at_work();
        self.look_at_answers();
        self.look_for_runners();
        if self.is_due() || (is_quiet && !self.held.is_empty()) {
            self.publish();
        }
        if is_quiet {
            // Everything that was there when the tickets came has been read by now.
            self.held.clear();
        }
        if failed {
            self.feed.doze(RETRY);
        }
        if failed || has_events {
            self.feed.rest(GATHER);
        }
        true
    }

    fn listen(&mut self) {
        let mut told = lock(&self.told);
        let sources_changed = mem::take(&mut told.sources_changed);
        self.roots.clone_from(&told.roots);
        self.held.append(&mut told.tickets);
        self.touched.append(&mut told.touched);
        match told.buried.take() {
            Some(Ok(notices)) if self.notices != notices => {
                self.notices = notices;
                self.change = Extent::Large;
            }
            Some(Err(())) => self.bury_after = Some(Instant::now() + RETRY),
            _ => {}
        }
        drop(told);
        if sources_changed {
            self.mark_again();
        }
    }

    /// Looks whether the work of the loops that are done was changed since, where that was not looked at yet, or where files
    /// were touched.
    fn look_at_work(&mut self) {
        let touched = mem::take(&mut self.touched);
        let seen = &self.work_seen;
        let is_due = |last: &&LoopPicture| {
            let worktree = last.row.worktree.as_deref().map(Path::new);
            last.row.status == TaskStatus::Done
                && (seen.get(&last.row.id) != Some(&last.tree)
                    || worktree.is_some_and(|root| touched.iter().any(|path| path.starts_with(root))))
        };
        let due: Vec<(TaskKey, LoopId, Option<String>)> = (self.picture.all())
            .filter_map(|task| task.last.as_ref().filter(is_due))
            .map(|last| (last.row.task.clone(), last.row.id.clone(), last.tree.clone()))
            .collect();
        let (false, Some(root), Some(reader)) = (due.is_empty(), self.roots.first(), self.feed.reader())
        else {
            return;
        };
        let Ok(repository) = Repository::discover(root) else { return };
        for (key, id, tree) in due {
            // The picture's row is without the settings, which say what was brought into the worktree.
            let Ok(Some(row)) = reader.loop_(&id) else { continue };
            let changed = (tree.as_deref())
                .is_some_and(|tree| evidence::is_changed(&repository, &self.layout, &row, tree));
            let of_plan = self.picture.tasks.get_mut(&key.plan);
            if let Some(task) = of_plan.and_then(|tasks| tasks.get_mut(&key.id))
                && task.last.as_ref().is_some_and(|last| last.changed != changed)
                && let Some(last) = &mut Arc::make_mut(task).last
            {
                last.changed = changed;
                self.change = Extent::Large;
            }
            self.work_seen.insert(id, tree);
        }
    }

    /// Looks what checks are known to answer on the last commit of each working tree, where that is another one now, or where
    /// checks answered.
    fn look_at_answers(&mut self) {
        let Some(reader) = self.feed.reader() else { return };
        let mut plans: Option<Vec<String>> = None;
        let roots: HashSet<&PathBuf> = self.roots.iter().collect();
        self.heads_seen.retain(|root, _| roots.contains(root));
        let before = self.picture.at_head.len();
        self.picture.at_head.retain(|root, _| roots.contains(root));
        let mut is_other = self.picture.at_head.len() != before;
        for root in &self.roots {
            let Ok(repository) = Repository::discover(root) else { continue };
            let Ok((head, _)) = repository.head() else { continue };
            if !self.answers_changed && self.heads_seen.get(root) == Some(&head) {
                continue;
            }
            let plans = plans.get_or_insert_with(|| reader.plans_with_answers().unwrap_or_default());
            let known = plans.iter().filter_map(|plan| {
                let known = at_head::at(reader, &repository, &head, plan).ok()?;
                (!known.is_empty()).then(|| (plan.clone(), Arc::new(known)))
            });
            let known: HashMap<String, Arc<AtHead>> = known.collect();
            let old = match known.is_empty() {
                true => self.picture.at_head.remove(root),
                false => self.picture.at_head.insert(root.clone(), known.clone()),
            };
            is_other |= old.unwrap_or_default() != known;
            self.heads_seen.insert(root.clone(), head);
        }
        self.answers_changed = false;
        if is_other {
            self.change = Extent::Large;
        }
    }

    fn mark_again(&mut self) {
        let (roots, mut is_other) = (&self.roots, false);
        for task in self.picture.tasks.values_mut().flat_map(HashMap::values_mut) {
            let Some(last) = &task.last else { continue };
            let marks = marks(&last.row, &last.evidence, roots);
            if marks != last.marks {
                is_other = true;
                if let Some(last) = &mut Arc::make_mut(task).last {
                    last.marks = marks;
                }
            }
        }
        if is_other {
            self.change = Extent::Large;
        }
    }

    /// How long to wait at most; none for as long as nothing happens.
    fn longest(&self) -> Option<Duration> {
        if self.stale || !self.held.is_empty() {
            return Some(Duration::ZERO);
        }
        let runners = self.suspects().next().map(|_| RUNNERS);
        let change = match self.change {
            Extent::None => None,
            Extent::Small => self.published.map(|at| GATHER_SMALL.saturating_sub(at.elapsed())),
            Extent::Large => Some(Duration::ZERO),
        };
        runners.into_iter().chain(change).min()
    }

    fn is_due(&self) -> bool {
        match self.change {
            Extent::None => false,
            Extent::Small => self.published.is_none_or(|at| at.elapsed() >= GATHER_SMALL),
            Extent::Large => true,
        }
    }

    fn publish(&mut self) {
        if mem::replace(&mut self.change, Extent::None) == Extent::None {
            return;
        }
        self.published = Some(Instant::now());
        let notices = self.notices.iter().chain(&self.failure).cloned().collect();
        self.board.put_store(&self.common_dir, Arc::new(self.picture.clone()), notices);
    }

    fn note(&mut self, done: Result<(), StoreError>) {
        self.stale = done.is_err();
        let failure = done.err().map(|error| {
            tracing::warn!("{}: {error}", self.layout.root().display());
            let error = Error::from(error);
            let message = error.message_for(EDITOR);
            match error.hint_for(EDITOR) {
                Some(hint) => format!("{message}; {hint}"),
                None => message,
            }
        });
        if failure != self.failure {
            self.failure = failure;
            self.change = Extent::Large;
        }
    }

    fn read_all(&mut self) -> Result<(), StoreError> {
        let Some(reader) = self.feed.reader() else {
            self.picture = StorePicture::default();
            self.change = Extent::Large;
            return Ok(());
        };
        let mut picture = StorePicture::default();
        let leftovers = reader.read(|reader| -> Result<_, StoreError> {
            picture.seq = reader.last_seq()?;
            picture.outlines = outlines(reader)?;
            picture.runs = runs(reader)?;
            let mut loops: HashMap<LoopId, LoopRow> =
                reader.last_loops()?.into_iter().map(|row| (row.id.clone(), row)).collect();
            for row in reader.tasks()? {
                let last = row.loop_id.as_ref().and_then(|id| loops.remove(id));
                let last =
                    last.map(|last| read_loop(reader, last, None, Parts::ALL, &self.roots)).transpose()?;
                put(&mut picture, TaskPicture { row, last });
            }
            reader.open_runs()
        })?;
        picture.at_head = mem::take(&mut self.picture.at_head);
        self.picture = picture;
        self.answers_changed = true;
        self.work_seen.clear();
        self.change = Extent::Large;
        self.runners_seen = None;
        let is_left = |loop_id: &LoopId| matches!(LoopLock::is_held(&self.layout, loop_id), Ok(false));
        if leftovers.iter().any(|run| is_left(&run.loop_id)) {
            self.bury();
        }
        Ok(())
    }

    fn read_some(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let Some(reader) = self.feed.reader() else { return Ok(()) };
        let mut touched: HashMap<TaskKey, Parts> = HashMap::new();
        for event in events {
            if let Some(key) = event.task.clone() {
                touched.entry(key).or_default().add(&event.kind);
            }
        }
        let is_of_plan = |event: &Event| event.kind == EventKind::Change(Change::Plan);
        let has_plan = events.iter().any(is_of_plan);
        let has_run = events.iter().any(|event| event.kind == EventKind::Change(Change::PlanRun));
        let is_answer = |event: &Event| event.kind == EventKind::Change(Change::CheckAnswered);
        self.answers_changed |= events.iter().any(is_answer);
        let (picture, roots, mut change) = (&mut self.picture, &self.roots, self.change);
        reader.read(|reader| -> Result<_, StoreError> {
            if has_plan {
                picture.outlines = outlines(reader)?;
                change = Extent::Large;
            }
            if has_run || !picture.runs.is_empty() {
                let runs = runs(reader)?;
                let states = |runs: &HashMap<String, RunPicture>| -> HashMap<String, RunState> {
                    runs.iter().map(|(plan, run)| (plan.clone(), run.state)).collect()
                };
                if states(&runs) != states(&picture.runs) {
                    change = Extent::Large;
                }
                picture.runs = runs;
            }
            for (key, parts) in touched {
                let old = picture.task(&key).cloned();
                let Some(row) = reader.task(&key)? else {
                    change = if take(picture, &key).is_some() { Extent::Large } else { change };
                    continue;
                };
                let last = match &row.loop_id {
                    Some(id) => reader.loop_(id)?,
                    None => None,
                };
                let old_last = old.as_ref().and_then(|old| old.last.as_ref());
                let last = last.map(|last| read_loop(reader, last, old_last, parts, roots)).transpose()?;
                let new = TaskPicture { row, last };
                change = change.max(old.map_or(Extent::Large, |old| weigh(&old, &new)));
                put(picture, new);
            }
            picture.seq = reader.last_seq()?;
            Ok(())
        })?;
        self.change = change;
        Ok(())
    }

    /// The loops that are running according to their rows.
    fn suspects(&self) -> impl Iterator<Item = &LoopId> {
        let live = self.picture.all().filter_map(|task| task.live());
        live.filter(|live| live.row.needs_runner()).map(|live| &live.row.id)
    }

    fn look_for_runners(&mut self) {
        if self.runners_seen.is_some_and(|at| at.elapsed() < RUNNERS)
            || self.bury_after.is_some_and(|at| Instant::now() < at)
        {
            return;
        }
        let dead = self.suspects().any(|id| matches!(LoopLock::is_held(&self.layout, id), Ok(false)));
        self.runners_seen = Some(Instant::now());
        if dead {
            self.bury();
        }
    }

    /// Marks the loops interrupted whose runner died and ends what is left of them, on a thread of its own, since
    /// processes are given time to end themselves.
    fn bury(&self) {
        let Some(root) = self.roots.first().cloned() else { return };
        if self.buries.swap(true, Ordering::AcqRel) {
            return;
        }
        let (told, waker, buries) = (self.told.clone(), self.waker.clone(), self.buries.clone());
        let work = move || {
            let buried = catch_unwind(|| Project::open(&root)).unwrap_or_else(|_| {
                Err(Error::new(alfine_engine::ErrorKind::Internal, "a defect of Alfine"))
            });
            let buried = buried.map(|project| project.notices).map_err(|error| {
                tracing::warn!("what a dead runner left in {} was not ended: {error}", root.display());
            });
            lock(&told).buried = Some(buried);
            buries.store(false, Ordering::Release);
            waker.ask();
        };
        if let Err(error) = thread::Builder::new().name("alfine-leftovers".to_owned()).spawn(work) {
            tracing::error!("what a dead runner left cannot be ended: {error}");
            self.buries.store(false, Ordering::Release);
        }
    }
}

fn runs(reader: &Reader) -> Result<HashMap<String, RunPicture>, StoreError> {
    let picture = |row: PlanRunRow| {
        let money = plan_run::money(reader, &row)?;
        let branch = plan_run::RunOptions::branch_of(&row);
        Ok((row.plan, RunPicture { state: row.state, money, branch }))
    };
    reader.last_plan_runs()?.into_iter().map(picture).collect()
}

fn outlines(reader: &Reader) -> Result<HashMap<String, Arc<Vec<Written>>>, StoreError> {
    Ok(reader.outlines()?.into_iter().map(|row| (row.path, Arc::new(row.outline))).collect())
}

fn put(picture: &mut StorePicture, task: TaskPicture) {
    let key = &task.row.key;
    let of_plan = picture.tasks.entry(key.plan.clone()).or_default();
    of_plan.insert(key.id.clone(), Arc::new(task));
}

fn take(picture: &mut StorePicture, key: &TaskKey) -> Option<Arc<TaskPicture>> {
    let of_plan = picture.tasks.get_mut(&key.plan)?;
    let task = of_plan.remove(&key.id);
    if of_plan.is_empty() {
        picture.tasks.remove(&key.plan);
    }
    task
}

/// Reads what is shown of a loop. Parts that cannot have changed are taken from the last picture.
fn read_loop(
    reader: &Reader,
    mut row: LoopRow,
    old: Option<&LoopPicture>,
    parts: Parts,
    roots: &[PathBuf],
) -> Result<LoopPicture, StoreError> {
    let old = old.filter(|old| old.row.id == row.id);
    let parts = if old.is_some() { parts } else { Parts::ALL };
    let id = row.id.clone();
    let state: Option<LoopState> = serde_json::from_str(&mem::take(&mut row.state)).ok();
    let asks_to_merge = offers::asks_to_merge(&row);
    row.settings = Value::Null;
    let kept = |is_read: bool| old.filter(|_| !is_read);
    let iterations = match kept(parts.iterations) {
        Some(old) => old.iterations.clone(),
        None => reader.iterations(&id)?,
    };
    let evidence = match kept(parts.evidence) {
        Some(old) => old.evidence.clone(),
        None => reader.latest_verifications(&id)?.into_iter().map(with_short_output).collect(),
    };
    let tree = match kept(parts.tree) {
        Some(old) => old.tree.clone(),
        None => reader.last_checkpoint(&id)?.map(|checkpoint| checkpoint.tree),
    };
    let (asks, approval) = match kept(parts.asks) {
        Some(old) => (old.asks.clone(), old.approval.clone()),
        None => (loops::open_question(reader, &id)?, evidence::approval(reader, &id)?),
    };
    let checkout = match kept(parts.checkout) {
        Some(old) => old.checkout.clone(),
        None => told_of(reader.open_checkout_changes(&id)?),
    };
    let last_run = match kept(parts.last_run) {
        Some(old) => old.last_run.clone(),
        None => reader.last_run(&id)?,
    };
    let names = |row: &LoopRow| (row.summary.gate.clone(), row.status, row.worktree.clone());
    let marks = match kept(parts.evidence) {
        Some(old) if names(&old.row) == names(&row) => old.marks.clone(),
        _ => marks(&row, &evidence, roots),
    };
    let changed = old.is_some_and(|old| old.changed && old.tree == tree);
    Ok(LoopPicture {
        row,
        state,
        iterations,
        evidence,
        tree,
        changed,
        approval,
        asks,
        asks_to_merge,
        checkout,
        last_run,
        marks,
    })
}

/// What agents were seen to do, or else the latest change alone: a user who works beside the agent makes many.
fn told_of(mut open: Vec<CheckoutChangeRow>) -> Vec<CheckoutChangeRow> {
    if open.iter().any(|found| found.named) {
        open.retain(|found| found.named);
        return open;
    }
    open.pop().into_iter().collect()
}

fn with_short_output(mut row: VerificationRow) -> VerificationRow {
    let from = row.output.ceil_char_boundary(row.output.len().saturating_sub(OUTPUT));
    row.output.drain(..from);
    row.output.shrink_to_fit();
    row
}

/// How much a task changed.
fn weigh(old: &TaskPicture, new: &TaskPicture) -> Extent {
    let calm = |row: &TaskRow| TaskRow { updated_at: Millis(0), ..row.clone() };
    if calm(&old.row) != calm(&new.row) {
        return Extent::Large;
    }
    let (old, new) = match (&old.last, &new.last) {
        (None, None) => return Extent::None,
        (Some(old), Some(new)) => (old, new),
        _ => return Extent::Large,
    };
    if (&old.iterations, &old.evidence, &old.asks) != (&new.iterations, &new.evidence, &new.asks)
        || (&old.changed, &old.approval) != (&new.changed, &new.approval)
        || (&old.tree, &old.checkout) != (&new.tree, &new.checkout)
        || (&old.last_run, &old.marks) != (&new.last_run, &new.marks)
    {
        return Extent::Large;
    }
    let timeless = |row: &LoopRow| LoopRow { updated_at: Millis(0), ..row.clone() };
    let calm = |row: &LoopRow| {
        let mut row = LoopRow { cost_usd: None, tokens: 0, ..timeless(row) };
        row.summary.breaker.clear();
        row
    };
    if calm(&old.row) != calm(&new.row) {
        Extent::Large
    } else if timeless(&old.row) != timeless(&new.row) || old.state != new.state {
        Extent::Small
    } else {
        Extent::None
    }
}
