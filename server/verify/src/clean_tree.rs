//! The verifier that wants everything committed.

use super::{VerifierExit, VerifyContext, answer::Checked};
use alfine_core::finding::Finding;
use std::path::Path;

/// How many uncommitted files are named.
const NAMED: usize = 100;

/// Alfine's own folder in a worktree, which it commits or ignores itself.
const OWN_FOLDER: &[u8] = b".alfine/";

/// Looks for what is changed, staged or untracked in a worktree and is no part of the claimed work, below these
/// pathspecs if there are any.
pub(super) fn check(context: &VerifyContext<'_>, paths: &[String]) -> Checked {
    let uncommitted = match alfine_git::uncommitted_below(context.root, paths, context.claimed) {
        Ok(uncommitted) => uncommitted,
        Err(error) => return Checked::not_run(format_args!("git: {error}")),
    };
    let is_own = |path: &Path| {
        path.as_os_str().as_encoded_bytes().starts_with(OWN_FOLDER)
            || context.not_work.iter().any(|own| own == path)
    };
    let uncommitted: Vec<_> = uncommitted.into_iter().filter(|(path, _)| !is_own(path)).collect();
    let exit = VerifierExit::Uncommitted { count: uncommitted.len() };
    let named =
        uncommitted.into_iter().take(NAMED).map(|(path, what)| (path.to_string_lossy().into_owned(), what));
    let named: Vec<_> = named.collect();
    let output = named.iter().map(|(path, what)| format!("{what} {path}\n")).collect();
    let findings = named.into_iter().map(|(path, what)| finding(path, what)).collect();
    Checked { exit, output, findings, tests: None }
}

fn finding(path: String, what: &str) -> Finding {
    let code = Some("uncommitted".to_owned());
    Finding { file: Some(path), code, ..Finding::error(format!("{what} and not committed")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CancelToken;
    use git2::{Repository, Signature};
    use std::{fs, path::PathBuf, time::Duration};
    use tempfile::TempDir;

    /// What is uncommitted below a root, without what this tree claims.
    fn checked(root: &Path, paths: &[&str], claimed: Option<&str>, not_work: &[PathBuf]) -> Checked {
        let cancel = CancelToken::default();
        let context = VerifyContext {
            root,
            claimed,
            not_work,
            guard: Path::new("guard"),
            env: &[],
            marker: "m",
            grace: Duration::ZERO,
            cancel: &cancel,
        };
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        super::check(&context, &paths)
    }

    fn check(root: &Path, paths: &[&str]) -> Checked {
        checked(root, paths, None, &[])
    }

    /// The tree of all that lies in a folder.
    fn tree_of(folder: &TempDir) -> String {
        let repository = Repository::open(folder.path()).unwrap();
        let mut index = git2::Index::new().unwrap();
        repository.set_index(&mut index).unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write_tree_to(&repository).unwrap().to_string()
    }

    #[test]
    fn work_that_will_be_committed_is_not_left_uncommitted() {
        let folder = repository();
        fs::write(folder.path().join("kept.txt"), "22").unwrap();
        fs::remove_file(folder.path().join("gone.txt")).unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/file"), "x").unwrap();
        fs::write(folder.path().join("PLAN.md"), "x").unwrap();
        let claimed = tree_of(&folder);
        fs::write(folder.path().join("new/left"), "x").unwrap();
        let found = checked(folder.path(), &[], Some(&claimed), &["PLAN.md".into()]);
        assert_eq!(found.output, "untracked new/left\n");
        fs::remove_file(folder.path().join("new/left")).unwrap();
        let found = checked(folder.path(), &[], Some(&claimed), &["PLAN.md".into()]);
        assert_eq!(found.exit, VerifierExit::Uncommitted { count: 0 });
    }

    #[test]
    fn the_plan_is_no_work_that_is_left_behind() {
        let folder = repository();
        fs::write(folder.path().join("PLAN.md"), "x").unwrap();
        let found = checked(folder.path(), &[], None, &["PLAN.md".into()]);
        assert_eq!(found.exit, VerifierExit::Uncommitted { count: 0 });
    }

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
        assert_eq!(check(folder.path(), &["new/*"]).exit, VerifierExit::Uncommitted { count: 1 });
        assert_eq!(check(folder.path(), &["none"]).exit, VerifierExit::Uncommitted { count: 0 });
    }

    #[test]
    fn what_is_no_worktree_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for root in [folder.path().to_owned(), folder.path().join("gone")] {
            assert!(matches!(check(&root, &[]).exit, VerifierExit::NotRun { .. }));
        }
    }
}
