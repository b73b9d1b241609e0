//! What a judge says of a claim, where the other checks say nothing against it: on the claimed tree, and, where it says that
//! something holds, on the tree before the work.

use super::{
    controls::{Run, said},
    judge::{Asked, Judge},
};
use crate::Result;
use alfine_core::{
    judge::{Opinion, Verdict},
    news::News,
    prompt::Brief,
    proof::{Answer, CheckProof, Control, ControlKind, standing_of_verdict},
};
use alfine_verify::{VerifierKind, VerifierResult, VerifierSpec};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// How much of a patch a judge is shown, in bytes. It can read the files themselves.
const PATCH: usize = 200 << 10;
/// How many files are named where the patch is not whole.
const NAMED: usize = 300;

impl Run<'_> {
    /// Asks the judge these questions, once about the work and once about what was there before. The answers, with what each
    /// is worth; `None` if that was cancelled.
    pub(super) fn judge(
        &mut self,
        specs: &[VerifierSpec],
        others: &[VerifierResult],
        [base, claimed]: [&str; 2],
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<Vec<(VerifierResult, Option<CheckProof>)>>> {
        let Some(judge) = &self.decider.judge else {
            let reason = "no judge is named: name an agent in the setting `judge.agent`";
            return Ok(Some(refused(specs, reason)));
        };
        let began = Instant::now();
        let questions: Vec<&str> = specs.iter().map(question).collect();
        let checks: Vec<(String, String)> = others
            .iter()
            .map(|result| {
                let said = if result.passed { "passed".to_owned() } else { result.exit.to_string() };
                (result.name.clone(), said)
            })
            .collect();
        let opinions: Vec<Opinion> =
            match self.ask_judge(judge, &questions, &checks, [base, claimed], tell)? {
                Asked::Answered(opinions) => {
                    opinions.into_iter().map(|opinion| opinion.unwrap_or_else(Opinion::none)).collect()
                }
                Asked::Nothing(reason) => vec![Opinion::none(reason); specs.len()],
                Asked::Unable(reason) => return Ok(Some(refused(specs, &reason))),
                Asked::Cancelled => return Ok(None),
            };
        let objects = self.decider.repository.objects()?;
        let text_at = |path: &str| {
            let path = Path::new(path);
            // What the plan says, or Alfine's own log, shows nothing of the work.
            let is_own = self.decider.own.iter().any(|own| path.starts_with(own));
            if is_own { None } else { objects.text_at(claimed, path).ok().flatten() }
        };
        let by = judge.name();
        let opinions = opinions.into_iter().map(|opinion| opinion.said_by(&by).settled(&text_at));
        let opinions: Vec<Opinion> = opinions.collect();
        let took = began.elapsed() / u32::try_from(specs.len()).unwrap_or(u32::MAX).max(1);
        let holds: Vec<bool> = opinions.iter().map(|opinion| opinion.verdict == Verdict::Verified).collect();
        let Some(before) = self.judged_before(judge, specs, &holds, base, tell)? else { return Ok(None) };
        let mut judged = Vec::new();
        for ((spec, opinion), before) in specs.iter().zip(opinions).zip(before) {
            let result = VerifierResult::judged(spec, opinion.clone(), took);
            let proof = CheckProof {
                check: spec.name.clone(),
                standing: standing_of_verdict(opinion.verdict, before),
                work: Some(said(&result).on(&self.decider.claimed)),
                controls: before
                    .map(|verdict| Control {
                        control: ControlKind::Base,
                        run: said(&answer_of(spec, verdict)).on(&self.decider.base.0),
                    })
                    .into_iter()
                    .collect(),
                material: Vec::new(),
                opinion: Some(opinion),
                pictures: Vec::new(),
            };
            judged.push((result, Some(proof)));
        }
        Ok(Some(judged))
    }

    /// What the judge says of the tree before the work to each question whose answer needs that; `None` if that was cancelled.
    fn judged_before(
        &mut self,
        judge: &Judge,
        specs: &[VerifierSpec],
        wanted: &[bool],
        base: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<Vec<Option<Verdict>>>> {
        let mut before = vec![None; specs.len()];
        let mut open = Vec::new();
        for (n, ((spec, wanted), before)) in specs.iter().zip(wanted).zip(&mut before).enumerate() {
            if *wanted {
                *before = self.known(spec, base)?.map(|known| verdict_of(known.answer));
                open.extend(before.is_none().then_some((n, spec)));
            }
        }
        if open.is_empty() {
            return Ok(Some(before));
        }
        let questions: Vec<&str> = open.iter().map(|(_, spec)| question(spec)).collect();
        let opinions = match self.ask_judge(judge, &questions, &[], [base, base], tell)? {
            Asked::Answered(opinions) => opinions,
            // Then nothing is known of it, and its word proves nothing.
            Asked::Nothing(reason) | Asked::Unable(reason) => {
                tracing::warn!("the judge could not be asked about the tree before the work: {reason}");
                return Ok(Some(before));
            }
            Asked::Cancelled => return Ok(None),
        };
        for ((n, spec), opinion) in open.into_iter().zip(opinions) {
            let Ok(Opinion { verdict, .. }) = opinion else { continue };
            if let Some(before) = before.get_mut(n) {
                *before = Some(verdict);
            }
            self.remember(spec, base, said(&answer_of(spec, verdict)))?;
        }
        Ok(Some(before))
    }

    /// Asks about a tree, beside another one. What the work would tell the judge to do is as it was before.
    fn ask_judge(
        &mut self,
        judge: &Judge,
        questions: &[&str],
        checks: &[(String, String)],
        [base, tree]: [&str; 2],
        tell: &mut dyn FnMut(News),
    ) -> Result<Asked> {
        let decider = self.decider;
        let diff = decider.repository.diff(base, tree, &decider.own, PATCH)?;
        let told: Vec<PathBuf> = diff
            .files
            .iter()
            .map(|file| file.path.clone())
            .filter(|path| judge.is_instruction(path))
            .collect();
        let shown = decider.repository.with_files_of(tree, base, &told)?;
        self.bench.show(&shown, &decider.base.1)?;
        let patch = judge.masker().mask(&String::from_utf8_lossy(&diff.patch)).into_owned();
        let cut: Vec<String> = match diff.cut {
            true => diff.files.iter().take(NAMED).map(|file| file.path.display().to_string()).collect(),
            false => Vec::new(),
        };
        let [plan_title, goal, task_title, details] = &judge.about;
        let seal = format!("DIFF-{}", ulid::Ulid::generate());
        let brief = Brief {
            plan_title,
            goal,
            task_title,
            details,
            questions,
            checks,
            diff: &patch,
            cut: &cut,
            seal: &seal,
        };
        tell(News::JudgeAsked {
            by: judge.name(),
            questions: u32::try_from(questions.len()).unwrap_or(u32::MAX),
            control: base == tree,
        });
        judge.ask(brief.prompt(), questions.len(), &self.context)
    }
}

/// What the judge is asked.
fn question(spec: &VerifierSpec) -> &str {
    match &spec.kind {
        VerifierKind::Llm { question } => question,
        VerifierKind::Command { .. }
        | VerifierKind::CleanTree { .. }
        | VerifierKind::Diagnostics { .. }
        | VerifierKind::Browser { .. } => &spec.name,
    }
}

/// The answer of a judge of which only the verdict is known.
fn answer_of(spec: &VerifierSpec, verdict: Verdict) -> VerifierResult {
    let opinion = Opinion { verdict, ..Opinion::none("") };
    VerifierResult::judged(spec, opinion, std::time::Duration::ZERO)
}

/// The verdict that an answer was kept for.
fn verdict_of(answer: Answer) -> Verdict {
    match answer {
        Answer::Passed => Verdict::Verified,
        Answer::Failed => Verdict::Refuted,
        Answer::Empty | Answer::NotRun => Verdict::CannotTell,
    }
}

fn refused(specs: &[VerifierSpec], reason: &str) -> Vec<(VerifierResult, Option<CheckProof>)> {
    specs.iter().map(|spec| (VerifierResult::refused(spec, reason.to_owned()), None)).collect()
}
