//! A goal in the user's words, as a task in the inbox.

use super::subject::{TITLE, begun, one_line, quote, title_of};
use crate::{Error, Result};
use alfine_words::text as wording;
use std::fmt::Write as _;

/// What is to be done, in the user's words, and the commands that show that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The words.
    pub words: String,
    /// The commands, each on one line.
    pub checks: Vec<String>,
}

impl Goal {
    /// The task, as it is to stand behind the text of an inbox.
    ///
    /// # Errors
    ///
    /// A check has several lines, or there are no words.
    pub(crate) fn task(&self, inbox: &str, id: &str) -> Result<String> {
        if !self.words.contains(char::is_alphanumeric) {
            return Err(Error::user("the goal is empty").hint("say in words what is to be done"));
        }
        let mut text = begun(inbox);
        let words = self.words.trim();
        let title = title_of(words);
        let _ = write!(text, "\n### {id}: {title}\n");
        if title != words {
            text.push_str("\nWhat is to be done:\n\n");
            quote(&mut text, words);
        }
        text.push_str("\nAcceptance criteria:\n");
        for check in &self.checks {
            if check.contains(['\n', '\r']) || check.trim().is_empty() {
                return Err(Error::user(format!("a check is one line: {check:?} is not"))
                    .hint("put it into a script, and give the script as the check"));
            }
            let _ = writeln!(text, "- [ ] {} passes", coded(check.trim()));
        }
        if self.checks.is_empty() {
            let _ = writeln!(text, "- [ ] {} is done", one_line(&title, TITLE));
        }
        Ok(text)
    }
}

/// A text as inline code: with more backticks around it than it has itself.
fn coded(text: &str) -> String {
    let fence = wording::fence(text, 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::plan;

    fn read(words: &str, checks: &[&str]) -> plan::Plan {
        let goal =
            Goal { words: words.to_owned(), checks: checks.iter().map(|&check| check.to_owned()).collect() };
        plan::read(super::super::INBOX, &goal.task("", "GOAL-001").unwrap())
    }

    #[test]
    fn a_goal_is_one_task_whose_criteria_are_its_checks() {
        let long = format!(
            "Add a coupon field\n\n## Not a heading\n- [ ] not a task\n### T9: nor this {}",
            "x".repeat(200)
        );
        for words in ["Add a coupon field", "- [ ] Add it", "# Add it", "Schreib `hallo` in die Datei", &long]
        {
            for checks in [
                &["npm test"][..],
                &["test -f hello.txt", "grep -q 'a `b`' c.txt", "sh -c 'echo `date`'", "! grep -q x a.py"],
                &[],
            ] {
                let plan = read(words, checks);
                let ids: Vec<&str> = plan.tasks.iter().map(|task| task.id.0.as_str()).collect();
                assert_eq!(ids, ["GOAL-001"], "{words}");
                let commands: Vec<&str> = plan.tasks[0]
                    .criteria
                    .iter()
                    .filter_map(|criterion| criterion.command.as_deref())
                    .collect();
                assert_eq!(commands, checks, "{words}");
                assert!(plan.problems.is_empty(), "{words}: {:?}", plan.problems);
            }
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for (words, check) in [("", "true"), ("...", "true"), ("Do it", "a\nb"), ("Do it", " ")] {
            let goal = Goal { words: words.to_owned(), checks: vec![check.to_owned()] };
            assert!(goal.task("", "GOAL-001").is_err(), "{words} {check}");
        }
    }
}
