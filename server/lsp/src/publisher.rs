//! Tells the client what changed: diagnostics, progress, tasks, questions, and what to ask for again.
//!
//! One task for each client. It looks at the newest picture, reports what differs from its last report, and sleeps
//! until a snapshot or a document changes. Changes that come in between are reported together.

mod landings;
mod notices;
pub(crate) mod progress;
mod questions;
mod tasks;

#[cfg(test)]
pub(crate) use tasks::Changes as TaskChanges;

use self::{landings::Landings, notices::Notices, progress::Progress, questions::Questions, tasks::Tasks};
use crate::protocol::{
    Client,
    lsp_types::{Diagnostic, Url},
};
use crate::{
    client::ClientView,
    commands::{Commands, unsaved_hold::Holder},
    diagnostics,
    picture::Picture,
    session::Session,
    to_client::ToEditor,
    within::within,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long changes are gathered before they are reported: shorter than a key's repetition, so that nobody notices.
const GATHER: Duration = Duration::from_millis(25);

/// How long a client has to acknowledge that it is to ask again.
const REFRESH: Duration = Duration::from_secs(10);

/// Tells one client what changed.
#[derive(Debug)]
pub(crate) struct Publisher {
    client: Client,
    session: Arc<Session>,
    told: BTreeMap<Url, Vec<Diagnostic>>,
    progress: Progress,
    tasks: Tasks,
    questions: Questions,
    notices: Notices,
    landings: Landings,
    holder: Arc<Holder>,
    commands: Arc<Commands>,
}

impl Publisher {
    /// Creates the publisher of a client that has received nothing yet.
    pub(crate) fn new(
        client: Client,
        session: Arc<Session>,
        editor: Arc<ToEditor>,
        commands: &Arc<Commands>,
        holder: Arc<Holder>,
    ) -> Self {
        Self {
            progress: Progress::new(client.clone()),
            tasks: Tasks::new(client.clone()),
            notices: Notices::new(editor.clone()),
            landings: Landings::new(editor.clone(), commands.clone()),
            questions: Questions::new(editor, commands.clone()),
            client,
            session,
            told: BTreeMap::new(),
            holder,
            commands: commands.clone(),
        }
    }

    /// Tells news until it is stopped, and then ends what it began.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let (mut snapshots, mut edits) = (self.session.snapshots(), self.session.edits());
        let refresh = watch::Sender::new(());
        tokio::spawn(Self::refresh(self.client.clone(), self.session.client(), refresh.subscribe()));
        snapshots.mark_changed();
        loop {
            let of_snapshot = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                changed = snapshots.changed() => match changed {
                    Ok(()) => true,
                    Err(_) => break,
                },
                changed = edits.changed() => match changed {
                    Ok(()) => false,
                    Err(_) => break,
                },
            };
            tokio::time::sleep(GATHER).await;
            let of_snapshot = of_snapshot || snapshots.has_changed().unwrap_or(false);
            snapshots.mark_unchanged();
            edits.mark_unchanged();
            let picture = self.session.picture();
            self.publish(&picture).await;
            if of_snapshot {
                self.progress.tell(&picture);
                self.questions.tell(&picture);
                self.notices.tell(&picture);
                self.landings.tell(&picture);
                self.holder.documents_changed();
                self.commands.tend(&picture.snapshot);
                refresh.send_replace(());
            }
            if picture.client.tasks {
                self.tasks.tell(self.session.tasks(&picture)).await;
            }
        }
        self.progress.end().await;
    }

    async fn publish(&mut self, picture: &Picture) {
        let looking = picture.clone();
        let Ok(all) = tokio::task::spawn_blocking(move || diagnostics::all(&looking)).await else {
            return;
        };
        let mut now = BTreeMap::<Url, Vec<Diagnostic>>::new();
        for (uri, diagnostics) in all.into_iter().filter(|(_, here)| !here.is_empty()) {
            // The client knows a document by the URI it opened it with, and by no other.
            let uri = picture.open(&uri).map_or(uri, |open| open.uri.clone());
            now.entry(uri).or_default().extend(diagnostics);
        }
        for uri in self.session.take_opened() {
            self.told.remove(&uri);
        }
        let gone: Vec<Url> = self.told.keys().filter(|uri| !now.contains_key(uri)).cloned().collect();
        for uri in gone {
            self.told.remove(&uri);
            self.send(picture, uri, Vec::new()).await;
        }
        for (uri, diagnostics) in now {
            if self.told.get(&uri) != Some(&diagnostics) {
                self.told.insert(uri.clone(), diagnostics.clone());
                self.send(picture, uri, diagnostics).await;
            }
        }
    }

    async fn send(&self, picture: &Picture, uri: Url, diagnostics: Vec<Diagnostic>) {
        let version = picture.documents.get(&uri).and_then(|document| document.version);
        self.client.publish_diagnostics(uri, diagnostics, version).await;
    }

    /// Has the client ask for lenses and hints again; once at a time, and once more if something changed meanwhile.
    async fn refresh(client: Client, view: Arc<ClientView>, mut changes: watch::Receiver<()>) {
        while changes.changed().await.is_ok() {
            if view.refreshes_lenses {
                let client = client.clone();
                within(REFRESH, "refreshing code lenses", async move { client.code_lens_refresh().await })
                    .await;
            }
            if view.refreshes_hints {
                let client = client.clone();
                within(REFRESH, "refreshing hints", async move { client.inlay_hint_refresh().await }).await;
            }
        }
    }
}
