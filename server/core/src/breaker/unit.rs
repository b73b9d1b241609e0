//! What a rule counts in, and how such a value is shown.

use std::time::Duration;

/// The unit of a rule's count and of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole things: iterations, runs, claims.
    Count,
    /// US dollars.
    Dollars,
    /// Tokens of any kind.
    Tokens,
    /// Seconds.
    Time,
}

impl Unit {
    /// Shows a value: `3`, `$1.02`, `4h`.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count | Self::Tokens => value.to_string(),
            Self::Dollars => dollars(value),
            Self::Time => span(Duration::try_from_secs_f64(value).unwrap_or_default()),
        }
    }
}

/// US dollars as shown: cents, or four digits below one cent.
pub fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

/// A duration as shown: `45s`, `15m`, `4h`, `1h 5m`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) if !duration.is_zero() => format!("{}ms", duration.as_millis()),
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, 0, _) => format!("{h}h"),
        (h, m, _) => format!("{h}h {m}m"),
    }
}
