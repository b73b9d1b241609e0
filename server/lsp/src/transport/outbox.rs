//! What waits to be written. Bounded in bytes; never blocks who answers a request.

use crate::lock::lock;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The client has left so much unread that no more is kept for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overfull;

/// Bodies on their way to the client, in order.
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
    soft: usize,
    hard: usize,
}

#[derive(Default)]
struct State {
    bodies: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
    closed: bool,
}

impl Outbox {
    /// Keeps up to `hard` bytes; what can wait waits from `soft` bytes on.
    pub(super) fn new(soft: usize, hard: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), soft, hard }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Adds a body. Never waits.
    pub(super) fn push(&self, body: Vec<u8>) -> Result<(), Overfull> {
        let mut state = self.lock();
        if state.bytes > self.hard {
            return Err(Overfull);
        }
        if !state.closed {
            state.bytes += body.len();
            state.bodies.push_back(body);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Whether what can wait need not.
    pub(super) fn has_room(&self) -> bool {
        self.lock().bytes <= self.soft
    }

    /// Waits until there is room; false once the outbox is closed.
    pub(super) fn wait_for_room(&self) -> bool {
        let state = self.lock();
        let full = |state: &mut State| state.bytes > self.soft && !state.closed;
        let state = self.changed.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Waits for the next body to write, and says whether more wait behind it; `None` once the outbox is
    /// closed. The one before counts as written.
    pub(super) fn next(&self) -> Option<(Vec<u8>, bool)> {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        let idle = |state: &mut State| state.bodies.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        let body = state.bodies.pop_front()?;
        state.bytes = state.bytes.saturating_sub(body.len());
        state.writing = true;
        Some((body, !state.bodies.is_empty()))
    }

    /// Waits until all is written, until `deadline` at most.
    pub(super) fn wait_until_written(&self, deadline: Instant) {
        let busy = |state: &mut State| (state.writing || !state.bodies.is_empty()) && !state.closed;
        let _ = self.changed.wait_timeout_while(self.lock(), left(deadline), busy);
    }

    /// Forgets what waits and takes no more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        *state = State { closed: true, ..State::default() };
        self.changed.notify_all();
    }
}

/// The time left until `deadline`.
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_out_in_order_and_count_until_they_do() {
        let outbox = Outbox::new(3, 100);
        outbox.push(b"abcd".to_vec()).unwrap();
        outbox.push(b"ef".to_vec()).unwrap();
        assert!(!outbox.has_room());
        assert_eq!(outbox.next(), Some((b"abcd".to_vec(), true)));
        assert!(outbox.has_room());
        assert_eq!(outbox.next(), Some((b"ef".to_vec(), false)));
    }

    #[test]
    fn a_body_longer_than_the_bound_passes_and_what_follows_unread_is_refused() {
        let outbox = Outbox::new(1, 3);
        assert_eq!(outbox.push(b"abcdef".to_vec()), Ok(()));
        assert_eq!(outbox.push(b"a".to_vec()), Err(Overfull));
        outbox.next();
        assert_eq!(outbox.push(b"a".to_vec()), Ok(()));
    }

    #[test]
    fn closing_ends_every_wait() {
        let outbox = Outbox::new(0, 100);
        outbox.push(b"a".to_vec()).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| outbox.wait_for_room());
            outbox.close();
            assert!(!waiting.join().unwrap());
        });
        assert_eq!(outbox.next(), None);
        outbox.wait_until_written(Instant::now() + Duration::from_secs(60));
    }
}
