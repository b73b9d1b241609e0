//! The editor of one client, asked through the protocol. A client that never answers holds nothing up.

use crate::protocol::{
    Client, async_trait,
    lsp_types::{
        MessageActionItem, MessageType, NumberOrString, Range, ShowDocumentParams, Url, WorkspaceEdit,
        request::ApplyWorkspaceEdit,
    },
};
use crate::{
    editor::Editor,
    lock::lock,
    progress::{self, Step},
    session::Session,
    within::within,
    wording,
};
use alfine_verify::CancelToken;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;

/// How long a person has to answer.
const PERSON: Duration = Duration::from_secs(15 * 60);

/// How long a client has to do something by itself.
const MACHINE: Duration = Duration::from_secs(10);

/// The editor of one client.
#[derive(Debug)]
pub(crate) struct ToEditor {
    client: Client,
    session: Arc<Session>,
    shown: Arc<Mutex<Shown>>,
}

/// What is shown to go on.
#[derive(Debug, Default)]
struct Shown {
    /// How much began, which gives each its token.
    begun: u64,
    /// What ends each that the user calls off, by its token.
    cancels: HashMap<String, CancelToken>,
}

impl ToEditor {
    /// Makes the editor that this client is.
    pub(crate) fn new(client: Client, session: Arc<Session>) -> Self {
        Self { client, session, shown: Arc::default() }
    }

    /// The user calls off what is shown with this token. Says whether there is any.
    pub(crate) fn cancel(&self, token: &NumberOrString) -> bool {
        let NumberOrString::String(token) = token else { return false };
        let cancel = lock(&self.shown).cancels.get(token).cloned();
        cancel.as_ref().map(CancelToken::cancel).is_some()
    }
}

/// How many characters of a message a person reads.
const LONGEST: usize = 2000;

/// A message's text. Clients may render Markdown in it, so that a link of somebody else's text could run a command.
pub(crate) fn message(text: &str) -> String {
    wording::plain(text, LONGEST).replace("](", "] (")
}

#[async_trait]
impl Editor for ToEditor {
    async fn ask(&self, kind: MessageType, question: &str, choices: &[&str]) -> Option<String> {
        let item = |title: &&str| MessageActionItem {
            title: (*title).to_owned(),
            properties: std::collections::HashMap::new(),
        };
        let (client, question) = (self.client.clone(), message(question));
        let choices: Vec<_> = choices.iter().map(item).collect();
        let asking = async move { client.show_message_request(kind, question, Some(choices)).await };
        within(PERSON, "a question to the user", asking).await.flatten().map(|chosen| chosen.title)
    }

    async fn tell(&self, kind: MessageType, text: &str) {
        self.client.show_message(kind, message(text)).await;
    }

    fn progress(&self, title: String, cancel: CancelToken) -> watch::Sender<Step> {
        let (send, steps) = watch::channel(Step::default());
        if self.session.client().progress {
            let token = {
                let mut shown = lock(&self.shown);
                shown.begun += 1;
                let token = format!("alfine/checks/{}", shown.begun);
                shown.cancels.insert(token.clone(), cancel);
                token
            };
            let (client, shown) = (self.client.clone(), Arc::clone(&self.shown));
            tokio::spawn(async move {
                progress::tell(client, NumberOrString::String(token.clone()), title, steps).await;
                lock(&shown).cancels.remove(&token);
            });
        }
        send
    }

    async fn show_document(&self, uri: Url, selection: Option<Range>, external: bool) -> bool {
        if !self.session.client().show_document {
            return false;
        }
        let client = self.client.clone();
        let shown = ShowDocumentParams { uri, external: Some(external), take_focus: Some(true), selection };
        let asking = async move { client.show_document(shown).await };
        within(MACHINE, "showing a document", asking).await.unwrap_or(false)
    }

    async fn apply_edit(&self, label: &str, edit: WorkspaceEdit) -> std::result::Result<(), String> {
        if !self.session.client().apply_edit {
            return Err("this editor applies no edits".to_owned());
        }
        let client = self.client.clone();
        let params =
            crate::protocol::lsp_types::ApplyWorkspaceEditParams { label: Some(label.to_owned()), edit };
        let asking = async move { client.send_request::<ApplyWorkspaceEdit>(params).await };
        match within(MACHINE, "an edit", asking).await {
            Some(done) if done.applied => Ok(()),
            Some(done) => {
                Err(done.failure_reason.unwrap_or_else(|| "the editor refused the edit".to_owned()))
            }
            None => Err("the editor did not answer".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_links_and_an_end() {
        let evil = "see [details](command:workbench.action.tasks.build)\u{1b}[31m";
        let shown = message(evil);
        assert!(!shown.contains("](") && !shown.contains('\u{1b}'), "{shown}");
        assert!(message(&"x".repeat(100_000)).chars().count() <= LONGEST + 1);
    }
}
