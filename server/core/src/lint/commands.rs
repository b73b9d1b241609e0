//! Commands that say less of the work than they seem to.

use super::options::Checks;
use super::report::{Fix, Lint, LintCode};
use crate::shell::{self, Absent, Uses, Verdict};
use crate::text::{Span, TextEdit};

/// What is wrong with a command as a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakness {
    /// What kind of finding it is.
    pub code: LintCode,
    /// What is wrong, why that matters, and what to do. A sentence without a full stop.
    pub message: String,
    /// How it may be written, the likeliest first, each with what a menu calls that.
    pub instead: Vec<(String, String)>,
}

/// Says what is wrong with a command as a check, if its status says nothing. `has` says which programs are there.
pub fn weakness(command: &str, has: impl Fn(&str) -> bool) -> Option<Weakness> {
    // What a shell does not take cannot pass.
    match shell::verdict(command).ok()? {
        Verdict::Decides => None,
        Verdict::AlwaysPasses { tail, without } => {
            let tail: Vec<&str> = tail.iter().map(|span| span.of(command).trim()).collect();
            let tail = format!("“{}”", tail.join("” and “"));
            let message = match &without {
                Some(_) => format!("With {tail} this check passes whatever the work is, so it proves nothing: drop it"),
                None => "This check passes whatever the work is, so it proves nothing: write a command that fails while \
                         the work is missing"
                    .to_owned(),
            };
            let instead = without.map(|without| (format!("Drop {tail}"), without)).into_iter().collect();
            Some(Weakness { code: LintCode::CriterionAlwaysPasses, message, instead })
        }
        Verdict::HidesStatus { of, by, plain, pipefail } => {
            let of = if of.is_empty() { "what is before it".to_owned() } else { format!("“{of}”") };
            let message = format!(
                "“{by}” answers for {of} here, so this check passes even if {of} fails: write it without the pipe, or \
                 have bash look at the whole of it"
            );
            let plain = plain.map(|plain| ("Write it without the pipe".to_owned(), plain));
            let pipefail = pipefail.filter(|_| has("bash"));
            let pipefail = pipefail.map(|whole| ("Have bash look at the whole pipe".to_owned(), whole));
            let instead = plain.into_iter().chain(pipefail).collect();
            Some(Weakness { code: LintCode::CriterionHidesStatus, message, instead })
        }
    }
}

/// What is to be said of a command that stands at `code`, or only somewhere in `item`, and runs in `folder`.
pub(super) fn lint(
    command: &str,
    code: Option<Span>,
    item: Span,
    folder: &str,
    checks: &Checks,
) -> Vec<Lint> {
    let mut lints = Vec::new();
    if let Some(weakness) = weakness(command, |program| checks.here.has(program)) {
        lints.push(of_weakness(weakness, code, item));
    }
    let Ok(uses) = shell::uses(command, folder) else { return lints };
    lints.extend(negates_missing(command, code, item, &uses, checks));
    lints.extend(reads_plan(code.unwrap_or(item), &uses, &checks.plan));
    lints
}

fn of_weakness(weakness: Weakness, code: Option<Span>, item: Span) -> Lint {
    let Weakness { code: kind, message, instead } = weakness;
    let mut lint = Lint::new(kind, code.unwrap_or(item), message);
    if instead.is_empty() {
        let title = "Ask the agent for a command that proves it".to_owned();
        return lint.fix(Some(Fix { title, edits: Vec::new() }));
    }
    for (title, new_text) in instead {
        lint = lint.fix(code.map(|span| Fix::of(title, TextEdit { span, new_text })));
    }
    lint
}

/// A search that finds nothing since there is nothing to search.
fn negates_missing(
    command: &str,
    code: Option<Span>,
    item: Span,
    uses: &Uses,
    checks: &Checks,
) -> Option<Lint> {
    let missing: Vec<&Absent> = uses.absent.iter().filter(|absent| checks.here.lacks(&absent.path)).collect();
    let first = missing.first()?;
    let paths: Vec<&str> = missing.iter().map(|absent| absent.written.as_str()).collect();
    let message = format!(
        "“{}” is not there, so what is negated here fails, and the check passes: test for it, too",
        paths.join("”, “")
    );
    let tests: String = missing
        .iter()
        .filter(|absent| absent.span == first.span)
        .map(|absent| format!("test -e {} && ", absent.written))
        .collect();
    let mut tested = command.to_owned();
    if first.is_beside_or {
        tested.insert_str(first.span.end, "; }");
        tested.insert_str(first.span.start, "{ ");
    }
    tested.insert_str(first.span.start + if first.is_beside_or { 2 } else { 0 }, &tests);
    let fix = code.map(|span| Fix::of("Test that it is there", TextEdit { span, new_text: tested }));
    Some(Lint::new(LintCode::CriterionNegatesMissing, code.unwrap_or(item), message).fix(fix))
}

/// A command that looks at the plan, which says what is to be there before it is.
fn reads_plan(place: Span, uses: &Uses, plan: &str) -> Option<Lint> {
    let arguments = uses.deciding.iter().chain(&uses.observed);
    let arguments = arguments
        .flat_map(|used| used.arguments.iter().map(|argument| shell::inside(&used.folder, argument)));
    // What a program makes of a pattern, only it knows.
    let named = arguments.into_iter().any(|path| path == plan)
        || uses.operands.iter().any(|path| is_pattern_of(path, plan));
    let is_hidden = plan.split('/').any(|part| part.starts_with('.'));
    let searched =
        uses.searched.iter().filter(|(_, skips_hidden)| !(*skips_hidden && is_hidden)).any(|(folder, _)| {
            folder.is_empty() || plan.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
    if plan.is_empty() || !named && !searched {
        return None;
    }
    let message = "This command looks at the plan itself, too, which has its words before any work is done: have it look at \
                   the work alone"
        .to_owned();
    Some(Lint::new(LintCode::CriterionReadsPlan, place, message))
}

/// Whether a path, or a pattern of paths, is or has this one.
fn is_pattern_of(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            // A pattern leaves hidden files out.
            (Some(pattern), Some(part)) if part.starts_with('.') && !pattern.starts_with('.') => {
                return false;
            }
            (Some(pattern), Some(part)) if fits(pattern, part) => {}
            _ => return false,
        }
    }
}

/// Whether a name fits a pattern of `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let (mut rest, mut is_first) = (name, true);
    let mut parts = pattern.split('*').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let length = part.chars().count();
        let alike = |text: &str| {
            text.chars().count() >= length
                && text.chars().zip(part.chars()).all(|(c, of)| of == '?' || of == c)
        };
        let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        let found = match (is_first, is_last) {
            (true, true) => return alike(rest) && rest.chars().count() == length,
            (true, false) => Some(0).filter(|_| alike(rest)),
            (false, true) => {
                let from = rest.chars().count().checked_sub(length);
                let from = from.and_then(|skipped| starts.into_iter().nth(skipped));
                return from.and_then(|from| rest.get(from..)).is_some_and(alike);
            }
            (false, false) => starts.into_iter().find(|at| rest.get(*at..).is_some_and(alike)),
        };
        let Some(after) = found.and_then(|at| rest.get(at..)) else { return false };
        rest = after.char_indices().nth(length).and_then(|(at, _)| after.get(at..)).unwrap_or_default();
        is_first = false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Here, parse_markdown};
    use crate::{lint::LintOptions, plan::tests::edited};
    use std::sync::Arc;

    fn lints(command: &str, plan: &str, there: &str) -> Vec<(LintCode, String, Vec<String>)> {
        let text = format!("### T1: A\nChecks run in: api\n- [ ] Works: `$ {command}`\n");
        let set = |words: &str| Arc::new(words.split_whitespace().map(str::to_owned).collect());
        let here = Here {
            programs: Some(set("grep rg cat sh cargo diff markdownlint")),
            there: set(there),
            ..Here::default()
        };
        let checks = Checks { plan: plan.to_owned(), here, ..Checks::default() };
        let found = crate::lint::lint(&text, &parse_markdown(&text), &LintOptions::default(), &checks);
        let of_commands = |lint: &Lint| {
            matches!(lint.code, LintCode::CriterionNegatesMissing | LintCode::CriterionReadsPlan)
        };
        let found = found.into_iter().filter(of_commands).map(|lint| {
            let fixed = lint.fixes.iter().map(|fix| edited(&text, fix.edits.clone()));
            let command =
                |text: String| text.split('`').nth(1).unwrap_or_default().trim_start_matches("$ ").to_owned();
            assert_eq!(lint.span.of(&text), command(text.clone()), "at the command's own place");
            (lint.code, lint.message.clone(), fixed.map(command).collect())
        });
        found.collect()
    }

    #[test]
    fn a_negated_search_of_what_is_not_there_is_told_and_tested_for() {
        for (command, fixed) in [
            ("! grep -q x src/a.rs", "test -e src/a.rs && ! grep -q x src/a.rs"),
            ("cargo test && ! grep -rn x old new", "cargo test && test -e old && ! grep -rn x old new"),
            ("! rg x 'a b'", "test -e 'a b' && ! rg x 'a b'"),
            ("cd web && ! diff a b", "cd web && test -e a && test -e b && ! diff a b"),
            ("cargo test || ! grep x a", "cargo test || { test -e a && ! grep x a; }"),
            (
                "if ! grep -q x a; then exit 0; else exit 1; fi",
                "if test -e a && ! grep -q x a; then exit 0; else exit 1; fi",
            ),
        ] {
            let found = lints(command, "PLAN.md", "api/new");
            let [(LintCode::CriterionNegatesMissing, _, fixes)] = &found[..] else {
                panic!("{command}: {found:?}")
            };
            assert_eq!(fixes[..], [fixed], "{command}");
        }
        let (_, message, _) = lints("! grep -q x a b", "PLAN.md", "api/b").remove(0);
        assert_eq!(
            message,
            "“a” is not there, so what is negated here fails, and the check passes: test for it, too"
        );
        for fine in [
            "! grep -q x new",
            "grep -q x a",
            "! grep -q x *.rs",
            "! cargo test",
            "cat a | cat && ! grep -q a",
        ] {
            let found = lints(fine, "PLAN.md", "api/new");
            assert!(
                found.iter().all(|(code, ..)| *code != LintCode::CriterionNegatesMissing),
                "{fine}: {found:?}"
            );
        }
        let text = "### T1: A\n- [ ] Works: `! grep x a`\n";
        let unseen =
            crate::lint::lint(text, &parse_markdown(text), &LintOptions::default(), &Checks::default());
        assert_eq!(unseen, [], "nobody looked");
    }

    #[test]
    fn a_command_that_looks_at_the_plan_is_told() {
        for (command, plan) in [
            ("grep -q x ../PLAN.md", "PLAN.md"),
            ("grep -q x PLAN.md", "api/PLAN.md"),
            ("grep -q x *.md", "api/PLAN.md"),
            ("cat ../docs/p*n?.md", "docs/plans.md"),
            ("grep -rq x .", "api/docs/PLAN.md"),
            ("grep -rq x ..", ".alfine/plans/x.md"),
            ("cd .. && rg x", "PLAN.md"),
            ("test -f PLAN.md", "api/PLAN.md"),
            ("cargo run -- PLAN.md", "api/PLAN.md"),
            ("cat < PLAN.md", "api/PLAN.md"),
            ("[ \"$(cat ../PLAN.md)\" = x ]", "PLAN.md"),
        ] {
            let found = lints(command, plan, "");
            assert!(
                found.iter().any(|(code, ..)| *code == LintCode::CriterionReadsPlan),
                "{command}: {found:?}"
            );
        }
        for (command, plan) in [
            ("grep -q x PLAN.md", "PLAN.md"),
            ("grep -q x *.md", "api/.hidden.md"),
            ("grep -q x *.md", "api/docs/PLAN.md"),
            ("grep -rq x src", "api/PLAN.md"),
            ("grep -rq --include='*.rs' x .", "api/PLAN.md"),
            ("cd .. && rg x", ".alfine/plans/x.md"),
            ("markdownlint '*.md'", "api/PLAN.md"),
            ("grep -q PLAN.md README.md", "api/PLAN.md"),
            ("cargo test", ""),
        ] {
            let found = lints(command, plan, "");
            assert!(
                found.iter().all(|(code, ..)| *code != LintCode::CriterionReadsPlan),
                "{command}: {found:?}"
            );
        }
    }
}
