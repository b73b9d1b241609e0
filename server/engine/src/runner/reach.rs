//! What an agent that works elsewhere reaches for: the user's checkout, or what all worktrees of a repository share. It is
//! read out of all that the agent prints, its tools' input among it. That an agent printed nothing of it proves nothing.

use alfine_core::checkout::CheckoutChange;
use memchr::memmem::Finder;
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Where git's notes of a worktree are, which it prints itself. It says nothing of what the agent does.
const NOTES: &[u8] = b"/.git/worktrees/";

/// What of git's is shared by all worktrees, by the words that reach for it.
const SHARED: [(&str, fn(&mut Reach)); 8] = [
    ("git stash", |reach| reach.stash = true),
    ("git config", |reach| reach.config = true),
    ("info/exclude", |reach| reach.config = true),
    ("hooks", |reach| reach.hooks = true),
    ("git branch", |reach| reach.refs = true),
    ("git tag", |reach| reach.refs = true),
    ("git update-ref", |reach| reach.refs = true),
    ("git worktree", |reach| (reach.worktrees, reach.refs) = (true, true)),
];

/// What an agent was seen to reach for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reach {
    checkout: bool,
    others: bool,
    stash: bool,
    config: bool,
    hooks: bool,
    refs: bool,
    worktrees: bool,
}

impl Reach {
    /// Whether it is likely that the agent made a change, and not the user.
    pub(super) fn explains(&self, change: &CheckoutChange) -> bool {
        let seen = match change {
            CheckoutChange::Head { .. } | CheckoutChange::Files { .. } | CheckoutChange::Staged { .. } => {
                false
            }
            CheckoutChange::Ref { .. } | CheckoutChange::MoreRefs { .. } => self.refs,
            CheckoutChange::Stash { .. } => self.stash,
            CheckoutChange::Config { .. } => self.config,
            CheckoutChange::Hook { .. } => self.hooks,
            CheckoutChange::Worktree { .. } => self.worktrees,
            CheckoutChange::InWorktree { .. } | CheckoutChange::WorktreeGone { .. } => {
                return self.others;
            }
        };
        self.checkout || seen
    }
}

/// Reads a stream of output for it.
pub(super) struct ReachFinder {
    /// The checkout's folder, and behind it those of the user's other worktrees.
    folders: Vec<Finder<'static>>,
    shared: Vec<(Finder<'static>, fn(&mut Reach))>,
    /// The end of what was read, too short to be judged yet.
    rest: Vec<u8>,
    kept: usize,
    found: Reach,
}

impl ReachFinder {
    /// Looks for what reaches for the checkout in the first of these folders, and for other worktrees in the others.
    pub(super) fn of(checkout: &Path, others: &[PathBuf]) -> Self {
        let folders: Vec<&[u8]> = std::iter::once(checkout)
            .chain(others.iter().map(PathBuf::as_path))
            .map(|folder| folder.as_os_str().as_bytes())
            .collect();
        let longest = folders.iter().map(|folder| folder.len()).max().unwrap_or_default();
        Self {
            folders: folders.iter().map(|folder| Finder::new(folder).into_owned()).collect(),
            shared: SHARED.iter().map(|(words, set)| (Finder::new(*words), *set)).collect(),
            rest: Vec::new(),
            kept: longest + NOTES.len(),
            found: Reach::default(),
        }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        for (words, set) in &self.shared {
            if words.find(&self.rest).is_some() {
                set(&mut self.found);
            }
        }
        for (at, folder) in self.folders.iter().enumerate() {
            let found = if at == 0 { &mut self.found.checkout } else { &mut self.found.others };
            *found = *found || names(folder, &self.rest);
        }
        self.rest.drain(..self.rest.len().saturating_sub(self.kept));
    }

    /// What was found. Nothing more is coming.
    pub(super) fn finish(mut self) -> Reach {
        self.feed(&[b'\n'; NOTES.len()]);
        self.found
    }
}

/// Says whether a text names a folder, or something in it.
fn names(folder: &Finder<'_>, text: &[u8]) -> bool {
    let length = folder.needle().len();
    folder.find_iter(text).any(|at| {
        let behind = text.get(at + length..).unwrap_or_default();
        behind.len() >= NOTES.len() && is_the_folder(behind)
    })
}

/// Says whether what follows the folder's path leaves it the folder itself, or something in it.
fn is_the_folder(behind: &[u8]) -> bool {
    match behind.first() {
        Some(b'/') => !behind.starts_with(NOTES),
        Some(byte) => !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, piece: usize) -> Reach {
        let mut finder = ReachFinder::of(Path::new("/home/ada/shop"), &["/home/ada/other".into()]);
        text.as_bytes().chunks(piece).for_each(|bytes| finder.feed(bytes));
        finder.finish()
    }

    #[test]
    fn a_path_in_the_checkout_is_found_wherever_the_output_is_cut() {
        for text in [
            "cd /home/ada/shop",
            "x \"/home/ada/shop/a.txt\" y",
            "/home/ada/shop/.git/config",
            "/home/ada/shop2 and /home/ada/shop\n",
        ] {
            for piece in 1..=text.len() {
                assert!(found(text, piece).checkout, "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn its_neighbours_and_what_git_says_of_a_worktree_are_not() {
        for text in [
            "gitdir: /home/ada/shop/.git/worktrees/T1",
            "/home/ada/shop2/a.txt /home/ada/shop-old /home/ada/shop.bak /home/ada/sho",
            "",
        ] {
            for piece in 1..=text.len().max(1) {
                assert!(!found(text, piece).checkout, "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_worktrees_share_is_explained_by_its_own_command_alone() {
        let stash = CheckoutChange::Stash { gone: 1, new: 0 };
        let config = CheckoutChange::Config { file: "config".to_owned() };
        for piece in 1..20 {
            let found = found(r#"{"command":"git stash pop"}"#, piece);
            assert!(found.explains(&stash) && !found.explains(&config));
        }
        assert!(!found("I read files.", 4).explains(&stash));
        assert!(found("cat /home/ada/shop/a.txt", 4).explains(&config));
        let gone = CheckoutChange::WorktreeGone { path: "/home/ada/other".to_owned() };
        for piece in 1..40 {
            assert!(!found("cat /home/ada/shop/a.txt /home/ada/other2", piece).explains(&gone));
            let found = found("cd /home/ada/other && git reset", piece);
            assert!(found.explains(&gone) && !found.explains(&config));
        }
    }
}
