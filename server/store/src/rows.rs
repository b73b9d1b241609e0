//! The rows as Rust has them. One struct per table; SCHEMA.md says what each column means.

use super::{LoopId, Millis};
use alfine_core::{
    agent::Usage,
    breaker::{Line, Rule},
    budget::Short,
    checkout::CheckoutChange,
    finding::{Finding, Severity},
    identity::Written,
    learning::{Companion, Kind, Seen},
    machine::AskKind,
    plan::Isolation,
    plan_run::RunState,
    proof::{Answer, CheckProof},
    reason::{self, Reason, Refusal},
    task::TaskKey,
    task::TaskStatus,
    time::Moment,
};
use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A row that can be read.
pub(super) trait FromRow: Sized {
    /// Columns by name, so that a column added later changes nothing.
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self>;
}

/// Reads the fields of a struct from the columns of the same names; those behind `beside` are no columns.
macro_rules! from_columns {
    ($of:ident: $($column:ident),+ $(; beside $other:ident)?) => {
        impl $crate::rows::FromRow for $of {
            fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(Self {
                    $($column: row.get::<_, $crate::rows::Kept<_>>(stringify!($column))?.0,)+
                    $($other: Default::default(),)?
                })
            }
        }
    };
}
pub(super) use from_columns;

/// A value that a column can hold.
pub(super) trait Column: Sized {
    /// Reads what is not NULL.
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self>;
}

/// A value as its column has it.
pub(super) struct Kept<T>(pub T);

impl<T: Column> FromSql for Kept<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        T::read(value).map(Self)
    }
}

macro_rules! kept {
    ($read:path: $($kept:ty),+) => {
        $(impl Column for $kept {
            fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $read(value)
            }
        })+
    };
}

kept!(FromSql::column_result: bool, i32, i64, u32, f64, String, Millis);
kept!(unsigned: u64);
kept!(word: AskKind, CheckpointKind, Isolation, Kind, LoopId, RunState, Severity, TaskKey, TaskStatus);
kept!(json: LoopSummary, Usage, Value, Vec<CheckoutChange>, Vec<Companion>, Vec<Seen>, Vec<String>, Vec<TaskKey>);
kept!(json: Vec<Written>);

impl Column for Moment {
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if value == ValueRef::Null { Ok(None) } else { T::read(value).map(Some) }
    }
}

/// JSON, or the text that an older version wrote.
impl Column for Option<Reason> {
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Some(text) = value.as_str_or_null()? else { return Ok(None) };
        Ok(serde_json::from_str(text).ok().or_else(|| Reason::told(text)))
    }
}

/// What another version wrote of a check's answer is left out.
macro_rules! kept_if_known {
    ($read:path: $($kept:ty),+) => {
        $(impl Column for Option<$kept> {
            fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
                if value == ValueRef::Null { Ok(None) } else { Ok($read(value).ok()) }
            }
        })+
    };
}

kept_if_known!(word: Answer);
kept_if_known!(json: CheckProof, Short);

/// A value kept as JSON text.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(ToSqlOutput::from(text))
    }
}

fn json<T: DeserializeOwned>(value: ValueRef<'_>) -> FromSqlResult<T> {
    serde_json::from_str(value.as_str()?).map_err(FromSqlError::other)
}

/// A plain enum kept as the word that serde has for it.
pub(super) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(Value::String(word)) => Ok(ToSqlOutput::from(word)),
            Ok(other) => Err(rusqlite::Error::ToSqlConversionFailure(format!("not a word: {other}").into())),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
        }
    }
}

/// Reads a plain enum by the word that serde has for it.
pub(super) fn word<T: DeserializeOwned>(value: ValueRef<'_>) -> FromSqlResult<T> {
    serde_json::from_value(Value::String(value.as_str()?.to_owned())).map_err(FromSqlError::other)
}

/// An unsigned count kept as SQLite's signed integer; what does not fit is the largest.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(value: ValueRef<'_>) -> FromSqlResult<u64> {
    Ok(u64::try_from(value.as_i64()?).unwrap_or_default())
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanKind {
    /// Tasks written by the user.
    #[default]
    Plan,
    /// A goal; the agent writes the tasks.
    Directive,
}

/// A task and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// The task's key.
    pub key: TaskKey,
    /// Its title when it was last read.
    pub title: String,
    /// The task's status.
    pub status: TaskStatus,
    /// Why, if there is more to say.
    pub reason: Option<Reason>,
    /// Since when it has this status.
    pub since: Millis,
    /// Its live loop, or its last one.
    pub loop_id: Option<LoopId>,
    /// The generation of its chain that it belongs to.
    pub generation: u32,
    /// When the row was last changed.
    pub updated_at: Millis,
    /// A digest of its text when it was last read; `None` if an older version wrote the row.
    pub text: Option<String>,
}

impl TaskRow {
    /// The task as it was last read in its document.
    pub fn written(&self) -> Written {
        Written {
            id: self.key.id.clone(),
            title: self.title.clone(),
            text: self.text.clone().unwrap_or_default(),
        }
    }
}

from_columns! { TaskRow: key, title, status, reason, since, loop_id, generation, updated_at, text }

/// A document's tasks, as they were last noted down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineRow {
    /// The document's path.
    pub path: String,
    /// Its tasks.
    pub outline: Vec<Written>,
}

from_columns! { OutlineRow: path, outline }

/// A plan that was started as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRunRow {
    /// Its number.
    pub id: i64,
    /// The document's path.
    pub plan: String,
    /// How far it is, as it was last written down.
    pub state: RunState,
    /// How its tasks are begun.
    pub how: Value,
    /// When it began.
    pub started_at: Millis,
    /// Its end; none while it goes on or waits for the user.
    pub ended_at: Option<Millis>,
    /// When the row was last changed.
    pub updated_at: Millis,
    /// US dollars that it may cost, as it was when its next tasks were last looked for; none if there is no such budget.
    pub budget_usd: Option<f64>,
    /// Why no other run of an agent may begin then; none if one may.
    pub short: Option<Short>,
}

from_columns! { PlanRunRow: id, plan, state, how, started_at, ended_at, updated_at, budget_usd, short }

/// What a watcher shows of a loop's state, in words of its own: the state itself stays opaque.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoopSummary {
    /// The iteration at work, or the last one; 0 before the first.
    pub iteration: u32,
    /// The limit of iterations.
    pub max_iterations: u32,
    /// Every rule of the breaker, counted.
    #[serde(deserialize_with = "known_lines")]
    pub breaker: Vec<Line>,
    /// The last gate, as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Value>,
    /// Until when it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_until: Option<Millis>,
    /// Files that differ from the base.
    pub files_changed: u32,
    /// Whether it holds when what goes on is over.
    pub pauses: bool,
    /// Whether another task of its plan begins when it is over.
    pub chained: bool,
    /// Why it holds, or will hold; `None` if that is the user's own wish.
    #[serde(deserialize_with = "reason::saved", skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Reason>,
}

impl LoopSummary {
    /// Returns the line of a rule of the breaker; `None` if the loop was saved by a version without the rule.
    pub fn line(&self, rule: Rule) -> Option<&Line> {
        self.breaker.iter().find(|line| line.rule == rule)
    }

    /// Says whether some run of the agent did not say what it cost.
    pub fn cost_is_partial(&self) -> bool {
        self.line(Rule::Cost).is_some_and(|line| line.partial)
    }
}

/// Reads the lines of the breaker, but for those of rules that only a newer version knows.
fn known_lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Line>, D::Error> {
    let lines = Vec::<Value>::deserialize(deserializer)?;
    let lines = lines.into_iter().filter_map(|line| serde_json::from_value::<Line>(line).ok());
    // Versions without the flag wrote of the cost only that it is unknown in part.
    Ok(lines
        .map(|line| Line {
            partial: line.partial || (line.rule == Rule::Cost && !line.evidence.is_empty()),
            ..line
        })
        .collect())
}

/// A loop.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopRow {
    /// The loop's id.
    pub id: LoopId,
    /// Its task.
    pub task: TaskKey,
    /// The status of the loop.
    pub status: TaskStatus,
    /// Why, if there is more to say.
    pub reason: Option<Reason>,
    /// The agent's name.
    pub agent: String,
    /// The model, if one is asked for.
    pub model: Option<String>,
    /// Where the agent works.
    pub isolation: Isolation,
    /// The loop's branch.
    pub branch: Option<String>,
    /// The branch it came from and merges into.
    pub base_branch: Option<String>,
    /// The commit it came from.
    pub base_commit: Option<String>,
    /// The folder the agent works in.
    pub worktree: Option<String>,
    /// The limits and options it runs with.
    pub settings: Value,
    /// The saved state machine; JSON that only the machine understands.
    pub state: String,
    /// What a watcher shows of it.
    pub summary: LoopSummary,
    /// US dollars so far; `None` if unknown.
    pub cost_usd: Option<f64>,
    /// Tokens so far.
    pub tokens: u64,
    /// When the loop began.
    pub started_at: Millis,
    /// Its end; none while it can go on.
    pub ended_at: Option<Millis>,
    /// When the row was last changed.
    pub updated_at: Millis,
    /// The loop it began as a copy of.
    pub forked_from: Option<LoopId>,
    /// The run of its plan that began it; `None` if it was started alone.
    pub plan_run: Option<i64>,
}

impl LoopRow {
    /// Says whether this loop's status is a lie when nobody holds its lock.
    pub fn needs_runner(&self) -> bool {
        self.ended_at.is_none()
            && (self.status.needs_runner() || matches!(self.status, TaskStatus::Pending | TaskStatus::Ready))
    }
}

from_columns! {
    LoopRow: id, task, status, reason, agent, model, isolation, branch, base_branch, base_commit, worktree,
    settings, state, summary, cost_usd, tokens, started_at, ended_at, updated_at, forked_from, plan_run
}

/// One iteration of a loop.
#[derive(Debug, Clone, PartialEq)]
pub struct IterationRow {
    /// Its loop.
    pub loop_id: LoopId,
    /// Its number in the loop, from 1.
    pub n: u32,
    /// When the iteration began.
    pub started_at: Millis,
    /// Its end; none while it goes on, or if it was cut off.
    pub ended_at: Option<Millis>,
    /// What was decided at its end.
    pub verdict: Option<String>,
    /// The gate as it was read.
    pub gate: Option<Value>,
    /// The tree before the iteration.
    pub tree_before: Option<String>,
    /// The tree after the iteration.
    pub tree_after: Option<String>,
    /// Whether it changed anything.
    pub changed: Option<bool>,
    /// How many files it changed.
    pub files_changed: Option<u32>,
    /// The error signature, if there was an error.
    pub signature: Option<String>,
    /// US dollars; `None` if unknown.
    pub cost_usd: Option<f64>,
    /// Tokens that the iteration used.
    pub tokens: u64,
    /// The agent's session.
    pub session: Option<String>,
    /// What was done, in a sentence or two.
    pub summary: Option<String>,
}

from_columns! {
    IterationRow: loop_id, n, started_at, ended_at, verdict, gate, tree_before, tree_after, changed,
    files_changed, signature, cost_usd, tokens, session, summary
}

/// One process of the agent. An iteration has several when a limit or an error cut one off.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The row's number.
    pub id: i64,
    /// Its loop.
    pub loop_id: LoopId,
    /// The iteration that it belongs to.
    pub iteration: u32,
    /// Its number in the loop, from 1.
    pub n: u32,
    /// The agent's process.
    pub pid: u32,
    /// When that process started, as the system says it; with the pid it names one process for good.
    pub process_start: i64,
    /// What marks the processes it started.
    pub marker: String,
    /// The agent's session.
    pub session: Option<String>,
    /// When the run began.
    pub started_at: Millis,
    /// Its end; none while it runs, or if nobody was there to see it end.
    pub ended_at: Option<Millis>,
    /// The class of its outcome.
    pub outcome: Option<String>,
    /// The agent's own words for it.
    pub message: Option<String>,
    /// What the run used.
    pub usage: Option<Usage>,
    /// US dollars of its whole session, if the agent says that instead.
    pub session_total_cost: Option<f64>,
    /// The file with what it printed.
    pub transcript: Option<String>,
}

from_columns! {
    RunRow: id, loop_id, iteration, n, pid, process_start, marker, session, started_at, ended_at, outcome,
    message, usage, session_total_cost, transcript
}

/// A tree that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Its loop.
    pub loop_id: LoopId,
    /// Its number in the loop.
    pub n: u32,
    /// The iteration it belongs to.
    pub iteration: Option<u32>,
    /// What the checkpoint was taken for.
    pub kind: CheckpointKind,
    /// The checkpoint's commit.
    pub commit_id: String,
    /// The checkpoint's tree, without Alfine's own files.
    pub tree: String,
    /// What HEAD was; none in an empty repository.
    pub head: Option<String>,
    /// The ref that keeps it.
    pub reference: String,
    /// When the checkpoint was taken.
    pub taken_at: Millis,
}

/// What a checkpoint was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckpointKind {
    /// The tree a loop starts from.
    Start,
    /// Before an iteration.
    Before,
    /// After an iteration.
    After,
    /// While an agent worked.
    Timer,
    /// Asked for by the user.
    User,
}

from_columns! { CheckpointRow: loop_id, n, iteration, kind, commit_id, tree, head, reference, taken_at }

/// What was in the user's checkout when the agent of a loop was last started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutRow {
    /// The loop.
    pub loop_id: LoopId,
    /// The state, as `git` wrote it.
    pub state: String,
    /// When it was kept.
    pub kept_at: Millis,
    /// Whether the checkout was compared with it after the run.
    pub compared: bool,
}

from_columns! { CheckoutRow: loop_id, state, kept_at, compared }

/// What changed in the user's checkout while agents ran.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckoutChangeRow {
    /// Its name.
    pub id: i64,
    /// The loop whose runner found it.
    pub loop_id: LoopId,
    /// The iteration that its agent ran for.
    pub iteration: u32,
    /// What changed.
    pub changes: Vec<CheckoutChange>,
    /// All tasks whose agents ran in that time.
    pub tasks: Vec<TaskKey>,
    /// Whether an agent was seen to name the checkout.
    pub named: bool,
    /// The state before, as `git` wrote it.
    pub before: String,
    /// The state after, as `git` wrote it.
    pub after: String,
    /// When it was found.
    pub found_at: Millis,
    /// When the user undid or kept it; `None` if it is open.
    pub settled_at: Option<Millis>,
}

from_columns! {
    CheckoutChangeRow: id, loop_id, iteration, changes, tasks, named, before, after, found_at, settled_at
}

/// Something that Alfine itself writes in the user's checkout, written down before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnWriteRow {
    /// The full name of the branch that moves.
    pub reference: Option<String>,
    /// Where from, as hex.
    pub from_id: Option<String>,
    /// Where to, as hex; `None` until that is known.
    pub commit_id: Option<String>,
    /// The file that is written besides, from the root.
    pub file: Option<String>,
}

from_columns! { OwnWriteRow: reference, from_id, commit_id, file }

/// What the answer of a check is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerKey {
    /// The hash of all that the answer depends on.
    pub key: String,
    /// The plan whose check it is.
    pub plan: String,
    /// The tree that it ran on, as hex, without that plan and Alfine's own files.
    pub tree: String,
    /// Which check it is: [`alfine_core::at_head::check_id`].
    pub what: String,
}

/// One verifier's answer: the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationRow {
    /// The row's number.
    pub id: i64,
    /// Its loop.
    pub loop_id: LoopId,
    /// The iteration it judged.
    pub iteration: u32,
    /// The verifier's name.
    pub verifier: String,
    /// The criterion that it proves, counted from 0; `None` if it is about the whole task.
    pub criterion: Option<u32>,
    /// That criterion's text, since a plan may be edited.
    pub criterion_text: Option<String>,
    /// Whether it passed.
    pub passed: bool,
    /// Whether the task is not done without it.
    pub required: bool,
    /// Its share of the score.
    pub weight: f64,
    /// The exit status, if it was a process that ended by itself.
    pub exit: Option<i32>,
    /// What it printed, cut and masked.
    pub output: String,
    /// The tree it looked at.
    pub tree: String,
    /// When the verifier began.
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: u64,
    /// What it answered; `None` where an older version wrote the row.
    pub answer: Option<Answer>,
    /// How many tests it executed, where its output says so.
    pub tests: Option<u64>,
    /// What its answer is worth; `None` where no control was made.
    pub proof: Option<CheckProof>,
    /// What it found.
    pub findings: Vec<Finding>,
}

from_columns! {
    VerificationRow: id, loop_id, iteration, verifier, criterion, criterion_text, passed, required, weight,
    exit, output, tree, started_at, duration_ms, answer, tests, proof; beside findings
}

from_columns! { Finding: severity, file, line, column, code, message }

/// A finding, and the answer it belongs to.
impl FromRow for (i64, Finding) {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok((row.get("verification_id")?, Finding::from_row(row)?))
    }
}

/// A question to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    /// The row's number.
    pub id: i64,
    /// The loop that asks.
    pub loop_id: Option<LoopId>,
    /// The task it is about.
    pub task: Option<TaskKey>,
    /// What is asked for.
    pub kind: AskKind,
    /// The question.
    pub text: String,
    /// When it was asked.
    pub asked_at: Millis,
    /// When it was answered or withdrawn.
    pub answered_at: Option<Millis>,
    /// Yes or no; `None` if the question is open, was withdrawn, or was answered by a text alone.
    pub approved: Option<bool>,
    /// The answer's text.
    pub answer: Option<String>,
    /// The tree that the user was asked about.
    pub tree: Option<String>,
    /// Who answered.
    pub answered_by: Option<String>,
}

from_columns! {
    ApprovalRow: id, loop_id, task, kind, text, asked_at, answered_at, approved, answer, tree, answered_by
}

/// A letter to a runner.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRow {
    /// Its place in the order of all commands.
    pub seq: i64,
    /// The task it is for.
    pub task: TaskKey,
    /// The loop that the command is for; `None` if the task had no loop yet.
    pub loop_id: Option<LoopId>,
    /// What is to be done.
    pub kind: String,
    /// The command, as JSON.
    pub payload: Value,
    /// When it was sent.
    pub created_at: Millis,
    /// When a runner took it.
    pub consumed_at: Option<Millis>,
    /// What came of it.
    pub result: Option<CommandResult>,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandResult {
    /// The command was carried out.
    Done,
    /// The loop did not take it.
    Refused(Refusal),
}

/// JSON, or what an older version wrote: `done`, or `refused:` and why.
impl Column for CommandResult {
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        Ok(serde_json::from_str(text).unwrap_or_else(|_| match text.strip_prefix("refused: ") {
            Some(why) => Self::Refused(Refusal::Told { text: why.to_owned() }),
            None => Self::Done,
        }))
    }
}

from_columns! { CommandRow: seq, task, loop_id, kind, payload, created_at, consumed_at, result }
