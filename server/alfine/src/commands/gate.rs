//! `alfine gate`: how one message's completion gate is read, and why.

use crate::{
    cli::GateArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    gate::{self, Dialects, Reading, Verdict},
    printable::printable,
    text::{detailed, one_line},
};
use alfine_engine::{Error, Result};
use alfine_words::Mark;
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
        print(&reading);
    }
    Ok(exit::DONE)
}

fn print(reading: &Reading) {
    let display = Display::new();
    let mark = match reading.verdict {
        Verdict::Ready => Mark::Good,
        Verdict::NotReady => Mark::Notice,
        Verdict::Missing | Verdict::Malformed | Verdict::Contradictory => Mark::Bad,
    };
    let shown = |text: &str| printable(&one_line(text));
    let verdict = display.painted(mark, reading.verdict.as_str());
    say(format_args!("{}", detailed(&verdict, &shown(&reading.why))));
    let Some(gate) = &reading.gate else { return };
    for (name, text) in alfine_words::gate_items(gate) {
        say(format_args!("  {} {}", display.painted(Mark::Detail, &format!("{name}:")), shown(&text)));
    }
}
