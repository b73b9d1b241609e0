//! `alfine doctor`: what a loop needs, whether it is there, and the remedy where it is not.

use crate::{
    cli::JsonArg,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_agents::Adapter;
use alfine_config::{Config, Partial};
use alfine_engine::{Error, Result, project::Project};
use alfine_files::programs;
use alfine_words::{Mark, Reader, text::count};
use serde::Serialize;
use std::{
    io::{ErrorKind, Read},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How long a CLI may take to say its version.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Note,
    Error,
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn ok(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Ok, found: found.into(), remedy: None }
    }

    fn note(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Note, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn of_error(name: &str, error: &Error) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Error,
            found: error.message.clone(),
            remedy: error.hint_for(Reader::Terminal),
        }
    }
}

/// Prints every check. Exit status 1 where one says that a loop cannot run.
pub(super) fn perform(directory: &Path, args: &JsonArg) -> Result<u8> {
    let mut checks = vec![Check::ok("alfine", env!("CARGO_PKG_VERSION")), git_version()];
    let mut config = Config::default();
    match Project::open(directory) {
        Err(error) => checks.push(Check::of_error("repository", &error)),
        Ok(project) => {
            checks.push(repository(&project));
            checks.push(database(&project));
            match project.settings(Partial::default(), Vec::new()) {
                Err(error) => checks.push(Check::of_error("settings", &error)),
                Ok(loaded) => {
                    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
                    checks.push(match problems.is_empty() {
                        true => Check::ok("settings", format!("agent = \"{}\"", loaded.config.agent)),
                        false => Check::note("settings", problems.join("; "), "fix the named places"),
                    });
                    config = loaded.config;
                }
            }
        }
    }
    for name in alfine_agents::KNOWN {
        if let Ok(adapter) = alfine_agents::adapter(name) {
            checks.extend(check_agent(&*adapter, &config));
        }
    }
    checks.push(Check::note(
        "sandbox",
        "agents run without one, with the rights that `permissions` gives them",
        "keep permissions = \"commands\"; a worktree keeps the work apart",
    ));
    if args.json {
        print_json(&serde_json::json!({ "checks": checks }))?;
    } else {
        let display = Display::new();
        for check in &checks {
            let sign = match check.state {
                State::Ok => display.painted(Mark::Good, "✓"),
                State::Note => display.painted(Mark::Notice, "!"),
                State::Error => display.painted(Mark::Bad, "✗"),
            };
            say(format_args!("{sign} {:<18} {}", check.name, check.found));
            if let Some(remedy) = &check.remedy {
                say(format_args!("  {:<18} → {remedy}", ""));
            }
        }
    }
    let broken = checks.iter().any(|check| check.state == State::Error);
    Ok(if broken { exit::FAILED } else { exit::DONE })
}

fn git_version() -> Check {
    match output(Command::new("git").arg("--version")) {
        Ok(version) => Check::ok("git", version),
        Err(why) => Check::note(
            "git",
            why,
            "install git; Alfine itself needs it for LFS, partial clones, sparse checkouts and pull requests",
        ),
    }
}

fn repository(project: &Project) -> Check {
    match project.repository.preflight(alfine_core::plan::Isolation::Worktree) {
        Err(error) => Check::of_error("repository", &error.into()),
        Ok(start) => {
            let on = start.base_branch.unwrap_or_else(|| "a detached HEAD".to_owned());
            let found = format!("{} on {on}", project.repository.workdir().display());
            match start.dirty.len() {
                0 => Check::ok("repository", found),
                dirty => Check::note(
                    "repository",
                    format!("{found}, {} uncommitted", count(dirty as u64, "path")),
                    "commit them, or start loops with --include-uncommitted; they are not in what an agent works on",
                ),
            }
        }
    }
}

fn database(project: &Project) -> Check {
    let path = project.layout.database();
    match (project.notices.first(), project.store.tasks()) {
        (Some(notice), _) => Check::note("database", notice.clone(), "look at what it names"),
        (None, Ok(tasks)) => {
            Check::ok("database", format!("{}, {}", path.display(), count(tasks.len() as u64, "task")))
        }
        (None, Err(error)) => Check::of_error("database", &error.into()),
    }
}

fn check_agent(adapter: &dyn Adapter, config: &Config) -> Option<Check> {
    let own = config.agents.get(adapter.name());
    let command = own.and_then(|agent| agent.command.as_deref());
    let invocation = match adapter.probe(command)? {
        Ok(invocation) => invocation,
        Err(error) => return Some(Check::of_error(adapter.name(), &error.into())),
    };
    let mut probe = Command::new(programs::at_home(&invocation.program));
    probe.args(&invocation.args).envs(invocation.env.iter().map(|(name, value)| (name, value)));
    probe.env("PATH", programs::with_usual_folders(std::env::var_os("PATH").as_deref()));
    let needed = config.agent == adapter.name();
    Some(match output(&mut probe) {
        Ok(version) => {
            let set = own.map(|agent| &agent.env);
            let env =
                |name: &str| set.and_then(|set| set.get(name).cloned()).or_else(|| std::env::var(name).ok());
            match adapter.login(&env, "") {
                Some(login) => Check::ok(adapter.name(), format!("{version}; to log in: {}", login.remedy)),
                None => Check::ok(adapter.name(), version),
            }
        }
        Err(why) => {
            let remedy = format!("install it: {}", adapter.install_hint());
            let mut check = Check::note(adapter.name(), why, remedy);
            if needed {
                check.state = State::Error;
            }
            check
        }
    })
}

/// The first line that a command prints, within a time.
fn output(command: &mut Command) -> std::result::Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(
            |error| match error.kind() {
                ErrorKind::NotFound => format!("{name} is not installed"),
                _ => format!("{name} cannot be run: {error}"),
            },
        )?;
    let stdout = child.stdout.take();
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(stdout) = stdout {
            let _ = stdout.take(4096).read_to_string(&mut text);
        }
        let _ = said.send(text);
    });
    let begun = Instant::now();
    let Ok(text) = heard.recv_timeout(PROBE_TIMEOUT) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{name} did not answer within {} s", begun.elapsed().as_secs()));
    };
    match child.wait() {
        Ok(status) if status.success() => Ok(text.lines().next().unwrap_or_default().trim().to_owned()),
        Ok(status) => Err(format!("{name} failed ({status})")),
        Err(error) => Err(format!("{name} cannot be waited for: {error}")),
    }
}
