//! The runner: the small shell around `core::machine`. It owns one loop: performs its effects, feeds their results back,
//! and saves the new state with its news in one transaction before it performs anything.
//!
//! One thread owns the state; the others (the agent's output, the verifiers, the mailbox) only send to it. Knows no
//! terminal and no editor: whoever runs it gets [`News`].

mod agent_run;
mod begin;
mod clocks;
mod mailbox;
mod news;
mod prompting;
mod proof;
mod saving;
mod verifying;

pub(crate) use begin::settings_of;
pub use begin::{BeginOptions, Fork, begin, claim, claim_unrun, open_dependencies};
pub use news::News;

use crate::{Error, ErrorKind, Result, progress, task_spec::TaskSpec};
use agent_run::LiveAgent;
use alfine_core::{
    agent::AgentEvent,
    machine::{self, Answer, CheckpointKind, Command, Effect, Input, Judgement, LoopState, Phase, Tree},
    plan::Isolation,
    task::{TaskKey, TaskStatus},
    time::Moment,
};
use alfine_files::{Layout, UserDirs};
use alfine_git::{Checkpoint, CheckpointSpec, Commit, Repository, Surroundings};
use alfine_secrets::Masker;
use alfine_store::{CheckpointNew, LoopId, LoopLock, LoopRow, Millis, Store};
use clocks::Clocks;
use proof::SetBack;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};
use verifying::LiveVerifiers;

/// News of the agent that change nothing are saved together, this long after the first one at the latest.
const SAVE_NEWS_WITHIN: Duration = Duration::from_millis(100);
/// A wait is cut into pieces of this length, since a computer that sleeps does not count it.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(60);
/// How many messages wait for the owner of the state before its helpers have to.
const INBOX: usize = 1024;
/// Alfine's own folder in a working tree; no change in it is the agent's work.
const OWN_FOLDER: &str = ".alfine";

/// What in a loop's working tree is no work of its agent: Alfine's own folder, and the plan that the agent is steered by.
pub fn own_files(row: &LoopRow) -> Vec<PathBuf> {
    vec![PathBuf::from(OWN_FOLDER), PathBuf::from(&row.task.plan)]
}

/// How a loop's working tree is looked at, without what was brought in.
pub fn surroundings(layout: &Layout, row: &LoopRow, brought: &[PathBuf]) -> Surroundings {
    let mut surroundings = of_no_loop(layout, row.id.as_str());
    surroundings.own = own_files(row);
    surroundings.leave_out = brought.to_vec();
    surroundings
}

/// How a tree is looked at that is no loop's, under the name of what is remembered between looks.
pub fn of_no_loop(layout: &Layout, remembered_as: &str) -> Surroundings {
    let mut surroundings = Surroundings::new(layout.checkpoint_index(remembered_as));
    surroundings.own = vec![PathBuf::from(OWN_FOLDER)];
    surroundings
}

/// What the helpers' threads tell the owner of the state.
#[derive(Debug)]
enum Message {
    /// The agent printed something that is no event.
    Output(u32),
    /// The agent said something.
    Event(u32, AgentEvent),
    /// The agent and all its children are gone.
    AgentGone(u32, agent_run::Ended),
    /// The verifiers are through.
    Verified(u32, verifying::Answers),
    /// A verifier's own news.
    VerifyNews(u32, Value),
    /// A worktree's setup printed a line.
    SetupSaid(String),
    /// A worktree's setup and all its children are gone.
    SetupOver,
    /// There may be commands.
    Mail,
    /// Somebody wants this process to end.
    Interrupted,
}

/// Lets another thread ask a runner to hold its loop and end.
#[derive(Debug, Clone)]
pub struct Interrupter(SyncSender<Message>);

impl Interrupter {
    /// Ends the agent and pauses the loop.
    pub fn interrupt(&self) {
        let _ = self.0.send(Message::Interrupted);
    }
}

/// A runner of one loop. Holds the loop's lock as long as it lives.
pub struct Runner<'a> {
    repository: &'a Repository,
    layout: &'a Layout,
    user: &'a UserDirs,
    store: &'a mut Store,
    lock: LoopLock,
    key: TaskKey,
    row: LoopRow,
    spec: TaskSpec,
    adapter: Box<dyn alfine_agents::Adapter>,
    state: LoopState,
    masker: Arc<Masker>,
    environments: agent_run::Environments,
    program: PathBuf,
    inputs: VecDeque<Input>,
    inbox: Receiver<Message>,
    outbox: SyncSender<Message>,
    agent: Option<LiveAgent>,
    verifiers: Option<LiveVerifiers>,
    verify_round: u32,
    checkpoint: Option<Checkpoint>,
    /// Whether the tree cannot have changed since that checkpoint: nothing was run and nothing waited for.
    checkpoint_is_of_now: bool,
    checkpoints: u32,
    files_changed: u32,
    /// What the last iteration changed.
    iteration_files: Vec<alfine_git::FileChange>,
    last_refusal: Option<String>,
    unsaved: Vec<(String, Value)>,
    unsaved_since: Option<Instant>,
    commands: Vec<(i64, Option<String>)>,
    observe: &'a mut dyn FnMut(&News),
    cut_short: bool,
    clocks: Clocks,
}

impl<'a> Runner<'a> {
    /// Takes over the loop whose lock this is. `program` is Alfine's own binary, which is also the guard.
    pub fn new(
        repository: &'a Repository,
        layout: &'a Layout,
        user: &'a UserDirs,
        store: &'a mut Store,
        lock: LoopLock,
        program: PathBuf,
        observe: &'a mut dyn FnMut(&News),
    ) -> Result<Self> {
        let row = store.loop_(lock.loop_id())?.ok_or_else(|| {
            Error::new(ErrorKind::Store, format!("loop {} is not in the database", lock.loop_id()))
        })?;
        let spec: TaskSpec = serde_json::from_value(row.settings.clone())
            .map_err(|error| unreadable("settings", &row, &error))?;
        let state = state_of(&row)?;
        let adapter = alfine_agents::adapter(&spec.agent.name)?;
        let (environments, masker) = agent_run::environments(&*adapter, &spec)?;
        let last = store.last_checkpoint(&row.id)?;
        // The refs may be gone that the rows are of.
        let recorded = last.as_ref().map_or(0, |last| last.n);
        let checkpoints = checkpoints_of(repository, &row.task)?.max(recorded);
        let checkpoint = last.and_then(|last| repository.checkpoint_at(&last.reference).ok());
        let files_changed = row.summary.files_changed;
        let (outbox, inbox) = sync_channel(INBOX);
        Ok(Self {
            repository,
            layout,
            user,
            store,
            lock,
            key: row.task.clone(),
            row,
            spec,
            adapter,
            state,
            masker,
            environments,
            program,
            inputs: VecDeque::new(),
            inbox,
            outbox,
            agent: None,
            verifiers: None,
            verify_round: 0,
            checkpoint,
            checkpoint_is_of_now: false,
            checkpoints,
            files_changed,
            iteration_files: Vec::new(),
            last_refusal: None,
            unsaved: Vec::new(),
            unsaved_since: None,
            commands: Vec::new(),
            observe,
            cut_short: false,
            clocks: Clocks::now(),
        })
    }

    /// What ends this runner from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.outbox.clone())
    }

    /// Runs the loop until it rests, and says where.
    pub fn run(mut self) -> Result<TaskStatus> {
        let mailbox = mailbox::listen(self.layout, self.store, self.outbox.clone());
        let ended = self.run_to_rest();
        drop(mailbox);
        if ended.is_err() {
            self.end_helpers();
        }
        ended
    }

    /// Takes one command for a loop that nobody runs, without going on with it. Returns why it was refused, if it was.
    pub fn apply(mut self, command: Command) -> Result<Option<String>> {
        if self.spec.isolation == Isolation::Worktree && self.row.worktree.is_none() {
            // The user's own tree is no substitute for a worktree that was never made.
            return Err(Error::user(format!("{} was cut off before its worktree was there", self.key))
                .hint(format!("go on with it: alfine continue {0}; or not: alfine discard {0}", self.key)));
        }
        self.inputs.push_back(Input::CommandReceived(command));
        self.work_off()?;
        self.save()?;
        self.leave_unrun()?;
        Ok(self.refusal())
    }

    /// Says of a loop in the middle of something that nobody runs it.
    fn leave_unrun(&mut self) -> Result<()> {
        if self.mid_way() {
            let lock = &self.lock;
            self.store.write(|tx| {
                tx.set_loop_status(lock, TaskStatus::Interrupted, Some("nobody runs it"), false)
            })?;
        }
        Ok(())
    }

    fn rest_unrun(&mut self) -> Result<TaskStatus> {
        self.save()?;
        self.leave_unrun()?;
        Ok(TaskStatus::Interrupted)
    }

    fn clear_stale_locks(&self) -> Result<()> {
        if let Some(branch) = &self.row.branch {
            self.repository.clear_stale_ref_locks(branch, &self.key.plan, &self.key.id.0)?;
        }
        if self.repository.clear_stale_lock(&self.worktree())? {
            tracing::info!("a git process left a lock in {}; it is removed", self.worktree().display());
        }
        Ok(())
    }

    fn run_to_rest(&mut self) -> Result<TaskStatus> {
        let lock = &self.lock;
        self.store.write(|tx| tx.release_commands(lock))?;
        if self.row.worktree.is_none() && self.spec.isolation == Isolation::Worktree {
            // Whoever began the loop died before its worktree was there. The user's own tree is no substitute.
            self.row = begin::make_worktree(
                self.repository,
                self.layout,
                self.user,
                self.store,
                &self.lock,
                &self.row,
            )?;
        }
        if self.held_before_start()? {
            return Ok(self.state.status());
        }
        if self.spec.prepared {
            self.restore_worktree()?;
        } else if !self.prepare()? {
            // Without its setup no iteration makes sense; what the user sent waits for the next start.
            self.save()?;
            return Ok(self.state.status());
        }
        if self.held_before_start()? {
            return Ok(self.state.status());
        }
        if self.cut_short {
            return self.rest_unrun();
        }
        if self.mid_way() {
            if self.spec.isolation == Isolation::Worktree {
                // Whoever held them died with the runner or the agent.
                self.clear_stale_locks()?;
            }
            self.inputs.push_back(if self.state.phase == Phase::Idle {
                Input::Start
            } else {
                Input::Recovered
            });
            self.work_off()?;
        }
        loop {
            self.take_mail()?;
            if self.at_rest() {
                break;
            }
            while !self.at_rest() {
                self.wait()?;
                self.work_off()?;
                if self.cut_short {
                    return self.rest_unrun();
                }
            }
        }
        self.save()?;
        Ok(self.state.status())
    }

    /// Says whether the loop was left in the middle of something.
    fn mid_way(&self) -> bool {
        self.state.phase == Phase::Idle || self.state.status().needs_runner()
    }

    /// Takes the mail of a loop that has not begun, and says whether the user does not want it to begin.
    fn held_before_start(&mut self) -> Result<bool> {
        if self.state.phase != Phase::Idle {
            return Ok(false);
        }
        self.take_mail()?;
        Ok(self.state.phase != Phase::Idle)
    }

    fn at_rest(&self) -> bool {
        let idle = self.agent.is_none() && self.verifiers.is_none() && self.inputs.is_empty();
        idle && !self.state.status().needs_runner()
    }

    fn wait(&mut self) -> Result<()> {
        self.checkpoint_is_of_now = false;
        let awake = Instant::now();
        let message = self.inbox.recv_timeout(self.timeout());
        self.look_at_clocks()?;
        match message {
            Ok(message) => self.receive(message)?,
            // The bell may have failed; a command must not wait for ever.
            Err(RecvTimeoutError::Timeout) if awake.elapsed() >= LOOK_AT_CLOCK => self.take_mail()?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(ErrorKind::Internal, "the runner lost its inbox"));
            }
        }
        if self.unsaved_since.is_some_and(|since| since.elapsed() >= SAVE_NEWS_WITHIN) {
            self.save()?;
        }
        if self.state.deadline().is_some_and(|deadline| deadline <= now()) {
            self.inputs.push_back(Input::TimerFired);
        }
        Ok(())
    }

    fn timeout(&self) -> Duration {
        let deadline = self.state.deadline().map(|deadline| deadline.since(now()));
        let unsaved = self.unsaved_since.map(|since| SAVE_NEWS_WITHIN.saturating_sub(since.elapsed()));
        deadline.into_iter().chain(unsaved).min().unwrap_or(LOOK_AT_CLOCK).min(LOOK_AT_CLOCK)
    }

    fn receive(&mut self, message: Message) -> Result<()> {
        let current = self.agent.as_ref().map(|agent| agent.run);
        match message {
            Message::Output(run) if Some(run) == current => self.inputs.push_back(Input::AgentOutput),
            Message::Event(run, event) if Some(run) == current => self.agent_said(event),
            Message::AgentGone(run, ended) if Some(run) == current => self.agent_gone(ended)?,
            Message::Verified(round, answers) if round == self.verify_round => self.verified(answers)?,
            Message::VerifyNews(round, news) if round == self.verify_round => self.tell("verifier", news),
            Message::Mail => self.take_mail()?,
            // Checks run again when the loop goes on; the agent's work is kept already.
            Message::Interrupted if self.verifiers.is_some() => {
                self.verifiers = None;
                self.cut_short = true;
            }
            Message::Interrupted => {
                self.inputs.push_back(Input::CommandReceived(Command::pause_now()));
            }
            // A helper of something that is over.
            Message::Output(_)
            | Message::Event(..)
            | Message::AgentGone(..)
            | Message::Verified(..)
            | Message::VerifyNews(..)
            | Message::SetupSaid(_)
            | Message::SetupOver => {}
        }
        Ok(())
    }

    /// Feeds what is queued to the machine, and performs what it says, until there is nothing left.
    fn work_off(&mut self) -> Result<()> {
        while let Some(input) = self.inputs.pop_front() {
            self.take(input)?;
        }
        Ok(())
    }

    fn take(&mut self, input: Input) -> Result<()> {
        // What is noted from here on is noted by the clock as it is now.
        self.look_at_clocks()?;
        self.step(input)
    }

    fn look_at_clocks(&mut self) -> Result<()> {
        match self.clocks.look() {
            Some(jump) => self.step(jump),
            None => Ok(()),
        }
    }

    fn step(&mut self, input: Input) -> Result<()> {
        let (state, effects) = machine::step(self.state.clone(), now(), input);
        self.state = state;
        if effects.is_empty() {
            return Ok(());
        }
        for effect in &effects {
            if let Effect::IterationEnded(judgement) = effect {
                self.count_files(judgement);
            }
            self.tell_effect(effect);
        }
        self.save_with(&effects)?;
        for effect in effects {
            if let Err(error) = self.perform(effect) {
                self.tell("error", json!({ "message": error.message, "hint": error.hint }));
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.inputs.push_back(Input::Failed(format!("{}{hint}", error.message)));
                break;
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::TakeCheckpoint(CheckpointKind::Timer) => {
                // It is there in case of need; the agent works on without it.
                if let Err(error) = self.take_checkpoint(CheckpointKind::Timer) {
                    self.tell("checkpoint_failed", json!({ "message": error.message, "hint": error.hint }));
                }
                Ok(())
            }
            Effect::TakeCheckpoint(kind) => self.take_checkpoint(kind),
            Effect::SpawnAgent(spawn) => self.spawn_agent(&spawn),
            Effect::KillAgent(_) => {
                match &self.agent {
                    Some(agent) => agent.end(),
                    // Its runner died with it; only the state still says that it works.
                    None => self.inputs.push_back(Input::AgentExited {
                        outcome: alfine_core::agent::Outcome::Interrupted,
                        message: String::new(),
                    }),
                }
                Ok(())
            }
            Effect::RunVerifiers => self.run_verifiers(),
            Effect::CancelVerifiers => {
                self.verify_round += 1;
                self.verifiers = None;
                Ok(())
            }
            Effect::Commit => self.commit(),
            Effect::IterationEnded(judgement) => self.log_progress(&judgement),
            // Saved with the state.
            Effect::Sleep(_)
            | Effect::Finish
            | Effect::AskHuman(_)
            | Effect::WithdrawAsk
            | Effect::Refuse(_)
            | Effect::Note(_) => Ok(()),
        }
    }

    fn surroundings(&self) -> Surroundings {
        surroundings(self.layout, &self.row, &self.spec.brought)
    }

    fn worktree(&self) -> PathBuf {
        self.row.worktree.as_ref().map_or_else(|| self.repository.workdir().to_owned(), PathBuf::from)
    }

    fn take_checkpoint(&mut self, kind: CheckpointKind) -> Result<()> {
        // Judging takes no time: the tree after one iteration is the tree before the next.
        if let (CheckpointKind::Before, true, Some(last)) =
            (kind, self.checkpoint_is_of_now, &self.checkpoint)
        {
            let tree = tree_of(last);
            self.inputs.push_back(Input::CheckpointTaken(kind, tree));
            return Ok(());
        }
        let n = self.checkpoints + 1;
        let ref_name = alfine_git::checkpoint_ref(&self.key.plan, &self.key.id.0, n);
        let surroundings = self.surroundings();
        let still = if kind == CheckpointKind::Timer { self.checkpoint.as_ref() } else { None };
        let spec = CheckpointSpec {
            ref_name,
            message: format!("{} {} iteration {}", self.key, kind_word(kind), self.state.iteration),
            surroundings: &surroundings,
            unless_still: still,
        };
        let checkpoint = self.repository.checkpoint(&self.worktree(), &spec)?;
        if checkpoint.taken {
            self.checkpoints = n;
            let row = CheckpointNew {
                n,
                iteration: Some(self.state.iteration),
                kind: match kind {
                    CheckpointKind::Before => alfine_store::CheckpointKind::Before,
                    CheckpointKind::Timer => alfine_store::CheckpointKind::Timer,
                    CheckpointKind::After => alfine_store::CheckpointKind::After,
                },
                commit_id: &checkpoint.commit,
                tree: &checkpoint.tree,
                head: checkpoint.head.as_deref(),
                reference: &checkpoint.ref_name,
            };
            let lock = &self.lock;
            self.store.write(|tx| tx.add_checkpoint(lock, &row))?;
        }
        if kind == CheckpointKind::Before && self.state.iteration <= 1 && !checkpoint.skipped.is_empty() {
            self.spec.never_kept = checkpoint.skipped.iter().map(|skipped| skipped.path.clone()).collect();
            self.save_spec()?;
        }
        for skipped in &checkpoint.skipped {
            self.tell("checkpoint_skipped", json!({ "what": skipped.to_string() }));
        }
        if kind == CheckpointKind::After
            && let Some(base) = &self.row.base_commit
        {
            let changed = self.repository.files_changed(base, &checkpoint.commit, &surroundings.own)?;
            self.files_changed = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        }
        let tree = tree_of(&checkpoint);
        self.checkpoint = Some(checkpoint);
        self.checkpoint_is_of_now = true;
        self.inputs.push_back(Input::CheckpointTaken(kind, tree));
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.checkpoint_is_of_now = false;
        if self.spec.isolation == Isolation::Worktree && self.spec.machine.commit {
            self.set_back_to_proven()?;
            let task = &self.spec.task;
            let gate = self.state.gate().gate.clone().unwrap_or_default();
            let body = [gate.progress, gate.reason]
                .into_iter()
                .flatten()
                .map(|text| self.masker.mask(&text).into_owned());
            let surroundings = self.surroundings();
            let commit = Commit {
                branch: self.row.branch.as_deref(),
                surroundings: &surroundings,
                subject: alfine_git::subject(&task.id.0, &task.title),
                body: body.collect::<Vec<_>>().join("\n\n"),
                trailers: vec![
                    (alfine_git::TASK_TRAILER.to_owned(), self.key.to_string()),
                    ("Alfine-Iterations".to_owned(), self.state.judged.to_string()),
                ],
            };
            let made = self.repository.commit_all(&self.worktree(), &commit)?;
            self.tell("committed", json!({ "commit": made }));
        }
        self.inputs.push_back(Input::Committed);
        Ok(())
    }

    /// Sets the tree back to the one that the checks saw, should it have changed since: by the checks themselves, or by
    /// hand while an approval was asked for.
    fn set_back_to_proven(&mut self) -> Result<()> {
        let Some(mut proof) = self.proof() else { return Ok(()) };
        let set_back = proof.set_back()?;
        self.checkpoints = proof.checkpoints;
        if let Some(SetBack { files, kept }) = set_back {
            self.tell("set_back", json!({ "files": files, "kept": kept }));
        }
        Ok(())
    }

    /// Counts what an iteration changed, for the next prompt, the progress log and whoever watches.
    fn count_files(&mut self, judgement: &Judgement) {
        let (before, after) = (&judgement.before.tree, &judgement.after.tree);
        self.iteration_files = match before.is_empty() || before == after {
            true => Vec::new(),
            false => self.repository.files_changed(before, after, &[]).unwrap_or_default(),
        };
        if let Some(last) = &mut self.state.last {
            last.files_changed = Some(u32::try_from(self.iteration_files.len()).unwrap_or(u32::MAX));
        }
    }

    fn log_progress(&mut self, judgement: &Judgement) -> Result<()> {
        let gate = judgement.reading.gate.as_ref();
        let progress = gate.and_then(|gate| gate.progress.clone()).unwrap_or_default();
        let entry = progress::Entry {
            at: jiff::Timestamp::now(),
            task: self.key.to_string(),
            status: self.state.status(),
            iteration: judgement.iteration,
            files_changed: self.iteration_files.iter().map(|file| file.path.display().to_string()).collect(),
            summary: self.masker.mask(&format!("{progress}\n{}", judgement.verdict)).trim().to_owned(),
        };
        // The log helps the next iteration; a tree in which it cannot be written is no reason to end the loop.
        if let Err(error) = progress::append(&self.worktree(), &entry) {
            self.tell("progress_not_logged", json!({ "message": error.to_string() }));
        }
        Ok(())
    }

    fn end_helpers(&mut self) {
        self.verifiers = None;
        if let Some(agent) = self.agent.take() {
            agent.end_and_wait(&self.inbox);
        }
    }

    /// Feeds an answer of the user.
    fn answer(&mut self, answer: Answer) {
        self.inputs.push_back(Input::ApprovalGiven(answer));
    }
}

fn tree_of(checkpoint: &Checkpoint) -> Tree {
    Tree { tree: checkpoint.tree.clone(), head: checkpoint.head.clone().unwrap_or_default() }
}

fn kind_word(kind: CheckpointKind) -> &'static str {
    match kind {
        CheckpointKind::Before => "before",
        CheckpointKind::Timer => "during",
        CheckpointKind::After => "after",
    }
}

fn now() -> Moment {
    Moment(Millis::now().0)
}

/// The machine's state of a loop, as it was saved.
pub(crate) fn state_of(row: &LoopRow) -> Result<LoopState> {
    serde_json::from_str(&row.state).map_err(|error| unreadable("state", row, &error))
}

fn unreadable(what: &str, row: &LoopRow, error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Store, format!("the {what} of loop {} cannot be read: {error}", row.id))
        .hint("discard the task and start it again; its checkpoints are kept")
}

/// The loop that a task has, if it has one: live, or else the last one.
pub fn loop_of(store: &Store, key: &TaskKey) -> Result<Option<LoopRow>> {
    if let Some(row) = store.current_loop(key)? {
        return Ok(Some(row));
    }
    Ok(store.loops(key)?.pop())
}

/// The marker of a process tree of a loop; without `what`, what all of them begin with.
pub(crate) fn marker_of(id: &LoopId, what: &str) -> String {
    format!("{id}-{what}")
}

/// The loop that a process is of, by what its environment has in [`process::MARKER_VARIABLE`].
pub fn loop_of_marker(marker: &str) -> Option<LoopId> {
    marker.split('-').next()?.parse().ok()
}

/// Says whether a runner lives for a loop.
pub fn is_running(layout: &Layout, id: &LoopId) -> Result<bool> {
    Ok(LoopLock::is_held(layout, id)?)
}

/// The highest number of a checkpoint of a task, over all of its loops. The refs know it: one without a row counts.
pub(crate) fn checkpoints_of(repository: &Repository, key: &TaskKey) -> Result<u32> {
    Ok(repository.last_checkpoint(&key.plan, &key.id.0)?)
}
