//! What proves a criterion, and a task.

use crate::{reason::Explanation, text::count};
use alfine_core::{
    judge::Verdict,
    prompt::CriterionState,
    proof::{Answer, CheckProof, CheckRun, ControlKind, Standing, TaskProof, shortened},
};

/// What a criterion's state rests on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grounds<'a> {
    /// The state.
    pub state: CriterionState,
    /// What its check's answer is worth; `None` where no control was made.
    pub proof: Option<&'a CheckProof>,
    /// The run of its check on the tree of the work; `None` where no check looks at it.
    pub work: Option<&'a CheckRun>,
    /// Who took it.
    pub by: Option<&'a str>,
}

/// Says why a criterion has its state, on one line: `proven: red at the base, green in 3f2a91c, 14 tests`. `tree` is the one
/// that was looked at.
pub fn grounds(grounds: &Grounds<'_>, tree: &str) -> String {
    let state = crate::criterion(grounds.state);
    let tree = short(tree);
    let tests = match grounds.work.and_then(|work| work.tests) {
        Some(tests) => format!(", {}", count(tests, "test")),
        None => String::new(),
    };
    let base = grounds.proof.and_then(CheckProof::base);
    if let Some(said) = judged(grounds, tree) {
        return format!("{state}: {said}");
    }
    let said = match grounds.state {
        CriterionState::Open | CriterionState::Checked => return state.to_owned(),
        CriterionState::Approved => {
            let by = grounds.by.unwrap_or("you");
            let said = match grounds.work {
                Some(_) => format!("; {}", standing(grounds.proof, base)),
                None => String::new(),
            };
            return format!("{state} by {by} in {tree}{said}{tests}");
        }
        CriterionState::Failed => match (grounds.proof, grounds.work) {
            (Some(proof), _) => proof.to_string(),
            (None, Some(work)) => format!("{} in {tree}{tests}", ended(work)),
            (None, None) => format!("in {tree}"),
        },
        CriterionState::Stale => format!("green in {tree}{tests}, and the files have changed since"),
        CriterionState::Guard => format!("green at the base and in {tree}{tests}"),
        CriterionState::Proven | CriterionState::Unproven | CriterionState::Weak => {
            format!("{}, green in {tree}{tests}", standing(grounds.proof, base))
        }
    };
    let pictures: Vec<&str> =
        grounds.proof.iter().flat_map(|proof| &proof.pictures).map(String::as_str).collect();
    let pictures = match pictures.is_empty() {
        true => String::new(),
        false => format!("; pictures: {}", shortened(&pictures)),
    };
    format!("{state}: {said}{pictures}")
}

/// What the judge says, where one was asked and its word is what counts.
fn judged(grounds: &Grounds<'_>, tree: &str) -> Option<String> {
    let (proof, opinion) = grounds.proof.and_then(|proof| Some((proof, proof.opinion.as_ref()?)))?;
    match grounds.state {
        CriterionState::Failed | CriterionState::Proven | CriterionState::Unproven | CriterionState::Weak => {
        }
        CriterionState::Open
        | CriterionState::Checked
        | CriterionState::Stale
        | CriterionState::Guard
        | CriterionState::Approved => return None,
    }
    let before = match (opinion.verdict, &proof.standing) {
        (Verdict::Verified, Standing::Proven) => format!(" in {tree}, and not at the base"),
        (Verdict::Verified, Standing::Credulous) => {
            format!(" in {tree}, and at the base, too, so its word counts for nothing")
        }
        (Verdict::Verified, _) => format!(" in {tree}, and nothing was said of the base"),
        (Verdict::Refuted | Verdict::CannotTell, _) => String::new(),
    };
    Some(format!("{opinion}{before}"))
}

/// What the controls of a green check say.
fn standing(proof: Option<&CheckProof>, base: Option<&CheckRun>) -> String {
    let Some(proof) = proof else { return "no control was made".to_owned() };
    let files: Vec<&str> = proof.material.iter().map(|file| file.path.as_str()).collect();
    match (&proof.standing, base.map(|base| base.answer)) {
        (Standing::Proven, Some(Answer::Passed)) => {
            "green at the base, where the new tests are red".to_owned()
        }
        (Standing::Proven, Some(Answer::Empty)) => "no test at the base".to_owned(),
        (Standing::Proven, _) => "red at the base".to_owned(),
        (Standing::Guard, _) => "green at the base".to_owned(),
        (Standing::Weak, _) => format!("green at the base with only {} of the work", shortened(&files)),
        (Standing::Incomparable, _) => {
            format!("its tests of the base do not run with this work ({})", shortened(&files))
        }
        (Standing::Unproven, Some(_)) => "it could not run at the base".to_owned(),
        (Standing::Unproven, None) => "it did not run at the base".to_owned(),
        (Standing::Undecided, _) => "the judge cannot tell".to_owned(),
        (Standing::Credulous, _) => "the judge says the same of the base".to_owned(),
        (Standing::Weakened { .. } | Standing::Silenced { .. } | Standing::Red, _) => proof.to_string(),
    }
}

fn ended(work: &CheckRun) -> String {
    match (work.answer, work.exit) {
        (Answer::Empty, _) => "no test ran".to_owned(),
        (Answer::NotRun, None) => "it did not end by itself".to_owned(),
        (_, Some(exit)) => format!("exit status {exit}"),
        (answer, None) => self::answer(answer).to_owned(),
    }
}

/// Says what a check answered, in one word or two.
pub fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Passed => "passed",
        Answer::Failed => "failed",
        Answer::Empty => "no test ran",
        Answer::NotRun => "not run",
    }
}

/// Says on which tree a control runs.
pub(crate) fn control(control: ControlKind) -> &'static str {
    match control {
        ControlKind::Base => "base",
        ControlKind::MaterialAlone => "base, with what the work changed in the checks",
        ControlKind::WorkAlone => "work, with the checks as at the base",
    }
}

/// Says what it rests on that a task is done, behind `done, `.
pub(crate) fn task_proof(proof: TaskProof) -> &'static str {
    match proof {
        TaskProof::Proven => "proven",
        TaskProof::Approved => "approved by you",
        TaskProof::Guard => "all stayed as it was",
        TaskProof::Unproven => "unproven",
        TaskProof::Uncontrolled => "not controlled",
        TaskProof::Stale => "changed since",
    }
}

/// Explains what is missing from a proof of a task that is done; `None` where nothing is.
pub fn unproven(proof: TaskProof) -> Option<Explanation> {
    let look = "Look at the diff before you merge it";
    let (why, remedy) = match proof {
        TaskProof::Proven | TaskProof::Approved | TaskProof::Guard => return None,
        TaskProof::Unproven => (
            "The task is done, and nothing proves it: no check was red without its work.",
            format!("{look}, or bind a criterion to a command that fails without the work."),
        ),
        TaskProof::Uncontrolled => (
            "The task is done and its checks passed, but nobody asked whether they pass without its work: `[proof] control` \
             is off.",
            format!("{look}."),
        ),
        TaskProof::Stale => (
            "The work was changed after it was proven, so nothing says that it is still right.",
            "Take the change back, or continue the loop: its checks then run again.".to_owned(),
        ),
    };
    Some(Explanation { why: why.to_owned(), remedy })
}

/// An object's id, as it is shown.
pub(crate) fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::{
        judge::{Opinion, Quote},
        proof::{ChangedMaterial, Control},
    };

    fn run(answer: Answer, tests: Option<u64>) -> CheckRun {
        let exit = Some(i32::from(answer != Answer::Passed));
        CheckRun { tree: "3f2a91c0d4".to_owned(), answer, exit, tests, millis: None }
    }

    fn said(state: CriterionState, standing: Standing, base: Option<Answer>) -> String {
        let controls =
            base.map(|answer| Control { control: ControlKind::Base, run: run(answer, None) }).into_iter();
        let material = vec![ChangedMaterial { path: "tests/a.rs".to_owned(), was_there: true }];
        let proof = CheckProof {
            check: "make".to_owned(),
            standing,
            work: None,
            controls: controls.collect(),
            material,
            opinion: None,
            pictures: Vec::new(),
        };
        let work = run(Answer::Passed, Some(14));
        grounds(&Grounds { state, proof: Some(&proof), work: Some(&work), by: None }, "3f2a91c0d4")
    }

    #[test]
    fn a_state_says_what_it_rests_on() {
        use CriterionState::{Approved, Failed, Guard, Proven, Stale, Unproven, Weak};
        let weakened = Standing::Weakened { tests: vec!["rejects".to_owned()] };
        for (state, standing, base, expected) in [
            (
                Proven,
                Standing::Proven,
                Some(Answer::Failed),
                "proven: red at the base, green in 3f2a91c, 14 tests",
            ),
            (
                Proven,
                Standing::Proven,
                Some(Answer::Empty),
                "proven: no test at the base, green in 3f2a91c, 14 tests",
            ),
            (
                Proven,
                Standing::Proven,
                Some(Answer::Passed),
                "proven: green at the base, where the new tests are red, green in 3f2a91c, 14 tests",
            ),
            (
                Guard,
                Standing::Guard,
                Some(Answer::Passed),
                "guard: green at the base and in 3f2a91c, 14 tests",
            ),
            (
                Unproven,
                Standing::Unproven,
                Some(Answer::NotRun),
                "unproven: it could not run at the base, green in 3f2a91c, 14 tests",
            ),
            (
                Unproven,
                Standing::Unproven,
                None,
                "unproven: it did not run at the base, green in 3f2a91c, 14 tests",
            ),
            (
                Weak,
                Standing::Weak,
                Some(Answer::Failed),
                "weak: green at the base with only tests/a.rs of the work, green in 3f2a91c, 14 tests",
            ),
            (
                Stale,
                Standing::Proven,
                Some(Answer::Failed),
                "stale: green in 3f2a91c, 14 tests, and the files have changed since",
            ),
            (
                Approved,
                Standing::Guard,
                Some(Answer::Passed),
                "approved by you in 3f2a91c; green at the base, 14 tests",
            ),
            (
                Failed,
                weakened,
                Some(Answer::Failed),
                "failed: `make` says less than before the loop: with tests/a.rs as before, this test fails with this work: rejects",
            ),
        ] {
            assert_eq!(said(state, standing, base), expected);
        }
    }

    #[test]
    fn a_check_that_did_not_pass_says_how_it_ended() {
        let said = |answer, exit| {
            let work = CheckRun { exit, ..run(answer, None) };
            let grounds = Grounds { state: CriterionState::Failed, work: Some(&work), ..Grounds::default() };
            super::grounds(&grounds, "3f2a91c0d4")
        };
        assert_eq!(said(Answer::Failed, Some(101)), "failed: exit status 101 in 3f2a91c");
        assert_eq!(said(Answer::Empty, Some(0)), "failed: no test ran in 3f2a91c");
        assert_eq!(said(Answer::NotRun, None), "failed: it did not end by itself in 3f2a91c");
    }

    #[test]
    fn pictures_are_named() {
        let proof = CheckProof {
            check: "page".to_owned(),
            standing: Standing::Proven,
            work: None,
            controls: vec![Control { control: ControlKind::Base, run: run(Answer::Failed, None) }],
            material: Vec::new(),
            opinion: None,
            pictures: vec!["/data/page-1.png".to_owned()],
        };
        let grounds = Grounds { state: CriterionState::Proven, proof: Some(&proof), ..Grounds::default() };
        assert_eq!(
            super::grounds(&grounds, "3f2a91c0d4"),
            "proven: red at the base, green in 3f2a91c; pictures: /data/page-1.png"
        );
    }

    #[test]
    fn the_word_of_a_judge_is_shown_with_who_said_it_and_where() {
        use CriterionState::{Failed, Proven, Unproven, Weak};
        let quote = Quote { path: "src/a.rs".to_owned(), line: 3, quote: "fn a() {".to_owned() };
        for (verdict, standing, state, expected) in [
            (
                Verdict::Verified,
                Standing::Proven,
                Proven,
                "proven: verified by claude at src/a.rs:3 in 3f2a91c, and not at the base",
            ),
            (
                Verdict::Verified,
                Standing::Credulous,
                Weak,
                "weak: verified by claude at src/a.rs:3 in 3f2a91c, and at the base, too, so its word counts for nothing",
            ),
            (
                Verdict::Verified,
                Standing::Unproven,
                Unproven,
                "unproven: verified by claude at src/a.rs:3 in 3f2a91c, and nothing was said of the base",
            ),
            (Verdict::CannotTell, Standing::Undecided, Unproven, "unproven: claude cannot tell: so"),
            (Verdict::Refuted, Standing::Red, Failed, "failed: refuted by claude at src/a.rs:3: so"),
        ] {
            let opinion = Opinion {
                verdict,
                reason: "so".to_owned(),
                quotes: vec![quote.clone()],
                by: "claude".to_owned(),
            };
            let proof = CheckProof {
                check: "judge: it is nice".to_owned(),
                standing,
                work: None,
                controls: Vec::new(),
                material: Vec::new(),
                opinion: Some(opinion),
                pictures: Vec::new(),
            };
            let grounds = Grounds { state, proof: Some(&proof), ..Grounds::default() };
            assert_eq!(super::grounds(&grounds, "3f2a91c0d4"), expected);
        }
    }
}
