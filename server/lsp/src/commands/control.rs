//! `alfine.pause`, `stop`, `continue`, `steer`, `answer`: steering a loop, whoever runs it.

use super::{
    Commands,
    arguments::{Answer, Continue, OfTask, Steer},
    refusal::bad_arguments,
};
use crate::protocol::lsp_types::MessageType;
use alfine_core::{
    machine::{self, Command},
    news::Mend,
    task::TaskKey,
};
use alfine_engine::{
    Result,
    requests::{self, AnswerRequest, Continued, Send},
    start::More,
};
use serde_json::Value;

impl Commands {
    /// Holds a loop after its iteration.
    pub(super) async fn pause(&self, given: OfTask) -> Result<Value> {
        self.send(given, Command::Pause { now: false, reason: None }).await
    }

    /// Ends a loop's agent and stops the loop.
    pub(super) async fn stop(&self, given: OfTask) -> Result<Value> {
        self.send(given, Command::Stop).await
    }

    /// Leaves a note for the agent.
    pub(super) async fn steer(&self, given: Steer) -> Result<Value> {
        if given.text.trim().is_empty() {
            return Err(bad_arguments(
                "alfine.steer: `text` is empty; say what the agent should know".to_owned(),
            ));
        }
        let of = OfTask { task: given.task, uri: given.uri };
        self.send(of, Command::Steer { text: given.text }).await
    }

    async fn send(&self, OfTask { task, uri }: OfTask, command: Command) -> Result<Value> {
        let place = self.place_of(&task, uri.as_ref()).await?;
        let request = Send { task: task.clone(), command, until_rest: true };
        self.have_done(&place, task, "alfine.steer", request).await
    }

    /// Lets a loop go on, in the background.
    pub(super) async fn go_on(&self, given: Continue) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let more = More {
            max_iterations: given.max_iterations,
            reset_breaker: given.reset_breaker,
            max_cost_usd: given.max_cost,
        };
        let keep_plan = given.keep_plan;
        let request = requests::Continue { task: given.task.clone(), more, in_background: true, keep_plan };
        let key = given.task;
        match self.drive(&place, &key.to_string(), "alfine.continue", request).await? {
            Continued::GoesOn { changes, .. } => self.tell_plan_changed(&key, &changes).await,
            Continued::ByRunner => {}
        }
        self.where_it_is(&place, key).await
    }

    /// Says what is other in a plan than when its loop last ran.
    pub(super) async fn tell_plan_changed(&self, key: &TaskKey, changes: &[Mend]) {
        if let Some(changed) = alfine_words::plan_changed(changes) {
            self.editor.tell(MessageType::INFO, &format!("{key}: {changed}.")).await;
        }
    }

    /// Answers what a loop asks; the loop goes on.
    pub(super) async fn answer(&self, given: Answer) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let text = given.text.filter(|text| !text.trim().is_empty());
        let answer = machine::Answer { approved: given.approved, text, landing: None };
        let in_no_words = answer == machine::Answer::default();
        let merge = given.merge && given.approved == Some(true);
        let request =
            AnswerRequest { task: key.clone(), approval: given.approval, answer, merge, hold: false };
        if in_no_words {
            let looking = request.clone();
            let asked = self.queues.read(&place, move |project| looking.question(project)).await?;
            if !asked.kind.is_yes_or_no() {
                return self.write_answer(&place, &key, given.uri, &asked).await;
            }
        }
        self.have_done(&place, key, "alfine.answer", request).await
    }
}
