//! What the checks of plans are known to answer before any work, for lints and editors. Nothing is run, and nothing written.

use crate::{Result, surroundings::own_files_of};
use alfine_core::at_head::AtHead;
use alfine_files::Layout;
use alfine_git::Repository;
use alfine_store::{Reader, Store};
use std::{path::Path, sync::Arc};

/// What the checks of a plan answered on a commit.
pub fn at(reader: &Reader, repository: &Repository, commit: &str, plan: &str) -> Result<AtHead> {
    let tree = repository.id_without_files(commit, &own_files_of(plan))?;
    let answers = reader.answers_on(plan, &tree)?;
    Ok(answers.into_iter().map(|(what, said)| (what, said.on(&tree))).collect())
}

/// What the checks of a plan answered on the last commit of the repository around a folder; nothing where nobody knows.
pub(crate) fn look(folder: &Path, plan: &str) -> Arc<AtHead> {
    let look = || -> Result<Option<AtHead>> {
        let repository = Repository::discover(folder)?;
        let Some(reader) = Store::read_only(&Layout::of_common_dir(repository.common_dir()))? else {
            return Ok(None);
        };
        // Naming the tree costs more than looking whether there is anything.
        if !reader.plans_with_answers()?.iter().any(|known| known == plan) {
            return Ok(None);
        }
        at(&reader, &repository, &repository.head()?.0, plan).map(Some)
    };
    match look() {
        Ok(found) => Arc::new(found.unwrap_or_default()),
        Err(error) => {
            tracing::debug!("what the checks of {plan} answered is not known: {}", error.message);
            Arc::default()
        }
    }
}
