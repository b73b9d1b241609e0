//! Whether work that landed once is in what is checked out.

use crate::fixture::Fixture;
use alfine_git::{MergeSpec, Work};
use std::path::Path;

/// A repository in which a task's work landed on `main`, with the commits before and after it.
fn landed(fast_forward: bool) -> (Fixture, String, String) {
    let fixture = Fixture::new();
    let base = fixture.head();
    fixture.git(&["switch", "-qc", "task"]);
    fixture.write("new.txt", "new\n");
    fixture.write("PLAN.md", "- [x] T1\n");
    fixture.git(&["rm", "-q", "src/b.txt"]);
    fixture.commit("feat: [T1] work");
    fixture.git(&["switch", "-q", "main"]);
    if !fast_forward {
        fixture.write("other.txt", "the user's\n");
        fixture.commit("Other work");
    }
    let spec = MergeSpec {
        branch: "task".to_owned(),
        target_branch: "main".to_owned(),
        task_id: "T1".to_owned(),
        message: "feat: [T1] merge".to_owned(),
        proven: None,
    };
    let merged = fixture.repo().merge(&spec, None, &|_| false).unwrap();
    assert_eq!(merged.fast_forward, fast_forward);
    (fixture, base, merged.commit)
}

#[track_caller]
fn assert_there(fixture: &Fixture, base: &str, commit: &str, is_there: bool) {
    let work = Work { base: Some(base), commit, landed: true };
    assert_eq!(fixture.repo().has_work(&fixture.head(), work, Path::new("PLAN.md")).unwrap(), is_there);
}

#[test]
fn work_is_there_after_a_landing_and_what_came_after_it() {
    for fast_forward in [true, false] {
        let (fixture, base, commit) = landed(fast_forward);
        assert_there(&fixture, &base, &commit, true);
        fixture.write("new.txt", "changed since\n");
        fixture.commit("More");
        fixture.git(&["rm", "-q", "new.txt"]);
        fixture.commit("Not needed any more");
        assert_there(&fixture, &base, &commit, true);
    }
}

#[test]
fn work_is_not_on_another_branch_nor_after_a_reset_or_a_revert() {
    for fast_forward in [true, false] {
        let (fixture, base, commit) = landed(fast_forward);
        fixture.git(&["switch", "-qc", "other", &base]);
        fixture.write("a.txt", "other work\n");
        fixture.commit("Other work");
        assert_there(&fixture, &base, &commit, false);
        fixture.git(&["switch", "-q", "main"]);
        let mainline: &[&str] = if fast_forward { &[] } else { &["-m", "1"] };
        fixture.git(&[&["revert", "--no-edit"], mainline, &["HEAD"]].concat());
        // The plan is the user's: a tick that is set again brings no work back.
        fixture.write("PLAN.md", "- [x] T1\n");
        fixture.commit("Tick");
        assert_there(&fixture, &base, &commit, false);
        fixture.git(&["reset", "-q", "--hard", &base]);
        assert_there(&fixture, &base, &commit, false);
    }
}

#[test]
fn work_is_there_under_another_commit() {
    for fast_forward in [true, false] {
        let (fixture, base, commit) = landed(fast_forward);
        fixture.git(&["reset", "-q", "--hard", &base]);
        fixture.write("a.txt", "mine\n");
        fixture.commit("Mine");
        fixture.git(&["merge", "-q", "--squash", "task"]);
        fixture.commit("Squashed");
        assert_there(&fixture, &base, &commit, true);
    }
}

#[test]
fn files_that_are_there_already_would_not_land() {
    let (fixture, base, _) = landed(true);
    let task = fixture.git(&["rev-parse", "task"]);
    let work = Work { base: Some(&base), commit: &task, landed: false };
    let lacking = |here: &str| fixture.repo().files_lacking(here, work).unwrap();
    assert_eq!(lacking(&fixture.head()), Vec::<std::path::PathBuf>::new());
    assert_eq!(lacking(&base), ["PLAN.md", "new.txt", "src/b.txt"].map(std::path::PathBuf::from));
}

#[test]
fn a_branch_that_was_brought_up_to_date_has_its_own_work_and_not_only_what_it_was_brought() {
    let fixture = Fixture::new();
    fixture.git(&["switch", "-qc", "task"]);
    fixture.write("new.txt", "new\n");
    fixture.commit("Work");
    fixture.git(&["switch", "-q", "main"]);
    fixture.write("other.txt", "of another task\n");
    fixture.commit("Other work");
    let target = fixture.head();
    fixture.git(&["switch", "-q", "task"]);
    fixture.git(&["merge", "-q", "-m", "Merge main into T1", "main"]);
    let commit = fixture.head();
    for landed in [false, true] {
        let work = Work { base: Some(&target), commit: &commit, landed };
        let has = |here: &str| fixture.repo().has_work(here, work, Path::new("PLAN.md")).unwrap();
        assert!(!has(&target), "landed: {landed}");
        assert!(has(&commit), "landed: {landed}");
        assert_eq!(fixture.repo().files_lacking(&target, work).unwrap(), [Path::new("new.txt")]);
    }
}
