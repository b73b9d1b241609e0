//! The other process: this test binary again, in a role. It says what it did in lines that begin with `@`.

use super::*;
use std::{
    env,
    io::{self, BufRead, BufReader, Lines, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
};

const ROLE: &str = "ALFINE_STORE_TEST_ROLE";
const FOLDER: &str = "ALFINE_STORE_TEST_FOLDER";
const ARGUMENT: &str = "ALFINE_STORE_TEST_ARGUMENT";

/// The command of a process in this role.
pub(super) fn command(role: &str, folder: &Path, argument: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "tests::processes::other_process", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env(ARGUMENT, argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A process in a role; killed when dropped.
pub(super) struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stdin: Option<ChildStdin>,
}

impl Other {
    pub(super) fn start(role: &str, folder: &Path, argument: &str) -> Self {
        Self::of(&mut command(role, folder, argument))
    }

    pub(super) fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// The next thing it says; `None` if it is gone.
    pub(super) fn says(&mut self) -> Option<String> {
        let said = |line: io::Result<String>| line.unwrap().split_once('@').map(|(_, said)| said.to_owned());
        self.lines.by_ref().find_map(said)
    }

    /// Gives it one byte to read.
    pub(super) fn tell(&mut self) {
        self.stdin.as_mut().unwrap().write_all(b".").unwrap();
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn finish(mut self) {
        drop(self.stdin.take());
        while self.says().is_some() {}
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(what: impl std::fmt::Display) {
    println!("@{what}");
    io::stdout().flush().unwrap();
}

fn wait_for_the_end() {
    // The other side writes nothing, so this ends when it goes.
    let _ = io::stdin().read(&mut [0]);
}

/// What the other tests start as a second process, with a role; without one there is nothing to do.
#[test]
fn other_process() {
    let (Ok(role), Some(folder)) = (env::var(ROLE), env::var_os(FOLDER)) else {
        return;
    };
    let layout = Layout::of_common_dir(Path::new(&folder));
    let argument = env::var(ARGUMENT).unwrap();
    match role.as_str() {
        "append" => {
            let mut store = Store::open(&layout).unwrap().store;
            for n in 0..40 {
                let append_two = |tx: &Tx<'_>| {
                    append(tx, &json!({ "writer": argument, "n": 2 * n }))?;
                    append(tx, &json!({ "writer": argument, "n": 2 * n + 1 }))
                };
                store.write(append_two).unwrap();
            }
        }
        "die-in-a-transaction" => {
            let mut store = Store::open(&layout).unwrap().store;
            let filler = "x".repeat(500);
            let dies = store.write(|tx| {
                // More than the page cache holds, so that some of it reaches the log before any commit.
                for _ in 0..20_000 {
                    append(tx, &json!(filler))?;
                }
                say("in the middle");
                wait_for_the_end();
                Err::<(), _>(StoreError::LockLost(LoopId::generate()))
            });
            dies.unwrap_err();
        }
        "commit-for-ever" => {
            let mut store = Store::open(&layout).unwrap().store;
            loop {
                say(store.write(|tx| append(tx, &json!({}))).unwrap());
            }
        }
        "commit-when-told" => {
            let mut store = Store::open(&layout).unwrap().store;
            say("ready");
            while let Ok(1) = io::stdin().read(&mut [0]) {
                store.write(|tx| append(tx, &json!(Millis::now().0))).unwrap();
                say("done");
            }
        }
        "hold" => {
            let _lock = LoopLock::acquire(&layout, &argument.parse().unwrap()).unwrap();
            say("held");
            wait_for_the_end();
        }
        "take-over" => {
            let lock = LoopLock::from_stdin(&layout, &argument.parse().unwrap()).unwrap();
            lock.check().unwrap();
            say(std::process::id());
            loop {
                std::thread::park();
            }
        }
        "open" => match Store::open(&layout) {
            Ok(_) => say("opened"),
            Err(error) => {
                say(format!("Store: {error}; {}", serde_json::to_value(error.hint()).unwrap()));
            }
        },
        "write-a-lot-on-a-small-disk" => {
            let mut store = Store::open(&layout).unwrap().store;
            let over = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal_hook::consts::SIGXFSZ, over).unwrap();
            let limit = rustix::process::Rlimit { current: Some(400 << 10), maximum: None };
            rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
            let filler = "x".repeat(1000);
            for n in 1.. {
                let several = |tx: &Tx<'_>| (0..20).try_for_each(|_| append(tx, &json!(filler)).map(drop));
                if let Err(error) = store.write(several) {
                    assert!(matches!(error, StoreError::Disk { .. }), "{error:?}");
                    let last = store.last_seq().unwrap();
                    assert_eq!(last, (n - 1) * 20);
                    say(last);
                    break;
                }
            }
        }
        other => panic!("no such role: {other}"),
    }
}

#[test]
fn several_processes_write_at_once_and_the_order_has_no_gap() {
    let place = Place::new();
    let writers: Vec<Other> =
        ["a", "b", "c", "d"].map(|name| Other::start("append", place.folder.path(), name)).into();
    writers.into_iter().for_each(Other::finish);

    let events = place.store().events_after(0, usize::MAX).unwrap();
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=320).collect::<Vec<_>>());
    for writer in ["a", "b", "c", "d"] {
        let of_writer = events.iter().filter(|event| event.payload["writer"] == writer);
        let order: Vec<i64> = of_writer.map(|event| event.payload["n"].as_i64().unwrap()).collect();
        assert_eq!(order, (0..80).collect::<Vec<_>>(), "{writer}");
    }
    for pair in events.chunks(2) {
        assert_eq!(pair[0].payload["writer"], pair[1].payload["writer"], "a transaction is not torn apart");
    }
}

#[test]
fn a_writer_killed_in_a_transaction_leaves_nothing_of_it_and_is_in_nobodys_way() {
    let place = Place::new();
    let mut store = place.store();
    store.write(|tx| append(tx, &json!("before"))).unwrap();
    let mut other = Other::start("die-in-a-transaction", place.folder.path(), "");
    assert_eq!(other.says().as_deref(), Some("in the middle"));
    other.kill();

    assert_eq!(store.write(|tx| append(tx, &json!("after"))).unwrap(), 2);
    drop(store);
    let opened = Store::open(&place.layout).unwrap();
    assert_eq!(opened.recovered, None);
    let verdict = |sql: &str| opened.store.connection().query_row(sql, [], |row| row.get::<_, String>(0));
    assert_eq!(verdict("PRAGMA integrity_check").unwrap(), "ok");
    let payloads: Vec<Value> =
        opened.store.events_after(0, 10).unwrap().into_iter().map(|event| event.payload).collect();
    assert_eq!(payloads, [json!("before"), json!("after")]);
}

#[test]
fn what_was_committed_survives_a_kill() {
    let place = Place::new();
    let mut other = Other::start("commit-for-ever", place.folder.path(), "");
    let mut last = 0;
    for _ in 0..200 {
        last = other.says().unwrap().parse().unwrap();
    }
    other.kill();
    assert!(place.store().last_seq().unwrap() >= last, "{last}");
}

#[test]
fn a_disk_that_takes_no_more_is_an_error_and_keeps_what_was_committed() {
    let place = Place::new();
    let mut other = Other::start("write-a-lot-on-a-small-disk", place.folder.path(), "");
    let last: i64 = other.says().unwrap().parse().unwrap();
    other.finish();
    assert!(last > 0);
    assert_eq!(place.store().last_seq().unwrap(), last);
}
