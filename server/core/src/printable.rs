//! Texts that somebody else wrote, made fit to be shown.

use regex::Regex;
use std::{path::PathBuf, sync::LazyLock};

/// Characters that make a text look like another text: controls, directions, invisible ones, and blanks that are not
/// plain spaces.
#[allow(clippy::expect_used, reason = "the pattern is constant and compiled by a test")]
static DECEIVING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u{2800}]|[\p{Zs}&&[^ ]]| {8,}",
    )
    .expect("a valid pattern")
});

/// Names the first ten of some paths, as [`printable`] shows them, and how many more there are.
pub fn printable_paths(paths: &[PathBuf]) -> String {
    enumerated(paths.iter().map(|path| printable(&path.display().to_string())))
}

/// Names the first ten of some things, and how many more there are.
pub fn enumerated(things: impl ExactSizeIterator<Item = String>) -> String {
    const NAMED: usize = 10;
    let more = things.len().saturating_sub(NAMED);
    let named = things.take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// Shows a text that somebody else wrote: on one line, nothing hidden, nothing turned around.
pub fn printable(text: &str) -> String {
    DECEIVING
        .replace_all(text, |found: &regex::Captures<'_>| {
            let found = found.get(0).map_or("", |found| found.as_str());
            match found.chars().next() {
                Some('\n') => "⏎".to_owned(),
                Some(' ') => format!(" ⟨{} blanks⟩ ", found.len()),
                Some(c) => format!("⟨U+{:04X}⟩", u32::from(c)),
                None => String::new(),
            }
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shown_command_hides_nothing() {
        for (text, shown) in [
            ("cargo test --  -x", "cargo test --  -x"),
            ("a\nb\r", "a⏎b⟨U+000D⟩"),
            ("\u{1b}[2Kls", "⟨U+001B⟩[2Kls"),
            ("ls \u{202e}fr- mr", "ls ⟨U+202E⟩fr- mr"),
            (
                "a\u{200b}\u{feff}\u{2066}\u{e0041}\u{ad}\u{2028}b",
                "a⟨U+200B⟩⟨U+FEFF⟩⟨U+2066⟩⟨U+E0041⟩⟨U+00AD⟩⟨U+2028⟩b",
            ),
            ("a\u{a0}b\u{3000}\u{3164}\u{2800}c", "a⟨U+00A0⟩b⟨U+3000⟩⟨U+3164⟩⟨U+2800⟩c"),
            ("prüfe 测试 ✓", "prüfe 测试 ✓"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
        assert_eq!(
            printable(&format!("cargo test{}; rm -rf ~", " ".repeat(300))),
            "cargo test ⟨300 blanks⟩ ; rm -rf ~"
        );
    }

    proptest! {
        #[test]
        fn no_shown_text_has_controls(text in any::<String>()) {
            prop_assert!(!printable(&text).chars().any(char::is_control));
        }
    }
}
