//! How much may be under way between a client and the server.

use std::time::Duration;

/// How much may be under way.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest message that is read, in bytes. A longer message is skipped and answered with an error.
    pub message: u64,
    /// Handlers of requests that run at the same time.
    pub running_requests: usize,
    /// Requests that wait for a handler, and messages that wait to be dispatched. Beyond this, requests are
    /// refused, and reading pauses at a notification until the dispatcher has caught up.
    pub waiting_messages: usize,
    /// Bytes of those messages, with the same effect.
    pub waiting_bytes: usize,
    /// Bytes the client has not read at which no further handler is started and the server's own messages
    /// wait.
    pub unread_pause: usize,
    /// Bytes the client has not read at which it is given up.
    pub unread: usize,
    /// How long the end waits for answers under way and for the client to read them.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            message: 64 * MIB as u64,
            running_requests: 16,
            waiting_messages: 10_000,
            waiting_bytes: 16 * MIB,
            unread_pause: 16 * MIB,
            unread: 64 * MIB,
            // The server has to be gone after half a second.
            grace: Duration::from_millis(300),
        }
    }
}
