//! Several servers on one repository: they agree, and none is needed for a loop to go on.

use super::*;

#[test]
fn two_servers_on_one_repository_agree() {
    let held = Held::new(PLAN, vec![], vec![json!(["hang"])]);
    let mut one = reading(&held.sandbox);
    let mut other = Setup::default().with_tasks().open(&held.sandbox);
    other.open_file("PLAN.md");
    other.lens("PLAN.md", "Start loop");
    let sees = |other: &mut Editor, what: &str| {
        other.until(&format!("the other sees {what}"), |other| {
            let last =
                other.tasks_changed.iter().rev().find_map(|it| it["tasks"].as_array()?.last().cloned())?;
            (last["status"] == what).then_some(())
        });
    };
    one.click("PLAN.md", "Start loop").unwrap();
    sees(&mut other, "running");
    held.wait();
    for _ in 0..4 {
        one.execute("alfine.stop", of_task()).unwrap();
        one.lens("PLAN.md", "stopped");
        sees(&mut other, "stopped");
        one.execute("alfine.continue", of_task()).unwrap();
        sees(&mut other, "running");
    }
    one.execute("alfine.stop", of_task()).unwrap();
    other.lens("PLAN.md", "stopped");
    let same = [&mut one, &mut other].map(|editor| {
        editor.lens("PLAN.md", "Continue");
        editor.lens_titles("PLAN.md")
    });
    assert_eq!(same[0], same[1]);
}

#[test]
fn a_killed_server_leaves_its_loop_running_and_the_next_one_shows_it() {
    let held = Held::new(PLAN, vec![write("work.txt", "done\n"), ready()], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let ancestors = ancestors_of_agent(&held.sandbox);
    assert!(!ancestors.contains(&editor.process()), "an agent is below the server: {ancestors:?}");
    editor.kill_9();

    let mut next = reading(&held.sandbox);
    next.lens("PLAN.md", "iteration 1 of 10 · running");
    next.until("its progress", |editor| {
        editor.progress.values().any(|it| !it.values.is_empty()).then_some(())
    });
    held.release();
    next.lens("PLAN.md", "done");
    assert_eq!(held.sandbox.agent_runs().len(), 1);
}

/// The processes above the agent, up to the first one.
fn ancestors_of_agent(sandbox: &Sandbox) -> Vec<u32> {
    let (agent, _) = sandbox.agent_processes().pop().expect("an agent");
    let mut all = vec![agent];
    while let Some(parent) = all.last().copied().filter(|pid| *pid > 1).and_then(parent_of) {
        all.push(parent);
    }
    all
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[test]
fn an_editor_that_is_closed_and_opened_again_finds_all_as_it_was() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    editor
        .until("a progress", |editor| editor.progress.values().any(|it| !it.values.is_empty()).then_some(()));
    assert_eq!(editor.leave(), 0);
    assert!(editor.progress.values().all(|progress| progress.is_over), "{:?}", editor.progress);
    drop(editor);
    let mut again = reading(&held.sandbox);
    again.lens("PLAN.md", "running");
    again.execute("alfine.stop", of_task()).unwrap();
    again.lens("PLAN.md", "stopped");
}

#[test]
fn what_a_terminal_does_is_seen_in_the_editor() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
    let mut editor = reading(&sandbox);
    assert_eq!(sandbox.alfine(&["run", TASK, "-i", "1"]).code(), 3);
    editor.diagnostic("PLAN.md", "breaker-iterations");
    assert_eq!(sandbox.alfine(&["continue", TASK, "-i", "2"]).code(), 0);
    editor.no_diagnostic("PLAN.md", "breaker-iterations");
    editor.lens("PLAN.md", "done");
    assert_eq!(sandbox.alfine(&["merge", TASK]).code(), 0);
    editor.lens("PLAN.md", "merged");
}
