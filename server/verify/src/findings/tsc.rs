//! The TypeScript compiler, pretty or not.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;

patterns! {
    PLAIN = r"^(.+?)\((\d+),(\d+)\): (error|warning|message) (TS\d+): (.+)$";
    PRETTY = r"^(.+?):(\d+):(\d+) - (error|warning|message) (TS\d+): (.+)$";
    GLOBAL = r"^(error) (TS\d+): (.+)$";
}

#[derive(Debug)]
pub(super) struct Parser;

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if let Some(global) = GLOBAL.captures(line) {
            found.add(Severity::Error, None, Some(group(&global, 2)), group(&global, 3));
            return true;
        }
        let Some(place) = PLAIN.captures(line).or_else(|| PRETTY.captures(line)) else { return false };
        let severity = match group(&place, 4) {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Information,
        };
        let at = Place::new(group(&place, 1), group(&place, 2), group(&place, 3));
        found.add(severity, at, Some(group(&place, 5)), group(&place, 6));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn plain_output_is_read() {
        let output = "\
src/my file.ts(12,5): error TS2322: Type 'string' is not assignable to type 'number'.
  Types of property 'a' are incompatible.
../shared/b.ts(1,1): error TS1005: ';' expected.
error TS18003: No inputs were found in config file '/home/me/app/tsconfig.json'.
";
        assert_eq!(
            read(output),
            [
                "error src/my file.ts:12:5 [TS2322] Type 'string' is not assignable to type 'number'.",
                "error ../shared/b.ts:1:1 [TS1005] ';' expected.",
                "error -:-:- [TS18003] No inputs were found in config file '/home/me/app/tsconfig.json'.",
            ]
        );
    }

    #[test]
    fn pretty_output_is_read_once_for_each_error() {
        let output = "\
\u{1b}[96msrc/a.ts\u{1b}[0m:\u{1b}[93m1\u{1b}[0m:\u{1b}[93m7\u{1b}[0m - \u{1b}[91merror\u{1b}[0m\u{1b}[90m TS2322: \u{1b}[0mType 'string' is not assignable to type 'number'.

\u{1b}[7m1\u{1b}[0m const x: number = \"a\";
\u{1b}[7m \u{1b}[0m \u{1b}[91m      ~\u{1b}[0m

  src/b.ts:3:1
    3 interface B {}
      ~~~~~~~~~~~~~~
    'x' is declared here.

Found 1 error in src/a.ts:1
";
        assert_eq!(
            read(output),
            ["error src/a.ts:1:7 [TS2322] Type 'string' is not assignable to type 'number'."]
        );
    }
}
