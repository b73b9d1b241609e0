//! What a check's command line can answer, read as a shell reads it and without running it.
//!
//! [`parse`] takes it apart by the grammar of POSIX with bash's additions. It is our own: of the parsers that there are,
//! one does not come back from seven bytes, one is made for highlighting and takes a pipe in braces apart, and both may
//! take time that grows with the square of what somebody else wrote. This one takes linear time and has a bottom.

mod parse;
mod programs;
mod remedy;
mod syntax;
mod test;
mod uses;
mod verdict;

pub use parse::Unreadable;
pub use programs::is_shell;

pub(crate) use uses::inside;
pub use uses::{Absent, Target, Use, Uses, uses, uses_of_script};

use crate::text::Span;
use syntax::{AndOr, Command, Kind, List, Part, Word};
use verdict::{Follow, Hidden};

/// What the status of a command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It depends on something, as far as can be seen.
    Decides,
    /// It is always 0.
    AlwaysPasses {
        /// The parts of it without which the rest decides, if there are such.
        tail: Vec<Span>,
        /// The command line without them.
        without: Option<String>,
    },
    /// It is that of a command that only shows what another one writes.
    HidesStatus {
        /// The program whose status nobody sees; empty if it has no name.
        of: String,
        /// The program whose status is seen instead.
        by: String,
        /// The command line without the pipe, if that is all that it takes.
        plain: Option<String>,
        /// The command line as bash would run it and look at each command of the pipe, if none of them stops early.
        pipefail: Option<String>,
    },
}

/// Whether a text defines a function of the shell and then calls it.
pub(crate) fn calls_its_own_function(text: &str) -> bool {
    let Ok(list) = parse::parse(text) else { return false };
    let mut defined = Vec::new();
    let mut is_called = false;
    for item in &list.items {
        for command in item.pipelines().flat_map(|pipeline| &pipeline.commands) {
            if let Kind::Function { name, .. } = &command.kind {
                defined.push(name.as_str());
            }
            let called = command.simple().and_then(|(_, words)| words.first());
            is_called |= called.is_some_and(|word| defined.iter().any(|name| word.is(name)));
        }
    }
    is_called
}

/// The programs that a command line names itself, outside of loops, groups and the like; none where it cannot be read.
pub(crate) fn programs(text: &str) -> Vec<String> {
    let list = parse::parse(text).unwrap_or_default();
    let pipelines = list.items.iter().flat_map(AndOr::pipelines);
    let commands = pipelines.flat_map(|pipeline| &pipeline.commands);
    commands.filter_map(|command| command.simple()?.1.first()?.literal()).collect()
}

/// Reads what the status of a command line says.
pub(crate) fn verdict(text: &str) -> Result<Verdict, Unreadable> {
    let list = parse::parse(text)?;
    let mut follow = Follow::default();
    if follow.whole(&list).always_passes() {
        let tail = remedy::tail(text, &list).unwrap_or_default();
        let without = (!tail.is_empty()).then(|| remedy::without(text, &tail));
        return Ok(Verdict::AlwaysPasses { tail, without });
    }
    let hidden = std::mem::take(&mut follow.hidden);
    Ok(match hidden.into_iter().find(|hidden| !is_looked_at(hidden, &list)) {
        None => Verdict::Decides,
        Some(hidden) => {
            let [plain, pipefail] = remedy::of_hidden(text, &hidden);
            Verdict::HidesStatus { of: hidden.of, by: hidden.by, plain, pipefail }
        }
    })
}

/// Whether what comes behind a pipe looks at the status of each of its commands, or into the file that it wrote.
fn is_looked_at(hidden: &Hidden<'_>, list: &List) -> bool {
    let Some(pipeline) = hidden.pipeline else { return false };
    let Some(last) = pipeline.commands.last() else { return false };
    let mut files: Vec<String> =
        last.redirects.iter().filter_map(|redirect| redirect.target.literal()).collect();
    if let Kind::Simple { words, .. } = &last.kind
        && words.first().is_some_and(|word| word.is("tee"))
    {
        files.extend(words.iter().skip(1).filter_map(Word::literal).filter(|word| !word.starts_with('-')));
    }
    let mut is_looked_at = false;
    each_command(list, &mut |command| {
        is_looked_at |= command.span.start >= pipeline.span.end && looks_into(command, &files);
    });
    is_looked_at
}

fn looks_into(command: &Command, files: &[String]) -> bool {
    let is_of_pipe = |name: &str| name.to_ascii_lowercase().starts_with("pipestatus");
    let asks = |part: &Part| matches!(part, Part::Parameter(name) if is_of_pipe(name));
    command.words().any(|word| {
        let mut is_inside = false;
        for list in word.commands() {
            each_command(list, &mut |inner| is_inside |= looks_into(inner, files));
        }
        is_inside || word.parts.iter().any(asks) || word.literal().is_some_and(|word| files.contains(&word))
    })
}

/// Looks at each command of a list, those in it first to last, and not at what stands in words.
fn each_command<'s>(list: &'s List, look: &mut dyn FnMut(&'s Command)) {
    for command in list.items.iter().flat_map(AndOr::pipelines).flat_map(|pipeline| &pipeline.commands) {
        look(command);
        for inner in command.lists() {
            each_command(inner, look);
        }
    }
}

#[cfg(test)]
mod tests;
