//! What a loop made other than it was, and the trees of the controls: with its material alone, and with its work alone.

use crate::Result;
use alfine_core::{
    material::{
        Manifest, Material, NamesData, is_data, is_for_checks, is_loaded_by_configuration, loads,
        manifest_of, material_of,
    },
    text::first_changed_line,
};
use alfine_git::{ChangeKind, Objects, Repository};
use alfine_syntax::{File, Missing, Suppression};
use globset::GlobSet;
use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// How far modules of Rust are followed to the one that says that they are for tests.
const DEEPEST_MODULE: usize = 8;

/// How much is read of all that changed, or of the code that may name it, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// The most files of data of which it is looked who names them.
const MOST_DATA: usize = 200;
/// The most files that a finding names.
const NAMED: usize = 10;

/// The most files of code in which it is looked for who names a file of data.
const MOST_READ: usize = 5_000;

/// A file that the loop made other than it was, or what of its inside is, and what it is.
pub(super) struct Changed {
    pub(super) path: PathBuf,
    pub(super) is: Option<Material>,
    /// Whether it was there before the loop: changed or removed, and not new.
    pub(super) was_there: bool,
    within: Within,
}

impl Changed {
    /// Whether it is about all of a file.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.within, Within::Whole)
    }

    /// Whether it can change what checks say that were there before, as the material that it is.
    pub(super) fn reaches(&self, is: Material) -> bool {
        self.was_there || is.reaches_others() || matches!(self.within, Within::Tests { reaches: true, .. })
    }
}

/// What of a file a change is about.
enum Within {
    /// All of it.
    Whole,
    /// The tests in it, from this line on; what is new may be within reach of the work.
    Tests { line: u32, reaches: bool },
    /// What was added to it by which a tool finds less.
    Suppressions(Vec<Suppression>),
}

/// A place in a file that made a check say less.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) line: u32,
    /// What was done to what is there, up to what a check says without that.
    pub(super) note: Option<String>,
}

/// All that a loop made other than it was, outside of Alfine's own files.
pub(super) struct Changes<'r> {
    pub(super) repository: &'r Repository,
    pub(super) objects: Objects,
    base: &'r str,
    claimed: &'r str,
    pub(super) all: Vec<Changed>,
    /// Tests that moved as they were, and have no place where they stood.
    kept: BTreeSet<String>,
    /// Those, and what could be put back as well.
    moved: BTreeSet<String>,
    /// The code of the repository, once somebody asked for it.
    code: OnceCell<Code>,
    /// The files that set up runners and tools, likewise: each one's path and text.
    configuration: OnceCell<Vec<(String, String)>>,
    /// Of files of Rust in one of the trees, the modules that they declare for tests alone.
    modules: RefCell<BTreeMap<(String, String), Vec<String>>>,
}

/// The code of a repository: each file's path and text.
#[derive(Default)]
struct Code {
    /// Of the base.
    tests: Vec<(String, String)>,
    /// Of the base and of the claimed tree.
    work: Vec<(String, String)>,
}

/// A tree with the work of the loop alone.
pub(super) struct WorkAlone {
    pub(super) tree: String,
    /// Whether all material of before is in it.
    pub(super) is_whole: bool,
}

impl<'r> Changes<'r> {
    /// Looks what differs between the base and the claimed tree; `material` and `work` are what the settings say.
    pub(super) fn read(
        repository: &'r Repository,
        own: &[PathBuf],
        [material, work]: [&GlobSet; 2],
        [base, claimed]: [&'r str; 2],
    ) -> Result<Self> {
        let objects = repository.objects()?;
        let mut changes = Self {
            repository,
            objects,
            base,
            claimed,
            all: Vec::new(),
            kept: BTreeSet::new(),
            moved: BTreeSet::new(),
            code: OnceCell::new(),
            configuration: OnceCell::new(),
            modules: RefCell::default(),
        };
        let (mut texts, mut read, mut data) = (Vec::new(), 0, 0);
        for change in repository.files_changed(base, claimed, own)? {
            let path = change.path;
            let was_there = change.kind != ChangeKind::Added;
            if work.is_match(&path) {
                changes.all.push(Changed { path, is: None, was_there, within: Within::Whole });
                continue;
            }
            let named = changes.material_at(&path)?;
            let mut is = named.or_else(|| material.is_match(&path).then_some(Material::Test));
            if is.is_none() && was_there && is_data(&path.to_string_lossy()) {
                data += 1;
                if data <= MOST_DATA && changes.is_data_of_tests(&path)? {
                    is = Some(Material::Test);
                }
            }
            if is.is_none() && alfine_syntax::is_read(&path.to_string_lossy()) {
                let (was, now) = changes.texts(&path)?;
                // What is there and no text is not taken apart.
                read += was.as_ref().map_or(0, String::len) + now.as_ref().map_or(0, String::len);
                let is_there = |tree: &str| changes.objects.has_path(tree, &path.to_string_lossy());
                if read <= MOST_BYTES
                    && is_there(base)? == was.is_some()
                    && is_there(claimed)? == now.is_some()
                {
                    texts.push((path.clone(), was, now));
                }
            }
            changes.all.push(Changed { path, is, was_there, within: Within::Whole });
        }
        changes.look_inside(&texts);
        Ok(changes)
    }

    fn texts(&self, path: &Path) -> Result<(Option<String>, Option<String>)> {
        Ok((self.objects.text_at(self.base, path)?, self.objects.text_at(self.claimed, path)?))
    }

    /// The base and the claimed tree.
    pub(super) fn trees(&self) -> [&str; 2] {
        [self.base, self.claimed]
    }

    /// A file's text on each of the trees.
    pub(super) fn versions(&self, path: &Path) -> Result<[Option<String>; 2]> {
        let (was, now) = self.texts(path)?;
        Ok([was, now])
    }

    /// The files of both trees whose path is wanted.
    pub(super) fn files_that(&self, is_wanted: &dyn Fn(&Path) -> bool) -> Result<BTreeSet<PathBuf>> {
        let mut found = BTreeSet::new();
        for tree in self.trees() {
            found.extend(self.repository.files_that(tree, is_wanted)?.into_iter().map(|(path, _)| path));
        }
        Ok(found)
    }

    /// Whether the texts of a file use code of the work, where code says what it uses.
    pub(super) fn uses_work<'t>(&self, path: &str, texts: impl Iterator<Item = &'t String>) -> Result<bool> {
        let others = self.code()?.work.iter().map(|(other, _)| other.as_str());
        let others: Vec<&str> = others.filter(|other| *other != path).collect();
        Ok(texts.into_iter().any(|text| NamesData::uses_code(path, text, others.iter().copied())))
    }

    /// Whether code that is no material, nor one of those, loads a file.
    pub(super) fn is_loaded_by_work(&self, path: &str, besides: &dyn Fn(&Path) -> bool) -> Result<bool> {
        let is_other = |other: &str| other != path && !is_for_checks(other) && !besides(Path::new(other));
        Ok(self.code()?.work.iter().any(|(other, text)| is_other(other) && loads(other, text, path)))
    }

    /// Whether tests of before import a module of Python.
    pub(super) fn is_imported_by_tests(&self, module: &str) -> Result<bool> {
        let file = format!("{module}.py");
        let tests = &self.code()?.tests;
        Ok(tests.iter().any(|(path, text)| path.ends_with(".py") && loads("", text, &file)))
    }

    /// Whether a file is code that configuration says is loaded.
    fn is_loaded_by_configuration(&self, path: &str) -> Result<bool> {
        if !NamesData::is_code(path) {
            return Ok(false);
        }
        if self.configuration.get().is_none() {
            let is_it = |path: &Path| {
                matches!(
                    material_of(&path.to_string_lossy()),
                    Some(Material::Configuration | Material::Manifest)
                )
            };
            let mut found = Vec::new();
            for path in self.files_that(&is_it)?.into_iter().take(MOST_DATA) {
                let name = path.to_string_lossy().into_owned();
                found.extend(self.versions(&path)?.into_iter().flatten().map(|text| (name.clone(), text)));
            }
            let _ = self.configuration.set(found);
        }
        let all = self.configuration.get().into_iter().flatten();
        Ok(all.into_iter().any(|(from, text)| is_loaded_by_configuration(from, text, path)))
    }

    /// Takes files of the work apart.
    fn look_inside(&mut self, texts: &[(PathBuf, Option<String>, Option<String>)]) {
        let names: Vec<String> = texts.iter().map(|(path, ..)| path.to_string_lossy().into_owned()).collect();
        let files: Vec<File<'_>> = names
            .iter()
            .zip(texts)
            .map(|(path, (_, was, now))| File { path, was: was.as_deref(), now: now.as_deref() })
            .collect();
        let compared = alfine_syntax::compare(&files);
        for (inside, (path, ..)) in compared.inside.into_iter().zip(texts) {
            // These first: where they stand is known in the text as the loop left it.
            if !inside.suppressions.is_empty() {
                self.all.push(Changed {
                    path: path.clone(),
                    is: Some(Material::Suppression),
                    was_there: false,
                    within: Within::Suppressions(inside.suppressions),
                });
            }
            if let Some(tests) = inside.tests {
                self.all.push(Changed {
                    path: path.clone(),
                    is: Some(Material::InSource),
                    was_there: tests.was_there,
                    within: Within::Tests { line: tests.line, reaches: tests.reaches },
                });
            }
        }
        self.moved = compared.kept.union(&compared.moved).cloned().collect();
        self.kept = compared.kept;
    }

    /// What of the material a file is: by its name, and what is said of it elsewhere.
    fn material_at(&self, path: &Path) -> Result<Option<Material>> {
        let name = path.to_string_lossy();
        match material_of(&name) {
            Some(Material::Manifest) => {
                let alike = match (manifest_of(&name), self.texts(path)?) {
                    (Some(kind), (Some(was), Some(now))) => kind.checks_alike(&was, &now),
                    // A first one says nothing else of what was there.
                    (Some(Manifest::Go | Manifest::CMake), _) => true,
                    _ => false,
                };
                Ok((!alike).then_some(Material::Manifest))
            }
            None if name.ends_with(".rs") && self.is_module_of_tests(&name, DEEPEST_MODULE)? => {
                Ok(Some(Material::Test))
            }
            None if name.ends_with(".md") && self.is_documentation_of_rust(path)? => Ok(Some(Material::Test)),
            None if self.is_loaded_by_configuration(&name)? => Ok(Some(Material::Configuration)),
            named => Ok(named),
        }
    }

    /// Reads the code of the repository. Where there is very much, none.
    fn code(&self) -> Result<&Code> {
        if let Some(code) = self.code.get() {
            return Ok(code);
        }
        let is_code = |path: &Path| NamesData::is_code(&path.to_string_lossy());
        let before = self.repository.files_that(self.base, &is_code)?;
        let now = self.repository.files_that(self.claimed, &is_code)?;
        let is_test = |(path, _): &(PathBuf, String)| material_of(&path.to_string_lossy()).is_some();
        let (tests, work): (Vec<_>, Vec<_>) = before.into_iter().partition(is_test);
        let mut work: BTreeSet<(PathBuf, String)> = work.into_iter().collect();
        work.extend(now.into_iter().filter(|file| !is_test(file)));
        let mut code = Code::default();
        if tests.len() + work.len() <= MOST_READ {
            let mut left = MOST_BYTES;
            let mut read = |(path, id): (PathBuf, String)| -> Result<(String, String)> {
                let text = if left > 0 { self.objects.content(&id)? } else { Vec::new() };
                left = left.saturating_sub(text.len());
                Ok((path.to_string_lossy().into_owned(), String::from_utf8_lossy(&text).into_owned()))
            };
            code.tests = tests.into_iter().map(&mut read).collect::<Result<_>>()?;
            code.work = work.into_iter().map(&mut read).collect::<Result<_>>()?;
            if left == 0 {
                // By a part of it nobody can say what the rest does not name.
                code = Code::default();
            }
        }
        Ok(self.code.get_or_init(|| code))
    }

    /// Whether a document is taken into the documentation of Rust, whose examples are run.
    fn is_documentation_of_rust(&self, path: &Path) -> Result<bool> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(false) };
        let documents = |line: &str| {
            line.contains("include_str!")
                && line.contains(name)
                && line.trim_start().starts_with('#')
                && line.contains("doc")
        };
        Ok(self.code()?.work.iter().any(|(path, text)| path.ends_with(".rs") && text.lines().any(documents)))
    }

    /// Whether a file is data that only tests read: one names it that uses the work, and no code of the work can come to it.
    fn is_data_of_tests(&self, path: &Path) -> Result<bool> {
        let path = path.to_string_lossy();
        let names = NamesData::new(&path);
        let Code { tests, work } = self.code()?;
        let is_named = |(path, text): &(String, String)| {
            names.is_named_by_test(text)
                && NamesData::uses_code(path, text, work.iter().map(|(path, _)| path.as_str()))
        };
        // A test in the source uses the work that it stands in.
        let is_named_inside = |(path, text): &(String, String)| {
            names.is_named_by_test(text) && names.is_named_by_test(&alfine_syntax::apart(path, text).tests)
        };
        let is_reached = |(path, text): &(String, String)| {
            names.is_reached_by(text) && names.is_reached_by(&alfine_syntax::apart(path, text).work)
        };
        Ok((tests.iter().any(is_named) || work.iter().any(is_named_inside)) && !work.iter().any(is_reached))
    }

    /// Whether a file of Rust, or a module that it is in, is declared for tests alone.
    fn is_module_of_tests(&self, path: &str, deepest: usize) -> Result<bool> {
        let Some((parents, names)) = modules_above(path) else { return Ok(false) };
        for parent in &parents {
            for tree in [self.base, self.claimed] {
                if self.modules_for_tests(tree, parent)?.iter().any(|module| names.contains(module)) {
                    return Ok(true);
                }
            }
            if deepest > 0
                && self.objects.has_path(self.claimed, parent)?
                && self.is_module_of_tests(parent, deepest - 1)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The modules that a file of Rust declares for tests alone.
    fn modules_for_tests(&self, tree: &str, path: &str) -> Result<Vec<String>> {
        let key = (tree.to_owned(), path.to_owned());
        if let Some(known) = self.modules.borrow().get(&key) {
            return Ok(known.clone());
        }
        let text = self.objects.text_at(tree, Path::new(path))?;
        let modules = text.map(|text| alfine_syntax::modules_for_tests(&text)).unwrap_or_default();
        self.modules.borrow_mut().insert(key, modules.clone());
        Ok(modules)
    }

    /// The base with this material of the loop.
    pub(super) fn material_alone(&self, material: &[&Changed]) -> Result<String> {
        let mut tree = self.with_whole([self.base, self.claimed], material)?;
        let mut modules: Vec<String> = Vec::new();
        for changed in parts_of(material) {
            let Within::Tests { .. } = changed.within else { continue };
            let (was, now) = self.texts(&changed.path)?;
            let joined = alfine_syntax::with_material(
                &changed.path.to_string_lossy(),
                was.as_deref(),
                now.as_deref(),
                Missing::Stub,
                &self.moved,
            );
            if let Some(text) = joined.text {
                tree = self.repository.with_text(&tree, &changed.path, &text)?;
                modules.extend(was.is_none().then(|| changed.path.to_string_lossy().into_owned()));
            }
        }
        // A new file of Rust is read only if another says so.
        for _ in 0..DEEPEST_MODULE {
            let mut above = Vec::new();
            for (parents, names) in modules.iter().filter_map(|path| modules_above(path)) {
                for parent in parents {
                    let path = Path::new(&parent);
                    let Some(now) = self.objects.text_at(self.claimed, path)? else { continue };
                    let there = self.objects.text_at(&tree, path)?;
                    let is_wanted = |name: &str| names.iter().any(|wanted| wanted == name);
                    let with =
                        alfine_syntax::with_modules(there.as_deref().unwrap_or_default(), &now, &is_wanted);
                    if let Some(text) = with {
                        tree = self.repository.with_text(&tree, path, &text)?;
                        above.extend(there.is_none().then_some(parent));
                    }
                }
            }
            if above.is_empty() {
                break;
            }
            modules = above;
        }
        Ok(tree)
    }

    /// The loop's work with this material as it was before.
    pub(super) fn work_alone(&self, material: &[&Changed]) -> Result<WorkAlone> {
        self.work_without(material, &self.kept)
    }

    /// The same, with what moved as it was where it is now; `None` if nothing did.
    pub(super) fn work_alone_as_moved(&self, material: &[&Changed]) -> Result<Option<WorkAlone>> {
        if self.moved.len() == self.kept.len() {
            return Ok(None);
        }
        self.work_without(material, &self.moved).map(Some)
    }

    fn work_without(&self, material: &[&Changed], left: &BTreeSet<String>) -> Result<WorkAlone> {
        let mut tree = self.with_whole([self.claimed, self.base], material)?;
        let mut is_whole = true;
        for changed in parts_of(material) {
            let now = self.objects.text_at(&tree, &changed.path)?;
            let text = match &changed.within {
                Within::Whole => None,
                Within::Suppressions(added) => now.and_then(|now| alfine_syntax::without(&now, added)),
                Within::Tests { .. } => {
                    let was = self.objects.text_at(self.base, &changed.path)?;
                    let path = changed.path.to_string_lossy();
                    let joined = alfine_syntax::with_material(
                        &path,
                        now.as_deref(),
                        was.as_deref(),
                        Missing::Lose,
                        left,
                    );
                    is_whole &= joined.is_whole;
                    joined.text
                }
            };
            if let Some(text) = text {
                tree = self.repository.with_text(&tree, &changed.path, &text)?;
            }
        }
        Ok(WorkAlone { tree, is_whole })
    }

    /// The tree `onto` with whole files as `from` has them: of a manifest only what is not its dependencies.
    fn with_whole(&self, [onto, from]: [&str; 2], material: &[&Changed]) -> Result<String> {
        let whole = material.iter().filter(|changed| matches!(changed.within, Within::Whole));
        let paths: Vec<PathBuf> = whole.map(|changed| changed.path.clone()).collect();
        let mut tree = self.repository.with_files_of(onto, from, &paths)?;
        for path in &paths {
            let Some(kind) = manifest_of(&path.to_string_lossy()) else { continue };
            let (Some(checks), Some(work)) =
                (self.objects.text_at(from, path)?, self.objects.text_at(onto, path)?)
            else {
                continue;
            };
            if let Some(text) = kind.joined(&checks, &work) {
                tree = self.repository.with_text(&tree, path, &text)?;
            }
        }
        Ok(tree)
    }

    /// The files that had one of these tests before the loop, as far as their texts say; all, where none does.
    pub(super) fn naming(&self, tests: &[String]) -> Result<Vec<&Changed>> {
        let last = |test: &String| {
            let mut words = test.rsplit(|c: char| !(c.is_alphanumeric() || c == '_'));
            words.find(|word| !word.is_empty()).map(str::to_owned)
        };
        let names: Vec<String> = tests.iter().filter_map(last).collect();
        let whole = || self.all.iter().filter(|changed| matches!(changed.within, Within::Whole));
        let mut found = Vec::new();
        for file in whole().filter(|file| file.was_there) {
            let was = self.objects.text_at(self.base, &file.path)?;
            if was.is_some_and(|was| names.iter().any(|name| was.contains(name))) {
                found.push(file);
            }
        }
        if found.is_empty() {
            found.extend(whole());
        }
        Ok(found)
    }

    /// Where these were changed, for findings: the first few.
    pub(super) fn places(&self, changed: &[&Changed]) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for changed in changed.iter().take(NAMED) {
            places.extend(self.places_of(changed)?);
        }
        places.truncate(NAMED);
        Ok(places)
    }

    fn places_of(&self, changed: &Changed) -> Result<Vec<Place>> {
        let place = |line, note| Place { path: changed.path.to_string_lossy().into_owned(), line, note };
        Ok(match &changed.within {
            Within::Whole => {
                let line = match self.texts(&changed.path)? {
                    (Some(was), Some(now)) => first_changed_line(&was, &now),
                    (None, _) | (_, None) => 1,
                };
                vec![place(line, None)]
            }
            Within::Tests { line, .. } => vec![place(*line, None)],
            Within::Suppressions(added) => added
                .iter()
                .map(|one| {
                    let did = if one.is_gone { "taken out, and with it" } else { "added, and without it" };
                    place(one.line, Some(format!("`{}` was {did}", one.text)))
                })
                .collect(),
        })
    }
}

/// The parts of files, without those of which the whole is there, too.
fn parts_of<'c>(material: &[&'c Changed]) -> Vec<&'c Changed> {
    let is_whole = |path: &Path| {
        material.iter().any(|other| matches!(other.within, Within::Whole) && other.path == path)
    };
    let parts = material.iter().filter(|changed| !matches!(changed.within, Within::Whole));
    parts.filter(|changed| !is_whole(&changed.path)).copied().collect()
}

/// The files that can declare a file of Rust as their module, and by which names.
fn modules_above(path: &str) -> Option<(Vec<String>, Vec<String>)> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.strip_suffix(".rs")?;
    let (folder, name) = match stem {
        "mod" => folder.rsplit_once('/').unwrap_or(("", folder)),
        "lib" | "main" => return None,
        stem => (folder, stem),
    };
    let within = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    let mut parents: Vec<String> = ["lib.rs", "main.rs", "mod.rs"].map(within).into();
    if !folder.is_empty() {
        parents.push(format!("{folder}.rs"));
    }
    parents.retain(|parent| parent != path);
    Some((parents, vec![name.to_owned(), file.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_rust_is_declared_above_it() {
        let (parents, names) = modules_above("src/a/b.rs").unwrap();
        assert_eq!(parents, ["src/a/lib.rs", "src/a/main.rs", "src/a/mod.rs", "src/a.rs"]);
        assert_eq!(names, ["b", "b.rs"]);
        let (parents, names) = modules_above("src/a/mod.rs").unwrap();
        assert_eq!((parents[0].as_str(), names[0].as_str()), ("src/lib.rs", "a"));
        assert_eq!(modules_above("src/lib.rs"), None);
        assert_eq!(modules_above("a.py"), None);
    }
}
