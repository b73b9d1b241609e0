//! Dependencies on no task, in a circle, or missing where the titles say that one task needs another.

use super::LintOptions;
use super::layout::{indent, item_width, line_end};
use super::report::{Fix, Lint, LintCode};
use super::words::{Phrases, words};
use crate::chain::{Dependencies, named_by};
use crate::plan::{Names, Placed, Plan, Task, nearest};
use crate::text::{Span, TextEdit};
use std::collections::HashMap;

/// How many spellings are compared in one document; past it unknown names get no suggestion, which keeps a large plan
/// full of them quick.
const MAX_COMPARISONS: usize = 10_000;

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Lint> {
    let names = Names::new(plan);
    let dependencies = Dependencies::new(plan, &names);
    let order = dependencies.order(plan);
    let mut lints = unknown(plan, &names);
    if order.len() == plan.tasks.len() {
        lints.extend(out_of_order(text, plan, &dependencies, &order, options));
    } else {
        let cycles = dependencies.cycles(&order);
        lints.extend(cycles.iter().filter_map(|cycle| in_a_circle(text, plan, &names, cycle)));
    }
    lints
}

fn unknown(plan: &Plan, names: &Names<'_>) -> Vec<Lint> {
    let own = plan.tasks.iter().flat_map(|task| &task.fields.depends_on);
    let mut suggestions = MAX_COMPARISONS / plan.tasks.len().max(1);
    let mut lints = Vec::new();
    for Placed { value, span } in plan.defaults.depends_on.iter().chain(own) {
        if names.find(value).is_some() {
            continue;
        }
        let near =
            (suggestions > 0).then(|| nearest(value, plan.tasks.iter().map(|task| task.id.0.as_str())));
        suggestions = suggestions.saturating_sub(1);
        let near = near.flatten();
        let hint = near.as_ref().map_or("name a task of this plan, or remove it".to_owned(), |near| {
            format!("did you mean {near}?")
        });
        let message = format!("No task is called “{value}”, so what waits for it can never start: {hint}");
        let fix = near.map(|near| Fix::replacing(format!("Write “{near}”"), *span, near));
        lints.push(Lint::new(LintCode::DependencyUnknown, *span, message).fix(fix));
    }
    lints
}

/// Reports a cycle at the first of its tasks, the others being related.
fn in_a_circle(text: &str, plan: &Plan, names: &Names<'_>, cycle: &[usize]) -> Option<Lint> {
    let tasks: Vec<&Task> = cycle.iter().filter_map(|&task| plan.tasks.get(task)).collect();
    let first = *tasks.first()?;
    let second = *tasks.get(1).unwrap_or(&first);
    let path: Vec<&str> = tasks.iter().chain([&first]).map(|task| task.id.0.as_str()).collect();
    let message = format!(
        "{} waits for itself, so it can never start: {}. Remove one of these dependencies",
        first.id,
        path.join(" -> ")
    );
    let names_second = |id: &&Placed<String>| {
        names.find(&id.value).and_then(|task| plan.tasks.get(task)).is_some_and(|task| task.id == second.id)
    };
    let mut named = named_by(plan, first).iter().filter(names_second);
    let id = named.next()?;
    // Named twice, taking one away would not help.
    let own =
        first.fields.depends_on.iter().position(|own| own.span == id.span).filter(|_| named.next().is_none());
    let fix = own
        .and_then(|at| remove(text, &first.fields.depends_on, at))
        .map(|edit| Fix { title: format!("Let {} not wait for {}", first.id, second.id), edits: vec![edit] });
    let mut lint = Lint::new(LintCode::DependencyCycle, id.span, message).fix(fix);
    let next = tasks.iter().skip(1).chain([&first]);
    lint.related = tasks
        .iter()
        .zip(next)
        .map(|(task, on)| (task.title_span, format!("{} waits for {}", task.id, on.id)))
        .collect();
    Some(lint)
}

/// Takes one id out of those a task names: with its line where it stands alone there.
fn remove(text: &str, ids: &[Placed<String>], at: usize) -> Option<TextEdit> {
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
fn wrapped(text: &str, id: Span) -> Span {
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

/// What a title says a task works on.
struct Work {
    layer: usize,
    topics: Vec<String>,
}

/// The first task of each layer, by topic; under the empty topic of all, and of those that name no topic.
#[derive(Default)]
struct Earlier {
    by_topic: HashMap<String, Vec<Option<usize>>>,
    any: Vec<Option<usize>>,
    topicless: Vec<Option<usize>>,
}

fn out_of_order(
    text: &str,
    plan: &Plan,
    dependencies: &Dependencies,
    order: &[usize],
    options: &LintOptions,
) -> Vec<Lint> {
    let layers = Layers::new(options);
    let layer_name = |layer: usize| options.layers.get(layer).map_or("", |layer| layer.name.as_str());
    let mut earlier = Earlier::default();
    let mut lints = Vec::new();
    for &index in order {
        let Some(task) = plan.tasks.get(index).filter(|task| !task.done) else { continue };
        let Some(work) = layers.work(&task.title) else { continue };
        let needs_it = earlier.needing(&work).filter(|other| !dependencies.of(index).contains(other));
        if let Some(other) = needs_it.and_then(|other| plan.tasks.get(other)) {
            let message = format!(
                "This {} task runs after {} “{}”, which likely needs it: let {} wait for {}, or give this task the lower \
                 priority number",
                layer_name(work.layer),
                other.id,
                other.title,
                other.id,
                task.id
            );
            // With dependencies of its own, this task might already wait for the other one.
            let fix = dependencies.of(index).is_empty().then(|| wait_for(text, plan, other, task)).flatten();
            let mut lint = Lint::new(LintCode::DependencyOrder, task.title_span, message).fix(fix);
            lint.related.push((other.title_span, format!("{} runs before {}", other.id, task.id)));
            lints.push(lint);
        }
        earlier.add(index, work);
    }
    lints
}

/// The layers' words.
struct Layers<'o> {
    words: Phrases<'o>,
    of: HashMap<&'o str, usize>,
    count: usize,
}

impl<'o> Layers<'o> {
    fn new(options: &'o LintOptions) -> Self {
        let layers = options.layers.iter().enumerate();
        let of =
            layers.flat_map(|(at, layer)| layer.words.iter().map(move |word| (word.as_str(), at))).collect();
        let words = Phrases::new(options.layers.iter().flat_map(|layer| &layer.words));
        Self { words, of, count: options.layers.len() }
    }

    /// The layer that most of a title's words tell; none where two are told alike.
    fn work(&self, title: &str) -> Option<Work> {
        let mut counts = vec![0; self.count];
        let mut told = Vec::new();
        for (word, place) in self.words.find(title) {
            told.push(place);
            if let Some(count) = self.of.get(word).and_then(|&layer| counts.get_mut(layer)) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().filter(|&most| most > 0)?;
        let mut best = counts.iter().enumerate().filter(|&(_, &count)| count == most).map(|(layer, _)| layer);
        let layer = best.next().filter(|_| best.next().is_none())?;
        let topics = words(title)
            .filter(|word| told.iter().all(|told| !told.contains(&word.start)))
            .filter_map(|word| title.get(word))
            .map(|word| word.to_lowercase().trim_end_matches('s').to_owned())
            .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2)
            .filter(|word| !NO_TOPICS.contains(&word.as_str()))
            .collect();
        Some(Work { layer, topics })
    }
}

/// Words of titles that say what is done, not what it is about (without an `s` at the end).
const NO_TOPICS: [&str; 44] = [
    "add",
    "all",
    "and",
    "are",
    "basic",
    "build",
    "can",
    "change",
    "create",
    "data",
    "display",
    "extend",
    "fix",
    "for",
    "from",
    "get",
    "has",
    "implement",
    "initial",
    "into",
    "introduce",
    "its",
    "let",
    "main",
    "make",
    "new",
    "not",
    "out",
    "per",
    "remove",
    "set",
    "setup",
    "show",
    "support",
    "task",
    "that",
    "the",
    "then",
    "update",
    "use",
    "via",
    "when",
    "with",
    "write",
];

impl Earlier {
    /// An earlier task of a later layer about the same topic, or about none in particular.
    fn needing(&self, work: &Work) -> Option<usize> {
        let later = |firsts: &Vec<Option<usize>>| firsts.iter().skip(work.layer + 1).flatten().copied().min();
        if work.topics.is_empty() {
            return later(&self.any);
        }
        let by_topic = work.topics.iter().filter_map(|topic| self.by_topic.get(topic)).find_map(later);
        by_topic.or_else(|| later(&self.topicless))
    }

    fn add(&mut self, task: usize, work: Work) {
        let note = |firsts: &mut Vec<Option<usize>>| {
            if firsts.len() <= work.layer {
                firsts.resize(work.layer + 1, None);
            }
            if let Some(first) = firsts.get_mut(work.layer) {
                first.get_or_insert(task);
            }
        };
        note(&mut self.any);
        if work.topics.is_empty() {
            note(&mut self.topicless);
        }
        for topic in work.topics {
            note(self.by_topic.entry(topic).or_default());
        }
    }
}

/// Adds `on` to what `task` depends on; none where that would hide the plan's defaults or where the place is unsure.
fn wait_for(text: &str, plan: &Plan, task: &Task, on: &Task) -> Option<Fix> {
    let title = format!("Let {} wait for {}", task.id, on.id);
    if let Some(last) = task.fields.depends_on.last() {
        let linked = text.get(last.span.end..).is_some_and(|rest| rest.starts_with([']', ' ']));
        return (!linked).then(|| Fix::inserting(title, last.span.end, format!(", {}", on.id)));
    }
    let is_item = item_width(text, task).is_some();
    let heading = task.title_span.of(text).starts_with('#');
    (plan.defaults.depends_on.is_empty() && (is_item || heading)).then(|| {
        let line = format!("{}{}Depends on: {}", line_end(text), indent(text, task), on.id);
        Fix::inserting(title, task.title_span.end, line)
    })
}
