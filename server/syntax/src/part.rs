//! The parts of a source text.

use std::{collections::BTreeMap, ops::Range};

/// The longest text that is taken apart, in bytes: nobody writes a longer file by hand.
pub(crate) const LONGEST: usize = 1 << 20;

/// A text taken apart. What is in no piece is the work.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The material, in the order of the text; none lies within another.
    pub(crate) pieces: Vec<Piece>,
    /// Where material of a place can be put that is not there yet; more than one, where an item is defined again.
    pub(crate) slots: BTreeMap<String, Vec<Slot>>,
    /// Comments of the work.
    pub(crate) comments: Vec<Range<usize>>,
    /// Attributes of the work, and what else can tell a tool to find less.
    pub(crate) marks: Vec<Range<usize>>,
    /// Statements of the work that change what its tests or examples are.
    pub(crate) statements: Vec<Range<usize>>,
}

/// How the place of a docstring ends.
pub(crate) const DOCSTRING: &str = "\"\"\"";

/// A part of a text that is material.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// Where it is.
    pub(crate) range: Range<usize>,
    /// Within what it stands: modules and items by name, each with `/` at its end.
    pub(crate) place: String,
    /// Which one it is there.
    pub(crate) key: String,
    /// What it says, without layout and comments.
    pub(crate) essence: String,
    /// The essences of what it consists of, by which it is known elsewhere.
    pub(crate) cores: Vec<String>,
    /// Whether the work can come to it: it stands beside the work, and is no test by itself.
    pub(crate) reaches: bool,
    /// What stands in its place where it is taken out.
    pub(crate) without: &'static str,
    /// What it can be put at where its item is not there; `None` if it needs none.
    pub(crate) stub: Option<Stub>,
}

/// What stands for an item that is not there, so that its example is run all the same.
#[derive(Debug, Clone)]
pub(crate) struct Stub {
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Where a piece can be put.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// What it takes the place of: mostly nothing.
    pub(crate) range: Range<usize>,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Slot {
    /// At the end of a text or a body, with this before what is put there.
    pub(crate) fn at_end(text: &str, end: usize, gap: &str) -> Self {
        let held = text.get(..end).unwrap_or_default().trim_end();
        let is_first = held.is_empty() || held.ends_with('{');
        let before = if held.is_empty() {
            ""
        } else if is_first {
            "\n"
        } else {
            gap
        };
        let after = match end == text.len() {
            true => "\n".to_owned(),
            false if text.get(end..).is_some_and(|rest| rest.starts_with('}')) => {
                format!("\n{}", indent_of(text, end))
            }
            false => gap.to_owned(),
        };
        Self { range: held.len()..end, before: before.to_owned(), after }
    }
}

impl Parts {
    /// Puts the pieces in order, and tells those apart that are called alike.
    pub(crate) fn ordered(mut self) -> Self {
        self.pieces.sort_by_key(|piece| piece.range.start);
        let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
        for piece in &mut self.pieces {
            let time = times.entry((piece.place.clone(), piece.key.clone())).or_default();
            *time += 1;
            if *time > 1 {
                piece.key.push_str(&format!(" {time}"));
            }
        }
        self.slots.values_mut().for_each(|slots| slots.sort_by_key(|slot| slot.range.start));
        let pieces = &self.pieces;
        let is_work = |range: &Range<usize>| !pieces.iter().any(|piece| piece.range.contains(&range.start));
        self.comments.retain(is_work);
        self.marks.retain(is_work);
        self.statements.retain(is_work);
        self
    }

    /// Notes where material of a place can be put.
    pub(crate) fn put_at(&mut self, place: String, slot: Slot) {
        self.slots.entry(place).or_default().push(slot);
    }

    /// Where material of a place can be put first.
    pub(crate) fn slot(&self, place: &str) -> Option<&Slot> {
        self.slots.get(place)?.first()
    }

    /// The piece of a place.
    pub(crate) fn piece(&self, like: &Piece) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.place == like.place && piece.key == like.key)
    }
}

/// A range of a text.
pub(crate) fn at<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    text.get(range.clone()).unwrap_or_default()
}

/// The number of the line in which a byte is.
pub(crate) fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// The blanks at the beginning of the line in which a byte is.
pub(crate) fn indent_of(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or_default();
    let line = text.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
    let code = line.find(|c: char| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..code).unwrap_or_default()
}

/// The words and signs of a text, without its layout.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
