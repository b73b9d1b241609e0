//! A language client that forgets nothing: dropped with a message of the server unread, it fails the test.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use alfine_lsp::transport::{Ended, Options, serve};
use serde_json::{Value, json};
use tower_lsp::{ClientSocket, LanguageServer, LspService};

/// The longest any step may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A language client.
pub struct Client {
    input: Option<Box<dyn Write + Send>>,
    output: Receiver<Value>,
    unread: VecDeque<Value>,
    server: Server,
    next_id: i64,
}

enum Server {
    Thread(Receiver<Ended>),
    Process { id: u32, ended: Receiver<ExitStatus> },
}

/// A server in this process, with both ends of its pipes in the test's hands.
pub struct Bare {
    pub input: io::PipeWriter,
    pub output: PipeReader,
    pub ended: Receiver<Ended>,
}

impl Bare {
    /// Serves in this process.
    pub fn serve<S: LanguageServer>(
        make: impl FnOnce() -> (LspService<S>, ClientSocket) + Send + 'static,
        options: Options,
    ) -> Self {
        let (from_client, input) = io::pipe().unwrap();
        let (output, to_client) = io::pipe().unwrap();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            let (service, socket) = runtime.block_on(async { make() });
            let result = serve(runtime.handle(), service, socket, options, from_client, to_client).unwrap();
            runtime.shutdown_background();
            let _ = end.send(result);
        });
        Self { input, output, ended }
    }
}

impl Client {
    /// Talks to a server in this process.
    pub fn of<S: LanguageServer>(
        make: impl FnOnce() -> (LspService<S>, ClientSocket) + Send + 'static,
        options: Options,
    ) -> Self {
        let Bare { input, output, ended } = Bare::serve(make, options);
        Self::new(Box::new(input), output, Server::Thread(ended))
    }

    /// Talks to a server on the standard streams of a process.
    pub fn of_process(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (end, ended) = mpsc::channel();
        let id = child.id();
        thread::spawn(move || end.send(child.wait().unwrap()));
        Self::new(Box::new(input), output, Server::Process { id, ended })
    }

    fn new(input: Box<dyn Write + Send>, output: impl Read + Send + 'static, server: Server) -> Self {
        let (read, unread) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read_message(&mut output) {
                if read.send(message).is_err() {
                    break;
                }
            }
        });
        Self { input: Some(input), output: unread, unread: VecDeque::new(), server, next_id: 1 }
    }

    /// Introduces itself.
    pub fn initialized(mut self) -> Self {
        let id = self.request("initialize", json!({"capabilities": {}}));
        assert!(self.response(id)["result"].is_object());
        self.notify("initialized", json!({}));
        self
    }

    /// The id of the server's process.
    pub fn process(&self) -> u32 {
        match &self.server {
            Server::Process { id, .. } => *id,
            Server::Thread(_) => std::process::id(),
        }
    }

    /// Sends bytes.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.input.as_mut().expect("the input is closed");
        input.write_all(bytes.as_ref()).and_then(|()| input.flush()).expect("the server reads");
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        self.raw(frame(message));
    }

    /// Sends a request; gives its id.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and gives what it is answered.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.response(id)
    }

    /// Waits for the response to a request; keeps what comes before it.
    pub fn response(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        self.expect(move |message| message.get("method").is_none() && message["id"] == id)
    }

    /// Waits for a request or a notification of the server; keeps what comes before it.
    pub fn incoming(&mut self, method: &str) -> Value {
        self.expect(|message| message["method"] == method)
    }

    /// The next message, whatever it is; `None` once the server has closed its output.
    pub fn next(&mut self) -> Option<Value> {
        self.unread.pop_front().or_else(|| self.receive())
    }

    fn receive(&mut self) -> Option<Value> {
        match self.output.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the server is silent; unread: {:?}", self.unread),
        }
    }

    fn expect(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.unread.iter().position(&wanted) {
            return self.unread.remove(place).unwrap();
        }
        loop {
            match self.receive() {
                Some(message) if wanted(&message) => return message,
                Some(message) => self.unread.push_back(message),
                None => panic!("the server has left; unread: {:?}", self.unread),
            }
        }
    }

    /// Closes the server's input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits for the end of the server: its exit status and how long it took.
    pub fn end(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let code = match &self.server {
            Server::Thread(ended) => i32::from(ended.recv_timeout(PATIENCE).expect("the server ends").code()),
            Server::Process { ended, .. } => {
                let status = ended.recv_timeout(PATIENCE).expect("the server ends");
                status.code().expect("no signal ends the server")
            }
        };
        (code, begun.elapsed())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        if !thread::panicking() {
            while let Some(message) = self.receive() {
                self.unread.push_back(message);
            }
            assert!(self.unread.is_empty(), "messages of the server were left unread: {:?}", self.unread);
        }
    }
}

/// A message as a frame.
pub fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads one message. Anything but frames on the output fails the test.
pub fn read_message(output: &mut impl BufRead) -> Option<Value> {
    let mut header = String::new();
    if output.read_line(&mut header).unwrap_or(0) == 0 {
        return None;
    }
    let length = header.strip_prefix("Content-Length: ").expect("a frame").trim_end().parse().unwrap();
    let mut body = vec![0; length];
    header.clear();
    output.read_line(&mut header).unwrap();
    assert_eq!(header, "\r\n");
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}
