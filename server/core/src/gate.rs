//! The completion gate: what the agent says of its own completion, read from the text it wrote.
//!
//! Text in, a [`Reading`] out. It never knows where the text came from (the caller gives it the assistant's own
//! messages and nothing else), nor whether what the agent says is true: that is for the verifiers.

mod body;
mod dialect;
mod reading;
mod scan;
#[cfg(test)]
mod tests;

pub use reading::{Dialects, Gate, Reading, Verdict};

use scan::{Block, End, Marker, Talk};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Reads one message of the assistant. Alfine's own gate wins over any dialect.
pub fn read(message: &str, dialects: &Dialects) -> Reading {
    let message = with_plain_line_ends(message);
    let own = read_own(&message);
    if own.is_missing() { dialect::read(&message, dialects).unwrap_or(own) } else { own }
}

/// Reads the messages of one iteration, one after the other: the last one that has a gate decides.
/// Alfine's own gate wins over a dialect in any message. Keeps no message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GateReader {
    dialects: Dialects,
    reading: Reading,
    own: bool,
}

impl GateReader {
    /// Makes a reader that has seen no message yet.
    pub fn new(dialects: Dialects) -> Self {
        Self { dialects, reading: Reading::default(), own: false }
    }

    pub(crate) fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        self.reading.rewrite_texts(rewrite);
    }

    /// Takes the next message of the assistant, whole.
    pub fn observe(&mut self, message: &str) {
        let message = with_plain_line_ends(message);
        let own = read_own(&message);
        if !own.is_missing() {
            self.own = true;
            self.reading = own;
            return;
        }
        if self.own {
            return;
        }
        match dialect::read(&message, &self.dialects) {
            Some(reading) if !reading.is_missing() || self.reading.is_missing() => self.reading = reading,
            None if self.reading.is_missing() && own.why != reading::NOTHING_FOUND => self.reading = own,
            _ => {}
        }
    }

    /// What the messages so far come to.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }
}

fn with_plain_line_ends(message: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', message.as_bytes()).is_none() {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.replace("\r\n", "\n").replace('\r', "\n"))
}

fn read_own(message: &str) -> Reading {
    let found = scan::last_block(message, Marker::Gate);
    match (found.block, found.talk) {
        (Some(block), _) => read_block(message, &block),
        (None, None) => Reading::default(),
        (None, Some((line, talk))) => {
            let stands = match talk {
                Talk::Fence => {
                    return Reading::missing(format!(
                        "the gate on line {line} stands in a code fence with more text after it, so it is an example"
                    ));
                }
                Talk::Quote => "stands in a quote",
                Talk::ListItem => "stands in a list item",
                Talk::IndentedCode => "is indented by four columns or more",
                Talk::Sentence => "stands inside a sentence",
            };
            Reading::missing(format!("the gate's tag on line {line} {stands}, so it is only talk"))
        }
    }
}

fn read_block(message: &str, block: &Block) -> Reading {
    let line = block.line;
    match block.end {
        End::Unclosed => {
            return Reading::malformed(format!("the gate that begins on line {line} has no closing tag"));
        }
        End::SecondOpening(second) => {
            return Reading::malformed(format!(
                "the gate that begins on line {line} has a second opening tag on line {second}"
            ));
        }
        End::Closed => {}
    }
    let text = block.body.of(message);
    let entries = match body::parse(text) {
        Ok(entries) => entries,
        Err(unreadable) => {
            return Reading::malformed(format!("the gate that begins on line {line} {unreadable}"));
        }
    };
    let at = line + body::line_of_key(text, "ready").unwrap_or(0);
    body::judge(body::understand(entries, "ready"), at, "ready")
}
