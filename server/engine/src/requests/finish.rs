//! The requests about a loop's work: merge it, throw it away, set it back, begin again from an earlier tree.

use super::{
    Answered, FrontEnd, Question, Reply, Request, Step,
    resting::resting,
    start::{How, run},
    trust::{allow, trust},
    unsaved,
};
use crate::{
    Result,
    finish::{self, MergedTask, Way},
    loops,
    project::Project,
};
use alfine_core::{news::Mend, task::TaskKey};
use alfine_git::WorkingCopies;
use std::path::Path;

/// Merges a done task, and ticks it in its plan. Where the branch has moved so that the checks have not seen what would lie
/// there, they run on that first.
#[derive(Debug)]
pub struct Merge {
    /// The task.
    pub task: TaskKey,
    /// The branch to merge into; if it is `None`, the branch that the task was based on.
    pub into: Option<String>,
    /// Whether the user said already that unmerged work of others that it was built on lands with it.
    pub with_others: bool,
    /// Whether a background process runs those checks; else who drives the request has the loop's lock.
    pub in_background: bool,
}

/// What became of a merge.
#[derive(Debug)]
pub enum Merging {
    /// It is made.
    Merged(Box<MergedTask>),
    /// The checks run first; then it is made.
    Lands(How),
}

impl Request for Merge {
    type Done = Merging;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Merging>> {
        loops::until_unrun(project, &self.task)?;
        let with = finish::lands_too(project, &self.task, self.into.as_deref())?;
        let may = self.with_others || answered.is_some_and(|answered| answered.reply == Reply::Yes);
        if !with.is_empty() && !may {
            return Ok(Step::Ask(Question::LandsToo { task: self.task.clone(), with }));
        }
        let is_open = |path: &Path| front_end.is_open(path);
        // What is open is the editor's to change.
        let tick = WorkingCopies::Except(&is_open);
        let is_unsaved = |path: &Path| front_end.is_unsaved(path);
        let into = self.into.as_deref();
        let _turn = match finish::way_of(project, &self.task, into, (may, false), None)? {
            Way::Now(turn) => turn,
            Way::First(landing) => {
                let lock = finish::begin_landing(project, &self.task, landing)?;
                return run(project, front_end, lock, self.in_background).map(Merging::Lands).map(Step::Done);
            }
        };
        // What is done lands under its own name.
        let later = finish::merge_others(project, &with, into, tick, &is_unsaved)?;
        let merged = finish::merge(project, &self.task, into, tick, &is_unsaved, may)?;
        // Their work is there now; it only has to be said.
        for one in later {
            finish::merge(project, &one.task, into, tick, &is_unsaved, true)?;
        }
        Ok(Step::Done(Merging::Merged(Box::new(merged))))
    }
}

/// Throws a task's worktree and branch away; its checkpoints stay.
#[derive(Debug)]
pub struct Discard {
    /// The task.
    pub task: TaskKey,
    /// Whether the user said so already.
    pub confirmed: bool,
}

impl Request for Discard {
    type Done = ();

    fn next(
        &mut self,
        project: &mut Project,
        _: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<()>> {
        if !self.confirmed && !answered.is_some_and(|answered| answered.reply == Reply::Yes) {
            return Ok(Step::Ask(Question::Discard { task: self.task.clone() }));
        }
        loops::until_unrun(project, &self.task)?;
        finish::discard(project, &self.task).map(Step::Done)
    }
}

/// Sets a loop's tree back to what it was after an iteration.
#[derive(Debug)]
pub struct Rewind {
    /// The task.
    pub task: TaskKey,
    /// The iteration; 0 is before the first.
    pub iteration: u32,
    /// Whether the loop keeps the text that it began with, although its plan was edited since.
    pub keep_plan: bool,
}

impl Request for Rewind {
    /// What is other in the plan than before.
    type Done = Vec<Mend>;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        _: Option<Answered>,
    ) -> Result<Step<Vec<Mend>>> {
        let (_, text) = resting(project, &self.task, self.keep_plan)?;
        unsaved::refuse_in_place(project, front_end, &text.spec)?;
        finish::rewind(project, &self.task, self.iteration, &text, front_end.program())?;
        Ok(Step::Done(text.changes))
    }
}

/// Begins a task again from what its loop was after an iteration, in the background.
#[derive(Debug)]
pub struct ForkRequest {
    /// The task.
    pub task: TaskKey,
    /// The iteration; 0 is before the first.
    pub iteration: u32,
    /// Whether the loop keeps the text that it began with, although its plan was edited since.
    pub keep_plan: bool,
}

impl Request for ForkRequest {
    /// What is other in the plan than before.
    type Done = Vec<Mend>;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Vec<Mend>>> {
        allow(project, answered.as_ref())?;
        let (_, text) = resting(project, &self.task, self.keep_plan)?;
        if let Some(question) = trust(project, &self.task.plan, &text.spec.commands)? {
            return Ok(Step::Ask(question));
        }
        let lock = finish::fork(project, &self.task, self.iteration, &text)?;
        run(project, front_end, lock, true)?;
        Ok(Step::Done(text.changes))
    }
}
