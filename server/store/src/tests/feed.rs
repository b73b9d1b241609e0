//! Waiting for changes.

use super::{processes::Other, *};
use crate::rows::{Json, Word};
use std::{fs, time::Instant};

const LONG: Option<Duration> = Some(Duration::from_secs(30));

fn payloads(news: Changes) -> Vec<Value> {
    match news {
        Changes::Events(events) => events.into_iter().map(|event| event.payload).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_of_another_process_is_heard() {
    let place = Place::new();
    // A patient reader looks without having heard anything only after a minute: longer than is waited for here.
    let mut feed = Feed::new(&place.layout, place.store().last_seq().unwrap()).patient();
    let mut other = Other::start("commit-when-told", place.folder.path(), "");
    assert_eq!(other.says().as_deref(), Some("ready"));
    // The first look is at what is there already; it makes the feed listen.
    assert_eq!(feed.wait(Some(Duration::ZERO)).unwrap(), Changes::Quiet);
    for _ in 0..21 {
        other.tell();
        assert_eq!(payloads(feed.wait(LONG).unwrap()).len(), 1);
        assert_eq!(other.says().as_deref(), Some("done"));
    }
}

#[test]
fn two_readers_see_the_same_changes_in_the_same_order() {
    let place = Place::new();
    let mut store = place.store();
    let read_all = || {
        let mut feed = Feed::new(&place.layout, 0);
        let mut seqs = Vec::new();
        while seqs.len() < 2500 {
            match feed.wait(LONG).unwrap() {
                Changes::Events(events) => seqs.extend(events.into_iter().map(|event| event.seq)),
                other => panic!("{other:?}"),
            }
        }
        seqs
    };
    thread::scope(|scope| {
        let readers = [scope.spawn(read_all), scope.spawn(read_all)];
        for _ in 0..50 {
            store.write(|tx| (0..50).try_for_each(|n| append(tx, &json!(n)).map(drop))).unwrap();
        }
        for reader in readers {
            assert_eq!(reader.join().unwrap(), (1..=2500).collect::<Vec<_>>());
        }
    });
}

#[test]
fn without_changes_waiting_ends_with_the_time_and_not_before() {
    let place = Place::new();
    drop(place.store());
    let mut feed = Feed::new(&place.layout, 0);
    let started = Instant::now();
    assert_eq!(feed.wait(Some(Duration::from_millis(150))).unwrap(), Changes::Quiet);
    assert!(started.elapsed() >= Duration::from_millis(150));
}

#[test]
fn another_thread_can_end_the_waiting() {
    let place = Place::new();
    let mut feed = Feed::new(&place.layout, 0);
    let waker = feed.waker();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || feed.wait(None).unwrap());
        waker.stop();
        assert_eq!(waiting.join().unwrap(), Changes::Stopped);
    });
}

#[test]
fn a_feed_may_begin_before_there_is_a_database() {
    let place = Place::new();
    let mut feed = Feed::new(&place.layout, 0);
    assert_eq!(feed.wait(Some(Duration::ZERO)).unwrap(), Changes::Quiet);
    place.store().write(|tx| append(tx, &json!(1))).unwrap();
    assert_eq!(payloads(feed.wait(LONG).unwrap()), [json!(1)]);
}

#[test]
fn a_replaced_database_is_told_and_followed() {
    let place = Place::new();
    let mut store = place.store();
    store.write(|tx| append(tx, &json!("old"))).unwrap();
    let mut feed = Feed::new(&place.layout, 0);
    assert_eq!(payloads(feed.wait(LONG).unwrap()), [json!("old")]);

    fs::rename(place.layout.root(), place.folder.path().join("elsewhere")).unwrap();
    store.write(|tx| append(tx, &json!("first of the new"))).unwrap();
    assert_eq!(feed.wait(LONG).unwrap(), Changes::Replaced);
    store.write(|tx| append(tx, &json!("second of the new"))).unwrap();
    assert_eq!(payloads(feed.wait(LONG).unwrap()), [json!("second of the new")]);
}

#[test]
fn a_reader_that_missed_forgotten_changes_is_told_to_read_everything_again() {
    let place = Place::new();
    let mut store = place.store();
    for n in 1..=5 {
        store.write_at(Millis(n), |tx| append(tx, &json!(n))).unwrap();
    }
    assert_eq!(store.write(|tx| tx.forget_events_before(Millis(4))).unwrap(), 3);
    let mut late = Feed::new(&place.layout, 1);
    assert_eq!(late.wait(LONG).unwrap(), Changes::Replaced);
    assert_eq!(late.after(), 5);
    let mut in_time = Feed::new(&place.layout, 3);
    assert_eq!(payloads(in_time.wait(LONG).unwrap()), [json!(4), json!(5)]);
    // The last one stays, so that no place is ever given twice.
    store.write(|tx| tx.forget_events_before(Millis(i64::MAX))).unwrap();
    assert_eq!(store.write(|tx| append(tx, &json!({}))).unwrap(), 6);
}

#[test]
fn a_reader_of_some_kinds_passes_over_the_others() {
    let place = Place::new();
    let mut store = place.store();
    let mut feed = Feed::new(&place.layout, 0).only(&[Change::Asked]);
    let say = |store: &mut Store, change: Change, n: i64| {
        store.write(|tx| tx.append(None, None, Word(change), Json(json!(n)))).unwrap();
    };
    (0..1500).for_each(|n| say(&mut store, Change::Answered, n));
    assert_eq!(feed.wait(Some(Duration::ZERO)).unwrap(), Changes::Quiet);
    assert_eq!(feed.after(), 1500);
    say(&mut store, Change::Asked, 7);
    say(&mut store, Change::Answered, 8);
    assert_eq!(payloads(feed.wait(LONG).unwrap()), [json!(7)]);
    assert_eq!(feed.after(), 1502);
}

#[test]
fn a_patient_reader_hears_a_database_being_made_removed_and_replaced() {
    let place = Place::new();
    let mut feed = Feed::new(&place.layout, i64::MAX).patient();
    let (told, tell) = std::sync::mpsc::channel();
    let waker = feed.waker();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let news = feed.wait(None).unwrap();
                let is_over = news == Changes::Stopped;
                told.send((news, feed.reader().is_some())).unwrap();
                if is_over {
                    return;
                }
            }
        });
        let next = || tell.recv_timeout(Duration::from_secs(10)).unwrap();
        waker.ask();
        assert_eq!(next(), (Changes::Quiet, false));

        place.store().write(|tx| append(tx, &json!(1))).unwrap();
        let mut seen = next();
        while seen == (Changes::Replaced, false) {
            seen = next();
        }
        assert_eq!(seen, (Changes::Replaced, true));

        fs::rename(place.layout.root(), place.folder.path().join("elsewhere")).unwrap();
        while next() != (Changes::Replaced, false) {}
        place.store().write(|tx| append(tx, &json!(2))).unwrap();
        while next() != (Changes::Replaced, true) {}
        waker.stop();
        while next().0 != Changes::Stopped {}
    });
}

#[test]
fn who_rests_is_woken_by_a_question_alone() {
    let place = Place::new();
    let feed = Feed::new(&place.layout, 0);
    let waker = feed.waker();
    let started = Instant::now();
    feed.rest(Duration::from_millis(100));
    assert!(started.elapsed() >= Duration::from_millis(100));
    waker.ask();
    feed.rest(Duration::from_secs(3600));
}
