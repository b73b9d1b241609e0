//! What a loop asks is answered, and the loop goes on.

use super::{
    Answered, FrontEnd, Question, Reply, Request, Step,
    resting::resting,
    start::run,
    trust::{allow, trust},
    unsaved,
};
use crate::{Error, Result, built_on, control, loops, project::Project, start};
use alfine_core::{
    hint::Hint,
    landing::Landing,
    machine::Answer,
    printable::printable,
    task::{TaskKey, TaskStatus},
};
use alfine_store::{ApprovalRow, LoopRow};

/// Answers what a loop asks, and lets the loop go on in the background.
#[derive(Debug, Clone)]
pub struct AnswerRequest {
    /// The task.
    pub task: TaskKey,
    /// The number of the question that is meant; if it is `None`, the open question.
    pub approval: Option<i64>,
    /// The answer. If it is empty and the loop asks for an approval, the user is asked for yes or no.
    pub answer: Answer,
    /// Whether approved work is merged as soon as it is done.
    pub merge: bool,
    /// Whether the loop rests on with its answer instead of going on.
    pub hold: bool,
}

impl AnswerRequest {
    /// The question that the loop waits with.
    ///
    /// # Errors
    ///
    /// The loop asks nothing, or not the question that is meant.
    pub fn question(&self, project: &Project) -> Result<ApprovalRow> {
        let key = &self.task;
        let row = loops::live_loop(project, key)?;
        let open = loops::open_question(&project.store, &row.id)?;
        let Some(open) = open.filter(|_| row.status == TaskStatus::NeedsInput) else {
            return Err(Error::user(format!("{key} asks nothing; it is {}", row.status))
                .hint(Hint::Steer { task: key.clone() }));
        };
        match self.approval {
            Some(id) if id != open.id => Err(Error::user(format!(
                "question {id} of {key} is not open any more; {} is: {}",
                open.id,
                printable(&open.text)
            ))
            .hint("answer that one")),
            _ => Ok(open),
        }
    }
}

impl Request for AnswerRequest {
    type Done = ();

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<()>> {
        allow(project, answered.as_ref())?;
        let mut with_others = false;
        match answered {
            Some(Answered { question: Question::Approval { .. }, reply }) => {
                self.answer.approved = Some(reply == Reply::Yes);
            }
            Some(Answered { question: Question::LandsToo { .. }, reply }) => {
                with_others = reply == Reply::Yes;
            }
            Some(_) | None => {}
        }
        let (row, text) = resting(project, &self.task, false)?;
        let asked = self.question(project)?;
        if self.answer == Answer::default() {
            return match asked.kind.is_yes_or_no() {
                true => Ok(Step::Ask(Question::Approval { task: self.task.clone(), asked: Box::new(asked) })),
                false => Err(Error::user("the answer is empty").hint("answer in words")),
            };
        }
        if self.merge && self.answer.landing.is_none() {
            let into = merges_into(&self.task, &row, &asked)?;
            let with = built_on::lands_too(project, &row, &into)?;
            if !with.is_empty() && !with_others {
                return Ok(Step::Ask(Question::LandsToo { task: self.task.clone(), with }));
            }
            self.answer.landing = Some(Landing { into, with_others, unattended: false });
        }
        if !self.hold
            && let Some(question) = trust(project, &self.task.plan, &text.spec.commands)?
        {
            return Ok(Step::Ask(question));
        }
        unsaved::refuse_in_place(project, front_end, &text.spec)?;
        if loops::is_running(&project.layout, &row.id)? {
            return Err(start::held(project, &self.task));
        }
        control::answer(project, &self.task, &asked, &self.answer)?;
        if self.hold {
            return Ok(Step::Done(()));
        }
        // Should somebody else take the loop over first, it goes on with this answer just the same.
        match start::claim(project, &row.id) {
            Ok(lock) => {
                text.take(project, &lock, &row)?;
                run(project, front_end, lock, true).map(|_| Step::Done(()))
            }
            Err(error) if !loops::is_running(&project.layout, &row.id)? => Err(error),
            Err(_) => Ok(Step::Done(())),
        }
    }
}

/// The branch that work goes into which is merged as soon as it is approved.
fn merges_into(key: &TaskKey, row: &LoopRow, asked: &ApprovalRow) -> Result<String> {
    if !asked.kind.takes_work() {
        return Err(Error::user(format!(
            "{key} asks about no work that could be merged: {}",
            printable(&asked.text)
        ))
        .hint(Hint::Approve { task: key.clone() }));
    }
    let into = row.base_branch.clone().filter(|_| row.branch.is_some());
    into.ok_or_else(|| {
        Error::user(format!("it is not known which branch {key} would be merged into"))
            .hint(Hint::Approve { task: key.clone() })
    })
}
