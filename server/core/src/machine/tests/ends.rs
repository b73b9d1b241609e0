//! How a run of the agent ends, and what that comes to.

use super::*;
use crate::agent::Question;

const HOUR: u64 = 3600;

/// Feeds one input without performing what comes of it.
fn alone(play: &mut Play, input: Input) -> Vec<Effect> {
    let (state, effects) = step(play.state.clone(), play.now, input);
    play.state = state;
    effects
}

fn event(play: &mut Play, event: AgentEvent) {
    play.feed(Input::AgentEvent(event));
}

/// An agent that gave its result and did not end, in the moment after that.
fn concluded(text: &str, waits: bool) -> Play {
    let mut play = Play::started();
    play.session("s1");
    play.tree = 1;
    play.says(text);
    event(&mut play, AgentEvent::Concluded { waits });
    play
}

/// Lets time pass, and the agent end as it said once it is killed.
fn is_ended_after(play: &mut Play, seconds: u64) -> Option<KillReason> {
    play.now = play.now.after(Duration::from_secs(seconds));
    let effects = alone(play, Input::TimerFired);
    let kill = effects.iter().find_map(|effect| match effect {
        Effect::KillAgent(reason) => Some(*reason),
        _ => None,
    })?;
    play.ends(Outcome::Ok);
    Some(kill)
}

fn question(text: &str) -> AgentEvent {
    let options = vec!["Keep: nothing is lost".to_owned(), "Drop".to_owned()];
    AgentEvent::Asked(Question { text: text.to_owned(), options, plan: false })
}

#[test]
fn a_session_that_is_refused_for_good_gets_one_try_in_a_fresh_one_and_is_never_resumed() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).ends(Outcome::Rejected);
    let spawn = play.spawned.last().unwrap();
    assert_eq!(
        (spawn.iteration, &spawn.session, spawn.recovery),
        (2, &None, Some(Recovery::SessionRejected))
    );
    assert!(play.notes.contains(&Note::FreshSession { recovery: Recovery::SessionRejected }));
    assert_eq!((play.state.judged, play.state.breaker.failing()), (1, 0));
    // The fresh one is refused as well: it is the request itself.
    play.session("s2").ends(Outcome::Rejected);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Config));
    play.go_on(None, false);
    let spawn = play.spawned.last().unwrap();
    assert_eq!((spawn.iteration, &spawn.session), (2, &None));
}

#[test]
fn a_conversation_that_is_refused_in_the_middle_of_its_first_run_gets_one_more_try() {
    let mut play = Play::started();
    play.session("s1").says(NOT_READY).ends(Outcome::Rejected);
    let spawn = play.spawned.last().unwrap();
    assert_eq!(
        (play.spawned.len(), spawn.iteration, &spawn.session, spawn.recovery),
        (2, 1, &None, Some(Recovery::SessionRejected))
    );
    play.session("s2").says(NOT_READY).ends(Outcome::Rejected);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::NeedsInput, 2));
    assert_eq!(play.asked[0].kind, AskKind::Config);
    // Refused before it did anything: a second try would be refused, too.
    let mut play = Play::started();
    play.session("s1").ends(Outcome::Rejected);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::NeedsInput, 1));
}

#[test]
fn after_its_result_an_agent_has_a_short_grace_and_is_judged() {
    let mut play = concluded(READY, false);
    assert_eq!(is_ended_after(&mut play, 9), None);
    assert_eq!(is_ended_after(&mut play, 1), Some(KillReason::Concluded));
    assert_eq!((play.status(), play.judged[0].error.is_some()), (TaskStatus::Done, false));
    // What it says after it is the beginning of something new.
    let mut play = concluded(NOT_READY, false);
    event(&mut play, AgentEvent::ToolStarted { name: "Bash".into(), summary: String::new() });
    assert_eq!(is_ended_after(&mut play, 20), None);
    // What it used is no news of that kind.
    let mut play = concluded(NOT_READY, false);
    spends(&mut play, Usage::default());
    assert_eq!(is_ended_after(&mut play, 10), Some(KillReason::Concluded));
}

#[test]
fn work_in_the_background_is_waited_for_until_the_stall_and_that_is_no_error() {
    let mut play = concluded(NOT_READY, true);
    assert_eq!(is_ended_after(&mut play, 60), None);
    assert_eq!(is_ended_after(&mut play, 15 * 60), Some(KillReason::Stall));
    assert_eq!((play.state.judged, &play.judged[0].error), (1, &None));
    assert!(!play.notes.iter().any(|note| matches!(note, Note::AgentSilent { .. })), "{:?}", play.notes);
    // Who says that it is done waits for nothing.
    let mut play = concluded(READY, true);
    assert_eq!(is_ended_after(&mut play, 10), Some(KillReason::Concluded));
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn a_claim_that_is_the_last_word_is_judged_however_the_run_ends() {
    let limited = Outcome::RateLimit { reset_at: None };
    for outcome in [Outcome::Crashed, Outcome::Server, Outcome::Interrupted, Outcome::Context, limited] {
        let mut play = Play::started();
        play.session("s1").says(READY);
        play.tree = 1;
        play.ends(outcome.clone());
        assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Done, 1), "{outcome:?}");
        // Something was still done after it, so it is not known whether that was finished.
        let mut play = Play::started();
        play.session("s1").says(READY);
        event(&mut play, AgentEvent::ToolStarted { name: "Edit".into(), summary: String::new() });
        play.ends(outcome.clone());
        assert_eq!(play.state.judged, 0, "{outcome:?}");
    }
    let mut play = Play::started();
    play.session("s1").says(READY);
    play.tree = 1;
    play.passes(15 * 60);
    assert_eq!((play.status(), play.killed.as_slice()), (TaskStatus::Done, &[KillReason::Stall][..]));
    // The runner died between the result and the end.
    let mut play = concluded(READY, false);
    play.feed(Input::Recovered);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Done, 1));
}

#[test]
fn a_context_that_is_full_at_the_start_is_asked_about_the_second_time() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).ends(Outcome::Context);
    assert_eq!(play.spawned.last().unwrap().recovery, Some(Recovery::ContextFull));
    play.session("s2").ends(Outcome::Context);
    let ask = play.asked.last().unwrap();
    assert_eq!((play.status(), ask.kind), (TaskStatus::NeedsInput, AskKind::Context));
    assert_eq!(ask.text, "the agent's context is full even in a fresh session: its words");
    assert_eq!((play.state.judged, play.state.session.as_ref()), (1, None));
    // A run that worked until its context was full is judged by its work.
    let mut play = Play::started();
    play.session("s1").says("I look").ends(Outcome::Context);
    play.session("s2").says("I work");
    play.tree = 1;
    play.ends(Outcome::Context);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Running, 1));
    let spawn = play.spawned.last().unwrap();
    assert_eq!((&spawn.session, spawn.recovery), (&None, Some(Recovery::ContextFull)));
    // And where it brought nothing, that is said.
    play.session("s3").says("I look").ends(Outcome::Context);
    play.session("s4").says("I look").ends(Outcome::Context);
    assert_eq!((play.status(), play.asked.last().unwrap().kind), (TaskStatus::NeedsInput, AskKind::Context));
}

#[test]
fn a_session_that_was_cut_to_a_summary_is_told_its_task_again_once() {
    let mut play = Play::started();
    play.session("s1");
    event(&mut play, AgentEvent::Compacted);
    play.iteration(1, NOT_READY);
    let spawn = play.spawned.last().unwrap();
    assert_eq!((spawn.session.is_some(), spawn.recovery), (true, Some(Recovery::Compacted)));
    // This run never listened, so the next one is told.
    play.ends(Outcome::Server).passes(10);
    assert_eq!(play.spawned.last().unwrap().recovery, Some(Recovery::Compacted));
    play.iteration(2, NOT_READY);
    assert_eq!(play.spawned.last().unwrap().recovery, None);
}

#[test]
fn what_was_lost_in_the_background_is_told_to_the_next_run_that_listens() {
    let lost = vec!["make slow-check".to_owned()];
    let mut play = Play::started();
    play.session("s1").says(NOT_READY);
    event(&mut play, AgentEvent::WorkLost { what: lost.clone() });
    play.ends(Outcome::Ok);
    assert_eq!(play.state.lost_work(), lost);
    play.ends(Outcome::Server);
    assert_eq!(play.state.lost_work(), lost);
    play.passes(10).iteration(1, NOT_READY);
    assert_eq!(play.state.lost_work(), Vec::<String>::new());
}

#[test]
fn what_a_tool_asks_is_asked_at_the_first_time_with_its_options() {
    let mut play = Play::started();
    play.session("s1");
    event(&mut play, question("Keep old entries?"));
    event(&mut play, question("Keep old entries?"));
    play.iteration(1, "I cannot go on.");
    let ask = play.asked.last().unwrap();
    assert_eq!((play.status(), ask.kind), (TaskStatus::NeedsInput, AskKind::Question));
    assert_eq!(ask.text, "Keep old entries?\n- Keep: nothing is lost\n- Drop");
    play.feed(Input::ApprovalGiven(Answer { text: Some("Drop".into()), ..Answer::default() }));
    assert_eq!(play.status(), TaskStatus::Running);
    assert!(play.state.notes[0].ends_with("The user answers: Drop"), "{:?}", play.state.notes);
    // Asked in one iteration, it is not asked in the next one.
    play.iteration(2, NOT_READY);
    assert_eq!((play.status(), play.asked.len()), (TaskStatus::Running, 1));
}

#[test]
fn the_work_of_an_agent_that_went_on_without_an_answer_is_the_users_to_take() {
    let mut play = Play::started();
    event(&mut play, question("Keep old entries?"));
    play.iteration(1, READY);
    let ask = play.asked.last().unwrap();
    assert_eq!((play.status(), ask.kind), (TaskStatus::NeedsInput, AskKind::Approval));
    assert!(ask.text.contains("Keep old entries?\n- Keep: nothing is lost\n- Drop"), "{}", ask.text);
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));
    let mut play = Play::started();
    let plan = Question { text: "1. Read\n2. Write".into(), options: vec![], plan: true };
    event(&mut play, AgentEvent::Asked(plan));
    play.iteration(1, "<COMPLETION_GATE>\nready: true|false\n</COMPLETION_GATE>");
    assert_eq!(play.asked[0].text, "May the agent carry out its plan?\n1. Read\n2. Write");
}

/// Ends every run with a failure of the service until the loop no longer waits for it; returns the pauses.
fn outage(play: &mut Play, outcome: &Outcome) -> Vec<u64> {
    let mut pauses = vec![];
    play.ends(outcome.clone());
    while play.status() == TaskStatus::Waiting {
        let pause = play.state.deadline().unwrap().since(play.now).as_secs();
        pauses.push(pause);
        play.passes(pause).ends(outcome.clone());
    }
    pauses
}

#[test]
fn an_outage_is_waited_out_for_an_hour_in_growing_pauses_and_is_no_iteration() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY);
    let since = play.now;
    let pauses = outage(&mut play, &Outcome::Server);
    assert_eq!(pauses[..6], [10, 20, 40, 80, 160, 300]);
    assert_eq!(pauses.iter().sum::<u64>(), HOUR, "the last try is made when the hour is over");
    assert_eq!(play.now, since.after(Duration::from_secs(HOUR)));
    assert_eq!(stop(&play), (Rule::Outage, "1h of 1h".to_owned()));
    assert_eq!((play.state.judged, play.state.breaker.failing()), (1, 0));
    let session = Some(SessionId("s1".into()));
    assert!(play.spawned[1..].iter().all(|spawn| spawn.session == session), "an outage costs no session");
    // The user says that it works again, and it does.
    play.go_on(None, false);
    assert_eq!((play.status(), &play.spawned.last().unwrap().session), (TaskStatus::Running, &session));
    play.iteration(2, READY);
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn an_outage_that_goes_on_after_continue_is_waited_out_once_more() {
    let mut play = Play::with(|settings| settings.limits[Rule::Outage] = Some(60.0));
    assert_eq!(outage(&mut play, &Outcome::Interrupted), [10, 20, 30]);
    play.go_on(None, false);
    assert_eq!(outage(&mut play, &Outcome::Server), [10, 20, 30]);
    assert_eq!(stop(&play).0, Rule::Outage);
}

#[test]
fn an_outage_is_told_with_the_moment_since_when_and_sleep_is_none() {
    let mut play = Play::started();
    let since = play.now;
    play.ends(Outcome::Server).passes(10).ends(Outcome::Server);
    let told = Reason::Outage { since, message: "server: its words".to_owned() };
    assert_eq!(play.state.reason(), Some(told.clone()));
    let saved = serde_json::to_string(&play.state).unwrap();
    play.state = serde_json::from_str(&saved).unwrap();
    play.feed(Input::Recovered);
    assert_eq!(play.state.reason(), Some(told));
    let night = Duration::from_secs(8 * HOUR);
    play.now = play.now.after(night);
    play.feed(Input::Slept(night)).passes(0).ends(Outcome::Server);
    assert_eq!(play.status(), TaskStatus::Waiting);
}

#[test]
fn another_outage_begins_after_work_and_not_after_a_word() {
    let mut play = Play::started();
    play.ends(Outcome::Server).passes(10);
    let since = play.now;
    play.session("s1").says("I look").passes(200).ends(Outcome::Server);
    let Some(Reason::Outage { since: told, .. }) = play.state.reason() else { panic!("waits") };
    assert!(told < since, "a word between two failures ends no outage");
    play.passes(600).session("s1").says("I look").passes(301);
    let now = play.now;
    play.ends(Outcome::Server);
    let Some(Reason::Outage { since: told, .. }) = play.state.reason() else { panic!("waits") };
    assert_eq!(told, now);
    // The system that ends it again and again, however long it works, is no service that works.
    let mut play = Play::started();
    while play.status() != TaskStatus::Stopped {
        play.session("s1").says("I look").passes(600).ends(Outcome::Interrupted);
        play.passes(300);
    }
    assert_eq!(stop(&play).0, Rule::Outage);
}

#[test]
fn a_login_that_is_refused_once_in_a_loop_that_worked_is_tried_again() {
    let mut play = Play::started();
    play.session("s1").ends(LOGGED_OUT);
    assert_eq!(play.status(), TaskStatus::NeedsInput, "it never worked");

    let mut play = Play::started();
    play.iteration(1, NOT_READY).ends(LOGGED_OUT);
    assert_eq!((play.status(), play.asked.len()), (TaskStatus::Waiting, 0));
    play.passes(10).ends(LOGGED_OUT);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Login));
    play.go_on(None, false).iteration(2, READY);
    assert_eq!((play.status(), play.state.iteration), (TaskStatus::Done, 2));
}

#[test]
fn a_login_of_a_cloud_is_waited_for_and_asked_for_in_the_end() {
    let cloud = Outcome::Auth { cloud: true };
    let mut play = Play::started();
    let pauses = outage(&mut play, &cloud);
    assert_eq!(pauses.iter().sum::<u64>(), HOUR);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Login));
    play.go_on(None, false);
    assert_eq!(outage(&mut play, &cloud).iter().sum::<u64>(), HOUR);
}

#[test]
fn a_usage_limit_in_an_outage_ends_it() {
    let mut play = Play::started();
    play.ends(Outcome::Server).passes(10);
    let reset = play.now.0 / 1000 + 5 * HOUR as i64;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) }).passes(5 * HOUR);
    play.ends(Outcome::Server);
    assert_eq!(play.status(), TaskStatus::Waiting);
}

/// A request that fills so much of a window of 100 tokens, and a tool with its result.
fn works_at(play: &mut Play, tokens: u64) {
    event(play, AgentEvent::Context { tokens, window: Some(100) });
    event(play, AgentEvent::ToolStarted { name: "Bash".into(), summary: String::new() });
    event(play, AgentEvent::ToolFinished { ok: true });
}

fn handed_over() -> Play {
    let mut play = Play::with(|settings| settings.handoff = Some(HandOff { percent: 90, window: None }));
    play.session("s1");
    works_at(&mut play, 20);
    event(&mut play, AgentEvent::Context { tokens: 95, window: Some(100) });
    event(&mut play, AgentEvent::ToolStarted { name: "Bash".into(), summary: String::new() });
    let effects = alone(&mut play, Input::AgentEvent(AgentEvent::ToolFinished { ok: true }));
    assert_eq!(effects, [Effect::KillAgent(KillReason::HandOff)]);
    play
}

#[test]
fn a_session_that_grows_too_long_is_handed_over_at_a_pause_within_its_iteration() {
    let mut play = handed_over();
    play.ends(Outcome::Crashed);
    let spawn = play.spawned.last().unwrap();
    assert_eq!((spawn.iteration, &spawn.session, spawn.recovery), (1, &None, Some(Recovery::HandedOff)));
    assert_eq!((play.state.judged, play.state.breaker.failing()), (0, 0));
    play.session("s2").says(READY);
    play.tree = 1;
    play.ends(Outcome::Ok);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Done, 1));
}

#[test]
fn a_session_is_not_ended_while_a_tool_works_nor_where_another_one_would_be_no_shorter() {
    let mut play =
        Play::with(|settings| settings.handoff = Some(HandOff { percent: 90, window: Some(1000) }));
    play.session("s1");
    works_at(&mut play, 95);
    assert_eq!(play.killed, [], "the user's word on the window holds");
    for _ in 0..2 {
        event(&mut play, AgentEvent::ToolStarted { name: "Task".into(), summary: String::new() });
    }
    event(&mut play, AgentEvent::Context { tokens: 950, window: None });
    event(&mut play, AgentEvent::ToolFinished { ok: true });
    assert_eq!(play.killed, []);
    event(&mut play, AgentEvent::ToolFinished { ok: true });
    assert_eq!(play.killed, [KillReason::HandOff]);
    play.session("s2");
    works_at(&mut play, 990);
    works_at(&mut play, 995);
    assert_eq!(play.killed, [KillReason::HandOff], "a fresh one begins as full");
}

#[test]
fn words_that_claim_ready_while_a_session_is_ended_are_judged() {
    let mut play = handed_over();
    play.says(READY);
    play.tree = 1;
    play.ends(Outcome::Interrupted);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Done, 1));
}

#[test]
fn a_runner_that_dies_while_it_hands_over_goes_on_with_a_fresh_session() {
    let mut play = handed_over();
    play.feed(Input::Recovered);
    let spawn = play.spawned.last().unwrap();
    assert_eq!((spawn.iteration, &spawn.session, spawn.recovery), (1, &None, Some(Recovery::HandedOff)));
}
