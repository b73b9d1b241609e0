//! What a running loop reports as it happens: to the process that runs it, and through the change feed to everybody
//! else.
//!
//! Its JSON, a `kind` and a `payload`, is a row of the change feed and a line of `alfine run --json`. Databases keep
//! what older versions told: a kind keeps its name and a payload its fields, and what cannot be read stays
//! [`News::Other`].

use crate::{
    agent::{AgentEvent, Outcome, Usage},
    checkout::CheckoutChange,
    gate::Reading,
    machine::{AskKind, KillReason, Note, Recovery},
    proof::ControlKind,
    task::{TaskKey, TaskStatus},
    time::Moment,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is other in a plan than when its loop began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mend {
    /// The task's title.
    Title {
        /// The title before.
        was: String,
        /// The title now.
        is: String,
    },
    /// The goal of the whole plan.
    Goal,
    /// The task's details.
    Details,
    /// A criterion is new, or its command is.
    CriterionAdded {
        /// The criterion.
        text: String,
    },
    /// A criterion is gone, or its command is.
    CriterionRemoved {
        /// The criterion.
        text: String,
    },
    /// The task's checks or limits.
    Fields,
    /// What the task waits for.
    Dependencies,
    /// Settings that it goes on with, such as the agent's command.
    Settings {
        /// Which, in the order in which they are documented.
        keys: Vec<String>,
    },
    /// The task is not in the plan any more, so that the loop keeps the text that it began with.
    Gone,
}

impl Mend {
    /// Whether an agent that knows the text as it was has to be told.
    pub fn concerns_the_agent(&self) -> bool {
        match self {
            Self::Title { .. }
            | Self::Goal
            | Self::Details
            | Self::CriterionAdded { .. }
            | Self::CriterionRemoved { .. } => true,
            Self::Fields | Self::Dependencies | Self::Settings { .. } | Self::Gone => false,
        }
    }
}

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum News {
    /// An iteration begins.
    IterationStarted {
        /// Its number, from one.
        iteration: u32,
        /// The limit of iterations.
        max_iterations: u32,
    },
    /// The agent is started.
    AgentStarted {
        /// The iteration it works for.
        iteration: u32,
        /// The agent's name, such as `claude`.
        agent: String,
        /// Whether it goes on in its last session.
        resumes: bool,
        /// Whether the settings want a fresh session for each iteration.
        fresh: bool,
        /// Why its session is not the one it would have been.
        recovery: Option<Recovery>,
    },
    /// The agent said or did something; long texts are cut.
    Agent(AgentEvent),
    /// The agent and all its processes are gone.
    AgentEnded {
        /// How the agent ended.
        outcome: Outcome,
        /// The agent's own words for it; empty if it ended well.
        message: String,
        /// What the run used, if the agent said so.
        usage: Option<Usage>,
        /// The command that logs in, if that is what is missing.
        login: Option<String>,
    },
    /// The agent is being ended.
    AgentEnding {
        /// Why the agent is ended.
        reason: KillReason,
    },
    /// The checks begin to run.
    Verifying {
        /// The names of the checks.
        checks: Vec<String>,
    },
    /// Finished work is to land on a branch that has moved: its checks begin to run on what it makes of that.
    Lands {
        /// The branch.
        into: String,
        /// The names of the checks.
        checks: Vec<String>,
    },
    /// It waits until what lands before it is through.
    LandingAwaited {
        /// The branch.
        into: String,
    },
    /// A branch that has moved is merged into the work.
    BroughtUp {
        /// The branch.
        from: String,
        /// The files in which both sides changed the same places.
        conflicts: Vec<String>,
    },
    /// The checks wait until another loop needs its working tree for checks no more.
    BenchAwaited {},
    /// A working tree for checks is set up.
    BenchSetup {
        /// The setup's command.
        command: String,
    },
    /// A check that passed is asked again where its answer shows what it is worth.
    Control {
        /// Where.
        control: ControlKind,
        /// The check's name.
        check: String,
    },
    /// A judge is asked.
    JudgeAsked {
        /// Who.
        by: String,
        /// How many questions.
        questions: u32,
        /// Whether it is asked about what was there before the work.
        control: bool,
    },
    /// Tests that failed, and passed before the work, are run again.
    TriedAgain {
        /// The check's name.
        check: String,
        /// The tests.
        tests: Vec<String>,
    },
    /// A check answered.
    Verifier {
        /// The check's name.
        name: String,
        /// Whether it passed.
        passed: bool,
        /// How its process ended, in words.
        exit: String,
        /// How long it took.
        seconds: f64,
    },
    /// An iteration is over.
    IterationJudged {
        /// The iteration's number.
        iteration: u32,
        /// Whether it changed anything.
        changed: bool,
        /// How its gate was read.
        gate: Box<Reading>,
        /// Why the work is, or is not, done: one sentence.
        verdict: String,
        /// The checks that failed; `None` if none ran.
        failed: Option<Vec<String>>,
        /// US dollars that it cost, if the agent said so.
        cost_usd: Option<f64>,
        /// Tokens of any kind that it used.
        tokens: u64,
    },
    /// The loop waits for a moment.
    Waiting {
        /// The moment until which the loop waits.
        until: Moment,
        /// What the loop waits for, in words.
        reason: String,
        /// Since when it waits for that, if it tried before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Moment>,
    },
    /// The user is asked.
    Asks {
        /// What kind of answer is needed.
        kind: AskKind,
        /// The whole question.
        text: String,
    },
    /// The work is committed on the loop's branch.
    Committed {
        /// The commit's id; `None` if there was nothing to commit.
        commit: Option<String>,
    },
    /// The loop goes on with its plan as it is now, which was edited while the loop rested.
    PlanChanged {
        /// What is other than before.
        changes: Vec<Mend>,
    },
    /// The worktree's setup begins.
    Setup {
        /// The command of the setup.
        command: String,
    },
    /// The worktree's setup printed a line.
    SetupOutput {
        /// The line that was printed.
        line: String,
    },
    /// What git ignores was brought into the new worktree.
    Provisioned {
        /// How many files were copied.
        copied: usize,
        /// How many were linked.
        linked: usize,
    },
    /// A manifest names what lies beside the repository, and the worktree has nothing there.
    Beside {
        /// The manifest's path from the root.
        manifest: String,
        /// What it names, as it is seen from the root.
        path: String,
    },
    /// The worktree was gone and is there again, as its last checkpoint has it.
    WorktreeRestored {
        /// The path of the worktree.
        worktree: String,
    },
    /// Something that changes nothing.
    Note(Note),
    /// A command was not taken.
    Refused {
        /// Why the command was refused, in words.
        why: String,
    },
    /// The tree could not be kept while the agent worked, which goes on.
    CheckpointFailed {
        /// Why the checkpoint failed.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Something is not in a checkpoint.
    CheckpointSkipped {
        /// Its path, and why.
        what: String,
    },
    /// The user's checkout, or the repository around it, is not what it was before the agent ran.
    CheckoutChanged {
        /// What changed.
        changes: Vec<CheckoutChange>,
        /// All tasks whose agents ran in that time.
        tasks: Vec<TaskKey>,
        /// Whether the agent was seen to name the checkout; if not, it may have been the user.
        named: bool,
    },
    /// The user's checkout could not be kept or compared; the loop goes on.
    CheckoutNotWatched {
        /// Why.
        message: String,
    },
    /// The tree was set back to what the checks had seen: something changed it since.
    SetBack {
        /// The files that were set back, as far as they are named.
        files: Vec<String>,
        /// The ref of the checkpoint that keeps them as they were.
        kept: String,
    },
    /// An iteration could not be written into the progress log; the loop goes on.
    ProgressNotLogged {
        /// Why the log cannot be written.
        message: String,
    },
    /// The loop cannot go on.
    Error {
        /// What went wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The loop rests: its runner ends.
    Rests {
        /// Why, in words; empty if the status says it.
        reason: String,
        /// US dollars that the whole loop cost, if the agent said so.
        cost_usd: Option<f64>,
    },
    /// News of another version, which this one cannot read.
    #[serde(untagged)]
    Other {
        /// Its kind.
        kind: String,
        /// What it says.
        payload: Value,
    },
}

impl News {
    /// Reads a row of the change feed.
    pub fn read(kind: &str, payload: Value) -> Self {
        let mut row = serde_json::json!({ "kind": kind });
        row["payload"] = payload;
        Self::deserialize(&row)
            .unwrap_or_else(|_| Self::Other { kind: kind.to_owned(), payload: row["payload"].take() })
    }

    /// The number of the iteration that the news names.
    pub fn iteration(&self) -> Option<u32> {
        match self {
            Self::IterationStarted { iteration, .. }
            | Self::AgentStarted { iteration, .. }
            | Self::IterationJudged { iteration, .. }
            | Self::Note(Note::Rewound { iteration }) => Some(*iteration),
            _ => None,
        }
    }
}

/// News of a task as its runner reports it, with secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// When it happened.
    pub at: Moment,
    /// The task that it is about.
    pub task: TaskKey,
    /// The task's status at that moment.
    pub status: TaskStatus,
    /// What happened.
    #[serde(flatten)]
    pub news: News,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_older_versions_are_read_and_written_as_they_were() {
        for (kind, payload) in [
            ("iteration_started", json!({ "iteration": 1, "maxIterations": 10 })),
            (
                "agent_started",
                json!({
                    "iteration": 1, "agent": "claude", "resumes": true, "fresh": false, "recovery": null,
                }),
            ),
            (
                "agent_started",
                json!({
                    "iteration": 2, "agent": "claude", "resumes": false, "fresh": false, "recovery": "session_lost",
                }),
            ),
            ("agent", json!({ "event": "tool_started", "name": "Bash", "summary": "ls" })),
            (
                "agent",
                json!({ "event": "usage", "input": 1, "output": 2, "cache_read": 3, "cache_write": 4 }),
            ),
            ("agent_ending", json!({ "reason": "wall_time" })),
            (
                "agent_ended",
                json!({
                    "outcome": { "class": "rate_limit", "reset_at": 7 }, "message": "", "usage": null, "login": null,
                }),
            ),
            ("verifying", json!({ "checks": ["tests"] })),
            (
                "verifier",
                json!({ "name": "tests", "passed": false, "exit": "exit status 1", "seconds": 0.5 }),
            ),
            (
                "iteration_judged",
                json!({
                    "iteration": 1, "changed": true,
                    "gate": { "verdict": "ready", "gate": { "ready": true, "Mine": [1] }, "why": "it says so" },
                    "verdict": "tests said no", "failed": ["tests"], "costUsd": 0.1, "tokens": 12,
                }),
            ),
            ("waiting", json!({ "until": 1_700_000_000_000_i64, "reason": "usage limit" })),
            ("asks", json!({ "kind": "approval", "text": "Is it right?" })),
            ("committed", json!({ "commit": null })),
            ("setup", json!({ "command": "npm ci" })),
            ("setup_output", json!({ "line": "added 3 packages" })),
            ("provisioned", json!({ "copied": 2, "linked": 1 })),
            ("worktree_restored", json!({ "worktree": "/repo/.git/alfine/w" })),
            ("note", json!({ "note": "agent_silent", "rule": "stall", "seconds": 300 })),
            ("note", json!({ "note": "pause_asked" })),
            ("refused", json!({ "why": "it is done: there is nothing to continue" })),
            ("checkpoint_failed", json!({ "message": "the disk is full", "hint": null })),
            ("checkpoint_skipped", json!({ "what": "vendor (a repository of its own)" })),
            ("set_back", json!({ "files": ["a"], "kept": "refs/alfine/x" })),
            ("progress_not_logged", json!({ "message": "read-only" })),
            ("error", json!({ "message": "no", "hint": "yes" })),
            ("rests", json!({ "reason": "", "costUsd": null })),
        ] {
            let news = News::read(kind, payload.clone());
            assert!(!matches!(news, News::Other { .. }), "{kind} {payload}");
            assert_eq!(
                serde_json::to_string(&news).unwrap(),
                json!({ "kind": kind, "payload": payload }).to_string()
            );
        }
    }

    #[test]
    fn what_cannot_be_read_stays_what_it_is() {
        for (kind, payload) in [
            ("a_kind_to_come", json!({ "any": 1 })),
            ("asks", json!({ "kind": "a kind to come", "text": "?" })),
            ("note", json!({ "note": "a note to come" })),
            ("verifier", json!({ "name": "tests" })),
            ("rests", json!(null)),
            ("", json!([1.5, { "kind": "rests" }])),
        ] {
            let news = News::read(kind, payload.clone());
            assert_eq!(news, News::Other { kind: kind.to_owned(), payload: payload.clone() });
            assert_eq!(serde_json::to_value(&news).unwrap(), json!({ "kind": kind, "payload": payload }));
        }
    }

    #[test]
    fn what_is_told_is_one_flat_object() {
        let told = Told {
            at: Moment(3),
            task: TaskKey::new("PLAN.md", "US-001"),
            status: TaskStatus::Running,
            news: News::Setup { command: "npm ci".to_owned() },
        };
        let expected = r#"{"at":3,"task":"PLAN.md#US-001","status":"running","kind":"setup","payload":{"command":"npm ci"}}"#;
        assert_eq!(serde_json::to_string(&told).unwrap(), expected);
    }
}
