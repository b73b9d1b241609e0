//! spec-kit's `tasks.md`: phases one after the other, and in each the tasks in their order, but those marked `[P]`.

use super::checklist::{self, Checklist, ends_with, has_box, headings};
use super::markdown::{Boxes, parse_with};
use super::model::{Placed, Plan};

pub(super) static SPEC_KIT: Checklist = Checklist {
    name: "spec-kit",
    folders: &["specs/*/tasks.md", ".specify/specs/*/tasks.md"],
    companions: &["spec.md", "plan.md", "research.md", "data-model.md", "quickstart.md", "contracts"],
    is_plan_path: |path| {
        ends_with(path, &["specs", "*", "tasks.md"]) && !ends_with(path, &[".kiro", "specs", "*", "tasks.md"])
    },
    recognises: |text| has_box(text, is_called),
    parse: read,
    tick: checklist::tick,
    is_one_of_many: false,
    has_own_criteria: true,
};

/// Whether a title begins with `T012`.
fn is_called(title: &str) -> bool {
    let number = title.strip_prefix('T').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with([' ', ':', '['])
}

fn read(text: &str) -> Plan {
    let mut plan = parse_with(text, Boxes::WithIds);
    let phases: Vec<_> =
        headings(text).into_iter().filter(|(level, _)| *level == 2).map(|(_, span)| span).collect();
    // What the phase before ends with, and the tasks that this one does so far.
    let (mut before, mut ends): (Option<usize>, Vec<usize>) = (None, Vec::new());
    let mut phase = None;
    let stages = &mut plan.stages;
    let mut stage = |tasks: &mut Vec<usize>| {
        stages.push(std::mem::take(tasks));
        stages.len().checked_sub(1)
    };
    for (own, task) in plan.tasks.iter_mut().enumerate() {
        let at = phases.partition_point(|phase| phase.start < task.span.start).checked_sub(1);
        if phase != at {
            phase = at;
            if !ends.is_empty() {
                before = stage(&mut ends);
            }
        }
        if let Some(span) = at.and_then(|at| phases.get(at)) {
            task.group = Some(Placed { value: span.of(text).to_owned(), span: *span });
        }
        let mut is_parallel = false;
        // `[P] [US1] Title`
        while let Some((tag, title)) = task.title.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let is_story =
                tag.strip_prefix("US").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
            if (tag != "P" && !is_story) || title.trim().is_empty() {
                break;
            }
            is_parallel |= tag == "P";
            task.title = title.trim_start().to_owned();
        }
        let is_left = !task.is_over() && !task.optional;
        task.after = match is_parallel || ends.is_empty() {
            true => before,
            // Whoever comes next waits for this one, which waits for them.
            false if is_left => stage(&mut ends),
            false if task.optional => stage(&mut ends.clone()),
            false => before,
        };
        if is_left {
            ends.push(own);
        }
    }
    plan
}
