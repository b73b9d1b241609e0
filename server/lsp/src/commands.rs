//! `workspace/executeCommand`: what the user can have done.

mod answer_file;
mod argument_reader;
pub mod arguments;
mod asking;
mod control;
mod editor_command;
mod execute;
mod finish;
mod front_end;
mod questions;
mod queue;
mod refusal;
mod repository_of;
mod show;
mod start;
mod start_here;
#[cfg(test)]
mod tests;
mod transcript;
mod unsaved;
pub mod unsaved_hold;

#[cfg(test)]
pub use editor_command::Described;
pub use editor_command::EditorCommand;
pub use execute::Commands;
pub use transcript::Page as TranscriptPage;
#[cfg(test)]
pub use transcript::Wanted as TranscriptParams;
