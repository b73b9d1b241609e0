//! The completion gate: what the agent says of its own completion, read from the text it wrote.
//!
//! Text in, a [`Reading`] out. It never knows where the text came from (the caller gives it the assistant's own
//! messages and nothing else), nor whether what the agent says is true: that is for the verifiers.

mod body;
mod dialect;
mod scan;
#[cfg(test)]
mod tests;

use scan::{Block, End, Marker, Talk};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt};

/// What the agent's gate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It says that the work is done. A claim, not a proof.
    Ready,
    /// It says that the work is not done.
    NotReady,
    /// It says ready, and names a blocker or asks a question. Counts as not ready.
    Contradictory,
    /// There is a gate, and it cannot be read.
    Malformed,
    /// There is no gate.
    #[default]
    Missing,
}

impl Verdict {
    /// The word in the database and in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::Contradictory => "contradictory",
            Self::Malformed => "malformed",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What stands in a gate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// Whether the agent says that it is done; none where that is not a strict boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// What stands in the way; those that say nothing (`none`, `n/a`, `-`) left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
    /// What only a human can answer; none where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Keys that Alfine does not know, as written.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A gate as it was read, and why it was read so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it comes to.
    pub verdict: Verdict,
    /// What stands in it, where its body could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// One sentence for the user, without a full stop. Lines are counted from one, in the agent's message.
    pub why: String,
}

impl Reading {
    /// Lets `rewrite` change every text that may be the agent's.
    pub(crate) fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        rewrite(&mut self.why);
        let Some(gate) = &mut self.gate else { return };
        let named = [&mut gate.reason, &mut gate.progress, &mut gate.question];
        named.into_iter().flatten().chain(&mut gate.blockers).for_each(&mut *rewrite);
        for (mut key, mut value) in std::mem::take(&mut gate.extra) {
            rewrite(&mut key);
            rewrite_strings(&mut value, rewrite);
            gate.extra.insert(key, value);
        }
    }
}

fn rewrite_strings(value: &mut Value, rewrite: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => rewrite(text),
        Value::Array(values) => values.iter_mut().for_each(|value| rewrite_strings(value, rewrite)),
        Value::Object(map) => map.values_mut().for_each(|value| rewrite_strings(value, rewrite)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

const NOTHING_FOUND: &str = "the agent wrote no completion gate";

impl Default for Reading {
    fn default() -> Self {
        Self::missing(NOTHING_FOUND)
    }
}

impl Reading {
    fn new(verdict: Verdict, gate: Option<Gate>, why: impl Into<String>) -> Self {
        Self { verdict, gate, why: why.into() }
    }

    fn malformed(why: impl Into<String>) -> Self {
        Self::new(Verdict::Malformed, None, why)
    }

    fn missing(why: impl Into<String>) -> Self {
        Self::new(Verdict::Missing, None, why)
    }

    fn is_missing(&self) -> bool {
        self.verdict == Verdict::Missing
    }
}

/// The other tools' ways of saying "done" that are understood besides Alfine's own. All off by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialects {
    /// `<promise>TEXT</promise>`, with this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<String>,
    /// A `---RALPH_STATUS---` block with `EXIT_SIGNAL`.
    pub ralph_status: bool,
    /// A bare `LOOP_COMPLETE` as the last line.
    pub loop_complete: bool,
}

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
            None if self.reading.is_missing() && own.why != NOTHING_FOUND => self.reading = own,
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
        (None, Some((line, talk))) => Reading::missing(match talk {
            Talk::Fence => format!(
                "the gate on line {line} stands in a code fence with more text after it, so it is an example"
            ),
            Talk::Quote => format!("the gate's tag on line {line} stands in a quote, so it is only talk"),
            Talk::ListItem => {
                format!("the gate's tag on line {line} stands in a list item, so it is only talk")
            }
            Talk::IndentedCode => {
                format!(
                    "the gate's tag on line {line} is indented by four columns or more, so it is only talk"
                )
            }
            Talk::Sentence => {
                format!("the gate's tag on line {line} stands inside a sentence, so it is only talk")
            }
        }),
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
    judge(body::understand(entries, "ready"), at, "ready")
}

/// Turns what was understood into a verdict; `at` is the line and `key` the name of the word that says ready.
fn judge(understood: body::Understood, at: usize, key: &str) -> Reading {
    let body::Understood { gate, ready } = understood;
    let malformed =
        |gate, why: String| Reading::new(Verdict::Malformed, Some(gate), format!("line {at}: {why}"));
    match ready {
        body::Ready::Absent => malformed(gate, format!("the gate does not say `{key}`")),
        body::Ready::Repeated => malformed(gate, format!("the gate says `{key}` more than once")),
        body::Ready::NotBoolean(text) => {
            malformed(gate, format!("`{key}` is `{}`, which is neither true nor false", short(&text)))
        }
        body::Ready::Is(false) => {
            Reading::new(Verdict::NotReady, Some(gate), format!("line {at}: `{key}` is false"))
        }
        body::Ready::Is(true) => {
            let contradiction = match (&gate.blockers.first(), &gate.question) {
                (Some(blocker), _) => Some(format!("but a blocker is named: “{}”", short(blocker))),
                (None, Some(question)) => Some(format!("but a question is asked: “{}”", short(question))),
                (None, None) => None,
            };
            match contradiction {
                Some(but) => {
                    let why = format!("line {at}: `{key}` is true, {but}");
                    Reading::new(Verdict::Contradictory, Some(gate), why)
                }
                None => Reading::new(
                    Verdict::Ready,
                    Some(gate),
                    format!("line {at}: `{key}` is true and nothing is said to stand in the way"),
                ),
            }
        }
    }
}

/// Makes a text fit into a sentence: one line, at most 80 characters.
fn short(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.chars().nth(80).is_some() {
            return words.chars().take(79).chain(['…']).collect();
        }
    }
    words
}
