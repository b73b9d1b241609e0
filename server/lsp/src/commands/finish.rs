//! `alfine.merge`, `discard`, `rewind`, `fork`: what becomes of a loop's work.

use super::{
    Commands, FORK,
    arguments::{AtIteration, OfTask},
    asking::{Attempt, untrusted},
    control::until_unrun,
    execute::status_of,
    refusal::Refusal,
    start::spec_of,
};
use alfine_engine::{control, finish, start as engine};
use serde_json::{Value, json};
use tower_lsp::lsp_types::MessageType;

impl Commands {
    /// Merges what a done task made. Conflicts change nothing and are in the answer.
    pub(super) async fn merge(&self, given: OfTask) -> Result<Value, Refusal> {
        let key = given.task;
        let place = self.place_of(&key).await?;
        let task = key.clone();
        let answer = self
            .writers
            .run(&place, move |project| {
                until_unrun(project, &task)?;
                match finish::merge(project, &task, None) {
                    Ok(_) => Ok(json!({ "task": task, "status": status_of(project, &task)? })),
                    Err(error) if error.conflicts.is_empty() => Err(error.into()),
                    Err(error) => Ok(json!({
                        "task": task,
                        "status": status_of(project, &task)?,
                        "conflicts": error.conflicts,
                    })),
                }
            })
            .await?;
        if let Some(conflicts) = answer.get("conflicts").and_then(Value::as_array) {
            let files: Vec<&str> = conflicts.iter().filter_map(Value::as_str).collect();
            let words = format!(
                "{key} was not merged: it conflicts in {}. Nothing was changed. Merge its branch by hand, or tell the \
                 agent to take the new state of its base in, with “Steer” and “Continue”.",
                files.join(", ")
            );
            self.editor.tell(MessageType::WARNING, &words).await;
        }
        Ok(answer)
    }

    /// Throws a task's worktree and branch away.
    pub(super) async fn discard(&self, given: OfTask) -> Result<Value, Refusal> {
        let key = given.task.clone();
        let answer = self
            .on_task(given.task, |project, key| {
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
        let program = self.program.clone();
        self.on_task(given.task, move |project, key| {
            until_unrun(project, key)?;
            Ok(finish::rewind(project, key, given.iteration, program)?)
        })
        .await
    }

    /// Begins again from an earlier tree, in the background.
    pub(super) async fn fork(&self, given: AtIteration) -> Result<Value, Refusal> {
        let AtIteration { task: key, iteration } = given;
        let place = self.place_of(&key).await?;
        let program = self.program.clone();
        let about = key.to_string();
        self.asking(&place, &about, FORK, None, move |project, _| {
            until_unrun(project, &key)?;
            let spec = spec_of(&control::live_loop(project, &key)?)?;
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
