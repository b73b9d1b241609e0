//! Tasks without criteria, and criteria that nothing can verify.

use super::LintOptions;
use super::layout::{indent, item_width, line_end};
use super::report::{Fix, Lint, LintCode};
use super::words::Phrases;
use crate::plan::{Criterion, Plan, Task, parse_markdown};
use crate::text::Span;

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Lint> {
    let vague = Phrases::new(&options.vague_phrases);
    let line_end = line_end(text);
    let mut lints = Vec::new();
    for task in plan.tasks.iter().filter(|task| !task.done) {
        if task.criteria.is_empty() {
            lints.push(missing(text, task, options, line_end));
        }
        let open = task.criteria.iter().filter(|criterion| criterion.command.is_none() && !criterion.checked);
        for criterion in open {
            if let Some((phrase, _)) = vague.find(&criterion.text).next() {
                let message = format!(
                    "“{phrase}” cannot be verified, so the agent’s word would have to do: say what can be observed, or \
                     bind a command in backticks after a colon"
                );
                let lint = Lint::new(LintCode::CriterionVague, criterion.span, message);
                lints.push(lint.fix(bind_command(text, criterion)));
            }
        }
    }
    lints
}

fn missing(text: &str, task: &Task, options: &LintOptions, line_end: &str) -> Lint {
    let message = format!(
        "“{}” has no acceptance criteria, so nothing can prove it done: list what must hold in the end",
        task.title
    );
    let lint = Lint::new(LintCode::CriterionMissing, task.title_span, message);
    lint.fix(add_criteria(text, task, &options.standard_criteria, line_end))
}

/// Adds `criteria` at the end of a task; none where the document would not take them for its criteria.
fn add_criteria(text: &str, task: &Task, criteria: &[String], end: &str) -> Option<Fix> {
    if criteria.is_empty() {
        return None;
    }
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
    fits.then(|| Fix::inserting("Add the standard acceptance criteria".to_owned(), task.span.end, added))
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
    let again = parse_markdown(&alone);
    again.tasks.first().is_some_and(|again| !again.criteria.is_empty() && again.title == task.title)
}

/// Puts a place for a command behind a criterion's text.
fn bind_command(text: &str, criterion: &Criterion) -> Option<Fix> {
    let own = Span::new(criterion.span.start, own_text_end(text, criterion.span));
    let kept = own.of(text).trim_end_matches(['.', ';', '!', '?', ' ']);
    let replaced = Span::new(own.start + kept.len(), own.end);
    let command = if kept.ends_with(':') { " `command`" } else { ": `command`" };
    let is_bound = || {
        let plan = parse_markdown(&format!("### T1: A\nCriteria:\n{kept}{command}\n"));
        let criterion = plan.tasks.first().and_then(|task| task.criteria.first());
        criterion.is_some_and(|criterion| criterion.command.as_deref() == Some("command"))
    };
    // Only behind other markup might the command be read as something else.
    let marker = criterion.checkbox.map_or(1, |tick_box| tick_box.end + 1 - criterion.span.start);
    let is_plain = kept.get(marker..).is_some_and(|own| !own.contains(['`', '<', '\\', '[', '*', '_', '~']));
    (is_plain || is_bound())
        .then(|| Fix::replacing("Bind a command that proves it".to_owned(), replaced, command))
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
