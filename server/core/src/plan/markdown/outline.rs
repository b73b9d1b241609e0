//! A Markdown document as a flat list of blocks with their places. The only file that knows the Markdown library.
//!
//! Knows nothing of tasks: it says what is a heading, a list, an item, a line of text. What stands in code blocks,
//! HTML, tables and quotations is opaque, so nothing in there can be mistaken for a task, a field or a criterion.

use crate::text::Span;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
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
    /// Code, HTML, a table, a quotation, a rule.
    Opaque,
}

/// The box of a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TickBox {
    /// What stands between the brackets.
    pub(super) span: Span,
    pub(super) ticked: bool,
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    span: Span,
    end: usize,
    parent: Option<usize>,
    holds_boxes: bool,
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
        };
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            builder.event(event, Span::new(start + range.start, start + range.end));
        }
        builder.close_run();
        let mut outline = builder.outline;
        for block in &mut outline.blocks {
            block.span = trimmed(text, block.span);
        }
        outline
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn kind(&self, block: usize) -> Kind {
        self.blocks.get(block).map_or(Kind::Opaque, |block| block.kind)
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
            Event::TaskListMarker(ticked) => self.tick_box(span, ticked),
            Event::Rule => {
                self.close_run();
                self.push(Kind::Opaque, span);
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
                    self.touch(span);
                }
                return;
            }
            _ => {
                self.close_run();
                if self.opaque == 0 {
                    self.push(Kind::Opaque, span);
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
        match kind {
            Kind::List | Kind::Item(_) => self.open.push(block),
            _ => self.run = Some(block),
        }
    }

    fn end(&mut self, tag: TagEnd, span: Span) {
        match tag {
            tag if is_inline(tag) => {
                if self.opaque == 0 {
                    self.touch(span);
                }
            }
            TagEnd::Heading(_) | TagEnd::Paragraph if self.opaque == 0 => self.close_run(),
            TagEnd::List(_) | TagEnd::Item if self.opaque == 0 => {
                self.close_run();
                if let Some(block) = self.open.pop() {
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
        self.outline.inlines.push(Inline { kind, span, text });
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

    fn tick_box(&mut self, span: Span, ticked: bool) {
        let brackets = span.of(self.outline.text);
        let (Some(open), Some(close)) = (brackets.find('['), brackets.find(']')) else { return };
        let span = Span::new(span.start + open + 1, span.start + close);
        let item = self.open.last().and_then(|&item| self.outline.blocks.get_mut(item));
        if let Some(Block { kind: Kind::Item(tick_box), .. }) = item {
            *tick_box = Some(TickBox { span, ticked });
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

fn is_inline(tag: TagEnd) -> bool {
    use TagEnd::{Emphasis, Image, Link, Strikethrough, Strong, Subscript, Superscript};
    matches!(tag, Emphasis | Strong | Strikethrough | Superscript | Subscript | Link | Image)
}
