//! Which task of a document is which that was written down before: documents are edited, renumbered, replaced.
//!
//! A task is the same with the same id and the same title, the same text, or a title that is nearly the same; or under
//! another id, if its title is unique before and after. Everything else is a new task, whatever became of the old one. Where
//! two answers are possible the user is asked.

use crate::plan::{Plan, Task, is_made_of};
use crate::task::TaskId;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// How alike two titles must be (1 is equal) for a task of the same id to be the same.
const SAME_TITLE: f64 = 0.8;
/// The longest part of a title that is compared, in characters.
const MAX_COMPARED: usize = 200;
/// The least letters and digits of a text that tells a task from others: a lone `make test` does not.
const LEAST_TEXT: usize = 24;
/// How many pairs of titles are compared in search of tasks whose ids changed, too.
const MOST_PAIRS: usize = 20_000;
/// What stands between an id and the number of the task that had it before.
const FORMER: char = '@';

/// A task as it was written when somebody last noted it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// A digest of its details and criteria; empty if these are too short to tell it from others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Written {
    /// Notes down a task of a document.
    pub fn of(task: &Task) -> Self {
        Self { id: task.id.clone(), title: task.title.clone(), text: digest(task) }
    }
}

/// Notes down all tasks of a document.
pub fn outline(plan: &Plan) -> Vec<Written> {
    plan.tasks.iter().map(Written::of).collect()
}

/// What a task of a document was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Was<'a> {
    /// Nothing: it is a new task.
    New,
    /// The task that was written down under this id.
    Same(&'a TaskId),
    /// Perhaps the task that was written down under this id; the user has to say so.
    Perhaps(&'a TaskId),
}

/// Which tasks of a document were written down before, and under which ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities {
    of_new: HashMap<TaskId, (TaskId, bool)>,
    of_old: HashMap<TaskId, TaskId>,
}

impl Identities {
    /// What a task of the document was before, of those that have a row.
    pub fn of(&self, task: &TaskId) -> Was<'_> {
        match self.of_new.get(task) {
            None => Was::New,
            Some((old, true)) => Was::Same(old),
            Some((old, false)) => Was::Perhaps(old),
        }
    }

    /// The id in the document of a task that was written down; `None` if it is surely not there any more.
    pub fn now(&self, old: &TaskId) -> Option<&TaskId> {
        self.of_old.get(old)
    }

    /// The ids that rows have to get so that each has the id of its task in the document, and none that of another task.
    /// A row whose task is no longer there gives way under a name of its own.
    pub fn renames(&self, plan: &Plan, rows: &[Written]) -> Vec<(TaskId, TaskId)> {
        let in_document: HashSet<&TaskId> = plan.tasks.iter().map(|task| &task.id).collect();
        let mut taken: HashSet<TaskId> = rows.iter().map(|row| row.id.clone()).collect();
        let mut renames = Vec::new();
        for row in rows {
            match self.of_old.get(&row.id) {
                Some(new) if *new != row.id && self.of(new) == Was::Same(&row.id) => {
                    renames.push((row.id.clone(), new.clone()));
                }
                Some(_) => {}
                None if in_document.contains(&row.id) => {
                    let name = former(&row.id, &taken);
                    taken.insert(name.clone());
                    renames.push((row.id.clone(), name));
                }
                None => {}
            }
        }
        // A doubtful row keeps its id, unless a task that surely has that id needs it.
        let needed: HashSet<TaskId> = renames.iter().map(|(_, new)| new.clone()).collect();
        let going: HashSet<TaskId> = renames.iter().map(|(old, _)| old.clone()).collect();
        for row in rows.iter().filter(|row| needed.contains(&row.id) && !going.contains(&row.id)) {
            let name = former(&row.id, &taken);
            taken.insert(name.clone());
            renames.push((row.id.clone(), name));
        }
        renames
    }
}

/// The name under which a task is kept whose id another task has now.
pub fn former(id: &TaskId, taken: &HashSet<TaskId>) -> TaskId {
    let base = base(id);
    let mut number = 0_usize;
    loop {
        number += 1;
        let name = TaskId(format!("{base}{FORMER}{number}"));
        if !taken.contains(&name) {
            return name;
        }
    }
}

/// The id that a task had in its document, which may be kept under another name now.
fn base(id: &TaskId) -> &str {
    match id.0.rsplit_once(FORMER) {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            base
        }
        _ => &id.0,
    }
}

/// Finds out which tasks of a document are those with a row. `outline` are all tasks as the document had them when it was
/// last noted down: it knows which tasks were never begun.
pub fn identify(plan: &Plan, outline: &[Written], rows: &[Written]) -> Identities {
    let mut found = Identities::default();
    if rows.is_empty() {
        return found;
    }
    if let Some(unchanged) = unchanged(plan, rows) {
        return unchanged;
    }
    let known: HashSet<&TaskId> = rows.iter().map(|row| &row.id).collect();
    let unbegun = outline.iter().filter(|written| !known.contains(&written.id));
    let old: Vec<&Written> = rows.iter().chain(unbegun).collect();
    let mut search = Search::new(plan, &old, !outline.is_empty());
    search.same_place();
    search.same_words();
    search.unique_title();
    search.same_id();
    search.respelt(rows.len());
    for (new, was) in search.was.iter().enumerate() {
        if let Some((at, sure)) = *was
            && at < rows.len()
            && let (Some(row), Some(task)) = (rows.get(at), plan.tasks.get(new))
        {
            found.of_new.insert(task.id.clone(), (row.id.clone(), sure));
            found.of_old.insert(row.id.clone(), task.id.clone());
        }
    }
    found
}

/// Finds the task of a document that was written down like this; only if that is sure.
pub fn find<'p>(plan: &'p Plan, outline: &[Written], written: &Written) -> Option<&'p Task> {
    let found = identify(plan, outline, std::slice::from_ref(written));
    let id = found.now(&written.id).filter(|id| found.of(id) == Was::Same(&written.id))?;
    plan.tasks.iter().find(|task| task.id == *id)
}

/// The answer where every row stands in the document as it was, which is nearly always: without comparing texts.
fn unchanged(plan: &Plan, rows: &[Written]) -> Option<Identities> {
    let mut titles: HashMap<&str, usize> = HashMap::with_capacity(plan.tasks.len());
    for task in &plan.tasks {
        *titles.entry(task.title.as_str()).or_default() += 1;
    }
    let tasks: HashMap<&TaskId, &str> =
        plan.tasks.iter().map(|task| (&task.id, task.title.as_str())).collect();
    let mut found = Identities::default();
    for row in rows {
        match tasks.get(&row.id) {
            Some(title) if *title == row.title && titles.get(title) == Some(&1) => {
                found.of_new.insert(row.id.clone(), (row.id.clone(), true));
                found.of_old.insert(row.id.clone(), row.id.clone());
            }
            _ => return None,
        }
    }
    Some(found)
}

/// A task in the search, before or after.
struct Side {
    title: String,
    text: String,
}

struct Search<'a> {
    plan: &'a Plan,
    old: &'a [&'a Written],
    knows_all: bool,
    before: Vec<Side>,
    after: Vec<Side>,
    by_id: HashMap<&'a str, Vec<usize>>,
    /// Of each task of the document: which it was, and whether that is sure.
    was: Vec<Option<(usize, bool)>>,
    taken: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(plan: &'a Plan, old: &'a [&'a Written], knows_all: bool) -> Self {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, written) in old.iter().enumerate() {
            by_id.entry(base(&written.id)).or_default().push(at);
        }
        for (id, places) in &mut by_id {
            // The one that has the id now, then the one that lost it last.
            let is_former = |at: &usize| old.get(*at).is_some_and(|written| written.id.0 != **id);
            places.sort_by_key(|at| (is_former(at), std::cmp::Reverse(*at)));
        }
        let before =
            old.iter().map(|written| Side { title: plain(&written.title), text: written.text.clone() });
        let after = plan.tasks.iter().map(|task| Side { title: plain(&task.title), text: digest(task) });
        Self {
            plan,
            old,
            knows_all,
            before: before.collect(),
            after: after.collect(),
            by_id,
            was: vec![None; plan.tasks.len()],
            taken: vec![false; old.len()],
        }
    }

    fn take(&mut self, new: usize, old: usize, sure: bool) {
        self.was[new] = Some((old, sure));
        self.taken[old] = true;
    }

    /// The tasks of the document that were nothing yet.
    fn open(&self) -> Vec<usize> {
        (0..self.was.len()).filter(|&new| self.was[new].is_none()).collect()
    }

    /// What had the id of a task and is nothing yet.
    fn of_id(&self, new: usize) -> impl Iterator<Item = usize> + use<'_, 'a> {
        let places = self.by_id.get(self.plan.tasks[new].id.0.as_str());
        places.into_iter().flatten().copied().filter(|&old| !self.taken[old])
    }

    /// The same id and title, and a title or a text that no other task has.
    fn same_place(&mut self) {
        let (before, after) = (counted(&self.before), counted(&self.after));
        for new in self.open() {
            let side = &self.after[new];
            let is_unique = before.get(&side.title) == Some(&1) && after.get(&side.title) == Some(&1);
            let found = self.of_id(new).find(|&old| {
                let was = &self.before[old];
                was.title == side.title && (is_unique || (!side.text.is_empty() && was.text == side.text))
            });
            if let Some(old) = found {
                self.take(new, old, true);
            }
        }
    }

    /// The same title and text at another place, once before and once after.
    fn same_words(&mut self) {
        let words = |side: &Side| (!side.text.is_empty()).then(|| (side.title.clone(), side.text.clone()));
        let mut places: HashMap<(String, String), (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (old, side) in self.before.iter().enumerate().filter(|(old, _)| !self.taken[*old]) {
            if let Some(words) = words(side) {
                places.entry(words).or_default().0.push(old);
            }
        }
        for new in self.open() {
            if let Some(words) = words(&self.after[new])
                && let Some(places) = places.get_mut(&words)
            {
                places.1.push(new);
            }
        }
        for (old, new) in places.into_values() {
            if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
                self.take(*new, *old, true);
            }
        }
    }

    /// Another id, and a title that is unique before and after.
    fn unique_title(&mut self) {
        let (before, after) = (counted(&self.before), counted(&self.after));
        let by_title: HashMap<&str, usize> =
            self.before.iter().enumerate().map(|(old, side)| (side.title.as_str(), old)).collect();
        let mut found = Vec::new();
        for new in self.open() {
            let title = &self.after[new].title;
            let is_unique =
                !title.is_empty() && before.get(title) == Some(&1) && after.get(title) == Some(&1);
            if let Some(&old) = by_title.get(title.as_str()).filter(|old| is_unique && !self.taken[**old]) {
                found.push((new, old));
            }
        }
        for (new, old) in found {
            self.take(new, old, true);
        }
    }

    /// The same id, and the same title as others, the same text, or a title that is nearly the same.
    fn same_id(&mut self) {
        let (before, after) = (counted(&self.before), counted(&self.after));
        let texts = |sides: &[Side]| {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for side in sides.iter().filter(|side| !side.text.is_empty()) {
                *counts.entry(side.text.clone()).or_default() += 1;
            }
            counts
        };
        let (texts_before, texts_after) = (texts(&self.before), texts(&self.after));
        for new in self.open() {
            let side = &self.after[new];
            let is_own_text =
                texts_before.get(&side.text) == Some(&1) && texts_after.get(&side.text) == Some(&1);
            let mut found = None;
            for old in self.of_id(new) {
                let was = &self.before[old];
                let sure = if was.title == side.title {
                    // Under a title that others have, too, an id says nothing but their order.
                    let is_shared = before.get(&side.title) > Some(&1) || after.get(&side.title) > Some(&1);
                    let as_many = self.knows_all && before.get(&side.title) == after.get(&side.title);
                    // Who never noted all tasks down knows only those that were begun.
                    as_many || (self.plan.tasks[new].explicit_id && !(is_shared && self.knows_all))
                } else if is_own_text && was.text == side.text {
                    true
                } else if likeness(&was.title, &side.title) >= SAME_TITLE {
                    is_respelt(&was.title, &side.title)
                } else {
                    continue;
                };
                found = Some((old, sure));
                break;
            }
            if let Some((old, sure)) = found {
                self.take(new, old, sure);
            }
        }
    }

    /// Another id and a title that is nearly the same as one that went: a mended typo, where the id was made of the title;
    /// otherwise only perhaps. The first `rows` tasks are those with a row; no other is worth a question.
    fn respelt(&mut self, rows: usize) {
        let here: HashSet<&TaskId> = self.plan.tasks.iter().map(|task| &task.id).collect();
        let gone: Vec<usize> =
            (0..rows).filter(|&old| !self.taken[old] && !here.contains(&self.old[old].id)).collect();
        let open = self.open();
        if gone.is_empty() || gone.len().saturating_mul(open.len()) > MOST_PAIRS {
            return;
        }
        let alike = |new: usize, old: usize| {
            let (was, is) = (&self.before[old].title, &self.after[new].title);
            likeness(was, is) >= SAME_TITLE && numbers(was).eq(numbers(is))
        };
        let pairs: Vec<(usize, usize)> = gone
            .iter()
            .flat_map(|&old| open.iter().filter(move |&&new| alike(new, old)).map(move |&new| (new, old)))
            .collect();
        for &(new, old) in &pairs {
            let is_only = pairs.iter().filter(|(other, _)| *other == new).count() == 1
                && pairs.iter().filter(|(_, other)| *other == old).count() == 1;
            if is_only {
                let is_made =
                    !self.plan.tasks[new].explicit_id && is_made_of(&self.old[old].id, &self.old[old].title);
                let sure = is_made && is_respelt(&self.before[old].title, &self.after[new].title);
                self.take(new, old, sure);
            }
        }
    }
}

fn counted(sides: &[Side]) -> HashMap<String, usize> {
    let mut counts = HashMap::with_capacity(sides.len());
    for side in sides {
        *counts.entry(side.title.clone()).or_default() += 1;
    }
    counts
}

/// A title without case, punctuation and spacing.
fn plain(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() { title.trim().to_owned() } else { words.join(" ") }
}

fn likeness(one: &str, other: &str) -> f64 {
    let cut = |title: &str| title.chars().take(MAX_COMPARED).collect::<String>();
    strsim::normalized_levenshtein(&cut(one), &cut(other))
}

/// Whether two titles that are nearly the same differ only in how words are spelt: neither in a number, nor in a word that
/// means another thing, as *import* and *export* do.
fn is_respelt(one: &str, other: &str) -> bool {
    const FILLERS: [&str; 14] =
        ["a", "an", "the", "of", "for", "to", "in", "on", "at", "and", "with", "from", "all", "new"];
    fn words(title: &str) -> Vec<&str> {
        title.split(' ').filter(|word| !FILLERS.contains(word)).collect()
    }
    let (one, other) = (words(one), words(other));
    let is_typo = |(a, b): (&&str, &&str)| {
        let shorter = a.chars().count().min(b.chars().count());
        let has_digits = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
        a == b
            || (!has_digits(a)
                && !has_digits(b)
                && shorter > 3
                && strsim::damerau_levenshtein(a, b) <= if shorter >= 9 { 2 } else { 1 })
    };
    one.len() == other.len() && one.iter().zip(&other).all(is_typo)
}

/// The numbers in a title.
fn numbers(title: &str) -> impl Iterator<Item = &str> {
    title.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty())
}

/// A digest of a task's details and criteria, without their spacing.
fn digest(task: &Task) -> String {
    let texts =
        std::iter::once(task.details.as_str()).chain(task.criteria.iter().map(|one| one.text.as_str()));
    let mut hasher = blake3::Hasher::new();
    let mut letters = 0_usize;
    for text in texts {
        for word in text.split_whitespace() {
            letters += word.chars().filter(|c| c.is_alphanumeric()).count();
            hasher.update(word.as_bytes()).update(b" ");
        }
        hasher.update(b"\n");
    }
    if letters < LEAST_TEXT { String::new() } else { hasher.finalize().to_hex()[..16].to_owned() }
}

#[cfg(test)]
mod tests;
