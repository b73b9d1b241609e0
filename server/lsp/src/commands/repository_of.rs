//! Which repository a command is about: the repository of its document, or else the repository that knows its task.

use super::{
    Commands,
    refusal::{bad_arguments, refused},
};
use crate::protocol::lsp_types::{MessageType, Url};
use crate::{
    picture::Picture,
    session::FIRST_LOOK,
    snapshot::{Checkout, Place},
};
use alfine_core::{plan::Isolation, task::TaskKey};
use alfine_engine::{Error, Result, project::Project};
use alfine_store::LoopRow;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How well a repository knows a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Not,
    InPlan,
    InDatabase,
    ByItsLoop,
}

impl Commands {
    /// The working tree in which a command about a task is done: of the repository that the task's plan lies in, where
    /// that is said.
    pub(super) async fn place_of(&self, key: &TaskKey, plan: Option<&Url>) -> Result<Place> {
        let only = match plan {
            Some(plan) => Some(self.place_of_document(plan).await?.0.common_dir),
            None => None,
        };
        let picture = (self.pictures)();
        let mut repositories = repositories(&picture);
        repositories.retain(|common_dir, _| only.as_ref().is_none_or(|only| only == common_dir));
        let mut candidates: Vec<(Known, Place)> = repositories
            .values()
            .map(|checkouts| (known(&picture, checkouts, key), best(checkouts, key)))
            .collect();
        if candidates.iter().all(|(known, _)| *known == Known::Not) {
            // A loop may have been begun since the picture was made.
            for (known, place) in &mut candidates {
                let task = key.clone();
                let find = move |project: &Project| {
                    let own = project.store.current_loop(&task)?.and_then(|row| own_tree(&row));
                    Ok(project.store.task(&task)?.map(|_| own))
                };
                if let Some(own) = self.queues.read(place, find).await? {
                    *known = Known::InDatabase;
                    place.root = own.unwrap_or_else(|| place.root.clone());
                }
            }
        }
        let most = candidates.iter().map(|(known, _)| *known).max().unwrap_or(Known::Not);
        if most == Known::Not {
            return Err(unknown(&picture, key));
        }
        let mut places: Vec<Place> =
            candidates.into_iter().filter(|(known, _)| *known == most).map(|(_, place)| place).collect();
        let place = match places.len() {
            1 => places.remove(0),
            _ => self.which(key, places).await?,
        };
        self.align(&picture, &place, key).await?;
        Ok(place)
    }

    /// Gives the rows of a task's plan the ids that their tasks have in the document, where the picture shows other ones than
    /// the database has.
    async fn align(&self, picture: &Picture, place: &Place, key: &TaskKey) -> Result<()> {
        let is_it = |checkout: &&Arc<Checkout>| checkout.place.real_root == place.real_root;
        let checkout = picture.snapshot.checkouts.iter().find(is_it);
        if !checkout.is_some_and(|checkout| checkout.store.renamed.contains(&key.plan)) {
            return Ok(());
        }
        let plan = key.plan.clone();
        self.queues
            .run(place, move |project| project.plan_named(&plan).and_then(|file| project.align(&file)))
            .await
    }

    /// Asks which of several repositories with the same task is meant.
    async fn which(&self, key: &TaskKey, places: Vec<Place>) -> Result<Place> {
        let _open = self.questions.open(&key.to_string(), "repository")?;
        let names: Vec<String> = places.iter().map(|place| place.root.display().to_string()).collect();
        let choices: Vec<&str> = names.iter().map(String::as_str).collect();
        let question = format!("Several repositories have a task {key}. Which one is meant?");
        let chosen = self.editor.ask(MessageType::INFO, &question, &choices).await;
        let at = chosen.and_then(|chosen| names.iter().position(|name| *name == chosen));
        at.and_then(|at| places.get(at).cloned()).ok_or_else(|| {
            refused(
                format!("{key} is a task of {}", names.join(" and of ")),
                "choose one of them when you are asked",
            )
        })
    }

    /// The working tree of a document, and the document's name there.
    pub(super) async fn place_of_document(&self, uri: &Url) -> Result<(Place, String)> {
        let find = |picture: &Picture| {
            picture.snapshot.place(uri).map(|(checkout, name)| (checkout.place.clone(), name))
        };
        if let Some(found) = find(&(self.pictures)()) {
            return Ok(found);
        }
        // It may have been opened just now: then nothing is known of where it lies before the first look.
        let _ = tokio::time::timeout(FIRST_LOOK, (self.look)()).await;
        find(&(self.pictures)()).ok_or_else(|| {
            refused(
                format!("{} lies in no git repository", shown(uri)),
                "loops work on a repository: make one with `git init` and a first commit, and open its folder",
            )
        })
    }
}

/// A document's name for a person.
pub(super) fn shown(uri: &Url) -> String {
    uri.to_file_path().map_or_else(|()| uri.to_string(), |path| path.display().to_string())
}

fn repositories(picture: &Picture) -> BTreeMap<&Path, Vec<&Arc<Checkout>>> {
    let mut repositories: BTreeMap<&Path, Vec<&Arc<Checkout>>> = BTreeMap::new();
    for checkout in &picture.snapshot.checkouts {
        repositories.entry(&checkout.place.common_dir).or_default().push(checkout);
    }
    repositories
}

fn known(picture: &Picture, checkouts: &[&Arc<Checkout>], key: &TaskKey) -> Known {
    let row = checkouts.iter().find_map(|checkout| checkout.store.task(key));
    if let Some(row) = row {
        return if row.live().is_some() { Known::ByItsLoop } else { Known::InDatabase };
    }
    let in_plan = checkouts.iter().any(|checkout| has_task(picture, checkout, key));
    if in_plan { Known::InPlan } else { Known::Not }
}

fn has_task(picture: &Picture, checkout: &Arc<Checkout>, key: &TaskKey) -> bool {
    let open = picture.documents.values().find(|document| {
        picture
            .snapshot
            .place(&document.uri)
            .is_some_and(|(of, name)| Arc::ptr_eq(of, checkout) && name == key.plan)
    });
    let document = open.or_else(|| checkout.plans.get(&key.plan));
    document.is_some_and(|document| document.plan().tasks.iter().any(|task| task.id == key.id))
}

/// The user's own tree, if a loop works there.
fn own_tree(row: &LoopRow) -> Option<PathBuf> {
    let tree = row.worktree.as_ref().filter(|_| row.isolation == Isolation::InPlace)?;
    Some(PathBuf::from(tree)).filter(|tree| tree.is_absolute())
}

/// Of several working trees of one repository, the tree that a loop works in, or else the tree with the plan; first of
/// all the main one.
fn best(checkouts: &[&Arc<Checkout>], key: &TaskKey) -> Place {
    let live = checkouts.iter().find_map(|checkout| checkout.store.task(key)?.live());
    if let (Some(tree), Some(first)) = (live.and_then(|live| own_tree(&live.row)), checkouts.first()) {
        let is_it = |place: &&Place| place.root == tree || place.real_root == tree;
        let known = checkouts.iter().map(|checkout| &checkout.place).find(is_it).cloned();
        let common_dir = first.place.common_dir.clone();
        return known.unwrap_or(Place { root: tree.clone(), real_root: tree, common_dir });
    }
    let rank =
        |checkout: &&&Arc<Checkout>| (checkout.plans.contains_key(&key.plan), checkout.place.is_main());
    checkouts.iter().max_by_key(rank).map(|checkout| checkout.place.clone()).unwrap_or_default()
}

fn unknown(picture: &Picture, key: &TaskKey) -> Error {
    const NAMED: usize = 10;
    let ids: Vec<String> = picture
        .plans()
        .into_iter()
        .filter(|plan| plan.name == key.plan)
        .flat_map(|plan| plan.plan().tasks.iter().map(|task| task.id.0.clone()).collect::<Vec<_>>())
        .collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    let listed = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    bad_arguments(match ids.is_empty() {
        true => format!(
            "`task`: there is no task {key} in the open folders; a key is the plan's path from the repository's root, #, and the task's id, as in PLAN.md#US-001"
        ),
        false => format!("`task`: {} has no task {}; its tasks are {listed}{more}", key.plan, key.id),
    })
}
