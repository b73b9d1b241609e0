//! A scripted model behind a real coding CLI: `tests/model-stub/model_stub.py`, one for each test, on a free port.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model-stub/model_stub.py");

/// A scripted model that runs as long as this lives.
pub struct ModelStub {
    child: Child,
    port: u16,
}

impl ModelStub {
    /// Starts one with this script; its language is told at the top of the program.
    pub fn start(script: &Value) -> Self {
        assert!(Path::new(PROGRAM).is_file(), "{PROGRAM} is missing");
        let mut child = Command::new("python3")
            .arg(PROGRAM)
            // Its end is this process's: a test that is killed leaves no stub behind.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3, which the model stub needs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("the stub's output");
        BufReader::new(stdout).read_line(&mut line).expect("the stub's first line");
        let port = line.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let stub = Self { child, port: port.expect(&line) };
        stub.script(script);
        stub
    }

    /// The address to give to a CLI.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Begins another script.
    pub fn script(&self, script: &Value) {
        self.ask("POST", "/_stub/script", &script.to_string());
    }

    /// The requests to the model so far that carried tools: those that took a step of the script. Their bodies.
    pub fn requests(&self) -> Vec<Value> {
        let log: Vec<Value> =
            serde_json::from_str(&self.ask("GET", "/_stub/log", "")).expect("the stub's log");
        log.into_iter()
            .map(|mut request| request["body"].take())
            .filter(|body| body["tools"].as_array().is_some_and(|tools| !tools.is_empty()))
            .collect()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the stub");
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: stub\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("a request to the stub");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the stub's answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        assert!(head.starts_with("HTTP/1.1 200 "), "the stub refused {method} {path}: {answer}");
        body.to_owned()
    }
}

impl Drop for ModelStub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
