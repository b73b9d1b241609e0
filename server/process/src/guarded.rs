//! The owner's side of a guard: starts a program under one, reads what it prints, ends it, waits for it.

use super::{
    Confinement, Exit, MARKER_VARIABLE, ProcessError, ProcessIdentity, end_leftovers,
    own_program::executable,
    wire::{self, News},
};
use rustix::event::{PollFd, PollFlags, poll};
use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    path::PathBuf,
    process::{Child, Command},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How long a guard may take to say that its program runs. A guard answers in milliseconds; a loaded machine gets time.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is still read from a pipe when its whole tree is gone: no pipe holds more (`/proc/sys/fs/pipe-max-size`),
/// so what comes after that is written by a stranger.
const LAST_WORDS: usize = 1 << 20;

/// A program to run under a guard.
#[derive(Debug, Clone)]
pub struct GuardedCommand {
    /// The binary that calls [`hidden_subcommand`](super::hidden_subcommand): Alfine's own.
    pub guard: PathBuf,
    /// The program: a path, or a name to be found on `env`'s `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its complete environment; nothing is inherited. The marker's variable is added.
    pub env: Vec<(OsString, OsString)>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// What it reads from its standard input, which is closed after that.
    pub stdin: Vec<u8>,
    /// Whether its standard input stays open instead, for [`GuardedChild::take_stdin`].
    pub is_talked_to: bool,
    /// What it and all that it forks can reach.
    pub confinement: Confinement,
    /// Marks every process of this run in its environment; unique to the run.
    pub marker: String,
    /// How long its processes have to end themselves after SIGTERM, before SIGKILL.
    pub grace: Duration,
    /// Whether its standard error goes into the same pipe as its standard output, in the order written.
    pub merge_stderr: bool,
}

impl GuardedCommand {
    /// Makes a command without arguments, environment and input, to be ended by SIGTERM with five seconds of grace.
    pub fn new(
        guard: impl Into<PathBuf>,
        program: impl Into<OsString>,
        cwd: impl Into<PathBuf>,
        confinement: Confinement,
        marker: impl Into<String>,
    ) -> Self {
        Self {
            guard: guard.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: cwd.into(),
            stdin: Vec::new(),
            is_talked_to: false,
            confinement,
            marker: marker.into(),
            grace: Duration::from_secs(5),
            merge_stderr: false,
        }
    }

    /// Starts the guard and the program. Returns when the program runs, or could not be started.
    pub fn spawn(self) -> Result<GuardedChild, ProcessError> {
        // A variant to come fails to compile here until the guard applies it.
        match self.confinement {
            Confinement::None => {}
        }
        let name = self.program.to_string_lossy().into_owned();
        // Asked first, since the system reports a missing folder and a missing program with the same error.
        if !self.cwd.is_dir() {
            return Err(ProcessError::NoFolder { program: name, path: self.cwd });
        }
        let guard = self.guard.clone();
        let failed = |source| ProcessError::Guard { guard: guard.clone(), source };

        let pipes = Pipes::new(self.merge_stderr).map_err(failed)?;
        let (socket, guards_end) = UnixStream::pair().map_err(failed)?;
        let mut command = self.command(guards_end, pipes.writers);
        let child = command.spawn().map_err(failed)?;
        // The command holds the write ends of the output's pipes. While any of them is open, the output does not end.
        drop(command);

        let mut run = Run { child, news: BufReader::new(socket) };
        let started = run.start(pipes.stdin_reader).and_then(|news| match news {
            News::Started(identity) => Ok(Ok(identity)),
            News::Failed(errno) => Ok(Err(io::Error::from_raw_os_error(errno))),
            News::Ended(_) | News::Gone(_) => Err(io::ErrorKind::InvalidData.into()),
        });
        let identity = match started {
            Ok(Ok(identity)) => identity,
            Ok(Err(error)) => {
                run.abandon(&error);
                return Err(ProcessError::from_start(&self.program, &self.cwd, error));
            }
            Err(error) => {
                let killed = run.abandon(&error);
                // The program may run already: the guard starts it before it says so.
                if let Err(error) = end_leftovers(&self.marker, None, self.grace) {
                    tracing::warn!(%error, "A guard died while it started, and not all that it guarded could be ended.");
                }
                return Err(if killed { ProcessError::GuardLost(name) } else { failed(error) });
            }
        };

        let socket = run.news.get_ref().try_clone().map_err(failed)?;
        let ender = Ender(Arc::new(socket));
        // The program runs. From here on, each early return must end it.
        let verdict =
            watch(run, self.marker.clone(), identity, self.grace, pipes.gone_writer).map_err(|error| {
                ender.end();
                failed(error)
            })?;
        let mut child = GuardedChild {
            program: name,
            identity,
            stdin: None,
            stdout: Some(pipes.stdout),
            stderr: pipes.stderr,
            ender,
            verdict,
            known: None,
        };
        if self.is_talked_to {
            child.stdin = Some(pipes.stdin_writer);
        } else {
            feed(self.stdin, pipes.stdin_writer).map_err(failed)?;
        }
        Ok(child)
    }

    fn command(&self, stdin: UnixStream, (stdout, stderr): (PipeWriter, PipeWriter)) -> Command {
        let mut command = Command::new(executable(&self.guard));
        command
            .arg("guard")
            .arg(u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX).to_string())
            .arg("--")
            .arg(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env(MARKER_VARIABLE, &self.marker)
            .current_dir(&self.cwd)
            .stdin(OwnedFd::from(stdin))
            .stdout(stdout)
            .stderr(stderr);
        command
    }
}

/// All pipes of one run.
struct Pipes {
    stdin_reader: PipeReader,
    stdin_writer: PipeWriter,
    stdout: GuardedOutput,
    stderr: Option<GuardedOutput>,
    writers: (PipeWriter, PipeWriter),
    gone_writer: PipeWriter,
}

impl Pipes {
    fn new(merge_stderr: bool) -> io::Result<Self> {
        let (stdin_reader, stdin_writer) = io::pipe()?;
        let (gone, gone_writer) = io::pipe()?;
        let gone = Arc::new(gone);
        let output = |pipe| GuardedOutput { pipe, gone: Arc::clone(&gone), last_words: LAST_WORDS };
        let (stdout, stdout_writer) = io::pipe()?;
        let (stderr, stderr_writer) = if merge_stderr {
            (None, stdout_writer.try_clone()?)
        } else {
            let (stderr, writer) = io::pipe()?;
            (Some(output(stderr)), writer)
        };
        let stdout = output(stdout);
        Ok(Self {
            stdin_reader,
            stdin_writer,
            stdout,
            stderr,
            writers: (stdout_writer, stderr_writer),
            gone_writer,
        })
    }
}

struct Run {
    child: Child,
    news: BufReader<UnixStream>,
}

impl Run {
    /// Hands over the standard input and waits for the guard's first line.
    fn start(&mut self, stdin: PipeReader) -> io::Result<News> {
        let socket = self.news.get_ref();
        wire::send_stdin(socket, &stdin)?;
        drop(stdin);
        socket.set_read_timeout(Some(START_TIMEOUT))?;
        let news = self.next()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.news.get_ref().set_read_timeout(None)?;
        Ok(news)
    }

    /// Reads the guard's next line; `None` if the guard is gone.
    fn next(&mut self) -> io::Result<Option<News>> {
        let mut line = String::new();
        match self.news.read_line(&mut line)? {
            0 => Ok(None),
            _ => line.trim_end().parse().map(Some),
        }
    }

    /// Gives up a guard that did not say that its program runs. Says whether somebody else had killed it.
    fn abandon(mut self, error: &io::Error) -> bool {
        // Only a guard that is gone answers so, and its own end then tells more than a signal of ours would.
        let gone = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        );
        if !gone {
            let _ = self.child.kill();
        }
        let ended = self.child.wait();
        gone && ended.is_ok_and(|status| status.signal().is_some())
    }
}

/// What is known when all is over.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    /// How the program ended; `None` if the guard died before it could say so.
    exit: Option<Exit>,
    /// How many processes could not be ended.
    left: usize,
}

/// Waits for the guard in a thread of its own, so that what a killed guard left is ended even while nobody waits.
/// Dropping `gone` tells the readers of the output.
fn watch(
    mut run: Run,
    marker: String,
    identity: ProcessIdentity,
    grace: Duration,
    gone: PipeWriter,
) -> io::Result<Receiver<Verdict>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().name("guard".to_owned()).spawn(move || {
        let mut verdict = Verdict { exit: None, left: 0 };
        let all_gone = loop {
            match run.next() {
                Ok(Some(News::Ended(exit))) => verdict.exit = Some(exit),
                Ok(Some(News::Gone(left))) => {
                    verdict.left = left;
                    break true;
                }
                Ok(Some(News::Started(_) | News::Failed(_))) => {}
                Ok(None) | Err(_) => break false,
            }
        };
        // The guard did not say that all is gone, so it was killed, and the orphans went to init. They are found by the
        // marker in their environment.
        if !all_gone && let Err(error) = end_leftovers(&marker, Some(identity), grace) {
            tracing::warn!(%error, "The guard was killed, and not all that it guarded could be ended.");
            verdict.left = 1;
        }
        // The guard exits right after its last line. Reaped here, so that it does not stay a zombie.
        let _ = run.child.wait();
        // Before the verdict: who waits for it may be reading the output first, which ends with this.
        drop(gone);
        // An error means that nobody waits for the verdict any more.
        let _ = sender.send(verdict);
    })?;
    Ok(receiver)
}

/// Writes the standard input in a thread of its own, so that a program that does not read it holds nobody up.
fn feed(input: Vec<u8>, mut pipe: PipeWriter) -> io::Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // A program may end before it read everything.
        let _ = pipe.write_all(&input);
    })?;
    Ok(())
}

/// A program that runs under a guard. Dropping it ends the program and all it forked.
#[derive(Debug)]
pub struct GuardedChild {
    program: String,
    identity: ProcessIdentity,
    stdin: Option<PipeWriter>,
    stdout: Option<GuardedOutput>,
    stderr: Option<GuardedOutput>,
    ender: Ender,
    verdict: Receiver<Verdict>,
    known: Option<Verdict>,
}

impl GuardedChild {
    /// The program's identity; it leads its own process group.
    pub fn identity(&self) -> ProcessIdentity {
        self.identity
    }

    /// Takes the program's standard input; once, and only of one that is talked to.
    pub fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.stdin.take()
    }

    /// Takes the program's standard output; once.
    pub fn take_stdout(&mut self) -> Option<GuardedOutput> {
        self.stdout.take()
    }

    /// Takes the program's standard error: `None` if it was taken before, or is merged into the standard output.
    pub fn take_stderr(&mut self) -> Option<GuardedOutput> {
        self.stderr.take()
    }

    /// Makes what ends the program from any thread.
    pub fn ender(&self) -> Ender {
        self.ender.clone()
    }

    /// Waits until the program and everything it forked are gone. An output that was not taken is thrown away.
    pub fn wait(&mut self) -> Result<Exit, ProcessError> {
        self.drain_untaken_outputs();
        if self.known.is_none() {
            self.known = Some(self.verdict.recv().unwrap_or(Verdict { exit: None, left: 0 }));
        }
        self.judge()
    }

    /// Waits likewise, but not longer than `limit`; `None` if the limit passed first.
    pub fn wait_timeout(&mut self, limit: Duration) -> Option<Result<Exit, ProcessError>> {
        self.drain_untaken_outputs();
        if self.known.is_none() {
            self.known = match self.verdict.recv_timeout(limit) {
                Ok(verdict) => Some(verdict),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => Some(Verdict { exit: None, left: 0 }),
            };
        }
        Some(self.judge())
    }

    /// A full pipe that nobody reads would hold the program up for ever, and a closed one would end it.
    fn drain_untaken_outputs(&mut self) {
        for mut output in [self.stdout.take(), self.stderr.take()].into_iter().flatten() {
            // Without a thread the output is closed: still better than a program that never ends.
            let _ = thread::Builder::new()
                .name("drain".to_owned())
                .spawn(move || io::copy(&mut output, &mut io::sink()));
        }
    }

    fn judge(&self) -> Result<Exit, ProcessError> {
        let program = || self.program.clone();
        match self.known {
            Some(Verdict { left: 1.., exit: None }) => {
                Err(ProcessError::Unkillable { program: program(), count: self.known.map_or(0, |v| v.left) })
            }
            Some(Verdict { left, exit: Some(exit) }) => {
                if left > 0 {
                    tracing::warn!(
                        left,
                        program = self.program,
                        "Not all that a program left could be ended."
                    );
                }
                Ok(exit)
            }
            Some(Verdict { left: 0, exit: None }) | None => Err(ProcessError::GuardLost(program())),
        }
    }
}

impl Drop for GuardedChild {
    fn drop(&mut self) {
        self.ender.end();
    }
}

/// Ends a guarded program and all it forked, from any thread.
#[derive(Debug, Clone)]
pub struct Ender(Arc<UnixStream>);

impl Ender {
    /// Asks the guard to end everything, politely first. Does not wait, and does nothing the second time.
    pub fn end(&self) {
        // An error means that the guard is gone, and so is everything below it.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

/// What a guarded program prints. Ends when every writer closed it, or when the program and all it forked are gone,
/// even if a stranger (to whom a daemon was asked to hand it) still holds it open.
#[derive(Debug)]
pub struct GuardedOutput {
    pipe: PipeReader,
    gone: Arc<PipeReader>,
    last_words: usize,
}

impl Read for GuardedOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (readable, gone) = loop {
            let mut polled = [
                PollFd::new(&self.pipe, PollFlags::IN),
                PollFd::from_borrowed_fd(self.gone.as_fd(), PollFlags::IN),
            ];
            match poll(&mut polled, None) {
                Ok(_) => break (!polled[0].revents().is_empty(), !polled[1].revents().is_empty()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        if !gone {
            return self.pipe.read(buffer);
        }
        if !readable {
            return Ok(0);
        }
        let wanted = buffer.len().min(self.last_words);
        let read = self.pipe.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        self.last_words -= read;
        Ok(read)
    }
}
