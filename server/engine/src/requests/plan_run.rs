//! Holds, stops and continues the run of a plan, with all of its loops.

use super::{
    Answered, Begun, FrontEnd, Request, Step,
    resting::resting,
    start::{go, run},
    trust::{allow, trust},
    unsaved,
};
use crate::{
    Error, Result, control, plan_run,
    project::Project,
    start::{self, More},
};
use alfine_core::{
    budget::Short,
    hint::Hint,
    machine::Command,
    plan_run::RunState,
    task::{TaskKey, TaskStatus},
};
use alfine_store::LoopRow;

/// Gives a command to every loop of a plan that works: pause or stop. No other task of the plan begins then.
#[derive(Debug)]
pub struct HoldPlan {
    /// The plan's path from the root.
    pub plan: String,
    /// The command.
    pub command: Command,
}

impl Request for HoldPlan {
    type Done = Vec<TaskKey>;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        _: Option<Answered>,
    ) -> Result<Step<Vec<TaskKey>>> {
        let state = if self.command == Command::Stop { RunState::Stopping } else { RunState::Paused };
        let held = plan_run::hold(project, &self.plan, state)?;
        let works = |row: &LoopRow| {
            row.needs_runner() || (state == RunState::Stopping && row.status == TaskStatus::Paused)
        };
        let loops: Vec<TaskKey> =
            live_loops(project, &self.plan)?.into_iter().filter(works).map(|row| row.task).collect();
        if !held && loops.is_empty() {
            return Err(Error::user(format!("nothing of {} is at work", self.plan))
                .hint(Hint::StartAll { plan: self.plan.clone() }));
        }
        for task in &loops {
            control::post(project, task, &self.command, front_end.program())?;
        }
        plan_run::settle(project, &self.plan)?;
        Ok(Step::Done(loops))
    }
}

/// Lets the run of a plan go on: its loops that were held or cut off, and then the tasks that can begin.
#[derive(Debug)]
pub struct ContinuePlan {
    /// The plan's path from the root.
    pub plan: String,
    /// Whether background processes run the loops; else who drives the request has their locks.
    pub in_background: bool,
    /// Whether loops keep the text that they began with, although their plan was edited since.
    pub keep_plan: bool,
    /// US dollars that the run may cost from now on, if that is said.
    pub budget: Option<f64>,
}

/// What goes on.
#[derive(Debug)]
pub struct PlanContinued {
    /// The tasks whose loops go on, or were begun.
    pub begun: Vec<Begun>,
    /// The tasks that could have been begun but were not, each with the reason.
    pub left: Vec<(TaskKey, Error)>,
    /// The budget that holds the run up; `None` if none does.
    pub short: Option<Short>,
}

impl Request for ContinuePlan {
    type Done = PlanContinued;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<PlanContinued>> {
        allow(project, answered.as_ref())?;
        if let Some(budget) = self.budget.filter(|budget| !budget.is_finite() || *budget <= 0.0) {
            return Err(Error::user(format!(
                "a budget must be a positive number of US dollars, not {budget}"
            )));
        }
        let file = project.plan_named(&self.plan)?;
        unsaved::refuse_plan(front_end, &file)?;
        project.align(&file)?;
        let Some(last) = project.store.last_plan_run(&self.plan)? else {
            return Err(Error::user(format!("{} was not started as a whole", self.plan))
                .hint(Hint::StartAll { plan: self.plan.clone() }));
        };
        let mut found = Vec::new();
        for row in live_loops(project, &self.plan)? {
            if row.plan_run != Some(last.id) || !plan_run::is_held(&row) {
                continue;
            }
            let (row, text) = resting(project, &row.task, self.keep_plan)?;
            let more = text.limits(&row, More::default())?;
            start::check_continue(project, &row, &more, self.keep_plan)?;
            if let Some(question) = trust(project, &self.plan, &text.spec.commands)? {
                return Ok(Step::Ask(question));
            }
            unsaved::refuse_in_place(project, front_end, &text.spec)?;
            found.push((row, text, more));
        }
        plan_run::resume(project, &last, self.budget)?;
        let mut locks = Vec::new();
        for (row, text, more) in found {
            locks.push((start::take_over(project, &row, &text, &more)?, row.task));
        }
        // Before their runners are on their own, and may be gone again.
        let advanced = plan_run::advance(project, last.id);
        let mut begun = Vec::new();
        for (lock, task) in locks {
            let how = run(project, front_end, lock, self.in_background)?;
            begun.push(Begun { task, went_on: true, how });
        }
        let advanced = advanced?;
        begun.extend(go(project, front_end, advanced.begun, self.in_background)?);
        let short = project.store.plan_run(last.id)?.and_then(|run| run.short);
        Ok(Step::Done(PlanContinued { begun, left: advanced.left, short }))
    }
}

fn live_loops(project: &Project, plan: &str) -> Result<Vec<LoopRow>> {
    Ok(project.store.live_loops()?.into_iter().filter(|row| row.task.plan == plan).collect())
}
