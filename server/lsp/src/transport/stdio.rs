//! The transport of a process: its standard input and output, and the signals that end it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::thread;

use crate::protocol::{ClientSocket, LanguageServer, LspService};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::runtime::Builder;

use super::{Ended, EndedBy, Options, begin};

/// Threads for what is not a request's handler: tasks the server spawned, what notifications left waiting.
const WORKERS: usize = 2;

/// Serves a language client on standard input and output until it leaves or the process is told to end.
///
/// `make` makes the service, inside the runtime it will run in. From then on the streams are the
/// transport's alone: whatever else reads standard input finds it empty, whatever else prints to standard
/// output prints to standard error. Threads may still hang in handlers or in a read when this returns, so
/// the caller should end the process.
pub fn serve_stdio<S: LanguageServer>(
    make: impl FnOnce() -> (LspService<S>, ClientSocket),
    options: Options,
) -> io::Result<Ended> {
    let (input, output) = take_stdio()?;
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let blocking = options.limits.running_requests + 64;
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(blocking)
        .enable_all()
        .build()?;
    let (service, socket) = {
        let _entered = runtime.enter();
        make()
    };
    let serving = begin(runtime.handle(), service, socket, options, input, output)?;
    let exchange = serving.exchange.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            tracing::info!("ending: received signal {signal}");
            exchange.end(EndedBy::Signal);
        }
    })?;
    let ended = serving.finish();
    runtime.shutdown_background();
    Ok(ended)
}

fn take_stdio() -> io::Result<(impl Read + Send + 'static, impl Write + Send + 'static)> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input, output))
}
