//! What is asked of the user's editor. Each is answered within a time, also where the client never answers.

use crate::progress::Step;
use crate::protocol::{
    async_trait,
    lsp_types::{MessageType, Range, Url, WorkspaceEdit},
};
use alfine_verify::CancelToken;
use tokio::sync::watch;

/// The user's editor.
#[async_trait]
pub(crate) trait Editor: Send + Sync + std::fmt::Debug {
    /// Asks the user to choose. None where the question was dismissed, or nobody answered in time.
    async fn ask(&self, kind: MessageType, question: &str, choices: &[&str]) -> Option<String>;

    /// Tells the user something.
    async fn tell(&self, kind: MessageType, message: &str);

    /// Shows that something goes on that the user can call off, until what is returned is dropped.
    fn progress(&self, title: String, cancel: CancelToken) -> watch::Sender<Step>;

    /// Opens a document. Says whether the client did.
    async fn show_document(&self, uri: Url, selection: Option<Range>, external: bool) -> bool;

    /// Edits documents, open or not. Says whether the client did, or why not.
    async fn apply_edit(&self, label: &str, edit: WorkspaceEdit) -> Result<(), String>;
}
