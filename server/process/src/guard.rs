//! The guard: the tiny process between an owner and a program, which ends all that the program forked.
//!
//! Its standard input is the socket to the owner. Single-threaded; waits for events and holds nothing but descriptors.

use super::{
    Exit, MARKER_VARIABLE, ProcessIdentity,
    sweep::{Sweep, Target},
    wire::{self, News},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, Signal, WaitOptions, kill_process_group, setsid, wait},
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::AsFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// Guards one program. `args` is what stands after the word `guard`: the grace period in milliseconds, `--`, the
/// program, its arguments. Returns the guard's own exit status. To be called before any thread was started; works only
/// as a child of a [`GuardedCommand`](super::GuardedCommand).
pub(crate) fn guard_main(args: impl Iterator<Item = OsString>) -> i32 {
    let Some(order) = Order::parse(args) else {
        let _ =
            writeln!(io::stderr(), "alfine guard: this is a part of Alfine that only Alfine itself calls");
        return 2;
    };
    match Guard::start(&order) {
        Ok(Some(guard)) => guard.watch(),
        Ok(None) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "alfine guard: {error}");
            1
        }
    }
}

struct Order {
    grace: Duration,
    program: OsString,
    args: Vec<OsString>,
}

impl Order {
    fn parse(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let grace = Duration::from_millis(args.next()?.to_str()?.parse().ok()?);
        (args.next()? == OsStr::new("--")).then_some(())?;
        Some(Self { grace, program: args.next()?, args: args.collect() })
    }
}

struct Guard {
    owner: UnixStream,
    /// Becomes readable when a child ended.
    children: UnixStream,
    /// Becomes readable when somebody asks the guard itself to end.
    asked: UnixStream,
    program: Pid,
    grace: Duration,
}

impl Guard {
    /// Starts the program; `None` if that failed, which was then reported to the owner.
    fn start(order: &Order) -> io::Result<Option<Self>> {
        let owner = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Out of the terminal's reach: a Ctrl-C there is meant for the owner, which then decides. Fails only for the
        // leader of a process group, and the owner does not start the guard as one.
        let _ = setsid();
        // Before the program starts, so that not one of its orphans can get away to init.
        #[cfg(target_os = "linux")]
        rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))?;
        // Also before the start: the end of a program that runs only for a moment would be missed.
        let children = on_signal(SIGCHLD)?;
        let asked = on_signal(SIGTERM)?;
        for ignored in [SIGINT, SIGHUP, SIGQUIT] {
            // A handler that does nothing, since the program would inherit SIG_IGN.
            signal_hook::flag::register(ignored, Arc::new(AtomicBool::new(false)))?;
        }
        let stdin = wire::receive_stdin(&owner)?;

        let mut command = Command::new(&order.program);
        command.args(&order.args).stdin(stdin).process_group(0);
        die_with_the_guard(&mut command);
        let started = command.spawn();
        // The command's copy of the standard input would keep that pipe open.
        drop(command);
        let child = match started {
            Ok(child) => child,
            Err(error) => {
                tell(&owner, News::Failed(error.raw_os_error().unwrap_or(0)));
                return Ok(None);
            }
        };
        let program = Pid::from_child(&child);
        // The child has not been reaped, so it is in the table of processes even if it has ended.
        let identity =
            ProcessIdentity::of(child.id()).unwrap_or(ProcessIdentity { pid: child.id(), start_time: 0 });
        tell(&owner, News::Started(identity));
        let guard = Self { owner, children, asked, program, grace: order.grace };
        if let Err(error) = let_go() {
            // No reason to end the program: without this step, the end of its output is only seen later.
            let _ = writeln!(io::stderr(), "alfine guard: {error}");
        }
        Ok(Some(guard))
    }

    /// Waits until the program and all it forked are gone.
    fn watch(self) -> i32 {
        let mut owner_listens = true;
        let mut program_runs = true;
        let mut sweep: Option<Sweep> = None;
        loop {
            // Drained before the reaping: a child that ends after `reap` makes the socket readable again.
            drain(&self.children);
            let (exit, children_left) = self.reap();
            if let Some(exit) = exit {
                tell(&self.owner, News::Ended(exit));
                program_runs = false;
            }
            // Orphans become children of a subreaper, so without children it has no descendants at all. On other
            // systems an orphan belongs to init, and only a sweep by the marker finds it.
            if !program_runs && !children_left && cfg!(target_os = "linux") {
                tell(&self.owner, News::Gone(0));
                return 0;
            }
            // What the program left running is not wanted: nobody would ever end it.
            if !program_runs {
                sweep.get_or_insert_with(|| self.sweep());
            }
            if let Some(sweep) = &mut sweep {
                let left = sweep.pass().map_or(usize::MAX, |left| left.len());
                if left == usize::MAX && program_runs {
                    // The table of processes cannot be read, but the guard still knows the program's own group.
                    let _ = kill_process_group(self.program, Signal::KILL);
                }
                let gone = left == 0 && !program_runs && !children_left;
                if gone || sweep.is_hopeless() {
                    tell(&self.owner, News::Gone(left));
                    return i32::from(!gone);
                }
            }

            let mut polled =
                vec![PollFd::new(&self.children, PollFlags::IN), PollFd::new(&self.asked, PollFlags::IN)];
            if owner_listens {
                polled.push(PollFd::new(&self.owner, PollFlags::IN));
            }
            let pause = sweep.as_ref().and_then(|sweep| sweep.pause().try_into().ok());
            // An interrupted wait means that a signal came, and the next round looks for it.
            let _ = poll(&mut polled, pause.as_ref());
            // The owner never writes here. Its socket is readable when the owner wants the end, or has died. From then
            // on it stays readable, so it is polled no more: the loop would spin.
            let told_to_end = polled.iter().skip(1).any(|fd| !fd.revents().is_empty());
            owner_listens &= polled.get(2).is_some_and(|fd| fd.revents().is_empty());
            if told_to_end {
                drain(&self.asked);
                sweep.get_or_insert_with(|| self.sweep());
            }
        }
    }

    /// Reaps every child that ended. Returns the program's exit, if it was among them, and whether children are left.
    fn reap(&self) -> (Option<Exit>, bool) {
        let mut exit = None;
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.program => {
                    exit = Some(Exit { code: status.exit_status(), signal: status.terminating_signal() });
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return (exit, true),
                Err(_) => return (exit, false),
            }
        }
    }

    fn sweep(&self) -> Sweep {
        // The subreaper sees every descendant below itself. Elsewhere orphans are known only by their marker.
        let marker = std::env::var(MARKER_VARIABLE).ok().filter(|_| !cfg!(target_os = "linux"));
        let target = Target { root: ProcessIdentity::of(std::process::id()), marker };
        Sweep::new(target, self.grace)
    }
}

/// Makes the kernel end the program when the guard is killed.
#[cfg(target_os = "linux")]
fn die_with_the_guard(command: &mut Command) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};
    let guard = getpid();
    let arm = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The guard may have died before the line above.
        if getppid() == Some(guard) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls, and neither allocates nor locks.
    #[allow(unsafe_code, reason = "no safe interface runs anything between fork and exec")]
    unsafe {
        command.pre_exec(arm);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_the_guard(_: &mut Command) {}

/// Lets go of what the guard must not hold while the program runs: the program's pipes, whose end the owner waits for,
/// and the folder, which somebody may want to remove.
fn let_go() -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    std::env::set_current_dir("/")
}

/// Makes a socket that becomes readable when the signal arrives.
fn on_signal(signal: i32) -> io::Result<UnixStream> {
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal, writer)?;
    Ok(reader)
}

fn drain(mut socket: &UnixStream) {
    let mut buffer = [0; 64];
    while socket.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

/// Tells the owner something. An owner that is gone is not an error: the guard then only has to finish its work.
fn tell(mut owner: &UnixStream, news: News) {
    let _ = owner.write_all(format!("{news}\n").as_bytes());
}
