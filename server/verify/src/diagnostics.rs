//! The verifier that asks a language server for errors in the files that the work changed. Whoever runs it compares them with
//! those of the tree before: errors that were there before are no fault of the work.

use super::{
    VerifierExit, VerifierSpec, VerifyContext,
    answer::Checked,
    command::is_there,
    language_server::{Connection, Gone, METHOD_NOT_FOUND, path_of, uri_of},
};
use alfine_core::{finding::Finding, text::end_of};
use alfine_process::{Confinement, GuardedCommand, GuardedOutput, ProcessError};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How long a server that spoke of all files has to be quiet until it has said all.
const SETTLED: Duration = Duration::from_secs(2);
/// The same for one that spoke of some files: the others are none of its language.
const SETTLED_IN_PART: Duration = Duration::from_secs(10);
/// How long at least until the same file is asked for again.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a server may take to shut down before it is ended.
const FAREWELL: Duration = Duration::from_secs(2);
/// The most files that are opened, and the largest of them in bytes.
const MOST_FILES: usize = 300;
const LARGEST: u64 = 2 << 20;
/// How much of what it prints as errors is shown, in bytes.
const STDERR: usize = 2000;

/// Codes of answers that say: not now.
const NOT_NOW: [i64; 3] = [-32800, -32801, -32802];

/// What servers look at, by their program. Of any other every file is shown that has a known language.
const SERVERS: &[(&[&str], &[&str])] = &[
    (&["rust-analyzer"], &["rs"]),
    (
        &[
            "pyright-langserver",
            "basedpyright-langserver",
            "pylsp",
            "jedi-language-server",
            "ruff",
            "ty",
            "pyrefly",
        ],
        &["py", "pyi"],
    ),
    (
        &["typescript-language-server", "vtsls", "tsgo"],
        &["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"],
    ),
    (&["gopls"], &["go"]),
    (&["clangd", "ccls"], &["c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "m", "mm", "cu"]),
    (&["zls"], &["zig"]),
    (&["lua-language-server"], &["lua"]),
    (&["ruby-lsp", "solargraph", "sorbet", "srb"], &["rb"]),
    (&["jdtls"], &["java"]),
    (&["kotlin-language-server", "kotlin-lsp"], &["kt", "kts"]),
    (&["intelephense", "phpactor"], &["php"]),
    (&["svelteserver"], &["svelte"]),
    (&["vue-language-server"], &["vue"]),
];

/// The languages of files, by the endings of their names, where that is not the language's name.
const LANGUAGES: &[(&str, &str)] = &[
    ("rs", "rust"),
    ("py", "python"),
    ("pyi", "python"),
    ("ts", "typescript"),
    ("mts", "typescript"),
    ("cts", "typescript"),
    ("tsx", "typescriptreact"),
    ("js", "javascript"),
    ("mjs", "javascript"),
    ("cjs", "javascript"),
    ("jsx", "javascriptreact"),
    ("go", "go"),
    ("c", "c"),
    ("h", "c"),
    ("cc", "cpp"),
    ("cpp", "cpp"),
    ("cxx", "cpp"),
    ("hh", "cpp"),
    ("hpp", "cpp"),
    ("hxx", "cpp"),
    ("m", "objective-c"),
    ("mm", "objective-cpp"),
    ("cu", "cuda-cpp"),
    ("java", "java"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("rb", "ruby"),
    ("php", "php"),
    ("cs", "csharp"),
    ("swift", "swift"),
    ("zig", "zig"),
    ("lua", "lua"),
    ("sh", "shellscript"),
    ("bash", "shellscript"),
    ("vue", "vue"),
    ("svelte", "svelte"),
    ("css", "css"),
    ("scss", "scss"),
    ("html", "html"),
    ("json", "json"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
    ("toml", "toml"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("erl", "erlang"),
    ("hs", "haskell"),
    ("ml", "ocaml"),
    ("scala", "scala"),
    ("dart", "dart"),
    ("tf", "terraform"),
    ("nix", "nix"),
];

/// Asks a server about those of these files that are there; `None` where nobody compares what it says. `chosen` says that
/// somebody chose them for it.
pub(super) fn check(
    server: &str,
    files: Option<&[String]>,
    chosen: bool,
    spec: &VerifierSpec,
    context: &VerifyContext<'_>,
) -> Checked {
    let Some(files) = files else {
        return Checked::unable(
            "a language server compares what was there before, and the setting `proof.control` switches that off"
                .to_owned(),
        );
    };
    let words = match shell_words::split(server) {
        Ok(words) if !words.is_empty() => words,
        Ok(_) | Err(_) => return Checked::unable(format!("“{server}” is no command line")),
    };
    let Ok(root) = fs::canonicalize(context.root.join(&spec.folder)) else {
        return Checked::not_run(format_args!("{} is not there", context.root.display()));
    };
    let (program, args) =
        words.split_first().map_or(("", &[][..]), |(program, args)| (program.as_str(), args));
    let opened = opened(&root, program, files, chosen);
    if opened.is_empty() {
        return of_findings(Vec::new());
    }
    if !is_there(program, context, &root) {
        return Checked::unable(format!(
            "the language server “{program}” is not on this machine: install it, or name another in the verifier's `server`"
        ));
    }
    let mut command = GuardedCommand::new(context.guard, program, &root, Confinement::None, context.marker);
    command.args = args.iter().map(Into::into).collect();
    command.env = context.env.to_vec();
    command.grace = context.grace;
    command.is_talked_to = true;
    match ask(command, &root, opened, spec.timeout, context) {
        Ok(checked) => checked,
        Err(error) => Checked::not_run(error),
    }
}

fn ask(
    command: GuardedCommand,
    root: &Path,
    opened: Vec<Opened>,
    timeout: Duration,
    context: &VerifyContext<'_>,
) -> Result<Checked, ProcessError> {
    let deadline = Instant::now() + timeout;
    let mut child = command.spawn()?;
    context.cancel.set_running(Some(child.ender()));
    let stderr = child.take_stderr();
    let errors = thread::spawn(move || stderr.map_or_else(String::new, last_words));
    let asked = match (child.take_stdin(), child.take_stdout()) {
        (Some(input), Some(output)) => {
            let connection = Connection::new(input, output);
            Session::new(connection, root, opened).ask(deadline)
        }
        (_, _) => Err(End::Gone),
    };
    let ended = match &asked {
        // It has said goodbye.
        Ok(_) => child.wait_timeout(FAREWELL),
        Err(End::Gone) => child.wait_timeout(FAREWELL),
        Err(End::Late | End::Refused(_)) => None,
    };
    let exit = ended.unwrap_or_else(|| {
        child.ender().end();
        child.wait()
    });
    context.cancel.set_running(None);
    let errors = errors.join().unwrap_or_default();
    let printed = |what: String| {
        let said = errors.trim();
        if said.is_empty() { what } else { format!("{what}\n{said}") }
    };
    Ok(match asked {
        _ if context.cancel.is_cancelled() => Checked::ended(VerifierExit::Interrupted, String::new()),
        Ok(findings) => of_findings(findings),
        Err(End::Late) => Checked::ended(
            VerifierExit::TimedOut { after: timeout },
            printed("the language server did not say all within its time".to_owned()),
        ),
        Err(End::Refused(why)) => {
            Checked::not_run(printed(format!("the language server refused to begin: {why}")))
        }
        Err(End::Gone) => {
            let how = exit.map_or_else(|error| error.to_string(), |exit| exit.to_string());
            Checked::not_run(printed(format!("the language server ended before it had said all ({how})")))
        }
    })
}

fn of_findings(findings: Vec<Finding>) -> Checked {
    let lines = findings.iter().map(|finding| {
        let place = [
            finding.file.clone(),
            finding.line.map(|line| line.to_string()),
            finding.column.map(|column| column.to_string()),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let code = finding.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
        format!("{}: error: {}{code}\n", place.join(":"), finding.message)
    });
    let output = lines.collect();
    Checked { exit: VerifierExit::Diagnosed { errors: findings.len() }, output, findings, tests: None }
}

/// The end of what it prints as errors.
fn last_words(mut stderr: GuardedOutput) -> String {
    let mut kept = Vec::new();
    let mut chunk = vec![0; 16 << 10];
    while let Ok(read @ 1..) = stderr.read(&mut chunk) {
        kept.extend_from_slice(chunk.get(..read).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(STDERR));
    }
    super::output::plain(end_of(&String::from_utf8_lossy(&kept), STDERR))
}

/// A file that the server is shown.
struct Opened {
    /// From the root, `/` separated.
    name: String,
    uri: String,
    language: String,
    text: String,
}

/// Those of these files that are there, are text and concern this server.
fn opened(root: &Path, program: &str, files: &[String], chosen: bool) -> Vec<Opened> {
    let program = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let own = SERVERS.iter().find(|(names, _)| names.contains(&program)).map(|(_, endings)| *endings);
    let concerns = |ending: &str| match own {
        _ if chosen => true,
        Some(own) => own.contains(&ending),
        None => LANGUAGES.iter().any(|(known, _)| *known == ending),
    };
    let mut all = Vec::new();
    for name in files {
        let path = root.join(name);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        // Nothing is read through a link: it may lead anywhere.
        let is_plain =
            fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST);
        if all.len() >= MOST_FILES || !is_plain || !concerns(&ending) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let language = LANGUAGES.iter().find(|(known, _)| *known == ending).map(|(_, language)| *language);
        all.push(Opened {
            name: name.clone(),
            uri: uri_of(&path),
            language: language.unwrap_or(&ending).to_owned(),
            text,
        });
    }
    all
}

/// Why there is no answer.
enum End {
    Gone,
    Late,
    Refused(String),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// One server at work on some files.
struct Session<W> {
    connection: Connection<W>,
    root: PathBuf,
    opened: Vec<Opened>,
    /// What it said of each file by itself, and when asked.
    pushed: BTreeMap<usize, Vec<Finding>>,
    pulled: BTreeMap<usize, Vec<Finding>>,
    /// Whether it can be asked.
    pulls: bool,
    /// What it was asked and has not answered: the request, the file.
    asked: BTreeMap<u64, usize>,
    /// Files to be asked for again.
    again: BTreeSet<usize>,
    /// What it does at the moment, by its own names for it.
    works: BTreeSet<String>,
    /// It says itself that it is not ready yet.
    busy: bool,
    last: Instant,
}

impl<W: Write> Session<W> {
    fn new(connection: Connection<W>, root: &Path, opened: Vec<Opened>) -> Self {
        Self {
            connection,
            root: root.to_owned(),
            opened,
            pushed: BTreeMap::new(),
            pulled: BTreeMap::new(),
            pulls: false,
            asked: BTreeMap::new(),
            again: BTreeSet::new(),
            works: BTreeSet::new(),
            busy: false,
            last: Instant::now(),
        }
    }

    /// All errors in the files.
    fn ask(mut self, deadline: Instant) -> Result<Vec<Finding>, End> {
        let uri = uri_of(&self.root);
        let folders = json!([{"uri": uri, "name": "work"}]);
        let id = self.connection.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "clientInfo": {"name": "alfine"},
                "rootPath": self.root,
                "rootUri": uri,
                "workspaceFolders": folders,
                "capabilities": capabilities(),
            }),
        )?;
        let answer = loop {
            let message = self.next(deadline)?;
            match message {
                Some(message) if is_answer_to(&message, id) => break message,
                Some(message) => self.take(&message)?,
                None => {}
            }
        };
        if let Some(error) = answer.get("error") {
            let why = error.get("message").and_then(Value::as_str).unwrap_or("it gave no reason");
            return Err(End::Refused(end_of(why, STDERR).to_owned()));
        }
        let can = |path: &str| answer.pointer(&format!("/result/capabilities/{path}")).cloned();
        let is_there = |value: Option<Value>| value.is_some_and(|value| !value.is_null() && value != false);
        self.pulls = is_there(can("diagnosticProvider"));
        let saves = is_there(can("textDocumentSync/save"));
        self.connection.notify("initialized", &json!({}))?;
        for file in &self.opened {
            let document =
                json!({"uri": file.uri, "languageId": file.language, "version": 1, "text": file.text});
            self.connection.notify("textDocument/didOpen", &json!({"textDocument": document}))?;
            if saves {
                // Some look at a file only then.
                let saved = json!({"textDocument": {"uri": file.uri}, "text": file.text});
                self.connection.notify("textDocument/didSave", &saved)?;
            }
        }
        self.again = if self.pulls { (0..self.opened.len()).collect() } else { BTreeSet::new() };
        self.last = Instant::now();
        while !self.is_settled() {
            self.pull()?;
            if let Some(message) = self.next(deadline)? {
                self.take(&message)?;
            }
        }
        // What it answers to that is of no interest any more.
        let farewell = self.connection.request("shutdown", &Value::Null);
        if let Ok(id) = farewell {
            let end = Instant::now() + FAREWELL;
            while let Ok(message) = self.next(end) {
                if message.is_some_and(|message| is_answer_to(&message, id)) {
                    break;
                }
            }
            let _ = self.connection.notify("exit", &Value::Null);
        }
        Ok(self.errors())
    }

    /// The next message, if one comes soon.
    fn next(&mut self, deadline: Instant) -> Result<Option<Value>, End> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(End::Late);
        }
        Ok(self.connection.next(left.min(AGAIN))?)
    }

    fn is_settled(&self) -> bool {
        if self.busy || !self.works.is_empty() || !self.asked.is_empty() || !self.again.is_empty() {
            return false;
        }
        let known = |n: &usize| self.pushed.contains_key(n) || self.pulled.contains_key(n);
        let quiet = self.last.elapsed();
        match (0..self.opened.len()).filter(known).count() {
            0 => false,
            all if all == self.opened.len() => quiet >= SETTLED,
            _ => quiet >= SETTLED_IN_PART,
        }
    }

    /// Asks for the files that are to be asked for.
    fn pull(&mut self) -> Result<(), Gone> {
        // Not at once for one that has just said "not now".
        if self.again.is_empty() || !self.pulls || (self.last.elapsed() < AGAIN && !self.pulled.is_empty()) {
            return Ok(());
        }
        for n in std::mem::take(&mut self.again) {
            let Some(file) = self.opened.get(n) else { continue };
            let params = json!({"textDocument": {"uri": file.uri}});
            let id = self.connection.request("textDocument/diagnostic", &params)?;
            self.asked.insert(id, n);
        }
        Ok(())
    }

    fn take(&mut self, message: &Value) -> Result<(), Gone> {
        let method = message.get("method").and_then(Value::as_str);
        let params = message.get("params").unwrap_or(&Value::Null);
        match (method, message.get("id")) {
            (Some(method), Some(id)) => self.requested(method, id, params),
            (Some(method), None) => {
                self.notified(method, params);
                Ok(())
            }
            (None, Some(id)) => {
                if let Some(n) = id.as_u64().and_then(|id| self.asked.remove(&id)) {
                    self.answered(n, message);
                }
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    fn requested(&mut self, method: &str, id: &Value, params: &Value) -> Result<(), Gone> {
        let result = match method {
            "workspace/configuration" => {
                let items = params.get("items").and_then(Value::as_array).map_or(0, Vec::len);
                Value::Array(vec![Value::Null; items])
            }
            "workspace/workspaceFolders" => json!([{"uri": uri_of(&self.root), "name": "work"}]),
            "workspace/applyEdit" => json!({"applied": false}),
            "window/showDocument" => json!({"success": false}),
            "client/registerCapability" => {
                let registered = params.get("registrations").and_then(Value::as_array).into_iter().flatten();
                let is_pull = |one: &Value| {
                    one.get("method").and_then(Value::as_str) == Some("textDocument/diagnostic")
                };
                if registered.into_iter().any(is_pull) {
                    self.pulls = true;
                    self.again = (0..self.opened.len()).collect();
                }
                Value::Null
            }
            "workspace/diagnostic/refresh" => {
                if self.pulls {
                    self.again = (0..self.opened.len()).collect();
                }
                Value::Null
            }
            "client/unregisterCapability"
            | "window/workDoneProgress/create"
            | "window/showMessageRequest"
            | "workspace/semanticTokens/refresh"
            | "workspace/inlayHint/refresh"
            | "workspace/codeLens/refresh" => Value::Null,
            _ => return self.connection.refuse(id, method),
        };
        self.connection.answer(id, &result)
    }

    fn notified(&mut self, method: &str, params: &Value) {
        match method {
            "textDocument/publishDiagnostics" => {
                let uri = params.get("uri").and_then(Value::as_str).unwrap_or_default();
                if let Some(n) = self.file_of(uri) {
                    self.last = Instant::now();
                    let findings = self.findings(n, params.get("diagnostics"));
                    self.pushed.insert(n, findings);
                }
            }
            "$/progress" => {
                self.last = Instant::now();
                let token = params.get("token").map(Value::to_string).unwrap_or_default();
                match params.pointer("/value/kind").and_then(Value::as_str) {
                    Some("begin") => {
                        self.works.insert(token);
                    }
                    Some("end") => {
                        self.works.remove(&token);
                    }
                    Some(_) | None => {}
                }
            }
            "experimental/serverStatus" => {
                self.last = Instant::now();
                self.busy = params.get("quiescent") == Some(&Value::Bool(false));
            }
            _ => {}
        }
    }

    fn answered(&mut self, n: usize, message: &Value) {
        self.last = Instant::now();
        match message.pointer("/error/code").and_then(Value::as_i64) {
            Some(code) if NOT_NOW.contains(&code) => {
                self.again.insert(n);
            }
            Some(METHOD_NOT_FOUND) => self.pulls = false,
            Some(_) => {}
            None => {
                let items = message.pointer("/result/items");
                if message.pointer("/result/kind").and_then(Value::as_str) != Some("unchanged") {
                    let findings = self.findings(n, items);
                    self.pulled.insert(n, findings);
                }
            }
        }
    }

    fn file_of(&self, uri: &str) -> Option<usize> {
        let path = path_of(uri)?;
        let name = path.strip_prefix(&self.root).ok()?.to_str()?;
        self.opened.iter().position(|file| file.name == name)
    }

    /// The errors among some diagnostics of a file.
    fn findings(&self, n: usize, diagnostics: Option<&Value>) -> Vec<Finding> {
        const ERROR: u64 = 1;
        let Some(file) = self.opened.get(n) else { return Vec::new() };
        let all = diagnostics.and_then(Value::as_array).into_iter().flatten();
        // One without a severity is what the client takes it for.
        let errors = all.filter(|one| one.get("severity").and_then(Value::as_u64).unwrap_or(ERROR) == ERROR);
        errors
            .map(|one| {
                let number = |path: &str| one.pointer(path).and_then(Value::as_u64).unwrap_or_default();
                let line = number("/range/start/line");
                let code = match one.get("code") {
                    Some(Value::String(code)) => Some(code.clone()),
                    Some(Value::Number(code)) => Some(code.to_string()),
                    _ => None,
                };
                let message = one.get("message").and_then(Value::as_str).unwrap_or_default();
                Finding {
                    file: Some(file.name.clone()),
                    line: u32::try_from(line.saturating_add(1)).ok(),
                    column: column_of(&file.text, line, number("/range/start/character")),
                    code,
                    ..Finding::error(message.to_owned())
                }
            })
            .collect()
    }

    /// All errors, each once, however the server said it.
    fn errors(&self) -> Vec<Finding> {
        let mut all: Vec<Finding> = Vec::new();
        for n in 0..self.opened.len() {
            for finding in self.pushed.get(&n).into_iter().chain(self.pulled.get(&n)).flatten() {
                if !all.contains(finding) {
                    all.push(finding.clone());
                }
            }
        }
        all
    }
}

fn is_answer_to(message: &Value, id: u64) -> bool {
    message.get("method").is_none() && message.get("id").and_then(Value::as_u64) == Some(id)
}

/// The column of a place, from 1, in characters: servers count the units of UTF-16.
fn column_of(text: &str, line: u64, units: u64) -> Option<u32> {
    let line = text.lines().nth(usize::try_from(line).ok()?)?;
    let mut left = units;
    let mut column = 1;
    for c in line.chars() {
        let width = c.len_utf16() as u64;
        if left < width {
            break;
        }
        left -= width;
        column += 1;
    }
    Some(column)
}

fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {
            "synchronization": {"didSave": true},
            "publishDiagnostics": {"relatedInformation": false},
            "diagnostic": {"dynamicRegistration": true, "relatedDocumentSupport": false},
        },
        "workspace": {
            "configuration": true,
            "workspaceFolders": true,
            "diagnostics": {"refreshSupport": true},
        },
        "window": {"workDoneProgress": true},
        "experimental": {"serverStatusNotification": true},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters_whatever_the_server_counts() {
        let text = "let a = \"😀ä\"; b\nx";
        for (line, units, column) in [(0, 0, 1), (0, 9, 10), (0, 11, 11), (0, 12, 12), (0, 99, 16), (1, 1, 2)]
        {
            assert_eq!(column_of(text, line, units), Some(column), "{line}:{units}");
        }
        assert_eq!(column_of(text, 9, 0), None);
    }

    #[test]
    fn a_server_is_shown_what_concerns_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.py", "b.rs", "c.md", "d.PY", "e.odd"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("f.py")).unwrap();
        let files: Vec<String> =
            ["a.py", "b.rs", "c.md", "d.PY", "e.odd", "f.py", "gone.py"].map(str::to_owned).to_vec();
        let shown = |program: &str, chosen| -> Vec<String> {
            opened(folder.path(), program, &files, chosen).into_iter().map(|file| file.name).collect()
        };
        assert_eq!(shown("/usr/bin/pyright-langserver", false), ["a.py", "d.PY"]);
        assert_eq!(shown("rust-analyzer", false), ["b.rs"]);
        assert_eq!(shown("my-server", false), ["a.py", "b.rs", "d.PY"]);
        assert_eq!(shown("my-server", true), ["a.py", "b.rs", "c.md", "d.PY", "e.odd"]);
    }
}
