//! `alfine.merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{
    Commands,
    arguments::{AtIteration, OfTask},
    asking::{Attempt, untrusted},
    execute::status_of,
    refusal::Refusal,
    saved::{OpenFiles, is_saved},
    start::{refuse_in_place, spec_of, until_unrun},
};
use crate::{document::Document, picture::Picture, to_proto::workspace_edit};
use alfine_core::task::TaskKey;
use alfine_engine::{Error, ErrorKind, finish, finish::MergeOptions, loops, start as engine};
use alfine_git::WorkingCopies;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};
use tower_lsp::lsp_types::{MessageType, WorkspaceEdit};

impl Commands {
    /// Merges what a done task made, and ticks it in its plan. Conflicts change nothing and are in the answer.
    pub(super) async fn merge(&self, given: OfTask) -> Result<Value, Refusal> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let (task, pictures) = (key.clone(), self.pictures.clone());
        let (answer, left) = self
            .writers
            .run(&place, move |project| {
                until_unrun(project, &task)?;
                // What is open is the editor's to change.
                let open = OpenFiles::of(&pictures());
                let options = MergeOptions {
                    into: None,
                    tick: WorkingCopies::Except(&|path| open.has(path)),
                    is_unsaved: &|path| open.is_unsaved(path),
                };
                match finish::merge(project, &task, &options) {
                    Ok(merged) => {
                        Ok((json!({ "task": task, "status": status_of(project, &task)? }), merged.left))
                    }
                    Err(Error { kind: ErrorKind::Conflict { files }, .. }) => {
                        let status = status_of(project, &task)?;
                        let answer = json!({ "task": task, "status": status, "conflicts": files });
                        Ok((answer, Vec::new()))
                    }
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        if let Some(conflicts) = answer.get("conflicts").and_then(Value::as_array) {
            let files: Vec<&str> = conflicts.iter().filter_map(Value::as_str).collect();
            let words = format!(
                "{key} was not merged: it conflicts in {}. Nothing was changed. Merge its branch by hand, then merge it here; \
                 or have the agent do it: “Rewind” it to its last iteration, “Steer” it to commit, to merge the branch it \
                 goes into and to resolve the conflicts, then “Continue”.",
                files.join(", ")
            );
            self.editor.tell(MessageType::WARNING, &words).await;
        }
        for path in left {
            self.tick_in_buffer(&key, &path).await;
        }
        Ok(answer)
    }

    /// Ticks a merged task in its plan, which is open. A buffer with something that is not saved is left alone.
    async fn tick_in_buffer(&self, key: &TaskKey, path: &Path) {
        let picture = (self.pictures)();
        let why = match OpenFiles::of(&picture).at(path) {
            None => "it was closed just now".to_owned(),
            Some(open) => {
                let (document, file) = (Arc::clone(open), path.to_owned());
                let saved = tokio::task::spawn_blocking(move || is_saved(&document, &file)).await;
                let edit = tick(open, key, &picture);
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

    /// Throws a task's worktree and branch away.
    pub(super) async fn discard(&self, given: OfTask) -> Result<Value, Refusal> {
        let key = given.task.clone();
        let answer = self
            .on_task(given.task, given.uri, |project, key| {
                until_unrun(project, key)?;
                Ok(finish::discard(project, key)?)
            })
            .await?;
        let words = format!(
            "{key} is discarded. What it made is kept in its checkpoints: `git for-each-ref refs/alfine` lists them, \
             and `git checkout -b NAME REF` brings one back."
        );
        self.editor.tell(MessageType::INFO, &words).await;
        Ok(answer)
    }

    /// Sets a loop's tree back.
    pub(super) async fn rewind(&self, given: AtIteration) -> Result<Value, Refusal> {
        let (program, pictures) = (self.program.clone(), self.pictures.clone());
        self.on_task(given.task, given.uri, move |project, key| {
            until_unrun(project, key)?;
            let spec = spec_of(&loops::live_loop(project, key)?)?;
            refuse_in_place(project, &pictures(), &spec)?;
            Ok(finish::rewind(project, key, given.iteration, program)?)
        })
        .await
    }

    /// Begins again from an earlier tree, in the background.
    pub(super) async fn fork(&self, given: AtIteration) -> Result<Value, Refusal> {
        let AtIteration { task: key, uri, iteration } = given;
        let place = self.place_of(&key, uri.as_ref()).await?;
        let program = self.program.clone();
        let about = key.to_string();
        self.asking(&place, &about, "alfine.fork", None, move |project, _| {
            until_unrun(project, &key)?;
            let spec = spec_of(&loops::live_loop(project, &key)?)?;
            if let Some(to_ask) = untrusted(project, &spec.commands)? {
                return Ok(to_ask);
            }
            let lock = finish::fork(project, &key, iteration)?;
            engine::detach(project, lock, &program)?;
            Ok(Attempt::Done(json!({ "task": key, "status": status_of(project, &key)? })))
        })
        .await
    }
}

/// The edit that ticks a task in an open plan; none where it is ticked, or not in it any more.
fn tick(open: &Document, key: &TaskKey, picture: &Picture) -> Option<WorkspaceEdit> {
    let task = open.plan().tasks.iter().find(|task| task.id == key.id)?;
    let edits = open.plan().tick(&open.text, task);
    (!edits.is_empty()).then(|| workspace_edit(&picture.client, open, &edits))
}
