//! The language server. Knows lsp-types; holds no state that the database does not.

pub mod transport;
