//! `alfine plan to`: a plan in another format.

use super::written::{self, Place};
use crate::{
    cli::{Format, ToArgs},
    report::exit,
};
use alfine_core::{
    plan::{self, Into, ProblemKind},
    text::LineIndex,
};
use alfine_engine::{Error, Result};
use std::path::{Path, PathBuf};

/// Writes a plan in another format, and says what of it is not in there.
pub(super) fn perform(directory: &Path, args: &ToArgs) -> Result<u8> {
    let source = written::read(directory, &args.plan)?;
    if source.plan.tasks.is_empty() {
        return Err(Error::user(format!("no task is found in {}", args.plan))
            .hint("see what is missing: alfine lint, with the plan"));
    }
    let (into, ending) = match args.format {
        Format::Md => (Into::Markdown, "plan.md"),
        Format::PrdJson => (Into::Prd, "prd.json"),
    };
    let place = Place::of(directory, &args.written, || beside(&source.path, ending));
    place.refuse_over(&source.path)?;
    let converted = plan::convert(&source.plan, &source.text, into);
    if let Some(lost) = converted.lost.iter().find(|lost| lost.is_of_order()) {
        let lost = alfine_words::not_carried(lost);
        return Err(Error::user(format!("nothing was written: the other format would not say this: {lost}"))
            .hint("say it otherwise in the plan"));
    }
    place.write(&converted.text)?;
    let index = LineIndex::new(&source.text);
    let unread =
        source.plan.problems.iter().filter(|problem| matches!(problem.kind, ProblemKind::Unread { .. }));
    for problem in unread {
        let (line, _) = index.line_column(&source.text, problem.span.start);
        eprintln!("not carried over: line {line}, which is read as no task: see alfine lint");
    }
    for lost in &converted.lost {
        eprintln!("not carried over: {}", alfine_words::not_carried(lost));
    }
    Ok(exit::DONE)
}

/// A plan's path with another ending: `tasks.json` and `prd.plan.md` beside `tasks.plan.md` and `prd.json`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let stem = stem.trim_end_matches(".plan").trim_end_matches(".prd");
    match (stem, ending) {
        // `prd.prd.json` names its format twice.
        ("prd", "prd.json") => path.with_file_name(ending),
        _ => path.with_file_name(format!("{stem}.{ending}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_converted_plan_stands_beside_the_one_that_it_was() {
        for (path, ending, expected) in [
            ("a/PLAN.md", "prd.json", "a/PLAN.prd.json"),
            ("prd.json", "plan.md", "prd.plan.md"),
            ("prd.plan.md", "prd.json", "prd.json"),
            ("x.plan.md", "prd.json", "x.prd.json"),
            ("tasks", "plan.md", "tasks.plan.md"),
        ] {
            assert_eq!(beside(Path::new(path), ending), Path::new(expected), "{path}");
        }
    }
}
