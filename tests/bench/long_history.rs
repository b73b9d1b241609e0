//! How long commands and the language server take for a repository with much behind it, beside one with a tenth of that:
//! events of a loop, checkpoints of a repository, findings of a plan. What is shown of all of them takes ten times as
//! long, and no more; what is about one of them takes as long as ever.
//!
//! `cargo bench --profile dist -p alfine-tests --bench long_history`. Everything is made by real loops of the real binary; the best of
//! some runs is printed, since other work on the machine only adds.

use alfine_tests::{
    editor::Setup,
    sandbox::{Sandbox, shipped_alfine},
};
use serde_json::{Value, json};
use std::{
    error::Error,
    fmt::Write as _,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

const SAMPLES: usize = 5;
/// The hard limit of a loop.
const ITERATIONS: usize = 50;
/// The most that one check's output is taken for.
const FINDINGS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let alfine = shipped_alfine()?;
    let mut out = std::io::stdout().lock();

    let short = History { tasks: 1, iterations: ITERATIONS, lines: 200, findings: 0 };
    let repositories =
        [short.lived_by(&alfine)?, History { lines: 10 * short.lines, ..short }.lived_by(&alfine)?];
    let counts = repositories.each_ref().map(Repository::events);
    writeln!(out, "one loop of {} and of {} events, the best of {SAMPLES}", counts[0], counts[1])?;
    let events_grew = counts[1] as f64 / counts[0] as f64;
    for (arguments, aim) in [
        (&["log", "PLAN.md#T1"][..], events_grew),
        (&["log", "PLAN.md#T1", "--json"], events_grew),
        (&["status"], 1.0),
    ] {
        timed(&mut out, &repositories, &alfine, arguments, aim)?;
    }

    let short = History { tasks: 1, iterations: ITERATIONS, lines: 1, findings: 0 };
    let repositories = [short.lived_by(&alfine)?, History { tasks: 10, ..short }.lived_by(&alfine)?];
    let counts = repositories.each_ref().map(Repository::checkpoints);
    writeln!(out, "{} and {} checkpoints, the best of {SAMPLES}", counts[0], counts[1])?;
    let grew = counts[1] as f64 / counts[0] as f64;
    for (arguments, aim) in [
        (&["gc"][..], grew),
        (&["status"], grew),
        (&["rewind", "PLAN.md#T1", "25"], 1.0),
        (&["diff", "PLAN.md#T1"], 1.0),
    ] {
        timed(&mut out, &repositories, &alfine, arguments, aim)?;
    }

    let short = History { tasks: 5, iterations: 1, lines: 1, findings: FINDINGS };
    let repositories = [short.lived_by(&alfine)?, History { tasks: 50, ..short }.lived_by(&alfine)?];
    writeln!(out, "{} and {} findings, the best of {SAMPLES}", 5 * FINDINGS, 50 * FINDINGS)?;
    for arguments in [&["status"][..], &["status", "--json"]] {
        timed(&mut out, &repositories, &alfine, arguments, 10.0)?;
    }
    let times = repositories.each_ref().map(|of| of.opened(&alfine));
    row(&mut out, "an editor shows them", times.map(|(shown, _)| shown), 10.0)?;
    row(&mut out, "and its tree of tasks", times.map(|(_, tree)| tree), 10.0)?;
    Ok(())
}

fn timed(
    out: &mut impl std::io::Write,
    repositories: &[Repository; 2],
    alfine: &Path,
    arguments: &[&str],
    aim: f64,
) -> std::io::Result<()> {
    let best = |of: &Repository| of.sandbox.best_time(alfine, arguments, SAMPLES);
    let times = [best(&repositories[0])?, best(&repositories[1])?];
    row(out, &arguments.join(" "), times, aim)
}

fn row(out: &mut impl std::io::Write, what: &str, times: [Duration; 2], aim: f64) -> std::io::Result<()> {
    let [short, long] = times;
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    writeln!(out, "  {what:<26} {short:>10.2?} {long:>10.2?}, ratio {ratio:.1} (aim: {aim:.1})")
}

/// What a repository has behind it.
#[derive(Debug, Clone, Copy)]
struct History {
    tasks: usize,
    /// Of each task's loop.
    iterations: usize,
    /// What an agent says in an iteration.
    lines: usize,
    /// What the check of each task finds.
    findings: usize,
}

struct Repository {
    sandbox: Sandbox,
    history: History,
}

impl History {
    fn lived_by(self, alfine: &Path) -> Result<Repository, Box<dyn Error>> {
        let mut plan = String::from("# Plan\n\n");
        for n in 1..=self.tasks {
            let _ = writeln!(plan, "### T{n}: Add part {n}\n\n- [ ] It is there: `sh check.sh`\n");
        }
        let check = format!(
            "for n in $(seq {}); do echo \"code.py:$n:1: error: line $n is wrong\"; done; exit 1\n",
            self.findings
        );
        let mut sandbox = Sandbox::with_repository(&[
            ("PLAN.md", &plan),
            ("check.sh", &check),
            ("code.py", &"x\n".repeat(FINDINGS)),
        ]);
        let mut run: Vec<Value> =
            (0..self.lines).map(|line| json!({"text": format!("This is line {line}, and so on.")})).collect();
        run.push(json!({"shell": "echo $$ >> part.txt"}));
        run.push(json!({"gate": {"ready": self.findings > 0, "reason": "there may be more"}}));
        sandbox.fake_agent(&json!({"runs": [run]}));
        sandbox.settings(&format!(
            "[limits]\niterations = {0}\nrework = 50\nsame_error = 50\n",
            self.iterations
        ));
        for n in 1..=self.tasks {
            let key = format!("PLAN.md#T{n}");
            let ended = sandbox.command(alfine).args(["run", &key, "--trust"]).output()?;
            let task = sandbox.task(&key);
            if task["status"] != "stopped" || task["iteration"] != self.iterations {
                return Err(format!(
                    "{key} was to have {} iterations: {}",
                    self.iterations,
                    String::from_utf8_lossy(&ended.stdout)
                )
                .into());
            }
        }
        Ok(Repository { sandbox, history: self })
    }
}

impl Repository {
    fn count(&self, question: &str) -> i64 {
        self.sandbox.database().query_row(question, [], |row| row.get(0)).unwrap_or_default()
    }

    fn events(&self) -> i64 {
        self.count("SELECT count(*) FROM event")
    }

    fn checkpoints(&self) -> i64 {
        self.sandbox.git(&["for-each-ref", "refs/alfine"]).lines().count() as i64
    }

    /// How long an editor waits for all findings, and for the list of tasks after that.
    fn opened(&self, alfine: &Path) -> (Duration, Duration) {
        let all = self.history.tasks * self.history.findings;
        let samples = (0..SAMPLES).map(|_| {
            let begun = Instant::now();
            let mut editor =
                Setup::default().with_tasks().open_on(&self.sandbox, self.sandbox.command(alfine).arg("lsp"));
            editor.open_file("code.py");
            editor.until("all findings", |editor| (editor.published("code.py").len() == all).then_some(()));
            let shown = begun.elapsed();
            let begun = Instant::now();
            let _tasks = editor.ask("alfine/tasks", json!({}));
            (shown, begun.elapsed())
        });
        let samples: Vec<_> = samples.collect();
        let best =
            |of: fn(&(Duration, Duration)) -> Duration| samples.iter().map(of).min().unwrap_or_default();
        (best(|of| of.0), best(|of| of.1))
    }
}
