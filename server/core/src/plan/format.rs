//! The ways to write a plan. Everything else works on what a format returns and asks the plan's format for its edits, so
//! that a new format is a file of its own and a line in [`FORMATS`].

use super::markdown::Markdown;
use super::model::{Plan, PlanFormat};
use super::{
    backlog::BACKLOG, bmad::BMAD, kiro::KIRO, openspec::OPENSPEC, prd::PRD, ralph::RALPH,
    ralph_orchestrator::RalphOrchestrator, ralphex::RALPHEX, spec_kit::SPEC_KIT, superpowers::SUPERPOWERS,
    task_master::TASK_MASTER,
};

/// Every format, the choosiest first: a document is read by the first that recognises it.
static FORMATS: [&dyn PlanFormat; 12] = [
    &PRD,
    &TASK_MASTER,
    &KIRO,
    &SPEC_KIT,
    &OPENSPEC,
    &BACKLOG,
    &BMAD,
    &RALPH,
    &RalphOrchestrator,
    &SUPERPOWERS,
    &RALPHEX,
    &Markdown,
];

impl Default for &'static dyn PlanFormat {
    fn default() -> Self {
        &Markdown
    }
}

/// Reads a document as a plan, in the format that its path and its text show. `path` may begin anywhere above the file.
pub fn read(path: &str, text: &str) -> Plan {
    read_with(&FORMATS, path, text)
}

fn read_with(formats: &[&'static dyn PlanFormat], path: &str, text: &str) -> Plan {
    let format = formats.iter().find(|format| format.recognises(path, text)).copied().unwrap_or_default();
    Plan { format, ..format.parse(text) }
}

/// Says whether a file is a plan without a setting, by its path from the repository's root and by what is in it.
pub fn is_plan(path: &str, text: &str) -> bool {
    FORMATS.iter().any(|format| format.is_plan_path(path) && format.recognises(path, text))
}

/// Where plans lie that are over, from the repository's root.
const ARCHIVE: &str = ".alfine/archive/";

/// Says whether a file can be a plan by its path alone: from the repository's root, `/` separated.
pub fn is_plan_path(path: &str) -> bool {
    !path.starts_with(ARCHIVE) && FORMATS.iter().any(|format| format.is_plan_path(path))
}

/// The files and folders that tools read with a plan of this path, from the repository's root, whether they are there or
/// not.
pub fn companions(path: &str) -> Vec<String> {
    let folder = path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default();
    let formats = FORMATS.iter().filter(|format| format.is_plan_path(path));
    let mut beside: Vec<String> = Vec::new();
    for name in formats.flat_map(|format| format.companions()) {
        let companion = format!("{folder}{name}");
        if !beside.contains(&companion) {
            beside.push(companion);
        }
    }
    beside
}

/// Says whether a file is a plan that is not taken for one, by its path: one of another tool, or in a folder of plans.
pub fn is_likely_plan(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_lowercase();
    let mut of_tools = ["prd.json", "tasks.json", "stories.json", "user-stories.json"].iter();
    let is_about = |stem: &str| matches!(stem, "readme" | "index");
    if of_tools.any(|known| *known == lower) || is_plan_path(path) && !is_about(lower.trim_end_matches(".md"))
    {
        return true;
    }
    let Some(stem) = lower.strip_suffix(".md").or_else(|| lower.strip_suffix(".markdown")) else {
        return false;
    };
    let mut words = stem.split(|c: char| !c.is_alphanumeric());
    let is_named = words.any(|word| {
        matches!(
            word,
            "plan"
                | "plans"
                | "task"
                | "tasks"
                | "todo"
                | "todos"
                | "prd"
                | "roadmap"
                | "backlog"
                | "checklist"
        )
    });
    let mut parts = folder.split('/');
    let in_plans = parts.any(|part| matches!(part, "plan" | "plans" | "prds" | "tasks" | "stories"));
    is_named || in_plans && !is_about(stem)
}

/// The formats, for what is asked of all of them: the folders to search, the files to watch.
pub fn formats() -> impl Iterator<Item = &'static dyn PlanFormat> {
    FORMATS.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Checks, LintCode, LintOptions, lint};
    use crate::plan::sketch::{SKETCH, Sketch};
    use crate::plan::tests::{edited, ticked};

    const BOTH: [&dyn PlanFormat; 2] = [&Sketch, &Markdown];

    #[test]
    fn a_document_is_read_in_the_format_that_recognises_it() {
        for (path, text, format) in [
            ("sketch.json", SKETCH, "sketch"),
            ("/home/me/shop/sketch.json", SKETCH, "sketch"),
            ("sketch.json", "# Plan", "markdown"),
            ("PLAN.md", SKETCH, "markdown"),
        ] {
            assert_eq!(read_with(&BOTH, path, text).format.name(), format, "{path}");
        }
        assert_eq!(read("sketch.json", SKETCH).format.name(), "markdown");
    }

    #[test]
    fn files_that_look_like_plans_are_known_by_their_names() {
        for path in [
            "prd.json",
            ".taskmaster/tasks/tasks.json",
            "IMPLEMENTATION_PLAN.md",
            "docs/TODO-api.md",
            "docs/plans/x.md",
            "packages/a/PLAN.md",
            "specs/1/tasks.md",
            "ROADMAP.md",
        ] {
            assert!(is_likely_plan(path), "{path}");
        }
        for path in [
            "README.md",
            "docs/plans/README.md",
            "src/planner.md",
            "plan.txt",
            "package.json",
            "plans/x.json",
            "",
        ] {
            assert!(!is_likely_plan(path), "{path}");
        }
    }

    #[test]
    fn what_a_tool_reads_with_a_plan_stands_beside_it() {
        for (path, expected) in [
            (
                ".kiro/specs/a/tasks.md",
                vec![".kiro/specs/a/requirements.md", ".kiro/specs/a/bugfix.md", ".kiro/specs/a/design.md"],
            ),
            (
                "openspec/changes/b/tasks.md",
                vec![
                    "openspec/changes/b/proposal.md",
                    "openspec/changes/b/design.md",
                    "openspec/changes/b/specs",
                ],
            ),
            ("x/.ralph/fix_plan.md", vec!["x/.ralph/specs"]),
            ("fix_plan.md", vec!["specs"]),
            ("PLAN.md", vec![]),
            ("prd.json", vec![]),
        ] {
            assert_eq!(companions(path), expected, "{path}");
        }
        let of_spec_kit = companions("specs/004-a/tasks.md");
        assert_eq!(of_spec_kit[..2], ["specs/004-a/spec.md", "specs/004-a/plan.md"]);
    }

    #[test]
    fn names_and_endings_of_the_formats_fit_together() {
        let names: std::collections::HashSet<_> = formats().map(PlanFormat::name).collect();
        assert_eq!(names.len(), FORMATS.len());
        for format in formats() {
            for glob in format.folders() {
                let path = glob.replace("**/", "").replace('*', "name");
                assert!(format.is_plan_path(&path), "{path}");
            }
            assert!(!format.endings().is_empty());
        }
    }

    #[test]
    fn lints_fixes_and_ticks_work_on_what_another_format_returns() {
        let plan = read_with(&BOTH, "sketch.json", SKETCH);
        assert_eq!(
            ticked(SKETCH, &plan),
            SKETCH.replace("\"done\": false", "\"done\": true"),
            "the task that is done already keeps its mark"
        );
        let lints = lint(SKETCH, &plan, &LintOptions::default(), &Checks::default());
        let found: Vec<_> = lints.iter().map(|lint| (lint.code, lint.span.of(SKETCH))).collect();
        assert_eq!(
            found,
            [(LintCode::CriterionMissing, "\"Pay with coupon\""), (LintCode::DependencyUnknown, "T9")]
        );
        let fixes: Vec<_> = lints.iter().flat_map(|lint| &lint.fixes).collect();
        let [fix] = &fixes[..] else { panic!("{fixes:?}") };
        let fixed = edited(SKETCH, fix.edits.clone());
        assert_eq!(read_with(&BOTH, "sketch.json", &fixed).tasks[1].fields.depends_on[0].value, "T1");
    }
}
