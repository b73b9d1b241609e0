//! `alfine.startHere`: a task about a place in a file, written into the inbox, and its loop started.

use super::{
    Commands,
    arguments::StartHere,
    asking::Attempt,
    execute::status_of,
    inbox::{self, INBOX, free_id, plan_file},
    refusal::{Refusal, defect},
    start::{Ready, look_at, start_one},
    subject::Subject,
};
use crate::{picture::Picture, to_proto::workspace_edit};
use alfine_core::hint::Hint;
use alfine_core::text::{Span, TextEdit};
use alfine_engine::{project::PlanFile, project::Project, start::StartOptions};
use serde_json::{Value, json};
use std::sync::Arc;

impl Commands {
    /// Writes a task about a place, and starts it.
    pub(super) async fn start_here(&self, given: StartHere) -> Result<Value, Refusal> {
        let (place, name) = self.place_of_document(&given.uri).await?;
        let about = format!("{name}:{}", given.range.start.line.saturating_add(1));
        let given = Arc::new(given);
        let (pictures, look) = (self.pictures.clone(), Arc::clone(&given));
        let named = name.clone();
        // First everything is asked and refused; then the task is written.
        let asked = self
            .asking(&place, &about, "alfine.startHere", None, move |project, include| {
                let picture = pictures();
                let (file, id, _) = with_task(project, &picture, &look, &named)?;
                let task = file.plan.tasks.iter().find(|task| task.id.0 == id);
                let task = task.ok_or_else(|| defect("the task that was written is not found again"))?;
                match look_at(project, &picture, &file, task, &StartOptions::default(), include)? {
                    Ready::Ask(to_ask) => Ok(to_ask),
                    Ready::Go(_) => Ok(Attempt::Done(json!(include))),
                }
            })
            .await?;
        let include = asked.as_bool();
        let edited = self.write_into_buffer(&place, &given, &name).await?;
        let (pictures, program) = (self.pictures.clone(), self.program.clone());
        self.writers
            .run(&place, move |project| {
                let picture = pictures();
                let (file, id) = match edited {
                    Some(edited) => edited,
                    None => {
                        let subject = Subject::at(project, &picture, &given, &name)?;
                        let (text, id) = inbox::append(project, |inbox| {
                            let id = free_id(project, inbox)?;
                            let task = subject.task(inbox, &id);
                            Ok((id, task))
                        })?;
                        (plan_file(project, text), id)
                    }
                };
                let task = file.plan.tasks.iter().find(|task| task.id.0 == id).cloned();
                let task = task.ok_or_else(|| defect("the task that was written is not found again"))?;
                let key = file.key(&task);
                let options = StartOptions::default();
                let started = start_one(project, &picture, &file, &task, &options, include, &program)?;
                if started.is_some() {
                    return Err(Refusal::new(
                        format!("{key} was written and not started: what it would run changed meanwhile"),
                        Hint::Start { task: key.clone() },
                    ));
                }
                Ok(json!({ "task": key, "status": status_of(project, &key)? }))
            })
            .await
    }

    /// Adds the task to the inbox as the editor has it, if it is open there.
    async fn write_into_buffer(
        &self,
        place: &super::writer::Place,
        given: &Arc<StartHere>,
        name: &str,
    ) -> Result<Option<(PlanFile, String)>, Refusal> {
        let (pictures, given, name) = (self.pictures.clone(), Arc::clone(given), name.to_owned());
        let found = self
            .writers
            .run(place, move |project| {
                let picture = pictures();
                let open = picture.open_at(&project.repository.workdir().join(INBOX)).cloned();
                let Some(open) = open else { return Ok(None) };
                let (file, id, addition) = with_task(project, &picture, &given, &name)?;
                Ok(Some((open, file, id, addition, picture.client.clone())))
            })
            .await?;
        let Some((open, file, id, addition, client)) = found else { return Ok(None) };
        if !client.apply_edit {
            return Err(Refusal::new(
                format!("{INBOX} is open, and this editor does not let a server edit it"),
                "close it, then start again",
            ));
        }
        let end = open.text.len();
        let at_the_end = TextEdit { span: Span::new(end, end), new_text: addition };
        let edit = workspace_edit(&client, &open, &[at_the_end]);
        let title = format!("Add {id} to the inbox");
        self.editor.apply_edit(&title, edit).await.map_err(|why| {
            Refusal::new(
                format!("{INBOX} is open and could not be edited: {why}"),
                "save and close it, then start again",
            )
        })?;
        Ok(Some((file, id)))
    }
}

/// The inbox with the task in it, not written yet; the task's id, and what is to be added.
fn with_task(
    project: &Project,
    picture: &Picture,
    given: &StartHere,
    name: &str,
) -> Result<(PlanFile, String, String), Refusal> {
    let inbox = match picture.open_at(&project.repository.workdir().join(INBOX)) {
        Some(open) => open.text.clone(),
        None => inbox::read(project)?,
    };
    let id = free_id(project, &inbox)?;
    let addition = Subject::at(project, picture, given, name)?.task(&inbox, &id);
    Ok((plan_file(project, format!("{inbox}{addition}")), id, addition))
}
