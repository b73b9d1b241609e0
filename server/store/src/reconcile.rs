//! Finding the loops whose runner died, and what it left behind.

use super::{Change, LoopId, LoopLock, LoopRow, Reader, RunRow, Store, StoreError, TaskRow};
use alfine_core::{
    reason::Reason,
    task::{TaskKey, TaskStatus},
};
use serde_json::json;

/// A loop that nobody runs although it said so, or that left a process of its agent behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Interrupted {
    /// The loop.
    pub loop_id: LoopId,
    /// Its task.
    pub task: TaskKey,
    /// Whether this call marked it `interrupted`. Only one call ever does.
    pub newly: bool,
    /// The runs whose end was never recorded. Every call returns them until it is recorded. So no process is left
    /// behind, even if the process that was about to end them dies, too.
    pub runs: Vec<RunRow>,
}

impl Reader {
    /// The tasks that say they run, without a loop that says so: an older version removed the loop and left the task.
    fn tasks_that_nothing_runs(&self) -> Result<Vec<TaskRow>, StoreError> {
        let tasks: Vec<TaskRow> = self.all("SELECT * FROM task WHERE loop_id IS NULL", [])?;
        Ok(tasks.into_iter().filter(|task| task.status.needs_runner()).collect())
    }
}

impl Store {
    /// Marks every loop `interrupted` whose status needs a runner but whose lock is free, and no task says that it runs
    /// without a loop.
    ///
    /// Any process may do this at any time, also several at once.
    pub fn reconcile(&mut self) -> Result<Vec<Interrupted>, StoreError> {
        let suspects: Vec<LoopRow> = self.all(
            "SELECT * FROM loop WHERE ended_at IS NULL
                 OR id IN (SELECT loop_id FROM run WHERE ended_at IS NULL)",
            [],
        )?;
        // The locks come before the transaction, and are kept through it: nobody can start to run one of these loops
        // while it is marked interrupted.
        let mut unheld = Vec::new();
        for row in suspects {
            // The runs are read first, so that a loop with nothing to do is not locked at all.
            if !row.needs_runner() && self.open_runs_of(&row.id)?.is_empty() {
                continue;
            }
            if let Some(proof) = LoopLock::keep_unheld(self.layout(), &row.id)? {
                unheld.push((row.id, proof));
            }
        }
        let lying = self.tasks_that_nothing_runs()?;
        if unheld.is_empty() && lying.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|tx| {
            for task in tx.tasks_that_nothing_runs()? {
                tx.take_back_task(&task.key)?;
                tx.tell(Some(&task.key), None, Change::Task, &json!({}))?;
            }
            let mut found = Vec::new();
            for (id, _proof) in &unheld {
                // What was read before the lock proved that nobody runs the loop may be out of date.
                let Some(row) = tx.loop_(id)? else { continue };
                let newly = row.needs_runner();
                if newly {
                    let reason = Some(&Reason::RunnerDied);
                    tx.mark_loop(&row, TaskStatus::Interrupted, reason, false, Change::LoopInterrupted)?;
                }
                let runs = tx.open_runs_of(id)?;
                if newly || !runs.is_empty() {
                    found.push(Interrupted { loop_id: row.id, task: row.task, newly, runs });
                }
            }
            Ok(found)
        })
    }
}
