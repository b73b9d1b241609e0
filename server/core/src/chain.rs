//! A plan's chain: which of its tasks come first, and what a task still waits for.
//!
//! Knows the document alone. Which tasks a loop has finished comes in as a question.

use crate::plan::{Names, Placed, Plan, Task};
use crate::task::TaskId;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
};

/// Tasks that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these tasks wait for each other: {}", shown(.path))]
pub struct Cycle {
    /// Each task depends on the next one, the last on the first.
    pub path: Vec<TaskId>,
}

fn shown(path: &[TaskId]) -> String {
    let closed: Vec<&str> = path.iter().chain(path.first()).map(|id| id.0.as_str()).collect();
    closed.join(" -> ")
}

/// What the tasks of a plan depend on, as indexes into its tasks. Takes space linear in the plan: what many tasks wait for
/// together is here once.
#[derive(Debug, Clone)]
pub(crate) struct Dependencies {
    /// Of each task: the tasks it names, each once, in order.
    of: Vec<Vec<usize>>,
    /// The plan's stages.
    stages: Vec<Vec<usize>>,
    /// Of each task: the stage that it comes after.
    after: Vec<Option<usize>>,
}

/// What is still to be done of each stage of a plan, in the order of the document.
#[derive(Debug, Default)]
pub struct OpenStages(Vec<Vec<TaskId>>);

/// How many tasks of a stage are told to somebody who looks: each of many tasks that wait for it has them.
const MOST_TOLD: usize = 16;

impl OpenStages {
    /// For somebody who looks: of each stage the first few.
    pub fn told(plan: &Plan, is_satisfied: impl Fn(&TaskId) -> bool) -> Self {
        Self::new(plan, MOST_TOLD, is_satisfied)
    }

    /// All of them.
    pub fn all(plan: &Plan, is_satisfied: impl Fn(&TaskId) -> bool) -> Self {
        Self::new(plan, usize::MAX, is_satisfied)
    }

    fn new(plan: &Plan, most: usize, is_satisfied: impl Fn(&TaskId) -> bool) -> Self {
        let is_open = |task: &&Task| !task.is_over() && !task.optional && !is_satisfied(&task.id);
        let open = plan.stages.iter().map(|stage| {
            let tasks = stage.iter().filter_map(|&task| plan.tasks.get(task));
            tasks.filter(is_open).map(|task| task.id.clone()).take(most).collect()
        });
        Self(open.collect())
    }

    fn of(&self, task: &Task) -> &[TaskId] {
        task.after.and_then(|stage| self.0.get(stage)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The ids a task depends on: its own, or else the plan's defaults.
pub(crate) fn named_by<'p>(plan: &'p Plan, task: &'p Task) -> &'p [Placed<String>] {
    let own = &task.fields.depends_on;
    if own.is_empty() { &plan.defaults.depends_on } else { own }
}

/// The task that a task stands behind in a numbered list. One that names what it waits for has no place in such a list.
fn followed_by<'p>(plan: &Plan, task: &'p Task) -> Option<&'p TaskId> {
    task.follows.as_ref().filter(|_| named_by(plan, task).is_empty())
}

impl Dependencies {
    pub(crate) fn new(plan: &Plan, names: &Names<'_>) -> Self {
        let of = plan.tasks.iter().enumerate().map(|(index, task)| {
            let inherited = task.fields.depends_on.is_empty();
            let mut found: Vec<usize> =
                named_by(plan, task).iter().filter_map(|id| names.find(&id.value)).collect();
            found.extend(followed_by(plan, task).and_then(|id| names.find(&id.0)));
            // A default that all tasks wait for does not wait for itself.
            found.retain(|&other| !(inherited && other == index));
            found.sort_unstable();
            found.dedup();
            found
        });
        let after = plan.tasks.iter().map(|task| task.after.filter(|stage| *stage < plan.stages.len()));
        Self { of: of.collect(), stages: plan.stages.clone(), after: after.collect() }
    }

    /// Lets tasks wait for others, too, each given before the one that it waits for.
    pub(crate) fn add(&mut self, more: impl IntoIterator<Item = (usize, usize)>) {
        for (task, on) in more {
            if let Some(of) = self.of.get_mut(task).filter(|of| !of.contains(&on)) {
                of.push(on);
            }
        }
    }

    /// Whether a task waits for another, as said or as a stage has it.
    pub(crate) fn has(&self, task: usize, on: usize) -> bool {
        self.of(task).contains(&on) || self.stage(task).binary_search(&on).is_ok()
    }

    /// The tasks of the stage that a task comes after, in order.
    pub(crate) fn stage(&self, task: usize) -> &[usize] {
        let stage = self.after.get(task).copied().flatten();
        stage.and_then(|stage| self.stages.get(stage)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn of(&self, task: usize) -> &[usize] {
        self.of.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// The indexes of the tasks in the order to run them: dependencies first, then lower priority, then as written.
    /// Tasks of a cycle and those that wait for one are left out.
    pub(crate) fn order(&self, plan: &Plan) -> Vec<usize> {
        // Behind the tasks stand the stages: each waits for its tasks, and the tasks after it for the stage alone.
        let count = self.of.len();
        let mut waiting: Vec<usize> = self.of.iter().chain(&self.stages).map(Vec::len).collect();
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); waiting.len()];
        for (node, found) in self.of.iter().chain(&self.stages).enumerate() {
            for &other in found {
                if let Some(dependents) = dependents.get_mut(other) {
                    dependents.push(node);
                }
            }
        }
        for (task, stage) in self.after.iter().enumerate() {
            let Some(stage) =
                stage.filter(|&stage| self.stages.get(stage).is_some_and(|stage| !stage.is_empty()))
            else {
                continue;
            };
            waiting[task] += 1;
            dependents[count + stage].push(task);
        }
        let rank = |task: usize| Reverse((priority(plan, task), task));
        let unblocked = waiting.iter().enumerate().take(count).filter(|(_, waits)| **waits == 0);
        let mut ready: BinaryHeap<_> = unblocked.map(|(task, _)| rank(task)).collect();
        let mut order = Vec::with_capacity(self.of.len());
        while let Some(Reverse((_, task))) = ready.pop() {
            order.push(task);
            let mut over = vec![task];
            while let Some(node) = over.pop() {
                for &dependent in dependents.get(node).into_iter().flatten() {
                    let Some(waits) = waiting.get_mut(dependent) else { continue };
                    *waits -= 1;
                    match *waits {
                        0 if dependent < count => ready.push(rank(dependent)),
                        0 => over.push(dependent),
                        _ => {}
                    }
                }
            }
        }
        order
    }

    /// The cycles that keep tasks out of `order`, no task in two of them; each begins with its first task in the
    /// document. At least one where a task is left out; breaking it may bring another to light.
    pub(crate) fn cycles(&self, order: &[usize]) -> Vec<Vec<usize>> {
        let mut left_out = vec![true; self.of.len()];
        for &task in order {
            left_out[task] = false;
        }
        // The walk that came by each task first.
        let mut walked: Vec<Option<usize>> = vec![None; self.of.len()];
        let mut cycles = Vec::new();
        'walks: for start in (0..self.of.len()).filter(|&task| left_out[task]) {
            let mut walk = Vec::new();
            let mut at = start;
            while walked[at].is_none() {
                walked[at] = Some(start);
                walk.push(at);
                // A task that is left out waits for another one that is, so every walk ends in a cycle.
                let mut named = self.of(at).iter().chain(self.stage(at)).copied();
                let Some(next) = named.find(|&next| left_out[next]) else {
                    continue 'walks;
                };
                at = next;
            }
            if walked[at] == Some(start)
                && let Some(place) = walk.iter().position(|&task| task == at)
            {
                let mut cycle = walk.split_off(place);
                let first = cycle.iter().enumerate().min_by_key(|&(_, task)| task).map_or(0, |(at, _)| at);
                cycle.rotate_left(first);
                cycles.push(cycle);
            }
        }
        cycles
    }
}

/// A task's priority, lower first; a task without one comes after those with one.
fn priority(plan: &Plan, task: usize) -> i64 {
    let own = plan.tasks.get(task).and_then(|task| task.fields.priority.as_ref());
    own.or(plan.defaults.priority.as_ref()).map_or(i64::MAX, |priority| priority.value)
}

/// Returns the indexes of a plan's tasks in the order to run them: dependencies first, then lower priority, then as
/// written. Names that are no task's id are ignored here.
pub fn order(plan: &Plan) -> Result<Vec<usize>, Cycle> {
    let dependencies = Dependencies::new(plan, &Names::new(plan));
    let order = dependencies.order(plan);
    let Some(cycle) = dependencies.cycles(&order).into_iter().next() else { return Ok(order) };
    let id = |task: usize| plan.tasks.get(task).map(|task| task.id.clone());
    Err(Cycle { path: cycle.into_iter().filter_map(id).collect() })
}

/// Whether a task leaves open what it depends on: it names nothing, does not say that there is nothing, and has no place in
/// an order that its document gives.
pub(crate) fn is_silent(plan: &Plan, task: &Task) -> bool {
    !task.fields.waits_for_none
        && named_by(plan, task).is_empty()
        && task.after.is_none()
        && task.follows.is_none()
}

/// Returns all that `task` of `plan` depends on, done or not, each once; an id of no task as it was written, and of a
/// stage the first few.
pub fn dependencies(plan: &Plan, names: &Names<'_>, task: &Task) -> Vec<TaskId> {
    first_dependencies(plan, names, task, MOST_TOLD)
}

/// The same with all of a stage.
pub fn all_dependencies(plan: &Plan, names: &Names<'_>, task: &Task) -> Vec<TaskId> {
    first_dependencies(plan, names, task, usize::MAX)
}

fn first_dependencies(plan: &Plan, names: &Names<'_>, task: &Task, of_stage: usize) -> Vec<TaskId> {
    let named = named_by(plan, task).iter().map(|id| &id.value);
    let stage = task.after.and_then(|stage| plan.stages.get(stage));
    let of_stage = stage.into_iter().flatten().take(of_stage).filter_map(|&other| plan.tasks.get(other));
    let implied = of_stage.map(|task| &task.id).chain(followed_by(plan, task)).map(|id| &id.0);
    let mut known = HashSet::new();
    let ids = named.chain(implied).map(|name| {
        let found = names.find(name).and_then(|index| plan.tasks.get(index));
        found.map_or_else(|| TaskId(name.clone()), |other| other.id.clone())
    });
    ids.filter(|id| *id != task.id && known.insert(id.clone())).collect()
}

/// Returns what `task` of `plan` still waits for, each once. A dependency that is ticked in the document, satisfied by
/// `is_satisfied`, or optional is not open; an id of no task is, as it was written.
///
/// The names and the open stages of the plan are made once by the caller, with the same `is_satisfied`: making them for
/// each task would take quadratic time.
pub fn open_dependencies(
    plan: &Plan,
    names: &Names<'_>,
    stages: &OpenStages,
    task: &Task,
    is_satisfied: impl Fn(&TaskId) -> bool,
) -> Vec<TaskId> {
    let inherited = task.fields.depends_on.is_empty();
    let mut open: Vec<TaskId> = stages.of(task).to_vec();
    let implied = followed_by(plan, task).map(|id| &id.0);
    for id in named_by(plan, task).iter().map(|id| &id.value).chain(implied) {
        let waits_for = match names.find(id).and_then(|index| plan.tasks.get(index)) {
            Some(other) if other.is_over() || other.optional || is_satisfied(&other.id) => continue,
            Some(other) if inherited && other.id == task.id => continue,
            Some(other) => other.id.clone(),
            None if plan.format.is_one_of_many() => continue,
            None => TaskId(id.clone()),
        };
        if !open.contains(&waits_for) {
            open.push(waits_for);
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::parse_markdown;
    use proptest::prelude::*;

    /// A plan of tasks, each as its id and its fields.
    fn plan(tasks: &[(&str, &str)]) -> Plan {
        let text: String =
            tasks.iter().map(|(id, fields)| format!("### {id}: Title\n{fields}\n\n")).collect();
        parse_markdown(&text)
    }

    fn ordered(tasks: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let plan = plan(tasks);
        let ids = |order: Vec<usize>| order.into_iter().map(|task| plan.tasks[task].id.0.clone()).collect();
        order(&plan).map(ids).map_err(|cycle| cycle.to_string())
    }

    fn open(plan: &Plan, task: usize, is_satisfied: impl Fn(&TaskId) -> bool) -> Vec<TaskId> {
        let stages = OpenStages::all(plan, &is_satisfied);
        open_dependencies(plan, &Names::new(plan), &stages, &plan.tasks[task], is_satisfied)
    }

    /// A plan of phases of tasks of which each may be done beside the others.
    fn phases(phases: usize, tasks: usize) -> Plan {
        let mut text = "# Tasks\n".to_owned();
        for phase in 0..phases {
            text += &format!("\n## Phase {}: Part\n\n", phase + 1);
            for task in 0..tasks {
                text += &format!("- [ ] T{:05} [P] Write file {task}\n", phase * tasks + task + 1);
            }
        }
        crate::plan::read("specs/001-a/tasks.md", &text)
    }

    #[test]
    fn a_stage_is_there_once_however_many_tasks_wait_for_it() {
        let plan = phases(10, 1000);
        let names = Names::new(&plan);
        let dependencies = Dependencies::new(&plan, &names);
        let edges = |lists: &[Vec<usize>]| lists.iter().map(Vec::len).sum::<usize>();
        assert_eq!((edges(&dependencies.of), edges(&dependencies.stages)), (0, 9000));
        assert_eq!(dependencies.after.iter().flatten().count(), 9000);
        let stages = OpenStages::told(&plan, |_| false);
        let told = |task| open_dependencies(&plan, &names, &stages, task, |_| false).len();
        let shown: usize = plan.tasks.iter().map(told).sum();
        let named: usize = plan.tasks.iter().map(|task| super::dependencies(&plan, &names, task).len()).sum();
        assert_eq!((shown, named), (9000 * MOST_TOLD, 9000 * MOST_TOLD));
        assert_eq!(order(&plan).unwrap(), (0..10_000).collect::<Vec<_>>());
        // Whoever begins a task asks for all.
        assert_eq!(open(&plan, 1000, |_| false).len(), 1000);
        assert_eq!(open(&plan, 1000, |id| id.0 != "T00007"), [TaskId("T00007".into())]);
        assert_eq!(open(&plan, 1000, |id| id.0.as_str() < "T01001"), []);
    }

    #[test]
    fn a_cycle_through_a_stage_is_told_by_its_tasks() {
        let text = "## Phase 1\n- [ ] T001 [P] A (depends on T004)\n- [ ] T002 [P] B\n## Phase 2\n- [ ] T003 [P] C\n- [ ] T004 [P] D\n";
        let plan = crate::plan::read("specs/001-a/tasks.md", text);
        let cycle = order(&plan).unwrap_err().to_string();
        assert_eq!(cycle, "these tasks wait for each other: T001 -> T004 -> T001");
    }

    fn ids(words: &str) -> Result<Vec<String>, String> {
        Ok(words.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn without_dependencies_tasks_run_by_priority_and_then_as_written() {
        assert_eq!(
            ordered(&[
                ("T1", ""),
                ("T2", "Priority: 2"),
                ("T3", "Priority: 1"),
                ("T4", "Priority: 2"),
                ("T5", "")
            ]),
            ids("T3 T2 T4 T1 T5")
        );
    }

    #[test]
    fn dependencies_come_first_whatever_the_priority() {
        assert_eq!(
            ordered(&[
                ("T1", "Depends on: T3\nPriority: 1"),
                ("T2", "Priority: 2"),
                ("T3", "Priority: 9"),
                ("T4", "Depends on: T9")
            ]),
            ids("T2 T3 T1 T4")
        );
    }

    #[test]
    fn a_default_dependency_is_not_one_on_itself() {
        let plan = parse_markdown("---\ndepends_on: T2\n---\n### T1: A\n### T2: B\n");
        assert_eq!(order(&plan), Ok(vec![1, 0]));
        assert_eq!(open(&plan, 0, |_| false), [TaskId("T2".into())]);
        assert_eq!(open(&plan, 1, |_| false), []);
    }

    #[test]
    fn a_cycle_is_told_with_its_path() {
        assert_eq!(
            ordered(&[
                ("T0", "Depends on: T2"),
                ("T1", "Depends on: T3"),
                ("T2", "Depends on: T1"),
                ("T3", "Depends on: T2")
            ]),
            Err("these tasks wait for each other: T1 -> T3 -> T2 -> T1".into())
        );
        assert_eq!(
            ordered(&[("T1", "Depends on: T1")]),
            Err("these tasks wait for each other: T1 -> T1".into())
        );
    }

    #[test]
    fn separate_cycles_are_all_found() {
        let plan = plan(&[
            ("T1", "Depends on: T2"),
            ("T2", "Depends on: T1"),
            ("T3", "Depends on: T4"),
            ("T4", "Depends on: T3"),
            ("T5", ""),
        ]);
        let dependencies = Dependencies::new(&plan, &Names::new(&plan));
        let order = dependencies.order(&plan);
        assert_eq!((order.clone(), dependencies.cycles(&order)), (vec![4], vec![vec![0, 1], vec![2, 3]]));
    }

    #[test]
    fn open_dependencies_are_those_not_done_not_optional_and_not_satisfied() {
        let plan = parse_markdown(
            "- [ ] T1: A\n  Depends on: T2, T3, t4, T4, T5, T9\n- [x] T2: B\n- [ ] T3: C\n- [ ] T4: D\n\nOptional:\n- [ ] T5: E\n",
        );
        let open = open(&plan, 0, |id| id.0 == "T3");
        assert_eq!(open, [TaskId("T4".into()), TaskId("T9".into())]);
    }

    #[test]
    fn a_numbered_list_runs_in_its_order() {
        let plan = parse_markdown(
            "1. [ ] a\n   Priority: 2\n2. [x] b\n3. [ ] c (optional)\n4. [ ] d\n   Priority: 1\n\n- [ ] e\n",
        );
        let titles =
            |order: Vec<usize>| -> String { order.iter().map(|&at| &plan.tasks[at].id.0[..1]).collect() };
        assert_eq!(titles(order(&plan).unwrap()), "adbce");
        let left = |at: usize| open(&plan, at, |_| false);
        assert_eq!((left(0), left(3), left(4)), (vec![], vec![TaskId("a".into())], vec![]));
        let given_up = parse_markdown("### T1: A\nStatus: dropped\n### T2: B\nDepends on: T1\n");
        assert_eq!(open(&given_up, 1, |_| false), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_plan_has_an_order_or_a_true_cycle(edges in proptest::collection::vec((0..8usize, 0..8usize), 0..14)) {
            let fields: Vec<String> = (0..8)
                .map(|task| {
                    let on: Vec<_> = edges.iter().filter(|edge| edge.0 == task).map(|edge| format!("T{}", edge.1)).collect();
                    format!("Depends on: {}", on.join(", "))
                })
                .collect();
            let names: Vec<String> = (0..8).map(|task| format!("T{task}")).collect();
            let tasks: Vec<_> = names.iter().map(String::as_str).zip(fields.iter().map(String::as_str)).collect();
            match order(&plan(&tasks)) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), 8);
                    let place = |task: usize| order.iter().position(|&other| other == task);
                    prop_assert!(edges.iter().all(|&(task, on)| place(on) < place(task)));
                }
                Err(Cycle { path }) => {
                    let next = path.iter().skip(1).chain(path.first());
                    for (task, on) in path.iter().zip(next) {
                        let number = |id: &TaskId| id.0[1..].parse::<usize>().unwrap();
                        prop_assert!(edges.contains(&(number(task), number(on))), "{:?}", path);
                    }
                }
            }
        }
    }
}
