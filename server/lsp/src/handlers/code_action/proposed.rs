//! What a client asks for at a place, and an action that is proposed there.

use crate::protocol::lsp_types::{
    CodeActionKind, CodeActionParams, CodeActionTriggerKind, Command, Diagnostic, NumberOrString,
    WorkspaceEdit,
};
use crate::{client::ClientView, document::Document, picture::Picture};

/// The kind of what is done with tasks and loops.
pub(crate) const ALFINE: CodeActionKind = CodeActionKind::new("alfine");
/// The kind of the action that fixes all findings on a plan whose fix needs no decision.
pub(crate) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.alfine");
/// What our diagnostics name as their source.
const SOURCE: &str = "alfine";

/// What was asked.
pub(super) struct Asked<'a> {
    pub(super) picture: &'a Picture,
    pub(super) document: &'a Document,
    pub(super) params: &'a CodeActionParams,
}

impl<'a> Asked<'a> {
    pub(super) fn client(&self) -> &'a ClientView {
        &self.picture.client
    }

    /// The diagnostics of ours at the place, each with its code.
    pub(super) fn ours(&self) -> impl Iterator<Item = (&'a Diagnostic, &'a str)> {
        self.params.context.diagnostics.iter().filter(|diagnostic| is_ours(diagnostic)).map(|diagnostic| {
            let code = match &diagnostic.code {
                Some(NumberOrString::String(code)) => code.as_str(),
                _ => "",
            };
            (diagnostic, code)
        })
    }

    /// The diagnostics of other servers at the place.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a Diagnostic> {
        self.params.context.diagnostics.iter().filter(|diagnostic| !is_ours(diagnostic))
    }

    /// The text that is selected; empty if there is only a cursor.
    pub(super) fn selected(&self) -> &'a str {
        self.document.span(self.params.range, self.client().encoding).of(&self.document.text)
    }

    pub(super) fn wants(&self, kind: &CodeActionKind) -> bool {
        let Some(only) = &self.params.context.only else { return true };
        let kind = kind.as_str();
        only.iter().any(|only| {
            let rest = kind.strip_prefix(only.as_str());
            only.as_str().is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    pub(super) fn is_automatic(&self) -> bool {
        self.params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC)
    }
}

fn is_ours(diagnostic: &Diagnostic) -> bool {
    diagnostic.source.as_deref() == Some(SOURCE)
}

/// What an action does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Does {
    Edit(Box<WorkspaceEdit>),
    Command(Command),
    /// Nothing, for this reason.
    Nothing(String),
}

/// An action, before it is known what the client takes.
#[derive(Debug, Clone)]
pub(super) struct Proposed {
    pub(super) title: String,
    pub(super) kind: CodeActionKind,
    pub(super) does: Does,
    pub(super) mends: Vec<Diagnostic>,
    pub(super) preferred: bool,
}

impl Proposed {
    pub(super) fn new(kind: CodeActionKind, title: impl Into<String>, does: Does) -> Self {
        Self { title: title.into(), kind, does, mends: Vec::new(), preferred: false }
    }

    pub(super) fn command(kind: CodeActionKind, command: Command, refused: Option<String>) -> Self {
        let title = command.title.clone();
        Self::new(kind, title, refused.map_or(Does::Command(command), Does::Nothing))
    }

    pub(super) fn edit(kind: CodeActionKind, title: impl Into<String>, edit: WorkspaceEdit) -> Self {
        Self::new(kind, title, Does::Edit(Box::new(edit)))
    }

    pub(super) fn mends(mut self, diagnostic: Option<&Diagnostic>) -> Self {
        self.mends = diagnostic.cloned().into_iter().collect();
        self
    }

    pub(super) fn preferred(mut self, preferred: bool) -> Self {
        self.preferred = preferred;
        self
    }
}
