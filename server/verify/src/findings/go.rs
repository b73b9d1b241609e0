//! go build, go vet and go test.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;

patterns! {
    PLACE = r"^(?:vet: )?(\S+\.go):(\d+)(?::(\d+))?: (.+)$";
    FAILED = r"^\s*--- FAIL: (\S+) \([\d.]+s\)$";
    LOG = r"^\s{4,}([^\s:]+\.go):(\d+): ?(.*)$";
    OTHER_TEST = r"^\s*(?:--- (?:PASS|SKIP|BENCH): |=== (?:RUN|CONT|PAUSE|NAME) )";
    PACKAGE = r"^(?:FAIL|ok)\s+(\S+)\s";
    PANIC = r"^panic: (.+?)(?: \[recovered.*\])?$";
}

/// How many failures of one package are remembered until its name is known.
const WAITING: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The failed test whose log is being printed.
    test: Option<String>,
    /// Failures of the package whose name comes at its end.
    waiting: Vec<Failure>,
    /// The last log line has no text of its own: its text follows.
    wants_text: bool,
}

#[derive(Debug)]
struct Failure {
    test: String,
    place: Option<Place>,
    message: String,
}

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if let Some(failed) = FAILED.captures(line) {
            self.begin(group(&failed, 1));
            return true;
        }
        if OTHER_TEST.is_match(line) {
            self.test = None;
            return true;
        }
        if let Some(package) = PACKAGE.captures(line) {
            self.finish(group(&package, 1), found);
            return true;
        }
        if let Some(place) = PLACE.captures(line) {
            let at = Place::new(group(&place, 1), group(&place, 2), group(&place, 3));
            if at.is_some() {
                found.add(Severity::Error, at, None, group(&place, 4));
            }
            return true;
        }
        self.log_line(line)
    }

    fn end(&mut self, found: &mut Collected) {
        self.finish("", found);
    }
}

impl Parser {
    fn begin(&mut self, test: &str) {
        // A test of which a part failed says nothing itself.
        self.waiting.retain(|failure| {
            let parent = test.strip_prefix(failure.test.as_str()).is_some_and(|rest| rest.starts_with('/'));
            !parent || failure.place.is_some()
        });
        self.test = Some(test.to_owned());
        self.wants_text = false;
        self.push(Failure { test: test.to_owned(), place: None, message: "the test failed".to_owned() });
    }

    /// The first line with a place stands for the test.
    fn replace_or_push(&mut self, failure: Failure) {
        match self.waiting.last_mut().filter(|last| last.test == failure.test && last.place.is_none()) {
            Some(last) => *last = failure,
            None => self.push(failure),
        }
    }

    fn push(&mut self, failure: Failure) {
        if self.waiting.len() < WAITING {
            self.waiting.push(failure);
        }
    }

    fn log_line(&mut self, line: &str) -> bool {
        let Some(test) = &self.test else { return false };
        if let Some(log) = LOG.captures(line) {
            let place = Place::new(group(&log, 1), group(&log, 2), "");
            let message = group(&log, 3).trim().to_owned();
            self.wants_text = message.is_empty();
            let failure = Failure { test: test.clone(), place, message };
            self.replace_or_push(failure);
            return true;
        }
        if let Some(panic) = PANIC.captures(line) {
            let failure =
                Failure { test: test.clone(), place: None, message: format!("panic: {}", group(&panic, 1)) };
            self.replace_or_push(failure);
            return true;
        }
        // Assertion libraries begin with an empty line and their own trace, then say what is wrong.
        let text = line.trim();
        let named = text.strip_prefix("Error:").map(str::trim);
        match self.waiting.last_mut().filter(|_| self.wants_text) {
            Some(last)
                if named.is_some() || !(text.is_empty() || text.contains(".go:") || text.ends_with(':')) =>
            {
                named.unwrap_or(text).clone_into(&mut last.message);
                self.wants_text = false;
                true
            }
            _ => false,
        }
    }

    /// Adds the failures of a package, now that its folder can be told.
    fn finish(&mut self, package: &str, found: &mut Collected) {
        self.test = None;
        self.wants_text = false;
        for Failure { test, mut place, message } in std::mem::take(&mut self.waiting) {
            if let Some(place) = place.as_mut().filter(|place| !place.file.contains('/')) {
                place.file =
                    found.in_folder(package, &place.file).unwrap_or_else(|| std::mem::take(&mut place.file));
            }
            let message = if message.is_empty() { "the test failed" } else { &message };
            found.add(Severity::Error, place, Some(&test), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, read_in};

    #[test]
    fn the_errors_of_build_and_vet_are_read() {
        let output = "\
# example.com/m/store
store/store.go:12:5: undefined: foo
./main.go:3:8: \"os\" imported and not used
vet: ./a.go:3:2: fmt.Printf format %d has arg \"x\" of wrong type string
note: module requires Go 1.30
";
        assert_eq!(
            read(output),
            [
                "error store/store.go:12:5 [-] undefined: foo",
                "error main.go:3:8 [-] \"os\" imported and not used",
                "error a.go:3:2 [-] fmt.Printf format %d has arg \"x\" of wrong type string",
            ]
        );
    }

    #[test]
    fn failed_tests_are_read_with_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("internal/store")).unwrap();
        std::fs::write(folder.path().join("internal/store/store_test.go"), "").unwrap();
        let output = "\
ok  \texample.com/m\t0.001s
--- FAIL: TestStore (0.00s)
    --- FAIL: TestStore/empty (0.00s)
        store_test.go:21: got 1, want 2
        store_test.go:22: and more
    --- PASS: TestStore/full (0.00s)
        store_test.go:99: only a log
--- FAIL: TestSilent (0.10s)
--- FAIL: TestTestify (0.00s)
    store_test.go:30: 
        \tError Trace:\t/home/x/store_test.go:30
        \tError:      \tNot equal: 
        \t            \texpected: 1
FAIL
FAIL\texample.com/m/internal/store\t0.003s
FAIL
";
        assert_eq!(
            read_in(output, folder.path()),
            [
                "error internal/store/store_test.go:21:- [TestStore/empty] got 1, want 2",
                "error internal/store/store_test.go:22:- [TestStore/empty] and more",
                "error -:-:- [TestSilent] the test failed",
                "error internal/store/store_test.go:30:- [TestTestify] Not equal:",
            ]
        );
    }

    #[test]
    fn a_panic_is_the_tests_and_its_stack_is_none_of_it() {
        let output = "\
--- FAIL: TestP (0.00s)
panic: runtime error: index out of range [5] with length 3 [recovered, repanicked]

goroutine 7 [running]:
testing.tRunner.func1.2({0x5, 0x6})
\t/usr/lib/go/src/testing/testing.go:1632 +0x230
main.TestP(0xc0000)
\t/home/me/app/a_test.go:9 +0x1d
exit status 2
FAIL\texample.com/m\t0.005s
";
        assert_eq!(
            read(output),
            ["error -:-:- [TestP] panic: runtime error: index out of range [5] with length 3"]
        );
    }
}
