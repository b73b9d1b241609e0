//! Which inline code of a criterion is its command, by the sentence around it.
//!
//! Code behind a colon, or alone, may be anything: what it reads like decides later. Where only the sentence says that it
//! runs, it must be a command that is known anywhere.

use super::outline::{Inline, InlineKind, Line, Outline};
use crate::plan::command::{PROMPT, is_surely_command};
use crate::text::Span;

/// What the code of a criterion is to it.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// The code that proves the criterion.
    pub(super) command: Option<String>,
    /// Whether its writer says that this is a command.
    pub(super) said: bool,
    /// Code that is surely a command, where nothing says that it is run.
    pub(super) loose: Option<Span>,
}

/// The pieces of a sentence: one text more than codes, around them.
#[derive(Debug)]
struct Sentence {
    texts: Vec<String>,
    codes: Vec<Code>,
}

#[derive(Debug)]
struct Code {
    text: String,
    span: Span,
    said: bool,
}

/// What stands before the first code.
enum Lead<'s> {
    /// Nothing, or a colon.
    Free,
    /// A dash.
    Dash,
    /// `Run`.
    Run,
    /// An opening parenthesis behind a sentence.
    Parenthesis(&'s str),
    Sentence,
}

/// What tells that a command before it is to pass, and what may follow.
const PASSES: [&str; 36] = [
    "pass",
    "passes",
    "succeed",
    "succeeds",
    "is green",
    "are green",
    "green",
    "is clean",
    "are clean",
    "clean",
    "is ok",
    "are ok",
    "ok",
    "no errors",
    "no error",
    "no warnings",
    "without errors",
    "without error",
    "reports nothing",
    "reports no errors",
    "reports no warnings",
    "shows no errors",
    "finds nothing",
    "ist grün",
    "sind grün",
    "läuft durch",
    "laufen durch",
    "erfolgreich",
    "passe",
    "passent",
    "pasa",
    "pasan",
    "passa",
    "passam",
    "проходит",
    "проходят",
];
/// Verbs that say it only at the end of a sentence: `` `npm start` runs in the background ``.
const ENDS: [&str; 8] = ["run", "runs", "complete", "completes", "finish", "finishes", "通过", "成功"];
const AFTER_PASSES: [&str; 15] = [
    "with",
    "without",
    "cleanly",
    "successfully",
    "locally",
    "in",
    "on",
    "again",
    "and",
    "for",
    "after",
    "at",
    "under",
    "too",
    "now",
];
const AFTER_ENDS: [&str; 3] = ["cleanly", "successfully", "without"];
/// What may stand between a command and the word that it passes.
const ADVERBS: [&str; 19] = [
    "and",
    "both",
    "all",
    "must",
    "should",
    "still",
    "now",
    "also",
    "then",
    "it",
    "they",
    "each",
    "always",
    "will",
    "has to",
    "have to",
    "needs to",
    "continues to",
    "continue to",
];
const RUN: [&str; 16] = [
    "run",
    "run the command",
    "execute",
    "running",
    "by running",
    "verify by running",
    "verified by running",
    "verify with",
    "verified by",
    "verified with",
    "check with",
    "checked by",
    "checked with",
    "proven by",
    "both",
    "the command",
];
const AND: [&str; 10] = ["and", "&", "&&", ",", ", and", "+", "then", ", then", "and then", ";"];
/// Words after which it does not matter here whether a command passes.
const BUT: [&str; 10] =
    ["if", "when", "unless", "without", "until", "before", "instead", "not", "never", "whether"];

/// Finds the command of a criterion whose first paragraph has these lines.
pub(super) fn bound(outline: &Outline<'_>, lines: &[Line]) -> Bound {
    let sentence = Sentence::read(outline, lines);
    let said: Vec<&Code> = sentence.codes.iter().filter(|code| code.said).collect();
    if !said.is_empty() {
        return Bound { command: Some(joined(&said)), said: true, loose: None };
    }
    let command = at_the_end(outline, lines).or_else(|| sentence.command());
    let loose = if command.is_none() { sentence.loose() } else { None };
    Bound { command, said: false, loose }
}

/// The inline code at the end of a text, where a colon or nothing stands before it.
fn at_the_end(outline: &Outline<'_>, lines: &[Line]) -> Option<String> {
    let ends_sentence = |inline: &&Inline<'_>| {
        inline.kind == InlineKind::Text && inline.text.trim().trim_end_matches(['.', ';']).is_empty()
    };
    let mut inlines = lines.iter().rev().flat_map(|line| outline.inlines(line).iter().rev());
    let code =
        inlines.find(|inline| !ends_sentence(inline)).filter(|inline| inline.kind == InlineKind::Code)?;
    let start = lines.first()?.span.start;
    let before = Span::new(start, code.span.start).of(outline.text);
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let command = code.text.trim();
    let is_bound = (before.is_empty() || before.ends_with([':', '：'])) && !command.is_empty();
    is_bound.then(|| command.to_owned())
}

impl Sentence {
    fn read(outline: &Outline<'_>, lines: &[Line]) -> Self {
        let mut sentence = Self { texts: vec![String::new()], codes: Vec::new() };
        for (number, line) in lines.iter().enumerate() {
            if number > 0
                && let Some(text) = sentence.texts.last_mut()
            {
                text.push(' ');
            }
            for inline in outline.inlines(line) {
                match inline.kind {
                    InlineKind::Code => {
                        let code = inline.text.trim();
                        let said =
                            code.strip_prefix(PROMPT).map(str::trim_start).filter(|code| !code.is_empty());
                        let at = inline.span.of(outline.text).find(code).unwrap_or_default();
                        let start = inline.span.start + at;
                        let span = Span::new(start, (start + code.len()).min(inline.span.end));
                        let text = said.unwrap_or(code).to_owned();
                        sentence.codes.push(Code { text, span, said: said.is_some() });
                        sentence.texts.push(String::new());
                    }
                    InlineKind::Text | InlineKind::Html => {
                        if let Some(text) = sentence.texts.last_mut() {
                            text.push_str(&inline.text);
                        }
                    }
                }
            }
        }
        sentence
    }

    /// The codes that the sentence says to pass, as one command.
    fn command(&self) -> Option<String> {
        let [before, between @ .., after] = &self.texts[..] else { return None };
        let are_joined = between.iter().all(|text| AND.contains(&text.trim().to_lowercase().as_str()));
        if self.codes.is_empty() || !are_joined {
            return None;
        }
        let are_sure = || self.codes.iter().all(|code| is_surely_command(&code.text));
        let before = before.trim();
        let is_bound = match Lead::of(before) {
            Lead::Free if self.codes.len() == 1 => passes(after),
            Lead::Free | Lead::Dash | Lead::Run => (ends(after) || passes(after)) && are_sure(),
            Lead::Parenthesis(sentence) => {
                let after = after.trim_start().strip_prefix([')', '）'])?;
                tells_passing(sentence) && (ends(after) || passes(after)) && are_sure()
            }
            Lead::Sentence => passes(after) && !has_word(before, &BUT) && are_sure(),
        };
        is_bound.then(|| joined(&self.codes.iter().collect::<Vec<_>>()))
    }

    /// The first code that is surely a command. Parentheses say that it is none that is run, as a sentence about a failure
    /// does.
    fn loose(&self) -> Option<Span> {
        let mut open = 0_i32;
        for (at, code) in self.codes.iter().enumerate() {
            let before = self.texts.get(at)?;
            open += before
                .chars()
                .map(|c| match c {
                    '(' | '（' => 1,
                    ')' | '）' => -1,
                    _ => 0,
                })
                .sum::<i32>();
            let after = self.texts.get(at + 1)?;
            let has_arguments = code.text.contains(' ') || code.text.starts_with("./");
            if open <= 0
                && has_arguments
                && !tells_failure(after)
                && !exits_otherwise(after)
                && is_surely_command(&code.text)
            {
                return Some(code.span);
            }
        }
        None
    }
}

impl<'s> Lead<'s> {
    fn of(before: &'s str) -> Self {
        if before.is_empty() || before.ends_with([':', '：']) {
            return Self::Free;
        }
        if before.ends_with(['-', '–', '—', '→']) {
            return Self::Dash;
        }
        if let Some(sentence) = before.strip_suffix(['(', '（']) {
            let sentence = sentence.trim_end();
            // A colon binds code: what stands in parentheses behind it is no command.
            let is_sentence = !sentence.ends_with(['(', '（', ':', '：']);
            return if is_sentence { Self::Parenthesis(sentence) } else { Self::Sentence };
        }
        let lower = before.to_lowercase();
        if RUN.contains(&lower.trim_end_matches([',', ':'])) { Self::Run } else { Self::Sentence }
    }
}

/// Several commands as one that passes if all of them do.
fn joined(codes: &[&Code]) -> String {
    let apart = |code: &str| code.contains([';', '&', '|']);
    let parts: Vec<String> = match codes {
        [code] => return code.text.clone(),
        codes => codes
            .iter()
            .map(|code| if apart(&code.text) { format!("({})", code.text) } else { code.text.clone() })
            .collect(),
    };
    parts.join(" && ")
}

/// Whether nothing more is said.
fn ends(after: &str) -> bool {
    after.trim().trim_end_matches(['.', ';', '!', '✅', '✓']).is_empty()
}

/// Says whether a text tells of a failure, and not of none.
pub(super) fn tells_failure(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let passes = words.iter().any(|word| word.starts_with("pass") || *word == "succeeds" || *word == "green");
    let none = |at: usize| {
        at > 0
            && words.get(at - 1).is_some_and(|word| matches!(*word, "no" | "0" | "without" | "zero" | "not"))
    };
    let fails = words.iter().enumerate().any(|(at, word)| {
        (word.starts_with("fail") || matches!(*word, "error" | "errors" | "red" | "nonzero")) && !none(at)
    });
    fails && !passes
}

/// Whether what follows a command says that it passes.
fn passes(after: &str) -> bool {
    let lower = after.to_lowercase();
    let is_before = |c: char| c.is_whitespace() || ",:→–—-=>(（✅✓".contains(c);
    let mut rest = lower.trim_start_matches(is_before);
    while let Some(after) = ADVERBS.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' ')) {
        rest = after.trim_start();
    }
    let follows = |words: &[&str], more: &[&str]| {
        words.iter().any(|word| rest.strip_prefix(word).is_some_and(|after| is_complete(after, more)))
    };
    follows(&PASSES, &AFTER_PASSES)
        || follows(&ENDS, &AFTER_ENDS)
        || exit_status(rest).is_some_and(|(status, after)| status == "0" && is_complete(after, &AFTER_PASSES))
}

/// The status that a text says a command exits with, and what follows it: `exits with code 0`.
fn exit_status(text: &str) -> Option<(&str, &str)> {
    let mut rest = ["exits", "exit", "returns", "return"].iter().find_map(|word| text.strip_prefix(word))?;
    loop {
        let after = rest.trim_start();
        let word = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let left = after.get(word.len()..)?;
        match word {
            "with" | "a" | "an" | "exit" | "code" | "status" | "of" | "is" => rest = left,
            "zero" => return Some(("0", left)),
            word if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Some((word, left));
            }
            _ => return None,
        }
    }
}

fn exits_otherwise(after: &str) -> bool {
    let lower = after.to_lowercase();
    exit_status(lower.trim_start()).is_some_and(|(status, _)| status != "0")
        || has_word(&lower, &["non-zero", "nonzero"])
}

/// Whether what follows a verb leaves it what it is: `passes the token` is about something else.
fn is_complete(after: &str, more: &[&str]) -> bool {
    if after.starts_with(|c: char| c.is_alphanumeric()) {
        return false;
    }
    let after = after.trim_start();
    let first = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    first.is_empty() || more.contains(&first)
}

fn tells_passing(sentence: &str) -> bool {
    let says = [
        "pass",
        "passes",
        "passing",
        "succeed",
        "succeeds",
        "green",
        "clean",
        "cleanly",
        "compiles",
        "builds",
        "lints",
        "typechecks",
    ];
    has_word(sentence, &says) && !has_word(sentence, &BUT)
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    lower.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|word| words.contains(&word))
}
