//! A judge, for what no command decides: an agent of its own that reads the work and answers questions about it.
//!
//! Its word alone is nothing: for each answer it has to name a place and quote it, and asked the same about the tree before
//! the work, it must not say the same. Pure: what it printed and what files hold come in as data.

use crate::text::{end_of, start_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// How far from the named line a quote may be found: models miscount.
const NEAR: usize = 3;
/// The fewest letters and digits of a quote that says anything.
const LEAST: usize = 3;
/// The most places that one answer may name.
const MOST_QUOTES: usize = 20;
/// What is kept of the judge's own words, in bytes.
const REASON: usize = 1000;
/// What is kept of a quote, in bytes.
const QUOTE: usize = 500;
/// How much of the end of what a judge printed is read, in bytes.
const READ: usize = 64 << 10;

/// What a judge says of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Verified,
    /// It does not hold.
    Refuted,
    /// It cannot tell, or its answer is worth nothing.
    CannotTell,
}

/// A place that the judge names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The file, from the root.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What stands there.
    pub quote: String,
}

/// What a judge answers to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// What it says.
    pub verdict: Verdict,
    /// Why, in its own words, or why its answer does not count.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Where it is to be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// Who says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

impl Opinion {
    /// An answer that says nothing, and why.
    pub fn none(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::CannotTell, reason: reason.into(), quotes: Vec::new(), by: String::new() }
    }

    /// The same by this judge.
    #[must_use]
    pub fn said_by(self, by: &str) -> Self {
        Self { by: by.to_owned(), ..self }
    }

    /// The first place that it names.
    pub fn place(&self) -> Option<&Quote> {
        self.quotes.first()
    }

    /// The answer as it counts: one that names no place, or a quote that is not there, says nothing. A quote that is found a
    /// few lines away is set right. `text_at` returns the text of a file of the judged tree.
    #[must_use]
    pub fn settled(mut self, text_at: &dyn Fn(&str) -> Option<String>) -> Self {
        if self.verdict == Verdict::CannotTell {
            return self;
        }
        let said = match self.verdict {
            Verdict::Verified => "verified",
            Verdict::Refuted | Verdict::CannotTell => "refuted",
        };
        if self.quotes.is_empty() {
            return self.without_word(format!("it says {said} without a quote"));
        }
        for at in 0..self.quotes.len() {
            let Some(quote) = self.quotes.get_mut(at) else { break };
            match text_at(&quote.path).and_then(|text| line_of(&text, quote)) {
                Some(line) => quote.line = line,
                None => {
                    let words =
                        format!("it says {said}, and its quote is not at {}:{}", quote.path, quote.line);
                    return self.without_word(words);
                }
            }
        }
        self
    }

    fn without_word(self, why: String) -> Self {
        let reason = if self.reason.is_empty() { why } else { format!("{why} ({})", self.reason) };
        Self { verdict: Verdict::CannotTell, reason, ..self }
    }

    /// Lets `rewrite` change every text that Alfine did not write itself.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        rewrite(&mut self.reason);
        for quote in &mut self.quotes {
            rewrite(&mut quote.path);
            rewrite(&mut quote.quote);
        }
    }
}

/// `refuted by claude at src/a.rs:3: why`.
impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.by.is_empty() { "the judge" } else { &self.by };
        match self.verdict {
            Verdict::Verified => write!(f, "verified by {by}")?,
            Verdict::Refuted => write!(f, "refuted by {by}")?,
            Verdict::CannotTell => write!(f, "{by} cannot tell")?,
        }
        if self.verdict != Verdict::CannotTell
            && let Some(Quote { path, line, .. }) = self.place()
        {
            write!(f, " at {path}:{line}")?;
        }
        match (self.verdict, self.reason.is_empty()) {
            (Verdict::Verified, _) | (_, true) => Ok(()),
            (Verdict::Refuted | Verdict::CannotTell, false) => write!(f, ": {}", self.reason),
        }
    }
}

/// The line at which a quote stands, next to the one that is named. Blanks do not count.
fn line_of(text: &str, quote: &Quote) -> Option<u32> {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted: Vec<String> = quote.quote.trim().lines().map(plain).collect();
    if wanted.iter().flat_map(|line| line.chars()).filter(|c| c.is_alphanumeric()).count() < LEAST {
        return None;
    }
    let lines: Vec<String> = text.lines().map(plain).collect();
    let named = usize::try_from(quote.line).ok()?.checked_sub(1)?;
    let stands_at = |at: usize| {
        wanted.iter().enumerate().all(|(n, line)| lines.get(at + n).is_some_and(|there| there.contains(line)))
    };
    let near = (0..=NEAR).flat_map(|far| [named.checked_sub(far), named.checked_add(far)]).flatten();
    let mut near = near.filter(|at| stands_at(*at));
    near.next().and_then(|at| u32::try_from(at + 1).ok())
}

/// Reads what a judge printed: the last JSON object in it that answers. `None` if none does; for each question its answer, or
/// why there is none.
pub fn read(said: &str, questions: usize) -> Option<Vec<Result<Opinion, &'static str>>> {
    let answers = objects(end_of(said, READ)).rev().find_map(|value| match value {
        Value::Object(mut fields) => match fields.remove("answers") {
            Some(Value::Array(answers)) => Some(answers),
            _ => None,
        },
        _ => None,
    })?;
    let number = |answer: &Value| answer.get("n").and_then(Value::as_u64);
    let of = |n: u64| {
        let mut about = answers.iter().filter(|answer| number(answer) == Some(n));
        match (about.next(), about.next()) {
            (Some(answer), None) => opinion(answer),
            (None, _) => Err("it left this question out"),
            // Which of two answers holds is anybody's guess.
            (Some(_), Some(_)) => Err("it answered this question twice"),
        }
    };
    Some((1..=questions as u64).map(of).collect())
}

fn opinion(answer: &Value) -> Result<Opinion, &'static str> {
    let text = |value: &Value, key: &str, most: usize| {
        start_of(value.get(key).and_then(Value::as_str).unwrap_or_default().trim(), most).to_owned()
    };
    let reason = text(answer, "reason", REASON);
    let verdict = match answer.get("verdict").and_then(Value::as_str) {
        Some("verified") => Verdict::Verified,
        Some("refuted") => Verdict::Refuted,
        Some("cannot_tell") => Verdict::CannotTell,
        Some(_) | None => return Err("its answer is none of verified, refuted and cannot_tell"),
    };
    let evidence = answer.get("evidence").and_then(Value::as_array).into_iter().flatten();
    let quotes = evidence.take(MOST_QUOTES).map(|one| Quote {
        path: text(one, "path", QUOTE).trim_start_matches("./").to_owned(),
        line: one.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
        quote: text(one, "quote", QUOTE),
    });
    Ok(Opinion { verdict, reason, quotes: quotes.collect(), by: String::new() })
}

/// The JSON objects in a text that stand for themselves: not those inside of another.
pub(crate) fn objects(text: &str) -> impl DoubleEndedIterator<Item = Value> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = rest.get(at..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let step = match stream.next() {
            Some(Ok(value)) => {
                found.push(value);
                stream.byte_offset()
            }
            Some(Err(_)) | None => 1,
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(verdict: &str, line: u32, quote: &str) -> String {
        format!(
            r#"Well.
            {{"answers": [{{"n": 1, "verdict": "{verdict}", "reason": "so",
              "evidence": [{{"path": "./a.rs", "line": {line}, "quote": "{quote}"}}]}}]}}"#
        )
    }

    fn settled(said: &str) -> Opinion {
        let text =
            |path: &str| (path == "a.rs").then(|| "use x;\n\nfn  main() {\n    run();\n}\n".to_owned());
        read(said, 1).unwrap().remove(0).unwrap().settled(&text)
    }

    #[test]
    fn a_quote_has_to_stand_where_it_is_said_to() {
        for (line, quote, at) in [
            (3, "fn main() {", Some(3)),
            (1, "fn main() {", Some(3)),
            (4, "run", Some(4)),
            (3, "fn main() {\\n  run();", Some(3)),
            (3, "\\nfn main() {\\n", Some(3)),
            (30, "fn main() {", None),
            (3, "fn other() {", None),
            (5, "}", None),
            (0, "fn main() {", None),
            (3, "", None),
        ] {
            let opinion = settled(&quoted("verified", line, quote));
            match at {
                Some(at) => {
                    assert_eq!(opinion.verdict, Verdict::Verified, "{line} {quote}: {opinion}");
                    assert_eq!(opinion.place().unwrap().line, at, "{line} {quote}");
                }
                None => assert_eq!(opinion.verdict, Verdict::CannotTell, "{line} {quote}"),
            }
        }
        let gone = settled(&quoted("refuted", 3, "fn main()").replace("a.rs", "b.rs"));
        assert_eq!(gone.verdict, Verdict::CannotTell);
        assert_eq!(
            gone.said_by("claude").to_string(),
            "claude cannot tell: it says refuted, and its quote is not at b.rs:3 (so)"
        );
    }

    #[test]
    fn an_answer_without_a_quote_says_nothing() {
        for verdict in ["verified", "refuted"] {
            let said = format!(r#"{{"answers": [{{"n": 1, "verdict": "{verdict}", "evidence": []}}]}}"#);
            assert_eq!(
                settled(&said).to_string(),
                format!("the judge cannot tell: it says {verdict} without a quote")
            );
        }
        let refuted = settled(&quoted("refuted", 4, "run();")).said_by("claude");
        assert_eq!(refuted.to_string(), "refuted by claude at a.rs:4: so");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for said in ["", "It is fine.", "{}", r#"{"answers": 1}"#, r#"{"answers": [}"#, "{{{{"] {
            assert_eq!(read(said, 1), None, "{said}");
        }
        let verdicts = |said: &str, questions| -> Vec<Option<Verdict>> {
            let answers = read(said, questions).unwrap().into_iter();
            answers.map(|one| one.ok().map(|opinion| opinion.verdict)).collect()
        };
        use Verdict::{Refuted, Verified};
        // The last word counts; one that is left out, unknown or said twice says nothing.
        let said = r#"{"answers": [{"n": 1, "verdict": "refuted"}]} no: ```json
            {"answers": [{"n": 1, "verdict": "verified"}, {"n": 3, "verdict": "maybe"}, {"n": 4, "verdict": "refuted"},
              {"n": 5, "verdict": "verified"}, {"n": 5, "verdict": "refuted"}]}
            ```"#;
        assert_eq!(verdicts(said, 5), [Some(Verified), None, None, Some(Refuted), None]);
        assert_eq!(verdicts(r#"{"answers": [{"n": 2, "verdict": "verified"}]}"#, 1), [None]);
    }
}
