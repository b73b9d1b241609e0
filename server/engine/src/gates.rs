//! What the settings demand of every task beside what its plan says: checks of their own, checks that did more than pass, and
//! criteria that something can decide.

use crate::{Error, Result, start_options::StartOptions};
use alfine_config::{Config, StandardCheck, Verifier};
use alfine_core::{hint::Hint, plan::Task, task::TaskKey};
use alfine_verify::{Pages, VerifierKind, VerifierResult, VerifierSpec, runs_linter, runs_tests};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What stands for the demand that a test has run, among the answers of checks.
const TESTS: &str = "required tests";
/// What stands for the demand that a linter has passed.
const LINTER: &str = "required linter";

/// What is demanded of the checks of a task beyond that they pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gates {
    /// A check must have run a test.
    pub tests: bool,
    /// A linter or a type checker must have passed.
    pub lint: bool,
    /// The settings name the command that runs the tests, so none is detected.
    pub names_tests: bool,
}

impl Gates {
    /// Those of these settings.
    pub(crate) fn of(config: &Config) -> Self {
        let commit = config.commit_discipline.that_counts();
        let standard = config.acceptance_criteria.standard();
        Self {
            tests: config.quality_gates.require_tests
                || commit.require_tests
                || standard.contains(&StandardCheck::TestsPass),
            lint: commit.require_lint || standard.contains(&StandardCheck::LintPasses),
            names_tests: config.quality_gates.test_command.is_some(),
        }
    }

    /// What the checks did not do that they had to: a failed check for each.
    pub(crate) fn missed(self, specs: &[VerifierSpec], results: &[VerifierResult]) -> Vec<VerifierResult> {
        let ran_tests =
            |result: &VerifierResult| result.tests.as_ref().is_some_and(|tests| tests.executed() > 0);
        let may_test = |spec: &VerifierSpec| spec.kind.command().is_some_and(runs_tests);
        let lints = |spec: &VerifierSpec| match &spec.kind {
            VerifierKind::Command { command } => runs_linter(command),
            kind => matches!(kind, VerifierKind::Diagnostics { .. }),
        };
        let has_linted = specs
            .iter()
            .filter(|spec| lints(spec))
            .any(|spec| results.iter().any(|result| result.name == spec.name && result.passed));
        let mut missed = Vec::new();
        if self.tests && !results.iter().any(ran_tests) {
            missed.push(match specs.iter().any(may_test) {
                true => VerifierResult::missed(TESTS, "no check ran a test: write tests of the work", true),
                false => VerifierResult::missed(
                    TESTS,
                    "no check runs tests: name a command that does in `quality_gates.test_command`, or in a criterion",
                    false,
                ),
            });
        }
        if self.lint && !has_linted {
            missed.push(match specs.iter().any(lints) {
                true => VerifierResult::missed(
                    LINTER,
                    "no linter or type checker among the checks has passed",
                    true,
                ),
                false => VerifierResult::missed(
                    LINTER,
                    "no check is a linter or a type checker: name one in `[[verifiers]]`, or in a criterion",
                    false,
                ),
            });
        }
        missed
    }
}

/// What is to be said before a loop that cannot be done as it is.
pub(crate) fn warning(gates: Gates, verifiers: &[VerifierSpec]) -> Option<String> {
    let is_known = verifiers.iter().filter_map(|verifier| verifier.kind.command()).any(runs_tests);
    (gates.tests && !is_known).then(|| {
        "a task is done only once a check has run a test, and no check is known here that does: name one in \
         `quality_gates.test_command`"
            .to_owned()
    })
}

/// The checks that the settings add to a task which has the `known` ones. `detect` says what the repository has.
pub(crate) fn verifiers(
    config: &Config,
    task: &Task,
    known: &[VerifierSpec],
    detect: &mut dyn FnMut() -> Vec<VerifierSpec>,
) -> Vec<VerifierSpec> {
    let standard = config.acceptance_criteria.standard();
    let mut added = Vec::new();
    if standard.contains(&StandardCheck::NoUncommittedChanges) {
        added
            .push(VerifierSpec::new("no_uncommitted_changes", VerifierKind::CleanTree { paths: Vec::new() }));
    }
    let demands_tests = standard.contains(&StandardCheck::TestsPass);
    match &config.quality_gates.test_command {
        Some(command) => added.push(VerifierSpec {
            name: if demands_tests { "tests_pass" } else { command }.to_owned(),
            timeout: Duration::from_secs(config.quality_gates.test_timeout_secs.into()),
            ..VerifierSpec::command(command)
        }),
        None if demands_tests => added.extend(standing_for("tests_pass", runs_tests, known, detect)),
        None => {}
    }
    if standard.contains(&StandardCheck::LintPasses) {
        added.extend(standing_for("lint_passes", runs_linter, known, detect));
    }
    added.extend(pages(config, task));
    added
}

/// The checks that stand for a standard one: those of the repository, where the task has none that does as much.
fn standing_for(
    name: &str,
    is_one: fn(&str) -> bool,
    known: &[VerifierSpec],
    detect: &mut dyn FnMut() -> Vec<VerifierSpec>,
) -> Vec<VerifierSpec> {
    let does = |spec: &VerifierSpec| spec.kind.command().is_some_and(is_one);
    if known.iter().any(does) {
        return Vec::new();
    }
    let found: Vec<VerifierSpec> = detect().into_iter().filter(does).collect();
    let is_alone = found.len() == 1;
    let named = |spec: VerifierSpec| {
        let name = if is_alone { name.to_owned() } else { format!("{name}: {}", spec.name) };
        VerifierSpec { name, ..spec }
    };
    found.into_iter().map(named).collect()
}

/// The look at the pages, for a task that concerns them.
fn pages(config: &Config, task: &Task) -> Option<VerifierSpec> {
    let wanted = &config.browser_verify;
    let serve = wanted.dev_server_command.clone().filter(|_| wanted.enabled)?;
    let concerns = !wanted.auto_detect_ui_tasks || config.lint.concerns_ui(task);
    concerns.then(|| {
        let page = Verifier::of_pages("browser_verify", serve, wanted.base_url.clone());
        VerifierSpec::new(page.name.clone(), kind_of(&page))
    })
}

/// What a verifier of the settings does.
pub(crate) fn kind_of(verifier: &alfine_config::Verifier) -> VerifierKind {
    // The settings' check has looked that each kind has what it needs.
    match verifier.kind {
        alfine_config::VerifierKind::Command => {
            VerifierKind::Command { command: verifier.command.clone().unwrap_or_default() }
        }
        alfine_config::VerifierKind::CleanTree => VerifierKind::CleanTree { paths: Vec::new() },
        alfine_config::VerifierKind::Browser => {
            let url = verifier.url.clone().unwrap_or_default();
            let below =
                |page: &String| format!("{}/{}", url.trim_end_matches('/'), page.trim_start_matches('/'));
            let urls = std::iter::once(url.clone()).chain(verifier.pages.iter().map(below)).collect();
            VerifierKind::Browser {
                pages: Pages {
                    serve: verifier.serve.clone().unwrap_or_default(),
                    urls,
                    wait_ms: u64::try_from(verifier.wait.get().as_millis()).unwrap_or(u64::MAX),
                    texts: verifier.expect.texts.clone(),
                    selectors: verifier.expect.selectors.clone(),
                    no_console_errors: verifier.no_console_errors,
                    pictures: None,
                },
            }
        }
        alfine_config::VerifierKind::Diagnostics => VerifierKind::Diagnostics {
            server: verifier.server.clone().unwrap_or_default(),
            globs: verifier.files.clone(),
            files: None,
        },
        alfine_config::VerifierKind::Llm => {
            VerifierKind::Llm { question: verifier.question.clone().unwrap_or_default() }
        }
    }
}

/// What is detected of the repository's checks, without tests where the settings name their command.
pub(crate) fn detected(names_tests: bool, found: Vec<VerifierSpec>) -> Vec<VerifierSpec> {
    let tests = |spec: &VerifierSpec| spec.kind.command().is_some_and(runs_tests);
    found.into_iter().filter(|spec| !(names_tests && tests(spec))).collect()
}

/// Refuses a task with a criterion that nothing can decide, where the settings want that.
pub(crate) fn refuse_unverifiable(
    key: &TaskKey,
    (task, verifiers): (&Task, &[VerifierSpec]),
    config: &Config,
    options: &StartOptions,
) -> Result<()> {
    let wanted = &config.acceptance_criteria;
    if !wanted.enabled || !wanted.require_verifiable || options.demands.anyway {
        return Ok(());
    }
    let decides = |n: usize| verifiers.iter().any(|verifier| verifier.criterion == Some(n));
    let open: Vec<&str> = task
        .criteria
        .iter()
        .enumerate()
        .filter(|(n, criterion)| !criterion.checked && !decides(*n))
        .map(|(_, criterion)| criterion.text.as_str())
        .collect();
    let message = match open.first() {
        Some(first) => {
            let others = match open.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("nothing can decide a criterion of {key}: “{first}”{others}")
        }
        None if verifiers.is_empty() => format!("nothing can decide whether {key} is done"),
        None => return Ok(()),
    };
    Err(Error::user(message).hint(Hint::AnyOf(vec![
        Hint::advice("name a command behind each such criterion, or a judge in `judge.agent`"),
        Hint::StartAnyway { task: key.clone() },
    ])))
}
