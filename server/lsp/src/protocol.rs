//! Where the types of the protocol and its dispatch come from: no other file of Alfine names the crate.
//!
//! tower-lsp 0.20 is of August 2023, and its own `Server` loses the order of messages, cancellation and the exit, so
//! [`crate::transport`] takes that part's place. It is kept because the project chose it and because others run it at
//! scale (Biome does); with every use of it going through this file, replacing it begins and ends here.

pub use tower_lsp::{
    Client, ClientSocket, ExitedError, LanguageServer, Loopback, LspService, async_trait, jsonrpc, lsp_types,
};
