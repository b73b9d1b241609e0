//! A long plan and loops that talk a lot cost the editor nothing; a server that nobody needs does nothing.

use super::*;
use std::{fs, path::Path, time::Duration};

const TASKS: usize = 1000;
const LOOPS: usize = 4;
/// What each agent says in a second: as much as its runner, unoptimised, takes in without using up a core. The bench has
/// agents that say 10,000 lines.
const LINES: u32 = 2000;
/// How many requests of each kind are asked while the agents talk.
const SAMPLES: usize = 20;
/// What the server may take at its peak, its binary left out.
const PEAK_KIB: u64 = 40 << 10;

fn long_plan() -> String {
    let task = |n: usize| {
        format!(
            "### US-{n:04}: Add part {n}\n\nWrite part {n}.\n\nAcceptance criteria:\n- [ ] There is a part {n}\n\n"
        )
    };
    "# Plan\n\n".to_owned() + &(1..=TASKS).map(task).collect::<String>()
}

/// Asks for lenses, hovers and actions.
fn ask(editor: &mut Editor) {
    let uri = editor.uri("PLAN.md");
    let document = json!({"uri": uri});
    let at = |n: usize| json!({"line": 2 + 7 * (n * 37 % TASKS), "character": 6});
    for n in 0..SAMPLES {
        for method in ["codeLens", "hover", "codeAction"] {
            let params = match method {
                "codeLens" => json!({"textDocument": document}),
                "hover" => json!({"textDocument": document, "position": at(n)}),
                _ => {
                    let range = json!({"start": at(n), "end": at(n)});
                    json!({"textDocument": document, "range": range, "context": {"diagnostics": []}})
                }
            };
            let answer = editor.ask(&format!("textDocument/{method}"), params).unwrap();
            assert!(!answer.is_null(), "{method}");
        }
    }
}

fn status_of(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_thousand_tasks_and_four_loops_that_talk_all_the_time_are_no_load() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &long_plan())]);
    let over = sandbox.path().join("over");
    sandbox.fake_agent(&json!({"runs": [[{"chatter": {"each_second": LINES, "until": over}}, not_ready()]]}));
    sandbox.settings("[limits]\niterations = 1\n");
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    editor.lens("PLAN.md", "Start loop");
    for n in 1..=LOOPS {
        let task = format!("PLAN.md#US-{n:04}");
        editor
            .execute(
                "alfine.start",
                json!({"uri": uri, "task": task, "options": {"includeUncommitted": false}}),
            )
            .unwrap();
    }
    editor.until("all agents talk", |_| (sandbox.agent_runs().len() == LOOPS).then_some(()));
    ask(&mut editor);
    // Of a debug build, what is mapped of the binary alone is more than half of it; the bench measures a release.
    let peak = status_of(editor.process(), "VmHWM") - status_of(editor.process(), "RssFile");
    fs::write(&over, "").unwrap();
    assert!(peak < PEAK_KIB, "{peak} KiB at the peak");
    for n in 1..=LOOPS {
        let key = format!("PLAN.md#US-{n:04}");
        wait_until(PATIENCE, "its loop rests", || sandbox.task(&key)["status"] == "stopped");
    }
}

/// How often the threads of a process were woken.
fn wake_ups(process: u32) -> u64 {
    let tasks = fs::read_dir(Path::new("/proc").join(process.to_string()).join("task")).unwrap();
    let switches = |thread: fs::DirEntry| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let of = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map_or(0, |number| number.trim().parse::<u64>().unwrap())
        };
        of("voluntary_ctxt_switches:") + of("nonvoluntary_ctxt_switches:")
    };
    tasks.flatten().map(switches).sum()
}

#[test]
fn a_server_that_nobody_needs_does_not_wake_up() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.until("its progress ends", |editor| editor.progress.values().all(|it| it.is_over).then_some(()));
    // What was begun comes to its end first.
    editor.listen(Duration::from_secs(2));
    let before = wake_ups(editor.process());
    editor.listen(Duration::from_secs(5));
    let woken = wake_ups(editor.process()) - before;
    assert!(woken <= 25, "{woken} wake-ups in 5 s");
}
