use crate::fixture::{
    Fixture, everything, git_command, git_in, link, make_executable, read, unprivileged, write,
};
use alfine_git::{GitError, MergeSpec, Merged};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

fn spec() -> MergeSpec {
    MergeSpec {
        branch: "task".to_owned(),
        target_branch: "main".to_owned(),
        task_id: "US-001".to_owned(),
        message: "feat: [US-001] Add coupon table".to_owned(),
        proven: None,
    }
}

/// A repository on `main` with a branch `task` that `work` made one commit on.
fn with_task(subject: &str, work: impl Fn(&Path)) -> Fixture {
    let fixture = Fixture::new();
    let dir = fixture.dir.path().canonicalize().unwrap().join("task");
    fixture.git(&["worktree", "add", "-q", "-b", "task", dir.to_str().unwrap()]);
    work(&dir);
    git_in(&dir, &["add", "-A"]);
    git_in(&dir, &["commit", "-q", "-m", subject]);
    fixture
}

fn diverge(fixture: &Fixture) {
    fixture.write("main.txt", "main\n");
    fixture.commit("On main");
}

fn merge(fixture: &Fixture) -> Result<Merged, GitError> {
    fixture.repo().merge(&spec(), None, &|_| false)
}

/// Everything that a refused merge must leave as it was.
fn state(fixture: &Fixture) -> impl PartialEq + std::fmt::Debug + use<> {
    let index = fs::read(fixture.path(".git/index")).unwrap();
    // Who holds a lock leaves a note in Alfine's own folder.
    let names = fixture.path(".git").read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let aside = names.filter(|name| name != "alfine").count();
    (
        everything(&fixture.root),
        fixture.git(&["for-each-ref", "refs/heads"]),
        index,
        aside,
        fixture.git(&["stash", "list"]),
    )
}

fn in_the_way(result: Result<Merged, GitError>) -> Vec<PathBuf> {
    match result {
        Err(GitError::InTheWay { files, .. }) => files,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_task_that_names_itself_moves_the_branch_forward_with_its_files() {
    let fixture = with_task("feat: [US-001] Add coupon table", |dir| {
        write(&dir.join("new/deep.txt"), "new\n");
        write(&dir.join("a.txt"), "changed\n");
        make_executable(&dir.join("a.txt"));
        link("a.txt", &dir.join("link"));
        fs::remove_file(dir.join("src/b.txt")).unwrap();
    });
    let task = fixture.git(&["rev-parse", "task"]);
    let merged = merge(&fixture).unwrap();
    assert_eq!(merged.commit, task);
    assert!(merged.fast_forward && merged.checked_out && !merged.changed);
    assert_eq!(fixture.head(), task);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(read(&fixture.path("new/deep.txt")), "new\n");
    assert_eq!(fixture.path("a.txt").metadata().unwrap().permissions().mode() & 0o111, 0o111);
    assert!(!fixture.path("src").exists());
    assert_eq!(merge(&fixture).unwrap().commit, task, "a second time there is nothing to do");
    assert!(fixture.git(&["reflog", "-1"]).contains("alfine: merge"));
}

#[test]
fn a_task_whose_commits_do_not_name_it_lands_in_a_merge_commit_that_does() {
    let fixture = with_task("wip", |dir| write(&dir.join("x"), "x"));
    let base = fixture.head();
    let task = fixture.git(&["rev-parse", "task"]);
    let merged = merge(&fixture).unwrap();
    assert!(!merged.fast_forward);
    assert_eq!(
        fixture.git(&["log", "-1", "--format=%s|%P|%an"]),
        format!("feat: [US-001] Add coupon table|{base} {task}|Ada")
    );
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn diverged_branches_are_merged_and_work_beside_it_stays() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("x"), "x");
        write(&dir.join("a.txt"), "one\ntwo\nthree\nfour\n");
    });
    fixture.write("a.txt", "zero\none\ntwo\nthree\n");
    diverge(&fixture);
    fixture.write("src/b.txt", "unstaged\n");
    fixture.write("staged", "staged\n");
    fixture.git(&["add", "staged"]);
    fixture.write("untracked", "untracked\n");
    let merged = merge(&fixture).unwrap();
    assert!(!merged.fast_forward);
    assert_eq!(read(&fixture.path("a.txt")), "zero\none\ntwo\nthree\nfour\n");
    assert_eq!(fixture.git(&["status", "--porcelain"]), " M src/b.txt\nA  staged\n?? untracked");
    assert_eq!(read(&fixture.path("src/b.txt")), "unstaged\n");
}

#[test]
fn a_conflict_names_its_files_and_touches_nothing() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        fs::remove_file(dir.join("src/b.txt")).unwrap();
    });
    fixture.write("a.txt", "ours\n");
    fixture.write("src/b.txt", "ours\n");
    diverge(&fixture);
    fixture.write("untracked", "x");
    let before = state(&fixture);
    let Err(GitError::Conflicts { files, .. }) = merge(&fixture) else { panic!() };
    assert_eq!(files, [Path::new("a.txt"), Path::new("src/b.txt")]);
    assert_eq!(state(&fixture), before);
}

#[test]
fn whatever_is_uncommitted_and_in_the_way_is_named_and_nothing_is_touched() {
    let work = |dir: &Path| {
        write(&dir.join("a.txt"), "theirs\n");
        write(&dir.join("new.txt"), "theirs\n");
        write(&dir.join("folder/x"), "theirs\n");
        fs::remove_dir_all(dir.join("src")).unwrap();
        write(&dir.join("src"), "now a file\n");
    };
    type Case<'a> = (&'a str, &'a dyn Fn(&Fixture), &'a [&'a str]);
    let cases: [Case<'_>; 10] = [
        ("modified", &|f| f.write("a.txt", "mine\n"), &["a.txt"]),
        (
            "staged",
            &|f| {
                f.write("a.txt", "mine\n");
                f.git(&["add", "."]);
                f.write("a.txt", "one\ntwo\nthree\n");
            },
            &["a.txt"],
        ),
        ("mode", &|f| make_executable(&f.path("a.txt")), &["a.txt"]),
        ("deleted", &|f| fs::remove_file(f.path("a.txt")).unwrap(), &["a.txt"]),
        ("untracked", &|f| f.write("new.txt", "mine\n"), &["new.txt"]),
        (
            "ignored",
            &|f| {
                f.write(".git/info/exclude", "new.txt\n");
                f.write("new.txt", "mine\n");
            },
            &["new.txt"],
        ),
        ("a file for a folder", &|f| f.write("folder", "mine\n"), &["folder"]),
        ("a link for a folder", &|f| link("src", &f.path("folder")), &["folder"]),
        ("a file in a folder that goes", &|f| f.write("src/deep/mine", "mine\n"), &["src/deep/mine"]),
        (
            "two at once",
            &|f| {
                f.write("src/b.txt", "mine\n");
                link("x", &f.path("new.txt"));
            },
            &["new.txt", "src/b.txt"],
        ),
    ];
    for (case, prepare, expected) in cases {
        for diverged in [false, true] {
            let fixture = with_task("feat: [US-001] x", work);
            if diverged {
                diverge(&fixture);
            }
            prepare(&fixture);
            let before = state(&fixture);
            let files = in_the_way(merge(&fixture));
            assert_eq!(files, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{case}");
            assert_eq!(state(&fixture), before, "{case}");
        }
    }
}

#[test]
fn what_is_already_as_the_task_has_it_is_not_in_the_way() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        write(&dir.join("new.txt"), "theirs\n");
        fs::remove_file(dir.join("src/b.txt")).unwrap();
    });
    // A merge that died after the files and before the branch.
    fixture.write("a.txt", "theirs\n");
    fixture.write("new.txt", "theirs\n");
    fs::remove_file(fixture.path("src/b.txt")).unwrap();
    fixture.git(&["add", "a.txt"]);
    merge(&fixture).unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_target_that_is_checked_out_nowhere_moves_alone() {
    let fixture = with_task("feat: [US-001] x", |dir| write(&dir.join("x"), "x"));
    fixture.git(&["checkout", "-q", "-b", "elsewhere"]);
    fixture.write("a.txt", "uncommitted");
    let merged = merge(&fixture).unwrap();
    assert!(!merged.checked_out);
    assert_eq!(fixture.git(&["rev-parse", "main"]), merged.commit);
    assert!(!fixture.path("x").exists());
    assert_eq!(fixture.git(&["status", "--porcelain"]), " M a.txt");
}

#[test]
fn a_target_in_a_linked_worktree_is_updated_there() {
    let fixture = with_task("feat: [US-001] x", |dir| write(&dir.join("a.txt"), "theirs\n"));
    fixture.git(&["checkout", "-q", "-b", "elsewhere"]);
    let linked = fixture.dir.path().canonicalize().unwrap().join("linked");
    fixture.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    write(&linked.join("a.txt"), "mine\n");
    assert_eq!(in_the_way(merge(&fixture)), [Path::new("a.txt")]);
    git_in(&linked, &["checkout", "-q", "a.txt"]);
    write(&linked.join("beside"), "mine\n");
    assert!(merge(&fixture).unwrap().checked_out);
    assert_eq!(read(&linked.join("a.txt")), "theirs\n");
    assert_eq!(git_in(&linked, &["status", "--porcelain"]), "?? beside");
    assert_eq!(read(&fixture.path("a.txt")), "one\ntwo\nthree\n");
}

#[test]
fn a_target_in_the_middle_of_something_is_left_alone() {
    let fixture = with_task("feat: [US-001] x", |dir| write(&dir.join("x"), "x"));
    fixture.git(&["checkout", "-q", "-b", "other"]);
    fixture.write("a.txt", "other\n");
    fixture.commit("Other");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write("a.txt", "main\n");
    fixture.commit("Main");
    for command in ["merge", "rebase"] {
        let _ = git_command(&fixture.root).args([command, "other"]).output().unwrap();
        let before = state(&fixture);
        assert!(matches!(merge(&fixture), Err(GitError::Busy { .. })), "{command}");
        assert_eq!(state(&fixture), before);
        fixture.git(&[command, "--abort"]);
    }
}

#[test]
fn locks_of_other_git_processes_are_respected() {
    let fixture = with_task("feat: [US-001] x", |dir| write(&dir.join("x"), "x"));
    for lock in [".git/index.lock", ".git/refs/heads/main.lock"] {
        fixture.write(lock, "");
        let before = everything(&fixture.root);
        let locked = merge(&fixture);
        assert!(matches!(&locked, Err(GitError::Locked(path)) if path.ends_with(lock)), "{locked:?}");
        assert_eq!(everything(&fixture.root), before);
        fs::remove_file(fixture.path(lock)).unwrap();
    }
    assert!(merge(&fixture).is_ok());
}

#[test]
fn a_failure_halfway_takes_everything_back() {
    if !unprivileged("merges::a_failure_halfway_takes_everything_back") {
        return;
    }
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        fs::remove_file(dir.join("src/b.txt")).unwrap();
        write(&dir.join("new/x"), "x");
        write(&dir.join("zz/file"), "theirs\n");
    });
    fixture.write("zz/mine", "beside\n");
    fs::set_permissions(fixture.path("zz"), fs::Permissions::from_mode(0o555)).unwrap();
    let before = state(&fixture);
    let failed = merge(&fixture);
    let after = state(&fixture);
    let folders = [fixture.path("new").exists(), fixture.path("src").exists()];
    fs::set_permissions(fixture.path("zz"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(failed, Err(GitError::Io { .. })), "{failed:?}");
    assert_eq!(after, before);
    assert_eq!(folders, [false, true]);
    assert!(merge(&fixture).is_ok());
}

#[test]
fn branches_that_do_not_exist_are_named() {
    let fixture = Fixture::new();
    assert!(matches!(merge(&fixture), Err(GitError::NoBranch(name)) if name == "task"));
    fixture.git(&["branch", "task"]);
    let mut spec = spec();
    spec.target_branch = "missing".to_owned();
    assert!(
        matches!(fixture.repo().merge(&spec, None, &|_| false), Err(GitError::NoTarget(name)) if name == "missing")
    );
}

#[test]
fn line_endings_and_filters_arrive_as_git_would_write_them() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join(".gitattributes"), "*.bat text eol=crlf\n*.big filter=shout\n");
        write(&dir.join("run.bat"), "echo\r\n");
        write(&dir.join("sub/x.big"), "QUIET\n");
    });
    fixture.git(&["config", "filter.shout.clean", "tr a-z A-Z"]);
    fixture.git(&["config", "filter.shout.smudge", "tr A-Z a-z"]);
    merge(&fixture).unwrap();
    assert_eq!(read(&fixture.path("run.bat")), "echo\r\n");
    assert_eq!(read(&fixture.path("sub/x.big")), "quiet\n");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_file_that_was_private_stays_private() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        make_executable(&dir.join("a.txt"));
        write(&dir.join("src/b.txt"), "theirs\n");
    });
    let mode = |path: &str| fixture.path(path).metadata().unwrap().permissions().mode() & 0o777;
    let usual = mode("src/b.txt");
    fs::set_permissions(fixture.path("a.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    merge(&fixture).unwrap();
    assert_eq!(read(&fixture.path("a.txt")), "theirs\n");
    assert_eq!((mode("a.txt"), mode("src/b.txt")), (0o700, usual));
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        write(&dir.join("src/b.txt"), "theirs\n");
    });
    fixture.git(&["sparse-checkout", "set", "--no-cone", "/a.txt"]);
    merge(&fixture).unwrap();
    assert_eq!(read(&fixture.path("a.txt")), "theirs\n");
    assert!(!fixture.path("src/b.txt").exists());
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_index_that_was_split_after_the_start_is_landed_on() {
    let fixture = with_task("feat: [US-001] x", |dir| write(&dir.join("a.txt"), "theirs\n"));
    fixture.write("mine.txt", "mine\n");
    fixture.git(&["add", "mine.txt"]);
    fixture.git(&["update-index", "--split-index"]);
    merge(&fixture).unwrap();
    assert_eq!(read(&fixture.path("a.txt")), "theirs\n");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "A  mine.txt");
}

/// Moves `main` to the task's commit as an agent can, without the files of who has it checked out.
fn move_main(fixture: &Fixture) {
    let task = fixture.dir.path().join("task");
    git_in(&task, &["update-ref", "refs/heads/main", "HEAD"]);
}

#[test]
fn a_target_that_was_moved_without_its_files_gets_them() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        write(&dir.join("new.txt"), "new\n");
    });
    move_main(&fixture);
    fixture.write("mine.txt", "mine\n");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "M  a.txt\nD  new.txt\n?? mine.txt");
    let merged = merge(&fixture).unwrap();
    assert_eq!(merged.commit, fixture.head());
    assert_eq!(fixture.git(&["status", "--porcelain"]), "?? mine.txt");
    assert_eq!(read(&fixture.path("new.txt")), "new\n");
    assert_eq!(read(&fixture.path("a.txt")), "theirs\n");
    merge(&fixture).unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "?? mine.txt");
}

#[test]
fn a_target_that_was_moved_half_the_way_without_its_files_gets_all_of_them() {
    let fixture = with_task("feat: x", |dir| write(&dir.join("a.txt"), "half\n"));
    move_main(&fixture);
    let task = fixture.dir.path().join("task");
    write(&task.join("new.txt"), "new\n");
    git_in(&task, &["add", "-A"]);
    git_in(&task, &["commit", "-q", "-m", "feat: [US-001] x"]);
    let merged = merge(&fixture).unwrap();
    assert_eq!(merged.commit, fixture.git(&["rev-parse", "task"]));
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(read(&fixture.path("a.txt")), "half\n");
    assert_eq!(read(&fixture.path("new.txt")), "new\n");
}

#[test]
fn what_is_uncommitted_is_in_the_way_of_files_that_stayed_behind_as_well() {
    let fixture = with_task("feat: [US-001] x", |dir| {
        write(&dir.join("a.txt"), "theirs\n");
        write(&dir.join("new.txt"), "new\n");
    });
    move_main(&fixture);
    fixture.write("a.txt", "mine\n");
    let before = state(&fixture);
    assert_eq!(in_the_way(merge(&fixture)), [PathBuf::from("a.txt")]);
    assert_eq!(state(&fixture), before);
}
