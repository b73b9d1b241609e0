//! The transport: messages between a language client and an [`LspService`], over two streams of bytes.
//!
//! Takes the place of tower-lsp's own server. Reading, dispatching, forwarding and writing have a thread
//! each and meet at the [`exchange`]; handlers run elsewhere. So whatever handlers or the client do,
//! cancellations, answers and the end are seen at once. Must never know what a method means, beyond
//! those that belong to the protocol's life: `initialize`, `shutdown`, `exit`, `$/cancelRequest`.

mod dispatch;
mod exchange;
mod frame;
mod limits;
mod message;
mod outbox;
mod stdio;
mod to_client;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;

use crate::protocol::jsonrpc::{Id, Response};
use crate::protocol::{ClientSocket, LanguageServer, LspService};
use serde_json::Value;
use tokio::runtime::Handle;

use self::dispatch::{Dispatcher, Starter};
use self::exchange::Exchange;
use self::frame::{Frame, Frames};
use self::message::{Incoming, Invalid};
use self::to_client::ToClient;

pub use self::exchange::EndedBy;
pub use self::limits::Limits;
pub use self::stdio::serve_stdio;

/// What the transport has to know about a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Custom methods that take no parameters. Whatever a client sends as theirs is dropped, where the
    /// service would refuse even a `null`.
    pub without_params: &'static [&'static str],
    /// How much may be under way.
    pub limits: Limits,
}

/// How a transport ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// What ended it.
    pub by: EndedBy,
    /// Whether the client had sent `shutdown`.
    pub shut_down: bool,
}

impl Ended {
    /// The exit status the protocol asks for: 0 after `shutdown`, else 1.
    pub fn code(self) -> u8 {
        u8::from(!self.shut_down)
    }
}

/// Serves a language client on two streams of bytes until it leaves. Blocks; must not be called from a
/// task of `runtime`, which must be a multi-threaded one with timers.
///
/// Fails only if no thread can be started.
pub fn serve<S: LanguageServer>(
    runtime: &Handle,
    service: LspService<S>,
    socket: ClientSocket,
    options: Options,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<Ended> {
    Ok(begin(runtime, service, socket, options, input, output)?.finish())
}

struct Serving {
    exchange: Arc<Exchange>,
    to_client: Arc<ToClient>,
}

impl Serving {
    fn finish(self) -> Ended {
        let (by, shut_down) = self.exchange.close_at_end();
        self.to_client.wake();
        tracing::info!("ended by {by:?}, {} shutdown", if shut_down { "after" } else { "without" });
        Ended { by, shut_down }
    }
}

fn begin<S: LanguageServer>(
    runtime: &Handle,
    service: LspService<S>,
    socket: ClientSocket,
    options: Options,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<Serving> {
    let exchange = Arc::new(Exchange::new(options.limits));
    let to_client = Arc::new(ToClient::new(exchange.clone(), socket));
    let starter =
        Starter { exchange: exchange.clone(), to_client: to_client.clone(), runtime: runtime.clone() };
    let dispatcher = Dispatcher {
        service,
        starter: starter.clone(),
        without_params: options.without_params,
        unfinished: VecDeque::new(),
    };
    let forwarder = to_client.clone();
    let frames = Frames::new(input, options.limits.message);
    let reader = Reader { frames, exchange: exchange.clone(), to_client: to_client.clone() };
    spawn("write", move || write_all(output, &starter))?;
    spawn("forward", move || forwarder.run())?;
    spawn("dispatch", move || dispatcher.run())?;
    spawn("read", move || reader.run())?;
    Ok(Serving { exchange, to_client })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

fn write_all(mut output: impl Write, starter: &Starter) {
    let exchange = &starter.exchange;
    while let Some((body, more)) = exchange.outbox().next() {
        let written = frame::write(&mut output, &body);
        if let Err(error) = written.and_then(|()| if more { Ok(()) } else { output.flush() }) {
            tracing::warn!("the client cannot be written to: {error}");
            exchange.outbox().close();
            return exchange.end(EndedBy::Output);
        }
        starter.start();
    }
}

struct Reader<R> {
    frames: Frames<R>,
    exchange: Arc<Exchange>,
    to_client: Arc<ToClient>,
}

impl<R: Read> Reader<R> {
    fn run(mut self) {
        while !self.exchange.is_ending() {
            match self.frames.next() {
                Ok(Some(Frame::Body)) => self.message(),
                Ok(Some(Frame::Malformed(fault))) => {
                    tracing::warn!("passed over what is no message: {fault}");
                    self.exchange
                        .respond(&message::unreadable(format!("The message cannot be read: {fault}")));
                }
                Ok(None) => self.exchange.end(EndedBy::Input),
                Err(error) => {
                    tracing::warn!("the client cannot be read: {error}");
                    self.exchange.end(EndedBy::Input);
                }
            }
        }
    }

    fn message(&mut self) {
        let body = self.frames.body();
        let size = body.len();
        match message::read(body) {
            Ok(Incoming::Request { id, method, params }) => self.exchange.request(id, method, params, size),
            Ok(Incoming::Notification { method, params }) => self.notification(method, params, size),
            Ok(Incoming::Reply { id, result }) => {
                if !self.to_client.answer(&id, result) {
                    tracing::debug!("the client answered {id}, which is not open");
                }
            }
            Ok(Incoming::Bare { id }) => {
                if !self.to_client.answer(&id, Ok(Value::Null)) {
                    let error = message::invalid_request("The message has neither a method nor a result");
                    self.exchange.respond(&Response::from_error(id, error));
                }
            }
            Err(Invalid::NotAMessage(response)) => self.exchange.respond(&response),
            Err(Invalid::NotJson(response)) => {
                self.frames.reject();
                self.exchange.respond(&response);
            }
        }
    }

    fn notification(&self, method: String, params: Option<Value>, size: usize) {
        match &*method {
            "exit" => self.exchange.end(EndedBy::Exit),
            "$/cancelRequest" => {
                if let Some(id) = params.as_ref().and_then(|params| params.get("id")).and_then(as_id) {
                    self.exchange.cancel(&id);
                }
            }
            _ => self.exchange.notification(method, params, size),
        }
    }
}

fn as_id(value: &Value) -> Option<Id> {
    match value {
        Value::String(id) => Some(Id::String(id.clone())),
        value => value.as_i64().map(Id::Number),
    }
}
