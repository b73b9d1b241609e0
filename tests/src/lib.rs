//! What the end-to-end tests share.

pub mod fake_agent;
pub mod model_stub;
pub mod sandbox;
