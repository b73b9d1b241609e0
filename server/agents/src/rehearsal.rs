//! The built-in scripted agent: it needs no network, no key and no other program. For demonstrations, tutorials, tests.
//!
//! Alfine calls itself with the hidden subcommand `rehearsal`; what that prints is one [`AgentEvent`] per line. Never
//! knows more of its loop than any other agent does.

mod player;
mod script;

pub use player::{RehearsalError, play_from_env};
pub use script::Gate;

use super::{
    Adapter, Decoder, Exit, Invocation, InvocationError, Line, Lines, PriorSession, Request,
    exit::outcome_of_exit, invocation::program_and_args, lenient::repaired,
};
use alfine_core::agent::AgentEvent;
use jiff::Timestamp;
use std::ffi::OsString;

/// Names the file of the script, TOML or JSON.
const SCRIPT_VARIABLE: &str = "ALFINE_REHEARSAL";
/// Names the file that counts the runs played. Without it that is a file in the system's folder for temporary ones.
const STATE_VARIABLE: &str = "ALFINE_REHEARSAL_STATE";
/// Names the task, as `PLAN.md#US-001`.
pub const TASK_VARIABLE: &str = "ALFINE_TASK";

pub(super) struct Rehearsal;

impl Adapter for Rehearsal {
    fn name(&self) -> &'static str {
        "rehearsal"
    }

    fn invocation(&self, request: &Request) -> Result<Invocation, InvocationError> {
        let (program, mut args) = match &request.command {
            Some(command) => program_and_args(self.name(), Some(command), None)?,
            None => (own_program()?, vec!["rehearsal".into()]),
        };
        if let Some(session) = &request.session {
            args.extend(["--session".into(), OsString::from(&session.0)]);
        }
        args.extend(request.extra_args.iter().map(OsString::from));
        Ok(Invocation { program, args, env: Vec::new(), stdin: request.prompt.clone().into_bytes() })
    }

    fn decoder(&self, _: &PriorSession) -> Box<dyn Decoder> {
        Box::<EventLines>::default()
    }

    fn own_env(&self) -> &'static [&'static str] {
        &[SCRIPT_VARIABLE, STATE_VARIABLE, TASK_VARIABLE]
    }
}

fn own_program() -> Result<OsString, InvocationError> {
    std::env::current_exe()
        .map(OsString::from)
        .map_err(|error| InvocationError::NoOwnProgram { reason: error.to_string() })
}

/// Decodes one event per line.
#[derive(Default)]
struct EventLines {
    lines: Lines,
    end: Option<AgentEvent>,
}

impl Decoder for EventLines {
    fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(AgentEvent)) {
        self.lines.feed(chunk, |line| take(&mut self.end, line, sink));
    }

    fn finish(&mut self, exit: Exit, stderr_tail: &str, sink: &mut dyn FnMut(AgentEvent)) {
        self.lines.finish(|line| take(&mut self.end, line, sink));
        sink(self.end.take().unwrap_or_else(|| outcome_of_exit(exit, stderr_tail, Timestamp::now())));
    }
}

/// Passes an event on. An event that ends the run is held back until the process has ended, too.
fn take(end: &mut Option<AgentEvent>, line: Line<'_>, sink: &mut dyn FnMut(AgentEvent)) {
    let Line::Whole(bytes) = line else { return };
    match serde_json::from_str(&repaired(bytes)) {
        Ok(event @ AgentEvent::Ended { .. }) => *end = Some(event),
        Ok(event) => sink(event),
        Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::agent::{Outcome, SessionId};

    #[test]
    fn it_calls_its_own_program_with_the_hidden_subcommand() {
        let session = Some(SessionId("s 1".to_owned()));
        let request = Request { prompt: "go".to_owned(), session, ..Request::default() };
        let invocation = Rehearsal.invocation(&request).unwrap();
        assert_eq!(invocation.program, std::env::current_exe().unwrap());
        assert_eq!(invocation.args, ["rehearsal", "--session", "s 1"]);
        assert_eq!(invocation.stdin, b"go");
    }

    #[test]
    fn events_come_line_by_line_and_the_end_comes_last() {
        let mut events = Vec::new();
        let mut decoder = Rehearsal.decoder(&PriorSession::default());
        let stream = "{\"event\":\"ended\",\"class\":1}\nnoise\n{\"event\":\"ended\",\"outcome\":{\"class\":\"budget\"}}\n\
                      {\"event\":\"text\",\"text\":\"a\"}";
        decoder.push(stream.as_bytes(), &mut |event| events.push(event));
        assert!(events.is_empty());
        decoder.finish(Exit::with_code(0), "", &mut |event| events.push(event));
        let end = AgentEvent::Ended { outcome: Outcome::Budget, message: String::new() };
        assert_eq!(events, [AgentEvent::Text { text: "a".to_owned() }, end]);
    }

    #[test]
    fn a_player_that_died_is_judged_by_its_exit() {
        let mut events = Vec::new();
        let mut decoder = Rehearsal.decoder(&PriorSession::default());
        decoder.finish(Exit { signal: Some(9), ..Exit::default() }, "", &mut |event| events.push(event));
        let message = "ended by signal 9".to_owned();
        assert_eq!(events, [AgentEvent::Ended { outcome: Outcome::Interrupted, message }]);
    }
}
