//! BMAD's stories: a file each, with tasks that are boxes of one section, and criteria of the story that they refer to.

use super::checklist::{Checklist, ends_with, headings};
use super::mark::{of_box, of_status};
use super::markdown::{Boxes, as_criterion, parse_with};
use super::model::{Criterion, Mark, Plan, Problem, ProblemKind, Task};
use crate::text::{Span, TextEdit};

pub(super) static BMAD: Checklist = Checklist {
    name: "bmad",
    folders: &[
        "docs/stories/*.md",
        "docs/sprint-artifacts/*.md",
        "_bmad-output/implementation-artifacts/*.md",
    ],
    companions: &[],
    is_plan_path: |path| FOLDERS.iter().any(|folder| ends_with(path, &[folder, "*.md"])),
    recognises: |text| {
        let headings = headings(text);
        headings.first().is_some_and(|(level, title)| *level == 1 && is_story(title.of(text)))
            && section(text, &headings, is_tasks).is_some()
    },
    parse: read,
    tick,
    is_one_of_many: false,
    has_own_criteria: false,
};

/// Where its versions keep stories.
const FOLDERS: [&str; 3] = ["stories", "sprint-artifacts", "implementation-artifacts"];
/// Its own words for a story that is not done, in lower case without what stands between them.
const STATES: [&str; 7] =
    ["draft", "drafted", "approved", "inprogress", "review", "readyforreview", "contexted"];

fn is_story(title: &str) -> bool {
    title.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("story "))
}

fn is_tasks(title: &str) -> bool {
    let name: String = title.chars().filter(|c| c.is_alphanumeric()).collect();
    ["tasks", "taskssubtasks", "tasksandsubtasks"].iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// The section that the first heading of this name begins, with the heading.
fn section(text: &str, headings: &[(usize, Span)], is_named: impl Fn(&str) -> bool) -> Option<Span> {
    let line_of =
        |(_, title): &(usize, Span)| text.get(..title.start)?.rfind('\n').map_or(Some(0), |at| Some(at + 1));
    let at = headings.iter().position(|(level, title)| *level > 1 && is_named(title.of(text)))?;
    let (level, _) = headings.get(at)?;
    let next = headings.get(at + 1..)?.iter().find(|(other, _)| other <= level);
    Some(Span::new(line_of(headings.get(at)?)?, next.map_or(Some(text.len()), line_of)?))
}

fn read(text: &str) -> Plan {
    let headings = headings(text);
    let Some(tasks) = section(text, &headings, is_tasks) else { return parse_with(text, Boxes::Steps) };
    let mut plan = parse_with(&only(text, tasks), Boxes::Steps);
    let title = headings.first().map(|(_, title)| *title).unwrap_or_default();
    title.of(text).clone_into(&mut plan.title);
    let named = |name: &'static str| {
        section(text, &headings, move |title| title.trim_end_matches(':').eq_ignore_ascii_case(name))
    };
    // What the story is, and all that its author knew of how it is done.
    let mut goal = vec![Span::new(title.end, tasks.start.max(title.end)).of(text).trim()];
    goal.extend(
        named("Dev Notes").filter(|notes| notes.start > tasks.start).map(|notes| notes.of(text).trim()),
    );
    plan.goal = goal.join("\n\n").trim().to_owned();
    let wanted = named("Acceptance Criteria").map(|section| criteria(text, section)).unwrap_or_default();
    for task in &mut plan.tasks {
        refer(text, task, &wanted, &mut plan.problems);
    }
    plan.criteria = wanted.into_iter().map(|(_, criterion)| criterion).collect();
    if let Some(status) = status(text, &headings, named("Status")) {
        let word = status.of(text);
        match of_status(word) {
            Some((Mark::Done, _)) => end(&mut plan),
            Some(_) => {}
            None => {
                let bare: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
                if !STATES.contains(&bare.to_lowercase().as_str()) {
                    plan.problems.push(Problem { span: status, kind: ProblemKind::UnknownMark });
                }
            }
        }
    }
    plan.problems.sort_by_key(|problem| problem.span.start);
    plan
}

/// The text with nothing but blanks outside of a span, so that every place stays.
fn only(text: &str, span: Span) -> String {
    let blank =
        |text: &str| -> String { text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect() };
    let before = blank(text.get(..span.start).unwrap_or_default());
    [before.as_str(), span.of(text), &blank(text.get(span.end..).unwrap_or_default())].concat()
}

/// The story is done, so its tasks are, whatever their boxes say.
fn end(plan: &mut Plan) {
    for task in plan.tasks.iter_mut().filter(|task| !task.is_over()) {
        task.mark = Mark::Done;
        plan.problems.push(Problem { span: task.title_span, kind: ProblemKind::MarksDiffer });
    }
}

/// What the story says of its state: in a section of its own, or in a line below the title.
fn status(text: &str, headings: &[(usize, Span)], section: Option<Span>) -> Option<Span> {
    let value = |line: Span| {
        let value = line.of(text).trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | ':'));
        let at = line.start + line.of(text).find(value)?;
        (!value.is_empty()).then(|| Span::new(at, at + value.len()))
    };
    if let Some(section) = section {
        return lines(text, section).skip(1).find_map(value);
    }
    let (first, second) = (headings.first()?, headings.get(1)?);
    lines(text, Span::new(first.1.end, second.1.start)).find_map(|line| {
        let own = line.of(text);
        let rest = own.trim_start_matches(['*', '_', ' ']);
        let name = rest.get(..6).filter(|name| name.eq_ignore_ascii_case("status"))?;
        rest.get(name.len()..)?.trim_start_matches(['*', '_']).starts_with(':').then_some(())?;
        value(Span::new(line.start + own.find(':')? + 1, line.end))
    })
}

fn lines(text: &str, span: Span) -> impl Iterator<Item = Span> {
    let mut at = span.start;
    span.of(text).split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        Span::new(start, start + line.trim_end().len())
    })
}

/// The story's criteria by their numbers: `2. …`, `- AC2: …`.
fn criteria(text: &str, section: Span) -> Vec<(usize, Criterion)> {
    let mut all: Vec<(usize, Span, String)> = Vec::new();
    for line in lines(text, section).skip(1) {
        let own = line.of(text);
        let is_deep = own.starts_with("  ") || own.starts_with('\t');
        if let Some((number, at)) = Some(own).filter(|_| !is_deep).and_then(numbered) {
            all.push((number, line, own.get(at..).unwrap_or_default().trim().to_owned()));
        } else if let Some((_, span, words)) = all.last_mut().filter(|_| !own.trim().is_empty()) {
            span.end = line.end;
            *words = format!("{words} {}", own.trim().trim_start_matches("- "));
        }
    }
    let criterion = |(number, span, words): (usize, Span, String)| {
        let read = as_criterion(&words).map(|(_, criterion)| criterion);
        let (command, said) = read.map(|read| (read.command, read.said)).unwrap_or_default();
        let text = format!("AC {number}: {words}");
        (number, Criterion { text, span, command, said, loose: None, checked: false, checkbox: None })
    };
    all.into_iter().map(criterion).collect()
}

/// The number that a line begins with, and where its text does.
fn numbered(line: &str) -> Option<(usize, usize)> {
    let rest = line.trim_start_matches(['-', '*', '+', '#', ' ', '_']);
    let is_called = rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("ac"));
    let from = if is_called { rest.get(2..)?.trim_start_matches(['-', ' ', '#', '_']) } else { rest };
    let digits = from.len() - from.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after = from.get(digits..)?;
    let number = from.get(..digits)?.parse().ok()?;
    let ends =
        if is_called { !after.starts_with(char::is_alphanumeric) } else { after.starts_with(['.', ')']) };
    // Of `**AC2:** …` the marks are its name's, of `2. **Given** …` its own.
    let is_of_name =
        |c: char| c.is_whitespace() || matches!(c, '.' | ')' | ':') || is_called && matches!(c, '*' | '_');
    let words = after.trim_start_matches(is_of_name);
    ends.then_some((number, line.len() - words.len()))
}

/// Takes `(AC: 1, 2)` off a task's title, and gives the task those criteria of the story, each at the place that names it.
fn refer(text: &str, task: &mut Task, criteria: &[(usize, Criterion)], problems: &mut Vec<Problem>) {
    let line = task.title_span.of(text).lines().next().unwrap_or_default();
    let Some(said) = reference(line) else { return };
    let said = Span::new(task.title_span.start + said.start, task.title_span.start + said.end);
    if let Some(open) = task.title.rfind('(').filter(|&open| open > 0) {
        task.title.truncate(open);
        task.title.truncate(task.title.trim_end().len());
    }
    let mut at = said.start;
    for part in said.of(text).split_inclusive([',', ';', '&', '/']) {
        let bare = part.trim_end_matches([',', ';', '&', '/']).trim();
        let start = at + part.len() - part.trim_start().len();
        at += part.len();
        let span = Span::new(start, start + bare.len());
        let is_named = |number: usize| match numbers(bare) {
            Some((first, last)) => (first..=last).contains(&number),
            None => bare.trim_matches(|c: char| !c.is_alphabetic()).eq_ignore_ascii_case("all"),
        };
        let before = task.criteria.len();
        let named = criteria.iter().filter(|(number, _)| is_named(*number));
        task.criteria.extend(named.map(|(_, criterion)| Criterion { span, ..criterion.clone() }));
        if task.criteria.len() == before && !bare.is_empty() {
            let expected = "the number of a criterion of the story".to_owned();
            let kind = ProblemKind::InvalidField { name: "AC".to_owned(), expected, nearest: None };
            problems.push(Problem { span, kind });
        }
    }
}

/// Where what a line refers to at its end stands: `1, 2` of `(AC: 1, 2)`.
fn reference(line: &str) -> Option<std::ops::Range<usize>> {
    let end =
        line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_')).strip_suffix(')')?.len();
    let open = line.get(..end)?.rfind('(')? + 1;
    let said = line.get(open..end)?;
    said.get(..2).filter(|word| word.eq_ignore_ascii_case("ac"))?;
    let rest = said.get(2..)?.trim_start_matches(['s', 'S']);
    let names = rest.trim_start_matches([':', ' ']);
    rest.starts_with(|c: char| !c.is_alphabetic()).then(|| end - names.len()..end)
}

/// The first and the last number of `3`, `#3`, `AC-3` or `3-5`.
fn numbers(said: &str) -> Option<(usize, usize)> {
    let mut numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let first = numbers.next()?;
    Some((first, numbers.next().unwrap_or(first)))
}

/// Ticks a task's box and those of its parts. A story's status stays: BMAD reads it as the word of who reviewed the story.
fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    let boxes = task.checkbox.iter().chain(&task.steps);
    let open = boxes.filter(|tick_box| of_box(tick_box.of(text)) != Some(Mark::Done));
    open.map(|&span| TextEdit { span, new_text: "x".to_owned() }).collect()
}
