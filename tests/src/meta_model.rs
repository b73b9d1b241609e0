//! The meta-model of the Language Server Protocol, and whether a message is as it says: no unknown key, no wrong type, at
//! any depth. Our own methods are described in the same form, in `meta-model/alfine.json`.
//!
//! Knows messages as JSON only: what our own types can say or not is no part of the question.

use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

/// What the protocol says of messages.
#[derive(Debug, Default)]
pub struct MetaModel {
    messages: HashMap<String, Message>,
    types: HashMap<String, Named>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    requests: Vec<Message>,
    #[serde(default)]
    notifications: Vec<Message>,
    #[serde(default)]
    structures: Vec<Structure>,
    #[serde(default)]
    enumerations: Vec<Enumeration>,
    #[serde(default)]
    type_aliases: Vec<Alias>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    method: String,
    message_direction: Direction,
    params: Option<Type>,
    /// None of a notification.
    result: Option<Type>,
    error_data: Option<Type>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Direction {
    ClientToServer,
    ServerToClient,
    Both,
}

#[derive(Debug)]
enum Named {
    Structure(Structure),
    Enumeration(Enumeration),
    Alias(Type),
}

#[derive(Debug, Deserialize)]
struct Structure {
    name: String,
    #[serde(default)]
    extends: Vec<Type>,
    #[serde(default)]
    mixins: Vec<Type>,
    properties: Vec<Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    name: String,
    r#type: Type,
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enumeration {
    name: String,
    r#type: Type,
    #[serde(default)]
    supports_custom_values: bool,
    values: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Alias {
    name: String,
    r#type: Type,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Type {
    Base { name: Base },
    Reference { name: String },
    Array { element: Box<Type> },
    Map { key: Box<Type>, value: Box<Type> },
    And { items: Vec<Type> },
    Or { items: Vec<Type> },
    Tuple { items: Vec<Type> },
    Literal { value: Literal },
    StringLiteral { value: String },
    IntegerLiteral { value: i64 },
    BooleanLiteral { value: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Base {
    #[serde(rename = "URI")]
    Uri,
    DocumentUri,
    #[serde(rename = "integer")]
    Integer,
    #[serde(rename = "uinteger")]
    Uinteger,
    #[serde(rename = "decimal")]
    Decimal,
    RegExp,
    #[serde(rename = "string")]
    String,
    #[serde(rename = "boolean")]
    Boolean,
    #[serde(rename = "null")]
    Null,
}

#[derive(Debug, Deserialize)]
struct Literal {
    properties: Vec<Property>,
}

/// Where a message is not as it should be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong {
    at: String,
    depth: usize,
    why: String,
}

type Checked = Result<(), Wrong>;

impl MetaModel {
    /// The protocol's own, and Alfine's methods.
    pub fn standard() -> Self {
        let mut model = Self::default();
        model.add(include_str!("../meta-model/lsp-3.17.json"));
        model.add(include_str!("../meta-model/alfine.json"));
        model
    }

    /// The same, made once.
    pub fn of_alfine() -> &'static Self {
        static MODEL: LazyLock<MetaModel> = LazyLock::new(MetaModel::standard);
        &MODEL
    }

    /// Adds what a document describes; what it names again is as it says.
    pub fn add(&mut self, document: &str) {
        let document: Document = serde_json::from_str(document).expect("a meta-model");
        for message in document.requests.into_iter().chain(document.notifications) {
            self.messages.insert(message.method.clone(), message);
        }
        let structures = document.structures.into_iter().map(|it| (it.name.clone(), Named::Structure(it)));
        let enumerations =
            document.enumerations.into_iter().map(|it| (it.name.clone(), Named::Enumeration(it)));
        let aliases = document.type_aliases.into_iter().map(|it| (it.name, Named::Alias(it.r#type)));
        self.types.extend(structures.chain(enumerations).chain(aliases));
    }

    /// Says what is wrong with a message of the server. `asked` is the method of the request that it answers, if it
    /// answers one.
    pub fn check(&self, message: &Value, asked: Option<&str>) -> Result<(), String> {
        self.message(message, asked).map_err(|wrong| {
            let text: String = message.to_string().chars().take(2000).collect();
            format!("at {}: {}, in {text}", wrong.at, wrong.why)
        })
    }

    fn message(&self, message: &Value, asked: Option<&str>) -> Checked {
        let root = Place::default();
        let Value::Object(fields) = message else { return root.wrong("no object") };
        if fields.get("jsonrpc") != Some(&Value::from("2.0")) {
            return root.wrong("`jsonrpc` is not \"2.0\"");
        }
        let allowed: &[&str] = if fields.contains_key("method") {
            &["id", "method", "params"]
        } else {
            &["id", "result", "error"]
        };
        for name in fields.keys() {
            if name != "jsonrpc" && !allowed.contains(&name.as_str()) {
                return root.wrong(format!("unknown key `{name}`"));
            }
        }
        match fields.get("method") {
            Some(method) => self.call(method, fields),
            None => self.response(fields, asked),
        }
    }

    fn call(&self, method: &Value, fields: &serde_json::Map<String, Value>) -> Checked {
        let root = Place::default();
        let Some(known) = method.as_str().and_then(|method| self.messages.get(method)) else {
            return root.wrong(format!("unknown method {method}"));
        };
        if known.message_direction == Direction::ClientToServer {
            return root.wrong(format!("{method} is not the server's to send"));
        }
        match (fields.get("id"), &known.result) {
            (Some(Value::String(_)), Some(_)) | (None, None) => {}
            (Some(id), Some(_)) => self.base(Base::Integer, id, &root.key("id"))?,
            (Some(_), None) => return root.wrong(format!("{method} is a notification and has no id")),
            (None, Some(_)) => return root.wrong(format!("{method} is a request and has no id")),
        }
        match (&known.params, fields.get("params")) {
            (None, None) => Ok(()),
            (None, Some(_)) => root.wrong(format!("{method} has no parameters")),
            (Some(_), None) => root.wrong(format!("{method} without parameters")),
            (Some(params), Some(given)) => self.value(params, given, &root.key("params")),
        }
    }

    fn response(&self, fields: &serde_json::Map<String, Value>, asked: Option<&str>) -> Checked {
        let root = Place::default();
        let known = asked.and_then(|asked| self.messages.get(asked));
        let error = match (fields.get("result"), fields.get("error")) {
            (Some(result), None) => {
                let Some(id) = fields.get("id").filter(|id| !id.is_null()) else {
                    return root.wrong("a result of no request");
                };
                let Some(asked) = asked else { return root.wrong(format!("nobody asked what {id} answers")) };
                let Some(known) = known else { return root.wrong(format!("unknown method {asked}")) };
                let Some(wanted) = &known.result else { return root.wrong("an answer to a notification") };
                return self.value(wanted, result, &root.key("result"));
            }
            (None, Some(error)) => error,
            _ => return root.wrong("neither a result nor an error alone"),
        };
        let at = root.key("error");
        let Value::Object(error) = error else { return at.wrong("no object") };
        for name in error.keys() {
            if !["code", "message", "data"].contains(&name.as_str()) {
                return at.wrong(format!("unknown key `{name}`"));
            }
        }
        self.base(Base::Integer, error.get("code").unwrap_or(&Value::Null), &at.key("code"))?;
        self.base(Base::String, error.get("message").unwrap_or(&Value::Null), &at.key("message"))?;
        match (error.get("data"), known.and_then(|known| known.error_data.as_ref())) {
            (Some(data), Some(wanted)) => self.value(wanted, data, &at.key("data")),
            _ => Ok(()),
        }
    }

    fn value(&self, wanted: &Type, value: &Value, at: &Place<'_>) -> Checked {
        match wanted {
            Type::Base { name } => self.base(*name, value, at),
            Type::Reference { name } => self.named(name, value, at),
            Type::Array { element } => {
                let Value::Array(items) = value else { return at.wrong(format!("no array: {value}")) };
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| self.value(element, item, &at.index(index)))
            }
            Type::Map { key, value: wanted } => {
                let Value::Object(fields) = value else { return at.wrong(format!("no object: {value}")) };
                fields.iter().try_for_each(|(name, value)| {
                    let at = at.key(name);
                    self.value(key, &Value::from(name.as_str()), &at)?;
                    self.value(wanted, value, &at)
                })
            }
            Type::Tuple { items } => {
                let Value::Array(values) = value else { return at.wrong(format!("no array: {value}")) };
                if values.len() != items.len() {
                    return at.wrong(format!("{} items where {} belong", values.len(), items.len()));
                }
                items
                    .iter()
                    .zip(values)
                    .enumerate()
                    .try_for_each(|(index, (item, value))| self.value(item, value, &at.index(index)))
            }
            Type::Or { items } => self.one_of(items, value, at),
            Type::And { items } => {
                let mut properties = BTreeMap::new();
                items.iter().for_each(|item| self.properties_of(item, &mut properties));
                self.object(&properties, value, at)
            }
            Type::Literal { value: literal } => {
                let properties = literal.properties.iter().map(|it| (it.name.as_str(), it)).collect();
                self.object(&properties, value, at)
            }
            Type::StringLiteral { value: wanted } => at.equal(value, &Value::from(wanted.as_str())),
            Type::IntegerLiteral { value: wanted } => at.equal(value, &Value::from(*wanted)),
            Type::BooleanLiteral { value: wanted } => at.equal(value, &Value::from(*wanted)),
        }
    }

    /// Where none fits, the one that fits deepest is what was meant.
    fn one_of(&self, items: &[Type], value: &Value, at: &Place<'_>) -> Checked {
        let mut closest: Option<Wrong> = None;
        for item in items {
            let Err(wrong) = self.value(item, value, at) else { return Ok(()) };
            if closest.as_ref().is_none_or(|closest| wrong.depth > closest.depth) {
                closest = Some(wrong);
            }
        }
        closest.map_or_else(|| at.wrong("nothing fits"), Err)
    }

    fn named(&self, name: &str, value: &Value, at: &Place<'_>) -> Checked {
        if name == "LSPAny" {
            return Ok(());
        }
        match self.types.get(name) {
            None => panic!("the meta-model has no {name}"),
            Some(Named::Alias(wanted)) => self.value(wanted, value, at),
            Some(Named::Structure(structure)) => {
                let mut properties = BTreeMap::new();
                self.collect(structure, &mut properties);
                self.object(&properties, value, at)
            }
            Some(Named::Enumeration(enumeration)) => {
                self.value(&enumeration.r#type, value, at)?;
                let is_known = enumeration.values.iter().any(|entry| entry.value == *value);
                if is_known || enumeration.supports_custom_values {
                    return Ok(());
                }
                at.wrong(format!("{value} is no {name}"))
            }
        }
    }

    fn properties_of<'m>(&'m self, of: &'m Type, all: &mut BTreeMap<&'m str, &'m Property>) {
        match of {
            Type::Reference { name } => match self.types.get(name) {
                Some(Named::Structure(structure)) => self.collect(structure, all),
                Some(Named::Alias(alias)) => self.properties_of(alias, all),
                _ => panic!("{name} has no properties"),
            },
            Type::And { items } => items.iter().for_each(|item| self.properties_of(item, all)),
            Type::Literal { value } => {
                all.extend(value.properties.iter().map(|property| (property.name.as_str(), property)));
            }
            _ => panic!("{of:?} has no properties"),
        }
    }

    fn collect<'m>(&'m self, structure: &'m Structure, all: &mut BTreeMap<&'m str, &'m Property>) {
        structure.extends.iter().chain(&structure.mixins).for_each(|parent| self.properties_of(parent, all));
        // Its own say more precisely what a parent says of the same name.
        all.extend(structure.properties.iter().map(|property| (property.name.as_str(), property)));
    }

    fn object(&self, properties: &BTreeMap<&str, &Property>, value: &Value, at: &Place<'_>) -> Checked {
        let Value::Object(fields) = value else { return at.wrong(format!("no object: {value}")) };
        for (name, value) in fields {
            let Some(property) = properties.get(name.as_str()) else {
                return at.wrong(format!("unknown key `{name}`"));
            };
            self.value(&property.r#type, value, &at.key(name))?;
        }
        let missing = properties.values().find(|it| !it.optional && !fields.contains_key(&it.name));
        missing.map_or(Ok(()), |missing| at.wrong(format!("no `{}`", missing.name)))
    }

    #[allow(clippy::unused_self, reason = "beside its siblings")]
    fn base(&self, name: Base, value: &Value, at: &Place<'_>) -> Checked {
        let fits = match name {
            Base::Uri | Base::DocumentUri => value.as_str().is_some_and(has_scheme),
            Base::RegExp | Base::String => value.is_string(),
            Base::Integer => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Base::Uinteger => {
                value.as_i64().is_some_and(|number| (0..=i64::from(i32::MAX)).contains(&number))
            }
            Base::Decimal => value.is_number(),
            Base::Boolean => value.is_boolean(),
            Base::Null => value.is_null(),
        };
        if fits { Ok(()) } else { at.wrong(format!("{value} is no {name:?}")) }
    }
}

/// As RFC 3986 has it.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|other| other.is_ascii_alphanumeric() || "+-.".contains(other))
    })
}

/// A place in a message, as a list that leads back to the root.
#[derive(Default)]
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    name: String,
    depth: usize,
}

impl Place<'_> {
    fn key(&self, name: &str) -> Place<'_> {
        Place { parent: Some(self), name: format!(".{name}"), depth: self.depth + 1 }
    }

    fn index(&self, index: usize) -> Place<'_> {
        Place { parent: Some(self), name: format!("[{index}]"), depth: self.depth + 1 }
    }

    fn path(&self) -> String {
        let before = self.parent.map(Place::path).unwrap_or_default();
        before + &self.name
    }

    fn wrong(&self, why: impl Into<String>) -> Checked {
        let path = self.path();
        let at = if path.is_empty() { "the message".into() } else { path };
        Err(Wrong { at, depth: self.depth, why: why.into() })
    }

    fn equal(&self, value: &Value, wanted: &Value) -> Checked {
        if value == wanted { Ok(()) } else { self.wrong(format!("{value} is not {wanted}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn published(diagnostic: Value) -> Value {
        json!({
            "jsonrpc": "2.0",
            "method": "textDocument/publishDiagnostics",
            "params": {"uri": "file:///a", "diagnostics": [diagnostic]},
        })
    }

    fn diagnostic() -> Value {
        let zero = json!({"line": 0, "character": 0});
        json!({"range": {"start": zero, "end": zero}, "message": "m", "severity": 1, "code": "c"})
    }

    /// The diagnostic, with one field set to something else.
    fn with(field: &str, value: Value) -> Value {
        let mut it = diagnostic();
        *it.pointer_mut(field).unwrap_or(&mut Value::Null) = value.clone();
        if it.pointer(field).is_none() {
            it.as_object_mut().expect("an object").insert(field.trim_start_matches('/').into(), value);
        }
        it
    }

    #[track_caller]
    fn wrong(message: &Value, asked: Option<&str>) -> String {
        let why = MetaModel::of_alfine().check(message, asked).expect_err("something is wrong with it");
        why.split_once(", in ").expect("the message is shown").0.to_owned()
    }

    #[track_caller]
    fn right(message: &Value, asked: Option<&str>) {
        assert_eq!(MetaModel::of_alfine().check(message, asked), Ok(()));
    }

    fn answer(result: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 1, "result": result})
    }

    #[test]
    fn every_type_that_the_model_names_is_in_it() {
        fn names<'m>(of: &'m Type, into: &mut Vec<&'m str>) {
            match of {
                Type::Reference { name } => into.push(name),
                Type::Array { element } => names(element, into),
                Type::Map { key, value } => [key, value].into_iter().for_each(|it| names(it, into)),
                Type::And { items } | Type::Or { items } | Type::Tuple { items } => {
                    items.iter().for_each(|it| names(it, into));
                }
                Type::Literal { value } => value.properties.iter().for_each(|it| names(&it.r#type, into)),
                _ => {}
            }
        }
        let model = MetaModel::of_alfine();
        let mut named = Vec::new();
        for message in model.messages.values() {
            let parts = [&message.params, &message.result, &message.error_data];
            parts.into_iter().flatten().for_each(|it| names(it, &mut named));
        }
        for known in model.types.values() {
            match known {
                Named::Structure(it) => {
                    it.extends.iter().chain(&it.mixins).for_each(|it| names(it, &mut named));
                    it.properties.iter().for_each(|it| names(&it.r#type, &mut named));
                }
                Named::Enumeration(it) => names(&it.r#type, &mut named),
                Named::Alias(it) => names(it, &mut named),
            }
        }
        named.retain(|name| !model.types.contains_key(*name));
        assert_eq!(named, Vec::<&str>::new());
        assert!(model.types.len() > 350 && model.messages.len() > 85);
    }

    #[test]
    fn an_unknown_key_is_wrong_at_any_depth() {
        right(&published(diagnostic()), None);
        assert_eq!(
            wrong(&published(with("/tag", json!(1))), None),
            "at .params.diagnostics[0]: unknown key `tag`"
        );
        assert_eq!(
            wrong(&published(with("/range/start", json!({"line": 0, "character": 0, "byte": 1}))), None),
            "at .params.diagnostics[0].range.start: unknown key `byte`"
        );
        let mut message = published(diagnostic());
        message["extra"] = json!(1);
        assert_eq!(wrong(&message, None), "at the message: unknown key `extra`");
    }

    #[test]
    fn a_wrong_type_is_wrong() {
        for (field, value, why) in [
            ("/message", json!(1), ".message: 1 is no String"),
            ("/range/end/line", json!(-1), ".range.end.line: -1 is no Uinteger"),
            ("/range/end/line", json!(2_147_483_648_u32), ".range.end.line: 2147483648 is no Uinteger"),
            ("/range/end/line", json!(1.5), ".range.end.line: 1.5 is no Uinteger"),
            ("/range/end", Value::Null, ".range.end: no object: null"),
            ("/severity", json!(5), ".severity: 5 is no DiagnosticSeverity"),
            ("/severity", json!("1"), ".severity: \"1\" is no Uinteger"),
            ("/severity", Value::Null, ".severity: null is no Uinteger"),
            ("/code", json!(true), ".code: true is no Integer"),
            ("/tags", json!([1, 3]), ".tags[1]: 3 is no DiagnosticTag"),
            ("/tags", json!(1), ".tags: no array: 1"),
            ("/codeDescription", json!({"href": "nowhere"}), ".codeDescription.href: \"nowhere\" is no Uri"),
        ] {
            let told = wrong(&published(with(field, value)), None);
            assert_eq!(told, format!("at .params.diagnostics[0]{why}"));
        }
        right(&published(with("/data", json!({"any": [null, 1]}))), None);
    }

    #[test]
    fn what_is_required_may_not_be_missing() {
        let mut it = diagnostic();
        it.as_object_mut().expect("an object").remove("message");
        assert_eq!(wrong(&published(it), None), "at .params.diagnostics[0]: no `message`");
        assert_eq!(
            wrong(&json!({"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics"}), None),
            "at the message: \"textDocument/publishDiagnostics\" without parameters"
        );
    }

    #[test]
    fn of_a_union_the_part_is_told_that_was_meant() {
        let action = |edit: Value| answer(json!([{"title": "t", "kind": "quickfix.own", "edit": edit}]));
        right(&action(json!({"changes": {"file:///a": []}})), Some("textDocument/codeAction"));
        right(&answer(json!([{"title": "t", "command": "c"}])), Some("textDocument/codeAction"));
        right(&answer(Value::Null), Some("textDocument/codeAction"));
        assert_eq!(
            wrong(
                &action(json!({"changes": {"file:///a": [{"newText": 1}]}})),
                Some("textDocument/codeAction")
            ),
            "at .result[0].edit.changes.file:///a[0].newText: 1 is no String"
        );
        assert_eq!(
            wrong(&action(json!({"changes": {"a": []}})), Some("textDocument/codeAction")),
            "at .result[0].edit.changes.a: \"a\" is no DocumentUri"
        );
        let create = json!({"documentChanges": [{"kind": "create", "uri": "file:///a"}]});
        right(&action(create), Some("textDocument/codeAction"));
        let unknown = json!({"documentChanges": [{"kind": "made", "uri": "file:///a"}]});
        wrong(&action(unknown), Some("textDocument/codeAction"));
    }

    #[test]
    fn a_result_is_held_against_the_method_that_was_asked() {
        let hover = json!({"contents": {"kind": "markdown", "value": "v"}});
        right(&answer(hover.clone()), Some("textDocument/hover"));
        let told =
            wrong(&answer(json!({"contents": {"kind": "html", "value": "v"}})), Some("textDocument/hover"));
        assert_eq!(told, "at .result.contents.kind: \"html\" is no MarkupKind");
        wrong(&answer(hover.clone()), Some("textDocument/codeLens"));
        assert_eq!(wrong(&answer(hover), None), "at the message: nobody asked what 1 answers");
        wrong(&answer(Value::Null), Some("textDocument/unheardOf"));
        wrong(&answer(json!(1)), Some("shutdown"));
    }

    #[test]
    fn what_a_structure_inherits_and_what_an_intersection_joins_belongs_to_it() {
        let capabilities = |of: Value| answer(json!({"capabilities": of}));
        right(
            &capabilities(json!({"executeCommandProvider": {"commands": ["a"], "workDoneProgress": true}})),
            Some("initialize"),
        );
        assert_eq!(
            wrong(&capabilities(json!({"codeLensProvider": {"resolve": true}})), Some("initialize")),
            "at .result.capabilities.codeLensProvider: unknown key `resolve`"
        );
        let report = json!({"kind": "full", "items": [], "relatedDocuments": {}});
        right(&answer(report), Some("textDocument/diagnostic"));
        let report = json!({"kind": "full", "items": [], "related": {}});
        wrong(&answer(report), Some("textDocument/diagnostic"));
    }

    #[test]
    fn a_tuple_has_as_many_items_as_it_says() {
        let label =
            |label: Value| answer(json!({"signatures": [{"label": "l", "parameters": [{"label": label}]}]}));
        right(&label(json!([0, 1])), Some("textDocument/signatureHelp"));
        right(&label(json!("text")), Some("textDocument/signatureHelp"));
        wrong(&label(json!([0])), Some("textDocument/signatureHelp"));
        wrong(&label(json!([0, "1"])), Some("textDocument/signatureHelp"));
    }

    #[test]
    fn requests_and_notifications_are_only_what_they_are() {
        let request = |extra: Value| {
            let mut it = json!({"jsonrpc": "2.0", "method": "workspace/codeLens/refresh"});
            it.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            it
        };
        right(&request(json!({"id": 1})), None);
        right(&request(json!({"id": "one"})), None);
        assert!(wrong(&request(json!({})), None).ends_with("is a request and has no id"));
        assert!(wrong(&request(json!({"id": null})), None).ends_with("null is no Integer"));
        assert!(wrong(&request(json!({"id": 1, "params": null})), None).ends_with("has no parameters"));
        let mut notification = published(diagnostic());
        notification["id"] = json!(1);
        assert!(wrong(&notification, None).ends_with("is a notification and has no id"));
        let open = json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {}});
        assert!(wrong(&open, None).ends_with("is not the server's to send"));
        wrong(&json!({"jsonrpc": "2.0", "method": "alfine/unheardOf"}), None);
        wrong(&json!({"method": "$/progress"}), None);
        wrong(&json!([]), None);
    }

    #[test]
    fn an_error_is_a_code_and_a_message() {
        let error = |error: Value| json!({"jsonrpc": "2.0", "id": 1, "error": error});
        let hover = Some("textDocument/hover");
        right(&error(json!({"code": -32602, "message": "m", "data": {"a": 1}})), hover);
        right(&json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "m"}}), None);
        for it in [
            json!({"code": "x", "message": "m"}),
            json!({"code": 1}),
            json!({"code": 1, "message": "m", "hint": "h"}),
            json!("no"),
        ] {
            wrong(&error(it), hover);
        }
        wrong(
            &json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": ""}, "result": null}),
            hover,
        );
        wrong(&json!({"jsonrpc": "2.0", "id": 1}), hover);
        wrong(&json!({"jsonrpc": "2.0", "id": null, "result": null}), hover);
    }

    #[test]
    fn progress_is_a_begin_a_report_or_an_end() {
        let progress = |value: Value| json!({"jsonrpc": "2.0", "method": "$/progress", "params": {"token": "t", "value": value}});
        right(&progress(json!({"kind": "begin", "title": "t", "cancellable": true, "percentage": 0})), None);
        right(&progress(json!({"kind": "report", "message": "m"})), None);
        right(&progress(json!({"kind": "end"})), None);
        wrong(&progress(json!({"kind": "begin"})), None);
        wrong(&progress(json!({"kind": "report", "percentage": 0.5})), None);
        wrong(&progress(json!({"kind": "end", "percentage": 100})), None);
        wrong(&progress(json!({"kind": "over"})), None);
    }

    #[test]
    fn our_own_methods_have_their_own_definitions() {
        right(&answer(json!({"tasks": []})), Some("alfine/tasks"));
        wrong(&answer(json!({"tasks": [{"task": "PLAN.md#US-001"}]})), Some("alfine/tasks"));
        wrong(&answer(json!([])), Some("alfine/tasks"));
        let changed =
            |params: Value| json!({"jsonrpc": "2.0", "method": "alfine/tasksChanged", "params": params});
        let gone = json!([{"task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md"}]);
        right(&changed(json!({"tasks": [], "removed": ["PLAN.md#US-001"], "removedTasks": gone})), None);
        wrong(&changed(json!({"tasks": [], "removed": []})), None);
        wrong(&changed(json!({"tasks": []})), None);
    }
}
