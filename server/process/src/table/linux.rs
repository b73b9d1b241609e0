//! Reads `/proc`: start times are exact to the clock tick.

use super::{Process, ProcessIdentity, Table};
use std::{
    fs::{self, File},
    io::{self, Read},
};

/// No environment is larger than what `execve` takes: a quarter of the stack limit, 6 MiB at most.
const ENVIRONMENT_LIMIT: u64 = 6 << 20;

/// Lists all processes that can be seen.
pub(crate) fn all() -> io::Result<Table> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut table = Table { processes: Vec::new(), moved: false };
    for pid in pids {
        match one(pid) {
            Some(process) => table.processes.push(process),
            // The names were read at once, and what this one forked since is not among them.
            None => table.moved = true,
        }
    }
    Ok(table)
}

/// Finds the process that has this id now.
pub(crate) fn one(pid: u32) -> Option<Process> {
    parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Parses `pid (name) state ppid pgrp ... starttime ...`; the name may hold anything, parentheses too.
fn parse_stat(pid: u32, stat: &[u8]) -> Option<Process> {
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let mut fields = str::from_utf8(stat.get(after_name..)?).ok()?.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X" | "x");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    // `starttime` is field 22 of proc_pid_stat(5); fields 3 to 5 are consumed.
    let start_time = fields.nth(22 - 6)?.parse().ok()?;
    Some(Process { identity: ProcessIdentity { pid, start_time }, parent, group, ended })
}

/// Says whether the environment that this process was started with has this `NAME=value`; one that ends with `-` stands
/// for every value that begins so.
/// `None` where that is not known now: a process that is just becoming another program shows no environment at all.
pub(crate) fn has_variable(process: &Process, variable: &[u8]) -> Option<bool> {
    /// The parent of the kernel's own processes, which have no environment either.
    const KTHREADD: u32 = 2;
    let pid = process.identity.pid;
    let mut environment = Vec::new();
    let read = File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| file.take(ENVIRONMENT_LIMIT).read_to_end(&mut environment));
    match read {
        Ok(0) if process.parent != KTHREADD && pid != KTHREADD => None,
        Ok(_) => Some(environment.split(|&byte| byte == 0).any(|entry| super::is_variable(entry, variable))),
        // Another user's, or gone.
        Err(_) => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_line_breaks_does_not_shift_the_fields() {
        let stat = b"7 (a) R 1 (\n\xff)) S 42 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0 0";
        assert_eq!(
            parse_stat(7, stat),
            Some(Process {
                identity: ProcessIdentity { pid: 7, start_time: 98765 },
                parent: 42,
                group: 7,
                ended: false
            })
        );
    }

    #[test]
    fn what_is_cut_or_no_stat_at_all_is_no_process() {
        for stat in [&b""[..], b"7 (a", b"7 (a) S", b"7 (a) S 1 7 7 0 -1", b"7 (a) S x 7 7", b"\xff\xff)"] {
            assert_eq!(parse_stat(7, stat), None, "{stat:?}");
        }
    }

    #[test]
    fn of_a_process_without_an_environment_nothing_is_known() {
        let mut child = std::process::Command::new("sleep").arg("600").env_clear().spawn().unwrap();
        let process = one(child.id()).unwrap();
        assert_eq!(has_variable(&process, b"A=1"), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = one(std::process::id()).unwrap();
        assert!(all().unwrap().processes.contains(&me));
        assert_eq!(me.parent, std::os::unix::process::parent_id());
    }
}
