//! Makes a loop happen: store, git, agents, verifiers, processes, configuration, the runner.
//!
//! Synchronous by design: a runner is one thread that owns its loop's state, and a few that only send to it.
//! Knows rusqlite and git2; never knows LSP.

pub mod agent;
pub mod chain;
pub mod config;
pub mod control;
pub mod demo;
pub mod error;
pub mod finish;
pub mod git;
pub mod layout;
pub mod process;
pub mod progress;
pub mod project;
pub mod reason;
pub mod records;
pub mod runner;
pub mod secrets;
pub mod start;
pub mod store;
pub mod task_spec;
pub mod trust;
pub mod verify;
pub mod view;

pub use error::{Error, ErrorKind, Result};
