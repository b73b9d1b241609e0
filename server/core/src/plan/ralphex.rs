//! ralphex's plans: tasks that are headings, boxes that are their steps, and commands that must pass after each.

use super::checklist::{self, Checklist, ends_with, has_box, headings};
use super::field_name::FieldName;
use super::fields::Value;
use super::markdown::{Boxes, parse_with};
use super::model::{Fields, Plan};
use crate::text::Span;

pub(super) static RALPHEX: Checklist = Checklist {
    name: "ralphex",
    folders: &["docs/plans/*.md"],
    companions: &[],
    is_plan_path: |path| ends_with(path, &["docs", "plans", "*.md"]),
    recognises: |text| has_box(text, |_| true) && has_task(text),
    parse: read,
    tick: checklist::tick,
    is_one_of_many: false,
    has_own_criteria: true,
};

/// Whether a heading is called `Task 3: …`.
pub(super) fn has_task(text: &str) -> bool {
    headings(text).iter().any(|(_, span)| {
        let number = ["Task ", "Iteration "].iter().find_map(|word| span.of(text).strip_prefix(word));
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    })
}

fn read(text: &str) -> Plan {
    let mut plan = parse_with(text, Boxes::Steps);
    let headings = headings(text);
    let named = |span: &Span| span.of(text).trim_end_matches(':').eq_ignore_ascii_case("validation commands");
    if let Some(at) = headings.iter().position(|(_, span)| named(span)) {
        let start = headings.get(at).map_or(0, |(_, span)| span.end);
        let end = headings.get(at + 1).map_or(text.len(), |(level, span)| span.start - level - 1);
        plan.defaults.verify.extend(commands(text, Span::new(start, end.max(start))).verify);
    }
    plan
}

/// The commands of a section: the items of its list, or the lines of its code.
fn commands(text: &str, section: Span) -> Fields {
    let mut fields = Fields::default();
    let mut at = section.start;
    let mut in_code = false;
    for line in section.of(text).split_inclusive('\n') {
        let own = line.trim();
        let bare = own.trim_start_matches(['-', '*', '+']).trim_start();
        let start = at + line.trim_end().len() - bare.len();
        at += line.len();
        if own.starts_with("```") || own.starts_with("~~~") {
            in_code = !in_code;
        } else if !own.is_empty() && !own.starts_with('#') && (in_code || bare.len() < own.len()) {
            let value = Value::at(text, Span::new(start, start + bare.len()));
            // What is none is text.
            let _ = fields.take(FieldName::Verify, &value);
        }
    }
    fields
}
