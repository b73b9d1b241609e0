//! What commands print to standard output.

use alfine_engine::{Error, ErrorKind, Result};
use serde::Serialize;
use std::{fmt, io::Write};

/// Prints one line to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot print as JSON: {error}")))?;
    say(format_args!("{text}"));
    Ok(())
}
