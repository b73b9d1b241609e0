//! What a failure is, read from the words of a CLI or of its service.
//!
//! The last resort, where no field says it. Never given what an assistant wrote or a tool printed: an agent that writes
//! about usage limits has reached none.

use super::{
    reset_time::{passes, reset_time},
    shown::last_line,
};
use alfine_core::agent::Outcome;
use jiff::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $($part:literal)*;)*) => {
        $($(#[$doc])* static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(concat!("(?i)", $($part,)*)).ok());)*
    };
}

words! {
    CONTEXT: r"(?:prompt|input|conversation|context|request|history) (?:is |was |has become )?too (?:long|large|big)"
        r"|context[ _-](?:window|length|limit|size)|maximum context|tokens? > \d+ maximum";
    /// What may run out and come back.
    ALLOWANCE: r"limit|usage|quota|too many requests|throttl";
    /// Such a thing has run out, though it is not said for how long.
    RUN_OUT: r"rate[ _-]?limit|too many requests|throttl|quota exceeded|exceeded your (?:\w+ )?quota"
        r"|(?:hit|reached|exceeded) (?:your|the) (?:[\w-]+ ){0,3}limit|(?:usage|session|daily|weekly|hour) limit (?:reached|exceeded|hit)";
    BILLING: r"credit balance|insufficient[ _](?:credits?|quota|funds)|out of credits|billing|payment required";
    /// Some models have limits of their own.
    MODEL_LIMIT: r"\b(?:opus|sonnet|haiku|gpt|gemini|model)\b[\w .-]{0,20}\blimit (?:reached|exceeded|hit)";
    /// What no waiting mends: the model was not allowed to answer.
    POLICY: r"(?:violat\w+|against) (?:our|the|its) (?:[\w-]+ ){0,3}polic|usage polic(?:y|ies)|content polic(?:y|ies)";
    /// This machine does not trust who answers.
    CERTIFICATE: r"(?:issuer|self[ -]signed|certificate chain|leaf|peer|tls|ssl|server)\W+certificate"
        r"|certificate (?:has expired|is not (?:yet )?(?:valid|trusted)|verif\w+ failed|signed by unknown|in (?:the )?certificate chain)"
        r"|\b(?:unable_to_(?:verify|get_issuer)|self_signed_cert|depth_zero_self|cert_has_expired|err_tls_)\w*"
        r"|verify the first certificate|unknown certificate|invalid peer certificate";
    /// What the model wrote was longer than one answer may be.
    ANSWER_TOO_LONG: r"output token (?:maximum|limit)|max(?:imum)?[ _]output[ _]tokens?";
    AUTH: r"not logged in|log ?in again|please (?:run|use) \S*login|invalid (?:x-)?api[ -]key|failed to authenticate"
        r"|authentication (?:failed|error|required)|unauthori[sz]ed|expired ?token|invalid_grant|reauthenticat"
        r"|(?:token|credentials?|login|sso session|sso)\b.{0,60}\b(?:expired|invalid|missing|not found|not be found)"
        r"|(?:could not load|unable to locate|no valid) (?:\w+ ){0,3}credentials|az login|gcloud auth|aws sso login";
    SERVICE: r"connection (?:error|refused|reset|closed|timed out)|\be(?:conn\w+|notfound|timedout|ai_again|netunreach|hostunreach|pipe)\b"
        r"|getaddrinfo|fetch failed|network error|network is unreachable|no (?:network|internet)|socket hang up|timed out"
        r"|(?:unable to|could not|cannot) connect|overloaded|service unavailable|bad gateway|gateway time|internal server error"
        r"|temporarily unavailable";
    STATUS: r"\b(?:error|status|http)\b\D{0,12}\b(?<status>[45]\d\d)\b";
    /// How a line begins with which a program says what it died of.
    DYING: r"^\W*(?:[\w.-]+\W+)?(?:api |fatal |stream )?(?:error|fatal|failed)\b";
}

fn says(pattern: &LazyLock<Option<Regex>>, words: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(words))
}

/// Judges a failure by its words; `None` if they do not tell.
pub(crate) fn outcome_of_words(words: &str, now: Timestamp) -> Option<Outcome> {
    let words = &words.replace('’', "'");
    let limited = |reset_at| Some(Outcome::RateLimit { reset_at });
    let status = status_in(words);
    if says(&ANSWER_TOO_LONG, words) && !says(&CONTEXT, words) {
        return Some(Outcome::Crashed);
    }
    if says(&POLICY, words) {
        return Some(Outcome::Refusal);
    }
    if says(&CERTIFICATE, words) {
        return Some(Outcome::Config);
    }
    if says(&CONTEXT, words) {
        return Some(Outcome::Context);
    }
    if says(&ALLOWANCE, words) {
        let reset_at = reset_time(words, now);
        if reset_at.is_some() || passes(words) || status == Some(429) {
            return limited(reset_at);
        }
    }
    if says(&BILLING, words) {
        return Some(Outcome::Billing);
    }
    if let Some(outcome) = status.and_then(outcome_of_status) {
        return Some(outcome);
    }
    if says(&RUN_OUT, words) || says(&MODEL_LIMIT, words) {
        return limited(None);
    }
    if says(&AUTH, words) {
        return Some(Outcome::Auth { cloud: false });
    }
    says(&SERVICE, words).then_some(Outcome::Server)
}

/// The status of HTTP that such words name.
pub(crate) fn status_in(words: &str) -> Option<i64> {
    STATUS.as_ref()?.captures(words)?.name("status")?.as_str().parse().ok()
}

/// Judges a failed request by its status; `None` where that can mean several things.
pub(crate) fn outcome_of_status(status: i64) -> Option<Outcome> {
    match status {
        401 | 403 => Some(Outcome::Auth { cloud: false }),
        402 => Some(Outcome::Billing),
        413 => Some(Outcome::Context),
        429 => Some(Outcome::RateLimit { reset_at: None }),
        408 | 425 | 500..=599 => Some(Outcome::Server),
        _ => None,
    }
}

/// Judges a program by what it wrote to stderr last, if that says that it is an error.
pub(crate) fn outcome_of_dying_words(stderr_tail: &str, now: Timestamp) -> Option<Outcome> {
    let line = last_line(stderr_tail);
    says(&DYING, line).then(|| outcome_of_words(line, now)).flatten()
}

/// Judges a run by the CLI's own name for the reason why it ended, of which each version has new ones.
pub(crate) fn outcome_of_reason(reason: &str) -> Option<Outcome> {
    let reason = reason.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| reason.contains(part));
    if has(&["abort", "interrupt", "cancel"]) {
        return Some(Outcome::Interrupted);
    }
    if has(&["turns"]) {
        return Some(Outcome::TurnLimit);
    }
    if has(&["budget", "cost"]) {
        return Some(Outcome::Budget);
    }
    if has(&["usage", "quota", "rate_limit", "session_limit", "weekly_limit"]) {
        return Some(Outcome::RateLimit { reset_at: None });
    }
    let input_too_long = has(&["token", "prompt", "input", "conversation"])
        && has(&["limit", "exceed", "long", "large", "overflow"])
        && !has(&["output"]);
    if has(&["context", "compact", "refill", "blocking_limit"]) || input_too_long {
        return Some(Outcome::Context);
    }
    if has(&["auth", "login", "credential"]) {
        return Some(Outcome::Auth { cloud: false });
    }
    if has(&["refus", "safety", "policy"]) {
        return Some(Outcome::Refusal);
    }
    has(&["overload", "network", "connection", "unavailable", "server"]).then_some(Outcome::Server)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:16:09 UTC.
    const NOW: i64 = 1_795_252_569;

    fn class(words: &str) -> &'static str {
        let now = Timestamp::from_second(NOW).unwrap();
        outcome_of_words(words, now).map_or("none", |outcome| outcome.class())
    }

    #[test]
    fn a_usage_limit_is_known_in_any_wording() {
        for words in [
            "5-hour limit reached ∙ resets 3pm",
            "You've used all of your plan's quota. It resets at 15:00.",
            "Usage cap reached, try again in 2h 5m",
            "You’ve hit your usage limit. Upgrade to Pro (https://example.com/billing) or try again at 3:05 PM.",
            "API Error: 429 {\"error\":{\"message\":\"Number of requests over the limit\"}}",
            "Request rejected (HTTP 429): over your usage",
            "Error: 400 You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            "ThrottlingException: Too many requests, please wait before trying again.",
            "You've hit your session limit",
            "Claude Opus 4 limit reached, now using Sonnet 4",
            "Usage limit reached. Your limit will reset at 14:30 UTC+2",
            "Sonnet weekly limit hit",
            "RESOURCE_EXHAUSTED: Quota exceeded for requests per day; it resets tomorrow",
        ] {
            assert_eq!(class(words), "rate_limit", "{words}");
        }
        let now = Timestamp::from_second(NOW).unwrap();
        assert_eq!(
            outcome_of_words("limit reached, resets in 2h 5m", now),
            Some(Outcome::RateLimit { reset_at: Some(NOW + 7500) })
        );
    }

    #[test]
    fn a_failure_is_what_its_words_say() {
        for (words, expected) in [
            ("Prompt is too long · the request is ~210000 tokens (limit 200000)", "context"),
            (
                "API Error: 400 input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
                "context",
            ),
            ("API Error: 400 prompt is too long: 210000 tokens > 200000 maximum", "context"),
            ("Credit balance is too low", "billing"),
            ("You exceeded your current quota, please check your plan and billing details.", "billing"),
            ("Not logged in · Please run /login", "auth"),
            ("Invalid API key · Fix external API key", "auth"),
            ("API Error: the SSO session of this profile has expired; log in again", "auth"),
            ("Could not load the default credentials. Browse to https://example.com", "auth"),
            ("API Error: 403 The security token included in the request is expired", "auth"),
            ("API Error: Connection error.", "server"),
            ("Unable to connect to API (ENOTFOUND)", "server"),
            ("TypeError: fetch failed", "server"),
            ("API Error (529 {\"type\":\"error\"})", "server"),
            ("API Error: Repeated 529 Overloaded errors", "server"),
            ("API Error: Request timed out.", "server"),
            (
                "API Error: Claude's response exceeded the 32000 output token maximum. To configure this behavior, set the CLAUDE_CODE_MAX_OUTPUT_TOKENS environment variable.",
                "crashed",
            ),
            ("API Error: the response reached the maximum output tokens of the model", "crashed"),
            (
                "API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy (https://www.anthropic.com/legal/aup).",
                "refusal",
            ),
            ("API Error: 400 the prompt violates the content policy", "refusal"),
            ("API Error: unable to get local issuer certificate", "config"),
            ("API Error: Connection error: self-signed certificate in certificate chain", "config"),
            ("fetch failed: UNABLE_TO_VERIFY_LEAF_SIGNATURE", "config"),
            ("error sending request: invalid peer certificate: UnknownIssuer", "config"),
            ("API Error: certificate has expired", "config"),
            ("API Error: unable to verify the first certificate", "config"),
            ("the recursion limit reached its end", "none"),
            ("turn limit reached", "none"),
            ("API Error: 400 this conversation holds a tool call without its result", "none"),
            ("Cannot read properties of undefined (reading 'length')", "none"),
            ("the limit of 3 retries was reached", "none"),
            ("", "none"),
        ] {
            assert_eq!(class(words), expected, "{words}");
        }
    }

    #[test]
    fn a_reason_that_is_not_known_is_classed_by_its_parts() {
        for (reason, expected) in [
            ("rapid_refill_breaker", "context"),
            ("blocking_limit", "context"),
            ("auto_compact_failed", "context"),
            ("model_context_window_exceeded", "context"),
            ("input_token_limit", "context"),
            ("output_token_limit", "none"),
            ("max_turns_per_agent", "turn_limit"),
            ("usage_limit_blocked", "rate_limit"),
            ("aborted_by_host", "interrupted"),
            ("moon_phase", "none"),
        ] {
            let class = outcome_of_reason(reason).map_or("none", |outcome| outcome.class());
            assert_eq!(class, expected, "{reason}");
        }
    }

    #[test]
    fn only_the_last_line_of_stderr_counts_and_only_as_an_error() {
        let now = Timestamp::from_second(NOW).unwrap();
        let class =
            |stderr: &str| outcome_of_dying_words(stderr, now).map_or("none", |outcome| outcome.class());
        assert_eq!(class("thinking\nERROR: usage limit reached, try again in 5 minutes\n\n"), "rate_limit");
        assert_eq!(class("stream error: connection reset"), "server");
        assert_eq!(class("the rate limit resets 3pm, so I wrote a test"), "none");
        assert_eq!(class("ERROR: usage limit, resets 3pm\nI wrote a test for that line"), "none");
    }
}
