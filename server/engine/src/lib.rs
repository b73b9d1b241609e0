//! Makes a loop happen: what orchestrates git, the store, agents, checks, processes and settings.
//!
//! Synchronous by design: a runner is one thread that owns its loop's state, and a few that only send to it.
//! Knows rusqlite and git2; never knows LSP.

mod archive;
pub mod at_head;
pub mod bench;
mod beside;
pub mod budget;
pub mod built_on;
pub mod check;
pub mod checkout;
pub mod checks;
pub mod control;
pub mod demo;
mod ends_of_diff;
mod error;
pub mod evidence;
pub mod finish;
pub mod foreground;
mod gates;
pub mod inbox;
pub mod known;
mod landing;
pub mod learnings;
mod ledger;
pub mod loops;
pub mod mend;
pub mod offers;
pub mod plan_run;
pub mod planner;
mod progress;
pub mod project;
pub mod proof_report;
pub mod proposal;
pub mod records;
pub mod requests;
pub mod run_branch;
mod runner;
pub mod start;
mod start_options;
pub mod stats;
pub mod surroundings;
mod task_settings;
pub mod task_spec;
pub mod transcript;
pub mod view;
mod worktree;

pub use error::{Error, ErrorClass, ErrorKind, Result};
