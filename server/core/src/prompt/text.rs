//! Puts text that others wrote into Markdown, so that it stays in its place.

use crate::text::{end_of, longest_run, one_line, start_of};
use std::{borrow::Cow, fmt::Write};

/// Writes a text as inline code, on one line.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Writes a text as a code block, its lines indented; the fence is longer than any inside. Of the two kinds the one
/// that can be shorter, so that no text grows to more than about twice its size.
pub(super) fn fenced(out: &mut String, language: &str, text: &str, indent: &str) {
    let (ticks, tildes) = (longest_run(text, '`'), longest_run(text, '~'));
    let (mark, longest) = if ticks < 3 || ticks <= tildes { ("`", ticks) } else { ("~", tildes) };
    let fence = mark.repeat((longest + 1).max(3));
    let _ = writeln!(out, "{indent}{fence}{language}");
    for line in text.lines() {
        let line = line.replace('\r', " ");
        let indent = if line.is_empty() { "" } else { indent };
        let _ = writeln!(out, "{indent}{line}");
    }
    let _ = writeln!(out, "{indent}{fence}");
}

/// Writes a text as a paragraph where it is plainly one, otherwise as a code block.
pub(super) fn paragraph(out: &mut String, text: &str) {
    let text = text.trim_end();
    if is_plain(text) && text.starts_with(char::is_alphabetic) {
        let _ = writeln!(out, "{text}");
    } else {
        fenced(out, "markdown", text, "");
    }
}

/// Writes a text as a list's item behind a label (which may be empty): on its line where it has one line, otherwise as
/// a code block below it.
pub(super) fn item(out: &mut String, label: &str, text: &str) {
    let text = text.trim_end();
    if is_plain(text) {
        let _ = writeln!(out, "- {label}{text}");
    } else {
        let _ = writeln!(out, "{}", format!("- {label}").trim_end());
        fenced(out, "text", text, "  ");
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(['\n', '\r']) && longest_run(text, '`') < 3 && longest_run(text, '~') < 3
}

/// Cuts a text to so many lines and about so many bytes: its beginning and its end stay, and a line between them says
/// how much was left out.
pub(super) fn cut(text: &str, max_lines: usize, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes && text.lines().nth(max_lines).is_none() {
        return Cow::Borrowed(text);
    }
    let half = |all: usize| all / 2;
    let head = taken(text.lines(), half(max_lines), half(max_bytes));
    let tail = taken(text.lines().rev(), max_lines - half(max_lines), half(max_bytes));
    let count = text.lines().count();
    let left_out = count.saturating_sub(head.len() + tail.len());
    if left_out == 0 || head.is_empty() || tail.is_empty() {
        return Cow::Owned(cut_inside(text, max_bytes));
    }
    let plural = if left_out == 1 { "line" } else { "lines" };
    let marker = format!("… {left_out} {plural} left out …");
    let kept = head.into_iter().chain([marker.as_str()]).chain(tail.into_iter().rev());
    Cow::Owned(kept.collect::<Vec<_>>().join("\n"))
}

fn taken<'t>(lines: impl Iterator<Item = &'t str>, max_lines: usize, max_bytes: usize) -> Vec<&'t str> {
    let mut room = max_bytes;
    lines
        .take(max_lines)
        .take_while(|line| {
            let fits = line.len() < room;
            room = room.saturating_sub(line.len() + 1);
            fits
        })
        .collect()
}

/// Cuts a text whose lines are too long to be left out whole.
fn cut_inside(text: &str, max_bytes: usize) -> String {
    let half = max_bytes / 2;
    let (head, tail) = (start_of(text, half), end_of(text, half));
    let left_out = text.len() - head.len() - tail.len();
    format!("{head}\n… {left_out} bytes left out …\n{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_survives_backticks() {
        assert_eq!(code("cargo test"), "`cargo test`");
        assert_eq!(code("echo `date`\n"), "`` echo `date` ``");
        assert_eq!(code(""), "`  `");
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        let mut out = String::new();
        fenced(&mut out, "text", "```\nx\n`````", "");
        assert_eq!(out, "~~~text\n```\nx\n`````\n~~~\n");
        out.clear();
        fenced(&mut out, "", "````\n~~~~~", " ");
        assert_eq!(out, " `````\n ````\n ~~~~~\n `````\n");
    }

    #[test]
    fn an_item_keeps_its_text_to_itself() {
        let mut out = String::new();
        item(&mut out, "Note: ", "plain");
        item(&mut out, "Note: ", "first\n# second\n");
        item(&mut out, "", "```sh");
        assert_eq!(
            out,
            "- Note: plain\n- Note:\n  ```text\n  first\n  # second\n  ```\n-\n  ~~~text\n  ```sh\n  ~~~\n"
        );
    }

    #[test]
    fn a_cut_keeps_both_ends_and_says_how_much_is_gone() {
        assert_eq!(cut("a\nb\nc", 3, 99), "a\nb\nc");
        assert_eq!(cut("a\nb\nc\nd\ne", 3, 99), "a\n… 2 lines left out …\nd\ne");
        assert_eq!(cut("a\nb\nc\nd\ne\nf\ng\nh", 99, 10), "a\nb\n… 4 lines left out …\ng\nh");
        assert_eq!(cut(&"ä".repeat(10), 99, 8), "ää\n… 12 bytes left out …\nää");
        assert_eq!(cut(&format!("a\n{}", "x".repeat(100)), 99, 8), "a\nxx\n… 94 bytes left out …\nxxxx");
        assert_eq!(cut("abc", 0, 0), "\n… 3 bytes left out …\n");
    }
}
