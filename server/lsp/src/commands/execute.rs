//! One command: reads its arguments, finds its repository, does its work, and answers it.
//!
//! Knows nothing of how a message comes or goes. What the user must be asked is asked before anything is done.

use super::{
    EditorCommand,
    questions::{Letters, Questions},
    queue::Queues,
    refusal::{self, defect},
    tended::Tended,
};
use crate::{editor::Editor, picture::Picture, protocol::jsonrpc, snapshot::Place};
use alfine_config::Partial;
use alfine_core::{
    machine::Command,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{Result, requests::Request};
use alfine_files::{Layout, UserDirs};
use alfine_store::Store;
use serde_json::{Value, json};
use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Duration};
use tracing::Instrument;

/// What is seen at one moment; taken again for each command.
pub(super) type Pictures = Arc<dyn Fn() -> Picture + Send + Sync>;
/// Has the keeper look, and ends when the picture shows what a command did.
pub(super) type Look = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long an answer waits for the picture to have what the command did.
const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// Does what a client asks for.
pub(crate) struct Commands {
    pub(super) program: PathBuf,
    pub(super) pictures: Pictures,
    pub(super) editor: Arc<dyn Editor>,
    pub(super) questions: Questions,
    pub(super) queues: Queues,
    pub(super) letters: Letters,
    pub(super) tended: Tended,
    pub(super) look: Look,
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Commands {
    /// Makes the commands of one client. `program` is Alfine's own binary, which becomes the runners; `user` are the folders
    /// of a user who has others than the environment names.
    pub(crate) fn new(
        program: PathBuf,
        pictures: Pictures,
        editor: Arc<dyn Editor>,
        look: Look,
        user: Option<UserDirs>,
    ) -> Self {
        Self {
            program,
            pictures,
            editor,
            look,
            questions: Questions::default(),
            queues: Queues::new(user),
            letters: Letters::default(),
            tended: Tended::default(),
        }
    }

    /// Takes the editor's settings, for loops that are started from now on.
    pub(crate) fn set_settings(&self, editor: Partial) {
        self.queues.set_editor(editor);
    }

    /// Does a command of a client and answers. Everything that can be refused is refused before anything is changed.
    pub(crate) async fn execute(&self, name: &str, given: Vec<Value>) -> jsonrpc::Result<Option<Value>> {
        let span = tracing::error_span!("command", name);
        let command = EditorCommand::read(name, given).map_err(|error| refusal::answer(&error))?;
        self.perform(command).instrument(span).await.map(Some)
    }

    /// Does a command, as [`Commands::execute`] does.
    pub(crate) async fn perform(&self, command: EditorCommand) -> jsonrpc::Result<Value> {
        self.dispatch(command).await.map_err(|error| refusal::answer(&error))
    }

    /// Waits a short time until the server's own picture shows what was done.
    pub(super) async fn wait_for_look(&self) {
        let _ = tokio::time::timeout(LOOK_WITHIN, (self.look)()).await;
    }

    /// Has a request about a task done, and answers where the task is then.
    pub(super) async fn have_done<R>(
        &self,
        place: &Place,
        key: TaskKey,
        command: &str,
        request: R,
    ) -> Result<Value>
    where
        R: Request<Done: Send + 'static> + Send + 'static,
    {
        self.drive(place, &key.to_string(), command, request).await?;
        self.where_it_is(place, key).await
    }

    /// Where a task is, as the answer to a command about it. What the command did is seen by then.
    pub(super) async fn where_it_is(&self, place: &Place, key: TaskKey) -> Result<Value> {
        self.wait_for_look().await;
        self.read_store(place, move |store| {
            let status = status_of(store, &key)?;
            Ok(json!({ "task": key, "status": status }))
        })
        .await
    }

    /// Reads something from a repository's database, without waiting for the commands that are queued there.
    pub(super) async fn read_store<T: Send + 'static>(
        &self,
        place: &Place,
        read: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let layout = Layout::of_common_dir(&place.common_dir);
        let reading = tokio::task::spawn_blocking(move || read(&Store::open(&layout)?.store));
        reading.await.unwrap_or_else(|_| Err(defect("the look into the database was lost")))
    }

    async fn dispatch(&self, command: EditorCommand) -> Result<Value> {
        match command {
            EditorCommand::Start(given) => self.start(given).await,
            EditorCommand::StartHere(given) => self.start_here(given).await,
            EditorCommand::Pause(given) => self.pause(given).await,
            EditorCommand::Stop(given) => self.stop(given).await,
            EditorCommand::Continue(given) => self.go_on(given).await,
            EditorCommand::Steer(given) => self.steer(given).await,
            EditorCommand::Answer(given) => self.answer(given).await,
            EditorCommand::Rewind(given) => self.rewind(given).await,
            EditorCommand::Fork(given) => self.fork(given).await,
            EditorCommand::Merge(given) => self.merge(given).await,
            EditorCommand::Rework(given) => self.rework(given).await,
            EditorCommand::Discard(given) => self.discard(given).await,
            EditorCommand::RestoreCheckout(given) => self.restore_checkout(given).await,
            EditorCommand::KeepCheckout(given) => self.keep_checkout(given).await,
            EditorCommand::ShowTranscript(given) => self.show_transcript(given).await,
            EditorCommand::ShowDiff(given) => self.show_diff(given).await,
            EditorCommand::ShowProof(given) => self.show_proof(given).await,
            EditorCommand::OpenWorktree(given) => self.open_worktree(given).await,
            EditorCommand::Check(given) => self.check(given).await,
            EditorCommand::PausePlan(given) => {
                self.hold_plan(given, Command::Pause { now: false, reason: None }).await
            }
            EditorCommand::StopPlan(given) => self.hold_plan(given, Command::Stop).await,
            EditorCommand::ContinuePlan(given) => self.continue_plan(given).await,
            EditorCommand::MergePlan(given) => self.merge_plan(given).await,
            EditorCommand::Trust(given) => self.trust(given).await,
        }
    }
}

/// Where a task is, as the database has it.
pub(super) fn status_of(store: &Store, key: &TaskKey) -> Result<TaskStatus> {
    Ok(store.task(key)?.map_or(TaskStatus::Ready, |row| row.status))
}
