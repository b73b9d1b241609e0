//! What agents cost: one ledger for each user, which every runner on the machine writes.
//!
//! A file of its own, since a repository's database says nothing of other repositories, and may be deleted with its
//! repository. An entry is what a loop cost from the beginning of one run of its agent to the beginning of the next, taken from the
//! loop's own sum: whoever writes it again after a crash neither loses nor doubles anything.

use super::{LoopId, LoopLock, Millis, PATIENCE, StoreError, rows::Kept};
use alfine_core::{
    budget::{Afford, Books, Budgets, Spent, afford},
    task::TaskKey,
};
use alfine_files::Layout;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// `Alfl` in the file's header.
const APPLICATION_ID: i64 = 0x416c_666c;
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE entry (
    repository TEXT NOT NULL,
    loop_id TEXT NOT NULL,
    run INTEGER NOT NULL,
    plan TEXT NOT NULL,
    task TEXT NOT NULL,
    agent TEXT NOT NULL,
    model TEXT,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    before_usd REAL NOT NULL,
    before_tokens INTEGER NOT NULL,
    reserved_usd REAL NOT NULL,
    cost_usd REAL,
    tokens INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (repository, loop_id, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_plan ON entry (repository, plan, at);
CREATE INDEX entry_agent ON entry (agent, repository);
CREATE INDEX entry_open ON entry (loop_id) WHERE ended_at IS NULL;
";

/// The ledger, opened.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

/// A run of an agent that is to begin.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'e> {
    /// The repository's common git folder.
    pub repository: &'e Path,
    /// The loop.
    pub loop_id: &'e LoopId,
    /// The number of the run in its loop, from 1.
    pub run: u32,
    /// The loop's task.
    pub task: &'e TaskKey,
    /// The agent's name.
    pub agent: &'e str,
    /// The model, where one is asked for.
    pub model: Option<&'e str>,
    /// What the loop has used until then.
    pub used: LoopUse,
    /// Since when the plan's cost is counted: the beginning of its run.
    pub plan_since: Millis,
}

/// What a whole loop has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoopUse {
    /// US dollars; `None` if no run of it said.
    pub cost_usd: Option<f64>,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// Whether some run of it worked and did not say what it cost.
    pub unpriced: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// The repository's common git folder.
    pub repository: PathBuf,
    /// The loop's task, as it was called then.
    pub task: TaskKey,
    /// The agent's name.
    pub agent: String,
    /// When the run began.
    pub at: Millis,
    /// US dollars; `None` if the agent did not say.
    pub cost_usd: Option<f64>,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// Whether it worked and did not say what it cost.
    pub unpriced: bool,
}

impl Ledger {
    /// The ledger's file in the user's folder for state.
    pub fn path(state: &Path) -> PathBuf {
        state.join("ledger.db")
    }

    /// The beginning of a day as the user's calendar has it.
    pub fn start_of_day(now: Millis) -> Millis {
        let start = jiff::Timestamp::from_millisecond(now.0)
            .and_then(|now| now.to_zoned(jiff::tz::TimeZone::system()).start_of_day());
        start.map_or(now, |start| Millis(start.timestamp().as_millisecond()))
    }

    /// Opens the ledger in the user's folder for state, or makes it.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(state).map_err(|error| StoreError::of_io("make the folder", state, error))?;
        let path = Self::path(state);
        let sql = |error| StoreError::of_sql(&path, error);
        let mut connection = Connection::open(&path).map_err(sql)?;
        connection.busy_timeout(PATIENCE).map_err(sql)?;
        let number = |connection: &Connection, name: &str| {
            connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
        };
        let version = number(&connection, "user_version").map_err(sql)?;
        if version > VERSION {
            return Err(StoreError::Newer { path: path.clone(), found: version, known: VERSION });
        }
        if version < VERSION {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
            // Another process may have made it since.
            if number(&tx, "user_version").map_err(sql)? < VERSION {
                tx.execute_batch(TABLES).map_err(sql)?;
                tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
                tx.pragma_update(None, "user_version", VERSION).map_err(sql)?;
            }
            tx.commit().map_err(sql)?;
        } else if number(&connection, "application_id").map_err(sql)? != APPLICATION_ID {
            return Err(StoreError::Foreign(path));
        }
        // Not a write-ahead log: homes lie on shares, where that does not work, and little is written.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(sql)?;
        Ok(Self { path, connection })
    }

    /// Opens the ledger to look; `None` if there is none yet.
    pub fn look(state: &Path) -> Result<Option<Self>, StoreError> {
        if Self::path(state).exists() { Self::open(state).map(Some) } else { Ok(None) }
    }

    /// Decides whether a run may begin, and writes it down if so, with what is kept back for it, in one transaction.
    pub fn reserve(&mut self, new: &NewEntry<'_>, budgets: &Budgets) -> Result<Afford, StoreError> {
        self.reserve_at(Millis::now(), new, budgets)
    }

    pub(super) fn reserve_at(
        &mut self,
        now: Millis,
        new: &NewEntry<'_>,
        budgets: &Budgets,
    ) -> Result<Afford, StoreError> {
        self.write(|tx| {
            let repository = new.repository.to_string_lossy();
            settle(tx, now, &repository, new.loop_id, new.used)?;
            let decided = afford(budgets, &books(tx, now, new)?);
            if let Afford::Yes { reserve, .. } = decided {
                tx.execute(
                    "INSERT INTO entry (repository, loop_id, run, plan, task, agent, model, at, before_usd, before_tokens,
                        reserved_usd, tokens, unpriced)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0)
                     ON CONFLICT DO UPDATE SET agent = ?6, model = ?7, at = ?8, ended_at = NULL, before_usd = ?9,
                        before_tokens = ?10, reserved_usd = ?11, cost_usd = NULL, tokens = 0, unpriced = 0",
                    params![
                        repository,
                        new.loop_id,
                        new.run,
                        new.task.plan,
                        new.task.id.0,
                        new.agent,
                        new.model,
                        now,
                        new.used.cost_usd.unwrap_or_default(),
                        whole(new.used.tokens),
                        reserve,
                    ],
                )?;
            }
            Ok(decided)
        })
    }

    /// Whether a run may begin, without writing anything down.
    pub fn affords(&mut self, new: &NewEntry<'_>, budgets: &Budgets) -> Result<Afford, StoreError> {
        self.write(|tx| Ok(afford(budgets, &books(tx, Millis::now(), new)?)))
    }

    /// Writes down what a loop has used by now, with its last run, which is over.
    pub fn settle(&mut self, repository: &Path, loop_id: &LoopId, used: LoopUse) -> Result<(), StoreError> {
        self.settle_at(Millis::now(), repository, loop_id, used)
    }

    pub(super) fn settle_at(
        &mut self,
        now: Millis,
        repository: &Path,
        loop_id: &LoopId,
        used: LoopUse,
    ) -> Result<(), StoreError> {
        self.write(|tx| settle(tx, now, &repository.to_string_lossy(), loop_id, used))
    }

    /// Says whether an agent works without ever having said what it costs.
    pub fn tells_no_cost(&self, agent: &str) -> Result<bool, StoreError> {
        let told = "SELECT max(unpriced), max(cost_usd IS NOT NULL) FROM entry WHERE agent = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (unpriced, told): (Option<bool>, Option<bool>) =
            self.connection.query_row(told, [agent], row).map_err(|error| self.failed(error))?;
        Ok(unpriced == Some(true) && told != Some(true))
    }

    /// All entries from a moment on, in the order of their time.
    pub fn entries(&self, since: Millis) -> Result<Vec<LedgerRow>, StoreError> {
        let read = || -> rusqlite::Result<Vec<LedgerRow>> {
            let mut all = self.connection.prepare(
                "SELECT repository, plan, task, agent, at, cost_usd, tokens, unpriced FROM entry WHERE at >= ?1
                 ORDER BY at, repository, loop_id, run",
            )?;
            let rows = all.query_map([since], |row| {
                Ok(LedgerRow {
                    repository: PathBuf::from(row.get::<_, String>(0)?),
                    task: TaskKey::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?),
                    agent: row.get(3)?,
                    at: row.get(4)?,
                    cost_usd: row.get(5)?,
                    tokens: row.get::<_, Kept<u64>>(6)?.0,
                    unpriced: row.get(7)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.failed(error))
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let done = || {
            let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&tx)?;
            tx.commit().map(|()| value)
        };
        done().map_err(|error| StoreError::of_sql(&self.path, error))
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::of_sql(&self.path, error)
    }
}

/// Writes what a loop has used since its last run began into the entry of that run.
fn settle(
    tx: &Transaction<'_>,
    now: Millis,
    repository: &str,
    loop_id: &LoopId,
    used: LoopUse,
) -> rusqlite::Result<()> {
    let last = "SELECT run, before_usd, before_tokens, cost_usd FROM entry
         WHERE repository = ?1 AND loop_id = ?2 ORDER BY run DESC LIMIT 1";
    let row =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Kept<u64>>(2)?.0, row.get(3)?));
    let found: Option<(u32, f64, u64, Option<f64>)> =
        tx.query_row(last, params![repository, loop_id], row).optional()?;
    let Some((run, before, tokens_before, known)) = found else { return Ok(()) };
    let cost = used.cost_usd.map(|cost| (cost - before).max(0.0));
    // Of a run that did not say, nothing is added to the sum.
    let cost = cost.filter(|cost| *cost > 0.0 || !used.unpriced).or(known);
    tx.execute(
        "UPDATE entry SET ended_at = coalesce(ended_at, ?4), reserved_usd = 0, cost_usd = ?5, tokens = ?6, unpriced = ?7
         WHERE repository = ?1 AND loop_id = ?2 AND run = ?3",
        params![
            repository,
            loop_id,
            run,
            now,
            cost,
            whole(used.tokens.saturating_sub(tokens_before)),
            used.unpriced && cost.is_none(),
        ],
    )?;
    Ok(())
}

/// What is known for the decision about a run.
fn books(tx: &Transaction<'_>, now: Millis, new: &NewEntry<'_>) -> rusqlite::Result<Books> {
    let repository = new.repository.to_string_lossy();
    let today = Ledger::start_of_day(now);
    close_what_died(tx)?;
    // An open entry of the same loop is of a run that never began.
    let sums = "SELECT coalesce(sum(cost_usd), 0), coalesce(sum(reserved_usd), 0) FROM entry
         WHERE at >= ?1 AND (loop_id != ?2 OR ended_at IS NOT NULL)
            AND (?3 IS NULL OR repository = ?3 AND plan = ?4)";
    let spent = |since: Millis, of: Option<(&str, &str)>| {
        let (repository, plan) = of.unzip();
        tx.query_row(sums, params![since, new.loop_id, repository, plan], |row| {
            Ok(Spent { usd: row.get(0)?, reserved: row.get(1)? })
        })
    };
    let plan = spent(new.plan_since, Some((&repository, &new.task.plan)))?;
    let day = spent(today, None)?;
    let mean = "SELECT max(
            coalesce((SELECT avg(cost_usd) FROM entry WHERE repository = ?1 AND plan = ?2 AND task = ?3 AND cost_usd > 0), 0),
            coalesce((SELECT avg(cost_usd) FROM entry WHERE repository = ?1 AND plan = ?2 AND at >= ?4 AND cost_usd > 0), 0),
            coalesce((SELECT avg(cost_usd) FROM entry WHERE agent = ?5 AND repository = ?1 AND cost_usd > 0), 0))";
    let mean: f64 = tx.query_row(
        mean,
        params![repository, new.task.plan, new.task.id.0, new.plan_since, new.agent],
        |row| row.get(0),
    )?;
    let mut spans = tx.prepare(
        "SELECT at, coalesce(ended_at, ?4) FROM entry WHERE repository = ?1 AND plan = ?2 AND at >= ?3 ORDER BY at",
    )?;
    let spans = spans.query_map(params![repository, new.task.plan, new.plan_since, now], |row| {
        Ok((row.get::<_, Millis>(0)?.0, row.get::<_, Millis>(1)?.0))
    })?;
    Ok(Books { plan, day, plan_time: covered(spans)?, mean: Some(mean).filter(|mean| *mean > 0.0) })
}

/// How much of the time these spans, ordered by their beginning, cover together.
fn covered(spans: impl Iterator<Item = rusqlite::Result<(i64, i64)>>) -> rusqlite::Result<Duration> {
    let (mut covered, mut until) = (0, i64::MIN);
    for span in spans {
        let (begin, end) = span?;
        covered += (end - begin.max(until)).max(0);
        until = until.max(end);
    }
    Ok(Duration::from_millis(u64::try_from(covered).unwrap_or_default()))
}

/// Gives back what is kept back for runs whose runner died: nobody lives who could say what they cost. Whoever finds such a loop
/// writes what it used.
fn close_what_died(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut open = tx.prepare("SELECT repository, loop_id FROM entry WHERE ended_at IS NULL")?;
    let open: Vec<(String, LoopId)> = open
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, Kept<LoopId>>(1)?.0)))?
        .collect::<rusqlite::Result<_>>()?;
    for (repository, loop_id) in open {
        let layout = Layout::of_common_dir(Path::new(&repository));
        // What cannot be looked at is taken to live.
        if !LoopLock::is_held(&layout, &loop_id).unwrap_or(true) {
            tx.execute(
                "UPDATE entry SET ended_at = at, reserved_usd = 0
                 WHERE repository = ?1 AND loop_id = ?2 AND ended_at IS NULL",
                params![repository, loop_id],
            )?;
        }
    }
    Ok(())
}

/// A count as SQLite has numbers.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
