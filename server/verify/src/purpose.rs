//! What a command checks, by its words: whether it runs tests, or lets a linter or a type checker look at the work.

use super::test_report::{runner_of, shell};

/// Programs that lint, check formats or types; what a program does only below some of its words, with these.
const LINTERS: [(&str, &[&str]); 45] = [
    ("ansible-lint", &[]),
    ("basedpyright", &[]),
    ("biome", &["check", "lint", "ci"]),
    ("black", &["--check"]),
    ("buf", &["lint"]),
    ("cargo", &["clippy", "fmt", "deny"]),
    ("cargo-clippy", &[]),
    ("checkstyle", &[]),
    ("clang-format", &["--dry-run"]),
    ("clang-tidy", &[]),
    ("clippy-driver", &[]),
    ("deno", &["lint", "check", "fmt"]),
    ("detekt", &[]),
    ("dotnet", &["format"]),
    ("eslint", &[]),
    ("flake8", &[]),
    ("gofmt", &[]),
    ("go", &["vet"]),
    ("golangci-lint", &[]),
    ("hadolint", &[]),
    ("ktlint", &[]),
    ("luacheck", &[]),
    ("markdownlint", &[]),
    ("mypy", &[]),
    ("oxlint", &[]),
    ("phpcs", &[]),
    ("phpstan", &[]),
    ("prettier", &["--check", "-c"]),
    ("psalm", &[]),
    ("pylint", &[]),
    ("pyright", &[]),
    ("revive", &[]),
    ("rubocop", &[]),
    ("ruff", &["check", "format"]),
    ("selene", &[]),
    ("shellcheck", &[]),
    ("standard", &[]),
    ("standardrb", &[]),
    ("staticcheck", &[]),
    ("stylelint", &[]),
    ("swiftlint", &[]),
    ("tsc", &[]),
    ("ty", &["check"]),
    ("vue-tsc", &[]),
    ("xo", &[]),
];

/// Programs that run what a repository calls by a name of its own.
const RUNNERS_OF_SCRIPTS: [&str; 7] = ["npm", "pnpm", "yarn", "bun", "make", "just", "task"];

/// Whether a command runs tests: it starts a runner that is known, or what its repository calls `test`.
pub fn runs_tests(command: &str) -> bool {
    runner_of(command).is_some() || runs_script(command, &["test", "tests", "t", "tst", "unit", "e2e"])
}

/// Programs that say or show words, or look where a program is: they run none of those behind them.
const ONLY_SAY: [&str; 14] = [
    ":", "[", "alias", "cat", "command", "echo", "false", "grep", "ls", "printf", "test", "true", "type",
    "which",
];
/// Words with which a program only tells of itself.
const ABOUT_ITSELF: [&str; 4] = ["--help", "--version", "-h", "-V"];

/// Whether a command lets a linter or a type checker look at the work.
pub fn runs_linter(command: &str) -> bool {
    let lints = shell::parts(command).iter().any(|part| {
        let words: Vec<&str> = part.words.iter().map(|word| word.text.as_str()).collect();
        if words.first().is_some_and(|first| ONLY_SAY.contains(first))
            || words.iter().any(|word| ABOUT_ITSELF.contains(word))
        {
            return false;
        }
        words.iter().enumerate().any(|(at, word)| {
            let program = word.rsplit('/').next().unwrap_or(word);
            let rest = words.get(at + 1..).unwrap_or_default();
            LINTERS.iter().any(|(name, below)| {
                *name == program && (below.is_empty() || rest.iter().any(|word| below.contains(word)))
            })
        })
    });
    let scripts =
        ["lint", "typecheck", "type-check", "types", "clippy", "check-types", "format-check", "tsc"];
    lints || runs_script(command, &scripts)
}

/// Whether a command runs a script of one of these names, or of one that begins with it: `npm run test:unit`.
fn runs_script(command: &str, names: &[&str]) -> bool {
    shell::parts(command).iter().any(|part| {
        let words: Vec<&str> = part.words.iter().map(|word| word.text.as_str()).collect();
        let Some(at) = words.iter().position(|word| RUNNERS_OF_SCRIPTS.contains(word)) else { return false };
        let script = words
            .iter()
            .skip(at + 1)
            .find(|word| !word.starts_with('-') && !matches!(**word, "run" | "run-script"));
        script.and_then(|script| script.split(':').next()).is_some_and(|script| names.contains(&script))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_linters_are_told_by_their_words() {
        for command in [
            "cargo test --workspace",
            "npm test",
            "npm run test:unit",
            "cd web && pnpm run test",
            "make test",
            "uv run pytest -q",
        ] {
            assert!(runs_tests(command) && !runs_linter(command), "{command}");
        }
        for command in [
            "cargo clippy --all-targets -- -D warnings",
            "npm run lint",
            "cd web && npx tsc --noEmit",
            "./node_modules/.bin/eslint .",
            "uv run ruff check .",
            "make lint",
            "pnpm -s typecheck",
        ] {
            assert!(runs_linter(command) && !runs_tests(command), "{command}");
        }
        for command in [
            "echo eslint",
            "true && : eslint .",
            "cargo clippy --help || true",
            "which mypy",
            "eslint --version",
        ] {
            assert!(!runs_linter(command), "{command}");
        }
        for command in
            ["make", "npm run build", "cargo build", "echo test", "ls tests", "prettier --write .", ""]
        {
            assert!(!runs_linter(command) && !runs_tests(command), "{command}");
        }
        assert!(runs_linter("cargo test && cargo clippy") && runs_tests("cargo test && cargo clippy"));
    }
}
