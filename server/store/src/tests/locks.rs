//! Who runs a loop, across threads and processes, and what happens when they die.

use super::{
    processes::{Other, command},
    *,
};
use alfine_core::{agent::Outcome, reason::Reason};
use std::{
    fs,
    process::{Command, Stdio},
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
};

#[test]
fn a_lock_is_held_by_one_process_until_it_dies() {
    let place = Place::new();
    let id = LoopId::generate();
    assert!(!LoopLock::is_held(&place.layout, &id).unwrap());
    let mut other = Other::start("hold", place.folder.path(), id.as_str());
    assert_eq!(other.says().as_deref(), Some("held"));

    assert!(LoopLock::is_held(&place.layout, &id).unwrap());
    assert!(LoopLock::keep_unheld(&place.layout, &id).unwrap().is_none());
    let refused = LoopLock::acquire(&place.layout, &id).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("loop {id} is run by another process (process ")), "{refused}");

    other.kill();
    assert!(!LoopLock::is_held(&place.layout, &id).unwrap());
    LoopLock::acquire(&place.layout, &id).unwrap();
}

#[test]
fn looking_at_a_lock_never_keeps_it_from_a_starter() {
    let place = Place::new();
    let id = LoopId::generate();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    LoopLock::is_held(&place.layout, &id).unwrap();
                    drop(LoopLock::keep_unheld(&place.layout, &id).unwrap());
                }
            });
        }
        let results: Vec<_> = (0..200).map(|_| LoopLock::acquire(&place.layout, &id).map(drop)).collect();
        over.store(true, Ordering::Relaxed);
        for result in results {
            result.unwrap();
        }
    });
}

#[test]
fn of_many_starters_one_wins() {
    let place = Place::new();
    let id = LoopId::generate();
    let (start, all_tried) = (Barrier::new(8), Barrier::new(8));
    let winners = thread::scope(|scope| {
        let starter = || {
            start.wait();
            let lock = LoopLock::acquire(&place.layout, &id);
            all_tried.wait();
            lock.is_ok()
        };
        let starters: Vec<_> = (0..8).map(|_| scope.spawn(starter)).collect();
        starters.into_iter().map(|starter| starter.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(winners, 1);
}

#[test]
fn a_child_does_not_inherit_a_lock() {
    let place = Place::new();
    let lock = place.lock();
    let id = lock.loop_id().clone();
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    drop(lock);
    let held = LoopLock::is_held(&place.layout, &id).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!held);
}

#[test]
fn a_lock_is_handed_over_to_a_detached_runner_without_a_moment_in_which_it_is_free() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    let id = lock.loop_id().clone();
    let mut command = command("take-over", place.folder.path(), id.as_str());
    let mut runner = Other::of(command.stdin(lock.into_stdin()));
    drop(command);
    // From here on only the child has it, whether it has come up or not.
    assert!(LoopLock::is_held(&place.layout, &id).unwrap());
    assert_eq!(store.reconcile().unwrap(), []);
    let pid = runner.says().unwrap();
    let refused = LoopLock::acquire(&place.layout, &id).unwrap_err().to_string();
    assert!(refused.contains(&format!("(process {pid} on ")), "{refused}");

    runner.kill();
    assert_eq!(store.reconcile().unwrap().len(), 1);
}

#[test]
fn a_runner_that_never_comes_up_leaves_an_interrupted_loop() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    let id = lock.loop_id().clone();
    Command::new("/nonexistent/alfine").stdin(lock.into_stdin()).spawn().unwrap_err();
    let found = store.reconcile().unwrap();
    assert_eq!(found, [Interrupted { loop_id: id, task: key("US-001"), newly: true, runs: vec![] }]);
}

#[test]
fn a_stdin_that_is_not_the_lock_is_refused() {
    let place = Place::new();
    let lock = place.lock();
    let mut command = command("take-over", place.folder.path(), lock.loop_id().as_str());
    let mut runner = Other::of(command.stdin(Stdio::null()).stderr(Stdio::null()));
    assert_eq!(runner.says(), None);
    lock.check().unwrap();
}

#[test]
fn a_runner_whose_lock_was_deleted_can_write_no_more() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    fs::remove_dir_all(place.layout.root().join("locks")).unwrap();
    let error = store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Done, None, true)).unwrap_err();
    assert!(matches!(&error, StoreError::LockLost(id) if id == lock.loop_id()), "{error:?}");
}

#[test]
fn only_loops_whose_runner_died_are_interrupted_and_only_once() {
    let place = Place::new();
    let mut store = place.store();
    let alive = place.start(&mut store, &key("alive"));
    let dead = place.start(&mut store, &key("dead"));
    let paused = place.start(&mut store, &key("paused"));
    let done = place.start(&mut store, &key("done"));
    store
        .write(|tx| {
            tx.set_loop_status(&dead, TaskStatus::Evaluating, None, false)?;
            tx.set_loop_status(&paused, TaskStatus::Paused, Some(&Reason::StoppedByUser), false)?;
            tx.set_loop_status(&done, TaskStatus::Done, None, true)
        })
        .unwrap();
    let dead_id = dead.loop_id().clone();
    drop((dead, paused, done));

    let start = Barrier::new(4);
    let found: Vec<Interrupted> = thread::scope(|scope| {
        let reconcile = || {
            let mut store = place.store();
            start.wait();
            store.reconcile().unwrap()
        };
        let all: Vec<_> = (0..4).map(|_| scope.spawn(reconcile)).collect();
        all.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        found,
        [Interrupted { loop_id: dead_id.clone(), task: key("dead"), newly: true, runs: vec![] }]
    );
    let statuses: Vec<(String, TaskStatus)> =
        store.tasks().unwrap().into_iter().map(|task| (task.key.id.0, task.status)).collect();
    assert_eq!(
        statuses,
        [
            ("alive".to_owned(), TaskStatus::Running),
            ("dead".to_owned(), TaskStatus::Interrupted),
            ("paused".to_owned(), TaskStatus::Paused),
            ("done".to_owned(), TaskStatus::Done),
        ]
    );
    let told: Vec<Option<LoopId>> = store
        .events_after(0, usize::MAX)
        .unwrap()
        .into_iter()
        .filter(|event| event.kind == EventKind::Change(Change::LoopInterrupted))
        .map(|event| event.loop_id)
        .collect();
    assert_eq!(told, [Some(dead_id)]);
    drop(alive);
}

#[test]
fn what_a_dead_runner_left_is_named_until_its_end_is_written_down() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    let new = RunNew { iteration: 1, pid: 4711, process_start: 99, marker: "m", session: None };
    let (run, n) = store
        .write(|tx| {
            tx.begin_iteration(&lock, 1, None)?;
            tx.begin_run(&lock, &new)
        })
        .unwrap();
    assert_eq!(n, 1);
    assert_eq!(store.reconcile().unwrap(), [], "its runner lives");
    drop(lock);

    for newly in [true, false] {
        let found = store.reconcile().unwrap();
        let [Interrupted { newly: marked, runs, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((*marked, runs[0].pid, runs[0].process_start), (newly, 4711, 99));
    }
    let end = RunEnd {
        outcome: &Outcome::Interrupted,
        message: "",
        session: None,
        usage: None,
        session_total_cost: None,
        transcript: None,
    };
    store.write(|tx| tx.end_run(run, &end)).unwrap();
    assert_eq!(store.reconcile().unwrap(), []);
    assert_eq!(store.open_runs().unwrap(), []);
}

#[test]
fn an_interrupted_loop_is_claimed_and_goes_on() {
    let place = Place::new();
    let mut store = place.store();
    let id = place.start(&mut store, &key("US-001")).loop_id().clone();
    store.reconcile().unwrap();
    let lock = LoopLock::acquire(&place.layout, &id).unwrap();
    let before = store.write(|tx| tx.claim_loop(&lock)).unwrap();
    assert_eq!(before.status, TaskStatus::Interrupted);
    assert_eq!(store.task(&key("US-001")).unwrap().unwrap().status, TaskStatus::Running);
    assert_eq!(store.reconcile().unwrap(), []);
}
