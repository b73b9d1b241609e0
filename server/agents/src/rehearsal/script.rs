//! What a rehearsal plays: parts for tasks, each part with its runs, each run with its steps.
//!
//! ```toml
//! [[parts]]
//! task = "US-001"                      # or: prompt = "text in the prompt"; neither: for every task
//! runs = [
//!   [{ say = "I look around." }, { write = { path = "a.txt", content = "x\n" } }, { gate = { ready = false } }],
//!   [{ run = "cargo test" }, { commit = "feat: add a" }, { gate = { ready = true, reason = "it passes" } }],
//! ]
//! ```

use alfine_core::agent::{Outcome, Usage};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A whole script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// Its parts; the first one that fits the task is played.
    pub parts: Vec<Part>,
}

/// What is played for one task, or for every one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Fits the task with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Fits a prompt that contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The runs, in order; after the last one it is played again and again.
    pub runs: Vec<Vec<Step>>,
}

/// One thing that the agent does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// Says a text.
    Say(String),
    /// Thinks a text.
    Think(String),
    /// Runs a command in the shell; its output is dropped.
    Run(String),
    /// Writes a file.
    Write {
        /// From the worktree's root.
        path: String,
        /// The whole content of the file.
        content: String,
    },
    /// Writes to the end of a file.
    Append {
        /// From the worktree's root.
        path: String,
        /// The text that is added to the file.
        content: String,
    },
    /// Deletes a file.
    Delete(String),
    /// Commits all changes with this message.
    Commit(String),
    /// Does nothing for so many milliseconds.
    PauseMs(u64),
    /// Ends a text with a completion gate.
    Gate(Gate),
    /// Says what the run used so far.
    Usage(Usage),
    /// Says that a tool was denied.
    Deny(String),
    /// Says that it tries again.
    Retry(String),
    /// Ends the run.
    End(End),
    /// Ends the process with this exit status, without another word.
    Exit(i32),
}

/// How a run ends. By itself, with `class = "ok"`, if no step says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// `class`, and for `rate_limit` the `reset_at`.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// For `rate_limit`: when it passes, in seconds from when it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_in_s: Option<u32>,
    /// In the agent's words.
    #[serde(default)]
    pub message: String,
}

/// A completion gate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Whether the work is claimed to be done.
    pub ready: bool,
    /// Why it is ready or not.
    #[serde(default)]
    pub reason: String,
    /// What was done in this iteration.
    #[serde(default)]
    pub progress: String,
    /// What stands in the way.
    #[serde(default)]
    pub blockers: Vec<String>,
    /// What only a human can answer.
    #[serde(default)]
    pub question: String,
    /// Why checks were changed that were there before.
    #[serde(default)]
    pub checks_changed: String,
}

impl Gate {
    /// Returns the block as an agent prints it.
    pub fn block(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut block = format!("<COMPLETION_GATE>\nready: {}\n", self.ready);
        for (name, text) in [
            ("reason", &self.reason),
            ("progress", &self.progress),
            ("question", &self.question),
            ("checks_changed", &self.checks_changed),
        ] {
            if !text.is_empty() {
                let _ = writeln!(block, "{name}: {}", quoted(text));
            }
        }
        if !self.blockers.is_empty() {
            let blockers: Vec<_> = self.blockers.iter().map(|blocker| quoted(blocker)).collect();
            let _ = writeln!(block, "blockers: [{}]", blockers.join(", "));
        }
        block + "</COMPLETION_GATE>"
    }
}

impl Script {
    /// Reads a script: JSON if it begins with `{`, else TOML. The error says what is wrong, and where.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(|error| error.to_string());
        }
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Returns the first part that fits, and its place in the script.
    pub(super) fn part_for(&self, task: Option<&str>, prompt: &str) -> Option<(usize, &Part)> {
        self.parts.iter().enumerate().find(|(_, part)| part.fits(task, prompt))
    }
}

impl Part {
    fn fits(&self, task: Option<&str>, prompt: &str) -> bool {
        let id = task.map(|task| task.rsplit_once('#').map_or(task, |(_, id)| id));
        let task_fits = self.task.as_deref().is_none_or(|wanted| id == Some(wanted) || task == Some(wanted));
        let prompt_fits = self.prompt.as_deref().is_none_or(|wanted| prompt.contains(wanted));
        task_fits && prompt_fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
        [[parts]]
        task = "US-001"
        runs = [
          [{ say = "hi" }, { think = "hm" }, { run = "ls" }, { write = { path = "a", content = "x" } }, { delete = "b" },
           { commit = "feat: a" }, { pause_ms = 5 }, { gate = { ready = false, blockers = ["a \"b\""] } }],
          [{ usage = { input = 1, output = 2, cache_read = 3, cache_write = 4, cost_usd = 0.5 } },
           { end = { class = "rate_limit", reset_in_s = 5 } }],
          [{ exit = 3 }],
        ]
        [[parts]]
        prompt = "coupon"
        runs = []
    "#;

    #[test]
    fn a_script_reads_the_same_as_toml_and_as_json() {
        let script = Script::parse(TOML).unwrap();
        let json = serde_json::to_string(&script).unwrap();
        assert_eq!(Script::parse(&json), Ok(script.clone()));
        let outcome = Outcome::RateLimit { reset_at: None };
        let end = End { outcome, reset_in_s: Some(5), message: String::new() };
        assert_eq!(script.parts[0].runs[1][1], Step::End(end));
        assert_eq!(script.parts[0].runs[2], [Step::Exit(3)]);
    }

    #[test]
    fn a_misspelt_step_is_an_error_that_names_it() {
        let error = Script::parse("[[parts]]\nruns = [[{ sya = 'x' }]]").unwrap_err();
        assert!(error.contains("sya") && error.contains("line 2"), "{error}");
        for bad in ["", "{", "parts = 1", "[[parts]]\nruns = [[{ say = 1 }]]", "[[parts]]\nrun = []"] {
            assert!(Script::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_first_part_that_fits_is_played() {
        let script = Script::parse(TOML).unwrap();
        let place = |task, prompt| script.part_for(task, prompt).map(|(place, _)| place);
        assert_eq!(place(Some("PLAN.md#US-001"), "coupon"), Some(0));
        assert_eq!(place(Some("US-001"), ""), Some(0));
        assert_eq!(place(Some("PLAN.md#US-0011"), "a coupon table"), Some(1));
        assert_eq!(place(None, "US-001"), None);
    }

    #[test]
    fn a_gate_is_printed_as_agents_are_told_to() {
        let gate = Gate {
            ready: true,
            reason: "all \"green\"\nnow".to_owned(),
            blockers: vec!["a: b".to_owned(), "c".to_owned()],
            ..Gate::default()
        };
        assert_eq!(
            gate.block(),
            "<COMPLETION_GATE>\nready: true\nreason: \"all \\\"green\\\"\\nnow\"\nblockers: [\"a: b\", \"c\"]\n\
             </COMPLETION_GATE>"
        );
    }
}
