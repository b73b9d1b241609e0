//! `alfine.merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{
    Commands,
    arguments::{AtIteration, OfTask},
    unsaved::{OpenFiles, is_saved},
};
use crate::protocol::lsp_types::{MessageType, WorkspaceEdit};
use crate::{
    client::EDITOR, document::Document, picture::Picture, to_proto::workspace_edit, wording::capitalized,
};
use alfine_core::task::TaskKey;
use alfine_engine::{
    Error, ErrorKind, Result,
    finish::KnownBy,
    requests::{self, Merging},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Says of a merge that conflicts what the user can do.
fn not_merged(key: &TaskKey, files: &[PathBuf], error: &Error) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let hint = error.hint_for(EDITOR).map(|hint| format!(" {}.", capitalized(&hint))).unwrap_or_default();
    format!("{key} was not merged: it conflicts in {}. Nothing was changed.{hint}", files.join(", "))
}

impl Commands {
    /// Merges what a done task made, and ticks it in its plan. Conflicts change nothing and are in the answer.
    pub(super) async fn merge(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request =
            requests::Merge { task: key.clone(), into: None, with_others: false, in_background: true };
        match self.drive(&place, &key.to_string(), "alfine.merge", request).await {
            Ok(Merging::Lands(_)) => self.where_it_is(&place, key).await,
            Ok(Merging::Merged(merged)) => {
                let key = match merged.plan_moved {
                    Some(plan) => TaskKey { plan, id: key.id },
                    None => key,
                };
                let answer = self.where_it_is(&place, key.clone()).await?;
                for path in merged.left {
                    self.tick_in_buffer(&key, &merged.known_by, &path).await;
                }
                if let Some(why) = &merged.unticked {
                    let words = format!("{key} is merged; {}.", alfine_words::unticked(why, &key.plan));
                    self.editor.tell(MessageType::INFO, &words).await;
                }
                Ok(answer)
            }
            Err(error) => {
                let ErrorKind::Conflict { files } = &error.kind else { return Err(error) };
                self.editor.tell(MessageType::WARNING, &not_merged(&key, files, &error)).await;
                let mut answer = self.where_it_is(&place, key).await?;
                answer["conflicts"] = json!(files);
                Ok(answer)
            }
        }
    }

    /// Ticks a merged task in its plan, which is open. A buffer with unsaved changes is left alone.
    pub(super) async fn tick_in_buffer(&self, key: &TaskKey, known_by: &KnownBy, path: &Path) {
        let picture = (self.pictures)();
        let why = match OpenFiles::of(&picture).at(path) {
            None => "it was closed just now".to_owned(),
            Some(open) => {
                let (document, file) = (Arc::clone(open), path.to_owned());
                let saved = tokio::task::spawn_blocking(move || is_saved(&document, &file)).await;
                let edit = tick(open, known_by, &picture);
                match edit {
                    None => return,
                    Some(_) if !saved.unwrap_or(false) => "it has changes that are not saved".to_owned(),
                    Some(_) if !picture.client.apply_edit => {
                        "this editor does not let a server edit it".to_owned()
                    }
                    Some(edit) => match self.editor.apply_edit(&format!("Tick {}", key.id), edit).await {
                        Ok(()) if picture.client.saves_ticks => return,
                        Ok(()) => {
                            let words = format!("{} is ticked in {}; save it.", key.id, key.plan);
                            return self.editor.tell(MessageType::INFO, &words).await;
                        }
                        Err(why) => why,
                    },
                }
            }
        };
        let words =
            format!("{key} is merged. Its box in {} was not ticked: {why}. Tick it yourself.", key.plan);
        self.editor.tell(MessageType::INFO, &words).await;
    }

    /// Merges the branch that finished work is to land on into it, and lets the agent go on from there, in the background.
    pub(super) async fn rework(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request =
            requests::Rework { task: key.clone(), note: None, in_background: true, keep_plan: false };
        let reworking = self.drive(&place, &key.to_string(), "alfine.rework", request).await?;
        self.tell_plan_changed(&key, &reworking.changes).await;
        self.where_it_is(&place, key).await
    }

    /// Throws a task's worktree and branch away.
    pub(super) async fn discard(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request = requests::Discard { task: key.clone(), confirmed: true };
        self.drive(&place, &key.to_string(), "alfine.discard", request).await?;
        let words = format!(
            "{key} is discarded. Its work is kept in its checkpoints: `git for-each-ref refs/alfine` lists them, \
             and `git checkout -b NAME REF` brings one back."
        );
        self.editor.tell(MessageType::INFO, &words).await;
        self.where_it_is(&place, key).await
    }

    /// Sets a loop's tree back.
    pub(super) async fn rewind(&self, given: AtIteration) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let key = given.task;
        let (iteration, keep_plan) = (given.iteration, given.keep_plan);
        let request = requests::Rewind { task: key.clone(), iteration, keep_plan };
        let changes = self.drive(&place, &key.to_string(), "alfine.rewind", request).await?;
        self.tell_plan_changed(&key, &changes).await;
        self.where_it_is(&place, key).await
    }

    /// Begins again from an earlier tree, in the background.
    pub(super) async fn fork(&self, given: AtIteration) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let key = given.task;
        let (iteration, keep_plan) = (given.iteration, given.keep_plan);
        let request = requests::ForkRequest { task: key.clone(), iteration, keep_plan };
        let changes = self.drive(&place, &key.to_string(), "alfine.fork", request).await?;
        self.tell_plan_changed(&key, &changes).await;
        self.where_it_is(&place, key).await
    }
}

/// The edit that ticks a task in an open plan; `None` if it is ticked already, or no longer in the plan.
fn tick(open: &Document, known_by: &KnownBy, picture: &Picture) -> Option<WorkspaceEdit> {
    let task = known_by.find(open.plan())?;
    let edits = known_by.edits(open.plan(), &open.text, task);
    (!edits.is_empty()).then(|| workspace_edit(&picture.client, open, &edits))
}
