//! Whether two paths are one place.

use super::path_bytes::path_of;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whether this folder of git's belongs to the worktree with this `.git` file.
pub(super) fn is_home_of(home: &Path, file: &Path) -> bool {
    let back = fs::read(home.join("gitdir"));
    back.is_ok_and(|text| same_place(&home.join(path_of(text.trim_ascii_end())), file))
}

/// Compares two paths of which one may be gone, so that only their folders can be resolved.
pub(super) fn same_place(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| {
        let mut rest = Vec::new();
        for folder in path.ancestors() {
            if let Ok(real) = folder.canonicalize() {
                return rest.iter().rev().fold(real, |path: PathBuf, name| path.join(name));
            }
            rest.extend(folder.file_name().map(ToOwned::to_owned));
        }
        path.to_owned()
    };
    a == b || real(a) == real(b)
}
