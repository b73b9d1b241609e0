//! Runs verifiers, the checks that Alfine itself makes, and says what they found.
//!
//! A verifier that cannot run has failed: nothing is proven by a check that was not made. Knows nothing of agents, loops
//! or the database; what a verdict means for a loop is decided elsewhere.

mod answer;
mod browser;
mod cancel;
mod clean_tree;
mod command;
mod context;
mod detect;
mod diagnostics;
mod findings;
mod language_server;
mod output;
mod purpose;
mod run;
mod score;
mod seconds;
mod spec;
pub mod test_report;

pub use answer::{VerifierExit, VerifierResult};
pub use cancel::CancelToken;
pub use context::VerifyContext;
pub use detect::Detector;
pub use purpose::{runs_linter, runs_tests};
pub use run::run;
pub use score::score;
pub use spec::{Pages, VerifierKind, VerifierSpec};
