//! Places in a text, and parts of one. Byte offsets only: what a client calls a position is the business of the protocol
//! crate.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Writes a text as one word of a shell's command line: as it is where that is safe, else in quotes.
pub fn shell_word(text: &(impl fmt::Display + ?Sized)) -> String {
    let text = text.to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,@%+=#".contains(c);
    // A `#` begins a comment only at the beginning of a word, and a `~` is the home only there.
    let begins_plain = text.starts_with(|c: char| c.is_alphanumeric() || "_./@+:".contains(c));
    if begins_plain && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A number of things: `1 file`, `2 files`.
pub fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A phrase with what is known beyond it: `it failed: the disk is full`. The phrase alone if that is nothing.
pub fn detailed(phrase: &str, detail: &str) -> String {
    match detail.trim() {
        "" => phrase.to_owned(),
        detail => format!("{}: {detail}", phrase.trim_end_matches(':')),
    }
}

/// Makes one line of a text, with one blank between its words.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many of these characters stand together at most.
pub(crate) fn longest_run(text: &str, mark: char) -> usize {
    text.split(|c| c != mark).map(str::len).max().unwrap_or_default()
}

/// Returns the first characters of a text, at most so many bytes.
pub fn start_of(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

/// Returns the last characters of a text, at most so many bytes.
pub fn end_of(text: &str, bytes: usize) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(bytes))..).unwrap_or_default()
}

/// The number of the first line of a text that is not as it was before: where one was taken out or is another now, else where
/// one was put in.
pub fn first_changed_line(was: &str, now: &str) -> u32 {
    let (was, now): (Vec<&str>, Vec<&str>) = (was.lines().collect(), now.lines().collect());
    let alike = was.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let (old, new) = (was.get(alike..).unwrap_or_default(), now.get(alike..).unwrap_or_default());
    let same_end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let old = old.get(..old.len() - same_end).unwrap_or_default();
    let new = new.get(..new.len() - same_end).unwrap_or_default();
    let mut taken = 0;
    let is_missed = old.iter().any(|line| {
        let found = new.iter().skip(taken).position(|other| other == line);
        // Only what was put in stands before it.
        taken += found.map_or(0, |found| found + 1);
        found.is_none()
    });
    let at = alike + if is_missed { taken } else { 0 };
    u32::try_from((at + 1).min(now.len().max(1))).unwrap_or(u32::MAX)
}

/// A half-open range of byte offsets into a document, always on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// Makes a span from its two offsets, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the text this span covers, or `""` when it lies outside of `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A replacement of a span of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextEdit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// The text that replaces the span.
    pub new_text: String,
}

/// Turns byte offsets into one-based lines and columns, for people and for terminals.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self { starts }
    }

    /// Returns the one-based line and one-based column (in characters) of a byte offset into `text`.
    /// An offset past the end is the end.
    pub fn line_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let before = text.get(self.starts[line]..offset).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_text_are_cut_between_characters() {
        assert_eq!((start_of("äöü", 3), end_of("äöü", 3)), ("ä", "ü"));
        assert_eq!((start_of("äöü", 9), end_of("äöü", 9)), ("äöü", "äöü"));
        assert_eq!((start_of("ä", 1), end_of("ä", 0)), ("", ""));
    }

    #[test]
    fn a_change_stands_where_something_was_taken_out_else_where_something_was_put_in() {
        for (was, now, line) in [
            ("a b c", "a x c", 2),
            ("a b c", "a c", 2),
            ("a b c", "a b", 2),
            ("a b", "a b c d", 3),
            ("a b", "x a b", 1),
            ("a b c d", "x a b d", 4),
            ("a b a b c", "a x b a b y", 6),
            ("", "a", 1),
            ("a", "", 1),
            ("a b", "a b", 2),
        ] {
            let lines = |text: &str| text.replace(' ', "\n");
            assert_eq!(first_changed_line(&lines(was), &lines(now)), line, "{was} -> {now}");
        }
    }

    #[test]
    fn a_shell_reads_each_word_as_it_was() {
        for (text, word) in [
            ("PLAN.md#US-001", "PLAN.md#US-001"),
            ("c#/PLAN.md", "c#/PLAN.md"),
            ("pläne/ü.md", "pläne/ü.md"),
            ("my plans/x", "'my plans/x'"),
            ("it's", r"'it'\''s'"),
            ("#1.md", "'#1.md'"),
            ("~/x", "'~/x'"),
            ("-x", "'-x'"),
            ("", "''"),
            ("a$(b)", "'a$(b)'"),
            ("app/[id]", "'app/[id]'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn offsets_become_one_based_lines_and_character_columns() {
        let text = "ä1\nzwei\n";
        let index = LineIndex::new(text);
        assert_eq!(index.line_column(text, 0), (1, 1));
        assert_eq!(index.line_column(text, 2), (1, 2));
        assert_eq!(index.line_column(text, 4), (2, 1));
        assert_eq!(index.line_column(text, 999), (3, 1));
    }
}
