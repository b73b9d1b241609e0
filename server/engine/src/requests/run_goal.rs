//! Writes a task from a goal in words into the inbox, and begins its loop: one line from nothing to a first loop.

use super::{
    Answered, Begun, FrontEnd, GoalQuestion, Question, Reply, Request, Step,
    start::{Startable, run},
    trust::allow,
};
use crate::{
    Error, ErrorKind, Result,
    inbox::{self, Goal, INBOX},
    project::{PlanFile, Project},
    start::{self, More, StartOptions},
    surroundings,
    task_settings::settings,
    task_spec::TaskSpec,
};
use alfine_config::{Layer, OnDone};
use alfine_core::{
    hint::Hint,
    plan::{Isolation, Task},
};
use alfine_git::{Commit, GitError};

/// Writes a task from a goal into the inbox, and begins its loop.
#[derive(Debug)]
pub struct RunGoal {
    /// What is to be done, and what shows that it is.
    pub goal: Goal,
    /// How the loop is run.
    pub options: StartOptions,
    /// Whether the loop starts from the uncommitted changes, too; the user is asked if this is `None`.
    pub include_uncommitted: Option<bool>,
    /// Whether a background process runs the loop; else who drives the request has its lock.
    pub in_background: bool,
    is_confirmed: bool,
}

impl RunGoal {
    /// Creates the request to work on a goal.
    pub fn new(goal: Goal, options: StartOptions) -> Self {
        Self { goal, options, include_uncommitted: None, in_background: false, is_confirmed: false }
    }
}

impl Request for RunGoal {
    type Done = Begun;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Begun>> {
        allow(project, answered.as_ref())?;
        match answered {
            Some(Answered { question: Question::Goal(about), reply: Reply::Yes }) => {
                project.trust()?.approve(&about.commands)?;
                if about.first_commit {
                    commit_all(project)?;
                }
                self.is_confirmed = true;
            }
            Some(Answered { question: Question::Goal(_), reply: Reply::No }) => {
                return Err(Error::user("nothing was started"));
            }
            Some(Answered { question: Question::Uncommitted { .. }, reply }) => {
                self.include_uncommitted = Some(reply == Reply::Yes);
            }
            _ => {}
        }
        let before = inbox::read(project)?;
        let (id, addition) = self.written(project, &before)?;
        let plan = inbox::plan_file(project, format!("{before}{addition}"));
        let options = self.options_for(project, &plan, task(&plan, &id)?)?;
        if !self.is_confirmed {
            let spec = start::spec_with(project, &plan, task(&plan, &id)?, &options)?;
            self.refuse_what_is_no_check(&spec)?;
            return Ok(Step::Ask(Question::Goal(Box::new(about(project, spec)?))));
        }
        let startable = Startable::find(project, front_end, &plan, task(&plan, &id)?, &options)?;
        if let Some(question) = startable.question(project, &plan, self.include_uncommitted)? {
            return Ok(Step::Ask(question));
        }
        let (text, written) = inbox::append(project, |inbox| self.written(project, inbox))?;
        let plan = inbox::plan_file(project, text);
        let task = task(&plan, &written)?;
        let key = plan.key(task);
        let startable = Startable::find(project, front_end, &plan, task, &options)?;
        match startable.begin(project, &plan, self.include_uncommitted, &More::default())? {
            Some(lock) => {
                let how = run(project, front_end, lock, self.in_background)?;
                Ok(Step::Done(Begun { task: key, went_on: false, how }))
            }
            None => {
                Err(Error::user(format!("{key} was written and not started")).hint(Hint::Start { task: key }))
            }
        }
    }
}

impl RunGoal {
    fn written(&self, project: &Project, inbox: &str) -> Result<(String, String)> {
        let id = inbox::free_id_of(project, inbox, "GOAL-")?;
        let task = self.goal.task(inbox, &id)?;
        Ok((id, task))
    }

    /// The options, with a merge of the work unless somebody said otherwise.
    fn options_for(&self, project: &Project, plan: &PlanFile, task: &Task) -> Result<StartOptions> {
        let loaded = settings(&project.layers(), plan, task, &self.options)?;
        let merges =
            loaded.origin("on_done") == Layer::Default && loaded.config.isolation == Isolation::Worktree;
        let on_done = if merges { Some(OnDone::Merge) } else { self.options.on_done };
        Ok(StartOptions { on_done, ..self.options.clone() })
    }

    /// Refuses a goal one of whose checks would not run, so that it would count for nothing.
    fn refuse_what_is_no_check(&self, spec: &TaskSpec) -> Result<()> {
        let checks = checks_of(spec);
        match self.goal.checks.iter().find(|check| !checks.iter().any(|known| known == check.trim())) {
            None => Ok(()),
            Some(check) => Err(Error::user(format!("`{check}` reads like no command that can run here"))
                .hint("name a program that is installed, or a script by its path, such as ./check.sh")),
        }
    }
}

fn about(project: &Project, spec: TaskSpec) -> Result<GoalQuestion> {
    let (branch, first_commit) = match project.repository.head() {
        Ok((_, branch)) => (branch, false),
        Err(GitError::Empty(_)) => (None, true),
        Err(error) => return Err(error.into()),
    };
    Ok(GoalQuestion {
        checks: checks_of(&spec),
        title: spec.task.title,
        agent: spec.agent.name,
        permissions: spec.agent.permissions,
        isolation: spec.isolation,
        commands: spec.commands,
        on_done: spec.on_done,
        branch,
        first_commit,
    })
}

fn checks_of(spec: &TaskSpec) -> Vec<String> {
    let commands = spec.verifiers.iter().filter_map(|verifier| verifier.kind.command());
    commands.map(str::to_owned).collect()
}

/// Makes the first commit of a repository, of everything in it that git does not ignore.
fn commit_all(project: &Project) -> Result<()> {
    let surroundings = surroundings::of_no_loop(&project.layout, "first");
    let commit = Commit {
        branch: None,
        subject: "First commit".to_owned(),
        body: String::new(),
        trailers: Vec::new(),
        surroundings: &surroundings,
    };
    project.repository.commit_all(project.repository.workdir(), &commit)?;
    Ok(())
}

fn task<'a>(plan: &'a PlanFile, id: &str) -> Result<&'a Task> {
    plan.plan.tasks.iter().find(|task| task.id.0 == id).ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            format!("the task that was written into {INBOX} cannot be found again"),
        )
    })
}
