use super::parse as parse_markdown;
use crate::plan::tests::{plan_like, ticked};
use crate::plan::{Autonomy, ContextMode, Isolation, Mark, ProblemKind};
use crate::text::Span;
use proptest::prelude::*;
use std::{collections::HashSet, fmt::Write};

/// Each task as `id | title`, then its flags, dependencies, criteria and details, a line each.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for task in parse_markdown(text).tasks {
        let flag = |on: bool, name: &'static str| if on { name } else { "" };
        let mark = match task.mark {
            Mark::Open => "",
            Mark::Begun => " begun",
            Mark::Blocked => " blocked",
            Mark::Done => " done",
            Mark::Dropped => " dropped",
        };
        let flags = [mark, flag(task.optional, " optional")].concat();
        writeln!(shown, "{} | {}{flags}", task.id, task.title).unwrap();
        for id in &task.fields.depends_on {
            writeln!(shown, "  after {}", id.value).unwrap();
        }
        if let Some(follows) = &task.follows {
            writeln!(shown, "  follows {follows}").unwrap();
        }
        for criterion in &task.criteria {
            let command = criterion.command.as_ref().map(|command| format!(" => {command}"));
            let mark = match criterion.checkbox {
                None => "-",
                Some(_) if criterion.checked => "[x]",
                Some(_) => "[ ]",
            };
            writeln!(shown, "  {mark} {:?}{}", criterion.text, command.unwrap_or_default()).unwrap();
        }
        if !task.details.is_empty() {
            writeln!(shown, "  {:?}", task.details).unwrap();
        }
    }
    shown
}

pub(in crate::plan) const COUPONS: &str = "# Coupons
Shoppers can apply a coupon at checkout.

### US-001: Add coupon table
Depends on: US-000
Max iterations: 5
Stores code, percentage and expiry.

Acceptance criteria:
- [ ] Migration runs: `sqlx migrate run`
- [x] Expired coupons are rejected

### US-002: Show the discount
";

#[test]
fn a_plan_has_a_title_a_goal_and_tasks_with_fields_details_and_criteria() {
    let plan = parse_markdown(COUPONS);
    assert_eq!(plan.title, "Coupons");
    assert_eq!(plan.goal, "Shoppers can apply a coupon at checkout.");
    assert_eq!(plan.problems, []);
    let [task, last] = &plan.tasks[..] else { panic!("{:?}", plan.tasks) };
    assert_eq!((task.id.0.as_str(), task.explicit_id), ("US-001", true));
    assert_eq!(task.title_span.of(COUPONS), "### US-001: Add coupon table");
    assert!(task.span.of(COUPONS).starts_with("### US-001") && task.span.of(COUPONS).ends_with("rejected"));
    assert_eq!(task.details, "Stores code, percentage and expiry.");
    assert_eq!(task.fields.depends_on[0].value, "US-000");
    assert_eq!(task.fields.depends_on[0].span.of(COUPONS), "US-000");
    let limit = task.fields.max_iterations.as_ref().unwrap();
    assert_eq!((limit.value, limit.span.of(COUPONS)), (5, "5"));
    let [runs, rejects] = &task.criteria[..] else { panic!("{:?}", task.criteria) };
    assert_eq!(runs.text, "Migration runs: `sqlx migrate run`");
    assert_eq!(runs.command.as_deref(), Some("sqlx migrate run"));
    assert_eq!(runs.span.of(COUPONS), "- [ ] Migration runs: `sqlx migrate run`");
    assert_eq!((runs.checked, runs.checkbox.unwrap().of(COUPONS)), (false, " "));
    assert_eq!((rejects.checked, rejects.checkbox.unwrap().of(COUPONS)), (true, "x"));
    assert_eq!(rejects.command, None);
    assert!(!task.is_over());
    assert_eq!(
        (last.title.as_str(), last.span.of(COUPONS)),
        ("Show the discount", "### US-002: Show the discount")
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    let windows = format!("\u{feff}{}", COUPONS.replace('\n', "\r\n"));
    assert_eq!(shown(&windows), shown(COUPONS));
    let plan = parse_markdown(&windows);
    assert_eq!(plan.goal, "Shoppers can apply a coupon at checkout.");
    assert_eq!(plan.tasks[0].title_span.of(&windows), "### US-001: Add coupon table");
}

#[test]
fn fields_stand_in_any_form_and_order() {
    for text in [
        "### T1: A\nPriority: 2\nDepends on: US-1\nAgent: codex\nText.",
        "### T1: A\n**Depends on:** US-1\n**Priority**: 2\n*Agent*: codex\n\nText.",
        "### T1: A\n\n- AGENT: codex\n- **Depends on:** US-1\n- priority: 2\n\nText.",
        "### T1: A\n\nDepends on:\n- US-1\n\nPriority: 2\nAgent: `codex`\nText.",
        "### T1: A\nText.\n\n**Depends on:** US-1\n\nPriority: 2\n\n**Agent:** codex\n",
        "- [ ] T1: A\n  Depends on: US-1\n  Agent: codex\n  Priority: 2\n  Text.",
        "- [ ] T1: A\n  - Depends on: US-1\n  - Agent: codex\n  - Priority: 2\n\n  Text.",
        "- [ ] T1: A\n  - **Depends on**:\n    - US-1\n  - Agent: codex\n  - Priority: 2\n\n  Text.",
    ] {
        let plan = parse_markdown(text);
        let task = &plan.tasks[0];
        assert_eq!(
            task.fields.depends_on.iter().map(|id| id.value.as_str()).collect::<Vec<_>>(),
            ["US-1"],
            "{text}"
        );
        assert_eq!(task.fields.priority.as_ref().map(|priority| priority.value), Some(2), "{text}");
        assert_eq!(task.fields.agent.as_ref().map(|agent| agent.value.as_str()), Some("codex"), "{text}");
        assert_eq!((task.details.as_str(), &plan.problems[..]), ("Text.", &[][..]), "{text}");
    }
}

#[test]
fn every_field_is_read() {
    let text = "### T1: A\nModel: opus\nMax cost: $2.50\nIsolation: in-place\nContext: fresh\nAutonomy: manual\nSingle task: yes\nVerify: `cargo test`\n";
    let fields = parse_markdown(text).tasks.remove(0).fields;
    assert_eq!(fields.model.unwrap().value, "opus");
    assert_eq!(fields.max_cost.unwrap().value, 2.5);
    assert_eq!(fields.isolation.unwrap().value, Isolation::InPlace);
    assert_eq!(fields.context.unwrap().value, ContextMode::Fresh);
    assert_eq!(fields.autonomy.unwrap().value, Autonomy::Manual);
    assert!(fields.single_task.unwrap().value);
    assert_eq!(fields.verify[0].span.of(text), "cargo test");
}

#[test]
fn prose_is_not_a_field() {
    let text = "### T1: A\nContext: this came up in a review.\n\nSome text.\nModel: User\nPriority: it depends\nDepends on: the database being there\nVerify: that it works\n";
    let plan = parse_markdown(text);
    assert_eq!((&plan.tasks[0].fields, &plan.problems[..]), (&crate::plan::Fields::default(), &[][..]));
    assert_eq!(plan.tasks[0].details.lines().count(), 7);
}

#[test]
fn a_misspelled_field_is_a_problem_only_right_below_the_title() {
    let text = "### T1: A\nDependson: US-1\nEstimate: 3 days\n- Priorty: 2\n\nMore.\n\nPriorty: 3\n";
    let problems = parse_markdown(text).problems;
    let unknown = |name: &str, nearest: &str| ProblemKind::UnknownField {
        name: name.into(),
        nearest: Some(nearest.into()),
    };
    assert_eq!(
        problems.iter().map(|problem| problem.span.of(text)).collect::<Vec<_>>(),
        ["Dependson", "Priorty"]
    );
    assert_eq!(problems[0].kind, unknown("Dependson", "Depends on"));
    assert_eq!(problems[1].kind, unknown("Priorty", "Priority"));
}

#[test]
fn an_invalid_value_is_a_problem_at_its_place() {
    let text = "### T1: A\n- **Isolation:** worktre\n- Max iterations: many\n";
    let plan = parse_markdown(text);
    let at: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(text)).collect();
    assert_eq!(at, ["worktre", "many"]);
    assert_eq!(plan.tasks[0].fields, crate::plan::Fields::default());
}

#[test]
fn a_criterion_is_bound_to_the_code_at_its_end_after_a_colon() {
    for (item, command) in [
        ("Runs: `make`", Some("make")),
        ("Runs: `make`.", Some("make")),
        ("**Runs:** `make`", Some("make")),
        ("Runs:\n  `make all`", Some("make all")),
        ("`make`", Some("make")),
        ("**`make`**", Some("make")),
        ("[ ] `make`", Some("make")),
        ("Runs: ``echo `date` ``", Some("echo `date`")),
        ("Runs `make`", None),
        ("Runs: `make` and more", None),
        ("Run: `a` and `b`", None),
        ("Runs: make", None),
        ("Runs:\n\n  ```\n  make\n  ```", None),
        ("Runs: `$ make`", Some("make")),
        ("Whatever `$ make it` says of it", Some("make it")),
        ("`npm test` passes", Some("npm test")),
        ("`npm test` passes on CI.", Some("npm test")),
        ("`greet` must pass", Some("greet")),
        ("Run `npm test`", Some("npm test")),
        ("Run `npm test` and it passes", Some("npm test")),
        ("`npm test` succeeds", Some("npm test")),
        ("`npm test` exits with code 0", Some("npm test")),
        ("`npm test` is green", Some("npm test")),
        ("All tests pass (`npm test`)", Some("npm test")),
        ("types: `npm test` (all green)", Some("npm test")),
        ("lint — `npm test`", Some("npm test")),
        ("lint - **`npm test`**", Some("npm test")),
        ("`npm run f` and `npm run g`", Some("npm run f && npm run g")),
        ("`npm run f`, `a; b` and `make`: all pass", None),
        ("Run `make a`, `make b || make c` and `./x.sh`", Some("make a && (make b || make c) && ./x.sh")),
        ("`cargo fmt --check` and `cargo clippy` both pass", Some("cargo fmt --check && cargo clippy")),
        ("**Tests:** `npm test` → no errors", Some("npm test")),
        ("After the change `npm test` still passes", Some("npm test")),
        ("`npm test` runs", Some("npm test")),
        ("`npm test` 通过", Some("npm test")),
        ("`npm start` runs in the background", None),
        ("`LoginForm` passes the token on", None),
        ("`npm test` fails without a key", None),
        ("`npm test` exits with 1", None),
        ("Nothing happens if `npm test` passes", None),
        ("files — `a.rs`", None),
        ("`a.rs` and `b.rs`", None),
        ("`GET /a` and `npm test`", None),
        ("(`npm test`)", None),
        ("Tests pass: (`npm test`)", None),
        ("(`npm test`) passes", None),
        ("All about `npm test`", None),
    ] {
        let text = format!("### T1: A\nCriteria:\n- {item}\n");
        let plan = parse_markdown(&text);
        assert_eq!(plan.tasks[0].criteria[0].command.as_deref(), command, "{item}");
    }
}

#[test]
fn code_that_a_line_below_a_criterion_holds_is_left_where_it_is() {
    let text = "### T1: A\n- [ ] b\n~\nabout `npm test x`\n";
    let plan = parse_markdown(text);
    let criterion = &plan.tasks[0].criteria[0];
    assert!(criterion.loose.is_some());
    assert_eq!(plan.format.call_words(text, criterion), []);
}

#[test]
fn criteria_are_announced_by_a_paragraph_a_heading_or_an_item() {
    for text in [
        "### T1: A\nText.\n\nAcceptance criteria:\n- One\n- Two\n",
        "### T1: A\nText.\n**ACCEPTANCE CRITERIA**\n1. One\n2. Two\n",
        "### T1: A\nText.\n\n#### Criteria\n\n* One\n\n* Two\n",
        "### T1: A\nText.\n\n- **Acceptance Criteria:**\n  - One\n  - Two\n",
        "- [ ] T1: A\n  Text.\n  - Acceptance criteria:\n    - One\n    - Two\n",
        "- [ ] T1: A\n\n  Text.\n\n  Acceptance criteria:\n  - One\n  - Two\n",
    ] {
        assert_eq!(shown(text), "T1 | A\n  - \"One\"\n  - \"Two\"\n  \"Text.\"\n", "{text}");
    }
}

#[test]
fn boxes_below_a_task_are_its_criteria_where_none_are_named() {
    assert_eq!(
        shown("### T1: A\n- note\n- [ ] One\n  - [x] Two: `make`\n- [x] Three\n  more\n"),
        "T1 | A\n  [ ] \"One\"\n  [x] \"Two: `make`\" => make\n  [x] \"Three\\nmore\"\n  \"- note\"\n"
    );
    assert_eq!(
        shown("### T1: A\n- [ ] Do this\n\nCriteria:\n- It holds\n"),
        "T1 | A\n  - \"It holds\"\n  \"- [ ] Do this\"\n"
    );
}

#[test]
fn what_is_nice_to_have_is_no_criterion() {
    assert_eq!(
        shown("### T1: A\nCriteria:\n- [ ] One\n\n#### Nice to have\n- [ ] Two\n\nOptional:\n- [ ] Three\n"),
        "T1 | A\n  [ ] \"One\"\n  \"#### Nice to have\\n- [ ] Two\\n\\nOptional:\\n- [ ] Three\"\n"
    );
}

#[test]
fn without_task_headings_each_top_level_checkbox_is_a_task() {
    let text = "# TODO\nSoon.\n\n## Now\n- [ ] US-1: **Add** `table`\n  Some text.\n  - [ ] Runs: `make`\n  - a note\n- [x] Done thing\n- plain\n  - [ ] Nested in plain\n\n## Future work\n1. [ ] Later\n\nOptional:\n- [ ] Maybe\n\n## Next\n* [ ] Add (optional)\n";
    assert_eq!(
        shown(text),
        "US-1 | Add table\n  [ ] \"Runs: `make`\" => make\n  \"Some text.\\n- a note\"\ndone-thing | Done thing done\nnested-in-plain | Nested in plain\nlater | Later optional\nmaybe | Maybe optional\nadd-optional | Add (optional) optional\n"
    );
    let plan = parse_markdown(text);
    assert_eq!((plan.title.as_str(), plan.goal.as_str()), ("TODO", "Soon."));
    assert_eq!(plan.tasks[0].title_span.of(text), "- [ ] US-1: **Add** `table`");
    assert_eq!(plan.tasks[0].checkbox.unwrap().of(text), " ");
}

#[test]
fn a_heading_with_criteria_directly_under_it_is_a_task() {
    let text = "# Shop\n## Add a cart\nText.\n### Acceptance criteria\n- One\n\n## Notes\nNothing.\n\n## Pay\nAcceptance criteria:\n- Two\n";
    assert_eq!(shown(text), "add-a-cart | Add a cart\n  - \"One\"\n  \"Text.\"\npay | Pay\n  - \"Two\"\n");
    assert_eq!(parse_markdown(text).title, "Shop");
}

#[test]
fn the_title_is_a_task_only_where_nothing_else_is() {
    assert_eq!(
        shown("# Add a cart\nText.\n\nAcceptance criteria:\n- One\n"),
        "add-a-cart | Add a cart\n  - \"One\"\n  \"Text.\"\n"
    );
    assert_eq!(shown("# Shop\n## Acceptance criteria\n- One\n## Task 1: A\n"), "task-1 | A\n");
    assert_eq!(shown("# Shop\n- [ ] A\n## Acceptance criteria\n- [ ] One\n"), "a | A\n");
}

#[test]
fn steps_inside_of_a_task_are_its_details() {
    assert_eq!(
        shown("## Task 1: A\n### Step 1: B\ntext\n### Step 2: C\n## Task 2: D\n"),
        "task-1 | A\n  \"### Step 1: B\\ntext\\n### Step 2: C\"\ntask-2 | D\n"
    );
    assert_eq!(shown("## Step 1: B\n## Step 2: C\n"), "step-1 | B\nstep-2 | C\n");
}

#[test]
fn a_heading_that_only_groups_deeper_tasks_is_none() {
    assert_eq!(
        shown("## 1.1: Backend\n### T1: A\n### T2: B\n## Story 2: C\nText\n### T3: D\n"),
        "T1 | A\nT2 | B\nstory-2 | C\n  \"Text\"\nT3 | D\n"
    );
}

#[test]
fn a_section_of_the_same_level_ends_a_task() {
    let text = "## Task 1: A\nOne.\n### More\nTwo.\n## Notes\nThree.\n";
    let plan = parse_markdown(text);
    assert_eq!(plan.tasks[0].span.of(text), "## Task 1: A\nOne.\n### More\nTwo.");
    assert_eq!(plan.tasks[0].details, "One.\n### More\nTwo.");
}

#[test]
fn tasks_under_an_optional_heading_are_optional() {
    assert_eq!(
        shown("# Future of pay\n## Task 1: A\n## Nice to have\n### Task 2: B\n## Rest\n### Task 3: C\n"),
        "task-1 | A\ntask-2 | B optional\ntask-3 | C\n"
    );
}

#[test]
fn a_heading_task_is_done_by_its_own_box_or_by_all_its_criteria() {
    let text = "### [x] T1: A\n- [ ] One\n\n### T2: B\n- [x] One\n- [X] Two\n\n### T3: C\n- [x] One\n- [ ] Two\n\n### T4: D\n";
    let plan = parse_markdown(text);
    assert_eq!(
        plan.tasks.iter().map(crate::plan::Task::is_over).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!(plan.tasks[0].checkbox.unwrap().of(text), "x");
    assert_eq!((plan.tasks[0].id.0.as_str(), plan.tasks[0].title.as_str()), ("T1", "A"));
}

#[test]
fn code_html_quotations_and_tables_hold_no_tasks_fields_or_criteria() {
    let text = "### T1: A\n```md\n### T2: B\nPriority: 1\n- [ ] x\n```\n> ### T3: C\n> - [ ] y\n\n<!--\n### T4: D\n- [ ] z\n-->\n\n| Priority: 1 |\n|---|\n| - [ ] q |\n\n    ### T5: E\n\nA `code\nPriority: 1` span\n";
    let plan = parse_markdown(text);
    assert_eq!(plan.tasks.len(), 1);
    let task = &plan.tasks[0];
    assert_eq!((&task.fields, task.criteria.len()), (&crate::plan::Fields::default(), 0));
    assert_eq!(task.details, text.split_once('\n').unwrap().1.trim());
    assert_eq!(shown("```\n- [ ] a\n### T1: A\n"), "");
    assert_eq!(
        shown("- [ ] a\n  ```\n  - [ ] b\n  Priority: 2\n"),
        "a | a\n  \"```\\n- [ ] b\\nPriority: 2\"\n"
    );
}

#[test]
fn duplicate_ids_are_renamed_and_said() {
    let text = "### US-1: A\n### US-1: B\n### Task 3: C\n### Task 3: D\n### Same\n";
    let plan = parse_markdown(text);
    let ids: Vec<_> = plan.tasks.iter().map(|task| task.id.0.as_str()).collect();
    assert_eq!(ids, ["US-1", "US-1-2", "task-3", "task-3-2"]);
    let at: Vec<_> =
        plan.problems.iter().map(|problem| (problem.span.start, problem.span.of(text))).collect();
    assert_eq!(at, [(16, "US-1"), (47, "3")]);
    assert_eq!(
        plan.problems[0].kind,
        ProblemKind::DuplicateId { id: "US-1".into(), renamed: "US-1-2".into() }
    );
}

#[test]
fn markup_and_setext_headings_are_read_through() {
    let text = "Task 1: *Add* [it](x)\nall\n---\n## **US-2:** `B` &amp; \\*C\n";
    assert_eq!(shown(text), "task-1 | Add it all\nUS-2 | B & *C\n");
    assert_eq!(parse_markdown(text).tasks[0].title_span.of(text), "Task 1: *Add* [it](x)");
}

#[test]
fn front_matter_gives_the_defaults_and_a_broken_one_is_a_problem() {
    let text = "---\nagent: codex\n---\n# T\n### T1: A\n";
    let plan = parse_markdown(text);
    assert_eq!(plan.defaults.agent.unwrap().value, "codex");
    assert_eq!((plan.title.as_str(), plan.tasks.len()), ("T", 1));
    let broken = parse_markdown("---\nagent: [\n---\n# T\n### T1: A\n");
    assert_eq!((broken.problems.len(), broken.tasks.len()), (1, 1));
    assert!(matches!(broken.problems[0].kind, ProblemKind::Unreadable { .. }));
}

#[test]
fn what_a_directive_lists_is_no_task() {
    let text = "---\nalfine: directive\nautonomy: full_auto\n---\n# Coupons\n## Goal\nSell more.\n## Requirements\n- [ ] Fast\n- Small\n## Acceptance criteria\n- [ ] Tests pass: `make test`\n- Looks fine\n## Constraints\nNo new crates.\n";
    let plan = parse_markdown(text);
    assert_eq!((plan.tasks.len(), plan.title.as_str()), (0, "Coupons"));
    assert_eq!(plan.defaults.autonomy.unwrap().value, Autonomy::FullAuto);
}

#[test]
fn the_goal_ends_before_the_headings_that_only_introduce_tasks() {
    let goal = |text| parse_markdown(text).goal;
    assert_eq!(goal("# T\nOne.\n\n## Why\nTwo.\n\n## Tasks\n### T1: A\n"), "One.\n\n## Why\nTwo.");
    assert_eq!(goal("# T\n## Tasks\n- [ ] a\n"), "");
    assert_eq!(goal("Just text.\n"), "Just text.");
    assert_eq!(goal(""), "");
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = |open: &str, n: usize| open.repeat(n);
    let mut lists = String::new();
    for depth in 0..400 {
        writeln!(lists, "{}- [ ] item {depth}", "  ".repeat(depth)).unwrap();
    }
    for text in [deep("> ", 50_000), deep("- ", 20_000), deep("[", 50_000), deep("*a ", 20_000), lists] {
        parse_markdown(&text);
    }
}

fn inside(text: &str, outer: Span, inner: Span) -> bool {
    let raw = text.get(inner.start..inner.end);
    outer.start <= inner.start
        && inner.end <= outer.end
        && raw.is_some_and(|raw| !raw.ends_with(['\n', '\r']))
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let plan = parse_markdown(text);
    let whole = Span::new(0, text.len());
    let mut end = 0;
    let mut ids = HashSet::new();
    for task in &plan.tasks {
        prop_assert!(!task.title.is_empty() && ids.insert(task.id.0.to_lowercase()), "{:?}", task.id);
        prop_assert!(inside(text, whole, task.span) && task.span.start >= end, "{task:?}");
        prop_assert!(inside(text, task.span, task.title_span), "{task:?}");
        end = task.span.end;
        let mut last = task.title_span.start;
        for criterion in &task.criteria {
            prop_assert!(inside(text, task.span, criterion.span) && criterion.span.start >= last, "{task:?}");
            prop_assert!(criterion.checkbox.is_none_or(|span| inside(text, criterion.span, span)));
            last = criterion.span.end;
        }
        prop_assert!(task.checkbox.is_none_or(|span| inside(text, task.title_span, span)), "{task:?}");
        let ids = task.fields.depends_on.iter().map(|id| id.span);
        let mut values = ids.chain(task.fields.verify.iter().map(|command| command.span));
        prop_assert!(values.all(|span| inside(text, task.span, span)));
    }
    prop_assert!(
        plan.problems.iter().all(|problem| inside(text, whole, problem.span)),
        "{:?}",
        plan.problems
    );
    let ticked = ticked(text, &plan);
    let again = parse_markdown(&ticked);
    prop_assert_eq!(again.tasks.len(), plan.tasks.len());
    for (before, after) in plan.tasks.iter().zip(&again.tasks) {
        let has_box = before.checkbox.is_some() || before.criteria.iter().any(|c| c.checkbox.is_some());
        let can_say = has_box || !before.signs.is_empty() || !before.steps.is_empty();
        prop_assert_eq!(
            after.mark == Mark::Done,
            can_say || before.mark == Mark::Done,
            "{:?}\n{}",
            after,
            ticked
        );
        prop_assert_eq!(&after.title, &before.title);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_plan_with_sound_spans(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn any_plan_like_text_is_a_plan_with_sound_spans(text in plan_like()) {
        check(&text)?;
    }
}

/// The commands of the lines `Run:`, `Test:` and `Tests:` of a task.
fn runs(body: &str) -> Vec<String> {
    let text = format!("### Task 1: A\n\n{body}\n");
    let plan = parse_markdown(&text);
    assert_eq!(plan.problems, [], "{body}");
    let runs = &plan.tasks[0].runs;
    assert!(runs.iter().all(|run| run.span.of(&text) == run.value), "{runs:?}");
    runs.iter().map(|run| run.value.clone()).collect()
}

#[test]
fn lines_that_say_what_to_run_name_commands() {
    for (body, commands) in [
        ("Run: `make test`", &["make test"][..]),
        ("Text.\n\n**Tests:** `npm test`\n", &["npm test"]),
        ("**Test**: `make a`, `make b`", &["make a", "make b"]),
        ("tests: run `npm test`", &["npm test"]),
        ("- Run: `$ make`\n- note", &["make"]),
        ("Run: `make`\nExpected: PASS", &["make"]),
        ("Run: `make`\nExpected: 3 passed, 0 failed", &["make"]),
        ("Run: `make` (no errors)", &["make"]),
        ("#### Step 1: X\n\n#### Checks\nRun: `make`", &["make"]),
    ] {
        assert_eq!(runs(body), commands, "{body}");
    }
}

#[test]
fn lines_of_steps_of_files_and_of_failures_name_none() {
    for body in [
        "- [ ] **Step 1: Write the test**\n\n- [ ] **Step 2: See it pass**\n\nRun: `pytest tests/a.py`\nExpected: PASS",
        "#### Step 2: See it fail\n\nRun: `make`",
        "1. Write it\n2. Run: `make`",
        "**Files:**\n- Create: `a.py`\n- Test: `tests/a.py`",
        "**Files:**\n- Test: `tests/a.py`",
        "- Modify: `a.py`\n- Test: `tests/a.py`",
        "Run: `make`\nExpected: FAIL, there is no such class",
        "Run: `make`\n\nExpected: it fails",
        "Run: `make` and see it fail",
        "- Run: `make`\n- Expected: FAIL",
        "Run: make",
        "Tests: each of the new functions has `x`",
        "```\nRun: `make`\n```",
        "Dry run: `make`",
    ] {
        assert_eq!(runs(body), [""; 0], "{body}");
    }
}

#[test]
fn what_a_line_says_to_run_stays_in_the_text() {
    let plan = parse_markdown("### Task 1: A\nRun: `make`\n");
    assert_eq!(plan.tasks[0].details, "Run: `make`");
}
