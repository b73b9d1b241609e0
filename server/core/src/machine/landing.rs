//! The landing of finished work on a branch that has moved, and what follows where it does not land.

use super::{
    messages::{Effect, Tree},
    state::{LoopState, Phase},
};
use crate::{
    landing::{CheckedTree, Landing, NotLanded, ProvenLanding},
    printable::enumerated,
    proof::BaseKnown,
    reason::{Reason, Refusal},
    time::Moment,
};

impl LoopState {
    pub(super) fn land(&mut self, now: Moment, landing: Landing, out: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Done) {
            return out.push(Effect::Refuse(Refusal::NotDone { status: self.status() }));
        }
        (self.landing, self.not_landed) = (None, None);
        self.enter(now, Phase::Landing { landing: landing.clone() });
        out.push(Effect::Land(landing));
    }

    pub(super) fn landed(
        &mut self,
        now: Moment,
        landed: Result<CheckedTree, NotLanded>,
        out: &mut Vec<Effect>,
    ) {
        let Phase::Landing { landing } = &self.phase else { return };
        let landing = landing.clone();
        match landed {
            Ok(CheckedTree { tree, checks }) => {
                self.landing = Some(ProvenLanding { landing, tree, checks });
                self.rest(now, Phase::Done, out);
            }
            Err(because @ (NotLanded::Red { .. } | NotLanded::Conflicts { .. }))
                if landing.unattended && self.may_rework() =>
            {
                self.not_landed = Some(Reason::NotLanded { into: landing.into.clone(), because });
                self.bring_up(now, landing.into, out);
            }
            Err(because) => self.not_landed(now, because, out),
        }
    }

    /// Whether the loop may work on without being asked: not where its last iteration used up what it was given.
    fn may_rework(&self) -> bool {
        self.breaker.open().is_none()
    }

    pub(super) fn not_landed(&mut self, now: Moment, because: NotLanded, out: &mut Vec<Effect>) {
        let into = match &self.phase {
            Phase::Landing { landing } => landing.into.clone(),
            Phase::BringingUp { from } => from.clone(),
            _ => return,
        };
        self.not_landed = Some(Reason::NotLanded { into, because });
        self.rest(now, Phase::Done, out);
    }

    /// The user does not want to wait for it any more.
    pub(super) fn give_landing_up(&mut self, now: Moment, out: &mut Vec<Effect>) {
        out.push(Effect::CancelVerifiers);
        self.not_landed(now, NotLanded::Stopped, out);
    }

    pub(super) fn rework(&mut self, now: Moment, from: String, out: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Done) {
            return out.push(Effect::Refuse(Refusal::NotDone { status: self.status() }));
        }
        // The user lets it go on, as with `continue`.
        self.breaker.half_open();
        self.bring_up(now, from, out);
    }

    fn bring_up(&mut self, now: Moment, from: String, out: &mut Vec<Effect>) {
        self.enter(now, Phase::BringingUp { from: from.clone() });
        out.push(Effect::BringUp { from });
    }

    /// The branch is merged into the work: its tree is what the work is compared with from now on.
    pub(super) fn brought_up(
        &mut self,
        now: Moment,
        base: Tree,
        conflicts: &[String],
        out: &mut Vec<Effect>,
    ) {
        let Phase::BringingUp { from } = &self.phase else { return };
        let from = from.clone();
        let failed = match self.not_landed.take() {
            Some(Reason::NotLanded { because: NotLanded::Red { failed }, .. }) => failed,
            _ => Vec::new(),
        };
        let why = match (conflicts, failed.as_slice()) {
            ([], []) => "the work goes on from there".to_owned(),
            ([], failed) => format!(
                "together with it these checks fail: {}; let both sides hold",
                enumerated(failed.iter().map(|check| format!("`{check}`")))
            ),
            (files, _) => format!(
                "both sides changed the same places in {}: resolve what is between the conflict markers, so that both sides hold",
                enumerated(files.iter().cloned())
            ),
        };
        if let Some(last) = &mut self.last {
            last.verdict = format!("{from} has moved since, and is merged into your branch; {why}");
        }
        (self.landing, self.outcome) = (None, None);
        self.base = Some(base);
        (self.base_known, self.base_awaited) = (BaseKnown::default(), false);
        self.reworking = true;
        self.next_iteration(now, out);
    }
}
