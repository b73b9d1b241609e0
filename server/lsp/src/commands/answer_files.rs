//! Which files wait for an answer in words.

use crate::protocol::lsp_types::Url;
use alfine_core::task::TaskKey;
use std::{collections::HashMap, path::PathBuf, sync::Mutex};

/// The questions whose files are open, by file: the task, its plan where that was said, and the question's number.
pub(super) type Letters = Mutex<HashMap<PathBuf, Letter>>;

pub(super) type Letter = (TaskKey, Option<Url>, i64);
