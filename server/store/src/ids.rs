//! Names and times as the database has them.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

/// A loop's name: a ULID, so loops sort by the time of their start. Safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub struct LoopId(String);

/// A text that is not a loop's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("“{0}” is not a loop's id")]
pub struct NotALoopId(pub String);

impl LoopId {
    /// Makes a name that no other loop has.
    pub fn generate() -> Self {
        Self(ulid::Ulid::generate().to_string())
    }

    /// The id as 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The marker of a process tree of this loop; without `what`, what all of them begin with.
    pub fn marker(&self, what: &str) -> String {
        format!("{self}-{what}")
    }

    /// The loop that a process is of, by the marker in the process's environment.
    pub fn of_marker(marker: &str) -> Option<Self> {
        marker.split('-').next()?.parse().ok()
    }
}

impl fmt::Display for LoopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LoopId {
    type Err = NotALoopId;

    fn from_str(text: &str) -> Result<Self, NotALoopId> {
        // Written back, so that one loop has one spelling, and so one lock file.
        let id = ulid::Ulid::from_string(text).map_err(|_| NotALoopId(text.to_owned()))?;
        Ok(Self(id.to_string()))
    }
}

alfine_core::as_text!(LoopId, NotALoopId);

impl ToSql for LoopId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

/// A moment, in milliseconds since the epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Millis(pub i64);

impl Millis {
    /// The moment of the call, by the system's clock.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }
}

impl From<SystemTime> for Millis {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loops_name_is_a_ulid_in_one_spelling_and_never_a_path() {
        let id = LoopId::generate();
        assert_eq!(id.as_str().to_lowercase().parse(), Ok(id.clone()));
        for bad in ["", "..", "../../etc/passwd", "01ARZ3NDEKTSV4RRFFQ69G5FA", "a/b", "é"] {
            assert_eq!(bad.parse::<LoopId>(), Err(NotALoopId(bad.to_owned())), "{bad}");
        }
    }
}
