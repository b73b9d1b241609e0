//! How landings end. A landing goes on in the background, and whoever asked for it may look elsewhere meanwhile.

use crate::protocol::lsp_types::{MessageType, Url};
use crate::{
    commands::{
        Commands, EditorCommand,
        arguments::{OfTask, ShowDiff},
    },
    editor::Editor,
    picture::Picture,
    snapshot::LoopPicture,
    to_client::ToEditor,
};
use alfine_core::{
    landing::NotLanded,
    reason::Reason,
    task::{TaskKey, TaskStatus},
};
use alfine_store::LoopId;
use std::{collections::HashMap, sync::Arc};

const REWORK: &str = "Rework";
const SHOW_DIFF: &str = "Show diff";

/// How far the work of a loop is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It lands, or is to land as soon as it is done.
    Lands,
    /// It did not land.
    Refused,
    /// Anything else.
    Other,
}

/// The landings that were seen to go on.
#[derive(Debug)]
pub(super) struct Landings {
    editor: Arc<ToEditor>,
    commands: Arc<Commands>,
    ways: HashMap<LoopId, Way>,
}

impl Landings {
    pub(super) fn new(editor: Arc<ToEditor>, commands: Arc<Commands>) -> Self {
        Self { editor, commands, ways: HashMap::new() }
    }

    /// Tells how each landing ended that ended since the last picture. Waits for no answer.
    pub(super) fn tell(&mut self, picture: &Picture) {
        let mut ways = HashMap::new();
        for checkout in &picture.snapshot.checkouts {
            for task in checkout.store.all() {
                let Some(of) = &task.last else { continue };
                let reason = task.reason();
                let way = way_of(of, reason.as_deref());
                // Several working trees may show the same repository.
                if ways.insert(of.row.id.clone(), way).is_some() {
                    continue;
                }
                let before = self.ways.get(&of.row.id);
                let key = &task.row.key;
                match (before, reason.as_deref()) {
                    (Some(Way::Lands), Some(Reason::Merged { into, .. })) => {
                        let (editor, words) = (self.editor.clone(), alfine_words::landed(key, into));
                        tokio::spawn(async move { editor.tell(MessageType::INFO, &words).await });
                    }
                    (Some(Way::Lands | Way::Other), Some(Reason::NotLanded { into, because }))
                        if way == Way::Refused =>
                    {
                        let (editor, commands) = (self.editor.clone(), self.commands.clone());
                        let words = alfine_words::not_landed(key, into, because);
                        let choices: &'static [&'static str] = match because {
                            NotLanded::Red { .. } | NotLanded::Conflicts { .. } => &[REWORK, SHOW_DIFF],
                            NotLanded::Stopped | NotLanded::Unknown { .. } => &[SHOW_DIFF],
                        };
                        let plan = checkout.uri_of(&key.plan);
                        tokio::spawn(refused(editor, commands, key.clone(), plan, words, choices));
                    }
                    _ => {}
                }
            }
        }
        self.ways = ways;
    }
}

fn way_of(of: &LoopPicture, reason: Option<&Reason>) -> Way {
    let will_land = || {
        let state = of.state.as_ref();
        state.is_some_and(|state| state.lands_when_done.is_some() && state.not_landed.is_none())
    };
    match (of.row.status, reason) {
        (_, Some(Reason::Lands { .. })) => Way::Lands,
        // What the user stopped they know of.
        (TaskStatus::Done, Some(Reason::NotLanded { because, .. })) if *because != NotLanded::Stopped => {
            Way::Refused
        }
        (TaskStatus::Merged | TaskStatus::Discarded, _) => Way::Other,
        _ if will_land() => Way::Lands,
        _ => Way::Other,
    }
}

/// Says why work did not land, and does what the user wants about it.
async fn refused(
    editor: Arc<ToEditor>,
    commands: Arc<Commands>,
    task: TaskKey,
    uri: Option<Url>,
    words: String,
    choices: &[&str],
) {
    loop {
        let chosen = editor.ask(MessageType::WARNING, &words, choices).await;
        let (command, asks_again) = match chosen.as_deref() {
            Some(REWORK) => (EditorCommand::Rework(OfTask { task: task.clone(), uri: uri.clone() }), false),
            Some(SHOW_DIFF) => {
                let (task, uri) = (task.clone(), uri.clone());
                (EditorCommand::ShowDiff(ShowDiff { task, uri, iteration: None, against: None }), true)
            }
            _ => return,
        };
        if let Err(error) = commands.perform(command).await {
            return editor.tell(MessageType::WARNING, &error.message).await;
        }
        if !asks_again {
            return;
        }
    }
}
