//! The ways to write a plan. Everything else works on what a format returns and asks the plan's format for its edits, so
//! that a new format is a file of its own and a line in [`FORMATS`].

use super::markdown::Markdown;
use super::{Criterion, FieldName, Plan, Task};
use crate::text::{Span, TextEdit};
use std::fmt;

/// Every format, the choosiest first: a document is read by the first that recognises it.
static FORMATS: [&dyn PlanFormat; 1] = [&Markdown];

/// One way to write a plan: how it is found, read, and written back.
///
/// All spans are byte offsets into the document. Every edit leaves whatever it does not name as it is, formatting
/// included. Edits that a format cannot make are `None`: the finding is then shown without a fix.
pub trait PlanFormat: fmt::Debug + Sync {
    /// Its name, unique among the formats, such as `markdown`.
    fn name(&self) -> &'static str;

    /// What editors call the language of its documents: VS Code's language, Neovim's file type.
    fn language(&self) -> &'static str;

    /// How the names of its files end, without the dot: which files the editor is asked to watch.
    fn endings(&self) -> &'static [&'static str];

    /// How the names of files end of which any could be a plan that has no plan's name: a code action offers to treat
    /// them as one.
    fn other_files(&self) -> &'static [&'static str] {
        &[]
    }

    /// Globs, from the repository's root, of plans in folders that are always searched. All of them have to satisfy
    /// [`Self::is_plan_path`].
    fn folders(&self) -> &'static [&'static str] {
        &[]
    }

    /// Says whether a file is a plan of this format by its path alone: from the repository's root, `/` separated.
    fn is_plan_path(&self, path: &str) -> bool;

    /// Says whether a document is written in this format. `path` may begin anywhere above the file. Runs on every
    /// keystroke, so it looks at the path first.
    fn recognises(&self, path: &str, text: &str) -> bool;

    /// Reads a document. Never fails: what cannot be read is a problem of the plan at its place. Takes time linear in
    /// the document, since it runs on every keystroke. [`read`] fills in the plan's format.
    fn parse(&self, text: &str) -> Plan;

    /// The edits that mark a task as done for the format's own tool. None if it is marked, or if it has no mark.
    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit>;

    /// Writes a value at a span of [`Plan`], quoted as the place needs it: a name, an id, a word. An empty span adds to
    /// what stands before it.
    fn write(&self, _text: &str, span: Span, value: &str) -> TextEdit {
        TextEdit { span, new_text: value.to_owned() }
    }

    /// Adds acceptance criteria to a task that has none.
    fn add_criteria(&self, _text: &str, _task: &Task, _criteria: &[String]) -> Option<TextEdit> {
        None
    }

    /// Adds a place for a command behind a criterion's text.
    fn bind_command(&self, _text: &str, _criterion: &Criterion) -> Option<TextEdit> {
        None
    }

    /// Adds the id `on` to what a task depends on.
    fn add_dependency(&self, _text: &str, _task: &Task, _on: &str) -> Option<TextEdit> {
        None
    }

    /// Removes the dependency with the index `at` from those that a task names.
    fn remove_dependency(&self, _text: &str, _task: &Task, _at: usize) -> Option<TextEdit> {
        None
    }

    /// What holds the plan's defaults, as an editor folds it: Markdown's front matter with its rules.
    fn defaults(&self, _text: &str) -> Option<Span> {
        None
    }

    /// The field that the line at a byte of the document names, and the span of its name.
    fn field_at(&self, _text: &str, _offset: usize) -> Option<(FieldName, Span)> {
        None
    }

    /// Whether tasks are headings, and fields lines `Name: value`, as completion writes them.
    fn is_line_based(&self) -> bool {
        false
    }
}

impl PartialEq for dyn PlanFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

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
    use crate::lint::{LintCode, LintOptions, lint};
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
        let lints = lint(SKETCH, &plan, &LintOptions::default());
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
