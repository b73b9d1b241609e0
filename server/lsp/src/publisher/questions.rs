//! Questions of loops, each asked once. A question that the user dismisses can still be answered at its task.

use crate::protocol::lsp_types::{MessageType, Url};
use crate::{
    commands::{
        Commands, EditorCommand,
        arguments::{Answer, Continue, ShowDiff},
    },
    editor::Editor,
    offers::TaskOffers,
    picture::Picture,
    to_client::ToEditor,
};
use alfine_core::{machine::AskKind, task::TaskKey};
use alfine_store::ApprovalRow;
use std::{collections::HashSet, path::PathBuf, sync::Arc};

const APPROVE: &str = "Approve";
const APPROVE_AND_MERGE: &str = "Approve and merge";
const REJECT: &str = "Reject";
const SHOW_DIFF: &str = "Show diff";
const ANSWER: &str = "Write an answer";
const CONTINUE: &str = "Continue";

/// What was asked of the user.
#[derive(Debug)]
pub(super) struct Questions {
    editor: Arc<ToEditor>,
    commands: Arc<Commands>,
    asked: HashSet<(PathBuf, i64)>,
}

impl Questions {
    pub(super) fn new(editor: Arc<ToEditor>, commands: Arc<Commands>) -> Self {
        Self { editor, commands, asked: HashSet::new() }
    }

    /// Asks what was not asked yet. Waits for no answer.
    pub(super) fn tell(&mut self, picture: &Picture) {
        for (checkout, task, of) in picture.snapshot.live() {
            let Some(asks) = &of.asks else { continue };
            if !self.asked.insert((checkout.place.common_dir.clone(), asks.id)) {
                continue;
            }
            let (editor, commands) = (self.editor.clone(), self.commands.clone());
            let plan = checkout.uri_of(&task.row.key.plan);
            let merges = TaskOffers::of_unplanned(Some(checkout), plan.clone(), task).can_approve_and_merge();
            tokio::spawn(ask(editor, commands, task.row.key.clone(), plan, asks.clone(), merges));
        }
    }
}

/// Asks one question and passes the answer on.
async fn ask(
    editor: Arc<ToEditor>,
    commands: Arc<Commands>,
    key: TaskKey,
    plan: Option<Url>,
    asks: ApprovalRow,
    merges: bool,
) {
    let (question, choices): (_, &[&str]) = match asks.kind {
        AskKind::Approval
        | AskKind::Unproven
        | AskKind::ChecksChanged
        | AskKind::Baseline
        | AskKind::AlreadyGreen => {
            let choices: &[&str] = match merges {
                true => &[APPROVE_AND_MERGE, APPROVE, REJECT, SHOW_DIFF],
                false => &[APPROVE, REJECT, SHOW_DIFF],
            };
            (format!("{key} asks for your approval: {}", asks.text), choices)
        }
        AskKind::Question | AskKind::Blocked => (format!("{key} asks: {}", asks.text), &[ANSWER]),
        AskKind::Login
        | AskKind::Billing
        | AskKind::Budget
        | AskKind::Config
        | AskKind::Context
        | AskKind::Check
        | AskKind::Refusal => (format!("{key} cannot go on: {}", asks.text), &[CONTINUE]),
        // The user is asked about this when the loop is started.
        AskKind::Trust => return,
    };
    loop {
        let chosen = editor.ask(MessageType::INFO, &question, choices).await;
        let answered = |approved: Option<bool>, merge: bool| {
            let (task, uri, approval) = (key.clone(), plan.clone(), Some(asks.id));
            EditorCommand::Answer(Answer { task, uri, approval, approved, merge, text: None })
        };
        let answer = |approved| answered(approved, false);
        let (task, uri) = (key.clone(), plan.clone());
        let command = match chosen.as_deref() {
            Some(APPROVE) => answer(Some(true)),
            Some(APPROVE_AND_MERGE) => answered(Some(true), true),
            Some(REJECT) => answer(Some(false)),
            Some(SHOW_DIFF) => {
                EditorCommand::ShowDiff(ShowDiff { task, uri, iteration: None, against: None })
            }
            Some(ANSWER) => answer(None),
            Some(CONTINUE) => EditorCommand::Continue(Continue {
                keep_plan: false,
                task,
                uri,
                max_iterations: None,
                max_cost: None,
                reset_breaker: false,
            }),
            _ => return,
        };
        let asks_again = matches!(command, EditorCommand::ShowDiff(_));
        if let Err(error) = commands.perform(command).await {
            return editor.tell(MessageType::WARNING, &error.message).await;
        }
        if !asks_again {
            return;
        }
    }
}
