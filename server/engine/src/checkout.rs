//! What becomes of a change of the user's checkout that was found: brought back, or taken for the user's own.

use crate::{Error, Result, project::Project, surroundings};
use alfine_core::{checkout::CheckoutChange, task::TaskKey, text::shell_word};
use alfine_git::{CheckoutState, LeftAlone};
use alfine_store::CheckoutChangeRow;
use std::path::Path;

/// What was brought back.
#[derive(Debug)]
pub struct Restored {
    /// What still is not as it was before.
    pub remaining: Vec<CheckoutChange>,
    /// What was changed again since, and stays.
    pub left: LeftAlone,
    /// The ref that keeps the checkout as it was just before.
    pub kept: String,
    /// The numbers of other changes that are open.
    pub others: Vec<i64>,
}

/// The changes of the checkout that a task's runs found and that the user has not settled, latest first: one of them, or
/// those that an agent was seen to make, or else the latest. Behind them the numbers of the others.
pub(crate) fn open_changes(
    project: &Project,
    key: &TaskKey,
    wanted: Option<i64>,
) -> Result<(Vec<CheckoutChangeRow>, Vec<i64>)> {
    let mut open = project.store.all_open_checkout_changes()?;
    open.retain(|found| found.tasks.contains(key));
    open.sort_by_key(|found| std::cmp::Reverse(found.id));
    let latest = open.first().map(|found| found.id);
    let is_named = open.iter().any(|found| found.named);
    let (chosen, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|found| match wanted {
        Some(id) => found.id == id,
        None if is_named => found.named,
        None => Some(found.id) == latest,
    });
    if chosen.is_empty() {
        return Err(Error::user(format!(
            "nothing is known to have changed in your checkout while {key} ran"
        ))
        .hint(format!("what its agent did in its own tree: alfine diff {}", shell_word(key))));
    }
    Ok((chosen, others.iter().map(|found| found.id).collect()))
}

/// Brings back what changed, the latest change first. What is there now is kept before anything is touched. A change of
/// which something was left as it is stays open.
pub(crate) fn restore(
    project: &mut Project,
    key: &TaskKey,
    wanted: Option<i64>,
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<Restored> {
    let (chosen, others) = open_changes(project, key, wanted)?;
    let mut restored =
        Restored { remaining: Vec::new(), left: LeftAlone::default(), kept: String::new(), others };
    for open in chosen {
        let Some(found) = project.store.checkout_change(open.id)? else { continue };
        let (Some(before), Some(after)) =
            (CheckoutState::of_text(&found.before), CheckoutState::of_text(&found.after))
        else {
            return Err(Error::user("what the checkout was is written down by another version of Alfine")
                .hint("its files are kept: git for-each-ref refs/alfine/checkouts"));
        };
        let surroundings = surroundings::of_checkout(&project.layout, found.loop_id.as_str());
        let look = |project: &Project| project.repository.keep_checkout(after.watched(), &surroundings, None);
        let present = look(project)?;
        let left = project.repository.undo_checkout(&before, &after, &present, &surroundings, is_unsaved)?;
        // Whoever compares the checkout after this compares it with what it is now.
        let now = look(project)?;
        if left.is_empty() {
            project.store.write(|tx| tx.settle_checkout_change(found.id, Some(&now.to_text())))?;
        }
        restored.remaining = project.repository.checkout_changes(&before, &now)?;
        restored.left.files.extend(left.files);
        restored.left.others.extend(left.others);
        if restored.kept.is_empty() {
            restored.kept = present.ref_name();
        }
    }
    Ok(restored)
}

/// Takes what changed for the user's own: all of it, or one change.
pub(crate) fn accept(
    project: &mut Project,
    key: &TaskKey,
    wanted: Option<i64>,
) -> Result<Vec<CheckoutChange>> {
    let (mut open, others) = open_changes(project, key, wanted)?;
    if wanted.is_none() {
        for id in others {
            open.extend(project.store.checkout_change(id)?);
        }
    }
    project.store.write(|tx| open.iter().try_for_each(|found| tx.settle_checkout_change(found.id, None)))?;
    Ok(open.into_iter().flat_map(|found| found.changes).collect())
}
