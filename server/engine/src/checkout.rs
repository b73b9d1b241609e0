//! What becomes of a change of the user's checkout that was found: brought back, or taken for the user's own.

use crate::{Error, Result, project::Project, surroundings};
use alfine_core::{checkout::CheckoutChange, task::TaskKey};
use alfine_git::{CheckoutState, LeftAlone};
use alfine_store::CheckoutChangeRow;
use std::path::Path;

/// What was brought back.
#[derive(Debug)]
pub struct Restored {
    /// The changes that were undone.
    pub changes: Vec<CheckoutChange>,
    /// What was changed again since, and stays.
    pub left: LeftAlone,
    /// The ref that keeps the checkout as it was just before.
    pub kept: String,
}

/// The changes of the checkout that a task's runs found and that the user has not settled, latest first.
pub(crate) fn open_changes(project: &Project, key: &TaskKey) -> Result<Vec<CheckoutChangeRow>> {
    let mut open = Vec::new();
    for row in project.store.loops(key)? {
        open.extend(project.store.open_checkout_changes(&row.id)?);
    }
    open.sort_by_key(|found| std::cmp::Reverse(found.id));
    if open.is_empty() {
        return Err(Error::user(format!(
            "nothing is known to have changed in your checkout while {key} ran"
        ))
        .hint(format!("what its agent did in its own tree: alfine diff {key}")));
    }
    Ok(open)
}

/// Brings back what changed, the latest change first. What is there now is kept before anything is touched.
pub(crate) fn restore(
    project: &mut Project,
    key: &TaskKey,
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<Restored> {
    let mut restored = Restored { changes: Vec::new(), left: LeftAlone::default(), kept: String::new() };
    for open in open_changes(project, key)? {
        let Some(found) = project.store.checkout_change(open.id)? else { continue };
        let (Some(before), Some(after)) =
            (CheckoutState::of_text(&found.before), CheckoutState::of_text(&found.after))
        else {
            return Err(Error::user("what the checkout was is written down by another version of Alfine")
                .hint(format!(
                    "its files are kept: git for-each-ref refs/alfine/checkouts; {key} stays as it is"
                )));
        };
        let surroundings = surroundings::of_checkout(&project.layout, found.loop_id.as_str());
        let look = |project: &Project| project.repository.keep_checkout(after.watched(), &surroundings, None);
        let present = look(project)?;
        let left = project.repository.undo_checkout(&before, &after, &present, &surroundings, is_unsaved)?;
        // Whoever compares the checkout after this compares it with what it is now.
        let now = look(project)?;
        project.store.write(|tx| tx.settle_checkout_change(found.id, Some(&now.to_text())))?;
        restored.changes.extend(found.changes);
        restored.left.files.extend(left.files);
        restored.left.others.extend(left.others);
        if restored.kept.is_empty() {
            restored.kept = present.ref_name();
        }
    }
    Ok(restored)
}

/// Takes what changed for the user's own.
pub(crate) fn accept(project: &mut Project, key: &TaskKey) -> Result<Vec<CheckoutChange>> {
    let open = open_changes(project, key)?;
    project.store.write(|tx| open.iter().try_for_each(|found| tx.settle_checkout_change(found.id, None)))?;
    Ok(open.into_iter().flat_map(|found| found.changes).collect())
}
