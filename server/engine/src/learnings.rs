//! What is learned in a repository: written down where something was observed, looked up where a task begins an iteration.
//!
//! Never reads what an agent says. A learning that cannot be written or read ends nothing.

mod agents_file;

pub use agents_file::{FILE, Proposal, answer, is_due, proposal};

use crate::{Result, ends_of_diff::ends_of_diff, project::Project, surroundings, task_spec::TaskSpec};
use alfine_core::{
    learning::{self, About, Observation, Seen},
    plan::Task,
    time::Moment,
};
use alfine_git::FileChange;
use alfine_secrets::Masker;
use alfine_store::{LoopRow, Millis, Reader, Store};
use alfine_words as words;

/// Writes down what was observed in an iteration of a loop, secrets masked.
pub(crate) fn learn(
    store: &mut Store,
    row: &LoopRow,
    iteration: u32,
    mut observations: Vec<Observation>,
    masker: &Masker,
) -> Result<()> {
    if observations.is_empty() {
        return Ok(());
    }
    for observation in &mut observations {
        observation.rewrite_texts(&mut |text| *text = masker.mask(text).into_owned());
    }
    let seen = Seen {
        task: row.task.clone(),
        loop_id: row.id.as_str().to_owned(),
        iteration,
        checkpoint: store.last_checkpoint(&row.id)?.map(|last| last.commit_id),
        at: Moment(Millis::now().0),
    };
    Ok(store.write(|tx| tx.learn(&observations, &seen))?)
}

/// Learns which files the work of a task changed together, once that is proven or merged. Seen twice, it counts once.
pub(crate) fn learn_of_work(project: &mut Project, row: &LoopRow) -> Result<()> {
    let spec = TaskSpec::of(row)?;
    if !spec.learning.enabled || !spec.learning.extract_file_patterns {
        return Ok(());
    }
    let (from, to) = ends_of_diff(project, row, None, None)?;
    let changed = project.repository.files_changed(&from, &to, &surroundings::own_files(row))?;
    let masker = crate::runner::masker(&spec.mask)?;
    let observations = Observation::together(&paths(changed));
    learn(&mut project.store, row, row.summary.iteration, observations, &masker)
}

/// The paths of files as text. A path that is none says nothing to an agent.
pub(crate) fn paths(changed: Vec<FileChange>) -> Vec<String> {
    changed.into_iter().filter_map(|file| file.path.into_os_string().into_string().ok()).collect()
}

/// The learnings that a loop's agent is told, each in one line with its source.
pub(crate) fn for_prompt(store: &Reader, spec: &TaskSpec) -> Result<Vec<String>> {
    let most = usize::try_from(spec.learning.max_learnings_injected).unwrap_or(usize::MAX);
    if !spec.learning.enabled || most == 0 {
        return Ok(Vec::new());
    }
    let Task { title, details, criteria, .. } = &spec.task;
    let texts: Vec<&str> = [title.as_str(), details]
        .into_iter()
        .chain(criteria.iter().map(|criterion| criterion.text.as_str()))
        .collect();
    let checks: Vec<&str> = spec.verifiers.iter().filter_map(|verifier| verifier.kind.command()).collect();
    let all = store.learnings()?;
    let about = About { texts: &texts, checks: &checks };
    let fitting = learning::fitting(&all, &about, Moment(Millis::now().0), most);
    Ok(fitting.into_iter().map(words::learned).collect())
}
