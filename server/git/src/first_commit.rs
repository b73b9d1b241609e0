//! A new repository of what lies in a folder.

use super::{GitError, error::Doing};
use git2::{IndexAddOption, RepositoryInitOptions, Signature};
use std::path::Path;

/// Makes a folder a repository with the branch `main`, whose only commit has all files of the folder. `name` and
/// `email` are those of the author.
pub fn commit_first(folder: &Path, name: &str, email: &str, message: &str) -> Result<(), GitError> {
    const DOING: &str = "make a repository";
    let repo = git2::Repository::init_opts(folder, RepositoryInitOptions::new().initial_head("main"))
        .doing(DOING)?;
    let mut index = repo.index().doing(DOING)?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None).doing(DOING)?;
    index.write().doing(DOING)?;
    let tree = index.write_tree().and_then(|tree| repo.find_tree(tree)).doing(DOING)?;
    let author = Signature::now(name, email).doing(DOING)?;
    repo.commit(Some("HEAD"), &author, &author, message, &tree, &[]).doing(DOING)?;
    Ok(())
}
