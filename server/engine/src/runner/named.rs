//! What a check's command names besides its scripts: programs, which a new file can take the place of, targets of a Makefile
//! or a package, and tests.

use crate::Result;
use alfine_core::{
    material::{Material, below, material_of},
    shell,
};
use alfine_git::{Objects, Repository};
use globset::Glob;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// How many command lines behind one are looked at.
const MOST_COMMANDS: usize = 64;

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
    /// Whether it asks for one that was there, too.
    pub(super) asks_for_old: bool,
    /// Whether it runs the examples of what it names.
    runs_examples: bool,
}

impl Named {
    /// Reads what a command names, that runs in `folder` and whose scripts are known, on the base and on the claimed tree.
    pub(super) fn read(
        (repository, objects): (&Repository, &Objects),
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
            named.asks_for_old |= was.is_some();
            was.iter().for_each(|text| named.read_words(text));
        }
        named.asks_for_old |= named.names_tests_of(objects, base)?;
        let Ok(uses) = shell::uses(command, folder) else { return Ok(named) };
        for target in uses.deciding.iter().chain(&uses.observed).flat_map(shell::Use::targets) {
            let Some(kind) = Kind::of(&target.tool) else { continue };
            let mut is_there = [false, false];
            for (is_there, tree) in is_there.iter_mut().zip([base, claimed]) {
                let (text, _) = kind.text_of(repository, objects, &target, tree)?;
                let targets = kind.targets(&text);
                *is_there |= (target.name.is_empty() && !text.is_empty()) || targets.contains(&target.name);
                if tree == base && kind == Kind::Make {
                    named.read_words(&text);
                    let made = targets.iter().map(|made| below(&target.folder, made).into());
                    named.made.extend(made);
                }
            }
            named.asks_for_new |= is_there == [false, true];
            named.asks_for_old |= is_there[0];
        }
        Ok(named)
    }

    /// Whether tests are named that were there before.
    fn names_tests_of(&self, objects: &Objects, base: &str) -> Result<bool> {
        for path in self.paths.iter().filter(|path| !path.starts_with(['-', '/', '.'])) {
            let module = format!("{path}.py");
            for file in [path, &module] {
                if material_of(file) == Some(Material::Test)
                    && file.rsplit('/').next().is_some_and(|name| name.contains('.'))
                    && objects.has_path(base, file)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A tree in which these files are as before, with the new targets and scripts that the loop put into them.
    pub(super) fn with_new_targets<'p>(
        (repository, objects): (&Repository, &Objects),
        files: impl Iterator<Item = &'p Path>,
        claimed: &str,
        mut tree: String,
    ) -> Result<String> {
        for path in files {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(kind) = Kind::of_file(name) else { continue };
            let (Some(was), Some(now)) = (objects.text_at(&tree, path)?, objects.text_at(claimed, path)?)
            else {
                continue;
            };
            if let Some(text) = kind.with_new(&was, &now) {
                tree = repository.with_text(&tree, path, &text)?;
            }
        }
        Ok(tree)
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

/// What a command comes to: itself, and what it has tools do that read from a file what that is.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The command lines, each with the folder that it runs in, from the root.
    pub(super) commands: Vec<(String, String)>,
    /// The files besides those of the usual names, from the root.
    pub(super) files: BTreeSet<PathBuf>,
}

impl Behind {
    /// Follows a command through the Makefiles, justfiles and packages of the base and of the claimed tree.
    pub(super) fn read(
        repository: &Repository,
        objects: &Objects,
        command: &str,
        folder: &str,
        trees: [&str; 2],
    ) -> Result<Self> {
        let mut behind = Self::default();
        let mut next = vec![(command.to_owned(), folder.to_owned())];
        while let Some((command, folder)) = next.pop() {
            let is_known = behind.commands.iter().any(|known| *known == (command.clone(), folder.clone()));
            if is_known || behind.commands.len() >= MOST_COMMANDS {
                continue;
            }
            if let Ok(uses) = shell::uses(&command, &folder) {
                for target in uses.deciding.iter().flat_map(shell::Use::targets) {
                    for tree in trees {
                        next.extend(behind.of_target(repository, objects, &target, tree)?);
                    }
                }
            }
            behind.commands.push((command, folder));
        }
        Ok(behind)
    }

    /// What a target has done, as a tree has it.
    fn of_target(
        &mut self,
        repository: &Repository,
        objects: &Objects,
        target: &shell::Target,
        tree: &str,
    ) -> Result<Vec<(String, String)>> {
        let Some(kind) = Kind::of(&target.tool) else { return Ok(Vec::new()) };
        let (text, files) = kind.text_of(repository, objects, target, tree)?;
        let usual = kind.usual_files(target);
        self.files.extend(files.into_iter().filter(|file| !usual.contains(file)).map(PathBuf::from));
        let lines = kind.recipe(&text, &target.name).into_iter();
        Ok(lines.map(|line| (line, target.folder.clone())).collect())
    }
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

    /// The kind of a file of this name.
    fn of_file(name: &str) -> Option<Self> {
        match name {
            "package.json" => Some(Self::Package),
            name if name.to_ascii_lowercase().trim_start_matches('.') == "justfile" => Some(Self::Just),
            name if name.to_ascii_lowercase().ends_with("makefile") || name.ends_with(".mk") => {
                Some(Self::Make)
            }
            _ => None,
        }
    }

    /// A text with what another one names to run and it does not; `None` if that is nothing.
    fn with_new(self, text: &str, other: &str) -> Option<String> {
        let known = self.targets(text);
        if self == Self::Package {
            let mut package: serde_json::Value = serde_json::from_str(text).ok()?;
            let other: serde_json::Value = serde_json::from_str(other).ok()?;
            let added: Vec<_> = other
                .get("scripts")?
                .as_object()?
                .iter()
                .filter(|(name, _)| !known.contains(*name))
                .collect();
            let scripts = package.as_object_mut()?.entry("scripts").or_insert_with(|| serde_json::json!({}));
            for (name, script) in &added {
                scripts.as_object_mut()?.insert((*name).clone(), (*script).clone());
            }
            return (!added.is_empty()).then(|| package.to_string());
        }
        let mut added = String::new();
        let mut is_new = false;
        for line in other.lines() {
            let heads = heads(self, line);
            if !heads.is_empty() {
                is_new = !heads.iter().any(|head| known.contains(head));
            } else if !line.starts_with([' ', '\t']) && !line.trim().is_empty() {
                is_new = false;
            }
            if is_new {
                added.push_str(line);
                added.push('\n');
            }
        }
        (!added.is_empty()).then(|| format!("{}\n\n{added}", text.trim_end()))
    }

    /// The files in which a target may be, from the root.
    fn files_of(self, target: &shell::Target) -> Vec<String> {
        target.file.clone().map_or_else(|| self.usual_files(target), |file| vec![file])
    }

    /// Those that are read where none is named.
    fn usual_files(self, target: &shell::Target) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Make => &["GNUmakefile", "makefile", "Makefile"],
            Self::Just => &["justfile", "Justfile", ".justfile"],
            Self::Package => &["package.json"],
        };
        names.iter().map(|name| below(&target.folder, name)).collect()
    }

    /// What a tree has in the files in which a target may be, and in those that these take in; and all these files.
    fn text_of(
        self,
        repository: &Repository,
        objects: &Objects,
        target: &shell::Target,
        tree: &str,
    ) -> Result<(String, BTreeSet<String>)> {
        let mut next = self.files_of(target);
        let (mut text, mut files) = (String::new(), BTreeSet::new());
        while let Some(file) = next.pop() {
            let Some(found) = objects.text_at(tree, Path::new(&file))? else { continue };
            if files.len() >= MOST_COMMANDS || !files.insert(file) {
                continue;
            }
            for file in self.included(&found).map(|file| below(&target.folder, file)) {
                let pattern = file.contains('*').then(|| Glob::new(&file).ok()).flatten();
                match pattern.map(|pattern| pattern.compile_matcher()) {
                    Some(pattern) => {
                        let all = repository.files_that(tree, &|path| pattern.is_match(path))?;
                        next.extend(all.into_iter().map(|(path, _)| path.to_string_lossy().into_owned()));
                    }
                    None => next.push(file),
                }
            }
            text.push_str(&found);
            text.push('\n');
        }
        Ok((text, files))
    }

    /// The files that a file takes in.
    fn included(self, text: &str) -> impl Iterator<Item = &str> {
        let lines = text.lines().filter(move |_| self == Self::Make);
        lines.flat_map(|line| match line.split_once(' ') {
            Some(("include" | "-include" | "sinclude", files)) => files.split_whitespace(),
            _ => "".split_whitespace(),
        })
    }

    /// The command lines of a target and of what it takes first; of the first one, where none is named.
    fn recipe(self, text: &str, name: &str) -> Vec<String> {
        if self == Self::Package {
            let package: serde_json::Value = serde_json::from_str(text.trim()).unwrap_or_default();
            let names = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
            let scripts = names.iter().filter_map(|name| package.get("scripts")?.get(name)?.as_str());
            return scripts.map(str::to_owned).collect();
        }
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = vec![name.to_owned()];
        while let Some(name) = next.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let mut is_it = false;
            let mut is_first = name.is_empty();
            for line in text.lines() {
                if let Some(command) = line.strip_prefix([' ', '\t']).filter(|_| is_it) {
                    lines.push(command.trim().trim_start_matches(['@', '-', '+']).to_owned());
                    continue;
                }
                let heads = heads(self, line);
                if heads.is_empty() {
                    is_it &= line.trim().is_empty() || line.starts_with('#');
                    continue;
                }
                is_it = std::mem::take(&mut is_first) || heads.contains(&name);
                if is_it && let Some((_, first)) = line.split_once(':') {
                    next.extend(first.split(';').next().unwrap_or("").split_whitespace().map(str::to_owned));
                    lines.extend(first.split_once(';').map(|(_, command)| command.trim().to_owned()));
                }
            }
        }
        lines
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
    fn a_target_comes_to_its_recipe_and_those_of_what_it_takes_first() {
        let makefile = "V = 1\ncheck: lint units\n\t@sh check.sh\n\n# said\n\t-sh more.sh\nlint:; sh lint.sh\nunits: $(V)\n\tpython3 -m unittest\nother:\n\tsh other.sh\n";
        let mut lines = Kind::Make.recipe(makefile, "check");
        lines.sort();
        assert_eq!(lines, ["python3 -m unittest", "sh check.sh", "sh lint.sh", "sh more.sh"]);
        assert_eq!(Kind::Make.recipe(makefile, ""), Kind::Make.recipe(makefile, "check"));
        assert_eq!(Kind::Make.recipe(makefile, "none"), [""; 0]);
        let included = Kind::Make.included("include a.mk b.mk\n-include c.mk\n# include d.mk\n");
        assert_eq!(included.collect::<Vec<_>>(), ["a.mk", "b.mk", "c.mk"]);
        assert_eq!(Kind::Just.recipe("check: lint\n  sh check.sh\nlint:\n  sh lint.sh\n", "check").len(), 2);
        let package = r#"{"scripts": {"pretest": "sh first.sh", "test": "node check.js"}}"#;
        assert_eq!(Kind::Package.recipe(package, "test"), ["sh first.sh", "node check.js"]);
    }

    #[test]
    fn new_targets_and_scripts_come_beside_those_of_before() {
        let was = "check:\n\tsh check.sh\n";
        let now = "SHELL = true\nshout: greet\n\tsh shout.sh\n\n\techo done\ncheck:\n\ttrue\n";
        assert_eq!(
            Kind::Make.with_new(was, now).unwrap(),
            "check:\n\tsh check.sh\n\nshout: greet\n\tsh shout.sh\n\n\techo done\n"
        );
        assert_eq!(Kind::Make.with_new(was, "check:\n\ttrue\n"), None);
        let was = r#"{"scripts":{"check":"sh check.sh"}}"#;
        let now = r#"{"scripts":{"check":"true","shout":"sh shout.sh"}}"#;
        let with: serde_json::Value =
            serde_json::from_str(&Kind::Package.with_new(was, now).unwrap()).unwrap();
        assert_eq!(with, serde_json::json!({"scripts": {"check": "sh check.sh", "shout": "sh shout.sh"}}));
        assert_eq!(Kind::Package.with_new(was, was), None);
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
