//! What the end-to-end tests share. It fails a test by panicking, as an assertion does.

#![allow(clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value, reason = "`json!` at the place of the call reads best without `&`")]

pub mod client;
pub mod editor;
pub mod fake_agent;
pub mod held;
pub mod meta_model;
pub mod model_stub;
pub mod records;
pub mod sandbox;
pub mod scenario;
