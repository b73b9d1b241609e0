//! One repository, opened for work: git, the store, the user's folders; plans found and tasks named.
//!
//! The one way in for every command and for the language server. Opening runs nothing of the repository; it only ends
//! what dead runners left behind.

pub mod plan_files;

use crate::{Error, ErrorKind, Result, ledger};
use alfine_config::{Config, Layers, Loaded, Partial, trust::Trust, trust::TrustItem};
use alfine_core::{
    agent::Outcome,
    hint::Hint,
    lint, nearest,
    plan::{self, Plan, Task},
    task::TaskKey,
};
use alfine_files::{
    Layout, UserDirs, flat,
    plain_file::{self, LARGEST_TEXT},
};
use alfine_git::Repository;
use alfine_process::{ProcessError, ProcessIdentity};
use alfine_store::{Interrupted, LoopLock, RunEnd, Store};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a dead runner's processes have to end themselves.
const GRACE: Duration = Duration::from_millis(500);

/// One repository, opened for work.
#[derive(Debug)]
pub struct Project {
    /// The git repository.
    pub repository: Repository,
    /// Where its data lies.
    pub layout: Layout,
    /// The user's folders.
    pub user: UserDirs,
    /// The database.
    pub store: Store,
    /// What an editor says of the settings.
    pub editor: Partial,
    /// Warnings from the opening, such as a database that was set aside.
    pub notices: Vec<String>,
    /// Where the database was put that could not be read, if that came out at this opening: what was known of all
    /// loops.
    pub set_aside: Option<PathBuf>,
    directory: PathBuf,
}

/// A plan's document, read.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// Its path from the repository's root, `/` separated.
    pub name: String,
    /// The path of the file.
    pub path: PathBuf,
    /// The text of the file.
    pub text: String,
    /// The plan that was read from the text.
    pub plan: Plan,
}

impl PlanFile {
    /// The key of one of its tasks.
    pub fn key(&self, task: &Task) -> TaskKey {
        TaskKey::new(self.name.clone(), task.id.0.clone())
    }

    /// Whether a task has a box that is not ticked.
    pub fn has_open_box(&self, task: &Task) -> bool {
        !self.plan.tick(&self.text, task).is_empty()
    }
}

/// What the user named: a whole plan, or one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The plan's path as given.
    pub plan: String,
    /// The task's id, if one was given.
    pub task: Option<String>,
}

impl Target {
    /// Splits `PLAN[#TASK]` by the text alone.
    fn parse(text: &str) -> Result<Self> {
        let (plan, task) = match text.rsplit_once('#') {
            Some((plan, task)) => (plan, Some(task.to_owned())),
            None => (text, None),
        };
        if plan.is_empty() || task.as_deref() == Some("") {
            return Err(Error::user(format!("“{text}” names no task")).hint(Hint::NameTask { plan: None }));
        }
        Ok(Self { plan: plan.to_owned(), task })
    }
}

impl Project {
    /// Opens the repository around a folder. Ends what dead runners left, and marks their loops interrupted.
    pub fn open(directory: &Path) -> Result<Self> {
        let repository = Repository::discover(directory)?;
        let layout = Layout::of_common_dir(repository.common_dir());
        let user = UserDirs::from_env()?;
        let opened = Store::open(&layout)?;
        let mut notices = Vec::new();
        if let Some(aside) = &opened.recovered {
            notices.push(format!(
                "the database could not be read; it is kept as {}, and a new one was created. \
                 Checkpoints are still in git: git for-each-ref refs/alfine",
                aside.display()
            ));
        }
        let directory = directory.to_owned();
        let mut project = Self {
            repository,
            layout,
            user,
            store: opened.store,
            editor: Partial::default(),
            notices,
            set_aside: opened.recovered,
            directory,
        };
        project.end_leftovers()?;
        Ok(project)
    }

    /// Marks loops interrupted whose runner died, and ends every process that their agents left. Returns those loops.
    pub fn end_leftovers(&mut self) -> Result<Vec<Interrupted>> {
        let interrupted = self.store.reconcile()?;
        if let Err(error) = self.repository.clear_locks_of_the_dead() {
            tracing::warn!("a lock is left on a branch: {error}");
        }
        for found in &interrupted {
            // The processes of a check or a setup have no row, so everything with a marker of this loop is ended. While
            // the proof lives, nobody can continue the loop: its new processes would have such a marker, too.
            if let Some(_proof) = LoopLock::keep_unheld(&self.layout, &found.loop_id)? {
                let ended = alfine_process::end_leftovers(&found.loop_id.marker(""), None, GRACE);
                self.notices.extend(left_over(ended, &found.task)?);
            }
            if let Some(row) = self.store.loop_(&found.loop_id)? {
                ledger::settle(&self.user.state, self.repository.common_dir(), &row);
            }
        }
        for (task, run) in
            interrupted.iter().flat_map(|found| found.runs.iter().map(|run| (&found.task, run)))
        {
            let known = u64::try_from(run.process_start)
                .ok()
                .map(|start_time| ProcessIdentity { pid: run.pid, start_time });
            if let Some(notice) = left_over(alfine_process::end_leftovers(&run.marker, known, GRACE), task)? {
                // The run stays open in the database, so that the next opening tries again.
                self.notices.push(notice);
                continue;
            }
            self.store.write(|tx| {
                tx.end_run(
                    run.id,
                    &RunEnd {
                        outcome: &Outcome::Interrupted,
                        message: "its runner died",
                        session: None,
                        usage: None,
                        session_total_cost: None,
                        transcript: run.transcript.as_deref(),
                    },
                )
            })?;
        }
        self.notices.dedup();
        Ok(interrupted)
    }

    /// The layers of configuration, the task's and the command line's still to come.
    pub fn layers(&self) -> Layers {
        Layers { editor: self.editor.clone(), ..Layers::read(&self.user, self.repository.workdir()) }
    }

    /// The settings that hold for a task.
    pub fn settings(&self, command_line: Partial, task: Vec<Partial>) -> Result<Loaded> {
        let mut layers = self.layers();
        layers.command_line = command_line;
        layers.task = task;
        Ok(alfine_config::load(&layers)?)
    }

    /// The commands that the user of this machine has allowed this repository to run.
    pub fn trust(&self) -> Result<Trust> {
        Ok(Trust::open(&self.user.state, self.repository.common_dir())?)
    }

    /// The commands of these that nobody has allowed yet.
    pub fn untrusted(&self, items: &[TrustItem]) -> Result<Vec<TrustItem>> {
        Ok(self.trust()?.untrusted(items))
    }

    /// Splits `PLAN[#TASK]`. A file that is there goes before any other reading: a folder may be called `c#`.
    pub fn target(&self, text: &str) -> Result<Target> {
        let is_there = |plan: &str| self.path_of(plan).is_file();
        if is_there(text) {
            return Ok(Target { plan: text.to_owned(), task: None });
        }
        let splits = text.rmatch_indices('#').map(|(at, _)| text.split_at(at));
        let mut splits = splits.map(|(plan, task)| (plan, task.trim_start_matches('#')));
        match splits.find(|(plan, task)| !task.is_empty() && is_there(plan)) {
            Some((plan, task)) => Ok(Target { plan: plan.to_owned(), task: Some(task.to_owned()) }),
            None => Target::parse(text),
        }
    }

    /// The path of a plan, named from the folder the project was opened at, or from the repository's root.
    fn path_of(&self, given: &str) -> PathBuf {
        let here = self.directory.join(given);
        if here.exists() { here } else { self.repository.workdir().join(given) }
    }

    /// Reads a plan, named from the folder the project was opened at, or from the repository's root.
    pub fn plan(&self, given: &str) -> Result<PlanFile> {
        let path = self.path_of(given);
        let name = self.name_of(&path).ok_or_else(|| self.outside(given))?;
        self.read_plan(name, given)
    }

    /// Reads a plan by its name, as a task's key has it: its path from the repository's root.
    pub fn plan_named(&self, name: &str) -> Result<PlanFile> {
        // A link has no name of its own: the plan is the file that it leads to.
        let real = self.name_of(&self.repository.workdir().join(name)).ok_or_else(|| self.outside(name))?;
        self.read_plan(real, name)
    }

    fn outside(&self, given: &str) -> Error {
        Error::user(format!("{given} lies outside the repository {}", self.repository.workdir().display()))
            .hint("put the plan itself into the repository, not a link to it; or work in the repository that has it")
    }

    fn read_plan(&self, name: String, given: &str) -> Result<PlanFile> {
        let path = self.repository.workdir().join(&name);
        let bytes = plain_file::read(&path, LARGEST_TEXT).map_err(|error| {
            Error::user(format!("cannot read the plan {given}: {error}")).hint(
                match self.nearest_plan(&name) {
                    Some(near) => Hint::Advice(format!("did you mean {near}?")),
                    None => Hint::FindPlan,
                },
            )
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::user(format!("{given}: not UTF-8 text at byte {at}")).hint("save the file as UTF-8")
        })?;
        let plan = plan::read(&name, &text);
        Ok(PlanFile { name, path, text, plan })
    }

    /// What was meant by a plan that is not there: a task of a known plan, or the plan whose name is nearest.
    fn nearest_plan(&self, name: &str) -> Option<String> {
        let plans = self.plans().unwrap_or_default();
        let named = plans.iter().find_map(|file| {
            let task = file.plan.tasks.iter().find(|task| task.id.0.eq_ignore_ascii_case(name))?;
            Some(file.key(task).to_string())
        });
        named.or_else(|| nearest(name, plans.iter().map(|file| file.name.as_str())).map(str::to_owned))
    }

    /// A path as it is named from the folder that the project was opened at, from the root; as it is, where it leads out.
    pub(crate) fn name_from_here(&self, given: &str) -> String {
        self.name_of(&self.directory.join(given)).unwrap_or_else(|| given.to_owned())
    }

    /// A path from the repository's root, `/` separated; `None` if it is outside the repository.
    pub fn name_of(&self, path: &Path) -> Option<String> {
        let path = path.canonicalize().unwrap_or_else(|_| flat(path));
        let root = self.repository.workdir();
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        plan_files::name_of(path.strip_prefix(root).ok()?)
    }

    /// The plans of the repository: those of the tasks that are known, and those that are found by their names and by
    /// the globs of `plans`.
    pub fn plans(&self) -> Result<Vec<PlanFile>> {
        let mut names: Vec<String> = self.store.tasks()?.into_iter().map(|task| task.key.plan).collect();
        let globs = alfine_config::load_what_is_valid(&self.layers()).config.plans;
        let known: BTreeSet<String> = names.iter().cloned().collect();
        let named = plan_files::plan_globs(&globs);
        // Of some names, what is inside decides.
        let is_plan = |name: &str, text: &str| {
            let is_asked_for = known.contains(name) || named.is_match(name) || !plan::is_plan_path(name);
            is_asked_for || plan::is_plan(name, text)
        };
        names.extend(plan_files::plan_files(self.repository.workdir(), &globs));
        names.sort();
        names.dedup();
        let mut plans: Vec<PlanFile> = names
            .into_iter()
            .filter_map(|name| {
                let name = self.name_of(&self.repository.workdir().join(name))?;
                let path = self.repository.workdir().join(&name);
                let text = String::from_utf8(plain_file::read(&path, LARGEST_TEXT).ok()?).ok()?;
                if !is_plan(&name, &text) {
                    return None;
                }
                let plan = plan::read(&name, &text);
                Some(PlanFile { name, path, text, plan })
            })
            .collect();
        // A plan that a link leads to is one plan.
        plans.sort_by(|one, other| one.name.cmp(&other.name));
        plans.dedup_by(|one, other| one.name == other.name);
        Ok(plans)
    }

    /// Files that look like plans, where none is found.
    pub fn likely_plans(&self) -> Vec<String> {
        plan_files::likely_plans(self.repository.workdir())
    }

    /// The folder the project was opened at.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Warnings about processes that could not be ended. They are no reason to refuse to show the loops.
fn left_over(ended: Result<usize, ProcessError>, task: &TaskKey) -> Result<Option<String>> {
    match ended {
        Ok(ended) => {
            tracing::info!("ended {ended} processes that were left of {task}");
            Ok(None)
        }
        Err(error @ ProcessError::Unkillable { .. }) => {
            Ok(Some(format!("{error}; they were left of {task}; end them as the user they run as")))
        }
        Err(error) => Err(error.into()),
    }
}

/// The settings that hold around a folder, and the root of its repository; the folder outside of one.
pub fn settings_around(directory: &Path) -> Result<(Config, PathBuf)> {
    let user = UserDirs::from_env()?;
    let root = Repository::discover(directory)
        .map_or_else(|_| directory.to_owned(), |repo| repo.workdir().to_owned());
    Ok((alfine_config::load(&Layers::read(&user, &root))?.config, root))
}

/// An error about a plan where a task is to be named.
pub(crate) fn is_a_plan(text: &str) -> Error {
    Error::user(format!("{text} is a plan; name one of its tasks"))
        .hint(Hint::NameTask { plan: Some(text.to_owned()) })
}

/// An error about a task that is not in its plan.
pub fn no_such_task(file: &PlanFile, task: &str) -> Error {
    let ids: Vec<&str> = file.plan.tasks.iter().map(|task| task.id.0.as_str()).collect();
    let hint = match (nearest(task, ids.iter().copied()), ids.as_slice()) {
        (Some(near), _) => format!("did you mean {}#{near}?", file.name),
        (None, []) => how_to_write_tasks(file),
        (None, ids) => format!("its tasks are {}", ids.join(", ")),
    };
    Error::new(ErrorKind::User, format!("{} has no task {task}", file.name)).hint(hint)
}

/// What to do about a plan without a task.
pub(crate) fn how_to_write_tasks(file: &PlanFile) -> String {
    lint::why_no_task(&file.plan).unwrap_or_else(|| {
        "write a heading such as “### US-001: Add coupon table”, or a list of checkboxes".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_ended_is_told_and_does_not_keep_a_project_closed() {
        let task = TaskKey::new("PLAN.md".to_owned(), "US-001".to_owned());
        assert_eq!(left_over(Ok(2), &task).unwrap(), None);
        let stuck = ProcessError::Unkillable { program: "agent".to_owned(), count: 1 };
        let notice = left_over(Err(stuck), &task).unwrap().unwrap();
        assert!(notice.contains("1 processes of “agent”") && notice.contains("PLAN.md#US-001"), "{notice}");
        assert!(left_over(Err(ProcessError::GuardLost("agent".to_owned())), &task).is_err());
    }
}
