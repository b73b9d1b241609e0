//! One file for each method of the protocol, named after it. Each is a function of a [`Picture`](crate::picture::Picture);
//! none touches the database, git or the disk.

pub(crate) mod code_action;
pub(crate) mod code_lens;
pub(crate) mod completion;
pub(crate) mod document_symbol;
pub(crate) mod folding_range;
pub(crate) mod hover;
pub(crate) mod inlay_hint;
pub(crate) mod tasks;

#[cfg(test)]
mod tests;
