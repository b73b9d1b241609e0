//! `alfine gate`: how one message's completion gate is read, and why.

use crate::{
    cli::GateArgs,
    output::{print_json, say},
    report::exit,
};
use alfine_core::gate::{self, Dialects};
use alfine_engine::{Error, Result};
use std::io::Read;

/// Reads a message and prints its verdict.
pub(super) fn perform(args: &GateArgs) -> Result<u8> {
    let mut bytes = Vec::new();
    let read = match &args.file {
        Some(path) => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
        None => std::io::stdin().lock().read_to_end(&mut bytes),
    };
    read.map_err(|error| {
        let name = args.file.as_ref().map_or("standard input".into(), |path| path.display().to_string());
        Error::user(format!("cannot read {name}: {error}"))
            .hint("give a file with one message of the assistant, or pipe the message in")
    })?;
    let reading = gate::read(&String::from_utf8_lossy(&bytes), &Dialects::default());
    if args.json {
        print_json(&reading)?;
    } else {
        say(format_args!("{}: {}", reading.verdict.as_str(), reading.why));
        if let Some(gate) = &reading.gate {
            for (name, text) in
                [("reason", &gate.reason), ("progress", &gate.progress), ("question", &gate.question)]
            {
                if let Some(text) = text {
                    say(format_args!("  {name}: {text}"));
                }
            }
            for blocker in &gate.blockers {
                say(format_args!("  blocker: {blocker}"));
            }
        }
    }
    Ok(exit::DONE)
}
