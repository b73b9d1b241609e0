//! Whether what an editor shows is what lies on the disk: runners read the disk.

use crate::{document::Document, picture::Picture};
use alfine_engine::{Result, project::Project};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Says whether an open document is as its file is. Line ends do not count, since editors keep them apart from the text;
/// nor does a mark of the byte order. A file that is no UTF-8 cannot be compared; what counts is then whether the document
/// was changed since it was opened or saved.
pub(super) fn is_saved(document: &Document, path: &Path) -> bool {
    let Ok(bytes) = std::fs::read(path) else {
        // A buffer whose file is gone, or was never written, has nothing but what is in it. Some editors send the end of the
        // one line that an empty buffer has.
        return matches!(document.text.as_str(), "" | "\n" | "\r\n" | "\r");
    };
    let Ok(text) = std::str::from_utf8(&bytes) else { return document.is_as_saved() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shown = document.text.strip_prefix('\u{feff}').unwrap_or(&document.text);
    text == shown || without_returns(text).eq(without_returns(shown))
}

fn without_returns(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// The open documents by their files, however their names lead there.
pub(super) struct OpenFiles(HashMap<PathBuf, Arc<Document>>);

impl OpenFiles {
    /// Looks where each open document lies now.
    pub(super) fn of(picture: &Picture) -> Self {
        let by_file =
            |document: &Arc<Document>| Some((real(document.path.as_deref()?), Arc::clone(document)));
        Self(picture.documents.values().filter_map(by_file).collect())
    }

    /// Says whether a file is open.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(&real(path))
    }

    /// The open document of a file.
    pub(super) fn at(&self, path: &Path) -> Option<&Arc<Document>> {
        self.0.get(&real(path))
    }

    /// Says whether a file is open and differs from what lies on the disk.
    pub(super) fn is_unsaved(&self, path: &Path) -> bool {
        self.at(path).is_some_and(|open| !is_saved(open, path))
    }
}

/// A path without links; also of a file that is not there, in a folder that is.
fn real(path: &Path) -> PathBuf {
    let above = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(above).unwrap_or_else(|| path.to_owned())
}

/// The first open document in the project's working tree that differs from its file, by its path from the root. Files
/// that git ignores are nobody's work.
pub(super) fn unsaved_in(project: &Project, picture: &Picture) -> Result<Option<PathBuf>> {
    let root = project.repository.workdir();
    let mut paths: Vec<(PathBuf, &Arc<Document>)> = picture
        .documents
        .values()
        .filter_map(|document| {
            let linked = picture.snapshot.linked.get(&document.uri).cloned();
            let path = linked.or_else(|| document.path.clone())?;
            Some((PathBuf::from(project.name_of(&path)?), document))
        })
        .collect();
    paths.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, document) in paths {
        let own = name.starts_with(".alfine");
        if !own && !is_saved(document, &root.join(&name)) && !project.repository.is_ignored(&name)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
