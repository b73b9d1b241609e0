//! Jest and Vitest: failed tests, with the first place of their stack that is in the worktree.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;

patterns! {
    VITEST = r"^\s*FAIL\s+(?:\|[^|]*\|\s+)?(\S+\.[cm]?[jt]sx?)(?: > (.+))?$";
    JEST = r"^  ● (.+)$";
    FRAME = r"^\s+(?:❯ (?:\S+ )?|at (?:.* \()?)((?:file://)?[^\s():]+\.[cm]?[jt]sx?):(\d+):(\d+)\)?$";
}

#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The file of the tests that follow.
    file: Option<String>,
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    test: String,
    message: Option<String>,
}

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if let Some(failed) = VITEST.captures(line) {
            self.finish(None, found);
            self.file = Some(group(&failed, 1).to_owned());
            // Jest prints the file alone; its tests follow.
            self.failure =
                failed.get(2).map(|test| Failure { test: test.as_str().to_owned(), message: None });
            return true;
        }
        if let Some(failed) = JEST.captures(line).filter(|_| self.file.is_some()) {
            self.finish(None, found);
            self.failure = Some(Failure { test: group(&failed, 1).to_owned(), message: None });
            return true;
        }
        let Some(failure) = &mut self.failure else { return false };
        if let Some(frame) = FRAME.captures(line) {
            let file = group(&frame, 1).trim_start_matches("file://");
            if found.is_own(file) {
                let place = Place::new(file, group(&frame, 2), group(&frame, 3));
                self.finish(place, found);
            }
            return true;
        }
        let text = line.trim();
        if failure.message.is_none() && !text.is_empty() {
            failure.message = Some(text.to_owned());
            return true;
        }
        false
    }

    fn end(&mut self, found: &mut Collected) {
        self.finish(None, found);
    }
}

impl Parser {
    fn finish(&mut self, place: Option<Place>, found: &mut Collected) {
        let Some(Failure { test, message }) = self.failure.take() else { return };
        let place = place.or_else(|| self.file.as_deref().map(Place::file));
        found.add(Severity::Error, place, Some(&test), message.as_deref().unwrap_or("the test failed"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn vitests_failures_are_read() {
        let output = "
 RUN  v2.1.1 /home/me/app

 ❯ src/a.test.ts (2 tests | 1 failed) 5ms
   × math > adds 4ms

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/a.test.ts > math > adds
AssertionError: expected 3 to be 4 // Object.is equality

- Expected
+ Received

- 4
+ 3

 ❯ helper node_modules/x/dist/index.js:1:1
 ❯ src/a.test.ts:5:20
      3| test('adds', () => {

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯
";
        assert_eq!(
            read(output),
            [
                "error src/a.test.ts:5:20 [math > adds] AssertionError: expected 3 to be 4 // Object.is equality"
            ]
        );
    }

    #[test]
    fn jests_failures_are_read() {
        let output = "
FAIL src/a.test.js
  math
    ✕ adds (3 ms)
    ✓ subtracts

  ● math › adds

    expect(received).toBe(expected) // Object.is equality

    Expected: 4
    Received: 3

      3 |   test('adds', () => {
    > 4 |     expect(add(1, 2)).toBe(4);
        |                       ^

      at Object.toBe (node_modules/expect/build/index.js:100:1)
      at Object.<anonymous> (src/a.test.js:4:23)

  ● math › has no stack

    thrown: \"x\"

Test Suites: 1 failed, 1 total
";
        assert_eq!(
            read(output),
            [
                "error src/a.test.js:4:23 [math › adds] expect(received).toBe(expected) // Object.is equality",
                "error src/a.test.js:-:- [math › has no stack] thrown: \"x\"",
            ]
        );
    }
}
