//! A file's content between the working tree and the object database.
//!
//! libgit2 knows the line-ending and ident filters. Files whose attributes name another filter go through the `git`
//! command, with the drivers that may run.

use super::{
    command::{Git, READING, WRITING},
    error::{Doing, DoingOn, GitError},
    filters::Filters,
    path_bytes::{bytes_of, path_of},
    skipped::Withheld,
};
use alfine_files::plain_file;
use git2::{AttrCheckFlags, AttrValue, ErrorClass, FileMode, Oid, Repository};
use rustix::io::Errno;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub(super) const FILE: u32 = 0o100_644;
pub(super) const EXECUTABLE: u32 = 0o100_755;
pub(super) const LINK: u32 = 0o120_000;
pub(super) const SUBMODULE: u32 = 0o160_000;
pub(super) const FOLDER: u32 = 0o040_000;

/// Why a file's content could not be stored.
#[derive(Debug)]
pub(super) enum Unstored {
    /// It is gone, or no longer a file.
    Vanished,
    /// It may not be read.
    Unreadable(io::Error),
    /// Anything that is not this one file's fault.
    Failed(GitError),
}

/// Stores the contents of one working tree's files.
pub(super) struct Contents<'r> {
    repo: &'r Repository,
    root: PathBuf,
    filters: Filters,
    modes: bool,
    links: bool,
    attributes: AttrCheckFlags,
}

impl<'r> Contents<'r> {
    pub(super) fn new(repo: &'r Repository) -> Result<Self, GitError> {
        let root = repo.workdir().ok_or_else(|| GitError::Bare(repo.path().to_owned()))?.to_owned();
        let mut config = repo.config().doing("read git's configuration")?;
        let config = config.snapshot().doing("read git's configuration")?;
        let set = |key| config.get_bool(key).unwrap_or(true);
        Ok(Self {
            repo,
            root,
            filters: Filters::of(repo)?,
            modes: set("core.filemode"),
            links: set("core.symlinks"),
            attributes: AttrCheckFlags::FILE_THEN_INDEX,
        })
    }

    /// For files that are about to come, whose attributes come with them in the index.
    pub(super) fn of_arriving_files(repo: &'r Repository) -> Result<Self, GitError> {
        Ok(Self { attributes: AttrCheckFlags::INDEX_THEN_FILE, ..Self::new(repo)? })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The mode that git records for a file. `known` is the recorded mode, for file systems without modes.
    pub(super) fn mode(&self, metadata: &Metadata, known: Option<u32>) -> u32 {
        if metadata.is_symlink() {
            return LINK;
        }
        match known {
            Some(LINK) if !self.links => LINK,
            Some(known @ (FILE | EXECUTABLE)) if !self.modes => known,
            _ if self.modes && metadata.mode() & 0o100 != 0 => EXECUTABLE,
            _ => FILE,
        }
    }

    /// Names the filter of a path that only the `git` command can run.
    pub(super) fn foreign_filter(&self, path: &[u8]) -> Option<String> {
        if let Some(driver) = self.driver(path).filter(|driver| self.filters.runs(driver)) {
            return Some(format!("filter={}", String::from_utf8_lossy(&driver)));
        }
        let encoding = self.attribute(path, "working-tree-encoding")?;
        Some(format!("working-tree-encoding={}", String::from_utf8_lossy(&encoding)))
    }

    /// Says why the filter that a path's attributes name does not run.
    pub(super) fn withheld_filter(&self, path: &[u8]) -> Option<(Withheld, String)> {
        let driver = self.driver(path)?;
        let why = self.filters.withheld(&driver)?;
        Some((why, String::from_utf8_lossy(&driver).into_owned()))
    }

    fn driver(&self, path: &[u8]) -> Option<Vec<u8>> {
        if self.filters.is_empty() { None } else { self.attribute(path, "filter") }
    }

    fn attribute(&self, path: &[u8], name: &str) -> Option<Vec<u8>> {
        let value = self.repo.get_attr_bytes(&path_of(path), name, self.attributes).ok()?;
        match AttrValue::always_bytes(value) {
            AttrValue::Bytes(value) => Some(value.to_owned()),
            AttrValue::String(value) => Some(value.as_bytes().to_owned()),
            _ => None,
        }
    }

    /// Stores one file's content as git would on `git add`.
    pub(super) fn store(&self, path: &[u8], metadata: &Metadata) -> Result<Oid, Unstored> {
        let absolute = self.root.join(path_of(path));
        if metadata.is_symlink() {
            let target = absolute.read_link().map_err(unstored)?;
            return self.repo.blob(bytes_of(&target)).doing("store a link").map_err(Unstored::Failed);
        }
        let mut tries = 3;
        loop {
            // Opened first, since libgit2 does not distinguish "gone" from "not allowed", and follows links.
            plain_file::open_unlinked(&absolute).map_err(unstored)?;
            if let Some(filter) = self.foreign_filter(path) {
                let ids = self.store_filtered(&[(path.to_owned(), filter)]).map_err(Unstored::Failed)?;
                return ids.first().copied().ok_or(Unstored::Vanished);
            }
            match self.repo.blob_path(&absolute) {
                Ok(id) => return Ok(id),
                // A filter may refuse (`core.safecrlf`); a checkpoint then keeps the file as it is.
                Err(error) if error.class() == ErrorClass::Filter => return self.store_raw(path),
                // The file was removed or truncated while it was read, so it is looked at again.
                Err(error) if error.class() == ErrorClass::Os && tries > 0 => tries -= 1,
                Err(error) if error.class() == ErrorClass::Os => {
                    return Err(Unstored::Unreadable(io::Error::other(error.message().to_owned())));
                }
                Err(error) => return Err(error).doing("store a file").map_err(Unstored::Failed),
            }
        }
    }

    /// Stores one file's content without any filter.
    pub(super) fn store_raw(&self, path: &[u8]) -> Result<Oid, Unstored> {
        let mut file = plain_file::open_unlinked(&self.root.join(path_of(path))).map_err(unstored)?;
        let mut writer = self.repo.blob_writer(None).doing("store a file").map_err(Unstored::Failed)?;
        io::copy(&mut file, &mut writer).map_err(unstored)?;
        writer.commit().doing("store a file").map_err(Unstored::Failed)
    }

    /// Stores files through the `git` command, in one call. The second of each pair names the filter.
    pub(super) fn store_filtered(&self, files: &[(Vec<u8>, String)]) -> Result<Vec<Oid>, GitError> {
        let Some((first, filter)) = files.first() else { return Ok(Vec::new()) };
        let input: Vec<u8> = files.iter().flat_map(|(path, _)| quoted_line(path)).collect();
        let args = ["hash-object", "-w", "--stdin-paths"].map(OsStr::new);
        let output = Git::new(&self.root, &args, &self.filters, READING).run(input);
        let output = output.map_err(|failed| failed.of_filter(first, filter))?;
        let ids: Vec<Oid> = output
            .lines()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .doing("read what git hash-object printed")?;
        // With one id missing, every later file would get the content of its neighbour.
        if ids.len() != files.len() {
            let why = format!("`git hash-object`: {} ids for {} files", ids.len(), files.len());
            return Err(GitError::Filter { path: path_of(first), filter: filter.clone(), why });
        }
        Ok(ids)
    }

    /// Writes files of an index to below `folder` through the `git` command.
    pub(super) fn write_filtered(
        &self,
        files: &[(Vec<u8>, String)],
        index: &Path,
        folder: &Path,
    ) -> Result<(), GitError> {
        let Some((first, filter)) = files.first() else { return Ok(()) };
        let mut prefix = OsString::from("--prefix=");
        prefix.push(folder);
        prefix.push("/");
        let args = [
            OsStr::new("checkout-index"),
            OsStr::new("-f"),
            OsStr::new("-z"),
            OsStr::new("--stdin"),
            prefix.as_os_str(),
        ];
        let git = Git { index: Some(index), ..Git::new(&self.root, &args, &self.filters, WRITING) };
        let written = git.run(nul_separated(files)).map(drop);
        written.map_err(|failed| failed.of_filter(first, filter))
    }

    /// Writes files again in the working tree through the `git` command, and their times into its index.
    pub(super) fn rewrite_filtered(&self, files: &[(Vec<u8>, String)]) -> Result<(), GitError> {
        let Some((first, filter)) = files.first() else { return Ok(()) };
        for (path, _) in files {
            // git does not write a file that is up to date according to its index.
            let path = self.root.join(path_of(path));
            fs::remove_file(&path).doing_on("remove", &path)?;
        }
        let args = ["checkout-index", "-f", "-u", "-z", "--stdin"].map(OsStr::new);
        let git = Git::new(&self.root, &args, &self.filters, WRITING);
        let written = git.run(nul_separated(files)).map(drop);
        written.map_err(|failed| failed.of_filter(first, filter))
    }
}

/// The mode of a tree's entry, by its number.
pub(super) fn mode_of(mode: u32) -> FileMode {
    match mode {
        FOLDER => FileMode::Tree,
        SUBMODULE => FileMode::Commit,
        LINK => FileMode::Link,
        EXECUTABLE => FileMode::BlobExecutable,
        _ => FileMode::Blob,
    }
}

fn unstored(error: io::Error) -> Unstored {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Unstored::Vanished,
        // A link took the file's place.
        _ if Errno::from_io_error(&error) == Some(Errno::LOOP) => Unstored::Vanished,
        _ => Unstored::Unreadable(error),
    }
}

fn nul_separated(files: &[(Vec<u8>, String)]) -> Vec<u8> {
    files.iter().flat_map(|(path, _)| path.iter().copied().chain([0])).collect()
}

/// Quotes a path as `git` reads it back from a line.
fn quoted_line(path: &[u8]) -> Vec<u8> {
    let mut line = vec![b'"'];
    for &byte in path {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b' '..=b'~' => line.push(byte),
            _ => line.extend(format!("\\{byte:03o}").into_bytes()),
        }
    }
    line.extend(b"\"\n");
    line
}
