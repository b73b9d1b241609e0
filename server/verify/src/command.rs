//! The verifier that runs a command: guarded, in bounded time and memory.

use super::{VerifierExit, VerifierSpec, VerifyContext, answer::Checked, findings, output::Excerpt};
use alfine_process::{Confinement, GuardedCommand, GuardedOutput, ProcessError};
use std::{io::Read, thread};

/// How often a check is run again whose guard was killed.
const GUARD_TRIES: u32 = 2;

/// Runs a command by `sh -c` in the worktree's root.
pub(super) fn check(command: &str, spec: &VerifierSpec, context: &VerifyContext<'_>) -> Checked {
    let mut shell = GuardedCommand::new(context.guard, "sh", context.root, Confinement::None, context.marker);
    shell.args = vec!["-c".into(), command.into()];
    shell.env = context.env.to_vec();
    shell.grace = context.grace;
    shell.merge_stderr = true;
    let mut tries = GUARD_TRIES;
    let ran = loop {
        match run(shell.clone(), spec, context) {
            // Whoever killed the guard said nothing about what is checked.
            Err(ProcessError::GuardLost(_)) if tries > 0 && !context.cancel.is_cancelled() => {
                tries -= 1;
            }
            ran => break ran,
        }
    };
    match ran {
        Ok((exit, output)) => {
            let findings = findings::parse(&output, context.root);
            Checked { exit, output, findings }
        }
        Err(error) => Checked::not_run(error),
    }
}

fn run(
    shell: GuardedCommand,
    spec: &VerifierSpec,
    context: &VerifyContext<'_>,
) -> Result<(VerifierExit, String), ProcessError> {
    let guard = shell.guard.clone();
    let mut child = shell.spawn()?;
    let output = child.take_stdout();
    let reader = thread::Builder::new()
        .name("verifier".to_owned())
        .spawn(move || output.map(read).unwrap_or_default())
        .map_err(|source| ProcessError::Guard { guard, source })?;

    context.cancel.set_running(Some(child.ender()));
    let in_time = child.wait_timeout(spec.timeout);
    let timed_out = in_time.is_none();
    let ended = in_time.unwrap_or_else(|| {
        child.ender().end();
        child.wait()
    });
    context.cancel.set_running(None);
    // Nothing holds the output any more, so this ends.
    let output = reader.join().unwrap_or_default().into_text();

    let exit = match ended? {
        _ if context.cancel.is_cancelled() => VerifierExit::Interrupted,
        _ if timed_out => VerifierExit::TimedOut { after: spec.timeout },
        exit => match (exit.code, exit.signal) {
            (Some(code), _) => VerifierExit::Code { code },
            (None, signal) => VerifierExit::Signal { signal: signal.unwrap_or(0) },
        },
    };
    Ok((exit, output))
}

fn read(mut output: GuardedOutput) -> Excerpt {
    let mut excerpt = Excerpt::default();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = output.read(&mut buffer) {
        excerpt.push(buffer.get(..read).unwrap_or_default());
    }
    excerpt
}
