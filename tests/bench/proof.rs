//! What proofs cost, in runs of the repository's suite: a loop whose checks are compared beside one whose are not; the
//! next task from the same commit; the next one on top of what landed; ten loops at once on two benches.
//!
//! `cargo bench --profile dist -p alfine-tests --bench proof`. Real loops of the real binary; the suite does nothing but take its time, so
//! that a busy machine changes little.

use alfine_tests::sandbox::{Ran, Sandbox, shipped_alfine};
use serde_json::json;
use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

const SUITE: Duration = Duration::from_secs(3);
const SHORT_SUITE: Duration = Duration::from_millis(500);
const LOOPS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let alfine = shipped_alfine()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "one iteration, a suite of {SUITE:?}; the cost in runs of the suite")?;
    let plain = repository(2, SUITE, "control = \"off\"");
    let without = took(&alfine, &plain, 1)?;
    writeln!(out, "  not compared                       {without:>10.2?}")?;
    let proven = repository(3, SUITE, "control = \"auto\"");
    let mut row = |what: &str, task: usize, aim: f64| -> Result<(), Box<dyn Error>> {
        let took = took(&alfine, &proven, task)?;
        let more = (took.as_secs_f64() - without.as_secs_f64()) / SUITE.as_secs_f64();
        writeln!(out, "  {what:<34} {took:>10.2?}, {more:+.2} (aim: {aim})")?;
        Ok(())
    };
    row("compared", 1, 1.0)?;
    row("the next task of that commit", 2, 0.0)?;
    let merged = Ran::from(proven.command(&alfine).args(["merge", "PLAN.md#T1"]).output()?);
    if merged.code() != 0 {
        return Err(merged.stderr.into());
    }
    row("a task on top of what landed", 3, 0.0)?;

    let many = repository(LOOPS, SHORT_SUITE, "benches = 2");
    let begun = Instant::now();
    let times = thread::scope(|scope| {
        let loops: Vec<_> = (1..=LOOPS)
            .map(|n| {
                let (alfine, many) = (&alfine, &many);
                scope.spawn(move || took(alfine, many, n).map_err(|error| error.to_string()))
            })
            .collect();
        loops.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("it panicked".into()))).collect()
    });
    let times: Result<Vec<Duration>, String> = times;
    let (all, times) = (begun.elapsed(), times?);
    let [first, last] =
        [times.iter().min(), times.iter().max()].map(|time| time.copied().unwrap_or_default());
    // Each loop runs the suite once for its claim; the first one for the tree before.
    let least = SHORT_SUITE * u32::try_from(LOOPS + 1)? / 2;
    writeln!(out, "{LOOPS} loops at once on two benches, a suite of {SHORT_SUITE:?}")?;
    writeln!(out, "  all are done after {all:.2?}, the first after {first:.2?}, the last after {last:.2?}")?;
    writeln!(
        out,
        "  the suite alone takes {least:.2?} on two benches: ratio {:.1}",
        all.as_secs_f64() / least.as_secs_f64()
    )?;
    let benches = many.path().join("home/data/alfine/benches");
    let benches = fs::read_dir(benches)?.flatten().flat_map(|of| of.path().read_dir()).flatten().flatten();
    writeln!(out, "  benches made: {}", benches.filter(|item| item.path().is_dir()).count())?;
    Ok(())
}

fn repository(tasks: usize, suite: Duration, proof: &str) -> Sandbox {
    let mut plan = String::from("# Plan\n\n");
    let mut parts = Vec::new();
    for n in 1..=tasks {
        let _ = writeln!(plan, "### T{n}: Add part {n}\n\n- [ ] It is there: `test -f {n}.txt`\n");
        parts.push(json!({"prompt": format!("Add part {n}\n"), "runs": [[
            {"write": {"path": format!("{n}.txt"), "content": "1\n"}},
            {"gate": {"ready": true, "reason": "it is there"}},
        ]]}));
    }
    let settings = format!(
        "[proof]\n{proof}\n[[verifiers]]\nname = \"suite\"\ncommand = \"sleep {}\"\n",
        suite.as_secs_f64()
    );
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &plan), ("alfine.toml", &settings)]);
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox
}

fn took(alfine: &Path, sandbox: &Sandbox, task: usize) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let ran = Ran::from(
        sandbox.command(alfine).args(["run", &format!("PLAN.md#T{task}"), "--trust", "--json"]).output()?,
    );
    let took = begun.elapsed();
    if ran.code() != 0 || ran.task()["iteration"] != 1 {
        return Err(format!("T{task} is to be done in one iteration:\n{}\n{}", ran.stdout, ran.stderr).into());
    }
    Ok(took)
}
