//! Plans as other tools write them: each is read as its tool means it, and ticked as that reads it.

use crate::chain;
use crate::lint::{Checks, LintCode, LintOptions, lint};
use crate::plan::tests::{edited, ticked};
use crate::plan::{Mark, Plan, ProblemKind, Unread, is_plan, read};

/// Each task as `id | title`, with its state, what it names, what comes before it and its priority.
fn tasks(plan: &Plan) -> Vec<String> {
    let shown = |task: &crate::plan::Task| {
        let mut shown = format!("{} | {}", task.id, task.title);
        if task.mark != Mark::Open {
            shown += &format!(" | {:?}", task.mark).to_lowercase();
        }
        for id in &task.fields.depends_on {
            shown += &format!(" < {}", id.value);
        }
        for before in task.after.iter().flat_map(|&stage| &plan.stages[stage]) {
            shown += &format!(" << {}", plan.tasks[*before].id);
        }
        if let Some(priority) = &task.fields.priority {
            shown += &format!(" P{}", priority.value);
        }
        if task.optional {
            shown += " ?";
        }
        shown
    };
    plan.tasks.iter().map(shown).collect()
}

/// The document after one of its tasks is ticked, and with other line ends and no last one as well.
fn after(path: &str, text: &str, id: &str) -> String {
    let one = |text: &str| {
        let plan = read(path, text);
        let task = plan.tasks.iter().find(|task| task.id.0 == id).unwrap();
        let once = edited(text, plan.tick(text, task));
        let again = read(path, &once);
        let done = again.tasks.iter().find(|task| task.id.0 == id).unwrap();
        assert_eq!((done.mark, &done.title), (Mark::Done, &task.title), "{once}");
        assert_eq!(edited(&once, again.tick(&once, done)), once);
        once
    };
    let done = one(text);
    assert_eq!(one(&text.replace('\n', "\r\n")), done.replace('\n', "\r\n"));
    assert_eq!(one(text.trim_end()), done.trim_end());
    done
}

pub(in crate::plan) const KIRO: &str = "# Implementation Plan

- [-] 1. Ground
  - [x] 1.1 Make the folder
    - _Requirements: 1.1_
  - [-] 1.2 Write the type
    - Reject a width of zero
    - _Requirements: 1.1, 1.2_
  - [ ]* 1.3 Write property tests
- [ ] 2. Queue
  - [ ] 2.1 Keep the order
  - [ ] 2.2 Take a job back
- [!] 3. Sensor
- [ ]* 4. Manual
";

#[test]
fn groups_of_kiro_are_their_parts_and_ticked_with_the_last() {
    let path = "a/.kiro/specs/printer/tasks.md";
    let plan = read(path, KIRO);
    assert_eq!(plan.format.name(), "kiro");
    assert_eq!(
        tasks(&plan),
        [
            "1.1 | Make the folder | done",
            "1.2 | Write the type | begun",
            "1.3 | Write property tests ?",
            "2.1 | Keep the order",
            "2.2 | Take a job back",
            "3 | Sensor",
            "4 | Manual ?",
        ]
    );
    assert_eq!(plan.tasks[3].group.as_ref().map(|group| group.value.as_str()), Some("Queue"));
    assert_eq!(plan.tasks[1].details, "- Reject a width of zero\n- _Requirements: 1.1, 1.2_");
    let unknown = |plan: &Plan| plan.problems.iter().map(|problem| problem.kind.clone()).collect::<Vec<_>>();
    assert_eq!(unknown(&plan), [ProblemKind::UnknownMark], "[!] is none of its marks");
    let (one, two) = (after(path, KIRO, "1.2"), after(path, KIRO, "2.2"));
    assert_eq!(one, KIRO.replace("[-]", "[x]"), "the optional part holds nothing up");
    assert_eq!(two, KIRO.replace("[ ] 2.2", "[x] 2.2"), "2.1 is left");
    assert_eq!(after(path, &two, "2.1"), two.replace("[ ] 2", "[x] 2"));
    assert_eq!(after(path, KIRO, "1.3"), KIRO.replace("[ ]* 1.3", "[x]* 1.3"));
    // The same without indentation.
    let flat: String = KIRO.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    assert_eq!(tasks(&read(path, &flat)), tasks(&plan));
    assert_eq!(after(path, &flat, "1.2"), flat.replace("[-]", "[x]"));
    // Elsewhere, or without numbers, it is any Markdown.
    assert_eq!(read("tasks.md", KIRO).format.name(), "markdown");
    assert_eq!(read(path, "- [ ] Do it\n").format.name(), "markdown");
}

pub(in crate::plan) const SPEC_KIT: &str = "# Tasks: Reading list

## Format: `[ID] [P?] [Story] Description`

- **[P]**: Can run at the same time

## Phase 1: Setup

- [X] T001 Create folders
- [ ] T002 [P] Configure the formatter in pyproject.toml

## Phase 2: Ground

- [ ] T003 Create storage
- [ ] T004 [P] Create errors (depends on T003)

## Phase 3: Story

### Tests

- [ ] T005 [P] [US1] Contract test

### Implementation

- [ ] T006 [P] [US1] Create the model
- [ ] T007 [US1] Implement the service (depends on T003, T006)
- [ ] T008 [US1] [Beta] Add the command

## Phase N: Polish

- [ ] TXXX [P] Documentation

```bash
## Phase 9: no heading
```
";

#[test]
fn phases_of_spec_kit_follow_each_other_and_parallel_tasks_do_not() {
    let path = "specs/004-reading-list/tasks.md";
    let plan = read(path, SPEC_KIT);
    assert_eq!(plan.format.name(), "spec-kit");
    assert_eq!(
        tasks(&plan),
        [
            "T001 | Create folders | done",
            "T002 | Configure the formatter in pyproject.toml",
            "T003 | Create storage << T002",
            "T004 | Create errors < T003 << T002",
            "T005 | Contract test << T003 << T004",
            "T006 | Create the model << T003 << T004",
            "T007 | Implement the service < T003 < T006 << T005 << T006",
            "T008 | [Beta] Add the command << T007",
        ]
    );
    let placeholders = plan
        .problems
        .iter()
        .filter(|problem| matches!(problem.kind, ProblemKind::Unread { why: Unread::Placeholder, .. }));
    assert_eq!((placeholders.count(), plan.problems.len()), (1, 1));
    assert_eq!(chain::order(&plan).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    let names = crate::plan::Names::new(&plan);
    let is_done = |id: &crate::task::TaskId| id.0 == "T002";
    let stages = chain::OpenStages::told(&plan, is_done);
    let waits: Vec<String> = chain::open_dependencies(&plan, &names, &stages, &plan.tasks[3], is_done)
        .into_iter()
        .map(|id| id.0)
        .collect();
    assert_eq!(waits, ["T003"]);
    assert_eq!(plan.tasks[4].group.as_ref().map(|group| group.value.as_str()), Some("Phase 3: Story"));
    assert_eq!(after(path, SPEC_KIT, "T004"), SPEC_KIT.replace("[ ] T004", "[x] T004"));
    assert_eq!(read("specs/x/tasks.md", KIRO).format.name(), "markdown");
}

#[test]
fn numbered_boxes_of_openspec_are_tasks_of_their_group() {
    let text = "## 1. Data\n- [x] 1.1 Add the table\n- [ ] 1.2 Fill it\n\n## 2. Pages\n- [ ] 2.1 Show it\n";
    let path = "openspec/changes/add-list/tasks.md";
    let plan = read(path, text);
    assert_eq!((plan.format.name(), &plan.problems[..]), ("openspec", &[][..]));
    assert_eq!(tasks(&plan), ["1.1 | Add the table | done", "1.2 | Fill it", "2.1 | Show it"]);
    assert_eq!(plan.tasks[2].group.as_ref().map(|group| group.value.as_str()), Some("2. Pages"));
    assert_eq!(after(path, text, "2.1"), text.replace("[ ] 2.1", "[x] 2.1"));
}

#[test]
fn the_section_of_a_fix_plan_is_its_tasks_priority() {
    let text = "# Fix Plan\n\n## High Priority\n- [ ] a\n- [x] b\n\n## 🟡 Medium Priority (soon)\n### Reader\n- [ ] c\n  Priority: 9\n- [ ] d\n\n## Low Priority\n- [ ] e\n\n## Completed\n- [x] f\n\n## Notes\n- [ ] g\n";
    let path = ".ralph/fix_plan.md";
    let plan = read(path, text);
    assert_eq!((plan.format.name(), &plan.problems[..]), ("ralph", &[][..]));
    assert_eq!(
        tasks(&plan),
        ["a | a P1", "b | b | done P1", "c | c P9", "d | d P2", "e | e P3", "f | f | done"]
    );
    let priority = plan.tasks[3].fields.priority.as_ref().map(|priority| priority.span.of(text));
    assert_eq!(priority, Some("Medium"));
    assert_eq!(after(path, text, "d"), text.replace("[ ] d", "[x] d"));
    assert_eq!(read(path, "- [ ] a\n").format.name(), "markdown", "it may be another tool's");
}

#[test]
fn ids_of_tools_that_give_each_box_one_need_no_divider() {
    let text = "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 create folders\n- [ ] T002[P] `src/a.py` is there\n- [ ]T003 [P] close\n- [ ] **T004** 2 files\n- T005 no box\n";
    let plan = read("specs/001-a/tasks.md", text);
    assert_eq!(
        tasks(&plan),
        [
            "T001 | create folders",
            "T002 | `src/a.py` is there",
            "T003 | close",
            "T004 | 2 files << T001 << T002 << T003"
        ]
        .map(|task| task.replace('`', ""))
    );
    let unread: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(text)).collect();
    assert_eq!(unread, ["T005 no box"]);
    let text = "## 1. data\n- [ ] 1.1 add the table\n- [x] 1.2 fill it\n";
    for path in ["openspec/changes/a/tasks.md", ".kiro/specs/a/tasks.md"] {
        assert_eq!(tasks(&read(path, text)), ["1.1 | add the table", "1.2 | fill it | done"], "{path}");
    }
    // In any Markdown such a number may be one of the title.
    assert_eq!(read("PLAN.md", text).tasks[0].title, "1.1 add the table");
}

#[test]
fn iterations_of_ralphex_are_tasks() {
    let text = "# Plan\n### Task 1: One\n- [ ] a\n### Iteration 2: two\n- [ ] b\n";
    assert_eq!(tasks(&read("docs/plans/a.md", text)), ["task-1 | One", "iteration-2 | two"]);
    assert_eq!(tasks(&read("PLAN.md", text)), ["task-1 | One"], "elsewhere it is a part of the plan");
}

#[test]
fn what_a_file_of_backlog_lacks_is_said() {
    let path = "backlog/tasks/task-3.md";
    let text = "---\nid: task-3\nstatus: To Do\npriority: hgih\n---\n## Acceptance Criteria\n- [ ] #1 a\n";
    assert!(is_plan(path, text));
    let found = |text: &str| -> Vec<(LintCode, String)> {
        let lints = lint(text, &read(path, text), &LintOptions::default(), &Checks::default());
        lints.iter().map(|lint| (lint.code, lint.span.of(text).to_owned())).collect()
    };
    assert_eq!(
        found(text),
        [(LintCode::PlanWithoutTasks, "task-3".to_owned()), (LintCode::FieldInvalid, "hgih".to_owned())]
    );
    assert_eq!(
        found(&text.replace("status: To Do", "title: A\nstatus: later perhaps")),
        [(LintCode::MarkUnknown, "later perhaps".to_owned()), (LintCode::FieldInvalid, "hgih".to_owned())]
    );
}

pub(in crate::plan) const RALPHEX: &str = "# Quiet mode

## Development Approach
- [ ] update this plan

## Validation Commands
- `go test ./...`
- golangci-lint run
- see the wiki

### Task 1: Add the flag

**Files:**
- Modify: `main.go`

- [x] add `--quiet` beside `--plain`
- [ ] add validation: `--quiet needs a terminal`
- [ ] run `go test ./cmd/feeder` - must pass before the next task

### Task 2: [Final] Manual
- [x] write it

## Post-Completion
- [ ] look at a shelf
";

#[test]
fn boxes_of_ralphex_are_steps_and_its_commands_run_for_all_tasks() {
    let path = "docs/plans/2031-quiet.md";
    let plan = read(path, RALPHEX);
    assert_eq!(plan.format.name(), "ralphex");
    assert_eq!(tasks(&plan), ["task-1 | Add the flag", "task-2 | [Final] Manual | done"]);
    let steps: Vec<_> = plan.tasks.iter().map(|task| (task.criteria.len(), task.steps.len())).collect();
    assert_eq!(steps, [(0, 3), (0, 1)]);
    let commands: Vec<_> = plan
        .defaults
        .verify
        .iter()
        .map(|command| (command.value.as_str(), command.span.of(RALPHEX)))
        .collect();
    assert_eq!(commands, [("go test ./...", "go test ./..."), ("golangci-lint run", "golangci-lint run")]);
    let outside: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(RALPHEX)).collect();
    assert_eq!(outside, ["- [ ] update this plan"]);
    let done = after(path, RALPHEX, "task-1");
    assert_eq!(done, RALPHEX.replace("[ ] add v", "[x] add v").replace("[ ] run", "[x] run"));
    let code = RALPHEX.replace(
        "- `go test ./...`\n- golangci-lint run\n- see the wiki\n",
        "```bash\n# all\nmake test\n```\n",
    );
    let commands: Vec<_> =
        read(path, &code).defaults.verify.into_iter().map(|command| command.value).collect();
    assert_eq!(commands, ["make test"]);
    for text in ["# Notes\n- [ ] a\n", "### Task 1: A\nText.\n", "# Notes\n", ""] {
        assert!(!is_plan(path, text), "{text:?} is none of its plans");
    }
}

#[test]
fn steps_of_superpowers_stay_text_with_their_code() {
    let text = "# Quiet\n\n**Goal:** Quiet.\n\n### Task 1: Reporter\n\n**Files:**\n- Test: `tests/test_quiet.py`\n\n- [ ] **Step 1: Write the test**\n\n```python\nassert quiet()\n```\n\n- [ ] **Step 2: See it fail**\n\nRun: `pytest -q`\nExpected: FAIL\n\n### Task 2: Flag\n- [x] **Step 1: Write it**\n";
    let path = "docs/superpowers/plans/2031-quiet.md";
    let plan = read(path, text);
    assert_eq!((plan.format.name(), &plan.problems[..]), ("superpowers", &[][..]));
    assert_eq!(tasks(&plan), ["task-1 | Reporter", "task-2 | Flag | done"]);
    assert_eq!((plan.tasks[0].runs.len(), plan.tasks[0].criteria.len()), (0, 0));
    assert!(
        plan.tasks[0].details.contains("assert quiet()")
            && plan.tasks[0].details.contains("Run: `pytest -q`")
    );
    assert_eq!(ticked(text, &plan), text.replace("[ ]", "[x]"));
    assert_eq!(read("docs/plans/quiet.md", text).format.name(), "superpowers");
}

pub(in crate::plan) const BACKLOG: &str = "---
id: task-12
title: Keep the last used bed
status: In Progress
assignee: []
dependencies:
  - task-7
priority: high
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
The form forgets it: größer.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [x] #1 The form opens with it
- [ ] #2 Tests cover it: `npm test`
<!-- AC:END -->

## Implementation Plan

1. Keep the id

## Definition of Done
<!-- DOD:BEGIN -->
- [ ] #1 All tests pass
<!-- DOD:END -->
";

#[test]
fn a_file_of_backlog_is_one_task() {
    let path = "backlog/tasks/task-12 - Keep-it.md";
    let plan = read(path, BACKLOG);
    assert_eq!((plan.format.name(), &plan.problems[..]), ("backlog", &[][..]));
    assert_eq!(tasks(&plan), ["task-12 | Keep the last used bed | begun < task-7 P1"]);
    let task = &plan.tasks[0];
    assert_eq!(task.title_span.of(BACKLOG), "Keep the last used bed");
    let criteria: Vec<_> =
        task.criteria.iter().map(|criterion| (criterion.checked, criterion.command.as_deref())).collect();
    assert_eq!(criteria, [(true, None), (false, Some("npm test")), (false, None)]);
    assert_eq!(
        task.details,
        "## Description\n\nThe form forgets it: größer.\n\n\n## Implementation Plan\n\n1. Keep the id"
    );
    let done = after(path, BACKLOG, "task-12");
    assert_eq!(done, BACKLOG.replace("In Progress", "Done").replace("[ ]", "[x]"));
    let quoted = BACKLOG.replace("In Progress", "\"To Do\"");
    assert_eq!(
        after(path, &quoted, "task-12"),
        quoted.replace("\"To Do\"", "\"Done\"").replace("[ ]", "[x]")
    );
    // What it waits for stands in another file: that is said, and blocks nothing.
    let names = crate::plan::Names::new(&plan);
    assert_eq!(
        chain::open_dependencies(&plan, &names, &chain::OpenStages::told(&plan, |_| false), task, |_| false),
        []
    );
    let lints = lint(BACKLOG, &plan, &LintOptions::default(), &Checks::default());
    let unknown: Vec<_> = lints.iter().filter(|lint| lint.code == LintCode::DependencyUnknown).collect();
    assert_eq!(unknown.len(), 1);
    assert_eq!(
        (unknown[0].span.of(BACKLOG), unknown[0].severity),
        ("task-7", crate::finding::Severity::Information)
    );
    assert!(!is_plan("backlog/tasks/readme.md", "# Tasks\n"));
}

pub(in crate::plan) const STORY: &str = "# Story 1.2: Keep the bed

Status: ready-for-dev

## Story

**As a** gardener I want größere Beete.

## Acceptance Criteria

1. **Given** a bed
   **When** the form opens
   - **Then** it has it
2. A deleted bed is not offered
3. Tests pass: `npm test`

## Tasks / Subtasks

- [x] Task 1: Keep the id (AC: #1)
  - [x] Add a column
- [ ] Task 2: Read it back (AC: 1-2, 9)
  - [ ] 2.1 Open the form with it
  - [x] 2.2 Leave out deleted ones
- [ ] write tests (AC3)
- [ ] **T4. Manual (AC: all)**

### Review Follow-ups (AI)

- [ ] [AI-Review][High] Name the column

## Dev Notes

- The form is `src/form.ts`
- [ ] no task

## Dev Agent Record

- [ ] nor this
";

#[test]
fn boxes_of_a_story_are_tasks_with_the_criteria_that_they_refer_to() {
    let path = "docs/stories/1.2.keep-the-bed.md";
    let plan = read(path, STORY);
    assert_eq!((plan.format.name(), plan.title.as_str()), ("bmad", "Story 1.2: Keep the bed"));
    assert_eq!(
        tasks(&plan),
        [
            "task-1 | Keep the id | done",
            "task-2 | Read it back",
            "write-tests-ac3 | write tests",
            "T4 | Manual",
            "ai-review-high-name-the-column | [AI-Review][High] Name the column",
        ]
    );
    let criteria = |at: usize| -> Vec<(&str, &str, Option<&str>)> {
        let of_task = plan.tasks[at].criteria.iter();
        of_task.map(|one| (one.text.as_str(), one.span.of(STORY), one.command.as_deref())).collect()
    };
    let second = "AC 2: A deleted bed is not offered";
    let first = "AC 1: **Given** a bed **When** the form opens **Then** it has it";
    assert_eq!(criteria(0), [(first, "#1", None)]);
    assert_eq!(criteria(1), [(first, "1-2", None), (second, "1-2", None)]);
    assert_eq!(criteria(2), [("AC 3: Tests pass: `npm test`", "3", Some("npm test"))]);
    assert_eq!((criteria(3).len(), criteria(4).len(), plan.criteria.len()), (3, 0, 3));
    let problems: Vec<_> = plan.problems.iter().map(|problem| problem.span.of(STORY)).collect();
    assert_eq!(problems, ["9"], "there is no such criterion");
    assert!(plan.goal.contains("größere Beete") && plan.goal.contains("`src/form.ts`"), "{}", plan.goal);
    assert!(plan.tasks[1].details.contains("[ ] 2.1 Open"), "{}", plan.tasks[1].details);
    let done = after(path, STORY, "task-2");
    assert_eq!(done, STORY.replace("[ ] Task 2", "[x] Task 2").replace("[ ] 2.1", "[x] 2.1"));
    // Its status is for who reviews it to say.
    assert!(ticked(STORY, &plan).contains("Status: ready-for-dev"));
    // A criterion stands in the story, where another task refers to it, too: nothing is written there for one of them.
    let lints = lint(STORY, &plan, &LintOptions::default(), &Checks::default());
    let fixes =
        lints.iter().filter(|lint| lint.code != LintCode::CriterionMissing).flat_map(|lint| &lint.fixes);
    assert!(fixes.clone().all(|fix| fix.edits.is_empty()), "{:?}", fixes.collect::<Vec<_>>());
}

#[test]
fn what_a_story_says_of_itself_is_read_in_each_of_its_ways() {
    let path = "_bmad-output/implementation-artifacts/1-2-keep.md";
    let states = |text: &str| -> Vec<Mark> { read(path, text).tasks.iter().map(|task| task.mark).collect() };
    let is_over = |text: &str| states(text).iter().all(|mark| *mark == Mark::Done);
    let line = "Status: ready-for-dev";
    for done in
        ["Status: done", "**Status:** Done", "## Status\n\nDone", "## Status:\n\n**Done** (2031-03-02)"]
    {
        let text = STORY.replace(line, done);
        assert!(is_over(&text), "{done}");
        let differ = read(path, &text).problems;
        let differ = differ.iter().filter(|problem| problem.kind == ProblemKind::MarksDiffer);
        assert_eq!(differ.count(), 4, "{done}");
    }
    for open in [
        "Status: review",
        "## Status\n\nReady for Review",
        "Status: InProgress",
        "Status: Approved",
        "",
        "Status:",
    ] {
        let text = STORY.replace(line, open);
        assert_eq!((is_over(&text), read(path, &text).problems.len()), (false, 1), "{open}");
    }
    let unknown = STORY.replace("ready-for-dev", "soon");
    let problems = read(path, &unknown).problems;
    assert_eq!(problems.iter().map(|problem| problem.span.of(&unknown)).collect::<Vec<_>>(), ["soon", "9"]);
    // Without boxes it has no task, and says so.
    let plain = STORY.replace("- [ ] ", "- ").replace("- [x] ", "- ");
    assert!(is_plan(path, &plain) && states(&plain).is_empty());
    assert!(matches!(read(path, &plain).problems[0].kind, ProblemKind::NoTask { .. }));
    for text in ["# Notes\n## Tasks\n- [ ] a\n", "# Story 1: A\n- [ ] a\n", ""] {
        assert!(!is_plan(path, text), "{text}");
    }
}
