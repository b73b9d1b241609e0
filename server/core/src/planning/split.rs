//! Several tasks in place of one, in the text of its plan.

use super::Draft;
use crate::{
    chain,
    plan::{self, Entry, FieldName, Mark, Names, Plan, Task},
    text::{Span, TextEdit},
};
use std::collections::HashMap;

/// Why a task is not split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSplit {
    /// The plan is another tool's.
    #[error("it stands in a plan of the format {0}, which is that tool's to change")]
    Format(&'static str),
    /// The task is no heading.
    #[error("it is no heading, so nothing can stand below it: write it as `### ID: title` first")]
    NoHeading,
    /// It is done or given up.
    #[error("it is over: nothing of it is left to be split")]
    Over,
    /// One task is none less.
    #[error("it would become one task")]
    One,
    /// The plan would read otherwise than it should.
    #[error("the plan would not read as the same plan with these tasks in its place")]
    Otherwise,
    /// Its parts wait for each other.
    #[error("{0}")]
    Cycle(#[from] chain::Cycle),
}

/// The edits that put the tasks of a draft in the place of a task: the first of them wait for what that waited for, and
/// whoever waited for it waits for the last of them. They have its fields; what proves it as a whole is the last ones' to pass.
///
/// # Errors
///
/// The plan does not take them.
pub fn split(plan: &Plan, text: &str, task: &Task, draft: &Draft) -> Result<Vec<TextEdit>, CannotSplit> {
    can_be_split(plan, text, task)?;
    let entries = entries(plan, task, draft)?;
    let level = task.title_span.of(text).bytes().take_while(|&byte| byte == b'#').count();
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let written: Vec<String> = entries.iter().map(|entry| entry.to_markdown(&HashMap::new(), level)).collect();
    let written = written.join("\n").trim_end().replace('\n', line_end);
    let mut edits = vec![TextEdit { span: task.span, new_text: written }];
    let last = ends(&entries).join(", ");
    let names = Names::new(plan);
    let is_it = |name: &str| {
        names.find(name).and_then(|at| plan.tasks.get(at)).is_some_and(|found| found.id == task.id)
    };
    for other in plan.tasks.iter().filter(|other| other.id != task.id) {
        let named = other.fields.depends_on.iter().filter(|on| is_it(&on.value));
        edits.extend(named.map(|on| plan.format.write(text, on.span, &last)));
    }
    check(plan, text, task, &entries, &edits)?;
    Ok(edits)
}

/// Whether a task can be split at all, before anybody is asked how.
///
/// # Errors
///
/// Why not.
pub fn can_be_split(plan: &Plan, text: &str, task: &Task) -> Result<(), CannotSplit> {
    if plan.format.name() != "markdown" {
        return Err(CannotSplit::Format(plan.format.name()));
    }
    if !task.title_span.of(text).starts_with('#') {
        return Err(CannotSplit::NoHeading);
    }
    if task.is_over() { Err(CannotSplit::Over) } else { Ok(()) }
}

/// The tasks of a draft with ids that the plan does not have yet.
fn entries(plan: &Plan, task: &Task, draft: &Draft) -> Result<Vec<Entry>, CannotSplit> {
    if draft.tasks.len() < 2 {
        return Err(CannotSplit::One);
    }
    let mut taken: Vec<String> = plan.tasks.iter().map(|task| task.id.0.to_lowercase()).collect();
    let mut entries: Vec<Entry> = draft.tasks.iter().map(super::Drafted::entry).collect();
    let mut ids: HashMap<String, String> = HashMap::new();
    for (n, entry) in entries.iter_mut().enumerate() {
        let number = n + 1;
        let near = [format!("{}-{number}", task.id), format!("{}.{number}", task.id)];
        let far = (1..).map(|number| format!("T{number}"));
        let old = std::mem::take(&mut entry.id);
        let fits = |id: &String| {
            !taken.contains(&id.to_lowercase())
                && Entry { id: id.clone(), ..entry.clone() }
                    .heading()
                    .is_some_and(|heading| heading.contains(id.as_str()))
        };
        let Some(id) = near.into_iter().chain(far.take(10_000)).find(fits) else {
            return Err(CannotSplit::Otherwise);
        };
        taken.push(id.to_lowercase());
        ids.insert(old.to_lowercase(), id.clone());
        entry.id = id;
    }
    for entry in &mut entries {
        // What it names of the others is their business before all of these.
        entry.depends_on =
            entry.depends_on.iter().filter_map(|id| ids.get(&id.to_lowercase()).cloned()).collect();
        entry.depends_on.retain(|id| *id != entry.id);
    }
    let last = ends(&entries);
    let fields = plan::written(&task.fields);
    let before: Vec<String> = task.fields.depends_on.iter().map(|on| on.value.clone()).collect();
    for entry in &mut entries {
        if entry.depends_on.is_empty() {
            entry.depends_on.clone_from(&before);
        }
        let is_last = last.contains(&entry.id);
        let is_its = |(name, _): &&(FieldName, String)| is_last || *name != FieldName::Verify;
        entry.fields = fields.iter().filter(is_its).cloned().collect();
        entry.mark = if task.mark == Mark::Blocked { Mark::Blocked } else { Mark::Open };
    }
    Ok(entries)
}

/// The ids of those that no other one waits for.
fn ends(entries: &[Entry]) -> Vec<String> {
    let is_end = |entry: &&Entry| !entries.iter().any(|other| other.depends_on.contains(&entry.id));
    entries.iter().filter(is_end).map(|entry| entry.id.clone()).collect()
}

/// Looks that the plan reads as it did, with these tasks in the place of the one.
fn check(
    plan: &Plan,
    text: &str,
    task: &Task,
    entries: &[Entry],
    edits: &[TextEdit],
) -> Result<(), CannotSplit> {
    let mut sorted: Vec<&TextEdit> = edits.iter().collect();
    sorted.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut new = text.to_owned();
    for TextEdit { span: Span { start, end }, new_text } in sorted {
        if new.get(*start..*end).is_none() {
            return Err(CannotSplit::Otherwise);
        }
        new.replace_range(*start..*end, new_text);
    }
    let read = plan::parse_markdown(&new);
    let wanted = plan.tasks.iter().flat_map(|other| match other.id == task.id {
        true => entries.iter().map(|entry| (entry.id.as_str(), entry.title.as_str())).collect(),
        false => vec![(other.id.0.as_str(), other.title.as_str())],
    });
    let is_same = read.tasks.iter().map(|task| (task.id.0.as_str(), task.title.as_str())).eq(wanted);
    let names = Names::new(&read);
    let is_gone = read
        .tasks
        .iter()
        .flat_map(|task| &task.fields.depends_on)
        .all(|on| names.find(&on.value).is_some() || on.value != task.id.0);
    if !is_same || !is_gone {
        return Err(CannotSplit::Otherwise);
    }
    if chain::order(plan).is_ok() {
        chain::order(&read)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::edited;
    use crate::planning::read_draft;

    const PLAN: &str = "# Shop\n\nCoupons.\n\n## Now\n\n### US-1: Table\n\n### US-2: All the rest\nDepends on: US-1\nModel: opus\nVerify: `make all`\n\nMuch.\n\nAcceptance criteria:\n- [ ] It works: `make rest`\n\n### US-3: Ship\nDepends on: US-2, US-1\n";

    fn drafted(tasks: &str) -> Draft {
        read_draft(&format!("{{\"tasks\": [{tasks}]}}"), 9).unwrap()
    }

    fn done(text: &str, tasks: &str) -> Result<String, CannotSplit> {
        let plan = plan::read("PLAN.md", text);
        let task = plan.tasks.iter().find(|task| task.id.0 == "US-2").unwrap();
        split(&plan, text, task, &drafted(tasks)).map(|edits| edited(text, edits))
    }

    const CHAIN: &str = r#"{"id": "T1", "title": "Model", "details": "In `m/`.", "criteria": [{"text": "It is there", "command": "make model"}]},
        {"id": "T2", "title": "Page", "criteria": [{"text": "It works", "command": "make rest"}], "depends_on": ["T1", "US-1"]},
        {"id": "T3", "title": "Mail", "depends_on": ["T1"]}"#;

    #[test]
    fn the_first_wait_for_what_it_waited_for_and_others_for_the_last() {
        let expected = "# Shop\n\nCoupons.\n\n## Now\n\n### US-1: Table\n\n### [ ] US-2-1: Model\nDepends on: US-1\nModel: opus\n\nIn `m/`.\n\n\
             Acceptance criteria:\n- [ ] It is there: `make model`\n\n### [ ] US-2-2: Page\nDepends on: US-2-1\nModel: opus\nVerify: `make all`\n\n\
             Acceptance criteria:\n- [ ] It works: `make rest`\n\n### [ ] US-2-3: Mail\nDepends on: US-2-1\nModel: opus\nVerify: `make all`\n\n\
             ### US-3: Ship\nDepends on: US-2-2, US-2-3, US-1\n";
        assert_eq!(done(PLAN, CHAIN).unwrap(), expected);
        let windows = PLAN.replace('\n', "\r\n");
        assert_eq!(done(&windows, CHAIN).unwrap(), expected.replace('\n', "\r\n"));
        let deeper = PLAN.replace("### ", "#### ").replace("## Now", "### Now");
        assert_eq!(
            done(&deeper, CHAIN).unwrap(),
            expected.replace("### ", "#### ").replace("## Now", "### Now")
        );
    }

    #[test]
    fn what_no_plan_takes_is_refused() {
        let cycle = r#"{"id": "a", "title": "A", "depends_on": ["b"]}, {"id": "b", "title": "B", "depends_on": ["a"]}"#;
        assert!(matches!(done(PLAN, cycle), Err(CannotSplit::Cycle(_))));
        assert_eq!(done(PLAN, r#"{"id": "a", "title": "A"}"#), Err(CannotSplit::One));
        let over = PLAN.replace("### US-2", "### [x] US-2");
        assert_eq!(done(&over, CHAIN), Err(CannotSplit::Over));
        let boxes = "- [ ] US-2: a\n";
        assert_eq!(done(boxes, CHAIN), Err(CannotSplit::NoHeading));
        let prd = r#"{"userStories": [{"id": "US-2", "title": "x"}]}"#;
        let read = plan::read("prd.json", prd);
        assert_eq!(split(&read, prd, &read.tasks[0], &drafted(CHAIN)), Err(CannotSplit::Format("prd")));
    }

    #[test]
    fn ids_that_are_taken_are_not_taken_again() {
        let more = format!("{PLAN}\n### US-2-1: Taken\n");
        let text = done(&more, CHAIN).unwrap();
        let ids: Vec<String> = plan::read("PLAN.md", &text).tasks.into_iter().map(|task| task.id.0).collect();
        assert_eq!(ids.len(), 6);
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 6, "{ids:?}");
    }
}
