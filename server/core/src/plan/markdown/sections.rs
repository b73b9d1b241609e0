//! A Markdown plan's headings and checkbox items: which of them are tasks, and what stands before and between.

use super::body;
use super::label::{Label, names_criteria, names_optional};
use super::outline::{Kind, Outline};
use crate::text::Span;
use std::collections::HashSet;

/// A task's blocks.
pub(super) struct Found {
    pub(super) label: Label,
    /// Its heading's or its item's block.
    pub(super) block: usize,
    /// The index after its last block.
    pub(super) end: usize,
    pub(super) is_item: bool,
    pub(super) optional: bool,
}

/// A heading that stands in no list.
pub(super) struct Head {
    block: usize,
    level: u8,
    pub(super) text: String,
    label: Label,
    is_task: bool,
    /// It, or a heading above it, names work that never blocks.
    optional: bool,
}

/// A document's headings, and which of them are tasks.
pub(super) struct Sections<'o, 't> {
    outline: &'o Outline<'t>,
    pub(super) heads: Vec<Head>,
    /// The index of the head that is the plan's title.
    pub(super) title: Option<usize>,
}

impl<'o, 't> Sections<'o, 't> {
    pub(super) fn read(outline: &'o Outline<'t>, is_directive: bool) -> Self {
        let mut sections = Self { outline, heads: Vec::new(), title: None };
        for block in outline.siblings(0, outline.len()) {
            if let Kind::Heading(level) = outline.kind(block) {
                let text = outline.plain_block(block);
                let label = Label::read(&text, false);
                let is_task = label.reads_as_task;
                sections.heads.push(Head { block, level, text, label, is_task, optional: false });
            }
        }
        sections.leave_out_steps();
        sections.leave_out_groups();
        let before_tasks = sections.heads.iter().take_while(|head| !head.label.reads_as_task);
        sections.title = before_tasks.clone().position(|head| head.level == 1 && !names_criteria(&head.text));
        if !is_directive {
            sections.find_tasks_by_criteria();
        }
        sections.find_optional();
        sections
    }

    /// The heads above each head, by its index: the innermost last. Calls `visit` in the order of the document.
    fn walk(&mut self, mut visit: impl FnMut(&mut [Head], &[usize], usize)) {
        let mut above: Vec<usize> = Vec::new();
        for at in 0..self.heads.len() {
            let level = self.heads.get(at).map_or(0, |head| head.level);
            while above.pop_if(|up| self.heads.get(*up).is_some_and(|head| head.level >= level)).is_some() {}
            visit(&mut self.heads, &above, at);
            above.push(at);
        }
    }

    /// A step inside of a task is a part of that task.
    fn leave_out_steps(&mut self) {
        self.walk(|heads, above, at| {
            let inside =
                above.iter().filter_map(|&up| heads.get(up)).any(|up| up.is_task && !up.label.is_step);
            if let Some(head) = heads.get_mut(at).filter(|head| head.label.is_step && inside) {
                (head.is_task, head.label.reads_as_task) = (false, false);
            }
        });
    }

    /// A heading with nothing of its own above a deeper task only groups tasks.
    fn leave_out_groups(&mut self) {
        for at in 1..self.heads.len() {
            let Some([group, next]) = self.heads.get_mut(at - 1..=at) else { continue };
            let adjacent = next.block == group.block + 1 && next.level > group.level;
            group.is_task &= !(adjacent && next.label.reads_as_task);
        }
    }

    /// A heading with acceptance criteria of its own is a task. The document's title is one only if nothing else is.
    fn find_tasks_by_criteria(&mut self) {
        let owners = self.owners_of_criteria();
        let title = self.title;
        let mut title_has = false;
        self.walk(|heads, above, at| {
            let in_task = above.iter().filter_map(|&up| heads.get(up)).any(|up| up.label.reads_as_task);
            if in_task || !owners.contains(&at) {
                return;
            }
            if title == Some(at) {
                title_has = true;
            } else if let Some(head) = heads.get_mut(at) {
                head.is_task |= !head.label.reads_as_task;
            }
        });
        if title_has && self.tasks().is_empty() && self.items().is_empty() {
            let title = title.and_then(|title| self.heads.get_mut(title));
            title.into_iter().for_each(|head| head.is_task = true);
        }
    }

    /// The heads that an acceptance-criteria list stands directly under.
    fn owners_of_criteria(&mut self) -> HashSet<usize> {
        let outline = self.outline;
        let mut owners = HashSet::new();
        let mut last_task = None;
        self.walk(|heads, above, at| {
            let Some(head) = heads.get(at) else { return };
            if head.label.reads_as_task {
                last_task = Some(at);
            }
            let end = heads.get(at + 1).map_or(outline.len(), |next| next.block);
            let mut blocks = outline.siblings(head.block + 1, end).peekable();
            let named = names_criteria(&head.text);
            let mut found = false;
            while let Some(block) = blocks.next() {
                let lists = |at: &usize| outline.kind(*at) == Kind::List;
                found |= match outline.kind(block) {
                    Kind::List => named,
                    Kind::Text => announces_criteria(outline, block) && blocks.peek().is_some_and(lists),
                    _ => false,
                };
            }
            if found {
                let owner = if named { above.last().copied() } else { Some(at) };
                // What follows a task is not directly under the headings before that task.
                owners.extend(owner.filter(|&owner| Some(owner) >= last_task));
            }
        });
        owners
    }

    fn find_optional(&mut self) {
        let title = self.title;
        self.walk(|heads, above, at| {
            let inherited = above.last().and_then(|&up| heads.get(up)).is_some_and(|up| up.optional);
            if let Some(head) = heads.get_mut(at) {
                head.optional = inherited || (title != Some(at) && names_optional(&head.text));
            }
        });
    }

    /// The tasks that are headings.
    pub(super) fn tasks(&self) -> Vec<Found> {
        let mut tasks: Vec<Found> = Vec::new();
        // The level of the task that is still open.
        let mut open: Option<u8> = None;
        for head in &self.heads {
            if open.is_some_and(|level| head.is_task || head.level <= level) {
                if let Some(task) = tasks.last_mut() {
                    task.end = head.block;
                }
                open = None;
            }
            if head.is_task {
                tasks.push(Found {
                    label: head.label.clone(),
                    block: head.block,
                    end: self.outline.len(),
                    is_item: false,
                    optional: head.optional,
                });
                open = Some(head.level);
            }
        }
        tasks
    }

    /// The tasks that are checkbox items: those in no other checkbox item.
    pub(super) fn items(&self) -> Vec<Found> {
        let outline = self.outline;
        let mut items = Vec::new();
        let mut heads = self.heads.iter();
        // By the heading above, and by the line right above: optional, and a list of criteria.
        let mut section = (false, false);
        let mut announced = (false, false);
        for block in outline.siblings(0, outline.len()) {
            match outline.kind(block) {
                Kind::Heading(_) => {
                    let head = heads.next();
                    section =
                        head.map(|head| (head.optional, names_criteria(&head.text))).unwrap_or_default();
                    announced = (false, false);
                }
                Kind::Text => {
                    let last =
                        outline.lines(block).last().map(|line| outline.plain(line)).unwrap_or_default();
                    announced = (body::announces_optional(&last), names_criteria(&last));
                }
                Kind::List if !section.1 && !announced.1 => {
                    self.items_in(block, section.0 || announced.0, &mut items);
                }
                Kind::List => {}
                Kind::Item(_) | Kind::Opaque => announced = (false, false),
            }
        }
        items
    }

    fn items_in(&self, list: usize, optional: bool, items: &mut Vec<Found>) {
        let outline = self.outline;
        let mut optional_until = if optional { usize::MAX } else { 0 };
        let mut at = list + 1;
        while at < outline.end(list) {
            let text = outline.first_line(at).map(|line| outline.plain(line)).unwrap_or_default();
            match outline.kind(at) {
                Kind::Item(Some(_)) if !text.trim().is_empty() => {
                    let (label, end) = (Label::read(&text, true), outline.end(at));
                    items.push(Found { label, block: at, end, is_item: true, optional: at < optional_until });
                    at = end;
                    continue;
                }
                Kind::Item(None) if names_criteria(&text) => {
                    at = outline.end(at);
                    continue;
                }
                Kind::Item(None) if body::announces_optional(&text) => {
                    optional_until = optional_until.max(outline.end(at));
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The text between the title and the first task, headings that introduce only the task left out.
    pub(super) fn goal(&self, first_task: usize) -> String {
        let outline = self.outline;
        let first_task = std::iter::successors(Some(first_task), |&at| outline.parent(at)).last();
        let end = first_task.unwrap_or(outline.len());
        let title = self.title.and_then(|title| self.heads.get(title)).filter(|title| title.block < end);
        let start = title.map_or(0, |title| title.block + 1);
        let last = outline
            .siblings(start, end)
            .filter(|&block| !matches!(outline.kind(block), Kind::Heading(_)))
            .last();
        let Some(last) = last else { return String::new() };
        let span = Span::new(outline.span(start).start, outline.span(last).end);
        span.of(outline.text).trim().to_owned()
    }
}

fn announces_criteria(outline: &Outline<'_>, block: usize) -> bool {
    outline.lines(block).last().is_some_and(|line| names_criteria(&outline.plain(line)))
}
