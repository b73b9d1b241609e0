//! Ctrl-C and its like hold what runs; a second one ends this process, and the guards end what runs below it.

use alfine_engine::{Error, ErrorKind, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
    iterator::{Handle, Signals},
};
use std::sync::{Arc, atomic::AtomicBool};

/// Calls `interrupt` at the first signal; the second one ends this process.
pub(super) fn forward(interrupt: impl Fn() + Send + 'static) -> Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::new(ErrorKind::Internal, format!("signals cannot be handled: {error}")))?;
    let handle = signals.handle();
    std::thread::spawn(move || {
        let mut asked = false;
        for signal in &mut signals {
            if asked {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            asked = true;
            interrupt();
        }
    });
    Ok(handle)
}

/// Lets a signal end this process again once nobody listens any more: what follows has nothing to hold.
pub(super) fn end_by_default() -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("signals cannot be handled: {error}"))
        })?;
    }
    Ok(())
}
