//! What is wrong with a repository's database or approvals. Each problem is reported once.

use crate::protocol::lsp_types::MessageType;
use crate::{editor::Editor, picture::Picture, snapshot::StorePicture, to_client::ToEditor};
use alfine_core::printable::printable;
use std::{collections::HashSet, path::PathBuf, sync::Arc};

/// What agents changed in the user's checkout: the user hears of it wherever the plan may be.
fn harm(store: &StorePicture) -> impl Iterator<Item = String> {
    let tasks = store.tasks.values().flat_map(|tasks| tasks.values());
    let loops = tasks.filter_map(|task| Some((&task.row.key, task.last.as_ref()?)));
    loops.flat_map(|(key, last)| {
        last.checkout.iter().filter(|found| found.named).map(|found| {
            printable(
                &alfine_words::checkout::told(key, &found.changes, &found.tasks, found.named).to_string(),
            )
        })
    })
}

/// The problems that were reported to the user.
#[derive(Debug)]
pub(super) struct Notices {
    editor: Arc<ToEditor>,
    told: HashSet<(PathBuf, String)>,
}

impl Notices {
    pub(super) fn new(editor: Arc<ToEditor>) -> Self {
        Self { editor, told: HashSet::new() }
    }

    /// Reports new problems, and forgets those that are over.
    pub(super) fn tell(&mut self, picture: &Picture) {
        let checkouts = picture.snapshot.checkouts.iter();
        let now: HashSet<(PathBuf, String)> = checkouts
            .flat_map(|checkout| {
                let notices = checkout.notices.iter().cloned().chain(harm(&checkout.store));
                notices.map(|notice| (checkout.place.common_dir.clone(), notice))
            })
            .collect();
        for (folder, notice) in now.difference(&self.told) {
            let name = printable(&alfine_git::repository_name(folder));
            let (editor, message) = (self.editor.clone(), format!("{name}: {notice}"));
            tokio::spawn(async move { editor.tell(MessageType::WARNING, &message).await });
        }
        self.told = now;
    }
}
