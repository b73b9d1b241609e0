//! What only a front end knows.

use crate::{Result, project::Project};
use std::path::{Path, PathBuf};

/// What only the front end of a request knows: its own program, and the unsaved text of an editor.
pub trait FrontEnd {
    /// Alfine's own binary, which becomes the runners and guards.
    fn program(&self) -> PathBuf;

    /// Whether an editor has a file open.
    fn is_open(&self, _path: &Path) -> bool {
        false
    }

    /// Whether an editor has unsaved text of a file.
    fn is_unsaved(&self, _path: &Path) -> bool {
        false
    }

    /// The first file of the project's working tree, from its root, of which an editor holds what is not on the disk.
    /// Files that git ignores do not count.
    ///
    /// # Errors
    ///
    /// The repository cannot be read.
    fn unsaved_in(&self, _project: &Project) -> Result<Option<PathBuf>> {
        Ok(None)
    }

    /// A file's text as an editor has it; `None` if none has the file open.
    fn open_text(&self, _path: &Path) -> Option<String> {
        None
    }
}

/// A front end without an editor.
#[derive(Debug)]
pub struct Terminal {
    /// Alfine's own binary.
    pub program: PathBuf,
}

impl FrontEnd for Terminal {
    fn program(&self) -> PathBuf {
        self.program.clone()
    }
}
