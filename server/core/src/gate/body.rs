//! Reads what stands between a gate's tags: JSON, YAML, or `key: value` line by line, into a [`Gate`].

use super::{
    reading::{Gate, MOST_MILESTONES, Reading, Verdict, short},
    scan::Fence,
};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use std::fmt;

/// A longer body is not read. A gate of an eloquent agent has about 2 KiB.
const MAX_BYTES: usize = 64 * 1024;
/// Collections inside of collections, in YAML. A gate needs two.
const MAX_DEPTH: usize = 16;

/// Why a body cannot be read; completes the sentence “the gate …”.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unreadable {
    #[error("is longer than {} KiB", MAX_BYTES / 1024)]
    TooLong,
    #[error("is empty")]
    Empty,
    #[error("begins with a brace, but is not JSON: {0}")]
    Json(String),
    #[error("has no `key: value` line")]
    NoKeys,
}

/// Keys and values in their order, repeated keys included.
pub(super) type Entries = Vec<(String, Value)>;

/// Reads a body, whose lines end in `\n`.
pub(super) fn parse(body: &str) -> Result<Entries, Unreadable> {
    if body.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    let body = without_fence(body);
    let body = body.trim_end();
    let begin = body.trim_start();
    if begin.is_empty() {
        return Err(Unreadable::Empty);
    }
    if begin.starts_with('{') {
        return serde_json::from_str::<Listed>(begin).map(|listed| listed.0).or_else(|error| {
            // Single quotes, bare keys and a comma at the end are no JSON, but flow YAML.
            yaml(begin).ok_or_else(|| Unreadable::Json(error.to_string()))
        });
    }
    let read = if hash_begins_value(body) { None } else { yaml(body) };
    match read.unwrap_or_else(|| lines(body)) {
        entries if entries.is_empty() => Err(Unreadable::NoKeys),
        entries => Ok(entries),
    }
}

/// Reads a body line by line only, as the tools do whose blocks are no YAML.
pub(super) fn parse_lines(body: &str) -> Result<Entries, Unreadable> {
    if body.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    match lines(body) {
        entries if entries.is_empty() => Err(Unreadable::NoKeys),
        entries => Ok(entries),
    }
}

/// Returns how many lines below the opening tag's own line a key stands first.
pub(super) fn line_of_key(body: &str, key: &str) -> Option<usize> {
    body.lines().take(MAX_BYTES).position(|line| {
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || "{,-*`\"'".contains(c));
        line.split_at_checked(key.len()).is_some_and(|(head, rest)| {
            let rest = rest.trim_start_matches(['"', '\'', '*', '`']).trim_start();
            head.eq_ignore_ascii_case(key) && rest.starts_with(':')
        })
    })
}

/// Takes off the fence around the whole body, if there is one; a fence that is only opened counts too.
fn without_fence(body: &str) -> &str {
    let trimmed = body.trim();
    let first = trimmed.lines().next().unwrap_or_default();
    let Some(fence) = Fence::opened_by(0, first.trim_end()) else { return body };
    let inside = trimmed.get(first.len()..).unwrap_or_default().trim_start_matches('\n');
    match inside.rsplit_once('\n') {
        Some((inside, last)) if fence.is_closed_by(last) => inside,
        None if fence.is_closed_by(inside) => "",
        _ => inside,
    }
}

/// Says whether a value begins with a hash that is not a comment, as in `blockers: #12 is open`: to YAML the value is
/// nothing, to the agent it is everything.
fn hash_begins_value(body: &str) -> bool {
    body.lines().any(|line| {
        line.split_once(": #")
            .or_else(|| line.trim_start().split_once("- #"))
            // Inside of quotes a hash is a hash to YAML, too.
            .is_some_and(|(before, rest)| {
                !before.contains('"') && rest.starts_with(|c: char| c.is_alphanumeric())
            })
    })
}

fn yaml(body: &str) -> Option<Entries> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    };
    serde_saphyr::from_str_with_options::<Listed>(body, options).ok().map(|listed| listed.0)
}

/// A mapping that keeps repeated keys.
struct Listed(Entries);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lister;
        impl<'de> Visitor<'de> for Lister {
            type Value = Listed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, Value>()? {
                    entries.push(entry);
                }
                if entries.is_empty() { Err(de::Error::custom("no keys")) } else { Ok(Listed(entries)) }
            }
        }
        deserializer.deserialize_map(Lister)
    }
}

const KNOWN: [&str; 8] =
    ["ready", "reason", "progress", "blockers", "question", "checks_changed", "confidence", "milestones"];

/// A key of a body that is read line by line, with what follows it.
struct Entry {
    key: String,
    column: usize,
    text: String,
    items: Vec<String>,
}

/// Reads `key: value` lines, with block lists and continued lines below them.
fn lines(body: &str) -> Entries {
    let mut entries: Vec<Entry> = Vec::new();
    for line in body.lines() {
        let text = line.trim();
        let column = line.chars().count() - line.trim_start().chars().count();
        if text.is_empty() || matches!(text, "---" | "...") {
            continue;
        }
        let last = entries.last_mut();
        let begins_entry = key_and_value(text).filter(|(key, _)| {
            last.as_ref().is_none_or(|last| column <= last.column)
                || KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known))
        });
        if let Some((key, value)) = begins_entry {
            let value = if matches!(value, "|" | ">" | "|-" | ">-") { "" } else { value };
            entries.push(Entry { key: key.to_owned(), column, text: value.to_owned(), items: Vec::new() });
            continue;
        }
        let Some(last) = last else { continue };
        match (list_item(text), last.items.last_mut()) {
            (Some(item), _) => last.items.push(item.to_owned()),
            (None, Some(item)) => continue_with(item, text),
            (None, None) => continue_with(&mut last.text, text),
        }
    }
    entries.into_iter().map(|entry| (entry.key.clone(), entry.into_value())).collect()
}

impl Entry {
    fn into_value(self) -> Value {
        let list = self.text.strip_prefix('[').map(|inside| inside.strip_suffix(']').unwrap_or(inside));
        let texts: Vec<&str> = match list {
            Some(inside) => split_flow(inside),
            None if self.items.is_empty() => return Value::from(unquoted(&self.text)),
            None => vec![&self.text],
        };
        let items = self.items.iter().map(String::as_str);
        texts.into_iter().chain(items).map(unquoted).filter(|text| !text.is_empty()).collect()
    }
}

fn continue_with(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

fn list_item(text: &str) -> Option<&str> {
    if text == "-" { Some("") } else { text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) }
        .map(str::trim)
}

/// Splits `key: value`; the key is one word, which may be quoted, bold or code.
fn key_and_value(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let key = key.trim_matches(|c: char| c.is_whitespace() || "\"'*`".contains(c));
    let is_word = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    // `**ready:** true` closes its bold text behind the colon.
    let value = value.strip_prefix("**").unwrap_or(value);
    (is_word && (value.is_empty() || value.starts_with(char::is_whitespace))).then_some((key, value.trim()))
}

/// Splits what stands between the brackets of a flow list at its commas, those inside quotes left alone.
fn split_flow(inside: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"') => quote = Some(c),
            (None, ',') => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    parts
}

/// Takes off the quotes around a text, balanced or not.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.strip_suffix(quote).unwrap_or(inside);
        }
    }
    text
}

pub(super) struct Understood {
    pub(super) gate: Gate,
    pub(super) ready: Ready,
    /// What of it is ignored: a clause.
    ignored: Option<String>,
}

/// What a body says of its readiness.
pub(super) enum Ready {
    Is(bool),
    Absent,
    Repeated,
    NotBoolean(String),
}

/// Sorts entries into a gate; `ready_key` is the key that says ready. Keys are compared without regard to case.
pub(super) fn understand(entries: Entries, ready_key: &str) -> Understood {
    let mut gate = Gate::default();
    let mut ready = Ready::Absent;
    let mut ignored = None;
    for (key, value) in entries {
        let known = key.trim().to_ascii_lowercase();
        match known.as_str() {
            known if known == ready_key => {
                ready = match (&ready, strict_boolean(&value)) {
                    (Ready::Absent, Some(value)) => Ready::Is(value),
                    (Ready::Absent, None) => Ready::NotBoolean(text_of(&value)),
                    _ => Ready::Repeated,
                }
            }
            // In a dialect this key has no meaning. Stored next to the real key, it would be read back as that key.
            "ready" => {}
            "reason" => gate.reason = Some(text_of(&value)).filter(|text| !text.is_empty()),
            "progress" => gate.progress = Some(text_of(&value)).filter(|text| !text.is_empty()),
            "question" => gate.question = Some(list_of(&value).join("\n")).filter(|text| !text.is_empty()),
            "checks_changed" => {
                gate.checks_changed = Some(list_of(&value).join("\n")).filter(|text| !text.is_empty());
            }
            "blockers" => gate.blockers.extend(list_of(&value)),
            "milestones" => {
                gate.milestones.extend(list_of(&value));
                gate.milestones.truncate(MOST_MILESTONES);
            }
            "confidence" => match share_of(&value) {
                Ok(share) => gate.confidence = share,
                Err(said) => {
                    ignored = Some(format!(
                        "`confidence` is `{}`, not a number from 0 to 1, and ignored",
                        short(&said)
                    ));
                }
            },
            _ => {
                gate.extra.insert(key, value);
            }
        }
    }
    if let Ready::Is(value) = ready {
        gate.ready = Some(value);
    }
    Understood { gate, ready, ignored }
}

fn strict_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => {
            let word = text.split(" #").next().unwrap_or_default();
            match unquoted(word).trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(true),
                "false" | "no" | "0" => Some(false),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Reads a share from 0 to 1, also as a percentage; `None` if nothing is said. What is no share comes back as it was written.
fn share_of(value: &Value) -> Result<Option<f64>, String> {
    let said = text_of(value);
    let text = unquoted(&said);
    if says_nothing(text) {
        return Ok(None);
    }
    let (digits, of) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits.trim_end(), 100.0));
    let share = digits.parse::<f64>().ok().map(|number| number / of);
    share.filter(|share| (0.0..=1.0).contains(share)).map(Some).ok_or(said)
}

/// Says whether a blocker or a question is only there to fill its place.
fn says_nothing(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'`.".contains(c)).to_lowercase();
    ["", "none", "null", "nil", "n/a", "na", "nothing", "no", "false", "-", "–", "—", "~", "[]", "{}"]
        .contains(&text.as_str())
}

/// Writes a value as one text: a list's items are joined with `; `.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().map(text_of).filter(|text| !text.is_empty()).collect();
            texts.join("; ")
        }
        Value::Object(map) => {
            let texts: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", text_of(value))).collect();
            texts.join("; ")
        }
        other => other.to_string(),
    }
}

/// Writes a value as a list: its items, or its text's lines, those that say nothing left out.
fn list_of(value: &Value) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text_of).collect(),
        Value::String(text) if text.trim().contains('\n') => {
            text.lines().map(|line| list_item(line.trim()).unwrap_or(line).trim().to_owned()).collect()
        }
        other => vec![text_of(other)],
    };
    texts.into_iter().filter(|text| !says_nothing(text)).collect()
}

/// Turns what was understood into a verdict; `at` is the line and `key` the name of the word that says ready.
pub(super) fn judge(understood: Understood, at: usize, key: &str) -> Reading {
    let Understood { gate, ready, ignored } = understood;
    let (verdict, why) = match ready {
        Ready::Absent => (Verdict::Malformed, format!("the gate does not say `{key}`")),
        Ready::Repeated => (Verdict::Malformed, format!("the gate says `{key}` more than once")),
        Ready::NotBoolean(text) => {
            (Verdict::Malformed, format!("`{key}` is `{}`, which is neither true nor false", short(&text)))
        }
        Ready::Is(false) => (Verdict::NotReady, format!("`{key}` is false")),
        Ready::Is(true) => match (gate.blockers.first(), &gate.question) {
            (Some(blocker), _) => (
                Verdict::Contradictory,
                format!("`{key}` is true, but a blocker is named: “{}”", short(blocker)),
            ),
            (None, Some(question)) => (
                Verdict::Contradictory,
                format!("`{key}` is true, but a question is asked: “{}”", short(question)),
            ),
            (None, None) => {
                (Verdict::Ready, format!("`{key}` is true and nothing is said to stand in the way"))
            }
        },
    };
    let ignored = ignored.map(|what| format!("; {what}")).unwrap_or_default();
    Reading::new(verdict, Some(gate), format!("line {at}: {why}{ignored}"))
}
