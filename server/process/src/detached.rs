//! Starts a process that belongs to nobody: it survives its starter and the starter's terminal.
//!
//! A tiny process of Alfine's own binary stands in between: it makes a session, starts the program in it and exits. So
//! nothing has to fork a process that has threads.

use super::{ProcessError, own_program::executable};
use rustix::process::setsid;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Starts a program in a session of its own and as nobody's child, with `env` as its whole environment and what it
/// prints appended to `log`; it inherits `stdin`. `alfine` is the binary that calls
/// [`hidden_subcommand`](super::hidden_subcommand). Returns when the program runs.
pub fn detach(
    alfine: &Path,
    program: &OsStr,
    args: &[OsString],
    env: &[(OsString, OsString)],
    cwd: &Path,
    stdin: Stdio,
    log: &Path,
) -> Result<(), ProcessError> {
    if !cwd.is_dir() {
        let program = program.to_string_lossy().into_owned();
        return Err(ProcessError::NoFolder { program, path: cwd.to_owned() });
    }
    // The program runs in another folder than its starter, so a relative path would mean another file there.
    let log = std::path::absolute(log)
        .and_then(|log| log.parent().map_or(Ok(()), fs::create_dir_all).map(|()| log))
        .map_err(|source| ProcessError::Log { path: log.to_owned(), source })?;
    let failed = |source| ProcessError::Guard { guard: alfine.to_owned(), source };

    let mut between = Command::new(executable(alfine))
        .arg("detach")
        .arg(&log)
        .arg("--")
        .arg(executable(Path::new(program)))
        .args(args)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(cwd)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut answer = String::new();
    let read = match between.stdout.take() {
        Some(stdout) => stdout.take(1024).read_to_string(&mut answer),
        None => Ok(0),
    };
    between.wait().map_err(failed)?;
    read.map_err(failed)?;

    let error = |number: &str| io::Error::from_raw_os_error(number.parse().unwrap_or(0));
    match answer.trim_end().split_once(' ') {
        None if answer.trim_end() == "started" => Ok(()),
        Some(("failed", number)) => Err(ProcessError::from_start(program, cwd, error(number))),
        Some(("log", number)) => Err(ProcessError::Log { path: log, source: error(number) }),
        _ => Err(failed(io::ErrorKind::InvalidData.into())),
    }
}

/// Stands between a detached program and its starter. `args` is what stands after the word `detach`: the log, `--`, the
/// program, its arguments. Returns its own exit status.
pub(crate) fn detach_main(mut args: impl Iterator<Item = OsString>) -> i32 {
    let (Some(log), Some(separator), Some(program)) = (args.next(), args.next(), args.next()) else {
        return 2;
    };
    if separator != "--" {
        return 2;
    }
    let answer = match start(PathBuf::from(log), &program, args) {
        Ok(()) => "started".to_owned(),
        Err((what, error)) => format!("{what} {}", error.raw_os_error().unwrap_or(0)),
    };
    i32::from(writeln!(io::stdout(), "{answer}").is_err())
}

fn start(
    log: PathBuf,
    program: &OsStr,
    args: impl Iterator<Item = OsString>,
) -> Result<(), (&'static str, io::Error)> {
    let output = File::options().append(true).create(true).open(log).map_err(|error| ("log", error))?;
    let errors = output.try_clone().map_err(|error| ("log", error))?;
    // A session of its own: the hangup of the starter's terminal does not reach it.
    setsid().map_err(|error| ("failed", error.into()))?;
    // Never waited for: this process exits at once, and the system's init waits for the orphan.
    #[allow(clippy::zombie_processes, reason = "this process exits at once")]
    let started =
        Command::new(program).args(args).stdin(Stdio::inherit()).stdout(output).stderr(errors).spawn();
    started.map(drop).map_err(|error| ("failed", error))
}
