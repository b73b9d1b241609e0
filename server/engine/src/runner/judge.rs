//! The judge of a loop: an agent that reads a tree and answers questions about it, for what its budget leaves.

use super::{
    message::Message,
    owner::Runner,
    session::{Around, Session},
};
use crate::Result;
use alfine_core::{
    agent::{Outcome, Usage},
    breaker::dollars,
    judge::{self, Opinion},
};
use alfine_secrets::Masker;
use alfine_verify::VerifyContext;
use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::{Arc, mpsc::SyncSender},
};

/// Who judges a loop's work.
pub(super) struct Judge {
    session: Session,
    transcripts: PathBuf,
    iteration: u32,
    /// The US dollars that it may still cost now, and those that the loop has left.
    budget: Cell<(f64, Option<f64>)>,
    outbox: SyncSender<Message>,
    /// The plan's title, what it is for, the task's title and its details.
    pub(super) about: [String; 4],
}

/// What came of asking.
pub(super) enum Asked {
    /// An answer to each question, or why there is none.
    Answered(Vec<std::result::Result<Opinion, &'static str>>),
    /// No answer, and why.
    Nothing(String),
    /// It cannot be asked as long as nobody mends this.
    Unable(String),
    /// Somebody ended it.
    Cancelled,
}

impl Runner<'_> {
    /// Who judges this loop's work, if its settings name somebody.
    pub(super) fn judge(&self) -> Result<Option<Judge>> {
        let Some(spec) = &self.spec.judge else { return Ok(None) };
        let masker = Arc::clone(&self.masker);
        let session = Session::new(spec.agent.clone(), &self.spec.pass_env, masker, spec.timeout)?;
        let task = &self.spec.task;
        Ok(Some(Judge {
            session,
            transcripts: self.project.layout.transcripts(self.row.id.as_str()),
            iteration: self.state.iteration,
            budget: Cell::new((spec.budget_usd, self.state.budget_left())),
            outbox: self.outbox.clone(),
            about: [
                self.spec.plan_title.clone(),
                self.spec.goal.clone(),
                task.title.clone(),
                task.details.clone(),
            ],
        }))
    }
}

impl Judge {
    /// What it is called: the agent, and the model that was asked for.
    pub(super) fn name(&self) -> String {
        self.session.name()
    }

    /// What its answers depend on beside what it is asked.
    pub(super) fn key(&self) -> String {
        let agent = &self.session.agent;
        format!("{:?} {:?} {:?} {:?}", agent.name, agent.command, agent.args, agent.model)
    }

    /// What hides secrets of what it is shown.
    pub(super) fn masker(&self) -> &Masker {
        &self.session.masker
    }

    /// The files that it would read as instructions wherever they lie.
    pub(super) fn is_instruction(&self, path: &Path) -> bool {
        let named = |path: &Path| path.file_name().map(std::ffi::OsStr::to_os_string);
        let standing = self.session.adapter.standing_context().iter().map(Path::new);
        standing.clone().any(|known| named(known) == named(path))
            || standing.filter_map(Path::parent).any(|folder| {
                // `.claude` has settings, hooks and commands, too.
                let is_own = |part: std::path::Component<'_>| Some(part.as_os_str()) == folder.file_name();
                folder.file_name().is_some_and(|name| name != "~") && path.components().any(is_own)
            })
    }

    /// Asks about the tree that lies at the context's root.
    pub(super) fn ask(&self, prompt: String, questions: usize, context: &VerifyContext<'_>) -> Result<Asked> {
        let (budget, left) = self.budget.get();
        let budget = left.map_or(budget, |left| left.min(budget));
        if budget <= 0.0 {
            return Ok(Asked::Nothing("there is no money left to ask it".to_owned()));
        }
        let _ = self.outbox.send(Message::JudgeAsked);
        let around = Around {
            guard: context.guard,
            root: context.root,
            marker: context.marker,
            grace: context.grace,
            cancel: context.cancel,
            transcript: self.transcript(),
        };
        let ran = self.session.ask(prompt, Some(budget), &around);
        let used = ran.as_ref().map(|ended| ended.usage).unwrap_or_default();
        let spent = used.cost_usd.filter(|cost| cost.is_finite() && *cost >= 0.0).unwrap_or_default();
        let (own, left) = self.budget.get();
        self.budget.set((own - spent, left.map(|left| left - spent)));
        // One that never began used nothing.
        let used = if ran.is_err() { Usage { cost_usd: Some(0.0), ..used } } else { used };
        let _ = self.outbox.send(Message::JudgeEnded(used));
        if context.cancel.is_cancelled() {
            return Ok(Asked::Cancelled);
        }
        let ended = match ran {
            Ok(ended) => ended,
            Err(error) => {
                let why = self.session.does_not_start(error);
                return Ok(Asked::Unable(format!("the judge {} {why}", self.name())));
            }
        };
        let too_dear = format!("it cost more than {}", dollars(budget));
        if ended.over_budget {
            return Ok(Asked::Nothing(too_dear));
        }
        if let Some(why) = self.session.unable(&ended) {
            return Ok(Asked::Unable(format!("the judge {} {why}", self.name())));
        }
        Ok(match ended.outcome {
            Outcome::Budget => Asked::Nothing(too_dear),
            Outcome::Interrupted => {
                Asked::Nothing(format!("it did not answer within {} s", self.session.timeout.as_secs_f64()))
            }
            Outcome::Context => Asked::Nothing("what it would have to read is too much for it".to_owned()),
            Outcome::Refusal => Asked::Nothing("it refuses to answer".to_owned()),
            _ => match judge::read(&ended.said, questions) {
                Some(opinions) => Asked::Answered(opinions),
                None => Asked::Nothing("its answer is not what was asked for".to_owned()),
            },
        })
    }

    fn transcript(&self) -> PathBuf {
        let id = ulid::Ulid::generate().to_string().to_lowercase();
        self.transcripts.join(format!("judge-{:04}-{id}.jsonl", self.iteration))
    }
}
