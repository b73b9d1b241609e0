//! tmp
use alfine_core::task::*;
use std::path::Path;
pub struct Entry {
    pub at: jiff::Timestamp,
    pub task: TaskKey,
    pub status: TaskStatus,
    pub iteration: u32,
    pub files_changed: Vec<String>,
    pub learnings: Vec<String>,
    pub summary: String,
}
pub fn append(_: &Path, _: &Entry) -> std::io::Result<()> {
    Ok(())
}
pub fn last(_: &Path, _: usize) -> std::io::Result<Vec<String>> {
    Ok(vec![])
}
