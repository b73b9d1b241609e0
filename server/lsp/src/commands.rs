//! `workspace/executeCommand`: what the user can have done.

pub mod arguments;
mod asking;
mod control;
mod editor_command;
mod execute;
mod finish;
mod front_end;
mod here;
pub mod hold;
mod letter;
mod letters;
mod place;
mod questions;
mod reading;
pub mod refusal;
mod saved;
mod show;
mod start;
#[cfg(test)]
mod tests;
mod transcript;
mod writer;

#[cfg(test)]
pub use editor_command::Described;
pub use editor_command::EditorCommand;
pub use execute::{Commands, Look, Pictures};
pub use transcript::{Page as TranscriptPage, Wanted as TranscriptParams};
