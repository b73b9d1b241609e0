//! What a command makes material of its own check: the scripts that answer it with what they load, the files that set its
//! tools up, and the tests that it names to a runner, wherever they lie.

use super::changes::Changes;
use crate::{Result, runner::named::Behind};
use alfine_core::{
    material::{Material, NamesData, below, is_a_check, is_data, is_for_checks, loads, material_of},
    shell,
};
use alfine_verify::test_report::{TestRunner, runner_of};
use globset::{GlobBuilder, GlobMatcher};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// How many scripts of one command are looked at.
const MOST_SCRIPTS: usize = 64;
/// How many files that lie where checks lie are looked at.
const MOST_BESIDE: usize = 500;

/// What one command makes material.
#[derive(Default)]
pub(super) struct Own {
    /// The scripts of the repository whose status is its answer, with what those read as their own text, from the root.
    pub(super) scripts: BTreeSet<PathBuf>,
    /// What else there is.
    others: BTreeMap<PathBuf, Material>,
}

impl Own {
    /// Reads it off the base and the claimed tree. What is only run for its output, or looked at, is the work.
    pub(super) fn read(changes: &Changes<'_>, command: &str, folder: &str) -> Result<Self> {
        let behind = Behind::read(changes.repository, &changes.objects, command, folder, changes.trees())?;
        let mut own = Self::default();
        own.others.extend(behind.files.into_iter().map(|file| (file, Material::Commands)));
        let mut next = Vec::new();
        let mut named = Vec::new();
        for (line, folder) in &behind.commands {
            let uses = shell::uses(line, folder).unwrap_or_default();
            for file in &uses.settings {
                own.others.entry(file.into()).or_insert(Material::Configuration);
            }
            for used in &uses.deciding {
                next.extend(sources(changes, used)?.into_iter().map(|path| (path, false)));
                named.extend(Operands::of(used));
            }
            // What a build file has made or run may as well be the work.
            let is_check =
                |(path, is_shell): &(String, bool)| line == command || *is_shell || is_for_checks(path);
            next.extend(scripts(changes, uses)?.into_iter().filter(is_check));
        }
        own.read_scripts(changes, next, folder)?;
        own.read_beside(changes)?;
        own.read_tests(changes, &named)?;
        Ok(own)
    }

    /// Takes in what another command makes material, which runs before this one.
    pub(super) fn extend(&mut self, other: &Self) {
        self.scripts.extend(other.scripts.iter().cloned());
        self.others.extend(other.others.iter().map(|(path, is)| (path.clone(), *is)));
    }

    /// What of the material of this check a file is.
    pub(super) fn of(&self, path: &Path) -> Option<Material> {
        let script = self.scripts.contains(path).then_some(Material::Script);
        script.or_else(|| self.others.get(path).copied())
    }

    fn read_scripts(
        &mut self,
        changes: &Changes<'_>,
        mut next: Vec<(String, bool)>,
        folder: &str,
    ) -> Result<()> {
        while let Some((path, is_shell)) = next.pop() {
            if self.scripts.len() >= MOST_SCRIPTS || !self.scripts.insert(PathBuf::from(&path)) {
                continue;
            }
            for text in changes.versions(Path::new(&path))?.into_iter().flatten() {
                let is_shell = text
                    .strip_prefix("#!")
                    .map_or(is_shell, |line| line.lines().next().is_some_and(|line| line.contains("sh")));
                if is_shell && let Ok(uses) = shell::uses_of_script(&text, &path, folder) {
                    // What lies elsewhere is what the script looks at: a test that includes the program that it tests.
                    let is_its_own = |(other, _): &(String, bool)| {
                        Path::new(other).parent() == Path::new(&path).parent()
                            || is_for_checks(other)
                            || material_of(other).is_some()
                    };
                    next.extend(scripts(changes, uses)?.into_iter().filter(is_its_own));
                }
            }
        }
        Ok(())
    }

    /// Looks what the scripts load or read of what lies where checks lie.
    fn read_beside(&mut self, changes: &Changes<'_>) -> Result<()> {
        let mut next: Vec<String> =
            self.scripts.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        next.retain(|path| is_a_check(path));
        if next.is_empty()
            || !changes.all.iter().any(|changed| is_for_checks(&changed.path.to_string_lossy()))
        {
            return Ok(());
        }
        let beside = changes.files_that(&|path| is_for_checks(&path.to_string_lossy()))?;
        let mut beside: Vec<String> =
            beside.iter().map(|path| path.to_string_lossy().into_owned()).take(MOST_BESIDE).collect();
        while let Some(from) = next.pop() {
            for text in changes.versions(Path::new(&from))?.into_iter().flatten() {
                let is_used = |path: &String| match is_data(path) {
                    true => NamesData::new(path).is_named_by_test(&text),
                    false => NamesData::is_code(path) && loads(&from, &text, path),
                };
                let (used, others) = beside.into_iter().partition(is_used);
                beside = others;
                for path in used as Vec<String> {
                    self.others.entry(PathBuf::from(&path)).or_insert(Material::Script);
                    next.push(path);
                }
            }
        }
        Ok(())
    }

    /// Looks which files that changed are tests that a runner is told to run.
    fn read_tests(&mut self, changes: &Changes<'_>, named: &[Operands]) -> Result<()> {
        let is_named = |path: &Path| named.iter().any(|one| one.has(path).is_some());
        for changed in changes.all.iter().filter(|changed| changed.is.is_none()) {
            let Some(is_told) = named.iter().filter_map(|one| one.has(&changed.path)).max() else { continue };
            let path = changed.path.to_string_lossy();
            let texts = changes.versions(&changed.path)?;
            let reads_as_test = texts.iter().flatten().any(|text| reads_as_test(&path, text));
            // Beside tests, a module of Python may have the work in it.
            let is_test = reads_as_test || (is_told == Told::File && !path.ends_with(".py"));
            if is_test
                && changes.uses_work(&path, texts.iter().flatten())?
                && !changes.is_loaded_by_work(&path, &is_named)?
            {
                self.others.entry(changed.path.clone()).or_insert(Material::Test);
            }
        }
        Ok(())
    }
}

/// How a file is named to a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// By a folder that it is in, or a part of its path.
    Place,
    /// By itself, or by a pattern of files.
    File,
}

/// What a runner of tests is told to run.
struct Operands {
    /// From the root.
    places: Vec<String>,
    files: Vec<GlobMatcher>,
    /// Whether a part of a path is enough.
    takes_parts: bool,
}

impl Operands {
    fn of(used: &shell::Use) -> Option<Self> {
        let line = std::iter::once(&used.program).chain(&used.script).chain(&used.arguments);
        let runner = runner_of(&line.map(String::as_str).collect::<Vec<_>>().join(" "))?;
        let told = used.arguments.iter().chain(&used.script).filter(|word| !word.starts_with('-'));
        let told = told.map(|word| word.split("::").next().unwrap_or_default());
        let places: Vec<String> =
            told.map(|word| below(&used.folder, word)).filter(|path| !path.is_empty()).collect();
        let pattern = |path: &String| Some(GlobBuilder::new(path).build().ok()?.compile_matcher());
        let files = places.iter().filter_map(pattern).collect();
        let takes_parts = matches!(runner, TestRunner::Jest | TestRunner::Vitest);
        Some(Self { places, files, takes_parts })
    }

    fn has(&self, path: &Path) -> Option<Told> {
        let text = path.to_string_lossy();
        let is_in = |place: &String| path.starts_with(place) || (self.takes_parts && text.contains(place));
        if !TESTED.iter().any(|ending| text.ends_with(ending)) {
            return None;
        }
        match self.files.iter().any(|pattern| pattern.is_match(path)) {
            true => Some(Told::File),
            false => self.places.iter().any(is_in).then_some(Told::Place),
        }
    }
}

/// Endings of code whose runners take files and folders.
const TESTED: [&str; 15] = [
    ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".py", ".rb", ".php", ".pl", ".lua",
    ".exs", ".dart",
];

/// Whether a text says that it is about tests, in the words of its language's runners.
fn reads_as_test(path: &str, text: &str) -> bool {
    let words: &[&str] = match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "py" => &["def test", "TestCase", "import pytest", "import unittest"],
        "rb" => &["Minitest", "Test::Unit", "RSpec", "describe "],
        "php" => &["TestCase", "function test"],
        "pl" => &["Test::", "ok("],
        "lua" => &["describe(", "luaunit"],
        "exs" => &["ExUnit"],
        "dart" => &["test("],
        _ => &["node:test", "test(", "it(", "describe(", "suite("],
    };
    words.iter().any(|word| text.contains(word))
}

/// The sources of a program that is compiled, or run from its source, where they lie where checks lie.
fn sources(changes: &Changes<'_>, used: &shell::Use) -> Result<Vec<String>> {
    let told = used.arguments.iter().map(String::as_str);
    let program = used.program.rsplit('/').next().unwrap_or_default();
    let mut found: Vec<String> = match program {
        "cc" | "gcc" | "clang" | "c++" | "g++" | "clang++" | "rustc" | "javac" | "ghc" => {
            told.filter(|word| !word.starts_with('-')).map(|word| below(&used.folder, word)).collect()
        }
        "go" if used.arguments.first().is_some_and(|word| word == "run") => {
            let Some(package) = told.skip(1).find(|word| !word.starts_with('-')) else {
                return Ok(Vec::new());
            };
            let package = below(&used.folder, package);
            let is_of_it = |path: &Path| {
                path == Path::new(&package)
                    || (path.parent() == Some(Path::new(&package))
                        && path.extension().is_some_and(|ending| ending == "go"))
            };
            changes
                .files_that(&is_of_it)?
                .into_iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect()
        }
        name if name.starts_with("python") => {
            let module = used.arguments.iter().position(|word| word == "-m");
            let module = module.and_then(|at| used.arguments.get(at + 1));
            let places = module.map(|module| below(&used.folder, &module.replace('.', "/")));
            places.iter().flat_map(|place| [format!("{place}.py"), format!("{place}/__main__.py")]).collect()
        }
        _ => Vec::new(),
    };
    found.retain(|path| is_for_checks(path));
    Ok(found)
}

/// The scripts that decide, and whether each is a shell's unless it says otherwise.
fn scripts(changes: &Changes<'_>, uses: shell::Uses) -> Result<Vec<(String, bool)>> {
    let on_path = uses.on_path;
    let decide = uses.deciding.into_iter().flat_map(|one| {
        let is_shell = shell::is_shell(&one.program) || one.program.contains('/');
        // A program of a folder that the command itself puts on the `PATH` is a script like any other.
        let is_on_path = one.script.is_none() && !one.program.contains('/');
        let called = on_path.iter().filter(|_| is_on_path).map(|folder| format!("{folder}/{}", one.program));
        let called: Vec<String> = called.collect();
        one.script
            .map(|script| (script, is_shell))
            .into_iter()
            .chain(called.into_iter().map(|path| (path, true)))
    });
    let mut found = Vec::new();
    for (path, is_shell) in decide.chain(uses.sourced.into_iter().map(|path| (path, true))) {
        let pattern = path.contains(['*', '?', '[']).then(|| GlobBuilder::new(&path).build().ok()).flatten();
        match pattern.map(|pattern| pattern.compile_matcher()) {
            Some(pattern) => {
                let files =
                    changes.files_that(&|path| pattern.is_match(path))?.into_iter().take(MOST_SCRIPTS);
                found.extend(files.map(|file| (file.to_string_lossy().into_owned(), is_shell)));
            }
            None => found.push((path, is_shell)),
        }
    }
    Ok(found)
}
