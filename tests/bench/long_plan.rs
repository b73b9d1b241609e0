//! How long commands take for a plan of 1,000 tasks, and for one of 10,000: ten times as long, and no more.
//!
//! `cargo bench --profile dist -p alfine-tests --bench long_plan`. The real binary is run; the best of some runs is printed, since other
//! work on the machine only adds.

use alfine_tests::sandbox::{Sandbox, shipped_alfine};
use std::{error::Error, fmt::Write as _, io::Write as _};

const SIZES: [usize; 2] = [1_000, 10_000];
const COMMANDS: [&[&str]; 3] = [&["status"], &["status", "--json"], &["lint", "PLAN.md"]];
const SAMPLES: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let alfine = shipped_alfine()?;
    let sandboxes = SIZES.map(|tasks| Sandbox::with_repository(&[("PLAN.md", &plan(tasks))]));
    let mut out = std::io::stdout().lock();
    writeln!(out, "long plans: {} and {} tasks, the best of {SAMPLES}", SIZES[0], SIZES[1])?;
    for arguments in COMMANDS {
        let [short, long] =
            [&sandboxes[0], &sandboxes[1]].map(|sandbox| sandbox.best_time(&alfine, arguments, SAMPLES));
        let (short, long) = (short?, long?);
        let ratio = long.as_secs_f64() / short.as_secs_f64();
        writeln!(
            out,
            "  {:<16} {short:>10.2?} {long:>10.2?}, ratio {ratio:.1} (aim: 10)",
            arguments.join(" ")
        )?;
    }
    Ok(())
}

/// A plan whose tasks wait for each other, by their ids and by their titles.
fn plan(tasks: usize) -> String {
    let mut text = String::from("# Plan\n\n");
    for n in 1..=tasks {
        let _ = writeln!(text, "### US-{n:05}: Add part {n}");
        if n % 2 == 0 {
            let _ = writeln!(text, "Depends on: US-{:05}", n - 1);
        } else if n > 1 {
            let _ = writeln!(text, "Depends on: Add part {}", n - 1);
        }
        let _ = writeln!(text, "\nAcceptance criteria:\n- [ ] There is a part {n}\n");
    }
    text
}
