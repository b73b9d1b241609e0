//! Finds the source lines that a loop's blockers and findings name, and the file to show each in.
//!
//! What an agent or a tool wrote is hostile: nothing outside of the worktree is looked at, and what is kept is bounded.

use crate::protocol::lsp_types::Url;
use crate::{
    position::Lines,
    snapshot::{Mark, MarkKind},
};
use alfine_core::{finding::Severity, task::TaskStatus};
use alfine_files::plain_file;
use alfine_store::{LoopRow, VerificationRow};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// The most marks of one loop.
const MOST_MARKS: usize = 500;
/// The most files that are looked at for one loop.
const MOST_FILES: usize = 200;
/// The largest file that is looked at, in bytes.
const LARGEST: u64 = 4 << 20;
/// How much of a blocker is read and shown, in bytes.
const BLOCKER: usize = 4 << 10;
/// The most places that one blocker names.
const MOST_PLACES: usize = 8;
/// How much of a line is kept, in bytes. A minified file is one line.
const LINE: usize = 4 << 10;
/// The longest path, in bytes.
const PATH: usize = 1 << 10;

/// Finds the marks of a loop. `roots` are the working trees of its repository that the client has open, the user's
/// main one first.
pub(super) fn marks(row: &LoopRow, evidence: &[VerificationRow], roots: &[PathBuf]) -> Vec<Mark> {
    if matches!(
        row.status,
        TaskStatus::Done | TaskStatus::Merged | TaskStatus::Discarded | TaskStatus::Skipped
    ) {
        return Vec::new();
    }
    let mut said = said_by_blockers(row.summary.gate.as_ref());
    said.extend(evidence.iter().filter(|answer| !answer.passed).flat_map(said_by_findings));
    if said.is_empty() {
        return Vec::new();
    }
    let Some(mut files) = Files::of(row, roots) else { return Vec::new() };
    let mut seen = HashSet::new();
    said.retain(|said| seen.insert((said.path.clone(), said.line, said.column, said.message.clone())));
    said.iter().filter_map(|said| files.mark(said)).take(MOST_MARKS).collect()
}

/// A place as somebody wrote it, and what they said of it.
#[derive(Debug, Clone)]
struct Said {
    kind: MarkKind,
    path: String,
    /// The line, counted from 1.
    line: u32,
    /// The column, counted from 1.
    column: Option<u32>,
    severity: Severity,
    code: Option<String>,
    message: String,
}

fn said_by_findings(answer: &VerificationRow) -> Vec<Said> {
    let said = answer.findings.iter().filter_map(|finding| {
        Some(Said {
            kind: MarkKind::Finding { verifier: answer.verifier.clone() },
            path: finding.file.clone()?,
            line: finding.line?,
            column: finding.column,
            severity: finding.severity,
            code: finding.code.clone(),
            message: finding.message.clone(),
        })
    });
    said.take(MOST_MARKS).collect()
}

fn said_by_blockers(reading: Option<&Value>) -> Vec<Said> {
    let blockers = reading.and_then(|reading| reading.pointer("/gate/blockers")).and_then(Value::as_array);
    let mut said = Vec::new();
    for blocker in blockers.into_iter().flatten().filter_map(Value::as_str).take(MOST_MARKS) {
        let blocker = blocker.get(..blocker.floor_char_boundary(BLOCKER)).unwrap_or_default();
        said.extend(places(blocker).into_iter().map(|(path, line, column)| Said {
            kind: MarkKind::Blocker,
            path: path.to_owned(),
            line,
            column,
            severity: Severity::Warning,
            code: None,
            message: blocker.to_owned(),
        }));
    }
    said
}

/// Finds `path:line` and `path:line:column` in a text. Whether a path is a file's is checked later, on the disk.
fn places(text: &str) -> Vec<(&str, u32, Option<u32>)> {
    let ends = |c: char| c.is_whitespace() || "\"'`“”‘’«»()[]{}<>,;|=*".contains(c);
    text.split(ends).filter_map(place).take(MOST_PLACES).collect()
}

fn place(word: &str) -> Option<(&str, u32, Option<u32>)> {
    // A network address (`host:8080`) has a colon and digits, too.
    if word.contains("://") {
        return None;
    }
    word.match_indices(':').find_map(|(at, _)| {
        let (path, rest) = (word.get(..at)?, word.get(at + 1..)?);
        let (line, rest) = number(rest)?;
        let column = rest.strip_prefix(':').and_then(number);
        // `12ab` is not a number, nor is a line that begins with 0.
        let rest = column.map_or(rest, |(_, rest)| rest);
        let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_path = !path.is_empty() && path.len() <= PATH && path.chars().any(char::is_alphanumeric);
        (ends && is_path && line > 0).then_some((path, line, column.map(|(column, _)| column)))
    })
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// The files of a loop, each read once.
struct Files<'r> {
    /// The worktree, as the loop names it.
    worktree: PathBuf,
    /// The worktree's path without links.
    real: PathBuf,
    roots: &'r [PathBuf],
    read: HashMap<PathBuf, Option<Source>>,
}

struct Source {
    uri: Url,
    text: String,
    lines: Lines,
}

impl Source {
    fn new(path: &Path, bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Some(Self { uri: Url::from_file_path(path).ok()?, lines: Lines::new(&text), text })
    }
}

impl<'r> Files<'r> {
    fn of(row: &LoopRow, roots: &'r [PathBuf]) -> Option<Self> {
        let worktree = row.worktree.as_ref().map(PathBuf::from).or_else(|| roots.first().cloned())?;
        let real = worktree.canonicalize().ok()?;
        Some(Self { worktree, real, roots, read: HashMap::new() })
    }

    fn mark(&mut self, said: &Said) -> Option<Mark> {
        let name = self.name(&said.path)?;
        if !self.read.contains_key(&name) {
            let source = (self.read.len() < MOST_FILES).then(|| self.source(&name)).flatten();
            self.read.insert(name.clone(), source);
        }
        let Source { uri, text, lines } = self.read.get(&name)?.as_ref()?;
        let asked = usize::try_from(said.line).unwrap_or(usize::MAX).saturating_sub(1);
        // After the last line's end there is no line.
        let ends_with_line = lines.count() > 1 && lines.line(text, lines.count() - 1).is_empty();
        let last = lines.count() - 1 - usize::from(ends_with_line);
        let line = asked.min(last);
        let shown = lines.line(text, line);
        let shown = shown.get(..shown.floor_char_boundary(LINE)).unwrap_or_default();
        let column = said.column.filter(|_| asked == line).map(|column| {
            let column = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
            column.min(shown.chars().count())
        });
        Some(Mark {
            kind: said.kind.clone(),
            uri: uri.clone(),
            line,
            text: shown.to_owned(),
            column,
            severity: said.severity,
            code: said.code.clone(),
            message: said.message.clone(),
        })
    }

    /// A file's path from the worktree's root; `None` if the file is outside.
    fn name(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let inside = match path.is_absolute() {
            true => path.strip_prefix(&self.worktree).or_else(|_| path.strip_prefix(&self.real)).ok()?,
            false => path,
        };
        let mut name = PathBuf::new();
        for part in inside.components() {
            match part {
                Component::Normal(part) => name.push(part),
                Component::CurDir => {}
                Component::ParentDir if name.pop() => {}
                _ => return None,
            }
        }
        (name.file_name().is_some() && !name.starts_with(".git")).then_some(name)
    }

    fn source(&self, name: &Path) -> Option<Source> {
        let Ok(there) = self.real.join(name).canonicalize() else { return self.gone(name) };
        if !there.starts_with(&self.real) {
            return None;
        }
        let bytes = read(&there)?;
        let users = self.roots.iter().map(|root| root.join(name));
        // If the loop works in the user's own tree, that file is among these.
        let same = users.into_iter().find(|path| {
            let as_long = fs::metadata(path).is_ok_and(|found| found.len() == bytes.len() as u64);
            as_long && read(path).as_ref() == Some(&bytes)
        });
        Source::new(&same.unwrap_or_else(|| self.worktree.join(name)), &bytes)
    }

    /// The user's own file where the loop removed it: there it can still be seen.
    fn gone(&self, name: &Path) -> Option<Source> {
        self.roots.iter().find_map(|root| {
            let path = root.join(name);
            let is_inside = path.canonicalize().ok()?.starts_with(root.canonicalize().ok()?);
            Source::new(&path, &read(&path).filter(|_| is_inside)?)
        })
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    plain_file::read(path, LARGEST).ok().filter(|bytes| memchr::memchr(0, bytes).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{finding::Finding, plan::Isolation, task::TaskKey};
    use alfine_store::{LoopId, LoopSummary, Millis};
    use proptest::prelude::*;
    use serde_json::json;
    use tempfile::TempDir;

    #[test]
    fn a_place_is_a_path_and_a_line() {
        for (text, expected) in [
            ("src/a.rs:12 fails", vec![("src/a.rs", 12, None)]),
            ("see `src/a.rs:12:5`, and (b.py:3)", vec![("src/a.rs", 12, Some(5)), ("b.py", 3, None)]),
            ("src/a.rs:12:5: error", vec![("src/a.rs", 12, Some(5))]),
            ("src/a.rs:12-20.", vec![("src/a.rs", 12, None)]),
            ("/abs/ä.rs:7", vec![("/abs/ä.rs", 7, None)]),
            ("Makefile:3", vec![("Makefile", 3, None)]),
            ("a::b:3", vec![("a::b", 3, None)]),
            ("http://localhost:8080/x and https://[::1]:80", vec![]),
            ("src/a.rs:0 src/a.rs: src/a.rs:x :3 ::3 src/a.rs:12ab", vec![]),
            ("src/a.rs:99999999999999999999", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(places(text), expected, "{text}");
        }
        assert_eq!(places(&"a:1 ".repeat(1000)).len(), MOST_PLACES);
        assert_eq!(places(&format!("{}:1", "a".repeat(PATH + 1))), []);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[a:0-9./ä`\\\\\0\n ]{0,60}") {
            for (path, line, _) in places(&text) {
                let named = format!("{path}:");
                prop_assert!(text.contains(&named) && line > 0);
            }
        }
    }

    struct Place {
        folder: TempDir,
        row: LoopRow,
    }

    impl Place {
        /// The user's `shop` and the loop's `work`.
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for folder in ["shop", "work"].map(|name| folder.path().join(name)) {
                fs::create_dir(folder).unwrap();
            }
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let row = LoopRow {
                id: LoopId::generate(),
                task: TaskKey::new("PLAN.md", "US-001"),
                status: TaskStatus::Running,
                reason: None,
                agent: "claude".to_owned(),
                model: None,
                isolation: Isolation::Worktree,
                branch: None,
                base_branch: None,
                base_commit: None,
                worktree: folder.path().join("work").to_str().map(str::to_owned),
                settings: Value::Null,
                state: String::new(),
                summary: LoopSummary::default(),
                cost_usd: None,
                tokens: 0,
                started_at: Millis(0),
                ended_at: None,
                updated_at: Millis(0),
                forked_from: None,
                plan_run: None,
            };
            Self { folder, row }
        }

        fn marks(&self, evidence: &[VerificationRow]) -> Vec<Mark> {
            marks(&self.row, evidence, &[self.folder.path().join("shop")])
        }

        /// Where the marks of findings at these places are: the path from the test's folder, the line, the column.
        fn shown(&self, places: &[(&str, u32, Option<u32>)]) -> Vec<(String, usize, Option<usize>)> {
            let named = self.marks(&[answer(false, places)]).into_iter().map(|mark| {
                let path = mark.uri.to_file_path().unwrap();
                let name = path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
                (name, mark.line, mark.column)
            });
            named.collect()
        }
    }

    fn answer(passed: bool, places: &[(&str, u32, Option<u32>)]) -> VerificationRow {
        let finding = |(file, line, column): &(&str, u32, Option<u32>)| Finding {
            severity: Severity::Error,
            file: Some((*file).to_owned()),
            line: Some(*line),
            column: *column,
            code: Some("E1".to_owned()),
            message: "wrong".to_owned(),
        };
        VerificationRow {
            id: 1,
            loop_id: LoopId::generate(),
            iteration: 1,
            verifier: "cargo test".to_owned(),
            criterion: None,
            criterion_text: None,
            passed,
            required: true,
            weight: 1.0,
            exit: Some(1),
            output: String::new(),
            tree: "t".to_owned(),
            started_at: Millis(0),
            duration_ms: 1,
            answer: None,
            tests: None,
            proof: None,
            findings: places.iter().map(finding).collect(),
        }
    }

    fn at(name: &str, line: usize, column: Option<usize>) -> (String, usize, Option<usize>) {
        (name.to_owned(), line, column)
    }

    #[test]
    fn a_line_is_shown_in_the_users_file_as_long_as_that_is_the_same() {
        let place = Place::new(&[
            ("shop/src/a.rs", "one\ntwo\n"),
            ("work/src/a.rs", "one\ntwo\n"),
            ("shop/b.rs", "mine\n"),
            ("work/b.rs", "his\n"),
            ("work/c.rs", "new\n"),
        ]);
        let absolute = place.folder.path().join("work/src/a.rs");
        let found = [
            ("src/a.rs", 2, Some(3)),
            ("./b.rs", 1, None),
            ("c.rs", 1, None),
            (absolute.to_str().unwrap(), 1, None),
        ];
        assert_eq!(
            place.shown(&found),
            [
                at("shop/src/a.rs", 1, Some(2)),
                at("work/b.rs", 0, None),
                at("work/c.rs", 0, None),
                at("shop/src/a.rs", 0, None)
            ]
        );
        let mark = &place.marks(&[answer(false, &found)])[0];
        assert_eq!(
            (mark.text.as_str(), mark.message.as_str(), mark.severity),
            ("two", "wrong", Severity::Error)
        );
        assert_eq!(mark.kind, MarkKind::Finding { verifier: "cargo test".to_owned() });
        assert_eq!(place.marks(&[answer(true, &found)]), []);
    }

    #[test]
    fn what_the_loop_removed_is_shown_where_the_user_still_has_it() {
        let place = Place::new(&[("shop/tests/a.rs", "one\ntwo\n")]);
        assert_eq!(place.shown(&[("tests/a.rs", 2, None)]), [at("shop/tests/a.rs", 1, None)]);
    }

    #[test]
    fn nothing_outside_of_the_worktree_is_looked_at() {
        let place = Place::new(&[("secret", "s\n"), ("work/a.rs", "a\n"), ("work/.git/config", "c\n")]);
        std::os::unix::fs::symlink("../secret", place.folder.path().join("work/link")).unwrap();
        std::os::unix::fs::symlink("../secret", place.folder.path().join("shop/only")).unwrap();
        let secret = place.folder.path().join("secret");
        let found = [
            ("../secret", 1, None),
            ("x/../../secret", 1, None),
            (secret.to_str().unwrap(), 1, None),
            ("link", 1, None),
            ("only", 1, None),
            (".git/config", 1, None),
            ("gone.rs", 1, None),
            ("", 1, None),
            (".", 1, None),
            ("a\0b", 1, None),
        ];
        assert_eq!(place.shown(&found), []);
    }

    #[test]
    fn a_line_or_column_past_the_end_is_the_last() {
        let place = Place::new(&[("work/a.rs", "one\ntwo\n"), ("work/empty", "")]);
        let found =
            [("a.rs", 99, Some(2)), ("a.rs", 1, Some(99)), ("a.rs", 0, Some(0)), ("empty", 7, Some(7))];
        assert_eq!(
            place.shown(&found),
            [
                at("work/a.rs", 1, None),
                at("work/a.rs", 0, Some(3)),
                at("work/a.rs", 0, Some(0)),
                at("work/empty", 0, None)
            ]
        );
    }

    #[test]
    fn a_blocker_marks_the_places_it_names_until_the_loop_rests_proven() {
        let mut place = Place::new(&[("work/a.rs", "one\ntwo\n")]);
        place.row.summary.gate = Some(json!({
            "verdict": "not_ready", "why": "", "gate": { "blockers": ["a.rs:2 needs a key; see gone.rs:4", 7, "no place"] }
        }));
        let marks = place.marks(&[]);
        let said: Vec<_> = marks.iter().map(|mark| (&mark.kind, mark.line, mark.message.as_str())).collect();
        assert_eq!(said, [(&MarkKind::Blocker, 1, "a.rs:2 needs a key; see gone.rs:4")]);
        for status in [TaskStatus::Done, TaskStatus::Merged, TaskStatus::Discarded] {
            place.row.status = status;
            assert_eq!(place.marks(&[]), []);
        }
        place.row.status = TaskStatus::Stopped;
        place.row.summary.gate = Some(json!("no gate"));
        assert_eq!(place.marks(&[]), []);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let place = Place::new(&[("work/min.js", &"x".repeat(1 << 20))]);
        let found: Vec<_> = (1..2000).map(|column| ("min.js", 1, Some(column))).collect();
        let marks = place.marks(&[answer(false, &found)]);
        assert_eq!((marks.len(), marks[0].text.len()), (MOST_MARKS, LINE));
    }
}
