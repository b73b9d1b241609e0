//! ralph-claude-code's `fix_plan.md`: boxes in sections that say how soon.

use super::checklist::{self, Checklist, ends_with, has_box, headings};
use super::field_name::FieldName;
use super::fields::Value;
use super::markdown::parse;
use super::model::Plan;
use crate::text::Span;

pub(super) static RALPH: Checklist = Checklist {
    name: "ralph",
    folders: &[".ralph/fix_plan.md", ".ralph/@fix_plan.md"],
    companions: &["specs"],
    is_plan_path: |path| ends_with(path, &["fix_plan.md"]) || ends_with(path, &["@fix_plan.md"]),
    recognises: |text| {
        has_box(text, |_| true) && headings(text).iter().any(|(_, span)| priority_in(text, *span).is_some())
    },
    parse: read,
    tick: checklist::tick,
    is_one_of_many: false,
    has_own_criteria: true,
};

/// The word of `High Priority`.
fn priority_in(text: &str, heading: Span) -> Option<Span> {
    let written = heading.of(text);
    let at = written.to_ascii_lowercase().find(" priority")?;
    let word = written.get(..at)?.rsplit(|c: char| !c.is_alphanumeric()).next()?;
    (!word.is_empty()).then(|| Span::new(heading.start + at - word.len(), heading.start + at))
}

fn read(text: &str) -> Plan {
    let mut plan = parse(text);
    let sections: Vec<_> =
        headings(text).into_iter().filter(|(level, _)| *level < 3).map(|(_, span)| span).collect();
    for task in &mut plan.tasks {
        let at = sections.partition_point(|section| section.start < task.span.start).checked_sub(1);
        let word = at.and_then(|at| priority_in(text, *sections.get(at)?));
        if let Some(word) = word.filter(|_| task.fields.priority.is_none()) {
            // Another word is no priority, and says nothing.
            let _ = task.fields.take(FieldName::Priority, &Value::at(text, word));
        }
    }
    plan
}
