//! Several tasks in place of one, in the text of its plan.

use super::Draft;
use crate::{
    chain,
    plan::{self, Criterion, Entry, FieldName, Mark, Names, Placed, Plan, Task},
    text::{Span, TextEdit},
};
use std::collections::{BTreeSet, HashMap};

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
    let level = level(text, task);
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let written: Vec<String> =
        entries.iter().map(|entry| entry.to_markdown(&HashMap::new(), level)).collect();
    let written = written.join("\n").trim_end().replace('\n', line_end);
    let (span, definitions) = own(text, task);
    let kept: String = definitions.iter().map(|line| format!("{line_end}{line}")).collect();
    let kept = if kept.is_empty() { kept } else { line_end.to_owned() + &kept };
    let mut edits = vec![TextEdit { span, new_text: written + &kept }];
    edits.extend(renamed(plan, text, task, &ends(&entries).join(", ")));
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

/// The level of a task's heading.
fn level(text: &str, task: &Task) -> usize {
    task.title_span.of(text).bytes().take_while(|&byte| byte == b'#').count()
}

/// What of a task's text is its own, and which lines of that define links. What stands behind a rule below it, or is a
/// comment or a definition there, is the plan's.
fn own<'t>(text: &'t str, task: &Task) -> (Span, Vec<&'t str>) {
    let Task { criteria, runs, signs, fields, title_span, span, .. } = task;
    let parts = criteria.iter().map(|part| part.span.end).chain(runs.iter().map(|part| part.span.end));
    let parts = parts.chain(signs.iter().map(|part| part.span.end));
    let parts = parts.chain(fields.verify.iter().map(|part| part.span.end));
    let parts = parts.chain(fields.depends_on.iter().map(|part| part.span.end));
    let said = parts.fold(title_span.end, usize::max).min(span.end);
    let (mut at, mut fenced, mut after_blank) = (span.start, false, false);
    let mut lines: Vec<(usize, &'t str)> = Vec::new();
    for whole in span.of(text).split_inclusive('\n') {
        let line = whole.trim();
        if at >= said && !fenced && after_blank && is_rule(line) {
            break;
        }
        fenced ^= line.starts_with("```") || line.starts_with("~~~");
        after_blank = line.is_empty();
        lines.push((at, if fenced { "" } else { line }));
        at += whole.len();
    }
    // The last lines that are the plan's.
    let is_comment = |line: &str| line.starts_with("<!--") && line.ends_with("-->");
    let is_plans = |line: &str| is_comment(line) || is_definition(line);
    while let Some((start, line)) = lines.last().copied()
        && start >= said
        && (is_plans(line)
            || line.is_empty()
                && span
                    .of(text)
                    .get(start - span.start..at - span.start)
                    .is_some_and(|line| line.trim().is_empty()))
    {
        at = start;
        lines.pop();
    }
    let own = Span::new(span.start, at);
    let end = own.start + own.of(text).trim_end().len();
    (
        Span::new(span.start, end),
        lines.into_iter().map(|(_, line)| line).filter(|line| is_definition(line)).collect(),
    )
}

fn is_rule(line: &str) -> bool {
    let signs: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    signs.len() >= 3 && ['-', '*', '_'].into_iter().any(|sign| signs.chars().all(|c| c == sign))
}

/// Whether a line is the definition of a link: `[shop]: https://…`.
fn is_definition(line: &str) -> bool {
    let parted = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    parted.is_some_and(|(label, target)| label.len() > 1 && !target.trim().contains(' '))
}

/// The edits that name others in the place of a task wherever one waits for it.
fn renamed(plan: &Plan, text: &str, task: &Task, others: &str) -> Vec<TextEdit> {
    let names = Names::new(plan);
    let mut edits: Vec<TextEdit> = Vec::new();
    for other in plan.tasks.iter().filter(|other| other.id != task.id) {
        let named = other.fields.depends_on.iter().map(|on| (on.span, id_of(plan, &names, on)));
        let named: Vec<(Span, &str)> = named.collect();
        for (span, _) in named.iter().filter(|(_, id)| *id == task.id.0) {
            // Those of a range have one place.
            let shared = named.iter().filter(|(other, _)| other == span);
            let ids: Vec<&str> = shared.map(|(_, id)| if *id == task.id.0 { others } else { id }).collect();
            let ids = ids.join(", ");
            // Several have no room in the backticks or the link of one.
            let span = if ids.contains(", ") { plan::wrapped(text, *span) } else { *span };
            let plural = plan::plural_before(text.get(..span.start).unwrap_or_default());
            let span = Span::new(span.start - plural, span.end);
            edits.push(plan.format.write(text, span, &ids));
        }
    }
    edits
}

/// The id of the task that is named, or the name if it is none's.
fn id_of<'a>(plan: &'a Plan, names: &Names<'_>, on: &'a Placed<String>) -> &'a str {
    names.find(&on.value).and_then(|at| plan.tasks.get(at)).map_or(&on.value, |found| &found.id.0)
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
        if plan::marked_optional(&task.title) && !plan::marked_optional(&entry.title) {
            entry.title.push_str(" (optional)");
        }
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
    let names = Names::new(plan);
    let before = task.fields.depends_on.iter().map(|on| id_of(plan, &names, on).to_owned());
    let before: Vec<String> = before.collect();
    for entry in &mut entries {
        if entry.depends_on.is_empty() {
            entry.depends_on.clone_from(&before);
        }
        let is_last = last.contains(&entry.id);
        let is_its = |(name, _): &&(FieldName, String)| is_last || *name != FieldName::Verify;
        let none = entry.depends_on.is_empty() && task.fields.waits_for_none;
        let none = none.then(|| (FieldName::DependsOn, "none".to_owned()));
        entry.fields = none.into_iter().chain(fields.iter().filter(is_its).cloned()).collect();
        entry.optional = task.optional;
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
    let (names, names_read) = (Names::new(plan), Names::new(&read));
    let last = ends(entries);
    let waited = |other: &Task| -> BTreeSet<String> {
        let ids = chain::all_dependencies(plan, &names, other).into_iter();
        ids.flat_map(|id| if id == task.id { last.clone() } else { vec![id.0] }).collect()
    };
    let waits = |task: &Task| -> BTreeSet<String> {
        chain::all_dependencies(&read, &names_read, task).into_iter().map(|id| id.0).collect()
    };
    let level = level(text, task);
    let mut found = read.tasks.iter();
    let are_same = plan.tasks.iter().all(|other| {
        if other.id != task.id {
            return found.next().is_some_and(|found| is_same(other, found) && waits(found) == waited(other));
        }
        entries.iter().all(|entry| {
            let named: BTreeSet<String> = entry.depends_on.iter().cloned().collect();
            let named = if named.is_empty() { waited(task) } else { named };
            found.next().is_some_and(|found| {
                found.id.0 == entry.id && entry.is_read_as(found, level) && waits(found) == named
            })
        })
    });
    let is_plan = (&read.title, &read.goal) == (&plan.title, &plan.goal)
        && criteria(&read.criteria).eq(criteria(&plan.criteria))
        && read.problems.len() <= plan.problems.len();
    if !are_same || found.next().is_some() || !is_plan {
        return Err(CannotSplit::Otherwise);
    }
    if chain::order(plan).is_ok() {
        chain::order(&read)?;
    }
    Ok(())
}

/// Whether a task is what it was, wherever it stands now. What it waits for is for others to say.
fn is_same(was: &Task, is: &Task) -> bool {
    let group = |task: &Task| task.group.as_ref().map(|group| group.value.clone());
    let runs = |task: &Task| task.runs.iter().map(|run| run.value.clone()).collect::<Vec<_>>();
    (&was.id, &was.title, &was.details, was.mark, was.optional)
        == (&is.id, &is.title, &is.details, is.mark, is.optional)
        && criteria(&was.criteria).eq(criteria(&is.criteria))
        && plan::written(&was.fields) == plan::written(&is.fields)
        && group(was) == group(is)
        && runs(was) == runs(is)
}

fn criteria(criteria: &[Criterion]) -> impl Iterator<Item = (&str, Option<&str>, bool)> {
    criteria.iter().map(|each| (each.text.as_str(), each.command.as_deref(), each.checked))
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

    const TWO: &str = r#"{"id": "a", "title": "A", "criteria": [{"text": "It is", "command": "make a"}]}, {"id": "b", "title": "B", "depends_on": ["a"]}"#;

    /// The plan with its second task in two, and what each task of it waits for.
    fn in_two(text: &str) -> (String, Vec<String>) {
        let plan = plan::read("PLAN.md", text);
        let edits = split(&plan, text, &plan.tasks[1], &drafted(TWO))
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        let text = edited(text, edits);
        let plan = plan::read("PLAN.md", &text);
        let names = Names::new(&plan);
        let shown = |task: &Task| {
            let ids: Vec<String> =
                chain::all_dependencies(&plan, &names, task).into_iter().map(|id| id.0).collect();
            format!("{}: {}", task.id, ids.join(" "))
        };
        let all = plan.tasks.iter().map(shown).collect();
        (text, all)
    }

    #[test]
    fn others_of_a_range_are_waited_for_as_before() {
        let plan =
            |on: &str| format!("# P\n\n### T1: A\n\n### T2: B\n\n### T3: C\n\n### T4: D\n{on}\n\nText.\n");
        for on in ["T1-T3", "T1..T3", "T1–T3 (all)", "T1, T2 and T3", "[T1](#t1), `T2`, T3"] {
            let (text, waits) = in_two(&plan(&format!("Depends on: {on}")));
            assert_eq!(waits[4], "T4: T1 T2-2 T3", "{text}");
        }
        let numbered = |on: &str| plan(on).replace("### T", "### Task ");
        for on in
            ["**Depends on:** Tasks 1-3", "Depends on: tasks 1, 2, 3", "Depends on: Task 1, Task 2, Task 3"]
        {
            let (text, waits) = in_two(&numbered(on));
            assert_eq!(waits[4], "task-4: task-1 task-2-2 task-3", "{text}");
        }
        let (text, waits) =
            in_two("# P\n\n### T1: A\n\n### T2: B\nDepends on: none\n\n### T3: C (depends on T1, T2)\n");
        assert_eq!(waits, ["T1: ", "T2-1: ", "T2-2: T2-1", "T3: T1 T2-2"]);
        assert!(text.contains("T2-1: A\nDepends on: none\n"), "{text}");
    }

    #[test]
    fn several_ids_have_room_where_one_was_a_link_or_code() {
        let both = r#"{"id": "a", "title": "A"}, {"id": "b", "title": "B"}"#;
        for on in ["[T1](#t1), `T3`", "`T1`, [T3](#t3)", "T1-T3 (all)", "**T1**, #T3", "Tasks 1, 2", "T1"] {
            let text = format!("# P\n\n### T1: A\n\n### T2: B\n\n### T3: C\n\n### T4: D\nDepends on: {on}\n");
            let plan = plan::read("PLAN.md", &text);
            let edits = split(&plan, &text, &plan.tasks[0], &drafted(both))
                .unwrap_or_else(|error| panic!("{error}: {text}"));
            let new = edited(&text, edits);
            let read = plan::read("PLAN.md", &new);
            let ids = chain::all_dependencies(&read, &Names::new(&read), &read.tasks[4]);
            let was = chain::all_dependencies(&plan, &Names::new(&plan), &plan.tasks[3]);
            assert!(!was.iter().any(|id| id.0 == "T1") || ids.len() == was.len() + 1, "{new}");
        }
    }

    #[test]
    fn headings_of_an_answer_take_nothing_from_its_tasks() {
        for level in [1, 2, 3, 4, 6] {
            let hashes = "#".repeat(level);
            let text = format!("{hashes} T1: A\n\n{hashes} T2: B\n\n{hashes} T3: C\nDepends on: T2\n");
            for details in [
                "Intro\n\n#### Notes\n\nfoo",
                "# Notes\n\n## More\n\nfoo",
                "###### Notes",
                "Notes\n---\n\nfoo",
                "```\n# not one\n```\n\n## one",
                "### T9: x\n\n- [ ] y: `make y`",
                "```\n# no end",
                "Depends on: T3\n\nStatus: done",
                "<!-- no end",
            ] {
                let said = serde_json::json!({"tasks": [
                    {"id": "a", "title": "A", "details": details, "criteria": [{"text": "It is", "command": "make a"}]},
                    {"id": "b", "title": "✅ B", "details": details, "criteria": [{"text": "It is", "command": "make b"}]}]});
                let draft = read_draft(&said.to_string(), 9).unwrap();
                let plan = plan::read("PLAN.md", &text);
                let Some(task) = plan.tasks.get(1) else { continue };
                let edits = split(&plan, &text, task, &draft)
                    .unwrap_or_else(|error| panic!("{error}: {text}{details}"));
                let new = edited(&text, edits);
                let read = plan::read("PLAN.md", &new);
                let shown = |task: &Task| {
                    (
                        task.id.0.clone(),
                        task.mark,
                        task.criteria.iter().filter_map(|all| all.command.clone()).collect::<String>(),
                    )
                };
                let expected = [("T1", ""), ("T2-1", "make a"), ("T2-2", "make b"), ("T3", "")];
                let expected = expected.map(|(id, command)| (id.to_owned(), Mark::Open, command.to_owned()));
                assert_eq!(read.tasks.iter().map(shown).collect::<Vec<_>>(), expected, "{new}");
            }
        }
    }

    #[test]
    fn what_stands_behind_a_task_stays() {
        let behind = "\n---\n\nA paragraph about the plan.\n\n<!-- keep me -->\n\n[link]: http://x\n";
        for (own, behind) in [
            ("text\n", behind),
            ("```\n\n---\n```\n", behind),
            ("text\n\n---\n\n- [ ] It is: `make rest`\n", behind),
            ("text\n", "\n<!-- keep me -->\n"),
            ("text\n", "\n[link]: http://x\n[other]: <y>\n"),
        ] {
            for last in ["", "\n### T3: C\n"] {
                let text = format!("# P\n\n### T1: A\n\n### T2: B\n\n{own}{behind}{last}");
                let (new, _) = in_two(&text);
                assert!(new.ends_with(&format!("{behind}{last}")), "{new}");
                assert!(!new.contains("text\n") && !new.contains("make rest"), "{new}");
            }
        }
        let (new, _) = in_two(
            "# P\n\n### T1: A\n\n### T2: B\n\nSee [link].\n\n[link]: http://x\n\nMore.\n\n### T3: C\n\n[link]\n",
        );
        assert!(new.contains("\n\n[link]: http://x\n\n### T3"), "{new}");
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
