//! The tests' server on the standard streams of a process.

#[allow(clippy::unwrap_used, clippy::panic)]
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    match alfine_lsp::transport::serve_stdio(server::service, server::options()) {
        Ok(ended) => ended.code().into(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(70)
        }
    }
}
