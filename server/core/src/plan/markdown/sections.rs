//! A Markdown plan's headings and checkbox items: which of them are tasks, and what stands before and between.

use super::boxes::Boxes;
use super::label::{Label, is_placeholder};
use super::names::{Named, announced, marked_optional, named, task_is_optional};
use super::outline::{Kind, Outline};
use crate::plan::model::Placed;
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
    /// The numbered list that the item stands in.
    pub(super) numbered: Option<usize>,
    /// What stands in place of its id: it is no task.
    pub(super) is_placeholder: bool,
}

/// A list that stands in no other, and what announces it.
pub(super) struct Listed {
    pub(super) block: usize,
    pub(super) named: Option<Named>,
    optional: bool,
    /// The heading above, as its index.
    pub(super) head: Option<usize>,
}

/// A heading that stands in no list.
pub(super) struct Head {
    pub(super) block: usize,
    pub(super) level: u8,
    pub(super) text: String,
    pub(super) label: Label,
    pub(super) is_task: bool,
    /// What it announces.
    named: Option<Named>,
    /// It, or a heading above it, announces criteria or what holds no work.
    pub(super) section: Option<Named>,
    /// It, or a heading above it, names work that never blocks.
    optional: bool,
    /// It stands inside of a task.
    pub(super) in_task: bool,
    /// Tasks stand below it.
    pub(super) holds_tasks: bool,
    /// The heading above it, as its index.
    up: Option<usize>,
}

/// A document's headings, and which of them are tasks.
pub(super) struct Sections<'o, 't> {
    outline: &'o Outline<'t>,
    boxes: Boxes,
    pub(super) heads: Vec<Head>,
    /// The index of the head that is the plan's title.
    pub(super) title: Option<usize>,
}

impl<'o, 't> Sections<'o, 't> {
    pub(super) fn read(outline: &'o Outline<'t>, boxes: Boxes, is_directive: bool) -> Self {
        let mut sections = Self { outline, boxes, heads: Vec::new(), title: None };
        for block in outline.siblings(0, outline.len()) {
            if let Kind::Heading(level) = outline.kind(block) {
                let text = outline.plain_block(block);
                let mut label = Label::read(&text, false);
                if boxes == Boxes::Steps && text.starts_with("Iteration ") {
                    label.read_numbered(&text, |_| false);
                }
                let named = match label.reads_as_task {
                    true => task_is_optional(&text).then_some(Named::Optional),
                    false => named(&text),
                };
                sections.heads.push(Head {
                    block,
                    level,
                    is_task: label.reads_as_task,
                    text,
                    label,
                    named,
                    section: None,
                    optional: false,
                    in_task: false,
                    holds_tasks: false,
                    up: None,
                });
            }
        }
        sections.find_sections();
        sections.read_numbered();
        sections.leave_out_steps();
        sections.leave_out_groups();
        sections.find_boxes();
        let before_tasks = sections.heads.iter().take_while(|head| !head.label.reads_as_task);
        sections.title = before_tasks
            .clone()
            .position(|head| head.level == 1 && !head.is_task && head.named != Some(Named::Criteria));
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

    /// What stands below *Open questions* or *Risks* is no task, however it is called.
    fn find_sections(&mut self) {
        self.walk(|heads, above, at| {
            let inherited = above.last().and_then(|&up| heads.get(up)).and_then(|up| up.section);
            let Some(head) = heads.get_mut(at) else { return };
            if inherited == Some(Named::Idle) {
                (head.is_task, head.label.reads_as_task) = (false, false);
            }
            // A document that is called *Notes* holds what it holds.
            let is_title = at == 0 && head.level == 1 && head.named == Some(Named::Idle);
            let own = head.named.filter(|named| *named != Named::Optional && !is_title);
            head.section = if head.label.reads_as_task { None } else { own.or(inherited) };
        });
    }

    /// A numbered heading beside task headings of its level is a task, whatever its word.
    fn read_numbered(&mut self) {
        let levels: HashSet<u8> =
            self.heads.iter().filter(|head| head.label.reads_as_task).map(|head| head.level).collect();
        if levels.is_empty() {
            return;
        }
        self.walk(|heads, above, at| {
            let inside = above.iter().filter_map(|&up| heads.get(up)).any(|up| up.label.reads_as_task);
            let Some(head) = heads.get_mut(at) else { return };
            let beside = levels.contains(&head.level) && head.section.is_none() && head.named.is_none();
            if !beside || inside || head.label.reads_as_task {
                return;
            }
            if head.label.read_as_numbered(&head.text) {
                head.is_task = true;
            } else {
                head.label.find_near_among_tasks(&head.text);
            }
        });
    }

    /// A heading with a box is a task, unless it is above tasks: then it is how far these are.
    fn find_boxes(&mut self) {
        self.walk(|heads, above, at| {
            if !heads.get(at).is_some_and(|head| head.label.reads_as_task) {
                return;
            }
            for &up in above {
                if let Some(up) = heads.get_mut(up) {
                    up.holds_tasks = true;
                }
            }
        });
        self.walk(|heads, above, at| {
            let inside = above.iter().filter_map(|&up| heads.get(up)).any(|up| up.is_task);
            let Some(head) = heads.get_mut(at) else { return };
            let has_box = head.label.tick_box.is_some();
            if has_box && !inside && !head.holds_tasks && head.section.is_none() && head.label.may_be_task() {
                (head.is_task, head.label.reads_as_task) = (true, true);
            }
        });
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
            // What must hold for a part of the plan is no task beside its tasks.
            if heads.get(at).is_some_and(|head| head.holds_tasks || head.section.is_some()) {
                return;
            }
            if title == Some(at) {
                title_has = true;
            } else if let Some(head) = heads.get_mut(at) {
                head.is_task |= !head.label.reads_as_task;
            }
        });
        if title_has && self.tasks().is_empty() && self.items(&self.lists()).is_empty() {
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
            // Also below a heading of its own: *Success criteria*, *Automated*.
            let named = head.section == Some(Named::Criteria);
            let mut found = false;
            while let Some(block) = blocks.next() {
                let lists = |at: &usize| outline.kind(*at) == Kind::List;
                found |= match outline.kind(block) {
                    Kind::List => named,
                    Kind::Text => {
                        blocks.peek().is_some_and(lists)
                            && announcing(outline, block) == Some(Named::Criteria)
                    }
                    _ => false,
                };
            }
            if found {
                let is_owner =
                    |up: &&usize| heads.get(**up).is_some_and(|up| up.section != Some(Named::Criteria));
                let owner = if named { above.iter().rev().find(is_owner).copied() } else { Some(at) };
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
            let in_task = above.iter().filter_map(|&up| heads.get(up)).any(|up| up.is_task);
            if let Some(head) = heads.get_mut(at) {
                head.optional = inherited || (title != Some(at) && head.named == Some(Named::Optional));
                head.in_task = in_task;
                head.up = above.last().copied();
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
                    numbered: None,
                    is_placeholder: false,
                });
                open = Some(head.level);
            }
        }
        tasks
    }

    /// The lists that stand in no other, in order.
    pub(super) fn lists(&self) -> Vec<Listed> {
        let outline = self.outline;
        let mut lists = Vec::new();
        let mut heads = 0_usize;
        let mut announces = None;
        let mut blocks = outline.siblings(0, outline.len()).peekable();
        while let Some(block) = blocks.next() {
            let head = || self.heads.get(heads.checked_sub(1)?);
            match outline.kind(block) {
                Kind::Heading(_) => (heads, announces) = (heads + 1, None),
                Kind::Text => {
                    let above_list = blocks.peek().is_some_and(|&next| outline.kind(next) == Kind::List);
                    announces = if above_list { announcing(outline, block) } else { None };
                }
                Kind::List => lists.push(Listed {
                    block,
                    named: match head().and_then(|head| head.section) {
                        Some(Named::Idle) => Some(Named::Idle),
                        section => announces.or(section),
                    },
                    optional: announces == Some(Named::Optional) || head().is_some_and(|head| head.optional),
                    head: heads.checked_sub(1),
                }),
                Kind::Item(_) | Kind::Opaque(_) => announces = None,
            }
        }
        lists
    }

    /// The tasks that are checkbox items: those in no other checkbox item, or in one that only groups them.
    pub(super) fn items(&self, lists: &[Listed]) -> Vec<Found> {
        let mut items = Vec::new();
        for list in lists {
            if !matches!(list.named, Some(Named::Criteria | Named::Idle)) {
                self.items_in(list.block, list.optional, &mut items);
            }
        }
        // `1.5 MB is the limit` has no number of its own, unless others have one as well.
        let loose = items.iter().filter(|item| item.label.is_loose).count();
        if loose == 1 && self.boxes != Boxes::WithIds {
            let loose = items.iter_mut().filter(|item| item.label.is_loose);
            for item in loose {
                item.label.forget_loose_id(&self.first_line(item.block));
            }
        }
        items
    }

    fn first_line(&self, item: usize) -> String {
        self.outline.first_line(item).map(|line| self.outline.plain(line)).unwrap_or_default()
    }

    fn items_in(&self, list: usize, optional: bool, items: &mut Vec<Found>) {
        let outline = self.outline;
        let mut optional_until = if optional { usize::MAX } else { 0 };
        let mut at = list + 1;
        while at < outline.end(list) {
            let text = self.first_line(at);
            match outline.kind(at) {
                Kind::Item(Some(tick_box)) if !text.trim().is_empty() => {
                    let (label, end) = (self.label(&text), outline.end(at));
                    let starred = tick_box.is_starred || marked_optional(&label.title);
                    if starred {
                        optional_until = optional_until.max(end);
                    }
                    if self.groups(at, &label) {
                        at += 1;
                        continue;
                    }
                    items.push(Found {
                        is_placeholder: text.split_whitespace().next().is_some_and(is_placeholder),
                        label,
                        block: at,
                        end,
                        is_item: true,
                        optional: at < optional_until,
                        numbered: outline.parent(at).filter(|&list| outline.is_ordered(list)),
                    });
                    at = end;
                    continue;
                }
                Kind::Item(None) => match announced(&text) {
                    Some(Named::Criteria | Named::Idle) => {
                        at = outline.end(at);
                        continue;
                    }
                    Some(Named::Optional) => optional_until = optional_until.max(outline.end(at)),
                    None => {}
                },
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads the first line of an item with a box.
    fn label(&self, text: &str) -> Label {
        let mut label = Label::read(text, true);
        if self.boxes == Boxes::WithIds {
            label.take_loose_id(text);
        }
        label
    }

    /// Whether the boxes in an item are tasks of its group: `1.1` and `1.2` in `1`.
    fn groups(&self, item: usize, label: &Label) -> bool {
        let outline = self.outline;
        if self.boxes == Boxes::Steps {
            return false;
        }
        let Some(id) = label.id.as_deref().filter(|_| outline.holds_boxes(item)) else { return false };
        let number = id.trim_start_matches("task-");
        let inside = outline.children(item).filter(|&block| outline.kind(block) == Kind::List);
        let boxes = inside.flat_map(|list| outline.children(list));
        let mut boxes = boxes.filter(|&item| matches!(outline.kind(item), Kind::Item(Some(_)))).peekable();
        let is_part = |item: usize| {
            let own = self.label(&self.first_line(item)).id;
            let rest = own.as_deref().and_then(|own| own.strip_prefix(number));
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        boxes.peek().is_some() && boxes.all(is_part)
    }

    /// What a task stands below: the item that it is a part of, or the heading above it that is not the plan's title.
    pub(super) fn group(&self, task: &Found) -> Option<Placed<String>> {
        let outline = self.outline;
        let item = outline.parent(task.block).and_then(|list| outline.parent(list)).filter(|_| task.is_item);
        if let Some(line) = item.and_then(|item| outline.first_line(item)) {
            return Some(Placed { value: Label::read(&outline.plain(line), true).title, span: line.span });
        }
        if task.is_item {
            return self.heading_above(task.block);
        }
        let at = self.heads.partition_point(|head| head.block < task.block);
        self.named(self.heads.get(at)?.up?)
    }

    /// The last heading before a block, unless that is the plan's title.
    pub(super) fn heading_above(&self, block: usize) -> Option<Placed<String>> {
        self.named(self.heads.partition_point(|head| head.block < block).checked_sub(1)?)
    }

    fn named(&self, at: usize) -> Option<Placed<String>> {
        let head = self.heads.get(at).filter(|_| Some(at) != self.title)?;
        let span = self.outline.lines(head.block).first()?.span;
        let value = head.text.trim();
        (!value.is_empty()).then(|| Placed { value: value.to_owned(), span })
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

/// What a text announces of the list right below it.
fn announcing(outline: &Outline<'_>, block: usize) -> Option<Named> {
    outline.lines(block).last().and_then(|line| announced(&outline.plain(line)))
}
