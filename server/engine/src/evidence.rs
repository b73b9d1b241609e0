//! What proves a loop's work: what its checks answered, what their controls say, and what the user took, beside the tree
//! that is there now.

use crate::{surroundings, task_spec::TaskSpec};
use alfine_core::{
    plan::Isolation,
    prompt::CriterionState,
    proof::{Answer, CheckRun, Standing, TaskProof},
    reason::Reason,
    task::TaskStatus,
};
use alfine_files::Layout;
use alfine_git::Repository;
use alfine_store::{ApprovalRow, LoopId, LoopRow, Millis, Reader, StoreError, VerificationRow};
use alfine_words::Grounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// All that speaks for a loop's work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// The last answer of each check, for each criterion that it is bound to.
    pub rows: &'a [VerificationRow],
    /// The tree of the last checkpoint; `None` if there is none.
    pub tree: Option<&'a str>,
    /// Whether the worktree or the branch was changed since.
    pub changed: bool,
    /// The last time that the user took the work as it was.
    pub approval: Option<&'a ApprovalRow>,
    /// Why the loop came to be done, as its machine has it.
    pub outcome: Option<&'a Reason>,
}

/// What a criterion rests on, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CriterionProof {
    /// Its check on the tree that the loop started from; missing where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red: Option<CheckRun>,
    /// Its check on the tree of the work, whatever it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<CheckRun>,
    /// The files that decide what the check says, and that the loop made other than they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub material: Vec<String>,
    /// Who took it, if the user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// Why it has its state, in words.
    pub why: String,
}

/// The user's word on a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// Who, as git names them; missing where git knows no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, in milliseconds since the epoch.
    pub at: Millis,
    /// Which tree, as hex.
    pub tree: String,
}

/// The last time that the user took a loop's work as it was.
pub fn approval(reader: &Reader, id: &LoopId) -> Result<Option<ApprovalRow>, StoreError> {
    let is_taken = |asked: &ApprovalRow| asked.kind.settles_a_claim() && asked.approved == Some(true);
    Ok(reader.approvals(id)?.into_iter().rev().find(is_taken))
}

/// Whether the work of a loop that is done was changed since its last checkpoint, which has this tree. The work of any other
/// loop is kept before the loop goes on.
pub fn is_changed(repository: &Repository, layout: &Layout, row: &LoopRow, tree: &str) -> bool {
    let is_meant = row.status == TaskStatus::Done && row.isolation == Isolation::Worktree;
    let Some(worktree) = row.worktree.as_deref().map(Path::new).filter(|path| is_meant && path.is_dir())
    else {
        return false;
    };
    let brought = TaskSpec::of(row).map(|spec| spec.brought).unwrap_or_default();
    let surroundings = surroundings::of_loop(layout, row, &brought);
    repository.tree_of(worktree, &surroundings).is_ok_and(|now| now != tree)
}

impl<'a> Evidence<'a> {
    fn is_of_now(&self, tree: &str) -> bool {
        !self.changed && self.tree.is_none_or(|now| now == tree)
    }

    /// The user's word on the tree that is there now.
    fn approved(&self) -> Option<Approved> {
        let given = self.approval?;
        let tree = given.tree.clone().filter(|tree| self.is_of_now(tree))?;
        Some(Approved { by: given.answered_by.clone(), at: given.answered_at?, tree })
    }

    /// The answers about a criterion: by its text where an answer has one, since an edit of the plan moves the numbers.
    pub fn about(&self, index: usize, text: &str) -> impl Iterator<Item = &'a VerificationRow> {
        self.rows.iter().filter(move |row| match &row.criterion_text {
            Some(proven) => proven == text,
            None => row.criterion.and_then(|number| usize::try_from(number).ok()) == Some(index),
        })
    }

    /// What one answer says of its criterion, now that the tree is this one.
    pub fn state_of(&self, row: &VerificationRow) -> CriterionState {
        let standing = row.proof.as_ref().map(|proof| &proof.standing);
        // A check that failed by its controls alone may have been taken by the user.
        let is_green = row.passed || standing.is_some_and(|standing| *standing != Standing::Red);
        let state = match standing {
            _ if !is_green => CriterionState::Failed,
            Some(Standing::Weak | Standing::Credulous) => CriterionState::Weak,
            Some(Standing::Red | Standing::Weakened { .. } | Standing::Silenced { .. }) => {
                CriterionState::Failed
            }
            Some(Standing::Proven) => CriterionState::Proven,
            Some(Standing::Guard) => CriterionState::Guard,
            Some(Standing::Unproven | Standing::Incomparable | Standing::Undecided) | None => {
                CriterionState::Unproven
            }
        };
        match state {
            CriterionState::Proven | CriterionState::Guard => {}
            _ if is_green && self.approved().is_some_and(|given| given.tree == row.tree) => {
                return CriterionState::Approved;
            }
            _ => {}
        }
        if row.passed && !self.is_of_now(&row.tree) { CriterionState::Stale } else { state }
    }

    /// The answer that decides about a criterion: of several checks the worst, and of those that are fine the one that
    /// proves most.
    fn deciding(&self, index: usize, text: &str) -> Option<(&'a VerificationRow, CriterionState)> {
        let states = self.about(index, text).map(|row| (row, self.state_of(row)));
        states.max_by_key(|(_, state)| match state {
            CriterionState::Failed => 8,
            CriterionState::Stale => 7,
            CriterionState::Weak => 6,
            CriterionState::Unproven => 5,
            CriterionState::Approved => 4,
            CriterionState::Proven => 3,
            CriterionState::Guard => 2,
            CriterionState::Checked | CriterionState::Open => 1,
        })
    }

    /// How far a criterion is proven; `None` if nothing says anything of it.
    pub fn criterion(&self, index: usize, text: &str) -> Option<CriterionState> {
        match (self.deciding(index, text), self.approval) {
            (Some((_, state)), _) => Some(state),
            (None, None) => None,
            // The user judged what no check does.
            (None, Some(_)) if self.approved().is_some() => Some(CriterionState::Approved),
            (None, Some(given)) => given.tree.as_ref().map(|_| CriterionState::Stale),
        }
    }

    /// What a criterion rests on; `None` if nothing says anything of it.
    pub fn proof(&self, index: usize, text: &str) -> Option<CriterionProof> {
        if let Some((row, _)) = self.deciding(index, text) {
            return Some(self.proof_of(row));
        }
        let approved = self.approved()?;
        let grounds = Grounds { state: CriterionState::Approved, ..Grounds::default() };
        let why = alfine_words::grounds(&Grounds { by: approved.by.as_deref(), ..grounds }, &approved.tree);
        Some(CriterionProof { red: None, green: None, material: Vec::new(), approved: Some(approved), why })
    }

    /// What one answer rests on.
    pub fn proof_of(&self, row: &VerificationRow) -> CriterionProof {
        let state = self.state_of(row);
        let proof = row.proof.as_ref();
        let green = proof.and_then(|proof| proof.work.clone()).unwrap_or_else(|| run_of(row));
        let approved = self.approved().filter(|_| state == CriterionState::Approved);
        let grounds = Grounds {
            state,
            proof,
            work: Some(&green),
            by: approved.as_ref().and_then(|given| given.by.as_deref()),
        };
        let why = alfine_words::grounds(&grounds, &row.tree);
        CriterionProof {
            red: proof.and_then(|proof| proof.base().cloned()),
            material: proof.iter().flat_map(|proof| &proof.material).map(|file| file.path.clone()).collect(),
            approved,
            why,
            green: Some(green),
        }
    }

    /// What it rests on that the task is done; `None` as long as it is not, or if nothing says anything of it.
    pub fn task(&self, status: TaskStatus) -> Option<TaskProof> {
        let outcome = match (status, self.outcome) {
            (TaskStatus::Done | TaskStatus::Merged, Some(Reason::Proven { proof })) => Some(proof),
            (TaskStatus::Done | TaskStatus::Merged, _) => None,
            _ => return None,
        };
        let proves =
            |row: &&VerificationRow| row.proof.as_ref().is_some_and(|it| it.standing == Standing::Proven);
        let (proven, approved) = (self.rows.iter().find(proves), self.approved());
        match (proven, approved) {
            (Some(row), _) if self.is_of_now(&row.tree) => Some(TaskProof::Proven),
            (_, Some(_)) => Some(TaskProof::Approved),
            _ if self.changed || self.rows.iter().any(|row| !self.is_of_now(&row.tree)) => {
                Some(TaskProof::Stale)
            }
            _ => outcome.map(|proof| match proof.proven {
                Some(_) if proof.guard => TaskProof::Guard,
                Some(_) => TaskProof::Unproven,
                None => TaskProof::Uncontrolled,
            }),
        }
    }
}

/// The run that a row is about, where no control was made.
fn run_of(row: &VerificationRow) -> CheckRun {
    CheckRun {
        tree: row.tree.clone(),
        answer: row.answer.unwrap_or(if row.passed { Answer::Passed } else { Answer::Failed }),
        exit: row.exit,
        tests: row.tests,
        millis: Some(row.duration_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{machine::AskKind, proof::CheckProof, reason};

    fn row(criterion: Option<u32>, passed: bool, tree: &str, standing: Option<Standing>) -> VerificationRow {
        VerificationRow {
            id: 1,
            loop_id: LoopId::generate(),
            iteration: 1,
            verifier: "make check".to_owned(),
            criterion,
            criterion_text: None,
            passed,
            required: true,
            weight: 1.0,
            exit: Some(0),
            output: String::new(),
            tree: tree.to_owned(),
            started_at: Millis(1),
            duration_ms: 1,
            answer: Some(Answer::Passed),
            tests: None,
            proof: standing.map(|standing| CheckProof {
                check: "make check".to_owned(),
                standing,
                work: None,
                controls: Vec::new(),
                material: Vec::new(),
                opinion: None,
                pictures: Vec::new(),
            }),
            findings: Vec::new(),
        }
    }

    fn yes(tree: Option<&str>) -> ApprovalRow {
        ApprovalRow {
            id: 1,
            loop_id: None,
            task: None,
            kind: AskKind::Approval,
            text: "Is it done?".to_owned(),
            asked_at: Millis(1),
            answered_at: Some(Millis(5)),
            approved: Some(true),
            answer: None,
            tree: tree.map(str::to_owned),
            answered_by: Some("Ada".to_owned()),
        }
    }

    fn state(rows: &[VerificationRow], approval: Option<&ApprovalRow>) -> Option<CriterionState> {
        Evidence { rows, tree: Some("now"), approval, ..Evidence::default() }.criterion(0, "it holds")
    }

    #[test]
    fn a_criterion_stands_as_the_controls_of_its_check_say() {
        let state = |passed, tree, standing| state(&[row(Some(0), passed, tree, standing)], None).unwrap();
        let weakened = || Some(Standing::Weakened { tests: vec!["a".to_owned()] });
        for (passed, tree, standing, expected) in [
            (true, "now", Some(Standing::Proven), CriterionState::Proven),
            (true, "now", Some(Standing::Guard), CriterionState::Guard),
            (true, "now", Some(Standing::Weak), CriterionState::Weak),
            (false, "now", Some(Standing::Weak), CriterionState::Weak),
            (false, "now", weakened(), CriterionState::Failed),
            (true, "now", Some(Standing::Incomparable), CriterionState::Unproven),
            (true, "now", Some(Standing::Unproven), CriterionState::Unproven),
            (true, "now", Some(Standing::Undecided), CriterionState::Unproven),
            (true, "now", Some(Standing::Credulous), CriterionState::Weak),
            (true, "now", None, CriterionState::Unproven),
            (false, "now", None, CriterionState::Failed),
            (true, "before", Some(Standing::Proven), CriterionState::Stale),
            (false, "before", None, CriterionState::Failed),
        ] {
            assert_eq!(state(passed, tree, standing.clone()), expected, "{passed} {tree} {standing:?}");
        }
        assert_eq!(super::Evidence::default().criterion(0, "it holds"), None);
    }

    #[test]
    fn of_several_checks_the_worst_decides_and_one_that_proves_is_enough_among_guards() {
        let of = |standings: &[Standing]| {
            let rows: Vec<_> =
                standings.iter().map(|one| row(Some(0), true, "now", Some(one.clone()))).collect();
            state(&rows, None).unwrap()
        };
        assert_eq!(of(&[Standing::Guard, Standing::Proven]), CriterionState::Proven);
        assert_eq!(of(&[Standing::Proven, Standing::Weak]), CriterionState::Weak);
        assert_eq!(of(&[Standing::Unproven, Standing::Proven]), CriterionState::Unproven);
    }

    #[test]
    fn the_user_s_yes_holds_for_the_tree_that_they_saw() {
        let (now, before) = (yes(Some("now")), yes(Some("before")));
        let of = |standing| [row(Some(0), true, "now", standing)];
        assert_eq!(state(&of(None), Some(&now)), Some(CriterionState::Approved));
        assert_eq!(state(&of(Some(Standing::Weak)), Some(&now)), Some(CriterionState::Approved));
        assert_eq!(state(&of(Some(Standing::Proven)), Some(&now)), Some(CriterionState::Proven));
        assert_eq!(state(&of(Some(Standing::Weak)), Some(&before)), Some(CriterionState::Weak));
        assert_eq!(state(&[row(Some(0), false, "now", None)], Some(&now)), Some(CriterionState::Failed));
        // Of what no check looks at there is only the user's word.
        assert_eq!(state(&[], Some(&now)), Some(CriterionState::Approved));
        assert_eq!(state(&[], Some(&before)), Some(CriterionState::Stale));
        assert_eq!(state(&[], Some(&yes(None))), None, "an older version did not say which tree");
        let approved = Evidence { tree: Some("now"), approval: Some(&now), ..Evidence::default() };
        let proof = approved.proof(0, "it holds").unwrap();
        assert_eq!(proof.why, "approved by Ada in now");
        let given = Approved { by: Some("Ada".to_owned()), at: Millis(5), tree: "now".to_owned() };
        assert_eq!(proof.approved, Some(given));
    }

    #[test]
    fn a_task_is_done_by_a_proof_by_the_user_s_word_or_by_neither() {
        let outcome = |proven, guard| Reason::Proven {
            proof: reason::Proof {
                color: reason::Color::Green,
                checks: 1,
                failed: Vec::new(),
                unusual: Vec::new(),
                proven,
                guard,
            },
        };
        let (controlled, off) = (outcome(Some(0), false), outcome(None, false));
        let now = yes(Some("now"));
        let of = |rows: &[VerificationRow], approval, outcome: &Reason, changed| {
            let tree = Some("now");
            let evidence = Evidence { rows, tree, changed, approval, outcome: Some(outcome) };
            evidence.task(TaskStatus::Done)
        };
        let (proven, guard) = (
            [row(None, true, "now", Some(Standing::Proven))],
            [row(None, true, "now", Some(Standing::Guard))],
        );
        assert_eq!(of(&proven, None, &controlled, false), Some(TaskProof::Proven));
        assert_eq!(of(&proven, None, &controlled, true), Some(TaskProof::Stale));
        assert_eq!(of(&guard, None, &controlled, false), Some(TaskProof::Unproven));
        assert_eq!(of(&guard, None, &outcome(Some(0), true), false), Some(TaskProof::Guard));
        assert_eq!(of(&guard, Some(&now), &controlled, false), Some(TaskProof::Approved));
        assert_eq!(of(&guard, Some(&now), &controlled, true), Some(TaskProof::Stale));
        assert_eq!(of(&[row(None, true, "now", None)], None, &off, false), Some(TaskProof::Uncontrolled));
        assert_eq!(of(&[row(None, true, "before", None)], None, &off, false), Some(TaskProof::Stale));
        let running = Evidence { rows: &proven, tree: Some("now"), ..Evidence::default() };
        assert_eq!(running.task(TaskStatus::Running), None);
    }
}
