//! Where a user's programs lie that an editor's short `PATH` does not name, and what a `~` in a setting means.
//!
//! An editor that was started from a desktop has the `PATH` of the session: neither what a shell's start-up files add nor
//! what a version manager does.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Folders of programs below the home, in the order in which they are looked through.
const BELOW_HOME: [&str; 19] = [
    ".local/bin",
    "bin",
    ".claude/local",
    ".npm-global/bin",
    ".bun/bin",
    ".volta/bin",
    ".deno/bin",
    ".cargo/bin",
    "go/bin",
    ".opencode/bin",
    ".yarn/bin",
    ".local/share/pnpm",
    "Library/pnpm",
    ".local/share/mise/shims",
    ".asdf/shims",
    ".local/share/fnm/aliases/default/bin",
    ".nvm/current/bin",
    "n/bin",
    ".nix-profile/bin",
];

/// Folders of programs of the whole machine.
const OF_THE_MACHINE: [&str; 4] =
    ["/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/local/bin", "/snap/bin"];

/// How many names of nvm's lead on to one another: `default`, `lts/*`, `lts/jod`, `v22.1.0`.
const MOST_ALIASES: usize = 4;

/// A `PATH` with the usual folders of programs behind it that are there and not in it.
pub fn with_usual_folders(path: Option<&OsStr>) -> OsString {
    with_folders_of(path, std::env::home_dir().as_deref())
}

fn with_folders_of(path: Option<&OsStr>, home: Option<&Path>) -> OsString {
    let given: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let below_home = home.iter().flat_map(|home| BELOW_HOME.map(|folder| home.join(folder)));
    let of_nvm = home.and_then(|home| of_nvm(&home.join(".nvm")));
    let usual = below_home.chain(of_nvm).chain(OF_THE_MACHINE.map(PathBuf::from));
    let mut added = given.clone();
    for folder in usual {
        if folder.is_dir() && !added.contains(&folder) {
            added.push(folder);
        }
    }
    // A folder with a colon in its name cannot be in a `PATH` at all.
    std::env::join_paths(&added)
        .or_else(|_| std::env::join_paths(&given))
        .unwrap_or_else(|_| path.map(OsStr::to_owned).unwrap_or_default())
}

/// The file that a program is on this `PATH`, for who runs in `folder`; `None` where it is on none of its folders.
pub fn find(program: &str, path: &OsStr, folder: &Path) -> Option<PathBuf> {
    std::env::split_paths(path).map(|place| folder.join(place).join(program)).find(|found| {
        let found = found.metadata();
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// The programs of the Node version that nvm uses in a new shell; without such a choice, of the newest one.
fn of_nvm(nvm: &Path) -> Option<PathBuf> {
    let names = nvm.join("versions/node").read_dir().ok()?.flatten().map(|item| item.file_name());
    let mut versions: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    versions.sort_by_key(|version| numbers(version));
    let mut wanted = "default".to_owned();
    for _ in 0..MOST_ALIASES {
        match fs::read_to_string(nvm.join("alias").join(&wanted)) {
            Ok(next) => wanted = next.trim().to_owned(),
            Err(_) => break,
        }
    }
    let wanted = numbers(&wanted);
    let chosen = versions.iter().rfind(|version| !wanted.is_empty() && numbers(version).starts_with(&wanted));
    Some(nvm.join("versions/node").join(chosen.or(versions.last())?).join("bin"))
}

fn numbers(version: &str) -> Vec<u32> {
    version.trim_start_matches('v').split('.').map_while(|number| number.parse().ok()).collect()
}

/// A path or another text of the settings, in which a `~` at the beginning is the home.
pub fn at_home(text: &OsStr) -> OsString {
    let path = Path::new(text);
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => home.into(),
        (Ok(rest), Some(home)) => home.join(rest).into(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_there_come_behind_what_the_path_names_and_once() {
        let home = tempfile::tempdir().unwrap();
        for folder in
            [".local/bin", ".bun/bin", ".nvm/versions/node/v9.1.0/bin", ".nvm/versions/node/v22.1.0/bin"]
        {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        let own = home.path().join(".bun/bin");
        let path = std::env::join_paths([Path::new("/usr/bin"), &own]).unwrap();
        let of = |path: Option<&OsStr>| {
            let whole = with_folders_of(path, Some(home.path()));
            let below = std::env::split_paths(&whole)
                .filter_map(|folder| Some(folder.strip_prefix(home.path()).ok()?.display().to_string()));
            (std::env::split_paths(&whole).next(), below.collect::<Vec<_>>())
        };
        let newest = ".nvm/versions/node/v22.1.0/bin";
        assert_eq!(
            of(Some(&path)),
            (
                Some("/usr/bin".into()),
                vec![".bun/bin".to_owned(), ".local/bin".to_owned(), newest.to_owned()]
            )
        );
        assert!(of(None).1.contains(&".local/bin".to_owned()));
        let alias = home.path().join(".nvm/alias");
        fs::create_dir_all(alias.join("lts")).unwrap();
        for (name, target) in [("default", "lts/*"), ("lts/*", "lts/argon"), ("lts/argon", "v9.1.0")] {
            fs::write(alias.join(name), format!("{target}\n")).unwrap();
        }
        assert_eq!(of(None).1.last().map(String::as_str), Some(".nvm/versions/node/v9.1.0/bin"));
        fs::write(alias.join("default"), "22\n").unwrap();
        assert_eq!(of(None).1.last().map(String::as_str), Some(newest));
    }

    #[test]
    fn a_tilde_is_the_home_only_as_the_first_part_of_a_path() {
        let home = std::env::home_dir().unwrap();
        for (text, meant) in [
            ("~/bin/agent", home.join("bin/agent")),
            ("~", home.clone()),
            ("~other/x", "~other/x".into()),
            ("a/~/b", "a/~/b".into()),
            ("agent", "agent".into()),
        ] {
            assert_eq!(at_home(OsStr::new(text)), meant, "{text}");
        }
    }
}
