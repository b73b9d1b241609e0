//! A tiny format in JSON, for tests alone: it proves that nothing but a format's own file knows how a plan is written.
//! Other crates' tests include this file by its path.

use alfine_core::{
    plan::{Criterion, FieldName, Fields, Mark, Placed, Plan, PlanFormat, Task},
    task::TaskId,
    text::{Span, TextEdit},
};

/// A plan with a task that is done, and one that is open and waits for a task that is not there.
pub(crate) const SKETCH: &str = r#"{
  "title": "Coupons",
  "tasks": [
    { "id": "T1", "title": "Add table", "must": ["Migration runs"], "done": true },
    { "id": "T2", "title": "Pay with coupon", "after": "T9", "must": [], "done": false }
  ]
}
"#;

/// Objects `{ "id", "title", "after", "must": [text], "done" }`, one a line.
#[derive(Debug)]
pub(crate) struct Sketch;

impl PlanFormat for Sketch {
    fn name(&self) -> &'static str {
        "sketch"
    }

    fn language(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn is_plan_path(&self, path: &str) -> bool {
        path.rsplit('/').next() == Some("sketch.json")
    }

    fn recognises(&self, path: &str, text: &str) -> bool {
        self.is_plan_path(path) && text.starts_with('{')
    }

    fn parse(&self, text: &str) -> Plan {
        let mut plan = Plan::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let span =
                Span::new(start + (line.len() - line.trim_start().len()), start + line.trim_end().len());
            start += line.len();
            let value = |key: &str| value(text, span, key);
            let Some(title) = value("title") else { continue };
            let Some(id) = value("id") else {
                plan.title = title.of(text).trim_matches('"').to_owned();
                continue;
            };
            let word = |span: Span| Span::new(span.start + 1, span.end - 1);
            let after = value("after").map(word);
            let must = value("must").map(word).filter(|must| must.start < must.end);
            plan.tasks.push(Task {
                id: TaskId(word(id).of(text).to_owned()),
                explicit_id: true,
                title: word(title).of(text).to_owned(),
                title_span: title,
                span,
                details: String::new(),
                criteria: must
                    .map(|span| Criterion {
                        text: word(span).of(text).to_owned(),
                        span,
                        command: None,
                        said: false,
                        loose: None,
                        checked: false,
                        checkbox: None,
                    })
                    .into_iter()
                    .collect(),
                runs: Vec::new(),
                fields: Fields {
                    depends_on: after
                        .map(|span| Placed { value: span.of(text).to_owned(), span })
                        .into_iter()
                        .collect(),
                    ..Fields::default()
                },
                mark: match value("done") {
                    Some(done) if done.of(text) == "true" => Mark::Done,
                    _ => Mark::Open,
                },
                checkbox: value("done"),
                signs: Vec::new(),
                steps: Vec::new(),
                follows: None,
                after: None,
                group: None,
                optional: false,
            });
        }
        plan
    }

    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        let open = task.checkbox.filter(|mark| mark.of(text) != "true");
        open.map(|span| TextEdit { span, new_text: "true".to_owned() }).into_iter().collect()
    }

    fn field_at(&self, text: &str, offset: usize) -> Option<(FieldName, Span)> {
        let at = text.get(..offset)?.rfind('"')?;
        let key = Span::new(at + 1, at + 1 + text.get(at + 1..)?.find('"')?);
        (key.of(text) == "after").then_some((FieldName::DependsOn, key))
    }
}

/// Where the value of a key stands in a line: with its quotes or brackets.
fn value(text: &str, line: Span, key: &str) -> Option<Span> {
    let key = format!("\"{key}\": ");
    let start = line.start + line.of(text).find(&key)? + key.len();
    let rest = Span::new(start, line.end).of(text);
    let end = match rest.as_bytes().first()? {
        b'"' => rest.get(1..)?.find('"')? + 2,
        b'[' => rest.find(']')? + 1,
        _ => rest.find([' ', ','])?,
    };
    Some(Span::new(start, start + end))
}
