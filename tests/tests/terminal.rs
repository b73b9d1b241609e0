//! What a person sees of the program in a terminal: a pseudo-terminal with its screen.

#![allow(clippy::unwrap_used)]

use alfine_tests::{
    sandbox,
    sandbox::Sandbox,
    scenario::{ready, with_plan, write},
};
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::json;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    num::NonZero,
    path::Path,
    process::Child,
};

const COLUMNS: NonZero<u16> = NonZero::new(110).unwrap();
const ROWS: NonZero<u16> = NonZero::new(200).unwrap();

/// Runs the program in a terminal to its end, types ahead, and returns the lines of the screen.
fn screen_of(sandbox: &Sandbox, arguments: &[&str], typed: &str) -> Vec<String> {
    let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
    let (bytes, success) = printed(sandbox, arguments, &[], typed);
    screen.process(&bytes);
    assert!(success);
    screen.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().to_owned()).collect()
}

/// Begins to run the program in a terminal, and returns it with the other end.
fn begun(sandbox: &Sandbox, arguments: &[&str], env: &[(&str, &str)]) -> (Child, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = OpenOptions::new().read(true).write(true).open(Path::new(&name)).unwrap();
    tcsetwinsize(&theirs, Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 })
        .unwrap();
    let mut command = sandbox.command(sandbox::alfine());
    command.args(arguments).env("TERM", "xterm-256color").env_remove("NO_COLOR").envs(env.iter().copied());
    command.stdin(theirs.try_clone().unwrap()).stdout(theirs.try_clone().unwrap()).stderr(theirs);
    (command.spawn().unwrap(), File::from(ours))
}

/// Runs the program in a terminal until it says something, interrupts it then, and returns what it printed.
fn interrupted_at(sandbox: &Sandbox, arguments: &[&str], said: &str) -> String {
    let (mut child, mut ours) = begun(sandbox, arguments, &[]);
    let (mut bytes, mut all, mut is_interrupted) = ([0; 4096], Vec::new(), false);
    while let Ok(read @ 1..) = ours.read(&mut bytes) {
        all.extend_from_slice(&bytes[..read]);
        if !is_interrupted && String::from_utf8_lossy(&all).contains(said) {
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
            is_interrupted = true;
        }
    }
    assert!(!child.wait().unwrap().success());
    String::from_utf8_lossy(&all).into_owned()
}

/// Runs the program in a terminal to its end, types ahead, and returns what it printed and whether it succeeded.
fn printed(sandbox: &Sandbox, arguments: &[&str], env: &[(&str, &str)], typed: &str) -> (Vec<u8>, bool) {
    let (mut child, mut ours) = begun(sandbox, arguments, env);
    let (mut bytes, mut all) = ([0; 4096], Vec::new());
    ours.write_all(typed.as_bytes()).unwrap();
    // Linux tells the end of the other side by an error.
    while let Ok(read @ 1..) = ours.read(&mut bytes) {
        all.extend_from_slice(&bytes[..read]);
    }
    (all, child.wait().unwrap().success())
}

#[test]
fn what_is_printed_has_colours_in_a_terminal_that_shows_them_and_nowhere_else() {
    const PLAN: &str = "# P\n\n### T1: One\nDepends on: T9\n- [ ] a: `test -e a`\n";
    let sandbox = with_plan(PLAN, json!([[ready()]]));
    sandbox.write("message.txt", "<COMPLETION_GATE>\nready: false\nreason: no\n</COMPLETION_GATE>");
    for command in
        [&["gate", "message.txt"][..], &["status"], &["lint", "PLAN.md"], &["doctor"], &["log", "PLAN.md#T1"]]
    {
        let has_colours = |env: &[(&str, &str)]| printed(&sandbox, command, env, "").0.contains(&b'\x1b');
        assert!(has_colours(&[]), "{command:?}");
        assert!(!has_colours(&[("NO_COLOR", "1")]), "{command:?}");
        assert!(!has_colours(&[("TERM", "dumb")]), "{command:?}");
        let piped = sandbox.alfine(command);
        assert!(!piped.stdout.contains('\x1b') && !piped.stderr.contains('\x1b'), "{command:?}");
    }
}

#[test]
fn the_demo_leaves_nothing_of_its_moving_line_behind() {
    let sandbox = Sandbox::new();
    let seen = screen_of(&sandbox, &["demo"], "");
    let merged: Vec<usize> = (0..seen.len()).filter(|&n| seen[n].starts_with("✓ merged into main")).collect();
    assert_eq!(merged.len(), 2, "{}", seen.join("\n"));
    for merged in merged {
        assert_eq!(seen[merged + 1], "", "{}", seen.join("\n"));
    }
    assert!(!seen.iter().any(|line| line.contains("running the checks")), "{}", seen.join("\n"));
    assert!(seen.iter().any(|line| line.starts_with("played in ")), "{}", seen.join("\n"));
}

#[test]
fn who_runs_a_whole_plan_is_asked_before_it_and_never_again() {
    let plan = "# P\n\n### T1: One\n\n- [ ] a: `test -e a`\n\n### T2: Two\n\n- [ ] b: `test -e b`\n";
    let sandbox = with_plan(plan, json!([[write("a", "1"), ready()], [write("b", "1"), ready()]]));
    sandbox.write("notes.txt", "not committed\n");
    // An empty line answers "no" to a question that must not come.
    let seen = screen_of(&sandbox, &["run", "PLAN.md"], "y\ni\n\n\n");
    let asked = |words: &str| seen.iter().filter(|line| line.contains(words)).count();
    assert_eq!(
        (asked("Allow these commands"), asked("[i]nclude it"), asked("is done")),
        (1, 1, 2),
        "{}",
        seen.join("\n")
    );
    for (task, file) in [("T1", "a"), ("T2", "b")] {
        let branch = format!("alfine/PLAN/{task}");
        let files = sandbox.git(&["ls-tree", "--name-only", &branch]);
        assert!(files.contains("notes.txt") && files.lines().any(|name| name == file), "{files}");
    }
}

#[test]
fn who_has_an_idea_is_asked_and_may_mistype() {
    let mut sandbox = Sandbox::with_repository(&[("a.txt", "a\n")]);
    let asked = json!({"questions": [{"question": "Where?", "options": ["a file", "a table"]}]});
    let plan = json!({"title": "Coupons", "goal": "", "tasks": [{"id": "T1", "title": "Add it",
        "criteria": [{"text": "It is there", "command": "grep -q b a.txt"}]}]});
    sandbox.fake_agent(&json!({
        "runs": [[{"text": plan.to_string()}]],
        "parts": [{"prompt": "ask the user three to five questions", "runs": [[{"text": asked.to_string()}]]}],
    }));
    let seen = screen_of(&sandbox, &["plan", "new", "use coupons"], "1C\n1b in db/\n").join("\n");
    assert!(seen.contains("1. Where?") && seen.contains("   B. a table"), "{seen}");
    assert!(seen.contains("there is no answer 1C") && seen.contains("T1 Add it"), "{seen}");
    let prompts = sandbox.agent_runs();
    let told = prompts[1]["prompt"].as_str().unwrap();
    assert!(told.contains("1. Where?\n   a table\nBesides: in db/"), "{told}");
}

#[test]
fn ctrl_c_at_a_question_ends_it_and_writes_nothing() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", "# Shop\n\n### T1: All\n\nMuch.\n")]);
    let asked = json!({"questions": [{"question": "Where?", "options": ["a file", "a table"]}]});
    let task = |id: &str| json!({"id": id, "title": format!("Part {id}"), "criteria": [{"text": "It is there", "command": "test -f a"}]});
    let parts = json!({"title": "", "goal": "", "tasks": [task("a"), task("b")]});
    sandbox.fake_agent(&json!({
        "runs": [[{"text": parts.to_string()}]],
        "parts": [{"prompt": "ask the user three to five questions", "runs": [[{"text": asked.to_string()}]]}],
    }));
    let before = sandbox.read("PLAN.md");
    for (arguments, question) in [
        (&["plan", "new", "use coupons"][..], "Your answers"),
        (&["plan", "split", "PLAN.md#T1"], "Write this into PLAN.md?"),
    ] {
        let seen = interrupted_at(&sandbox, arguments, question);
        assert!(seen.contains(question), "{seen}");
    }
    assert_eq!(sandbox.read("PLAN.md"), before);
    assert_eq!(sandbox.agent_runs().len(), 2, "nothing more is asked of the agent");
}
