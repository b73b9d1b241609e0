//! A plan of many tasks costs as many questions to the database as a short one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use alfine_tests::sandbox::{Sandbox, alfine};
use std::collections::BTreeMap;

/// A plan whose tasks wait for each other, by their ids and by their titles.
fn plan(tasks: usize) -> String {
    let task = |n: usize| {
        let waits_for = match n {
            1 => String::new(),
            n if n % 2 == 0 => format!("Depends on: US-{:05}\n", n - 1),
            n => format!("Depends on: Add part {}\n", n - 1),
        };
        format!("### US-{n:05}: Add part {n}\n{waits_for}\n- [ ] There is a part {n}\n\n")
    };
    "# Plan\n\n".to_owned() + &(1..=tasks).map(task).collect::<String>()
}

/// How often a command asks the database, by question.
fn questions(sandbox: &Sandbox, arguments: &[&str]) -> BTreeMap<String, usize> {
    let mut command = sandbox.command(alfine());
    let ran = command
        .args(arguments)
        .env("ALFINE_LOG", "alfine_store=trace")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let log = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{log}");
    let mut asked = BTreeMap::new();
    for (_, question) in log.lines().filter_map(|line| line.split_once("sql=")) {
        *asked.entry(question.to_owned()).or_default() += 1;
    }
    asked
}

#[test]
fn status_asks_the_database_no_oftener_for_a_long_plan() {
    let asked = [10, 100].map(|tasks| {
        let sandbox = Sandbox::with_repository(&[("PLAN.md", &plan(tasks))]);
        [&["status"][..], &["status", "--json"]].map(|arguments| questions(&sandbox, arguments))
    });
    assert!(asked[0].iter().all(|questions| !questions.is_empty()), "{asked:#?}");
    assert_eq!(asked[0], asked[1]);
}
