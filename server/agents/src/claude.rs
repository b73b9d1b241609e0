//! Claude Code (`@anthropic-ai/claude-code`), called headless with its `stream-json` output.

mod background;
mod login;
mod outcome;
mod stream;
mod window;

use super::{
    Adapter, Decoder, Invocation, InvocationError, Login, Permissions, PriorSession, Request,
    invocation::program_and_args,
};
use std::ffi::OsString;

/// What [`Permissions::Commands`] allows by name: the shell and all file tools, of older versions too.
const ALLOWED_TOOLS: &str = "Bash,Edit,Glob,Grep,LS,MultiEdit,NotebookEdit,NotebookRead,Read,Write";

/// What one may use that only reads, by name.
const READING_TOOLS: &str = "Glob,Grep,LS,NotebookRead,Read";

/// What is taken from one that only reads, beside [`WITHHELD_TOOLS`]: all that changes or runs something, and what looks
/// elsewhere.
const CHANGING_TOOLS: &str = "Bash,BashOutput,KillShell,Edit,MultiEdit,NotebookEdit,Write,Task,Agent,Skill,SlashCommand,\
                              WebFetch,WebSearch,Workflow,SendMessage,ScheduleWakeup,CronCreate,CronDelete";

/// What is taken away: worktrees inside of the one that it works in, whose commits nobody would find, and what waits for a
/// person who is not there.
const WITHHELD_TOOLS: &str = "EnterWorktree,ExitWorktree,AskUserQuestion,EnterPlanMode,ExitPlanMode";

pub(super) struct Claude {
    /// Whether Alfine runs as root, where the CLI demands to be told that it is contained.
    root: bool,
}

impl Claude {
    pub(super) fn new() -> Self {
        Self { root: rustix::process::geteuid().is_root() }
    }
}

impl Adapter for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }

    fn author(&self) -> String {
        "Claude <noreply@anthropic.com>".to_owned()
    }

    fn invocation(&self, request: &Request) -> Result<Invocation, InvocationError> {
        let (program, mut args) = program_and_args(self.name(), request.command.as_deref(), Some("claude"))?;
        let mut add = |words: &[&str]| args.extend(words.iter().map(OsString::from));
        let withheld = match request.reads_only {
            true => format!("{WITHHELD_TOOLS},{CHANGING_TOOLS}"),
            false => WITHHELD_TOOLS.to_owned(),
        };
        add(&["-p", "--output-format", "stream-json", "--verbose", "--disallowedTools", &withheld]);
        if let Some(session) = &request.session {
            add(&["--resume", &session.0]);
        }
        if let Some(model) = &request.model {
            add(&["--model", model]);
        }
        let mut env = vec![("DISABLE_AUTOUPDATER".into(), "1".into())];
        match request.permissions {
            // Servers that the work itself may have brought are no tools of one who judges it.
            Permissions::Edits | Permissions::Commands | Permissions::All if request.reads_only => {
                add(&["--strict-mcp-config", "--allowedTools", READING_TOOLS]);
            }
            Permissions::Edits => add(&["--permission-mode", "acceptEdits"]),
            Permissions::Commands => {
                add(&["--permission-mode", "acceptEdits", "--allowedTools", ALLOWED_TOOLS]);
            }
            Permissions::All => {
                add(&["--dangerously-skip-permissions"]);
                if self.root {
                    env.push(("IS_SANDBOX".into(), "1".into()));
                }
            }
        }
        if let Some(budget) = request.max_budget_usd {
            add(&["--max-budget-usd", &budget.to_string()]);
        }
        args.extend(request.extra_args.iter().map(OsString::from));
        Ok(Invocation { program, args, env, stdin: request.prompt.clone().into_bytes() })
    }

    fn decoder(&self, prior: &PriorSession) -> Box<dyn Decoder> {
        Box::new(stream::Stream::new(prior))
    }

    fn login(&self, env: &dyn Fn(&str) -> Option<String>, said: &str) -> Option<Login> {
        Some(login::login(env, said))
    }

    fn standing_context(&self) -> &'static [&'static str] {
        &[
            "CLAUDE.md",
            "CLAUDE.local.md",
            ".claude/CLAUDE.md",
            "AGENTS.md",
            ".mcp.json",
            "~/.claude/CLAUDE.md",
        ]
    }

    fn own_env(&self) -> &'static [&'static str] {
        &["ANTHROPIC_*", "CLAUDE_*", "DISABLE_AUTOUPDATER", "IS_SANDBOX"]
    }

    fn own_env_when(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("CLAUDE_CODE_USE_BEDROCK", &["AWS_*"]),
            (
                "CLAUDE_CODE_USE_VERTEX",
                &["GOOGLE_*", "GCLOUD_*", "CLOUDSDK_*", "CLOUD_ML_REGION", "VERTEX_*"],
            ),
            ("CLAUDE_CODE_USE_FOUNDRY", &["AZURE_*"]),
        ]
    }

    fn probe(&self, command: Option<&str>) -> Option<Result<Invocation, InvocationError>> {
        let invocation = program_and_args(self.name(), command, Some("claude")).map(|(program, mut args)| {
            args.push("--version".into());
            let env = vec![("DISABLE_AUTOUPDATER".into(), "1".into())];
            Invocation { program, args, env, stdin: Vec::new() }
        });
        Some(invocation)
    }

    fn install_hint(&self) -> &'static str {
        "npm install -g @anthropic-ai/claude-code"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::agent::SessionId;

    fn args(request: &Request, root: bool) -> (Vec<String>, Vec<String>) {
        let invocation = Claude { root }.invocation(request).unwrap();
        let texts =
            |words: Vec<OsString>| words.into_iter().map(|word| word.into_string().unwrap()).collect();
        let env = invocation.env.into_iter().map(|(name, _)| name).collect();
        (texts(invocation.args), texts(env))
    }

    #[test]
    fn a_first_run_may_edit_and_use_the_shell_and_reads_its_prompt_from_stdin() {
        let request = Request { prompt: "--help".to_owned(), ..Request::default() };
        let (args, env) = args(&request, true);
        assert_eq!(
            args.join(" "),
            format!(
                "-p --output-format stream-json --verbose --disallowedTools {WITHHELD_TOOLS} \
                 --permission-mode acceptEdits --allowedTools {ALLOWED_TOOLS}"
            )
        );
        assert_eq!(env, ["DISABLE_AUTOUPDATER"]);
        assert_eq!(Claude { root: false }.invocation(&request).unwrap().stdin, b"--help");
    }

    #[test]
    fn a_resumed_run_names_its_session_model_and_limits() {
        let request = Request {
            session: Some(SessionId("abc".to_owned())),
            model: Some("opus".to_owned()),
            permissions: Permissions::Edits,
            extra_args: vec!["--add-dir".to_owned(), "../lib".to_owned()],
            command: Some("npx 'claude code' --x".to_owned()),
            max_budget_usd: Some(0.5),
            ..Request::default()
        };
        assert_eq!(
            args(&request, false).0,
            [
                "claude code",
                "--x",
                "-p",
                "--output-format",
                "stream-json",
                "--verbose",
                "--disallowedTools",
                WITHHELD_TOOLS,
                "--resume",
                "abc",
                "--model",
                "opus",
                "--permission-mode",
                "acceptEdits",
                "--max-budget-usd",
                "0.5",
                "--add-dir",
                "../lib"
            ]
        );
    }

    #[test]
    fn one_that_reads_only_is_given_no_tool_that_changes_anything() {
        let request = Request { reads_only: true, permissions: Permissions::All, ..Request::default() };
        let (args, env) = args(&request, true);
        assert_eq!(
            args.join(" "),
            format!(
                "-p --output-format stream-json --verbose --disallowedTools {WITHHELD_TOOLS},{CHANGING_TOOLS} \
                 --strict-mcp-config --allowedTools {READING_TOOLS}"
            )
        );
        assert_eq!(env, ["DISABLE_AUTOUPDATER"]);
    }

    #[test]
    fn only_root_says_that_it_is_contained_and_only_where_all_is_allowed() {
        let request = Request { permissions: Permissions::All, ..Request::default() };
        let (words, env) = args(&request, true);
        assert_eq!(words.last().map(String::as_str), Some("--dangerously-skip-permissions"));
        assert_eq!(env, ["DISABLE_AUTOUPDATER", "IS_SANDBOX"]);
        assert_eq!(args(&request, false).1, ["DISABLE_AUTOUPDATER"]);
    }
}
