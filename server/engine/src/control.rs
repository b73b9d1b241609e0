//! Steering a loop from outside: to its runner through the mailbox if one lives, to its saved state if none does.

use crate::{Error, Result, loops, project::Project, runner::Runner};
use alfine_core::{
    hint::Hint,
    machine::{Answer, Command},
    news::Told,
    reason::Refusal,
    task::TaskKey,
};
use alfine_files::Layout;
use alfine_store::{AnswerGiven, ApprovalRow, CommandNew, CommandResult, Feed, LoopLock, Store};
use serde::Serialize;
use serde_json::Value;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long a living runner has to take a command. It may be busy with a checkpoint of a large tree.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How often a sender looks whether the runner still lives.
const LOOK: Duration = Duration::from_secs(1);

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A living runner took it.
    ByRunner,
    /// Nobody runs the loop, so its saved state took the command.
    BySavedState,
}

/// A command that lies in a runner's mailbox.
#[derive(Debug, Clone, Copy)]
pub struct Posted {
    seq: i64,
    /// The last change before it.
    after: i64,
}

/// Gives a command to a loop without waiting for its runner. Returns `None` if the saved state took the command at
/// once.
pub(crate) fn post(
    project: &mut Project,
    key: &TaskKey,
    command: &Command,
    program: PathBuf,
) -> Result<Option<Posted>> {
    let row = loops::live_loop(project, key)?;
    if loops::is_running(&project.layout, &row.id)? {
        let after = project.store.last_seq()?;
        return Ok(Some(Posted { seq: leave(project, key, command)?, after }));
    }
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    apply(project, key, lock, command, program).map(|()| None)
}

/// Gives a command to the saved state of a loop. The lock proves that nobody runs the loop.
pub(crate) fn apply(
    project: &mut Project,
    key: &TaskKey,
    lock: LoopLock,
    command: &Command,
    program: PathBuf,
) -> Result<()> {
    // If nobody runs the loop, there is no iteration to wait for.
    let command = match command {
        Command::Pause { reason, .. } => &Command::Pause { now: true, reason: reason.clone() },
        other => other,
    };
    project.store.write(|tx| tx.claim_loop(&lock).map(drop))?;
    match Runner::new(project, lock, program, &mut |_: &Told| {})?.apply(command.clone())? {
        None => Ok(()),
        Some(why) => Err(refused(key, &why)),
    }
}

/// Leaves a command for the runner that is about to take the loop over.
pub fn leave(project: &mut Project, key: &TaskKey, command: &Command) -> Result<i64> {
    let payload = payload_of(command)?;
    let kind = payload.get("kind").and_then(Value::as_str).unwrap_or("command").to_owned();
    let new = CommandNew { task: key, kind: &kind, payload: &payload };
    Ok(project.store.write(|tx| tx.send_command(&new))?)
}

/// Answers what a loop asks. The loop goes on when a runner takes it over.
pub(crate) fn answer(
    project: &mut Project,
    key: &TaskKey,
    asked: &ApprovalRow,
    answer: &Answer,
) -> Result<()> {
    let payload = payload_of(answer)?;
    let by = project.repository.user_name();
    let given = AnswerGiven { approved: answer.approved, text: answer.text.as_deref(), by: by.as_deref() };
    project.store.write(|tx| {
        tx.answer(asked.id, &given)?;
        tx.send_command(&CommandNew { task: key, kind: "answer", payload: &payload }).map(drop)
    })?;
    Ok(())
}

/// A command that its loop does not take now, whoever runs it.
fn refused(key: &TaskKey, why: &Refusal) -> Error {
    Error::user(format!("{key}: {}", alfine_words::refusal(why))).hint(Hint::Status { task: key.clone() })
}

/// Waits until a runner took a command. A refusal is an error, and so is a runner that ends or does not answer.
pub(crate) fn until_taken(store: &mut Store, layout: &Layout, key: &TaskKey, posted: Posted) -> Result<()> {
    let Posted { seq, after } = posted;
    let mut feed = Feed::new(layout, after);
    let until = Instant::now() + ANSWER_WITHIN;
    loop {
        // Asked before the result is read. In the other order, a runner could take the command and end in between, and
        // the command would seem to be lost.
        let running =
            store.current_loop(key)?.is_some_and(|row| loops::is_running(layout, &row.id).unwrap_or(true));
        let row = store.command(seq)?;
        if let Some(result) = row.and_then(|row| row.result) {
            return match result {
                CommandResult::Refused(why) => Err(refused(key, &why)),
                CommandResult::Done => Ok(()),
            };
        }
        if !running {
            let gone = CommandResult::Refused(Refusal::RunnerEnded);
            store.write(|tx| tx.finish_command(seq, &gone))?;
            return Err(
                Error::user(format!("{key}: its runner ended just now")).hint("give the command again")
            );
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::user(format!(
                "{key}: its runner has not taken the command yet; it is kept and will be"
            ))
            .hint(Hint::Watch { task: key.clone() }));
        }
        feed.wait(Some(left.min(LOOK)))?;
    }
}

/// Waits a limited time until a loop needs no runner any more, and returns whether it came to that.
pub(crate) fn until_rest(store: &Store, layout: &Layout, key: &TaskKey, within: Duration) -> Result<bool> {
    let mut feed = Feed::new(layout, store.last_seq()?);
    let until = Instant::now() + within;
    loop {
        let works = store.current_loop(key)?.is_some_and(|row| row.needs_runner());
        let left = until.saturating_duration_since(Instant::now());
        if !works || left.is_zero() {
            return Ok(!works);
        }
        feed.wait(Some(left.min(LOOK)))?;
    }
}

fn payload_of(command: &impl Serialize) -> Result<Value> {
    serde_json::to_value(command).map_err(|error| {
        Error::new(crate::ErrorKind::Internal, format!("a command cannot be written: {error}"))
    })
}
