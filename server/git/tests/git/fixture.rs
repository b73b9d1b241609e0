//! A repository to try things on.

use alfine_core::hint::Hint;
use alfine_git::{Checkpoint, CheckpointSpec, GitError, Repository, Surroundings};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub dir: TempDir,
    pub root: PathBuf,
}

impl Fixture {
    /// A repository on branch `main` without a commit.
    pub(crate) fn empty() -> Self {
        isolate();
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap().join("shop");
        fs::create_dir(&root).unwrap();
        let fixture = Self { dir, root };
        fixture.git(&["init", "-q", "-b", "main"]);
        fixture.git(&["config", "user.name", "Ada"]);
        fixture.git(&["config", "user.email", "ada@example.org"]);
        fixture
    }

    /// A repository with `a.txt` and `src/b.txt` in one commit.
    pub(crate) fn new() -> Self {
        let fixture = Self::empty();
        fixture.write("a.txt", "one\ntwo\nthree\n");
        fixture.write("src/b.txt", "b\n");
        fixture.commit("Start");
        fixture
    }

    pub(crate) fn repo(&self) -> Repository {
        Repository::discover(&self.root).unwrap()
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.root, args)
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        write(&self.path(path), content);
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings::new(self.dir.path().join("index"))
    }

    /// Takes checkpoint `n` of the repository's own working tree.
    pub(crate) fn checkpoint(&self, n: u32) -> Checkpoint {
        checkpoint(&self.repo(), &self.root, &self.surroundings(), n)
    }

    /// The files of a commit or tree, as `git ls-tree` prints them.
    pub(crate) fn files_of(&self, tree: &str) -> Vec<String> {
        let listed = self.git(&["ls-tree", "-r", "--name-only", "-z", tree]);
        listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    pub(crate) fn content_of(&self, tree: &str, path: &str) -> String {
        self.git(&["cat-file", "blob", &format!("{tree}:{path}")])
    }
}

pub(crate) fn spec<'a>(n: u32, surroundings: &'a Surroundings) -> CheckpointSpec<'a> {
    CheckpointSpec {
        ref_name: format!("refs/alfine/checkpoints/PLAN/US-001/{n}"),
        message: format!("Checkpoint {n}"),
        surroundings,
        unless_still: None,
    }
}

pub(crate) fn checkpoint(
    repo: &Repository,
    worktree: &Path,
    surroundings: &Surroundings,
    n: u32,
) -> Checkpoint {
    repo.checkpoint(worktree, &spec(n, surroundings)).unwrap()
}

pub(crate) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// Runs git as on a machine without any configuration, and returns what it printed.
pub(crate) fn git_in(root: &Path, args: &[&str]) -> String {
    let output = git_command(root).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn git_command(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_EDITOR", "true").env("HOME", "/nonexistent");
    command
}

/// Keeps libgit2 away from the machine's configuration.
#[allow(unsafe_code)]
pub(crate) fn isolate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        use git2::ConfigLevel::{Global, ProgramData, System, XDG};
        for level in [Global, ProgramData, System, XDG] {
            // SAFETY: called once, before any other use of libgit2 in this process.
            unsafe { git2::opts::set_search_path(level, "/nonexistent").unwrap() };
        }
    });
}

/// Runs the rest of a test as a user that file permissions bind. Returns whether this process is to run it.
pub(crate) fn unprivileged(test: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    // The test's own binary may lie where that user cannot reach it.
    let dir = TempDir::new().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = dir.path().join("test");
    // By another process: a test that forks meanwhile would hold a file open that was written here ("text file busy").
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
    assert!(copied.success());
    let output = Command::new(&copy).args([test, "--exact"]).uid(65534).gid(65534).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
    false
}

/// Everything in a working tree except `.git`: links as their targets, files with their modes.
pub(crate) fn everything(root: &Path) -> BTreeMap<Vec<u8>, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in folder.read_dir().unwrap() {
            let path = item.unwrap().path();
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            let metadata = path.symlink_metadata().unwrap();
            if name == b".git" {
                continue;
            }
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_symlink() {
                found.insert(name, (0, path.read_link().unwrap().as_os_str().as_bytes().to_vec()));
            } else {
                found.insert(name, (metadata.permissions().mode(), fs::read(path).unwrap()));
            }
        }
    }
    found
}

pub(crate) fn link(target: &str, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

pub(crate) fn make_executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What an error advises.
pub(crate) fn advice(error: &GitError) -> String {
    match error.hint() {
        Some(Hint::Advice(text)) => text,
        other => panic!("{error}: {other:?}"),
    }
}
