//! `alfine lint`: a plan's findings at their places.

use crate::{
    cli::LintArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_config::Config;
use alfine_core::{
    finding::Severity,
    lint::{self, Lint},
    plan,
    text::{LineIndex, TextEdit, count},
};
use alfine_engine::{Error, ErrorKind, Result, checks, project, project::Project};
use alfine_words::Mark;
use serde::Serialize;
use std::path::Path;

/// One finding as a machine reads it.
#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    code: &'a str,
    severity: Severity,
    line: usize,
    column: usize,
    message: &'a str,
    fixes: Vec<&'a str>,
}

/// Prints a plan's findings, or applies their fixes.
pub(super) fn perform(directory: &Path, args: &LintArgs) -> Result<u8> {
    let mut path = directory.join(&args.plan);
    if !path.exists()
        && let Ok(project) = Project::open(directory)
    {
        // Named from the repository's root; else the error knows the plan that was meant.
        path = project.plan(&args.plan.to_string_lossy())?.path;
    }
    let linter = Linter::around(directory, &path)?;
    let text = read_text(&path)?;
    let findings = linter.findings(&text);
    if args.fix {
        return mend(&path, text, &linter);
    }
    let index = LineIndex::new(&text);
    if args.json {
        let views: Vec<_> = findings.iter().map(|finding| view(finding, &index, &text)).collect();
        print_json(&serde_json::json!({ "plan": args.plan, "findings": views }))?;
    } else {
        let display = Display::new();
        for finding in &findings {
            print(&display, &args.plan, finding, &index, &text);
        }
        say(format_args!("{}: {}", args.plan.display(), counted(&findings)));
    }
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { exit::FAILED } else { exit::DONE })
}

/// What finds what is wrong with one plan.
struct Linter {
    config: Config,
    repository: checks::Repository,
    /// The plan's path from the repository's root.
    name: String,
}

impl Linter {
    fn around(directory: &Path, path: &Path) -> Result<Self> {
        let (config, root) = project::settings_around(directory)?;
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (inside, all) = (real(path), real(&root));
        let name = inside.strip_prefix(&all).unwrap_or(path).to_string_lossy().into_owned();
        Ok(Self { config, repository: checks::Repository::look(&root), name })
    }

    fn findings(&self, text: &str) -> Vec<Lint> {
        let plan = plan::read(&self.name, text);
        let checks = self.repository.checks(&self.config, &self.name, &plan);
        lint::lint(text, &plan, &self.config.lint, &checks)
    }
}

pub(super) fn view<'a>(finding: &'a Lint, index: &LineIndex, text: &str) -> FindingView<'a> {
    let (line, column) = index.line_column(text, finding.span.start);
    FindingView {
        code: finding.code.as_str(),
        severity: finding.severity,
        line,
        column,
        message: &finding.message,
        fixes: finding.fixes.iter().map(|fix| fix.title.as_str()).collect(),
    }
}

/// How many findings there are, and how many of them are errors.
fn counted(findings: &[Lint]) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let all = count(findings.len() as u64, "finding");
    match (findings.len(), errors) {
        (0, _) => "nothing to complain about".to_owned(),
        (1, 1) => format!("{all}, an error"),
        (1, _) => format!("{all}, no error"),
        (_, 0) => format!("{all}, none of them an error"),
        (_, 1) => format!("{all}, 1 of them an error"),
        (_, errors) => format!("{all}, {errors} of them errors"),
    }
}

pub(super) fn print(display: &Display, plan: &Path, finding: &Lint, index: &LineIndex, text: &str) {
    let (line, column) = index.line_column(text, finding.span.start);
    let severity = match finding.severity {
        Severity::Error => display.painted(Mark::Bad, "error"),
        Severity::Warning => display.painted(Mark::Notice, "warning"),
        Severity::Information => display.painted(Mark::Detail, "info"),
    };
    let plan = plan.display();
    say(format_args!("{plan}:{line}:{column}: {severity} [{}] {}", finding.code.as_str(), finding.message));
    for (span, related) in &finding.related {
        let (line, column) = index.line_column(text, span.start);
        say(format_args!("    {plan}:{line}:{column}: {related}"));
    }
    for fix in finding.fixes.iter().filter(|fix| !fix.edits.is_empty()) {
        say(format_args!("    fix: {}", fix.title));
    }
}

/// Applies the fixes that do not meet, and looks again, until no finding has one.
fn mend(path: &Path, mut text: String, linter: &Linter) -> Result<u8> {
    const ROUNDS: usize = 100;
    let mut mended = 0;
    for _ in 0..ROUNDS {
        let findings = linter.findings(&text);
        let fixes = lint::fixes_at_once(&findings);
        if fixes.is_empty() {
            break;
        }
        for fix in &fixes {
            say(format_args!("{}", fix.title));
        }
        mended += fixes.len();
        text = apply(&text, fixes.iter().flat_map(|fix| &fix.edits));
    }
    if mended > 0 {
        std::fs::write(path, &text).map_err(|error| {
            Error::new(ErrorKind::User, format!("cannot write {}: {error}", path.display()))
                .hint("make the file writable and run the command again")
        })?;
    }
    say(format_args!("{}: {mended} fixed", path.display()));
    let left = linter.findings(&text);
    let chosen = left.iter().filter(|finding| finding.fixes.iter().any(|fix| !fix.edits.is_empty())).count();
    match chosen {
        0 => {}
        1 => say(format_args!(
            "  1 finding has a fix that only you can choose: see it without --fix, or in your editor"
        )),
        all => say(format_args!(
            "  {all} findings have fixes that only you can choose: see them without --fix, or in your editor"
        )),
    }
    Ok(exit::DONE)
}

/// Writes the text with these edits, of which none meets another.
pub(super) fn apply<'e>(text: &str, edits: impl Iterator<Item = &'e TextEdit>) -> String {
    let mut edits: Vec<&TextEdit> = edits.collect();
    edits.sort_by_key(|edit| edit.span.start);
    let (mut new, mut done) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let Some(before) = text.get(done..edit.span.start) else { continue };
        new.push_str(before);
        new.push_str(&edit.new_text);
        done = edit.span.end;
    }
    new.push_str(text.get(done..).unwrap_or_default());
    new
}

/// Reads a text file; bytes that are not UTF-8 are an error that names the place.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::user(format!("cannot read {}: {error}", path.display()))
            .hint("give the path of a plan, such as PLAN.md")
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::user(format!("{}:{line}: not UTF-8 text at byte {valid}", path.display()))
            .hint("save the file as UTF-8")
    })
}
