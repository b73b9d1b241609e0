//! `alfine.showTranscript`, `showDiff`, `openWorktree`: what a loop did, as real files that any client can open.
//!
//! They are next to the database, outside any working tree, and are written again each time.

use super::{
    Commands,
    arguments::{OfTask, ShowDiff, ShowTranscript},
    refusal::{defect, refused},
};
use crate::protocol::lsp_types::{MessageType, Url};
use crate::snapshot::Place;
use crate::wording::{self, cut};
use alfine_core::printable::printable;
use alfine_core::{agent::AgentEvent, hint::Hint, task::TaskKey};
use alfine_engine::{
    Error, ErrorKind, Result, evidence, finish, loops,
    project::Project,
    proof_report::ProofReport,
    surroundings,
    transcript::{events_of, runs_of},
};
use alfine_store::LoopRow;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The longest transcript that is written for a reader, in bytes; the rest is in the file it is made from.
const LONGEST: u64 = 8 << 20;
/// The longest text of one event there, in characters.
const LONGEST_TEXT: usize = 20_000;

impl Commands {
    /// Opens what the agent said, of one iteration or the last one.
    pub(super) async fn show_transcript(&self, given: ShowTranscript) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let make = move |project: &Project, row: &LoopRow| {
            write_transcript(project, row, given.iteration.unwrap_or(row.summary.iteration))
        };
        self.show(&place, given.task, "The transcript", false, make).await
    }

    /// Opens what a loop, or one of its iterations, changed.
    pub(super) async fn show_diff(&self, given: ShowDiff) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let ShowDiff { iteration, against, .. } = given;
        let make = move |project: &Project, row: &LoopRow| {
            let (from, to) = finish::ends_of_diff(project, row, iteration, against)?;
            let diff = project.repository.diff(&from, &to, &surroundings::own_files(row), usize::MAX)?;
            let task = row.task.clone();
            if diff.patch.is_empty() {
                let of = iteration.map(|n| format!(" in iteration {n}")).unwrap_or_default();
                return Err(refused(
                    format!("{task} changed nothing{of}, as far as its checkpoints go"),
                    Hint::Transcript { task },
                ));
            }
            let part = iteration.map(|n| format!("-{n}")).unwrap_or_default();
            let against = against.map(|n| format!("-against-{n}")).unwrap_or_default();
            write(project, &format!("{}/diff{part}{against}.diff", folder_of(&task)), &diff.patch)
        };
        self.show(&place, given.task, "The diff", false, make).await
    }

    /// Opens what proves a task.
    pub(super) async fn show_proof(&self, given: OfTask) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let make = move |project: &Project, row: &LoopRow| {
            let is_changed = |row: &LoopRow, tree: &str| {
                evidence::is_changed(&project.repository, &project.layout, row, tree)
            };
            let report = ProofReport::of(&project.store, row, &is_changed)?;
            let text = format!("# {}: {}\n\n{}", row.task, printable(&report.title), report.markdown());
            write(project, &format!("{}/proof.md", folder_of(&row.task)), text.as_bytes())
        };
        self.show(&place, given.task, "The proof", false, make).await
    }

    /// Opens the folder in which a loop's agent works.
    pub(super) async fn open_worktree(&self, given: OfTask) -> Result<Value> {
        let place = self.place_of(&given.task, given.uri.as_ref()).await?;
        let find = |project: &Project, row: &LoopRow| {
            let (path, task) = (finish::worktree_of(project, row)?, row.task.clone());
            if path.is_dir() {
                return Ok(path);
            }
            Err(refused(
                format!(
                    "{task} has no worktree: it is {}, and its work is on its branch and in its checkpoints",
                    row.status
                ),
                Hint::Diff { task },
            ))
        };
        self.show(&place, given.task, "The worktree", true, find).await
    }

    /// Opens something of a task's loop, or says where it is to a client that cannot open it. Answers with both.
    async fn show(
        &self,
        place: &Place,
        key: TaskKey,
        what: &str,
        is_folder: bool,
        make: impl FnOnce(&Project, &LoopRow) -> Result<PathBuf> + Send + 'static,
    ) -> Result<Value> {
        let task = key.clone();
        let look = move |project: &Project| make(project, &loops::begun(&project.store, &task)?);
        let path = self.queues.read(place, look).await?;
        let uri = if is_folder { Url::from_directory_path(&path) } else { Url::from_file_path(&path) };
        let uri = uri.map_err(|()| not_absolute())?;
        let shown = self.editor.show_document(uri.clone(), None, is_folder).await;
        if !shown {
            self.editor.tell(MessageType::INFO, &format!("{what} of {key}: {}", path.display())).await;
        }
        Ok(json!({ "task": key, "uri": uri, "shown": shown }))
    }
}

/// The URI of a file.
pub(super) fn file_uri(path: &Path) -> Result<Url> {
    Url::from_file_path(path).map_err(|()| not_absolute())
}

fn not_absolute() -> Error {
    defect("a path is not absolute")
}

/// Where a file to be shown is.
pub(super) fn path_of(project: &Project, name: &str) -> PathBuf {
    project.layout.root().join("show").join(name)
}

/// Writes a file to be shown, and returns where it is.
pub(super) fn write(project: &Project, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    write_with(project, name, |file| file.write_all(bytes))
}

fn write_with(
    project: &Project,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<PathBuf> {
    let path = path_of(project, name);
    let written =
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&path)).and_then(
            |file| {
                let mut file = BufWriter::new(file);
                fill(&mut file)?;
                file.flush()
            },
        );
    written.map(|()| path.clone()).map_err(|error| {
        Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", path.display()))
            .hint("free some space, or make that folder writable")
    })
}

pub(super) fn folder_of(key: &TaskKey) -> String {
    let branch = alfine_git::branch_name(&key.plan, &key.id.0);
    branch.strip_prefix("alfine/").unwrap_or(&branch).to_owned()
}

fn write_transcript(project: &Project, row: &LoopRow, iteration: u32) -> Result<PathBuf> {
    let runs = runs_of(project, row, Some(iteration))?;
    if runs.is_empty() {
        let known = match row.summary.iteration {
            0 => "no iteration has begun yet; wait for the first".to_owned(),
            1 => "there is iteration 1".to_owned(),
            last => format!("there are iterations 1 to {last}"),
        };
        return Err(refused(format!("{} has no transcript of iteration {iteration}", row.task), known));
    }
    let name = format!("{}/transcript-{iteration}.md", folder_of(&row.task));
    let key = &row.task;
    write_with(project, &name, |file| {
        writeln!(file, "# {}, iteration {iteration}: what {} said", printable(&key.to_string()), row.agent)?;
        for run in &runs {
            let path = project.layout.transcript(row.id.as_str(), run.n);
            writeln!(file, "\n*Run {}. As it came: {}*", run.n, path.display())?;
            write_run(file, &row.agent, &path)?;
            match (&run.outcome, &run.message) {
                (None, _) => writeln!(file, "\n*It still runs; open the transcript again for more.*")?,
                (Some(outcome), message) => {
                    let message = message.as_deref().filter(|message| !message.is_empty());
                    let words = message.map(|words| format!(": {}", printable(words))).unwrap_or_default();
                    writeln!(file, "\n**Ended: {outcome}{words}**")?;
                }
            }
        }
        Ok(())
    })
}

fn write_run(file: &mut BufWriter<File>, agent: &str, path: &Path) -> io::Result<()> {
    let mut written = 0u64;
    let mut failed: io::Result<()> = Ok(());
    let mut from = 0;
    loop {
        let read = events_of(agent, path, from, &mut |event| {
            let text = shown(&event);
            if text.is_empty() || failed.is_err() {
                return written < LONGEST;
            }
            written += text.len() as u64;
            failed = file.write_all(text.as_bytes());
            written < LONGEST
        });
        match read {
            Err(error) => return writeln!(file, "\n*It cannot be read: {error}*"),
            Ok(_) if written >= LONGEST => {
                return writeln!(file, "\n*… and more, in the file as it came.*");
            }
            Ok(until) if until == from || failed.is_err() => return failed,
            Ok(until) => from = until,
        }
    }
}

/// An event for a reader; empty for what says nothing to one.
fn shown(event: &AgentEvent) -> String {
    match event {
        AgentEvent::Text { text } => format!("\n{}\n", cut(text, LONGEST_TEXT)),
        AgentEvent::Thinking { text } => {
            let lines: Vec<String> =
                cut(text, LONGEST_TEXT).lines().map(|line| format!("> {line}")).collect();
            format!("\n*Thinks*\n\n{}\n", lines.join("\n"))
        }
        AgentEvent::ToolStarted { name, summary } => {
            let summary = printable(summary);
            let tick = wording::fence(&summary, 1);
            format!("\n- **{}** {tick} {summary} {tick}\n", printable(name))
        }
        AgentEvent::ToolFinished { ok: false } => "  - failed\n".to_owned(),
        AgentEvent::FileTouched { path } => format!("  - changed {}\n", printable(path)),
        AgentEvent::PermissionDenied { tool } => format!("  - denied: {}\n", printable(tool)),
        AgentEvent::Asked(question) => {
            let options: Vec<String> =
                question.options.iter().map(|option| format!("\n> - {}", printable(option))).collect();
            format!("\n*Asks*\n\n> {}\n{}\n", wording::line(&question.text, LONGEST_TEXT), options.concat())
        }
        AgentEvent::Compacted => "\n*Its conversation was cut down to a summary.*\n".to_owned(),
        AgentEvent::WorkLost { what } => format!("\n*{}*\n", alfine_words::work_lost(what)),
        AgentEvent::Retrying { reason } => format!("\n*Tries again: {}*\n", printable(reason)),
        AgentEvent::LimitWarning { utilization } => {
            format!("\n*{:.0} % of the usage limit are used.*\n", utilization * 100.0)
        }
        AgentEvent::SessionStarted { model: Some(model), .. } => format!("\n*Model: {}*\n", printable(model)),
        AgentEvent::SessionStarted { .. }
        | AgentEvent::ToolFinished { ok: true }
        | AgentEvent::CommandEnded { .. }
        | AgentEvent::Usage(_)
        | AgentEvent::Context { .. }
        | AgentEvent::Concluded { .. }
        | AgentEvent::Ended { .. } => String::new(),
    }
}
