//! The DevTools protocol of a browser, over a pipe: messages of JSON with a zero byte behind each.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// The longest message that is read, in bytes: a picture of a page.
const MESSAGE: u64 = 64 << 20;
/// How many messages wait to be taken before the browser has to.
const WAITING: usize = 1024;
/// How many events are kept.
const EVENTS: usize = 2000;

/// A connection to a browser.
pub(super) struct DevTools<W> {
    input: W,
    messages: Receiver<Value>,
    next: u64,
    /// What it told by itself, the oldest first.
    pub(super) events: Vec<Value>,
}

/// Why there is no answer.
pub(super) enum End {
    /// The browser is gone.
    Gone,
    /// The time is over.
    Late,
}

impl<W: Write> DevTools<W> {
    pub(super) fn new(input: W, output: impl Read + Send + 'static) -> Self {
        let (sender, messages) = sync_channel(WAITING);
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut message = Vec::new();
                let read = output.by_ref().take(MESSAGE).read_until(0, &mut message);
                if read.is_err() || message.pop() != Some(0) {
                    break;
                }
                // What is no JSON is no message.
                let Ok(message) = serde_json::from_slice(&message) else { continue };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { input, messages, next: 0, events: Vec::new() }
    }

    /// Has something done, and returns the whole answer.
    pub(super) fn call(
        &mut self,
        method: &str,
        params: &Value,
        session: Option<&str>,
        deadline: Instant,
    ) -> Result<Value, End> {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let (Some(session), Some(fields)) = (session, message.as_object_mut()) {
            fields.insert("sessionId".to_owned(), session.into());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).and_then(|()| self.input.flush()).map_err(|_| End::Gone)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(left)? {
                None => return Err(End::Late),
                Some(message) if message.get("id").and_then(Value::as_u64) == Some(id) => return Ok(message),
                Some(message) => self.keep(message),
            }
        }
    }

    /// Listens for a while.
    pub(super) fn listen(&mut self, time: Duration, deadline: Instant) -> Result<(), End> {
        let end = deadline.min(Instant::now() + time);
        while let Some(message) = self.next(end.saturating_duration_since(Instant::now()))? {
            self.keep(message);
        }
        Ok(())
    }

    fn next(&mut self, within: Duration) -> Result<Option<Value>, End> {
        match self.messages.recv_timeout(within) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(End::Gone),
        }
    }

    fn keep(&mut self, message: Value) {
        if message.get("method").is_some() && self.events.len() < EVENTS {
            self.events.push(message);
        }
    }
}
