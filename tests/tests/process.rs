//! What survives a guarded program, through real processes: nothing.
//!
//! Every process of a test holds a FIFO open for writing. That the last of them is gone is what the kernel says by the
//! FIFO's end, and not what the code under test says.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use alfine_process::{
    Confinement, Exit, GuardedChild, GuardedCommand, ProcessError, ProcessIdentity, detach, end_leftovers,
    is_alive,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const GUARD: &str = env!("CARGO_BIN_EXE_guard");
/// For what must happen, on a machine under load.
const EVENTUALLY: Duration = Duration::from_secs(30);

/// A folder with a FIFO that every process of a run holds as its descriptor 9.
struct Scene {
    folder: TempDir,
    fifo: File,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let fifo = rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        Self { folder, fifo: fifo.into() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A marker that no other test has.
    fn marker(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// A shell script in which `say` writes to the FIFO.
    fn script(&self, script: &str) -> String {
        format!("exec 9>{}/fifo; say() {{ echo \"$*\" >&9; }}; {script}", self.path().display())
    }

    fn command(&self, script: &str) -> GuardedCommand {
        let mut command = GuardedCommand::new(GUARD, "sh", self.path(), Confinement::None, self.marker());
        command.args = vec!["-c".into(), self.script(script).into()];
        command.env = environment();
        command
    }

    fn spawn(&self, script: &str) -> GuardedChild {
        self.command(script).spawn().unwrap()
    }

    fn owner(&self, script: &str) -> (std::process::Child, ProcessIdentity) {
        let mut owner = Command::new(GUARD)
            .args(["owner", &self.marker(), &self.script(script)])
            .current_dir(self.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(owner.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (pid, start_time) = line.trim().split_once(' ').unwrap();
        let identity = ProcessIdentity { pid: pid.parse().unwrap(), start_time: start_time.parse().unwrap() };
        (owner, identity)
    }

    /// Waits until so many lines were said, and returns them.
    fn hear(&mut self, lines: usize) -> Vec<String> {
        let mut heard = String::new();
        let deadline = Instant::now() + EVENTUALLY;
        while heard.lines().count() < lines {
            assert!(self.wait(deadline), "heard only {heard:?}");
            let mut buffer = [0; 4096];
            let read = self.fifo.read(&mut buffer).unwrap();
            heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            assert!(read > 0 || heard.lines().count() >= lines, "all gone after {heard:?}");
        }
        heard.lines().map(str::to_owned).collect()
    }

    /// Waits until no process holds the FIFO.
    fn assert_all_gone(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        let mut buffer = [0; 4096];
        loop {
            assert!(self.wait(deadline), "something is still there after {within:?}");
            if self.fifo.read(&mut buffer).unwrap() == 0 {
                return;
            }
        }
    }

    fn wait(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        wait_readable(&self.fifo, left)
    }
}

fn wait_readable(fd: &impl std::os::fd::AsFd, within: Duration) -> bool {
    let timeout = Timespec::try_from(within).unwrap();
    poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout)).unwrap() > 0
}

fn environment() -> Vec<(OsString, OsString)> {
    vec![("PATH".into(), std::env::var_os("PATH").unwrap())]
}

fn code(code: i32) -> Exit {
    Exit { code: Some(code), signal: None }
}

fn signal(signal: i32) -> Exit {
    Exit { code: None, signal: Some(signal) }
}

fn pid(identity: ProcessIdentity) -> Pid {
    Pid::from_raw(i32::try_from(identity.pid).unwrap()).unwrap()
}

fn parent_of(identity: ProcessIdentity) -> Pid {
    let stat = fs::read_to_string(format!("/proc/{}/stat", identity.pid)).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    Pid::from_raw(fields[1].parse().unwrap()).unwrap()
}

fn text(mut output: impl Read) -> String {
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_program_reads_prints_and_exits_as_without_a_guard() {
    let scene = Scene::new();
    let mut command = scene.command("cat; echo no >&2; exit 7");
    command.stdin = b"hello".to_vec();
    let mut child = command.spawn().unwrap();
    let (stdout, stderr) = (child.take_stdout().unwrap(), child.take_stderr().unwrap());
    assert_eq!((text(stdout).as_str(), text(stderr).as_str()), ("hello", "no\n"));
    assert_eq!(child.wait().unwrap(), code(7));
    assert_eq!(child.wait().unwrap(), code(7), "asked a second time");
}

#[test]
fn merged_outputs_keep_their_order() {
    let scene = Scene::new();
    let mut command = scene.command("echo 1; echo 2 >&2; echo 3");
    command.merge_stderr = true;
    let mut child = command.spawn().unwrap();
    assert_eq!(text(child.take_stdout().unwrap()), "1\n2\n3\n");
    assert!(child.take_stderr().is_none());
}

#[test]
fn a_signal_that_ends_the_program_is_told_and_none_is_ignored() {
    let scene = Scene::new();
    assert_eq!(scene.spawn("kill -SEGV $$").wait().unwrap(), signal(11));
    for (name, number) in [("HUP", 1), ("INT", 2), ("QUIT", 3), ("PIPE", 13), ("TERM", 15)] {
        assert_eq!(scene.spawn(&format!("kill -{name} $$")).wait().unwrap(), signal(number), "{name}");
    }
}

#[test]
fn nothing_of_the_environment_is_inherited() {
    let scene = Scene::new();
    let mut command = scene.command("");
    command.program = "/usr/bin/env".into();
    command.args.clear();
    command.env = vec![("ONLY".into(), "this".into())];
    let mut child = command.spawn().unwrap();
    let expected = format!("ONLY=this\nALFINE_RUN={}\n", scene.marker());
    let mut lines: Vec<String> = text(child.take_stdout().unwrap()).lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| !line.starts_with("ONLY"));
    assert_eq!(lines.join("\n") + "\n", expected);
}

#[test]
fn what_cannot_start_is_an_error_that_names_it_and_not_an_exit_status() {
    let scene = Scene::new();
    let start = |program: &OsStr| {
        let mut command = scene.command("");
        command.program = program.to_owned();
        command.spawn().unwrap_err()
    };
    let plain = scene.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let lost = scene.path().join("lost");
    fs::write(&lost, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&lost, fs::Permissions::from_mode(0o755)).unwrap();

    let missing = start(OsStr::new("no-such-program"));
    assert_eq!(missing.to_string(), "the program “no-such-program” does not exist");
    assert!(matches!(start(plain.as_os_str()), ProcessError::NotExecutable { .. }));
    assert!(matches!(start(lost.as_os_str()), ProcessError::NoInterpreter { .. }));
    assert!(matches!(start(scene.path().as_os_str()), ProcessError::NotExecutable { .. }));
    assert_eq!(scene.spawn("exit 127").wait().unwrap(), code(127));

    let mut command = scene.command("");
    command.cwd = scene.path().join("gone");
    assert!(matches!(command.spawn().unwrap_err(), ProcessError::NoFolder { .. }));

    for no_guard in ["/no/such/guard", "/bin/true"] {
        let mut command = scene.command("");
        command.guard = no_guard.into();
        assert!(matches!(command.spawn().unwrap_err(), ProcessError::Guard { .. }), "{no_guard}");
    }
}

#[test]
fn ten_megabytes_of_input_hold_nobody_up_read_or_not() {
    let scene = Scene::new();
    for (script, expected) in [("true", ""), ("wc -c", "10485760\n"), ("head -c 1 | wc -c", "1\n")] {
        let mut command = scene.command(script);
        command.stdin = vec![b'x'; 10 << 20];
        let mut child = command.spawn().unwrap();
        assert_eq!(text(child.take_stdout().unwrap()).trim_start(), expected, "{script}");
        assert_eq!(child.wait().unwrap(), code(0));
    }
}

#[test]
fn a_program_that_prints_much_is_neither_held_up_nor_ended_by_an_output_nobody_took() {
    let scene = Scene::new();
    assert_eq!(scene.spawn("exec head -c 10000000 /dev/zero").wait().unwrap(), code(0));
}

#[test]
fn a_daemon_does_not_survive_the_program_that_left_it() {
    let mut scene = Scene::new();
    // Forks twice, in a session of its own, with no standard stream and no environment.
    let mut child = scene.spawn(
        "(setsid env -i sh -c 'exec <&- >&- 2>&-; sh -c \"echo up >&9; exec sleep 1000\" & ' &) ; sleep 1000",
    );
    assert_eq!(scene.hear(1), ["up"]);
    kill_process(pid(child.identity()), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap(), signal(15));
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn a_grandchild_that_holds_the_output_open_delays_nobody() {
    let mut scene = Scene::new();
    // To wait for it would be a hang.
    let mut child = scene.spawn("sleep 1000 & echo hi");
    assert_eq!(text(child.take_stdout().unwrap()), "hi\n");
    assert_eq!(child.wait().unwrap(), code(0));
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn a_stranger_that_holds_the_output_open_delays_nobody() {
    let mut scene = Scene::new();
    let mut child = scene.spawn("echo hi; say up; exec sleep 1000");
    scene.hear(1);
    let strangers = File::options().write(true).open(format!("/proc/{}/fd/1", child.identity().pid)).unwrap();
    child.ender().end();
    assert_eq!(text(child.take_stdout().unwrap()), "hi\n");
    assert_eq!(child.wait().unwrap(), signal(15));
    drop(strangers);
}

#[test]
fn who_ignores_the_polite_signal_is_killed_after_the_grace_period() {
    let mut scene = Scene::new();
    let mut command = scene.command(
        // A shell says on its standard error, which nobody reads, that its child was terminated.
        "exec 2>/dev/null; trap '' TERM; (say child; while :; do sleep 1000; done) & say up; while :; do sleep 1000; done",
    );
    command.grace = Duration::from_millis(300);
    let mut child = command.spawn().unwrap();
    scene.hear(2);
    let began = Instant::now();
    child.ender().end();
    assert_eq!(child.wait().unwrap(), signal(9));
    assert!(began.elapsed() >= Duration::from_millis(300));
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn a_program_may_end_in_its_own_way_when_asked() {
    let mut scene = Scene::new();
    let mut child = scene.spawn("trap 'echo bye; exit 5' TERM; say up; while :; do sleep 1000 & wait; done");
    scene.hear(1);
    let ender = child.ender();
    thread::spawn(move || {
        ender.end();
        ender.end();
    });
    assert_eq!(text(child.take_stdout().unwrap()), "bye\n");
    assert_eq!(child.wait().unwrap(), code(5));
    child.ender().end();
}

#[test]
fn a_stopped_program_ends_too() {
    let mut scene = Scene::new();
    let mut child = scene.spawn("say up; kill -STOP $$; exit 1");
    scene.hear(1);
    child.ender().end();
    assert_eq!(child.wait().unwrap(), signal(15));
}

#[test]
fn dropping_the_child_ends_everything() {
    let mut scene = Scene::new();
    let child = scene.spawn("setsid sleep 1000 & say up; sleep 1000");
    scene.hear(1);
    drop(child);
    scene.assert_all_gone(EVENTUALLY);
}

#[test]
fn waiting_with_a_limit_tells_that_it_passed() {
    let scene = Scene::new();
    let mut child = scene.spawn("exec sleep 1000");
    assert!(child.wait_timeout(Duration::from_millis(20)).is_none());
    child.ender().end();
    assert_eq!(child.wait_timeout(EVENTUALLY).unwrap().unwrap(), signal(15));
}

/// Writes a script that starts three of itself, each in a session of its own, down to a depth.
fn tree(scene: &Scene) -> String {
    let path = scene.path().join("tree.sh");
    let script = "echo $$ >&9\n\
        [ $1 -gt 1 ] && for i in 1 2 3; do setsid sh \"$0\" $(($1 - 1)) & done\n\
        sleep 1000\n";
    fs::write(&path, script).unwrap();
    format!("sh {} 4", path.display())
}

/// The processes of [`tree`] that say their pid: 1 + 3 + 9 + 27. Each also has a `sleep`.
const TREE: usize = 40;

#[test]
fn a_tree_of_sessions_is_gone_when_it_is_ended() {
    let mut scene = Scene::new();
    let mut child = scene.spawn(&tree(&scene));
    scene.hear(TREE);
    child.ender().end();
    child.wait().unwrap();
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn who_forks_and_exits_faster_than_one_can_look_does_not_get_away() {
    let mut scene = Scene::new();
    let mut command = scene.command("trap '' TERM; say up; comet() { comet & }; comet");
    command.grace = Duration::from_millis(100);
    let mut child = command.spawn().unwrap();
    scene.hear(1);
    assert_eq!(child.wait_timeout(EVENTUALLY).expect("it got away").unwrap(), code(0));
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn nothing_survives_an_owner_that_is_killed() {
    let mut scene = Scene::new();
    let (mut owner, program) = scene.owner(&tree(&scene));
    scene.hear(TREE);
    owner.kill().unwrap();
    owner.wait().unwrap();
    scene.assert_all_gone(EVENTUALLY);
    assert!(!is_alive(&program));
}

#[test]
fn what_a_killed_guard_leaves_is_ended_by_its_owner() {
    let mut scene = Scene::new();
    let mut child = scene.spawn(&tree(&scene));
    scene.hear(TREE);
    kill_process(parent_of(child.identity()), Signal::KILL).unwrap();
    assert!(matches!(child.wait(), Err(ProcessError::GuardLost { .. })));
    scene.assert_all_gone(Duration::ZERO);
}

/// Has a shell script play the guard: the shell reads the file that is named like the guard's hidden subcommand.
fn spawn_under(scene: &Scene, guard: &str) -> ProcessError {
    fs::write(scene.path().join("guard"), scene.script(guard)).unwrap();
    let mut command = scene.command("");
    command.guard = "/bin/sh".into();
    command.grace = Duration::from_millis(100);
    command.spawn().unwrap_err()
}

#[test]
fn a_guard_that_is_killed_while_it_starts_is_told_from_one_that_cannot_start() {
    for how in ["kill -9 $$", "head -c 1 >/dev/null; kill -9 $$", "kill -TERM $$"] {
        let error = spawn_under(&Scene::new(), how);
        assert!(matches!(error, ProcessError::GuardLost(_)), "{how}: {error}");
    }
    for how in ["exit 1", "exit 0", "echo nonsense >&0; sleep 600"] {
        let error = spawn_under(&Scene::new(), how);
        assert!(matches!(error, ProcessError::Guard { .. }), "{how}: {error}");
    }
}

#[test]
fn what_a_guard_that_was_killed_while_it_started_had_begun_is_ended() {
    let mut scene = Scene::new();
    let begun =
        "setsid sh -c 'setsid sleep 600 & echo begun >&9; exec sleep 600' & read word <fifo; kill -9 $$";
    let error = spawn_under(&scene, begun);
    assert!(matches!(error, ProcessError::GuardLost(_)), "{error}");
    scene.assert_all_gone(EVENTUALLY);
}

#[test]
fn what_is_left_when_owner_and_guard_are_killed_is_found_by_the_marker() {
    let mut scene = Scene::new();
    let (mut owner, program) = scene.owner(&tree(&scene));
    scene.hear(TREE);
    let guard = parent_of(program);
    let owner_pid = Pid::from_child(&owner);
    // Stopped, neither can act on the other's death.
    kill_process(owner_pid, Signal::STOP).unwrap();
    kill_process(guard, Signal::KILL).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    let ended = end_leftovers(&scene.marker(), Some(program), Duration::from_secs(5)).unwrap();
    assert!(ended >= TREE, "{ended}");
    scene.assert_all_gone(Duration::ZERO);
    assert_eq!(end_leftovers(&scene.marker(), Some(program), Duration::from_secs(5)).unwrap(), 0);
}

#[test]
fn leftovers_that_ignore_the_polite_signal_are_killed() {
    let mut scene = Scene::new();
    let mut command = Command::new("sh");
    command.args(["-c", &scene.script("trap '' TERM; say up; while :; do sleep 1000; done")]);
    command.env("ALFINE_RUN", scene.marker());
    let mut child = command.spawn().unwrap();
    scene.hear(1);
    assert_eq!(end_leftovers("another", None, Duration::ZERO).unwrap(), 0);
    assert!(end_leftovers(&scene.marker(), None, Duration::from_millis(100)).unwrap() >= 1);
    assert_eq!(child.wait().unwrap().code(), None);
    scene.assert_all_gone(Duration::ZERO);
}

#[test]
fn a_pid_that_another_process_got_is_not_touched() {
    let scene = Scene::new();
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let identity = ProcessIdentity::of(child.id()).unwrap();
    let earlier = ProcessIdentity { start_time: identity.start_time - 1, ..identity };
    assert_eq!(end_leftovers(&scene.marker(), Some(earlier), Duration::ZERO).unwrap(), 0);
    assert!(is_alive(&identity));
    assert_eq!(end_leftovers(&scene.marker(), Some(identity), Duration::from_secs(5)).unwrap(), 1);
    assert!(!is_alive(&identity));
    child.wait().unwrap();
}

#[test]
fn programs_started_at_the_same_time_do_not_hold_each_others_pipes() {
    let scene = Scene::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut command = scene.command("cat; sleep 1000 &");
                    command.stdin = b"x".to_vec();
                    let mut child = command.spawn().unwrap();
                    assert_eq!(text(child.take_stdout().unwrap()), "x");
                    assert_eq!(child.wait().unwrap(), code(0));
                }
            });
        }
    });
}

/// The session of a process as `/proc` tells it: 0 for one whose leader stands outside of this pid namespace, which
/// `getsid` of rustix cannot say.
fn session_of(process: &str) -> String {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let behind_name = &stat[stat.rfind(')').unwrap() + 2..];
    behind_name.split(' ').nth(3).unwrap().to_owned()
}

#[test]
fn a_detached_process_is_nobodys_child_and_has_its_own_session() {
    let mut scene = Scene::new();
    let script = scene.script("echo out; echo err >&2; say $$ $PPID; exec sleep 1000");
    let log = scene.path().join("logs/run.log");
    let start = |program: &str| {
        let args = ["-c".into(), script.clone().into()];
        detach(
            Path::new(GUARD),
            OsStr::new(program),
            &args,
            &environment(),
            scene.path(),
            Stdio::null(),
            &log,
        )
    };
    assert!(matches!(start("no-such-program"), Err(ProcessError::NotFound { .. })));
    fs::write(&log, "before\n").unwrap();
    start("sh").unwrap();
    let line = scene.hear(1).remove(0);
    let runner: u32 = line.split_once(' ').unwrap().0.parse().unwrap();
    let identity = ProcessIdentity::of(runner).unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap(), "before\nout\nerr\n");

    let runner = pid(identity);
    assert_ne!(session_of(&identity.pid.to_string()), session_of("self"));
    let pidfd = pidfd_open(runner, PidfdFlags::empty()).unwrap();
    kill_process(runner, Signal::KILL).unwrap();
    assert!(wait_readable(&pidfd, EVENTUALLY));
    scene.assert_all_gone(EVENTUALLY);
}

#[test]
fn a_log_that_cannot_be_opened_is_named() {
    let scene = Scene::new();
    let start = |log: &Path| {
        detach(Path::new(GUARD), OsStr::new("true"), &[], &environment(), scene.path(), Stdio::null(), log)
            .unwrap_err()
    };
    for log in [scene.path().to_owned(), scene.path().join("fifo/below/run.log")] {
        assert!(matches!(start(&log), ProcessError::Log { path, .. } if path == log));
    }
}
