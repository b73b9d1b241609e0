//! Answers in words, for clients that have no box to write in: a file with the question, opened in the editor. What stands
//! below it when the file is saved is the answer.

use super::{ANSWER, Commands, refusal::Refusal, show, writer::Place};
use alfine_core::task::TaskKey;
use alfine_engine::store::ApprovalRow;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tower_lsp::lsp_types::{MessageType, Url};

/// What ends the question; all below it is the answer.
const FOLD: &str = "<!-- Write your answer below this line, and save the file. -->";

/// The questions whose files are open, by file: the task and the question's number.
pub(super) type Letters = Mutex<HashMap<PathBuf, (TaskKey, i64)>>;

impl Commands {
    /// Opens a file to write the answer in. Refused where the client opens none.
    pub(super) async fn write_answer(
        &self,
        place: &Place,
        key: &TaskKey,
        asked: &ApprovalRow,
    ) -> Result<Value, Refusal> {
        let quoted: String = asked.text.lines().map(|line| format!("> {line}\n")).collect();
        let text = format!("{key} asks:\n\n{quoted}\n{FOLD}\n\n");
        let name = format!("{}/answer-{}.md", show::folder_of(key), asked.id);
        let path =
            self.writers.run(place, move |project| show::write(project, &name, text.as_bytes())).await?;
        let url =
            Url::from_file_path(&path).map_err(|()| super::refusal::defect("a path is not absolute"))?;
        self.letters().insert(path, (key.clone(), asked.id));
        if self.editor.show_document(url.clone(), None, false).await {
            return Ok(json!({ "task": key, "uri": url, "shown": true }));
        }
        Err(Refusal::new(
            format!("{key} asks: {}", alfine_engine::trust::printable(&asked.text)),
            "answer in words: select them in any file and use “Answer with the selected text” on the task, or give \
             the command a `text`",
        ))
    }

    /// Takes note that a document was saved: it may be an answer. Waits for nothing; needs a tokio runtime.
    pub fn saved(self: &Arc<Self>, uri: &Url) {
        let Ok(path) = uri.to_file_path() else { return };
        if self.letters().contains_key(&path) {
            let commands = self.clone();
            tokio::spawn(async move { commands.take_answer(path).await });
        }
    }

    /// Gives the answer that a file has, if it has one by now, to the loop that asks.
    pub(super) async fn take_answer(&self, path: PathBuf) {
        let Some((key, approval)) = self.letters().get(&path).cloned() else { return };
        let read = path.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(read)).await;
        let Ok(Ok(text)) = read else { return };
        let Some(answer) = answer_in(&text) else { return };
        let given = json!({ "task": key, "approval": approval, "text": answer });
        match self.execute(ANSWER, vec![given]).await {
            Ok(_) => {
                self.letters().remove(&path);
                self.editor.tell(MessageType::INFO, &format!("{key} has your answer and goes on.")).await;
            }
            Err(error) => self.editor.tell(MessageType::WARNING, &error.message).await,
        }
    }

    fn letters(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (TaskKey, i64)>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands below the fold, if anything does.
fn answer_in(text: &str) -> Option<&str> {
    let (_, answer) = text.split_once(FOLD)?;
    Some(answer.trim()).filter(|answer| !answer.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_what_stands_below_the_fold() {
        let letter = |below: &str| format!("PLAN.md#T1 asks:\n\n> Which one?\n\n{FOLD}\n{below}");
        assert_eq!(answer_in(&letter("\nPostgres.\r\nThe newest.\n")), Some("Postgres.\r\nThe newest."));
        assert_eq!(answer_in(&letter(" \n\n")), None);
        assert_eq!(answer_in("all is gone"), None);
    }
}
