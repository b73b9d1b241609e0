//! Runs the `git` command, for what libgit2 does not know: with a clean environment, no terminal, no question, no hook,
//! and not for ever.

use super::{GitError, filters::Filters, path_bytes::path_of};
use alfine_files::programs::with_usual_folders;
use alfine_secrets::clean_environment;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    ffi::{OsStr, OsString},
    io::{ErrorKind, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long reading files in may take: a filter that cleans needs no network.
pub(super) const READING: Duration = Duration::from_secs(2 * 60);
/// How long writing files out may take: a filter that smudges may download them.
pub(super) const WRITING: Duration = Duration::from_secs(15 * 60);
/// How long what was ended may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// What git must not run of its own accord, nor ask.
const SETTINGS: [(&str, &str); 4] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.askPass", ""),
    ("credential.interactive", "never"),
];

/// Why a `git` command gave nothing.
#[derive(Debug)]
pub(super) enum Failed {
    NotThere,
    /// What git said on its standard error.
    Said(String),
}

impl Failed {
    /// The error of files that need a filter, of which `path` is the first.
    pub(super) fn of_filter(self, path: &[u8], filter: &str) -> GitError {
        let (path, filter) = (path_of(path), filter.to_owned());
        match self {
            Self::NotThere => GitError::NeedsGit { path, filter },
            Self::Said(why) => GitError::Filter { path, filter, why },
        }
    }
}

/// What to run.
pub(super) struct Git<'a> {
    /// The working tree.
    pub(super) root: &'a Path,
    pub(super) args: &'a [&'a OsStr],
    /// The index to use, where it is not the working tree's.
    pub(super) index: Option<&'a Path>,
    /// More settings of git, as `name=value`.
    pub(super) settings: Vec<(OsString, &'static str)>,
    /// How long it may take.
    pub(super) limit: Duration,
    /// Whether git may fetch objects that are missing.
    pub(super) may_fetch: bool,
}

impl<'a> Git<'a> {
    pub(super) fn new(root: &'a Path, args: &'a [&'a OsStr], filters: &Filters, limit: Duration) -> Self {
        Self { root, args, index: None, settings: filters.settings(), limit, may_fetch: filters.may_fetch() }
    }

    /// Runs it with an input, and returns what it printed.
    pub(super) fn run(self, input: Vec<u8>) -> Result<String, Failed> {
        self.run_for_bytes(input).map(|output| String::from_utf8_lossy(&output).into_owned())
    }

    /// The same for what need not be UTF-8.
    pub(super) fn run_for_bytes(self, input: Vec<u8>) -> Result<Vec<u8>, Failed> {
        let name = format!("git {}", self.args.first().copied().unwrap_or_default().display());
        let said = |what: &dyn std::fmt::Display| Failed::Said(format!("`{name}`: {what}"));
        let mut child = self.command().spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failed::NotThere,
            _ => said(&error),
        })?;
        let group = Pid::from_child(&child);
        // Written from a thread of its own: git answers while it reads, and both pipes are finite.
        let stdin = child.stdin.take();
        let writer = thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(&input)));
        let (tell, told) = mpsc::channel();
        // Not joined: a process that left its group may hold the pipes for ever.
        thread::spawn(move || tell.send(child.wait_with_output()));
        let output = match told.recv_timeout(self.limit) {
            Ok(output) => output.map_err(|error| said(&error))?,
            Err(_) => {
                let _ = kill_process_group(group, Signal::KILL);
                let _ = told.recv_timeout(GONE);
                return Err(said(&format_args!("not ready after {} s, and ended", self.limit.as_secs())));
            }
        };
        // What it printed is complete, so it read all it wanted.
        let written = writer.join().unwrap_or(Ok(()));
        answer(&output, &said)?;
        written.map_err(|error| said(&error))?;
        Ok(output.stdout)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.args(self.args).current_dir(self.root).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Without secrets, and without git's own variables: Alfine may itself run below git (a hook, an alias).
        command.env_clear().envs(clean_environment(std::env::vars_os(), &[], &[]));
        command.env("PATH", with_usual_folders(std::env::var_os("PATH").as_deref()));
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
        command.env("SSH_ASKPASS", "").env("SSH_ASKPASS_REQUIRE", "never").env("GCM_INTERACTIVE", "never");
        if let Some(index) = self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        if !self.may_fetch {
            // The second is for a git that does not know the first, and overrides what is configured.
            command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
        }
        let fixed = SETTINGS.map(|(name, value)| (OsString::from(name), value));
        let settings: Vec<_> = fixed.iter().chain(&self.settings).collect();
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (at, (name, value)) in settings.into_iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), name).env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        command
    }
}

fn answer(output: &Output, said: &dyn Fn(&dyn std::fmt::Display) -> Failed) -> Result<(), Failed> {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let end: Vec<&str> = stderr.trim().lines().rev().take(5).collect();
    let end = end.into_iter().rev().collect::<Vec<_>>().join("; ");
    Err(if end.is_empty() { said(&output.status) } else { said(&end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_filter_that_hangs_is_ended_with_all_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        git2::Repository::init(root).unwrap();
        fs::write(root.join(".gitattributes"), "* filter=slow\n").unwrap();
        fs::write(root.join("a"), "a").unwrap();
        let slow = format!("echo $$ > '{}'; sleep 600; true", root.join("pid").display());
        let slow: &'static str = slow.leak();
        let args = ["hash-object", "--stdin-paths"].map(OsStr::new);
        let git = Git {
            root,
            args: &args,
            index: None,
            settings: vec![("filter.slow.clean".into(), slow), ("filter.slow.required".into(), "true")],
            limit: Duration::from_secs(2),
            may_fetch: false,
        };
        let Err(Failed::Said(why)) = git.run(b"a\n".to_vec()) else { panic!("it ended by itself") };
        assert_eq!(why, "`git hash-object`: not ready after 2 s, and ended");
        let pid = fs::read_to_string(root.join("pid")).unwrap();
        let state = Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap().stdout;
        assert!(state.is_empty() || state.starts_with(b"Z"), "{state:?}");
    }
}
