//! A file that is written for the user: below a repository's root no link leads to it.

use super::plain_file::{self, Folder, LARGEST_TEXT};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// Where a file is, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    /// The root that it lies below, and the names that lead to it from there.
    below: Option<(PathBuf, Vec<String>)>,
}

impl Place {
    /// A place of the user's own, through whatever links there are.
    pub fn anywhere(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), below: None }
    }

    /// A place that no link leads to if its path lies below this root.
    pub fn from_root(root: &Path, path: impl Into<PathBuf>) -> Self {
        let path = flat(&path.into());
        let names = path.strip_prefix(root).ok().and_then(|inside| {
            inside.components().map(|name| name.as_os_str().to_str().map(str::to_owned)).collect()
        });
        let below = names.filter(|names: &Vec<String>| !names.is_empty());
        Self { below: below.map(|names| (root.to_owned(), names)), path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the plain file that lies there.
    ///
    /// # Errors
    ///
    /// There is none (`NotFound`), or it is too large for a text.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        match self.names() {
            Some((root, folders, name)) => {
                plain_file::rest(&Folder::open(root, &folders)?.file(name)?, LARGEST_TEXT)
            }
            None => plain_file::read(&self.path, LARGEST_TEXT),
        }
    }

    /// Writes the file, with the folders that it is in; `over` one that is there only if that is said.
    ///
    /// # Errors
    ///
    /// It cannot be written; `AlreadyExists` if there is one.
    pub fn write(&self, text: &[u8], over: bool) -> io::Result<()> {
        let mut file = match self.names() {
            Some((root, folders, name)) => Folder::create(root, &folders)?.file_to_write(name, over)?,
            None => {
                self.path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty())
                    .map_or(Ok(()), fs::create_dir_all)?;
                let mut options = File::options();
                options.write(true).create(over).truncate(over).create_new(!over);
                options.open(&self.path)?
            }
        };
        file.write_all(text)
    }

    /// Removes the file, and the folder that it was alone in.
    ///
    /// # Errors
    ///
    /// It cannot be removed. That the folder cannot is none.
    pub fn remove(&self) -> io::Result<()> {
        match self.names() {
            Some((root, folders, name)) => {
                Folder::open(root, &folders)?.remove(name)?;
                if let Some((last, above)) = folders.split_last() {
                    let _ = Folder::open(root, above).and_then(|folder| folder.remove_folder(last));
                }
            }
            None => {
                fs::remove_file(&self.path)?;
                let _ = self.path.parent().map(fs::remove_dir);
            }
        }
        Ok(())
    }

    /// The root, the folders below it, and the file's name.
    fn names(&self) -> Option<(&Path, Vec<&str>, &str)> {
        let (root, names) = self.below.as_ref()?;
        let (name, folders) = names.split_last()?;
        Some((root, folders.iter().map(String::as_str).collect(), name))
    }
}

/// A path without `.` and `..`.
pub fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                flat.pop();
            }
            part => flat.push::<&OsStr>(part.as_os_str()),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::ErrorKind, os::unix::fs::symlink};

    #[test]
    fn no_link_below_a_root_leads_a_file_out_of_it() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |path: &str| Place::from_root(root.path(), root.path().join(path));
        assert_eq!(at("a/b").read().unwrap_err().kind(), ErrorKind::NotFound);
        at("a/b").write(b"one", false).unwrap();
        assert_eq!(at("a/b").write(b"two", false).unwrap_err().kind(), ErrorKind::AlreadyExists);
        at("a/../a/./b").write(b"2", true).unwrap();
        assert_eq!(at("a/b").read().unwrap(), b"2");
        at("a/b").remove().unwrap();
        assert!(!root.path().join("a").exists());

        fs::write(outside.path().join("b"), "kept").unwrap();
        symlink(outside.path(), root.path().join("a")).unwrap();
        symlink(outside.path().join("b"), root.path().join("file")).unwrap();
        symlink(outside.path().join("none"), root.path().join("dangling")).unwrap();
        for path in ["a/b", "a/new", "file", "dangling"] {
            let read = at(path).read().unwrap_err();
            assert!(read.to_string().contains("link"), "{path}: {read}");
            for over in [false, true] {
                assert!(at(path).write(b"evil", over).is_err(), "{path}");
            }
        }
        assert!(at("a/b").remove().is_err());
        assert_eq!(fs::read_to_string(outside.path().join("b")).unwrap(), "kept");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn outside_of_the_root_the_users_own_links_are_followed() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("real")).unwrap();
        symlink(outside.path().join("real"), outside.path().join("link")).unwrap();
        let path = outside.path().join("link/new/b");
        for place in [Place::from_root(root.path(), &path), Place::anywhere(&path)] {
            place.write(b"one", false).unwrap();
            assert_eq!(place.read().unwrap(), b"one");
            place.remove().unwrap();
        }
        assert!(!outside.path().join("real/new").exists());
    }

    #[test]
    fn nothing_waits_for_what_is_no_plain_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        for place in [Place::from_root(root.path(), &path), Place::anywhere(&path)] {
            assert_eq!(place.read().unwrap_err().to_string(), "not a plain file");
        }
        assert!(Place::from_root(root.path(), &path).write(b"x", true).is_err());
    }
}
