//! What is under way between client and server: what waits to be dispatched, which requests have no
//! response yet, how it ends. Exactly one response leaves for each request: whoever takes it off the
//! table writes it. Nothing here runs a handler or waits for one.

use crate::lock::lock;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::protocol::ExitedError;
use crate::protocol::jsonrpc::{Error, Id, Response, Result};
use serde_json::Value;

use super::limits::Limits;
use super::message;
use super::outbox::{Outbox, Overfull, left};

/// What the service makes of a message.
pub(super) type Handling =
    Pin<Box<dyn Future<Output = std::result::Result<Option<Response>, ExitedError>> + Send>>;

/// What ended a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The client's `exit`.
    Exit,
    /// The end of the input, or an error of it.
    Input,
    /// An error of the output: the client is gone.
    Output,
    /// The client left too much unread.
    Unread,
    /// A signal to end.
    Signal,
}

impl EndedBy {
    /// Whether the client may still read.
    fn leaves_output(self) -> bool {
        !matches!(self, Self::Output | Self::Unread)
    }
}

/// A request that was taken on. Its serial number, unlike its id, is never used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) id: Id,
    pub(super) serial: u64,
    pub(super) method: String,
    /// Bytes of the message.
    size: usize,
}

/// What the dispatcher does next.
#[derive(Debug)]
pub(super) enum Work {
    Request(Ticket, Option<Value>),
    Notification {
        method: String,
        params: Option<Value>,
        size: usize,
    },
    /// Nobody waits for this request any more.
    Forget(u64),
}

/// A request whose handler can start.
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) handling: Handling,
}

/// How far the client and the server are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Uninitialized,
    Running,
    ShutDown,
}

/// Messages that were read and wait for their turn.
#[derive(Debug, Default, Clone, Copy)]
struct Load {
    messages: usize,
    bytes: usize,
}

struct State {
    phase: Phase,
    queue: VecDeque<Work>,
    queued: Load,
    dispatching: bool,
    waiting: VecDeque<Job>,
    /// Of the requests without a started handler, dispatched or not.
    load: Load,
    running: usize,
    unanswered: HashMap<Id, Ticket>,
    serial: u64,
    ended: Option<EndedBy>,
    closed: bool,
}

/// The table everyone works at.
pub(super) struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
    outbox: Outbox,
    limits: Limits,
}

impl Exchange {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            phase: Phase::Uninitialized,
            queue: VecDeque::new(),
            queued: Load::default(),
            dispatching: false,
            waiting: VecDeque::new(),
            load: Load::default(),
            running: 0,
            unanswered: HashMap::new(),
            serial: 0,
            ended: None,
            closed: false,
        };
        let outbox = Outbox::new(limits.unread_pause, limits.unread);
        Self { state: Mutex::new(state), changed: Condvar::new(), outbox, limits }
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed.wait_while(state, condition).unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes on a request, or refuses it.
    pub(super) fn request(&self, id: Id, method: String, params: Option<Value>, size: usize) {
        let mut state = self.lock();
        if state.unanswered.contains_key(&id) {
            let error = message::invalid_request("A request with this id is still unanswered");
            return self.respond_at(&mut state, id, Err(error));
        }
        if self.is_full(state.load) || self.is_full(state.queued) {
            return self.respond_at(&mut state, id, Err(message::too_many()));
        }
        state.serial += 1;
        let ticket = Ticket { id, serial: state.serial, method, size };
        state.unanswered.insert(ticket.id.clone(), ticket.clone());
        state.load.add(size);
        state.queued.add(size);
        state.queue.push_back(Work::Request(ticket, params));
        self.changed.notify_all();
    }

    /// Takes on a notification, which must not be lost. Waits while the dispatcher is far behind: it waits
    /// for no client, only for `initialize`, before which notifications do not count.
    pub(super) fn notification(&self, method: String, params: Option<Value>, size: usize) {
        let is_far_behind = |state: &mut State| {
            self.is_full(state.queued) && state.phase != Phase::Uninitialized && state.ended.is_none()
        };
        let mut state = self.wait_while(self.lock(), is_far_behind);
        if self.is_full(state.queued) {
            tracing::warn!(
                "dropped the notification {method}: too many messages came before an initialize ended"
            );
            return;
        }
        state.queued.add(size);
        state.queue.push_back(Work::Notification { method, params, size });
        self.changed.notify_all();
    }

    fn is_full(&self, load: Load) -> bool {
        load.messages >= self.limits.waiting_messages || load.bytes >= self.limits.waiting_bytes
    }

    /// Answers a request as cancelled, whatever its handler is doing.
    pub(super) fn cancel(&self, id: &Id) {
        let mut state = self.lock();
        let Some(ticket) = state.unanswered.remove(id) else { return };
        if let Some(place) = state.waiting.iter().position(|job| job.ticket.serial == ticket.serial) {
            state.waiting.remove(place);
            state.load.subtract(ticket.size);
        }
        state.queue.push_back(Work::Forget(ticket.serial));
        self.respond_at(&mut state, ticket.id, Err(Error::request_cancelled()));
        self.changed.notify_all();
    }

    /// Waits for what to dispatch next; `None` once all is over. What was dispatched before is done.
    pub(super) fn next_work(&self) -> Option<Work> {
        let mut state = self.lock();
        state.dispatching = false;
        self.changed.notify_all();
        let mut state = self.wait_while(state, |state| state.queue.is_empty() && !state.closed);
        if state.closed {
            return None;
        }
        let work = state.queue.pop_front()?;
        state.dispatching = true;
        match &work {
            Work::Request(Ticket { size, .. }, _) | Work::Notification { size, .. } => {
                state.queued.subtract(*size);
            }
            Work::Forget(_) => {}
        }
        Some(work)
    }

    /// How far client and server are.
    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Lets a request that was dispatched on to its handler, unless it was cancelled or comes at the wrong
    /// time. False if its handler must not run.
    pub(super) fn admit(&self, ticket: &Ticket) -> bool {
        let mut state = self.lock();
        let refusal = match state.phase {
            _ if !state.is_unanswered(ticket) => None,
            Phase::Uninitialized if ticket.method != "initialize" => Some(message::not_initialized()),
            Phase::ShutDown => Some(message::invalid_request("The server is shut down")),
            Phase::Running if ticket.method == "initialize" => {
                Some(message::invalid_request("The server is initialized"))
            }
            Phase::Uninitialized | Phase::Running => {
                if ticket.method == "shutdown" {
                    state.phase = Phase::ShutDown;
                }
                return true;
            }
        };
        state.load.subtract(ticket.size);
        if let Some(error) = refusal {
            state.unanswered.remove(&ticket.id);
            self.respond_at(&mut state, ticket.id.clone(), Err(error));
        }
        self.changed.notify_all();
        false
    }

    /// Puts a request's handler where it waits to be started.
    pub(super) fn schedule(&self, job: Job) {
        let mut state = self.lock();
        if state.is_unanswered(&job.ticket) {
            state.waiting.push_back(job);
        } else {
            state.load.subtract(job.ticket.size);
        }
    }

    /// Takes the next handler to start, if one may. Each must be given back by [`Exchange::finish`].
    pub(super) fn start(&self) -> Option<Job> {
        let mut state = self.lock();
        let place = if state.running < self.limits.running_requests && self.outbox.has_room() {
            0
        } else {
            // The two that the life of the server hangs on wait for nobody.
            state.waiting.iter().position(|job| matches!(&*job.ticket.method, "initialize" | "shutdown"))?
        };
        let job = state.waiting.remove(place)?;
        state.running += 1;
        state.load.subtract(job.ticket.size);
        self.changed.notify_all();
        Some(job)
    }

    /// Gives a handler back that was started, with what it answers.
    pub(super) fn finish(&self, ticket: &Ticket, result: Result<Value>) {
        let mut state = self.lock();
        state.running = state.running.saturating_sub(1);
        self.settle(&mut state, ticket, result);
    }

    /// Answers a request that was dispatched and whose handler could not be made.
    pub(super) fn fail(&self, ticket: &Ticket, error: Error) {
        let mut state = self.lock();
        state.load.subtract(ticket.size);
        self.settle(&mut state, ticket, Err(error));
    }

    fn settle(&self, state: &mut State, ticket: &Ticket, result: Result<Value>) {
        if state.is_unanswered(ticket) {
            state.unanswered.remove(&ticket.id);
            if ticket.method == "initialize" && result.is_ok() && state.phase == Phase::Uninitialized {
                state.phase = Phase::Running;
            }
            self.respond_at(state, ticket.id.clone(), result);
        }
        self.changed.notify_all();
    }

    /// Has the dispatcher drop what is left of a request's handler.
    pub(super) fn forget(&self, ticket: &Ticket) {
        self.lock().queue.push_back(Work::Forget(ticket.serial));
        self.changed.notify_all();
    }

    /// Waits until a request is answered or all is over.
    pub(super) fn wait_for_answer(&self, ticket: &Ticket) {
        drop(self.wait_while(self.lock(), |state| state.is_unanswered(ticket) && !state.closed));
    }

    /// Sends a response to what was not a request.
    pub(super) fn respond(&self, response: &Response) {
        self.send(&mut self.lock(), message::response(response));
    }

    /// Sends a message of the server's own.
    pub(super) fn send_own(&self, body: Vec<u8>) {
        self.send(&mut self.lock(), body);
    }

    fn respond_at(&self, state: &mut State, id: Id, result: Result<Value>) {
        self.send(state, message::response(&Response::from_parts(id, result)));
    }

    fn send(&self, state: &mut State, body: Vec<u8>) {
        if !state.closed && self.outbox.push(body) == Err(Overfull) {
            self.end_at(state, EndedBy::Unread);
        }
    }

    /// Says that the exchange ends. The first cause counts.
    pub(super) fn end(&self, cause: EndedBy) {
        self.end_at(&mut self.lock(), cause);
    }

    fn end_at(&self, state: &mut State, cause: EndedBy) {
        state.ended.get_or_insert(cause);
        self.changed.notify_all();
    }

    /// Whether the exchange ends.
    pub(super) fn is_ending(&self) -> bool {
        self.lock().ended.is_some()
    }

    /// Waits for the end, lets what is under way come to its own until the limit, and closes. Says what
    /// ended the exchange and whether a `shutdown` came before.
    pub(super) fn close_at_end(&self) -> (EndedBy, bool) {
        let mut state = self.wait_while(self.lock(), |state| state.ended.is_none());
        let cause = state.ended.unwrap_or(EndedBy::Input);
        let deadline = Instant::now() + self.limits.grace;
        if cause.leaves_output() {
            let busy = |state: &mut State| state.is_busy(cause);
            state = match self.changed.wait_timeout_while(state, left(deadline), busy) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            drop(state);
            self.outbox.wait_until_written(deadline);
            state = self.lock();
        }
        let shut_down = state.phase == Phase::ShutDown || state.awaits_shutdown();
        state.closed = true;
        state.waiting.clear();
        self.changed.notify_all();
        drop(state);
        self.outbox.close();
        (cause, shut_down)
    }
}

impl State {
    fn is_unanswered(&self, ticket: &Ticket) -> bool {
        self.unanswered.get(&ticket.id).is_some_and(|unanswered| unanswered.serial == ticket.serial)
    }

    fn awaits_shutdown(&self) -> bool {
        self.phase == Phase::Running && self.unanswered.values().any(|ticket| ticket.method == "shutdown")
    }

    /// Whether something still has to happen before the end: a client that left expects no answers but
    /// that to its `shutdown`; one that only closed its side expects them all.
    fn is_busy(&self, cause: EndedBy) -> bool {
        let unanswered = match cause {
            EndedBy::Input => !self.unanswered.is_empty(),
            _ => self.unanswered.values().any(|ticket| ticket.method == "shutdown"),
        };
        unanswered || self.dispatching || !self.queue.is_empty()
    }
}

impl Load {
    fn add(&mut self, size: usize) {
        self.messages += 1;
        self.bytes += size;
    }

    fn subtract(&mut self, size: usize) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }
}
