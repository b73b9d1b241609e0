//! What the database knows of a plan's tasks, now that the plan was edited: each row found again beside its task.
//!
//! Looking changes nothing. Before something is done, the rows get the ids that their tasks have in the document
//! ([`Project::align`]); a row whose task is no longer there gives way to a new task of its id, and is kept.

use crate::{
    Result,
    project::{self, PlanFile, Project},
    start_options::RunOptions,
};
use alfine_config::Config;
use alfine_core::{
    chain::{self, Cycle, OpenStages},
    detect::{Detected, Detection},
    identity::{self, Identities, Was, Written},
    plan::{Names, Plan, Task},
    reason::Reason,
    task::{TaskId, TaskKey, TaskStatus},
};
use alfine_git::Work;
use alfine_store::{Reader, TaskRow};
use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

/// About the work of how many tasks git is asked at once.
const MOST_ASKED: usize = 64;

/// What is known of the tasks of a plan, after one look into the database, however many tasks are asked about.
#[derive(Debug)]
pub struct Known<'p> {
    plan: &'p Plan,
    names: Names<'p>,
    rows: HashMap<TaskId, TaskRow>,
    identities: Identities,
    satisfied: HashSet<TaskId>,
    /// Those of them whose work is not in what a task would start from.
    elsewhere: HashSet<TaskId>,
    detection: Detection,
    /// What that leaves open, made when it is asked for.
    stages: OnceCell<OpenStages>,
}

impl<'p> Known<'p> {
    /// Asks the database about the tasks of a plan.
    pub fn new(reader: &Reader, file: &'p PlanFile) -> Result<Self> {
        let (rows, identities) = read(reader, file)?;
        let rows: HashMap<TaskId, TaskRow> = rows.into_iter().map(|row| (row.key.id.clone(), row)).collect();
        let is_satisfied = |task: &&Task| match identities.of(&task.id) {
            Was::Same(old) => rows.get(old).is_some_and(|row| row.status.satisfies_dependents()),
            Was::Perhaps(_) | Was::New => false,
        };
        let satisfied = file.plan.tasks.iter().filter(is_satisfied).map(|task| task.id.clone()).collect();
        let (names, elsewhere) = (Names::new(&file.plan), HashSet::new());
        let detection = Detection::default();
        Ok(Self {
            plan: &file.plan,
            names,
            rows,
            identities,
            satisfied,
            elsewhere,
            detection,
            stages: OnceCell::new(),
        })
    }

    /// Finds by the tasks' words, as far as the settings want it, what they depend on although the plan does not say it.
    #[must_use]
    pub fn detecting(mut self, file: &'p PlanFile, config: &Config) -> Self {
        if config.dependencies.detect {
            self.detection = Detection::new(&file.text, &file.plan, &config.lint);
        }
        self
    }

    /// Asks git as well, where tasks that were never begun depend on some that are done: whether their work is in what a
    /// task would start from. Of very many it asks about some, those first that were merged into another branch.
    pub fn here(project: &Project, file: &'p PlanFile) -> Result<Self> {
        let known = Self::new(&project.store, file)?;
        let open: Vec<&Task> =
            file.plan.tasks.iter().filter(|task| !task.is_over() && known.row(task).is_none()).collect();
        let run = project.store.last_plan_run(&file.name)?;
        let onto = run.as_ref().and_then(RunOptions::branch_of);
        known.from(project, onto.as_deref(), &open)
    }

    /// The same for one task that is to be started, from this branch instead of what is checked out, if it is there.
    pub(crate) fn for_start(
        project: &Project,
        file: &'p PlanFile,
        task: &Task,
        onto: Option<&str>,
    ) -> Result<Self> {
        Self::new(&project.store, file)?.from(project, onto, &[task])
    }

    fn from(self, project: &Project, onto: Option<&str>, open: &[&Task]) -> Result<Self> {
        let tip = onto.map(|branch| project.repository.branch_commit(branch)).transpose()?.flatten();
        match (tip, project.repository.head()) {
            (Some(tip), _) => self.with_elsewhere(project, (&tip, onto), open),
            (None, Ok((head, branch))) => self.with_elsewhere(project, (&head, branch.as_deref()), open),
            (None, Err(_)) => Ok(self),
        }
    }

    fn with_elsewhere(
        mut self,
        project: &Project,
        (head, branch): (&str, Option<&str>),
        open: &[&Task],
    ) -> Result<Self> {
        // Each stage once, whoever comes after it.
        let behind: BTreeSet<usize> = open.iter().filter_map(|task| task.after).collect();
        let of_stages = behind.into_iter().filter_map(|stage| self.plan.stages.get(stage)).flatten();
        let of_stages = of_stages.filter_map(|&task| Some(self.plan.tasks.get(task)?.id.clone()));
        let none = OpenStages::default();
        let depends_on =
            |task: &&Task| chain::open_dependencies(self.plan, &self.names, &none, task, |_| false);
        let done: BTreeSet<TaskId> = open
            .iter()
            .flat_map(depends_on)
            .chain(of_stages)
            .filter(|id| self.satisfied.contains(id))
            .collect();
        let mut rows: Vec<(&TaskId, &TaskRow)> = done
            .iter()
            .filter_map(|id| Some((id, self.row(self.plan.tasks.get(self.names.find(&id.0)?)?)?)))
            .collect();
        rows.sort_by_key(|(_, row)| match &row.reason {
            Some(Reason::Merged { into, .. }) => Some(into.as_str()) == branch,
            _ => false,
        });
        let mut elsewhere = HashSet::new();
        for (id, row) in rows.into_iter().take(MOST_ASKED) {
            if !has_work(project, row, head)? {
                elsewhere.insert(id.clone());
            }
        }
        (self.elsewhere, self.stages) = (elsewhere, OnceCell::new());
        Ok(self)
    }

    /// The row of a task; `None` if it was never begun.
    pub fn row(&self, task: &Task) -> Option<&TaskRow> {
        match self.identities.of(&task.id) {
            Was::Same(old) => self.rows.get(old),
            Was::Perhaps(_) | Was::New => None,
        }
    }

    /// The row of a task that may be this one, in other words. Only the user can say.
    pub fn perhaps(&self, task: &Task) -> Option<&TaskRow> {
        match self.identities.of(&task.id) {
            Was::Perhaps(old) => self.rows.get(old),
            Was::Same(_) | Was::New => None,
        }
    }

    /// Whether the database says that a task is done, so that those behind it may begin.
    pub(crate) fn is_satisfied(&self, task: &Task) -> bool {
        self.satisfied.contains(&task.id)
    }

    /// All that a task depends on, done or not.
    pub fn depends_on(&self, task: &Task) -> Vec<TaskId> {
        chain::dependencies(self.plan, &self.names, task)
    }

    /// What a task was found to depend on, although the plan does not say it.
    pub fn detected(&self, task: &Task) -> &[Detected] {
        self.detection.of(&task.id)
    }

    /// What a task was found to depend on that is neither done nor given up: it is not begun before that in a run of the plan.
    pub(crate) fn held_back_by(&self, task: &Task) -> Option<&Detected> {
        self.detected(task).iter().find(|detected| {
            let of = self.names.find(&detected.on.0).and_then(|at| self.plan.tasks.get(at));
            let is_gone = |on: &Task| self.row(on).is_some_and(|row| row.status == TaskStatus::Discarded);
            of.is_some_and(|on| !on.is_over() && !self.is_satisfied(on) && !is_gone(on))
        })
    }

    /// The open tasks of the plan, in the order of the chain.
    pub(crate) fn open_in_order(&self) -> Result<Vec<Task>, Cycle> {
        let order = self.detection.order(self.plan)?;
        let in_order = order.into_iter().filter_map(|at| self.plan.tasks.get(at));
        Ok(in_order.filter(|task| !task.is_over() && !self.is_satisfied(task)).cloned().collect())
    }

    /// Why a loop for a task cannot start yet.
    pub fn waits_for(&self, task: &Task) -> Vec<TaskId> {
        let is_done = |id: &TaskId| self.satisfied.contains(id) && !self.elsewhere.contains(id);
        let stages = self.stages.get_or_init(|| OpenStages::told(self.plan, is_done));
        chain::open_dependencies(self.plan, &self.names, stages, task, is_done)
    }

    /// The row of a task that is done, and whose work is not in what another task would start from.
    pub fn elsewhere(&self, id: &TaskId) -> Option<&TaskRow> {
        let task = self.plan.tasks.iter().find(|task| task.id == *id)?;
        self.row(task).filter(|_| self.elsewhere.contains(id))
    }

    /// The tasks that were merged and whose boxes are open: somebody took the tick away, or it never came here. Without those
    /// that are on this branch until the whole is merged.
    pub fn merged_and_open(
        &self,
        file: &'p PlanFile,
        branch: Option<&str>,
    ) -> impl Iterator<Item = (&'p Task, &TaskRow)> {
        file.plan.tasks.iter().filter_map(move |task| {
            let row = self.row(task).filter(|row| row.status == TaskStatus::Merged)?;
            let waits =
                matches!(&row.reason, Some(Reason::Merged { into, .. }) if Some(into.as_str()) == branch);
            (file.has_open_box(task) && !waits).then_some((task, row))
        })
    }
}

/// Whether the work of a task that is done is in a commit, or on a branch that can be taken along.
pub(crate) fn has_work(project: &Project, row: &TaskRow, head: &str) -> Result<bool> {
    let Some(of) = row.loop_id.as_ref().map(|id| project.store.loop_(id)).transpose()?.flatten() else {
        return Ok(true);
    };
    let landed = matches!(row.reason, Some(Reason::Merged { .. }));
    let commit = match (&row.reason, &of.branch) {
        (Some(Reason::Merged { commit, .. }), _) => commit.clone(),
        (_, Some(branch)) if project.repository.branch_commit(branch)?.is_none() => {
            project.store.last_checkpoint(&of.id)?.map(|last| last.commit_id)
        }
        // It is taken along, or lies in the user's own tree.
        _ => None,
    };
    let Some(commit) = commit else { return Ok(true) };
    let work = Work { base: of.base_commit.as_deref(), commit: &commit, landed };
    Ok(project.repository.has_work(head, work, Path::new(&row.key.plan))?)
}

fn read(reader: &Reader, file: &PlanFile) -> Result<(Vec<TaskRow>, Identities)> {
    let rows = reader.tasks_of(&file.name)?;
    if rows.is_empty() {
        return Ok((rows, Identities::default()));
    }
    let written: Vec<Written> = rows.iter().map(TaskRow::written).collect();
    let identities = identity::identify(&file.plan, &reader.outline(&file.name)?, &written);
    Ok((rows, identities))
}

impl Project {
    /// Gives the rows of a plan the ids that their tasks have in the document now, and notes down how the document has its
    /// tasks. A plan that was moved takes its rows along.
    pub fn align(&mut self, file: &PlanFile) -> Result<()> {
        self.follow(file)?;
        let (rows, identities) = read(&self.store, file)?;
        if rows.is_empty() {
            return Ok(());
        }
        let written: Vec<Written> = rows.iter().map(TaskRow::written).collect();
        let renames: Vec<(TaskKey, TaskKey)> = identities
            .renames(&file.plan, &written)
            .into_iter()
            .map(|(old, new)| (TaskKey::new(&file.name, old.0), TaskKey::new(&file.name, new.0)))
            .collect();
        // A doubtful row keeps its words until the user has said which task it is.
        let is_doubtful =
            file.plan.tasks.iter().any(|task| matches!(identities.of(&task.id), Was::Perhaps(_)));
        let outline = identity::outline(&file.plan);
        if renames.is_empty() && (is_doubtful || self.store.outline(&file.name)? == outline) {
            return Ok(());
        }
        self.store.write(|tx| -> Result<()> {
            // Another process may have done the same meanwhile.
            let keys = |rows: &[TaskRow]| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
            if keys(&tx.tasks_of(&file.name)?) != keys(&rows) {
                return Ok(());
            }
            tx.rename_tasks(&renames)?;
            if !is_doubtful {
                tx.put_outline(&file.name, &outline)?;
            }
            Ok(())
        })
    }

    /// Takes the user's word that a task is the one of this row, in other words.
    pub(crate) fn take_for_same(&mut self, file: &PlanFile, task: &Task, row: &TaskRow) -> Result<()> {
        let key = file.key(task);
        self.store.write(|tx| -> Result<()> {
            if row.key != key {
                tx.rename_tasks(&[(row.key.clone(), key.clone())])?;
            }
            Ok(tx.put_words(&key, &Written::of(task))?)
        })
    }

    /// Takes the user's word that a task is not the one of this row: the row gives way, if it has the task's id.
    pub(crate) fn take_for_new(&mut self, file: &PlanFile, row: &TaskRow) -> Result<()> {
        let taken = self.store.tasks_of(&file.name)?.into_iter().map(|row| row.key.id).collect();
        let name = identity::former(&row.key.id, &taken);
        let former = TaskKey { plan: file.name.clone(), id: name };
        Ok(self.store.write(|tx| tx.rename_tasks(&[(row.key.clone(), former)]))?)
    }

    /// Gives a plan without a row the rows of the plan that it was before it was moved: one whose file is gone, and whose
    /// tasks, at least half of those that were begun, stand here.
    fn follow(&mut self, file: &PlanFile) -> Result<()> {
        if !self.store.tasks_of(&file.name)?.is_empty() {
            return Ok(());
        }
        let mut found: Vec<String> = Vec::new();
        for plan in self.plans_that_are_gone()? {
            let rows: Vec<Written> = self.store.tasks_of(&plan)?.iter().map(TaskRow::written).collect();
            if is_moved(&file.plan, &self.store.outline(&plan)?, &rows) {
                found.push(plan);
            }
        }
        match found.as_slice() {
            [before] => Ok(self.store.write(|tx| tx.move_plan(before, &file.name))?),
            _ => Ok(()),
        }
    }

    /// The plans with rows whose file is gone.
    fn plans_that_are_gone(&self) -> Result<BTreeSet<String>> {
        let plans: BTreeSet<String> = self.store.tasks()?.into_iter().map(|row| row.key.plan).collect();
        let root = self.repository.workdir();
        Ok(plans.into_iter().filter(|plan| root.join(plan).symlink_metadata().is_err()).collect())
    }

    /// The plans of the repository, with their rows beside them. Looks for those that were moved to where no plan is
    /// looked for otherwise.
    pub fn aligned_plans(&mut self) -> Result<Vec<PlanFile>> {
        for gone in self.plans_that_are_gone()? {
            let name = gone.rsplit('/').next().unwrap_or(&gone);
            for moved in self.repository.tracked_files_named(&[name])? {
                if let Ok(file) = self.plan_named(&moved) {
                    self.follow(&file)?;
                }
            }
        }
        let plans = self.plans()?;
        for file in &plans {
            self.align(file)?;
        }
        Ok(plans)
    }

    /// The key of a task as the user named it. The plan may be gone, if the task is known.
    pub fn key(&mut self, text: &str) -> Result<TaskKey> {
        let target = self.target(text)?;
        let Some(task) = target.task else { return Err(project::is_a_plan(text)) };
        let file = self.plan(&target.plan);
        let name = match &file {
            Ok(file) => {
                self.align(file)?;
                file.name.clone()
            }
            Err(_) => self.name_from_here(&target.plan),
        };
        for plan in [&name, &target.plan] {
            let key = TaskKey::new(plan, task.clone());
            if self.store.task(&key)?.is_some() {
                return Ok(key);
            }
        }
        let file = file?;
        match file.plan.tasks.iter().find(|known| known.id.0 == task) {
            Some(task) => Ok(file.key(task)),
            None => Err(project::no_such_task(&file, &task)),
        }
    }
}

/// Whether a document is what another one was before it was moved.
pub fn is_moved(plan: &Plan, outline: &[Written], rows: &[Written]) -> bool {
    let identities = identity::identify(plan, outline, rows);
    let same = rows.iter().filter(|row| identities.now(&row.id) == Some(&row.id)).count();
    same > 0 && same * 2 >= rows.len()
}
