//! What the server sends of its own accord: notifications, and requests whose answers it waits for.
//! Knows which requests are open, so that a late or invented answer reaches nobody.

use crate::lock::lock;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::protocol::jsonrpc::{Error, ErrorCode, Id, Response, Result};
use crate::protocol::{ClientSocket, Loopback};
use futures::{Sink, Stream};
use serde_json::Value;

use super::exchange::Exchange;
use super::message;

/// Requests a client can leave unanswered. Beyond this the oldest fails.
const OPEN_REQUESTS: usize = 256;

type Messages = <ClientSocket as Loopback>::RequestStream;
type Answers = <ClientSocket as Loopback>::ResponseSink;

/// The server's own messages on their way to the client, and the answers on their way back.
pub(super) struct ToClient {
    exchange: Arc<Exchange>,
    messages: Mutex<Messages>,
    open: Mutex<Open>,
    bell: Arc<Bell>,
    waker: Waker,
}

struct Open {
    ids: VecDeque<Id>,
    answers: Answers,
}

/// Rings when the server has messages.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *lock(&self.rung) = true;
        self.changed.notify_all();
    }
}

/// What became of the server's messages.
#[derive(PartialEq, Eq)]
enum Forwarded {
    /// All there are.
    All,
    /// As many as there was room for.
    Some,
    /// All there will ever be.
    Last,
}

impl ToClient {
    pub(super) fn new(exchange: Arc<Exchange>, socket: ClientSocket) -> Self {
        let (messages, answers) = socket.split();
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(bell.clone());
        let open = Mutex::new(Open { ids: VecDeque::new(), answers });
        Self { exchange, messages: Mutex::new(messages), open, bell, waker }
    }

    /// Forwards messages until the exchange or the server is over. Waits while the client does not read.
    pub(super) fn run(&self) {
        while self.exchange.outbox().wait_for_room() {
            match self.forward_some(true) {
                Forwarded::Some => {}
                Forwarded::Last => break,
                Forwarded::All => {
                    let silent = |rung: &mut bool| !*rung;
                    let rung = self.bell.changed.wait_while(lock(&self.bell.rung), silent);
                    *rung.unwrap_or_else(PoisonError::into_inner) = false;
                }
            }
        }
    }

    /// Ends [`ToClient::run`] once the exchange is over.
    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    /// Forwards what the server has sent up to now.
    pub(super) fn forward(&self) {
        self.forward_some(false);
    }

    fn forward_some(&self, only_with_room: bool) -> Forwarded {
        let mut messages = lock(&self.messages);
        let mut context = Context::from_waker(&self.waker);
        while !only_with_room || self.exchange.outbox().has_room() {
            match Pin::new(&mut *messages).poll_next(&mut context) {
                Poll::Pending => return Forwarded::All,
                Poll::Ready(None) => return Forwarded::Last,
                Poll::Ready(Some(request)) => {
                    if let Some(id) = request.id() {
                        self.expect_answer(id.clone());
                    }
                    self.exchange.send_own(message::request(request));
                }
            }
        }
        Forwarded::Some
    }

    fn expect_answer(&self, id: Id) {
        let mut open = lock(&self.open);
        open.ids.push_back(id);
        if open.ids.len() > OPEN_REQUESTS
            && let Some(oldest) = open.ids.pop_front()
        {
            let mut error = Error::new(ErrorCode::InternalError);
            error.message = "The client has left too many requests unanswered".into();
            open.deliver(Response::from_error(oldest, error));
        }
    }

    /// Hands an answer to whoever waits for it; false if no such request is open.
    pub(super) fn answer(&self, id: &Id, result: Result<Value>) -> bool {
        let mut open = lock(&self.open);
        let Some(place) = open.ids.iter().position(|open| open == id) else { return false };
        open.ids.remove(place);
        open.deliver(Response::from_parts(id.clone(), result));
        true
    }
}

impl Open {
    fn deliver(&mut self, response: Response) {
        // The library panics if nobody waits for the answer any more.
        let answers = Pin::new(&mut self.answers);
        if catch_unwind(AssertUnwindSafe(|| answers.start_send(response))).is_err() {
            tracing::debug!("the client answered a request that nobody waits for any more");
        }
    }
}
