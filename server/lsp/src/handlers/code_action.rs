//! `textDocument/codeAction`: what can be done at a place, and what mends a diagnostic.

mod plans;
mod settings;
mod start_here;
mod tasks;

use crate::{client::ClientView, document::Document, picture::Picture};
use tower_lsp::lsp_types::{
    CodeAction, CodeActionDisabled, CodeActionKind, CodeActionOrCommand, CodeActionParams,
    CodeActionTriggerKind, Command, Diagnostic, NumberOrString, WorkspaceEdit,
};

/// The kind of what is done with tasks and loops.
pub const ALFINE: CodeActionKind = CodeActionKind::new("alfine");
/// The kind of the action that mends all of a plan's findings that need no thought.
pub const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.alfine");
/// All kinds, as the server announces them.
pub const KINDS: [CodeActionKind; 3] = [CodeActionKind::QUICKFIX, ALFINE, FIX_ALL];

/// What our diagnostics name as their source.
const SOURCE: &str = "alfine";

/// The actions at a place of a document; none where the document is neither open nor known.
pub fn code_action(picture: &Picture, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let Some(document) = picture.document(&params.text_document.uri) else { return Vec::new() };
    let asked = Asked { picture, document, params };
    let mut proposed = Vec::new();
    tasks::propose(&asked, &mut proposed);
    plans::propose(&asked, &mut proposed);
    settings::propose(&asked, &mut proposed);
    start_here::propose(&asked, &mut proposed);
    answered(&asked, proposed)
}

/// What was asked.
struct Asked<'a> {
    picture: &'a Picture,
    document: &'a Document,
    params: &'a CodeActionParams,
}

impl<'a> Asked<'a> {
    fn client(&self) -> &'a ClientView {
        &self.picture.client
    }

    /// The diagnostics of ours at the place, each with its code.
    fn ours(&self) -> impl Iterator<Item = (&'a Diagnostic, &'a str)> {
        self.params.context.diagnostics.iter().filter(|diagnostic| is_ours(diagnostic)).map(|diagnostic| {
            let code = match &diagnostic.code {
                Some(NumberOrString::String(code)) => code.as_str(),
                _ => "",
            };
            (diagnostic, code)
        })
    }

    /// The diagnostics of other servers at the place.
    fn others(&self) -> impl Iterator<Item = &'a Diagnostic> {
        self.params.context.diagnostics.iter().filter(|diagnostic| !is_ours(diagnostic))
    }

    /// The text that is selected; empty where there is only a cursor.
    fn selected(&self) -> &'a str {
        self.document.span(self.params.range, self.client().encoding).of(&self.document.text)
    }

    fn wants(&self, kind: &CodeActionKind) -> bool {
        let Some(only) = &self.params.context.only else { return true };
        let kind = kind.as_str();
        only.iter().any(|only| {
            let rest = kind.strip_prefix(only.as_str());
            only.as_str().is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    fn is_automatic(&self) -> bool {
        self.params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC)
    }
}

fn is_ours(diagnostic: &Diagnostic) -> bool {
    diagnostic.source.as_deref() == Some(SOURCE)
}

/// What an action does.
#[derive(Debug, Clone, PartialEq)]
enum Does {
    Edit(Box<WorkspaceEdit>),
    Command(Command),
    /// Nothing, for this reason.
    Nothing(String),
}

/// An action, before it is known what the client takes.
#[derive(Debug, Clone)]
struct Proposed {
    title: String,
    kind: CodeActionKind,
    does: Does,
    mends: Vec<Diagnostic>,
    preferred: bool,
}

impl Proposed {
    fn new(kind: CodeActionKind, title: impl Into<String>, does: Does) -> Self {
        Self { title: title.into(), kind, does, mends: Vec::new(), preferred: false }
    }

    fn command(kind: CodeActionKind, command: Command, refused: Option<String>) -> Self {
        let title = command.title.clone();
        Self::new(kind, title, refused.map_or(Does::Command(command), Does::Nothing))
    }

    fn edit(kind: CodeActionKind, title: impl Into<String>, edit: WorkspaceEdit) -> Self {
        Self::new(kind, title, Does::Edit(Box::new(edit)))
    }

    fn mends(mut self, diagnostic: Option<&Diagnostic>) -> Self {
        self.mends = diagnostic.cloned().into_iter().collect();
        self
    }

    fn preferred(mut self, preferred: bool) -> Self {
        self.preferred = preferred;
        self
    }
}

/// The actions as this client takes them.
fn answered(asked: &Asked<'_>, proposed: Vec<Proposed>) -> Vec<CodeActionOrCommand> {
    let mut kept: Vec<Proposed> = Vec::new();
    for action in proposed.into_iter().filter(|action| asked.wants(&action.kind)) {
        // An action is offered once, for all that it mends, and not once more for the place.
        let same = kept.iter_mut().find(|other| other.title == action.title && other.does == action.does);
        let Some(same) = same else {
            kept.push(action);
            continue;
        };
        if same.mends.is_empty() {
            same.kind = action.kind;
        }
        same.preferred |= action.preferred;
        for diagnostic in action.mends {
            if !same.mends.contains(&diagnostic) {
                same.mends.push(diagnostic);
            }
        }
    }
    kept.into_iter().filter_map(|action| taken(asked, action)).collect()
}

fn taken(asked: &Asked<'_>, action: Proposed) -> Option<CodeActionOrCommand> {
    let client = asked.client();
    if !client.code_action_literals {
        return match action.does {
            Does::Command(command) => Some(CodeActionOrCommand::Command(command)),
            Does::Edit(_) | Does::Nothing(_) => None,
        };
    }
    let mut literal = CodeAction {
        title: action.title,
        kind: Some(action.kind),
        diagnostics: (!action.mends.is_empty()).then_some(action.mends),
        is_preferred: (action.preferred && client.preferred_code_actions).then_some(true),
        ..CodeAction::default()
    };
    match action.does {
        Does::Edit(edit) => literal.edit = Some(*edit),
        Does::Command(command) => literal.command = Some(command),
        // What is not possible is only told where somebody looks for it.
        Does::Nothing(_) if !client.disabled_code_actions || asked.is_automatic() => return None,
        Does::Nothing(reason) => {
            literal.is_preferred = None;
            literal.disabled = Some(CodeActionDisabled { reason: sentence(&reason) });
        }
    }
    Some(CodeActionOrCommand::CodeAction(literal))
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut rest = reason.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    // A file's name is written as it is.
    if reason.starts_with("alfine.toml") {
        format!("{reason}.")
    } else {
        format!("{first}{}.", rest.as_str())
    }
}

#[cfg(test)]
mod tests;
