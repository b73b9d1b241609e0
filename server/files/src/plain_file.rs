//! Opens files that lie where a repository or an agent can put what it likes: a FIFO that nobody writes to, a device
//! without end, a link out of the working tree.

use rustix::{
    fs::{self as at, AtFlags, Dir, Mode, OFlags},
    io::Errno,
};
use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Read},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStringExt, fs::OpenOptionsExt},
    },
    path::Path,
};

/// The largest text of a repository that is read, in bytes. Far more than anybody writes by hand.
pub const LARGEST_TEXT: u64 = 8 << 20;

/// A FIFO would wait for its other end.
const NO_WAIT: OFlags = OFlags::NONBLOCK;
const NO_LINK: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);

/// Opens a plain file for reading, through links too; anything else is an error at once.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(path, NO_WAIT)
}

/// Opens a plain file for reading. If the last part of its path is a link, the error is the system's `ELOOP`.
pub fn open_unlinked(path: &Path) -> io::Result<File> {
    open_with(path, NO_WAIT | NO_LINK)
}

/// Reads a plain file of up to `most` bytes, through links too; anything else is an error at once.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    rest(&open(path)?, most)
}

/// Reads what is left of a file if that is up to `most` bytes.
pub fn rest(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {most} bytes")));
    }
    Ok(bytes)
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    plain(OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?)
}

fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a plain file")) }
}

/// A folder that was reached without following a link, and its files. Its errors say in words what is wrong, for links
/// as well.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Opens the folder to which `names` lead from `root`, which may be reached through links itself.
    pub fn open(root: &Path, names: &[&str]) -> io::Result<Self> {
        Self::walk(root, names, false)
    }

    /// As [`Folder::open`], creating what does not exist below `root`.
    pub fn create(root: &Path, names: &[&str]) -> io::Result<Self> {
        Self::walk(root, names, true)
    }

    fn walk(root: &Path, names: &[&str], create: bool) -> io::Result<Self> {
        let mut folder: OwnedFd = File::open(root)?.into();
        for name in names {
            if create {
                match at::mkdirat(&folder, *name, Mode::from_raw_mode(0o777)) {
                    Err(error) if error != Errno::EXIST => return Err(error.into()),
                    _ => {}
                }
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | NO_LINK;
            folder = at::openat(&folder, *name, flags, Mode::empty()).map_err(told)?;
        }
        Ok(Self(folder))
    }

    /// Opens a plain file for reading.
    pub fn file(&self, name: &str) -> io::Result<File> {
        self.file_with(name, OFlags::RDONLY)
    }

    /// Opens a plain file for reading and for adding to its end, creating it if it does not exist.
    pub fn file_to_append(&self, name: &str) -> io::Result<File> {
        self.file_with(name, OFlags::RDWR | OFlags::APPEND | OFlags::CREATE)
    }

    fn file_with(&self, name: &str, how: OFlags) -> io::Result<File> {
        let mode = Mode::from_raw_mode(0o666);
        plain(File::from(at::openat(&self.0, name, how | NO_LINK | NO_WAIT, mode).map_err(told)?))
    }

    /// Opens a plain file for writing it anew, `over` one that is there only if that is said.
    pub(crate) fn file_to_write(&self, name: &str, over: bool) -> io::Result<File> {
        let new = if over { OFlags::CREATE } else { OFlags::CREATE | OFlags::EXCL };
        let file = self.file_with(name, OFlags::WRONLY | new)?;
        file.set_len(0)?;
        Ok(file)
    }

    /// Removes a file of the folder, or a link.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(at::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Removes a folder in it that has nothing in it.
    pub(crate) fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(at::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    /// Makes a folder in it that was not there.
    pub fn new_folder(&self, name: &str) -> io::Result<Self> {
        at::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | NO_LINK;
        Ok(Self(at::openat(&self.0, name, flags, Mode::empty()).map_err(told)?))
    }

    /// Gives a file of the folder another name in it.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(at::renameat(&self.0, from, &self.0, to)?)
    }

    /// The names of what is in the folder, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        Dir::read_from(&self.0)?
            .map(|entry| Ok(OsString::from_vec(entry?.file_name().to_bytes().to_vec())))
            .collect()
    }
}

fn told(error: Errno) -> io::Error {
    match error {
        Errno::LOOP | Errno::NOTDIR => io::Error::other(
            "it is a link, or a part of its path is not a folder; links are not followed there",
        ),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_plain_file_of_a_sensible_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("plan"), "# Plan").unwrap();
        symlink(at("plan"), at("link")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        File::create(at("large")).unwrap().set_len(LARGEST_TEXT + 1).unwrap();
        let read = |name: &str| read(&at(name), LARGEST_TEXT).map_err(|error| error.to_string());
        assert_eq!(read("plan"), Ok(b"# Plan".to_vec()));
        assert_eq!(read("link"), Ok(b"# Plan".to_vec()));
        for other in ["zero", "fifo", "."] {
            assert_eq!(read(other), Err("not a plain file".to_owned()), "{other}");
        }
        assert_eq!(read("large"), Err(format!("larger than {LARGEST_TEXT} bytes")));
        assert!(open_unlinked(&at("plan")).is_ok());
        let error = open_unlinked(&at("link")).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::LOOP));
    }

    #[test]
    fn no_link_leads_to_a_file_of_a_folder() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("log"), "").unwrap();
        assert_eq!(Folder::open(root.path(), &["a", "b"]).unwrap_err().kind(), io::ErrorKind::NotFound);
        let folder = Folder::create(root.path(), &["a", "b"]).unwrap();
        symlink(outside.path().join("log"), root.path().join("a/b/log")).unwrap();
        let link = "it is a link, or a part of its path is not a folder; links are not followed there";
        assert_eq!(folder.file("log").unwrap_err().to_string(), link);
        assert_eq!(folder.file_to_append("log").unwrap_err().to_string(), link);
        assert!(folder.new_folder("c").unwrap().file_to_append("x").is_ok());
        assert_eq!(folder.new_folder("c").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(folder.new_folder("log").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(folder.names().unwrap().iter().filter(|name| *name == "log").count(), 1);
        symlink(outside.path(), root.path().join("c")).unwrap();
        assert_eq!(Folder::open(root.path(), &["c"]).unwrap_err().to_string(), link);
    }
}
