//! How long the language server takes to be there and to answer, beside another one that is known to be quick: `ruff
//! server`, of a version that `tests/run --bench lsp` fetches. Both are asked over their standard streams in the same run,
//! in turns; only ratios are printed beside the times.
//!
//! `cargo bench --profile dist -p alfine-tests --bench lsp`. A plan of 1,000 tasks here, a Python file of as many functions there; ruff has
//! no lenses, so its code actions stand beside our lenses. Then the same plan with four loops whose agents say 10,000 lines a
//! second: aims are 5 ms at p95 and 40 MB at the peak.

use alfine_tests::{
    editor::{Editor, Setup, range_of_line},
    sandbox::{PATIENCE, Sandbox, wait_until},
};
use serde_json::{Value, json};
use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const TASKS: usize = 1000;
const STARTS: usize = 10;
const SAMPLES: usize = 200;
const LOOPS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let alfine = alfine_tests::sandbox::shipped_alfine()?;
    let ruff = on_path("ruff");
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &plan()), ("code.py", &python())]);
    let over = sandbox.path().join("over");
    sandbox.fake_agent(&json!({"runs": [
        [{"chatter": {"each_second": 10_000, "until": over}}, {"gate": {"ready": false, "reason": "more"}}]
    ]}));
    sandbox.settings("[limits]\niterations = 1\n");

    let mut out = std::io::stdout().lock();
    writeln!(out, "language servers: {TASKS} tasks, {TASKS} functions; medians")?;
    let mut ours = Timed::of(&sandbox, &[alfine.as_os_str().to_str().ok_or("a path")?, "lsp"], "PLAN.md");
    let mut theirs = match &ruff {
        Some(ruff) => Some(Timed::of(&sandbox, &[ruff.to_str().ok_or("a path")?, "server"], "code.py")),
        None => {
            writeln!(out, "  ruff is not on PATH: `tests/run --bench lsp` fetches it")?;
            None
        }
    };
    for _ in 0..SAMPLES {
        ours.ask_all();
        if let Some(theirs) = &mut theirs {
            theirs.ask_all();
        }
    }
    let other = |of: fn(&Timed) -> &Vec<f64>| theirs.as_ref().map(|theirs| median(of(theirs)));
    row(&mut out, "initialize, and the first answer", median(&ours.start), other(|it| &it.start))?;
    row(&mut out, "lenses (ruff: code actions)", median(&ours.lens), other(|it| &it.lens))?;
    row(&mut out, "actions", median(&ours.action), other(|it| &it.action))?;
    row(&mut out, "hover", median(&ours.hover), other(|it| &it.hover))?;
    row(&mut out, "a command", median(&ours.command), other(|it| &it.command))?;
    row(&mut out, "gone once its client is (aim: 500)", median(&ours.leave), other(|it| &it.leave))?;

    let quiet = [p95(&ours.lens), p95(&ours.hover), p95(&ours.action)];
    let uri = ours.editor.uri("PLAN.md");
    let mut second = Setup::default().with_tasks().open_on(&sandbox, sandbox.command(&alfine).arg("lsp"));
    let mut shown = Vec::new();
    for n in 1..=LOOPS {
        let key = format!("PLAN.md#US-{n:04}");
        let start = json!({"uri": uri, "task": key});
        ours.editor.execute("alfine.start", start).map_err(|error| error.to_string())?;
        let begun = Instant::now();
        second.until("the second server shows it", |second| {
            let told = second.tasks_changed.iter().filter_map(|told| told["tasks"].as_array()).flatten();
            told.into_iter().any(|task| task["task"] == *key && task["status"] == "running").then_some(())
        });
        shown.push(milliseconds(begun.elapsed()));
    }
    drop(second);
    row(&mut out, "a second server shows it (aim: 200)", median(&shown), None)?;
    ours.editor.until("all agents talk", |_| (sandbox.agent_runs().len() == LOOPS).then_some(()));
    ours.forget();
    for _ in 0..SAMPLES {
        ours.ask_all();
    }
    let peak = peak_kib(ours.editor.process())?;
    fs::write(&over, "")?;
    writeln!(out, "with {LOOPS} loops of 10,000 lines a second each, p95 (aim: 5 ms)")?;
    for (what, times, quiet) in [
        ("lenses", &ours.lens, quiet[0]),
        ("hover", &ours.hover, quiet[1]),
        ("actions", &ours.action, quiet[2]),
    ] {
        writeln!(out, "  {what:<34} {:>8.2} ms, and {quiet:.2} ms without loops", p95(times))?;
    }
    writeln!(out, "  peak memory (aim: 40 MB)           {:>8.1} MB", peak as f64 / 1024.0)?;
    for n in 1..=LOOPS {
        let key = format!("PLAN.md#US-{n:04}");
        wait_until(PATIENCE, "its loop rests", || sandbox.task(&key)["status"] == "stopped");
    }
    Ok(())
}

fn plan() -> String {
    let mut text = String::from("# Plan\n\n");
    for n in 1..=TASKS {
        let _ = write!(
            text,
            "### US-{n:04}: Add part {n}\n\nAcceptance criteria:\n- [ ] There is a part {n}\n\n\n\n"
        );
    }
    text
}

fn python() -> String {
    let mut text = String::from("import os\n\n");
    for n in 1..=TASKS {
        let _ = write!(
            text,
            "def part_{n}(x):\n    # TODO: there is a part {n}\n    y = {n}\n    return x\n\n\n\n"
        );
    }
    text
}

/// A server that is asked again and again, with the milliseconds that each answer took.
struct Timed {
    editor: Editor,
    document: &'static str,
    asked: usize,
    start: Vec<f64>,
    leave: Vec<f64>,
    lens: Vec<f64>,
    action: Vec<f64>,
    hover: Vec<f64>,
    command: Vec<f64>,
}

impl Timed {
    fn of(sandbox: &Sandbox, line: &[&str], document: &'static str) -> Self {
        let open = || {
            let mut command = sandbox.command(line[0]);
            command.args(&line[1..]);
            let mut editor = Setup::default().open_on(sandbox, &mut command);
            editor.open_file(document);
            // The first answer to a question that both know.
            let line = json!({"textDocument": {"uri": editor.uri(document)}, "position": {"line": 2, "character": 6}});
            let _told = editor.ask("textDocument/hover", line);
            editor
        };
        let (mut start, mut leave) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let begun = Instant::now();
            let mut editor = open();
            start.push(milliseconds(begun.elapsed()));
            let begun = Instant::now();
            editor.client().close_input();
            editor.drain();
            let _code = editor.client().end();
            leave.push(milliseconds(begun.elapsed()));
        }
        let none = Vec::new;
        Self {
            editor: open(),
            document,
            asked: 0,
            start,
            leave,
            lens: none(),
            action: none(),
            hover: none(),
            command: none(),
        }
    }

    fn forget(&mut self) {
        for times in [&mut self.lens, &mut self.action, &mut self.hover, &mut self.command] {
            times.clear();
        }
    }

    fn ask_all(&mut self) {
        self.asked += 1;
        let is_plan = self.document == "PLAN.md";
        let line = 2 + 7 * (self.asked * 37 % TASKS) as u64;
        let document = json!({"uri": self.editor.uri(self.document)});
        let range = range_of_line(line);
        let context = json!({"diagnostics": []});
        let action = json!({"textDocument": document, "range": range, "context": context});
        let lens = if is_plan {
            self.time("textDocument/codeLens", json!({"textDocument": document}))
        } else {
            self.time("textDocument/codeAction", action.clone())
        };
        let action = self.time("textDocument/codeAction", action);
        let position = json!({"line": line, "character": 6});
        let hover = self.time("textDocument/hover", json!({"textDocument": document, "position": position}));
        // What each does without changing anything: a refusal here, the server's own description there.
        let (command, argument) = if is_plan {
            ("alfine.pause", json!({"task": format!("PLAN.md#US-{TASKS:04}")}))
        } else {
            ("ruff.printDebugInformation", json!({"textDocument": document}))
        };
        let command = json!({"command": command, "arguments": [argument]});
        let command = self.time("workspace/executeCommand", command);
        self.lens.push(lens);
        self.action.push(action);
        self.hover.push(hover);
        self.command.push(command);
    }

    fn time(&mut self, method: &str, params: Value) -> f64 {
        let begun = Instant::now();
        let _answered = self.editor.ask(method, params);
        milliseconds(begun.elapsed())
    }
}

fn row(out: &mut impl std::io::Write, what: &str, ours: f64, theirs: Option<f64>) -> std::io::Result<()> {
    match theirs {
        Some(theirs) => {
            writeln!(out, "  {what:<34} {ours:>8.2} ms, ruff {theirs:>8.2} ms, ratio {:.2}", ours / theirs)
        }
        None => writeln!(out, "  {what:<34} {ours:>8.2} ms"),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| Path::is_file(path))
}

fn peak_kib(process: u32) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn sorted(times: &[f64]) -> Vec<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times
}

fn median(times: &[f64]) -> f64 {
    sorted(times).get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn p95(times: &[f64]) -> f64 {
    sorted(times).get(times.len() * 95 / 100).copied().unwrap_or(f64::NAN)
}
