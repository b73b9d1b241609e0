//! Findings on a plan document, each with what to do about it and, where one is possible, the edit that does it.
//!
//! Knows plans only. Takes time linear in the document, so that it can run on every keystroke.

mod commands;
mod criteria;
mod dependencies;
mod green;
mod options;
mod problems;
mod report;
mod size;
mod words;

pub use commands::{Weakness, weakness};
pub use options::{Checks, LintOptions};
pub use problems::why_no_task;
pub use report::{Fix, Lint, LintCode, fixes_at_once};
pub(crate) use size::file;
pub use size::files_named;

use crate::plan::Plan;

/// Finds what is wrong with `plan`, which was parsed from `text`, in the order of the document. `checks` says where its
/// checks run, and what is there to run.
pub fn lint(text: &str, plan: &Plan, options: &LintOptions, checks: &Checks) -> Vec<Lint> {
    let mut lints = problems::lint(text, plan);
    lints.extend(criteria::lint(text, plan, options, checks));
    lints.extend(green::lint(text, plan, checks));
    lints.extend(size::lint(text, plan, options));
    lints.extend(dependencies::lint(text, plan, options));
    lints.sort_by_key(|lint| (lint.span.start, lint.code));
    lints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{edited, plan_like};
    use crate::plan::{Here, parse_markdown};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn lints(text: &str) -> Vec<Lint> {
        lint(text, &parse_markdown(text), &LintOptions::default(), &Checks::default())
    }

    fn of(code: LintCode, text: &str) -> Vec<Lint> {
        lints(text).into_iter().filter(|lint| lint.code == code).collect()
    }

    /// The one finding of this kind, as its place and message, and the document after each of its fixes.
    fn only(code: LintCode, text: &str) -> (String, String, Vec<String>) {
        let found = of(code, text);
        let [lint] = &found[..] else { panic!("{found:?}") };
        assert_eq!(lint.severity, code.severity());
        let fixed = lint.fixes.iter().map(|fix| edited(text, fix.edits.clone())).collect();
        (lint.span.of(text).to_owned(), lint.message.clone(), fixed)
    }

    #[test]
    fn codes_are_kebab_case_everywhere() {
        for code in LintCode::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }

    #[test]
    fn a_sound_plan_has_no_findings() {
        let text = "# T\n### US-1: Add table\nCriteria:\n- [ ] Runs: `make`\n- [ ] Rejects a bad code\n\n### US-2: Show it\nDepends on: US-1\n- [ ] Seen\n";
        assert_eq!(lints(text), []);
    }

    #[test]
    fn a_task_without_criteria_gets_the_standard_ones() {
        let standard = "- [ ] Tests cover the new behaviour, and the whole test suite passes\n- [ ] The linter and the type checker report nothing new";
        let (place, message, fixed) =
            only(LintCode::CriterionMissing, "### T1: Add it\nText.\n### Task 2: B\n- [ ] c\n");
        assert_eq!(place, "### T1: Add it");
        assert_eq!(
            message,
            "“Add it” has no acceptance criteria, so nothing can prove it done: list what must hold in the end"
        );
        assert_eq!(
            fixed,
            [format!(
                "### T1: Add it\nText.\n\nAcceptance criteria:\n{standard}\n\n### Task 2: B\n- [ ] c\n"
            )]
        );

        let (.., fixed) = only(LintCode::CriterionMissing, "1. [ ] Add it\r\n   Text.\r\n2. [x] Done\r\n");
        let nested = standard.replace('\n', "\r\n   ");
        assert_eq!(fixed, [format!("1. [ ] Add it\r\n   Text.\r\n   {nested}\r\n2. [x] Done\r\n")]);

        let (.., fixed) = only(LintCode::CriterionMissing, "## T1: Add it\n### Nice to have\nMore.");
        assert_eq!(
            fixed,
            [format!("## T1: Add it\n### Nice to have\nMore.\n\n### Acceptance criteria\n{standard}")]
        );

        let (.., fixed) = only(LintCode::CriterionMissing, "### T1: Add it\n```\nopen");
        assert!(fixed.is_empty(), "criteria in a code block are none: {fixed:?}");
    }

    #[test]
    fn a_vague_criterion_is_told_and_can_be_bound_to_a_command() {
        let text = "### T1: A\n- [ ] Search works correctly.\n  - in all browsers\n- [ ] Good ux: `make`\n- [x] Looks good\n- [ ] Lists 10 items\n";
        let (place, message, fixed) = only(LintCode::CriterionVague, text);
        assert_eq!(place, "- [ ] Search works correctly.\n  - in all browsers");
        assert!(message.starts_with("“works correctly” cannot be verified"), "{message}");
        assert_eq!(fixed, [text.replace("correctly.", "correctly: `command`")]);
    }

    fn of_commands(text: &str, programs: &[&str]) -> Vec<Lint> {
        let programs = Some(Arc::new(programs.iter().map(|&name| name.to_owned()).collect()));
        let checks = Checks { here: Here { programs, ..Here::default() }, ..Checks::default() };
        let found = lint(text, &parse_markdown(text), &LintOptions::default(), &checks);
        let codes = [LintCode::CriterionNoCommand, LintCode::ProgramMissing];
        found.into_iter().filter(|lint| codes.contains(&lint.code)).collect()
    }

    #[test]
    fn code_that_is_no_command_is_told_and_can_be_called_one_or_none() {
        for (item, command, words) in [
            ("new file: `a/b.go`", "new file: `$ a/b.go`", "new file `a/b.go`"),
            (
                "**Returns:** `Result<Job, Error>`.",
                "**Returns:** `$ Result<Job, Error>`.",
                "**Returns** `Result<Job, Error>`.",
            ),
            ("`POST /api/x`", "`$ POST /api/x`", "(`POST /api/x`)"),
            (
                "**`--quiet needs a terminal`**",
                "**`$ --quiet needs a terminal`**",
                "**(`--quiet needs a terminal`)**",
            ),
            ("says: `` the `x` flag ``", "says: `` $ the `x` flag ``", "says `` the `x` flag ``"),
        ] {
            let text = format!("### T1: A\n- [ ] {item}\n");
            let found = of_commands(&text, &["make"]);
            let [lint] = &found[..] else { panic!("{item}: {found:?}") };
            assert_eq!(
                (lint.code, lint.span.of(&text)),
                (LintCode::CriterionNoCommand, &*format!("- [ ] {item}"))
            );
            let titles: Vec<_> = lint.fixes.iter().map(|fix| fix.title.as_str()).collect();
            assert_eq!(titles, ["It is a command", "It is not a command"]);
            for (fix, expected) in lint.fixes.iter().zip([command, words]) {
                let fixed = edited(&text, fix.edits.clone());
                assert_eq!(fixed, format!("### T1: A\n- [ ] {expected}\n"));
                let again = of_commands(&fixed, &["make"]);
                assert!(again.iter().all(|lint| lint.code != LintCode::CriterionNoCommand), "{again:?}");
            }
        }
        assert_eq!(of_commands("### T1: A\n- [ ] b: `make`\n- [x] c: `a/b.go`\n", &["make"]), []);
    }

    #[test]
    fn a_check_whose_program_is_missing_is_told_and_only_the_user_takes_it_away() {
        let text = "### T1: A\nVerify: `cargo deny check`\n\nRun: `pnpm test`\n\nCriteria:\n- Migrates: `sqlx migrate run`\n";
        let found = of_commands(text, &["make"]);
        let told: Vec<_> = found.iter().map(|lint| (lint.span.of(text), lint.fixes.len())).collect();
        assert_eq!(told, [("cargo deny check", 0), ("pnpm test", 0), ("- Migrates: `sqlx migrate run`", 1)]);
        assert!(found.iter().all(|lint| lint.code == LintCode::ProgramMissing), "{found:?}");
        assert!(found[2].message.starts_with("“sqlx” is not on this machine"), "{}", found[2].message);
        let fixed = edited(text, found[2].fixes[0].edits.clone());
        assert_eq!(fixed, text.replace("`sqlx migrate run`", "(`sqlx migrate run`)"));
        assert_eq!(of_commands(text, &["cargo", "pnpm", "sqlx"]), []);
    }

    #[test]
    fn a_check_that_says_nothing_of_the_work_is_told_where_its_command_stands() {
        let text = "### T1: A\nVerify: `cargo test || true`\n\nRun: `make; exit 0`\n\nCriteria:\n- [ ] **Works:** `` cargo test -- \"`a`\" || true ``\n\
            - [ ] Is there: `true`\n- [ ] Shown: `make | tail -3`\n- [ ] Fine: `make && ! grep -rn TODO src`\n- [x] Done: `true`\n\
            - [ ] Returns: `Result | true`\n";
        let codes = [LintCode::CriterionAlwaysPasses, LintCode::CriterionHidesStatus];
        let found: Vec<_> = lints(text).into_iter().filter(|lint| codes.contains(&lint.code)).collect();
        let told: Vec<_> = found.iter().map(|lint| (lint.code, lint.span.of(text))).collect();
        assert_eq!(
            told,
            [
                (codes[0], "cargo test || true"),
                (codes[0], "make; exit 0"),
                (codes[0], "cargo test -- \"`a`\" || true"),
                (codes[0], "true"),
                (codes[1], "make | tail -3"),
            ]
        );
        let fixed = |at: usize| -> Vec<_> {
            let fixes = found[at].fixes.iter().filter(|fix| !fix.edits.is_empty());
            fixes.map(|fix| (fix.title.as_str(), edited(text, fix.edits.clone()))).collect()
        };
        assert_eq!(
            fixed(0),
            [("Drop “|| true”", text.replace("Verify: `cargo test || true", "Verify: `cargo test"))]
        );
        assert_eq!(fixed(1), [("Drop “; exit 0”", text.replace("make; exit 0", "make"))]);
        assert_eq!(fixed(2), [("Drop “|| true”", text.replace("\" || true", "\""))]);
        assert_eq!(fixed(3), []);
        assert_eq!(found[3].fixes[0].title, "Ask the agent for a command that proves it");
        assert_eq!(
            fixed(4),
            [
                ("Write it without the pipe", text.replace("make | tail -3", "make")),
                (
                    "Have bash look at the whole pipe",
                    text.replace("make | tail -3", "bash -o pipefail -c 'make | tail -3'")
                ),
            ]
        );
        assert_eq!(
            found[4].message,
            "“tail” answers for “make” here, so this check passes even if “make” fails: write it without the pipe, or have \
             bash look at the whole of it"
        );
        assert_eq!(
            found[0].message,
            "With “|| true” this check passes whatever the work is, so it proves nothing: drop it"
        );
        assert!(found.iter().all(|lint| !lint.is_mended_unasked()));
        let without_bash = Some(Arc::new(["make".to_owned()].into()));
        let here = Here { programs: without_bash, ..Here::default() };
        let checks = Checks { here, ..Checks::default() };
        let again = lint(text, &parse_markdown(text), &LintOptions::default(), &checks);
        let hides = again.iter().find(|lint| lint.code == codes[1]).unwrap();
        assert_eq!(hides.fixes.len(), 1, "{hides:?}");
    }

    #[test]
    fn a_task_without_bounds_is_too_large_and_the_message_says_why() {
        let of_title = |title: &str| {
            of(LintCode::TaskTooLarge, &format!("### T1: {title}\n")).pop().map(|lint| lint.message)
        };
        assert_eq!(
            of_title("Refactor the parser").unwrap(),
            "This task is too large for one loop: it says “refactor” in its title. Split it into smaller tasks"
        );
        assert_eq!(of_title("Install the tool"), None);
        assert_eq!(of_title("Add all-day events"), None);
        let first = of(LintCode::TaskTooLarge, "### T1: A\nChange the entire tree. More.\n");
        assert!(first[0].message.contains("it says “entire” in its first sentence"), "{first:?}");
        assert_eq!(of(LintCode::TaskTooLarge, "### T1: A\nChange it. The entire tree waits.\n"), []);
        assert_eq!(of(LintCode::TaskTooLarge, "- [x] Refactor all\n"), []);

        let files: String = (0..11).map(|n| format!("- src/file{n}.rs and `src/file{n}.rs`\n")).collect();
        let words = "word ".repeat(501);
        let (place, message, fixed) = only(LintCode::TaskTooLarge, &format!("### T1: A\n{words}\n{files}"));
        assert_eq!(place, "### T1: A");
        assert_eq!(
            message,
            "This task is too large for one loop: it names 11 files (at most 10 are advised), and it has 546 words (at most 500 are advised). Split it into smaller tasks"
        );
        assert_eq!(fixed, [""; 0]);
    }

    #[test]
    fn done_tasks_have_neither_missing_criteria_nor_a_size() {
        assert_eq!(lints("- [x] Refactor everything, all of it\n"), []);
        assert_eq!(lints("### T1: A\n- [x] works correctly\n"), []);
    }

    #[test]
    fn an_unknown_dependency_is_told_with_the_nearest_id() {
        let text = "### US-001: A\n- [ ] x\n\n### US-002: B\nDepends on: US-01, Task 9\n- [ ] x\n";
        let found = of(LintCode::DependencyUnknown, text);
        assert_eq!(
            found[0].message,
            "No task is called “US-01”, so what waits for it can never start: did you mean US-001?"
        );
        assert_eq!(edited(text, found[0].fixes[0].edits.clone()), text.replace("US-01,", "US-001,"));
        assert_eq!((found[1].span.of(text), found[1].fixes.len()), ("Task 9", 0));
        assert_eq!(
            of(LintCode::DependencyUnknown, "---\ndepends_on: [X-1]\n---\n- [ ] a\n- [ ] b\n").len(),
            1
        );
    }

    #[test]
    fn a_cycle_is_told_with_its_path_and_broken_by_a_fix() {
        let text = "### T1: A\nDepends on: `T3`, T2\n\n### T2: B\nDepends on:\n- T1\n\n### T3: C\n";
        let (place, message, fixed) = only(LintCode::DependencyCycle, text);
        assert_eq!(place, "T2");
        assert_eq!(
            message,
            "T1 waits for itself, so it can never start: T1 -> T2 -> T1. Remove one of these dependencies"
        );
        assert_eq!(fixed, [text.replace("`T3`, T2", "`T3`")]);
        let related: Vec<_> = of(LintCode::DependencyCycle, text)[0]
            .related
            .iter()
            .map(|(span, say)| (span.of(text).to_owned(), say.clone()))
            .collect();
        assert_eq!(
            related,
            [
                ("### T1: A".into(), "T1 waits for T2".into()),
                ("### T2: B".into(), "T2 waits for T1".to_owned())
            ]
        );
        let (.., fixed) = only(LintCode::DependencyCycle, "### T1: A\r\nDepends on: T1\r\nText.\r\n");
        assert_eq!(fixed, ["### T1: A\r\nText.\r\n"]);
        let (.., fixed) =
            only(LintCode::DependencyCycle, "### T1: A\nDepends on: `T1` and `T2`\n### T2: B\n");
        assert_eq!(fixed, ["### T1: A\nDepends on: `T2`\n### T2: B\n"]);
    }

    #[test]
    fn a_schema_that_comes_after_its_code_is_out_of_order() {
        let text = "### T1: Coupon form\n\n### T2: Pay endpoint\n\n### T3: Add coupon table\n";
        let (place, message, fixed) = only(LintCode::DependencyOrder, text);
        assert_eq!(place, "### T3: Add coupon table");
        assert!(
            message.starts_with("This schema task runs after T1 “Coupon form”, which likely needs it"),
            "{message}"
        );
        assert_eq!(fixed, [text.replace("form\n", "form\nDepends on: T3\n")]);
        assert_eq!(of(LintCode::DependencyOrder, &fixed[0]), []);
        for fine in [
            "### T1: Add coupon table\n### T2: Coupon form\n",
            "### T1: Coupon form\nPriority: 2\n### T2: Add coupon table\nPriority: 1\n",
            "### T1: Coupon form\n### T2: Add coupon table\nDepends on: T1\n",
            "- [x] Coupon form\n- [ ] Add coupon table\n",
            "### T1: Coupon form\n### T2: Add user table\n",
        ] {
            assert_eq!(of(LintCode::DependencyOrder, fine), [], "{fine}");
        }
        assert_eq!(
            of(LintCode::DependencyOrder, "### T1: Implement the API\n### T2: Create the database schema\n")
                .len(),
            1
        );
    }

    #[test]
    fn ids_and_fields_are_mended_by_their_fixes() {
        let text = "### US-1: A\nPriorty: 2\nIsolation: worktre\nMax iterations: x\n\n### US-1: B\n";
        let (place, message, fixed) = only(LintCode::DuplicateId, text);
        assert_eq!((place.as_str(), &fixed[..]), ("US-1", &[text.replace("US-1: B", "US-1-2: B")][..]));
        assert_eq!(
            message,
            "US-1 is already the id of another task, so this one is called US-1-2: give it an id of its own"
        );
        let (place, message, fixed) = only(LintCode::FieldUnknown, text);
        assert_eq!((place.as_str(), &fixed[..]), ("Priorty", &[text.replace("Priorty", "Priority")][..]));
        assert_eq!(
            message,
            "There is no field “Priorty”, so this line has no effect; did you mean “Priority”?"
        );
        let invalid = of(LintCode::FieldInvalid, text);
        assert_eq!(
            invalid[0].message,
            "“worktre” is not a valid value for Isolation and is ignored: write worktree or in-place"
        );
        assert_eq!(edited(text, invalid[0].fixes[0].edits.clone()), text.replace("worktre", "worktree"));
        assert_eq!(invalid[1].fixes, []);
    }

    #[test]
    fn unreadable_front_matter_is_an_error_at_its_place() {
        let (place, message, _) = only(LintCode::PlanUnreadable, "---\nonly words\n---\n# T\n");
        assert_eq!(place, "only words");
        assert!(
            message.starts_with("This cannot be read and is ignored: the front matter is not valid YAML"),
            "{message}"
        );
    }

    #[test]
    fn a_plan_without_tasks_is_a_finding_with_the_likeliest_reason() {
        let (place, message, fixed) =
            only(LintCode::PlanWithoutTasks, "# Garden\n\n## Steps\n1. Seed\n2. Water\n");
        assert_eq!(place, "1. Seed");
        assert_eq!(
            message,
            "No task is read in this plan: the 2 items of this list have no boxes. Write each task as a heading, such as \
             “### US-001: Add coupon table”, or as a box, such as “- [ ] Add coupon table”"
        );
        assert_eq!(fixed, ["# Garden\n\n## Steps\n1. [ ] Seed\n2. [ ] Water\n"]);
        for (text, reason) in [
            ("", "This plan is empty."),
            ("{\n  \"userStories\": []\n}\n", "this is JSON"),
            ("# G\n```\n- [ ] a\n```\n", "in a block of code"),
            ("| ID | Task |\n|---|---|\n| G-1 | Dig |\n| G-2 | Sow |\n", "(“G-1” … “G-2”) stands in a table"),
            ("Some text.\n", "there is only text"),
        ] {
            let (_, message, _) = only(LintCode::PlanWithoutTasks, text);
            assert!(message.contains(reason), "{message}");
            assert_eq!(why_no_task(&parse_markdown(text)).as_deref(), Some(message.as_str()));
        }
    }

    #[test]
    fn what_is_not_read_is_a_finding_that_says_how_it_would_be() {
        let text = "### Task 1: A\n- [ ] b\n\n### US-002 Seed the bed\n";
        let (place, message, fixed) = only(LintCode::TaskUnread, text);
        assert_eq!(place, "### US-002 Seed the bed");
        assert_eq!(
            message,
            "“### US-002 Seed the bed” looks like a task but is not read as one: nothing divides its id from its title. \
             Write a colon behind the id"
        );
        assert_eq!(fixed, [text.replace("US-002 ", "US-002: ")]);
        let (place, message, fixed) = only(LintCode::TaskUnread, "## Now\n- [ ] a\n## T1: B\n- [ ] c\n");
        assert_eq!((place.as_str(), fixed.len()), ("- [ ] a", 0));
        assert!(message.starts_with("This box belongs to no task"), "{message}");
    }

    #[test]
    fn a_mark_that_is_not_known_or_contradicts_another_is_a_finding_with_its_fixes() {
        let (place, message, fixed) = only(LintCode::MarkUnknown, "- [-] a\n- [ ] b\n");
        assert_eq!(place, "-");
        assert!(message.starts_with("“[-]” is no mark that is known, so this counts as open"), "{message}");
        assert_eq!(fixed, ["- [ ] a\n- [ ] b\n", "- [x] a\n- [ ] b\n"]);
        let (_, message, fixed) = only(LintCode::MarkUnknown, "### T1: A\nStatus: blokced\n- [ ] b\n");
        assert!(message.ends_with("did you mean “blocked”?"), "{message}");
        assert_eq!(fixed, ["### T1: A\nStatus: blocked\n- [ ] b\n"]);
        let (place, _, fixed) = only(LintCode::MarksDiffer, "- [ ] ~~a~~\n");
        assert_eq!((place.as_str(), fixed), ("- [ ] ~~a~~", vec!["- [x] ~~a~~\n".to_owned()]));
    }

    #[test]
    fn what_a_person_has_to_decide_is_not_mended_unasked() {
        for (text, code) in [
            ("- a\n- b\n", LintCode::PlanWithoutTasks),
            ("- [-] a\n", LintCode::MarkUnknown),
            ("- [ ] ~~a~~\n", LintCode::MarksDiffer),
            ("## T1: A\n- [ ] b\n## T2 C\n", LintCode::TaskUnread),
        ] {
            let [lint] = &of(code, text)[..] else { panic!("{text}") };
            assert!(!lint.fixes.is_empty() && !lint.is_mended_unasked(), "{text}");
        }
        assert!(of(LintCode::CriterionMissing, "- [ ] a\n")[0].is_mended_unasked());
    }

    #[test]
    fn all_thresholds_and_words_can_be_changed() {
        let options: LintOptions =
            serde_json::from_str(r#"{"max_files": 0, "scope_words": ["big bang"], "vague_phrases": []}"#)
                .unwrap();
        let text = "### T1: All in one big bang\n- [ ] works correctly in a.rs\n";
        let found: Vec<_> = lint(text, &parse_markdown(text), &options, &Checks::default())
            .into_iter()
            .map(|lint| lint.message)
            .collect();
        assert_eq!(
            found,
            [
                "This task is too large for one loop: it names 1 file (at most 0 are advised), and it says “big bang” in its title. Split it into smaller tasks"
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_fix_takes_its_finding_away(text in plan_like()) {
            let found = lints(&text);
            let count = |lints: &[Lint], code| lints.iter().filter(|lint| lint.code == code).count();
            for lint in &found {
                prop_assert!(text.get(lint.span.start..lint.span.end).is_some());
                for fix in &lint.fixes {
                    let fixed = edited(&text, fix.edits.clone());
                    let after = lints(&fixed);
                    let same = |lints: &[Lint]| lints.iter().filter(|left| left.message == lint.message).count();
                    // A cycle may have hidden another one, what becomes a task leaves others out, and a command makes of
                    // the code beside it one that is left out.
                    let is_gone = match lint.code {
                        LintCode::DependencyCycle | LintCode::TaskUnread | LintCode::CriterionNoCommand => same(&after) < same(&found),
                        code => count(&after, code) < count(&found, code),
                    };
                    prop_assert!(is_gone, "{:?}\n{}", lint, fixed);
                }
            }
        }
    }
}
