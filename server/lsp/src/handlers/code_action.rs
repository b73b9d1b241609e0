//! `textDocument/codeAction`: what can be done at a place, and what fixes a diagnostic.

mod plans;
mod proposed;
mod settings;
mod start_here;
mod tasks;

pub(crate) use proposed::{ALFINE, FIX_ALL};

use crate::protocol::lsp_types::{
    CodeAction, CodeActionDisabled, CodeActionKind, CodeActionOrCommand, CodeActionParams,
};
use crate::{picture::Picture, wording};
use proposed::{Asked, Does, Proposed};

/// All kinds, as the server announces them.
pub(crate) const KINDS: [CodeActionKind; 3] = [CodeActionKind::QUICKFIX, ALFINE, FIX_ALL];

/// The actions at a place of a document; empty if the document is neither open nor known.
pub(crate) fn code_action(picture: &Picture, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let Some(document) = picture.document(&params.text_document.uri) else { return Vec::new() };
    let asked = Asked { picture, document, params };
    let mut proposed = Vec::new();
    tasks::propose(&asked, &mut proposed);
    plans::propose(&asked, &mut proposed);
    settings::propose(&asked, &mut proposed);
    start_here::propose(&asked, &mut proposed);
    answered(&asked, proposed)
}

/// The actions as this client takes them.
fn answered(asked: &Asked<'_>, proposed: Vec<Proposed>) -> Vec<CodeActionOrCommand> {
    let mut kept: Vec<Proposed> = Vec::new();
    for action in proposed.into_iter().filter(|action| asked.wants(&action.kind)) {
        // One action can fix several diagnostics of the range. It is offered once, with all of them.
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
        // An action that is not possible is shown with its reason, but only if the user asked for the actions, and the
        // client can show disabled ones.
        Does::Nothing(_) if !client.disabled_code_actions || asked.is_automatic() => return None,
        Does::Nothing(reason) => {
            literal.is_preferred = None;
            literal.disabled =
                Some(CodeActionDisabled { reason: wording::sentence(&wording::capitalized(&reason)) });
        }
    }
    Some(CodeActionOrCommand::CodeAction(literal))
}

#[cfg(test)]
mod tests;
