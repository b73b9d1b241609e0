//! What a repository's manifests name beside it: `../lib`. A worktree lies elsewhere, so nothing is there for it.

use alfine_files::plain_file;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

/// No manifest that a person wrote is larger. Bytes.
const MANIFEST_LIMIT: u64 = 1 << 20;

/// The paths outside of the repository with this root that manifests name, as they are seen from the root, each with
/// the first manifest that names it. Looked at are the folder of the checks, those above it, and those in `more`.
pub(crate) fn named(root: &Path, folder: &str, more: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let above = Path::new(folder).ancestors().map(Path::to_owned).collect();
    for folder in more.union(&above) {
        for (name, read) in MANIFESTS {
            let path = folder.join(name);
            let Ok(bytes) = plain_file::read(&root.join(&path), MANIFEST_LIMIT) else { continue };
            let Ok(text) = String::from_utf8(bytes) else { continue };
            for target in read(&text) {
                if let Some(outside) = outside(folder, &target) {
                    found.entry(outside).or_insert_with(|| path.to_string_lossy().into_owned());
                }
            }
        }
    }
    found
}

/// A manifest's name, and what reads the paths out of it.
type Manifest = (&'static str, fn(&str) -> Vec<String>);

const MANIFESTS: [Manifest; 21] = [
    ("Cargo.toml", in_toml),
    ("pyproject.toml", in_toml),
    ("package.json", in_package),
    ("composer.json", in_composer),
    ("go.mod", in_go),
    ("go.work", in_go),
    ("pnpm-workspace.yaml", in_words),
    ("lerna.json", in_words),
    ("tsconfig.json", in_words),
    ("requirements.txt", in_words),
    ("Gemfile", in_words),
    ("pubspec.yaml", in_words),
    ("mix.exs", in_words),
    ("Package.swift", in_words),
    ("build.gradle", in_words),
    ("build.gradle.kts", in_words),
    ("settings.gradle", in_words),
    ("settings.gradle.kts", in_words),
    ("compose.yaml", in_words),
    ("docker-compose.yml", in_words),
    ("docker-compose.yaml", in_words),
];

/// The names of manifests.
pub(crate) fn manifests() -> impl Iterator<Item = &'static str> {
    MANIFESTS.iter().map(|(name, _)| *name)
}

/// Where a path leads that is written in a folder, as seen from the root; `None` if it stays inside or is absolute.
fn outside(folder: &Path, target: &str) -> Option<PathBuf> {
    let mut up = 0;
    let mut inner: Vec<&std::ffi::OsStr> = Vec::new();
    for part in folder.components().chain(Path::new(target).components()) {
        match part {
            Component::Normal(name) => inner.push(name),
            Component::ParentDir if inner.pop().is_none() => up += 1,
            Component::ParentDir | Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (up > 0).then(|| std::iter::repeat_n(std::ffi::OsStr::new(".."), up).chain(inner).collect())
}

/// Values of keys called `path`, and of the lists that name parts of a workspace.
fn in_toml(text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<toml_edit::DocumentMut>() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, item) in table.iter() {
        of_toml(key, item, &mut found);
    }
    found
}

// Nesting is bounded by the TOML parser.
fn of_toml(key: &str, item: &toml_edit::Item, found: &mut Vec<String>) {
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(key, item)| of_toml(key, item, found));
    } else if let Some(tables) = item.as_array_of_tables() {
        tables.iter().flat_map(toml_edit::Table::iter).for_each(|(key, item)| of_toml(key, item, found));
    } else if let Some(text) = item.as_str().filter(|_| key == "path") {
        found.push(text.to_owned());
    } else if let Some(list) = item.as_array().filter(|_| matches!(key, "members" | "dependencies")) {
        // `lib @ file:../lib` among Python's dependencies.
        let texts = list.iter().filter_map(toml_edit::Value::as_str);
        let named = texts.filter_map(|text| match text.split_once("file:") {
            Some((_, path)) => Some(path.to_owned()),
            None => (key == "members").then(|| text.to_owned()),
        });
        found.extend(named.filter(|path| path.starts_with("..")));
    }
}

fn in_package(text: &str) -> Vec<String> {
    const KINDS: [&str; 5] =
        ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "resolutions"];
    const LOCAL: [&str; 3] = ["file:", "link:", "portal:"];
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let versions =
        KINDS.iter().filter_map(|kind| manifest.get(kind)?.as_object()).flat_map(|kind| kind.values());
    let versions = versions.filter_map(Value::as_str);
    let local = versions.filter_map(|version| LOCAL.iter().find_map(|local| version.strip_prefix(local)));
    let workspaces = manifest
        .get("workspaces")
        .and_then(|found| found.as_array().or_else(|| found.get("packages")?.as_array()));
    let parts = workspaces.into_iter().flatten().filter_map(Value::as_str);
    local.chain(parts).map(str::to_owned).collect()
}

/// Repositories that are folders.
fn in_composer(text: &str) -> Vec<String> {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let repositories = manifest.get("repositories");
    let listed = repositories.and_then(Value::as_array).into_iter().flatten();
    let named = repositories.and_then(Value::as_object).into_iter().flat_map(|named| named.values());
    let urls = listed.chain(named).filter_map(|one| one.get("url")?.as_str());
    urls.map(str::to_owned).collect()
}

/// Words that begin with `../`, of kinds of text that have comments behind `#` or `//`.
fn in_words(text: &str) -> Vec<String> {
    let is_end = |c: char| c.is_whitespace() || "\"'`()[]{}<>,;=:|$".contains(c);
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with(['#', '/', '*']) {
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().split(" //").next().unwrap_or_default();
        let words = line.split(is_end).filter(|word| word.starts_with("../") || *word == "..");
        found.extend(words.map(|word| word.trim_end_matches(['*', '/']).to_owned()));
    }
    found
}

/// `replace a => ../a` and `use ../a`, alone or in a block.
fn in_go(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let last = lines
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("../") || *word == ".."));
    last.map(|path| path.trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What this manifest names beside the repository.
    fn found(path: &str, text: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let found = named(root.path(), folder, &BTreeSet::new());
        assert!(found.values().all(|manifest| manifest == path), "{found:?}");
        found.into_keys().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn paths_beside_the_repository_are_found_in_each_kind_of_manifest() {
        for (path, text) in [
            ("Cargo.toml", "[dependencies]\nlib = { path = \"../lib\" }\n"),
            ("Cargo.toml", "[workspace.dependencies.lib]\npath = \"../lib\"\n"),
            ("Cargo.toml", "[patch.crates-io]\nlib = { path = '../lib' }\n"),
            ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"../lib\"]\n"),
            ("Cargo.toml", "[target.'cfg(unix)'.dependencies]\nlib = { path = \"./a/../../lib\" }\n"),
            ("package.json", r#"{"dependencies":{"lib":"file:../lib"}}"#),
            ("package.json", r#"{"devDependencies":{"lib":"link:../lib","a":"^1"}}"#),
            ("package.json", r#"{"workspaces":["a","../lib"]}"#),
            ("package.json", r#"{"workspaces":{"packages":["../lib"]}}"#),
            ("pyproject.toml", "[tool.uv.sources]\nlib = { path = \"../lib\", editable = true }\n"),
            ("pyproject.toml", "[tool.poetry.dependencies.lib]\npath = \"../lib\"\n"),
            ("pyproject.toml", "[project]\ndependencies = [\"a>1\", \"lib @ file:../lib\"]\n"),
            ("go.mod", "module a\n\nreplace example.com/lib => ../lib // for now\n"),
            ("go.mod", "module a\n\nreplace (\n\texample.com/lib v1 => ../lib\n)\n"),
            ("go.work", "go 1.22\n\nuse (\n\t.\n\t../lib\n)\n"),
            ("packages/a/Cargo.toml", "[dependencies]\nlib = { path = \"../../../lib\" }\n"),
            ("pnpm-workspace.yaml", "packages:\n  - \"../lib\"\n"),
            ("requirements.txt", "requests\n-e ../lib # for now\n"),
            ("Gemfile", "gem \"lib\", path: \"../lib\"\n"),
            ("composer.json", r#"{"repositories":[{"type":"path","url":"../lib"}]}"#),
            ("composer.json", r#"{"repositories":{"lib":{"type":"path","url":"../lib"}}}"#),
            ("build.gradle", "implementation project('../lib')\n"),
            ("settings.gradle.kts", "includeBuild(\"../lib\")\n"),
            ("pubspec.yaml", "dependencies:\n  lib:\n    path: ../lib\n"),
            ("mix.exs", "{:lib, path: \"../lib\"}\n"),
            ("Package.swift", ".package(path: \"../lib\")\n"),
            ("lerna.json", r#"{"packages":["../lib/*"]}"#),
            ("docker-compose.yml", "services:\n  a:\n    volumes:\n      - ../lib:/lib\n"),
            ("app/tsconfig.json", "{\n  // shared\n  \"references\": [{ \"path\": \"../../lib/\" }]\n}\n"),
        ] {
            assert_eq!(found(path, text), ["../lib"], "{text}");
        }
    }

    #[test]
    fn what_stays_inside_or_is_no_manifest_is_no_matter() {
        for (path, text) in [
            ("Cargo.toml", "[dependencies]\nlib = { path = \"lib\" }\n"),
            ("Cargo.toml", "[dependencies]\nlib = { path = \"/opt/lib\" }\n"),
            ("packages/a/Cargo.toml", "[dependencies]\nb = { path = \"../b\" }\n"),
            ("package.json", r#"{"dependencies":{"lib":"file:lib"},"scripts":{"x":"cd ../lib"}}"#),
            ("package.json", "not JSON"),
            ("Cargo.toml", "[not TOML"),
            ("go.mod", "module a\n// replace a => ../a\n"),
            ("composer.json", r#"{"repositories":[{"url":"https://a.b"}],"scripts":{"x":"cd ../lib"}}"#),
            ("build.gradle", "// include '../lib'\n"),
            ("pubspec.yaml", "# path: ../lib\nversion: 1..2\n"),
            ("a/tsconfig.json", r#"{"extends":"../tsconfig.json"}"#),
        ] {
            assert_eq!(found(path, text), [""; 0], "{text}");
        }
    }
}
