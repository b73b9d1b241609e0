//! The JSON schema of the settings, made of their types.

use super::Config;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema, without references: each setting's own stands where the setting is.
pub(super) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
});

/// Returns the words that a setting of fixed words takes.
pub(super) fn words_of(schema: &Value) -> Option<Vec<&str>> {
    let schema = without_null(schema);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let choices = schema.get("oneOf")?.as_array()?;
    let mut words = Vec::new();
    for choice in choices {
        match choice.get("enum").and_then(Value::as_array) {
            Some(several) => words.extend(several.iter().filter_map(Value::as_str)),
            None => words.extend(choice.get("const").and_then(Value::as_str)),
        }
    }
    Some(words)
}

/// An optional setting has the schema `anyOf: [what it is, null]`.
pub(super) fn without_null(schema: &Value) -> &Value {
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    choices.into_iter().find(|choice| choice.get("type").is_none_or(|kind| kind != "null")).unwrap_or(schema)
}
