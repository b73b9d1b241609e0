//! Any program as an agent: the prompt on stdin, or in an argument where its command says `{prompt}`; plain text out.

use super::{
    Adapter, Decoder, Exit, Invocation, InvocationError, PriorSession, Request, exit::outcome_of_exit,
    invocation::program_and_args,
};
use alfine_core::agent::AgentEvent;
use jiff::Timestamp;
use regex::Regex;
use std::{ffi::OsString, sync::LazyLock};

/// What is kept of the output, in bytes: its end, where a gate stands.
const TAIL: usize = 1 << 20;

/// The longest single argument that Linux takes (`MAX_ARG_STRLEN`, 32 pages, with the ending NUL), in bytes.
const ARGUMENT_LIMIT: usize = 128 * 1024 - 1;

/// What terminals take for colours, links and titles. A tag after one of them would not begin its line.
static TERMINAL_CODES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)").ok());

pub(super) struct Command;

impl Adapter for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn invocation(&self, request: &Request) -> Result<Invocation, InvocationError> {
        let (program, args) = program_and_args(self.name(), request.command.as_deref(), None)?;
        let args: Vec<_> = args.into_iter().chain(request.extra_args.iter().map(OsString::from)).collect();
        let has_place = |arg: &OsString| arg.to_str().is_some_and(|arg| arg.contains("{prompt}"));
        if !args.iter().any(has_place) {
            let stdin = request.prompt.clone().into_bytes();
            return Ok(Invocation { program, args, env: Vec::new(), stdin });
        }
        // An argument cannot hold a NUL.
        let prompt = request.prompt.replace('\0', "");
        if prompt.len() > ARGUMENT_LIMIT {
            return Err(InvocationError::PromptTooLong { bytes: prompt.len(), limit: ARGUMENT_LIMIT });
        }
        let fill = |arg: OsString| match arg.to_str() {
            Some(text) => text.replace("{prompt}", &prompt).into(),
            None => arg,
        };
        Ok(Invocation { program, args: args.into_iter().map(fill).collect(), ..Invocation::default() })
    }

    fn decoder(&self, _: &PriorSession) -> Box<dyn Decoder> {
        Box::<CommandDecoder>::default()
    }
}

#[derive(Default)]
struct CommandDecoder {
    tail: Vec<u8>,
    cut: bool,
}

impl Decoder for CommandDecoder {
    fn push(&mut self, chunk: &[u8], _: &mut dyn FnMut(AgentEvent)) {
        let (dropped, chunk) = chunk.split_at(chunk.len().saturating_sub(TAIL));
        self.cut |= !dropped.is_empty();
        self.tail.extend_from_slice(chunk);
        // Not at every chunk: that would move the whole tail each time.
        if self.tail.len() > 2 * TAIL {
            self.drop_start();
        }
    }

    fn finish(&mut self, exit: Exit, stderr_tail: &str, sink: &mut dyn FnMut(AgentEvent)) {
        self.drop_start();
        let tail = std::mem::take(&mut self.tail);
        let text = String::from_utf8_lossy(&tail);
        let plain = match TERMINAL_CODES.as_ref() {
            Some(codes) => codes.replace_all(&text, ""),
            None => text,
        };
        // Half a line could read as something else than it was.
        let whole_lines = if self.cut { plain.split_once('\n').map_or("", |(_, rest)| rest) } else { &plain };
        if !whole_lines.trim().is_empty() {
            sink(AgentEvent::Text { text: whole_lines.to_owned() });
        }
        sink(outcome_of_exit(exit, stderr_tail, Timestamp::now()));
    }
}

impl CommandDecoder {
    fn drop_start(&mut self) {
        let excess = self.tail.len().saturating_sub(TAIL);
        self.cut |= excess > 0;
        self.tail.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::agent::Outcome;

    fn request(command: &str, prompt: &str) -> Request {
        Request { command: Some(command.to_owned()), prompt: prompt.to_owned(), ..Request::default() }
    }

    fn decode(chunks: &[&[u8]], exit: Exit, stderr: &str) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        let mut decoder = Command.decoder(&PriorSession::default());
        for chunk in chunks {
            decoder.push(chunk, &mut |event| events.push(event));
        }
        decoder.finish(exit, stderr, &mut |event| events.push(event));
        events
    }

    #[test]
    fn the_prompt_comes_on_stdin() {
        let invocation = Command.invocation(&request("./agent.sh --flag 'two words'", "do\nit")).unwrap();
        assert_eq!(invocation.program, "./agent.sh");
        assert_eq!(invocation.args, ["--flag", "two words"]);
        assert_eq!(invocation.stdin, b"do\nit");
    }

    #[test]
    fn the_prompt_takes_its_place_in_an_argument_as_one_word() {
        let invocation =
            Command.invocation(&request("agent -p {prompt} --x={prompt}", "a 'b\0 $(c)")).unwrap();
        assert_eq!(invocation.args, ["-p", "a 'b $(c)", "--x=a 'b $(c)"]);
        assert!(invocation.stdin.is_empty());
        let long = Command.invocation(&request("agent {prompt}", &"x".repeat(200_000)));
        assert_eq!(long, Err(InvocationError::PromptTooLong { bytes: 200_000, limit: 131_071 }));
    }

    #[test]
    fn a_command_that_is_none_is_an_error() {
        assert_eq!(
            Command.invocation(&Request::default()),
            Err(InvocationError::NoCommand { agent: "command" })
        );
        assert_eq!(
            Command.invocation(&request(" ", "")),
            Err(InvocationError::NoCommand { agent: "command" })
        );
        assert!(matches!(
            Command.invocation(&request("agent 'open", "")),
            Err(InvocationError::BadCommand { .. })
        ));
    }

    #[test]
    fn all_output_is_one_text_without_terminal_codes() {
        let events = decode(
            &[b"\x1b[1;32mwork\x1b[0m\n\x1b]8;;http", b"://x\x07link\xff\n"],
            Exit::with_code(0),
            "noise",
        );
        assert_eq!(
            events,
            [
                AgentEvent::Text { text: "work\nlink\u{fffd}\n".to_owned() },
                AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() }
            ]
        );
    }

    #[test]
    fn of_long_output_the_last_whole_lines_are_kept() {
        let line = [b'x'; 999];
        let mut chunk = line.to_vec();
        chunk.push(b'\n');
        let chunks: Vec<&[u8]> = std::iter::repeat_n(chunk.as_slice(), 5000).chain([&b"end"[..]]).collect();
        let events = decode(&chunks, Exit::with_code(0), "");
        let Some(AgentEvent::Text { text }) = events.first() else { panic!("{events:?}") };
        assert!(text.len() <= TAIL && text.len() > TAIL - 1000);
        assert!(text.ends_with("x\nend") && text.lines().next().is_some_and(|first| first.len() == 999));
        assert_eq!(decode(&[&[b'x'; 3 << 20]], Exit::with_code(0), "").len(), 1);
    }

    #[test]
    fn a_failure_says_what_stood_last_on_stderr() {
        let events = decode(&[], Exit::with_code(3), "warming up\nboom\n");
        assert_eq!(
            events,
            [AgentEvent::Ended { outcome: Outcome::Crashed, message: "warming up\nboom".to_owned() }]
        );
    }

    #[test]
    fn a_usage_limit_is_read_from_its_last_error_and_never_from_what_it_prints() {
        let limit = "ERROR: You’ve hit your usage limit, try again in 5 minutes.\n";
        let class = |stdout: &str, code: i32, stderr: &str| match decode(
            &[stdout.as_bytes()],
            Exit::with_code(code),
            stderr,
        )
        .pop()
        {
            Some(AgentEvent::Ended { outcome, .. }) => outcome.class(),
            other => panic!("{other:?}"),
        };
        assert_eq!(class("", 1, limit), "rate_limit");
        assert_eq!(class("", 0, limit), "ok");
        assert_eq!(class(limit, 1, ""), "crashed");
    }
}
