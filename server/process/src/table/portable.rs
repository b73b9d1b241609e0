//! The table of processes by way of `sysinfo`: start times are exact to the second.

#![cfg_attr(target_os = "linux", allow(dead_code, reason = "compiled for its tests"))]

use super::{Process, ProcessIdentity, Table};
use std::{io, os::unix::ffi::OsStrExt};
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

/// Lists all processes that can be seen.
pub(crate) fn all() -> io::Result<Table> {
    let mut system = System::new().map_err(io::Error::other)?;
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind());
    Ok(Table { processes: system.processes().values().map(row).collect(), moved: false })
}

/// Finds the process that has this id now.
pub(crate) fn one(pid: u32) -> Option<Process> {
    let pid = sysinfo::Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind());
    system.process(pid).map(row)
}

/// Says whether the environment that this process was started with has this `NAME=value`; one that ends with `-` stands
/// for every value that begins so. `None` where that is not known now.
pub(crate) fn has_variable(process: &Process, variable: &[u8]) -> Option<bool> {
    let pid = sysinfo::Pid::from_u32(process.identity.pid);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        kind().with_environ(UpdateKind::Always),
    );
    let environment = system.process(pid).map(sysinfo::Process::environ).unwrap_or_default();
    Some(environment.iter().any(|entry| super::is_variable(entry.as_bytes(), variable)))
}

fn kind() -> ProcessRefreshKind {
    ProcessRefreshKind::nothing().without_tasks()
}

fn row(process: &sysinfo::Process) -> Process {
    let pid = process.pid().as_u32();
    Process {
        identity: ProcessIdentity { pid, start_time: process.start_time() },
        parent: process.parent().map_or(0, sysinfo::Pid::as_u32),
        group: group(pid),
        ended: matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead),
    }
}

/// Finds a process's group; 0 if it has none, as the kernel's own processes do. (rustix treats a group as never 0.)
#[allow(unsafe_code, reason = "no safe interface allows for the group 0")]
fn group(pid: u32) -> u32 {
    // SAFETY: getpgid(2) takes any number and touches no memory of ours.
    let group = i32::try_from(pid).map(|pid| unsafe { libc::getpgid(pid) });
    group.ok().and_then(|group| u32::try_from(group).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_the_table() {
        let me = one(std::process::id()).unwrap();
        assert_eq!(me.parent, std::os::unix::process::parent_id());
        assert!(!me.ended);
        assert!(all().unwrap().processes.contains(&me));
    }

    #[test]
    fn a_variable_is_found_by_name_and_value() {
        let path = [b"PATH=", std::env::var_os("PATH").unwrap().as_bytes()].concat();
        let me = one(std::process::id()).unwrap();
        assert_eq!(has_variable(&me, &path), Some(true));
        assert_eq!(has_variable(&me, b"PATH="), Some(false));
    }
}
