//! `alfine settings`: every setting, or those of one name, with default and meaning.

use crate::{
    cli::SettingsArgs,
    output::{print_json, say},
    report::exit,
};
use alfine_config::Setting;
use alfine_core::printable::printable;
use alfine_engine::{Error, Result};
use serde_json::{Value, json};

/// Prints settings as a person or a program reads them, or their schema.
pub(super) fn perform(args: &SettingsArgs) -> Result<u8> {
    if args.schema {
        print_json(&alfine_config::schema())?;
        return Ok(exit::DONE);
    }
    let found = Setting::named(args.name.as_deref().unwrap_or_default());
    match &args.name {
        Some(name) if found.is_empty() => return Err(unknown(name)),
        _ if args.json => print_json(&json!({ "settings": found.iter().map(entry).collect::<Vec<_>>() }))?,
        Some(_) => {
            let pages: Vec<String> = found.iter().map(|(name, setting)| page(name, setting)).collect();
            say(format_args!("{}", pages.join("\n\n")));
        }
        None => say(format_args!("{}", alfine_config::reference_markdown())),
    }
    Ok(exit::DONE)
}

fn unknown(name: &str) -> Error {
    let hint = match Setting::nearest(name) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "leave the name out, and all settings are shown".to_owned(),
    };
    Error::user(format!("there is no setting {}", printable(name))).hint(hint)
}

fn page(name: &str, setting: &Setting) -> String {
    let default = match (setting.default_toml(), setting.examples_toml().next()) {
        (Some(default), _) => format!("Default: {default}."),
        (None, Some(example)) => format!("Not set by default; for example: {example}."),
        (None, None) => "Not set by default.".to_owned(),
    };
    let mut text = format!("{name}\n  {}\n  Takes {}. {default}", setting.meaning, setting.takes);
    for word in setting.words().iter().filter(|word| !word.meaning.is_empty()) {
        text.push_str(&format!("\n  \"{}\": {}", word.word, word.meaning));
    }
    text
}

fn entry((name, setting): &(String, &Setting)) -> Value {
    let words = setting.words().iter().map(|it| json!({ "word": it.word, "meaning": it.meaning }));
    json!({
        "name": name,
        "meaning": setting.meaning,
        "takes": setting.takes.to_string(),
        "default": setting.default,
        "examples": setting.examples,
        "words": words.collect::<Vec<_>>(),
    })
}
