//! What the user can do next with a task. Every front end shows a part of this list.
//!
//! The list follows from what is stored of the task and its loop, never from what a front end can do.

use crate::task_spec::TaskSpec;
use alfine_config::OnDone;
use alfine_core::{
    breaker::{HARD_LIMIT, Line, Rule},
    landing::NotLanded,
    machine::{AskKind, LoopState, Phase, StopReason},
    offer::{Action, Continuing, Offer, Refusal, Step},
    plan::Isolation,
    reason::Reason,
    task::{TaskId, TaskStatus},
};
use alfine_store::{ApprovalRow, CheckoutChangeRow, IterationRow, LoopRow};

/// How many iterations a smaller extension adds.
const FEW_MORE: u32 = 5;
/// How many iterations back are offered.
const LAST_FEW: usize = 3;

/// What is known of a task.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Where the task is.
    pub status: TaskStatus,
    /// The tasks that have to be done first.
    pub waits_for: &'a [TaskId],
    /// Whether its plan lies in a repository.
    pub has_repository: bool,
    /// Whether it is in its plan; a loop can go on although its task left the plan.
    pub is_planned: bool,
    /// Whether it has a box in its plan that is not ticked.
    pub has_open_box: bool,
    /// Whether its plan names commands that nobody allowed yet.
    pub is_untrusted: bool,
    /// The iterations that a loop is given if nobody says otherwise.
    pub default_limit: u32,
    /// The live loop, or the last one.
    pub last: Option<LastLoop<'a>>,
}

/// What is known of a task's loop.
#[derive(Debug, Clone, Copy)]
pub struct LastLoop<'a> {
    /// The loop's row.
    pub row: &'a LoopRow,
    /// The machine's state; `None` if it cannot be read.
    pub state: Option<&'a LoopState>,
    /// Its iterations, in order.
    pub iterations: &'a [IterationRow],
    /// The question that nobody has answered yet.
    pub asks: Option<&'a ApprovalRow>,
    /// What changed in the user's checkout while its agent ran, if the user has not said what of it.
    pub checkout: Option<CheckoutSuspect>,
    /// Whether the user, once they have taken its work, is the one to merge it.
    pub asks_to_merge: bool,
}

/// Whether a loop that waits for the user's word on its work leaves it to them to merge it, too.
pub fn asks_to_merge(row: &LoopRow) -> bool {
    row.status == TaskStatus::NeedsInput && TaskSpec::of(row).is_ok_and(|spec| spec.on_done == OnDone::Ask)
}

/// Who changed the user's checkout, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutSuspect {
    /// The agent was seen to reach for it.
    Agent,
    /// More likely the user.
    User,
}

impl CheckoutSuspect {
    /// Of the changes that are open; `None` if there are none.
    pub fn of(open: &[CheckoutChangeRow]) -> Option<Self> {
        let is_agent = open.iter().any(|found| found.named);
        (!open.is_empty()).then_some(if is_agent { Self::Agent } else { Self::User })
    }
}

impl LastLoop<'_> {
    fn phase(&self) -> Option<&Phase> {
        self.state.map(|state| &state.phase)
    }

    fn trip(&self) -> Option<&Line> {
        match self.phase()? {
            Phase::Stopped { reason: StopReason::Breaker(trip) } => Some(trip),
            _ => None,
        }
    }

    /// The branch that work is merged into which the user takes, where the settings would ask about that next.
    fn may_merge(&self, asked: AskKind) -> Option<String> {
        let has_branch = self.row.branch.is_some() && self.row.isolation == Isolation::Worktree;
        self.row.base_branch.clone().filter(|_| self.asks_to_merge && has_branch && asked.takes_work())
    }

    fn has_used_all(&self) -> bool {
        self.state.is_some_and(|state| state.judged >= HARD_LIMIT)
    }
}

/// What can be done with a task, in the order in which it is shown. Empty if there is nothing to do.
pub fn offers(situation: &Situation<'_>) -> Vec<Offer> {
    let mut offers = Offers::default();
    if !situation.has_repository {
        if situation.status != TaskStatus::Done {
            offers.start(false, Some(Refusal::NoRepository));
        }
        return offers.list;
    }
    if let Some(suspect) = situation.last.and_then(|last| last.checkout) {
        offers.push(Action::RestoreCheckout, suspect == CheckoutSuspect::Agent, None);
        offers.more(Action::KeepCheckout);
    }
    offers.of_status(situation);
    // A task that is no longer written in its plan cannot be started, and its loop cannot be forked.
    if !situation.is_planned {
        offers.list.retain(|offer| !matches!(offer.action.step(), Step::Start | Step::Fork));
    }
    offers.list
}

/// Says whether a task stands still until the user does something.
pub fn needs_you(status: TaskStatus, state: Option<&LoopState>) -> bool {
    match status {
        TaskStatus::NeedsInput | TaskStatus::Failed | TaskStatus::Interrupted => true,
        TaskStatus::Stopped => {
            let by_user =
                |state: &LoopState| matches!(state.phase, Phase::Stopped { reason: StopReason::User });
            !state.is_some_and(by_user)
        }
        _ => false,
    }
}

#[derive(Default)]
struct Offers {
    list: Vec<Offer>,
}

impl Offers {
    fn of_status(&mut self, situation: &Situation<'_>) {
        let (status, last) = (situation.status, situation.last.as_ref());
        match status {
            TaskStatus::Pending => {
                let waits = Some(situation.waits_for).filter(|tasks| !tasks.is_empty());
                self.start(false, waits.map(|tasks| Refusal::WaitsFor(tasks.to_vec())));
            }
            TaskStatus::Ready | TaskStatus::Skipped => self.start(false, None),
            TaskStatus::Discarded => self.start(true, None),
            TaskStatus::Running | TaskStatus::Evaluating | TaskStatus::Rework => {
                if last.is_some_and(|last| last.row.summary.pauses) {
                    self.next(Action::Continue(Continuing::WithoutPause));
                } else {
                    self.next(Action::Pause { waits: false });
                }
                self.more(Action::Stop);
            }
            TaskStatus::Waiting => {
                self.next(Action::Continue(Continuing::Now));
                self.next(Action::Pause { waits: true });
                self.more(Action::Stop);
            }
            TaskStatus::Paused | TaskStatus::Interrupted => {
                self.go_on(last, situation.default_limit);
                self.more(Action::Stop);
            }
            TaskStatus::NeedsInput => {
                self.of_asking(last);
                self.more(Action::Stop);
            }
            TaskStatus::Stopped | TaskStatus::Failed => self.go_on(last, situation.default_limit),
            TaskStatus::Done => self.of_done(last),
            TaskStatus::Merged if situation.has_open_box => self.more(Action::RunAgain),
            TaskStatus::Merged => {}
        }
        let settled = matches!(status, TaskStatus::Done | TaskStatus::Merged);
        if situation.is_untrusted && !settled && !self.list.iter().any(|offer| offer.action == Action::Allow)
        {
            self.more(Action::Allow);
        }
        if let Some(last) = last {
            self.of_work(status, last);
        }
    }

    fn of_asking(&mut self, last: Option<&LastLoop<'_>>) {
        let open = last.and_then(|last| last.asks);
        let ask = last.and_then(LastLoop::phase).and_then(|phase| match phase {
            Phase::NeedsInput { ask } => Some(ask.kind),
            _ => None,
        });
        let question = open.map(|asks| asks.id);
        match (open.map(|asks| asks.kind), ask) {
            (Some(AskKind::Trust), _) => {
                self.next(Action::Allow);
                self.more(Action::Continue(Continuing::AsItIs));
            }
            (None, Some(kind)) if kind.must_be_answered() || kind == AskKind::Blocked => {
                self.next(Action::Continue(Continuing::Answered));
            }
            (_, Some(AskKind::Check)) => {
                self.next(Action::Continue(Continuing::Mended));
                self.more(Action::Answer { question, reply: None });
            }
            (_, Some(kind)) | (Some(kind), None) if kind.is_yes_or_no() => {
                if let Some(into) = last.and_then(|last| last.may_merge(kind)) {
                    self.next(Action::ApproveAndMerge { question, into });
                }
                self.next(Action::Approve { question });
                self.next(Action::Reject { question });
            }
            (_, Some(AskKind::Question))
            | (Some(AskKind::Question | AskKind::Blocked), None)
            | (None, None) => {
                self.answers(question);
            }
            (_, Some(AskKind::Blocked)) => {
                self.answers(question);
                self.next(Action::Continue(Continuing::AsItIs));
            }
            _ => self.next(Action::Continue(Continuing::Mended)),
        }
    }

    fn answers(&mut self, question: Option<i64>) {
        self.next(Action::Answer { question, reply: None });
        self.more(Action::Answer { question, reply: Some(true) });
        self.more(Action::Answer { question, reply: Some(false) });
    }

    fn of_done(&mut self, last: Option<&LastLoop<'_>>) {
        let Some(last) = last else { return };
        if last.row.branch.is_some() && last.row.isolation == Isolation::Worktree {
            let from = last.row.base_branch.clone();
            // Merged as it is, it would not land again.
            let must_change = match last.state.and_then(|state| state.not_landed.as_ref()) {
                Some(Reason::NotLanded { because, .. }) => {
                    matches!(because, NotLanded::Red { .. } | NotLanded::Conflicts { .. })
                }
                _ => false,
            };
            if must_change {
                self.next(Action::Rework { from: from.clone() });
                self.more(Action::Merge { into: from });
            } else {
                self.next(Action::Merge { into: from.clone() });
                self.more(Action::Rework { from });
            }
        }
    }

    /// What there is to see, to say, to take back, and to throw away.
    fn of_work(&mut self, status: TaskStatus, last: &LastLoop<'_>) {
        let works = status.needs_runner();
        let is_over = matches!(status, TaskStatus::Merged | TaskStatus::Discarded);
        let in_worktree = last.row.isolation == Isolation::Worktree;
        let is_live = last.row.ended_at.is_none();
        let ended: Vec<u32> =
            last.iterations.iter().filter(|one| one.ended_at.is_some()).map(|one| one.n).collect();
        if last.row.summary.iteration > 0 {
            let to_commit = status == TaskStatus::Done && !in_worktree;
            self.push(Action::ShowDiff { iteration: None, to_commit }, !works && !is_over, None);
            self.more(Action::ShowTranscript { live: works });
        }
        if let Some(&n) = ended.last() {
            self.more(Action::ShowDiff { iteration: Some(n), to_commit: false });
        }
        if is_live && in_worktree && last.row.worktree.is_some() {
            self.more(Action::OpenWorktree);
        }
        if is_live && !is_over && status != TaskStatus::Done {
            self.more(Action::Steer);
        }
        if works || !is_live || is_over {
            return;
        }
        let is_cut = last.iterations.last().is_some_and(|one| one.ended_at.is_none());
        let back = ended.iter().rev().skip(usize::from(!is_cut)).copied().chain([0]);
        for iteration in back.take(LAST_FEW).filter(|_| !last.iterations.is_empty()) {
            self.more(Action::Rewind { iteration });
        }
        // A fork inherits the counters of its loop, so one that has used up all iterations could not run.
        let can_fork = in_worktree && !last.has_used_all();
        for &iteration in ended.iter().rev().take(LAST_FEW).filter(|_| can_fork) {
            self.more(Action::Fork { iteration });
        }
        self.more(Action::Discard { in_place: !in_worktree });
    }

    fn go_on(&mut self, last: Option<&LastLoop<'_>>, default_limit: u32) {
        if last.is_some_and(LastLoop::has_used_all) {
            return self.push(Action::Continue(Continuing::AsItIs), false, Some(Refusal::HardLimit));
        }
        let trip = last.and_then(LastLoop::trip);
        let (limit, most) = match last {
            Some(LastLoop { state: Some(state), .. }) => {
                let limits = &state.settings.limits;
                (limits.count(Rule::Iterations), limits.hard)
            }
            Some(last) => (last.row.summary.max_iterations, HARD_LIMIT),
            None => (0, HARD_LIMIT),
        };
        let at_limit = trip.is_some_and(|trip| trip.rule == Rule::Iterations);
        if at_limit {
            self.raise((limit, most), default_limit, true);
            self.raise((limit, most), FEW_MORE, false);
        }
        let spends = trip.is_some_and(|trip| self.spends_more(trip));
        let is_next = !spends && (!at_limit || limit >= most);
        let continuing = if trip.is_some() { Continuing::OnTrial } else { Continuing::AsItIs };
        self.push(Action::Continue(continuing), is_next, None);
        if !at_limit && !spends && limit > 0 {
            self.raise((limit, most), FEW_MORE, false);
            self.raise((limit, most), default_limit, false);
        }
        if trip.is_some() {
            self.more(Action::Continue(Continuing::Afresh));
        }
    }

    /// Offers `more` iterations than a limit, up to what the limit may be.
    fn raise(&mut self, (limit, most): (u32, u32), more: u32, is_next: bool) {
        let raised = limit.saturating_add(more).min(most);
        let is_possible = raised > limit;
        let more = if is_possible { raised - limit } else { more };
        let action = Action::Continue(Continuing::WithIterations { more, limit: raised });
        // Cut by the hard limit, two extensions may come to the same.
        if !self.list.iter().any(|offer| offer.action == action) {
            let refused = (!is_possible).then_some(Refusal::HighestLimit);
            self.push(action, is_next && is_possible, refused);
        }
    }

    /// Offers as much money again as a loop had, if that is what it ran out of.
    fn spends_more(&mut self, trip: &Line) -> bool {
        let Some(had) = trip.limit.filter(|had| trip.rule == Rule::Cost && *had > 0.0) else { return false };
        // Whole cents, so that what is read is what is meant.
        let limit = ((trip.count + had) * 100.0 - 1e-6).ceil() / 100.0;
        self.next(Action::Continue(Continuing::WithCost { more: had, limit }));
        true
    }

    fn start(&mut self, again: bool, refused: Option<Refusal>) {
        self.push(Action::Start { again }, refused.is_none(), refused);
    }

    fn next(&mut self, action: Action) {
        self.push(action, true, None);
    }

    fn more(&mut self, action: Action) {
        self.push(action, false, None);
    }

    fn push(&mut self, action: Action, is_next: bool, refused: Option<Refusal>) {
        self.list.push(Offer { action, is_next, refused });
    }
}
