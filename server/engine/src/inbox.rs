//! The inbox: the plan in which the tasks stand that were started from a place in a file.
//!
//! The repository says what lies at its path, and might have put a link there: no link is followed, and nothing but a
//! plain file is opened.

mod notes;
mod subject;

pub use notes::note_in;
pub use subject::{Said, Subject};

use crate::{Error, ErrorKind, Result, project::PlanFile, project::Project};
use alfine_core::plan;
use rustix::{
    fs::{self as at, Mode, OFlags},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::OwnedFd,
    path::Path,
};

/// The inbox's path from the repository's root.
pub const INBOX: &str = ".alfine/plans/inbox.md";
/// The folders on the way to it.
const FOLDERS: [&str; 2] = [".alfine", "plans"];
/// Its name there.
const FILE: &str = "inbox.md";
/// The largest inbox that is read, in bytes.
const LARGEST: u64 = 8 << 20;

/// The inbox on the disk; empty where there is none.
pub(crate) fn read(project: &Project) -> Result<String> {
    match open(project.repository.workdir(), false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        opened => opened.and_then(|mut file| whole(&mut file)).map_err(|error| failed("read", &error)),
    }
}

/// Appends to the inbox on the disk what `make` makes of its text: the task's id and the text to add. Nobody else adds
/// a task meanwhile. Returns the new text and the id.
pub fn append(
    project: &Project,
    make: impl FnOnce(&str) -> Result<(String, String)>,
) -> Result<(String, String)> {
    let failed = |error: io::Error| failed("written", &error);
    let mut file = open(project.repository.workdir(), true).map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut text = whole(&mut file).map_err(failed)?;
    let (id, addition) = make(&text)?;
    if let Err(error) = file.write_all(addition.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a task is none.
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

/// An id that neither the inbox nor the database has.
pub fn free_id(project: &Project, inbox: &str) -> Result<String> {
    let known = project.store.tasks_of(INBOX)?;
    let plan = plan::read(INBOX, inbox);
    let ids =
        known.iter().map(|row| row.key.id.0.as_str()).chain(plan.tasks.iter().map(|task| task.id.0.as_str()));
    let last = ids.filter_map(|id| id.strip_prefix("HERE-")?.parse::<u32>().ok()).max().unwrap_or(0);
    Ok(format!("HERE-{:03}", last.saturating_add(1)))
}

fn open(root: &Path, create: bool) -> io::Result<File> {
    let no_link = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder: OwnedFd = File::open(root)?.into();
    for name in FOLDERS {
        if create {
            match at::mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Err(error) if error != Errno::EXIST => return Err(error.into()),
                _ => {}
            }
        }
        folder = at::openat(&folder, name, OFlags::RDONLY | OFlags::DIRECTORY | no_link, Mode::empty())?;
    }
    let how = if create { OFlags::RDWR | OFlags::APPEND | OFlags::CREATE } else { OFlags::RDONLY };
    // A FIFO would wait for its other end.
    let how = how | no_link | OFlags::NONBLOCK;
    let file = File::from(at::openat(&folder, FILE, how, Mode::from_raw_mode(0o666))?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a plain file")) }
}

fn whole(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST { Err(io::Error::other("it is too large")) } else { Ok(text) }
}

fn failed(what: &str, error: &io::Error) -> Error {
    let code = Errno::from_io_error(error);
    let why = match code {
        Some(Errno::LOOP | Errno::NOTDIR) => {
            "it is a link, or a folder on the way to it is none; no link is followed there".to_owned()
        }
        _ => error.to_string(),
    };
    Error::new(ErrorKind::Store, format!("{INBOX} cannot be {what}: {why}"))
        .hint("make it a plain file in a folder that is writable; nothing was started")
}
