//! The user's checkout while an agent works elsewhere: every way in which one was seen to reach it.

use crate::fixture::{Fixture, git_in, read};
use alfine_core::checkout::CheckoutChange;
use alfine_git::{CheckoutState, GitError, OwnWrite, Repository, Watched, WorktreeSpec};
use std::{fs, os::unix::fs::PermissionsExt};

/// A repository whose user is in the middle of something: staged, changed, untracked and stashed work, a hook.
struct User {
    fixture: Fixture,
    repo: Repository,
    watched: Watched,
}

impl User {
    fn at_work() -> Self {
        let fixture = Fixture::new();
        fixture.write(".gitignore", "ignored\n");
        fixture.commit("Ignore");
        fixture.git(&["branch", "other", "HEAD~1"]);
        fixture.write("stashed", "one");
        fixture.git(&["stash", "push", "-u", "-q", "-m", "first"]);
        fixture.write("stashed", "two");
        fixture.git(&["stash", "push", "-u", "-q", "-m", "second"]);
        fixture.write("src/b.txt", "staged\n");
        fixture.git(&["add", "src/b.txt"]);
        fixture.write("a.txt", "the user's edit\n");
        fixture.write("untracked", "the user's own\n");
        fixture.write("ignored", "not looked at\n");
        fixture.write(".git/hooks/pre-commit", "#!/bin/sh\n");
        let repo = fixture.repo();
        Self { fixture, repo, watched: Watched::Everything }
    }

    fn state(&self) -> CheckoutState {
        self.repo.keep_checkout(self.watched, &self.fixture.surroundings(), None).unwrap()
    }

    fn changes(&self, before: &CheckoutState) -> Vec<CheckoutChange> {
        self.repo.checkout_changes(before, &self.state()).unwrap()
    }

    /// What changed besides what Alfine wrote.
    fn changes_beside(&self, before: &CheckoutState, own: OwnWrite) -> Vec<CheckoutChange> {
        let now = self.state();
        let expected = self.repo.expected_checkout(before, &now, &[own]).unwrap();
        self.repo.checkout_changes(&expected, &now).unwrap()
    }

    /// What the user could miss: status, branches, stash, configuration, hooks.
    fn all(&self) -> Vec<String> {
        let mut all: Vec<String> = [
            &["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=all"][..],
            &["for-each-ref", "refs/heads", "refs/tags"],
            &["stash", "list", "--format=%H"],
            &["config", "--local", "--list"],
        ]
        .iter()
        .map(|args| self.fixture.git(args))
        .collect();
        for file in ["a.txt", "src/b.txt", "untracked", ".git/hooks/pre-commit"] {
            all.push(fs::read_to_string(self.fixture.path(file)).unwrap_or_default());
        }
        all
    }

    /// Lets an agent do something, checks what is said of it, and that it can be undone.
    #[track_caller]
    fn suffers(&self, agent: impl Fn(&Fixture), said: &[CheckoutChange]) {
        let (before, all) = (self.state(), self.all());
        agent(&self.fixture);
        let (after, harmed) = (self.state(), self.all());
        assert_eq!(self.repo.checkout_changes(&before, &after).unwrap(), said);
        assert_ne!(harmed, all, "the agent did nothing");
        let left = self
            .repo
            .undo_checkout(&before, &after, &after, &self.fixture.surroundings(), &|_| false)
            .unwrap();
        assert_eq!(left, alfine_git::LeftAlone::default());
        assert_eq!(self.all(), all);
        assert_eq!(self.fixture.git(&["fsck", "--strict", "--no-dangling"]), "");
    }
}

fn files(paths: &[&str]) -> CheckoutChange {
    CheckoutChange::Files {
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        count: paths.len() as u64,
    }
}

fn moved(name: &str, was: &str, is: &str) -> CheckoutChange {
    CheckoutChange::Ref {
        name: format!("refs/heads/{name}"),
        was: Some(was.to_owned()),
        is: Some(is.to_owned()),
    }
}

#[test]
fn keeping_a_checkout_touches_nothing_and_the_same_state_is_kept_once() {
    let user = User::at_work();
    let (all, index) = (user.all(), fs::read(user.fixture.path(".git/index")).unwrap());
    let first = user.state();
    let again =
        user.repo.keep_checkout(Watched::Everything, &user.fixture.surroundings(), Some(&first)).unwrap();
    assert_eq!(again, first);
    assert_eq!(user.all(), all);
    assert_eq!(fs::read(user.fixture.path(".git/index")).unwrap(), index);
    assert_eq!(user.fixture.git(&["for-each-ref", "--format=%(refname)", "refs/alfine"]), first.ref_name());
    assert_eq!(user.fixture.content_of(&first.ref_name(), "untracked"), "the user's own");
    assert_eq!(user.fixture.content_of(&format!("{}^2", first.ref_name()), "src/b.txt"), "staged");
    assert_eq!(user.changes(&first), []);
    assert_eq!(CheckoutState::of_text(&first.to_text()), Some(first));
}

#[test]
fn files_that_an_agent_writes_and_removes_come_back() {
    User::at_work().suffers(
        |fixture| {
            fixture.write("a.txt", "the agent's\n");
            fs::remove_file(fixture.path("untracked")).unwrap();
            fixture.write("new/file", "x");
        },
        &[files(&["a.txt", "new/file", "untracked"])],
    );
}

#[test]
fn what_an_agent_stages_is_unstaged() {
    User::at_work().suffers(
        |fixture| {
            fixture.git(&["add", "-A"]);
        },
        &[CheckoutChange::Staged { paths: vec!["a.txt".to_owned(), "untracked".to_owned()], count: 2 }],
    );
}

#[test]
fn a_commit_on_the_users_branch_is_taken_back_and_kept() {
    let user = User::at_work();
    let was = user.fixture.head();
    let before = user.state();
    let all = user.all();
    user.fixture.git(&["commit", "-qam", "The agent's"]);
    let is = user.fixture.head();
    let after = user.state();
    let changes = user.repo.checkout_changes(&before, &after).unwrap();
    assert_eq!(
        changes,
        [moved("main", &was, &is), CheckoutChange::Staged { paths: vec!["a.txt".to_owned()], count: 1 },]
    );
    user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(user.all(), all);
    assert_eq!(user.fixture.git(&["for-each-ref", "--format=%(objectname)", "refs/alfine/kept"]), is);
}

#[test]
fn a_hard_reset_loses_nothing() {
    let user = User::at_work();
    let (was, is) = (user.fixture.head(), user.fixture.git(&["rev-parse", "HEAD~1"]));
    user.suffers(
        |fixture| {
            fixture.git(&["reset", "-q", "--hard", "HEAD~1"]);
        },
        &[moved("main", &was, &is), files(&[".gitignore", "a.txt", "ignored", "src/b.txt"])],
    );
}

#[test]
fn another_branch_that_is_checked_out_is_named() {
    let user = User::at_work();
    user.suffers(
        |fixture| {
            fixture.git(&["switch", "-qf", "other"]);
        },
        &[
            CheckoutChange::Head { was: "main".to_owned(), is: "other".to_owned() },
            files(&[".gitignore", "a.txt", "ignored", "src/b.txt"]),
        ],
    );
}

#[test]
fn a_stash_that_was_popped_or_dropped_comes_back() {
    let user = User::at_work();
    user.suffers(
        |fixture| {
            fixture.git(&["stash", "clear"]);
        },
        &[CheckoutChange::Stash { gone: 2, new: 0 }],
    );
    user.suffers(
        |fixture| {
            fixture.git(&["stash", "pop", "-q"]);
        },
        &[files(&["stashed"]), CheckoutChange::Stash { gone: 1, new: 0 }],
    );
}

#[test]
fn configuration_and_hooks_come_back() {
    let user = User::at_work();
    user.suffers(
        |fixture| {
            fixture.git(&["config", "user.email", "agent@example.org"]);
            fixture.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
            fixture.write(".git/hooks/post-checkout", "#!/bin/sh\n");
            fixture.write(".git/info/exclude", "*.tmp\n");
        },
        &[
            CheckoutChange::Config { file: "config".to_owned() },
            CheckoutChange::Config { file: "info/exclude".to_owned() },
            CheckoutChange::Hook { name: "post-checkout".to_owned() },
            CheckoutChange::Hook { name: "pre-commit".to_owned() },
        ],
    );
    let mode = user.fixture.path(".git/config").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(!user.fixture.path(".git/hooks/post-checkout").exists());
}

#[test]
fn branches_and_worktrees_that_an_agent_makes_are_named_and_stay() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.git(&["branch", "of-the-agent"]);
    user.fixture.git(&["worktree", "add", "-q", "../inner", "-b", "inner"]);
    user.fixture.git(&["branch", "-qD", "other"]);
    let after = user.state();
    let head = user.fixture.head();
    let changes = user.repo.checkout_changes(&before, &after).unwrap();
    let made = |name: &str| CheckoutChange::Ref {
        name: format!("refs/heads/{name}"),
        was: None,
        is: Some(head.clone()),
    };
    let inner = user.fixture.root.parent().unwrap().join("inner");
    assert_eq!(changes.len(), 4);
    assert!(changes.contains(&made("inner")) && changes.contains(&made("of-the-agent")));
    assert!(changes.contains(&CheckoutChange::Worktree { path: inner.display().to_string() }), "{changes:?}");
    user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    let branches = user.fixture.git(&["branch", "--format=%(refname:short)"]);
    assert_eq!(branches.lines().collect::<Vec<_>>(), ["inner", "main", "of-the-agent", "other"]);
}

#[test]
fn what_alfine_does_itself_is_no_change() {
    let user = User::at_work();
    let before = user.state();
    let spec = WorktreeSpec {
        path: user.fixture.root.parent().unwrap().join("task"),
        branch: "alfine/PLAN/T1".to_owned(),
        base: user.fixture.head(),
    };
    let made = user.repo.create_worktree(&spec).unwrap();
    git_in(&made.path, &["commit", "-q", "--allow-empty", "-m", "The agent's, where it belongs"]);
    user.fixture.write("a.txt", "written by Alfine\n");
    let own = OwnWrite { file: Some("a.txt".into()), ..OwnWrite::default() };
    assert_eq!(user.changes_beside(&before, own), []);
}

#[test]
fn a_landing_is_no_change_and_what_an_agent_does_beside_it_is() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.write("landed", "by a merge\n");
    user.fixture.git(&["add", "landed"]);
    user.fixture.git(&["commit", "-q", "-m", "Landed", "landed"]);
    let commit = user.fixture.head();
    user.fixture.write("a.txt", "the agent's\n");
    for known in [Some(commit), None] {
        let reference = Some("refs/heads/main".to_owned());
        let own = OwnWrite { reference, commit: known, ..OwnWrite::default() };
        let changes = user.changes_beside(&before, own);
        assert_eq!(changes, [files(&["a.txt"])]);
    }
}

#[test]
fn in_place_the_tree_is_the_agents_and_the_rest_is_not() {
    let mut user = User::at_work();
    user.watched = Watched::AroundTheTree;
    let before = user.state();
    user.fixture.git(&["commit", "-qam", "The agent's"]);
    user.fixture.write("a.txt", "and more\n");
    user.fixture.git(&["branch", "-qD", "other"]);
    user.fixture.git(&["stash", "drop", "-q"]);
    let changes = user.changes(&before);
    assert!(
        matches!(
            changes.as_slice(),
            [CheckoutChange::Ref { name, is: None, .. }, CheckoutChange::Stash { gone: 1, new: 0 }]
                if name == "refs/heads/other"
        ),
        "{changes:?}"
    );
    let (head, after) = (user.fixture.head(), user.state());
    user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(user.fixture.head(), head);
    assert_eq!(read(&user.fixture.path("a.txt")), "and more\n");
    assert_eq!(user.fixture.git(&["stash", "list"]).lines().count(), 2);
}

#[test]
fn what_was_changed_again_since_is_left_alone() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.write("a.txt", "the agent's\n");
    user.fixture.write("untracked", "the agent's\n");
    user.fixture.git(&["branch", "-qf", "other", "HEAD"]);
    let after = user.state();
    user.fixture.write("a.txt", "the user's again\n");
    user.fixture.git(&["branch", "-qf", "other", "HEAD~1"]);
    user.fixture.git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    user.fixture.git(&["branch", "-qf", "other", "HEAD"]);
    let present = user.state();
    let left =
        user.repo.undo_checkout(&before, &after, &present, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(left.files, [std::path::PathBuf::from("a.txt")]);
    assert_eq!(left.others, ["refs/heads/other"]);
    assert_eq!(read(&user.fixture.path("a.txt")), "the user's again\n");
    assert_eq!(read(&user.fixture.path("untracked")), "the user's own\n");
}

#[test]
fn an_undo_of_a_checkout_that_changed_since_it_was_kept_is_refused() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.write("a.txt", "the agent's\n");
    let after = user.state();
    user.fixture.write("untracked", "written just now\n");
    let refused = user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false);
    assert!(matches!(refused, Err(GitError::Changed(_))), "{refused:?}");
    assert_eq!(read(&user.fixture.path("a.txt")), "the agent's\n");
}

#[test]
fn an_undo_writes_over_nothing_that_is_unsaved_in_an_editor() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.write("a.txt", "the agent's\n");
    let after = user.state();
    let is_unsaved = |path: &std::path::Path| path.ends_with("a.txt");
    let refused = user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &is_unsaved);
    assert!(matches!(refused, Err(GitError::Unsaved { .. })), "{refused:?}");
    assert_eq!(read(&user.fixture.path("a.txt")), "the agent's\n");
}

#[test]
fn ignored_files_that_only_look_new_are_not_removed() {
    let user = User::at_work();
    let before = user.state();
    fs::remove_file(user.fixture.path(".gitignore")).unwrap();
    user.fixture.write("new", "the agent's\n");
    let after = user.state();
    let left =
        user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(read(&user.fixture.path("ignored")), "not looked at\n");
    assert!(user.fixture.path(".gitignore").exists() && !user.fixture.path("new").exists());
}

#[test]
fn a_detached_head_a_hooks_mode_and_a_new_configuration_come_back() {
    let user = User::at_work();
    user.fixture.git(&["switch", "-q", "--detach"]);
    let (before, head) = (user.state(), user.fixture.head());
    user.fixture.git(&["commit", "-q", "--allow-empty", "-m", "agent"]);
    let hook = user.fixture.path(".git/hooks/pre-commit");
    let mode = hook.metadata().unwrap().permissions().mode();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    user.fixture.write(".git/info/attributes", "* -text\n");
    let after = user.state();
    user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(user.fixture.head(), head);
    assert_eq!(hook.metadata().unwrap().permissions().mode(), mode);
    assert!(!user.fixture.path(".git/info/attributes").exists());
    assert_eq!(user.changes(&before), []);
}

#[test]
fn a_commit_of_the_users_on_top_keeps_what_is_staged_of_it() {
    let user = User::at_work();
    user.fixture.git(&["commit", "-qam", "all of it"]);
    let before = user.state();
    user.fixture.write("a.txt", "the agent's\n");
    user.fixture.git(&["commit", "-qam", "agent"]);
    let after = user.state();
    user.fixture.git(&["commit", "-q", "--allow-empty", "-m", "the user's"]);
    let present = user.state();
    let left =
        user.repo.undo_checkout(&before, &after, &present, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(left.others, ["refs/heads/main"]);
    assert_eq!(user.fixture.git(&["diff", "--cached", "--name-only"]), "");
}

#[test]
fn a_dropped_stash_comes_back_although_git_has_cleaned_up() {
    let user = User::at_work();
    let (before, stash) = (user.state(), user.fixture.git(&["stash", "list", "--format=%H"]));
    user.fixture.git(&["stash", "clear"]);
    user.fixture.git(&["gc", "-q", "--prune=now"]);
    let after = user.state();
    user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(user.fixture.git(&["stash", "list", "--format=%H"]), stash);
}

#[test]
fn a_configuration_that_leads_elsewhere_is_not_followed() {
    let user = User::at_work();
    let elsewhere = user.fixture.dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    user.fixture.git(&["config", "core.worktree", elsewhere.to_str().unwrap()]);
    let looked = user.repo.keep_checkout(Watched::Everything, &user.fixture.surroundings(), None);
    assert!(matches!(looked, Err(GitError::NotOurs(_))), "{looked:?}");
}

#[test]
fn a_file_that_the_agent_hid_stays_and_the_others_come_back() {
    let user = User::at_work();
    let before = user.state();
    user.fixture.write("untracked", "the agent's\n");
    user.fixture.write("a.txt", "the agent's\n");
    user.fixture.write(".git/info/exclude", "untracked\n");
    let after = user.state();
    let left =
        user.repo.undo_checkout(&before, &after, &after, &user.fixture.surroundings(), &|_| false).unwrap();
    assert_eq!(left.files, [std::path::PathBuf::from("untracked")]);
    assert_eq!(read(&user.fixture.path("a.txt")), "the user's edit\n");
    assert_eq!(user.fixture.content_of(&before.ref_name(), "untracked"), "the user's own");
}

/// The same user with another worktree, in which they are in the middle of something, too.
fn with_another_worktree() -> (User, std::path::PathBuf) {
    let user = User::at_work();
    let path = user.fixture.root.parent().unwrap().join("feature");
    user.fixture.git(&["worktree", "add", "-q", "-b", "feature", "../feature"]);
    fs::write(path.join("a.txt"), "two days of work\n").unwrap();
    fs::write(path.join("new.txt"), "new\n").unwrap();
    git_in(&path, &["add", "new.txt"]);
    (user, path)
}

#[test]
fn the_users_other_worktrees_are_watched_and_brought_back() {
    let harms: [(&[&[&str]], &[CheckoutChange]); 3] = [
        (&[&["reset", "-q", "--hard"]], &[files(&["a.txt", "new.txt"])]),
        (&[&["reset", "-q"]], &[CheckoutChange::Staged { paths: vec!["new.txt".to_owned()], count: 1 }]),
        (
            &[&["switch", "-qf", "other"], &["clean", "-fdq"]],
            &[
                CheckoutChange::Head { was: "feature".to_owned(), is: "other".to_owned() },
                files(&[".gitignore", "a.txt", "new.txt"]),
            ],
        ),
    ];
    for (harm, said) in harms {
        let (user, path) = with_another_worktree();
        let all = || {
            let status = ["--no-optional-locks", "status", "--porcelain=v2", "--branch", "-uall"];
            (
                git_in(&path, &status),
                fs::read_to_string(path.join("a.txt")).ok(),
                path.join("new.txt").exists(),
            )
        };
        let (before, was) = (user.state(), all());
        for args in harm {
            git_in(&path, args);
        }
        let after = user.state();
        let folder = path.display().to_string();
        let there = |change: &CheckoutChange| CheckoutChange::InWorktree {
            path: folder.clone(),
            change: Box::new(change.clone()),
        };
        let said: Vec<CheckoutChange> = said.iter().map(there).collect();
        assert_eq!(user.repo.checkout_changes(&before, &after).unwrap(), said);
        let surroundings = user.fixture.surroundings();
        let left = user.repo.undo_checkout(&before, &after, &after, &surroundings, &|_| false).unwrap();
        assert_eq!((left, all()), (alfine_git::LeftAlone::default(), was));
    }
}

#[test]
fn the_main_tree_is_another_worktree_of_a_linked_one() {
    let (user, path) = with_another_worktree();
    let repo = Repository::discover(&path).unwrap();
    let look = || repo.keep_checkout(Watched::Everything, &user.fixture.surroundings(), None).unwrap();
    let before = look();
    user.fixture.write("a.txt", "harmed\n");
    let root = user.fixture.root.display().to_string();
    let harmed = CheckoutChange::InWorktree { path: root, change: Box::new(files(&["a.txt"])) };
    assert_eq!(repo.checkout_changes(&before, &look()).unwrap(), [harmed]);
}

#[test]
fn another_worktree_that_is_gone_is_named_and_what_was_in_it_is_kept() {
    let (user, path) = with_another_worktree();
    let before = user.state();
    user.fixture.git(&["worktree", "remove", "--force", "../feature"]);
    let after = user.state();
    let gone = CheckoutChange::WorktreeGone { path: path.display().to_string() };
    assert_eq!(user.repo.checkout_changes(&before, &after).unwrap(), [gone]);
    let surroundings = user.fixture.surroundings();
    let left = user.repo.undo_checkout(&before, &after, &after, &surroundings, &|_| false).unwrap();
    let [named] = left.others.as_slice() else { panic!("{left:?}") };
    let kept = named.rsplit_once(" (").unwrap().1.trim_end_matches(')');
    assert_eq!(user.fixture.git(&["show", &format!("{kept}:a.txt")]), "two days of work");
}

#[test]
fn a_landing_in_another_worktree_is_no_change() {
    let (user, path) = with_another_worktree();
    let before = user.state();
    let from = Some(user.fixture.head());
    fs::write(path.join("landed"), "by a merge\n").unwrap();
    git_in(&path, &["add", "landed"]);
    git_in(&path, &["commit", "-q", "-m", "Landed", "landed"]);
    let commit = Some(git_in(&path, &["rev-parse", "HEAD"]));
    let own = OwnWrite { reference: Some("refs/heads/feature".to_owned()), from, commit, file: None };
    assert_eq!(user.changes_beside(&before, own), []);
}

#[test]
fn files_that_git_is_told_to_overlook_are_seen_and_come_back_whole() {
    for flag in ["assume-unchanged", "skip-worktree"] {
        let user = User::at_work();
        let (before, all) = (user.state(), user.all());
        user.fixture.git(&["update-index", &format!("--{flag}"), "a.txt"]);
        fs::remove_file(user.fixture.path("a.txt")).unwrap();
        let after = user.state();
        let changes = user.repo.checkout_changes(&before, &after).unwrap();
        let overlooked = CheckoutChange::Config { file: "index (whether it overlooks a.txt)".to_owned() };
        assert!(changes.contains(&overlooked), "{flag}: {changes:?}");
        let surroundings = user.fixture.surroundings();
        let left = user.repo.undo_checkout(&before, &after, &after, &surroundings, &|_| false).unwrap();
        assert_eq!((left, user.all()), (alfine_git::LeftAlone::default(), all), "{flag}");
        assert_eq!(user.repo.checkout_changes(&before, &user.state()).unwrap(), [], "{flag}");
    }
}
