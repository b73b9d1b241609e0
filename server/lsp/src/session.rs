//! The state of one client: its capabilities, its folders, its open documents. Changed in the order of its messages.
//!
//! Nothing here waits for the disk, the database or the client.

use crate::lock::lock;
use crate::protocol::lsp_types::{
    InitializeParams, TextDocumentContentChangeEvent, TextDocumentItem, Url, VersionedTextDocumentIdentifier,
    WorkspaceFoldersChangeEvent,
};
use crate::{
    client::ClientView,
    document::{Document, Documents},
    handlers::tasks::{Tasks, tasks},
    keeper::Keeper,
    picture::Picture,
    snapshot::Snapshot,
    spelling::Spellings,
};
use alfine_core::time::Moment;
use alfine_store::Millis;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::watch;

/// How long a request waits for the first look at a document's repository.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The state of one client.
#[derive(Debug)]
pub(crate) struct Session {
    state: Mutex<State>,
    keeper: Keeper,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    spellings: Mutex<Spellings>,
    /// Rings when the documents change.
    edited: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    client: Arc<ClientView>,
    documents: Arc<Documents>,
    folders: Vec<PathBuf>,
    /// The look at what was opened last, and how many there were.
    looking: Option<Shared<BoxFuture<'static, ()>>>,
    looks: u64,
    /// Documents that were opened since this was last asked for: the client may have dropped what was published for
    /// them before.
    opened: Vec<Url>,
}

impl Session {
    /// Creates the state of a client that has sent nothing yet.
    pub(crate) fn new(keeper: Keeper, snapshots: watch::Receiver<Arc<Snapshot>>) -> Self {
        let spellings = Mutex::default();
        Self { state: Mutex::default(), keeper, snapshots, spellings, edited: watch::Sender::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes in what the client said of itself.
    pub(crate) fn initialize(&self, params: &InitializeParams) -> Arc<ClientView> {
        let client = Arc::new(ClientView::of(params));
        #[allow(deprecated)] // What a client has that knows no workspace folders.
        let root = || params.root_uri.iter().filter_map(|uri| uri.to_file_path().ok()).collect();
        let folders: Vec<PathBuf> = match &params.workspace_folders {
            Some(folders) => folders.iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect(),
            None => root(),
        };
        let mut state = self.state();
        state.client = client.clone();
        state.folders.clone_from(&folders);
        self.keeper.set_folders(folders);
        self.look(&mut state);
        client
    }

    fn look(&self, state: &mut State) {
        state.looking = Some(self.keeper.look().map(drop).boxed().shared());
        state.looks += 1;
    }

    /// What the client can.
    pub(crate) fn client(&self) -> Arc<ClientView> {
        self.state().client.clone()
    }

    /// The keeper of the snapshots.
    pub(crate) fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Rings when a new snapshot is there.
    pub(crate) fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Rings when the documents change.
    pub(crate) fn edits(&self) -> watch::Receiver<()> {
        self.edited.subscribe()
    }

    /// What can be seen now.
    pub(crate) fn picture(&self) -> Picture {
        let state = self.state();
        Picture {
            snapshot: self.snapshots.borrow().clone(),
            documents: state.documents.clone(),
            client: state.client.clone(),
            now: Moment(Millis::now().0),
        }
    }

    /// The tasks of a picture. Each plan is spelled as it was when it was first reported.
    pub(crate) fn tasks(&self, picture: &Picture) -> Tasks {
        let mut all = tasks(picture);
        let mut spellings = lock(&self.spellings);
        for uri in all.tasks.iter_mut().filter_map(|task| task.uri.as_mut()) {
            *uri = spellings.spell(uri);
        }
        all
    }

    /// What can be seen once what was opened last was looked at, or that took too long.
    pub(crate) async fn looked(&self) -> Picture {
        let (looking, looks) = {
            let state = self.state();
            (state.looking.clone(), state.looks)
        };
        if let Some(looking) = looking {
            if tokio::time::timeout(FIRST_LOOK, looking).await.is_err() {
                tracing::warn!("a look at the repository takes long; answering with what was seen before");
                return self.picture();
            }
            let mut state = self.state();
            // Another document may have been opened in the meantime.
            if state.looks == looks {
                state.looking = None;
            }
        }
        self.picture()
    }

    /// Takes in a document that was opened.
    pub(crate) fn open(&self, item: TextDocumentItem) {
        let mut state = self.state();
        let document = Document::new(item.uri.clone(), Some(item.version), item.text);
        self.keeper.opened(item.uri.clone());
        state.opened.push(item.uri.clone());
        Arc::make_mut(&mut state.documents).insert(item.uri, Arc::new(document));
        self.look(&mut state);
        drop(state);
        self.edited.send_replace(());
    }

    /// The documents that were opened since this was asked last.
    pub(crate) fn take_opened(&self) -> Vec<Url> {
        std::mem::take(&mut self.state().opened)
    }

    /// Applies changes to a document. Changes to a document that is not open are ignored.
    pub(crate) fn change(
        &self,
        of: &VersionedTextDocumentIdentifier,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) {
        let mut state = self.state();
        let encoding = state.client.encoding;
        let Some(document) = state.documents.get(&of.uri) else {
            tracing::warn!("{} was changed but is not open", of.uri);
            return;
        };
        let next = Arc::new(document.changed(of.version, changes, encoding));
        Arc::make_mut(&mut state.documents).insert(of.uri.clone(), next);
        drop(state);
        self.edited.send_replace(());
    }

    /// Takes in that a document was saved.
    pub(crate) fn saved(&self, uri: Url) {
        let mut state = self.state();
        if let Some(saved) = state.documents.get(&uri).map(|document| Arc::new(document.saved())) {
            Arc::make_mut(&mut state.documents).insert(uri.clone(), saved);
        }
        drop(state);
        self.keeper.touched(vec![uri]);
        self.edited.send_replace(());
    }

    /// Takes in that a document was closed.
    pub(crate) fn close(&self, uri: &Url) {
        let mut state = self.state();
        Arc::make_mut(&mut state.documents).remove(uri);
        drop(state);
        self.keeper.closed(uri.clone());
        self.edited.send_replace(());
    }

    /// Takes in that folders came and went.
    pub(crate) fn change_folders(&self, event: WorkspaceFoldersChangeEvent) {
        let mut state = self.state();
        let paths = |folders: Vec<crate::protocol::lsp_types::WorkspaceFolder>| -> Vec<PathBuf> {
            folders.into_iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect()
        };
        let removed = paths(event.removed);
        state.folders.retain(|folder| !removed.contains(folder));
        for folder in paths(event.added) {
            if !state.folders.contains(&folder) {
                state.folders.push(folder);
            }
        }
        self.keeper.set_folders(state.folders.clone());
        self.look(&mut state);
    }
}
