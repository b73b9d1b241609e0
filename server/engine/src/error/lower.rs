//! How the errors of the crates below look to a user: whose move it is, and what to do next.

use super::{Error, ErrorKind};
use alfine_agents::{InvocationError, KNOWN, UnknownAgent, rehearsal::RehearsalError};
use alfine_config::{ConfigError, trust::TrustError};
use alfine_files::NoHome;
use alfine_git::GitError;
use alfine_process::ProcessError;
use alfine_secrets::MaskError;
use alfine_store::StoreError;

impl From<NoHome> for Error {
    fn from(error: NoHome) -> Self {
        Self::of(ErrorKind::Config, error).hint("set HOME to a folder of yours")
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::of(ErrorKind::Config, error).hint("fix the setting at the place named, or remove it")
    }
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        let (kind, hint) = match &error {
            ProcessError::NotFound(program) => (
                ErrorKind::User,
                format!("install “{program}”, put its folder on PATH, or give its full path"),
            ),
            ProcessError::NoInterpreter { .. } => {
                (ErrorKind::User, "install what its first line (#!) names, or correct that line".to_owned())
            }
            ProcessError::NotExecutable(program) => {
                (ErrorKind::User, format!("make it executable (chmod +x {program}) or name another program"))
            }
            ProcessError::NoFolder { .. } => {
                (ErrorKind::User, "create the folder again, or start in another one".to_owned())
            }
            ProcessError::Start { .. } => {
                (ErrorKind::User, "run the same command in a terminal to see what it needs".to_owned())
            }
            ProcessError::Guard { .. } => {
                (ErrorKind::Internal, "check that Alfine's binary was not moved while it runs".to_owned())
            }
            ProcessError::GuardLost { .. } => (ErrorKind::Internal, "continue the loop".to_owned()),
            ProcessError::Unkillable { .. } => {
                (ErrorKind::User, "end them as the user they run as; ps shows them".to_owned())
            }
            ProcessError::Log { .. } => {
                (ErrorKind::Store, "check that the disk is not full and the folder writable".to_owned())
            }
            ProcessError::Table(_) => (ErrorKind::Internal, "check that /proc is mounted".to_owned()),
        };
        Self::of(kind, error).hint(hint)
    }
}

impl From<RehearsalError> for Error {
    fn from(error: RehearsalError) -> Self {
        let (kind, hint) = match &error {
            RehearsalError::NoScript => {
                (ErrorKind::Config, "name a script, TOML or JSON, in ALFINE_REHEARSAL")
            }
            RehearsalError::BadScript { .. } => (ErrorKind::Config, "fix it at that place"),
            RehearsalError::Io(_) => (ErrorKind::Agent, "check the file's folder and its rights"),
        };
        Self::of(kind, error).hint(hint)
    }
}

impl From<UnknownAgent> for Error {
    fn from(error: UnknownAgent) -> Self {
        let hint = match error.nearest {
            Some(nearest) => format!("did you mean “{nearest}”? Known agents: {}", KNOWN.join(", ")),
            None => format!("known agents: {}", KNOWN.join(", ")),
        };
        Self::of(ErrorKind::Config, error).hint(hint)
    }
}

impl From<InvocationError> for Error {
    fn from(error: InvocationError) -> Self {
        let (kind, hint) = match &error {
            InvocationError::BadCommand { .. } => (ErrorKind::Config, "check its quotes"),
            InvocationError::NoCommand { .. } => {
                (ErrorKind::Config, "set `command` under [agents.command] in alfine.toml")
            }
            InvocationError::PromptTooLong { .. } => {
                (ErrorKind::Config, "leave {prompt} out of the command: the prompt then comes on stdin")
            }
            InvocationError::NoOwnProgram { .. } => (ErrorKind::Agent, "start Alfine by its full path"),
        };
        Self::of(kind, error).hint(hint)
    }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        let kind = match &error {
            GitError::Conflicts { files, .. } => ErrorKind::Conflict { files: files.clone() },
            GitError::Glob { .. } | GitError::Outside { .. } => ErrorKind::Config,
            GitError::NoBranch { .. } | GitError::NoTarget { .. } => ErrorKind::User,
            GitError::CheckpointExists { .. } => ErrorKind::Internal,
            _ => ErrorKind::Git,
        };
        Self { hint: error.hint().map(Box::new), ..Self::of(kind, error) }
    }
}

impl From<MaskError> for Error {
    fn from(error: MaskError) -> Self {
        Self::of(ErrorKind::Config, error).hint("fix `safety.mask` in the settings")
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Held { .. } => ErrorKind::Running { task: None, runner: error.to_string() },
            StoreError::TaskBusy { .. } | StoreError::Missing { .. } => ErrorKind::User,
            _ => ErrorKind::Store,
        };
        let hint = error.hint();
        Self::of(kind, error).hint(hint)
    }
}

impl From<TrustError> for Error {
    fn from(error: TrustError) -> Self {
        Self::of(ErrorKind::Store, error).hint("make that folder readable and writable for you alone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::hint::Hint;
    use std::error::Error as _;

    #[test]
    fn an_unknown_agent_is_named_with_the_nearest_and_all_known_ones() {
        let error = Error::from(alfine_agents::adapter("cluade").err().unwrap());
        assert_eq!(error.message, "no agent is called “cluade”");
        let hint = "did you mean “claude”? Known agents: claude, command, rehearsal";
        assert_eq!(error.hint.as_deref(), Some(&Hint::advice(hint)));
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let error = Error::from(ProcessError::NotFound("claude".to_owned()));
        assert_eq!(error.message, "the program “claude” does not exist");
        assert_eq!(
            error.hint.as_deref(),
            Some(&Hint::advice("install “claude”, put its folder on PATH, or give its full path"))
        );
    }

    #[test]
    fn the_lower_error_is_kept() {
        let error = Error::from(StoreError::Missing { what: "loop", name: "X".to_owned() });
        let kept = error.source().and_then(|source| source.downcast_ref::<StoreError>());
        assert!(matches!(kept, Some(StoreError::Missing { what: "loop", .. })));
    }

    #[test]
    fn a_loop_that_is_run_is_data() {
        let by = "process 14264 on vm".to_owned();
        let held = StoreError::Held { loop_id: alfine_store::LoopId::generate(), by };
        let runner = held.to_string();
        let error = Error::from(held);
        assert_eq!(error.kind, ErrorKind::Running { task: None, runner: runner.clone() });
        assert_eq!((error.message, error.hint), (runner, Some(Box::new(Hint::AwaitRunner))));
    }
}
