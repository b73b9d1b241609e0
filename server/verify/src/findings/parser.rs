//! What the parsers of all tools share: what a parser is, and its patterns.

use super::collected::Collected;
use regex::Regex;

/// Reads the lines of one family of tools.
pub(super) trait LineParser {
    /// Reads a line; true if it was this parser's, so that no other reads it.
    fn line(&mut self, line: &str, found: &mut Collected) -> bool;

    /// Adds what only the end of the output decides.
    fn end(&mut self, _: &mut Collected) {}
}

/// Compiles a constant pattern.
#[allow(clippy::expect_used, reason = "constants; a test compiles every one of them")]
pub(super) fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// Declares a pattern that is compiled when it is first used.
macro_rules! patterns {
    ($($name:ident = $pattern:literal;)*) => {
        $(static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| $crate::findings::parser::pattern($pattern));)*

        #[cfg(test)]
        #[test]
        fn every_pattern_compiles() {
            $(std::sync::LazyLock::force(&$name);)*
        }
    };
}

pub(super) use patterns;

/// Returns a group's text; empty if it did not match.
pub(super) fn group<'t>(captures: &regex::Captures<'t>, group: usize) -> &'t str {
    captures.get(group).map_or("", |found| found.as_str())
}
