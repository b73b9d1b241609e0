//! What can be done next with a task, in words.

use crate::text::{count, or};
use alfine_core::{
    breaker::{HARD_LIMIT, dollars},
    offer::{Action, Continuing, Refusal},
    task::TaskKey,
    text::shell_word,
};

/// Names an action as a menu of an editor does: `Continue with 10 more iterations, 20 in all`.
pub fn title(action: &Action) -> String {
    match action {
        Action::Start { again: false } => "Start loop".to_owned(),
        Action::Start { again: true } => "Start again".to_owned(),
        Action::RunAgain => "Run again, although it is merged".to_owned(),
        Action::Pause { waits: false } => "Pause after this iteration".to_owned(),
        Action::Pause { waits: true } => "Pause instead of waiting".to_owned(),
        Action::Stop => "Stop".to_owned(),
        Action::Continue(continuing) => continue_title(*continuing),
        Action::Approve { .. } => "Approve".to_owned(),
        Action::ApproveAndMerge { into, .. } => format!("Approve and merge into {into}"),
        Action::Reject { .. } => "Reject: the loop goes on".to_owned(),
        Action::Answer { reply: None, .. } => "Answer the question".to_owned(),
        Action::Answer { reply: Some(true), .. } => "Answer: yes".to_owned(),
        Action::Answer { reply: Some(false), .. } => "Answer: no".to_owned(),
        Action::Steer => "Send a note to the agent".to_owned(),
        Action::Allow => "Allow the commands of this plan".to_owned(),
        Action::ShowDiff { iteration: None, .. } => "Show diff".to_owned(),
        Action::ShowDiff { iteration: Some(n), .. } => format!("Show diff of iteration {n}"),
        Action::ShowTranscript { .. } => "Show transcript".to_owned(),
        Action::OpenWorktree => "Open worktree".to_owned(),
        Action::Rewind { iteration: 0 } => "Rewind to before the first iteration".to_owned(),
        Action::Rewind { iteration } => format!("Rewind to iteration {iteration}"),
        Action::Fork { iteration } => format!("Fork from iteration {iteration}"),
        Action::RestoreCheckout => "Bring back my checkout".to_owned(),
        Action::KeepCheckout => "Keep the changes of my checkout: they are mine".to_owned(),
        Action::Merge { into } => {
            format!("Merge into {}", or(into.as_deref().unwrap_or_default(), "its base"))
        }
        Action::Rework { from } => {
            format!("Rework on top of {}", or(from.as_deref().unwrap_or_default(), "its base"))
        }
        Action::Discard { in_place: false } => "Discard".to_owned(),
        Action::Discard { in_place: true } => "Discard the loop; its changes stay in your tree".to_owned(),
    }
}

fn continue_title(continuing: Continuing) -> String {
    match continuing {
        Continuing::AsItIs => "Continue".to_owned(),
        Continuing::WithoutPause => "Do not pause after this iteration".to_owned(),
        Continuing::Now => "Try again now".to_owned(),
        Continuing::Answered => "Continue: it has your answer".to_owned(),
        Continuing::Mended => "Continue: it is in order now".to_owned(),
        Continuing::OnTrial => "Continue for one iteration, then judge again".to_owned(),
        Continuing::WithIterations { more, limit } => {
            format!("Continue with {}, {limit} in all", more_iterations(more))
        }
        Continuing::WithCost { more, limit } => {
            format!("Continue with {} more, {} in all", dollars(more), dollars(limit))
        }
        Continuing::Afresh => "Reset the breaker and continue".to_owned(),
    }
}

fn more_iterations(more: u32) -> String {
    count(more.into(), "more iteration")
}

/// Names an action in a word or two, for places with little room: above a task, on a button.
pub fn short(action: &Action) -> String {
    match action {
        Action::Pause { .. } => "Pause".to_owned(),
        Action::Continue(continuing) => match continuing {
            Continuing::WithoutPause => "Do not pause",
            Continuing::Now => "Try now",
            Continuing::WithIterations { .. } | Continuing::WithCost { .. } => "Continue with more",
            Continuing::Afresh => "Reset and continue",
            Continuing::AsItIs | Continuing::Answered | Continuing::Mended | Continuing::OnTrial => {
                "Continue"
            }
        }
        .to_owned(),
        Action::RunAgain => "Run again".to_owned(),
        Action::ApproveAndMerge { .. } => "Approve and merge".to_owned(),
        Action::Reject { .. } => "Reject".to_owned(),
        Action::Answer { reply: None, .. } => "Answer".to_owned(),
        Action::Allow => "Allow the commands".to_owned(),
        Action::KeepCheckout => "Keep the changes".to_owned(),
        Action::Merge { .. } => "Merge".to_owned(),
        Action::Rework { .. } => "Rework".to_owned(),
        Action::Discard { .. } => "Discard".to_owned(),
        other => title(other),
    }
}

/// Says in a terminal what an action is for, before its command line: `go on with 10 more iterations, 20 in all`.
pub fn purpose(action: &Action) -> String {
    match action {
        Action::Start { again: false } => "start it".to_owned(),
        Action::Start { again: true } => "start it again".to_owned(),
        Action::RunAgain => "run it again".to_owned(),
        Action::Pause { .. } => "pause it".to_owned(),
        Action::Stop => "stop it".to_owned(),
        Action::Continue(continuing) => continue_purpose(*continuing),
        Action::Approve { .. } => "approve it".to_owned(),
        Action::ApproveAndMerge { into, .. } => format!("approve it, and merge it into {into}"),
        Action::Reject { .. } => "reject it".to_owned(),
        Action::Answer { .. } => "answer it".to_owned(),
        Action::Steer => "tell the agent".to_owned(),
        Action::Allow => "allow the commands".to_owned(),
        Action::ShowDiff { iteration: None, to_commit: false } => "look at it".to_owned(),
        Action::ShowDiff { iteration: None, to_commit: true } => {
            "look at it, then commit it with git".to_owned()
        }
        Action::ShowDiff { iteration: Some(n), .. } => format!("look at iteration {n}"),
        Action::ShowTranscript { live: false } => "see why".to_owned(),
        Action::ShowTranscript { live: true } => "watch it".to_owned(),
        Action::OpenWorktree => "its worktree".to_owned(),
        Action::Rewind { iteration: 0 } => "go back to before the first iteration".to_owned(),
        Action::Rewind { iteration } => format!("go back to iteration {iteration}"),
        Action::Fork { iteration } => format!("start a new loop from iteration {iteration}"),
        Action::RestoreCheckout => "bring your checkout back".to_owned(),
        Action::KeepCheckout => "or it was you".to_owned(),
        Action::Merge { .. } => "merge it".to_owned(),
        Action::Rework { from } => {
            format!(
                "have it worked on again, on top of {}",
                or(from.as_deref().unwrap_or_default(), "its base")
            )
        }
        Action::Discard { in_place: false } => "or not".to_owned(),
        Action::Discard { in_place: true } => "end the loop, and keep its changes".to_owned(),
    }
}

fn continue_purpose(continuing: Continuing) -> String {
    match continuing {
        Continuing::AsItIs => "go on".to_owned(),
        Continuing::WithoutPause => "go on without a pause".to_owned(),
        Continuing::Now => "try again now".to_owned(),
        Continuing::Answered => "it has your answer; go on".to_owned(),
        Continuing::Mended => "once that is fixed".to_owned(),
        Continuing::OnTrial => "go on for one iteration, then judge again".to_owned(),
        Continuing::WithIterations { more, limit } => {
            format!("go on with {}, {limit} in all", more_iterations(more))
        }
        Continuing::WithCost { more, limit } => {
            format!("go on with {} more, {} in all", dollars(more), dollars(limit))
        }
        Continuing::Afresh => "go on with all counters at zero".to_owned(),
    }
}

/// Writes the command line that does an action with a task: `alfine continue PLAN.md#US-001 -i 20`.
pub fn command_line(action: &Action, key: &TaskKey) -> String {
    let task = shell_word(key);
    match action {
        Action::Start { .. } => format!("alfine run {task}"),
        Action::RunAgain => format!("alfine run {task} --again"),
        Action::Pause { .. } => format!("alfine pause {task}"),
        Action::Stop => format!("alfine stop {task}"),
        Action::Continue(Continuing::WithIterations { limit, .. }) => {
            format!("alfine continue {task} -i {limit}")
        }
        Action::Continue(Continuing::WithCost { limit, .. }) => {
            format!("alfine continue {task} --max-cost {limit:.2}")
        }
        Action::Continue(Continuing::Afresh) => format!("alfine continue {task} --reset-breaker"),
        Action::Continue(_) => format!("alfine continue {task}"),
        Action::Approve { .. } => format!("alfine answer {task} --approve"),
        Action::ApproveAndMerge { .. } => format!("alfine answer {task} --approve --merge"),
        Action::Reject { .. } => format!("alfine answer {task} --reject \"what is missing\""),
        Action::Answer { reply: None, .. } => format!("alfine answer {task} \"...\""),
        Action::Answer { reply: Some(true), .. } => format!("alfine answer {task} yes"),
        Action::Answer { reply: Some(false), .. } => format!("alfine answer {task} no"),
        Action::Steer => format!("alfine steer {task} \"...\""),
        Action::Allow => format!("alfine trust {}", shell_word(&key.plan)),
        Action::ShowDiff { iteration: None, .. } => format!("alfine diff {task}"),
        Action::ShowDiff { iteration: Some(n), .. } => format!("alfine diff {task} --iteration {n}"),
        Action::ShowTranscript { live: false } => format!("alfine log {task}"),
        Action::ShowTranscript { live: true } => format!("alfine log {task} --follow"),
        Action::OpenWorktree => format!("alfine status {task}"),
        Action::Rewind { iteration } => format!("alfine rewind {task} {iteration}"),
        Action::Fork { iteration } => format!("alfine fork {task} {iteration}"),
        Action::Merge { .. } => format!("alfine merge {task}"),
        Action::Rework { .. } => format!("alfine rework {task}"),
        Action::RestoreCheckout => format!("alfine restore {task}"),
        Action::KeepCheckout => format!("alfine restore {task} --mine"),
        Action::Discard { .. } => format!("alfine discard {task}"),
    }
}

/// Says why an offer is not possible now, as a part of a sentence.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoRepository => "the plan lies in no git repository".to_owned(),
        Refusal::WaitsFor(tasks) => {
            let names: Vec<&str> = tasks.iter().map(|id| id.0.as_str()).collect();
            format!("it waits for {}", or(&names.join(", "), "another task"))
        }
        Refusal::HardLimit => format!(
            "{HARD_LIMIT} iterations are the most one loop may take: split the task, or discard the loop and start again"
        ),
        Refusal::HighestLimit => {
            format!("the limit is {HARD_LIMIT}, and {HARD_LIMIT} is the hard limit: split the task")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn each_action_is_named_in_an_editor_and_in_a_terminal() {
        let into = Some("main".to_owned());
        let actions = [
            Action::Start { again: false },
            Action::Start { again: true },
            Action::RunAgain,
            Action::Pause { waits: false },
            Action::Pause { waits: true },
            Action::Stop,
            Action::Continue(Continuing::AsItIs),
            Action::Continue(Continuing::WithoutPause),
            Action::Continue(Continuing::Now),
            Action::Continue(Continuing::Answered),
            Action::Continue(Continuing::Mended),
            Action::Continue(Continuing::OnTrial),
            Action::Continue(Continuing::WithIterations { more: 10, limit: 20 }),
            Action::Continue(Continuing::WithIterations { more: 1, limit: 50 }),
            Action::Continue(Continuing::WithCost { more: 0.5, limit: 1.25 }),
            Action::Continue(Continuing::Afresh),
            Action::Approve { question: Some(7) },
            Action::ApproveAndMerge { question: Some(7), into: "main".to_owned() },
            Action::Reject { question: Some(7) },
            Action::Answer { question: Some(7), reply: None },
            Action::Answer { question: Some(7), reply: Some(true) },
            Action::Answer { question: Some(7), reply: Some(false) },
            Action::Steer,
            Action::Allow,
            Action::ShowDiff { iteration: None, to_commit: false },
            Action::ShowDiff { iteration: None, to_commit: true },
            Action::ShowDiff { iteration: Some(3), to_commit: false },
            Action::ShowTranscript { live: false },
            Action::ShowTranscript { live: true },
            Action::OpenWorktree,
            Action::Rewind { iteration: 0 },
            Action::Rewind { iteration: 2 },
            Action::Fork { iteration: 2 },
            Action::Merge { into },
            Action::Merge { into: None },
            Action::Rework { from: Some("main".to_owned()) },
            Action::Rework { from: None },
            Action::RestoreCheckout,
            Action::KeepCheckout,
            Action::Discard { in_place: false },
            Action::Discard { in_place: true },
        ];
        let task = TaskKey::new("PLAN.md", "US-001");
        let mut shown = String::new();
        for action in &actions {
            let (title, short, purpose) = (title(action), short(action), purpose(action));
            let _ = writeln!(shown, "{title} | {short}\n    {purpose}: {}", command_line(action, &task));
        }
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn each_refusal_says_what_stands_in_the_way() {
        let waits = Refusal::WaitsFor(["US-001", "US-002"].map(|id| TaskKey::new("PLAN.md", id).id).to_vec());
        let all = [Refusal::NoRepository, waits, Refusal::HardLimit, Refusal::HighestLimit];
        insta::assert_snapshot!(all.iter().map(refusal).collect::<Vec<_>>().join("\n"));
    }
}
