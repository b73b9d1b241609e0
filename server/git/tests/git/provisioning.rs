use crate::fixture::{Fixture, checkpoint, link, make_executable, read, write};
use alfine_git::{GitError, Provisioned, WorktreeSpec, provision};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn paths(paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

fn worktree(fixture: &Fixture) -> PathBuf {
    let path = fixture.dir.path().canonicalize().unwrap().join("task");
    let spec = WorktreeSpec { path: path.clone(), branch: "alfine/P/T".to_owned(), base: fixture.head() };
    fixture.repo().create_worktree(&spec).unwrap();
    path
}

#[test]
fn files_are_copied_and_folders_linked_and_neither_shows_in_a_checkpoint() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", ".env*\nnode_modules/\nlocal/\n");
    fixture.commit("Ignore");
    fixture.write(".env", "KEY=1\n");
    fixture.write("packages/web/.env.local", "KEY=2\n");
    fixture.write("node_modules/dep/.env", "not this one\n");
    fixture.write("local/tool/run", "#!/bin/sh\n");
    make_executable(&fixture.path("local/tool/run"));
    let to = worktree(&fixture);
    let repo = fixture.repo();
    let before = checkpoint(&repo, &to, &fixture.surroundings(), 1);
    let copy = texts(&["./.env", "**/.env*", "local", "nothing/*"]);
    let brought = provision(&fixture.root, &to, &copy, &texts(&["node_modules", "missing/"])).unwrap();
    assert_eq!(
        brought,
        Provisioned {
            copied: paths(&[".env", "packages/web/.env.local", "local/tool/run"]),
            linked: paths(&["node_modules"]),
            beside: paths(&[]),
            missing: texts(&["nothing/*", "missing/"]),
        }
    );
    assert_eq!(to.join("node_modules").read_link().unwrap(), fixture.path("node_modules"));
    assert_eq!(to.join("local/tool/run").metadata().unwrap().permissions().mode() & 0o777, 0o755);
    // An agent that edits in place edits its own.
    assert_ne!(to.join(".env").metadata().unwrap().ino(), fixture.path(".env").metadata().unwrap().ino());
    write(&to.join(".env"), "agent\n");
    assert_eq!(read(&fixture.path(".env")), "KEY=1\n");
    let mut surroundings = fixture.surroundings();
    surroundings.leave_out = brought.paths();
    let after = checkpoint(&repo, &to, &surroundings, 2);
    assert_eq!(after.tree, before.tree);

    // Again: nothing that is there is written over.
    let again = provision(&fixture.root, &to, &copy, &texts(&["node_modules"])).unwrap();
    assert_eq!(again.copied, paths(&[]));
    assert_eq!(read(&to.join(".env")), "agent\n");
}

#[test]
fn what_lies_beside_a_tree_is_linked_beside_another_and_replaces_nothing() {
    let fixture = Fixture::new();
    let parent = fixture.root.parent().unwrap().to_owned();
    write(&parent.join("lib/a"), "1");
    let path = parent.join("data/plan/task");
    let spec = WorktreeSpec { path: path.clone(), branch: "alfine/P/T".to_owned(), base: fixture.head() };
    fixture.repo().create_worktree(&spec).unwrap();
    write(&parent.join("other/b"), "1");
    write(&parent.join("data/plan/other/mine"), "2");
    for _ in 0..2 {
        let link = texts(&["../lib", "../other", "../none"]);
        let brought = provision(&fixture.root, &path, &[], &link).unwrap();
        assert_eq!(brought.beside, paths(&["../lib"]));
        assert_eq!(brought.missing, texts(&["../other", "../none"]));
        assert_eq!(brought.paths(), paths(&[]), "none of it is in the worktree");
    }
    assert_eq!(read(&path.join("../lib/a")), "1");
    assert_eq!(read(&path.join("../other/mine")), "2");
}

#[test]
fn nothing_leads_out_of_either_root() {
    let fixture = Fixture::new();
    let outside = fixture.dir.path().canonicalize().unwrap().join("outside");
    write(&outside.join("secret"), "secret");
    link(outside.to_str().unwrap(), &fixture.path("conf"));
    fixture.commit("A link in the tree");
    for bad in ["/etc/passwd", "../outside/secret", "a/../../outside", "", ".", ".git/config", "sub/.git"] {
        let copy = provision(&fixture.root, &fixture.root, &texts(&[bad]), &[]);
        assert!(matches!(copy, Err(GitError::Outside { .. })), "{bad}");
        if bad != "../outside/secret" {
            let linked = provision(&fixture.root, &fixture.root, &[], &texts(&[bad]));
            assert!(matches!(linked, Err(GitError::Outside { .. })), "{bad}");
        }
    }
    for bad in ["../../../outside", "../..", "..", "../", "../a/../../b", "../.git/x"] {
        let linked = provision(&fixture.root, &fixture.root, &[], &texts(&[bad]));
        assert!(matches!(linked, Err(GitError::Outside { .. })), "{bad}");
    }
    assert!(matches!(
        provision(&fixture.root, &fixture.root, &texts(&["a[", "x"]), &[]),
        Err(GitError::Glob { pattern, .. }) if pattern == "a["
    ));
    let to = worktree(&fixture);
    fixture.write(".git/info/exclude", "*.key\n");
    link(outside.join("secret").to_str().unwrap(), &fixture.path("absolute.key"));
    link("../outside/secret", &fixture.path("relative.key"));
    link("plain.key", &fixture.path("inner.key"));
    fixture.write("plain.key", "k");
    let brought =
        provision(&fixture.root, &to, &texts(&["*.key", "conf/secret", "conf/*"]), &texts(&["conf/secret"]))
            .unwrap();
    assert_eq!(brought.copied, paths(&["inner.key", "plain.key"]));
    assert_eq!(brought.missing, texts(&["conf/secret", "conf/*", "conf/secret"]));
    assert_eq!(read(&to.join("inner.key")), "k");
    // A link in the worktree where the source has a folder.
    fs::create_dir(fixture.path("real")).unwrap();
    fixture.write("real/x.key", "x");
    link(outside.to_str().unwrap(), &to.join("real"));
    provision(&fixture.root, &to, &texts(&["real/x.key"]), &texts(&["real/x.key"])).unwrap();
    assert!(!outside.join("x.key").exists());
}

#[test]
fn loops_of_links_and_special_files_end_nowhere() {
    let fixture = Fixture::new();
    fixture.write(".git/info/exclude", "*\n");
    link("..", &fixture.path("cache/up"));
    link("loop", &fixture.path("cache/loop"));
    fixture.write("cache/x", "x");
    let made = std::process::Command::new("mkfifo").arg(fixture.path("cache/pipe")).status().unwrap();
    assert!(made.success());
    let to = worktree(&fixture);
    let brought = provision(&fixture.root, &to, &texts(&["cache", "**/x"]), &[]).unwrap();
    let mut copied = brought.copied;
    copied.sort();
    assert_eq!(copied, paths(&["cache/loop", "cache/up", "cache/x"]));
    assert_eq!(to.join("cache/loop").read_link().unwrap(), Path::new("loop"));
}
