//! Plans that are run as a whole, with several tasks at a time.

use super::*;
use crate::plans::{PATIENCE, status_of};
use alfine_tests::sandbox::wait_until;

/// A run of the agent that says that it is there, and waits until all the others are there, too.
fn together(sandbox: &Sandbox, own: &str, others: &[&str], file: &str) -> Value {
    let here = |name: &str| sandbox.path().join(format!("here-{name}")).display().to_string();
    let mut steps = vec![json!({"touch": here(own)})];
    steps.extend(others.iter().map(|other| json!({"wait_for": here(other)})));
    steps.extend([write(file, own), ready()]);
    json!(steps)
}

const FOUR: &str =
    "# Plan\n\n### US-001: First\n\n### US-002: Second\n\n### US-003: Third\n\n### US-004: Fourth\n";
const TITLES: [&str; 4] = ["First", "Second", "Third", "Fourth"];

/// A repository with four tasks whose agents all wait for each other.
fn four_at_once() -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", FOUR)]);
    let parts: Vec<Value> = TITLES
        .iter()
        .map(|title| {
            let run = together(&sandbox, title, &TITLES, &format!("{title}.txt"));
            json!({"prompt": format!("{title}\n"), "runs": [run]})
        })
        .collect();
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox
}

fn statuses(sandbox: &Sandbox) -> Vec<String> {
    ["US-001", "US-002", "US-003", "US-004"].map(|id| status_of(sandbox, id)).to_vec()
}

#[test]
fn tasks_that_do_not_wait_for_each_other_are_worked_on_side_by_side() {
    for (settings, arguments) in [
        ("on_done = \"merge\"\n", vec!["run", "PLAN.md", "--max-parallel", "4"]),
        ("on_done = \"merge\"\nmax_parallel = 4\n", vec!["run", "PLAN.md", "--json"]),
    ] {
        let sandbox = four_at_once();
        sandbox.settings(settings);
        let ran = sandbox.alfine(&arguments).expect(0);
        assert_eq!(statuses(&sandbox), ["merged"; 4], "{}", ran.stdout);
        for title in TITLES {
            assert_eq!(sandbox.read(&format!("{title}.txt")), title);
        }
        assert_eq!(sandbox.git(&["log", "--first-parent", "--format=%s"]).lines().count(), 5);
    }
}

#[test]
fn in_the_background_too_and_as_the_front_matter_says() {
    let sandbox = four_at_once();
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.write("PLAN.md", &format!("---\nmax parallel: 4\n---\n{FOUR}"));
    sandbox.git(&["commit", "-qam", "At once"]);
    sandbox.alfine(&["start", "PLAN.md"]).expect(0);
    wait_until(PATIENCE, "all are merged", || statuses(&sandbox) == ["merged"; 4]);
}

#[test]
fn no_more_are_worked_on_at_a_time_than_may_be() {
    let sandbox = four_at_once();
    sandbox.alfine(&["start", "PLAN.md", "-j", "3"]).expect(0);
    wait_until(PATIENCE, "three agents work", || {
        TITLES[..3].iter().all(|title| sandbox.path().join(format!("here-{title}")).exists())
    });
    assert_eq!(statuses(&sandbox), ["running", "running", "running", "ready"]);
    assert_eq!(sandbox.agent_runs().len(), 3);
    std::fs::write(sandbox.path().join("here-Fourth"), "").unwrap();
    wait_until(PATIENCE, "all are done", || statuses(&sandbox) == ["done"; 4]);
}
