//! Others' texts as code in Markdown, so that nothing in them can end it.

/// A fence that nothing in a text can end.
pub(super) fn fence(text: &str) -> String {
    ticks(text, 3)
}

/// More backticks than stand anywhere in a text in a row, and at least so many.
pub(super) fn ticks(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(least))
}

/// The beginning of a text, of so many characters.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}
