//! Bad input is normal input: full disks, broken databases, floods, broken agents, plans and settings. Nothing panics,
//! nothing grows, and every message names the place.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_tests::sandbox::{Ran, Sandbox, alfine, wait_until};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

const KEY: &str = "PLAN.md#US-001";
const PLAN: &str = "# Shop\n\n### US-001: Greet\n\nWrite it.\n\n**Acceptance Criteria:**\n\n- [ ] It greets: `test -f greeting.txt`\n";
const RUN: [&str; 4] = ["run", KEY, "--trust", "--json"];

fn sandbox(before: &[Value]) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let mut run = before.to_vec();
    run.extend([
        json!({"write": {"path": "greeting.txt", "content": "hello\n"}}),
        json!({"gate": {"ready": true, "progress": "wrote it"}}),
        json!({"result": {"input": 1, "output": 1, "cost": 0.01}}),
    ]);
    sandbox.fake_agent(&json!({"runs": [run]}));
    sandbox
}

#[track_caller]
fn calm(ran: Ran) -> Ran {
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert!(ran.status.code().is_some(), "{:?}", ran.status);
    ran
}

#[test]
fn a_gigabyte_on_one_line_takes_no_memory() {
    for tool_result in [true, false] {
        let hold = |sandbox: &Sandbox| (sandbox.path().join("flooded"), sandbox.path().join("go"));
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
        let (flooded, go) = hold(&sandbox);
        sandbox.fake_agent(&json!({"runs": [[{"flood": {"megabytes": 1000, "tool_result": tool_result}}, {"touch": flooded}, {"wait_for": go},
            {"write": {"path": "greeting.txt", "content": "hello\n"}}, {"gate": {"ready": true}}, {"result": {"cost": 0.01}}]]}));
        let running = sandbox.start(&RUN);
        wait_until(Duration::from_secs(120), "the flood is over", || flooded.exists());
        let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
        let peak: u64 = peak.trim_end_matches(" kB").parse().unwrap();
        println!("1 GB on one line (tool result: {tool_result}): peak of the runner {} MB", peak / 1024);
        fs::write(go, "").unwrap();
        assert_eq!(calm(running.finish()).expect(0).task()["status"], "done");
        assert!(peak < 100 * 1024, "{peak} kB");
    }
}

#[test]
fn odd_streams_do_not_stop_a_loop() {
    let deep = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let lines = "{\"type\":\"system\",\"subtype\":\"other\"}\n".repeat(200_000);
    for (name, step) in [
        ("not UTF-8", json!({"bytes": [0xff, 0xfe, 0x80, 10, 0, 0, 10]})),
        ("nesting", json!({"raw": deep})),
        ("many lines", json!({"raw": lines})),
        (
            "a gate of 10 MB",
            json!({"text": format!("<COMPLETION_GATE>\nready: true\nreason: \"{}\"\n</COMPLETION_GATE>", "x".repeat(10 << 20))}),
        ),
    ] {
        let sandbox = sandbox(&[step]);
        let ran = calm(sandbox.alfine(&RUN)).expect(0);
        assert_eq!(ran.task()["status"], "done", "{name}");
    }
}

#[test]
fn an_agent_that_does_nothing_ends_in_words() {
    for (script, code) in [
        ("exit 0", 3),
        ("exit 1", 3),
        ("exit 127", 4),
        ("exec >&-; cat > /dev/null; exit 0", 3),
        ("exit 0 < /dev/null", 3),
    ] {
        let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
        let agent = sandbox.path().join("agent");
        fs::write(&agent, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
        sandbox.settings(&format!("[agents.claude]\ncommand = {:?}\n", agent.display().to_string()));
        let task = calm(sandbox.alfine(&RUN)).expect(code).task();
        println!("{script}: {} {}", task["status"], task["reason"]);
        assert!(task["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{task}");
    }
}

#[test]
fn an_agent_that_cannot_be_started_is_something_for_the_user() {
    for (mode, words) in [(None, "does not exist"), (Some(0o644), "not executable")] {
        let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
        let agent = sandbox.path().join("agent");
        if let Some(mode) = mode {
            fs::write(&agent, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&agent, fs::Permissions::from_mode(mode)).unwrap();
        }
        sandbox.settings(&format!("[agents.claude]\ncommand = {:?}\n", agent.display().to_string()));
        let task = calm(sandbox.alfine(&RUN)).expect(4).task();
        assert!(task["reason"].as_str().unwrap().contains(words), "{task}");
    }
}

#[test]
fn a_broken_database_is_kept_aside_and_a_newer_one_left_alone() {
    let sandbox = sandbox(&[]);
    sandbox.alfine(&RUN).expect(0);
    let path = sandbox.repo().join(".git/alfine/state.db");
    sandbox.database().pragma_update(None, "user_version", 999).unwrap();
    let ran = calm(sandbox.alfine(&["status"])).expect(1);
    assert!(ran.stderr.contains("state.db") && ran.stderr.contains('→'), "{}", ran.stderr);
    fs::write(&path, vec![0x5a; 100_000]).unwrap();
    let ran = calm(sandbox.alfine(&["status"])).expect(0);
    assert!(
        format!("{}{}", ran.stdout, ran.stderr).contains("state.db.corrupt-"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let kept = fs::read_dir(path.parent().unwrap()).unwrap().flatten();
    assert!(
        kept.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("state.db.corrupt-"))
    );
}

#[test]
fn a_locked_database_is_said_with_its_place() {
    let sandbox = sandbox(&[]);
    sandbox.alfine(&["status"]).expect(0);
    let database = sandbox.database();
    database.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let ran = calm(sandbox.alfine(&RUN));
    assert_ne!(ran.code(), 0);
    assert!(ran.stderr.contains("state.db") && ran.stderr.contains('→'), "{}", ran.stderr);
}

#[test]
fn a_full_disk_ends_in_words_and_the_loop_goes_on_when_there_is_room() {
    let sandbox = sandbox(&[]);
    for blocks in [0, 8, 64, 256] {
        let script =
            format!("ulimit -f {blocks}; trap '' XFSZ; exec {} run {KEY} --trust --json", alfine().display());
        let ran: Ran = sandbox.command("sh").args(["-c", &script]).output().unwrap().into();
        let ran = calm(ran);
        println!("{blocks} blocks: {} {}", ran.code(), ran.stderr.lines().next().unwrap_or_default());
        assert!(sandbox.agent_processes().is_empty());
    }
    let ran = sandbox.alfine(&RUN);
    let task = if ran.code() == 0 {
        ran
    } else {
        calm(sandbox.alfine(&["continue", KEY, "--trust", "--json"])).expect(0)
    };
    assert_eq!(task.task()["status"], "done");
}

#[test]
fn odd_plans_are_read_or_refused_in_words() {
    let tasks: String =
        (0..10_000).map(|n| format!("### US-{n:05}: Task {n}\n\n- [ ] Works: `true`\n\n")).collect();
    let long = format!("# Long\n\n{}", "some words of a long plan\n".repeat(100_000));
    for (name, plan, code) in [
        ("tasks", tasks.into_bytes(), 0),
        ("long", long.into_bytes(), 0),
        ("nul", b"# A\n\n### US-001: A\0B\n".to_vec(), 0),
        ("latin", b"# A\n\n### US-001: Gr\xfc\xdfe\n".to_vec(), 2),
        ("fence", b"# A\n\n### US-001: A\n\n```sh\n- [ ] x\n".to_vec(), 0),
    ] {
        let sandbox = sandbox(&[]);
        fs::write(sandbox.repo().join("PLAN.md"), plan).unwrap();
        let ran = calm(sandbox.alfine(&["status", "PLAN.md"]));
        assert!(
            ran.code() == code,
            "{name}: {} {}",
            ran.code(),
            ran.stderr.chars().take(500).collect::<String>()
        );
    }
}

#[test]
fn odd_task_ids_make_valid_branches() {
    for id in ["a/b", "..", "-x", "--help", "a.lock", "\u{1f600}", "a..b", "@{x"] {
        let sandbox = sandbox(&[]);
        sandbox
            .write("PLAN.md", &format!("# Shop\n\n## Tasks\n\n- [ ] {id} {}\n", "long title ".repeat(100)));
        let ran = calm(sandbox.alfine(&["run", "PLAN.md", "--trust", "--json", "--single-task"]));
        assert_eq!(ran.code(), 0, "{id}: {}", ran.stderr);
        let branch = ran.task()["branch"].as_str().unwrap().to_owned();
        sandbox.git(&["check-ref-format", "--branch", &branch]);
        sandbox.git(&["rev-parse", "--verify", &branch]);
    }
}

#[test]
fn odd_settings_are_refused_or_warned_of_with_their_place() {
    for (text, code, words) in [
        ("agent = [unclosed\n".to_owned(), 2, "alfine.toml:1"),
        ("[limits]\niterations = \"many\"\n".to_owned(), 2, "alfine.toml:2"),
        ("[limits]\niteratons = 3\n".to_owned(), 2, "iterations"),
        ("[lint]\nmax_fils = 3\n".to_owned(), 0, "max_files"),
        (format!("x = {}{}\n", "[".repeat(10_000), "]".repeat(10_000)), 2, "alfine.toml"),
        (format!("x = \"{}\"\n", "y".repeat(10 << 20)), 2, "alfine.toml"),
    ] {
        let sandbox = sandbox(&[]);
        sandbox.write("alfine.toml", &text);
        let ran = calm(sandbox.alfine(&RUN));
        let start: String = text.chars().take(40).collect();
        assert!(ran.stderr.contains(words), "{start}: {}", ran.stderr.chars().take(1000).collect::<String>());
        assert_eq!(ran.code(), code, "{start}");
    }
}
