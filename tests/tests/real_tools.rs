//! Verifiers that drive a program of somebody else, with the real one.
//!
//! Ignored by a plain `cargo test`; `tests/run` gets the programs, runs these, and counts them as skipped where it cannot.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use alfine_tests::{
    sandbox::Sandbox,
    scenario::{ready, write},
};
use serde_json::json;

const TASK: &str = "PLAN.md#US-001";
const PLAN: &str = "# P\n\n### US-001: Work\n\nDo it.\n";

#[test]
#[ignore = "needs a real language server"]
fn a_real_language_server_finds_the_new_error_and_not_the_old_one() {
    let named = std::env::var("ALFINE_REAL_CLANGD");
    let clangd = named.expect("ALFINE_REAL_CLANGD has to name clangd; tests/run --full sets it");
    let old = "int old(void) { return missing; }\n";
    let bad = format!("/* \u{1f600} */ int added(void) {{ return absent; }}\n{old}");
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.c", old)]);
    sandbox.fake_agent(&json!({"runs": [
        [write("a.c", &bad), ready()],
        [write("a.c", &bad.replace("absent", "1")), ready()],
    ]}));
    sandbox.settings(&format!("[[verifiers]]\nname = \"c\"\nkind = \"diagnostics\"\nserver = {clangd:?}\n"));
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0);
    let task = ran.task();
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("done"), Some(2)),
        "{}",
        ran.stdout
    );
    let found: String = sandbox
        .database()
        .query_row(
            "SELECT group_concat(severity || ' ' || file || ':' || line || ' ' || code || ' ' || message, '|') FROM finding",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(found.contains("error a.c:1 undeclared_var_use") && found.contains("absent"), "{found}");
    assert!(!found.contains("error a.c:2"), "{found}");
    assert_eq!(sandbox.agent_processes(), []);
}

const GOOD: &str =
    "<!doctype html><title>Shop</title><h1 id=total>3 lamps</h1><script>console.log('fine')</script>";

/// Runs a task whose pages are looked at, and whose agent writes these, one after the other.
fn browsed(before: &str, pages: &[&str]) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("index.html", before)]);
    let runs: Vec<_> = pages.iter().map(|page| json!([write("index.html", page), ready()])).collect();
    sandbox.fake_agent(&json!({"runs": runs}));
    sandbox.settings(
        "[[verifiers]]\nname = \"the page\"\nkind = \"browser\"\nserve = \"python3 -m http.server {port} --bind 127.0.0.1\"\n\
         url = \"http://127.0.0.1:{port}/\"\npages = [\"index.html\"]\nwait = \"2s\"\n\
         expect = { texts = [\"3 lamps\"], selectors = [\"h1#total\"] }\n",
    );
    sandbox
}

#[test]
#[ignore = "needs a real browser"]
fn a_real_browser_finds_what_is_missing_and_what_a_page_complains_of_and_keeps_pictures() {
    let missing = "<h1>No lamps</h1>";
    let complains = format!("{GOOD}<script>console.error('dark', 42); lamp()</script><img src=gone.png>");
    let sandbox = browsed("<h1>Soon</h1>", &[missing, &complains, GOOD]);
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0);
    let task = ran.task();
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("done"), Some(3)),
        "{}",
        ran.stdout
    );
    assert_eq!(task["proof"], "proven", "the page was not like that before");
    let runs = sandbox.agent_runs();
    let told = |n: usize| runs[n]["prompt"].as_str().unwrap().to_owned();
    assert!(told(1).contains("the text “3 lamps” is not there"), "{}", told(1));
    assert!(told(1).contains("there is no element `h1#total`"), "{}", told(1));
    for complaint in ["error in the console: dark 42", "lamp is not defined", "gone.png"] {
        assert!(told(2).contains(complaint), "{complaint}: {}", told(2));
    }
    let report = sandbox.alfine(&["proof", TASK]).expect(0).stdout;
    let pictures: Vec<&str> = report.split([' ', ',', '\n']).filter(|word| word.ends_with(".png")).collect();
    assert_eq!(pictures.len(), 2, "{report}");
    for picture in pictures {
        let bytes = std::fs::read(picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 1000, "{picture}");
    }
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
#[ignore = "needs a real browser"]
fn errors_in_the_console_of_a_real_browser_may_be_let_pass_and_a_page_that_was_right_before_proves_nothing() {
    let complains = format!("{GOOD}<script>console.error('dark')</script>");
    let sandbox = browsed(&complains, &[&format!("{complains} ")]);
    let path = sandbox.path().join("home/config/alfine/config.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let wait = "wait = \"2s\"";
    std::fs::write(path, settings.replace(wait, &format!("{wait}\nno_console_errors = false"))).unwrap();
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0);
    assert_eq!(
        (ran.task()["status"].as_str(), ran.task()["proof"].as_str()),
        (Some("done"), Some("unproven"))
    );
}
