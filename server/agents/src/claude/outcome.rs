//! Judges how a run of Claude Code ended. By its fields, not by its prose; prose is the last resort, for versions that
//! have no such field.

use crate::{
    Exit,
    failure_words::{
        outcome_of_dying_words, outcome_of_reason, outcome_of_status, outcome_of_words, status_in,
    },
    reset_time::reset_time,
    shown::{SHOWN_TEXT, cut, last_words},
};
use alfine_core::agent::{AgentEvent, Outcome};
use jiff::Timestamp;

/// The only sign of a session that is gone, in `errors` and on stderr.
const NO_SESSION: &str = "No conversation found with session ID";

/// The fields of the last `result` line that tell how the run ended.
#[derive(Debug, Clone, Default)]
pub(super) struct RunResult {
    pub(super) subtype: String,
    pub(super) is_error: bool,
    pub(super) api_error_status: Option<i64>,
    pub(super) stop_reason: String,
    pub(super) terminal_reason: String,
    /// `errors`, or else `result`; cut.
    pub(super) message: String,
    /// Whether the message is what the assistant wrote last.
    pub(super) by_assistant: bool,
}

impl RunResult {
    fn is_failure(&self) -> bool {
        self.is_error || self.subtype.starts_with("error")
    }

    /// The CLI's name for the reason why it ended, if that is not said in words.
    fn reason(&self) -> Option<&str> {
        let told = [self.terminal_reason.as_str(), self.subtype.as_str()];
        told.into_iter().find(|reason| {
            !matches!(
                *reason,
                "" | "success" | "completed" | "api_error" | "prompt_too_long" | "error_during_execution"
            )
        })
    }
}

/// What the CLI said of a failed request to the model.
#[derive(Debug, Clone, Default)]
pub(super) struct ApiError {
    pub(super) kind: String,
    pub(super) status: Option<i64>,
    pub(super) text: String,
}

/// A usage limit that was reached.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rejection {
    pub(super) reset_at: Option<i64>,
}

/// All that tells how a run ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) result: Option<RunResult>,
    pub(super) api_error: Option<ApiError>,
    pub(super) rejection: Option<Rejection>,
    /// Whether stdout had any line at all.
    pub(super) spoke: bool,
}

impl Evidence {
    /// Returns the run's `Ended`.
    pub(super) fn judge(&self, exit: Exit, stderr_tail: &str, now: Timestamp) -> AgentEvent {
        let outcome = match &self.result {
            Some(result) => self.of_result(result, exit, now),
            None => self.without_result(exit, stderr_tail, now),
        };
        let message = match outcome {
            Outcome::Ok => String::new(),
            _ => self.message(exit, stderr_tail),
        };
        let outcome = match outcome {
            Outcome::RateLimit { .. } => {
                let told = self.rejection.and_then(|rejection| rejection.reset_at);
                Outcome::RateLimit { reset_at: told.or_else(|| reset_time(&message, now)) }
            }
            other => other,
        };
        AgentEvent::Ended { outcome, message }
    }

    fn of_result(&self, result: &RunResult, exit: Exit, now: Timestamp) -> Outcome {
        // Older versions say of these that they are no errors.
        match (result.subtype.as_str(), result.terminal_reason.as_str()) {
            ("error_max_turns", _) | (_, "max_turns") => return Outcome::TurnLimit,
            ("error_max_budget_usd", _) | (_, "budget_exhausted") => return Outcome::Budget,
            (_, "prompt_too_long" | "rapid_refill_breaker" | "blocking_limit") => return Outcome::Context,
            (_, reason) if reason.starts_with("aborted") => return Outcome::Interrupted,
            _ => {}
        }
        match result.stop_reason.as_str() {
            "refusal" => return Outcome::Refusal,
            "model_context_window_exceeded" => return Outcome::Context,
            _ => {}
        }
        if !result.is_error && !result.subtype.starts_with("error") {
            return Outcome::Ok;
        }
        if result.message.starts_with(NO_SESSION) {
            return Outcome::SessionNotFound;
        }
        if let Some(outcome) = self.of_failed_request(now) {
            return outcome;
        }
        // SIGINT ends it like this, with exit status 0.
        let interrupted = exit.code == Some(0) || exit.is_interruption();
        if result.subtype == "error_during_execution" && interrupted {
            return Outcome::Interrupted;
        }
        outcome_of_reason(&result.terminal_reason)
            .or_else(|| outcome_of_reason(result.subtype.strip_prefix("error_")?))
            .unwrap_or(Outcome::Crashed)
    }

    /// Judges what the CLI said of a request that the service did not answer well.
    fn of_failed_request(&self, now: Timestamp) -> Option<Outcome> {
        if let Some(outcome) = self.of_kind() {
            return Some(outcome);
        }
        let words = self.error_words();
        let by_words = words.and_then(|words| outcome_of_words(words, now));
        let told = self.result.as_ref().and_then(|result| result.api_error_status);
        let told = told.or_else(|| self.api_error.as_ref()?.status);
        let status = told.or_else(|| status_in(words?));
        // A service may say of a limit, a credit or a full context that the request is bad or forbidden.
        let by_words_first = matches!(status, None | Some(400 | 403 | 404 | 422));
        let by_status = status.and_then(outcome_of_status);
        let limited = self.rejection.map(|_| Outcome::RateLimit { reset_at: None });
        let [first, second] = if by_words_first { [by_words, by_status] } else { [by_status, by_words] };
        let rejected = || status.filter(|status| (400..500).contains(status)).map(|_| Outcome::Rejected);
        // A service that fails without a word of its own, and not by something that the CLI could name.
        let unnamed = || {
            let more = words?.strip_prefix("API Error")?;
            (!more.contains(char::is_alphabetic)).then_some(Outcome::Server)
        };
        first.or(second).or(limited).or_else(rejected).or_else(unnamed)
    }

    /// What the CLI or the service said went wrong: never what the assistant wrote.
    fn error_words(&self) -> Option<&str> {
        let result = self.result.as_ref().filter(|result| result.is_failure() && !result.by_assistant);
        let said = result.map(|result| result.message.as_str());
        let failed = self.api_error.as_ref().map(|error| error.text.as_str());
        [said, failed].into_iter().flatten().map(str::trim).find(|text| !text.is_empty())
    }

    fn without_result(&self, exit: Exit, stderr_tail: &str, now: Timestamp) -> Outcome {
        if exit.is_interruption() {
            return Outcome::Interrupted;
        }
        if stderr_tail.lines().any(|line| line.starts_with(NO_SESSION)) {
            return Outcome::SessionNotFound;
        }
        let failed = self.of_failed_request(now).or_else(|| outcome_of_dying_words(stderr_tail, now));
        if let Some(outcome) = failed {
            return outcome;
        }
        // It did not even begin: it refuses its arguments or its settings.
        let refuses = |line: &str| line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("error:"));
        if !self.spoke && (stderr_tail.lines().any(refuses) || matches!(exit.code, Some(126 | 127))) {
            return Outcome::Config;
        }
        Outcome::Crashed
    }

    /// What the CLI itself calls the failure.
    fn of_kind(&self) -> Option<Outcome> {
        match self.api_error.as_ref()?.kind.as_str() {
            "authentication_failed" | "oauth_org_not_allowed" => Some(Outcome::Auth { cloud: false }),
            "billing_error" => Some(Outcome::Billing),
            "rate_limit" => Some(Outcome::RateLimit { reset_at: None }),
            "model_not_found" => Some(Outcome::Config),
            "server_error" | "overloaded" => Some(Outcome::Server),
            _ => None,
        }
    }

    fn message(&self, exit: Exit, stderr_tail: &str) -> String {
        // Of an end that has no name here, the CLI's own name for it is shown.
        let reason = self.result.as_ref().and_then(RunResult::reason);
        let named = reason.map(|reason| format!("the agent calls it “{reason}”"));
        if let Some(said) = self.error_words() {
            let said = cut(said, SHOWN_TEXT);
            return named.map_or_else(|| said.clone(), |named| format!("{said} ({named})"));
        }
        let words = last_words(stderr_tail);
        match (words.is_empty(), named) {
            (false, _) => words,
            (true, Some(named)) => named,
            (true, None) => format!("no result ({})", exit.describe()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(message: &str) -> RunResult {
        let subtype = "success".to_owned();
        RunResult { subtype, is_error: true, message: message.to_owned(), ..RunResult::default() }
    }

    fn judge(evidence: &Evidence, exit: Exit, stderr: &str) -> (Outcome, String) {
        // 2026-11-21 09:16:09 UTC.
        let now = Timestamp::from_second(1_795_252_569).unwrap();
        let AgentEvent::Ended { outcome, message } = evidence.judge(exit, stderr, now) else { panic!() };
        (outcome, message)
    }

    #[test]
    fn prose_decides_only_where_no_field_does() {
        for (message, expected) in [
            ("Prompt is too long", Outcome::Context),
            ("Credit balance is too low", Outcome::Billing),
            ("Invalid API key · Fix external API key", Outcome::Auth { cloud: false }),
            (
                "Claude AI usage limit reached|1751234567",
                Outcome::RateLimit { reset_at: Some(1_751_234_567) },
            ),
            (
                "You’ve hit your session limit · resets 10am (UTC)",
                Outcome::RateLimit { reset_at: Some(1_795_255_200) },
            ),
            (
                "5-hour limit reached ∙ resets 10am (UTC)",
                Outcome::RateLimit { reset_at: Some(1_795_255_200) },
            ),
            ("API Error: Connection error.", Outcome::Server),
            ("API Error", Outcome::Server),
            ("API Error: the moon is full", Outcome::Crashed),
            ("something new", Outcome::Crashed),
        ] {
            let mut evidence = Evidence { result: Some(failed(message)), spoke: true, ..Evidence::default() };
            assert_eq!(judge(&evidence, Exit::with_code(1), "").0, expected, "{message}");
            let field = ApiError { kind: "model_not_found".to_owned(), ..ApiError::default() };
            evidence.api_error = Some(field);
            assert_eq!(judge(&evidence, Exit::with_code(1), "").0, Outcome::Config, "{message}");
            evidence.result = Some(RunResult { is_error: false, ..failed(message) });
            assert_eq!(judge(&evidence, Exit::with_code(0), "").0, Outcome::Ok, "{message}");
        }
    }

    #[test]
    fn a_status_decides_where_there_is_one() {
        for (status, class) in [
            (400, "rejected"),
            (401, "auth"),
            (403, "auth"),
            (404, "rejected"),
            (413, "context"),
            (422, "rejected"),
            (429, "rate_limit"),
            (500, "server"),
            (529, "server"),
            (418, "rejected"),
            (-1, "server"),
        ] {
            let result = RunResult { api_error_status: Some(status), ..failed("API Error") };
            let evidence = Evidence { result: Some(result), ..Evidence::default() };
            assert_eq!(judge(&evidence, Exit::with_code(1), "").0.class(), class, "{status}");
        }
    }

    #[test]
    fn what_the_assistant_wrote_tells_nothing_of_how_its_run_ended() {
        for words in [
            "I changed how 429 and “usage limit reached” are handled",
            "The rate limit resets 3pm (UTC), so the test waits",
            "Prompt is too long",
            "Invalid API key",
        ] {
            let result = RunResult { by_assistant: true, ..failed(words) };
            let evidence = Evidence { result: Some(result), spoke: true, ..Evidence::default() };
            let (outcome, message) = judge(&evidence, Exit::with_code(1), "");
            assert_eq!(
                (outcome, message.as_str()),
                (Outcome::Crashed, "no result (exit status 1)"),
                "{words}"
            );
        }
    }

    #[test]
    fn an_end_that_has_no_name_here_is_classed_by_what_it_is_or_shown_in_its_own_words() {
        let ended = |subtype: &str, reason: &str, is_error: bool, message: &str| {
            let (subtype, terminal_reason) = (subtype.to_owned(), reason.to_owned());
            let result = RunResult { subtype, terminal_reason, is_error, ..failed(message) };
            let evidence = Evidence { result: Some(result), spoke: true, ..Evidence::default() };
            let (outcome, message) = judge(&evidence, Exit::with_code(i32::from(is_error)), "");
            (outcome.class(), message)
        };
        for (reason, is_error, class) in [
            ("rapid_refill_breaker", false, "context"),
            ("blocking_limit", true, "context"),
            ("context_exhausted", true, "context"),
            ("usage_blocked", true, "rate_limit"),
            ("moon_phase", true, "crashed"),
            ("moon_phase", false, "ok"),
            ("completed_after_compaction", false, "ok"),
        ] {
            assert_eq!(ended("success", reason, is_error, "").0, class, "{reason}");
        }
        assert_eq!(ended("success", "moon_phase", true, "").1, "the agent calls it “moon_phase”");
        assert_eq!(ended("success", "moon_phase", true, "odd").1, "odd (the agent calls it “moon_phase”)");
        let schema = ended("error_max_structured_output_retries", "", true, "");
        assert_eq!(
            schema,
            ("crashed", "the agent calls it “error_max_structured_output_retries”".to_owned())
        );
    }

    #[test]
    fn a_limit_that_was_passed_by_overage_does_not_end_a_good_run() {
        let result = RunResult { is_error: false, ..failed("done") };
        let rejection = Some(Rejection { reset_at: Some(5) });
        let evidence = Evidence { result: Some(result), rejection, ..Evidence::default() };
        assert_eq!(judge(&evidence, Exit::with_code(0), ""), (Outcome::Ok, String::new()));
        let failed = Evidence { result: Some(failed("?")), ..evidence };
        assert_eq!(judge(&failed, Exit::with_code(1), "").0, Outcome::RateLimit { reset_at: Some(5) });
    }

    #[test]
    fn a_run_without_a_result_is_judged_by_its_exit_and_stderr() {
        let silent = Evidence::default();
        let spoke = Evidence { spoke: true, ..Evidence::default() };
        for (evidence, exit, stderr, class) in [
            (&silent, Exit::with_code(1), "error: unknown option '--frob'", "config"),
            (&spoke, Exit::with_code(1), "Error: it broke", "crashed"),
            (&silent, Exit::with_code(1), "node:internal/modules: it broke", "crashed"),
            (&silent, Exit::with_code(127), "sh: claude: not found", "config"),
            (&silent, Exit::with_code(0), "", "crashed"),
            (&silent, Exit::with_code(1), "Error: connect ECONNREFUSED 127.0.0.1:443", "server"),
            (&silent, Exit { signal: Some(6), ..Exit::default() }, "", "crashed"),
            (&silent, Exit::with_code(1), "No conversation found with session ID: 9", "session_not_found"),
            (&spoke, Exit { signal: Some(9), ..Exit::default() }, "Error: x", "interrupted"),
            (&spoke, Exit::with_code(143), "", "interrupted"),
        ] {
            assert_eq!(judge(evidence, exit, stderr).0.class(), class, "{exit:?} {stderr}");
        }
        assert_eq!(judge(&silent, Exit::with_code(7), "").1, "no result (exit status 7)");
    }

    #[test]
    fn older_versions_do_not_call_a_limit_of_turns_an_error() {
        let result = RunResult { subtype: "error_max_turns".to_owned(), is_error: false, ..failed("") };
        let evidence = Evidence { result: Some(result), ..Evidence::default() };
        assert_eq!(judge(&evidence, Exit::with_code(0), "").0, Outcome::TurnLimit);
    }
}
