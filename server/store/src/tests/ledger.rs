//! The ledger: who may begin, and what it all cost.

use super::*;
use crate::ledger::{Ledger, LoopUse, NewEntry};
use alfine_core::budget::{Afford, Budgets};
use std::path::Path;

struct Books {
    place: Place,
    ledger: Ledger,
}

impl Books {
    fn new() -> Self {
        let place = Place::new();
        fs_root(&place);
        let ledger = Ledger::open(&place.folder.path().join("state")).unwrap();
        Self { place, ledger }
    }

    fn reserve(&mut self, lock: &LoopLock, task: &str, run: u32, used: LoopUse, most: f64) -> Afford {
        let budgets = Budgets { plan_usd: Some(most), ..Budgets::default() };
        let (repository, task) = (self.place.folder.path(), key(task));
        let new = entry(repository, lock.loop_id(), run, &task, used);
        self.ledger.reserve(&new, &budgets).unwrap()
    }

    fn sum(&self) -> f64 {
        self.ledger.entries(Millis(0)).unwrap().iter().filter_map(|row| row.cost_usd).sum()
    }
}

/// Where locks lie.
fn fs_root(place: &Place) {
    std::fs::create_dir_all(place.layout.root()).unwrap();
}

fn entry<'e>(
    repository: &'e Path,
    loop_id: &'e LoopId,
    run: u32,
    task: &'e TaskKey,
    used: LoopUse,
) -> NewEntry<'e> {
    let (agent, model) = ("claude", None);
    NewEntry { repository, loop_id, run, task, agent, model, used, plan_since: Millis(0) }
}

fn used(cost: f64) -> LoopUse {
    LoopUse { cost_usd: Some(cost), tokens: (cost * 1000.0) as u64, unpriced: false }
}

#[test]
fn loops_side_by_side_stay_within_a_budget_together() {
    let mut books = Books::new();
    let locks: Vec<LoopLock> = (0..4).map(|_| books.place.lock()).collect();
    let begins = |afford: Afford| matches!(afford, Afford::Yes { .. });
    // Nothing is known of what a run costs: one goes alone.
    assert!(begins(books.reserve(&locks[0], "T1", 1, LoopUse::default(), 1.0)));
    assert_eq!(books.reserve(&locks[1], "T2", 1, LoopUse::default(), 1.0), Afford::Wait);
    let folder = books.place.folder.path().to_owned();
    books.ledger.settle(&folder, locks[0].loop_id(), used(0.3)).unwrap();
    assert!(begins(books.reserve(&locks[1], "T2", 1, LoopUse::default(), 1.0)));
    assert!(begins(books.reserve(&locks[2], "T3", 1, LoopUse::default(), 1.0)));
    assert_eq!(books.reserve(&locks[3], "T4", 1, LoopUse::default(), 1.0), Afford::Wait);
    for lock in &locks[1..3] {
        books.ledger.settle(&folder, lock.loop_id(), used(0.3)).unwrap();
    }
    assert!(matches!(books.reserve(&locks[3], "T4", 1, LoopUse::default(), 1.0), Afford::No(_)));
    assert!(begins(books.reserve(&locks[3], "T4", 1, LoopUse::default(), 2.0)), "raised");
    assert!((books.sum() - 0.9).abs() < 1e-9);
}

#[test]
fn an_entry_that_is_written_again_after_a_crash_neither_loses_nor_doubles() {
    let mut books = Books::new();
    let folder = books.place.folder.path().to_owned();
    let lock = books.place.lock();
    books.reserve(&lock, "T1", 1, LoopUse::default(), 10.0);
    for _ in 0..3 {
        books.ledger.settle(&folder, lock.loop_id(), used(0.25)).unwrap();
    }
    // A judge costs something after the agent's run.
    books.ledger.settle(&folder, lock.loop_id(), used(0.30)).unwrap();
    // The runner dies between the second entry and its run, and begins it again.
    books.reserve(&lock, "T1", 2, used(0.30), 10.0);
    books.reserve(&lock, "T1", 2, used(0.30), 10.0);
    // What the loop used is known to its row, and came to no entry before the runner died.
    books.reserve(&lock, "T1", 3, used(0.75), 10.0);
    books.ledger.settle(&folder, lock.loop_id(), used(1.0)).unwrap();
    let costs: Vec<Option<f64>> =
        books.ledger.entries(Millis(0)).unwrap().iter().map(|row| row.cost_usd).collect();
    assert_eq!(costs, [Some(0.30), Some(0.45), Some(0.25)]);
}

#[test]
fn what_is_kept_back_for_a_dead_runner_is_given_back() {
    let mut books = Books::new();
    let (first, second) = (books.place.lock(), books.place.lock());
    assert!(matches!(books.reserve(&first, "T1", 1, LoopUse::default(), 1.0), Afford::Yes { .. }));
    assert_eq!(books.reserve(&second, "T2", 1, LoopUse::default(), 1.0), Afford::Wait);
    drop(first);
    assert!(matches!(books.reserve(&second, "T2", 1, LoopUse::default(), 1.0), Afford::Yes { .. }));
}

#[test]
fn a_day_counts_every_repository_and_a_plan_its_own() {
    let (mut books, other) = (Books::new(), Place::new());
    fs_root(&other);
    let folder = books.place.folder.path().to_owned();
    let (lock, lock_of_other) = (books.place.lock(), other.lock());
    let task = key("T1");
    let new = entry(other.folder.path(), lock_of_other.loop_id(), 1, &task, LoopUse::default());
    books.ledger.reserve(&new, &Budgets::default()).unwrap();
    books.ledger.settle(other.folder.path(), lock_of_other.loop_id(), used(0.9)).unwrap();
    let new = entry(&folder, lock.loop_id(), 1, &task, LoopUse::default());
    let plan = Budgets { plan_usd: Some(0.5), ..Budgets::default() };
    let day = Budgets { day_usd: Some(0.9), ..Budgets::default() };
    assert!(matches!(books.ledger.affords(&new, &plan).unwrap(), Afford::Yes { .. }));
    assert!(matches!(books.ledger.affords(&new, &day).unwrap(), Afford::No(_)));
    // Tomorrow begins anew.
    let tomorrow = Millis(Millis::now().0 + 36 * 3600 * 1000);
    assert!(matches!(books.ledger.reserve_at(tomorrow, &new, &day).unwrap(), Afford::Yes { .. }));
}

#[test]
fn an_agent_that_tells_no_cost_is_known() {
    let mut books = Books::new();
    let folder = books.place.folder.path().to_owned();
    let lock = books.place.lock();
    assert!(!books.ledger.tells_no_cost("claude").unwrap());
    books.reserve(&lock, "T1", 1, LoopUse::default(), 10.0);
    books
        .ledger
        .settle(&folder, lock.loop_id(), LoopUse { cost_usd: None, tokens: 500, unpriced: true })
        .unwrap();
    assert!(books.ledger.tells_no_cost("claude").unwrap());
    books.reserve(&lock, "T1", 2, LoopUse { cost_usd: None, tokens: 500, unpriced: true }, 10.0);
    books.ledger.settle(&folder, lock.loop_id(), used(1.0)).unwrap();
    assert!(!books.ledger.tells_no_cost("claude").unwrap());
}

#[test]
fn the_time_of_a_plan_counts_what_ran_side_by_side_once() {
    let mut books = Books::new();
    let folder = books.place.folder.path().to_owned();
    let task = key("T1");
    let hour = 3600 * 1000;
    let budgets = Budgets { plan_time: Some(Duration::from_secs(2 * 3600)), ..Budgets::default() };
    for (at, loops) in [(0, 3), (hour, 1)] {
        let locks: Vec<LoopLock> = (0..loops).map(|_| books.place.lock()).collect();
        for lock in &locks {
            let new = entry(&folder, lock.loop_id(), 1, &task, LoopUse::default());
            assert!(matches!(
                books.ledger.reserve_at(Millis(at), &new, &budgets).unwrap(),
                Afford::Yes { .. }
            ));
        }
        for lock in &locks {
            books.ledger.settle_at(Millis(at + hour), &folder, lock.loop_id(), LoopUse::default()).unwrap();
        }
    }
    let lock = books.place.lock();
    let new = entry(&folder, lock.loop_id(), 1, &task, LoopUse::default());
    assert!(matches!(
        books.ledger.reserve_at(Millis(3 * hour), &new, &budgets).unwrap(),
        Afford::No(short) if short.spent == 7200.0
    ));
}

#[test]
fn a_ledger_of_a_newer_version_and_a_foreign_file_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::open(folder.path()).unwrap());
    let path = Ledger::path(folder.path());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Ledger::open(folder.path()), Err(StoreError::Newer { .. })));
    std::fs::write(&path, "not a database at all, but long enough to be looked at as one, surely").unwrap();
    assert!(matches!(Ledger::open(folder.path()), Err(StoreError::Corrupt { .. })));
}
