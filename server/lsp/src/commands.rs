//! `workspace/executeCommand`: what the user can have done.

mod answer_file;
mod argument_reader;
pub(crate) mod arguments;
mod asking;
mod check;
mod checkout;
mod control;
mod editor_command;
mod execute;
mod finish;
mod front_end;
mod plan_run;
mod questions;
mod queue;
mod refusal;
mod repository_of;
mod show;
mod start;
mod start_here;
mod tended;
#[cfg(test)]
mod tests;
mod transcript;
mod unsaved;
pub(crate) mod unsaved_hold;

#[cfg(test)]
pub(crate) use editor_command::Described;
pub(crate) use editor_command::EditorCommand;
pub(crate) use execute::Commands;
pub(crate) use transcript::Page as TranscriptPage;
#[cfg(test)]
pub(crate) use transcript::Wanted as TranscriptParams;
