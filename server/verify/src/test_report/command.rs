//! Which test runner a command starts, and whether it would show its counts.

use super::{
    report::TestRunner,
    shell::{Part, Word, parts},
};

/// The runner that a command starts, told by its words. What a package's script or a makefile starts is not looked up;
/// what only builds or lists tests runs none.
pub fn runner_of(command: &str) -> Option<TestRunner> {
    parts(command).iter().find_map(|part| Some(started(part)?.runner))
}

/// Whether the runner that a command starts shows at the end how many tests ran: its output goes nowhere else, and nothing
/// tells it to be quiet, or to report in another way.
pub(super) fn shows_counts(command: &str) -> bool {
    let parts = parts(command);
    let Some((place, found)) =
        parts.iter().enumerate().find_map(|(place, part)| Some((place, started(part)?)))
    else {
        return false;
    };
    let Some(part) = parts.get(place) else { return false };
    let is_kept = !part.is_piped
        || parts.get(place + 1).and_then(|next| next.words.first()).is_some_and(|next| next.text == "tee");
    let is_sent_away = part.words.iter().any(|word| {
        // What goes to another descriptor is still seen.
        word.is_redirect && word.text.contains('>') && !word.text.contains(">&")
    });
    let rest: Vec<&str> = part.words.iter().skip(found.at).map(|word| word.text.as_str()).collect();
    is_kept && !is_sent_away && !is_quiet(found.runner, &rest)
}

/// Whether each `go test` of a command is told to name each test as it runs.
pub(super) fn tells_each_test(command: &str) -> bool {
    let parts = parts(command);
    let mut runs = parts.iter().filter_map(|part| Some((part, started(part)?))).peekable();
    runs.peek().is_some()
        && runs.all(|(part, found)| {
            let mut own = part.words.iter().skip(found.at);
            found.runner == TestRunner::Go
                && own.any(|word| matches!(&*word.text, "-v" | "-v=true" | "-test.v"))
        })
}

/// A runner among the words of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Started {
    pub(super) runner: TestRunner,
    /// The place of the word after which its own words stand; past the end where they are in another command's word.
    pub(super) at: usize,
}

pub(super) fn started(part: &Part) -> Option<Started> {
    /// What starts what starts what ... nobody writes more.
    const DEPTH: usize = 12;
    let words = &part.words[..];
    let mut at = 0;
    for _ in 0..DEPTH {
        at = skip_assignments(words, at);
        let rest: Vec<&str> = words.get(at..)?.iter().map(|word| word.text.as_str()).collect();
        let (first, rest) = rest.split_first()?;
        let program = first.rsplit('/').next().unwrap_or(first);
        if let Some((runner, own)) = runner(program, rest) {
            let lists = rest.iter().any(|word| {
                matches!(
                    *word,
                    "--help" | "--version" | "--list-tests" | "--listTests" | "--no-run" | "--list"
                )
            });
            return (!lists).then_some(Started { runner, at: at + 1 + own });
        }
        if matches!(program, "sh" | "bash" | "zsh" | "dash") {
            let script = rest.iter().position(|word| word.starts_with('-') && word.ends_with('c'))?;
            let runner = runner_of(rest.get(script + 1)?)?;
            return Some(Started { runner, at: words.len() + 1 });
        }
        at += 1 + launcher(program, rest)?;
    }
    None
}

fn skip_assignments(words: &[Word], mut at: usize) -> usize {
    while words.get(at).is_some_and(|word| is_assignment(&word.text) || word.text == "!" || word.text == "{")
    {
        at += 1;
    }
    at
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// How many words follow a program that starts another, before that other one.
fn launcher(program: &str, rest: &[&str]) -> Option<usize> {
    /// Options of such programs whose value is a word of its own.
    const WITH_VALUE: [&str; 21] = [
        "-n",
        "-u",
        "-k",
        "-s",
        "-p",
        "-e",
        "-c",
        "--with",
        "--extra",
        "--group",
        "--python",
        "--package",
        "--directory",
        "--project",
        "--env-file",
        "--filter",
        "-C",
        "--dir",
        "--source",
        "--rcfile",
        "--signal",
    ];
    let options = |from: usize| {
        let mut at = from;
        while let Some(word) = rest.get(at) {
            if *word == "--" {
                return at + 1;
            }
            if !word.starts_with('-') {
                break;
            }
            at += if WITH_VALUE.contains(word) { 2 } else { 1 };
        }
        at
    };
    let after = |subcommand: &[&str]| {
        let at = options(0);
        rest.get(at).filter(|word| subcommand.contains(word)).map(|_| options(at + 1))
    };
    match program {
        "env" | "cross-env" | "command" | "exec" | "nohup" | "time" | "nice" | "ionice" | "stdbuf"
        | "sudo" | "xvfb-run" | "caffeinate" | "setsid" | "npx" | "bunx" | "pnpx" | "uvx" | "dotenv"
        | "c8" | "nyc" | "then" | "do" | "else" | "if" | "while" | "chronic" | "unbuffer" => Some(options(0)),
        "timeout" | "gtimeout" => Some(options(0) + 1),
        "uv" | "poetry" | "pdm" | "pipenv" | "rye" | "hatch" | "pixi" | "conda" | "mamba" | "micromamba" => {
            after(&["run"])
        }
        "bundle" | "mise" | "asdf" | "rbenv" | "npm" | "opam" => after(&["exec", "x"]),
        "direnv" => after(&["exec"]).map(|at| at + 1),
        // What they do not know themselves they take for a program of the packages.
        "pnpm" | "yarn" | "bun" => Some(after(&["exec", "dlx", "x", "run"]).unwrap_or_else(|| options(0))),
        "composer" => after(&["exec"]),
        // `coverage run -m pytest` reads like Python.
        "coverage" => coverage(rest),
        _ if is_python(program) => {
            let module = rest.iter().position(|word| *word == "-m")?;
            (rest.get(module + 1).copied() == Some("coverage")).then_some(module + 1)
        }
        _ => None,
    }
}

/// `coverage run [options] -m pytest`: up to the module.
fn coverage(rest: &[&str]) -> Option<usize> {
    rest.first().filter(|word| **word == "run")?;
    let module = rest.iter().position(|word| matches!(*word, "-m" | "--module"))?;
    Some(module + 1)
}

fn is_python(program: &str) -> bool {
    let version = program.strip_prefix("python").or_else(|| program.strip_prefix("pypy"));
    program == "py" || version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The runner that a program is, and how many of the words after it belong to its name.
fn runner(program: &str, rest: &[&str]) -> Option<(TestRunner, usize)> {
    let has = |word: &str| rest.contains(&word);
    let first = |known: &[&str]| rest.first().is_some_and(|word| known.contains(word));
    // The first word that is no option, for programs whose options before it have no values.
    let subcommand = || rest.iter().position(|word| !word.starts_with(['-', '+']));
    let found = |runner, words| Some((runner, words));
    match program {
        "cargo" => cargo(rest),
        "cargo-nextest" => cargo(rest),
        "pytest" | "py.test" | "pytest-3" => {
            (!has("--fixtures") && !has("--markers")).then_some((TestRunner::Pytest, 0))
        }
        "unittest" | "nose2" => found(TestRunner::Unittest, 0),
        "manage.py" | "django-admin" if first(&["test"]) => found(TestRunner::Unittest, 1),
        _ if is_python(program) => {
            let at = rest.iter().position(|word| !is_flag_of_python(word))?;
            let word = *rest.get(at)?;
            let next = rest.get(at + 1).copied().unwrap_or_default();
            match (word, next) {
                ("-m", "pytest") => found(TestRunner::Pytest, at + 2),
                ("-m", "unittest" | "nose2") => found(TestRunner::Unittest, at + 2),
                ("-m", "django") if rest.get(at + 2).is_some_and(|word| *word == "test") => {
                    found(TestRunner::Unittest, at + 3)
                }
                (script, "test") if script.rsplit('/').next() == Some("manage.py") => {
                    found(TestRunner::Unittest, at + 2)
                }
                _ => None,
            }
        }
        "jest" => (!has("--showConfig")).then_some((TestRunner::Jest, 0)),
        "react-scripts" | "craco" if first(&["test"]) => found(TestRunner::Jest, 1),
        "vitest" => (!first(&["list", "bench", "init"])).then_some((TestRunner::Vitest, 0)),
        "mocha" | "_mocha" => found(TestRunner::Mocha, 0),
        "node" | "tsx" | "nodejs" => {
            let test = rest.iter().position(|word| *word == "--test")?;
            // An option behind the script is the script's own.
            rest.iter()
                .take(test)
                .all(|word| word.starts_with('-') || word.contains('=') || !word.contains('.'))
                .then_some((TestRunner::NodeTest, test + 1))
        }
        "bun" if first(&["test"]) => found(TestRunner::Bun, 1),
        "deno" if first(&["test"]) => found(TestRunner::Deno, 1),
        "go" if first(&["test"]) => {
            (!has("-c") && !has("-list") && !has("-n")).then_some((TestRunner::Go, 1))
        }
        "gotestsum" => found(TestRunner::Go, 0),
        "rspec" => (!has("--dry-run")).then_some((TestRunner::Rspec, 0)),
        "rails" if rest.first().is_some_and(|word| *word == "test" || word.starts_with("test:")) => {
            found(TestRunner::Minitest, 1)
        }
        "ruby" => {
            let is_test = |word: &&str| {
                let name = word.rsplit('/').next().unwrap_or(word);
                name.ends_with("_test.rb") || (name.starts_with("test_") && name.ends_with(".rb"))
            };
            let at = rest.iter().position(is_test)?;
            found(TestRunner::Minitest, at + 1)
        }
        "phpunit" | "simple-phpunit" | "paratest" | "phpunit.phar" => found(TestRunner::Phpunit, 0),
        "php" => {
            let at = rest.iter().position(|word| !word.starts_with('-'))?;
            let name = rest.get(at)?.rsplit('/').next()?;
            matches!(name, "phpunit" | "phpunit.phar").then_some((TestRunner::Phpunit, at + 1))
        }
        "ctest" | "ctest3" => (!has("-N") && !has("--show-only")).then_some((TestRunner::Ctest, 0)),
        "mvn" | "mvnw" | "mvnd" => {
            let goals =
                ["test", "package", "verify", "install", "deploy", "integration-test", "surefire:test"];
            let skips = rest.iter().any(|word| {
                matches!(
                    *word,
                    "-DskipTests" | "-DskipTests=true" | "-Dmaven.test.skip" | "-Dmaven.test.skip=true"
                )
            });
            (!skips && rest.iter().any(|word| goals.contains(word))).then_some((TestRunner::Maven, 0))
        }
        "gradle" | "gradlew" => {
            let skips = rest.windows(2).any(|pair| matches!(pair, ["-x" | "--exclude-task", "test"]));
            let runs = rest.iter().any(|word| {
                let task = word.rsplit(':').next().unwrap_or(word);
                !word.starts_with('-')
                    && (matches!(task, "check" | "build") || task == "test" || task.ends_with("Test"))
            });
            (!skips && runs).then_some((TestRunner::Gradle, 0))
        }
        "dotnet" if first(&["test", "vstest"]) => (!has("-t")).then_some((TestRunner::Dotnet, 1)),
        "swift" => {
            let at = subcommand()?;
            let is_test = rest.get(at) == Some(&"test") && rest.get(at + 1) != Some(&"list");
            is_test.then_some((TestRunner::Swift, at + 1))
        }
        "bats" | "prove" | "tap" | "tape" => found(TestRunner::Tap, 0),
        _ => None,
    }
}

fn is_flag_of_python(word: &str) -> bool {
    word.starts_with('-') && word != "-m" && word != "-c" && word.len() > 1
}

fn cargo(rest: &[&str]) -> Option<(TestRunner, usize)> {
    /// Options of cargo itself whose value is a word of its own.
    const WITH_VALUE: [&str; 4] = ["-C", "--config", "-Z", "--color"];
    let mut at = 0;
    let mut next = || loop {
        let word = rest.get(at)?;
        at += if WITH_VALUE.contains(word) { 2 } else { 1 };
        if !word.starts_with(['-', '+']) {
            return Some((*word, at));
        }
    };
    loop {
        return match next()? {
            ("test" | "t", at) => Some((TestRunner::CargoTest, at)),
            ("nextest", _) => match next()? {
                ("run" | "r", at) => Some((TestRunner::Nextest, at)),
                _ => None,
            },
            // They run the subcommand that follows, or the tests.
            ("miri" | "hack" | "careful", _) => continue,
            ("llvm-cov" | "tarpaulin", after) => match next() {
                Some(("nextest", at)) => Some((TestRunner::Nextest, at)),
                Some(("test", at)) => Some((TestRunner::CargoTest, at)),
                Some(("report" | "clean" | "show-env", _)) => None,
                Some(_) | None => Some((TestRunner::CargoTest, after)),
            },
            _ => None,
        };
    }
}

/// Whether the words after a runner tell it not to sum up, or to do it in a way that is not read.
fn is_quiet(runner: TestRunner, rest: &[&str]) -> bool {
    let has = |options: &[&str]| {
        rest.iter().any(|word| {
            let name = word.split_once('=').map_or(*word, |(name, _)| name);
            options.contains(&name)
        })
    };
    match runner {
        // Once is only less, and still a count.
        TestRunner::Pytest => {
            let q = |word: &&&str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('q');
            let count = |word: &&str| word.matches('q').count();
            let quiet = rest.iter().filter(q).map(count).sum::<usize>()
                + rest.iter().filter(|word| **word == "--quiet").count();
            quiet > 1 || rest.windows(2).any(|pair| pair == ["-p", "no:terminal"])
        }
        TestRunner::CargoTest => has(&["--format", "--message-format", "-Z"]),
        TestRunner::Nextest => has(&["--message-format", "--status-level", "--final-status-level"]),
        TestRunner::Unittest | TestRunner::Go => false,
        TestRunner::Jest => has(&["--json", "--reporters", "--outputFile", "--watch", "--watchAll"]),
        TestRunner::Vitest => has(&["--reporter", "--outputFile", "--watch", "-w"]),
        TestRunner::Mocha => has(&["--reporter", "-R", "--watch", "-w"]),
        TestRunner::NodeTest => has(&["--test-reporter", "--test-reporter-destination", "--watch"]),
        TestRunner::Bun => has(&["--reporter", "--watch"]),
        TestRunner::Deno => has(&["--reporter", "--quiet", "-q", "--watch"]),
        TestRunner::Rspec => has(&["--format", "-f", "--out", "-o", "--options", "-O"]),
        TestRunner::Minitest => has(&["--quiet", "-q"]),
        TestRunner::Phpunit => has(&[
            "--no-output",
            "--no-results",
            "--teamcity",
            "--testdox-html",
            "--printer",
            "--quiet",
            "-q",
        ]),
        TestRunner::Ctest => has(&["-Q", "--quiet", "--dashboard", "-D"]),
        TestRunner::Maven => has(&["-q", "--quiet"]),
        // It counts only where a test failed.
        TestRunner::Gradle => true,
        TestRunner::Dotnet => has(&["-v", "--verbosity", "--logger", "-l", "--output", "-tl", "--tl"]),
        TestRunner::Swift => has(&["-q", "--quiet", "--xunit-output", "--parallel"]),
        // Bats draws in another way for a terminal, and each of them has a quiet mode.
        TestRunner::Tap => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_known_by_the_words_of_its_command() {
        for (runner, commands) in [
            (
                TestRunner::CargoTest,
                &[
                    "cargo test",
                    "cargo t --workspace -- --nocapture",
                    "cargo +nightly test -q",
                    "cd server && RUST_LOG=debug cargo test -p a",
                    "cargo --locked test",
                    "cargo -C x test",
                    "cargo llvm-cov --html",
                    "cargo miri test",
                    "timeout 5m cargo test | tee log",
                    "! cargo test --test gone",
                ][..],
            ),
            (
                TestRunner::Nextest,
                &[
                    "cargo nextest run",
                    "cargo nextest r -E 'test(a)'",
                    "cargo llvm-cov nextest",
                    "cargo miri nextest run",
                ],
            ),
            (
                TestRunner::Pytest,
                &[
                    "pytest",
                    "pytest -q tests/test_a.py",
                    "python -m pytest",
                    "python3.12 -B -m pytest -x",
                    ".venv/bin/pytest",
                    "uv run pytest",
                    "uv run --with x pytest",
                    "poetry run pytest",
                    "uv run python -m pytest",
                    "env -u A B=1 pytest",
                    "coverage run --source a -m pytest && coverage report",
                    "python -m coverage run -m pytest",
                    "sh -c 'cd x && pytest -q'",
                    "cd a; pytest",
                    "if pytest; then echo well; fi",
                ],
            ),
            (
                TestRunner::Unittest,
                &[
                    "python -m unittest",
                    "python3 -m unittest discover -s tests",
                    "python manage.py test",
                    "./manage.py test app",
                    "coverage run -m unittest",
                ],
            ),
            (
                TestRunner::Jest,
                &[
                    "jest",
                    "npx jest --ci",
                    "yarn jest",
                    "pnpm exec jest",
                    "npx --yes jest",
                    "./node_modules/.bin/jest",
                    "npm exec -- jest",
                    "CI=true npx react-scripts test",
                ],
            ),
            (
                TestRunner::Vitest,
                &["vitest run", "pnpm vitest run", "bunx vitest", "pnpm --filter web exec vitest run"],
            ),
            (TestRunner::Mocha, &["mocha", "npx c8 mocha test", "nyc --reporter=text mocha"]),
            (
                TestRunner::NodeTest,
                &[
                    "node --test",
                    "node --import tsx --test test/*.ts",
                    "node --test --test-name-pattern=a",
                    "tsx --test a.ts",
                ],
            ),
            (TestRunner::Bun, &["bun test", "bun test a.test.ts"]),
            (TestRunner::Deno, &["deno test -A"]),
            (
                TestRunner::Go,
                &["go test ./...", "CGO_ENABLED=0 go test -race -v ./...", "gotestsum -- ./..."],
            ),
            (TestRunner::Rspec, &["rspec", "bundle exec rspec spec/a_spec.rb", "bin/rspec"]),
            (
                TestRunner::Minitest,
                &["bin/rails test", "ruby -Itest test/a_test.rb", "bundle exec rails test:models"],
            ),
            (
                TestRunner::Phpunit,
                &["vendor/bin/phpunit", "php vendor/bin/phpunit tests", "composer exec phpunit"],
            ),
            (TestRunner::Ctest, &["ctest --test-dir build", "cmake --build build && ctest"]),
            (TestRunner::Maven, &["mvn test", "./mvnw -B verify"]),
            (TestRunner::Gradle, &["./gradlew test", "gradle :app:check", "./gradlew integrationTest"]),
            (TestRunner::Dotnet, &["dotnet test", "dotnet test App.sln --no-build"]),
            (TestRunner::Swift, &["swift test", "swift test --filter A"]),
            (TestRunner::Tap, &["bats tests", "prove -r t"]),
        ] {
            for command in commands {
                assert_eq!(runner_of(command), Some(runner), "{command}");
            }
        }
    }

    #[test]
    fn what_runs_no_tests_is_no_runner() {
        for command in [
            "cargo build",
            "cargo test --no-run",
            "cargo test -- --list",
            "cargo nextest list",
            "cargo clippy --all-targets",
            "go vet ./...",
            "go test -c ./a",
            "npm test",
            "make test",
            "echo pytest",
            "grep -r pytest .",
            "python test.py",
            "node test.js --test",
            "node a.js",
            "vitest list",
            "jest --listTests",
            "dotnet build",
            "mvn -DskipTests package",
            "gradle build -x test",
            "swift build",
            "pytest --version",
            "ctest -N",
            "",
            "'",
            "sh",
            "sh -c",
            "timeout",
            "uv run",
            "coverage run -m",
        ] {
            assert_eq!(runner_of(command), None, "{command}");
        }
    }

    #[test]
    fn counts_are_shown_unless_something_says_otherwise() {
        for command in [
            "pytest",
            "pytest -q",
            "pytest -x 2>&1",
            "pytest | tee log",
            "cargo test -q",
            "npx jest --silent",
            "go test ./...",
            "sh -c 'pytest'",
            "cargo test && pytest -qq",
        ] {
            assert!(shows_counts(command), "{command}");
        }
        for command in [
            "pytest -qq",
            "pytest -q -q",
            "pytest > log",
            "pytest &> log",
            "pytest >> log 2>&1",
            "pytest | tail -1",
            "pytest 2>/dev/null",
            "npx vitest run --reporter=junit",
            "node --test --test-reporter dot",
            "gradle test",
            "npm test",
            "cargo build",
        ] {
            assert!(!shows_counts(command), "{command}");
        }
    }
}
