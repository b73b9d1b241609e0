//! What a runner has running: its agent, its verifiers.

use super::message::Message;
use alfine_core::{agent::Usage, proof::Said};
use alfine_process::Ender;
use alfine_store::AnswerKey;
use alfine_verify::CancelToken;
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc::Receiver},
    time::Duration,
};

/// How often a thread that waits for a control looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The agent's process while it lives.
pub(super) struct LiveAgent {
    pub(super) run: u32,
    pub(super) row: i64,
    /// Asks it and all its children to end.
    pub(super) ender: Ender,
    pub(super) usage: Option<Usage>,
    pub(super) transcript: String,
    /// The size of its prompt, in bytes.
    pub(super) prompt: u64,
}

impl LiveAgent {
    /// Ends it and waits until it is gone.
    pub(super) fn end_and_wait(self, inbox: &Receiver<Message>) {
        self.ender.end();
        while let Ok(message) = inbox.recv() {
            if matches!(message, Message::AgentGone(run, _) if run == self.run) {
                return;
            }
        }
    }
}

/// Verifiers that run. Dropped, they are ended.
pub(super) struct LiveVerifiers(pub(super) CancelToken);

impl Drop for LiveVerifiers {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The control that runs before the agent or beside it. Dropped, it is ended.
pub(super) struct LiveBase {
    #[expect(dead_code, reason = "it ends the control when it is dropped")]
    pub(super) verifiers: LiveVerifiers,
    pub(super) found: Arc<Found>,
}

/// What a control found so far, for the thread that needs it.
#[derive(Default)]
pub(super) struct Found {
    answers: Mutex<(bool, Vec<(AnswerKey, Said)>)>,
    ended: Condvar,
}

impl Found {
    /// Waits until the control is over, and says what it found; nothing once that is cancelled.
    pub(super) fn wait(&self, cancel: &CancelToken) -> Vec<(AnswerKey, Said)> {
        let mut state = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.0 && !cancel.is_cancelled() {
            // Cancellation rings no bell here.
            let waited = self.ended.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.1.clone()
    }

    pub(super) fn end(&self, said: Vec<(AnswerKey, Said)>) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = (true, said);
        self.ended.notify_all();
    }
}
