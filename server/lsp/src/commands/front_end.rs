//! What an editor knows for a request: which files it has open, and their unsaved text.

use super::{
    Commands,
    unsaved::{OpenFiles, unsaved_in},
};
use crate::picture::Picture;
use alfine_engine::{Result, project::Project, requests::FrontEnd};
use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

/// An editor at a moment, for one step of a request.
pub(super) struct EditorNow {
    program: PathBuf,
    picture: Picture,
    /// Where each open document lies; looked up once it is asked for.
    open: OnceCell<OpenFiles>,
}

impl Commands {
    /// Creates what makes an [`EditorNow`] where a request is worked on, so that it knows what is open then.
    pub(super) fn front_end(&self) -> impl FnOnce() -> EditorNow + Send + use<> {
        let (program, pictures) = (self.program.clone(), self.pictures.clone());
        move || EditorNow { program, picture: pictures(), open: OnceCell::new() }
    }
}

impl EditorNow {
    fn open(&self) -> &OpenFiles {
        self.open.get_or_init(|| OpenFiles::of(&self.picture))
    }
}

impl FrontEnd for EditorNow {
    fn program(&self) -> PathBuf {
        self.program.clone()
    }

    fn is_open(&self, path: &Path) -> bool {
        self.open().has(path)
    }

    fn is_unsaved(&self, path: &Path) -> bool {
        self.open().is_unsaved(path)
    }

    fn unsaved_in(&self, project: &Project) -> Result<Option<PathBuf>> {
        unsaved_in(project, &self.picture)
    }

    fn open_text(&self, path: &Path) -> Option<String> {
        self.picture.open_at(path).map(|open| open.text.clone())
    }
}
