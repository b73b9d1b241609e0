//! `alfine.pause`, `stop`, `continue`, `steer`, `answer`: steering a loop, whoever runs it.

use super::{
    Commands,
    arguments::{Answer, Continue, OfTask, Steer},
    asking::{Attempt, untrusted},
    execute::status_of,
    refusal::{Refusal, defect},
    start::{refuse_in_place, spec_of, until_unrun},
    writer::Place,
};
use alfine_core::printable::printable;
use alfine_core::{
    hint::Hint,
    machine::{self, Command},
    task::TaskKey,
};
use alfine_engine::{control, control::Posted, loops, project::Project, start as engine, start::More};
use alfine_files::Layout;
use alfine_store::{ApprovalKind, ApprovalRow, Store};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tower_lsp::lsp_types::{MessageType, Url};

/// How long an answer to a stop waits for the loop's agent to end: longer than its runner lets it close its files.
const RESTS_WITHIN: Duration = Duration::from_secs(10);
const APPROVE: &str = "Approve";
const REJECT: &str = "Reject";

impl Commands {
    /// Holds a loop after its iteration.
    pub(super) async fn pause(&self, given: OfTask) -> Result<Value, Refusal> {
        self.send(given.task, given.uri, Command::Pause { now: false, reason: None }).await
    }

    /// Ends a loop's agent and stops the loop.
    pub(super) async fn stop(&self, given: OfTask) -> Result<Value, Refusal> {
        self.send(given.task, given.uri, Command::Stop).await
    }

    /// Leaves a note for the agent.
    pub(super) async fn steer(&self, given: Steer) -> Result<Value, Refusal> {
        if given.text.trim().is_empty() {
            return Err(Refusal::Arguments(
                "alfine.steer: `text` is empty; say what the agent should know".to_owned(),
            ));
        }
        self.send(given.task, given.uri, Command::Steer { text: given.text }).await
    }

    async fn send(&self, key: TaskKey, plan: Option<Url>, command: Command) -> Result<Value, Refusal> {
        let place = self.place_of(&key, plan.as_ref()).await?;
        let (program, task) = (self.program.clone(), key.clone());
        let stops = matches!(command, Command::Stop);
        let posted = self
            .writers
            .run(&place, move |project| {
                let posted = control::post(project, &task, &command, program)?;
                Ok(posted.map(|posted| (posted, project.layout.clone())))
            })
            .await?;
        if let Some((posted, layout)) = posted {
            self.until_taken(layout, key.clone(), posted, stops).await?;
        }
        self.where_it_is(&place, key).await
    }

    /// Waits for a runner to take a command; what else is asked for goes on meanwhile.
    async fn until_taken(
        &self,
        layout: Layout,
        key: TaskKey,
        posted: Posted,
        stops: bool,
    ) -> Result<(), Refusal> {
        let waiting = tokio::task::spawn_blocking(move || -> Result<(), Refusal> {
            let mut store = Store::open(&layout)?.store;
            control::until_taken(&mut store, &layout, &key, posted)?;
            if stops {
                // Its agent is ended first. Should that take longer, the answer says where the loop is by then.
                control::until_rest(&store, &layout, &key, RESTS_WITHIN)?;
            }
            Ok(())
        });
        waiting.await.unwrap_or_else(|_| Err(defect("the wait for a runner was lost")))
    }

    async fn where_it_is(&self, place: &Place, key: TaskKey) -> Result<Value, Refusal> {
        self.writers
            .read(place, move |project| Ok(json!({ "task": key, "status": status_of(project, &key)? })))
            .await
    }

    /// Lets a loop go on, in the background.
    pub(super) async fn go_on(&self, given: Continue) -> Result<Value, Refusal> {
        let key = given.task;
        let more = More {
            max_iterations: given.max_iterations,
            reset_breaker: given.reset_breaker,
            max_cost_usd: given.max_cost,
        };
        alfine_engine::task_spec::check_iterations(more.max_iterations)?;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let (program, pictures) = (self.program.clone(), self.pictures.clone());
        let (about, task) = (key.to_string(), key.clone());
        let posted: Arc<Mutex<Option<(Posted, Layout)>>> = Arc::default();
        let sent = Arc::clone(&posted);
        let answer = self
            .asking(&place, &about, "alfine.continue", None, move |project, _| {
                let key = &task;
                until_unrun(project, key)?;
                let row = loops::live_loop(project, key)?;
                if loops::is_running(&project.layout, &row.id)? {
                    let posted = control::post(project, key, &more.command(), program.clone())?;
                    *sent.lock().unwrap_or_else(PoisonError::into_inner) =
                        posted.map(|posted| (posted, project.layout.clone()));
                } else {
                    engine::check_continue(project, &row, &more)?;
                    let spec = spec_of(&row)?;
                    if let Some(to_ask) = untrusted(project, &spec.commands)? {
                        return Ok(to_ask);
                    }
                    refuse_in_place(project, &pictures(), &spec)?;
                    let lock = engine::take_over(project, &row, &more)?;
                    engine::detach(project, lock, &program)?;
                }
                Ok(Attempt::Done(json!({ "task": key, "status": status_of(project, key)? })))
            })
            .await?;
        let posted = posted.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((posted, layout)) = posted else { return Ok(answer) };
        self.until_taken(layout, key.clone(), posted, false).await?;
        Ok(self.as_it_is(&place, answer).await)
    }

    /// Answers what a loop asks; the loop goes on.
    pub(super) async fn answer(&self, given: Answer) -> Result<Value, Refusal> {
        let key = given.task.clone();
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let text = given.text.filter(|text| !text.trim().is_empty());
        let approved = match (given.approved, &text) {
            (None, None) => {
                let task = key.clone();
                let asked =
                    self.writers.read(&place, move |project| asked(project, &task, given.approval)).await?;
                if asked.kind != ApprovalKind::Approval {
                    return self.write_answer(&place, &key, given.uri, &asked).await;
                }
                Some(self.ask_for_answer(&key, &asked).await?)
            }
            (approved, _) => approved,
        };
        let (program, pictures) = (self.program.clone(), self.pictures.clone());
        let about = key.to_string();
        self.asking(&place, &about, "alfine.answer", None, move |project, _| {
            until_unrun(project, &key)?;
            asked(project, &key, given.approval)?;
            let row = loops::live_loop(project, &key)?;
            let spec = spec_of(&row)?;
            if let Some(to_ask) = untrusted(project, &spec.commands)? {
                return Ok(to_ask);
            }
            refuse_in_place(project, &pictures(), &spec)?;
            if loops::is_running(&project.layout, &row.id)? {
                return Err(engine::held(project, &key).into());
            }
            control::answer(project, &key, &machine::Answer { approved, text: text.clone() })?;
            // Should somebody else take the loop over first, it goes on with this answer just the same.
            match engine::claim(project, &row.id) {
                Ok(lock) => engine::detach(project, lock, &program)?,
                Err(error) if !loops::is_running(&project.layout, &row.id)? => return Err(error.into()),
                Err(_) => {}
            }
            Ok(Attempt::Done(json!({ "task": key, "status": status_of(project, &key)? })))
        })
        .await
    }

    /// Asks for yes or no.
    async fn ask_for_answer(&self, key: &TaskKey, asked: &ApprovalRow) -> Result<bool, Refusal> {
        let _open = self.questions.open(&key.to_string(), "alfine.answer")?;
        let question = format!("{key}: {}", printable(&asked.text));
        match self.editor.ask(MessageType::INFO, &question, &[APPROVE, REJECT]).await.as_deref() {
            Some(APPROVE) => Ok(true),
            Some(REJECT) => Ok(false),
            _ => Err(Refusal::new(
                format!("{key} still asks: {}", printable(&asked.text)),
                Hint::Approve { task: key.clone() },
            )),
        }
    }
}

/// The question that a loop waits with; if one is named, only that one.
fn asked(project: &Project, key: &TaskKey, named: Option<i64>) -> Result<ApprovalRow, Refusal> {
    let row = loops::live_loop(project, key)?;
    let open: Vec<ApprovalRow> =
        project.store.approvals(&row.id)?.into_iter().filter(|asked| asked.answered_at.is_none()).collect();
    let Some(last) = open.last() else {
        return Err(Refusal::new(
            format!("{key} asks nothing; it is {}", row.status),
            Hint::Steer { task: key.clone() },
        ));
    };
    match named {
        Some(id) if id != last.id => Err(Refusal::new(
            format!("question {id} of {key} is not open any more; {} is: {}", last.id, printable(&last.text)),
            "answer that one",
        )),
        _ => Ok(last.clone()),
    }
}
