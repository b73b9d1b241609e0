//! A server with handlers that wait, keep their thread busy, panic, and ask the client.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex};

use alfine_lsp::protocol::jsonrpc::Result;
use alfine_lsp::protocol::lsp_types::{
    DidOpenTextDocumentParams, InitializeParams, InitializeResult, InitializedParams, MessageType,
};
use alfine_lsp::protocol::{Client, ClientSocket, LanguageServer, LspService, async_trait};
use alfine_lsp::transport::Options;
use serde_json::{Value, json};
use tokio::sync::watch;

/// The tests' server.
pub(crate) struct TestServer {
    client: Client,
    log: Mutex<Vec<String>>,
    /// Opens for handlers that wait without keeping their thread.
    gate: watch::Sender<bool>,
    /// Opens for handlers that keep their thread.
    door: Arc<(Mutex<bool>, Condvar)>,
}

/// Makes the service of the tests' server.
pub(crate) fn service() -> (LspService<TestServer>, ClientSocket) {
    let build = LspService::build(|client| TestServer {
        client,
        log: Mutex::default(),
        gate: watch::Sender::new(false),
        door: Arc::default(),
    });
    build
        .custom_method("test/log", TestServer::log)
        .custom_method("test/echo", TestServer::echo)
        .custom_method("test/wait", TestServer::wait)
        .custom_method("test/busy", TestServer::busy)
        .custom_method("test/panic", TestServer::panic)
        .custom_method("test/ask", TestServer::ask)
        .custom_method("test/askAndLeave", TestServer::ask_and_leave)
        .custom_method("test/tell", TestServer::tell)
        .custom_method("test/open", TestServer::open)
        .custom_method("test/panicHere", TestServer::panic_here)
        .custom_method("test/print", TestServer::print)
        .finish()
}

/// What the transport is told about the tests' server.
pub(crate) fn options() -> Options {
    Options { without_params: &["test/log"], ..Options::default() }
}

impl TestServer {
    fn note(&self, text: impl Into<String>) {
        self.log.lock().unwrap().push(text.into());
    }

    async fn log(&self) -> Result<Vec<String>> {
        Ok(self.log.lock().unwrap().clone())
    }

    async fn echo(&self, params: Value) -> Result<Value> {
        Ok(params)
    }

    /// Waits for the gate after it has told the client so.
    async fn wait(&self, params: Value) -> Result<Value> {
        self.client.log_message(MessageType::LOG, "waiting").await;
        let _ = self.gate.subscribe().wait_for(|open| *open).await;
        Ok(params)
    }

    /// Keeps its thread until the door opens, after it has told the client so.
    async fn busy(&self, params: Value) -> Result<Value> {
        self.client.log_message(MessageType::LOG, "busy").await;
        drop(self.door.1.wait_while(self.door.0.lock().unwrap(), |open| !*open).unwrap());
        Ok(params)
    }

    async fn panic(&self, later: Value) -> Result<()> {
        if later == json!({"later": true}) {
            tokio::task::yield_now().await;
        }
        panic!("as asked");
    }

    /// Asks the client and answers what it answered.
    async fn ask(&self, _: Value) -> Result<Value> {
        let answer = self.client.configuration(Vec::new()).await;
        Ok(match answer {
            Ok(answer) => json!(answer),
            Err(error) => json!({"code": error.code.code()}),
        })
    }

    /// Asks the client and waits for no answer.
    async fn ask_and_leave(&self, _: Value) -> Result<()> {
        let asking = pin!(self.client.configuration(Vec::new()));
        tokio::select! {
            biased;
            _ = asking => {}
            () = std::future::ready(()) => {}
        }
        Ok(())
    }

    /// Tells the client `count` things and then answers.
    async fn tell(&self, params: Value) -> Result<()> {
        for number in 0..params["count"].as_u64().unwrap_or(0) {
            self.client.log_message(MessageType::LOG, number).await;
        }
        Ok(())
    }

    /// Opens the gate, or the door, or both.
    async fn open(&self, params: Value) {
        if params["gate"] != false {
            self.gate.send_replace(true);
        }
        if params["door"] == true {
            *self.door.0.lock().unwrap() = true;
            self.door.1.notify_all();
        }
    }

    async fn panic_here(&self, _: Value) {
        panic!("as asked");
    }

    async fn print(&self, _: Value) -> Result<()> {
        use std::io::Write;
        let mut out = std::io::stdout();
        let _ = out.write_all(b"stray\n").and_then(|()| out.flush());
        Ok(())
    }
}

#[async_trait]
impl LanguageServer for TestServer {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        if params.initialization_options == Some(json!("wait")) {
            std::future::pending::<()>().await;
        }
        Ok(InitializeResult::default())
    }

    async fn initialized(&self, _: InitializedParams) {
        self.note("initialized");
    }

    /// Notes the document's uri at once, and waits for the gate before it notes that it is done.
    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.note(params.text_document.uri.path());
        let _ = self.gate.subscribe().wait_for(|open| *open).await;
        self.note("done");
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}
