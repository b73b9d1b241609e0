//! What a runner owns: one loop's saved state, and what it needs to go on with it.

use super::{
    clocks::Clocks,
    environments::{Environments, environments},
    live::{LiveAgent, LiveBase, LiveVerifiers},
    message::{Interrupter, Message},
};
use crate::{Result, landing::Turn, loops, project::Project, surroundings, task_spec::TaskSpec};
use alfine_core::{
    learning,
    machine::{Input, LoopState},
    news::{News, Told},
    reason::Refusal,
    task::TaskKey,
};
use alfine_git::{Checkpoint, Surroundings};
use alfine_secrets::Masker;
use alfine_store::{CommandResult, LoopLock, LoopRow, LoopUse};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Instant,
};

/// How many messages wait for the owner of the state before its helpers have to.
const INBOX: usize = 1024;

/// A runner of one loop. Holds the loop's lock as long as it lives.
pub(crate) struct Runner<'a> {
    pub(super) project: &'a mut Project,
    pub(super) lock: LoopLock,
    pub(super) key: TaskKey,
    pub(super) row: LoopRow,
    pub(super) spec: TaskSpec,
    pub(super) adapter: Box<dyn alfine_agents::Adapter>,
    pub(super) state: LoopState,
    pub(super) masker: Arc<Masker>,
    pub(super) environments: Environments,
    pub(super) program: PathBuf,
    pub(super) inputs: VecDeque<Input>,
    pub(super) inbox: Receiver<Message>,
    pub(super) outbox: SyncSender<Message>,
    pub(super) agent: Option<LiveAgent>,
    pub(super) verifiers: Option<LiveVerifiers>,
    pub(super) verify_round: u32,
    /// The right to land the work that was found to hold, before others.
    pub(super) turn: Option<Turn>,
    pub(super) base: Option<LiveBase>,
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether the tree cannot have changed since that checkpoint: nothing was run and nothing waited for.
    pub(super) checkpoint_is_of_now: bool,
    pub(super) checkpoints: u32,
    pub(super) files_changed: u32,
    /// What the last iteration changed.
    pub(super) iteration_files: Vec<alfine_git::FileChange>,
    pub(super) last_refusal: Option<Refusal>,
    pub(super) unsaved: Vec<News>,
    pub(super) unsaved_since: Option<Instant>,
    pub(super) commands: Vec<(i64, Option<CommandResult>)>,
    pub(super) observe: &'a mut dyn FnMut(&Told),
    pub(super) cut_short: bool,
    pub(super) clocks: Clocks,
    /// What the next run of the agent may cost before a budget of the plan or of the day is passed, in US dollars.
    pub(super) may_cost: Option<f64>,
    /// What the ledger has of this loop; `None` until it was told anything.
    pub(super) in_ledger: Option<LoopUse>,
    /// How the commands of the agent ended in this iteration.
    pub(super) commands_seen: learning::Commands,
}

impl<'a> Runner<'a> {
    /// Takes over the loop whose lock this is. `program` is Alfine's own binary, which is also the guard.
    pub(crate) fn new(
        project: &'a mut Project,
        lock: LoopLock,
        program: PathBuf,
        observe: &'a mut dyn FnMut(&Told),
    ) -> Result<Self> {
        let row = loops::locked(&project.store, &lock)?;
        let spec = TaskSpec::of(&row)?;
        let mut state = loops::state_of(&row)?;
        // Also a loop that an older version began.
        state.settings.asks_budgets = true;
        let adapter = alfine_agents::adapter(&spec.agent.name)?;
        let (environments, masker) = environments(&*adapter, &spec)?;
        let last = project.store.last_checkpoint(&row.id)?;
        // The checkpoint refs may have been deleted; the rows still count them. A number is never used twice.
        let recorded = last.as_ref().map_or(0, |last| last.n);
        let checkpoints = project.repository.last_checkpoint(&row.task.plan, &row.task.id.0)?.max(recorded);
        // `None` if the ref is gone. Then there is nothing to restore the worktree from, but the loop can go on.
        let checkpoint = last.and_then(|last| project.repository.checkpoint_at(&last.reference).ok());
        let files_changed = row.summary.files_changed;
        let (outbox, inbox) = sync_channel(INBOX);
        Ok(Self {
            project,
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
            turn: None,
            base: None,
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
            may_cost: None,
            in_ledger: None,
            commands_seen: learning::Commands::default(),
        })
    }

    /// The task whose loop this runs.
    pub(crate) fn task(&self) -> &TaskKey {
        &self.key
    }

    /// What ends this runner from another thread.
    pub(crate) fn interrupter(&self) -> Interrupter {
        Interrupter(self.outbox.clone())
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        surroundings::of_loop(&self.project.layout, &self.row, &self.spec.brought)
    }

    pub(super) fn worktree(&self) -> PathBuf {
        self.row.worktree.as_ref().map_or_else(|| self.project.repository.workdir().to_owned(), PathBuf::from)
    }
}
