//! What a loop is: plans and their lints, the completion gate, the circuit breaker, the prompt and
//! the state machine that binds them.
//!
//! Pure: no I/O, no async, no clock, no SQL, no LSP. Time, text and results come in as data.

pub mod agent;
mod as_text;
pub mod at_head;
pub mod breaker;
pub mod budget;
pub mod chain;
pub mod checkout;
pub mod commit_type;
pub mod detect;
pub mod finding;
pub mod gate;
pub mod hint;
pub mod identity;
pub mod judge;
pub mod landing;
pub mod learning;
pub mod lint;
pub mod machine;
pub mod material;
mod nearest;
pub mod news;
pub mod offer;
pub mod plan;
pub mod plan_run;
pub mod planning;
pub mod printable;
pub mod prompt;
pub mod proof;
pub mod reason;
pub mod shell;
pub mod signature;
pub mod surrogates;
pub mod task;
pub mod text;
pub mod time;
pub mod unusual;
mod worded;

pub use nearest::nearest;

// A test's plan format names this crate as other crates do that include it.
#[cfg(test)]
extern crate self as alfine_core;
