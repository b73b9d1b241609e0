//! What can be asked of the database.

use super::{
    ApprovalRow, CheckoutChangeRow, CheckoutRow, CheckpointRow, CommandRow, IterationRow, LoopId, LoopRow,
    Millis, OutlineRow, OwnWriteRow, PlanRunRow, RunRow, StoreError, TaskRow, VerificationRow,
    disk::{self, Identity},
    rows::{FromRow, Json, Word},
};
use alfine_core::{finding::Finding, identity::Written, proof::Said, task::TaskKey};
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};
use std::{collections::HashMap, path::PathBuf};

/// A check's answer as it is kept.
struct Kept(String);

impl FromRow for Kept {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(row.get(0)?))
    }
}

/// The same, with which check it is of.
struct KeptOf(String, String);

impl FromRow for KeptOf {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(row.get(0)?, row.get(1)?))
    }
}

/// What loops cost together; `None` if that is known of none.
struct Cost(Option<f64>);

impl FromRow for Cost {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(row.get(0)?))
    }
}

/// A connection to ask. One per thread.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    identity: Option<Identity>,
}

impl Reader {
    pub(super) fn new(path: PathBuf, connection: Connection) -> Self {
        Self { identity: disk::identity(&path), connection, path }
    }

    pub(super) fn only_reading(self) -> Result<Self, StoreError> {
        self.connection.pragma_update(None, "query_only", true).map_err(|error| self.failed(error))?;
        Ok(self)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Says whether the file that was opened still is the repository's database.
    pub fn is_current(&self) -> bool {
        self.identity.is_some() && self.identity == disk::identity(&self.path)
    }

    /// Sorts an error; damage leaves a mark, so that the next process to open the database looks closely.
    pub(super) fn failed(&self, error: rusqlite::Error) -> StoreError {
        let error = StoreError::of_sql(&self.path, error);
        if matches!(error, StoreError::Corrupt { .. }) && self.is_current() {
            disk::suspect(&self.path);
        }
        error
    }

    /// Lets `work` read one state of the database, however many questions it asks.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        if !self.connection.is_autocommit() {
            return work(self);
        }
        let _snapshot = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)
            .map_err(|error| self.failed(error))?;
        work(self)
    }

    pub(super) fn all<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, StoreError> {
        tracing::trace!(sql);
        let rows = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(params, T::from_row)?.collect()
        };
        rows().map_err(|error| self.failed(error))
    }

    pub(super) fn first<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, params)?.into_iter().next())
    }

    pub(super) fn number(&self, sql: &str, params: impl Params) -> Result<i64, StoreError> {
        tracing::trace!(sql);
        let number = || self.connection.prepare_cached(sql)?.query_row(params, |row| row.get(0));
        number().map_err(|error| self.failed(error))
    }

    /// A task, if it was ever written down.
    pub fn task(&self, key: &TaskKey) -> Result<Option<TaskRow>, StoreError> {
        self.first("SELECT * FROM task WHERE key = ?1", [Word(key)])
    }

    /// All tasks, by plan and then in the order they were first seen.
    pub fn tasks(&self) -> Result<Vec<TaskRow>, StoreError> {
        self.all("SELECT * FROM task ORDER BY plan, rowid", [])
    }

    /// The tasks of one plan, in the order they were first seen.
    pub fn tasks_of(&self, plan: &str) -> Result<Vec<TaskRow>, StoreError> {
        self.all("SELECT * FROM task WHERE plan = ?1 ORDER BY rowid", [plan])
    }

    /// The tasks of a document as it was when they were last noted down; none if they never were.
    pub fn outline(&self, plan: &str) -> Result<Vec<Written>, StoreError> {
        let row: Option<OutlineRow> = self.first("SELECT path, outline FROM plan WHERE path = ?1", [plan])?;
        Ok(row.map(|row| row.outline).unwrap_or_default())
    }

    /// The tasks of all documents as they were when they were last noted down.
    pub fn outlines(&self) -> Result<Vec<OutlineRow>, StoreError> {
        self.all("SELECT path, outline FROM plan ORDER BY path", [])
    }

    /// The loop with this id; `None` if there is no such loop.
    pub fn loop_(&self, id: &LoopId) -> Result<Option<LoopRow>, StoreError> {
        self.first("SELECT * FROM loop WHERE id = ?1", [id])
    }

    /// The live loop of a task: one that runs or can go on.
    pub fn current_loop(&self, task: &TaskKey) -> Result<Option<LoopRow>, StoreError> {
        self.first("SELECT * FROM loop WHERE task = ?1 AND ended_at IS NULL", [Word(task)])
    }

    /// The live loops of all tasks, oldest first.
    pub fn live_loops(&self) -> Result<Vec<LoopRow>, StoreError> {
        self.all("SELECT * FROM loop WHERE ended_at IS NULL ORDER BY started_at, id", [])
    }

    /// The loops that were merged or discarded before a moment, oldest first.
    pub fn loops_ended_before(&self, before: Millis) -> Result<Vec<LoopRow>, StoreError> {
        self.all("SELECT * FROM loop WHERE ended_at < ?1 ORDER BY ended_at, id", [before])
    }

    /// The run of a plan with this number; `None` if there is no such run.
    pub fn plan_run(&self, id: i64) -> Result<Option<PlanRunRow>, StoreError> {
        self.first("SELECT * FROM plan_run WHERE id = ?1", [id])
    }

    /// The last run of a plan, over or not; `None` if it was never run as a whole.
    pub fn last_plan_run(&self, plan: &str) -> Result<Option<PlanRunRow>, StoreError> {
        self.first("SELECT * FROM plan_run WHERE plan = ?1 ORDER BY id DESC LIMIT 1", [plan])
    }

    /// The last run of each plan that was run as a whole.
    pub fn last_plan_runs(&self) -> Result<Vec<PlanRunRow>, StoreError> {
        self.all(
            "SELECT * FROM plan_run WHERE id IN (SELECT max(id) FROM plan_run GROUP BY plan) ORDER BY plan",
            [],
        )
    }

    /// What the loops of a run of a plan cost so far, in US dollars; `None` if that is known of none.
    pub fn cost_of_run(&self, id: i64) -> Result<Option<f64>, StoreError> {
        let sum: Option<Cost> = self.first("SELECT sum(cost_usd) FROM loop WHERE plan_run = ?1", [id])?;
        Ok(sum.and_then(|Cost(sum)| sum))
    }

    /// Each task's live loop, or its last one.
    pub fn last_loops(&self) -> Result<Vec<LoopRow>, StoreError> {
        self.all("SELECT loop.* FROM task JOIN loop ON loop.id = task.loop_id", [])
    }

    /// All loops of a task, oldest first.
    pub fn loops(&self, task: &TaskKey) -> Result<Vec<LoopRow>, StoreError> {
        self.all("SELECT * FROM loop WHERE task = ?1 ORDER BY started_at, id", [Word(task)])
    }

    /// A loop's iterations, in order.
    pub fn iterations(&self, loop_id: &LoopId) -> Result<Vec<IterationRow>, StoreError> {
        self.all("SELECT * FROM iteration WHERE loop_id = ?1 ORDER BY n", [loop_id])
    }

    /// A loop's runs, in order.
    pub fn runs(&self, loop_id: &LoopId) -> Result<Vec<RunRow>, StoreError> {
        self.all("SELECT * FROM run WHERE loop_id = ?1 ORDER BY n", [loop_id])
    }

    /// A loop's last run.
    pub fn last_run(&self, loop_id: &LoopId) -> Result<Option<RunRow>, StoreError> {
        self.first("SELECT * FROM run WHERE loop_id = ?1 ORDER BY n DESC LIMIT 1", [loop_id])
    }

    /// The run with this number; `None` if there is no such run.
    pub fn run(&self, id: i64) -> Result<Option<RunRow>, StoreError> {
        self.first("SELECT * FROM run WHERE id = ?1", [id])
    }

    /// The runs whose end nobody wrote down, of all loops.
    pub fn open_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.all("SELECT * FROM run WHERE ended_at IS NULL ORDER BY loop_id, n", [])
    }

    /// The runs of one loop whose end nobody wrote down.
    pub fn open_runs_of(&self, loop_id: &LoopId) -> Result<Vec<RunRow>, StoreError> {
        self.all("SELECT * FROM run WHERE ended_at IS NULL AND loop_id = ?1 ORDER BY n", [loop_id])
    }

    /// What was in the user's checkout when a loop's agent was last started.
    pub fn checkout(&self, loop_id: &LoopId) -> Result<Option<CheckoutRow>, StoreError> {
        self.first("SELECT * FROM checkout WHERE loop_id = ?1", [loop_id])
    }

    /// A change of the user's checkout, with the states before and after.
    pub fn checkout_change(&self, id: i64) -> Result<Option<CheckoutChangeRow>, StoreError> {
        self.first("SELECT * FROM checkout_change WHERE id = ?1", [id])
    }

    /// The changes of the user's checkout that the runs of a loop found, oldest first.
    pub fn checkout_changes(&self, loop_id: &LoopId) -> Result<Vec<CheckoutChangeRow>, StoreError> {
        self.all("SELECT * FROM checkout_change WHERE loop_id = ?1 ORDER BY id", [loop_id])
    }

    /// The changes that the runs of a loop found and that the user has not settled, oldest first; without the states before
    /// and after, which name every branch.
    pub fn open_checkout_changes(&self, loop_id: &LoopId) -> Result<Vec<CheckoutChangeRow>, StoreError> {
        self.all(
            "SELECT id, loop_id, iteration, changes, tasks, named, '' AS before, '' AS after, found_at, settled_at
             FROM checkout_change WHERE loop_id = ?1 AND settled_at IS NULL ORDER BY id",
            [loop_id],
        )
    }

    /// The changes of the user's checkout that any loop found and that the user has not settled, oldest first; without the
    /// states before and after.
    pub fn all_open_checkout_changes(&self) -> Result<Vec<CheckoutChangeRow>, StoreError> {
        self.all(
            "SELECT id, loop_id, iteration, changes, tasks, named, '' AS before, '' AS after, found_at, settled_at
             FROM checkout_change WHERE settled_at IS NULL ORDER BY id",
            [],
        )
    }

    /// The changes of the user's checkout that any loop found since a moment, latest first.
    pub fn checkout_changes_since(&self, since: Millis) -> Result<Vec<CheckoutChangeRow>, StoreError> {
        self.all(
            "SELECT * FROM checkout_change WHERE found_at >= ?1 ORDER BY found_at DESC, id DESC",
            [since],
        )
    }

    /// What Alfine wrote in the user's checkout since a moment. What was begun within an hour before it and has no end may
    /// still be under way.
    pub fn own_writes_since(&self, since: Millis) -> Result<Vec<OwnWriteRow>, StoreError> {
        self.all(
            "SELECT ref AS reference, from_id, commit_id, file FROM own_write
             WHERE begun_at >= ?1 OR ended_at >= ?1 OR (ended_at IS NULL AND begun_at >= ?2)
             ORDER BY id",
            [since, Millis(since.0 - 60 * 60 * 1000)],
        )
    }

    /// The loops whose agents ran at some time since a moment, oldest first.
    pub fn loops_that_ran_since(&self, since: Millis) -> Result<Vec<LoopRow>, StoreError> {
        self.all(
            "SELECT * FROM loop WHERE id IN
                 (SELECT loop_id FROM run WHERE ended_at IS NULL OR ended_at >= ?1)
             ORDER BY started_at, id",
            [since],
        )
    }

    /// What a check answered once, under the hash of all that this depends on.
    pub fn check_answer(&self, key: &str) -> Result<Option<Said>, StoreError> {
        let row: Option<Kept> = self.first("SELECT said FROM check_answer WHERE key = ?1", [key])?;
        // What another version wrote is no answer.
        Ok(row.and_then(|Kept(said)| serde_json::from_str(&said).ok()))
    }

    /// The plans of whose checks answers are kept.
    pub fn plans_with_answers(&self) -> Result<Vec<String>, StoreError> {
        let plans =
            self.all("SELECT DISTINCT plan FROM check_answer WHERE plan IS NOT NULL ORDER BY plan", [])?;
        Ok(plans.into_iter().map(|Kept(plan)| plan).collect())
    }

    /// What the checks of a plan answered on a tree without that plan and Alfine's own files, by
    /// [`alfine_core::at_head::check_id`]; of several answers of one check the newest is the last.
    pub fn answers_on(&self, plan: &str, tree: &str) -> Result<Vec<(String, Said)>, StoreError> {
        let rows: Vec<KeptOf> = self.all(
            "SELECT what, said FROM check_answer WHERE plan = ?1 AND tree = ?2 AND what IS NOT NULL ORDER BY at, rowid",
            [plan, tree],
        )?;
        let answers =
            rows.into_iter().filter_map(|KeptOf(what, said)| Some((what, serde_json::from_str(&said).ok()?)));
        Ok(answers.collect())
    }

    /// A loop's checkpoints, in order.
    pub fn checkpoints(&self, loop_id: &LoopId) -> Result<Vec<CheckpointRow>, StoreError> {
        self.all("SELECT *, ref AS reference FROM checkpoint WHERE loop_id = ?1 ORDER BY n", [loop_id])
    }

    /// A loop's last checkpoint.
    pub fn last_checkpoint(&self, loop_id: &LoopId) -> Result<Option<CheckpointRow>, StoreError> {
        self.first(
            "SELECT *, ref AS reference FROM checkpoint WHERE loop_id = ?1 ORDER BY n DESC LIMIT 1",
            [loop_id],
        )
    }

    /// The latest result of each verifier of a loop, for each criterion that it proves, with findings.
    pub fn latest_verifications(&self, loop_id: &LoopId) -> Result<Vec<VerificationRow>, StoreError> {
        self.read(|reader| {
            let mut rows: Vec<VerificationRow> = reader.all(
                "SELECT * FROM verification WHERE id IN (
                     SELECT max(id) FROM verification WHERE loop_id = ?1
                     GROUP BY verifier, coalesce(criterion_text, criterion)
                 ) ORDER BY id",
                [loop_id],
            )?;
            reader.add_findings(&mut rows)?;
            Ok(rows)
        })
    }

    fn add_findings(&self, rows: &mut [VerificationRow]) -> Result<(), StoreError> {
        // By their numbers alone: between the first and the last of them lie the findings of all earlier runs.
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut places: HashMap<i64, &mut VerificationRow> =
            rows.iter_mut().map(|row| (row.id, row)).collect();
        let findings: Vec<(i64, Finding)> = self.all(
            "SELECT * FROM finding WHERE verification_id IN (SELECT value FROM json_each(?1))
             ORDER BY verification_id, n",
            [Json(&ids)],
        )?;
        for (id, finding) in findings {
            if let Some(row) = places.get_mut(&id) {
                row.findings.push(finding);
            }
        }
        Ok(())
    }

    /// A question and its answer.
    pub fn approval(&self, id: i64) -> Result<Option<ApprovalRow>, StoreError> {
        self.first("SELECT * FROM approval WHERE id = ?1", [id])
    }

    /// All questions of a loop, oldest first.
    pub fn approvals(&self, loop_id: &LoopId) -> Result<Vec<ApprovalRow>, StoreError> {
        self.all("SELECT * FROM approval WHERE loop_id = ?1 ORDER BY id", [loop_id])
    }

    /// A command and what came of it.
    pub fn command(&self, seq: i64) -> Result<Option<CommandRow>, StoreError> {
        self.first("SELECT * FROM command WHERE seq = ?1", [seq])
    }
}
