//! The ways to write a plan. Everything else works on what a format returns and asks the plan's format for its edits, so
//! that a new format is a file of its own and a line in [`FORMATS`].

use super::markdown::Markdown;
use super::model::{Plan, PlanFormat};

/// Every format, the choosiest first: a document is read by the first that recognises it.
static FORMATS: [&dyn PlanFormat; 1] = [&Markdown];

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

/// Says whether a file is a plan by its path alone: from the repository's root, `/` separated.
pub fn is_plan_path(path: &str) -> bool {
    FORMATS.iter().any(|format| format.is_plan_path(path))
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
