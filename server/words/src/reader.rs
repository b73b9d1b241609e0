//! For whom something is worded.

/// For whom something is worded: what the reader can type or click differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody at a terminal, who types command lines such as `alfine continue PLAN.md#US-001`.
    Terminal,
    /// Somebody with an editor, who chooses actions such as “Continue”.
    Editor {
        /// Whether the editor has Alfine's own commands and boxes for text (VS Code's extension, Neovim's plugin), beyond
        /// what the protocol gives every client.
        has_plugin: bool,
    },
}
