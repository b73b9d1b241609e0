//! What a loop asks is answered, and the loop goes on.

use super::{
    FrontEnd, Question, Reply, Request, Step,
    start::{How, run},
    trust::{allow, trust},
    unsaved,
};
use crate::{Error, Result, control, loops, project::Project, start, task_spec::TaskSpec};
use alfine_core::printable::printable;
use alfine_core::{
    hint::Hint,
    machine::{Answer, AskKind},
    task::TaskKey,
};
use alfine_store::ApprovalRow;

/// Answers what a loop asks.
#[derive(Debug)]
pub struct AnswerRequest {
    /// The task.
    pub task: TaskKey,
    /// The number of the question that is meant; without it the one that is open.
    pub approval: Option<i64>,
    /// The answer. If it is empty and the loop asks for an approval, the user is asked for yes or no.
    pub answer: Answer,
    /// Whether the loop rests on with its answer instead of going on.
    pub hold: bool,
    asked: Option<Question>,
}

impl AnswerRequest {
    /// Creates the request to answer what a task's loop asks, and to let the loop go on in the background.
    pub fn new(task: TaskKey, approval: Option<i64>, answer: Answer) -> Self {
        Self { task, approval, answer, hold: false, asked: None }
    }

    /// The question that the loop waits with.
    ///
    /// # Errors
    ///
    /// The loop asks nothing, or not the question that is meant.
    pub fn question(&self, project: &Project) -> Result<ApprovalRow> {
        let key = &self.task;
        let row = loops::live_loop(project, key)?;
        let Some(last) = start::open_question(project, &row.id)? else {
            return Err(Error::user(format!("{key} asks nothing; it is {}", row.status))
                .hint(Hint::Steer { task: key.clone() }));
        };
        match self.approval {
            Some(id) if id != last.id => Err(Error::user(format!(
                "question {id} of {key} is not open any more; {} is: {}",
                last.id,
                printable(&last.text)
            ))
            .hint("answer that one")),
            _ => Ok(last),
        }
    }
}

impl Request for AnswerRequest {
    type Done = ();

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        reply: Option<Reply>,
    ) -> Result<Step<()>> {
        match (self.asked.take(), reply) {
            (Some(Question::Approval { .. }), Some(reply)) => {
                self.answer.approved = Some(reply == Reply::Yes);
            }
            (asked, reply) => allow(project, asked, reply)?,
        }
        loops::until_unrun(project, &self.task)?;
        let asked = self.question(project)?;
        let question = if self.answer == Answer::default() {
            if asked.kind != AskKind::Approval {
                return Err(Error::user("the answer is empty").hint("answer in words"));
            }
            Some(Question::Approval { task: self.task.clone(), asked: Box::new(asked) })
        } else if self.hold {
            None
        } else {
            trust(project, &self.task, &TaskSpec::of(&loops::live_loop(project, &self.task)?)?)?
        };
        if let Some(question) = question {
            self.asked = Some(question.clone());
            return Ok(Step::Ask(question));
        }
        let row = loops::live_loop(project, &self.task)?;
        unsaved::refuse_in_place(project, front_end, &TaskSpec::of(&row)?)?;
        if loops::is_running(&project.layout, &row.id)? {
            return Err(start::held(project, &self.task));
        }
        control::answer(project, &self.task, &self.answer)?;
        if self.hold {
            return Ok(Step::Done(()));
        }
        // Should somebody else take the loop over first, it goes on with this answer just the same.
        match start::claim(project, &row.id) {
            Ok(lock) => run(project, front_end, lock, true).map(|_: How| Step::Done(())),
            Err(error) if !loops::is_running(&project.layout, &row.id)? => Err(error),
            Err(_) => Ok(Step::Done(())),
        }
    }
}
