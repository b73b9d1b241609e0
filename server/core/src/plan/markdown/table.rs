//! Tasks that are the rows of tables, in a document in which nothing else is a task.

use super::outline::{Kind, Opaque, Outline, trimmed};
use super::sections::Sections;
use crate::plan::field_name::{FieldName, may_say_waits};
use crate::plan::fields::Value;
use crate::plan::ids::{Written, assign};
use crate::plan::mark::{names_state, of_status};
use crate::plan::model::{Fields, Mark, Problem, ProblemKind, Sign, Task, Unread};
use crate::task::TaskId;
use crate::text::Span;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Title,
    Status,
    Waits,
    Field(FieldName),
    Other,
}

impl Column {
    fn of(header: &str) -> Self {
        let name = header.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | ':'));
        let lower = name.to_lowercase();
        match lower.as_str() {
            "id" | "#" | "no" | "no." | "nr" | "nr." | "key" | "task id" | "ref" => Self::Id,
            "task" | "title" | "name" | "description" | "item" | "story" | "what" | "work" | "summary" => {
                Self::Title
            }
            "deps" => Self::Waits,
            _ if names_state(&lower) => Self::Status,
            _ if may_say_waits(&lower) => Self::Waits,
            _ => match FieldName::named(name) {
                Some(FieldName::Status) => Self::Status,
                Some(FieldName::DependsOn) => Self::Waits,
                Some(field) => Self::Field(field),
                None => Self::Other,
            },
        }
    }
}

/// A table that says of each row what it is called, what it is, and how far it is.
pub(super) struct TaskTable {
    pub(super) block: usize,
    pub(super) header: Span,
    columns: Vec<Column>,
    rows: Vec<Span>,
}

impl TaskTable {
    /// What its rows are called.
    pub(super) fn ids<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let at = self.columns.iter().position(|column| *column == Column::Id).unwrap_or_default();
        let bare = |cell: &Span| cell.of(text).trim_matches(is_mark);
        self.rows.iter().filter_map(move |row| cells(text, *row).get(at).map(bare))
    }
}

/// The tables whose rows read as tasks.
pub(super) fn task_tables(outline: &Outline<'_>) -> impl Iterator<Item = TaskTable> {
    let is_table = |block: &usize| outline.kind(*block) == Kind::Opaque(Opaque::Table);
    let tables = outline.siblings(0, outline.len()).filter(is_table);
    tables.filter_map(|block| {
        let mut lines = lines(outline.text, outline.span(block));
        let header = lines.next()?;
        let names = cells(outline.text, header);
        let columns: Vec<Column> = names.iter().map(|name| Column::of(name.of(outline.text))).collect();
        let is_of_tasks =
            [Column::Id, Column::Title, Column::Status].iter().all(|column| columns.contains(column));
        is_of_tasks.then(|| TaskTable { block, header, columns, rows: lines.skip(1).collect() })
    })
}

fn is_mark(c: char) -> bool {
    matches!(c, '*' | '_' | '`' | '~')
}

/// The rows of all tables of tasks.
pub(super) fn tasks(
    outline: &Outline<'_>,
    sections: &Sections<'_, '_>,
    problems: &mut Vec<Problem>,
) -> Vec<Task> {
    let (mut tasks, mut written) = (Vec::new(), Vec::new());
    for table in task_tables(outline) {
        let group = sections.heading_above(table.block);
        let header = cells(outline.text, table.header);
        let header: Vec<&str> = header.iter().map(|cell| cell.of(outline.text)).collect();
        for row in table.rows {
            if let Some((task, own)) = read(outline.text, row, &header, &table.columns, problems) {
                tasks.push(Task { group: group.clone(), ..task });
                written.push(own);
            }
        }
    }
    for (task, id) in tasks.iter_mut().zip(assign(&written, problems)) {
        task.id = id;
    }
    tasks
}

fn lines(text: &str, table: Span) -> impl Iterator<Item = Span> {
    let mut at = table.start;
    table.of(text).split_inclusive('\n').map(move |line| {
        let span = trimmed(text, Span::new(at, at + line.len()));
        at += line.len();
        span
    })
}

/// The cells of a row that begins with a `|`.
fn cells(text: &str, row: Span) -> Vec<Span> {
    let line = row.of(text);
    let Some(inner) = line.strip_prefix('|') else { return Vec::new() };
    let mut cells = Vec::new();
    let mut start = row.start + 1;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        if c == '|' && !escaped {
            cells.push(trimmed(text, Span::new(start, row.start + 1 + at)));
            start = row.start + 1 + at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    if start < row.end {
        cells.push(trimmed(text, Span::new(start, row.end)));
    }
    cells
}

fn read(
    text: &str,
    row: Span,
    header: &[&str],
    columns: &[Column],
    problems: &mut Vec<Problem>,
) -> Option<(Task, Written)> {
    let (mut id, mut title, mut sign) = (None, "", None);
    let mut fields = Fields::default();
    let mut details: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for ((column, name), cell) in columns.iter().zip(header).zip(cells(text, row)) {
        let value = cell.of(text);
        let is_wrapped = value.starts_with(is_mark) && value.ends_with(is_mark);
        let bare = if is_wrapped { value.trim_matches(is_mark) } else { value };
        match column {
            Column::Id if id.is_none() => id = Some((bare, cell)).filter(|_| !bare.is_empty()),
            Column::Title if title.is_empty() => title = bare,
            Column::Status if sign.is_none() => match of_status(value) {
                Some((mark, place)) => {
                    sign = Some(Sign {
                        span: Span::new(cell.start + place.start, cell.start + place.end),
                        mark,
                    });
                }
                None if matches!(value, "" | "-" | "–" | "—") => {
                    sign = Some(Sign { span: cell, mark: Mark::Open });
                }
                None => found.push(Problem { span: cell, kind: ProblemKind::UnknownMark }),
            },
            Column::Waits => {
                // It is a list of ids that is never wrong.
                let _ = fields.take(FieldName::DependsOn, &Value::at(text, cell));
            }
            Column::Field(field) => {
                if let Err(kind) = fields.take(*field, &Value::at(text, cell)) {
                    found.push(Problem { span: cell, kind });
                }
            }
            Column::Id | Column::Title | Column::Status | Column::Other => {
                if !matches!(value, "" | "-" | "–" | "—") {
                    details.push(format!("{name}: {value}"));
                }
            }
        }
    }
    if title.is_empty() {
        // A row without anything is none.
        let is_said = !row.of(text).chars().all(|c| c.is_whitespace() || matches!(c, '|' | '-' | '–' | '—'));
        let kind = ProblemKind::Unread { why: Unread::Row, fix: Vec::new() };
        problems.extend(is_said.then_some(Problem { span: row, kind }));
        return None;
    }
    problems.extend(found);
    let written = Written {
        id: id.map(|(id, _)| id.to_owned()),
        place: id.map_or(row, |(_, cell)| cell),
        title: title.to_owned(),
    };
    let task = Task {
        id: TaskId(String::new()),
        explicit_id: id.is_some(),
        title: title.to_owned(),
        title_span: row,
        span: row,
        details: details.join("\n"),
        criteria: Vec::new(),
        runs: Vec::new(),
        fields,
        mark: sign.map(|sign| sign.mark).unwrap_or_default(),
        checkbox: None,
        signs: sign.into_iter().collect(),
        steps: Vec::new(),
        follows: None,
        after: None,
        group: None,
        optional: false,
    };
    Some((task, written))
}
