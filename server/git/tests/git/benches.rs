use crate::fixture::{Fixture, everything, git_in, make_executable, read, write};
use alfine_git::{Bench, Repository, Surroundings, Watched, benches_dir};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

fn place(fixture: &Fixture) -> PathBuf {
    let data = fixture.dir.path().canonicalize().unwrap().join("data");
    benches_dir(&data, fixture.repo().common_dir()).join("1")
}

fn bench(fixture: &Fixture) -> (Repository, Bench) {
    let repo = fixture.repo();
    let bench = repo.open_bench(&place(fixture), &fixture.head()).unwrap();
    (repo, bench)
}

fn tree(fixture: &Fixture, commit: &str) -> String {
    fixture.git(&["rev-parse", &format!("{commit}^{{tree}}")])
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().unwrap().modified().unwrap()
}

#[test]
fn a_bench_shows_a_tree_in_files_index_and_head() {
    let fixture = Fixture::new();
    make_executable(&fixture.path("a.txt"));
    let base = fixture.commit("Executable");
    let files = everything(&fixture.root);
    let (repo, bench) = bench(&fixture);
    assert_eq!(everything(bench.path()), files);
    assert_eq!(git_in(bench.path(), &["rev-parse", "HEAD"]), base);
    assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");

    fixture.write("src/b.txt", "changed");
    fixture.write("new/c.txt", "c");
    fs::remove_file(fixture.path("a.txt")).unwrap();
    let work = fixture.commit("Work");
    let files = everything(&fixture.root);
    bench.show(&tree(&fixture, &work), &base).unwrap();
    assert_eq!(everything(bench.path()), files);
    assert_eq!(git_in(bench.path(), &["rev-parse", "HEAD^{tree}"]), tree(&fixture, &work));
    assert_eq!(git_in(bench.path(), &["rev-parse", "HEAD^"]), base);
    assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");
    // No branch, and nothing of the user's moved.
    assert_eq!(fixture.git(&["branch", "--list"]), "* main");
    assert_eq!(repo.open_bench(bench.path(), &base).unwrap().path(), bench.path());
    assert_eq!(everything(bench.path()), files, "opening it again shows nothing else");
}

#[test]
fn what_a_check_left_is_gone_and_what_it_hid_comes_to_light() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "cache/\n");
    let base = fixture.commit("Ignore");
    let (_, bench) = bench(&fixture);
    let at = |path: &str| bench.path().join(path);
    let files = everything(bench.path());
    write(&at("left.txt"), "left");
    write(&at("left/behind.txt"), "left");
    write(&at("cache/warm"), "kept: ignored");
    write(&at("a.txt"), "faked");
    write(&at("src/b.txt"), "fake");
    git_in(bench.path(), &["update-index", "--assume-unchanged", "a.txt"]);
    git_in(bench.path(), &["update-index", "--skip-worktree", "src/b.txt"]);
    git_in(bench.path(), &["init", "-q", "nested"]);
    write(&at("nested/x"), "x");
    bench.show(&tree(&fixture, &base), &base).unwrap();
    let mut now = everything(bench.path());
    now.retain(|path, _| !path.starts_with(b"cache"));
    assert_eq!(now, files);
    assert_eq!(read(&at("cache/warm")), "kept: ignored");

    // What a setup brought stays.
    let mut kept = bench.clone();
    kept.kept = vec![PathBuf::from("vendor")];
    write(&at("vendor/lib"), "brought");
    write(&at("other"), "left");
    assert_eq!(bench.untracked().unwrap(), [PathBuf::from("other"), PathBuf::from("vendor/")]);
    kept.show(&tree(&fixture, &base), &base).unwrap();
    assert_eq!((read(&at("vendor/lib")).as_str(), at("other").exists()), ("brought", false));
    fs::remove_dir_all(at("vendor")).unwrap();

    // The index itself may be gone, or locked by a git that was killed.
    let home = git_in(bench.path(), &["rev-parse", "--absolute-git-dir"]);
    fs::remove_file(Path::new(&home).join("index")).unwrap();
    fs::write(Path::new(&home).join("index.lock"), "").unwrap();
    fs::write(Path::new(&home).join("HEAD.lock"), "").unwrap();
    write(&at("a.txt"), "faked");
    bench.show(&tree(&fixture, &base), &base).unwrap();
    assert_eq!(read(&at("a.txt")), "one\ntwo\nthree\n");
    assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");
}

#[test]
fn what_a_check_made_that_is_to_be_there_anyway_is_no_change() {
    let fixture = Fixture::new();
    let base = fixture.commit("Base");
    fixture.write("a.txt", "made anew");
    let work = fixture.commit("Work");
    let (_, bench) = bench(&fixture);
    bench.show(&tree(&fixture, &base), &base).unwrap();
    write(&bench.path().join("a.txt"), "made anew");
    bench.show(&tree(&fixture, &work), &base).unwrap();
    assert_eq!(git_in(bench.path(), &["diff", "--name-only"]), "");
    assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");
}

#[test]
fn files_that_come_back_are_newer_than_all_before_by_a_whole_second() {
    let fixture = Fixture::new();
    fixture.write("a.py", "x = 1\n");
    let base = fixture.commit("Base");
    fixture.write("a.py", "x = 2\n");
    let work = fixture.commit("Work");
    // Made with the work.
    let (_, bench) = bench(&fixture);
    let file = bench.path().join("a.py");
    let bytecode = bench.path().join("__pycache__/a.cpython-312.pyc");
    let untouched = modified(&bench.path().join("a.txt"));
    let mut last = modified(&file);
    for commit in [&base, &work, &base, &work] {
        write(&bytecode, "stale");
        bench.show(&tree(&fixture, commit), &base).unwrap();
        let now = modified(&file);
        assert!(now >= last + Duration::from_secs(1), "{now:?} {last:?}");
        assert!(!bytecode.exists(), "bytecode of the other content");
        assert_eq!(git_in(bench.path(), &["diff-files", "--name-only"]), "", "the index knows the new time");
        last = now;
    }
    assert_eq!(modified(&bench.path().join("a.txt")), untouched, "what did not change stays built");
}

#[test]
fn a_link_becomes_a_file_or_a_folder_and_a_link_again() {
    let fixture = Fixture::new();
    fixture.write("check.sh", "true");
    fixture.write("tests/a.txt", "a");
    fixture.write("other/a.txt", "other");
    let plain = fixture.commit("Files");
    for path in ["check.sh", "tests/a.txt"] {
        fs::remove_file(fixture.path(path)).unwrap();
    }
    fs::remove_dir(fixture.path("tests")).unwrap();
    symlink("other/a.txt", fixture.path("check.sh")).unwrap();
    symlink("other", fixture.path("tests")).unwrap();
    let linked = fixture.commit("Links");
    let (_, bench) = bench(&fixture);
    let at = |path: &str| bench.path().join(path);
    for _ in 0..2 {
        bench.show(&tree(&fixture, &plain), &plain).unwrap();
        assert!(!at("check.sh").is_symlink() && !at("tests").is_symlink());
        assert_eq!([read(&at("check.sh")), read(&at("tests/a.txt"))], ["true", "a"]);
        assert_eq!(read(&at("other/a.txt")), "other", "nothing was written through the link");
        assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");
        bench.show(&tree(&fixture, &linked), &plain).unwrap();
        assert!(at("check.sh").is_symlink() && at("tests").is_symlink());
        assert_eq!(git_in(bench.path(), &["status", "--porcelain", "-uall"]), "");
    }
    // A check put one there.
    bench.show(&tree(&fixture, &plain), &plain).unwrap();
    fs::remove_file(at("check.sh")).unwrap();
    symlink("other/a.txt", at("check.sh")).unwrap();
    bench.show(&tree(&fixture, &plain), &plain).unwrap();
    assert_eq!(read(&at("check.sh")), "true");
    assert_eq!(read(&at("other/a.txt")), "other");
}

#[test]
fn a_tree_of_two_takes_named_files_from_the_other() {
    let fixture = Fixture::new();
    let base = fixture.head();
    fixture.write("tests/new.txt", "new");
    fixture.write("a.txt", "work");
    fs::remove_file(fixture.path("src/b.txt")).unwrap();
    let work = fixture.commit("Work");
    let repo = fixture.repo();
    let mixed = |onto: &str, from: &str, paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let tree = repo.with_files_of(onto, from, &paths).unwrap();
        let files = fixture.files_of(&tree);
        files.iter().map(|path| (path.clone(), fixture.content_of(&tree, path))).collect::<BTreeMap<_, _>>()
    };
    let of = |files: &[(&str, &str)]| -> BTreeMap<String, String> {
        files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect()
    };
    let one = "one\ntwo\nthree";
    assert_eq!(
        mixed(&base, &work, &["tests"]),
        of(&[("a.txt", one), ("src/b.txt", "b"), ("tests/new.txt", "new")])
    );
    assert_eq!(mixed(&base, &work, &["src/b.txt"]), of(&[("a.txt", one)]));
    assert_eq!(
        mixed(&work, &base, &["src/b.txt", "tests/new.txt"]),
        of(&[("a.txt", "work"), ("src/b.txt", "b")])
    );
    assert_eq!(mixed(&work, &base, &[]), of(&[("a.txt", "work"), ("tests/new.txt", "new")]));
}

#[test]
fn a_tree_without_files_is_named_as_it_would_be_made_and_nothing_is_written() {
    let fixture = Fixture::new();
    for path in [".alfine/runs/1/log", ".alfine/notes.md", "docs/PLAN.md", "src/deep/PLAN.md", "PLAN.md"] {
        fixture.write(path, "text");
    }
    let commit = fixture.commit("Plans");
    let repo = fixture.repo();
    for paths in [
        &[".alfine", "PLAN.md"][..],
        &[".alfine", "docs/PLAN.md"],
        &[".alfine", "src/deep/PLAN.md"],
        &["none.md", ".none", "a.txt/none"],
        &[],
    ] {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let before = everything(&fixture.root.join(".git/objects"));
        let named = repo.id_without_files(&commit, &paths).unwrap();
        assert_eq!(everything(&fixture.root.join(".git/objects")), before, "{paths:?}");
        assert_eq!(named, repo.without_files(&commit, &paths).unwrap(), "{paths:?}");
    }
}

#[test]
fn a_bench_that_is_half_made_is_made_again_and_one_that_goes_leaves_nothing() {
    let fixture = Fixture::new();
    let (repo, bench) = bench(&fixture);
    let path = bench.path().to_owned();
    let home = PathBuf::from(git_in(&path, &["rev-parse", "--absolute-git-dir"]));
    fs::remove_file(home.join("alfine-bench")).unwrap();
    fs::remove_file(path.join("a.txt")).unwrap();
    let again = repo.open_bench(&path, &fixture.head()).unwrap();
    assert_eq!(everything(again.path()), everything(&fixture.root));
    // A folder without git's notes, and notes without a folder.
    fs::remove_dir_all(&home).unwrap();
    repo.open_bench(&path, &fixture.head()).unwrap();
    fs::remove_dir_all(&path).unwrap();
    let again = repo.open_bench(&path, &fixture.head()).unwrap();
    assert_eq!(everything(again.path()), everything(&fixture.root));
    again.remove().unwrap();
    assert!(!path.exists());
    assert_eq!(fixture.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_bench_is_no_worktree_that_somebody_made_in_the_users_repository() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let surroundings = Surroundings::new(fixture.dir.path().join("watched"));
    let before = repo.keep_checkout(Watched::Everything, &surroundings, None).unwrap();
    let _ = bench(&fixture);
    let now = repo.keep_checkout(Watched::Everything, &surroundings, None).unwrap();
    assert_eq!(repo.checkout_changes(&before, &now).unwrap(), []);
}
