//! New files that are rarely committed on purpose: keys, installed dependencies, what a build or a run leaves behind, and
//! what is very large or very much.
//!
//! By names and sizes; what only a file's content can tell comes in as data. Meant to find what an agent committed by
//! mistake, so what the repository had before is never unusual.

use crate::text::count;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The size in bytes from which a single new file is unusual: a tenth of what the large forges refuse.
const LARGE: u64 = 10 << 20;
/// How many new files are unusual, without those that are unusual for another reason.
const MANY: usize = 1_000;

/// A new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Whether a token or a private key of a known shape is in it.
    pub has_key: bool,
    /// Whether a compiler made it: a program or a library for a machine.
    pub is_program: bool,
    /// Where it leads, if it is a link.
    pub link: Option<String>,
}

/// What is unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// By its name it holds keys or passwords.
    NamedLikeKeys,
    /// A token or a private key is in it.
    HasKey,
    /// Installed dependencies: so many files.
    Dependencies(usize),
    /// What a build, a test run or a program left behind: so many files.
    LeftBehind(usize),
    /// A link out of the repository.
    LeadsOut,
    /// A file of so many bytes.
    Large(u64),
    /// So many files below one folder.
    Many(usize),
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusual {
    /// A file, or a folder with `/` at its end; empty for the root.
    pub path: String,
    /// What is unusual.
    pub what: What,
}

impl Unusual {
    /// Says whether whoever gets the file gets somebody's access.
    pub fn is_key(&self) -> bool {
        matches!(self.what, What::NamedLikeKeys | What::HasKey)
    }
}

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the root" } else { &self.path };
        match self.what {
            What::NamedLikeKeys => write!(f, "{path} (by its name it holds keys or passwords)"),
            What::HasKey => write!(f, "{path} (a key or token is in it)"),
            What::Dependencies(1) => write!(f, "{path} (1 file of installed dependencies)"),
            What::Dependencies(files) => write!(f, "{path} ({files} files of installed dependencies)"),
            What::LeftBehind(1) => write!(f, "{path} (left behind by a build or a run)"),
            What::LeftBehind(files) => write!(f, "{path} ({files} files left behind by a build or a run)"),
            What::LeadsOut => write!(f, "{path} (a link that leads out of the repository)"),
            What::Large(bytes) => write!(f, "{path} ({} MiB)", bytes >> 20),
            What::Many(files) => write!(f, "{path} ({})", count(files as u64, "new file")),
        }
    }
}

/// Folders of installed dependencies.
const DEPENDENCIES: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    ".pnpm-store",
    ".venv",
    "venv",
    "virtualenv",
    "site-packages",
    ".eggs",
    ".bundle",
    "Pods",
    "Carthage",
    ".terragrunt-cache",
    "elm-stuff",
    ".terraform",
    ".gradle",
    ".m2",
];

/// Whether a folder of this name holds installed dependencies.
pub fn holds_dependencies(folder: &str) -> bool {
    DEPENDENCIES.contains(&folder) || ["vendor", "deps"].contains(&folder)
}

/// Folders that only builds, test runs and programs write.
const LEFT_BEHIND: &[&str] = &[
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".parcel-cache",
    ".turbo",
    ".angular",
    ".vite",
    ".nyc_output",
    "htmlcov",
    "lcov-report",
    "DerivedData",
    "CMakeFiles",
    "playwright-report",
    "blob-report",
    "test-results",
    "storybook-static",
    "cdk.out",
    ".vercel",
    ".netlify",
    ".output",
    ".serverless",
    ".aws-sam",
    ".wrangler",
    ".expo",
    ".docusaurus",
    ".astro",
    ".sass-cache",
    ".dart_tool",
    ".zig-cache",
    "zig-cache",
    "_build",
    ".stack-work",
    "dist-newstyle",
    ".cache",
];

/// Folders that many projects write by hand, too: what is in them shows which it is.
const PERHAPS_BUILT: &[&str] = &["target", "dist", "build", "out", "bin", "obj", "coverage", "public", "lib"];

/// Endings that only a compiler, an interpreter or a profiler writes.
const COMPILED: &[&str] = &[
    "o",
    "a",
    "class",
    "pyc",
    "pyo",
    "rlib",
    "rmeta",
    "tsbuildinfo",
    "pdb",
    "ilk",
    "gcda",
    "gcno",
    "gcov",
    "profraw",
    "beam",
    "hi",
    "dSYM",
    "map",
    "hprof",
];

/// Files that mark a folder as built.
const MARKS: &[&str] = &[
    "CACHEDIR.TAG",
    ".rustc_info.json",
    "CMakeCache.txt",
    "project.assets.json",
    "asset-manifest.json",
    "lcov.info",
    "coverage-final.json",
    "clover.xml",
    "coverage.xml",
];

/// Of the folders that many projects write by hand, those into which bundlers write, with a digest in each name.
const BUNDLED: &[&str] = &["dist", "build", "out"];

/// What only an installer writes, and in which folder: the whole folder is installed. Of a folder of any name `None`.
const INSTALLED: &[(Option<&str>, &str)] = &[
    (None, "pyvenv.cfg"),
    (Some("vendor"), "autoload.php"),
    (Some("vendor"), "composer/installed.json"),
    (Some(".yarn"), "install-state.gz"),
];

/// Folders whose files stand for others, in tests and documents: a log in them is written on purpose.
const SAMPLES: &[&str] = &[
    "fixtures",
    "fixture",
    "testdata",
    "samples",
    "sample",
    "examples",
    "example",
    "golden",
    "snapshots",
    "__snapshots__",
];

/// Finds what is unusual among new files. `was_there` says of a folder (without `/` at its end) whether the repository
/// had it before; in such a one, new files are usual, except for keys.
pub fn find(new: &[NewFile], was_there: &dyn Fn(&str) -> bool) -> Vec<Unusual> {
    let (built, installed) = (built_folders(new), installed_folders(new));
    let mut folders: BTreeMap<String, (bool, usize)> = BTreeMap::new();
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for file in new {
        let folder = unusual_folder(&file.path, &built, &installed).filter(|(folder, _)| !was_there(folder));
        if let Some((folder, dependencies)) = folder {
            folders.entry(folder).or_insert((dependencies, 0)).1 += 1;
        } else if let Some(what) = unusual_file(file) {
            found.push(Unusual { path: file.path.clone(), what });
        } else {
            rest.push(file.path.as_str());
        }
    }
    found.extend(folders.into_iter().map(|(folder, (dependencies, files))| Unusual {
        path: folder + "/",
        what: if dependencies { What::Dependencies(files) } else { What::LeftBehind(files) },
    }));
    found.extend(many(&rest));
    found.sort_by_key(|unusual| !unusual.is_key());
    found
}

/// The folders, perhaps written by hand, in which something only a build writes.
fn built_folders(new: &[NewFile]) -> BTreeSet<&str> {
    let is_built = |file: &&NewFile| {
        let name = name_of(&file.path);
        let is_mark = MARKS.contains(&name) || file.is_program;
        let is_in_bundle = || folders_of(&file.path).any(|folder| BUNDLED.contains(&name_of(folder)));
        is_mark
            || ending(name).is_some_and(|ending| COMPILED.contains(&ending))
            || is_bundle(name) && is_in_bundle()
    };
    new.iter()
        .filter(is_built)
        .filter_map(|file| folders_of(&file.path).find(|folder| PERHAPS_BUILT.contains(&name_of(folder))))
        .collect()
}

/// Says whether a bundler made up a name: `index-DkX2a91b.js`, `main.8f14e45f.css`, `app.min.js`.
fn is_bundle(name: &str) -> bool {
    let Some((stem, "js" | "mjs" | "cjs" | "css" | "woff" | "woff2")) = name.rsplit_once('.') else {
        return false;
    };
    let Some((_, last)) = stem.rsplit_once(['-', '.']) else { return false };
    let has = |is: fn(&u8) -> bool| last.as_bytes().iter().any(is);
    let is_digest = last.len() >= 5 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    last == "min" || is_digest && last.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The folders that an installer wrote.
fn installed_folders(new: &[NewFile]) -> BTreeSet<&str> {
    let folder_of = |file: &'_ NewFile| -> Option<usize> {
        INSTALLED.iter().find_map(|(name, mark)| {
            let folder = file.path.strip_suffix(mark)?.strip_suffix('/')?;
            name.is_none_or(|name| name == name_of(folder)).then_some(folder.len())
        })
    };
    new.iter().filter_map(|file| file.path.get(..folder_of(file)?)).collect()
}

/// The outermost folder above a file that is unusual as a whole, and whether it holds dependencies.
fn unusual_folder(path: &str, built: &BTreeSet<&str>, installed: &BTreeSet<&str>) -> Option<(String, bool)> {
    folders_of(path).find_map(|folder| {
        let name = name_of(folder);
        let is_cache = folder == ".yarn/cache" || folder.ends_with("/.yarn/cache");
        if DEPENDENCIES.contains(&name) || installed.contains(folder) || is_cache {
            return Some((folder.to_owned(), true));
        }
        if folder == "vendor/bundle" || folder.ends_with("/vendor/bundle") {
            return Some((folder.to_owned(), true));
        }
        let left =
            LEFT_BEHIND.contains(&name) || name.ends_with(".egg-info") || name.starts_with("cmake-build-");
        (left || built.contains(folder)).then(|| (folder.to_owned(), false))
    })
}

fn unusual_file(file: &NewFile) -> Option<What> {
    let name = name_of(&file.path);
    if file.has_key {
        return Some(What::HasKey);
    }
    if is_named_like_keys(&file.path) {
        return Some(What::NamedLikeKeys);
    }
    if file.link.as_deref().is_some_and(|to| leads_out(&file.path, to)) {
        return Some(What::LeadsOut);
    }
    if is_left_behind(file, name) {
        return Some(What::LeftBehind(1));
    }
    (file.bytes > LARGE).then_some(What::Large(file.bytes))
}

/// Says whether a link leads to what is not in the repository.
fn leads_out(path: &str, to: &str) -> bool {
    let mut depth = folders_of(path).count();
    to.starts_with('/')
        || to.split('/').any(|part| {
            let is_out = part == ".." && depth == 0;
            depth = match part {
                "" | "." => depth,
                ".." => depth.saturating_sub(1),
                _ => depth + 1,
            };
            is_out
        })
}

/// Folders in the home of a user, with the files in them that hold keys; without a name, all but what is public.
const KEPT_AT_HOME: &[(&str, Option<&str>)] = &[
    (".kube", Some("config")),
    (".docker", Some("config.json")),
    (".aws", Some("credentials")),
    (".ssh", None),
    (".gnupg", None),
];

/// What data is written in.
const DATA: &[&str] =
    &["yml", "yaml", "json", "toml", "ini", "properties", "xml", "csv", "txt", "conf", "cfg", "env"];

/// Says whether a file of this name is there to hold keys. Templates, public halves and code are not.
fn is_named_like_keys(path: &str) -> bool {
    let name = name_of(path);
    let lower = name.to_ascii_lowercase();
    let is_template = lower
        .split(['.', '-', '_'])
        .any(|part| ["example", "sample", "template", "tmpl", "dist", "defaults", "schema"].contains(&part));
    if is_template {
        return false;
    }
    let is_environment = lower.ends_with(".env")
        || lower == ".envrc"
        || [".env.", ".env-", ".env_"].iter().any(|begin| lower.starts_with(begin));
    let is_data = lower.rsplit_once('.').is_some_and(|(stem, ending)| {
        let is_secret = ["secret", "secrets", "credential", "credentials"].contains(&name_stem(stem));
        is_secret && DATA.contains(&ending)
    });
    let is_state = lower.ends_with(".tfstate") || lower.ends_with(".tfstate.backup");
    let folder = folders_of(path).last().map(name_of);
    let is_at_home = KEPT_AT_HOME.iter().any(|(at, file)| {
        let is_public = lower.ends_with(".pub") || lower.starts_with("known_hosts") || lower == "config";
        folder == Some(at) && file.map_or(!is_public, |file| file == lower)
    });
    let is_ssh = lower.strip_prefix("id_").is_some_and(|kind| {
        ["rsa", "dsa", "ecdsa", "ed25519", "ecdsa_sk", "ed25519_sk", "xmss"].contains(&kind)
    });
    let is_store = ending(&lower).is_some_and(|ending| {
        ["pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "ppk", "ovpn", "mobileprovision"]
            .contains(&ending)
    });
    let is_known = [
        ".netrc",
        "_netrc",
        ".pgpass",
        ".htpasswd",
        ".git-credentials",
        ".pypirc",
        ".dockercfg",
        "credentials",
        "credentials.json",
        "service-account.json",
        "client_secret.json",
        "master.key",
        "kubeconfig",
    ];
    let by_its_place = is_environment || is_data || is_state || is_at_home;
    by_its_place || is_ssh || is_store || is_known.contains(&lower.as_str())
}

/// The last part of a name's stem: `app.secrets` and `app-secrets` hold secrets, too.
fn name_stem(stem: &str) -> &str {
    stem.rsplit(['.', '-', '_']).next().unwrap_or(stem)
}

/// Says whether a program wrote this file beside its work.
fn is_left_behind(file: &NewFile, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_junk = [
        ".ds_store",
        "thumbs.db",
        "desktop.ini",
        "nohup.out",
        ".coverage",
        ".eslintcache",
        "lcov.info",
        "coverage.out",
        "coverage.xml",
        "settings.local.json",
        "dump.sql",
    ]
    .contains(&lower.as_str())
        || lower.starts_with(".aider.");
    let is_database = [".db", ".db3", ".sqlite", ".sqlite3"]
        .iter()
        .flat_map(|ending| ["", "-wal", "-shm", "-journal"].map(|more| format!("{ending}{more}")))
        .any(|ending| lower.ends_with(&ending) && lower.len() > ending.len());
    let is_log = lower.ends_with(".log") || lower.contains(".log.") || lower.contains("-debug.log");
    let is_dump =
        lower.strip_prefix("core.").is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()));
    let is_compiled =
        ending(name).is_some_and(|ending| COMPILED.contains(&ending) && !["a", "map"].contains(&ending));
    let is_swap = lower.ends_with(".swp")
        || lower.ends_with('~')
        || lower.ends_with(".orig")
        || lower.ends_with(".rej");
    let is_compiled = is_compiled || file.is_program;
    let is_sample = folders_of(&file.path).any(|folder| SAMPLES.contains(&name_of(folder)));
    !is_sample && (is_junk || is_log || is_dump || is_compiled || is_swap || is_database)
}

/// The innermost folder that holds most of very many files.
fn many(paths: &[&str]) -> Option<Unusual> {
    if paths.len() <= MANY {
        return None;
    }
    let mut below: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths {
        for folder in folders_of(path) {
            *below.entry(folder).or_default() += 1;
        }
    }
    let most = below
        .iter()
        .filter(|(_, files)| **files > MANY)
        .max_by_key(|(folder, _)| folder.matches('/').count());
    Some(match most {
        Some((folder, files)) => Unusual { path: format!("{folder}/"), what: What::Many(*files) },
        None => Unusual { path: String::new(), what: What::Many(paths.len()) },
    })
}

/// The folders above a path, the outermost first.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What follows the last dot of a name that does not begin with it.
fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> NewFile {
        NewFile { path: path.to_owned(), bytes: 10, has_key: false, is_program: false, link: None }
    }

    fn found(paths: &[&str]) -> Vec<String> {
        let new: Vec<NewFile> = paths.iter().map(|path| file(path)).collect();
        find(&new, &|_| false).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_for_keys_are_unusual_and_templates_public_halves_and_code_are_not() {
        for path in [
            ".env",
            "app/.env.local",
            ".env.production",
            "deploy/id_rsa",
            "id_ed25519",
            "tls/server.pem",
            "a.KEY",
            "release.keystore",
            ".netrc",
            "config/credentials.json",
            "config/master.key",
            ".envrc",
            ".env_local",
            ".env-prod",
            "prod.env",
            "deploy/secrets.yml",
            "k8s/db-secret.yaml",
            "app.secrets.json",
            "config/credentials.yml",
            "terraform.tfstate",
            "infra/terraform.tfstate.backup",
            ".kube/config",
            "home/.docker/config.json",
            ".ssh/deploy",
        ] {
            assert_eq!(found(&[path]), [format!("{path} (by its name it holds keys or passwords)")]);
        }
        for path in [
            ".env.example",
            ".env.sample",
            "env.rs",
            "id_rsa.pub",
            "id_generator.py",
            "src/id_map.rs",
            "keys.rs",
            "secrets.rs",
            "environment.ts",
            "docs/credentials.md",
            "credentials.example.json",
            "src/monkey.ts",
            "example.env",
            ".env-example",
            ".envrc.sample",
            "src/secrets.ts",
            "secret_santa.json",
            "config/credentials.yml.enc",
            "docs/secrets.md",
            "config",
            "kube/config",
            "docker/config.json",
            ".ssh/config",
            ".ssh/deploy.pub",
            "main.tf",
            "locales/secretary.json",
        ] {
            assert!(found(&[path]).is_empty(), "{path}: {:?}", found(&[path]));
        }
    }

    #[test]
    fn a_key_in_any_file_is_unusual_and_comes_first() {
        let key = NewFile { has_key: true, ..file("src/config.js") };
        let new = [file("a.log"), key];
        let texts: Vec<_> = find(&new, &|_| false).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["src/config.js (a key or token is in it)", "a.log (left behind by a build or a run)"]
        );
    }

    #[test]
    fn folders_of_dependencies_and_of_builds_are_told_as_one() {
        assert_eq!(
            found(&[
                "web/node_modules/a/index.js",
                "web/node_modules/a/.env",
                "web/node_modules/b/x.js",
                "web/src/a.js"
            ]),
            ["web/node_modules/ (3 files of installed dependencies)"]
        );
        assert_eq!(found(&["a/__pycache__/b.pyc"]), ["a/__pycache__/ (left behind by a build or a run)"]);
        assert_eq!(
            found(&["target/CACHEDIR.TAG", "target/debug/app", "target/debug/deps/app.d"]),
            ["target/ (3 files left behind by a build or a run)"]
        );
        assert_eq!(
            found(&["dist/app.js", "dist/app.js.map"]),
            ["dist/ (2 files left behind by a build or a run)"]
        );
        for (paths, folder) in [
            (&["web/dist/index.html", "web/dist/assets/index-DkX2a91b.js"][..], "web/dist"),
            (&["build/index.html", "build/static/js/main.8f14e45f.css"], "build"),
            (&["build/asset-manifest.json"], "build"),
            (&["coverage/lcov.info"], "coverage"),
            (&["coverage/clover.xml", "coverage/base.css"], "coverage"),
            (&["playwright-report/index.html"], "playwright-report"),
            (&[".vercel/x"], ".vercel"),
            (&[".output/server/x.mjs"], ".output"),
            (&["cdk.out/manifest.json"], "cdk.out"),
        ] {
            let files = if paths.len() == 1 { String::new() } else { format!("{} files ", paths.len()) };
            assert_eq!(found(paths), [format!("{folder}/ ({files}left behind by a build or a run)")]);
        }
        for (paths, folder) in [
            (&["vendor/autoload.php", "vendor/a/b.php"][..], "vendor"),
            (&["api/vendor/composer/installed.json", "api/vendor/a/b.php"], "api/vendor"),
            (&["env/pyvenv.cfg", "env/bin/python"], "env"),
            (&[".yarn/cache/a.zip", ".yarn/cache/b.zip"], ".yarn/cache"),
        ] {
            assert_eq!(found(paths), [format!("{folder}/ (2 files of installed dependencies)")]);
        }
    }

    #[test]
    fn databases_and_what_tools_note_down_are_left_behind() {
        for path in [
            "dev.db",
            "app.sqlite3",
            "db/test.sqlite-journal",
            "dump.sql",
            ".claude/settings.local.json",
            ".aider.chat.history.md",
            ".eslintcache",
            "coverage.out",
        ] {
            assert_eq!(found(&[path]), [format!("{path} (left behind by a build or a run)")]);
        }
        assert_eq!(found(&["tests/fixtures/small.sqlite", "db/schema.sql", "src/db.rs", ".db"]), [""; 0]);
    }

    #[test]
    fn programs_and_links_that_lead_out_are_unusual() {
        let program = |path: &str| NewFile { is_program: true, ..file(path) };
        let link = |path: &str, to: &str| NewFile { link: Some(to.to_owned()), ..file(path) };
        let texts = |new: &[NewFile]| -> Vec<String> {
            find(new, &|_| false).iter().map(ToString::to_string).collect()
        };
        assert_eq!(texts(&[program("server")]), ["server (left behind by a build or a run)"]);
        assert_eq!(
            texts(&[program("bin/tool"), file("bin/run")]),
            ["bin/ (2 files left behind by a build or a run)"]
        );
        assert_eq!(texts(&[program("tests/fixtures/hello")]), [""; 0]);
        for (path, to) in
            [("link", "/etc/passwd"), ("a/link", "../../secret"), ("link", ".."), ("link", "a/../../b")]
        {
            let said = format!("{path} (a link that leads out of the repository)");
            assert_eq!(texts(&[link(path, to)]), [said], "{to}");
        }
        for (path, to) in
            [("link", "a"), ("a/link", "../b"), ("a/b/link", "../../c"), ("link", "a/../b"), ("l", "./..a")]
        {
            assert_eq!(texts(&[link(path, to)]), [""; 0], "{path} {to}");
        }
    }

    #[test]
    fn what_is_written_by_hand_is_usual() {
        for paths in [
            &["build/release.sh", "build/README.md"][..],
            &["target/notes.md"],
            &["dist/index.html"],
            &["dist/index.js", "build/webpack-config.js", "out/utf-8.js", "lib/a.min.js"],
            &["vendor/modules.txt", "vendor/a/b.go"],
            &["coverage/README.md", "src/env/config.py"],
            &["lib/a.rb", "bin/run"],
            &["vendor/github.com/a/b.go"],
            &["tests/fixtures/server.log"],
            &["docs/log.md", "src/log/mod.rs", "changelog"],
            &["gradle/wrapper/gradle-wrapper.jar"],
            &["src/core/mod.rs", "core/lib.rs"],
        ] {
            assert!(found(paths).is_empty(), "{paths:?}: {:?}", found(paths));
        }
    }

    #[test]
    fn in_a_folder_that_was_there_new_files_are_usual_except_for_keys() {
        let new = [file("node_modules/a.js"), file("node_modules/.env")];
        let texts: Vec<_> =
            find(&new, &|folder| folder == "node_modules").iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["node_modules/.env (by its name it holds keys or passwords)"]);
    }

    #[test]
    fn very_large_and_very_many_are_unusual() {
        let large = NewFile { bytes: 30 << 20, ..file("assets/film.mp4") };
        assert_eq!(find(&[large], &|_| false)[0].to_string(), "assets/film.mp4 (30 MiB)");
        let many: Vec<NewFile> = (0..1_200).map(|n| file(&format!("data/in/{n}.json"))).collect();
        let texts: Vec<_> = find(&many, &|_| false).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["data/in/ (1200 new files)"]);
        assert!(find(&many[..900], &|_| false).is_empty());
        let spread: Vec<NewFile> = (0..1_200).map(|n| file(&format!("d{n}/a.json"))).collect();
        assert_eq!(find(&spread, &|_| false)[0].to_string(), "the root (1200 new files)");
    }
}
