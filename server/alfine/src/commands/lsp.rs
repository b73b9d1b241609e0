//! `alfine lsp`: the language server, on standard input and output.

use super::opening;
use crate::report;
use alfine_engine::{Error, ErrorKind, Result};
use alfine_files::UserDirs;
use alfine_lsp::server;

/// Serves a language client until it leaves.
pub(super) fn perform() -> Result<u8> {
    let user = UserDirs::from_env()?;
    let _writes_until_dropped = report::log_to_file(&user.state);
    let ended = server::serve_stdio(user, opening::program()?).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the language server cannot start: {error}"))
            .hint("look whether the system allows more threads and open files: ulimit -a")
    })?;
    Ok(ended.code())
}
