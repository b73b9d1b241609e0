use crate::fixture::{
    Fixture, checkpoint, everything, git_command, git_in, link, make_executable, read, spec, write,
};
use alfine_core::task::TaskStatus;
use alfine_git::{
    Commit, GitError, LeftoverKind, Repository, RewindSpec, WorktreeHandle, WorktreeSpec, branch_name,
    worktree_dir,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

fn wanted(fixture: &Fixture) -> WorktreeSpec {
    let repo = fixture.repo();
    WorktreeSpec {
        path: worktree_dir(&data(fixture), repo.common_dir(), "PLAN.md", "US-001"),
        branch: branch_name("PLAN.md", "US-001"),
        base: fixture.head(),
    }
}

fn data(fixture: &Fixture) -> PathBuf {
    fixture.dir.path().canonicalize().unwrap().join("data")
}

fn made(fixture: &Fixture) -> (Repository, WorktreeHandle) {
    let repo = fixture.repo();
    let handle = repo.create_worktree(&wanted(fixture)).unwrap();
    (repo, handle)
}

#[test]
fn a_worktree_has_the_bases_files_on_a_branch_of_its_own() {
    let fixture = Fixture::new();
    make_executable(&fixture.path("a.txt"));
    link("a.txt", &fixture.path("link"));
    fixture.commit("More");
    let committed = everything(&fixture.root);
    fixture.write("a.txt", "uncommitted");
    let (repo, handle) = made(&fixture);
    assert_eq!(handle.branch, "alfine/PLAN/US-001");
    assert_eq!(handle.path, wanted(&fixture).path);
    assert_eq!(everything(&handle.path), committed);
    assert_eq!(git_in(&handle.path, &["status", "--porcelain", "--branch"]), "## alfine/PLAN/US-001");
    assert_eq!(read(&fixture.path("a.txt")), "uncommitted");
    assert_eq!(fixture.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    // The same again is the same one.
    write(&handle.path.join("work"), "x");
    assert_eq!(repo.create_worktree(&wanted(&fixture)).unwrap(), handle);
    assert_eq!(read(&handle.path.join("work")), "x");
    assert_eq!(Repository::discover(&handle.path).unwrap().common_dir(), repo.common_dir());
}

#[test]
fn worktrees_are_made_at_the_same_moment() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    for round in 0..20 {
        let begin = Barrier::new(4);
        let (fixture, repo, begin) = (&fixture, &repo, &begin);
        let make = move |n: u32| {
            let task = format!("US-{round:03}-{n}");
            let spec = WorktreeSpec {
                path: worktree_dir(&data(fixture), repo.common_dir(), "PLAN.md", &task),
                branch: branch_name("PLAN.md", &task),
                base: fixture.head(),
            };
            begin.wait();
            repo.create_worktree(&spec)
        };
        let made: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || make(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for worktree in made {
            let path = worktree.unwrap().path;
            assert_eq!(git_in(&path, &["status", "--porcelain"]), "");
            fs::remove_dir_all(path).unwrap();
        }
        // The next round finds no folder of notes.
        fixture.git(&["worktree", "prune"]);
    }
}

#[test]
fn a_folder_that_is_something_else_is_left_alone() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let spec = wanted(&fixture);
    write(&spec.path.join("mine"), "x");
    assert!(matches!(repo.create_worktree(&spec), Err(GitError::NotOurs { .. })));
    assert_eq!(read(&spec.path.join("mine")), "x");
    assert!(fixture.git(&["branch", "--list", "alfine/*"]).is_empty());
    // Another repository, as an agent could put in place of the worktree.
    git_in(&spec.path, &["init", "-q"]);
    assert!(matches!(repo.create_worktree(&spec), Err(GitError::NotOurs { .. })));
    assert!(matches!(repo.open_worktree(&spec.path, &spec.branch), Err(GitError::NotOurs { .. })));
    fs::remove_dir_all(&spec.path).unwrap();
    fs::write(&spec.path, "a file").unwrap();
    assert!(matches!(repo.create_worktree(&spec), Err(GitError::NotOurs { .. })));
    fs::remove_file(&spec.path).unwrap();
    fs::create_dir(&spec.path).unwrap();
    assert!(repo.create_worktree(&spec).is_ok());
}

#[test]
fn a_branch_with_commits_of_its_own_is_never_taken() {
    let fixture = Fixture::new();
    fixture.git(&["branch", "alfine/PLAN/US-001"]);
    fixture.write("x", "x");
    fixture.commit("Ahead");
    let (repo, first) = made(&fixture);
    assert_eq!(first.branch, "alfine/PLAN/US-001", "a branch that is only behind holds nothing");
    write(&first.path.join("work"), "x");
    git_in(&first.path, &["add", "-A"]);
    git_in(&first.path, &["commit", "-q", "-m", "Work"]);
    let work = git_in(&first.path, &["rev-parse", "HEAD"]);
    fs::remove_dir_all(&first.path).unwrap();
    let second = repo.create_worktree(&wanted(&fixture)).unwrap();
    assert_eq!(second.branch, "alfine/PLAN/US-001+2");
    assert_eq!(fixture.git(&["rev-parse", &first.branch]), work);
    assert!(!second.path.join("work").exists());
}

#[test]
fn branches_of_the_users_that_block_the_name_are_gone_around() {
    for blocking in ["alfine", "alfine/PLAN"] {
        let fixture = Fixture::new();
        fixture.git(&["branch", blocking]);
        assert_eq!(made(&fixture).1.branch, "alfine-loops/PLAN/US-001");
    }
    let fixture = Fixture::new();
    fixture.git(&["branch", "alfine/PLAN/US-001/mine"]);
    assert_eq!(made(&fixture).1.branch, "alfine/PLAN/US-001+2");
    let fixture = Fixture::new();
    fixture.git(&["branch", "alfine"]);
    fixture.git(&["branch", "alfine-loops"]);
    let blocked = fixture.repo().create_worktree(&wanted(&fixture));
    assert!(matches!(blocked, Err(GitError::BranchBlocked { by, .. }) if by == "alfine"));
}

#[test]
fn a_worktree_that_lost_its_git_file_gets_it_back() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    for item in handle.path.read_dir().unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    let taken = checkpoint(&repo, &handle.path, &fixture.surroundings(), 1);
    assert!(fixture.files_of(&taken.commit).is_empty());
    assert_eq!(taken.branch.as_deref(), Some("refs/heads/alfine/PLAN/US-001"));
}

#[test]
fn a_worktree_that_is_gone_comes_back_as_its_last_checkpoint_has_it() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join("committed"), "x");
    git_in(&handle.path, &["add", "-A"]);
    git_in(&handle.path, &["commit", "-q", "-m", "Work"]);
    let head = git_in(&handle.path, &["rev-parse", "HEAD"]);
    write(&handle.path.join("uncommitted/deep"), "x");
    fs::remove_file(handle.path.join("a.txt")).unwrap();
    make_executable(&handle.path.join("src/b.txt"));
    let before = everything(&handle.path);
    let last = checkpoint(&repo, &handle.path, &fixture.surroundings(), 1);
    fs::remove_dir_all(&handle.path).unwrap();
    assert!(matches!(
        repo.open_worktree(&handle.path, &handle.branch),
        Err(GitError::WorktreeMissing { .. })
    ));

    let restored = repo.restore_worktree(&handle.path, &handle.branch, &last).unwrap();
    assert_eq!(restored, handle);
    assert_eq!(everything(&handle.path), before);
    assert_eq!(git_in(&handle.path, &["rev-parse", "HEAD"]), head);
    assert_eq!(checkpoint(&repo, &handle.path, &fixture.surroundings(), 2).tree, last.tree);

    // Its branch is gone too.
    fs::remove_dir_all(&handle.path).unwrap();
    fixture.git(&["worktree", "prune"]);
    fixture.git(&["branch", "-D", &handle.branch]);
    repo.restore_worktree(&handle.path, &handle.branch, &last).unwrap();
    assert_eq!(everything(&handle.path), before);

    // What was committed after the checkpoint is newer than it.
    git_in(&handle.path, &["add", "-A"]);
    git_in(&handle.path, &["commit", "-q", "-m", "All of it"]);
    write(&handle.path.join("later"), "x");
    git_in(&handle.path, &["add", "-A"]);
    git_in(&handle.path, &["commit", "-q", "-m", "And more"]);
    let newer = everything(&handle.path);
    fs::remove_dir_all(&handle.path).unwrap();
    repo.restore_worktree(&handle.path, &handle.branch, &last).unwrap();
    assert_eq!(everything(&handle.path), newer);
}

#[test]
fn a_removed_worktree_lives_on_in_its_last_checkpoint() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join("work"), "x");
    write(&handle.path.join("cache/read-only/x"), "x");
    fs::set_permissions(handle.path.join("cache/read-only"), fs::Permissions::from_mode(0o555)).unwrap();
    link(fixture.root.to_str().unwrap(), &handle.path.join("outside"));
    let before = everything(&handle.path);
    let surroundings = fixture.surroundings();
    let last = repo.remove_worktree(&handle.path, &spec(1, &surroundings)).unwrap().unwrap();
    assert!(!handle.path.exists());
    assert!(fixture.path("a.txt").exists(), "links are not followed");
    assert_eq!(fixture.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(fixture.git(&["rev-parse", &handle.branch]), fixture.head());
    repo.restore_worktree(&handle.path, &handle.branch, &last).unwrap();
    assert_eq!(everything(&handle.path), before);
    // Gone already, by someone else's hand.
    fs::remove_dir_all(&handle.path).unwrap();
    assert_eq!(repo.remove_worktree(&handle.path, &spec(2, &surroundings)).unwrap(), None);
    assert_eq!(fixture.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_worktree_with_something_that_no_checkpoint_can_hold_stays() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join("nested/x"), "x");
    git_in(&handle.path.join("nested"), &["init", "-q"]);
    let surroundings = fixture.surroundings();
    let refused = repo.discard(&handle.path, &handle.branch, &spec(1, &surroundings));
    let Err(GitError::WouldLose { kept_out, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(kept_out[0].path, Path::new("nested"));
    assert!(handle.path.join("nested/x").exists());

    fs::remove_dir_all(handle.path.join("nested")).unwrap();
    fixture.git(&["worktree", "lock", handle.path.to_str().unwrap()]);
    let locked = repo.remove_worktree(&handle.path, &spec(2, &surroundings));
    assert!(matches!(locked, Err(GitError::WorktreeLocked { .. })));
    let own = repo.remove_worktree(&fixture.root, &spec(3, &surroundings));
    assert!(matches!(own, Err(GitError::NotOurs { .. })));
    assert!(fixture.path("a.txt").exists());
}

#[test]
fn a_worktree_that_leads_to_another_tree_is_not_worked_in() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    let surroundings = fixture.surroundings();
    let file = handle.path.join(".git");
    let own = read(&file);
    fixture.git(&["worktree", "add", "-q", "-b", "mine", "../mine"]);
    let others = read(&fixture.root.parent().unwrap().join("mine/.git"));
    let refused = |repo: &Repository| {
        matches!(repo.checkpoint(&handle.path, &spec(1, &surroundings)), Err(GitError::NotOurs { .. }))
    };

    for git in [format!("gitdir: {}\n", fixture.path(".git").display()), others] {
        fs::write(&file, git).unwrap();
        assert!(refused(&repo));
    }
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(fixture.path(".git"), &file).unwrap();
    assert!(refused(&repo));
    fs::remove_file(&file).unwrap();
    fs::write(&file, own).unwrap();
    repo.checkpoint(&handle.path, &spec(1, &surroundings)).unwrap();

    fs::remove_dir_all(&handle.path).unwrap();
    std::os::unix::fs::symlink(&fixture.root, &handle.path).unwrap();
    assert!(matches!(repo.checkpoint(&handle.path, &spec(2, &surroundings)), Err(GitError::NotOurs { .. })));
    assert_eq!(fixture.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
}

#[test]
fn a_discarded_task_keeps_its_commits_and_never_takes_a_branch_of_the_users() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join("work"), "x");
    git_in(&handle.path, &["add", "-A"]);
    git_in(&handle.path, &["commit", "-q", "-m", "Work"]);
    let work = git_in(&handle.path, &["rev-parse", "HEAD"]);
    // The agent left its branch, so the last checkpoint does not stand on it.
    git_in(&handle.path, &["checkout", "-q", "--detach", "HEAD~1"]);
    let surroundings = fixture.surroundings();
    repo.discard(&handle.path, &handle.branch, &spec(1, &surroundings)).unwrap();
    assert!(fixture.git(&["branch", "--list", "alfine/*"]).is_empty());
    assert!(fixture.git(&["for-each-ref", "--contains", &work, "refs/alfine"]).contains(&work));
    repo.discard(&handle.path, &handle.branch, &spec(2, &surroundings)).unwrap();
    let users = repo.discard(&handle.path, "main", &spec(3, &surroundings));
    assert!(matches!(users, Err(GitError::NoBranch { .. })));
}

#[test]
fn leftovers_are_listed_by_status_and_removed_one_by_one() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join("work"), "x");
    let surroundings = fixture.surroundings();
    checkpoint(&repo, &handle.path, &surroundings, 1);
    fixture.git(&["branch", "alfine/OLD/T1"]);
    fixture.git(&["branch", "mine"]);
    let data = data(&fixture);
    let list = |status: Option<TaskStatus>| {
        repo.leftovers(&data, |task| if task == "PLAN/US-001" { status } else { None }).unwrap()
    };
    let orphan = list(Some(TaskStatus::Running));
    assert_eq!(orphan.len(), 1);
    assert_eq!((orphan[0].task.as_str(), orphan[0].status), ("OLD/T1", None));
    assert_eq!(orphan[0].kind, LeftoverKind::Branch { name: "alfine/OLD/T1".to_owned() });

    let merged = list(Some(TaskStatus::Merged));
    assert_eq!(merged.len(), 4);
    for (n, leftover) in (2..).zip(&merged) {
        if matches!(leftover.kind, LeftoverKind::Checkpoints { .. }) {
            continue;
        }
        repo.remove_leftover(leftover, &spec(n, &surroundings)).unwrap();
    }
    assert!(!handle.path.exists());
    assert_eq!(fixture.git(&["branch", "--format=%(refname:short)"]), "main\nmine");
    let rest = list(Some(TaskStatus::Merged));
    let task = rest.iter().find(|leftover| leftover.task == "PLAN/US-001").unwrap();
    assert!(matches!(&task.kind, LeftoverKind::Checkpoints { refs } if refs.len() == 2));
    for leftover in &rest {
        repo.remove_leftover(leftover, &spec(9, &surroundings)).unwrap();
    }
    assert_eq!(fixture.git(&["for-each-ref", "refs/alfine"]), "");
}

#[test]
fn a_failed_start_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let mut spec = wanted(&fixture);
    spec.path = spec.path.join("x".repeat(300));
    assert!(repo.create_worktree(&spec).is_err());
    assert_eq!(fixture.git(&["worktree", "list"]).lines().count(), 1);
    assert!(fixture.git(&["branch", "--list", "alfine/*"]).is_empty());
    assert!(fixture.path(".git/worktrees").read_dir().map_or(0, Iterator::count) == 0);
}

#[test]
fn filtered_files_arrive_in_a_worktree_as_git_would_write_them() {
    let fixture = Fixture::new();
    fixture.git(&["config", "filter.shout.clean", "tr a-z A-Z"]);
    fixture.git(&["config", "filter.shout.smudge", "tr A-Z a-z"]);
    fixture.write(".gitattributes", "*.big filter=shout\n*.bat text eol=crlf\n");
    fixture.write("x.big", "quiet\n");
    fixture.write("x.bat", "echo\r\n");
    fixture.commit("Filtered");
    assert_eq!(fixture.content_of("HEAD", "x.big"), "QUIET");
    let (repo, handle) = made(&fixture);
    assert_eq!(read(&handle.path.join("x.big")), "quiet\n");
    assert_eq!(read(&handle.path.join("x.bat")), "echo\r\n");
    assert_eq!(git_in(&handle.path, &["status", "--porcelain"]), "");
    let taken = checkpoint(&repo, &handle.path, &fixture.surroundings(), 1);
    assert_eq!(taken.tree, fixture.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn a_rebase_that_an_agent_left_under_way_is_rewound_with_the_rest() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    let surroundings = fixture.surroundings();
    write(&handle.path.join("a.txt"), "task\n");
    git_in(&handle.path, &["commit", "-qam", "Task"]);
    let first = checkpoint(&repo, &handle.path, &surroundings, 1);
    fixture.write("a.txt", "main\n");
    fixture.commit("Main");
    let _ = git_command(&handle.path).args(["rebase", "main"]).output().unwrap();
    let commit = |repo: &Repository| {
        let subject = "feat: [US-001] x".to_owned();
        let branch = Some(handle.branch.as_str());
        let (body, trailers) = (String::new(), Vec::new());
        repo.commit_all(
            &handle.path,
            &Commit { branch, subject, body, trailers, surroundings: &surroundings },
        )
    };
    assert!(matches!(commit(&repo), Err(GitError::Busy { operation: "rebase", .. })));
    let present = checkpoint(&repo, &handle.path, &surroundings, 2);
    let back = RewindSpec { to: &first, present: &present, surroundings: &surroundings };
    repo.rewind(&handle.path, &back).unwrap();
    assert_eq!(git_in(&handle.path, &["status", "--porcelain", "--branch"]), "## alfine/PLAN/US-001");
    assert_eq!(Some(git_in(&handle.path, &["rev-parse", "HEAD"])), first.head);
    assert_eq!(commit(&repo).unwrap(), None);
}

#[test]
fn a_worktree_of_an_unknown_task_does_not_go_with_files_that_no_checkpoint_has() {
    let fixture = Fixture::new();
    let (repo, handle) = made(&fixture);
    write(&handle.path.join(".gitignore"), ".env\nbuild/\nmodules\n");
    write(&handle.path.join("build/deep/x"), "x");
    write(&handle.path.join(".env"), "KEY=1");
    link("/nowhere", &handle.path.join("modules"));
    let surroundings = fixture.surroundings();
    let remove = |status: Option<TaskStatus>| {
        let leftovers = repo.leftovers(&data(&fixture), |_| status).unwrap();
        let worktree =
            leftovers.iter().find(|leftover| matches!(leftover.kind, LeftoverKind::Worktree { .. }));
        repo.remove_leftover(worktree.unwrap(), &spec(1, &surroundings))
    };
    let Err(GitError::Ignored { files, .. }) = remove(None) else { panic!("it went") };
    assert_eq!(files, [".env", "build/"].map(Path::new));
    assert!(handle.path.join(".env").exists());
    remove(Some(TaskStatus::Merged)).unwrap();
    assert!(!handle.path.exists());
}
