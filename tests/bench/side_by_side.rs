//! A plan of twelve tasks in a diamond of dependencies, run one task at a time and four at a time, by an agent that sleeps: how much
//! of the time is saved.
//!
//! `cargo bench --profile dist -p alfine-tests --bench side_by_side`. Five tasks stand one behind the other in the plan, so five
//! twelfths are the least that is possible.

use alfine_tests::sandbox::{Ran, Sandbox};
use std::{error::Error, fmt::Write as _, fs, io::Write as _, path::Path, time::Instant};

/// What each task waits for.
const DIAMOND: [&[usize]; 12] =
    [&[], &[1], &[1], &[1], &[1], &[2, 3], &[3, 4], &[4, 5], &[5, 2], &[6, 7], &[8, 9], &[10, 11]];
const SLEEPS: [u32; 2] = [2, 10];

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let binary = alfine_tests::sandbox::shipped_alfine()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "side_by_side: {} tasks, each merged on top of the last", DIAMOND.len())?;
    for seconds in SLEEPS {
        let [one, four] = ["1", "4"].map(|most| took(&binary, seconds, most));
        let (one, four) = (one?, four?);
        writeln!(
            out,
            "  an agent of {seconds} s: {one:.1} s one at a time, {four:.1} s four at a time; ratio {:.2} (aim: below 0.5)",
            four / one
        )?;
    }
    Ok(())
}

/// The seconds that the plan takes.
fn took(binary: &Path, seconds: u32, most: &str) -> Result<f64, Box<dyn Error>> {
    let mut plan = "# Plan\n".to_owned();
    for (at, waits_for) in DIAMOND.iter().enumerate() {
        let n = at + 1;
        write!(plan, "\n### T{n}: Write number {n}.\n\n")?;
        if !waits_for.is_empty() {
            let ids: Vec<String> = waits_for.iter().map(|n| format!("T{n}")).collect();
            writeln!(plan, "Depends on: {}\n", ids.join(", "))?;
        }
        writeln!(plan, "- [ ] It is there: `test -f {n}.txt`")?;
    }
    let sandbox = Sandbox::with_repository(&[("PLAN.md", &plan)]);
    let agent = sandbox.path().join("agent.sh");
    fs::write(
        &agent,
        format!(
            "#!/bin/sh\nn=$(sed -n 's/.*Write number \\([0-9]*\\)\\..*/\\1/p' | head -1)\nsleep {seconds}\necho $n > $n.txt\n\
             printf '<COMPLETION_GATE>\\nready: true\\nprogress: \"wrote it\"\\n</COMPLETION_GATE>\\n'\n"
        ),
    )?;
    sandbox.settings(&format!(
        "agent = \"command\"\non_done = \"merge\"\n[proof]\nunproven = \"take\"\n[agents.command]\ncommand = {:?}\n",
        format!("sh {}", agent.display())
    ));
    let begun = Instant::now();
    let ran = Ran::from(sandbox.command(binary).args(["run", "PLAN.md", "-j", most, "--trust"]).output()?);
    let took = begun.elapsed().as_secs_f64();
    for n in 1..=DIAMOND.len() {
        if !sandbox.repo().join(format!("{n}.txt")).exists() {
            return Err(format!("task {n} is not merged:\n{}\n{}", ran.stdout, ran.stderr).into());
        }
    }
    Ok(took)
}
