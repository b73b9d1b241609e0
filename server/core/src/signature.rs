//! The error signature: a short hash by which two iterations are known to have failed in the same way.
//!
//! What changes from run to run (numbers, hashes, times, temporary paths, colours, order) is left out of it; what
//! names the problem (file, test, words) stays in. It never knows who counts the signatures, nor to what end.

use crate::{
    finding::{Finding, Severity},
    text::{end_of, one_line, start_of},
};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet, fmt, sync::LazyLock};

/// No more of one text is looked at, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// No more of a message is looked at, in bytes: what follows is context.
const MAX_MESSAGE: usize = 4 * 1024;
/// How many last lines of an output that has no findings say what failed, blank ones not counted.
const LAST_LINES: usize = 20;

/// Names a way to fail. Sixteen hex digits; equal for equal failures, now and in later versions of the process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(String);

impl Signature {
    fn of<'t>(kind: &'t str, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for text in std::iter::once(kind).chain(texts) {
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
        Self(hasher.finalize().to_hex()[..16].to_owned())
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes the signature of a verifier's findings: of the errors, or of all where none is an error. None without any.
/// Order, repetition, lines and columns make no difference; file, code and message do.
pub fn of_findings(findings: &[Finding]) -> Option<Signature> {
    let has_errors = findings.iter().any(|finding| finding.severity == Severity::Error);
    let problems: BTreeSet<String> = findings
        .iter()
        .filter(|finding| !has_errors || finding.severity == Severity::Error)
        .map(|finding| {
            let file = name(finding.file.as_deref().unwrap_or_default());
            let code = name(finding.code.as_deref().unwrap_or_default());
            format!("{file}\u{1}{code}\u{1}{}", normalise(start_of(&finding.message, MAX_MESSAGE)))
        })
        .collect();
    (!problems.is_empty()).then(|| Signature::of("findings", problems.iter().map(String::as_str)))
}

/// Takes the signature of a failed run of an agent: its class (see [`crate::agent::Outcome::class`]) and its words.
pub(crate) fn of_error(class: &str, message: &str) -> Signature {
    Signature::of("error", [class, normalise(start_of(message, MAX_MESSAGE)).as_str()])
}

/// Returns the signature of a gate's blockers, whatever their order; `None` if there are no blockers.
pub(crate) fn of_blockers(blockers: &[String]) -> Option<Signature> {
    let blockers: BTreeSet<String> = blockers
        .iter()
        .map(|blocker| normalise(start_of(blocker, MAX_MESSAGE)))
        .filter(|text| !text.is_empty())
        .collect();
    (!blockers.is_empty()).then(|| Signature::of("blockers", blockers.iter().map(String::as_str)))
}

/// Takes the signature of the output of a failed verifier that has no findings: of its last 20 lines.
pub fn of_output(text: &str) -> Signature {
    let mut lines: Vec<&str> = end_of(text, MAX_TEXT / 4)
        .rsplit(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .take(LAST_LINES)
        .collect();
    lines.reverse();
    Signature::of("output", [normalise(&lines.join("\n")).as_str()])
}

/// What a finding says, whatever line it stands on by now: file, rule and message.
pub fn without_line(finding: &Finding) -> String {
    let file = finding.file.as_deref().unwrap_or_default();
    let code = finding.code.as_deref().unwrap_or_default();
    format!("{file}: {code} {}", normalise(&finding.message))
}

/// Takes out of a text what changes from run to run: colours, numbers, hex, times, durations, temporary paths, case and
/// white space. Digits inside a word (`E0308`, `test_case_2`) are part of a name and stay.
/// Looks at the first 64 KiB.
pub(crate) fn normalise(text: &str) -> String {
    let text = without_ansi(start_of(text, MAX_TEXT)).to_lowercase();
    let text = without_temp_paths(&text);
    let text = VARYING.replace_all(&text, |found: &Captures<'_>| {
        let is_word =
            found.name("hex").is_some_and(|hex| !hex.as_str().contains(|c: char| c.is_ascii_digit()));
        if is_word { found[0].to_owned() } else { "#".to_owned() }
    });
    one_line(&text)
}

/// Takes escape sequences (colours, titles, links, cursor movement) and other control characters out of a text;
/// tabs and line ends stay.
pub(crate) fn without_ansi(text: &str) -> Cow<'_, str> {
    ESCAPES.replace_all(text, "")
}

/// Prepares a name: of a file, a rule or a test. Its numbers stay.
fn name(text: &str) -> String {
    let text = without_ansi(start_of(text, MAX_MESSAGE)).to_lowercase();
    one_line(&without_temp_paths(&text))
}

/// Replaces a temporary path, but for the name of a source file at its end: that is what tells two errors apart.
fn without_temp_paths(text: &str) -> Cow<'_, str> {
    TEMP_PATHS.replace_all(text, |found: &Captures<'_>| {
        let file =
            found["below"].rsplit_once('/').filter(|(folder, _)| !folder.is_empty()).map(|(_, file)| file);
        match file.filter(|file| is_source_file(file)) {
            Some(file) => format!("{}<tmp>/{file}", &found["before"]),
            None => format!("{}<tmp>", &found["before"]),
        }
    })
}

/// Says whether a file's name looks chosen by a person: letters, a dot, and a short extension.
fn is_source_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && stem.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-'))
            && (1..=5).contains(&extension.len())
            && extension.chars().all(char::is_alphabetic)
    })
}

static ESCAPES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        (?: \x1b\[ | \u{9b} ) [0-?]* [\ -/]* [@-~]          # CSI: colours, cursor
        | (?: \x1b\] | \u{9d} ) [^\x07\x1b\n]* (?: \x07 | \x1b\\ )?   # OSC: titles, links
        | \x1b [\ -/]* [0-~]
        | [\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\u{9f}]",
    )
});

/// `/tmp`, `/var/tmp`, `/dev/shm` and what macOS calls `$TMPDIR`; in lower case.
static TEMP_PATHS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)
        (?<before> ^ | [^\w./-] )
        (?: /private )?
        (?: /tmp | /var/tmp | /dev/shm | /var/folders/ [^/\s]+ / [^/\s]+ / [tc0] )
        (?<below> / [^\s'"`:;,()\[\]{}<>|]* )
        "#,
    )
});

static VARYING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        # dates and times
        \b \d{4}-\d{2}-\d{2} (?: [t\ ] \d{1,2}:\d{2} (?: :\d{2} (?: [.,]\d+ )? )? (?: \ ? (?: z \b | [+-]\d{2}:?\d{2} ) )? )?
        | \b (?: (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+ )?
          (?: (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2} | \d{1,2}\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* )
          \b (?: ,?\s+\d{4}\b )? (?: ,?\s+(?:at\s+)? \d{1,2}:\d{2}(?::\d{2})? (?: \s?[ap]m\b )? )? (?: \s+\d{4}\b )?
        | \b \d{1,2}/\d{1,2}/\d{2,4} \b
        | \b \d{1,2}:\d{2} (?: :\d{2} )? \s?[ap]m \b
        # hex
        | \b 0x [0-9a-f_]+ \b
        | \b [0-9a-f]{8} (?: -[0-9a-f]{4} ){3} -[0-9a-f]{12} \b
        | \b h[0-9a-f]{16} \b
        # durations
        | \b (?: \d+ (?: [.,]\d+ )* \s? (?: ns | [µμu]s | ms | s | secs? | seconds? | m | mins? | minutes? | h | hrs? | hours? | d | days? ) \b \s? )+
        | \b (?: \d+ [dhms] )+ \d* \b
        # numbers, places and versions
        | \b \d+ (?: [.,:]\d+ )* (?: e[+-]?\d+ )? \b
        | \b (?<hex> [0-9a-f]{7,64} ) \b",
    )
});

#[allow(clippy::expect_used, reason = "the patterns are constants, and a test compiles each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(file: &str, line: u32, code: &str, message: &str) -> Finding {
        Finding {
            severity: Severity::Error,
            file: Some(file.to_owned()),
            line: Some(line),
            column: Some(line),
            code: Some(code.to_owned()),
            message: message.to_owned(),
        }
    }

    #[test]
    fn what_changes_from_run_to_run_is_taken_out() {
        for (text, expected) in [
            ("\u{1b}[31mError\u{1b}[0m:  3 tests\n\tfailed", "error: # tests failed"),
            ("\u{1b}]8;;file:///x\u{1b}\\link\u{1b}]8;;\u{7}", "link"),
            ("took 1.23s", "took #"),
            ("took 1m 30s ok", "took #ok"),
            ("took 350 ms, then 2 seconds", "took #, then #"),
            ("took 1h2m3s", "took #"),
            ("at 2024-05-06T07:08:09.123Z: no", "at #: no"),
            ("at 2024-05-06 07:08:09,123 +0200 no", "at # no"),
            ("on 2024-05-06", "on #"),
            ("Mon, Jan 25 17:58:08 2026: x", "#: x"),
            ("25 January 2026 x", "# x"),
            ("at 7:08 PM", "at #"),
            ("at 07:08:09", "at #"),
            ("src/a.rs:12:5: no", "src/a.rs:#: no"),
            ("src/a.rs:12:34: no", "src/a.rs:#: no"),
            ("at 0x7ffe12AB in", "at # in"),
            ("commit 8b5fa07 and 8b5fa0712345678901234567890123456789abcd", "commit # and #"),
            ("id 123e4567-e89b-12d3-a456-426614174000", "id #"),
            ("target/debug/deps/alfine-2b5aee7dfc4fc2a9", "target/debug/deps/alfine-#"),
            ("std::rt::h0123456789abcdef", "std::rt::#"),
            ("listening on 127.0.0.1:45123", "listening on #"),
            ("/tmp/tmp.AbC12/out.log is gone", "<tmp>/out.log is gone"),
            ("/tmp/xyz", "<tmp>"),
            ("'/tmp/a/b/c9.txt'", "'<tmp>'"),
            ("/private/var/folders/ab/c_d1/T/x1/y/main.rs:3", "<tmp>/main.rs:#"),
            ("/var/tmp/x y", "<tmp> y"),
            ("(/tmp/x/a.rs) /tmp/y/z/a.rs", "(<tmp>/a.rs) <tmp>/a.rs"),
            ("got -1, wanted 1e-9", "got -#, wanted #"),
        ] {
            assert_eq!(normalise(text), expected, "{text}");
        }
    }

    #[test]
    fn what_names_the_problem_stays() {
        for text in [
            "e0308",
            "test_case_2",
            "utf8",
            "x86_64",
            "tests/v2/coupons.rs",
            "defaced the facade",
            "src/tmp/a.rs",
            "a may",
        ] {
            assert_eq!(normalise(text), text);
        }
        assert_ne!(normalise("/tmp/x/a.rs: no"), normalise("/tmp/x/b.rs: no"));
    }

    #[test]
    fn findings_are_the_same_in_any_order_at_any_line() {
        let a = error("src/a.rs", 3, "E0308", "expected u32, found u64");
        let b = error("src/b.rs", 9, "E0425", "cannot find value `x`");
        let moved = Finding { line: None, column: Some(80), ..a.clone() };
        let warning = Finding { severity: Severity::Warning, message: "unused".into(), ..a.clone() };
        let expected = of_findings(&[a.clone(), b.clone()]);
        assert!(expected.is_some());
        assert_eq!(of_findings(&[b.clone(), moved.clone(), a.clone(), warning.clone()]), expected);
        assert_ne!(of_findings(std::slice::from_ref(&a)), expected);
        assert_ne!(of_findings(std::slice::from_ref(&warning)), of_findings(&[a]));
        assert!(of_findings(&[warning]).is_some());
        assert_eq!(of_findings(&[]), None);
    }

    #[test]
    fn another_file_test_or_message_is_another_failure() {
        let base = error("tests/case-1.rs", 1, "case 1", "assertion failed: 1 == 2");
        let signature = |finding: Finding| of_findings(&[finding]);
        assert_eq!(
            signature(Finding { message: "Assertion failed:  3 == 4".into(), ..base.clone() }),
            signature(base.clone())
        );
        for other in [
            Finding { file: Some("tests/case-2.rs".into()), ..base.clone() },
            Finding { file: None, ..base.clone() },
            Finding { code: Some("case 2".into()), ..base.clone() },
            Finding { message: "assertion failed: 1 != 2".into(), ..base.clone() },
        ] {
            assert_ne!(signature(other), signature(base.clone()));
        }
        let in_temp = |dir: &str| Finding { file: Some(format!("/tmp/{dir}/a.rs")), ..base.clone() };
        assert_eq!(signature(in_temp("x1/y")), signature(in_temp("z")));
    }

    #[test]
    fn an_agents_error_is_its_class_and_its_words() {
        let at_noon = of_error("server", "API Error 529 at 12:00:00 (request req 8b5fa07c1d)");
        assert_eq!(at_noon, of_error("server", "api error 500 at 13:07:09 (request req 1c5aa07c1e)"));
        assert_ne!(at_noon, of_error("context", "API Error 529 at 12:00:00 (request req 8b5fa07c1d)"));
        assert_ne!(at_noon, of_error("server", "overloaded"));
    }

    #[test]
    fn blockers_are_the_same_in_any_order() {
        let of = |texts: &[&str]| of_blockers(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["No key", "tests fail"]), of(&["tests  fail", "no key", "no key"]));
        assert_ne!(of(&["no key"]), of(&["no network"]));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["  "]), None);
    }

    #[test]
    fn an_output_is_known_by_its_last_lines() {
        let output = |run: u32, test: &str| {
            let noise: String = (0..100).map(|n| format!("line {run}{n}x\n")).collect();
            let failures: String = (0..18).map(|n| format!("    step_{n}\n\n")).collect();
            format!(
                "{noise}{failures}    {test}\n\ntest result: FAILED. 3 passed; 1 failed; finished in 0.0{}s\n",
                3
            )
        };
        assert_eq!(of_output(&output(1, "coupons::expired")), of_output(&output(2, "coupons::expired")));
        assert_ne!(of_output(&output(1, "coupons::expired")), of_output(&output(1, "coupons::unknown")));
        assert_eq!(of_output("a\r\nb\n"), of_output("a\nb"));
    }

    #[test]
    fn a_signature_is_sixteen_hex_digits_that_stay_the_same() {
        let signature = of_error("server", "overloaded");
        assert_eq!(signature.as_str(), "58b85f0ca11b3b6e");
        assert_eq!(serde_json::to_string(&signature).unwrap(), format!("\"{signature}\""));
    }

    #[test]
    fn kinds_of_failures_never_share_a_signature() {
        assert_ne!(of_output("x"), of_blockers(&["x".to_owned()]).unwrap());
        assert_ne!(of_error("a", "b"), of_error("ab", ""));
    }

    #[test]
    fn normalising_takes_linear_time_and_flat_memory() {
        // Quadratic time would be hours: a hang, which ends the test.
        for text in [
            "1", "1:", "1s ", "a1", "/tmp/", "/tmp/a", "0x", "\u{1b}[", "\u{1b}]", "-", "é", "jan 1 ", "ß",
            "1,",
        ] {
            let text = text.repeat((1 << 20) / text.len());
            assert!(normalise(&text).len() <= 2 * MAX_TEXT, "{}", &text[..2]);
            let _ = of_output(&text);
            let _ = of_blockers(std::slice::from_ref(&text));
            let _ = of_findings(&[error(&text, 1, &text, &text)]);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_normalised_and_case_makes_no_difference(text in ".{0,200}") {
            let _ = of_output(&text);
            let ascii: String = text.chars().filter(char::is_ascii).collect();
            prop_assert_eq!(normalise(&ascii), normalise(&ascii.to_ascii_uppercase()));
        }

        #[test]
        fn numbers_make_no_difference(a in 0u64..1_000_000, b in 0u64..1_000_000, word in "[a-z]{1,8}") {
            prop_assert_eq!(normalise(&format!("{word}: {a} at {b}")), normalise(&format!("{word}: {b} at {a}")));
        }
    }
}
