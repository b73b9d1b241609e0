//! Plans of any format, written anew in another one: what is written is read back, and what of the plan is not in there is
//! told.

use super::json;
use super::markdown;
use super::prd::PRD;
use super::write::{Entry, Line, Sheet, in_one_line, lines_of, status, written};
use super::{Criterion, FieldName, Fields, Mark, Names, Plan, PlanFormat, Task};
use crate::chain;
use crate::{task::TaskId, text::Span};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A format that plans are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// Ours: Markdown with a heading for each task.
    Markdown,
    /// `prd.json`, as snarktank's Ralph has it.
    Prd,
}

/// A plan in another format.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The document.
    pub text: String,
    /// What is not in there as it was.
    pub lost: Vec<Lost>,
}

/// What of a plan is not in the new document as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The task; `None` for the plan as a whole.
    pub task: Option<TaskId>,
    /// What of it.
    pub what: Lacks,
}

/// A part of a plan that another format cannot hold, or holds otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacks {
    /// So many tasks became another number of tasks.
    Tasks {
        /// How many there were.
        were: usize,
        /// How many are read.
        are: usize,
    },
    /// The task has another id.
    Id {
        /// That one.
        now: TaskId,
    },
    /// The title.
    Title,
    /// The goal, or a task's text.
    Text,
    /// The state.
    State(Mark),
    /// What it waits for.
    Dependencies,
    /// A criterion's words or its command.
    Criterion {
        /// As it was written.
        text: String,
    },
    /// Which criteria are ticked.
    Ticks,
    /// That it never blocks.
    Optional,
    /// The heading that it stands below.
    Group(String),
    /// A field.
    Field(FieldName),
    /// The branch that the plan is for.
    Branch(String),
    /// A task of another file that it names as one that comes before it.
    OtherFile(TaskId),
    /// What stands below this heading, or begins with these words, and is no task's.
    Section(String),
}

impl Lost {
    /// Whether without it other tasks would be worked on, or in another order.
    pub fn is_of_order(&self) -> bool {
        matches!(self.what, Lacks::Tasks { .. } | Lacks::State(_) | Lacks::Dependencies)
    }
}

/// Writes a plan, the document `text`, in another format.
pub fn convert(plan: &Plan, text: &str, into: Into) -> Converted {
    let outside = outside(plan, text);
    let (text, back) = match into {
        Into::Markdown => {
            let text = sheet(plan).to_markdown();
            let back = Plan { format: &markdown::Markdown, ..markdown::parse(&text) };
            (text, back)
        }
        Into::Prd => {
            let text = prd(plan);
            let back = Plan { format: &PRD, ..PRD.parse(&text) };
            (text, back)
        }
    };
    let mut lost = compared(plan, &back);
    lost.extend(outside.into_iter().map(|what| Lost { task: None, what: Lacks::Section(what) }));
    if let Some(branch) = plan.branch.as_ref().filter(|branch| back.branch.as_ref() != Some(branch)) {
        lost.push(Lost { task: None, what: Lacks::Branch(branch.clone()) });
    }
    Converted { text, lost }
}

/// A plan as it is written in Markdown.
fn sheet(plan: &Plan) -> Sheet {
    let names = Names::new(plan);
    let entry = |task: &Task| {
        let (waits_for, _) = dependencies(plan, &names, task);
        Entry::of(task, &waits_for, written(&task.fields))
    };
    Sheet {
        title: plan.title.clone(),
        goal: plan.goal.clone(),
        defaults: written(&plan.defaults),
        entries: plan.tasks.iter().map(entry).collect(),
        criteria: lines_of(&plan.criteria),
    }
}

/// A `prd.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prd<'p> {
    project: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_name: Option<&'p str>,
    description: &'p str,
    #[serde(flatten)]
    defaults: BTreeMap<String, Value>,
    user_stories: Vec<Story>,
}

/// A story of a `prd.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Story {
    id: String,
    title: String,
    description: String,
    acceptance_criteria: Vec<String>,
    priority: i64,
    passes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<Vec<String>>,
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

/// A plan as a `prd.json`. Its tool takes the story with the lowest number, so that each gets one.
fn prd(plan: &Plan) -> String {
    let names = Names::new(plan);
    let own = |task: &Task| {
        let priority = task.fields.priority.as_ref().or(plan.defaults.priority.as_ref());
        priority.map(|priority| priority.value)
    };
    let mut next = plan.tasks.iter().filter_map(own).max().unwrap_or(0);
    let fields = |fields: Vec<(FieldName, String)>| {
        let others = fields.into_iter().filter(|(name, _)| *name != FieldName::Priority);
        others.map(|(name, value)| (json::key_of(name), Value::from(value))).collect()
    };
    // An empty list says that there is nothing to wait for.
    let waits_for = |task: &Task| {
        let ids: Vec<String> = dependencies(plan, &names, task).0.into_iter().map(|id| id.0).collect();
        (!ids.is_empty() || task.fields.waits_for_none).then_some(ids)
    };
    let story = |task: &Task| Story {
        id: task.id.0.clone(),
        title: task.title.clone(),
        description: task.details.clone(),
        acceptance_criteria: task.criteria.iter().map(json_criterion).collect(),
        priority: own(task).unwrap_or_else(|| {
            next = next.saturating_add(1);
            next
        }),
        passes: task.mark == Mark::Done,
        status: status(task.mark),
        optional: task.optional,
        depends_on: waits_for(task),
        fields: fields(written(&task.fields)),
    };
    let user_stories = plan.tasks.iter().map(story).collect();
    let prd = Prd {
        project: &plan.title,
        branch_name: plan.branch.as_deref(),
        description: &plan.goal,
        defaults: fields(written(&plan.defaults)),
        user_stories,
    };
    // Texts and numbers alone cannot fail.
    serde_json::to_string_pretty(&prd).unwrap_or_default() + "\n"
}

/// A criterion's words as JSON has them: as they are, where their command is read out of them.
fn json_criterion(criterion: &Criterion) -> String {
    let command = markdown::as_criterion(&criterion.text).and_then(|(_, read)| read.command);
    match command == criterion.command {
        true => criterion.text.clone(),
        false => Line::new(&criterion.text, criterion.command.as_deref(), criterion.checked).text,
    }
}

/// What a task waits for, and what of other files it names, which never blocks where each task is a file.
fn dependencies(plan: &Plan, names: &Names<'_>, task: &Task) -> (Vec<TaskId>, Vec<TaskId>) {
    let all = chain::all_dependencies(plan, names, task).into_iter();
    all.partition(|id| !plan.format.is_one_of_many() || names.find(&id.0).is_some())
}

/// What of a document in Markdown is no task's, nor the plan's title, goal, defaults or criteria: each heading once that
/// something of it stands below, or the text itself where there is none.
fn outside(plan: &Plan, text: &str) -> Vec<String> {
    if plan.format.language() != "markdown" {
        return Vec::new();
    }
    let mut at = markdown::front_matter(text).map_or(0, |(_, body)| body);
    let spans = plan.tasks.iter().map(|task| task.span).chain(plan.criteria.iter().map(|each| each.span));
    let spans: Vec<Span> = spans.collect();
    let goal: BTreeSet<&str> = plan.goal.lines().map(str::trim).collect();
    let (mut heading, mut told) = ("", Vec::new());
    for whole in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let (start, line) = (at, whole.trim());
        at += whole.len();
        let is_taken = |span: &Span| span.start < at && start < span.end;
        let is_sign = !line.contains(char::is_alphanumeric);
        if is_sign || goal.contains(line) || spans.iter().any(is_taken) {
            continue;
        }
        if line.starts_with('#') {
            heading = line.trim_matches('#').trim();
        } else if line != plan.title {
            let name = if heading.is_empty() { line } else { heading };
            if told.last().is_none_or(|last| last != name) {
                told.push(name.to_owned());
            }
        }
    }
    told
}

/// What of a plan is not in another one.
fn compared(plan: &Plan, back: &Plan) -> Vec<Lost> {
    let mut lost = Vec::new();
    let mut of_plan = |what: Lacks| lost.push(Lost { task: None, what });
    if plan.tasks.len() != back.tasks.len() {
        of_plan(Lacks::Tasks { were: plan.tasks.len(), are: back.tasks.len() });
        return lost;
    }
    if !back.title.ends_with(&in_one_line(&plan.title)) {
        of_plan(Lacks::Title);
    }
    if words(&plan.goal) != words(&back.goal) {
        of_plan(Lacks::Text);
    }
    for criterion in missing(&plan.criteria, &back.criteria) {
        of_plan(Lacks::Criterion { text: criterion.text.clone() });
    }
    for name in changed(&plan.defaults, &back.defaults) {
        of_plan(Lacks::Field(name));
    }
    let (names, names_back) = (Names::new(plan), Names::new(back));
    for (task, other) in plan.tasks.iter().zip(&back.tasks) {
        let mut of_task = |what: Lacks| lost.push(Lost { task: Some(task.id.clone()), what });
        if task.id != other.id {
            of_task(Lacks::Id { now: other.id.clone() });
        }
        if task.title != other.title {
            of_task(Lacks::Title);
        }
        if words(&task.details) != words(&other.details) {
            of_task(Lacks::Text);
        }
        if task.mark != other.mark {
            of_task(Lacks::State(task.mark));
        }
        if task.optional != other.optional {
            of_task(Lacks::Optional);
        }
        let [waits, waits_back] = [(plan, &names, task), (back, &names_back, other)]
            .map(|(plan, names, task)| waits(plan, names, task));
        if waits != waits_back || task.fields.waits_for_none && !other.fields.waits_for_none {
            of_task(Lacks::Dependencies);
        }
        for id in dependencies(plan, &names, task).1 {
            of_task(Lacks::OtherFile(id));
        }
        let missing = missing(&task.criteria, &other.criteria);
        let are_all = missing.is_empty();
        for criterion in missing {
            of_task(Lacks::Criterion { text: criterion.text.clone() });
        }
        let ticks = |task: &Task| task.criteria.iter().map(|criterion| criterion.checked).collect::<Vec<_>>();
        // Those of a task that is done say nothing more.
        if are_all && task.mark != Mark::Done && ticks(task) != ticks(other) {
            of_task(Lacks::Ticks);
        }
        for name in changed(&task.fields, &other.fields) {
            of_task(Lacks::Field(name));
        }
        let group = |task: &Task| task.group.as_ref().map(|group| in_one_line(&group.value));
        if let (Some(group), false) = (group(task), task.optional || group(task) == group(other)) {
            of_task(Lacks::Group(group));
        }
    }
    lost
}

/// What a task waits for, by the places of these tasks.
fn waits(plan: &Plan, names: &Names<'_>, task: &Task) -> Vec<(Option<usize>, Option<TaskId>)> {
    let ids = dependencies(plan, names, task).0.into_iter();
    ids.map(|id| match names.find(&id.0) {
        Some(at) => (Some(at), None),
        None => (None, Some(id)),
    })
    .collect()
}

/// The words of a text, whatever stands between them.
fn words(text: &str) -> Vec<&str> {
    let words = text
        .lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()));
    // A box is none.
    words.filter(|word| !matches!(*word, "x" | "X")).collect()
}

/// The criteria of which the others lack the command, or the words.
fn missing<'c>(criteria: &'c [Criterion], others: &[Criterion]) -> Vec<&'c Criterion> {
    // Blanks, and how a command or a number is set apart, are not what it says.
    let said = |text: &str| text.replace(|c: char| c.is_whitespace() || "`$:.()".contains(c), "");
    let is_there = |criterion: &Criterion, other: &Criterion| {
        criterion.command == other.command && said(&other.text).starts_with(&said(&criterion.text))
    };
    let mut others = others.iter();
    criteria
        .iter()
        .filter(|criterion| !others.next().is_some_and(|other| is_there(criterion, other)))
        .collect()
}

/// The fields of which the others have other values. A priority that was not said may be.
fn changed(fields: &Fields, others: &Fields) -> Vec<FieldName> {
    let others: BTreeMap<&str, String> =
        written(others).into_iter().map(|(name, value)| (name.as_str(), value)).collect();
    let is_changed = |(name, value): &(FieldName, String)| others.get(name.as_str()) != Some(value);
    written(fields).into_iter().filter(is_changed).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests;
