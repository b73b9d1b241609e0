//! A JSON document read as a plan.

use super::dialect::{Dialect, Done};
use super::node::{Json as Document, Node};
use crate::plan::FieldName;
use crate::plan::fields::Value;
use crate::plan::ids::{Written, assign};
use crate::plan::mark::of_status;
use crate::plan::markdown;
use crate::plan::model::{
    Criterion, Fields, Mark, NoTask, Placed, Plan, Problem, ProblemKind, Sign, Task, Unread,
};
use crate::task::TaskId;
use crate::text::{Span, TextEdit};
use std::collections::{HashMap, HashSet};

/// The keys of a list of tasks.
const LISTS: [&str; 7] =
    ["userStories", "user_stories", "stories", "tasks", "features", "items", "requirements"];
/// The tag of which ids are written as they are.
const MAIN_TAG: &str = "master";
pub(super) const ID: [&str; 1] = ["id"];
const BRANCH: [&str; 2] = ["branchName", "branch_name"];
const TITLE: [&str; 3] = ["title", "story", "name"];
const TEXT: [&str; 2] = ["description", "details"];
const PARTS: [&str; 1] = ["subtasks"];
const PASSES: [&str; 1] = ["passes"];
const STATUS: [&str; 2] = ["status", "state"];
const DONE: [&str; 3] = ["done", "completed", "isCompleted"];

/// A task, before it is known which other tasks there are.
struct Raw {
    task: Task,
    written: Written,
    /// What its ids begin with: the id of the task that it is a part of, the tag that it stands below.
    parts_of: String,
    tag: String,
    /// The ids that it waits for, as they are written, and whether the task that it is a part of waits for them.
    waits: Vec<(Placed<String>, bool)>,
}

/// What stands around a task.
#[derive(Clone, Copy)]
struct Around<'a> {
    tag: &'a str,
    parent: Option<Parent<'a>>,
}

#[derive(Clone, Copy)]
struct Parent<'a> {
    id: &'a str,
    title: &'a Placed<String>,
    mark: Mark,
    waits: &'a [Placed<String>],
}

struct Reader<'f, 't> {
    format: &'f Dialect,
    text: &'t str,
    found: Vec<Raw>,
    /// The tasks that are parts of others, by the ids of these.
    parts: HashMap<String, Vec<usize>>,
    problems: Vec<Problem>,
}

/// Reads a document.
pub(super) fn plan(format: &Dialect, text: &str) -> Plan {
    let document = match Document::read(text) {
        Ok(document) => document,
        Err(problem) => return Plan { problems: vec![problem], ..Plan::default() },
    };
    let mut reader = Reader { format, text, found: Vec::new(), parts: HashMap::new(), problems: Vec::new() };
    let mut plan = Plan::default();
    if let Some(root) = document.root() {
        let lists = lists(root);
        for (tag, list) in &lists {
            for element in list.elements().into_iter().flatten() {
                reader.read(element, Around { tag, parent: None });
            }
        }
        let about = root.get(&[MAIN_TAG]).unwrap_or(root).get(&["meta", "metadata"]);
        let named = root.get(&["project", "title", "name"]).or_else(|| about?.get(&["projectName"]));
        plan.title = named.and_then(Node::text).unwrap_or_default().trim().to_owned();
        let goal = root.get(&["description", "goal", "overview"]).and_then(Node::text);
        plan.goal = goal.unwrap_or_default().trim().to_owned();
        plan.branch = root.get(&BRANCH).and_then(Node::text).map(|name| name.trim().to_owned());
        for (key, node) in root.entries() {
            if let Some(field) = FieldName::named(key) {
                reader.field(&mut plan.defaults, field, node);
            }
        }
    }
    plan.tasks = reader.tasks();
    plan.problems = reader.problems;
    if plan.tasks.is_empty() && plan.problems.is_empty() {
        let whole = || (Span::new(0, text.trim_end().len()), NoTask::NoObject);
        let (span, why) = document.root().and_then(without_tasks).unwrap_or_else(whole);
        plan.problems.push(Problem { span, kind: ProblemKind::NoTask { why, fix: Vec::new() } });
    }
    plan.problems.sort_by_key(|problem| problem.span.start);
    plan
}

/// The lists of tasks, at the top or each below a tag, with what its ids begin with.
fn lists<'j, 't>(root: Node<'j, 't>) -> Vec<(String, Node<'j, 't>)> {
    let of = |node: Node<'j, 't>| node.get(&LISTS).filter(|list| list.elements().is_some());
    let top = if root.is_object() { of(root) } else { Some(root) };
    if let Some(list) = top {
        return vec![(String::new(), list)];
    }
    let tagged: Vec<_> = root.entries().filter_map(|(tag, node)| Some((tag, of(node)?))).collect();
    let has_main = tagged.iter().any(|(tag, _)| *tag == MAIN_TAG);
    let tagged = tagged.into_iter().enumerate();
    tagged
        .map(|(at, (tag, list))| {
            let is_main = if has_main { tag == MAIN_TAG } else { at == 0 };
            (if is_main { String::new() } else { format!("{tag}-") }, list)
        })
        .collect()
}

/// What has the name of a list of tasks and holds none, at the top or below a tag.
fn without_tasks(root: Node<'_, '_>) -> Option<(Span, NoTask)> {
    let named = |node: Node<'_, '_>| {
        let (key, list) = node.entries().find(|(key, _)| LISTS.contains(key))?;
        Some((
            list.span(),
            NoTask::EmptyList { key: Some(key.to_owned()), is_list: list.elements().is_some() },
        ))
    };
    let top = || Some((root.span(), NoTask::EmptyList { key: None, is_list: true }));
    let is_list = root.elements().is_some();
    named(root)
        .or_else(|| root.entries().find_map(|(_, tagged)| named(tagged)))
        .or_else(|| top().filter(|_| is_list))
}

impl Reader<'_, '_> {
    /// Says that a value is not read.
    fn invalid(&mut self, key: &str, node: Node<'_, '_>, expected: &str) {
        let kind =
            ProblemKind::InvalidField { name: key.to_owned(), expected: expected.to_owned(), nearest: None };
        self.problems.push(Problem { span: node.span(), kind });
    }

    fn read(&mut self, node: Node<'_, '_>, around: Around<'_>) {
        if !node.is_object() {
            let title = node.text().filter(|title| !node.is_number() && !title.trim().is_empty());
            let fix = title.map(|title| {
                let object = serde_json::json!({ "title": title.trim() });
                TextEdit { span: node.span(), new_text: object.to_string() }
            });
            let kind = ProblemKind::Unread { why: Unread::NoObject, fix: fix.into_iter().collect() };
            self.problems.push(Problem { span: node.span(), kind });
            return;
        }
        let written_id = node.get(&ID).and_then(Node::text).filter(|id| !id.trim().is_empty());
        let titled = node.get(&TITLE).or_else(|| node.get(&TEXT));
        let titled = titled.and_then(|titled| Some((titled, titled.text()?)));
        let Some((title_node, title)) = titled.filter(|(_, title)| !title.trim().is_empty()) else {
            let kind = ProblemKind::Unread { why: Unread::Untitled, fix: Vec::new() };
            self.problems.push(Problem { span: node.span(), kind });
            return;
        };
        let title = title.trim().lines().next().unwrap_or_default().to_owned();
        let parts_of = around.parent.map_or(around.tag.to_owned(), |parent| format!("{}.", parent.id));
        // A part may be numbered on its own, or as a whole.
        let is_whole =
            |id: &str| parts_of.strip_prefix(around.tag).is_some_and(|parts_of| id.starts_with(parts_of));
        let id = written_id.map(|id| format!("{}{id}", if is_whole(&id) { around.tag } else { &parts_of }));
        let (mark, checkbox, sign) = self.mark(node);
        let mut waits = self.waits(node);
        let parts = node.get(&PARTS).filter(|parts| !parts.is_null());
        if let Some(parts) = parts.filter(|parts| parts.elements().is_none()) {
            self.invalid(PARTS[0], parts, "a list of tasks");
        }
        let parts: Vec<Node<'_, '_>> = parts.and_then(Node::elements).into_iter().flatten().collect();
        if let (Some(id), false) = (&id, parts.is_empty()) {
            let before = self.found.len();
            let title = Placed { value: title, span: title_node.inner() };
            let parent = Parent { id, title: &title, mark, waits: &waits };
            for part in parts {
                self.read(part, Around { tag: around.tag, parent: Some(parent) });
            }
            self.parts.insert(id.clone(), (before..self.found.len()).collect());
            return;
        }
        let of_parent = around.parent.map(|parent| parent.waits).unwrap_or_default();
        let mut waits: Vec<_> = waits.drain(..).map(|on| (on, false)).collect();
        waits.extend(of_parent.iter().map(|on| (on.clone(), true)));
        let is_over = |mark: &Mark| matches!(mark, Mark::Done | Mark::Dropped);
        let of_parent = around.parent.map(|parent| parent.mark).filter(is_over);
        let written =
            Written { id, place: node.get(&ID).unwrap_or(title_node).inner(), title: title.clone() };
        let mut fields = Fields::default();
        for (key, value) in node.entries() {
            if let Some(field) = FieldName::named(key).filter(|field| *field != FieldName::DependsOn) {
                self.field(&mut fields, field, value);
            }
        }
        let says =
            |on: Node<'_, '_>| on.elements().is_some() || on.text().is_some_and(|on| !on.trim().is_empty());
        fields.waits_for_none = waits.is_empty() && node.get(self.format.waits).is_some_and(says);
        let task = Task {
            id: TaskId(String::new()),
            explicit_id: written.id.is_some(),
            title,
            title_span: title_node.span(),
            span: node.span(),
            details: self.details(node, title_node),
            criteria: self.criteria(node),
            runs: Vec::new(),
            fields,
            mark: if is_over(&mark) { mark } else { of_parent.unwrap_or(mark) },
            checkbox,
            signs: sign.into_iter().collect(),
            steps: Vec::new(),
            follows: None,
            after: None,
            group: around.parent.map(|parent| parent.title.clone()),
            optional: node.get(&["optional"]).and_then(Node::truth) == Some(true),
        };
        self.found.push(Raw { task, written, parts_of, tag: around.tag.to_owned(), waits });
    }

    /// All tasks with their ids, and with the ids of those that they wait for.
    fn tasks(&mut self) -> Vec<Task> {
        let found = std::mem::take(&mut self.found);
        let written: HashSet<String> = found.iter().filter_map(|raw| raw.written.id.clone()).collect();
        let (mut tasks, (writings, rest)): (Vec<Task>, (Vec<Written>, Vec<_>)) = found
            .into_iter()
            .map(|raw| (raw.task, (raw.written, (raw.parts_of, raw.tag, raw.waits))))
            .unzip();
        let ids = assign(&writings, &mut self.problems);
        for (task, id) in tasks.iter_mut().zip(&ids) {
            task.id = id.clone();
        }
        for (task, (parts_of, tag, waits)) in tasks.iter_mut().zip(rest) {
            let own = task.id.clone();
            for (Placed { value, span }, of_parent) in waits {
                let known = |id: &String| written.contains(id) || self.parts.contains_key(id);
                let beside = if of_parent { &tag } else { &parts_of };
                let mut ids_of = [beside, &tag].into_iter().map(|around| format!("{around}{value}"));
                let id = ids_of.find(known).unwrap_or(value);
                let depends_on = &mut task.fields.depends_on;
                match self.parts.get(&id) {
                    Some(parts) => depends_on.extend(
                        parts
                            .iter()
                            .filter_map(|&part| ids.get(part))
                            .filter(|part| **part != own)
                            .map(|part| Placed { value: part.0.clone(), span }),
                    ),
                    None => depends_on.push(Placed { value: id, span }),
                }
            }
        }
        tasks
    }

    /// Takes a field, if its value can be one. Tools have keys of the same names that mean something else.
    fn field(&mut self, fields: &mut Fields, field: FieldName, node: Node<'_, '_>) {
        let texts: Vec<Node<'_, '_>> = match node.elements() {
            Some(elements) => elements.collect(),
            None => vec![node],
        };
        let is_unsure = matches!(field, FieldName::Context | FieldName::Proof | FieldName::Verify);
        for node in texts {
            let truth = node.truth().map(|truth| truth.to_string().into());
            let Some(text) = node.text().or(truth).filter(|text| !field.is_prose(text)) else { continue };
            let taken = fields.take(field, &Value { text, span: node.inner() });
            if let Err(kind) = taken
                && !is_unsure
            {
                self.problems.push(Problem { span: node.inner(), kind });
            }
        }
    }

    /// What a task waits for, as it is written.
    fn waits(&mut self, node: Node<'_, '_>) -> Vec<Placed<String>> {
        let Some(waits) = node.get(self.format.waits).filter(|waits| !waits.is_null()) else {
            return Vec::new();
        };
        if let Some(elements) = waits.elements() {
            let mut all = Vec::with_capacity(elements.len());
            for on in elements {
                match on.text() {
                    Some(id) if id.trim().is_empty() => {}
                    Some(id) => all.push(Placed { value: id.trim().to_owned(), span: on.inner() }),
                    None => self.invalid("an id", on, "the id of a task"),
                }
            }
            return all;
        }
        if waits.text().is_none() {
            self.invalid("what a task waits for", waits, "a list of ids");
        }
        let mut fields = Fields::default();
        if let Some(text) = waits.text() {
            // It is a list of ids that is never wrong.
            let _ = fields.take(FieldName::DependsOn, &Value { text, span: waits.inner() });
        }
        fields.depends_on
    }

    /// The state that a task's keys say, and where: a truth value or a word.
    fn mark(&mut self, node: Node<'_, '_>) -> (Mark, Option<Span>, Option<Sign>) {
        let passes = node.get(&PASSES);
        let done = node.get(&DONE).filter(|done| done.truth().is_some());
        let status = node.get(&STATUS).filter(|status| status.text().is_some());
        let of_word = |status: Node<'_, '_>| {
            let word = status.text().unwrap_or_default();
            // Task Master's own word.
            if word.eq_ignore_ascii_case("review") { Some(Mark::Begun) } else { Some(of_status(&word)?.0) }
        };
        let word = status.and_then(of_word);
        if let (Some(status), None) = (status, word) {
            self.problems.push(Problem { span: status.inner(), kind: ProblemKind::UnknownMark });
        }
        let sign = |status: Node<'_, '_>| Sign { span: status.inner(), mark: word.unwrap_or_default() };
        if let Some(passes) = passes.filter(|passes| !passes.is_null()) {
            let is_truth = passes.truth().is_some()
                || passes.text().is_some_and(|text| matches!(text.as_ref(), "true" | "false"));
            if !is_truth {
                self.invalid(PASSES[0], passes, "`true` or `false`");
            }
        }
        let truth = match self.format.done {
            Done::Passes => passes.or_else(|| done.filter(|_| status.is_none())),
            Done::Status => passes.or(done).filter(|_| status.is_none()),
        };
        let Some(truth) = truth else { return (word.unwrap_or_default(), None, status.map(sign)) };
        let is_done = truth.truth().unwrap_or_else(|| truth.text().is_some_and(|text| text == "true"));
        let mark = match word {
            _ if is_done => Mark::Done,
            Some(mark @ (Mark::Begun | Mark::Blocked | Mark::Dropped)) => mark,
            Some(Mark::Open | Mark::Done) | None => Mark::Open,
        };
        (mark, Some(truth.span()), None)
    }

    fn criteria(&mut self, node: Node<'_, '_>) -> Vec<Criterion> {
        let criteria = node.get(self.format.criteria).filter(|criteria| !criteria.is_null());
        let Some(criteria) = criteria else { return Vec::new() };
        let Some(elements) = criteria.elements() else {
            let read = criterion(criteria);
            // A text may be left empty.
            if read.is_none() && criteria.text().is_none() {
                self.invalid("acceptance criteria", criteria, "a list of texts");
            }
            return read.into_iter().collect();
        };
        let mut all = Vec::with_capacity(elements.len());
        for element in elements {
            match criterion(element) {
                Some(criterion) => all.push(criterion),
                None if element.text().is_some() => {}
                None => self.invalid("a criterion", element, "a text"),
            }
        }
        all
    }

    /// What of a task is no field, under the keys that it has.
    fn details(&self, node: Node<'_, '_>, title: Node<'_, '_>) -> String {
        let mut details = Vec::new();
        let is_read = |key: &str| {
            let keys: [&[&str]; 8] = [
                &ID,
                &PARTS,
                &PASSES,
                &STATUS,
                &DONE,
                &["optional"],
                self.format.criteria,
                self.format.waits,
            ];
            keys.iter().any(|keys| keys.contains(&key)) || FieldName::named(key).is_some()
        };
        for (key, value) in node.entries().filter(|(key, _)| !is_read(key)) {
            let text = self.written(value);
            if value.span() == title.span() {
                // The rest of a description of which the first line is the title.
                details.extend(text.trim().split_once('\n').map(|(_, rest)| rest.trim().to_owned()));
            } else if !text.trim().is_empty() && TEXT.contains(&key) {
                details.push(text.trim().to_owned());
            } else if !text.trim().is_empty() {
                let break_or_blank = if text.contains('\n') { "\n" } else { " " };
                details.push(format!("{key}:{break_or_blank}{}", text.trim_end()));
            }
        }
        details.join("\n\n")
    }

    /// A value for a reader.
    fn written(&self, node: Node<'_, '_>) -> String {
        if let Some(elements) = node.elements() {
            return elements.map(|element| format!("\n- {}", self.written(element))).collect();
        }
        match node.text() {
            Some(text) => text.into_owned(),
            None if node.is_object() => node.span().of(self.text).to_owned(),
            None => String::new(),
        }
    }
}

/// Reads a criterion: a text, or an object that has one and perhaps says whether it holds.
fn criterion(node: Node<'_, '_>) -> Option<Criterion> {
    let words =
        if node.is_object() { node.get(&["text", "description", "criterion", "title"])? } else { node };
    let text = words.text()?.trim().to_owned();
    let holds =
        node.get(&["passes", "done", "completed", "met", "checked"]).filter(|holds| holds.truth().is_some());
    let (command, said, loose) = match Some(&text).filter(|text| text.contains('`')) {
        Some(text) => markdown::as_criterion(text).map_or((None, false, None), |(_, read)| {
            // Where it stands, if no sign in it is written as several.
            let place = words.inner();
            let loose = read.loose.filter(|_| place.end - place.start == text.len());
            let moved = |at: usize| place.start + at.saturating_sub(markdown::BEFORE);
            (read.command, read.said, loose.map(|span| Span::new(moved(span.start), moved(span.end))))
        }),
        None => (None, false, None),
    };
    (!text.is_empty()).then(|| Criterion {
        text,
        span: words.span(),
        command,
        said,
        loose,
        checked: holds.and_then(Node::truth).unwrap_or(false),
        checkbox: holds.map(Node::span),
    })
}
