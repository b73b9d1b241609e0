//! Runners and clients that go without a word.

use super::*;

#[test]
fn a_killed_runner_shows_as_interrupted_and_its_fix_goes_on() {
    let held = Held::new(PLAN, vec![], vec![done()]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let runner = runner_of(&held.sandbox);
    kill_9(runner);
    let told = editor.diagnostic("PLAN.md", "interrupted");
    assert!(told["message"].as_str().unwrap().contains("Continue it"), "{told}");
    wait_until(PATIENCE, "the agent is gone", || held.sandbox.agent_processes().is_empty());
    held.release();
    let fix = editor.action("PLAN.md", TITLE, "Continue");
    editor.perform(&fix).unwrap();
    editor.lens("PLAN.md", "done");
    editor.no_diagnostic("PLAN.md", "interrupted");
}

/// The process that holds the loop's lock, as it signed it.
fn runner_of(sandbox: &Sandbox) -> u32 {
    let locks = std::fs::read_dir(sandbox.repo().join(".git/alfine/locks")).unwrap();
    let signed = locks.flatten().map(|lock| std::fs::read_to_string(lock.path()).unwrap());
    let line = signed.into_iter().find(|line| line.starts_with("process ")).expect("a lock");
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

fn kill_9(process: u32) {
    let process = rustix::process::Pid::from_raw(process.try_into().unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_server_whose_client_is_gone_leaves_before_its_loop_ends() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    editor.client().close_input();
    editor.drain();
    assert_eq!(editor.client().end(), 1, "it was not told to go");
    assert_eq!(held.sandbox.task(TASK)["status"], "running");
    held.sandbox.alfine(&["stop", TASK]).expect(0);
}
