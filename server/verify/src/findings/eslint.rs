//! ESLint: its stylish and its JSON format. (Its unix format is the generic one.)

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;
use serde::Deserialize;

patterns! {
    PROBLEM = r"^\s+(\d+):(\d+)\s+(error|warning)\s+(\S.*?)(?:\s{2,}(\S+))?\s*$";
}

#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The file whose problems follow: the last line that was not indented.
    file: String,
}

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if line.starts_with('[') && json(line, found) {
            return true;
        }
        if !line.starts_with(char::is_whitespace) {
            line.trim_end().clone_into(&mut self.file);
            return false;
        }
        let Some(problem) = PROBLEM.captures(line).filter(|_| !self.file.is_empty()) else { return false };
        let severity = if group(&problem, 3) == "error" { Severity::Error } else { Severity::Warning };
        let place = Place::new(&self.file, group(&problem, 1), group(&problem, 2));
        found.add(severity, place, problem.get(5).map(|rule| rule.as_str()), group(&problem, 4));
        true
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    file_path: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    rule_id: Option<String>,
    severity: u8,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
}

fn json(line: &str, found: &mut Collected) -> bool {
    let Ok(files) = serde_json::from_str::<Vec<File>>(line) else { return false };
    for file in &files {
        for message in &file.messages {
            let severity = if message.severity >= 2 { Severity::Error } else { Severity::Warning };
            let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
            let place = Place::new(&file.file_path, &number(message.line), &number(message.column))
                .unwrap_or_else(|| Place::file(&file.file_path));
            found.add(severity, Some(place), message.rule_id.as_deref(), &message.message);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn the_stylish_format_is_read() {
        let output = "
/home/me/app/src/my file.js
   1:7   error    'x' is assigned a value but never used  no-unused-vars
  10:12  warning  Unexpected console statement            no-console

/home/me/app/src/b.ts
  3:1  error  Parsing error: Unexpected token }

✖ 3 problems (2 errors, 1 warning)
  1 error and 0 warnings potentially fixable with the `--fix` option.
";
        assert_eq!(
            read(output),
            [
                "error src/my file.js:1:7 [no-unused-vars] 'x' is assigned a value but never used",
                "warning src/my file.js:10:12 [no-console] Unexpected console statement",
                "error src/b.ts:3:1 [-] Parsing error: Unexpected token }",
            ]
        );
    }

    #[test]
    fn the_unix_format_is_read() {
        let output = "\
/home/me/app/src/a.js:1:7: 'x' is never used. [Error/no-unused-vars]
/home/me/app/src/a.js:10:12: Unexpected console statement. [Warning/@my/no-console]

2 problems
";
        assert_eq!(
            read(output),
            [
                "error src/a.js:1:7 [no-unused-vars] 'x' is never used.",
                "warning src/a.js:10:12 [@my/no-console] Unexpected console statement.",
            ]
        );
    }

    #[test]
    fn the_json_format_is_read() {
        let output = r#"[{"filePath":"/home/me/app/src/a.js","messages":[{"ruleId":"eqeqeq","severity":2,"message":"Expected '==='.","line":1,"column":7,"nodeType":"X"},{"ruleId":null,"fatal":true,"severity":2,"message":"Parsing error"},{"ruleId":"no-x","severity":1,"message":"m","line":2,"column":1}],"errorCount":2},{"filePath":"/home/me/app/b.js","messages":[]}]"#;
        assert_eq!(
            read(output),
            [
                "error src/a.js:1:7 [eqeqeq] Expected '==='.",
                "error src/a.js:-:- [-] Parsing error",
                "warning src/a.js:2:1 [no-x] m",
            ]
        );
    }
}
