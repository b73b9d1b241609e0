//! One working tree as it lies on the disk: its plans, its settings, and what its plans would run that nobody allowed.
//!
//! Reads again only what changed. Never knows the database.

use crate::protocol::lsp_types::Url;
use crate::{
    document::Document,
    snapshot::{Checkout, Place, StorePicture},
};
use alfine_config::{Layers, Loaded, Partial, trust::Trust, trust::TrustItem};
use alfine_core::{
    plan::{self, Here, Plan},
    task::TaskKey,
};
use alfine_engine::{
    checks::{self, Programs},
    project::plan_files,
    task_spec,
};
use alfine_files::{
    UserDirs,
    plain_file::{self, LARGEST_TEXT},
};
use alfine_git::Repository;
use globset::GlobSet;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::{self, Metadata},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A file that was changed this recently may change again without its times showing it.
const SETTLED: Duration = Duration::from_millis(100);
/// The most folders of plans that are watched in one working tree.
const MOST_FOLDERS: usize = 256;
/// The files that checks are detected by.
const MANIFESTS: [&str; 21] = [
    "Cargo.toml",
    "clippy.toml",
    ".clippy.toml",
    "package.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "pyproject.toml",
    "pytest.ini",
    "pytest.toml",
    "setup.cfg",
    "tox.ini",
    "uv.lock",
    "poetry.lock",
    "tests",
    "test",
    "go.mod",
    "Makefile",
    "makefile",
    "GNUmakefile",
];

/// One working tree.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) place: Place,
    /// Where git notes down each commit that HEAD comes to.
    moves: Option<PathBuf>,
    layers: Layers,
    loaded: Loaded,
    globs: GlobSet,
    settings_file: Option<Arc<Document>>,
    plans: BTreeMap<String, Known>,
    trusted: Option<Stamp>,
    notices: Vec<String>,
    programs: Programs,
    here: Here,
}

/// A plan's file.
#[derive(Debug)]
struct Known {
    /// The file's stamp, from which a change is seen without reading the file; `None` if only its text can show one.
    stamp: Option<Stamp>,
    /// Or why it cannot be read as a plan: a part of a sentence.
    document: Result<Arc<Document>, String>,
    /// The paths that its checks consist of, once that was asked for: whether they are scripts their files tell.
    paths: Option<Vec<String>>,
    /// What its tasks would run, once that was asked for.
    wanted: Option<Vec<TrustItem>>,
    /// The part of it that nobody has allowed.
    untrusted: Vec<TrustItem>,
}

impl Known {
    fn text(&self) -> Result<&str, &String> {
        self.document.as_ref().map(|document| document.text.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            file: (found.dev(), found.ino()),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// `None` if the file may be changed again within the same tick of the clock.
    fn of_settled(found: &Metadata) -> Option<Self> {
        let age = SystemTime::now().duration_since(found.modified().ok()?).ok()?;
        (age > SETTLED).then(|| Self::of(found))
    }
}

impl Tree {
    /// Reads a working tree.
    pub(super) fn read(place: Place, user: &UserDirs, editor: &Partial) -> Self {
        let repository = Repository::discover(&place.real_root).ok();
        let mut tree = Self {
            place,
            moves: repository.map(|repository| repository.git_dir().join("logs")),
            layers: Layers::default(),
            loaded: Loaded::default(),
            globs: GlobSet::empty(),
            settings_file: None,
            plans: BTreeMap::new(),
            trusted: None,
            notices: Vec::new(),
            programs: Programs::default(),
            here: Here::default(),
        };
        tree.load(Layers { editor: editor.clone(), ..Layers::read(user, &tree.place.root) });
        tree.list(true, &HashSet::new());
        tree.look_around();
        tree.judge(user, true);
        tree
    }

    /// Looks for changes; `changed` are paths that are known to have changed. Returns whether there were any.
    pub(super) fn look(&mut self, user: &UserDirs, editor: &Partial, changed: &HashSet<PathBuf>) -> bool {
        let layers = Layers { editor: editor.clone(), ..Layers::read(user, &self.place.root) };
        let is_other = |a: &Layers, b: &Layers| {
            (&a.user, &a.repository, &a.editor) != (&b.user, &b.repository, &b.editor)
        };
        let reloaded = is_other(&self.layers, &layers);
        if reloaded {
            self.load(layers);
            for known in self.plans.values_mut() {
                (known.wanted, known.paths) = (None, None);
            }
        }
        let names: HashSet<String> = changed.iter().filter_map(|path| self.place.name_of(path)).collect();
        let is_manifest =
            |name: &String| MANIFESTS.iter().any(|manifest| Path::new(name).ends_with(manifest));
        if names.iter().any(is_manifest) {
            for known in self.plans.values_mut() {
                known.wanted = None;
            }
        }
        // What a pull brings far below the root nobody else may tell.
        let listed = self.list(reloaded || self.is_moved_by(changed), &names);
        let trust = user.state.join("trust");
        let trust_changed = changed.iter().any(|path| path.starts_with(&trust));
        let moved = self.look_around();
        let judged = self.judge(user, trust_changed);
        reloaded || listed || moved || judged
    }

    /// Looks which programs and scripts are there. Returns whether there are others than before.
    fn look_around(&mut self) -> bool {
        let (root, config) = (&self.place.real_root, &self.loaded.config);
        let (mut all, mut missing_folders) = (BTreeSet::new(), BTreeMap::new());
        for (name, known) in &mut self.plans {
            let Ok(document) = &known.document else { continue };
            let paths = known.paths.get_or_insert_with(|| {
                checks::paths(document.plan(), &checks::folder(config, name)).collect()
            });
            all.extend(paths.iter().cloned());
            missing_folders.extend(checks::missing_folders(root, document.plan()));
        }
        let here = checks::here(root, self.programs.look_here(), all.into_iter());
        let here = Here { missing_folders: Arc::new(missing_folders), ..here };
        if here == self.here {
            return false;
        }
        self.here = here;
        for known in self.plans.values_mut() {
            known.wanted = None;
        }
        true
    }

    fn load(&mut self, layers: Layers) {
        self.loaded = alfine_config::load_what_is_valid(&layers);
        self.globs = plan_files::plan_globs(&self.loaded.config.plans);
        self.layers = layers;
        self.settings_file = self.document("alfine.toml").ok().map(|(document, _)| Arc::new(document));
    }

    /// Lists the plans and reads those that changed. Returns whether any did.
    fn list(&mut self, search: bool, changed: &HashSet<String>) -> bool {
        let found = match search {
            true => plan_files::plan_files(&self.place.real_root, &self.loaded.config.plans),
            false => plan_files::in_usual_places(&self.place.real_root, &[]),
        };
        let mut names: BTreeSet<String> = found.into_iter().collect();
        names.extend(self.plans.keys().cloned());
        names.extend(changed.iter().cloned());
        names.retain(|name| plan::is_plan_path(name) || self.globs.is_match(name));
        // A link has no name of its own: the plan is the file that it leads to. One outside of the tree is no plan of it.
        let names: BTreeSet<String> =
            names.into_iter().filter_map(|name| self.place.real_name_of(name)).collect();
        let before = self.plans.len();
        self.plans.retain(|name, _| names.contains(name));
        let mut is_other = self.plans.len() != before;
        for name in names {
            is_other |= self.refresh(&name, changed.contains(&name));
        }
        is_other
    }

    fn refresh(&mut self, name: &str, surely: bool) -> bool {
        let found = fs::metadata(self.place.real_root.join(name)).ok().filter(Metadata::is_file);
        let Some(found) = found else { return self.plans.remove(name).is_some() };
        let known = self.plans.get(name);
        if !surely && known.is_some_and(|known| known.stamp == Some(Stamp::of(&found))) {
            return false;
        }
        let (document, stamp) = match self.document(name) {
            Ok((document, stamp)) => (Ok(Arc::new(document)), stamp),
            Err(why) => (Err(why), Stamp::of_settled(&found)),
        };
        if let Some(known) = self.plans.get_mut(name)
            && known.text() == document.as_ref().map(|document| document.text.as_str())
        {
            known.stamp = stamp;
            return false;
        }
        let wanted = document.is_err().then(Vec::new);
        let known = Known { stamp, document, paths: None, wanted, untrusted: Vec::new() };
        self.plans.insert(name.to_owned(), known);
        true
    }

    /// Reads a text, or says why it cannot be read.
    fn document(&self, name: &str) -> Result<(Document, Option<Stamp>), String> {
        let path = self.place.real_root.join(name);
        let failed = |error: std::io::Error| format!("its file cannot be opened ({error})");
        let file = plain_file::open(&path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        let bytes = plain_file::rest(&file, LARGEST_TEXT).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => {
                format!("it is larger than {} MiB; split it into several plans", LARGEST_TEXT >> 20)
            }
            _ => failed(error),
        })?;
        let text =
            String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text; save it as UTF-8".to_owned())?;
        let uri = Url::from_file_path(self.place.root.join(name));
        let uri = uri.map_err(|()| "its path cannot be written as a URI".to_owned())?;
        Ok((Document::new(uri, None, text), Stamp::of_settled(&found)))
    }

    /// Finds what nobody has allowed: for the plans that changed, or for all plans if the approvals changed.
    fn judge(&mut self, user: &UserDirs, trust_changed: bool) -> bool {
        let trusted = fs::metadata(user.state.join("trust")).ok().map(|found| Stamp::of(&found));
        let again = trust_changed || trusted != self.trusted;
        if !again && self.plans.values().all(|known| known.wanted.is_some()) {
            return false;
        }
        self.trusted = trusted;
        let mut notices = Vec::new();
        let trust = match Trust::open(&user.state, &self.place.common_dir) {
            Ok(trust) => {
                notices.extend(trust.warning().map(str::to_owned));
                Some(trust)
            }
            Err(error) => {
                tracing::warn!("{error}");
                notices.push(error.to_string());
                None
            }
        };
        let mut is_other = self.notices != notices;
        self.notices = notices;
        let programs = self.here.programs.clone().unwrap_or_default();
        let mut repository = checks::Repository::new(&self.place.real_root, programs);
        for (name, known) in &mut self.plans {
            let Ok(document) = &known.document else { continue };
            let wanted = known
                .wanted
                .get_or_insert_with(|| wanted(name, document.plan(), &self.layers, &mut repository));
            // If the approvals cannot be read, nothing counts as allowed.
            let untrusted = trust.as_ref().map_or_else(|| wanted.clone(), |trust| trust.untrusted(wanted));
            is_other |= known.untrusted != untrusted;
            known.untrusted = untrusted;
        }
        is_other
    }

    /// The folders to watch for all that was read.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let root = &self.place.real_root;
        let parents = self.plans.keys().filter_map(|name| Path::new(name).parent());
        let globbed = plan_files::plan_folders(&self.loaded.config.plans);
        let mut folders: BTreeSet<PathBuf> = parents
            .map(|parent| root.join(parent))
            .chain(globbed.iter().map(|folder| root.join(folder)))
            .collect();
        let mut below: Vec<PathBuf> =
            plan_files::usual_folders().iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = below.pop() {
            if folders.len() >= MOST_FOLDERS {
                break;
            }
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            below.extend(
                entries
                    .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                    .map(|entry| entry.path()),
            );
            folders.insert(folder);
        }
        folders.insert(root.clone());
        folders.extend(self.moves.clone());
        folders
    }

    /// Whether these changes are of HEAD: there may be another last commit.
    pub(super) fn is_moved_by(&self, changed: &HashSet<PathBuf>) -> bool {
        self.moves.as_ref().is_some_and(|moves| changed.iter().any(|path| path.starts_with(moves)))
    }

    /// The working tree as it is published, without what the database says, and what others know of it.
    pub(super) fn checkout(&self) -> Checkout {
        // Of some names, what is inside decides.
        let is_plan = |name: &str, text: &str| {
            let is_asked_for = self.globs.is_match(name) || !plan::is_plan_path(name);
            is_asked_for || plan::is_plan(name, text)
        };
        let documents = self.plans.iter().filter_map(|(name, known)| {
            let document = known.document.as_ref().ok()?;
            is_plan(name, &document.text).then(|| (name.clone(), document.clone()))
        });
        let unreadable =
            self.plans.iter().filter_map(|(name, known)| Some((name.clone(), known.text().err()?.clone())));
        let untrusted = self.plans.iter().filter(|(name, known)| {
            !known.untrusted.is_empty() && known.text().is_ok_and(|text| is_plan(name, text))
        });
        Checkout {
            place: self.place.clone(),
            is_folder: false,
            is_loops: false,
            config: Arc::new(self.loaded.config.clone()),
            lint_options: Arc::new(self.loaded.config.lint.clone()),
            here: self.here.clone(),
            problems: self.loaded.problems.clone(),
            globs: self.globs.clone(),
            plans: documents.collect(),
            unreadable: unreadable.collect(),
            settings_file: self.settings_file.clone(),
            untrusted: untrusted.map(|(name, known)| (name.clone(), known.untrusted.clone())).collect(),
            store: Arc::new(StorePicture::default()),
            notices: self.notices.clone(),
        }
    }
}

/// What the tasks of a plan that are not done would run, each text once.
fn wanted(name: &str, plan: &Plan, layers: &Layers, repository: &mut checks::Repository) -> Vec<TrustItem> {
    // Most tasks set nothing themselves, so they share one answer.
    let mut loaded: HashMap<String, Loaded> = HashMap::new();
    let mut items: Vec<TrustItem> = Vec::new();
    let mut seen = HashSet::new();
    for task in plan.tasks.iter().filter(|task| !task.is_over()) {
        let fields = [&plan.defaults, &task.fields].map(Partial::from);
        let loaded = loaded.entry(format!("{fields:?}")).or_insert_with(|| {
            alfine_config::load_what_is_valid(&Layers { task: fields.to_vec(), ..layers.clone() })
        });
        let key = TaskKey::new(name, task.id.0.clone());
        let commands = task_spec::commands_of(&key, plan, task, loaded, repository);
        items.extend(commands.into_iter().filter(|item| seen.insert(item.command.clone())));
    }
    items
}
