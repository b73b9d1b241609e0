//! The protocol in Lua: the table of the commands, and LuaCATS types.

use super::{
    Protocol,
    schema::{Definition, Field, Kind, Type},
};
use std::fmt::Write;

pub(super) fn write(protocol: &Protocol) -> String {
    let mut text = "\
-- What the language server takes and says beyond LSP. Generated from the server's types; to change it:
-- ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types

local M = {}

---The server's commands without `alfine.`, in their order, and whether each takes a task, a plan, or more than that.
---@type { name: string, takes: 'task' | 'plan' | 'more' }[]
M.commands = {
"
    .to_owned();
    for command in &protocol.commands {
        let name = command.name.trim_start_matches("alfine.");
        let _ = writeln!(text, "  {{ name = '{name}', takes = '{}' }},", protocol.takes(command));
    }
    text.push_str("}\n");
    for (name, definition) in &protocol.types {
        text.push('\n');
        text.push_str(&named(name, definition));
    }
    text.push_str("\nreturn M\n");
    text
}

fn named(name: &str, Definition { doc, kind }: &Definition) -> String {
    let mut text = format!("---{doc}\n");
    match kind {
        Kind::Other(of) => {
            let _ = writeln!(text, "---@alias alfine.{name} {}", word(of));
        }
        Kind::Object { fields, open } => {
            let _ = writeln!(text, "---@class alfine.{name}");
            for field in fields {
                let optional = if field.optional { "?" } else { "" };
                let line = format!("---@field {}{optional} {} {}", field.name, word(&field.of), field.doc);
                let _ = writeln!(text, "{}", line.trim_end());
            }
            if *open {
                text.push_str("---@field [string] any\n");
            }
        }
    }
    text
}

fn word(of: &Type) -> String {
    match of {
        Type::Any => "any".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer => "integer".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Null => "nil".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Literal(word) => format!("'{word}'"),
        Type::Named(name) => format!("alfine.{name}"),
        Type::Lsp(name) => format!("lsp.{name}"),
        Type::Object(fields) => {
            let field = |field: &Field| {
                format!("{}{}: {}", field.name, if field.optional { "?" } else { "" }, word(&field.of))
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Type::List(of) if matches!(**of, Type::OneOf(_)) => format!("({})[]", word(of)),
        Type::List(of) => format!("{}[]", word(of)),
        Type::OneOf(types) => types.iter().map(word).collect::<Vec<_>>().join(" | "),
    }
}
