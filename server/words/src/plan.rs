//! What became of a plan: edited while a loop rested, replaced, not ticked.

use crate::text::line;
use alfine_core::{
    detect::Shared,
    news::Mend,
    plan::{Lacks, Lost, Mark, Task},
    printable::printable,
    reason::Unticked,
    task::{TaskKey, TaskStatus},
    time::Moment,
};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

/// The longest title or criterion that is shown, in characters.
const LONGEST: usize = 120;

/// A day as a calendar on the reader's wall shows it.
pub fn day(at: Moment) -> String {
    match Timestamp::from_millisecond(at.0) {
        Ok(at) => at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string(),
        Err(_) => "an unknown day".to_owned(),
    }
}

/// Why a task was found to depend on another one: a part of a sentence.
pub fn shared(by: &Shared) -> String {
    match by {
        Shared::Name(name) => format!("both name `{}`", line(&printable(name), LONGEST)),
        Shared::Topic(topic) => format!("both are about “{}”", line(&printable(topic), LONGEST)),
    }
}

/// Says what is other in a plan than when its loop began: one line. `None` if nothing is.
pub fn plan_changed(changes: &[Mend]) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    if changes.contains(&Mend::Gone) {
        return Some("its plan has no such task any more: it keeps the text that it began with".to_owned());
    }
    let counted = |is_it: fn(&Mend) -> bool, what: &str| match changes.iter().filter(|it| is_it(it)).count() {
        0 => None,
        1 => Some(format!("1 {what} criterion")),
        many => Some(format!("{many} {what} criteria")),
    };
    let said = changes.iter().filter_map(|change| match change {
        Mend::Title { was, is } => Some(format!(
            "the title (“{}”, before: “{}”)",
            printable(&line(is, LONGEST)),
            printable(&line(was, LONGEST))
        )),
        Mend::Goal => Some("the plan's goal".to_owned()),
        Mend::Details => Some("the details".to_owned()),
        Mend::Fields => Some("the task's checks or limits".to_owned()),
        Mend::Dependencies => Some("what the task depends on".to_owned()),
        Mend::CriterionAdded { .. } | Mend::CriterionRemoved { .. } | Mend::Settings { .. } | Mend::Gone => {
            None
        }
    });
    let criteria = [
        counted(|change| matches!(change, Mend::CriterionAdded { .. }), "new"),
        counted(|change| matches!(change, Mend::CriterionRemoved { .. }), "dropped"),
    ];
    let all: Vec<String> = said.chain(criteria.into_iter().flatten()).collect();
    let plan = (!all.is_empty()).then(|| {
        format!("the plan was edited meanwhile, and it goes on with the new text: {}", all.join(", "))
    });
    let settings = changes.iter().find_map(|change| match change {
        Mend::Settings { keys } => Some(format!("it goes on with other settings: {}", keys.join(", "))),
        _ => None,
    });
    Some(plan.into_iter().chain(settings).collect::<Vec<_>>().join("; "))
}

/// Tells an agent that knows a task as it was how it is now.
pub fn plan_changed_note(changes: &[Mend], task: &Task) -> String {
    let mut note =
        "I edited this task in the plan. What is said here replaces what you were told before.".to_owned();
    for change in changes {
        let _ = match change {
            Mend::Title { is, .. } => write!(note, "\nIts title: {is}"),
            Mend::Goal => write!(note, "\nThe plan's goal is another one: read it in the plan."),
            Mend::Details => write!(note, "\nIts details:\n{}", task.details.trim()),
            Mend::CriterionAdded { text } => write!(note, "\nA new criterion: {text}"),
            Mend::CriterionRemoved { text } => write!(note, "\nNo longer a criterion: {text}"),
            Mend::Fields | Mend::Dependencies | Mend::Settings { .. } | Mend::Gone => Ok(()),
        };
    }
    note
}

/// Says why a merged task is ticked nowhere, as a part of a sentence.
pub fn unticked(why: &Unticked, plan: &str) -> String {
    match why {
        Unticked::NoPlan => format!("nothing was ticked: {plan} is not here any more"),
        Unticked::NoSuchTask { title } => {
            format!("nothing was ticked: {plan} has no “{}” any more", printable(&line(title, LONGEST)))
        }
        Unticked::NoBox => format!("nothing was ticked: it has no box in {plan}"),
        Unticked::Later { criteria } => {
            let texts: Vec<String> =
                criteria.iter().map(|text| format!("“{}”", printable(&line(text, LONGEST)))).collect();
            format!(
                "not ticked, since {} after the work was checked: {}; start the task again to have it done",
                if criteria.len() == 1 { "it came into the plan" } else { "they came into the plan" },
                texts.join(", ")
            )
        }
        Unticked::Elsewhere => {
            format!("nothing was ticked: the branch has another {plan}; tick it yourself in yours")
        }
    }
}

/// Asks whether a task of a plan is the one that was begun before, in other words.
pub fn same_task(task: &TaskKey, title: &str, before: &TaskKey, was: &str, status: TaskStatus) -> String {
    let id = if before == task { String::new() } else { format!("{before}, ") };
    format!(
        "{task} is now “{}”. Is it the task that was {id}“{}” before, which is {}?",
        printable(&line(title, LONGEST)),
        printable(&line(was, LONGEST)),
        crate::text::status(status)
    )
}

/// Says what of a plan is not in another format as it was: one line.
pub fn not_carried(lost: &Lost) -> String {
    let shown = |text: &str| printable(&line(text, LONGEST));
    let what = match &lost.what {
        Lacks::Tasks { were, are } => format!("{were} tasks are read as {are}"),
        Lacks::Id { now } => format!("is called {} now", shown(&now.0)),
        Lacks::Title => "the title reads otherwise".to_owned(),
        Lacks::Text => "the text reads otherwise".to_owned(),
        Lacks::State(mark) => format!("that it is {}", state(*mark)),
        Lacks::Dependencies => "what it depends on".to_owned(),
        Lacks::Criterion { text } => format!("the criterion “{}”", shown(text)),
        Lacks::Ticks => "which of its criteria are ticked".to_owned(),
        Lacks::Optional => "that it is optional".to_owned(),
        Lacks::Group(group) => format!("that it stands under “{}”", shown(group)),
        Lacks::Field(name) => format!("`{}`", name.as_str()),
        Lacks::Branch(branch) => format!("the branch `{}`", shown(branch)),
        Lacks::OtherFile(id) => format!("that it depends on {}, a task of another file", shown(&id.0)),
        Lacks::Section(name) => format!("what stands at “{}”, outside of the tasks", shown(name)),
    };
    match &lost.task {
        Some(task) => format!("{}: {what}", shown(&task.0)),
        None => what,
    }
}

fn state(mark: Mark) -> &'static str {
    match mark {
        Mark::Open => "open",
        Mark::Begun => "begun",
        Mark::Blocked => "blocked",
        Mark::Done => "done",
        Mark::Dropped => "dropped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{plan::FieldName, task::TaskId};

    #[test]
    fn what_another_format_does_not_hold_is_said() {
        let said = |task: Option<&str>, what| {
            not_carried(&Lost { task: task.map(|id| TaskId(id.to_owned())), what })
        };
        assert_eq!(said(Some("T1"), Lacks::Id { now: TaskId("T2".to_owned()) }), "T1: is called T2 now");
        assert_eq!(said(Some("T1"), Lacks::State(Mark::Begun)), "T1: that it is begun");
        assert_eq!(said(Some("T1"), Lacks::Field(FieldName::MaxCost)), "T1: `Max cost`");
        assert_eq!(said(Some("T1"), Lacks::Group("Queue".to_owned())), "T1: that it stands under “Queue”");
        assert_eq!(said(None, Lacks::Branch("ralph/beds".to_owned())), "the branch `ralph/beds`");
        let task_7 = TaskId("task-7".to_owned());
        assert_eq!(
            said(Some("T1"), Lacks::OtherFile(task_7)),
            "T1: that it depends on task-7, a task of another file"
        );
        assert_eq!(
            said(None, Lacks::Section("Notes".to_owned())),
            "what stands at “Notes”, outside of the tasks"
        );
        assert_eq!(said(None, Lacks::Tasks { were: 3, are: 2 }), "3 tasks are read as 2");
        assert_eq!(
            said(None, Lacks::Criterion { text: "Tests pass".to_owned() }),
            "the criterion “Tests pass”"
        );
    }

    #[test]
    fn what_was_edited_is_said_on_one_line() {
        assert_eq!(plan_changed(&[]), None);
        let changes = [
            Mend::Title { was: "Add cuopons".to_owned(), is: "Add coupons".to_owned() },
            Mend::Details,
            Mend::CriterionAdded { text: "a".to_owned() },
            Mend::CriterionAdded { text: "b".to_owned() },
            Mend::CriterionRemoved { text: "c".to_owned() },
            Mend::Fields,
            Mend::Dependencies,
        ];
        assert_eq!(
            plan_changed(&changes).unwrap(),
            "the plan was edited meanwhile, and it goes on with the new text: the title (“Add coupons”, before: “Add \
             cuopons”), the details, the task's checks or limits, what the task depends on, 2 new \
             criteria, 1 dropped criterion"
        );
        assert!(plan_changed(&[Mend::Gone]).unwrap().contains("no such task any more"));
    }

    #[test]
    fn what_two_tasks_share_is_said() {
        assert_eq!(shared(&Shared::Name("coupons".to_owned())), "both name `coupons`");
        assert_eq!(shared(&Shared::Topic("coupon".to_owned())), "both are about “coupon”");
    }

    #[test]
    fn a_merged_task_that_is_ticked_nowhere_says_why() {
        let said = |why| unticked(&why, "PLAN.md");
        assert_eq!(said(Unticked::NoPlan), "nothing was ticked: PLAN.md is not here any more");
        assert_eq!(
            said(Unticked::NoSuchTask { title: "Add coupons".to_owned() }),
            "nothing was ticked: PLAN.md has no “Add coupons” any more"
        );
        assert_eq!(said(Unticked::NoBox), "nothing was ticked: it has no box in PLAN.md");
        let later = said(Unticked::Later { criteria: vec!["It is fast".to_owned()] });
        assert_eq!(
            later,
            "not ticked, since it came into the plan after the work was checked: “It is fast”; start the task again to have it done"
        );
        assert!(said(Unticked::Elsewhere).contains("tick it yourself"));
    }
}
