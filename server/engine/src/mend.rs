//! A plan or settings that were edited while a loop rested: the loop goes on with the text as it is now, unless it is told
//! to keep the one that it began with, and with the settings as they are now. What only the start decides, such as which
//! agent works, stays.

use crate::{
    Error, Result, checks, control,
    known::Known,
    project::Project,
    start_options::{More, StartOptions},
    task_settings::settings,
    task_spec::{AgentSpec, TaskSpec, unknown},
};
use alfine_core::{
    hint::Hint,
    machine::Command,
    news::{Mend, News},
    plan::{Fields, Mark, Task},
};
use alfine_store::{LoopLock, LoopRow, NewEvent};
use alfine_verify::VerifierSpec;

/// What a loop that rests goes on with.
#[derive(Debug, Clone)]
pub struct Text {
    /// What it is run with.
    pub spec: TaskSpec,
    /// What is other than before.
    pub changes: Vec<Mend>,
}

/// Finds out what a loop that rests goes on with.
pub(crate) fn text(project: &Project, row: &LoopRow, keep: bool) -> Result<Text> {
    let old = TaskSpec::of(row)?;
    let kept = |changes| Ok(Text { spec: old.clone(), changes });
    if keep {
        return kept(Vec::new());
    }
    // A loop can go on although its plan or its task is gone.
    let Ok(file) = project.plan_named(&row.task.plan) else { return kept(vec![Mend::Gone]) };
    let known = Known::new(&project.store, &file)?;
    let is_it = |task: &&Task| known.row(task).is_some_and(|known| known.key == row.task);
    let Some(task) = file.plan.tasks.iter().find(is_it) else { return kept(vec![Mend::Gone]) };
    let mut changes = changes(&old.task, task);
    if old.goal != file.plan.goal {
        changes.push(Mend::Goal);
    }
    let options = StartOptions {
        agent: Some(old.agent.name.clone()),
        single_task: old.single_task,
        demands: old.demands,
        ..StartOptions::default()
    };
    let loaded = settings(&project.layers(), &file, task, &options)?;
    let mut repository = checks::Repository::look(project.repository.workdir());
    let new = TaskSpec::new(&row.task, &file.plan, task, &loaded, &options, &mut repository)?;
    // What the work showed in the meantime is still to be checked, and asked about.
    let mut commands = new.commands;
    commands.extend(old.found.iter().filter(|item| !commands.contains(item)).cloned().collect::<Vec<_>>());
    let mut verifiers = new.verifiers;
    let found = old.verifiers.iter().filter(|verifier| is_found(&old, verifier)).cloned().collect();
    verifiers.extend(unknown(&verifiers, found));
    let spec = TaskSpec {
        plan_title: new.plan_title,
        goal: new.goal,
        task: new.task,
        commands,
        verifiers,
        proven_by: new.proven_by,
        may_change: new.may_change,
        folder: new.folder,
        detects: new.detects,
        agent: AgentSpec {
            command: new.agent.command,
            args: new.agent.args,
            env: new.agent.env,
            ..old.agent.clone()
        },
        setup: new.setup,
        copy: new.copy,
        link: new.link,
        ci: new.ci,
        green: new.green,
        yellow: new.yellow,
        proof: new.proof,
        pass_env: new.pass_env,
        mask: new.mask,
        may_commit: new.may_commit,
        gates: new.gates,
        commit: new.commit,
        context: new.context,
        ..old.clone()
    };
    let keys = other_settings(&old, &spec);
    if !keys.is_empty() {
        changes.push(Mend::Settings { keys });
    }
    Ok(Text { spec, changes })
}

/// Refuses to go on with a task that its plan says is over by now, or that waits for others by now.
pub(crate) fn refuse_by_plan(project: &Project, row: &LoopRow) -> Result<()> {
    let (key, old) = (&row.task, TaskSpec::of(row)?.task);
    let Ok(file) = project.plan_named(&key.plan) else { return Ok(()) };
    let known = Known::new(&project.store, &file)?;
    let is_it = |task: &&Task| known.row(task).is_some_and(|known| known.key == *key);
    let Some(task) = file.plan.tasks.iter().find(is_it) else { return Ok(()) };
    let ways = |first: Hint| Hint::AnyOf(vec![first, Hint::KeepPlan { task: key.clone() }]);
    if task.is_over() && !old.is_over() {
        let is = if task.mark == Mark::Dropped { "dropped" } else { "ticked" };
        return Err(Error::user(format!("{key} is {is} in {} by now", file.name))
            .hint(ways(Hint::Discard { task: key.clone() })));
    }
    let open: Vec<String> = known.waits_for(task).into_iter().map(|id| id.0).collect();
    if depends_on(task) != depends_on(&old) && !open.is_empty() {
        return Err(Error::user(format!("{key} waits for {} by now", open.join(", ")))
            .hint(ways(Hint::StartAll { plan: file.name.clone() })));
    }
    Ok(())
}

impl Text {
    /// Whether anything is written down in place of what was.
    fn is_other(&self, row: &LoopRow) -> Result<bool> {
        Ok(TaskSpec::of(row)? != self.spec)
    }

    /// The limits that the plan says anew, where the user says nothing else.
    pub(crate) fn limits(&self, row: &LoopRow, more: More) -> Result<More> {
        let (old, new) = (TaskSpec::of(row)?.task.fields, &self.spec.task.fields);
        let iterations =
            said_anew(old.max_iterations.map(|it| it.value), new.max_iterations.as_ref().map(|it| it.value));
        let cost = said_anew(old.max_cost.map(|it| it.value), new.max_cost.as_ref().map(|it| it.value));
        Ok(More {
            max_iterations: more.max_iterations.or(iterations),
            max_cost_usd: more.max_cost_usd.or(cost),
            ..more
        })
    }

    /// Writes down what the loop goes on with, and tells its agent what changed. The lock is the right to run it.
    pub(crate) fn take(&self, project: &mut Project, lock: &LoopLock, row: &LoopRow) -> Result<()> {
        if !self.is_other(row)? {
            return Ok(());
        }
        let settings = self.spec.to_settings()?;
        let news = News::PlanChanged { changes: self.changes.clone() };
        project.store.write(|tx| {
            tx.set_loop_settings(lock, &settings)?;
            let event = NewEvent { loop_id: Some(&row.id), task: Some(&row.task), news: &news };
            // Where only the place in the document is another one there is nothing to tell.
            tx.append_events(Some(event).filter(|_| !self.changes.is_empty()))
        })?;
        // An agent that goes on in its session knows the old text.
        if self.changes.iter().any(Mend::concerns_the_agent) {
            let text = alfine_words::plan_changed_note(&self.changes, &self.spec.task);
            control::leave(project, &row.task, &Command::Steer { text })?;
        }
        Ok(())
    }
}

/// Whether a check is one that only the work showed.
fn is_found(spec: &TaskSpec, verifier: &VerifierSpec) -> bool {
    verifier.kind.command().is_some_and(|command| spec.found.iter().any(|item| item.command == command))
}

/// The settings that two specs have not in common, as the settings file calls them.
fn other_settings(old: &TaskSpec, new: &TaskSpec) -> Vec<String> {
    // A plan brings checks, too; whether it does is said of the plan.
    let of_settings = |spec: &TaskSpec| -> Vec<VerifierSpec> {
        let verifiers = spec.verifiers.iter();
        verifiers
            .filter(|verifier| verifier.criterion.is_none() && !is_found(spec, verifier))
            .cloned()
            .collect()
    };
    let is_other = [
        (format!("agents.{}", new.agent.name), old.agent != new.agent),
        ("verifiers".to_owned(), old.task.fields == new.task.fields && of_settings(old) != of_settings(new)),
        ("worktree".to_owned(), (&old.setup, &old.copy, &old.link) != (&new.setup, &new.copy, &new.link)),
        ("verification".to_owned(), (old.ci, old.green, old.yellow) != (new.ci, new.green, new.yellow)),
        ("proof".to_owned(), old.proof != new.proof),
        ("judge".to_owned(), old.judge != new.judge),
        ("quality_gates".to_owned(), old.gates != new.gates),
        (
            "safety".to_owned(),
            (&old.pass_env, &old.mask, &old.may_commit) != (&new.pass_env, &new.mask, &new.may_commit),
        ),
    ];
    is_other.into_iter().filter(|(_, is_other)| *is_other).map(|(key, _)| key).collect()
}

fn said_anew<T: Copy + PartialEq>(old: Option<T>, new: Option<T>) -> Option<T> {
    new.filter(|_| old != new)
}

/// What a task says now that it did not say before.
fn changes(old: &Task, new: &Task) -> Vec<Mend> {
    let mut changes = Vec::new();
    if old.title != new.title {
        changes.push(Mend::Title { was: old.title.clone(), is: new.title.clone() });
    }
    if old.details.trim() != new.details.trim() {
        changes.push(Mend::Details);
    }
    let is_in = |task: &Task, text: &str, command: Option<&str>| {
        task.criteria.iter().any(|one| one.text == text && one.command.as_deref() == command)
    };
    for one in &new.criteria {
        if !is_in(old, &one.text, one.command.as_deref()) {
            changes.push(Mend::CriterionAdded { text: one.text.clone() });
        }
    }
    for one in &old.criteria {
        if !is_in(new, &one.text, one.command.as_deref()) {
            changes.push(Mend::CriterionRemoved { text: one.text.clone() });
        }
    }
    if values(&old.fields) != values(&new.fields) {
        changes.push(Mend::Fields);
    }
    if depends_on(old) != depends_on(new) {
        changes.push(Mend::Dependencies);
    }
    changes
}

/// The tasks that a task says it waits for.
fn depends_on(task: &Task) -> Vec<&str> {
    task.fields.depends_on.iter().map(|on| on.value.as_str()).collect()
}

/// What fields say, wherever they stand.
fn values(fields: &Fields) -> impl PartialEq + use<> {
    let placed = |texts: &[alfine_core::plan::NamedCommand]| {
        texts.iter().map(|text| text.value.clone()).collect::<Vec<_>>()
    };
    (
        placed(&fields.verify),
        fields.max_iterations.as_ref().map(|it| it.value),
        fields.max_cost.as_ref().map(|it| it.value),
        fields.proof.as_ref().map(|it| it.value),
        fields.may_change.iter().map(|it| it.value.clone()).collect::<Vec<_>>(),
    )
}
