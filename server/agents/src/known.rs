//! The agents that are known by name.

use super::{Adapter, claude, command, rehearsal};

/// The names that [`adapter`] takes.
pub const KNOWN: [&str; 3] = ["claude", "command", "rehearsal"];

/// A name that no agent has.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("no agent is called “{name}”")]
pub struct UnknownAgent {
    /// The name as it was written.
    pub name: String,
    /// The nearest known name, if one is near.
    pub nearest: Option<&'static str>,
}

/// Returns the adapter of this name.
pub fn adapter(name: &str) -> Result<Box<dyn Adapter>, UnknownAgent> {
    match name {
        "claude" => Ok(Box::new(claude::Claude::new())),
        "command" => Ok(Box::new(command::Command)),
        "rehearsal" => Ok(Box::new(rehearsal::Rehearsal)),
        _ => Err(UnknownAgent { name: name.to_owned(), nearest: alfine_core::nearest(name, KNOWN) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_has_its_adapter() {
        for name in KNOWN {
            assert_eq!(adapter(name).ok().map(|adapter| adapter.name()), Some(name));
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one_as_a_hint() {
        for (name, nearest) in [
            ("cluade", Some("claude")),
            ("Claude", Some("claude")),
            ("claude-code", Some("claude")),
            ("comand", Some("command")),
            ("", None),
            ("vim", None),
        ] {
            let error = adapter(name).err().unwrap();
            assert_eq!(error, UnknownAgent { name: name.to_owned(), nearest });
        }
    }
}
