//! No sequence of inputs passes the hard limit, runs two agents at once, loses an iteration, or resets a counter unasked.

use super::*;
use crate::{
    agent::{SessionId, Usage},
    breaker::{HARD_LIMIT, Rule},
    landing::{CheckedTree, Landing},
    signature,
    task::TaskStatus,
};
use proptest::prelude::*;

const GATES: [&str; 6] = [
    "<COMPLETION_GATE>\nready: true\nreason: done\n</COMPLETION_GATE>",
    "<COMPLETION_GATE>\nready: false\n</COMPLETION_GATE>",
    "<COMPLETION_GATE>\nready: true|false\n</COMPLETION_GATE>",
    "<COMPLETION_GATE>\nready: false\nblockers: [\"disk full\"]\n</COMPLETION_GATE>",
    "<COMPLETION_GATE>\nready: false\nquestion: which?\n</COMPLETION_GATE>",
    "nothing",
];

#[derive(Debug, Clone)]
enum Move {
    /// The outside world does what the loop waits for.
    Proceed {
        tree: u8,
        gate: usize,
        outcome: u8,
        color: u8,
    },
    /// The user.
    User(Command),
    Answer(Option<bool>),
    /// Time passes.
    Wait(u32),
    /// The runner dies and another one takes over.
    Die,
    /// Something comes late, or makes no sense.
    Stray(u8),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<bool>().prop_map(|now| Command::Pause { now, reason: None }),
        (prop::option::of(0u32..80), any::<bool>()).prop_map(|(max_iterations, reset_breaker)| {
            Command::Continue { max_iterations, reset_breaker, max_cost_usd: None }
        }),
        Just(Command::Stop),
        Just(Command::Steer { text: "look here".into() }),
        (0u32..80).prop_map(|max_iterations| Command::RaiseLimit { max_iterations }),
        Just(Command::Rewound { iteration: 1 }),
        any::<bool>().prop_map(|unattended| {
            Command::Land(Landing { into: "main".into(), with_others: false, unattended })
        }),
        Just(Command::Rework { from: "main".into() }),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        12 => (0u8..4, 0usize..GATES.len(), 0u8..30, 0u8..3)
            .prop_map(|(tree, gate, outcome, color)| Move::Proceed { tree, gate, outcome, color }),
        3 => command().prop_map(Move::User),
        1 => any::<Option<bool>>().prop_map(Move::Answer),
        2 => (0u32..20_000).prop_map(Move::Wait),
        1 => Just(Move::Die),
        1 => (0u8..15).prop_map(Move::Stray),
    ]
}

/// The world around the machine, as a runner would be.
struct World {
    state: LoopState,
    now: Moment,
    agent_lives: bool,
    spawned: u32,
    judged: Vec<u32>,
    pending: Option<Effect>,
}

fn outcome(n: u8) -> Outcome {
    match n {
        0 => Outcome::Auth { cloud: false },
        1 => Outcome::RateLimit { reset_at: None },
        2 => Outcome::Server,
        3 => Outcome::SessionNotFound,
        4 => Outcome::Context,
        5 => Outcome::Interrupted,
        6 => Outcome::TurnLimit,
        7 => Outcome::Crashed,
        8 => Outcome::Rejected,
        9 => Outcome::Auth { cloud: true },
        _ => Outcome::Ok,
    }
}

impl World {
    fn feed(&mut self, input: Input) -> Result<(), TestCaseError> {
        let asked_for_reset =
            matches!(&input, Input::CommandReceived(Command::Continue { reset_breaker: true, .. }));
        let before = self.state.clone();
        let (state, effects) = step(self.state.clone(), self.now, input);
        self.state = state;
        for effect in effects {
            match &effect {
                Effect::SpawnAgent(_) => {
                    prop_assert!(!self.agent_lives, "two agents at once");
                    self.agent_lives = true;
                    self.spawned += 1;
                    self.pending = Some(effect);
                }
                Effect::IterationEnded(judgement) => self.judged.push(judgement.iteration),
                Effect::TakeCheckpoint(CheckpointKind::Timer) => {}
                Effect::TakeCheckpoint(_)
                | Effect::RunVerifiers
                | Effect::Afford
                | Effect::Commit
                | Effect::Land(_)
                | Effect::BringUp { .. } => {
                    self.pending = Some(effect);
                }
                Effect::KillAgent(_) => prop_assert!(self.agent_lives, "ends an agent that is not there"),
                _ => {}
            }
        }
        prop_assert!(self.state.judged <= HARD_LIMIT);
        prop_assert!(self.state.judged as usize == self.judged.len(), "an iteration was lost");
        prop_assert!(self.judged.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", self.judged);
        prop_assert!(self.state.iteration >= before.iteration && self.state.judged >= before.judged);
        prop_assert!(self.state.used.tokens() >= before.used.tokens());
        if !asked_for_reset {
            prop_assert!(self.state.breaker.iterations() >= before.breaker.iterations(), "reset unasked");
            prop_assert!(self.state.breaker.rework() >= before.breaker.rework(), "reset unasked");
            prop_assert!(self.state.breaker.running() >= before.breaker.running(), "reset unasked");
        }
        Ok(())
    }

    fn proceed(&mut self, tree: u8, gate: usize, ends: u8, color: u8) -> Result<(), TestCaseError> {
        match self.pending.take() {
            Some(Effect::TakeCheckpoint(kind)) => {
                let tree = Tree { tree: format!("t{tree}"), head: "h".into() };
                self.feed(Input::CheckpointTaken(kind, tree))
            }
            Some(Effect::SpawnAgent(_)) => {
                self.feed(Input::AgentStarted)?;
                self.feed(Input::AgentEvent(AgentEvent::SessionStarted {
                    id: SessionId("s".into()),
                    model: None,
                }))?;
                self.feed(Input::AgentEvent(AgentEvent::Text { text: GATES[gate].into() }))?;
                self.feed(Input::AgentEvent(AgentEvent::Usage(Usage { input: 10, ..Usage::default() })))?;
                self.agent_lives = false;
                self.feed(Input::AgentExited { outcome: outcome(ends), message: String::new() })
            }
            Some(Effect::RunVerifiers) => {
                let color = [Color::Green, Color::Yellow, Color::Red][usize::from(color)];
                let error = (color != Color::Green).then(|| (signature::of_error("v", "e"), "e".to_owned()));
                self.feed(Input::Verified(VerifyOutcome {
                    color,
                    ran: 1,
                    failed: vec!["v".into()],
                    unable: if tree.is_multiple_of(5) { vec!["v cannot run".into()] } else { Vec::new() },
                    error,
                    unusual: vec![],
                    controls: None,
                    proven_by: None,
                    failed_before: vec![],
                }))
            }
            Some(Effect::Afford) => self.feed(match color {
                0 => Input::Afforded,
                1 => Input::AffordLater,
                _ => Input::Unaffordable("it is spent".into()),
            }),
            Some(Effect::Commit) => self.feed(Input::Committed),
            Some(Effect::Land(_)) => self.feed(Input::Landed(match color {
                0 => Ok(CheckedTree { tree: format!("t{tree}"), checks: vec![] }),
                1 => Err(NotLanded::Conflicts { files: vec!["f".into()] }),
                _ => Err(NotLanded::Red { failed: vec!["v".into()] }),
            })),
            Some(Effect::BringUp { .. }) => {
                let base = Tree { tree: format!("t{tree}"), head: "main".into() };
                self.feed(Input::BroughtUp { base, conflicts: vec![] })
            }
            _ => Ok(()),
        }
    }

    /// A runner ends only when its agent is gone; the one after it knows that too.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        let resting = !self.state.status().needs_runner();
        let ending = matches!(&self.state.phase, Phase::Agent(agent) if agent.kill.is_some());
        if self.agent_lives && (resting || ending) {
            self.agent_lives = false;
            self.pending = None;
            self.feed(Input::AgentExited { outcome: Outcome::Interrupted, message: String::new() })?;
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_inputs_breaks_a_promise(
        limit in 1u32..=50,
        asks_budgets in any::<bool>(),
        moves in prop::collection::vec(moves(), 1..250),
    ) {
        let mut settings = Settings::default();
        settings.limits[Rule::Iterations] = Some(limit.into());
        settings.asks_budgets = asks_budgets;
        let mut world = World {
            state: LoopState::new(settings), now: Moment(0), agent_lives: false, spawned: 0, judged: vec![], pending: None,
        };
        world.feed(Input::Start)?;
        for step in moves {
            match step {
                Move::Proceed { tree, gate, outcome, color } => world.proceed(tree, gate, outcome, color)?,
                Move::User(Command::Rewound { .. }) if world.agent_lives => {}
                Move::User(command) => world.feed(Input::CommandReceived(command))?,
                Move::Answer(approved) => world.feed(Input::ApprovalGiven(Answer { approved, ..Answer::default() }))?,
                Move::Wait(seconds) => {
                    world.now = world.now.after(Duration::from_secs(seconds.into()));
                    world.feed(Input::TimerFired)?;
                }
                Move::Die => {
                    world.agent_lives = false;
                    world.pending = None;
                    world.state = serde_json::from_str(&serde_json::to_string(&world.state).unwrap()).unwrap();
                    world.feed(Input::Recovered)?;
                }
                Move::Stray(7) => world.feed(Input::Slept(Duration::from_secs(100_000)))?,
                Move::Stray(8) => world.feed(Input::ClockBack(Duration::from_secs(100_000)))?,
                Move::Stray(n) => {
                    let stray = match n {
                        0 => Input::Start,
                        1 if world.agent_lives => Input::AgentOutput,
                        2 => Input::CheckpointTaken(CheckpointKind::Timer, Tree::default()),
                        3 => Input::AgentStarted,
                        4 => Input::AgentEvent(AgentEvent::Thinking { text: GATES[0].into() }),
                        5 => Input::TimerFired,
                        9 => Input::AgentEvent(AgentEvent::Concluded { waits: true }),
                        10 => Input::AgentEvent(AgentEvent::Concluded { waits: false }),
                        11 => Input::AgentEvent(AgentEvent::Compacted),
                        13 => Input::Afforded,
                        14 => Input::Unaffordable("it is spent".into()),
                        12 => Input::AgentEvent(AgentEvent::WorkLost { what: vec!["make".into()] }),
                        6 if world.agent_lives => Input::AgentEvent(AgentEvent::Ended {
                            outcome: Outcome::Auth { cloud: false }, message: String::new(),
                        }),
                        _ => Input::AgentOutput,
                    };
                    world.feed(stray)?;
                }
            }
            world.settle()?;
        }
        if world.state.status() == TaskStatus::Running {
            prop_assert!(world.agent_lives || world.pending.is_some(), "a running loop that waits for nothing");
        }
    }
}
