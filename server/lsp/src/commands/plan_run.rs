//! `alfine.pausePlan`, `stopPlan`, `continuePlan`, `mergePlan`: the run of a plan, with all of its loops.

use super::{
    Commands,
    arguments::{self, OfDocument},
    execute::status_of,
};
use crate::{
    protocol::lsp_types::MessageType,
    snapshot::{Place, Snapshot},
};
use alfine_core::{machine::Command, task::TaskKey};
use alfine_engine::{
    Result, plan_run,
    project::Project,
    requests::{ContinuePlan, FrontEnd, HoldPlan},
    run_branch::{self, Conditions},
};
use alfine_git::WorkingCopies;
use alfine_verify::CancelToken;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

impl Commands {
    /// Holds or stops every loop of a plan.
    pub(super) async fn hold_plan(&self, given: OfDocument, command: Command) -> Result<Value> {
        let (place, plan) = self.place_of_plan(&given.uri).await?;
        let request = HoldPlan { plan: plan.clone(), command };
        let loops = self.drive(&place, &plan, "alfine.pausePlan", request).await?;
        self.where_they_are(&place, loops).await
    }

    /// Lets the run of a plan go on, in the background.
    pub(super) async fn continue_plan(&self, given: arguments::ContinuePlan) -> Result<Value> {
        let (place, plan) = self.place_of_plan(&given.uri).await?;
        let request =
            ContinuePlan { plan: plan.clone(), in_background: true, keep_plan: false, budget: given.budget };
        let continued = self.drive(&place, &plan, "alfine.continuePlan", request).await?;
        self.tended.begin(&place, &plan);
        for (key, why) in &continued.left {
            self.editor.tell(MessageType::INFO, &format!("{key} was not started: {}.", why.message)).await;
        }
        if continued.begun.is_empty() && continued.left.is_empty() {
            let words = match continued.short {
                Some(short) => format!("Nothing more of {plan} is begun: {short}."),
                None => format!("Nothing more of {plan} can begin now: see what its tasks wait for."),
            };
            self.editor.tell(MessageType::INFO, &words).await;
        }
        self.where_they_are(&place, continued.begun.into_iter().map(|begun| begun.task).collect()).await
    }

    /// Merges the branch that a plan was run on, and ticks its tasks.
    pub(super) async fn merge_plan(&self, given: OfDocument) -> Result<Value> {
        let (place, plan) = self.place_of_plan(&given.uri).await?;
        let cancel = CancelToken::default();
        let steps = self.editor.progress(format!("{plan} is merged"), cancel.clone());
        let (named, front_end, ends) = (plan.clone(), self.front_end(), cancel.clone());
        let work = move |project: &mut Project| {
            let front_end = front_end();
            let (is_open, is_unsaved) =
                (|path: &Path| front_end.is_open(path), |path: &Path| front_end.is_unsaved(path));
            let with = Conditions {
                into: None,
                tick: WorkingCopies::Except(&is_open),
                is_unsaved: &is_unsaved,
                guard: &front_end.program(),
                cancel: &ends,
            };
            let mut tell = |news| {
                if let Some(message) = alfine_words::moving(&news) {
                    steps.send_modify(|step| step.message = message);
                }
            };
            run_branch::merge(project, &named, with, &mut tell)
        };
        let Some(merged) = self.queues.check(&place, work).await? else {
            return Ok(json!({ "cancelled": true }));
        };
        for path in &merged.left {
            for (key, known_by) in &merged.tasks {
                self.tick_in_buffer(key, known_by, path).await;
            }
        }
        self.editor
            .tell(
                MessageType::INFO,
                &format!(
                    "{}.",
                    alfine_words::plan_merged(&plan, &merged.into, merged.tasks.len(), &merged.without)
                ),
            )
            .await;
        for (key, why) in &merged.unticked {
            let why = alfine_words::unticked(why, &plan);
            self.editor.tell(MessageType::INFO, &format!("{key} is merged; {why}.")).await;
        }
        self.where_they_are(&place, merged.tasks.into_iter().map(|(key, _)| key).collect()).await
    }

    /// Goes on with the runs that stand still in this snapshot. Needs a tokio runtime.
    pub(crate) fn tend(self: &Arc<Self>, snapshot: &Snapshot) {
        for (place, plan) in self.tended.stands_still(snapshot) {
            let commands = Arc::clone(self);
            tokio::spawn(async move {
                let (program, of) = (commands.program.clone(), plan.clone());
                let begun =
                    commands.queues.run(&place, move |project| plan_run::tend(project, &of, &program)).await;
                match begun {
                    Ok(begun) if begun.is_empty() => {}
                    Ok(begun) => tracing::info!("{plan} goes on after a runner's death: {begun:?}"),
                    Err(error) => tracing::warn!("{plan} does not go on: {}", error.message),
                }
            });
        }
    }

    async fn where_they_are(&self, place: &Place, tasks: Vec<TaskKey>) -> Result<Value> {
        self.wait_for_look().await;
        self.read_store(place, move |store| {
            let answer = tasks.into_iter().map(|task| {
                let status = status_of(store, &task)?;
                Ok(json!({ "task": task, "status": status }))
            });
            Ok(json!({ "tasks": answer.collect::<Result<Vec<Value>>>()? }))
        })
        .await
    }
}
