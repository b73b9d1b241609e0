//! How the lines of a plan are laid out, for fixes that add to them.

use crate::plan::Task;

/// The line end that a document uses.
pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// How far a line that belongs to a task must be indented: to the text of its list item, or not at all.
pub(super) fn indent(text: &str, task: &Task) -> String {
    let Some(width) = item_width(text, task) else { return String::new() };
    " ".repeat(width)
}

/// The column of a checkbox item's text; none for a heading.
pub(super) fn item_width(text: &str, task: &Task) -> Option<usize> {
    let bracket = task.checkbox?.start.checked_sub(1)?;
    let marker = text.get(task.title_span.start..bracket)?.trim();
    let is_item = matches!(marker, "-" | "*" | "+") || marker.ends_with(['.', ')']) && !marker.contains(' ');
    let before = text.get(..bracket)?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    // Tabs reach to the next column that four divides (CommonMark, 2.2).
    let column = |at: usize, c: char| if c == '\t' { at + 4 - at % 4 } else { at + 1 };
    is_item.then(|| line.trim_start_matches('\u{feff}').chars().fold(0, column))
}
