//! Work that is done, and a branch that has moved since its checks ran.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};
use std::path::PathBuf;

const FIRST: &str = TASK;
const SECOND: &str = "PLAN.md#US-002";

/// Two tasks, each of which is proven alone.
const TWO: &str = "# Plan\n\n\
    ### US-001: Add the first\n\nWrite it.\n\nAcceptance criteria:\n- [ ] It is there: `test -e a.txt`\n\n\
    ### US-002: Add the second\n\nWrite it.\n\nAcceptance criteria:\n- [ ] It is there: `test -e b.txt`\n";

/// A check of the whole repository that holds with the work of each, and not of both.
const TOGETHER: &str =
    "[[verifiers]]\nname = \"together\"\ncommand = \"! grep -q x a.txt || ! grep -q x b.txt\"\n";

/// Two tasks, of which the first one is done; then more runs of the agent.
fn raced(more: Value, settings: &[&str]) -> Sandbox {
    let mut runs = vec![json!([write("a.txt", "x\n"), ready()]), json!([write("b.txt", "x\n"), ready()])];
    runs.extend(more.as_array().cloned().unwrap_or_default());
    let sandbox = with_plan(TWO, Value::Array(runs));
    for settings in settings {
        sandbox.settings(settings);
    }
    sandbox.alfine(&["run", FIRST, "--trust", "--json"]).expect(0);
    sandbox
}

/// Commits something on the user's branch.
fn meanwhile(sandbox: &Sandbox) {
    sandbox.write("mine.txt", "mine\n");
    sandbox.git(&["add", "mine.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
}

/// What a command waits at, until it is open.
struct Gate {
    begun: PathBuf,
    fifo: PathBuf,
    open: PathBuf,
}

impl Gate {
    fn new(sandbox: &Sandbox) -> Self {
        let [begun, fifo, open] = ["begun", "fifo", "open"].map(|name| sandbox.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        Self { begun, fifo, open }
    }

    /// The command that waits.
    fn command(&self) -> String {
        let [begun, fifo, open] = [&self.begun, &self.fifo, &self.open].map(|path| path.display());
        format!("test -e {open} || {{ touch {begun}; cat {fifo}; }}")
    }

    /// Waits until the command is there.
    fn reached(&self) {
        wait_until(PATIENCE, "the command that waits", || std::fs::remove_file(&self.begun).is_ok());
    }

    /// Lets whoever comes from now on through.
    fn stay_open(&self) {
        std::fs::write(&self.open, "").unwrap();
    }

    /// Lets through the command that is there, and all that come.
    fn open(&self) {
        self.stay_open();
        // It waits for somebody who writes.
        std::fs::OpenOptions::new().write(true).open(&self.fifo).unwrap();
    }
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "main"])
}

#[test]
fn a_merge_that_breaks_what_landed_before_is_not_made_and_is_reworked_on_top_of_it() {
    let sandbox = raced(json!([[write("b.txt", "y\n"), ready()]]), &[TOGETHER]);
    sandbox.alfine(&["run", SECOND, "--trust", "--json"]).expect(0);
    sandbox.alfine(&["merge", FIRST]).expect(0);
    let before = (head(&sandbox), sandbox.git(&["status", "--porcelain"]));
    let proof: Value = serde_json::from_str(&sandbox.alfine(&["proof", FIRST, "--json"]).stdout).unwrap();
    let as_made = json!({"into": "main", "commit": before.0, "tree": proof["tree"]});
    assert_eq!(proof["landed"], as_made, "no check ran again");

    let refused = sandbox.alfine(&["merge", SECOND]).expect(4);
    assert!(refused.stdout.contains("main has moved"), "{}", refused.stdout);
    assert!(refused.stdout.contains("this check fails: together"), "{}", refused.stdout);
    assert!(refused.stdout.contains("alfine rework PLAN.md#US-002"), "{}", refused.stdout);
    assert_eq!((head(&sandbox), sandbox.git(&["status", "--porcelain"])), before);
    let task = sandbox.task(SECOND);
    assert_eq!(
        (&task["status"], &task["cause"]),
        (
            &json!("done"),
            &json!({"kind": "not_landed", "into": "main", "because": {"why": "red", "failed": ["together"]}})
        )
    );

    let reworked = sandbox.alfine(&["rework", SECOND, "mind the other one", "--json"]).expect(0);
    assert_eq!(reworked.task()["status"], "done");
    let prompt = sandbox.agent_runs().pop().unwrap();
    let prompt = super::prompt(&prompt);
    for part in ["main has moved since", "`together`", "mind the other one"] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    sandbox.alfine(&["merge", SECOND]).expect(0);
    assert_eq!(sandbox.task(SECOND)["status"], "merged");
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("x\n".into(), "y\n".into()));
    assert!(sandbox.read("PLAN.md").matches("- [x]").count() == 2, "{}", sandbox.read("PLAN.md"));
}

#[test]
fn where_the_settings_merge_the_second_is_reworked_and_lands_without_a_word() {
    let sandbox = raced(json!([[write("b.txt", "y\n"), ready()]]), &["on_done = \"merge\"", TOGETHER]);
    assert_eq!(sandbox.task(FIRST)["status"], "merged");
    // The second one begins where the first one did, and the first one lands while it works.
    sandbox.git(&["branch", "later", "main"]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let gate = Gate::new(&sandbox);
    sandbox.settings(&format!("[worktree]\nsetup = '{}'\n", gate.command()));
    let second = sandbox.start(&["run", SECOND, "--trust", "--json"]);
    gate.reached();
    sandbox.git(&["reset", "-q", "--hard", "later"]);
    gate.open();
    let ran = second.finish().expect(0);
    assert_eq!(ran.task()["status"], "merged", "{}", ran.stdout);
    assert_eq!(ran.events("brought_up").len(), 1, "{}", ran.stdout);
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("x\n".into(), "y\n".into()));
}

#[test]
fn work_that_holds_on_what_landed_before_lands_after_its_checks_ran_there() {
    let sandbox = raced(json!([]), &[TOGETHER]);
    sandbox.alfine(&["run", SECOND, "--trust", "--json"]).expect(0);
    meanwhile(&sandbox);
    let ran = sandbox.alfine(&["merge", SECOND, "--json"]).expect(0);
    let checks = ran.events("verifier");
    assert_eq!(checks.len(), 2, "{}", ran.stdout);
    assert_eq!(ran.task()["status"], "merged");
    assert_eq!((sandbox.read("mine.txt"), sandbox.read("b.txt")), ("mine\n".into(), "x\n".into()));

    // What landed is said with the tree that the checks saw, which is neither side's own.
    let proof = sandbox.alfine(&["proof", SECOND, "--json"]).expect(0);
    let proof: Value = serde_json::from_str(&proof.stdout).unwrap();
    let landed = &proof["landed"];
    assert_eq!(
        (landed["into"].as_str(), landed["commit"].as_str()),
        (Some("main"), Some(head(&sandbox).as_str()))
    );
    assert_ne!(landed["tree"], proof["tree"], "{proof:#}");
    let made = landed["checks"].as_array().unwrap();
    let names: Vec<_> = made.iter().map(|one| one["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["test -e b.txt", "together"], "{proof:#}");
    assert!(made.iter().all(|one| one["run"]["answer"] == "passed" && one["run"]["tree"] == landed["tree"]));
    let files = sandbox.git(&["ls-tree", "--name-only", landed["tree"].as_str().unwrap()]);
    assert_eq!(files, "PLAN.md\nb.txt\nmine.txt");
    let shown = sandbox.alfine(&["proof", SECOND]).expect(0).stdout;
    assert!(shown.contains("on which 2 checks ran") && shown.contains("together: passed in"), "{shown}");
}

#[test]
fn what_the_settings_leave_out_is_not_run_before_a_landing() {
    let sandbox = raced(json!([]), &[TOGETHER]);
    let settings = sandbox.path().join("home/config/alfine/config.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("[proof]\n", "[proof]\nlanding = \"criteria\"\n")).unwrap();
    sandbox.alfine(&["run", SECOND, "--trust", "--json"]).expect(0);
    sandbox.alfine(&["merge", FIRST]).expect(0);
    let ran = sandbox.alfine(&["merge", SECOND, "--json"]).expect(0);
    assert_eq!(ran.events("verifier").len(), 1, "{}", ran.stdout);
}

#[test]
fn the_agent_resolves_what_conflicts_and_the_markers_are_gone_when_it_lands() {
    let both = [write("work.txt", "mine\ndone\n"), ready()];
    let sandbox = playing(json!([done(), both]));
    run(&sandbox).expect(0);
    sandbox.write("work.txt", "mine\n");
    sandbox.git(&["add", "work.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    let refused = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(refused.stderr.contains("alfine rework PLAN.md#US-001"), "{}", refused.stderr);
    let ran = sandbox.alfine(&["rework", TASK, "--json"]).expect(0);
    assert_eq!(ran.events("brought_up")[0]["conflicts"], json!(["work.txt"]));
    let told = sandbox.agent_runs().pop().unwrap();
    assert!(
        prompt(&told).contains("work.txt: resolve what is between the conflict markers"),
        "{}",
        prompt(&told)
    );
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("work.txt"), "mine\ndone\n");
}

#[test]
fn a_landing_whose_runner_is_killed_goes_on_and_one_that_is_stopped_leaves_everything() {
    let sandbox = with_plan(TWO, json!([[write("a.txt", "x\n"), ready()]]));
    let gate = Gate::new(&sandbox);
    let held = format!("test ! -e mine.txt || {{ {}; }}", gate.command());
    sandbox.settings(&format!("[[verifiers]]\nname = \"held\"\ncommand = '{held}'\n"));
    sandbox.alfine(&["run", FIRST, "--trust", "--json"]).expect(0);
    meanwhile(&sandbox);
    let before = (head(&sandbox), sandbox.git(&["status", "--porcelain"]));

    let merge = sandbox.start(&["merge", FIRST, "--json"]);
    gate.reached();
    assert_eq!(sandbox.task(FIRST)["cause"], json!({"kind": "lands", "into": "main"}));
    sandbox.alfine(&["stop", FIRST]).expect(0);
    assert_eq!(merge.finish().expect(4).task()["status"], "done");
    assert_eq!((head(&sandbox), sandbox.git(&["status", "--porcelain"])), before);

    let merge = sandbox.start(&["merge", FIRST, "--json"]);
    gate.reached();
    merge.kill_9();
    assert_eq!(sandbox.task(FIRST)["status"], "interrupted");
    assert_eq!((head(&sandbox), sandbox.git(&["status", "--porcelain"])), before);
    gate.stay_open();
    sandbox.alfine(&["continue", FIRST, "--json"]).expect(0);
    assert_eq!(sandbox.task(FIRST)["status"], "merged");
}

#[test]
fn work_lands_on_a_branch_one_after_another() {
    let sandbox = with_plan(TWO, json!([[write("a.txt", "x\n"), ready()], [write("b.txt", "x\n"), ready()]]));
    let gate = Gate::new(&sandbox);
    let held = format!("test ! -e mine.txt || {}", gate.command());
    sandbox.settings(&format!("[[verifiers]]\nname = \"held\"\ncommand = '{held}'\n"));
    for task in [FIRST, SECOND] {
        sandbox.alfine(&["run", task, "--trust", "--json"]).expect(0);
    }
    meanwhile(&sandbox);
    let first = sandbox.start(&["merge", FIRST, "--json"]);
    gate.reached();
    let second = sandbox.start(&["merge", SECOND, "--json"]);
    wait_until(PATIENCE, "the second waits", || {
        let log = sandbox.alfine(&["log", SECOND, "--json"]);
        log.events("landing_awaited").len() == 1
    });
    gate.open();
    assert_eq!(first.finish().expect(0).task()["status"], "merged");
    assert_eq!(second.finish().expect(0).task()["status"], "merged");
}

/// A repository whose user is asked where nothing proves the work, and an agent that plays these runs.
fn asking(plan: &str, runs: Value) -> Sandbox {
    let sandbox = with_plan(plan, runs);
    let path = sandbox.path().join("home/config/alfine/config.toml");
    let settings =
        std::fs::read_to_string(&path).unwrap().replace("unproven = \"take\"", "unproven = \"ask\"");
    std::fs::write(path, settings).unwrap();
    sandbox
}

const PROSE: &str = "# Plan\n\n### US-001: Add it\n\nWrite it.\n\nAcceptance criteria:\n- [ ] It is there\n";

#[test]
fn work_is_approved_and_merged_by_one_answer() {
    let sandbox = asking(PROSE, json!([done()]));
    let asked = run(&sandbox).expect(4);
    assert_eq!(asked.task()["status"], "needs_input", "{}", asked.stdout);
    let shown = sandbox.alfine(&["status", TASK]).stdout;
    assert!(shown.contains("alfine answer PLAN.md#US-001 --approve --merge"), "{shown}");

    sandbox.alfine(&["answer", TASK, "--merge"]).expect(2);
    sandbox.alfine(&["answer", TASK, "--approve", "--merge"]).expect(0);
    wait_for_status(&sandbox, "merged");
    assert_eq!(sandbox.read("work.txt"), "done\n");
    assert!(sandbox.read("PLAN.md").contains("- [x] It is there"), "{}", sandbox.read("PLAN.md"));
    let message = sandbox.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains("Alfine-Proof: 0 of 1 proven, 1 approved"), "{message}");
}

#[test]
fn work_that_is_approved_and_merged_by_one_answer_lands_only_where_its_checks_hold() {
    let sandbox = asking(PROSE, json!([[write("b.txt", "x\n"), ready()], [write("b.txt", "y\n"), ready()]]));
    sandbox.settings(TOGETHER);
    run(&sandbox).expect(4);
    sandbox.write("a.txt", "x\n");
    sandbox.git(&["add", "a.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    let before = (head(&sandbox), sandbox.git(&["status", "--porcelain"]));
    sandbox.alfine(&["answer", TASK, "--approve", "--merge"]).expect(0);
    wait_until(PATIENCE, "it is not merged", || sandbox.task(TASK)["cause"]["kind"] == "not_landed");
    let task = sandbox.task(TASK);
    assert_eq!((&task["status"], &task["cause"]["because"]["why"]), (&json!("done"), &json!("red")));
    assert_eq!((head(&sandbox), sandbox.git(&["status", "--porcelain"])), before);

    // The yes was for that work alone: what is made of it is asked about again, and merged only if the user says so.
    let reworked = sandbox.alfine(&["rework", TASK, "--json"]).expect(4);
    assert_eq!(reworked.task()["status"], "needs_input");
    sandbox.alfine(&["answer", TASK, "--approve"]).expect(0);
    wait_for_status(&sandbox, "done");
    wait_until(PATIENCE, "no runner", || sandbox.agent_processes().is_empty());
    assert_eq!(sandbox.task(TASK)["status"], "done");
    assert_eq!(head(&sandbox), before.0);
}

#[test]
fn where_there_is_no_work_nothing_is_merged_with_the_answer() {
    let sandbox = asking(&PROSE.replace("It is there", "holds: `test -f PLAN.md`"), json!([done()]));
    let asked = run(&sandbox).expect(4);
    assert_eq!(asked.task()["cause"]["ask"], "already_green", "{}", asked.stdout);
    let shown = sandbox.alfine(&["status", TASK]).stdout;
    assert!(shown.contains("--approve") && !shown.contains("--merge"), "{shown}");
    let refused = sandbox.alfine(&["answer", TASK, "--approve", "--merge"]).expect(2);
    assert!(refused.stderr.contains("asks about no work that could be merged"), "{}", refused.stderr);
    assert_eq!(sandbox.task(TASK)["status"], "needs_input");
}
