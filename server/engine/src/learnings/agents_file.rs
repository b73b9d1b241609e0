//! The proposal for `AGENTS.md`: every later agent obeys that file, so nothing gets into it but by the user's word.

use crate::{Error, ErrorKind, Result, project::Project};
use alfine_core::{
    learning::{self, Kind, Learning},
    task::TaskStatus,
    time::Moment,
};
use alfine_files::plain_file::{self, Folder, LARGEST_TEXT};
use alfine_store::{LoopRow, Millis, OwnWriteRow, Reader};
use alfine_words as words;
use std::{
    io::{self, Write},
    path::Path,
};

/// The file.
pub const FILE: &str = "AGENTS.md";
/// Its new text until that is whole.
const UNFINISHED: &str = ".AGENTS.md.alfine";
/// How many learnings are proposed, and how much of what agents said.
const MOST: usize = 20;
/// What was seen less often is proposed to nobody.
const LEAST_TIMES: u32 = 2;
/// The longest text of an agent that is proposed, in characters.
const LONGEST: usize = 300;

/// A proposal for `AGENTS.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is proposed, each by what it is known by.
    pub about: Vec<String>,
    /// The file's text now; `None` if there is none.
    pub before: Option<String>,
    /// The file's text then.
    pub after: String,
}

impl Proposal {
    /// The proposal in git's patch format.
    pub fn patch(&self) -> Result<String> {
        Ok(alfine_git::patch_of_texts(Path::new(FILE), self.before.as_deref(), &self.after)?)
    }
}

/// What there is to propose; `None` if that is nothing, or is in the file already.
pub fn proposal(project: &Project) -> Result<Option<Proposal>> {
    let (about, body) = proposed(&project.store)?;
    if about.is_empty() {
        return Ok(None);
    }
    let before = read(project.repository.workdir()).map_err(|error| failed("read", &error))?;
    let Some(after) = learning::with_section(before.as_deref().unwrap_or_default(), &body) else {
        let message = format!("{FILE} has the marks of what was learned more than once, or only one of them");
        return Err(Error::user(message).hint("remove all lines with `alfine:learned` from it"));
    };
    Ok((before.as_ref() != Some(&after)).then_some(Proposal { about, before, after }))
}

/// Whether it is time to say that there is something to propose: learning is on, enough iterations ended since the last answer,
/// and there is something that was not in that.
pub fn is_due(project: &Project) -> Result<bool> {
    let config = alfine_config::load_what_is_valid(&project.layers()).config;
    if !config.learning.enabled || !config.progress_log.enabled {
        return Ok(false);
    }
    let last = project.store.last_proposal()?;
    let since = project.store.ended_iterations()? - last.as_ref().map_or(0, |last| last.entries);
    if since <= i64::from(config.progress_log.consolidation_threshold) {
        return Ok(false);
    }
    let answered = last.map(|last| last.about).unwrap_or_default();
    Ok(proposed(&project.store)?.0.iter().any(|about| !answered.contains(about)))
}

/// Writes a proposal into the working tree, as an uncommitted change, or notes down that the user does not want it.
pub fn answer(project: &mut Project, proposal: &Proposal, accepted: bool) -> Result<()> {
    if accepted {
        let own = OwnWriteRow { file: Some(FILE.to_owned()), ..OwnWriteRow::default() };
        let own = project.store.write(|tx| tx.begin_own_write(&own))?;
        let written = write(project.repository.workdir(), proposal);
        project.store.write(|tx| tx.end_own_write(own, None))?;
        written.map_err(|error| failed("written", &error))?;
    }
    let by = project.repository.user_name();
    Ok(project.store.write(|tx| tx.answer_proposal(&proposal.about, accepted, by.as_deref()))?)
}

/// What is proposed, each by what it is known by, and all of it in Markdown.
fn proposed(store: &Reader) -> Result<(Vec<String>, String)> {
    let now = Moment(Millis::now().0);
    let mut seen: Vec<Learning> = store.learnings()?;
    seen.retain(|learning| learning.times >= LEAST_TIMES);
    seen.sort_by(|a, b| b.weight(now).total_cmp(&a.weight(now)).then(a.id.cmp(&b.id)));
    seen.truncate(MOST);
    let mut about: Vec<String> =
        seen.iter().map(|learning| format!("{} {}", word(learning.kind), learning.key)).collect();
    let mut body = "## Learned in this repository\n".to_owned();
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            body.push_str(&format!("\n{title}\n\n{}", lines.concat()));
        }
    };
    list(
        "Observed by Alfine:",
        seen.iter().map(|learning| format!("- {}\n", words::learned(learning))).collect(),
    );
    let mut said = Vec::new();
    for row in last_merged(store)? {
        if let Some(text) = said_last(store, &row)? {
            about.push(format!("said {}", row.id.as_str()));
            let task = words::text::markdown(&row.task.to_string(), LONGEST);
            said.push(format!("- {} ({task})\n", words::text::markdown(&text, LONGEST)));
        }
    }
    list("Said by agents of work that was merged, and not observed:", said);
    Ok((about, body))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Together => "together",
        Kind::Command => "command",
        Kind::Error => "error",
        Kind::Setup => "setup",
    }
}

/// The loops that were merged last, in their order.
fn last_merged(store: &Reader) -> Result<Vec<LoopRow>> {
    let mut merged = store.last_loops()?;
    merged.retain(|row| row.status == TaskStatus::Merged);
    merged.sort_by_key(|row| row.ended_at);
    let older = merged.len().saturating_sub(MOST);
    Ok(merged.split_off(older))
}

/// What the agent said of its last iteration, as its entry in the progress log has it.
fn said_last(store: &Reader, row: &LoopRow) -> Result<Option<String>> {
    let iterations = store.iterations(&row.id)?;
    let gate = iterations.last().and_then(|last| last.gate.as_ref());
    let said = gate.and_then(|gate| gate.pointer("/gate/progress")?.as_str());
    Ok(said.map(str::trim).filter(|said| !said.is_empty()).map(str::to_owned))
}

fn read(root: &Path) -> io::Result<Option<String>> {
    match Folder::open(root, &[])?.file(FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => String::from_utf8(plain_file::rest(&file?, LARGEST_TEXT)?)
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text")),
    }
}

fn write(root: &Path, proposal: &Proposal) -> io::Result<()> {
    if read(root)? != proposal.before {
        return Err(io::Error::other("it was changed meanwhile"));
    }
    let folder = Folder::open(root, &[])?;
    let known = root.join(FILE).symlink_metadata().ok().map(|known| known.permissions());
    if known.as_ref().is_some_and(std::fs::Permissions::readonly) {
        return Err(io::Error::other("it is read-only"));
    }
    let mut file = folder.file_to_append(UNFINISHED)?;
    if let Some(known) = known {
        file.set_permissions(known)?;
    }
    // What a run that was killed left.
    file.set_len(0)?;
    file.write_all(proposal.after.as_bytes())?;
    file.sync_all()?;
    folder.rename(UNFINISHED, FILE)
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{FILE} cannot be {what}: {error}"))
        .hint("make it a plain file that is writable, and run `alfine learnings propose` again")
}
