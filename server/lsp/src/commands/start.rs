//! `alfine.start` and `alfine.trust`: a plan's task started in the background, and its commands allowed.

use super::{
    Commands,
    arguments::{OfDocument, Start, StartOptions},
    execute::status_of,
    queue::Place,
    refusal::Refusal,
    unsaved::refuse_unsaved,
};
use crate::client::EDITOR;
use crate::protocol::lsp_types::{MessageType, Url};
use alfine_core::{
    plan::ContextMode,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    project::Project,
    requests::{self, Begun, How, Started},
    start as engine,
};
use alfine_store::Store;
use serde_json::{Value, json};

impl Commands {
    /// Starts a task of a plan; without one, the first that can start.
    pub(super) async fn start(&self, given: Start) -> Result<Value, Refusal> {
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
        let mut start = requests::Start::new(name, named, wanted);
        start.include_uncommitted = options.include_uncommitted;
        let started = self.drive(&place, &about, "alfine.start", start).await?;
        // A loop that has nothing to do is over before it is said to run.
        self.wait_for_look().await;
        self.read_store(&place, move |store| answer_of(store, &started)).await
    }

    /// Allows what a plan's tasks would run, after showing it.
    pub(super) async fn trust(&self, given: OfDocument) -> Result<Value, Refusal> {
        let (place, name) = self.place_of_plan(&given.uri).await?;
        let pictures = self.pictures.clone();
        let plan = name.clone();
        let items = self
            .queues
            .run(&place, move |project| {
                let file = project.plan_named(&plan)?;
                refuse_unsaved(&pictures(), &file.path, &plan)?;
                let items = engine::commands_of(
                    project,
                    file.plan.tasks.iter().map(|task| (&file, task)),
                    &engine::StartOptions::default(),
                );
                Ok(project.untrusted(&items)?)
            })
            .await?;
        let allowed = items.len();
        if items.is_empty() {
            let words = format!("Nothing is to be allowed: all that {name} would run may run already.");
            self.editor.tell(MessageType::INFO, &words).await;
        } else {
            let _open = self.questions.open(&name, "alfine.trust")?;
            self.ask_to_allow(&place, &items).await?;
            self.queues.run(&place, move |project| Ok(project.trust()?.approve(&items)?)).await?;
        }
        Ok(json!({ "uri": given.uri, "allowed": allowed }))
    }

    /// The working tree of a plan, and the plan's name there.
    async fn place_of_plan(&self, uri: &Url) -> Result<(Place, String), Refusal> {
        let (place, name) = self.place_of_document(uri).await?;
        let picture = (self.pictures)();
        let is_plan = picture.snapshot.place(uri).is_some_and(|(checkout, name)| checkout.is_plan(&name));
        if is_plan {
            return Ok((place, name));
        }
        Err(Refusal::new(
            format!("{name} is no plan"),
            format!("name it PLAN.md or *.plan.md, or take it in: plans = [\"{name}\"] in alfine.toml"),
        ))
    }
}

fn read(options: &StartOptions) -> Result<engine::StartOptions, Refusal> {
    let wrong = |field: &str, given: &str, expected: &str| {
        Refusal::Arguments(format!("alfine.start: `options.{field}`: “{given}” is not one of {expected}"))
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
    Ok(engine::StartOptions {
        max_iterations: options.max_iterations,
        single_task: options.single_task.unwrap_or(false),
        agent: options.agent.clone(),
        model: options.model.clone(),
        in_place: options.in_place.unwrap_or(false),
        context,
        max_cost: options.max_cost,
        permissions: options.permissions.clone(),
    })
}

/// The id of a task that is named by its key or by its id.
fn id_in(task: &str, plan: &str) -> Result<String, Refusal> {
    match task.parse::<TaskKey>() {
        Ok(key) if key.plan == plan => Ok(key.id.0),
        Ok(key) => Err(Refusal::Arguments(format!(
            "alfine.start: `task`: {key} is a task of {}, but `uri` is {plan}",
            key.plan
        ))),
        Err(_) if task.is_empty() => Err(Refusal::Arguments(
            "alfine.start: `task` is empty; leave it out for the whole plan".to_owned(),
        )),
        Err(_) => Ok(task.to_owned()),
    }
}

fn refuse_unknown(project: &Project, plan: &str, id: &str) -> Result<(), Refusal> {
    let file = project.plan_named(plan)?;
    if file.plan.tasks.iter().any(|task| task.id.0 == id) {
        return Ok(());
    }
    let error = alfine_engine::project::no_such_task(&file, id);
    let hint = error.hint_for(EDITOR).map(|hint| format!("; {hint}")).unwrap_or_default();
    Err(Refusal::Arguments(format!("alfine.start: `task`: {}{hint}", error.message)))
}

/// Where the tasks of a start are. Those behind the one that was begun begin one after another.
fn answer_of(store: &Store, started: &Started) -> Result<Value, Refusal> {
    match &started.begun {
        None => {
            let words = format!("every task of {} is done", started.plan.name);
            return Err(Refusal::new(words, "add a task to the plan, then start it"));
        }
        Some(Begun { task, how: How::Settled, .. }) => return Err(engine::settled(store, task)?.into()),
        Some(_) => {}
    }
    let waiting = engine::Waiting::new(store, &started.plan)?;
    let answer = started.tasks.iter().map(|task| {
        let key = started.plan.key(task);
        let waits = store.task(&key)?.is_none() && !waiting.of(task).is_empty();
        let status = if waits { TaskStatus::Pending } else { status_of(store, &key)? };
        Ok(json!({ "task": key, "status": status }))
    });
    Ok(json!({ "tasks": answer.collect::<Result<Vec<Value>, Refusal>>()? }))
}
