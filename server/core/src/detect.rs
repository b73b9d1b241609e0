//! Which task needs another one first where the plan does not say it: by the names in their words.
//!
//! A task needs the one that makes what it names: a table before the code that names it, a type before its consumers, an
//! endpoint before the page that calls it. A wrong answer costs users more than a missing one, so much counts for nothing:
//! what several tasks make, what is said not to be needed, and everything of a task that says itself what it depends on.
//! Takes time linear in the words of the plan.

mod named;

use crate::chain::{Cycle, Dependencies, is_silent, order};
use crate::lint::LintOptions;
use crate::plan::{Names, Plan, Task};
use crate::task::TaskId;
use named::{Name, Named, named};
use std::collections::{HashMap, HashSet, hash_map::Entry};

/// How many tasks may need one for the same name.
const MOST_OF_NAME: usize = 100;
/// How many tasks a task is found to need.
const MOST_OF_TASK: usize = 6;

/// A dependency that the words of two tasks give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// What the task needs first.
    pub on: TaskId,
    /// What says so.
    pub by: Shared,
}

/// What the words of two tasks share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// A name that one makes and the other one names, as it is written.
    Name(String),
    /// What both are about, one behind the other: *coupon* of a table and of a page.
    Topic(String),
}

/// The dependencies that the words of a plan give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detection {
    of: HashMap<TaskId, Vec<Detected>>,
}

/// A task that needs another, by their indexes.
struct Edge {
    task: usize,
    on: usize,
    by: Shared,
    /// Whether it may turn the order around in which the tasks are written.
    is_sure: bool,
}

impl Detection {
    /// Finds what the tasks of a document depend on that do not say it: `text` is the document, `plan` what was read of it.
    /// Nothing is found in a plan whose tasks wait for each other.
    pub fn new(text: &str, plan: &Plan, options: &LintOptions) -> Self {
        let names = Names::new(plan);
        let said = Dependencies::new(plan, &names);
        let in_order = said.order(plan);
        if in_order.len() < plan.tasks.len() || plan.format.is_one_of_many() {
            return Self::default();
        }
        let edges = among(plan, edges(text, plan, options), &said, &in_order);
        let mut direct: HashMap<usize, Vec<usize>> = HashMap::new();
        for edge in &edges {
            direct.entry(edge.task).or_default().push(edge.on);
        }
        let mut of: HashMap<TaskId, Vec<Detected>> = HashMap::new();
        for Edge { task, on, by, .. } in edges {
            // What comes before another one that the task needs is needed through that.
            let is_implied = direct.get(&task).into_iter().flatten().any(|&other| {
                said.has(other, on) || direct.get(&other).is_some_and(|others| others.contains(&on))
            });
            if !is_implied && let (Some(task), Some(on)) = (plan.tasks.get(task), plan.tasks.get(on)) {
                of.entry(task.id.clone()).or_default().push(Detected { on: on.id.clone(), by });
            }
        }
        Self { of }
    }

    /// What a task was found to depend on.
    pub fn of(&self, task: &TaskId) -> &[Detected] {
        self.of.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same as [`order`], with what was found.
    pub fn order(&self, plan: &Plan) -> Result<Vec<usize>, Cycle> {
        if self.of.is_empty() {
            return order(plan);
        }
        let mut all = Dependencies::new(plan, &Names::new(plan));
        let places: HashMap<&TaskId, usize> =
            plan.tasks.iter().enumerate().map(|(at, task)| (&task.id, at)).collect();
        let place = |id: &TaskId| places.get(id).copied();
        all.add(self.of.iter().flat_map(|(task, found)| {
            found.iter().filter_map(move |one| Some((place(task)?, place(&one.on)?)))
        }));
        Ok(all.order(plan))
    }
}

/// All pairs of tasks of which one needs the other by their words.
fn edges(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Edge> {
    let all: Vec<Option<Named>> =
        plan.tasks.iter().map(|task| (!task.is_over()).then(|| named(text, task, options))).collect();
    let makers = Makers::new(plan, &all);
    let mut used: HashMap<&Name, usize> = HashMap::new();
    let mut edges: Vec<Edge> = Vec::new();
    for (task, named) in all.iter().enumerate() {
        let (Some(named), Some(own)) = (named, plan.tasks.get(task)) else { continue };
        if !is_silent(plan, own) {
            continue;
        }
        let mut found: Vec<Edge> = Vec::new();
        let mut push = |edge: Edge| {
            if edge.on != task && !found.iter().any(|other| other.on == edge.on) {
                found.push(edge);
            }
        };
        for name in &named.names {
            let makes_it = named.makes.iter().any(|made| made.name == *name);
            let Some((on, is_sure)) = makers.of(name).filter(|_| !makes_it) else { continue };
            let times = used.entry(name).or_default();
            *times += 1;
            if *times <= MOST_OF_NAME {
                let is_sure = is_sure && !named.changes;
                push(Edge { task, on, by: Shared::Name(name.as_written()), is_sure });
            }
        }
        for topic in &named.topics {
            if let Some(on) = makers.before(&topic.word, topic.layer) {
                push(Edge { task, on, by: Shared::Topic(topic.word.clone()), is_sure: false });
            }
        }
        found.truncate(MOST_OF_TASK);
        edges.extend(found);
    }
    edges
}

/// Who makes what tasks name.
struct Makers<'n> {
    of: HashMap<&'n Name, Option<(usize, bool)>>,
    /// By topic and kind of work.
    of_topic: HashMap<(&'n str, usize), Option<usize>>,
}

impl<'n> Makers<'n> {
    fn new(plan: &Plan, all: &'n [Option<Named>]) -> Self {
        let mut of: HashMap<&Name, Option<(usize, bool)>> = HashMap::new();
        let mut of_topic: HashMap<(&str, usize), Option<usize>> = HashMap::new();
        for (task, named) in all.iter().enumerate() {
            let Some(named) =
                named.as_ref().filter(|_| plan.tasks.get(task).is_some_and(|task| !task.optional))
            else {
                continue;
            };
            for made in &named.makes {
                match of.entry(&made.name) {
                    Entry::Vacant(entry) => drop(entry.insert(Some((task, made.is_sure)))),
                    // Which of them is meant is not known.
                    Entry::Occupied(mut entry) => drop(entry.insert(None)),
                }
            }
            for topic in named.topics.iter().filter(|topic| topic.is_made) {
                let made = of_topic.entry((&topic.word, topic.layer)).or_insert(Some(task));
                *made = made.filter(|first| *first == task);
            }
        }
        Self { of, of_topic }
    }

    fn of(&self, name: &Name) -> Option<(usize, bool)> {
        self.of.get(name).copied().flatten()
    }

    /// Who makes what a later kind of work needs of a topic: of the nearest kind before it.
    fn before(&self, topic: &str, layer: usize) -> Option<usize> {
        let of_layer = |layer| self.of_topic.get(&(topic, layer)).copied();
        (0..layer).rev().find_map(of_layer).flatten()
    }
}

/// Those of the edges that make no circle, with each other or with what is said. What would turn the order around that the
/// tasks have by themselves is only left if it is sure.
fn among(plan: &Plan, edges: Vec<Edge>, said: &Dependencies, in_order: &[usize]) -> Vec<Edge> {
    let place = Places::new(plan, in_order);
    let (forward, back): (Vec<Edge>, Vec<Edge>) =
        edges.into_iter().partition(|edge| place.is_before(edge.on, edge.task));
    let needed: HashSet<(usize, usize)> = forward.iter().map(|edge| (edge.on, edge.task)).collect();
    let may_turn = |edge: &Edge| {
        let (Some(task), Some(on)) = (plan.tasks.get(edge.task), plan.tasks.get(edge.on)) else {
            return false;
        };
        let priority = |task: &Task| task.fields.priority.as_ref().map(|priority| priority.value);
        let group = |task: &Task| task.group.as_ref().map(|group| group.value.clone());
        // Two that need each other have the order in which they are written.
        edge.is_sure
            && !needed.contains(&(edge.task, edge.on))
            && priority(task) == priority(on)
            && group(task) == group(on)
    };
    let mut back: Vec<Edge> = back.into_iter().filter(may_turn).collect();
    let ordered = |back: &[Edge]| {
        let mut all = said.clone();
        all.add(back.iter().map(|edge| (edge.task, edge.on)));
        Places::new(plan, &all.order(plan))
    };
    // Those of a circle are left out of the order, and so are those that wait for one.
    let place = ordered(&back);
    back.retain(|edge| place.has(edge.task) || place.has(edge.on));
    let place = ordered(&back);
    let mut edges: Vec<Edge> =
        forward.into_iter().filter(|edge| place.is_before(edge.on, edge.task)).chain(back).collect();
    edges.sort_by_key(|edge| (edge.task, edge.on));
    edges
}

/// Where each task is in an order.
struct Places(Vec<Option<usize>>);

impl Places {
    fn new(plan: &Plan, order: &[usize]) -> Self {
        let mut places = vec![None; plan.tasks.len()];
        for (at, &task) in order.iter().enumerate() {
            places[task] = Some(at);
        }
        Self(places)
    }

    fn has(&self, task: usize) -> bool {
        self.0[task].is_some()
    }

    /// Whether both are in it, the one before the other.
    fn is_before(&self, one: usize, other: usize) -> bool {
        self.has(one) && self.has(other) && self.0[one] < self.0[other]
    }
}

#[cfg(test)]
mod tests;
