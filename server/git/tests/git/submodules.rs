use crate::fixture::{Fixture, checkpoint, git_in, read, spec, write};
use alfine_core::plan::Isolation;
use alfine_git::{GitError, SkipReason, Skipped, WorktreeSpec};
use std::path::{Path, PathBuf};

/// A repository with the submodule `lib`.
fn with_submodule() -> Fixture {
    let fixture = Fixture::new();
    let origin = fixture.dir.path().join("origin");
    write(&origin.join("lib.txt"), "lib\n");
    git_in(&origin, &["init", "-q", "-b", "main"]);
    git_in(&origin, &["add", "-A"]);
    git_in(&origin, &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "Lib"]);
    let url = origin.to_str().unwrap();
    fixture.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "lib"]);
    fixture.commit("Add lib");
    fixture
}

fn wanted(fixture: &Fixture) -> WorktreeSpec {
    let path = fixture.dir.path().canonicalize().unwrap().join("task");
    WorktreeSpec { path, branch: "alfine/P/T".to_owned(), base: fixture.head() }
}

fn commit_in_lib(lib: &Path) -> String {
    write(&lib.join("lib.txt"), "changed\n");
    git_in(lib, &["add", "-A"]);
    git_in(lib, &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "Change"]);
    git_in(lib, &["rev-parse", "HEAD"])
}

#[test]
fn a_submodule_is_filled_without_network_and_its_commits_outlive_the_worktree() {
    let fixture = with_submodule();
    let repo = fixture.repo();
    repo.preflight(Isolation::Worktree).unwrap();
    let handle = repo.create_worktree(&wanted(&fixture)).unwrap();
    assert_eq!(handle.empty_submodules, [] as [PathBuf; 0]);
    let lib = handle.path.join("lib");
    assert_eq!(read(&lib.join("lib.txt")), "lib\n");
    assert_eq!(git_in(&handle.path, &["status", "--porcelain"]), "");
    let surroundings = fixture.surroundings();
    let first = checkpoint(&repo, &handle.path, &surroundings, 1);
    assert_eq!(first.skipped, []);

    write(&lib.join("lib.txt"), "uncommitted\n");
    let refused = repo.remove_worktree(&handle.path, &spec(2, &surroundings));
    let Err(GitError::WouldLose { kept_out, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(kept_out, [Skipped { path: "lib".into(), reason: SkipReason::SubmoduleFiles }]);

    let changed = commit_in_lib(&lib);
    let last = repo.remove_worktree(&handle.path, &spec(3, &surroundings)).unwrap().unwrap();
    assert_ne!(last.tree, first.tree);
    assert_eq!(fixture.git(&["rev-parse", &format!("{}:lib", last.commit)]), changed);
    assert_eq!(git_in(&fixture.path("lib"), &["cat-file", "-t", &changed]), "commit");
}

#[test]
fn a_submodule_that_is_nowhere_on_this_machine_is_named() {
    let fixture = with_submodule();
    std::fs::remove_dir_all(fixture.path(".git/modules")).unwrap();
    let handle = fixture.repo().create_worktree(&wanted(&fixture)).unwrap();
    assert_eq!(handle.empty_submodules, [PathBuf::from("lib")]);
    let taken = checkpoint(&fixture.repo(), &handle.path, &fixture.surroundings(), 1);
    assert_eq!(taken.tree, fixture.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn a_submodules_commit_in_the_users_own_tree_is_a_change() {
    let fixture = with_submodule();
    let first = fixture.checkpoint(1);
    commit_in_lib(&fixture.path("lib"));
    assert_ne!(fixture.checkpoint(2).tree, first.tree);
}
