//! Keeps the picture that handlers read: looks at the client's folders, the plans and settings in them and their
//! repositories' databases, and publishes a new [`Snapshot`] whenever something changed.
//!
//! One thread for the disk and one for each repository; all sleep until something happens. The keeper never
//! creates a database, never runs anything of a repository, and does not know what is shown.

mod aligned;
mod board;
mod disk;
mod follower;
mod marks;
mod ticket;
mod tree;
mod watches;

use crate::protocol::lsp_types::Url;
use crate::snapshot::Snapshot;
use alfine_files::UserDirs;
use board::Board;
use disk::{Disk, Message};
use serde_json::Value;
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};
use ticket::AtEnd;
use tokio::sync::{oneshot, watch};

/// How long ending waits for the threads; one that hangs in a file system is left behind.
const ENDS_WITHIN: Duration = Duration::from_millis(250);

/// Keeps the newest [`Snapshot`]. None of its methods waits; its threads end when it is dropped.
#[derive(Debug)]
pub struct Keeper {
    inbox: Sender<Message>,
    /// Closed when the last thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl Keeper {
    /// Starts to keep; publishes to `publish` from then on. Knows no folder yet.
    pub fn start(publish: watch::Sender<Arc<Snapshot>>, user: UserDirs) -> io::Result<Self> {
        let (inbox, messages) = mpsc::channel();
        let (alive, ended) = mpsc::channel();
        let board = Arc::new(Board::new(publish));
        let disk = Disk::new(messages, inbox.clone(), board, user, alive);
        std::thread::Builder::new().name("alfine-disk".to_owned()).spawn(move || disk.run())?;
        Ok(Self { inbox, ended: Mutex::new(ended) })
    }

    /// The client's workspace folders are these now.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        self.tell(Message::Folders(folders));
    }

    /// The client opened a document.
    pub fn opened(&self, uri: Url) {
        self.tell(Message::Opened(uri));
    }

    /// The client closed a document.
    pub fn closed(&self, uri: Url) {
        self.tell(Message::Closed(uri));
    }

    /// These files were saved, made or removed, as the client says.
    pub fn touched(&self, uris: Vec<Url>) {
        self.tell(Message::Touched(uris));
    }

    /// The editor's settings are these now: an object in the shape of `alfine.toml`.
    pub fn set_settings(&self, settings: Value) {
        self.tell(Message::Settings(settings));
    }

    /// Looks at everything now. Resolves when what was there at the call is published.
    pub fn look(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.tell(Message::Look(AtEnd::new(move || {
            let _ = tell.send(());
        })));
        told
    }

    fn tell(&self, message: Message) {
        // Its thread ends only with this.
        let _ = self.inbox.send(message);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.tell(Message::Stop);
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(ENDS_WITHIN);
    }
}
