//! Plans that an agent writes: what it asks before, what it answers, and what of that is a plan.
//!
//! It answers in JSON, and Alfine writes the plan, so that no answer can be read as anything else than it says.

mod answers;
pub mod skill;
mod split;

pub use answers::{Answers, NoSuchAnswer};
pub use split::{CannotSplit, can_be_split, split};

use crate::{
    judge::objects,
    plan::{Entry, Line, Sheet},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

/// The most questions that are asked.
const MOST_QUESTIONS: usize = 5;
/// The most answers that a question offers.
const MOST_OPTIONS: usize = 6;
/// The most tasks of a plan that an agent writes: more of them nobody reviews.
pub const MOST_TASKS: usize = 60;
/// The most tasks that one is split into.
pub const MOST_PARTS: usize = 12;
/// The most criteria of a task.
const MOST_CRITERIA: usize = 30;
/// The longest title, question, criterion or command, in bytes.
const LONGEST_LINE: usize = 2000;
/// The longest goal, or details of a task, in bytes.
const LONGEST_TEXT: usize = 20_000;

/// A question of the agent to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: String,
    /// The answers that it offers, the first with the letter A.
    pub options: Vec<String>,
}

/// A plan as an agent wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The title.
    pub title: String,
    /// What it is for.
    pub goal: String,
    /// The tasks.
    pub tasks: Vec<Drafted>,
}

/// A task as an agent wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Drafted {
    /// What the others call it.
    pub id: String,
    /// One line.
    pub title: String,
    /// Its text.
    #[serde(default)]
    pub details: String,
    /// What must hold in the end.
    #[serde(default)]
    pub criteria: Vec<DraftedCriterion>,
    /// The ids of those that come before it.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Where in what was read it comes from.
    #[serde(default)]
    pub source: Option<String>,
}

/// A criterion as an agent wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DraftedCriterion {
    /// In words.
    pub text: String,
    /// The command that passes when it holds, if there is one.
    #[serde(default)]
    pub command: Option<String>,
}

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing of it is such an object.
    #[error("there is no JSON object with `{0}` in it")]
    NoObject(&'static str),
    /// The object has other values than it should.
    #[error("the JSON object is not as asked for: {0}")]
    Misshapen(String),
    /// No task.
    #[error("it has no task")]
    NoTask,
    /// Too many tasks.
    #[error("it has {0} tasks, and {1} is the most")]
    TooMany(usize, usize),
    /// Two tasks of one name.
    #[error("two tasks have the id “{0}”")]
    SameId(String),
    /// A text that is none, is too long, or has several lines.
    #[error("the {what} of {of} is empty, too long, or more than one line")]
    BadText {
        /// Which text.
        what: &'static str,
        /// Whose it is.
        of: String,
    },
    /// A task that no plan can have as it is.
    #[error(
        "{0} would be read as another task than it is: say it without signs of a state or a dependency in its title, and \
         without headings, boxes or fields in its details"
    )]
    Misread(String),
    /// A task without a source.
    #[error("{0} does not say where it comes from")]
    NoSource(String),
}

/// Reads the questions of an agent: the last object in what it said that has some.
///
/// # Errors
///
/// There is none, or it is no list of questions.
pub fn read_questions(said: &str) -> Result<Vec<Asked>, Refusal> {
    #[derive(Deserialize)]
    struct Raw {
        question: String,
        #[serde(default)]
        options: Vec<String>,
    }
    let questions: Vec<Raw> = from(object(said, "questions")?, "questions")?;
    let asked = questions.into_iter().take(MOST_QUESTIONS).enumerate().map(|(n, raw)| {
        let of = format!("question {}", n + 1);
        let question = line(&raw.question, "text", &of)?;
        let options = raw.options.iter().take(MOST_OPTIONS).map(|option| line(option, "answer", &of));
        Ok(Asked { question, options: options.collect::<Result<_, _>>()? })
    });
    asked.collect()
}

/// Reads a plan of an agent, of so many tasks at most: the last object in what it said that has tasks.
///
/// # Errors
///
/// There is none, or it is no plan.
pub fn read_draft(said: &str, most: usize) -> Result<Draft, Refusal> {
    let mut object = object(said, "tasks")?;
    let mut text = |key: &str| match object.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => text.trim().to_owned(),
        _ => String::new(),
    };
    let (title, goal) = (text("title"), text("goal"));
    let tasks: Vec<Drafted> = from(object, "tasks")?;
    if tasks.is_empty() {
        return Err(Refusal::NoTask);
    }
    if tasks.len() > most {
        return Err(Refusal::TooMany(tasks.len(), most));
    }
    if goal.len() > LONGEST_TEXT || title.len() > LONGEST_LINE {
        return Err(Refusal::BadText { what: "title or goal", of: "the plan".to_owned() });
    }
    let mut ids = HashSet::new();
    for (n, task) in tasks.iter().enumerate() {
        let of = format!("task {}", n + 1);
        let id = line(&task.id, "id", &of)?;
        if id.contains([',', ';']) {
            return Err(Refusal::BadText { what: "id", of });
        }
        line(&task.title, "title", &id)?;
        if task.details.len() > LONGEST_TEXT || task.criteria.len() > MOST_CRITERIA {
            return Err(Refusal::BadText { what: "details or list of criteria", of: id });
        }
        for criterion in &task.criteria {
            line(&criterion.text, "criterion", &id)?;
            criterion.command.as_deref().map(|command| line(command, "command", &id)).transpose()?;
        }
        if !ids.insert(id.to_lowercase()) {
            return Err(Refusal::SameId(id));
        }
    }
    let draft = Draft { title, goal, tasks };
    match draft.sheet().misread() {
        Some(entry) => Err(Refusal::Misread(entry.id.clone())),
        None => Ok(draft),
    }
}

impl Draft {
    /// The same, if each of its tasks says where it comes from.
    ///
    /// # Errors
    ///
    /// One does not.
    pub fn with_sources(self) -> Result<Self, Refusal> {
        let says = |task: &&Drafted| task.source.as_deref().is_some_and(|source| !source.trim().is_empty());
        match self.tasks.iter().find(|task| !says(task)) {
            Some(task) => Err(Refusal::NoSource(task.id.clone())),
            None => Ok(self),
        }
    }

    /// The plan in Markdown.
    pub fn to_markdown(&self) -> String {
        self.sheet().to_markdown()
    }

    fn sheet(&self) -> Sheet {
        let entries = self.tasks.iter().map(Drafted::entry).collect();
        Sheet { title: self.title.clone(), goal: self.goal.clone(), entries, ..Sheet::default() }
    }
}

impl Drafted {
    /// The task as it is to be written.
    pub(crate) fn entry(&self) -> Entry {
        let source = self.source.as_deref().map(str::trim).filter(|source| !source.is_empty());
        let source = source.map(|source| format!("Source: {}", crate::text::one_line(source)));
        let details = [Some(self.details.trim().to_owned()), source].into_iter().flatten();
        let details: Vec<String> = details.filter(|part| !part.is_empty()).collect();
        Entry {
            id: self.id.trim().to_owned(),
            title: self.title.trim().to_owned(),
            depends_on: self.depends_on.iter().map(|id| id.trim().to_owned()).collect(),
            details: details.join("\n\n"),
            criteria: self.criteria.iter().map(DraftedCriterion::line).collect(),
            ..Entry::default()
        }
    }
}

impl DraftedCriterion {
    fn line(&self) -> Line {
        let command = self.command.as_deref().map(str::trim).filter(|command| !command.is_empty());
        Line::new(self.text.trim(), command, false)
    }
}

/// The last object in a text that has a list under this key.
fn object(said: &str, key: &'static str) -> Result<Value, Refusal> {
    let has = |value: &Value| value.get(key).is_some_and(Value::is_array);
    objects(said).rev().find(has).ok_or(Refusal::NoObject(key))
}

fn from<T: serde::de::DeserializeOwned>(mut object: Value, key: &str) -> Result<T, Refusal> {
    let list = object.get_mut(key).map(Value::take).unwrap_or_default();
    serde_json::from_value(list).map_err(|error| Refusal::Misshapen(error.to_string()))
}

/// A text of one line.
fn line(text: &str, what: &'static str, of: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match text.is_empty() || text.len() > LONGEST_LINE || text.contains(['\n', '\r']) {
        true => Err(Refusal::BadText { what, of: of.to_owned() }),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use proptest::prelude::*;

    fn draft(tasks: &Value) -> Result<Draft, Refusal> {
        read_draft(
            &format!(
                "Here it is:\n```json\n{}\n```\n",
                serde_json::json!({"title": "P", "goal": "G", "tasks": tasks})
            ),
            3,
        )
    }

    #[test]
    fn a_plan_is_the_last_object_that_has_tasks() {
        let said = r#"{"tasks": []} no: {"title": " P ", "goal": "G", "tasks": [
            {"id": "T1", "title": "Add it", "details": "In `db/`.", "criteria": [{"text": "It is there", "command": "test -f a"}, {"text": "It is good"}], "more": 1},
            {"id": "T2", "title": "Show it", "criteria": [{"text": "1. shows"}], "depends_on": ["T1"], "source": "notes.md:3"}]}"#;
        let text = read_draft(said, 5).unwrap().to_markdown();
        assert_eq!(
            text,
            "# P\n\nG\n\n### [ ] T1: Add it\n\nIn `db/`.\n\nAcceptance criteria:\n- [ ] It is there: `test -f a`\n- [ ] It is good\n\n\
             ### [ ] T2: Show it\nDepends on: T1\n\nSource: notes.md:3\n\nAcceptance criteria:\n- [ ] (1) shows\n"
        );
        let read = plan::read("a.plan.md", &text);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
    }

    #[test]
    fn what_is_no_plan_is_refused_with_the_reason() {
        for (said, expected) in [
            ("", "no JSON object"),
            ("Sure! I will do it.", "no JSON object"),
            ("{\"tasks\": \"none\"}", "no JSON object"),
            ("{\"tasks\": [", "no JSON object"),
            ("{\"tasks\": []}", "no task"),
            ("{\"tasks\": [1]}", "not as asked for"),
            ("{\"tasks\": [{\"id\": \"T1\"}]}", "missing field `title`"),
            ("{\"tasks\": [{\"id\": \" \", \"title\": \"x\"}]}", "the id of task 1"),
        ] {
            let refused = read_draft(said, 3).unwrap_err().to_string();
            assert!(refused.contains(expected), "{said}: {refused}");
        }
        let task = |id: &str| serde_json::json!({"id": id, "title": "x"});
        let many = draft(&serde_json::json!([task("1"), task("2"), task("3"), task("4")]));
        assert_eq!(many, Err(Refusal::TooMany(4, 3)));
        assert_eq!(draft(&serde_json::json!([task("a"), task("A")])), Err(Refusal::SameId("A".to_owned())));
        let lines =
            serde_json::json!([{"id": "T1", "title": "x", "criteria": [{"text": "y", "command": "a\nb"}]}]);
        assert!(draft(&lines).unwrap_err().to_string().contains("the command of T1"));
        let silent = draft(&serde_json::json!([task("1")])).unwrap().with_sources();
        assert_eq!(silent, Err(Refusal::NoSource("1".to_owned())));
    }

    #[test]
    fn questions_have_letters_and_there_are_few() {
        let many: Vec<Value> = (0..9)
            .map(|n| serde_json::json!({"question": format!("Q{n}?"), "options": ["a", "b"]}))
            .collect();
        let asked = read_questions(&serde_json::json!({ "questions": many }).to_string()).unwrap();
        assert_eq!((asked.len(), asked[0].options.len()), (MOST_QUESTIONS, 2));
        assert_eq!(read_questions("{\"questions\": []}").unwrap(), []);
        assert!(read_questions("What do you want?").is_err());
    }

    #[test]
    fn a_title_says_no_state_and_no_dependency() {
        for title in [
            "✅ Show a tick",
            "[DONE] Ship",
            "Add (depends on T9)",
            "Mark orders as done (done)",
            "~~Struck~~",
            "~~Struck~~ dropped",
            "DONE: add it",
            "Show it - DONE",
            "Tag it #done",
            "x <!-- done -->",
            ":white_check_mark: a",
            "[x] a",
            "a [x]",
            "T7: another id",
            "[US-9] another id",
            "Task 3: another id",
            "🚀 Launch",
            "❌ No",
            "✅",
            "Show it (optional)",
            "Use `make` and *stars* & <b>tags</b> &amp; [links](x)",
            "erledigt",
            "A heading ##",
            "Status: done",
            "\\",
        ] {
            let said = serde_json::json!({"title": "P", "goal": "", "tasks": [
                {"id": "T1", "title": title, "criteria": [{"text": "x", "command": "make x"}]},
                {"id": "T2", "title": "b", "depends_on": ["T1"]}]});
            let draft = read_draft(&said.to_string(), 3).unwrap();
            let text = draft.to_markdown();
            let plan = plan::read("a.plan.md", &text);
            let of = |task: &plan::Task| {
                (task.id.0.clone(), task.mark, task.fields.depends_on.len(), task.optional)
            };
            let expected = [
                ("T1".to_owned(), plan::Mark::Open, 0, false),
                ("T2".to_owned(), plan::Mark::Open, 1, false),
            ];
            assert_eq!(plan.tasks.iter().map(of).collect::<Vec<_>>(), expected, "{text}");
            assert!(plan.problems.is_empty(), "{text}\n{:?}", plan.problems);
            let words = |text: &str| text.replace(|c: char| !c.is_alphanumeric(), "");
            assert_eq!(words(&plan.tasks[0].title), words(title), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_an_agent_writes_into_a_plan_stays_where_it_is(
            texts in proptest::collection::vec("[ -~é]{1,40}|### T9: x|- \\[ \\] box|```|<!--|---|Depends on: T1|\\| a \\| b \\|", 8),
            titles in proptest::sample::subsequence(vec!["a", "✅", "[DONE]", "(done)", "~~b~~", "(depends on T2)", "T2: c", "(optional)"], 2),
            goal in "(# x|### T1: y|- \\[ \\] z|text|```|\\|a\\|b\\||\n){0,6}",
            details in "(## x|### T1: y|- \\[ \\] z|text|```|~~~|<!--|Status: done|Acceptance criteria:|\n){0,8}",
        ) {
            let task = |n: usize| Drafted {
                id: format!("T{n}"),
                title: ["Title ", ""][n - 1].to_owned() + texts[n + 5].trim() + titles[n - 1],
                details: details.clone(),
                criteria: vec![DraftedCriterion { text: format!("c {}", texts[n + 2]), command: Some("make test".to_owned()) }],
                depends_on: if n == 1 { Vec::new() } else { vec!["T1".to_owned()] },
                source: Some(texts[n + 4].clone()),
            };
            let draft = Draft { title: texts[0].clone(), goal, tasks: vec![task(1), task(2)] };
            let text = draft.to_markdown();
            let sheet = draft.sheet();
            prop_assert_eq!(sheet.misread(), None, "{}", text);
            let plan = plan::read("a.plan.md", &text);
            prop_assert_eq!(plan.tasks.len(), 2, "{}", text);
            for task in &plan.tasks {
                let commands: Vec<_> = task.criteria.iter().map(|criterion| criterion.command.as_deref()).collect();
                prop_assert_eq!(commands, [Some("make test")], "{}", text);
                prop_assert_eq!(task.mark, plan::Mark::Open, "{}", text);
            }
        }
    }
}
