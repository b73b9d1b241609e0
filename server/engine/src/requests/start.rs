//! Starts the loop of a task, or the run of a plan.

use super::{
    Answered, FrontEnd, Question, Reply, Request, Step,
    trust::{allow, trust},
    unsaved,
};
use crate::{
    Error, Result, archive,
    known::Known,
    loops, plan_run,
    plan_run::RunOptions,
    project::{PlanFile, Project},
    run_branch,
    start::{self, More, Prepared, StartOptions},
};
use alfine_core::{hint::Hint, plan::Task, task::TaskKey};
use alfine_store::LoopLock;

/// Starts a task of a plan, or the run of the plan: as many of its tasks as may be worked on at a time, and the others when these
/// are over.
#[derive(Debug)]
pub struct Start {
    /// The plan's path from the root.
    pub plan: String,
    /// The id of the task; if it is `None`, the whole plan.
    pub task: Option<String>,
    /// Whether one task of the plan is enough.
    pub only_one: bool,
    /// How its loop is run.
    pub options: StartOptions,
    /// How many tasks of the plan are worked on at a time, whatever the settings say.
    pub max_parallel: Option<u32>,
    /// Whether the loop starts from the uncommitted changes, too; the user is asked if this is `None`.
    pub include_uncommitted: Option<bool>,
    /// Whether a background process runs the loop; else who drives the request has its lock.
    pub in_background: bool,
}

/// What came of a start.
#[derive(Debug)]
pub struct Started {
    /// The plan.
    pub plan: PlanFile,
    /// The tasks that are to be run, in order.
    pub tasks: Vec<Task>,
    /// The tasks that were begun or gone on with; none if the plan has nothing left to do.
    pub begun: Vec<Begun>,
    /// The tasks that could have been begun beside them but were not, each with the reason.
    pub left: Vec<(TaskKey, Error)>,
    /// The folder that what was over of the plan was archived in, from the root, if it was written anew since.
    pub archived: Option<String>,
}

/// The task of a start.
#[derive(Debug)]
pub struct Begun {
    /// The task.
    pub task: TaskKey,
    /// Whether the loop had begun before. Then it keeps the options that it was begun with.
    pub went_on: bool,
    /// How far it is.
    pub how: How,
}

/// What became of a task's start.
#[derive(Debug)]
pub enum How {
    /// A background process runs its loop.
    InBackground,
    /// The lock is the right to run the loop in the process that drives the request.
    Here(LoopLock),
    /// There is nothing to run: the task is done, or its loop rests until the user says more.
    Settled,
}

impl Start {
    /// Creates the start of a plan's task, or of a whole plan.
    pub fn new(plan: impl Into<String>, task: Option<String>, options: StartOptions) -> Self {
        Self {
            plan: plan.into(),
            task,
            only_one: false,
            options,
            max_parallel: None,
            include_uncommitted: None,
            in_background: true,
        }
    }
}

impl Request for Start {
    type Done = Started;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Started>> {
        allow(project, answered.as_ref())?;
        let said = answered;
        match &said {
            Some(Answered { question: Question::Uncommitted { .. }, reply }) => {
                self.include_uncommitted = Some(*reply == Reply::Yes);
            }
            Some(Answered { question: Question::RunAgain { .. }, reply: Reply::Yes }) => {
                self.options.again = true;
            }
            _ => {}
        }
        if self.options.again && self.task.is_none() {
            return Err(Error::user("only a single task is run again")
                .hint(Hint::NameTask { plan: Some(self.plan.clone()) }));
        }
        let plan = project.plan_named(&self.plan)?;
        unsaved::refuse_plan(front_end, &plan)?;
        project.align(&plan)?;
        if let Some(said) = &said {
            settle(project, &plan, said)?;
        }
        let known = match self.task {
            Some(_) => Known::new(&project.store, &plan)?,
            None => start::known_for_run(project, &plan)?,
        };
        let mut tasks = start::tasks_to_run(&plan, &known, self.task.as_deref())?;
        let whole = self.task.is_none() && !self.only_one && !start::is_one_enough(project, &plan)?;
        let branch = match self.task {
            None => run_branch::of_start(project, &plan, &self.options)?,
            Some(_) => None,
        };
        if let Some(branch) = branch.as_ref().filter(|_| !whole) {
            return Err(Error::user(format!(
                "{} lands on {} as a whole, and one task of it alone would land on your own branch",
                plan.name, branch.name
            ))
            .hint("leave --single-task and `single_task_mode` out, or --branch and `lands`"));
        }
        self.options.onto = branch.as_ref().map(|branch| branch.name.clone());
        let Some(chosen) = first_that_can_start(project, front_end, &plan, &known, &tasks, &self.options)?
        else {
            drop(known);
            return Ok(Step::Done(Started {
                plan,
                tasks,
                begun: Vec::new(),
                left: Vec::new(),
                archived: None,
            }));
        };
        let (task, mut startable) = chosen;
        let options = whole.then(|| RunOptions {
            options: self.options.clone(),
            editor: project.editor.clone(),
            include_uncommitted: self.include_uncommitted.unwrap_or(false),
            target: branch.as_ref().and_then(|branch| branch.target.clone()),
            max_parallel: self.max_parallel,
        });
        if whole {
            // When the later tasks begin, nobody may be there to answer, so everything is asked now.
            let items = start::commands_of(project, tasks.iter().map(|task| (&plan, task)), &self.options);
            if let Some(question) = trust(project, &plan.name, &items)? {
                return Ok(Step::Ask(question));
            }
        }
        if let Some(question) = startable.question(project, &plan, self.include_uncommitted)? {
            return Ok(Step::Ask(question));
        }
        let archived = startable.archives_before(project, &plan);
        let key = plan.key(&task);
        if let Some(branch) = branch.filter(|_| startable.begins()) {
            run_branch::make(project, &branch, &key, self.include_uncommitted.unwrap_or(false))?;
            startable = Startable::find(project, front_end, &plan, &task, &self.options)?
                .after(&plan, &known, &task)?;
        }
        drop(known);
        let went_on = matches!(startable.prepared, Prepared::GoOn { .. });
        let mut begun = Vec::new();
        let mut left = Vec::new();
        match startable.begin(project, &plan, self.include_uncommitted, &more(&self.options))? {
            None => begun.push(Begun { task: key, went_on, how: How::Settled }),
            Some(lock) => {
                let run_id =
                    match options.map(|options| plan_run::begin_with(project, &lock, &plan.name, &options)) {
                        Some(Err(error)) => {
                            drop(lock);
                            project.end_leftovers()?;
                            return Err(error);
                        }
                        id => id.transpose()?,
                    };
                // Before its runner is on its own, and may be gone again.
                let advanced = run_id.map(|id| plan_run::advance(project, id)).transpose();
                let how = run(project, front_end, lock, self.in_background)?;
                begun.push(Begun { task: key, went_on, how });
                if let Some(advanced) = advanced? {
                    begun.extend(go(project, front_end, advanced.begun, self.in_background)?);
                    left = advanced.left;
                }
            }
        }
        if !whole {
            tasks.retain(|other| begun.iter().any(|begun| begun.task.id == other.id));
        }
        Ok(Step::Done(Started { plan, tasks, begun, left, archived }))
    }
}

/// Takes what the user said of a task that may be another one in other words.
fn settle(project: &mut Project, plan: &PlanFile, said: &Answered) -> Result<()> {
    let Question::SameTask { task: key, row, .. } = &said.question else { return Ok(()) };
    // Asked again, should the plan have been edited meanwhile.
    let Some(task) = plan.plan.tasks.iter().find(|task| plan.key(task) == *key) else { return Ok(()) };
    if Known::new(&project.store, plan)?.perhaps(task).is_none_or(|perhaps| perhaps.key != row.key) {
        return Ok(());
    }
    match said.reply {
        Reply::Yes => project.take_for_same(plan, task, row),
        Reply::No => project.take_for_new(plan, row),
    }
}

/// Hands the loops that a run of a plan began to background processes, or to who drives the request.
pub(super) fn go(
    project: &mut Project,
    front_end: &dyn FrontEnd,
    begun: Vec<(TaskKey, LoopLock)>,
    in_background: bool,
) -> Result<Vec<Begun>> {
    begun
        .into_iter()
        .map(|(task, lock)| {
            let how = run(project, front_end, lock, in_background)?;
            Ok(Begun { task, went_on: false, how })
        })
        .collect()
}

/// Hands a loop over to a background process, or to who drives the request. Should that fail, the loop is `interrupted`
/// at once, and not only when somebody looks.
pub(super) fn run(
    project: &mut Project,
    front_end: &dyn FrontEnd,
    lock: LoopLock,
    in_background: bool,
) -> Result<How> {
    if !in_background {
        return Ok(How::Here(lock));
    }
    let detached = start::detach(project, lock, &front_end.program());
    if detached.is_err()
        && let Err(error) = project.end_leftovers()
    {
        tracing::error!("a loop without a runner is still said to run: {}", error.message);
    }
    detached.map(|()| How::InBackground)
}

fn more(options: &StartOptions) -> More {
    More { max_iterations: options.max_iterations, reset_breaker: false, max_cost_usd: options.max_cost }
}

/// Finds the first of these tasks whose loop can begin or go on. Without one, the first task says why, or that it is
/// settled; `None` if there is no task.
fn first_that_can_start(
    project: &Project,
    front_end: &dyn FrontEnd,
    plan: &PlanFile,
    known: &Known<'_>,
    tasks: &[Task],
    options: &StartOptions,
) -> Result<Option<(Task, Startable)>> {
    let mut first = None;
    for task in tasks {
        let found = Startable::find(project, front_end, plan, task, options)
            .and_then(|found| found.after(plan, known, task));
        match found {
            Ok(startable) if !startable.is_settled() => return Ok(Some((task.clone(), startable))),
            other => {
                first.get_or_insert_with(|| other.map(|startable| (task.clone(), startable)));
            }
        }
    }
    first.transpose()
}

/// A task, with everything that its loop needs before it can begin. To find that out costs a `git status`, so the
/// result is kept.
#[derive(Debug)]
pub(super) struct Startable {
    prepared: Prepared,
    task: TaskKey,
    title: String,
}

impl Startable {
    /// Finds out what a task's loop needs before it can begin. Refuses a task that cannot be run; changes nothing.
    ///
    /// # Errors
    ///
    /// Why no loop of the task can begin or go on now.
    pub(super) fn find(
        project: &Project,
        front_end: &dyn FrontEnd,
        plan: &PlanFile,
        task: &Task,
        options: &StartOptions,
    ) -> Result<Self> {
        loops::until_unrun(project, &plan.key(task))?;
        let prepared = start::prepare(project, plan, task, options)?;
        match &prepared {
            Prepared::Settled | Prepared::Perhaps { .. } | Prepared::RunAgain { .. } => {}
            Prepared::GoOn { row, text } => {
                start::check_continue(project, row, &text.limits(row, more(options))?, false)?;
                unsaved::refuse_in_place(project, front_end, &text.spec)?;
            }
            Prepared::Begin { spec, .. } => unsaved::refuse_in_place(project, front_end, spec)?,
        }
        Ok(Self { prepared, task: plan.key(task), title: task.title.clone() })
    }

    /// Lets its loop begin after the tasks that it was found to depend on, with their work. One that began goes on.
    fn after(mut self, plan: &PlanFile, known: &Known<'_>, task: &Task) -> Result<Self> {
        if let Prepared::Begin { spec, .. } = &mut self.prepared {
            if let Some(by) = known.held_back_by(task) {
                return Err(start::held_back(&plan.key(task), by));
            }
            spec.also_after = known.detected(task).iter().map(|detected| detected.on.clone()).collect();
        }
        Ok(self)
    }

    fn begins(&self) -> bool {
        matches!(self.prepared, Prepared::Begin { .. })
    }

    /// Archives what was worked on before of a plan that was written anew, if that is wanted. Returns the folder.
    fn archives_before(&self, project: &mut Project, plan: &PlanFile) -> Option<String> {
        let Prepared::Begin { spec, .. } = &self.prepared else { return None };
        let archived = if spec.archive { archive::previous(project, plan) } else { Ok(None) };
        archived.unwrap_or_else(|error| {
            tracing::warn!("what was over of {} is not archived: {}", plan.name, error.message);
            None
        })
    }

    fn is_settled(&self) -> bool {
        matches!(self.prepared, Prepared::Settled)
    }

    /// What the user is asked before the loop runs, if anything is left to ask.
    ///
    /// # Errors
    ///
    /// What the user allowed cannot be read.
    pub(super) fn question(
        &self,
        project: &Project,
        plan: &PlanFile,
        include: Option<bool>,
    ) -> Result<Option<Question>> {
        let (spec, uncommitted) = match &self.prepared {
            Prepared::Settled => return Ok(None),
            Prepared::Perhaps { row } => {
                let (task, title, row) = (self.task.clone(), self.title.clone(), row.clone());
                return Ok(Some(Question::SameTask { task, title, row }));
            }
            Prepared::RunAgain { row } => {
                return Ok(Some(Question::RunAgain { task: self.task.clone(), row: row.clone() }));
            }
            Prepared::GoOn { text, .. } => (&text.spec, None),
            Prepared::Begin { spec, uncommitted, .. } => (&**spec, Some(uncommitted)),
        };
        if let Some(question) = trust(project, &plan.name, &spec.commands)? {
            return Ok(Some(question));
        }
        let files = uncommitted.filter(|files| include.is_none() && !files.is_empty());
        Ok(files.map(|files| Question::Uncommitted { files: files.clone() }))
    }

    /// Begins the loop, or takes it over, once there is no question left. `None` if the task is settled.
    ///
    /// # Errors
    ///
    /// Why the loop could not be begun or taken over.
    pub(super) fn begin(
        self,
        project: &mut Project,
        plan: &PlanFile,
        include: Option<bool>,
        more: &More,
    ) -> Result<Option<LoopLock>> {
        Ok(match self.prepared {
            Prepared::Settled => None,
            Prepared::Perhaps { row } => return Err(start::in_doubt(&self.task, &row)),
            Prepared::RunAgain { row } => return Err(start::merged_already(&self.task, &row)),
            Prepared::GoOn { row, text } => {
                let more = text.limits(&row, *more)?;
                Some(start::take_over(project, &row, &text, &more)?)
            }
            Prepared::Begin { spec, start, problems, .. } => {
                for problem in &problems {
                    tracing::warn!("{problem}");
                }
                Some(start::begin(project, plan, &spec, start, include.unwrap_or(false), None)?)
            }
        })
    }
}
