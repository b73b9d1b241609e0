//! The git module against real repositories: each test has its own folder, and none sees the machine's configuration.

// Test support fails by panicking.
#![allow(clippy::unwrap_used, clippy::panic)]

mod benches;
mod checkouts;
mod checkpoints;
mod commits;
mod filters;
mod fixture;
mod landed;
mod merges;
mod nothing_is_lost;
mod provisioning;
mod repositories;
mod submodules;
mod text_changes;
mod worktrees;
