//! What is rarely committed on purpose does not land by mistake.

use super::*;

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

/// Runs to the rest, and returns the task and the prompt of the second run.
fn told(runs: Value) -> (Sandbox, Value, String) {
    let sandbox = playing(runs);
    let task = run(&sandbox).expect(0).task();
    let second = sandbox.agent_runs().get(1).map(|run| prompt(run).to_owned()).unwrap_or_default();
    (sandbox, task, second)
}

#[track_caller]
fn assert_done(task: &Value, iterations: u64) {
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("done"), Some(iterations)),
        "{task}"
    );
}

#[test]
fn the_agent_is_told_of_a_file_for_keys_and_what_it_ignores_then_does_not_land() {
    let (sandbox, task, second) = told(json!([
        [write("work.txt", "1"), write(".env", "PASSWORD=secret\n"), ready()],
        [write(".gitignore", ".env\n"), ready()],
    ]));
    assert_done(&task, 2);
    assert!(second.contains(".env (by its name it holds keys or passwords); keep it out"), "{second}");
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", branch]), ".gitignore\nPLAN.md\nwork.txt");
    assert!(!sandbox.git(&["rev-list", "--objects", branch]).contains(".env"));
}

#[test]
fn a_token_in_any_file_dependencies_and_logs_are_told() {
    let config = format!("module.exports = '{TOKEN}'\n");
    let (_sandbox, task, second) = told(json!([
        [write("config.js", &config), write("npm-debug.log", "x"),
            {"shell": "mkdir -p web/node_modules/a; touch web/node_modules/a/{index.js,b.js}"}, ready()],
        [write("config.js", "module.exports = process.env.TOKEN\n"), write(".gitignore", "node_modules\n*.log\n"), ready()],
    ]));
    assert_done(&task, 2);
    for told in ["config.js (a key or token is in it)", "npm-debug.log (left", "web/node_modules/ ("] {
        assert!(second.contains(told), "{told}: {second}");
    }
}

#[test]
fn a_key_that_only_the_branchs_history_has_is_told() {
    let (sandbox, task, second) = told(json!([
        [write("work.txt", "1"), write("deploy/id_rsa", "x"),
            {"shell": "git add -A; git commit -qm all; git rm -q deploy/id_rsa; git commit -qm clean"}, ready()],
        [{"shell": "git reset -q --soft HEAD~2; git commit -qm 'US-001 work'"}, ready()],
    ]));
    assert_done(&task, 2);
    assert!(second.contains("in the commit ") && second.contains("deploy/id_rsa"), "{second}");
    assert!(!sandbox.git(&["rev-list", "--objects", task["branch"].as_str().unwrap()]).contains("id_rsa"));
}

#[test]
fn what_the_agent_keeps_is_the_users_to_decide_and_the_proof_names_it() {
    let keeps = json!([write("work.txt", "1"), write("cert/server.pem", "-----\n"), ready()]);
    let sandbox = playing(json!([keeps, [ready()]]));
    sandbox.settings("autonomy = \"full_auto\"\n");
    let task = run(&sandbox).expect(4).task();
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("needs_input"), Some(2)),
        "{task}"
    );
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("cert/server.pem") && reason.contains("Are they to be committed?"), "{reason}");
    sandbox.alfine(&["answer", TASK, "--approve"]).expect(0);
    wait_for_status(&sandbox, "done");
    let task = sandbox.task(TASK);
    assert!(task["reason"].as_str().unwrap().contains("cert/server.pem"), "{task}");
    assert_eq!(
        sandbox.git(&["show", &format!("{}:cert/server.pem", task["branch"].as_str().unwrap())]),
        "-----"
    );
}

#[test]
fn what_is_allowed_what_was_there_and_what_is_written_by_hand_disturbs_nobody() {
    let run = json!([
        write("tests/fixtures/ca.pem", "x"),
        write("node_modules/b.js", "2"),
        write(".env.example", "A=\n"),
        write("build/release.sh", "true\n"),
        write("old.env", &format!("A={TOKEN}\nB=1\n")),
        ready()
    ]);
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", PLAN),
        ("node_modules/a.js", "1"),
        ("old.env", &format!("A={TOKEN}\n")),
        ("alfine.toml", "[safety]\nmay_commit = [\"tests/fixtures/*.pem\"]\n"),
    ]);
    sandbox.fake_agent(&json!({"runs": [run]}));
    assert_done(&super::run(&sandbox).expect(0).task(), 1);
}

#[test]
fn a_thousand_new_files_are_asked_about_like_one() {
    let many =
        json!([{"shell": "mkdir data; for n in $(seq 1 1100); do echo $n > data/$n.json; done"}, ready()]);
    let (_sandbox, task, second) = told(json!([many, [{"shell": "rm -r data; touch work"}, ready()]]));
    assert_done(&task, 2);
    assert!(second.contains("data/ (1100 new files)"), "{second}");
}

#[test]
fn what_is_asked_about_is_named_to_the_last_file() {
    let keys: Vec<String> = (1..=40).map(|n| format!("keys/server-{n:02}.pem")).collect();
    let mut steps: Vec<Value> = keys.iter().map(|path| write(path, "-----\n")).collect();
    steps.extend([write("work.txt", "1"), ready()]);
    let sandbox = playing(json!([steps, [ready()]]));
    let task = run(&sandbox).expect(4).task();
    let told = sandbox.agent_runs()[1]["prompt"].as_str().unwrap().to_owned();
    for key in &keys {
        assert!(task["reason"].as_str().unwrap().contains(key), "{key}: {task}");
        assert!(told.contains(key), "{key}: {told}");
    }
}

#[test]
fn programs_links_and_logins_are_found_in_what_they_are() {
    let made = "printf '\\177ELF\\002\\001\\001\\000' > server; ln -s /etc/passwd link; ln -s work.txt alias";
    let config = "URL = \"postgres://admin:s3cr3tPassw0rd@db.acme.io/prod\"\n";
    let (_sandbox, task, second) = told(json!([
        [write("work.txt", "1"), write("config.py", config), {"shell": made}, ready()],
        [{"shell": "rm server link config.py"}, ready()],
    ]));
    assert_done(&task, 2);
    for told in ["server (left", "link (a link that leads out", "config.py (a key or token is in it)"] {
        assert!(second.contains(told), "{told}: {second}");
    }
    assert!(!second.contains("alias ("), "{second}");
}
