//! Locks, also those that a panic left behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock. What a panic left behind it is used as it is.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
