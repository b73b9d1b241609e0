//! What the tests of the language server share: a client to talk to it, and a server to test the transport with.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

pub(crate) mod client;
pub(crate) mod server;
