//! What a user, a repository, an editor, a command line and a task say of how loops are run: one [`Config`].
//!
//! The settings, their meaning and their bounds are written down once, in [`Config`]'s types; the JSON schema comes
//! from there, and from the schema the [catalogue](Setting) that the checks, the reference and the editors ask. Reads files, never writes one, runs nothing, and never
//! knows what a setting is used for.

mod aliases;
mod catalogue;
mod check;
mod duration;
mod layers;
mod reference;
mod schema;
mod settings;
mod settings_demands;
mod source;
#[cfg(test)]
mod tests;
pub mod trust;

pub use catalogue::{Setting, TableForm, Takes};
pub use duration::{HumanDuration, NotADuration};
pub use layers::{
    ConfigError, ConfigProblem, Layer, Layers, Loaded, Partial, RaisedLimit, load, load_what_is_valid,
};
pub use reference::reference_markdown;
pub use schema::schema;
pub use settings::{
    Agent, Budget, Config, Control, Expect, Judge, JudgedCriteria, LandingChecks, Learning, Limits, OnDone,
    Price, ProgressLog, PromptVia, Proof, Safety, Verification, Verifier, VerifierKind, Worktree,
};
pub use settings_demands::{
    AcceptanceCriteria, BrowserVerify, CommitDiscipline, ContextRecovery, Execution, MessageFormat,
    QualityGates, StandardCheck,
};
pub use source::Source;
