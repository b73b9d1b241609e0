//! What the tests of the language server share: a client to talk to it, and a server to test the transport with.
#![allow(dead_code)]

pub mod client;
pub mod server;
