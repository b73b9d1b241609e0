//! Before each run of the agent it is looked whether that stays within the budgets.

use super::*;

fn play(affords: Option<Input>) -> Play {
    let settings = Settings { asks_budgets: true, ..Settings::default() };
    let mut play = Play { affords, ..Play::new(settings) };
    play.feed(Input::Start);
    play
}

fn iteration(play: &mut Play) {
    play.tree += 1;
    play.feed(Input::AgentExited { outcome: Outcome::Ok, message: String::new() });
}

#[test]
fn a_run_that_can_be_afforded_begins_and_so_does_the_next() {
    let mut play = play(Some(Input::Afforded));
    assert_eq!(play.spawned.len(), 1);
    iteration(&mut play);
    assert_eq!((play.spawned.len(), play.state.status()), (2, TaskStatus::Running));
}

#[test]
fn what_cannot_be_afforded_is_asked_and_not_begun_until_the_user_continues() {
    let mut play = play(Some(Input::Afforded));
    play.affords = Some(Input::Unaffordable("the plan's budget of $1.00 is spent".to_owned()));
    iteration(&mut play);
    assert_eq!((play.spawned.len(), play.state.status()), (1, TaskStatus::NeedsInput));
    assert_eq!(play.asked.iter().map(|ask| ask.kind).collect::<Vec<_>>(), [AskKind::Budget]);
    play.feed(Input::CommandReceived(Command::Continue {
        max_iterations: None,
        reset_breaker: false,
        max_cost_usd: None,
    }));
    assert_eq!(
        (play.spawned.len(), play.state.status()),
        (1, TaskStatus::NeedsInput),
        "it is not raised yet"
    );
    play.affords = Some(Input::Afforded);
    play.feed(Input::CommandReceived(Command::Continue {
        max_iterations: None,
        reset_breaker: false,
        max_cost_usd: None,
    }));
    assert_eq!((play.spawned.len(), play.state.status()), (2, TaskStatus::Running));
    // It is the iteration that was to begin, with the session that it was to have.
    assert_eq!(play.spawned.last().unwrap().iteration, 2);
}

#[test]
fn a_run_waits_for_what_others_cost_without_counting_the_time() {
    let mut play = play(Some(Input::AffordLater));
    assert_eq!((play.spawned.len(), play.state.status()), (0, TaskStatus::Waiting));
    assert_eq!(play.state.reason(), Some(Reason::AwaitsSums));
    for _ in 0..10_000 {
        play.now = play.state.deadline().unwrap();
        play.feed(Input::TimerFired);
    }
    assert_eq!((play.spawned.len(), play.state.breaker.running()), (0, Duration::ZERO));
    play.affords = Some(Input::Afforded);
    play.now = play.state.deadline().unwrap();
    play.feed(Input::TimerFired);
    assert_eq!((play.spawned.len(), play.state.status()), (1, TaskStatus::Running));
}

#[test]
fn a_loop_that_waits_for_sums_can_be_held_and_its_dead_runner_replaced() {
    for before in [None, Some(Input::AffordLater)] {
        let mut play = play(before);
        play.affords = None;
        play.feed(Input::Recovered);
        play.affords = Some(Input::Afforded);
        play.feed(Input::CommandReceived(Command::Pause { now: false, reason: None }));
        assert_eq!((play.spawned.len(), play.state.status()), (0, TaskStatus::Paused));
        // An answer that comes too late begins nothing.
        play.feed(Input::Afforded);
        assert_eq!(play.spawned.len(), 0);
    }
}
