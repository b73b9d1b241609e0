//! Plans as people and their tools write them: what each is read as.

use super::parse as parse_markdown;
use crate::plan::tests::ticked;
use crate::plan::{Mark, NoTask, Plan, ProblemKind, Unread};

/// Each task as `id | title`, with its state if it says one, what it waits for, and how many criteria it has.
fn tasks(text: &str) -> Vec<String> {
    let shown = |task: &crate::plan::Task| {
        let mut shown = format!("{} | {}", task.id, task.title);
        if task.mark != Mark::Open {
            shown += &format!(" | {:?}", task.mark).to_lowercase();
        }
        for id in
            task.fields.depends_on.iter().map(|id| &id.value).chain(task.follows.as_ref().map(|id| &id.0))
        {
            shown += &format!(" < {id}");
        }
        if task.optional {
            shown += " ?";
        }
        if !task.criteria.is_empty() {
            shown += &format!(" [{}]", task.criteria.len());
        }
        shown
    };
    parse_markdown(text).tasks.iter().map(shown).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

/// What was not read, with its place.
fn unread(text: &str) -> Vec<(Unread, &str)> {
    let of = |plan: Plan| plan.problems.into_iter();
    of(parse_markdown(text))
        .filter_map(|problem| match problem.kind {
            ProblemKind::Unread { why, .. } => Some((why, problem.span.of(text))),
            _ => None,
        })
        .collect()
}

fn why_none(text: &str) -> Option<NoTask> {
    parse_markdown(text).problems.into_iter().find_map(|problem| match problem.kind {
        ProblemKind::NoTask { why, .. } => Some(why),
        _ => None,
    })
}

/// The places of the marks that are not known.
fn unknown(text: &str) -> Vec<&str> {
    let problems = parse_markdown(text).problems;
    problems
        .iter()
        .filter(|problem| problem.kind == ProblemKind::UnknownMark)
        .map(|problem| problem.span.of(text))
        .collect()
}

fn differing(text: &str) -> usize {
    parse_markdown(text).problems.iter().filter(|problem| problem.kind == ProblemKind::MarksDiffer).count()
}

#[test]
fn signs_and_punctuation_around_a_heading_do_not_hide_its_task() {
    for (heading, task) in [
        ("### ✅ Task 1: Seed the bed", "task-1 | Seed the bed | done"),
        ("### ✅ Task 1", "task-1 | Task 1 | done"),
        ("### Task 1) Seed the bed", "task-1 | Seed the bed"),
        ("### 1. [x] Seed the bed", "1 | Seed the bed | done"),
        ("### 2) [ ] Seed the bed", "2 | Seed the bed"),
        ("### T1 - Seed the bed", "T1 | Seed the bed"),
        ("### [US-001] Seed the bed", "US-001 | Seed the bed"),
        ("### **[US-001]** Seed the bed ✅", "US-001 | Seed the bed | done"),
        ("### ~~Task 1: Seed the bed~~", "task-1 | Seed the bed | done"),
        ("### Task 1: ~~Seed the bed~~", "task-1 | Seed the bed | done"),
        ("### Task 1: Seed ~~the~~ bed", "task-1 | Seed the bed"),
        ("### [DONE] Task 1: Seed the bed", "task-1 | Seed the bed | done"),
        ("### Task 1: Seed the bed [done]", "task-1 | Seed the bed | done"),
        ("### Task 1: Seed the bed (in progress)", "task-1 | Seed the bed | begun"),
        ("### 🚀 Task 1： Seed the bed", "task-1 | Seed the bed"),
        ("### [x] Seed the bed", "seed-the-bed | Seed the bed | done"),
        ("### [~] Task 1: Seed the bed", "task-1 | Seed the bed | begun"),
        ("### Task 1 Seed the bed", "task-1 | Seed the bed"),
    ] {
        assert_eq!(tasks(&format!("# Garden\n\n{heading}\n")), [task], "{heading}");
    }
}

#[test]
fn boxes_are_known_in_every_form_that_is_clear() {
    let text = "- [ ] open\n- [x] ticked\n- [✓] checked\n- [✔️] checked too\n- [~] begun\n- [/] half\n- [] empty\n- [ ]one\n- [x]two\n- [ x ] wide\n* [ ]* star\n1) [] numbered\n";
    assert_eq!(
        tasks(text),
        [
            "open | open",
            "ticked | ticked | done",
            "checked | checked | done",
            "checked-too | checked too | done",
            "begun | begun | begun",
            "half | half | begun",
            "empty | empty",
            "one | one",
            "two | two | done",
            "wide | wide | done",
            "star | star ?",
            "numbered | numbered",
        ]
    );
    assert_eq!(unknown(text), [""; 0]);
    assert_eq!(
        ticked(text, &parse_markdown(text)),
        "- [x] open\n- [x] ticked\n- [✓] checked\n- [✔️] checked too\n- [x] begun\n- [x] half\n- [x] empty\n- [x]one\n- [x]two\n- [ x ] wide\n* [x]* star\n1) [x] numbered\n"
    );
    assert_eq!(tasks("- [P] a tag\n- [1] a note\n- [x](link)\n- [ ] real\n"), ["real | real"]);
    assert_eq!(tasks("- [a] Ada 1843\n- [b] Babbage 1837\n"), none());
    let text = "- [ ] one\n- [o] two\n- [D] four\n- [v] five\n  - [y] six\n";
    assert_eq!(tasks(text), ["one | one", "two | two", "four | four", "five | five"]);
    assert_eq!(unknown(text), ["o", "D", "v"]);
    let legend = "Legend: `[v]` done, `[D]` dropped\n\n- [ ] one\n- [v] two\n- [D] three\n";
    assert_eq!(tasks(legend), ["one | one", "two | two | done", "three | three | dropped"]);
}

#[test]
fn a_mark_that_is_not_known_counts_as_open_and_is_said() {
    let text = "- [-] left\n- [!] hot\n- [?] odd\n- [ ] plain\n  - [>] moved\n";
    assert_eq!(tasks(text), ["left | left", "hot | hot", "odd | odd", "plain | plain [1]"]);
    assert_eq!(unknown(text), ["-", "!", "?", ">"]);
    assert_eq!(unknown("### T1: A\nStatus: Doone\n\nText.\nStatus: whatever is left\n"), ["Doone"]);
}

#[test]
fn a_plan_s_own_legend_says_what_its_marks_mean() {
    for legend in [
        "Legend: `[-]` dropped, `[!]` blocked, `[ ]` open",
        "- `[-]` = dropped\n- `[!]`: blocked by something\n",
        "## Legend\n- [ ] todo\n- [-] dropped\n- [!] blocked\n",
        "| mark | meaning |\n|---|---|\n| `[-]` | dropped |\n| [!] | Blocked |\n",
    ] {
        let text = format!("# Garden\n\n{legend}\n\n## Work\n- [-] a\n- [!] b\n- [ ] c\n");
        assert_eq!(tasks(&text), ["a | a | dropped", "b | b | blocked", "c | c"], "{legend}");
        assert_eq!(unknown(&text), [""; 0], "{legend}");
    }
    // An item is no legend, whatever it is called.
    assert_eq!(tasks("- [-] Dropped files\n- [-] blocked users\n")[0], "dropped-files | Dropped files");
}

#[test]
fn a_status_line_says_the_state_and_is_no_detail() {
    for (status, mark) in [
        ("Status: done", Mark::Done),
        ("**Status**: COMPLETED ✅", Mark::Done),
        ("**Status:** ✅ Complete", Mark::Done),
        ("- Status: Finished (2031-03-02)", Mark::Done),
        ("Status：done", Mark::Done),
        ("Status: dropped", Mark::Dropped),
        ("Status: cancelled, nobody asked for it", Mark::Dropped),
        ("Status: In Progress", Mark::Begun),
        ("Status: Blocked by an open question", Mark::Blocked),
        ("Status: Not started", Mark::Open),
        ("Status: ⬜ Todo", Mark::Open),
    ] {
        let text = format!("### T1: A\n{status}\n\nText.\n");
        let plan = parse_markdown(&text);
        let [task] = &plan.tasks[..] else { panic!("{plan:?}") };
        assert_eq!(
            (task.mark, task.details.as_str(), &plan.problems[..]),
            (mark, "Text.", &[][..]),
            "{status}"
        );
    }
    // It counts more than boxes that were forgotten.
    assert_eq!(tasks("### T1: A\nStatus: done\n- [ ] b\n"), ["T1 | A | done [1]"]);
    assert_eq!(tasks("### T1: A\nStatus: in progress\n- [x] b\n"), ["T1 | A | begun [1]"]);
    // In the front matter it is the whole document's.
    assert_eq!(tasks("---\nstatus: done\n---\n### T1: A\n"), ["T1 | A"]);
}

#[test]
fn a_state_is_obeyed_in_whatever_words_a_task_says_it() {
    for (text, mark) in [
        ("### Task 1: A\nState: completed\n", Mark::Done),
        ("### Task 1: A [x]\n", Mark::Done),
        ("### Task 1: A [ ]\n", Mark::Open),
        ("### Task 1: A\n> Status: done\n", Mark::Done),
        ("### Task 1: A\n> **State:** dropped\n", Mark::Dropped),
        ("### Task 1: ~~A~~ dropped\n", Mark::Dropped),
        ("### Task 1: ~~A~~ - moved to Task 9\n", Mark::Dropped),
        ("### Task 1: ~~A~~ (replaced by Task 2)\n", Mark::Dropped),
        ("### Task 1: A (✓)\n", Mark::Done),
        ("### Task 1: A\n| Status | Done |\n|---|---|\n", Mark::Done),
        (
            "### Task 1: A\n| Field | Value |\n|---|---|\n| Owner | me |\n| **Status** | ✅ Done |\n",
            Mark::Done,
        ),
        ("### Task 1: A\n| Owner | Status |\n|---|---|\n| me | Dropped |\n", Mark::Dropped),
        ("### Task 1: A\nStatus - done\n", Mark::Done),
        ("### Task 1: A\n**Status** Done\n", Mark::Done),
        ("### Task 1: A\n_Completed 2031-02-02_\n", Mark::Done),
        ("### Task 1: A\n_Status: Completed_\n", Mark::Done),
        ("### Task 1: A\nDone: yes\n", Mark::Done),
        ("### Task 1: A\nCompleted: 2031-02-02\n", Mark::Done),
        ("### Task 1: A\nProgress: 100%\n", Mark::Done),
        ("### Task 1: A\nStatus: 100%\n", Mark::Done),
        ("### Task 1: A\nProgress: 40%\n", Mark::Begun),
        ("### Task 1: A {done}\n", Mark::Done),
        ("### Task 1: A <!-- done -->\n", Mark::Done),
        ("### Task 1: A #done\n", Mark::Done),
        ("### Task 1: A :white_check_mark:\n", Mark::Done),
        ("### Task 1: A - done\n", Mark::Done),
        ("### DONE: Task 1: A\n", Mark::Done),
        ("- [ ] ~~**S-4**: A~~ dropped\n", Mark::Dropped),
        ("- [ ] ~~A~~ (won't do)\n", Mark::Dropped),
        ("- [ ] A :white_check_mark:\n", Mark::Done),
        ("- [ ] A (done)\n", Mark::Done),
        ("- [ ] A - done\n", Mark::Done),
        ("- [ ] DONE: A\n", Mark::Done),
        ("- [ ] ~~A~~ replaced by h\n", Mark::Dropped),
        ("- [ ] A (cancelled)\n", Mark::Dropped),
    ] {
        let plan = parse_markdown(text);
        let [task] = &plan.tasks[..] else { panic!("{text}: {plan:?}") };
        assert_eq!((task.title.as_str(), task.mark), ("A", mark), "{text}");
        assert_eq!(unknown(text), [""; 0], "{text}");
        let after = ticked(text, &plan);
        let again = parse_markdown(&after).tasks.remove(0);
        let is_over =
            [Mark::Done, Mark::Dropped].contains(&mark) || text.contains('%') || text.contains("[ ]\n");
        assert_eq!(again.is_over(), is_over, "{after}");
    }
    for text in [
        "### Task 1: A\nState: of the art\n",
        "### Task 1: A\nDone: the page loads\n",
        "### Task 1: A\nDone: no\n",
        "### Task 1: A\nProgress: slow\n",
        "### Task 1: A\nStatus of the order is done\n",
        "### Task 1: A\n> Done is better than perfect\n",
        "### Task 1: A\n| Order | Status |\n|---|---|\n| 1 | Done |\n| 2 | Open |\n",
        "### Task 1: Show the orders (closed)\n",
        "- [ ] Show orders (pending)\n",
        "- [ ] Done: A\n",
        "- [ ] ~~old~~ new\n",
    ] {
        let marks: Vec<_> = parse_markdown(text).tasks.iter().map(|task| task.mark).collect();
        let closed = text.contains("closed");
        assert_eq!(marks, [if closed { Mark::Done } else { Mark::Open }], "{text}");
    }
    // What one cannot know is said.
    assert_eq!(unknown("### Task 1: A ❌\n"), ["❌"]);
    assert_eq!(unknown("- [ ] 🚫 A\n"), ["🚫"]);
    assert_eq!(unknown("### ~~Task 1:~~ A\n"), ["Task 1:"]);
}

#[test]
fn a_tick_changes_all_that_says_the_state_and_nothing_else() {
    for (text, expected) in [
        (
            "### ⏳ Task 1: A - PENDING\n**Status**: Not started\n",
            "### ✅ Task 1: A - DONE\n**Status**: Done\n",
        ),
        (
            "### 🔴 Task 1: A (BLOCKED)\n**Priority**: 🔴 Critical\n",
            "### 🔴 Task 1: A (DONE)\n**Priority**: 🔴 Critical\n",
        ),
        ("### Task 1: A\n- **Status:** ⬜ Todo (2 h)\n", "### Task 1: A\n- **Status:** ✅ Done (2 h)\n"),
        ("### [ ] Task 1: A [WIP]\n", "### [x] Task 1: A [DONE]\n"),
        ("### Task 1: A\nStatus: blocked\nAC:\n- [ ] b\n", "### Task 1: A\nStatus: done\nAC:\n- [x] b\n"),
        ("- [ ] ⏳ a (BLOCKED)\n", "- [x] ✅ a (DONE)\n"),
        ("### ✅ Task 1: A\nStatus: Complete\n", "### ✅ Task 1: A\nStatus: Complete\n"),
        (
            "### Task 1: A\n- [ ] **Step 1: b**\n- [x] **Step 2: c**\n",
            "### Task 1: A\n- [x] **Step 1: b**\n- [x] **Step 2: c**\n",
        ),
    ] {
        for [text, expected] in
            [[text, expected].map(str::to_owned), [text, expected].map(|text| text.replace('\n', "\r\n"))]
        {
            let plan = parse_markdown(&text);
            let after = ticked(&text, &plan);
            assert_eq!(after, expected);
            let again = parse_markdown(&after);
            assert_eq!(
                (again.tasks[0].mark, &again.tasks[0].title),
                (Mark::Done, &plan.tasks[0].title),
                "{after}"
            );
            assert_eq!(differing(&after), 0);
        }
    }
}

#[test]
fn marks_that_differ_are_said() {
    for text in ["- [ ] ~~a~~\n", "- [ ] a ✅\n", "### [x] T1: A\nStatus: todo\n", "### ⏳ T1: A [DONE]\n"]
    {
        assert_eq!((parse_markdown(text).tasks[0].mark, differing(text)), (Mark::Done, 1), "{text}");
    }
    for text in ["- [x] ~~a~~ ✅\n", "- [ ] a (DROPPED)\n", "### T1: A\nStatus: done\n- [ ] b\n"] {
        assert_eq!(differing(text), 0, "{text}");
    }
}

#[test]
fn a_numbered_list_is_an_order() {
    let text = "1. [ ] a\n2. [ ] b\n3. [x] c\n4. [ ] d (optional)\n5. [ ] e\n\nThen:\n- [ ] f\n- [ ] g\n\n1) [ ] h\n2) [ ] i\n";
    assert_eq!(
        tasks(text),
        [
            "a | a",
            "b | b < a",
            "c | c | done < b",
            "d-optional | d (optional) < b ?",
            "e | e < b",
            "f | f",
            "g | g",
            "h | h",
            "i | i < h"
        ]
    );
    // Who says what waits for what has said it.
    assert_eq!(tasks("1. [ ] a\n2. [ ] b\n   Depends on: none\n3. [ ] c\n"), ["a | a", "b | b", "c | c < b"]);
    assert_eq!(
        tasks("1. [ ] T1: a\n2. [ ] T2: b\n3. [ ] T3: c (depends on T1)\n"),
        ["T1 | a", "T2 | b", "T3 | c < T1"]
    );
    assert_eq!(tasks("---\ndepends_on: a\n---\n1. [ ] a\n2. [ ] b\n"), ["a | a", "b | b"]);
}

#[test]
fn a_numbered_heading_beside_tasks_is_one_whatever_its_word() {
    let text = "# Garden\n## Task 1: A\n## 任务 2：B\nDepends on: Task 1\n## Aufgabe 3: C\n## 4. D\n## 5. Risks\n## Phase 6: E\n### Ticket 7: no\n";
    assert_eq!(tasks(text), ["task-1 | A", "任务-2 | B < Task 1", "aufgabe-3 | C", "4 | D"]);
    assert_eq!(tasks("## 1. A\n### Task 1: B\n## 2. C\n"), ["task-1 | B"]);
}

#[test]
fn no_heading_among_tasks_is_passed_over() {
    let text = "# P\n### Task 1: one\nDo it.\n### #2: two\n### Task III: three\n### (4) four\n### AUTH.5: five\n### T_6: six\n\
                ### M7.T1: seven\n### Task 8/9: eight\n### 10 ten\nDo it.\n### Milestone 11: eleven\nDo it.\n### Notes\n";
    let ids: Vec<_> = parse_markdown(text).tasks.iter().map(|task| task.id.0.clone()).collect();
    assert_eq!(ids, ["task-1", "2", "task-iii", "4", "AUTH.5", "T_6", "M7.T1", "task-8-9"]);
    assert_eq!(unread(text), [(Unread::Divider, "### 10 ten"), (Unread::Part, "### Milestone 11: eleven")]);
    let fixed = fixed(&fixed(text));
    assert_eq!((tasks(&fixed).len(), unread(&fixed)), (10, vec![]), "{fixed}");
    // A part that has tasks is their group.
    assert_eq!(unread("## Task 1: A\n## Phase 2: B\n### Task 2: C\n"), []);
}

#[test]
fn a_box_without_a_text_is_said() {
    for text in ["- [ ] a\n- [ ]\n- [x]\n", "### T1: A\n- [ ] b\n- [ ]  \n"] {
        assert_eq!(unread(text), [(Unread::Nothing, "- [ ]")], "{text}");
        assert_eq!(tasks(text).len(), 1);
    }
    assert_eq!(unread("- [ ] a\n- [ ]\n  - [ ] b\n## Notes\n- [ ]\n"), []);
}

#[test]
fn criteria_are_known_by_their_many_names() {
    for name in [
        "Success criteria",
        "Definition of Done",
        "Done when",
        "Exit criteria",
        "Acceptance",
        "AC",
        "DoD",
        "Verification",
    ] {
        for text in [
            format!("### T1: A\nText.\n\n{name}:\n- b\n- c\n"),
            format!("### T1: A\nText.\n\n**{name}**：\n- [ ] b\n- [ ] c\n"),
            format!("### T1: A\nText.\n#### ✅ {name}\n##### First\n- b\n##### Second\n- c\n"),
            format!("- [ ] T1: A\n  - {name}:\n    - b\n    - c\n"),
        ] {
            assert_eq!(tasks(&text), ["T1 | A [2]"], "{text}");
        }
    }
    let text = "### T1: A\n**Done when:** the page `loads`\nAC: it is `fast`\n";
    let plan = parse_markdown(text);
    let criteria: Vec<_> =
        plan.tasks[0].criteria.iter().map(|one| (one.text.as_str(), one.span.of(text))).collect();
    assert_eq!(
        criteria,
        [("the page `loads`", "**Done when:** the page `loads`"), ("it is `fast`", "AC: it is `fast`")]
    );
    assert_eq!(plan.tasks[0].details, "");
}

#[test]
fn criteria_at_the_plan_s_level_belong_to_the_plan() {
    for text in [
        "# Garden\n## Beds\n### Task 1: A\n- [ ] b\n## ✅ Success criteria\n- [ ] c\n- d\n",
        "# Garden\n## Definition of done\n- [ ] c\n- d\n## Task 1: A\n- [ ] b\n",
        "# Garden\nExit criteria:\n- c\n- d\n\n## Task 1: A\n- [ ] b\n",
        "# Garden\n## Beds\nExit criteria:\n- c\n- d\n### Task 1: A\n- [ ] b\n",
    ] {
        let plan = parse_markdown(text);
        let criteria: Vec<_> = plan.criteria.iter().map(|one| one.text.as_str()).collect();
        assert_eq!((tasks(text), criteria), (vec!["task-1 | A [1]".to_owned()], vec!["c", "d"]), "{text}");
    }
    let plan = parse_markdown("# Garden\n- [ ] a\n\n## Done when\n- [ ] c\n");
    assert_eq!((plan.tasks.len(), plan.criteria.len()), (1, 1));
}

#[test]
fn plans_in_other_languages_are_read_as_they_are_meant() {
    for text in [
        "# Plan\n## Aufgabe 1: A\nStatus: erledigt\n\nAbnahmekriterien:\n- [ ] b\n- [ ] c\n\n## Aufgabe 2: D\n**Abhängig von:** Aufgabe 1\n\n\
         ### Akzeptanzkriterien\n- [ ] e\n\n## Offene Fragen\n- [ ] f?\n\n## Nicht im Umfang\n- [ ] g\n",
        "# 计划\n## 任务 1：A\n状态：已完成\n验收标准：\n- [ ] b\n- [ ] c\n\n## 任务 2：D\n依赖：任务 1\n\n- [ ] e\n\n## 不在范围内\n- [ ] g\n",
        "# Plan\n## Tâche 1 : A\nStatut : terminé\n\nCritères d’acceptation :\n- b\n- c\n\n## Tâche 2 : D\nDépend de : Tâche 1\n- [ ] e\n\n\
         ## Hors périmètre\n- [ ] f\n",
        "# Plan\n## Tarea 1: A\nEstado: hecho\n\nCriterios de aceptación:\n- [ ] b\n- [ ] c\n\n## Tarea 2: D\nDepende de: Tarea 1\n- [ ] e\n\n\
         ## Riesgos\n- [ ] f\n",
        "# План\n## Задача 1: A\nСтатус: готово\n\nКритерии приёмки:\n- [ ] b\n- [ ] c\n\n## Задача 2: D\nЗависит от: Задача 1\n- [ ] e\n\n\
         ## Открытые вопросы\n- [ ] f\n",
        "# 計画\n## タスク 1：A\n状態：完了\n受け入れ基準：\n- [ ] b\n- [ ] c\n\n## タスク 2：D\n依存：タスク 1\n- [ ] e\n\n## 対象外\n- [ ] f\n",
    ] {
        let shown = tasks(text);
        let [first, second] = &shown[..] else { panic!("{shown:?}") };
        assert!(first.ends_with("1 | A | done [2]"), "{first}");
        let id = &parse_markdown(text).tasks[0].id.0.replace('-', " ");
        assert!(second.to_lowercase().ends_with(&format!("2 | d < {id} [1]")), "{second}");
        assert_eq!((unread(text), unknown(text)), (vec![], vec![]), "{text}");
    }
}

#[test]
fn phases_with_criteria_are_tasks() {
    let text = "# Billing\n\n## Phase 1: Data model\n\n- Create the table\n\n### Success Criteria:\n\n#### Automated Verification:\n\
                - [ ] It migrates: `make migrate`\n- [ ] Types: `npm run types`\n\n#### Manual Verification:\n- [ ] It shows\n\n---\n\n\
                ## Phase 2: API\n\n### Changes Required:\n\n#### 1. Handler\nText.\n\n### Success Criteria:\n\n#### Automated Verification:\n\
                - [ ] Tests pass: `make test`\n\n## Testing Strategy\n- Unit tests\n";
    assert_eq!(
        tasks(text),
        ["phase-1-data-model | Phase 1: Data model [2]", "phase-2-api | Phase 2: API [1]"]
    );
    assert_eq!(unread(text), []);
}

#[test]
fn what_holds_no_work_holds_no_tasks() {
    for name in [
        "Out of scope",
        "🚫 Out of scope",
        "Non-goals",
        "Open questions",
        "Risks and mitigations",
        "Notes",
        "Post-Completion",
        "Manual verification",
        "8. Manual steps",
    ] {
        for text in [
            format!("# Garden\n- [ ] a\n\n## {name}\n- [ ] b\n### T9: c\n- [ ] d\n"),
            format!("# Garden\n- [ ] a\n\n**{name}:**\n- [ ] b\n"),
        ] {
            assert_eq!(tasks(&text), ["a | a"], "{text}");
        }
        let text =
            format!("# Garden\n## Task 1: A\n- [ ] b\n### {name}\n- [ ] c\n## {name}\n### R1: d\n- [ ] e\n");
        assert_eq!(tasks(&text), ["task-1 | A [1]"], "{text}");
        assert_eq!(unread(&text), [], "{text}");
    }
    // A task is a task, whatever it is about.
    assert_eq!(
        tasks("## Task 1: Notes\n## Task 2: Open questions\n"),
        ["task-1 | Notes", "task-2 | Open questions"]
    );
    assert_eq!(tasks("# Notes\n- [ ] a\n"), ["a | a"]);
}

#[test]
fn steps_stay_text_in_their_order_with_their_code() {
    let text = "### Task 1: Quiet\nWhy.\n\n- [ ] **Step 1: Write the test**\n\n```python\nassert quiet()\n```\n\n- [ ] **Step 2: See it fail**\n\nRun: `pytest -q`\nExpected: FAIL\n";
    let plan = parse_markdown(text);
    assert_eq!(plan.tasks[0].details, text.split_once('\n').unwrap().1.trim_end());
    assert_eq!((plan.tasks[0].criteria.len(), plan.tasks[0].steps.len()), (0, 2));
    let unnamed =
        "### Task 1: Quiet\n- [ ] Write it\n\n```sh\nmake\n```\n\n- [x] Run it\n\nDoD:\n- [ ] quiet\n";
    assert_eq!(tasks(unnamed), ["task-1 | Quiet [1]"]);
    assert!(parse_markdown(unnamed).tasks[0].details.ends_with("- [x] Run it"));
    // All of them ticked, the task is done.
    assert_eq!(tasks(&text.replace("[ ]", "[x]")), ["task-1 | Quiet | done"]);
    // Boxes without code between them are criteria, as they were.
    assert_eq!(tasks("### Task 1: Quiet\n- [ ] b\n- [ ] c\n\n```\ncode\n```\n"), ["task-1 | Quiet [2]"]);
}

#[test]
fn a_group_of_numbered_boxes_is_its_parts() {
    let text = "- [~] 1. Ground\n  - [x] 1.1 Make the folder\n    - a note\n  - [-] 1.2 Write it\n    - [ ] holds\n  - [ ]* 1.3 Test it\n- [ ] 2. Queue\n  - [ ] first\n  - [ ] 2.1 second\n- [ ]* 3. Page\n  - [ ] 3.1 Draft\n";
    assert_eq!(
        tasks(text),
        [
            "1.1 | Make the folder | done",
            "1.2 | Write it [1]",
            "1.3 | Test it ?",
            "2 | Queue [2]",
            "3.1 | Draft ?",
        ]
    );
}

#[test]
fn ids_before_a_blank_are_ids_where_more_than_one_item_has_one() {
    let text = "- [X] T001 Create folders\n- [ ] T002 [P] Set up (depends on T001)\n- [ ] TXXX Polish\n- [ ] plain\n";
    assert_eq!(tasks(text), ["T001 | Create folders | done", "T002 | [P] Set up < T001", "plain | plain"]);
    assert_eq!(unread(text), [(Unread::Placeholder, "TXXX")]);
    assert_eq!(
        tasks("- [ ] 1.5 Litres of water\n- [ ] plain\n"),
        ["1-5-litres-of-water | 1.5 Litres of water", "plain | plain"]
    );
}

#[test]
fn what_nearly_reads_as_a_task_is_said_with_its_fix() {
    for (line, why) in [
        ("### US-001 Seed the bed", Unread::Divider),
        ("### Task 2 of many", Unread::Divider),
        ("### us-001: Seed the bed", Unread::LowerCase),
        ("**Task 2: Seed the bed**", Unread::BoldLine),
        ("__US-2:__ Seed the bed", Unread::BoldLine),
    ] {
        let text = format!("# Garden\n\n### Task 1: A\n\n## Beds\n\n{line}\n\nMore.\n");
        assert_eq!(unread(&text), [(why, line)]);
        assert_eq!(tasks(&text), ["task-1 | A"]);
        let fixed = fixed(&text);
        assert_eq!((tasks(&fixed).len(), unread(&fixed).len()), (2, 0), "{fixed}");
    }
    let text = "# Garden\n[ ] a\n[x] b\n\n-[ ] c\n";
    assert_eq!(unread(text), [(Unread::NoItem, "[ ] a"), (Unread::NoItem, "-[ ] c")]);
    assert_eq!(tasks(&fixed(&fixed(text))), ["a | a", "b | b | done", "c | c"]);
    let text =
        "# Garden\n## Approach\n- [ ] update this plan\n- [x] read it\n- note\n## Task 1: A\n- [ ] b\n";
    assert_eq!(unread(text), [(Unread::Outside, "- [ ] update this plan")]);
    // What stands inside of a task is the task's.
    assert_eq!(unread("## Task 1: A\n#### US-2 note\n**Task 3: bold**\n- [ ] b\n"), []);
}

#[test]
fn what_stands_beside_tasks_and_lacks_a_box_is_said_with_its_fix() {
    // Beside boxes.
    let text =
        "- [ ] a\n- b\n  - how\n- c\n  - [ ] d\n- Depends on: a\n- **Notes:** x\n- Notes\n\n1. [ ] e\n2. f\n";
    assert_eq!(unread(text), [(Unread::NoBox, "b"), (Unread::NoBox, "f")]);
    let mended = fixed(&fixed(text));
    assert_eq!((tasks(&mended).len(), unread(&mended).len()), (5, 0), "{mended}");
    // Below a heading whose like have tasks.
    for (title, other) in
        [("1. Data", "2. Pages"), ("Phase 1: Data", "Phase 2 - Pages"), ("High Priority", "Low priority")]
    {
        let text = format!("# Garden\n## {title}\n- [ ] a\n## {other}\n1. b\n2. c\n\n- d\n\n## Ideas\n- e\n");
        assert_eq!(unread(&text), [(Unread::NoBoxes, "b")], "{text}");
        assert_eq!(tasks(&fixed(&text)), ["a | a", "b | b", "c | c < b"]);
    }
    for text in [
        "# Garden\n- x\n\n## Phase 1\n- y\n\n### Tasks\n- [ ] a\n  - how\n",
        "## Phase 1\n- [ ] a\n## Phase 2\n- [ ] b\n\nFiles:\n- c\n",
        "## Phase 1\n- [ ] a\n## Phase 2 notes\nText.\n",
        "## Task 1: A\n- [ ] b\n- c\n",
    ] {
        assert_eq!(unread(text), [], "{text}");
    }
}

#[test]
fn a_legend_says_what_the_marks_of_items_and_headings_mean() {
    for legend in [
        "Status: `[ ]` not started · `[~]` in progress · `[!]` blocked · `[-]` skipped",
        "> Legend: [ ] open, [~] in progress, [!] blocked, [-] dropped",
        "- `[~]` = In Progress\n- `[!]` = Blocked\n- `[-]` = Won't do",
        "| Marker | Status |\n|---|---|\n| `[~]` | Underway |\n| `[!]` | Blocked, needs input |\n| `[-]` | Cancelled |",
    ] {
        let text = format!("# Garden\n\n{legend}\n\n## Beds\n- [ ] a\n- [~] b\n- [!] c\n- [-] d\n");
        assert_eq!(
            tasks(&text),
            ["a | a", "b | b | begun", "c | c | blocked", "d | d | dropped"],
            "{legend}"
        );
        let text =
            format!("# Garden\n\n{legend}\n\n### [~] Task 1: a\n### [!] Task 2: b\n### [-] Complete it\n");
        let plan = parse_markdown(&text);
        let marks: Vec<Mark> = plan.tasks.iter().map(|task| task.mark).collect();
        assert_eq!(
            (marks, plan.problems.len()),
            (vec![Mark::Begun, Mark::Blocked, Mark::Dropped], 0),
            "{legend}"
        );
    }
    let without = parse_markdown("- [~] a\n- [!] b\n- [-] c\n");
    let marks: Vec<Mark> = without.tasks.iter().map(|task| task.mark).collect();
    assert_eq!((marks, without.problems.len()), (vec![Mark::Begun, Mark::Open, Mark::Open], 2));
}

#[test]
fn a_table_of_tasks_beside_other_tasks_is_said_unless_it_only_sums_them_up() {
    let table = "| ID | Task | Status |\n|---|---|---|\n| T1 | Dig | open |\n| 2 | Sow | open |\n";
    let header = "| ID | Task | Status |";
    assert_eq!(unread(&format!("{table}\n- [ ] a\n")), [(Unread::Table, header)]);
    assert_eq!(unread(&format!("{table}\n## T1: Dig\n\n## Task 3: Sow\n")), [(Unread::Table, header)]);
    assert_eq!(unread(&format!("{table}\n## T1: Dig\n\n## Task 2: Sow\n")), []);
    assert_eq!(unread(&format!("## T3: Dig\n{table}")), [], "it is a part of the task");
    let rows = "| ID | Task | Status |\n|---|---|---|\n| T1 | Dig | open |\n| T2 | | open |\n| | | |\n";
    assert_eq!(
        (tasks(rows), unread(rows)),
        (vec!["T1 | Dig".to_owned()], vec![(Unread::Row, "| T2 | | open |")])
    );
}

/// The document after the first fix of what was not read.
fn fixed(text: &str) -> String {
    let fix = parse_markdown(text).problems.into_iter().find_map(|problem| match problem.kind {
        ProblemKind::Unread { fix, .. } | ProblemKind::NoTask { fix, .. } if !fix.is_empty() => Some(fix),
        _ => None,
    });
    crate::plan::tests::edited(text, fix.unwrap_or_default())
}

#[test]
fn where_boxes_are_the_tasks_headings_become_tasks_all_at_once_or_not_at_all() {
    let text = "### US-001 A\n- [ ] a\n### US-002 B\n- [ ] b\n";
    assert_eq!(tasks(text), ["a | a", "b | b"]);
    assert_eq!(tasks(&fixed(text)), ["US-001 | A [1]", "US-002 | B [1]"]);
    let text = "### US-001 A\n- [ ] a\n### Other\n- [ ] b\n";
    assert_eq!((fixed(text).as_str(), unread(text).len()), (text, 1));
}

#[test]
fn a_plan_without_tasks_says_the_likeliest_reason() {
    for (text, why) in [
        ("", NoTask::Empty),
        ("\u{feff} \n\n", NoTask::Empty),
        ("---\nagent: codex\n---\n", NoTask::Text),
        ("{\n  \"userStories\": []\n}\n", NoTask::Json),
        ("# Garden\n```md\n### Task 1: A\n- [ ] b\n```\n", NoTask::Code),
        ("# Garden\n~~~\n- [ ] b\n~~~\n", NoTask::Code),
        (
            "# Garden\n| ID | Task |\n|---|---|\n| G-1 | Seed |\n| G-2 | Water |\n",
            NoTask::Table { first: "G-1".into(), last: "G-2".into() },
        ),
        (
            "| ID | Task |\n|---|---|\n| G-1 | Seed |\n\n## Later\n\n| ID | Task |\n|---|---|\n| G-3 | Weed |\n| G-4 | Rest |\n",
            NoTask::Table { first: "G-1".into(), last: "G-4".into() },
        ),
        ("# Garden\n- seed\n- water\n", NoTask::List { items: 2 }),
        (
            "# Garden\n## Goals\n- a\n- b\n- c\n## Steps\n1. seed\n2. water\n## Risks\n- frost\n",
            NoTask::List { items: 2 },
        ),
        ("# Garden\n## 1. Seed\nSow.\n## 2. Water\n- a lot\n", NoTask::Numbered),
        ("# Garden\n## Posten 1：A\n## Posten 2：B\n", NoTask::Numbered),
        ("# Garden\n## Phase 1: Seed\n- a\n## Phase 2: Water\n- b\n", NoTask::Parts { count: 2 }),
        ("# Garden\n## Open questions\n- [ ] Which seeds?\n", NoTask::Idle),
        (
            "---\nid: task-12\ntitle: Seed\n---\n## Description\nSow.\n## Acceptance Criteria\n- [ ] #1 sown\n",
            NoTask::OneTask,
        ),
        ("# Garden\n> - [ ] seed\n", NoTask::Quoted),
        ("# Garden\n<!--\n- [ ] seed\n-->\n", NoTask::Quoted),
        ("Just text.\n> said somebody\n", NoTask::Text),
        ("Just text.\n", NoTask::Text),
    ] {
        assert_eq!((tasks(text), why_none(text)), (none(), Some(why)), "{text}");
    }
    assert_eq!(why_none("- [ ] a\n"), None);
    assert_eq!(why_none("---\nalfine: directive\n---\n# Garden\n## Requirements\n- seeds\n"), None);
    for (text, after) in [
        ("# Garden\n- seed\n- water\n", vec!["seed | seed", "water | water"]),
        ("# Garden\r\n1. seed\r\n2. water\r\n", vec!["seed | seed", "water | water < seed"]),
        ("# Garden\n```md\n### Task 1: A\n- [ ] b\n```\n", vec!["task-1 | A [1]"]),
        ("# Garden\n## 1. Seed\nSow.\n## 2. Water\n", vec!["task-1 | Seed", "task-2 | Water"]),
        ("# Garden\n## Posten 1：A\n## Posten 2：B\n", vec!["task-1 | A", "task-2 | B"]),
    ] {
        assert_eq!(tasks(&fixed(text)), after, "{text}");
    }
}

#[test]
fn what_a_task_waits_for_is_known_by_its_many_names() {
    for line in [
        "Dependencies: Task 1, Task 2",
        "**Dependencies:** Task 1 and Task 2 (both merged)",
        "Blocked by: #1, #2",
        "Requires: Tasks 1-2",
        "Requires: tasks 1–2",
        "Prerequisites: Task 1 and Task 2",
        "After: Task 1, Dig",
        "Depends: 1, 2",
        "Needs: Task 1; Task 2",
        "Depends on Task 1 and Task 2.",
        "**Blocked by** Task 1, Task 2",
        "Depends on: Tasks 1, 2",
        "- Dependencies: 1, 2",
        "Prerequisites:\n- Task 1\n- Task 2: Dig",
        "Abhängig von: Task 1, Task 2",
        "依赖：Task 1、Task 2",
        "#### Dependencies\n- Task 1\n- Task 2 (dig)",
    ] {
        let text = format!("### Task 1: Seed\n### Task 2: Dig\n### Task 3: Water\n{line}\n\nText.\n");
        let plan = parse_markdown(&text);
        let task = &plan.tasks[2];
        let names = crate::plan::Names::new(&plan);
        let found: Vec<_> = task.fields.depends_on.iter().filter_map(|id| names.find(&id.value)).collect();
        assert_eq!(
            (found, task.details.as_str(), &plan.problems[..]),
            (vec![0, 1], "Text.", &[][..]),
            "{line}"
        );
    }
    let text = "### T1: A\n### T2: B\n### T3: C\n### T4: D\nNeeds: T1-T3\n### T5: E (after T4)\n### T6: F (requires Node 20)\n";
    assert_eq!(tasks(text)[3..], ["T4 | D < T1 < T2 < T3", "T5 | E < T4", "T6 | F (requires Node 20)"]);
    // What names no task is text.
    for line in [
        "Requires: Node 20",
        "Dependencies: react, redux",
        "After: the release",
        "Needs: 2 reviewers",
        "Prerequisites: Python 3.11",
        "Requires a database",
        "Dependencies:\n- react\n- redux",
        "#### Dependencies\n- react",
    ] {
        let text = format!("### Task 1: Seed\n### Task 2: Water\n{line}\n");
        let plan = parse_markdown(&text);
        let task = &plan.tasks[1];
        assert_eq!(
            (task.fields.depends_on.len(), task.details.as_str(), plan.problems.len()),
            (0, line, 0),
            "{line}"
        );
    }
    // What cannot be waited for is said.
    let problems = |line: &str| -> Vec<(String, String)> {
        let text = format!("### Task 1: Seed\n### Task 2: Water\n{line}\n");
        let plan = parse_markdown(&text);
        let ids =
            plan.tasks[1].fields.depends_on.iter().map(|id| id.value.clone()).collect::<Vec<_>>().join(" ");
        plan.problems.iter().map(|problem| (problem.span.of(&text).to_owned(), ids.clone())).collect()
    };
    assert_eq!(problems("Requires: Task 1, a dry week"), [("a dry week".to_owned(), "Task 1".to_owned())]);
    assert_eq!(problems("Blocks: Task 1"), [("Blocks".to_owned(), String::new())]);
    assert_eq!(tasks("### Task 1: A\nDependencies: Task 9\n"), ["task-1 | A < Task 9"], "which is unknown");
    // One that says that it waits for nothing leaves the order of its list.
    let text = "1. [ ] a\n2. [ ] b\n   Dependencies: None (can start at once)\n3. [ ] c\n";
    assert_eq!(tasks(text), ["a | a", "b | b", "c | c < b"]);
}

#[test]
fn full_width_punctuation_is_punctuation() {
    let text = "### Task 1：A\nDepends on：T2，T3、T4\nPriority：2\n验收：\n\nAcceptance criteria（all）：\n- 通过：`make`\n";
    let plan = parse_markdown(text);
    let task = &plan.tasks[0];
    let ids: Vec<_> = task.fields.depends_on.iter().map(|id| (id.value.as_str(), id.span.of(text))).collect();
    assert_eq!(ids, [("T2", "T2"), ("T3", "T3"), ("T4", "T4")]);
    assert_eq!(task.fields.priority.as_ref().map(|priority| priority.value), Some(2));
    assert_eq!(task.criteria[0].command.as_deref(), Some("make"));
    assert_eq!(tasks("- [ ] T1：标题\n- [ ] T2． b\n"), ["T1 | 标题", "T2 | b"]);
}

/// A plan as an agent keeps it with signs and words for states.
const SIGNS: &str = "# 🌱 Garden: first year

**Progress**: 2/5 (40%)

## 📋 Phase 1: Beds (IN PROGRESS)

### ✅ Task 1.1: Dig
**Status**: COMPLETED ✅
**Effort**: 2 h

- [x] one bed
- [x] two beds

### ✅ ~~Task 1.2: Pick stones~~ [DONE]
**Status**: ✅ Complete

### ⏳ Task 1.3: Mix soil - PENDING
**Status**: Not started
**Depends on**: Task 1.1

**Success criteria**:
- It is called `loam`
- It holds water

## 📋 Phase 2: Seeds (0/2)

### 🔴 Task 2.1: Order them (BLOCKED)
**Priority**: 🔴 Critical
**Status**: Blocked by an open question

Done when:
- they lie on the table

### Task 2.2: Label them
**Status**: ⬜ Todo

Definition of Done:
- [ ] labels are printed
- [ ] read by somebody else

## ✅ Success criteria
- [ ] All beds are sown
- [ ] No weeds

## 🚫 Out of scope
- [ ] Trees
";

#[test]
fn a_plan_of_signs_and_words_is_read_as_it_is_meant() {
    assert_eq!(
        tasks(SIGNS),
        [
            "task-1.1 | Dig | done [2]",
            "task-1.2 | Pick stones | done",
            "task-1.3 | Mix soil < Task 1.1 [2]",
            "task-2.1 | Order them | blocked [1]",
            "task-2.2 | Label them [2]",
        ]
    );
    let plan = parse_markdown(SIGNS);
    assert_eq!(plan.criteria.len(), 2);
    assert_eq!((plan.problems.as_slice(), plan.tasks[0].details.as_str()), (&[][..], "**Effort**: 2 h"));
    assert_eq!(plan.tasks[3].fields.priority.as_ref().map(|priority| priority.value), Some(0));
    let ticked = ticked(SIGNS, &plan);
    assert_eq!(
        ticked,
        SIGNS
            .replace(
                "⏳ Task 1.3: Mix soil - PENDING\n**Status**: Not started",
                "✅ Task 1.3: Mix soil - DONE\n**Status**: Done"
            )
            .replace("(BLOCKED)", "(DONE)")
            .replace("Blocked by an open question", "Done")
            .replace("⬜ Todo", "✅ Done")
            .replace("[ ] labels", "[x] labels")
            .replace("[ ] read", "[x] read")
    );
}

#[test]
fn a_plan_of_tasks_with_boxes_around_them_is_read_as_it_is_meant() {
    let text = "# Quiet mode\n\n## Overview\n- one line a portion\n\n## Development Approach\n- **CRITICAL: tests first**\n- [ ] update this plan\n\n## Implementation Steps\n\n### Task 1: Flag\n\n**Files:**\n- Modify: `main.go`\n\n- [x] add it\n- [ ] test it\n\n### Task 2: [Final] Manual\n- [ ] write it\n\n## Technical Details\n- read once\n\n## Post-Completion\n*By hand*\n\n**Manual verification**:\n- [ ] look at a shelf\n";
    assert_eq!(tasks(text), ["task-1 | Flag [2]", "task-2 | [Final] Manual [1]"]);
    assert_eq!(unread(text), [(Unread::Outside, "- [ ] update this plan")]);
}

#[test]
fn rows_of_a_table_are_tasks_where_nothing_else_is() {
    let text = "# Garden\n\n**Legend:** ⬜ not started · ✅ done\n\n## Phase 0\n\n| ID | Task | Status | Depends on | Notes |\n|---|---|:---:|---|---|\n\
                | P0-1 | Make the **package** | ✅ | - | |\n| P0-2 | Add a runner \\| two | 🟡 | P0-1 | half `a` is there |\n| `P0-3` | Add a linter | ⬜ | P0-1, P0-2 | |\n\n\
                **Exit criteria:** `npm test` passes.\n\n## Phase 1\n\n| # | Title | State | Deps | Priority |\n|---|---|---|---|---|\n| 4 | Sow | Blocked | | high |\n| 5 | Weed | | 4 | |\n| 6 | Rest | perhaps | | |\n| | | | | |\n";
    assert_eq!(
        tasks(text),
        [
            "P0-1 | Make the **package** | done",
            "P0-2 | Add a runner \\| two | begun < P0-1",
            "P0-3 | Add a linter < P0-1 < P0-2",
            "4 | Sow | blocked",
            "5 | Weed < 4",
            "6 | Rest",
        ]
    );
    let plan = parse_markdown(text);
    assert_eq!(plan.tasks[1].details, "Notes: half `a` is there");
    assert_eq!(plan.tasks[3].fields.priority.as_ref().map(|priority| priority.value), Some(1));
    assert_eq!(plan.tasks[4].group.as_ref().map(|group| group.value.as_str()), Some("Phase 1"));
    assert!(plan.goal.starts_with("**Legend:**"));
    assert_eq!((unknown(text), plan.problems.len()), (vec!["perhaps"], 1));
    let expected = text
        .replace("| 🟡 |", "| ✅ |")
        .replace("linter | ⬜", "linter | ✅")
        .replace("Blocked", "Done")
        .replace("| Weed | |", "| Weed | Done|");
    let after = ticked(text, &plan);
    assert_eq!(after, expected);
    assert_eq!(parse_markdown(&after).tasks[4].mark, Mark::Done);
    let windows = text.replace('\n', "\r\n");
    assert_eq!(ticked(&windows, &parse_markdown(&windows)), expected.replace('\n', "\r\n"));
    // No edit ends the table.
    let sow = &plan.tasks[3];
    assert_eq!(plan.format.add_criteria(text, sow, &["a".to_owned()]), None);
    assert_eq!(plan.format.remove_dependency(text, &plan.tasks[4], 0), None);
    assert_eq!(plan.format.add_field(text, sow, crate::plan::FieldName::Agent, "codex"), None);
    // Beside other tasks, or without a state, it is a table.
    assert_eq!(tasks(&format!("{text}\n- [ ] a\n")), ["a | a"]);
    assert_eq!(tasks("| ID | Task | Owner |\n|---|---|---|\n| 1 | a | me |\n"), none());
}
