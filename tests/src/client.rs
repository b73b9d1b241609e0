//! A language client that forgets nothing: dropped with a message of the server unread, it fails the test. Every message
//! that it gets is held against the protocol's meta-model.

use crate::meta_model::MetaModel;
use serde_json::{Deserializer, Value, json};
use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// The longest any step may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A language client.
pub struct Client {
    input: Option<Box<dyn Write + Send>>,
    output: Receiver<Value>,
    unread: VecDeque<Value>,
    process: u32,
    ended: Receiver<i32>,
    next_id: i64,
    model: &'static MetaModel,
    /// The methods of the requests that nobody answered yet, by id; a test may use one twice.
    asked: HashMap<String, VecDeque<String>>,
}

/// Why there is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// None came in the time.
    Nothing,
    /// The server has closed its output.
    Left,
}

impl Client {
    /// Talks to a server over these streams, in the process of this id; its exit status comes over `ended`.
    pub fn over(
        input: impl Write + Send + 'static,
        output: impl Read + Send + 'static,
        process: u32,
        ended: Receiver<i32>,
    ) -> Self {
        let (read, unread) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read_message(&mut output) {
                if read.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            input: Some(Box::new(input)),
            output: unread,
            unread: VecDeque::new(),
            process,
            ended,
            next_id: 1,
            model: MetaModel::of_alfine(),
            asked: HashMap::new(),
        }
    }

    /// Talks to a server on the standard streams of a process.
    pub fn of_process(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server");
        let (input, output) =
            (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let (end, ended) = mpsc::channel();
        let process = child.id();
        // A server that a signal ended has no status of its own.
        thread::spawn(move || end.send(child.wait().expect("a child").code().unwrap_or(-1)));
        Self::over(input, output, process, ended)
    }

    /// Holds messages against another meta-model.
    #[must_use]
    pub fn with_model(mut self, model: &'static MetaModel) -> Self {
        self.model = model;
        self
    }

    /// Introduces itself, as a client that can nothing.
    pub fn initialized(mut self) -> Self {
        let id = self.request("initialize", json!({"capabilities": {}}));
        assert!(self.response(id)["result"].is_object());
        self.notify("initialized", json!({}));
        self
    }

    /// The id of the server's process.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Sends bytes.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_raw(bytes).expect("the server reads");
    }

    /// Sends bytes to a server that may have left.
    pub fn try_raw(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.note_request(bytes.as_ref());
        let Some(input) = self.input.as_mut() else { return Err(ErrorKind::BrokenPipe.into()) };
        input.write_all(bytes.as_ref()).and_then(|()| input.flush())
    }

    /// Remembers what is asked, where the bytes are a whole request.
    fn note_request(&mut self, bytes: &[u8]) {
        let body =
            bytes.windows(4).position(|window| window == b"\r\n\r\n").and_then(|at| bytes.get(at + 4..));
        let message = Deserializer::from_slice(body.unwrap_or_default()).into_iter::<Value>().next();
        let Some(Ok(message)) = message else { return };
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            self.asked.entry(id.to_string()).or_default().push_back(method.to_owned());
        }
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

    #[allow(clippy::should_implement_trait, reason = "it waits, and is no iterator to pass around")]
    /// The next message, whatever it is; `None` once the server has closed its output.
    pub fn next(&mut self) -> Option<Value> {
        self.unread.pop_front().or_else(|| self.receive())
    }

    /// The next message, if one comes in this time.
    pub fn next_within(&mut self, limit: Duration) -> Result<Value, Silence> {
        if let Some(unread) = self.unread.pop_front() {
            return Ok(unread);
        }
        match self.output.recv_timeout(limit) {
            Ok(message) => Ok(self.checked(message)),
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Left),
            Err(RecvTimeoutError::Timeout) => Err(Silence::Nothing),
        }
    }

    fn receive(&mut self) -> Option<Value> {
        match self.output.recv_timeout(PATIENCE) {
            Ok(message) => Some(self.checked(message)),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the server is silent; unread: {:?}", self.unread),
        }
    }

    fn checked(&mut self, message: Value) -> Value {
        let is_response = message.get("method").is_none();
        let id = message.get("id").filter(|_| is_response).map(Value::to_string);
        let asked = id.and_then(|id| self.asked.get_mut(&id)?.pop_front());
        if let Err(wrong) = self.model.check(&message, asked.as_deref()) {
            panic!("a message of the server is not as the protocol has it: {wrong}");
        }
        message
    }

    fn expect(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.unread.iter().position(&wanted) {
            return self.unread.remove(place).expect("an unread message");
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

    /// Waits for the end of the server, and returns its exit status; -1 if a signal ended it.
    pub fn end(&mut self) -> i32 {
        self.ended.recv_timeout(PATIENCE).expect("the server ends")
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
    let length = header.strip_prefix("Content-Length: ").expect("a frame").trim_end();
    let mut body = vec![0; length.parse().expect("a length")];
    header.clear();
    output.read_line(&mut header).expect("the end of the header");
    assert_eq!(header, "\r\n");
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}
