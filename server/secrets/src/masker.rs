//! Takes secrets out of texts before they are written down.

use super::{
    environment::is_secret,
    shapes::{SHORTEST_LINE, find_shapes, password_of_url},
};
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memchr2};
use regex::bytes::{Regex, RegexBuilder};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    fmt,
    ops::Range,
    path::Path,
};

/// What stands where a secret stood.
const MASK: &str = "[masked]";
/// Shorter values, in characters, are words that stand in any text.
const SHORTEST_VALUE: usize = 8;

/// A failure to make a masker.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// A configured mask is not a valid regular expression.
    #[error("the mask {pattern:?} is not a regular expression: {source}")]
    Pattern {
        /// The expression as it is configured.
        pattern: String,
        /// What is wrong with the expression.
        source: regex::Error,
    },
    /// The environment has more secrets than can be looked for.
    #[error("the environment's secrets are too many to be masked: {0}")]
    Values(#[from] aho_corasick::BuildError),
}

/// Compiles a pattern of the setting `safety.mask`, within bounds that no repository can make slow.
pub fn mask_pattern(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(1 << 18).nest_limit(50).build()
}

/// Replaces secrets by `[masked]`: known shapes, the values of secret environment variables, configured patterns.
///
/// What was JSON stays JSON. Give it whole lines: a secret that is cut in two is not seen. A known value is masked as
/// it stands and as JSON escapes it, not in other encodings.
pub struct Masker {
    values: Option<AhoCorasick>,
    patterns: Vec<Regex>,
}

/// Shows nothing: it knows all secrets.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

impl Masker {
    /// Creates a masker for the secrets of this environment (which was not cleaned) and the configured patterns.
    pub fn new(
        environment: impl Iterator<Item = (OsString, OsString)>,
        patterns: &[String],
    ) -> Result<Self, MaskError> {
        let mut values = Vec::new();
        for (name, value) in environment {
            if is_secret(&name.to_string_lossy(), &value) {
                add_forms(&mut values, &value);
            }
            if let Some(password) = password_of_url(value.as_encoded_bytes()) {
                add_forms(&mut values, OsStr::new(&*String::from_utf8_lossy(password)));
            }
        }
        values.sort();
        values.dedup();
        let patterns = patterns.iter().map(|pattern| {
            mask_pattern(pattern).map_err(|source| MaskError::Pattern { pattern: pattern.clone(), source })
        });
        Ok(Self {
            values: match values.is_empty() {
                true => None,
                false => Some(AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values)?),
            },
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    /// Returns a text with every secret replaced by `[masked]`.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.mask_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                // A pattern that matches single bytes can cut a character.
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// Masks bytes, which need not be UTF-8.
    pub fn mask_bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut found = Vec::new();
        if let Some(values) = &self.values {
            found.extend(values.find_iter(text).map(|found| found.range()));
        }
        find_shapes(text, &mut found);
        let mut of_patterns = Vec::new();
        for pattern in &self.patterns {
            of_patterns
                .extend(pattern.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty()));
        }
        if found.is_empty() && of_patterns.is_empty() {
            return Cow::Borrowed(text);
        }
        let places = if is_json(text) {
            found.append(&mut of_patterns);
            places_in_json(text, merged(found))
        } else {
            found.extend(of_patterns.into_iter().flat_map(|range| between_quotes(text, range)));
            merged(found).into_iter().map(|range| Place { range, bare: false }).collect()
        };
        Cow::Owned(replaced(text, &places))
    }

    /// Masks the texts in a value. Its keys and numbers stay: they are what it is read by.
    pub fn mask_strings(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask_strings(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.mask_strings(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Adds what a value looks like in texts: as it is, as JSON has it, and its longer lines.
fn add_forms(forms: &mut Vec<Vec<u8>>, value: &OsStr) {
    let lossy = value.to_string_lossy();
    let text = lossy.trim();
    // A variable such as GOOGLE_APPLICATION_CREDENTIALS names a file; its name is not a secret.
    let names_file = Path::new(text).is_absolute() && Path::new(text).exists();
    if text.chars().count() < SHORTEST_VALUE || names_file {
        return;
    }
    let mut add = |text: &str| {
        forms.push(text.as_bytes().to_vec());
        if let Ok(json) = serde_json::to_string(text) {
            forms.push(json.trim_start_matches('"').strip_suffix('"').unwrap_or(&json).as_bytes().to_vec());
        }
    };
    add(text);
    if text.contains('\n') {
        text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE).for_each(add);
    }
}

/// Sorts ranges and joins those that touch.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Cuts what a configured pattern found at quotes, which most likely bound the text of some format.
fn between_quotes(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut start = range.start;
    let mut pieces = Vec::new();
    for piece in text.get(range).unwrap_or_default().split(|byte| *byte == b'"') {
        if piece.iter().any(|byte| !byte.is_ascii_whitespace() && !b",:{}[]".contains(byte)) {
            pieces.push(start..start + piece.len());
        }
        start += piece.len() + 1;
    }
    pieces
}

/// A place to mask.
struct Place {
    range: Range<usize>,
    /// Whether the mask has to be a text of its own.
    bare: bool,
}

fn is_json(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    matches!(text.first(), Some(b'{' | b'[' | b'"')) && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Cuts ranges so that what is replaced is the inside of a JSON text, or a whole number or word of JSON.
fn places_in_json(text: &[u8], ranges: Vec<Range<usize>>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut ranges = ranges.into_iter().peekable();
    let mut at = 0;
    loop {
        let opening =
            text.get(at..).and_then(|rest| memchr(b'"', rest)).map_or(text.len(), |quote| at + quote);
        let closing = end_of_string(text, opening + 1);
        let inside = (opening + 1).min(text.len())..closing;
        while let Some(range) = ranges.peek() {
            if range.start < opening {
                bare_words(text, range.start.max(at)..range.end.min(opening), at..opening, &mut places);
            }
            let (start, end) = (range.start.max(inside.start), range.end.min(inside.end));
            if start < end {
                places.push(Place { range: start..end, bare: false });
            }
            if range.end > closing {
                break;
            }
            ranges.next();
        }
        if closing >= text.len() || ranges.peek().is_none() {
            return places;
        }
        at = closing + 1;
    }
}

fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if text.get(at + found) == Some(&b'"') {
            return at + found;
        }
        at += found + 2;
    }
    text.len()
}

/// Adds the numbers and words of JSON, between `bounds`, that a range has a part of.
fn bare_words(text: &[u8], range: Range<usize>, bounds: Range<usize>, places: &mut Vec<Place>) {
    let is_word =
        |at: usize| text.get(at).is_some_and(|byte| !byte.is_ascii_whitespace() && !b",:{}[]".contains(byte));
    let mut at = range.start;
    while at < range.end {
        if !is_word(at) {
            at += 1;
            continue;
        }
        let mut start = at;
        while start > bounds.start && is_word(start - 1) {
            start -= 1;
        }
        while at < bounds.end && is_word(at) {
            at += 1;
        }
        if places.last().is_none_or(|last| last.range.start != start) {
            places.push(Place { range: start..at, bare: true });
        }
    }
}

fn replaced(text: &[u8], places: &[Place]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        let range =
            if place.bare { place.range.clone() } else { with_whole_escapes(text, place.range.clone()) };
        if range.end <= at {
            continue;
        }
        masked.extend_from_slice(text.get(at..range.start.max(at)).unwrap_or_default());
        // Two places can touch after one of them grew.
        if range.start >= at {
            let mask = if place.bare { "\"[masked]\"" } else { MASK };
            masked.extend_from_slice(mask.as_bytes());
        }
        at = range.end;
    }
    masked.extend_from_slice(text.get(at..).unwrap_or_default());
    masked
}

/// Lets a range that begins or ends inside of an escape (`\n`, `\u00e4`, `\"`) take the whole of it.
fn with_whole_escapes(text: &[u8], range: Range<usize>) -> Range<usize> {
    let escape_at = |start: usize| -> Option<Range<usize>> {
        let before = text.get(..start)?.iter().rev().take_while(|byte| **byte == b'\\').count();
        if text.get(start) != Some(&b'\\') || before % 2 == 1 {
            return None;
        }
        let hex = text.get(start + 2..start + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        match text.get(start + 1)? {
            b'u' if hex => Some(start..start + 6),
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(start..start + 2),
            _ => None,
        }
    };
    let around = |at: usize| {
        (at.saturating_sub(5)..at).find_map(|start| escape_at(start).filter(|escape| escape.end > at))
    };
    let start = around(range.start).map_or(range.start, |escape| escape.start);
    let end = around(range.end).map_or(range.end, |escape| escape.end);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masker(environment: &[(&str, &str)], patterns: &[&str]) -> Masker {
        let environment =
            environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        Masker::new(environment, &patterns).unwrap()
    }

    /// Secrets of each shape. Put together from parts, so that no scanner mistakes them for leaked secrets.
    fn secrets() -> Vec<String> {
        let body = "Zm9vYmFyMDEyMzQ1Njc4OWFiY2RlZg";
        [
            "sk-ant-api03-",
            "sk-proj-",
            "sk-svcacct-",
            "sk-or-v1-",
            "sk-",
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "npm_",
            "hf_",
            "sk_live_",
            "rk_test_",
            "xoxb-",
            "xoxp-",
            "ya29.",
        ]
        .iter()
        .map(|prefix| format!("{prefix}{body}"))
        .chain([
            "AKIA".to_owned() + "IOSFODNN7EXAMPLE",
            "AIza".to_owned() + "SyA0123456789abcdefghijklmnopqrstuv",
            "eyJ".to_owned()
                + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        ])
        .collect()
    }

    #[test]
    fn the_texts_of_a_value_are_masked_and_what_it_is_read_by_is_not() {
        let masker = masker(&[("DB_PASSWORD", "iteration")], &[r"\b[0-9]{13,16}\b"]);
        let mut value = serde_json::json!({
            "iteration": 1795284745000_i64,
            "texts": ["the iteration", {"card": "4111111111111111"}, null, true, 1.5],
        });
        masker.mask_strings(&mut value);
        assert_eq!(
            value,
            serde_json::json!({
                "iteration": 1795284745000_i64,
                "texts": ["the [masked]", {"card": "[masked]"}, null, true, 1.5],
            })
        );
    }

    #[test]
    fn known_shapes_are_masked_wherever_they_stand() {
        let masker = masker(&[], &[]);
        for secret in secrets() {
            for (before, after) in [
                ("", ""),
                ("key=", " and"),
                ("\"", "\""),
                ("\\n", "\\n"),
                ("\\u001b[31m", "\\u001b[0m"),
                ("\u{1b}[1m", ""),
                ("(", ")"),
                ("ä", "ß"),
                ("key: ", ",\nnext"),
            ] {
                let text = format!("{before}{secret}{after}");
                let masked = masker.mask(&text);
                assert!(!masked.contains(&secret[8..]), "{text:?} became {masked:?}");
                assert!(masked.ends_with(after), "{text:?} became {masked:?}");
            }
        }
    }

    #[test]
    fn headers_urls_and_private_keys_lose_only_their_secret() {
        let masker = masker(&[], &[]);
        for (text, masked) in [
            ("Authorization: Bearer abcdef0123456789abcd", "Authorization: Bearer [masked]"),
            ("authorization: Basic bWU6aHVudGVyMg==", "authorization: Basic [masked]"),
            ("postgres://me:hunter2@db:5432/x?y", "postgres://me:[masked]@db:5432/x?y"),
            ("redis://:hunter2@db", "redis://:[masked]@db"),
            ("x://a:p@ss@host/", "x://a:[masked]@host/"),
            (
                "a -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIE\n-----END RSA PRIVATE KEY----- b",
                "a [masked] b",
            ),
            (
                r#"{"k":"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"}"#,
                r#"{"k":"[masked]\n"}"#,
            ),
            (
                r#"{"k":"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n","l":"-----END PRIVATE KEY-----"}"#,
                r#"{"k":"[masked]\n","l":"-----END PRIVATE KEY-----"}"#,
            ),
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQVYBGFiY2RlZmdoaWprbG1ub3A\nstill here",
                "[masked]\nstill here",
            ),
        ] {
            assert_eq!(masker.mask(text), masked);
        }
    }

    #[test]
    fn ordinary_texts_are_left_alone_and_not_copied() {
        let masker =
            masker(&[("HOME", "/home/somebody"), ("TOKEN", "short"), ("KEY_FILE", "/dev/null")], &[]);
        for text in [
            "task-US-001-Add-coupon-table-abcdefghijklmnop1",
            "disk-usage of risk-assessment-of-the-year-2025x",
            "the bearer of responsibilities-and-duties",
            "see https://example.com/a?b=c#d and git@github.com:a/b.git",
            "https://user@example.com",
            "sk-loading-spinner",
            "commit 8f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a",
            "-----BEGIN CERTIFICATE-----",
            "eyJust a word",
            "short",
            "/home/somebody",
            "open /dev/null",
            "",
            "ghp_",
            "AKIA",
        ] {
            assert!(
                matches!(masker.mask(text), Cow::Borrowed(same) if same == text),
                "{text}: {}",
                masker.mask(text)
            );
        }
    }

    #[test]
    fn values_of_secret_variables_are_masked_as_they_are_and_as_json_has_them() {
        let masker = masker(
            &[
                ("DB_PASSWORD", "correct \"horse\"\\"),
                ("MY_TOKEN", "nautilus-2000"),
                ("DEPLOY_KEY", "first line of it\nsecond line of it\n"),
                ("DATABASE_URL", "postgres://me:hunter2hunter2@db/x"),
                ("PLAIN", "visible value"),
            ],
            &[],
        );
        for (text, masked) in [
            ("is correct \"horse\"\\ ok", "is [masked] ok"),
            (r#"{"a":"correct \"horse\"\\"}"#, r#"{"a":"[masked]"}"#),
            ("nautilus-2000nautilus-2000", "[masked]"),
            ("first line of it", "[masked]"),
            (r#"{"a":"first line of it\nsecond line of it\n"}"#, r#"{"a":"[masked]\n"}"#),
            ("pass hunter2hunter2!", "pass [masked]!"),
            ("visible value", "visible value"),
        ] {
            assert_eq!(masker.mask(text), masked);
        }
        assert_eq!(format!("{masker:?}"), "Masker { .. }");
    }

    #[test]
    fn a_value_that_begins_in_an_escape_takes_the_escape_with_it() {
        let masker = masker(&[("MY_TOKEN", "nautilus-2000"), ("OTHER_TOKEN", "00e4zebra-stripes")], &[]);
        assert_eq!(masker.mask(r#"{"a":"x\nautilus-2000"}"#), r#"{"a":"x[masked]"}"#);
        assert_eq!(masker.mask(r#"{"a":"x\\nautilus-2000"}"#), r#"{"a":"x\\[masked]"}"#);
        assert_eq!(masker.mask(r#"{"a":"x\u00e4zebra-stripes"}"#), r#"{"a":"x[masked]"}"#);
    }

    #[test]
    fn configured_patterns_mask_and_json_stays_json() {
        let masker = masker(&[], &["internal-[0-9]+", r#""secret":.*"#, "[0-9]{16}"]);
        for (text, masked) in [
            ("see internal-42", "see [masked]"),
            (r#"say "secret": "abc" now"#, r#"say "[masked]": "[masked]"[masked]"#),
            (
                r#"{"secret":"abc","n":[12,true]}"#,
                r#"{"[masked]":"[masked]","[masked]":["[masked]","[masked]"]}"#,
            ),
            (r#"{"at":1234567890123456,"x":"1234567890123456"}"#, r#"{"at":"[masked]","x":"[masked]"}"#),
            (r#"{"at":-1234567890123456.5e1}"#, r#"{"at":"[masked]"}"#),
        ] {
            assert_eq!(masker.mask(text), masked);
        }
    }

    #[test]
    fn a_pattern_that_is_none_or_too_large_is_an_error_that_names_it() {
        for pattern in ["(", "(a{1000}){1000}"] {
            let error = Masker::new(std::iter::empty(), &[pattern.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(pattern), "{error}");
        }
    }

    #[test]
    fn hostile_repetitions_take_linear_time() {
        let masker = masker(&[("MY_TOKEN", "aaaaaaaab")], &["x+y"]);
        for part in [
            "sk-",
            "task-",
            "-----BEGIN PRIVATE KEY-----",
            "://",
            "Bearer ",
            "eyJ",
            "\\",
            "ask-aaaaaaaaaaaaaaaa",
            "xoxb-",
            "a:@://",
            "\"",
        ] {
            // Quadratic time would be hours: a hang, which ends the test.
            let text = part.repeat((1 << 20) / part.len());
            masker.mask(&text);
        }
    }

    /// Texts in which secrets stand in all kinds of surroundings.
    fn texts_with(secrets: Vec<String>) -> impl Strategy<Value = String> {
        let part = prop_oneof![
            prop::sample::select(secrets),
            "[ -~\n]{0,6}",
            prop::sample::select(vec![
                "\\",
                "\"",
                "\n",
                "://",
                "-----BEGIN PRIVATE KEY-----",
                "Bearer ",
                "ä",
                "task-",
                "{",
                "}"
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    fn known() -> Vec<String> {
        ["nautilus-2000", "correct \"horse\"", "with\\backslash", "12345678"].map(str::to_owned).to_vec()
    }

    fn knowing() -> Masker {
        let names = ["A_TOKEN", "B_TOKEN", "C_TOKEN", "D_TOKEN"];
        let known = known();
        let environment: Vec<(&str, &str)> =
            names.into_iter().zip(known.iter().map(String::as_str)).collect();
        masker(&environment, &["internal-[0-9]+", "[a-f]\"?:"])
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in texts_with([known(), secrets()].concat())) {
            knowing().mask_bytes(&bytes);
            knowing().mask(&text);
        }

        #[test]
        fn no_known_secret_gets_through(text in texts_with(known())) {
            let masked = knowing().mask(&text).into_owned();
            for secret in known() {
                prop_assert!(!masked.contains(&secret), "{:?} became {:?}", text, masked);
            }
        }

        #[test]
        fn no_known_secret_gets_through_json_and_json_stays_json(
            text in texts_with([known(), secrets()].concat()),
            key in texts_with(known()),
            number in any::<f64>(),
        ) {
            let json = serde_json::json!({ key: [text, number], "a": 12345678, "e": true }).to_string();
            let masked = knowing().mask(&json).into_owned();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{} became {}", json, masked);
            for secret in known() {
                let form = serde_json::to_string(&secret).unwrap();
                prop_assert!(!masked.contains(form.trim_matches('"')), "{} became {}", json, masked);
            }
        }

        #[test]
        fn masking_again_changes_nothing_that_is_known(text in texts_with(known())) {
            let masker = masker(&[("A_TOKEN", "nautilus-2000"), ("D_TOKEN", "12345678")], &[]);
            let once = masker.mask(&text).into_owned();
            for secret in ["nautilus-2000", "12345678"] {
                prop_assert!(!masker.mask(&once).contains(secret));
            }
        }
    }
}
