//! What can go wrong with a repository, and what the user can do about it.

use super::skipped::Skipped;
use alfine_core::{
    hint::Hint,
    printable::{enumerated, printable_paths},
    text::shell_word,
};
use std::{fmt, io, path::PathBuf};

/// A kind of index that only the `git` command reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// In two files (`core.splitIndex`).
    Split,
    /// With folders in place of files (`index.sparse`).
    Sparse,
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Split => "split",
            Self::Sparse => "sparse",
        })
    }
}

/// What failed, and on what.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No repository at a folder, nor above it.
    #[error("{} is not in a git repository", .0.display())]
    NoRepository(PathBuf),
    /// A repository without a working tree.
    #[error("{} is a bare repository: there are no files to work on", .0.display())]
    Bare(PathBuf),
    /// A repository with a working tree whose configuration says that it has none.
    #[error("{} says that it is bare, though a working tree is around it", .0.display())]
    SaidBare(PathBuf),
    /// A repository in a format that libgit2 does not know.
    #[error("the repository at {} is of a kind that Alfine cannot read yet ({})", path.display(), what)]
    Unsupported {
        /// Its folder.
        path: PathBuf,
        /// What it does not know of it.
        what: &'static str,
    },
    /// An index that only the `git` command reads.
    #[error("the index of {} is {kind}, which Alfine cannot read", path.display())]
    IndexKind {
        /// The working tree.
        path: PathBuf,
        /// What kind of index it is.
        kind: IndexKind,
    },
    /// A repository that belongs to another user.
    #[error("{} belongs to another user", .0.display())]
    Owner(PathBuf),
    /// A repository that cannot be read, damaged or of a kind that is not supported.
    #[error("the repository at {} cannot be read: {why}", path.display())]
    Corrupt {
        /// Its folder.
        path: PathBuf,
        /// libgit2's message.
        why: String,
    },
    /// A repository without a commit.
    #[error("{} has no commit yet, so there is nothing to start from", .0.display())]
    Empty(PathBuf),
    /// A merge, rebase or the like is under way.
    #[error("a {operation} is under way in {}", path.display())]
    Busy {
        /// The working tree.
        path: PathBuf,
        /// What is under way.
        operation: &'static str,
        /// The command that ends it well.
        finish: &'static str,
        /// The command that takes it back.
        abort: &'static str,
    },
    /// A folder that must be written and cannot be.
    #[error("{} cannot be written", .0.display())]
    ReadOnly(PathBuf),
    /// A branch name that is not UTF-8.
    #[error("the branch name {} is not UTF-8", .0.display())]
    BranchName(PathBuf),
    /// A folder where a worktree should be, that is something else.
    #[error("{} is not a worktree of this repository", .0.display())]
    NotOurs(PathBuf),
    /// A worktree's folder is gone.
    #[error("the worktree {} is gone", .0.display())]
    WorktreeMissing(PathBuf),
    /// A worktree that the user locked against removal.
    #[error("the worktree {} is locked", .0.display())]
    WorktreeLocked(PathBuf),
    /// Another process holds one of git's lock files, or left it behind.
    #[error("{} exists: another git process is at work, or one was killed", .0.display())]
    Locked(PathBuf),
    /// A worktree holds something that no checkpoint can.
    #[error("{} holds what a checkpoint cannot keep: {}", path.display(), enumerated(kept_out.iter().map(Skipped::to_string)))]
    WouldLose {
        /// The worktree.
        path: PathBuf,
        /// What would be lost.
        kept_out: Vec<Skipped>,
    },
    /// A worktree of an unknown task holds ignored files.
    #[error("{} holds files that git ignores, so no checkpoint has them: {}", path.display(), printable_paths(files))]
    Ignored {
        /// The worktree.
        path: PathBuf,
        /// The files and folders, from its root.
        files: Vec<PathBuf>,
    },
    /// A branch that does not exist.
    #[error("there is no branch {0}")]
    NoBranch(String),
    /// The branch to merge into does not exist.
    #[error("there is no branch {0} to merge into")]
    NoTarget(String),
    /// Branches of the user's stand where a task's branch would.
    #[error("the branch {name} cannot be made: {by} is in its way")]
    BranchBlocked {
        /// The branch that was asked for.
        name: String,
        /// The branch in its way.
        by: String,
    },
    /// A worktree's HEAD left its branch for commits that do not continue it.
    #[error("the worktree {} is no longer on {branch}: its HEAD does not continue that branch", path.display())]
    BranchLeft {
        /// The worktree.
        path: PathBuf,
        /// The branch it should be on.
        branch: String,
    },
    /// Both sides changed the same places.
    #[error("{branch} conflicts with {target} in {}", printable_paths(files))]
    Conflicts {
        /// What was to be merged.
        branch: String,
        /// The branch that it is merged into.
        target: String,
        /// The files, from the root.
        files: Vec<PathBuf>,
    },
    /// A merge would make a tree that no check has seen.
    #[error("what {branch} makes of {target} is not what was checked")]
    Unproven {
        /// What was to be merged.
        branch: String,
        /// The branch that it is merged into.
        target: String,
    },
    /// Uncommitted files would have been overwritten. Nothing was touched.
    #[error("uncommitted changes are in the way in {}: {}", path.display(), printable_paths(files))]
    InTheWay {
        /// The working tree.
        path: PathBuf,
        /// The files, from its root.
        files: Vec<PathBuf>,
    },
    /// Files that would be changed are open in an editor, with changes that are not saved.
    #[error("this would change what is not saved in an editor, in {}: {}", path.display(), printable_paths(files))]
    Unsaved {
        /// The working tree.
        path: PathBuf,
        /// The files, from its root.
        files: Vec<PathBuf>,
    },
    /// A working tree or a branch changed while it was worked on.
    #[error("{0} changed meanwhile")]
    Changed(String),
    /// A ref that should be new exists with another content.
    #[error("the checkpoint {0} exists already")]
    CheckpointExists(String),
    /// A ref that is not a checkpoint of Alfine's.
    #[error("there is no checkpoint {0}")]
    NoCheckpoint(String),
    /// A file needs a filter that only the `git` command can run.
    #[error("{} is filtered ({filter}), and the git command is not there to run the filter", path.display())]
    NeedsGit {
        /// The file.
        path: PathBuf,
        /// The attribute.
        filter: String,
    },
    /// A filter failed, or took too long.
    #[error("the filter of {} ({filter}) failed: {why}", path.display())]
    Filter {
        /// The first file that needs it.
        path: PathBuf,
        /// The attribute.
        filter: String,
        /// The end of what `git` printed.
        why: String,
    },
    /// A filter's configuration is no longer what it was when the loop began.
    #[error("{} is filtered ({filter}), and that filter's configuration changed since the loop began", path.display())]
    FilterChanged {
        /// The first file that needs it.
        path: PathBuf,
        /// The driver.
        filter: String,
    },
    /// Only the `git` command can work with a repository, and it is not there.
    #[error("{} holds only a part of its repository, and the git command is not there to bring more", .0.display())]
    GitMissing(PathBuf),
    /// Objects that a partial clone leaves out could not be fetched.
    #[error("the clone at {} is partial, and what is missing could not be fetched from {remote}: {why}", path.display())]
    NotFetched {
        /// The working tree.
        path: PathBuf,
        /// Where it was to come from.
        remote: String,
        /// The end of what `git` printed.
        why: String,
    },
    /// What git runs to fetch objects is no longer what it was when the loop began.
    #[error("the clone at {} is partial, and the settings by which git fetches what is missing changed since the loop began", .0.display())]
    FetchChanged(PathBuf),
    /// git could not fill a worktree.
    #[error("git could not check out {}: {why}", path.display())]
    CheckOut {
        /// The worktree.
        path: PathBuf,
        /// The end of what `git` printed.
        why: String,
    },
    /// The history of a shallow clone ends before what two branches have in common.
    #[error("the history at {} is cut off (a shallow clone), so what {branch} and {target} have in common is not known", path.display())]
    Shallow {
        /// The working tree.
        path: PathBuf,
        /// What was to be merged.
        branch: String,
        /// The branch that it was to be merged into.
        target: String,
    },
    /// The folder is gone from which a repository borrows objects.
    #[error("the repository at {} borrows objects from {}, which is gone", path.display(), from.display())]
    Borrowed {
        /// The working tree.
        path: PathBuf,
        /// The folder of objects.
        from: PathBuf,
    },
    /// A glob that cannot be understood.
    #[error("“{pattern}” is not a glob: {why}")]
    Glob {
        /// The glob.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A pattern that points outside the repository.
    #[error("“{0}” leads outside the repository")]
    Outside(String),
    /// libgit2 failed.
    #[error("could not {doing}: {source}")]
    Git {
        /// What was tried, as a verb and its object.
        doing: &'static str,
        /// libgit2's error.
        source: git2::Error,
    },
    /// The file system failed.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The path that it was tried on.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is unknown of a repository whose refs are in one file.
pub(super) const REFTABLE: &str = "its refs are in a reftable";

impl GitError {
    /// Says what the user can do about it; `None` if that depends on what libgit2 or the system said.
    pub fn hint(&self) -> Option<Hint> {
        Some(Hint::Advice(match self {
            Self::NoRepository(_) => "run `git init` and make a first commit".to_owned(),
            Self::Bare(_) => "clone it, and start Alfine in the clone".to_owned(),
            Self::SaidBare(_) => "git config core.bare false".to_owned(),
            Self::Unsupported { what: REFTABLE, .. } => {
                "git refs migrate --ref-format=files (only possible without worktrees)".to_owned()
            }
            Self::Unsupported { .. } => "nothing is wrong with it; Alfine needs one with SHA-1".to_owned(),
            Self::IndexKind { kind: IndexKind::Split, .. } => {
                "git config core.splitIndex false && git update-index --no-split-index".to_owned()
            }
            Self::IndexKind { kind: IndexKind::Sparse, .. } => {
                "git sparse-checkout reapply --no-sparse-index".to_owned()
            }
            Self::Owner(path) => {
                format!("if you trust it: git config --global --add safe.directory {}", shell_word(&path.display()))
            }
            Self::Corrupt { .. } => "`git fsck` says what is wrong with it".to_owned(),
            Self::Empty(_) => "make a first commit: git commit --allow-empty -m \"Start\"".to_owned(),
            Self::Busy { finish, abort, .. } => format!("finish it (`{finish}`) or abort it (`{abort}`)"),
            Self::ReadOnly(_) => "make it writable for you".to_owned(),
            Self::BranchName(_) => "rename it: git branch -m NEW".to_owned(),
            Self::NotOurs(_) => "move the folder away, and try again".to_owned(),
            Self::WorktreeMissing(_) => {
                "continue the task: the worktree is created again from its last checkpoint".to_owned()
            }
            Self::WorktreeLocked(path) => format!("git worktree unlock {}", shell_word(&path.display())),
            Self::Locked(_) => "wait for the other process; if there is none, remove the file".to_owned(),
            Self::WouldLose { .. } => "save or remove these first".to_owned(),
            Self::Ignored { path, .. } => {
                format!(
                    "save what you need of them, then: git worktree remove --force {}",
                    shell_word(&path.display())
                )
            }
            Self::NoBranch(_) | Self::NoTarget(_) => "`git branch` lists those there are".to_owned(),
            Self::BranchBlocked { by, .. } => format!("rename it: git branch -m {} NEW", shell_word(by)),
            Self::BranchLeft { branch, .. } => {
                format!("merge or cherry-pick what is needed into {branch}, and check that out")
            }
            Self::Conflicts { branch, target, .. } => {
                format!(
                    "resolve them by hand: git switch {} && git merge {}",
                    shell_word(target),
                    shell_word(branch)
                )
            }
            Self::InTheWay { .. } => "commit, stash or move them, and try again".to_owned(),
            Self::Unsaved { .. } => "save or close them, and try again".to_owned(),
            Self::Changed(_) | Self::Unproven { .. } => "try again".to_owned(),
            Self::NeedsGit { .. } => "install git (and the filter)".to_owned(),
            Self::Filter { .. } => {
                "`git config --get-regexp '^filter'` shows what is run; fix it or unset it, and \
                                    continue the task"
                    .to_owned()
            }
            Self::FilterChanged { filter, .. } => format!(
                "look at it: git config --get-regexp {}; if it is right, continue the task, or merge \
                 with git itself",
                shell_word(&format!("^filter\\.{filter}"))
            ),
            Self::GitMissing(_) => "install git".to_owned(),
            Self::NotFetched { remote, .. } => {
                format!("see that `git fetch {}` works without a question, and try again", shell_word(remote))
            }
            Self::FetchChanged(_) => "look at them: git config --get-regexp \
                                      '^(remote|url|credential|http|core|protocol)\\.'; if they are right, continue the task"
                .to_owned(),
            Self::CheckOut { .. } => "see that `git status` works in your own tree, and try again".to_owned(),
            Self::Shallow { .. } => "git fetch --unshallow, and try again".to_owned(),
            Self::Borrowed { .. } => {
                "put it back, or clone again; `git clone --dissociate` borrows nothing".to_owned()
            }
            Self::Glob { .. } | Self::Outside(_) => {
                "[worktree] copy and link take paths from the repository's root".to_owned()
            }
            Self::CheckpointExists(_) | Self::NoCheckpoint(_) | Self::Git { .. } | Self::Io { .. } => {
                return None;
            }
        }))
    }
}

/// Says what libgit2 was asked to do when it failed.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, GitError>;
}

impl<T> Doing<T> for Result<T, git2::Error> {
    fn doing(self, doing: &'static str) -> Result<T, GitError> {
        self.map_err(|source| GitError::Git { doing, source })
    }
}

/// Says what the file system was asked to do when it failed.
pub(super) trait DoingOn<T> {
    fn doing_on(self, doing: &'static str, path: &std::path::Path) -> Result<T, GitError>;
}

impl<T> DoingOn<T> for Result<T, io::Error> {
    fn doing_on(self, doing: &'static str, path: &std::path::Path) -> Result<T, GitError> {
        self.map_err(|source| GitError::Io { doing, path: path.to_owned(), source })
    }
}
