//! `alfine plan new` and `alfine plan from`: a plan out of an idea, or out of what somebody wrote.

use super::super::{lint, opening};
use super::{writer, written::Place};
use crate::{
    cli::{FromArgs, NewArgs},
    display::Display,
    output::say,
    report::exit,
};
use alfine_core::{
    finding::Severity,
    plan,
    planning::{self, Answers, Asked, MOST_TASKS},
    printable::printable,
    prompt::Planning,
    text::{LineIndex, count, shell_word},
};
use alfine_engine::{
    Error, Result,
    planner::{self, Drafted, Planner, Source},
    project::Project,
};
use std::{
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// The folder of plans that nobody gave a place.
const FOLDER: &str = "plans";
/// What a plan is called before it has a title.
const UNTITLED: &str = "draft";

/// Writes a plan of an idea.
pub(super) fn new(directory: &Path, args: &NewArgs) -> Result<u8> {
    if !args.idea.contains(char::is_alphanumeric) {
        return Err(Error::user("the idea is empty").hint("say in words what is to be there"));
    }
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !args.no_questions && args.answers.is_none() && !can_ask {
        return Err(Error::user("nobody can be asked here: this is no terminal").hint(
            "leave the questions out with --no-questions, or say what the agent would have to ask: --answers \"words\"",
        ));
    }
    let mut project = opening::open(directory, false)?;
    let place = |title: &str| Place::of(directory, &args.written, || path_for(&project, title));
    let place_of_idea = place(&args.idea);
    let named = args.written.out.is_some();
    if named {
        place_of_idea.refuse_taken()?;
    }
    let plan = name(&project, &place_of_idea);
    let written = writer::with(&mut project, &args.writer, &plan, |planner| {
        let answered = match &args.answers {
            _ if args.no_questions => None,
            Some(answers) => Some(answers_to(planner, &args.idea, &mut || Ok(answers.clone()))?),
            None => Some(answers_to(planner, &args.idea, &mut || writer::asking(ask))?),
        };
        let answered = answered.as_ref().map(|(asked, answers)| (asked.as_slice(), answers));
        let planning = Planning::Plan { idea: &args.idea, answered };
        planner.draft(&planning, &|said| planning::read_draft(said, MOST_TASKS), &|_| Vec::new())
    })?;
    match written {
        Err(status) => Ok(status),
        Ok(drafted) => {
            let place =
                if named { place_of_idea } else { place_with(directory, &args.written, &project, &drafted) };
            show(&project, &place, &drafted)
        }
    }
}

/// Writes a plan of what stands elsewhere.
pub(super) fn from(directory: &Path, args: &FromArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let first = Place::of(directory, &args.written, || path_for(&project, UNTITLED));
    if args.written.out.is_some() {
        first.refuse_over(&directory.join(&args.source))?;
    }
    let source = Source::read(&args.source, directory, &mut std::io::stdin().lock())?;
    let text = source.numbered();
    let seal = format!("SOURCE-{}", alfine_store::LoopId::generate());
    let planning = Planning::From { origin: &source.origin, text: &text, seal: &seal };
    let plan = name(&project, &first);
    let read = |said: &str| planning::read_draft(said, MOST_TASKS)?.with_sources();
    let written = writer::with(&mut project, &args.writer, &plan, |planner| {
        planner.draft(&planning, &read, &|_| Vec::new())
    })?;
    match written {
        Err(status) => Ok(status),
        Ok(drafted) => {
            let place = if args.written.out.is_some() {
                first
            } else {
                place_with(directory, &args.written, &project, &drafted)
            };
            show(&project, &place, &drafted)
        }
    }
}

/// Has the agent ask, and the user answer. What names no answer that is offered is asked again where somebody can be.
fn answers_to(
    planner: &mut Planner<'_>,
    idea: &str,
    answer: &mut dyn FnMut() -> Result<String>,
) -> Result<(Vec<Asked>, Answers)> {
    let asked = planner.questions(idea)?;
    for (n, Asked { question, options }) in asked.iter().enumerate() {
        eprintln!("{}. {}", n + 1, printable(question));
        for (letter, option) in ('A'..='Z').zip(options) {
            eprintln!("   {letter}. {}", printable(option));
        }
    }
    let mut last = None;
    // Somebody who is asked can mistype; a flag says the same each time.
    for _ in 0..3 {
        if asked.is_empty() {
            break;
        }
        let text = answer()?;
        match Answers::read(&asked, &text) {
            Ok(answers) => return Ok((asked, answers)),
            Err(error) if last.as_ref() == Some(&text) => {
                return Err(Error::user(error.to_string())
                    .hint("answer with a number and a letter, such as 1A 2C, or in words"));
            }
            Err(error) => {
                eprintln!("{error}");
                last = Some(text);
            }
        }
    }
    Ok((asked, Answers::default()))
}

fn ask() -> Result<String> {
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "Your answers, such as 1A 2C, or in words (Enter leaves them to the agent): ")
        .and_then(|()| out.flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Error::user(format!("no answer: {error}")))?;
    Ok(line)
}

fn path_for(project: &Project, title: &str) -> PathBuf {
    let slug = plan::slug(title);
    let slug = if slug.is_empty() { UNTITLED } else { &slug };
    project.repository.workdir().join(FOLDER).join(format!("{slug}.plan.md"))
}

/// A plan's place by its title: one that is free.
fn place_with(
    directory: &Path,
    args: &crate::cli::WrittenArgs,
    project: &Project,
    drafted: &Drafted,
) -> Place {
    Place::of(directory, args, || {
        let path = path_for(project, &drafted.draft.title);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.trim_end_matches(".plan.md");
        let free = |path: &PathBuf| path.symlink_metadata().is_err();
        let others = (2..1000).map(|n| path.with_file_name(format!("{stem}-{n}.plan.md")));
        std::iter::once(path.clone()).chain(others).find(free).unwrap_or(path)
    })
}

/// What a plan at a place is called: its path from the root.
fn name(project: &Project, place: &Place) -> String {
    let path = match place {
        Place::Printed => path_for(project, UNTITLED),
        Place::File { at, .. } => at.path().to_owned(),
    };
    project.name_of(&path).unwrap_or_else(|| path.to_string_lossy().into_owned())
}

/// Writes a plan, shows what is found in it, and says what to do next.
fn show(project: &Project, place: &Place, drafted: &Drafted) -> Result<u8> {
    let text = drafted.draft.to_markdown();
    place.write(&text)?;
    let Place::File { .. } = place else { return Ok(exit::DONE) };
    let name = name(project, place);
    let read = plan::read(&name, &text);
    say(format_args!("  {}: {}", printable(&read.title), count(read.tasks.len() as u64, "task")));
    for task in &read.tasks {
        let after: Vec<&str> = task.fields.depends_on.iter().map(|id| id.value.as_str()).collect();
        let after = if after.is_empty() { String::new() } else { format!(" (after {})", after.join(", ")) };
        say(format_args!("  {} {}{}", task.id, printable(&task.title), printable(&after)));
    }
    let found = planner::lints(project, &name, &text)?;
    let (display, index) = (Display::new(), LineIndex::new(&text));
    for finding in &found {
        lint::print(&display, Path::new(&name), finding, &index, &text);
    }
    for finding in &drafted.findings {
        say(format_args!("{name}: {}", printable(finding)));
    }
    let shown = shell_word(&name);
    say(format_args!(
        "Nothing of it is begun. Read it and change what you like, then: alfine lint {shown}, alfine run {shown}"
    ));
    let wrong = found.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { exit::FAILED } else { exit::DONE })
}
