//! What is wrong in settings files.

use super::builder::{Builder, LONGEST, Said};
use crate::protocol::lsp_types::{Diagnostic, DiagnosticSeverity, Position, Range, Url};
use crate::{document::Document, picture::Picture, settings_file, snapshot::Checkout, wording};
use alfine_config::ConfigProblem;
use serde_json::json;
use std::collections::BTreeMap;

/// The file of a repository's settings, at its root.
const NAME: &str = "alfine.toml";

/// Finds the problems of all settings files: of open ones as they are in the editor, of others as on the disk.
pub(super) fn all(picture: &Picture, said: &mut Said) -> BTreeMap<Url, Vec<Diagnostic>> {
    let mut all: BTreeMap<Url, Vec<Diagnostic>> = BTreeMap::new();
    for document in picture.documents.values().filter(|document| picture.is_settings(&document.uri)) {
        let problems = settings_file::problems(document);
        let found = problems.iter().map(|problem| of_problem(picture, problem, Some(document)));
        all.insert(document.uri.clone(), found.collect());
    }
    for checkout in &picture.snapshot.checkouts {
        for problem in &checkout.problems {
            let Some((uri, document)) = place(checkout, problem) else { continue };
            if picture.documents.contains_key(&uri) || is_open(picture, checkout, &uri) {
                continue;
            }
            let diagnostic = of_problem(picture, problem, document);
            if said.is_new(&uri, &diagnostic) {
                all.entry(uri).or_default().push(diagnostic);
            }
        }
    }
    all
}

/// The file that a problem is in, with its text if that is known.
fn place<'c>(checkout: &'c Checkout, problem: &ConfigProblem) -> Option<(Url, Option<&'c Document>)> {
    let path = problem.path.as_ref()?;
    let settings = checkout.settings_file.as_deref();
    if *path == checkout.place.root.join(NAME) || *path == checkout.place.real_root.join(NAME) {
        let uri = settings.map(|document| document.uri.clone());
        return Some((uri.or_else(|| Url::from_file_path(path).ok())?, settings));
    }
    Some((Url::from_file_path(path).ok()?, None))
}

/// Says whether a working tree's settings are open, perhaps under another name.
fn is_open(picture: &Picture, checkout: &Checkout, uri: &Url) -> bool {
    let ours = |open: &Url| {
        let place = picture.snapshot.place(open);
        place.is_some_and(|(of, name)| of.place.root == checkout.place.root && name == NAME)
    };
    checkout.settings_file.as_ref().is_some_and(|file| file.uri == *uri) && picture.documents.keys().any(ours)
}

fn of_problem(picture: &Picture, problem: &ConfigProblem, document: Option<&Document>) -> Diagnostic {
    let mut message = wording::sentence(&wording::plain(&problem.message, LONGEST));
    if let Some(suggestion) = &problem.suggestion {
        message.push_str(&format!(" Did you mean `{}`?", wording::line(suggestion, 200)));
    }
    let (code, severity) = match (problem.error, problem.lint) {
        (_, Some(lint)) => (lint.as_str(), DiagnosticSeverity::WARNING),
        (true, None) => {
            message.push_str(" No loop can start with it: fix it, or remove it.");
            ("config-invalid", DiagnosticSeverity::ERROR)
        }
        (false, None) => {
            message.push_str(" It has no effect as it is: fix it, or remove it.");
            ("config-unknown", DiagnosticSeverity::WARNING)
        }
    };
    let data = json!({ "key": problem.key, "suggestion": problem.suggestion });
    Builder::new(code, severity, message).data(data).at(range(picture, problem, document), &picture.client)
}

fn range(picture: &Picture, problem: &ConfigProblem, document: Option<&Document>) -> Range {
    if let Some(document) = document
        && let Some(span) = settings_file::span_of(document, problem)
    {
        return document.range(span, picture.client.encoding);
    }
    let (line, column) = problem.line_column.unwrap_or((1, 1));
    let number = |n: usize| u32::try_from(n.saturating_sub(1)).unwrap_or(u32::MAX);
    let start = Position::new(number(line), number(column));
    Range::new(start, start)
}
