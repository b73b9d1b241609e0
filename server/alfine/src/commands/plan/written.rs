//! Where a plan is read from and written to: never over a file that nobody said may go.

use crate::{cli::WrittenArgs, output::say};
use alfine_core::plan::{self, Plan};
use alfine_engine::{Error, Result, project::Project};
use alfine_files::Place as FilePlace;
use alfine_git::Repository;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// A plan, read.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) plan: Plan,
}

/// Reads a plan, named from this folder or from the root of its repository; outside of one, from this folder.
pub(super) fn read(directory: &Path, given: &str) -> Result<Source> {
    let path = directory.join(given);
    if let Ok(project) = Project::open(directory)
        && (!path.exists() || project.name_of(&path).is_some())
    {
        let file = project.plan(given)?;
        return Ok(Source { path: file.path, text: file.text, plan: file.plan });
    }
    let text = super::super::lint::read_text(&path)?;
    let plan = plan::read(&path.to_string_lossy(), &text);
    Ok(Source { path, text, plan })
}

/// Where a document goes.
pub(super) enum Place {
    /// To standard output.
    Printed,
    /// Into a file.
    File {
        /// Which: in a repository one that no link leads to.
        at: FilePlace,
        /// Whether one that is there may go.
        force: bool,
    },
}

impl Place {
    /// The place that the user named, or else this one.
    pub(super) fn of(directory: &Path, args: &WrittenArgs, otherwise: impl FnOnce() -> PathBuf) -> Self {
        let path = match &args.out {
            Some(out) if out == Path::new("-") => return Self::Printed,
            Some(out) => directory.canonicalize().unwrap_or_else(|_| directory.to_owned()).join(out),
            None => otherwise(),
        };
        let at = match Repository::discover(directory) {
            Ok(repository) => FilePlace::from_root(repository.workdir(), path),
            Err(_) => FilePlace::anywhere(path),
        };
        Self::File { at, force: args.force }
    }

    /// Refuses to write where something is, before anything is done for it.
    pub(super) fn refuse_taken(&self) -> Result<()> {
        match self {
            Self::File { at, force: false } if at.path().symlink_metadata().is_ok() => Err(taken(at.path())),
            _ => Ok(()),
        }
    }

    /// Refuses to write over what is read, whatever was said.
    pub(super) fn refuse_over(&self, source: &Path) -> Result<()> {
        if let Self::File { at, .. } = self
            && let path = at.path()
            && let (Ok(one), Ok(other)) = (path.canonicalize(), source.canonicalize())
            && one == other
        {
            return Err(Error::user(format!("{} would be written over itself", path.display()))
                .hint("name another file with --out, or print it with --out -"));
        }
        self.refuse_taken()
    }

    /// Writes a document there, and says so.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        let Self::File { at, force } = self else {
            say(format_args!("{}", text.trim_end_matches('\n')));
            return Ok(());
        };
        let path = at.path();
        // Between the look and now it may have come.
        match at.write(text.as_bytes(), *force) {
            Ok(()) => say(format_args!("wrote {}", path.display())),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(taken(path)),
            Err(error) => {
                return Err(Error::user(format!("cannot write {}: {error}", path.display()))
                    .hint("name another file with --out"));
            }
        }
        Ok(())
    }
}

fn taken(path: &Path) -> Error {
    Error::user(format!("{} is there already", path.display()))
        .hint("name another file with --out, or have it written over with --force")
}
