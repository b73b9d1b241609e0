//! Makes a text of the work of one and the material of another.

use super::{
    part::{DOCSTRING, Parts, Piece, Slot, at, indent_of},
    take::take,
};
use std::{collections::BTreeSet, ops::Range};

/// What becomes of material whose item or module the work does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is left out, and that is said.
    Lose,
    /// Something of its name, which does nothing, is put there for it.
    Stub,
}

/// A text with the work of one and the material of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The text; `None` if they cannot be set into each other, or if there is nothing to set.
    pub text: Option<String>,
    /// Whether all of the material is in it.
    pub is_whole: bool,
}

/// Joins the work of one text with the material of another; `None` stands for a file that is not there. What consists only of
/// what is in `left` stays where the work has it.
pub fn with_material(
    path: &str,
    work: Option<&str>,
    material: Option<&str>,
    missing: Missing,
    left: &BTreeSet<String>,
) -> Joined {
    let is_left = |piece: &&Piece| piece.cores.iter().all(|core| left.contains(core));
    let (text, from) = (work.unwrap_or_default(), material.unwrap_or_default());
    let (ours, theirs) = (take(path, text), take(path, from));
    let wanted: Vec<&Piece> = theirs.pieces.iter().filter(|piece| !is_left(piece)).collect();
    if work.is_none() && missing == Missing::Lose {
        return Joined { text: None, is_whole: wanted.is_empty() };
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut expected: Vec<&str> = Vec::new();
    // Of what is defined again, the last definition counts, or one that a condition chooses: each gets the docstring.
    let again = |place: &str| {
        let slots = ours.slots.get(place).filter(|slots| place.ends_with(DOCSTRING) && slots.len() > 1)?;
        let same = wanted.iter().filter(|piece| piece.place == place);
        (![0, slots.len()].contains(&same.count())).then_some(slots)
    };
    for piece in &ours.pieces {
        if again(&piece.place).is_some() {
            continue;
        }
        if is_left(&piece) {
            expected.push(&piece.essence);
        } else if theirs.piece(piece).is_none_or(|theirs| is_left(&theirs)) {
            let is_document = !piece.without.is_empty();
            let range = if is_document { piece.range.clone() } else { whole_lines(text, &piece.range) };
            edits.push((range, piece.without.to_owned()));
        }
    }
    let mut lost = 0;
    for (at_piece, piece) in wanted.iter().enumerate() {
        let said = at(from, &piece.range);
        if let Some(slots) = again(&piece.place) {
            let is_last = wanted.iter().skip(at_piece + 1).all(|other| other.place != piece.place);
            for slot in slots.iter().filter(|_| is_last) {
                expected.push(&piece.essence);
                edits.push(put(slot, said, from, piece));
            }
            continue;
        }
        let same = ours.piece(piece).filter(|ours| !is_left(ours));
        let edit = match (same, ours.slot(&piece.place)) {
            (Some(same), _) => Some((same.range.clone(), said.to_owned())),
            (None, Some(slot)) => Some(put(slot, said, from, piece)),
            // What stands in a function or the like is of no use elsewhere.
            (None, None) if missing == Missing::Stub && !piece.reaches => in_stub(&ours, piece, said),
            (None, None) => None,
        };
        match edit {
            Some(edit) => {
                expected.push(&piece.essence);
                edits.push(edit);
            }
            None => lost += 1,
        }
    }
    let Some(joined) = edited(text, edits) else { return Joined { text: None, is_whole: false } };
    let parts = take(path, &joined);
    let mut found: Vec<&str> = parts.pieces.iter().map(|piece| piece.essence.as_str()).collect();
    found.sort_unstable();
    expected.sort_unstable();
    match found == expected {
        true => Joined { text: Some(joined), is_whole: lost == 0 },
        false => Joined { text: None, is_whole: false },
    }
}

/// Puts a piece where nothing of its kind is.
fn put(slot: &Slot, said: &str, from: &str, piece: &Piece) -> (Range<usize>, String) {
    let is_at_end = slot.before.ends_with('\n');
    let indent = if is_at_end { indent_of(from, piece.range.start) } else { "" };
    (slot.range.clone(), format!("{}{indent}{said}{}", slot.before, slot.after))
}

/// Puts a piece into something that stands for where it belongs.
fn in_stub(ours: &Parts, piece: &Piece, said: &str) -> Option<(Range<usize>, String)> {
    let mut names: Vec<&str> = piece.place.split_terminator('/').filter(|name| !name.is_empty()).collect();
    let mut held = match &piece.stub {
        Some(stub) => {
            names.pop();
            names.retain(|name| *name != "\"\"\"");
            format!("{}{said}{}", stub.before, stub.after)
        }
        None => format!("\n{said}\n"),
    };
    loop {
        let place: String = names.iter().map(|name| format!("{name}/")).collect();
        if let Some(slot) = ours.slot(&place) {
            return Some((slot.range.clone(), format!("{}{held}{}", slot.before, slot.after)));
        }
        let name = names.pop()?;
        let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if piece.stub.is_none() {
            // Whatever is in a block of another kind is of no use outside of it.
            held = is_name.then(|| format!("\nmod {name} {{\n{held}\n}}\n"))?;
        }
    }
}

/// A range with the blanks around it that would stay as lines of their own.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let rest = after.lines().next().unwrap_or_default();
    let begins = before.trim_end_matches([' ', '\t']);
    if !rest.trim().is_empty() || !(begins.is_empty() || begins.ends_with('\n')) {
        return range.clone();
    }
    match before.trim_end() {
        "" => 0..range.end + (after.len() - after.trim_start().len()),
        held => held.len()..range.end + rest.trim_end_matches('\r').len(),
    }
}

/// A text with these changes; `None` if they overlap.
pub(crate) fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Option<String> {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut made = String::new();
    let mut end = 0;
    for (range, new) in &edits {
        // What is put at the end of a body may begin in the blanks that another change takes.
        let start = range.start.max(end.min(range.end));
        if range.end < end || start < end {
            return None;
        }
        made.push_str(text.get(end..start)?);
        made.push_str(new);
        end = range.end;
    }
    made.push_str(text.get(end..)?);
    Some(made)
}
