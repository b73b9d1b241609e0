//! The JSON schema of the settings, made of their types.

use super::{Config, aliases};
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema, without references: each setting's own stands where the setting is.
pub(super) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value();
    aliases::add_to(&mut schema);
    schema
});

/// Returns the JSON schema (draft 7) of `alfine.toml`, the user's `config.toml` and the editor's settings.
pub fn schema() -> Value {
    SCHEMA.clone()
}
