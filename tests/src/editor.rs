//! An editor, as far as a language server can tell: documents, capabilities, a user who answers.
//!
//! It drives `alfine lsp` of a [`Sandbox`] over its standard streams, in one thread: what the server sends is taken in
//! whenever the editor waits for something. It fails the test when the server does what the editor said it cannot,
//! shows a message that no test took, names a place that a document does not have, or leaves a progress without its
//! end.

use crate::{
    client::{Client, PATIENCE, Silence, frame},
    sandbox::{Sandbox, alfine},
};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// How an editor introduces itself, and what its user answers.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its capabilities.
    pub capabilities: Value,
    /// Its folders; without any, the sandbox's repository.
    pub folders: Vec<PathBuf>,
    /// What it says with `initialize`.
    pub options: Value,
    /// The section `alfine` of its settings.
    pub settings: Value,
    /// Whether it answers what the server asks.
    pub is_mute: bool,
    /// Variables of the server's process.
    pub env: Vec<(String, String)>,
}

impl Default for Setup {
    /// Can all that the protocol has and the server may use.
    fn default() -> Self {
        let dynamic = json!({"dynamicRegistration": true});
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-16"]},
            "window": {
                "workDoneProgress": true,
                "showDocument": {"support": true},
                "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
            },
            "workspace": {
                "applyEdit": true,
                "configuration": true,
                "workspaceFolders": true,
                "didChangeConfiguration": dynamic,
                "didChangeWatchedFiles": dynamic,
                "codeLens": {"refreshSupport": true},
                "inlayHint": {"refreshSupport": true},
                "workspaceEdit": {
                    "documentChanges": true,
                    "resourceOperations": ["create", "rename", "delete"],
                    "failureHandling": "transactional",
                },
                "executeCommand": dynamic,
            },
            "textDocument": {
                "synchronization": {"didSave": true, "willSave": true, "dynamicRegistration": true},
                "hover": {"contentFormat": ["markdown", "plaintext"]},
                "completion": {"completionItem": {"snippetSupport": true, "documentationFormat": ["markdown"]}},
                "codeLens": dynamic,
                "codeAction": {
                    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor", "source"]}},
                    "isPreferredSupport": true,
                    "disabledSupport": true,
                    "dataSupport": true,
                },
                "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
                "foldingRange": {"lineFoldingOnly": false},
                "inlayHint": dynamic,
                "publishDiagnostics": {
                    "relatedInformation": true,
                    "versionSupport": true,
                    "codeDescriptionSupport": true,
                    "dataSupport": true,
                    "tagSupport": {"valueSet": [1, 2]},
                },
            },
        });
        Self {
            capabilities,
            folders: Vec::new(),
            options: Value::Null,
            settings: json!({}),
            is_mute: false,
            env: Vec::new(),
        }
    }
}

impl Setup {
    /// Can only what every client can.
    pub fn bare() -> Self {
        Self { capabilities: json!({}), ..Self::default() }
    }

    /// Can this too, or can it not: a pointer into the capabilities.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        let mut at = &mut self.capabilities;
        for key in pointer.trim_start_matches('/').split('/') {
            if !at.is_object() {
                *at = json!({});
            }
            at = at.as_object_mut().expect("an object").entry(key).or_insert(Value::Null);
        }
        *at = value;
        self
    }

    /// Counts in this encoding alone.
    #[must_use]
    pub fn counting(self, encoding: &str) -> Self {
        self.with("/general/positionEncodings", json!([encoding]))
    }

    /// Asks for the methods that only Alfine has.
    #[must_use]
    pub fn with_tasks(mut self) -> Self {
        self.options = json!({"tasks": true, "tasksVersion": 2});
        self
    }

    /// Has these folders.
    #[must_use]
    pub fn in_folders(mut self, folders: &[&Path]) -> Self {
        self.folders = folders.iter().map(|path| path.to_path_buf()).collect();
        self
    }

    /// Never answers what the server asks.
    #[must_use]
    pub fn mute(mut self) -> Self {
        self.is_mute = true;
        self
    }

    /// Starts the server of a sandbox and introduces itself.
    pub fn open(self, sandbox: &Sandbox) -> Editor {
        let mut command = sandbox.command(alfine());
        command.arg("lsp").envs(self.env.iter().map(|(name, value)| (name, value)));
        self.open_on(sandbox, &mut command)
    }

    /// Starts the server by this command and introduces itself.
    pub fn open_on(self, sandbox: &Sandbox, command: &mut Command) -> Editor {
        let complaints = sandbox.path().join(format!("lsp-{}.log", next_number()));
        let file = fs::File::create(&complaints).expect("a file for the server's complaints");
        let client = Client::of_process(command.stderr(file));
        let folders = if self.folders.is_empty() { vec![sandbox.repo()] } else { self.folders.clone() };
        let mut editor = Editor {
            client,
            root: sandbox.repo(),
            complaints,
            setup: self,
            server: Value::Null,
            encoding: Encoding::Utf16,
            documents: BTreeMap::new(),
            diagnostics: BTreeMap::new(),
            progress: BTreeMap::new(),
            messages: Vec::new(),
            questions: Vec::new(),
            answers: Vec::new(),
            shown: Vec::new(),
            edits: Vec::new(),
            refuses_edits: false,
            refreshes: BTreeMap::new(),
            registered: Vec::new(),
            tasks_changed: Vec::new(),
            responses: HashMap::new(),
            wanted: BTreeSet::new(),
            has_left: false,
            patience: PATIENCE,
        };
        editor.introduce(&folders);
        editor
    }
}

fn next_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// What an editor counts in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of two bytes.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// As the protocol names it.
    pub fn named(name: &str) -> Self {
        match name {
            "utf-8" => Self::Utf8,
            "utf-32" => Self::Utf32,
            _ => Self::Utf16,
        }
    }

    /// How long a text is.
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Utf32 => text.chars().count(),
        }
    }
}

/// An open document.
#[derive(Debug, Clone)]
pub struct Open {
    /// Its version.
    pub version: i64,
    /// Its text.
    pub text: String,
    /// Whether the file on the disk is another.
    pub is_unsaved: bool,
}

/// What the server last said of a document.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// The version it is about, if it said so.
    pub version: Option<i64>,
    /// The diagnostics.
    pub items: Vec<Value>,
}

/// A progress, from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Its values, in order; none before its beginning.
    pub values: Vec<Value>,
    /// Whether it ended.
    pub is_over: bool,
}

/// What the user answers to a question that has a text in it.
#[derive(Debug, Clone)]
struct Answer {
    question: String,
    choice: Choice,
}

/// How the user answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// With the action of this title.
    Title(String),
    /// Not: the question is dismissed.
    Dismiss,
    /// Never.
    Never,
}

/// An editor with a server.
pub struct Editor {
    client: Client,
    root: PathBuf,
    complaints: PathBuf,
    setup: Setup,
    /// What the server answered to `initialize`.
    pub server: Value,
    /// What both count in.
    pub encoding: Encoding,
    /// The open documents, by URI.
    pub documents: BTreeMap<String, Open>,
    /// What the server last said of each document, by URI.
    pub diagnostics: BTreeMap<String, Published>,
    /// All progress, by token.
    pub progress: BTreeMap<String, Progress>,
    /// Messages that were shown and that no test took yet.
    messages: Vec<String>,
    /// The questions so far.
    pub questions: Vec<Value>,
    answers: Vec<Answer>,
    /// The documents that were opened for the user, as asked.
    pub shown: Vec<Value>,
    /// The edits that were applied, as asked.
    pub edits: Vec<Value>,
    /// Whether the editor says no to every edit.
    pub refuses_edits: bool,
    /// How often each refresh was asked for, by method.
    pub refreshes: BTreeMap<String, usize>,
    /// What the server registered for.
    pub registered: Vec<Value>,
    /// The parameters of `alfine/tasksChanged`.
    pub tasks_changed: Vec<Value>,
    responses: HashMap<i64, Value>,
    wanted: BTreeSet<i64>,
    has_left: bool,
    /// How long anything may take that is waited for.
    pub patience: Duration,
}

impl Editor {
    /// Opens an editor that can all, on the sandbox's repository.
    pub fn open(sandbox: &Sandbox) -> Self {
        Setup::default().open(sandbox)
    }

    fn introduce(&mut self, folders: &[PathBuf]) {
        let named = |path: &PathBuf| json!({"uri": file_uri(path), "name": "folder"});
        let mut params = json!({
            "processId": std::process::id(),
            "clientInfo": {"name": "tests"},
            "rootUri": folders.first().map(|path| file_uri(path)),
            "capabilities": self.setup.capabilities,
            "workspaceFolders": folders.iter().map(named).collect::<Vec<_>>(),
        });
        if !self.setup.options.is_null() {
            params["initializationOptions"] = self.setup.options.clone();
        }
        self.server = self.ask("initialize", params).expect("it initializes");
        let agreed = self.server.pointer("/capabilities/positionEncoding").and_then(Value::as_str);
        self.encoding = Encoding::named(agreed.unwrap_or("utf-16"));
        self.notify("initialized", json!({}));
    }

    /// The id of the server's process.
    pub fn process(&self) -> u32 {
        self.client.process()
    }

    /// The raw client, for what no editor would do.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The URI of a file of the repository, or of any by its absolute path.
    pub fn uri(&self, path: impl AsRef<Path>) -> String {
        file_uri(&self.root.join(path))
    }

    fn can(&self, pointer: &str) -> bool {
        match self.setup.capabilities.pointer(pointer) {
            Some(Value::Bool(can)) => *can,
            other => other.is_some_and(|other| !other.is_null()),
        }
    }

    // What an editor sends.

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.client.notify(method, params);
    }

    /// Sends a request; [`Self::response`] has what it is answered.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.client.request(method, params);
        self.wanted.insert(id);
        id
    }

    /// Waits for what a request is answered: its result or its error.
    #[track_caller]
    pub fn response(&mut self, id: i64) -> Result<Value, Value> {
        let response =
            self.until(&format!("a response to request {id}"), |editor| editor.responses.remove(&id));
        match response.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(response["result"].clone()),
        }
    }

    /// Asks, and waits for the answer.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.request(method, params);
        self.response(id)
    }

    /// Asks about a document.
    #[track_caller]
    pub fn ask_about(&mut self, method: &str, path: impl AsRef<Path>) -> Value {
        let uri = self.uri(path);
        let answer = self.ask(method, json!({"textDocument": {"uri": uri}})).expect(method);
        self.check_ranges(&uri, &answer);
        answer
    }

    /// Opens a file as it lies on the disk.
    pub fn open_file(&mut self, path: impl AsRef<Path>) {
        let text = fs::read_to_string(self.root.join(&path)).expect("a file to open");
        let uri = self.uri(&path);
        self.open_text(path, &text);
        self.documents.entry(uri).and_modify(|open| open.is_unsaved = false);
    }

    /// Opens a document with this text.
    pub fn open_text(&mut self, path: impl AsRef<Path>, text: &str) {
        let uri = self.uri(path);
        let version = self.next_version();
        let language = if uri.ends_with(".md") { "markdown" } else { "plaintext" };
        self.documents.insert(uri.clone(), Open { version, text: text.into(), is_unsaved: true });
        let document = json!({"uri": uri, "languageId": language, "version": version, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Versions grow over all documents, so that the newest is the last one that was changed.
    fn next_version(&self) -> i64 {
        self.documents.values().map(|open| open.version).max().unwrap_or(0) + 1
    }

    /// Replaces a part of an open document.
    pub fn edit(&mut self, path: impl AsRef<Path>, range: &Value, text: &str) {
        let uri = self.uri(path);
        self.edit_uri(&uri, range, text);
    }

    fn edit_uri(&mut self, uri: &str, range: &Value, text: &str) {
        let version = self.next_version();
        let encoding = self.encoding;
        let open = self.documents.get_mut(uri).expect("an open document");
        let [start, end] = ["start", "end"].map(|edge| offset(&open.text, &range[edge], encoding));
        open.text.replace_range(start..end, text);
        (open.version, open.is_unsaved) = (version, true);
        let document = json!({"uri": uri, "version": version});
        let change = json!({"range": range, "text": text});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    }

    /// Replaces the whole text of an open document.
    pub fn retype(&mut self, path: impl AsRef<Path>, text: &str) {
        let uri = self.uri(path);
        let version = self.next_version();
        self.documents.insert(uri.clone(), Open { version, text: text.into(), is_unsaved: true });
        let document = json!({"uri": uri, "version": version});
        self.notify(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"text": text}]}),
        );
    }

    /// Writes an open document to the disk.
    pub fn save(&mut self, path: impl AsRef<Path>) {
        let uri = self.uri(&path);
        let open = self.documents.get_mut(&uri).expect("an open document");
        open.is_unsaved = false;
        fs::write(self.root.join(path), &open.text).expect("a file");
        self.notify("textDocument/didSave", json!({"textDocument": {"uri": uri}}));
    }

    /// Closes a document.
    pub fn close(&mut self, path: impl AsRef<Path>) {
        let uri = self.uri(path);
        self.documents.remove(&uri).expect("an open document");
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// The text of an open document.
    pub fn text(&self, path: impl AsRef<Path>) -> &str {
        &self.documents.get(&self.uri(path)).expect("an open document").text
    }

    /// Runs a command.
    #[track_caller]
    pub fn execute(&mut self, command: &str, argument: Value) -> Result<Value, Value> {
        self.ask("workspace/executeCommand", json!({"command": command, "arguments": [argument]}))
    }

    /// Runs the command of a lens or an action.
    #[track_caller]
    pub fn run(&mut self, command: &Value) -> Result<Value, Value> {
        let mut params = json!({"command": command["command"]});
        if let Some(arguments) = command.get("arguments") {
            params["arguments"] = arguments.clone();
        }
        self.ask("workspace/executeCommand", params)
    }

    /// The lenses of a document, each with its command.
    #[track_caller]
    pub fn lenses(&mut self, path: impl AsRef<Path>) -> Vec<Value> {
        let lenses = self.ask_about("textDocument/codeLens", path);
        let lenses = lenses.as_array().cloned().unwrap_or_default();
        let resolve = |lens: Value| {
            if lens.get("command").is_some() {
                lens
            } else {
                self.ask("codeLens/resolve", lens).expect("a lens")
            }
        };
        lenses.into_iter().map(resolve).collect()
    }

    /// The titles of a document's lenses, in order.
    #[track_caller]
    pub fn lens_titles(&mut self, path: impl AsRef<Path>) -> Vec<String> {
        let title = |lens: &Value| lens["command"]["title"].as_str().unwrap_or_default().to_owned();
        self.lenses(path).iter().map(title).collect()
    }

    /// Waits for a lens with this in its title.
    #[track_caller]
    pub fn lens(&mut self, path: impl AsRef<Path>, title: &str) -> Value {
        let mut last = Vec::new();
        let found = self.until_or(&format!("a lens with {title:?}"), |editor| {
            last = editor.lenses(&path);
            last.iter()
                .find(|lens| lens["command"]["title"].as_str().is_some_and(|it| it.contains(title)))
                .cloned()
        });
        found.unwrap_or_else(|why| panic!("{why}; the last ones: {}", Value::from(last)))
    }

    /// Waits for a lens and clicks on it.
    #[track_caller]
    pub fn click(&mut self, path: impl AsRef<Path>, title: &str) -> Result<Value, Value> {
        let lens = self.lens(path, title);
        self.run(&lens["command"])
    }

    /// The actions at a range of a document, for the diagnostics that touch it.
    #[track_caller]
    pub fn actions(&mut self, path: impl AsRef<Path>, range: &Value) -> Vec<Value> {
        let uri = self.uri(path);
        let published =
            self.diagnostics.get(&uri).map(|published| published.items.clone()).unwrap_or_default();
        let touches = |item: &&Value| {
            item["range"]["start"]["line"].as_u64() <= range["end"]["line"].as_u64()
                && item["range"]["end"]["line"].as_u64() >= range["start"]["line"].as_u64()
        };
        let context = json!({"diagnostics": published.iter().filter(touches).collect::<Vec<_>>()});
        self.actions_for(&uri, range, context)
    }

    /// The actions at a range of a document, in this context.
    #[track_caller]
    pub fn actions_for(&mut self, uri: &str, range: &Value, context: Value) -> Vec<Value> {
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        let actions = self.ask("textDocument/codeAction", params).expect("actions");
        actions.as_array().cloned().unwrap_or_default()
    }

    /// The one action at a line whose title has this in it.
    #[track_caller]
    pub fn action(&mut self, path: impl AsRef<Path>, line: u64, title: &str) -> Value {
        let actions = self.actions(path, &range_of_line(line));
        let has = |action: &&Value| action["title"].as_str().is_some_and(|it| it.contains(title));
        actions.iter().find(has).cloned().unwrap_or_else(|| {
            let titles: Vec<&Value> = actions.iter().map(|action| &action["title"]).collect();
            panic!("no action {title:?}, only {titles:?}")
        })
    }

    /// Does what an action says: its edit first, then its command.
    #[track_caller]
    pub fn perform(&mut self, action: &Value) -> Result<Value, Value> {
        if let Some(edit) = action.get("edit") {
            self.apply(edit);
        }
        match action.get("command") {
            // An action that is a command, as clients get that know no other.
            Some(Value::String(_)) => self.run(action),
            Some(command) => self.run(command),
            None => Ok(Value::Null),
        }
    }

    /// What is shown at a place, as text; empty if nothing is.
    #[track_caller]
    pub fn hover(&mut self, path: impl AsRef<Path>, line: u64, character: u64) -> String {
        let place = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": self.uri(path)}, "position": place});
        let hover = self.ask("textDocument/hover", params).expect("a hover");
        match &hover["contents"] {
            Value::String(text) => text.clone(),
            contents => contents["value"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The labels of what can be completed at a place.
    #[track_caller]
    pub fn completions(&mut self, path: impl AsRef<Path>, line: u64, character: u64) -> Vec<String> {
        let place = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": self.uri(path)}, "position": place});
        let answer = self.ask("textDocument/completion", params).expect("completions");
        let items = answer.as_array().or_else(|| answer["items"].as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    }

    /// The user's answer to questions with this in their text, from now on.
    pub fn answers(&mut self, question: &str, choice: Choice) {
        self.answers.push(Answer { question: question.into(), choice });
    }

    /// The user's answer to questions with this in their text: the action of this title.
    pub fn chooses(&mut self, question: &str, title: &str) {
        self.answers(question, Choice::Title(title.into()));
    }

    // What an editor sees.

    /// What the server last said of a document.
    pub fn published(&self, path: impl AsRef<Path>) -> &[Value] {
        self.diagnostics.get(&self.uri(path)).map_or(&[], |published| &published.items)
    }

    /// The codes of a document's diagnostics, in order.
    pub fn codes(&self, path: impl AsRef<Path>) -> Vec<&str> {
        self.published(path).iter().filter_map(|item| item["code"].as_str()).collect()
    }

    /// Waits for a diagnostic with this code.
    #[track_caller]
    pub fn diagnostic(&mut self, path: impl AsRef<Path>, code: &str) -> Value {
        let found = self.until_or(&format!("the diagnostic {code}"), |editor| {
            editor.published(&path).iter().find(|item| item["code"] == code).cloned()
        });
        found.unwrap_or_else(|why| panic!("{why}; there is {:?}", self.published(&path)))
    }

    /// Waits until no diagnostic has this code.
    #[track_caller]
    pub fn no_diagnostic(&mut self, path: impl AsRef<Path>, code: &str) {
        self.until(&format!("no diagnostic {code}"), |editor| {
            (!editor.codes(&path).contains(&code)).then_some(())
        });
    }

    /// Waits for a message with this in it.
    #[track_caller]
    pub fn message(&mut self, text: &str) -> String {
        let found = self.until_or(&format!("a message with {text:?}"), |editor| {
            let at = editor.messages.iter().position(|message| message.contains(text))?;
            Some(editor.messages.remove(at))
        });
        found.unwrap_or_else(|why| panic!("{why}; there is {:?}", self.messages))
    }

    /// Waits until something is so, taking in what the server sends.
    #[track_caller]
    pub fn until<T>(&mut self, what: &str, is: impl FnMut(&mut Self) -> Option<T>) -> T {
        self.until_or(what, is).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Waits until something is so, and says what it waited for if that never comes.
    pub fn until_or<T>(
        &mut self,
        what: &str,
        mut is: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T, String> {
        let begun = Instant::now();
        loop {
            if let Some(found) = is(self) {
                return Ok(found);
            }
            if self.has_left || begun.elapsed() > self.patience {
                let complaints = fs::read_to_string(&self.complaints).unwrap_or_default();
                let how = if self.has_left { "the server left before" } else { "never came" };
                let last: Vec<&str> = complaints.lines().rev().take(20).collect();
                return Err(format!("{how}: {what}; the server's last lines: {last:#?}"));
            }
            self.take_in(Duration::from_millis(50));
        }
    }

    /// Takes in what comes in this time.
    pub fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while !self.has_left
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            self.take_in(left);
        }
    }

    /// Takes in one message, if one comes in this time.
    fn take_in(&mut self, limit: Duration) {
        match self.client.next_within(limit) {
            Ok(message) => self.handle(&message),
            Err(Silence::Left) => self.has_left = true,
            Err(Silence::Nothing) => {}
        }
    }

    fn handle(&mut self, message: &Value) {
        let Some(method) = message["method"].as_str() else {
            let id = message["id"].as_i64().unwrap_or(i64::MIN);
            assert!(self.wanted.remove(&id), "a response that nobody waits for: {message}");
            self.responses.insert(id, message.clone());
            return;
        };
        let params = message.get("params").cloned().unwrap_or_default();
        match message.get("id") {
            None => self.told(method, &params),
            Some(id) => {
                if let Some(result) = self.asked(method, &params) {
                    let answer = match result {
                        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                        Err(why) => {
                            json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32603, "message": why}})
                        }
                    };
                    // A server that is leaving takes no answers any more.
                    let _ = self.client.try_raw(frame(&answer));
                }
            }
        }
    }

    fn told(&mut self, method: &str, params: &Value) {
        match method {
            "textDocument/publishDiagnostics" => self.publish(params),
            "$/progress" => self.progressed(params),
            "window/showMessage" => self.messages.push(text_of(params)),
            "window/logMessage" => {}
            "alfine/tasksChanged" => {
                assert!(self.setup.options["tasks"] == true, "nobody asked for alfine/tasksChanged");
                self.tasks_changed.push(params.clone());
            }
            _ => panic!("an editor knows no notification {method}: {params}"),
        }
    }

    fn publish(&mut self, params: &Value) {
        let uri = params["uri"].as_str().unwrap_or_default().to_owned();
        let items = params["diagnostics"].as_array().cloned().unwrap_or_default();
        let version = params["version"].as_i64();
        for item in &items {
            for (field, pointer) in [
                ("relatedInformation", "/textDocument/publishDiagnostics/relatedInformation"),
                ("codeDescription", "/textDocument/publishDiagnostics/codeDescriptionSupport"),
                ("data", "/textDocument/publishDiagnostics/dataSupport"),
            ] {
                assert!(
                    item.get(field).is_none() || self.can(pointer),
                    "the editor knows no {field}: {item}"
                );
            }
        }
        if self.documents.get(&uri).is_some_and(|open| version == Some(open.version)) {
            self.check_ranges(&uri, &params["diagnostics"]);
        }
        self.diagnostics.insert(uri, Published { version, items });
    }

    fn progressed(&mut self, params: &Value) {
        let token = params["token"].to_string();
        let value = &params["value"];
        let known = self.progress.get_mut(&token);
        let Some(progress) = known else { panic!("a progress that nobody created: {params}") };
        let begins = value["kind"] == "begin";
        assert!(begins == progress.values.is_empty(), "a progress begins once, and first: {params}");
        assert!(!progress.is_over, "a progress after its end: {params}");
        progress.is_over = value["kind"] == "end";
        progress.values.push(value.clone());
    }

    /// What the editor answers to a request of the server; `None` if it never answers.
    fn asked(&mut self, method: &str, params: &Value) -> Option<Result<Value, String>> {
        let needs = match method {
            "workspace/configuration" => "/workspace/configuration",
            "workspace/applyEdit" => "/workspace/applyEdit",
            "workspace/codeLens/refresh" => "/workspace/codeLens/refreshSupport",
            "workspace/inlayHint/refresh" => "/workspace/inlayHint/refreshSupport",
            "workspace/workspaceFolders" => "/workspace/workspaceFolders",
            "window/workDoneProgress/create" => "/window/workDoneProgress",
            "window/showDocument" => "/window/showDocument/support",
            "client/registerCapability" | "client/unregisterCapability" | "window/showMessageRequest" => "",
            _ => panic!("an editor knows no request {method}: {params}"),
        };
        assert!(needs.is_empty() || self.can(needs), "the editor cannot {method}: {params}");
        let answer = match method {
            "window/showMessageRequest" => self.choose(params),
            "workspace/configuration" => Some(Ok(self.configuration(params))),
            "workspace/applyEdit" => Some(Ok(self.edit_as_asked(params))),
            "window/showDocument" => {
                self.shown.push(params.clone());
                Some(Ok(json!({"success": true})))
            }
            "window/workDoneProgress/create" => {
                let begun = Progress { values: Vec::new(), is_over: false };
                let twice = self.progress.insert(params["token"].to_string(), begun);
                assert!(twice.is_none(), "a progress created twice: {params}");
                Some(Ok(Value::Null))
            }
            "client/registerCapability" => {
                let registered = params["registrations"].as_array().cloned().unwrap_or_default();
                registered.iter().for_each(|it| self.check_registration(it));
                self.registered.extend(registered);
                Some(Ok(Value::Null))
            }
            _ => {
                *self.refreshes.entry(method.to_owned()).or_default() += 1;
                Some(Ok(Value::Null))
            }
        };
        answer.filter(|_| !self.setup.is_mute)
    }

    fn check_registration(&self, registration: &Value) {
        let capability = match registration["method"].as_str().unwrap_or_default() {
            "workspace/didChangeConfiguration" => "/workspace/didChangeConfiguration/dynamicRegistration",
            "workspace/didChangeWatchedFiles" => "/workspace/didChangeWatchedFiles/dynamicRegistration",
            other => panic!("an editor registers nothing for {other}"),
        };
        assert!(self.can(capability), "the editor registers nothing: {registration}");
    }

    fn choose(&mut self, params: &Value) -> Option<Result<Value, String>> {
        self.questions.push(params.clone());
        if self.setup.is_mute {
            return None;
        }
        let question = params["message"].as_str().unwrap_or_default();
        let answer = self.answers.iter().rev().find(|answer| question.contains(&answer.question));
        let Some(answer) = answer else { panic!("a question that the test did not expect: {params}") };
        match &answer.choice {
            Choice::Never => None,
            Choice::Dismiss => Some(Ok(Value::Null)),
            Choice::Title(title) => {
                let actions = params["actions"].as_array().cloned().unwrap_or_default();
                let chosen = actions.into_iter().find(|action| action["title"] == title.as_str());
                Some(Ok(chosen.unwrap_or_else(|| panic!("no choice {title:?}: {params}"))))
            }
        }
    }

    fn configuration(&self, params: &Value) -> Value {
        let section = |item: &Value| match item["section"].as_str() {
            Some("alfine") => self.setup.settings.clone(),
            Some(other) => {
                let inside = other.strip_prefix("alfine.").unwrap_or(other).replace('.', "/");
                self.setup.settings.pointer(&format!("/{inside}")).cloned().unwrap_or_default()
            }
            None => json!({"alfine": self.setup.settings}),
        };
        params["items"].as_array().into_iter().flatten().map(section).collect()
    }

    fn edit_as_asked(&mut self, params: &Value) -> Value {
        if self.refuses_edits {
            return json!({"applied": false, "failureReason": "the editor is busy"});
        }
        self.edits.push(params.clone());
        let changes = params.pointer("/edit/documentChanges").and_then(Value::as_array);
        let is_late = changes.into_iter().flatten().any(|change| {
            let document = &change["textDocument"];
            let open = document["uri"].as_str().and_then(|uri| self.documents.get(uri));
            document["version"].as_i64().is_some_and(|wanted| open.is_none_or(|open| open.version != wanted))
        });
        if is_late {
            return json!({"applied": false, "failureReason": "the document has another version"});
        }
        self.apply(&params["edit"]);
        json!({"applied": true})
    }

    /// Applies a workspace edit: to the buffer where a document is open, to the file where it is not.
    pub fn apply(&mut self, edit: &Value) {
        let mut all: Vec<(String, Vec<Value>)> = Vec::new();
        for (uri, edits) in edit["changes"].as_object().unwrap_or(&Map::new()) {
            all.push((uri.clone(), edits.as_array().cloned().unwrap_or_default()));
        }
        for change in edit["documentChanges"].as_array().into_iter().flatten() {
            if change["kind"] == "create" {
                let path = path_of(change["uri"].as_str().unwrap_or_default());
                fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                if !path.exists() {
                    fs::write(path, "").expect("a file");
                }
                continue;
            }
            assert!(change.get("kind").is_none(), "an editor does not know how to do this: {change}");
            let uri = change["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
            all.push((uri, change["edits"].as_array().cloned().unwrap_or_default()));
        }
        for (uri, mut edits) in all {
            // From the last to the first, so that none moves another.
            edits.sort_by_key(|edit| {
                let start = &edit["range"]["start"];
                std::cmp::Reverse((start["line"].as_u64(), start["character"].as_u64()))
            });
            for edit in edits {
                let text = edit["newText"].as_str().unwrap_or_default();
                if self.documents.contains_key(&uri) {
                    self.edit_uri(&uri, &edit["range"], text);
                } else {
                    let path = path_of(&uri);
                    let mut whole = fs::read_to_string(&path).unwrap_or_default();
                    let [start, end] =
                        ["start", "end"].map(|edge| offset(&whole, &edit["range"][edge], self.encoding));
                    whole.replace_range(start..end, text);
                    fs::write(path, whole).expect("a file");
                }
            }
        }
    }

    /// Fails unless every range below a value is in the document as it is open.
    #[track_caller]
    pub fn check_ranges(&self, uri: &str, value: &Value) {
        let Some(open) = self.documents.get(uri) else { return };
        let lines: Vec<&str> = open.text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let mut places = Vec::new();
        places_in(value, &mut places);
        for place in places {
            let line = place["line"].as_u64().and_then(|line| lines.get(usize::try_from(line).ok()?));
            let Some(line) = line else { panic!("{place} is behind the last line of {uri}: {value}") };
            let character = place["character"].as_u64().unwrap_or(u64::MAX);
            assert!(
                character <= self.encoding.length(line) as u64,
                "{place} is behind the end of the line {line:?} of {uri}: {value}"
            );
        }
    }

    // The end.

    /// Says goodbye, as an editor does that is closed; gives the server's exit status.
    #[track_caller]
    pub fn leave(&mut self) -> i32 {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        self.notify("exit", Value::Null);
        self.drain();
        self.client.end()
    }

    /// Kills the server, as `kill -9` does.
    pub fn kill_9(&mut self) {
        let process = i32::try_from(self.process()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(process.expect("a process"), rustix::process::Signal::KILL)
            .expect("kill -9");
        self.drain();
        self.client.end();
    }

    /// Takes in all until the server closes its output.
    pub fn drain(&mut self) {
        let begun = Instant::now();
        while !self.has_left {
            assert!(begun.elapsed() < PATIENCE, "the server does not leave");
            self.take_in(PATIENCE);
        }
    }

    /// Lets the test not care about messages that were shown.
    pub fn forget_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if !self.has_left {
            assert_eq!(self.leave(), 0, "the server's exit status");
        }
        assert!(self.messages.is_empty(), "messages that no test took: {:?}", self.messages);
        assert!(self.responses.is_empty(), "responses that no test took: {:?}", self.responses);
    }
}

fn text_of(params: &Value) -> String {
    params["message"].as_str().unwrap_or_default().to_owned()
}

/// From the beginning of a line to its beginning.
pub fn range_of_line(line: u64) -> Value {
    let place = json!({"line": line, "character": 0});
    json!({"start": place, "end": place})
}

/// All positions in the ranges of a value; those in a command's arguments and in other documents left out.
fn places_in<'v>(value: &'v Value, into: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| places_in(item, into)),
        Value::Object(fields) if fields.contains_key("line") && fields.contains_key("character") => {
            into.push(value);
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if !["arguments", "data", "relatedInformation", "location"].contains(&name.as_str()) {
                    places_in(value, into);
                }
            }
        }
        _ => {}
    }
}

/// The byte that a position stands for.
pub fn offset(text: &str, position: &Value, encoding: Encoding) -> usize {
    let [line, character] = ["line", "character"].map(|name| {
        position[name].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a position")
    });
    let mut start = 0;
    for _ in 0..line {
        let Some(end) = text.get(start..).and_then(|rest| rest.find('\n')) else { return text.len() };
        start += end + 1;
    }
    let rest = text.get(start..).unwrap_or_default();
    let whole = rest.split('\n').next().unwrap_or_default();
    let mut units = 0;
    for (at, letter) in whole.char_indices() {
        if units >= character {
            return start + at;
        }
        units += encoding.length(letter.encode_utf8(&mut [0; 4]));
    }
    start + whole.len()
}

/// The URI of a file, with every byte escaped that has to be.
pub fn file_uri(path: &Path) -> String {
    use std::{fmt::Write, os::unix::ffi::OsStrExt};
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => write!(uri, "%{other:02X}").expect("a string"),
        }
    }
    uri
}

/// The file that a URI names.
pub fn path_of(uri: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let rest = uri.strip_prefix("file://").unwrap_or_else(|| panic!("{uri} is no file")).as_bytes();
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        let escaped = || {
            let digits = std::str::from_utf8(rest.get(at + 1..at + 3)?).ok()?;
            u8::from_str_radix(digits, 16).ok()
        };
        if let Some(escaped) = escaped().filter(|_| *byte == b'%') {
            bytes.push(escaped);
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}
