//! What looks like a task and is none, and why a document has no task at all: nothing is passed over in silence.

use super::boxes::Boxes;
use super::label::{Label, Near};
use super::names::{Named, announced, named};
use super::outline::{Kind, Line, Opaque, Outline};
use super::sections::{Found, Head, Listed, Sections};
use super::table;
use crate::plan::field_name::FieldName;
use crate::plan::mark::written_box;
use crate::plan::model::{Mark, NoTask, Problem, ProblemKind, Unread};
use crate::text::{Span, TextEdit};
use std::collections::HashSet;

/// Words of a heading above a list that make its items the likeliest tasks.
const WORK: [&str; 9] = ["task", "step", "todo", "to do", "to-do", "plan", "checklist", "backlog", "work"];

/// How many findings offer the fix that mends all of them: each holds all its edits.
const MOST_FIXES: usize = 20;

/// What the parser knows of a document.
pub(super) struct Known<'o, 't> {
    pub(super) outline: &'o Outline<'t>,
    pub(super) sections: &'o Sections<'o, 't>,
    pub(super) lists: &'o [Listed],
    /// Its tasks, in order.
    pub(super) found: &'o [Found],
    /// What has a place for an id, and so is no task.
    pub(super) placeholders: &'o [Found],
    /// Its front matter has an id and a title, as a file has that is one task.
    pub(super) is_one_task: bool,
    /// Its tasks are the rows of its tables.
    pub(super) has_rows: bool,
}

/// Adds what was not read.
pub(super) fn find(known: &Known<'_, '_>, problems: &mut Vec<Problem>) {
    let unread = |span: Span, why: Unread, fix: Vec<TextEdit>| Problem {
        span,
        kind: ProblemKind::Unread { why, fix },
    };
    for found in known.placeholders {
        let line = known.outline.first_line(found.block).map(|line| line.span).unwrap_or_default();
        let word = line.of(known.outline.text).split_whitespace().next().unwrap_or_default();
        problems.push(unread(
            Span::new(line.start, line.start + word.len()),
            Unread::Placeholder,
            Vec::new(),
        ));
    }
    let mut near = known.near_tasks();
    // Where boxes are the tasks, all headings have to become tasks at once, or the boxes of the others were lost.
    if known.found.iter().any(|task| task.is_item) {
        let all: Vec<TextEdit> = near.iter().flat_map(|(.., fix)| fix.clone()).collect();
        let starts: HashSet<usize> = near.iter().map(|(span, ..)| span.start).collect();
        let are_below = known.found.iter().all(|task| {
            let list = known.lists.partition_point(|list| list.block <= task.block).checked_sub(1);
            let head = list.and_then(|list| known.head_of(known.lists.get(list)?));
            head.is_some_and(|head| starts.contains(&known.outline.span(head.block).start))
        });
        for (at, (.., fix)) in near.iter_mut().enumerate() {
            *fix = if are_below && at < MOST_FIXES { all.clone() } else { Vec::new() };
        }
    }
    problems.extend(near.into_iter().map(|(span, why, fix)| unread(span, why, fix)));
    known.boxes_without_list(|span, fix| problems.push(unread(span, Unread::NoItem, fix)));
    known.boxes_outside(|span| problems.push(unread(span, Unread::Outside, Vec::new())));
    known.items_without_box(|span, why, fix| problems.push(unread(span, why, fix)));
    known.tables_beside(|span| problems.push(unread(span, Unread::Table, Vec::new())));
    known.boxes_without_text(|span| problems.push(unread(span, Unread::Nothing, Vec::new())));
    if known.found.is_empty() && !known.has_rows {
        let (span, why, fix) = known.no_task();
        let fix = if has_tasks(known.outline.text, &fix) { fix } else { Vec::new() };
        problems.push(Problem { span, kind: ProblemKind::NoTask { why, fix } });
    }
}

impl Known<'_, '_> {
    fn head_of(&self, list: &Listed) -> Option<&Head> {
        self.sections.heads.get(list.head?)
    }

    /// Whether a block stands in no task.
    pub(super) fn is_outside(&self, block: usize) -> bool {
        let before = self.found.partition_point(|task| task.block <= block);
        before.checked_sub(1).and_then(|at| self.found.get(at)).is_none_or(|task| task.end <= block)
    }

    /// Headings and bold lines that nearly read as tasks, each with what would make it one.
    fn near_tasks(&self) -> Vec<(Span, Unread, Vec<TextEdit>)> {
        let outline = self.outline;
        let mut near = Vec::new();
        let heads = self.sections.heads.iter();
        for head in
            heads.filter(|head| !head.is_task && !head.in_task && !head.holds_tasks && head.section.is_none())
        {
            let Some(line) = outline.lines(head.block).first() else { continue };
            let place = Span::new(outline.span(head.block).start, line.span.end);
            match &head.label.near {
                Some(Near::Divider(at)) => {
                    let at =
                        at.checked_sub(1).map_or(line.span.end, |last| outline.source_of(line, last) + 1);
                    near.push((place, Unread::Divider, vec![inserting(at, ":")]));
                }
                Some(Near::LowerCase(range)) => {
                    let capitals = outline
                        .span_of(line, range)
                        .map(|span| TextEdit { span, new_text: span.of(outline.text).to_ascii_uppercase() });
                    near.push((place, Unread::LowerCase, capitals.into_iter().collect()));
                }
                Some(Near::Part(at)) => {
                    near.push((place, Unread::Part, vec![inserting(outline.source_of(line, *at), "Task: ")]));
                }
                None => {}
            }
        }
        let level = self.sections.heads.iter().find(|head| head.is_task).map_or(3, |head| head.level);
        for (line, section) in self.first_lines_outside() {
            let raw = line.span.of(outline.text);
            let is_bold = raw.starts_with("**") || raw.starts_with("__");
            if is_bold && section.is_none() && Label::read(&outline.plain(line), false).reads_as_task {
                let marks = "#".repeat(usize::from(level));
                near.push((
                    line.span,
                    Unread::BoldLine,
                    vec![inserting(line.span.start, &format!("{marks} "))],
                ));
            }
        }
        near.sort_by_key(|(span, ..)| span.start);
        near
    }

    /// The first lines of the texts in no task and no list, with the section they stand in.
    fn first_lines_outside(&self) -> impl Iterator<Item = (&Line, Option<Named>)> {
        self.texts()
            .filter(|&(block, _)| self.is_outside(block))
            .filter_map(|(block, section)| Some((self.outline.lines(block).first()?, section)))
    }

    /// The texts in no list, with the section they stand in.
    fn texts(&self) -> impl Iterator<Item = (usize, Option<Named>)> {
        let mut heads = self.sections.heads.iter();
        let mut section = None;
        self.outline.siblings(0, self.outline.len()).filter_map(move |block| match self.outline.kind(block) {
            Kind::Heading(_) => {
                section = heads.next().and_then(|head| head.section);
                None
            }
            Kind::Text => Some((block, section)),
            Kind::List | Kind::Item(_) | Kind::Opaque(_) => None,
        })
    }

    /// Lines that begin with a box and are no item of a list: one for each text, with what makes items of all its lines.
    fn boxes_without_list(&self, mut say: impl FnMut(Span, Vec<TextEdit>)) {
        let text = self.outline.text;
        let in_headings = self.found.first().is_some_and(|task| !task.is_item);
        for (block, section) in self.texts() {
            let boxed = self.outline.lines(block).iter().filter_map(|line| {
                let raw = line.span.of(text);
                let own = raw.trim_start_matches(['-', '*', '+']);
                let marker = raw.len() - own.len();
                let found = written_box(own).filter(|found| !found.is_glued && found.mark.is_some())?;
                let is_said = own.get(found.end..).is_some_and(|rest| !rest.trim().is_empty());
                let edit = if marker == 0 {
                    inserting(line.span.start, "- ")
                } else {
                    inserting(line.span.start + 1, " ")
                };
                (marker <= 1 && is_said).then_some((line.span, edit))
            });
            let boxed: Vec<_> = boxed.collect();
            let Some((first, _)) = boxed.first().filter(|_| section != Some(Named::Idle)) else { continue };
            let is_lost = in_headings && self.is_outside(block);
            let edits = boxed.iter().map(|(_, edit)| edit.clone());
            say(*first, if is_lost { Vec::new() } else { edits.collect() });
        }
    }

    /// Open boxes with nothing beside and below them.
    fn boxes_without_text(&self, mut say: impl FnMut(Span)) {
        let outline = self.outline;
        for list in self.lists.iter().filter(|list| list.named != Some(Named::Idle)) {
            for item in list.block..outline.end(list.block) {
                let is_open =
                    matches!(outline.kind(item), Kind::Item(Some(tick_box)) if !tick_box.is_ticked());
                let has_text =
                    || outline.first_line(item).is_some_and(|line| line.span.start < line.span.end);
                let holds_more = || outline.children(item).any(|inside| outline.kind(inside) != Kind::Text);
                if is_open && !holds_more() && !has_text() {
                    say(outline.span(item));
                }
            }
        }
    }

    /// Items without a box beside tasks, and lists without boxes below headings whose like have tasks below them.
    fn items_without_box(&self, mut say: impl FnMut(Span, Unread, Vec<TextEdit>)) {
        if self.found.first().is_none_or(|task| !task.is_item) {
            return;
        }
        let outline = self.outline;
        let mut lists: Vec<usize> = self.found.iter().filter_map(|task| outline.parent(task.block)).collect();
        lists.sort_unstable();
        lists.dedup();
        let heads: HashSet<usize> = self
            .lists
            .iter()
            .filter(|list| lists.binary_search(&list.block).is_ok())
            .filter_map(|list| list.head)
            .collect();
        let like: HashSet<(u8, String)> =
            heads.iter().filter_map(|&at| kind_of(self.sections.heads.get(at)?)).collect();
        for &list in &lists {
            for item in outline.children(list).filter(|&item| self.lacks_box(item)) {
                let Some(line) = outline.first_line(item) else { continue };
                say(line.span, Unread::NoBox, vec![inserting(line.span.start, "[ ] ")]);
            }
        }
        let mut told = HashSet::new();
        for list in self.lists.iter().filter(|list| list.named.is_none()) {
            let Some((at, head)) = list.head.and_then(|at| Some((at, self.sections.heads.get(at)?))) else {
                continue;
            };
            let is_like = !heads.contains(&at) && kind_of(head).is_some_and(|kind| like.contains(&kind));
            let items = || outline.children(list.block);
            let is_plain =
                is_like && !outline.holds_boxes(list.block) && items().all(|item| self.lacks_box(item));
            if is_plain && self.is_outside(list.block) && told.insert(at) {
                let lines: Vec<&Line> = items().filter_map(|item| outline.first_line(item)).collect();
                let Some(first) = lines.first() else { continue };
                let fix = lines.iter().map(|line| inserting(line.span.start, "[ ] ")).collect();
                say(first.span, Unread::NoBoxes, fix);
            }
        }
    }

    /// Whether an item has no box, and says nothing that needs none: a field, what the items below it are.
    fn lacks_box(&self, item: usize) -> bool {
        let outline = self.outline;
        if outline.kind(item) != Kind::Item(None) || outline.holds_boxes(item) {
            return false;
        }
        let Some(line) = outline.first_line(item) else { return false };
        let plain = outline.plain(line);
        let name = plain.split_once(':').map(|(name, _)| name);
        let says_something =
            name.is_some_and(|name| FieldName::named(name).is_some() || named(name).is_some());
        !plain.trim().is_empty() && !says_something && announced(&plain).is_none()
    }

    /// Tables of tasks outside of all tasks, of which one at least is in no other place.
    fn tables_beside(&self, mut say: impl FnMut(Span)) {
        if self.found.is_empty() {
            return;
        }
        let known: HashSet<String> =
            self.found.iter().filter_map(|task| Some(task.label.id.as_ref()?.to_lowercase())).collect();
        let is_known = |id: &str| {
            let id = id.to_lowercase();
            known.contains(&id) || known.contains(&format!("task-{id}"))
        };
        for table in table::task_tables(self.outline).filter(|table| self.is_outside(table.block)) {
            if !table.ids(self.outline.text).all(is_known) {
                say(table.header);
            }
        }
    }

    /// Open boxes in no task, where tasks are headings.
    fn boxes_outside(&self, mut say: impl FnMut(Span)) {
        if self.found.first().is_none_or(|task| task.is_item) {
            return;
        }
        let outline = self.outline;
        for list in self.lists.iter().filter(|list| list.named.is_none() && self.is_outside(list.block)) {
            for item in list.block..outline.end(list.block) {
                if let Kind::Item(Some(tick_box)) = outline.kind(item)
                    && !matches!(tick_box.mark, Some(Mark::Done | Mark::Dropped))
                    && let Some(line) =
                        outline.first_line(item).filter(|line| line.span.start < line.span.end)
                {
                    say(Span::new(outline.span(item).start, line.span.end));
                }
            }
        }
    }

    /// The likeliest reason for a document without tasks: where it shows, and what would make tasks of what there is.
    fn no_task(&self) -> (Span, NoTask, Vec<TextEdit>) {
        let text = self.outline.text;
        let first_line = |span: Span| {
            let line = span.of(text).lines().next().unwrap_or_default().trim_end();
            Span::new(span.start, span.start + line.len())
        };
        let begin = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
        let top = first_line(Span::new(begin, text.len()));
        if self.is_one_task {
            return (top, NoTask::OneTask, Vec::new());
        }
        if begin == text.len() {
            return (Span::new(begin, begin), NoTask::Empty, Vec::new());
        }
        if text.get(begin..).is_some_and(|rest| rest.starts_with('{') || rest.starts_with("[{")) {
            return (top, NoTask::Json, Vec::new());
        }
        let blocks = || self.outline.siblings(0, self.outline.len());
        let of_kind =
            |kind: Opaque| blocks().filter(move |&block| self.outline.kind(block) == Kind::Opaque(kind));
        for block in of_kind(Opaque::Code) {
            let span = self.outline.span(block);
            if span.of(text).lines().any(looks_like_task) {
                return (first_line(span), NoTask::Code, without_fence(text, span));
            }
        }
        let quoted = of_kind(Opaque::Other).map(|block| self.outline.span(block));
        let mut quoted = quoted.filter(|span| {
            span.of(text).lines().any(|line| looks_like_task(line.trim_start_matches(['>', ' '])))
        });
        if let Some(span) = quoted.next() {
            return (first_line(span), NoTask::Quoted, Vec::new());
        }
        // A table for each phase, all with the same columns.
        let tables: Vec<Span> = of_kind(Opaque::Table).map(|block| self.outline.span(block)).collect();
        let columns = tables.first().and_then(|table| table.of(text).lines().next());
        let alike = tables.iter().filter(|table| table.of(text).lines().next() == columns);
        let mut rows = alike.flat_map(|table| table.of(text).lines().skip(2)).filter_map(first_cell);
        if let (Some(table), Some(first)) = (tables.first(), rows.next()) {
            let last = rows.last().unwrap_or(first).to_owned();
            return (first_line(*table), NoTask::Table { first: first.to_owned(), last }, Vec::new());
        }
        if let Some((span, count, fix)) = self.parts() {
            return (span, NoTask::Parts { count }, fix);
        }
        if let Some((span, fix)) = self.numbered_heads() {
            return (span, NoTask::Numbered, fix);
        }
        if let Some((list, items)) = self.likeliest_list() {
            let span = first_line(self.outline.span(list));
            let fix = items.iter().map(|line| inserting(line.span.start, "[ ] ")).collect();
            return (span, NoTask::List { items: items.len() }, fix);
        }
        let holds = |list: &&Listed| list.named.is_some() && self.outline.holds_boxes(list.block);
        if let Some(list) = self.lists.iter().find(holds) {
            return (first_line(self.outline.span(list.block)), NoTask::Idle, Vec::new());
        }
        (top, NoTask::Text, Vec::new())
    }

    /// Headings such as `Phase 2: Seeds`, with what makes tasks of them.
    fn parts(&self) -> Option<(Span, usize, Vec<TextEdit>)> {
        let outline = self.outline;
        let heads = self.sections.heads.iter().filter(|head| head.section.is_none());
        let parts: Vec<(u8, Span, TextEdit)> = heads
            .filter_map(|head| {
                let mut label = head.label.clone();
                let line = outline.lines(head.block).first()?;
                label.find_near_among_tasks(&head.text);
                let Some(Near::Part(at)) = label.near else { return None };
                Some((head.level, line.span, inserting(outline.source_of(line, at), "Task: ")))
            })
            .collect();
        let (level, span, _) = parts.first()?;
        let fix: Vec<TextEdit> =
            parts.iter().filter(|(other, ..)| other == level).map(|(.., edit)| edit.clone()).collect();
        Some((*span, fix.len(), fix))
    }

    /// Two headings or more of one level that would be tasks beside a task, with what makes tasks of them.
    fn numbered_heads(&self) -> Option<(Span, Vec<TextEdit>)> {
        let outline = self.outline;
        let heads = self.sections.heads.iter().filter(|head| head.section.is_none());
        let numbered: Vec<(u8, Span, TextEdit)> = heads
            .filter_map(|head| {
                let mut label = head.label.clone();
                let line = outline.lines(head.block).first()?;
                let start = label.title_range.start;
                if !label.read_as_numbered(&head.text) {
                    return None;
                }
                let word = outline.span_of(line, &(start..label.id_range.start))?;
                Some((head.level, line.span, TextEdit { span: word, new_text: "Task ".to_owned() }))
            })
            .collect();
        let (level, span, _) = numbered.first()?;
        let of_level = numbered.iter().filter(|(other, ..)| other == level);
        let fix: Vec<TextEdit> = of_level.map(|(.., edit)| edit.clone()).collect();
        (fix.len() > 1).then_some((*span, fix))
    }

    /// The list whose items are most likely the tasks, with their first lines.
    fn likeliest_list(&self) -> Option<(usize, Vec<&Line>)> {
        let outline = self.outline;
        let rank = |list: &&Listed| {
            let head = self.head_of(list).map(|head| head.text.to_lowercase()).unwrap_or_default();
            let is_named = WORK.iter().any(|word| head.contains(word));
            (is_named, outline.is_ordered(list.block), outline.children(list.block).count())
        };
        // Of two equal ones the first.
        let list = self.lists.iter().rev().filter(|list| list.named.is_none()).max_by_key(rank)?.block;
        let items: Vec<&Line> = outline
            .children(list)
            .filter_map(|item| outline.first_line(item))
            .filter(|line| line.span.start < line.span.end)
            .collect();
        (!items.is_empty()).then_some((list, items))
    }
}

/// What headings of a kind have in common: that they are numbered, or the word before their number or behind the first
/// one, as in `Phase 2: …`, `2. Pages`, `High Priority`.
fn kind_of(head: &Head) -> Option<(u8, String)> {
    let lower = head.text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next());
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let kind = match second {
        _ if is_number(first) => "",
        Some(second) if is_number(second) => first,
        Some(second @ "priority") => second,
        Some(_) | None => return None,
    };
    Some((head.level, kind.to_owned()))
}

/// The text of a table row's first cell, if there is any.
fn first_cell(row: &str) -> Option<&str> {
    let cell = row.trim().trim_start_matches('|').split('|').next()?.trim();
    (!cell.is_empty()).then_some(cell)
}

/// Whether a line of code would be a task outside of it.
fn looks_like_task(line: &str) -> bool {
    let line = line.trim();
    let item = line.strip_prefix(['-', '*', '+']).map(str::trim_start);
    let heading = line.trim_start_matches('#');
    item.and_then(written_box).is_some()
        || heading.len() < line.len() && Label::read(heading, false).reads_as_task
}

/// Takes away the lines with the fence around a block of code; nothing if it has none at both ends.
fn without_fence(text: &str, block: Span) -> Vec<TextEdit> {
    let raw = block.of(text);
    let is_fence = |line: &str| line.starts_with("```") || line.starts_with("~~~");
    let (Some(first), Some(last)) = (raw.split_inclusive('\n').next(), raw.rfind('\n')) else {
        return Vec::new();
    };
    let end = raw.get(last + 1..).unwrap_or_default();
    if !(is_fence(first) && is_fence(end)) || last < first.len() {
        return Vec::new();
    }
    let taken =
        [Span::new(block.start, block.start + first.len()), Span::new(block.start + last + 1, block.end)];
    taken.map(|span| TextEdit { span, new_text: String::new() }).into()
}

fn inserting(at: usize, new_text: &str) -> TextEdit {
    TextEdit { span: Span::new(at, at), new_text: new_text.to_owned() }
}

/// Whether a document has tasks after these edits, which are in order.
fn has_tasks(text: &str, edits: &[TextEdit]) -> bool {
    if edits.is_empty() {
        return false;
    }
    let mut edited = text.to_owned();
    for edit in edits.iter().rev() {
        if edited.get(edit.span.start..edit.span.end).is_some() {
            edited.replace_range(edit.span.start..edit.span.end, &edit.new_text);
        }
    }
    let start = super::front_matter::after_mark(&edited);
    let body = super::front_matter::find(&edited, start).map_or(start, |(_, end)| end);
    let outline = Outline::read(&edited, body);
    let sections = Sections::read(&outline, Boxes::AsTheyRead, false);
    let items = || sections.items(&sections.lists());
    !sections.tasks().is_empty() || items().iter().any(|item| !item.is_placeholder)
}
