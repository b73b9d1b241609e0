//! The progress log: what each iteration did, for the next one and for people.
//!
//! It lies in the worktree, where an agent can do with it what it likes: whatever is read is taken for text of a
//! stranger, in bounded amounts, and no link is followed. Entries are only ever added. Never knows who
//! asks, and never decides anything.

use crate::{Error, ErrorKind, Result};
use alfine_core::printable::printable;
use alfine_core::task::TaskStatus;
use alfine_files::plain_file::{self, Folder};
use jiff::{Timestamp, Unit};
use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write as _},
    path::Path,
};

/// Alfine's folder in a worktree.
const FOLDER: &str = ".alfine";
/// The log in that folder.
const LOG: &str = "progress.md";
/// How much of a log's end is looked at for its last entries, in bytes.
const TAIL: u64 = 256 * 1024;
/// How much of a log is read at most, in bytes. A log of more is put away whatever its entries.
const LARGEST: u64 = 4 * 1024 * 1024;
/// The longest entry that is given back, in characters.
const LONGEST_ENTRY: usize = 4000;
const HEADER: &str =
    "# Progress log\n\nWritten by Alfine, an entry for each iteration. Only ever added to.\n";

/// What one iteration did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// When the iteration ended.
    pub at: Timestamp,
    /// The task's id.
    pub task: String,
    /// Where it left the task.
    pub status: TaskStatus,
    /// Its number, from 1.
    pub iteration: u32,
    /// Paths from the worktree's root.
    pub files_changed: Vec<String>,
    /// What the agent did, and what became of it.
    pub summary: String,
}

/// Adds an entry to the worktree's progress log. A log of more than `most` entries is put away before that, as
/// `.alfine/progress-<n>.md`; nothing is deleted.
pub(crate) fn append(worktree: &Path, entry: &Entry, most: u32) -> Result<()> {
    let at = worktree.join(FOLDER).join(LOG);
    let write = || -> io::Result<()> {
        let folder = Folder::create(worktree, &[FOLDER])?;
        put_away_if_full(&folder, most)?;
        let mut file = folder.file_to_append(LOG)?;
        let mut text = String::new();
        let length = file.metadata()?.len();
        if length == 0 {
            text.push_str(HEADER);
        } else if !ends_with_newline(&mut file, length)? {
            // A write was cut; what it left is not to swallow this entry's heading.
            text.push('\n');
        }
        text.push_str(&rendered(entry));
        // One write, so that another process's entry cannot come in between.
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    write().map_err(|error| failed(&at, "written", &error))
}

/// Returns the last `n` entries, oldest first, as they stand in the log, each cut at 4,000 characters. Those of a log
/// that was put away count where the current one has fewer.
pub(crate) fn last(worktree: &Path, n: usize) -> Result<Vec<String>> {
    let at = worktree.join(FOLDER);
    let read = || -> io::Result<Vec<String>> {
        let folder = match Folder::open(worktree, &[FOLDER]) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened?,
        };
        let mut found = match tail(&folder, LOG) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => entries(&read?),
        };
        if found.len() < n
            && let Some(newest) = newest_put_away(&folder)?
        {
            let mut older = entries(&tail(&folder, &put_away_name(newest))?);
            older.append(&mut found);
            found = older;
        }
        Ok(found.split_off(found.len().saturating_sub(n)))
    };
    read().map_err(|error| failed(&at, "read", &error))
}

/// A whole log, as the entries would have made it.
pub(crate) fn log_of(entries: &[Entry]) -> String {
    entries.iter().map(rendered).fold(HEADER.to_owned(), |log, entry| log + &entry)
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{} cannot be {what}: {error}", path.display()))
        .hint("make sure that it is a plain file inside the worktree, or remove it")
}

fn ends_with_newline(file: &mut File, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Reads the end of a log; what is left of a cut line at its beginning belongs to no entry.
fn tail(folder: &Folder, name: &str) -> io::Result<String> {
    let mut file = folder.file(name)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Splits a log into its entries.
fn entries(text: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        if is_heading(line) {
            entries.push(String::new());
        }
        let Some(entry) = entries.last_mut() else { continue };
        if entry.len() < LONGEST_ENTRY {
            let room = LONGEST_ENTRY - entry.len();
            let cut: String = line.chars().take(room).collect();
            entry.push_str(&printable(&cut));
            entry.push('\n');
        }
    }
    for entry in &mut entries {
        entry.truncate(entry.trim_end().len());
    }
    entries
}

/// Says whether an entry begins here: `## 2026-01-31T...`.
fn is_heading(line: &str) -> bool {
    let shape = b"## dddd-dd-ddT";
    line.len() >= shape.len()
        && shape.iter().zip(line.as_bytes()).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            shape => shape == byte,
        })
}

fn rendered(entry: &Entry) -> String {
    let at = entry.at.round(Unit::Second).unwrap_or(entry.at);
    let mut text = format!(
        "\n## {at} · {} · {} · iteration {}\n",
        line_of(&entry.task, 100),
        entry.status,
        entry.iteration
    );
    let summary: Vec<String> =
        entry.summary.trim().lines().take(100).map(|line| line_of(line, 1000)).collect();
    let summary = summary.join("\n");
    if !summary.trim().is_empty() {
        let _ = write!(text, "\n{}\n", cut(&summary, 2000));
    }
    if !entry.files_changed.is_empty() {
        let files: Vec<String> = entry
            .files_changed
            .iter()
            .take(40)
            .map(|file| format!("`{}`", line_of(file, 200).replace('`', "'")))
            .collect();
        let more = entry.files_changed.len() - files.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(text, "\nFiles changed: {}{more}\n", files.join(", "));
    }
    text
}

/// Makes a text one line that is neither a heading nor a comment of Markdown.
fn line_of(text: &str, most: usize) -> String {
    let line = printable(cut(text.trim_end(), most)).replace("<!--", "&lt;!--");
    if line.trim_start().starts_with('#') { format!("\\{}", line.trim_start()) } else { line }
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Renames the log if it is full.
fn put_away_if_full(folder: &Folder, most: u32) -> io::Result<()> {
    if is_full(folder, most)? {
        let number = newest_put_away(folder)?.unwrap_or(0).saturating_add(1);
        folder.rename(LOG, &put_away_name(number))?;
    }
    Ok(())
}

fn is_full(folder: &Folder, most: u32) -> io::Result<bool> {
    let file = match folder.file(LOG) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let bytes = match plain_file::rest(&file, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(true),
        read => read?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let entries = text.lines().filter(|line| is_heading(line)).count();
    Ok(u32::try_from(entries).is_ok_and(|entries| entries > most))
}

fn put_away_name(number: u64) -> String {
    format!("progress-{number}.md")
}

/// The number of the last log that was put away.
fn newest_put_away(folder: &Folder) -> io::Result<Option<u64>> {
    let mut newest = None;
    for name in folder.names()? {
        let number = name.to_str().and_then(|name| name.strip_prefix("progress-")?.strip_suffix(".md"));
        newest = newest.max(number.and_then(|number| number.parse().ok()));
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{fs, os::unix::fs::symlink};

    fn append(worktree: &Path, entry: &Entry) -> Result<()> {
        super::append(worktree, entry, 50)
    }

    fn entry(iteration: u32) -> Entry {
        Entry {
            at: Timestamp::from_second(1_800_000_000 + i64::from(iteration)).unwrap(),
            task: "US-001".to_owned(),
            status: TaskStatus::Rework,
            iteration,
            files_changed: vec!["src/a.rs".to_owned(), "odd `name`\n.rs".to_owned()],
            summary: "Added the table.\n# Not a heading\n".to_owned(),
        }
    }

    fn read(worktree: &Path, path: &str) -> String {
        fs::read_to_string(worktree.join(path)).unwrap()
    }

    #[test]
    fn entries_are_added_and_the_last_ones_given_back() {
        let worktree = tempfile::tempdir().unwrap();
        assert_eq!(last(worktree.path(), 20).unwrap(), [""; 0]);
        append(worktree.path(), &entry(1)).unwrap();
        assert_eq!(
            read(worktree.path(), ".alfine/progress.md"),
            "# Progress log\n\nWritten by Alfine, an entry for each iteration. Only ever added to.\n\n\
             ## 2027-01-15T08:00:01Z · US-001 · rework · iteration 1\n\n\
             Added the table.\n\\# Not a heading\n\n\
             Files changed: `src/a.rs`, `odd 'name'⏎.rs`\n"
        );
        for iteration in 2..=5 {
            append(worktree.path(), &entry(iteration)).unwrap();
        }
        let found = last(worktree.path(), 2).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("## 2027-01-15T08:00:04Z · US-001 · rework · iteration 4\n"));
        assert!(found[1].contains("iteration 5\n"));
        assert_eq!(last(worktree.path(), 20).unwrap().len(), 5);
        assert_eq!(last(worktree.path(), 0).unwrap().len(), 0);
    }

    #[test]
    fn no_text_of_an_entry_makes_another_entry() {
        let worktree = tempfile::tempdir().unwrap();
        let forged = "\n## 2026-01-31T00:00:00Z · forged\n- forged";
        let hostile = Entry {
            task: forged.to_owned(),
            files_changed: vec![forged.to_owned()],
            summary: forged.to_owned(),
            ..entry(1)
        };
        append(worktree.path(), &hostile).unwrap();
        assert_eq!(last(worktree.path(), 20).unwrap().len(), 1);
    }

    #[test]
    fn an_entry_after_a_cut_write_is_whole() {
        let worktree = tempfile::tempdir().unwrap();
        append(worktree.path(), &entry(1)).unwrap();
        let log = worktree.path().join(".alfine/progress.md");
        let mut text = fs::read(&log).unwrap();
        text.extend_from_slice(b"\n## 2026-01-");
        fs::write(&log, text).unwrap();
        append(worktree.path(), &entry(2)).unwrap();
        assert_eq!(last(worktree.path(), 20).unwrap().len(), 2);
    }

    #[test]
    fn a_log_of_rubbish_is_survived_in_bounds() {
        let worktree = tempfile::tempdir().unwrap();
        fs::create_dir(worktree.path().join(".alfine")).unwrap();
        let log = worktree.path().join(".alfine/progress.md");
        let line =
            [b"## 2026-01-31T00:00:00Z \x1b[2J\xff\xe2\x80\xae".as_slice(), &b"x".repeat(200_000)].concat();
        fs::write(&log, [line.clone(), b"\n".to_vec()].concat().repeat(30)).unwrap();
        let found = last(worktree.path(), 20).unwrap();
        assert!(!found.is_empty() && found.iter().all(|entry| entry.len() < 3 * LONGEST_ENTRY));
        assert!(!found.concat().contains(['\u{1b}', '\u{202e}']));
        append(worktree.path(), &entry(1)).unwrap();
        assert!(fs::metadata(&log).unwrap().len() < 1000, "too large a log is put away");
        assert!(worktree.path().join(".alfine/progress-1.md").exists());
    }

    #[test]
    fn no_link_leads_out_of_the_worktree() {
        let (worktree, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = outside.path().join("target");
        fs::write(&target, "mine").unwrap();

        fs::create_dir(worktree.path().join(".alfine")).unwrap();
        symlink(&target, worktree.path().join(".alfine/progress.md")).unwrap();
        assert!(append(worktree.path(), &entry(1)).is_err());
        assert!(last(worktree.path(), 1).is_err());

        fs::remove_dir_all(worktree.path().join(".alfine")).unwrap();
        symlink(outside.path(), worktree.path().join(".alfine")).unwrap();
        assert!(append(worktree.path(), &entry(1)).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let worktree = tempfile::tempdir().unwrap();
        fs::create_dir(worktree.path().join(".alfine")).unwrap();
        let log = worktree.path().join(".alfine/progress.md");
        assert!(std::process::Command::new("mkfifo").arg(&log).status().unwrap().success());
        assert!(append(worktree.path(), &entry(1)).is_err());
        assert!(last(worktree.path(), 1).is_err());
    }

    fn fill(worktree: &Path) {
        for iteration in 1..=51 {
            append(worktree, &entry(iteration)).unwrap();
        }
    }

    #[test]
    fn a_full_log_is_put_away_whole() {
        let worktree = tempfile::tempdir().unwrap();
        fill(worktree.path());
        let log = read(worktree.path(), ".alfine/progress.md");
        append(worktree.path(), &entry(52)).unwrap();
        assert_eq!(read(worktree.path(), ".alfine/progress-1.md"), log);

        let found = last(worktree.path(), 20).unwrap();
        assert_eq!(found.len(), 20, "entries that were put away are still told");
        assert!(found[19].contains("iteration 52") && found[18].contains("iteration 51"));

        fill(worktree.path());
        let mut names: Vec<_> = fs::read_dir(worktree.path().join(".alfine"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["progress-1.md", "progress-2.md", "progress.md"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_entry_of_any_text_is_one_entry(task: String, summary: String, file: String) {
            let worktree = tempfile::tempdir().unwrap();
            let any = Entry { task, summary, files_changed: vec![file], ..entry(1) };
            append(worktree.path(), &any).unwrap();
            append(worktree.path(), &entry(2)).unwrap();
            let found = last(worktree.path(), 9).unwrap();
            prop_assert_eq!(found.len(), 2);
            prop_assert!(found[1].contains("iteration 2"));
        }
    }
}
