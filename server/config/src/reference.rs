//! The settings written out for people.

use super::catalogue::{ANY_NAME, Setting, TableForm, Takes};
use std::fmt::Write;

/// Returns every setting with its default and its meaning, as Markdown tables.
pub fn reference_markdown() -> String {
    let root = Setting::root();
    let mut text = table(root);
    for (name, setting) in root.children() {
        let (header, inner) = match (setting.table(), &setting.takes) {
            (None, _) => continue,
            (Some(_), Takes::Map { of, .. }) => (format!("[{name}.{ANY_NAME}]"), &**of),
            (Some(TableForm::List), _) => (format!("[[{name}]]"), setting),
            (Some(_), _) => (format!("[{name}]"), setting),
        };
        let _ = write!(text, "\n### `{header}`\n\n{}\n\n{}", setting.meaning, table(inner));
    }
    text
}

fn table(of: &Setting) -> String {
    let mut text = "| setting | default | meaning |\n|---|---|---|\n".to_owned();
    for (key, setting) in of.children().iter().filter(|(_, setting)| setting.table().is_none()) {
        let default = setting.default_toml().map_or_else(String::new, |default| format!("`{default}`"));
        let words: Vec<String> = setting.words().iter().map(|it| format!("`{}`", it.word)).collect();
        let words = if words.is_empty() { String::new() } else { format!(" One of {}.", words.join(", ")) };
        let meaning = format!("{}{words}", setting.meaning).replace('|', "\\|");
        let _ = writeln!(text, "| `{key}` | {default} | {meaning} |");
    }
    text
}
