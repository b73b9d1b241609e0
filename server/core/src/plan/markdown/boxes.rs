//! What a tool means by the boxes of its documents.

/// What the boxes of a document are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Boxes {
    /// Tasks; in a task criteria, or steps where they look like steps.
    AsTheyRead,
    /// Steps, which say how, and are ticked one after the other.
    Steps,
    /// Tasks with an id each, which only a blank divides from the title.
    WithIds,
}
