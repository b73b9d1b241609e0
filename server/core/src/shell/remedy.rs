//! How a command is written so that its status says something.

use super::parse::parse;
use super::syntax::{AndOr, Command, Kind, List, Pipeline};
use super::verdict::{Follow, Hidden};
use crate::text::{Span, shell_word};

/// More than anybody writes, and as many may be looked at again and again.
const MOST_JOINTS: usize = 32;

/// What a command line ends with that lets it pass, if the rest decides something.
pub(super) fn tail(text: &str, list: &List) -> Option<Vec<Span>> {
    // The lines of a here-document are not to be torn from it.
    if text.contains("<<") {
        return None;
    }
    let mut cuts = Vec::new();
    let decides = cut_list(list, &mut cuts) && decides(&without(text, &cuts));
    decides.then_some(cuts)
}

/// The text without these parts of it.
pub(super) fn without(text: &str, cuts: &[Span]) -> String {
    let mut cuts = cuts.to_vec();
    cuts.sort_by_key(|cut| std::cmp::Reverse(cut.start));
    let mut left = text.to_owned();
    for cut in cuts {
        left.replace_range(cut.start..cut.end, "");
    }
    left
}

/// A command line in which a pipe hides a status, without the pipe and as bash would look at all of the pipe.
pub(super) fn of_hidden(text: &str, hidden: &Hidden<'_>) -> [Option<String>; 2] {
    let Some(pipeline) = hidden.pipeline.filter(|_| !text.contains("<<")) else { return [None, None] };
    let shown = hidden.kept.checked_sub(1).and_then(|at| pipeline.commands.get(at));
    let plain = shown.map(|last| {
        let (end, kept) = kept_file(text, last, pipeline).unwrap_or((last.span.end, String::new()));
        let mut plain = text.to_owned();
        plain.replace_range(end..pipeline.span.end, &kept);
        plain
    });
    // What stops to read early lets the one before it fail.
    let stops = |command: &Command| matches!(&command.kind, Kind::Simple { words, .. } if words.first().is_some_and(|word| word.is("head")));
    let whole =
        (!pipeline.commands.iter().any(stops)).then(|| format!("bash -o pipefail -c {}", shell_word(text)));
    [plain, whole].map(|way| way.filter(|way| decides(way)))
}

/// How the output gets into the file that `tee` would have kept, and behind which byte of the command.
fn kept_file(text: &str, last: &Command, pipeline: &Pipeline) -> Option<(usize, String)> {
    let Kind::Simple { words, .. } = &pipeline.commands.last()?.kind else { return None };
    let (_, rest) = words.split_first().filter(|(name, _)| name.is("tee"))?;
    let (end, both) = match &last.redirects[..] {
        [] => (last.span.end, ""),
        // What is written in another order would leave the errors out.
        [errors] if errors.span.end == last.span.end && errors.span.of(text) == "2>&1" => {
            (text.get(..errors.span.start)?.trim_end().len(), " 2>&1")
        }
        _ => return None,
    };
    let (sign, file) = match rest {
        [file] => (">", file),
        [option, file] if option.is("-a") => (">>", file),
        _ => return None,
    };
    Some((end, format!(" {sign} {}{both}", file.span.of(text))))
}

fn decides(text: &str) -> bool {
    let Ok(list) = parse(text) else { return false };
    let mut follow = Follow::default();
    !follow.whole(&list).always_passes() && follow.hidden.is_empty()
}

/// Cuts off what says nothing at the end of a list. Returns whether what is left says something.
fn cut_list(list: &List, cuts: &mut Vec<Span>) -> bool {
    let mut items = list.items.as_slice();
    for _ in 0..MOST_JOINTS {
        let Some((last, before)) = items.split_last() else { return false };
        if cut_item(last, cuts) {
            return true;
        }
        let Some(previous) = before.last() else { return false };
        cuts.retain(|cut| cut.end <= last.first.span.start);
        cuts.push(Span::new(end(previous), end(last)));
        items = before;
    }
    false
}

/// Where an item ends, with its `&`.
fn end(item: &AndOr) -> usize {
    item.background.map_or(item.span().end, |sign| sign.end)
}

fn cut_item(item: &AndOr, cuts: &mut Vec<Span>) -> bool {
    if item.rest.len() > MOST_JOINTS {
        return false;
    }
    let says = |item: &AndOr| {
        let list = List { items: vec![item.clone()] };
        !Follow::default().whole(&list).always_passes()
    };
    let mut left = item.clone();
    if left.background.take().is_some() {
        cuts.push(Span::new(left.span().end, end(item)));
    }
    loop {
        if says(&left) {
            return true;
        }
        let was = left.span().end;
        if left.rest.pop().is_none() {
            break;
        }
        cuts.push(Span::new(left.span().end, was));
    }
    cut_pipeline(&left.first, cuts)
}

fn cut_pipeline(pipeline: &Pipeline, cuts: &mut Vec<Span>) -> bool {
    match &pipeline.commands[..] {
        _ if pipeline.is_negated => false,
        [only] => match &only.kind {
            Kind::Group(list) | Kind::Subshell(list) => cut_list(list, cuts),
            Kind::Simple { .. }
            | Kind::If { .. }
            | Kind::Loop { .. }
            | Kind::For { .. }
            | Kind::Case { .. }
            | Kind::Function { .. }
            | Kind::Test(_)
            | Kind::Arithmetic(_) => false,
        },
        [first, .., last] => {
            cuts.push(Span::new(first.span.end, last.span.end));
            true
        }
        [] => false,
    }
}
