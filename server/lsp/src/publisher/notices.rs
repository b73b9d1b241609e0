//! What is wrong with a repository's database or approvals. Each problem is reported once.

use crate::protocol::lsp_types::MessageType;
use crate::{editor::Editor, picture::Picture, to_client::ToEditor};
use std::{collections::HashSet, path::PathBuf, sync::Arc};

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
                checkout.notices.iter().map(|notice| (checkout.place.common_dir.clone(), notice.clone()))
            })
            .collect();
        for (folder, notice) in now.difference(&self.told) {
            let (editor, message) = (self.editor.clone(), format!("{}: {notice}", folder.display()));
            tokio::spawn(async move { editor.tell(MessageType::WARNING, &message).await });
        }
        self.told = now;
    }
}
