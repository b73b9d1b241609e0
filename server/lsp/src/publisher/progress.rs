//! Progress of each loop that runs, until it rests. Each progress has a task of its own, since a client may take long
//! to accept one, or never do it.

use crate::protocol::{Client, lsp_types::NumberOrString};
use crate::{
    picture::Picture,
    progress::{Step, tell},
    snapshot::LoopPicture,
};
use alfine_core::task::TaskKey;
use alfine_store::LoopId;
use std::collections::{HashMap, HashSet};
use tokio::{sync::watch, task::JoinHandle};

const PREFIX: &str = "alfine/";

/// The loop whose progress has this token, and its task; `None` if the token is not ours.
pub(crate) fn loop_of(token: &NumberOrString) -> Option<(&str, TaskKey)> {
    let NumberOrString::String(token) = token else { return None };
    let (_, rest) = token.strip_prefix(PREFIX)?.split_once('/')?;
    let (id, key) = rest.split_once('/')?;
    Some((id, key.parse().ok()?))
}

/// A new token each time that a loop runs: a client may accept a token only once.
fn token_of(number: u64, of: &LoopPicture) -> NumberOrString {
    NumberOrString::String(format!("{PREFIX}{number}/{}/{}", of.row.id.as_str(), of.row.task))
}

/// How far a loop is.
fn step_of(of: &LoopPicture) -> Step {
    let summary = &of.row.summary;
    let (iteration, limit) = (summary.iteration.max(1), summary.max_iterations);
    let cost = alfine_words::cost(of.row.cost_usd, summary.cost_is_partial());
    let cost = cost.map(|cost| format!(" · {cost}")).unwrap_or_default();
    Step {
        message: format!("iteration {iteration} of {limit} · {}{cost}", of.row.status),
        percentage: (100 * (iteration - 1)).checked_div(limit).unwrap_or(0).min(100),
    }
}

/// The progress of all loops that run.
#[derive(Debug)]
pub(super) struct Progress {
    client: Client,
    /// By loop. Dropping a sender ends the progress.
    running: HashMap<LoopId, (watch::Sender<Step>, JoinHandle<()>)>,
    ending: Vec<JoinHandle<()>>,
    /// How many progresses began, which gives each its token.
    begun: u64,
}

impl Progress {
    pub(super) fn new(client: Client) -> Self {
        Self { client, running: HashMap::new(), ending: Vec::new(), begun: 0 }
    }

    /// Begins, updates and ends each progress that differs from what was last reported.
    pub(super) fn tell(&mut self, picture: &Picture) {
        if !picture.client.progress {
            return;
        }
        let mut alive = HashSet::new();
        for (_, task, of) in picture.snapshot.live().filter(|(_, _, of)| of.row.status.needs_runner()) {
            if !alive.insert(of.row.id.clone()) {
                continue;
            }
            let step = step_of(of);
            if let Some((steps, _)) = self.running.get(&of.row.id) {
                steps.send_if_modified(|old| {
                    let differs = *old != step;
                    *old = step;
                    differs
                });
                continue;
            }
            let (send, steps) = watch::channel(step);
            let title = format!("{}: {}", of.row.task.id, task.row.title);
            self.begun += 1;
            let telling = tokio::spawn(tell(self.client.clone(), token_of(self.begun, of), title, steps));
            self.running.insert(of.row.id.clone(), (send, telling));
        }
        let over: Vec<LoopId> = self.running.keys().filter(|id| !alive.contains(*id)).cloned().collect();
        self.ending.retain(|telling| !telling.is_finished());
        self.ending.extend(over.iter().filter_map(|id| self.running.remove(id)).map(|(_, telling)| telling));
    }

    /// Ends every progress.
    pub(super) async fn end(self) {
        let running = self.running.into_values().map(|(_, telling)| telling);
        for telling in running.chain(self.ending) {
            let _ = telling.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_loop_and_task_also_where_the_plan_is_in_a_folder() {
        let token = NumberOrString::String("alfine/1/01M7/docs/a.plan.md#US-001".to_owned());
        assert_eq!(loop_of(&token), Some(("01M7", TaskKey::new("docs/a.plan.md", "US-001"))));
        for other in ["alfine/1", "alfine/1/01M7", "alfine/1/01M7/PLAN.md", "theirs", ""] {
            assert_eq!(loop_of(&NumberOrString::String(other.to_owned())), None);
        }
        assert_eq!(loop_of(&NumberOrString::Number(1)), None);
    }
}
