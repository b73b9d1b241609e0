//! A session of its own: an agent that only reads, and answers once, in bounded time and for bounded money.

use super::{
    agent_run::{MESSAGE, Transcript, command_of, does_not_start, login_of, priced, read_tail, save_prompt},
    environments::{Environment, of_reader},
};
use crate::{Result, task_spec::AgentSpec};
use alfine_agents::{Adapter, Decoder, Exit, PriorSession, Request};
use alfine_config::Price;
use alfine_core::{
    agent::{AgentEvent, Outcome, Usage},
    text::{end_of, start_of},
};
use alfine_process::{Ender, GuardedOutput, ProcessError};
use alfine_secrets::Masker;
use alfine_verify::CancelToken;
use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

/// How much of what an agent says is kept to be read, in bytes.
const KEPT: usize = 1 << 20;

/// An agent that is asked.
pub(crate) struct Session {
    pub(super) agent: AgentSpec,
    pub(super) adapter: Box<dyn Adapter>,
    pub(super) masker: Arc<Masker>,
    /// How long it may take to answer.
    pub(crate) timeout: Duration,
    env: Environment,
}

/// Where and how it runs.
pub(crate) struct Around<'a> {
    /// The program that guards it.
    pub(crate) guard: &'a Path,
    /// The folder that it reads.
    pub(crate) root: &'a Path,
    /// What marks its processes.
    pub(crate) marker: &'a str,
    /// How long it has to end itself before it is killed.
    pub(crate) grace: Duration,
    /// Ends it.
    pub(crate) cancel: &'a CancelToken,
    /// Where what it prints is kept.
    pub(crate) transcript: PathBuf,
}

/// A session that is over.
pub(crate) struct Ended {
    pub(crate) said: String,
    pub(crate) outcome: Outcome,
    pub(crate) usage: Usage,
    pub(crate) over_budget: bool,
    message: String,
}

impl Session {
    /// Makes one of an agent, which gets these of this process's secrets. `masker` hides them in what is kept.
    pub(crate) fn new(
        agent: AgentSpec,
        pass_env: &[String],
        masker: Arc<Masker>,
        timeout: Duration,
    ) -> Result<Self> {
        let adapter = alfine_agents::adapter(&agent.name)?;
        let env = of_reader(&*adapter, &agent, pass_env);
        Ok(Self { agent, adapter, masker, timeout, env })
    }

    /// The agent.
    pub(crate) fn agent(&self) -> &AgentSpec {
        &self.agent
    }

    /// What it is called: the agent, and the model that was asked for.
    pub(crate) fn name(&self) -> String {
        match &self.agent.model {
            Some(model) => format!("{} ({model})", self.agent.name),
            None => self.agent.name.clone(),
        }
    }

    /// Why it does not start, and how to install it: the rest of a sentence that begins with its name.
    pub(crate) fn does_not_start(&self, error: ProcessError) -> String {
        format!("does not start: {}", does_not_start(&*self.adapter, error))
    }

    /// What keeps it from answering as long as nobody mends that: the rest of a sentence that begins with its name.
    pub(crate) fn unable(&self, ended: &Ended) -> Option<String> {
        let what = match ended.outcome {
            Outcome::Auth { .. } => "is not logged in",
            Outcome::Billing => "has no credit",
            Outcome::Config | Outcome::Rejected | Outcome::SessionNotFound => {
                "cannot run as it is configured"
            }
            Outcome::RateLimit { .. } => "has reached its usage limit",
            Outcome::Server => "has a service that fails",
            Outcome::Crashed => "ended without an answer",
            Outcome::Ok
            | Outcome::TurnLimit
            | Outcome::Budget
            | Outcome::Interrupted
            | Outcome::Context
            | Outcome::Refusal => return None,
        };
        let message = self.masker.mask(start_of(ended.message.trim(), MESSAGE)).into_owned();
        let login = match ended.outcome {
            Outcome::Auth { .. } => login_of(&*self.adapter, &self.env, &message)
                .map_or_else(String::new, |login| format!("; to log in: {}", login.remedy)),
            _ => String::new(),
        };
        Some(format!("{what}: {message}{login}"))
    }

    /// Asks once, and waits for the answer: for the time that it has, and so many US dollars.
    pub(crate) fn ask(
        &self,
        prompt: String,
        budget: Option<f64>,
        around: &Around<'_>,
    ) -> std::result::Result<Ended, ProcessError> {
        let request = Request {
            prompt,
            session: None,
            model: self.agent.model.clone(),
            permissions: self.agent.permissions,
            reads_only: true,
            cwd: around.root.to_owned(),
            extra_args: self.agent.args.clone(),
            command: self.agent.command.clone(),
            max_budget_usd: budget,
        };
        let invocation = match self.adapter.invocation(&request) {
            Ok(invocation) => invocation,
            Err(error) => return Ok(Ended::unasked(error.to_string())),
        };
        let mut command = command_of(invocation, around.guard, around.root, self.env.clone(), around.marker);
        command.grace = around.grace;
        save_prompt(&around.transcript, &self.masker, &request.prompt);
        let mut child = command.spawn()?;
        around.cancel.set_running(Some(child.ender()));
        let reading = Reading {
            decoder: self.adapter.decoder(&PriorSession::default()),
            transcript: Transcript::create(&around.transcript, Arc::clone(&self.masker)),
            price: self.agent.price,
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
        let in_time = child.wait_timeout(self.timeout);
        let timed_out = in_time.is_none();
        let exit = in_time.unwrap_or_else(|| {
            child.ender().end();
            child.wait()
        });
        around.cancel.set_running(None);
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

/// Reads what an agent prints.
struct Reading {
    decoder: Box<dyn Decoder>,
    transcript: Transcript,
    price: Option<Price>,
    budget: Option<f64>,
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
        match priced(event, self.price) {
            AgentEvent::Text { text } => {
                self.ended.said.push_str(&text);
                self.ended.said.push('\n');
                if self.ended.said.len() > KEPT {
                    self.ended.said = end_of(&self.ended.said, KEPT / 2).to_owned();
                }
            }
            AgentEvent::Usage(usage) => {
                self.ended.usage = usage;
                if usage.cost_usd.zip(self.budget).is_some_and(|(cost, budget)| cost > budget) {
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
            | AgentEvent::Context { .. }
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
