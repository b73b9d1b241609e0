//! What is remembered of a repository.

use super::*;
use alfine_core::{
    learning::{MOST, Observation, Seen},
    time::Moment,
};

fn seen(task: &str, iteration: u32) -> Seen {
    let (task, at) = (key(task), Moment(Millis::now().0));
    Seen { loop_id: task.to_string(), task, iteration, checkpoint: Some("c0ffee".to_owned()), at }
}

fn command(name: &str) -> Observation {
    Observation::command(name, &["src/a.rs".to_owned()]).unwrap()
}

#[test]
fn what_is_learned_comes_back_counted_and_can_be_forgotten() {
    let place = Place::new();
    let mut store = place.store();
    let learn = |store: &mut Store, names: &[&str], seen: &Seen| {
        let observations: Vec<_> = names.iter().map(|name| command(name)).collect();
        store.write(|tx| tx.learn(&observations, seen)).unwrap();
    };
    let first = seen("T1", 1);
    learn(&mut store, &["make a", "make b"], &first);
    learn(&mut store, &["make a"], &first);
    learn(&mut store, &["make b"], &seen("T2", 1));
    let found = store.learnings().unwrap();
    let times: Vec<_> = found.iter().map(|it| (it.subject.as_str(), it.times)).collect();
    assert_eq!(times, [("make a", 1), ("make b", 2)]);
    assert_eq!(found[0].seen, [first]);

    let forget = |store: &mut Store, id| store.write(|tx| tx.forget_learnings(id)).unwrap();
    let first = Some(found[0].id);
    assert_eq!((forget(&mut store, first), forget(&mut store, first)), (1, 0));
    learn(&mut store, &["make a"], &seen("T3", 1));
    let again = store.learnings().unwrap();
    assert_eq!((again.len(), again[1].times), (2, 1));
    assert!(again[1].id > found[1].id, "no number is given twice");
    assert_eq!(forget(&mut store, None), 2);
    assert_eq!(store.learnings().unwrap(), []);
}

#[test]
fn a_repository_keeps_no_more_than_so_many_and_nothing_that_faded() {
    let place = Place::new();
    let mut store = place.store();
    let names: Vec<_> = (0..MOST + 3).map(|n| command(&format!("make {n}"))).collect();
    store.write(|tx| tx.learn(&names, &seen("T1", 1))).unwrap();
    assert_eq!(store.learnings().unwrap().len(), MOST);
    let long_ago = Seen { at: Moment(0), ..seen("T2", 1) };
    store.write(|tx| tx.learn(&[command("old")], &long_ago)).unwrap();
    assert!(store.learnings().unwrap().iter().all(|it| it.subject != "old"));
}

#[test]
fn the_last_answer_and_the_last_archive_are_known() {
    let place = Place::new();
    let mut store = place.store();
    assert_eq!((store.last_proposal().unwrap(), store.last_archive("PLAN.md").unwrap()), (None, None));
    store
        .write(|tx| {
            tx.answer_proposal(&["- a".to_owned()], true, Some("Me"))?;
            tx.answer_proposal(&["- b".to_owned()], false, None)?;
            tx.put_archive("PLAN.md", "one")?;
            tx.put_archive("PLAN.md", "two")
        })
        .unwrap();
    let answer = store.last_proposal().unwrap().unwrap();
    assert_eq!((answer.about, answer.accepted, answer.entries), (vec!["- b".to_owned()], false, 0));
    store.write(|tx| tx.move_plan("PLAN.md", "done/PLAN.md")).unwrap();
    assert_eq!(store.last_archive("PLAN.md").unwrap(), None);
    assert_eq!(store.last_archive("done/PLAN.md").unwrap().unwrap().folder, "two");
}
