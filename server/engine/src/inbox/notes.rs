//! Notes of work to do that stand in comments, such as `// TODO: more`.

/// What begins a note.
const NOTES: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// What begins a comment, in one language or another.
const COMMENTS: [&str; 9] = ["//", "#", "--", ";", "/*", "<!--", "%", "{-", "\"\"\""];

/// Finds the note in a line: its word, and the byte that it begins at.
pub fn note_in(line: &str) -> Option<(&'static str, usize)> {
    let found = NOTES.iter().filter_map(|word| {
        let is_alone = |at: usize| {
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + word.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(letter) && !after.is_some_and(letter)
        };
        let is_in_comment = |at: usize| {
            let before = line.get(..at).unwrap_or_default();
            before.trim_start().starts_with('*') || COMMENTS.iter().any(|mark| before.contains(mark))
        };
        let at = line.match_indices(word).map(|(at, _)| at).find(|&at| is_alone(at) && is_in_comment(at))?;
        Some((*word, at))
    });
    found.min_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_word_in_a_comment() {
        for (line, expected) in [
            ("let x = 1; // TODO: more", Some(("TODO", 14))),
            ("# FIXME(me) HACK", Some(("FIXME", 2))),
            (" * XXX", Some(("XXX", 3))),
            ("<!-- HACK -->", Some(("HACK", 5))),
            ("let TODO = 1;", None),
            ("// TODOS and MY_TODO", None),
            ("// ä TODO", Some(("TODO", 6))),
            ("", None),
        ] {
            assert_eq!(note_in(line), expected, "{line}");
        }
    }
}
