//! What proves a criterion, as hover and inlay hints show it.

use crate::{picture::Picture, snapshot::LoopPicture, wording};
use alfine_core::{breaker, task::TaskStatus, time::Moment};
use alfine_engine::{view, view::CriterionState};
use alfine_store::VerificationRow;
use std::time::Duration;

/// The evidence of one criterion; the worst decides.
#[derive(Debug)]
pub(crate) struct Evidence<'p> {
    /// How far it is proven.
    pub state: CriterionState,
    /// The latest result of each verifier that is bound to the criterion, each with its own state.
    pub rows: Vec<(&'p VerificationRow, CriterionState)>,
}

impl<'p> Evidence<'p> {
    /// Finds the evidence of a criterion by its number from 0 and its text; `None` if no verifier looked at it, or if
    /// the work that it looked at was thrown away.
    pub(crate) fn of(looped: &'p LoopPicture, index: usize, text: &str) -> Option<Self> {
        if looped.row.status == TaskStatus::Discarded {
            return None;
        }
        let tree = looped.tree.as_deref();
        let state = view::criterion_state(&looped.evidence, index, text, tree)?;
        let about = looped.evidence.iter().filter(|row| view::proves(row, index, text));
        Some(Self { state, rows: about.map(|row| (row, view::state_of(row, tree))).collect() })
    }
}

/// Says what one verifier found, when, and of which tree: a sentence in Markdown, or plain. `named`: with its name.
pub(crate) fn told(
    picture: &Picture,
    row: &VerificationRow,
    state: CriterionState,
    named: bool,
    markdown: bool,
) -> String {
    let code = |text: &str| if markdown { wording::code(text, 200) } else { wording::line(text, 200) };
    let ended = Moment(row.started_at.0).after(Duration::from_millis(row.duration_ms));
    let exit = match row.exit {
        Some(exit) => format!("ended with exit status {exit}"),
        None => "did not end by itself".to_owned(),
    };
    let tree = match row.tree.char_indices().nth(7) {
        Some((at, _)) => format!("{}…", row.tree.get(..at).unwrap_or_default()),
        None => row.tree.clone(),
    };
    let (mark, fresh) = match state {
        CriterionState::Stale => ("stale", "the files have changed since"),
        CriterionState::Failed => ("failed", "the agent has to fix it"),
        _ => ("verified", "nothing has changed since"),
    };
    let verifier = if named { code(&row.verifier) + " " } else { String::new() };
    format!(
        "{mark}: {verifier}{exit} after {}, {} ago ({}), on tree {}; {fresh}",
        breaker::span(Duration::from_millis(row.duration_ms)),
        wording::ago(ended, picture.now),
        picture.clock(ended),
        code(&tree),
    )
}
