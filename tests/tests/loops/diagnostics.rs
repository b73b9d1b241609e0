//! A language server has no new errors.

use super::*;
use alfine_tests::sandbox::sibling;

const OLD: &str = "ok\nold ERROR\n";

/// A repository with a file that has an error already, and a server that says so in this way; the agent plays these runs.
fn with_server(how: &str, more: &str, runs: Value) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", PLAN),
        ("a.py", OLD),
        ("lint.toml", "strict"),
        ("notes.md", "x"),
    ]);
    sandbox.fake_agent(&json!({"runs": runs}));
    let server = format!("{} {how}", sibling("fake-language-server").display());
    sandbox.settings(&format!(
        "[[verifiers]]\nname = \"types\"\nkind = \"diagnostics\"\nserver = {server:?}\n{more}\n"
    ));
    sandbox
}

fn new_error() -> Value {
    json!([
        [write("a.py", "# more\nok\nold ERROR\n\u{1f600} new ERROR\nWARN\n"), ready()],
        [write("a.py", "# more\nok\nold ERROR\n"), ready()]
    ])
}

/// Whether a new error is red at its line and an old one is not, however the server tells.
fn tells(how: &str) {
    let sandbox = with_server(how, "", new_error());
    let task = run(&sandbox).expect(0).task();
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("done"), Some(2)),
        "{how}: {task:#}"
    );
    let told = prompt(&sandbox.agent_runs()[1]).to_owned();
    assert!(told.contains("1 new error"), "{how}: {told}");
    let findings: String = sandbox
        .database()
        .query_row(
            "SELECT group_concat(severity || ' ' || file || ':' || line || ':' || \"column\" || ' ' || message, '|')
             FROM finding",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(findings.contains("error a.py:4:7 \u{1f600} new ERROR"), "{how}: {findings}");
    assert!(!findings.contains("error a.py:3"), "{how}: {findings}");
    let report = sandbox.alfine(&["proof", TASK, "--json"]).expect(0).stdout;
    assert!(report.contains("\"types\"") && report.contains("\"guard\""), "{how}: {report}");
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
fn errors_are_told_by_the_server_itself() {
    tells("push");
}

#[test]
fn errors_are_told_when_asked() {
    tells("pull");
}

#[test]
fn errors_are_told_when_the_server_can_be_asked_at_last() {
    tells("later");
}

#[test]
fn errors_are_told_once_the_server_s_own_questions_are_answered() {
    tells("asks");
}

#[test]
fn errors_are_told_once_the_server_has_worked() {
    tells("works");
}

#[test]
fn the_same_error_once_more_is_a_new_one() {
    let runs =
        json!([[write("a.py", "old ERROR\nold ERROR\n"), ready()], [write("a.py", "old ERROR\n"), ready()]]);
    let task = run(&with_server("push", "", runs)).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)), "{task:#}");
}

#[test]
fn an_error_that_the_work_hides_by_the_settings_of_the_server_is_refused() {
    let runs = json!([
        [write("a.py", "new ERROR\n"), write("lint.toml", "off"), ready()],
        [write("a.py", "fine\n"), write("lint.toml", "strict"), ready()]
    ]);
    let sandbox = with_server("push", "", runs);
    let path = sandbox.path().join("home/config/alfine/config.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, settings.replace("[proof]", "[proof]\nmaterial = [\"lint.toml\"]")).unwrap();
    let task = run(&sandbox).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)), "{task:#}");
    let told = prompt(&sandbox.agent_runs()[1]).to_owned();
    assert!(told.contains("lint.toml"), "{told}");
}

#[test]
fn a_server_that_says_nothing_that_can_be_used_is_no_yes() {
    for (how, more, expected) in [
        ("silent", "timeout = \"1s\"", "timed out"),
        ("crash", "", "ended before it had said all (exit status 3)"),
        ("refuse", "", "no licence"),
    ] {
        let sandbox = with_server(how, more, json!([[write("a.py", "x"), ready()]]));
        let ran = sandbox.alfine(&["run", TASK, "--trust", "--json", "--max-iterations", "1"]);
        let task = ran.task();
        assert_ne!(task["status"], "done", "{how}: {task:#}");
        assert!(ran.stdout.contains(expected), "{how}: {}", ran.stdout);
        assert_eq!(sandbox.agent_processes(), []);
    }
}

#[test]
fn a_server_that_is_not_there_is_no_fault_of_the_work() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.py", OLD)]);
    sandbox.fake_agent(&json!({"runs": [[write("a.py", "x"), ready()]]}));
    sandbox.settings(
        "[[verifiers]]\nname = \"types\"\nkind = \"diagnostics\"\nserver = \"no-such-server --stdio\"\n",
    );
    let task = run(&sandbox).expect(4).task();
    let reason = task["reason"].as_str().unwrap();
    assert!(
        reason.contains("the language server “no-such-server” is not on this machine: install it"),
        "{reason}"
    );
    assert_eq!(task["iteration"], 1);
}

#[test]
fn files_that_are_none_of_its_language_need_no_word_of_it_and_are_chosen_by_globs() {
    // Of `b.js` it never says anything, and `c.md` it is not shown.
    let runs = json!([[write("a.py", "fine"), write("b.js", "x"), write("c.md", "ERROR"), ready()]]);
    let task = run(&with_server("some", "", runs.clone())).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)), "{task:#}");
    // Nothing that it looks at was changed: it does not even begin.
    let task = run(&with_server("crash", "files = [\"src/**\"]", runs)).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)), "{task:#}");
}

#[test]
fn the_server_of_a_repository_has_to_be_allowed() {
    let settings = "[[verifiers]]\nname = \"types\"\nkind = \"diagnostics\"\nserver = \"evil --stdio\"\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("alfine.toml", settings)]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let ran = sandbox.alfine(&["run", TASK]);
    assert_ne!(ran.code(), 0);
    assert!(
        format!("{}{}", ran.stdout, ran.stderr).contains("evil --stdio"),
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(sandbox.agent_runs().len(), 0);
}

#[test]
fn where_nothing_is_compared_it_says_nothing_rather_than_yes() {
    let sandbox = with_server("push", "", new_error());
    let settings = sandbox.path().join("home/config/alfine/config.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("[proof]\n", "[proof]\ncontrol = \"off\"\n")).unwrap();
    let task = run(&sandbox).expect(4).task();
    assert_eq!(
        (&task["status"], &task["cause"]["ask"]),
        (&json!("needs_input"), &json!("check")),
        "{task:#}"
    );
    assert!(task["reason"].as_str().unwrap().contains("`proof.control`"), "{task:#}");
}
