//! Edits of a Markdown plan: ticks, criteria, commands and dependencies, each as people would write it there.

use super::parse::parse;
use crate::plan::FieldName;
use crate::plan::command::{PROMPT, is_surely_command};
use crate::plan::mark;
use crate::plan::model::{Criterion, Mark, Placed, Task};
use crate::text::{Span, TextEdit};

/// Adds `criteria` at the end of a task. `None` if the document would not take them for its criteria.
pub(super) fn add_criteria(text: &str, task: &Task, criteria: &[String]) -> Option<TextEdit> {
    // What is added behind a row of a table would end the table.
    if task.title_span.of(text).starts_with('|') {
        return None;
    }
    let end = line_end(text);
    let indent = indent(text, task);
    let mut added = String::new();
    if item_width(text, task).is_none() {
        // Below a heading inside of the task only a heading is sure to be the task's.
        let body = text.get(task.title_span.end..task.span.end).unwrap_or_default();
        let has_headings = body.lines().any(|line| line.trim_start().starts_with('#'));
        let level = task.title_span.of(text).bytes().take_while(|&byte| byte == b'#').count();
        // An underlined title is of the first or second level.
        let marks = "#".repeat(if level == 0 { 3 } else { (level + 1).min(6) });
        let label =
            if has_headings { format!("{marks} Acceptance criteria") } else { "Acceptance criteria:".into() };
        added = [end, end, &label].concat();
    }
    for criterion in criteria {
        added.extend([end, &indent, "- [ ] ", criterion]);
    }
    let after = text.get(task.span.end..).unwrap_or_default();
    let next_line = after.split('\n').nth(1);
    if indent.is_empty() && next_line.is_some_and(|line| !line.trim().is_empty()) {
        added.push_str(end);
    }
    let fits = !may_swallow(task.span.of(text)) || is_taken(text, task, &added);
    fits.then(|| inserting(task.span.end, added))
}

/// Says whether what stands in a task might take the lines after it for its own: an open fence or comment, or a line that
/// announces a list.
fn may_swallow(task: &str) -> bool {
    let lower = || task.to_lowercase();
    task.contains(['<', '`', '~'])
        || task.lines().skip(1).any(|line| line.trim_end().ends_with(':'))
        || ["optional", "future", "nice"].iter().any(|word| lower().contains(word))
}

/// Says whether the task, read on its own with `added` at its end, has criteria.
fn is_taken(text: &str, task: &Task, added: &str) -> bool {
    let before = text.get(..task.span.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or(before);
    let indented = if line.trim().is_empty() { line } else { "" };
    let alone = [indented, task.span.of(text), added].concat();
    let again = parse(&alone);
    again.tasks.first().is_some_and(|again| !again.criteria.is_empty() && again.title == task.title)
}

/// Puts a place for a command behind a criterion's text.
pub(super) fn bind_command(text: &str, criterion: &Criterion) -> Option<TextEdit> {
    let own = Span::new(criterion.span.start, own_text_end(text, criterion.span));
    let kept = own.of(text).trim_end_matches(['.', ';', '!', '?', ' ']);
    let replaced = Span::new(own.start + kept.len(), own.end);
    let command = if kept.ends_with(':') { " `command`" } else { ": `command`" };
    let is_bound = || {
        let plan = parse(&format!("### T1: A\nCriteria:\n{kept}{command}\n"));
        let criterion = plan.tasks.first().and_then(|task| task.criteria.first());
        criterion.is_some_and(|criterion| criterion.command.as_deref() == Some("command"))
    };
    // Only behind other markup might the command be read as something else.
    let marker = criterion.checkbox.map_or(1, |tick_box| tick_box.end + 1 - criterion.span.start);
    let is_plain = kept.get(marker..).is_some_and(|own| !own.contains(['`', '<', '\\', '[', '*', '_', '~']));
    (is_plain || is_bound()).then(|| TextEdit { span: replaced, new_text: command.to_owned() })
}

/// Puts the sign of a shell's prompt before the code of a criterion.
pub(super) fn call_command(text: &str, criterion: &Criterion) -> Option<TextEdit> {
    let code = criterion.loose.or_else(|| code_place(text, criterion))?;
    Some(inserting(code.start, PROMPT.to_owned()))
}

/// Takes the colon before a criterion's code away, which binds it; or puts the code in parentheses.
pub(super) fn call_words(text: &str, criterion: &Criterion) -> Vec<TextEdit> {
    let own = Span::new(criterion.span.start, own_text_end(text, criterion.span));
    let marker = criterion.checkbox.map_or(criterion.span.start + 1, |tick_box| tick_box.end + 1);
    let written = own.of(text);
    let is_tick = |c: char| c == '`';
    // Several commands that are joined stand nowhere as they run.
    let all = || Some(Span::new(own.start + written.find('`')? + 1, own.start + written.rfind('`')?));
    let code = criterion.loose.or_else(|| code_place(text, criterion)).or_else(all);
    let Some(code) = code.filter(|code| code.end < own.end) else { return Vec::new() };
    let before = text.get(marker..code.start).unwrap_or_default().trim_end().trim_end_matches(is_tick);
    let words = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let bare = words.trim_end_matches([':', '：']);
    let after = text.get(code.end..own.end).unwrap_or_default();
    let ticks = after.len() - after.trim_start().trim_start_matches(is_tick).len();
    let (open, close) = (marker + before.len(), code.end + ticks);
    let colon = Span::new(marker + bare.len(), marker + words.len());
    let without_colon = vec![TextEdit { span: colon, new_text: String::new() }];
    let in_parentheses = vec![inserting(open, "(".to_owned()), inserting(close, ")".to_owned())];
    let is_sure = criterion.command.as_deref().is_none_or(is_surely_command);
    if bare.len() < words.len() && (!is_sure || are_words(criterion.span, text, &without_colon)) {
        return without_colon;
    }
    if are_words(criterion.span, text, &in_parentheses) { in_parentheses } else { Vec::new() }
}

/// Whether a criterion has no command after these edits.
fn are_words(whole: Span, text: &str, edits: &[TextEdit]) -> bool {
    let mut item = whole.of(text).to_owned();
    for edit in edits.iter().rev() {
        let (start, end) = (edit.span.start - whole.start, edit.span.end - whole.start);
        item.replace_range(start..end, &edit.new_text);
    }
    let is_item = item.starts_with(['-', '*', '+']) || item.starts_with(|c: char| c.is_ascii_digit());
    // A line must not become what announces the list below it.
    let (before, after) = if is_item { ("Criteria:\n", "") } else { ("", "- below\n") };
    let plan = parse(&format!("### T1: A\n{before}{item}\n{after}"));
    let criterion = plan.tasks.first().and_then(|task| task.criteria.first());
    criterion.is_some_and(|criterion| {
        criterion.command.is_none() && criterion.loose.is_none() && criterion.text != "below"
    })
}

/// Where the code of a criterion stands; `None` if it does not stand there as it reads.
fn code_place(text: &str, criterion: &Criterion) -> Option<Span> {
    place_of(text, criterion, criterion.command.as_deref()?)
}

/// Where the command of a criterion stands, without the sign of a prompt that says that it is one.
pub(super) fn command_place(text: &str, criterion: &Criterion) -> Option<Span> {
    if !criterion.said {
        return code_place(text, criterion);
    }
    let said = place_of(text, criterion, &[PROMPT, criterion.command.as_deref()?].concat())?;
    Some(Span::new(said.start + PROMPT.len(), said.end))
}

fn place_of(text: &str, criterion: &Criterion, code: &str) -> Option<Span> {
    let own = Span::new(criterion.span.start, own_text_end(text, criterion.span));
    let start = own.start + own.of(text).rfind(code)?;
    let end = start + code.len();
    let ends_code = text.get(end..)?.trim_start().starts_with('`');
    let begins_code = text.get(own.start..start)?.trim_end().ends_with('`');
    (begins_code && ends_code).then(|| Span::new(start, end))
}

/// Where the first paragraph of a list item ends.
fn own_text_end(text: &str, item: Span) -> usize {
    let begins_block = |line: &str| {
        let line = line.trim_start();
        let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
        line.is_empty()
            || line.starts_with(['-', '*', '+', '>', '#', '|', '<', '`', '~'])
            || (numbered.len() < line.len() && numbered.starts_with(['.', ')']))
    };
    let mut end = item.start;
    for (number, line) in item.of(text).split_inclusive('\n').enumerate() {
        if number > 0 && begins_block(line) {
            break;
        }
        end += line.len();
    }
    item.start + Span::new(item.start, end).of(text).trim_end().len()
}
/// Takes one id out of those a task names: with its line where it stands alone there.
pub(super) fn remove(text: &str, ids: &[Placed<String>], at: usize) -> Option<TextEdit> {
    let span = ids.get(at)?.span;
    let same_line = |other: &&Placed<String>| {
        let (from, to) = (span.end.min(other.span.end), span.start.max(other.span.start));
        text.get(from..to).is_some_and(|between| !between.contains('\n'))
    };
    let next = ids.get(at + 1).filter(same_line);
    let previous = at.checked_sub(1).and_then(|at| ids.get(at)).filter(same_line);
    let removed = match (next, previous) {
        (Some(next), _) => Span::new(wrapped(text, span).start, wrapped(text, next.span).start),
        (None, Some(previous)) => Span::new(wrapped(text, previous.span).end, wrapped(text, span).end),
        (None, None) => {
            let start = text.get(..span.start)?.rfind('\n')?;
            let line = text.get(span.end..)?;
            let end = span.end + line.find('\n').unwrap_or(line.len());
            let end = if line.get(..end - span.end)?.ends_with('\r') { end - 1 } else { end };
            let start = if text.get(..start)?.ends_with('\r') { start - 1 } else { start };
            Span::new(start, end)
        }
    };
    Some(TextEdit { span: removed, new_text: String::new() })
}

/// An id with the backticks, quotes, emphasis or link around it, and the note in parentheses behind it.
pub(crate) fn wrapped(text: &str, id: Span) -> Span {
    let mut id = id;
    let ahead = |at: usize| text.get(at..).unwrap_or_default();
    for c in text.get(..id.start).unwrap_or_default().chars().rev() {
        let closing = match c {
            '`' | '"' | '\'' | '*' => c,
            '[' => ']',
            '#' => {
                id.start -= 1;
                continue;
            }
            _ => break,
        };
        if !ahead(id.end).starts_with(closing) {
            break;
        }
        id = Span::new(id.start - 1, id.end + 1);
    }
    let line = ahead(id.end).lines().next().unwrap_or_default();
    let noted = line.trim_start().starts_with('(').then(|| line.find(')')).flatten();
    Span::new(id.start, noted.map_or(id.end, |at| id.end + at + 1))
}

/// Adds `on` to what `task` depends on. `None` if the place for it is unsure.
pub(super) fn add_dependency(text: &str, task: &Task, on: &str) -> Option<TextEdit> {
    if let Some(last) = task.fields.depends_on.last() {
        let linked = text.get(last.span.end..).is_some_and(|rest| rest.starts_with([']', ' ']));
        return (!linked).then(|| inserting(last.span.end, format!(", {on}")));
    }
    add_field(text, task, FieldName::DependsOn, on)
}

/// Says what a task depends on, or that it depends on nothing.
pub(super) fn say_dependencies(text: &str, task: &Task, on: &[&str]) -> Option<TextEdit> {
    let value = if on.is_empty() { "none".to_owned() } else { on.join(", ") };
    task.fields.depends_on.is_empty().then(|| add_field(text, task, FieldName::DependsOn, &value))?
}

/// Gives a task a field of its own, on the line after its title.
pub(super) fn add_field(text: &str, task: &Task, name: FieldName, value: &str) -> Option<TextEdit> {
    let is_item = item_width(text, task).is_some();
    let heading = task.title_span.of(text).starts_with('#');
    (is_item || heading).then(|| {
        let line = format!("{}{}{}: {value}", line_end(text), indent(text, task), name.as_str());
        inserting(task.title_span.end, line)
    })
}

/// Ticks a task's own box if it has one, or else the boxes of its criteria, or else those of its steps; and has all other
/// signs and words that say its state say that it is done. No edits if all say so, or if there is none.
pub(super) fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    let criteria = task.criteria.iter().filter_map(|criterion| criterion.checkbox);
    let mut boxes: Vec<Span> = match task.checkbox {
        Some(span) => vec![span],
        None => criteria.collect(),
    };
    if boxes.is_empty() {
        boxes.clone_from(&task.steps);
    }
    let is_ticked = |span: &Span| mark::of_box(span.of(text)) == Some(Mark::Done);
    let boxes = boxes.into_iter().filter(|span| !is_ticked(span));
    let mut edits: Vec<TextEdit> = boxes.map(|span| TextEdit { span, new_text: "x".to_owned() }).collect();
    let signs = task.signs.iter().filter(|sign| sign.mark != Mark::Done);
    edits.extend(
        signs.map(|sign| TextEdit {
            span: sign.span,
            new_text: mark::done_like(sign.span.of(text)).to_owned(),
        }),
    );
    edits.sort_by_key(|edit| edit.span.start);
    edits
}

fn inserting(at: usize, new_text: String) -> TextEdit {
    TextEdit { span: Span::new(at, at), new_text }
}

/// The line end that a document uses.
fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// How far a line that belongs to a task must be indented: to the text of its list item, or not at all.
fn indent(text: &str, task: &Task) -> String {
    let Some(width) = item_width(text, task) else { return String::new() };
    " ".repeat(width)
}

/// The column of a checkbox item's text; none for a heading.
fn item_width(text: &str, task: &Task) -> Option<usize> {
    let bracket = task.checkbox?.start.checked_sub(1)?;
    let marker = text.get(task.title_span.start..bracket)?.trim();
    let is_item = matches!(marker, "-" | "*" | "+") || marker.ends_with(['.', ')']) && !marker.contains(' ');
    let before = text.get(..bracket)?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    // Tabs reach to the next column that four divides (CommonMark, 2.2).
    let column = |at: usize, c: char| if c == '\t' { at + 4 - at % 4 } else { at + 1 };
    is_item.then(|| line.trim_start_matches('\u{feff}').chars().fold(0, column))
}
