//! Plans of the superpowers skills: tasks that are headings, and steps with the code that they are about.

use super::checklist::{self, Checklist, ends_with};
use super::markdown::{Boxes, parse_with};
use super::ralphex::has_task;

pub(super) static SUPERPOWERS: Checklist = Checklist {
    name: "superpowers",
    folders: &["docs/superpowers/plans/*.md", "docs/plans/*.md"],
    companions: &[],
    is_plan_path: |path| {
        ends_with(path, &["docs", "superpowers", "plans", "*.md"])
            || ends_with(path, &["docs", "plans", "*.md"])
    },
    recognises: |text| has_task(text) && text.contains("**Step 1"),
    parse: |text| parse_with(text, Boxes::Steps),
    tick: checklist::tick,
    is_one_of_many: false,
    has_own_criteria: true,
};
