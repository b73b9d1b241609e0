//! The language server. Knows lsp-types; holds no state that the database does not.
//!
//! [`transport`] brings messages, [`server`] hands each to its handler, and a handler is a function of a [`picture`]:
//! an immutable [`snapshot`] of database, git and disk, and the open [`document`]s.

mod client;
mod commands;
mod diagnostics;
mod document;
mod editor;
#[cfg(test)]
mod editor_types;
mod evidence;
#[cfg(test)]
pub(crate) mod fixtures;
mod handlers;
pub mod keeper;
mod lock;
mod offers;
mod picture;
mod plan_field;
#[cfg(test)]
mod plan_formats;
mod position;
mod progress;
pub mod protocol;
mod publisher;
pub mod server;
mod session;
mod settings_cursor;
mod settings_file;
pub mod snapshot;
mod spelling;
mod to_client;
mod to_proto;
pub mod transport;
mod within;
pub(crate) use alfine_words::text as wording;
