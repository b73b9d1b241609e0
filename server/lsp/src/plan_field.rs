//! What the fields of a plan mean and take, for people; and where its front matter lies.

use alfine_core::{plan::FieldName, text::Span};

/// What a field does, in a sentence.
pub fn meaning(field: FieldName) -> &'static str {
    match field {
        FieldName::DependsOn => "The tasks that must be done before this one can start.",
        FieldName::Priority => "Where no dependency says the order: the lower number goes first.",
        FieldName::Agent => "The agent that does the work.",
        FieldName::Model => "The model that the agent is asked to use; without it the agent's own default.",
        FieldName::MaxIterations => "The most iterations; the loop then stops and asks you how to go on.",
        FieldName::MaxCost => "The most US dollars that the loop may cost; it stops when they are spent.",
        FieldName::Isolation => {
            "Where the agent works: in a git worktree of its own (`worktree`), or in your own tree (`in-place`)."
        }
        FieldName::Context => {
            "Whether later iterations resume the agent's session (`resume`) or each starts a session of its own (`fresh`)."
        }
        FieldName::Autonomy => {
            "How much the loop decides by itself when the agent says that it is done: `guarded` asks you where verifiers \
             are yellow, `full_auto` takes yellow for done, `manual` asks you even where all is green."
        }
        FieldName::SingleTask => "Whether the agent is told to do this task alone.",
        FieldName::Verify => "Commands that must pass for this task, besides its criteria.",
    }
}

/// What a field takes, in words.
pub fn takes(field: FieldName) -> &'static str {
    match field {
        FieldName::DependsOn => "ids of other tasks of this plan, separated by commas",
        FieldName::Priority => "a whole number",
        FieldName::Agent => "the name of an agent",
        FieldName::Model => "a name that the agent knows",
        FieldName::MaxIterations => "a whole number from 1 to 50",
        FieldName::MaxCost => "a number of US dollars",
        FieldName::Isolation => "`worktree` or `in-place`",
        FieldName::Context => "`resume` or `fresh`",
        FieldName::Autonomy => "`full_auto`, `guarded` or `manual`",
        FieldName::SingleTask => "`true` or `false`",
        FieldName::Verify => "a command in backticks",
    }
}

/// The words that a field takes, each with what it means; nothing where it takes anything.
pub fn words(field: FieldName) -> &'static [(&'static str, &'static str)] {
    match field {
        FieldName::Isolation => {
            &[("worktree", "in a git worktree of its own"), ("in-place", "in your own tree")]
        }
        FieldName::Context => &[
            ("resume", "later iterations resume the agent's session"),
            ("fresh", "each iteration starts a session of its own"),
        ],
        FieldName::Autonomy => &[
            ("guarded", "asks you where verifiers are yellow"),
            ("full_auto", "takes yellow for done"),
            ("manual", "asks you even where all is green"),
        ],
        FieldName::SingleTask => {
            &[("true", "the agent is told to do this task alone"), ("false", "the agent is not told so")]
        }
        _ => &[],
    }
}

/// A field's key in the front matter.
pub fn key(field: FieldName) -> String {
    field.as_str().to_lowercase().replace(' ', "_")
}

/// The front matter with the lines around it; where its end is missing, nothing is one.
pub fn front_matter(text: &str) -> Option<Span> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut lines = text.get(start..)?.split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == "---")?;
    let mut at = start + first.len();
    for (number, line) in lines.enumerate() {
        let bare = line.trim_end();
        // A rule with a blank line below is a rule.
        if number == 0 && bare.is_empty() {
            return None;
        }
        if bare == "---" || bare == "..." {
            return Some(Span::new(start, at + bare.len()));
        }
        at += line.len();
    }
    None
}

/// The field that a line of a plan's text names, before its first colon.
pub fn named_by(line: &str) -> Option<(FieldName, Span)> {
    let (before, _) = line.split_once(':')?;
    let name = before.trim_start_matches([' ', '\t', '-', '+', '*', '_', '>']);
    let start = before.len() - name.len();
    let name = name.trim_end_matches([' ', '\t', '*', '_']);
    Some((FieldName::named(name)?, Span::new(start, start + name.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::plan::parse_markdown;

    #[test]
    fn every_word_that_is_offered_is_one_that_the_plan_takes() {
        for field in FieldName::ALL {
            for (word, _) in words(field) {
                let plan = parse_markdown(&format!("### T1: A\n{}: {word}\n- [ ] b\n", field.as_str()));
                assert_eq!(plan.problems, [], "{field:?} {word}");
            }
            assert_eq!(FieldName::named(&key(field)), Some(field));
        }
    }

    #[test]
    fn a_front_matter_begins_with_the_text_and_has_an_end() {
        for (text, span) in [
            ("---\na: b\n---\n", Some((0, 12))),
            ("\u{feff}---\r\na: b\r\n...", Some((3, 17))),
            ("---\n\n---\n", None),
            ("---\na: b\n", None),
            ("x\n---\n---", None),
            ("", None),
        ] {
            assert_eq!(front_matter(text).map(|span| (span.start, span.end)), span, "{text:?}");
        }
    }

    #[test]
    fn a_line_names_a_field_also_in_a_list_or_in_bold() {
        for (line, named) in [
            ("Depends on: US-1", Some((FieldName::DependsOn, "Depends on"))),
            ("- **Max cost**: 2", Some((FieldName::MaxCost, "Max cost"))),
            ("  max_iterations: 3", Some((FieldName::MaxIterations, "max_iterations"))),
            ("See: this", None),
            ("no colon", None),
        ] {
            assert_eq!(named_by(line).map(|(field, span)| (field, span.of(line))), named, "{line}");
        }
    }
}
