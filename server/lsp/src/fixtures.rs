//! Pictures made by hand, for the tests of handlers: one working tree, its plan, and a task in any situation.

use crate::protocol::lsp_types::Url;
use crate::{
    client::ClientView,
    document::Document,
    picture::Picture,
    position::Encoding,
    snapshot::{
        Checkout, LoopPicture, Mark, MarkKind, Place, RunPicture, Snapshot, StorePicture, TaskPicture,
    },
};
use alfine_config::{Config, trust::TrustItem};
use alfine_core::{
    agent::Usage,
    breaker::{Feed, Rule},
    checkout::CheckoutChange,
    finding::Severity,
    landing::{Landing, NotLanded},
    lint::LintOptions,
    machine::{Ask, AskKind, LoopState, Phase, Settings, StopReason, Tree, WaitReason},
    plan::{Isolation, PlanFormat},
    proof::{Answer, CheckProof, CheckRun, Control, ControlKind, Standing},
    reason::Reason,
    signature,
    task::{TaskKey, TaskStatus},
    time::Moment,
};
use alfine_engine::project::plan_files;
use alfine_store::{
    ApprovalRow, CheckoutChangeRow, IterationRow, LoopId, LoopRow, LoopSummary, Millis, RunRow, TaskRow,
    VerificationRow,
};
use globset::GlobSet;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

/// The root of the working tree.
pub(crate) const ROOT: &str = "/r";

/// When every request comes: 2026-05-04T10:00:00Z.
pub(crate) const NOW: Moment = Moment(1_777_888_800_000);

/// The plan of every situation, as `PLAN.md`. The situation is that of `US-001`.
pub(crate) const PLAN: &str = "\
# Coupons

Shoppers can apply a coupon at checkout.

### US-001: Add coupon table
Stores code, percentage and expiry.

Acceptance criteria:
- [ ] Migration runs: `sqlx migrate run`
- [ ] Expired coupons are rejected: `cargo test expired`
- [ ] The table has an index on the code

### US-002: Show it at checkout
Depends on: US-001

- [ ] The total is lower with a coupon: `npm test`
";

/// The URI of a file in the working tree.
pub(crate) fn uri(name: &str) -> Url {
    Url::from_file_path(PathBuf::from(ROOT).join(name)).unwrap()
}

/// A moment this many minutes before a request; after it where the number is negative.
pub(crate) fn minutes_ago(minutes: i64) -> Millis {
    Millis(NOW.0 - minutes * 60_000)
}

/// A client that can all that any handler asks for.
pub(crate) fn able_client() -> ClientView {
    ClientView {
        encoding: Encoding::Utf16,
        markdown: true,
        snippets: true,
        code_action_literals: true,
        disabled_code_actions: true,
        preferred_code_actions: true,
        related_information: true,
        diagnostic_data: true,
        symbol_tree: true,
        show_document: true,
        progress: true,
        apply_edit: true,
        versioned_edits: true,
        creates_files: true,
        zone: Some(jiff::tz::TimeZone::UTC),
        ..ClientView::default()
    }
}

/// A working tree with files and tasks, to be made into a picture.
pub(crate) struct World {
    checkout: Checkout,
    store: StorePicture,
    documents: HashMap<Url, Arc<Document>>,
    pub(crate) client: ClientView,
}

impl World {
    /// Makes an empty working tree, seen by a client that can everything.
    pub(crate) fn new() -> Self {
        let checkout = Checkout {
            place: Place {
                root: PathBuf::from(ROOT),
                real_root: PathBuf::from(ROOT),
                common_dir: PathBuf::from(ROOT).join(".git"),
            },
            is_folder: true,
            is_loops: false,
            config: Arc::new(Config::default()),
            lint_options: Arc::new(LintOptions::default()),
            here: Default::default(),
            problems: Vec::new(),
            globs: GlobSet::empty(),
            unreadable: BTreeMap::new(),
            plans: BTreeMap::new(),
            settings_file: None,
            untrusted: HashMap::new(),
            store: Arc::default(),
            notices: Vec::new(),
        };
        Self { checkout, store: StorePicture::default(), documents: HashMap::new(), client: able_client() }
    }

    /// Makes the world of one situation: [`PLAN`] is open, and `US-001` is in it.
    pub(crate) fn of(situation: &Situation) -> Self {
        Self::new().open("PLAN.md", PLAN).with(situation.task.clone())
    }

    /// Opens a file, as version 1.
    pub(crate) fn open(mut self, name: &str, text: &str) -> Self {
        let document = Document::new(uri(name), Some(1), text.to_owned());
        self.documents.insert(uri(name), Arc::new(document));
        self
    }

    /// Opens a plan that is written in a format, and that the settings name a plan.
    pub(crate) fn open_in(mut self, format: &'static dyn PlanFormat, name: &str, text: &str) -> Self {
        let document = Document::new(uri(name), Some(1), text.to_owned()).written_in(format);
        self.documents.insert(uri(name), Arc::new(document));
        self.checkout.globs = plan_files::plan_globs(&[name.to_owned()]);
        self
    }

    /// Opens a document that lies in no working tree, as version 1.
    pub(crate) fn open_outside(mut self, uri: &str, text: &str) -> Self {
        let uri = Url::parse(uri).unwrap();
        let document = Document::new(uri.clone(), Some(1), text.to_owned());
        self.documents.insert(uri, Arc::new(document));
        self
    }

    /// Writes a plan to the disk.
    pub(crate) fn plan(mut self, name: &str, text: &str) -> Self {
        let document = Document::new(uri(name), None, text.to_owned());
        self.checkout.plans.insert(name.to_owned(), Arc::new(document));
        self
    }

    /// Writes a plan to the disk that cannot be read.
    pub(crate) fn unreadable(mut self, name: &str, why: &str) -> Self {
        self.checkout.unreadable.insert(name.to_owned(), why.to_owned());
        self
    }

    /// Writes `alfine.toml` to the disk.
    pub(crate) fn settings(mut self, text: &str) -> Self {
        self.checkout.settings_file =
            Some(Arc::new(Document::new(uri("alfine.toml"), None, text.to_owned())));
        self
    }

    /// Writes a task into the database.
    pub(crate) fn with(mut self, task: impl Into<Option<TaskPicture>>) -> Self {
        if let Some(task) = task.into() {
            let key = task.row.key.clone();
            self.store.tasks.entry(key.plan).or_default().insert(key.id, Arc::new(task));
        }
        self
    }

    /// Has a plan run as a whole.
    pub(crate) fn run_of(mut self, plan: &str, run: RunPicture) -> Self {
        self.store.runs.insert(plan.to_owned(), run);
        self
    }

    /// Names commands of a plan that nobody allowed yet.
    pub(crate) fn untrusted(mut self, plan: &str, commands: &[&str]) -> Self {
        let items = commands.iter().map(|command| TrustItem::new(format!("{plan}: US-001"), *command));
        self.checkout.untrusted.insert(plan.to_owned(), items.collect());
        self
    }

    /// Sets what the client can.
    pub(crate) fn client(mut self, client: ClientView) -> Self {
        self.client = client;
        self
    }

    /// What a request sees.
    pub(crate) fn picture(self) -> Picture {
        let checkout = Checkout { store: Arc::new(self.store), ..self.checkout };
        Picture {
            snapshot: Arc::new(Snapshot { checkouts: vec![Arc::new(checkout)], linked: HashMap::new() }),
            documents: Arc::new(self.documents),
            client: Arc::new(self.client),
            now: NOW,
        }
    }
}

/// Where `PLAN.md#US-001` may be.
pub(crate) struct Situation {
    /// What a snapshot calls it.
    pub(crate) name: &'static str,
    /// What the database knows.
    pub(crate) task: Option<TaskPicture>,
}

/// Every situation that is shown in a way of its own; every status is among them.
pub(crate) fn situations() -> Vec<Situation> {
    let named = |name, task| Situation { name, task: Some(task) };
    let ask = |kind, text: &str| Phase::NeedsInput { ask: Ask { kind, text: text.to_owned() } };
    let stopped = |reason| Phase::Stopped { reason };
    let tripped = |looped: &Looped, rule| {
        let line = looped.state.breaker.lines(&looped.state.settings.limits);
        stopped(StopReason::Breaker(line.into_iter().find(|line| line.rule == rule).unwrap()))
    };
    let three = || Looped::after(3);
    let stuck = Looped::after(2).unchanged(3);
    let no_change = tripped(&stuck, Rule::NoChange);
    let ten = Looped::after(10);
    let limit = tripped(&ten, Rule::Iterations);
    let mut spent = Looped::after(5);
    spent.state.settings.limits[Rule::Cost] = Some(0.5);
    let cost = tripped(&spent, Rule::Cost);
    let mut at_hard_limit = Looped::after(50);
    at_hard_limit.state.settings.limits[Rule::Iterations] = Some(50.0);
    let waiting = |why| Phase::Waiting { until: Moment(minutes_ago(-260).0), why };
    let limited = WaitReason::RateLimit { known: true, message: "You've hit your session limit".to_owned() };
    let failing = WaitReason::Outage { since: Moment(minutes_ago(20).0), message: "overloaded".to_owned() };
    let retry = WaitReason::Retry { message: "overloaded".to_owned() };
    vec![
        Situation { name: "ready, never started", task: None },
        named("pending", row_only(TaskStatus::Pending)),
        named("ready", three().at(Phase::Idle)),
        named("running", three().at(Phase::Before)),
        named("running, its first iteration", Looped::after(0).at(Phase::Before)),
        named("evaluating", three().at(Phase::Verifying { tree: tree("9c") })),
        named("waiting for a usage limit", three().at(waiting(limited))),
        named("waiting after a failure", three().at(waiting(retry))),
        named("waiting for the service", three().at(waiting(failing))),
        named("paused", three().at(Phase::Paused)),
        named("interrupted", three().with_status(TaskStatus::Interrupted, Some(Reason::RunnerDied))),
        named("needs_input, a question", three().at(ask(AskKind::Question, "Percent or amount?"))),
        named(
            "needs_input, an approval",
            three().at(ask(AskKind::Approval, "The checks are yellow: 0.75. Is it good enough?")),
        ),
        named(
            "needs_input, a login",
            three().at(ask(AskKind::Login, "the agent is not logged in: run `claude /login`")),
        ),
        named("needs_input, commands to allow", {
            let mut task = three().at(ask(AskKind::Config, "Commands of the repository must be allowed."));
            if let Some(asks) = task.last.as_mut().and_then(|last| last.asks.as_mut()) {
                asks.kind = AskKind::Trust;
            }
            task
        }),
        named("rework", three().refused().with_status(TaskStatus::Rework, None)),
        named("stopped, no change", stuck.at(no_change)),
        named("stopped, the limit of cost", spent.at(cost)),
        named("stopped, the limit of iterations", ten.at(limit)),
        named("stopped, the hard limit", at_hard_limit.at(stopped(StopReason::HardLimit))),
        named("stopped by the user", three().at(stopped(StopReason::User))),
        named("failed", three().at(Phase::Failed { message: "the worktree cannot be made".to_owned() })),
        named("skipped", row_only(TaskStatus::Skipped)),
        named("done", three().proven().at(Phase::Done)),
        named("done, and the user's checkout changed", {
            let mut task = three().proven().at(Phase::Done);
            if let Some(last) = &mut task.last {
                last.checkout.push(checkout_change());
            }
            task
        }),
        named(
            "landing",
            three().proven().at(Phase::Landing {
                landing: Landing { into: "main".to_owned(), with_others: false, unattended: false },
            }),
        ),
        named("done, not landed", three().proven().not_landed().at(Phase::Done)),
        named("done, in place", three().proven().in_place().at(Phase::Done)),
        named(
            "merged",
            three().proven().ended().with_status(
                TaskStatus::Merged,
                Some(Reason::Merged { into: "main".to_owned(), commit: None }),
            ),
        ),
        named("discarded", three().ended().with_status(TaskStatus::Discarded, None)),
    ]
}

/// What an agent did in the user's checkout.
fn checkout_change() -> CheckoutChangeRow {
    CheckoutChangeRow {
        id: 1,
        loop_id: loop_id(),
        iteration: 2,
        changes: vec![
            CheckoutChange::Head { was: "main".to_owned(), is: "other".to_owned() },
            CheckoutChange::Files { paths: vec!["src/lib.rs".to_owned()], count: 1 },
        ],
        tasks: vec![key()],
        named: true,
        before: String::new(),
        after: String::new(),
        found_at: minutes_ago(2),
        settled_at: None,
    }
}

/// One situation by its name.
pub(crate) fn situation(name: &str) -> Situation {
    situations().into_iter().find(|situation| situation.name == name).unwrap()
}

/// The key of the task that all situations are about.
pub(crate) fn key() -> TaskKey {
    TaskKey::new("PLAN.md", "US-001")
}

/// A task that was written down and has no loop.
pub(crate) fn row_only(status: TaskStatus) -> TaskPicture {
    TaskPicture { row: task_row(status, None, None), last: None }
}

fn task_row(status: TaskStatus, reason: Option<Reason>, loop_id: Option<LoopId>) -> TaskRow {
    TaskRow {
        key: key(),
        title: "Add coupon table".to_owned(),
        status,
        reason,
        since: minutes_ago(12),
        loop_id,
        generation: 1,
        updated_at: minutes_ago(1),
        text: None,
    }
}

fn tree(id: &str) -> Tree {
    Tree { tree: id.to_owned(), head: "c0ffee".to_owned() }
}

/// A loop of `US-001` in the making.
#[derive(Clone)]
pub(crate) struct Looped {
    pub(crate) state: LoopState,
    pub(crate) iterations: Vec<IterationRow>,
    pub(crate) evidence: Vec<VerificationRow>,
    pub(crate) marks: Vec<Mark>,
    isolation: Isolation,
    ended: bool,
}

impl Looped {
    /// A loop that has judged so many iterations, each of which changed something.
    pub(crate) fn after(iterations: u32) -> Self {
        let mut looped = Self {
            state: LoopState::new(Settings::default()),
            iterations: Vec::new(),
            evidence: Vec::new(),
            marks: Vec::new(),
            isolation: Isolation::Worktree,
            ended: false,
        };
        for _ in 0..iterations {
            looped.judged(&Feed { changed: true, ..Feed::default() });
        }
        looped
    }

    /// So many more iterations that change nothing.
    pub(crate) fn unchanged(mut self, iterations: u32) -> Self {
        for _ in 0..iterations {
            self.judged(&Feed::default());
        }
        self
    }

    /// One more iteration whose claim of ready a verifier refused, with what it found.
    pub(crate) fn refused(mut self) -> Self {
        let error = "cargo test expired failed".to_owned();
        self.judged(&Feed {
            changed: true,
            refused: true,
            error: Some((signature::of_output(&error), error)),
            ..Feed::default()
        });
        let now = self.last_tree();
        self.evidence = vec![
            evidence(1, "sqlx migrate run", 0, true, "old"),
            evidence(2, "cargo test expired", 1, false, &now),
        ];
        self.marks.push(Mark {
            kind: MarkKind::Finding { verifier: "cargo test expired".to_owned() },
            uri: uri("src/coupon.rs"),
            line: 6,
            text: "    coupon.expires_at > now".to_owned(),
            column: Some(4),
            severity: Severity::Error,
            code: Some("expired".to_owned()),
            message: "assertion `left == right` failed".to_owned(),
        });
        self
    }

    /// The commands of its criteria passed, in the tree that is there now.
    pub(crate) fn proven(mut self) -> Self {
        let now = self.last_tree();
        self.evidence = vec![
            controlled(evidence(1, "sqlx migrate run", 0, true, &now), Standing::Guard, Answer::Passed),
            controlled(evidence(2, "cargo test expired", 1, true, &now), Standing::Proven, Answer::Failed),
        ];
        self
    }

    /// It works in the user's own tree.
    pub(crate) fn in_place(mut self) -> Self {
        self.isolation = Isolation::InPlace;
        self
    }

    /// It cannot go on.
    pub(crate) fn ended(mut self) -> Self {
        self.ended = true;
        self
    }

    /// Its checks fail together with what landed before it.
    fn not_landed(mut self) -> Self {
        let because = NotLanded::Red { failed: vec!["cargo test".to_owned()] };
        self.state.not_landed = Some(Reason::NotLanded { into: "main".to_owned(), because });
        self
    }

    /// The task, with its loop in this phase.
    pub(crate) fn at(mut self, phase: Phase) -> TaskPicture {
        self.state.phase = phase;
        let (status, reason) = (self.state.status(), self.state.reason());
        self.task(status, reason)
    }

    /// The task, with a status that its loop's state does not say by itself.
    pub(crate) fn with_status(mut self, status: TaskStatus, reason: Option<Reason>) -> TaskPicture {
        self.state.phase = match status {
            TaskStatus::Merged | TaskStatus::Discarded => Phase::Done,
            _ => Phase::Before,
        };
        self.task(status, reason)
    }

    fn judged(&mut self, feed: &Feed) {
        let before = self.last_tree();
        let state = &mut self.state;
        state.iteration += 1;
        state.judged += 1;
        let n = state.iteration;
        let after = if feed.changed { format!("tree-{n}") } else { before.clone() };
        state.breaker.used(&Usage { cost_usd: Some(0.14), input: 1000, ..Usage::default() }, true);
        let feed = Feed { iteration: n, tree: after.clone(), ..feed.clone() };
        state.breaker.judge(&feed, &state.settings.limits);
        self.iterations.push(IterationRow {
            loop_id: loop_id(),
            n,
            started_at: minutes_ago(100 - i64::from(n)),
            ended_at: Some(minutes_ago(99 - i64::from(n))),
            verdict: Some(if feed.refused { "verifiers said no" } else { "not ready" }.to_owned()),
            gate: None,
            tree_before: Some(before),
            tree_after: Some(after),
            changed: Some(feed.changed),
            files_changed: Some(u32::from(feed.changed)),
            signature: None,
            cost_usd: Some(0.14),
            tokens: 1000,
            session: Some("s-1".to_owned()),
            summary: Some(format!("did step {n}")),
        });
    }

    fn last_tree(&self) -> String {
        self.iterations.last().and_then(|last| last.tree_after.clone()).unwrap_or_else(|| "tree-0".to_owned())
    }

    fn task(mut self, status: TaskStatus, reason: Option<Reason>) -> TaskPicture {
        let works = status.needs_runner() || status == TaskStatus::Interrupted;
        if works && !matches!(self.state.phase, Phase::Verifying { .. } | Phase::Waiting { .. }) {
            self.begin();
        }
        let tree = self.last_tree();
        let cost = self.iterations.iter().filter_map(|iteration| iteration.cost_usd).sum();
        let row = LoopRow {
            id: loop_id(),
            task: key(),
            status,
            reason: reason.clone(),
            agent: "claude".to_owned(),
            model: None,
            isolation: self.isolation,
            branch: (self.isolation == Isolation::Worktree).then(|| "alfine/plan/us-001".to_owned()),
            base_branch: Some("main".to_owned()),
            base_commit: Some("c0ffee".to_owned()),
            worktree: (self.isolation == Isolation::Worktree)
                .then(|| "/data/worktrees/r-1/us-001".to_owned()),
            settings: serde_json::Value::Null,
            state: String::new(),
            summary: summary(&self.state),
            cost_usd: Some(cost),
            tokens: 1000 * u64::from(self.state.judged),
            started_at: minutes_ago(100),
            ended_at: self.ended.then(|| minutes_ago(1)),
            updated_at: minutes_ago(1),
            forked_from: None,
            plan_run: None,
        };
        let asks = match &self.state.phase {
            Phase::NeedsInput { ask } => Some(approval(ask)),
            _ => None,
        };
        let last_run = self.iterations.last().map(|last| run(last.n, status));
        TaskPicture {
            row: task_row(status, reason, Some(loop_id())),
            last: Some(LoopPicture {
                row,
                state: Some(self.state),
                iterations: self.iterations,
                evidence: self.evidence,
                tree: Some(tree),
                changed: false,
                approval: None,
                asks,
                asks_to_merge: true,
                checkout: Vec::new(),
                last_run,
                marks: self.marks,
            }),
        }
    }

    /// The next iteration goes on.
    fn begin(&mut self) {
        self.state.iteration += 1;
        let before = self.last_tree();
        self.iterations.push(IterationRow {
            loop_id: loop_id(),
            n: self.state.iteration,
            started_at: minutes_ago(12),
            ended_at: None,
            verdict: None,
            gate: None,
            tree_before: Some(before.clone()),
            tree_after: Some(before),
            changed: None,
            files_changed: None,
            signature: None,
            cost_usd: None,
            tokens: 0,
            session: Some("s-1".to_owned()),
            summary: None,
        });
    }
}

fn loop_id() -> LoopId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

fn summary(state: &LoopState) -> LoopSummary {
    LoopSummary {
        iteration: state.iteration,
        max_iterations: state.max_iterations(),
        breaker: state.breaker.lines(&state.settings.limits),
        gate: serde_json::to_value(state.gate()).ok(),
        waiting_until: match &state.phase {
            Phase::Waiting { until, .. } => Some(Millis(until.0)),
            _ => None,
        },
        files_changed: if state.judged == 0 { 0 } else { 4 },
        pauses: state.pauses(),
        chained: false,
        held_by: state.held_by().cloned(),
    }
}

fn approval(ask: &Ask) -> ApprovalRow {
    ApprovalRow {
        id: 7,
        loop_id: Some(loop_id()),
        task: Some(key()),
        kind: ask.kind,
        text: ask.text.clone(),
        asked_at: minutes_ago(12),
        answered_at: None,
        approved: None,
        answer: None,
        tree: None,
        answered_by: None,
    }
}

fn run(iteration: u32, status: TaskStatus) -> RunRow {
    RunRow {
        id: i64::from(iteration),
        loop_id: loop_id(),
        iteration,
        n: iteration,
        pid: 4242,
        process_start: 1,
        marker: "m".to_owned(),
        session: Some("s-1".to_owned()),
        started_at: minutes_ago(12),
        ended_at: (status != TaskStatus::Running).then(|| minutes_ago(2)),
        outcome: (status != TaskStatus::Running).then(|| "ok".to_owned()),
        message: None,
        usage: None,
        session_total_cost: None,
        transcript: Some(format!("/state/transcripts/{iteration}.jsonl")),
    }
}

fn evidence(id: i64, command: &str, criterion: u32, passed: bool, tree: &str) -> VerificationRow {
    let text = ["Migration runs: `sqlx migrate run`", "Expired coupons are rejected: `cargo test expired`"];
    VerificationRow {
        id,
        loop_id: loop_id(),
        iteration: 3,
        verifier: command.to_owned(),
        criterion: Some(criterion),
        criterion_text: usize::try_from(criterion)
            .ok()
            .and_then(|at| text.get(at))
            .map(|text| (*text).to_owned()),
        passed,
        required: true,
        weight: 1.0,
        exit: Some(i32::from(!passed)),
        output: if passed { "ok".to_owned() } else { "1 failed".to_owned() },
        tree: tree.to_owned(),
        started_at: minutes_ago(3),
        duration_ms: 1500,
        answer: None,
        tests: None,
        proof: None,
        findings: Vec::new(),
    }
}

/// The answer of a check with the control at the base.
fn controlled(row: VerificationRow, standing: Standing, base: Answer) -> VerificationRow {
    let run = |tree: &str, answer| CheckRun {
        tree: tree.to_owned(),
        answer,
        exit: Some(i32::from(answer != Answer::Passed)),
        tests: None,
        millis: Some(row.duration_ms),
    };
    let proof = CheckProof {
        check: row.verifier.clone(),
        standing,
        work: Some(CheckRun { tests: Some(14), ..run(&row.tree, Answer::Passed) }),
        controls: vec![Control { control: ControlKind::Base, run: run("ba5e", base) }],
        material: Vec::new(),
        opinion: None,
        pictures: Vec::new(),
    };
    VerificationRow { proof: Some(proof), ..row }
}

/// The sentences that stand more than once in these texts.
pub(crate) fn said_twice(texts: &[String]) -> Vec<String> {
    let sentences = texts.iter().flat_map(|text| text.split_inclusive(['.', '?', '!', ';', ':', '\n']));
    let mut sentences: Vec<String> = sentences
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|part| part.split_whitespace().count() > 2)
        .collect();
    sentences.sort_unstable();
    let twice = sentences.windows(2).filter(|two| two[0] == two[1]);
    twice.map(|two| two[0].clone()).collect()
}

/// A plan of a thousand tasks: some with a loop, each in another state, some that nobody started.
pub(crate) fn thousand() -> Picture {
    let kinds = ["interrupted", "stopped, no change", "running", "done"].map(|name| situation(name).task);
    let mut text = String::from("# Large\n");
    let mut world = World::new();
    for n in 0..1000usize {
        text.push_str(&format!(
            "\n### US-{n:04}: Task number {n}\nDepends on: US-{:04}\n\n- [ ] It runs: `make t{n}`\n",
            n / 2
        ));
        if let Some(mut task) = kinds.get(n % 5).cloned().flatten() {
            task.row.key = TaskKey::new("PLAN.md", format!("US-{n:04}"));
            task.row.title = format!("Task number {n}");
            world = world.with(task);
        }
    }
    world.open("PLAN.md", &text).picture()
}

#[test]
fn every_status_is_among_the_situations() {
    for status in TaskStatus::ALL {
        let is_shown = |situation: &Situation| {
            let picture = World::of(situation).picture();
            picture.plan(&uri("PLAN.md")).unwrap().tasks()[0].status == status
        };
        assert!(situations().iter().any(is_shown), "{status}");
    }
}
