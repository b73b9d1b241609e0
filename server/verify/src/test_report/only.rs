//! How a command runs only some of its tests again.

use super::{
    command::started,
    report::TestRunner,
    shell::{Part, parts},
};
use alfine_core::text::shell_word;

/// How many tests are asked for by name, and how long the command may become. Bytes.
const NAMES: usize = 200;
const LENGTH: usize = 32 << 10;

/// The command with more words, so that its runner runs these tests again; others that are called alike may run with them.
/// `None` where the runner takes no names, where the command selects tests itself in a way that cannot be narrowed, or
/// where a name is not that of a test (a file that could not be loaded).
pub fn only(command: &str, runner: TestRunner, names: &[String]) -> Option<String> {
    let parts = parts(command);
    let (part, at) = parts.iter().find_map(|part| {
        let found = started(part).filter(|found| found.runner == runner)?;
        (found.at <= part.words.len()).then_some((part, found.at))
    })?;
    if names.is_empty() || names.len() > NAMES {
        return None;
    }
    let names: Vec<&str> = names.iter().map(|name| without_number(name)).collect();
    let mut edits = edits(runner, &Given { part, at }, &names)?;
    let mut result = command.to_owned();
    // From the end, so that what comes before stays where it is.
    edits.sort_by_key(|edit| edit.from);
    for Edit { from, to, words } in edits.into_iter().rev() {
        let words: String = words.iter().map(|word| format!(" {word}")).collect();
        result.replace_range(from..to, &words);
    }
    (result.len() <= LENGTH).then_some(result)
}

/// The words that a runner was given.
struct Given<'p> {
    part: &'p Part,
    /// The place of its first own word.
    at: usize,
}

impl Given<'_> {
    fn has(&self, options: &[&str]) -> bool {
        self.part.words.iter().skip(self.at).any(|word| {
            let name = word.text.split_once('=').map_or(word.text.as_str(), |(name, _)| name);
            options.contains(&name)
        })
    }

    /// Where the runner's own options end: before `--`, else at the end.
    fn before_rest(&self) -> usize {
        let rest = self.part.words.iter().skip(self.at).position(|word| word.text == "--");
        match rest {
            Some(rest) => self.end_of_word(self.at + rest),
            None => end_of(self.part),
        }
    }

    /// Where the word before this one ends.
    fn end_of_word(&self, next: usize) -> usize {
        next.checked_sub(1).and_then(|word| self.part.words.get(word)).map_or(0, |word| word.end)
    }
}

fn end_of(part: &Part) -> usize {
    part.words.last().map_or(0, |word| word.end)
}

/// Words that take the place of a part of the command.
struct Edit {
    from: usize,
    to: usize,
    words: Vec<String>,
}

impl Edit {
    fn insert(at: usize, words: Vec<String>) -> Self {
        Self { from: at, to: at, words }
    }
}

fn edits(runner: TestRunner, given: &Given<'_>, names: &[&str]) -> Option<Vec<Edit>> {
    let end = end_of(given.part);
    let before_rest = given.before_rest();
    let insert = |at: usize, words: Vec<String>| Some(vec![Edit::insert(at, words)]);
    // A word for each, or all in one.
    let each = |option: &str, names: Vec<String>| -> Vec<String> {
        names.iter().flat_map(|name| [option.to_owned(), shell_word(name)]).collect()
    };
    let one = |option: &str, value: String| vec![option.to_owned(), shell_word(&value)];
    match runner {
        TestRunner::CargoTest => Some(cargo_test(given, names)),
        TestRunner::Nextest => {
            let test = |name: &&str| {
                let (binary, test) = name.split_once(": ")?;
                Some(format!("(binary_id(={binary}) & test(={test}))"))
            };
            let tests: Vec<String> = names.iter().map(test).collect::<Option<_>>()?;
            let mut words = one("-E", tests.join(" | "));
            if !given.has(&["--no-fail-fast"]) {
                words.push("--no-fail-fast".to_owned());
            }
            insert(before_rest, words)
        }
        TestRunner::Pytest => Some(pytest(given, names)),
        TestRunner::Unittest => {
            let test = |name: &&str| {
                let around = [".setUpClass", ".tearDownClass"];
                around.iter().find_map(|around| name.strip_suffix(around)).unwrap_or(name).to_owned()
            };
            insert(end, each("-k", names.iter().map(test).collect()))
        }
        TestRunner::Jest | TestRunner::Vitest | TestRunner::Mocha | TestRunner::Bun => {
            let (separator, options) = match runner {
                TestRunner::Jest => (" › ", &["-t", "--testNamePattern"][..]),
                TestRunner::Mocha => (" > ", &["-g", "--grep", "-f", "--fgrep"][..]),
                _ => (" > ", &["-t", "--testNamePattern", "--test-name-pattern"][..]),
            };
            if given.has(options) {
                return None;
            }
            // Their names are the titles with a blank between them; all but Mocha have the file before them here.
            let title = |name: &&str| {
                let title = match runner {
                    TestRunner::Mocha => name,
                    TestRunner::Bun => name.split_once(": ")?.1,
                    _ => name.split_once(separator)?.1,
                };
                Some(escaped(&title.replace(separator, " ")))
            };
            let titles: Vec<String> = names.iter().map(title).collect::<Option<_>>()?;
            insert(before_rest, one(options.first()?, format!("^({})$", titles.join("|"))))
        }
        TestRunner::NodeTest => {
            let is_file = |name: &&str| name.contains('/') || name.ends_with("js") || name.ends_with(".ts");
            if given.has(&["--test-name-pattern"]) || names.iter().any(is_file) {
                return None;
            }
            // Older versions compare the last title alone, newer ones the whole name.
            let title = |name: &&str| escaped(name.rsplit(" > ").next().unwrap_or(name));
            let titles: Vec<String> = names.iter().map(title).collect();
            let pattern = format!("--test-name-pattern=(^|\\s)({})$", titles.join("|"));
            // Behind a file's name it would be that file's.
            insert(given.end_of_word(given.at), vec![shell_word(&pattern)])
        }
        TestRunner::Deno => {
            if given.has(&["--filter"]) {
                return None;
            }
            let title =
                |name: &&str| name.split_once(": ").map(|(_, title)| escaped(title).replace('/', "\\/"));
            let titles: Vec<String> = names.iter().map(title).collect::<Option<_>>()?;
            insert(
                given.end_of_word(given.at),
                vec![shell_word(&format!("--filter=/^({})$/", titles.join("|")))],
            )
        }
        TestRunner::Go => {
            if given.has(&["-run", "--run"]) && given.has(&["-args", "--args"]) {
                return None;
            }
            // A part of a test runs with all of it.
            let test = |name: &&str| {
                let test = name.split_once(' ')?.1;
                Some(escaped(test.split('/').next().unwrap_or(test)))
            };
            let mut tests: Vec<String> = names.iter().map(test).collect::<Option<_>>()?;
            tests.sort();
            tests.dedup();
            let args = given
                .part
                .words
                .iter()
                .skip(given.at)
                .position(|word| matches!(&*word.text, "-args" | "--args"));
            let at = args.map_or(end, |args| given.end_of_word(given.at + args));
            let mut words = one("-run", format!("^({})$", tests.join("|")));
            // What passed once would be answered from the cache.
            words.push("-count=1".to_owned());
            insert(at, words)
        }
        TestRunner::Rspec => {
            let title = |name: &&str| name.split_once(": ").map(|(_, title)| title.to_owned());
            insert(end, each("-e", names.iter().map(title).collect::<Option<_>>()?))
        }
        TestRunner::Minitest => {
            if given.has(&["-n", "--name"]) {
                return None;
            }
            let method =
                |name: &&str| name.split_once('#').map(|(_, method)| escaped(method).replace('/', "\\/"));
            let methods: Vec<String> = names.iter().map(method).collect::<Option<_>>()?;
            insert(end, one("-n", format!("/^({})$/", methods.join("|"))))
        }
        TestRunner::Phpunit => {
            if given.has(&["--filter"]) {
                return None;
            }
            let test = |name: &&str| escaped(name).replace('/', "\\/");
            let tests: Vec<String> = names.iter().map(test).collect();
            insert(end, one("--filter", format!("/^({})( |$)/", tests.join("|"))))
        }
        TestRunner::Ctest => {
            if given.has(&["-R", "--tests-regex", "-I", "--tests-information"]) {
                return None;
            }
            let tests: Vec<String> = names.iter().map(|name| escaped(name)).collect();
            insert(end, one("-R", format!("^({})$", tests.join("|"))))
        }
        TestRunner::Maven => {
            if given.has(&["-Dtest", "-Dit.test"]) {
                return None;
            }
            let test = |name: &&str| {
                let name = name.split_once(['(', '[', '{']).map_or(*name, |(name, _)| name);
                let (class, method) = name.rsplit_once('.')?;
                Some(format!("{class}#{method}"))
            };
            let tests: Vec<String> = names.iter().map(test).collect::<Option<_>>()?;
            // In modules that have none of them that is no error.
            let none = ["-Dsurefire.failIfNoSpecifiedTests=false", "-DfailIfNoTests=false"];
            let words = [shell_word(&format!("-Dtest={}", tests.join(",")))].into_iter();
            insert(end, words.chain(none.map(str::to_owned)).collect())
        }
        TestRunner::Gradle => {
            let tasks: Vec<&str> = given
                .part
                .words
                .iter()
                .skip(given.at)
                .map(|word| &*word.text)
                .filter(|word| !word.starts_with('-'))
                .collect();
            // The option belongs to the task before it, which has to be one of tests.
            let [task] = tasks[..] else { return None };
            let is_test =
                task.rsplit(':').next().is_some_and(|task| task == "test" || task.ends_with("Test"));
            if given.has(&["--tests"]) || !is_test {
                return None;
            }
            let test = |name: &&str| {
                let (class, method) = name.split_once(" > ")?;
                Some(format!(
                    "{class}.{}",
                    method.split_once(['(', '[']).map_or(method, |(method, _)| method)
                ))
            };
            insert(end, each("--tests", names.iter().map(test).collect::<Option<_>>()?))
        }
        TestRunner::Dotnet => {
            if given.has(&["--filter"]) {
                return None;
            }
            let test = |name: &&str| {
                let name = name.split_once('(').map_or(*name, |(name, _)| name);
                format!("FullyQualifiedName={name}")
            };
            let tests: Vec<String> = names.iter().map(test).collect();
            insert(before_rest, one("--filter", tests.join("|")))
        }
        TestRunner::Swift => {
            if given.has(&["--filter", "--skip", "--parallel"]) {
                return None;
            }
            // A class and its method, or the function of a test in the newer library.
            let test = |name: &&str| match name.rsplit_once('.') {
                Some((class, method)) => format!("{}/{}$", escaped(class), escaped(method)),
                None => escaped(name.split_once('(').map_or(*name, |(name, _)| name)),
            };
            insert(end, each("--filter", names.iter().map(test).collect()))
        }
        // Each of them in its own way, if at all.
        TestRunner::Tap => None,
    }
}

/// The names go to each binary, behind `--`.
fn cargo_test(given: &Given<'_>, names: &[&str]) -> Vec<Edit> {
    let mut exact = true;
    let mut filters: Vec<String> = Vec::new();
    for name in names {
        let name = name.split_once(": ").map_or(*name, |(_, name)| name);
        // A doc test is called by its file, its item and its line; its harness splits a filter at blanks.
        let filter = match name.split_once(" - ") {
            Some((_, item)) => {
                exact = false;
                item.rsplit(' ').next().unwrap_or(item)
            }
            None => name,
        };
        let filter = shell_word(filter);
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    let rest = given.part.words.iter().skip(given.at).position(|word| word.text == "--");
    let mut behind = Vec::new();
    if rest.is_none() {
        behind.push("--".to_owned());
    }
    if exact && !given.has(&["--exact"]) {
        behind.push("--exact".to_owned());
    }
    behind.append(&mut filters);
    let mut edits = vec![Edit::insert(end_of(given.part), behind)];
    if !given.has(&["--no-fail-fast"]) {
        // One of them that fails must not keep the others from running.
        edits.insert(0, Edit::insert(given.before_rest(), vec!["--no-fail-fast".to_owned()]));
    }
    edits
}

/// The ids take the place of the files and folders of the command, which would run besides.
fn pytest(given: &Given<'_>, names: &[&str]) -> Vec<Edit> {
    /// Long options that have no value; whether a word behind another one is its value is not known.
    const FLAGS: [&str; 14] = [
        "--quiet",
        "--verbose",
        "--exitfirst",
        "--lf",
        "--last-failed",
        "--ff",
        "--failed-first",
        "--sw",
        "--stepwise",
        "--strict-markers",
        "--strict-config",
        "--no-header",
        "--no-summary",
        "--showlocals",
    ];
    /// Short ones that have one.
    const WITH_VALUE: [&str; 8] = ["-k", "-m", "-n", "-c", "-p", "-o", "-W", "-r"];
    let words = given.part.words.get(given.at..).unwrap_or_default();
    let mut before = "";
    let mut edits = Vec::new();
    for word in words {
        let text = word.text.as_str();
        let is_free = match before.strip_prefix('-') {
            None => true,
            Some(option) if option.starts_with('-') => option.contains('=') || FLAGS.contains(&before),
            Some(_) => !WITH_VALUE.contains(&before),
        };
        if is_free && !text.starts_with('-') && !word.is_redirect {
            edits.push(Edit { from: word.start, to: word.end, words: Vec::new() });
        }
        before = if word.is_redirect { "--unknown" } else { text };
    }
    edits.push(Edit::insert(end_of(given.part), names.iter().map(shell_word).collect()));
    edits
}

/// Writes a text as a pattern that matches it alone.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '.' | '*' | '+' | '?' | '^' | '$' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Takes ` #2` from the name of a test that is called like another.
fn without_number(name: &str) -> &str {
    let numbered = name.rsplit_once(" #");
    numbered
        .filter(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrowed(command: &str, runner: TestRunner, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        only(command, runner, &names).unwrap_or_else(|| "none".to_owned())
    }

    #[test]
    fn a_command_runs_only_the_tests_with_these_names() {
        use TestRunner::*;
        for (runner, command, names, expected) in [
            (
                CargoTest,
                "cargo test",
                &["app src/lib.rs: tests::adds"][..],
                "cargo test --no-fail-fast -- --exact tests::adds",
            ),
            (
                CargoTest,
                "cd server && cargo test --workspace -- --nocapture && echo ok",
                &["a src/lib.rs: x", "b src/lib.rs: x", "it tests/it.rs: y #2"],
                "cd server && cargo test --workspace --no-fail-fast -- --nocapture --exact x y && echo ok",
            ),
            (
                CargoTest,
                "cargo test --no-fail-fast",
                &["app: app/src/lib.rs - add #2", "app src/lib.rs: x"],
                "cargo test --no-fail-fast -- add x",
            ),
            (
                Nextest,
                "cargo nextest run -- --nocapture",
                &["app::it: adds"],
                "cargo nextest run -E '(binary_id(=app::it) & test(=adds))' --no-fail-fast -- --nocapture",
            ),
            (Pytest, "pytest", &["t/test_a.py::test_b[a b]"], "pytest 't/test_a.py::test_b[a b]'"),
            (
                Pytest,
                "uv run pytest -q -x tests other/test_b.py -k 'not slow' --cov=app 2>&1",
                &["tests/test_a.py::test_b"],
                "uv run pytest -q -x   -k 'not slow' --cov=app 2>&1 tests/test_a.py::test_b",
            ),
            (Pytest, "python -m pytest --unknown x", &["a.py::b"], "python -m pytest --unknown x a.py::b"),
            (
                Unittest,
                "python -m unittest discover -s tests",
                &["test_x.T.test_a", "test_y.T.setUpClass"],
                "python -m unittest discover -s tests -k test_x.T.test_a -k test_y.T",
            ),
            (
                Jest,
                "npx jest --ci",
                &["src/a.test.js › math › adds (1)"],
                "npx jest --ci -t '^(math adds \\(1\\))$'",
            ),
            (
                Vitest,
                "vitest run",
                &["a.test.ts > math > adds", "a.test.ts > b"],
                "vitest run -t '^(math adds|b)$'",
            ),
            (Mocha, "mocha", &["math > adds"], "mocha -g '^(math adds)$'"),
            (Bun, "bun test", &["a.test.ts: math > adds"], "bun test -t '^(math adds)$'"),
            (
                NodeTest,
                "node --test test/a.mjs",
                &["math > adds"],
                "node --test '--test-name-pattern=(^|\\s)(adds)$' test/a.mjs",
            ),
            (Deno, "deno test -A", &["a_test.ts: adds/x"], "deno test '--filter=/^(adds\\/x)$/' -A"),
            (
                Go,
                "go test ./... -args -x",
                &[
                    "example.com/m/a TestParts/two_words",
                    "example.com/m/a TestParts",
                    "example.com/m/a TestB",
                ],
                "go test ./... -run '^(TestB|TestParts)$' -count=1 -args -x",
            ),
            (Rspec, "bundle exec rspec", &["spec/a_spec.rb: Math adds"], "bundle exec rspec -e 'Math adds'"),
            (Minitest, "bin/rails test", &["MathTest#test_adds"], "bin/rails test -n '/^(test_adds)$/'"),
            (
                Phpunit,
                "vendor/bin/phpunit",
                &["App\\MathTest::testA with data set \"b\""],
                "vendor/bin/phpunit --filter '/^(App\\\\MathTest::testA with data set \"b\")( |$)/'",
            ),
            (Ctest, "ctest --test-dir build", &["adds", "a.b"], "ctest --test-dir build -R '^(adds|a\\.b)$'"),
            (
                Maven,
                "mvn -B test",
                &["com.example.MathTest.fails"],
                "mvn -B test '-Dtest=com.example.MathTest#fails' -Dsurefire.failIfNoSpecifiedTests=false -DfailIfNoTests=false",
            ),
            (
                Gradle,
                "./gradlew test",
                &["com.example.MathTest > fails()"],
                "./gradlew test --tests com.example.MathTest.fails",
            ),
            (
                Dotnet,
                "dotnet test",
                &["App.T.A(x: 1)", "App.T.B"],
                "dotnet test --filter 'FullyQualifiedName=App.T.A|FullyQualifiedName=App.T.B'",
            ),
            (
                Swift,
                "swift test",
                &["MathTests.testAdds", "adds()"],
                "swift test --filter 'MathTests/testAdds$' --filter adds",
            ),
        ] {
            assert_eq!(narrowed(command, runner, names), expected, "{command}");
        }
    }

    #[test]
    fn what_cannot_be_narrowed_is_not() {
        use TestRunner::*;
        for (runner, command, names) in [
            (Pytest, "make test", &["a.py::b"][..]),
            (Pytest, "sh -c 'pytest'", &["a.py::b"]),
            (Pytest, "pytest", &[]),
            (Jest, "jest -t adds", &["a.js › adds"]),
            // A file that could not be loaded is no test.
            (Jest, "jest", &["a.test.js"]),
            (NodeTest, "node --test", &["test/a.test.mjs"]),
            (Go, "go test ./...", &["example.com/m/broken"]),
            (Gradle, "gradle check", &["A > b"]),
            (Gradle, "gradle test jar", &["A > b"]),
            (Tap, "bats a.bats", &["adds"]),
            // Another runner than the one that the command starts.
            (Jest, "vitest run", &["a.js › adds"]),
        ] {
            assert_eq!(narrowed(command, runner, names), "none", "{command}");
        }
        let many: Vec<String> = (0..1000).map(|number| format!("a.py::t{number}")).collect();
        assert_eq!(only("pytest", Pytest, &many), None);
    }
}
