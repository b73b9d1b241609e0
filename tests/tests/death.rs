//! Whoever dies around a loop, whenever it dies: nothing of the agent is left, nothing that was written down is lost, and
//! the loop goes on to its end.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_tests::{
    records::check_records,
    sandbox::{PATIENCE, Running, Sandbox, wait_until},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

const KEY: &str = "PLAN.md#US-001";
const PLAN: &str = "# Shop\n\n### US-001: Greet\n\nWrite it.\n\n**Acceptance Criteria:**\n\n- [ ] It greets: `test -f greeting.txt`\n";
const RUN: [&str; 4] = ["run", KEY, "--trust", "--json"];
const CONTINUE: [&str; 4] = ["continue", KEY, "--trust", "--json"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.settings("[limits]\nretry_backoff = \"50ms\"\n");
    sandbox
}

fn greet() -> Value {
    json!([{"write": {"path": "greeting.txt", "content": "hello\n"}},
        {"gate": {"ready": true, "progress": "wrote it"}}, {"result": {"input": 10, "output": 5, "cost": 0.01}}])
}

/// A run that leaves a tool in a session of its own and a daemon behind, and hangs.
fn hang(sandbox: &Sandbox) -> (Value, PathBuf) {
    let sign = sandbox.path().join("working");
    let daemon = sandbox.path().join("daemon");
    let run = json!([{"text": "I begin."}, {"write": {"path": "half.txt", "content": "half\n"}},
        {"background": {"pid_file": sandbox.path().join("tool"), "ignore_sigterm": true}},
        {"wait_for": sandbox.path().join("tool")},
        {"shell": format!("(setsid sh -c 'sh -c \"echo \\$\\$ > {0}; sleep 600\" &' &); while ! test -s {0}; do sleep 0.01; done", daemon.display())},
        {"touch": sign}, {"shell": "sleep 600"}]);
    (run, sign)
}

#[track_caller]
fn wait_for(path: &Path) {
    wait_until(PATIENCE, &format!("{} is there", path.display()), || path.exists());
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

/// The guards among a sandbox's agent processes.
fn guards(sandbox: &Sandbox) -> Vec<u32> {
    sandbox
        .agent_processes()
        .into_iter()
        .filter(|(_, line)| line.contains(" guard "))
        .map(|(pid, _)| pid)
        .collect()
}

/// Looks once, as a user would, and fails unless nothing of the agent is left then.
#[track_caller]
fn look_and_find_interrupted(sandbox: &Sandbox, name: &str) {
    let task = sandbox.task(KEY);
    assert_eq!(task["status"], "interrupted", "{name}: {task}");
    wait_until(PATIENCE, "nothing of the agent is left", || sandbox.agent_processes().is_empty());
}

/// What holds once the loop is done.
#[track_caller]
fn check_done(sandbox: &Sandbox, task: &Value) {
    assert_eq!(task["status"], "done", "{task}");
    check_records(sandbox);
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["show", &format!("{branch}:greeting.txt")]), "hello");
    assert_eq!(sandbox.git(&["status", "--porcelain", "-uall"]), "", "the user's tree was touched");
    let db = sandbox.database();
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
    assert_eq!(number("SELECT count(*) FROM run WHERE ended_at IS NULL"), 0.0);
    let loops = number("SELECT coalesce(sum(cost_usd), 0) FROM loop");
    let runs = number("SELECT coalesce(sum(json_extract(usage, '$.cost_usd')), 0) FROM run");
    assert!(loops + 1e-9 >= runs, "a loop that cost {loops} had runs that cost {runs}");
    assert!(sandbox.agent_processes().is_empty());
}

#[track_caller]
fn continue_to_done(sandbox: &Sandbox) {
    let ran = sandbox.alfine(&CONTINUE).expect(0);
    check_done(sandbox, &ran.task());
}

fn run_until_it_works(sandbox: &mut Sandbox) -> Running {
    let (run, sign) = hang(sandbox);
    sandbox.fake_agent(&json!({"runs": [run, greet()]}));
    let running = sandbox.start(&RUN);
    wait_for(&sign);
    running
}

#[test]
fn a_killed_runner_leaves_nothing_and_loses_nothing() {
    let mut sandbox = sandbox();
    let running = run_until_it_works(&mut sandbox);
    running.kill_9();
    look_and_find_interrupted(&sandbox, "runner");
    check_records(&sandbox);
    continue_to_done(&sandbox);
}

#[test]
fn a_runner_that_is_killed_with_its_guard_leaves_nothing() {
    let mut sandbox = sandbox();
    let running = run_until_it_works(&mut sandbox);
    for guard in guards(&sandbox) {
        signal(guard, Signal::KILL);
    }
    running.kill_9();
    look_and_find_interrupted(&sandbox, "runner and guard");
    continue_to_done(&sandbox);
}

#[test]
fn a_killed_guard_takes_the_agent_with_it_and_the_loop_goes_on() {
    let mut sandbox = sandbox();
    let running = run_until_it_works(&mut sandbox);
    let guards = guards(&sandbox);
    assert_eq!(guards.len(), 1);
    signal(guards[0], Signal::KILL);
    let ran = running.finish().expect(0);
    check_done(&sandbox, &ran.task());
}

#[test]
fn a_killed_agent_is_run_again() {
    let mut sandbox = sandbox();
    let running = run_until_it_works(&mut sandbox);
    signal(u32::try_from(sandbox.agent_runs()[0]["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    let ran = running.finish().expect(0);
    check_done(&sandbox, &ran.task());
    assert_eq!(sandbox.agent_runs().len(), 2);
}

/// Runs the task, and kills its runner when the sign is there; first its guards, where they are to die too.
fn run_and_kill_at(sandbox: &Sandbox, sign: &Path, with_guard: bool) {
    let running = sandbox.start(&RUN);
    wait_for(sign);
    if with_guard {
        guards(sandbox).into_iter().for_each(|guard| signal(guard, Signal::KILL));
    }
    running.kill_9();
}

#[test]
fn a_runner_that_dies_while_a_check_runs_leaves_no_check_behind() {
    for with_guard in [false, true] {
        let mut sandbox = sandbox();
        let (sign, go) = (sandbox.path().join("checking"), sandbox.path().join("go"));
        let check =
            format!("test -f {1} || {{ touch {0}; setsid sleep 600; }}", sign.display(), go.display());
        sandbox.write("PLAN.md", &PLAN.replace("test -f greeting.txt", &check));
        sandbox.git(&["commit", "-qam", "slow check"]);
        sandbox.fake_agent(&json!({"runs": [greet()]}));
        run_and_kill_at(&sandbox, &sign, with_guard);
        look_and_find_interrupted(&sandbox, "while a check runs");
        fs::write(&go, "").unwrap();
        continue_to_done(&sandbox);
        assert_eq!(sandbox.agent_runs().len(), 1, "only the check was to run again");
    }
}

#[test]
fn a_runner_that_dies_while_the_worktree_is_set_up_sets_it_up_again() {
    for with_guard in [false, true] {
        let mut sandbox = sandbox();
        let (sign, go) = (sandbox.path().join("setting-up"), sandbox.path().join("go"));
        let setup = format!(
            "test -f {1} || {{ touch {0}; setsid sleep 600; }}; touch set-up",
            sign.display(),
            go.display()
        );
        sandbox.write("alfine.toml", &format!("[worktree]\nsetup = {setup:?}\n"));
        sandbox.write(".gitignore", "set-up\n");
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "setup"]);
        sandbox.fake_agent(&json!({"runs": [greet()]}));
        run_and_kill_at(&sandbox, &sign, with_guard);
        look_and_find_interrupted(&sandbox, "during setup");
        fs::write(&go, "").unwrap();
        let ran = sandbox.alfine(&CONTINUE).expect(0);
        assert!(PathBuf::from(ran.task()["worktree"].as_str().unwrap()).join("set-up").exists());
        check_done(&sandbox, &ran.task());
    }
}

#[test]
fn a_runner_that_dies_while_it_waits_for_a_usage_limit_keeps_the_time() {
    let mut sandbox = sandbox();
    sandbox.fake_agent(&json!({"runs": [[
        {"rate_limit": {"status": "rejected", "resets_at": "now+3600"}},
        {"result": {"error": "rate_limit", "status": 429, "text": "You have hit your limit", "cost": 0.5, "input": 7}}], greet()]}));
    let running = sandbox.start(&RUN);
    wait_until(PATIENCE, "it waits", || sandbox.task(KEY)["status"] == "waiting");
    let until = sandbox.task(KEY)["waitingUntil"].clone();
    assert!(until.is_i64(), "{until}");
    running.kill_9();
    let task = sandbox.task(KEY);
    assert_eq!((&task["status"], &task["waitingUntil"]), (&json!("interrupted"), &until));
    assert_eq!(task["costUsd"], json!(0.5));
    check_records(&sandbox);
}

#[test]
fn a_signal_pauses_a_loop_and_ends_its_agent() {
    for name in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut sandbox = sandbox();
        let running = run_until_it_works(&mut sandbox);
        signal(running.pid(), name);
        let ran = running.finish().expect(3);
        assert_eq!(ran.task()["status"], "paused");
        assert!(sandbox.agent_processes().is_empty());
        check_records(&sandbox);
        continue_to_done(&sandbox);
    }
}

#[test]
fn a_signal_ends_the_setup_of_a_worktree() {
    let mut sandbox = sandbox();
    let sign = sandbox.path().join("setting-up");
    sandbox.write("alfine.toml", &format!("[worktree]\nsetup = \"touch {}; sleep 600\"\n", sign.display()));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "setup"]);
    sandbox.fake_agent(&json!({"runs": [greet()]}));
    let running = sandbox.start(&RUN);
    wait_for(&sign);
    signal(running.pid(), Signal::TERM);
    let ran = running.finish().expect(3);
    assert!(["paused", "interrupted"].contains(&ran.task()["status"].as_str().unwrap()), "{}", ran.stdout);
    assert!(sandbox.agent_processes().is_empty());
}

#[test]
fn a_killed_background_runner_is_found_interrupted() {
    let mut sandbox = sandbox();
    let (run, sign) = hang(&sandbox);
    sandbox.fake_agent(&json!({"runs": [run, greet()]}));
    sandbox.alfine(&["start", KEY, "--trust"]).expect(0);
    wait_for(&sign);
    let locks = fs::read_dir(sandbox.repo().join(".git/alfine/locks")).unwrap();
    let signed = locks
        .flatten()
        .map(|lock| fs::read_to_string(lock.path()).unwrap())
        .find(|line| line.starts_with("process "));
    let pid = signed.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    signal(pid, Signal::KILL);
    wait_until(PATIENCE, "the kernel took its lock back", || sandbox.task(KEY)["status"] == "interrupted");
    look_and_find_interrupted(&sandbox, "background runner");
    continue_to_done(&sandbox);
}

#[test]
fn of_two_runs_at_the_same_moment_one_runs_and_the_other_says_who() {
    for _ in 0..10 {
        let mut sandbox = sandbox();
        let (begun, go) = (sandbox.path().join("begun"), sandbox.path().join("go"));
        let mut run = vec![json!({"touch": begun}), json!({"wait_for": go})];
        run.extend(greet().as_array().unwrap().iter().cloned());
        sandbox.fake_agent(&json!({"runs": [run]}));
        let (one, two) = (sandbox.start(&RUN), sandbox.start(&RUN));
        wait_for(&begun);
        // The one that was refused ends by itself; the other one waits for this file.
        let refused = std::thread::scope(|scope| {
            let ends = [one, two].map(|running| scope.spawn(move || running.finish()));
            wait_until(PATIENCE, "one of them was refused", || {
                ends.iter().any(std::thread::ScopedJoinHandle::is_finished)
            });
            fs::write(&go, "").unwrap();
            let ends = ends.map(|end| end.join().unwrap());
            let [done, refused] = match ends {
                [one, two] if one.code() == 0 => [one, two],
                [one, two] => [two, one],
            };
            assert_eq!(done.expect(0).task()["status"], "done");
            refused
        });
        let refused = refused.expect(2);
        assert!(
            refused.stderr.contains("running already") && refused.stderr.contains("process "),
            "{}",
            refused.stderr
        );
        assert_eq!(sandbox.agent_runs().len(), 1);
        check_records(&sandbox);
    }
}

#[test]
fn several_that_look_at_a_dead_loop_at_once_agree() {
    let mut sandbox = sandbox();
    run_until_it_works(&mut sandbox).kill_9();
    let looking: Vec<Running> = (0..4).map(|_| sandbox.start(&["status", KEY, "--json"])).collect();
    for ran in looking.into_iter().map(Running::finish) {
        let ran = ran.expect(0);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(status["tasks"][0]["status"], "interrupted");
    }
    assert!(sandbox.agent_processes().is_empty());
    let marked: i64 = sandbox
        .database()
        .query_row("SELECT count(*) FROM event WHERE kind = 'loop_interrupted'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(marked, 1);
    continue_to_done(&sandbox);
}

#[test]
fn a_plan_goes_on_when_an_update_takes_the_program_away() {
    const PLAN: &str =
        "# P\n\n### US-001: One\n\n- [ ] a: `test -f 1.txt`\n\n### US-002: Two\n\n- [ ] b: `test -f 2.txt`\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let [begun, go] = ["begun", "go"].map(|name| sandbox.path().join(name));
    let first = json!([{"touch": begun}, {"wait_for": go}, {"write": {"path": "1.txt", "content": "1"}}, {"gate": {"ready": true}}]);
    let second = json!([{"write": {"path": "2.txt", "content": "2"}}, {"gate": {"ready": true}}]);
    sandbox.fake_agent(&json!({"runs": [first, second]}));
    let copy = sandbox.path().join("alfine-of-today");
    // By another process: a test that forks meanwhile would hold a file open that was written here ("text file busy").
    let copied = sandbox.command("cp").arg(alfine_tests::sandbox::alfine()).arg(&copy).status().unwrap();
    assert!(copied.success());
    let started = sandbox.command(&copy).args(["start", "PLAN.md", "--trust"]).status().unwrap();
    assert!(started.success());
    wait_for(&begun);
    std::fs::write(sandbox.path().join("another"), "another build").unwrap();
    std::fs::rename(sandbox.path().join("another"), &copy).unwrap();
    std::fs::write(go, "").unwrap();
    wait_until(PATIENCE, "the second is done", || sandbox.task("PLAN.md#US-002")["status"] == "done");
    assert_eq!(sandbox.task(KEY)["status"], "done");
}
