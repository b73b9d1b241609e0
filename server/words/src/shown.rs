//! Words for what is counted and for what is known of a criterion.

use alfine_core::{breaker::dollars, prompt::CriterionState};

/// Says what a loop cost so far, and whether that is all of it; `None` if nothing was spent. `partial`: some run of the
/// agent did not say what it cost.
pub fn cost(usd: Option<f64>, partial: bool) -> Option<String> {
    match (usd, partial) {
        (Some(usd), false) => Some(dollars(usd.abs())),
        (Some(usd), true) if usd > 0.0 => Some(format!("{}, in part unknown", dollars(usd))),
        (_, true) => Some("cost unknown".to_owned()),
        (None, false) => None,
    }
}

/// Says what fills an agent's context before it does anything: the name and size in bytes of each part, the largest first.
pub fn context(parts: &[(String, u64)]) -> String {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let parts: Vec<String> =
        parts.iter().map(|(name, size)| format!("{name} ({} kB)", size.div_ceil(1000))).collect();
    let own = "its own instructions, tools and MCP servers";
    if parts.is_empty() {
        format!("it is filled by {own}")
    } else {
        format!("it is filled by {}; and {own}", parts.join(", "))
    }
}

/// Says what is known of a criterion, in one word.
pub fn criterion(state: CriterionState) -> &'static str {
    match state {
        CriterionState::Open => "open",
        CriterionState::Checked => "ticked",
        CriterionState::Proven => "proven",
        CriterionState::Guard => "guard",
        CriterionState::Unproven => "unproven",
        CriterionState::Weak => "weak",
        CriterionState::Approved => "approved",
        CriterionState::Stale => "stale",
        CriterionState::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_context_is_named_with_its_size_the_largest_first() {
        let parts = [("the prompt".to_owned(), 4200), ("CLAUDE.md".to_owned(), 340_001)];
        assert_eq!(
            context(&parts),
            "it is filled by CLAUDE.md (341 kB), the prompt (5 kB); and its own instructions, tools and MCP servers"
        );
        assert_eq!(context(&[]), "it is filled by its own instructions, tools and MCP servers");
    }

    #[test]
    fn a_cost_says_whether_it_is_all() {
        let said = |usd, partial| cost(usd, partial).unwrap_or_default();
        assert_eq!(said(Some(0.25), false), "$0.25");
        assert_eq!(said(Some(-0.0), false), "$0.00");
        assert_eq!(said(Some(0.25), true), "$0.25, in part unknown");
        assert_eq!((said(Some(0.0), true), said(None, true)), ("cost unknown".into(), "cost unknown".into()));
        assert_eq!(cost(None, false), None);
    }
}
