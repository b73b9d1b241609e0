//! OpenSpec's `tasks.md`: numbered boxes below numbered headings.

use super::checklist::{self, Checklist, ends_with, has_box, is_numbered};
use super::markdown::{Boxes, parse_with};

pub(super) static OPENSPEC: Checklist = Checklist {
    name: "openspec",
    folders: &["openspec/changes/*/tasks.md"],
    companions: &["proposal.md", "design.md", "specs"],
    is_plan_path: |path| ends_with(path, &["openspec", "changes", "*", "tasks.md"]),
    recognises: |text| has_box(text, is_numbered),
    parse: |text| parse_with(text, Boxes::WithIds),
    tick: checklist::tick,
    is_one_of_many: false,
    has_own_criteria: true,
};
