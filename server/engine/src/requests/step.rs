//! The steps of a request, and what a front end answers to each.

use super::FrontEnd;
use crate::{
    Result,
    built_on::LandsToo,
    control::{self, Posted},
    project::Project,
};
use alfine_agents::Permissions;
use alfine_config::{OnDone, trust::TrustItem};
use alfine_core::{checkout::CheckoutChange, plan::Isolation, task::TaskKey};
use alfine_files::Layout;
use alfine_store::{ApprovalRow, Store, TaskRow};
use std::{path::PathBuf, time::Duration};

/// Something that a front end has done, step by step.
pub trait Request {
    /// What comes of it.
    type Done;

    /// Goes one step on. `answered` is the question of the step before, and is `None` at the beginning.
    ///
    /// # Errors
    ///
    /// Why it cannot be done. Nothing was changed then, unless the error says so; the request is over.
    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Self::Done>>;
}

/// How far a request came.
#[derive(Debug)]
pub enum Step<T> {
    /// The user is asked; the request goes on with the reply. A question that nobody answers ends the request.
    Ask(Question),
    /// Another process does its part; then the request is over. Wait without the project, so that others can use it.
    Wait(Wait, T),
    /// The request is done.
    Done(T),
}

/// What only the user can say.
#[derive(Debug)]
pub enum Question {
    /// Whether these texts of the repository and its plan may run on this machine, here and from now on. The reply
    /// *yes* is remembered.
    Trust {
        /// The plan's path from the root; empty if it is about no plan.
        plan: String,
        /// The commands that would run.
        items: Vec<TrustItem>,
    },
    /// Whether the loop starts from the user's uncommitted changes, too, or without them.
    Uncommitted {
        /// The files, from the root.
        files: Vec<PathBuf>,
    },
    /// Whether a task of the plan is the one that was begun before, in other words. *No*: it is a new task.
    SameTask {
        /// The task as the plan has it now.
        task: TaskKey,
        /// Its title.
        title: String,
        /// The task that it may be.
        row: Box<TaskRow>,
    },
    /// Whether a task is run again that was merged and whose box is open.
    RunAgain {
        /// The task.
        task: TaskKey,
        /// Its row.
        row: Box<TaskRow>,
    },
    /// Whether the work that a loop claims to be ready is.
    Approval {
        /// The task.
        task: TaskKey,
        /// What its loop asks.
        asked: Box<ApprovalRow>,
    },
    /// Whether a task is merged together with unmerged work of others that it was built on.
    LandsToo {
        /// The task.
        task: TaskKey,
        /// That work.
        with: Vec<LandsToo>,
    },
    /// Whether a task's worktree and branch are removed.
    Discard {
        /// The task.
        task: TaskKey,
    },
    /// Whether what changed in the user's checkout is brought back.
    RestoreCheckout {
        /// The task whose agent ran meanwhile.
        task: TaskKey,
        /// What changed.
        changes: Vec<CheckoutChange>,
    },
    /// Whether a goal is worked on as this says. *Yes* allows what is said to run.
    Goal(Box<GoalQuestion>),
    /// Not to the user, but to the editor that has this file open: put this text at its end. *Yes* says that it is
    /// there.
    Append {
        /// The file.
        path: PathBuf,
        /// The text to add.
        text: String,
        /// What the text is: the id of a task.
        id: String,
    },
}

/// What the user says yes to before a goal is worked on.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalQuestion {
    /// The task's title.
    pub title: String,
    /// The agent.
    pub agent: String,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// Where it works.
    pub isolation: Isolation,
    /// Everything that runs on this machine for it, allowed before or not.
    pub commands: Vec<TrustItem>,
    /// The checks that have to pass.
    pub checks: Vec<String>,
    /// What becomes of the work.
    pub on_done: OnDone,
    /// The branch that is checked out, if one is.
    pub branch: Option<String>,
    /// Whether the repository has no commit yet, so that what lies in it becomes its first one.
    pub first_commit: bool,
}

/// A question of a request, and what the user said to it.
#[derive(Debug)]
pub struct Answered {
    /// The question.
    pub question: Question,
    /// The answer.
    pub reply: Reply,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Allowed, taken along, approved, removed, brought back, added.
    Yes,
    /// Rejected, or without what was offered. A question whose *no* ends the request gets no such reply.
    No,
}

/// A command that lies in a runner's mailbox.
#[derive(Debug, Clone)]
pub struct Wait {
    layout: Layout,
    task: TaskKey,
    posted: Posted,
    /// How long it may take the loop to come to rest after that, if the request is about that.
    pub(super) to_rest: Option<Duration>,
}

impl Wait {
    pub(super) fn new(project: &Project, task: &TaskKey, posted: Posted) -> Self {
        Self { layout: project.layout.clone(), task: task.clone(), posted, to_rest: None }
    }

    /// Blocks until a living runner took the command. Uses the database by itself.
    ///
    /// # Errors
    ///
    /// The runner refused the command, ended, or did not answer in time.
    pub fn wait(&self) -> Result<()> {
        let mut store = Store::open(&self.layout)?.store;
        control::until_taken(&mut store, &self.layout, &self.task, self.posted)?;
        if let Some(within) = self.to_rest {
            // Should ending the agent take longer, the answer says where the loop is by then.
            control::until_rest(&store, &self.layout, &self.task, within)?;
        }
        Ok(())
    }
}
