//! Plan documents: text in, goal and tasks with their source ranges out. Parsing never fails.

mod backlog;
mod bmad;
mod checklist;
mod command;
mod convert;
mod field_name;
mod fields;
mod folder;
mod format;
mod ids;
mod json;
mod kiro;
mod mark;
mod markdown;
mod model;
mod openspec;
mod prd;
mod ralph;
mod ralph_orchestrator;
mod ralphex;
#[cfg(test)]
mod sketch;
mod spec_kit;
mod superpowers;
mod task_master;
mod write;

pub use command::{Here, Reads, bare_path, is_of_bash, paths_of, program_of, reads, searched_paths};
pub use convert::{Converted, Into, Lacks, Lost, convert};
pub use field_name::FieldName;
pub(crate) use fields::plural_before;
pub use folder::folder_of;
pub use format::{companions, formats, is_likely_plan, is_plan, is_plan_path, read};
pub use ids::Names;
pub(crate) use ids::is_made_of;
pub use ids::slug;
pub(crate) use markdown::{marked_optional, parse as parse_markdown, wrapped};
pub use model::{
    Autonomy, ContextMode, Criterion, Fields, Isolation, Lands, Mark, NamedCommand, NoTask, Placed, Plan,
    PlanFormat, Problem, ProblemKind, ProvenBy, Sign, Task, Unread,
};
pub(crate) use write::{Entry, Line, Sheet, written};

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::TextEdit;
    use proptest::prelude::*;

    /// Texts made of what plans are made of, in any order.
    pub(crate) fn plan_like() -> impl Strategy<Value = String> {
        let pieces = [
            "# Plan",
            "## Optional",
            "### US-1: Add a table",
            "### US-1: Again",
            "## Task 3: ",
            "#### Step 1: x",
            "### [ ] T1: a",
            "Acceptance criteria:",
            "#### Criteria",
            "- [ ] do it: `make`",
            "- [ ] new file: `a/b.go`",
            "- `POST /x`",
            "Run: `make test`",
            "- [x] é works correctly",
            "  - [ ] deep",
            "    - deeper",
            "- plain",
            "1. [ ] one",
            "Depends on: US-1, T1",
            "Priorty: 2",
            "- **Priority:** x",
            "Depends on:",
            "Some text, wörter.",
            "```",
            "<!--",
            "-->",
            "> quote",
            "---",
            "",
            "",
            "\t- [ ] tab",
            "| a | b |",
            "|---|---|",
            "  ",
            "***",
            "Title\n===",
            "\\",
            "### ✅ Task 1",
            "### ⏳ ~~Task 1.2: x~~ [DONE]",
            "### Task 4) x - PENDING",
            "### 任务 2：x (BLOCKED)",
            "### US-9 no colon",
            "### 1. [x] a",
            "## [ ] Phase 2",
            "**Task 5: bold**",
            "**Status**: ⬜ Todo",
            "Status: dropped",
            "Done when: it `runs`",
            "## Open questions",
            "Definition of Done:",
            "- [~] 1. group",
            "  - [-] 1.1 part",
            "  - [ ]* 1.2 part",
            "- [] none",
            "- [ ]glued",
            "- [✓] ~~struck~~ ✅",
            "- [!] odd (done)",
            "- [ ] **Step 1: how**",
            "2. [ ] two",
            "[ ] no item",
            "-[ ] no item",
            "- [ ] TXXX later",
            "- [ ] T001 [P] Do (depends on T1)",
            "Verify: make sure it works",
            "Verify:",
            "- touch the button > the menu opens",
            "- [ ] `npm test` passes",
            "- [ ] All tests pass (`npm run c`)",
            "- [ ] lint — `npm run e`.",
            "- [ ] Run `make a` and `make b`",
            "- [ ] about `npm run x`: and `rm x`",
            "Verification: `npm test` passes, `x y`",
        ];
        let line = prop_oneof![8 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "[ -~é]{0,20}"];
        (proptest::collection::vec(line, 0..25), any::<bool>(), any::<bool>()).prop_map(
            |(lines, windows, mark)| {
                let text = lines.join(if windows { "\r\n" } else { "\n" });
                if mark { format!("\u{feff}{text}") } else { text }
            },
        )
    }

    /// Applies edits that do not overlap.
    pub(crate) fn edited(text: &str, mut edits: Vec<TextEdit>) -> String {
        let mut edited = text.to_owned();
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        for edit in edits {
            edited.replace_range(edit.span.start..edit.span.end, &edit.new_text);
        }
        edited
    }

    /// The document with all its tasks ticked.
    pub(crate) fn ticked(text: &str, plan: &Plan) -> String {
        edited(text, plan.tasks.iter().flat_map(|task| plan.tick(text, task)).collect())
    }

    #[test]
    fn a_task_is_ticked_in_its_own_box_or_else_in_its_criteria_s() {
        for (text, expected) in [
            ("- [ ] a\n  - [ ] b\n", "- [x] a\n  - [ ] b\n"),
            ("### [ ] T1: a\n- [ ] b\n", "### [x] T1: a\n- [ ] b\n"),
            ("### T1: a\n- [ ] b\n- [X] c\n- [ ] d\n", "### T1: a\n- [x] b\n- [X] c\n- [x] d\n"),
            ("### T1: a\nCriteria:\n- b\n", "### T1: a\nCriteria:\n- b\n"),
        ] {
            assert_eq!(ticked(text, &parse_markdown(text)), expected);
        }
    }

    #[test]
    fn a_task_that_an_older_version_kept_is_read() {
        let task = &parse_markdown("### T1: A\n- [ ] b\n").tasks[0];
        let mut kept = serde_json::to_value(task).unwrap();
        let fields = kept.as_object_mut().unwrap();
        for since in ["mark", "signs", "steps", "follows", "runs"] {
            fields.remove(since);
        }
        fields.insert("done".to_owned(), false.into());
        assert_eq!(serde_json::from_value::<Task>(kept).unwrap(), *task);
    }

    #[test]
    fn plans_are_known_by_their_names() {
        for path in [
            "PLAN.md",
            "docs/plan.md",
            "a.plan.md",
            "TODO.md",
            "PRD.md",
            "x/y/tasks.md",
            "fix_plan.md",
            ".alfine/plans/a/b.md",
            "scripts/ralph/prd.json",
            "api/.taskmaster/tasks/tasks.json",
        ] {
            assert!(is_plan_path(path), "{path}");
        }
        for path in [
            "README.md",
            "myplan.md",
            "PLAN.md/x",
            "PLAN.txt",
            ".alfine/progress.md",
            ".alfine/archive/2026-01-31-PLAN/PLAN.md",
            ".alfine/plans/x.txt",
            "xprd.json",
            ".vscode/tasks.json",
            "",
        ] {
            assert!(!is_plan_path(path), "{path}");
        }
    }
}
