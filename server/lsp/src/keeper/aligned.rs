//! What a database says, beside the documents of one working tree: every row under the id that its task has in the document
//! there, as a command would align them.

use crate::document::Document;
use crate::snapshot::{StorePicture, TaskPicture};
use alfine_core::{
    identity::{self, Was, Written},
    task::{TaskId, TaskKey},
};
use alfine_engine::known::is_moved;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Aligns what a database says with documents. The same picture, where nothing is under another id.
pub(super) fn aligned(
    store: &Arc<StorePicture>,
    plans: &BTreeMap<String, Arc<Document>>,
) -> Arc<StorePicture> {
    let mut other: Option<StorePicture> = None;
    for (name, document) in plans {
        let Some(from) = origin(store, plans, name, document) else { continue };
        let rows = rows(store, from);
        let plan = document.plan();
        let identities = identity::identify(plan, store.outline(from), &rows);
        let renames: HashMap<TaskId, TaskId> = identities.renames(plan, &rows).into_iter().collect();
        let in_doubt: HashMap<&TaskId, &TaskId> = rows
            .iter()
            .filter_map(|row| Some((&row.id, identities.now(&row.id)?)))
            .filter(|(old, new)| identities.of(new) == Was::Perhaps(old))
            .collect();
        if from == name && renames.is_empty() && in_doubt.is_empty() {
            continue;
        }
        let picture = other.get_or_insert_with(|| (**store).clone());
        let tasks = picture.tasks.remove(from).unwrap_or_default();
        let mut under: HashMap<TaskId, Arc<TaskPicture>> = HashMap::with_capacity(tasks.len());
        for (id, task) in tasks {
            if let Some(new) = in_doubt.get(&id) {
                picture.in_doubt.insert(TaskKey { plan: name.clone(), id: (*new).clone() }, task);
                continue;
            }
            let id = renames.get(&id).cloned().unwrap_or(id);
            let key = TaskKey { plan: name.clone(), id: id.clone() };
            under.insert(id, renamed(&task, key));
        }
        picture.tasks.insert(name.clone(), under);
        picture.renamed.insert(name.clone());
    }
    other.map_or_else(|| Arc::clone(store), Arc::new)
}

/// The plan whose rows a document has: its own, or those of the plan that it was before it was moved.
fn origin<'s>(
    store: &'s StorePicture,
    plans: &BTreeMap<String, Arc<Document>>,
    name: &'s str,
    document: &Document,
) -> Option<&'s str> {
    if store.tasks.contains_key(name) {
        return Some(name);
    }
    let gone = store.tasks.keys().filter(|plan| !plans.contains_key(*plan));
    let mut moved = gone.filter(|plan| is_moved(document.plan(), store.outline(plan), &rows(store, plan)));
    moved.next().filter(|_| moved.next().is_none()).map(String::as_str)
}

fn rows(store: &StorePicture, plan: &str) -> Vec<Written> {
    let tasks = store.tasks.get(plan).into_iter().flat_map(HashMap::values);
    let mut rows: Vec<Written> = tasks.map(|task| task.row.written()).collect();
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    rows
}

fn renamed(task: &Arc<TaskPicture>, key: TaskKey) -> Arc<TaskPicture> {
    if task.row.key == key {
        return Arc::clone(task);
    }
    let mut task = TaskPicture::clone(task);
    if let Some(last) = &mut task.last {
        last.row.task.clone_from(&key);
    }
    task.row.key = key;
    Arc::new(task)
}
