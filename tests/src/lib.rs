//! What the end-to-end tests share.

pub mod fake_agent;
pub mod sandbox;
