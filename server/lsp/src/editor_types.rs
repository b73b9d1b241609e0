//! Writes what both editors know of this server: the names of its commands, their arguments, the tasks, the transcripts.
//!
//! A test, so that no released program carries it: `ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types` writes
//! the files, and without the variable the test fails if one of them is out of date. `npm run manifest` in
//! `editors/vscode` then takes the palette into `package.json`.

mod lua;
mod schema;
mod typescript;

use crate::{
    commands::{Described, EditorCommand, TranscriptPage, TranscriptParams},
    handlers::tasks::Tasks,
    publisher::TaskChanges,
};
use schema::{Definition, definitions};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// What both editors are told.
struct Protocol {
    commands: Vec<Described>,
    /// The types that commands and messages name, by name.
    types: BTreeMap<String, Definition>,
}

impl Protocol {
    fn new() -> Self {
        // A field that may be left out of a message is optional for its reader. Arguments are read by this server.
        let mut said = SchemaGenerator::new(SchemaSettings::draft2020_12().for_serialize());
        let mut read = SchemaGenerator::new(SchemaSettings::draft2020_12().for_deserialize());
        said.subschema_for::<Tasks>();
        said.subschema_for::<TaskChanges>();
        said.subschema_for::<TranscriptPage>();
        read.subschema_for::<TranscriptParams>();
        let commands = EditorCommand::table(&mut read);
        let mut types = definitions(&read.take_definitions(true));
        types.extend(definitions(&said.take_definitions(true)));
        Self { commands, types }
    }

    /// The table of the commands, for scripts and for what an editor does with every command.
    fn table(&self) -> Value {
        let commands = self.commands.iter().map(|command| {
            let entry = json!({ "title": command.title, "runs": command.runs, "takes": self.takes(command) });
            (command.name.to_owned(), entry)
        });
        Value::Object(commands.collect())
    }

    /// `task` or `plan` if the command needs nothing else, so that an editor can offer it without knowing more of it.
    fn takes(&self, command: &Described) -> &'static str {
        match schema::name(command.argument.as_value()) {
            Some("OfTask") => "task",
            Some("OfDocument" | "ContinuePlan") => "plan",
            _ => "more",
        }
    }
}

#[test]
fn the_files_of_the_editors_are_the_generated_ones() {
    let protocol = Protocol::new();
    let table = serde_json::to_string_pretty(&protocol.table()).unwrap() + "\n";
    let files = [
        ("vscode/src/protocol.ts", typescript::write(&protocol)),
        ("vscode/src/server_commands.json", table),
        ("neovim/lua/alfine/protocol.lua", lua::write(&protocol)),
    ];
    let editors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors");
    for (name, generated) in files {
        let path = editors.join(name);
        if std::env::var_os("ALFINE_WRITE_TYPES").is_some() {
            fs::write(&path, &generated).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "{} is out of date; write it with\n  ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types",
            path.display()
        );
    }
}
