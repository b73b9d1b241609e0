use super::*;
use crate::plan::checklist::tests::{BACKLOG, KIRO, RALPHEX, SPEC_KIT, STORY};
use crate::plan::json::tests::{MASTER, NUMBERS, RALPH};
use crate::plan::markdown::tests::COUPONS;
use crate::plan::ralph_orchestrator::tests::YAML;
use crate::plan::read;
use crate::plan::tests::plan_like;
use proptest::prelude::*;

const SAMPLES: [(&str, &str); 10] = [
    ("a/.kiro/specs/printer/tasks.md", KIRO),
    ("specs/004-reading-list/tasks.md", SPEC_KIT),
    ("docs/plans/2031-quiet.md", RALPHEX),
    ("backlog/tasks/task-12 - x.md", BACKLOG),
    ("docs/stories/1.2.x.md", STORY),
    ("prd.json", RALPH),
    ("prd.json", NUMBERS),
    (".taskmaster/tasks/tasks.json", MASTER),
    ("PLAN.md", COUPONS),
    ("ralph.yml", YAML),
];

/// What must be the same of each task: title, state, what it waits for, and its criteria with their commands.
fn tasks(plan: &Plan) -> Vec<String> {
    let names = Names::new(plan);
    let shown = |task: &Task| {
        let waits_for = waits(plan, &names, task);
        let commands: Vec<_> = task.criteria.iter().map(|criterion| &criterion.command).collect();
        format!("{} | {:?} < {waits_for:?} {commands:?}", task.title, task.mark)
    };
    plan.tasks.iter().map(shown).collect()
}

/// What of tasks is lost that must never be.
fn hurt(converted: &Converted) -> Vec<String> {
    let is_hurt = |lost: &&Lost| match &lost.what {
        Lacks::Tasks { .. } | Lacks::Title | Lacks::State(_) | Lacks::Dependencies | Lacks::Text => true,
        Lacks::Criterion { .. } => lost.task.is_some(),
        _ => false,
    };
    converted.lost.iter().filter(is_hurt).map(|lost| format!("{lost:?}")).collect()
}

fn again(into: Into, text: &str) -> Plan {
    read(if into == Into::Prd { "prd.json" } else { "a.plan.md" }, text)
}

#[test]
fn plans_of_every_format_are_read_back_as_the_same_tasks() {
    for (path, text) in SAMPLES {
        let plan = read(path, text);
        assert!(!plan.tasks.is_empty(), "{path}");
        for into in [Into::Markdown, Into::Prd] {
            let converted = convert(&plan, into);
            let back = again(into, &converted.text);
            assert_eq!(tasks(&back), tasks(&plan), "{path}\n{}", converted.text);
            assert_eq!(hurt(&converted), [""; 0], "{path}");
            for (task, other) in plan.tasks.iter().zip(&back.tasks) {
                // What no heading can be called has another name, and that is told.
                let is_told =
                    converted.lost.iter().any(|lost| lost.what == Lacks::Id { now: other.id.clone() });
                assert!(task.id == other.id || !task.explicit_id && is_told, "{}", task.id);
            }
            assert_eq!(back.problems, [], "{path}\n{}", converted.text);
            assert_eq!(convert(&back, into).text, converted.text, "{path}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_not_read_back_as_it_was_is_told(text in plan_like()) {
        let plan = read("PLAN.md", &text);
        prop_assume!(!plan.tasks.is_empty());
        for into in [Into::Markdown, Into::Prd] {
            let converted = convert(&plan, into);
            let back = again(into, &converted.text);
            let hurt = hurt(&converted);
            prop_assert!(hurt.is_empty(), "{:?}\n{}\n-----\n{}", hurt, text, converted.text);
            prop_assert_eq!(tasks(&back), tasks(&plan));
        }
    }
}
