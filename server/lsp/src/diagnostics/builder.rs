//! A diagnostic in the making, and what all of them have in common.

use crate::protocol::lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Position, Range,
    Url,
};
use crate::{client::ClientView, document::Document, picture::PlanView, position::Encoding, wording};
use alfine_core::{plan::Task, text::Span};
use serde_json::Value;
use std::collections::HashSet;

/// Who says it.
pub(super) const SOURCE: &str = "alfine";
/// The longest text of somebody else in a message, in characters.
pub(super) const LONGEST: usize = 600;
/// The most other places that a diagnostic names.
pub(super) const MOST_RELATED: usize = 20;

/// What was said of which place: several working trees of one repository say the same.
#[derive(Default)]
pub(super) struct Said(HashSet<(Url, u32, u32, String)>);

impl Said {
    /// Whether this is said for the first time.
    pub(super) fn is_new(&mut self, uri: &Url, said: &Diagnostic) -> bool {
        let Position { line, character } = said.range.start;
        self.0.insert((uri.clone(), line, character, said.message.clone()))
    }
}

pub(super) fn title_range(plan: &PlanView<'_>, task: &Task, encoding: Encoding) -> Range {
    plan.document.range(task.title_span, encoding)
}

pub(super) fn place(document: &Document, span: Span, encoding: Encoding) -> Location {
    Location::new(document.uri.clone(), document.range(span, encoding))
}

/// A diagnostic in the making; what the client cannot take is left out at its end.
pub(super) struct Builder {
    code: String,
    severity: DiagnosticSeverity,
    message: String,
    related: Vec<DiagnosticRelatedInformation>,
    data: Option<Value>,
}

impl Builder {
    pub(super) fn new(
        code: impl Into<String>,
        severity: DiagnosticSeverity,
        message: impl Into<String>,
    ) -> Self {
        Self { code: code.into(), severity, message: message.into(), related: Vec::new(), data: None }
    }

    pub(super) fn related(&mut self, location: Location, message: &str) {
        let message = wording::plain(message, LONGEST);
        self.related.push(DiagnosticRelatedInformation { location, message });
    }

    pub(super) fn data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    pub(super) fn at(self, range: Range, client: &ClientView) -> Diagnostic {
        Diagnostic {
            range,
            severity: Some(self.severity),
            code: Some(NumberOrString::String(self.code)),
            code_description: None,
            source: Some(SOURCE.to_owned()),
            message: self.message,
            related_information: Some(self.related)
                .filter(|related| client.related_information && !related.is_empty()),
            tags: None,
            data: self.data.filter(|_| client.diagnostic_data),
        }
    }
}
