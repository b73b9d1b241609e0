//! What the end-to-end tests share. It fails a test by panicking, as an assertion does.

#![allow(clippy::expect_used, clippy::panic)]

pub mod fake_agent;
pub mod model_stub;
pub mod sandbox;
