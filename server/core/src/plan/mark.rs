//! What a plan says of a task's state: in a box, a sign, a word.
//!
//! Plain text in, a [`Mark`] out. What is not known for sure is none, and the parser says so at its place.

use super::model::Mark;
use std::{collections::HashMap, ops::Range, sync::LazyLock};

/// Signs that say a state. Others, such as `❌` and the coloured circles, mean this to one and that to the next.
const SIGNS: [(char, Mark); 19] = [
    ('✅', Mark::Done),
    ('✔', Mark::Done),
    ('✓', Mark::Done),
    ('☑', Mark::Done),
    ('🗹', Mark::Done),
    ('🏁', Mark::Done),
    ('🔄', Mark::Begun),
    ('🚧', Mark::Begun),
    ('🟡', Mark::Begun),
    ('▶', Mark::Begun),
    ('⛔', Mark::Blocked),
    ('🛑', Mark::Blocked),
    ('⏸', Mark::Blocked),
    ('⏳', Mark::Open),
    ('⌛', Mark::Open),
    ('⬜', Mark::Open),
    ('☐', Mark::Open),
    ('🔲', Mark::Open),
    ('🔜', Mark::Open),
];

/// Words that say a state, in lower case with blanks; of two that begin a text the longer one counts.
const WORDS: [(&str, Mark); 60] = [
    ("done", Mark::Done),
    ("complete", Mark::Done),
    ("completed", Mark::Done),
    ("finished", Mark::Done),
    ("closed", Mark::Done),
    ("merged", Mark::Done),
    ("shipped", Mark::Done),
    ("implemented", Mark::Done),
    ("resolved", Mark::Done),
    ("dropped", Mark::Dropped),
    ("cancelled", Mark::Dropped),
    ("canceled", Mark::Dropped),
    ("abandoned", Mark::Dropped),
    ("obsolete", Mark::Dropped),
    ("rejected", Mark::Dropped),
    ("descoped", Mark::Dropped),
    ("skipped", Mark::Dropped),
    ("skip", Mark::Dropped),
    ("wontfix", Mark::Dropped),
    ("wont do", Mark::Dropped),
    ("won't do", Mark::Dropped),
    ("won’t do", Mark::Dropped),
    ("won't fix", Mark::Dropped),
    ("won’t fix", Mark::Dropped),
    ("not needed", Mark::Dropped),
    ("no longer needed", Mark::Dropped),
    ("superseded", Mark::Dropped),
    ("in progress", Mark::Begun),
    ("wip", Mark::Begun),
    ("work in progress", Mark::Begun),
    ("begun", Mark::Begun),
    ("started", Mark::Begun),
    ("ongoing", Mark::Begun),
    ("doing", Mark::Begun),
    ("active", Mark::Begun),
    ("in review", Mark::Begun),
    ("blocked", Mark::Blocked),
    ("on hold", Mark::Blocked),
    ("waiting", Mark::Blocked),
    ("paused", Mark::Blocked),
    ("stuck", Mark::Blocked),
    ("deferred", Mark::Blocked),
    ("postponed", Mark::Blocked),
    ("todo", Mark::Open),
    ("to do", Mark::Open),
    ("open", Mark::Open),
    ("reopened", Mark::Open),
    ("pending", Mark::Open),
    ("planned", Mark::Open),
    ("not started", Mark::Open),
    ("not yet started", Mark::Open),
    ("not done", Mark::Open),
    ("incomplete", Mark::Open),
    ("ready", Mark::Open),
    ("backlog", Mark::Open),
    ("new", Mark::Open),
    ("draft", Mark::Open),
    ("proposed", Mark::Open),
    ("queued", Mark::Open),
    ("tbd", Mark::Open),
];

/// Words that say a state in other languages.
const FOREIGN: [(Mark, &str); 5] = [
    (
        Mark::Done,
        "erledigt|fertig|abgeschlossen|umgesetzt|terminé|terminée|fait|fini|achevé|hecho|hecha|terminado|terminada|completado|\
         completada|feito|feita|concluído|concluída|готово|сделано|завершено|выполнено|完成|已完成|完了|済|済み|완료|fatto|\
         completato|gereed|klaar|zrobione",
    ),
    (
        Mark::Dropped,
        "verworfen|gestrichen|entfällt|abgebrochen|abandonné|abandonnée|annulé|annulée|cancelado|cancelada|descartado|\
         descartada|отменено|отменена|не нужно|已取消|取消|放弃|中止|キャンセル|취소|annullato|geannuleerd",
    ),
    (
        Mark::Begun,
        "in arbeit|in bearbeitung|begonnen|en cours|en curso|en progreso|em andamento|em curso|в работе|в процессе|进行中|\
         進行中|作業中|진행 중|in corso|bezig",
    ),
    (
        Mark::Blocked,
        "blockiert|wartet|bloqué|bloquée|bloqueado|bloqueada|заблокировано|阻塞|受阻|保留|보류|bloccato",
    ),
    (
        Mark::Open,
        "offen|geplant|zu erledigen|nicht begonnen|à faire|pendiente|por hacer|pendente|a fazer|открыто|не начато|待办|未开始|\
         待处理|未着手|대기|da fare",
    ),
];
/// The words of [`FOREIGN`] by their first letter, by which nearly every text is none of them.
static FOREIGN_BY_LETTER: LazyLock<HashMap<char, Vec<(&str, Mark)>>> = LazyLock::new(|| {
    let mut by_letter: HashMap<char, Vec<(&str, Mark)>> = HashMap::new();
    for (mark, words) in FOREIGN {
        for word in words.split('|') {
            by_letter.entry(word.chars().next().unwrap_or_default()).or_default().push((word, mark));
        }
    }
    by_letter
});

/// Signs as they are spelled out.
const SHORTCODES: [(&str, Mark); 9] = [
    (":white_check_mark:", Mark::Done),
    (":heavy_check_mark:", Mark::Done),
    (":ballot_box_with_check:", Mark::Done),
    (":checkered_flag:", Mark::Done),
    (":construction:", Mark::Begun),
    (":arrows_counterclockwise:", Mark::Begun),
    (":no_entry:", Mark::Blocked),
    (":hourglass:", Mark::Open),
    (":hourglass_flowing_sand:", Mark::Open),
];
/// Signs that say something of a state, but not the same to everybody.
const UNSURE: [char; 7] = ['❌', '✖', '✗', '✘', '❎', '🚫', '🗑'];
/// Words that in small letters at the end of a title can only be its state.
const CLEAR: [&str; 17] = [
    "done",
    "completed",
    "finished",
    "dropped",
    "cancelled",
    "canceled",
    "abandoned",
    "descoped",
    "wontfix",
    "wont do",
    "won't do",
    "won’t do",
    "won't fix",
    "won’t fix",
    "not needed",
    "no longer needed",
    "superseded",
];
/// What is said behind a title that is struck out, in lower case: its work is somewhere else, or nowhere.
const GONE: [&str; 13] = [
    "moved",
    "replaced",
    "merged into",
    "merged with",
    "split",
    "see",
    "duplicate",
    "covered by",
    "part of",
    "folded into",
    "removed",
    "out of scope",
    "not any more",
];
/// Names of lines that say a state as `Status` does.
const STATE_NAMES: [&str; 12] = [
    "state",
    "task status",
    "current status",
    "zustand",
    "stand",
    "statut",
    "état",
    "estado",
    "статус",
    "состояние",
    "状态",
    "状態",
];

/// Words after `done` that take it back.
const BUT: [&str; 10] =
    ["but", "except", "not", "still", "remaining", "remains", "partly", "partially", "mostly", "until"];

/// The state that a sign says.
pub(super) fn of_sign(sign: char) -> Option<Mark> {
    SIGNS.iter().find(|(known, _)| *known == sign).map(|(_, mark)| *mark)
}

/// Whether a character is a pictograph, or belongs to one: not a letter, and no punctuation.
pub(super) fn is_sign(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}' | '\u{200d}' | '\u{20e3}')
}

/// The state that a whole text names, in any case.
pub(super) fn of_word(text: &str) -> Option<Mark> {
    let (mark, rest) = leading_word(text.trim())?;
    rest.is_empty().then_some(mark)
}

/// The longest known word that a text begins with, and what follows it.
fn leading_word(text: &str) -> Option<(Mark, &str)> {
    // Without case, and `in-progress` is two words.
    let is_same = |(written, known): (u8, u8)| {
        written.to_ascii_lowercase() == known || known == b' ' && matches!(written, b'-' | b'_')
    };
    let begins = |&&(word, _): &&(&'static str, Mark)| {
        text.get(..word.len()).is_some_and(|start| start.bytes().zip(word.bytes()).all(is_same))
            && !text.get(word.len()..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
    };
    if let Some((word, mark)) = WORDS.iter().filter(begins).max_by_key(|(word, _)| word.len()) {
        return Some((*mark, text.get(word.len()..)?));
    }
    let (length, mark) = foreign_word(text)?;
    Some((mark, text.get(length..)?))
}

/// How long the longest word of another language is that a text begins with, and what it says.
fn foreign_word(text: &str) -> Option<(usize, Mark)> {
    let letter = text.chars().next()?.to_lowercase().next()?;
    let found = FOREIGN_BY_LETTER.get(&letter)?.iter().filter_map(|(word, mark)| {
        let length = prefix_len(text, word)?;
        let ends = !text.get(length..)?.starts_with(char::is_alphanumeric);
        ends.then_some((length, *mark))
    });
    found.max_by_key(|(length, _)| *length)
}

/// How many bytes of a text are `word`, which is in lower case, if it begins with that in any case.
pub(super) fn prefix_len(text: &str, word: &str) -> Option<usize> {
    let mut left = text.chars();
    for known in word.chars() {
        let written = left.next()?;
        if written != known && !written.to_lowercase().eq([known]) {
            return None;
        }
    }
    Some(text.len() - left.as_str().len())
}

/// The state that the value of a `Status:` line says, and what of it says so: `COMPLETED ✅`, `Done (2031-03-02)`, all of
/// `Blocked by a question`. `None` if it says none that is known, or takes it back.
pub(super) fn of_status(value: &str) -> Option<(Mark, Range<usize>)> {
    let is_edge = |c: char| c.is_whitespace() || is_sign(c) || matches!(c, '*' | '_' | '`' | '[' | ']' | '"');
    let is_plain = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | '[' | ']' | '"');
    let start = value.len() - value.trim_start_matches(is_plain).len();
    let whole = start..value.trim_end_matches(is_plain).len().max(start);
    let text = value.trim_start_matches(is_edge);
    if let Some(mark) = of_percent(text) {
        return Some((mark, whole));
    }
    if let Some((mark, code)) = shortcode_at_start(text) {
        return (text.get(code.len()..).is_some_and(|rest| rest.chars().all(is_edge)))
            .then_some((mark, whole));
    }
    if text.is_empty() {
        return Some((value.chars().find_map(of_sign)?, whole));
    }
    let (mark, rest) = leading_word(text)?;
    if rest.chars().all(is_edge) || mark == Mark::Blocked {
        return Some((mark, whole));
    }
    let word_end = value.len() - rest.len();
    let rest = rest.trim();
    let takes_back = rest
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| BUT.iter().any(|but| but.eq_ignore_ascii_case(word)));
    let goes_on = rest.starts_with(char::is_alphabetic)
        && !["on", "at", "in", "by", "as", "since", "with", "via"]
            .contains(&rest.split(' ').next().unwrap_or_default());
    let is_unsure = matches!(mark, Mark::Done | Mark::Dropped) && (takes_back || goes_on);
    (!is_unsure).then_some((mark, whole.start..word_end))
}

/// The state that a whole text says as a part of the work: `100%`.
fn of_percent(text: &str) -> Option<Mark> {
    let percent = text.trim_end_matches(|c: char| c.is_whitespace() || is_sign(c)).strip_suffix('%')?;
    Some(match percent.trim().parse::<u8>().ok()? {
        0 => Mark::Open,
        1..100 => Mark::Begun,
        100 => Mark::Done,
        101.. => return None,
    })
}

/// Whether a line of this name may say a state.
pub(super) fn names_state(name: &str) -> bool {
    STATE_NAMES.contains(&name.trim().to_lowercase().as_str())
}

/// The state that a line says that is not called `Status`: `State: completed`, `Progress: 100%`, `Done: yes`. `None` if it
/// is about something else.
pub(super) fn of_state(name: &str, value: &str) -> Option<Mark> {
    let name = name.trim().to_lowercase();
    if STATE_NAMES.contains(&name.as_str()) {
        return of_status(value).map(|(mark, _)| mark);
    }
    let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | '.'));
    if name == "progress" {
        return of_percent(value);
    }
    let is_done =
        matches!(name.as_str(), "done" | "complete" | "completed" | "finished" | "closed" | "shipped");
    let says_so = || {
        let is_date = value.starts_with(|c: char| c.is_ascii_digit())
            && value.contains(['-', '/', '.'])
            && value.chars().all(|c| c.is_ascii_digit() || "-/.: TZ".contains(c));
        ["yes", "true", "x", "[x]", "y"].iter().any(|yes| yes.eq_ignore_ascii_case(value))
            || is_date
            || of_percent(value) == Some(Mark::Done)
            || value.chars().next().and_then(of_sign) == Some(Mark::Done)
    };
    (is_done && says_so()).then_some(Mark::Done)
}

/// The state that a line says without a colon: `Status - done`, `**Status** Done`, `_Completed 2031-02-02_`, and what of it
/// says so.
pub(super) fn without_colon(line: &str) -> Option<(Mark, Range<usize>)> {
    let is_mark = |c: char| matches!(c, '*' | '_');
    let begin = line.len() - line.trim_start_matches(is_mark).len();
    let end = line.trim_end_matches(is_mark).len();
    let inner = line.get(begin..end)?;
    for name in ["status", "state"] {
        let Some(rest) = inner.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)) else {
            continue;
        };
        let after = inner.get(rest.len()..)?;
        let value = after.trim_start_matches(|c: char| {
            is_mark(c) || c.is_whitespace() || matches!(c, ':' | '：' | '-' | '–' | '—' | '=' | '→')
        });
        // `Status of the orders` has no sign behind the name.
        let is_parted = after.contains(['*', '_', ':', '：', '-', '–', '—', '=', '→']);
        let (mark, place) = of_status(value).filter(|_| is_parted)?;
        let at = begin + inner.len() - value.len();
        return Some((mark, at + place.start..at + place.end));
    }
    let is_emphasised = begin > 0 && end < line.len();
    let (mark, place) = of_status(inner).filter(|_| is_emphasised)?;
    matches!(mark, Mark::Done | Mark::Dropped).then_some((mark, begin + place.start..begin + place.end))
}

/// The state that a table says: in a row of its own, or in the column of its only row.
pub(super) fn in_table(table: &str) -> Option<(Mark, Range<usize>)> {
    let mut at = 0;
    let rows: Vec<Vec<Range<usize>>> = table
        .split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            let mut from = 0;
            let ends = line.match_indices('|').map(|(end, _)| end).chain([line.len()]);
            let cells = ends.map(|end| {
                let cell = start + from..start + end;
                from = end + 1;
                cell
            });
            cells.filter(|cell| table.get(cell.clone()).is_some_and(|cell| !cell.trim().is_empty())).collect()
        })
        .collect();
    let is_status = |cell: &Range<usize>| {
        let name = table.get(cell.clone()).unwrap_or_default();
        let name = name
            .trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | ':' | '`'))
            .to_lowercase();
        name == "status" || STATE_NAMES.contains(&name.as_str())
    };
    let own = rows.iter().find_map(|row| match &row[..] {
        [name, value] if is_status(name) => Some(value),
        _ => None,
    });
    let in_column = || match &rows[..] {
        [head, _, row] if head.len() == row.len() => row.get(head.iter().position(is_status)?),
        _ => None,
    };
    let cell = own
        .filter(|cell| of_status(table.get((*cell).clone()).unwrap_or_default()).is_some())
        .or_else(in_column)?;
    let (mark, place) = of_status(table.get(cell.clone())?)?;
    Some((mark, cell.start + place.start..cell.start + place.end))
}

/// A sign that is spelled out at the beginning of a text.
fn shortcode_at_start(text: &str) -> Option<(Mark, &'static str)> {
    let (code, mark) = SHORTCODES.iter().find(|(code, _)| text.starts_with(code))?;
    Some((*mark, code))
}

/// The state that is said behind a title that is struck out: `dropped`, `- moved to Task 9`.
pub(super) fn behind_struck(rest: &str) -> Option<Mark> {
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    match leading_word(rest) {
        Some((mark @ (Mark::Done | Mark::Dropped), _)) => return Some(mark),
        Some((Mark::Blocked, _)) => return Some(Mark::Dropped),
        Some((Mark::Open | Mark::Begun, _)) | None => {}
    }
    let lower = rest.to_lowercase();
    let begins = |word: &&str| {
        lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    GONE.iter().any(begins).then_some(Mark::Dropped)
}

/// A box at the beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenBox {
    /// What stands between the brackets.
    pub(super) inner: Range<usize>,
    /// Where it ends, a star included.
    pub(super) end: usize,
    /// What it says; `None` if its mark is not known.
    pub(super) mark: Option<Mark>,
    /// `[ ]*`: Kiro's way to say that the task is optional.
    pub(super) is_starred: bool,
    /// No blank stands behind it.
    pub(super) is_glued: bool,
}

/// Reads a box at the beginning of a text: `[ ]`, `[x]`, `[✓]`, `[~]`, `[]`. Any other sign makes a box whose mark is not
/// known; letters and digits are tags.
pub(super) fn written_box(text: &str) -> Option<WrittenBox> {
    const LONGEST: usize = 8;
    let inner = text.strip_prefix('[')?;
    let length = inner.bytes().take(LONGEST).position(|byte| byte == b']')?;
    let inner = inner.get(..length)?;
    let sign = inner.trim().trim_end_matches('\u{fe0f}');
    let is_tag = sign.chars().nth(1).is_some() || sign.contains(char::is_alphanumeric);
    let mark = of_box(inner);
    if mark.is_none() && is_tag {
        return None;
    }
    let inner = 1..1 + length;
    let end = inner.end + 1;
    let rest = text.get(end..)?;
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    let is_starred = rest.strip_prefix('*').is_some_and(ends);
    let is_glued = !is_starred && !ends(rest);
    // `[x](link)` and `[~][reference]` are no boxes, nor is `[-]5`.
    let begins = |c: char| c.is_alphanumeric() || matches!(c, '*' | '_' | '`' | '"' | '“');
    if is_glued && !(matches!(mark, Some(Mark::Open | Mark::Done)) && rest.starts_with(begins)) {
        return None;
    }
    Some(WrittenBox { inner, end: end + usize::from(is_starred), mark, is_starred, is_glued })
}

/// Reads a letter in a box at the beginning of a text. Nobody knows what it means; `[P]` is a tag.
pub(super) fn letter_box(text: &str) -> Option<WrittenBox> {
    let [b'[', letter, b']', rest @ ..] = text.as_bytes() else { return None };
    let is_box = letter.is_ascii_alphabetic() && *letter != b'P' && rest.first() == Some(&b' ');
    is_box.then_some(WrittenBox { inner: 1..2, end: 3, mark: None, is_starred: false, is_glued: false })
}

/// The state that a box with `inner` between its brackets says; `None` if that is not known.
pub(super) fn of_box(inner: &str) -> Option<Mark> {
    match inner.trim().trim_end_matches('\u{fe0f}') {
        "" => Some(Mark::Open),
        "x" | "X" | "√" => Some(Mark::Done),
        "~" | "/" => Some(Mark::Begun),
        sign => {
            let mut signs = sign.chars();
            of_sign(signs.next()?).filter(|_| signs.next().is_none())
        }
    }
}

/// What a document itself says that a box with `inner` between its brackets means: `` `[-]` dropped ``. `is_item` says
/// whether a list's item begins with the bracket at a byte: of such a one the whole text must be a state.
pub(super) fn in_legend(text: &str, inner: &str, is_item: impl Fn(usize) -> bool) -> Option<Mark> {
    let whole = format!("[{inner}]");
    memchr::memmem::find_iter(text.as_bytes(), whole.as_bytes()).find_map(|at| {
        let line = text.get(at + whole.len()..)?.lines().next()?;
        if is_item(at) {
            return of_word(line);
        }
        let between = |c: char| {
            c.is_whitespace() || matches!(c, '`' | '*' | '|' | '=' | ':' | '：' | '-' | '–' | '—' | '→')
        };
        leading_word(line.trim_start_matches(between)).map(|(mark, _)| mark)
    })
}

/// A state that is written in a title: where the sign or word stands, and what it says. `None` if that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) range: Range<usize>,
    pub(super) mark: Option<Mark>,
}

impl Written {
    fn sign(sign: char, range: Range<usize>) -> Option<Self> {
        let mark = of_sign(sign);
        (mark.is_some() || UNSURE.contains(&sign)).then_some(Self { range, mark })
    }
}

/// Takes decoration off the beginning of `range` of a text: signs, and states in brackets. Returns what is left.
pub(super) fn strip_start(text: &str, range: Range<usize>, written: &mut Vec<Written>) -> Range<usize> {
    let mut start = range.start;
    loop {
        let rest = text.get(start..range.end).unwrap_or_default();
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            start += first.len_utf8();
        } else if is_sign(first) {
            // A variation selector belongs to the sign before it.
            let end = start + first.len_utf8();
            let whole = end + variation(text.get(end..range.end).unwrap_or_default());
            written.extend(Written::sign(first, start..whole));
            start = whole;
        } else if let Some((mark, code)) = shortcode_at_start(rest) {
            written.push(Written { range: start..start + code.len(), mark: Some(mark) });
            start += code.len();
        } else if let Some((word, end)) = bracketed(rest).or_else(|| announced(rest)) {
            let place = start + word.start..start + word.end;
            let mark = text.get(place.clone()).and_then(of_word);
            written.push(Written { mark, range: place });
            start += end;
        } else {
            break;
        }
    }
    start..range.end
}

fn variation(rest: &str) -> usize {
    if rest.starts_with('\u{fe0f}') { '\u{fe0f}'.len_utf8() } else { 0 }
}

/// A state in square brackets at the beginning of a text: its place, and where the brackets end.
fn bracketed(text: &str) -> Option<(Range<usize>, usize)> {
    let inner = text.strip_prefix('[')?;
    let word = inner.get(..inner.find(']')?)?;
    of_word(word)?;
    Some((1..1 + word.len(), word.len() + 2))
}

/// A state in capitals before a colon: `DONE: add it`.
fn announced(text: &str) -> Option<(Range<usize>, usize)> {
    let (word, _) = text.split_once([':', '：'])?;
    let rest = text.get(word.len()..)?.trim_start_matches([':', '：']);
    let is_state = of_word(word).is_some_and(|mark| mark != Mark::Open);
    let counts = is_state && !word.contains(char::is_lowercase) && !rest.trim().is_empty();
    counts.then(|| (0..word.len(), text.len() - rest.len()))
}

/// Takes decoration off the end of `range` of a text: signs, `[DONE]`, `(BLOCKED)`, `- PENDING`, `#done`. Words in small
/// letters count only where they can be nothing else: `Show the orders (pending)` is about orders.
pub(super) fn strip_end(
    text: &str,
    range: Range<usize>,
    in_item: bool,
    written: &mut Vec<Written>,
) -> Range<usize> {
    let mut end = range.end;
    loop {
        let rest = text.get(range.start..end).unwrap_or_default();
        let trimmed = rest.trim_end();
        end = range.start + trimmed.len();
        let Some(last) = trimmed.chars().next_back() else { break };
        if is_sign(last) {
            let start = end - last.len_utf8();
            // A variation selector is written with the sign before it.
            let sign = trimmed.trim_end_matches('\u{fe0f}').chars().next_back().filter(|c| is_sign(*c));
            let from = sign.map_or(start, |sign| {
                range.start + trimmed.trim_end_matches('\u{fe0f}').len() - sign.len_utf8()
            });
            written.extend(sign.and_then(|sign| Written::sign(sign, from..end)));
            end = from;
            continue;
        }
        if let Some((code, mark)) = SHORTCODES.iter().find(|(code, _)| trimmed.ends_with(code)) {
            written.push(Written { range: end - code.len()..end, mark: Some(*mark) });
            end -= code.len();
            continue;
        }
        let Some((word, mark, start)) = trailing_word(trimmed, in_item) else { break };
        let place = range.start + word.start..range.start + word.end;
        written.push(Written { mark: Some(mark), range: place });
        end = range.start + start;
    }
    range.start..end
}

/// A state at the end of a title: its place, what it says, and where what belongs to it begins.
fn trailing_word(text: &str, in_item: bool) -> Option<(Range<usize>, Mark, usize)> {
    let capitals = |word: &str| !word.contains(char::is_lowercase);
    let is_clear = |word: &str| {
        foreign_word(word).is_some() || CLEAR.iter().any(|clear| clear.eq_ignore_ascii_case(word))
    };
    let sure = |word: &str| {
        of_word(word).filter(|mark| match mark {
            // `Show the orders (pending)` is about orders.
            Mark::Open => capitals(word),
            Mark::Begun | Mark::Blocked | Mark::Done | Mark::Dropped => true,
        })
    };
    if let Some(inner) = text.strip_suffix("-->") {
        let open = inner.rfind("<!--")?;
        let comment = inner.get(open + "<!--".len()..)?;
        let mark = of_word(comment)?;
        let start = open + "<!--".len() + (comment.len() - comment.trim_start().len());
        return Some((start..start + comment.trim().len(), mark, open));
    }
    if let Some((at, tag)) = text.rfind(" #").and_then(|at| Some((at, text.get(at + 2..)?)))
        && let Some(mark) = of_word(tag).filter(|mark| *mark != Mark::Open)
    {
        return Some((at + 2..text.len(), mark, at));
    }
    for (open, close) in [('[', ']'), ('(', ')'), ('（', '）'), ('{', '}')] {
        if let Some(inner) = text.strip_suffix(close) {
            let at = inner.rfind(open)?;
            let word = at + open.len_utf8()..inner.len();
            let raw = inner.get(word.clone())?;
            let signs = raw.len() - raw.trim_start_matches(|c: char| is_sign(c) || c.is_whitespace()).len();
            let word = word.start + signs..word.end;
            let raw = inner.get(word.clone())?.trim_end_matches(|c: char| is_sign(c) || c.is_whitespace());
            if raw.is_empty() {
                // `(✓)`
                let sign = at + open.len_utf8()..inner.len();
                let mark = inner.get(sign.clone())?.trim().chars().next().and_then(of_sign)?;
                return Some((sign, mark, at));
            }
            let mark = sure(raw)?;
            let counts = matches!(open, '[' | '{') || !in_item || capitals(raw) || is_clear(raw);
            return counts.then_some((word.start..word.start + raw.len(), mark, at));
        }
    }
    let dash = text.rfind(['-', '–', '—'])?;
    let before = text.get(..dash)?;
    let after = text.get(dash..)?;
    let after = after.trim_start_matches(['-', '–', '—']);
    let word = after.trim();
    let parted = before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace);
    let start = text.len() - word.len();
    let mark = of_word(word)?;
    (parted && (capitals(word) || is_clear(word)) && !before.trim().is_empty()).then_some((
        start..text.len(),
        mark,
        before.trim_end().len(),
    ))
}

/// How `done` is written where `now` stands: a sign as a sign, a word with its capitals.
pub(super) fn done_like(now: &str) -> &'static str {
    if shortcode_at_start(now).is_some() {
        return ":white_check_mark:";
    }
    if of_percent(now).is_some() {
        return "100%";
    }
    let letters = || now.chars().filter(|c| c.is_alphabetic());
    let is_sign = now.chars().next().is_some_and(is_sign);
    match letters().next() {
        None if is_sign => "✅",
        Some(_) if is_sign => "✅ Done",
        Some(first) if first.is_lowercase() => "done",
        Some(_) if letters().nth(1).is_some() && !letters().any(char::is_lowercase) => "DONE",
        _ => "Done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_says_a_state_in_many_ways() {
        for (value, mark) in [
            ("COMPLETED ✅", Some(Mark::Done)),
            ("✅ Complete", Some(Mark::Done)),
            ("✅", Some(Mark::Done)),
            ("**Done**", Some(Mark::Done)),
            ("Done (2031-03-02)", Some(Mark::Done)),
            ("done on Monday", Some(Mark::Done)),
            ("Done, but untested", None),
            ("Done except the docs", None),
            ("Done soon", None),
            ("dropped", Some(Mark::Dropped)),
            ("Won't do", Some(Mark::Dropped)),
            ("In-Progress", Some(Mark::Begun)),
            ("🟡", Some(Mark::Begun)),
            ("in_progress (half of it)", Some(Mark::Begun)),
            ("Blocked by an open question", Some(Mark::Blocked)),
            ("Not started", Some(Mark::Open)),
            ("not done", Some(Mark::Open)),
            ("⬜ Todo", Some(Mark::Open)),
            ("Erledigt", Some(Mark::Done)),
            ("in Arbeit", Some(Mark::Begun)),
            ("Terminée ✅", Some(Mark::Done)),
            ("ГОТОВО", Some(Mark::Done)),
            ("已完成", Some(Mark::Done)),
            ("完了", Some(Mark::Done)),
            ("Cancelada", Some(Mark::Dropped)),
            ("fertiggestellt", None),
            ("100%", Some(Mark::Done)),
            ("40 %", Some(Mark::Begun)),
            ("120%", None),
            (":white_check_mark:", Some(Mark::Done)),
            ("mostly done", None),
            ("Doneish", None),
            ("🔴", None),
            ("", None),
        ] {
            assert_eq!(of_status(value).map(|(mark, _)| mark), mark, "{value}");
        }
        for (value, said) in [
            ("⬜ Todo (2 h)", "⬜ Todo"),
            ("In progress 🟡", "In progress 🟡"),
            ("Blocked by a question", "Blocked by a question"),
            ("**Pending**", "Pending"),
        ] {
            assert_eq!(&value[of_status(value).unwrap().1], said);
        }
    }

    #[test]
    fn states_are_taken_off_both_ends_of_a_title() {
        for (text, title, marks) in [
            ("✅ Add it", "Add it", vec![("✅", Mark::Done)]),
            ("⚠️ ✔️ Add it", "Add it", vec![("✔️", Mark::Done)]),
            ("🚀 Add it", "Add it", vec![]),
            ("[DONE] Add it", "Add it", vec![("DONE", Mark::Done)]),
            ("Add it [done] ✅", "Add it", vec![("✅", Mark::Done), ("done", Mark::Done)]),
            ("Add it (BLOCKED)", "Add it", vec![("BLOCKED", Mark::Blocked)]),
            ("Add it (✅ DONE)", "Add it", vec![("DONE", Mark::Done)]),
            ("Add it - PENDING", "Add it", vec![("PENDING", Mark::Open)]),
            ("Add it — DONE", "Add it", vec![("DONE", Mark::Done)]),
            ("Add it - done", "Add it", vec![("done", Mark::Done)]),
            ("Add it (done)", "Add it", vec![("done", Mark::Done)]),
            ("Add it (won't do)", "Add it", vec![("won't do", Mark::Dropped)]),
            ("Add it {done}", "Add it", vec![("done", Mark::Done)]),
            ("Add it (✓)", "Add it", vec![("✓", Mark::Done)]),
            ("Add it #done", "Add it", vec![("done", Mark::Done)]),
            ("Add it <!-- done -->", "Add it", vec![("done", Mark::Done)]),
            ("Add it :white_check_mark:", "Add it", vec![(":white_check_mark:", Mark::Done)]),
            (":construction: Add it", "Add it", vec![(":construction:", Mark::Begun)]),
            ("DONE: Add it", "Add it", vec![("DONE", Mark::Done)]),
            ("WON'T DO: Add it", "Add it", vec![("WON'T DO", Mark::Dropped)]),
            ("TODO: Add it", "TODO: Add it", vec![]),
            ("Done: Add it", "Done: Add it", vec![]),
            ("Show orders (pending)", "Show orders (pending)", vec![]),
            ("Show orders (closed)", "Show orders (closed)", vec![]),
            ("Show orders - closed", "Show orders - closed", vec![]),
            ("Refer to #merged", "Refer to", vec![("merged", Mark::Done)]),
            ("Talk in #general", "Talk in #general", vec![]),
            ("Add [it]", "Add [it]", vec![]),
            ("✅", "", vec![("✅", Mark::Done)]),
        ] {
            let mut written = Vec::new();
            let range = strip_start(text, 0..text.len(), &mut written);
            let range = strip_end(text, range, true, &mut written);
            let found: Vec<_> =
                written.iter().map(|one| (&text[one.range.clone()], one.mark.unwrap())).collect();
            assert_eq!((&text[range], found), (title, marks), "{text}");
        }
    }

    #[test]
    fn a_box_is_known_by_what_stands_between_its_brackets() {
        for (text, mark) in [
            ("[ ] a", Some(Some(Mark::Open))),
            ("[] a", Some(Some(Mark::Open))),
            ("[ ]one", Some(Some(Mark::Open))),
            ("[ ]**one**", Some(Some(Mark::Open))),
            ("[x]one", Some(Some(Mark::Done))),
            ("[ x ] a", Some(Some(Mark::Done))),
            ("[✓] a", Some(Some(Mark::Done))),
            ("[✔️] a", Some(Some(Mark::Done))),
            ("[✅] a", Some(Some(Mark::Done))),
            ("[~] a", Some(Some(Mark::Begun))),
            ("[/] a", Some(Some(Mark::Begun))),
            ("[-] a", Some(None)),
            ("[!] a", Some(None)),
            ("[?]", Some(None)),
            ("[ ]* a", Some(Some(Mark::Open))),
            ("[ ](a)", None),
            ("[x][a]", None),
            ("[]: a", None),
            ("[-]5", None),
            ("[P] a", None),
            ("[1] a", None),
            ("[xx] a", None),
            ("[ ", None),
        ] {
            assert_eq!(written_box(text).map(|found| found.mark), mark, "{text}");
        }
        assert!(written_box("[ ]* a").unwrap().is_starred);
    }

    #[test]
    fn done_is_written_like_what_stood_there() {
        for (now, done) in [
            ("⏳", "✅"),
            ("PENDING", "DONE"),
            ("Not started", "Done"),
            ("todo", "done"),
            ("⬜ Todo", "✅ Done"),
            (":hourglass:", ":white_check_mark:"),
            ("40%", "100%"),
        ] {
            assert_eq!(done_like(now), done, "{now}");
        }
    }
}
