//! Commands that say nothing of the work, whatever it is.

use super::report::{Fix, Lint, LintCode};
use crate::shell::{self, Verdict};
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

/// The finding on a command that stands at `code`, or only somewhere in `item`.
pub(super) fn lint(weakness: Weakness, code: Option<Span>, item: Span) -> Lint {
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
