//! What a user does with a loop's work: merge it, throw it away, set it back, begin again from it.

pub use crate::ends_of_diff::ends_of_diff;

use crate::{
    Error, ErrorKind, Result, archive,
    built_on::{self, LandsToo},
    control,
    ends_of_diff::checkpoint_after,
    landing,
    landing::{Care, Turn},
    learnings, loops,
    mend::Text,
    project::{PlanFile, Project},
    proof_report::{self, ProofReport},
    start,
    start_options::RunOptions,
    surroundings,
    task_spec::TaskSpec,
    worktree::next_checkpoint,
};
use alfine_config::OnDone;
use alfine_core::{
    hint::Hint,
    identity::{self, Written},
    landing::{Landing, ProvenLanding},
    machine::Command,
    plan::{self, Criterion, Isolation, Plan, Task},
    printable::printable_paths,
    reason::{Reason, Unticked},
    task::{TaskKey, TaskStatus},
    text::TextEdit,
};
use alfine_files::{
    plain_file::{self, LARGEST_TEXT},
    programs::with_usual_folders,
};
use alfine_git::{
    ChangeKind, CheckpointSpec, Commit, GitError, Merged, RewindSpec, Surroundings, TextChange,
    WorkingCopies, WorkingCopy,
};
use alfine_store::{CheckpointKind, CheckpointNew, LoopId, LoopLock, LoopRow, OwnWriteRow};
use std::path::{Path, PathBuf};

/// A merge that was made.
#[derive(Debug, Clone)]
pub struct MergedTask {
    /// The branch it went into.
    pub into: String,
    /// What git merged.
    pub merged: Merged,
    /// Whether the task is ticked in the plan as the target has it committed.
    pub committed_tick: bool,
    /// The plan's file in this working tree, if the task was ticked there.
    pub ticked: Option<PathBuf>,
    /// The plan's files that were left to somebody else to tick the task in.
    pub left: Vec<PathBuf>,
    /// Why the task is ticked nowhere; `None` if it is, or is left to somebody else.
    pub unticked: Option<Unticked>,
    /// How the task is known again in a plan's text.
    pub known_by: KnownBy,
    /// Where the plan is now, from the root, if the work moved it.
    pub plan_moved: Option<String>,
    /// The folder that the plan was archived in, from the root, if it is over now and that is wanted.
    pub archived: Option<String>,
}

/// How a task is known again in a text of its plan.
#[derive(Debug, Clone)]
pub struct KnownBy {
    written: Written,
    outline: Vec<Written>,
    /// The criteria that its work was checked for; nothing says of any other one that it is met.
    criteria: Vec<String>,
}

impl KnownBy {
    /// Of a task that has a row.
    pub(crate) fn of(project: &Project, key: &TaskKey, spec: &TaskSpec) -> Result<Self> {
        let row = project.store.task(key)?;
        let written = row.map(|row| row.written()).ok_or_else(|| {
            Error::new(ErrorKind::Store, format!("{key} is not in the database")).hint(Hint::ListTasks)
        })?;
        let criteria = spec.task.criteria.iter().map(|criterion| criterion.text.clone()).collect();
        Ok(Self { written, outline: project.store.outline(&key.plan)?, criteria })
    }

    /// The open criteria of a task that came into the plan after its work was checked.
    fn later<'p>(&self, task: &'p Task) -> Vec<&'p Criterion> {
        let is_known = |criterion: &Criterion| self.criteria.contains(&criterion.text);
        task.criteria.iter().filter(|criterion| !criterion.checked && !is_known(criterion)).collect()
    }

    /// The edits that tick a task in a text of its plan: all that its work was checked for.
    pub fn edits(&self, plan: &Plan, text: &str, task: &Task) -> Vec<TextEdit> {
        let later = self.later(task);
        let mut edits = plan.tick(text, task);
        if !later.is_empty() {
            let within = |criterion: &Criterion, edit: &TextEdit| {
                (criterion.span.start..criterion.span.end).contains(&edit.span.start)
            };
            // With a criterion that nobody checked the task itself is not done either.
            edits.retain(|edit| {
                task.criteria.iter().any(|criterion| within(criterion, edit))
                    && !later.iter().any(|criterion| within(criterion, edit))
            });
        }
        edits
    }

    /// The task in a plan; `None` if the plan has another one in its place, or none.
    pub fn find<'p>(&self, plan: &'p Plan) -> Option<&'p Task> {
        identity::find(plan, &self.outline, &self.written)
    }
}

/// Merges a done task into the branch it was based on, or another one, and ticks it in its plan.
///
/// If the plan is committed, the commit that lands has the tick. The plan's working copy keeps what the user wrote in
/// it in the meantime, and is ticked as well. `into` is the branch to merge into; if it is `None`, the branch that the task
/// was based on. `tick` are the working copies of the plan that are ticked, too. Nothing is merged over a file of which an
/// editor holds more than lies on the disk. Unmerged work of others that the task was built on lands only `with_others`.
pub(crate) fn merge(
    project: &mut Project,
    key: &TaskKey,
    into: Option<&str>,
    tick: WorkingCopies<'_>,
    is_unsaved: &dyn Fn(&Path) -> bool,
    with_others: bool,
) -> Result<MergedTask> {
    let row = loop_for(project, key)?;
    if row.status == TaskStatus::Merged {
        return Err(Error::user(format!("{key} is merged already")));
    }
    if row.status != TaskStatus::Done {
        let branch = format!("its branch is {}", row.branch.as_deref().unwrap_or("your own"));
        return Err(Error::user(format!("{key} is not done; it is {}", row.status))
            .hint(Hint::AnyOf(vec![Hint::Continue { task: key.clone() }, Hint::Advice(branch)])));
    }
    let Some(branch) = row.branch.clone() else {
        return Err(Error::user(format!("{key} ran in your own tree: there is nothing to merge"))
            .hint("commit what you want to keep, with git"));
    };
    let Some(into) = into.map(str::to_owned).or_else(|| row.base_branch.clone()) else {
        return Err(Error::user(format!(
            "{key} was based on a detached HEAD, so it is not known where to merge it"
        ))
        .hint(Hint::MergeInto { task: key.clone() }));
    };
    let spec = TaskSpec::of(&row)?;
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    leave(project, &row);
    bring_back(project, &row, &spec, &branch)?;
    if !with_others {
        let with = built_on::lands_too(project, &row, &into)?;
        if !with.is_empty() {
            return Err(built_on::would_land(key, &with));
        }
    }
    let trailer = format!("{}: {key}", alfine_git::TASK_TRAILER);
    let proof = proof_report::trailer(&project.store, &row)?;
    let proof = proof.map_or_else(String::new, |(name, value)| format!("\n{name}: {value}"));
    let message = format!("{}\n\n{trailer}{proof}", spec.subject());
    let merge = landing::merge_spec(project, &row, (&branch, &into), message)?;
    let known_by = KnownBy::of(project, key, &spec)?;
    let moved = moved_plan(project, &row, &known_by)?;
    let apply = |text: &str| ticked(text, key, &known_by);
    let subject = alfine_git::subject_of("chore", &key.id.0, &format!("Tick it in {}", key.plan));
    let mut tick = TextChange {
        path: Path::new(moved.as_ref().unwrap_or(&key.plan)),
        instead_of: moved.as_ref().map(|_| Path::new(&key.plan)),
        message: &format!("{subject}\n\n{trailer}"),
        apply: &apply,
        working_copies: tick,
    };
    refuse_uncommitted(project, &row)?;
    // Written down first: what a landing changes in the user's checkout is no agent's doing.
    let own = OwnWriteRow {
        reference: Some(format!("refs/heads/{into}")),
        from_id: project.repository.branch_commit(&into)?,
        file: Some(key.plan.clone()),
        ..OwnWriteRow::default()
    };
    let own = project.store.write(|tx| tx.begin_own_write(&own))?;
    let mut merged = project.repository.merge(&merge, Some(&tick), is_unsaved);
    let is_plan = |file: &PathBuf| *file == Path::new(&key.plan);
    if let (Some(moved), Err(GitError::InTheWay { files, .. } | GitError::Unsaved { files, .. })) =
        (&moved, &merged)
        && files.iter().any(is_plan)
    {
        // The user is writing the plan: it stays where it is.
        (tick.path, tick.instead_of) = (Path::new(&key.plan), Some(Path::new(moved)));
        merged = project.repository.merge(&merge, Some(&tick), is_unsaved);
    }
    if merged.is_err() {
        project.store.write(|tx| tx.drop_own_write(own))?;
    }
    let merged = merged.map_err(|error| {
        let hint = match &error {
            GitError::Conflicts { .. } => {
                Hint::ResolveConflicts { task: key.clone(), branch: branch.clone(), into: into.clone() }
            }
            GitError::NoTarget { .. } => Hint::MergeInto { task: key.clone() },
            _ => return error.into(),
        };
        Error::from(error).hint(hint)
    })?;
    let reason = Reason::Merged { into: into.clone(), commit: Some(merged.commit.clone()) };
    project.store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Merged, Some(&reason), true))?;
    let (ticked, left) = tick_here(project, &into, &merged, &tick);
    project.store.write(|tx| tx.end_own_write(own, Some(&merged.commit)))?;
    let unticked = later_criteria(project, key, &known_by).or_else(|| match &ticked {
        None if left.is_empty() => {
            // Of what landed it is ticked; the plan as it lies here may have it no more.
            let is_gone = |why: &Unticked| merged.checked_out && matches!(why, Unticked::NoSuchTask { .. });
            Some(why_unticked(project, key, &known_by)).filter(|why| !merged.changed || is_gone(why))
        }
        _ => None,
    });
    let there = |plan: &str| project.repository.workdir().join(plan).symlink_metadata().is_ok();
    let plan_moved = moved.filter(|moved| there(moved) && !there(&key.plan));
    if let Some(moved) = &plan_moved {
        project.store.write(|tx| tx.move_plan(&key.plan, moved))?;
    }
    // It may go by another key now.
    let landed = project.store.loop_(&row.id)?.unwrap_or_else(|| row.clone());
    if let Err(error) = learnings::learn_of_work(project, &landed) {
        tracing::warn!("which files were changed is not learned: {}", error.message);
    }
    // The work is merged. If the worktree cannot be removed now, it can be later, so that is no reason to fail.
    if let Err(error) = remove_place(project, &row, &branch) {
        tracing::warn!("{}", error.message);
    }
    // On the branch of its run a plan is not over yet.
    let run = project.store.last_plan_run(&landed.task.plan)?;
    let archived = match run.as_ref().and_then(RunOptions::branch_of) == Some(into.clone()) {
        true => None,
        false => archive::after(project, &landed),
    };
    let committed_tick = merged.changed;
    Ok(MergedTask { into, committed_tick, merged, ticked, left, unticked, known_by, plan_moved, archived })
}

/// Looks at the repository from its main working tree where the user is in the worktree that is about to go.
fn leave(project: &mut Project, row: &LoopRow) {
    let is_here = row.worktree.as_deref().is_some_and(|path| Path::new(path) == project.repository.workdir());
    if row.isolation == Isolation::Worktree
        && is_here
        && let Some(main) = project.repository.main()
    {
        project.repository = main;
    }
}

/// Makes the branch and the worktree of a task that is done again, if both were removed by hand: its last checkpoint is
/// what its checks saw.
fn bring_back(project: &Project, row: &LoopRow, spec: &TaskSpec, branch: &str) -> Result<()> {
    let (repository, path) = (&project.repository, worktree_of(project, row)?);
    let last = project.store.last_checkpoint(&row.id)?;
    let Some(last) = last.filter(|_| !path.is_dir()) else { return Ok(()) };
    if repository.branch_commit(branch)?.is_some() {
        return Ok(());
    }
    repository.restore_worktree(&path, branch, &repository.checkpoint_at(&last.reference)?)?;
    let commit = Commit {
        branch: Some(branch),
        subject: spec.subject(),
        body: String::new(),
        trailers: vec![(alfine_git::TASK_TRAILER.to_owned(), row.task.to_string())],
        surroundings: &surroundings_of(project, row),
    };
    repository.commit_all(&path, &commit)?;
    Ok(())
}

/// The unmerged work of others that would land with a task. What refuses the merge itself is said there.
pub(crate) fn lands_too(project: &Project, key: &TaskKey, into: Option<&str>) -> Result<Vec<LandsToo>> {
    let row = loop_for(project, key)?;
    match into.or(row.base_branch.as_deref()) {
        Some(into) if row.status == TaskStatus::Done => built_on::lands_too(project, &row, into),
        _ => Ok(Vec::new()),
    }
}

/// Where the work moved the plan that it is of, from the root: its file is gone from the worktree, and a new one there has
/// its tasks. A copy is no move, and a plan that the work removed stays: it is the user's.
fn moved_plan(project: &Project, row: &LoopRow, known_by: &KnownBy) -> Result<Option<String>> {
    let worktree = worktree_of(project, row)?;
    let is_gone = worktree.is_dir() && worktree.join(&row.task.plan).symlink_metadata().is_err();
    let (Some(branch), Some(base)) = (&row.branch, row.base_commit.as_ref().filter(|_| is_gone)) else {
        return Ok(None);
    };
    let Some(tip) = project.repository.branch_commit(branch)? else { return Ok(None) };
    let new = project.repository.diff(base, &tip, &[], 0)?.files.into_iter().filter_map(|file| {
        let is_new = matches!(file.kind, ChangeKind::Added | ChangeKind::Renamed { .. });
        file.path.to_str().filter(|_| is_new).map(str::to_owned)
    });
    let is_it = |path: &String| {
        let bytes = plain_file::open_unlinked(&worktree.join(path));
        let text = bytes.and_then(|file| plain_file::rest(&file, LARGEST_TEXT)).ok();
        let text = text.and_then(|text| String::from_utf8(text).ok());
        text.is_some_and(|text| known_by.find(&plan::read(path, &text)).is_some())
    };
    let found: Vec<String> = new.filter(is_it).collect();
    Ok(<[String; 1]>::try_from(found).ok().map(|[moved]| moved))
}

/// The criteria of a merged task that came into its plan after its work was checked, if there are any.
fn later_criteria(project: &Project, key: &TaskKey, known_by: &KnownBy) -> Option<Unticked> {
    let file = project.plan_named(&key.plan).ok()?;
    let later = known_by.later(known_by.find(&file.plan)?);
    let criteria = later.iter().map(|criterion| criterion.text.clone()).collect();
    (!later.is_empty()).then_some(Unticked::Later { criteria })
}

/// Why a merged task was ticked nowhere, of what its plan is here.
fn why_unticked(project: &Project, key: &TaskKey, known_by: &KnownBy) -> Unticked {
    let Ok(file) = project.plan_named(&key.plan) else { return Unticked::NoPlan };
    match known_by.find(&file.plan) {
        None => Unticked::NoSuchTask { title: known_by.written.title.clone() },
        Some(task) if task.is_over() => Unticked::Elsewhere,
        Some(task) if file.has_open_box(task) => Unticked::Elsewhere,
        Some(_) => Unticked::NoBox,
    }
}

/// Why a merged task stands in its plan here as not done; `None` if it does not, or has no box.
pub(crate) fn unticked(project: &Project, key: &TaskKey, known_by: &KnownBy) -> Option<Unticked> {
    let is_ticked = |file: &PlanFile| {
        known_by.find(&file.plan).is_some_and(|task| task.is_over() || !file.has_open_box(task))
    };
    later_criteria(project, key, known_by).or_else(|| match project.plan_named(&key.plan) {
        Ok(file) if is_ticked(&file) => None,
        Ok(_) | Err(_) => Some(why_unticked(project, key, known_by)),
    })
}

/// Refuses to merge a task while its worktree has uncommitted changes: no check saw them, and they would be lost.
pub(crate) fn refuse_uncommitted(project: &Project, row: &LoopRow) -> Result<()> {
    let path = worktree_of(project, row)?;
    if !path.is_dir() {
        return Ok(());
    }
    let files = project.repository.uncommitted(&path, &surroundings_of(project, row))?;
    if files.is_empty() {
        return Ok(());
    }
    Err(Error::user(format!(
        "{} was changed in its worktree after it was done, and no check saw that: {}",
        row.task,
        printable_paths(&files)
    ))
    .hint(format!("commit it there with git, or take it back there: {}", path.display())))
}

/// Throws a task's worktree and branch away. Its checkpoints are kept.
pub(crate) fn discard(project: &mut Project, key: &TaskKey) -> Result<()> {
    let row = loop_for(project, key)?;
    if matches!(row.status, TaskStatus::Merged | TaskStatus::Discarded) {
        return Err(Error::user(format!("{key} is {} already", row.status)));
    }
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    leave(project, &row);
    if let Some(branch) = &row.branch {
        remove_place(project, &row, branch)?;
    }
    project.store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Discarded, None, true))?;
    Ok(())
}

/// Sets a loop's working tree back to what it was after an iteration; 0 is before the first.
pub(crate) fn rewind(
    project: &mut Project,
    key: &TaskKey,
    iteration: u32,
    text: &Text,
    program: PathBuf,
) -> Result<()> {
    let mut row = paused_loop(project, key)?;
    let to = checkpoint_after(project, &row, iteration)?;
    if row.status == TaskStatus::Interrupted {
        // What its dead runner was at is over.
        let lock = LoopLock::acquire(&project.layout, &row.id)?;
        control::apply(project, key, lock, &Command::pause_now(), program.clone())?;
        row = loops::live_loop(project, key)?;
    }
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    let to = project.repository.checkpoint_at(&to.reference)?;
    let (worktree, surroundings) = (worktree_of(project, &row)?, surroundings_of(project, &row));
    let before = format!("{key} before it was set back to iteration {iteration}");
    let present = keep(project, &row, &lock, iteration, before)?;
    project
        .repository
        .rewind(&worktree, &RewindSpec { to: &to, present: &present, surroundings: &surroundings })?;
    // A lost worktree is created from the last checkpoint, so the rewind needs one of its own.
    let after = format!("{key} set back to iteration {iteration}");
    keep(project, &row, &lock, iteration, after)?;
    text.take(project, &lock, &row)?;
    control::apply(project, key, lock, &Command::Rewound { iteration }, program)
}

/// Takes the checkpoint before something that the user ordered.
fn keep(
    project: &mut Project,
    row: &LoopRow,
    lock: &LoopLock,
    iteration: u32,
    message: String,
) -> Result<alfine_git::Checkpoint> {
    let key = &row.task;
    let recorded = project.store.last_checkpoint(lock.loop_id())?.map_or(0, |last| last.n);
    let n = project.repository.last_checkpoint(&key.plan, &key.id.0)?.max(recorded) + 1;
    let ref_name = alfine_git::checkpoint_ref(&key.plan, &key.id.0, n);
    let surroundings = surroundings_of(project, row);
    let spec = CheckpointSpec { ref_name, message, surroundings: &surroundings, unless_still: None };
    let kept = project.repository.checkpoint(&worktree_of(project, row)?, &spec)?;
    let new = CheckpointNew {
        n,
        iteration: Some(iteration),
        kind: CheckpointKind::User,
        commit_id: &kept.commit,
        tree: &kept.tree,
        head: kept.head.as_deref(),
        reference: &kept.ref_name,
    };
    project.store.write(|tx| tx.add_checkpoint(lock, &new))?;
    Ok(kept)
}

/// Ends a loop and begins another loop of the same task, from what the tree was after an iteration. Does not run it
/// yet.
pub(crate) fn fork(project: &mut Project, key: &TaskKey, iteration: u32, text: &Text) -> Result<LoopLock> {
    let row = paused_loop(project, key)?;
    if row.isolation == Isolation::InPlace {
        return Err(Error::user(format!("{key} runs in your own tree: there is only one of it"))
            .hint(Hint::Rewind { task: key.clone(), iteration }));
    }
    let from = checkpoint_after(project, &row, iteration)?;
    let file = project.plan_named(&key.plan)?;
    let spec = TaskSpec { prepared: false, brought: Vec::new(), ..text.spec.clone() };
    let stand = project.repository.preflight(spec.isolation)?;
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    // The new loop's worktree has the same path, so the old worktree goes, after a last checkpoint of it.
    if let Some(branch) = &row.branch {
        remove_place(project, &row, branch)?;
    }
    project
        .store
        .write(|tx| tx.set_loop_status(&lock, TaskStatus::Discarded, Some(&Reason::Forked), true))?;
    let fork = start::Fork { of: row.clone(), reference: from.reference };
    let begun = start::begin_loop(project, &file, &spec, stand, false, Some(&fork), None);
    if begun.is_err() {
        // The old loop still exists, and its worktree can be created again from its last checkpoint.
        project.store.write(|tx| tx.set_loop_status(&lock, row.status, row.reason.as_ref(), false))?;
    }
    begun
}

/// How finished work gets onto a branch.
pub(crate) enum Way {
    /// It is merged now. Until that is made no other landing on the branch goes on; `None` if there is nothing to land.
    Now(Option<Turn>),
    /// Its runner sees to it first: others land there, or its checks have not seen what would lie there.
    First(Landing),
}

/// Finds out how a task that is done lands. `turn` is that of its runner, if this has it. A conflict is a matter for the
/// runner only where it is `unattended`.
pub(crate) fn way_of(
    project: &Project,
    key: &TaskKey,
    into: Option<&str>,
    (with_others, unattended): (bool, bool),
    turn: Option<Turn>,
) -> Result<Way> {
    let Some(row) = loops::loop_of(&project.store, key)? else { return Ok(Way::Now(turn)) };
    let (Some(branch), Some(into)) = (row.branch.as_deref(), into.or(row.base_branch.as_deref())) else {
        return Ok(Way::Now(turn));
    };
    if row.status != TaskStatus::Done {
        return Ok(Way::Now(turn));
    }
    let landing = Landing { into: into.to_owned(), with_others, unattended };
    let turn = match turn {
        Some(turn) => turn,
        None => match Turn::at_once(&project.layout, into)? {
            Some(turn) => turn,
            None => return Ok(Way::First(landing)),
        },
    };
    match stand_of(project, &row, (branch, into))? {
        Stand::Unseen => {
            refuse_uncommitted(project, &row)?;
            Ok(Way::First(landing))
        }
        Stand::Conflicts if unattended => Ok(Way::First(landing)),
        Stand::Seen | Stand::Conflicts => Ok(Way::Now(Some(turn))),
    }
}

/// How work stands to what it makes of a branch.
enum Stand {
    /// Its checks have seen that, or none decides. What is not there at all is said by the merge.
    Seen,
    /// They have not.
    Unseen,
    /// It makes nothing of the branch.
    Conflicts,
}

fn stand_of(project: &Project, row: &LoopRow, (branch, into): (&str, &str)) -> Result<Stand> {
    let spec = landing::merge_spec(project, row, (branch, into), String::new())?;
    Ok(match (project.repository.merged_tree(&spec, &[Path::new(&row.task.plan)]), &spec.proven) {
        (Ok(Some(tree)), Some(proven)) if !project.repository.is_same_tree(&tree, proven)? => Stand::Unseen,
        (Err(GitError::Conflicts { .. }), _) => Stand::Conflicts,
        (Ok(_) | Err(_), _) => Stand::Seen,
    })
}

/// Merges the unmerged work of others that a task was built on, under its own name; what its checks have not seen on the branch
/// as it is comes back: it lands with the task, whose checks have.
pub(crate) fn merge_others<'o>(
    project: &mut Project,
    with: &'o [LandsToo],
    into: Option<&str>,
    tick: WorkingCopies<'_>,
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<Vec<&'o LandsToo>> {
    let mut later = Vec::new();
    for one in with.iter().filter(|one| one.can_go_first) {
        let row = loop_for(project, &one.task)?;
        let is_seen = match (row.branch.as_deref(), into.or(row.base_branch.as_deref())) {
            (Some(branch), Some(into)) => matches!(stand_of(project, &row, (branch, into))?, Stand::Seen),
            _ => true,
        };
        if is_seen {
            merge(project, &one.task, into, tick, is_unsaved, true)?;
        } else {
            later.push(one);
        }
    }
    Ok(later)
}

/// Tells the loop of a task that is done that its work is to land. The lock is the right to run it.
pub(crate) fn begin_landing(project: &mut Project, key: &TaskKey, landing: Landing) -> Result<LoopLock> {
    let row = loops::live_loop(project, key)?;
    let lock = LoopLock::acquire(&project.layout, &row.id)?;
    control::leave(project, key, &Command::Land(landing))?;
    Ok(lock)
}

/// Notes down whether the finished work of a loop was tried to be merged: then nobody tries again unasked.
pub(crate) fn note_tried(project: &mut Project, id: &LoopId, tried: bool) -> Result<()> {
    let Some(row) = project.store.loop_(id)? else { return Ok(()) };
    let mut spec = TaskSpec::of(&row)?;
    if spec.landing_tried == tried {
        return Ok(());
    }
    let lock = LoopLock::acquire(&project.layout, id)?;
    spec.landing_tried = tried;
    spec.save(&mut project.store, &lock)
}

/// The landing that a loop's finished work still has before it, since its runner died before that; `None` if there is none, or
/// if work of others would land with it.
pub(crate) fn landing_left(project: &Project, row: &LoopRow) -> Result<Option<Landing>> {
    let spec = TaskSpec::of(row)?;
    let is_due = row.status == TaskStatus::Done
        && spec.on_done == OnDone::Merge
        && !spec.landing_tried
        && loops::state_of(row)?.not_landed.is_none();
    let Some(into) = row.base_branch.clone().filter(|_| is_due && row.branch.is_some()) else {
        return Ok(None);
    };
    let is_cared_for =
        loops::is_running(&project.layout, &row.id)? || Care::is_taken(&project.layout, &row.id)?;
    if is_cared_for || !built_on::lands_too(project, row, &into)?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Landing { into, with_others: false, unattended: true }))
}

/// What is done with work as soon as it is done.
pub(crate) enum WhenDone {
    /// Nothing: the user decides.
    Nothing,
    /// Something that is over now, in words.
    Did(String),
    /// Its checks run first on what it makes of a branch that has moved.
    Lands(Landing),
}

/// Does what the user or the settings want with a task that is done. `tick` are the working copies of its plan that may be
/// changed; `turn` is what its runner has of the landings on the branch.
pub(crate) fn when_done(
    project: &mut Project,
    key: &TaskKey,
    tick: WorkingCopies<'_>,
    turn: Option<Turn>,
) -> Result<WhenDone> {
    let row = loop_for(project, key)?;
    let state = loops::state_of(&row)?;
    let on_done = TaskSpec::of(&row)?.on_done;
    let (into, with_others, unattended) = match (state.landing, state.not_landed, on_done) {
        (Some(ProvenLanding { landing, .. }), ..) => {
            (Some(landing.into), landing.with_others, landing.unattended)
        }
        (None, None, _) if let Some(landing) = state.lands_when_done => {
            (Some(landing.into), landing.with_others, landing.unattended)
        }
        (None, None, OnDone::Merge) => (row.base_branch, false, true),
        (None, None, OnDone::Pr) => return open_pull_request(project, key, &row).map(WhenDone::Did),
        (None, Some(_), _) | (None, None, OnDone::Ask) => return Ok(WhenDone::Nothing),
    };
    let into = into.as_deref();
    let _turn = match way_of(project, key, into, (with_others, unattended), turn)? {
        Way::First(landing) => return Ok(WhenDone::Lands(landing)),
        Way::Now(turn) => turn,
    };
    let with = match with_others {
        true => lands_too(project, key, into)?,
        false => Vec::new(),
    };
    let merged = merge(project, key, into, tick, &|_| false, with_others)?;
    // Their work is there now; it only has to be said.
    for one in with.iter().filter(|one| one.can_go_first) {
        merge(project, &one.task, into, tick, &|_| false, true)?;
    }
    let left = match merged.left.as_slice() {
        [] => String::new(),
        left => {
            let left: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
            format!("; tick it yourself where the plan is not committed as it stands: {}", left.join(", "))
        }
    };
    let unticked = merged.unticked.as_ref();
    let unticked = unticked.map(|why| format!("; {}", alfine_words::unticked(why, &key.plan)));
    let archived = merged.archived.map(|folder| format!("; the plan is over, and archived in {folder}"));
    let more = unticked.unwrap_or_default() + &archived.unwrap_or_default();
    Ok(WhenDone::Did(format!("merged into {}{left}{more}", merged.into)))
}

/// Pushes the branch and opens a pull request with the `gh` CLI.
fn open_pull_request(project: &Project, key: &TaskKey, row: &LoopRow) -> Result<String> {
    let Some(branch) = &row.branch else {
        return Err(Error::user(format!(
            "{key} ran in your own tree: there is no branch to open a pull request for"
        )));
    };
    if let Some(base) = &row.base_branch {
        let mut with = built_on::lands_too(project, row, base)?;
        // A pull request for work that has one itself, or can have one, shows no more than that.
        with.retain(|one| !one.can_go_first);
        if !with.is_empty() {
            return Err(built_on::would_land(key, &with));
        }
    }
    let spec = TaskSpec::of(row)?;
    let worktree = worktree_of(project, row)?;
    let proof = ProofReport::of(&project.store, row, &|_, _| false)?.markdown();
    let progress = crate::progress::last(&worktree, 20).unwrap_or_default();
    let body = std::iter::once(proof).chain(progress).collect::<Vec<_>>().join("\n\n");
    run(&worktree, "git", &["push", "--set-upstream", "origin", branch])?;
    let title = spec.subject();
    let mut arguments = vec!["pr", "create", "--head", branch, "--title", &title, "--body", &body];
    if let Some(base) = &row.base_branch {
        arguments.extend(["--base", base]);
    }
    run(&worktree, "gh", &arguments)
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .env("PATH", with_usual_folders(std::env::var_os("PATH").as_deref()))
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| {
            Error::user(format!("{program} cannot be run: {error}"))
                .hint("install it, or set on_done to another value; the work is on its branch")
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::new(ErrorKind::Git, format!("{program} {} failed: {said}", arguments.first().unwrap_or(&"")))
        .hint("the work is on its branch; push it and open the pull request by hand"))
}

/// Returns a plan's text with a task ticked; `None` if the plan has no such task, or the task has no box.
pub(crate) fn ticked(text: &str, key: &TaskKey, known_by: &KnownBy) -> Option<String> {
    let plan = plan::read(&key.plan, text);
    let task = known_by.find(&plan)?;
    let mut ticked = text.to_owned();
    for edit in known_by.edits(&plan, text, task).iter().rev() {
        ticked.replace_range(edit.span.start..edit.span.end, &edit.new_text);
    }
    (task.is_over() || ticked != text).then_some(ticked)
}

/// Ticks a task in this working tree's plan if the merge did not: the plan may not be committed, or differ from what
/// is. Returns the file in which the task is ticked now, and the files in which that was left to somebody else.
fn tick_here(
    project: &Project,
    into: &str,
    merged: &Merged,
    tick: &TextChange<'_>,
) -> (Option<PathBuf>, Vec<PathBuf>) {
    let mut left = merged.left_files.clone();
    // If another branch was merged into, this tree's plan is not the plan that the task belongs to.
    let here = project.repository.preflight(Isolation::Worktree).ok().and_then(|start| start.base_branch);
    let Ok(path) = project.repository.workdir().join(tick.path).canonicalize() else { return (None, left) };
    if here.as_deref() != Some(into) || left.contains(&path) {
        return (None, left);
    }
    if merged.changed_files.iter().any(|file| file.canonicalize().is_ok_and(|file| file == path)) {
        return (Some(path), left);
    }
    match project.repository.change_text(tick) {
        Some(WorkingCopy::Changed(path)) => (Some(path), left),
        Some(WorkingCopy::Left(path)) => {
            left.push(path);
            (None, left)
        }
        None => (None, left),
    }
}

fn remove_place(project: &Project, row: &LoopRow, branch: &str) -> Result<()> {
    let path = worktree_of(project, row)?;
    let surroundings = surroundings_of(project, row);
    let message = format!("{} before its worktree was removed", row.task);
    let last = next_checkpoint(&project.repository, &row.task, message, &surroundings)?;
    Ok(project.repository.discard(&path, branch, &last)?)
}

fn paused_loop(project: &Project, key: &TaskKey) -> Result<LoopRow> {
    let row = loops::live_loop(project, key)?;
    if loops::is_running(&project.layout, &row.id)? {
        return Err(Error::user(format!("{key} is running")).hint(Hint::PauseFirst { task: key.clone() }));
    }
    Ok(row)
}

fn loop_for(project: &Project, key: &TaskKey) -> Result<LoopRow> {
    let Some(row) = loops::loop_of(&project.store, key)? else { return loops::live_loop(project, key) };
    if loops::is_running(&project.layout, &row.id)? {
        return Err(Error::user(format!("{key} is running")).hint(Hint::StopFirst { task: key.clone() }));
    }
    Ok(row)
}

/// The folder a loop's agent works in.
pub fn worktree_of(project: &Project, row: &LoopRow) -> Result<PathBuf> {
    match (&row.worktree, row.isolation) {
        (Some(path), _) => Ok(PathBuf::from(path)),
        (None, Isolation::InPlace) => Ok(project.repository.workdir().to_owned()),
        (None, Isolation::Worktree) => {
            Err(Error::user(format!("{} has no worktree yet", row.task))
                .hint(loops::go_on_or_discard(&row.task)))
        }
    }
}

fn surroundings_of(project: &Project, row: &LoopRow) -> Surroundings {
    let brought = TaskSpec::of(row).map(|spec| spec.brought).unwrap_or_default();
    surroundings::of_loop(&project.layout, row, &brought)
}
