//! What proves a criterion, as hover and inlay hints show it.

use crate::{picture::Picture, snapshot::LoopPicture, wording};
use alfine_core::{breaker, task::TaskStatus, time::Moment};
use alfine_engine::view::{CriterionProof, CriterionState};
use alfine_store::VerificationRow;
use std::time::Duration;

/// The evidence of one criterion.
#[derive(Debug)]
pub(crate) struct Evidence<'p> {
    /// What it comes to; of several checks the worst decides.
    pub proof: CriterionProof,
    /// The last answer of each check that is bound to the criterion, with what it comes to.
    pub rows: Vec<Answer<'p>>,
}

/// The answer of one check.
#[derive(Debug)]
pub(crate) struct Answer<'p> {
    /// Its row.
    pub row: &'p VerificationRow,
    /// How far it proves the criterion.
    pub state: CriterionState,
    proof: CriterionProof,
}

impl<'p> Evidence<'p> {
    /// Finds the evidence of a criterion by its number from 0 and its text; `None` if nothing says anything of it, or if
    /// the work that it is about was thrown away.
    pub(crate) fn of(looped: &'p LoopPicture, index: usize, text: &str) -> Option<Self> {
        if looped.row.status == TaskStatus::Discarded {
            return None;
        }
        let evidence = looped.proof();
        let answer = |row: &'p VerificationRow| Answer {
            row,
            state: evidence.state_of(row),
            proof: evidence.proof_of(row),
        };
        let rows = evidence.about(index, text).map(answer).collect();
        Some(Self { proof: evidence.proof(index, text)?, rows })
    }

    /// What each check says of it, in Markdown, or plain. `is_named` says whether the reader sees a check's name already.
    pub(crate) fn told(
        &self,
        picture: &Picture,
        is_named: impl Fn(&VerificationRow) -> bool,
        markdown: bool,
    ) -> Vec<String> {
        if self.rows.is_empty() {
            return vec![said(&self.proof.why, markdown)];
        }
        self.rows.iter().map(|answer| answer.told(picture, !is_named(answer.row), markdown)).collect()
    }
}

impl Answer<'_> {
    fn told(&self, picture: &Picture, named: bool, markdown: bool) -> String {
        let row = self.row;
        let ended = Moment(row.started_at.0).after(Duration::from_millis(row.duration_ms));
        let verifier = match (named, markdown) {
            (false, _) => String::new(),
            (true, true) => wording::code(&row.verifier, 200) + " ",
            (true, false) => wording::line(&row.verifier, 200) + " ",
        };
        format!(
            "{verifier}{}; it ran for {}, {} ago ({})",
            said(&self.proof.why, markdown),
            breaker::span(Duration::from_millis(row.duration_ms)),
            wording::ago(ended, picture.now),
            picture.clock(ended),
        )
    }
}

fn said(why: &str, markdown: bool) -> String {
    if markdown { wording::markdown(why, 600) } else { wording::line(why, 600) }
}
