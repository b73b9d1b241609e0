//! What real outputs of test runners say of the tests that ran. How each was made is in the README beside them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use alfine_verify::test_report::{TestOutcome, TestReport, read};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// The folder in which all of them ran, as they have it.
const FOLDER: &str = "/home/me/app";

fn fixtures(runner: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/test_report").join(runner);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn show(report: Option<&TestReport>) -> String {
    let Some(report) = report else { return "no report\n".to_owned() };
    let runners: Vec<_> = report.runners.iter().map(|runner| format!("{runner:?}")).collect();
    let mut shown = format!(
        "{}: {} passed, {} failed, {} skipped{}{}{}\n",
        runners.join(" + "),
        report.passed,
        report.failed,
        report.skipped,
        if report.is_empty() { ", empty" } else { "" },
        if report.is_complete { ", each by name" } else { "" },
        if report.is_unfinished { ", unfinished" } else { "" }
    );
    for case in &report.cases {
        let outcome = match case.outcome {
            TestOutcome::Passed => "passed ",
            TestOutcome::Failed => "failed ",
            TestOutcome::Skipped => "skipped",
        };
        writeln!(shown, "  {outcome} {}", case.name).unwrap();
    }
    shown
}

fn of(runner: &str) -> String {
    let mut shown = String::new();
    for file in fixtures(runner) {
        let output = fs::read_to_string(&file).unwrap();
        let report = read(&output, Path::new(FOLDER));
        let name = file.file_stem().unwrap().to_string_lossy();
        writeln!(shown, "{name}\n{}", show(report.as_ref())).unwrap();
    }
    shown
}

macro_rules! runners {
    ($($runner:ident)*) => {
        $(#[test]
        fn $runner() {
            insta::assert_snapshot!(of(stringify!($runner)));
        })*

        const RUNNERS: &[&str] = &[$(stringify!($runner)),*];
    };
}

runners! {
    bun cargo_test ctest deno dotnet go gradle jest maven minitest mocha nextest node_test phpunit pytest rspec swift tap
    unittest vitest
}

#[test]
fn each_fixture_is_read_and_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/test_report");
    let told = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut missing = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let runner = entry.file_name().into_string().unwrap();
        if entry.path().is_file() {
            continue;
        }
        assert!(RUNNERS.contains(&runner.as_str()), "no test reads {runner}");
        for file in fixtures(&runner) {
            let case = file.file_stem().unwrap().to_string_lossy().into_owned();
            if !told.contains(&format!("| {runner} | {case} |")) {
                missing.push(format!("{runner}/{case}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
