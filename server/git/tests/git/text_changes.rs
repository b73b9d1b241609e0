//! What a merge changes in one file's text, beside the work that it lands.

use crate::fixture::{Fixture, everything, git_in, link, read, unprivileged, write};
use alfine_git::{GitError, MergeSpec, Merged, TextChange, WorkingCopies};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const PLAN: &str = "# Plan\n\n- [ ] US-001: Add a table\n- [ ] US-002: Use it\n";
const TICKED: &str = "# Plan\n\n- [x] US-001: Add a table\n- [ ] US-002: Use it\n";
const OWN: &str = "feat: [US-001] Add a table\n\nAlfine-Task: PLAN.md#US-001";

/// A repository with a plan on `main`, and a branch `task` in a worktree with one commit.
struct Case {
    fixture: Fixture,
    plan: &'static str,
}

impl Case {
    fn new(message: &str) -> Self {
        Self::with_plan("PLAN.md", PLAN, message)
    }

    fn with_plan(plan: &'static str, text: &str, message: &str) -> Self {
        let fixture = Fixture::new();
        fixture.write(plan, text);
        fixture.commit("Plan");
        let case = Self { fixture, plan };
        let task = case.task_dir();
        case.fixture.git(&["worktree", "add", "-q", "-b", "task", task.to_str().unwrap()]);
        write(&task.join("work.txt"), "done\n");
        case.commit_task(message);
        case
    }

    fn task_dir(&self) -> std::path::PathBuf {
        self.fixture.dir.path().canonicalize().unwrap().join("task")
    }

    fn commit_task(&self, message: &str) {
        git_in(&self.task_dir(), &["add", "-A"]);
        git_in(&self.task_dir(), &["commit", "-q", "-m", message]);
    }

    fn merge_with(&self, working_copies: WorkingCopies<'_>) -> Result<Merged, GitError> {
        let spec = MergeSpec {
            branch: "task".to_owned(),
            target_branch: "main".to_owned(),
            task_id: "US-001".to_owned(),
            message: OWN.to_owned(),
            proven: None,
        };
        let change = TextChange {
            instead_of: None,
            path: Path::new(self.plan),
            message: "chore: [US-001] Tick it",
            apply: &|text| text.contains("] US-001").then(|| text.replace("[ ] US-001", "[x] US-001")),
            working_copies,
        };
        self.fixture.repo().merge(&spec, Some(&change), &|_| false)
    }

    fn merge(&self) -> Merged {
        self.merge_with(WorkingCopies::All).unwrap()
    }

    fn committed(&self) -> String {
        read_committed(&self.fixture, self.plan)
    }

    fn here(&self) -> String {
        read(&self.fixture.path(self.plan))
    }

    fn status(&self) -> String {
        self.fixture.git(&["status", "--porcelain"])
    }

    fn log(&self) -> String {
        self.fixture.git(&["log", "--format=%s", "main"])
    }
}

/// With the end of its last line, which git's output as a string has not.
fn read_committed(fixture: &Fixture, path: &str) -> String {
    fixture.content_of("main", path) + "\n"
}

#[test]
fn a_commit_of_alfines_own_lands_with_the_change_in_it() {
    let case = Case::new(OWN);
    let dates = "--format=%an %ae %ad %cn %cd %B";
    let before = case.fixture.git(&["log", "-1", dates, "task"]);
    let merged = case.merge();
    assert!(merged.fast_forward && merged.changed);
    assert_eq!(merged.changed_files, [case.fixture.path("PLAN.md")]);
    assert_eq!(case.log(), "feat: [US-001] Add a table\nPlan\nStart");
    assert_eq!(case.fixture.git(&["log", "-1", dates, "main"]), before);
    assert_eq!((case.committed().as_str(), case.here().as_str()), (TICKED, TICKED));
    assert_eq!(case.fixture.git(&["diff-files", "--name-only"]), "", "the index knows the times");
    assert_eq!(case.status(), "");
    assert_eq!(read(&case.fixture.path("work.txt")), "done\n");

    let again = case.merge();
    assert_eq!((again.commit, again.changed, again.changed_files.len()), (merged.commit, true, 0));
    assert_eq!(case.log().lines().count(), 3, "a second time there is nothing to do");
}

#[test]
fn a_commit_that_is_not_alfines_own_or_that_others_have_gets_one_on_top() {
    type Prepare<'a> = &'a dyn Fn(&Case);
    let cases: [(&str, &str, Prepare<'_>); 4] = [
        ("an agent's", "feat: [US-001] Add a table", &|_| {}),
        ("stacked upon", OWN, &|case| drop(case.fixture.git(&["branch", "US-002", "task"]))),
        ("below", OWN, &|case| {
            case.fixture.git(&["branch", "US-002", "task"]);
            let dir = case.fixture.dir.path().join("two");
            case.fixture.git(&["worktree", "add", "-q", dir.to_str().unwrap(), "US-002"]);
            git_in(&dir, &["commit", "-q", "--allow-empty", "-m", "more"]);
        }),
        ("pushed", OWN, &|case| {
            let remote = case.fixture.dir.path().join("remote");
            case.fixture.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
            case.fixture.git(&["push", "-q", remote.to_str().unwrap(), "task"]);
            case.fixture.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
            case.fixture.git(&["fetch", "-q", "origin"]);
        }),
    ];
    for (name, message, prepare) in cases {
        let case = Case::new(message);
        prepare(&case);
        let task = case.fixture.git(&["rev-parse", "task"]);
        let merged = case.merge();
        assert!(merged.fast_forward && merged.changed, "{name}");
        assert_eq!(case.log(), "chore: [US-001] Tick it\nfeat: [US-001] Add a table\nPlan\nStart", "{name}");
        assert_eq!(case.fixture.git(&["rev-parse", "main^"]), task, "{name}");
        assert_eq!(case.fixture.git(&["diff", "--name-only", "main^", "main"]), "PLAN.md", "{name}");
        assert_eq!((case.committed().as_str(), case.here().as_str()), (TICKED, TICKED), "{name}");
        assert_eq!(case.status(), "", "{name}");
        assert_eq!(case.merge().commit, merged.commit, "{name}");
    }
}

#[test]
fn a_signed_commit_stays_as_it_is() {
    let case = Case::new(OWN);
    let commit = case.fixture.git(&["cat-file", "commit", "task"]);
    let signed =
        commit.replacen("\n\n", "\ngpgsig -----BEGIN SIGNATURE-----\n abc\n -----END SIGNATURE-----\n\n", 1);
    case.fixture.write("signed", &format!("{signed}\n"));
    let id = case.fixture.git(&["hash-object", "-t", "commit", "-w", "signed"]);
    fs::remove_file(case.fixture.path("signed")).unwrap();
    case.fixture.git(&["update-ref", "refs/heads/task", &id]);
    case.merge();
    assert_eq!(case.fixture.git(&["rev-parse", "main^"]), id);
}

#[test]
fn a_merge_commit_has_the_change() {
    let case = Case::new(OWN);
    case.fixture.write("PLAN.md", &format!("{PLAN}- [ ] US-003: New\n"));
    case.fixture.commit("Meanwhile");
    let merged = case.merge();
    assert!(!merged.fast_forward && merged.changed);
    let expected = format!("{TICKED}- [ ] US-003: New\n");
    assert_eq!((case.committed(), case.here()), (expected.clone(), expected));
    assert_eq!(case.fixture.git(&["log", "-1", "--format=%P"]).split(' ').count(), 2);
    assert_eq!(case.status(), "");
    assert_eq!(case.merge().commit, merged.commit);
}

#[test]
fn a_file_that_the_user_is_writing_is_not_in_the_way_and_keeps_what_is_written() {
    for diverged in [false, true] {
        for staged in [false, true] {
            let case = Case::new(OWN);
            if diverged {
                case.fixture.write("main.txt", "main\n");
                case.fixture.commit("Meanwhile");
            }
            let mine = format!("Mine.\n{PLAN}- [ ] US-003: New\n");
            case.fixture.write("PLAN.md", &mine);
            if staged {
                case.fixture.git(&["add", "PLAN.md"]);
            }
            case.fixture.write("beside", "untracked\n");
            let merged = case.merge();
            assert_eq!(merged.changed_files, [case.fixture.path("PLAN.md")]);
            let expected = mine.replace("[ ] US-001", "[x] US-001");
            assert_eq!((case.committed(), case.here()), (TICKED.to_owned(), expected.clone()));
            let letters = if staged { "M  PLAN.md" } else { " M PLAN.md" };
            assert_eq!(case.status(), format!("{letters}\n?? beside"));
            case.fixture.git(&["commit", "-qam", "Mine"]);
            assert_eq!(case.committed(), expected, "the next commit does not take the change back");
        }
    }
}

#[test]
fn a_staged_text_that_differs_from_the_file_gets_the_change_as_well() {
    let case = Case::new(OWN);
    case.fixture.write("PLAN.md", &format!("{PLAN}staged\n"));
    case.fixture.git(&["add", "PLAN.md"]);
    case.fixture.write("PLAN.md", &format!("{PLAN}unstaged\n"));
    case.merge();
    assert_eq!(case.fixture.content_of("", "PLAN.md") + "\n", format!("{TICKED}staged\n"));
    assert_eq!(case.here(), format!("{TICKED}unstaged\n"));
    assert_eq!(case.status(), "MM PLAN.md");
}

#[test]
fn a_working_copy_that_somebody_else_changes_is_left_alone() {
    let case = Case::new(OWN);
    let merged = case.merge_with(WorkingCopies::Except(&|_| true)).unwrap();
    assert!(merged.changed && merged.changed_files.is_empty());
    assert_eq!(merged.left_files, [case.fixture.path("PLAN.md")]);
    assert_eq!((case.committed().as_str(), case.here().as_str()), (TICKED, PLAN));
    assert_eq!(case.status(), " M PLAN.md");
    case.fixture.write("PLAN.md", TICKED);
    assert_eq!(case.status(), "");
}

#[test]
fn where_nobody_knows_of_editors_only_an_unmodified_working_copy_is_changed() {
    let case = Case::new(OWN);
    let merged = case.merge_with(WorkingCopies::Unmodified).unwrap();
    assert_eq!((merged.changed_files.len(), merged.left_files.len()), (1, 0));
    assert_eq!((case.here().as_str(), case.status().as_str()), (TICKED, ""));

    let case = Case::new(OWN);
    case.fixture.write("PLAN.md", &format!("{PLAN}mine\n"));
    let merged = case.merge_with(WorkingCopies::Unmodified).unwrap();
    assert!(merged.changed && merged.changed_files.is_empty());
    assert_eq!(merged.left_files, [case.fixture.path("PLAN.md")]);
    assert_eq!((case.committed().as_str(), case.here()), (TICKED, format!("{PLAN}mine\n")));
}

#[test]
fn a_merge_over_what_an_editor_has_not_saved_names_it_and_changes_nothing() {
    let case = Case::new(OWN);
    let linked = case.fixture.dir.path().canonicalize().unwrap().join("linked");
    case.fixture.git(&["checkout", "-q", "-b", "elsewhere"]);
    case.fixture.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    let (before, at_linked) = (everything(&case.fixture.root), everything(&linked));
    let spec = MergeSpec {
        branch: "task".to_owned(),
        target_branch: "main".to_owned(),
        task_id: "US-001".to_owned(),
        message: OWN.to_owned(),
        proven: None,
    };
    let unsaved = linked.join("work.txt");
    let failed = case.fixture.repo().merge(&spec, None, &|path| path == unsaved);
    assert!(
        matches!(failed, Err(GitError::Unsaved { path, files }) if path == linked && files == [Path::new("work.txt")])
    );
    assert_eq!((everything(&case.fixture.root), everything(&linked)), (before, at_linked));
    assert_eq!(case.log(), "Plan\nStart");
}

#[test]
fn what_a_task_does_to_the_file_itself_does_not_land() {
    let case = Case::new("wip");
    write(&case.task_dir().join("PLAN.md"), &format!("{PLAN}\n- [x] US-007: Not done\n"));
    case.commit_task(OWN);
    let mine = format!("{PLAN}mine\n");
    case.fixture.write("PLAN.md", &mine);
    assert!(case.merge().changed);
    assert_eq!((case.committed().as_str(), case.here()), (TICKED, format!("{TICKED}mine\n")));
}

#[test]
fn a_task_that_removes_or_contradicts_the_file_is_merged_without_that() {
    for taken in [None, Some("- [x] everything\n")] {
        let case = Case::new(OWN);
        let file = case.task_dir().join("PLAN.md");
        match taken {
            None => std::fs::remove_file(&file).unwrap(),
            Some(text) => write(&file, text),
        }
        case.commit_task(OWN);
        // The target moved on in that file, too.
        case.fixture.write("PLAN.md", &format!("{PLAN}more\n"));
        case.fixture.git(&["commit", "-q", "-am", "More"]);
        assert!(case.merge().changed);
        assert_eq!(case.committed(), format!("{TICKED}more\n"));
        assert_eq!((case.here(), case.status().as_str()), (format!("{TICKED}more\n"), ""));
    }
}

#[test]
fn a_task_that_made_the_change_itself_needs_none_and_the_users_text_gets_it() {
    let case = Case::new("wip");
    write(&case.task_dir().join("PLAN.md"), TICKED);
    case.commit_task(OWN);
    let task = case.fixture.git(&["rev-parse", "task"]);
    case.fixture.write("PLAN.md", &format!("{PLAN}mine\n"));
    let merged = case.merge();
    assert!(merged.changed);
    assert_eq!(merged.commit, task);
    assert_eq!(case.here(), format!("{TICKED}mine\n"));
}

#[test]
fn a_file_that_is_not_there_or_has_no_place_for_it_changes_nothing() {
    type Prepare<'a> = &'a dyn Fn(&Case);
    let cases: [(&str, Prepare<'_>); 4] = [
        ("untracked", &|case| {
            case.fixture.git(&["rm", "-q", "--cached", "PLAN.md"]);
            case.fixture.git(&["commit", "-q", "-m", "Forget it"]);
        }),
        ("ignored", &|case| {
            case.fixture.git(&["rm", "-q", "--cached", "PLAN.md"]);
            case.fixture.write(".gitignore", "PLAN.md\n");
            case.fixture.commit("Ignore it");
        }),
        ("gone", &|case| {
            case.fixture.git(&["rm", "-q", "PLAN.md"]);
            case.fixture.git(&["commit", "-q", "-m", "Remove it"]);
        }),
        ("without the task", &|case| {
            case.fixture.write("PLAN.md", "# Plan\n");
            case.fixture.commit("Empty it");
        }),
    ];
    for (name, prepare) in cases {
        let case = Case::new(OWN);
        prepare(&case);
        let (before, status) = (fs::read(case.fixture.path("PLAN.md")).ok(), case.status());
        let merged = case.merge();
        assert!(!merged.changed && merged.changed_files.is_empty(), "{name}");
        assert_eq!(fs::read(case.fixture.path("PLAN.md")).ok(), before, "{name}");
        assert_eq!(case.status(), status, "{name}");
        assert_eq!(read(&case.fixture.path("work.txt")), "done\n", "{name}");
    }
}

#[test]
fn line_endings_and_folders_and_modes_stay_as_they_are() {
    let crlf = PLAN.replace('\n', "\r\n");
    let case = Case::with_plan("docs/plans/a b.md", &crlf, OWN);
    case.fixture.git(&["config", "core.autocrlf", "false"]);
    case.merge();
    assert_eq!(case.here(), TICKED.replace('\n', "\r\n"));
    assert_eq!(case.status(), "");

    // Committed with line feeds, checked out with both.
    let case = Case::with_plan("docs/PLAN.md", PLAN, OWN);
    case.fixture.git(&["config", "core.autocrlf", "true"]);
    case.fixture.write("docs/PLAN.md", &crlf);
    case.fixture.git(&["add", "docs/PLAN.md"]);
    case.merge();
    assert_eq!((case.committed().as_str(), case.here()), (TICKED, TICKED.replace('\n', "\r\n")));
    assert_eq!(case.status(), "");
}

#[test]
fn a_target_that_is_not_checked_out_here_changes_where_it_is() {
    let case = Case::new(OWN);
    case.fixture.git(&["checkout", "-q", "-b", "elsewhere"]);
    case.fixture.write("PLAN.md", "mine\n");
    let merged = case.merge();
    assert!(merged.changed && merged.changed_files.is_empty());
    assert_eq!((case.committed().as_str(), case.here().as_str()), (TICKED, "mine\n"));

    let case = Case::new(OWN);
    case.fixture.git(&["checkout", "-q", "-b", "elsewhere"]);
    let linked = case.fixture.dir.path().canonicalize().unwrap().join("linked");
    case.fixture.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    write(&linked.join("PLAN.md"), &format!("{PLAN}mine\n"));
    assert_eq!(case.merge().changed_files, [linked.join("PLAN.md")]);
    assert_eq!(read(&linked.join("PLAN.md")), format!("{TICKED}mine\n"));
    assert_eq!(case.here(), PLAN);
}

#[test]
fn a_refused_merge_changes_nothing() {
    let case = Case::new(OWN);
    case.fixture.write("work.txt", "mine\n");
    case.fixture.write("PLAN.md", &format!("{PLAN}mine\n"));
    let before = everything(&case.fixture.root);
    assert!(
        matches!(case.merge_with(WorkingCopies::All), Err(GitError::InTheWay { files, .. }) if files == [Path::new("work.txt")])
    );
    assert_eq!(everything(&case.fixture.root), before);
    assert_eq!(case.log(), "Plan\nStart");
}

#[test]
fn a_merge_that_fails_at_last_takes_the_change_back() {
    if !unprivileged("text_changes::a_merge_that_fails_at_last_takes_the_change_back") {
        return;
    }
    let case = Case::new(OWN);
    let mine = format!("{PLAN}mine\n");
    case.fixture.write("PLAN.md", &mine);
    let linked = case.fixture.dir.path().canonicalize().unwrap().join("linked");
    case.fixture.git(&["worktree", "add", "-q", "--force", linked.to_str().unwrap(), "main"]);
    // The second worktree's index cannot be written, after the first one has landed.
    let git_dir = case.fixture.path(".git/worktrees/linked");
    fs::set_permissions(&git_dir, fs::Permissions::from_mode(0o555)).unwrap();
    let failed = case.merge_with(WorkingCopies::All);
    fs::set_permissions(&git_dir, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(failed, Err(GitError::Git { doing: "write the index", .. })), "{failed:?}");
    assert_eq!((case.here(), read(&linked.join("PLAN.md"))), (mine, PLAN.to_owned()));
    assert_eq!(case.log(), "Plan\nStart");
    assert_eq!(case.status(), " M PLAN.md");
    assert!(!case.fixture.path("work.txt").exists());
}

#[test]
fn a_merge_that_died_between_is_ended_by_a_second_try() {
    let case = Case::new(OWN);
    // The files and the index, but not the branch.
    let mine = format!("{TICKED}mine\n");
    case.fixture.write("PLAN.md", TICKED);
    case.fixture.write("work.txt", "done\n");
    case.fixture.git(&["add", "PLAN.md", "work.txt"]);
    case.fixture.write("PLAN.md", &mine);
    let merged = case.merge();
    assert!(merged.changed);
    assert_eq!((case.committed(), case.here()), (TICKED.to_owned(), mine));
    assert_eq!(case.log().lines().count(), 3);
    assert_eq!(case.status(), " M PLAN.md");
}

#[test]
fn a_link_is_no_text() {
    let case = Case::new(OWN);
    fs::remove_file(case.fixture.path("PLAN.md")).unwrap();
    case.fixture.write("real.md", PLAN);
    link("real.md", &case.fixture.path("PLAN.md"));
    case.fixture.commit("Link it");
    assert!(!case.merge().changed);
    assert_eq!(read(&case.fixture.path("real.md")), PLAN);
}
