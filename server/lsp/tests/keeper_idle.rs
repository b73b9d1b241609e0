//! A keeper that has nothing to do sleeps. Alone in its process, since it counts all of its threads.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "keeper/place.rs"]
mod place;

use alfine_core::task::TaskStatus;
use place::{Place, git, key, start, store};
use std::{fs, time::Duration};

/// The threads of this process, and how often each went to sleep.
fn threads() -> Vec<(String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let told = tasks.filter_map(|task| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("Name:")?.to_owned(), field("voluntary_ctxt_switches:")?.parse().ok()?))
    });
    told.collect()
}

#[test]
fn while_nothing_happens_no_thread_wakes_up() {
    let mut place = Place::new();
    let others = threads().len();
    let root = place.repository("shop");
    place.repository("lab");
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "first"]);
    git(&root, &["worktree", "add", "-q", "../branch"]);
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Paused, None, false)).unwrap();
    place.open_folders(&["shop", "branch", "lab"]);
    let paused = TaskStatus::Paused;
    place.until("the loop", |seen| {
        let task = seen.checkouts.first().and_then(|checkout| checkout.store.task(&key("US-001")).cloned());
        seen.checkouts.len() == 3 && task.is_some_and(|task| task.row.status == paused)
    });
    place.look();
    // One for the disk, one for each repository, and the listeners that belong to them.
    let all = threads();
    assert_eq!(all.iter().filter(|(name, _)| name == "alfine-store").count(), 2, "{all:?}");

    let quiet = |place: &mut Place, time: Duration| {
        let published = &mut place.published;
        published.borrow_and_update();
        let change = place.runtime.block_on(async { tokio::time::timeout(time, published.changed()).await });
        assert!(change.is_err(), "something was published");
    };
    quiet(&mut place, Duration::from_millis(300));
    let before = threads();
    quiet(&mut place, Duration::from_secs(3));
    let after = threads();
    assert_eq!(before.len(), after.len());
    assert!(after.len() > others, "{after:?}");
    let ours = |(name, _): &&(String, u64)| name.starts_with("alfine") || name.starts_with("notify");
    assert!(before.iter().filter(ours).count() >= 6, "{before:?}");
    assert_eq!(before.iter().filter(ours).collect::<Vec<_>>(), after.iter().filter(ours).collect::<Vec<_>>());
}
