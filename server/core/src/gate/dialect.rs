//! How other tools let an agent say "done". Read with the same care for fences, quotes and lists as Alfine's own gate.

use super::{
    body,
    reading::{Dialects, Gate, Reading, Verdict, short},
    scan::{self, Block, End, Marker},
};

/// Reads a message in the dialects that are switched on, the most expressive first; `None` if the message uses none of
/// them.
pub(super) fn read(message: &str, dialects: &Dialects) -> Option<Reading> {
    if dialects.ralph_status
        && let Some(block) = scan::last_block(message, Marker::RalphStatus).block
    {
        return Some(ralph_status(message, &block));
    }
    let promised = dialects.promise.as_deref().and_then(|text| promise(message, text));
    if promised.as_ref().is_some_and(|reading| !reading.is_missing()) {
        return promised;
    }
    if dialects.loop_complete
        && let Some(line) = line_of_loop_complete(message)
    {
        return Some(ready(format!("line {line}: `LOOP_COMPLETE`")));
    }
    promised
}

fn ready(why: String) -> Reading {
    Reading::new(Verdict::Ready, Some(Gate { ready: Some(true), ..Gate::default() }), why)
}

/// Reads the last promise. A promise with another text is not a gate, whatever came before it.
fn promise(message: &str, expected: &str) -> Option<Reading> {
    let block = scan::last_block(message, Marker::Promise).block.filter(|block| block.end == End::Closed)?;
    let line = block.line;
    let said = block.body.of(message);
    if !expected.trim().is_empty() && said.split_whitespace().eq(expected.split_whitespace()) {
        return Some(ready(format!("line {line}: the promise `{}`", short(said))));
    }
    Some(Reading::missing(format!(
        "the promise on line {line} is `{}`, not `{}`",
        short(said),
        short(expected)
    )))
}

/// Reads a status block as ralph-claude-code asks for it: `EXIT_SIGNAL` says ready, `RECOMMENDATION` why, and the
/// `STATUS` (`IN_PROGRESS`, `COMPLETE`, `BLOCKED`) must not say otherwise.
fn ralph_status(message: &str, block: &Block) -> Reading {
    let line = block.line;
    if block.end != End::Closed {
        return Reading::malformed(format!("the status block that begins on line {line} has no proper end"));
    }
    let text = block.body.of(message);
    let entries = match body::parse_lines(text) {
        Ok(entries) => entries,
        Err(unreadable) => {
            return Reading::malformed(format!("the status block that begins on line {line} {unreadable}"));
        }
    };
    let at = line + body::line_of_key(text, "EXIT_SIGNAL").unwrap_or(0);
    let mut understood = body::understand(entries, "exit_signal");
    let gate = &mut understood.gate;
    let field = |name: &str| {
        let (_, value) = gate.extra.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let status = field("STATUS").unwrap_or_default().to_ascii_uppercase();
    gate.reason = field("RECOMMENDATION").or_else(|| gate.reason.take());
    if status == "BLOCKED" || (status == "IN_PROGRESS" && gate.ready == Some(true)) {
        gate.blockers.push(match &gate.reason {
            Some(reason) => format!("STATUS is {status}: {reason}"),
            None => format!("STATUS is {status}"),
        });
    }
    body::judge(understood, at, "EXIT_SIGNAL")
}

fn line_of_loop_complete(message: &str) -> Option<usize> {
    let trimmed = message.trim_end();
    let last = trimmed.rsplit('\n').next()?;
    let indent = last.len() - last.trim_start_matches(' ').len();
    (indent <= 3 && last.trim() == "LOOP_COMPLETE").then(|| trimmed.split('\n').count())
}
