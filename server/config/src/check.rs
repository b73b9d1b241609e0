//! Checks what one layer says against the schema, key by key, and takes out what cannot be.

use super::{
    HumanDuration,
    schema::{SCHEMA, without_null, words_of},
    source::{child, element},
};
use alfine_core::{nearest, printable::printable};
use alfine_secrets::mask_pattern;
use globset::Glob;
use serde_json::{Map, Value};
use std::{
    collections::HashSet,
    path::{Component, Path},
};

/// More of one layer than this are counted, not told.
const MOST_PROBLEMS: usize = 20;
/// The table of the limits.
const LIMITS: &str = "limits";

/// Something wrong with one key or value.
#[derive(Debug, Clone)]
pub(super) struct Flaw {
    /// The dotted path of what is wrong.
    pub(super) path: String,
    /// Whether the key is wrong, rather than its value.
    pub(super) at_key: bool,
    /// Whether the layer cannot be taken as it is.
    pub(super) fatal: bool,
    pub(super) message: String,
    /// What was probably meant.
    pub(super) suggestion: Option<String>,
}

/// Checks a layer, and leaves in `tree` only what is valid.
pub(super) fn check(tree: &mut Map<String, Value>) -> Vec<Flaw> {
    let mut checker = Checker { flaws: Vec::new(), left_out: 0 };
    checker.table(&SCHEMA, tree, "");
    checker.verifiers(tree);
    if checker.left_out > 0 {
        let message = format!("{} more settings are unknown or invalid", checker.left_out);
        checker.flaws.push(Flaw {
            path: String::new(),
            at_key: true,
            fatal: true,
            message,
            suggestion: None,
        });
    }
    checker.flaws
}

struct Checker {
    flaws: Vec<Flaw>,
    left_out: usize,
}

impl Checker {
    fn wrong(&mut self, path: &str, message: impl FnOnce() -> String) {
        self.add(|| Flaw {
            path: path.to_owned(),
            at_key: false,
            fatal: true,
            message: message(),
            suggestion: None,
        });
    }

    fn add(&mut self, flaw: impl FnOnce() -> Flaw) {
        if self.flaws.len() < MOST_PROBLEMS {
            self.flaws.push(flaw());
        } else {
            self.left_out += 1;
        }
    }

    fn table(&mut self, schema: &Value, table: &mut Map<String, Value>, path: &str) {
        table.retain(|key, value| {
            let at = child(path, key);
            let Some(schema) = schema_of_key(schema, key) else {
                self.unknown(schema, path, key);
                return false;
            };
            self.value(schema, value, &at)
        });
    }

    fn unknown(&mut self, schema: &Value, path: &str, key: &str) {
        let names_of_agents = schema.pointer("/propertyNames/enum").and_then(Value::as_array);
        self.add(|| {
            let at = child(path, key);
            let (suggestion, message) = match names_of_agents {
                Some(names) => {
                    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                    let known = alternatives(&names);
                    (
                        nearest(key, names).map(str::to_owned),
                        format!("no such agent `{}`: it must be {known}", shown(&at)),
                    )
                }
                None => (nearest_setting(schema, path, key), format!("unknown setting `{}`", shown(&at))),
            };
            // A limit that is misspelt is no limit: nothing may start without it.
            let of_limits = |name: &str| name == LIMITS || name.starts_with("limits.");
            let fatal =
                names_of_agents.is_some() || of_limits(&at) || suggestion.as_deref().is_some_and(of_limits);
            Flaw { path: at, at_key: true, fatal, message, suggestion }
        });
    }

    /// Says whether the value can stay.
    fn value(&mut self, schema: &Value, value: &mut Value, at: &str) -> bool {
        let schema = without_null(schema);
        if let Some(words) = words_of(schema) {
            return self.word(&words, value, at);
        }
        let kind = schema.get("type").map_or("", |kind| match kind {
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("")
            }
            kind => kind.as_str().unwrap_or(""),
        });
        let fits = match (kind, &mut *value) {
            ("object", Value::Object(table)) => {
                self.table(schema, table, at);
                return self.required(schema, table, at);
            }
            ("array", Value::Array(elements)) => return self.elements(schema, elements, at),
            ("string", Value::String(text)) => return self.text(schema, text, at),
            ("boolean", Value::Bool(_)) => true,
            ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
            ("number", Value::Number(_)) => true,
            _ => false,
        };
        if !fits {
            self.wrong(at, || {
                format!("`{}` must be {}, not {}", shown(at), expected(schema, kind), quoted(value))
            });
            return false;
        }
        self.in_range(schema, value, at)
    }

    fn word(&mut self, words: &[&str], value: &Value, at: &str) -> bool {
        let fits = value.as_str().is_some_and(|text| words.contains(&text));
        if !fits {
            self.add(|| Flaw {
                path: at.to_owned(),
                at_key: false,
                fatal: true,
                message: format!("`{}` must be {}, not {}", shown(at), alternatives(words), quoted(value)),
                suggestion: value
                    .as_str()
                    .and_then(|text| nearest(text, words.iter().copied()))
                    .map(str::to_owned)
                    .map(|word| format!("\"{word}\"")),
            });
        }
        fits
    }

    fn required(&mut self, schema: &Value, table: &Map<String, Value>, at: &str) -> bool {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let missing: Vec<&str> =
            required.filter_map(Value::as_str).filter(|&key| !table.contains_key(key)).collect();
        for key in &missing {
            // A required key that is there and wrong was told already.
            if !self.flaws.iter().any(|flaw| flaw.path == child(at, key)) {
                self.wrong(at, || format!("`{}` needs `{key}`", shown(at)));
            }
        }
        missing.is_empty()
    }

    fn elements(&mut self, schema: &Value, elements: &mut [Value], at: &str) -> bool {
        let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
        if elements.len() as u64 > most {
            self.wrong(at, || format!("`{}` has {} elements, above {most}", shown(at), elements.len()));
            return false;
        }
        let Some(schema) = schema.get("items") else { return true };
        let mut fit = true;
        for (index, value) in elements.iter_mut().enumerate() {
            fit &= self.value(schema, value, &element(at, index));
        }
        fit
    }

    fn text(&mut self, schema: &Value, text: &str, at: &str) -> bool {
        let bound =
            |key| schema.get(key).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        if text.trim().is_empty() && bound("minLength").is_some() {
            self.wrong(at, || format!("`{}` is empty", shown(at)));
            return false;
        }
        if let Some(most) = bound("maxLength").filter(|&most| text.chars().count() > most) {
            self.wrong(at, || format!("`{}` is longer than {most} characters", shown(at)));
            return false;
        }
        let format = schema.get("format").and_then(Value::as_str).unwrap_or("");
        match fault_of_text(format, text) {
            None => true,
            Some(fault) => {
                self.wrong(at, || format!("`{}`: {} {fault}", shown(at), quoted(&Value::from(text))));
                false
            }
        }
    }

    fn in_range(&mut self, schema: &Value, value: &Value, at: &str) -> bool {
        let number = value.as_f64().unwrap_or_default();
        let least = schema.get("minimum").filter(|least| least.as_f64().is_some_and(|least| number < least));
        let most = schema.get("maximum").filter(|most| most.as_f64().is_some_and(|most| number > most));
        let bound = match (least, most) {
            (Some(least), _) => format!("below {least}, the least it can be"),
            (_, Some(most)) if at == "limits.iterations" => format!("above the hard limit of {most}"),
            (_, Some(most)) => format!("above {most}, the most it can be"),
            _ => return true,
        };
        self.wrong(at, || format!("`{}` is {value}, {bound}", shown(at)));
        false
    }

    /// What the schema cannot say of verifiers.
    fn verifiers(&mut self, tree: &mut Map<String, Value>) {
        let Some(Value::Array(verifiers)) = tree.get("verifiers") else { return };
        let before = (self.flaws.len(), self.left_out);
        let mut names = HashSet::new();
        for (index, verifier) in verifiers.iter().enumerate() {
            let at = element("verifiers", index);
            let word = |key| verifier.get(key).and_then(Value::as_str);
            let name = word("name").unwrap_or_default();
            if !names.insert(name) {
                self.wrong(&child(&at, "name"), || {
                    format!("two verifiers have the name {}", quoted(&name.into()))
                });
            }
            match (word("kind").unwrap_or("command"), word("command")) {
                ("command", None) => self.wrong(&at, || format!("`{at}` needs `command`, or another `kind`")),
                ("command", Some(_)) | (_, None) => {}
                (kind, Some(_)) => self.wrong(&child(&at, "command"), || {
                    format!("a verifier of the kind \"{kind}\" has no `command`")
                }),
            }
        }
        if before != (self.flaws.len(), self.left_out) {
            tree.remove("verifiers");
        }
    }
}

fn schema_of_key<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    if let Some(schema) = schema.get("properties").and_then(|properties| properties.get(key)) {
        return Some(schema);
    }
    let names = schema.pointer("/propertyNames/enum").and_then(Value::as_array);
    if names.is_some_and(|names| !names.iter().any(|name| name == key)) {
        return None;
    }
    schema.get("additionalProperties").filter(|schema| schema.is_object())
}

fn alternatives(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

fn expected(schema: &Value, kind: &str) -> String {
    let range = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        _ => String::new(),
    };
    match kind {
        "integer" => format!("a whole number{range}"),
        "number" => format!("a number{range}"),
        "boolean" => "true or false".to_owned(),
        "array" => "a list in [ ]".to_owned(),
        "object" => "a table".to_owned(),
        _ if schema.get("format").is_some_and(|format| format == HumanDuration::FORMAT) => {
            "a length of time such as \"15m\"".to_owned()
        }
        _ => "a text in quotes".to_owned(),
    }
}

/// Says what is wrong with a text of this format: how the sentence that begins with the text goes on.
fn fault_of_text(format: &str, text: &str) -> Option<String> {
    match format {
        HumanDuration::FORMAT => text.parse::<HumanDuration>().err().map(|_| {
            "is not a length of time: write it as \"90s\", \"15m\" or \"4h\", above zero and below a year"
                .to_owned()
        }),
        "glob" => Glob::new(text).err().map(|error| format!("is not a glob: {}", error.kind())),
        "inner-glob" => inner_path(text).or_else(|| fault_of_text("glob", text)),
        "inner-path" => inner_path(text),
        "regex" => fault_of_regex(text),
        // An agent's CLI would take it for an option.
        "argument" if text.starts_with('-') => Some("begins with “-”".to_owned()),
        "argument" if text.contains(char::is_control) => Some("has control characters".to_owned()),
        _ => None,
    }
}

fn inner_path(text: &str) -> Option<String> {
    let inner =
        Path::new(text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (!inner || text.trim().is_empty() || text.contains('\0'))
        .then(|| "is not a path below the repository's root".to_owned())
}

fn fault_of_regex(text: &str) -> Option<String> {
    match mask_pattern(text) {
        Ok(pattern) if pattern.is_match(b"") => {
            Some("matches where there is nothing: it would mask every place".to_owned())
        }
        Ok(_) => None,
        Err(regex::Error::CompiledTooBig(_)) => Some("is too large a regular expression".to_owned()),
        // The error draws the expression over several lines; its last one says what is wrong.
        Err(error) => {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Some(format!("is not a regular expression: {reason}"))
        }
    }
}

/// Looks for a known setting: of the same table, else with the same name in another one.
fn nearest_setting(schema: &Value, path: &str, key: &str) -> Option<String> {
    let names = |schema: &Value| -> Vec<String> {
        let properties = schema.get("properties").and_then(Value::as_object);
        properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
    };
    let here = names(schema);
    let near = nearest(key, here.iter().map(String::as_str)).map(str::to_owned);
    if let Some(name) = near.or_else(|| with_a_word_of(key, &here).filter(|_| path == LIMITS)) {
        return Some(child(path, &name));
    }
    let key = key.replace('-', "_").to_lowercase();
    let sections = SCHEMA.get("properties")?.as_object()?;
    if sections.contains_key(&key) {
        return Some(key);
    }
    let (section, _) = sections.iter().find(|(_, section)| names(section).contains(&key))?;
    Some(child(section, &key))
}

/// Looks for a name that has a word of this one: `max_cost` for `cost_usd`.
fn with_a_word_of(key: &str, known: &[String]) -> Option<String> {
    let words = |name: &str| -> Vec<String> {
        name.replace('-', "_").to_lowercase().split('_').map(str::to_owned).collect()
    };
    let own = words(key);
    known.iter().find(|name| words(name).iter().any(|word| own.contains(word))).cloned()
}

/// A value as a message shows it: one line, cut.
fn quoted(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        value => shown(&value.to_string()),
    }
}

fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(100).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    printable(&short)
}
