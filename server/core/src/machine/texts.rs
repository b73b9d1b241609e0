//! The texts of a state that others wrote: agents, checks, users. Before a state is saved, secrets are masked in these
//! texts only. Ids, numbers and Alfine's own words are never masked, since the state could not be read back without
//! them.

use super::{LoopState, Phase, StopReason, WaitReason};

impl LoopState {
    /// Lets `rewrite` change every text that Alfine did not write itself.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        self.phase.rewrite_texts(rewrite);
        self.breaker.rewrite_texts(rewrite);
        if let Some(last) = &mut self.last {
            last.reading.rewrite_texts(rewrite);
            rewrite(&mut last.verdict);
            last.denials.iter_mut().for_each(&mut *rewrite);
        }
        let current = &mut self.current;
        current.gate.rewrite_texts(rewrite);
        current.denials.iter_mut().for_each(&mut *rewrite);
        for question in &mut current.asked {
            rewrite(&mut question.text);
            question.options.iter_mut().for_each(&mut *rewrite);
        }
        self.lost_work.iter_mut().for_each(&mut *rewrite);
        if let Some((_, message)) = &mut current.error {
            rewrite(message);
        }
        self.notes.iter_mut().for_each(&mut *rewrite);
        for reason in self.outcome.iter_mut().chain(&mut self.pause_reason).chain(&mut self.not_landed) {
            reason.rewrite_texts(rewrite);
        }
        for made in self.landing.iter_mut().flat_map(|landing| &mut landing.checks) {
            rewrite(&mut made.check);
        }
        self.last_blocker.iter_mut().for_each(&mut *rewrite);
    }
}

impl Phase {
    fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Agent(run) => {
                if let Some((_, message)) = &mut run.ended {
                    rewrite(message);
                }
                run.lost_work.iter_mut().for_each(rewrite);
            }
            Self::After { rest: Some(rest) } => rest.rewrite_texts(rewrite),
            Self::Waiting {
                why:
                    WaitReason::RateLimit { message, .. }
                    | WaitReason::Retry { message }
                    | WaitReason::Outage { message, .. },
                ..
            } => rewrite(message),
            Self::NeedsInput { ask } => rewrite(&mut ask.text),
            Self::Stopped { reason: StopReason::Breaker(trip) } => rewrite(&mut trip.evidence),
            Self::Failed { message } => rewrite(message),
            Self::Idle
            | Self::Before
            | Self::Controls { .. }
            | Self::Affording { .. }
            | Self::After { rest: None }
            | Self::Verifying { .. }
            | Self::Committing
            | Self::Landing { .. }
            | Self::BringingUp { .. }
            | Self::Paused
            | Self::Stopped { .. }
            | Self::Done => {}
        }
    }
}
