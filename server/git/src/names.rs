//! What Alfine calls things in a repository. Every name is made from text that a user wrote, so none is trusted.

use super::path_bytes::bytes_of;
use alfine_core::text::one_line;
use std::path::{Path, PathBuf};

/// The folder of task branches, and its replacement if a branch of the user has the first folder's name.
pub(super) const BRANCH_ROOTS: [&str; 2] = ["alfine/", "alfine-loops/"];

/// The folder of branches that runs of plans land on. A plan's task branches are below `alfine/<plan>`, so that cannot be one.
const RUN_BRANCHES: &str = "alfine-runs/";

/// The folder of all refs that are Alfine's alone.
pub(super) const CHECKPOINTS: &str = "refs/alfine/checkpoints/";

/// The folder of refs that keep the commits of branches that were removed or moved back.
pub(super) const KEPT: &str = "refs/alfine/kept/";

/// The folder of refs that keep what was in the user's checkout before an agent ran.
pub(super) const CHECKOUTS: &str = "refs/alfine/checkouts/";

/// Characters of a name that are kept; the rest is covered by its hash.
const LONGEST: usize = 60;

/// Names a task's branch: `alfine/<plan>/<task>`. `plan` is the document's path from the repository's root.
pub fn branch_name(plan: &str, task: &str) -> String {
    format!("{}{}", BRANCH_ROOTS[0], task_path(plan, task))
}

/// Names the branch that the run of a plan lands on: `alfine-runs/<plan>`.
pub fn run_branch_name(plan: &str) -> String {
    format!("{RUN_BRANCHES}{}", plan_part(plan))
}

/// Whether git takes a text as the name of a branch.
pub fn is_branch_name(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false)
}

/// Names the ref of a task's checkpoint number `n`.
pub fn checkpoint_ref(plan: &str, task: &str, n: u32) -> String {
    format!("{CHECKPOINTS}{}/{n}", task_path(plan, task))
}

/// Places a task's worktree: `<data dir>/worktrees/<repository>-<hash>/<plan>/<task>`.
pub fn worktree_dir(data_dir: &Path, common_dir: &Path, plan: &str, task: &str) -> PathBuf {
    data_dir.join("worktrees").join(repository_slug(common_dir)).join(task_path(plan, task))
}

fn repository_slug(common_dir: &Path) -> String {
    format!("{}-{}", slug(&repository_name(common_dir)), hash(bytes_of(common_dir), 8))
}

/// Places the benches of a repository: `<data dir>/benches/<repository>-<hash>`.
pub fn benches_dir(data_dir: &Path, common_dir: &Path) -> PathBuf {
    data_dir.join("benches").join(repository_slug(common_dir))
}

/// Writes the subject of a task's commit: `[US-001] Add coupon table`.
pub fn subject(task_id: &str, title: &str) -> String {
    format!("{} {}", mark(task_id), one_line(title)).trim_end().to_owned()
}

/// Writes the same for a commit of some kind, such as `feat`: `feat: [US-001] Add coupon table`.
pub fn subject_of(kind: &str, task_id: &str, title: &str) -> String {
    format!("{kind}: {}", subject(task_id, title))
}

/// Returns the `<plan>/<task>` part of a branch that Alfine made, without the number that avoids a collision.
pub fn task_of_branch(branch: &str) -> Option<&str> {
    let task = BRANCH_ROOTS.iter().find_map(|root| branch.strip_prefix(root))?;
    (task.split('/').count() == 2).then(|| task.split_once('+').map_or(task, |(task, _)| task))
}

/// How a commit's subject names its task.
pub(super) fn mark(task_id: &str) -> String {
    format!("[{}]", one_line(task_id))
}

/// What users call a repository: the folder that it is in.
pub fn repository_name(common_dir: &Path) -> String {
    let named = match common_dir.file_name() {
        Some(name) if name == ".git" => common_dir.parent().and_then(Path::file_name),
        name => name,
    };
    let name = named.map_or_else(|| "repository".into(), |name| name.to_string_lossy());
    name.strip_suffix(".git").unwrap_or(&name).to_owned()
}

/// Names git's own notes of a worktree: unique for its path.
pub(super) fn admin_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    format!("{}-{}", slug(&name), hash(bytes_of(path), 8))
}

fn task_path(plan: &str, task: &str) -> String {
    format!("{}/{}", plan_part(plan), slug(task))
}

/// Names a plan in one component of a ref and of a path. `plan` is the document's path from the repository's root.
pub fn plan_part(plan: &str) -> String {
    slug(plan.strip_suffix(".md").unwrap_or(plan))
}

/// Turns any text into one component of a ref and of a path. A text that had to be changed gets its hash appended, so
/// that two texts never share a name.
fn slug(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars().take(LONGEST) {
        let kept = character.is_alphanumeric() || matches!(character, '_' | '.');
        let character = if kept { character } else { '-' };
        let doubled = matches!(character, '-' | '.') && name.ends_with(character);
        if !doubled {
            name.push(character);
        }
    }
    let name = name.trim_matches(['-', '.']);
    let name = name.trim_end_matches(".lock");
    match name {
        "" => hash(text.as_bytes(), 6),
        _ if name == text => name.to_owned(),
        _ => format!("{name}-{}", hash(text.as_bytes(), 6)),
    }
}

fn hash(bytes: &[u8], digits: usize) -> String {
    blake3::hash(bytes).to_hex().chars().take(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(branch_name("PLAN.md", "US-001"), "alfine/PLAN/US-001");
        assert_eq!(checkpoint_ref("PLAN.md", "US-001", 7), "refs/alfine/checkpoints/PLAN/US-001/7");
        assert_eq!(branch_name("docs/PLAN.md", "1.2"), "alfine/docs-PLAN-86e999/1.2");
        assert_eq!(subject("US-001", "Add\n coupon   table"), "[US-001] Add coupon table");
        assert_eq!(subject_of("feat", "US-001", "Add it"), "feat: [US-001] Add it");
    }

    #[test]
    fn different_texts_never_share_a_name() {
        assert_ne!(branch_name("a b.md", "x"), branch_name("a-b.md", "x"));
        assert_ne!(branch_name("p", &"x".repeat(80)), branch_name("p", &"x".repeat(81)));
        assert_ne!(branch_name("p", "…"), branch_name("p", "!"));
    }

    #[test]
    fn a_worktree_is_placed_by_repository_plan_and_task() {
        let dir = worktree_dir(Path::new("/data"), Path::new("/home/me/shop/.git"), "PLAN.md", "US-001");
        assert_eq!(dir, Path::new("/data/worktrees/shop-df8a3288/PLAN/US-001"));
    }

    #[test]
    fn a_branch_tells_its_task() {
        assert_eq!(task_of_branch("alfine/PLAN/US-001"), Some("PLAN/US-001"));
        assert_eq!(task_of_branch("alfine-loops/PLAN/US-001"), Some("PLAN/US-001"));
        assert_eq!(task_of_branch("alfine/mine"), None);
        assert_eq!(task_of_branch("main"), None);
    }

    proptest! {
        #[test]
        fn any_text_makes_valid_refs_and_short_file_names(plan in any::<String>(), task in any::<String>()) {
            let branch = branch_name(&plan, &task);
            prop_assert!(git2::Branch::name_is_valid(&branch).unwrap(), "{branch}");
            prop_assert!(git2::Reference::is_valid_name(&checkpoint_ref(&plan, &task, 1)));
            prop_assert_eq!(branch.split('/').count(), 3);
            prop_assert!(branch.split('/').all(|part| part.len() <= 255));
            prop_assert_eq!(task_of_branch(&branch), branch.strip_prefix("alfine/"));
        }
    }
}
