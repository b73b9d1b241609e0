//! Finished work on a branch that has moved.

use super::*;
use crate::landing::{CheckedTree, Landing, NotLanded, ProvenLanding};

fn landing(unattended: bool) -> Landing {
    Landing { into: "main".into(), with_others: false, unattended }
}

fn checked(tree: &str) -> CheckedTree {
    CheckedTree { tree: tree.into(), checks: vec![] }
}

fn red_there() -> NotLanded {
    NotLanded::Red { failed: vec!["make check".into()] }
}

fn not_landed(because: NotLanded) -> Option<Reason> {
    Some(Reason::NotLanded { into: "main".into(), because })
}

/// A loop that was done after its first iteration.
fn done() -> Play {
    let mut play = Play::started();
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::Done);
    play
}

#[test]
fn work_that_holds_on_a_moved_branch_is_done_with_the_tree_that_may_land() {
    let mut play = done();
    play.command(Command::Land(landing(false)));
    assert_eq!(play.status(), TaskStatus::Evaluating);
    assert_eq!(play.state.reason(), Some(Reason::Lands { into: "main".into() }));
    play.feed(Input::Landed(Ok(checked("merged"))));
    assert_eq!(play.status(), TaskStatus::Done);
    let proven = ProvenLanding { landing: landing(false), tree: "merged".into(), checks: vec![] };
    assert_eq!(play.state.landing, Some(proven));
    assert_eq!(play.landings, 1);
}

#[test]
fn a_user_who_waits_for_a_landing_is_told_what_fails_and_decides() {
    let mut play = done();
    play.landed = Some(Err(red_there()));
    play.command(Command::Land(landing(false)));
    assert_eq!((play.status(), play.state.reason()), (TaskStatus::Done, not_landed(red_there())));
    assert_eq!(play.brought_up, [""; 0]);
    play.command(Command::Rework { from: "main".into() });
    assert_eq!((play.status(), play.brought_up.len()), (TaskStatus::Rework, 1));
    assert_eq!(
        play.state.last.as_ref().unwrap().verdict,
        "main has moved since, and is merged into your branch; together with it these checks fail: `make check`; let both \
         sides hold"
    );
    let base = Tree { tree: "theirs".into(), head: "tip of main".into() };
    assert_eq!(play.state.base(), Some(&base), "the work is compared with that branch from now on");
    play.landed = Some(Ok(checked("merged")));
    play.iteration(2, READY).command(Command::Land(landing(false)));
    assert_eq!((play.status(), play.state.not_landed.clone()), (TaskStatus::Done, None));
    assert!(play.state.landing.is_some());
}

#[test]
fn what_does_not_land_unattended_is_worked_on_again_while_there_are_iterations() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(2.0));
    play.iteration(1, READY);
    play.landed = Some(Err(NotLanded::Conflicts { files: vec!["a.txt".into()] }));
    play.conflicts = vec!["a.txt".into()];
    play.command(Command::Land(landing(true)));
    assert_eq!((play.status(), play.brought_up.len()), (TaskStatus::Rework, 1));
    assert!(play.state.last.as_ref().unwrap().verdict.contains("a.txt: resolve what is between"));
    play.iteration(2, READY);
    assert_eq!(play.status(), TaskStatus::Done);
    play.landed = Some(Err(red_there()));
    play.command(Command::Land(landing(true)));
    assert_eq!((play.status(), play.brought_up.len()), (TaskStatus::Done, 1), "two were all it had");
    assert_eq!(play.state.reason(), not_landed(red_there()));
}

#[test]
fn a_landing_is_given_up_and_gone_on_with_after_a_death() {
    let mut play = done();
    play.command(Command::Land(landing(true))).feed(Input::Recovered);
    assert_eq!((play.status(), play.landings), (TaskStatus::Evaluating, 2));
    play.command(Command::Stop);
    assert_eq!((play.status(), play.state.reason()), (TaskStatus::Done, not_landed(NotLanded::Stopped)));
    play.feed(Input::Landed(Ok(checked("late"))));
    assert_eq!(play.state.landing, None, "nobody waits for it any more");
    play.command(Command::Land(landing(false))).feed(Input::Failed("the disk is full".into()));
    let because = NotLanded::Unknown { message: "the disk is full".into() };
    assert_eq!((play.status(), play.state.reason()), (TaskStatus::Done, not_landed(because)));
}

#[test]
fn only_what_is_done_lands_or_is_worked_on_again() {
    let mut play = Play::started();
    play.command(Command::Land(landing(false))).command(Command::Rework { from: "main".into() });
    let refused = Refusal::NotDone { status: TaskStatus::Running };
    assert_eq!(play.refused, [refused.clone(), refused]);
    let mut play = done();
    play.command(Command::Land(landing(false))).go_on(None, false);
    assert_eq!(play.refused, [Refusal::NothingToContinue { status: TaskStatus::Evaluating }]);
}

#[test]
fn the_user_s_yes_to_merge_holds_for_the_work_that_they_saw() {
    let yes = |landing| Input::ApprovalGiven(Answer { approved: Some(true), landing, ..Answer::default() });
    let mut play = Play::started();
    play.verdict = yellow();
    play.iteration(1, READY);
    play.feed(yes(Some(landing(false))));
    assert_eq!((play.status(), &play.state.lands_when_done), (TaskStatus::Done, &Some(landing(false))));
    play.command(Command::Rework { from: "main".into() });
    assert_eq!(play.state.lands_when_done, None);

    let mut play = Play::started();
    play.verdict = yellow();
    play.iteration(1, READY);
    play.feed(Input::ApprovalGiven(Answer {
        approved: Some(false),
        landing: Some(landing(false)),
        ..Answer::default()
    }));
    play.iteration(2, READY);
    play.feed(yes(None));
    assert_eq!((play.status(), &play.state.lands_when_done), (TaskStatus::Done, &None));
}
