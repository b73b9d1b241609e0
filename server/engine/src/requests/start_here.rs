//! A task about a place in a file is written into the inbox, and its loop is started.

use super::{FrontEnd, Question, Reply, Request, Startable, Step, start::run, trust::allow};
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
    asked: Option<Question>,
    /// The inbox with the task in it, and the task's id, once an editor was asked to write it.
    appended: Option<(PlanFile, String)>,
}

impl StartHere {
    /// Creates the request to start on a place.
    pub fn new(subject: Subject) -> Self {
        Self { subject, include_uncommitted: None, asked: None, appended: None }
    }
}

impl Request for StartHere {
    type Done = TaskKey;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        reply: Option<Reply>,
    ) -> Result<Step<TaskKey>> {
        match (self.asked.take(), reply) {
            (Some(Question::Append { .. }), Some(Reply::Yes)) => {
                let written = self.appended.take();
                let (plan, id) = written.ok_or_else(lost)?;
                return self.start(project, front_end, &plan, &id, None);
            }
            (Some(Question::Uncommitted { .. }), Some(reply)) => {
                self.include_uncommitted = Some(reply == Reply::Yes);
            }
            (asked, reply) => allow(project, asked, reply)?,
        }
        // First everything is asked and refused; then the task is written.
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
        let question = startable.question(project, &plan, self.include_uncommitted)?;
        if let Some(question) = question {
            self.asked = Some(question.clone());
            return Ok(Step::Ask(question));
        }
        if open.is_some() {
            self.appended = Some((plan, id.clone()));
            let question = Question::Append { path, text: addition, id };
            self.asked = Some(question.clone());
            return Ok(Step::Ask(question));
        }
        let (text, written) = inbox::append(project, |inbox| {
            let id = inbox::free_id(project, inbox)?;
            let task = self.subject.task(inbox, &id);
            Ok((id, task))
        })?;
        // Somebody else may have taken the id meanwhile.
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
        match startable.begin(project, plan, self.include_uncommitted, &More::default())? {
            Step::Done(Some(lock)) => {
                run(project, front_end, lock, true)?;
                Ok(Step::Done(key))
            }
            _ => Err(Error::user(format!(
                "{key} was written and not started: what it would run changed meanwhile"
            ))
            .hint(Hint::Start { task: key })),
        }
    }
}

fn task<'a>(plan: &'a PlanFile, id: &str) -> Result<&'a Task> {
    plan.plan.tasks.iter().find(|task| task.id.0 == id).ok_or_else(lost)
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the task that was written is not found again")
}
