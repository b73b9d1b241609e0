//! Where Alfine's files lie.
//!
//! Everything else may ask here, so this knows nothing of anything else.

mod layout;

pub use layout::{Layout, NoHome, UserDirs};
