//! The settings of `alfine.toml` by their places, as their schema has them.

use serde_json::Value;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Value> = LazyLock::new(alfine_config::schema);

/// A setting, or a table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s>(&'s Value);

/// How a table stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `[name]`.
    Plain,
    /// `[[name]]`.
    Array,
    /// `[name.<one of these>]`.
    ByName,
}

/// Finds the setting at a path of keys; the empty path is the whole file. None for what is no setting.
pub fn at<'k>(path: impl IntoIterator<Item = &'k str>) -> Option<Setting<'static>> {
    path.into_iter().try_fold(Setting(&SCHEMA), Setting::child)
}

impl<'s> Setting<'s> {
    fn child(self, key: &str) -> Option<Self> {
        let table = self.inner();
        if let Some(child) = table.get("properties").and_then(|properties| properties.get(key)) {
            return Some(Self(child));
        }
        let named = table.get("additionalProperties").filter(|inner| inner.is_object());
        named.filter(|_| self.names().is_empty() || self.names().contains(&key)).map(Self)
    }

    /// What a value of it, or an element of its array of tables, looks like.
    fn inner(self) -> &'s Value {
        let value = self.0;
        if let Some(items) = value.get("items").filter(|items| items.get("properties").is_some()) {
            return items;
        }
        let choices = value.get("anyOf").and_then(Value::as_array);
        let choice =
            choices.into_iter().flatten().find(|choice| choice.get("type") != Some(&Value::from("null")));
        choice.unwrap_or(value)
    }

    /// The names that its tables may have; nothing where any name goes, or none.
    pub fn names(self) -> Vec<&'s str> {
        words(self.0.pointer("/propertyNames/enum"))
    }

    /// How it stands in the file, where it is a table.
    pub fn table(self) -> Option<Table> {
        let has = |pointer: &str| self.0.pointer(pointer).is_some();
        match () {
            () if has("/properties") => Some(Table::Plain),
            () if has("/items/properties") => Some(Table::Array),
            () if has("/additionalProperties/properties") => Some(Table::ByName),
            () => None,
        }
    }

    /// The settings in this table.
    pub fn children(self) -> impl Iterator<Item = (&'s str, Setting<'s>)> {
        let properties = self.inner().get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, child)| (name.as_str(), Setting(child)))
    }

    /// What it means.
    pub fn meaning(self) -> String {
        let text = self.0.get("description").and_then(Value::as_str).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The words it takes, each with what it means; nothing where it takes anything.
    pub fn words(self) -> Vec<(&'s str, &'s str)> {
        let inner = self.inner();
        let choices = inner.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        let meaning =
            |choice: &'s Value| choice.get("description").and_then(Value::as_str).unwrap_or_default();
        let mut found: Vec<(&str, &str)> =
            words(inner.get("enum")).into_iter().map(|word| (word, "")).collect();
        for choice in choices {
            found.extend(choice.get("const").and_then(Value::as_str).map(|word| (word, meaning(choice))));
            found.extend(words(choice.get("enum")).into_iter().map(|word| (word, meaning(choice))));
        }
        found
    }

    /// Says whether it takes values of this JSON type.
    pub fn is(self, kind: &str) -> bool {
        match self.inner().get("type") {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(several)) => several.iter().any(|one| one == kind),
            _ => kind == "string" && !self.words().is_empty(),
        }
    }

    /// What it takes, in words.
    pub fn kind(self) -> String {
        let inner = self.inner();
        let bound = |name: &str| inner.get(name).filter(|bound| bound.is_number()).map(ToString::to_string);
        if let Some(table) = self.table() {
            return match table {
                Table::Plain | Table::ByName => "a table",
                Table::Array => "a list of tables",
            }
            .to_owned();
        }
        let words = self.words();
        if !words.is_empty() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            return format!("one of {}", words.join(", "));
        }
        let kind = match () {
            () if inner.get("format") == Some(&Value::from("human-duration")) => {
                "a duration such as \"90s\" or \"4h\""
            }
            () if self.is("boolean") => "true or false",
            () if self.is("integer") => "a whole number",
            () if self.is("number") => "a number",
            () if self.is("array") => "a list of texts",
            () if self.is("object") => "a table of texts",
            () => "a text",
        };
        match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => format!("{kind} from {least} to {most}"),
            (Some(least), None) => format!("{kind}, {least} or more"),
            _ => kind.to_owned(),
        }
    }

    /// What it is where nobody says it, as TOML; none where nothing is.
    pub fn default(self) -> Option<String> {
        self.0.get("default").and_then(as_toml)
    }

    /// Values to begin with, as TOML.
    pub fn examples(self) -> Vec<String> {
        let examples = self.0.get("examples").and_then(Value::as_array);
        examples.into_iter().flatten().filter_map(as_toml).collect()
    }
}

fn words(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// For texts, numbers, truth values and lists of them JSON is TOML.
fn as_toml(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Array(values) => {
            let values: Vec<_> = values.iter().filter_map(as_toml).collect();
            Some(format!("[{}]", values.join(", ")))
        }
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_its_path() {
        let kind = |path: &[&str]| at(path.iter().copied()).map(Setting::kind);
        assert_eq!(kind(&["limits", "iterations"]).unwrap(), "a whole number from 1 to 50");
        assert_eq!(kind(&["limits", "wall_time"]).unwrap(), "a duration such as \"90s\" or \"4h\"");
        assert_eq!(kind(&["verifiers", "kind"]).unwrap(), "one of \"command\", \"clean-tree\"");
        assert_eq!(
            kind(&["agents", "claude", "permissions"]).unwrap(),
            "one of \"edits\", \"commands\", \"all\""
        );
        assert_eq!(kind(&["agents", "claude", "env", "PATH"]).unwrap(), "a text");
        for nothing in
            [&["limits", "nothing"][..], &["agents", "gpt"], &["agent", "x"], &["limits", "iterations", "x"]]
        {
            assert_eq!(kind(nothing), None, "{nothing:?}");
        }
        assert_eq!(at(["limits", "iterations"]).unwrap().default().as_deref(), Some("10"));
        assert_eq!(at(["model"]).unwrap().default(), None);
    }

    #[test]
    fn every_setting_says_what_it_means() {
        fn walk(setting: Setting<'_>, name: &str) {
            for (key, child) in setting.children() {
                assert!(!child.meaning().is_empty() && !child.kind().is_empty(), "{name}{key}");
                walk(child, &format!("{name}{key}."));
            }
        }
        walk(at([]).unwrap(), "");
    }
}
