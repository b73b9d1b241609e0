//! A length of time as people write it.

use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

/// The longest length of time a setting can have: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A length of time above zero and of a year at most, written as text: `90s`, `15m`, `4h`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// The name of its `format` in the schema.
    pub(super) const FORMAT: &str = "human-duration";

    /// Makes one of whole seconds; the constants of the defaults are above zero.
    pub(super) const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Returns it as the standard library's type.
    pub fn get(self) -> Duration {
        self.0
    }
}

/// A text that is not a length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("“{0}” is not a length of time: write it as \"90s\", \"15m\" or \"4h\", above zero and below a year")]
pub struct NotADuration(String);

impl FromStr for HumanDuration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        match SpanParser::new().parse_unsigned_duration(text.trim()) {
            Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(Self(duration)),
            _ => Err(NotADuration(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SpanPrinter::new().unsigned_duration_to_string(&self.0))
    }
}

alfine_core::as_text!(HumanDuration, NotADuration);

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "HumanDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "description": "A length of time: \"90s\", \"15m\", \"4h\".",
        })
    }
}

/// A limit as a number that can be compared: times in seconds.
pub(super) fn amount(value: &Value) -> Option<f64> {
    let seconds = || Some(value.as_str()?.parse::<HumanDuration>().ok()?.get().as_secs_f64());
    value.as_f64().or_else(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_written_as_people_write_it() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("4h", 14_400), ("1h 30m", 5400), ("2 minutes", 120)]
        {
            assert_eq!(text.parse(), Ok(HumanDuration::from_secs(seconds)), "{text}");
        }
        assert_eq!(HumanDuration::from_secs(900).to_string(), "15m");
        assert_eq!(HumanDuration::from_secs(14_400).to_string(), "4h");
    }

    #[test]
    fn nothing_negative_nothing_endless_and_no_bare_number_is_one() {
        for text in ["", "0s", "-5m", "15", "soon", "9999999999999999h", "9000h", "15m ago"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(seconds in 1_u64..31_536_000) {
            let duration = HumanDuration::from_secs(seconds);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<HumanDuration>();
        }
    }
}
