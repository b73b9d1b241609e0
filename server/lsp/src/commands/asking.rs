//! What the user is asked before a loop runs: whether the repository's commands may run here, and what becomes of
//! uncommitted changes. Asked outside of any queue; a question that is dismissed is a refusal.

use super::{Commands, questions::Open, quoting::cut, refusal::Refusal, saved::is_saved, writer::Place};
use crate::wording;
use alfine_config::trust::TrustItem;
use alfine_core::printable::printable;
use alfine_engine::project::Project;
use serde_json::Value;
use std::{fmt::Write, path::PathBuf, sync::Arc};
use tower_lsp::lsp_types::{MessageType, Url};

const ALLOW: &str = "Allow";
const SHOW: &str = "Show";
const CANCEL: &str = "Cancel";
const WITHOUT: &str = "Start without them";
const INCLUDE: &str = "Include them";
/// How many lines of a list stand in a question.
const LISTED: usize = 8;
/// The longest command that stands whole in a question, in characters.
const WHOLE: usize = 120;

/// How far an attempt came.
pub(super) enum Attempt {
    /// It is done; the answer.
    Done(Value),
    /// These may not run yet.
    Untrusted(Vec<TrustItem>),
    /// These are uncommitted, and nobody said what becomes of them.
    Uncommitted(Vec<PathBuf>),
}

/// Nothing, where all of these may run.
pub(super) fn untrusted(project: &Project, items: &[TrustItem]) -> Result<Option<Attempt>, Refusal> {
    let untrusted = project.untrusted(items)?;
    Ok((!untrusted.is_empty()).then_some(Attempt::Untrusted(untrusted)))
}

impl Commands {
    /// Tries until nothing is left to ask. `attempt` changes nothing unless it says that it is done; it is told whether
    /// uncommitted changes are taken along, as far as that is said.
    pub(super) async fn asking(
        &self,
        place: &Place,
        about: &str,
        command: &str,
        include: Option<bool>,
        attempt: impl Fn(&mut Project, Option<bool>) -> Result<Attempt, Refusal> + Send + Sync + 'static,
    ) -> Result<Value, Refusal> {
        let attempt = Arc::new(attempt);
        let mut include = include;
        let mut open: Option<Open> = None;
        loop {
            let again = Arc::clone(&attempt);
            let came_to = self.writers.run(place, move |project| again(project, include)).await?;
            if open.is_none() && !matches!(came_to, Attempt::Done(_)) {
                open = Some(self.questions.open(about, command)?);
            }
            match came_to {
                Attempt::Done(answer) => return Ok(self.as_it_is(place, answer).await),
                Attempt::Untrusted(items) => self.ask_to_allow(place, items).await?,
                Attempt::Uncommitted(files) => {
                    include = Some(self.ask_to_include(place, about, files).await?);
                }
            }
        }
    }

    /// Asks whether commands may run, and keeps a yes. Nothing can be allowed that was not to be read as a whole.
    pub(super) async fn ask_to_allow(&self, place: &Place, items: Vec<TrustItem>) -> Result<(), Refusal> {
        let what =
            if items.len() == 1 { "a command".to_owned() } else { format!("{} commands", items.len()) };
        let wants =
            format!("This repository and its plan want to run {what} on your machine: {}.", listed(&items));
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
                Some(ALLOW) if were_read => {
                    return self
                        .writers
                        .run(place, move |project| Ok(project.trust()?.approve(&items)?))
                        .await;
                }
                Some(SHOW) => {
                    self.show_commands(place, &items).await?;
                    were_read = true;
                }
                _ => return Err(not_allowed(&items)),
            }
        }
    }

    async fn show_commands(&self, place: &Place, items: &[TrustItem]) -> Result<(), Refusal> {
        let text = commands_document(&place.root.display().to_string(), items);
        let path = self
            .writers
            .read(place, move |project| super::show::write(project, "commands.md", text.as_bytes()))
            .await?;
        let url =
            Url::from_file_path(&path).map_err(|()| super::refusal::defect("a path is not absolute"))?;
        if !self.editor.show_document(url, None, false).await {
            let words = format!("The commands are listed in {}", path.display());
            self.editor.tell(MessageType::INFO, &words).await;
        }
        Ok(())
    }

    async fn ask_to_include(&self, place: &Place, about: &str, files: Vec<PathBuf>) -> Result<bool, Refusal> {
        let pictures = self.pictures.clone();
        let (files, unsaved) = self
            .writers
            .read(place, move |project| {
                let (picture, root) = (pictures(), project.repository.workdir());
                let is_open = |file: &&PathBuf| {
                    let path = root.join(file);
                    picture.open_at(&path).is_some_and(|open| !is_saved(open, &path))
                };
                let unsaved: Vec<PathBuf> = files.iter().filter(is_open).cloned().collect();
                Ok((files, unsaved))
            })
            .await?;
        let as_on_disk = match unsaved.len() {
            0 => String::new(),
            _ => format!(" Taken along as on the disk, without what is not saved: {}.", names(&unsaved)),
        };
        let question = format!(
            "Uncommitted, and so not in what the agent works on: {}.{as_on_disk} How is {about} started?",
            names(&files)
        );
        let chosen = self.editor.ask(MessageType::WARNING, &question, &[WITHOUT, INCLUDE, CANCEL]).await;
        match chosen.as_deref() {
            Some(WITHOUT) => Ok(false),
            Some(INCLUDE) => Ok(true),
            _ => Err(Refusal::new(
                format!(
                    "{about} was not started: {} uncommitted, and nobody said whether they are taken along",
                    count(files.len())
                ),
                "commit or stash them, or choose when you are asked; `includeUncommitted` in the options says it beforehand",
            )),
        }
    }
}

fn not_allowed(items: &[TrustItem]) -> Refusal {
    Refusal::new(
        format!(
            "{} of this repository’s commands may not run on this machine yet: {}",
            items.len(),
            listed(items)
        ),
        "read them; to allow them later, use “Allow the commands” (alfine.trust) on the plan, or start again and choose Allow",
    )
}

/// Says whether a command stands in a question as it is: not cut, and not as what clients show as a link.
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
