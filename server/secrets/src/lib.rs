//! Keeps secrets from agents that do not need them, and from logs and transcripts.
//!
//! Names and shapes are guesses, on the safe side: what looks like a secret is one until the user says that it is to be
//! passed on. Never stores a secret, never prints one, and knows no agent: whose variable is whose comes in as data.

mod environment;
mod masker;
mod shapes;

pub use environment::clean_environment;
pub use masker::{MaskError, Masker, mask_pattern};
pub use shapes::{has_database_login, has_issued_key};
