//! Ends processes until none is left: politely first, and again and again, since they fork while they are ended.

use super::{
    ProcessError, ProcessIdentity,
    table::{self, Process, Table},
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    collections::{HashMap, HashSet},
    io,
    time::{Duration, Instant},
};

/// The environment variable that every process of a guarded run inherits; its value is the run's marker.
pub const MARKER_VARIABLE: &str = "ALFINE_RUN";

/// How long after the grace period SIGKILL is repeated before the rest counts as unkillable (another user's, or stuck
/// in the kernel).
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing found is doubted, while processes come and go or become other programs. Forking and becoming another
/// program take a millisecond; a loaded machine gets time.
const DOUBT: Duration = Duration::from_millis(500);

/// How long to wait before looking again while processes still have time to end themselves.
const POLITE_PAUSE: Duration = Duration::from_millis(200);

/// How long to wait before looking again once SIGKILL was sent.
const KILL_PAUSE: Duration = Duration::from_millis(10);

/// Which processes are to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    /// The descendants of this process, which itself may be spared.
    pub(super) root: Option<ProcessIdentity>,
    /// Everything with this marker in its environment.
    pub(super) marker: Option<String>,
}

/// One hunt for the processes of a target. The caller and its ancestors are never among them.
#[derive(Debug)]
pub(super) struct Sweep {
    root: Option<ProcessIdentity>,
    variable: Option<Vec<u8>>,
    began: Instant,
    grace: Duration,
    seen: HashSet<ProcessIdentity>,
    asked: HashSet<ProcessIdentity>,
    /// Whether the last look may have missed one.
    unsure: bool,
}

impl Sweep {
    /// Begins now, with SIGTERM; SIGKILL follows after `grace`.
    pub(super) fn new(target: Target, grace: Duration) -> Self {
        let variable =
            target.marker.map(|marker| [MARKER_VARIABLE.as_bytes(), b"=", marker.as_bytes()].concat());
        Self {
            root: target.root,
            variable,
            began: Instant::now(),
            grace,
            seen: HashSet::new(),
            asked: HashSet::new(),
            unsure: false,
        }
    }

    /// Signals what is left and returns it; empty means that nothing was alive any more.
    pub(super) fn pass(&mut self) -> io::Result<Vec<ProcessIdentity>> {
        let Table { processes, moved } = table::all()?;
        self.unsure = moved;
        let left = self.select(&processes, std::process::id());
        let kill = self.began.elapsed() >= self.grace;
        for process in &left {
            let identity = process.identity;
            if kill {
                send(identity, Signal::KILL);
            } else if self.asked.insert(identity) {
                // Only once: many programs take a second SIGTERM as an order to give up their cleanup.
                send(identity, Signal::TERM);
                // A stopped process handles SIGTERM only once it is continued.
                send(identity, Signal::CONT);
            }
        }
        if kill {
            kill_groups(&processes, &left);
        }
        Ok(left.into_iter().map(|process| process.identity).collect())
    }

    /// How long to wait at most before the next pass.
    pub(super) fn pause(&self) -> Duration {
        match self.grace.saturating_sub(self.began.elapsed()) {
            Duration::ZERO => KILL_PAUSE,
            rest => rest.min(POLITE_PAUSE),
        }
    }

    /// Says whether SIGKILL had its time too.
    pub(super) fn is_hopeless(&self) -> bool {
        self.began.elapsed() >= self.grace.saturating_add(PATIENCE)
    }

    /// How many processes were found so far, ended ones included.
    pub(super) fn found(&self) -> usize {
        self.seen.len()
    }

    /// Chooses the target's live processes. A process that was chosen once stays chosen, even if the parent that it was
    /// found by is gone.
    fn select(&mut self, processes: &[Process], caller: u32) -> Vec<Process> {
        let by_pid: HashMap<u32, &Process> = processes.iter().map(|p| (p.identity.pid, p)).collect();
        let spared = ancestry(&by_pid, caller);
        let root = self.root.and_then(|root| by_pid.get(&root.pid).filter(|p| p.identity == root).copied());
        // If the root itself is spared, it is the caller or an ancestor, and so is much of its group.
        let group = root.filter(|root| !spared.contains(&root.identity.pid)).map(|root| root.identity.pid);

        let mut children: HashMap<u32, Vec<&Process>> = HashMap::new();
        let mut open: Vec<&Process> = root.into_iter().collect();
        for process in processes {
            children.entry(process.parent).or_default().push(process);
            let pid = process.identity.pid;
            if spared.contains(&pid) || process.ended {
                continue;
            }
            let chosen = self.seen.contains(&process.identity) || group == Some(process.group);
            let marked = match &self.variable {
                Some(variable) if !chosen => table::has_variable(process, variable),
                _ => Some(false),
            };
            self.unsure |= marked.is_none();
            if chosen || marked == Some(true) {
                open.push(process);
            }
        }

        let mut reached = HashSet::new();
        let mut left = Vec::new();
        while let Some(process) = open.pop() {
            let pid = process.identity.pid;
            if !reached.insert(pid) {
                continue;
            }
            open.extend(children.get(&pid).into_iter().flatten());
            if !spared.contains(&pid) && !process.ended {
                left.push(*process);
            }
        }
        self.seen.extend(left.iter().map(|process| process.identity));
        left
    }
}

/// Finds a process and all its ancestors.
fn ancestry(by_pid: &HashMap<u32, &Process>, pid: u32) -> HashSet<u32> {
    let mut line = HashSet::from([pid]);
    let mut next = by_pid.get(&pid).map(|process| process.parent);
    while let Some(parent) = next.filter(|&parent| line.insert(parent)) {
        next = by_pid.get(&parent).map(|process| process.parent);
    }
    line
}

/// Kills the groups that consist of chosen processes only. That is atomic, so a program that forks and exits faster
/// than one can look does not get away.
fn kill_groups(processes: &[Process], chosen: &[Process]) {
    let chosen_pids: HashSet<u32> = chosen.iter().map(|process| process.identity.pid).collect();
    let mut groups: HashSet<u32> = chosen.iter().map(|process| process.group).collect();
    for process in processes.iter().filter(|process| !chosen_pids.contains(&process.identity.pid)) {
        if !process.ended {
            groups.remove(&process.group);
        }
    }
    for group in groups.into_iter().filter_map(to_pid) {
        // An error means that the group is gone or not ours; the next pass shows which.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// A pid that can be signalled: neither 0 (the caller's own group) nor 1.
fn to_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().filter(|&pid| pid > 1).and_then(Pid::from_raw)
}

/// Signals exactly this process. Does nothing if it is gone or not ours.
#[cfg(target_os = "linux")]
fn send(identity: ProcessIdentity, signal: Signal) {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(pid) = to_pid(identity.pid) else { return };
    let pidfd = pidfd_open(pid, PidfdFlags::empty());
    // The descriptor names one process for good. Checked only now, a pid that was reused in between is not signalled.
    if !super::is_alive(&identity) {
        return;
    }
    let _ = match pidfd {
        Ok(pidfd) => pidfd_send_signal(pidfd, signal),
        // Kernels before 5.3, and sandboxes, have no pidfd.
        Err(_) => kill_process(pid, signal),
    };
}

/// Signals this process. Does nothing if it is gone or not ours.
#[cfg(not(target_os = "linux"))]
fn send(identity: ProcessIdentity, signal: Signal) {
    if let Some(pid) = to_pid(identity.pid)
        && super::is_alive(&identity)
    {
        let _ = kill_process(pid, signal);
    }
}

/// Ends what is left of a run whose guard can no longer do it, and returns how many processes that were.
///
/// These are `known` with its descendants and its process group, if `known` is still that very process, and every
/// process with the marker in its environment. A marker that ends with `-` stands for every marker that begins with it.
/// SIGTERM comes first, SIGKILL after `grace`. The caller and its ancestors are never touched.
pub fn end_leftovers(
    marker: &str,
    known: Option<ProcessIdentity>,
    grace: Duration,
) -> Result<usize, ProcessError> {
    // An empty marker must not match every process.
    let target = Target { root: known, marker: Some(marker.to_owned()).filter(|marker| !marker.is_empty()) };
    let mut sweep = Sweep::new(target, grace);
    let mut nothing_since = None;
    loop {
        let left = sweep.pass().map_err(ProcessError::Table)?;
        if left.is_empty() {
            let since = *nothing_since.get_or_insert_with(Instant::now);
            if !sweep.unsure || since.elapsed() >= DOUBT {
                return Ok(sweep.found());
            }
            wait_for_one(&[], KILL_PAUSE);
            continue;
        }
        nothing_since = None;
        if sweep.is_hopeless() {
            let program = format!("run {marker}");
            return Err(ProcessError::Unkillable { program, count: left.len() });
        }
        wait_for_one(&left, sweep.pause());
    }
}

/// Waits until one of these ended, or `limit` passed: the survivors may have forked meanwhile.
#[cfg(target_os = "linux")]
fn wait_for_one(processes: &[ProcessIdentity], limit: Duration) {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        process::{PidfdFlags, pidfd_open},
    };
    /// Enough to be woken early, and far below any limit of open files.
    const WATCHED: usize = 64;
    let pidfds: Vec<_> = processes
        .iter()
        .take(WATCHED)
        .filter_map(|process| pidfd_open(to_pid(process.pid)?, PidfdFlags::empty()).ok())
        .collect();
    let mut polled: Vec<_> = pidfds.iter().map(|pidfd| PollFd::new(pidfd, PollFlags::IN)).collect();
    let _ = poll(&mut polled, limit.try_into().ok().as_ref());
}

/// Waits for `limit`: this system has no event for the end of a process that is not a child.
#[cfg(not(target_os = "linux"))]
fn wait_for_one(_: &[ProcessIdentity], limit: Duration) {
    std::thread::sleep(limit.min(KILL_PAUSE));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: u32 = 50;

    fn process(pid: u32, parent: u32, group: u32) -> Process {
        let identity = ProcessIdentity { pid, start_time: u64::from(pid) * 10 };
        Process { identity, parent, group, ended: false }
    }

    fn sweep_of(root: ProcessIdentity) -> Sweep {
        Sweep::new(Target { root: Some(root), marker: None }, Duration::ZERO)
    }

    fn pids(processes: &[Process]) -> Vec<u32> {
        let mut pids: Vec<u32> = processes.iter().map(|process| process.identity.pid).collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn a_root_its_descendants_and_its_group_are_chosen_and_nothing_else() {
        let table = [
            process(1, 0, 1),
            process(CALLER, 1, CALLER),
            process(60, 1, 60),
            process(61, 60, 61),
            process(62, 61, 62),
            process(63, 1, 60),
            process(70, 1, 70),
        ];
        let mut sweep = sweep_of(table[2].identity);
        assert_eq!(pids(&sweep.select(&table, CALLER)), [60, 61, 62, 63]);
    }

    #[test]
    fn a_pid_with_another_start_time_is_not_touched() {
        let table = [process(CALLER, 1, CALLER), process(60, 1, 60), process(61, 60, 60)];
        let mut sweep = sweep_of(ProcessIdentity { pid: 60, start_time: 1 });
        assert!(sweep.select(&table, CALLER).is_empty());
    }

    #[test]
    fn the_caller_and_its_ancestors_are_spared_even_below_the_root() {
        let table =
            [process(30, 1, 30), process(40, 30, 30), process(CALLER, 40, 30), process(60, CALLER, 30)];
        let mut sweep = sweep_of(table[0].identity);
        assert_eq!(pids(&sweep.select(&table, CALLER)), [60]);
    }

    #[test]
    fn an_orphan_stays_chosen_when_the_parent_it_was_found_by_is_gone() {
        let before = [process(CALLER, 1, CALLER), process(60, 1, 60), process(61, 60, 61)];
        let after = [process(CALLER, 1, CALLER), process(61, 1, 61)];
        let mut sweep = sweep_of(before[1].identity);
        assert_eq!(pids(&sweep.select(&before, CALLER)), [60, 61]);
        assert_eq!(pids(&sweep.select(&after, CALLER)), [61]);
    }

    #[test]
    fn a_zombie_is_not_chosen_but_its_children_are() {
        let table =
            [process(CALLER, 1, CALLER), Process { ended: true, ..process(60, 1, 60) }, process(61, 60, 61)];
        let mut sweep = sweep_of(table[1].identity);
        assert_eq!(pids(&sweep.select(&table, CALLER)), [61]);
    }

    #[test]
    fn a_table_whose_parents_go_in_circles_ends() {
        let table = [process(60, 61, 60), process(61, 60, 60), process(CALLER, 60, CALLER)];
        let mut sweep = sweep_of(table[0].identity);
        assert!(sweep.select(&table, CALLER).is_empty());
    }
}
