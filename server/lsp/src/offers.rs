//! What can be done next with a task, as commands of an editor: lenses, actions and quick fixes each take their part of
//! the engine's list.

use crate::protocol::lsp_types::{Command, Url};
use crate::{
    commands::{
        EditorCommand,
        arguments::{
            Answer, AtIteration, Continue, ContinuePlan, OfDocument, OfTask, ShowDiff, ShowTranscript, Start,
            Steer,
        },
    },
    picture::{PlanView, SeenTask},
    snapshot::{Checkout, LoopPicture, TaskPicture},
};
use alfine_core::{
    breaker::{Rule, dollars},
    budget::{Budget, Short},
    machine::{AskKind, Phase},
    offer::{Action, Continuing, Offer, Step},
    task::{TaskId, TaskKey, TaskStatus},
};
use alfine_engine::{
    offers::{self, CheckoutSuspect, LastLoop, Situation},
    view::OfferView,
};
use alfine_words::offer as words;

/// Raises the budget that holds a plan up, and goes on; `None` for a budget that only the settings raise.
pub(crate) fn raise_budget(uri: Url, short: &Short) -> Option<Command> {
    let budget = (short.budget == Budget::PlanUsd).then(|| short.raised())?;
    let title = format!("Raise the budget to {} and continue", dollars(budget));
    Some(EditorCommand::ContinuePlan(ContinuePlan { uri, budget: Some(budget) }).titled(title))
}

/// Runs the checks of a task before its work; `None` where it has none, or its work goes on or is over.
pub(crate) fn check(plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Option<Command> {
    let has_check = seen.task.criteria.iter().any(|criterion| criterion.command.is_some());
    let is_ahead = match seen.status {
        TaskStatus::Ready | TaskStatus::Pending => true,
        status => {
            !status.needs_runner()
                && !seen.task.is_over()
                && seen.known.is_none_or(|known| known.live().is_none())
        }
    };
    let of = OfTask { task: seen.key.clone(), uri: Some(plan.document.uri.clone()) };
    (plan.checkout.is_some() && has_check && is_ahead)
        .then(|| EditorCommand::Check(of).titled("Run the checks now"))
}

/// What can be done with one task.
#[derive(Debug, Clone)]
pub(crate) struct TaskOffers {
    key: TaskKey,
    /// The task's plan, open or not; `None` if it has no place in any folder.
    uri: Option<Url>,
    list: Vec<Offer>,
}

/// An offer as a menu has it.
#[derive(Debug, Clone)]
pub(crate) struct MenuItem {
    /// What the offer is for.
    pub step: Step,
    /// The command, with its title.
    pub command: Command,
    /// Why it is not possible now, in words.
    pub refused: Option<String>,
}

impl TaskOffers {
    /// The offers for a task of a plan.
    pub(crate) fn of_task(plan: &PlanView<'_>, seen: &SeenTask<'_>) -> Self {
        let known = seen.known.map(AsRef::as_ref);
        let situation = Situation {
            has_repository: plan.checkout.is_some(),
            is_planned: true,
            has_open_box: plan.has_open_box(seen.task),
            ..situation(plan.checkout.map(AsRef::as_ref), &seen.key, seen.status, &seen.waits_for, known)
        };
        let uri = Some(plan.document.uri.clone());
        Self { key: seen.key.clone(), uri, list: offers::offers(&situation) }
    }

    /// The offers for a task whose heading is no longer in its plan.
    pub(crate) fn of_gone(plan: &PlanView<'_>, task: &TaskPicture) -> Self {
        Self::of_unplanned(plan.checkout.map(AsRef::as_ref), Some(plan.document.uri.clone()), task)
    }

    /// The offers for a task that is in no plan, or in one that was not looked at.
    pub(crate) fn of_unplanned(checkout: Option<&Checkout>, plan: Option<Url>, task: &TaskPicture) -> Self {
        let situation = situation(checkout, &task.row.key, task.row.status, &[], Some(task));
        Self { key: task.row.key.clone(), uri: plan, list: offers::offers(&situation) }
    }

    /// The likely next steps, each in a word or two.
    pub(crate) fn lenses(&self) -> impl Iterator<Item = Command> {
        let next = self.list.iter().filter(|offer| offer.is_next && offer.refused.is_none());
        next.filter_map(|offer| Some(self.command(&offer.action)?.titled(words::short(&offer.action))))
    }

    /// Everything that the protocol's own menus can offer, which excludes actions that need a text from the user.
    pub(crate) fn menu(&self) -> impl Iterator<Item = MenuItem> {
        let offers = self.list.iter().filter(|offer| offer.action != Action::Steer);
        offers.filter_map(|offer| {
            Some(MenuItem {
                step: offer.action.step(),
                command: self.command(&offer.action)?.titled(words::title(&offer.action)),
                refused: offer.refused.as_ref().map(words::refusal),
            })
        })
    }

    /// Whether the work that the user is asked about may be merged with the same answer.
    pub(crate) fn can_approve_and_merge(&self) -> bool {
        self.list.iter().any(|offer| matches!(offer.action, Action::ApproveAndMerge { .. }))
    }

    /// All of it, for an editor that draws it itself.
    pub(crate) fn views(&self) -> Vec<OfferView> {
        let view = |offer: &Offer| {
            let (command, argument) = self.command(&offer.action)?.sent();
            Some(OfferView::new(offer, command.to_owned(), Some(argument)))
        };
        self.list.iter().filter_map(view).collect()
    }

    /// Returns the command that does an action; `None` if the action needs the plan's URI and there is none.
    fn command(&self, action: &Action) -> Option<EditorCommand> {
        let (task, uri) = (self.key.clone(), self.uri.clone());
        let answered = |approval, approved, merge| {
            let (task, uri) = (task.clone(), uri.clone());
            EditorCommand::Answer(Answer { task, uri, approval, approved, merge, text: None })
        };
        let answer = |approval, approved| answered(approval, approved, false);
        let of_task = || OfTask { task: task.clone(), uri: uri.clone() };
        let at =
            |iteration| AtIteration { task: task.clone(), uri: uri.clone(), iteration, keep_plan: false };
        Some(match *action {
            Action::Start { .. } | Action::RunAgain => {
                EditorCommand::Start(Start { uri: uri?, task: Some(task.to_string()), options: None })
            }
            Action::Pause { .. } => EditorCommand::Pause(of_task()),
            Action::Stop => EditorCommand::Stop(of_task()),
            Action::Continue(continuing) => EditorCommand::Continue(Continue {
                task,
                uri,
                max_iterations: match continuing {
                    Continuing::WithIterations { limit, .. } => Some(limit),
                    _ => None,
                },
                max_cost: match continuing {
                    Continuing::WithCost { limit, .. } => Some(limit),
                    _ => None,
                },
                reset_breaker: continuing == Continuing::Afresh,
                keep_plan: false,
            }),
            Action::Approve { question } => answer(question, Some(true)),
            Action::ApproveAndMerge { question, .. } => answered(question, Some(true), true),
            Action::Reject { question } => answer(question, Some(false)),
            Action::Answer { question, reply } => answer(question, reply),
            Action::Steer => EditorCommand::Steer(Steer { task, uri, text: String::new() }),
            Action::Allow => EditorCommand::Trust(OfDocument { uri: uri? }),
            Action::ShowDiff { iteration, .. } => {
                EditorCommand::ShowDiff(ShowDiff { task, uri, iteration, against: None })
            }
            Action::ShowTranscript { .. } => {
                EditorCommand::ShowTranscript(ShowTranscript { task, uri, iteration: None })
            }
            Action::OpenWorktree => EditorCommand::OpenWorktree(of_task()),
            Action::Rewind { iteration } => EditorCommand::Rewind(at(iteration)),
            Action::Fork { iteration } => EditorCommand::Fork(at(iteration)),
            Action::Merge { .. } => EditorCommand::Merge(of_task()),
            Action::Rework { .. } => EditorCommand::Rework(of_task()),
            Action::RestoreCheckout => EditorCommand::RestoreCheckout(of_task()),
            Action::KeepCheckout => EditorCommand::KeepCheckout(of_task()),
            Action::Discard { .. } => EditorCommand::Discard(of_task()),
        })
    }
}

/// What is known of a task that may be in no plan.
fn situation<'a>(
    checkout: Option<&Checkout>,
    key: &TaskKey,
    status: TaskStatus,
    waits_for: &'a [TaskId],
    known: Option<&'a TaskPicture>,
) -> Situation<'a> {
    let untrusted = checkout.and_then(|checkout| checkout.untrusted.get(&key.plan));
    Situation {
        status,
        waits_for,
        has_repository: true,
        is_planned: false,
        has_open_box: false,
        is_untrusted: untrusted.is_some_and(|items| !items.is_empty()),
        default_limit: checkout.map_or(10, |checkout| checkout.config.limits.iterations),
        last: known.and_then(|known| known.last.as_ref()).map(last_loop),
    }
}

fn last_loop(last: &LoopPicture) -> LastLoop<'_> {
    LastLoop {
        row: &last.row,
        state: last.state.as_ref(),
        iterations: &last.iterations,
        asks: last.asks.as_ref(),
        checkout: CheckoutSuspect::of(&last.checkout),
        asks_to_merge: last.asks_to_merge,
    }
}

/// The command that shows the most about a task's loop: what its agent says. `None` if no agent ever ran.
pub(crate) fn look(plan: &PlanView<'_>, task: &TaskPicture, title: String) -> Option<Command> {
    let last = task.last.as_ref()?;
    let uri = Some(plan.document.uri.clone());
    let show = ShowTranscript { task: task.row.key.clone(), uri, iteration: None };
    let spoke = last.last_run.is_some() || last.row.summary.iteration > 0;
    spoke.then(|| EditorCommand::ShowTranscript(show).titled(title))
}

/// What a text that the user selects does for a task: it answers, it rejects what is claimed, or it is a note for the
/// agent. None where nobody would hear it. `plan` is the task's.
pub(crate) fn of_text(plan: Option<Url>, known: &TaskPicture, text: &str) -> Option<Command> {
    let live = known.live()?;
    let (task, uri, text) = (known.row.key.clone(), plan, text.to_owned());
    if known.row.status == TaskStatus::NeedsInput {
        let asks = live.asks.as_ref();
        let phase = live.state.as_ref().map(|state| &state.phase);
        let (title, approved) = match (asks.map(|asks| asks.kind), phase) {
            (
                Some(
                    AskKind::Trust
                    | AskKind::Login
                    | AskKind::Billing
                    | AskKind::Budget
                    | AskKind::Config
                    | AskKind::Context
                    | AskKind::Check
                    | AskKind::Refusal,
                ),
                _,
            ) => return None,
            (Some(kind), _) if kind.is_yes_or_no() => ("Reject with the selected text", Some(false)),
            (None, Some(Phase::NeedsInput { ask })) if ask.kind.is_yes_or_no() => {
                ("Reject with the selected text", Some(false))
            }
            _ => ("Answer with the selected text", None),
        };
        let approval = asks.map(|asks| asks.id);
        let argument = Answer { task, uri, approval, approved, merge: false, text: Some(text) };
        return Some(EditorCommand::Answer(argument).titled(title));
    }
    let hears = known.row.status.needs_runner()
        || matches!(known.row.status, TaskStatus::Paused | TaskStatus::Stopped | TaskStatus::Failed);
    hears.then(|| EditorCommand::Steer(Steer { task, uri, text }).titled("Tell the agent the selected text"))
}

/// The steps that solve the problem of an Alfine diagnostic, the likeliest first, and whether the first step is right
/// without a decision of the user.
pub(crate) fn steps_for(code: &str) -> (&'static [Step], bool) {
    use Step::{
        Allow, Answer, Approve, Continue, ContinueWithMore, Discard, Merge, Pause, Reject, ResetAndContinue,
        Rewind, Rework, ShowDiff, ShowTranscript, Start, Stop,
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
        // What may be in order, and is the agent's to explain or to take back, is looked at first.
        "check-weakened" | "check-proves-nothing" | "check-empty" | "check-flaky" | "check-ignored" => {
            (&[ShowDiff, Continue, Rewind, ShowTranscript], false)
        }
        "blocker" => (&[Answer, Continue, ShowTranscript, ShowDiff], true),
        "approval-needed" => (&[Approve, Reject, ShowDiff, ShowTranscript], false),
        "question" => (&[Answer, ShowTranscript], true),
        "rate-limited" | "outage" => (&[Continue, Pause, Stop], false),
        "agent-auth" => (&[Continue, ShowTranscript], true),
        "check-unable" => (&[Continue, Answer, ShowDiff, ShowTranscript], true),
        "interrupted" => (&[Continue, ShowDiff, Rewind, Discard], true),
        "not-landed" => (&[Rework, Merge, ShowDiff, Discard], true),
        "unproven" => (&[ShowDiff, ShowTranscript, Discard], false),
        "config-untrusted" => (&[Allow, Start], true),
        // Of a task whose heading is gone, and what may come to be said later.
        _ => (&[Continue, Pause, Stop, ShowDiff, Discard], false),
    }
}
