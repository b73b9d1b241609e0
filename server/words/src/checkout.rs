//! What changed in the user's checkout while agents worked elsewhere, in words.

use crate::{
    Explanation,
    text::{capitalized, count, detailed, or, sentence},
};
use alfine_core::{checkout::CheckoutChange, task::TaskKey};

/// How many files a sentence names.
const NAMED: usize = 3;
/// How much of a commit's id is shown.
const SHORT: usize = 10;

/// Says what happened to the user's checkout while the agent of `task`, and those of `tasks`, ran. `named` is whether the
/// agent was seen to name the checkout.
pub(crate) fn changed(task: &TaskKey, changes: &[CheckoutChange], tasks: &[TaskKey], named: bool) -> String {
    let others: Vec<String> =
        tasks.iter().filter(|other| *other != task).map(|other| other.id.to_string()).collect();
    let agents = match others.as_slice() {
        [] => format!("the agent of {}", task.id),
        others => format!("the agents of {}, {}", task.id, others.join(", ")),
    };
    let who = match (named, others.is_empty()) {
        (true, true) => format!("{agents} changed your checkout"),
        (true, false) => format!("your checkout changed while {agents} ran, and {} was seen in it", task.id),
        (false, _) => format!("your checkout changed while {agents} ran, and it may have been you"),
    };
    detailed(&who, &listed(changes))
}

/// The same as whole sentences, with what can be done about it.
pub fn told(task: &TaskKey, changes: &[CheckoutChange], tasks: &[TaskKey], named: bool) -> Explanation {
    let remedy = match named {
        true => "Bring it back, or say that it was you who changed it.",
        false => "If it was not you, bring it back; else say that it was you.",
    };
    let why = sentence(&capitalized(&changed(task, changes, tasks, named)));
    Explanation { why, remedy: remedy.to_owned() }
}

/// The changes, one after another: `2 files changed (a.txt, b.txt); the branch main was moved (1a2b3c4d5e to 6f70819203)`.
pub fn listed(changes: &[CheckoutChange]) -> String {
    changes.iter().map(change).collect::<Vec<_>>().join("; ")
}

/// One change.
pub fn change(change: &CheckoutChange) -> String {
    match change {
        CheckoutChange::Head { was, is } => {
            format!("{} is checked out in place of {}", or(short(is), "nothing"), or(short(was), "nothing"))
        }
        CheckoutChange::Ref { name, was, is } => {
            let name = match name.strip_prefix("refs/heads/") {
                Some(branch) => format!("the branch {branch}"),
                None => format!("the tag {}", name.strip_prefix("refs/tags/").unwrap_or(name)),
            };
            match (was, is) {
                (None, Some(_)) => format!("{name} is new"),
                (Some(was), None) => format!("{name} was removed (it was at {})", short(was)),
                (Some(was), Some(is)) => format!("{name} was moved ({} to {})", short(was), short(is)),
                (None, None) => format!("{name} changed"),
            }
        }
        CheckoutChange::MoreRefs { count: 1 } => "1 more branch or tag changed".to_owned(),
        CheckoutChange::MoreRefs { count } => format!("{count} more branches and tags changed"),
        CheckoutChange::Files { paths, count: all } => {
            format!("{} changed{}", count(*all, "file"), some(paths, *all))
        }
        CheckoutChange::Staged { paths, count: all } => {
            format!("other contents are staged of {}{}", count(*all, "file"), some(paths, *all))
        }
        CheckoutChange::Stash { gone, new: 0 } => format!("{} gone from the stash", entries(*gone)),
        CheckoutChange::Stash { gone: 0, new } => format!("{} new in the stash", entries(*new)),
        CheckoutChange::Stash { gone, new } => format!("{} gone from the stash, {new} new", entries(*gone)),
        CheckoutChange::Config { file } => format!("git's {file} changed"),
        CheckoutChange::Hook { name } => format!("the hook {name} changed"),
        CheckoutChange::Worktree { path } => format!("a worktree was made at {path}"),
        CheckoutChange::InWorktree { path, change: there } => {
            format!("in your worktree {path}: {}", self::change(there))
        }
        CheckoutChange::WorktreeGone { path } => format!("your worktree {path} is gone"),
    }
}

fn entries(number: u64) -> String {
    if number == 1 { "1 entry is".to_owned() } else { format!("{number} entries are") }
}

/// Some of so many files, in brackets; empty if none is known by its name.
fn some(paths: &[String], all: u64) -> String {
    let named: Vec<&str> = paths.iter().take(NAMED).map(String::as_str).collect();
    if named.is_empty() {
        return String::new();
    }
    match all.saturating_sub(named.len() as u64) {
        0 => format!(" ({})", named.join(", ")),
        more => format!(" ({} and {more} more)", named.join(", ")),
    }
}

/// Cuts a commit's id; the name of a branch stays.
fn short(text: &str) -> &str {
    let is_commit = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.get(..SHORT).filter(|_| is_commit).unwrap_or(text)
}
