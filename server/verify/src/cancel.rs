//! How a verification is interrupted.

use alfine_process::Ender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Interrupts a verification from any thread.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Mutex<CancelState>>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: bool,
    running: Vec<Ender>,
}

impl CancelToken {
    /// Ends the command that runs and keeps others from starting. For good.
    pub fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        state.running.iter().for_each(Ender::end);
    }

    /// Says whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// Registers what ends a program that runs from now on, beside those that do; `None` where none does any more.
    pub fn set_running(&self, ender: Option<Ender>) {
        let mut state = self.state();
        let Some(ender) = ender else { return state.running.clear() };
        if state.cancelled {
            ender.end();
        }
        state.running.push(ender);
    }

    fn state(&self) -> MutexGuard<'_, CancelState> {
        // No state is half-written: each change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
