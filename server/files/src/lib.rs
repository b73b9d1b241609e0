//! Where Alfine's files lie, and how files that others could have put there are opened.
//!
//! Everything else may ask here, so this knows nothing of anything else.

mod layout;
mod place;
pub mod plain_file;
pub mod programs;

pub use layout::{Layout, NoHome, UserDirs};
pub use place::{Place, flat};
