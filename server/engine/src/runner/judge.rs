//! A session of the judge: an agent that reads a tree and answers, in bounded time and for bounded money.

use super::{
    agent_run::{MESSAGE, Transcript, command_of, does_not_start, login_of, read_tail, save_prompt},
    environments::{Environment, of_judge},
    message::Message,
    owner::Runner,
};
use crate::{Result, task_spec::JudgeSpec};
use alfine_agents::{Adapter, Decoder, Exit, PriorSession, Request};
use alfine_core::{
    agent::{AgentEvent, Outcome, Usage},
    breaker::dollars,
    judge::{self, Opinion},
    text::{end_of, start_of},
};
use alfine_process::{Ender, GuardedOutput, ProcessError};
use alfine_secrets::Masker;
use alfine_verify::VerifyContext;
use std::{
    cell::Cell,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, mpsc::SyncSender},
    thread,
};

/// How much of what a judge says is kept to be read, in bytes.
const KEPT: usize = 1 << 20;

/// Who judges a loop's work.
pub(super) struct Judge {
    spec: JudgeSpec,
    adapter: Box<dyn Adapter>,
    env: Environment,
    pub(super) masker: Arc<Masker>,
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

/// A session that is over.
struct Ended {
    said: String,
    outcome: Outcome,
    message: String,
    usage: Usage,
    over_budget: bool,
}

impl Runner<'_> {
    /// Who judges this loop's work, if its settings name somebody.
    pub(super) fn judge(&self) -> Result<Option<Judge>> {
        let Some(spec) = &self.spec.judge else { return Ok(None) };
        let adapter = alfine_agents::adapter(&spec.agent.name)?;
        let env = of_judge(&*adapter, &spec.agent, &self.spec);
        let task = &self.spec.task;
        Ok(Some(Judge {
            env,
            adapter,
            masker: Arc::clone(&self.masker),
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
            spec: spec.clone(),
        }))
    }
}

impl Judge {
    /// What it is called: the agent, and the model that was asked for.
    pub(super) fn name(&self) -> String {
        let agent = &self.spec.agent;
        match &agent.model {
            Some(model) => format!("{} ({model})", agent.name),
            None => agent.name.clone(),
        }
    }

    /// What its answers depend on beside what it is asked.
    pub(super) fn key(&self) -> String {
        let agent = &self.spec.agent;
        format!("{:?} {:?} {:?} {:?}", agent.name, agent.command, agent.args, agent.model)
    }

    /// The files that it would read as instructions wherever they lie.
    pub(super) fn is_instruction(&self, path: &Path) -> bool {
        let named = |path: &Path| path.file_name().map(std::ffi::OsStr::to_os_string);
        let standing = self.adapter.standing_context().iter().map(Path::new);
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
        let ran = self.run(prompt, budget, context);
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
                let why = does_not_start(&*self.adapter, error);
                return Ok(Asked::Unable(format!("the judge {} does not start: {why}", self.name())));
            }
        };
        let too_dear = format!("it cost more than {}", dollars(budget));
        if ended.over_budget {
            return Ok(Asked::Nothing(too_dear));
        }
        let message = self.masker.mask(start_of(ended.message.trim(), MESSAGE)).into_owned();
        let unable = |what: &str| {
            let login = match ended.outcome {
                Outcome::Auth { .. } => self.login(&message),
                _ => String::new(),
            };
            Ok(Asked::Unable(format!("the judge {} {what}: {message}{login}", self.name())))
        };
        Ok(match ended.outcome {
            Outcome::Ok | Outcome::TurnLimit => match judge::read(&ended.said, questions) {
                Some(opinions) => Asked::Answered(opinions),
                None => Asked::Nothing("its answer is not what was asked for".to_owned()),
            },
            Outcome::Budget => Asked::Nothing(too_dear),
            Outcome::Interrupted => {
                Asked::Nothing(format!("it did not answer within {} s", self.spec.timeout.as_secs_f64()))
            }
            Outcome::Auth { .. } => return unable("is not logged in"),
            Outcome::Billing => return unable("has no credit"),
            Outcome::Config | Outcome::Rejected | Outcome::SessionNotFound => {
                return unable("cannot run as it is configured");
            }
            Outcome::RateLimit { .. } => return unable("has reached its usage limit"),
            Outcome::Server => return unable("has a service that fails"),
            Outcome::Crashed => return unable("ended without an answer"),
            Outcome::Context => Asked::Nothing("what it would have to read is too much for it".to_owned()),
            Outcome::Refusal => Asked::Nothing("it refuses to answer".to_owned()),
        })
    }

    fn login(&self, said: &str) -> String {
        login_of(&*self.adapter, &self.env, said)
            .map_or_else(String::new, |login| format!("; to log in: {}", login.remedy))
    }

    fn run(
        &self,
        prompt: String,
        budget: f64,
        context: &VerifyContext<'_>,
    ) -> std::result::Result<Ended, ProcessError> {
        let request = Request {
            prompt,
            session: None,
            model: self.spec.agent.model.clone(),
            permissions: self.spec.agent.permissions,
            reads_only: true,
            cwd: context.root.to_owned(),
            extra_args: self.spec.agent.args.clone(),
            command: self.spec.agent.command.clone(),
            max_budget_usd: Some(budget),
        };
        let invocation = match self.adapter.invocation(&request) {
            Ok(invocation) => invocation,
            Err(error) => return Ok(Ended::unasked(error.to_string())),
        };
        let mut command =
            command_of(invocation, context.guard, context.root, self.env.clone(), context.marker);
        command.grace = context.grace;
        let transcript = self.transcript();
        save_prompt(&transcript, &self.masker, &request.prompt);
        let mut child = command.spawn()?;
        context.cancel.set_running(Some(child.ender()));
        let reading = Reading {
            decoder: self.adapter.decoder(&PriorSession::default()),
            transcript: Transcript::create(&transcript, Arc::clone(&self.masker)),
            budget,
            ender: child.ender(),
            ended: Ended::unasked(String::new()),
            has_ended: false,
            has_concluded: false,
        };
        let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
        let errors =
            thread::spawn(move || stderr.map_or_else(String::new, |stderr| read_tail(stderr, &mut |_| {})));
        let reader = thread::spawn(move || reading.read(stdout));
        let in_time = child.wait_timeout(self.spec.timeout);
        let timed_out = in_time.is_none();
        let exit = in_time.unwrap_or_else(|| {
            child.ender().end();
            child.wait()
        });
        context.cancel.set_running(None);
        // Nothing holds its output any more, so these end.
        let errors = errors.join().unwrap_or_default();
        let mut ended = match reader.join() {
            Ok(reading) => {
                let exit = exit?;
                reading.finish(Exit { code: exit.code, signal: exit.signal }, &errors)
            }
            Err(_) => Ended::unasked("what it printed could not be read".to_owned()),
        };
        if timed_out {
            ended.outcome = Outcome::Interrupted;
        }
        Ok(ended)
    }

    fn transcript(&self) -> PathBuf {
        let id = ulid::Ulid::generate().to_string().to_lowercase();
        self.transcripts.join(format!("judge-{:04}-{id}.jsonl", self.iteration))
    }
}

impl Ended {
    fn unasked(message: String) -> Self {
        Self {
            said: String::new(),
            outcome: Outcome::Config,
            message,
            usage: Usage::default(),
            over_budget: false,
        }
    }
}

/// Reads what a judge prints.
struct Reading {
    decoder: Box<dyn Decoder>,
    transcript: Transcript,
    budget: f64,
    ender: Ender,
    ended: Ended,
    has_ended: bool,
    has_concluded: bool,
}

impl Reading {
    fn read(mut self, stdout: Option<GuardedOutput>) -> Self {
        let mut chunk = vec![0; 64 << 10];
        let Some(mut stdout) = stdout else { return self };
        while let Ok(read @ 1..) = stdout.read(&mut chunk) {
            let bytes = chunk.get(..read).unwrap_or_default();
            self.transcript.write(bytes);
            let mut events = Vec::new();
            self.decoder.push(bytes, &mut |event| events.push(event));
            events.into_iter().for_each(|event| self.take(event));
        }
        self.transcript.finish();
        self
    }

    fn finish(mut self, exit: Exit, errors: &str) -> Ended {
        let mut events = Vec::new();
        self.decoder.finish(exit, errors, &mut |event| events.push(event));
        events.into_iter().for_each(|event| self.take(event));
        if self.has_concluded && self.ended.outcome == Outcome::Interrupted {
            self.ended.outcome = Outcome::Ok;
        }
        self.ended
    }

    fn take(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Text { text } => {
                self.ended.said.push_str(&text);
                self.ended.said.push('\n');
                if self.ended.said.len() > KEPT {
                    self.ended.said = end_of(&self.ended.said, KEPT / 2).to_owned();
                }
            }
            AgentEvent::Usage(usage) => {
                self.ended.usage = usage;
                if usage.cost_usd.is_some_and(|cost| cost > self.budget) {
                    self.ended.over_budget = true;
                    self.ender.end();
                }
            }
            AgentEvent::Ended { outcome, message } => {
                // The first word counts: what comes of being ended is none.
                if !std::mem::replace(&mut self.has_ended, true) {
                    (self.ended.outcome, self.ended.message) = (outcome, message);
                    self.ender.end();
                }
            }
            AgentEvent::Concluded { .. } => {
                // It has given its answer; some CLIs do not end after it.
                self.has_concluded = true;
                self.ender.end();
            }
            AgentEvent::SessionStarted { .. }
            | AgentEvent::Thinking { .. }
            | AgentEvent::ToolStarted { .. }
            | AgentEvent::ToolFinished { .. }
            | AgentEvent::CommandEnded { .. }
            | AgentEvent::FileTouched { .. }
            | AgentEvent::PermissionDenied { .. }
            | AgentEvent::Asked(_)
            | AgentEvent::Compacted
            | AgentEvent::WorkLost { .. }
            | AgentEvent::Retrying { .. }
            | AgentEvent::LimitWarning { .. } => {}
        }
    }
}
