//! What proves a task, as a whole: each criterion with its checks, and the trees on which they were run.

use crate::{
    Result,
    evidence::{self, CriterionProof, Evidence},
    loops,
    task_spec::TaskSpec,
};
use alfine_core::{
    landing::LandingCheck,
    machine::LoopState,
    prompt::CriterionState,
    proof::{Control, TaskProof},
    reason::Reason,
    task::{TaskKey, TaskStatus},
};
use alfine_store::{LoopRow, Millis, Reader};
use alfine_words::{LandedLine, ProofLine};
use serde::Serialize;

/// The proof of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofReport {
    /// The task.
    pub task: TaskKey,
    /// Its title.
    pub title: String,
    /// Where it is.
    pub status: TaskStatus,
    /// What it rests on that it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<TaskProof>,
    /// The commit that the loop came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The tree of the work, as it was last kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// How the work came onto a branch; missing as long as it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landed: Option<LandedWork>,
    /// The criteria, in the order of the plan, and behind them the checks that are about the whole task.
    pub lines: Vec<ReportLine>,
    /// How far each criterion is proven; without criteria, each check.
    #[serde(skip)]
    states: Vec<CriterionState>,
}

/// How work came onto a branch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LandedWork {
    /// The branch.
    pub into: String,
    /// The commit, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The tree that its checks hold on, before the task was ticked in it; missing where none decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// The checks that ran on that tree because the branch had moved. None if that was the tree of the work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<LandingCheck>,
}

impl LandedWork {
    fn of(row: &LoopRow, spec: &TaskSpec, state: Option<&LoopState>, work: Option<&str>) -> Option<Self> {
        let Some(Reason::Merged { into, commit }) =
            row.reason.as_ref().filter(|_| row.status == TaskStatus::Merged)
        else {
            return None;
        };
        let proven = state.and_then(|state| state.landing.as_ref());
        let proven = proven.filter(|proven| proven.landing.into == *into);
        let decides = spec.proof.control != alfine_config::Control::Off && !spec.verifiers.is_empty();
        let tree = proven.map(|proven| proven.tree.as_str()).or(work).filter(|_| decides);
        Some(Self {
            into: into.clone(),
            commit: commit.clone(),
            tree: tree.map(str::to_owned),
            checks: proven.map(|proven| proven.checks.clone()).unwrap_or_default(),
        })
    }

    fn shown(&self) -> LandedLine<'_> {
        LandedLine {
            into: &self.into,
            commit: self.commit.as_deref(),
            tree: self.tree.as_deref(),
            checks: &self.checks,
        }
    }
}

/// One criterion with one of its checks, or one check that is about the whole task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportLine {
    /// The criterion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// The check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// How far that proves it.
    pub state: CriterionState,
    /// When the check ran on the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// What that rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<CriterionProof>,
    /// The controls that were made, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
}

impl ProofReport {
    /// The proof of a loop's work. `is_changed` says whether that was changed since its last checkpoint, which has this
    /// tree.
    pub fn of(reader: &Reader, row: &LoopRow, is_changed: &dyn Fn(&LoopRow, &str) -> bool) -> Result<Self> {
        let spec = TaskSpec::of(row)?;
        let rows = match row.status {
            // What proved work that was thrown away proves nothing of what is there.
            TaskStatus::Discarded => Vec::new(),
            _ => reader.latest_verifications(&row.id)?,
        };
        let tree = reader.last_checkpoint(&row.id)?.map(|checkpoint| checkpoint.tree);
        let approval = evidence::approval(reader, &row.id)?;
        let state = loops::state_of(row).ok();
        let evidence = Evidence {
            rows: &rows,
            tree: tree.as_deref(),
            changed: tree.as_deref().is_some_and(|tree| is_changed(row, tree)),
            approval: approval.as_ref(),
            outcome: state.as_ref().and_then(|state| state.outcome.as_ref()),
        };
        let of_row = |criterion: Option<&str>, row: &alfine_store::VerificationRow| ReportLine {
            criterion: criterion.map(str::to_owned),
            check: Some(row.verifier.clone()),
            state: evidence.state_of(row),
            at: Some(row.started_at),
            proof: Some(evidence.proof_of(row)),
            controls: row.proof.iter().flat_map(|proof| proof.controls.iter().cloned()).collect(),
        };
        let (mut lines, mut states) = (Vec::new(), Vec::new());
        for (index, criterion) in spec.task.criteria.iter().enumerate() {
            let text = criterion.text.as_str();
            let unknown = if criterion.checked { CriterionState::Checked } else { CriterionState::Open };
            states.push(evidence.criterion(index, text).unwrap_or(unknown));
            let before = lines.len();
            lines.extend(evidence.about(index, text).map(|row| of_row(Some(text), row)));
            if lines.len() == before {
                lines.push(ReportLine {
                    criterion: Some(text.to_owned()),
                    check: None,
                    state: evidence.criterion(index, text).unwrap_or(unknown),
                    at: None,
                    proof: evidence.proof(index, text),
                    controls: Vec::new(),
                });
            }
        }
        let is_of_task =
            |row: &&alfine_store::VerificationRow| row.criterion.is_none() && row.criterion_text.is_none();
        lines.extend(rows.iter().filter(is_of_task).map(|row| of_row(None, row)));
        if states.is_empty() {
            states = lines.iter().map(|line| line.state).collect();
        }
        Ok(Self {
            task: row.task.clone(),
            title: spec.task.title.clone(),
            status: row.status,
            proof: evidence.task(row.status),
            landed: LandedWork::of(row, &spec, state.as_ref(), tree.as_deref()),
            base: row.base_commit.clone(),
            tree: tree.clone(),
            lines,
            states,
        })
    }

    /// How much of it is proven, in a few words.
    pub fn tally(&self) -> String {
        alfine_words::tally(&self.states)
    }

    /// The lines, as they are put into words.
    pub fn shown(&self) -> Vec<ProofLine<'_>> {
        let line = |line| {
            let ReportLine { criterion, check, state, proof, controls, .. }: &ReportLine = line;
            ProofLine {
                criterion: criterion.as_deref(),
                check: check.as_deref(),
                state: *state,
                why: proof.as_ref().map(|proof| proof.why.as_str()),
                work: proof.as_ref().and_then(|proof| proof.green.as_ref()),
                controls,
            }
        };
        self.lines.iter().map(line).collect()
    }

    /// How it landed, as that is put into words.
    pub fn shown_landing(&self) -> Option<LandedLine<'_>> {
        self.landed.as_ref().map(LandedWork::shown)
    }

    /// The whole of it in Markdown.
    pub fn markdown(&self) -> String {
        alfine_words::proof_in_markdown(&self.tally(), &self.shown(), self.shown_landing())
    }
}

/// The trailer of a commit that lands a loop's work: its name and its value. `None` if there is nothing to prove.
pub(crate) fn trailer(reader: &Reader, row: &LoopRow) -> Result<Option<(String, String)>> {
    let report = ProofReport::of(reader, row, &|_, _| false)?;
    Ok((!report.lines.is_empty()).then(|| (alfine_git::PROOF_TRAILER.to_owned(), report.tally())))
}
