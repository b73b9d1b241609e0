//! What `test`, `[` and `[[` answer where no file and no value has a say in it.

use super::syntax::Word;

/// Whether a test holds, if that is known from its words alone.
pub(super) fn holds(words: &[Word]) -> Option<bool> {
    let (negated, words) = match words {
        [first, rest @ ..] if !rest.is_empty() && first.is("!") => (true, rest),
        words => (false, words),
    };
    let texts: Vec<String> = words.iter().map(Word::literal).collect::<Option<_>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let holds = match texts[..] {
        [] => false,
        [text] => !text.is_empty(),
        ["-n", text] => !text.is_empty(),
        ["-z", text] => text.is_empty(),
        ["-e" | "-d" | "-r" | "-x", "." | ".." | "/"] => true,
        [left, sign, right] => compares(left, sign, right)?,
        _ => return None,
    };
    Some(holds != negated)
}

fn compares(left: &str, sign: &str, right: &str) -> Option<bool> {
    let numbers = || Some((left.parse::<i64>().ok()?, right.parse::<i64>().ok()?));
    match sign {
        // In `[[`, the right side may be a pattern.
        "=" | "==" | "!=" if right.contains(['*', '?', '[']) => None,
        "=" | "==" => Some(left == right),
        "!=" => Some(left != right),
        "-eq" => numbers().map(|(left, right)| left == right),
        "-ne" => numbers().map(|(left, right)| left != right),
        "-lt" => numbers().map(|(left, right)| left < right),
        "-le" => numbers().map(|(left, right)| left <= right),
        "-gt" => numbers().map(|(left, right)| left > right),
        "-ge" => numbers().map(|(left, right)| left >= right),
        _ => None,
    }
}
