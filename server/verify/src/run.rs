//! Runs verifiers one after the other.

use super::{
    VerifierExit, VerifierKind, VerifierResult, VerifierSpec, VerifyContext, answer::Checked, browser,
    clean_tree, command, diagnostics,
};
use alfine_core::finding::{Finding, Severity};
use std::time::Instant;

/// Runs verifiers one after the other, and shows `observe` each result as it comes. Where the verification is interrupted, the results end with the interrupted one.
pub fn run(
    specs: &[VerifierSpec],
    context: &VerifyContext<'_>,
    observe: &mut dyn FnMut(&VerifierResult),
) -> Vec<VerifierResult> {
    let mut results = Vec::new();
    for spec in specs {
        if context.cancel.is_cancelled() {
            break;
        }
        let began = Instant::now();
        let Checked { exit, output, findings, tests } = match &spec.kind {
            VerifierKind::Command { command } => command::check(command, spec, context),
            VerifierKind::CleanTree { paths } => clean_tree::check(context, paths),
            VerifierKind::Diagnostics { server, globs, files } => {
                diagnostics::check(server, files.as_deref(), !globs.is_empty(), spec, context)
            }
            VerifierKind::Browser { pages } => browser::check(pages, spec, context),
            // Whoever runs agents asks them, where what is asked can be compared.
            VerifierKind::Llm { .. } => Checked::unable(
                "a judge looks at it, and that takes the controls of checks, which the setting `proof.control` switches off"
                    .to_owned(),
            ),
        };
        let result = VerifierResult {
            name: spec.name.clone(),
            criterion: spec.criterion,
            passed: exit.passes(),
            findings: settle(findings, &exit, &spec.name, &output),
            exit,
            duration: began.elapsed(),
            output,
            tests,
            weight: spec.weight,
            required: spec.required,
        };
        observe(&result);
        results.push(result);
    }
    results
}

/// Makes findings agree with the exit: a success has no errors (its tests may print some), a failure has at least one.
fn settle(mut findings: Vec<Finding>, exit: &VerifierExit, name: &str, output: &str) -> Vec<Finding> {
    if exit.passes() {
        findings.retain(|finding| finding.severity < Severity::Error);
        return findings;
    }
    let told = match exit {
        // A sentence: there is nothing else to be understood.
        VerifierExit::Unable { .. } => format!("“{name}” {exit}"),
        VerifierExit::Code { .. }
        | VerifierExit::Uncommitted { .. }
        | VerifierExit::Diagnosed { .. }
        | VerifierExit::Browsed { .. }
            if findings.iter().any(|finding| finding.severity == Severity::Error) =>
        {
            return findings;
        }
        _ => {
            [format!("“{name}”: {exit}")].into_iter().chain(last_lines(output)).collect::<Vec<_>>().join("\n")
        }
    };
    findings.insert(0, Finding::error(told));
    findings
}

/// The last words of an output in which nothing else was understood.
fn last_lines(output: &str) -> impl Iterator<Item = String> {
    const LINES: usize = 5;
    const LENGTH: usize = 300;
    let lines: Vec<_> = output.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES).collect();
    lines.into_iter().rev().map(|line| line.chars().take(LENGTH).collect()).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn finding(severity: Severity) -> Finding {
        Finding { severity, file: None, line: None, column: None, code: None, message: "m".to_owned() }
    }

    #[test]
    fn a_success_has_no_errors_and_a_failure_at_least_one() {
        let both = vec![finding(Severity::Error), finding(Severity::Warning)];
        let passed = VerifierExit::Code { code: 0 };
        let failed = VerifierExit::Code { code: 1 };
        assert_eq!(settle(both.clone(), &passed, "t", ""), [finding(Severity::Warning)]);
        assert_eq!(settle(both.clone(), &failed, "t", ""), both);
        let told = settle(vec![], &failed, "t", "1\n2\n3\n\n4\n5\n6\n");
        assert_eq!(told[0].message, "“t”: exit status 1\n2\n3\n4\n5\n6");
        let only_warnings = settle(vec![finding(Severity::Warning)], &failed, "t", "too many warnings");
        assert_eq!(only_warnings.len(), 2);
        assert_eq!(only_warnings[0].message, "“t”: exit status 1\ntoo many warnings");
        let late = settle(both, &VerifierExit::TimedOut { after: Duration::from_secs(1) }, "t", "");
        assert_eq!(
            (late.len(), late[0].message.as_str()),
            (3, "“t”: timed out after 1 s: it may be waiting for changes (a watch mode) or for input")
        );
    }
}
