//! How moments, states and strangers' texts are written for a reader.
//!
//! What an agent, a tool or a plan says can hold anything: here it loses what hides or steers, and in Markdown what
//! would become a link, an image or HTML.

pub use alfine_core::text::{count, detailed};
use alfine_core::{breaker, task::TaskStatus, time::Moment};
use std::time::Duration;

/// A status, as it is read: `needs input`.
pub fn status(status: TaskStatus) -> String {
    status.as_str().replace('_', " ")
}

/// What is so of a task of this status: `is running`, `needs your input`.
pub fn is(status: TaskStatus) -> String {
    match status {
        TaskStatus::NeedsInput => "needs your input".to_owned(),
        TaskStatus::Failed => "failed".to_owned(),
        status => format!("is {}", self::status(status)),
    }
}

/// A text with line breaks kept, cut to so many characters; without what terminals obey or readers do not see.
pub fn plain(text: &str, characters: usize) -> String {
    let mut plain = String::new();
    let mut left = characters;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                // `ESC [ … letter` is one sequence; of others only the escape itself goes.
                if rest.next_if_eq(&'[').is_some() {
                    while rest.next_if(|c| ('\u{20}'..'\u{40}').contains(c)).is_some() {}
                    rest.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
                }
                continue;
            }
            c if is_hidden(c) => continue,
            _ => {}
        }
        if left == 0 {
            return plain.trim_end().to_owned() + "…";
        }
        left -= 1;
        plain.push(if c == '\t' { ' ' } else { c });
    }
    plain.trim().to_owned()
}

/// The beginning of a text, of so many characters.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A text on one line.
pub fn line(text: &str, characters: usize) -> String {
    let mut line = String::new();
    // Four times the room, so that indented text is not cut for its blanks alone.
    for word in plain(text, characters.saturating_mul(4)).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(characters) {
        Some((at, _)) => {
            line.truncate(at);
            line.trim_end().to_owned() + "…"
        }
        None => line,
    }
}

fn is_hidden(c: char) -> bool {
    let steers = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    steers || (c.is_control() && c != '\n' && c != '\t')
}

/// A sentence without a full stop, as one with. What promises more, such as a colon, gives way to it.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ';' | ','));
    match text.chars().last() {
        None => String::new(),
        Some('.' | '!' | '?' | '…') => text.to_owned(),
        Some(_) => format!("{text}."),
    }
}

/// A text, or what stands for it where there is none.
pub(crate) fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.trim().is_empty() { otherwise } else { text }
}

/// A phrase with what is known beyond it, as a sentence: `The agent asks: which one?`.
pub fn told(phrase: &str, detail: &str) -> String {
    sentence(&detailed(phrase, detail))
}

/// How long ago a moment was, in whole units: `5m`.
pub fn ago(at: Moment, now: Moment) -> String {
    let passed = now.since(at);
    let seconds = match passed.as_secs() {
        seconds @ 0..60 => seconds,
        seconds @ 60..86400 => seconds - seconds % 60,
        seconds => seconds - seconds % 3600,
    };
    breaker::span(Duration::from_secs(seconds))
}

/// Somebody else's text inside of Markdown: on one line, and nothing in it is markup.
pub fn markdown(text: &str, characters: usize) -> String {
    let text = line(text, characters);
    let mut escaped = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let is_markup = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '@' | '$')
            || (matches!(c, '#' | '-' | '+' | '=') && at == 0)
            // Bare addresses become links by themselves.
            || (c == ':' && rest.starts_with('/'))
            || (c == '.' && text.get(..at).is_some_and(|before| before.to_ascii_lowercase().ends_with("www")))
            || (matches!(c, '.' | ')') && text.get(..at).is_some_and(|before| before.bytes().all(|b| b.is_ascii_digit())));
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Somebody else's text as code inside of Markdown.
pub fn code(text: &str, characters: usize) -> String {
    let text = line(text, characters);
    if text.is_empty() {
        return String::new();
    }
    let fence = fence(&text, 1);
    let pad = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// More backticks than stand anywhere in a text in a row, and at least so many: nothing in it ends what they enclose.
pub fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(least))
}

/// A choice as a sentence has it: `a, b or c`.
pub fn alternatives(items: &[String]) -> String {
    joined(items, "or")
}

/// A phrase as a sentence begins. A command line stays as it is typed, and so does a file's name.
pub fn capitalized(text: &str) -> String {
    let is_name = text
        .split(' ')
        .next()
        .is_some_and(|word| word.trim_end_matches(['.', ',']).contains(['.', '/', '_']));
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if !is_name && !text.starts_with("alfine") => first.to_uppercase().chain(rest).collect(),
        _ => text.to_owned(),
    }
}

/// A list as a sentence has it: `a, b and c`.
pub fn listed(items: &[String]) -> String {
    joined(items, "and")
}

fn joined(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hides_or_steers_is_taken_out_of_a_text() {
        assert_eq!(plain("\u{1b}[31;1mred\u{1b}[0m\u{7} \u{202e}x\u{200b}y\r\n\tz ", 99), "red xy\n z");
        assert_eq!(plain("ä𝄞bcd", 3), "ä𝄞b…");
        assert_eq!(line("a\n\n  b\u{0}c", 99), "a bc");
        assert_eq!(line("one two three", 8), "one two…");
    }

    #[test]
    fn strangers_cannot_write_markdown() {
        for (text, escaped) in [
            ("see [x](command:y)", r"see \[x\](command:y)"),
            ("<img src=x> & ![a](b)", r"\<img src=x\> \& !\[a\](b)"),
            ("https://x.y and www.z.org, a@b.c", r"https\://x.y and www\.z.org, a\@b.c"),
            ("# no\n- list", r"\# no - list"),
            ("1. one `code` | *b* snake_case", r"1\. one \`code\` \| \*b\* snake\_case"),
        ] {
            assert_eq!(markdown(text, 200), escaped);
        }
        assert_eq!(code("a `b` ``c``", 99), "``` a `b` ``c`` ```");
        assert_eq!(code("ls\n-l", 99), "`ls -l`");
    }

    #[test]
    fn what_passed_is_told_in_whole_units() {
        assert_eq!(ago(Moment(0), Moment(61_000)), "1m");
        assert_eq!(ago(Moment(0), Moment(25 * 3_600_000 + 1)), "25h");
        assert_eq!(ago(Moment(9), Moment(0)), "0s");
    }

    proptest! {
        #[test]
        fn any_text_is_cut_and_stays_on_its_line(text in any::<String>(), characters in 0usize..40) {
            let cut = line(&text, characters);
            prop_assert!(cut.chars().count() <= characters + 1);
            prop_assert!(!cut.contains(char::is_control));
            markdown(&text, characters);
            code(&text, characters);
        }
    }
}
