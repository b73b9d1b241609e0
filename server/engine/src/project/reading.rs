//! Reads a file of a repository, whatever the repository put there: only a plain file, and only so much of it.

use rustix::fs::OFlags;
use std::{
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The largest file that is read, in bytes. Far more than anybody writes by hand.
pub const LARGEST: u64 = 8 << 20;

/// Reads a plain file of up to [`LARGEST`] bytes; anything else is an error at once.
pub fn read_plain(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO would wait for a writer that never comes.
    let file =
        OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a plain file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("larger than {LARGEST} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::File, os::unix::fs::symlink};

    #[test]
    fn only_a_plain_file_of_a_sensible_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("plan"), "# Plan").unwrap();
        symlink(at("plan"), at("link")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        File::create(at("large")).unwrap().set_len(LARGEST + 1).unwrap();
        let read = |name: &str| read_plain(&at(name)).map_err(|error| error.to_string());
        assert_eq!(read("plan"), Ok(b"# Plan".to_vec()));
        assert_eq!(read("link"), Ok(b"# Plan".to_vec()));
        for other in ["zero", "fifo", "."] {
            assert_eq!(read(other), Err("not a plain file".to_owned()), "{other}");
        }
        assert_eq!(read("large"), Err(format!("larger than {LARGEST} bytes")));
    }
}
