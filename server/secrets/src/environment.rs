//! Which environment variables an agent and a verifier get.

use super::shapes::{has_known_shape, password_of_url};
use std::ffi::{OsStr, OsString};

/// Kept whatever their value looks like: without them nothing runs. `SSH_AUTH_SOCK` is no secret but a socket; without
/// it neither private dependencies nor signed commits work. Proxies may name a password that the network needs.
const KEPT: &str =
    "PATH HOME USER LOGNAME SHELL PWD OLDPWD LANG LC_* TERM TZ TMPDIR XDG_* SSH_AUTH_SOCK *_PROXY DISPLAY";

/// Dropped although they are no secrets: they tie a program to the repository, the editor or the agent that Alfine was
/// started from. The git ones are those of `git rev-parse --local-env-vars` and what hooks set; the askpass ones hand
/// out the editor's login.
const MISLEADING: &str = "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_ASKPASS GIT_COMMON_DIR GIT_CONFIG GIT_CONFIG_COUNT \
     GIT_CONFIG_KEY_* GIT_CONFIG_PARAMETERS GIT_CONFIG_VALUE_* GIT_DIR GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE \
     GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY \
     GIT_PREFIX GIT_QUARANTINE_PATH GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE SSH_ASKPASS \
     CLAUDECODE CLAUDE_CODE_ENTRYPOINT CLAUDE_CODE_SSE_PORT CODEX_SANDBOX CODEX_SANDBOX_NETWORK_DISABLED \
     GEMINI_CLI OPENCODE ELECTRON_RUN_AS_NODE NVIM NVIM_LISTEN_ADDRESS VIMRUNTIME VSCODE_*";

/// AWS variables that say where, not who.
const AWS_HARMLESS: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PAGER"];

/// Leaves out what looks like a secret, and what would tie a program to where Alfine itself was started.
///
/// `own` names the agent's own variables, `pass` those that the user passes on; `PREFIX_*` names all with a prefix.
/// `pass` wins over all; what is misleading goes even where it is the agent's own.
pub fn clean_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
    own: &[&str],
    pass: &[String],
) -> Vec<(OsString, OsString)> {
    variables
        .filter(|(name, value)| {
            let name = name.to_string_lossy();
            if pass.iter().any(|pattern| names(pattern, &name)) {
                return true;
            }
            if MISLEADING.split(' ').any(|pattern| names(pattern, &name)) {
                return false;
            }
            own.iter().any(|pattern| names(pattern, &name)) || !is_secret(&name, value)
        })
        .collect()
}

/// Says whether a variable looks like a secret, by its name or by its value.
pub(super) fn is_secret(name: &str, value: &OsStr) -> bool {
    let upper = name.to_ascii_uppercase();
    if KEPT.split(' ').any(|pattern| names(pattern, &upper)) {
        return false;
    }
    is_secret_name(&upper) || {
        let value = value.as_encoded_bytes();
        has_known_shape(value) || password_of_url(value).is_some()
    }
}

fn is_secret_name(name: &str) -> bool {
    if AWS_HARMLESS.contains(&name) {
        return false;
    }
    let anywhere = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "CREDENTIAL", "APIKEY"];
    if name.starts_with("AWS_") || anywhere.iter().any(|word| name.contains(word)) || name.ends_with("TOKEN")
    {
        return true;
    }
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_word = |word: &str| words.contains(&word);
    let ends_with = |word: &str| words.len() > 1 && words.last() == Some(&word);
    is_word("TOKEN")
        || (words.len() > 1 && (is_word("KEY") || is_word("KEYS")))
        || ["AUTH", "PAT", "PASS", "PWD"].into_iter().any(ends_with)
        || name == "DOCKER_AUTH_CONFIG"
}

/// Compares a name with a pattern: `NAME`, `PREFIX_*` or `*_SUFFIX`.
fn names(pattern: &str, name: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(prefix), _) => name.starts_with(prefix),
        (_, Some(suffix)) => name.ends_with(suffix),
        _ => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStringExt;

    fn cleaned(variables: &[(&str, &str)], own: &[&str], pass: &[&str]) -> Vec<String> {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let pass: Vec<String> = pass.iter().map(ToString::to_string).collect();
        clean_environment(variables, own, &pass)
            .into_iter()
            .map(|(name, _)| name.into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_is_named_like_a_secret_is_dropped() {
        for name in [
            "GITHUB_TOKEN",
            "NPM_TOKEN",
            "githubToken",
            "TOKEN",
            "API_KEY",
            "OPENAI_API_KEY",
            "API_KEY_PROD",
            "CLIENT_SECRET",
            "SECRET_KEY_BASE",
            "PGPASSWORD",
            "DB_PASSWD",
            "MYSQL_PWD",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "NPM_CONFIG__AUTH",
            "AZURE_DEVOPS_EXT_PAT",
            "SMTP_PASS",
            "MY_APIKEY",
            "DOCKER_AUTH_CONFIG",
        ] {
            assert_eq!(cleaned(&[(name, "x")], &[], &[]), [""; 0], "{name}");
        }
    }

    #[test]
    fn what_a_program_needs_to_run_is_kept() {
        let needed = [
            ("PATH", "/usr/bin:/sk-ant-abcdefghijklmnopqrst0123456789/bin"),
            ("HOME", "/home/me"),
            ("PWD", "/x"),
            ("LANG", "C.UTF-8"),
            ("LC_ALL", "C"),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("https_proxy", "http://me:password@proxy:3128"),
            ("KEYBOARD", "de"),
            ("MONKEY", "x"),
            ("TOKENIZERS_PARALLELISM", "true"),
            ("MAX_TOKENS", "4096"),
            ("AUTHOR", "me"),
            ("COMPASS", "north"),
            ("DATABASE_URL", "postgres://localhost/x"),
            ("AWS_REGION", "eu-central-1"),
            ("CARGO_HOME", "/c"),
        ];
        let names: Vec<&str> = needed.iter().map(|(name, _)| *name).collect();
        assert_eq!(cleaned(&needed, &[], &[]), names);
    }

    #[test]
    fn what_is_shaped_like_a_secret_is_dropped_whatever_its_name() {
        let shaped = [
            ("DATABASE_URL", "postgres://me:hunter2!@localhost/x"),
            ("THING", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
            ("NOTE", "see sk-ant-api03-abcdefghijklmnop0123456789"),
        ];
        assert_eq!(cleaned(&shaped, &[], &[]), [""; 0]);
    }

    #[test]
    fn the_agents_own_and_the_passed_ones_are_kept() {
        let variables = [
            ("ANTHROPIC_API_KEY", "x"),
            ("ANTHROPIC_AUTH_TOKEN", "x"),
            ("DB_PASSWORD", "x"),
            ("OPENAI_API_KEY", "x"),
        ];
        assert_eq!(
            cleaned(&variables, &["ANTHROPIC_*"], &["DB_PASSWORD"]),
            ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "DB_PASSWORD"]
        );
    }

    #[test]
    fn nothing_ties_the_agent_to_where_alfine_was_started() {
        let variables = [
            ("GIT_DIR", "x"),
            ("GIT_INDEX_FILE", "x"),
            ("GIT_CONFIG_KEY_0", "x"),
            ("GIT_CONFIG_COUNT", "1"),
            ("CLAUDECODE", "1"),
            ("CLAUDE_CODE_ENTRYPOINT", "cli"),
            ("VSCODE_GIT_IPC_HANDLE", "x"),
            ("GIT_AUTHOR_NAME", "me"),
            ("GIT_SSH_COMMAND", "ssh -i x"),
        ];
        assert_eq!(cleaned(&variables, &["CLAUDE*"], &[]), ["GIT_AUTHOR_NAME", "GIT_SSH_COMMAND"]);
        assert_eq!(cleaned(&[("GIT_DIR", "x")], &[], &["GIT_DIR"]), ["GIT_DIR"]);
    }

    proptest! {
        #[test]
        fn no_variable_panics_and_none_is_made_up(name: Vec<u8>, value: Vec<u8>) {
            let variable = (OsString::from_vec(name), OsString::from_vec(value));
            let cleaned = clean_environment([variable.clone()].into_iter(), &[], &[]);
            prop_assert!(cleaned.is_empty() || cleaned == [variable]);
        }
    }
}
