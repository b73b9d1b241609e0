//! `alfine.start` and `alfine.trust`: a plan's task started in the background, and its commands allowed.

use super::{
    Commands,
    arguments::{OfDocument, Start, StartOptions},
    execute::status_of,
    refusal::{bad_arguments, refused},
};
use crate::client::EDITOR;
use crate::protocol::lsp_types::{MessageType, Url};
use crate::snapshot::Place;
use alfine_core::{
    hint::Hint,
    plan::{ContextMode, Lands},
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Result,
    known::Known,
    plan_run::RunOptions,
    project::Project,
    requests::{self, Begun, How, Started},
    start as engine,
};
use alfine_store::Store;
use serde_json::{Value, json};

impl Commands {
    /// Starts a task of a plan; without one, the first that can start.
    pub(super) async fn start(&self, given: Start) -> Result<Value> {
        let options = given.options.unwrap_or_default();
        let wanted = read(&options)?;
        let (place, name) = self.place_of_plan(&given.uri).await?;
        let named = match &given.task {
            Some(task) => Some(id_in(task, &name)?),
            None => None,
        };
        let about = match &named {
            Some(id) => format!("{name}#{id}"),
            None => name.clone(),
        };
        if let Some(id) = named.clone() {
            let plan = name.clone();
            self.queues.read(&place, move |project| refuse_unknown(project, &plan, &id)).await?;
        }
        let whole = named.is_none().then(|| name.clone());
        let mut start = requests::Start::new(name, named, wanted);
        start.include_uncommitted = options.include_uncommitted;
        start.max_parallel = options.max_parallel;
        let started = self.drive(&place, &about, "alfine.start", start).await?;
        if let Some(plan) = whole {
            self.tended.begin(&place, &plan);
        }
        // A loop that has nothing to do is over before it is said to run.
        self.wait_for_look().await;
        self.read_store(&place, move |store| answer_of(store, &started)).await
    }

    /// Allows what a plan's tasks would run, after showing it.
    pub(super) async fn trust(&self, given: OfDocument) -> Result<Value> {
        let (place, name) = self.place_of_plan(&given.uri).await?;
        let request = requests::Trust { plan: name.clone() };
        let allowed = self.drive(&place, &name, "alfine.trust", request).await?;
        if allowed == 0 {
            let words =
                format!("There is nothing to allow: everything that {name} would run is allowed already.");
            self.editor.tell(MessageType::INFO, &words).await;
        }
        self.wait_for_look().await;
        Ok(json!({ "uri": given.uri, "allowed": allowed }))
    }

    /// The working tree of a plan, and the plan's name there.
    pub(super) async fn place_of_plan(&self, uri: &Url) -> Result<(Place, String)> {
        let (place, name) = self.place_of_document(uri).await?;
        let picture = (self.pictures)();
        if picture.plan(uri).is_some() {
            return Ok((place, name));
        }
        Err(refused(
            format!("{name} is not a plan"),
            format!("name it PLAN.md or *.plan.md, or add it: plans = [\"{name}\"] in alfine.toml"),
        ))
    }
}

fn read(options: &StartOptions) -> Result<engine::StartOptions> {
    let wrong = |field: &str, given: &str, expected: &str| {
        bad_arguments(format!("alfine.start: `options.{field}`: “{given}” is not one of {expected}"))
    };
    let context = match options.context.as_deref() {
        None => None,
        Some("resume") => Some(ContextMode::Resume),
        Some("fresh") => Some(ContextMode::Fresh),
        Some(other) => return Err(wrong("context", other, "resume, fresh")),
    };
    if let Some(other) = &options.permissions
        && !["edits", "commands", "all"].contains(&other.as_str())
    {
        return Err(wrong("permissions", other, "edits, commands, all"));
    }
    if options.max_parallel.is_some_and(|most| !(1..=16).contains(&most)) {
        return Err(bad_arguments(
            "alfine.start: `options.maxParallel` is not a number from 1 to 16".to_owned(),
        ));
    }
    Ok(engine::StartOptions {
        max_iterations: options.max_iterations,
        single_task: options.single_task.unwrap_or(false),
        agent: options.agent.clone(),
        model: options.model.clone(),
        in_place: options.in_place.unwrap_or(false),
        context,
        max_cost: options.max_cost,
        plan_budget: options.budget,
        on_done: None,
        onto: None,
        lands: options.branch.map(|own| if own { Lands::Branch } else { Lands::Target }),
        permissions: options.permissions.clone(),
        learn: false,
        archive: false,
        demands: engine::Demands {
            require_tests: options.require_tests.unwrap_or(false),
            browser_verify: options.browser_verify.unwrap_or(false),
            auto_handoff: options.auto_handoff,
            anyway: options.anyway.unwrap_or(false),
        },
        again: options.again.unwrap_or(false),
    })
}

/// The id of a task that is named by its key or by its id.
fn id_in(task: &str, plan: &str) -> Result<String> {
    match task.parse::<TaskKey>() {
        Ok(key) if key.plan == plan => Ok(key.id.0),
        Ok(key) => Err(bad_arguments(format!(
            "alfine.start: `task`: {key} is a task of {}, but `uri` is {plan}",
            key.plan
        ))),
        Err(_) if task.is_empty() => {
            Err(bad_arguments("alfine.start: `task` is empty; leave it out for the whole plan".to_owned()))
        }
        Err(_) => Ok(task.to_owned()),
    }
}

fn refuse_unknown(project: &Project, plan: &str, id: &str) -> Result<()> {
    let file = project.plan_named(plan)?;
    if file.plan.tasks.iter().any(|task| task.id.0 == id) {
        return Ok(());
    }
    let error = alfine_engine::project::no_such_task(&file, id);
    let hint = error.hint_for(EDITOR).map(|hint| format!("; {hint}")).unwrap_or_default();
    Err(bad_arguments(format!("alfine.start: `task`: {}{hint}", error.message)))
}

/// The answer to a start: where its tasks are. The tasks after those that were begun follow by themselves.
fn answer_of(store: &Store, started: &Started) -> Result<Value> {
    match &started.begun[..] {
        [] => {
            let words = format!("every task of {} is done", started.plan.name);
            let known = Known::new(store, &started.plan)?;
            let branch = store.last_plan_run(&started.plan.name)?.as_ref().and_then(RunOptions::branch_of);
            let again = known.merged_and_open(&started.plan, branch.as_deref()).next();
            let hint = match (again, &branch) {
                (Some((task, _)), _) => Hint::RunAgain { task: started.plan.key(task) },
                (None, Some(branch)) => {
                    Hint::Advice(alfine_words::waits_on_branch(&started.plan.name, branch, EDITOR))
                }
                (None, None) => Hint::advice("add a task to the plan, then start it"),
            };
            return Err(refused(words, hint));
        }
        [Begun { task, how: How::Settled, .. }, ..] => return Err(engine::settled(store, task)?),
        _ => {}
    }
    let known = Known::new(store, &started.plan)?;
    let answer = started.tasks.iter().map(|task| {
        let key = started.plan.key(task);
        let waits = known.row(task).is_none() && !known.waits_for(task).is_empty();
        let status = if waits { TaskStatus::Pending } else { status_of(store, &key)? };
        Ok(json!({ "task": key, "status": status }))
    });
    Ok(json!({ "tasks": answer.collect::<Result<Vec<Value>>>()? }))
}
