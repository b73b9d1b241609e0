//! What the pages of a claim show in a browser, beside what they showed before the work.

use super::{Run, said};
use crate::Result;
use alfine_core::{
    news::News,
    proof::{CheckProof, Runs},
};
use alfine_verify::{Pages, VerifierExit, VerifierKind, VerifierResult, VerifierSpec};

/// How much of a tree's id the names of its pictures have.
const ID: usize = 10;

impl Run<'_> {
    /// Looks at the pages of the claimed tree, and keeps a picture of each.
    pub(super) fn browse(
        &mut self,
        spec: &VerifierSpec,
        pages: &Pages,
        claimed: &str,
    ) -> Result<Option<VerifierResult>> {
        let id = self.decider.claimed.get(..ID).unwrap_or_default();
        let is_word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = spec.name.chars().map(is_word).collect();
        let pictures = self.decider.evidence.as_ref().map(|folder| folder.join(format!("page-{name}-{id}")));
        let pages = Pages { pictures, ..pages.clone() };
        self.on(&VerifierSpec { kind: VerifierKind::Browser { pages }, ..spec.clone() }, claimed)
    }

    /// What it is worth that the pages are as expected: red before the work, it is proven. What serves them is no check of its
    /// own, so nothing is swapped.
    pub(super) fn control_of_pages(
        &mut self,
        spec: &VerifierSpec,
        result: &VerifierResult,
        base: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<CheckProof>> {
        let before = self.on_base(spec, base, tell)?;
        if self.context.cancel.is_cancelled() {
            return Ok(None);
        }
        let work = said(result);
        let controls = self.made_on_base(before.as_ref());
        let pictures = match &result.exit {
            VerifierExit::Browsed { pictures, .. } => pictures.clone(),
            _ => Vec::new(),
        };
        Ok(Some(CheckProof {
            check: spec.name.clone(),
            standing: Runs::new(work.clone(), before).standing(),
            work: Some(work.on(&self.decider.claimed)),
            controls,
            material: Vec::new(),
            opinion: None,
            pictures,
        }))
    }
}
