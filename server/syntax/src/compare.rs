//! What of the material inside of files is other than it was.

use super::{
    part::{DOCSTRING, Parts, Piece, at, line_of},
    suppression::{Found, Suppression, added, found},
    take::take,
};
use alfine_core::text::first_changed_line;
use std::collections::BTreeSet;

/// A file that changed, before and now; `None` where it is not there.
#[derive(Debug, Clone, Copy)]
pub struct File<'t> {
    /// Its path from the root, with `/`.
    pub path: &'t str,
    /// Its text before.
    pub was: Option<&'t str>,
    /// Its text now.
    pub now: Option<&'t str>,
}

/// What changed of the material of files.
#[derive(Debug, Default)]
pub struct Compared {
    /// For each file, in their order.
    pub inside: Vec<Inside>,
    /// What moved as it was and has no place where it stood any more: it stays where it is now.
    pub kept: BTreeSet<String>,
    /// What moved as it was; where it stood, it could be put as well.
    pub moved: BTreeSet<String>,
}

/// What changed inside of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inside {
    /// Of its tests and examples.
    pub tests: Option<Tests>,
    /// What was added by which a tool finds less.
    pub suppressions: Vec<Suppression>,
}

/// How tests and examples changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tests {
    /// Whether some that were there are others, or gone.
    pub was_there: bool,
    /// Whether the work can come to something new that is only there for tests.
    pub reaches: bool,
    /// The first line now at which that is.
    pub line: u32,
}

/// One file taken apart, before and now.
struct Taken<'t> {
    file: File<'t>,
    was: Parts,
    now: Parts,
}

/// Compares files with what they were. All are looked at together: what left one of them may have moved to another.
pub fn compare(files: &[File<'_>]) -> Compared {
    let take_of = |path, text: Option<&str>| text.map(|text| take(path, text)).unwrap_or_default();
    let taken: Vec<Taken<'_>> = files
        .iter()
        .map(|file| Taken {
            file: *file,
            was: take_of(file.path, file.was),
            now: take_of(file.path, file.now),
        })
        .collect();
    let (kept, moved) = moves(&taken);
    let inside_of = |of: &Taken<'_>, suppressions| Inside { tests: tests(of, &kept), suppressions };
    let both: Vec<[Vec<Found>; 2]> = taken
        .iter()
        .map(|of| {
            [(of.file.was, &of.was), (of.file.now, &of.now)]
                .map(|(text, parts)| text.map(|text| found(of.file.path, text, parts)).unwrap_or_default())
        })
        .collect();
    let inside =
        taken.iter().zip(added(both)).map(|(of, suppressions)| inside_of(of, suppressions)).collect();
    Compared { inside, kept, moved }
}

/// What left its place and is found, as it was, at another: what cannot be put back, and what can.
fn moves(taken: &[Taken<'_>]) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut arrived: BTreeSet<&str> = BTreeSet::new();
    for Taken { was, now, .. } in taken {
        for piece in &now.pieces {
            let there = was.piece(piece).map(|was| was.cores.as_slice()).unwrap_or_default();
            arrived.extend(piece.cores.iter().filter(|core| !there.contains(core)).map(String::as_str));
        }
    }
    let (mut kept, mut moved) = (BTreeSet::new(), BTreeSet::new());
    for Taken { was, now, file } in taken {
        for piece in was.pieces.iter().filter(|piece| now.piece(piece).is_none()) {
            if piece.cores.iter().all(|core| arrived.contains(core.as_str())) {
                let can_be_put = file.now.is_some() && now.slots.contains_key(&piece.place);
                let set = if can_be_put { &mut moved } else { &mut kept };
                set.extend(piece.cores.iter().cloned());
            }
        }
    }
    (kept, moved)
}

fn tests(Taken { file, was, now }: &Taken<'_>, kept: &BTreeSet<String>) -> Option<Tests> {
    let is_kept = |piece: &Piece| piece.cores.iter().all(|core| kept.contains(core));
    let (old, new) = (file.was.unwrap_or_default(), file.now.unwrap_or_default());
    let mut found: Option<Tests> = None;
    let mut note = |was_there, reaches, line| {
        let found = found.get_or_insert(Tests { was_there, reaches, line });
        found.reaches |= reaches;
        // Where something that was there is another is what somebody looks for.
        match (found.was_there, was_there) {
            (false, true) => (found.was_there, found.line) = (was_there, line),
            (true, true) | (false, false) => found.line = found.line.min(line),
            (true, false) => {}
        }
    };
    for piece in now.pieces.iter().filter(|piece| !is_kept(piece)) {
        let line = line_of(new, piece.range.start);
        match was.piece(piece) {
            None => note(false, piece.reaches, line),
            Some(before) if before.essence != piece.essence => {
                let within = first_changed_line(at(old, &before.range), at(new, &piece.range));
                note(true, false, line + within - 1);
            }
            Some(_) => {}
        }
    }
    // What is defined again takes the place of what was there, with its examples.
    let times = |parts: &Parts, place: &str| parts.slots.get(place).map_or(0, Vec::len);
    for piece in was.pieces.iter().filter(|piece| piece.place.ends_with(DOCSTRING)) {
        if times(now, &piece.place) > times(was, &piece.place) {
            let last = now.slots.get(&piece.place).and_then(|slots| slots.last());
            note(true, false, last.map_or(1, |slot| line_of(new, slot.range.start)));
        }
    }
    for piece in was.pieces.iter().filter(|piece| !is_kept(piece) && now.piece(piece).is_none()) {
        let line = now.slot(&piece.place).map_or(1, |slot| line_of(new, slot.range.start));
        note(true, false, line);
    }
    found
}
