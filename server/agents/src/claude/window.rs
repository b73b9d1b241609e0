//! How much the conversation of a model can hold.

/// Tokens, by how a model's name begins: Anthropic's overview of its models, <https://platform.claude.com/docs/en/models>. Of a
/// model that is not here nothing is assumed.
const WINDOWS: [(&str, u64); 7] = [
    ("claude-fable-5", 1_000_000),
    ("claude-opus-5", 1_000_000),
    ("claude-sonnet-5", 1_000_000),
    ("claude-3", 200_000),
    ("claude-opus-4", 200_000),
    ("claude-sonnet-4", 200_000),
    ("claude-haiku-4", 200_000),
];

/// What Claude Code adds to the name of a model whose longer window is asked for, and that window.
const LONGER: (&str, u64) = ("[1m]", 1_000_000);

/// The window of a model, in tokens, by the name that the CLI has for it; also by the names of other providers, which put their
/// own before it. `None` if the model is not known.
pub(super) fn window_of(model: &str) -> Option<u64> {
    if model.ends_with(LONGER.0) {
        return Some(LONGER.1);
    }
    let name = model.find("claude-").and_then(|at| model.get(at..))?;
    WINDOWS.iter().find(|(begins, _)| name.starts_with(begins)).map(|(_, window)| *window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_known_has_its_window_and_another_one_none() {
        for (model, window) in [
            ("claude-sonnet-4-5-20250929", Some(200_000)),
            ("claude-sonnet-4-5-20250929[1m]", Some(1_000_000)),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", Some(200_000)),
            ("claude-opus-5-5", Some(1_000_000)),
            ("claude-next-9", None),
            ("sonnet", None),
            ("", None),
        ] {
            assert_eq!(window_of(model), window, "{model}");
        }
    }
}
