//! The verifier that runs a command: guarded, in bounded time and memory.

use super::{
    VerifierExit, VerifierSpec, VerifyContext,
    answer::Checked,
    findings,
    output::Excerpt,
    test_report::{self, Reading, TestReport},
};
use alfine_core::{
    nearest,
    plan::{is_of_bash, paths_of, program_of},
    shell,
};
use alfine_files::programs;
use alfine_process::{Confinement, GuardedCommand, GuardedOutput, ProcessError};
use std::{io::Read, os::unix::fs::PermissionsExt, path::Path, thread};

/// How often a check is run again whose guard was killed.
const GUARD_TRIES: u32 = 2;

/// Runs a command by `sh -c` in its folder.
pub(super) fn check(command: &str, spec: &VerifierSpec, context: &VerifyContext<'_>) -> Checked {
    let folder = context.root.join(&spec.folder);
    if !folder.is_dir() {
        return match spec.folder.is_empty() {
            // Nobody wrote where the root is.
            true => Checked::not_run(format!("{} is not there", folder.display())),
            false => Checked::unable(no_folder(context.root, &spec.folder)),
        };
    }
    let brings = brings_its_program(command, context, &folder);
    if let Some(program) =
        program_of(command).filter(|program| !brings && !is_there(program, context, &folder))
    {
        return Checked::unable(match is_of_bash(program) {
            true => format!("“{program}” is of bash, and `sh` runs this: write `bash -c '…'` around it"),
            false => format!("“{program}” is not on this machine"),
        });
    }
    let mut shell = GuardedCommand::new(context.guard, "sh", &folder, Confinement::None, context.marker);
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
        Ok((exit, Printed { output, tests })) => {
            let findings = findings::parse(&output, context.root, &spec.folder);
            let tests = test_report::of_command(tests, command, exit.passes());
            Checked {
                exit: if brings { exit } else { blamed(exit, command, &folder) },
                output,
                findings,
                tests,
            }
        }
        Err(error) => Checked::not_run(error),
    }
}

/// Says of a folder that a check is to run in that it is not there. Where checks run is the plan's to say.
fn no_folder(root: &Path, folder: &str) -> String {
    let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
    let beside = root.join(above).read_dir().into_iter().flatten().flatten();
    let folders = beside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = match nearest(name, names.iter().map(String::as_str)) {
        None => String::new(),
        Some(near) if above.is_empty() => format!("; there is “{near}”"),
        Some(near) => format!("; there is “{above}/{near}”"),
    };
    format!("there is no folder “{folder}” to run it in{near}")
}

/// Whether a program is on the `PATH` that commands have.
pub(super) fn is_there(program: &str, context: &VerifyContext<'_>, folder: &Path) -> bool {
    let path = context.env.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path);
    path.is_none_or(|path| programs::find(program, path, folder).is_some())
}

/// Whether a command puts a folder of the repository on its own `PATH` and calls what the machine does not have: the work may
/// be to make it.
fn brings_its_program(command: &str, context: &VerifyContext<'_>, folder: &Path) -> bool {
    let in_root = folder.strip_prefix(context.root).ok().and_then(Path::to_str).unwrap_or_default();
    let Ok(uses) = shell::uses(command, in_root) else { return false };
    let mut called = uses.deciding.iter().chain(&uses.observed).map(|used| used.program.as_str());
    !uses.on_path.is_empty()
        && called.any(|program| !program.contains('/') && !is_there(program, context, folder))
}

/// A shell's 126 and 127 are about a program that cannot run or is not there. That is no fault of the work, unless the
/// command names a file of the repository that the work may still bring or make executable.
fn blamed(exit: VerifierExit, command: &str, folder: &Path) -> VerifierExit {
    let (code, what) = match exit {
        VerifierExit::Code { code: code @ 126 } => (code, "is not allowed to run, or is no program"),
        VerifierExit::Code { code: code @ 127 } => (code, "is not on this machine"),
        other => return other,
    };
    let may_come = |path: &String| match folder.join(path).metadata() {
        Ok(found) => code == 126 && found.is_file() && found.permissions().mode() & 0o111 == 0,
        Err(_) => true,
    };
    if paths_of(command).iter().any(may_come) {
        return exit;
    }
    VerifierExit::Unable { reason: format!("exit status {code} says that a program it calls {what}") }
}

fn run(
    shell: GuardedCommand,
    spec: &VerifierSpec,
    context: &VerifyContext<'_>,
) -> Result<(VerifierExit, Printed), ProcessError> {
    let guard = shell.guard.clone();
    let mut child = shell.spawn()?;
    let output = child.take_stdout();
    let folder = context.root.join(&spec.folder);
    let reader = thread::Builder::new()
        .name("verifier".to_owned())
        .spawn(move || output.map(|output| read(output, &folder)).unwrap_or_default())
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
    let printed = reader.join().unwrap_or_default();

    let exit = match ended? {
        _ if context.cancel.is_cancelled() => VerifierExit::Interrupted,
        _ if timed_out => VerifierExit::TimedOut { after: spec.timeout },
        exit => match (exit.code, exit.signal) {
            (Some(code), _) => VerifierExit::Code { code },
            (None, signal) => VerifierExit::Signal { signal: signal.unwrap_or(0) },
        },
    };
    Ok((exit, printed))
}

/// What a command printed.
#[derive(Debug, Default)]
struct Printed {
    /// Its beginning and its end.
    output: String,
    /// What all of it says of tests.
    tests: Option<TestReport>,
}

fn read(mut output: GuardedOutput, folder: &Path) -> Printed {
    let mut excerpt = Excerpt::default();
    let mut tests = Reading::new(folder);
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = output.read(&mut buffer) {
        let printed = buffer.get(..read).unwrap_or_default();
        excerpt.push(printed);
        tests.push(printed);
    }
    Printed { output: excerpt.into_text(), tests: tests.into_report() }
}
