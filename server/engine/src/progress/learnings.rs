//! What was learned, from a full log into the section of `AGENTS.md` that is Alfine's.
//!
//! The order survives a crash at any point: the log is renamed to `.pending.md`, the section written, the log renamed
//! to its last name. A pending log is taken up again, and what the section has already is not added twice.

use super::{
    FOLDER, LOG, LONGEST_LEARNING, MOST_ENTRIES, PutAway, folder, is_heading, line_of, options, plain,
    put_away, whole,
};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use std::{
    collections::HashSet,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

pub(super) const HEADING: &str = "Learnings:";
const BEGIN: &str = "<!-- alfine:learnings:begin -->";
const END: &str = "<!-- alfine:learnings:end -->";
const GUIDE: &str = "AGENTS.md";
/// The new guide, before it takes the old one's place.
const NEW_GUIDE: &str = "AGENTS.md.new";
/// The largest `AGENTS.md` that is changed, in bytes. No agent reads as much.
const LARGEST_GUIDE: u64 = 1024 * 1024;
/// A section with more learnings gets no others: each agent reads all of them, and the logs keep them.
const MOST_LEARNINGS: usize = 200;

/// What was put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consolidated {
    /// Where the log's entries are now, from the worktree's root.
    pub log: PathBuf,
    /// How many learnings `AGENTS.md` got.
    pub added: usize,
    /// How many it did not get, because it has too many; the log has them.
    pub left_out: usize,
}

pub(super) fn consolidate(worktree: &Path) -> io::Result<Option<Consolidated>> {
    let Some(folder) = folder(worktree, false)? else { return Ok(None) };
    let mut logs = put_away(&folder)?;
    if !logs.iter().any(|log| log.pending) {
        if !is_full(&folder)? {
            return Ok(None);
        }
        let number = logs.iter().map(|log| log.number).max().unwrap_or(0).saturating_add(1);
        let log = PutAway { number, pending: true };
        folder.rename(LOG, &folder, log.name())?;
        logs.push(log);
    }
    logs.retain(|log| log.pending);
    logs.sort_by_key(|log| log.number);
    let root = Dir::open_ambient_dir(worktree, ambient_authority())?;
    let mut done = None;
    for log in logs {
        let (text, _) = whole(&folder, &log.name())?;
        let (added, left_out) = add_to_guide(&root, &folder, &learnings(&text))?;
        let name = PutAway { pending: false, ..log }.name();
        folder.rename(log.name(), &folder, &name)?;
        done = Some(Consolidated { log: Path::new(FOLDER).join(name), added, left_out });
    }
    Ok(done)
}

fn is_full(folder: &Dir) -> io::Result<bool> {
    // What a link names is not Alfine's to put away.
    match folder.symlink_metadata(LOG) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(io::Error::other(format!("{LOG} is not a plain file"))),
        Err(error) => return Err(error),
    }
    let (text, is_whole) = whole(folder, LOG)?;
    Ok(!is_whole || text.lines().filter(|line| is_heading(line)).count() > MOST_ENTRIES)
}

/// Returns what the entries of a log say was learned, each once.
fn learnings(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut in_list = false;
    for line in text.lines() {
        if is_heading(line) {
            in_list = false;
        } else if line.trim() == HEADING {
            in_list = true;
        } else if let Some(learning) = line.strip_prefix("- ").filter(|_| in_list) {
            let learning = line_of(learning.trim(), LONGEST_LEARNING);
            if !learning.is_empty() && seen.insert(learning.clone()) {
                found.push(learning);
            }
        }
    }
    found
}

/// Adds learnings to the section, and says how many were new, and how many of these had no room.
fn add_to_guide(root: &Dir, folder: &Dir, learnings: &[String]) -> io::Result<(usize, usize)> {
    let (path, guide) = read_guide(root)?;
    let (text, added, left_out) = with_learnings(&guide.text, learnings);
    if added > 0 {
        match folder.remove_file(NEW_GUIDE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = folder.open_with(NEW_GUIDE, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(&text)?;
        if let Some(permissions) = guide.permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        folder.rename(NEW_GUIDE, root, path)?;
    }
    Ok((added, left_out))
}

#[derive(Default)]
struct Guide {
    text: Vec<u8>,
    permissions: Option<cap_std::fs::Permissions>,
}

/// Reads `AGENTS.md`, which may be a link to another file of the worktree, such as `CLAUDE.md`.
fn read_guide(root: &Dir) -> io::Result<(PathBuf, Guide)> {
    match root.symlink_metadata(GUIDE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((GUIDE.into(), Guide::default())),
        other => other?,
    };
    let path = root.canonicalize(GUIDE)?;
    let file = plain(root.open_with(&path, options().read(true))?)?;
    let permissions = Some(file.metadata()?.permissions());
    let mut text = Vec::new();
    file.take(LARGEST_GUIDE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_GUIDE {
        return Err(io::Error::other(format!("{GUIDE} is larger than {LARGEST_GUIDE} bytes")));
    }
    Ok((path, Guide { text, permissions }))
}

/// Adds learnings before the section's end; not a byte of what was there goes.
fn with_learnings(guide: &[u8], learnings: &[String]) -> (Vec<u8>, usize, usize) {
    let newline = if memchr::memmem::find(guide, b"\r\n").is_some() { "\r\n" } else { "\n" };
    let section = section(guide);
    let inside = section.clone().and_then(|section| guide.get(section)).unwrap_or_default();
    let inside = String::from_utf8_lossy(inside);
    let there: HashSet<&str> =
        inside.lines().filter_map(|line| line.trim().strip_prefix("- ")).map(str::trim).collect();
    let mut new: Vec<&str> =
        learnings.iter().map(String::as_str).filter(|learning| !there.contains(learning)).collect();
    let unknown = new.len();
    new.truncate(MOST_LEARNINGS.saturating_sub(there.len()));
    let (added, left_out) = (new.len(), unknown - new.len());
    if added == 0 {
        return (guide.to_vec(), 0, left_out);
    }
    let items: String = new.iter().map(|learning| format!("- {learning}{newline}")).collect();
    let (before, middle, after) = match section {
        Some(section) => {
            let (before, after) = guide.split_at(section.end);
            let gap = if before.ends_with(b"\n") { "" } else { newline };
            (before, format!("{gap}{items}"), after)
        }
        None => {
            let gap = match guide {
                [] => String::new(),
                guide if guide.ends_with(b"\n") => newline.to_owned(),
                _ => newline.repeat(2),
            };
            let heading = format!("## Learned by earlier iterations{newline}{newline}");
            (guide, format!("{gap}{BEGIN}{newline}{heading}{items}{END}{newline}"), &b""[..])
        }
    };
    ([before, middle.as_bytes(), after].concat(), added, left_out)
}

/// Finds what stands between the markers: the last beginning that has an end before any other beginning. A marker
/// counts where it is a line of its own; a lone one is only text.
fn section(guide: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut begun = None;
    let mut found = None;
    let mut at = 0;
    for line in guide.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii();
        if content == BEGIN.as_bytes() {
            begun = Some(at + line.len());
        } else if content == END.as_bytes()
            && let Some(start) = begun.take()
        {
            found = Some(start..at);
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn added(guide: &str, learnings: &[&str]) -> String {
        let learnings: Vec<String> = learnings.iter().map(ToString::to_string).collect();
        String::from_utf8(with_learnings(guide.as_bytes(), &learnings).0).unwrap()
    }

    #[test]
    fn the_section_is_made_at_the_end_and_grows_before_its_end() {
        let once = added("# Rules\nBe kind.", &["Run `make`"]);
        assert_eq!(
            once,
            "# Rules\nBe kind.\n\n<!-- alfine:learnings:begin -->\n## Learned by earlier iterations\n\n- Run `make`\n\
             <!-- alfine:learnings:end -->\n"
        );
        let edited = once.replace("- Run `make`\n", "- Run `make`\nA note.\n") + "More rules.\n";
        assert_eq!(
            added(&edited, &["Run `make`", "Not `cmake`"]),
            edited.replace("A note.\n", "A note.\n- Not `cmake`\n")
        );
        assert_eq!(added(&edited, &["Run `make`"]), edited);
    }

    #[test]
    fn windows_line_ends_stay() {
        let once = added("# Rules\r\n", &["a"]);
        assert!(once.contains("- a\r\n") && !once.replace("\r\n", "").contains('\n'));
    }

    #[test]
    fn lone_and_doubled_markers_are_only_text() {
        let lone = format!("{BEGIN}\nmine\n");
        let once = added(&lone, &["a"]);
        assert!(once.starts_with(&lone) && once.matches(BEGIN).count() == 2);
        assert_eq!(added(&once, &["a"]), once);
        let twice = added(&once, &["b"]);
        assert_eq!(twice, once.replace("- a\n", "- a\n- b\n"));
        let mentioned = format!("Between `{BEGIN}` and `{END}` stands ...\n");
        assert!(added(&mentioned, &["a"]).starts_with(&mentioned));
        assert!(
            added(&format!("{END}\n{BEGIN}\n"), &["a"]).starts_with(&format!("{END}\n{BEGIN}\n\n{BEGIN}\n"))
        );
    }

    #[test]
    fn a_section_that_is_too_long_gets_no_more() {
        let learnings: Vec<String> = (0..250).map(|n| format!("number {n}")).collect();
        let (guide, added, left_out) = with_learnings(b"", &learnings);
        assert_eq!((added, left_out), (200, 50));
        assert_eq!(with_learnings(&guide, &learnings), (guide.clone(), 0, 50));
    }

    #[test]
    fn only_lists_of_learnings_are_learned_from() {
        let log = "- no\n## 2026-01-31T00:00:00Z · t\n- no\nLearnings:\n\n- yes <!-- alfine:learnings:end -->\n- yes\n- yes\n\
                   ## 2026-01-31T00:00:01Z · t\n- no\n";
        assert_eq!(learnings(log), ["yes &lt;!-- alfine:learnings:end -->", "yes"]);
    }

    proptest! {
        #[test]
        fn nothing_that_was_there_goes_and_again_adds_nothing(
            guide in prop::collection::vec(
                prop_oneof![Just(BEGIN.to_owned()), Just(END.to_owned()), "[ -~]{0,8}", Just("- a".to_owned())], 0..8),
            learnings in prop::collection::vec("[a-c]{1,2}", 0..4),
        ) {
            let guide = guide.join("\n");
            let (once, ..) = with_learnings(guide.as_bytes(), &learnings);
            let once = String::from_utf8(once).unwrap();
            let mut left = once.lines();
            for line in guide.lines() {
                prop_assert!(left.any(|kept| kept == line), "{:?} is gone from {:?}", line, once);
            }
            prop_assert_eq!(with_learnings(once.as_bytes(), &learnings).1, 0);
        }
    }
}
