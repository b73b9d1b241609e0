//! The stage of `alfine demo`: a small repository, a plan of two tasks, and the script its agent plays.
//!
//! Only the agent is scripted. The runner, the store, git and the checks are the ones that every loop has.

use crate::{Error, ErrorKind, Result};
use alfine_files::UserDirs;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A throw-away repository, ready to be worked on.
#[derive(Debug)]
pub struct Stage {
    /// The repository.
    pub repository: PathBuf,
    /// Folders of its own, so that nothing of the user's is touched.
    pub user: UserDirs,
}

const SHOP: &str = include_str!("demo/shop.sh");

const DISCOUNT_TEST: &str = include_str!("demo/discount.sh");

const EXPIRED_TEST: &str = include_str!("demo/expired.sh");

const PLAN: &str = include_str!("demo/PLAN.md");

const SCRIPT: &str = include_str!("demo/rehearsal.toml");

/// Builds the stage in an empty folder.
pub fn build(folder: &Path) -> Result<Stage> {
    let repository = folder.join("shop");
    let own = folder.join("alfine");
    let script = own.join("rehearsal.toml");
    let settings = format!(
        "agent = \"rehearsal\"\n\n[agents.rehearsal.env]\nALFINE_REHEARSAL = {}\nALFINE_REHEARSAL_STATE = {}\n",
        quoted(&script),
        quoted(&own.join("played.json")),
    );
    let files: [(PathBuf, &str); 6] = [
        (repository.join("shop.sh"), SHOP),
        (repository.join("tests/discount.sh"), DISCOUNT_TEST),
        (repository.join("tests/expired.sh"), EXPIRED_TEST),
        (repository.join("PLAN.md"), PLAN),
        (repository.join("alfine.toml"), &settings),
        (script, SCRIPT),
    ];
    for (path, text) in &files {
        write(path, text)?;
    }
    alfine_git::commit_first(&repository, "Alfine demo", "demo@localhost", "A shop without coupons")
        .map_err(|error| {
            Error::new(ErrorKind::Git, format!("the demo's repository cannot be made: {error}"))
        })?;
    let user = UserDirs { config: own.join("config"), data: own.join("data"), state: own.join("state") };
    Ok(Stage { repository, user })
}

fn write(path: &Path, text: &str) -> Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text)).map_err(|error| {
        Error::user(format!("cannot write {}: {error}", path.display()))
            .hint("free some space in the folder for temporary files")
    })
}

fn quoted(path: &Path) -> String {
    toml_edit::value(path.to_string_lossy().into_owned()).to_string()
}
