//! What the engine adds between one run of an agent and the next, on a repository of 10,000 files: the checkpoint after,
//! the judging, the checkpoint before, the prompt, the process. Beside it, `git status` of the same worktree: the least
//! that anything can take that looks at the whole tree.
//!
//! `cargo bench --profile dist -p alfine-tests --bench turnaround`. A real loop is run by the real binary; no time is judged, only the
//! ratio is printed.

use alfine_tests::sandbox::{Ran, Sandbox};
use serde_json::Value;
use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

const FOLDERS: usize = 100;
const FILES_EACH: usize = 100;
const ITERATIONS: usize = 20;

const PLAN: &str = "# Plan\n\n### T1: Change a file\n\nAcceptance criteria:\n- [ ] It is changed\n";

/// Changes one file and ends at once.
const AGENT: &str = "#!/bin/sh
cat > /dev/null
echo \"$$ and on\" >> folder-7/file-7.txt
printf '<COMPLETION_GATE>\\nready: false\\nreason: \"one line more\"\\n</COMPLETION_GATE>\\n'
";

fn main() -> Result<(), Box<dyn Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let binary = alfine_tests::sandbox::shipped_alfine()?;
    let sandbox = repository()?;
    let agent = sandbox.path().join("agent.sh");
    fs::write(&agent, AGENT)?;
    sandbox.settings(&format!(
        "agent = \"command\"\n[limits]\niterations = {ITERATIONS}\n[agents.command]\ncommand = {:?}\n",
        format!("sh {}", agent.display())
    ));

    let alfine = |arguments: &[&str]| -> Result<Ran, Box<dyn Error>> {
        Ok(Ran::from(sandbox.command(&binary).args(arguments).output()?))
    };
    let ran = alfine(&["run", "PLAN.md#T1", "--json"])?;
    let log = alfine(&["log", "PLAN.md#T1", "--json"])?;
    let worktree = PathBuf::from(ran.task()["worktree"].as_str().ok_or("no worktree")?);
    let status = git_status(&sandbox, &worktree)?;

    let events = log.json();
    let decided = gaps(&events, "agent_started");
    let begun = gaps(&events, "run_began");
    if begun.len() + 1 != ITERATIONS {
        return Err(format!("{} pauses of {ITERATIONS} iterations:\n{}", begun.len(), ran.stderr).into());
    }
    let (decided, begun, status) = (median(decided), median(begun), median(status));
    let mut out = std::io::stdout().lock();
    writeln!(out, "turnaround: {} files, {ITERATIONS} iterations, medians", FOLDERS * FILES_EACH)?;
    writeln!(out, "  agent ended -> next one decided (two checkpoints, judged): {decided:>6.1} ms")?;
    writeln!(out, "  agent ended -> next one runs (and prompt, process):        {begun:>6.1} ms")?;
    writeln!(out, "  git status --porcelain:                                    {status:>6.1} ms")?;
    writeln!(out, "  ratio {:.1} (aim: within 3)", begun / status)?;
    Ok(())
}

fn repository() -> Result<Sandbox, Box<dyn Error>> {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    sandbox.write("PLAN.md", PLAN);
    for folder in 0..FOLDERS {
        fs::create_dir(sandbox.repo().join(format!("folder-{folder}")))?;
        for file in 0..FILES_EACH {
            let mut text = String::new();
            for line in 0..20 {
                writeln!(text, "line {line} of file {file} in folder {folder}")?;
            }
            sandbox.write(&format!("folder-{folder}/file-{file}.txt"), &text);
        }
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    Ok(sandbox)
}

/// The milliseconds from each end of an agent to the next event of this kind.
fn gaps(events: &[Value], kind: &str) -> Vec<f64> {
    let mut ended = None;
    let mut gaps = Vec::new();
    for event in events {
        let at = event["at"].as_f64();
        if event["kind"] == "agent_ended" {
            ended = at;
        } else if event["kind"] == kind
            && let (Some(ended), Some(at)) = (ended.take(), at)
        {
            gaps.push(at - ended);
        }
    }
    gaps
}

/// The milliseconds that `git status` takes; the first one, which may write git's own cache, left out.
fn git_status(sandbox: &Sandbox, worktree: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..=ITERATIONS {
        let begun = Instant::now();
        let output = sandbox.command("git").args(["status", "--porcelain"]).current_dir(worktree).output()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    times.remove(0);
    Ok(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
