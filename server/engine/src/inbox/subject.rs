//! What a task from a place in a file is about, and the task as it stands in a plan.
//!
//! What stands at the place, and what another server says of it, is data: it is quoted so that it can make no heading,
//! no task and no command.

use super::notes::note_in;
use alfine_words::text as wording;
use std::fmt::Write as _;

/// What a new inbox begins with.
const HEAD: &str = "# Inbox\n\nTasks that were started from a place in a file, or by a goal in words.\n";
/// The longest title, in characters.
pub(super) const TITLE: usize = 72;
/// The longest quotation, in characters.
const QUOTED: usize = 4000;
/// The longest message of another server, in characters.
const MESSAGE: usize = 300;

/// What a task from a place in a file is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The file's path from the root.
    pub name: String,
    /// The first and the last line, from 1.
    pub lines: (u32, u32),
    /// What stands there.
    pub quoted: String,
    /// Whether the user selected it.
    pub selected: bool,
    /// What another server says of the place.
    pub said: Option<Said>,
    /// What the user wants to be done.
    pub prompt: Option<String>,
}

/// What another language server says of a place. The task is done when it says so no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The server's name for itself.
    pub source: Option<String>,
    /// Its message.
    pub message: String,
}

impl Subject {
    /// The task, as it is to stand behind the text of an inbox.
    pub(crate) fn task(&self, inbox: &str, id: &str) -> String {
        let mut text = begun(inbox);
        let name = one_line(&self.name, QUOTED);
        let (first, last) = self.lines;
        let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        let _ = write!(text, "\n### {id}: {}\n\nIn `{name}`, {lines}:\n\n", self.title());
        quote(&mut text, &self.quoted);
        if let Some(prompt) = &self.prompt {
            text.push_str("\nWhat is to be done:\n\n");
            quote(&mut text, prompt);
        }
        text.push_str("\nAcceptance criteria:\n");
        let criterion = match (&self.said, marker(&self.quoted)) {
            (Some(said), _) => {
                let source = said.source.as_deref().unwrap_or("the language server");
                let (source, message) = (one_line(source, TITLE), one_line(&said.message, MESSAGE));
                format!("{source} reports `{message}` at {name}:{first} no more")
            }
            (None, Some((word, _))) if self.prompt.is_none() => {
                format!(
                    "what the {word} comment at {name}:{first} asks for is there, and the comment is gone"
                )
            }
            _ => format!("what is asked for at {name}:{first} is there"),
        };
        let _ = writeln!(text, "- [ ] {criterion}");
        text
    }

    fn title(&self) -> String {
        let first_line = |text: &str| {
            text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
        };
        let of_comment = || marker(&self.quoted).filter(|_| !self.selected).map(|(_, text)| text);
        let words = self
            .prompt
            .as_deref()
            .map(first_line)
            .or_else(|| Some(format!("Fix: {}", first_line(&self.said.as_ref()?.message))))
            .or_else(of_comment)
            .unwrap_or_else(|| first_line(&self.quoted));
        match title_of(&words) {
            words if words.is_empty() => format!("Look at {}", one_line(&self.name, TITLE)),
            words => words,
        }
    }
}

/// What stands before a task that is added behind the text of an inbox: the head of a new one, or the end of its last line.
pub(super) fn begun(inbox: &str) -> String {
    match inbox {
        "" => HEAD.to_owned(),
        inbox if inbox.ends_with('\n') => String::new(),
        _ => "\n".to_owned(),
    }
}

/// Words as a title. Marks at the beginning are removed: a plan would read them as something else, such as a box.
pub(super) fn title_of(words: &str) -> String {
    let first = words.lines().map(str::trim).find(|line| line.contains(char::is_alphanumeric));
    let words = one_line(first.unwrap_or_default(), TITLE);
    let words = words.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(['#', ' ']);
    words.to_owned()
}

/// The word that marks a comment which asks for work, and what it asks for.
fn marker(text: &str) -> Option<(&'static str, String)> {
    text.lines().find_map(|line| {
        let (word, at) = note_in(line)?;
        let rest = line.get(at + word.len()..)?;
        // TODO(name): text
        let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_, rest)) => rest,
            None => rest,
        };
        let rest =
            rest.trim_start_matches([':', ' ', '-']).trim_end_matches("*/").trim_end_matches("-->").trim();
        Some((word, rest.to_owned()))
    })
}

pub(super) fn quote(text: &mut String, quoted: &str) {
    let quoted = wording::cut(quoted, QUOTED);
    let fence = wording::fence(&quoted, 3);
    let _ = writeln!(text, "{fence}text");
    for line in quoted.lines() {
        text.push_str(line);
        text.push('\n');
    }
    let _ = writeln!(text, "{fence}");
}

/// A text in one line, without what could end inline code.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    wording::line(text, longest).replace('`', "’")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_asks_for_work_by_a_word_of_its_own() {
        for (text, asks) in [
            ("// TODO(me): count the coupons", Some(("TODO", "count the coupons"))),
            ("<!-- HACK: mend it -->", Some(("HACK", "mend it"))),
            ("// see HACKATHON.md", None),
            ("let XXXL = 1; // the largest", None),
            ("one\n# FIXME", Some(("FIXME", ""))),
        ] {
            assert_eq!(marker(text), asks.map(|(word, rest)| (word, rest.to_owned())), "{text}");
        }
    }
}
