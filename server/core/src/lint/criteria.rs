//! Tasks without criteria, and criteria that nothing can verify.

use super::LintOptions;
use super::commands;
use super::options::Checks;
use super::report::{Fix, Lint, LintCode};
use super::words::Phrases;
use crate::finding::Severity;
use crate::plan::{self, Criterion, Fields, NamedCommand, Placed, Plan, Reads, Task};
use crate::text::{Span, TextEdit};

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions, checks: &Checks) -> Vec<Lint> {
    let vague = Phrases::new(&options.vague_phrases);
    let mut lints = Vec::new();
    lints.extend(folder_lint(text, plan, &plan.defaults, checks));
    for task in plan.tasks.iter().filter(|task| !task.is_over()) {
        if task.criteria.is_empty() {
            lints.push(missing(text, plan, task, options));
        }
        lints.extend(folder_lint(text, plan, &task.fields, checks));
        let folder = task.folder(plan, &checks.folder);
        let verify = task.fields.verify.iter().map(|named| (named, true));
        for (named, is_asked) in verify.chain(task.runs.iter().map(|named| (named, false))) {
            let reads = plan::reads(&named.value, named.said, folder, &checks.here);
            lints.extend(named_lint(text, named, is_asked, reads));
            if reads.is_check() {
                let code = (named.span.of(text) == named.value).then_some(named.span);
                lints.extend(commands::lint(&named.value, code, named.span, folder, checks));
            }
        }
        for criterion in task.criteria.iter().filter(|criterion| !criterion.checked) {
            match &criterion.command {
                Some(code) => {
                    let reads = plan::reads(code, criterion.said, folder, &checks.here);
                    lints.extend(code_lint(text, plan, criterion, code, reads));
                    if reads.is_check() {
                        let place = plan.format.command_place(text, criterion);
                        lints.extend(commands::lint(code, place, criterion.span, folder, checks));
                    }
                }
                None => lints.extend(
                    vague_lint(text, plan, criterion, &vague).or_else(|| loose_lint(text, plan, criterion)),
                ),
            }
        }
    }
    lints
}

/// What is to be said of a folder that is not there, in which checks are said to run. The work may still make it.
fn folder_lint(text: &str, plan: &Plan, fields: &Fields, checks: &Checks) -> Option<Lint> {
    let Placed { value, span } = fields.folder.as_ref()?;
    let near = checks.here.missing_folders.get(value)?;
    let hint = match near {
        Some(near) => format!("did you mean “{near}”?"),
        None => "name one that is there, or have the task make it".to_owned(),
    };
    let message =
        format!("There is no folder “{value}” in this repository, so no check can run there yet: {hint}");
    let fix =
        near.as_ref().map(|near| Fix::of(format!("Write “{near}”"), plan.format.write(text, *span, near)));
    let mut lint = Lint::new(LintCode::FieldInvalid, *span, message).fix(fix);
    lint.severity = Severity::Warning;
    Some(lint)
}

fn vague_lint(text: &str, plan: &Plan, criterion: &Criterion, vague: &Phrases<'_>) -> Option<Lint> {
    let (phrase, _) = vague.find(&criterion.text).next()?;
    let message = format!(
        "“{phrase}” cannot be verified, so the agent’s word would have to do: say what can be observed, or \
         bind a command in backticks after a colon"
    );
    let lint = Lint::new(LintCode::CriterionVague, criterion.span, message);
    let edit = plan.format.bind_command(text, criterion);
    Some(lint.fix(edit.map(|edit| Fix::of("Bind a command that proves it", edit))))
}

/// What is to be said of the code that a criterion ends with.
fn code_lint(text: &str, plan: &Plan, criterion: &Criterion, code: &str, reads: Reads<'_>) -> Option<Lint> {
    let none = || {
        let edits = plan.format.call_words(text, criterion);
        (!edits.is_empty()).then(|| Fix { title: "It is not a command".to_owned(), edits })
    };
    match reads {
        Reads::Command => None,
        Reads::Missing { program } => {
            let lint = Lint::new(LintCode::ProgramMissing, criterion.span, program_missing(program));
            Some(lint.fix(none()))
        }
        Reads::Harmful { program } => {
            Some(Lint::new(LintCode::CriterionNoCommand, criterion.span, harmful(code, program)).fix(none()))
        }
        Reads::Words => {
            let message = no_command(code);
            let edit = plan.format.call_command(text, criterion);
            let lint = Lint::new(LintCode::CriterionNoCommand, criterion.span, message);
            Some(lint.fix(edit.map(|edit| Fix::of("It is a command", edit))).fix(none()))
        }
    }
}

/// What is to be said of a command beside the criteria: one that `Verify:` asks for, or that a line such as `Run:` names.
fn named_lint(text: &str, named: &NamedCommand, is_asked: bool, reads: Reads<'_>) -> Option<Lint> {
    let code = &named.value;
    match reads {
        Reads::Command => None,
        Reads::Missing { program } => {
            Some(Lint::new(LintCode::ProgramMissing, named.span, program_missing(program)))
        }
        Reads::Harmful { program } => {
            Some(Lint::new(LintCode::CriterionNoCommand, named.span, harmful(code, program)))
        }
        Reads::Words if is_asked => {
            let is_there = named.span.of(text) == *code;
            let lint = Lint::new(LintCode::CriterionNoCommand, named.span, no_command(code));
            Some(lint.fix(is_there.then(|| is_a_command(named.span.start))))
        }
        Reads::Words => None,
    }
}

/// What is to be said of code that is surely a command, where nothing says that it is run.
fn loose_lint(text: &str, plan: &Plan, criterion: &Criterion) -> Option<Lint> {
    let code = criterion.loose?.of(text);
    let message = format!(
        "`{code}` is not run, since nothing says that it passes, so the agent’s word will have to do: say whether it is a \
         check"
    );
    let lint = Lint::new(LintCode::CriterionNoCommand, criterion.span, message);
    let edit = plan.format.call_command(text, criterion);
    let none = plan.format.call_words(text, criterion);
    Some(
        lint.fix(edit.map(|edit| Fix::of("Run it as the check", edit)))
            .fix(Fix::all("It is not a check", &none)),
    )
}

/// Says beyond doubt that what stands at a byte of the document is a command.
pub(super) fn is_a_command(at: usize) -> Fix {
    Fix::of("It is a command", TextEdit { span: Span::new(at, at), new_text: "$ ".to_owned() })
}

pub(super) fn no_command(code: &str) -> String {
    format!(
        "`{code}` is not run, since it does not read like a command that is here, so the agent’s word will have to do: say \
         whether it is a command"
    )
}

fn harmful(code: &str, program: &str) -> String {
    format!(
        "`{code}` is never run: “{program}” changes what is there, and proves nothing. Write a command that only looks \
         whether this holds, or say that it is none"
    )
}

fn program_missing(program: &str) -> String {
    if plan::is_of_bash(program) {
        return format!(
            "“{program}” is of bash, and checks are run by `sh`, so this check cannot run, and the task cannot be done before \
             it does: write `bash -c '…'` around it, or another command"
        );
    }
    format!(
        "“{program}” is not on this machine, so this check cannot run, and the task cannot be done before it does: install \
         “{program}”, or write another command"
    )
}

fn missing(text: &str, plan: &Plan, task: &Task, options: &LintOptions) -> Lint {
    let message = format!(
        "“{}” has no acceptance criteria, so nothing can prove it done: list what must hold in the end",
        task.title
    );
    let lint = Lint::new(LintCode::CriterionMissing, task.title_span, message);
    let edit = match &options.standard_criteria[..] {
        [] => None,
        criteria => plan.format.add_criteria(text, task, criteria),
    };
    lint.fix(edit.map(|edit| Fix::of("Add the standard acceptance criteria", edit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint;
    use crate::plan::Here;
    use crate::plan::parse_markdown;
    use crate::plan::tests::edited;

    /// What is said of commands that are not run: the place, and the document after each fix.
    fn not_run(text: &str) -> Vec<(String, Vec<String>)> {
        let programs = ["npm", "make", "touch", "kill", "rm"].map(str::to_owned);
        let here = Here { programs: Some(std::sync::Arc::new(programs.into())), ..Here::default() };
        let checks = Checks { here, ..Checks::default() };
        let found = lint::lint(text, &parse_markdown(text), &LintOptions::default(), &checks);
        let found = found.into_iter().filter(|lint| lint.code == LintCode::CriterionNoCommand);
        let fixed = |lint: &Lint| lint.fixes.iter().map(|fix| edited(text, fix.edits.clone())).collect();
        found.map(|lint| (lint.span.of(text).to_owned(), fixed(&lint))).collect()
    }

    #[test]
    fn a_check_in_words_is_a_criterion_and_is_said_to_be_none_that_runs() {
        let text = "### T1: Login\nVerify:\n- make sure the user sees the page\n- touch the button > the menu opens\n\
                    - kill all sessions; sign in again\n- npm test\n- Tests pass: `npm run a`\n- `make all`\n";
        let plan = parse_markdown(text);
        let task = &plan.tasks[0];
        let verify: Vec<_> = task.fields.verify.iter().map(|named| named.value.as_str()).collect();
        assert_eq!(verify, ["npm test", "make all"]);
        let criteria: Vec<_> =
            task.criteria.iter().map(|one| (one.text.as_str(), one.command.as_deref())).collect();
        assert_eq!(
            criteria,
            [
                ("make sure the user sees the page", None),
                ("touch the button > the menu opens", None),
                ("kill all sessions; sign in again", None),
                ("Tests pass: `npm run a`", Some("npm run a")),
            ]
        );
        let told = not_run(text);
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[1].1, [text.replace("- touch", "- $ touch")]);
        let again = parse_markdown(&told[1].1[0]);
        let said = again.tasks[0].fields.verify.iter().find(|named| named.said);
        assert_eq!(said.map(|named| named.value.as_str()), Some("touch the button > the menu opens"));

        let line = "### T1: Login\nVerify: touch the button\n- [ ] b\n";
        let [(place, fixed)] = &not_run(line)[..] else { panic!("{:?}", not_run(line)) };
        assert_eq!(place, "touch the button");
        assert_eq!(
            fixed,
            &["Verify: $ touch", "Acceptance criteria: touch"].map(|to| line.replace("Verify: touch", to))
        );
        assert_eq!(parse_markdown(line).tasks[0].criteria.len(), 2);
        assert!(fixed.iter().all(|fixed| not_run(fixed).is_empty()));
        let matter = "---\nverify: [\"make sure it works\", npm test]\n---\n### T1: A\n- [ ] b\n";
        let [(place, fixed)] = &not_run(matter)[..] else { panic!("{:?}", not_run(matter)) };
        assert_eq!((place.as_str(), not_run(&fixed[0]).len()), ("\"make sure it works\"", 0));
        assert_eq!(parse_markdown(matter).defaults.verify.len(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_with_the_nearest_name() {
        let text = "---\nchecks_run_in: nowhere\n---\n### T1: A\nChecks run in: `frontned`\n- [ ] b\n\n### T2: B\nChecks run in: api\n- [ ] b\n";
        let missing = [("frontned", Some("frontend")), ("nowhere", None)];
        let missing = missing.map(|(folder, near)| (folder.to_owned(), near.map(str::to_owned)));
        let here = Here { missing_folders: std::sync::Arc::new(missing.into()), ..Here::default() };
        let checks = Checks { here, ..Checks::default() };
        let found = lint::lint(text, &parse_markdown(text), &LintOptions::default(), &checks);
        let told: Vec<_> = found.iter().map(|lint| (lint.code, lint.severity, lint.span.of(text))).collect();
        let invalid = (LintCode::FieldInvalid, Severity::Warning);
        assert_eq!(told, [(invalid.0, invalid.1, "nowhere"), (invalid.0, invalid.1, "frontned")]);
        assert_eq!(edited(text, found[1].fixes[0].edits.clone()), text.replace("frontned", "frontend"));
    }

    #[test]
    fn what_reads_like_no_check_is_said_with_why() {
        let text = "### T1: Names\n- [ ] State: `export CI=1`\n- [ ] Returns: `[ x ]`\n- [ ] Flag: `false`\n- [ ] button: `rm user`\n\
                    - [ ] message: `reboot now`\n- [ ] works: `make`\n\nVerify: `rm -rf build`\n";
        let told = not_run(text);
        assert_eq!(told.len(), 6, "{told:?}");
        let plan = parse_markdown(text);
        let lints = lint::lint(text, &plan, &LintOptions::default(), &Checks::default());
        let says =
            |of: &str| lints.iter().find(|lint| lint.span.of(text).contains(of)).unwrap().message.clone();
        assert!(
            says("rm user").starts_with("`rm user` is never run: “rm” changes what is there"),
            "{}",
            says("rm user")
        );
        assert!(says("rm -rf build").starts_with("`rm -rf build` is never run"));
        assert_eq!(told[3].1, [text.replace("button: `rm user`", "button `rm user`")]);
    }

    #[test]
    fn a_command_that_nothing_says_to_run_is_said() {
        let item = "Shows what `npm run x` prints";
        let text = format!("### T1: A\n- [ ] {item}\n");
        let [(place, fixed)] = &not_run(&text)[..] else { panic!("{:?}", not_run(&text)) };
        assert_eq!(place, &format!("- [ ] {item}"));
        assert_eq!(
            fixed,
            &["Shows what `$ npm run x` prints", "Shows what (`npm run x`) prints"]
                .map(|to| text.replace(item, to))
        );
        assert_eq!(parse_markdown(&fixed[0]).tasks[0].criteria[0].command.as_deref(), Some("npm run x"));
        assert!(fixed.iter().all(|fixed| not_run(fixed).is_empty()), "{fixed:?}");
        for fine in [
            "Uses `npm`",
            "Shows (`npm run x`)",
            "`npm run x` fails without a key",
            "Reads `a.rs`",
            "Returns `true`",
        ] {
            assert_eq!(not_run(&format!("### T1: A\n- [ ] {fine}\n")), [], "{fine}");
        }
    }

    #[test]
    fn whatever_binds_a_command_can_be_taken_away_again() {
        for item in [
            "`jest a` passes",
            "Run `jest a`",
            "All tests pass (`jest a`)",
            "types: `jest a` (all green)",
            "Tests pass: `jest a`",
            "lint — `jest a`",
            "`jest a` and `jest b`",
            "Run: `jest a`",
            "`jest a`",
        ] {
            let text = format!("### T1: A\n- [ ] {item}\n");
            let plan = parse_markdown(&text);
            let criterion = &plan.tasks[0].criteria[0];
            assert!(criterion.command.is_some(), "{item}");
            let fixed = edited(&text, plan.format.call_words(&text, criterion));
            let again = parse_markdown(&fixed);
            let criterion = &again.tasks[0].criteria[0];
            assert_eq!((criterion.command.as_deref(), criterion.loose), (None, None), "{fixed}");
        }
    }
}
