//! `alfine.startHere`: a task about a place in a file, written into the inbox, and its loop started.

use super::{Commands, arguments::StartHere, refusal::refused};
use crate::{document::Document, picture::Picture, to_proto::workspace_edit};
use alfine_core::text::{Span, TextEdit};
use alfine_engine::{
    Result,
    inbox::{INBOX, Said, Subject},
    project::Project,
    requests,
};
use alfine_files::plain_file::{self, LARGEST_TEXT};
use serde_json::Value;
use std::path::Path;

impl Commands {
    /// Writes a task about a place, and starts it.
    pub(super) async fn start_here(&self, given: StartHere) -> Result<Value> {
        let (place, name) = self.place_of_document(&given.uri).await?;
        let about = format!("{name}:{}", given.range.start.line.saturating_add(1));
        let pictures = self.pictures.clone();
        let subject =
            self.queues.read(&place, move |project| subject_at(project, &pictures(), given, name)).await?;
        let request = requests::StartHere::new(subject);
        let key = self.drive(&place, &about, "alfine.startHere", request).await?;
        self.where_it_is(&place, key).await
    }

    /// Adds a task to the end of the inbox as the editor has it open.
    pub(super) async fn append_in_buffer(&self, path: &Path, text: &str, id: &str) -> Result<()> {
        let picture = (self.pictures)();
        let close = "close it, then start again";
        let Some(open) = picture.open_at(path) else {
            return Err(refused(format!("{INBOX} was closed just now"), "start again"));
        };
        if !picture.client.apply_edit {
            return Err(refused(
                format!("{INBOX} is open, and this editor does not let a server edit it"),
                close,
            ));
        }
        let end = open.text.len();
        let at_the_end = TextEdit { span: Span::new(end, end), new_text: text.to_owned() };
        let edit = workspace_edit(&picture.client, open, &[at_the_end]);
        self.editor.apply_edit(&format!("Add {id} to the inbox"), edit).await.map_err(|why| {
            refused(format!("{INBOX} is open and could not be edited: {why}"), format!("save it and {close}"))
        })
    }
}

/// Looks at a place, as the editor has it if the file is open there.
fn subject_at(project: &Project, picture: &Picture, given: StartHere, name: String) -> Result<Subject> {
    let read;
    let document: &Document = match picture.documents.get(&given.uri) {
        Some(open) => open,
        None => {
            let path = project.repository.workdir().join(&name);
            let bytes = plain_file::read(&path, LARGEST_TEXT).map_err(|error| {
                refused(format!("{name} cannot be read: {error}"), "save it first, then start again")
            })?;
            read = Document::new(given.uri.clone(), None, String::from_utf8_lossy(&bytes).into_owned());
            &read
        }
    };
    let span = document.span(given.range, picture.client.encoding);
    let count = u32::try_from(document.lines.count()).unwrap_or(u32::MAX);
    let (start, end) = (given.range.start.line, given.range.end.line);
    let (first, last) = (start.min(end), end.max(start));
    let text = match span.start == span.end {
        false => Span::new(span.start, span.end).of(&document.text),
        true => document.lines.line(&document.text, usize::try_from(first).unwrap_or(usize::MAX)),
    };
    let said = given.diagnostic.map(|of| Said { source: of.source, message: of.message });
    Ok(Subject {
        name,
        lines: (first.saturating_add(1).min(count), last.saturating_add(1).min(count)),
        quoted: text.to_owned(),
        selected: given.range.start != given.range.end,
        said,
        prompt: given.prompt.filter(|prompt| !prompt.trim().is_empty()),
    })
}
