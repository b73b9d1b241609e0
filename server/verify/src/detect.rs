//! Finds out from a repository's files which checks it has. Reads only; runs nothing.

use super::VerifierSpec;
use alfine_files::plain_file;
use regex::Regex;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Component, Path, PathBuf},
};

/// No manifest that a person wrote is larger. Bytes.
const MANIFEST_LIMIT: u64 = 1 << 20;

/// How many folders are looked at for one task.
const FOLDER_LIMIT: usize = 256;

/// Proposes verifiers for a repository; remembers what its folders have.
#[derive(Debug)]
pub struct Detector {
    root: PathBuf,
    known: HashMap<PathBuf, Kinds>,
}

impl Detector {
    /// Looks at the repository with this root.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), known: HashMap::new() }
    }

    /// Proposes verifiers for a task whose checks run in `folder`, a path from the root: those of the nearest folder from
    /// there on up that has any. What kinds this lacks, the nearest folder above each of the files that the task touches
    /// (paths from the root) adds. A makefile's `test` counts only where nothing else is found, since it mostly runs the
    /// same.
    pub fn detect(&mut self, folder: &str, touches: &[String]) -> Vec<VerifierSpec> {
        let mut found: BTreeMap<Kind, Vec<VerifierSpec>> = BTreeMap::new();
        let own = folders_above([folder]).into_iter().chain([PathBuf::new()]);
        for folder in own {
            let kinds = self.kinds(&folder);
            if kinds.is_empty() {
                continue;
            }
            let folder = folder.to_string_lossy();
            for (kind, commands) in kinds.iter().filter(|(kind, _)| **kind != Kind::Make || kinds.len() == 1)
            {
                let specs = commands.iter().map(|command| VerifierSpec::command(command).within(&folder));
                found.insert(*kind, specs.collect());
            }
            break;
        }
        let above = folders_above(touches.iter().map(String::as_str));
        let holds = |path: &String, folder: &PathBuf| {
            Path::new(path).strip_prefix(".").unwrap_or(Path::new(path)).starts_with(folder)
        };
        let with_checks: Vec<&PathBuf> =
            above.iter().filter(|folder| !self.kinds(folder).is_empty()).collect();
        // What lies in no folder with checks of its own is the root's.
        let roots = touches.iter().any(|path| !with_checks.iter().any(|folder| holds(path, folder)));
        for folder in with_checks.into_iter().cloned().chain(roots.then(PathBuf::new)) {
            for (kind, commands) in self.kinds(&folder) {
                if *kind == Kind::Make && !found.is_empty() {
                    continue;
                }
                let there = match folder.as_os_str().is_empty() {
                    true => String::new(),
                    false => format!("cd {} && ", shell_words::quote(&folder.to_string_lossy())),
                };
                let specs = commands.iter().map(|command| VerifierSpec::command(format!("{there}{command}")));
                found.entry(*kind).or_insert_with(|| specs.collect());
            }
        }
        found.into_values().flatten().collect()
    }

    fn kinds(&mut self, folder: &Path) -> &Kinds {
        let root = &self.root;
        self.known.entry(folder.to_owned()).or_insert_with(|| kinds(&root.join(folder)))
    }
}

/// The commands of one folder, by kind.
type Kinds = BTreeMap<Kind, Vec<String>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Cargo,
    Node,
    Python,
    Go,
    Make,
}

fn kinds(folder: &Path) -> Kinds {
    let found = [
        (Kind::Cargo, cargo(folder)),
        (Kind::Node, node(folder)),
        (Kind::Python, python(folder)),
        (Kind::Go, go(folder)),
        (Kind::Make, make(folder)),
    ];
    let found = found.into_iter().map(|(kind, commands)| (kind, commands.unwrap_or_default()));
    found.filter(|(_, commands)| !commands.is_empty()).collect()
}

/// The folders that hold these files, the nearest first, without the root. Nothing outside of the root.
fn folders_above<'p>(touches: impl IntoIterator<Item = &'p str>) -> Vec<PathBuf> {
    let is_inside =
        |path: &&Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let clean = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect();
    let paths: BTreeSet<PathBuf> = touches.into_iter().map(Path::new).filter(is_inside).map(clean).collect();
    let mut folders: BTreeSet<&Path> = BTreeSet::new();
    for path in &paths {
        let above = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        // What is known is so with all that is above it.
        let new: Vec<&Path> = above.take_while(|folder| !folders.contains(folder)).collect();
        folders.extend(new);
    }
    // The paths themselves, too: a task may name a folder. Last, as most of them are files.
    let paths = paths.iter().map(PathBuf::as_path).filter(|path| !path.as_os_str().is_empty());
    let mut folders: Vec<PathBuf> = folders
        .iter()
        .copied()
        .chain(paths.filter(|path| !folders.contains(path)))
        .take(FOLDER_LIMIT)
        .map(Path::to_owned)
        .collect();
    // A longer path is nearer to a file than those it lies below.
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.components().count()));
    folders
}

/// Reads a small regular file as text; `None` if the path is anything else.
fn read(folder: &Path, name: &str) -> Option<String> {
    String::from_utf8(plain_file::read(&folder.join(name), MANIFEST_LIMIT).ok()?).ok()
}

fn has(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| folder.join(name).is_file())
}

fn cargo(folder: &Path) -> Option<Vec<String>> {
    let manifest: toml::Table = read(folder, "Cargo.toml")?.parse().unwrap_or_default();
    let all = if manifest.contains_key("workspace") { " --workspace" } else { "" };
    let mut commands = vec![format!("cargo test{all}")];
    let lints = [manifest.get("lints"), manifest.get("workspace").and_then(|w| w.get("lints"))];
    if lints.into_iter().flatten().any(|lints| lints.get("clippy").is_some())
        || has(folder, &["clippy.toml", ".clippy.toml"])
    {
        commands.push(format!("cargo clippy{all} --all-targets"));
    }
    Some(commands)
}

fn node(folder: &Path) -> Option<Vec<String>> {
    let manifest: serde_json::Value =
        serde_json::from_str(&read(folder, "package.json")?).unwrap_or_default();
    let named = manifest.get("packageManager").and_then(|name| name.as_str()).unwrap_or_default();
    let manager = match named.split('@').next() {
        Some(manager @ ("npm" | "pnpm" | "yarn" | "bun")) => manager,
        _ if has(folder, &["pnpm-lock.yaml"]) => "pnpm",
        _ if has(folder, &["yarn.lock"]) => "yarn",
        _ if has(folder, &["bun.lock", "bun.lockb"]) => "bun",
        _ => "npm",
    };
    let script = |name: &str| manifest.get("scripts")?.get(name)?.as_str().filter(|script| ends(script));
    let names = ["typecheck", "lint", "test"].into_iter().filter(|name| script(name).is_some());
    Some(names.map(|name| format!("{manager} run {name}")).collect())
}

/// Says whether a script checks something and comes to an end.
fn ends(script: &str) -> bool {
    // What `npm init` writes.
    let default = script.contains("no test specified");
    let watches =
        script.split_whitespace().any(|word| matches!(word, "watch" | "--watch" | "--watchAll" | "-w"));
    !script.trim().is_empty() && !default && !watches
}

fn python(folder: &Path) -> Option<Vec<String>> {
    let project = read(folder, "pyproject.toml");
    let says = |name: &str, section: &str| {
        read(folder, name).is_some_and(|text| text.lines().any(|line| line.trim() == section))
    };
    let configured = has(folder, &["pytest.ini", ".pytest.ini", "pytest.toml"])
        || says("setup.cfg", "[tool:pytest]")
        || says("tox.ini", "[pytest]");
    if project.is_none() && !configured {
        return None;
    }
    let table: toml::Table = project.and_then(|text| text.parse().ok()).unwrap_or_default();
    let in_project = table.get("tool").is_some_and(|tool| tool.get("pytest").is_some());
    let has_tests = ["tests", "test"].iter().any(|name| folder.join(name).is_dir());
    if !configured && !in_project && !has_tests {
        return None;
    }
    let command = if has(folder, &["uv.lock"]) {
        "uv run pytest"
    } else if has(folder, &["poetry.lock"]) {
        "poetry run pytest"
    } else {
        "python3 -m pytest"
    };
    Some(vec![command.to_owned()])
}

fn go(folder: &Path) -> Option<Vec<String>> {
    has(folder, &["go.mod"]).then(|| vec!["go test ./...".to_owned()])
}

fn make(folder: &Path) -> Option<Vec<String>> {
    // In make's own order.
    let text = ["GNUmakefile", "makefile", "Makefile"].into_iter().find_map(|name| read(folder, name))?;
    // `test:` alone or among other targets, and no `test := value`.
    let target = Regex::new(r"(?m)^(?:[^\s:#=]+[ \t]+)*test(?:[ \t]+[^\s:#=]+)*[ \t]*::?(?:[^:=]|$)").ok()?;
    target.is_match(&text).then(|| vec!["make test".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn commands(files: &[(&str, &str)], touches: &[&str]) -> Vec<String> {
        let touches: Vec<_> = touches.iter().map(|&path| path.to_owned()).collect();
        let found = Detector::new(repository(files).path()).detect("", &touches);
        found.into_iter().map(|spec| spec.name).collect()
    }

    /// What is found for a plan whose checks run in a folder, each with where it runs.
    fn commands_in(files: &[(&str, &str)], folder: &str, touches: &[&str]) -> Vec<(String, String)> {
        let touches: Vec<_> = touches.iter().map(|&path| path.to_owned()).collect();
        let found = Detector::new(repository(files).path()).detect(folder, &touches);
        found.into_iter().map(|spec| (spec.folder, spec.name)).collect()
    }

    #[test]
    fn the_folder_of_the_checks_or_the_nearest_one_above_it_has_them() {
        let scripts = r#"{"scripts":{"test":"jest"}}"#;
        let files = [
            ("Cargo.toml", ""),
            ("services/api/go.mod", ""),
            ("web/package.json", scripts),
            ("lib/x/a.rs", ""),
        ];
        let all = |found: &[(&str, &str)]| -> Vec<(String, String)> {
            found.iter().map(|(folder, name)| ((*folder).to_owned(), (*name).to_owned())).collect()
        };
        assert_eq!(commands_in(&files, "services/api", &[]), all(&[("services/api", "go test ./...")]));
        assert_eq!(commands_in(&files, "services/api/cmd", &[]), all(&[("services/api", "go test ./...")]));
        assert_eq!(commands_in(&files, "lib/x", &[]), all(&[("", "cargo test")]));
        assert_eq!(
            commands_in(&files, "services/api", &["web/src/a.ts", "services/api/x.go"]),
            all(&[("", "cd web && npm run test"), ("services/api", "go test ./...")])
        );
        assert_eq!(
            commands_in(&files, "services/api", &["lib/x/a.rs"]),
            all(&[("", "cargo test"), ("services/api", "go test ./...")])
        );
        assert_eq!(commands_in(&files, "../x", &[]), all(&[("", "cargo test")]));
    }

    #[test]
    fn many_touched_files_hide_no_folder() {
        let touches: Vec<String> =
            (0..1000).map(|n| format!("a/src/{n}.ts")).chain(["b/c/x.go".to_owned()]).collect();
        let touches: Vec<&str> = touches.iter().map(String::as_str).collect();
        let files = [("b/c/go.mod", ""), ("a/x", "")];
        let found = commands_in(&files, "", &touches);
        assert_eq!(found, [(String::new(), "cd b/c && go test ./...".to_owned())]);
    }

    #[test]
    fn a_cargo_project_is_tested_and_linted_only_when_clippy_is_configured() {
        assert_eq!(commands(&[("Cargo.toml", "[package]\nname='a'")], &[]), ["cargo test"]);
        let both = ["cargo test", "cargo clippy --all-targets"];
        assert_eq!(commands(&[("Cargo.toml", "[lints.clippy]\nall='warn'")], &[]), both);
        assert_eq!(commands(&[("Cargo.toml", ""), ("clippy.toml", "")], &[]), both);
        assert_eq!(
            commands(&[("Cargo.toml", "[workspace]\n[workspace.lints.clippy]\nall='warn'")], &[]),
            ["cargo test --workspace", "cargo clippy --workspace --all-targets"]
        );
    }

    #[test]
    fn scripts_of_a_package_run_by_its_package_manager() {
        let scripts = r#"{"scripts":{"test":"vitest run","lint":"eslint .","typecheck":"tsc","build":"x"}}"#;
        for (lock, manager) in [
            ("package-lock.json", "npm"),
            ("pnpm-lock.yaml", "pnpm"),
            ("yarn.lock", "yarn"),
            ("bun.lock", "bun"),
            ("unknown.lock", "npm"),
        ] {
            assert_eq!(
                commands(&[("package.json", scripts), (lock, "")], &[]),
                ["typecheck", "lint", "test"].map(|script| format!("{manager} run {script}"))
            );
        }
        let named = r#"{"packageManager":"pnpm@9.1.0","scripts":{"test":"jest"}}"#;
        assert_eq!(commands(&[("package.json", named), ("yarn.lock", "")], &[]), ["pnpm run test"]);
    }

    #[test]
    fn scripts_that_check_nothing_or_never_end_are_left_out() {
        for script in ["echo \\\"Error: no test specified\\\" && exit 1", "", "jest --watch", "vitest watch"]
        {
            let manifest = format!(r#"{{"scripts":{{"test":"{script}"}}}}"#);
            assert!(commands(&[("package.json", &manifest)], &[]).is_empty(), "{script}");
        }
    }

    #[test]
    fn pytest_is_found_by_its_configuration_or_a_tests_folder() {
        let plain = ["python3 -m pytest"];
        assert_eq!(commands(&[("pytest.ini", "")], &[]), plain);
        assert_eq!(commands(&[("pyproject.toml", "[tool.pytest.ini_options]\nx=1")], &[]), plain);
        assert_eq!(commands(&[("setup.cfg", "[tool:pytest]\n")], &[]), plain);
        assert_eq!(commands(&[("pyproject.toml", ""), ("tests/test_a.py", "")], &[]), plain);
        assert!(commands(&[("pyproject.toml", "[project]\nname='a'")], &[]).is_empty());
        assert!(commands(&[("tests/test_a.py", "")], &[]).is_empty());
        let uv = [("pyproject.toml", ""), ("uv.lock", ""), ("tests/a.py", "")];
        assert_eq!(commands(&uv, &[]), ["uv run pytest"]);
    }

    #[test]
    fn a_makefile_counts_only_where_nothing_else_is_found() {
        for makefile in ["test:\n\tx", "all test: a\n", ".PHONY: test\ntest : build\n", "test::\n"] {
            assert_eq!(commands(&[("Makefile", makefile)], &[]), ["make test"], "{makefile}");
        }
        for makefile in
            ["", "tests:\n", "test := 1\n", "test = 1\n", "\ttest:\n", "# test:\n", ".PHONY: test\n"]
        {
            assert!(commands(&[("Makefile", makefile)], &[]).is_empty(), "{makefile}");
        }
        assert_eq!(commands(&[("Makefile", "test:\n"), ("go.mod", "module a")], &[]), ["go test ./..."]);
        assert_eq!(commands(&[("Makefile", "test:\n"), ("package.json", "{}")], &[]), ["make test"]);
    }

    #[test]
    fn a_folder_of_a_touched_file_is_asked_for_what_the_root_lacks() {
        let files = [
            ("Cargo.toml", "[workspace]"),
            ("crates/a/Cargo.toml", "[package]"),
            ("my app/package.json", r#"{"scripts":{"test":"jest"}}"#),
            ("my app/api/go.mod", ""),
        ];
        assert_eq!(commands(&files, &[]), ["cargo test --workspace"]);
        assert_eq!(
            commands(&files, &["crates/a/src/lib.rs", "my app/src/x.ts"]),
            ["cargo test --workspace", "cd 'my app' && npm run test"]
        );
        assert_eq!(
            commands(&files, &["./my app/api"]),
            ["cargo test --workspace", "cd 'my app' && npm run test", "cd 'my app/api' && go test ./..."]
        );
    }

    #[test]
    fn nothing_outside_of_the_root_is_looked_at() {
        let folder = repository(&[("go.mod", ""), ("root/a.txt", "")]);
        let outside = folder.path().to_str().unwrap().to_owned();
        for path in ["../x.go", "a/../../x.go", &outside, "/", "", "."] {
            assert!(
                Detector::new(folder.path().join("root")).detect(path, &[path.to_owned()]).is_empty(),
                "{path}"
            );
        }
    }

    #[test]
    fn manifests_that_are_no_small_regular_files_are_passed_over() {
        let folder = repository(&[]);
        fs::create_dir(folder.path().join("Cargo.toml")).unwrap();
        let fifo = folder.path().join("package.json");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        std::fs::File::create(folder.path().join("Makefile")).unwrap().set_len(10 << 30).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("pyproject.toml")).unwrap();
        assert!(Detector::new(folder.path()).detect("", &[]).is_empty());
    }

    proptest! {
        #[test]
        fn no_manifest_panics(text in any::<String>(), name in r"Cargo\.toml|package\.json|pyproject\.toml|Makefile") {
            let _ = commands(&[(name.as_str(), text.as_str())], &[text.as_str()]);
        }
    }

    #[test]
    fn deeply_nested_manifests_do_no_harm() {
        let deep = "[".repeat(100_000);
        for name in ["Cargo.toml", "package.json", "pyproject.toml"] {
            commands(&[(name, &format!("a = {deep}")), ("package.json", &deep)], &[]);
        }
    }
}
