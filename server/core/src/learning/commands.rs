//! How the commands of an agent ended, as its CLI tells it: those that failed and then passed are observations.

use super::{LONGEST, Observation};
use crate::{
    agent::AgentEvent,
    shell,
    text::{one_line, start_of},
};
use std::collections::VecDeque;

/// How many commands that failed are waited for.
const MOST_FAILED: usize = 32;
/// How much between two runs of a command is remembered of each kind.
const MOST_BETWEEN: usize = 8;
/// How many observations one run of an agent makes.
const MOST_FOUND: usize = 32;

/// Programs that look, or that edit files: that one of them failed or ran says nothing about a repository.
const LOOKS_OR_EDITS: [&str; 52] = [
    "[", "awk", "basename", "bat", "cat", "cd", "chmod", "cmp", "cp", "curl", "cut", "date", "diff",
    "dirname", "du", "echo", "env", "export", "false", "fd", "file", "find", "git", "grep", "head", "jq",
    "kill", "less", "ln", "ls", "mkdir", "mv", "patch", "perl", "printf", "ps", "pwd", "rg", "rm", "sed",
    "sleep", "sort", "stat", "tail", "tee", "test", "touch", "tree", "true", "wc", "which", "xargs",
];

/// The commands of one run of an agent.
#[derive(Debug, Default)]
pub struct Commands {
    failed: VecDeque<Failed>,
    found: Vec<(String, Observation)>,
}

/// A command that failed, and what was done since.
#[derive(Debug)]
struct Failed {
    command: String,
    /// The files that were changed.
    changed: Vec<String>,
    /// Other commands that passed.
    ran: Vec<String>,
}

impl Commands {
    /// Takes what happened in the run. Files count that lie below `root`, by their paths from there, or that are told so.
    pub fn observe(&mut self, event: &AgentEvent, root: &str) {
        match event {
            AgentEvent::CommandEnded { command, ok: false } if says_something(command) => {
                self.failed(command);
            }
            AgentEvent::CommandEnded { command, ok: true } if says_something(command) => self.passed(command),
            AgentEvent::FileTouched { path } => {
                let path = path.strip_prefix(root).map_or(path.as_str(), |rest| rest.trim_start_matches('/'));
                if !path.starts_with(['/', '~']) {
                    self.failed.iter_mut().for_each(|failed| push(&mut failed.changed, path));
                }
            }
            AgentEvent::PermissionDenied { tool } => {
                // It did not run, so it did not fail either.
                let is_it = |command: &str| tool.contains(start_of(&one_line(command), 120));
                self.failed.retain(|failed| !is_it(&failed.command));
                self.found.retain(|(command, _)| !is_it(command));
            }
            _ => {}
        }
    }

    /// Returns what was observed, and forgets it.
    pub fn take(&mut self) -> Vec<Observation> {
        self.failed.clear();
        std::mem::take(&mut self.found).into_iter().map(|(_, observation)| observation).collect()
    }

    fn failed(&mut self, command: &str) {
        self.failed.retain(|failed| failed.command != command);
        if self.failed.len() == MOST_FAILED {
            self.failed.pop_front();
        }
        self.failed.push_back(Failed { command: command.to_owned(), changed: Vec::new(), ran: Vec::new() });
    }

    fn passed(&mut self, command: &str) {
        let at = self.failed.iter().position(|failed| failed.command == command);
        let mended = at.and_then(|at| self.failed.remove(at));
        // Where files were changed, nobody can tell whether a command mended it, too.
        let observation = mended.and_then(|Failed { command, changed, ran }| match changed.is_empty() {
            false => Observation::command(&command, &changed),
            true => Observation::setup(&command, &ran).filter(|it| !it.companions.is_empty()),
        });
        if let Some(observation) = observation.filter(|_| self.found.len() < MOST_FOUND) {
            self.found.push((command.to_owned(), observation));
        }
        self.failed.iter_mut().for_each(|failed| push(&mut failed.ran, command));
    }
}

/// Adds a text to a short list; the oldest gives way.
fn push(list: &mut Vec<String>, text: &str) {
    list.retain(|known| known != text);
    if list.len() == MOST_BETWEEN {
        list.remove(0);
    }
    list.push(text.to_owned());
}

/// How many words in quotes are a sentence.
const SENTENCE: usize = 4;

/// Whether a command has words that run nothing: a comment, or a sentence in quotes. The agent would say by them what is told as
/// observed.
fn has_prose(command: &str) -> bool {
    let is_comment = command.starts_with('#') || command.split_whitespace().any(|word| word.starts_with('#'));
    let is_sentence = |quoted: &str| quoted.split_whitespace().count() >= SENTENCE;
    is_comment || ['"', '\''].iter().any(|&quote| command.split(quote).skip(1).step_by(2).any(is_sentence))
}

/// Whether a command names a secret, whose value it may have, too.
fn names_secret(command: &str) -> bool {
    let command = command.to_ascii_lowercase();
    ["token", "secret", "passw", "api_key", "apikey", "api-key", "credential", "private_key"]
        .iter()
        .any(|name| command.contains(name))
}

/// Whether a command's status says something of the repository, as far as can be read.
fn says_something(command: &str) -> bool {
    command.len() <= LONGEST
        && !has_prose(command)
        && !names_secret(command)
        && shell::verdict(command) == Ok(shell::Verdict::Decides)
        && shell::programs(command).iter().any(|program| {
            let name = program.rsplit('/').next().unwrap_or_default();
            !LOOKS_OR_EDITS.contains(&name)
        })
}
