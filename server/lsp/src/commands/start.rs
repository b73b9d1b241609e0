//! `alfine.start` and `alfine.trust`: a plan's task started in the background, and its commands allowed.

use super::{
    Commands,
    arguments::{OfDocument, Start, StartOptions},
    asking::{Attempt, untrusted},
    execute::status_of,
    refusal::Refusal,
    saved::{refuse_unsaved, unsaved_in},
    writer::Place,
};
use crate::{client::EDITOR, picture::Picture};
use alfine_core::printable::printable;
use alfine_core::{
    plan::{ContextMode, Isolation, Task},
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    chain, chain::Chain, loops, project::PlanFile, project::Project, start as engine, start::More,
    start::Prepared, task_spec::TaskSpec,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tower_lsp::lsp_types::{MessageType, Url};

/// How long a runner whose loop rests has to go. It only closes its files then.
const GONE_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether it went: a lock cannot be waited for with a limit.
const LOOK: Duration = Duration::from_millis(10);

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
        let (program, pictures) = (self.program.clone(), self.pictures.clone());
        self.asking(&place, &about, "alfine.start", options.include_uncommitted, move |project, include| {
            let picture = pictures();
            let file = saved_plan(project, &picture, &name)?;
            let tasks = match &named {
                Some(id) if file.plan.tasks.iter().all(|task| task.id.0 != *id) => {
                    return Err(no_such_task(&file, id));
                }
                named => engine::tasks_to_run(project, &file, named.as_deref())?,
            };
            let task = first_that_can_start(project, &picture, &file, &tasks, &wanted, include)?;
            let chain = named.is_none().then(|| Chain {
                options: wanted.clone(),
                editor: project.editor.clone(),
                include_uncommitted: include.unwrap_or(false),
            });
            if chain.is_some() {
                // Nobody is there to be asked when the later ones begin.
                let items = engine::commands_of(project, tasks.iter().map(|task| (&file, task)), &wanted);
                if let Some(to_ask) = untrusted(project, &items)? {
                    return Ok(to_ask);
                }
            }
            let started = start_in(project, &picture, &file, task, &wanted, include, chain, &program)?;
            if let Some(to_ask) = started {
                return Ok(to_ask);
            }
            // Those behind it begin one after another, each when the one before is over.
            let answer: Result<Vec<Value>, Refusal> =
                tasks.iter().map(|task| answer_of(project, &file, task)).collect();
            Ok(Attempt::Done(json!({ "tasks": answer? })))
        })
        .await
    }

    /// Allows what a plan's tasks would run, after showing it.
    pub(super) async fn trust(&self, given: OfDocument) -> Result<Value, Refusal> {
        let (place, name) = self.place_of_plan(&given.uri).await?;
        let pictures = self.pictures.clone();
        let plan = name.clone();
        let items = self
            .writers
            .run(&place, move |project| {
                let file = saved_plan(project, &pictures(), &plan)?;
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
            self.ask_to_allow(&place, items).await?;
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

/// What stands before a start.
pub(super) enum Ready {
    /// Something is to be asked first.
    Ask(Attempt),
    /// Nothing: it can be started, exactly as this says.
    Go(Prepared),
}

/// Says what stands before a task's start. Refuses what cannot be; changes nothing.
pub(super) fn look_at(
    project: &Project,
    picture: &Picture,
    file: &PlanFile,
    task: &Task,
    options: &engine::StartOptions,
    include: Option<bool>,
) -> Result<Ready, Refusal> {
    let key = file.key(task);
    until_unrun(project, &key)?;
    let prepared = engine::prepare(project, file, task, options)?;
    let spec = match &prepared {
        Prepared::Settled => return Err(settled(project, &key, task)?),
        Prepared::GoOn { row, spec } => {
            engine::check_continue(project, row, &more(options))?;
            spec
        }
        Prepared::Begin { spec, .. } => spec,
    };
    refuse_in_place(project, picture, spec)?;
    if let Some(to_ask) = untrusted(project, &spec.commands)? {
        return Ok(Ready::Ask(to_ask));
    }
    match &prepared {
        Prepared::Begin { uncommitted, .. } if include.is_none() && !uncommitted.is_empty() => {
            Ok(Ready::Ask(Attempt::Uncommitted(uncommitted.clone())))
        }
        _ => Ok(Ready::Go(prepared)),
    }
}

/// Finds the first of these tasks that nothing stands in the way of but a question. Where there is none, the first says
/// why.
fn first_that_can_start<'t>(
    project: &Project,
    picture: &Picture,
    file: &PlanFile,
    tasks: &'t [Task],
    options: &engine::StartOptions,
    include: Option<bool>,
) -> Result<&'t Task, Refusal> {
    let mut refused = None;
    for task in tasks {
        match look_at(project, picture, file, task, options, include) {
            Ok(_) => return Ok(task),
            Err(refusal) => refused.get_or_insert(refusal),
        };
    }
    Err(refused.unwrap_or_else(|| {
        Refusal::new(format!("every task of {} is done", file.name), "add a task to the plan, then start it")
    }))
}

/// Starts one task alone, unless something is to be asked first.
pub(super) fn start_one(
    project: &mut Project,
    picture: &Picture,
    file: &PlanFile,
    task: &Task,
    options: &engine::StartOptions,
    include: Option<bool>,
    program: &Path,
) -> Result<Option<Attempt>, Refusal> {
    start_in(project, picture, file, task, options, include, None, program)
}

/// Starts one task, alone or as one of its plan's chain, unless something is to be asked first.
#[expect(clippy::too_many_arguments, reason = "what a start is made of has no other name")]
fn start_in(
    project: &mut Project,
    picture: &Picture,
    file: &PlanFile,
    task: &Task,
    options: &engine::StartOptions,
    include: Option<bool>,
    chain: Option<Chain>,
    program: &Path,
) -> Result<Option<Attempt>, Refusal> {
    let lock = match look_at(project, picture, file, task, options, include)? {
        Ready::Ask(to_ask) => return Ok(Some(to_ask)),
        Ready::Go(Prepared::Settled) => return Err(settled(project, &file.key(task), task)?),
        Ready::Go(Prepared::GoOn { row, .. }) => {
            let lock = engine::take_over(project, &row, &more(options))?;
            if let Some(chain) = chain {
                chain::join(project, &lock, chain)?;
            }
            lock
        }
        Ready::Go(Prepared::Begin { mut spec, problems, .. }) => {
            spec.chain = chain;
            for problem in &problems {
                tracing::warn!("{problem}");
            }
            engine::begin(project, file, &spec, include.unwrap_or(false))?
        }
    };
    engine::detach(project, lock, program)?;
    Ok(None)
}

fn more(options: &engine::StartOptions) -> More {
    More { max_iterations: options.max_iterations, reset_breaker: false, max_cost_usd: options.max_cost }
}

/// Refuses a loop in the user's own tree while a file there is not saved: saving it would undo the agent's work, or be
/// taken for it.
pub(super) fn refuse_in_place(project: &Project, picture: &Picture, spec: &TaskSpec) -> Result<(), Refusal> {
    if spec.isolation != Isolation::InPlace {
        return Ok(());
    }
    match unsaved_in(project, picture)? {
        None => Ok(()),
        Some(file) => Err(Refusal::new(
            format!(
                "{} is not saved, and the loop would change the same tree",
                printable(&file.display().to_string())
            ),
            "save it or close it first, then try again",
        )),
    }
}

/// Reads a plan as the runner will: from the disk, with nothing in the editor that is not there.
fn saved_plan(project: &Project, picture: &Picture, name: &str) -> Result<PlanFile, Refusal> {
    let file = project.plan_named(name)?;
    refuse_unsaved(picture, &file.path, name)?;
    Ok(file)
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

fn no_such_task(file: &PlanFile, id: &str) -> Refusal {
    let error = alfine_engine::project::no_such_task(file, id);
    let hint = error.hint_for(EDITOR).map(|hint| format!("; {hint}")).unwrap_or_default();
    Refusal::Arguments(format!("alfine.start: `task`: {}{hint}", error.message))
}

/// Why a task is not started: it is done, or its loop waits for the user's word.
fn settled(project: &Project, key: &TaskKey, task: &Task) -> Result<Refusal, Refusal> {
    let status = match loops::loop_of(&project.store, key)? {
        Some(row) => row.status,
        None if task.done => TaskStatus::Done,
        None => TaskStatus::Ready,
    };
    let hint = match status {
        TaskStatus::Done => {
            "merge or discard it; to have it done again, take the tick away and give it another id"
        }
        TaskStatus::NeedsInput => "answer what it asks; then it goes on",
        _ => "let it go on with “Continue”, or throw it away with “Discard” and start it again",
    };
    let is = if status == TaskStatus::NeedsInput {
        "waits for your answer".to_owned()
    } else {
        format!("is {status}")
    };
    Ok(Refusal::new(format!("{key} {is}: there is nothing to start"), hint))
}

fn answer_of(project: &Project, file: &PlanFile, task: &Task) -> Result<Value, Refusal> {
    let key = file.key(task);
    let waits = project.store.task(&key)?.is_none()
        && !engine::open_dependencies(&project.store, file, task)?.is_empty();
    let status = if waits { TaskStatus::Pending } else { status_of(project, &key)? };
    Ok(json!({ "task": key, "status": status }))
}

/// What a loop was begun with.
pub(super) fn spec_of(row: &alfine_store::LoopRow) -> Result<TaskSpec, Refusal> {
    Ok(TaskSpec::of(row)?)
}

/// Waits for a runner whose loop rests already to be gone, so that what follows does not meet it on its way out.
pub(super) fn until_unrun(project: &Project, key: &TaskKey) -> Result<(), Refusal> {
    let until = Instant::now() + GONE_WITHIN;
    while let Some(row) = loops::loop_of(&project.store, key)? {
        let rests = !row.needs_runner();
        if !rests || Instant::now() >= until || !loops::is_running(&project.layout, &row.id)? {
            break;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
