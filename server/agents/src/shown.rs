//! Texts of a CLI, made short enough to be shown.

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

/// Returns the start of `text` of at most `limit` bytes, in whole characters.
fn start_of(text: &str, limit: usize) -> &str {
    (0..=limit.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Returns `text` as one short line.
pub(crate) fn one_line(text: &str) -> String {
    // Only as much of a long text is looked at as the line can hold.
    cut(&start_of(text, 8 * SUMMARY).split_whitespace().collect::<Vec<_>>().join(" "), SUMMARY)
}

/// Returns the end of what a program wrote to stderr: what it died of stands last.
pub(crate) fn last_words(stderr_tail: &str) -> String {
    let text = stderr_tail.trim();
    let first = text.len().saturating_sub(SHOWN_TEXT);
    (first..=text.len()).find_map(|start| text.get(start..)).unwrap_or_default().to_owned()
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
