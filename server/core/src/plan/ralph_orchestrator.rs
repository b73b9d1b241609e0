//! ralph-orchestrator's `ralph.yml`: one task, which stands in its prompt, with its limits and the commands that must pass.
//!
//! Read line by line, for the place of each value: the file is the user's, and nothing of it is written.

use super::field_name::FieldName;
use super::fields::Value;
use super::model::{Fields, Mark, Plan, PlanFormat, Problem, ProblemKind, Task};
use crate::breaker::HARD_LIMIT;
use crate::task::TaskId;
use crate::text::{Span, TextEdit};

/// Settings of a loop of ralph-orchestrator.
#[derive(Debug)]
pub(super) struct RalphOrchestrator;

/// Where its prompt stands if it says nothing else.
const PROMPT: &str = "PROMPT.md";

impl PlanFormat for RalphOrchestrator {
    fn name(&self) -> &'static str {
        "ralph-orchestrator"
    }

    fn language(&self) -> &'static str {
        "yaml"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["yml", "yaml"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &[PROMPT]
    }

    fn is_plan_path(&self, path: &str) -> bool {
        matches!(path.rsplit('/').next(), Some("ralph.yml" | "ralph.yaml"))
    }

    fn recognises(&self, path: &str, text: &str) -> bool {
        self.is_plan_path(path) && entries(text).any(|entry| entry.is_of_loop())
    }

    fn parse(&self, text: &str) -> Plan {
        read(text)
    }

    fn tick(&self, _text: &str, _task: &Task) -> Vec<TextEdit> {
        Vec::new()
    }
}

/// A key with its value.
struct Entry<'t> {
    /// The key at the top that it stands below; empty for those.
    section: &'t str,
    key: &'t str,
    /// The value, without quotes; of a block its lines.
    value: Span,
    is_block: bool,
}

impl Entry<'_> {
    /// Whether it says how the loop runs. Older versions have these keys at the top.
    fn is_of_loop(&self) -> bool {
        let keys =
            ["prompt", "prompt_file", "completion_promise", "max_iterations", "max_cost", "max_cost_usd"];
        matches!(self.section, "" | "event_loop") && keys.contains(&self.key)
    }
}

/// The entries of a file, in order.
fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut at = 0;
    let mut section = "";
    std::iter::from_fn(move || {
        loop {
            let line = text.get(at..).filter(|rest| !rest.is_empty())?.split_inclusive('\n').next()?;
            let start = at;
            at += line.len();
            let own = line.trim_start_matches([' ', '\t', '-']);
            let indent = line.len() - own.len();
            let Some((key, value)) = own.split_once(':').filter(|(key, _)| is_key(key)) else { continue };
            if indent == 0 {
                section = if value_of(value).is_empty() { key } else { "" };
            }
            let bare = value_of(value);
            let is_block = matches!(bare.trim_end_matches(['-', '+']), "|" | ">");
            let value = if is_block {
                let block = block(text, at, indent);
                at = block.end;
                block
            } else {
                let begin = start + indent + key.len() + 1;
                let begin = begin + value.find(bare).unwrap_or_default();
                Span::new(begin, begin + bare.len())
            };
            return Some(Entry { section, key, value, is_block });
        }
    })
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A value without the comment behind it and its quotes.
fn value_of(written: &str) -> &str {
    let written = written.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = written.strip_prefix(quote) {
            return inner.split(quote).next().unwrap_or_default();
        }
    }
    let end = if written.starts_with('#') { Some(0) } else { written.find(" #") };
    written.get(..end.unwrap_or(written.len())).unwrap_or_default().trim_end()
}

/// The lines from `at` on that are indented by more than `indent`, or empty.
fn block(text: &str, at: usize, indent: usize) -> Span {
    let mut end = at;
    for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let is_deeper = line.len() - line.trim_start_matches([' ', '\t']).len() > indent;
        if !is_deeper && !line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    Span::new(at, end)
}

fn read(text: &str) -> Plan {
    let mut plan = Plan::default();
    let mut fields = Fields::default();
    let (mut prompt, mut file) = (None, None);
    for entry in entries(text) {
        let written = entry.value.of(text);
        let is_gate = entry.section == "backpressure" && entry.key == "command";
        let field = match entry.key {
            "prompt" if entry.is_of_loop() => {
                prompt = Some(entry);
                continue;
            }
            "prompt_file" if entry.is_of_loop() => {
                file = Some(entry.value);
                continue;
            }
            "max_iterations" if entry.is_of_loop() => FieldName::MaxIterations,
            "max_cost" | "max_cost_usd" if entry.is_of_loop() => FieldName::MaxCost,
            "command" if is_gate => FieldName::Verify,
            _ => continue,
        };
        // Its word for no limit.
        if written.is_empty() || field != FieldName::Verify && matches!(written, "null" | "~" | "0") {
            continue;
        }
        let is_above = field == FieldName::MaxIterations
            && written.parse::<u64>().is_ok_and(|limit| limit > u64::from(HARD_LIMIT));
        if is_above {
            plan.problems.push(Problem { span: entry.value, kind: ProblemKind::AboveHardLimit });
        }
        let taken = if is_above { HARD_LIMIT.to_string() } else { written.to_owned() };
        if let Err(kind) = fields.take(field, &Value { text: taken.into(), span: entry.value }) {
            plan.problems.push(Problem { span: entry.value, kind });
        }
    }
    // An older version names the file there.
    if let Some(entry) = prompt.take_if(|entry| !entry.is_block && entry.value.of(text).ends_with(".md")) {
        file = file.or(Some(entry.value));
    }
    let whole = Span::new(0, text.trim_end().len());
    let inline = prompt.map(|entry| entry.value).filter(|value| !value.of(text).trim().is_empty());
    let (title, title_span, details) = match inline {
        Some(value) => {
            let lines: Vec<&str> = value.of(text).trim().lines().map(str::trim).collect();
            let title = lines.first().map(|line| line.trim_start_matches('#').trim()).unwrap_or_default();
            let start = value.start + value.of(text).len() - value.of(text).trim_start().len();
            let line = text.get(start..value.end).unwrap_or_default().lines().next().unwrap_or_default();
            let rest = lines.get(1..).unwrap_or_default().join("\n");
            (title.to_owned(), Span::new(start, start + line.trim_end().len()), rest.trim().to_owned())
        }
        None => {
            let name = file.map(|file| file.of(text)).filter(|name| !name.is_empty()).unwrap_or(PROMPT);
            let first = text.lines().next().unwrap_or_default();
            let place = file.unwrap_or(Span::new(0, first.trim_end().len()));
            (
                format!("Do what {name} says"),
                place,
                format!("All of this task stands in `{name}`: read it first."),
            )
        }
    };
    plan.tasks.push(Task {
        id: TaskId("prompt".to_owned()),
        explicit_id: false,
        title,
        title_span,
        span: whole,
        details,
        criteria: Vec::new(),
        runs: Vec::new(),
        fields,
        mark: Mark::Open,
        checkbox: None,
        signs: Vec::new(),
        steps: Vec::new(),
        follows: None,
        after: None,
        group: None,
        optional: false,
    });
    plan.problems.sort_by_key(|problem| problem.span.start);
    plan
}

#[cfg(test)]
pub(in crate::plan) mod tests {
    use crate::lint::{Checks, LintCode, LintOptions, lint};
    use crate::plan::{is_plan, read};

    pub(in crate::plan) const YAML: &str = "# loop\nevent_loop:\n  prompt_file: \"PROMPT.md\"   # the task\n  completion_promise: LOOP_COMPLETE\n  max_iterations: 150\n  max_runtime_seconds: 28800\n  max_cost_usd: 12.5\n\ncli:\n  backend: claude\n\nbackpressure:\n  gates:\n    - name: fmt\n      command: cargo fmt --check\n      on_fail: \"Run `cargo fmt`.\"\n    - name: test\n      command: 'cargo test --all'\n\nhats:\n  planner:\n    max_iterations: 3\n    command: rm -rf /\n";

    #[test]
    fn a_loop_of_ralph_orchestrator_is_one_task_with_its_limits_and_commands() {
        let plan = read("ralph.yml", YAML);
        assert_eq!((plan.format.name(), plan.tasks.len()), ("ralph-orchestrator", 1));
        let task = &plan.tasks[0];
        assert_eq!((task.id.0.as_str(), task.title.as_str()), ("prompt", "Do what PROMPT.md says"));
        assert_eq!(task.title_span.of(YAML), "PROMPT.md");
        let (limit, cost) =
            (task.fields.max_iterations.as_ref().unwrap(), task.fields.max_cost.as_ref().unwrap());
        assert_eq!((limit.value, limit.span.of(YAML), cost.value), (50, "150", 12.5));
        let verify: Vec<_> =
            task.fields.verify.iter().map(|one| (one.value.as_str(), one.span.of(YAML))).collect();
        assert_eq!(verify, ["cargo fmt --check", "cargo test --all"].map(|one| (one, one)));
        let lints = lint(YAML, &plan, &LintOptions::default(), &Checks::default());
        let cut: Vec<_> = lints.iter().filter(|lint| lint.code == LintCode::FieldInvalid).collect();
        assert_eq!(
            (cut.len(), cut[0].span.of(YAML), cut[0].severity),
            (1, "150", crate::finding::Severity::Information)
        );
        assert!(cut[0].message.contains("At most 50 iterations"), "{}", cut[0].message);
        assert_eq!(plan.tick(YAML, task), []);
    }

    #[test]
    fn a_prompt_may_stand_in_the_file_itself() {
        for (text, title, details) in [
            (
                "event_loop:\n  prompt: |\n    # Add größe\n\n    Do it so:\n      - a\n  max_iterations: 5\n",
                "Add größe",
                "Do it so:\n- a",
            ),
            ("event_loop:\n  prompt: Add it # now\n", "Add it", ""),
            (
                "prompt: task.md\nmax_iterations: 20\n",
                "Do what task.md says",
                "All of this task stands in `task.md`: read it first.",
            ),
            (
                "max_iterations: 20\nmax_cost: 0\n",
                "Do what PROMPT.md says",
                "All of this task stands in `PROMPT.md`: read it first.",
            ),
        ] {
            for text in [text.to_owned(), text.replace('\n', "\r\n")] {
                let plan = read("sub/ralph.yaml", &text);
                let task = &plan.tasks[0];
                assert_eq!(
                    (task.title.as_str(), task.details.as_str(), &plan.problems[..]),
                    (title, details, &[][..])
                );
            }
        }
        let wrong = "event_loop:\n  max_iterations: many\n";
        let problems: Vec<_> =
            read("ralph.yml", wrong).problems.iter().map(|one| one.span.of(wrong)).collect();
        assert_eq!(problems, ["many"]);
        for (path, text) in [("ralph.yml", "hats:\n  a: b\n"), ("ralph.yml", ""), ("other.yml", YAML)] {
            assert!(!is_plan(path, text), "{path}");
        }
    }
}
