use super::read;
use crate::lint::{Checks, LintCode, LintOptions, lint};
use crate::plan::prd::PRD;
use crate::plan::task_master::TASK_MASTER;
use crate::plan::tests::{edited, ticked};
use crate::plan::{FieldName, Mark, NoTask, Plan, PlanFormat, ProblemKind, Unread, is_plan};
use crate::text::Span;

fn prd(text: &str) -> Plan {
    Plan { format: &PRD, ..PRD.parse(text) }
}

fn task_master(text: &str) -> Plan {
    Plan { format: &TASK_MASTER, ..TASK_MASTER.parse(text) }
}

/// Each task as `id | title`, with its state, what it waits for, and its criteria.
fn tasks(plan: &Plan) -> Vec<String> {
    let shown = |task: &crate::plan::Task| {
        let mut shown = format!("{} | {}", task.id, task.title);
        if task.mark != Mark::Open {
            shown += &format!(" | {:?}", task.mark).to_lowercase();
        }
        for id in &task.fields.depends_on {
            shown += &format!(" < {}", id.value);
        }
        for criterion in &task.criteria {
            shown += &format!(" [{}]", criterion.text);
        }
        shown
    };
    plan.tasks.iter().map(shown).collect()
}

pub(in crate::plan) const RALPH: &str = r#"{
  "project": "Beds",
  "branchName": "ralph/beds",
  "description": "Keep the bed",
  "userStories": [
    {
      "id": "US-001",
      "title": "Column for the bed",
      "description": "As a gardener\nI want it.",
      "acceptanceCriteria": [
        "There is a column",
        "Typecheck passes: `npm run tsc`"
      ],
      "priority": 1,
      "passes": true,
      "notes": ""
    },
    {
      "id": "US-002",
      "title": "Form „öffnet“ with it",
      "acceptanceCriteria": ["It opens"],
      "priority": 2,
      "passes":   false,
      "notes": "as before",
      "dependsOn": ["US-001"]
    }
  ]
}
"#;

pub(in crate::plan) const NUMBERS: &str = r#"{
  "name": "Beds",
  "userStories": [
    { "id": 1, "story": "Column", "acceptance": ["column is there"], "priority": "high", "passes": false },
    { "id": 2, "story": "Form", "acceptance": ["form opens"], "priority": "low", "passes": false, "dependencies": [1] }
  ],
  "metadata": { "createdAt": "2031-03-02T08:00:00Z" }
}"#;

pub(in crate::plan) const MASTER: &str = r#"{
	"master": {
		"tasks": [
			{
				"id": 1,
				"title": "Set up",
				"description": "The ground",
				"details": "Use what is there.",
				"testStrategy": "It builds",
				"priority": "high",
				"status": "done",
				"dependencies": [],
				"subtasks": []
			},
			{
				"id": 2,
				"title": "Queue",
				"status": "pending",
				"dependencies": [1],
				"subtasks": [
					{ "id": 1, "title": "Order", "status": "in-progress", "dependencies": [] },
					{ "id": 2, "title": "Take back", "status": "pending", "dependencies": [1, "3.1"] }
				]
			},
			{
				"id": 3,
				"title": "Sensor",
				"status": "deferred",
				"dependencies": [2],
				"subtasks": [ { "id": "3.1", "title": "Order it", "status": "cancelled" } ]
			}
		],
		"metadata": { "projectName": "Printer" }
	}
}
"#;

#[test]
fn stories_are_tasks_with_their_criteria_states_and_order() {
    let plan = prd(RALPH);
    assert_eq!(
        (plan.title.as_str(), plan.goal.as_str(), &plan.problems[..]),
        ("Beds", "Keep the bed", &[][..])
    );
    assert_eq!(
        tasks(&plan),
        [
            "US-001 | Column for the bed | done [There is a column] [Typecheck passes: `npm run tsc`]",
            "US-002 | Form „öffnet“ with it < US-001 [It opens]",
        ]
    );
    let [first, second] = &plan.tasks[..] else { panic!("{plan:?}") };
    assert_eq!(first.criteria[1].command.as_deref(), Some("npm run tsc"));
    assert_eq!(first.details, "As a gardener\nI want it.");
    assert_eq!(second.details, "notes: as before");
    assert_eq!(second.title_span.of(RALPH), "\"Form „öffnet“ with it\"");
    assert!(second.span.of(RALPH).starts_with('{') && second.span.of(RALPH).ends_with('}'));
    assert_eq!(second.fields.depends_on[0].span.of(RALPH), "US-001");
    assert_eq!(second.fields.priority.as_ref().map(|priority| priority.value), Some(2));
}

#[test]
fn ids_are_numbers_and_priorities_words() {
    let plan = prd(NUMBERS);
    assert_eq!(plan.problems, []);
    assert_eq!(tasks(&plan), ["1 | Column [column is there]", "2 | Form < 1 [form opens]"]);
    let priorities: Vec<_> =
        plan.tasks.iter().map(|task| task.fields.priority.as_ref().map(|priority| priority.value)).collect();
    assert_eq!(priorities, [Some(1), Some(3)]);
}

#[test]
fn a_tick_changes_its_mark_and_nothing_else() {
    for text in [
        RALPH.to_owned(),
        RALPH.replace('\n', "\r\n"),
        RALPH.trim_end().to_owned(),
        format!("\u{feff}{RALPH}"),
    ] {
        let text = text.replacen('{', "{ // a note\n", 1);
        assert_eq!(ticked(&text, &prd(&text)), text.replace("\"passes\":   false", "\"passes\":   true"));
    }
    let plan = prd(NUMBERS);
    let first = edited(NUMBERS, plan.tick(NUMBERS, &plan.tasks[0]));
    assert_eq!(first, NUMBERS.replacen("\"passes\": false", "\"passes\": true", 1));
    for (text, expected) in [
        (r#"[{"description":"a","passes":false}]"#, r#"[{"description":"a","passes":true}]"#),
        (r#"[{"description":"a","steps":["b"]}]"#, r#"[{"description":"a","passes":true,"steps":["b"]}]"#),
        (r#"[{ "id": 1, "title": "a" }]"#, r#"[{ "id": 1, "title": "a", "passes": true }]"#),
        (
            "[\n  {\n    \"title\": \"a\"\n  }\n]\n",
            "[\n  {\n    \"title\": \"a\",\n    \"passes\": true\n  }\n]\n",
        ),
        (r#"[{ "title": "a", "status": "open" }]"#, r#"[{ "title": "a", "status": "done" }]"#),
        (r#"[{ "title": "a", "done": false }]"#, r#"[{ "title": "a", "done": true }]"#),
        (
            r#"[{ "title": "a", "passes": false, "status": "open" }]"#,
            r#"[{ "title": "a", "passes": true, "status": "open" }]"#,
        ),
    ] {
        let after = ticked(text, &prd(text));
        assert_eq!(after, expected);
        assert_eq!(prd(&after).tasks[0].mark, Mark::Done);
        assert_eq!(ticked(&after, &prd(&after)), after);
    }
}

#[test]
fn tasks_with_parts_are_their_parts() {
    let plan = task_master(MASTER);
    assert_eq!((plan.title.as_str(), &plan.problems[..]), ("Printer", &[][..]));
    assert_eq!(
        tasks(&plan),
        [
            "1 | Set up | done [It builds]",
            "2.1 | Order | begun < 1",
            "2.2 | Take back < 2.1 < 3.1 < 1",
            "3.1 | Order it | dropped < 2.1 < 2.2",
        ]
    );
    assert_eq!(plan.tasks[0].details, "The ground\n\nUse what is there.");
    let second = edited(MASTER, plan.tick(MASTER, &plan.tasks[2]));
    let expected =
        MASTER.replace("\"Take back\", \"status\": \"pending\"", "\"Take back\", \"status\": \"done\"");
    assert_eq!(second, expected);
    // Without a tag, and below several.
    let top = r#"{ "tasks": [ { "id": 7, "title": "a", "status": "review", "dependencies": [] } ] }"#;
    assert_eq!(tasks(&task_master(top)), ["7 | a | begun"]);
    let tags = r#"{ "beds": { "tasks": [ { "id": 1, "title": "b", "status": "done" }, { "id": 2, "title": "c", "dependencies": [1] } ] }, "master": { "tasks": [ { "id": 1, "title": "a" } ] } }"#;
    let plan = task_master(tags);
    assert_eq!(
        (tasks(&plan), &plan.problems[..]),
        (vec!["beds-1 | b | done".to_owned(), "beds-2 | c < beds-1".to_owned(), "1 | a".to_owned()], &[][..])
    );
    assert_eq!(
        ticked(tags, &plan),
        tags.replace("\"title\": \"c\"", "\"title\": \"c\", \"status\": \"done\"")
            .replace("\"title\": \"a\"", "\"title\": \"a\", \"status\": \"done\"")
    );
}

#[test]
fn a_document_is_known_by_what_is_in_it() {
    for (path, text, format) in [
        ("prd.json", RALPH, "prd"),
        ("scripts/ralph/prd.json", NUMBERS, "prd"),
        ("prd.json", "{ \"userStories\": [", "prd"),
        (".taskmaster/tasks/tasks.json", MASTER, "task-master"),
    ] {
        assert_eq!(crate::plan::read(path, text).format.name(), format, "{path}");
        assert!(is_plan(path, text), "{path}");
    }
    // In a folder of its tool alone it is one, and says what is wrong with it.
    for (path, text, format) in [
        (".taskmaster/tasks/tasks.json", "{ \"master\": { \"tasks\": [] } }", "task-master"),
        ("api/.taskmaster/tasks/tasks.json", "", "task-master"),
        (".ralph/prd.json", "{ \"epics\": [] }", "prd"),
    ] {
        assert!(is_plan(path, text), "{path}");
        assert_eq!(crate::plan::read(path, text).format.name(), format, "{path}");
    }
    for (path, text) in [
        (".ralph/status.json", "{ \"loop\": 3 }"),
        (".ralph/prd.json", "not JSON"),
        ("prd.json", "{ \"name\": \"prd\" }"),
        ("package.json", RALPH),
        (".vscode/tasks.json", "{ \"tasks\": [ { \"label\": \"x\", \"type\": \"shell\" } ] }"),
        ("tasks/tasks.json", "{ \"tasks\": [ { \"label\": \"x\", \"type\": \"shell\" } ] }"),
        ("tasks.json", MASTER),
        ("prd.json", "# PRD\n\nIt has \"userStories\".\n"),
    ] {
        assert!(!is_plan(path, text), "{path}");
    }
}

#[test]
fn what_cannot_be_read_is_said_at_its_place() {
    let broken = "{ \"userStories\": [ { \"id\": 1 \"title\": \"a\" } ] }";
    let [problem] = &prd(broken).problems[..] else { panic!() };
    assert!(matches!(problem.kind, ProblemKind::Unreadable { .. }), "{problem:?}");
    assert_eq!(problem.span.start, broken.find(" \"title\"").unwrap());
    for text in
        ["", "{", "[", "{ \"userStories\": [", "\u{feff}{ \"a\": \"ö", "[1, ", "nul", &"[".repeat(10_000)]
    {
        assert!(prd(text).tasks.is_empty());
    }
    let text = "{ \"userStories\": [ { \"id\": 1 }, \"do it\", { \"id\": 2, \"title\": \"a\", \"priority\": \"hihg\" }, { \"id\": 2, \"title\": \"b\", \"status\": \"doone\", \"agnet\": \"x\" } ] }";
    let plan = prd(text);
    assert_eq!(tasks(&plan), ["2 | a", "2-2 | b"]);
    let found: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(text)).collect();
    assert_eq!(found, ["{ \"id\": 1 }", "\"do it\"", "hihg", "2", "doone"]);
    assert_eq!(plan.problems[0].kind, ProblemKind::Unread { why: Unread::Untitled, fix: Vec::new() });
    assert!(matches!(plan.problems[1].kind, ProblemKind::Unread { why: Unread::NoObject, .. }));
    let key = |key: &str| Some(key.to_owned());
    for (text, place, why) in [
        ("{ \"userStories\": [] }", "[]", NoTask::EmptyList { key: key("userStories"), is_list: true }),
        ("{ \"userStories\": 3 }", "3", NoTask::EmptyList { key: key("userStories"), is_list: false }),
        ("{ \"userStories\": {} }", "{}", NoTask::EmptyList { key: key("userStories"), is_list: false }),
        ("{ \"main\": { \"tasks\": [] } }", "[]", NoTask::EmptyList { key: key("tasks"), is_list: true }),
        ("[]", "[]", NoTask::EmptyList { key: None, is_list: true }),
        ("{ \"a\": 1 }", "{ \"a\": 1 }", NoTask::NoObject),
    ] {
        let [problem] = &prd(text).problems[..] else { panic!("{text}") };
        let kind = ProblemKind::NoTask { why, fix: Vec::new() };
        assert_eq!((problem.span.of(text), &problem.kind), (place, &kind), "{text}");
    }
}

#[test]
fn values_of_another_kind_are_said_each_at_its_place() {
    let fields = |plan: fn(&str) -> Plan, of_task: &str| -> Vec<(String, String)> {
        let text = format!("{{ \"tasks\": [ {{ \"id\": 1, \"title\": \"a\", {of_task} }} ] }}");
        let problems = plan(&text).problems.into_iter();
        let said = problems.map(|problem| match problem.kind {
            ProblemKind::InvalidField { expected, .. } => (problem.span.of(&text).to_owned(), expected),
            other => panic!("{other:?}"),
        });
        said.collect()
    };
    let said = |place: &str, expected: &str| vec![(place.to_owned(), expected.to_owned())];
    for (of_task, place, expected) in [
        ("\"passes\": \"yes\"", "\"yes\"", "`true` or `false`"),
        ("\"passes\": 1", "1", "`true` or `false`"),
        ("\"acceptanceCriteria\": { \"a\": 1 }", "{ \"a\": 1 }", "a list of texts"),
        ("\"acceptanceCriteria\": [\"b\", true]", "true", "a text"),
        ("\"acceptanceCriteria\": [{ \"c\": 1 }, 2]", "{ \"c\": 1 }", "a text"),
        ("\"dependsOn\": { \"a\": 1 }", "{ \"a\": 1 }", "a list of ids"),
        ("\"dependsOn\": [1, null]", "null", "the id of a task"),
        ("\"subtasks\": \"none\"", "\"none\"", "a list of tasks"),
    ] {
        assert_eq!(fields(prd, of_task), said(place, expected), "{of_task}");
    }
    for of_task in [
        "\"passes\": null, \"acceptanceCriteria\": null, \"dependsOn\": null, \"subtasks\": null",
        "\"passes\": \"false\", \"acceptanceCriteria\": [\"\"], \"dependsOn\": \"\", \"subtasks\": []",
    ] {
        assert_eq!((fields(prd, of_task), fields(task_master, of_task)), (vec![], vec![]), "{of_task}");
    }
    let text = "{ \"tasks\": [ { \"id\": 1, \"title\": \"a\", \"subtasks\": [ { \"id\": 1, \"title\": \"b\" }, \"say \\\"c\\\"\", 5 ] } ] }";
    let plan = task_master(text);
    assert_eq!(tasks(&plan), ["1.1 | b"]);
    let found: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(text)).collect();
    assert_eq!(found, ["\"say \\\"c\\\"\"", "5"]);
    let after = fixed(task_master, text, LintCode::TaskUnread);
    assert_eq!(tasks(&task_master(&after)), ["1.1 | b", "say-c | say \"c\""]);
}

/// The document after all fixes of a kind, one at a time.
fn fixed(plan: fn(&str) -> Plan, text: &str, code: LintCode) -> String {
    let lints = lint(text, &plan(text), &LintOptions::default(), &Checks::default());
    let fix = lints.iter().find(|lint| lint.code == code).and_then(|lint| lint.fixes.first());
    edited(text, fix.unwrap_or_else(|| panic!("{code:?} in {lints:?}")).edits.clone())
}

#[test]
fn fixes_are_written_as_the_document_is() {
    let one = |fields: &str| {
        format!(
            "{{ \"userStories\": [ {{ \"id\": 1, \"title\": \"a\", \"acceptance\": [\"b\"] }}, {{ \"id\": 2, \"title\": \"c\", {fields} }} ] }}"
        )
    };
    // A dependency that is no task, as a number and as a text.
    let text = one("\"acceptance\": [\"b\"], \"dependencies\": [ 11 ]");
    assert!(fixed(prd, &text, LintCode::DependencyUnknown).contains("\"dependencies\": [ 1 ]"), "{text}");
    let text = RALPH.replace("[\"US-001\"]", "[\"US-01\"]");
    assert_eq!(fixed(prd, &text, LintCode::DependencyUnknown), RALPH);
    // Two equal ids.
    let text = one("\"acceptance\": [\"b\"]").replace("\"id\": 2", "\"id\": 1");
    assert!(fixed(prd, &text, LintCode::DuplicateId).contains("{ \"id\": \"1-2\", \"title\": \"c\""));
    let text = RALPH.replace("US-002", "US-001");
    assert!(fixed(prd, &text, LintCode::DuplicateId).contains("\"id\": \"US-001-2\","));
    // Priorities, states.
    let text = one("\"acceptance\": [\"b\"], \"priority\": \"hihg\"");
    assert!(fixed(prd, &text, LintCode::FieldInvalid).contains("\"priority\": \"high\""));
    let text = MASTER.replace("\"pending\"", "\"dono\"");
    assert!(
        fixed(task_master, &text, LintCode::MarkUnknown)
            .contains("\"status\": \"done\",\n\t\t\t\t\"dependencies\": [1]")
    );
}

#[test]
fn criteria_and_fields_are_added_where_the_document_has_such() {
    let criteria = ["All \"tests\" pass".to_owned(), "b".to_owned()];
    for (format, text, expected) in [
        (
            &PRD as &dyn PlanFormat,
            r#"{"userStories":[{"id":1,"title":"a","acceptance":[]}]}"#,
            r#"{"userStories":[{"id":1,"title":"a","acceptance":["All \"tests\" pass","b"]}]}"#,
        ),
        (
            &PRD,
            "{ \"userStories\": [\r\n    {\r\n      \"id\": 1,\r\n      \"title\": \"a\"\r\n    }\r\n] }",
            "{ \"userStories\": [\r\n    {\r\n      \"id\": 1,\r\n      \"title\": \"a\",\r\n      \"acceptanceCriteria\": [\r\n        \"All \\\"tests\\\" pass\",\r\n        \"b\"\r\n      ]\r\n    }\r\n] }",
        ),
        (
            &TASK_MASTER,
            r#"{ "tasks": [ { "id": 1, "title": "a", "testStrategy": "" } ] }"#,
            r#"{ "tasks": [ { "id": 1, "title": "a", "testStrategy": "All \"tests\" pass; b" } ] }"#,
        ),
    ] {
        let task = &format.parse(text).tasks[0];
        let after = edited(text, format.add_criteria(text, task, &criteria).into_iter().collect());
        assert_eq!(after, expected);
        assert!(!format.parse(&after).tasks[0].criteria.is_empty());
    }
    let added = |format: &dyn PlanFormat, text: &str, at: usize, on: &str| {
        let task = &format.parse(text).tasks[at];
        edited(text, format.add_dependency(text, task, on).into_iter().collect())
    };
    let removed = |format: &dyn PlanFormat, text: &str, at: usize, index: usize| {
        let task = &format.parse(text).tasks[at];
        edited(text, format.remove_dependency(text, task, index).into_iter().collect())
    };
    assert_eq!(added(&PRD, RALPH, 1, "US-000"), RALPH.replace("[\"US-001\"]", "[\"US-001\", \"US-000\"]"));
    assert_eq!(removed(&PRD, RALPH, 1, 0), RALPH.replace("[\"US-001\"]", "[]"));
    assert_eq!(
        added(&PRD, RALPH, 0, "US-002"),
        RALPH.replace("for the bed\",", "for the bed\",\n      \"dependsOn\": [\"US-002\"],")
    );
    assert_eq!(
        added(&PRD, NUMBERS, 0, "2"),
        NUMBERS.replace("\"Column\"", "\"Column\", \"dependencies\": [2]")
    );
    let parts = added(&TASK_MASTER, MASTER, 1, "2.2");
    assert_eq!(
        parts,
        MASTER.replace("\"in-progress\", \"dependencies\": []", "\"in-progress\", \"dependencies\": [2]")
    );
    let other = added(&TASK_MASTER, MASTER, 2, "1");
    assert_eq!(
        other,
        MASTER.replace("[1, \"3.1\"]", "[1, \"3.1\", 1]"),
        "a number alone is the part beside it"
    );
    assert_eq!(removed(&TASK_MASTER, MASTER, 2, 0), MASTER.replace("[1, \"3.1\"]", "[\"3.1\"]"));
    assert_eq!(removed(&TASK_MASTER, MASTER, 2, 1), MASTER.replace("[1, \"3.1\"]", "[1]"));
    assert_eq!(removed(&TASK_MASTER, MASTER, 2, 2), MASTER, "which the task that it is a part of waits for");
    let lines = "[\n  {\n    \"title\": \"a\",\n    \"dependsOn\": [\n      \"x\"\n    ]\n  }\n]\n";
    assert_eq!(added(&PRD, lines, 0, "y"), lines.replace("\"x\"\n", "\"x\",\n      \"y\"\n"));

    let task = &prd(RALPH).tasks[1];
    for (field, value, written) in [
        (FieldName::MaxIterations, "5", "\"maxIterations\": 5"),
        (FieldName::Proof, "guard", "\"proof\": \"guard\""),
        (FieldName::SingleTask, "true", "\"singleTask\": true"),
    ] {
        let after = edited(RALPH, PRD.add_field(RALPH, task, field, value).into_iter().collect());
        assert!(after.contains(&format!("with it\",\n      {written},\n")), "{after}");
        assert_eq!(prd(&after).problems, []);
    }
}

#[test]
fn the_commands_of_criteria_are_read_and_written_in_their_quotes() {
    let text = r#"[{ "title": "a", "acceptance": ["Typecheck passes.", "It runs: `npm test`", "Run `npm run e2e` twice", "a \"b\": `make`", "see `npm test`"] }]"#;
    let plan = prd(text);
    let criteria = &plan.tasks[0].criteria;
    let commands: Vec<_> = criteria.iter().map(|criterion| criterion.command.as_deref()).collect();
    assert_eq!(commands, [None, Some("npm test"), None, Some("make"), None]);
    let bound = edited(text, PRD.bind_command(text, &criteria[0]).into_iter().collect());
    assert_eq!(bound, text.replace("passes.\"", "passes: `command`\""));
    assert_eq!(PRD.command_place(text, &criteria[1]).map(|span| span.of(text)), Some("npm test"));
    let words = edited(text, PRD.call_words(text, &criteria[1]));
    assert_eq!(words, text.replace("It runs: `npm test`", "It runs: (`npm test`)"));
    assert_eq!(prd(&words).tasks[0].criteria[1].command, None);
    let called = edited(text, PRD.call_command(text, &criteria[4]).into_iter().collect());
    assert_eq!(called, text.replace("see `npm test`", "see `$ npm test`"));
    assert_eq!(PRD.call_command(text, &criteria[3]), None, "which is not written as it reads");
}

#[test]
fn a_key_of_a_field_is_known_at_its_place() {
    let at = |text: &str, word: &str| {
        PRD.field_at(text, text.find(word).unwrap())
            .map(|(field, span): (_, Span)| (field, span.of(text).to_owned()))
    };
    assert_eq!(at(RALPH, "dependsOn"), Some((FieldName::DependsOn, "dependsOn".to_owned())));
    assert_eq!(at(NUMBERS, "high"), Some((FieldName::Priority, "priority".to_owned())));
    assert_eq!(at(NUMBERS, "ependencies\": [1"), Some((FieldName::DependsOn, "dependencies".to_owned())));
    assert_eq!(at(RALPH, "US-001"), None);
}

#[test]
fn ten_thousand_stories_are_read_in_one_go() {
    let story = |number: usize| {
        format!(
            "{{ \"id\": {number}, \"title\": \"Story {number}\", \"passes\": false, \"dependsOn\": [{}] }}",
            number.saturating_sub(1)
        )
    };
    let text = format!("{{ \"userStories\": [{}] }}", (1..=10_000).map(story).collect::<Vec<_>>().join(","));
    assert_eq!(read::plan(&PRD.0, &text).tasks.len(), 10_000);
}
