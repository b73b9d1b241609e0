//! `alfine.pause`, `stop`, `continue`, `steer`, `answer`: steering a loop, whoever runs it.

use super::{
    Commands,
    arguments::{Answer, Continue, OfTask, Steer},
    refusal::Refusal,
};
use crate::protocol::lsp_types::Url;
use alfine_core::{
    machine::{self, AskKind, Command},
    task::TaskKey,
};
use alfine_engine::{
    requests::{self, AnswerRequest, Send},
    start::More,
};
use serde_json::Value;

impl Commands {
    /// Holds a loop after its iteration.
    pub(super) async fn pause(&self, given: OfTask) -> Result<Value, Refusal> {
        self.send(given.task, given.uri, Command::Pause { now: false, reason: None }).await
    }

    /// Ends a loop's agent and stops the loop.
    pub(super) async fn stop(&self, given: OfTask) -> Result<Value, Refusal> {
        self.send(given.task, given.uri, Command::Stop).await
    }

    /// Leaves a note for the agent.
    pub(super) async fn steer(&self, given: Steer) -> Result<Value, Refusal> {
        if given.text.trim().is_empty() {
            return Err(Refusal::Arguments(
                "alfine.steer: `text` is empty; say what the agent should know".to_owned(),
            ));
        }
        self.send(given.task, given.uri, Command::Steer { text: given.text }).await
    }

    async fn send(&self, key: TaskKey, plan: Option<Url>, command: Command) -> Result<Value, Refusal> {
        let place = self.place_of(&key, plan.as_ref()).await?;
        let mut send = Send::new(key.clone(), command);
        send.until_rest = true;
        self.drive(&place, &key.to_string(), "alfine.steer", send).await?;
        self.where_it_is(&place, key).await
    }

    /// Lets a loop go on, in the background.
    pub(super) async fn go_on(&self, given: Continue) -> Result<Value, Refusal> {
        let key = given.task;
        let more = More {
            max_iterations: given.max_iterations,
            reset_breaker: given.reset_breaker,
            max_cost_usd: given.max_cost,
        };
        alfine_engine::task_spec::check_iterations(more.max_iterations)?;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request = requests::Continue::new(key.clone(), more, true);
        self.drive(&place, &key.to_string(), "alfine.continue", request).await?;
        self.wait_for_look().await;
        self.where_it_is(&place, key).await
    }

    /// Answers what a loop asks; the loop goes on.
    pub(super) async fn answer(&self, given: Answer) -> Result<Value, Refusal> {
        let key = given.task.clone();
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let text = given.text.filter(|text| !text.trim().is_empty());
        let in_no_words = given.approved.is_none() && text.is_none();
        let answer = machine::Answer { approved: given.approved, text };
        let request = AnswerRequest::new(key.clone(), given.approval, answer);
        if in_no_words {
            let question = AnswerRequest::new(key.clone(), given.approval, machine::Answer::default());
            let asked = self.queues.read(&place, move |project| Ok(question.question(project)?)).await?;
            if asked.kind != AskKind::Approval {
                return self.write_answer(&place, &key, given.uri, &asked).await;
            }
        }
        self.drive(&place, &key.to_string(), "alfine.answer", request).await?;
        self.wait_for_look().await;
        self.where_it_is(&place, key).await
    }
}
