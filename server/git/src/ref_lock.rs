//! Whose lock on a branch it is. Work lands on the user's branch under git's own lock of it, a file; if the process that
//! holds it is killed, the file stays, and no git can move that branch any more. So who holds one leaves a note of it, and
//! whoever comes next removes the lock of a note whose writer is dead.

use super::{GitError, Repository, error::DoingOn};
use alfine_files::Layout;
use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// How long a lock has to stay as it is to be taken for abandoned, where its holder may have died before it could say which one
/// it is.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The longest note that is read, in bytes.
const LONGEST: u64 = 4096;

/// A note that this process holds the lock of a ref. It is there as long as this lives.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    /// Its lock says that the writer lives.
    file: File,
}

impl Note {
    /// Notes that this process is about to take the lock of a ref, should it be killed right after that; `None` if somebody
    /// who lives has a note of that lock.
    pub(super) fn intend(common_dir: &Path, name: &str) -> Result<Option<Self>, GitError> {
        let (path, file) = opened(common_dir, name)?;
        match file.try_lock() {
            Ok(()) => Self { path, file }.say("", name).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Notes that this process holds the lock of a ref, which it does; `None` where that lock is no file.
    pub(super) fn leave(
        common_dir: &Path,
        name: &str,
        intended: Option<Self>,
    ) -> Result<Option<Self>, GitError> {
        let Some(lock) = identity(&lock_of(common_dir, name)) else { return Ok(None) };
        let note = match intended {
            Some(note) => note,
            None => {
                let (path, file) = opened(common_dir, name)?;
                // Nobody else holds the lock of the ref, so at most somebody looks at an old note just now.
                file.lock().doing_on("lock", &path)?;
                Self { path, file }
            }
        };
        note.say(&lock, name).map(Some)
    }

    fn say(mut self, lock: &str, name: &str) -> Result<Self, GitError> {
        let file = &mut self.file;
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{lock}\n{name}"));
        written.doing_on("write", &self.path)?;
        Ok(self)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Repository {
    /// Removes the locks on branches that processes left which were killed while work landed there.
    pub fn clear_locks_of_the_dead(&self) -> Result<(), GitError> {
        let notes = Layout::of_common_dir(&self.common_dir).ref_lock_notes();
        for note in notes.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()) {
            let Ok(file) = File::open(&note) else { continue };
            // Whoever wrote it lives.
            if file.try_lock().is_err() {
                continue;
            }
            let mut text = String::new();
            let _ = (&file).take(LONGEST).read_to_string(&mut text);
            let mut lines = text.lines();
            if let (Some(noted), Some(name)) = (lines.next(), lines.next()) {
                let lock = lock_of(&self.common_dir, name);
                // Any other file there is the lock of somebody else.
                let is_ours = match noted {
                    "" => is_abandoned(&lock),
                    noted => identity(&lock).as_deref() == Some(noted),
                };
                if git2::Reference::is_valid_name(name) && is_ours {
                    fs::remove_file(&lock).doing_on("remove", &lock)?;
                }
            }
            fs::remove_file(&note).doing_on("remove", &note)?;
        }
        Ok(())
    }
}

fn lock_of(common_dir: &Path, name: &str) -> PathBuf {
    common_dir.join(format!("{name}.lock"))
}

fn opened(common_dir: &Path, name: &str) -> Result<(PathBuf, File), GitError> {
    let path = Layout::of_common_dir(common_dir).ref_lock_note(name);
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder).doing_on("make the folder", folder)?;
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.doing_on("open", &path)?;
    Ok((path, file))
}

/// Whether a lock is one that was just taken and with which nothing happens any more: whoever writes into it does so at once.
fn is_abandoned(lock: &Path) -> bool {
    let is_empty = || lock.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
    let before = identity(lock);
    before.is_some() && is_empty() && {
        thread::sleep(LOOK_AGAIN);
        is_empty() && identity(lock) == before
    }
}

/// What tells a file from any other one that ever is at its path; `None` if there is none.
fn identity(path: &Path) -> Option<String> {
    let found = path.symlink_metadata().ok()?;
    Some(format!("{} {} {}.{:09}", found.dev(), found.ino(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (tempfile::TempDir, Repository) {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        let repository = Repository::discover(folder.path()).unwrap();
        (folder, repository)
    }

    const MAIN: &str = "refs/heads/main";

    #[test]
    fn the_lock_of_one_who_died_goes_and_no_other_one() {
        let (_folder, repository) = repository();
        let lock = lock_of(&repository.common_dir, MAIN);
        fs::write(&lock, "").unwrap();
        let note = Note::leave(&repository.common_dir, MAIN, None).unwrap().unwrap();
        repository.clear_locks_of_the_dead().unwrap();
        assert!(lock.exists(), "its holder lives");

        // As a kill leaves it: the note is there, and nobody has it open.
        let path = note.path.clone();
        let text = fs::read(&path).unwrap();
        drop(note);
        fs::write(&path, &text).unwrap();
        repository.clear_locks_of_the_dead().unwrap();
        assert!(!lock.exists() && !path.exists());

        // Another process's lock is none of ours.
        fs::write(&lock, "").unwrap();
        fs::write(&path, &text).unwrap();
        repository.clear_locks_of_the_dead().unwrap();
        assert!(lock.exists() && !path.exists());
    }

    #[test]
    fn a_note_that_names_no_ref_removes_nothing() {
        let (_folder, repository) = repository();
        let path = Layout::of_common_dir(&repository.common_dir).ref_lock_note(MAIN);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let other = repository.common_dir.join("other.lock");
        fs::write(&other, "").unwrap();
        let named = identity(&other).unwrap();
        for text in [String::new(), "\n\n".to_owned(), named.clone(), format!("{named}\n../.git/other\n")] {
            fs::write(&path, text).unwrap();
            repository.clear_locks_of_the_dead().unwrap();
            assert!(other.exists() && !path.exists());
        }
    }

    #[test]
    fn who_holds_no_lock_leaves_no_note() {
        let (_folder, repository) = repository();
        assert!(Note::leave(&repository.common_dir, MAIN, None).unwrap().is_none());
    }

    #[test]
    fn who_died_before_it_could_say_which_lock_it_took_is_known_by_its_intent() {
        let (_folder, repository) = repository();
        let lock = lock_of(&repository.common_dir, MAIN);
        let note = Note::intend(&repository.common_dir, MAIN).unwrap().unwrap();
        fs::write(&lock, "").unwrap();
        assert!(Note::intend(&repository.common_dir, MAIN).unwrap().is_none(), "another one has it");
        repository.clear_locks_of_the_dead().unwrap();
        assert!(lock.exists(), "its holder lives");

        let (path, text) = (note.path.clone(), fs::read(&note.path).unwrap());
        drop(note);
        fs::write(&path, &text).unwrap();
        repository.clear_locks_of_the_dead().unwrap();
        assert!(!lock.exists() && !path.exists());

        // A git that is writing has the lock.
        fs::write(&lock, "0123456789012345678901234567890123456789\n").unwrap();
        fs::write(&path, &text).unwrap();
        repository.clear_locks_of_the_dead().unwrap();
        assert!(lock.exists() && !path.exists());
    }
}
