//! Hands messages to the service in the order they came. A notification is taken as far as it goes
//! without waiting before the next message is looked at; a request's handler runs on a thread of its
//! own, so that a busy one holds up nobody. A panic costs one message.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::protocol::jsonrpc::{Error, Id, Request, RequestBuilder, Result};
use crate::protocol::{LanguageServer, LspService};
use futures::FutureExt;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tower_service::Service;
use tracing::{Instrument, Span};

use super::exchange::{Exchange, Handling, Job, Phase, Ticket, Work};
use super::message;
use super::to_client::ToClient;

/// Notifications whose handlers wait for something. Beyond this the oldest are given up.
const WAITING_NOTIFICATIONS: usize = 1024;

/// Hands messages to a service until the exchange is over.
pub(super) struct Dispatcher<S> {
    pub(super) service: LspService<S>,
    pub(super) starter: Starter,
    pub(super) without_params: &'static [&'static str],
    pub(super) unfinished: VecDeque<AbortHandle>,
}

/// Starts the handlers of requests as soon as they may.
#[derive(Clone)]
pub(super) struct Starter {
    pub(super) exchange: Arc<Exchange>,
    pub(super) to_client: Arc<ToClient>,
    pub(super) runtime: Handle,
}

impl<S: LanguageServer> Dispatcher<S> {
    /// Dispatches until the exchange is over, then has every handler dropped.
    pub(super) fn run(mut self) {
        let runtime = self.starter.runtime.clone();
        let _entered = runtime.enter();
        while let Some(work) = self.starter.exchange.next_work() {
            match work {
                Work::Request(ticket, params) => self.request(&ticket, params),
                Work::Notification { method, params, .. } => self.notification(&method, params),
                Work::Forget(serial) => {
                    let params = json!({"id": serial.to_string()});
                    let cancel = Request::build("$/cancelRequest").params(params).finish();
                    self.apply("$/cancelRequest", cancel);
                }
            }
        }
        self.apply("exit", Request::build("exit").finish());
    }

    fn request(&mut self, ticket: &Ticket, params: Option<Value>) {
        let starter = &self.starter;
        if !starter.exchange.admit(ticket) {
            return;
        }
        // The service knows a request by its serial number: it would take an id that is used again
        // for the cancelled request that had it before.
        let request = Request::build(ticket.method.clone()).id(Id::String(ticket.serial.to_string()));
        let request = with_params(request, self.params(&ticket.method, params)).finish();
        let _span = span_of_request(ticket).entered();
        match catch_unwind(AssertUnwindSafe(|| self.service.call(request))) {
            Ok(handling) => starter.exchange.schedule(Job { ticket: ticket.clone(), handling }),
            Err(panic) => {
                log_panic(&ticket.method, &*panic);
                starter.exchange.fail(ticket, message::panicked(&ticket.method));
            }
        }
        starter.start();
        if ticket.method == "initialize" {
            starter.exchange.wait_for_answer(ticket);
        }
    }

    fn notification(&mut self, method: &str, params: Option<Value>) {
        if self.starter.exchange.phase() != Phase::Running {
            tracing::debug!("dropped the notification {method}: the server is not running");
            return;
        }
        let params = self.params(method, params);
        let request = with_params(Request::build(method.to_owned()), params).finish();
        self.apply(method, request);
    }

    /// Takes a notification as far as it goes, and leaves what waits to the runtime.
    fn apply(&mut self, method: &str, request: Request) {
        let span = tracing::error_span!("notification", method).entered();
        let begun = catch_unwind(AssertUnwindSafe(|| {
            let mut handling = self.service.call(request);
            match handling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(_) => None,
                Poll::Pending => Some(handling),
            }
        }));
        match begun {
            Ok(None) => {}
            Ok(Some(rest)) => self.finish_later(method.to_owned(), rest, span.exit()),
            Err(panic) => log_panic(method, &*panic),
        }
    }

    fn finish_later(&mut self, method: String, rest: Handling, span: Span) {
        let finishing = async move {
            if let Err(panic) = AssertUnwindSafe(rest).catch_unwind().await {
                log_panic(&method, &*panic);
            }
        };
        let task = self.starter.runtime.spawn(finishing.instrument(span));
        self.unfinished.push_back(task.abort_handle());
        if self.unfinished.len() > WAITING_NOTIFICATIONS {
            self.unfinished.retain(|task| !task.is_finished());
        }
        if self.unfinished.len() > WAITING_NOTIFICATIONS
            && let Some(oldest) = self.unfinished.pop_front()
        {
            tracing::warn!("gave up the oldest of {WAITING_NOTIFICATIONS} notifications whose handlers wait");
            oldest.abort();
        }
    }

    /// The parameters as the service takes them. It refuses `null` for a method without parameters, and missing
    /// parameters for a method whose parameters are always empty.
    fn params(&self, method: &str, params: Option<Value>) -> Option<Value> {
        match method {
            "shutdown" => None,
            _ if self.without_params.contains(&method) => None,
            "initialized" => params.filter(|params| !params.is_null()).or_else(|| Some(json!({}))),
            _ => params,
        }
    }
}

fn with_params(request: RequestBuilder, params: Option<Value>) -> RequestBuilder {
    match params {
        Some(params) => request.params(params),
        None => request,
    }
}

impl Starter {
    /// Starts the handlers that may start now.
    pub(super) fn start(&self) {
        while let Some(job) = self.exchange.start() {
            let starter = self.clone();
            self.runtime.spawn_blocking(move || starter.run(job));
        }
    }

    fn run(self, job: Job) {
        let Job { ticket, handling } = job;
        let method = &ticket.method;
        let _span = span_of_request(&ticket).entered();
        let result: Result<Value> = match catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(handling))) {
            Ok(Ok(Some(response))) => response.into_parts().1,
            Ok(Ok(None)) => Err(message::unknown_method(method)),
            Ok(Err(exited)) => Err(Error { message: exited.to_string().into(), ..Error::invalid_request() }),
            Err(panic) => {
                log_panic(method, &*panic);
                self.exchange.forget(&ticket);
                Err(message::panicked(method))
            }
        };
        // Everything that the handler sent to the client is written before its answer, so that a client sees the
        // notifications of a request before its result.
        self.to_client.forward();
        self.exchange.finish(&ticket, result);
        self.start();
    }
}

/// What the log lines of a request begin with. Spans are errors here, so that lines of every level have theirs.
fn span_of_request(ticket: &Ticket) -> Span {
    tracing::error_span!("request", method = ticket.method, id = %ticket.id)
}

fn log_panic(method: &str, panic: &(dyn Any + Send)) {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!("the handler of {method} panicked: {}", text.unwrap_or("for a reason it does not say"));
}
