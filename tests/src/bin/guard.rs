//! Stands in for the `alfine` binary in tests of processes: plays its hidden parts, and the owner of a guarded program.

use alfine_process::{Confinement, GuardedCommand, hidden_subcommand};
use std::{env, io, io::Write, process::exit};

fn main() {
    if let Some(status) = hidden_subcommand(env::args_os().skip(1)) {
        exit(status);
    }
    if let Err(error) = own() {
        let _ = writeln!(io::stderr(), "{error}");
        exit(1);
    }
}

/// `owner MARKER SCRIPT`: runs the script under a guard, prints its pid and start time, and waits.
fn own() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(2);
    let (Some(marker), Some(script)) = (args.next(), args.next()) else {
        return Err("owner MARKER SCRIPT".into());
    };
    let mut command =
        GuardedCommand::new(env::current_exe()?, "sh", env::current_dir()?, Confinement::None, marker);
    command.args = vec!["-c".into(), script.into()];
    command.env = env::vars_os().collect();
    let mut child = command.spawn()?;
    let identity = child.identity();
    writeln!(io::stdout(), "{} {}", identity.pid, identity.start_time)?;
    child.wait()?;
    Ok(())
}
