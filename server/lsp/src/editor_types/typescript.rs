//! The protocol in TypeScript.

use super::{
    Protocol,
    schema::{Definition, Field, Kind, Type},
};
use std::fmt::Write;

pub(super) fn write(protocol: &Protocol) -> String {
    let mut text = "\
/**
 * What the server and this extension say to each other beyond LSP. Generated from the server's types; to change it:
 * ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types
 */
import type { Diagnostic, Range } from 'vscode-languageclient';

/** The names of the methods. */
export const tasks = 'alfine/tasks';
export const tasksChanged = 'alfine/tasksChanged';
export const transcript = 'alfine/transcript';

/** What each command takes: one object. */
export interface CommandArguments {
"
    .to_owned();
    for command in &protocol.commands {
        let argument = super::schema::name(command.argument.as_value()).unwrap_or("unknown");
        let _ = writeln!(text, "  /** {} */\n  '{}': {argument};", command.doc, command.name);
    }
    text.push_str("}\n\nexport type ServerCommand = keyof CommandArguments;\n");
    for (name, definition) in &protocol.types {
        text.push('\n');
        text.push_str(&named(name, definition));
    }
    text
}

fn named(name: &str, Definition { doc, kind }: &Definition) -> String {
    let mut text = format!("/** {doc} */\n");
    match kind {
        Kind::Other(of) => {
            let _ = writeln!(text, "export type {name} = {};", word(of));
        }
        Kind::Object { fields, open } => {
            let _ = writeln!(text, "export interface {name} {{");
            for field in fields {
                let optional = if field.optional { "?" } else { "" };
                if !field.doc.is_empty() {
                    let _ = writeln!(text, "  /** {} */", field.doc);
                }
                let _ = writeln!(text, "  {}{optional}: {};", field.name, word(&field.of));
            }
            text.push_str(if *open { "  [field: string]: unknown;\n}\n" } else { "}\n" });
        }
    }
    text
}

fn word(of: &Type) -> String {
    match of {
        Type::Any => "unknown".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Literal(word) => format!("'{word}'"),
        Type::Named(name) | Type::Lsp(name) => name.clone(),
        Type::Object(fields) => {
            let field = |field: &Field| {
                format!("{}{}: {}", field.name, if field.optional { "?" } else { "" }, word(&field.of))
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        Type::List(of) if matches!(**of, Type::OneOf(_)) => format!("({})[]", word(of)),
        Type::List(of) => format!("{}[]", word(of)),
        Type::OneOf(types) => types.iter().map(word).collect::<Vec<_>>().join(" | "),
    }
}
