//! Finds the last block that counts in a Markdown message: which tags are meant, and which are only talk.
//!
//! A line scanner of its own and no Markdown parser: an underscore makes the tag no HTML to CommonMark, so a parser
//! reads a block's body as Markdown and splits it into lists and headings. And models indent and close fences
//! sloppily, where the rules have to be kinder than CommonMark. Kept from it: fences (character, length, info
//! string), the columns of indentation, quotes and list items. Left out: code spans over several lines.
//! Every line is looked at a bounded number of times.

use crate::text::Span;

/// What a block is marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// `<COMPLETION_GATE>` … `</COMPLETION_GATE>`
    Gate,
    /// `<promise>` … `</promise>`
    Promise,
    /// `---RALPH_STATUS---` … `---END_RALPH_STATUS---`
    RalphStatus,
}

/// A block that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The opening tag's line, one-based.
    pub(super) line: usize,
    /// What stands between the tags.
    pub(super) body: Span,
    /// How it ends.
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Unclosed,
    /// On this line, before the closing tag.
    SecondOpening(usize),
}

/// Why a tag does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    Fence,
    Quote,
    ListItem,
    IndentedCode,
    Sentence,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The last block that counts.
    pub(super) block: Option<Block>,
    /// The last tag that does not, with its line.
    pub(super) talk: Option<(usize, Talk)>,
}

/// Finds the last block that counts in `text`, whose lines end in `\n`.
pub(super) fn last_block(text: &str, marker: Marker) -> Found {
    let mut scanner = Scanner {
        text,
        marker,
        fence: None,
        list_item: None,
        open: None,
        unfenced: None,
        fenced: None,
        talk: None,
    };
    let (mut start, mut number) = (0, 0);
    for line in text.split_inclusive('\n') {
        number += 1;
        let next = start + line.len();
        scanner.line(Line { number, start, next, text: line.trim_end() });
        start = next;
    }
    scanner.finish()
}

#[derive(Clone, Copy)]
struct Line<'t> {
    /// The number of the line, counted from 1.
    number: usize,
    start: usize,
    /// Where the next line starts.
    next: usize,
    /// Without white space at its end.
    text: &'t str,
}

struct Scanner<'t> {
    text: &'t str,
    marker: Marker,
    fence: Option<Fence>,
    /// The column at which the content of the outermost open list item begins.
    list_item: Option<usize>,
    open: Option<Open>,
    unfenced: Option<Block>,
    /// The last block of the last fence, as long as nothing but white space follows that fence.
    fenced: Option<Block>,
    talk: Option<(usize, Talk)>,
}

/// A block whose end is not reached.
struct Open {
    line: usize,
    body: usize,
    /// The fence around the body, inside the tags.
    inner: Option<Fence>,
    has_content: bool,
    second: Option<usize>,
}

impl Scanner<'_> {
    fn line(&mut self, line: Line<'_>) {
        if self.open.is_some() {
            self.line_in_block(line);
        } else if self.fence.is_some() {
            self.line_in_fence(line);
        } else if !is_blank(line.text) {
            self.line_of_prose(line);
        }
    }

    fn line_in_block(&mut self, line: Line<'_>) {
        let Some(open) = &mut self.open else { return };
        let (column, rest) = indentation(line.text);
        if rest.is_empty() {
            return;
        }
        if self.marker.begins(rest).is_some() {
            open.second.get_or_insert(line.number);
        }
        if let Some(at) = self.marker.closing(line.text) {
            self.close(line.start + at, End::Closed);
            return;
        }
        let is_first = !std::mem::replace(&mut open.has_content, true);
        let ends_outer = self.fence.is_some_and(|fence| fence.is_closed_by(line.text));
        if let Some(inner) = open.inner {
            if inner.is_closed_by(line.text) {
                open.inner = None;
            }
            return;
        }
        if is_first
            && let Some(inner) = Fence::opened_by(column, rest)
            && (!ends_outer || encloses_body(self.marker, inner, &self.text[line.next..]))
        {
            open.inner = Some(inner);
            return;
        }
        if ends_outer {
            self.close(line.start, End::Unclosed);
            self.fence = None;
        }
    }

    fn line_in_fence(&mut self, line: Line<'_>) {
        let Some(fence) = self.fence else { return };
        if fence.is_closed_by(line.text) {
            self.fence = None;
            return;
        }
        let (column, rest) = indentation(line.text);
        match self.marker.begins(rest) {
            Some(tag) if column <= fence.column + 3 => self.begin(line, &rest[tag..]),
            _ => self.talk(line, Talk::Fence),
        }
    }

    fn line_of_prose(&mut self, line: Line<'_>) {
        if let Some(example) = self.fenced.take() {
            self.talk = Some((example.line, Talk::Fence));
        }
        let (column, rest) = indentation(line.text);
        let in_item = self.list_item.is_some_and(|content| column >= content);
        if !in_item {
            self.list_item = None;
        }
        if column >= 4 && !in_item {
            return self.talk(line, Talk::IndentedCode);
        }
        if rest.starts_with('>') {
            return self.talk(line, Talk::Quote);
        }
        let (content, inner) = list_item(column, rest).unwrap_or((column, rest));
        if content != column && !in_item {
            self.list_item = Some(content);
        }
        if let Some(fence) = Fence::opened_by(content, inner) {
            self.fence = Some(fence);
            return;
        }
        if self.list_item.is_some() {
            return self.talk(line, Talk::ListItem);
        }
        match self.marker.begins(rest) {
            Some(tag) => self.begin(line, &rest[tag..]),
            None => self.talk(line, Talk::Sentence),
        }
    }

    fn talk(&mut self, line: Line<'_>, talk: Talk) {
        if self.marker.is_named(line.text) {
            self.talk = Some((line.number, talk));
        }
    }

    /// Begins a block; `after` is what follows its opening tag on the line.
    fn begin(&mut self, line: Line<'_>, after: &str) {
        let body = line.start + line.text.len() - after.len();
        let (_, content) = indentation(after);
        self.open = Some(Open {
            line: line.number,
            body,
            inner: Fence::opened_by(0, content),
            has_content: !content.is_empty(),
            second: self.marker.begins(content).map(|_| line.number),
        });
        if let Some(at) = self.marker.closing(after) {
            self.close(body + at, End::Closed);
        }
    }

    fn close(&mut self, at: usize, end: End) {
        let Some(open) = self.open.take() else { return };
        let end = open.second.map_or(end, End::SecondOpening);
        let block = Block { line: open.line, body: Span::new(open.body, at), end };
        if self.fence.is_some() {
            self.fenced = Some(block);
        } else {
            self.unfenced = Some(block);
        }
    }

    fn finish(mut self) -> Found {
        self.close(self.text.len(), End::Unclosed);
        Found { block: self.fenced.or(self.unfenced), talk: self.talk }
    }
}

/// Says whether `fence`, just opened as a block's first line, is closed right before the block's closing tag.
/// Stops at the next tag of any kind, so that no line is looked at twice.
fn encloses_body(marker: Marker, fence: Fence, rest: &str) -> bool {
    let mut last = "";
    for line in rest.lines() {
        if marker.closing(line).is_some() {
            return fence.is_closed_by(last);
        }
        if marker.begins(indentation(line).1).is_some() {
            return false;
        }
        if !is_blank(line) {
            last = line;
        }
    }
    false
}

impl Marker {
    /// Returns the length of the opening tag with which `text` begins. The tag must stand alone: a sentence that begins
    /// with the tag does not open a gate.
    fn begins(self, text: &str) -> Option<usize> {
        match self {
            Self::Gate => tag(text, false, GATE).filter(|&end| !is_sentence(&text[end..])),
            Self::Promise => tag(text, false, PROMISE),
            Self::RalphStatus => ruled(text, "RALPH_STATUS"),
        }
    }

    /// Finds the first closing tag of a line: its first byte.
    fn closing(self, line: &str) -> Option<usize> {
        let (first, end_of): (u8, fn(&str) -> Option<usize>) = match self {
            Self::Gate => (b'<', |text| tag(text, true, GATE)),
            Self::Promise => (b'<', |text| tag(text, true, PROMISE)),
            Self::RalphStatus => (b'-', |text| ruled(text, "END_RALPH_STATUS")),
        };
        memchr::memchr_iter(first, line.as_bytes()).find(|&at| end_of(&line[at..]).is_some())
    }

    /// Says whether an opening tag stands anywhere in a line. Asked only to explain why there is no gate.
    fn is_named(self, line: &str) -> bool {
        self == Self::Gate
            && memchr::memchr_iter(b'<', line.as_bytes()).any(|at| tag(&line[at..], false, GATE).is_some())
    }
}

const GATE: &str = "COMPLETION_GATE";
const PROMISE: &str = "promise";

/// Returns the length of the tag with which `text` begins; blanks inside the brackets are tolerated.
fn tag(text: &str, closing: bool, name: &str) -> Option<usize> {
    let mut rest = text.strip_prefix('<')?.trim_start_matches([' ', '\t']);
    if closing {
        rest = rest.strip_prefix('/')?.trim_start_matches([' ', '\t']);
    }
    let rest = strip_name(rest, name)?.trim_start_matches([' ', '\t']).strip_prefix('>')?;
    Some(text.len() - rest.len())
}

/// Returns the length of `---NAME---` with which `text` begins.
fn ruled(text: &str, name: &str) -> Option<usize> {
    let rest = strip_name(text.strip_prefix("---")?.trim_start_matches([' ', '\t']), name)?;
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix("---")?;
    Some(text.len() - rest.len())
}

fn strip_name<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(rest)
}

/// Says whether what follows an opening tag on its line makes it the first word of a sentence
/// (`<COMPLETION_GATE> comes when the tests pass`), neither a body nor its beginning.
fn is_sentence(after: &str) -> bool {
    let after = after.trim();
    if after.is_empty()
        || after.starts_with(['{', '"', '\'', '*', '-', '#'])
        || Marker::Gate.closing(after).is_some()
    {
        return false;
    }
    if Fence::opened_by(0, after).is_some() || tag(after, false, GATE).is_some() {
        return false;
    }
    let word = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    !word.trim_start().starts_with([':', '='])
}

/// A code fence that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    mark: u8,
    length: usize,
    column: usize,
}

impl Fence {
    /// Reads the line of an opening fence: its column, and the line without its indentation.
    pub(super) fn opened_by(column: usize, rest: &str) -> Option<Self> {
        let mark = *rest.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let length = rest.bytes().take_while(|&byte| byte == mark).count();
        let is_code_span = mark == b'`' && memchr::memchr(b'`', &rest.as_bytes()[length..]).is_some();
        (length >= 3 && !is_code_span).then_some(Self { mark, length, column })
    }

    /// Says whether a line closes this fence.
    pub(super) fn is_closed_by(self, line: &str) -> bool {
        let (column, rest) = indentation(line.trim_end());
        rest.len() >= self.length && column <= self.column + 3 && rest.bytes().all(|byte| byte == self.mark)
    }
}

fn is_blank(line: &str) -> bool {
    indentation(line).1.is_empty()
}

/// Splits a line into the width of its indentation in columns (a tab reaches the next multiple of four) and the rest.
/// A no-break space, a zero-width space and a byte order mark are white space too: models write them.
fn indentation(line: &str) -> (usize, &str) {
    let mut column = 0;
    for (at, c) in line.char_indices() {
        match c {
            '\t' => column += 4 - column % 4,
            '\u{200b}' | '\u{feff}' => {}
            c if c.is_whitespace() => column += 1,
            _ => return (column, &line[at..]),
        }
    }
    (column, "")
}

/// Reads the markers of one or more list items (`- 1. text`): the column of the content, and the content.
fn list_item(mut column: usize, mut rest: &str) -> Option<(usize, &str)> {
    let mut found = None;
    while let Some(marker) = list_marker(rest) {
        let after = &rest[marker..];
        let blanks = after.len() - after.trim_start_matches(' ').len();
        column += marker + if (1..=4).contains(&blanks) { blanks } else { 1 };
        rest = after.trim_start();
        found = Some((column, rest));
    }
    found
}

fn list_marker(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = match text.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    matches!(text.as_bytes().get(length), None | Some(b' ' | b'\t')).then_some(length)
}
