//! Judges how a run of Claude Code ended. By its fields, not by its prose; prose is the last resort, for versions that
//! have no such field.

use crate::reset_time::reset_time;
use crate::{Exit, shown::SHOWN_TEXT, shown::cut, shown::last_words};
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
            Some(result) => self.of_result(result, exit),
            None => self.without_result(exit, stderr_tail),
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

    fn of_result(&self, result: &RunResult, exit: Exit) -> Outcome {
        // Older versions say of these that they are no errors.
        match (result.subtype.as_str(), result.terminal_reason.as_str()) {
            ("error_max_turns", _) | (_, "max_turns") => return Outcome::TurnLimit,
            ("error_max_budget_usd", _) | (_, "budget_exhausted") => return Outcome::Budget,
            (_, "prompt_too_long") => return Outcome::Context,
            (_, reason) if reason.starts_with("aborted") => return Outcome::Interrupted,
            _ => {}
        }
        if result.stop_reason == "refusal" {
            return Outcome::Refusal;
        }
        if !result.is_error && !result.subtype.starts_with("error") {
            return Outcome::Ok;
        }
        if result.message.starts_with(NO_SESSION) {
            return Outcome::SessionNotFound;
        }
        let status = result.api_error_status.or_else(|| self.api_error.as_ref()?.status);
        if let Some(outcome) = self.of_api_error().or_else(|| of_status(status?)) {
            return outcome;
        }
        if self.rejection.is_some() {
            return Outcome::RateLimit { reset_at: None };
        }
        if let Some(outcome) = of_prose(&result.message) {
            return outcome;
        }
        match status {
            Some(400 | 422) => Outcome::Config,
            // SIGINT ends it like this, with exit status 0.
            None if result.subtype == "error_during_execution" && exit.code == Some(0) => {
                Outcome::Interrupted
            }
            _ if exit.is_interruption() => Outcome::Interrupted,
            _ => Outcome::Server,
        }
    }

    fn without_result(&self, exit: Exit, stderr_tail: &str) -> Outcome {
        if exit.is_interruption() {
            return Outcome::Interrupted;
        }
        if stderr_tail.lines().any(|line| line.starts_with(NO_SESSION)) {
            return Outcome::SessionNotFound;
        }
        if let Some(outcome) = self.of_api_error() {
            return outcome;
        }
        if self.rejection.is_some() {
            return Outcome::RateLimit { reset_at: None };
        }
        // It did not even begin: it refuses its arguments or its settings.
        let refuses = |line: &str| line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("error:"));
        if !self.spoke && (stderr_tail.lines().any(refuses) || matches!(exit.code, Some(126 | 127))) {
            return Outcome::Config;
        }
        Outcome::Server
    }

    fn of_api_error(&self) -> Option<Outcome> {
        match self.api_error.as_ref()?.kind.as_str() {
            "authentication_failed" | "oauth_org_not_allowed" => Some(Outcome::Auth),
            "billing_error" => Some(Outcome::Billing),
            "rate_limit" => Some(Outcome::RateLimit { reset_at: None }),
            "model_not_found" => Some(Outcome::Config),
            "server_error" | "overloaded" => Some(Outcome::Server),
            _ => None,
        }
    }

    fn message(&self, exit: Exit, stderr_tail: &str) -> String {
        let said = self.result.as_ref().map(|result| result.message.as_str());
        let failed = self.api_error.as_ref().map(|error| error.text.as_str());
        let said = [said, failed].into_iter().flatten().map(str::trim).find(|text| !text.is_empty());
        if let Some(said) = said {
            return cut(said, SHOWN_TEXT);
        }
        let words = last_words(stderr_tail);
        if words.is_empty() { format!("no result ({})", exit.describe()) } else { words }
    }
}

fn of_status(status: i64) -> Option<Outcome> {
    match status {
        401 | 403 => Some(Outcome::Auth),
        402 => Some(Outcome::Billing),
        404 => Some(Outcome::Config),
        413 => Some(Outcome::Context),
        429 => Some(Outcome::RateLimit { reset_at: None }),
        408 | 500..=599 => Some(Outcome::Server),
        _ => None,
    }
}

fn of_prose(message: &str) -> Option<Outcome> {
    let message = message.replace('’', "'");
    let begins = |starts: &[&str]| starts.iter().any(|start| message.starts_with(start));
    if begins(&["Prompt is too long"]) {
        return Some(Outcome::Context);
    }
    if begins(&["Credit balance is too low"]) {
        return Some(Outcome::Billing);
    }
    if begins(&["Not logged in", "Invalid API key", "OAuth token has expired", "Failed to authenticate"]) {
        return Some(Outcome::Auth);
    }
    let limit = begins(&["Claude AI usage limit reached", "Claude usage limit reached"])
        || (begins(&["You've hit your", "You've reached your"]) && message.contains("limit"));
    limit.then_some(Outcome::RateLimit { reset_at: None })
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
            ("Invalid API key · Fix external API key", Outcome::Auth),
            (
                "Claude AI usage limit reached|1751234567",
                Outcome::RateLimit { reset_at: Some(1_751_234_567) },
            ),
            (
                "You’ve hit your session limit · resets 10am (UTC)",
                Outcome::RateLimit { reset_at: Some(1_795_255_200) },
            ),
            ("I changed how 429 and “usage limit reached” are handled", Outcome::Server),
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
            (400, "config"),
            (401, "auth"),
            (403, "auth"),
            (404, "config"),
            (413, "context"),
            (429, "rate_limit"),
            (500, "server"),
            (529, "server"),
            (-1, "server"),
        ] {
            let result = RunResult { api_error_status: Some(status), ..failed("API Error") };
            let evidence = Evidence { result: Some(result), ..Evidence::default() };
            assert_eq!(judge(&evidence, Exit::with_code(1), "").0.class(), class, "{status}");
        }
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
            (&spoke, Exit::with_code(1), "Error: it broke", "server"),
            (&silent, Exit::with_code(1), "node:internal/modules: it broke", "server"),
            (&silent, Exit::with_code(127), "sh: claude: not found", "config"),
            (&silent, Exit::with_code(0), "", "server"),
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
