//! A folder with everything of its own: home, XDG folders, git's configuration, repositories. Nothing of the machine's
//! user reaches what runs in it, and nothing that runs in it reaches the user.

use std::{
    fs, io,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with everything of its own.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// More variables that every command gets.
    pub env: Vec<(String, String)>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("alfine-test-").tempdir().expect("a temporary folder");
        for part in ["home", "tmp", "repo"] {
            fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        fs::write(
            folder.path().join("gitconfig"),
            "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n",
        )
        .expect("git's configuration");
        Self { folder, env: Vec::new() }
    }

    /// One with a repository that has these files in its first commit.
    pub fn with_repository(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::new();
        sandbox.git(&["init", "-q"]);
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        sandbox
    }

    /// The sandbox's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The repository's folder.
    pub fn repo(&self) -> PathBuf {
        self.path().join("repo")
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Reads a file of the repository.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.repo().join(path)).expect("a file")
    }

    /// A command that runs in the repository with nothing of the machine's user.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let at = |name: &str| self.path().join(name);
        command
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", at("home"))
            .env("TMPDIR", at("tmp"))
            .env("XDG_CONFIG_HOME", at("home/config"))
            .env("XDG_DATA_HOME", at("home/data"))
            .env("XDG_STATE_HOME", at("home/state"))
            .env("XDG_CACHE_HOME", at("home/cache"))
            .env("GIT_CONFIG_GLOBAL", at("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs git in the repository and returns what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git").args(arguments).output().expect("git");
        assert!(
            output.status.success(),
            "git {arguments:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs `alfine` to its end.
    pub fn alfine(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).finish()
    }

    /// Starts `alfine`.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(alfine());
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that a test's end can end it without touching anything else.
        command.process_group(0);
        let mut child = command.spawn().expect("alfine");
        let read = |stream: Option<Box<dyn Read + Send>>| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                stream.map(|mut stream| stream.read_to_end(&mut bytes));
                String::from_utf8_lossy(&bytes).into_owned()
            })
        };
        let stdout = read(child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        let stderr = read(child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        Running { child: Some(child), stdout: Some(stdout), stderr: Some(stderr), line: arguments.join(" ") }
    }

    /// What `alfine status --json` says of a task.
    pub fn task(&self, key: &str) -> serde_json::Value {
        let ran = self.alfine(&["status", key, "--json"]);
        let status: serde_json::Value = serde_json::from_str(&ran.stdout).expect(&ran.stdout);
        status["tasks"][0].clone()
    }

    /// The repository's database, to look into.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.repo().join(".git/alfine/state.db")).expect("the database")
    }

    /// Uses the fake agent with this scenario as the agent `claude` of this repository's user.
    ///
    /// Work that nothing proves is taken: most tests are about something else.
    pub fn fake_agent(&mut self, scenario: &serde_json::Value) {
        let path = self.path().join("scenario.json");
        fs::write(&path, scenario.to_string()).expect("the scenario");
        let fake = sibling("fake-agent");
        self.settings(&format!(
            "[proof]\nunproven = \"take\"\n[agents.claude]\ncommand = {:?}\n[agents.claude.env]\nFAKE_AGENT_SCENARIO = {:?}\nFAKE_AGENT_LOG = {:?}\n",
            fake.display().to_string(),
            path.display().to_string(),
            self.agent_log().display().to_string(),
        ));
    }

    /// The shortest time of some runs of a command, since other work on the machine only adds.
    ///
    /// # Errors
    ///
    /// Where it cannot be run.
    pub fn best_time(&self, program: &Path, arguments: &[&str], samples: usize) -> io::Result<Duration> {
        let mut best = Duration::MAX;
        for _ in 0..samples {
            let mut command = self.command(program);
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            let begun = Instant::now();
            command.status()?;
            best = best.min(begun.elapsed());
        }
        Ok(best)
    }

    /// Adds to the user's settings.
    pub fn settings(&self, text: &str) {
        let path = self.path().join("home/config/alfine/config.toml");
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let before = fs::read_to_string(&path).unwrap_or_default();
        // Tables go last, single settings first, as TOML wants it.
        let whole =
            if text.starts_with('[') { format!("{before}\n{text}") } else { format!("{text}\n{before}") };
        fs::write(path, whole).expect("the settings");
    }

    fn agent_log(&self) -> PathBuf {
        self.path().join("agent-log.jsonl")
    }

    /// What the fake agent was started with, one for each run.
    pub fn agent_runs(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.agent_log()).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Processes whose environment says that they belong to a run of an agent in this sandbox.
    pub fn agent_processes(&self) -> Vec<(u32, String)> {
        let is_of_agent = |variable: &[u8]| variable.starts_with(b"ALFINE_RUN=");
        let processes = self.processes().into_iter();
        processes
            .filter(|(_, _, variables)| variables.split(|byte| *byte == 0).any(is_of_agent))
            .map(|(pid, line, _)| (pid, line))
            .collect()
    }

    /// The detached runners of this sandbox.
    pub fn detached_runners(&self) -> Vec<u32> {
        let processes = self.processes().into_iter();
        processes
            .filter(|(_, line, _)| line.contains(" runner ") && !line.contains(" guard "))
            .map(|(pid, ..)| pid)
            .collect()
    }

    /// Processes of this sandbox: each with its command line, and its variables as the kernel has them.
    fn processes(&self) -> Vec<(u32, String, Vec<u8>)> {
        let home = format!("HOME={}", self.path().join("home").display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
            let ours = environment.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes());
            if ours && !is_zombie(&entry.path()) {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " "), environment));
            }
        }
        found
    }
}

fn is_zombie(process: &Path) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}

/// A command that runs.
pub struct Running {
    child: Option<Child>,
    stdout: Option<std::thread::JoinHandle<String>>,
    stderr: Option<std::thread::JoinHandle<String>>,
    line: String,
}

/// A command that ended.
#[derive(Debug)]
pub struct Ran {
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a child").id()
    }

    /// Kills it, as `kill -9` does.
    pub fn kill_9(mut self) -> Ran {
        self.child.as_mut().expect("a child").kill().expect("kill -9");
        self.finish()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Ran {
        let mut child = self.child.take().expect("a child");
        let process = rustix::process::Pid::from_child(&child);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait()));
        let Ok(status) = told.recv_timeout(PATIENCE) else {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            panic!("alfine {} hangs", self.line);
        };
        let status = status.expect("a child to wait for");
        let text = |thread: &mut Option<std::thread::JoinHandle<String>>| {
            thread.take().expect("a thread").join().expect("its text")
        };
        Ran { status, stdout: text(&mut self.stdout), stderr: text(&mut self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Ran {
    /// The exit status.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Fails unless the exit status is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The lines that are JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The task of the last line.
    #[track_caller]
    pub fn task(&self) -> serde_json::Value {
        let last = self.json().pop().unwrap_or_default();
        assert!(
            last["task"]["status"].is_string(),
            "no task in the last line:\n{}\n{}",
            self.stdout,
            self.stderr
        );
        last["task"].clone()
    }

    /// The payloads of the events of a kind.
    pub fn events(&self, kind: &str) -> Vec<serde_json::Value> {
        self.json()
            .into_iter()
            .filter(|line| line["kind"] == kind)
            .map(|line| line["payload"].clone())
            .collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The `alfine` binary: the one that `ALFINE_BIN` names, or the one of this build, built where it is missing.
pub fn alfine() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| {
            if let Some(named) = std::env::var_os("ALFINE_BIN") {
                return PathBuf::from(named);
            }
            // A stale one would test yesterday's program, so it is always built; cargo knows when there is nothing to
            // do.
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let built = Command::new(cargo).args(["build", "-q", "-p", "alfine"]).status().expect("cargo");
            assert!(built.success(), "alfine does not build");
            sibling("alfine")
        })
        .clone()
}

/// The `alfine` binary as it is shipped, built where it is missing, or the one that `ALFINE_BIN` names: what a benchmark
/// measures.
///
/// # Errors
///
/// Where it does not build.
pub fn shipped_alfine() -> io::Result<PathBuf> {
    if let Some(named) = std::env::var_os("ALFINE_BIN") {
        return Ok(PathBuf::from(named));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "-q", "--profile", "dist", "-p", "alfine"]).status()?;
    if !built.success() {
        return Err(io::Error::other("alfine does not build"));
    }
    Ok(sibling("alfine"))
}

/// A binary that lies beside this test's.
pub fn sibling(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.parent().and_then(Path::parent).expect("the target folder");
    folder.join(name)
}

/// Waits for something outside to come true.
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_true() {
        assert!(begun.elapsed() < limit, "waited {limit:?} for this: {what}");
        pause();
    }
}

/// The one bounded pause between two looks at something that cannot tell when it changes.
fn pause() {
    std::thread::park_timeout(Duration::from_millis(10));
}
