//! What an agent does to the user's own checkout: it is seen, said, told to the agent, and brought back when asked.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};
use std::{fs, path::Path};

/// A user in the middle of something, and an agent that first runs `harm` in the user's checkout.
fn suffers(harm: &str) -> Sandbox {
    at_work(|repo| {
        let shell = format!("cd {} && {harm}", repo.display());
        json!([[{"shell": shell}, not_ready()], done()])
    })
}

/// A user in the middle of something, and an agent that plays these runs.
fn at_work(runs: impl Fn(&Path) -> Value) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n"), ("b.txt", "one\n")]);
    sandbox.git(&["branch", "other"]);
    sandbox.write("stashed.txt", "stashed\n");
    sandbox.git(&["stash", "push", "-q", "-u", "-m", "mine"]);
    sandbox.write("a.txt", "the user's edit\n");
    sandbox.write("b.txt", "staged\n");
    sandbox.git(&["add", "b.txt"]);
    sandbox.write("notes.txt", "untracked\n");
    sandbox.fake_agent(&json!({ "runs": runs(&sandbox.repo()) }));
    sandbox
}

/// All of the user's that an agent could harm.
fn users(sandbox: &Sandbox) -> Vec<String> {
    let mut all = vec![
        sandbox.git(&[
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=all",
        ]),
        sandbox.git(&["for-each-ref", "refs/heads/main", "refs/heads/other", "refs/tags"]),
        sandbox.git(&["stash", "list", "--format=%H"]),
        sandbox.git(&["config", "--local", "--list"]),
    ];
    for file in ["a.txt", "b.txt", "notes.txt", ".git/hooks/pre-commit"] {
        all.push(fs::read_to_string(sandbox.repo().join(file)).unwrap_or_default());
    }
    all
}

fn kinds(ran: &Ran) -> Vec<Vec<String>> {
    let found = ran.events("checkout_changed").into_iter();
    let kinds = |found: Value| -> Vec<String> {
        let changes = found["changes"].as_array().cloned().unwrap_or_default();
        changes.iter().map(|change| change["what"].as_str().unwrap_or_default().to_owned()).collect()
    };
    found.map(kinds).collect()
}

#[test]
fn every_way_into_the_users_checkout_is_seen_said_and_undone() {
    let ways: [(&str, &[&str]); 9] = [
        ("echo mine > a.txt && rm notes.txt && echo x > new.txt", &["files"]),
        ("git add -A", &["staged"]),
        ("git -c user.name=A -c user.email=a@b commit -qam agent", &["ref", "staged"]),
        ("git switch -qf other", &["head", "files"]),
        ("git reset -q --hard", &["files"]),
        ("git stash pop -q", &["files", "stash"]),
        ("git config core.editor vi", &["config"]),
        ("printf '#!/bin/sh\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit", &["hook"]),
        ("git branch -qD other", &["ref"]),
    ];
    for (harm, wanted) in ways {
        let sandbox = suffers(harm);
        let before = users(&sandbox);
        let ran = run(&sandbox).expect(0);
        assert_eq!(kinds(&ran), [wanted.to_vec()], "{harm}");
        let found = &ran.events("checkout_changed")[0];
        assert_eq!((&found["named"], &found["tasks"]), (&json!(true), &json!([TASK])), "{harm}");
        assert_ne!(users(&sandbox), before, "{harm}");

        let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
        assert!(log.contains("the agent of US-001 changed your checkout: "), "{harm}: {log}");
        let status = sandbox.alfine(&["status"]).expect(0).stdout;
        assert!(
            status.contains("bring your checkout back: alfine restore PLAN.md#US-001"),
            "{harm}: {status}"
        );
        let told = sandbox.agent_runs();
        let told = prompt(&told[1]);
        assert!(told.contains("you changed the user's own checkout"), "{harm}: {told}");

        let asked = sandbox.alfine(&["restore", TASK]).expect(2);
        assert!(asked.stdout.contains("this changed in your checkout:\n  "), "{harm}: {}", asked.stdout);
        assert_ne!(users(&sandbox), before, "{harm}");
        let restored = sandbox.alfine(&["restore", TASK, "--yes"]).expect(0).stdout;
        assert!(restored.starts_with("your checkout is as it was before\n"), "{harm}: {restored}");
        assert_eq!(users(&sandbox), before, "{harm}");
        let again = sandbox.alfine(&["restore", TASK, "--yes"]).expect(2).stderr;
        assert!(again.contains("nothing is known to have changed"), "{again}");
        let status = sandbox.alfine(&["status"]).expect(0).stdout;
        assert!(!status.contains("alfine restore"), "{harm}: {status}");
    }
}

#[test]
fn what_the_user_does_meanwhile_is_not_laid_at_the_agents_door() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n")]);
    let (here, go) = (sandbox.path().join("here"), sandbox.path().join("go"));
    let waits = format!("touch {}; until [ -e {} ]; do sleep 0.02; done", here.display(), go.display());
    sandbox.fake_agent(&json!({"runs": [[{"shell": waits}, write("work.txt", "1"), ready()]]}));
    let running = sandbox.start(&["run", TASK, "--trust", "--json"]);
    wait_until(PATIENCE, "the agent works", || here.exists());
    sandbox.write("a.txt", "the user's edit\n");
    fs::write(go, "").unwrap();
    let ran = running.finish().expect(0);
    let found = &ran.events("checkout_changed")[0];
    assert_eq!((&found["named"], &found["changes"][0]["paths"]), (&json!(false), &json!(["a.txt"])));
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(
        log.contains("your checkout changed while the agent of US-001 ran, and it may have been you"),
        "{log}"
    );
    let status = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(!status.contains("restore"), "{status}");
    let kept = sandbox.alfine(&["restore", TASK, "--mine"]).expect(0).stdout;
    assert_eq!(kept, "kept as yours: 1 file changed (a.txt)\n");
    assert_eq!(sandbox.read("a.txt"), "the user's edit\n");
    let again = sandbox.alfine(&["restore", TASK, "--mine"]).expect(2).stderr;
    assert!(again.contains("nothing is known to have changed"), "{again}");
}

#[test]
fn what_all_worktrees_share_is_reached_without_a_path() {
    for (harm, kind) in [
        ("git stash pop -q && git checkout -q . && git clean -fdq", "stash"),
        ("git config core.editor vi", "config"),
        ("git branch -qD other", "ref"),
    ] {
        let sandbox = at_work(|_| json!([[{"shell": harm}, write("work.txt", "1"), ready()]]));
        let before = users(&sandbox);
        let ran = run(&sandbox).expect(0);
        assert_eq!(kinds(&ran), [[kind]], "{harm}");
        assert_eq!(ran.events("checkout_changed")[0]["named"], true, "{harm}");
        sandbox.alfine(&["restore", TASK, "--yes"]).expect(0);
        assert_eq!(users(&sandbox), before, "{harm}");
    }
}

#[test]
fn the_work_of_a_loop_in_place_is_no_harm_to_the_loop_beside_it() {
    let plan = "# P\n\n### T1: One\n\nDo it.\n\n### T2: Two\n\nDo it.\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
    let (here, go) = (sandbox.path().join("here"), sandbox.path().join("go"));
    let waits = format!("touch {}; until [ -e {} ]; do sleep 0.02; done", here.display(), go.display());
    sandbox.fake_agent(&json!({"runs": [
        [{"shell": waits}, write("one.txt", "1"), ready()],
        [write("two.txt", "1"), ready()],
    ]}));
    let running = sandbox.start(&["run", "PLAN.md#T1", "--trust", "--json"]);
    wait_until(PATIENCE, "the agent works", || here.exists());
    sandbox.alfine(&["run", "PLAN.md#T2", "--trust", "--in-place"]).expect(0);
    assert!(sandbox.repo().join("two.txt").exists());
    fs::write(go, "").unwrap();
    assert_eq!(kinds(&running.finish().expect(0)), Vec::<Vec<String>>::new());
}

#[test]
fn a_landing_while_another_agent_works_is_no_change_of_the_checkout() {
    let plan = "# P\n\n### T1: One\n\nDo it.\n\n### T2: Two\n\nDo it.\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
    let (here, go) = (sandbox.path().join("here"), sandbox.path().join("go"));
    let waits = format!("touch {}; until [ -e {} ]; do sleep 0.02; done", here.display(), go.display());
    sandbox.fake_agent(&json!({"runs": [
        [write("one.txt", "1"), ready()],
        [{"shell": waits}, write("two.txt", "1"), ready()],
    ]}));
    sandbox.alfine(&["run", "PLAN.md#T1", "--trust"]).expect(0);
    let running = sandbox.start(&["run", "PLAN.md#T2", "--trust", "--json"]);
    wait_until(PATIENCE, "the agent works", || here.exists());
    sandbox.alfine(&["merge", "PLAN.md#T1"]).expect(0);
    assert!(sandbox.repo().join("one.txt").exists());
    fs::write(go, "").unwrap();
    assert_eq!(kinds(&running.finish().expect(0)), Vec::<Vec<String>>::new());
}

#[test]
fn what_an_agent_did_before_its_runner_died_is_found_by_whoever_goes_on() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n")]);
    let here = sandbox.path().join("here");
    let harm =
        format!("echo agent > {}/a.txt; touch {}; sleep 600", sandbox.repo().display(), here.display());
    sandbox.fake_agent(&json!({"runs": [[{"shell": harm}], done()]}));
    let running = sandbox.start(&["run", TASK, "--trust", "--json"]);
    wait_until(PATIENCE, "the agent works", || here.exists());
    running.kill_9();
    let ran = sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
    assert_eq!(kinds(&ran), [["files"]]);
    sandbox.alfine(&["restore", TASK, "--yes"]).expect(0);
    assert_eq!(sandbox.read("a.txt"), "one\n");
}

#[test]
fn a_branch_and_a_worktree_that_an_agent_makes_are_named_and_kept() {
    let sandbox =
        suffers("git worktree add -q ../inner -b inner && git -C ../inner commit -q --allow-empty -m x");
    let ran = run(&sandbox).expect(0);
    assert_eq!(kinds(&ran), [["ref", "worktree"]]);
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(log.contains("the branch inner is new; a worktree was made at "), "{log}");
    sandbox.alfine(&["restore", TASK, "--yes"]).expect(0);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s", "inner"]), "x");
}

#[test]
fn in_place_only_what_is_around_the_tree_is_watched() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n")]);
    sandbox.git(&["branch", "other"]);
    let harm = "echo two > a.txt && git branch -qD other && git config core.editor vi";
    sandbox.fake_agent(&json!({"runs": [[{"shell": harm}, ready()]]}));
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--in-place", "--json"]).expect(0);
    assert_eq!(kinds(&ran), [["ref", "config"]]);
    sandbox.alfine(&["restore", TASK, "--yes"]).expect(0);
    assert_eq!(sandbox.read("a.txt"), "two\n");
    assert!(Path::new(&sandbox.repo()).join(".git/refs/heads/other").exists());
}

#[test]
fn old_states_of_the_checkout_are_let_go() {
    let sandbox = suffers("echo mine > a.txt");
    run(&sandbox).expect(0);
    let kept = || sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/alfine/checkouts"]);
    assert!(!kept().is_empty());
    sandbox.alfine(&["gc", "--remove"]).expect(0);
    assert!(!kept().is_empty());
    let before = kept();
    let made = sandbox
        .command("git")
        .args(["commit-tree", "HEAD^{tree}", "-m", "old"])
        .env("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
        .current_dir(sandbox.repo())
        .output()
        .unwrap();
    let old = String::from_utf8(made.stdout).unwrap();
    sandbox.git(&["update-ref", "refs/alfine/checkouts/old", old.trim()]);
    let found = sandbox.alfine(&["gc"]).expect(0).stdout;
    assert!(
        found.contains("found 1 state of your own checkout from before agents ran, older than 14 days"),
        "{found}"
    );
    sandbox.alfine(&["gc", "--remove"]).expect(0);
    assert_eq!(kept(), before);
}

#[test]
fn what_landed_meanwhile_stays_when_the_rest_is_brought_back() {
    let plan = "# P\n\n### T1: One\n\nDo it.\n\n### T2: Two\n\nDo it.\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("a.txt", "one\n"), ("b.txt", "one\n")]);
    let (here, go) = (sandbox.path().join("here"), sandbox.path().join("go"));
    let harm = format!(
        "touch {}; until [ -e {} ]; do sleep 0.02; done; cd {} && git reset -q --hard && rm notes.txt",
        here.display(),
        go.display(),
        sandbox.repo().display()
    );
    sandbox.fake_agent(&json!({"runs": [
        [write("one.txt", "1"), ready()],
        [{"shell": harm}, write("two.txt", "1"), ready()],
    ]}));
    sandbox.alfine(&["run", "PLAN.md#T1", "--trust"]).expect(0);
    sandbox.write("a.txt", "the user's edit\n");
    sandbox.write("notes.txt", "untracked\n");
    let running = sandbox.start(&["run", "PLAN.md#T2", "--trust", "--json"]);
    wait_until(PATIENCE, "the agent works", || here.exists());
    sandbox.alfine(&["merge", "PLAN.md#T1"]).expect(0);
    let landed = sandbox.git(&["rev-parse", "main"]);
    fs::write(go, "").unwrap();
    let ran = running.finish().expect(0);
    let changes = &ran.events("checkout_changed")[0]["changes"];
    assert_eq!(*changes, json!([{"what": "files", "paths": ["a.txt", "notes.txt"], "count": 2}]));
    sandbox.alfine(&["restore", "PLAN.md#T2", "--yes"]).expect(0);
    assert_eq!(sandbox.git(&["rev-parse", "main"]), landed);
    assert_eq!(sandbox.read("one.txt"), "1");
    assert_eq!(
        (sandbox.read("a.txt"), sandbox.read("notes.txt")),
        ("the user's edit\n".into(), "untracked\n".into())
    );
    assert_eq!(sandbox.git(&["diff", "--cached", "--name-only"]), "");
}

#[test]
fn of_several_changes_that_may_be_the_users_each_can_be_brought_back() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n"), ("b.txt", "one\n")]);
    sandbox.write("a.txt", "precious\n");
    let repo = sandbox.repo();
    let script = sandbox.path().join("agent.sh");
    let said = "printf '<COMPLETION_GATE>\\nready: %s\\nreason: x\\n</COMPLETION_GATE>\\n'";
    let text = format!(
        "#!/bin/sh\ncat >/dev/null\nif [ -e done.txt ]; then echo users > {0}/b.txt; {said} true; else \
         echo 1 > done.txt; git -C {0} reset -q --hard; {said} false; fi\n",
        repo.display()
    );
    fs::write(&script, text).unwrap();
    sandbox.settings(&format!(
        "agent = \"command\"\n[proof]\nunproven = \"take\"\n[agents.command]\ncommand = \"sh {}\"\n",
        script.display()
    ));
    let ran = run(&sandbox).expect(0);
    assert_eq!(kinds(&ran), [["files"], ["files"]]);
    let restored = sandbox.alfine(&["restore", TASK, "--yes"]).expect(0).stdout;
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("one\n".into(), "one\n".into()));
    assert!(
        restored.contains("another change was noted, too: alfine restore PLAN.md#US-001 --change 1"),
        "{restored}"
    );
    sandbox.alfine(&["restore", TASK, "--change", "1", "--yes"]).expect(0);
    assert_eq!(sandbox.read("a.txt"), "precious\n");
}

#[test]
fn uncommitted_work_in_another_worktree_is_kept_named_and_brought_back() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "one\n")]);
    let other = sandbox.path().join("feature");
    let path = other.display().to_string();
    sandbox.git(&["worktree", "add", "-q", "-b", "feature", &path]);
    fs::write(other.join("a.txt"), "two days of work\n").unwrap();
    fs::write(other.join("new.txt"), "new\n").unwrap();
    let harm = format!("cd {path} && git reset -q --hard && git clean -fdq");
    sandbox.fake_agent(&json!({"runs": [[{"shell": harm}, write("work.txt", "1"), ready()]]}));
    let ran = run(&sandbox).expect(0);
    assert_eq!(kinds(&ran), [["in_worktree"]]);
    let found = &ran.events("checkout_changed")[0];
    assert_eq!(
        (&found["named"], &found["changes"][0]["path"], &found["changes"][0]["change"]["paths"]),
        (&json!(true), &json!(path), &json!(["a.txt", "new.txt"]))
    );
    let asked = sandbox.alfine(&["restore", TASK]).expect(2).stdout;
    assert!(asked.contains(&format!("in your worktree {path}: 2 files changed")), "{asked}");
    sandbox.alfine(&["restore", TASK, "--yes"]).expect(0);
    assert_eq!(fs::read_to_string(other.join("a.txt")).unwrap(), "two days of work\n");
    assert_eq!(fs::read_to_string(other.join("new.txt")).unwrap(), "new\n");
}
