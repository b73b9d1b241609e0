//! pytest: the failures with their tracebacks, long or short, and its short summary.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;
use std::collections::HashSet;

patterns! {
    SECTION = r"^_{2,} (?:ERROR (?:collecting|at setup of|at teardown of) )?(.+?) _{2,}$";
    EXPLANATION = r"^E   (.*)$";
    FRAME = r"^(\S.*?\.py):(\d+): (?:in \S.*|([A-Za-z_][\w.]*)?)$";
    SUMMARY = r"^(?:FAILED|ERROR) ([^\s:]+\.py)(?:::(\S.*?))?(?: - (.*))?$";
}

/// How many tests are remembered.
const TESTS: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The test, or the file being collected, whose failure is being printed.
    test: Option<String>,
    /// Its last traceback entry in the worktree.
    frame: Option<Place>,
    explanation: Option<String>,
    placed: HashSet<String>,
}

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if line.starts_with("====") {
            self.finish(found);
            return false;
        }
        if let Some(section) = SECTION.captures(line) {
            self.finish(found);
            self.test = Some(group(&section, 1).to_owned());
            return true;
        }
        if let Some(summary) = SUMMARY.captures(line) {
            self.summary(group(&summary, 1), group(&summary, 2), group(&summary, 3), found);
            return true;
        }
        if self.test.is_none() {
            return false;
        }
        if let Some(explanation) = EXPLANATION.captures(line) {
            let text = group(&explanation, 1).trim();
            if self.explanation.is_none() && !text.is_empty() {
                self.explanation = Some(text.to_owned());
            }
            return true;
        }
        let Some(frame) = FRAME.captures(line) else { return false };
        let file = group(&frame, 1);
        if self.frame.is_none() || found.is_own(file) {
            self.frame = Place::new(file, group(&frame, 2), "");
        }
        if let Some(exception) = frame.get(3) {
            self.explanation.get_or_insert_with(|| exception.as_str().to_owned());
        }
        true
    }

    fn end(&mut self, found: &mut Collected) {
        self.finish(found);
    }
}

impl Parser {
    /// Adds the failure that was being printed, if it has a place.
    fn finish(&mut self, found: &mut Collected) {
        let (test, frame) = (self.test.take(), self.frame.take());
        let explanation = self.explanation.take();
        let (Some(test), Some(frame)) = (test, frame) else { return };
        found.add(
            Severity::Error,
            Some(frame),
            Some(&test),
            explanation.as_deref().unwrap_or("the test failed"),
        );
        if self.placed.len() < TESTS {
            self.placed.insert(dotted(&test));
        }
    }

    /// Adds what only the summary names.
    fn summary(&mut self, file: &str, test: &str, message: &str, found: &mut Collected) {
        self.finish(found);
        let key = if test.is_empty() { dotted(file) } else { dotted(test) };
        if self.placed.contains(&key) {
            return;
        }
        let code = Some(test).filter(|test| !test.is_empty());
        let message = if message.is_empty() { "the test failed" } else { message };
        found.add(Severity::Error, Some(Place::file(file)), code, message);
    }
}

/// A test's name as sections print it; the summary has `::` between a class and its method.
fn dotted(name: &str) -> String {
    name.replace("::", ".")
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn failures_are_read_with_test_place_and_explanation() {
        let output = "\
============================= test session starts ==============================
platform linux -- Python 3.12.1, pytest-8.3.2, pluggy-1.5.0
rootdir: /home/me/app
collected 3 items

tests/test_a.py F.F                                                      [100%]

=================================== FAILURES ===================================
___________________________________ test_sum ___________________________________

    def test_sum():
>       assert add(1, 2) == 4
E       assert 3 == 4
E        +  where 3 = add(1, 2)

tests/test_a.py:5: AssertionError
_______________________________ TestB.test_parse[a b] ________________________________

self = <test_a.TestB object at 0x7f>

    def test_parse(self):
>       parse('x')

tests/test_a.py:12: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
src/parse.py:3: in parse
    return int(text)
E   ValueError: invalid literal for int() with base 10: 'x'

/usr/lib/python3.12/json/decoder.py:99: ValueError
----------------------------- Captured stdout call -----------------------------
12:30:45 INFO hello
=========================== short test summary info ============================
FAILED tests/test_a.py::test_sum - assert 3 == 4
FAILED tests/test_a.py::TestB::test_parse[a b] - ValueError: invalid literal f...
FAILED tests/test_b.py::test_only_here - assert 0
========================= 3 failed, 1 passed in 0.03s ==========================
";
        assert_eq!(
            read(output),
            [
                "error tests/test_a.py:5:- [test_sum] assert 3 == 4",
                "error src/parse.py:3:- [TestB.test_parse[a b]] ValueError: invalid literal for int() with base 10: 'x'",
                "error tests/test_b.py:-:- [test_only_here] assert 0",
            ]
        );
    }

    #[test]
    fn an_error_of_collection_is_read() {
        let output = "\
==================================== ERRORS ====================================
_______________________ ERROR collecting tests/test_c.py _______________________
ImportError while importing test module '/home/me/app/tests/test_c.py'.
Hint: make sure your test modules/packages have valid Python names.
Traceback:
/usr/lib/python3.12/importlib/__init__.py:90: in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
tests/test_c.py:1: in <module>
    import missing
E   ModuleNotFoundError: No module named 'missing'
=========================== short test summary info ============================
ERROR tests/test_c.py
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
";
        assert_eq!(
            read(output),
            ["error tests/test_c.py:1:- [tests/test_c.py] ModuleNotFoundError: No module named 'missing'"]
        );
    }

    #[test]
    fn a_quiet_summary_alone_is_read() {
        let output =
            "FAILED tests/test_a.py::test_x\nERROR tests/test_b.py - NameError: name 'x' is not defined\n";
        assert_eq!(
            read(output),
            [
                "error tests/test_a.py:-:- [test_x] the test failed",
                "error tests/test_b.py:-:- [-] NameError: name 'x' is not defined",
            ]
        );
    }
}
