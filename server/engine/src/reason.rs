//! Why a task is where it is, in words of everyday: what is kept and what programs read names a breaker's rule.

use alfine_core::breaker::Rule;
use std::borrow::Cow;

/// What a loop that used all its iterations says.
const AT_LIMIT: &str = "iteration_limit_reached";

/// Says a reason in words, where it names a rule of the breaker; any other is said as it is.
pub fn in_words(reason: &str) -> Cow<'_, str> {
    words(reason).map_or(Cow::Borrowed(reason), Cow::Owned)
}

fn words(reason: &str) -> Option<String> {
    let (name, rest) = reason.split_once(' ')?;
    let rule = if name.trim_end_matches(':') == AT_LIMIT { Rule::Iterations } else { Rule::named(name)? };
    let (counted, evidence) = rest.split_once(": ").unwrap_or((rest, ""));
    let (count, limit) = counted.split_once(" of ")?;
    let happened = rule.happened(count, limit);
    Some(match (rule, evidence.find('“').and_then(|at| evidence.get(at..))) {
        (Rule::SameError, Some(error)) => format!("{happened}: {error}"),
        (Rule::AgentFailing, _) if !evidence.is_empty() => format!("{happened}: {evidence}"),
        (Rule::Permission, _) if !evidence.is_empty() => evidence.to_owned(),
        _ => happened,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_the_breaker_is_said_in_words() {
        for (reason, words) in [
            ("iteration_limit_reached: 10 of 10", "all 10 iterations are used"),
            ("iteration_limit_reached: 1 of 1", "its only iteration is used"),
            (
                "no-change 3 of 3: iterations 1, 2 and 3 left tree 29a4167",
                "3 iterations in a row changed nothing",
            ),
            ("no-change 1 of 1", "the last iteration changed nothing"),
            (
                "same-error 2 of 2: iterations 4 and 5 ended with “cargo test failed: 3 of 9”",
                "2 iterations in a row ended with the same error: “cargo test failed: 3 of 9”",
            ),
            ("rework 3 of 3", "the agent said 3 times that it is done, and the checks said no"),
            ("cost $1.02 of $1.00", "it cost $1.02, and its limit is $1.00"),
            ("wall-time 4h of 4h", "it ran for 4h, and its limit is 4h"),
            (
                "permission 2 of 2: Bash was denied in iterations 1 and 2",
                "Bash was denied in iterations 1 and 2",
            ),
        ] {
            assert_eq!(in_words(reason), words);
        }
    }

    #[test]
    fn every_rule_has_its_words() {
        for rule in Rule::ALL {
            assert_eq!(in_words(&format!("{rule} 2 of 3")), rule.happened("2", "3"));
        }
    }

    #[test]
    fn any_other_reason_is_said_as_it_is() {
        for reason in ["", "stopped by the user", "into main", "cost", "cost 3", "no-change", "same-error of"]
        {
            assert_eq!(in_words(reason), reason);
        }
    }
}
