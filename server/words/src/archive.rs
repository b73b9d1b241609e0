//! The summary of a plan that is over.

use crate::text::{count, line, markdown, status};
use alfine_core::task::TaskStatus;
use std::fmt::Write;

/// The longest title of a task, in characters.
const TITLE: usize = 300;

/// One task of a plan that is over.
#[derive(Debug, Clone)]
pub struct ArchivedTask {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Where it ended.
    pub status: TaskStatus,
    /// Why, in words.
    pub reason: Option<String>,
    /// How many iterations it took.
    pub iterations: u32,
    /// What it cost, in words.
    pub cost: Option<String>,
    /// What proves it, in Markdown.
    pub proof: Option<String>,
}

/// A plan's tasks, what proves them and what they cost, in Markdown.
pub fn archive_summary(plan: &str, day: &str, cost: Option<&str>, tasks: &[ArchivedTask]) -> String {
    let iterations = tasks.iter().map(|task| u64::from(task.iterations)).sum();
    let cost = cost.map_or_else(String::new, |cost| format!(", {cost}"));
    let mut text = format!(
        "# {}\n\nArchived by Alfine on {day}: {}, {}{cost}.\n",
        markdown(plan, TITLE),
        count(tasks.len() as u64, "task"),
        count(iterations, "iteration")
    );
    for task in tasks {
        let _ = writeln!(text, "\n## {}: {}\n", markdown(&task.key, TITLE), markdown(&task.title, TITLE));
        let reason = task.reason.as_deref().map(|reason| format!(" ({})", markdown(reason, TITLE)));
        let cost = task.cost.as_deref().map(|cost| format!(", {}", line(cost, TITLE)));
        let _ = writeln!(
            text,
            "{}{}, {}{}.",
            crate::text::capitalized(&status(task.status)),
            reason.unwrap_or_default(),
            count(task.iterations.into(), "iteration"),
            cost.unwrap_or_default()
        );
        if let Some(proof) = &task.proof {
            // Its heading is one of this task.
            let _ = write!(text, "\n#{proof}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_each_task_with_its_proof_and_the_cost_of_all() {
        let task = ArchivedTask {
            key: "PLAN.md#US-001".to_owned(),
            title: "Add a *table*".to_owned(),
            status: TaskStatus::Merged,
            reason: Some("merged into main".to_owned()),
            iterations: 2,
            cost: Some("$0.10".to_owned()),
            proof: Some("## Proof: 1 of 1 proven\n".to_owned()),
        };
        let other = ArchivedTask {
            key: "PLAN.md#US-002".to_owned(),
            status: TaskStatus::Discarded,
            reason: None,
            cost: None,
            proof: None,
            iterations: 1,
            ..task.clone()
        };
        insta::assert_snapshot!(archive_summary("PLAN.md", "2026-01-31", Some("$0.10"), &[task, other]), @r"
        # PLAN.md

        Archived by Alfine on 2026-01-31: 2 tasks, 3 iterations, $0.10.

        ## PLAN.md#US-001: Add a \*table\*

        Merged (merged into main), 2 iterations, $0.10.

        ### Proof: 1 of 1 proven

        ## PLAN.md#US-002: Add a \*table\*

        Discarded, 1 iteration.
        ");
    }
}
