//! What commands print to standard output.

use alfine_engine::{Error, ErrorKind, Result};
use serde::Serialize;
use std::{
    fmt,
    io::{IsTerminal, Write},
};

/// Prints one line to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Whether what is printed there has colours: on a terminal that shows them, unless `NO_COLOR` says no.
pub(crate) fn has_colors(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).unwrap_or_default();
    stream.is_terminal() && set("NO_COLOR").is_empty() && set("TERM") != "dumb"
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot print as JSON: {error}")))?;
    say(format_args!("{text}"));
    Ok(())
}
