//! The settings written out for people and for editors: JSON schema, reference tables, template. All of them come from
//! the types, so none can tell another story.

use super::{schema::SCHEMA, schema::words_of};
use serde_json::{Map, Value};
use std::{fmt::Write, sync::LazyLock};

/// What the template says of a setting without a default.
pub(super) const NO_DEFAULT: &str = "Not set by default; for example:";

/// Returns the JSON schema (draft 7) of `alfine.toml`, the user's `config.toml` and the editor's settings.
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// Returns every setting with its default and its meaning, as Markdown tables.
pub fn reference_markdown() -> String {
    let mut text = String::new();
    for section in sections() {
        if !section.header.is_empty() {
            let _ = write!(text, "\n### `{}`\n\n{}\n", section.header, section.meaning);
        }
        text.push_str("\n| setting | default | meaning |\n|---|---|---|\n");
        for setting in &section.settings {
            let default = setting.default.as_ref().map_or_else(String::new, |default| format!("`{default}`"));
            let words = setting.words.as_ref().map_or_else(String::new, |words| format!(" One of {words}."));
            let meaning = format!("{}{words}", setting.meaning).replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {default} | {meaning} |", setting.key);
        }
    }
    text.trim_start().to_owned()
}

/// Returns the `alfine.toml` to begin with: every setting, commented out, with its default and its meaning.
pub fn template() -> String {
    let mut text = comment(
        "Settings of Alfine for this repository. Each stands here with its default; take its `#` away, and that of its \
         table's `[name]`, to change it.",
    );
    for section in sections() {
        if !section.header.is_empty() {
            let header = section.header.replace("<name>", "claude");
            let _ = write!(text, "\n{}# {header}\n", comment(&section.meaning));
        }
        for setting in &section.settings {
            text.push('\n');
            text.push_str(&comment(first_sentence(&setting.meaning)));
            if let Some(words) = &setting.words {
                text.push_str(&comment(&format!("One of {}.", words.replace('`', "\""))));
            }
            if setting.default.is_none() {
                text.push_str(&comment(NO_DEFAULT));
            }
            let _ = writeln!(
                text,
                "# {} = {}",
                setting.key,
                setting.default.as_ref().unwrap_or(&setting.example)
            );
        }
    }
    text
}

/// One table of the file.
struct Section {
    /// As in the file, such as `[limits]`; empty for the top.
    header: String,
    meaning: String,
    settings: Vec<Setting>,
}

struct Setting {
    key: String,
    meaning: String,
    /// As TOML; none where nothing is the default.
    default: Option<String>,
    /// As TOML: what stands in the template where there is no default.
    example: String,
    words: Option<String>,
}

fn sections() -> Vec<Section> {
    let mut sections = vec![section("", &SCHEMA, SCHEMA.get("default").unwrap_or(&Value::Null))];
    for (name, schema) in properties(&SCHEMA) {
        let header = match table_of(schema) {
            Some((table, "array")) => Some((format!("[[{name}]]"), table)),
            Some((table, "by-name")) => Some((format!("[{name}.<name>]"), table)),
            Some((table, _)) => Some((format!("[{name}]"), table)),
            None => None,
        };
        let Some((header, table)) = header else { continue };
        let mut section = section(&header, table, schema.get("default").unwrap_or(&Value::Null));
        section.meaning = described(schema);
        sections.push(section);
    }
    sections
}

fn section(header: &str, schema: &Value, defaults: &Value) -> Section {
    let settings = properties(schema)
        .filter(|(_, schema)| table_of(schema).is_none())
        .map(|(key, schema)| setting(key, schema, defaults))
        .collect();
    Section { header: header.to_owned(), meaning: String::new(), settings }
}

fn setting(key: &str, schema: &Value, defaults: &Value) -> Setting {
    let default = schema.get("default").or_else(|| defaults.get(key)).and_then(as_toml);
    let words = words_of(schema)
        .map(|words| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "));
    let first_word = words_of(schema).and_then(|words| words.first().map(|word| Value::from(*word)));
    let example = schema.pointer("/examples/0").cloned().or(first_word).as_ref().and_then(as_toml);
    Setting {
        key: key.to_owned(),
        meaning: described(schema),
        default,
        example: example.unwrap_or_default(),
        words,
    }
}

/// Returns the schema of the table that a setting is, or is made of, and which of both.
fn table_of(schema: &Value) -> Option<(&Value, &'static str)> {
    if schema.get("properties").is_some() {
        return Some((schema, "table"));
    }
    for (key, kind) in [("items", "array"), ("additionalProperties", "by-name")] {
        if let Some(inner) = schema.get(key).filter(|inner| inner.get("properties").is_some()) {
            return Some((inner, kind));
        }
    }
    None
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&NONE);
    properties.iter().map(|(key, schema)| (key.as_str(), schema))
}

fn described(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| text.get(..=end).unwrap_or(text))
}

/// Writes a default as TOML; `null` is no default.
fn as_toml(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(values) => {
            Some(format!("[{}]", values.iter().filter_map(as_toml).collect::<Vec<_>>().join(", ")))
        }
        Value::Object(map) if map.is_empty() => Some("{}".to_owned()),
        // For texts, numbers and truth values JSON is TOML.
        value => Some(value.to_string()),
    }
}

fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.len() + word.len() >= 100 {
            lines.push_str(&line);
            lines.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
