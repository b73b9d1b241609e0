//! What the user can do next with a task: one list, of which lenses, actions and quick fixes each take their part.
//!
//! Follows from the status and what the loop is, never from what a client can.

use crate::protocol::lsp_types::{Command, Url};
use crate::{
    commands::{
        EditorCommand,
        arguments::{
            Answer, AtIteration, Continue, OfDocument, OfTask, ShowDiff, ShowTranscript, Start, Steer,
        },
    },
    picture::{PlanView, SeenTask},
    snapshot::{LoopPicture, TaskPicture},
};
use alfine_core::{
    breaker::{HARD_LIMIT, Line, Rule, dollars},
    machine::{AskKind, Phase, StopReason},
    plan::Isolation,
    task::{TaskId, TaskKey, TaskStatus},
};

/// How many iterations a smaller extension adds.
const FEW_MORE: u32 = 5;
/// How many iterations back are offered.
const LAST_FEW: usize = 3;

/// Why a task of a plan outside of any repository is not started.
pub const NO_REPOSITORY: &str = "the plan lies in no git repository";

/// What an offer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Starts the loop.
    Start,
    /// Holds it.
    Pause,
    /// Ends it.
    Stop,
    /// Lets it go on.
    Continue,
    /// Lets it go on with a higher limit.
    ContinueWithMore,
    /// Lets it go on with all counters at zero.
    ResetAndContinue,
    /// Says yes to what is claimed.
    Approve,
    /// Says no to what is claimed.
    Reject,
    /// Answers a question.
    Answer,
    /// Allows commands.
    Allow,
    /// Shows what changed.
    ShowDiff,
    /// Shows what the agent said.
    ShowTranscript,
    /// Sets the tree back.
    Rewind,
    /// Begins anew from an iteration.
    Fork,
    /// Opens the worktree.
    OpenWorktree,
    /// Merges the work.
    Merge,
    /// Throws the work away.
    Discard,
}

/// Something the user can do next.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What it does.
    pub step: Step,
    /// As a menu says it, with the command behind it.
    pub command: Command,
    /// As a lens says it; none where it is not worth a lens.
    pub lens: Option<&'static str>,
    /// Why it is not possible now.
    pub refused: Option<String>,
}

/// The offers for a task of a plan. Empty where there is nothing to do.
pub fn of_task(plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Vec<Offer> {
    seen_offers(Offers::new(plan, &seen.key), plan, seen)
}

/// Those of the offers for a task that are worth a lens; made without the others, since a plan has many tasks.
pub fn next_of_task(plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Vec<Offer> {
    let offers = Offers { only_next: true, ..Offers::new(plan, &seen.key) };
    seen_offers(offers, plan, seen)
}

fn seen_offers(mut offers: Offers<'_>, plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Vec<Offer> {
    if plan.checkout.is_none() {
        if !seen.task.done {
            offers.start("Start loop", Some(NO_REPOSITORY));
        }
        return offers.list;
    }
    offers.of_status(seen.status, &seen.waits_for, seen.known.map(AsRef::as_ref));
    offers.list
}

/// The offers for a task whose heading is in its plan no more.
pub fn of_gone(plan: &PlanView<'_>, task: &TaskPicture) -> Vec<Offer> {
    let mut offers = Offers::new(plan, &task.row.key);
    offers.of_status(task.row.status, &[], Some(task));
    // Nobody can start or go on with what is not written down.
    offers.list.retain(|offer| !matches!(offer.step, Step::Start | Step::Fork));
    offers.list
}

/// The command that shows most of a task's loop: what its agent says; none where no agent ever ran.
pub fn look(plan: &PlanView<'_>, task: &TaskPicture, title: String) -> Option<Command> {
    let last = task.last.as_ref()?;
    let uri = Some(plan.document.uri.clone());
    let show = ShowTranscript { task: task.row.key.clone(), uri, iteration: None };
    let spoke = last.last_run.is_some() || last.row.summary.iteration > 0;
    spoke.then(|| EditorCommand::ShowTranscript(show).titled(title))
}

/// What a text that the user selects does for a task: it answers, it rejects what is claimed, or it is a note for the
/// agent. None where nobody would hear it. `plan` is the task's.
pub fn of_text(plan: Option<Url>, known: &TaskPicture, text: &str) -> Option<Command> {
    let live = known.live()?;
    let (task, uri, text) = (known.row.key.clone(), plan, text.to_owned());
    if known.row.status == TaskStatus::NeedsInput {
        let asks = live.asks.as_ref();
        let phase = live.state.as_ref().map(|state| &state.phase);
        let (title, approved) = match (asks.map(|asks| asks.kind), phase) {
            (
                Some(AskKind::Trust | AskKind::Login | AskKind::Billing | AskKind::Config | AskKind::Refusal),
                _,
            ) => return None,
            (Some(AskKind::Approval), _) => ("Reject with the selected text", Some(false)),
            (None, Some(Phase::NeedsInput { ask })) if ask.kind == AskKind::Approval => {
                ("Reject with the selected text", Some(false))
            }
            _ => ("Answer with the selected text", None),
        };
        let argument = Answer { task, uri, approval: asks.map(|asks| asks.id), approved, text: Some(text) };
        return Some(EditorCommand::Answer(argument).titled(title));
    }
    let hears = known.row.status.needs_runner()
        || matches!(known.row.status, TaskStatus::Paused | TaskStatus::Stopped | TaskStatus::Failed);
    hears.then(|| EditorCommand::Steer(Steer { task, uri, text }).titled("Tell the agent the selected text"))
}

struct Offers<'p> {
    uri: &'p Url,
    key: TaskKey,
    default_limit: u32,
    is_untrusted: bool,
    only_next: bool,
    list: Vec<Offer>,
}

impl<'p> Offers<'p> {
    fn new(plan: &PlanView<'p>, key: &TaskKey) -> Self {
        let untrusted = plan.checkout.and_then(|checkout| checkout.untrusted.get(&plan.name));
        Self {
            uri: &plan.document.uri,
            key: key.clone(),
            default_limit: plan.checkout.map_or(10, |checkout| checkout.config.limits.iterations),
            is_untrusted: untrusted.is_some_and(|items| !items.is_empty()),
            only_next: false,
            list: Vec::new(),
        }
    }

    fn plan(&self) -> Option<Url> {
        Some(self.uri.clone())
    }

    fn of_status(&mut self, status: TaskStatus, waits_for: &[TaskId], known: Option<&TaskPicture>) {
        let last = known.and_then(|known| known.last.as_ref());
        match status {
            TaskStatus::Pending => {
                let names: Vec<&str> = waits_for.iter().map(|id| id.0.as_str()).collect();
                let refused = format!("it waits for {}", names.join(", "));
                self.start("Start loop", Some(refused.as_str()).filter(|_| !names.is_empty()));
            }
            TaskStatus::Ready | TaskStatus::Skipped => self.start("Start loop", None),
            TaskStatus::Discarded => self.start("Start again", None),
            TaskStatus::Running | TaskStatus::Evaluating | TaskStatus::Rework => self.of_working(last),
            TaskStatus::Waiting => self.of_waiting(),
            TaskStatus::Paused | TaskStatus::Interrupted => {
                self.go_on(last);
                self.stop();
            }
            TaskStatus::NeedsInput => {
                self.of_asking(last);
                self.stop();
            }
            TaskStatus::Stopped | TaskStatus::Failed => self.go_on(last),
            TaskStatus::Done => self.of_done(last),
            TaskStatus::Merged => {}
        }
        let settled = matches!(status, TaskStatus::Done | TaskStatus::Merged);
        if self.is_untrusted && !settled && !self.list.iter().any(|offer| offer.step == Step::Allow) {
            self.allow(None);
        }
        if let Some(last) = last {
            self.of_work(status, last);
        }
    }

    fn of_working(&mut self, last: Option<&LoopPicture>) {
        if last.is_some_and(|last| last.row.summary.pauses) {
            self.resume("Do not pause after this iteration", Some("Do not pause"));
        } else {
            self.of_key(Step::Pause, "Pause after this iteration", Some("Pause"), EditorCommand::Pause);
        }
        self.stop();
    }

    fn of_waiting(&mut self) {
        self.resume("Try again now", Some("Try now"));
        self.of_key(Step::Pause, "Pause instead of waiting", Some("Pause"), EditorCommand::Pause);
        self.stop();
    }

    fn of_asking(&mut self, last: Option<&LoopPicture>) {
        let asks = last.and_then(|last| last.asks.as_ref());
        let state = last.and_then(|last| last.state.as_ref());
        let ask = state.and_then(|state| match &state.phase {
            Phase::NeedsInput { ask } => Some(ask.kind),
            _ => None,
        });
        let number = asks.map(|asks| asks.id);
        match (asks.map(|asks| asks.kind), ask) {
            (Some(AskKind::Trust), _) => {
                self.allow(Some("Allow the commands"));
                self.resume("Continue", None);
            }
            (_, Some(AskKind::Approval)) | (Some(AskKind::Approval), None) => {
                self.answer(Step::Approve, "Approve", Some("Approve"), number, Some(true));
                self.answer(Step::Reject, "Reject: the loop goes on", Some("Reject"), number, Some(false));
            }
            (_, Some(AskKind::Question))
            | (Some(AskKind::Question | AskKind::Blocked), None)
            | (None, None) => {
                self.answers(number);
            }
            (_, Some(AskKind::Blocked)) => {
                self.answers(number);
                self.resume("Continue", Some("Continue"));
            }
            _ => self.resume("Continue: it is in order now", Some("Continue")),
        }
    }

    fn answers(&mut self, number: Option<i64>) {
        self.answer(Step::Answer, "Answer the question", Some("Answer"), number, None);
        self.answer(Step::Answer, "Answer: yes", None, number, Some(true));
        self.answer(Step::Answer, "Answer: no", None, number, Some(false));
    }

    fn of_done(&mut self, last: Option<&LoopPicture>) {
        let Some(last) = last else { return };
        if last.row.branch.is_some() && last.row.isolation == Isolation::Worktree {
            let into = last.row.base_branch.as_deref().unwrap_or("its base");
            self.of_key(Step::Merge, format!("Merge into {into}"), Some("Merge"), EditorCommand::Merge);
        }
    }

    /// What there is to see, to take back, and to throw away.
    fn of_work(&mut self, status: TaskStatus, last: &LoopPicture) {
        let works = status.needs_runner();
        let ended: Vec<u32> =
            last.iterations.iter().filter(|one| one.ended_at.is_some()).map(|one| one.n).collect();
        if last.row.summary.iteration > 0 {
            let shows = !works && status != TaskStatus::Merged && status != TaskStatus::Discarded;
            self.show(Step::ShowDiff, "Show diff", shows.then_some("Show diff"), None);
            self.show(Step::ShowTranscript, "Show transcript", None, None);
        }
        if let Some(&n) = ended.last() {
            self.show(Step::ShowDiff, format!("Show diff of iteration {n}"), None, Some(n));
        }
        let in_worktree = last.row.isolation == Isolation::Worktree;
        let is_live = last.row.ended_at.is_none();
        if is_live && in_worktree && last.row.worktree.is_some() {
            self.of_key(Step::OpenWorktree, "Open worktree", None, EditorCommand::OpenWorktree);
        }
        if works || !is_live || matches!(status, TaskStatus::Merged | TaskStatus::Discarded) {
            return;
        }
        let is_cut = last.iterations.last().is_some_and(|one| one.ended_at.is_none());
        let back = ended.iter().rev().skip(usize::from(!is_cut)).copied().chain([0]);
        for n in back.take(LAST_FEW).filter(|_| !last.iterations.is_empty()) {
            self.at(Step::Rewind, format!("Rewind to {}", place(n)), n, EditorCommand::Rewind);
        }
        // What a loop counted counts on in its fork.
        let can_fork = in_worktree && last.state.as_ref().is_none_or(|state| state.judged < HARD_LIMIT);
        for n in ended.iter().rev().take(LAST_FEW).filter(|_| can_fork) {
            self.at(Step::Fork, format!("Fork from {}", place(*n)), *n, EditorCommand::Fork);
        }
        let discard = if in_worktree { "Discard" } else { "Discard the loop; its changes stay in your tree" };
        self.of_key(Step::Discard, discard, None, EditorCommand::Discard);
    }

    fn go_on(&mut self, last: Option<&LoopPicture>) {
        let state = last.and_then(|last| last.state.as_ref());
        if state.is_some_and(|state| state.judged >= HARD_LIMIT) {
            let refused = format!(
                "{HARD_LIMIT} iterations are the most one loop may take: split the task, or discard the loop and start again"
            );
            return self.continues(Step::Continue, "Continue".to_owned(), None, None, false, Some(refused));
        }
        let trip = state.and_then(|state| match &state.phase {
            Phase::Stopped { reason: StopReason::Breaker(trip) } => Some(trip),
            _ => None,
        });
        let tripped = trip.map(|trip| trip.rule);
        let limit = match (state, last) {
            (Some(state), _) => state.settings.limits.count(Rule::Iterations),
            (None, Some(last)) => last.row.summary.max_iterations,
            (None, None) => 0,
        };
        let at_limit = tripped == Some(Rule::Iterations);
        if at_limit {
            self.more(limit, self.default_limit, Some("Continue with more"));
            self.more(limit, FEW_MORE, None);
        }
        let spends = trip.is_some_and(|trip| self.spends_more(trip));
        let title = match tripped {
            None => "Continue".to_owned(),
            Some(_) => "Continue for one iteration, then judge again".to_owned(),
        };
        let lens = (!spends && (!at_limit || limit >= HARD_LIMIT)).then_some("Continue");
        self.continues(Step::Continue, title, lens, None, false, None);
        if !at_limit && !spends && limit > 0 {
            self.more(limit, FEW_MORE, None);
            self.more(limit, self.default_limit, None);
        }
        if tripped.is_some() {
            let title = "Reset the breaker and continue".to_owned();
            self.continues(Step::ResetAndContinue, title, None, None, true, None);
        }
    }

    fn more(&mut self, limit: u32, more: u32, lens: Option<&'static str>) {
        let raised = limit.saturating_add(more).min(HARD_LIMIT);
        let (more, refused) = if raised > limit {
            (raised - limit, None)
        } else {
            (more, Some(format!("the limit is {limit}, and {HARD_LIMIT} is the hard limit: split the task")))
        };
        let word = if more == 1 { "iteration" } else { "iterations" };
        let title = format!("Continue with {more} more {word}, {raised} in all");
        let is_there = |offer: &Offer| offer.command.title == title;
        // Cut by the hard limit, two extensions may come to the same.
        if self.list.iter().any(is_there) {
            return;
        }
        let lens = lens.filter(|_| refused.is_none());
        self.continues(Step::ContinueWithMore, title, lens, Some(raised), false, refused);
    }

    /// Offers as much money again as a loop had, where that is what it ran out of.
    fn spends_more(&mut self, trip: &Line) -> bool {
        let Some(had) = trip.limit.filter(|had| trip.rule == Rule::Cost && *had > 0.0) else { return false };
        // Whole cents, so that what is read is what is meant.
        let raised = ((trip.count + had) * 100.0 - 1e-6).ceil() / 100.0;
        let argument = Continue {
            task: self.key.clone(),
            uri: self.plan(),
            max_iterations: None,
            max_cost: Some(raised),
            reset_breaker: false,
        };
        let title = format!("Continue with {} more, {} in all", dollars(had), dollars(raised));
        let lens = Some("Continue with more");
        self.push(Step::ContinueWithMore, title, EditorCommand::Continue(argument), lens, None);
        true
    }

    fn resume(&mut self, title: &str, lens: Option<&'static str>) {
        self.continues(Step::Continue, title.to_owned(), lens, None, false, None);
    }

    fn continues(
        &mut self,
        step: Step,
        title: String,
        lens: Option<&'static str>,
        max_iterations: Option<u32>,
        reset_breaker: bool,
        refused: Option<String>,
    ) {
        let argument = Continue {
            task: self.key.clone(),
            uri: self.plan(),
            max_iterations,
            max_cost: None,
            reset_breaker,
        };
        self.push(step, title, EditorCommand::Continue(argument), lens, refused);
    }

    fn start(&mut self, title: &'static str, refused: Option<&str>) {
        let argument = Start { uri: self.uri.clone(), task: Some(self.key.to_string()), options: None };
        let lens = refused.is_none().then_some(title);
        self.push(Step::Start, title, EditorCommand::Start(argument), lens, refused.map(str::to_owned));
    }

    fn stop(&mut self) {
        self.of_key(Step::Stop, "Stop", None, EditorCommand::Stop);
    }

    fn allow(&mut self, lens: Option<&'static str>) {
        let argument = OfDocument { uri: self.uri.clone() };
        self.push(Step::Allow, "Allow the commands of this plan", EditorCommand::Trust(argument), lens, None);
    }

    fn answer(
        &mut self,
        step: Step,
        title: &str,
        lens: Option<&'static str>,
        approval: Option<i64>,
        approved: Option<bool>,
    ) {
        let argument = Answer { task: self.key.clone(), uri: self.plan(), approval, approved, text: None };
        self.push(step, title, EditorCommand::Answer(argument), lens, None);
    }

    fn show(
        &mut self,
        step: Step,
        title: impl Into<String>,
        lens: Option<&'static str>,
        iteration: Option<u32>,
    ) {
        let (task, uri) = (self.key.clone(), self.plan());
        let command = if step == Step::ShowDiff {
            EditorCommand::ShowDiff(ShowDiff { task, uri, iteration, against: None })
        } else {
            EditorCommand::ShowTranscript(ShowTranscript { task, uri, iteration })
        };
        self.push(step, title, command, lens, None);
    }

    fn at(&mut self, step: Step, title: String, iteration: u32, command: fn(AtIteration) -> EditorCommand) {
        let argument = AtIteration { task: self.key.clone(), uri: self.plan(), iteration };
        self.push(step, title, command(argument), None, None);
    }

    fn of_key(
        &mut self,
        step: Step,
        title: impl Into<String>,
        lens: Option<&'static str>,
        command: fn(OfTask) -> EditorCommand,
    ) {
        let argument = OfTask { task: self.key.clone(), uri: self.plan() };
        self.push(step, title, command(argument), lens, None);
    }

    fn push(
        &mut self,
        step: Step,
        title: impl Into<String>,
        command: EditorCommand,
        lens: Option<&'static str>,
        refused: Option<String>,
    ) {
        if self.only_next && (lens.is_none() || refused.is_some()) {
            return;
        }
        self.list.push(Offer { step, command: command.titled(title), lens, refused });
    }
}

fn place(iteration: u32) -> String {
    if iteration == 0 { "before the first iteration".to_owned() } else { format!("iteration {iteration}") }
}

/// The steps that solve what an Alfine diagnostic says of a task, the likeliest first. The second half says whether the
/// first of them is right without another thought.
pub fn steps_for(code: &str) -> (&'static [Step], bool) {
    use Step::{
        Allow, Answer, Approve, Continue, ContinueWithMore, Discard, Pause, Reject, ResetAndContinue, Rewind,
        ShowDiff, ShowTranscript, Start, Stop,
    };
    if let Some(name) = code.strip_prefix("breaker-") {
        let steps: &[Step] = match Rule::named(name).is_some_and(Rule::is_raisable) {
            true => &[ContinueWithMore, Continue, ResetAndContinue, ShowDiff, Rewind, Discard],
            false => &[Continue, ResetAndContinue, ShowDiff, ShowTranscript, Rewind, Discard],
        };
        return (steps, true);
    }
    match code {
        "gate-missing" | "gate-malformed" | "gate-contradictory" | "gate-not-ready" => {
            (&[Continue, ShowTranscript, ShowDiff], true)
        }
        "verify-failed" | "finding" => (&[Continue, ShowDiff, ShowTranscript, Rewind], true),
        "blocker" => (&[Answer, Continue, ShowTranscript, ShowDiff], true),
        "approval-needed" => (&[Approve, Reject, ShowDiff, ShowTranscript], false),
        "question" => (&[Answer, ShowTranscript], true),
        "rate-limited" => (&[Continue, Pause, Stop], false),
        "agent-auth" => (&[Continue, ShowTranscript], true),
        "interrupted" => (&[Continue, ShowDiff, Rewind, Discard], true),
        "config-untrusted" => (&[Allow, Start], true),
        // Of a task whose heading is gone, and what may come to be said later.
        _ => (&[Continue, Pause, Stop, ShowDiff, Discard], false),
    }
}
