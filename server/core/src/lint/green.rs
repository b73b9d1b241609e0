//! Criteria whose checks are known to pass before any work.

use super::options::Checks;
use super::report::{Fix, Lint, LintCode};
use crate::finding::Severity;
use crate::plan::{self, Criterion, FieldName, Plan, ProvenBy, Task};
use crate::proof::{Answer, CheckRun};
use crate::text::count;

/// What a task's criteria are worth, as far as their checks are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known<'c> {
    /// It passes before any work.
    Green(&'c CheckRun),
    /// It does not, or nobody knows.
    Open,
}

pub(super) fn lint(text: &str, plan: &Plan, checks: &Checks) -> Vec<Lint> {
    if checks.at_head.is_empty() {
        return Vec::new();
    }
    let says_what_proves_it = |task: &Task| task.fields.proof.is_some() || plan.defaults.proof.is_some();
    let open = plan.tasks.iter().filter(|task| !task.is_over() && !says_what_proves_it(task));
    open.flat_map(|task| of_task(text, plan, task, checks)).collect()
}

fn of_task(text: &str, plan: &Plan, task: &Task, checks: &Checks) -> Vec<Lint> {
    let folder = task.folder(plan, &checks.folder);
    let known = |criterion: &Criterion| {
        let code = criterion.command.as_deref().filter(|_| !criterion.checked)?;
        let is_check = plan::reads(code, criterion.said, folder, &checks.here).is_check();
        let run = checks.at_head.of(code, folder).filter(|run| run.answer == Answer::Passed);
        is_check.then(|| run.map_or(Known::Open, Known::Green))
    };
    let known: Vec<(&Criterion, Known<'_>)> =
        task.criteria.iter().filter_map(|criterion| Some((criterion, known(criterion)?))).collect();
    let may_be_proven = known.iter().any(|(_, known)| *known == Known::Open);
    let green = known.iter().filter_map(|(criterion, known)| match known {
        Known::Green(run) => Some((*criterion, *run)),
        Known::Open => None,
    });
    green.map(|(criterion, run)| of_criterion(text, plan, task, criterion, run, may_be_proven)).collect()
}

fn of_criterion(
    text: &str,
    plan: &Plan,
    task: &Task,
    criterion: &Criterion,
    run: &CheckRun,
    may_be_proven: bool,
) -> Lint {
    let place = plan.format.command_place(text, criterion).unwrap_or(criterion.span);
    let of = |message: &str| Lint::new(LintCode::CriterionGreenAlready, place, message.to_owned());
    let known = |lint: Lint| Lint { severity: Severity::Information, ..lint };
    if may_be_proven {
        return known(of(
            "This check passes already at the last commit, so it only guards what is there: another check of the task has to \
             prove the work",
        ));
    }
    let guard = plan.format.add_field(text, task, FieldName::Proof, ProvenBy::Guard.as_str());
    let guard = guard.map(|edit| Fix::of("Mark the task as a guard: all only has to stay as it is", edit));
    if let Some(tests) = run.tests {
        let tests = count(tests, "test");
        return known(of(&format!(
            "This check passes already at the last commit, with {tests}, so only tests that come with the work can prove it: \
             have the task ask for them, or mark it as a guard if all only has to stay as it is"
        )))
        .fix(guard);
    }
    let title = "Ask the agent for a command that proves it".to_owned();
    of("This check passes already at the last commit, so it proves no work: write a command that fails while the work is \
        missing, or mark the task as a guard if all only has to stay as it is")
    .fix(guard)
    .fix(Some(Fix { title, edits: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use crate::at_head::{AtHead, check_id};
    use crate::finding::Severity;
    use crate::lint::{Checks, LintCode, LintOptions, lint};
    use crate::plan::parse_markdown;
    use crate::plan::tests::edited;
    use crate::proof::{Answer, CheckRun};
    use std::sync::Arc;

    fn checks(answers: &[(&str, &str, Answer, Option<u64>)]) -> Checks {
        let answers = answers.iter().map(|&(command, folder, answer, tests)| {
            let run = CheckRun { tree: "t".to_owned(), answer, exit: None, tests, millis: None };
            (check_id(command, folder), run)
        });
        Checks { at_head: Arc::new(answers.collect::<AtHead>()), ..Checks::default() }
    }

    /// Where something is found and how bad it is, and the document after each fix that edits it.
    fn found(text: &str, checks: &Checks) -> Vec<(String, Severity, Vec<String>)> {
        let lints = lint(text, &parse_markdown(text), &LintOptions::default(), checks);
        let lints = lints.into_iter().filter(|lint| lint.code == LintCode::CriterionGreenAlready);
        let found = lints.map(|lint| {
            assert!(!lint.is_mended_unasked());
            let fixes = lint.fixes.iter().filter(|fix| !fix.edits.is_empty());
            let fixed = fixes.map(|fix| edited(text, fix.edits.clone())).collect();
            (lint.span.of(text).to_owned(), lint.severity, fixed)
        });
        found.collect()
    }

    #[test]
    fn a_task_whose_checks_all_pass_already_can_be_marked_as_a_guard() {
        let text = "### T1: A\n- [ ] There: `test -f a`\n- [ ] Nice\n\n### T2: B\n- [ ] There: `test -f b`\n";
        let passed = ("test -f a", "", Answer::Passed, None);
        let marked = text.replace("T1: A\n", "T1: A\nProof: guard\n");
        let told = found(text, &checks(&[passed]));
        assert_eq!(told, [("test -f a".to_owned(), Severity::Warning, vec![marked.clone()])]);
        assert_eq!(found(&marked, &checks(&[passed])), []);
        let item = "- [ ] Add it\n  - [ ] There: `test -f a`\n";
        let told = found(item, &checks(&[passed]));
        assert_eq!(told[0].2, ["- [ ] Add it\n  Proof: guard\n  - [ ] There: `test -f a`\n"]);
        assert_eq!(found(&told[0].2[0], &checks(&[passed])), []);
    }

    #[test]
    fn where_something_may_still_prove_the_work_a_green_check_is_only_worth_knowing() {
        let text = "### T1: A\n- [ ] Clean: `make lint`\n- [ ] There: `test -f a`\n";
        let lint = ("make lint", "", Answer::Passed, None);
        for others in [&[lint][..], &[lint, ("test -f a", "", Answer::Failed, None)]] {
            assert_eq!(
                found(text, &checks(others)),
                [("make lint".to_owned(), Severity::Information, vec![])]
            );
        }
        let both = [lint, ("test -f a", "", Answer::Passed, None)];
        let told = found(text, &checks(&both));
        assert!(
            told.len() == 2 && told.iter().all(|(_, severity, _)| *severity == Severity::Warning),
            "{told:?}"
        );
        // New tests in it can prove the work.
        let suite = "### T1: A\n- [ ] Tests pass: `make test`\n";
        let told = found(suite, &checks(&[("make test", "", Answer::Passed, Some(14))]));
        assert_eq!((told[0].1, told[0].2.len()), (Severity::Information, 1));
    }

    #[test]
    fn only_what_is_known_to_pass_in_its_folder_is_told_and_nothing_of_what_is_over() {
        let text = "### T1: A\nChecks run in: api\n- [ ] There: `test -f a`\n";
        for (answer, folder, is_told) in [
            (Answer::Passed, "api", true),
            (Answer::Passed, "", false),
            (Answer::Failed, "api", false),
            (Answer::Empty, "api", false),
            (Answer::NotRun, "api", false),
        ] {
            let told = found(text, &checks(&[("test -f a", folder, answer, None)]));
            assert_eq!(!told.is_empty(), is_told, "{answer:?} in {folder}");
        }
        let passed = checks(&[("test -f a", "", Answer::Passed, None)]);
        for over in [
            "- [x] A\n  - [ ] There: `test -f a`\n",
            "### T1: A\n- [x] There: `test -f a`\n- [ ] More\n",
            "### T1: A\nProof: checks\n- [ ] There: `test -f a`\n",
            "---\nproof: guard\n---\n### T1: A\n- [ ] There: `test -f a`\n",
            "### T1: A\n- [ ] There `test -f a` is a word of it\n",
        ] {
            assert_eq!(found(over, &passed), [], "{over}");
        }
        assert_eq!(found(text, &Checks::default()), []);
    }
}
