//! The archive of a plan that is over: what it was, what was done, what proves it, and the whole difference, in a folder of
//! its own in the user's working tree.
//!
//! Nothing is overwritten: each archive is a new folder. Its files are the user's to commit or not.

use crate::{
    Error, ErrorKind, Result,
    ends_of_diff::ends_of_diff,
    learnings,
    progress::{self, Entry},
    project::{PlanFile, Project},
    proof_report::ProofReport,
    surroundings,
    task_spec::TaskSpec,
};
use alfine_core::{reason::Reason, task::TaskStatus};
use alfine_files::plain_file::Folder;
use alfine_store::{LoopRow, Millis, OwnWriteRow};
use alfine_words::{self as words, ArchivedTask};
use jiff::{Timestamp, Zoned};
use std::{
    io::{self, Write},
    path::Path,
};

/// The folders on the way to the archives.
const FOLDERS: [&str; 2] = [".alfine", "archive"];
/// The files of an archive beside the plan.
const PROGRESS: &str = "progress.md";
const SUMMARY: &str = "summary.md";
const PATCH: &str = "final-diff.patch";
/// How long a patch gets, in bytes.
const LARGEST_PATCH: usize = 64 << 20;
/// How many archives one plan may have of one day.
const MOST_OF_A_DAY: u32 = 1000;

/// Archives a plan if it is over; what goes wrong is no reason to fail what was done before.
pub(crate) fn after(project: &mut Project, row: &LoopRow) -> Option<String> {
    when_over(project, row).unwrap_or_else(|error| {
        tracing::warn!("{} is over and not archived: {}", row.task.plan, error.message);
        None
    })
}

/// Archives a plan if it is over, and its last loop was begun with the wish for that. Returns the folder, from the root.
fn when_over(project: &mut Project, row: &LoopRow) -> Result<Option<String>> {
    if !TaskSpec::of(row)?.archive {
        return Ok(None);
    }
    let file = project.plan_named(&row.task.plan)?;
    for task in &file.plan.tasks {
        let known = project.store.task(&file.key(task))?;
        if !task.is_over() && known.is_none_or(|known| known.status != TaskStatus::Merged) {
            return Ok(None);
        }
    }
    archive(project, &file)
}

/// Archives what was worked on before of a plan that was written anew: none of its tasks was begun since. Returns the folder,
/// from the root.
pub(crate) fn previous(project: &mut Project, file: &PlanFile) -> Result<Option<String>> {
    let over = over_since_last(project, &file.name)?;
    let is_here = |row: &LoopRow| file.plan.tasks.iter().any(|task| file.key(task) == row.task);
    if over.iter().any(is_here) { Ok(None) } else { archive(project, file) }
}

/// The loops of a plan that ended since it was archived last, in their order; none if none of them was merged.
fn over_since_last(project: &Project, plan: &str) -> Result<Vec<LoopRow>> {
    let since = project.store.last_archive(plan)?.map_or(Millis(0), |last| last.made_at);
    let mut over = Vec::new();
    for task in project.store.tasks_of(plan)? {
        let loops = project.store.loops(&task.key)?;
        over.extend(loops.into_iter().filter(|row| row.ended_at.is_some_and(|ended| ended > since)));
    }
    over.sort_by_key(|row| row.ended_at);
    if over.iter().all(|row| row.status != TaskStatus::Merged) {
        over.clear();
    }
    Ok(over)
}

fn archive(project: &mut Project, file: &PlanFile) -> Result<Option<String>> {
    let plan = &file.name;
    let over = over_since_last(project, plan)?;
    if over.is_empty() {
        return Ok(None);
    }
    let day = Zoned::now().date().to_string();
    let name = Path::new(plan).file_name().map_or_else(|| "plan".into(), |name| name.to_string_lossy());
    let is_taken = [PROGRESS, SUMMARY, PATCH].contains(&&*name);
    let name = if is_taken { format!("plan-{name}") } else { name.into_owned() };
    let text = landed_text(project, &over, plan)?.unwrap_or_else(|| file.text.clone());
    let files = [
        (PROGRESS, progress_of(project, &over)?.into_bytes()),
        (SUMMARY, summary_of(project, &over, (plan, &day))?.into_bytes()),
        (&name, text.into_bytes()),
        (PATCH, patch_of(project, &over)),
    ];
    let root = project.repository.workdir().to_owned();
    let made = new_folder(&root, &format!("{day}-{}", alfine_git::plan_part(plan)));
    let (folder, at) = made.map_err(|error| failed(&FOLDERS.join("/"), &error))?;
    for (name, bytes) in files {
        let path = format!("{at}/{name}");
        // Written down first: what appears in the user's checkout is no agent's doing.
        let own = OwnWriteRow { file: Some(path.clone()), ..OwnWriteRow::default() };
        let own = project.store.write(|tx| tx.begin_own_write(&own))?;
        let written = folder.file_to_append(name).and_then(|mut file| file.write_all(&bytes));
        project.store.write(|tx| tx.end_own_write(own, None))?;
        written.map_err(|error| failed(&path, &error))?;
    }
    project.store.write(|tx| tx.put_archive(plan, &at))?;
    Ok(Some(at))
}

/// Makes a folder that was not there; a number is added to its name if that is taken. Returns it with its path from the root.
fn new_folder(root: &Path, name: &str) -> io::Result<(Folder, String)> {
    let archives = Folder::create(root, &FOLDERS)?;
    for n in 1..=MOST_OF_A_DAY {
        let name = if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
        match archives.new_folder(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((made?, format!("{}/{name}", FOLDERS.join("/")))),
        }
    }
    Err(io::Error::other("there are too many of one day"))
}

fn failed(path: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{path} cannot be written: {error}"))
        .hint("make `.alfine/archive` a folder that is writable; the work itself is merged")
}

/// The plan as the last of this work landed with it; `None` if it is not committed.
fn landed_text(project: &Project, over: &[LoopRow], plan: &str) -> Result<Option<String>> {
    let commit = over.iter().rev().find_map(|row| match &row.reason {
        Some(Reason::Merged { commit: Some(commit), .. }) => Some(commit),
        _ => None,
    });
    let Some(commit) = commit else { return Ok(None) };
    Ok(project.repository.objects()?.text_at(commit, Path::new(plan)).ok().flatten())
}

/// An entry for each iteration, as the log of its working tree had it, which is gone.
fn progress_of(project: &Project, over: &[LoopRow]) -> Result<String> {
    let mut entries = Vec::new();
    for row in over {
        let iterations = project.store.iterations(&row.id)?;
        let last = iterations.last().map(|last| last.n);
        for iteration in iterations {
            let Some(at) = iteration.ended_at.and_then(|at| Timestamp::from_millisecond(at.0).ok()) else {
                continue;
            };
            let said = iteration.gate.as_ref().and_then(|gate| gate.pointer("/gate/progress")?.as_str());
            let verdict = iteration.summary.unwrap_or_default();
            let changed = ends_of_diff(project, row, Some(iteration.n), None).and_then(|(from, to)| {
                Ok(project.repository.files_changed(&from, &to, &surroundings::own_files(row))?)
            });
            entries.push(Entry {
                at,
                task: row.task.to_string(),
                status: if Some(iteration.n) == last { row.status } else { TaskStatus::Running },
                iteration: iteration.n,
                files_changed: learnings::paths(changed.unwrap_or_default()),
                summary: format!("{}\n{verdict}", said.unwrap_or_default()).trim().to_owned(),
            });
        }
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(progress::log_of(&entries))
}

/// The tasks, what proves them, and what they cost.
fn summary_of(project: &Project, over: &[LoopRow], (plan, day): (&str, &str)) -> Result<String> {
    let mut tasks = Vec::new();
    for row in over {
        let proof = ProofReport::of(&project.store, row, &|_, _| false)?;
        tasks.push(ArchivedTask {
            key: row.task.to_string(),
            title: proof.title.clone(),
            status: row.status,
            reason: row.reason.as_ref().map(words::reason),
            iterations: row.summary.iteration,
            cost: words::cost(row.cost_usd, row.summary.cost_is_partial()),
            proof: (!proof.lines.is_empty()).then(|| proof.markdown()),
        });
    }
    let cost = over.iter().filter_map(|row| row.cost_usd).reduce(|sum, cost| sum + cost);
    let partial = over.iter().any(|row| row.summary.cost_is_partial());
    Ok(words::archive_summary(plan, day, words::cost(cost, partial).as_deref(), &tasks))
}

/// The changes of all merged tasks, one patch after the other in the order that they landed.
fn patch_of(project: &Project, over: &[LoopRow]) -> Vec<u8> {
    let mut patch = Vec::new();
    for row in over.iter().filter(|row| row.status == TaskStatus::Merged) {
        let room = LARGEST_PATCH.saturating_sub(patch.len());
        let diff = ends_of_diff(project, row, None, None).and_then(|(from, to)| {
            Ok(project.repository.diff(&from, &to, &surroundings::own_files(row), room)?)
        });
        // A line that is no part of a patch is passed over by who applies it.
        let note = match &diff {
            Ok(diff) if diff.cut => ", cut",
            Ok(_) => "",
            Err(_) => ", whose checkpoints are gone",
        };
        patch.extend_from_slice(
            format!("# {}{note}\n", words::text::line(&row.task.to_string(), 300)).as_bytes(),
        );
        patch.extend(diff.map(|diff| diff.patch).unwrap_or_default());
    }
    patch
}
