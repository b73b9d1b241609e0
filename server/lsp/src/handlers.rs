//! One file for each method of the protocol, named after it. Each is a function of a [`Picture`](crate::picture::Picture);
//! none touches the database, git or the disk.

pub mod code_action;
pub mod code_lens;
pub mod completion;
pub mod document_symbol;
pub mod folding_range;
pub mod hover;
pub mod inlay_hint;
pub mod tasks;

#[cfg(test)]
mod tests;
