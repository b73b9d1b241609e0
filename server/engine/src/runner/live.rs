//! What a runner has running: its agent, its verifiers.

use super::message::Message;
use alfine_core::agent::Usage;
use alfine_process::Ender;
use alfine_verify::CancelToken;
use std::sync::mpsc::Receiver;

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
