//! The inbox: the plan in which the tasks stand that were started from a place in a file.
//!
//! The repository says what lies at its path, and might have put a link there: no link is followed, and nothing but a
//! plain file is opened.

mod goal;
mod notes;
mod subject;

pub use goal::Goal;
pub use notes::note_in;
pub use subject::{Said, Subject};

use crate::{Error, ErrorKind, Result, project::PlanFile, project::Project};
use alfine_core::plan;
use alfine_files::plain_file::{self, Folder, LARGEST_TEXT};
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

/// The inbox's path from the repository's root.
pub const INBOX: &str = ".alfine/plans/inbox.md";
/// The folders on the way to it.
const FOLDERS: [&str; 2] = [".alfine", "plans"];
/// Its name there.
const FILE: &str = "inbox.md";

/// The inbox on the disk; empty if there is none.
pub(crate) fn read(project: &Project) -> Result<String> {
    let open = || Folder::open(project.repository.workdir(), &FOLDERS)?.file(FILE);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        opened => opened.and_then(|file| whole(&file)).map_err(|error| failed("read", &error)),
    }
}

/// Appends to the inbox on the disk what `make` makes of its text: the task's id and the text to add. Nobody else adds
/// a task meanwhile. Returns the new text and the id.
pub fn append(
    project: &Project,
    make: impl FnOnce(&str) -> Result<(String, String)>,
) -> Result<(String, String)> {
    let failed = |error: io::Error| failed("written", &error);
    let folder = Folder::create(project.repository.workdir(), &FOLDERS).map_err(failed)?;
    let mut file = folder.file_to_append(FILE).map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut text = whole(&file).map_err(failed)?;
    let (id, addition) = make(&text)?;
    if let Err(error) = file.write_all(addition.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a task must not be left in the inbox: a later start could take it for a whole one.
        let _ = file.set_len(text.len() as u64);
        return Err(failed(error));
    }
    text.push_str(&addition);
    Ok((text, id))
}

/// The inbox as a plan.
pub(crate) fn plan_file(project: &Project, text: String) -> PlanFile {
    PlanFile {
        name: INBOX.to_owned(),
        path: project.repository.workdir().join(INBOX),
        plan: plan::read(INBOX, &text),
        text,
    }
}

/// An id that neither the inbox nor the database has, for a task that was started from a place in a file.
pub fn free_id(project: &Project, inbox: &str) -> Result<String> {
    free_id_of(project, inbox, "HERE-")
}

/// The same for any kind of task, by what its ids begin with.
pub(crate) fn free_id_of(project: &Project, inbox: &str, kind: &str) -> Result<String> {
    let known = project.store.tasks_of(INBOX)?;
    let plan = plan::read(INBOX, inbox);
    let ids =
        known.iter().map(|row| row.key.id.0.as_str()).chain(plan.tasks.iter().map(|task| task.id.0.as_str()));
    let last = ids.filter_map(|id| id.strip_prefix(kind)?.parse::<u32>().ok()).max().unwrap_or(0);
    Ok(format!("{kind}{:03}", last.saturating_add(1)))
}

fn whole(mut file: &File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let bytes = plain_file::rest(file, LARGEST_TEXT)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{INBOX} cannot be {what}: {error}"))
        .hint("make it a plain file in a folder that is writable; nothing was started")
}
