//! A Markdown document as a flat list of blocks with their places. The only file that knows the Markdown library.
//!
//! Knows nothing of tasks: it says what is a heading, a list, an item, a line of text. What stands in code blocks,
//! HTML, tables and quotations is opaque, so nothing in there can be mistaken for a task, a field or a criterion.

use crate::plan::mark::{WrittenBox, in_legend, letter_box, written_box};
use crate::plan::model::Mark;
use crate::text::Span;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A document's blocks in the order of the text. No recursion anywhere: depth costs no stack.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    /// The whole document; all spans are offsets into it.
    pub(super) text: &'t str,
    blocks: Vec<Block>,
    lines: Vec<Line>,
    inlines: Vec<Inline<'t>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// With its level, 1 to 6.
    Heading(u8),
    /// A paragraph, or the text of an item in a tight list.
    Text,
    List,
    Item(Option<TickBox>),
    Opaque(Opaque),
}

/// What is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opaque {
    Code,
    Table,
    /// HTML, a quotation, a rule.
    Other,
}

/// The box of a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TickBox {
    /// What stands between the brackets.
    pub(super) span: Span,
    /// What it says; `None` if its mark is not known.
    pub(super) mark: Option<Mark>,
    /// `[ ]*`: its task is optional.
    pub(super) is_starred: bool,
}

impl TickBox {
    pub(super) fn is_ticked(self) -> bool {
        self.mark == Some(Mark::Done)
    }
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    span: Span,
    end: usize,
    parent: Option<usize>,
    holds_boxes: bool,
    is_ordered: bool,
    lines: Range<usize>,
}

/// One line of a heading or a text.
#[derive(Debug)]
pub(super) struct Line {
    /// As written, markers of the block and white space around it left out.
    pub(super) span: Span,
    inlines: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InlineKind {
    Text,
    Code,
    Html,
}

/// A piece of a line. Emphasis and links are not pieces; what stands in them is.
#[derive(Debug)]
pub(super) struct Inline<'t> {
    pub(super) kind: InlineKind,
    pub(super) span: Span,
    pub(super) text: CowStr<'t>,
    is_struck: bool,
}

impl<'t> Outline<'t> {
    /// Reads `text` from the byte `start` on, which is where its front matter ends.
    pub(super) fn read(text: &'t str, start: usize) -> Self {
        let options = Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let body = text.get(start..).unwrap_or_default();
        // About one of each for a line: vectors that grow copy a large document's blocks over and over.
        let lines = memchr::memchr_iter(b'\n', body.as_bytes()).count() + 1;
        let (blocks, inlines) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
        let mut builder = Builder {
            outline: Self { text, blocks, lines: Vec::with_capacity(lines), inlines },
            open: Vec::new(),
            run: None,
            opaque: 0,
            struck: 0,
        };
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            builder.event(event, Span::new(start + range.start, start + range.end));
        }
        builder.close_run();
        let mut outline = builder.outline;
        for block in &mut outline.blocks {
            block.span = trimmed(text, block.span);
        }
        outline.find_letters();
        outline.read_legend();
        outline
    }

    /// Takes `[o]` and `[D]` for boxes beside real ones: in a list of its own `[a]` may be a note.
    fn find_letters(&mut self) {
        // Nearly every document has none, and this runs at every keystroke.
        let body = self.text.as_bytes();
        let is_letter = |at: usize| {
            body.get(at + 1).is_some_and(u8::is_ascii_alphabetic)
                && !matches!(body.get(at + 1), Some(b'x' | b'X'))
                && body.get(at + 2) == Some(&b']')
        };
        if !memchr::memchr_iter(b'[', body).any(is_letter) {
            return;
        }
        for list in 0..self.len() {
            let items: Vec<usize> = match self.kind(list) {
                Kind::List => self.children(list).collect(),
                Kind::Heading(_) | Kind::Text | Kind::Item(_) | Kind::Opaque(_) => continue,
            };
            if items.iter().any(|&item| matches!(self.kind(item), Kind::Item(Some(_)))) {
                for item in items {
                    self.find_box(item, letter_box);
                }
            }
        }
    }

    /// Gives signs in boxes the meaning that the document itself says.
    fn read_legend(&mut self) {
        let tick_box = |block: &Block| if let Kind::Item(tick_box) = block.kind { tick_box } else { None };
        let own = |tick_box: &TickBox| !matches!(tick_box.mark, Some(Mark::Open | Mark::Done));
        let all = || self.blocks.iter().filter_map(tick_box);
        if !all().any(|tick_box| own(&tick_box)) {
            return;
        }
        let starts = self.starts_of_boxes();
        let mut legend: HashMap<&str, Option<Mark>> = HashMap::new();
        let text = self.text;
        for block in &mut self.blocks {
            if let Kind::Item(Some(tick_box)) = &mut block.kind
                && own(tick_box)
            {
                let inner = tick_box.span.of(text);
                let said =
                    || in_legend(text, inner, |at| starts.contains(&(at + 1)) || is_in_heading(text, at));
                tick_box.mark = legend.entry(inner).or_insert_with(said).or(tick_box.mark);
            }
        }
    }

    /// The meaning that the document itself says of a sign in the box of a heading.
    pub(super) fn in_legend(&self, inner: &str) -> Option<Mark> {
        let starts = self.starts_of_boxes();
        in_legend(self.text, inner, |at| starts.contains(&(at + 1)) || is_in_heading(self.text, at))
    }

    fn starts_of_boxes(&self) -> HashSet<usize> {
        let boxes = self.blocks.iter().filter_map(|block| match block.kind {
            Kind::Item(tick_box) => tick_box,
            Kind::Heading(_) | Kind::Text | Kind::List | Kind::Opaque(_) => None,
        });
        boxes.map(|tick_box| tick_box.span.start).collect()
    }

    /// Finds the box of an item that is none to CommonMark: `[~]`, `[]`, `[ ]one`, `[ ]*`.
    fn find_box(&mut self, item: usize, read: impl Fn(&str) -> Option<WrittenBox>) {
        let Self { text, blocks, lines, inlines } = self;
        let Some([Block { kind: Kind::Item(tick_box @ None), .. }, first]) = blocks.get_mut(item..item + 2)
        else {
            return;
        };
        let Some(line) = lines.get_mut(first.lines.clone()).and_then(<[Line]>::first_mut) else { return };
        let Some(found) = read(line.span.of(text)).filter(|_| first.kind == Kind::Text) else {
            return;
        };
        let at = line.span.start;
        let span = Span::new(at + found.inner.start, at + found.inner.end);
        *tick_box = Some(TickBox { span, mark: found.mark, is_starred: found.is_starred });
        line.span = trimmed(text, Span::new(at + found.end, line.span.end));
        for inline in inlines.get_mut(line.inlines.clone()).unwrap_or_default() {
            if inline.span.start >= line.span.start {
                break;
            }
            if inline.span.end > line.span.start {
                let rest = inline.text.get(line.span.start - inline.span.start..).unwrap_or_default();
                inline.text = CowStr::from(rest.to_owned());
                inline.span.start = line.span.start;
                break;
            }
            line.inlines.start += 1;
        }
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn kind(&self, block: usize) -> Kind {
        self.blocks.get(block).map_or(Kind::Opaque(Opaque::Other), |block| block.kind)
    }

    /// From a block's first marker to its last character.
    pub(super) fn span(&self, block: usize) -> Span {
        self.blocks.get(block).map(|block| block.span).unwrap_or_default()
    }

    /// The index after a block's last descendant.
    pub(super) fn end(&self, block: usize) -> usize {
        self.blocks.get(block).map_or(block + 1, |block| block.end)
    }

    /// The list or item a block stands in.
    pub(super) fn parent(&self, block: usize) -> Option<usize> {
        self.blocks.get(block)?.parent
    }

    /// Whether an item with a box stands somewhere inside of a list or an item.
    pub(super) fn holds_boxes(&self, block: usize) -> bool {
        self.blocks.get(block).is_some_and(|block| block.holds_boxes)
    }

    /// Whether a list is numbered.
    pub(super) fn is_ordered(&self, list: usize) -> bool {
        self.blocks.get(list).is_some_and(|block| block.is_ordered)
    }

    /// The lines of a heading or a text; none for anything else.
    pub(super) fn lines(&self, block: usize) -> &[Line] {
        self.blocks.get(block).and_then(|block| self.lines.get(block.lines.clone())).unwrap_or_default()
    }

    pub(super) fn inlines(&self, line: &Line) -> &[Inline<'t>] {
        self.inlines.get(line.inlines.clone()).unwrap_or_default()
    }

    /// A line as it reads, without its markup.
    pub(super) fn plain(&self, line: &Line) -> String {
        self.inlines(line).iter().map(|inline| inline.text.as_ref()).collect()
    }

    /// All lines of a block as they read, joined by blanks.
    pub(super) fn plain_block(&self, block: usize) -> String {
        let mut plain = String::new();
        for line in self.lines(block) {
            if !plain.is_empty() {
                plain.push(' ');
            }
            plain.extend(self.inlines(line).iter().map(|inline| inline.text.as_ref()));
        }
        plain
    }

    /// Where a byte of [`Self::plain`] stands in the document.
    pub(super) fn source_of(&self, line: &Line, at: usize) -> usize {
        let mut before = 0;
        for inline in self.inlines(line) {
            if at < before + inline.text.len() {
                let tick = usize::from(inline.kind == InlineKind::Code);
                return (inline.span.start + tick + (at - before)).min(inline.span.end);
            }
            before += inline.text.len();
        }
        line.span.end
    }

    /// Where a range of [`Self::plain`] stands in the document; `None` if it is not written there as it reads.
    pub(super) fn span_of(&self, line: &Line, range: &Range<usize>) -> Option<Span> {
        let start = if range.is_empty() {
            // Between two pieces it stands behind the first one.
            range
                .start
                .checked_sub(1)
                .map_or_else(|| self.source_of(line, 0), |last| self.source_of(line, last) + 1)
        } else {
            self.source_of(line, range.start)
        };
        let span = Span::new(start, start + range.len());
        let written = self.text.get(span.start..span.end)?;
        (Some(written) == self.plain(line).get(range.clone())).then_some(span)
    }

    /// Whether a range of [`Self::plain`] is struck out.
    pub(super) fn is_struck(&self, line: &Line, range: &Range<usize>) -> bool {
        let mut before = 0;
        let mut is_struck = false;
        for inline in self.inlines(line) {
            let end = before + inline.text.len();
            let part = inline
                .text
                .get(range.start.max(before).min(end) - before..range.end.max(before).min(end) - before);
            if part.is_some_and(|part| !part.trim().is_empty()) {
                if !inline.is_struck {
                    return false;
                }
                is_struck = true;
            }
            before = end;
        }
        is_struck
    }

    /// Where in a range of [`Self::plain`] what is struck out ends, if the range begins with it.
    pub(super) fn struck_until(&self, line: &Line, range: &Range<usize>) -> Option<usize> {
        let mut before = 0;
        let mut until = None;
        for inline in self.inlines(line) {
            let end = before + inline.text.len();
            let part = range.start.max(before).min(end) - before..range.end.max(before).min(end) - before;
            if inline.text.get(part.clone()).is_some_and(|part| !part.trim().is_empty()) {
                if !inline.is_struck {
                    break;
                }
                until = Some(before + part.end);
            }
            before = end;
        }
        until
    }

    /// The blocks directly in `parent` (an item or a list), in order.
    pub(super) fn children(&self, parent: usize) -> impl Iterator<Item = usize> + '_ {
        self.siblings(parent + 1, self.end(parent))
    }

    /// The blocks of one level from `start` up to `end`, in order, without what is nested in them.
    pub(super) fn siblings(&self, start: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let bound = move |at: usize| (at < end.min(self.blocks.len())).then_some(at);
        std::iter::successors(bound(start), move |&at| bound(self.end(at)))
    }

    /// The first line of an item's own text.
    pub(super) fn first_line(&self, item: usize) -> Option<&Line> {
        let first = self.children(item).next()?;
        (self.kind(first) == Kind::Text).then(|| self.lines(first).first())?
    }
}

fn is_in_heading(text: &str, at: usize) -> bool {
    text.get(..at).and_then(|before| before.rsplit('\n').next()).is_some_and(|line| line.starts_with('#'))
}

/// Takes the white space off both ends of a span.
pub(super) fn trimmed(text: &str, span: Span) -> Span {
    let raw = span.of(text);
    let start = span.start + (raw.len() - raw.trim_start().len());
    Span::new(start, (span.start + raw.trim_end().len()).max(start))
}

struct Builder<'t> {
    outline: Outline<'t>,
    /// The lists and items around the current place.
    open: Vec<usize>,
    /// The heading or text that takes the inline events.
    run: Option<usize>,
    /// How many opaque blocks are open.
    opaque: usize,
    /// How many strikethroughs are open.
    struck: usize,
}

impl<'t> Builder<'t> {
    fn event(&mut self, event: Event<'t>, span: Span) {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag, span),
            _ if self.opaque > 0 => {}
            Event::Text(text) => self.inline(InlineKind::Text, text, span),
            Event::Code(text) => self.inline(InlineKind::Code, text, span),
            Event::InlineHtml(text) => self.inline(InlineKind::Html, text, span),
            Event::SoftBreak | Event::HardBreak => self.new_line(span),
            Event::TaskListMarker(ticked) => {
                self.tick_box(span, if ticked { Mark::Done } else { Mark::Open });
            }
            Event::Rule => {
                self.close_run();
                self.push(Kind::Opaque(Opaque::Other), span);
            }
            _ => self.touch(span),
        }
    }

    fn start(&mut self, tag: &Tag<'t>, span: Span) {
        let kind = match tag {
            Tag::Heading { level, .. } => Kind::Heading(*level as u8),
            Tag::Paragraph => Kind::Text,
            Tag::List(_) => Kind::List,
            Tag::Item => Kind::Item(None),
            tag if is_inline(tag.to_end()) => {
                if self.opaque == 0 {
                    self.struck += usize::from(matches!(tag, Tag::Strikethrough));
                    self.touch(span);
                }
                return;
            }
            tag => {
                self.close_run();
                if self.opaque == 0 {
                    self.push(Kind::Opaque(opaque(tag)), span);
                }
                self.opaque += 1;
                return;
            }
        };
        if self.opaque > 0 {
            return;
        }
        self.close_run();
        let block = self.push(kind, span);
        if let (Tag::List(Some(_)), Some(list)) = (tag, self.outline.blocks.get_mut(block)) {
            list.is_ordered = true;
        }
        match kind {
            Kind::List | Kind::Item(_) => self.open.push(block),
            _ => self.run = Some(block),
        }
    }

    fn end(&mut self, tag: TagEnd, span: Span) {
        match tag {
            tag if is_inline(tag) => {
                if self.opaque == 0 {
                    self.struck -= usize::from(tag == TagEnd::Strikethrough).min(self.struck);
                    self.touch(span);
                }
            }
            TagEnd::Heading(_) | TagEnd::Paragraph if self.opaque == 0 => self.close_run(),
            TagEnd::List(_) | TagEnd::Item if self.opaque == 0 => {
                self.close_run();
                if let Some(block) = self.open.pop() {
                    self.outline.find_box(block, written_box);
                    let end = self.outline.blocks.len();
                    let Some(block) = self.outline.blocks.get_mut(block) else { return };
                    block.end = end;
                    let (parent, holds) =
                        (block.parent, block.holds_boxes || matches!(block.kind, Kind::Item(Some(_))));
                    if holds && let Some(parent) = parent.and_then(|at| self.outline.blocks.get_mut(at)) {
                        parent.holds_boxes = true;
                    }
                }
            }
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Item => {}
            _ => self.opaque = self.opaque.saturating_sub(1),
        }
    }

    fn push(&mut self, kind: Kind, span: Span) -> usize {
        let at = self.outline.blocks.len();
        let lines = self.outline.lines.len();
        self.outline.blocks.push(Block {
            kind,
            span,
            end: at + 1,
            parent: self.open.last().copied(),
            holds_boxes: false,
            is_ordered: false,
            lines: lines..lines,
        });
        at
    }

    /// Makes sure that a text takes what stands at `span`, and that its line reaches over it.
    fn touch(&mut self, span: Span) {
        let block = match self.run {
            Some(block) => block,
            None => {
                let block = self.push(Kind::Text, span);
                self.run = Some(block);
                block
            }
        };
        let inlines = self.outline.inlines.len();
        let Some(block) = self.outline.blocks.get_mut(block) else { return };
        block.span.end = block.span.end.max(span.end);
        if block.lines.is_empty() {
            block.lines.end += 1;
            self.outline.lines.push(Line { span, inlines: inlines..inlines });
        } else if let Some(line) = self.outline.lines.last_mut() {
            if line.span.start == line.span.end {
                line.span.start = span.start;
            }
            line.span.end = line.span.end.max(span.end);
        }
    }

    fn inline(&mut self, kind: InlineKind, text: CowStr<'t>, span: Span) {
        self.touch(span);
        self.outline.inlines.push(Inline { kind, span, text, is_struck: self.struck > 0 });
        if let Some(line) = self.outline.lines.last_mut() {
            line.inlines.end = self.outline.inlines.len();
        }
    }

    fn new_line(&mut self, span: Span) {
        self.touch(Span::new(span.start, span.start));
        let inlines = self.outline.inlines.len();
        if let Some(block) = self.run.and_then(|run| self.outline.blocks.get_mut(run)) {
            block.lines.end += 1;
            self.outline.lines.push(Line { span: Span::new(span.end, span.end), inlines: inlines..inlines });
        }
    }

    fn tick_box(&mut self, span: Span, mark: Mark) {
        let brackets = span.of(self.outline.text);
        let (Some(open), Some(close)) = (brackets.find('['), brackets.find(']')) else { return };
        let span = Span::new(span.start + open + 1, span.start + close);
        let item = self.open.last().and_then(|&item| self.outline.blocks.get_mut(item));
        if let Some(Block { kind: Kind::Item(tick_box), .. }) = item {
            *tick_box = Some(TickBox { span, mark: Some(mark), is_starred: false });
        }
    }

    fn close_run(&mut self) {
        let Some(block) = self.run.take().and_then(|run| self.outline.blocks.get(run)) else { return };
        let text = self.outline.text;
        for line in self.outline.lines.get_mut(block.lines.clone()).unwrap_or_default() {
            line.span = trimmed(text, line.span);
        }
    }
}

fn opaque(tag: &Tag<'_>) -> Opaque {
    match tag {
        Tag::CodeBlock(_) => Opaque::Code,
        Tag::Table(_) => Opaque::Table,
        _ => Opaque::Other,
    }
}

fn is_inline(tag: TagEnd) -> bool {
    use TagEnd::{Emphasis, Image, Link, Strikethrough, Strong, Subscript, Superscript};
    matches!(tag, Emphasis | Strong | Strikethrough | Superscript | Subscript | Link | Image)
}
