//! `alfine.check`: what the checks of a task say before any work.

use super::{Commands, arguments::OfTask};
use crate::protocol::lsp_types::MessageType;
use alfine_core::proof::Answer;
use alfine_engine::{
    Result,
    check::{self, Step},
    project, requests,
};
use alfine_verify::CancelToken;
use serde_json::{Value, json};

impl Commands {
    /// Runs the checks of a task on the last commit, and says what they answered. Nothing runs that the user does not allow.
    pub(super) async fn check(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let trust = requests::Trust { plan: key.plan.clone() };
        self.drive(&place, &key.to_string(), "alfine.check", trust).await?;
        let cancel = CancelToken::default();
        let steps = self.editor.progress(format!("{}: the checks run", key.id), cancel.clone());
        let (task, program, ends) = (key.clone(), self.program.clone(), cancel.clone());
        let work = move |project: &mut project::Project| {
            let file = project.plan_named(&task.plan)?;
            let meant = file.plan.tasks.iter().find(|one| one.id == task.id);
            let meant = meant.ok_or_else(|| project::no_such_task(&file, &task.id.0))?;
            let all = check::count(project, &file, &[meant])?;
            let mut checked = Vec::new();
            let mut tell = |step: Step| match step {
                Step::News(news) => {
                    if let Some(message) = alfine_words::moving(&news) {
                        steps.send_modify(|step| step.message = message);
                    }
                }
                Step::Checked(one) => {
                    checked.push(one);
                    let percentage = (100 * checked.len()).checked_div(all).unwrap_or(100);
                    steps.send_modify(|step| step.percentage = u32::try_from(percentage).unwrap_or(100));
                }
            };
            check::tasks(project, &file, &[meant], (true, &program), &ends, &mut tell)?;
            Ok((checked, all))
        };
        let (checked, all) = self.queues.check(&place, work).await?;
        self.wait_for_look().await;
        let words = match cancel.is_cancelled() {
            true => alfine_words::checks_cut_off(checked.iter().filter(|one| one.run.is_some()).count(), all),
            false => {
                let of_criteria = checked.iter().filter(|one| one.criterion.is_some());
                let is_green =
                    |one: &&check::Checked| one.run.as_ref().is_some_and(|run| run.answer == Answer::Passed);
                let green = of_criteria.clone().filter(is_green).count();
                alfine_words::green_already(green, of_criteria.count())
            }
        };
        self.editor.tell(MessageType::INFO, &format!("{key} at the last commit: {words}.")).await;
        Ok(json!({ "task": key, "checks": checked, "cancelled": cancel.is_cancelled() }))
    }
}
