//! A runner at work: from taking its loop over until the loop rests, one message after another.

use super::{clocks::now, mailbox, message::Message, owner::Runner};
use crate::{Error, ErrorKind, Result, landing::Turn, loops, worktree};
use alfine_core::{
    machine::{Command, Input, Phase},
    plan::Isolation,
    reason::{Reason, Refusal},
    task::TaskStatus,
};
use std::{
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

/// News of the agent that change nothing are saved together, this long after the first one at the latest.
const SAVE_NEWS_WITHIN: Duration = Duration::from_millis(100);
/// A wait is cut into pieces of this length, since a computer that sleeps does not count it.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(60);

impl Runner<'_> {
    /// Runs the loop until it rests, and says where.
    ///
    /// Work that was found to hold on a branch comes with the right to land there before others.
    pub(crate) fn run(mut self) -> Result<(TaskStatus, Option<Turn>)> {
        let _span = self.span().entered();
        let mailbox = mailbox::listen(&self.project.layout, &self.project.store, self.outbox.clone());
        let ended = self.run_to_rest();
        drop(mailbox);
        // After an error nobody listens to the agent any more, so it must not go on working (and costing money).
        if ended.is_err() {
            self.end_helpers();
        }
        Ok((ended?, self.turn.take()))
    }

    /// Takes one command for a loop that nobody runs, without going on with it. Returns why it was refused, if it was.
    pub(crate) fn apply(mut self, command: Command) -> Result<Option<Refusal>> {
        let _span = self.span().entered();
        if self.spec.isolation == Isolation::Worktree && self.row.worktree.is_none() {
            // Without a worktree the command would be carried out in the user's own tree.
            return Err(Error::user(format!("{} was cut off before its worktree was there", self.key))
                .hint(loops::go_on_or_discard(&self.key)));
        }
        self.inputs.push_back(Input::CommandReceived(command));
        self.work_off()?;
        self.save()?;
        self.leave_unrun()?;
        Ok(self.last_refusal)
    }

    /// What the log lines of this loop begin with. It is an error here, so that lines of every level have it.
    fn span(&self) -> tracing::Span {
        tracing::error_span!("loop", id = %self.row.id, task = %self.key)
    }

    /// Says of a loop in the middle of something that nobody runs it.
    fn leave_unrun(&mut self) -> Result<()> {
        if self.mid_way() {
            let lock = &self.lock;
            self.project
                .store
                .write(|tx| tx.set_loop_status(lock, TaskStatus::Interrupted, Some(&Reason::Unrun), false))?;
        }
        Ok(())
    }

    fn rest_unrun(&mut self) -> Result<TaskStatus> {
        self.save()?;
        self.leave_unrun()?;
        Ok(TaskStatus::Interrupted)
    }

    pub(super) fn clear_stale_locks(&self) -> Result<()> {
        if let Some(branch) = &self.row.branch {
            self.project.repository.clear_stale_ref_locks(branch, &self.key.plan, &self.key.id.0)?;
        }
        if self.project.repository.clear_stale_lock(&self.worktree())? {
            tracing::info!("a git process left a lock in {}; it is removed", self.worktree().display());
        }
        Ok(())
    }

    fn run_to_rest(&mut self) -> Result<TaskStatus> {
        // Commands that a dead runner had taken, but whose effect it never saved, are taken again.
        let lock = &self.lock;
        self.project.store.write(|tx| tx.release_commands(lock))?;
        if self.row.worktree.is_none() && self.spec.isolation == Isolation::Worktree {
            // The process that began the loop died before it had created the worktree. The agent must not work in the
            // user's own tree instead.
            self.row = worktree::make_worktree(self.project, &self.lock)?;
        }
        // Asked before the setup, which may take long, and again after it.
        if self.held_before_start()? {
            return Ok(self.state.status());
        }
        if self.spec.prepared {
            self.restore_worktree()?;
        } else if !self.prepare()? {
            // An iteration without the setup makes no sense. Commands that the user sent wait for the next start.
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
                // Their holders died together with the runner or the agent.
                self.clear_stale_locks()?;
            }
            self.inputs.push_back(if self.state.phase == Phase::Idle {
                Input::Start
            } else {
                Input::Recovered
            });
            self.work_off()?;
        }
        // Commands are taken once more when the loop has come to rest: one that came while it ended (a note,
        // `continue`) would otherwise wait for the next runner.
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
    pub(super) fn held_before_start(&mut self) -> Result<bool> {
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

    pub(super) fn wait(&mut self) -> Result<()> {
        // While this thread waits, anybody may write to the tree.
        self.checkpoint_is_of_now = false;
        let awake = Instant::now();
        let message = self.inbox.recv_timeout(self.timeout());
        self.look_at_clocks()?;
        // Messages are matched with the present run or round: a thread of an earlier one may still be sending.
        match message {
            Ok(message) => self.receive(message)?,
            // The bell that announces commands may have failed, and a command must not wait for ever.
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
            Message::Landed(round, found) if round == self.verify_round => self.landed(*found)?,
            Message::VerifyNews(round, news) if round == self.verify_round => self.tell(&news),
            // Whatever became of the checks that wanted to know: it was spent.
            Message::JudgeAsked => self.spend(Input::JudgeAsked)?,
            Message::JudgeEnded(usage) => self.spend(Input::JudgeEnded(usage))?,
            Message::BaseKnown(base) if self.base.is_some() => self.base_is_known(base)?,
            Message::BaseNews(news) if self.base.is_some() => self.tell(&news),
            Message::Mail => self.take_mail()?,
            // The work is done, and lands when the user wants it again.
            Message::Interrupted if matches!(self.state.phase, Phase::Landing { .. }) => {
                self.inputs.push_back(Input::CommandReceived(Command::Stop));
            }
            // The agent's work has its checkpoint, and the checks can run again when the loop goes on. So there is
            // nothing to wait for.
            Message::Interrupted if self.verifiers.is_some() => {
                self.verifiers = None;
                self.cut_short = true;
            }
            Message::Interrupted => {
                self.inputs.push_back(Input::CommandReceived(Command::pause_now()));
            }
            // Late words from a run, a round of checks or a setup that is over.
            Message::Output(_)
            | Message::Event(..)
            | Message::AgentGone(..)
            | Message::Verified(..)
            | Message::Landed(..)
            | Message::VerifyNews(..)
            | Message::BaseKnown(_)
            | Message::BaseNews(_)
            | Message::SetupSaid(_)
            | Message::SetupOver => {}
        }
        Ok(())
    }

    /// Counts what a judge spends, and saves that at once: this process may die before anything else is saved.
    fn spend(&mut self, input: Input) -> Result<()> {
        self.take(input)?;
        self.save()
    }

    fn end_helpers(&mut self) {
        (self.verifiers, self.base) = (None, None);
        if let Some(agent) = self.agent.take() {
            agent.end_and_wait(&self.inbox);
        }
    }
}
