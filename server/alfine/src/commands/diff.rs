//! `alfine diff`: what a loop, or one of its iterations, changed.

use super::opening;
use crate::{
    cli::DiffArgs,
    output::{print_json, say},
    report::exit,
};
use alfine_core::printable::printable;
use alfine_engine::{Error, ErrorKind, Result, finish, loops, surroundings};
use alfine_git::{ChangeKind, FileChange};
use serde_json::{Value, json};
use std::{io::Write, path::Path};

/// Prints a patch, or its files.
pub(super) fn perform(directory: &Path, args: &DiffArgs) -> Result<u8> {
    let (project, key) = opening::task(directory, &args.task, args.json)?;
    let row = loops::begun(&project.store, &key)?;
    let (from, to) = finish::ends_of_diff(&project, &row, args.iteration, None)?;
    let own = surroundings::own_files(&row);
    if args.json {
        let files = project.repository.diff(&from, &to, &own, 0)?.files;
        let files: Vec<Value> = files.iter().map(as_json).collect();
        print_json(&json!({ "task": key, "from": from, "to": to, "files": files }))?;
        return Ok(exit::DONE);
    }
    if args.stat {
        for file in project.repository.diff(&from, &to, &own, 0)?.files {
            let path = printable(&file.path.display().to_string());
            say(format_args!("{:>5} + {:>5} -  {path}", file.added, file.removed));
        }
        return Ok(exit::DONE);
    }
    let diff = project.repository.diff(&from, &to, &own, usize::MAX)?;
    let mut out = std::io::stdout().lock();
    match out.write_all(&diff.patch).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Internal, format!("the patch cannot be printed: {error}")))
        }
        _ => Ok(exit::DONE),
    }
}

fn as_json(file: &FileChange) -> Value {
    let (change, was) = match &file.kind {
        ChangeKind::Added => ("added", None),
        ChangeKind::Deleted => ("deleted", None),
        ChangeKind::Modified => ("modified", None),
        ChangeKind::TypeChanged => ("type_changed", None),
        ChangeKind::Renamed { from } => ("renamed", Some(from)),
    };
    let mut json = json!({
        "path": file.path.to_string_lossy(), "change": change, "added": file.added, "removed": file.removed,
    });
    if let Some(was) = was {
        json["was"] = was.to_string_lossy().into();
    }
    json
}
