//! The names of a plan's tasks: ids made and kept unique, and tasks found by what a person calls them.

use super::model::{Plan, Problem, ProblemKind, Task};
use crate::{task::TaskId, text::Span};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// The longest slug, in characters; an id becomes part of a branch's and a folder's name.
const MAX_SLUG: usize = 60;

/// Makes an id of a title: letters and digits in lower case, joined by `-`.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    let mut length = 0;
    let mut pending = false;
    for c in title.chars() {
        if !c.is_alphanumeric() {
            pending = length > 0;
            continue;
        }
        if pending {
            // A word that begins past three quarters of the length would be cut to a stub.
            if length >= MAX_SLUG * 3 / 4 {
                break;
            }
            slug.push('-');
            length += 1;
            pending = false;
        }
        if c.is_ascii() {
            slug.push(c.to_ascii_lowercase());
            length += 1;
        } else {
            for lower in c.to_lowercase().filter(|c| c.is_alphanumeric()) {
                slug.push(lower);
                length += 1;
            }
        }
        if length >= MAX_SLUG {
            break;
        }
    }
    slug
}

/// The id a task was written with, in the order of the document.
pub(super) struct Written {
    pub(super) id: Option<String>,
    pub(super) place: Span,
    pub(super) title: String,
}

/// Gives each task its id. Ids are unique without regard to case, as they name folders. The first of two equal written
/// ids keeps it; later ones get `-2`, `-3`, … and a problem.
pub(super) fn assign(written: &[Written], problems: &mut Vec<Problem>) -> Vec<TaskId> {
    let mut taken = Taken::default();
    let firsts: Vec<bool> =
        written.iter().map(|task| task.id.as_ref().is_some_and(|id| taken.claim(id))).collect();
    let mut ids: Vec<Option<String>> = Vec::with_capacity(written.len());
    for (task, first) in written.iter().zip(firsts) {
        ids.push(match &task.id {
            Some(id) if first => Some(id.clone()),
            Some(id) => {
                let renamed = taken.copy_of(id);
                problems.push(Problem {
                    span: task.place,
                    kind: ProblemKind::DuplicateId { id: id.clone(), renamed: renamed.clone() },
                });
                Some(renamed)
            }
            None => None,
        });
    }
    let id_or_slug = |(id, task): (Option<String>, &Written)| {
        TaskId(id.unwrap_or_else(|| {
            let slug = slug(&task.title);
            let slug = if slug.is_empty() { "task".to_owned() } else { slug };
            if taken.claim(&slug) { slug } else { taken.copy_of(&slug) }
        }))
    };
    ids.into_iter().zip(written).map(id_or_slug).collect()
}

#[derive(Default)]
struct Taken {
    names: HashSet<String>,
    /// The number of each name's last copy, so that a thousand equal titles are not counted up from two each time.
    copies: HashMap<String, usize>,
}

impl Taken {
    fn claim(&mut self, id: &str) -> bool {
        self.names.insert(id.to_lowercase())
    }

    fn copy_of(&mut self, id: &str) -> String {
        let mut number = self.copies.get(&id.to_lowercase()).copied().unwrap_or(1);
        loop {
            number += 1;
            let copy = format!("{id}-{number}");
            if self.claim(&copy) {
                self.copies.insert(id.to_lowercase(), number);
                return copy;
            }
        }
    }
}

/// A plan's tasks by all that a person may call them: the id in any case and spelling (`Task 3` is `task-3`), the number
/// alone (`3`), or the title.
#[derive(Debug, Clone)]
pub struct Names<'p> {
    plan: &'p Plan,
    exact: HashMap<&'p str, usize>,
    /// Made when a name is not exactly an id, which is seldom.
    loose: OnceCell<HashMap<String, usize>>,
}

impl<'p> Names<'p> {
    /// Indexes the tasks of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        let exact = plan.tasks.iter().enumerate().map(|(index, task)| (task.id.0.as_str(), index)).collect();
        Self { plan, exact, loose: OnceCell::new() }
    }

    /// Finds the index of the task that a text names.
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Some(&index) = self.exact.get(name.trim()) {
            return Some(index);
        }
        let name = slug(name);
        self.loose.get_or_init(|| loose(self.plan)).get(&name).filter(|_| !name.is_empty()).copied()
    }
}

/// The number in an id that was made of a word and a number: `3` of `task-3`.
fn number_of(id: &str) -> Option<&str> {
    let (word, number) = id.split_once('-')?;
    let is_word = word.chars().all(|c| c.is_alphabetic() && !c.is_uppercase());
    (is_word && number.starts_with(|c: char| c.is_ascii_digit())).then_some(number)
}

/// What the tasks of a document are called, before they have their ids.
pub(super) struct Called<'t> {
    tasks: Vec<(Option<&'t str>, &'t str)>,
    /// Made when it is asked for, which is seldom.
    names: OnceCell<HashSet<String>>,
}

impl<'t> Called<'t> {
    /// Tasks by the ids that are written, and their titles.
    pub(super) fn new(tasks: impl Iterator<Item = (Option<&'t str>, &'t str)>) -> Self {
        Self { tasks: tasks.collect(), names: OnceCell::new() }
    }

    /// Whether a task has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        let names = || {
            let of = |&(id, title): &(Option<&str>, &str)| {
                [id.map(slug), id.and_then(number_of).map(slug), Some(slug(title))].into_iter().flatten()
            };
            self.tasks.iter().flat_map(of).collect()
        };
        let name = slug(name);
        !name.is_empty() && self.names.get_or_init(names).contains(&name)
    }
}

fn loose(plan: &Plan) -> HashMap<String, usize> {
    let number = |task: &Task| number_of(&task.id.0).filter(|_| task.explicit_id).map(slug);
    let mut loose = HashMap::with_capacity(plan.tasks.len() * 2);
    // An id counts before a number, and a number before a title.
    let ids = plan.tasks.iter().map(|task| Some(slug(&task.id.0))).enumerate();
    let numbers = plan.tasks.iter().map(number).enumerate();
    let titles = plan.tasks.iter().map(|task| Some(slug(&task.title))).enumerate();
    for (index, name) in ids.chain(numbers).chain(titles) {
        if let Some(name) = name {
            loose.entry(name).or_insert(index);
        }
    }
    loose
}

/// Whether an id can have been made of a title, and does not stand in the text.
pub(crate) fn is_made_of(id: &TaskId, title: &str) -> bool {
    let made = slug(title);
    let made = if made.is_empty() { "task" } else { made.as_str() };
    match id.0.strip_prefix(made) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('-')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::parse_markdown;

    fn ids(titles: &[(&str, &str)]) -> (Vec<String>, usize) {
        let mut problems = Vec::new();
        let written: Vec<_> = titles
            .iter()
            .map(|&(id, title)| Written {
                id: (!id.is_empty()).then(|| id.to_owned()),
                place: Span::default(),
                title: title.to_owned(),
            })
            .collect();
        (assign(&written, &mut problems).into_iter().map(|id| id.0).collect(), problems.len())
    }

    #[test]
    fn a_slug_is_the_title_s_letters_and_digits() {
        for (title, expected) in [
            ("Add coupon table", "add-coupon-table"),
            ("  Größe: ändern!  ", "größe-ändern"),
            ("日本語 の 題", "日本語-の-題"),
            ("İstanbul", "istanbul"),
            ("--- ***", ""),
        ] {
            assert_eq!(slug(title), expected);
        }
        let long = slug(&"word ".repeat(100));
        assert!(long.len() <= MAX_SLUG && !long.ends_with('-'), "{long}");
        assert_eq!(slug(&"x".repeat(1000)).len(), MAX_SLUG);
    }

    #[test]
    fn ids_are_unique_and_written_ones_come_first() {
        assert_eq!(
            ids(&[("", "Title"), ("", "title!"), ("title", "x"), ("", "***")]),
            (vec!["title-2".into(), "title-3".into(), "title".into(), "task".into()], 0)
        );
        assert_eq!(
            ids(&[("US-1", ""), ("us-1", ""), ("US-1-2", ""), ("US-1", "")]),
            (vec!["US-1".into(), "us-1-3".into(), "US-1-2".into(), "US-1-4".into()], 2)
        );
    }

    #[test]
    fn a_task_is_found_by_what_people_call_it() {
        let plan = parse_markdown("### Task 3: Add table\n### US-001: Form\n### 1.2: Dotted\n");
        let names = Names::new(&plan);
        for (name, index) in [
            ("task-3", Some(0)),
            ("Task 3", Some(0)),
            ("3", Some(0)),
            ("add table", Some(0)),
            ("us-001", Some(1)),
            (" US-001 ", Some(1)),
            ("1.2", Some(2)),
            ("US-002", None),
            ("", None),
            ("***", None),
        ] {
            assert_eq!(names.find(name), index, "{name:?}");
        }
    }

    #[test]
    fn an_id_that_was_made_of_a_title_is_known() {
        for (id, title, made) in [
            ("add-coupon-table", "Add coupon table", true),
            ("add-coupon-table-2", "Add coupon table", true),
            ("add-coupon-table-x", "Add coupon table", false),
            ("T1", "Add coupon table", false),
            ("task", "***", true),
        ] {
            assert_eq!(is_made_of(&TaskId(id.into()), title), made, "{id}");
        }
    }
}
