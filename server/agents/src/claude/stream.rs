//! Decodes `stream-json`: one JSON object per line, one `assistant` line per content block.

use super::background::Background;
use super::outcome::{ApiError, Evidence, Rejection, RunResult};
use super::window::window_of;
use crate::{Decoder, Exit, Line, Lines, PriorSession, shown::SHOWN_TEXT, shown::cut, shown::one_line};
use crate::{lenient::Object, lenient::repaired};
use alfine_core::agent::{AgentEvent, Outcome, Question, SessionId, Usage};
use jiff::Timestamp;
use std::{collections::VecDeque, mem};

/// A message of the assistant longer than this is handed on in pieces, in bytes.
const MESSAGE_LIMIT: usize = 4 << 20;
/// A question of a tool, or one of the answers it offers, is cut to this, in bytes.
const QUESTION: usize = 4000;
/// Answers that a question offers, at most.
const OPTIONS: usize = 20;
/// The tools that ask something of a person.
const ASKING_TOOLS: [&str; 2] = ["AskUserQuestion", "ExitPlanMode"];
/// Tools that wait for their result, at most; a CLI that runs more at once loses the oldest ones' files.
const OPEN_TOOLS: usize = 256;
/// The longest command whose end is told, in bytes: it is told whole or not at all.
const COMMAND: usize = 1000;

type Sink<'a> = &'a mut dyn FnMut(AgentEvent);

pub(super) struct Stream {
    lines: Lines,
    run: Run,
}

impl Stream {
    pub(super) fn new(prior: &PriorSession) -> Self {
        let run = Run { prior_total: prior.total_cost_usd, ..Run::default() };
        Self { lines: Lines::default(), run }
    }
}

impl Decoder for Stream {
    fn push(&mut self, chunk: &[u8], sink: Sink<'_>) {
        self.lines.feed(chunk, |line| self.run.line(line, sink));
    }

    fn finish(&mut self, exit: Exit, stderr_tail: &str, sink: Sink<'_>) {
        self.lines.finish(|line| self.run.line(line, sink));
        self.run.flush_text(sink);
        let what = self.run.background.take();
        if !what.is_empty() && !self.run.ended {
            sink(AgentEvent::WorkLost { what });
        }
        if self.run.evidence.result.is_none() && !self.run.ended {
            self.run.requests.tell(sink);
        }
        if !mem::replace(&mut self.run.ended, true) {
            sink(self.run.evidence.judge(exit, stderr_tail, Timestamp::now()));
        }
    }

    fn session_total_cost(&self) -> Option<f64> {
        self.run.total_cost
    }
}

/// What a tool does whose result is waited for.
enum OpenTool {
    /// It writes this file.
    Writes(String),
    /// It runs this command.
    Runs(String),
}

/// What one run said so far.
#[derive(Default)]
struct Run {
    prior_total: Option<f64>,
    session: Option<String>,
    /// The name of its model.
    model: String,
    requests: Requests,
    /// The assistant's message whose blocks still come: its id and its text so far.
    message: Option<(String, String)>,
    /// What the assistant wrote last: its last block and its last whole message, cut.
    last_words: [String; 2],
    /// Whether the last line of the run so far was a result.
    concluded: bool,
    background: Background,
    /// Tools that wait for their result: their id, and what is told once it is there.
    open_tools: VecDeque<(String, OpenTool)>,
    usage: Usage,
    total_cost: Option<f64>,
    evidence: Evidence,
    ended: bool,
}

/// What the requests to the model used. It counts where the CLI was ended before it said what its run used.
#[derive(Default)]
struct Requests {
    /// The id of the last one's answer, and what it used.
    last: (String, Usage),
    /// What those before it used.
    before: Usage,
}

impl Requests {
    /// Takes what the answer to a request used, which each of its blocks says again. Says whether that is new.
    fn take(&mut self, id: String, used: Usage) -> bool {
        if self.last.0 != id {
            self.before.add_tokens(&self.last.1);
        }
        mem::replace(&mut self.last, (id, used)).1 != used
    }

    fn tell(&self, sink: Sink<'_>) {
        let mut used = self.before;
        used.add_tokens(&self.last.1);
        if used.tokens() > 0 {
            sink(AgentEvent::Usage(used));
        }
    }
}

impl Run {
    fn line(&mut self, line: Line<'_>, sink: Sink<'_>) {
        self.evidence.spoke = true;
        let Line::Whole(bytes) = line else { return };
        if self.ended {
            return;
        }
        let line = repaired(bytes);
        let Some(said) = Object::read(&line) else { return };
        match (said.text("type").as_str(), said.text("subtype").as_str()) {
            ("system", "init") => self.started(&said, sink),
            ("system", "api_retry") => self.retries(&said, sink),
            ("system", "compact_boundary") => sink(AgentEvent::Compacted),
            ("system", subtype) => self.background.told(subtype, &said),
            ("assistant", _) => self.assistant(&said, sink),
            ("user", _) => self.tool_results(&said, sink),
            ("rate_limit_event", _) => self.rate_limit(&said, sink),
            ("result", _) => self.result(&said, sink),
            _ => {}
        }
    }

    fn started(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        let Some(id) = said.first_text(&["session_id"]) else { return };
        // It is said again when the CLI wakes up after its result, for work in the background that ended.
        if self.session.as_ref() == Some(&id) && !mem::take(&mut self.concluded) {
            return;
        }
        self.concluded = false;
        self.session = Some(id.clone());
        self.model = said.text("model");
        sink(AgentEvent::SessionStarted { id: SessionId(id), model: said.first_text(&["model"]) });
    }

    fn retries(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        let status = said.whole("error_status");
        let kind = said.first_text(&["error"]).unwrap_or_else(|| "error".to_owned());
        let what = status.map_or_else(|| kind.clone(), |status| format!("{kind} ({status})"));
        // It would go on for a minute, and a bad key gets no better.
        if matches!(status, Some(401 | 403)) {
            self.flush_text(sink);
            self.ended = true;
            sink(AgentEvent::Ended { outcome: Outcome::Auth { cloud: false }, message: what });
            return;
        }
        let (attempt, most) = (said.count("attempt"), said.count("max_retries"));
        sink(AgentEvent::Retrying { reason: format!("{what}, attempt {attempt} of {most}") });
    }

    fn assistant(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        let Some(message) = said.object("message") else { return };
        let mut blocks = message.items::<Object<'_>>("content");
        if message.text("model") == "<synthetic>" || said.is_true("is_api_error_message") {
            self.evidence.api_error = Some(ApiError {
                kind: said.text("error"),
                status: said.whole("api_error_status"),
                text: cut(
                    &blocks.find_map(|block| block.first_text(&["text"])).unwrap_or_default(),
                    SHOWN_TEXT,
                ),
            });
            return;
        }
        // A sub-agent's text is not the assistant's: it must never carry a gate.
        let own = !said.has("parent_tool_use_id");
        if own {
            // The CLI got over what went wrong before.
            self.evidence.api_error = None;
        }
        self.request(&message, own, sink);
        for block in blocks {
            match block.text("type").as_str() {
                "text" if own => self.text(message.text("id"), &block, sink),
                "text" => thinking(&block.text("text"), sink),
                "thinking" => {
                    self.flush_own(own, sink);
                    thinking(&block.text("thinking"), sink);
                }
                "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                    self.flush_own(own, sink);
                    self.tool(&block, own, sink);
                }
                _ => {}
            }
        }
    }

    /// Notes what a request used; one of the agent's own holds its whole conversation.
    fn request(&mut self, message: &Object<'_>, own: bool, sink: Sink<'_>) {
        let Some(used) = message.object("usage").map(|usage| tokens_of(&usage)) else { return };
        if self.requests.take(message.text("id"), used) && own && used.tokens() > 0 {
            let window = window_of(&self.model).or_else(|| window_of(&message.text("model")));
            sink(AgentEvent::Context { tokens: used.tokens(), window });
        }
    }

    /// Joins the blocks of one message: a gate may be split over them.
    fn text(&mut self, id: String, block: &Object<'_>, sink: Sink<'_>) {
        let Some(block) = block.first_text(&["text"]) else { return };
        self.last_words[0] = cut(block.trim(), SHOWN_TEXT);
        match &mut self.message {
            Some((open, text)) if *open == id && text.len() + block.len() <= MESSAGE_LIMIT => {
                // A block that opens with a tag began a line of its own, not one in the middle of a sentence.
                if block.starts_with('<') && !text.ends_with(['\n', '`']) {
                    text.push('\n');
                }
                text.push_str(&block);
            }
            _ => {
                self.flush_text(sink);
                self.message = Some((id, block));
            }
        }
    }

    fn flush_own(&mut self, own: bool, sink: Sink<'_>) {
        if own {
            self.flush_text(sink);
        }
    }

    fn flush_text(&mut self, sink: Sink<'_>) {
        let Some((_, text)) = self.message.take() else { return };
        self.last_words[1] = cut(text.trim(), SHOWN_TEXT);
        if !text.is_empty() && !self.ended {
            sink(AgentEvent::Text { text });
        }
    }

    fn tool(&mut self, block: &Object<'_>, own: bool, sink: Sink<'_>) {
        let name = block.text("name");
        let input = block.object("input").unwrap_or_default();
        let opened = match name.as_str() {
            "Edit" | "MultiEdit" | "NotebookEdit" | "Write" => {
                input.first_text(&["file_path", "notebook_path"]).map(OpenTool::Writes)
            }
            // What runs in the background has its result before it has ended.
            "Bash" if !input.is_true("run_in_background") => {
                input.first_text(&["command"]).filter(|command| command.len() <= COMMAND).map(OpenTool::Runs)
            }
            _ => None,
        };
        if let Some((id, opened)) = block.first_text(&["id"]).zip(opened) {
            if self.open_tools.len() == OPEN_TOOLS {
                self.open_tools.pop_front();
            }
            self.open_tools.push_back((id, opened));
        }
        let summary = summary_of(&input);
        if input.is_true("run_in_background") {
            let what = if summary.is_empty() { one_line(&name) } else { summary.clone() };
            self.background.started(block.text("id"), what);
        }
        let task = input.first_text(&["bash_id", "shell_id", "task_id", "agent_id", "agentId"]);
        match (name.as_str(), task) {
            ("BashOutput" | "TaskOutput" | "AgentOutputTool", Some(task)) => {
                self.background.asked(block.text("id"), task, false);
            }
            ("KillShell" | "KillBash" | "TaskStop", Some(task)) => {
                self.background.asked(block.text("id"), task, true);
            }
            _ => {}
        }
        sink(AgentEvent::ToolStarted { name: one_line(&name), summary });
        if own {
            questions_of(&name, &input).for_each(|question| sink(AgentEvent::Asked(question)));
        }
    }

    fn tool_results(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        self.flush_own(!said.has("parent_tool_use_id"), sink);
        let message = said.object("message").unwrap_or_default();
        for block in message.items::<Object<'_>>("content") {
            if block.text("type") != "tool_result" {
                continue;
            }
            let ok = !block.is_true("is_error");
            sink(AgentEvent::ToolFinished { ok });
            let id = block.text("tool_use_id");
            match ok {
                true => self.background.answered(&id, &content_of(&block)),
                false => self.background.failed(&id),
            }
            let open = self.open_tools.iter().position(|(open, _)| *open == id);
            match open.and_then(|at| self.open_tools.remove(at)) {
                Some((_, OpenTool::Runs(command))) => sink(AgentEvent::CommandEnded { command, ok }),
                Some((_, OpenTool::Writes(path))) if ok => sink(AgentEvent::FileTouched { path }),
                Some((_, OpenTool::Writes(_))) | None => {}
            }
        }
    }

    fn rate_limit(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        let Some(info) = said.object("rate_limit_info") else { return };
        match info.text("status").as_str() {
            // Seconds since the epoch.
            "rejected" => self.evidence.rejection = Some(Rejection { reset_at: info.whole("resetsAt") }),
            "allowed" => self.evidence.rejection = None,
            "allowed_warning" => {
                self.evidence.rejection = None;
                let share = info.number("utilization").or_else(|| info.number("surpassedThreshold"));
                if let Some(utilization) = share {
                    sink(AgentEvent::LimitWarning { utilization });
                }
            }
            _ => {}
        }
    }

    /// One run may have several results, when work in the background wakes the CLI again. The last one decides.
    fn result(&mut self, said: &Object<'_>, sink: Sink<'_>) {
        self.flush_text(sink);
        let denials = said.items::<Object<'_>>("permission_denials");
        // Nobody was there to answer these: that is a question, and no denial.
        for denial in denials.filter(|denial| !ASKING_TOOLS.contains(&denial.text("tool_name").as_str())) {
            sink(AgentEvent::PermissionDenied { tool: denied_tool(&denial) });
        }
        self.add_usage(said);
        sink(AgentEvent::Usage(self.usage));
        let errors: Vec<String> = said.items("errors").collect();
        let message = if errors.is_empty() { said.text("result") } else { errors.join("\n") };
        let message = cut(message.trim(), SHOWN_TEXT);
        self.evidence.result = Some(RunResult {
            subtype: said.text("subtype"),
            is_error: said.is_true("is_error"),
            api_error_status: said.whole("api_error_status"),
            stop_reason: said.text("stop_reason"),
            terminal_reason: said.text("terminal_reason"),
            by_assistant: self.last_words.contains(&message),
            message,
        });
        self.concluded = true;
        sink(AgentEvent::Concluded { waits: self.background.goes_on() });
    }

    fn add_usage(&mut self, said: &Object<'_>) {
        let told = said.object("usage").map(|usage| tokens_of(&usage)).unwrap_or_default();
        let total = amount(said, "total_cost_usd");
        let since_last = said.object("model_usage_since_last_result").map(|models| sum_of_models(&models));
        let (tokens, cost) = match since_last {
            // The only figures that are of this run in every case: `usage` is 0 when a limit or a signal ended the
            // run, and the total covers the whole session.
            Some(models) if models.tokens() > 0 => (models, models.cost_usd),
            Some(models) => (told, models.cost_usd.or(total)),
            None => {
                let models =
                    said.object("modelUsage").map(|models| sum_of_models(&models)).unwrap_or_default();
                let of_this_run = models.tokens() > 0 && models.tokens() == told.tokens();
                (told, total.map(|total| self.cost_of_run(total, of_this_run)))
            }
        };
        self.usage.add_tokens(&tokens);
        self.usage.cost_usd = match (since_last.and(self.usage.cost_usd), cost) {
            (Some(before), Some(now)) => Some(before + now),
            (_, now) => now.or(self.usage.cost_usd),
        };
        self.total_cost = total.or(self.total_cost);
    }

    /// Returns what this run alone cost, of a total that covers it alone in some versions and its session in others.
    fn cost_of_run(&self, total: f64, of_this_run: bool) -> f64 {
        match self.prior_total {
            Some(before) if total > before && !of_this_run => total - before,
            _ => total,
        }
    }
}

fn thinking(text: &str, sink: Sink<'_>) {
    if !text.is_empty() {
        sink(AgentEvent::Thinking { text: cut(text, SHOWN_TEXT) });
    }
}

fn amount(of: &Object<'_>, name: &str) -> Option<f64> {
    of.number(name).filter(|dollars| *dollars >= 0.0)
}

/// Says in one line what a tool does with this input.
fn summary_of(input: &Object<'_>) -> String {
    let telling =
        ["command", "file_path", "notebook_path", "pattern", "path", "url", "query", "description", "prompt"];
    input.first_text(&telling).map(|text| one_line(&text)).unwrap_or_default()
}

/// What a tool asks of a person; nothing for any other tool.
fn questions_of<'a>(tool: &str, input: &Object<'a>) -> impl Iterator<Item = Question> + use<'a> {
    let plan = (tool == "ExitPlanMode").then(|| Question {
        text: cut(&input.first_text(&["plan", "planFilePath"]).unwrap_or_default(), QUESTION),
        options: Vec::new(),
        plan: true,
    });
    let asked: Vec<Object<'a>> =
        if tool == "AskUserQuestion" { input.items("questions").collect() } else { Vec::new() };
    asked.into_iter().map(|question| question_of(&question)).chain(plan)
}

fn question_of(question: &Object<'_>) -> Question {
    let option = |option: Object<'_>| {
        let parts = [option.text("label"), option.text("description")];
        let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        one_line(&parts.join(": "))
    };
    Question {
        text: cut(&question.first_text(&["question", "header"]).unwrap_or_default(), QUESTION),
        options: question.items::<Object<'_>>("options").map(option).take(OPTIONS).collect(),
        plan: false,
    }
}

fn denied_tool(denial: &Object<'_>) -> String {
    let name = one_line(&denial.first_text(&["tool_name"]).unwrap_or_else(|| "a tool".to_owned()));
    let summary = denial.object("tool_input").map(|input| summary_of(&input)).unwrap_or_default();
    if summary.is_empty() { name } else { format!("{name}({summary})") }
}

fn tokens_of(usage: &Object<'_>) -> Usage {
    Usage {
        input: usage.count("input_tokens"),
        output: usage.count("output_tokens"),
        cache_read: usage.count("cache_read_input_tokens"),
        cache_write: usage.count("cache_creation_input_tokens"),
        cost_usd: None,
    }
}

/// Adds up what all models used. No models at all cost nothing.
fn sum_of_models(models: &Object<'_>) -> Usage {
    let mut sum = Usage { cost_usd: Some(0.0), ..Usage::default() };
    for model in models.objects() {
        sum.add_tokens(&Usage {
            input: model.count("inputTokens"),
            output: model.count("outputTokens"),
            cache_read: model.count("cacheReadInputTokens"),
            cache_write: model.count("cacheCreationInputTokens"),
            cost_usd: None,
        });
        sum.cost_usd = sum.cost_usd.zip(amount(&model, "costUSD")).map(|(sum, cost)| sum + cost);
    }
    sum
}

/// The text of a tool's result, which is one text or several.
fn content_of(result: &Object<'_>) -> String {
    let text = result.text("content");
    if !text.is_empty() {
        return text;
    }
    result.items::<Object<'_>>("content").map(|block| block.text("text")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn events_of_bytes(prior: Option<f64>, stream: &[u8]) -> Vec<AgentEvent> {
        let mut decoder = Stream::new(&PriorSession { total_cost_usd: prior });
        let mut events = Vec::new();
        decoder.push(stream, &mut |event| events.push(event));
        decoder.finish(Exit::with_code(0), "", &mut |event| events.push(event));
        events
    }

    fn events_of(lines: &[Value]) -> Vec<AgentEvent> {
        let stream: String = lines.iter().map(|line| format!("{line}\n")).collect();
        events_of_bytes(None, stream.as_bytes())
    }

    fn assistant(id: &str, block: &Value) -> Value {
        json!({"type": "assistant", "message": {"id": id, "content": [block]}, "parent_tool_use_id": null})
    }

    fn text(id: &str, text: &str) -> Value {
        assistant(id, &json!({"type": "text", "text": text}))
    }

    fn ok_result() -> Value {
        json!({"type": "result", "subtype": "success", "is_error": false})
    }

    fn texts(events: &[AgentEvent]) -> Vec<&str> {
        events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    fn last_usage(events: &[AgentEvent]) -> Usage {
        let usage = events.iter().rev().find_map(|event| match event {
            AgentEvent::Usage(usage) => Some(*usage),
            _ => None,
        });
        usage.unwrap()
    }

    #[test]
    fn the_blocks_of_one_message_are_one_text() {
        let thinking = json!({"type": "system", "subtype": "thinking_tokens"});
        let events = events_of(&[
            text("m1", "<COMPLETION_GATE>\nready: tr"),
            thinking,
            text("m1", "ue\n</COMPLETION_GATE>"),
            text("m2", "Done."),
            text("m2", "<COMPLETION_GATE>"),
            assistant(
                "m2",
                &json!({"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}),
            ),
            text("m2", "after"),
        ]);
        assert_eq!(
            texts(&events),
            ["<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>", "Done.\n<COMPLETION_GATE>", "after"]
        );
    }

    #[test]
    fn only_the_assistants_own_words_are_text() {
        let gate = "<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>";
        let mut sub_agent = text("m1", gate);
        sub_agent["parent_tool_use_id"] = json!("toolu_1");
        let mut synthetic = text("m2", gate);
        synthetic["message"]["model"] = json!("<synthetic>");
        let mut failed = text("m3", gate);
        failed["is_api_error_message"] = json!(true);
        let result =
            json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": gate}]});
        let events = events_of(&[
            sub_agent,
            synthetic,
            failed,
            assistant("m4", &json!({"type": "thinking", "thinking": gate})),
            json!({"type": "user", "message": {"content": gate}}),
            json!({"type": "user", "message": {"content": [{"type": "text", "text": gate}]}}),
            json!({"type": "user", "message": {"content": [result]}, "tool_use_result": {"stdout": gate}}),
            json!({"type": "stream_event", "event": {"delta": {"text": gate}}}),
            json!({"type": "result", "subtype": "success", "is_error": false, "result": gate}),
        ]);
        assert_eq!(texts(&events), Vec::<&str>::new());
        let thought = AgentEvent::Thinking { text: gate.to_owned() };
        assert_eq!(events.iter().filter(|event| **event == thought).count(), 2);
    }

    #[test]
    fn a_failed_tool_touches_no_file() {
        let write = |id: &str, path: &str| {
            assistant(
                "m",
                &json!({"type": "tool_use", "id": id, "name": "Edit", "input": {"file_path": path}}),
            )
        };
        let done = |id: &str, is_error: bool| {
            json!({"type": "user", "message": {"content":
                [{"type": "tool_result", "tool_use_id": id, "is_error": is_error}]}})
        };
        let events = events_of(&[write("1", "a"), write("2", "b"), done("2", false), done("1", true)]);
        let touched: Vec<_> =
            events.iter().filter(|event| matches!(event, AgentEvent::FileTouched { .. })).collect();
        assert_eq!(touched, [&AgentEvent::FileTouched { path: "b".to_owned() }]);
    }

    fn tool_use(id: &str, name: &str, input: &Value) -> Value {
        assistant("m", &json!({"type": "tool_use", "id": id, "name": name, "input": input}))
    }

    #[test]
    fn what_a_tool_asks_is_a_question_with_its_options_and_no_denial() {
        let input = json!({"questions": [
            {"question": "Which colour?", "header": "Colour", "options":
                [{"label": "red", "description": "warm"}, {"label": "blue"}]},
            {"question": "Which size?", "options": "odd"},
        ]});
        let mut sub_agent = tool_use("t", "AskUserQuestion", &input);
        sub_agent["parent_tool_use_id"] = json!("toolu_1");
        let mut result = ok_result();
        result["permission_denials"] = json!([{"tool_name": "AskUserQuestion", "tool_input": input}]);
        let plan = json!({"plan": "1. Read\n2. Write"});
        let events = events_of(&[
            tool_use("t", "AskUserQuestion", &input),
            sub_agent,
            tool_use("p", "ExitPlanMode", &plan),
            result,
        ]);
        let asked: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Asked(question) => Some(question),
                _ => None,
            })
            .collect();
        let question = |text: &str, options: &[&str], plan: bool| Question {
            text: text.to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            plan,
        };
        let expected = [
            question("Which colour?", &["red: warm", "blue"], false),
            question("Which size?", &[], false),
            question("1. Read\n2. Write", &[], true),
        ];
        assert_eq!(asked, expected.iter().collect::<Vec<_>>());
        assert!(!events.iter().any(|event| matches!(event, AgentEvent::PermissionDenied { .. })));
    }

    #[test]
    fn a_result_concludes_the_run_until_the_cli_wakes_up_again() {
        let init = json!({"type": "system", "subtype": "init", "session_id": "s"});
        let started = AgentEvent::SessionStarted { id: SessionId("s".to_owned()), model: None };
        let events = events_of(&[init.clone(), init.clone(), ok_result(), init, ok_result()]);
        let count = |wanted: &AgentEvent| events.iter().filter(|event| *event == wanted).count();
        assert_eq!((count(&started), count(&AgentEvent::Concluded { waits: false })), (2, 2));
    }

    #[test]
    fn work_in_the_background_is_lost_unless_it_ended_before() {
        let shell = |id: &str, command: &str| {
            tool_use(id, "Bash", &json!({"command": command, "run_in_background": true}))
        };
        let system = |subtype: &str, more: &Value| {
            let mut line = json!({"type": "system", "subtype": subtype});
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            line
        };
        let lost = |lines: &[Value]| {
            events_of(lines).into_iter().find_map(|event| match event {
                AgentEvent::WorkLost { what } => Some(what),
                _ => None,
            })
        };
        let concluded = |lines: &[Value]| {
            events_of(lines).into_iter().rev().find_map(|event| match event {
                AgentEvent::Concluded { waits } => Some(waits),
                _ => None,
            })
        };
        let begun = [shell("1", "make slow"), ok_result()];
        assert_eq!((lost(&begun), concluded(&begun)), (Some(vec!["make slow".to_owned()]), Some(true)));
        let started =
            system("task_started", &json!({"task_id": "b", "tool_use_id": "1", "is_backgrounded": true}));
        for end in [
            system("task_notification", &json!({"task_id": "b", "status": "completed"})),
            system("task_updated", &json!({"task_id": "b", "patch": {"status": "failed"}})),
            system("background_tasks_changed", &json!({"tasks": []})),
            json!({"type": "user", "message": {"content":
                [{"type": "tool_result", "tool_use_id": "1", "is_error": true}]}}),
        ] {
            let lines = [shell("1", "make slow"), started.clone(), end.clone(), ok_result()];
            assert_eq!((lost(&lines), concluded(&lines)), (None, Some(false)), "{end}");
        }
        let moved = system(
            "task_started",
            &json!({"task_id": "c", "description": "a server", "is_backgrounded": true}),
        );
        let still = system("background_tasks_changed", &json!({"tasks": [{"task_id": "c"}]}));
        let lines = [shell("1", "make slow"), started, moved, still, ok_result()];
        assert_eq!(lost(&lines), Some(vec!["a server".to_owned()]));
        let foreground = system("task_started", &json!({"task_id": "d", "is_backgrounded": false}));
        assert_eq!(lost(&[foreground, ok_result()]), None);
    }

    #[test]
    fn work_in_the_background_that_was_read_to_its_end_or_killed_is_not_lost() {
        let shell = |id: &str, command: &str| {
            tool_use(id, "Bash", &json!({"command": command, "run_in_background": true}))
        };
        let answer = |id: &str, content: &Value| {
            json!({"type": "user", "message": {"content":
                [{"type": "tool_result", "tool_use_id": id, "content": content}]}})
        };
        let begun = |id: &str, task: &str| {
            answer(id, &json!(format!("Command running in background with ID: {task}")))
        };
        let read = |task: &str| tool_use("r", "BashOutput", &json!({"bash_id": task}));
        let status = |status: &str| json!(format!("<status>{status}</status>\n<exit_code>0</exit_code>"));
        let in_blocks = json!([{"type": "text", "text": "<status>failed</status>"}]);
        let lost = |lines: &[Value]| {
            events_of(lines).into_iter().find_map(|event| match event {
                AgentEvent::WorkLost { what } => Some(what),
                _ => None,
            })
        };
        let two = [shell("1", "make a"), begun("1", "bash_1"), shell("2", "make b"), begun("2", "bash_12")];
        let kill = tool_use("r", "KillShell", &json!({"shell_id": "bash_1"}));
        for (more, left) in [
            (vec![read("bash_1"), answer("r", &status("completed"))], &["make b"][..]),
            (vec![read("bash_12"), answer("r", &in_blocks)], &["make a"]),
            (vec![read("bash_1"), answer("r", &status("running"))], &["make a", "make b"]),
            (vec![read("bash_9"), answer("r", &status("completed"))], &["make a", "make b"]),
            (vec![kill, answer("r", &json!("killed"))], &["make b"]),
        ] {
            let lines = [&two[..], &more, &[ok_result()]].concat();
            assert_eq!(lost(&lines), Some(left.iter().map(|what| (*what).to_owned()).collect()), "{more:?}");
        }
        // The only one needs no name.
        let agent = tool_use("1", "Agent", &json!({"description": "explore", "run_in_background": true}));
        let output = tool_use("r", "TaskOutput", &json!({"task_id": "x"}));
        let lines = [agent, answer("1", &json!("launched")), output, answer("r", &status("completed"))];
        assert_eq!(lost(&[&lines[..], &[ok_result()]].concat()), None);
    }

    #[test]
    fn what_the_assistant_says_of_limits_is_none_although_its_run_fails() {
        let words = "The rate limit resets 3pm, so the test waits.";
        let failed = json!({"type": "result", "subtype": "success", "is_error": true, "result": words});
        let printed = json!({"type": "user", "message": {"content":
            [{"type": "tool_result", "tool_use_id": "t", "content": "API Error: 429 usage limit, resets 3pm"}]}});
        let events = events_of(&[text("m", words), printed, failed.clone()]);
        let Some(AgentEvent::Ended { outcome, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!(*outcome, Outcome::Crashed);
        // The same words from the CLI itself are a limit.
        let events = events_of(&[text("m", "Something else."), failed]);
        let Some(AgentEvent::Ended { outcome, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!(outcome.class(), "rate_limit");
    }

    #[test]
    fn a_compaction_is_told() {
        let line =
            json!({"type": "system", "subtype": "compact_boundary", "compact_metadata": {"trigger": "auto"}});
        assert!(events_of(&[line, ok_result()]).contains(&AgentEvent::Compacted));
    }

    #[test]
    fn a_denied_permission_is_no_failure_but_is_told_with_its_command() {
        let denials = json!([
            {"tool_name": "Bash", "tool_use_id": "t", "tool_input": {"command": "git push\n--force"}},
            {"tool_name": "WebSearch", "tool_input": {}}, "odd"
        ]);
        let mut result = ok_result();
        result["permission_denials"] = denials;
        let events = events_of(&[result]);
        let denied = |tool: &str| AgentEvent::PermissionDenied { tool: tool.to_owned() };
        assert_eq!(events[..2], [denied("Bash(git push --force)"), denied("WebSearch")]);
        assert_eq!(events[4], AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() });
    }

    #[test]
    fn a_total_that_covers_the_session_is_set_against_the_run_before() {
        let result = |used: u64, models: u64, total: f64| {
            json!({"type": "result", "subtype": "success", "total_cost_usd": total,
                "usage": {"input_tokens": used}, "modelUsage": {"m": {"inputTokens": models}}})
        };
        for (prior, used, models, total, cost) in [
            (None, 10, 10, 0.5, 0.5),
            // The models' tokens cover the session, so the total does.
            (Some(0.5), 10, 20, 0.75, 0.25),
            // They cover this run alone, so the total does, even where it is larger.
            (Some(0.5), 10, 10, 0.75, 0.75),
            (Some(0.5), 10, 20, 0.5, 0.5),
            (Some(0.5), 10, 20, 0.25, 0.25),
        ] {
            let line = result(used, models, total).to_string();
            let usage = last_usage(&events_of_bytes(prior, line.as_bytes()));
            assert_eq!(usage.cost_usd, Some(cost), "{prior:?} {line}");
        }
        let line = result(1, 1, 0.0).to_string().replace("0.0", "-1e999");
        assert_eq!(last_usage(&events_of_bytes(None, line.as_bytes())).cost_usd, None, "no number, no cost");
    }

    #[test]
    fn several_results_of_one_run_add_up_and_the_last_one_decides() {
        let result = |cost: f64, total: f64, is_error: bool| {
            json!({"type": "result", "subtype": "success", "is_error": is_error, "total_cost_usd": total,
                "model_usage_since_last_result": {"m": {"inputTokens": 10, "outputTokens": 1, "costUSD": cost}}})
        };
        let events = events_of(&[result(0.25, 0.25, true), result(0.5, 0.75, false)]);
        let expected = Usage { input: 20, output: 2, cost_usd: Some(0.75), ..Usage::default() };
        assert_eq!(last_usage(&events), expected);
        assert_eq!(events.last(), Some(&AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() }));
    }

    #[test]
    fn lines_that_are_not_understood_cost_nothing_else() {
        let mut stream = b"not json\n{\"type\":\n[]\n\"assistant\"\n{}\n{\"type\":7}\n\n\xff\xfe\n".to_vec();
        stream.extend(format!("{}\n", "[".repeat(2_000_000)).bytes());
        stream.extend(
            format!("{{\"type\":\"user\",\"message\":{}1{}}}\n", "{\"a\":".repeat(9999), "}".repeat(9999))
                .bytes(),
        );
        stream.extend(format!("{{\"type\":\"new\",\"message\":{}\n", "{\"content\":[".repeat(9999)).bytes());
        stream.extend(json!({"type": "assistant", "message": [1], "error": {}}).to_string().bytes());
        stream.push(b'\n');
        stream.resize(stream.len() + crate::LINE_LIMIT + 1, b'x');
        stream.extend(format!("\n{}\n{}", text("m", "still here"), ok_result()).bytes());
        let events = events_of_bytes(None, &stream);
        assert_eq!(texts(&events), ["still here"]);
        assert_eq!(events.last(), Some(&AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() }));
    }

    #[test]
    fn broken_text_is_repaired_not_lost() {
        let line = text("m", "AB").to_string();
        let half = line.replace("AB", r"cut \ud83d");
        assert_eq!(texts(&events_of_bytes(None, half.as_bytes())), ["cut \u{fffd}"]);
        let mut bytes = line.into_bytes();
        let at = bytes.iter().position(|byte| *byte == b'A').unwrap();
        bytes[at] = 0xff;
        assert_eq!(texts(&events_of_bytes(None, &bytes)), ["\u{fffd}B"]);
    }

    #[test]
    fn each_request_tells_how_full_the_conversation_is_and_what_was_used_where_no_result_does() {
        let said = |id: &str, input: u64, parent: Value| {
            json!({"type": "assistant", "session_id": "s", "parent_tool_use_id": parent, "message": {"id": id,
                "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "x"}],
                "usage": {"input_tokens": input, "cache_read_input_tokens": 100, "output_tokens": 5}}})
        };
        let lines = [
            said("m1", 10, Value::Null),
            said("m1", 10, Value::Null),
            said("sub", 7, json!("t")),
            said("m2", 20, Value::Null),
        ];
        let told = |events: &[AgentEvent]| -> Vec<AgentEvent> {
            let wanted =
                |event: &&AgentEvent| matches!(event, AgentEvent::Context { .. } | AgentEvent::Usage(_));
            events.iter().filter(wanted).cloned().collect()
        };
        let full = |tokens| AgentEvent::Context { tokens, window: Some(200_000) };
        let used = AgentEvent::Usage(Usage { input: 37, output: 15, cache_read: 300, ..Usage::default() });
        assert_eq!(told(&events_of(&lines)), [full(115), full(125), used]);
        let [one, ..] = lines;
        assert_eq!(told(&events_of(&[one, ok_result()])).len(), 2, "the result says what the run used");
    }
}
