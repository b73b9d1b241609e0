//! A language server that finds an error in each line with the word `ERROR`, and a warning in each with `WARN`. Where the file
//! `lint.toml` has the word `off`, it finds nothing.
//!
//! Its argument says how: `push` tells by itself, `pull` when asked, `later` when asked once it has said that it can be, and
//! after it was not ready at first; `asks` tells only once its own questions were answered; `works` tells nothing at first, and
//! the rest when its work is over; `some` tells only of files in Python; `silent` never tells; `crash` ends when a file is
//! opened; `refuse` does not begin.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, BufRead, Write},
    path::Path,
    process::exit,
    thread,
    time::Duration,
};

struct Server {
    how: String,
    root: String,
    files: BTreeMap<String, String>,
    refused: u32,
}

fn main() -> io::Result<()> {
    let how = env::args().nth(1).unwrap_or_default();
    let mut server = Server { how, root: String::new(), files: BTreeMap::new(), refused: 0 };
    let mut input = io::stdin().lock();
    while let Some(message) = read(&mut input)? {
        server.take(&message)?;
    }
    Ok(())
}

fn read(input: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

fn send(message: &Value) -> io::Result<()> {
    let text = message.to_string();
    let mut output = io::stdout().lock();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

impl Server {
    fn take(&mut self, message: &Value) -> io::Result<()> {
        let id = &message["id"];
        let uri = message["params"]["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        match (self.how.as_str(), message["method"].as_str()) {
            ("refuse", Some("initialize")) => {
                send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "no licence"}}))
            }
            (how, Some("initialize")) => {
                self.root = message["params"]["rootPath"].as_str().unwrap_or_default().to_owned();
                let mut can = json!({"textDocumentSync": 1});
                if how == "pull" {
                    can["diagnosticProvider"] =
                        json!({"interFileDependencies": true, "workspaceDiagnostics": false});
                }
                send(&json!({"jsonrpc": "2.0", "id": id, "result": {"capabilities": can}}))
            }
            ("later", Some("initialized")) => {
                let registered = json!([{"id": "1", "method": "textDocument/diagnostic"}]);
                send(&json!({"jsonrpc": "2.0", "id": "r", "method": "client/registerCapability",
                    "params": {"registrations": registered}}))
            }
            ("crash", Some("textDocument/didOpen")) => {
                eprintln!("out of cheese");
                exit(3)
            }
            (how, Some("textDocument/didOpen")) => {
                let how = how.to_owned();
                let text = message["params"]["textDocument"]["text"].as_str().unwrap_or_default();
                self.files.insert(uri.clone(), text.to_owned());
                match how.as_str() {
                    "push" => self.push(&uri),
                    "some" if uri.ends_with(".py") => self.push(&uri),
                    "works" => {
                        let progress = |value: Value| {
                            json!({"jsonrpc": "2.0", "method": "$/progress",
                            "params": {"token": "t", "value": value}})
                        };
                        send(&json!({"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics",
                            "params": {"uri": uri, "diagnostics": []}}))?;
                        send(
                            &json!({"jsonrpc": "2.0", "id": "w", "method": "window/workDoneProgress/create",
                            "params": {"token": "t"}}),
                        )?;
                        send(&progress(json!({"kind": "begin", "title": "Indexing"})))?;
                        thread::sleep(Duration::from_secs(3));
                        self.push(&uri)?;
                        send(&progress(json!({"kind": "end"})))
                    }
                    "asks" => send(&json!({"jsonrpc": "2.0", "id": "c", "method": "workspace/configuration",
                        "params": {"items": [{"section": "a"}, {"section": "b"}]}})),
                    _ => Ok(()),
                }
            }
            ("asks", None) if *id == "c" && message["result"] == json!([null, null]) => {
                send(&json!({"jsonrpc": "2.0", "id": "o", "method": "odd/request", "params": {}}))
            }
            ("asks", None) if *id == "o" && message["error"]["code"] == -32601 => {
                let files: Vec<String> = self.files.keys().cloned().collect();
                files.iter().try_for_each(|uri| self.push(uri))
            }
            ("later", Some("textDocument/diagnostic")) if self.refused < 2 => {
                self.refused += 1;
                send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32802, "message": "not yet"}}))
            }
            ("pull" | "later", Some("textDocument/diagnostic")) => {
                let items = self.diagnostics(&uri);
                send(&json!({"jsonrpc": "2.0", "id": id, "result": {"kind": "full", "items": items}}))
            }
            (_, Some("shutdown")) => send(&json!({"jsonrpc": "2.0", "id": id, "result": null})),
            (_, Some("exit")) => exit(0),
            _ => Ok(()),
        }
    }

    fn push(&self, uri: &str) -> io::Result<()> {
        send(&json!({"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics",
            "params": {"uri": uri, "diagnostics": self.diagnostics(uri)}}))
    }

    fn diagnostics(&self, uri: &str) -> Vec<Value> {
        let settings = fs::read_to_string(Path::new(&self.root).join("lint.toml")).unwrap_or_default();
        let text = self.files.get(uri).filter(|_| !settings.contains("off")).map_or("", String::as_str);
        let found = text.lines().enumerate().filter_map(|(line, text)| {
            let (at, severity) = match (text.find("ERROR"), text.find("WARN")) {
                (Some(at), _) => (at, 1),
                (None, Some(at)) => (at, 2),
                (None, None) => return None,
            };
            let character = text.get(..at)?.encode_utf16().count();
            let place = json!({"line": line, "character": character});
            Some(json!({"range": {"start": place, "end": place}, "severity": severity, "code": "E1",
                "message": text.trim()}))
        });
        found.collect()
    }
}
