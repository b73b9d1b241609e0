use crate::fixture::{Fixture, advice, git_command, isolate, link, unprivileged};
use alfine_core::plan::Isolation;
use alfine_git::{CheckpointSpec, GitError, MergeSpec, Repository, Surroundings, uncommitted_below};
use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

#[test]
fn a_repository_is_found_from_any_folder_in_it() {
    let fixture = Fixture::new();
    let repo = Repository::discover(&fixture.path("src")).unwrap();
    assert_eq!(repo.workdir(), fixture.root);
    assert_eq!(repo.common_dir(), fixture.path(".git"));
}

#[test]
fn a_linked_worktree_shares_the_common_folder() {
    let fixture = Fixture::new();
    let linked = fixture.dir.path().canonicalize().unwrap().join("linked");
    fixture.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let repo = Repository::discover(&linked).unwrap();
    assert_eq!(repo.workdir(), linked);
    assert_eq!(repo.common_dir(), fixture.path(".git"));
}

#[test]
fn a_folder_without_a_repository_says_how_to_make_one() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    let error = Repository::discover(dir.path()).unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error}");
    assert_eq!(advice(&error), "run `git init` and make a first commit");
    let missing = Repository::discover(&dir.path().join("missing")).unwrap_err();
    assert!(matches!(missing, GitError::Io { .. }), "{missing}");
}

#[test]
fn a_path_that_is_a_loop_of_links_is_an_error_not_a_hang() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    link("b", &dir.path().join("a"));
    link("a", &dir.path().join("b"));
    assert!(matches!(Repository::discover(&dir.path().join("a")), Err(GitError::Io { .. })));
}

#[test]
fn a_bare_repository_is_named_as_such() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init_bare(dir.path()).unwrap();
    assert!(matches!(Repository::discover(dir.path()), Err(GitError::Bare { .. })));
}

#[test]
fn a_damaged_repository_is_not_mistaken_for_none() {
    let fixture = Fixture::new();
    fs::remove_file(fixture.path(".git/HEAD")).unwrap();
    let error = Repository::discover(&fixture.root).unwrap_err();
    assert!(matches!(error, GitError::Corrupt { .. }), "{error}");
    let fixture = Fixture::new();
    let newer = "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tlater = yes\n";
    fs::write(fixture.path(".git/config"), newer).unwrap();
    let error = Repository::discover(&fixture.root).unwrap_err();
    assert!(matches!(error, GitError::Corrupt { .. }), "{error}");
}

#[test]
fn a_repository_of_another_user_is_refused_with_the_way_out() {
    let fixture = Fixture::new();
    if std::os::unix::fs::chown(&fixture.root, Some(65534), None).is_err() {
        return; // Only root can give a folder away.
    }
    std::os::unix::fs::chown(fixture.path(".git"), Some(65534), None).unwrap();
    let error = Repository::discover(&fixture.root).unwrap_err();
    assert!(matches!(error, GitError::Owner { .. }), "{error}");
    let hint = advice(&error);
    assert!(hint.contains("safe.directory"), "{hint}");
}

#[test]
fn a_start_names_commit_branch_and_everything_uncommitted() {
    let fixture = Fixture::new();
    fixture.write("staged.txt", "x");
    fixture.git(&["add", "staged.txt"]);
    fixture.write("a.txt", "changed");
    fs::remove_file(fixture.path("src/b.txt")).unwrap();
    fixture.write("new/x.txt", "x");
    fixture.write(".git/info/exclude", "ignored\n");
    fixture.write("ignored", "x");
    for isolation in [Isolation::Worktree, Isolation::InPlace] {
        let start = fixture.repo().preflight(isolation).unwrap();
        assert_eq!(start.base_commit, fixture.head());
        assert_eq!(start.base_branch.as_deref(), Some("main"));
        let dirty: Vec<&Path> = start.dirty.iter().map(PathBuf::as_path).collect();
        assert_eq!(dirty, ["a.txt", "new/", "src/b.txt", "staged.txt"].map(Path::new));
    }
}

#[test]
fn a_detached_head_starts_without_a_branch_to_merge_into() {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "-q", "--detach"]);
    let start = fixture.repo().preflight(Isolation::Worktree).unwrap();
    assert_eq!((start.base_commit, start.base_branch), (fixture.head(), None));
}

#[test]
fn a_repository_without_a_commit_is_refused_before_anything_ran() {
    let fixture = Fixture::empty();
    fixture.write("a.txt", "x");
    let error = fixture.repo().preflight(Isolation::Worktree).unwrap_err();
    assert!(matches!(error, GitError::Empty { .. }), "{error}");
    assert!(advice(&error).contains("git commit"));
    let fixture = Fixture::new();
    fixture.git(&["checkout", "-q", "--orphan", "fresh"]);
    assert!(matches!(fixture.repo().preflight(Isolation::Worktree), Err(GitError::Empty { .. })));
}

#[test]
fn whatever_is_under_way_is_named_with_its_ends() {
    let conflicted = || {
        let fixture = Fixture::new();
        fixture.git(&["checkout", "-q", "-b", "other"]);
        fixture.write("a.txt", "theirs\n");
        fixture.commit("Theirs");
        fixture.git(&["checkout", "-q", "main"]);
        fixture.write("a.txt", "ours\n");
        fixture.commit("Ours");
        fixture
    };
    let cases: [(&[&str], &str); 5] = [
        (&["merge", "other"], "merge"),
        (&["rebase", "other"], "rebase"),
        (&["cherry-pick", "other"], "cherry-pick"),
        (&["revert", "--no-edit", "other"], "revert"),
        (&["bisect", "start"], "bisect"),
    ];
    for (command, expected) in cases {
        let fixture = conflicted();
        let _ = git_command(&fixture.root).args(command).output().unwrap();
        for isolation in [Isolation::Worktree, Isolation::InPlace] {
            let Err(GitError::Busy { operation, abort, .. }) = fixture.repo().preflight(isolation) else {
                panic!("{command:?} was not noticed");
            };
            assert_eq!(operation, expected);
            fixture.git(&abort.split(' ').skip(1).chain(["--"]).take(2).collect::<Vec<_>>());
            let _ = git_command(&fixture.root).args(command).output().unwrap();
        }
    }
}

#[test]
fn a_read_only_git_folder_is_noticed_before_anything_ran() {
    if !unprivileged("repositories::a_read_only_git_folder_is_noticed_before_anything_ran") {
        return;
    }
    for folder in [".git", ".git/objects", ".git/refs"] {
        let fixture = Fixture::new();
        fs::set_permissions(fixture.path(folder), fs::Permissions::from_mode(0o555)).unwrap();
        let error = fixture.repo().preflight(Isolation::Worktree).unwrap_err();
        fs::set_permissions(fixture.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(&error, GitError::ReadOnly(path) if path.ends_with(folder)), "{error}");
    }
    let fixture = Fixture::new();
    fs::set_permissions(&fixture.root, fs::Permissions::from_mode(0o555)).unwrap();
    let in_place = fixture.repo().preflight(Isolation::InPlace);
    let worktree = fixture.repo().preflight(Isolation::Worktree);
    fs::set_permissions(&fixture.root, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(in_place, Err(GitError::ReadOnly { .. })));
    assert!(worktree.is_ok());
}

// Other systems' file systems refuse names that are not UTF-8.
#[cfg(target_os = "linux")]
#[test]
fn a_status_is_short_and_says_what_it_leaves_out() {
    let fixture = Fixture::new();
    fixture.write("a.txt", "changed");
    fixture.write("b", "");
    fixture.git(&["add", "b"]);
    fixture.write("c", "");
    fs::write(fixture.root.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    let repo = fixture.repo();
    assert_eq!(repo.status_short(&fixture.root, 10).unwrap(), " M a.txt\nA  b\n?? c\n?? \u{fffd}\n");
    assert_eq!(repo.status_short(&fixture.root, 1).unwrap(), " M a.txt\n... and 3 more\n");
}

#[test]
fn a_checkpoint_knows_what_was_uncommitted() {
    let fixture = Fixture::new();
    fixture.write("a.txt", "changed");
    fixture.write("c", "");
    let repo = fixture.repo();
    let surroundings = Surroundings::new(fixture.root.join(".git/alfine-index"));
    let spec = CheckpointSpec {
        ref_name: "refs/alfine/checkpoints/p/t/1".to_owned(),
        message: "p#t".to_owned(),
        surroundings: &surroundings,
        unless_still: None,
    };
    let checkpoint = repo.checkpoint(&fixture.root, &spec).unwrap();
    fixture.write("later", "");
    assert_eq!(repo.status_of(&checkpoint, 10).unwrap(), " M a.txt\n?? c\n");
    assert_eq!(repo.status_of(&checkpoint, 1).unwrap(), " M a.txt\n... and 1 more\n");
}

#[test]
fn an_index_of_another_kind_is_read_through_git_and_stays_of_its_kind() {
    for make in ["update-index --split-index", "sparse-checkout set --cone --sparse-index src"] {
        let fixture = Fixture::new();
        fixture.write("out/x", "x");
        fixture.commit("More");
        let words: Vec<&str> = make.split(' ').collect();
        fixture.git(&words);
        fixture.write("new", "x");
        fixture.git(&["add", "-N", "a.txt"]);
        let index = std::fs::read(fixture.path(".git/index")).unwrap();
        let start = fixture.repo().preflight(Isolation::Worktree).unwrap();
        assert_eq!(start.dirty, [PathBuf::from("new")], "{make}");
        assert_eq!(fixture.repo().status_short(&fixture.root, 9).unwrap(), "?? new\n", "{make}");
        let whole = fixture.repo().uncommitted(&fixture.root, &fixture.surroundings()).unwrap();
        assert_eq!(whole, [PathBuf::from("new")], "{make}");
        assert_eq!(std::fs::read(fixture.path(".git/index")).unwrap(), index, "{make}");
    }
}

#[test]
fn a_sparse_checkout_shows_only_what_is_changed_in_it() {
    let fixture = Fixture::new();
    for path in ["out/x", "out/y", "src/z"] {
        fixture.write(path, "x");
    }
    fixture.commit("More");
    fixture.git(&["sparse-checkout", "set", "src"]);
    assert_eq!(fixture.repo().status_short(&fixture.root, 9).unwrap(), "");
    assert_eq!(uncommitted_below(&fixture.root, &[], None).unwrap(), []);
    fixture.write("out/x", "changed outside");
    std::fs::remove_file(fixture.path("src/z")).unwrap();
    fixture.git(&["rm", "-q", "--cached", "--sparse", "out/y"]);
    let status = fixture.git(&["status", "--short"]);
    let ours = fixture.repo().status_short(&fixture.root, 9).unwrap();
    assert!(ours.contains(" D src/z") && ours.contains("D  out/y"), "{ours} as git's {status}");
    let whole = fixture.repo().uncommitted(&fixture.root, &fixture.surroundings()).unwrap();
    assert_eq!(whole, ["out/x", "out/y", "src/z"].map(PathBuf::from));
}

#[test]
fn a_repository_of_a_kind_that_cannot_be_read_is_not_called_damaged() {
    isolate();
    for (arguments, words) in [
        (["init", "-q", "--object-format=sha256"], "SHA-256"),
        (["init", "-q", "--ref-format=reftable"], "reftable"),
    ] {
        let dir = TempDir::new().unwrap();
        if !git_command(dir.path()).args(arguments).output().unwrap().status.success() {
            continue;
        }
        let error = Repository::discover(dir.path()).unwrap_err();
        assert!(matches!(&error, GitError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!advice(&error).contains("fsck"));
    }
}

#[test]
fn a_working_tree_whose_repository_says_that_it_is_bare_gets_the_way_out() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    fixture.git(&["branch", "task"]);
    fixture.git(&["config", "core.bare", "true"]);
    let error = Repository::discover(&fixture.root).unwrap_err();
    assert!(matches!(error, GitError::SaidBare { .. }), "{error:?}");
    assert_eq!(advice(&error), "git config core.bare false");
    // Its files would stay behind a branch that moves.
    let spec = MergeSpec {
        branch: "task".to_owned(),
        target_branch: "main".to_owned(),
        task_id: "US-001".to_owned(),
        message: "feat: [US-001] Work".to_owned(),
        proven: None,
    };
    assert!(matches!(repo.merge(&spec, None, &|_| false), Err(GitError::SaidBare { .. })));
}
