//! What takes ten times as long for ten times as much, and not a hundred times.

use super::*;
use alfine_core::finding::Finding;
use std::time::Instant;

/// Compares how long `work` takes for so much, and for ten times as much, each the quickest of three tries: other work on
/// the machine only adds.
fn assert_grows_with_its_size(what: &str, size: usize, work: impl Fn(usize) -> Duration) {
    let quickest = |size: usize| (0..3).map(|_| work(size)).min().unwrap_or_default();
    let (once, tenfold) = (quickest(size), quickest(10 * size));
    assert!(tenfold < 20 * once, "{what}: {once:?} for {size}, and {tenfold:?} for ten times as much");
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn checked(store: &mut Store, lock: &LoopLock, verifier: &str, findings: &[Finding]) {
    let new = VerificationNew {
        iteration: 1,
        verifier,
        criterion: None,
        passed: false,
        required: true,
        weight: 1.0,
        exit: Some(1),
        output: "failed",
        tree: "aaaa",
        started_at: Millis(7),
        duration_ms: 1500,
        answer: alfine_core::proof::Answer::Passed,
        tests: None,
        proof: None,
        findings,
    };
    store.write(|tx| tx.add_verification(lock, &new)).unwrap();
}

#[test]
fn the_latest_findings_are_read_after_each_check_without_all_that_were_found_before() {
    let findings = vec![Finding::error("it is wrong".to_owned()); 200];
    assert_grows_with_its_size("checks", 20, |checks| {
        let place = Place::new();
        let mut store = place.store();
        let lock = place.start(&mut store, &key("US-001"));
        store.write(|tx| tx.begin_iteration(&lock, 1, None)).unwrap();
        // What ran once, long ago, is among the latest results, too.
        checked(&mut store, &lock, "lint", &findings);
        for _ in 0..checks {
            checked(&mut store, &lock, "test", &findings);
        }
        timed(|| {
            for _ in 0..checks {
                assert_eq!(store.latest_verifications(lock.loop_id()).unwrap().len(), 2);
            }
        })
    });
}

#[test]
fn events_are_read_and_followed_in_the_time_that_their_number_takes() {
    let filled = |events: usize| {
        let place = Place::new();
        let mut store = place.store();
        let lock = place.start(&mut store, &key("US-001"));
        let news = News::Setup { command: "npm ci".to_owned() };
        let new = NewEvent { loop_id: Some(lock.loop_id()), task: None, news: &news };
        store.write(|tx| tx.append_events((0..events).map(|_| new))).unwrap();
        (place, store, lock)
    };
    assert_grows_with_its_size("events of a loop", 3000, |events| {
        let (_place, store, lock) = filled(events);
        timed(|| {
            let (mut after, mut seen) = (0, 0);
            loop {
                let page = store.events_of_loop_after(lock.loop_id(), after, 1000).unwrap();
                let Some(last) = page.last() else { break };
                (after, seen) = (last.seq, seen + page.len());
            }
            assert!(seen >= events);
        })
    });
    assert_grows_with_its_size("a feed", 3000, |events| {
        let (place, _store, _lock) = filled(events);
        timed(|| {
            let (mut feed, mut seen) = (Feed::new(&place.layout, 0), 0);
            while let Changes::Events(events) = feed.wait(Some(Duration::ZERO)).unwrap() {
                seen += events.len();
            }
            assert!(seen >= events);
        })
    });
}
