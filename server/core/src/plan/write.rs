//! Writes plans in Markdown so that they are read as they are meant: what would be read as something else is spelled
//! another way, quoted, or told.

use super::command::PROMPT;
use super::ids::is_made_of;
use super::{Criterion, FieldName, Fields, Mark, Names, Placed, Task, markdown};
use crate::{chain, task::TaskId, text::longest_run};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

/// A plan as it is to be written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sheet {
    /// Its title; empty if it has none.
    pub(crate) title: String,
    /// What it is for.
    pub(crate) goal: String,
    /// Every task's defaults, as they are written.
    pub(crate) defaults: Vec<(FieldName, String)>,
    /// The tasks.
    pub(crate) entries: Vec<Entry>,
    /// What must hold for the plan as a whole.
    pub(crate) criteria: Vec<Line>,
}

/// A task as it is to be written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entry {
    /// Its id.
    pub(crate) id: String,
    /// Its title: one line.
    pub(crate) title: String,
    /// Its state.
    pub(crate) mark: Mark,
    /// Whether it never blocks.
    pub(crate) optional: bool,
    /// The heading that it stands below.
    pub(crate) group: Option<String>,
    /// The ids of the tasks that it waits for.
    pub(crate) depends_on: Vec<String>,
    /// Its other fields, as they are written.
    pub(crate) fields: Vec<(FieldName, String)>,
    /// Its text.
    pub(crate) details: String,
    /// What must hold in the end.
    pub(crate) criteria: Vec<Line>,
}

/// A criterion as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    /// Its words, with the command in backticks.
    pub(crate) text: String,
    /// The command.
    pub(crate) command: Option<String>,
    /// Whether it is known to hold.
    pub(crate) checked: bool,
}

impl Line {
    /// A criterion of these words and this command, so that it is read as just that.
    pub(crate) fn new(words: &str, command: Option<&str>, checked: bool) -> Self {
        let reads = |text: &str| markdown::as_criterion(text).and_then(|(_, read)| read.command);
        let mut text = in_one_line(words);
        if markdown::as_criterion(&text).is_none() {
            text = without_marker(&text);
        }
        let line = |text| Self { text, command: command.map(str::to_owned), checked };
        if reads(&text).as_deref() == command {
            return line(text);
        }
        text = text.replace('`', "");
        if let Some(command) = command {
            let words = text.trim_end_matches([':', '.', ' ']);
            let spelled = |said: bool| format!("{words}: {}", coded(command, said));
            text = Some(spelled(false))
                .filter(|text| reads(text).as_deref() == Some(command))
                .unwrap_or_else(|| spelled(true));
        }
        line(text)
    }
}

/// A command in backticks: more of them than it has itself. `said`: it is one beyond doubt.
pub(super) fn coded(command: &str, said: bool) -> String {
    let fence = "`".repeat(longest_run(command, '`') + 1);
    let pad = if command.starts_with('`') || command.ends_with('`') { " " } else { "" };
    let prompt = if said { PROMPT } else { "" };
    format!("{fence}{pad}{prompt}{command}{pad}{fence}")
}

/// Words that would begin a list of their own, with their number in brackets.
fn without_marker(words: &str) -> String {
    let words =
        words.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '`' | '(' | '*' | '_'));
    let digits = words.len() - words.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = words.split_at(digits);
    match rest.strip_prefix(['.', ')']).filter(|rest| digits > 0 && rest.starts_with(' ')) {
        Some(rest) => format!("({number}){rest}"),
        None => words.to_owned(),
    }
}

/// The heading of tasks behind those of a group, which are of none.
const OTHERS: &str = "Tasks";
/// The heading of tasks that never block.
const OPTIONAL: &str = "Optional";
/// A task's heading.
const TASK: &str = "###";
/// The level of that.
const LEVEL: usize = TASK.len();
/// The deepest level of a heading.
const DEEPEST: usize = 6;

impl Sheet {
    /// The plan in Markdown.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = String::new();
        if !self.defaults.is_empty() {
            text.push_str("---\n");
            for (name, value) in &self.defaults {
                let key = name.as_str().to_ascii_lowercase().replace(' ', "_");
                // A text in quotes is the same in YAML and in JSON.
                let _ = writeln!(text, "{key}: {}", Value::from(value.as_str()));
            }
            text.push_str("---\n\n");
        }
        let _ = writeln!(text, "{}", self.heading());
        let goal = self.goal_text();
        push_paragraph(&mut text, &goal);
        // A heading of the goal would be that of the tasks below it.
        let mut heading = goal.lines().rev().find_map(|line| line.strip_prefix("## "));
        let renamed = self.renamed();
        for entry in &self.entries {
            let own = if entry.optional {
                Some(OPTIONAL)
            } else {
                entry.group.as_deref().filter(|group| is_heading(group))
            };
            if own != heading {
                let _ = write!(text, "\n## {}\n", in_one_line(own.unwrap_or(OTHERS)));
                heading = own;
            }
            text.push('\n');
            text.push_str(&entry.to_markdown(&renamed, LEVEL));
        }
        if !self.criteria.is_empty() {
            text.push_str("\n## Acceptance criteria\n\n");
            push_criteria(&mut text, &self.criteria);
        }
        text
    }

    /// The first of its tasks that would not be read from its text as it is.
    pub(crate) fn misread(&self) -> Option<&Entry> {
        let plan = markdown::parse(&self.to_markdown());
        if plan.tasks.len() != self.entries.len() {
            return self.entries.first();
        }
        let ids: HashMap<String, &TaskId> = self
            .entries
            .iter()
            .zip(&plan.tasks)
            .map(|(entry, task)| (entry.id.to_lowercase(), &task.id))
            .collect();
        let names = Names::new(&plan);
        let is_read = |(entry, task): &(&Entry, &Task)| {
            let named: Vec<_> =
                entry.depends_on.iter().map(|id| ids.get(&id.to_lowercase()).copied()).collect();
            let waits_for = chain::all_dependencies(&plan, &names, task);
            let is_there = |id: &&TaskId| **id == task.id || waits_for.contains(id);
            // What names no task is for lints to tell.
            let are_known = named.contains(&None) || waits_for.iter().all(|id| named.contains(&Some(id)));
            entry.is_read_as(task, LEVEL) && are_known && named.iter().flatten().all(is_there)
        };
        self.entries.iter().zip(&plan.tasks).find(|both| !is_read(both)).map(|(entry, _)| entry)
    }

    /// The title, so that it reads as no task: `Story 1.2: …` would.
    fn heading(&self) -> String {
        let title = in_one_line(&self.title);
        match markdown::parse(&format!("# {title}\n")).tasks.is_empty() {
            _ if title.is_empty() => "# Plan".to_owned(),
            true => format!("# {title}"),
            false => format!("# Plan: {title}"),
        }
    }

    /// The ids that no heading can have, each with one that it can have.
    fn renamed(&self) -> HashMap<&str, String> {
        let named = self.entries.iter().flat_map(|entry| entry.depends_on.iter().chain([&entry.id]));
        let mut taken: HashSet<String> = named.map(|id| id.to_lowercase()).collect();
        let mut next = 0;
        let mut renamed = HashMap::new();
        for entry in self.entries.iter().filter(|entry| entry.heading().is_none()) {
            let id = loop {
                next += 1;
                let id = format!("T{next}");
                if taken.insert(id.to_lowercase()) {
                    break id;
                }
            };
            renamed.insert(entry.id.as_str(), id);
        }
        renamed
    }

    /// The goal, quoted where it would be read as tasks.
    fn goal_text(&self) -> String {
        spelled(&self.goal, &[], |goal| {
            let plan = markdown::parse(&format!("# T\n\n{goal}\n\n{TASK} [ ] T1: t\n"));
            plan.tasks.len() == 1 && plan.goal == goal && plan.criteria.is_empty() && plan.problems.is_empty()
        })
    }
}

impl Entry {
    /// The task in Markdown, as it stands in a plan whose tasks are headings of this level; some ids are `renamed`.
    pub(crate) fn to_markdown(&self, renamed: &HashMap<&str, String>, level: usize) -> String {
        let id = |id: &String| renamed.get(id.as_str()).unwrap_or(id).clone();
        let named = Self { id: id(&self.id), ..self.clone() };
        let heading = named
            .heading()
            .unwrap_or_else(|| format!("{TASK} {} {}: {}", self.tick(), named.id, in_one_line(&self.title)));
        let mut text = heading.replacen(TASK, &"#".repeat(level), 1) + "\n";
        if !self.depends_on.is_empty() {
            let ids: Vec<String> = self.depends_on.iter().map(id).collect();
            let _ = writeln!(text, "{}: {}", FieldName::DependsOn.as_str(), ids.join(", "));
        }
        for (name, value) in &self.fields {
            let _ = writeln!(text, "{}: {}", name.as_str(), in_one_line(value));
        }
        if let Some(status) = status(self.mark) {
            let _ = writeln!(text, "Status: {status}");
        }
        self.push_body(&mut text, &self.details_text(level), level);
        text
    }

    fn push_body(&self, text: &mut String, details: &str, level: usize) {
        push_paragraph(text, details);
        if !self.criteria.is_empty() {
            // Below a heading inside of the task only a heading is sure to be the task's.
            if level < DEEPEST && details.lines().any(|line| line.starts_with('#')) {
                let _ = write!(text, "\n{} Acceptance criteria\n\n", "#".repeat(level + 1));
            } else {
                text.push_str("\nAcceptance criteria:\n");
            }
            push_criteria(text, &self.criteria);
        }
    }

    fn tick(&self) -> &'static str {
        if self.mark == Mark::Done { "[x]" } else { "[ ]" }
    }

    /// Whether a task is what this was written as below headings of this level. What it waits for is for others to say.
    pub(crate) fn is_read_as(&self, task: &Task, level: usize) -> bool {
        let is_title = |(_, read): &(String, String)| *read == task.title;
        let of_field = |(name, _): &&(FieldName, String)| *name != FieldName::DependsOn;
        let fields = self.fields.iter().filter(of_field);
        let criteria = task.criteria.iter().map(|read| (&read.command, read.checked));
        task.mark == self.mark
            && task.optional == self.optional
            && wordings(&self.title).iter().any(is_title)
            && task.details.starts_with(&self.details_text(level))
            && self.criteria.iter().map(|line| (&line.command, line.checked)).eq(criteria)
            && fields.map(|(name, value)| (*name, in_one_line(value))).eq(written(&task.fields))
    }

    /// The heading, in the first wording and spelling that is read as this id and this title, and as nothing else.
    pub(crate) fn heading(&self) -> Option<String> {
        wordings(&self.title).iter().find_map(|(title, read)| self.heading_of(title, read))
    }

    fn heading_of(&self, title: &str, read: &str) -> Option<String> {
        let (Self { id, .. }, tick) = (self, self.tick());
        let mut spellings =
            vec![format!("{TASK} {tick} {id}: {title}"), format!("{TASK} {tick} [{id}] {title}")];
        if let Some((word, number)) = id.split_once('-') {
            spellings.push(format!("{TASK} {tick} {word} {number}: {title}"));
        }
        spellings.push(format!("{TASK} {id}. {tick} {title}"));
        // An id that is made of the title.
        spellings.push(format!("{TASK} {tick} {title}"));
        let said = if self.mark == Mark::Done { Mark::Done } else { Mark::Open };
        let reads = |heading: &String| {
            let plan = markdown::parse(&format!("{heading}\n"));
            let [task] = &plan.tasks[..] else { return false };
            // Rather another id than another title where the id is only made of that.
            let is_own = task.explicit_id || read == in_one_line(&self.title);
            let is_made = !task.explicit_id && is_made_of(&TaskId(id.clone()), read);
            is_own
                && (task.id.0 == *id || is_made)
                && task.title == read
                && task.checkbox.is_some()
                && task.mark == said
                && (self.optional || !task.optional)
                && task.fields == Fields::default()
                && plan.problems.is_empty()
        };
        spellings.into_iter().find(reads)
    }

    /// The details, as they are where that makes nothing else of them below a heading of this level; else with deeper
    /// headings, or quoted.
    fn details_text(&self, level: usize) -> String {
        let heading = "#".repeat(level.max(2));
        spelled(&self.details, &[deeper(&self.details, level)], |details| {
            let mut text = format!("{heading} [ ] T1: t\n");
            self.push_body(&mut text, details, level);
            // A fence without an end would take what comes after it.
            let _ = write!(text, "\n{heading} [ ] T2: t\n");
            let plan = markdown::parse(&text);
            let [task, _] = &plan.tasks[..] else { return false };
            task.criteria.len() == self.criteria.len()
                && task.details == details
                && task.fields == Fields::default()
                && plan.problems.is_empty()
        })
    }

    /// A copy of a task of a plan, with what it waits for.
    pub(super) fn of(task: &Task, waits_for: &[TaskId], fields: Vec<(FieldName, String)>) -> Self {
        let none = (waits_for.is_empty() && task.fields.waits_for_none)
            .then(|| (FieldName::DependsOn, "none".to_owned()));
        Self {
            id: task.id.0.clone(),
            title: task.title.clone(),
            mark: task.mark,
            optional: task.optional,
            group: task.group.as_ref().map(|group| group.value.clone()),
            depends_on: waits_for.iter().map(|id| id.0.clone()).collect(),
            fields: none.into_iter().chain(fields).collect(),
            details: task.details.clone(),
            criteria: lines_of(&task.criteria),
        }
    }
}

/// The word for a state that no box says.
pub(super) fn status(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Open | Mark::Done => None,
        Mark::Begun => Some("in progress"),
        Mark::Blocked => Some("blocked"),
        Mark::Dropped => Some("dropped"),
    }
}

/// The criteria of a plan or a task, as they are to be written.
pub(super) fn lines_of(criteria: &[Criterion]) -> Vec<Line> {
    let line =
        |criterion: &Criterion| Line::new(&criterion.text, criterion.command.as_deref(), criterion.checked);
    criteria.iter().map(line).collect()
}

/// Whether tasks can stand below a heading of this name, and are of its group.
fn is_heading(name: &str) -> bool {
    let plan = markdown::parse(&format!("## {}\n\n{TASK} [ ] T1: t\n", in_one_line(name)));
    let [task] = &plan.tasks[..] else { return false };
    task.group.is_some() && !task.optional && plan.problems.is_empty()
}

/// The wordings of a title, each as it is written and as it is read: as it is, with its markup escaped, in quotes, between
/// which nothing is the sign of a state, and at last without any signs.
fn wordings(title: &str) -> [(String, String); 5] {
    let title = in_one_line(title);
    let escaped = escaped(&title);
    let words: Vec<&str> =
        title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    [
        (title.clone(), title.clone()),
        (title.clone(), title.replace('`', "")),
        (escaped.clone(), title.clone()),
        (format!("“{escaped}”"), format!("“{title}”")),
        (words.clone(), words),
    ]
}

/// A text whose signs are no markup.
fn escaped(text: &str) -> String {
    let is_markup = |c: char| "\\`*_[]<>~&#".contains(c);
    text.chars().flat_map(|c| is_markup(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A text as it is, without the boxes of its lists, in another of these spellings, quoted, or as code: the first that is
/// read as nothing else.
fn spelled(text: &str, others: &[String], is_plain: impl Fn(&str) -> bool) -> String {
    let text = text.trim_matches('\n').trim_end();
    let by_line =
        |text: &str, change: &dyn Fn(&str) -> String| text.lines().map(change).collect::<Vec<_>>().join("\n");
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    if text.is_empty() || is_plain(text) {
        return text.to_owned();
    }
    let others = others.iter().map(|other| other.trim_matches('\n').trim_end());
    let others = others.flat_map(|other| [other.to_owned(), by_line(other, &without_box)]);
    let quoted = |line: &str| format!("> {line}").trim_end().to_owned();
    std::iter::once(by_line(text, &without_box))
        .chain(others)
        .chain([by_line(text, &quoted)])
        .find(|spelling| is_plain(spelling))
        .unwrap_or_else(|| format!("{fence}text\n{text}\n{fence}"))
}

/// A text with its headings below this level, as deep below each other as they were.
fn deeper(text: &str, level: usize) -> String {
    let depth = |line: &str| {
        let rest = line.trim_start_matches('#');
        let depth = line.len() - rest.len();
        ((1..=DEEPEST).contains(&depth) && rest.starts_with([' ', '\t'])).then_some(depth)
    };
    let mut fenced = false;
    let lines: Vec<(&str, Option<usize>)> = text
        .lines()
        .map(|line| {
            fenced ^= line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
            (line, depth(line).filter(|_| !fenced))
        })
        .collect();
    let highest = lines.iter().filter_map(|(_, depth)| *depth).min().unwrap_or(DEEPEST);
    let more = (level + 1).saturating_sub(highest);
    let line = |(line, depth): (&str, Option<usize>)| match depth {
        Some(depth) => "#".repeat((depth + more).min(DEEPEST)) + line.trim_start_matches('#'),
        None => line.to_owned(),
    };
    lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// An item of a list without its box.
fn without_box(line: &str) -> String {
    let rest = line.trim_start();
    let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
    let item = ["- ", "* ", "+ "].into_iter().find_map(|marker| {
        let rest = rest.strip_prefix(marker)?.trim_start().strip_prefix('[')?;
        let (inner, rest) = rest.split_once(']')?;
        (inner.chars().count() <= 1).then(|| format!("{indent}{marker}{}", rest.trim_start()))
    });
    item.unwrap_or_else(|| line.to_owned())
}

fn push_paragraph(text: &mut String, paragraph: &str) {
    if !paragraph.is_empty() {
        let _ = write!(text, "\n{paragraph}\n");
    }
}

fn push_criteria(text: &mut String, criteria: &[Line]) {
    for Line { text: words, checked, .. } in criteria {
        let tick = if *checked { 'x' } else { ' ' };
        let _ = writeln!(text, "- [{tick}] {}", in_one_line(words));
    }
}

/// A text in one line. The blanks of a line are left as they are: in a command they count.
pub(super) fn in_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// The fields of a task or a plan as they are written. What a task waits for is not among them.
pub(crate) fn written(fields: &Fields) -> Vec<(FieldName, String)> {
    let Fields {
        depends_on: _,
        waits_for_none: _,
        priority,
        agent,
        model,
        max_iterations,
        max_cost,
        budget,
        max_parallel,
        lands,
        isolation,
        context,
        autonomy,
        single_task,
        verify,
        folder,
        proof,
        may_change,
    } = fields;
    let globs: Vec<&str> = may_change.iter().map(|glob| glob.value.as_str()).collect();
    let commands: Vec<String> = verify.iter().map(|named| coded(&named.value, named.said)).collect();
    let listed = |all: String| (!all.is_empty()).then_some(all);
    let folder = word(folder.as_ref()).map(|folder| if folder.is_empty() { ".".to_owned() } else { folder });
    let all = [
        (FieldName::Priority, word(priority.as_ref())),
        (FieldName::Agent, word(agent.as_ref())),
        (FieldName::Model, word(model.as_ref())),
        (FieldName::MaxIterations, word(max_iterations.as_ref())),
        (FieldName::MaxCost, word(max_cost.as_ref())),
        (FieldName::Budget, word(budget.as_ref())),
        (FieldName::MaxParallel, word(max_parallel.as_ref())),
        (FieldName::Lands, word(lands.as_ref())),
        (FieldName::Isolation, word(isolation.as_ref())),
        (FieldName::Context, word(context.as_ref())),
        (FieldName::Autonomy, word(autonomy.as_ref())),
        (FieldName::SingleTask, word(single_task.as_ref())),
        (FieldName::Verify, listed(commands.join(", "))),
        (FieldName::Folder, folder),
        (FieldName::Proof, word(proof.as_ref())),
        (FieldName::MayChange, listed(globs.join(", "))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A value as it is written in a plan: a word or a number.
fn word<T: Serialize>(placed: Option<&Placed<T>>) -> Option<String> {
    Some(match serde_json::to_value(&placed?.value).ok()? {
        Value::String(word) => word,
        other => other.to_string(),
    })
}
