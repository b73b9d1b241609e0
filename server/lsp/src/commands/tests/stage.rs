//! A repository, an editor that answers as it is told, and loops put where a test wants them.

use crate::protocol::{
    async_trait, jsonrpc,
    lsp_types::{MessageType, Range, Url, WorkspaceEdit},
};
use crate::{
    client::ClientView,
    commands::Commands,
    document::{Document, Documents},
    editor::Editor,
    picture::Picture,
    progress::Step,
    snapshot::{Checkout, LoopPicture, Place, Snapshot, StorePicture, TaskPicture},
};
use alfine_core::{
    machine::{self, AskKind, CheckpointKind, Input, LoopState, Tree},
    reason::Reason,
    task::{TaskKey, TaskStatus},
    time::Moment,
};
use alfine_engine::{project::PlanFile, project::Project};
use alfine_files::UserDirs;
use alfine_git::{CheckpointSpec, Surroundings};
use alfine_store::{Ask, CheckpointNew, CommandResult, LoopLock, LoopRow, LoopSummary, LoopUpdate, RunNew};
use alfine_verify::CancelToken;
use globset::GlobSet;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, watch};

/// What an editor was told or asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Asked(String),
    Said(String),
    Shown(PathBuf),
    Edited(String),
}

#[derive(Debug, Default)]
struct FakeEditor {
    answers: Mutex<VecDeque<Option<String>>>,
    told: Mutex<Vec<Told>>,
    choices: Mutex<Vec<Vec<String>>>,
    silent: Mutex<bool>,
    asked: Notify,
    cannot_show: Mutex<bool>,
    refuses_edits: Mutex<bool>,
}

#[async_trait]
impl Editor for FakeEditor {
    async fn ask(&self, _: MessageType, question: &str, choices: &[&str]) -> Option<String> {
        self.told.lock().unwrap().push(Told::Asked(question.to_owned()));
        self.choices.lock().unwrap().push(choices.iter().map(|&choice| choice.to_owned()).collect());
        self.asked.notify_one();
        if *self.silent.lock().unwrap() {
            return std::future::pending().await;
        }
        let answer = self.answers.lock().unwrap().pop_front().flatten();
        assert!(
            answer.as_deref().is_none_or(|answer| choices.contains(&answer)),
            "{answer:?} of {choices:?}"
        );
        answer
    }

    async fn tell(&self, _: MessageType, message: &str) {
        self.told.lock().unwrap().push(Told::Said(message.to_owned()));
    }

    fn progress(&self, _: String, _: CancelToken) -> watch::Sender<Step> {
        watch::Sender::default()
    }

    async fn show_document(&self, uri: Url, _: Option<Range>, _: bool) -> bool {
        if *self.cannot_show.lock().unwrap() {
            return false;
        }
        self.told.lock().unwrap().push(Told::Shown(uri.to_file_path().unwrap()));
        true
    }

    async fn apply_edit(&self, _: &str, edit: WorkspaceEdit) -> Result<(), String> {
        if *self.refuses_edits.lock().unwrap() {
            return Err("not now".to_owned());
        }
        let text = serde_json::to_value(&edit).unwrap();
        let edits = text["changes"].as_object().unwrap().values().next().unwrap();
        let texts: Vec<&str> =
            edits.as_array().unwrap().iter().map(|edit| edit["newText"].as_str().unwrap()).collect();
        self.told.lock().unwrap().push(Told::Edited(texts.concat()));
        Ok(())
    }
}

/// What happens the next time that somebody looks.
type OnLook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

pub(super) struct Stage {
    _folder: tempfile::TempDir,
    root: PathBuf,
    user: UserDirs,
    editor: Arc<FakeEditor>,
    picture: Arc<Mutex<Picture>>,
    on_look: OnLook,
    pub(super) commands: Arc<Commands>,
}

impl Stage {
    /// A repository with a plan and a file.
    pub(super) fn new(plan: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("repository");
        let user =
            UserDirs { config: base.join("config"), data: base.join("data"), state: base.join("state") };
        let mut init = git2::RepositoryInitOptions::new();
        let repository = git2::Repository::init_opts(&root, init.initial_head("main")).unwrap();
        let mut config = repository.config().unwrap();
        config.set_str("user.name", "A").unwrap();
        config.set_str("user.email", "a@example.com").unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("PLAN.md"), plan).unwrap();
        fs::write(root.join("src/lib.rs"), "// here\n").unwrap();
        commit_all(&repository, "first");

        let checkout = Checkout {
            place: Place { root: root.clone(), real_root: root.clone(), common_dir: root.join(".git") },
            is_folder: true,
            is_loops: false,
            config: Arc::default(),
            lint_options: Arc::default(),
            here: Default::default(),
            problems: Vec::new(),
            globs: GlobSet::empty(),
            unreadable: BTreeMap::new(),
            plans: BTreeMap::from([(
                "PLAN.md".to_owned(),
                Arc::new(Document::new(
                    Url::from_file_path(root.join("PLAN.md")).unwrap(),
                    None,
                    plan.to_owned(),
                )),
            )]),
            settings_file: None,
            untrusted: HashMap::new(),
            store: Arc::default(),
            notices: Vec::new(),
        };
        let picture = Picture {
            snapshot: Arc::new(Snapshot { checkouts: vec![Arc::new(checkout)], linked: HashMap::new() }),
            client: Arc::new(ClientView { apply_edit: true, show_document: true, ..ClientView::default() }),
            ..Picture::default()
        };
        let picture = Arc::new(Mutex::new(picture));
        let editor = Arc::new(FakeEditor::default());
        let seen = Arc::clone(&picture);
        let on_look = OnLook::default();
        let looks = Arc::clone(&on_look);
        let commands = Commands::new(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/detached"),
            Arc::new(move || seen.lock().unwrap().clone()),
            editor.clone(),
            Arc::new(move || {
                let happens = looks.lock().unwrap().take();
                happens.into_iter().for_each(|happens| happens());
                Box::pin(std::future::ready(()))
            }),
            Some(user.clone()),
        );
        Self { _folder: folder, root, user, editor, picture, on_look, commands: Arc::new(commands) }
    }

    pub(super) async fn execute(&self, command: &str, argument: Value) -> jsonrpc::Result<Value> {
        self.commands.execute(command, vec![argument]).await.map(Option::unwrap)
    }

    pub(super) fn project(&self) -> Project {
        let mut project = Project::open(&self.root).unwrap();
        project.user = self.user.clone();
        project
    }

    pub(super) fn plan(&self) -> Url {
        self.uri("PLAN.md")
    }

    pub(super) fn uri(&self, name: &str) -> Url {
        Url::from_file_path(self.root.join(name)).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).unwrap()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.root.join(name), text).unwrap();
    }

    pub(super) fn commit(&self, message: &str) {
        commit_all(&git2::Repository::open(&self.root).unwrap(), message);
    }

    /// Says more of what the editor can do.
    pub(super) fn client(&self, say: impl FnOnce(&mut ClientView)) {
        say(Arc::make_mut(&mut self.picture.lock().unwrap().client));
    }

    /// Opens a document in the editor, or changes it.
    pub(super) fn open(&self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = Arc::new(Document::new(uri.clone(), Some(1), text.to_owned()));
        let mut picture = self.picture.lock().unwrap();
        let mut documents: Documents = (*picture.documents).clone();
        documents.insert(uri, document);
        picture.documents = Arc::new(documents);
    }

    /// Has the picture know a task as the database does.
    pub(super) fn picture_has(&self, key: &str) {
        let key: TaskKey = key.parse().unwrap();
        let project = self.project();
        let row = project.store.current_loop(&key).unwrap().unwrap();
        let task = project.store.task(&key).unwrap().unwrap();
        let last = LoopPicture {
            row,
            state: None,
            iterations: Vec::new(),
            evidence: Vec::new(),
            tree: None,
            changed: false,
            approval: None,
            asks: None,
            asks_to_merge: false,
            checkout: Vec::new(),
            last_run: None,
            marks: Vec::new(),
        };
        let task = Arc::new(TaskPicture { row: task, last: Some(last) });
        let mut store = StorePicture::default();
        store.tasks.entry(key.plan.clone()).or_default().insert(key.id, task);
        let mut picture = self.picture.lock().unwrap();
        let mut checkout = (*picture.snapshot.checkouts[0]).clone();
        checkout.store = Arc::new(store);
        picture.snapshot = Arc::new(Snapshot { checkouts: vec![Arc::new(checkout)], linked: HashMap::new() });
    }

    pub(super) fn answers(&self, answers: &[Option<&str>]) {
        *self.editor.silent.lock().unwrap() = false;
        *self.editor.answers.lock().unwrap() =
            answers.iter().map(|answer| answer.map(str::to_owned)).collect();
    }

    pub(super) fn never_answers(&self) {
        *self.editor.silent.lock().unwrap() = true;
    }

    pub(super) async fn until_asked(&self) {
        self.editor.asked.notified().await;
    }

    pub(super) fn cannot_show(&self) {
        *self.editor.cannot_show.lock().unwrap() = true;
    }

    pub(super) fn refuse_edits(&self) {
        *self.editor.refuses_edits.lock().unwrap() = true;
    }

    /// What could be answered to each question.
    pub(super) fn choices(&self) -> Vec<Vec<String>> {
        self.editor.choices.lock().unwrap().clone()
    }

    pub(super) fn told(&self) -> Vec<Told> {
        self.editor.told.lock().unwrap().clone()
    }

    /// How many runners were started.
    pub(super) fn detached(&self) -> usize {
        self.runners_folders().len()
    }

    /// The folders that runners were started in.
    pub(super) fn runners_folders(&self) -> Vec<PathBuf> {
        let Ok(logs) = fs::read_dir(self.root.join(".git/alfine/logs")) else { return Vec::new() };
        let texts: String = logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap()).collect();
        let folder = |line: &str| {
            let (_, rest) = line.split_once(" -C ").unwrap();
            PathBuf::from(rest.split_once(" runner ").unwrap().0)
        };
        texts.lines().map(folder).collect()
    }

    pub(super) fn path_of(&self, answer: &Value) -> PathBuf {
        answer["uri"].as_str().unwrap().parse::<Url>().unwrap().to_file_path().unwrap()
    }

    pub(super) fn row(&self, key: &str) -> LoopRow {
        // Opening a project would mark the loop interrupted, since nobody runs it.
        let layout = alfine_files::Layout::of_common_dir(&self.root.join(".git"));
        let store = alfine_store::Store::open(&layout).unwrap().store;
        store.loops(&key.parse().unwrap()).unwrap().pop().unwrap()
    }

    /// The commands that wait for a runner.
    pub(super) fn commands_sent(&self) -> Vec<Value> {
        let project = self.project();
        let rows = (1..200).filter_map(|seq| project.store.command(seq).unwrap());
        rows.map(|row| row.payload).collect()
    }

    /// Waits for a command to lie in a runner's mailbox.
    pub(super) async fn until_sent(&self) {
        while self.commands_sent().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Takes the command that lies in a runner's mailbox, as the runner would.
    pub(super) fn takes_command(&self) {
        let mut project = self.project();
        let open = |seq: &i64| project.store.command(*seq).unwrap().is_some_and(|row| row.result.is_none());
        let seq = (1..200).find(open).unwrap();
        project.store.write(|tx| tx.finish_command(seq, &CommandResult::Done)).unwrap();
    }

    fn begin(&self, key: &str, in_place: bool) -> (Project, PlanFile, LoopLock) {
        begin(self.project(), key, in_place)
    }

    /// A loop whose agent works, and whose runner lives as long as the answer.
    pub(super) fn running(&self, key: &str) -> LoopLock {
        self.at_work(key, false)
    }

    pub(super) fn running_in_place(&self, key: &str) -> LoopLock {
        self.at_work(key, true)
    }

    /// Another working tree of the repository.
    pub(super) fn linked_worktree(&self) -> PathBuf {
        let linked = self.root.with_file_name("linked");
        git2::Repository::open(&self.root).unwrap().worktree("linked", &linked, None).unwrap();
        linked
    }

    /// A loop whose agent works in another working tree of the user's.
    pub(super) fn at_work_in(&self, tree: &Path, key: &str) -> LoopLock {
        let mut project = Project::open(tree).unwrap();
        project.user = self.user.clone();
        self.works(project, key, true)
    }

    fn at_work(&self, key: &str, in_place: bool) -> LoopLock {
        self.works(self.project(), key, in_place)
    }

    fn works(&self, project: Project, key: &str, in_place: bool) -> LoopLock {
        let (mut project, _, lock) = begin(project, key, in_place);
        let row = project.store.loop_(lock.loop_id()).unwrap().unwrap();
        let state: LoopState = serde_json::from_str(&row.state).unwrap();
        let (state, _) = machine::step(state, Moment(1), Input::Start);
        let before = Input::CheckpointTaken(CheckpointKind::Before, Tree::default());
        let (state, _) = machine::step(state, Moment(1), before);
        assert_eq!(state.status(), TaskStatus::Running);
        save(&mut project, &lock, TaskStatus::Running, Some(&state), 1);
        lock
    }

    /// Puts a loop to rest.
    pub(super) fn rests(&self, key: &str, status: TaskStatus, reason: &str) {
        rest(&self.root, key, status, reason);
    }

    /// Has a loop come to rest before anybody sees that it was begun.
    pub(super) fn rests_at_once(&self, key: &str, status: TaskStatus) {
        let (root, key) = (self.root.clone(), key.to_owned());
        *self.on_look.lock().unwrap() = Some(Box::new(move || rest(&root, &key, status, "")));
    }

    /// Has a loop paused; by what, where it was not the user.
    pub(super) fn holds(&self, key: &str, held_by: Option<&Reason>) {
        let layout = alfine_files::Layout::of_common_dir(&self.root.join(".git"));
        let mut store = alfine_store::Store::open(&layout).unwrap().store;
        let row = store.current_loop(&key.parse().unwrap()).unwrap().unwrap();
        let lock = LoopLock::acquire(&layout, &row.id).unwrap();
        let summary = LoopSummary { held_by: held_by.cloned(), ..row.summary };
        let update = LoopUpdate {
            status: TaskStatus::Paused,
            reason: held_by,
            state: &row.state,
            summary: &summary,
            cost_usd: None,
            tokens: 0,
            ended: false,
        };
        store.write(|tx| tx.save_loop(&lock, &update)).unwrap();
    }

    /// A loop that is done and made a file.
    pub(super) fn done(&self, key: &str, file: &str, text: &str) {
        let (mut project, _, lock) = self.begin(key, false);
        let row = project.store.loop_(lock.loop_id()).unwrap().unwrap();
        let worktree = PathBuf::from(row.worktree.unwrap());
        fs::write(worktree.join(file), text).unwrap();
        commit_all(&git2::Repository::open(&worktree).unwrap(), "work");
        let surroundings = Surroundings::new(project.layout.checkpoint_index("test"));
        let spec = CheckpointSpec {
            ref_name: alfine_git::checkpoint_ref(&row.task.plan, &row.task.id.0, 1),
            message: "after".to_owned(),
            surroundings: &surroundings,
            unless_still: None,
        };
        let kept = project.repository.checkpoint(&worktree, &spec).unwrap();
        let new = CheckpointNew {
            n: 1,
            iteration: Some(1),
            kind: alfine_store::CheckpointKind::After,
            commit_id: &kept.commit,
            tree: &kept.tree,
            head: kept.head.as_deref(),
            reference: &kept.ref_name,
        };
        project.store.write(|tx| tx.add_checkpoint(&lock, &new)).unwrap();
        save(&mut project, &lock, TaskStatus::Done, None, 1);
    }

    /// A loop that asks something; the question's number.
    pub(super) fn asks(&self, key: &str, kind: AskKind, text: &str) -> i64 {
        let (mut project, _, lock) = self.begin(key, false);
        save(&mut project, &lock, TaskStatus::NeedsInput, None, 1);
        let task: TaskKey = key.parse().unwrap();
        let ask = Ask { loop_id: Some(lock.loop_id()), task: Some(&task), kind, text, tree: None };
        project.store.write(|tx| tx.ask(&ask)).unwrap()
    }

    /// What the agent of a loop printed in its first iteration; it still runs.
    pub(super) fn said(&self, key: &str, lines: &[Value]) {
        let mut project = self.project();
        let row = project.store.current_loop(&key.parse().unwrap()).unwrap().unwrap();
        let lock = LoopLock::acquire(&project.layout, &row.id).unwrap();
        let new = RunNew { iteration: 1, pid: 4_000_000, process_start: 1, marker: "m", session: None };
        let n = project
            .store
            .write(|tx| {
                tx.begin_iteration(&lock, 1, None)?;
                Ok::<_, alfine_store::StoreError>(tx.begin_run(&lock, &new)?.1)
            })
            .unwrap();
        let path = project.layout.transcript(row.id.as_str(), n);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(path, text + "{\"type\": \"half a line").unwrap();
    }
}

fn rest(root: &Path, key: &str, status: TaskStatus, reason: &str) {
    let layout = alfine_files::Layout::of_common_dir(&root.join(".git"));
    let mut store = alfine_store::Store::open(&layout).unwrap().store;
    let row = store.current_loop(&key.parse().unwrap()).unwrap().unwrap();
    let lock = LoopLock::acquire(&layout, &row.id).unwrap();
    store.write(|tx| tx.set_loop_status(&lock, status, Reason::told(reason).as_ref(), false)).unwrap();
}

fn begin(mut project: Project, key: &str, in_place: bool) -> (Project, PlanFile, LoopLock) {
    let key: TaskKey = key.parse().unwrap();
    let file = project.plan_named(&key.plan).unwrap();
    let task = file.plan.tasks.iter().find(|task| task.id == key.id).unwrap().clone();
    let options = alfine_engine::start::StartOptions { in_place, ..Default::default() };
    let prepared = alfine_engine::start::prepare(&project, &file, &task, &options).unwrap();
    let alfine_engine::start::Prepared::Begin { spec, start, .. } = prepared else { panic!("{prepared:?}") };
    let lock = alfine_engine::start::begin(&mut project, &file, &spec, start, false, None).unwrap();
    (project, file, lock)
}

fn save(
    project: &mut Project,
    lock: &LoopLock,
    status: TaskStatus,
    state: Option<&LoopState>,
    iteration: u32,
) {
    let row = project.store.loop_(lock.loop_id()).unwrap().unwrap();
    let state = state.map_or(row.state, |state| serde_json::to_string(state).unwrap());
    let summary = LoopSummary { iteration, ..row.summary };
    let update = LoopUpdate {
        status,
        reason: None,
        state: &state,
        summary: &summary,
        cost_usd: None,
        tokens: 0,
        ended: false,
    };
    project.store.write(|tx| tx.save_loop(lock, &update)).unwrap();
}

fn commit_all(repository: &git2::Repository, message: &str) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = git2::Signature::now("A", "a@example.com").unwrap();
    let parents: Vec<git2::Commit<'_>> =
        repository.head().ok().and_then(|head| head.peel_to_commit().ok()).into_iter().collect();
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
}
