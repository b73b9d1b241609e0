//! `alfine.startHere`: a task about a place in a file, written into the inbox, and its loop started.
//!
//! What stands at the place, and what another server says of it, is data: it is quoted so that it can make no heading,
//! no task and no command.

use super::{
    Commands, START_HERE,
    arguments::StartHere,
    asking::Attempt,
    execute::status_of,
    finish::edit_of,
    refusal::{Refusal, defect},
    saved::open_at,
    start::{Ready, look_at, start_one},
};
use crate::{document::Document, picture::Picture, position::Encoding};
use alfine_core::{plan, text::Span};
use alfine_engine::{
    Error, ErrorKind,
    project::{PlanFile, Project},
    start::StartOptions,
    trust::printable,
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};
use tower_lsp::lsp_types::{Diagnostic, Range, TextEdit, WorkspaceEdit};

/// The inbox's path from the repository's root.
pub(super) const INBOX: &str = ".alfine/plans/inbox.md";
/// What a new inbox begins with.
const HEAD: &str = "# Inbox\n\nTasks that were started from a place in a file.\n";
/// The longest title, in characters.
const TITLE: usize = 72;
/// The longest quotation, in characters.
const QUOTED: usize = 4000;
/// The longest message of another server, in characters.
const MESSAGE: usize = 300;
/// What marks a comment that asks for work.
const MARKERS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// What a task is about.
struct Subject<'a> {
    /// The file's path from the root.
    name: &'a str,
    /// The lines, from 1.
    lines: (u32, u32),
    /// What stands there.
    quoted: String,
    /// Whether the user selected it.
    selected: bool,
    diagnostic: Option<&'a Diagnostic>,
    prompt: Option<&'a str>,
}

impl Commands {
    /// Writes a task about a place, and starts it.
    pub(super) async fn start_here(&self, given: StartHere) -> Result<Value, Refusal> {
        let (place, name) = self.place_of_document(&given.uri).await?;
        let about = format!("{name}:{}", given.range.start.line.saturating_add(1));
        let given = Arc::new(given);
        let (pictures, look) = (self.pictures.clone(), Arc::clone(&given));
        let named = name.clone();
        // First everything is asked and refused; then the task is written.
        let asked = self
            .asking(&place, &about, START_HERE, None, move |project, include| {
                let picture = pictures();
                let (file, id, _) = with_task(project, &picture, &look, &named)?;
                let task = file.plan.tasks.iter().find(|task| task.id.0 == id);
                let task = task.ok_or_else(|| defect("the task that was written is not found again"))?;
                match look_at(project, &picture, &file, task, &StartOptions::default(), include)? {
                    Ready::Ask(to_ask) => Ok(to_ask),
                    Ready::Go(_) => Ok(Attempt::Done(json!(include))),
                }
            })
            .await?;
        let include = asked.as_bool();
        let edited = self.write_into_buffer(&place, &given, &name).await?;
        let (pictures, program) = (self.pictures.clone(), self.program.clone());
        self.writers
            .run(&place, move |project| {
                let picture = pictures();
                let (file, id) = match edited {
                    Some(edited) => edited,
                    None => {
                        let (_, id, addition) = with_task(project, &picture, &given, &name)?;
                        let text = append(project, &addition)?;
                        (plan_file(project, text), id)
                    }
                };
                let task = file.plan.tasks.iter().find(|task| task.id.0 == id).cloned();
                let task = task.ok_or_else(|| defect("the task that was written is not found again"))?;
                let key = file.key(&task);
                let options = StartOptions::default();
                let started = start_one(project, &picture, &file, &task, &options, include, &program)?;
                if started.is_some() {
                    return Err(Refusal::new(
                        format!("{key} was written and not started: what it would run changed meanwhile"),
                        format!("start it: alfine run {key}"),
                    ));
                }
                Ok(json!({ "task": key, "status": status_of(project, &key)? }))
            })
            .await
    }

    /// Adds the task to the inbox as the editor has it, if it is open there.
    async fn write_into_buffer(
        &self,
        place: &super::writer::Place,
        given: &Arc<StartHere>,
        name: &str,
    ) -> Result<Option<(PlanFile, String)>, Refusal> {
        let (pictures, given, name) = (self.pictures.clone(), Arc::clone(given), name.to_owned());
        let found = self
            .writers
            .run(place, move |project| {
                let picture = pictures();
                let open = open_at(&picture, &project.repository.workdir().join(INBOX)).cloned();
                let Some(open) = open else { return Ok(None) };
                let (file, id, addition) = with_task(project, &picture, &given, &name)?;
                Ok(Some((open, file, id, addition, picture.client.clone())))
            })
            .await?;
        let Some((open, file, id, addition, client)) = found else { return Ok(None) };
        if !client.apply_edit {
            return Err(Refusal::new(
                format!("{INBOX} is open, and this editor does not let a server edit it"),
                "close it, then start again",
            ));
        }
        let edit = at_the_end(&open, &addition, client.encoding, client.versioned_edits);
        let title = format!("Add {id} to the inbox");
        self.editor.apply_edit(&title, edit).await.map_err(|why| {
            Refusal::new(
                format!("{INBOX} is open and could not be edited: {why}"),
                "save and close it, then start again",
            )
        })?;
        Ok(Some((file, id)))
    }
}

fn at_the_end(open: &Document, addition: &str, encoding: Encoding, versioned: bool) -> WorkspaceEdit {
    let end = open.lines.position(&open.text, open.text.len(), encoding);
    let edit = TextEdit { range: Range::new(end, end), new_text: addition.to_owned() };
    edit_of(open, vec![edit], versioned)
}

/// The inbox with the task in it, not written yet; the task's id, and what is to be added.
fn with_task(
    project: &Project,
    picture: &Picture,
    given: &StartHere,
    name: &str,
) -> Result<(PlanFile, String, String), Refusal> {
    let path = project.repository.workdir().join(INBOX);
    let inbox = match open_at(picture, &path) {
        Some(open) => open.text.clone(),
        None => fs::read_to_string(&path).unwrap_or_default(),
    };
    let (quoted, lines) = place_in(project, picture, given, name)?;
    let subject = Subject {
        name,
        lines,
        selected: given.range.start != given.range.end,
        quoted,
        diagnostic: given.diagnostic.as_ref(),
        prompt: given.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty()),
    };
    let id = free_id(project, &inbox)?;
    let addition = addition(&inbox, &id, &subject);
    Ok((plan_file(project, format!("{inbox}{addition}")), id, addition))
}

fn plan_file(project: &Project, text: String) -> PlanFile {
    PlanFile {
        name: INBOX.to_owned(),
        path: project.repository.workdir().join(INBOX),
        plan: plan::parse_markdown(&text),
        text,
    }
}

/// What stands at a place, and in which lines.
fn place_in(
    project: &Project,
    picture: &Picture,
    given: &StartHere,
    name: &str,
) -> Result<(String, (u32, u32)), Refusal> {
    let encoding = picture.client.encoding;
    let read;
    let document: &Document = match picture.documents.get(&given.uri) {
        Some(open) => open,
        None => {
            let path = project.repository.workdir().join(name);
            let bytes = fs::read(&path).map_err(|error| {
                Refusal::new(format!("{name} cannot be read: {error}"), "save it first, then start again")
            })?;
            read = Document::new(given.uri.clone(), None, String::from_utf8_lossy(&bytes).into_owned());
            &read
        }
    };
    let span = document.span(given.range, encoding);
    let count = u32::try_from(document.lines.count()).unwrap_or(u32::MAX);
    let (first, last) =
        (given.range.start.line.min(given.range.end.line), given.range.end.line.max(given.range.start.line));
    let lines = (first.saturating_add(1).min(count), last.saturating_add(1).min(count));
    let text = match span.start == span.end {
        false => Span::new(span.start, span.end).of(&document.text),
        true => document.lines.line(&document.text, usize::try_from(first).unwrap_or(usize::MAX)),
    };
    Ok((text.to_owned(), lines))
}

/// An id that neither the inbox nor the database has.
fn free_id(project: &Project, inbox: &str) -> Result<String, Refusal> {
    let known = project.store.tasks_of(INBOX)?;
    let plan = plan::parse_markdown(inbox);
    let ids =
        known.iter().map(|row| row.key.id.0.as_str()).chain(plan.tasks.iter().map(|task| task.id.0.as_str()));
    let last = ids.filter_map(|id| id.strip_prefix("HERE-")?.parse::<u32>().ok()).max().unwrap_or(0);
    Ok(format!("HERE-{:03}", last.saturating_add(1)))
}

/// Appends to the inbox on the disk, and returns its text. One process at a time does.
fn append(project: &Project, addition: &str) -> Result<String, Refusal> {
    let path = project.repository.workdir().join(INBOX);
    append_to(&path, addition).map_err(|error| {
        Refusal::Failed(
            Error::new(ErrorKind::Store, format!("{INBOX} cannot be written: {error}"))
                .hint("make the folder .alfine writable; nothing was started"),
        )
    })
}

fn append_to(path: &Path, addition: &str) -> std::io::Result<String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    file.write_all(addition.as_bytes())?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a task, to stand behind a text.
fn addition(inbox: &str, id: &str, subject: &Subject<'_>) -> String {
    let mut text = match inbox {
        "" => HEAD.to_owned(),
        inbox if inbox.ends_with('\n') => String::new(),
        _ => "\n".to_owned(),
    };
    let name = one_line(subject.name, QUOTED);
    let (first, last) = subject.lines;
    let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
    let _ = write!(text, "\n### {id}: {}\n\nIn `{name}`, {lines}:\n\n", title(subject));
    quote(&mut text, &subject.quoted);
    if let Some(prompt) = subject.prompt {
        text.push_str("\nWhat is to be done:\n\n");
        quote(&mut text, prompt);
    }
    text.push_str("\nAcceptance criteria:\n");
    match (subject.diagnostic, marker(&subject.quoted)) {
        (Some(diagnostic), _) => {
            let source = diagnostic.source.as_deref().unwrap_or("the language server");
            let _ = writeln!(
                text,
                "- [ ] {} reports `{}` at {name}:{first} no more",
                one_line(source, TITLE),
                one_line(&diagnostic.message, MESSAGE)
            );
        }
        (None, Some((word, _))) if subject.prompt.is_none() => {
            let _ = writeln!(
                text,
                "- [ ] what the {word} comment at {name}:{first} asks for is there, and the comment is gone"
            );
        }
        _ => {
            let _ = writeln!(text, "- [ ] what is asked for at {name}:{first} is there");
        }
    }
    text
}

fn title(subject: &Subject<'_>) -> String {
    let first_line =
        |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    let of_comment = || marker(&subject.quoted).filter(|_| !subject.selected).map(|(_, text)| text);
    let words = subject
        .prompt
        .map(first_line)
        .or_else(|| Some(format!("Mend: {}", first_line(&subject.diagnostic?.message))))
        .or_else(of_comment)
        .unwrap_or_else(|| first_line(&subject.quoted));
    // Nothing at the beginning that a title could be read as something else by, such as a ticked box.
    let words = one_line(&words, TITLE);
    let words = words.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(['#', ' ']);
    match words {
        "" => format!("Look at {}", one_line(subject.name, TITLE)),
        words => words.to_owned(),
    }
}

/// The word that marks a comment which asks for work, and what it asks for.
fn marker(text: &str) -> Option<(&'static str, String)> {
    text.lines().find_map(|line| {
        let (at, word) = MARKERS.iter().filter_map(|word| Some((line.find(word)?, *word))).min()?;
        let rest = line.get(at + word.len()..)?;
        // TODO(name): text
        let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_, rest)) => rest,
            None => rest,
        };
        let rest =
            rest.trim_start_matches([':', ' ', '-']).trim_end_matches("*/").trim_end_matches("-->").trim();
        Some((word, rest.to_owned()))
    })
}

fn quote(text: &mut String, quoted: &str) {
    let quoted = match quoted.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}\n…", quoted.get(..at).unwrap_or(quoted)),
        None => quoted.to_owned(),
    };
    let fence = fence(&quoted);
    let _ = writeln!(text, "{fence}text");
    for line in quoted.lines() {
        text.push_str(line);
        text.push('\n');
    }
    let _ = writeln!(text, "{fence}");
}

/// A fence that nothing in a text can end.
pub(super) fn fence(text: &str) -> String {
    fence_of(text, 3)
}

/// More backticks than stand anywhere in a text in a row, and at least so many.
pub(super) fn fence_of(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(least))
}

/// A text in one line, without what could end inline code.
fn one_line(text: &str, longest: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = printable(&text).replace('`', "’");
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(&text).trim_end()),
        None => text,
    }
}
