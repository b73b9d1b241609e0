//! What the text of a heading or of a checkbox item says: an id and a title, or the name of a section.
//!
//! Knows nothing of Markdown: it reads plain text and answers with offsets into that.

use std::ops::Range;

/// A title with what stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    /// The id, if one is written.
    pub(super) id: Option<String>,
    /// Where the id is written; of `Task 3` only the number.
    pub(super) id_range: Range<usize>,
    pub(super) title: String,
    /// Whether a heading that reads so is a task.
    pub(super) reads_as_task: bool,
    /// `Step 2: …`, which inside of a task is a part of it.
    pub(super) is_step: bool,
    /// The byte between the brackets of a box before the title, and whether it is ticked.
    pub(super) tick_box: Option<(usize, bool)>,
}

/// Letters that with a number name something else than a task: priorities, quarters, versions, standards.
const NOT_IDS: [&str; 14] =
    ["P", "Q", "V", "H", "ES", "EC", "UTF", "ISO", "SHA", "AES", "RFC", "IEEE", "COVID", "BASE"];
const KEYWORDS: [&str; 4] = ["user story", "story", "task", "step"];

impl Label {
    /// Reads the plain text of a heading, or of the first line of a checkbox item (where `1.` alone is an id, too).
    pub(super) fn read(text: &str, in_item: bool) -> Self {
        let mut label = Self::default();
        let mut rest = skip_blanks(text, 0);
        if let Some(ticked) = tick_box(text, rest) {
            label.tick_box = Some((rest + 1, ticked));
            rest = skip_blanks(text, rest + 3);
        }
        if !label.keyword(text, rest) && !label.bare_id(text, rest, in_item) {
            rest.clone_into(&mut label.id_range.start);
            label.id_range.end = rest;
            label.title = text.get(rest..).unwrap_or_default().trim().to_owned();
        }
        if label.tick_box.is_none()
            && let Some(ticked) = tick_box(&label.title, 0)
        {
            let at = text.rfind(label.title.as_str()).unwrap_or_default();
            label.tick_box = Some((at + 1, ticked));
            label.title = label.title.get(3..).unwrap_or_default().trim().to_owned();
        }
        label
    }

    /// Reads `Task: title`, `Task 3: title`, `Story US-1. title`, `Step 2 - title` or a `Task 3` alone.
    fn keyword(&mut self, text: &str, start: usize) -> bool {
        let rest = text.get(start..).unwrap_or_default();
        let starts =
            |keyword: &&str| rest.get(..keyword.len()).is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        let Some(keyword) = KEYWORDS.into_iter().find(starts) else { return false };
        let after = start + keyword.len();
        if let Some(title) = title_after(text, after, false).filter(|title| !title.is_empty()) {
            (self.title, self.reads_as_task) = (title.to_owned(), true);
            self.id_range = start..start;
            self.is_step = keyword == "step";
            return true;
        }
        let number = text.get(after..).unwrap_or_default().trim_start_matches([' ', '\t', '#', '-']);
        let number_start = text.len() - number.len();
        let token = token(number);
        let numbered = is_number(token) || is_dotted(token);
        if number_start == after || !(numbered || is_id(token)) {
            return false;
        }
        let end = number_start + token.len();
        let Some(title) = title_after(text, end, true) else { return false };
        let word = keyword.rsplit(' ').next().unwrap_or(keyword);
        let id = if numbered { format!("{word}-{}", token.to_ascii_lowercase()) } else { token.to_owned() };
        let whole = text.get(start..end).unwrap_or_default();
        self.title = if title.is_empty() { whole } else { title }.to_owned();
        (self.id, self.id_range) = (Some(id), number_start..end);
        (self.reads_as_task, self.is_step) = (true, word == "step");
        true
    }

    /// Reads `US-001: title`, `T3. title`, `1.2: title`; in an item `3. title`, too.
    fn bare_id(&mut self, text: &str, start: usize, in_item: bool) -> bool {
        let token = token(text.get(start..).unwrap_or_default());
        let reads_as_task = is_id(token) || is_dotted(token);
        if !(reads_as_task || in_item && is_number(token)) {
            return false;
        }
        let end = start + token.len();
        let Some(title) = title_after(text, end, token.contains('-')) else { return false };
        // `10.5:30` is a time or a ratio, not an id.
        let glued = text.get(end + 1..).is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()));
        if glued && !is_id(token) {
            return false;
        }
        self.title = if title.is_empty() { token } else { title }.to_owned();
        (self.id, self.id_range, self.reads_as_task) = (Some(token.to_owned()), start..end, reads_as_task);
        true
    }
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start().len())
}

fn tick_box(text: &str, at: usize) -> Option<bool> {
    let rest = text.get(at..)?;
    let blank_after =
        rest.get(3..).is_none_or(|after| after.is_empty() || after.starts_with(char::is_whitespace));
    match rest.get(..3)? {
        "[ ]" if blank_after => Some(false),
        "[x]" | "[X]" if blank_after => Some(true),
        _ => None,
    }
}

/// The title behind a separator at `at`: `:`, `.` before a blank, or where `dashed` a dash between blanks, or the end.
fn title_after(text: &str, at: usize, dashed: bool) -> Option<&str> {
    let rest = text.get(at..)?;
    if dashed && rest.trim().is_empty() {
        return Some("");
    }
    if let Some(title) = rest.strip_prefix(':') {
        return Some(title.trim());
    }
    if let Some(title) = rest.strip_prefix('.') {
        return (title.is_empty() || title.starts_with(char::is_whitespace)).then(|| title.trim());
    }
    let dash = rest.trim_start().strip_prefix(['-', '–', '—'])?;
    (dashed && rest.starts_with(char::is_whitespace) && dash.starts_with(char::is_whitespace))
        .then(|| dash.trim())
}

/// The letters, digits, inner dots and hyphens that `text` begins with.
fn token(text: &str) -> &str {
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', '-'])
}

/// `3`, `3a`, `3-2`.
fn is_number(token: &str) -> bool {
    let (number, copy) = token.split_once('-').unwrap_or((token, "0"));
    let digits = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
    is_digits(digits) && is_digits(copy)
}

/// `1.2`, `1.2.3`, `1.2-2`.
fn is_dotted(token: &str) -> bool {
    let (number, copy) = token.split_once('-').unwrap_or((token, "0"));
    number.contains('.') && number.split('.').all(is_digits) && is_digits(copy)
}

/// `US-001`, `AUTH-LOGIN-2`, `US-001a`; short `T3`, `FR12`, `T3-2`.
fn is_id(token: &str) -> bool {
    let letters = token.len() - token.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    let (prefix, rest) = token.split_at(letters);
    if prefix.is_empty() || NOT_IDS.contains(&prefix) || token.contains('.') {
        return false;
    }
    let numbered =
        |part: &str| is_digits(part.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(part));
    match rest.split_once('-') {
        None => letters <= 3 && numbered(rest),
        Some((_, tail)) => {
            let last = tail.rsplit('-').next().unwrap_or(tail);
            numbered(last)
                && token.split('-').rev().skip(1).all(|part| {
                    let upper = part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                    !part.is_empty() && (upper || numbered(part))
                })
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Says whether a heading or a label before a list announces acceptance criteria.
pub(super) fn names_criteria(text: &str) -> bool {
    // Asked of every paragraph, and nearly always in vain.
    if !text.trim_start().starts_with(['a', 'A', 'c', 'C']) {
        return false;
    }
    let name = text.split(" (").next().unwrap_or(text).trim_end();
    let name = name.trim_end_matches(':').trim();
    ["acceptance criteria", "acceptance criterion", "criteria"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Says whether a heading or a label before a list announces work that never blocks.
pub(super) fn names_optional(text: &str) -> bool {
    let text = text.trim().trim_end_matches(':');
    // Asked of every heading, and nearly always in vain: the words of below, at either end or in brackets.
    let may = text.starts_with(['o', 'O', 'f', 'F', 'n', 'N'])
        || text.ends_with(['l', 'L', 'e', 'E', 's', 'S'])
        || text.contains(['(', '[']);
    if !may {
        return false;
    }
    let lower = text.to_lowercase();
    let name = lower.replace("nice-to-have", "nice to have").replace("(s)", "s");
    if marked_optional(&name) {
        return true;
    }
    ["optional", "future", "nice to have", "nice to haves"].iter().any(|word| {
        let begins = name.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, ':' | '/' | '(' | ','))
        });
        let ends = name
            .strip_suffix(word)
            .is_some_and(|rest| rest.trim_end().ends_with([':', '-', '–', '—', '/']) && rest.ends_with(' '));
        begins || ends
    })
}

/// Says whether a title carries `(optional)` itself.
pub(super) fn marked_optional(title: &str) -> bool {
    if !title.contains(['(', '[']) {
        return false;
    }
    let lower = title.to_lowercase();
    ["(optional)", "(future)", "(nice to have)", "[optional]"].iter().any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (bool, Option<String>, String) {
        let label = Label::read(text, false);
        (label.reads_as_task, label.id, label.title)
    }

    #[test]
    fn a_heading_with_a_keyword_or_an_id_is_a_task() {
        for (text, id, title) in [
            ("US-001: Add coupon table", Some("US-001"), "Add coupon table"),
            ("US-001 - Add coupon table", Some("US-001"), "Add coupon table"),
            ("US-001-2: Again", Some("US-001-2"), "Again"),
            ("US-001a-2: Again", Some("US-001a-2"), "Again"),
            ("AUTH-LOGIN-2: Form", Some("AUTH-LOGIN-2"), "Form"),
            ("T3: Title", Some("T3"), "Title"),
            ("T001. Title", Some("T001"), "Title"),
            ("Task 3: Title", Some("task-3"), "Title"),
            ("TASK 3a. Title", Some("task-3a"), "Title"),
            ("Task #3 — Title", Some("task-3"), "Title"),
            ("Task-3: Title", Some("task-3"), "Title"),
            ("Task US-7: Title", Some("US-7"), "Title"),
            ("User Story 1 - Sign in (Priority: P1)", Some("story-1"), "Sign in (Priority: P1)"),
            ("Story 2.", Some("story-2"), "Story 2"),
            ("Step 1.2: Title", Some("step-1.2"), "Title"),
            ("Task 4", Some("task-4"), "Task 4"),
            ("Task: Title", None, "Title"),
            ("1.2: Title", Some("1.2"), "Title"),
            ("1.2. Title", Some("1.2"), "Title"),
            ("1.2.3: Größe: ändern", Some("1.2.3"), "Größe: ändern"),
        ] {
            assert_eq!(read(text), (true, id.map(str::to_owned), title.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_headings_are_not_tasks() {
        for text in [
            "Overview",
            "Tasks",
            "Tasks:",
            "Task list: what to do",
            "Task:",
            "Stories",
            "Step by step: how",
            "Taskforce 3: x",
            "1. Introduction",
            "3: x",
            "2024",
            "1.2 Title",
            "1.2:30 o'clock",
            "P1: Critical",
            "Q3: Goals",
            "V2: Roadmap",
            "UTF-8: everywhere",
            "Note: this",
            "Phase 1: Setup",
            "us-001: Title",
            "US-001 Title",
            "",
            ":",
        ] {
            assert!(!Label::read(text, false).reads_as_task, "{text}");
        }
    }

    #[test]
    fn an_item_may_be_numbered_with_a_single_number() {
        let label = Label::read("3. Set up", true);
        assert_eq!((label.id.as_deref(), label.title.as_str()), (Some("3"), "Set up"));
        assert_eq!(Label::read("3 retries", true).id, None);
    }

    #[test]
    fn a_heading_may_carry_a_box() {
        let label = Label::read("[x] US-1: Title", false);
        assert_eq!((label.tick_box, label.id_range, label.title.as_str()), (Some((1, true)), 4..8, "Title"));
        let label = Label::read("US-1: [ ] Title", false);
        assert_eq!((label.tick_box, label.title.as_str()), (Some((7, false)), "Title"));
        assert_eq!(Label::read("[x]y", false).tick_box, None);
    }

    #[test]
    fn sections_are_known_by_name() {
        for text in ["Acceptance criteria:", "ACCEPTANCE CRITERIA", "Criteria", "Acceptance Criteria (all):"]
        {
            assert!(names_criteria(text), "{text}");
        }
        for text in ["Selection criteria", "Criteria for success", ""] {
            assert!(!names_criteria(text), "{text}");
        }
        for text in [
            "Optional",
            "Optional:",
            "Future work",
            "Nice to have",
            "Nice-to-haves:",
            "Phase 4 (optional)",
            "Phase 4 - Nice to have",
        ] {
            assert!(names_optional(text), "{text}");
        }
        for text in ["Futures", "Non-optional", "Future-proof the API", "Optionality", ""] {
            assert!(!names_optional(text), "{text}");
        }
    }
}
