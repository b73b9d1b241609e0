//! The verifiers' thread, and what their answers come to.

use super::{
    controls::{Watcher, ran},
    live::LiveVerifiers,
    message::{Answers, Decided, Message},
    owner::Runner,
    proof::{self, SetBack},
    unusual,
};
use crate::{Result, gates, surroundings, task_spec};
use alfine_config::trust::TrustItem;
use alfine_core::{
    finding::{Finding, Severity},
    machine::{Color, Input, VerifyOutcome},
    news::News,
    proof::{CheckProof, Said},
    signature,
};
use alfine_secrets::Masker;
use alfine_store::{AnswerKey, Millis, VerificationNew};
use alfine_verify::{Detector, VerifierExit, VerifierResult, VerifierSpec};
use std::{sync::Arc, time::SystemTime};

/// How long a check's answer is kept that nobody needs, in milliseconds: 30 days.
const ANSWERS_KEPT: i64 = 30 * 24 * 3600 * 1000;

impl Runner<'_> {
    pub(super) fn run_verifiers(&mut self) -> Result<()> {
        self.verify_round += 1;
        let round = self.verify_round;
        let place = self.place();
        self.find_checks_of_changes()?;
        let (specs, refused) = self.allowed_specs()?;
        let base = self.base.as_ref().map(|base| Arc::clone(&base.found));
        let tree = self.checkpoint.as_ref().map(|checkpoint| checkpoint.tree.clone());
        let (outbox, masker) = (self.outbox.clone(), Arc::clone(&self.masker));
        let (mut proof, not_kept, claimed) = (self.proof(), self.not_kept(), self.claimed()?);
        let decider = match self.decider() {
            Some(decider) => Some(decider.with_judge(self.judge()?)),
            None => None,
        };
        let (green, yellow, gates) = (self.spec.green, self.spec.yellow, self.spec.gates);
        let without = self.state.without().to_vec();
        self.verifiers = Some(LiveVerifiers(place.cancel.clone()));
        std::thread::spawn(move || {
            let started_at = SystemTime::now();
            let context = place.context(tree.as_deref());
            let mut tell = |news: News| drop(outbox.send(Message::VerifyNews(round, Box::new(news))));
            let mut observe = |result: &VerifierResult| {
                drop(outbox.send(Message::VerifyNews(round, Box::new(news_of(result)))));
            };
            let decided = decider.map(|decider| {
                // It runs on a bench, too, and two runs of the same checks at once might get in each other's way.
                let known = base.map(|base| base.wait(&place.cancel)).unwrap_or_default();
                let mut watcher = Watcher { observe: &mut observe, tell: &mut tell };
                let decided = decider.decide(&specs, (green, yellow), known, &context, &mut watcher);
                decided.map(Option::unwrap_or_default).unwrap_or_else(|error| Decided::failed(&error))
            });
            let on_a_bench = decided.is_some();
            let Decided { mut results, mut controls, said, failed_before } = match decided {
                Some(decided) => decided,
                None => Decided {
                    results: alfine_verify::run(&specs, &context, &mut observe),
                    ..Decided::default()
                },
            };
            // The checks may have changed the tree themselves. A pass counts only on the tree that will be committed.
            // So if they would prove the work, the tree is set back, and if it had changed, the checks run again one by
            // one. On a bench each of them has the claimed tree, and no other.
            let holds = !on_a_bench && alfine_verify::score(&results, green, yellow) != Color::Red;
            if let Some(proof) = proof.as_mut().filter(|_| holds && !place.cancel.is_cancelled()) {
                let again = proof.set_back().and_then(|set_back| match set_back {
                    Some(SetBack { files, .. }) => {
                        proof.check_one_by_one(&specs, &mut results, &files, &context, &mut observe)
                    }
                    None => Ok(()),
                });
                if let Err(error) = again {
                    results.push(proof::unproven(&error));
                }
            }
            for result in refused.iter().map(not_allowed) {
                observe(&result);
                results.push(result);
            }
            // A check that passes may have been made of nothing.
            for result in
                gates.missed(&specs, &results).into_iter().filter(|missed| !without.contains(&missed.name))
            {
                observe(&result);
                results.push(result);
            }
            // Files that no commit can hold would be missing from what lands, whatever the checks say.
            if !not_kept.is_empty() {
                let result = proof::kept_check(&not_kept);
                observe(&result);
                results.push(result);
            }
            match claimed.map(|claimed| claimed.check()) {
                None | Some(Ok(None)) => {}
                Some(Ok(Some(result))) => {
                    observe(&result);
                    results.push(result);
                }
                Some(Err(error)) => results.push(proof::unproven(&error)),
            }
            mask(&masker, &mut results);
            for proof in controls.iter_mut().flatten() {
                proof.rewrite_texts(&mut |text| *text = masker.mask(text).into_owned());
            }
            let checkpoints = proof.map(|proof| proof.checkpoints);
            let answers = Answers { results, started_at, checkpoints, controls, said, failed_before };
            let _ = outbox.send(Message::Verified(round, answers));
        });
        Ok(())
    }

    pub(super) fn verified(&mut self, answers: Answers) -> Result<()> {
        self.verifiers = None;
        let Answers { results, started_at, checkpoints, controls, said, failed_before } = answers;
        self.checkpoints = checkpoints.unwrap_or(self.checkpoints).max(self.checkpoints);
        let before = self.answers_before()?;
        let unusual = unusual::to_ask(self.was_told_of_unusual()?, &results);
        // It proves nothing, so it only counts where it stands in the way.
        let is_judged =
            |result: &&VerifierResult| result.name != unusual::NAME || (!result.passed && unusual.is_empty());
        let judged: Vec<VerifierResult> = results.iter().filter(is_judged).cloned().collect();
        let failed: Vec<&VerifierResult> = judged.iter().filter(|result| !result.passed).collect();
        let outcome = VerifyOutcome {
            color: alfine_verify::score(&judged, self.spec.green, self.spec.yellow),
            // What a judge cannot tell is no check that passed.
            ran: u32::try_from(judged.iter().filter(|result| !result.says_nothing()).count())
                .unwrap_or(u32::MAX),
            unable: self.only_unable(&judged),
            failed: failed.iter().map(|result| result.name.clone()).collect(),
            error: error_of(&failed.iter().map(|result| said_by(result)).collect::<Vec<_>>()),
            unusual,
            controls: controls.clone(),
            proven_by: self.spec.proven_by,
            failed_before,
        };
        self.save_answers(&said)?;
        self.save_verifications(&results, controls.as_deref().unwrap_or_default(), started_at)?;
        self.learn_of_checks(&before, &judged);
        self.inputs.push_back(Input::Verified(outcome));
        Ok(())
    }

    /// The checks that cannot run here, each with why, if they alone stand in the way of the work.
    fn only_unable(&self, results: &[VerifierResult]) -> Vec<String> {
        let (unable, able): (Vec<_>, Vec<_>) = results.iter().cloned().partition(VerifierResult::is_unable);
        match alfine_verify::score(&able, self.spec.green, self.spec.yellow) {
            Color::Red => Vec::new(),
            _ => unable.iter().map(|result| format!("`{}` {}", result.name, result.exit)).collect(),
        }
    }

    /// Adds the checks that the repository has for the files that the loop changed. Asked is the user's own tree: what
    /// the agent wrote into a manifest is no check.
    fn find_checks_of_changes(&mut self) -> Result<()> {
        let (Some(checkpoint), Some(base), true) =
            (&self.checkpoint, &self.row.base_commit, self.spec.detects)
        else {
            return Ok(());
        };
        let repository = &self.project.repository;
        let changed =
            repository.files_changed(base, &checkpoint.commit, &surroundings::own_files(&self.row))?;
        let paths = changed.into_iter().filter_map(|file| file.path.into_os_string().into_string().ok());
        let paths: Vec<String> = paths.collect();
        let detected = Detector::new(repository.workdir()).detect(&self.spec.folder, &paths);
        let detected = gates::detected(self.spec.gates.names_tests, detected);
        let more = task_spec::unknown(&self.spec.verifiers, detected);
        if more.is_empty() {
            return Ok(());
        }
        let items = more.iter().filter_map(|spec| {
            Some(TrustItem::new(format!("{}: check {}", self.key, spec.name), spec.kind.command()?))
        });
        let items: Vec<TrustItem> = items.collect();
        // Who continues the loop is asked about what is not allowed yet.
        self.spec.commands.extend(items.iter().cloned());
        self.spec.found.extend(items);
        self.spec.verifiers.extend(more);
        self.save_spec()
    }

    /// The checks that may run here and that the user has not taken out, and those that nobody allowed.
    pub(super) fn allowed_specs(&self) -> Result<(Vec<VerifierSpec>, Vec<VerifierSpec>)> {
        let not_allowed = self.project.untrusted(&self.spec.found)?;
        let is_allowed = |spec: &VerifierSpec| {
            spec.kind.command().is_none_or(|command| not_allowed.iter().all(|item| item.command != command))
        };
        let wanted = self.spec.verifiers.iter().filter(|spec| !self.state.without().contains(&spec.name));
        Ok(wanted.cloned().partition(is_allowed))
    }

    /// Keeps what checks answered, for whoever asks the same.
    pub(super) fn save_answers(&mut self, said: &[(AnswerKey, Said)]) -> Result<()> {
        let now = Millis(millis(SystemTime::now()) - ANSWERS_KEPT);
        let saved: std::result::Result<(), alfine_store::StoreError> = self.project.store.write(|tx| {
            tx.forget_check_answers(now)?;
            tx.put_check_answers(said)
        });
        Ok(saved?)
    }

    pub(super) fn save_verifications(
        &mut self,
        results: &[VerifierResult],
        proofs: &[CheckProof],
        started_at: SystemTime,
    ) -> Result<()> {
        let iteration = self.state.iteration;
        let tree = self.checkpoint.as_ref().map(|checkpoint| checkpoint.tree.clone()).unwrap_or_default();
        let (lock, criteria) = (&self.lock, &self.spec.task.criteria);
        self.project
            .store
            .write(|tx| {
                let mut at = started_at;
                for result in results {
                    let criterion = result
                        .criterion
                        .and_then(|n| Some((u32::try_from(n).ok()?, criteria.get(n)?.text.as_str())));
                    let proof = proofs.iter().find(|proof| proof.check == result.name);
                    let work = proof.and_then(|proof| proof.work.as_ref());
                    let exit = match result.exit {
                        VerifierExit::Code { code } => Some(code),
                        _ => work.and_then(|work| work.exit),
                    };
                    let output = match &result.exit {
                        VerifierExit::Code { .. } => result.output.clone(),
                        other => format!("{other}\n{}", result.output),
                    };
                    tx.add_verification(
                        lock,
                        &VerificationNew {
                            iteration,
                            verifier: &result.name,
                            criterion,
                            passed: result.passed,
                            required: result.required,
                            weight: result.weight,
                            exit,
                            output: &output,
                            tree: &tree,
                            started_at: Millis(millis(at)),
                            duration_ms: u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX),
                            // A check that failed by its controls alone passed.
                            answer: work.map_or_else(|| result.answer(), |work| work.answer),
                            tests: ran(result),
                            proof,
                            findings: &result.findings,
                        },
                    )?;
                    at = at.checked_add(result.duration).unwrap_or(at);
                }
                Ok(())
            })
            .map_err(|error: alfine_store::StoreError| error.into())
    }
}

/// What is told of a check that is through.
pub(super) fn news_of(result: &VerifierResult) -> News {
    News::Verifier {
        name: result.name.clone(),
        // What a judge cannot tell stands in nobody's way, and is no yes either.
        passed: result.passed && !result.says_nothing(),
        exit: result.exit.to_string(),
        seconds: result.duration.as_secs_f64(),
    }
}

/// A check that may not run here.
pub(super) fn not_allowed(spec: &VerifierSpec) -> VerifierResult {
    let why = "nobody allowed it on this machine: who continues the loop is asked, or gives `--trust`";
    VerifierResult::refused(spec, why.to_owned())
}

/// Masks secrets in what checks said.
pub(super) fn mask(masker: &Masker, results: &mut [VerifierResult]) {
    for result in results {
        result.output = masker.mask(&result.output).into_owned();
        if let VerifierExit::Judged { opinion } = &mut result.exit {
            opinion.rewrite_texts(&mut |text| *text = masker.mask(text).into_owned());
        }
        for finding in &mut result.findings {
            finding.message = masker.mask(&finding.message).into_owned();
        }
    }
}

fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What a check that failed says: its name, what it printed, and what it found.
pub(super) type SaidBy<'a> = (&'a str, &'a str, &'a [Finding]);

fn said_by(result: &VerifierResult) -> SaidBy<'_> {
    (&result.name, &result.output, &result.findings)
}

/// The error of an iteration, from what its failing checks found; in words, the first finding.
pub(super) fn error_of(failed: &[SaidBy<'_>]) -> Option<(signature::Signature, String)> {
    const WORDS: usize = 120;
    let (first, ..) = failed.first()?;
    let findings: Vec<Finding> = failed.iter().flat_map(|(.., findings)| findings.iter().cloned()).collect();
    let named: Vec<Finding> = findings.iter().filter(|finding| finding.file.is_some()).cloned().collect();
    // Findings without a place only repeat the end of an output; the whole output tells errors apart better.
    let signature = match named.is_empty() {
        false => signature::of_findings(&named),
        true => Some(signature::of_output(
            &failed.iter().map(|(name, output, _)| format!("{name}\n{output}\n")).collect::<String>(),
        )),
    }?;
    let worst = findings.iter().find(|finding| finding.severity == Severity::Error);
    let words = worst.map_or_else(|| (*first).to_owned(), |finding| finding.message.clone());
    Some((signature, words.lines().next().unwrap_or_default().chars().take(WORDS).collect()))
}
