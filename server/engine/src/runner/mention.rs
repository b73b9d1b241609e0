//! Whether an agent that works elsewhere names the user's checkout in what it prints, its tools' input among it.

use memchr::memmem;
use std::{os::unix::ffi::OsStrExt, path::Path};

/// Where git's notes of a worktree are, which it prints itself. It says nothing of what the agent does.
const NOTES: &[u8] = b"/.git/worktrees/";

/// Looks for a path in a stream of output.
pub(super) struct Mention {
    path: Vec<u8>,
    /// The end of what was read, too short to be judged yet.
    rest: Vec<u8>,
    seen: bool,
}

impl Mention {
    pub(super) fn of(folder: &Path) -> Self {
        Self { path: folder.as_os_str().as_bytes().to_vec(), rest: Vec::new(), seen: false }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.seen || self.path.len() < 2 {
            return;
        }
        self.rest.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| memmem::find(rest, &self.path)) {
            let end = from + at + self.path.len();
            let behind = self.rest.get(end..).unwrap_or_default();
            if behind.len() <= NOTES.len() {
                break;
            }
            if is_the_folder(behind) {
                self.seen = true;
                return;
            }
            from = end;
        }
        let kept = self.path.len() + NOTES.len();
        self.rest.drain(..self.rest.len().saturating_sub(kept));
    }

    /// Whether the path was there. Nothing more is coming.
    pub(super) fn seen(mut self) -> bool {
        self.feed(&[b'\n'; NOTES.len() + 1]);
        self.seen
    }
}

/// Says whether what follows the path leaves it the folder itself or something in it.
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

    fn seen(text: &str, piece: usize) -> bool {
        let mut mention = Mention::of(Path::new("/home/ada/shop"));
        text.as_bytes().chunks(piece).for_each(|bytes| mention.feed(bytes));
        mention.seen()
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
                assert!(seen(text, piece), "{text} in pieces of {piece}");
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
                assert!(!seen(text, piece), "{text} in pieces of {piece}");
            }
        }
    }
}
