//! Writes a task about a place in a file into the inbox, and starts its loop.

use super::{Answered, FrontEnd, Question, Reply, Request, Step, start::Startable, start::run, trust::allow};
use crate::{
    Error, ErrorKind, Result,
    inbox::{self, INBOX, Subject},
    project::{PlanFile, Project},
    start::{More, StartOptions},
};
use alfine_core::{hint::Hint, plan::Task, task::TaskKey};

/// Writes a task about a place in a file into the inbox, and starts its loop in the background.
#[derive(Debug)]
pub struct StartHere {
    /// What the task is about.
    pub subject: Subject,
    include_uncommitted: Option<bool>,
    /// The inbox with the task in it, and the task's id, once an editor was asked to write it.
    appended: Option<(PlanFile, String)>,
}

impl StartHere {
    /// Creates the request to start on a place.
    pub fn new(subject: Subject) -> Self {
        Self { subject, include_uncommitted: None, appended: None }
    }
}

impl Request for StartHere {
    type Done = TaskKey;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<TaskKey>> {
        allow(project, answered.as_ref())?;
        match answered {
            Some(Answered { question: Question::Append { .. }, reply: Reply::Yes }) => {
                let (plan, id) = self.appended.take().ok_or_else(lost)?;
                return self.start(project, front_end, &plan, &id, None);
            }
            Some(Answered { question: Question::Uncommitted { .. }, reply }) => {
                self.include_uncommitted = Some(reply == Reply::Yes);
            }
            _ => {}
        }
        // All questions and refusals come before the task is written, so that none of them leaves a task behind.
        let path = project.repository.workdir().join(INBOX);
        let open = front_end.open_text(&path);
        let inbox = match &open {
            Some(text) => text.clone(),
            None => inbox::read(project)?,
        };
        let id = inbox::free_id(project, &inbox)?;
        let addition = self.subject.task(&inbox, &id);
        let plan = inbox::plan_file(project, format!("{inbox}{addition}"));
        let startable =
            Startable::find(project, front_end, &plan, task(&plan, &id)?, &StartOptions::default())?;
        if let Some(question) = startable.question(project, &plan, self.include_uncommitted)? {
            return Ok(Step::Ask(question));
        }
        if open.is_some() {
            self.appended = Some((plan, id.clone()));
            return Ok(Step::Ask(Question::Append { path, text: addition, id }));
        }
        let (text, written) = inbox::append(project, |inbox| {
            let id = inbox::free_id(project, inbox)?;
            let task = self.subject.task(inbox, &id);
            Ok((id, task))
        })?;
        // Another process may have taken the id in the meantime.
        let startable = (written == id).then_some(startable);
        self.start(project, front_end, &inbox::plan_file(project, text), &written, startable)
    }
}

impl StartHere {
    fn start(
        &self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        plan: &PlanFile,
        id: &str,
        startable: Option<Startable>,
    ) -> Result<Step<TaskKey>> {
        let task = task(plan, id)?;
        let key = plan.key(task);
        let startable = match startable {
            Some(startable) => startable,
            None => Startable::find(project, front_end, plan, task, &StartOptions::default())?,
        };
        if startable.question(project, plan, self.include_uncommitted)?.is_none()
            && let Some(lock) = startable.begin(project, plan, self.include_uncommitted, &More::default())?
        {
            run(project, front_end, lock, true)?;
            return Ok(Step::Done(key));
        }
        Err(Error::user(format!("{key} was written and not started: what it would run changed meanwhile"))
            .hint(Hint::Start { task: key }))
    }
}

fn task<'a>(plan: &'a PlanFile, id: &str) -> Result<&'a Task> {
    plan.plan.tasks.iter().find(|task| task.id.0 == id).ok_or_else(lost)
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the task that was written cannot be found again")
}
