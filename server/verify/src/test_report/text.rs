//! What the readers of all runners share: lines, and the ways in which they count.

use super::run::Runs;

/// Reads the lines of one runner.
pub(super) trait Reader {
    /// Reads a line.
    fn line(&mut self, line: Line<'_>, runs: &mut Runs);

    /// Adds what only the end of the output decides; `at` is the number after the last line's.
    fn end(&mut self, at: usize, runs: &mut Runs);
}

/// A line of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'l> {
    pub(super) number: usize,
    /// Without what only a terminal understands, and without blanks at its end.
    pub(super) text: &'l str,
}

/// The number that a text begins with, and what follows it.
pub(super) fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest))
}

/// Reads `3 passed, 1 failed`: a list in which each part is a number and its words. `None` if any is not.
pub(super) fn parts<'t>(text: &'t str, separator: &str) -> Option<Vec<(u64, &'t str)>> {
    /// No runner counts more kinds.
    const PARTS: usize = 16;
    let read = |part: &'t str| {
        let (count, word) = number(part.trim())?;
        let word = word.strip_prefix(' ')?.trim();
        (!word.is_empty()).then_some((count, word))
    };
    text.trim().splitn(PARTS, separator).map(read).collect()
}

/// Reads `Name: 3, Other: 1`: a list in which each part is its words and a number. `None` if any is not.
pub(super) fn named<'t>(text: &'t str, separator: &str) -> Option<Vec<(u64, &'t str)>> {
    const PARTS: usize = 16;
    let read = |part: &'t str| {
        let (name, count) = part.split_once([':', '='])?;
        Some((count.trim().parse().ok()?, name.trim()))
    };
    text.trim().splitn(PARTS, separator).map(read).collect()
}

/// Whether a text is a duration as runners print them: `0.01s`, `5 ms`, `1m 2.5s`.
pub(super) fn is_duration(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h'])
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ' ' | ',' | 'm' | 's' | 'h' | 'µ' | 'u' | 'n'))
}

/// Takes a duration in brackets from the end of a name: `adds (3 ms)`, `adds [0.12ms]`, `adds 4ms`.
pub(super) fn without_duration(name: &str) -> &str {
    let name = name.trim_end();
    let bracketed = [('(', ')'), ('[', ']')].into_iter().find_map(|(open, close)| {
        let (before, inner) = name.strip_suffix(close)?.rsplit_once(open)?;
        is_duration(inner).then_some(before)
    });
    let bare = || {
        let (before, last) = name.rsplit_once(' ')?;
        is_duration(last).then_some(before)
    };
    bracketed.or_else(bare).unwrap_or(name).trim_end()
}

/// How far a line is indented.
pub(super) fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}
