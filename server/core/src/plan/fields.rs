//! What a plan says of how its tasks are run: the fields' names, and their values read from text.
//!
//! Knows nothing of Markdown blocks or YAML: a name, a value and its place come in.

use super::command::{PROMPT, is_bare_command};
use super::field_name::{FieldName, may_say_waits};
use super::mark::{is_sign, names_state};
use super::model::{
    Autonomy, ContextMode, Fields, Isolation, Lands, NamedCommand, Placed, ProblemKind, ProvenBy,
};
use crate::{nearest, text::Span};
use std::{borrow::Cow, ops::Range};

/// Whether a name that is not English is known.
fn is_foreign(name: &str) -> bool {
    may_say_waits(name) || names_state(name)
}

/// How many tasks of a plan may be worked on at a time. Each has a worktree and an agent of its own.
const MOST_PARALLEL: std::ops::RangeInclusive<u32> = 1..=16;

/// The longest name of a `Name: value` line, in bytes; past it the line is prose.
const MAX_NAME_BYTES: usize = 24;
const MAX_NAME_WORDS: usize = 3;

impl FieldName {
    /// Says whether a value of so many words is a sentence rather than this field's value.
    pub(super) fn is_prose(self, value: &str) -> bool {
        match self {
            Self::Agent | Self::Model | Self::Context | Self::Folder => {
                value.split_whitespace().nth(3).is_some()
            }
            // `Proof: the log shows it` and `May change: the colours of the page` are sentences.
            Self::Proof => value.split_whitespace().nth(1).is_some(),
            Self::MayChange => globs(value)
                .any(|glob| value.get(glob).is_some_and(|glob| glob.contains(char::is_whitespace))),
            _ => false,
        }
    }

    /// Says whether a line far from its task's title still names this field beyond doubt.
    pub(super) fn stands_alone(self, value: &str, emphasised: bool) -> bool {
        match self {
            Self::Agent | Self::Model => emphasised && !value.contains(char::is_whitespace),
            Self::Verify => value.contains('`'),
            Self::DependsOn => {
                let ids = ids(value);
                !ids.is_empty()
                    && ids.iter().all(|id| {
                        let id = value.get(id.clone()).unwrap_or_default();
                        let words = id.split_whitespace().count();
                        let numbered = id.contains(|c: char| c.is_ascii_digit());
                        (words == 1 && (numbered || id.contains('-'))) || (words == 2 && numbered)
                    })
            }
            _ => true,
        }
    }
}

/// A line of the form `Name: value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldLine {
    pub(super) name: Span,
    pub(super) value: Span,
    /// Whether the name is bold or italic.
    pub(super) emphasised: bool,
}

/// Reads the line at `span` as `Name: value`, the name perhaps emphasised; `None` if it is something else.
pub(super) fn field_line(text: &str, span: Span) -> Option<FieldLine> {
    let line = span.of(text);
    let is_mark = |c: char| matches!(c, '*' | '_');
    let inner = line.trim_start_matches(is_mark);
    let marks = line.len() - inner.len();
    let (at, sign) = inner.char_indices().find(|(_, c)| matches!(c, ':' | '：'))?;
    let name = inner.get(..at)?;
    let colon = marks + name.len();
    let closed = name.trim_end().trim_end_matches(is_mark);
    let name = closed.trim_end();
    let well_formed = name.len() <= MAX_NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-'))
        && name.split_whitespace().count() <= MAX_NAME_WORDS;
    // Names in other languages are those that are known.
    let well_formed = well_formed || !name.is_ascii() && name.len() <= MAX_NAME_BYTES * 2 && is_foreign(name);
    if !well_formed {
        return None;
    }
    let after = line.get(colon + sign.len_utf8()..)?;
    // `name: value` needs its blank: `http://…` and `std::fmt` are no fields.
    let rest = if marks > 0 { after.trim_start_matches(is_mark) } else { after };
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) && marks == 0 && sign == ':' {
        return None;
    }
    let start = line.len() - rest.len();
    let comment = rest.find('<').and_then(|_| rest.find("<!--"));
    let mut value = comment.and_then(|at| rest.get(..at)).unwrap_or(rest).trim_end();
    value = value.strip_suffix('\\').unwrap_or(value).trim_end();
    // `**Name: value**`: the emphasis opened before the name ends after the value.
    if marks > 0 && closed.len() == name.len() && after.len() == rest.len() {
        value = value.trim_end_matches(is_mark).trim_end();
    }
    let start = start + (value.len() - value.trim_start().len());
    let name = Span::new(span.start + marks, span.start + marks + name.len());
    let value = Span::new(span.start + start, span.start + start + value.trim_start().len());
    Some(FieldLine { name, value, emphasised: marks > 0 })
}

/// A value as text, with its place.
pub(super) struct Value<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) span: Span,
}

impl<'t> Value<'t> {
    pub(super) fn at(text: &'t str, span: Span) -> Self {
        Self { text: Cow::Borrowed(span.of(text)), span }
    }

    /// Where a part of the value stands; all of it where the value is not spelled out in the document.
    fn place(&self, part: Range<usize>) -> Span {
        if self.text.len() == self.span.end.saturating_sub(self.span.start) {
            Span::new(self.span.start + part.start, self.span.start + part.end)
        } else {
            self.span
        }
    }

    fn whole<T>(&self, value: T) -> Option<Placed<T>> {
        Some(Placed { value, span: self.place(bare(&self.text)) })
    }
}

impl Fields {
    /// Lays these fields over `defaults`: a field that is said here wins.
    #[must_use]
    pub fn over(&self, defaults: &Self) -> Self {
        fn list<T: Clone>(own: &[T], default: &[T]) -> Vec<T> {
            if own.is_empty() { default.to_vec() } else { own.to_vec() }
        }
        Self {
            depends_on: list(&self.depends_on, &defaults.depends_on),
            waits_for_none: self.waits_for_none,
            priority: self.priority.clone().or_else(|| defaults.priority.clone()),
            agent: self.agent.clone().or_else(|| defaults.agent.clone()),
            model: self.model.clone().or_else(|| defaults.model.clone()),
            max_iterations: self.max_iterations.clone().or_else(|| defaults.max_iterations.clone()),
            max_cost: self.max_cost.clone().or_else(|| defaults.max_cost.clone()),
            budget: self.budget.clone().or_else(|| defaults.budget.clone()),
            max_parallel: self.max_parallel.clone().or_else(|| defaults.max_parallel.clone()),
            lands: self.lands.clone().or_else(|| defaults.lands.clone()),
            isolation: self.isolation.clone().or_else(|| defaults.isolation.clone()),
            context: self.context.clone().or_else(|| defaults.context.clone()),
            autonomy: self.autonomy.clone().or_else(|| defaults.autonomy.clone()),
            single_task: self.single_task.clone().or_else(|| defaults.single_task.clone()),
            verify: list(&self.verify, &defaults.verify),
            folder: self.folder.clone().or_else(|| defaults.folder.clone()),
            proof: self.proof.clone().or_else(|| defaults.proof.clone()),
            may_change: list(&self.may_change, &defaults.may_change),
        }
    }

    /// Takes the value of one field. An empty value says nothing. A list grows; any other field's last value counts.
    pub(super) fn take(&mut self, field: FieldName, value: &Value<'_>) -> Result<(), ProblemKind> {
        let word = value.text.get(bare(&value.text)).unwrap_or_default();
        if word.is_empty() {
            if field == FieldName::DependsOn && !value.text.trim().is_empty() {
                self.waits_for_none = self.depends_on.is_empty();
            }
            return Ok(());
        }
        let invalid = |expected: &str, nearest: Option<String>| ProblemKind::InvalidField {
            name: field.as_str().to_owned(),
            expected: expected.to_owned(),
            nearest,
        };
        match field {
            FieldName::DependsOn => {
                self.depends_on.extend(named_tasks(value));
                self.waits_for_none = self.depends_on.is_empty();
            }
            FieldName::Verify => {
                let named = commands(&value.text);
                if let [Coded { part, is_coded: false, said: false }] = &named[..]
                    && !is_bare_command(value.text.get(part.clone()).unwrap_or_default())
                {
                    return Err(ProblemKind::NoCommand { name: None });
                }
                self.verify.extend(named.into_iter().filter_map(|coded| coded.of(value)));
            }
            FieldName::Folder => {
                let inside = stays_inside(word);
                let folder =
                    inside.ok_or_else(|| invalid("a folder of the repository, from its root", None))?;
                self.folder = value.whole(folder);
            }
            FieldName::Priority => {
                let priority = priority(word).ok_or_else(|| {
                    invalid(
                        "a whole number, lower first",
                        nearest(word, PRIORITIES.map(|(word, _)| word)).map(str::to_owned),
                    )
                })?;
                self.priority = value.whole(priority);
            }
            FieldName::Agent => self.agent = value.whole(word.to_owned()),
            FieldName::Model => self.model = value.whole(word.to_owned()),
            FieldName::MaxIterations => {
                let limit = word.parse().ok().filter(|&limit: &u32| limit > 0);
                let limit = limit.ok_or_else(|| invalid("a whole number from 1", None))?;
                self.max_iterations = value.whole(limit);
            }
            FieldName::MaxParallel => {
                let most = word.parse().ok().filter(|most| MOST_PARALLEL.contains(most));
                self.max_parallel =
                    value.whole(most.ok_or_else(|| invalid("a whole number from 1 to 16", None))?);
            }
            FieldName::MaxCost => {
                let cost =
                    dollars(word).ok_or_else(|| invalid("an amount in US dollars, such as 2.50", None))?;
                self.max_cost = value.whole(cost);
            }
            FieldName::Budget => {
                let budget =
                    dollars(word).ok_or_else(|| invalid("an amount in US dollars, such as 10", None))?;
                self.budget = value.whole(budget);
            }
            FieldName::Lands => {
                let lands = choice(word, [("target", Lands::Target), ("branch", Lands::Branch)])
                    .map_err(|nearest| invalid("target or branch", nearest))?;
                self.lands = value.whole(lands);
            }
            FieldName::Isolation => {
                let isolation =
                    choice(word, [("worktree", Isolation::Worktree), ("in-place", Isolation::InPlace)])
                        .map_err(|nearest| invalid("worktree or in-place", nearest))?;
                self.isolation = value.whole(isolation);
            }
            FieldName::Context => {
                let context = choice(word, [("resume", ContextMode::Resume), ("fresh", ContextMode::Fresh)])
                    .map_err(|nearest| invalid("resume or fresh", nearest))?;
                self.context = value.whole(context);
            }
            FieldName::Autonomy => {
                let autonomy = choice(
                    word,
                    [
                        ("full_auto", Autonomy::FullAuto),
                        ("guarded", Autonomy::Guarded),
                        ("manual", Autonomy::Manual),
                    ],
                )
                .map_err(|nearest| invalid("full_auto, guarded or manual", nearest))?;
                self.autonomy = value.whole(autonomy);
            }
            FieldName::Proof => {
                let proof = choice(word, [("guard", ProvenBy::Guard), ("checks", ProvenBy::Checks)])
                    .map_err(|nearest| invalid("guard or checks", nearest))?;
                self.proof = value.whole(proof);
            }
            FieldName::MayChange => {
                for part in globs(&value.text) {
                    let glob = value.text.get(part.clone()).unwrap_or_default().to_owned();
                    self.may_change.push(Placed { value: glob, span: value.place(part) });
                }
            }
            // It is the task's state, and sets nothing.
            FieldName::Status => {}
            FieldName::SingleTask => {
                let words = [("true", true), ("false", false), ("yes", true), ("no", false)];
                let short = [("on", true), ("off", false), ("1", true), ("0", false)];
                let single = choice(word, short)
                    .or_else(|_| choice(word, words))
                    .map_err(|nearest| invalid("true or false", nearest))?;
                self.single_task = value.whole(single);
            }
        }
        Ok(())
    }
}

/// The globs in `tests/**, snapshots`.
fn globs(value: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    let ends = value.match_indices([',', ';', '，', '；', '、']).chain([(value.len(), "")]);
    let parts = ends.map(move |(end, sign)| {
        let part = start..end;
        start = end + sign.len();
        part
    });
    parts.map(|part| glob_in(value, part)).filter(|part| !part.is_empty())
}

/// A glob without blanks and quotes around it; its stars are its own.
fn glob_in(value: &str, part: Range<usize>) -> Range<usize> {
    let is_wrapping = |c: char| c.is_whitespace() || is_sign(c) || matches!(c, '`' | '"' | '\'');
    let raw = value.get(part.clone()).unwrap_or_default();
    let inner = raw.trim_start_matches(is_wrapping);
    let start = part.start + (raw.len() - inner.len());
    start..start + inner.trim_end_matches(is_wrapping).len()
}

/// A folder below the root, without `.` and a slash at its end; empty for the root. `None` if it may lie elsewhere.
fn stays_inside(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let leads_out = word.starts_with(['/', '~'])
        || word.contains('\\')
        || parts.iter().any(|part| *part == ".." || *part == ".git");
    (!leads_out).then(|| parts.join("/"))
}

/// Words that plans use in place of a number.
const PRIORITIES: [(&str, i64); 6] =
    [("critical", 0), ("highest", 0), ("high", 1), ("medium", 2), ("low", 3), ("lowest", 4)];

fn priority(word: &str) -> Option<i64> {
    let number = word.strip_prefix(['P', 'p', '#']).unwrap_or(word);
    let by_word = || PRIORITIES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    number.parse().ok().or_else(|| by_word().map(|(_, priority)| priority))
}

fn dollars(word: &str) -> Option<f64> {
    let amount = word.strip_prefix('$').or_else(|| word.strip_suffix('$')).unwrap_or(word).trim();
    let amount = match amount.len().checked_sub(3).and_then(|at| amount.split_at_checked(at)) {
        Some((amount, unit)) if unit.eq_ignore_ascii_case("usd") => amount.trim(),
        _ => amount,
    };
    amount.parse().ok().filter(|cost: &f64| cost.is_finite() && *cost > 0.0)
}

/// Finds the one of `choices` that is written, or else the nearest spelling.
fn choice<T: Copy, const N: usize>(word: &str, choices: [(&'static str, T); N]) -> Result<T, Option<String>> {
    let simple = |word: &str| -> String {
        word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
    };
    let word = simple(word);
    match choices.iter().find(|(known, _)| simple(known) == word) {
        Some(&(_, value)) => Ok(value),
        None => Err(nearest(&word, choices.map(|(known, _)| known)).map(str::to_owned)),
    }
}

/// The part of a value without quotes, backticks and emphasis around it.
fn bare(value: &str) -> Range<usize> {
    bare_in(value, 0..value.len())
}

fn bare_in(value: &str, part: Range<usize>) -> Range<usize> {
    let is_wrapping = |c: char| c.is_whitespace() || is_sign(c) || matches!(c, '`' | '"' | '\'' | '*');
    let raw = value.get(part.clone()).unwrap_or_default();
    let inner = raw.trim_start_matches(is_wrapping);
    let start = part.start + (raw.len() - inner.len());
    start..start + inner.trim_end_matches(is_wrapping).len()
}

/// The tasks that a value names, each with its place: those of `Tasks 1-3` share one.
pub(super) fn named_tasks(value: &Value<'_>) -> Vec<Placed<String>> {
    let mut named = Vec::new();
    for part in ids(&value.text) {
        let Some(id) = value.text.get(part.clone()) else { continue };
        let span = value.place(part.clone());
        let is_of_many = value.text.get(..part.start).is_some_and(|before| plural_before(before) > 0);
        match range(id, is_of_many) {
            Some(ids) => named.extend(ids.into_iter().map(|value| Placed { value, span })),
            None => named.push(Placed { value: id.to_owned(), span }),
        }
    }
    named
}

/// Words before several numbers.
const PLURALS: [&str; 4] = ["tasks ", "stories ", "steps ", "phases "];

/// How long the word of [`PLURALS`] is that a text ends with; 0 if it ends with none.
pub(crate) fn plural_before(before: &str) -> usize {
    let ends = |word: &&&str| {
        let start = before.len().checked_sub(word.len());
        start.and_then(|at| before.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    PLURALS.iter().find(ends).map_or(0, |word| word.len())
}

/// The ids of a range: `1–3`, `T1-T3`, `T001..T004`; of `1-3` only if it `is_of_many`.
fn range(id: &str, is_of_many: bool) -> Option<Vec<String>> {
    const LONGEST: usize = 100;
    let signs = ["..", "–", "—", " to ", " through ", "-"];
    let (from, to, sign) = signs.iter().find_map(|sign| {
        let (from, to) = id.split_once(sign)?;
        Some((from.trim(), to.trim_matches(['.', ' ']), *sign))
    })?;
    let number = |text: &str| -> Option<(String, usize, usize)> {
        let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (prefix, number) = text.split_at_checked(text.len() - digits)?;
        Some((prefix.to_owned(), number.parse().ok()?, digits))
    };
    let ((prefix, first, digits), (other, last, _)) = (number(from)?, number(to)?);
    // `3-2` is an id.
    let is_range = sign != "-" || is_of_many || !prefix.is_empty() && prefix == other;
    if !(is_range && (other == prefix || other.is_empty()) && first < last && last - first < LONGEST) {
        return None;
    }
    let width = if from.ends_with(|c: char| c.is_ascii_digit()) && digits > 1 { digits } else { 1 };
    Some((first..=last).map(|number| format!("{prefix}{number:0width$}")).collect())
}

/// Whether an id is written as `Task 9`: nobody calls anything else so.
pub(super) fn is_called_task(id: &str) -> bool {
    let mut words = id.split_whitespace();
    let (word, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    ["task", "story", "step"].iter().any(|known| known.eq_ignore_ascii_case(word))
        && number.starts_with(|c: char| c.is_ascii_digit())
        && words.next().is_none()
}

/// Whether a value says that there is none: `None (can start immediately)`.
pub(super) fn is_none(value: &str) -> bool {
    !value.trim().is_empty() && ids(value).is_empty()
}

/// The ids in `US-1, US-2 and Task 3`; none in `none`.
pub(super) fn ids(value: &str) -> Vec<Range<usize>> {
    let lower = value.to_ascii_lowercase();
    let mut parts = Vec::new();
    let mut start = 0;
    for (end, sign) in value.match_indices([',', ';', '&', '，', '；', '、']).chain([(value.len(), "")]) {
        let mut from = start;
        while let Some(and) = lower.get(from..end).and_then(|part| part.find(" and ")) {
            parts.push(from..from + and);
            from += and + " and ".len();
        }
        parts.push(from..end);
        start = end + sign.len();
    }
    parts.into_iter().filter_map(|part| id_in(value, part)).collect()
}

fn id_in(value: &str, part: Range<usize>) -> Option<Range<usize>> {
    let mut part = bare_in(value, part);
    let raw = value.get(part.clone())?;
    if raw.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("and ")) {
        part = bare_in(value, part.start + 4..part.end);
    }
    let raw = value.get(part.clone())?;
    // `[US-1](#us-1)`, `[US-1]`, `US-1 (the schema)`, `#3`
    let linked = raw.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (skipped, raw) = linked.map_or((0, raw), |(label, _)| (1, label));
    let hash = usize::from(raw.starts_with('#'));
    let raw = raw.get(hash..)?;
    let raw = raw.split_once(" (").map_or(raw, |(id, _)| id).trim_end_matches('.');
    let plural = PLURALS.iter().find(|word| {
        raw.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && raw
                .get(word.len()..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '#'))
    });
    let (plural, raw) =
        plural.map_or((0, raw), |word| (word.len(), raw.get(word.len()..).unwrap_or_default()));
    let (hash, raw) = raw.strip_prefix('#').map_or((hash, raw), |rest| (hash + 1, rest));
    let start = part.start + skipped + hash + plural;
    let part = bare_in(value, start..start + raw.len());
    let id = value.get(part.clone())?;
    let says_nothing = ["", "-", "–", "—", "none", "nothing", "n/a", "null", "~", "nil"];
    (!says_nothing.iter().any(|word| word.eq_ignore_ascii_case(id))).then_some(part)
}

/// What of a value may be a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coded {
    part: Range<usize>,
    /// It stands in backticks.
    is_coded: bool,
    /// The sign of a shell's prompt stands before it.
    said: bool,
}

impl Coded {
    pub(super) fn of(&self, value: &Value<'_>) -> Option<NamedCommand> {
        let command = value.text.get(self.part.clone())?.to_owned();
        Some(NamedCommand { value: command, span: value.place(self.part.clone()), said: self.said })
    }
}

/// What may be a command in a value: what stands in backticks, or else all of it.
pub(super) fn commands(value: &str) -> Vec<Coded> {
    let mut coded = Vec::new();
    let mut ticks = value.match_indices('`').map(|(at, _)| at);
    while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
        coded.push(open + 1..close);
    }
    let is_coded = !coded.is_empty();
    if !is_coded {
        coded.push(0..value.len());
    }
    coded
        .into_iter()
        .map(|part| {
            let raw = value.get(part.clone()).unwrap_or_default().trim_end();
            let bare = raw.trim_start();
            let said = bare.strip_prefix(PROMPT).map(str::trim_start);
            let start = part.start + (raw.len() - said.unwrap_or(bare).len());
            Coded { part: start..part.start + raw.len(), is_coded, said: said.is_some() }
        })
        .filter(|coded| {
            let command = value.get(coded.part.clone()).unwrap_or_default();
            !command.is_empty() && !["none", "-", "n/a"].iter().any(|no| no.eq_ignore_ascii_case(command))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(field: FieldName, value: &str) -> Result<Fields, ProblemKind> {
        let mut fields = Fields::default();
        let value = Value { text: Cow::Borrowed(value), span: Span::new(100, 100 + value.len()) };
        fields.take(field, &value).map(|()| fields)
    }

    fn line(text: &str) -> Option<(&str, &str)> {
        let line = field_line(text, Span::new(0, text.len()))?;
        Some((line.name.of(text), line.value.of(text)))
    }

    #[test]
    fn a_field_is_known_in_any_case_and_spelling_of_its_words() {
        for name in
            ["Max iterations", "max_iterations", "MAX-ITERATIONS", "maxIterations", " max  iterations "]
        {
            assert_eq!(FieldName::named(name), Some(FieldName::MaxIterations), "{name}");
        }
        assert_eq!(FieldName::named("dependsOn"), Some(FieldName::DependsOn));
        assert_eq!(FieldName::named("Estimate"), None);
    }

    #[test]
    fn a_misspelled_field_is_near_and_another_word_is_not() {
        for (name, near) in [
            ("Dependson", Some(FieldName::DependsOn)),
            ("Depend on", Some(FieldName::DependsOn)),
            ("Priorty", Some(FieldName::Priority)),
            ("max iteration", Some(FieldName::MaxIterations)),
            ("Agnet", Some(FieldName::Agent)),
            ("Priority", None),
            ("Estimate", None),
            ("Note", None),
            ("Content", None),
        ] {
            assert_eq!(FieldName::near(name), near, "{name}");
        }
    }

    #[test]
    fn a_field_line_is_read_plain_and_emphasised() {
        for text in [
            "Depends on: US-1",
            "**Depends on:** US-1",
            "**Depends on**: US-1",
            "__Depends on:__ US-1",
            "*Depends on*: US-1",
            "**Depends on: US-1**",
            "Depends on: US-1 <!-- see below -->",
            "Depends on: US-1\\",
            "Depends on :\tUS-1",
        ] {
            assert_eq!(line(text), Some(("Depends on", "US-1")), "{text}");
        }
        assert_eq!(line("Verify:"), Some(("Verify", "")));
        for text in [
            "no colon",
            "http://example.org",
            "std::fmt",
            ": x",
            "`Priority: 2`",
            "What we want here is: a lot",
            "Größe: 2",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn dependencies_are_listed_by_comma_and_and_with_their_places() {
        let fields =
            taken(FieldName::DependsOn, "US-1, `US-2` and [Task 3](#task-3); US-4 (schema), and US-5.")
                .unwrap();
        let found: Vec<_> =
            fields.depends_on.iter().map(|id| (id.value.as_str(), id.span.start - 100)).collect();
        assert_eq!(found, [("US-1", 0), ("US-2", 7), ("Task 3", 18), ("US-4", 36), ("US-5", 55)]);
        for nothing in ["none", "None.", "-", "n/a"] {
            let none = Fields { waits_for_none: true, ..Fields::default() };
            assert_eq!(taken(FieldName::DependsOn, nothing), Ok(none), "{nothing}");
        }
        assert_eq!(taken(FieldName::DependsOn, ""), Ok(Fields::default()));
    }

    #[test]
    fn valid_values_are_taken() {
        let one = |field, value| taken(field, value).unwrap();
        assert_eq!(one(FieldName::Priority, "2").priority.unwrap().value, 2);
        assert_eq!(one(FieldName::Priority, "P1").priority.unwrap().value, 1);
        assert_eq!(one(FieldName::Priority, "High").priority.unwrap().value, 1);
        assert_eq!(
            one(FieldName::MaxIterations, "`5`").max_iterations.unwrap(),
            Placed { value: 5, span: Span::new(101, 102) }
        );
        for cost in ["2.5", "$2.50", "2.5 USD", "2.5$", "\"2.5\""] {
            assert_eq!(one(FieldName::MaxCost, cost).max_cost.unwrap().value, 2.5, "{cost}");
        }
        for place in ["in-place", "In place", "in_place"] {
            assert_eq!(one(FieldName::Isolation, place).isolation.unwrap().value, Isolation::InPlace);
        }
        assert_eq!(one(FieldName::Context, "Fresh").context.unwrap().value, ContextMode::Fresh);
        assert_eq!(one(FieldName::Autonomy, "full-auto").autonomy.unwrap().value, Autonomy::FullAuto);
        assert!(one(FieldName::SingleTask, "Yes").single_task.unwrap().value);
        assert!(!one(FieldName::SingleTask, "off").single_task.unwrap().value);
        assert_eq!(one(FieldName::Agent, "codex").agent.unwrap().value, "codex");
        let commands = |value| -> Vec<String> {
            one(FieldName::Verify, value).verify.into_iter().map(|command| command.value).collect()
        };
        assert_eq!(commands("cargo test --all"), ["cargo test --all"]);
        assert_eq!(commands("`cargo test` and ` cargo fmt --check `"), ["cargo test", "cargo fmt --check"]);
        assert!(commands("none").is_empty());
        assert_eq!(commands("$ a thing > b"), ["a thing > b"]);
        assert_eq!(commands("`make sure`"), ["make sure"], "what is in backticks is read later");
        for words in ["make sure it works", "touch the button > the menu opens", "kill all; sign in again"] {
            assert_eq!(
                taken(FieldName::Verify, words),
                Err(ProblemKind::NoCommand { name: None }),
                "{words}"
            );
        }
    }

    #[test]
    fn an_invalid_value_says_what_is_expected_and_the_nearest_word() {
        let problem = |field, value| match taken(field, value) {
            Err(ProblemKind::InvalidField { name, expected, nearest }) => (name, expected, nearest),
            other => panic!("{value}: {other:?}"),
        };
        let text = |name: &str, expected: &str, nearest: Option<&str>| {
            (name.to_owned(), expected.to_owned(), nearest.map(str::to_owned))
        };
        assert_eq!(
            problem(FieldName::Isolation, "worktre"),
            text("Isolation", "worktree or in-place", Some("worktree"))
        );
        assert_eq!(problem(FieldName::Context, "nothing"), text("Context", "resume or fresh", None));
        assert_eq!(
            problem(FieldName::Autonomy, "gaurded"),
            text("Autonomy", "full_auto, guarded or manual", Some("guarded"))
        );
        assert_eq!(
            problem(FieldName::SingleTask, "treu"),
            text("Single task", "true or false", Some("true"))
        );
        for bad in ["0", "-1", "many", "4294967296", "1.5"] {
            assert_eq!(
                problem(FieldName::MaxIterations, bad),
                text("Max iterations", "a whole number from 1", None),
                "{bad}"
            );
        }
        for bad in ["0", "-2", "NaN", "inf", "cheap", "é$"] {
            assert_eq!(problem(FieldName::MaxCost, bad).0, "Max cost", "{bad}");
        }
        assert_eq!(problem(FieldName::Priority, "hihg").2, Some("high".to_owned()));
    }

    #[test]
    fn own_fields_win_over_the_defaults() {
        let defaults = Fields {
            priority: taken(FieldName::Priority, "1").unwrap().priority,
            agent: taken(FieldName::Agent, "claude").unwrap().agent,
            verify: taken(FieldName::Verify, "make").unwrap().verify,
            ..Fields::default()
        };
        let own = Fields { agent: taken(FieldName::Agent, "codex").unwrap().agent, ..Fields::default() };
        let over = own.over(&defaults);
        assert_eq!(over.agent.unwrap().value, "codex");
        assert_eq!(over.priority.unwrap().value, 1);
        assert_eq!(over.verify.len(), 1);
    }
}
