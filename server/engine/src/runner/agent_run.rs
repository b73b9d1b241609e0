//! One run of the agent: its process, what it prints, what it costs.

use super::{
    environments::Environment, live::LiveAgent, message::AgentEnded, message::Message, owner::Runner,
    reach::ReachFinder,
};
use crate::Result;
use alfine_agents::{Adapter, Decoder, Exit, Invocation, Lines, Login, PriorSession, Request};
use alfine_core::{
    agent::{AgentEvent, Outcome, Usage},
    machine::{Input, Spawn},
    news::News,
    plan::Isolation,
    text::start_of,
};
use alfine_files::programs;
use alfine_process::{Confinement, GuardedChild, GuardedCommand, GuardedOutput, ProcessError};
use alfine_secrets::Masker;
use alfine_store::{RunEnd, RunNew};
use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, File},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, mpsc::SyncSender},
    thread,
    time::{Duration, Instant},
};

/// How much of the agent's standard error is kept for its outcome.
const STDERR_TAIL: usize = 16 * 1024;
/// How often output that is no event is reported at most. Silence is counted in minutes, so that is often enough.
const TELL_OUTPUT_EVERY: Duration = Duration::from_secs(1);
/// How long an agent has to end itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The longest transcript of one run, in bytes: an agent that prints all night must not fill the disk.
const TRANSCRIPT_LIMIT: u64 = 512 << 20;
/// The longest text of the agent in the change feed, in characters. The transcript has it whole.
const NEWS_TEXT: usize = 2000;

/// How much of an agent's own words for its end stays where something is added to them, in bytes.
pub(super) const MESSAGE: usize = 400;

/// How an agent said that it ends, and what that means for the user.
struct Ending {
    outcome: Outcome,
    message: String,
    login: Option<String>,
}

impl Runner<'_> {
    pub(super) fn spawn_agent(&mut self, spawn: &Spawn) -> Result<()> {
        let prompt = self.prompt(spawn)?;
        let request = Request {
            prompt,
            session: spawn.session.clone(),
            model: self.spec.agent.model.clone(),
            permissions: self.spec.agent.permissions,
            reads_only: false,
            cwd: self.worktree(),
            extra_args: self.spec.agent.args.clone(),
            command: self.spec.agent.command.clone(),
            // A CLI counts it for the run alone, in a session that it resumes too.
            max_budget_usd: self.state.budget_left().into_iter().chain(self.may_cost).reduce(f64::min),
        };
        let invocation = self.adapter.invocation(&request)?;
        let marker = self.row.id.marker(&ulid::Ulid::generate().to_string());
        let env = self.environments.agent.clone();
        let mut command = command_of(invocation, &self.program, &request.cwd, env, &marker);
        command.env.push((alfine_agents::rehearsal::TASK_VARIABLE.into(), self.key.to_string().into()));
        command.grace = GRACE;
        self.keep_checkout()?;
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error @ ProcessError::GuardLost(_)) => {
                let message = error.to_string();
                self.inputs.push_back(Input::AgentExited { outcome: Outcome::Interrupted, message });
                return Ok(());
            }
            Err(error) => {
                // The user has to install a missing agent; the task itself did not fail, so the loop asks instead.
                let message = does_not_start(&*self.adapter, error);
                self.inputs.push_back(Input::AgentExited { outcome: Outcome::Config, message });
                return Ok(());
            }
        };
        let identity = child.identity();
        let ender = child.ender();
        let new = RunNew {
            iteration: spawn.iteration,
            pid: identity.pid,
            process_start: i64::try_from(identity.start_time).unwrap_or(i64::MAX),
            marker: &marker,
            session: spawn.session.as_ref().map(|id| id.0.as_str()),
        };
        // The row needs the pid, so it comes after the start. If this process dies in between, the guard ends the
        // agent, and the marker in the environment finds what a dead guard left.
        let lock = &self.lock;
        let (row, run) = self.project.store.write(|tx| tx.begin_run(lock, &new))?;
        let transcript = self.project.layout.transcript(self.row.id.as_str(), run);
        save_prompt(&transcript, &self.masker, &request.prompt);
        let decoder = self.adapter.decoder(&self.prior_session(spawn)?);
        let reach = ReachFinder::of(self.project.repository.workdir(), &self.other_trees()?);
        listen(child, (decoder, reach), Arc::clone(&self.masker), &transcript, run, &self.outbox)?;
        let transcript = transcript.to_string_lossy().into_owned();
        self.agent =
            Some(LiveAgent { run, row, ender, usage: None, transcript, prompt: request.prompt.len() as u64 });
        self.inputs.push_back(Input::AgentStarted);
        Ok(())
    }

    /// What the session that is resumed said of its cost when it was last left.
    fn prior_session(&self, spawn: &Spawn) -> Result<PriorSession> {
        let Some(session) = &spawn.session else { return Ok(PriorSession::default()) };
        let runs = self.project.store.runs(&self.row.id)?;
        let total_cost_usd = runs
            .iter()
            .rev()
            .filter(|run| run.session.as_deref() == Some(session.0.as_str()))
            .find_map(|run| run.session_total_cost);
        Ok(PriorSession { total_cost_usd })
    }

    pub(super) fn agent_said(&mut self, event: AgentEvent) {
        let event = priced(event, self.spec.agent.price);
        if let (AgentEvent::Usage(usage), Some(agent)) = (&event, &mut self.agent) {
            agent.usage = Some(*usage);
        }
        self.watch_command(&event);
        match event {
            // Told as the end of a tool already.
            AgentEvent::CommandEnded { .. } => return,
            // Each request tells it; nobody else needs to know.
            AgentEvent::Context { .. } => {}
            _ => self.tell_event(&event),
        }
        let event = match event {
            AgentEvent::Ended { outcome, message } => {
                let prompt = self.agent.as_ref().map(|agent| agent.prompt);
                let Ending { outcome, message, .. } = self.ending(prompt, outcome, message);
                AgentEvent::Ended { outcome, message }
            }
            event => event,
        };
        self.inputs.push_back(Input::AgentEvent(event));
    }

    /// Adds to how an agent says that it ends what the user needs to know of it: how to log in, what fills its context.
    /// `prompt` is the size of its prompt, in bytes.
    fn ending(&self, prompt: Option<u64>, outcome: Outcome, message: String) -> Ending {
        match outcome {
            Outcome::Auth { .. } => {
                let Some(login) = login_of(&*self.adapter, &self.environments.agent, &message) else {
                    return Ending { outcome, message, login: None };
                };
                let message = format!("{}; to log in: {}", start_of(&message, MESSAGE), login.remedy);
                let outcome = Outcome::Auth { cloud: login.cloud };
                Ending { outcome, message, login: Some(login.remedy) }
            }
            Outcome::Context => {
                let fill = alfine_words::context(&self.standing_context(prompt));
                let message = format!("{}; {fill}", start_of(&message, MESSAGE));
                Ending { outcome, message, login: None }
            }
            outcome => Ending { outcome, message, login: None },
        }
    }

    /// What the agent's context is filled with before it does anything: the name of each part, and its size in bytes. A
    /// file that it reads by itself counts as it is, without what it includes.
    fn standing_context(&self, prompt: Option<u64>) -> Vec<(String, u64)> {
        let mut parts: Vec<(String, u64)> = Vec::new();
        parts.extend(prompt.map(|size| ("the prompt".to_owned(), size)));
        let home = std::env::home_dir();
        for name in self.adapter.standing_context() {
            let path = match (name.strip_prefix("~/"), &home) {
                (Some(in_home), Some(home)) => home.join(in_home),
                (Some(_), None) => continue,
                (None, _) => self.worktree().join(name),
            };
            let size = fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len());
            parts.extend(size.filter(|size| *size > 0).map(|size| ((*name).to_owned(), size)));
        }
        parts
    }

    fn tell_event(&mut self, event: &AgentEvent) {
        let shown = match event {
            AgentEvent::Text { text } => AgentEvent::Text { text: text.chars().take(NEWS_TEXT).collect() },
            AgentEvent::Thinking { text } => {
                AgentEvent::Thinking { text: text.chars().take(NEWS_TEXT).collect() }
            }
            other => other.clone(),
        };
        self.tell(&News::Agent(shown));
    }

    pub(super) fn agent_gone(&mut self, ended: AgentEnded) -> Result<()> {
        let Some(agent) = self.agent.take() else { return Ok(()) };
        // What the run spent is saved with the loop before it is saved with the run. If this process dies in between,
        // the money still counts against the limit.
        self.save()?;
        let message = self.masker.mask(&ended.message).into_owned();
        self.compare_checkout(ended.reach)?;
        let session = self.state.session.as_ref().map(|id| id.0.clone());
        let outcome = match &self.state.phase {
            alfine_core::machine::Phase::Agent(run) => run.decided().unwrap_or(&ended.outcome).clone(),
            _ => ended.outcome.clone(),
        };
        self.project.store.write(|tx| {
            tx.end_run(
                agent.row,
                &RunEnd {
                    outcome: &outcome,
                    message: &message,
                    session: session.as_deref(),
                    usage: agent.usage.as_ref(),
                    session_total_cost: ended.session_total_cost,
                    transcript: Some(&agent.transcript),
                },
            )
        })?;
        let prompt = Some(agent.prompt);
        let login = self.ending(prompt, outcome.clone(), message.clone()).login;
        self.tell(&News::AgentEnded { outcome, message, usage: agent.usage, login });
        // A git that was killed together with its agent may have left its lock. If the tree itself is gone, so is the
        // lock, and the next step reports the missing tree.
        if self.spec.isolation == Isolation::Worktree
            && let Err(error) = self.clear_stale_locks()
        {
            tracing::debug!("{}", error.message);
        }
        let Ending { outcome, message, .. } = self.ending(prompt, ended.outcome, ended.message);
        self.inputs.push_back(Input::AgentExited { outcome, message });
        Ok(())
    }
}

/// What an agent says, with what its tokens cost where it does not say that itself.
pub(super) fn priced(event: AgentEvent, price: Option<alfine_config::Price>) -> AgentEvent {
    match (event, price) {
        (AgentEvent::Usage(usage), Some(price)) if usage.cost_usd.is_none() => {
            AgentEvent::Usage(Usage { cost_usd: Some(price.of(&usage)), ..usage })
        }
        (event, _) => event,
    }
}

/// What runs an agent in a folder, as its adapter has it.
pub(super) fn command_of(
    invocation: Invocation,
    guard: &Path,
    cwd: &Path,
    env: Environment,
    marker: &str,
) -> GuardedCommand {
    let program = programs::at_home(&invocation.program);
    let mut command = GuardedCommand::new(guard, program, cwd, Confinement::None, marker);
    command.args = invocation.args;
    command.env = env;
    command.env.extend(invocation.env);
    keep_git_within(&command.cwd, &mut command.env);
    command.stdin = invocation.stdin;
    command
}

/// Why an agent does not start, and how to install it.
pub(super) fn does_not_start(adapter: &dyn Adapter, error: ProcessError) -> String {
    let message = crate::Error::from(error).message;
    match adapter.install_hint() {
        "" => message,
        hint => format!("{message}; to install it: {hint}"),
    }
}

/// How to log in to an agent that has this environment, and says this of a login that is refused.
pub(super) fn login_of(adapter: &dyn Adapter, env: &Environment, said: &str) -> Option<Login> {
    let of = |name: &str| {
        let known = env.iter().find(|(known, _)| known.to_str() == Some(name));
        known.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    adapter.login(&of, said)
}

/// Keeps a prompt beside the transcript of its run.
pub(super) fn save_prompt(transcript: &Path, masker: &Masker, prompt: &str) {
    let path = transcript.with_extension("prompt.md");
    let saved = transcript
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&path, masker.mask(prompt).as_bytes()));
    if let Err(error) = saved {
        tracing::warn!("{} cannot be written: {error}", path.display());
    }
}

/// Keeps the agent's git from looking for a repository above its working tree, should that lose its `.git`.
fn keep_git_within(tree: &Path, env: &mut Vec<(OsString, OsString)>) {
    const CEILINGS: &str = "GIT_CEILING_DIRECTORIES";
    let known = env.iter().position(|(name, _)| name == CEILINGS).map(|at| env.swap_remove(at).1);
    let known = known.iter().flat_map(std::env::split_paths);
    let above = tree.parent().map(Path::to_owned);
    // A path with a colon in it cannot be in such a list.
    if let Ok(ceilings) = std::env::join_paths(above.into_iter().chain(known)) {
        env.push((CEILINGS.into(), ceilings));
    }
}

/// Starts the threads that read an agent's output. Their last message says that the agent is gone.
fn listen(
    mut child: GuardedChild,
    reading: (Box<dyn Decoder>, ReachFinder),
    masker: Arc<Masker>,
    transcript: &Path,
    run: u32,
    outbox: &SyncSender<Message>,
) -> Result<()> {
    let written = Transcript::create(transcript, Arc::clone(&masker));
    let stderr = child.take_stderr();
    let errors_path = transcript.with_extension("stderr");
    let errors_outbox = outbox.clone();
    let span = tracing::Span::current();
    let errors_span = span.clone();
    let errors = thread::spawn(move || {
        let _span = errors_span.entered();
        stderr.map_or_else(String::new, |stderr| {
            read_errors(stderr, &errors_path, &masker, run, &errors_outbox)
        })
    });
    let outbox = outbox.clone();
    thread::spawn(move || {
        let _span = span.entered();
        let ended = read_agent(child, reading, written, errors, run, &outbox);
        let _ = outbox.send(Message::AgentGone(run, ended));
    });
    Ok(())
}

fn read_agent(
    mut child: GuardedChild,
    (mut decoder, mut reach): (Box<dyn Decoder>, ReachFinder),
    mut transcript: Transcript,
    errors: thread::JoinHandle<String>,
    run: u32,
    outbox: &SyncSender<Message>,
) -> AgentEnded {
    let mut told = Instant::now();
    if let Some(mut stdout) = child.take_stdout() {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let read = match stdout.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::warn!("the agent's output cannot be read: {error}");
                    break;
                }
            };
            let Some(bytes) = chunk.get(..read) else { break };
            // Written first: what the machine reacts to is in the transcript, even if this process dies at once.
            transcript.write(bytes);
            reach.feed(bytes);
            let mut said = false;
            decoder.push(bytes, &mut |event| {
                said = true;
                let _ = outbox.send(Message::Event(run, event));
            });
            if said {
                told = Instant::now();
            } else if told.elapsed() >= TELL_OUTPUT_EVERY {
                told = Instant::now();
                let _ = outbox.send(Message::Output(run));
            }
        }
    }
    transcript.finish();
    let exit = child.wait();
    let tail = errors.join().unwrap_or_default();
    let exit = match exit {
        Ok(exit) => Exit { code: exit.code, signal: exit.signal },
        Err(error) => {
            tracing::warn!("how the agent ended is not known: {error}");
            Exit::default()
        }
    };
    let (mut outcome, mut message) = (Outcome::Crashed, String::from("it ended without a word"));
    decoder.finish(exit, &tail, &mut |event| match event {
        AgentEvent::Ended { outcome: how, message: words } => (outcome, message) = (how, words),
        event => {
            let _ = outbox.send(Message::Event(run, event));
        }
    });
    AgentEnded { outcome, message, session_total_cost: decoder.session_total_cost(), reach: reach.finish() }
}

fn read_errors(
    stderr: GuardedOutput,
    path: &Path,
    masker: &Arc<Masker>,
    run: u32,
    outbox: &SyncSender<Message>,
) -> String {
    let mut transcript: Option<Transcript> = None;
    let mut told = Instant::now();
    let tail = read_tail(stderr, &mut |bytes| {
        transcript.get_or_insert_with(|| Transcript::create(path, Arc::clone(masker))).write(bytes);
        if told.elapsed() >= TELL_OUTPUT_EVERY {
            told = Instant::now();
            let _ = outbox.send(Message::Output(run));
        }
    });
    if let Some(transcript) = &mut transcript {
        transcript.finish();
    }
    tail
}

/// Reads what an agent prints as errors, shows it piece by piece, and returns its end.
pub(super) fn read_tail(mut stderr: GuardedOutput, each: &mut dyn FnMut(&[u8])) -> String {
    let mut tail: VecDeque<u8> = VecDeque::new();
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stderr.read(&mut chunk) {
        let bytes = chunk.get(..read).unwrap_or_default();
        each(bytes);
        tail.extend(bytes);
        let excess = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..excess);
    }
    String::from_utf8_lossy(tail.make_contiguous()).into_owned()
}

/// What the agent printed, line by line, secrets masked. A disk that is full ends the transcript, not the agent.
pub(super) struct Transcript {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    room: u64,
    lines: Lines,
    masker: Arc<Masker>,
}

impl Transcript {
    pub(super) fn create(path: &Path, masker: Arc<Masker>) -> Self {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(path));
        let file = match made {
            Ok(file) => Some(BufWriter::new(file)),
            Err(error) => {
                tracing::warn!("{} cannot be written: {error}", path.display());
                None
            }
        };
        Self {
            path: path.to_owned(),
            file,
            room: TRANSCRIPT_LIMIT,
            lines: Lines::with_limit(alfine_agents::LINE_LIMIT),
            masker,
        }
    }

    /// Writes every complete line to the disk at once: whoever follows the file must not have to wait for the next
    /// chunk.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.room = self.room.saturating_sub(bytes.len() as u64);
        if self.room == 0 {
            self.close_full();
        }
        let Self { file, room, lines, masker, .. } = self;
        let mut failed = None;
        if let Some(file) = file {
            lines.feed(bytes, |line| {
                let shown = match &line {
                    alfine_agents::Line::Whole(bytes) => bytes,
                    alfine_agents::Line::Cut { head, .. } => head,
                };
                *room = room.saturating_sub(shown.len() as u64);
                if *room > 0 {
                    failed = failed.take().or(write_line(file, masker, &line).err());
                }
            });
        }
        self.give_up_on(failed);
        if self.room == 0 {
            self.close_full();
        }
        self.flush();
    }

    fn flush(&mut self) {
        let failed = self.file.as_mut().and_then(|file| file.flush().err());
        self.give_up_on(failed);
    }

    pub(super) fn finish(&mut self) {
        let Self { file, lines, masker, .. } = self;
        if let Some(file) = file {
            lines.finish(|line| {
                let _ = write_line(file, masker, &line);
            });
        }
        self.flush();
    }

    /// Ends a transcript that is as long as it may be. What the agent says is still read.
    fn close_full(&mut self) {
        if let Some(mut file) = self.file.take() {
            let limit = TRANSCRIPT_LIMIT >> 20;
            let _ =
                writeln!(file, "\n… the transcript ends here, at {limit} MiB").and_then(|()| file.flush());
        }
    }

    fn give_up_on(&mut self, failed: Option<std::io::Error>) {
        if let Some(error) = failed {
            tracing::warn!("{} cannot be written any more: {error}", self.path.display());
            self.file = None;
        }
    }
}

fn write_line(file: &mut impl Write, masker: &Masker, line: &alfine_agents::Line<'_>) -> std::io::Result<()> {
    match line {
        alfine_agents::Line::Whole(bytes) => file.write_all(&masker.mask_bytes(bytes))?,
        alfine_agents::Line::Cut { head, length } => {
            file.write_all(&masker.mask_bytes(head))?;
            write!(file, " … cut: a line of {length} bytes")?;
        }
    }
    file.write_all(b"\n")
}
