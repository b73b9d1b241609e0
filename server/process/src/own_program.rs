//! This program's own binary: it guards and detaches what it starts, also after an update took its file away.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// On Linux, this path names the running binary, even if another file is at the binary's path by now.
const SELF: &str = "/proc/self/exe";

struct Own {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

static OWN: OnceLock<Own> = OnceLock::new();

/// The path of the running binary. First called early in `main`, while the file is sure to be there.
pub fn own_program() -> io::Result<PathBuf> {
    if let Some(own) = OWN.get() {
        return Ok(own.path.clone());
    }
    let path = std::env::current_exe()?;
    let file = file_of(Path::new(SELF));
    Ok(OWN.get_or_init(|| Own { path, file }).path.clone())
}

/// What to execute for a path. If the path is this program's own, and another file or none is there by now, that is the
/// running binary instead: a program and the guards that it starts must be of the same build.
pub(super) fn executable(path: &Path) -> &Path {
    match OWN.get() {
        Some(own) if own.path == path && own.file.is_some() && file_of(path) != own.file => Path::new(SELF),
        _ => path,
    }
}

/// What distinguishes one file from another for the system.
fn file_of(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
