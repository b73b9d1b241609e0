//! The verifier that opens pages in a headless Chromium: it starts the server, looks whether the pages show what they are to
//! show and whether their console has errors, and keeps a picture of each.

mod devtools;

use self::devtools::{DevTools, End};
use super::{
    Pages, VerifierExit, VerifierSpec, VerifyContext, answer::Checked, command::is_there, output::Excerpt,
};
use alfine_core::{finding::Finding, plan::program_of, text::start_of};
use alfine_files::programs;
use alfine_process::{Confinement, GuardedChild, GuardedCommand, GuardedOutput, ProcessError};
use serde_json::{Value, json};
use std::{
    env,
    fmt::Write,
    fs,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How often it is looked whether something is there at last.
const LOOK: Duration = Duration::from_millis(100);
/// How long a page that shows all may still complain.
const QUIET: Duration = Duration::from_millis(300);
/// The most problems that are told of one page.
const MOST: usize = 20;
/// How much of a message of a console is told, in bytes.
const MESSAGE: usize = 1000;
/// Variables that name a browser, and the names that it has.
const NAMED: [&str; 2] = ["CHROME_PATH", "CHROME_BIN"];
const BROWSERS: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chrome-headless-shell",
    "microsoft-edge",
    "brave-browser",
];
const APPLICATIONS: [&str; 3] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
];
/// What a shell makes of its standard input and output: the two ends of DevTools' pipe.
const WITH_PIPE: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >&2";

/// A program that is ended, and waited for, once nobody needs it: what it has open must not meet the next check.
struct Needed(GuardedChild);

impl Drop for Needed {
    fn drop(&mut self) {
        self.0.ender().end();
        let _ = self.0.wait();
    }
}

pub(super) fn check(pages: &Pages, spec: &VerifierSpec, context: &VerifyContext<'_>) -> Checked {
    let folder = context.root.join(&spec.folder);
    if !folder.is_dir() {
        return Checked::not_run(format_args!("{} is not there", folder.display()));
    }
    if let Some(program) = program_of(&pages.serve).filter(|program| !is_there(program, context, &folder)) {
        return Checked::unable(format!("“{program}”, which serves the pages, is not on this machine"));
    }
    let Some(browser) = browser(context) else {
        return Checked::unable(
            "no Chromium is on this machine: install it with your system's packages (`apt install chromium`, `brew install \
             --cask chromium`), or name one in the variable CHROME_PATH"
                .to_owned(),
        );
    };
    let checked = look(pages, &folder, &browser, spec.timeout, context);
    context.cancel.set_running(None);
    match checked {
        _ if context.cancel.is_cancelled() => Checked::ended(VerifierExit::Interrupted, String::new()),
        Ok(checked) => checked,
        Err(error) => Checked::not_run(error),
    }
}

fn look(
    pages: &Pages,
    folder: &Path,
    browser: &Path,
    timeout: Duration,
    context: &VerifyContext<'_>,
) -> Result<Checked, ProcessError> {
    let deadline = Instant::now() + timeout;
    let failed = |source| ProcessError::Guard { guard: context.guard.to_owned(), source };
    let port = free_port().map_err(failed)?;
    let with_port = |text: &String| text.replace("{port}", &port.to_string());
    let mut server = Needed(serve(&with_port(&pages.serve), port, folder, context)?);
    let printed = server.0.take_stdout().map(Printed::read).unwrap_or_default();
    if let Some(why) = wait_for_server(&mut server.0, port, deadline, context) {
        let words = format!("the server of `{}` {why}", pages.serve);
        let output = format!("{words}\n{}", printed.text_at_end());
        let exit = VerifierExit::Browsed { problems: 1, pictures: Vec::new() };
        return Ok(Checked { findings: vec![Finding::error(words)], ..Checked::ended(exit, output) });
    }
    let profile = tempfile::tempdir().map_err(failed)?;
    let mut browser = Needed(open(browser, profile.path(), folder, context)?);
    let errors = browser.0.take_stderr().map(Printed::read).unwrap_or_default();
    let (Some(input), Some(output)) = (browser.0.take_stdin(), browser.0.take_stdout()) else {
        return Ok(Checked::not_run("the browser cannot be spoken to"));
    };
    let mut tools = DevTools::new(input, output);
    let mut output = String::new();
    let (mut findings, mut pictures) = (Vec::new(), Vec::new());
    for (n, url) in pages.urls.iter().enumerate() {
        let url = with_port(url);
        match page(&mut tools, pages, &url, n, deadline) {
            Ok(Seen { problems, picture }) => {
                let _ = writeln!(output, "{url}: {}", told(problems.len()));
                if let Some(picture) = picture {
                    let _ = writeln!(output, "  picture: {}", picture.display());
                    pictures.push(picture.to_string_lossy().into_owned());
                }
                for problem in problems.iter().take(MOST) {
                    let _ = writeln!(output, "  {problem}");
                }
                findings.extend(problems.into_iter().take(MOST).map(|problem| Finding {
                    code: Some("browser".to_owned()),
                    ..Finding::error(format!("{url}: {problem}"))
                }));
            }
            Err(End::Late) => {
                let words = format!("{output}{url} did not answer in time\n{}", printed.text());
                return Ok(Checked::ended(VerifierExit::TimedOut { after: timeout }, words));
            }
            Err(End::Gone) => {
                return Ok(Checked::not_run(format_args!("the browser ended\n{}", errors.text())));
            }
        }
    }
    let _ = tools.call("Browser.close", &json!({}), None, Instant::now() + Duration::from_secs(1));
    drop(browser);
    let exit = VerifierExit::Browsed { problems: findings.len(), pictures };
    if !findings.is_empty() {
        let _ = write!(output, "\nThe server printed:\n{}", printed.text());
    }
    Ok(Checked { exit, output, findings, tests: None })
}

fn told(problems: usize) -> String {
    match problems {
        0 => "as expected".to_owned(),
        1 => "1 problem".to_owned(),
        problems => format!("{problems} problems"),
    }
}

/// A port that nobody has. Somebody could take it before the server does; then that says so.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn serve(
    command: &str,
    port: u16,
    folder: &Path,
    context: &VerifyContext<'_>,
) -> Result<GuardedChild, ProcessError> {
    let mut shell = GuardedCommand::new(context.guard, "sh", folder, Confinement::None, context.marker);
    shell.args = vec!["-c".into(), command.into()];
    shell.env = context.env.iter().filter(|(name, _)| name != "PORT").cloned().collect();
    shell.env.push(("PORT".into(), port.to_string().into()));
    shell.grace = context.grace;
    shell.merge_stderr = true;
    let child = shell.spawn()?;
    context.cancel.set_running(Some(child.ender()));
    Ok(child)
}

/// Waits until something listens on the port. Why nothing does, if that does not come.
fn wait_for_server(
    server: &mut GuardedChild,
    port: u16,
    deadline: Instant,
    context: &VerifyContext<'_>,
) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while Instant::now() < deadline && !context.cancel.is_cancelled() {
        if TcpStream::connect_timeout(&address, LOOK).is_ok() {
            return None;
        }
        if let Some(exit) = server.wait_timeout(LOOK) {
            let how = exit.map_or_else(|error| error.to_string(), |exit| exit.to_string());
            return Some(format!("ended before it listened on its port, {port} ({how})"));
        }
    }
    Some(format!("never listened on its port, {port}, which `{{port}}` and the variable PORT name"))
}

/// Where the machine has a browser.
fn browser(context: &VerifyContext<'_>) -> Option<PathBuf> {
    let of = |name: &str| context.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let named = NAMED.iter().filter_map(|name| of(name)).map(PathBuf::from).find(|path| path.is_file());
    let path = of("PATH").or_else(|| env::var_os("PATH")).unwrap_or_default();
    named
        .or_else(|| BROWSERS.iter().find_map(|name| programs::find(name, &path, context.root)))
        .or_else(|| APPLICATIONS.iter().map(PathBuf::from).find(|path| path.is_file()))
}

fn open(
    browser: &Path,
    profile: &Path,
    folder: &Path,
    context: &VerifyContext<'_>,
) -> Result<GuardedChild, ProcessError> {
    let mut shell = GuardedCommand::new(context.guard, "sh", folder, Confinement::None, context.marker);
    let mut args: Vec<std::ffi::OsString> = vec!["-c".into(), WITH_PIPE.into(), browser.into()];
    args.extend(
        [
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-sync",
            "--hide-scrollbars",
            "--mute-audio",
            "--window-size=1280,800",
        ]
        .map(Into::into),
    );
    args.push(format!("--user-data-dir={}", profile.display()).into());
    if rustix::process::geteuid().is_root() {
        // It refuses to sandbox itself as root.
        args.push("--no-sandbox".into());
    }
    args.push("about:blank".into());
    shell.args = args;
    shell.env = context.env.to_vec();
    shell.grace = context.grace;
    shell.is_talked_to = true;
    let child = shell.spawn()?;
    context.cancel.set_running(Some(child.ender()));
    Ok(child)
}

/// What was seen on a page.
struct Seen {
    problems: Vec<String>,
    picture: Option<PathBuf>,
}

fn page<W: io::Write>(
    tools: &mut DevTools<W>,
    pages: &Pages,
    url: &str,
    n: usize,
    deadline: Instant,
) -> Result<Seen, End> {
    let text_of = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let target = tools.call("Target.createTarget", &json!({"url": "about:blank"}), None, deadline)?;
    let target = json!({"targetId": text_of(&target, "/result/targetId"), "flatten": true});
    let session =
        text_of(&tools.call("Target.attachToTarget", &target, None, deadline)?, "/result/sessionId");
    let session = Some(session.as_str());
    for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
        tools.call(domain, &json!({}), session, deadline)?;
    }
    tools.events.clear();
    let opened = tools.call("Page.navigate", &json!({"url": url}), session, deadline)?;
    let mut problems = Vec::new();
    let refused = text_of(&opened, "/result/errorText");
    if !refused.is_empty() {
        problems.push(format!("it cannot be opened: {refused}"));
        return Ok(Seen { problems, picture: None });
    }
    let until = deadline.min(Instant::now() + Duration::from_millis(pages.wait_ms));
    let question = question(pages);
    let missing = loop {
        let asked = json!({"expression": question, "returnByValue": true});
        let answer = tools.call("Runtime.evaluate", &asked, session, deadline)?;
        let missing: Option<Vec<String>> = answer
            .pointer("/result/result/value")
            .and_then(Value::as_str)
            .and_then(|text| serde_json::from_str(text).ok());
        // A page that is on its way has nothing to say yet.
        let is_over = Instant::now() >= until;
        match missing {
            Some(missing) if missing.is_empty() => break missing,
            Some(missing) if is_over => break missing,
            None if is_over => break vec!["the page does not answer".to_owned()],
            Some(_) | None => tools.listen(LOOK, deadline)?,
        }
    };
    tools.listen(QUIET, deadline)?;
    problems.extend(missing);
    if pages.no_console_errors {
        problems.extend(tools.events.iter().filter_map(complaint));
    }
    let picture = match &pages.pictures {
        Some(prefix) => {
            let shot = tools.call("Page.captureScreenshot", &json!({"format": "png"}), session, deadline)?;
            keep(prefix, n, &text_of(&shot, "/result/data"))
        }
        None => None,
    };
    tools.call("Target.closeTarget", &target, None, deadline)?;
    Ok(Seen { problems, picture })
}

/// Asks a page what of all that it is to show is missing.
fn question(pages: &Pages) -> String {
    let texts = Value::from(pages.texts.clone());
    let selectors = Value::from(pages.selectors.clone());
    format!(
        "(() => {{
           if (document.readyState !== 'complete') return JSON.stringify(['the page is not loaded yet']);
           const plain = text => text.replace(/\\s+/g, ' ').trim();
           const shown = plain(document.body ? document.body.innerText : '');
           const has = selector => {{ try {{ return document.querySelector(selector) !== null; }} catch {{ return false; }} }};
           return JSON.stringify([
             ...{texts}.filter(text => !shown.includes(plain(text))).map(text => `the text “${{text}}” is not there`),
             ...{selectors}.filter(one => !has(one)).map(one => `there is no element \\`${{one}}\\``),
           ]);
         }})()"
    )
}

/// The error that an event tells of, if it does.
fn complaint(event: &Value) -> Option<String> {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let words = match event.get("method").and_then(Value::as_str)? {
        "Runtime.consoleAPICalled" if text("/params/type") == "error" => {
            let args = event.pointer("/params/args").and_then(Value::as_array)?;
            let words = args.iter().map(|arg| match arg.get("value") {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => arg.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            });
            words.collect::<Vec<_>>().join(" ")
        }
        "Runtime.exceptionThrown" => {
            let details = "/params/exceptionDetails";
            let thrown = text(&format!("{details}/exception/description"));
            if thrown.is_empty() { text(&format!("{details}/text")).to_owned() } else { thrown.to_owned() }
        }
        "Log.entryAdded" if text("/params/entry/level") == "error" => {
            let url = text("/params/entry/url");
            // Every browser asks for it, and no page needs it.
            if url.ends_with("/favicon.ico") {
                return None;
            }
            format!("{} ({url})", text("/params/entry/text"))
        }
        _ => return None,
    };
    Some(format!("error in the console: {}", start_of(words.trim(), MESSAGE)))
}

/// Keeps a picture. One that cannot be kept is no reason to fail.
fn keep(prefix: &Path, n: usize, data: &str) -> Option<PathBuf> {
    use base64::Engine;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(data).ok().filter(|bytes| !bytes.is_empty())?;
    let mut name = prefix.file_name()?.to_os_string();
    name.push(format!("-{}.png", n + 1));
    let path = prefix.with_file_name(name);
    fs::create_dir_all(path.parent()?).and_then(|()| fs::write(&path, bytes)).ok()?;
    Some(path)
}

/// What a program prints, while it does.
#[derive(Default)]
struct Printed {
    kept: Arc<Mutex<Excerpt>>,
    /// Is cut off once all is read.
    ends: Option<Receiver<()>>,
}

/// How long what a program printed may take to be read once it has ended: others may hold the pipe.
const READ_WITHIN: Duration = Duration::from_secs(1);

impl Printed {
    fn read(mut output: GuardedOutput) -> Self {
        let (end, ends) = mpsc::channel();
        let printed = Self { ends: Some(ends), ..Self::default() };
        let kept = Arc::clone(&printed.kept);
        thread::spawn(move || {
            let _end: Sender<()> = end;
            let mut buffer = vec![0; 16 << 10];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let bytes = buffer.get(..read).unwrap_or_default();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
            }
        });
        printed
    }

    /// What it printed to its end.
    fn text_at_end(&self) -> String {
        if let Some(ends) = &self.ends {
            let _ = ends.recv_timeout(READ_WITHIN);
        }
        self.text()
    }

    fn text(&self) -> String {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_console_are_told_and_nothing_else_is() {
        let said = |event: Value| complaint(&event);
        let console = |kind: &str| {
            json!({"method": "Runtime.consoleAPICalled", "params": {"type": kind,
                "args": [{"type": "string", "value": "no"}, {"type": "number", "value": 3}, {"type": "object", "description": "Error: x"}]}})
        };
        assert_eq!(said(console("error")), Some("error in the console: no 3 Error: x".to_owned()));
        assert_eq!(said(console("warning")), None);
        let thrown = json!({"method": "Runtime.exceptionThrown",
            "params": {"exceptionDetails": {"text": "Uncaught", "exception": {"description": "ReferenceError: y"}}}});
        assert_eq!(said(thrown), Some("error in the console: ReferenceError: y".to_owned()));
        let missing = |url: &str| json!({"method": "Log.entryAdded", "params": {"entry": {"level": "error", "text": "404", "url": url}}});
        assert_eq!(
            said(missing("http://x/a.js")),
            Some("error in the console: 404 (http://x/a.js)".to_owned())
        );
        assert_eq!(said(missing("http://x/favicon.ico")), None);
        assert_eq!(said(json!({"method": "Page.loadEventFired"})), None);
        assert_eq!(said(json!({})), None);
    }
}
