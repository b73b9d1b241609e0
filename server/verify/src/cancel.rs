//! How a verification is interrupted.

use alfine_process::Ender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Interrupts a verification from any thread.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Mutex<CancelState>>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: bool,
    running: Option<Ender>,
}

impl CancelToken {
    /// Ends the command that runs and keeps others from starting. For good.
    pub fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(ender) = &state.running {
            ender.end();
        }
    }

    /// Says whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// Registers what ends the command that runs now.
    pub fn set_running(&self, ender: Option<Ender>) {
        let mut state = self.state();
        if let Some(ender) = ender.as_ref().filter(|_| state.cancelled) {
            ender.end();
        }
        state.running = ender;
    }

    fn state(&self) -> MutexGuard<'_, CancelState> {
        // No state is half-written: each change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
