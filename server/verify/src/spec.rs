//! What a verifier is: a check to run, with its weight and its limits.

use super::seconds;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// One check to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierSpec {
    /// What a user calls it, such as `cargo test`.
    pub name: String,
    /// What the verifier does.
    #[serde(flatten)]
    pub kind: VerifierKind,
    /// Its share in the score, relative to the others.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// How long it may take; in seconds where it is written down.
    #[serde(default = "default_timeout", with = "seconds")]
    pub timeout: Duration,
    /// Whether the result can be green only if this verifier passes.
    #[serde(default = "default_required")]
    pub required: bool,
    /// The folder that it runs in, from the root; empty for the root itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The index of the task's criterion that it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
    /// Whether the task itself names it: it may fail until the work is done, and must pass then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_task: bool,
    /// What it uses that only one check can use at a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
}

impl VerifierSpec {
    /// Makes a verifier with the defaults: weight 1, 300 seconds, required, bound to no criterion.
    pub fn new(name: impl Into<String>, kind: VerifierKind) -> Self {
        Self {
            name: name.into(),
            kind,
            weight: default_weight(),
            timeout: default_timeout(),
            required: default_required(),
            folder: String::new(),
            criterion: None,
            of_task: false,
            uses: Vec::new(),
        }
    }

    /// Says whether two verifiers do the same, however it is written: `npm test` and `npm run test` run one script, and
    /// `cd web && npm test` is `npm test` in `web`.
    pub fn does_as(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (VerifierKind::Command { command: one }, VerifierKind::Command { command: another }) => {
                one == another || plainly(&self.folder, one) == plainly(&other.folder, another)
            }
            (one, another) => one == another,
        }
    }

    /// Makes a verifier of a command, named after it.
    pub fn command(command: impl Into<String>) -> Self {
        let command = command.into();
        Self::new(command.clone(), VerifierKind::Command { command })
    }

    /// Makes it run in a folder, from the root.
    #[must_use]
    pub fn within(self, folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }
}

fn default_weight() -> f64 {
    1.0
}

fn default_timeout() -> Duration {
    Duration::from_secs(300)
}

/// A check that somebody named is meant: without it "done" proves nothing.
fn default_required() -> bool {
    true
}

/// What a verifier does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum VerifierKind {
    /// Passes when a command exits with 0.
    Command {
        /// Given to `sh -c`.
        command: String,
    },
    /// Passes when nothing is left that is in no commit once the work is committed; ignored files and Alfine's own folder
    /// are left out.
    CleanTree {
        /// Git pathspecs to look at; empty: everything.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
    },
    /// Passes when a language server has no errors in the files that the work changed.
    Diagnostics {
        /// The server's command line.
        server: String,
        /// Globs of the files that it is shown; empty: those that are known to concern it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        globs: Vec<String>,
        /// The files that were changed and that these globs mean, from the root. Known only where the work is compared with
        /// what was there before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        files: Option<Vec<String>>,
    },
    /// Passes when pages show in a browser what they are to show.
    Browser {
        /// The pages.
        #[serde(flatten)]
        pages: Pages,
    },
    /// Passes when a judge, an agent of its own, finds that it holds.
    Llm {
        /// What has to hold.
        question: String,
    },
}

impl VerifierKind {
    /// The command line of a verifier that is one.
    pub fn command(&self) -> Option<&str> {
        match self {
            Self::Command { command } => Some(command),
            Self::CleanTree { .. } | Self::Diagnostics { .. } | Self::Browser { .. } | Self::Llm { .. } => {
                None
            }
        }
    }
}

/// What is opened, and what it is to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pages {
    /// The command that starts the server, given to `sh -c`; `{port}` is a free port.
    pub serve: String,
    /// The pages; `{port}` is that port.
    pub urls: Vec<String>,
    /// How long each may take to show all, in milliseconds.
    pub wait_ms: u64,
    /// Texts that each has to show.
    #[serde(default)]
    pub texts: Vec<String>,
    /// Selectors of elements that each has to have.
    #[serde(default)]
    pub selectors: Vec<String>,
    /// Whether an error in the console is a problem.
    pub no_console_errors: bool,
    /// What the names of pictures begin with; none are kept without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<PathBuf>,
}

/// A command's words as they are written most plainly, and the folder that it runs in.
fn plainly(folder: &str, command: &str) -> (String, Vec<String>) {
    let (mut folder, mut command) = (folder.to_owned(), command.trim());
    if let Some((into, rest)) = command.strip_prefix("cd ").and_then(|rest| rest.split_once("&&")) {
        let into = into.trim().trim_matches(['\'', '"']).trim_start_matches("./").trim_end_matches('/');
        folder = if folder.is_empty() { into.to_owned() } else { format!("{folder}/{into}") };
        command = rest.trim();
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    let words = match words.as_slice() {
        [manager @ ("npm" | "pnpm"), "t" | "tst", rest @ ..] => [&[*manager, "test"], rest].concat(),
        ["npm", "run" | "run-script", script, rest @ ..] => [&["npm", *script], rest].concat(),
        [manager @ ("pnpm" | "yarn"), "run", script, rest @ ..] => [&[*manager, *script], rest].concat(),
        ["python" | "python3", "-m", "pytest", rest @ ..] => [&["pytest"], rest].concat(),
        words => words.to_vec(),
    };
    (folder, words.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_is_known_however_it_is_written() {
        let spec = |folder: &str, command: &str| VerifierSpec::command(command).within(folder);
        for (one, another) in [
            (("", "npm test"), ("", "npm run test")),
            (("", "npm t"), ("", "npm run-script test")),
            (("", "pnpm lint"), ("", "pnpm run lint")),
            (("", "yarn  test"), ("", "yarn run test")),
            (("web", "npm test"), ("", "cd web && npm run test")),
            (("", "cd 'my app' && npm test"), ("my app", "npm run test")),
            (("", "cd ./web/ && npm test -- --ci"), ("web", "npm run test -- --ci")),
            (("", "pytest -q"), ("", "python3 -m pytest -q")),
        ] {
            assert!(spec(one.0, one.1).does_as(&spec(another.0, another.1)), "{one:?} {another:?}");
        }
        for (one, another) in [
            (("web", "npm run test"), ("api", "npm test")),
            (("", "npm test"), ("", "npm run test:unit")),
            (("", "npm test"), ("", "npm run test -- --watch")),
            (("", "npm test"), ("", "pnpm test")),
            (("", "bun test"), ("", "bun run test")),
        ] {
            assert!(!spec(one.0, one.1).does_as(&spec(another.0, another.1)), "{one:?} {another:?}");
        }
    }

    #[test]
    fn a_verifier_is_written_with_its_kind_and_read_with_defaults() {
        let spec: VerifierSpec =
            serde_json::from_str(r#"{"name":"tests","kind":"command","command":"make test"}"#).unwrap();
        let command = VerifierKind::Command { command: "make test".to_owned() };
        assert_eq!(spec, VerifierSpec::new("tests", command));
        assert_eq!((spec.weight, spec.timeout, spec.required), (1.0, Duration::from_secs(300), true));
        assert_eq!(
            serde_json::to_string(&VerifierSpec::new("clean", VerifierKind::CleanTree { paths: vec![] }))
                .unwrap(),
            r#"{"name":"clean","kind":"clean-tree","weight":1.0,"timeout":300.0,"required":true}"#
        );
    }

    #[test]
    fn a_timeout_that_is_no_duration_is_refused() {
        for timeout in ["-1", "1e300", "\"x\""] {
            let text = format!(r#"{{"name":"n","kind":"command","command":"c","timeout":{timeout}}}"#);
            assert!(serde_json::from_str::<VerifierSpec>(&text).is_err(), "{timeout}");
        }
    }
}
