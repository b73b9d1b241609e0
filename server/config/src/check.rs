//! Checks what one layer says against the catalogue, key by key, and takes out what is invalid.

use super::{
    HumanDuration, aliases,
    catalogue::{Format, Setting, Takes, Word},
    source::{child, element},
};
use alfine_core::{
    lint::{self, LintCode, Weakness},
    nearest,
    printable::printable,
};
use alfine_secrets::mask_pattern;
use globset::Glob;
use serde_json::{Map, Number, Value};
use std::{
    collections::HashSet,
    path::{Component, Path},
};

/// The most problems of one layer that are reported one by one; the rest is only counted.
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
    /// What a command is found to be, which is a setting like any other.
    pub(super) lint: Option<LintCode>,
}

impl Flaw {
    /// A value with which the layer cannot be taken.
    pub(super) fn of_value(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), at_key: false, fatal: true, message, suggestion: None, lint: None }
    }
}

/// Checks a layer, and leaves in `tree` only what is valid.
pub(super) fn check(tree: &mut Map<String, Value>) -> Vec<Flaw> {
    let mut checker = Checker { flaws: Vec::new(), left_out: 0 };
    checker.table(Setting::root(), tree, "");
    checker.verifiers(tree);
    if checker.left_out > 0 {
        let message = format!("{} more settings are unknown or invalid", checker.left_out);
        checker.flaws.push(Flaw { at_key: true, ..Flaw::of_value("", message) });
    }
    checker.flaws
}

struct Checker {
    flaws: Vec<Flaw>,
    left_out: usize,
}

impl Checker {
    fn wrong(&mut self, path: &str, message: impl FnOnce() -> String) {
        self.add(|| Flaw::of_value(path, message()));
    }

    fn add(&mut self, flaw: impl FnOnce() -> Flaw) {
        if self.flaws.len() < MOST_PROBLEMS {
            self.flaws.push(flaw());
        } else {
            self.left_out += 1;
        }
    }

    fn table(&mut self, setting: &Setting, table: &mut Map<String, Value>, path: &str) {
        table.retain(|key, value| match setting.child(key) {
            Some(setting) => self.value(setting, value, &child(path, key)),
            None => {
                self.unknown(setting, path, key);
                false
            }
        });
    }

    fn unknown(&mut self, setting: &Setting, path: &str, key: &str) {
        self.add(|| {
            let at = child(path, key);
            // Of all tables only that of the agents has names to choose from.
            let agents = match &setting.takes {
                Takes::Map { names, .. } => Some(names.iter().map(String::as_str)),
                _ => None,
            };
            let is_agent = agents.is_some();
            let (suggestion, message) = match agents {
                Some(names) => {
                    let known = alternatives(names.clone());
                    let message = format!("no such agent `{}`: it must be {known}", shown(&at));
                    (nearest(key, names).map(str::to_owned), message)
                }
                None => (setting.nearest_child(path, key), format!("unknown setting `{}`", shown(&at))),
            };
            // A misspelt limit would be missing, and nothing may start without a limit that the user wanted.
            let of_limits =
                |name: &str| name == LIMITS || name.starts_with("limits.") || aliases::name_limits(name);
            let fatal = is_agent || of_limits(&at) || suggestion.as_deref().is_some_and(of_limits);
            Flaw { path: at, at_key: true, fatal, message, suggestion, lint: None }
        });
    }

    /// Says whether the value can stay.
    fn value(&mut self, setting: &Setting, value: &mut Value, at: &str) -> bool {
        match (&setting.takes, &mut *value) {
            (Takes::Words(words), value) => self.word(words, value, at),
            (Takes::Table { required, .. }, Value::Object(table)) => {
                self.table(setting, table, at);
                self.required(required, table, at)
            }
            (Takes::Map { .. }, Value::Object(table)) => {
                self.table(setting, table, at);
                true
            }
            (Takes::List { of, most }, Value::Array(elements)) => self.elements(of, *most, elements, at),
            (Takes::Text { format, may_be_blank, most }, Value::String(text)) => {
                self.text(*format, *may_be_blank, *most, text, at)
            }
            (Takes::Truth, Value::Bool(_)) => true,
            (Takes::Number { whole, least, most }, Value::Number(number))
                if !whole || number.is_i64() || number.is_u64() =>
            {
                self.in_range(least.as_ref(), most.as_ref(), number, at)
            }
            (takes, value) => {
                self.wrong(at, || {
                    format!("`{}` must be {}, not {}", shown(at), expected(takes), quoted(value))
                });
                false
            }
        }
    }

    fn word(&mut self, words: &[Word], value: &Value, at: &str) -> bool {
        let words = words.iter().map(|it| it.word.as_str());
        let fits = value.as_str().is_some_and(|text| words.clone().any(|word| word == text));
        if !fits {
            self.add(|| {
                let known = alternatives(words.clone());
                let near = value.as_str().and_then(|text| nearest(text, words));
                let message = format!("`{}` must be {known}, not {}", shown(at), quoted(value));
                Flaw { suggestion: near.map(|word| format!("\"{word}\"")), ..Flaw::of_value(at, message) }
            });
        }
        fits
    }

    fn required(&mut self, required: &[String], table: &Map<String, Value>, at: &str) -> bool {
        let missing: Vec<&String> = required.iter().filter(|&key| !table.contains_key(key)).collect();
        for key in &missing {
            // A required key that is there but wrong was reported already.
            if !self.flaws.iter().any(|flaw| flaw.path == child(at, key)) {
                self.wrong(at, || format!("`{}` needs `{key}`", shown(at)));
            }
        }
        missing.is_empty()
    }

    fn elements(&mut self, of: &Setting, most: Option<usize>, elements: &mut [Value], at: &str) -> bool {
        if let Some(most) = most.filter(|&most| elements.len() > most) {
            self.wrong(at, || format!("`{}` has {} elements, above {most}", shown(at), elements.len()));
            return false;
        }
        let mut fit = true;
        for (index, value) in elements.iter_mut().enumerate() {
            fit &= self.value(of, value, &element(at, index));
        }
        fit
    }

    fn text(
        &mut self,
        format: Option<Format>,
        may_be_blank: bool,
        most: Option<usize>,
        text: &str,
        at: &str,
    ) -> bool {
        if !may_be_blank && text.trim().is_empty() {
            self.wrong(at, || format!("`{}` is empty", shown(at)));
            return false;
        }
        if let Some(most) = most.filter(|&most| text.chars().count() > most) {
            self.wrong(at, || format!("`{}` is longer than {most} characters", shown(at)));
            return false;
        }
        match format.and_then(|format| fault_of_text(format, text)) {
            None => true,
            Some(fault) => {
                self.wrong(at, || format!("`{}`: {} {fault}", shown(at), quoted(&Value::from(text))));
                false
            }
        }
    }

    fn in_range(&mut self, least: Option<&Number>, most: Option<&Number>, number: &Number, at: &str) -> bool {
        let value = number.as_f64().unwrap_or_default();
        let least = least.filter(|least| least.as_f64().is_some_and(|least| value < least));
        let most = most.filter(|most| most.as_f64().is_some_and(|most| value > most));
        let bound = match (least, most) {
            (Some(least), _) => format!("below {least}, the least it can be"),
            (_, Some(most)) if at == "limits.iterations" => format!("above the hard limit of {most}"),
            (_, Some(most)) => format!("above {most}, the most it can be"),
            _ => return true,
        };
        self.wrong(at, || format!("`{}` is {number}, {bound}", shown(at)));
        false
    }

    /// What the types cannot say of verifiers.
    fn verifiers(&mut self, tree: &mut Map<String, Value>) {
        let Some(Value::Array(verifiers)) = tree.get("verifiers") else { return };
        let before = (self.flaws.len(), self.left_out);
        let mut names = HashSet::new();
        let mut weak = Vec::new();
        for (index, verifier) in verifiers.iter().enumerate() {
            let at = element("verifiers", index);
            let word = |key| verifier.get(key).and_then(Value::as_str);
            let name = word("name").unwrap_or_default();
            if !names.insert(name) {
                self.wrong(&child(&at, "name"), || {
                    format!("two verifiers have the name {}", quoted(&name.into()))
                });
            }
            let kind = word("kind").unwrap_or("command");
            let own = PARTS.iter().find(|(of, _)| *of == kind).map(|(_, parts)| *parts).unwrap_or_default();
            for needed in own.iter().filter(|part| part.needed && verifier.get(part.name).is_none()) {
                let name = needed.name;
                self.wrong(&at, || format!("`{at}` needs `{name}`, or another `kind`"));
            }
            let of_kinds = PARTS.iter().flat_map(|(_, parts)| parts.iter());
            let others: HashSet<&str> = of_kinds
                .map(|part| part.name)
                .filter(|name| verifier.get(*name).is_some() && own.iter().all(|part| part.name != *name))
                .collect();
            for name in others {
                self.wrong(&child(&at, name), || {
                    format!("a verifier of the kind \"{kind}\" has no `{name}`")
                });
            }
            if let ("command", Some(command)) = (kind, word("command")) {
                weak.extend(weakness_at(&child(&at, "command"), command));
            }
        }
        if before != (self.flaws.len(), self.left_out) {
            tree.remove("verifiers");
        }
        for flaw in weak {
            self.add(|| flaw);
        }
    }
}

/// A setting that only some kinds of verifiers have.
struct Part {
    name: &'static str,
    needed: bool,
}

/// What each kind of verifier has beside what all have.
const PARTS: [(&str, &[Part]); 4] = [
    ("command", &[Part { name: "command", needed: true }]),
    ("llm", &[Part { name: "question", needed: true }]),
    (
        "browser",
        &[
            Part { name: "serve", needed: true },
            Part { name: "url", needed: true },
            Part { name: "pages", needed: false },
            Part { name: "wait", needed: false },
            Part { name: "expect", needed: false },
            Part { name: "no_console_errors", needed: false },
        ],
    ),
    ("diagnostics", &[Part { name: "server", needed: true }, Part { name: "files", needed: false }]),
];

/// What is to be said of a command whose status says nothing. It runs all the same.
fn weakness_at(path: &str, command: &str) -> Option<Flaw> {
    // Which programs this machine has is no matter of the settings.
    let Weakness { code, message, instead } = lint::weakness(command, |_| true)?;
    let suggestion = instead.into_iter().next().map(|(_, command)| Value::from(command).to_string());
    Some(Flaw { fatal: false, lint: Some(code), suggestion, ..Flaw::of_value(path, message) })
}

fn alternatives<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

/// What a setting takes, as it is written in the file.
fn expected(takes: &Takes) -> String {
    match takes {
        Takes::Text { format: Some(Format::Duration), .. } => "a length of time such as \"15m\"".to_owned(),
        Takes::Text { .. } => "a text in quotes".to_owned(),
        Takes::List { .. } => "a list in [ ]".to_owned(),
        Takes::Table { .. } | Takes::Map { .. } => "a table".to_owned(),
        takes => takes.to_string(),
    }
}

/// Says what is wrong with a text of this format: how the sentence that begins with the text goes on.
fn fault_of_text(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Duration => text.parse::<HumanDuration>().err().map(|_| {
            "is not a length of time: write it as \"90s\", \"15m\" or \"4h\", above zero and below a year"
                .to_owned()
        }),
        Format::InnerGlob => inner_path(text)
            .or_else(|| Glob::new(text).err().map(|error| format!("is not a glob: {}", error.kind()))),
        Format::InnerPath => inner_path(text),
        // A worktree has two folders of its own above it.
        Format::NearPath => match text.strip_prefix("../") {
            Some(beside) => near_path(beside.strip_prefix("../").unwrap_or(beside)),
            None => inner_path(text),
        },
        Format::Regex => fault_of_regex(text),
        // An agent's CLI would read it as an option.
        Format::Argument if text.starts_with('-') => Some("begins with “-”".to_owned()),
        Format::Argument if text.contains(char::is_control) => Some("has control characters".to_owned()),
        Format::Argument => None,
    }
}

fn near_path(beside: &str) -> Option<String> {
    let has_name = Path::new(beside).components().any(|part| matches!(part, Component::Normal(_)));
    (inner_path(beside).is_some() || !has_name).then(|| {
        "is not a path below the repository's root, or one such as \"../lib\" at most two folders up"
            .to_owned()
    })
}

fn inner_path(text: &str) -> Option<String> {
    if Path::new(text).starts_with("~") {
        return Some("leads to your home, and must be a path below the repository's root".to_owned());
    }
    let inner =
        Path::new(text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (!inner || text.trim().is_empty() || text.contains('\0'))
        .then(|| "is not a path below the repository's root".to_owned())
}

fn fault_of_regex(text: &str) -> Option<String> {
    match mask_pattern(text) {
        Ok(pattern) if pattern.is_match(b"") => {
            Some("matches an empty text, so it would mask every place".to_owned())
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
