//! What a heading, or a label above a list, announces by its name: criteria, what never blocks, what holds no work.

use crate::plan::mark::is_sign;

/// What stands below a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// What must hold in the end.
    Criteria,
    /// Work that never blocks.
    Optional,
    /// What nobody is to work on: questions, risks, what a person does.
    Idle,
}

const CRITERIA: [&str; 17] = [
    "ac",
    "acceptance",
    "acceptance criteria",
    "acceptance criterion",
    "completion criteria",
    "criteria",
    "definition of done",
    "dod",
    "done criteria",
    "done if",
    "done when",
    "exit criteria",
    "exit criterion",
    "success criteria",
    "success criterion",
    "verification",
    "verification criteria",
];
const IDLE: [&str; 24] = [
    "anti goals",
    "assumptions",
    "legend",
    "non goal",
    "non goals",
    "nongoals",
    "not doing",
    "not in scope",
    "note",
    "notes",
    "open issues",
    "open points",
    "open question",
    "open questions",
    "out of scope",
    "post completion",
    "questions",
    "risk",
    "risks",
    "status key",
    "status legend",
    "unknowns",
    "unresolved questions",
    "won't do",
];
/// What may stand before *notes*, *risks* and *questions*.
const WHICH: [&str; 14] = [
    "additional",
    "design",
    "developer",
    "final",
    "further",
    "general",
    "implementation",
    "important",
    "known",
    "other",
    "potential",
    "project",
    "remaining",
    "technical",
];
/// What a person does by hand; any other *manual …* may be a manual.
const BY_HAND: [&str; 17] = [
    "action",
    "actions",
    "check",
    "checks",
    "checklist",
    "follow up",
    "qa",
    "review",
    "setup",
    "step",
    "steps",
    "task",
    "tasks",
    "test",
    "testing",
    "validation",
    "verification",
];
/// The longest text that is a name, in bytes.
const MAX_NAME: usize = 80;

/// Finds out what a heading or a label announces.
pub(super) fn named(text: &str) -> Option<Named> {
    if text.len() > MAX_NAME {
        return None;
    }
    // By far the most frequent one.
    if text.trim_end_matches(':').eq_ignore_ascii_case("acceptance criteria") {
        return Some(Named::Criteria);
    }
    let name = simple(text);
    if names_optional(&name) {
        return Some(Named::Optional);
    }
    let alone = without_note(&name).replace('-', " ");
    if CRITERIA.contains(&alone.as_str()) {
        return Some(Named::Criteria);
    }
    names_idle(&alone).then_some(Named::Idle)
}

pub(super) fn names_criteria(text: &str) -> bool {
    named(text) == Some(Named::Criteria)
}

/// Whether the heading of a task says that it never blocks.
pub(super) fn task_is_optional(heading: &str) -> bool {
    // Asked of every task, and nearly always in vain.
    let heading = heading.trim_end();
    let may = heading.starts_with(['o', 'O', 'f', 'F', 'n', 'N'])
        || heading.ends_with(['l', 'L', 'e', 'E', 's', 'S'])
        || heading.contains(['(', '[', '（']);
    may && names_optional(&simple(heading))
}

/// Lower case, words joined by blanks, without signs and numbers before it, and colons and signs behind it.
fn simple(text: &str) -> String {
    let is_edge = |c: char| c.is_whitespace() || is_sign(c) || matches!(c, ':' | '：');
    let mut text = text.trim_matches(is_edge);
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if number.len() < text.len() && number.starts_with([' ', ')']) {
        text = number.trim_start_matches(')').trim_start_matches(is_edge);
    }
    let mut simple = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !simple.is_empty() {
            simple.push(' ');
        }
        simple.extend(word.chars().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }));
    }
    simple
}

/// A name without what stands in parentheses behind it.
fn without_note(name: &str) -> &str {
    let name = name.split(" (").next().unwrap_or(name);
    name.split('（').next().unwrap_or(name).trim_end_matches([':', '：', ' '])
}

fn names_idle(name: &str) -> bool {
    if let Some(by_hand) = name.strip_prefix("manual ") {
        return BY_HAND.iter().any(|known| begins(by_hand, known));
    }
    let name = name.split_once(' ').filter(|(which, _)| WHICH.contains(which)).map_or(name, |(_, rest)| rest);
    IDLE.iter().any(|known| begins(name, known))
}

/// Whether `name` is `known`, perhaps with more of its kind: `risks and mitigations`, `notes for reviewers`.
fn begins(name: &str, known: &str) -> bool {
    name.strip_prefix(known).is_some_and(|rest| {
        let more = [" and ", " & ", " / ", "/", ",", ":", " - ", " – ", " — ", " for ", " on "];
        rest.is_empty() || more.iter().any(|more| rest.starts_with(more))
    })
}

fn names_optional(name: &str) -> bool {
    if marked_optional(name) {
        return true;
    }
    let name = &name.replace("nice-to-have", "nice to have").replace("(s)", "s");
    ["optional", "future", "nice to have", "nice to haves"].iter().any(|word| {
        let after = name.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, ':' | '/' | '(' | '（' | ','))
        });
        let ends = name
            .strip_suffix(word)
            .is_some_and(|rest| rest.trim_end().ends_with([':', '-', '–', '—', '/']) && rest.ends_with(' '));
        after || ends
    })
}

/// What a line announces that stands right above a list.
pub(super) fn announced(line: &str) -> Option<Named> {
    let short = || line.split_whitespace().nth(4).is_none();
    // A sentence that happens to begin with "Future" announces nothing.
    named(line).filter(|named| match named {
        Named::Criteria => true,
        Named::Optional | Named::Idle => short(),
    })
}

/// Says whether a title carries `(optional)` itself.
pub(super) fn marked_optional(title: &str) -> bool {
    if !title.contains(['(', '[', '（']) {
        return false;
    }
    let lower = title.to_lowercase();
    ["(optional)", "(future)", "(nice to have)", "[optional]", "（optional）"]
        .iter()
        .any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_known_by_name() {
        for text in [
            "Acceptance criteria:",
            "ACCEPTANCE CRITERIA",
            "Criteria",
            "Acceptance Criteria (all):",
            "Acceptance criteria（all）：",
            "✅ Success criteria",
            "7. Success Criteria",
            "Definition of Done:",
            "Definition-of-Done",
            "Done when",
            "Exit criteria",
            "Acceptance",
            "AC:",
            "DoD",
            "## Verification".trim_start_matches('#'),
        ] {
            assert_eq!(named(text), Some(Named::Criteria), "{text}");
        }
        for text in [
            "Optional",
            "Optional:",
            "Future work",
            "Nice to have",
            "Nice-to-haves:",
            "Phase 4 (optional)",
            "Phase 4 - Nice to have",
            "💡 Future ideas",
        ] {
            assert_eq!(named(text), Some(Named::Optional), "{text}");
        }
        for text in [
            "Out of scope",
            "🚫 Out-of-Scope:",
            "Non-goals",
            "Non goals (for now)",
            "Open questions",
            "Open Questions for Ada",
            "5. Risks & mitigations",
            "Known risks",
            "Notes",
            "Implementation notes",
            "Post-Completion",
            "Manual verification",
            "Manual QA",
            "Status legend:",
        ] {
            assert_eq!(named(text), Some(Named::Idle), "{text}");
        }
        for text in [
            "Selection criteria",
            "Criteria for success",
            "Verify",
            "Accounts",
            "Futures",
            "Non-optional",
            "Future-proof the API",
            "Optionality",
            "Notebook",
            "Release notes",
            "Manual page",
            "Riskless",
            "",
            "✅",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
