//! Every setting with its type, its bounds, its default and its meaning: the schema of the types, read once.
//!
//! The checks, the reference, `alfine settings` and the editors ask here; nothing else walks the JSON schema.

use super::{HumanDuration, schema::SCHEMA};
use alfine_core::{nearest, text::one_line};
use serde_json::{Number, Value};
use std::{fmt, sync::LazyLock};

static ROOT: LazyLock<Setting> = LazyLock::new(|| Setting::of(&SCHEMA));

/// A setting, or a table of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// What the setting means: whole sentences on one line.
    pub meaning: String,
    /// The value that holds if nobody says one; `None` if nothing holds then.
    pub default: Option<Value>,
    /// Values that show what the setting is for.
    pub examples: Vec<Value>,
    /// Which values are valid.
    pub takes: Takes,
}

/// Which values a setting takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    /// One of these words.
    Words(Vec<Word>),
    /// A text.
    Text {
        /// What the text must be beyond a text.
        format: Option<Format>,
        /// Whether the text may be empty or of blanks alone.
        may_be_blank: bool,
        /// The most characters of the text; `None` if there is no limit.
        most: Option<usize>,
    },
    /// `true` or `false`.
    Truth,
    /// A number between two bounds, both of them included.
    Number {
        /// Whether it is a whole number.
        whole: bool,
        /// The lower bound; `None` if there is none.
        least: Option<Number>,
        /// The upper bound; `None` if there is none.
        most: Option<Number>,
    },
    /// A list.
    List {
        /// What each element is.
        of: Box<Setting>,
        /// The most elements of the list; `None` if there is no limit.
        most: Option<usize>,
    },
    /// A table of these settings.
    Table {
        /// The settings in the order of the reference.
        settings: Vec<(String, Setting)>,
        /// The settings that must be there.
        required: Vec<String>,
    },
    /// A table whose keys the user chooses.
    Map {
        /// The keys that are valid; empty if every key is.
        names: Vec<String>,
        /// What each value is.
        of: Box<Setting>,
    },
}

/// A word that a setting takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word as it is written.
    pub word: String,
    /// What the word means; empty if the setting's own meaning says it.
    pub meaning: String,
}

/// What a text must be beyond a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A [`HumanDuration`].
    Duration,
    /// A glob of paths below the repository's root.
    InnerGlob,
    /// A path below the repository's root.
    InnerPath,
    /// A path below the repository's root, or beside it.
    NearPath,
    /// A regular expression.
    Regex,
    /// A text that an agent's program gets as one argument.
    Argument,
}

/// How a table stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    /// `[name]`.
    Plain,
    /// `[[name]]`.
    List,
    /// `[name.<one of the map's names>]`.
    ByName,
}

impl Setting {
    /// Returns the setting at a path of keys; the empty path is the whole file. `None` if there is no setting at the
    /// path.
    pub fn at<'k>(path: impl IntoIterator<Item = &'k str>) -> Option<&'static Self> {
        path.into_iter().try_fold(&*ROOT, Self::child)
    }

    /// Returns the setting of this name, such as `limits.iterations`, or those of the table of this name, each with its
    /// whole name; all settings for the empty name. In `agents.<name>.model`, `<name>` stands for every agent.
    pub fn named(name: &str) -> Vec<(String, &'static Self)> {
        let mut found = Vec::new();
        let path = name.split('.').filter(|_| !name.is_empty());
        let found_at = path.into_iter().try_fold(&*ROOT, |setting, key| match &setting.takes {
            Takes::Map { of, .. } if key == ANY_NAME => Some(&**of),
            _ => setting.child(key),
        });
        if let Some(setting) = found_at {
            setting.gather(name.to_owned(), &mut found);
        }
        found
    }

    /// Returns the name of the setting that was probably meant by an unknown name.
    pub fn nearest(name: &str) -> Option<String> {
        let (table, key) = name.rsplit_once('.').unwrap_or(("", name));
        let path = table.split('.').filter(|_| !table.is_empty());
        Self::at(path).and_then(|setting| setting.nearest_child(table, key)).or_else(|| elsewhere(key))
    }

    /// Looks for a known setting: one of this table, else one with the same name in another table.
    pub(super) fn nearest_child(&self, path: &str, key: &str) -> Option<String> {
        let names = || self.children().iter().map(|(name, _)| name.as_str());
        let near =
            nearest(key, names()).or_else(|| with_a_word_of(key, names()).filter(|_| path == "limits"));
        near.map(|name| joined(path, name)).or_else(|| elsewhere(key))
    }

    pub(super) fn root() -> &'static Self {
        &ROOT
    }

    fn gather(&'static self, name: String, into: &mut Vec<(String, &'static Self)>) {
        match &self.takes {
            Takes::Map { of, .. } if self.table().is_some() => of.gather(joined(&name, ANY_NAME), into),
            _ if self.table().is_some() => {
                for (key, child) in self.children() {
                    child.gather(joined(&name, key), into);
                }
            }
            _ => into.push((name, self)),
        }
    }

    /// Returns the setting of this key in this table, or in each table of this list.
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        match &self.takes {
            Takes::Map { names, of } => {
                (names.is_empty() || names.iter().any(|name| name == key)).then_some(of)
            }
            _ => self.children().iter().find(|(name, _)| name == key).map(|(_, child)| child),
        }
    }

    /// The settings in this table, or in each table of this list.
    pub fn children(&self) -> &[(String, Self)] {
        match &self.takes {
            Takes::Table { settings, .. } => settings,
            Takes::List { of, .. } => of.children(),
            _ => &[],
        }
    }

    /// How the setting stands in the file; `None` if it is not a table.
    pub fn table(&self) -> Option<TableForm> {
        let is_table = |setting: &Self| matches!(setting.takes, Takes::Table { .. });
        match &self.takes {
            Takes::Table { .. } => Some(TableForm::Plain),
            Takes::List { of, .. } if is_table(of) => Some(TableForm::List),
            Takes::Map { of, .. } if is_table(of) => Some(TableForm::ByName),
            _ => None,
        }
    }

    /// The words that the setting takes; empty if it takes others than fixed words.
    pub fn words(&self) -> &[Word] {
        match &self.takes {
            Takes::Words(words) => words,
            _ => &[],
        }
    }

    /// The first sentence of the meaning.
    pub fn summary(&self) -> &str {
        self.meaning.find(". ").and_then(|end| self.meaning.get(..=end)).unwrap_or(&self.meaning)
    }

    /// The default as TOML.
    pub fn default_toml(&self) -> Option<String> {
        self.default.as_ref().and_then(as_toml)
    }

    /// The examples as TOML.
    pub fn examples_toml(&self) -> impl Iterator<Item = String> {
        self.examples.iter().filter_map(as_toml)
    }

    fn of(schema: &Value) -> Self {
        Self {
            meaning: meaning_of(schema),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            examples: list(schema, "examples").cloned().collect(),
            takes: Takes::of(schema),
        }
    }
}

/// What stands in a setting's name for a key that the user chooses.
pub(super) const ANY_NAME: &str = "<name>";

impl Takes {
    fn of(schema: &Value) -> Self {
        // An optional setting has the schema `anyOf: [what it is, null]`, or the type `[what it is, "null"]`.
        let not_null = |kind: &Value| kind != "null";
        let choice = list(schema, "anyOf").find(|choice| choice.get("type").is_none_or(not_null));
        let schema = choice.unwrap_or(schema);
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().find(|kind| not_null(kind)),
            kind => kind,
        };
        let length = |key| schema.get(key).and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok());
        let number = |key| schema.get(key).and_then(Value::as_number).cloned();
        let inner = |key| Box::new(Setting::of(schema.get(key).unwrap_or(&Value::Null)));
        let words: Vec<Word> = words_of(schema);
        if !words.is_empty() {
            return Self::Words(words);
        }
        match kind.and_then(Value::as_str).unwrap_or_default() {
            "boolean" => Self::Truth,
            kind @ ("integer" | "number") => {
                Self::Number { whole: kind == "integer", least: number("minimum"), most: number("maximum") }
            }
            "array" => Self::List { of: inner("items"), most: length("maxItems") },
            "object" => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => Self::Table {
                    settings: properties.iter().map(|(key, of)| (key.clone(), Setting::of(of))).collect(),
                    required: texts(schema, "required").map(str::to_owned).collect(),
                },
                None => Self::Map {
                    names: schema
                        .get("propertyNames")
                        .map(words_of)
                        .into_iter()
                        .flatten()
                        .map(|it| it.word)
                        .collect(),
                    of: inner("additionalProperties"),
                },
            },
            _ => Self::Text {
                format: schema.get("format").and_then(Value::as_str).and_then(Format::named),
                may_be_blank: length("minLength").is_none(),
                most: length("maxLength"),
            },
        }
    }
}

/// What the setting takes, in words: `a whole number from 1 to 50`.
impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_table = |setting: &Setting| matches!(setting.takes, Self::Table { .. });
        f.write_str(match self {
            Self::Words(words) => {
                let words: Vec<_> = words.iter().map(|it| format!("\"{}\"", it.word)).collect();
                return write!(f, "one of {}", words.join(", "));
            }
            Self::Number { whole, least, most } => {
                f.write_str(if *whole { "a whole number" } else { "a number" })?;
                return match (least, most) {
                    (Some(least), Some(most)) => write!(f, " from {least} to {most}"),
                    (Some(least), None) => write!(f, ", {least} or more"),
                    _ => Ok(()),
                };
            }
            Self::Text { format: Some(Format::Duration), .. } => "a duration such as \"90s\" or \"4h\"",
            Self::Text { .. } => "a text",
            Self::Truth => "true or false",
            Self::List { of, .. } if is_table(of) => "a list of tables",
            Self::List { .. } => "a list of texts",
            Self::Map { of, .. } if !is_table(of) => "a table of texts",
            Self::Table { .. } | Self::Map { .. } => "a table",
        })
    }
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            HumanDuration::FORMAT => Some(Self::Duration),
            "inner-glob" => Some(Self::InnerGlob),
            "inner-path" => Some(Self::InnerPath),
            "near-path" => Some(Self::NearPath),
            "regex" => Some(Self::Regex),
            "argument" => Some(Self::Argument),
            _ => None,
        }
    }
}

fn words_of(schema: &Value) -> Vec<Word> {
    let word = |word: &str, meaning: &str| Word { word: word.to_owned(), meaning: meaning.to_owned() };
    let mut words: Vec<Word> = texts(schema, "enum").map(|it| word(it, "")).collect();
    for choice in list(schema, "oneOf") {
        let meaning = meaning_of(choice);
        let one = choice.get("const").and_then(Value::as_str);
        words.extend(one.into_iter().chain(texts(choice, "enum")).map(|it| word(it, &meaning)));
    }
    words
}

fn list<'s>(schema: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'s>(schema: &'s Value, key: &str) -> impl Iterator<Item = &'s str> {
    list(schema, key).filter_map(Value::as_str)
}

fn meaning_of(schema: &Value) -> String {
    one_line(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Looks in all tables for a setting of this name.
fn elsewhere(key: &str) -> Option<String> {
    let key = key.replace('-', "_").to_lowercase();
    // A list of tables has no place for one more key.
    let is_plain = |setting: &Setting| setting.table() == Some(TableForm::Plain);
    let has =
        |setting: &Setting| is_plain(setting) && setting.children().iter().any(|(name, _)| *name == key);
    if has(&ROOT) {
        return Some(key);
    }
    let (table, _) = ROOT.children().iter().find(|(_, table)| has(table))?;
    Some(joined(table, &key))
}

/// Looks for a name that has a word of this one: `max_cost` for `cost_usd`.
fn with_a_word_of<'n>(key: &str, mut known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let words = |name: &str| -> Vec<String> {
        name.replace('-', "_").to_lowercase().split('_').map(str::to_owned).collect()
    };
    let own = words(key);
    known.find(|name| words(name).iter().any(|word| own.contains(word)))
}

/// Writes a value as TOML; `None` for `null`, which TOML does not have.
fn as_toml(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(values) => {
            Some(format!("[{}]", values.iter().filter_map(as_toml).collect::<Vec<_>>().join(", ")))
        }
        // For an empty table, texts, numbers and truth values JSON is TOML. No default is a table that is not empty.
        value => Some(value.to_string()),
    }
}
