//! What a check's command names besides its scripts: programs, which a new file can take the place of, targets of a Makefile
//! or a package, and tests.

use crate::Result;
use alfine_core::shell;
use alfine_git::Objects;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What a command names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The words of the command, of its scripts and of its Makefiles.
    words: BTreeSet<String>,
    /// Whether these put folders on the `PATH`.
    sets_path: bool,
    /// What make is told how to make, from the root.
    made: BTreeSet<PathBuf>,
    /// The command's own words as paths from the root, with `/` for `.` where they are modules.
    paths: Vec<String>,
    /// Whether it asks for a target or a script that was not there before the loop.
    asks_for_new: bool,
    /// Whether it runs the examples of what it names.
    runs_examples: bool,
}

impl Named {
    /// Reads what a command names, that runs in `folder` and whose scripts are known, on the base and on the claimed tree.
    pub(super) fn read(
        objects: &Objects,
        command: &str,
        folder: &str,
        scripts: &BTreeSet<PathBuf>,
        [base, claimed]: [&str; 2],
    ) -> Result<Self> {
        let mut named = Self { runs_examples: command.contains("doctest"), ..Self::default() };
        named.read_words(command);
        for word in command.split_whitespace() {
            let word = word.trim_matches(['"', '\'']);
            named.paths.extend([word.to_owned(), word.replace('.', "/")].map(|path| below(folder, &path)));
        }
        for script in scripts {
            let (was, now) = (objects.text_at(base, script)?, objects.text_at(claimed, script)?);
            named.asks_for_new |= was.is_none() && now.is_some();
            was.iter().for_each(|text| named.read_words(text));
        }
        let Ok(uses) = shell::uses(command, folder) else { return Ok(named) };
        for target in uses.deciding.iter().chain(&uses.observed).flat_map(shell::Use::targets) {
            let Some(kind) = Kind::of(&target.tool) else { continue };
            let files = match &target.file {
                Some(file) => vec![file.clone()],
                None => kind.files().iter().map(|file| below(&target.folder, file)).collect(),
            };
            let mut is_there = [false, false];
            for file in &files {
                for (is_there, tree) in is_there.iter_mut().zip([base, claimed]) {
                    let Some(text) = objects.text_at(tree, Path::new(file))? else { continue };
                    let targets = kind.targets(&text);
                    *is_there |= target.name.is_empty() || targets.contains(&target.name);
                    if tree == base && kind == Kind::Make {
                        named.read_words(&text);
                        let made = targets.iter().map(|made| below(&target.folder, made).into());
                        named.made.extend(made);
                    }
                }
            }
            named.asks_for_new |= is_there == [false, true];
        }
        Ok(named)
    }

    fn read_words(&mut self, text: &str) {
        let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')));
        self.words.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        self.sets_path |= text.contains("PATH");
    }

    /// Whether a new file takes the place of a name: of a program that is called and that the machine has elsewhere, or of
    /// what make would make.
    pub(super) fn is_taken_by(&self, path: &Path, is_program: impl Fn(&str) -> bool) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.made.contains(path) || (self.sets_path && self.words.contains(name) && is_program(name))
    }

    /// Whether a document has examples that the command runs.
    pub(super) fn runs_examples_of(&self, path: &Path) -> bool {
        let is_document =
            path.extension().is_some_and(|ending| ["md", "rst", "txt"].iter().any(|known| ending == *known));
        self.runs_examples && is_document && self.paths.iter().any(|named| path == Path::new(named))
    }

    /// Whether it asks for something that was not there before the loop: a target, a script, or one of these new tests. What
    /// it said before is then nothing that could have been weakened.
    pub(super) fn asks_for_new<'p>(&self, mut added_tests: impl Iterator<Item = &'p Path>) -> bool {
        self.asks_for_new
            || added_tests.any(|test| {
                let module = test.with_extension("");
                self.paths.iter().any(|path| test == Path::new(path) || Path::new(path).starts_with(&module))
            })
    }
}

fn below(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A kind of file that names what a tool can be told to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Make,
    Just,
    Package,
}

impl Kind {
    fn of(tool: &str) -> Option<Self> {
        match tool {
            "make" | "gmake" => Some(Self::Make),
            "just" => Some(Self::Just),
            "npm" | "yarn" | "pnpm" | "bun" => Some(Self::Package),
            _ => None,
        }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Make => &["GNUmakefile", "makefile", "Makefile"],
            Self::Just => &["justfile", "Justfile", ".justfile"],
            Self::Package => &["package.json"],
        }
    }

    fn targets(self, text: &str) -> BTreeSet<String> {
        match self {
            Self::Package => {
                let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
                let scripts = package.get("scripts").and_then(|scripts| scripts.as_object());
                scripts.into_iter().flat_map(|scripts| scripts.keys().cloned()).collect()
            }
            Self::Make | Self::Just => text.lines().flat_map(|line| heads(self, line)).collect(),
        }
    }
}

/// What a line of a Makefile or a justfile says how to make, if it is the head of a rule.
fn heads(kind: Kind, line: &str) -> Vec<String> {
    let Some((head, rest)) = line.split_once(':') else { return Vec::new() };
    // A recipe's parameters may have defaults.
    let is_variable = kind == Kind::Make && head.contains(['=', '$']);
    let is_rule = !line.starts_with([' ', '\t', '#']) && !rest.starts_with(['=', ':']) && !is_variable;
    let words = head.split_whitespace().map(|word| word.trim_start_matches('@'));
    let most = match kind {
        // What follows are its parameters.
        Kind::Just => 1,
        Kind::Make | Kind::Package => usize::MAX,
    };
    let words = words.filter(|word| is_rule && *word != "&" && !word.starts_with('.')).take(most);
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heads_of_rules_are_targets() {
        let makefile = "CC := cc\nall: a.o b.o\n\tcc -o all: x\n# no: one\n.PHONY: all\nout/a.txt out/b.txt: in\nX = a:b\nx::=1\n";
        let targets = Kind::Make.targets(makefile);
        assert_eq!(targets.iter().map(String::as_str).collect::<Vec<_>>(), ["all", "out/a.txt", "out/b.txt"]);
        let targets =
            Kind::Just.targets("set shell := ['sh']\n@test filter='':\n  cargo test {{filter}}\nci: test\n");
        assert_eq!(targets.iter().map(String::as_str).collect::<Vec<_>>(), ["ci", "test"]);
        assert!(Kind::Package.targets(r#"{"scripts": {"greet": "node greet.js"}}"#).contains("greet"));
        assert!(Kind::Package.targets("not json").is_empty());
    }

    #[test]
    fn a_new_file_takes_the_place_of_a_program_or_of_what_make_makes() {
        let named = |sets_path| Named {
            words: BTreeSet::from(["grep".to_owned(), "greet".to_owned()]),
            sets_path,
            made: BTreeSet::from([PathBuf::from("checked.stamp")]),
            ..Named::default()
        };
        let takes =
            |sets_path, path: &str| named(sets_path).is_taken_by(Path::new(path), |name| name == "grep");
        assert!(takes(true, "bin/grep") && takes(false, "checked.stamp"));
        assert!(!takes(true, "bin/greet"), "no other program has that name");
        assert!(!takes(true, "bin/diff") && !takes(false, "bin/grep"));
    }

    #[test]
    fn examples_of_a_document_are_run_where_it_is_named() {
        let named = |runs_examples| Named {
            paths: vec!["docs/use.md".to_owned(), "calc.py".to_owned()],
            runs_examples,
            ..Named::default()
        };
        assert!(named(true).runs_examples_of(Path::new("docs/use.md")));
        assert!(!named(false).runs_examples_of(Path::new("docs/use.md")));
        assert!(!named(true).runs_examples_of(Path::new("calc.py")), "there the work stands beside them");
        assert!(!named(true).runs_examples_of(Path::new("docs/other.md")));
    }

    #[test]
    fn a_test_that_is_asked_for_by_its_file_or_its_module_is_new() {
        let named = Named {
            paths: ["tests/test_mul", "tests/test_mul/MulTest", "unittest", "a.test.js"]
                .map(str::to_owned)
                .into(),
            ..Named::default()
        };
        let asks = |paths: &[&str]| named.asks_for_new(paths.iter().map(Path::new));
        assert!(asks(&["tests/test_mul.py"]) && asks(&["a.test.js"]));
        assert!(!asks(&["tests/test_add.py", "tests/unittest.py", "b.test.js"]) && !asks(&[]));
    }
}
