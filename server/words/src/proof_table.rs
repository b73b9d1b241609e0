//! The proof of a whole task: its criteria, their checks, and on which trees each of them was run.

use crate::{
    Mark,
    proof::{answer, control, short},
    text::{capitalized, code, count, line, markdown},
};
use alfine_core::{
    breaker,
    landing::LandingCheck,
    prompt::CriterionState,
    proof::{Answer, CheckRun, Control},
};
use std::{fmt::Write, time::Duration};

/// The longest text of a plan in a table, in characters.
const LONGEST: usize = 300;

/// One criterion with one of its checks, or one check that is about the whole task.
#[derive(Debug, Clone, Copy)]
pub struct ProofLine<'a> {
    /// The criterion; `None` if the check is about the whole task.
    pub criterion: Option<&'a str>,
    /// The check; `None` if none looks at the criterion.
    pub check: Option<&'a str>,
    /// How far that proves it.
    pub state: CriterionState,
    /// Why, in words; `None` where nothing is known.
    pub why: Option<&'a str>,
    /// The run on the tree of the work.
    pub work: Option<&'a CheckRun>,
    /// The controls that were made.
    pub controls: &'a [Control],
}

/// How work came onto a branch.
#[derive(Debug, Clone, Copy)]
pub struct LandedLine<'a> {
    /// The branch.
    pub into: &'a str,
    /// The commit, if it is known.
    pub commit: Option<&'a str>,
    /// The tree that its checks hold on; `None` where none decided.
    pub tree: Option<&'a str>,
    /// The checks that ran on that tree. None if it is the tree of the work.
    pub checks: &'a [LandingCheck],
}

impl LandedLine<'_> {
    /// `landed on main as 3f2a91c: tree 9c8d7e6, on which 2 checks ran again`.
    fn said(&self) -> String {
        let commit = self.commit.map(|commit| format!(" as {}", short(commit))).unwrap_or_default();
        let what = format!("landed on {}{commit}", line(self.into, LONGEST));
        match (self.tree, self.checks.len() as u64) {
            (None, _) => what,
            (Some(tree), 0) => format!("{what}: tree {}, as the checks saw it", short(tree)),
            (Some(tree), ran) => {
                let checks = count(ran, "check");
                format!(
                    "{what}: tree {}, of it and what was there before, on which {checks} ran",
                    short(tree)
                )
            }
        }
    }
}

/// How many criteria are proven: `2 of 3 proven, 1 approved`.
pub fn tally(states: &[CriterionState]) -> String {
    let number = |wanted| states.iter().filter(|state| **state == wanted).count();
    let mut said = format!("{} of {} proven", number(CriterionState::Proven), states.len());
    for state in [
        CriterionState::Approved,
        CriterionState::Guard,
        CriterionState::Unproven,
        CriterionState::Weak,
        CriterionState::Stale,
        CriterionState::Failed,
    ] {
        match number(state) {
            0 => {}
            number => {
                let _ = write!(said, ", {number} {}", crate::criterion(state));
            }
        }
    }
    said
}

/// The table in Markdown, as it goes into a pull request.
pub fn proof_in_markdown(tally: &str, lines: &[ProofLine<'_>], landed: Option<LandedLine<'_>>) -> String {
    let mut text = format!(
        "## Proof: {tally}\n\n| criterion | check | state | on the base | on the work |\n|---|---|---|---|---|\n"
    );
    for one in lines {
        let criterion =
            one.criterion.map_or_else(|| "*the whole task*".to_owned(), |it| cell(&markdown(it, LONGEST)));
        let check = one.check.map_or_else(|| "–".to_owned(), |it| cell(&code(it, LONGEST)));
        let base = one.controls.iter().find(|made| made.control == alfine_core::proof::ControlKind::Base);
        let _ = writeln!(
            text,
            "| {criterion} | {check} | {} | {} | {} |",
            crate::criterion(one.state),
            base.map_or_else(|| "–".to_owned(), |made| run_said(&made.run)),
            one.work.map_or_else(|| "–".to_owned(), run_said),
        );
    }
    let whys = lines.iter().filter_map(|one| Some((one.check.or(one.criterion)?, one.why?)));
    let whys: Vec<String> = whys
        .map(|(what, why)| format!("- {}: {}\n", code(what, LONGEST), markdown(why, 2 * LONGEST)))
        .collect();
    if !whys.is_empty() {
        text.push('\n');
        text.push_str(&whys.concat());
    }
    if let Some(landed) = landed {
        let _ = writeln!(text, "\n{}", capitalized(&markdown(&landed.said(), 2 * LONGEST)));
        for made in landed.checks {
            let _ = writeln!(text, "- {}: {}", code(&made.check, LONGEST), run_said(&made.run));
        }
    }
    text
}

/// The table for a terminal: lines, each with how it is marked.
pub fn proof_in_lines(lines: &[ProofLine<'_>], landed: Option<LandedLine<'_>>) -> Vec<(Mark, String)> {
    let mut shown = Vec::new();
    for one in lines {
        let mark = match one.state {
            CriterionState::Proven | CriterionState::Approved => Mark::Good,
            CriterionState::Failed => Mark::Bad,
            CriterionState::Weak | CriterionState::Unproven | CriterionState::Stale => Mark::Notice,
            CriterionState::Guard | CriterionState::Open | CriterionState::Checked => Mark::Detail,
        };
        let what = one.criterion.or(one.check).unwrap_or_default();
        shown.push((mark, format!("[{}] {}", crate::criterion(one.state), line(what, LONGEST))));
        let mut detail = |text: String| shown.push((Mark::Detail, format!("    {text}")));
        if let Some(check) = one.check.filter(|_| one.criterion.is_some()) {
            detail(line(check, LONGEST));
        }
        if let Some(why) = one.why {
            detail(line(why, 2 * LONGEST));
        }
        for made in one.controls {
            detail(format!("{}: {}", control(made.control), run_said(&made.run)));
        }
        if let Some(work) = one.work {
            detail(format!("work: {}", run_said(work)));
        }
    }
    if let Some(landed) = landed {
        shown.push((Mark::Good, landed.said()));
        for made in landed.checks {
            shown
                .push((Mark::Detail, format!("    {}: {}", line(&made.check, LONGEST), run_said(&made.run))));
        }
    }
    shown
}

/// Says how many checks pass before any work.
pub fn green_already(green: usize, of: usize) -> String {
    match (green, of) {
        (_, 0) => "no criterion names a command that can be run".to_owned(),
        (0, 1) => "its check is red: work that turns it green is proven by it".to_owned(),
        (0, of) => format!("all {of} checks are red: work that turns them green is proven by them"),
        (green, of) => format!("{green} of {of} pass already: by themselves these prove no work"),
    }
}

/// What a check is known to answer before any work: `red at the last commit, exit status 1`.
pub fn at_head(run: &CheckRun) -> String {
    let tests = run.tests.map(|tests| format!(", {}", count(tests, "test"))).unwrap_or_default();
    match (run.answer, run.exit) {
        (Answer::Passed, _) => format!("green already at the last commit{tests}"),
        (Answer::Failed, Some(exit)) => format!("red at the last commit, exit status {exit}{tests}"),
        (Answer::Failed, None) => format!("red at the last commit{tests}"),
        (Answer::Empty, _) => "it ran no test at the last commit".to_owned(),
        (Answer::NotRun, _) => "it could not run at the last commit".to_owned(),
    }
}

/// Says how far checks came that were ended.
pub fn checks_cut_off(ran: usize, of: usize) -> String {
    format!("stopped: {ran} of {} ran, and what they answered is kept", count(of as u64, "check"))
}

/// One run: `failed in 3f2a91c, exit status 1, 1s`.
pub fn run_said(run: &CheckRun) -> String {
    let mut parts = vec![format!("{} in {}", answer(run.answer), short(&run.tree))];
    parts.extend(run.exit.map(|exit| format!("exit status {exit}")));
    parts.extend(run.tests.map(|tests| count(tests, "test")));
    parts.extend(run.millis.map(|millis| breaker::span(Duration::from_millis(millis))));
    parts.join(", ")
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace("\\|", "|").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::proof::ControlKind;

    #[test]
    fn a_tally_names_what_is_proven_first_and_then_the_rest() {
        use CriterionState::{Approved, Guard, Open, Proven};
        assert_eq!(tally(&[Proven, Proven, Proven]), "3 of 3 proven");
        assert_eq!(tally(&[Guard, Proven, Approved, Open]), "1 of 4 proven, 1 approved, 1 guard");
    }

    #[test]
    fn what_a_check_says_before_any_work_is_said_in_a_word_or_two() {
        let run = |answer, exit, tests| CheckRun { tree: "t".to_owned(), answer, exit, tests, millis: None };
        for (run, words) in [
            (run(Answer::Passed, Some(0), Some(14)), "green already at the last commit, 14 tests"),
            (run(Answer::Passed, Some(0), None), "green already at the last commit"),
            (run(Answer::Failed, Some(101), Some(1)), "red at the last commit, exit status 101, 1 test"),
            (run(Answer::Failed, None, None), "red at the last commit"),
            (run(Answer::Empty, Some(0), None), "it ran no test at the last commit"),
            (run(Answer::NotRun, None, None), "it could not run at the last commit"),
        ] {
            assert_eq!(at_head(&run), words);
        }
        assert_eq!(checks_cut_off(1, 2), "stopped: 1 of 2 checks ran, and what they answered is kept");
    }

    #[test]
    fn a_table_says_of_each_check_where_it_was_red_and_where_green() {
        let run = |tree: &str, answer, exit| CheckRun {
            tree: tree.to_owned(),
            answer,
            exit: Some(exit),
            tests: (exit == 0).then_some(14),
            millis: Some(1500),
        };
        let work = run("3f2a91c0d4", Answer::Passed, 0);
        let controls = [Control { control: ControlKind::Base, run: run("ba5e1230d4", Answer::Failed, 101) }];
        let lines = [
            ProofLine {
                criterion: Some("Expired ones | are rejected"),
                check: Some("cargo test a | b"),
                state: CriterionState::Proven,
                why: Some("proven: red at the base, green in 3f2a91c, 14 tests"),
                work: Some(&work),
                controls: &controls,
            },
            ProofLine {
                criterion: Some("It is nice"),
                check: None,
                state: CriterionState::Open,
                why: None,
                work: None,
                controls: &[],
            },
        ];
        insta::assert_snapshot!(proof_in_markdown("1 of 2 proven", &lines, None), @r"
        ## Proof: 1 of 2 proven

        | criterion | check | state | on the base | on the work |
        |---|---|---|---|---|
        | Expired ones \| are rejected | `cargo test a \| b` | proven | failed in ba5e123, exit status 101, 1s | passed in 3f2a91c, exit status 0, 14 tests, 1s |
        | It is nice | – | open | – | – |

        - `cargo test a | b`: proven: red at the base, green in 3f2a91c, 14 tests
        ");
        let shown: Vec<String> = proof_in_lines(&lines, None).into_iter().map(|(_, line)| line).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        [proven] Expired ones | are rejected
            cargo test a | b
            proven: red at the base, green in 3f2a91c, 14 tests
            base: failed in ba5e123, exit status 101, 1s
            work: passed in 3f2a91c, exit status 0, 14 tests, 1s
        [open] It is nice
        ");
    }

    #[test]
    fn what_landed_is_named_with_the_tree_that_the_checks_saw() {
        let made = LandingCheck {
            check: "cargo test a | b".to_owned(),
            run: CheckRun {
                tree: "9c8d7e6f00".to_owned(),
                answer: Answer::Passed,
                exit: Some(0),
                tests: Some(14),
                millis: None,
            },
        };
        let (commit, tree, checks) = (Some("3f2a91c0d4"), Some("9c8d7e6f00"), [made]);
        let moved = LandedLine { into: "main", commit, tree, checks: &checks };
        let shown: Vec<String> = proof_in_lines(&[], Some(moved)).into_iter().map(|(_, line)| line).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        landed on main as 3f2a91c: tree 9c8d7e6, of it and what was there before, on which 1 check ran
            cargo test a | b: passed in 9c8d7e6, exit status 0, 14 tests
        ");
        assert!(
            proof_in_markdown("", &[], Some(moved)).ends_with(
                "\nLanded on main as 3f2a91c: tree 9c8d7e6, of it and what was there before, on which 1 check ran\n\
                 - `cargo test a | b`: passed in 9c8d7e6, exit status 0, 14 tests\n"
            )
        );
        let as_it_was = LandedLine { checks: &[], ..moved };
        assert_eq!(as_it_was.said(), "landed on main as 3f2a91c: tree 9c8d7e6, as the checks saw it");
        assert_eq!(LandedLine { tree: None, ..as_it_was }.said(), "landed on main as 3f2a91c");
    }
}
