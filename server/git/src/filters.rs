//! Which filter drivers may run: those that were configured when the user last had a loop begin or go on.
//!
//! A driver is a command in git's configuration, which an agent can write. Drivers added since then are ignored. A
//! driver that changed might have been changed by an agent, so it does not run, and we refuse to commit without it.

use super::{
    GitError, Repository as Located,
    error::{Doing, DoingOn},
    skipped::Withheld,
};
use alfine_files::Layout;
use git2::Repository;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    io::{ErrorKind, Write},
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

/// The settings of each driver, by its name.
type Drivers = BTreeMap<String, BTreeMap<String, String>>;

/// The drivers of a repository's configuration.
pub(super) struct Filters {
    /// Whether git may fetch: what it runs for that is what it was.
    may_fetch: bool,
    runs: BTreeSet<Vec<u8>>,
    withheld: BTreeMap<Vec<u8>, Withheld>,
}

impl Filters {
    pub(super) fn of(repo: &Repository) -> Result<Self, GitError> {
        let (now, unnamed) = configured(repo)?;
        let remembered = remembered(repo)?;
        let may_fetch = match fs::read_to_string(fetching_file(repo)) {
            Ok(remembered) => remembered == fetching(repo)?,
            Err(_) => true,
        };
        let mut filters = Self { may_fetch, runs: BTreeSet::new(), withheld: BTreeMap::new() };
        for (name, driver) in &now {
            let why = match &remembered {
                // Nothing was recorded yet, so no loop ran here and no agent can have written a driver.
                None => None,
                Some(remembered) => match remembered.get(name) {
                    Some(then) => (then != driver).then_some(Withheld::Changed),
                    None => Some(Withheld::New),
                },
            };
            let name = name.clone().into_bytes();
            match why {
                Some(why) => drop(filters.withheld.insert(name, why)),
                None => drop(filters.runs.insert(name)),
            }
        }
        // A driver that is gone counts as changed: its files would otherwise be committed without it.
        for (name, _) in remembered.into_iter().flatten().filter(|(name, _)| !now.contains_key(name)) {
            filters.withheld.insert(name.into_bytes(), Withheld::Changed);
        }
        filters.withheld.extend(unnamed.into_iter().map(|name| (name, Withheld::New)));
        Ok(filters)
    }

    /// Whether the configuration has no driver, and never had one.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.withheld.is_empty()
    }

    pub(super) fn may_fetch(&self) -> bool {
        self.may_fetch
    }

    pub(super) fn runs(&self, driver: &[u8]) -> bool {
        self.runs.contains(driver)
    }

    pub(super) fn withheld(&self, driver: &[u8]) -> Option<Withheld> {
        self.withheld.get(driver).copied()
    }

    /// The settings that keep git from running what may not run.
    pub(super) fn settings(&self) -> Vec<(OsString, &'static str)> {
        let key = |name: &[u8], variable: &str| {
            OsString::from_vec([b"filter.", name, b".", variable.as_bytes()].concat())
        };
        // An empty command switches a driver off. If it stayed required, git would then fail instead.
        let off = |name: &Vec<u8>| {
            VARIABLES.map(|variable| (key(name, variable), if variable == "required" { "false" } else { "" }))
        };
        self.withheld.keys().flat_map(off).collect()
    }
}

const VARIABLES: [&str; 4] = ["clean", "smudge", "process", "required"];

/// Reads the drivers that run anything, and the names of those whose words are not UTF-8.
fn configured(repo: &Repository) -> Result<(Drivers, BTreeSet<Vec<u8>>), GitError> {
    const DOING: &str = "read git's configuration";
    let mut config = repo.config().doing(DOING)?;
    let config = config.snapshot().doing(DOING)?;
    let mut names = BTreeSet::new();
    let entries = config.entries(Some(r"^filter\..*\.(clean|smudge|process)$")).doing(DOING)?;
    entries
        .for_each(|entry| {
            let name = entry.name_bytes();
            let end = name.iter().rposition(|&byte| byte == b'.').unwrap_or(name.len());
            names.insert(name.get(b"filter.".len()..end).unwrap_or_default().to_owned());
        })
        .doing(DOING)?;
    let (mut drivers, mut unnamed) = (Drivers::new(), BTreeSet::new());
    for bytes in names {
        let Ok(name) = String::from_utf8(bytes.clone()) else {
            unnamed.insert(bytes);
            continue;
        };
        let mut driver = BTreeMap::new();
        for variable in VARIABLES {
            let key = format!("filter.{name}.{variable}");
            let value = match variable {
                "required" => config.get_bool(&key).map(|required| required.to_string()),
                _ => config.get_string(&key),
            };
            match value {
                Ok(value) => drop(driver.insert(variable.to_owned(), value)),
                Err(error) if error.code() == git2::ErrorCode::NotFound => {}
                Err(_) => drop(unnamed.insert(bytes.clone())),
            }
        }
        if !unnamed.contains(&bytes) {
            drivers.insert(name, driver);
        }
    }
    Ok((drivers, unnamed))
}

/// Reads the filter drivers recorded when the user last started or continued a loop; `None` if never recorded.
fn remembered(repo: &Repository) -> Result<Option<Drivers>, GitError> {
    let path = file(repo);
    match fs::read(&path) {
        Ok(text) => {
            let read =
                serde_json::from_slice(&text).map_err(|error| std::io::Error::other(error.to_string()));
            read.doing_on("read", &path).map(Some)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing_on("read", &path),
    }
}

fn file(repo: &Repository) -> PathBuf {
    Layout::of_common_dir(repo.commondir()).filters()
}

fn fetching_file(repo: &Repository) -> PathBuf {
    Layout::of_common_dir(repo.commondir()).fetching()
}

/// A digest of the settings that say from where git fetches, and what it runs for that: they may hold passwords, so they
/// are not written down themselves.
fn fetching(repo: &Repository) -> Result<String, GitError> {
    const DOING: &str = "read git's configuration";
    const SETTINGS: &str = r"^(remote\..*\.(url|uploadpack|vcs|proxy.*|promisor)|url\..*|credential\..*|http\..*|protocol\..*|ssh\..*|extensions\.partialclone|core\.(sshcommand|gitproxy|alternaterefscommand))$";
    let config = repo.config().and_then(|mut config| config.snapshot()).doing(DOING)?;
    let mut settings = Vec::new();
    let entries = config.entries(Some(SETTINGS)).doing(DOING)?;
    entries
        .for_each(|entry| {
            // A name alone means `true`.
            let value = if entry.has_value() { entry.value_bytes() } else { b"true" };
            settings.push((entry.name_bytes().to_vec(), value.to_vec()));
        })
        .doing(DOING)?;
    let mut hash = blake3::Hasher::new();
    for text in settings.iter().flat_map(|(name, value)| [name, value]) {
        hash.update(&text.len().to_le_bytes());
        hash.update(text);
    }
    Ok(hash.finalize().to_hex().to_string())
}

impl Located {
    /// Records the filter drivers that are configured now as the user's own: from now on these run, and no others.
    /// Warns about each driver that is new or changed. The same for what git runs to fetch objects.
    pub fn remember_filters(&self) -> Result<(), GitError> {
        let repo = self.open()?;
        let (drivers, _) = configured(&repo)?;
        if let Ok(Some(before)) = remembered(&repo) {
            for (name, driver) in drivers.iter().filter(|(name, driver)| before.get(*name) != Some(driver)) {
                let commands: Vec<String> =
                    driver.iter().map(|(variable, value)| format!("{variable} = {value}")).collect();
                tracing::warn!(
                    "git's filter {name} is new or changed, and runs from now on: {}",
                    commands.join("; ")
                );
            }
        }
        let fetching = fetching(&repo)?;
        let write = |path: PathBuf, text: &[u8]| {
            let folder = path.parent().unwrap_or(&path);
            let write = || {
                // Replaced as a whole: a file cut short by a crash could not be read, and every filter would fail.
                fs::create_dir_all(folder)?;
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                file.write_all(text)?;
                file.persist(&path)?;
                Ok::<(), std::io::Error>(())
            };
            write().doing_on("write", &path)
        };
        // Maps of texts: nothing that JSON does not have.
        write(file(&repo), &serde_json::to_vec(&drivers).unwrap_or_default())?;
        write(fetching_file(&repo), fetching.as_bytes())
    }
}
