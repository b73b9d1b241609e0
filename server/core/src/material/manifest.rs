//! Manifests: of a file that names both, what a package is made of is work, and how it is checked is material.

use super::cmake;
use serde_json::{Map, Value};

/// A kind of manifest of which the two parts are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manifest {
    /// `package.json`, `composer.json`.
    Json,
    /// `Cargo.toml`, `pyproject.toml`.
    Toml,
    /// `go.mod`.
    Go,
    /// `CMakeLists.txt`, `*.cmake`.
    CMake,
}

/// Keys at the root, or below the tables that only hold others (`workspace`, `project`, `tool.poetry`), that say what a
/// package is made of and what it is.
const OF_THE_WORK: &[&str] = &[
    // npm, Composer
    "type",
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "optionalDependencies",
    "bundledDependencies",
    "bundleDependencies",
    "require",
    "require-dev",
    "conflict",
    "replace",
    "provide",
    "suggest",
    "version",
    "description",
    "keywords",
    "author",
    "authors",
    "contributors",
    "maintainers",
    "license",
    "licenses",
    "homepage",
    "repository",
    "bugs",
    "funding",
    "support",
    "readme",
    "private",
    "bin",
    "man",
    "main",
    "module",
    "types",
    "typings",
    "exports",
    "browser",
    "files",
    "sideEffects",
    "publishConfig",
    "packageManager",
    "icon",
    "displayName",
    "publisher",
    "categories",
    "contributes",
    "activationEvents",
    "minimum-stability",
    "prefer-stable",
    // Cargo, Python
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
    "target",
    "features",
    "optional-dependencies",
    "dependency-groups",
    "group",
    "extras",
    "urls",
    "classifiers",
    "requires-python",
    "scripts-entry",
    "documentation",
    "rust-version",
    "edition",
    "publish",
    "metadata",
    "members",
    "default-members",
    "exclude",
    "include",
    "source",
    "sources",
];

/// Tables whose keys are looked at one by one.
const NESTED: &[&str] = &["package", "workspace", "project", "tool", "poetry", "uv", "pdm", "hatch"];

/// The kind of manifest that a file's name says.
pub(super) fn named(name: &str) -> Option<Manifest> {
    match name {
        "package.json" | "composer.json" => Some(Manifest::Json),
        "Cargo.toml" | "pyproject.toml" => Some(Manifest::Toml),
        "go.mod" => Some(Manifest::Go),
        "CMakeLists.txt" => Some(Manifest::CMake),
        // Those of CTest are its configuration.
        name if name.ends_with(".cmake") && !name.to_lowercase().starts_with("ctest") => {
            Some(Manifest::CMake)
        }
        _ => None,
    }
}

impl Manifest {
    /// How the package is checked as `checks` has it, and what it is made of as `work` has it. `None` if one of the texts
    /// cannot be read: the whole file is material then.
    pub fn joined(self, checks: &str, work: &str) -> Option<String> {
        match self {
            Self::Go => return Some(go::joined(checks, work)),
            Self::CMake => return cmake::joined(checks, work),
            Self::Json | Self::Toml => {}
        }
        let (checks, work) = (self.read(checks)?, self.read(work)?);
        self.write(&joined(checks, work))
    }

    /// Whether two texts say the same of how the package is checked.
    pub fn checks_alike(self, a: &str, b: &str) -> bool {
        match self {
            Self::Go => return go::replaced(a, a) == go::replaced(a, b),
            Self::CMake => return cmake::alike(a, b),
            Self::Json | Self::Toml => {}
        }
        let of = |text: &str| self.read(text).map(|read| joined(read, Map::new()));
        match (of(a), of(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        }
    }

    fn read(self, text: &str) -> Option<Map<String, Value>> {
        let value: Value = match self {
            Self::Json => serde_json::from_str(text).ok()?,
            Self::Toml => toml::from_str(text).ok()?,
            Self::Go | Self::CMake => return None,
        };
        match value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    fn write(self, object: &Map<String, Value>) -> Option<String> {
        match self {
            Self::Json => serde_json::to_string_pretty(object).ok(),
            Self::Toml => toml::to_string(object).ok(),
            Self::Go | Self::CMake => None,
        }
    }
}

/// `go.mod`: where the modules are taken from that were there before.
mod go {
    use std::collections::BTreeSet;

    /// The text `work` with what `checks` takes the modules from that it knows.
    pub(super) fn joined(checks: &str, work: &str) -> String {
        let known = |module: &str| checks.split_whitespace().any(|word| word == module);
        let kept: Vec<String> = statements(work)
            .into_iter()
            .filter(|(word, rest)| !is_replace(word) || !known(module(rest)))
            .map(written)
            .collect();
        let replaced = statements(checks).into_iter().filter(|(word, _)| is_replace(word)).map(written);
        let mut lines: Vec<String> = kept.into_iter().chain(replaced).collect();
        lines.push(String::new());
        lines.join("\n")
    }

    /// What a text takes the modules from that `checks` knows.
    pub(super) fn replaced(checks: &str, text: &str) -> BTreeSet<(String, String)> {
        let known = |module: &str| checks.split_whitespace().any(|word| word == module);
        let replaces = statements(text).into_iter().filter(|(word, _)| is_replace(word));
        replaces.filter(|(_, rest)| known(module(rest))).collect()
    }

    fn is_replace(word: &str) -> bool {
        word == "replace"
    }

    fn module(rest: &str) -> &str {
        rest.split_whitespace().next().unwrap_or_default()
    }

    fn written((word, rest): (String, String)) -> String {
        format!("{word} {rest}")
    }

    /// Each statement on its own: its word and the rest, blocks taken apart.
    fn statements(text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut block = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
            match (&block, line.split_once(char::is_whitespace)) {
                (_, None) if line == ")" => block = None,
                (Some(word), _) => found.push((String::clone(word), line.to_owned())),
                (None, Some((word, rest))) if rest.trim() == "(" => block = Some(word.to_owned()),
                (None, Some((word, rest))) => found.push((word.to_owned(), rest.trim().to_owned())),
                (None, None) => {}
            }
        }
        found
    }
}

/// One table of a manifest: the keys of the work from `work`, the others from `checks`.
fn joined(checks: Map<String, Value>, mut work: Map<String, Value>) -> Map<String, Value> {
    let mut result = Map::new();
    for (key, value) in checks {
        match value {
            Value::Object(inner) if NESTED.contains(&key.as_str()) => {
                let other = match work.remove(&key) {
                    Some(Value::Object(other)) => other,
                    _ => Map::new(),
                };
                let inner = joined(inner, other);
                if !inner.is_empty() {
                    result.insert(key, Value::Object(inner));
                }
            }
            _ if OF_THE_WORK.contains(&key.as_str()) => {}
            value => {
                result.insert(key, value);
            }
        }
    }
    for (key, value) in work {
        match value {
            Value::Object(inner) if NESTED.contains(&key.as_str()) && !result.contains_key(&key) => {
                let inner = joined(Map::new(), inner);
                if !inner.is_empty() {
                    result.insert(key, Value::Object(inner));
                }
            }
            value if OF_THE_WORK.contains(&key.as_str()) => {
                result.insert(key, value);
            }
            _ => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str =
        r#"{"name":"shop","scripts":{"test":"jest"},"dependencies":{"a":"1"},"jest":{"bail":true}}"#;

    #[test]
    fn a_new_dependency_is_work_and_another_script_is_not() {
        let json = Manifest::Json;
        assert!(json.checks_alike(PACKAGE, &PACKAGE.replace(r#""a":"1""#, r#""a":"1","b":"2""#)));
        assert!(json.checks_alike(PACKAGE, &PACKAGE.replace(r#"{"name""#, r#"{"version":"2.0.0","name""#)));
        assert!(!json.checks_alike(PACKAGE, &PACKAGE.replace("\"jest\"}", "\"true\"}")));
        assert!(!json.checks_alike(PACKAGE, &PACKAGE.replace("true}", "false}")));
        assert!(!json.checks_alike(PACKAGE, "not json"));
        let toml = Manifest::Toml;
        let cargo = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependencies]\na = \"1\"\n[lints.clippy]\nall = \"deny\"\n";
        assert!(toml.checks_alike(cargo, &cargo.replace("a = \"1\"", "a = \"2\"\nb = \"1\"")));
        assert!(toml.checks_alike(cargo, &cargo.replace("1.0.0", "1.1.0")));
        assert!(!toml.checks_alike(cargo, &cargo.replace("deny", "allow")));
        assert!(!toml.checks_alike(cargo, &format!("{cargo}[[test]]\nname = \"a\"\nharness = false\n")));
        let python =
            "[project]\nname = \"shop\"\ndependencies = []\n[tool.pytest.ini_options]\naddopts = \"-q\"\n";
        assert!(toml.checks_alike(python, &python.replace("[]", "[\"requests\"]")));
        assert!(!toml.checks_alike(python, &python.replace("-q", "--deselect a")));
        assert!(toml.checks_alike(python, &format!("{python}[tool.poetry.dependencies]\na = \"1\"\n")));
    }

    #[test]
    fn where_go_takes_modules_from_is_material_and_which_it_needs_is_work() {
        let go = Manifest::Go;
        let was = "module calc\n\ngo 1.19\n\nrequire example.com/check v0.0.0\n\nreplace example.com/check => ./check\n";
        assert!(!go.checks_alike(was, &was.replace("./check", "./fake")));
        assert!(!go.checks_alike(was, "module calc\n\ngo 1.19\n\nrequire example.com/check v0.0.0\n"));
        let more = format!(
            "{was}\nrequire (\n\texample.com/other v1.0.0 // indirect\n)\nreplace example.com/other => ./o\n"
        );
        assert!(go.checks_alike(was, &more));
        let joined = go.joined(was, &more.replace("./check", "./fake")).unwrap();
        assert!(joined.contains("=> ./check") && joined.contains("=> ./o") && !joined.contains("./fake"));
        assert!(joined.contains("require example.com/other v1.0.0"));
    }

    #[test]
    fn the_checks_of_one_are_joined_with_the_dependencies_of_the_other() {
        let changed = r#"{"name":"shop","scripts":{"test":"true"},"dependencies":{"a":"1","b":"2"},"devDependencies":{"c":"3"}}"#;
        let joined: Value = serde_json::from_str(&Manifest::Json.joined(PACKAGE, changed).unwrap()).unwrap();
        assert_eq!(joined["scripts"]["test"], "jest");
        assert_eq!(joined["jest"]["bail"], true);
        assert_eq!(joined["dependencies"]["b"], "2");
        assert_eq!(joined["devDependencies"]["c"], "3");
        let back: Value = serde_json::from_str(&Manifest::Json.joined(changed, PACKAGE).unwrap()).unwrap();
        assert_eq!(
            (&back["scripts"]["test"], back.get("jest"), &back["dependencies"]),
            (&"true".into(), None, &serde_json::json!({"a": "1"}))
        );
        let joined = Manifest::Toml
            .joined(
                "[package]\nname = \"a\"\nversion = \"1\"\n[lints.rust]\nx = \"deny\"\n",
                "[package]\nname = \"a\"\nversion = \"2\"\n[dependencies]\nb = \"1\"\n",
            )
            .unwrap();
        assert!(
            joined.contains("version = \"2\"")
                && joined.contains("b = \"1\"")
                && joined.contains("x = \"deny\""),
            "{joined}"
        );
        assert_eq!(Manifest::Json.joined("{", "{}"), None);
    }
}
