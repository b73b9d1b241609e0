//! What the checks answer before any work: asked when a loop begins, before its agent or beside it.

use super::{
    controls::Decider,
    failing::is_of_the_repository,
    live::{Found, LiveBase, LiveVerifiers},
    message::{Base, Message},
    owner::Runner,
};
use crate::Result;
use alfine_core::{
    machine::Input,
    news::News,
    proof::{Answer, BaseAnswer, BaseKnown, Said},
};
use alfine_store::AnswerKey;
use alfine_verify::{VerifierSpec, VerifyContext, test_report};
use std::sync::Arc;

impl Runner<'_> {
    /// Runs the checks on the tree before any work.
    pub(super) fn run_base(&mut self) -> Result<()> {
        let decider = self.decider();
        let Some(decider) = decider.map(Decider::before_work).transpose()?.flatten() else {
            self.inputs.push_back(Input::BaseKnown(BaseKnown::default()));
            return Ok(());
        };
        let (specs, _) = self.allowed_specs()?;
        let place = self.place();
        let found = Arc::new(Found::default());
        self.base =
            Some(LiveBase { verifiers: LiveVerifiers(place.cancel.clone()), found: Arc::clone(&found) });
        let (outbox, masker) = (self.outbox.clone(), Arc::clone(&self.masker));
        let criteria = self.spec.task.criteria.len();
        let may_hold = self.spec.proven_by.is_none();
        std::thread::spawn(move || {
            let mut tell = |news: News| drop(outbox.send(Message::BaseNews(Box::new(news))));
            let answered =
                decider.base_answers(&specs, &place.context(None), &mut tell).unwrap_or_else(|error| {
                    tracing::warn!(
                        "the checks could not be run before the work: {}",
                        masker.mask(&error.message)
                    );
                    Vec::new()
                });
            let holds = |n: usize| {
                answered.iter().any(|one| one.spec.criterion == Some(n) && one.said.answer == Answer::Passed)
            };
            // Where a suite is among them, new tests in it can prove the work.
            let may_gain = answered.iter().any(|one| one.spec.criterion.is_some() && one.is_suite());
            let all_hold = may_hold && !may_gain && criteria > 0 && (0..criteria).all(holds);
            let failed = answered.iter().filter(|one| one.said.answer == Answer::Failed);
            let incomparable = failed
                .filter(|one| is_of_the_repository(&one.spec) && one.spec.required)
                .filter(|one| !one.said.is_comparable())
                .map(|one| one.spec.name.clone())
                .collect();
            let answers = answered.iter().map(|one| BaseAnswer {
                check: one.spec.name.clone(),
                criterion: one.spec.criterion,
                answer: one.said.answer,
            });
            let known = BaseKnown { answers: answers.collect(), all_hold, incomparable };
            let said: Vec<_> = answered.into_iter().filter_map(|one| Some((one.key?, one.said))).collect();
            found.end(said.clone());
            let _ = outbox.send(Message::BaseKnown(Base { known, said }));
        });
        Ok(())
    }

    pub(super) fn base_is_known(&mut self, base: Base) -> Result<()> {
        self.save_answers(&base.said)?;
        self.inputs.push_back(Input::BaseKnown(base.known));
        Ok(())
    }
}

/// A check that was run before the work, and what it said.
pub(super) struct Answered {
    spec: VerifierSpec,
    key: Option<AnswerKey>,
    said: Said,
}

impl Answered {
    /// Whether it runs tests.
    fn is_suite(&self) -> bool {
        let Some(command) = self.spec.kind.command() else { return false };
        !self.said.tests.is_empty() || self.said.ran.is_some() || test_report::runner_of(command).is_some()
    }
}

impl Decider {
    /// The same, if the checks can say anything before the agent has worked: not where they need dependencies that nobody
    /// has installed yet.
    fn before_work(self) -> Result<Option<Self>> {
        Ok((!self.lacks_dependencies()?).then_some(self))
    }

    fn base_answers(
        &self,
        specs: &[VerifierSpec],
        context: &VerifyContext<'_>,
        tell: &mut dyn FnMut(News),
    ) -> Result<Vec<Answered>> {
        let Some(Ok(prepared)) = self.prepare(context, tell)? else { return Ok(Vec::new()) };
        let mut run = self.run_on(&prepared, context, None, Vec::new())?;
        let mut all = Vec::new();
        for spec in specs.iter().filter(|spec| spec.kind.command().is_some()) {
            if context.cancel.is_cancelled() {
                break;
            }
            let answered = run.on_base(spec, &prepared.base, tell)?;
            let Some(said) = answered.filter(|_| !context.cancel.is_cancelled()) else { break };
            let key = run.key(spec, &prepared.base)?;
            all.push(Answered { spec: spec.clone(), key, said });
        }
        Ok(all)
    }
}
