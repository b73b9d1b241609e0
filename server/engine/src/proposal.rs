//! What a new worktree of this repository probably needs, concluded from the files in the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders below the root that are looked into for `.env` files.
const DEEPEST: usize = 3;
/// Folders that are looked into in all; a monorepo has fewer packages.
const MOST_FOLDERS: usize = 500;

/// A proposal for `[worktree]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorktreeProposal {
    /// Files to copy, from the repository's root.
    pub copy: Vec<String>,
    /// Paths to link to, from the repository's root.
    pub link: Vec<String>,
    /// The command that installs what lock files name.
    pub setup: Option<String>,
}

impl WorktreeProposal {
    /// Says whether there is nothing to propose.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the proposal as a `[worktree]` table in TOML.
    pub fn to_toml(&self) -> String {
        let list = |paths: &[String]| paths.iter().map(String::as_str).collect::<toml_edit::Array>();
        let mut table = toml_edit::Table::new();
        if !self.copy.is_empty() {
            table["copy"] = toml_edit::value(list(&self.copy));
        }
        if !self.link.is_empty() {
            table["link"] = toml_edit::value(list(&self.link));
        }
        if let Some(setup) = &self.setup {
            table["setup"] = toml_edit::value(setup);
        }
        let mut document = toml_edit::DocumentMut::new();
        document["worktree"] = toml_edit::Item::Table(table);
        document.to_string()
    }
}

/// Dependencies that a command can install again from a lock file: the lock file, the command, the folder it fills.
/// Such a command is proposed rather than a link, since an agent could change the folder of the user's own tree through
/// a link.
const INSTALLERS: [(&str, &str, &str); 10] = [
    ("package-lock.json", "npm ci", "node_modules"),
    ("npm-shrinkwrap.json", "npm ci", "node_modules"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile", "node_modules"),
    ("yarn.lock", "yarn install --frozen-lockfile", "node_modules"),
    ("bun.lock", "bun install --frozen-lockfile", "node_modules"),
    ("bun.lockb", "bun install --frozen-lockfile", "node_modules"),
    ("uv.lock", "uv sync --frozen", ".venv"),
    ("poetry.lock", "poetry install", ".venv"),
    ("composer.lock", "composer install", "vendor"),
    ("Gemfile.lock", "bundle install", "vendor/bundle"),
];

/// Folders of dependencies that are linked where no lock file says how to fill them. Never `target` or `build`: two
/// trees would overwrite each other's output.
const LINKED: [&str; 4] = ["node_modules", ".venv", "venv", "vendor"];

/// Proposes what a worktree of the repository at `root` needs. Only looks, at what git ignores.
pub fn proposals(root: &Path) -> WorktreeProposal {
    let repository = alfine_git::Ignored::of(root).ok();
    let ignored = |path: &str| match &repository {
        Some(repository) => repository.holds(Path::new(path)),
        None => true,
    };
    let mut proposal = WorktreeProposal { copy: env_files(root), ..WorktreeProposal::default() };
    proposal.copy.retain(|path| ignored(path));

    let mut commands: Vec<&str> = Vec::new();
    let mut filled = Vec::new();
    for (lock, command, folder) in INSTALLERS {
        if filled.contains(&folder) || !root.join(lock).is_file() {
            continue;
        }
        filled.push(folder);
        // Since version 2, yarn has this file and another name for the option.
        let modern_yarn = lock == "yarn.lock" && root.join(".yarnrc.yml").is_file();
        commands.push(if modern_yarn { "yarn install --immutable" } else { command });
    }
    proposal.setup = (!commands.is_empty()).then(|| commands.join(" && "));
    proposal.link = LINKED
        .into_iter()
        .filter(|folder| !filled.iter().any(|filled| Path::new(filled).starts_with(folder)))
        .filter(|folder| root.join(folder).is_dir() && ignored(&format!("{folder}/")))
        .map(str::to_owned)
        .collect();
    proposal
}

/// Finds `.env` files that are not examples, sorted, `/` separated.
fn env_files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        seen += 1;
        if seen > MOST_FOLDERS {
            break;
        }
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
            let skipped = name.starts_with('.') || LINKED.contains(&name) || name == "target";
            if kind.is_dir() && depth < DEEPEST && !skipped {
                folders.push((folder.join(name), depth + 1));
            } else if kind.is_file() && is_env_file(name) {
                found.extend(folder.join(name).to_str().map(str::to_owned));
            }
        }
    }
    found.sort();
    found
}

fn is_env_file(name: &str) -> bool {
    let example = ["example", "sample", "template", "dist", "defaults"];
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => {
            rest.starts_with('.')
                && !rest.split('.').any(|part| example.contains(&part))
                && !rest.contains(['*', '[', '{'])
        }
        None => name == ".envrc",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn env_files_are_copied_and_examples_are_not() {
        let root = repository(&[
            ".env",
            ".env.local",
            ".env.example",
            "apps/web/.env",
            "node_modules/x/.env",
            "env",
        ]);
        assert_eq!(proposals(root.path()).copy, [".env", ".env.local", "apps/web/.env"]);
    }

    #[test]
    fn what_git_tracks_is_in_the_worktree_already() {
        let root = repository(&[".env", ".env.shared", ".gitignore"]);
        fs::write(root.path().join(".gitignore"), ".env\n").unwrap();
        git2::Repository::init(root.path()).unwrap();
        assert_eq!(proposals(root.path()).copy, [".env"]);
    }

    #[test]
    fn a_lock_file_is_installed_from_and_a_bare_folder_is_linked() {
        let root = repository(&["package-lock.json", "node_modules/x/index.js", "uv.lock", "target/debug/x"]);
        let proposal = proposals(root.path());
        assert_eq!(proposal.setup.as_deref(), Some("npm ci && uv sync --frozen"));
        assert_eq!(proposal.link, [""; 0]);

        let root = repository(&["node_modules/x/index.js", ".venv/bin/python"]);
        let proposal = proposals(root.path());
        assert_eq!(proposal.setup, None);
        assert_eq!(proposal.link, ["node_modules", ".venv"]);
    }

    #[test]
    fn each_yarn_gets_its_own_option() {
        let root = repository(&["yarn.lock"]);
        assert_eq!(proposals(root.path()).setup.as_deref(), Some("yarn install --frozen-lockfile"));
        fs::write(root.path().join(".yarnrc.yml"), "").unwrap();
        assert_eq!(proposals(root.path()).setup.as_deref(), Some("yarn install --immutable"));
    }

    #[test]
    fn a_proposal_is_read_back_as_settings() {
        let root = repository(&[".env", "node_modules/x/index.js", "uv.lock"]);
        let text = proposals(root.path()).to_toml();
        assert_eq!(
            text,
            "[worktree]\ncopy = [\".env\"]\nlink = [\"node_modules\"]\nsetup = \"uv sync --frozen\"\n"
        );
        let empty = repository(&[]);
        assert!(proposals(empty.path()).is_empty());
        assert!(proposals(Path::new("/nowhere/at/all")).is_empty());
    }
}
