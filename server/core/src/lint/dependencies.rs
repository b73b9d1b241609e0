//! Dependencies on no task, in a circle, or missing where the titles say that one task needs another.

use super::LintOptions;
use super::report::{Fix, Lint, LintCode};
use super::words::{Phrases, words};
use crate::chain::{Dependencies, named_by};
use crate::finding::Severity;
use crate::{
    nearest,
    plan::{Names, Placed, Plan, Task},
};
use std::collections::HashMap;

/// How many spellings are compared in one document; past it unknown names get no suggestion, which keeps a large plan
/// full of them quick.
const MAX_COMPARISONS: usize = 10_000;

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Lint> {
    let names = Names::new(plan);
    let dependencies = Dependencies::new(plan, &names);
    let order = dependencies.order(plan);
    let mut lints = unknown(text, plan, &names);
    if order.len() == plan.tasks.len() {
        lints.extend(out_of_order(text, plan, &dependencies, &order, options));
    } else {
        let cycles = dependencies.cycles(&order);
        lints.extend(cycles.iter().filter_map(|cycle| in_a_circle(text, plan, &names, cycle)));
    }
    lints
}

fn unknown(text: &str, plan: &Plan, names: &Names<'_>) -> Vec<Lint> {
    let own = plan.tasks.iter().flat_map(|task| &task.fields.depends_on);
    let mut suggestions = MAX_COMPARISONS / plan.tasks.len().max(1);
    let mut lints = Vec::new();
    for Placed { value, span } in plan.defaults.depends_on.iter().chain(own) {
        if names.find(value).is_some() {
            continue;
        }
        if plan.format.is_one_of_many() {
            let message = format!(
                "{value} has a file of its own, and whether it is done is not known here: start what waits for it once it is"
            );
            let severity = Severity::Information;
            lints.push(Lint { severity, ..Lint::new(LintCode::DependencyUnknown, *span, message) });
            continue;
        }
        let near =
            (suggestions > 0).then(|| nearest(value, plan.tasks.iter().map(|task| task.id.0.as_str())));
        suggestions = suggestions.saturating_sub(1);
        let near = near.flatten();
        let hint = near.map_or("name a task of this plan, or remove it".to_owned(), |near| {
            format!("did you mean {near}?")
        });
        let message = format!("No task is called “{value}”, so what waits for it can never start: {hint}");
        let fix = near.map(|near| Fix::of(format!("Write “{near}”"), plan.format.write(text, *span, near)));
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
        .and_then(|at| plan.format.remove_dependency(text, first, at))
        .map(|edit| Fix::of(format!("Let {} not wait for {}", first.id, second.id), edit));
    let mut lint = Lint::new(LintCode::DependencyCycle, id.span, message).fix(fix);
    let next = tasks.iter().skip(1).chain([&first]);
    lint.related = tasks
        .iter()
        .zip(next)
        .map(|(task, on)| (task.title_span, format!("{} waits for {}", task.id, on.id)))
        .collect();
    Some(lint)
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
    if !options.order {
        return Vec::new();
    }
    let layers = Layers::new(options);
    let mut earlier = Earlier::default();
    let is_free = |task: usize| dependencies.of(task).is_empty() && dependencies.stage(task).is_empty();
    let mut lints = Vec::new();
    for &index in order {
        let Some(task) = plan.tasks.get(index).filter(|task| !task.is_over()) else { continue };
        let Some(work) = layers.work(&task.title) else { continue };
        let needs_it = earlier.needing(&work).filter(|&other| !dependencies.has(index, other));
        if let Some(other) = needs_it.and_then(|other| plan.tasks.get(other)) {
            let message = format!(
                "This {} task runs after {} “{}”, which likely needs it: let {} wait for {}, or give this task the lower \
                 priority number",
                options.layers().get(work.layer).map_or("", |(name, _)| name),
                other.id,
                other.title,
                other.id,
                task.id
            );
            // With dependencies of its own, this task might already wait for the other one.
            let fix = is_free(index).then(|| wait_for(text, plan, other, task)).flatten();
            let mut lint = Lint::new(LintCode::DependencyOrder, task.title_span, message).fix(fix);
            lint.related.push((other.title_span, format!("{} runs before {}", other.id, task.id)));
            lints.push(lint);
        }
        earlier.add(index, work);
    }
    lints
}

struct Layers<'o> {
    words: Phrases<'o>,
    of: HashMap<&'o str, usize>,
    count: usize,
}

impl<'o> Layers<'o> {
    fn new(options: &'o LintOptions) -> Self {
        let layers = options.layers();
        let told =
            |(at, (_, words)): (usize, (_, &'o [String]))| words.iter().map(move |word| (word.as_str(), at));
        Self {
            words: Phrases::new(layers.iter().flat_map(|(_, words)| *words)),
            of: layers.into_iter().enumerate().flat_map(told).collect(),
            count: layers.len(),
        }
    }

    /// The layer that most words of a title belong to; `None` if two layers have equally many.
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
            .filter(|word| NO_TOPICS.split(' ').all(|other| other != word))
            .collect();
        Some(Work { layer, topics })
    }
}

/// Words of titles that say what is done, not what it is about (without an `s` at the end).
const NO_TOPICS: &str = "add all and are basic build can change create data display extend fix for from get has implement \
     initial into introduce its let main make new not out per remove set setup show support task that the \
     then update use via when with write";

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

/// Adds `on` to what `task` depends on. `None` if that would hide the plan's defaults, or if its format has no place.
fn wait_for(text: &str, plan: &Plan, task: &Task, on: &Task) -> Option<Fix> {
    let hides_defaults = task.fields.depends_on.is_empty() && !plan.defaults.depends_on.is_empty();
    let edit = (!hides_defaults).then(|| plan.format.add_dependency(text, task, &on.id.0)).flatten()?;
    Some(Fix::of(format!("Let {} wait for {}", task.id, on.id), edit))
}
