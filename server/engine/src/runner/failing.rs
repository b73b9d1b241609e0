//! What a check that fails on the claimed tree is worth: it may be flaky, and it may have failed before the work, too.

use super::controls::{Run, said};
use crate::Result;
use alfine_core::{
    finding::{Finding, Severity},
    news::News,
    printable::enumerated,
    proof::{Answer, Said, Since, TestOutcome},
};
use alfine_verify::{VerifierExit, VerifierKind, VerifierResult, VerifierSpec, test_report};

/// How often failing tests alone are tried again.
const TRIES: u32 = 5;
/// How often a whole check is tried again whose runner takes no names of tests.
const TRIES_OF_ALL: u32 = 2;

impl Run<'_> {
    /// Whether a check fails only now and then, as it did before the work: then it passes, and says so. Tried again are only
    /// tests that passed before.
    pub(super) fn is_flaky(
        &mut self,
        spec: &VerifierSpec,
        result: &mut VerifierResult,
        [base, claimed]: [&str; 2],
        tell: &mut dyn FnMut(News),
    ) -> Result<bool> {
        let now = said(result);
        let failing: Vec<String> = now.failing().map(str::to_owned).collect();
        if failing.is_empty() {
            return Ok(false);
        }
        let Some(before) = self.on_base(spec, base, tell)? else { return Ok(false) };
        if failing.iter().any(|test| before.of(test) != Some(TestOutcome::Passed)) {
            return Ok(false);
        }
        let kind = self.alone(spec, result, &failing);
        let tries = if kind == spec.kind { TRIES_OF_ALL } else { TRIES };
        let again = VerifierSpec { kind, ..spec.clone() };
        tell(News::TriedAgain { check: spec.name.clone(), tests: failing.clone() });
        let words = match self.fails(&again, claimed, &failing, tries)? {
            None => return Ok(false),
            Some(0) => "passed when tried again",
            Some(_) => match self.fails(&again, base, &failing, tries)? {
                None | Some(0) => return Ok(false),
                Some(_) => "fails now and then without the work, too",
            },
        };
        let named = enumerated(failing.iter().map(|test| format!("`{test}`")));
        result.findings = vec![Finding {
            severity: Severity::Warning,
            code: Some("check-flaky".to_owned()),
            ..Finding::error(format!("flaky: {named} {words}"))
        }];
        result.passed = true;
        result.exit = VerifierExit::Code { code: 0 };
        for case in result.tests.iter_mut().flat_map(|tests| &mut tests.cases) {
            if failing.contains(&case.name) {
                case.outcome = TestOutcome::Passed;
            }
        }
        // What is kept of it must not be a failure that the next loop would take for work to do.
        self.remember(spec, claimed, said(result))?;
        Ok(true)
    }

    /// What a check that passes with the work says before it, if it failed there: asked once more, since what fails by chance is
    /// nothing that the work turned. `None` if that was cancelled.
    pub(super) fn confirmed(
        &mut self,
        spec: &VerifierSpec,
        base: &str,
        before: Said,
        work: &VerifierResult,
    ) -> Result<Option<Said>> {
        if before.answer != Answer::Failed || before.is_confirmed {
            return Ok(Some(before));
        }
        let now = said(work);
        let turned: Vec<String> = before
            .failing()
            .filter(|test| now.of(test) == Some(TestOutcome::Passed))
            .map(str::to_owned)
            .collect();
        let again = VerifierSpec { kind: self.alone(spec, work, &turned), ..spec.clone() };
        let confirmed = match self.fails(&again, base, &turned, 1)? {
            None => return Ok(None),
            Some(0) => before.had_passed(&turned),
            Some(_) => Said { is_confirmed: true, ..before },
        };
        self.remember(spec, base, confirmed.clone())?;
        Ok(Some(confirmed))
    }

    /// What runs these tests alone, where one runner says what it runs and takes their names; else the whole check.
    fn alone(&self, spec: &VerifierSpec, ran: &VerifierResult, tests: &[String]) -> VerifierKind {
        let mut runners = ran.tests.iter().flat_map(|tests| &tests.runners).copied();
        match (&spec.kind, runners.next(), runners.next()) {
            (VerifierKind::Command { command }, Some(runner), None) if !tests.is_empty() => {
                let alone = test_report::only(command, runner, tests);
                alone.map_or_else(|| spec.kind.clone(), |command| VerifierKind::Command { command })
            }
            _ => spec.kind.clone(),
        }
    }

    /// In how many of some runs one of these tests fails; `None` if that was cancelled. None of it is kept.
    fn fails(
        &mut self,
        spec: &VerifierSpec,
        tree: &str,
        tests: &[String],
        tries: u32,
    ) -> Result<Option<u32>> {
        let mut fails = 0;
        for _ in 0..tries {
            let kept = self.answers.len();
            let Some(result) = self.on(spec, tree)? else { return Ok(None) };
            self.answers.truncate(kept);
            let said = said(&result);
            let failed = |test: &String| said.of(test) == Some(TestOutcome::Failed);
            let is_red = said.answer != Answer::Passed && said.failing().next().is_none();
            match result.exit {
                VerifierExit::Interrupted => return Ok(None),
                _ => fails += u32::from(is_red || tests.iter().any(failed)),
            }
        }
        Ok(Some(fails))
    }

    /// Judges a check that belongs to no criterion, and that failed before the work, too, by what is new: it counts as green
    /// if nothing is. Says whether nobody can tell.
    pub(super) fn judge_since(
        &mut self,
        spec: &VerifierSpec,
        result: &mut VerifierResult,
        base: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<bool> {
        if !is_of_the_repository(spec) {
            return Ok(false);
        }
        let Some(before) = self.on_base(spec, base, tell)?.filter(|said| said.answer == Answer::Failed)
        else {
            return Ok(false);
        };
        match said(result).since(&before) {
            Since::Unknown => return Ok(true),
            Since::New(new) => {
                let what = enumerated(new.iter().map(|what| format!("`{what}`")));
                let words = format!("`{}` failed before the work, too; new is: {what}", spec.name);
                result.findings.insert(0, Finding::error(words));
            }
            Since::Same => {
                result.passed = true;
                for finding in &mut result.findings {
                    finding.severity = Severity::Information;
                    finding.message.insert_str(0, "failed before the work, too: ");
                }
            }
        }
        Ok(false)
    }
}

/// Whether a check looks after the whole repository. One that the task names is what the work has to turn.
pub(super) fn is_of_the_repository(spec: &VerifierSpec) -> bool {
    spec.criterion.is_none() && !spec.of_task
}
