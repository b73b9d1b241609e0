//! What a lint reports: its kind, its place, and how to fix it.

use crate::finding::Severity;
use crate::text::{Span, TextEdit};
use crate::worded::worded;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

worded! {
    /// What kind of finding it is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum LintCode {
        /// A task without acceptance criteria.
        CriterionMissing = "criterion-missing",
        /// A criterion that nothing can verify.
        CriterionVague = "criterion-vague",
        /// A criterion whose code is not run, since it reads like something else.
        CriterionNoCommand = "criterion-no-command",
        /// A check whose program is not there.
        ProgramMissing = "program-missing",
        /// A check that passes whatever the work is.
        CriterionAlwaysPasses = "criterion-always-passes",
        /// A check in which a pipe's last command answers for the one that is meant.
        CriterionHidesStatus = "criterion-hides-status",
        /// A check that passes because what it searches is not there.
        CriterionNegatesMissing = "criterion-negates-missing",
        /// A check that looks at the plan itself.
        CriterionReadsPlan = "criterion-reads-plan",
        /// A criterion whose check passes before any work.
        CriterionGreenAlready = "criterion-green-already",
        /// A task that is too much for one loop.
        TaskTooLarge = "task-too-large",
        /// A dependency on no task of the plan.
        DependencyUnknown = "dependency-unknown",
        /// Tasks that wait for each other.
        DependencyCycle = "dependency-cycle",
        /// A task that runs after one that needs it.
        DependencyOrder = "dependency-order",
        /// Two tasks with one id.
        DuplicateId = "duplicate-id",
        /// A misspelled field.
        FieldUnknown = "field-unknown",
        /// A value that its field cannot have.
        FieldInvalid = "field-invalid",
        /// A document, or its front matter, that cannot be read.
        PlanUnreadable = "plan-unreadable",
        /// A document in which no task is found.
        PlanWithoutTasks = "plan-without-tasks",
        /// Something that looks like a task and is none.
        TaskUnread = "task-unread",
        /// A mark of a box or a status whose meaning is not known.
        MarkUnknown = "mark-unknown",
        /// A task that is done by one of its marks, and not by another.
        MarksDiffer = "marks-differ",
    }
}

impl LintCode {
    /// How bad a finding of this kind is.
    pub fn severity(self) -> Severity {
        match self {
            Self::CriterionVague | Self::CriterionNoCommand => Severity::Information,
            Self::CriterionMissing
            | Self::ProgramMissing
            | Self::CriterionAlwaysPasses
            | Self::CriterionHidesStatus
            | Self::CriterionNegatesMissing
            | Self::CriterionReadsPlan
            | Self::CriterionGreenAlready
            | Self::TaskTooLarge
            | Self::DependencyOrder
            | Self::FieldUnknown
            | Self::PlanWithoutTasks
            | Self::TaskUnread
            | Self::MarkUnknown
            | Self::MarksDiffer => Severity::Warning,
            Self::DependencyUnknown
            | Self::DependencyCycle
            | Self::DuplicateId
            | Self::FieldInvalid
            | Self::PlanUnreadable => Severity::Error,
        }
    }
}

impl Lint {
    /// Whether its first fix is right without asking anybody: it says what the document says already, and what is in doubt
    /// is not decided by it.
    pub fn is_mended_unasked(&self) -> bool {
        match self.code {
            // A place that a person has to fill in.
            LintCode::CriterionVague => false,
            // Only the user knows which of the two is meant.
            LintCode::CriterionNoCommand | LintCode::ProgramMissing => false,
            // Another command is another check, and one that nobody has allowed to run.
            LintCode::CriterionAlwaysPasses
            | LintCode::CriterionHidesStatus
            | LintCode::CriterionNegatesMissing
            | LintCode::CriterionReadsPlan => false,
            // A guard proves less, and only the user knows whether that is what the task is.
            LintCode::CriterionGreenAlready => false,
            // What becomes a task is worked on, and what is ticked is not.
            LintCode::PlanWithoutTasks
            | LintCode::TaskUnread
            | LintCode::MarkUnknown
            | LintCode::MarksDiffer => false,
            LintCode::CriterionMissing
            | LintCode::TaskTooLarge
            | LintCode::DependencyUnknown
            | LintCode::DependencyCycle
            | LintCode::DependencyOrder
            | LintCode::DuplicateId
            | LintCode::FieldUnknown
            | LintCode::FieldInvalid
            | LintCode::PlanUnreadable => true,
        }
    }
}

/// One finding on a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lint {
    /// What kind it is.
    pub code: LintCode,
    /// How bad it is.
    pub severity: Severity,
    /// The place in the document.
    pub span: Span,
    /// What is wrong, why that matters, and what to do.
    pub message: String,
    /// Other places that belong to it, each with what it says.
    pub related: Vec<(Span, String)>,
    /// Edits that fix it, the likeliest first.
    pub fixes: Vec<Fix>,
}

impl Lint {
    pub(super) fn new(code: LintCode, span: Span, message: String) -> Self {
        Self { code, severity: code.severity(), span, message, related: Vec::new(), fixes: Vec::new() }
    }

    pub(super) fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fixes.extend(fix);
        self
    }
}

/// One way to fix a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, as a menu says it.
    pub title: String,
    /// What it changes in the document.
    pub edits: Vec<TextEdit>,
}

impl Fix {
    pub(super) fn of(title: impl Into<String>, edit: TextEdit) -> Self {
        Self { title: title.into(), edits: vec![edit] }
    }

    /// A fix of several edits, if there are any.
    pub(super) fn all(title: impl Into<String>, edits: &[TextEdit]) -> Option<Self> {
        (!edits.is_empty()).then(|| Self { title: title.into(), edits: edits.to_vec() })
    }
}

/// The fixes that are right without asking anybody and can be made together: none meets the text of an earlier one. One
/// that does waits for the next look at the text.
pub fn fixes_at_once(lints: &[Lint]) -> Vec<&Fix> {
    let fixes = lints.iter().filter(|lint| lint.is_mended_unasked());
    let fixes = fixes.filter_map(|lint| lint.fixes.iter().find(|fix| !fix.edits.is_empty()));
    // Where each edit ends, by where it begins.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for fix in fixes {
        let meets = |edit: &TextEdit| {
            taken.range(..=edit.span.end).next_back().is_some_and(|(_, end)| *end >= edit.span.start)
        };
        if fix.edits.iter().any(meets) {
            continue;
        }
        for edit in &fix.edits {
            let end = taken.entry(edit.span.start).or_default();
            *end = edit.span.end.max(*end);
        }
        chosen.push(fix);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lint(spans: &[(usize, usize)]) -> Lint {
        let edits: Vec<TextEdit> = spans
            .iter()
            .map(|&(start, end)| TextEdit { span: Span::new(start, end), new_text: String::new() })
            .collect();
        Lint::new(LintCode::CriterionMissing, Span::new(0, 0), String::new()).fix(Fix::all("fix", &edits))
    }

    #[test]
    fn fixes_that_meet_wait_for_the_next_look() {
        let lints = [
            lint(&[(10, 20)]),
            lint(&[(20, 25)]),
            lint(&[(0, 5), (30, 40)]),
            lint(&[(6, 9), (35, 36)]),
            lint(&[(50, 50)]),
            lint(&[(50, 60)]),
            lint(&[(21, 29)]),
        ];
        let chosen: Vec<usize> = fixes_at_once(&lints).iter().map(|fix| fix.edits[0].span.start).collect();
        assert_eq!(chosen, [10, 0, 50, 21]);
    }
}
