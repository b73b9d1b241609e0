//! A JSON schema as the types that an editor's language can say.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A type with a name.
pub(super) struct Definition {
    pub(super) doc: String,
    pub(super) kind: Kind,
}

/// What a named type is.
pub(super) enum Kind {
    /// An object. `open` objects may have more fields than the named ones.
    Object { fields: Vec<Field>, open: bool },
    /// Something that has a shorter word, such as one of some texts.
    Other(Type),
}

/// A field of an object.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) optional: bool,
    pub(super) of: Type,
}

/// What a value is.
pub(super) enum Type {
    Any,
    Boolean,
    Integer,
    Number,
    Null,
    Text,
    Literal(String),
    Named(String),
    /// A type of the Language Server Protocol itself.
    Lsp(String),
    List(Box<Type>),
    /// An object without a name, such as one of several that a field tells apart.
    Object(Vec<Field>),
    OneOf(Vec<Type>),
}

/// The types of a schema's `$defs`.
pub(super) fn definitions(schemas: &Map<String, Value>) -> BTreeMap<String, Definition> {
    schemas.iter().map(|(name, schema)| (name.clone(), definition(schema))).collect()
}

/// The name of the type that a schema refers to.
pub(super) fn name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn definition(schema: &Value) -> Definition {
    let kind = match schema["properties"].as_object() {
        Some(properties) => Kind::Object {
            fields: fields(properties, &schema["required"]),
            open: schema["additionalProperties"] == true,
        },
        None => Kind::Other(of(schema)),
    };
    Definition { doc: doc(schema), kind }
}

fn fields(properties: &Map<String, Value>, required: &Value) -> Vec<Field> {
    properties.iter().map(|(name, of)| field(name, of, required)).collect()
}

fn field(name: &str, schema: &Value, required: &Value) -> Field {
    let optional = !required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let of = match of(schema) {
        // What can be left out is left out, and never null.
        Type::OneOf(mut types) if optional => {
            types.retain(|one| !matches!(one, Type::Null));
            one_of(types)
        }
        other => other,
    };
    Field { name: name.to_owned(), doc: doc(schema), optional, of }
}

fn doc(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn one_of(mut types: Vec<Type>) -> Type {
    if types.len() == 1 { types.remove(0) } else { Type::OneOf(types) }
}

fn of(schema: &Value) -> Type {
    if let Some(lsp) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("lsp.")) {
        return Type::Lsp(lsp.to_owned());
    }
    if let Some(name) = name(schema) {
        return Type::Named(name.to_owned());
    }
    if let Some(word) = schema["const"].as_str() {
        return Type::Literal(word.to_owned());
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str);
        return one_of(words.map(|word| Type::Literal(word.to_owned())).collect());
    }
    if let Some(types) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return one_of(types.iter().map(of).collect());
    }
    if let Some(types) = schema["type"].as_array() {
        let one = |kind: &Value| {
            let mut schema = schema.clone();
            schema["type"] = kind.clone();
            of(&schema)
        };
        return one_of(types.iter().map(one).collect());
    }
    if let Some(properties) = schema["properties"].as_object() {
        return Type::Object(fields(properties, &schema["required"]));
    }
    match schema["type"].as_str() {
        Some("boolean") => Type::Boolean,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("null") => Type::Null,
        Some("string") => Type::Text,
        Some("array") => Type::List(Box::new(of(&schema["items"]))),
        None => Type::Any,
        // An object without a name, or what this writer has not met yet: the types of the messages have to name it.
        Some(other) => panic!("no editor's type for {other}: {schema}"),
    }
}
