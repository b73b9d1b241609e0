//! Filters that only the `git` command can run: which of them run, and what becomes of files whose filter does not.

use crate::fixture::{Fixture, advice, make_executable, spec, write};
use alfine_git::{
    Commit, GitError, SkipReason, Skipped, Surroundings, Withheld, WithoutFilter, WorktreeHandle,
    WorktreeSpec,
};
use std::fs;

/// A repository with a filter of the user's, and a worktree of a loop that began when that was configured.
fn begun(clean: &str) -> (Fixture, WorktreeHandle) {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.big filter=shout\n*.new filter=agents\n");
    fixture.commit("Attributes");
    fixture.git(&["config", "filter.shout.clean", clean]);
    let repo = fixture.repo();
    repo.remember_filters().unwrap();
    let path = fixture.dir.path().canonicalize().unwrap().join("worktree");
    let wanted = WorktreeSpec { path, branch: "alfine/PLAN/US-001".to_owned(), base: fixture.head() };
    let handle = repo.create_worktree(&wanted).unwrap();
    (fixture, handle)
}

fn commit(fixture: &Fixture, handle: &WorktreeHandle) -> Result<Option<String>, GitError> {
    let surroundings = Surroundings::new(fixture.dir.path().join("index"));
    let commit = Commit {
        branch: Some(&handle.branch),
        subject: "feat: work".to_owned(),
        body: String::new(),
        trailers: Vec::new(),
        surroundings: &surroundings,
    };
    fixture.repo().commit_all(&handle.path, &commit)
}

fn named(path: &str, why: WithoutFilter) -> Vec<Skipped> {
    vec![Skipped { path: path.into(), reason: SkipReason::Filter(why) }]
}

#[test]
fn a_filter_that_is_new_since_the_loop_began_does_not_run_and_its_files_are_named() {
    let (fixture, handle) = begun("tr a-z A-Z");
    let ran = fixture.path("ran");
    fixture.git(&["config", "filter.agents.clean", &format!("touch '{}'; cat", ran.display())]);
    fixture.git(&["config", "filter.agents.required", "true"]);
    write(&handle.path.join("x.new"), "as it is\n");
    write(&handle.path.join("x.big"), "quiet\n");
    let surroundings = fixture.surroundings();
    for n in 1..=2 {
        let taken = fixture.repo().checkpoint(&handle.path, &spec(n, &surroundings)).unwrap();
        assert_eq!(taken.skipped, named("x.new", WithoutFilter::Withheld(Withheld::New)));
        assert_eq!(fixture.content_of(&taken.commit, "x.new"), "as it is");
        assert_eq!(fixture.content_of(&taken.commit, "x.big"), "QUIET");
    }
    // A file that needs git for another reason does not bring the filter in.
    write(&handle.path.join(".gitattributes"), "*.new filter=agents working-tree-encoding=UTF-16LE\n");
    fs::write(handle.path.join("x.new"), b"h\0i\0").unwrap();
    let taken = fixture.repo().checkpoint(&handle.path, &spec(3, &surroundings)).unwrap();
    assert_eq!(fixture.content_of(&taken.commit, "x.new"), "hi");
    let committed = commit(&fixture, &handle).unwrap().unwrap();
    assert_eq!(fixture.content_of(&committed, "x.new"), "hi");
    assert!(!ran.exists());

    // The user's word makes it one that runs.
    fixture.repo().remember_filters().unwrap();
    let taken = fixture.repo().checkpoint(&handle.path, &spec(4, &surroundings)).unwrap();
    assert_eq!(taken.skipped, []);
    assert!(ran.exists());
}

#[test]
fn nothing_is_committed_without_a_filter_of_the_users_that_changed() {
    let (fixture, handle) = begun("tr a-z A-Z");
    let ran = fixture.path("ran");
    fixture.git(&["config", "filter.shout.process", &format!("touch '{}'", ran.display())]);
    write(&handle.path.join("x.big"), "secret\n");
    let taken = fixture.repo().checkpoint(&handle.path, &spec(1, &fixture.surroundings())).unwrap();
    assert_eq!(taken.skipped, named("x.big", WithoutFilter::Withheld(Withheld::Changed)));
    let refused = commit(&fixture, &handle);
    assert!(
        matches!(&refused, Err(GitError::FilterChanged { filter, .. }) if filter == "shout"),
        "{refused:?}"
    );

    fixture.git(&["config", "--unset", "filter.shout.process"]);
    let committed = commit(&fixture, &handle).unwrap().unwrap();
    assert_eq!(fixture.content_of(&committed, "x.big"), "SECRET");
    assert!(!ran.exists());
}

#[test]
fn a_required_filter_that_fails_is_named_and_keeps_no_worktree_from_going() {
    let (fixture, handle) = begun("echo no key >&2; false");
    fixture.git(&["config", "filter.shout.required", "true"]);
    fixture.repo().remember_filters().unwrap();
    write(&handle.path.join("x.big"), "quiet\n");
    let surroundings = fixture.surroundings();
    let refused = fixture.repo().checkpoint(&handle.path, &spec(1, &surroundings)).unwrap_err();
    let words = refused.to_string();
    assert!(words.starts_with("the filter of x.big (filter=shout) failed: "), "{words}");
    assert!(words.contains("no key"), "{words}");
    assert!(advice(&refused).contains("continue"));

    let last = fixture.repo().remove_worktree(&handle.path, &spec(1, &surroundings)).unwrap().unwrap();
    assert_eq!(last.skipped, named("x.big", WithoutFilter::Failed));
    assert_eq!(fixture.content_of(&last.commit, "x.big"), "quiet");
    assert!(!handle.path.exists());
}

#[test]
fn no_hook_runs_when_filtered_files_are_written() {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.big filter=shout\n");
    fixture.write("x.big", "QUIET\n");
    fixture.commit("Big");
    fixture.git(&["config", "filter.shout.smudge", "tr A-Z a-z"]);
    let ran = fixture.path("ran");
    let script = format!("#!/bin/sh\ntouch '{}'\n", ran.display());
    fixture.write(".git/hooks/post-index-change", &script);
    fixture.write("monitor", &script);
    make_executable(&fixture.path(".git/hooks/post-index-change"));
    make_executable(&fixture.path("monitor"));
    fixture.git(&["config", "core.fsmonitor", fixture.path("monitor").to_str().unwrap()]);
    fs::remove_file(&ran).unwrap_or_default();

    let path = fixture.dir.path().canonicalize().unwrap().join("worktree");
    let base = fixture.git(&["-c", "core.fsmonitor=false", "rev-parse", "HEAD"]);
    fs::remove_file(&ran).unwrap_or_default();
    let wanted = WorktreeSpec { path, branch: "alfine/PLAN/US-001".to_owned(), base };
    let handle = fixture.repo().create_worktree(&wanted).unwrap();
    assert_eq!(fs::read_to_string(handle.path.join("x.big")).unwrap(), "quiet\n");
    fixture.repo().checkpoint(&handle.path, &spec(1, &fixture.surroundings())).unwrap();
    assert!(!ran.exists());
}
