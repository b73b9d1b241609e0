//! The loop's rules, one by one, without a process, a clock or a database.

use super::*;
use crate::{
    agent::{Question, SessionId, Usage},
    breaker::{Rule, check_iteration_limit},
    gate::Verdict,
    landing::CheckedTree,
    plan::{Autonomy, ProvenBy},
    proof::{self, BaseAnswer, ChangedMaterial, CheckProof, Standing},
    reason::{Proof, Reason},
    signature,
    task::TaskStatus,
};

mod budgets;
mod ends;
mod landing;

const READY: &str = "<COMPLETION_GATE>\nready: true\nreason: it works\n</COMPLETION_GATE>";
/// How an agent ends that is not logged in.
const LOGGED_OUT: Outcome = Outcome::Auth { cloud: false };

const NOT_READY: &str = "<COMPLETION_GATE>\nready: false\nreason: more to do\n</COMPLETION_GATE>";

/// Plays the runner: performs effects at once and counts them.
struct Play {
    state: LoopState,
    now: Moment,
    tree: u32,
    head: u32,
    spawned: Vec<Spawn>,
    notes: Vec<Note>,
    asked: Vec<Ask>,
    judged: Vec<Judgement>,
    refused: Vec<Refusal>,
    kept: Vec<CheckpointKind>,
    killed: Vec<KillReason>,
    commits: u32,
    controls: u32,
    verdict: VerifyOutcome,
    landed: Option<Result<CheckedTree, NotLanded>>,
    landings: u32,
    brought_up: Vec<String>,
    conflicts: Vec<String>,
    /// What is answered to the question whether a run may begin; nothing if it is `None`.
    affords: Option<Input>,
}

fn green(ran: u32) -> VerifyOutcome {
    VerifyOutcome {
        color: Color::Green,
        ran,
        failed: vec![],
        unable: vec![],
        error: None,
        unusual: vec![],
        controls: None,
        proven_by: None,
        failed_before: vec![],
    }
}

fn red(what: &str) -> VerifyOutcome {
    let error = Some((signature::of_error("verify", what), what.to_owned()));
    VerifyOutcome {
        color: Color::Red,
        ran: 1,
        failed: vec!["cargo test".into()],
        unable: vec![],
        error,
        unusual: vec![],
        controls: None,
        proven_by: None,
        failed_before: vec![],
    }
}

fn yellow() -> VerifyOutcome {
    VerifyOutcome {
        color: Color::Yellow,
        ran: 3,
        failed: vec!["lint".into()],
        unable: vec![],
        error: None,
        unusual: vec![],
        controls: None,
        proven_by: None,
        failed_before: vec![],
    }
}

impl Play {
    fn new(settings: Settings) -> Self {
        Self {
            state: LoopState::new(settings),
            now: Moment(1_000_000),
            tree: 0,
            head: 0,
            spawned: vec![],
            notes: vec![],
            asked: vec![],
            judged: vec![],
            refused: vec![],
            kept: vec![],
            killed: vec![],
            commits: 0,
            controls: 0,
            verdict: green(1),
            landed: None,
            landings: 0,
            brought_up: vec![],
            conflicts: vec![],
            affords: Some(Input::Afforded),
        }
    }

    fn started() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let mut play = Self::new(settings);
        play.feed(Input::Start);
        play
    }

    fn tree_now(&self) -> Tree {
        Tree { tree: format!("tree-{:012}", self.tree), head: format!("head-{}", self.head) }
    }

    fn feed(&mut self, input: Input) -> &mut Self {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let (state, effects) = step(self.state.clone(), self.now, input);
            self.state = state;
            for effect in effects {
                match effect {
                    Effect::TakeCheckpoint(kind) => {
                        self.kept.push(kind);
                        inputs.insert(0, Input::CheckpointTaken(kind, self.tree_now()));
                    }
                    Effect::SpawnAgent(spawn) => {
                        self.spawned.push(spawn);
                        inputs.insert(0, Input::AgentStarted);
                    }
                    Effect::KillAgent(reason) => {
                        self.killed.push(reason);
                        inputs.insert(
                            0,
                            Input::AgentExited { outcome: Outcome::Interrupted, message: "killed".into() },
                        );
                    }
                    Effect::Afford => inputs.extend(self.affords.clone()),
                    Effect::RunControls => self.controls += 1,
                    Effect::RunVerifiers => inputs.insert(0, Input::Verified(self.verdict.clone())),
                    Effect::Commit => {
                        self.commits += 1;
                        inputs.insert(0, Input::Committed);
                    }
                    Effect::Land(_) => {
                        self.landings += 1;
                        inputs.extend(self.landed.clone().map(Input::Landed));
                    }
                    Effect::BringUp { from } => {
                        let base = Tree { tree: "theirs".into(), head: format!("tip of {from}") };
                        self.brought_up.push(from);
                        inputs.insert(0, Input::BroughtUp { base, conflicts: self.conflicts.clone() });
                    }
                    Effect::AskHuman(ask) => self.asked.push(ask),
                    Effect::IterationEnded(judgement) => self.judged.push(*judgement),
                    Effect::Refuse(why) => self.refused.push(why),
                    Effect::Note(note) => self.notes.push(note),
                    Effect::Sleep(_) | Effect::CancelVerifiers | Effect::WithdrawAsk | Effect::Finish => {}
                }
            }
        }
        self
    }

    fn says(&mut self, text: &str) -> &mut Self {
        self.feed(Input::AgentEvent(AgentEvent::Text { text: text.into() }))
    }

    fn ends(&mut self, outcome: Outcome) -> &mut Self {
        self.feed(Input::AgentExited { outcome, message: "its words".into() })
    }

    /// One whole iteration: the tree becomes `tree`, the agent says `text` and ends well.
    fn iteration(&mut self, tree: u32, text: &str) -> &mut Self {
        self.session("s1");
        self.tree = tree;
        self.says(text).ends(Outcome::Ok)
    }

    fn session(&mut self, id: &str) -> &mut Self {
        self.feed(Input::AgentEvent(AgentEvent::SessionStarted { id: SessionId(id.into()), model: None }))
    }

    fn command(&mut self, command: Command) -> &mut Self {
        self.feed(Input::CommandReceived(command))
    }

    fn go_on(&mut self, max_iterations: Option<u32>, reset_breaker: bool) -> &mut Self {
        self.command(Command::Continue { max_iterations, reset_breaker, max_cost_usd: None })
    }

    fn passes(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.feed(Input::TimerFired)
    }

    fn tripped(&self) -> Option<(Rule, String)> {
        match &self.state.phase {
            Phase::Stopped { reason: StopReason::Breaker(trip) } => Some((trip.rule, trip.evidence.clone())),
            _ => None,
        }
    }

    fn status(&self) -> TaskStatus {
        self.state.status()
    }
}

#[test]
fn a_loop_is_done_when_ready_is_claimed_and_the_verifiers_agree() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY);
    assert_eq!(play.status(), TaskStatus::Running);
    play.verdict = red("the migration fails");
    play.iteration(2, READY);
    assert_eq!(play.status(), TaskStatus::Rework);
    play.verdict = green(2);
    play.iteration(3, READY);
    assert_eq!((play.status(), play.state.iteration, play.commits), (TaskStatus::Done, 3, 1));
    let proof = Proof {
        color: Color::Green,
        checks: 2,
        failed: Vec::new(),
        unusual: Vec::new(),
        proven: None,
        guard: false,
    };
    assert_eq!(proof.to_string(), "claimed ready, and all 2 checks passed");
    assert_eq!(play.state.reason(), Some(Reason::Proven { proof }));
    let sessions: Vec<_> = play.spawned.iter().map(|spawn| spawn.session.is_some()).collect();
    assert_eq!(sessions, [false, true, true]);
}

#[test]
fn ready_without_work_needs_a_reason_and_a_check() {
    let mut play = Play::started();
    play.iteration(0, "<COMPLETION_GATE>ready: true</COMPLETION_GATE>");
    assert_eq!(play.status(), TaskStatus::Rework);
    play.verdict = green(0);
    play.iteration(0, READY);
    assert_eq!(play.status(), TaskStatus::Rework);
    play.verdict = green(1);
    play.iteration(0, READY);
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn work_of_an_earlier_iteration_counts_as_work() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).iteration(1, "<COMPLETION_GATE>ready: true</COMPLETION_GATE>");
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn yellow_asks_unless_fully_automatic() {
    let mut play = Play::started();
    play.verdict = yellow();
    play.iteration(1, READY);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Approval));
    play.feed(Input::ApprovalGiven(Answer {
        approved: Some(false),
        text: Some("fix the lint".into()),
        ..Answer::default()
    }));
    assert_eq!(play.status(), TaskStatus::Running);
    assert_eq!(play.state.notes, ["Your claim of ready was rejected by the user: fix the lint"]);
    play.iteration(2, READY);
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));

    let mut play = Play::with(|settings| settings.autonomy = crate::plan::Autonomy::FullAuto);
    play.verdict = yellow();
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn the_limit_of_iterations_stops_and_is_no_failure_and_done_beats_it() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(2.0));
    play.iteration(1, NOT_READY);
    assert_eq!(play.status(), TaskStatus::Running);
    play.iteration(2, NOT_READY);
    assert_eq!(play.status(), TaskStatus::Stopped);
    assert_eq!(stop(&play), (Rule::Iterations, "2 of 2".to_owned()));

    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(2.0));
    play.iteration(1, NOT_READY).iteration(2, READY);
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn a_limit_above_the_hard_limit_is_refused_with_both_numbers() {
    assert!(check_iteration_limit(50).is_ok());
    let refusal = check_iteration_limit(51).unwrap_err().to_string();
    assert!(refusal.contains("51") && refusal.contains("50"), "{refusal}");
    let mut play = Play::new(Settings::default());
    play.state.settings.limits[Rule::Iterations] = Some(51.0);
    play.feed(Input::Start);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Ready, 0));
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(1.0));
    play.iteration(1, NOT_READY).go_on(Some(51), true);
    assert_eq!(play.status(), TaskStatus::Stopped);
    assert_eq!(play.refused, [Refusal::Iterations { bad: BadLimit::AboveHardLimit(51) }]);
    assert_eq!(play.state.breaker.iterations(), 1, "a refused command resets nothing");
    play.state.settings.limits.hard = 20;
    play.go_on(Some(21), false);
    assert_eq!(play.refused[1], Refusal::Iterations { bad: BadLimit::AboveSetting { limit: 21, most: 20 } });
    play.go_on(Some(20), false);
    assert_eq!((play.status(), play.refused.len()), (TaskStatus::Running, 2));
}

#[test]
fn no_change_trips_at_three_and_its_evidence_names_iterations_and_tree() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).iteration(1, NOT_READY).iteration(1, NOT_READY);
    assert_eq!(play.tripped(), None);
    play.iteration(1, NOT_READY);
    let (rule, evidence) = play.tripped().unwrap();
    assert_eq!(rule, Rule::NoChange);
    assert_eq!(evidence, "iterations 2, 3 and 4 left tree tree-00…");
}

#[test]
fn the_agents_own_commit_is_a_change() {
    let mut play = Play::started();
    for _ in 0..4 {
        play.head += 1;
        play.iteration(0, NOT_READY);
    }
    assert_eq!(play.tripped(), None);
    assert!(play.judged.iter().all(|judgement| judgement.changed));
}

#[test]
fn the_same_error_trips_at_five_although_its_numbers_differ_and_another_one_starts_at_one() {
    let blocked = |n: u32| {
        format!(
            "<COMPLETION_GATE>\nready: false\nblockers: [\"timeout after {n} s at 0x{n:x}f\"]\n</COMPLETION_GATE>"
        )
    };
    let mut play = Play::started();
    for n in 1..=4 {
        play.iteration(n, &blocked(n));
    }
    assert_eq!(play.tripped(), None);
    play.iteration(5, &blocked(5));
    assert_eq!(play.tripped().unwrap().0, Rule::SameError);

    let mut play = Play::started();
    for n in 1..=4 {
        play.iteration(n, &blocked(n));
    }
    play.iteration(5, "<COMPLETION_GATE>\nready: false\nblockers: [\"no disk\"]\n</COMPLETION_GATE>");
    for n in 6..=9 {
        play.iteration(n, &blocked(n));
    }
    assert_eq!(play.tripped(), None);
}

#[test]
fn rework_trips_at_three_refusals() {
    let mut play = Play::started();
    for n in 1..=3 {
        assert_eq!(play.tripped(), None);
        play.verdict = red(&format!("failure {}", ["a", "b", "c"][n as usize - 1]));
        play.iteration(n, READY);
    }
    let (rule, evidence) = play.tripped().unwrap();
    assert_eq!(
        (rule, evidence.as_str()),
        (Rule::Rework, "iterations 1, 2 and 3 claimed ready and failed its checks")
    );
}

/// The rule that stopped a loop, and how far it was.
fn stop(play: &Play) -> (Rule, String) {
    match play.state.reason() {
        Some(Reason::Breaker { trip }) => (trip.rule, trip.shown()),
        other => panic!("stopped by no rule: {other:?}"),
    }
}

fn spends(play: &mut Play, usage: Usage) {
    play.feed(Input::AgentEvent(AgentEvent::Usage(usage)));
}

#[test]
fn cost_and_tokens_trip_at_their_limits_and_an_unknown_cost_is_said() {
    let mut play = Play::with(|settings| settings.limits[Rule::Cost] = Some(1.0));
    spends(&mut play, Usage { cost_usd: Some(0.6), ..Usage::default() });
    play.iteration(1, NOT_READY);
    assert_eq!(play.tripped(), None);
    spends(&mut play, Usage { cost_usd: Some(0.6), ..Usage::default() });
    play.iteration(2, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::Cost);
    assert_eq!(stop(&play), (Rule::Cost, "$1.20 of $1.00".to_owned()));

    let mut play = Play::with(|settings| settings.limits[Rule::Tokens] = Some(100.0));
    spends(&mut play, Usage { input: 60, output: 40, ..Usage::default() });
    play.iteration(1, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::Tokens);
    let lines = play.state.breaker.lines(&play.state.settings.limits);
    let cost = lines.iter().find(|line| line.rule == Rule::Cost).unwrap();
    assert!(cost.count == 0.0 && cost.evidence.starts_with("unknown"), "{cost:?}");
}

fn cost_line(play: &Play) -> crate::breaker::Line {
    let lines = play.state.breaker.lines(&play.state.settings.limits);
    lines.into_iter().find(|line| line.rule == Rule::Cost).unwrap()
}

#[test]
fn a_run_that_is_ended_after_it_spoke_leaves_the_cost_unknown_in_part() {
    let limit = |settings: &mut Settings| settings.limits[Rule::Cost] = Some(1.0);
    let ended_by: [(&str, fn(&mut Play) -> &mut Play); 7] = [
        ("stall", |play| play.passes(15 * 60)),
        ("wall-time", |play| play.passes(4 * 3600)),
        ("crash", |play| play.ends(Outcome::Server)),
        ("pause", |play| play.command(Command::pause_now())),
        ("stop", |play| play.command(Command::Stop)),
        ("a dead runner", |play| play.feed(Input::Recovered)),
        ("failure", |play| play.feed(Input::Failed("no disk".into()))),
    ];
    for (how, end) in ended_by {
        let mut play = Play::with(limit);
        play.says("I look around");
        end(&mut play);
        assert!(play.state.cost_unknown, "{how}");
        assert!(cost_line(&play).evidence.starts_with("unknown in part"), "{how}: {:?}", cost_line(&play));

        let mut silent = Play::with(limit);
        silent.ends(Outcome::Server);
        assert!(!silent.state.cost_unknown && cost_line(&silent).evidence.is_empty(), "it never spoke");
    }
    let mut play = Play::with(limit);
    spends(&mut play, Usage { cost_usd: Some(0.0), ..Usage::default() });
    play.command(Command::Stop);
    assert!(play.state.cost_unknown, "an agent that is cut off says that it cost nothing");
    let mut play = Play::with(limit);
    spends(&mut play, Usage { cost_usd: Some(0.25), ..Usage::default() });
    play.iteration(1, NOT_READY);
    assert!(!play.state.cost_unknown);
}

#[test]
fn a_run_may_cost_what_is_left_of_the_limit() {
    let mut play = Play::with(|settings| settings.limits[Rule::Cost] = Some(1.0));
    assert_eq!(play.state.budget_left(), Some(1.0));
    spends(&mut play, Usage { cost_usd: Some(0.75), ..Usage::default() });
    play.iteration(1, NOT_READY);
    assert_eq!(play.state.budget_left(), Some(0.25));
    assert_eq!(Play::started().state.budget_left(), None);
}

#[test]
fn the_trial_after_a_tripped_cost_may_cost_one_more_limit_and_no_more() {
    let limited = Outcome::RateLimit { reset_at: None };
    let mut play = Play::with(|settings| settings.limits[Rule::Cost] = Some(1.0));
    spends(&mut play, Usage { cost_usd: Some(2.0), ..Usage::default() });
    play.iteration(1, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::Cost);
    play.go_on(None, false);
    assert_eq!((play.spawned.len(), play.state.budget_left()), (2, Some(1.0)));
    // A usage limit in the trial is waited for, while there is something left.
    spends(&mut play, Usage { cost_usd: Some(0.5), ..Usage::default() });
    play.ends(limited.clone());
    assert_eq!(play.state.status(), TaskStatus::Waiting);
    play.passes(60);
    assert_eq!((play.spawned.len(), play.state.budget_left()), (3, Some(0.5)));
    spends(&mut play, Usage { cost_usd: Some(0.5), ..Usage::default() });
    play.ends(limited.clone());
    assert_eq!(stop(&play), (Rule::Cost, "$3.00 of $1.00".to_owned()));
    // A limit that is raised above what was spent is the limit.
    play.command(Command::Continue { max_iterations: None, reset_breaker: false, max_cost_usd: Some(5.0) });
    assert_eq!((play.spawned.len(), play.state.budget_left()), (4, Some(2.0)));

    let mut play = Play::with(|settings| settings.limits[Rule::Tokens] = Some(100.0));
    for outcome in [limited, Outcome::Context] {
        spends(&mut play, Usage { input: 100, ..Usage::default() });
        play.ends(outcome);
        assert_eq!(play.tripped().unwrap().0, Rule::Tokens);
        play.go_on(None, false);
        assert_eq!(play.state.status(), TaskStatus::Running);
    }
}

#[test]
fn no_run_begins_whose_limit_is_spent_however_it_comes_to_begin() {
    let limit = |settings: &mut Settings| settings.limits[Rule::Cost] = Some(1.0);
    let spent = Usage { cost_usd: Some(5.0), ..Usage::default() };
    let mut play = Play::with(limit);
    spends(&mut play, spent);
    play.feed(Input::Recovered);
    assert_eq!((play.spawned.len(), stop(&play)), (1, (Rule::Cost, "$5.00 of $1.00".to_owned())));

    for outcome in [LOGGED_OUT, Outcome::Billing, Outcome::Config, Outcome::Refusal] {
        let mut play = Play::with(limit);
        spends(&mut play, spent);
        play.ends(outcome).go_on(None, false);
        assert_eq!((play.spawned.len(), play.tripped().map(|trip| trip.0)), (1, Some(Rule::Cost)));
        play.go_on(None, false);
        assert_eq!((play.spawned.len(), play.state.budget_left()), (2, Some(1.0)), "the user's word");
    }
}

#[test]
fn running_time_ends_the_agent_and_waits_do_not_count() {
    let mut play = Play::with(|settings| settings.limits[Rule::WallTime] = Some(600.0));
    play.session("s1").passes(500);
    play.feed(Input::AgentExited {
        outcome: Outcome::RateLimit { reset_at: Some(play.now.0 / 1000 + 7200) },
        message: "limit".into(),
    });
    assert_eq!(play.status(), TaskStatus::Waiting);
    play.passes(7200);
    assert_eq!(play.status(), TaskStatus::Running);
    play.session("s1").passes(99);
    assert_eq!(play.killed, []);
    play.tree = 1;
    play.passes(1);
    assert_eq!(play.killed, [KillReason::WallTime]);
    assert_eq!(play.tripped().unwrap().0, Rule::WallTime);
    play.go_on(None, false);
    play.session("s1").passes(60).iteration(2, NOT_READY);
    assert_eq!(play.killed.len(), 1, "the trial iteration is not cut short");
    assert_eq!(play.tripped().unwrap().0, Rule::WallTime);
}

#[test]
fn a_silent_agent_is_ended_and_the_iteration_counts_as_an_error() {
    let mut play = Play::started();
    play.session("s1").passes(899);
    assert_eq!(play.killed, []);
    play.feed(Input::AgentOutput).passes(899);
    assert_eq!(play.killed, []);
    play.passes(1);
    assert_eq!(play.killed, [KillReason::Stall]);
    assert_eq!(play.judged[0].error.as_ref().unwrap().1, "no output for 15m");
    assert_eq!(play.state.iteration, 2);
}

#[test]
fn an_agent_that_never_speaks_is_warned_of_and_ended_and_is_no_iteration() {
    let mut play = Play::started();
    play.passes(29);
    assert_eq!(play.notes, []);
    play.passes(1);
    assert_eq!(play.notes, [Note::SlowStart { seconds: 30 }]);
    play.passes(90);
    assert_eq!(play.killed, [KillReason::Startup]);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Waiting, 0));
}

#[test]
fn a_night_asleep_is_neither_silence_nor_running_time() {
    let mut play = Play::started();
    play.session("s1");
    let night = Duration::from_secs(8 * 3600);
    play.now = play.now.after(night);
    play.feed(Input::Slept(night)).passes(899);
    assert_eq!(play.killed, []);
    play.iteration(1, NOT_READY);
    assert_eq!(play.state.breaker.running(), Duration::from_secs(899));
}

#[test]
fn a_clock_that_is_set_back_switches_no_limit_off() {
    let hour = Duration::from_secs(3600);
    let back = |play: &mut Play| {
        play.now = play.now.before(hour);
        play.feed(Input::ClockBack(hour));
    };
    let mut play = Play::with(|settings| settings.limits[Rule::WallTime] = Some(1800.0));
    play.session("s1").passes(800);
    back(&mut play);
    play.passes(99);
    assert_eq!(play.killed, []);
    play.passes(1);
    assert_eq!(play.killed, [KillReason::Stall]);
    play.session("s2").passes(899);
    back(&mut play);
    play.feed(Input::AgentOutput).passes(1);
    assert_eq!(play.killed, [KillReason::Stall, KillReason::WallTime]);

    let mut play = Play::started();
    play.ends(Outcome::Server);
    back(&mut play);
    play.passes(10);
    assert_eq!(play.status(), TaskStatus::Running, "the retry");
    play.ends(Outcome::RateLimit { reset_at: None });
    back(&mut play);
    play.passes(60);
    assert_eq!(play.status(), TaskStatus::Running, "the limit whose end is unknown");
    let reset = play.now.0 / 1000 + 600;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) });
    back(&mut play);
    assert_eq!(play.state.deadline(), Some(Moment(reset * 1000)), "the agent told it");
}

#[test]
fn a_wait_that_another_clock_began_is_no_longer_than_any_can_be() {
    let mut play = Play::started();
    play.ends(Outcome::Server);
    play.now = play.now.before(Duration::from_secs(900));
    play.feed(Input::Recovered);
    assert_eq!(play.state.deadline(), Some(play.now.after(LONGEST_RETRY_BACKOFF)));
}

#[test]
fn a_reset_in_milliseconds_is_understood_and_one_past_any_limit_is_not_believed() {
    let mut play = Play::started();
    play.now = Moment(1_795_284_000_000);
    play.ends(Outcome::RateLimit { reset_at: Some(1_795_284_745_000) });
    assert_eq!(play.state.deadline(), Some(Moment(1_795_284_745_000)));
    let week = 1_795_284_000 + 7 * 24 * 3600;
    for (told, until) in [
        (week, week * 1000),
        (1_795_284_000 + 9 * 24 * 3600, 1_795_284_060_000),
        (1_795_283_000_000, 1_795_284_060_000),
        (99_999_999_999_999, 1_795_284_060_000),
        (i64::MAX, 1_795_284_060_000),
        (i64::MIN, 1_795_284_060_000),
    ] {
        let mut play = Play::started();
        play.now = Moment(1_795_284_000_000);
        play.ends(Outcome::RateLimit { reset_at: Some(told) });
        assert_eq!(play.state.deadline(), Some(Moment(until)), "{told}");
    }
}

#[test]
fn a_usage_limit_passes_while_the_computer_sleeps() {
    let mut play = Play::started();
    let reset = play.now.0 / 1000 + 3600;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) });
    let night = Duration::from_secs(8 * 3600);
    play.now = play.now.after(night);
    play.feed(Input::Slept(night)).passes(0);
    assert_eq!(play.status(), TaskStatus::Running);
}

#[test]
fn the_tree_is_kept_every_five_minutes_while_the_agent_works() {
    let mut play = Play::started();
    play.session("s1");
    for _ in 0..3 {
        play.feed(Input::AgentOutput).passes(300);
    }
    let timed = play.kept.iter().filter(|kind| **kind == CheckpointKind::Timer).count();
    assert_eq!(timed, 3);
}

#[test]
fn three_failing_runs_in_a_row_trip_and_none_is_an_iteration() {
    let mut play = Play::started();
    play.session("s1").ends(Outcome::Crashed);
    assert_eq!(play.state.deadline(), Some(play.now.after(Duration::from_secs(10))));
    play.passes(10).ends(Outcome::Crashed);
    assert_eq!(play.state.deadline(), Some(play.now.after(Duration::from_secs(20))));
    play.passes(20).ends(Outcome::Crashed);
    assert_eq!(play.tripped().unwrap().0, Rule::AgentFailing);
    assert_eq!(play.state.judged, 0);
    let sessions: Vec<_> = play.spawned.iter().map(|spawn| spawn.session.is_some()).collect();
    assert_eq!(sessions, [false, true, false], "no session is tried three times");
    assert_eq!(play.spawned[2].recovery, Some(Recovery::SessionFailing));
}

#[test]
fn a_judged_iteration_ends_a_row_of_failing_runs() {
    let mut play = Play::started();
    play.ends(Outcome::Crashed).passes(10).ends(Outcome::Crashed).passes(20);
    play.iteration(1, NOT_READY);
    play.ends(Outcome::Crashed).passes(10);
    assert_eq!(play.status(), TaskStatus::Running);
}

#[test]
fn a_rate_limit_waits_until_its_reset_and_is_no_iteration() {
    let mut play = Play::started();
    let reset = play.now.0 / 1000 + 3600;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) });
    assert_eq!((play.status(), play.state.deadline()), (TaskStatus::Waiting, Some(Moment(reset * 1000))));
    play.passes(3599);
    assert_eq!(play.status(), TaskStatus::Waiting);
    let saved = serde_json::to_string(&play.state).unwrap();
    play.state = serde_json::from_str(&saved).unwrap();
    play.feed(Input::Recovered);
    assert_eq!(play.state.deadline(), Some(Moment(reset * 1000)), "kept over a restart");
    play.passes(1);
    assert_eq!((play.status(), play.state.judged, play.spawned.len()), (TaskStatus::Running, 0, 2));
}

#[test]
fn an_unknown_reset_backs_off_from_one_minute_doubling_to_thirty() {
    let mut play = Play::started();
    let mut waits = vec![];
    for _ in 0..7 {
        play.ends(Outcome::RateLimit { reset_at: None });
        let wait = play.state.deadline().unwrap().since(play.now).as_secs();
        waits.push(wait / 60);
        play.passes(wait);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(play.tripped(), None);
}

#[test]
fn a_reset_in_the_past_backs_off_instead_of_spinning() {
    let mut play = Play::started();
    play.ends(Outcome::RateLimit { reset_at: Some(1) });
    assert_eq!(play.state.deadline(), Some(play.now.after(Duration::from_secs(60))));
}

#[test]
fn denials_of_the_same_tool_trip_at_two_in_a_row() {
    let deny = |play: &mut Play, tool: &str| {
        for _ in 0..3 {
            play.feed(Input::AgentEvent(AgentEvent::PermissionDenied { tool: tool.into() }));
        }
    };
    let mut play = Play::started();
    deny(&mut play, "Bash");
    play.iteration(1, NOT_READY);
    deny(&mut play, "WebFetch");
    play.iteration(2, NOT_READY);
    assert_eq!(play.tripped(), None);
    deny(&mut play, "WebFetch");
    play.iteration(3, NOT_READY);
    let (rule, evidence) = play.tripped().unwrap();
    assert_eq!((rule, evidence.as_str()), (Rule::Permission, "WebFetch was denied in iterations 2 and 3"));
}

#[test]
fn going_back_and_forth_between_two_trees_is_not_progress() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).iteration(0, NOT_READY);
    assert_eq!(play.tripped(), None);
    play.iteration(1, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::Oscillation);
}

#[test]
fn an_open_breaker_lets_one_iteration_through_and_closes_or_trips_again() {
    let mut play = Play::started();
    for _ in 0..3 {
        play.iteration(0, NOT_READY);
    }
    assert_eq!(play.tripped().unwrap().0, Rule::NoChange);
    play.go_on(None, false);
    assert_eq!(play.status(), TaskStatus::Running);
    play.iteration(0, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::NoChange);
    play.go_on(None, false).iteration(1, NOT_READY).iteration(1, NOT_READY);
    assert_eq!(play.status(), TaskStatus::Running, "closed by a success");
}

#[test]
fn continuing_keeps_or_resets_counters_as_asked() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(2.0));
    play.iteration(1, NOT_READY).iteration(2, NOT_READY);
    play.go_on(Some(4), false);
    assert_eq!((play.state.breaker.iterations(), play.state.max_iterations()), (2, 4));
    play.iteration(3, NOT_READY).iteration(4, NOT_READY);
    assert_eq!(play.status(), TaskStatus::Stopped);
    play.go_on(None, true);
    assert_eq!((play.state.breaker.iterations(), play.state.judged, play.state.max_iterations()), (0, 4, 8));
    assert!(play.notes.contains(&Note::BreakerReset));
    play.go_on(Some(3), false);
    assert_eq!(play.state.settings.limits.count(Rule::Iterations), 3);
}

#[test]
fn a_limit_that_is_reached_already_is_refused() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(2.0));
    play.iteration(1, NOT_READY).iteration(2, NOT_READY).go_on(Some(2), false);
    assert_eq!(play.status(), TaskStatus::Stopped);
    let bad = BadLimit::AlreadyReached { limit: 2, judged: 2 };
    assert_eq!(play.refused, [Refusal::Iterations { bad }]);
}

#[test]
fn no_reset_passes_the_hard_limit() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(50.0));
    for n in 1..=50 {
        play.iteration(n, NOT_READY);
    }
    assert_eq!(play.status(), TaskStatus::Stopped);
    play.go_on(None, true);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Stopped, 50));
    assert_eq!(play.state.reason(), Some(Reason::HardLimit));
}

#[test]
fn a_question_needs_input_at_once_and_its_answer_goes_to_the_agent() {
    let mut play = Play::started();
    play.iteration(1, "<COMPLETION_GATE>\nready: false\nquestion: Postgres or SQLite?\n</COMPLETION_GATE>");
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Question));
    play.go_on(None, false);
    assert_eq!(play.status(), TaskStatus::NeedsInput, "a question is answered, not continued over");
    play.feed(Input::ApprovalGiven(Answer { text: Some("SQLite".into()), ..Answer::default() }));
    assert_eq!(play.state.notes, ["You asked: “Postgres or SQLite?”. The user answers: SQLite"]);
    play.iteration(2, NOT_READY);
    assert_eq!(play.state.notes, Vec::<String>::new(), "told once");
}

#[test]
fn the_same_blocker_twice_that_names_a_human_needs_input() {
    let human =
        "<COMPLETION_GATE>\nready: false\nblockers: [\"the user must give credentials\"]\n</COMPLETION_GATE>";
    let mut play = Play::started();
    play.iteration(1, human);
    assert_eq!(play.status(), TaskStatus::Running);
    play.iteration(2, human);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Blocked));
}

#[test]
fn a_lost_session_starts_afresh_and_a_bad_key_stops_and_neither_is_an_iteration() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).ends(Outcome::SessionNotFound);
    assert_eq!(play.spawned[2], Spawn { iteration: 2, session: None, recovery: Some(Recovery::SessionLost) });
    play.iteration(2, NOT_READY);
    assert_eq!(play.state.judged, 2);
    let bad_key = || AgentEvent::Ended { outcome: LOGGED_OUT, message: "Invalid API key".into() };
    play.feed(Input::AgentEvent(bad_key())).passes(10).feed(Input::AgentEvent(bad_key()));
    assert_eq!(play.killed, [KillReason::Decided, KillReason::Decided]);
    assert_eq!(
        (play.status(), play.asked[0].kind, play.state.judged),
        (TaskStatus::NeedsInput, AskKind::Login, 2)
    );
    play.go_on(None, false);
    assert_eq!((play.status(), play.state.iteration), (TaskStatus::Running, 3));
}

#[test]
fn a_full_context_runs_again_with_a_fresh_session_once_per_iteration() {
    let mut play = Play::started();
    play.session("s1").ends(Outcome::Context);
    assert_eq!(
        (play.spawned[1].session.clone(), play.spawned[1].recovery),
        (None, Some(Recovery::ContextFull))
    );
    play.session("s2").says("I look").ends(Outcome::Context);
    assert_eq!((play.state.judged, play.state.iteration), (1, 1));
    assert_eq!(play.status(), TaskStatus::NeedsInput, "it brought nothing");
}

#[test]
fn stop_ends_the_agent_keeps_the_tree_and_judges_nothing() {
    let mut play = Play::started();
    play.session("s1").command(Command::Stop);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Stopped, 0));
    assert_eq!(play.kept, [CheckpointKind::Before, CheckpointKind::After]);
    play.go_on(None, false);
    assert_eq!((play.status(), play.state.iteration), (TaskStatus::Running, 1));
}

#[test]
fn pause_holds_after_the_iteration_or_at_once() {
    let mut play = Play::started();
    play.session("s1").command(Command::Pause { now: false, reason: None });
    assert_eq!(
        (play.status(), play.state.reason()),
        (TaskStatus::Running, Some(Reason::Pauses { why: None }))
    );
    play.iteration(1, NOT_READY);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Paused, 1));
    play.go_on(None, false).session("s1");
    play.tree = 2;
    play.command(Command::pause_now());
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Paused, 1));
    play.go_on(None, false).iteration(2, NOT_READY);
    assert!(play.judged[1].changed, "what was done before the pause is part of the iteration");
}

#[test]
fn a_pause_says_for_what_it_is_until_the_loop_goes_on() {
    let unsaved = || Reason::Unsaved { file: "src/x.rs".to_owned() };
    let held = || Command::Pause { now: false, reason: Some(unsaved()) };
    let mut play = Play::started();
    play.session("s1").command(held());
    assert_eq!(play.state.reason(), Some(Reason::Pauses { why: Some(Box::new(unsaved())) }));
    let held_by = unsaved();
    let held_by = Some(&held_by);
    assert_eq!((play.state.pauses(), play.state.held_by()), (true, held_by));
    play.iteration(1, NOT_READY);
    assert_eq!(play.state.reason(), Some(unsaved()));
    assert_eq!((play.state.pauses(), play.state.held_by()), (false, held_by));
    play.go_on(None, false);
    assert_eq!((play.state.pauses(), play.state.held_by()), (false, None));
    play.session("s1").command(Command::Pause { now: false, reason: None }).command(held());
    assert_eq!(
        play.state.reason(),
        Some(Reason::Pauses { why: None }),
        "the user's own pause stays the user's"
    );
    assert_eq!((play.state.pauses(), play.state.held_by()), (true, None));
    play.iteration(2, NOT_READY).command(held());
    assert_eq!((play.status(), play.state.reason()), (TaskStatus::Paused, None));
}

#[test]
fn what_a_dead_runner_began_is_not_lost() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY);
    play.session("s1").feed(Input::Recovered);
    assert_eq!(
        play.spawned.last().unwrap(),
        &Spawn { iteration: 2, session: Some(SessionId("s1".into())), recovery: Some(Recovery::RunnerDied) }
    );
    play.iteration(2, READY);
    assert_eq!(play.status(), TaskStatus::Done);
}

#[test]
fn a_rewound_loop_starts_a_fresh_session() {
    let mut play = Play::started();
    play.iteration(1, NOT_READY).command(Command::pause_now());
    play.tree = 0;
    play.command(Command::Rewound { iteration: 1 }).go_on(None, false);
    let spawn = play.spawned.last().unwrap();
    assert_eq!((&spawn.session, spawn.recovery), (&None, Some(Recovery::Rewound)));
}

#[test]
fn fresh_context_starts_each_iteration_in_a_session_of_its_own() {
    let mut play = Play::with(|settings| settings.context = crate::plan::ContextMode::Fresh);
    play.iteration(1, NOT_READY).ends(Outcome::Server).passes(10);
    let sessions: Vec<_> = play.spawned.iter().map(|spawn| spawn.session.is_some()).collect();
    assert_eq!(sessions, [false, false, true], "a retry resumes what the iteration began");
}

#[test]
fn a_gate_of_an_earlier_iteration_does_not_count() {
    let mut play = Play::started();
    play.verdict = red("x");
    play.iteration(1, READY).iteration(2, "I am still at it.");
    assert_eq!(play.judged[1].reading.verdict, Verdict::Missing);
}

#[test]
fn a_pause_at_once_while_the_checks_run_judges_later_without_the_agent() {
    let mut play = Play::started();
    play.session("s1").says(READY);
    play.tree = 1;
    let (state, _) = step(
        play.state.clone(),
        play.now,
        Input::AgentExited { outcome: Outcome::Ok, message: String::new() },
    );
    let (state, effects) =
        step(state, play.now, Input::CheckpointTaken(CheckpointKind::After, play.tree_now()));
    assert!(effects.contains(&Effect::RunVerifiers));
    play.state = state;
    play.command(Command::pause_now());
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Paused, 0));
    play.go_on(None, false);
    assert_eq!((play.status(), play.spawned.len(), play.state.judged), (TaskStatus::Done, 1, 1));
}

#[test]
fn what_the_user_wished_of_a_dying_agent_survives_the_runner() {
    for (wish, status) in [(Command::Stop, TaskStatus::Stopped), (Command::pause_now(), TaskStatus::Paused)] {
        let mut play = Play::started();
        play.session("s1");
        let (state, _) = step(play.state.clone(), play.now, Input::CommandReceived(wish));
        play.state = state;
        play.feed(Input::Recovered);
        assert_eq!((play.status(), play.spawned.len()), (status, 1));
    }
}

#[test]
fn what_a_cut_off_run_spent_is_counted_once() {
    let mut play = Play::started();
    play.session("s1");
    spends(&mut play, Usage { input: 10, cost_usd: Some(1.5), ..Usage::default() });
    play.feed(Input::Recovered);
    assert_eq!(play.state.used.cost_usd, Some(1.5));
    play.feed(Input::Recovered);
    assert_eq!(play.state.used.cost_usd, Some(1.5));
    spends(&mut play, Usage { input: 10, cost_usd: Some(0.5), ..Usage::default() });
    play.feed(Input::Failed("the disk is full".into()));
    assert_eq!((play.status(), play.state.used.cost_usd), (TaskStatus::Failed, Some(2.0)));
}

#[test]
fn a_run_that_spent_too_much_is_not_followed_by_another() {
    let mut play = Play::with(|settings| settings.limits[Rule::Cost] = Some(1.0));
    play.session("s1");
    spends(&mut play, Usage { input: 10, cost_usd: Some(1.5), ..Usage::default() });
    play.ends(Outcome::RateLimit { reset_at: None });
    assert_eq!(play.tripped().unwrap().0, Rule::Cost);
}

#[test]
fn continuing_tries_at_once_whatever_limit_the_agent_told() {
    let mut play = Play::started();
    let reset = play.now.0 / 1000 + 3600;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) }).go_on(Some(20), false);
    assert_eq!((play.status(), play.state.max_iterations()), (TaskStatus::Running, 20));
    assert_eq!(play.spawned.len(), 2);
}

#[test]
fn a_commit_that_failed_is_tried_again_without_the_agent() {
    let mut play = Play::started();
    play.state.phase = Phase::Committing;
    play.feed(Input::Failed("index.lock exists".into()));
    assert_eq!(play.status(), TaskStatus::Failed);
    let spawned = play.spawned.len();
    play.go_on(None, false);
    assert_eq!((play.status(), play.commits, play.spawned.len()), (TaskStatus::Done, 1, spawned));
}

#[test]
fn a_fork_counts_on_where_the_other_loop_was() {
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(3.0));
    spends(&mut play, Usage { input: 10, cost_usd: Some(1.5), ..Usage::default() });
    play.iteration(1, NOT_READY).iteration(2, NOT_READY);
    play.state = LoopState::forked(&play.state);
    play.feed(Input::Start);
    assert_eq!((play.state.iteration, play.state.judged, play.state.max_iterations()), (3, 2, 3));
    assert_eq!(play.state.used.cost_usd, Some(1.5));
    play.iteration(3, NOT_READY);
    assert_eq!(play.tripped().unwrap().0, Rule::Iterations);
}

#[test]
fn a_state_that_an_older_version_saved_goes_on() {
    let older = |phase: Phase, field: &str, text: &str| -> LoopState {
        let mut saved = serde_json::to_value(LoopState { phase, ..Play::started().state }).unwrap();
        saved[field] = serde_json::Value::from(text);
        serde_json::from_value(saved).unwrap()
    };
    let told = |text: &str| Some(Reason::Told { text: text.to_owned() });
    let proven = older(Phase::Committing, "outcome", "claimed ready, and its one check passed");
    assert_eq!(proven.reason(), told("claimed ready, and its one check passed"));
    assert_eq!(step(proven, Moment(9), Input::Committed).0.status(), TaskStatus::Done);
    let paused = older(Phase::Paused, "pause_reason", "src/x.rs is not saved in an editor");
    assert_eq!(paused.reason(), told("src/x.rs is not saved in an editor"));
    assert_eq!(paused.held_by(), paused.reason().as_ref());
    let goes_on = Command::Continue { max_iterations: None, reset_breaker: false, max_cost_usd: None };
    let (goes_on, _) = step(paused, Moment(9), Input::CommandReceived(goes_on));
    assert_eq!((goes_on.status(), goes_on.reason()), (TaskStatus::Running, None));
    assert_eq!(older(Phase::Done, "outcome", "").reason(), None);
    let letter = r#"{"kind":"pause","now":false,"reason":"src/x.rs is not saved in an editor"}"#;
    let letter: Command = serde_json::from_str(letter).unwrap();
    assert_eq!(letter, Command::Pause { now: false, reason: told("src/x.rs is not saved in an editor") });
}

#[test]
fn no_text_of_others_is_saved_past_the_rewriting_and_the_state_stays_readable() {
    const SECRET: &str = "hunter2hunter2";
    let said = |text: &str| format!("{text} {SECRET}");
    let saved = |state: &LoopState| -> String {
        let mut state = state.clone();
        state.rewrite_texts(&mut |text| *text = text.replace(SECRET, "[masked]"));
        serde_json::to_string(&state).unwrap()
    };
    let gate = |ready: bool, more: &str| {
        let body = format!("ready: {ready}\nreason: \"{SECRET}\"\nprogress: \"{SECRET}\"\n{more}\n");
        format!("<COMPLETION_GATE>\n{body}</COMPLETION_GATE>")
    };
    let asks = gate(false, &format!("question: \"which {SECRET}?\"\n{SECRET}: \"{SECRET}\""));
    let blocked = gate(false, &format!("blockers: [\"{SECRET}\"]"));
    let ended = |outcome: Outcome| AgentEvent::Ended { outcome, message: said("sorry") };
    let exited = |outcome: Outcome| Input::AgentExited { outcome, message: said("sorry") };
    let texts = |text: &str| Input::AgentEvent(AgentEvent::Text { text: text.into() });
    let limited = || Outcome::RateLimit { reset_at: None };
    let courses: [Vec<Input>; 12] = [
        vec![texts(&asks), exited(Outcome::Ok)],
        vec![texts(&blocked), exited(Outcome::Ok), texts(&blocked), exited(Outcome::Ok)],
        vec![texts(&gate(true, "")), exited(Outcome::Ok)],
        vec![exited(Outcome::Crashed), Input::TimerFired],
        vec![exited(Outcome::Server)],
        vec![
            Input::AgentEvent(AgentEvent::Asked(Question {
                text: said("which"),
                options: vec![said("this")],
                plan: false,
            })),
            exited(Outcome::Ok),
        ],
        vec![Input::AgentEvent(AgentEvent::WorkLost { what: vec![said("make")] }), exited(Outcome::Ok)],
        vec![exited(limited())],
        vec![exited(LOGGED_OUT)],
        vec![Input::AgentEvent(ended(Outcome::Context))],
        vec![Input::Failed(said("no disk"))],
        vec![
            Input::CommandReceived(Command::Steer { text: said("look at") }),
            Input::CommandReceived(Command::Pause { now: false, reason: Reason::told(&said("because")) }),
            Input::AgentEvent(AgentEvent::PermissionDenied { tool: said("Bash") }),
            exited(Outcome::Ok),
            Input::CommandReceived(Command::Continue {
                max_iterations: None,
                reset_breaker: false,
                max_cost_usd: None,
            }),
            Input::AgentEvent(AgentEvent::PermissionDenied { tool: said("Bash") }),
            exited(Outcome::Ok),
        ],
    ];
    for (n, course) in courses.into_iter().enumerate() {
        let mut play = Play::with(|settings| settings.limits[Rule::AgentFailing] = Some(1.0));
        play.verdict = red(SECRET);
        let mut told = false;
        for input in course {
            // Step by step: what an agent says is saved before its end is.
            let (mut between, _) = step(play.state.clone(), play.now, input.clone());
            assert!(!saved(&between).contains(SECRET), "course {n}: {}", saved(&between));
            told |= serde_json::to_string(&between).unwrap().contains(SECRET);
            between.rewrite_texts(&mut |text| "[masked]".clone_into(text));
            let read: LoopState = serde_json::from_str(&serde_json::to_string(&between).unwrap()).unwrap();
            assert_eq!((read.status(), read.deadline()), (between.status(), between.deadline()));
            play.feed(input);
            assert!(!saved(&play.state).contains(SECRET), "course {n}: {}", saved(&play.state));
        }
        assert!(told, "course {n} says it");
    }
}

#[test]
fn a_limit_that_is_near_again_and_again_is_tried_less_and_less_often() {
    let mut play = Play::started();
    let mut waits = Vec::new();
    for _ in 0..7 {
        play.ends(Outcome::RateLimit { reset_at: Some(play.now.0 / 1000 + 1) });
        let wait = play.state.deadline().unwrap().since(play.now).as_secs();
        waits.push(wait);
        play.passes(wait);
    }
    assert_eq!(waits, [1, 60, 120, 240, 480, 960, 1800]);
    let reset = play.now.0 / 1000 + 5 * 3600;
    play.ends(Outcome::RateLimit { reset_at: Some(reset) });
    assert_eq!(play.state.deadline(), Some(Moment(reset * 1000)), "what is far is as the agent told it");
    play.passes(5 * 3600).iteration(1, NOT_READY);
    play.ends(Outcome::RateLimit { reset_at: Some(play.now.0 / 1000 + 1) });
    assert_eq!(play.state.deadline(), Some(play.now.after(Duration::from_secs(1))), "the first since");
}

#[test]
fn a_loop_that_has_not_begun_can_be_stopped_held_and_given_limits() {
    let idle = || Play::new(Settings::default());
    let mut play = idle();
    play.go_on(Some(20), false);
    assert_eq!((play.status(), play.state.settings.limits.count(Rule::Iterations)), (TaskStatus::Ready, 20));
    play.command(Command::Stop);
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Stopped, 0));
    play.go_on(None, false);
    assert_eq!((play.status(), play.state.iteration, play.spawned.len()), (TaskStatus::Running, 1, 1));
    for now in [false, true] {
        let mut play = idle();
        play.command(Command::Pause { now, reason: None });
        assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Paused, 0));
        play.go_on(None, false);
        assert_eq!((play.status(), play.refused.len()), (TaskStatus::Running, 0));
    }
}

/// A loop as the version before the table of rules saved it.
#[test]
fn a_loop_that_an_earlier_version_saved_goes_on() {
    let saved: serde_json::Value = serde_json::from_str(include_str!("saved_state.json")).unwrap();
    let state: LoopState = serde_json::from_value(saved.clone()).unwrap();
    let lines = state.breaker.lines(&state.settings.limits);
    let shown: Vec<String> = lines
        .iter()
        .map(|line| match line.evidence.as_str() {
            "" => format!("{} {}", line.rule, line.shown()),
            evidence => format!("{} {}: {evidence}", line.rule, line.shown()),
        })
        .collect();
    for line in [
        "iterations 3 of 12",
        "no-change 3 of 3: iterations 1, 2 and 3 left tree tree-00…",
        "same-error 0 of 5",
        "cost $0.25 of $1.50: unknown in part: not every run said what it cost",
        "tokens 1200 of 9000",
        "wall-time 0s of 1h 30m",
        "stall 0s of 15m",
        "oscillation 0 of 4",
    ] {
        assert!(shown.iter().any(|shown| shown == line), "{line} in {shown:?}");
    }
    assert!(lines.iter().all(|line| line.partial == (line.rule == Rule::Cost)), "{lines:?}");
    assert_eq!(state.settings.limits.time(Rule::WallTime), Duration::from_millis(5_400_500));
    let again = serde_json::to_value(&state).unwrap();
    for (name, limit) in saved["settings"]["limits"].as_object().unwrap() {
        assert_eq!(&again["settings"]["limits"][name], limit, "{name} is saved as it was");
    }
    for (name, counter) in saved["breaker"].as_object().unwrap() {
        assert_eq!(&again["breaker"][name], counter, "{name} is saved as it was");
    }
    let mut play = Play { state, ..Play::new(Settings::default()) };
    play.go_on(None, false).iteration(1, NOT_READY).iteration(2, NOT_READY);
    assert_eq!((play.status(), play.state.judged), (TaskStatus::Running, 5));
}

#[test]
fn limits_without_a_rule_have_its_default_and_leave_out_what_is_no_rule_s() {
    let limits: breaker::Limits =
        serde_json::from_str(r#"{ "rework": 7, "tokens": null, "of_tomorrow": 4 }"#).unwrap();
    let mut expected = breaker::Limits::default();
    expected[Rule::Rework] = Some(7.0);
    assert_eq!(limits, expected);
}

fn unable() -> VerifyOutcome {
    VerifyOutcome { unable: vec!["`sqlx migrate run` cannot run here".into()], ..red("sqlx") }
}

#[test]
fn a_check_that_cannot_run_asks_and_is_no_rework() {
    let mut play = Play::started();
    play.verdict = unable();
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::NeedsInput);
    let asked = Ask { kind: AskKind::Check, text: "`sqlx migrate run` cannot run here".into() };
    assert_eq!((play.asked.as_slice(), play.judged.len(), play.spawned.len()), (&[asked][..], 0, 1));

    // Continued without a change: asked again, and no agent has run for it.
    play.go_on(None, false);
    assert_eq!((play.asked.len(), play.spawned.len()), (2, 1));

    play.verdict = green(1);
    play.go_on(None, false);
    assert_eq!((play.status(), play.spawned.len(), play.judged.len()), (TaskStatus::Done, 1, 1));
}

#[test]
fn what_the_user_says_of_a_check_that_cannot_run_goes_to_the_agent() {
    let mut play = Play::started();
    play.verdict = unable();
    play.iteration(1, READY);
    play.feed(Input::ApprovalGiven(Answer {
        text: Some("write the SQL by hand".into()),
        ..Answer::default()
    }));
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Running, 2));
    assert!(play.state.notes[0].ends_with("The user says: write the SQL by hand"), "{:?}", play.state.notes);
}

#[test]
fn a_check_that_cannot_run_is_not_asked_about_while_the_agent_has_work() {
    let mut play = Play::with(|settings| settings.verify = VerifyWhen::Always);
    play.verdict = unable();
    play.iteration(1, NOT_READY);
    assert_eq!((play.asked.len(), play.judged.len()), (0, 1));
    play.verdict = red("the tests");
    play.iteration(2, READY);
    assert_eq!((play.asked.len(), play.judged.len()), (0, 2));
}

/// A check that answered `standing` beside its controls, by material that was there before the loop.
fn controlled(standing: Standing) -> VerifyOutcome {
    let material = vec![ChangedMaterial { path: "tests/a.rs".into(), was_there: true }];
    let proof = CheckProof {
        check: "cargo test".into(),
        standing,
        work: None,
        controls: Vec::new(),
        material,
        opinion: None,
        pictures: Vec::new(),
    };
    VerifyOutcome { controls: Some(vec![proof]), ..green(1) }
}

fn judged(outcome: VerifyOutcome, settings: Settings) -> Play {
    let mut play = Play::new(settings);
    play.verdict = outcome;
    play.feed(Input::Start);
    play.iteration(1, READY);
    play
}

#[test]
fn what_a_judge_cannot_tell_is_asked_even_where_something_else_is_proven() {
    let outcome = || {
        let mut outcome = controlled(Standing::Proven);
        let undecided = controlled(Standing::Undecided).controls.into_iter().flatten();
        outcome.controls.iter_mut().for_each(|controls| controls.extend(undecided.clone()));
        outcome
    };
    let play = judged(outcome(), Settings::default());
    assert_eq!(play.status(), TaskStatus::NeedsInput);
    let take = Settings { unproven: Unproven::Take, ..Settings::default() };
    assert_eq!(judged(outcome(), take).status(), TaskStatus::Done);
}

#[test]
fn what_a_judge_spends_is_the_loop_s_also_where_nobody_can_say_what_it_was() {
    let spent = |cost| Usage { cost_usd: Some(cost), input: 5, ..Usage::default() };
    let mut play = Play::new(Settings::default());
    play.feed(Input::Start);
    for input in
        [Input::JudgeAsked, Input::JudgeEnded(spent(0.5)), Input::JudgeAsked, Input::JudgeEnded(spent(0.25))]
    {
        play.feed(input);
    }
    assert_eq!((play.state.used.cost_usd, play.state.used.input), (Some(0.75), 10));
    assert!(!play.state.cost_unknown);
    play.feed(Input::JudgeAsked);
    play.feed(Input::Recovered);
    assert!(play.state.cost_unknown);
}

#[test]
fn work_that_a_check_proves_is_done() {
    let play = judged(controlled(Standing::Proven), Settings::default());
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));
    let proof = Proof {
        color: Color::Green,
        checks: 1,
        failed: Vec::new(),
        unusual: Vec::new(),
        proven: Some(1),
        guard: false,
    };
    assert_eq!(proof.to_string(), "claimed ready, and its one check passed, which failed before the work");
    assert_eq!(play.state.reason(), Some(Reason::Proven { proof }));
}

#[test]
fn work_that_nothing_proves_is_the_users_to_take() {
    for standing in [Standing::Guard, Standing::Unproven] {
        let play = judged(controlled(standing.clone()), Settings::default());
        assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Unproven));
        for settings in [
            Settings { unproven: Unproven::Take, ..Settings::default() },
            Settings { autonomy: Autonomy::FullAuto, ..Settings::default() },
        ] {
            let play = judged(controlled(standing.clone()), settings);
            assert_eq!(play.status(), TaskStatus::Done);
            let Some(Reason::Proven { proof }) = play.state.reason() else {
                panic!("{:?}", play.state.phase)
            };
            assert_eq!(proof.to_string(), "claimed ready, and its one check passed, which proves nothing");
        }
    }
    // No check at all is no proof either, where one was looked for.
    let play = judged(VerifyOutcome { controls: Some(vec![]), ..green(0) }, Settings::default());
    assert_eq!(play.status(), TaskStatus::NeedsInput);
}

#[test]
fn a_check_that_was_weakened_is_rework_however_much_the_loop_decides_itself() {
    let take = || Settings { autonomy: Autonomy::FullAuto, unproven: Unproven::Take, ..Settings::default() };
    for standing in [Standing::Weakened { tests: vec!["adds".into()] }, Standing::Weak] {
        let play = judged(controlled(standing), take());
        assert_eq!((play.status(), play.commits), (TaskStatus::Rework, 0));
        let last = play.state.last.unwrap().verdict;
        assert!(
            last.starts_with("claimed ready, but `cargo test` ") && last.contains("tests/a.rs"),
            "{last}"
        );
    }
    let play = judged(controlled(Standing::Incomparable), take());
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::ChecksChanged));
    // What passes without the work, by a file that the loop only added, is nobody's fault, and proves nothing.
    let mut weak = controlled(Standing::Weak);
    for check in weak.controls.iter_mut().flatten() {
        check.material[0].was_there = false;
    }
    let play = judged(weak, take());
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::ChecksChanged));
}

const EXPLAINED: &str = "<COMPLETION_GATE>\nready: true\nreason: done\nchecks_changed: the rounding is another one now\n</COMPLETION_GATE>";

#[test]
fn a_change_of_checks_that_is_explained_is_a_question_only_where_it_matters() {
    let weakened = || Standing::Weakened { tests: vec!["adds".into()] };
    let judged = |outcome| {
        let mut play = Play::new(Settings { autonomy: Autonomy::FullAuto, ..Settings::default() });
        play.verdict = outcome;
        play.feed(Input::Start);
        play.iteration(1, EXPLAINED);
        play
    };
    let mut play = judged(controlled(weakened()));
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::ChecksChanged));
    assert!(play.asked[0].text.contains("the rounding is another one now"), "{}", play.asked[0].text);
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));

    assert_eq!(judged(controlled(Standing::Proven)).status(), TaskStatus::Done);
    let red = VerifyOutcome { controls: controlled(weakened()).controls, ..red("the tests") };
    let red = VerifyOutcome { failed: vec!["make lint".into()], ..red };
    assert_eq!(judged(red).status(), TaskStatus::Rework, "another check fails besides");
}

#[test]
fn checks_that_stay_changed_are_asked_about_when_the_agent_has_had_its_tries() {
    let refused = || {
        let controls = controlled(Standing::Weakened { tests: vec!["adds".into()] }).controls;
        VerifyOutcome { controls, ..red("cargo test") }
    };
    let mut play = Play::with(|settings| settings.limits[Rule::Rework] = Some(2.0));
    play.verdict = refused();
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::Rework);
    play.iteration(2, READY);
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::ChecksChanged));
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));

    // A budget that is used up is the user's to raise, whatever was changed.
    let mut play = Play::with(|settings| settings.limits[Rule::Iterations] = Some(1.0));
    play.verdict = VerifyOutcome { failed: vec!["make lint".into()], ..refused() };
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::Stopped);
}

#[test]
fn a_task_that_says_it_is_a_guard_needs_no_check_to_turn() {
    let guard = || VerifyOutcome { proven_by: Some(ProvenBy::Guard), ..controlled(Standing::Guard) };
    let play = judged(guard(), Settings::default());
    assert_eq!((play.status(), play.commits), (TaskStatus::Done, 1));
    let play = judged(
        VerifyOutcome { controls: controlled(Standing::Incomparable).controls, ..guard() },
        Settings::default(),
    );
    assert_eq!(play.status(), TaskStatus::NeedsInput, "what was changed is still to be seen");
}

fn with_base() -> Settings {
    Settings { await_base: Some(Duration::from_secs(60)), ..Settings::default() }
}

fn begun(settings: Settings) -> Play {
    let mut play = Play::new(settings);
    play.feed(Input::Start);
    play
}

#[test]
fn the_agent_waits_for_what_the_checks_answer_before_its_work_but_not_for_ever() {
    let mut play = begun(with_base());
    assert_eq!((play.controls, play.spawned.len(), play.status()), (1, 0, TaskStatus::Running));
    let answers =
        vec![BaseAnswer { check: "make".into(), criterion: Some(0), answer: proof::Answer::Failed }];
    let known = BaseKnown { answers, ..BaseKnown::default() };
    play.feed(Input::BaseKnown(known.clone()));
    assert_eq!((play.spawned.len(), play.state.criterion_before(0)), (1, Some(proof::Answer::Failed)));

    let mut play = begun(with_base());
    play.passes(61).feed(Input::TimerFired);
    assert_eq!(play.spawned.len(), 1, "what takes longer goes on beside it");
    play.feed(Input::BaseKnown(known));
    assert_eq!((play.spawned.len(), play.state.criterion_before(0)), (1, Some(proof::Answer::Failed)));
    // Once for a loop.
    play.verdict = green(1);
    play.iteration(1, NOT_READY);
    assert_eq!((play.controls, play.spawned.len()), (1, 2));
}

#[test]
fn a_control_before_the_work_can_be_held_stopped_and_taken_up_again() {
    for (command, rests) in [
        (Command::pause_now(), TaskStatus::Paused),
        (Command::Pause { now: false, reason: None }, TaskStatus::Paused),
        (Command::Stop, TaskStatus::Stopped),
    ] {
        let mut play = begun(with_base());
        play.feed(Input::CommandReceived(command));
        assert_eq!((play.status(), play.spawned.len()), (rests, 0));
        play.go_on(None, false);
        assert_eq!((play.status(), play.controls, play.spawned.len()), (TaskStatus::Running, 1, 1));
    }
    let mut play = begun(with_base());
    play.feed(Input::Recovered);
    assert_eq!((play.controls, play.spawned.len()), (2, 0));
}

#[test]
fn a_task_whose_criteria_all_hold_is_asked_about_before_an_agent_works() {
    let all_hold = || Input::BaseKnown(BaseKnown { all_hold: true, ..BaseKnown::default() });
    let mut play = begun(with_base());
    play.feed(all_hold());
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::NeedsInput, 0));
    assert_eq!(play.asked[0].kind, AskKind::AlreadyGreen);
    let mut again = Play { state: play.state.clone(), ..begun(with_base()) };
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.status(), play.spawned.len()), (TaskStatus::Done, 0));
    again.feed(Input::ApprovalGiven(Answer { approved: Some(false), ..Answer::default() }));
    assert_eq!((again.status(), again.spawned.len(), again.state.notes.len()), (TaskStatus::Running, 1, 0));
    for settings in [
        Settings { unproven: Unproven::Take, ..with_base() },
        Settings { autonomy: Autonomy::FullAuto, ..with_base() },
    ] {
        let mut play = begun(settings);
        play.feed(all_hold());
        assert_eq!(play.spawned.len(), 1);
    }
}

#[test]
fn a_check_that_failed_before_and_cannot_be_compared_is_asked_about_once() {
    let mut play = begun(with_base());
    play.feed(Input::BaseKnown(BaseKnown { incomparable: vec!["make lint".into()], ..BaseKnown::default() }));
    assert_eq!((play.status(), play.asked[0].kind), (TaskStatus::NeedsInput, AskKind::Baseline));
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!((play.spawned.len(), play.state.without()), (1, &["make lint".to_owned()][..]));

    // Known only beside the agent: asked where it alone stands in the way of a claim.
    let fails = || VerifyOutcome { failed_before: vec!["cargo test".into()], ..red("cargo test") };
    let mut play = begun(Settings::default());
    play.verdict = fails();
    play.iteration(1, READY);
    assert_eq!((play.status(), play.judged.len()), (TaskStatus::NeedsInput, 0));
    let mut mends = Play { state: play.state.clone(), ..begun(Settings::default()) };
    play.verdict = green(1);
    play.feed(Input::ApprovalGiven(Answer { approved: Some(true), ..Answer::default() }));
    assert_eq!(
        (play.status(), play.spawned.len()),
        (TaskStatus::Done, 1),
        "the checks ran again, and no agent"
    );
    mends.feed(Input::ApprovalGiven(Answer { approved: Some(false), ..Answer::default() }));
    assert_eq!(mends.status(), TaskStatus::Running);
    assert!(mends.state.notes[0].contains("mend that first"), "{:?}", mends.state.notes);

    let mut play = begun(Settings::default());
    play.verdict = VerifyOutcome { failed: vec!["cargo test".into(), "make".into()], ..fails() };
    play.iteration(1, READY);
    assert_eq!(play.status(), TaskStatus::Rework);
}
