//! tmp
use alfine_core::finding::Finding;
use serde::{Deserialize, Serialize};
use std::{path::*, time::Duration};
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum VerifierKind {
    Command { command: String },
    CleanTree,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierSpec {
    pub name: String,
    pub kind: VerifierKind,
    pub weight: f64,
    pub timeout: Duration,
    pub required: bool,
    pub criterion: Option<usize>,
    pub format: Option<()>,
}
impl VerifierSpec {
    pub fn command(n: &str, c: &str) -> Self {
        Self {
            name: n.into(),
            kind: VerifierKind::Command { command: c.into() },
            weight: 1.0,
            timeout: Duration::from_secs(300),
            required: true,
            criterion: None,
            format: None,
        }
    }
}
pub fn detect(_: &Path) -> Vec<VerifierSpec> {
    vec![]
}
