//! What can be written, always inside of one transaction. Whatever a watcher shows also appends an event.
//!
//! Only the holder of a loop's lock may start, save or end that loop: those methods ask for the [`LoopLock`]. So
//! a loop row never exists, and never claims to be running, without someone whose death would be noticed.

use super::{
    AnswerKey, Change, CheckpointKind, CommandResult, CommandRow, LoopId, LoopLock, LoopRow, LoopSummary,
    Millis, OwnWriteRow, PlanKind, StoreError, TaskRow, Tx,
    rows::{Json, Word, signed},
};
use alfine_core::{
    agent::{Outcome, Usage},
    budget::Short,
    checkout::CheckoutChange,
    finding::Finding,
    identity::Written,
    machine::AskKind,
    plan::Isolation,
    plan_run::RunState,
    proof::{Answer, CheckProof, Said},
    reason::Reason,
    task::{TaskId, TaskKey, TaskStatus},
};
use serde_json::{Value, json};
use std::{collections::HashMap, fmt::Display};

/// A plan to write down.
#[derive(Debug, Clone, Copy)]
pub struct PlanNew<'a> {
    /// From the repository's root, `/` separated.
    pub path: &'a str,
    /// What the document is.
    pub kind: PlanKind,
    /// The document's title.
    pub title: &'a str,
    /// A directive's status.
    pub status: Option<&'a str>,
    /// How often its chain was planned, from 1.
    pub generation: u32,
    /// What a directive says of itself.
    pub settings: &'a Value,
}

/// A loop to begin.
#[derive(Debug, Clone, Copy)]
pub struct LoopNew<'a> {
    /// Its task; must be written down.
    pub task: &'a TaskKey,
    /// The agent's name.
    pub agent: &'a str,
    /// The model, if one is asked for.
    pub model: Option<&'a str>,
    /// Where the agent works.
    pub isolation: Isolation,
    /// The limits and options it runs with.
    pub settings: &'a Value,
    /// The machine's first state, as JSON.
    pub state: &'a str,
    /// What a watcher shows of it.
    pub summary: &'a LoopSummary,
    /// The loop it begins as a copy of.
    pub forked_from: Option<&'a LoopId>,
    /// The run of its plan that begins it.
    pub plan_run: Option<i64>,
}

/// Where a loop works in git, once that is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoopPlace<'a> {
    /// The loop's branch.
    pub branch: Option<&'a str>,
    /// The branch it came from and merges into.
    pub base_branch: Option<&'a str>,
    /// The commit it came from.
    pub base_commit: Option<&'a str>,
    /// The folder the agent works in.
    pub worktree: Option<&'a str>,
}

/// What changed in the user's checkout while agents ran.
#[derive(Debug, Clone, Copy)]
pub struct CheckoutChangeNew<'a> {
    /// The iteration that the agent ran for.
    pub iteration: u32,
    /// What changed.
    pub changes: &'a [CheckoutChange],
    /// All tasks whose agents ran in that time.
    pub tasks: &'a [TaskKey],
    /// Whether an agent was seen to name the checkout.
    pub named: bool,
    /// The state before, as `git` wrote it.
    pub before: &'a str,
    /// The state after, as `git` wrote it.
    pub after: &'a str,
    /// A moment before the checkout was looked at.
    pub found_at: Millis,
}

/// A loop's new state.
#[derive(Debug, Clone, Copy)]
pub struct LoopUpdate<'a> {
    /// Where it is now.
    pub status: TaskStatus,
    /// Why, if there is more to say.
    pub reason: Option<&'a Reason>,
    /// The machine's state, as JSON.
    pub state: &'a str,
    /// What a watcher shows of it.
    pub summary: &'a LoopSummary,
    /// US dollars so far; `None` if unknown.
    pub cost_usd: Option<f64>,
    /// Tokens so far.
    pub tokens: u64,
    /// Whether it cannot go on, so that its task may have another loop.
    pub ended: bool,
}

/// What an iteration came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct IterationEnd<'a> {
    /// The verdict on the gate, as a word.
    pub verdict: &'a str,
    /// The gate as it was read.
    pub gate: Option<&'a Value>,
    /// The tree after the iteration.
    pub tree_after: Option<&'a str>,
    /// Whether it changed anything.
    pub changed: bool,
    /// How many files it changed.
    pub files_changed: u32,
    /// The error signature.
    pub signature: Option<&'a str>,
    /// US dollars; `None` if unknown.
    pub cost_usd: Option<f64>,
    /// Tokens that the iteration used.
    pub tokens: u64,
    /// The agent's session.
    pub session: Option<&'a str>,
    /// What was done, in a sentence or two.
    pub summary: Option<&'a str>,
}

/// A process of the agent that began.
#[derive(Debug, Clone, Copy)]
pub struct RunNew<'a> {
    /// The iteration that the run belongs to.
    pub iteration: u32,
    /// The agent's process.
    pub pid: u32,
    /// When that process started, as the system says it.
    pub process_start: i64,
    /// What marks the processes it starts.
    pub marker: &'a str,
    /// The session it resumes.
    pub session: Option<&'a str>,
}

/// How a process of the agent ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    /// How the run ended.
    pub outcome: &'a Outcome,
    /// The agent's own words for it.
    pub message: &'a str,
    /// The agent's session, if it is known by now.
    pub session: Option<&'a str>,
    /// What the run used.
    pub usage: Option<&'a Usage>,
    /// US dollars of its whole session, if the agent says that instead.
    pub session_total_cost: Option<f64>,
    /// The file with what it printed.
    pub transcript: Option<&'a str>,
}

/// A checkpoint whose ref was made.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointNew<'a> {
    /// Its number in the loop.
    pub n: u32,
    /// The iteration it belongs to.
    pub iteration: Option<u32>,
    /// What the checkpoint was taken for.
    pub kind: CheckpointKind,
    /// The checkpoint's commit.
    pub commit_id: &'a str,
    /// The checkpoint's tree, without Alfine's own files.
    pub tree: &'a str,
    /// What HEAD was; none in an empty repository.
    pub head: Option<&'a str>,
    /// The ref that keeps it.
    pub reference: &'a str,
}

/// A verifier's answer.
#[derive(Debug, Clone, Copy)]
pub struct VerificationNew<'a> {
    /// The iteration it judged.
    pub iteration: u32,
    /// The verifier's name.
    pub verifier: &'a str,
    /// The criterion it proves: its number from 0, and its text.
    pub criterion: Option<(u32, &'a str)>,
    /// Whether it passed.
    pub passed: bool,
    /// Whether the task is not done without it.
    pub required: bool,
    /// Its share of the score.
    pub weight: f64,
    /// The exit status, if it was a process that ended by itself.
    pub exit: Option<i32>,
    /// What it printed, cut and masked.
    pub output: &'a str,
    /// The tree it looked at.
    pub tree: &'a str,
    /// When the verifier began.
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: u64,
    /// What it answered.
    pub answer: Answer,
    /// How many tests it executed, where its output says so.
    pub tests: Option<u64>,
    /// What its answer is worth.
    pub proof: Option<&'a CheckProof>,
    /// What it found.
    pub findings: &'a [Finding],
}

/// A question to the user.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The loop that asks.
    pub loop_id: Option<&'a LoopId>,
    /// The task it is about.
    pub task: Option<&'a TaskKey>,
    /// What is asked for.
    pub kind: AskKind,
    /// The question.
    pub text: &'a str,
    /// The tree that the user is asked about.
    pub tree: Option<&'a str>,
}

/// What the user answered; nothing if the question is withdrawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnswerGiven<'a> {
    /// Yes or no, if that was asked.
    pub approved: Option<bool>,
    /// The answer's text.
    pub text: Option<&'a str>,
    /// Who answered.
    pub by: Option<&'a str>,
}

/// A command to send.
#[derive(Debug, Clone, Copy)]
pub struct CommandNew<'a> {
    /// The task it is for.
    pub task: &'a TaskKey,
    /// What is to be done, such as `pause`.
    pub kind: &'a str,
    /// The command, as JSON.
    pub payload: &'a Value,
}

/// Inserts a row: each column beside its value.
macro_rules! insert {
    ($tx:ident, $table:literal, $first:tt = $value:expr $(, $column:tt = $next:expr)*) => {
        $tx.execute(
            concat!(
                "INSERT INTO ", $table, " (", stringify!($first) $(, ", ", stringify!($column))*, ") VALUES (?"
                $(, insert!(@ $column))*, ")"
            ),
            rusqlite::params![$value $(, $next)*],
        )
    };
    (@ $column:tt) => { ", ?" };
}

impl Tx<'_> {
    pub(super) fn tell(
        &self,
        task: Option<&TaskKey>,
        loop_id: Option<&LoopId>,
        change: Change,
        payload: &Value,
    ) -> Result<(), StoreError> {
        self.append(loop_id, task, Word(change), Json(payload)).map(drop)
    }

    fn tell_of_loop(&self, row: &LoopRow, change: Change, payload: &Value) -> Result<(), StoreError> {
        self.tell(Some(&row.task), Some(&row.id), change, payload)
    }

    fn existing_loop(&self, id: &LoopId) -> Result<LoopRow, StoreError> {
        self.loop_(id)?.ok_or_else(|| missing("loop", id))
    }

    fn locked_loop(&self, lock: &LoopLock) -> Result<LoopRow, StoreError> {
        lock.check()?;
        self.existing_loop(lock.loop_id())
    }

    /// Writes a plan down, or what changed in it.
    pub fn put_plan(&self, plan: &PlanNew<'_>) -> Result<(), StoreError> {
        let changed = self.execute(
            "INSERT INTO plan (path, kind, title, status, generation, settings, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, title = excluded.title,
                 status = excluded.status, generation = excluded.generation, settings = excluded.settings,
                 updated_at = excluded.updated_at
             WHERE (kind, title, status, generation, settings)
                 IS NOT (excluded.kind, excluded.title, excluded.status, excluded.generation, excluded.settings)",
            (
                plan.path,
                Word(plan.kind),
                plan.title,
                plan.status,
                plan.generation,
                Json(plan.settings),
                self.now(),
            ),
        )?;
        if changed == 0 {
            return Ok(());
        }
        self.tell(None, None, Change::Plan, &json!({ "path": plan.path }))
    }

    /// Writes a task down as its plan has it; one that is known keeps its status.
    pub fn put_task(
        &self,
        key: &TaskKey,
        title: &str,
        generation: u32,
        status_if_new: TaskStatus,
    ) -> Result<(), StoreError> {
        let changed = self.execute(
            "INSERT INTO task (key, plan, id, title, status, since, generation, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6)
             ON CONFLICT (key) DO UPDATE SET title = excluded.title, generation = excluded.generation,
                 updated_at = excluded.updated_at
             WHERE (title, generation) IS NOT (excluded.title, excluded.generation)",
            (Word(key), &key.plan, &key.id.0, title, Word(status_if_new), self.now(), generation),
        )?;
        if changed == 0 {
            return Ok(());
        }
        self.tell(Some(key), None, Change::Task, &json!({}))
    }

    /// Notes down how a document has its tasks now. The rows have to have the ids of their tasks in it already.
    pub fn put_outline(&self, plan: &str, outline: &[Written]) -> Result<(), StoreError> {
        let changed = self.execute(
            "UPDATE plan SET outline = ?2, updated_at = ?3 WHERE path = ?1 AND outline IS NOT ?2",
            (plan, Json(outline), self.now()),
        )?;
        if changed == 0 {
            return Ok(());
        }
        let rows: HashMap<TaskId, TaskRow> =
            self.tasks_of(plan)?.into_iter().map(|row| (row.key.id.clone(), row)).collect();
        for written in outline {
            let Some(row) = rows.get(&written.id) else { continue };
            if row.title != written.title || row.text.as_deref() != Some(&written.text) {
                self.put_words(&row.key, written)?;
            }
        }
        self.tell(None, None, Change::Plan, &json!({ "path": plan }))
    }

    /// Writes down in which words a task stands in its document now.
    pub fn put_words(&self, key: &TaskKey, written: &Written) -> Result<(), StoreError> {
        self.execute(
            "UPDATE task SET title = ?2, text = ?3, updated_at = ?4 WHERE key = ?1",
            (Word(key), &written.title, &written.text, self.now()),
        )?;
        self.tell(Some(key), None, Change::Task, &json!({}))
    }

    /// Gives tasks other keys, all at once: one may get the key that another one gives up. What belongs to them follows.
    pub fn rename_tasks(&self, renames: &[(TaskKey, TaskKey)]) -> Result<(), StoreError> {
        let rename = |from: &dyn rusqlite::ToSql, to: &dyn rusqlite::ToSql, key: &TaskKey| {
            self.execute(
                "UPDATE task SET key = ?2, plan = ?3, id = ?4, updated_at = ?5 WHERE key = ?1",
                (from, to, &key.plan, &key.id.0, self.now()),
            )
        };
        let between: Vec<String> = (0..renames.len()).map(|n| format!("#{n}")).collect();
        for ((from, _), between) in renames.iter().zip(&between) {
            rename(&Word(from), between, from)?;
        }
        for ((_, to), between) in renames.iter().zip(&between) {
            rename(between, &Word(to), to)?;
        }
        for key in renames.iter().flat_map(|(from, to)| [from, to]) {
            self.tell(Some(key), None, Change::Task, &json!({}))?;
        }
        Ok(())
    }

    /// Gives a document another path, with its tasks.
    pub fn move_plan(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let renames: Vec<(TaskKey, TaskKey)> = self
            .tasks_of(from)?
            .into_iter()
            .map(|row| (row.key.clone(), TaskKey { plan: to.to_owned(), id: row.key.id }))
            .collect();
        self.execute("DELETE FROM plan WHERE path = ?1", [to])?;
        self.execute("UPDATE plan SET path = ?2, updated_at = ?3 WHERE path = ?1", (from, to, self.now()))?;
        self.execute(
            "UPDATE plan_run SET state = 'over', ended_at = ?2, updated_at = ?2 WHERE plan = ?1 AND ended_at IS NULL",
            (to, self.now()),
        )?;
        self.execute(
            "UPDATE plan_run SET plan = ?2, updated_at = ?3 WHERE plan = ?1",
            (from, to, self.now()),
        )?;
        self.execute("UPDATE archive SET plan = ?2 WHERE plan = ?1", (from, to))?;
        self.rename_tasks(&renames)?;
        self.tell(None, None, Change::Plan, &json!({ "path": to }))
    }

    /// Begins the run of a plan, and returns its number. Refused while the plan has one that is not over.
    pub fn begin_plan_run(&self, plan: &str, how: &Value) -> Result<i64, StoreError> {
        insert! {
            self, "plan_run", plan = plan, state = Word(RunState::Active), how = Json(how),
            started_at = self.now(), updated_at = self.now()
        }?;
        let id = self.number("SELECT last_insert_rowid()", [])?;
        self.tell(None, None, Change::PlanRun, &json!({ "plan": plan, "state": RunState::Active }))?;
        Ok(id)
    }

    /// Says how far the run of a plan is. One that was over goes on by any other state.
    pub fn set_plan_run(&self, id: i64, state: RunState, how: Option<&Value>) -> Result<(), StoreError> {
        let row = self.plan_run(id)?.ok_or_else(|| missing("run", &id))?;
        if row.state == state && how.is_none_or(|how| *how == row.how) {
            return Ok(());
        }
        self.execute(
            "UPDATE plan_run SET state = ?2, how = ?3, updated_at = ?4, ended_at = CASE WHEN ?5 THEN ?4 END
             WHERE id = ?1",
            (id, Word(state), Json(how.unwrap_or(&row.how)), self.now(), state == RunState::Over),
        )?;
        self.tell(None, None, Change::PlanRun, &json!({ "plan": row.plan, "state": state }))
    }

    /// Keeps what a run of a plan may cost, and why no other run of an agent may begin for it.
    pub fn set_plan_run_money(
        &self,
        id: i64,
        budget_usd: Option<f64>,
        short: Option<&Short>,
    ) -> Result<(), StoreError> {
        let row = self.plan_run(id)?.ok_or_else(|| missing("run", &id))?;
        if row.budget_usd == budget_usd && row.short.as_ref() == short {
            return Ok(());
        }
        self.execute(
            "UPDATE plan_run SET budget_usd = ?2, short = ?3, updated_at = ?4 WHERE id = ?1",
            (id, budget_usd, short.map(Json), self.now()),
        )?;
        self.tell(None, None, Change::PlanRun, &json!({ "plan": row.plan, "state": row.state }))
    }

    /// Adds a loop to the run of its plan.
    pub fn join_plan_run(&self, lock: &LoopLock, id: i64) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute(
            "UPDATE loop SET plan_run = ?2, updated_at = ?3 WHERE id = ?1",
            (&row.id, id, self.now()),
        )?;
        self.tell_of_loop(&row, Change::Loop, &json!({ "status": row.status }))
    }

    fn update_task(
        &self,
        key: &TaskKey,
        status: TaskStatus,
        reason: Option<&Reason>,
        loop_id: Option<&LoopId>,
    ) -> Result<(), StoreError> {
        let updated = self.execute(
            "UPDATE task SET since = CASE WHEN status = ?2 THEN since ELSE ?5 END,
                 status = ?2, reason = ?3, loop_id = ?4, updated_at = ?5 WHERE key = ?1",
            (Word(key), Word(status), reason.map(Json), loop_id, self.now()),
        )?;
        if updated == 0 { Err(missing("task", key)) } else { Ok(()) }
    }

    fn refuse_if_busy(&self, task: &TaskKey) -> Result<(), StoreError> {
        match self.current_loop(task)? {
            Some(live) => Err(StoreError::TaskBusy { task: task.clone(), loop_id: live.id }),
            None => Ok(()),
        }
    }

    /// Claims a task: begins a loop under the lock's name, as `running`. Refused while the task has a live loop.
    pub fn create_loop(&self, lock: &LoopLock, new: &LoopNew<'_>) -> Result<(), StoreError> {
        lock.check()?;
        self.refuse_if_busy(new.task)?;
        if self.task(new.task)?.is_none() {
            return Err(missing("task", new.task));
        }
        insert! {
            self, "loop", id = lock.loop_id(), task = Word(new.task), status = Word(TaskStatus::Running),
            agent = new.agent, model = new.model, isolation = Word(new.isolation), settings = Json(new.settings),
            state = new.state, summary = Json(new.summary), tokens = 0, started_at = self.now(),
            updated_at = self.now(), forked_from = new.forked_from, plan_run = new.plan_run
        }?;
        self.update_task(new.task, TaskStatus::Running, None, Some(lock.loop_id()))?;
        self.tell(
            Some(new.task),
            Some(lock.loop_id()),
            Change::LoopCreated,
            &json!({ "status": TaskStatus::Running }),
        )
    }

    /// Claims a loop that is there to go on with it: marks it `running`. Returns it as it was.
    pub fn claim_loop(&self, lock: &LoopLock) -> Result<LoopRow, StoreError> {
        let row = self.locked_loop(lock)?;
        self.set_loop_status(lock, TaskStatus::Running, None, false)?;
        Ok(row)
    }

    /// Saves a loop's state; its task follows.
    pub fn save_loop(&self, lock: &LoopLock, update: &LoopUpdate<'_>) -> Result<(), StoreError> {
        lock.check()?;
        let saved = self.execute(
            "UPDATE loop SET state = ?2, summary = ?3, cost_usd = ?4, tokens = ?5 WHERE id = ?1",
            (lock.loop_id(), update.state, Json(update.summary), update.cost_usd, signed(update.tokens)),
        )?;
        if saved == 0 {
            return Err(missing("loop", lock.loop_id()));
        }
        self.set_loop_status(lock, update.status, update.reason, update.ended)
    }

    /// Sets a loop's status and leaves its state alone; its task follows. For `merged`, `discarded` and the like.
    pub fn set_loop_status(
        &self,
        lock: &LoopLock,
        status: TaskStatus,
        reason: Option<&Reason>,
        ended: bool,
    ) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.mark_loop(&row, status, reason, ended, Change::Loop)
    }

    pub(super) fn mark_loop(
        &self,
        row: &LoopRow,
        status: TaskStatus,
        reason: Option<&Reason>,
        ended: bool,
        change: Change,
    ) -> Result<(), StoreError> {
        if !ended && row.ended_at.is_some() {
            self.refuse_if_busy(&row.task)?;
        }
        self.execute(
            "UPDATE loop SET status = ?2, reason = ?3, updated_at = ?4,
                 ended_at = CASE WHEN ?5 THEN coalesce(ended_at, ?4) END WHERE id = ?1",
            (&row.id, Word(status), reason.map(Json), self.now(), ended),
        )?;
        // An older loop of a task that has begun another one no longer speaks for the task.
        let speaks = self.task(&row.task)?.is_some_and(|task| task.loop_id.as_ref() == Some(&row.id));
        if speaks || !ended {
            self.update_task(&row.task, status, reason, Some(&row.id))?;
        }
        self.tell_of_loop(row, change, &json!({ "status": status, "ended": ended }))
    }

    /// Says where a loop works.
    pub fn set_loop_place(&self, lock: &LoopLock, place: &LoopPlace<'_>) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute(
            "UPDATE loop SET branch = ?2, base_branch = ?3, base_commit = ?4, worktree = ?5, updated_at = ?6
             WHERE id = ?1",
            (&row.id, place.branch, place.base_branch, place.base_commit, place.worktree, self.now()),
        )?;
        self.tell_of_loop(&row, Change::Loop, &json!({ "status": row.status }))
    }

    /// Replaces the limits and options a loop runs with.
    pub fn set_loop_settings(&self, lock: &LoopLock, settings: &Value) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute(
            "UPDATE loop SET settings = ?2, updated_at = ?3 WHERE id = ?1",
            (&row.id, Json(settings), self.now()),
        )?;
        self.tell_of_loop(&row, Change::Loop, &json!({ "status": row.status }))
    }

    /// Removes a loop and all that belongs to it. Its task is what it was before.
    pub fn forget_loop(&self, lock: &LoopLock) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute("DELETE FROM loop WHERE id = ?1", [&row.id])?;
        self.take_back_task(&row.task)?;
        self.tell_of_loop(&row, Change::LoopForgotten, &json!({}))
    }

    /// Makes a task what its last loop says, or what it was before it ever had one.
    pub(super) fn take_back_task(&self, key: &TaskKey) -> Result<(), StoreError> {
        if let Some(last) = self.loops(key)?.pop() {
            return self.update_task(key, last.status, last.reason.as_ref(), Some(&last.id));
        }
        let removed = self.execute(
            "DELETE FROM task WHERE key = ?1
                 AND NOT EXISTS (SELECT 1 FROM command WHERE command.task = task.key)
                 AND NOT EXISTS (SELECT 1 FROM approval WHERE approval.task = task.key)",
            [Word(key)],
        )?;
        if removed > 0 { Ok(()) } else { self.update_task(key, TaskStatus::Ready, None, None) }
    }

    /// Begins an iteration.
    pub fn begin_iteration(
        &self,
        lock: &LoopLock,
        n: u32,
        tree_before: Option<&str>,
    ) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        insert! {
            self, "iteration", loop_id = row.id, n = n, started_at = self.now(), tree_before = tree_before, tokens = 0
        }?;
        self.tell_of_loop(&row, Change::IterationBegan, &json!({ "n": n }))
    }

    /// Ends an iteration.
    pub fn end_iteration(&self, lock: &LoopLock, n: u32, end: &IterationEnd<'_>) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        let ended = self.execute(
            "UPDATE iteration SET ended_at = ?3, verdict = ?4, gate = ?5, tree_after = ?6, changed = ?7,
                 files_changed = ?8, signature = ?9, cost_usd = ?10, tokens = ?11, session = ?12, summary = ?13
             WHERE loop_id = ?1 AND n = ?2",
            (
                &row.id,
                n,
                self.now(),
                end.verdict,
                end.gate.map(Json),
                end.tree_after,
                end.changed,
                end.files_changed,
                end.signature,
                end.cost_usd,
                signed(end.tokens),
                end.session,
                end.summary,
            ),
        )?;
        if ended == 0 {
            return Err(missing("iteration", &format!("{n} of loop {}", row.id)));
        }
        self.tell_of_loop(&row, Change::IterationEnded, &json!({ "n": n, "verdict": end.verdict }))
    }

    /// Writes down that a process of the agent began; returns the run's id and its number in the loop.
    pub fn begin_run(&self, lock: &LoopLock, new: &RunNew<'_>) -> Result<(i64, u32), StoreError> {
        let row = self.locked_loop(lock)?;
        let n = self.number("SELECT coalesce(max(n), 0) + 1 FROM run WHERE loop_id = ?1", [&row.id])?;
        insert! {
            self, "run", loop_id = row.id, iteration = new.iteration, n = n, pid = new.pid,
            process_start = new.process_start, marker = new.marker, session = new.session, started_at = self.now()
        }?;
        let id = self.last_id();
        self.tell_of_loop(&row, Change::RunBegan, &json!({ "n": n, "iteration": new.iteration }))?;
        Ok((id, u32::try_from(n).unwrap_or(u32::MAX)))
    }

    /// Writes down that a process of the agent ended. Whoever ended a leftover may say so: no lock is asked for.
    pub fn end_run(&self, id: i64, end: &RunEnd<'_>) -> Result<(), StoreError> {
        let Some(run) = self.run(id)? else {
            return Err(missing("run", &id));
        };
        self.execute(
            "UPDATE run SET ended_at = ?2, outcome = ?3, message = ?4, session = coalesce(?5, session),
                 usage = ?6, session_total_cost = ?7, transcript = ?8 WHERE id = ?1",
            (
                id,
                self.now(),
                end.outcome.class(),
                end.message,
                end.session,
                end.usage.map(Json),
                end.session_total_cost,
                end.transcript,
            ),
        )?;
        let row = self.existing_loop(&run.loop_id)?;
        let payload = json!({ "n": run.n, "iteration": run.iteration, "outcome": end.outcome.class() });
        self.tell_of_loop(&row, Change::RunEnded, &payload)
    }

    /// Writes down a checkpoint. Its ref must be there already.
    pub fn add_checkpoint(&self, lock: &LoopLock, new: &CheckpointNew<'_>) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        insert! {
            self, "checkpoint", loop_id = row.id, n = new.n, iteration = new.iteration, kind = Word(new.kind),
            commit_id = new.commit_id, tree = new.tree, head = new.head, ref = new.reference, taken_at = self.now()
        }?;
        self.tell_of_loop(&row, Change::Checkpoint, &json!({ "n": new.n, "kind": new.kind }))
    }

    /// Writes down what is in the user's checkout before a loop's agent is started, in place of what was before.
    /// `kept_at` is a moment before the checkout was looked at.
    pub fn keep_checkout(&self, lock: &LoopLock, state: &str, kept_at: Millis) -> Result<(), StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute(
            "INSERT OR REPLACE INTO checkout (loop_id, state, kept_at, compared) VALUES (?1, ?2, ?3, 0)",
            (&row.id, state, kept_at),
        )
        .map(drop)
    }

    /// Writes down that the checkout was compared after the run, and what was found; returns the finding's id.
    pub fn compare_checkout(
        &self,
        lock: &LoopLock,
        found: Option<&CheckoutChangeNew<'_>>,
    ) -> Result<Option<i64>, StoreError> {
        let row = self.locked_loop(lock)?;
        self.execute("UPDATE checkout SET compared = 1 WHERE loop_id = ?1", [&row.id])?;
        let Some(found) = found else { return Ok(None) };
        self.execute(
            "INSERT INTO checkout_change (loop_id, iteration, changes, tasks, named, before, after, found_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                &row.id,
                found.iteration,
                Json(found.changes),
                Json(found.tasks),
                found.named,
                found.before,
                found.after,
                found.found_at,
            ),
        )?;
        let id = self.last_id();
        self.tell_of_loop(&row, Change::Checkout, &json!({ "id": id }))?;
        Ok(Some(id))
    }

    /// Writes down that an agent was seen to make a change after all.
    pub fn name_checkout_change(&self, id: i64) -> Result<(), StoreError> {
        let Some(change) = self.checkout_change(id)? else { return Err(missing("checkout change", &id)) };
        self.execute("UPDATE checkout_change SET named = 1 WHERE id = ?1", [id])?;
        let row = self.existing_loop(&change.loop_id)?;
        self.tell_of_loop(&row, Change::Checkout, &json!({ "id": id }))
    }

    /// Writes down that the user undid or kept a change of the checkout. `after` is the checkout's state now, if it is
    /// another one.
    pub fn settle_checkout_change(&self, id: i64, after: Option<&str>) -> Result<(), StoreError> {
        let Some(change) = self.checkout_change(id)? else { return Err(missing("checkout change", &id)) };
        self.execute(
            "UPDATE checkout_change SET settled_at = ?2, after = coalesce(?3, after), found_at = ?4 WHERE id = ?1",
            (id, self.now(), after, if after.is_some() { self.now() } else { change.found_at }),
        )?;
        let row = self.existing_loop(&change.loop_id)?;
        self.tell_of_loop(&row, Change::Checkout, &json!({ "id": id }))
    }

    /// Writes down what Alfine is about to write in the user's checkout; returns its id.
    pub fn begin_own_write(&self, write: &OwnWriteRow) -> Result<i64, StoreError> {
        self.execute(
            "INSERT INTO own_write (ref, from_id, commit_id, file, begun_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            (&write.reference, &write.from_id, &write.commit_id, &write.file, self.now()),
        )?;
        Ok(self.last_id())
    }

    /// Writes down that Alfine has written what it was about to, and where its branch went, if one moved.
    pub fn end_own_write(&self, id: i64, commit: Option<&str>) -> Result<(), StoreError> {
        self.execute(
            "UPDATE own_write SET commit_id = ?2, ended_at = ?3 WHERE id = ?1",
            (id, commit, self.now()),
        )
        .map(drop)
    }

    /// Writes down that Alfine wrote nothing after all.
    pub fn drop_own_write(&self, id: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM own_write WHERE id = ?1", [id]).map(drop)
    }

    /// Forgets what nobody can ask about any more: settled changes and own writes from before a moment.
    pub fn forget_checkouts(&self, before: Millis) -> Result<(), StoreError> {
        self.execute("DELETE FROM checkout_change WHERE found_at < ?1", [before])?;
        self.execute("DELETE FROM own_write WHERE begun_at < ?1", [before]).map(drop)
    }

    /// Forgets the answers of checks that were of no use since a moment.
    pub fn forget_check_answers(&self, before: Millis) -> Result<(), StoreError> {
        self.execute("DELETE FROM check_answer WHERE at < ?1", [before]).map(drop)
    }

    /// Keeps what checks answered, for whoever asks the same.
    pub fn put_check_answers(&self, answers: &[(AnswerKey, Said)]) -> Result<(), StoreError> {
        for (key, said) in answers {
            self.execute(
                "INSERT INTO check_answer (key, said, at, plan, tree, what) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key) DO UPDATE SET said = excluded.said, at = excluded.at, plan = excluded.plan,
                     tree = excluded.tree, what = excluded.what",
                (&key.key, Json(said), self.now(), &key.plan, &key.tree, &key.what),
            )?;
        }
        match answers {
            [] => Ok(()),
            [..] => self.tell(None, None, Change::CheckAnswered, &json!({})),
        }
    }

    /// Writes down a verifier's answer with its findings; returns its id.
    pub fn add_verification(&self, lock: &LoopLock, new: &VerificationNew<'_>) -> Result<i64, StoreError> {
        let row = self.locked_loop(lock)?;
        let (criterion, criterion_text) = new.criterion.unzip();
        insert! {
            self, "verification", loop_id = row.id, iteration = new.iteration, verifier = new.verifier,
            criterion = criterion, criterion_text = criterion_text, passed = new.passed, required = new.required,
            weight = new.weight, exit = new.exit, output = new.output, tree = new.tree, started_at = new.started_at,
            duration_ms = signed(new.duration_ms), answer = Word(new.answer),
            tests = new.tests.map(signed), proof = new.proof.map(Json)
        }?;
        let id = self.last_id();
        for (n, finding) in (0_i64..).zip(new.findings) {
            insert! {
                self, "finding", verification_id = id, n = n, severity = Word(finding.severity), file = finding.file,
                line = finding.line, column = finding.column, code = finding.code, message = finding.message
            }?;
        }
        let payload = json!({ "id": id, "verifier": new.verifier, "passed": new.passed });
        self.tell_of_loop(&row, Change::Verified, &payload)?;
        Ok(id)
    }

    /// Asks the user; returns the question's id.
    pub fn ask(&self, ask: &Ask<'_>) -> Result<i64, StoreError> {
        insert! {
            self, "approval", loop_id = ask.loop_id, task = ask.task.map(Word), kind = Word(ask.kind), text = ask.text,
            asked_at = self.now(), tree = ask.tree
        }?;
        let id = self.last_id();
        self.tell(ask.task, ask.loop_id, Change::Asked, &json!({ "id": id, "kind": ask.kind }))?;
        Ok(id)
    }

    /// Answers a question. Says whether this is the answer: false if another one came first.
    pub fn answer(&self, id: i64, given: &AnswerGiven<'_>) -> Result<bool, StoreError> {
        let Some(asked) = self.approval(id)? else {
            return Err(missing("question", &id));
        };
        if asked.answered_at.is_some() {
            return Ok(false);
        }
        self.execute(
            "UPDATE approval SET answered_at = ?2, approved = ?3, answer = ?4, answered_by = ?5 WHERE id = ?1",
            (id, self.now(), given.approved, given.text, given.by),
        )?;
        let payload = json!({ "id": id, "approved": given.approved });
        self.tell(asked.task.as_ref(), asked.loop_id.as_ref(), Change::Answered, &payload)?;
        Ok(true)
    }

    /// Takes back the questions of a loop that no longer needs their answers.
    pub fn withdraw_questions(&self, loop_id: &LoopId) -> Result<(), StoreError> {
        for open in self.approvals(loop_id)?.into_iter().filter(|asked| asked.answered_at.is_none()) {
            self.answer(open.id, &AnswerGiven::default())?;
        }
        Ok(())
    }

    /// Sends a command to the task's live loop or, if there is none, to the task's next loop. Returns the row's number.
    pub fn send_command(&self, new: &CommandNew<'_>) -> Result<i64, StoreError> {
        if self.task(new.task)?.is_none() {
            return Err(missing("task", new.task));
        }
        let live = self.current_loop(new.task)?.map(|row| row.id);
        insert! {
            self, "command", task = Word(new.task), loop_id = live, kind = new.kind, payload = Json(new.payload),
            created_at = self.now()
        }?;
        let seq = self.last_id();
        let payload = json!({ "seq": seq, "kind": new.kind });
        self.tell(Some(new.task), live.as_ref(), Change::Command, &payload)?;
        Ok(seq)
    }

    /// Takes all commands for a loop, in the order they were sent. None of them is ever given again.
    pub fn take_commands(&self, lock: &LoopLock) -> Result<Vec<CommandRow>, StoreError> {
        let row = self.locked_loop(lock)?;
        let mut commands: Vec<CommandRow> = self.all(
            "SELECT * FROM command WHERE task = ?1 AND consumed_at IS NULL AND (loop_id IS NULL OR loop_id = ?2)
             ORDER BY seq",
            (Word(&row.task), &row.id),
        )?;
        for command in &mut commands {
            self.execute(
                "UPDATE command SET consumed_at = ?2, loop_id = ?3 WHERE seq = ?1",
                (command.seq, self.now(), &row.id),
            )?;
            command.consumed_at = Some(self.now());
            command.loop_id = Some(row.id.clone());
            let payload = json!({ "seq": command.seq, "kind": command.kind });
            self.tell_of_loop(&row, Change::CommandConsumed, &payload)?;
        }
        Ok(commands)
    }

    /// Gives back the commands that a dead runner took and whose result nobody wrote down, so that they are taken
    /// again.
    pub fn release_commands(&self, lock: &LoopLock) -> Result<usize, StoreError> {
        lock.check()?;
        self.execute(
            "UPDATE command SET consumed_at = NULL WHERE loop_id = ?1 AND result IS NULL",
            [lock.loop_id()],
        )
    }

    /// Says what came of a command.
    pub fn finish_command(&self, seq: i64, result: &CommandResult) -> Result<(), StoreError> {
        let Some(command) = self.command(seq)? else {
            return Err(missing("command", &seq));
        };
        self.execute(
            "UPDATE command SET result = ?2, consumed_at = coalesce(consumed_at, ?3) WHERE seq = ?1",
            (seq, Json(result), self.now()),
        )?;
        let payload = json!({ "seq": seq, "kind": command.kind, "result": result });
        self.tell(Some(&command.task), command.loop_id.as_ref(), Change::CommandConsumed, &payload)
    }
}

fn missing(what: &'static str, name: &dyn Display) -> StoreError {
    StoreError::Missing { what, name: name.to_string() }
}
