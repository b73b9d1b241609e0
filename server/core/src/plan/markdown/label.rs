//! What the text of a heading or of a checkbox item says: an id and a title, and what decorates them.
//!
//! Knows nothing of Markdown: it reads plain text and answers with offsets into that.

use super::names::named;
use crate::plan::FieldName;
use crate::plan::fields::{ids, is_called_task};
use crate::plan::ids::slug;
use crate::plan::mark::{Written, prefix_len, strip_end, strip_start, written_box};
use crate::plan::model::Mark;
use std::ops::Range;

/// A title with what stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    /// The id, if one is written.
    pub(super) id: Option<String>,
    /// Where the id is written; of `Task 3` only the number.
    pub(super) id_range: Range<usize>,
    pub(super) title: String,
    /// Where the title is written.
    pub(super) title_range: Range<usize>,
    /// Whether a heading that reads so is a task.
    pub(super) reads_as_task: bool,
    /// `Step 2: …`, which inside of a task is a part of it.
    pub(super) is_step: bool,
    /// Between the brackets of a box before the title, and what it says, if that is known.
    pub(super) tick_box: Option<(Range<usize>, Option<Mark>)>,
    /// The states that are written around the title.
    pub(super) written: Vec<Written>,
    /// The ids in a `(depends on …)` behind the title.
    pub(super) after: Vec<Range<usize>>,
    /// Only a blank stands between id and title: the id might be a number of the title.
    pub(super) is_loose: bool,
    /// What keeps it from being a task, where that is little.
    pub(super) near: Option<Near>,
}

/// What keeps a heading from being a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Near {
    /// Nothing divides its id from its title: where a colon belongs.
    Divider(usize),
    /// Its id is in lower case: where it stands.
    LowerCase(Range<usize>),
    /// It is called a part of the plan, and stands among tasks: where it begins.
    Part(usize),
}

/// Letters that with a number name something else than a task: priorities, quarters, versions, standards.
const NOT_IDS: [&str; 14] =
    ["P", "Q", "V", "H", "ES", "EC", "UTF", "ISO", "SHA", "AES", "RFC", "IEEE", "COVID", "BASE"];
const KEYWORDS: [&str; 4] = ["user story", "story", "task", "step"];
/// The same in other languages.
const FOREIGN_ASCII: [&str; 9] =
    ["aufgabe", "schritt", "tarea", "paso", "tarefa", "passo", "taak", "stap", "compito"];
const FOREIGN_KEYWORDS: [&str; 10] =
    ["tâche", "étape", "задача", "шаг", "任务", "任務", "步骤", "タスク", "ステップ", "작업"];
/// What inside of a task is a part of it.
const STEPS: [&str; 9] = ["step", "schritt", "paso", "passo", "stap", "étape", "шаг", "步骤", "ステップ"];
/// Words that with a number name a part of a document, or what holds no work: `Phase 2: …`, `2. Overview`.
const NOT_TASKS: &str = "appendix approach architecture background chapter conclusion context day dependencies design epic \
     glossary goal goals group introduction iteration milestone module motivation objective objectives option overview \
     part phase prerequisites problem question references requirement requirements risk scope section sprint stage summary \
     timeline track version wave week";
/// Those of them that hold work.
const PARTS: [&str; 15] = [
    "day",
    "epic",
    "group",
    "iteration",
    "milestone",
    "module",
    "part",
    "phase",
    "sprint",
    "stage",
    "ticket",
    "track",
    "version",
    "wave",
    "week",
];
/// The longest word before the number of a numbered heading, in bytes.
const MAX_WORD: usize = 24;

/// What may stand between an id and a title.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Divider {
    /// A colon, a full stop, a closing parenthesis.
    Sign,
    /// A dash between blanks, too.
    Dash,
    /// A dash between blanks, or no title at all.
    DashOrEnd,
}

impl Label {
    /// Reads the plain text of a heading, or of the first line of a checkbox item (where `1.` alone is an id, too).
    pub(super) fn read(text: &str, in_item: bool) -> Self {
        let mut label = Self::default();
        let mut whole = skip_blanks(text, 0)..text.trim_end().len();
        if !in_item && let Some(before) = label.take_last_box(text, &whole) {
            whole.end = before;
        }
        let core = strip_end(text, whole.clone(), in_item, &mut label.written);
        let mut start = label.strip(text, core.clone()).start;
        let text = text.get(..core.end).unwrap_or_default();
        if let Some(after) = label.take_box(text, start) {
            start = label.strip(text, after..core.end).start;
        }
        let title = label
            .keyword(text, start)
            .or_else(|| label.bracketed_id(text, start, in_item))
            .or_else(|| label.bare_id(text, start, in_item));
        if title.is_none() {
            label.id_range = start..start;
        }
        let mut range = label.without_dependencies(text, title.unwrap_or(start));
        range = label.strip(text, range);
        if label.tick_box.is_none()
            && let Some(after) = label.take_box(text, range.start)
        {
            range = label.strip(text, after..range.end);
        }
        if range.is_empty() {
            // `Task 4` alone is its own title.
            let own = text.get(start..).unwrap_or_default().trim_end_matches([':', '.', '：', '．', '、']);
            range = start..start + own.len();
        }
        label.title_range = range;
        text.get(label.title_range.clone()).unwrap_or_default().clone_into(&mut label.title);
        if label.title.trim().is_empty() {
            label.title.clear();
        }
        label
    }

    /// Takes decoration off the beginning, unless nothing would be left.
    fn strip(&mut self, text: &str, range: Range<usize>) -> Range<usize> {
        let before = self.written.len();
        let stripped = strip_start(text, range.clone(), &mut self.written);
        if stripped.is_empty() {
            self.written.truncate(before);
            return range;
        }
        stripped
    }

    /// Reads a box at the end of a heading, and returns where the heading ends before it.
    fn take_last_box(&mut self, text: &str, whole: &Range<usize>) -> Option<usize> {
        let core = text.get(whole.clone())?;
        let at = whole.start + core.strip_suffix(']')?.rfind('[')?;
        let found = written_box(text.get(at..whole.end)?)?;
        let before = text.get(whole.start..at)?;
        let is_box =
            found.mark.is_some() && at + found.end == whole.end && before.ends_with(char::is_whitespace);
        if !is_box || before.trim().is_empty() {
            return None;
        }
        self.tick_box = Some((at + found.inner.start..at + found.inner.end, found.mark));
        Some(whole.start + before.trim_end().len())
    }

    /// Reads a box at `at`, and returns where the text goes on after it.
    fn take_box(&mut self, text: &str, at: usize) -> Option<usize> {
        let found = written_box(text.get(at..)?).filter(|found| !found.is_glued && !found.is_starred)?;
        self.tick_box = Some((at + found.inner.start..at + found.inner.end, found.mark));
        Some(skip_blanks(text, at + found.end))
    }

    /// Reads `Task: title`, `Task 3: title`, `Story US-1. title`, `Step 2 - title`, `Task 3 Title`, or a `Task 3` alone.
    fn keyword(&mut self, text: &str, start: usize) -> Option<usize> {
        let (word, after) = keyword_at(text, start)?;
        if let Some(title) = title_after(text, after, Divider::Sign).filter(|&title| title < text.len()) {
            self.reads_as_task = true;
            self.id_range = start..start;
            self.is_step = STEPS.contains(&word);
            return Some(title);
        }
        let (id, range) = number_of(text, word, after)?;
        let is_letter = text.get(range.clone()).is_some_and(|token| token.len() == 1 && !is_digits(token));
        let title = title_after(text, range.end, Divider::DashOrEnd).or_else(|| {
            if text.get(range.end..).is_some_and(|rest| rest.trim_start().starts_with(['(', '（'])) {
                // `Task 4 (optional)`
                return Some(text.len());
            }
            let title = loose_title(text, range.end).filter(|_| !is_letter);
            if title.is_none() && is_blank_at(text, range.end) && !is_letter {
                self.near = Some(Near::Divider(range.end));
            }
            title
        })?;
        self.id = Some(id);
        self.id_range = range;
        (self.reads_as_task, self.is_step) = (true, STEPS.contains(&word));
        Some(title)
    }

    /// Reads `[US-001] title`, `[T3]: title`, `[Task 3] title`.
    fn bracketed_id(&mut self, text: &str, start: usize, in_item: bool) -> Option<usize> {
        let inner = text.get(start..)?.strip_prefix('[')?;
        let inner = inner.get(..inner.find(']')?)?;
        let (at, end) = (start + 1, start + 1 + inner.len());
        let (id, range) = match keyword_at(inner, 0) {
            Some((word, after)) => {
                let (id, range) = number_of(inner, word, after)?;
                (id, at + range.start..at + range.end)
            }
            None => (inner.to_owned(), at..end),
        };
        let known = range.end == end && (range.start > at || is_id(inner) || is_dotted(inner));
        // An item's `[US1]` tells which story it belongs to.
        if !known || in_item && !id.contains('-') {
            return None;
        }
        let title = title_after(text, end + 1, Divider::Dash)
            .or_else(|| is_blank_at(text, end + 1).then(|| skip_blanks(text, end + 1)))?;
        (self.id, self.id_range, self.reads_as_task) = (Some(id), range, true);
        Some(title)
    }

    /// Reads `#2: title`.
    fn hashed_id(&mut self, text: &str, start: usize) -> Option<usize> {
        let token = token(text.get(start..)?.strip_prefix('#')?);
        let range = start + 1..start + 1 + token.len();
        let title =
            title_after(text, range.end, Divider::Dash).filter(|_| is_number(token) || is_dotted(token))?;
        (self.id, self.id_range, self.reads_as_task) = (Some(token.to_owned()), range, true);
        Some(title)
    }

    /// Reads `US-001: title`, `T3. title`, `T3 - title`, `1.2: title`; in an item `3. title` and `T3 Title`, too.
    fn bare_id(&mut self, text: &str, start: usize, in_item: bool) -> Option<usize> {
        if let Some(title) = self.hashed_id(text, start) {
            return Some(title);
        }
        let token = token(text.get(start..)?);
        let end = start + token.len();
        let reads_as_task = is_id(token) || is_dotted(token);
        if !reads_as_task {
            if is_number(token) {
                let title = title_after(text, end, Divider::Sign).filter(|_| !is_glued(text, end))?;
                // `### 1. [x] title` is a task, `## 1. Introduction` is none.
                let has_box = || text.get(title..).and_then(written_box).is_some_and(|found| !found.is_glued);
                self.reads_as_task = !in_item && has_box();
                if !in_item && !self.reads_as_task {
                    return None;
                }
                (self.id, self.id_range) = (Some(token.to_owned()), start..end);
                return Some(title);
            }
            let would_be = token.contains('-') && is_id(&token.to_ascii_uppercase());
            if would_be && title_after(text, end, Divider::Dash).is_some() {
                self.near = Some(Near::LowerCase(start..end));
            }
            return None;
        }
        let divider = match (token.contains('-'), is_id(token)) {
            (true, _) => Divider::DashOrEnd,
            (false, true) => Divider::Dash,
            (false, false) => Divider::Sign,
        };
        let title = title_after(text, end, divider).filter(|_| is_id(token) || !is_glued(text, end));
        let title = title.or_else(|| {
            let loose = loose_title(text, end);
            if in_item {
                self.is_loose = loose.is_some();
                return loose;
            }
            if is_id(token) && is_blank_at(text, end) {
                self.near = Some(Near::Divider(end));
            }
            None
        })?;
        (self.id, self.id_range, self.reads_as_task) = (Some(token.to_owned()), start..end, reads_as_task);
        Some(title)
    }

    /// Takes `(depends on T003, T007)` off the end of a title that begins at `start`.
    fn without_dependencies(&mut self, text: &str, start: usize) -> Range<usize> {
        let whole = start..text.len();
        let Some(title) = text.get(whole.clone()) else { return whole };
        let Some(inner) = title.strip_suffix([')', '）']) else { return whole };
        let Some(open) = inner.rfind(['(', '（']) else { return whole };
        let bracket =
            if inner.get(open..).is_some_and(|rest| rest.starts_with('(')) { 1 } else { '（'.len_utf8() };
        let said = inner.get(open + bracket..).unwrap_or_default();
        let begins =
            |word: &&str| said.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let words = ["depends on", "blocked by", "after", "needs", "requires", "waits for"];
        let Some(word) = words.into_iter().find(begins) else { return whole };
        let rest = said.get(word.len()..).unwrap_or_default();
        let value = rest.trim_start_matches([':', '：', ' ']);
        // `(requires Node 20)` names no task.
        let is_task = |id: Range<usize>| {
            value.get(id).is_some_and(|id| is_called_task(id) || is_id(id) || is_number(id) || is_dotted(id))
        };
        let is_sure = words[..2].contains(&word) || ids(value).into_iter().all(is_task);
        if !is_sure || !FieldName::DependsOn.stands_alone(value, false) {
            return whole;
        }
        let at = start + open + bracket + said.len() - value.len();
        self.after = ids(value).into_iter().map(|id| at + id.start..at + id.end).collect();
        start..start + inner.get(..open).unwrap_or_default().trim_end().len()
    }

    /// Reads a heading beside tasks as one of them: a number, perhaps with a word before it, whatever that word is.
    pub(super) fn read_as_numbered(&mut self, text: &str) -> bool {
        self.read_numbered(text, |first| NOT_TASKS.split(' ').any(|other| other == first))
    }

    /// The same, with the words that make no task.
    pub(super) fn read_numbered(&mut self, text: &str, is_other: impl Fn(&str) -> bool) -> bool {
        let range = self.title_range.clone();
        let Some(core) = text.get(..range.end) else { return false };
        let Some(rest) = core.get(range.start..) else { return false };
        if let Some(inner) = rest.strip_prefix('(') {
            // `(4) title`
            let number = token(inner);
            let end = range.start + 1 + number.len();
            let after = inner.get(number.len()..).unwrap_or_default();
            let is_closed = is_number(number) && after.starts_with(") ");
            let title = skip_blanks(core, end + 1);
            if is_closed && title < core.len() && named(core.get(title..).unwrap_or_default()).is_none() {
                (self.id, self.id_range, self.reads_as_task) =
                    (Some(number.to_owned()), range.start + 1..end, true);
                self.title_range = title..range.end;
                core.get(title..).unwrap_or_default().clone_into(&mut self.title);
            }
            return is_closed;
        }
        let word = rest.find(|c: char| c.is_ascii_digit()).and_then(|at| rest.get(..at)).unwrap_or_default();
        let number = token(rest.get(word.len()..).unwrap_or_default());
        let at = range.start + word.len();
        let end = at + number.len();
        let is_word = word.len() <= MAX_WORD && word.chars().all(|c| c.is_alphabetic() || c == ' ');
        // `V2: Roadmap` is no second task.
        let is_apart = word.is_empty() || !word.is_ascii() || word.ends_with(' ');
        if !(is_word && is_apart && (is_number(number) || is_dotted(number))) {
            return false;
        }
        // `第2步：`
        let counter = core.get(end..).unwrap_or_default();
        let counter: usize =
            counter.chars().take_while(|c| c.is_alphabetic() && !c.is_ascii()).map(char::len_utf8).sum();
        let divider = match word.is_empty() {
            true => Divider::Sign,
            // `In 2031` names no second task.
            false if word.is_ascii() => Divider::Dash,
            false => Divider::DashOrEnd,
        };
        let Some(title) =
            title_after(core, end + counter, divider).filter(|_| !is_glued(core, end + counter))
        else {
            return false;
        };
        let first = if word.is_empty() { core.get(title..).unwrap_or_default() } else { word };
        let first = first.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        if is_other(&first) || word.is_empty() && named(core.get(title..).unwrap_or_default()).is_some() {
            return false;
        }
        let id = match slug(word) {
            word if word.is_empty() => number.to_owned(),
            word => format!("{word}-{}", core.get(at..end + counter).unwrap_or_default().to_lowercase()),
        };
        (self.id, self.id_range, self.reads_as_task) = (Some(id), at..end, true);
        if title < core.len() {
            self.title_range = title..range.end;
            core.get(title..).unwrap_or_default().clone_into(&mut self.title);
        }
        true
    }

    /// Says what keeps a heading that stands among tasks from being one: `10 ten`, `Milestone 11: eleven`.
    pub(super) fn find_near_among_tasks(&mut self, text: &str) {
        let start = self.title_range.start;
        let rest = text.get(self.title_range.clone()).unwrap_or_default();
        let number = token(rest);
        let end = start + number.len();
        if self.near.is_none() && is_number(number) && number.len() < 4 && is_blank_at(text, end) {
            self.near = Some(Near::Divider(end));
            return;
        }
        let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let is_part = PARTS.iter().any(|part| part.eq_ignore_ascii_case(word));
        let after = rest.get(word.len()..).unwrap_or_default().trim_start();
        if self.near.is_none() && is_part && after.starts_with(|c: char| c.is_ascii_digit()) {
            self.near = Some(Near::Part(start));
        }
    }

    /// Whether a heading with a box can be a task: it has a title, and is no part of the document.
    pub(super) fn may_be_task(&self) -> bool {
        let first =
            self.title.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        !self.title.is_empty() && NOT_TASKS.split(' ').all(|other| other != first)
    }

    /// Reads an id before a blank, whatever the title begins with: for a tool that gives each of its boxes one.
    pub(super) fn take_loose_id(&mut self, text: &str) {
        let range = self.title_range.clone();
        let id = token(text.get(range.clone()).unwrap_or_default());
        let end = range.start + id.len();
        let is_apart = is_blank_at(text, end) || text.get(end..).is_some_and(|rest| rest.starts_with('['));
        let title = skip_blanks(text, end)..range.end;
        if self.id.is_some() || !is_apart || title.is_empty() || !(is_id(id) || is_dotted(id)) {
            return;
        }
        (self.id, self.id_range) = (Some(id.to_owned()), range.start..end);
        text.get(title.clone()).unwrap_or_default().clone_into(&mut self.title);
        self.title_range = title;
    }

    /// Takes an id back that only a blank divides from the title.
    pub(super) fn forget_loose_id(&mut self, text: &str) {
        self.title_range.start = self.id_range.start;
        text.get(self.title_range.clone()).unwrap_or_default().clone_into(&mut self.title);
        (self.id, self.id_range.end, self.is_loose) = (None, self.id_range.start, false);
    }
}

/// The keyword that a text has at `at`, without `user`, and where it ends.
fn keyword_at(text: &str, at: usize) -> Option<(&'static str, usize)> {
    let rest = text.get(at..)?;
    let keywords = KEYWORDS
        .iter()
        .chain(if rest.is_ascii() { &[][..] } else { &FOREIGN_KEYWORDS })
        .chain(&FOREIGN_ASCII);
    let (keyword, length) =
        keywords.into_iter().find_map(|keyword| Some((*keyword, prefix_len(rest, keyword)?)))?;
    Some((keyword.rsplit(' ').next().unwrap_or(keyword), at + length))
}

/// The number, letter or id behind a keyword: the id that it makes, and where it stands.
fn number_of(text: &str, word: &str, after: usize) -> Option<(String, Range<usize>)> {
    let number = text.get(after..)?.trim_start_matches([' ', '\t', '#', '-']);
    let start = text.len() - number.len();
    let token = token(number);
    let is_letter = token.len() == 1 && token.starts_with(|c: char| c.is_ascii_uppercase());
    let is_roman = token.len() > 1 && token.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'));
    let numbered = is_number(token) || is_dotted(token) || is_letter || is_roman;
    let is_parted = start > after || !word.is_ascii();
    if !is_parted || !(numbered || is_id(token)) {
        return None;
    }
    // `Task 8/9`
    let joined = joined_numbers(text.get(start..)?).filter(|_| is_number(token));
    let token = joined.unwrap_or(token);
    let id = if numbered {
        format!("{word}-{}", token.to_ascii_lowercase().replace(['/', '+', '&', ' '], "-"))
    } else {
        token.to_owned()
    };
    Some((id, start..start + token.len()))
}

/// Several numbers, as of tasks that were made one: `8/9`, `8+9`.
fn joined_numbers(text: &str) -> Option<&str> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '/' | '+' | '&'))).unwrap_or(text.len());
    let numbers = text.get(..end)?.trim_end_matches(['/', '+', '&']);
    numbers.contains(['/', '+', '&']).then_some(numbers)
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start().len())
}

fn is_blank_at(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// `10.5:30` is a time or a ratio, not an id.
fn is_glued(text: &str, at: usize) -> bool {
    let after = text.get(at..).unwrap_or_default();
    after.starts_with([':', '.', ')'])
        && after.get(1..).is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
}

/// Where a title begins that only a blank at `at` divides from its id: one that begins as titles do.
fn loose_title(text: &str, at: usize) -> Option<usize> {
    let title = skip_blanks(text, at);
    let begins = |c: char| {
        c.is_uppercase() || !c.is_ascii() && c.is_alphabetic() || matches!(c, '[' | '(' | '`' | '"' | '“')
    };
    (title > at && text.get(title..)?.starts_with(begins)).then_some(title)
}

/// Where the title begins behind a divider at `at`: `:`, `.` or `)` before a blank, their full-width kin, or what else
/// `divider` allows.
fn title_after(text: &str, at: usize, divider: Divider) -> Option<usize> {
    let rest = text.get(at..)?;
    if divider == Divider::DashOrEnd && rest.trim().is_empty() {
        return Some(text.len());
    }
    if let Some(sign) = rest.chars().next().filter(|c| matches!(c, ':' | '：' | '．' | '、' | '）')) {
        return Some(skip_blanks(text, at + sign.len_utf8()));
    }
    if let Some(title) = rest.strip_prefix(['.', ')']) {
        return (title.is_empty() || title.starts_with(char::is_whitespace))
            .then(|| skip_blanks(text, at + 1));
    }
    // As in French: `Tâche 1 : titre`.
    if let Some(title) =
        rest.trim_start().strip_prefix(':').filter(|title| title.starts_with(char::is_whitespace))
    {
        return Some(text.len() - title.trim_start().len());
    }
    let dash = rest.trim_start().strip_prefix(['-', '–', '—'])?;
    (divider != Divider::Sign
        && rest.starts_with(char::is_whitespace)
        && dash.starts_with(char::is_whitespace))
    .then(|| text.len() - dash.trim_start().len())
}

/// Whether a word is a place for an id, such as `TXXX` or `US-NNN`.
pub(super) fn is_placeholder(word: &str) -> bool {
    let letters = word.trim_end_matches(['X', 'N']);
    let places = word.len() - letters.len();
    let prefix = letters.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let is_parted = letters.len() > prefix.len();
    !prefix.is_empty()
        && prefix.len() <= 5
        && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
        && (is_parted && places >= 2 || prefix.len() <= 2 && places >= 3)
}

/// The letters, digits, inner dots, hyphens and underscores that `text` begins with.
fn token(text: &str) -> &str {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = text.find(|c: char| !inner(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', '-', '_'])
}

/// `3`, `3a`, `3-2`.
fn is_number(token: &str) -> bool {
    let (number, copy) = token.split_once('-').unwrap_or((token, "0"));
    let digits = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
    is_digits(digits) && is_digits(copy)
}

/// `1.2`, `1.2.3`, `1.2-2`.
fn is_dotted(token: &str) -> bool {
    let (number, copy) = token.split_once('-').unwrap_or((token, "0"));
    number.contains('.') && number.split('.').all(is_digits) && is_digits(copy)
}

/// `US-001`, `AUTH-LOGIN-2`, `US-001a`; short `T3`, `FR12`, `T3-2`; and `T_6`, `AUTH.5`, `M7.T1`.
fn is_id(token: &str) -> bool {
    if let Some((prefix, number)) = token.split_once('_') {
        let is_short =
            (1..=5).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_uppercase());
        return is_short && !NOT_IDS.contains(&prefix) && is_digits(number);
    }
    if let Some((prefix, part)) = token.split_once('.') {
        let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
        let of_part = part.trim_start_matches(|c: char| c.is_ascii_uppercase());
        // `M7.T1`, but not `TLS1.3`.
        let is_numbered = letters.len() < prefix.len();
        let is_prefix =
            (1..=5).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase());
        let has_letters = of_part.len() < part.len();
        return is_prefix && !NOT_IDS.contains(&letters) && is_digits(of_part) && is_numbered == has_letters;
    }
    let letters = token.len() - token.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    let (prefix, rest) = token.split_at(letters);
    let numbered =
        |part: &str| is_digits(part.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(part));
    // `P0` is a priority, `P0-1` the first task of it.
    let is_other =
        || NOT_IDS.contains(&prefix) && rest.split_once('-').is_none_or(|(part, _)| !numbered(part));
    if prefix.is_empty() || token.contains('.') || is_other() {
        return false;
    }
    match rest.split_once('-') {
        None => letters <= 3 && numbered(rest),
        Some((_, tail)) => {
            let last = tail.rsplit('-').next().unwrap_or(tail);
            numbered(last)
                && token.split('-').rev().skip(1).all(|part| {
                    let upper = part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                    !part.is_empty() && (upper || numbered(part))
                })
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (bool, Option<String>, String) {
        let label = Label::read(text, false);
        (label.reads_as_task, label.id, label.title)
    }

    #[test]
    fn a_heading_with_a_keyword_or_an_id_is_a_task() {
        for (text, id, title) in [
            ("US-001: Add coupon table", Some("US-001"), "Add coupon table"),
            ("US-001 - Add coupon table", Some("US-001"), "Add coupon table"),
            ("US-001-2: Again", Some("US-001-2"), "Again"),
            ("US-001a-2: Again", Some("US-001a-2"), "Again"),
            ("AUTH-LOGIN-2: Form", Some("AUTH-LOGIN-2"), "Form"),
            ("T3: Title", Some("T3"), "Title"),
            ("T001. Title", Some("T001"), "Title"),
            ("Task 3: Title", Some("task-3"), "Title"),
            ("TASK 3a. Title", Some("task-3a"), "Title"),
            ("Task #3 — Title", Some("task-3"), "Title"),
            ("Task-3: Title", Some("task-3"), "Title"),
            ("Task US-7: Title", Some("US-7"), "Title"),
            ("User Story 1 - Sign in (Priority: P1)", Some("story-1"), "Sign in (Priority: P1)"),
            ("Story 2.", Some("story-2"), "Story 2"),
            ("Step 1.2: Title", Some("step-1.2"), "Title"),
            ("Task 4", Some("task-4"), "Task 4"),
            ("Task: Title", None, "Title"),
            ("1.2: Title", Some("1.2"), "Title"),
            ("1.2. Title", Some("1.2"), "Title"),
            ("1.2.3: Größe: ändern", Some("1.2.3"), "Größe: ändern"),
            ("✅ Task 1: Title", Some("task-1"), "Title"),
            ("🔴 Task 2.1: Title (BLOCKED)", Some("task-2.1"), "Title"),
            ("Task 1: ✅ Title", Some("task-1"), "Title"),
            ("Task 1) Title", Some("task-1"), "Title"),
            ("Task 1： Title", Some("task-1"), "Title"),
            ("Task 1（x）", Some("task-1"), "Task 1（x）"),
            ("Task 1 Add it", Some("task-1"), "Add it"),
            ("Task 1 (draft)", Some("task-1"), "Task 1 (draft)"),
            ("Task B - Title", Some("task-b"), "Title"),
            ("[Task 3] Title", Some("task-3"), "Title"),
            ("[US-001] Title", Some("US-001"), "Title"),
            ("[T1]: Title", Some("T1"), "Title"),
            ("T1 - Title", Some("T1"), "Title"),
            ("T1．Title", Some("T1"), "Title"),
            ("P0-1: Title", Some("P0-1"), "Title"),
            ("1.2) Title", Some("1.2"), "Title"),
            ("Task 4: [Final] Title", Some("task-4"), "[Final] Title"),
            ("Task 5: Title (depends on Task 3)", Some("task-5"), "Title"),
            ("#2: Title", Some("2"), "Title"),
            ("Task III: Title", Some("task-iii"), "Title"),
            ("Task 8/9: Title", Some("task-8-9"), "Title"),
            ("AUTH.5: Title", Some("AUTH.5"), "Title"),
            ("T_6: Title", Some("T_6"), "Title"),
            ("M7.T1: Title", Some("M7.T1"), "Title"),
            ("Aufgabe 1: Titel", Some("aufgabe-1"), "Titel"),
            ("Étape 2 : titre", Some("étape-2"), "titre"),
            ("Задача 3. Имя", Some("задача-3"), "Имя"),
            ("任务1：标题", Some("任务-1"), "标题"),
            ("タスク 2: 題", Some("タスク-2"), "題"),
        ] {
            assert_eq!(read(text), (true, id.map(str::to_owned), title.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_headings_are_not_tasks() {
        for text in [
            "Overview",
            "Tasks",
            "Tasks:",
            "Task list: what to do",
            "Task:",
            "Stories",
            "Step by step: how",
            "Taskforce 3: x",
            "1. Introduction",
            "3: x",
            "2024",
            "1.2 Title",
            "1.2:30 o'clock",
            "P1: Critical",
            "Q3: Goals",
            "Task 2 of many",
            "T1",
            "[Note] Title",
            "[1] Title",
            "V2: Roadmap",
            "UTF-8: everywhere",
            "Note: this",
            "Phase 1: Setup",
            "us-001: Title",
            "US-001 Title",
            "TLS1.3: Title",
            "HTTP1.1: Title",
            "SHA_256: Title",
            "Aufgaben",
            "任务列表",
            "",
            ":",
        ] {
            assert!(!Label::read(text, false).reads_as_task, "{text}");
        }
    }

    #[test]
    fn an_item_may_be_numbered_with_a_single_number() {
        let label = Label::read("3. Set up", true);
        assert_eq!((label.id.as_deref(), label.title.as_str()), (Some("3"), "Set up"));
        assert_eq!(Label::read("3 retries", true).id, None);
    }

    #[test]
    fn a_heading_may_carry_a_box() {
        let label = Label::read("[x] US-1: Title", false);
        let done = Some((1..2, Some(Mark::Done)));
        assert_eq!((label.tick_box, label.id_range, label.title.as_str()), (done, 4..8, "Title"));
        let label = Label::read("US-1: [ ] Title", false);
        assert_eq!((label.tick_box, label.title.as_str()), (Some((7..8, Some(Mark::Open))), "Title"));
        let label = Label::read("1. [✓] Title", false);
        assert_eq!((label.id.as_deref(), label.title.as_str()), (Some("1"), "Title"));
        assert!(label.reads_as_task);
        assert_eq!(Label::read("[x]y", false).tick_box, None);
    }

    #[test]
    fn what_nearly_reads_as_a_task_says_what_is_missing() {
        for (text, near) in [
            ("US-001 Title", Some(Near::Divider(6))),
            ("Task 2 of many", Some(Near::Divider(6))),
            ("us-001: Title", Some(Near::LowerCase(0..6))),
            ("Overview", None),
            ("1.2 Title", None),
            ("utf-8: everywhere", None),
        ] {
            assert_eq!(Label::read(text, false).near, near, "{text}");
        }
    }

    #[test]
    fn a_number_beside_tasks_makes_a_task() {
        for (text, id, title) in [
            ("任务 2：标题", "任务-2", "标题"),
            ("第2步：标题", "第-2步", "标题"),
            ("Aufgabe 3: Titel", "aufgabe-3", "Titel"),
            ("Ticket 4 - Title", "ticket-4", "Title"),
            ("5. Title", "5", "Title"),
            ("1.2) Title", "1.2", "Title"),
        ] {
            let mut label = Label::read(text, false);
            assert!(label.reads_as_task || label.read_as_numbered(text), "{text}");
            assert_eq!((label.id.as_deref(), label.title.as_str()), (Some(id), title), "{text}");
        }
        for text in [
            "Phase 2: Title",
            "2. Overview",
            "7. Open questions",
            "V2: Roadmap",
            "In 2031",
            "3:30 o'clock",
            "Title",
        ] {
            assert!(!Label::read(text, false).read_as_numbered(text), "{text}");
        }
    }

    #[test]
    fn an_item_s_id_may_stand_before_a_blank() {
        for (text, id, title, loose) in [
            ("T001 Create it", Some("T001"), "Create it", true),
            ("T012 [P] [US1] Title (depends on T003, T007)", Some("T012"), "[P] [US1] Title", true),
            ("1.2 Title", Some("1.2"), "Title", true),
            ("1.5 mm of paper", None, "1.5 mm of paper", false),
            ("[US1] Title", None, "[US1] Title", false),
            ("[US-1] Title", Some("US-1"), "Title", false),
        ] {
            let label = Label::read(text, true);
            assert_eq!(
                (label.id.as_deref(), label.title.as_str(), label.is_loose),
                (id, title, loose),
                "{text}"
            );
        }
        let text = "T012 Title (depends on T003, T007)";
        let mut label = Label::read(text, true);
        let after: Vec<_> = label.after.iter().map(|id| &text[id.clone()]).collect();
        assert_eq!(after, ["T003", "T007"]);
        label.forget_loose_id(text);
        assert_eq!((label.id, label.title.as_str()), (None, "T012 Title"));
        for (word, is) in [
            ("TXXX", true),
            ("T0XX", true),
            ("US-XXX", true),
            ("JSON", false),
            ("XXX", false),
            ("T001", false),
        ] {
            assert_eq!(is_placeholder(word), is, "{word}");
        }
    }
}
