//! What the README shows is what happens: its settings, its commands, its first plan.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_tests::sandbox::Sandbox;
use serde_json::json;
use std::{fs, path::PathBuf};

const REGENERATE: &str = "ALFINE_WRITE_README=1 cargo test -p alfine-tests --test readme";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).expect("the README")
}

/// The part between `<!-- name:begin -->` and `<!-- name:end -->`.
fn part<'r>(readme: &'r str, name: &str) -> &'r str {
    let begin = format!("<!-- {name}:begin -->\n");
    let from = readme.find(&begin).map(|at| at + begin.len()).expect(&begin);
    let to = readme.find(&format!("<!-- {name}:end -->")).expect(name);
    &readme[from..to]
}

/// What stands in the only code block of a part.
fn code<'r>(readme: &'r str, name: &str) -> &'r str {
    let part = part(readme, name);
    let from =
        part.find("```").and_then(|at| part[at..].find('\n').map(|end| at + end + 1)).expect("a code block");
    let to = part.rfind("```").expect("its end");
    &part[from..to]
}

/// Compares a part with what it must be, or writes it.
#[track_caller]
fn is_as_generated(name: &str, generated: &str) {
    let old = readme();
    let (now, generated) = (part(&old, name).trim(), generated.trim());
    if now == generated {
        return;
    }
    if std::env::var_os("ALFINE_WRITE_README").is_some() {
        let begin = format!("<!-- {name}:begin -->\n");
        let (before, rest) = old.split_once(&begin).expect(&begin);
        let end = format!("<!-- {name}:end -->");
        let (_, after) = rest.split_once(&end).expect(&end);
        let text = format!("{before}{begin}{generated}\n{end}{after}");
        fs::write(path(), text).expect("the README");
        return;
    }
    panic!("the README's {name} are not what the program says; regenerate them with\n  {REGENERATE}");
}

/// Takes the commit's name out, which no two runs share.
fn without_commit(line: &str) -> &str {
    line.find("committed ").map_or(line, |at| &line[..at + "committed".len()])
}

#[test]
fn every_setting_is_in_the_readme_as_the_program_has_it() {
    let settings = Sandbox::new().alfine(&["settings"]).expect(0).stdout;
    // One level below the README's own section.
    is_as_generated("settings", &settings.replace("\n### ", "\n#### "));
}

#[test]
fn every_command_is_in_the_readme() {
    let help = Sandbox::new().alfine(&["--help"]).expect(0).stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let readme = readme();
    let commands = part(&readme, "commands");
    let names: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 20, "{help}");
    for name in names {
        assert!(
            commands.contains(&format!("| `alfine {name}")),
            "`alfine {name}` is not in the README's commands"
        );
    }
}

#[test]
fn the_first_plan_goes_as_the_readme_shows_it() {
    let readme = readme();
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", code(&readme, "plan"))]);
    let script = |content: &str, reason: &str, cost: f64| {
        json!([
            { "write": { "path": "greet.sh", "content": content } },
            { "gate": { "ready": true, "reason": reason } },
            { "result": { "cost": cost } },
        ])
    };
    sandbox.fake_agent(&json!({ "runs": [
        script("echo \"Hello, $1!\"\n", "it greets", 0.04),
        script("echo \"Hello, ${1:-world}!\"\n", "it greets the world, too", 0.02),
    ] }));

    for name in ["lint", "trust", "run", "merge"] {
        let shown = code(&readme, name);
        let (command, output) = shown.split_once('\n').expect("a command");
        let words: Vec<&str> = command.strip_prefix("$ alfine ").expect(command).split(' ').collect();
        let ran = sandbox.alfine(&words).expect(0);
        let repo = sandbox.repo().canonicalize().expect("a folder").display().to_string();
        let lines = |text: &str| text.lines().map(|line| without_commit(line).to_owned()).collect::<Vec<_>>();
        let got: Vec<String> = lines(&ran.stdout.replace(&repo, "/home/you/hello"));
        // Git's name for the commit ends the line of a merge.
        let cut = |line: String| line.split(" (fast-forward").next().unwrap_or_default().to_owned();
        let got: Vec<String> = got.into_iter().map(cut).collect();
        let wanted: Vec<String> = lines(output).into_iter().map(cut).collect();
        assert_eq!(got, wanted, "alfine {} printed:\n{}", words.join(" "), ran.stdout);
    }
    assert_eq!(sandbox.task("PLAN.md#T1")["status"], "merged");
    assert!(sandbox.read("PLAN.md").contains("- [x] It greets by name"));
}
