//! What a language server says of a claim: the errors that it does not have on the tree before the work.

use super::{
    Decider, Run, changed_files,
    changes::{Changed, Changes},
    fail, globs, said,
};
use crate::Result;
use alfine_core::{
    finding::Severity,
    material::Material,
    news::News,
    proof::{Answer, CheckProof, Control, ControlKind, Said, Standing},
    signature,
};
use alfine_git::ChangeKind;
use alfine_verify::{VerifierExit, VerifierKind, VerifierResult, VerifierSpec};

impl Decider {
    /// The checks, where some are about the changed files with the names of these.
    pub(super) fn with_changed_files(
        &self,
        mut specs: Vec<VerifierSpec>,
        base: &str,
        claimed: &str,
    ) -> Result<Vec<VerifierSpec>> {
        if !specs.iter().any(|spec| matches!(spec.kind, VerifierKind::Diagnostics { .. })) {
            return Ok(specs);
        }
        let changed = self.repository.files_changed(base, claimed, &self.own)?;
        let there = changed.into_iter().filter(|file| file.kind != ChangeKind::Deleted);
        let paths: Vec<String> =
            there.filter_map(|file| file.path.into_os_string().into_string().ok()).collect();
        for spec in &mut specs {
            if let VerifierKind::Diagnostics { globs: wanted, files, .. } = &mut spec.kind {
                let is_wanted = globs(wanted);
                let meant = paths.iter().filter(|path| wanted.is_empty() || is_wanted.is_match(path));
                *files = Some(meant.cloned().collect());
            }
        }
        Ok(specs)
    }
}

impl Run<'_> {
    /// What the server says of the claimed tree. What it says of the tree before, too, is no fault of the work.
    pub(super) fn diagnose(
        &mut self,
        spec: &VerifierSpec,
        [base, claimed]: [&str; 2],
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<VerifierResult>> {
        let Some(mut result) = self.on(spec, claimed)? else { return Ok(None) };
        if result.answer() != Answer::Failed {
            return Ok(Some(result));
        }
        let Some(before) = self.on_base(spec, base, tell)? else { return Ok(Some(result)) };
        let mut old = before.findings;
        for finding in &mut result.findings {
            // Each error of before excuses one.
            if let Some(left) = old.get_mut(&signature::without_line(finding)).filter(|left| **left > 0) {
                *left -= 1;
                finding.severity = Severity::Information;
                finding.message.insert_str(0, "there before the work, too: ");
            }
        }
        // New ones first.
        result.findings.sort_by_key(|finding| finding.severity != Severity::Error);
        let new = result.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors = new.count();
        result.exit = VerifierExit::Diagnosed { errors };
        result.passed = errors == 0;
        Ok(Some(result))
    }

    /// What the answer of a server that has no new errors is worth: it must stay so, and by itself proves no work. Where the
    /// loop changed what tells servers what is an error, they are asked again with that as it was.
    pub(super) fn control_of_diagnostics(
        &mut self,
        spec: &VerifierSpec,
        result: &mut VerifierResult,
        base: &str,
        changes: &Changes<'_>,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<CheckProof>> {
        let now = said(result);
        let before = self.on_base(spec, base, tell)?;
        let mut controls = self.made_on_base(before.as_ref());
        // A test is one of the files that the server looks at.
        let is_looked_at = |file: &Changed, is: Material| match is {
            Material::Test | Material::Snapshot => !self.decider.material.is_match(&file.path),
            Material::InSource => true,
            Material::Script
            | Material::Configuration
            | Material::Manifest
            | Material::Commands
            | Material::Pipeline
            | Material::Suppression => false,
        };
        let decides = |file: &&Changed| {
            file.is.is_some_and(|is| !is_looked_at(file, is) && !self.decider.may_change.has(&file.path, is))
        };
        let material: Vec<&Changed> = changes.all.iter().filter(decides).collect();
        let mut standing = match &before {
            Some(before) if before.answer != Answer::NotRun => Standing::Guard,
            Some(_) | None => Standing::Unproven,
        };
        if let (Some(before), false) = (&before, material.is_empty()) {
            let tree = changes.work_alone(&material)?.tree;
            if let Some(as_before) = self.ask(ControlKind::WorkAlone, spec, &tree, tell)? {
                controls.push(Control { control: ControlKind::WorkAlone, run: as_before.on(&tree) });
                if hides(&as_before, &now, before) {
                    standing = Standing::Weakened { tests: Vec::new() };
                }
            }
        }
        if self.context.cancel.is_cancelled() {
            return Ok(None);
        }
        let proof = CheckProof {
            check: spec.name.clone(),
            standing,
            work: Some(now.on(&self.decider.claimed)),
            controls,
            material: changed_files(&material),
            opinion: None,
            pictures: Vec::new(),
        };
        if proof.is_refused() {
            fail(result, &proof, changes.places(&material)?, self.decider.explained);
        }
        Ok(Some(proof))
    }
}

/// Whether there are errors with the configuration of before that are hidden now, and that the work brought.
fn hides(as_before: &Said, now: &Said, before: &Said) -> bool {
    let count = |said: &Said, what: &String| said.findings.get(what).copied().unwrap_or_default();
    as_before.findings.iter().any(|(what, times)| *times > count(now, what).max(count(before, what)))
}
