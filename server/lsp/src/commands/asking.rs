//! Drives requests for an editor: their questions become message requests. Asked outside of any queue; a question that
//! is dismissed is a refusal.

use super::{
    Commands,
    questions::Open,
    refusal::{defect, refused},
    show::file_uri,
    unsaved::is_saved,
};
use crate::protocol::lsp_types::MessageType;
use crate::snapshot::Place;
use crate::wording::{self, cut};
use alfine_config::trust::TrustItem;
use alfine_core::{hint::Hint, printable::printable, task::TaskKey};
use alfine_engine::{
    Error, ErrorKind, Result, built_on,
    project::Project,
    requests::{Answered, Question, Reply, Request, Step},
    start as engine,
};
use alfine_store::ApprovalRow;
use std::{fmt::Write, path::PathBuf};

const ALLOW: &str = "Allow";
const SHOW: &str = "Show";
const CANCEL: &str = "Cancel";
const WITHOUT: &str = "Start without them";
const INCLUDE: &str = "Include them";
const APPROVE: &str = "Approve";
const REJECT: &str = "Reject";
const MERGE_ALL: &str = "Merge all of it";
const DISCARD: &str = "Discard";
const BRING_BACK: &str = "Bring back";
const SAME: &str = "It is the same";
const NEW: &str = "It is a new task";
const AGAIN: &str = "Run again";
/// The most lines of a list in a question.
const LISTED: usize = 8;
/// The longest command that is shown whole in a question, in characters.
const WHOLE: usize = 120;

impl Commands {
    /// Drives a request until it is over: asks its questions, outside of any queue, and waits for what it waits for.
    /// `about` and `command` name what is asked about, so that nothing is asked twice at a time.
    pub(super) async fn drive<R>(
        &self,
        place: &Place,
        about: &str,
        command: &str,
        request: R,
    ) -> Result<R::Done>
    where
        R: Request<Done: Send + 'static> + Send + 'static,
    {
        let mut request = request;
        let mut answered = None;
        let mut open: Option<Open> = None;
        loop {
            let editor = self.front_end();
            let (came_back, step) = self
                .queues
                .run(place, move |project| {
                    let step = request.next(project, &editor(), answered)?;
                    Ok((request, step))
                })
                .await?;
            request = came_back;
            match step {
                Step::Done(done) => return Ok(done),
                Step::Wait(wait, done) => {
                    let waiting = tokio::task::spawn_blocking(move || wait.wait());
                    let waited = waiting.await;
                    return waited
                        .unwrap_or_else(|_| Err(defect("the wait for a runner was lost")))
                        .map(|()| done);
                }
                Step::Ask(question) => {
                    if open.is_none() {
                        open = Some(self.questions.open(about, command)?);
                    }
                    let reply = self.ask(place, about, &question).await?;
                    answered = Some(Answered { question, reply });
                }
            }
        }
    }

    /// Asks a request's question. A dismissed question counts as a refusal.
    async fn ask(&self, place: &Place, about: &str, question: &Question) -> Result<Reply> {
        match question {
            Question::Trust { items, .. } => self.ask_to_allow(place, items).await.map(|()| Reply::Yes),
            Question::Uncommitted { files } => self.ask_to_include(place, about, files).await,
            Question::Approval { task, asked } => self.ask_for_approval(task, asked).await,
            Question::Append { path, text, id } => {
                self.append_in_buffer(path, text, id).await.map(|()| Reply::Yes)
            }
            Question::SameTask { task, title, row } => {
                let question = alfine_words::same_task(task, title, &row.key, &row.title, row.status);
                match self.editor.ask(MessageType::WARNING, &question, &[SAME, NEW, CANCEL]).await.as_deref()
                {
                    Some(SAME) => Ok(Reply::Yes),
                    Some(NEW) => Ok(Reply::No),
                    _ => Err(refused(
                        format!("{task} was not started: nobody said which task it is"),
                        "choose when you are asked",
                    )),
                }
            }
            Question::RunAgain { task, row } => {
                let question = format!("{}. Run it again?", engine::merged_already(task, row).message);
                match self.editor.ask(MessageType::WARNING, &question, &[AGAIN, CANCEL]).await.as_deref() {
                    Some(AGAIN) => Ok(Reply::Yes),
                    _ => Err(refused(
                        format!("{task} was not run again"),
                        "choose “Run again” when you are asked, or tick its box",
                    )),
                }
            }
            Question::RestoreCheckout { task, changes } => {
                let question = format!(
                    "While the agent of {task} ran, your checkout changed: {}. Bring it back as it was before? What you \
                     changed again since stays; new branches, worktrees and stash entries stay.",
                    printable(&alfine_words::checkout::listed(changes))
                );
                let chosen = self.editor.ask(MessageType::WARNING, &question, &[BRING_BACK, CANCEL]).await;
                match chosen.as_deref() {
                    Some(BRING_BACK) => Ok(Reply::Yes),
                    _ => Err(refused(
                        "nothing was brought back".to_owned(),
                        "choose “Bring back” when you are asked",
                    )),
                }
            }
            Question::Goal(about) => Err(refused(
                format!("“{}” was not begun", printable(&about.title)),
                "begin it in a terminal: alfine run, with the goal in quotes",
            )),
            Question::LandsToo { task, with } => {
                let would = built_on::would_land(task, with);
                let question = format!("{}. Merge all of it?", would.message);
                let chosen = self.editor.ask(MessageType::WARNING, &question, &[MERGE_ALL, CANCEL]).await;
                match chosen.as_deref() {
                    Some(MERGE_ALL) => Ok(Reply::Yes),
                    _ => Err(would),
                }
            }
            Question::Discard { task } => {
                let question = format!("Remove the worktree and the branch of {task}? Its checkpoints stay.");
                match self.editor.ask(MessageType::WARNING, &question, &[DISCARD, CANCEL]).await.as_deref() {
                    Some(DISCARD) => Ok(Reply::Yes),
                    _ => Err(refused(
                        format!("{task} was not discarded"),
                        "choose “Discard” when you are asked",
                    )),
                }
            }
        }
    }

    /// Asks whether commands may run. Nothing can be allowed that could not be read as a whole.
    async fn ask_to_allow(&self, place: &Place, items: &[TrustItem]) -> Result<()> {
        let what =
            if items.len() == 1 { "a command".to_owned() } else { format!("{} commands", items.len()) };
        let wants =
            format!("This repository and its plan want to run {what} on your machine: {}.", listed(items));
        let mut were_read = items.len() <= LISTED && items.iter().all(stands_whole);
        loop {
            let chosen = if were_read {
                let question = format!("{wants} Allow that, now and from now on?");
                self.editor.ask(MessageType::WARNING, &question, &[ALLOW, SHOW, CANCEL]).await
            } else {
                let question = format!("{wants} Not all of it can be read here; “{SHOW}” has it whole.");
                self.editor.ask(MessageType::WARNING, &question, &[SHOW, CANCEL]).await
            };
            match chosen.as_deref() {
                Some(ALLOW) if were_read => return Ok(()),
                Some(SHOW) => {
                    self.show_commands(place, items).await?;
                    were_read = true;
                }
                _ => return Err(not_allowed(items)),
            }
        }
    }

    async fn show_commands(&self, place: &Place, items: &[TrustItem]) -> Result<()> {
        let text = commands_document(&place.root.display().to_string(), items);
        let path = self
            .queues
            .read(place, move |project| super::show::write(project, "commands.md", text.as_bytes()))
            .await?;
        if !self.editor.show_document(file_uri(&path)?, None, false).await {
            let words = format!("The commands are listed in {}", path.display());
            self.editor.tell(MessageType::INFO, &words).await;
        }
        Ok(())
    }

    /// Asks whether the work that a loop claims to be ready is.
    async fn ask_for_approval(&self, key: &TaskKey, asked: &ApprovalRow) -> Result<Reply> {
        let question = format!("{key}: {}", printable(&asked.text));
        match self.editor.ask(MessageType::INFO, &question, &[APPROVE, REJECT]).await.as_deref() {
            Some(APPROVE) => Ok(Reply::Yes),
            Some(REJECT) => Ok(Reply::No),
            _ => Err(refused(
                format!("{key} still asks: {}", printable(&asked.text)),
                Hint::Approve { task: key.clone() },
            )),
        }
    }

    async fn ask_to_include(&self, place: &Place, about: &str, files: &[PathBuf]) -> Result<Reply> {
        let (pictures, all) = (self.pictures.clone(), files.to_vec());
        let looking = move |project: &Project| {
            let (picture, root) = (pictures(), project.repository.workdir());
            let is_unsaved = |file: &PathBuf| {
                let path = root.join(file);
                picture.open_at(&path).is_some_and(|open| !is_saved(open, &path))
            };
            Ok(all.into_iter().filter(is_unsaved).collect::<Vec<PathBuf>>())
        };
        let unsaved = self.queues.read(place, looking).await?;
        let as_on_disk = match unsaved.len() {
            0 => String::new(),
            _ => format!(" Taken along as on the disk, without what is not saved: {}.", names(&unsaved)),
        };
        let question = format!(
            "Uncommitted, and so not in what the agent works on: {}.{as_on_disk} How is {about} started?",
            names(files)
        );
        let chosen = self.editor.ask(MessageType::WARNING, &question, &[WITHOUT, INCLUDE, CANCEL]).await;
        match chosen.as_deref() {
            Some(WITHOUT) => Ok(Reply::No),
            Some(INCLUDE) => Ok(Reply::Yes),
            _ => Err(refused(
                format!(
                    "{about} was not started: {} uncommitted, and nobody said whether they are taken along",
                    count(files.len())
                ),
                "commit or stash them, or choose when you are asked; `includeUncommitted` in the options says it beforehand",
            )),
        }
    }
}

fn not_allowed(items: &[TrustItem]) -> Error {
    let message = format!("{}: {}", alfine_words::not_allowed(items.len() as u64), listed(items));
    let kind = ErrorKind::Untrusted { items: items.to_vec() };
    Error::new(kind, message).hint(Hint::Trust { plan: None })
}

/// Whether a question shows a command unchanged: not cut, and without anything that clients render as a link.
fn stands_whole(item: &TrustItem) -> bool {
    printable(&item.command).chars().count() <= WHOLE && !item.command.contains("](")
}

fn listed(items: &[TrustItem]) -> String {
    let listed: Vec<String> =
        items.iter().take(LISTED).map(|item| cut(&printable(&item.command), WHOLE)).collect();
    format!("{}{}", listed.join(" · "), more(items.len()))
}

fn names(files: &[PathBuf]) -> String {
    let listed: Vec<String> =
        files.iter().take(LISTED).map(|path| cut(&printable(&path.display().to_string()), WHOLE)).collect();
    format!("{}{}", listed.join(", "), more(files.len()))
}

/// Lists commands so that a person can read them: nothing hidden.
fn commands_document(root: &str, items: &[TrustItem]) -> String {
    let mut text = format!(
        "# What this repository and its plans want to run\n\nRepository: {}\n\n\
         Nothing of it has run. Characters that cannot be seen are written as ⟨U+…⟩.\n",
        printable(root)
    );
    for item in items {
        let command = printable(&item.command);
        let fence = wording::fence(&command, 3);
        let _ = write!(text, "\n- {}\n\n  {fence}sh\n  {command}\n  {fence}\n", printable(&item.origin));
    }
    text
}

fn more(count: usize) -> String {
    if count > LISTED { format!(" and {} more", count - LISTED) } else { String::new() }
}

fn count(files: usize) -> String {
    if files == 1 { "1 file is".to_owned() } else { format!("{files} files are") }
}
