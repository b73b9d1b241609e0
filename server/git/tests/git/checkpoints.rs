use crate::fixture::{
    Fixture, checkpoint, everything, git_in, link, make_executable, read, spec, unprivileged, write,
};
use alfine_git::{ChangeKind, GitError, RewindSpec, SkipReason, Skipped};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Everything of git's that the user could miss.
fn users_state(fixture: &Fixture) -> (String, String, Vec<u8>, String) {
    (
        fixture.git(&[
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=all",
        ]),
        fixture.git(&["for-each-ref", "refs/heads", "refs/stash", "refs/tags"]),
        fs::read(fixture.path(".git/index")).unwrap(),
        fixture.git(&["reflog"]),
    )
}

#[test]
fn a_checkpoint_holds_the_whole_tree_and_touches_nothing_of_the_users() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "ignored/\n*.log\n");
    fixture.write("tracked.log", "force-added");
    fixture.git(&["add", "-f", "tracked.log", ".gitignore"]);
    fixture.commit("More");
    fixture.write("stashed", "x");
    fixture.git(&["stash", "-u", "-q"]);
    fixture.write("a.txt", "staged\n");
    fixture.git(&["add", "a.txt"]);
    fixture.write("a.txt", "unstaged\n");
    fixture.write("untracked/deep/x", "x");
    fixture.write("ignored/y", "y");
    fixture.write("src/z.log", "z");
    fs::remove_file(fixture.path("src/b.txt")).unwrap();
    let before = users_state(&fixture);

    let taken = fixture.checkpoint(1);
    assert!(taken.taken);
    assert_eq!(fixture.files_of(&taken.commit), [".gitignore", "a.txt", "tracked.log", "untracked/deep/x"]);
    assert_eq!(fixture.content_of(&taken.commit, "a.txt"), "unstaged");
    assert_eq!(taken.head, Some(fixture.head()));
    assert_eq!(taken.branch.as_deref(), Some("refs/heads/main"));
    assert_eq!(taken.skipped, []);
    assert_eq!(users_state(&fixture), before);
    assert_eq!(fixture.repo().checkpoint_at(&taken.ref_name).unwrap(), {
        let mut read_back = taken.clone();
        read_back.taken = false;
        read_back
    });
    assert_eq!(fixture.git(&["fsck", "--strict"]), "");
}

#[test]
fn a_lock_on_the_users_index_is_not_waited_for() {
    let fixture = Fixture::new();
    fixture.write(".git/index.lock", "");
    fixture.write("new", "x");
    assert_eq!(fixture.files_of(&fixture.checkpoint(1).commit), ["a.txt", "new", "src/b.txt"]);
}

#[test]
fn the_tree_is_the_same_where_nothing_changed_and_another_where_anything_did() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    assert_eq!(fixture.checkpoint(2).tree, first.tree);
    let changes: [&dyn Fn(); 6] = [
        &|| fixture.write("a.txt", "ONE\ntwo\nthree\n"),
        &|| fixture.write("untracked", ""),
        &|| make_executable(&fixture.path("a.txt")),
        &|| fs::rename(fixture.path("a.txt"), fixture.path("c.txt")).unwrap(),
        &|| fs::remove_file(fixture.path("src/b.txt")).unwrap(),
        &|| link("c.txt", &fixture.path("link")),
    ];
    let mut last = first.tree;
    for (n, change) in (3..).zip(changes) {
        change();
        let now = fixture.checkpoint(n).tree;
        assert_ne!(now, last, "change {n}");
        last = now;
    }
}

#[test]
fn no_checkpoint_is_taken_of_a_state_that_is_still_the_last_ones() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let surroundings = fixture.surroundings();
    let first = fixture.checkpoint(1);
    let mut spec = spec(2, &surroundings);
    spec.unless_still = Some(&first);
    let still = repo.checkpoint(&fixture.root, &spec).unwrap();
    assert!(!still.taken);
    assert_eq!(still.commit, first.commit);
    fixture.git(&["commit", "-q", "--allow-empty", "-m", "HEAD moved"]);
    assert!(repo.checkpoint(&fixture.root, &spec).unwrap().taken);
    assert_eq!(repo.last_checkpoint("PLAN.md", "US-001").unwrap(), 2);
}

#[test]
fn a_checkpoint_is_never_overwritten() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    assert_eq!(fixture.checkpoint(1).commit, first.commit);
    fixture.write("a.txt", "other");
    let surroundings = fixture.surroundings();
    let again = fixture.repo().checkpoint(&fixture.root, &spec(1, &surroundings));
    assert!(matches!(again, Err(GitError::CheckpointExists { .. })));
    assert_eq!(fixture.git(&["rev-parse", &first.ref_name]), first.commit);
}

#[test]
fn a_change_within_one_tick_of_the_clock_and_of_the_same_size_is_noticed() {
    let fixture = Fixture::new();
    let path = fixture.path("a.txt");
    let mut last = String::new();
    // As many as fit in a tick: file, index and second change then have one time.
    for n in 1..=40u32 {
        fs::write(&path, format!("{n:04}")).unwrap();
        let now = fixture.checkpoint(n).tree;
        assert_ne!(now, last, "change {n}");
        last = now;
    }
    // A file system that knows only seconds.
    let second = SystemTime::UNIX_EPOCH
        + Duration::from_secs(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
    for n in 41..=44u32 {
        fs::write(&path, format!("{n:04}")).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(second).unwrap();
        let now = fixture.checkpoint(n).tree;
        assert_ne!(now, last, "change {n}");
        last = now;
    }
}

#[test]
fn a_damaged_or_locked_cache_costs_only_time() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    let cache = fixture.surroundings().index_cache;
    fs::write(&cache, "garbage").unwrap();
    fs::write(cache.with_extension("lock"), "").unwrap();
    assert_eq!(fixture.checkpoint(2).tree, first.tree);
    fs::remove_file(&cache).unwrap();
    assert_eq!(fixture.checkpoint(3).tree, first.tree);
}

// Other systems' file systems refuse such names.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_links_loops_and_modes_survive_the_way_there_and_back() {
    let fixture = Fixture::new();
    let odd = fixture.root.join(OsStr::from_bytes(b"caf\xe9 \"quoted\"\n[*].txt"));
    fs::write(&odd, "odd").unwrap();
    fs::create_dir(fixture.root.join(OsStr::from_bytes(b"d\xff"))).unwrap();
    fs::write(fixture.root.join(OsStr::from_bytes(b"d\xff/x")), "below").unwrap();
    fixture.write("run.sh", "#!/bin/sh\n");
    make_executable(&fixture.path("run.sh"));
    link("nowhere", &fixture.path("dangling"));
    link("loop-b", &fixture.path("loop-a"));
    link("loop-a", &fixture.path("loop-b"));
    link("..", &fixture.path("src/up"));
    let with = everything(&fixture.root);
    let first = fixture.checkpoint(1);
    assert_eq!(first.skipped, []);

    for name in ["run.sh", "dangling", "loop-a", "loop-b", "src/up"] {
        fs::remove_file(fixture.path(name)).unwrap();
    }
    fs::remove_file(&odd).unwrap();
    fs::remove_dir_all(fixture.root.join(OsStr::from_bytes(b"d\xff"))).unwrap();
    let second = fixture.checkpoint(2);
    let files = fixture.repo().files_changed(&first.tree, &second.tree, &[]).unwrap();
    assert!(files.iter().any(|file| file.path.as_os_str().as_bytes() == b"caf\xe9 \"quoted\"\n[*].txt"));
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &first, present: &second, surroundings: &surroundings };
    fixture.repo().rewind(&fixture.root, &back).unwrap();
    assert_eq!(everything(&fixture.root), with);
}

#[test]
fn a_file_that_became_a_folder_and_a_folder_that_became_a_file_are_rewound() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    let before = everything(&fixture.root);
    fs::remove_file(fixture.path("a.txt")).unwrap();
    fixture.write("a.txt/now/a", "folder");
    fs::remove_dir_all(fixture.path("src")).unwrap();
    fixture.write("src", "file");
    let after = everything(&fixture.root);
    let second = fixture.checkpoint(2);
    assert_eq!(fixture.files_of(&second.commit), ["a.txt/now/a", "src"]);
    let surroundings = fixture.surroundings();
    let repo = fixture.repo();
    repo.rewind(&fixture.root, &RewindSpec { to: &first, present: &second, surroundings: &surroundings })
        .unwrap();
    assert_eq!(everything(&fixture.root), before);
    repo.rewind(&fixture.root, &RewindSpec { to: &second, present: &first, surroundings: &surroundings })
        .unwrap();
    assert_eq!(everything(&fixture.root), after);
}

#[test]
fn a_repository_inside_the_tree_is_named_and_left_alone() {
    let fixture = Fixture::new();
    fixture.write("vendor/tool/x", "x");
    git_in(&fixture.path("vendor/tool"), &["init", "-q"]);
    fixture.write("empty/.git/not-a-repository", "");
    fixture.write("empty/y", "y");
    let taken = fixture.checkpoint(1);
    assert_eq!(fixture.files_of(&taken.commit), ["a.txt", "empty/y", "src/b.txt"]);
    assert_eq!(
        taken.skipped,
        [Skipped { path: PathBuf::from("vendor/tool"), reason: SkipReason::NestedRepository }]
    );
}

#[test]
fn a_large_untracked_file_is_named_and_a_tracked_one_is_kept() {
    let fixture = Fixture::new();
    fixture.write("tracked", &"x".repeat(5000));
    fixture.commit("Large");
    fixture.write("core", &"y".repeat(5000));
    let mut surroundings = fixture.surroundings();
    surroundings.max_untracked = 4096;
    let taken = checkpoint(&fixture.repo(), &fixture.root, &surroundings, 1);
    assert_eq!(fixture.files_of(&taken.commit), ["a.txt", "src/b.txt", "tracked"]);
    assert_eq!(
        taken.skipped,
        [Skipped { path: PathBuf::from("core"), reason: SkipReason::TooLarge { bytes: 5000 } }]
    );
}

#[test]
fn what_may_not_be_read_is_named_and_what_is_known_of_it_kept() {
    if !unprivileged("checkpoints::what_may_not_be_read_is_named_and_what_is_known_of_it_kept") {
        return;
    }
    let fixture = Fixture::new();
    fixture.write("secret", "x");
    fixture.write("data/x", "x");
    let mode =
        |path: &str, mode| fs::set_permissions(fixture.path(path), fs::Permissions::from_mode(mode)).unwrap();
    mode("secret", 0o000);
    mode("data", 0o000);
    mode("src", 0o000);
    let taken = fixture.checkpoint(1);
    let again = fixture.checkpoint(2);
    let status = fixture.repo().status_short(&fixture.root, 10);
    mode("src", 0o755);
    mode("data", 0o755);
    assert_eq!(fixture.files_of(&taken.commit), ["a.txt", "src/b.txt"]);
    assert_eq!(again.tree, taken.tree);
    let skipped: Vec<&Path> = taken.skipped.iter().map(|skipped| skipped.path.as_path()).collect();
    assert_eq!(skipped, ["data", "secret", "src"].map(Path::new));
    assert!(status.is_ok());

    // A root that cannot be listed is not an empty tree.
    fs::set_permissions(&fixture.root, fs::Permissions::from_mode(0o311)).unwrap();
    let surroundings = fixture.surroundings();
    let refused = fixture.repo().checkpoint(&fixture.root, &spec(3, &surroundings));
    fs::set_permissions(&fixture.root, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(refused, Err(GitError::Io { .. })), "{refused:?}");
}

#[test]
fn alfines_own_files_are_kept_but_are_no_change() {
    let fixture = Fixture::new();
    fixture.write("docs/committed.md", "as committed\n");
    fixture.commit("Own");
    let mut surroundings = fixture.surroundings();
    surroundings.own =
        vec![".alfine/progress.md".into(), "docs/committed.md".into(), ".alfine/archive".into()];
    surroundings.leave_out = vec!["node_modules".into(), ".env".into()];
    let repo = fixture.repo();
    let first = checkpoint(&repo, &fixture.root, &surroundings, 1);
    fixture.write(".alfine/progress.md", "- iteration 1\n");
    fixture.write(".alfine/archive/2026/x", "x");
    fixture.write("docs/committed.md", "changed\n");
    fixture.write(".env", "KEY=1");
    link("/elsewhere/node_modules", &fixture.path("node_modules"));
    let second = checkpoint(&repo, &fixture.root, &surroundings, 2);
    assert_eq!(second.tree, first.tree);
    assert_eq!(
        fixture.files_of(&second.commit),
        [".alfine/archive/2026/x", ".alfine/progress.md", "a.txt", "docs/committed.md", "src/b.txt"]
    );
    fixture.write(".alfine/plans/x.md", "a plan is the user's");
    let third = checkpoint(&repo, &fixture.root, &surroundings, 3);
    assert_ne!(third.tree, first.tree);

    let back = RewindSpec { to: &first, present: &third, surroundings: &surroundings };
    repo.rewind(&fixture.root, &back).unwrap();
    assert!(!fixture.path(".alfine/plans").exists());
    assert_eq!(read(&fixture.path(".alfine/progress.md")), "- iteration 1\n");
    assert_eq!(read(&fixture.path("docs/committed.md")), "changed\n");
    assert_eq!(read(&fixture.path(".env")), "KEY=1");
}

#[test]
fn what_is_ignored_later_leaves_the_tree_and_what_is_force_added_enters_it() {
    let fixture = Fixture::new();
    fixture.write("out/x", "x");
    assert!(fixture.files_of(&fixture.checkpoint(1).commit).contains(&"out/x".to_owned()));
    fixture.write(".gitignore", "out/\n");
    assert_eq!(fixture.files_of(&fixture.checkpoint(2).commit), [".gitignore", "a.txt", "src/b.txt"]);
    fixture.git(&["add", "-f", "out/x"]);
    assert!(fixture.files_of(&fixture.checkpoint(3).commit).contains(&"out/x".to_owned()));
    fixture.git(&["rm", "-q", "--cached", "out/x"]);
    assert!(!fixture.files_of(&fixture.checkpoint(4).commit).contains(&"out/x".to_owned()));
}

#[test]
fn sparse_checkouts_conflicts_and_indexes_of_other_kinds_are_read_right() {
    let fixture = Fixture::new();
    fixture.git(&["sparse-checkout", "set", "--no-cone", "/a.txt"]);
    assert!(!fixture.path("src/b.txt").exists());
    assert_eq!(fixture.files_of(&fixture.checkpoint(1).commit), ["a.txt", "src/b.txt"]);
    fixture.git(&["sparse-checkout", "disable"]);

    fixture.git(&["update-index", "--split-index"]);
    fixture.write("a.txt", "split\n");
    assert_eq!(fixture.content_of(&fixture.checkpoint(2).commit, "a.txt"), "split");
    fixture.git(&["update-index", "--no-split-index"]);

    fixture.git(&["update-index", "--assume-unchanged", "src/b.txt"]);
    fixture.write("src/b.txt", "changed\n");
    assert_eq!(fixture.content_of(&fixture.checkpoint(3).commit, "src/b.txt"), "changed");
    fixture.git(&["update-index", "--no-assume-unchanged", "src/b.txt"]);
    fixture.write("intent", "to add\n");
    fixture.git(&["add", "-N", "intent"]);
    assert_eq!(fixture.content_of(&fixture.checkpoint(4).commit, "intent"), "to add");
}

#[test]
fn a_conflict_in_the_index_is_no_obstacle() {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "-q", "-b", "other"]);
    fixture.write("a.txt", "theirs\n");
    fixture.commit("Theirs");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write("a.txt", "ours\n");
    fixture.commit("Ours");
    let _ = crate::fixture::git_command(&fixture.root).args(["merge", "other"]).output().unwrap();
    let taken = fixture.checkpoint(1);
    assert!(fixture.content_of(&taken.commit, "a.txt").starts_with("<<<<<<<"));
}

#[test]
fn files_are_kept_as_git_would_with_line_endings_and_configured_filters() {
    let fixture = Fixture::new();
    fixture.write(
        ".gitattributes",
        "*.txt text=auto\n*.big filter=shout\n*.utf16 working-tree-encoding=UTF-16LE\n",
    );
    fixture.git(&["config", "filter.shout.clean", "tr a-z A-Z"]);
    fixture.git(&["config", "filter.shout.smudge", "tr A-Z a-z"]);
    fixture.write("dos.txt", "one\r\ntwo\r\n");
    fixture.write("odd \"name\"\n.big", "quiet\n");
    fixture.write("x.big", "quiet too\n");
    fs::write(fixture.path("w.utf16"), b"h\0i\0").unwrap();
    let taken = fixture.checkpoint(1);
    assert_eq!(fixture.content_of(&taken.commit, "dos.txt"), "one\ntwo");
    assert_eq!(fixture.content_of(&taken.commit, "x.big"), "QUIET TOO");
    assert_eq!(fixture.content_of(&taken.commit, "odd \"name\"\n.big"), "QUIET");
    assert_eq!(fixture.content_of(&taken.commit, "w.utf16"), "hi");
    assert_eq!(fixture.checkpoint(2).tree, taken.tree);

    fs::remove_file(fixture.path("x.big")).unwrap();
    fs::remove_file(fixture.path("w.utf16")).unwrap();
    let third = fixture.checkpoint(3);
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &taken, present: &third, surroundings: &surroundings };
    fixture.repo().rewind(&fixture.root, &back).unwrap();
    assert_eq!(read(&fixture.path("x.big")), "quiet too\n");
    assert_eq!(fs::read(fixture.path("w.utf16")).unwrap(), b"h\0i\0");
}

#[test]
fn a_rewind_moves_the_branch_back_and_keeps_what_is_staged_or_ignored() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "*.log\n");
    fixture.commit("Ignore");
    fixture.write("staged", "kept\n");
    fixture.git(&["add", "staged"]);
    let first = fixture.checkpoint(1);
    let base = fixture.head();
    fixture.write("new", "x");
    fixture.write("run.log", "log");
    fixture.git(&["add", "new"]);
    fixture.git(&["commit", "-q", "-m", "The agent's", "--", "new"]);
    let ahead = fixture.head();
    let second = fixture.checkpoint(2);
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &first, present: &second, surroundings: &surroundings };
    fixture.repo().rewind(&fixture.root, &back).unwrap();
    assert_eq!(fixture.head(), base);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "A  staged");
    assert_eq!(read(&fixture.path("run.log")), "log");
    assert_eq!(fixture.git(&["merge-base", &ahead, &second.commit]), ahead);
    assert_eq!(fixture.checkpoint(3).tree, first.tree);
}

#[test]
fn a_rewind_brings_back_the_branch_that_was_left_and_keeps_its_commits() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    fixture.write("x", "x");
    let on_main = fixture.commit("On main");
    fixture.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    let second = fixture.checkpoint(2);
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &first, present: &second, surroundings: &surroundings };
    fixture.repo().rewind(&fixture.root, &back).unwrap();
    assert_eq!(fixture.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(Some(fixture.head()), first.head);
    assert!(fixture.git(&["for-each-ref", "refs/alfine/kept"]).contains(&on_main));
}

#[test]
fn a_rewind_is_refused_when_the_tree_is_not_the_one_that_was_kept() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    fixture.write("x", "x");
    let second = fixture.checkpoint(2);
    fixture.write("y", "in no checkpoint");
    let before = everything(&fixture.root);
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &first, present: &second, surroundings: &surroundings };
    let refused = fixture.repo().rewind(&fixture.root, &back);
    assert!(matches!(refused, Err(GitError::Changed { .. })));
    assert_eq!(everything(&fixture.root), before);
}

#[test]
fn a_diff_counts_lines_finds_renames_and_stops_where_told() {
    let fixture = Fixture::new();
    let first = fixture.checkpoint(1);
    fixture.write("a.txt", "one\n2\nthree\nfour\n");
    fs::rename(fixture.path("src/b.txt"), fixture.path("src/c.txt")).unwrap();
    fixture.write("skip/x", "x");
    fs::write(fixture.path("bin"), b"\0\x01").unwrap();
    let second = fixture.checkpoint(2);
    let repo = fixture.repo();
    let diff = repo.diff(&first.commit, &second.tree, &["skip".into()], usize::MAX).unwrap();
    let files: Vec<_> =
        diff.files.iter().map(|f| (f.path.to_str().unwrap(), f.kind.clone(), f.added, f.removed)).collect();
    assert_eq!(
        files,
        [
            ("a.txt", ChangeKind::Modified, 2, 1),
            ("bin", ChangeKind::Added, 0, 0),
            ("src/c.txt", ChangeKind::Renamed { from: "src/b.txt".into() }, 0, 0),
        ]
    );
    let patch = String::from_utf8(diff.patch).unwrap();
    assert!(patch.contains("@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four\n"), "{patch}");
    let cut = repo.diff(&first.commit, &second.tree, &[], 150).unwrap();
    assert!(cut.cut && cut.patch.len() <= 150 && cut.patch.ends_with(b"\n"));
    assert_eq!(cut.files.len(), 4);
    assert_eq!(cut.files[0].added, 2);
}

#[test]
fn ten_thousand_files_are_kept_and_only_what_changed_is_read_again() {
    let fixture = Fixture::new();
    for n in 0..10_000 {
        fixture.write(&format!("many/{}/{}/{n}.txt", n % 100, n % 7), &n.to_string());
    }
    let first = fixture.checkpoint(1);
    assert_eq!(fixture.files_of(&first.commit).len(), 10_002);
    fixture.write("many/7/0/7.txt", "changed");
    fs::remove_file(fixture.path("many/8/1/8.txt")).unwrap();
    fixture.write("many/new.txt", "new");
    let second = fixture.checkpoint(2);
    let changed = fixture.repo().files_changed(&first.tree, &second.tree, &[]).unwrap();
    let changed: Vec<_> =
        changed.iter().map(|file| (file.path.to_str().unwrap(), file.kind.clone())).collect();
    assert_eq!(
        changed,
        [
            ("many/7/0/7.txt", ChangeKind::Modified),
            ("many/8/1/8.txt", ChangeKind::Deleted),
            ("many/new.txt", ChangeKind::Added),
        ]
    );
    let surroundings = fixture.surroundings();
    let back = RewindSpec { to: &first, present: &second, surroundings: &surroundings };
    fixture.repo().rewind(&fixture.root, &back).unwrap();
    assert_eq!(fixture.checkpoint(3).tree, first.tree);
}

#[test]
fn files_that_vanish_during_the_look_are_no_error() {
    let fixture = Fixture::new();
    let root = fixture.root.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut n = 0u32;
        while stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
            n += 1;
            let folder = root.join(format!("tmp{}", n % 5));
            for file in 0..20 {
                write(&folder.join(format!("f{file}")), "x");
            }
            let _ = fs::remove_dir_all(&folder);
        }
    });
    for n in 1..=30 {
        fixture.checkpoint(n);
    }
    drop(stop);
    writer.join().unwrap();
    let last = fixture.checkpoint(31);
    assert_eq!(fixture.files_of(&last.commit), ["a.txt", "src/b.txt"]);
}

#[test]
fn a_cache_that_names_objects_that_git_removed_since_is_made_again() {
    let fixture = Fixture::new();
    fixture.write("r.bin", "only in a checkpoint\n");
    let prune = || {
        let refs = fixture.git(&["for-each-ref", "--format=%(refname)", "refs/alfine"]);
        refs.lines().for_each(|name| drop(fixture.git(&["update-ref", "-d", name])));
        fixture.git(&["gc", "-q", "--prune=now"]);
    };
    // Long ago, so that the cache trusts the file's times.
    let file = fs::File::options().write(true).open(fixture.path("r.bin")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    fixture.checkpoint(1);
    prune();
    fixture.write("n.txt", "new\n");
    let taken = fixture.checkpoint(2);
    assert_eq!(fixture.content_of(&taken.commit, "r.bin"), "only in a checkpoint");
    prune();
    let taken = fixture.checkpoint(3);
    assert_eq!(fixture.content_of(&taken.commit, "r.bin"), "only in a checkpoint");
    assert_eq!(fixture.git(&["fsck", "--strict"]), "");
}

#[test]
fn names_that_git_does_not_take_are_named_and_the_rest_is_kept() {
    let fixture = Fixture::new();
    fixture.write("git~1", "q");
    fixture.write("sub/.GIT/x", "q");
    fixture.write("sub/y", "y\n");
    for n in 1..=2 {
        let taken = fixture.checkpoint(n);
        assert_eq!(fixture.files_of(&taken.commit), ["a.txt", "src/b.txt", "sub/y"]);
        let skipped: Vec<String> = taken.skipped.iter().map(ToString::to_string).collect();
        assert_eq!(
            skipped,
            ["git~1 (git does not take that name)", "sub/.GIT/x (git does not take that name)"]
        );
    }
}
