//! Plays one run of a script: does what its steps say in the worktree, and prints the events.

use super::{
    SCRIPT_VARIABLE, STATE_VARIABLE, TASK_VARIABLE,
    script::{End, Part, Script, Step},
};

use crate::{Exit, shown::last_words, shown::one_line};
use alfine_core::agent::{AgentEvent, Outcome, SessionId};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, thread};

/// Where a script is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    /// The worktree that the script works in.
    pub cwd: PathBuf,
    /// The file that counts the runs played.
    pub state: PathBuf,
    /// The task's key, if it is known.
    pub task: Option<String>,
    /// The session that is resumed, if one is.
    pub session: Option<String>,
}

/// A rehearsal that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// No script is named.
    #[error("no script to rehearse: {SCRIPT_VARIABLE} is not set")]
    NoScript,
    /// The script is not one.
    #[error("the rehearsal's script {} cannot be read: {reason}", path.display())]
    BadScript {
        /// The script's file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// The prompt, the counter or the output fails.
    #[error("the rehearsal fails: {0}")]
    Io(#[from] io::Error),
}

/// Plays the next run of the script that the environment names: the whole of the subcommand `rehearsal`.
pub fn play_from_env(
    session: Option<String>,
    mut prompt_from: impl Read,
    out: &mut impl Write,
) -> Result<Exit, RehearsalError> {
    let path = env::var_os(SCRIPT_VARIABLE).map(PathBuf::from).ok_or(RehearsalError::NoScript)?;
    let bad = |reason: String| RehearsalError::BadScript { path: path.clone(), reason };
    let text = fs::read_to_string(&path).map_err(|error| bad(error.to_string()))?;
    let script = Script::parse(&text).map_err(bad)?;
    let mut prompt = Vec::new();
    prompt_from.read_to_end(&mut prompt)?;
    let cwd = env::current_dir()?;
    let state = env::var_os(STATE_VARIABLE).map_or_else(|| usual_state(&path), PathBuf::from);
    let stage = Stage { cwd, state, task: env::var(TASK_VARIABLE).ok(), session };
    Ok(play(&script, &String::from_utf8_lossy(&prompt), &stage, out)?)
}

/// Returns the counter of a script for which none is named.
fn usual_state(script: &Path) -> PathBuf {
    let script = fs::canonicalize(script).unwrap_or_else(|_| script.to_owned());
    let name = blake3::hash(script.as_os_str().as_encoded_bytes()).to_hex();
    env::temp_dir().join(format!("alfine-rehearsal-{}.json", name.get(..16).unwrap_or_default()))
}

/// Plays the next run for the task; the events go to `out`, one JSON object per line. A step that fails ends the run
/// as a crash of an agent would; only a counter or an output that cannot be written is an error.
pub(super) fn play(script: &Script, prompt: &str, stage: &Stage, out: &mut impl Write) -> io::Result<Exit> {
    let mut player = Player { stage, out };
    let Some((place, part)) = script.part_for(stage.task.as_deref(), prompt) else {
        let task = stage.task.as_deref().unwrap_or("this prompt");
        return player.end(Outcome::Config, format!("the rehearsal's script has no part for {task}"));
    };
    let run = next_run(&stage.state, place)?;
    let id = stage.session.clone().unwrap_or_else(|| session_id(place, part, run));
    player.tell(&AgentEvent::SessionStarted { id: SessionId(id), model: Some("rehearsal".to_owned()) })?;
    let steps = part.runs.get(run).or(part.runs.last()).map(Vec::as_slice).unwrap_or_default();
    for step in steps {
        if let Some(exit) = player.step(step)? {
            return Ok(exit);
        }
    }
    player.end(Outcome::Ok, String::new())
}

/// Returns the same id for the same run of the same script.
fn session_id(place: usize, part: &Part, run: usize) -> String {
    let name = part.task.as_deref().or(part.prompt.as_deref()).unwrap_or("any");
    let hash = blake3::hash(format!("{place}\0{run}\0{name}").as_bytes()).to_hex();
    format!("rehearsal-{}", hash.get(..12).unwrap_or_default())
}

/// Counts a run of the part at this place of the script; returns how many came before it.
fn next_run(state: &Path, place: usize) -> io::Result<usize> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(state)?;
    // Tasks of one chain may run side by side.
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut played: BTreeMap<usize, usize> = match text.is_empty() {
        true => BTreeMap::new(),
        false => serde_json::from_str(&text)?,
    };
    let runs = played.entry(place).or_default();
    let before = *runs;
    *runs = before.saturating_add(1);
    let text = serde_json::to_vec(&played)?;
    file.seek(SeekFrom::Start(0))?;
    file.set_len(0)?;
    file.write_all(&text)?;
    Ok(before)
}

struct Player<'a, W> {
    stage: &'a Stage,
    out: &'a mut W,
}

impl<W: Write> Player<'_, W> {
    fn tell(&mut self, event: &AgentEvent) -> io::Result<()> {
        serde_json::to_writer(&mut *self.out, event)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    fn end(&mut self, outcome: Outcome, message: String) -> io::Result<Exit> {
        let code = i32::from(outcome != Outcome::Ok);
        self.tell(&AgentEvent::Ended { outcome, message })?;
        Ok(Exit::with_code(code))
    }

    /// Does one step; returns how the run ended if it did.
    fn step(&mut self, step: &Step) -> io::Result<Option<Exit>> {
        let cwd = &self.stage.cwd;
        let done = match step {
            Step::Say(text) => Ok(self.tell(&AgentEvent::Text { text: text.clone() })?),
            Step::Gate(gate) => Ok(self.tell(&AgentEvent::Text { text: gate.block() })?),
            Step::Think(text) => Ok(self.tell(&AgentEvent::Thinking { text: text.clone() })?),
            Step::Usage(usage) => Ok(self.tell(&AgentEvent::Usage(*usage))?),
            Step::Deny(tool) => Ok(self.tell(&AgentEvent::PermissionDenied { tool: tool.clone() })?),
            Step::Retry(reason) => Ok(self.tell(&AgentEvent::Retrying { reason: reason.clone() })?),
            Step::PauseMs(time) => {
                thread::sleep(Duration::from_millis(*time));
                Ok(())
            }
            Step::Run(command) => {
                // A command that fails is not a failure of the run: agents live with it.
                let ok = self.tool("Shell", command, || shell(cwd, command))?.is_ok();
                Ok(self.tell(&AgentEvent::CommandEnded { command: command.clone(), ok })?)
            }
            Step::Write { path, content } => self.file_tool("Write", path, |file| {
                fs::create_dir_all(file.parent().unwrap_or(cwd))?;
                fs::write(file, content)
            })?,
            Step::Append { path, content } => self.file_tool("Edit", path, |file| {
                OpenOptions::new().append(true).create(true).open(file)?.write_all(content.as_bytes())
            })?,
            Step::Delete(path) => self.file_tool("Delete", path, |file| fs::remove_file(file))?,
            Step::Commit(message) => self.tool("Commit", message, || commit(cwd, message))?,
            Step::End(end) => return self.end(outcome_now(end), end.message.clone()).map(Some),
            Step::Exit(code) => return Ok(Some(Exit::with_code(*code))),
        };
        match done {
            Ok(()) => Ok(None),
            Err(error) => self.end(Outcome::Server, error.to_string()).map(Some),
        }
    }

    fn file_tool(
        &mut self,
        name: &str,
        path: &str,
        work: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<io::Result<()>> {
        let file = inside(&self.stage.cwd, path);
        let done = self.tool(name, path, || work(&file?))?;
        if done.is_ok() {
            self.tell(&AgentEvent::FileTouched { path: path.to_owned() })?;
        }
        Ok(done)
    }

    /// Does `work` as a tool of the agent. The inner result is the work's, the outer one the output's.
    fn tool(
        &mut self,
        name: &str,
        input: &str,
        work: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<io::Result<()>> {
        self.tell(&AgentEvent::ToolStarted { name: name.to_owned(), summary: one_line(input) })?;
        let done = work();
        self.tell(&AgentEvent::ToolFinished { ok: done.is_ok() })?;
        Ok(done)
    }
}

fn outcome_now(end: &End) -> Outcome {
    match (&end.outcome, end.reset_in_s) {
        (Outcome::RateLimit { .. }, Some(seconds)) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            Outcome::RateLimit { reset_at: i64::try_from(now.saturating_add(seconds.into())).ok() }
        }
        (outcome, _) => outcome.clone(),
    }
}

/// Returns the path of a file of the worktree; a script reaches no other.
fn inside(cwd: &Path, path: &str) -> io::Result<PathBuf> {
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.is_empty() || !Path::new(path).components().all(is_name) {
        let message = format!("“{path}” is not a path inside the worktree");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(cwd.join(path))
}

fn shell(cwd: &Path, command: &str) -> io::Result<()> {
    // Its output must not end up between the events.
    finished(Command::new("sh").arg("-c").arg(command).current_dir(cwd))
}

/// Commits all changes, if there are any.
fn commit(cwd: &Path, message: &str) -> io::Result<()> {
    let git = || {
        let mut git = Command::new("git");
        git.current_dir(cwd).args(["-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost"]);
        git.args(["-c", "commit.gpgSign=false"]);
        git
    };
    finished(git().args(["add", "--all"]))?;
    if finished(git().args(["diff", "--cached", "--quiet"])).is_ok() {
        return Ok(());
    }
    finished(git().args(["commit", "--quiet", "--message", message]))
}

/// Runs a program to its end, without its output; fails if it does.
fn finished(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = last_words(&String::from_utf8_lossy(&output.stderr));
    Err(io::Error::other(format!("{}: {words}", output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(folder: &tempfile::TempDir) -> Stage {
        let cwd = folder.path().join("tree");
        fs::create_dir_all(&cwd).unwrap();
        Stage { cwd, state: folder.path().join("state.json"), task: None, session: None }
    }

    fn play_once(script: &str, prompt: &str, stage: &Stage) -> (Vec<AgentEvent>, Exit) {
        let mut out = Vec::new();
        let exit = play(&Script::parse(script).unwrap(), prompt, stage, &mut out).unwrap();
        let events = String::from_utf8(out).unwrap();
        (events.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), exit)
    }

    fn said(events: &[AgentEvent]) -> Vec<&str> {
        events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    fn session(events: &[AgentEvent]) -> &str {
        match events.first() {
            Some(AgentEvent::SessionStarted { id, .. }) => &id.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn runs_are_played_in_order_and_the_last_one_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"
            [[parts]]
            prompt = "red"
            runs = [[{ say = "red 1" }], [{ say = "red 2" }]]
            [[parts]]
            runs = [[{ say = "any 1" }], []]
        "#;
        let stage = stage(&folder);
        let texts: Vec<_> = ["red", "blue", "red", "blue", "red"]
            .iter()
            .map(|prompt| said(&play_once(script, prompt, &stage).0).join(","))
            .collect();
        assert_eq!(texts, ["red 1", "any 1", "red 2", "", "red 2"]);
    }

    #[test]
    fn a_session_is_named_alike_every_time_and_kept_when_resumed() {
        let script = "[[parts]]\nruns = [[], []]";
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [first, second] = folders.each_ref().map(|folder| play_once(script, "", &stage(folder)).0);
        assert_eq!(session(&first), session(&second));
        let mut stage = stage(&folders[0]);
        assert_ne!(session(&play_once(script, "", &stage).0), session(&first));
        stage.session = Some("mine".to_owned());
        assert_eq!(session(&play_once(script, "", &stage).0), "mine");
    }

    #[test]
    fn steps_change_the_worktree_and_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let stage = stage(&folder);
        finished(Command::new("git").args(["init", "--quiet"]).current_dir(&stage.cwd)).unwrap();
        let script = r#"
            [[parts]]
            runs = [[
              { write = { path = "src/a.txt", content = "one\n" } }, { append = { path = "src/a.txt", content = "two\n" } },
              { run = "cp src/a.txt b.txt; echo noise" }, { run = "exit 3" }, { commit = "feat: add a" }, { commit = "again" },
              { delete = "b.txt" }, { gate = { ready = true } },
            ]]
        "#;
        let (events, exit) = play_once(script, "", &stage);
        assert_eq!(exit, Exit::with_code(0));
        assert_eq!(fs::read_to_string(stage.cwd.join("src/a.txt")).unwrap(), "one\ntwo\n");
        assert!(!stage.cwd.join("b.txt").exists());
        let log = Command::new("git")
            .args(["log", "--format=%s %an", "--name-only"])
            .current_dir(&stage.cwd)
            .output();
        let log = String::from_utf8(log.unwrap().stdout).unwrap();
        assert_eq!(log, "feat: add a Rehearsal\n\nb.txt\nsrc/a.txt\n");
        let ok: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::ToolFinished { ok } => Some(*ok),
                _ => None,
            })
            .collect();
        assert_eq!(ok, [true, true, true, false, true, true, true]);
        let touched = |path: &str| AgentEvent::FileTouched { path: path.to_owned() };
        assert!(events.contains(&touched("src/a.txt")) && events.contains(&touched("b.txt")));
        assert_eq!(said(&events), ["<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>"]);
        assert_eq!(events.last(), Some(&AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() }));
    }

    #[test]
    fn a_script_reaches_no_file_outside_the_worktree() {
        let folder = tempfile::tempdir().unwrap();
        let stage = stage(&folder);
        for path in ["../x", "/tmp/alfine-x", "a/../../x", ""] {
            let script = format!("[[parts]]\nruns = [[{{ write = {{ path = '{path}', content = '' }} }}]]");
            let (events, exit) = play_once(&script, "", &stage);
            assert_eq!(exit, Exit::with_code(1));
            let Some(AgentEvent::Ended { outcome: Outcome::Server, message }) = events.last() else {
                panic!("{events:?}")
            };
            assert!(message.contains("inside the worktree"), "{message}");
        }
        assert!(!folder.path().join("x").exists());
    }

    #[test]
    fn a_run_ends_as_the_script_says() {
        let folder = tempfile::tempdir().unwrap();
        let stage = stage(&folder);
        let script = r#"
            [[parts]]
            runs = [
              [{ end = { class = "rate_limit", reset_in_s = 60, message = "limit" } }, { say = "never" }],
              [{ end = { class = "auth" } }],
              [{ exit = 7 }],
            ]
        "#;
        let (events, exit) = play_once(script, "", &stage);
        let Some(AgentEvent::Ended { outcome: Outcome::RateLimit { reset_at: Some(at) }, message }) =
            events.last()
        else {
            panic!("{events:?}")
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
        assert!((now + 50..=now + 60).contains(at) && message == "limit" && said(&events).is_empty());
        assert_eq!(exit, Exit::with_code(1));
        let (events, _) = play_once(script, "", &stage);
        assert_eq!(
            events.last(),
            Some(&AgentEvent::Ended { outcome: Outcome::Auth { cloud: false }, message: String::new() })
        );
        let (events, exit) = play_once(script, "", &stage);
        assert_eq!((events.len(), exit), (1, Exit::with_code(7)));
    }

    #[test]
    fn a_task_without_a_part_is_an_error_in_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = stage(&folder);
        stage.task = Some("PLAN.md#T2".to_owned());
        let (events, _) = play_once("[[parts]]\ntask = 'T1'\nruns = []", "", &stage);
        let message = "the rehearsal's script has no part for PLAN.md#T2".to_owned();
        assert_eq!(events, [AgentEvent::Ended { outcome: Outcome::Config, message }]);
    }

    #[test]
    fn a_counter_that_is_damaged_is_an_error_not_a_new_start() {
        let folder = tempfile::tempdir().unwrap();
        let stage = stage(&folder);
        fs::write(&stage.state, "{broken").unwrap();
        let script = Script::parse("[[parts]]\nruns = []").unwrap();
        assert!(play(&script, "", &stage, &mut Vec::new()).is_err());
    }
}
