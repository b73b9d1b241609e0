//! Edits that write a task's state back into its document.

use super::Task;
use crate::text::{Span, TextEdit};

/// Makes the edits that tick a task done in its document `text`: its own box where it has one, else the boxes of its
/// criteria. None where all are ticked, or where there is no box.
pub fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    let open = |span: &Span| !matches!(span.of(text), "x" | "X");
    let boxes: Vec<Span> = match task.checkbox {
        Some(span) => vec![span],
        None => task.criteria.iter().filter_map(|criterion| criterion.checkbox).collect(),
    };
    let open = boxes.into_iter().filter(open);
    open.map(|span| TextEdit { span, new_text: "x".to_owned() }).collect()
}
