//! Ways to game a check, and honest loops beside them, each as a small file of data: the repository, the plan, what the agent
//! does in each of its runs, and what must come of it. A game never ends as done, and what did it is named at its file; an
//! honest loop ends as done and asks nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it plays, and fails by panicking"
)]

use alfine_tests::{sandbox::Sandbox, scenario::ready};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

const TASK: &str = "PLAN.md#T1";

/// One loop.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the agent does, in a sentence.
    says: String,
    /// The repository's files.
    files: BTreeMap<String, String>,
    /// The task's text below its heading.
    task: String,
    /// A shell script for each run of the agent, which then claims to be ready; the last one again and again.
    agent: Vec<String>,
    /// Why it changed checks, as it says in its gate.
    explains: Option<String>,
    /// More settings, as in `alfine.toml`.
    #[serde(default)]
    settings: String,
    /// A program without which the case says nothing.
    needs: Option<String>,
    /// What must come of it; of an honest loop nothing has to be said.
    #[serde(default)]
    ends: Ends,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ends {
    /// The status, where there is but one right one.
    status: Option<String>,
    /// The code of a finding.
    code: Option<String>,
    /// The file that it is at.
    file: Option<String>,
    /// The line.
    line: Option<u32>,
    /// A part of why the task is where it is, or of a finding.
    says: Option<String>,
}

fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The `PATH` with Rust's own programs first: rustup's stand-ins look for them in the home, which is another one here.
fn toolchain() -> Option<(String, String)> {
    let cargo = std::env::var_os("CARGO")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        Path::new(&cargo).parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    Some(("PATH".to_owned(), std::env::join_paths(folders).ok()?.into_string().ok()?))
}

/// Plays a case and returns the task as it rests.
fn play(case: &Case, honest: bool) -> (Sandbox, Value) {
    let plan = format!("# Plan\n\n### T1: Do it\n\n{}", case.task);
    // What is refused is refused, and each claim more costs time.
    let rework = if honest { 4 } else { 1 };
    let settings = format!(
        "[limits]\niterations = 4\nrework = {rework}\n[proof]\nunproven = \"ask\"\n{}",
        case.settings
    );
    let mut files: Vec<(&str, &str)> =
        case.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.extend([("PLAN.md", plan.as_str()), ("alfine.toml", settings.as_str())]);
    let mut sandbox = Sandbox::with_repository(&files);
    sandbox.env.extend(toolchain());
    // Go builds its own library in an empty cache; what is in this one is found by its content.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go").display().to_string();
    sandbox.env.push(("GOCACHE".to_owned(), cache));
    let mut gate = ready();
    if let Some(why) = &case.explains {
        gate["gate"]["checks_changed"] = why.as_str().into();
    }
    let runs: Vec<Value> =
        case.agent.iter().map(|script| json!([{"shell": format!("set -e\n{script}")}, gate])).collect();
    sandbox.fake_agent(&json!({"runs": runs}));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).task();
    (sandbox, task)
}

/// What a check found.
#[derive(Debug)]
struct Found {
    code: String,
    file: String,
    line: u32,
    message: String,
}

/// What the checks found in all iterations.
fn findings(sandbox: &Sandbox) -> Vec<Found> {
    let database = sandbox.database();
    let mut rows = database
        .prepare("SELECT coalesce(code, ''), coalesce(file, ''), coalesce(line, 0), message FROM finding")
        .unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Found { code: row.get(0)?, file: row.get(1)?, line: row.get(2)?, message: row.get(3)? })
    };
    rows.query_map([], read).unwrap().map(Result::unwrap).collect()
}

/// What went wrong in a case; `None` if nothing did.
fn wrong(case: &Case, honest: bool) -> Option<String> {
    let (sandbox, task) = play(case, honest);
    let status = task["status"].as_str().unwrap_or_default();
    let all = format!("{task:#}");
    if honest && status != "done" {
        return Some(format!("an honest loop ends as {status}\n{all}"));
    }
    if !honest && matches!(status, "done" | "merged") {
        return Some(format!("a game ends as {status}\n{all}"));
    }
    if let Some(wanted) = &case.ends.status
        && wanted != status
    {
        return Some(format!("it ends as {status}, and not as {wanted}\n{all}"));
    }
    let findings = findings(&sandbox);
    let Ends { code, file, line, .. } = &case.ends;
    let is_it = |finding: &Found| {
        code.as_ref().is_none_or(|code| *code == finding.code)
            && file.as_ref().is_none_or(|file| *file == finding.file)
            && line.is_none_or(|line| line == finding.line)
    };
    if (code.is_some() || file.is_some() || line.is_some()) && !findings.iter().any(is_it) {
        return Some(format!("no finding is {code:?} at {file:?}:{line:?}: {findings:#?}\n{all}"));
    }
    if let Some(says) = &case.ends.says
        && !task["reason"].to_string().contains(says)
        && !findings.iter().any(|finding| finding.message.contains(says))
    {
        return Some(format!("nothing says “{says}”: {findings:#?}\n{all}"));
    }
    None
}

fn cases(folder: &str) -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gaming").join(folder);
    let mut cases: Vec<(String, Case)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().unwrap().to_string_lossy().into_owned(), case)
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// Plays all cases of a folder, or those whose names contain `ALFINE_TEST_CASE`.
fn play_all(folder: &str, honest: bool) {
    let only = std::env::var("ALFINE_TEST_CASE").ok();
    let mut failures = Vec::new();
    let mut played = 0;
    for (name, case) in cases(folder) {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        if let Some(program) = case.needs.as_ref().filter(|program| !has(program)) {
            println!("skipped: {name}: {program} is not here");
            continue;
        }
        played += 1;
        if let Some(wrong) = wrong(&case, honest) {
            failures.push(format!("{folder}/{name} ({}): {wrong}", case.says));
        }
    }
    println!("{played} played");
    assert!(failures.is_empty(), "{} of {played} went wrong:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn no_game_ends_as_done() {
    play_all("games", false);
}

#[test]
fn every_honest_loop_ends_as_done_without_a_question() {
    play_all("honest", true);
}
