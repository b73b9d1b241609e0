use crate::fixture::{Fixture, make_executable, read};
use alfine_git::{Commit, GitError, Surroundings};
use std::fs;

fn commit<'a>(surroundings: &'a Surroundings, branch: Option<&'a str>) -> Commit<'a> {
    Commit {
        branch,
        subject: "feat: [US-001] Add coupon table".to_owned(),
        body: "Stores code and expiry.\n".to_owned(),
        trailers: vec![("Alfine-Task".to_owned(), "PLAN.md#US-001\ninjected: x".to_owned())],
        surroundings,
    }
}

#[test]
fn everything_uncommitted_is_committed_and_the_index_agrees() {
    let fixture = Fixture::new();
    let base = fixture.head();
    fixture.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    make_executable(&fixture.path(".git/hooks/pre-commit"));
    fixture.write("a.txt", "changed\n");
    fixture.git(&["add", "a.txt"]);
    fixture.write("a.txt", "changed again\n");
    fixture.write("new/x", "x");
    fixture.write(".alfine/progress.md", "log");
    fixture.write("node_modules/x", "x");
    fs::remove_file(fixture.path("src/b.txt")).unwrap();
    let mut surroundings = fixture.surroundings();
    surroundings.own = vec![".alfine/progress.md".into()];
    surroundings.leave_out = vec!["node_modules".into()];
    let id = fixture.repo().commit_all(&fixture.root, &commit(&surroundings, Some("main"))).unwrap().unwrap();
    assert_eq!(fixture.head(), id);
    assert_eq!(fixture.git(&["rev-parse", "HEAD~1"]), base);
    assert_eq!(fixture.files_of("HEAD"), ["a.txt", "new/x"]);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "?? .alfine/\n?? node_modules/");
    assert_eq!(
        fixture.git(&["log", "-1", "--format=%an <%ae>%n%B"]),
        "Ada <ada@example.org>\nfeat: [US-001] Add coupon table\n\nStores code and expiry.\n\n\
         Alfine-Task: PLAN.md#US-001 injected: x"
    );
    let nothing = fixture.repo().commit_all(&fixture.root, &commit(&surroundings, None)).unwrap();
    assert_eq!(nothing, None);
    assert_eq!(read(&fixture.path(".alfine/progress.md")), "log");
}

#[test]
fn alfine_signs_with_its_own_name_where_git_knows_none() {
    let fixture = Fixture::new();
    fixture.git(&["config", "--unset", "user.name"]);
    fixture.git(&["config", "--unset", "user.email"]);
    fixture.write("x", "x");
    let surroundings = fixture.surroundings();
    fixture.repo().commit_all(&fixture.root, &commit(&surroundings, None)).unwrap();
    assert_eq!(fixture.git(&["log", "-1", "--format=%an <%ae>"]), "Alfine <alfine@localhost>");
}

#[test]
fn a_head_that_left_its_branch_is_brought_back_where_it_continues_it() {
    let fixture = Fixture::new();
    let surroundings = fixture.surroundings();
    fixture.git(&["checkout", "-q", "-b", "agents-own"]);
    fixture.write("x", "x");
    fixture.commit("On another branch");
    fixture.write("y", "y");
    let repo = fixture.repo();
    let id = repo.commit_all(&fixture.root, &commit(&surroundings, Some("main"))).unwrap().unwrap();
    assert_eq!(fixture.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(fixture.git(&["rev-parse", "main"]), id);
    assert_eq!(fixture.files_of("main"), ["a.txt", "src/b.txt", "x", "y"]);

    fixture.git(&["checkout", "-q", "--detach", "HEAD~2"]);
    fixture.write("z", "z");
    fixture.commit("Elsewhere");
    let left = repo.commit_all(&fixture.root, &commit(&surroundings, Some("main")));
    assert!(matches!(left, Err(GitError::BranchLeft { .. })));
    assert_eq!(fixture.git(&["rev-parse", "main"]), id);
}

#[test]
fn a_lock_that_a_killed_git_left_is_named_and_can_be_cleared() {
    let fixture = Fixture::new();
    fixture.write(".git/index.lock", "");
    fixture.write("x", "x");
    let surroundings = fixture.surroundings();
    let repo = fixture.repo();
    let locked = repo.commit_all(&fixture.root, &commit(&surroundings, None));
    assert!(matches!(locked, Err(GitError::Locked(path)) if path.ends_with(".git/index.lock")));
    assert!(repo.clear_stale_lock(&fixture.root).unwrap());
    assert!(!repo.clear_stale_lock(&fixture.root).unwrap());
    assert!(repo.commit_all(&fixture.root, &commit(&surroundings, None)).unwrap().is_some());
}

#[test]
fn a_sparse_checkout_stays_sparse_and_a_file_swap_is_committed() {
    let fixture = Fixture::new();
    fixture.write("other/x", "x");
    fixture.commit("Other");
    fixture.git(&["sparse-checkout", "set", "--no-cone", "/a.txt", "/other", "/intended"]);
    fs::remove_dir_all(fixture.path("other")).unwrap();
    fixture.write("other", "now a file\n");
    fixture.write("intended", "");
    fixture.git(&["add", "-N", "intended"]);
    let surroundings = fixture.surroundings();
    fixture.repo().commit_all(&fixture.root, &commit(&surroundings, None)).unwrap().unwrap();
    assert_eq!(fixture.files_of("HEAD"), ["a.txt", "intended", "other", "src/b.txt"]);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert!(!fixture.path("src").exists());
}

#[test]
fn a_split_or_sparse_index_is_committed_with_what_it_says() {
    let fixture = Fixture::new();
    let surroundings = fixture.surroundings();
    fixture.write("out/x", "x");
    fixture.commit("More");
    fixture.git(&["update-index", "--split-index"]);
    fixture.write("a.txt", "changed\n");
    fixture.repo().commit_all(&fixture.root, &commit(&surroundings, None)).unwrap().unwrap();
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert_eq!(fixture.content_of("HEAD", "a.txt"), "changed");

    fixture.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "src"]);
    assert!(!fixture.path("out").exists());
    fixture.write("src/b.txt", "changed\n");
    fixture.repo().commit_all(&fixture.root, &commit(&surroundings, None)).unwrap().unwrap();
    assert_eq!(fixture.files_of("HEAD"), ["a.txt", "out/x", "src/b.txt"]);
    assert_eq!(fixture.content_of("HEAD", "src/b.txt"), "changed");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert!(!fixture.path("out").exists());
}
