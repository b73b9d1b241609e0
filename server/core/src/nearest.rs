//! What a misspelt name most likely means.

/// The longest name that is compared, in bytes: a longer text is no misspelling, and the cost is the product of the
/// lengths.
const MAX_BYTES: usize = 200;

/// Finds the name among `known` that `word` most likely means. At most a third of the known name's letters may differ
/// (one letter always may); or it is the only known name that contains `word` or is contained in it, as `PLAN` in
/// `PLAN.md`. Case counts for nothing, nor does `-` for `_`.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > MAX_BYTES {
        return None;
    }
    let word = folded(word);
    let (mut misspelt, mut parts) = (None, Vec::new());
    for name in known.into_iter().filter(|name| name.len() <= MAX_BYTES) {
        let known = folded(name);
        let distance = strsim::damerau_levenshtein(&word, &known);
        if distance <= (known.chars().count() / 3).max(1) {
            misspelt = misspelt.into_iter().chain([(distance, name)]).min_by_key(|&(distance, _)| distance);
        } else if is_part(&known, &word) || is_part(&word, &known) {
            parts.push(name);
        }
    }
    match (misspelt, parts.as_slice()) {
        (Some((_, name)), _) => Some(name),
        (None, &[name]) => Some(name),
        (None, _) => None,
    }
}

/// Says whether a text begins or ends with a name that is a word of its own there.
fn is_part(name: &str, text: &str) -> bool {
    let ends_word = |c: char| !c.is_alphanumeric();
    !name.is_empty()
        && (text.strip_prefix(name).is_some_and(|rest| rest.starts_with(ends_word))
            || text.strip_suffix(name).is_some_and(|rest| rest.ends_with(ends_word)))
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_third_of_the_letters_may_differ() {
        let agents = ["claude", "command", "rehearsal"];
        for (word, meant) in [
            ("cluade", Some("claude")),
            ("Claude", Some("claude")),
            ("claude-code", Some("claude")),
            ("comand", Some("command")),
            ("claudette", None),
            ("", None),
            ("vim", None),
        ] {
            assert_eq!(nearest(word, agents), meant, "{word}");
        }
        assert_eq!(nearest("US-01", ["US-001", "US-010"]), Some("US-001"));
        assert_eq!(nearest("PLNA.md", ["PLAN.md", "docs/PLAN.md"]), Some("PLAN.md"));
        assert_eq!(nearest("PLAN", ["PLAN.md", "other.md"]), Some("PLAN.md"));
        assert_eq!(nearest("PLAN.md", ["docs/PLAN.md", "other.md"]), Some("docs/PLAN.md"));
        assert_eq!(nearest("US", ["US-001", "US-002"]), None);
        assert_eq!(nearest("cost-usd", ["cost_usd"]), Some("cost_usd"));
        assert_eq!(nearest(&"x".repeat(MAX_BYTES + 1), ["x"]), None);
    }

    proptest! {
        #[test]
        fn a_known_name_is_itself_the_nearest(words in proptest::collection::vec("[a-z_]{1,12}", 1..6), at in 0..6usize) {
            let word = &words[at % words.len()];
            prop_assert_eq!(nearest(word, words.iter().map(String::as_str)), Some(word.as_str()));
        }
    }
}
