//! What a checkpoint leaves out, and why.

use std::{fmt, path::PathBuf};

/// What a checkpoint leaves out, though git would not ignore it: a file, or only its filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The path from the root of the working tree.
    pub path: PathBuf,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// Why something is left out of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The working tree of another repository that is not a submodule.
    NestedRepository,
    /// A submodule's uncommitted files; its commit is kept.
    SubmoduleFiles,
    /// The system does not let us read it.
    Unreadable,
    /// Untracked, and larger than the limit.
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
    },
    /// Its name, which git reserves (`.git` in other letters, or as other systems write it).
    Name,
    /// Its filter; the file is kept as it is.
    Filter(WithoutFilter),
}

/// Why a file is kept without its filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithoutFilter {
    /// The filter does not run.
    Withheld(Withheld),
    /// The filter failed, and nothing is to fail with it.
    Failed,
}

/// Why a driver does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Withheld {
    /// It was configured after the loop began.
    New,
    /// Its configuration changed after the loop began.
    Changed,
}

impl SkipReason {
    /// Whether the file's content is in the checkpoint all the same.
    pub fn keeps_content(self) -> bool {
        matches!(self, Self::Filter(_))
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.path.display())?;
        match self.reason {
            SkipReason::NestedRepository => f.write_str("(a repository of its own)"),
            SkipReason::SubmoduleFiles => f.write_str("(uncommitted files in a submodule)"),
            SkipReason::Unreadable => f.write_str("(not readable)"),
            SkipReason::TooLarge { bytes } => write!(f, "({} MiB)", bytes >> 20),
            SkipReason::Name => f.write_str("(git does not take that name)"),
            SkipReason::Filter(why) => {
                let why = match why {
                    WithoutFilter::Withheld(Withheld::New) => "is new since the loop began",
                    WithoutFilter::Withheld(Withheld::Changed) => "changed since the loop began",
                    WithoutFilter::Failed => "failed",
                };
                write!(f, "(only its filter, which {why}; the file is kept as it is)")
            }
        }
    }
}
