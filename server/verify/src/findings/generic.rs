//! What most tools agree on: `path:line:column: message` and `path:line: message`, at the beginning of a line.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;

patterns! {
    PLACE = r"^([^\s:()\[\]<>]+):(\d{1,9})(?::(\d{1,9}))?(?:-\d+)?: (\S.*)$";
    SEVERITY = r"^(?i)(fatal error|error|warning|warn|note|info|hint)\s*:\s*";
    // flake8, ruff, pylint.
    LEADING_CODE = r"^([A-Z]{1,4}\d{1,5}):? ";
    // mypy and gcc; eslint says the severity too.
    TRAILING_CODE = r"\s*\[(?:(Error|Warning)/)?([\w@/.+=-]+)\]$";
}

/// Ends of host names, which a port follows, and never a file's line.
const HOSTS: [&str; 8] = ["com", "org", "net", "io", "dev", "local", "internal", "localhost"];

#[derive(Debug)]
pub(super) struct Parser;

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        let Some(at) = PLACE.captures(line).filter(|at| is_file(group(at, 1))) else { return false };
        let Some(place) = Place::new(group(&at, 1), group(&at, 2), group(&at, 3)) else { return false };
        let mut message = group(&at, 4).trim_end();
        let mut severity = Severity::Error;
        if let Some(said) = SEVERITY.captures(message) {
            severity = match group(&said, 1).to_ascii_lowercase().as_str() {
                "warning" | "warn" => Severity::Warning,
                "note" | "info" | "hint" => Severity::Information,
                _ => Severity::Error,
            };
            message = message.get(group(&said, 0).len()..).unwrap_or_default();
        }
        let mut code = None;
        if let Some(trailing) = TRAILING_CODE.captures(message) {
            code = trailing.get(2).map(|code| code.as_str());
            if group(&trailing, 1) == "Warning" {
                severity = Severity::Warning;
            }
            message = message.get(..message.len() - group(&trailing, 0).len()).unwrap_or_default();
        } else if let Some(leading) = LEADING_CODE.captures(message) {
            code = leading.get(1).map(|code| code.as_str());
            message = message.get(group(&leading, 0).len()..).unwrap_or_default();
        }
        // A message that is only a code says that.
        let message = if message.trim().is_empty() { group(&at, 4) } else { message };
        found.add(severity, Some(place), code, message);
        true
    }
}

/// Says whether this is a file's path and not a host, an address or a version: it has an extension with a letter.
fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    let is_extension = (1..=12).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'+')
        && extension.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_extension && !path.contains("//") && (path.contains('/') || !HOSTS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn severities_and_codes_are_taken_from_the_message() {
        let output = "\
src/a.c:3:5: fatal error: foo.h: No such file or directory
src/a.c:4:5: warning: unused variable 'x' [-Wunused-variable]
src/a.c:2:1: note: declared here
app/a.py:7: error: Incompatible types in assignment  [assignment]
app/a.py:1:8: F401 [*] `os` imported but unused
app/a.py:1:0: C0114: Missing module docstring (missing-module-docstring)
a.sh:3:1: Use x, not y.
Foo.java:12: error: ';' expected
lib/x.c++:9: E1234
a.com/b.go.tmpl:3: x
";
        assert_eq!(
            read(output),
            [
                "error src/a.c:3:5 [-] foo.h: No such file or directory",
                "warning src/a.c:4:5 [-Wunused-variable] unused variable 'x'",
                "information src/a.c:2:1 [-] declared here",
                "error app/a.py:7:- [assignment] Incompatible types in assignment",
                "error app/a.py:1:8 [F401] [*] `os` imported but unused",
                "error app/a.py:1:- [C0114] Missing module docstring (missing-module-docstring)",
                "error a.sh:3:1 [-] Use x, not y.",
                "error Foo.java:12:- [-] ';' expected",
                "error lib/x.c++:9:- [-] E1234",
                "error a.com/b.go.tmpl:3:- [-] x",
            ]
        );
    }
}
