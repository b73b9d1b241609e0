//! Texts of a CLI, made short enough to be shown.

use alfine_core::text::{self, end_of, start_of};

/// The longest text in an event that is there to be shown, not to be read for a gate; in bytes.
pub(crate) const SHOWN_TEXT: usize = 2000;

/// The longest summary of a tool's input, in bytes.
const SUMMARY: usize = 160;

/// Returns at most `limit` bytes of `text`, with an ellipsis where something was cut off.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}…", start_of(text, limit))
}

/// Returns `long` as one short line.
pub(crate) fn one_line(long: &str) -> String {
    // Only as much of a long text is looked at as the line can hold.
    cut(&text::one_line(start_of(long, 8 * SUMMARY)), SUMMARY)
}

/// Returns the end of what a program wrote to stderr: what it died of stands last.
pub(crate) fn last_words(stderr_tail: &str) -> String {
    end_of(stderr_tail.trim(), SHOWN_TEXT).to_owned()
}

/// Returns the last line with words in it.
pub(crate) fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "ä…");
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(one_line("  a\n\tb  "), "a b");
        assert_eq!(one_line(&"ä".repeat(10_000)).len(), SUMMARY + "…".len());
        assert_eq!(last_words(&format!("{}end\n", "ä".repeat(SHOWN_TEXT))).len(), SHOWN_TEXT - 1);
    }
}
