//! Plans that are run as a whole, with several tasks at a time.

use super::*;
use crate::plans::{PATIENCE, status_of};
use alfine_tests::sandbox::wait_until;
use rustix::process::{Pid, Signal, kill_process};

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

pub(super) fn run_of(sandbox: &Sandbox) -> Value {
    sandbox.alfine(&["status", "--json"]).json()[0]["runs"][0].clone()
}

#[test]
fn a_plan_is_held_stopped_and_continued_as_a_whole() {
    let sandbox = four_at_once();
    sandbox.settings("max_parallel = 2\n");
    sandbox.alfine(&["start", "PLAN.md"]).expect(0);
    let work = |titles: &[&str]| {
        wait_until(PATIENCE, "the agents work", || {
            titles.iter().all(|title| sandbox.path().join(format!("here-{title}")).exists())
        });
    };
    work(&["First", "Second"]);
    let run = run_of(&sandbox);
    assert_eq!((&run["state"], &run["running"], &run["total"]), (&json!("active"), &json!(2), &json!(4)));

    let held = sandbox.alfine(&["pause", "PLAN.md", "--now"]).expect(0).stdout;
    assert!(held.contains("US-001 is paused") && held.contains("alfine continue PLAN.md"), "{held}");
    wait_until(PATIENCE, "both are held", || statuses(&sandbox) == ["paused", "paused", "ready", "ready"]);
    assert_eq!(run_of(&sandbox)["state"], "paused");
    let said = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(said.contains("0 of 4 done") && said.contains("alfine continue PLAN.md"), "{said}");

    sandbox.alfine(&["continue", "PLAN.md", "--background"]).expect(0);
    wait_until(PATIENCE, "both run", || statuses(&sandbox)[..2] == ["running", "running"]);
    assert_eq!(run_of(&sandbox)["state"], "active");
    sandbox.alfine(&["stop", "PLAN.md"]).expect(0);
    wait_until(PATIENCE, "both are stopped", || {
        statuses(&sandbox) == ["stopped", "stopped", "ready", "ready"]
    });
    wait_until(PATIENCE, "the run is over", || run_of(&sandbox)["state"] == "over");

    for title in TITLES {
        std::fs::write(sandbox.path().join(format!("here-{title}")), "").unwrap();
    }
    sandbox.alfine(&["continue", "PLAN.md"]).expect(0);
    assert_eq!(statuses(&sandbox), ["done"; 4]);
    let run = run_of(&sandbox);
    assert_eq!((&run["state"], &run["done"]), (&json!("over"), &json!(4)));
    let nothing = sandbox.alfine(&["pause", "PLAN.md"]).expect(2).stderr;
    assert!(nothing.contains("nothing of PLAN.md is at work"), "{nothing}");
}

/// Kills the background process of a task's loop.
fn kill_runner_of(sandbox: &Sandbox, key: &str) {
    let id = sandbox.task(key)["loopId"].as_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let is_it = |line: &[u8]| {
        let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        words.contains(&b"runner".as_slice()) && words.contains(&id.as_bytes())
    };
    let pid = processes
        .filter(|process| std::fs::read(process.path().join("cmdline")).is_ok_and(|line| is_it(&line)))
        .find_map(|process| process.file_name().to_str()?.parse().ok())
        .expect("its runner lives");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_run_goes_on_with_a_task_whose_runner_died_once() {
    let sandbox = four_at_once();
    sandbox.alfine(&["start", "PLAN.md", "-j", "2"]).expect(0);
    wait_until(PATIENCE, "two agents work", || {
        TITLES[..2].iter().all(|title| sandbox.path().join(format!("here-{title}")).exists())
    });
    kill_runner_of(&sandbox, "PLAN.md#US-001");
    wait_until(PATIENCE, "it is cut off", || statuses(&sandbox)[0] == "interrupted");
    for title in &TITLES[2..] {
        std::fs::write(sandbox.path().join(format!("here-{title}")), "").unwrap();
    }
    // The second one ends, and so the first one goes on.
    wait_until(PATIENCE, "all are done", || statuses(&sandbox) == ["done"; 4]);
}

/// Twelve tasks: one, then four, then four that each wait for two of these, then two, then one.
pub(super) const DIAMOND: [(&str, &[&str]); 12] = [
    ("T01", &[]),
    ("T02", &["T01"]),
    ("T03", &["T01"]),
    ("T04", &["T01"]),
    ("T05", &["T01"]),
    ("T06", &["T02", "T03"]),
    ("T07", &["T03", "T04"]),
    ("T08", &["T04", "T05"]),
    ("T09", &["T05", "T02"]),
    ("T10", &["T06", "T07"]),
    ("T11", &["T08", "T09"]),
    ("T12", &["T10", "T11"]),
];

/// A repository with that plan. Each task's agent fails unless it finds what the ones before it wrote.
pub(super) fn diamond(settings: &str) -> Sandbox {
    let mut plan = "# Plan\n".to_owned();
    let mut parts = Vec::new();
    for (id, waits_for) in DIAMOND {
        let depends = match waits_for {
            [] => String::new(),
            ids => format!("Depends on: {}\n", ids.join(", ")),
        };
        plan += &format!("\n### {id}: Write {id}\n{depends}\n- [ ] It is there: `test -f {id}.txt`\n");
        let files = waits_for.iter().map(|id| format!("{id}.txt")).collect::<Vec<_>>().join(" ");
        let shell = format!("cat /dev/null {files} > {id}.txt && echo {id} >> {id}.txt || rm -f {id}.txt");
        parts.push(json!({"prompt": format!("Write {id}\n"), "runs": [[{"shell": shell}, ready()]]}));
    }
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &plan)]);
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox.settings(settings);
    sandbox
}

#[test]
fn a_diamond_of_tasks_is_done_in_order_and_each_is_proven_on_top_of_the_last() {
    let sandbox = diamond("on_done = \"merge\"\nmax_parallel = 4\n");
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    for (id, _) in DIAMOND {
        assert_eq!(status_of(&sandbox, id), "merged", "{id}");
        assert!(sandbox.read(&format!("{id}.txt")).ends_with(&format!("{id}\n")));
    }
    assert_eq!(sandbox.agent_runs().len(), 12);
    assert!(!sandbox.read("PLAN.md").contains("[ ]"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_task_that_waits_for_several_open_branches_begins_from_their_merge() {
    let sandbox = diamond("max_parallel = 4\n");
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    for (id, _) in DIAMOND {
        assert_eq!(status_of(&sandbox, id), "done", "{id}");
    }
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "first", "nothing is merged unasked");
    sandbox.alfine(&["merge", "PLAN.md#T12", "--with-dependencies"]).expect(0);
    let lines: Vec<String> = sandbox.read("T12.txt").lines().map(str::to_owned).collect();
    for (id, _) in DIAMOND {
        assert!(lines.contains(&id.to_owned()), "{id}: {lines:?}");
    }
}

#[test]
fn open_branches_that_do_not_go_together_are_named_with_their_files() {
    const PLAN: &str = "# Plan\n\n### T1: First\n\n### T2: Second\n\n### T3: Third\nDepends on: T1, T2\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.fake_agent(&json!({"parts": [
        {"prompt": "First\n", "runs": [[write("a.txt", "1"), ready()]]},
        {"prompt": "Second\n", "runs": [[write("a.txt", "2"), ready()]]},
    ]}));
    let said = sandbox.alfine(&["run", "PLAN.md", "-j", "2"]);
    assert!(
        said.stdout.contains("PLAN.md#T3 was not started: PLAN.md#T3 needs the work of T1, T2, which does not go together: a.txt"),
        "{} {}",
        said.stdout,
        said.stderr
    );
    assert_eq!(run_of(&sandbox)["state"], "needs_input");
}

/// Two tasks of which the second names the table that the first makes, in words alone.
const COUPONS: &str =
    "# Coupons\n\n### T1: Add the `coupons` table\n\n### T2: Reject void codes\n\nReads `coupons`.\n";

/// A repository with this plan, whose agents write what they found of each other.
fn coupons(plan: &str, settings: &str, first: Value) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
    sandbox.fake_agent(&json!({"parts": [
        {"prompt": "Add the coupons table\n", "runs": [first]},
        {"prompt": "Reject void codes\n", "runs": [[{"shell": "ls > found.txt"}, ready()]]},
    ]}));
    sandbox.settings(&format!("max_parallel = 2\n{settings}"));
    sandbox
}

fn found_by_second(sandbox: &Sandbox) -> bool {
    sandbox.git(&["show", "alfine/PLAN/T2:found.txt"]).contains("coupons.sql")
}

fn of(sandbox: &Sandbox, id: &str) -> String {
    sandbox.task(&format!("PLAN.md#{id}"))["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_task_comes_after_the_one_that_makes_what_it_names() {
    let makes = json!([write("coupons.sql", "1"), ready()]);
    let other_order =
        "# Coupons\n\n### T2: Reject void codes\n\nReads `coupons`.\n\n### T1: Add the `coupons` table\n";
    for plan in [COUPONS, other_order] {
        let sandbox = coupons(plan, "", makes.clone());
        let shown = sandbox.alfine(&["status"]).expect(0).stdout;
        assert!(shown.contains("after T1 in a run of the plan: both name `coupons`"), "{shown}");
        let told = &sandbox.task("PLAN.md#T2")["detectedDependsOn"];
        assert_eq!(*told, json!([{"id": "T1", "reason": "both name `coupons`"}]));
        assert_eq!(of(&sandbox, "T2"), "ready");
        sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
        assert_eq!((of(&sandbox, "T1"), of(&sandbox, "T2")), ("done".into(), "done".into()));
        assert!(found_by_second(&sandbox), "it begins with the work of the first");
    }
    for (plan, settings) in [
        (COUPONS.replace("\n\nReads", "\nDepends on: none\n\nReads"), ""),
        (COUPONS.to_owned(), "[dependencies]\ndetect = false\n"),
    ] {
        let sandbox = coupons(&plan, settings, makes.clone());
        assert_eq!(sandbox.task("PLAN.md#T2")["detectedDependsOn"], Value::Null);
        sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
        assert_eq!((of(&sandbox, "T2"), found_by_second(&sandbox)), ("done".into(), false));
    }
}

#[test]
fn a_task_that_is_started_alone_does_not_wait_for_what_was_only_found() {
    let sandbox = coupons(COUPONS, "", json!([not_ready()]));
    sandbox.alfine(&["run", "PLAN.md#T2", "--json"]).expect(0);
    assert_eq!((of(&sandbox, "T1"), of(&sandbox, "T2")), ("ready".into(), "done".into()));
}

#[test]
fn a_run_begins_no_task_whose_forerunner_failed_and_says_why() {
    let sandbox = coupons(COUPONS, "", json!([{"gate": {"ready": false, "question": "Which?"}}]));
    let ran = sandbox.alfine(&["run", "PLAN.md"]);
    assert!(
        ran.stdout.contains("PLAN.md#T2 was not started: PLAN.md#T2 comes after T1: both name `coupons`"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!((of(&sandbox, "T1"), of(&sandbox, "T2")), ("needs_input".into(), "ready".into()));
    assert_eq!(sandbox.agent_runs().len(), 1);
    sandbox.alfine(&["run", "PLAN.md", "--json"]);
    assert_eq!(sandbox.agent_runs().len(), 1);
    // What is thrown away holds nothing back.
    sandbox.alfine(&["discard", "PLAN.md#T1", "--yes"]).expect(0);
    sandbox.alfine(&["run", "PLAN.md", "--single-task", "--json"]);
    sandbox.alfine(&["run", "PLAN.md#T2", "--json"]).expect(0);
    assert_eq!(of(&sandbox, "T2"), "done");
}

#[test]
fn agents_that_work_side_by_side_on_the_same_files_are_told_of_each_other() {
    let plan = "# Plan\n\n### T1: First\n\nExtend shared.txt.\n\n### T2: Second\n\nMend it.\n\n### T3: Third\n\nAlone.\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("shared.txt", "a\n")]);
    let here = |name: &str| sandbox.path().join(format!("here-{name}")).display().to_string();
    // The first one begins its second iteration once the second one has changed the file, and that one ends after it.
    let first = json!([
        [{"wait_for": here("changed")}, write("1.txt", "1"), not_ready()],
        [write("2.txt", "2"), {"touch": here("told")}, ready()]
    ]);
    let second = json!([
        [write("shared.txt", "b\n"), not_ready()],
        [{"touch": here("changed")}, {"wait_for": here("told")}, ready()]
    ]);
    let third = json!([[{"wait_for": here("told")}, write("3.txt", "3"), ready()]]);
    let part = |title: &str, runs: Value| json!({"prompt": format!("{title}\n"), "runs": runs});
    sandbox
        .fake_agent(&json!({"parts": [part("First", first), part("Second", second), part("Third", third)]}));
    sandbox.alfine(&["run", "PLAN.md", "-j", "3"]).expect(0);
    let prompts = |title: &str| -> Vec<String> {
        let runs = sandbox.agent_runs();
        let of_it = runs.iter().filter_map(|run| run["prompt"].as_str());
        of_it.filter(|prompt| prompt.contains(title)).map(str::to_owned).collect()
    };
    let told = "## Running beside you";
    let first = prompts("Your task: T1: First");
    assert!(first[1].contains(told) && first[1].contains("- T2: Second (`shared.txt`)"), "{}", first[1]);
    assert!(!prompts("Your task: T3: Third")[0].contains(told));
}
