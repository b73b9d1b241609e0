//! What a new worktree gets of the files that git ignores.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};
use std::path::PathBuf;

fn repository(settings: &str) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", PLAN),
        (".gitignore", ".env\nnode_modules\n*.log\n"),
        ("alfine.toml", settings),
    ]);
    sandbox.fake_agent(
        &json!({"runs": [[write("work.txt", "x"), not_ready()], [write("work.txt", "y"), ready()]]}),
    );
    sandbox.write(".env", "SETTING=1\n");
    sandbox.write("node_modules/left/index.js", "pad\n");
    sandbox
}

#[test]
fn ignored_files_are_copied_or_linked_and_the_setup_is_run_once() {
    let sandbox = repository(
        "[worktree]\ncopy = [\".env\"]\nlink = [\"node_modules\"]\nsetup = \"cat .env node_modules/left/index.js >> set-up.log\"\n",
    );
    let ran = run(&sandbox).expect(0);
    let worktree = PathBuf::from(ran.task()["worktree"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(worktree.join(".env")).unwrap(), "SETTING=1\n");
    assert!(worktree.join("node_modules").is_symlink());
    assert_eq!(std::fs::read_to_string(worktree.join("set-up.log")).unwrap(), "SETTING=1\npad\n");
    assert_eq!(ran.events("setup").len(), 1);
    let stat = sandbox.alfine(&["diff", TASK, "--stat"]).expect(0).stdout;
    assert_eq!(stat.lines().count(), 1, "{stat}");
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert!(!worktree.exists());
    assert_eq!(sandbox.read("node_modules/left/index.js"), "pad\n");
    assert_eq!(sandbox.git(&["ls-files"]), ".gitignore\nPLAN.md\nalfine.toml\nwork.txt");
}

#[test]
fn a_setup_that_fails_fails_the_loop_with_its_words_and_continue_tries_it_again() {
    let mend = "the-mend";
    let sandbox = repository(&format!(
        "[worktree]\nsetup = \"test -e $HOME/{mend} || {{ echo no registry; exit 7; }}\"\n"
    ));
    let task = run(&sandbox).expect(1).task();
    assert_eq!(task["status"], "failed");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("no registry") && reason.contains("test -e"), "{reason}");
    assert_eq!(sandbox.agent_runs().len(), 0);
    sandbox.alfine(&["continue", TASK]).expect(1);
    std::fs::write(sandbox.path().join("home").join(mend), "").unwrap();
    sandbox.alfine(&["continue", TASK]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 2);
}

#[test]
fn a_setup_that_fails_without_a_word_leaves_no_gap_where_its_words_would_be() {
    for words in ["", "echo; ", "echo 'no registry'; echo; "] {
        let sandbox = repository(&format!("[worktree]\nsetup = \"{words}exit 7\"\n"));
        let task = run(&sandbox).expect(1).task();
        let reason = task["reason"].as_str().unwrap();
        let said = if words.contains("registry") { ": no registry" } else { "" };
        assert!(reason.ends_with(&format!("failed (exit status 7){said}; fix it and continue")), "{reason}");
    }
}

#[test]
fn a_worktree_that_is_gone_is_made_again() {
    let sandbox = repository("");
    sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    let worktree = PathBuf::from(sandbox.task(TASK)["worktree"].as_str().unwrap());
    std::fs::remove_dir_all(&worktree).unwrap();
    sandbox.alfine(&["continue", TASK, "-i", "2"]).expect(0);
    assert_eq!(std::fs::read_to_string(worktree.join("work.txt")).unwrap(), "y");
}

#[test]
fn a_setup_ends_when_the_loop_is_stopped_or_paused_and_no_agent_starts() {
    for (command, status, code) in [("stop", "stopped", 3), ("pause", "paused", 3)] {
        let sandbox = playing(json!([done()]));
        sandbox.settings(
            "[worktree]\nsetup = \"test -e $HOME/begun || { touch $HOME/begun; exec sleep 600; }\"\n",
        );
        let running = sandbox.start(&["run", TASK, "--json"]);
        let begun = sandbox.path().join("home/begun");
        wait_until(PATIENCE, "the setup runs", || begun.exists());
        sandbox.alfine(&[command, TASK]).expect(0);
        let task = running.finish().expect(code).task();
        assert_eq!((task["status"].as_str(), sandbox.agent_runs().len()), (Some(status), 0), "{task:#}");
        assert_eq!(sandbox.agent_processes(), []);
        let task = sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task();
        assert_eq!((task["status"].as_str(), sandbox.agent_runs().len()), (Some("done"), 1));
    }
}
