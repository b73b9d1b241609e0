//! What was seen in a repository that may help a later task: how it is counted, how it fades, and which of it fits a task.
//!
//! Learned is what the engine observed (answers of checks, trees, how commands ended as the agent's CLI tells it), never what
//! an agent says.

mod commands;
mod fitting;
mod section;
#[cfg(test)]
mod tests;

pub use commands::Commands;
pub use fitting::{About, fitting};
pub use section::with_section;

use crate::{signature::Signature, task::TaskKey, text::one_line, time::Moment};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many learnings a repository keeps at most.
pub const MOST: usize = 500;
/// The time in which a learning that is not seen again loses half of its weight.
const HALF_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// A learning that weighs less is forgotten: what was seen once, after three half-lives.
const LEAST_WEIGHT: f64 = 0.125;
/// How many places a learning remembers that it was seen in.
const MOST_SEEN: usize = 5;
/// How many companions a learning has.
const MOST_COMPANIONS: usize = 8;
/// A task that changed more files says little about any two of them.
const MOST_TOGETHER: usize = 12;
/// The longest path, command or error that is learned, in bytes. A path or a command that was cut would be another one.
const LONGEST: usize = 300;

/// What kind of thing was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file, and the files that were changed together with it.
    Together,
    /// A command that failed and then passed, and the files that were changed in between.
    Command,
    /// An error that went away, and the files that were changed meanwhile.
    Error,
    /// A command that failed until something was set up, and the commands that did that, where known.
    Setup,
}

/// One thing that was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What kind of thing.
    pub kind: Kind,
    /// By what it is known again.
    pub key: String,
    /// The file, the command or the error.
    pub subject: String,
    /// The files or commands that belong to it.
    pub companions: Vec<String>,
}

impl Observation {
    /// Of the files that a task changed: one for each of them; nothing of a task that changed one alone, or very many.
    pub fn together(files: &[String]) -> Vec<Self> {
        let files = fitting_texts(files);
        if !(2..=MOST_TOGETHER).contains(&files.len()) {
            return Vec::new();
        }
        let others = |file: &String| files.iter().filter(|other| *other != file).cloned().collect();
        files.iter().map(|file| Self::new(Kind::Together, file, others(file))).collect()
    }

    /// Of a command that failed, and passed after these files were changed.
    pub fn command(command: &str, files: &[String]) -> Option<Self> {
        let files = fitting_texts(files);
        (is_fitting(command) && !files.is_empty()).then(|| Self::new(Kind::Command, command, files))
    }

    /// Of an error that went away when these files were changed.
    pub fn error(signature: &Signature, words: &str, files: &[String]) -> Option<Self> {
        let (words, files) = (one_line(crate::text::start_of(words, LONGEST)), fitting_texts(files));
        let key = signature.as_str().to_owned();
        (!words.is_empty() && !files.is_empty())
            .then(|| Self { key, ..Self::new(Kind::Error, &words, files) })
    }

    /// Of a command that failed until these commands were run; none of them where it is not known what mended it.
    pub fn setup(command: &str, by: &[String]) -> Option<Self> {
        is_fitting(command).then(|| Self::new(Kind::Setup, command, fitting_texts(by)))
    }

    fn new(kind: Kind, subject: &str, companions: Vec<String>) -> Self {
        Self { kind, key: subject.to_owned(), subject: subject.to_owned(), companions }
    }

    /// Lets `rewrite` change its texts. An error is still known by its signature.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        if self.kind != Kind::Error {
            rewrite(&mut self.key);
        }
        rewrite(&mut self.subject);
        self.companions.iter_mut().for_each(rewrite);
    }
}

fn is_fitting(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST
}

/// The texts that are not too long, each once, as many as may be kept.
fn fitting_texts(texts: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts.iter().filter(|text| is_fitting(text)) {
        // One more than a task may change says that there are too many.
        if !kept.contains(text) && kept.len() <= MOST_TOGETHER {
            kept.push(text.clone());
        }
    }
    kept
}

/// Where a thing was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The task, as it was called then.
    pub task: TaskKey,
    /// The loop's id.
    pub loop_id: String,
    /// The iteration.
    pub iteration: u32,
    /// The commit of the checkpoint that has the tree, as hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// When.
    pub at: Moment,
}

/// A companion of a learning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Companion {
    /// The file or the command.
    pub name: String,
    /// How often it was seen with the subject.
    pub times: u32,
}

/// Something that was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Learning {
    /// Its number; 0 until it is written down.
    pub id: i64,
    /// What kind of thing it is.
    pub kind: Kind,
    /// By what it is known again.
    #[serde(skip)]
    pub key: String,
    /// The file, the command or the error.
    pub subject: String,
    /// What was seen with it, most often first.
    pub companions: Vec<Companion>,
    /// Where it was seen, the last places.
    pub seen: Vec<Seen>,
    /// How often it was seen.
    pub times: u32,
    /// When it was seen first.
    pub first_at: Moment,
    /// When it was seen last.
    pub last_at: Moment,
}

impl Learning {
    /// What is learned of a first observation.
    pub fn first(observation: Observation, seen: Seen) -> Self {
        let Observation { kind, key, subject, companions } = observation;
        let at = seen.at;
        let mut new = Self {
            id: 0,
            kind,
            key,
            subject,
            companions: Vec::new(),
            seen: vec![seen],
            times: 1,
            first_at: at,
            last_at: at,
        };
        new.add(companions);
        new
    }

    /// Counts it again. Says whether that changed it: what was seen in one iteration counts once, however often it is
    /// written down.
    pub fn again(&mut self, observation: Observation, seen: Seen) -> bool {
        let is_known = |known: &Seen| (&known.loop_id, known.iteration) == (&seen.loop_id, seen.iteration);
        if self.seen.iter().any(is_known) {
            return false;
        }
        self.times = self.times.saturating_add(1);
        self.last_at = self.last_at.max(seen.at);
        self.subject = observation.subject;
        self.seen.push(seen);
        let too_many = self.seen.len().saturating_sub(MOST_SEEN);
        self.seen.drain(..too_many);
        self.add(observation.companions);
        true
    }

    /// Counts companions. Of those that were seen equally often the last ones come first.
    fn add(&mut self, companions: Vec<String>) {
        for name in companions.into_iter().rev() {
            let known = self.companions.iter().position(|known| known.name == name);
            let times = known.map_or(0, |at| self.companions.remove(at).times);
            self.companions.insert(0, Companion { name, times: times.saturating_add(1) });
        }
        self.companions.sort_by_key(|companion| std::cmp::Reverse(companion.times));
        self.companions.truncate(MOST_COMPANIONS);
    }

    /// What it weighs now: how often it was seen, halved for each 30 days since it was seen last.
    pub fn weight(&self, now: Moment) -> f64 {
        weight(self.times, self.last_at, now)
    }
}

/// What a learning weighs that was seen so often, and last at this moment.
fn weight(times: u32, last_at: Moment, now: Moment) -> f64 {
    f64::from(times) * 0.5_f64.powf(now.since(last_at).as_secs_f64() / HALF_LIFE.as_secs_f64())
}

/// Which learnings are to be forgotten, by number, count and when they were seen last: those that have faded, and the
/// lightest of more than [`MOST`].
pub fn faded(rows: &[(i64, u32, Moment)], now: Moment) -> Vec<i64> {
    let mut weighed: Vec<(f64, i64)> =
        rows.iter().map(|&(id, times, last_at)| (weight(times, last_at, now), id)).collect();
    // Of equal ones the older go.
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let is_over = |(at, (weight, _)): &(usize, (f64, i64))| *at >= MOST || *weight < LEAST_WEIGHT;
    weighed.into_iter().enumerate().filter(is_over).map(|(_, (_, id))| id).collect()
}
