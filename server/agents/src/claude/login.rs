//! How to log in to the provider that Claude Code uses.

use crate::Login;

/// The clouds that serve its models: the variable that chooses one, the variables of a key of its own, the command that
/// logs in otherwise, and words by which its login is known where nothing says which is used.
const CLOUDS: [(&str, &[&str], &str, &[&str]); 3] = [
    (
        "CLAUDE_CODE_USE_BEDROCK",
        &["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID"],
        "aws sso login",
        &["sso", "aws", "bedrock"],
    ),
    (
        "CLAUDE_CODE_USE_VERTEX",
        &["GOOGLE_APPLICATION_CREDENTIALS"],
        "gcloud auth application-default login",
        &["gcloud", "google", "vertex", "default credentials"],
    ),
    (
        "CLAUDE_CODE_USE_FOUNDRY",
        &["ANTHROPIC_FOUNDRY_API_KEY"],
        "az login",
        &["azure", "az login", "entra", "foundry"],
    ),
];

/// Keys that go before the CLI's own login.
const KEYS: [&str; 2] = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"];

/// Returns what to do about a login that failed with the words `said`.
pub(super) fn login(env: &dyn Fn(&str) -> Option<String>, said: &str) -> Login {
    let is_set = |name: &str| env(name).is_some_and(|value| !matches!(value.trim(), "" | "0" | "false"));
    let said = said.to_lowercase();
    let chosen = CLOUDS.iter().find(|(variable, ..)| is_set(variable));
    let named = || CLOUDS.iter().find(|(.., words)| words.iter().any(|word| said.contains(word)));
    if let Some((_, keys, command, _)) = chosen.or_else(named) {
        let key = chosen.and_then(|_| keys.iter().find(|key| is_set(key)));
        let remedy = key
            .map_or_else(|| (*command).to_owned(), |key| format!("renew {key}, or unset it and: {command}"));
        return Login { remedy, cloud: true };
    }
    let command = "claude auth login";
    let key = KEYS.iter().find(|key| is_set(key));
    let remedy =
        key.map_or_else(|| command.to_owned(), |key| format!("renew {key}, or unset it and: {command}"));
    Login { remedy, cloud: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_is_that_of_the_provider_in_use() {
        const SSO: &str = "API Error: the SSO session of this profile has expired";
        for (set, said, remedy, cloud) in [
            (&[][..], "Invalid API key", "claude auth login", false),
            (
                &["ANTHROPIC_API_KEY=x"],
                "Invalid API key",
                "renew ANTHROPIC_API_KEY, or unset it and: claude auth login",
                false,
            ),
            (&["ANTHROPIC_API_KEY="], "Invalid API key", "claude auth login", false),
            (&["CLAUDE_CODE_USE_BEDROCK=1"], "403", "aws sso login", true),
            (&["CLAUDE_CODE_USE_BEDROCK=0"], "403", "claude auth login", false),
            (&["CLAUDE_CODE_USE_VERTEX=1"], SSO, "gcloud auth application-default login", true),
            (&["CLAUDE_CODE_USE_FOUNDRY=true"], "401", "az login", true),
            (
                &["CLAUDE_CODE_USE_BEDROCK=1", "AWS_BEARER_TOKEN_BEDROCK=x"],
                "403",
                "renew AWS_BEARER_TOKEN_BEDROCK, or unset it and: aws sso login",
                true,
            ),
            (&[], SSO, "aws sso login", true),
            (&[], "Could not load the default credentials", "gcloud auth application-default login", true),
        ] {
            let env = |name: &str| {
                set.iter()
                    .find_map(|pair: &&str| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
            };
            assert_eq!(login(&env, said), Login { remedy: remedy.to_owned(), cloud }, "{set:?} {said}");
        }
    }
}
