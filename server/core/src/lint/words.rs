//! Words and phrases in a text, found whole and in any case: “install” does not hold “all”.

use std::{collections::HashMap, ops::Range};

/// Phrases to look for, by their first word.
pub(super) struct Phrases<'p> {
    by_first: HashMap<String, Vec<(&'p str, Vec<String>)>>,
    /// The lengths in bytes, a bit each, of the first words that begin with this byte; most words are ruled out by it.
    lengths: [u64; 256],
}

impl<'p> Phrases<'p> {
    pub(super) fn new(phrases: impl IntoIterator<Item = &'p String>) -> Self {
        let mut by_first: HashMap<String, Vec<(&'p str, Vec<String>)>> = HashMap::new();
        let mut lengths = [0; 256];
        for phrase in phrases {
            let lower = phrase.to_lowercase();
            let mut parts = words(&lower).filter_map(|word| lower.get(word)).map(str::to_owned);
            let Some(first) = parts.next() else { continue };
            for begin in [first.to_lowercase(), first.to_uppercase()] {
                if let Some(&byte) = begin.as_bytes().first() {
                    // Other cases of letters beyond ASCII may have other lengths.
                    lengths[usize::from(byte)] |=
                        if first.is_ascii() { length_bit(&first) } else { u64::MAX };
                }
            }
            by_first.entry(first).or_default().push((phrase.as_str(), parts.collect()));
        }
        Self { by_first, lengths }
    }

    /// Each phrase that stands in `text`, with its place.
    pub(super) fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (&'p str, Range<usize>)> + 't {
        words(text).filter_map(move |first| {
            let word = text.get(first.clone())?;
            let begin = *word.as_bytes().first()?;
            let lengths = self.lengths[usize::from(begin)];
            if lengths == 0 || word.is_ascii() && lengths & length_bit(word) == 0 {
                return None;
            }
            let phrases = self.by_first.get(&word.to_lowercase())?;
            phrases.iter().find_map(|(phrase, rest)| {
                let mut end = first.end;
                let mut following = words(text.get(end..)?);
                for part in rest {
                    let word = following.next()?;
                    let word = word.start + first.end..word.end + first.end;
                    let between = text.get(end..word.start)?;
                    if !between.trim().is_empty() || text.get(word.clone())?.to_lowercase() != *part {
                        return None;
                    }
                    end = word.end;
                }
                Some((*phrase, first.start..end))
            })
        })
    }
}

/// The bit of a word's length; very long words share one.
fn length_bit(word: &str) -> u64 {
    1 << word.len().min(63)
}

/// The words of a text: letters and digits, joined by `-`, `_` and `'`.
pub(super) fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = run_end(text, rest, |c| !c.is_alphanumeric());
        let joined = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'' | '’');
        rest = run_end(text, start, joined);
        let word = text.get(start..rest).filter(|word| !word.is_empty())?;
        Some(start..start + word.trim_end_matches(['-', '_', '\'', '’']).len())
    })
}

/// Where the characters from `at` on that are `of_run` end. Nearly all text is ASCII, which needs no decoding.
fn run_end(text: &str, at: usize, of_run: impl Fn(char) -> bool) -> usize {
    let run = text.get(at..).and_then(|rest| rest.find(|c| !of_run(c)));
    run.map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_whole_and_in_any_case() {
        let list: Vec<String> = ["all", "works correctly", "good UX", "über"].map(str::to_owned).into();
        let phrases = Phrases::new(&list);
        let found =
            |text| phrases.find(text).map(|(phrase, place)| (phrase, &text[place])).collect::<Vec<_>>();
        assert_eq!(
            found("It works  CORRECTLY; Good ux!"),
            [("works correctly", "works  CORRECTLY"), ("good UX", "Good ux")]
        );
        assert_eq!(found("All of ÜBER"), [("all", "All"), ("über", "ÜBER")]);
        assert_eq!(found("install it all-in-one, allow, works, correctly, call"), []);
        assert_eq!(found(""), []);
    }
}
