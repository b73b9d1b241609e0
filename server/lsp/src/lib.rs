//! The language server. Knows lsp-types; holds no state that the database does not.
//!
//! [`transport`] brings messages, [`server`] hands each to its handler, and a handler is a function of a [`picture`]:
//! an immutable [`snapshot`] of database, git and disk, and the open [`document`]s.

pub mod client;
pub mod clock;
pub mod commands;
pub mod diagnostics;
pub mod document;
pub mod editor;
#[cfg(test)]
mod editor_types;
pub mod evidence;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod handlers;
pub mod keeper;
pub mod offers;
pub mod picture;
pub mod plan_field;
#[cfg(test)]
mod plan_formats;
pub mod position;
pub mod protocol;
pub mod publisher;
pub mod server;
pub mod session;
pub mod settings_cursor;
pub mod settings_file;
pub mod snapshot;
pub mod spelling;
pub mod to_client;
pub mod to_proto;
pub mod transport;
pub(crate) use alfine_words::text as wording;
