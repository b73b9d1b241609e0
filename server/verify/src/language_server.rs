//! A language server, spoken to as its client over its standard input and output.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

/// The longest line of a header, in bytes.
const HEADER: u64 = 8 << 10;
/// The longest message that is read, in bytes.
const MESSAGE: usize = 64 << 20;
/// How many messages wait to be taken before the server has to.
const WAITING: usize = 1024;

/// A method that no client here knows.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;

/// A connection to a language server.
pub(super) struct Connection<W> {
    input: W,
    messages: Receiver<Value>,
    next: u64,
}

/// The server has ended, or says nothing that can be read.
pub(super) struct Gone;

impl<W: Write> Connection<W> {
    /// Speaks over these streams.
    pub(super) fn new(input: W, output: impl Read + Send + 'static) -> Self {
        let (sender, messages) = sync_channel(WAITING);
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = message(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { input, messages, next: 0 }
    }

    /// Sends a request, and returns its id.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> Result<u64, Gone> {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}))?;
        Ok(self.next)
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) -> Result<(), Gone> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    pub(super) fn answer(&mut self, id: &Value, result: &Value) -> Result<(), Gone> {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
    }

    pub(super) fn refuse(&mut self, id: &Value, method: &str) -> Result<(), Gone> {
        let error = json!({"code": METHOD_NOT_FOUND, "message": format!("{method} is not known here")});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "error": error}))
    }

    /// The next message; `None` if none came in this time.
    pub(super) fn next(&mut self, within: Duration) -> Result<Option<Value>, Gone> {
        match self.messages.recv_timeout(within) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }

    fn send(&mut self, message: &Value) -> Result<(), Gone> {
        let text = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        self.input.write_all(framed.as_bytes()).and_then(|()| self.input.flush()).map_err(|_| Gone)
    }
}

/// Reads one message; `None` at the end, or at what is none. A message that is no JSON is passed over.
fn message(output: &mut impl BufRead) -> Option<Value> {
    loop {
        let mut length = None;
        loop {
            let mut line = Vec::new();
            output.by_ref().take(HEADER).read_until(b'\n', &mut line).ok()?;
            if !line.ends_with(b"\n") {
                return None;
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let mut body = vec![0; length.filter(|length| *length <= MESSAGE)?];
        output.read_exact(&mut body).ok()?;
        if let Ok(message) = serde_json::from_slice(&body) {
            return Some(message);
        }
    }
}

/// The URI of a file.
pub(super) fn uri_of(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The file of a URI, whatever of it is escaped.
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.get(rest.find('/')?..)?.as_bytes();
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        let escaped = rest.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Value> {
        let mut output = BufReader::new(text.as_bytes());
        std::iter::from_fn(|| message(&mut output)).collect()
    }

    #[test]
    fn messages_are_read_by_their_length() {
        let text = "content-length:2\r\nContent-Type: x\r\n\r\n{}Content-Length: 4\r\n\r\nnullContent-Length: 3\r\n\r\n{x}Content-Length: 1\r\n\r\n1";
        assert_eq!(read(text), [json!({}), Value::Null, json!(1)]);
        for cut in [
            "",
            "Content-Length: 9\r\n\r\n{}",
            "hello",
            "Content-Length: -1\r\n\r\n{}",
            "Content-Length: 99999999999\r\n\r\n",
        ] {
            assert_eq!(read(cut), Vec::<Value>::new(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn a_path_comes_back_from_its_uri(path in "/[ -~äß日]{0,20}") {
            prop_assert_eq!(path_of(&uri_of(Path::new(&path))), Some(PathBuf::from(&path)));
        }

        #[test]
        fn no_uri_is_too_odd(uri in any::<String>()) {
            let _ = (path_of(&uri), path_of(&format!("file://{uri}")));
        }
    }
}
