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
        // Signs that begin a list of their own are left out.
        Lacks::Criterion { text } => lost.task.is_some() && text.starts_with(char::is_alphanumeric),
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
            let converted = convert(&plan, text, into);
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
            assert_eq!(convert(&back, &converted.text, into).text, converted.text, "{path}");
        }
    }
}

fn told(plan: &Plan, text: &str, into: Into) -> Vec<Lacks> {
    convert(plan, text, into).lost.into_iter().map(|lost| lost.what).collect()
}

#[test]
fn a_title_of_json_says_no_state_in_markdown() {
    let text = r#"{"userStories":[{"id":"US-1","title":"[DONE] ship it","passes":false},
        {"id":"US-2","title":"✅ green tick shown","passes":false},
        {"id":"US-5","title":"Add (done)","passes":false,"dependsOn":["US-1"]},
        {"id":"US-6","title":"✅ was shown","passes":true},
        {"id":"US-7","title":"Add (depends on US-5)","passes":false}]}"#;
    let plan = read("prd.json", text);
    let converted = convert(&plan, text, Into::Markdown);
    let back = again(Into::Markdown, &converted.text);
    let shown = |plan: &Plan| -> Vec<_> {
        let names = Names::new(plan);
        plan.tasks.iter().map(|task| (task.id.clone(), task.mark, waits(plan, &names, task))).collect()
    };
    assert_eq!(shown(&back), shown(&plan), "{}", converted.text);
    assert!(!converted.lost.iter().any(Lost::is_of_order), "{:?}", converted.lost);
    assert_eq!(back.problems, [], "{}", converted.text);
}

#[test]
fn a_task_of_another_file_is_waited_for_by_none_and_told() {
    let text = "---\nid: task-12\ntitle: Quiet\nstatus: To Do\ndependencies: [task-7]\n---\n\nText.\n";
    let plan = read("backlog/tasks/task-12 - x.md", text);
    for into in [Into::Markdown, Into::Prd] {
        let converted = convert(&plan, text, into);
        let back = again(into, &converted.text);
        assert!(back.tasks[0].fields.depends_on.is_empty(), "{}", converted.text);
        assert!(told(&plan, text, into).contains(&Lacks::OtherFile(TaskId("task-7".to_owned()))));
    }
}

#[test]
fn what_is_no_tasks_is_told() {
    let text = "---\nmodel: opus\n---\n# P\n\nGoal.\n\n## Now\n\n### T1: A\n\n- [ ] crit one: `make a`\n\n## Out of scope\n\n- [ ] no\n\n## Notes\n\nsome notes\n\nthat matter\n\n## Acceptance criteria\n\n- [ ] All: `make`\n";
    let plan = read("F.plan.md", text);
    for into in [Into::Markdown, Into::Prd] {
        let sections: Vec<Lacks> =
            told(&plan, text, into).into_iter().filter(|lacks| matches!(lacks, Lacks::Section(_))).collect();
        assert_eq!(sections, ["Out of scope", "Notes"].map(|name| Lacks::Section(name.to_owned())));
    }
}

#[test]
fn criteria_of_json_are_the_same_in_json_and_told_where_markdown_has_others() {
    let all = ["[x] done thing", "<!-- c", "- a\nb", "1. first", "`make x`", "plain"];
    let text = serde_json::json!({"userStories": [{"id": "US-1", "title": "A", "acceptanceCriteria": all}]})
        .to_string();
    let plan = read("prd.json", &text);
    let back = again(Into::Prd, &convert(&plan, &text, Into::Prd).text);
    let texts = |plan: &Plan| plan.tasks[0].criteria.iter().map(|each| each.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&back), texts(&plan));
    let lost = told(&plan, &text, Into::Markdown);
    for text in ["[x] done thing", "<!-- c"] {
        assert!(lost.contains(&Lacks::Criterion { text: text.to_owned() }), "{lost:?}");
    }
    assert!(!lost.contains(&Lacks::Criterion { text: "plain".to_owned() }), "{lost:?}");
}

proptest! {
    #[test]
    fn what_is_not_read_back_as_it_was_is_told(text in plan_like()) {
        let plan = read("PLAN.md", &text);
        prop_assume!(!plan.tasks.is_empty());
        for into in [Into::Markdown, Into::Prd] {
            let converted = convert(&plan, &text, into);
            let back = again(into, &converted.text);
            let hurt = hurt(&converted);
            prop_assert!(hurt.is_empty(), "{:?}\n{}\n-----\n{}", hurt, text, converted.text);
            prop_assert_eq!(tasks(&back), tasks(&plan));
        }
    }
}
