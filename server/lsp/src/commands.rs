//! `workspace/executeCommand`: what the user can have done.

pub mod arguments;
mod asking;
mod control;
mod execute;
mod finish;
mod here;
pub mod hold;
mod inbox;
mod letter;
mod letters;
mod place;
mod questions;
mod quoting;
mod reading;
pub mod refusal;
mod saved;
mod show;
mod start;
mod subject;
#[cfg(test)]
mod tests;
mod transcript;
mod writer;

pub use execute::{Commands, Look, Pictures};
pub use transcript::Page as TranscriptPage;

/// Starts a task's loop, or a plan's.
pub const START: &str = "alfine.start";
/// Writes a task about a place in a file, and starts its loop.
pub const START_HERE: &str = "alfine.startHere";
/// Holds a loop after its iteration.
pub const PAUSE: &str = "alfine.pause";
/// Ends a loop.
pub const STOP: &str = "alfine.stop";
/// Lets a loop go on.
pub const CONTINUE: &str = "alfine.continue";
/// Tells a loop's agent something.
pub const STEER: &str = "alfine.steer";
/// Answers what a loop asks.
pub const ANSWER: &str = "alfine.answer";
/// Sets a loop's tree back to where it was after an iteration.
pub const REWIND: &str = "alfine.rewind";
/// Begins a loop anew from where another was after an iteration.
pub const FORK: &str = "alfine.fork";
/// Merges what a done task made.
pub const MERGE: &str = "alfine.merge";
/// Throws a loop's work away; its checkpoints stay.
pub const DISCARD: &str = "alfine.discard";
/// Opens what the agent said.
pub const SHOW_TRANSCRIPT: &str = "alfine.showTranscript";
/// Opens what a loop changed.
pub const SHOW_DIFF: &str = "alfine.showDiff";
/// Opens a loop's worktree.
pub const OPEN_WORKTREE: &str = "alfine.openWorktree";
/// Allows the commands that a plan and its repository name, after showing them.
pub const TRUST: &str = "alfine.trust";

/// All commands.
pub const ALL: [&str; 15] = [
    START,
    START_HERE,
    PAUSE,
    STOP,
    CONTINUE,
    STEER,
    ANSWER,
    REWIND,
    FORK,
    MERGE,
    DISCARD,
    SHOW_TRANSCRIPT,
    SHOW_DIFF,
    OPEN_WORKTREE,
    TRUST,
];
