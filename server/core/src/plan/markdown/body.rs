//! What stands below a task's title: fields, acceptance criteria, and the details that remain.
//!
//! Knows blocks and lines, not which task they are of.

use super::bound::{Bound, bound, tells_failure};
use super::label::Label;
use super::names::{Named, announced, named, names_criteria};
use super::outline::{Kind, Line, Opaque, Outline, TickBox, trimmed};
use crate::plan::FieldName;
use crate::plan::command::is_bare_command;
use crate::plan::field_name::{may_say_blocks, may_say_waits};
use crate::plan::fields::{Value, commands, field_line, is_called_task, is_none, named_tasks};
use crate::plan::ids::Called;
use crate::plan::mark::{in_table, of_state, of_status, without_colon};
use crate::plan::{Criterion, Fields, Mark, NamedCommand, Problem, ProblemKind, Sign};
use crate::text::Span;

/// What a task's body says.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) fields: Fields,
    pub(super) criteria: Vec<Criterion>,
    pub(super) runs: Vec<NamedCommand>,
    pub(super) problems: Vec<Problem>,
    /// What its `Status:` line says.
    pub(super) status: Option<Sign>,
    /// The boxes of its steps, which are text.
    pub(super) steps: Vec<TickBox>,
    /// What is neither detail nor title: fields and criteria. Whole lines, in order.
    pub(super) taken: Vec<Span>,
}

/// What a list is, by the heading or the line above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Details,
    Criteria,
    /// Never blocks or is no work, so none of it is a criterion.
    Aside,
    Values(FieldName),
    /// What the task waits for, if all of it names tasks. The line or heading above it stands there.
    Waits(Span),
}

struct Reader<'o, 't> {
    outline: &'o Outline<'t>,
    called: &'o Called<'t>,
    body: Body,
    /// Criteria without a label: the boxes of a task whose criteria are not named.
    boxes: Vec<Criterion>,
    /// What stands in the place of a command and is none.
    worded: Vec<Criterion>,
    /// Code stands behind some of the boxes, or a box is called a step: they say how, not what must hold.
    are_steps: bool,
    code_follows: bool,
    has_label: bool,
    /// Nothing but `Name: value` lines so far.
    in_fields: bool,
    /// The role by the last heading, with its level.
    section: (Role, u8),
    /// The role by the line right above a list.
    announced: Option<Role>,
    /// Whether what comes is what a step says: only the agent takes steps.
    in_step: bool,
    /// Whether the last line names the files that the list below it has.
    above_files: bool,
}

/// Reads the sibling blocks `blocks`. `title` is the line to pass over: a checkbox item's first. Boxes without a label are
/// steps where they look like that, or where `are_steps`.
pub(super) fn read<'t>(
    outline: &Outline<'t>,
    called: &Called<'t>,
    blocks: impl Iterator<Item = usize>,
    title: Option<Span>,
    are_steps: bool,
) -> Body {
    let mut reader = Reader {
        outline,
        called,
        body: Body::default(),
        boxes: Vec::new(),
        worded: Vec::new(),
        are_steps,
        code_follows: false,
        has_label: false,
        in_fields: true,
        section: (Role::Details, 0),
        announced: None,
        in_step: false,
        above_files: false,
    };
    let mut blocks = blocks.peekable();
    while let Some(block) = blocks.next() {
        let list_follows = blocks.peek().is_some_and(|&next| outline.kind(next) == Kind::List);
        match outline.kind(block) {
            Kind::Heading(level) => reader.heading(block, level),
            Kind::Text => reader.text(block, list_follows, title, blocks.peek().copied()),
            Kind::List => reader.list(block),
            Kind::Item(_) | Kind::Opaque(_) => {
                if reader.in_fields
                    && let Kind::Opaque(kind) = outline.kind(block)
                {
                    reader.status_in(kind, outline.span(block));
                }
                (reader.in_fields, reader.announced) = (false, None);
                reader.code_follows |=
                    !reader.boxes.is_empty() && outline.kind(block) == Kind::Opaque(Opaque::Code);
            }
        }
    }
    reader.finish()
}

impl Reader<'_, '_> {
    fn finish(mut self) -> Body {
        if !self.has_label && self.are_steps {
            let tick_box = |criterion: &Criterion| {
                let mark = if criterion.checked { Mark::Done } else { Mark::Open };
                Some(TickBox { span: criterion.checkbox?, mark: Some(mark), is_starred: false })
            };
            self.body.steps = self.boxes.iter().filter_map(tick_box).collect();
        } else if !self.has_label {
            self.body.taken.extend(self.boxes.iter().map(|criterion| criterion.span));
            self.body.criteria = self.boxes;
        }
        if !self.worded.is_empty() {
            self.body.criteria.append(&mut self.worded);
            self.body.criteria.sort_by_key(|criterion| criterion.span.start);
        }
        self.body.taken.sort_unstable_by_key(|span| span.start);
        self.body
    }

    fn heading(&mut self, block: usize, level: u8) {
        (self.in_fields, self.announced) = (false, None);
        let text = self.outline.plain_block(block);
        self.in_step = Label::read(&text, false).is_step;
        self.above_files = names_files(&text);
        match named(&text) {
            Some(Named::Criteria) => {
                self.body.taken.push(self.outline.span(block));
                self.section = (Role::Criteria, level);
            }
            Some(Named::Optional | Named::Idle) => self.section = (Role::Aside, level),
            // What is deeper belongs to the section that it stands in.
            None if may_say_waits(text.trim_end_matches([':', '：'])) => {
                self.section = (Role::Waits(self.outline.span(block)), level);
            }
            None if matches!(self.section.0, Role::Details | Role::Waits(_)) || level <= self.section.1 => {
                self.section = (Role::Details, level);
            }
            None => {}
        }
    }

    fn text(&mut self, block: usize, list_follows: bool, title: Option<Span>, next: Option<usize>) {
        self.announced = None;
        let outline = self.outline;
        let lines = outline.lines(block);
        for (number, line) in lines.iter().enumerate() {
            if Some(line.span) == title {
                continue;
            }
            let announces = list_follows && number + 1 == lines.len();
            if announces && let Some(role) = announced(&outline.plain(line)).map(Role::of) {
                self.announced = Some(role);
                self.in_fields = false;
                if role == Role::Criteria {
                    self.body.taken.push(line.span);
                }
            } else if let Some(role) = self.line(line, announces) {
                self.announced = Some(role);
            } else {
                let below = || outline.first_line(next?).or_else(|| outline.lines(next?).first());
                self.run_line(line, lines.get(number + 1).or_else(below));
            }
            self.above_files = announces && names_files(&outline.plain(line));
        }
    }

    /// Takes the commands of a line such as `Run:`, unless it belongs to a step, or is about what fails.
    fn run_line(&mut self, line: &Line, next: Option<&Line>) {
        let (outline, text) = (self.outline, self.outline.text);
        let Some(run) = field_line(text, line.span).filter(|_| !self.in_step) else { return };
        let is_run = ["run", "test", "tests"].iter().any(|name| run.name.of(text).eq_ignore_ascii_case(name));
        let value = run.value.of(text);
        let Some((before, _)) = value.split_once('`').filter(|_| is_run) else { return };
        let after = value.rsplit('`').next().unwrap_or_default();
        let fails = tells_failure(after) || next.is_some_and(|next| expects_failure(&outline.plain(next)));
        // Behind a sentence, code is what the sentence is about.
        if fails || before.split_whitespace().nth(2).is_some() {
            return;
        }
        let value = Value::at(text, run.value);
        self.body.runs.extend(commands(&value.text).into_iter().filter_map(|coded| coded.of(&value)));
    }

    /// Takes a line if it is a field's, and returns what the list below is if the field's values can only stand there.
    fn line(&mut self, line: &Line, announces: bool) -> Option<Role> {
        let text = self.outline.text;
        let Some(field_line) = field_line(text, line.span) else {
            let waits = after_waits(text, line.span).is_some_and(|value| self.waits(line.span, value, true));
            let is_taken = waits || self.in_fields && self.bare_status(line.span);
            self.in_fields &= is_taken;
            return None;
        };
        let name = field_line.name.of(text);
        let value = field_line.value.of(text);
        let Some(field) = FieldName::named(name) else {
            if let Some(mark) = of_state(name, value).filter(|_| self.in_fields || field_line.emphasised) {
                self.body.taken.push(line.span);
                self.body.status = Some(Sign { span: field_line.value, mark });
                return None;
            }
            if may_say_waits(name) {
                if value.is_empty() && announces {
                    return Some(Role::Waits(line.span));
                }
                self.waits(line.span, field_line.value, false);
                return None;
            }
            if may_say_blocks(name) {
                let named = named_tasks(&Value::at(text, field_line.value));
                if !named.is_empty() && named.iter().all(|id| self.called.has(&id.value)) {
                    let kind = ProblemKind::UnknownField { name: name.to_owned(), nearest: None };
                    self.body.problems.push(Problem { span: field_line.name, kind });
                }
                return None;
            }
            if !value.is_empty() && (self.in_fields || field_line.emphasised) && names_criteria(name) {
                self.criterion_line(line, field_line.name, field_line.value);
                return None;
            }
            if self.in_fields
                && let Some(near) = FieldName::near(name)
            {
                let kind = ProblemKind::UnknownField {
                    name: name.to_owned(),
                    nearest: Some(near.as_str().to_owned()),
                };
                self.body.problems.push(Problem { span: field_line.name, kind });
            }
            return None;
        };
        if field == FieldName::Status {
            self.status(line, field_line.value);
            return None;
        }
        let lists = matches!(field, FieldName::DependsOn | FieldName::Verify | FieldName::MayChange);
        if value.is_empty() && announces && lists {
            self.body.taken.push(line.span);
            return Some(Role::Values(field));
        }
        if field.is_prose(value) || (!self.in_fields && !field.stands_alone(value, field_line.emphasised)) {
            return None;
        }
        match self.body.fields.take(field, &Value::at(text, field_line.value)) {
            Ok(()) => {
                self.body.taken.push(line.span);
            }
            Err(ProblemKind::NoCommand { .. }) => {
                let kind = ProblemKind::NoCommand { name: Some(field_line.name) };
                self.body.taken.push(line.span);
                self.body.problems.push(Problem { span: field_line.value, kind });
                self.worded.push(Criterion {
                    text: field_line.value.of(text).to_owned(),
                    span: line.span,
                    command: None,
                    said: false,
                    loose: None,
                    checked: false,
                    checkbox: None,
                });
            }
            Err(kind) if self.in_fields => {
                self.body.taken.push(line.span);
                self.body.problems.push(Problem { span: field_line.value, kind });
            }
            Err(_) => {}
        }
        None
    }

    /// Takes a line that says in other words than `Depends on` what the task waits for, if it names tasks: `all` of it must,
    /// or what else stands there is a problem.
    fn waits(&mut self, line: Span, value: Span, all: bool) -> bool {
        let text = self.outline.text;
        let value = Value::at(text, value);
        let named = named_tasks(&value);
        if named.is_empty() {
            let says_none = !all && is_none(&value.text);
            self.body.fields.waits_for_none |= says_none && self.body.fields.depends_on.is_empty();
            self.body.taken.extend(says_none.then_some(line));
            return says_none;
        }
        let (tasks, others): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|id| self.called.has(&id.value) || is_called_task(&id.value));
        if tasks.is_empty() || all && !others.is_empty() {
            return false;
        }
        self.body.problems.extend(others.into_iter().map(|other| Problem {
            span: other.span,
            kind: ProblemKind::InvalidField {
                name: FieldName::DependsOn.as_str().to_owned(),
                expected: "ids of tasks of this plan".to_owned(),
                nearest: None,
            },
        }));
        self.body.fields.depends_on.extend(tasks);
        self.body.taken.push(line);
        true
    }

    /// Whether each item of a list names a task.
    fn names_tasks(&self, list: usize) -> bool {
        let outline = self.outline;
        outline.children(list).all(|item| {
            outline.first_line(item).is_some_and(|line| {
                let named = named_tasks(&Value::at(outline.text, self.without_title(line.span)));
                !named.is_empty() && named.iter().all(|id| self.called.has(&id.value))
            })
        })
    }

    /// The id of `Task 1: Build it` where only that is the name of a task.
    fn without_title(&self, span: Span) -> Span {
        let written = span.of(self.outline.text);
        let parts = [": ", "：", " - ", " – ", " — "];
        let id = parts.iter().filter_map(|sign| written.find(sign)).min();
        let id = id.filter(|&at| {
            !self.called.has(written) && written.get(..at).is_some_and(|id| self.called.has(id))
        });
        Span::new(span.start, id.map_or(span.end, |at| span.start + at))
    }

    /// Takes `Status: done`. Far from the title, or of more lines, only a word that is known counts.
    fn status(&mut self, line: &Line, value: Span) {
        let text = self.outline.text;
        match of_status(value.of(text)) {
            Some((mark, place)) => {
                let span = Span::new(value.start + place.start, value.start + place.end);
                self.body.taken.push(line.span);
                self.body.status = Some(Sign { span, mark });
            }
            None if self.in_fields && !value.of(text).is_empty() => {
                self.body.problems.push(Problem { span: value, kind: ProblemKind::UnknownMark });
            }
            None => {}
        }
    }

    /// Takes a state that a line says without a colon: `Status - done`, `_Completed 2031-02-02_`.
    fn bare_status(&mut self, line: Span) -> bool {
        let text = self.outline.text;
        let Some((mark, place)) = without_colon(line.of(text)) else { return false };
        let span = Span::new(line.start + place.start, line.start + place.end);
        self.body.taken.push(line);
        self.body.status = Some(Sign { span, mark });
        true
    }

    /// Takes a state out of a quotation or a table right below the title.
    fn status_in(&mut self, kind: Opaque, block: Span) {
        let text = self.outline.text;
        match kind {
            Opaque::Other if block.of(text).starts_with('>') => {
                let mut at = block.start;
                for raw in block.of(text).split_inclusive('\n') {
                    let own = raw.trim_start_matches(|c: char| c == '>' || c.is_whitespace());
                    let line = trimmed(text, Span::new(at + (raw.len() - own.len()), at + raw.len()));
                    let whole = Span::new(at, at + raw.trim_end().len());
                    at += raw.len();
                    let Some(field) = field_line(text, line) else { continue };
                    let (name, value) = (field.name.of(text), field.value);
                    let is_status = FieldName::named(name) == Some(FieldName::Status);
                    let of = || {
                        of_status(value.of(text)).map(|(mark, place)| {
                            (mark, Span::new(value.start + place.start, value.start + place.end))
                        })
                    };
                    let mark = if is_status {
                        of()
                    } else {
                        of_state(name, value.of(text)).map(|mark| (mark, value))
                    };
                    if let Some((mark, span)) = mark {
                        self.body.taken.push(whole);
                        self.body.status = Some(Sign { span, mark });
                    }
                }
            }
            Opaque::Table => {
                if let Some((mark, place)) = in_table(block.of(text)) {
                    let span = Span::new(block.start + place.start, block.start + place.end);
                    self.body.status = Some(Sign { span, mark });
                }
            }
            Opaque::Code | Opaque::Other => {}
        }
    }

    /// Takes `Done when: the page loads`.
    fn criterion_line(&mut self, line: &Line, name: Span, value: Span) {
        let text = self.outline.text;
        self.has_label = true;
        self.body.taken.push(line.span);
        let Bound { command, said, loose } = bound(self.outline, std::slice::from_ref(line));
        let value = value.of(text).to_owned();
        // `Verification: npm test`
        let is_bare = || name.of(text).eq_ignore_ascii_case("verification") && is_bare_command(&value);
        let command = command.or_else(|| is_bare().then(|| value.clone()));
        self.body.criteria.push(Criterion {
            text: value,
            span: line.span,
            command,
            said,
            loose,
            checked: false,
            checkbox: None,
        });
    }

    fn list(&mut self, list: usize) {
        let last = self.outline.children(list).last().and_then(|item| self.outline.first_line(item));
        let is_step = last.is_some_and(|line| Label::read(&self.outline.plain(line), true).is_step);
        let role = self.announced.unwrap_or(self.section.0);
        match role {
            Role::Criteria => self.criteria(list),
            Role::Aside => self.in_fields = false,
            Role::Details | Role::Values(_) | Role::Waits(_) => {
                if !self.values_of(role, list) {
                    self.details(list);
                }
            }
        }
        self.in_step = is_step;
    }

    /// Takes a list of values, if it is one.
    fn values_of(&mut self, role: Role, list: usize) -> bool {
        match role {
            Role::Values(field) => self.values(field, list),
            Role::Waits(above) if self.names_tasks(list) => {
                self.body.taken.push(above);
                self.values(FieldName::DependsOn, list);
            }
            Role::Waits(_) | Role::Details | Role::Criteria | Role::Aside => return false,
        }
        true
    }

    fn criteria(&mut self, list: usize) {
        (self.has_label, self.in_fields) = (true, false);
        self.body.taken.push(self.outline.span(list));
        collect(self.outline, list, true, &mut self.body.criteria, &mut self.body.problems);
    }

    /// Takes the boxes of a list's item.
    fn boxes(&mut self, item: usize) {
        let outline = self.outline;
        let is_step =
            || outline.first_line(item).is_some_and(|line| Label::read(&outline.plain(line), false).is_step);
        self.are_steps |= self.code_follows || is_step();
        collect(outline, item, false, &mut self.boxes, &mut self.body.problems);
    }

    fn values(&mut self, field: FieldName, list: usize) {
        let outline = self.outline;
        self.body.taken.push(outline.span(list));
        for item in outline.children(list) {
            let Some(line) = outline.first_line(item) else { continue };
            let written = line.span.of(outline.text);
            // A sentence is a criterion, with its code.
            let is_code = || written.starts_with('`') && written.trim_end_matches('.').ends_with('`');
            if field == FieldName::Verify && written.contains('`') && !is_code() {
                self.worded.extend(criterion(outline, item));
                continue;
            }
            let span = if field == FieldName::DependsOn { self.without_title(line.span) } else { line.span };
            if let Err(kind) = self.body.fields.take(field, &Value::at(outline.text, span)) {
                if matches!(kind, ProblemKind::NoCommand { .. }) {
                    self.worded.extend(criterion(outline, item));
                }
                self.body.problems.push(Problem { span: line.span, kind });
            }
        }
    }

    /// A list of fields, of labels with lists of their own, of boxes, or of plain details.
    fn details(&mut self, list: usize) {
        let outline = self.outline;
        let of_files = std::mem::take(&mut self.above_files) || self.lists_files(list);
        let mut items = outline.children(list).peekable();
        while let Some(item) = items.next() {
            let ticked = matches!(outline.kind(item), Kind::Item(Some(_)));
            let Some(line) = outline.first_line(item).filter(|_| !ticked) else {
                self.in_fields = false;
                self.boxes(item);
                continue;
            };
            let mut inside = outline.children(item).skip(1).peekable();
            let list_follows = inside.peek().is_some_and(|&next| outline.kind(next) == Kind::List);
            let one_line = outline.children(item).next().is_some_and(|text| outline.lines(text).len() == 1);
            let announces = list_follows && one_line;
            let role = if announces { announced(&outline.plain(line)).map(Role::of) } else { None };
            if let Some(role) = role {
                self.in_fields = false;
                if role == Role::Criteria {
                    self.body.taken.push(outline.span(item));
                    inside.filter(|&at| outline.kind(at) == Kind::List).for_each(|list| self.criteria(list));
                }
                continue;
            }
            if one_line && (list_follows || inside.peek().is_none()) {
                let role = self.line(line, list_follows);
                // The items of an ordered list are steps.
                let is_step =
                    of_files || outline.span(item).of(outline.text).starts_with(|c: char| c.is_ascii_digit());
                if role.is_none() && !is_step {
                    self.run_line(line, items.peek().and_then(|&next| outline.first_line(next)));
                }
                if let (Some(role), Some(&list)) = (role, inside.peek()) {
                    self.values_of(role, list);
                }
            } else {
                self.in_fields = false;
            }
            if outline.holds_boxes(item) {
                self.boxes(item);
            }
        }
    }

    /// Whether one of a list's items says what happens to a file.
    fn lists_files(&self, list: usize) -> bool {
        const CHANGES: [&str; 8] =
            ["create", "modify", "delete", "update", "rename", "move", "edit", "remove"];
        let (outline, text) = (self.outline, self.outline.text);
        outline
            .children(list)
            .filter_map(|item| field_line(text, outline.first_line(item)?.span))
            .any(|line| CHANGES.iter().any(|change| line.name.of(text).eq_ignore_ascii_case(change)))
    }
}

impl Role {
    /// The role of a list that is announced so.
    fn of(named: Named) -> Self {
        match named {
            Named::Criteria => Self::Criteria,
            Named::Optional | Named::Idle => Self::Aside,
        }
    }
}

/// Where the ids begin in `Depends on Task 1`, which has no colon.
fn after_waits(text: &str, line: Span) -> Option<Span> {
    let is_mark = |c: char| matches!(c, '*' | '_');
    let written = line.of(text);
    let begin = written.len() - written.trim_start_matches(is_mark).len();
    let rest = written.get(begin..)?;
    let word = ["depends on", "blocked by", "waits for", "requires", "needs"]
        .iter()
        .find(|word| rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)))?;
    let after = rest.get(word.len()..)?;
    let value = after
        .trim_start_matches(|c: char| is_mark(c) || c.is_whitespace() || matches!(c, '-' | '–' | '—' | '='));
    (value.len() < after.len()).then(|| Span::new(line.end - value.len(), line.end))
}

/// Says whether a line announces the files that a task is about.
fn names_files(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.clone().nth(4).is_none() && words.any(|word| word.eq_ignore_ascii_case("files"))
}

/// Says whether a line says that what stands before it fails: `Expected: FAIL`.
fn expects_failure(line: &str) -> bool {
    let expects = line
        .split_once(':')
        .is_some_and(|(name, _)| name.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("expect")));
    expects && tells_failure(line)
}

/// Collects the criteria of a list, or of the item `of` and what is in it: each item with a box, and where `plain` each
/// item directly in the list.
pub(super) fn collect(
    outline: &Outline<'_>,
    of: usize,
    plain: bool,
    criteria: &mut Vec<Criterion>,
    problems: &mut Vec<Problem>,
) {
    for item in of..outline.end(of) {
        let counts = match outline.kind(item) {
            Kind::Item(Some(_)) => true,
            Kind::Item(None) => plain && outline.parent(item) == Some(of),
            _ => false,
        };
        if counts {
            criteria.extend(criterion(outline, item));
            problems.extend(unknown_mark(outline.kind(item)));
        }
    }
}

/// The problem of a box whose mark is not known: it counts as open.
pub(super) fn unknown_mark(kind: Kind) -> Option<Problem> {
    let Kind::Item(Some(TickBox { span, mark: None, .. })) = kind else { return None };
    Some(Problem { span, kind: ProblemKind::UnknownMark })
}

/// Reads one item; `None` if it has no text. Nested items with boxes are criteria of their own.
fn criterion(outline: &Outline<'_>, item: usize) -> Option<Criterion> {
    let first = outline.children(item).next()?;
    let start = outline.first_line(item)?.span.start;
    let list_inside = || outline.children(item).find(|&at| outline.kind(at) == Kind::List);
    let end = match outline.holds_boxes(item).then(list_inside).flatten() {
        Some(list) => outline.span(list).start,
        None => outline.span(item).end,
    };
    let span = trimmed(outline.text, Span::new(outline.span(item).start, end));
    let text = dedented(Span::new(start, span.end).of(outline.text), false);
    let tick_box = if let Kind::Item(tick_box) = outline.kind(item) { tick_box } else { None };
    let Bound { command, said, loose } = bound(outline, outline.lines(first));
    (!text.is_empty()).then(|| Criterion {
        text,
        span,
        command,
        said,
        loose,
        checked: tick_box.is_some_and(TickBox::is_ticked),
        checkbox: tick_box.map(|tick_box| tick_box.span),
    })
}

/// The lines of `span` that no span of `taken` (sorted) touches, without the indentation they share.
pub(in crate::plan) fn rest(text: &str, span: Span, taken: &[Span]) -> String {
    let mut rest = String::new();
    let mut taken = taken.iter().peekable();
    let mut at = span.start;
    for line in span.of(text).split_inclusive('\n') {
        let end = at + line.len();
        while taken.next_if(|taken| taken.end <= at).is_some() {}
        if taken.peek().is_none_or(|taken| taken.start >= end) {
            rest.push_str(line.trim_end());
            rest.push('\n');
        }
        at = end;
    }
    let rest = rest.trim_matches('\n').trim_end();
    // Its lines are trimmed already; a first one without indentation leaves nothing to do.
    if rest.starts_with([' ', '\t']) { dedented(rest, true) } else { rest.to_owned() }
}

/// Takes away the indentation that all lines share. A `first` line that does not begin its line has none to share.
fn dedented(text: &str, first_shares: bool) -> String {
    if !first_shares && !text.contains('\n') {
        return text.trim_end().to_owned();
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let inner = text.lines().skip(usize::from(!first_shares));
    let shared = inner.filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let mut dedented = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        let cut = if number == 0 && !first_shares { 0 } else { shared };
        if number > 0 {
            dedented.push('\n');
        }
        dedented.push_str(line.get(cut..).unwrap_or_default().trim_end());
    }
    dedented
}
