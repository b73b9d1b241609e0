//! A stand-in for Claude Code: it speaks its `stream-json` and plays a scenario, with no network and no model.
//!
//! `FAKE_AGENT_SCENARIO` names the scenario, a JSON file; see [`alfine_tests::fake_agent`] for all of it:
//!
//! ```json
//! {"runs": [
//!   [{"text": "I look around."}, {"write": {"path": "a.txt", "content": "x"}}, {"shell": "cargo test"},
//!    {"gate": {"ready": false}}, {"result": {"input": 10, "output": 2, "cost": 0.01}}],
//!   [{"rate_limit": {"status": "rejected", "resets_at": "now+5"}}, {"result": {"status": 429, "error": "rate_limit"}}],
//!   [{"touch": "/tmp/t/started"}, {"wait_for": "/tmp/t/go"}, "hang"]
//! ]}
//! ```
//!
//! Every invocation plays the next run and adds a line to the file that `FAKE_AGENT_LOG` names: arguments, prompt,
//! environment, working folder, process id. That file is also the counter of the runs.
//!
//! Like the real one it ends by SIGTERM with status 143 and no result, by SIGINT with 0 and an
//! `error_during_execution` result, and runs each shell command in a session of its own.

use alfine_tests::fake_agent::{
    Invocation, LOG_VARIABLE, ResetsAt, Run, RunResult, SCENARIO_VARIABLE, Scenario, Sessions, Step,
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, setsid};
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, thread};

/// How long anything here lasts that nobody ends, so that a failed test leaves nothing behind.
const LONGEST: Duration = Duration::from_secs(120);

/// Variables that are always recorded.
const RECORDED: [&str; 7] = [
    "DISABLE_AUTOUPDATER",
    "IS_SANDBOX",
    "ANTHROPIC_API_KEY",
    "ALFINE_TASK",
    "ALFINE_LOOP",
    "HOME",
    "TMPDIR",
];

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--as-session", program, rest @ ..] => Err(in_own_session(program, rest)),
        ["--background", pid_file, ignore] => background(Path::new(pid_file), *ignore == "true"),
        _ => play(args),
    }
}

/// Becomes `program`, in a session of its own.
fn in_own_session(program: &str, args: &[&str]) -> io::Error {
    match setsid() {
        Ok(_) => Command::new(program).args(args).exec(),
        Err(error) => error.into(),
    }
}

fn background(pid_file: &Path, ignore_sigterm: bool) -> io::Result<()> {
    // Registered before the process id is told: who reads it may signal at once.
    let _ignored = ignore_sigterm.then(|| Signals::new([SIGTERM])).transpose()?;
    // Whoever waits for the file must not read half of it.
    let half = pid_file.with_extension("half");
    fs::write(&half, std::process::id().to_string())?;
    fs::rename(half, pid_file)?;
    hang()
}

/// Does nothing until somebody ends it, or nobody did.
fn hang() -> ! {
    let end = Instant::now() + LONGEST;
    while Instant::now() < end {
        thread::park_timeout(LONGEST);
    }
    exit(99)
}

fn play(args: Vec<String>) -> io::Result<()> {
    let scenario_path = env::var_os(SCENARIO_VARIABLE)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other(format!("{SCENARIO_VARIABLE} is not set")))?;
    let scenario: Scenario = serde_json::from_slice(&fs::read(&scenario_path)?)?;
    let version = scenario.version.as_deref().unwrap_or("2.1.329");
    if args.iter().any(|arg| arg == "--version" || arg == "-v") {
        return writeln!(io::stdout(), "{version} (Claude Code)");
    }
    if args.iter().any(|arg| arg == "stream-json") && !args.iter().any(|arg| arg == "--verbose") {
        fail("Error: When using --print, --output-format=stream-json requires --verbose");
    }
    let mut prompt = Vec::new();
    io::stdin().read_to_end(&mut prompt)?;
    let prompt = String::from_utf8_lossy(&prompt).into_owned();
    if prompt.trim().is_empty() {
        fail("Error: Input must be provided either through stdin or as a prompt argument when using --print");
    }
    let (invocation, cost_before) = record(&scenario, &scenario_path, args, prompt)?;
    let runs = scenario.runs_of(invocation.part);
    let Some(run) = invocation.run else { session_gone(&invocation.session) };
    let steps = runs.get(run).or(runs.last()).map(Vec::as_slice).unwrap_or_default();
    let mut agent = Agent {
        session: invocation.session.clone(),
        model: after(&invocation.args, "--model")
            .or(scenario.model.as_deref())
            .unwrap_or("claude-opus-5-5")
            .to_owned(),
        said: 0,
        last_text: String::new(),
        denials: Vec::new(),
        cost_before,
        process: Arc::default(),
    };
    agent.listen()?;
    let mode = after(&invocation.args, "--permission-mode").unwrap_or("default");
    agent.say(json!({"type": "system", "subtype": "init", "cwd": invocation.cwd, "model": agent.model,
        "tools": ["Task", "Bash", "Edit", "NotebookEdit", "Read", "Write"], "mcp_servers": [], "permissionMode": mode,
        "apiKeySource": "none", "claude_code_version": version}))?;
    for step in steps {
        agent.step(step)?;
    }
    agent.end(&RunResult::default())
}

/// Writes a line to stderr and exits as the real one does when it does not even begin.
fn fail(line: &str) -> ! {
    let _ = writeln!(io::stderr(), "{line}");
    exit(1)
}

fn session_gone(session: &str) -> ! {
    let error = format!("No conversation found with session ID: {session}");
    let line = json!({"type": "result", "subtype": "error_during_execution", "duration_ms": 0, "is_error": true,
        "num_turns": 0, "stop_reason": null, "session_id": session, "total_cost_usd": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0}, "modelUsage": {}, "permission_denials": [],
        "errors": [error], "result_index": 0});
    let _ = writeln!(io::stdout(), "{line}");
    fail(&error)
}

fn after<'a>(args: &'a [String], option: &str) -> Option<&'a str> {
    let at = args.iter().position(|arg| arg == option)?;
    args.get(at + 1).map(String::as_str)
}

trait Runs {
    fn runs_of(&self, part: Option<usize>) -> &[Run];
    /// Returns what the results of one run cost.
    fn cost_of(&self, part: Option<usize>, run: Option<usize>) -> f64;
}

impl Runs for Scenario {
    fn runs_of(&self, part: Option<usize>) -> &[Run] {
        match part {
            Some(part) => self.parts.get(part).map(|part| part.runs.as_slice()).unwrap_or_default(),
            None => &self.runs,
        }
    }

    fn cost_of(&self, part: Option<usize>, run: Option<usize>) -> f64 {
        let runs = self.runs_of(part);
        let steps = run.and_then(|run| runs.get(run).or(runs.last())).map(Vec::as_slice).unwrap_or_default();
        let cost = |step: &Step| match step {
            Step::Result(result) => result.cost,
            _ => 0.0,
        };
        steps.iter().map(cost).sum()
    }
}

/// Adds this invocation to the log; returns it, and what its session cost before.
fn record(
    scenario: &Scenario,
    path: &Path,
    args: Vec<String>,
    prompt: String,
) -> io::Result<(Invocation, f64)> {
    let log = env::var_os(LOG_VARIABLE).map_or_else(|| path.with_extension("log"), PathBuf::from);
    let mut log = OpenOptions::new().read(true).append(true).create(true).open(log)?;
    // Two agents of one chain may start at once. The lock goes with the file.
    log.lock()?;
    let mut lines = String::new();
    log.read_to_string(&mut lines)?;
    // A half line is of an agent that was killed while it wrote it, and thus did nothing else.
    let before = lines.lines().filter_map(|line| serde_json::from_str::<Invocation>(line).ok());
    let before: Vec<_> = before.filter(|earlier| earlier.scenario == path).collect();

    let part = scenario.parts.iter().position(|part| prompt.contains(&part.prompt));
    let played = before.iter().filter(|earlier| earlier.part == part && earlier.run.is_some()).count();
    let resumed = after(&args, "--resume").map(str::to_owned);
    let known = |id: &str| before.iter().any(|earlier| earlier.run.is_some() && earlier.session == id);
    let found = resumed.as_deref().is_none_or(|id| match scenario.sessions {
        Sessions::Any => true,
        Sessions::Known => known(id),
        Sessions::Gone => false,
    });
    let session = resumed.clone().unwrap_or_else(|| {
        format!("{:08x}-{:04x}-4000-8000-{played:012x}", before.len(), part.map_or(0, |part| part + 1))
    });
    let cost_before = before
        .iter()
        .filter(|earlier| earlier.session == session)
        .map(|earlier| scenario.cost_of(earlier.part, earlier.run))
        .sum();
    let names = RECORDED.iter().copied().chain(scenario.record_env.iter().map(String::as_str));
    let env: BTreeMap<_, _> =
        names.filter_map(|name| env::var(name).ok().map(|value| (name.to_owned(), value))).collect();
    let invocation = Invocation {
        scenario: path.to_owned(),
        part,
        run: found.then_some(played),
        session,
        resumed: resumed.is_some(),
        args,
        prompt,
        env,
        env_names: env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect(),
        cwd: env::current_dir()?,
        pid: std::process::id(),
    };
    let gap = if lines.is_empty() || lines.ends_with('\n') { "" } else { "\n" };
    log.seek(io::SeekFrom::End(0))?;
    log.write_all(format!("{gap}{}\n", serde_json::to_string(&invocation)?).as_bytes())?;
    Ok((invocation, cost_before))
}

/// What signals find.
#[derive(Default)]
struct Process {
    /// The shell command that runs.
    tool: Option<Pid>,
    ignores_sigterm: bool,
    /// The signal that ends the agent once its tool ended.
    ended_by: Option<i32>,
}

struct Agent {
    session: String,
    model: String,
    said: u32,
    last_text: String,
    denials: Vec<Value>,
    cost_before: f64,
    process: Arc<Mutex<Process>>,
}

fn lock(process: &Mutex<Process>) -> MutexGuard<'_, Process> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Agent {
    /// Prints one line, with what every line has.
    fn say(&self, mut line: Value) -> io::Result<()> {
        line["session_id"] = json!(self.session);
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    fn assistant(&mut self, block: &Value) -> io::Result<()> {
        self.said += 1;
        self.say(
            json!({"type": "assistant", "message": {"id": format!("msg_{}", self.said), "type": "message",
            "role": "assistant", "model": self.model, "content": [block], "stop_reason": null,
            "usage": {"input_tokens": 1, "output_tokens": 1}}, "parent_tool_use_id": null}),
        )
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        text.clone_into(&mut self.last_text);
        self.assistant(&json!({"type": "text", "text": text}))
    }

    fn chatter(&mut self, each_second: u32, until: &Path) -> io::Result<()> {
        let begun = Instant::now();
        let mut said = 0;
        while !until.exists() && begun.elapsed() < LONGEST {
            let due = begun.elapsed().as_secs_f64() * f64::from(each_second);
            while f64::from(said) < due {
                said += 1;
                self.assistant(&json!({"type": "text", "text": format!("line {said} of much")}))?;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn tool_starts(&mut self, name: &str, input: &Value) -> io::Result<String> {
        let id = format!("toolu_{}", self.said + 1);
        self.assistant(&json!({"type": "tool_use", "id": id, "name": name, "input": input}))?;
        Ok(id)
    }

    fn tool_ends(&self, id: &str, ok: bool, content: &str) -> io::Result<()> {
        self.say(json!({"type": "user", "message": {"role": "user", "content":
            [{"type": "tool_result", "content": content, "is_error": !ok, "tool_use_id": id}]},
            "parent_tool_use_id": null, "tool_use_result": {"stdout": content, "stderr": "", "interrupted": false}}))
    }

    /// Starts to answer signals as the real one does.
    fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let process = Arc::clone(&self.process);
        let session = self.session.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                let mut process = lock(&process);
                if signal == SIGTERM && process.ignores_sigterm {
                    continue;
                }
                let Some(tool) = process.tool else { end_by(signal, &session) };
                process.ended_by = Some(signal);
                // It may not lead its own session yet.
                let _ = kill_process_group(tool, Signal::KILL);
                let _ = kill_process(tool, Signal::KILL);
            }
        });
        Ok(())
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Text(text) => self.text(text),
            Step::Gate(gate) => self.text(&gate.block()),
            Step::Thinking(text) => {
                self.assistant(&json!({"type": "thinking", "thinking": text, "signature": "c3R1Yg=="}))
            }
            Step::SubAgentText(text) => self.say(json!({"type": "assistant", "message": {"id": "msg_sub",
                "content": [{"type": "text", "text": text}]}, "parent_tool_use_id": "toolu_sub"})),
            Step::Write { path, content } => {
                let id = self.tool_starts("Write", &json!({"file_path": path, "content": content}))?;
                let written =
                    path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
                let words = written.as_ref().map_or_else(io::Error::to_string, |()| {
                    format!("File created successfully at: {}", path.display())
                });
                self.tool_ends(&id, written.is_ok(), &words)
            }
            Step::Shell(command) => self.shell(command),
            Step::ApiRetry { status, error, attempt, max_retries } => self.say(json!({"type": "system",
                "subtype": "api_retry", "attempt": attempt, "max_retries": max_retries, "retry_delay_ms": 500,
                "error_status": status, "error": error})),
            Step::RateLimit { status, resets_at, utilization } => {
                let mut info =
                    json!({"status": status, "rateLimitType": "five_hour", "isUsingOverage": false});
                if let Some(resets_at) = resets_at {
                    info["resetsAt"] = json!(seconds(resets_at)?);
                }
                if let Some(utilization) = utilization {
                    info["utilization"] = json!(utilization);
                }
                self.say(json!({"type": "rate_limit_event", "rate_limit_info": info}))
            }
            Step::PermissionDenied { tool, input } => {
                let id = self.tool_starts(tool, input)?;
                self.denials.push(json!({"tool_name": tool, "tool_use_id": id, "tool_input": input}));
                self.tool_ends(
                    &id,
                    false,
                    &format!("Claude requested permissions to use {tool}, but you haven't granted it yet."),
                )
            }
            Step::Result(result) if result.stays => self.result(result),
            Step::Result(result) => self.end(result),
            Step::Line(line) => self.say(line.clone()),
            Step::Raw(text) => raw(text.as_bytes()),
            Step::Bytes(bytes) => raw(bytes),
            Step::Stderr(line) => writeln!(io::stderr(), "{line}"),
            Step::Flood { megabytes, tool_result } => flood(*megabytes, *tool_result),
            Step::Chatter { each_second, until } => self.chatter(*each_second, until),
            Step::Hang => hang(),
            Step::Background { pid_file, ignore_sigterm } => {
                let own = env::current_exe()?;
                let mut child = Command::new(&own);
                child.arg("--as-session").arg(&own).arg("--background").arg(pid_file);
                child.arg(ignore_sigterm.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
                child.stderr(Stdio::null()).spawn().map(drop)
            }
            Step::IgnoreSigterm => {
                lock(&self.process).ignores_sigterm = true;
                Ok(())
            }
            Step::Signal(number) => {
                let signal = Signal::from_named_raw(*number)
                    .ok_or_else(|| io::Error::other(format!("no such signal: {number}")))?;
                kill_process(rustix::process::getpid(), signal)?;
                hang()
            }
            Step::Exit(code) => exit(*code),
            Step::WaitFor(path) => {
                let end = Instant::now() + LONGEST;
                while !path.exists() {
                    if Instant::now() > end {
                        fail(&format!("fake-agent: {} did not come", path.display()));
                    }
                    thread::sleep(Duration::from_millis(5));
                }
                Ok(())
            }
            Step::Touch(path) => File::create(path).map(drop),
        }
    }

    fn shell(&mut self, command: &str) -> io::Result<()> {
        let id = self.tool_starts("Bash", &json!({"command": command, "description": "step"}))?;
        // A file, not a pipe: what the command leaves in the background may hold it open.
        let mut output = tempfile::tempfile()?;
        let mut child = {
            // A signal that comes now waits until it finds the tool.
            let mut process = lock(&self.process);
            let child = Command::new(env::current_exe()?)
                .args(["--as-session", "sh", "-c", command])
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output.try_clone()?)
                .spawn()?;
            process.tool = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            child
        };
        let status = child.wait()?;
        let ended_by = {
            let mut process = lock(&self.process);
            process.tool = None;
            process.ended_by
        };
        if let Some(signal) = ended_by {
            self.tool_ends(&id, false, "Exit code 137")?;
            end_by(signal, &self.session);
        }
        let mut text = Vec::new();
        output.rewind()?;
        output.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        if status.success() {
            return self.tool_ends(&id, true, text.trim_end());
        }
        let code = status.code().map_or_else(|| "137".to_owned(), |code| code.to_string());
        self.tool_ends(&id, false, &format!("Exit code {code}\n{}", text.trim_end()))
    }

    /// Prints the result and ends the process.
    fn end(&mut self, result: &RunResult) -> io::Result<()> {
        self.result(result)?;
        exit(i32::from(result.is_error()))
    }

    fn result(&mut self, result: &RunResult) -> io::Result<()> {
        let is_error = result.is_error();
        if result.error.is_some() || result.status.is_some() {
            self.say(json!({"type": "assistant", "message": {"id": "synthetic", "model": "<synthetic>",
                "role": "assistant", "content": [{"type": "text", "text": result.text}]}, "parent_tool_use_id": null,
                "error": result.error, "is_api_error_message": true, "api_error_status": result.status}))?;
        }
        let subtype = result.subtype.as_deref().unwrap_or("success");
        let usual_reason = match subtype {
            "error_max_turns" => "max_turns",
            "error_max_budget_usd" => "budget_exhausted",
            _ if is_error => "api_error",
            _ => "completed",
        };
        let model = json!({"inputTokens": result.input, "outputTokens": result.output,
            "cacheReadInputTokens": result.cache_read, "cacheCreationInputTokens": result.cache_write,
            "costUSD": result.cost});
        let mut line = json!({"duration_api_ms": 1, "stop_reason": result.stop_reason.as_deref().unwrap_or("end_turn"),
            "total_cost_usd": self.cost_before + result.cost,
            "usage": {"input_tokens": result.input, "output_tokens": result.output,
                "cache_read_input_tokens": result.cache_read, "cache_creation_input_tokens": result.cache_write},
            "permission_denials": self.denials, "is_error": is_error, "num_turns": self.said, "subtype": subtype,
            "terminal_reason": result.terminal_reason.as_deref().unwrap_or(usual_reason),
            "api_error_status": result.status, "type": "result", "result_index": 0});
        if subtype.starts_with("error") {
            line["errors"] = json!([result.text]);
        } else {
            let text = if result.text.is_empty() { &self.last_text } else { &result.text };
            line["result"] = json!(text);
        }
        if !result.total_only {
            line["model_usage_since_last_result"] = json!({self.model.as_str(): model});
        }
        if result.no_cost
            && let Some(line) = line.as_object_mut()
        {
            line.retain(|name, _| !name.contains("cost") && !name.to_lowercase().contains("model"));
        }
        self.say(line)
    }
}

/// Ends the process the way the real one ends by this signal.
fn end_by(signal: i32, session: &str) -> ! {
    if signal == SIGTERM {
        exit(143);
    }
    let mut out = io::stdout().lock();
    let interrupted = json!({"type": "user", "message": {"role": "user",
        "content": [{"type": "text", "text": "[Request interrupted by user]"}]}, "parent_tool_use_id": null,
        "session_id": session});
    let result = json!({"type": "result", "subtype": "error_during_execution", "is_error": true, "stop_reason": null,
        "session_id": session, "total_cost_usd": 0, "usage": {"input_tokens": 0, "output_tokens": 0},
        "permission_denials": [], "terminal_reason": "aborted_streaming",
        "errors": ["[ede_diagnostic] result_type=user last_content_type=n/a stop_reason=null"]});
    let _ = writeln!(out, "{interrupted}\n{result}");
    let _ = out.flush();
    exit(0)
}

fn seconds(resets_at: &ResetsAt) -> io::Result<i64> {
    match resets_at {
        ResetsAt::At(seconds) => Ok(*seconds),
        ResetsAt::Text(text) => {
            let later: u64 = text
                .strip_prefix("now+")
                .and_then(|seconds| seconds.parse().ok())
                .ok_or_else(|| io::Error::other(format!("write now+SECONDS, not {text}")))?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
            i64::try_from(now.as_secs() + later).map_err(io::Error::other)
        }
    }
}

fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints one line of so many megabytes, without ever holding it.
fn flood(megabytes: usize, tool_result: bool) -> io::Result<()> {
    let (start, end) = match tool_result {
        true => (
            "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\
             \"tool_use_id\":\"toolu_flood\",\"content\":\"",
            "\"}]}}",
        ),
        false => ("", ""),
    };
    let mut out = io::stdout().lock();
    out.write_all(start.as_bytes())?;
    let piece = [b'x'; 100_000];
    for _ in 0..megabytes * 10 {
        out.write_all(&piece)?;
    }
    writeln!(out, "{end}")?;
    out.flush()
}
