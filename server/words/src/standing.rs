//! Where a task is, on one short line.

use crate::{
    proof::task_proof,
    text::{count, status},
};
use alfine_core::{proof::TaskProof, task::TaskStatus};

/// What is said of where a task is.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its status.
    pub status: TaskStatus,
    /// What it rests on that it is done.
    pub proof: Option<TaskProof>,
    /// The iteration at work, or the last one; 0 before the first.
    pub iteration: u32,
    /// The limit of iterations; 0 if there is none.
    pub max_iterations: u32,
    /// How many files differ from the base.
    pub files_changed: u32,
    /// What it cost so far, in words.
    pub cost: Option<&'a str>,
    /// Since when it waits, as a clock shows it, if that matters.
    pub since: Option<&'a str>,
    /// Until when it waits, as a clock shows it.
    pub until: Option<&'a str>,
}

/// A word for a task's status, with what it rests on: `done, proven`.
pub fn done(status: &str, proof: Option<TaskProof>) -> String {
    match proof {
        Some(proof) => format!("{status}, {}", task_proof(proof)),
        None => status.to_owned(),
    }
}

/// Says where a task is: `running · iteration 3 of 10 · 4 files · $0.42`.
pub fn summary(standing: &Standing<'_>) -> String {
    let mut parts = vec![done(&status(standing.status), standing.proof)];
    match (standing.iteration, standing.max_iterations) {
        (0, _) => {}
        (n, 0) => parts.push(format!("iteration {n}")),
        (n, most) => parts.push(format!("iteration {n} of {most}")),
    }
    if standing.files_changed > 0 {
        parts.push(count(standing.files_changed.into(), "file"));
    }
    parts.extend(standing.cost.map(str::to_owned));
    parts.extend(standing.since.map(|since| format!("since {since}")));
    parts.extend(standing.until.map(|until| format!("until {until}")));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_where_the_loop_is_what_it_changed_and_cost_and_how_long_it_waits() {
        let ready = Standing {
            status: TaskStatus::Ready,
            proof: None,
            iteration: 0,
            max_iterations: 10,
            files_changed: 0,
            cost: None,
            since: None,
            until: None,
        };
        assert_eq!(summary(&ready), "ready");
        let running = Standing {
            status: TaskStatus::Running,
            iteration: 3,
            files_changed: 4,
            cost: Some("$0.42"),
            ..ready
        };
        assert_eq!(summary(&running), "running · iteration 3 of 10 · 4 files · $0.42");
        let done = Standing { status: TaskStatus::Done, proof: Some(TaskProof::Proven), ..running };
        assert_eq!(summary(&done), "done, proven · iteration 3 of 10 · 4 files · $0.42");
        let asks =
            Standing { status: TaskStatus::NeedsInput, files_changed: 1, max_iterations: 0, ..running };
        assert_eq!(summary(&asks), "needs input · iteration 3 · 1 file · $0.42");
        let waits = Standing { status: TaskStatus::Waiting, until: Some("14:20"), ..running };
        assert_eq!(summary(&waits), "waiting · iteration 3 of 10 · 4 files · $0.42 · until 14:20");
        let fails = Standing { since: Some("14:05"), files_changed: 0, cost: None, ..waits };
        assert_eq!(summary(&fails), "waiting · iteration 3 of 10 · since 14:05 · until 14:20");
    }
}
