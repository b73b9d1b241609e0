//! What the checks of plans would be run with here: their folder, and the programs and scripts that are there.

use crate::at_head;
use alfine_config::Config;
use alfine_core::{
    lint::{self, Checks},
    nearest,
    plan::{self, Fields, Here, NamedCommand, Plan, Task, folder_of},
};
use alfine_files::programs::with_usual_folders;
use alfine_verify::Detector;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// No `PATH` has more programs, unless somebody made it so.
const MOST_PROGRAMS: usize = 100_000;

/// The programs that are there to run. A look costs little where nothing changed.
#[derive(Debug, Default)]
pub struct Programs {
    seen: BTreeMap<PathBuf, Option<SystemTime>>,
    names: Arc<BTreeSet<String>>,
}

impl Programs {
    /// Looks at the folders of this `PATH`.
    pub fn look(&mut self, path: Option<&OsStr>) -> Arc<BTreeSet<String>> {
        // What a relative folder has depends on where a check runs. Nobody means such a program in a plan.
        let folders = path.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
        let changed = |folder: &PathBuf| fs::metadata(folder).and_then(|found| found.modified()).ok();
        let seen: BTreeMap<_, _> = folders.map(|folder| (folder.clone(), changed(&folder))).collect();
        if seen != self.seen {
            let files = seen.keys().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
            let names = files.filter_map(|file| file.file_name().into_string().ok());
            self.names = Arc::new(names.take(MOST_PROGRAMS).collect());
            self.seen = seen;
        }
        Arc::clone(&self.names)
    }

    /// Looks at the folders of the `PATH` that checks get in this process.
    pub fn look_here(&mut self) -> Arc<BTreeSet<String>> {
        self.look(Some(&with_usual_folders(std::env::var_os("PATH").as_deref())))
    }
}

/// The folder that the checks of a plan run in unless the plan says it, from the root.
pub fn folder(config: &Config, plan: &str) -> String {
    let said = config.verification.folder.as_deref().map(Path::new);
    let said = said.map(|said| {
        said.components().filter(|part| *part != std::path::Component::CurDir).collect::<PathBuf>()
    });
    said.map_or_else(|| folder_of(plan).to_owned(), |said| said.to_string_lossy().into_owned())
}

/// What is there for the checks of a repository.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    programs: Arc<BTreeSet<String>>,
    /// Proposes checks.
    pub detector: Detector,
}

impl Repository {
    /// Looks at the repository with this root; `programs` are those that are there to run.
    pub fn new(root: &Path, programs: Arc<BTreeSet<String>>) -> Self {
        Self { root: root.to_owned(), programs, detector: Detector::new(root) }
    }

    /// Looks at the repository with this root, and at the programs that this process would run.
    pub fn look(root: &Path) -> Self {
        Self::new(root, Programs::default().look_here())
    }

    /// What is there for the checks of a task that run in `folder`, from the root.
    pub(crate) fn here_for(&self, task: &Task, fields: &Fields, folder: &str) -> Here {
        here(&self.root, Arc::clone(&self.programs), paths_of(task, &fields.verify, folder))
    }

    /// What is there for the checks of a plan, as lints want it.
    pub fn checks(&self, config: &Config, name: &str, plan: &Plan) -> Checks {
        let folder = folder(config, name);
        let missing_folders = Arc::new(missing_folders(&self.root, plan));
        let here = here(&self.root, Arc::clone(&self.programs), paths(plan, &folder));
        let at_head = at_head::look(&self.root, name);
        Checks { folder, plan: name.to_owned(), here: Here { missing_folders, ..here }, at_head }
    }
}

/// What is there of the paths that checks name, in the repository with this root.
pub fn here(root: &Path, programs: Arc<BTreeSet<String>>, paths: impl Iterator<Item = String>) -> Here {
    let there: BTreeSet<String> = paths.filter(|path| root.join(path).symlink_metadata().is_ok()).collect();
    let executables = there.iter().filter(|path| is_executable(root, path)).cloned().collect();
    Here {
        programs: Some(programs),
        executables: Arc::new(executables),
        there: Arc::new(there),
        ..Here::default()
    }
}

/// The paths that a plan's checks consist of, or search for what they must not have, from the root. Their files tell
/// what is a command, and what finds nothing because there is nothing. `folder` is where the checks run.
pub fn paths<'p>(plan: &'p Plan, folder: &'p str) -> impl Iterator<Item = String> + 'p {
    let open = plan.tasks.iter().filter(|task| !task.is_over());
    let own = |task: &'p Task| {
        if task.fields.verify.is_empty() { &plan.defaults.verify } else { &task.fields.verify }
    };
    open.flat_map(move |task| paths_of(task, own(task), task.folder(plan, folder)))
}

fn paths_of<'p>(
    task: &'p Task,
    verify: &'p [NamedCommand],
    folder: &'p str,
) -> impl Iterator<Item = String> + 'p {
    let criteria = task.criteria.iter().filter_map(|criterion| criterion.command.as_deref());
    let codes = criteria.chain(task.runs.iter().chain(verify).map(|named| named.value.as_str()));
    codes.flat_map(move |code| {
        plan::bare_path(code, folder).into_iter().chain(plan::searched_paths(code, folder))
    })
}

/// The folders in which a plan says that checks run and that are not there, each with one beside it of nearly that name.
pub fn missing_folders(root: &Path, plan: &Plan) -> BTreeMap<String, Option<String>> {
    let tasks = plan.tasks.iter().filter(|task| !task.is_over()).map(|task| &task.fields);
    let said = tasks.chain([&plan.defaults]).filter_map(|fields| fields.folder.as_ref());
    let mut missing = BTreeMap::new();
    for folder in said.map(|folder| &folder.value) {
        if missing.contains_key(folder) || root.join(folder).is_dir() {
            continue;
        }
        let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let beside = fs::read_dir(root.join(above)).into_iter().flatten().flatten();
        let folders = beside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let near = nearest(name, names.iter().map(String::as_str));
        let near =
            near.map(|near| if above.is_empty() { near.to_owned() } else { format!("{above}/{near}") });
        missing.insert(folder.clone(), near);
    }
    missing
}

/// Whether a path from the root is an executable file.
pub(crate) fn is_executable(root: &Path, path: &str) -> bool {
    let found = root.join(path).metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The files that a task names, as they may be seen from the root: checks of the folders above them are its own.
pub(crate) fn named_files(task: &Task, folder: &str) -> Vec<String> {
    let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
    let texts = [task.title.as_str(), task.details.as_str()].into_iter().chain(criteria);
    let files: BTreeSet<&str> = texts.flat_map(lint::files_named).collect();
    let from_folder = |file: &&str| (!folder.is_empty()).then(|| format!("{folder}/{file}"));
    files.iter().flat_map(|file| [Some((*file).to_owned()), from_folder(file)]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_seen_as_they_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut programs = Programs::default();
        let path = std::env::join_paths([folder.path(), Path::new("relative"), Path::new("/no/such/folder")])
            .unwrap();
        assert!(programs.look(Some(&path)).is_empty());
        fs::write(folder.path().join("sqlx"), "").unwrap();
        assert!(programs.look(Some(&path)).contains("sqlx"));
        let same = programs.look(Some(&path));
        assert!(Arc::ptr_eq(&same, &programs.look(Some(&path))), "nothing changed");
        fs::remove_file(folder.path().join("sqlx")).unwrap();
        assert!(!programs.look(Some(&path)).contains("sqlx"));
        assert!(programs.look(None).is_empty());
    }

    #[test]
    fn folders_that_are_not_there_are_found_with_their_likes() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("apps/frontend")).unwrap();
        let text = "---\nchecks_run_in: gone\n---\n### T1: A\nChecks run in: apps/frontned\n### T2: B\nChecks run in: apps\n";
        let missing = missing_folders(root.path(), &plan::read("PLAN.md", text));
        let near = [("apps/frontned", Some("apps/frontend")), ("gone", None)];
        assert_eq!(missing, near.map(|(folder, near)| (folder.to_owned(), near.map(str::to_owned))).into());
    }

    #[test]
    fn a_setting_says_where_checks_run() {
        let mut config = Config::default();
        assert_eq!(folder(&config, "api/PLAN.md"), "api");
        config.verification.folder = Some(".".to_owned());
        assert_eq!(folder(&config, "api/PLAN.md"), "");
        config.verification.folder = Some("./web/".to_owned());
        assert_eq!(folder(&config, "api/PLAN.md"), "web");
    }

    #[test]
    fn scripts_of_a_plan_are_looked_for_where_its_checks_run() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("api")).unwrap();
        for (name, mode) in [("check", 0o755), ("notes", 0o644)] {
            let path = root.path().join("api").join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let text = "### T1: A\nCriteria:\n- a: `./check`\n- b: `./notes`\n- c: `../api/check`\n- d: `none/x`\n- e: `! grep x notes none`\n";
        let plan = plan::read("api/PLAN.md", text);
        let found = here(root.path(), Arc::default(), paths(&plan, "api"));
        let listed = |paths: &BTreeSet<String>| paths.iter().cloned().collect::<Vec<_>>();
        assert_eq!(listed(&found.executables), ["api/../api/check", "api/./check"]);
        assert_eq!(listed(&found.there), ["api/../api/check", "api/./check", "api/./notes", "api/notes"]);
    }
}
