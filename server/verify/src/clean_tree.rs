//! The verifier that wants everything committed.

use super::{VerifierExit, answer::Checked};
use alfine_core::finding::Finding;
use std::path::Path;

/// How many uncommitted files are named.
const NAMED: usize = 100;

/// Alfine's own folder in a worktree, which it commits or ignores itself.
const OWN_FOLDER: &[u8] = b".alfine/";

/// Looks for what is changed, staged or untracked in a worktree, below these pathspecs if there are any.
pub(super) fn check(root: &Path, paths: &[String]) -> Checked {
    let uncommitted = match alfine_git::uncommitted_below(root, paths) {
        Ok(uncommitted) => uncommitted,
        Err(error) => return Checked::not_run(format_args!("git: {error}")),
    };
    let is_own = |path: &Path| path.as_os_str().as_encoded_bytes().starts_with(OWN_FOLDER);
    let uncommitted: Vec<_> = uncommitted.into_iter().filter(|(path, _)| !is_own(path)).collect();
    let exit = VerifierExit::Uncommitted { count: uncommitted.len() };
    let named =
        uncommitted.into_iter().take(NAMED).map(|(path, what)| (path.to_string_lossy().into_owned(), what));
    let named: Vec<_> = named.collect();
    let output = named.iter().map(|(path, what)| format!("{what} {path}\n")).collect();
    let findings = named.into_iter().map(|(path, what)| finding(path, what)).collect();
    Checked { exit, output, findings }
}

fn finding(path: String, what: &str) -> Finding {
    let code = Some("uncommitted".to_owned());
    Finding { file: Some(path), code, ..Finding::error(format!("{what} and not committed")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::{Repository, Signature};
    use std::fs;
    use tempfile::TempDir;

    fn repository() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        for (path, text) in [("kept.txt", "1"), ("gone.txt", "1"), (".gitignore", "ignored\n")] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::now("a", "a@example.com").unwrap();
        repository.commit(Some("HEAD"), &who, &who, "first", &tree, &[]).unwrap();
        folder
    }

    #[test]
    fn a_tree_with_ignored_files_and_alfines_own_is_clean() {
        let folder = repository();
        fs::write(folder.path().join("ignored"), "x").unwrap();
        fs::create_dir(folder.path().join(".alfine")).unwrap();
        fs::write(folder.path().join(".alfine/progress.md"), "x").unwrap();
        let checked = check(folder.path(), &[]);
        assert_eq!(checked.exit, VerifierExit::Uncommitted { count: 0 });
        assert!(checked.findings.is_empty());
    }

    #[test]
    fn every_kind_of_uncommitted_change_is_named() {
        let folder = repository();
        fs::write(folder.path().join("kept.txt"), "22").unwrap();
        fs::remove_file(folder.path().join("gone.txt")).unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/ä file"), "x").unwrap();
        let checked = check(folder.path(), &[]);
        assert_eq!(checked.exit, VerifierExit::Uncommitted { count: 3 });
        assert_eq!(checked.output, "deleted gone.txt\nchanged kept.txt\nuntracked new/\n");
        assert_eq!(check(folder.path(), &["new/*".to_owned()]).exit, VerifierExit::Uncommitted { count: 1 });
        assert_eq!(check(folder.path(), &["none".to_owned()]).exit, VerifierExit::Uncommitted { count: 0 });
    }

    #[test]
    fn what_is_no_worktree_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for root in [folder.path().to_owned(), folder.path().join("gone")] {
            assert!(matches!(check(&root, &[]).exit, VerifierExit::NotRun { .. }));
        }
    }
}
