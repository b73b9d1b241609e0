//! What the end-to-end tests share.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod fake_agent;
pub mod model_stub;
pub mod sandbox;
